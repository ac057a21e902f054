using System.IO.Compression;
using System.Text;
using System.Xml.Linq;
using Countersign.Documents;
using Countersign.Testing;
using Xunit;

namespace Countersign.Gate.Tests.Fitness;

/// <summary>Cleaning makes a new file without what was asked to go, and says what it did.</summary>
public sealed class CleanerTests
{
    private const string W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    private const string Rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private static readonly XNamespace Word = W;

    /// <summary>A small DOCX: its body, and further parts as (name, relationship's type, content type, XML).</summary>
    internal static byte[] Docx(string body, params (string Name, string Type, string Content, string Xml)[] parts)
    {
        var rels = new StringBuilder();
        var types = new StringBuilder();
        foreach (var (name, type, content, _) in parts)
        {
            rels.Append($"""<Relationship Id="r{rels.Length}" Type="{Rel}/{type}" Target="{name}"/>""");
            types.Append($"""<Override PartName="/word/{name}" ContentType="{content}"/>""");
        }
        return Zip([
            ("[Content_Types].xml", $"""<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>{types}</Types>"""),
            ("_rels/.rels", $"""<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="{Rel}/officeDocument" Target="word/document.xml"/><Relationship Id="b" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>"""),
            ("docProps/core.xml", """<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Movement</dc:title><dc:creator>P. Bakker</dc:creator><cp:lastModifiedBy>R. Smit</cp:lastModifiedBy></cp:coreProperties>"""),
            ("word/document.xml", $"""<w:document xmlns:w="{W}"><w:body>{body}<w:sectPr w:rsidR="00AA11BB"/></w:body></w:document>"""),
            ("word/_rels/document.xml.rels", $"""<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rels}</Relationships>"""),
            .. parts.Select(p => ("word/" + p.Name, p.Xml)),
        ]);
    }

    internal static byte[] Zip(IEnumerable<(string Name, string Text)> parts)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, text) in parts)
            {
                using var to = zip.CreateEntry(name).Open();
                to.Write(Encoding.UTF8.GetBytes(text));
            }
        return stream.ToArray();
    }

    private static Dictionary<string, string> Parts(ReadOnlyMemory<byte> bytes)
    {
        using var zip = new ZipArchive(new MemoryStream(bytes.ToArray()));
        return zip.Entries.ToDictionary(e => e.FullName, e => new StreamReader(e.Open()).ReadToEnd());
    }

    private static Cleaned Clean(byte[] bytes, CleanChoices? choices = null) => Assert.IsType<Cleaned>(Cleaner.Clean(bytes, choices));

    /// <summary>The text of a body, a paragraph a line.</summary>
    private static string[] Text(Cleaned cleaned) =>
        [.. XDocument.Parse(Parts(cleaned.Bytes)["word/document.xml"]).Descendants(Word + "p").Where(p => !p.Descendants(Word + "p").Any()).Select(p => string.Concat(p.Descendants(Word + "t").Select(t => t.Value)))];

    private static string[] Tracked(string body, TrackedChoice choice) => Text(Clean(Docx(body), new CleanChoices { Tracked = choice }));

    private static string P(string inner, string mark = "") => $"<w:p>{(mark.Length > 0 ? $"<w:pPr><w:rPr>{mark}</w:rPr></w:pPr>" : "")}{inner}</w:p>";

    private static string R(string text) => $"""<w:r><w:t xml:space="preserve">{text}</w:t></w:r>""";

    private static string Ins(string text) => $"""<w:ins w:id="1" w:author="A">{R(text)}</w:ins>""";

    private static string Del(string text) => $"""<w:del w:id="2" w:author="A"><w:r><w:delText xml:space="preserve">{text}</w:delText></w:r></w:del>""";

    private const string InsMark = """<w:ins w:id="3" w:author="A"/>""", DelMark = """<w:del w:id="4" w:author="A"/>""";

    [Theory]
    [InlineData(TrackedChoice.Accept, "We go in May.")]
    [InlineData(TrackedChoice.Reject, "We stay in May.")]
    public void Tracked_text_becomes_what_was_asked(TrackedChoice choice, string text) =>
        Assert.Equal([text], Tracked(P(R("We ") + Del("stay") + Ins("go") + R(" in May.")), choice));

    [Theory]
    [InlineData(TrackedChoice.Accept, new[] { "One two", "three" })]
    [InlineData(TrackedChoice.Reject, new[] { "One ", "twothree" })]
    public void A_tracked_paragraph_mark_joins_or_parts_paragraphs(TrackedChoice choice, string[] text) =>
        Assert.Equal(text, Tracked(P(R("One "), DelMark) + P(R("two"), InsMark) + P(R("three")), choice));

    [Theory]
    [InlineData(TrackedChoice.Accept, new[] { "Kept.", "New." })]
    [InlineData(TrackedChoice.Reject, new[] { "Kept.", "Old." })]
    public void A_whole_paragraph_that_came_or_went_leaves_no_empty_one(TrackedChoice choice, string[] text) =>
        Assert.Equal(text, Tracked(P(R("Kept.")) + P(Del("Old."), DelMark) + P(Ins("New."), InsMark) + "<w:p/>", choice).Where(t => t.Length > 0));

    [Theory]
    [InlineData(TrackedChoice.Accept, new[] { "b", "a" })]
    [InlineData(TrackedChoice.Reject, new[] { "a", "b" })]
    public void A_tracked_move_is_done_or_undone(TrackedChoice choice, string[] text)
    {
        var body = $"""<w:moveFromRangeStart w:id="7" w:name="m"/>{P($"<w:moveFrom w:id=\"5\">{R("a")}</w:moveFrom>", "<w:moveFrom w:id=\"6\"/>")}<w:moveFromRangeEnd w:id="7"/>{P(R("b"))}"""
            + $"""<w:moveToRangeStart w:id="8" w:name="m"/>{P($"<w:moveTo w:id=\"9\">{R("a")}</w:moveTo>", "<w:moveTo w:id=\"10\"/>")}<w:moveToRangeEnd w:id="8"/><w:p/>""";
        var cleaned = Clean(Docx(body), new CleanChoices { Tracked = choice });
        Assert.Equal(text, Text(cleaned).Where(t => t.Length > 0));
        Assert.DoesNotContain("w:move", Parts(cleaned.Bytes)["word/document.xml"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TrackedChoice.Accept, new[] { "1", "2", "5" })]
    [InlineData(TrackedChoice.Reject, new[] { "1", "3", "4" })]
    public void Tracked_rows_and_cells_stay_or_go(TrackedChoice choice, string[] text)
    {
        string Cell(string t, string mark = "") => $"<w:tc><w:tcPr>{mark}</w:tcPr>{P(R(t))}</w:tc>";
        var body = $"""<w:tbl><w:tr>{Cell("1")}{Cell("2", "<w:cellIns w:id=\"1\"/>")}{Cell("3", "<w:cellDel w:id=\"2\"/>")}</w:tr><w:tr><w:trPr>{DelMark}</w:trPr>{Cell("4")}</w:tr><w:tr><w:trPr>{InsMark}</w:trPr>{Cell("5")}</w:tr></w:tbl>""";
        Assert.Equal(text, Tracked(body + "<w:p/>", choice).Where(t => t.Length > 0));
    }

    [Fact]
    public void Tracked_formatting_is_taken_over_or_undone()
    {
        var body = $"""<w:p><w:pPr><w:jc w:val="center"/><w:pPrChange w:id="1"><w:pPr><w:jc w:val="left"/></w:pPr></w:pPrChange></w:pPr><w:r><w:rPr><w:b/><w:rPrChange w:id="2"><w:rPr><w:i/></w:rPr></w:rPrChange></w:rPr><w:t>x</w:t></w:r></w:p>""";
        var accepted = Parts(Clean(Docx(body), new CleanChoices { Tracked = TrackedChoice.Accept }).Bytes)["word/document.xml"];
        var rejected = Parts(Clean(Docx(body), new CleanChoices { Tracked = TrackedChoice.Reject }).Bytes)["word/document.xml"];
        Assert.Contains("center", accepted, StringComparison.Ordinal);
        Assert.Contains("<w:b ", accepted.Replace("<w:b/>", "<w:b />", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("left", rejected, StringComparison.Ordinal);
        Assert.DoesNotContain("center", rejected, StringComparison.Ordinal);
        Assert.Contains("<w:i ", rejected.Replace("<w:i/>", "<w:i />", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("Change", accepted + rejected, StringComparison.Ordinal);
    }

    [Fact]
    public void The_code_of_a_field_that_was_deleted_in_part_does_not_become_text()
    {
        const string code = """<w:r><w:instrText> MERGEFORMAT </w:instrText></w:r>""";
        var body = P(R("a") + """<w:del w:id="1"><w:r><w:fldChar w:fldCharType="begin"/></w:r></w:del>""" + code + """<w:del w:id="2"><w:r><w:fldChar w:fldCharType="end"/></w:r></w:del>""" + R("b"));
        Assert.DoesNotContain("MERGEFORMAT", Parts(Clean(Docx(body), new CleanChoices { Tracked = TrackedChoice.Accept }).Bytes)["word/document.xml"], StringComparison.Ordinal);
        Assert.Contains("MERGEFORMAT", Parts(Clean(Docx(body), new CleanChoices { Tracked = TrackedChoice.Reject }).Bytes)["word/document.xml"], StringComparison.Ordinal);
    }

    [Fact]
    public void Tracked_changes_stay_where_nobody_decided_about_them()
    {
        var cleaned = Clean(Docx(P(R("We ") + Del("stay") + Ins("go"))));
        Assert.Contains("delText", Parts(cleaned.Bytes)["word/document.xml"], StringComparison.Ordinal);
        Assert.DoesNotContain(cleaned.Did, d => d.Contains("tracked", StringComparison.Ordinal));
    }

    [Fact]
    public void Comments_go_with_their_parts_marks_and_types()
    {
        var bytes = Docx(P("""<w:commentRangeStart w:id="0"/>""" + R("Text") + """<w:commentRangeEnd w:id="0"/><w:r><w:rPr/><w:commentReference w:id="0"/></w:r>"""),
            ("comments.xml", "comments", "application/vnd.openxmlformats-officedocument.wordprocessingml.comments+xml", $"""<w:comments xmlns:w="{W}"><w:comment w:id="0" w:author="R. Smit"><w:p>{R("why?")}</w:p></w:comment></w:comments>"""));
        var cleaned = Clean(bytes);
        var all = string.Concat(Parts(cleaned.Bytes).Select(p => p.Key + p.Value));
        Assert.DoesNotContain("comment", all, StringComparison.Ordinal);
        Assert.DoesNotContain("Smit", all, StringComparison.Ordinal);
        Assert.Equal(["Text"], Text(cleaned));
        Assert.Contains(cleaned.Did, d => d.Contains("comments (1", StringComparison.Ordinal));
    }

    [Fact]
    public void Hidden_runs_go_also_where_a_style_hides_them()
    {
        var bytes = Docx(P(R("Seen. ") + "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r><w:r><w:rPr><w:rStyle w:val=\"Sub\"/></w:rPr><w:t>secret</w:t></w:r><w:r><w:rPr><w:rStyle w:val=\"Sub\"/><w:vanish w:val=\"0\"/></w:rPr><w:t>shown</w:t></w:r>"),
            ("styles.xml", "styles", "application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml",
                $"""<w:styles xmlns:w="{W}"><w:style w:type="character" w:styleId="Hid"><w:rPr><w:vanish/></w:rPr></w:style><w:style w:type="character" w:styleId="Sub"><w:basedOn w:val="Hid"/></w:style></w:styles>"""));
        Assert.Equal(["Seen. shown"], Text(Clean(bytes)));
    }

    [Fact]
    public void Names_of_people_and_templates_go_and_the_title_stays()
    {
        var bytes = Docx(P(R("Text.")),
            ("settings.xml", "settings", "application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml",
                $"""<w:settings xmlns:w="{W}" xmlns:r="{Rel}"><w:attachedTemplate r:id="rId9"/><w:trackRevisions/><w:rsids><w:rsid w:val="00AA11BB"/></w:rsids></w:settings>"""));
        var cleaned = Clean(bytes, new CleanChoices { Tracked = TrackedChoice.Accept });
        var parts = Parts(cleaned.Bytes);
        var all = string.Concat(parts.Values);
        foreach (var gone in new[] { "Bakker", "Smit", "attachedTemplate", "rsid", "trackRevisions" })
            Assert.DoesNotContain(gone, all, StringComparison.Ordinal);
        Assert.Contains("Movement", parts["docProps/core.xml"], StringComparison.Ordinal);
        Assert.Contains(cleaned.Did, d => d.Contains("template", StringComparison.Ordinal));
    }

    [Fact]
    public void Tracking_is_turned_off_in_the_document_even_where_building_blocks_have_settings_of_their_own()
    {
        const string type = "application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml";
        var settings = $"""<w:settings xmlns:w="{W}"><w:trackRevisions/></w:settings>""";
        var cleaned = Clean(Docx(P(R("Text.")), ("glossary/settings.xml", "glossarySettings", type, settings), ("settings.xml", "settings", type, settings)), new CleanChoices { Tracked = TrackedChoice.Accept });
        Assert.DoesNotContain("trackRevisions", string.Concat(Parts(cleaned.Bytes).Values), StringComparison.Ordinal);
        Assert.Single(cleaned.Did, d => d == "Turned the tracking of changes off.");
    }

    [Fact]
    public void Macros_go_and_the_document_is_one_without()
    {
        var bytes = Parts(Docx(P(R("Text.")), ("vbaProject.bin", "vbaProject", "application/vnd.ms-office.vbaProject", "macro")));
        bytes["[Content_Types].xml"] = bytes["[Content_Types].xml"].Replace("vnd.openxmlformats-officedocument.wordprocessingml.document.main", "vnd.ms-word.document.macroEnabled.main", StringComparison.Ordinal);
        var docm = Zip(bytes.Select(p => (p.Key, p.Value)));
        Assert.Equal(".docm", Clean(docm, new CleanChoices { Macros = false }).Extension);
        var cleaned = Clean(docm);
        Assert.Equal(".docx", cleaned.Extension);
        Assert.DoesNotContain("word/vbaProject.bin", Parts(cleaned.Bytes).Keys);
        Assert.DoesNotContain("macroEnabled", Parts(cleaned.Bytes)["[Content_Types].xml"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_clean_document_is_left_as_it_is_but_for_its_packing()
    {
        var once = Clean(Docx(P(R("Text.")))).Bytes.ToArray();
        var twice = Clean(once);
        Assert.Empty(twice.Did);
        Assert.Equal(Parts(once), Parts(twice.Bytes));
    }

    [Fact]
    public void An_OpenDocument_text_is_cleaned_and_its_rejections_are_refused()
    {
        const string ns = """xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" """;
        var odt = Zip([
            ("mimetype", "application/vnd.oasis.opendocument.text"),
            ("content.xml", $"""<office:document-content {ns}><office:body><office:text><text:tracked-changes><text:changed-region text:id="c"><text:deletion><office:change-info><dc:creator>Smit</dc:creator></office:change-info><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>Kept<text:change text:change-id="c"/>.<office:annotation><dc:creator>Smit</dc:creator><text:p>why?</text:p></office:annotation><text:hidden-text text:condition="x" text:string-value="secret"/></text:p></office:text></office:body></office:document-content>"""),
            ("meta.xml", $"""<office:document-meta {ns}><office:meta><meta:initial-creator>Smit</meta:initial-creator><dc:title>Movement</dc:title></office:meta></office:document-meta>"""),
            ("Versions/Version1", "old"),
            ("META-INF/manifest.xml", """<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="Versions/Version1"/></manifest:manifest>"""),
        ]);
        var cleaned = Clean(odt, new CleanChoices { Tracked = TrackedChoice.Accept });
        var parts = Parts(cleaned.Bytes);
        var all = string.Concat(parts.Select(p => p.Key + p.Value));
        foreach (var gone in new[] { "Smit", "gone", "why?", "secret", "Versions" })
            Assert.DoesNotContain(gone, all, StringComparison.Ordinal);
        Assert.Contains("Kept", all, StringComparison.Ordinal);
        Assert.Contains("Movement", all, StringComparison.Ordinal);
        Assert.Equal("clean.odt-reject", Assert.IsType<CleanRefusal>(Cleaner.Clean(odt, new CleanChoices { Tracked = TrackedChoice.Reject })).Code);
    }

    [Fact]
    public void What_cannot_be_cleaned_is_refused_with_what_to_do_instead()
    {
        Assert.Equal("clean.pdf", Assert.IsType<CleanRefusal>(Cleaner.Clean("%PDF-1.7\n"u8.ToArray())).Code);
        Assert.Equal("clean.kind", Assert.IsType<CleanRefusal>(Cleaner.Clean("{\\rtf1 }"u8.ToArray())).Code);
        Assert.Equal("clean.kind", Assert.IsType<CleanRefusal>(Cleaner.Clean("text"u8.ToArray())).Code);
        var broken = Docx("<w:p>");
        Assert.Equal("clean.damaged", Assert.IsType<CleanRefusal>(Cleaner.Clean(broken)).Code);
        var bomb = Zip([("[Content_Types].xml", "<Types/>"), ("_rels/.rels", "<Relationships/>"), ("word/document.xml", """<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>""")]);
        Assert.Equal("clean.damaged", Assert.IsType<CleanRefusal>(Cleaner.Clean(bomb)).Code);
    }

    [Theory]
    [InlineData(TrackedChoice.Accept, "deletion")]
    [InlineData(TrackedChoice.Reject, "insertion")]
    public void LibreOffice_reads_the_cleaned_file_as_it_reads_the_tracked_one_without_what_went(TrackedChoice choice, string gone)
    {
        Assert.SkipUnless(Tool.Exists("soffice"), "needs soffice (Debian package libreoffice-writer-nogui), which is not installed");
        var folder = Directory.CreateTempSubdirectory("countersign-test-");
        try
        {
            foreach (var file in new[] { "RP005-Deleted-Paragraph-Mark", "RP015-MoveFrom-MoveTo", "RP009-Deleted-Table-Row" })
            {
                var path = Directory.EnumerateFiles(Corpora.Require("office/Open-Xml-PowerTools"), file + ".docx", SearchOption.AllDirectories).First();
                File.Copy(path, Path.Combine(folder.FullName, file + "-tracked.docx"));
                File.WriteAllBytes(Path.Combine(folder.FullName, file + "-cleaned.docx"), Clean(File.ReadAllBytes(path), new CleanChoices { Tracked = choice }).Bytes.ToArray());
            }
            Tool.Run("soffice", ["--headless", "--norestore", "-env:UserInstallation=" + new Uri(Path.Combine(folder.FullName, "profile")).AbsoluteUri, "--convert-to", "fodt", "--outdir", folder.FullName,
                .. Directory.EnumerateFiles(folder.FullName, "*.docx")]);
            var cleaned = Directory.GetFiles(folder.FullName, "*-cleaned.fodt");
            Assert.Equal(3, cleaned.Length);
            foreach (var file in cleaned)
                Assert.Equal(Words(file.Replace("-cleaned", "-tracked", StringComparison.Ordinal), gone), Words(file, gone));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The words of a flat OpenDocument text without what its tracked changes of one kind hold.</summary>
    private static string Words(string file, string gone)
    {
        XNamespace text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0";
        var root = XDocument.Load(file, LoadOptions.PreserveWhitespace).Root!;
        var left = root.Descendants(text + "changed-region").Where(r => r.Elements().First().Name.LocalName == gone).Select(r => r.Attribute(text + "id")!.Value).ToHashSet();
        var open = new HashSet<string>();
        var words = new StringBuilder();
        foreach (var node in root.Descendants().First(e => e.Name.LocalName == "body").DescendantNodes())
            if (node is XElement e && e.Name == text + "change-start" && left.Contains(e.Attribute(text + "change-id")!.Value)) open.Add(e.Attribute(text + "change-id")!.Value);
            else if (node is XElement end && end.Name == text + "change-end") open.Remove(end.Attribute(text + "change-id")!.Value);
            else if (node is XText t && open.Count == 0 && !t.Ancestors().Any(a => a.Name == text + "tracked-changes" || a.Name.LocalName == "annotation")) words.Append(t.Value);
        return string.Concat(words.ToString().Where(c => !char.IsWhiteSpace(c)));
    }

    [Fact]
    public void Every_office_document_of_the_corpora_is_cleaned_or_refused_and_its_text_says_so()
    {
        var cleanedOnes = 0;
        foreach (var file in new[] { "office", "docx-pairs" }.SelectMany(f => Directory.EnumerateFiles(Corpora.Require(f), "*", SearchOption.AllDirectories)).Where(f => f.EndsWith(".docx", StringComparison.Ordinal)))
        {
            var bytes = File.ReadAllBytes(file);
            var result = Cleaner.Clean(bytes, new CleanChoices { Tracked = TrackedChoice.Accept });
            Assert.True(result is Cleaned or CleanRefusal { Code: "clean.damaged" or "clean.kind" or "clean.signed" or "clean.too-large" }, $"{file}: {(result as CleanRefusal)?.Why}");
            if (result is not Cleaned cleaned)
                continue;
            cleanedOnes++;
            foreach (var (name, xml) in Parts(cleaned.Bytes).Where(p => p.Key.StartsWith("word/", StringComparison.Ordinal) && p.Key.EndsWith(".xml", StringComparison.Ordinal)))
            {
                Assert.DoesNotMatch(@"<w:(ins|del|moveFrom|moveTo|rPrChange|pPrChange|commentReference|commentRangeStart|delText)[ />]", xml);
                Assert.False(name.StartsWith("word/comments", StringComparison.Ordinal), $"{file} keeps {name}");
            }
        }
        Assert.True(cleanedOnes > 200, $"only {cleanedOnes} were cleaned");
    }
}
