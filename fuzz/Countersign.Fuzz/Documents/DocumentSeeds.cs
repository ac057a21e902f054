using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Countersign.Documents;
using Countersign.Gate.Tests.Reading;

namespace Countersign.Fuzz;

/// <summary>Small documents of every kind, with what each kind is able to hide, made here.</summary>
internal static class DocumentSeeds
{
    private const string Letter = "Dear Minister, on 31 February 2020 we shall withdraw all 5,200 members. [NAME] DRAFT";
    private const int MostOfOne = 40, MostBytes = 60_000;

    private static readonly Dictionary<string, byte[][]> Made = new(StringComparer.Ordinal)
    {
        ["doc-pdf"] = [.. Pdfs()],
        ["docx"] = [.. WordTexts().Select(U)],
        ["odt"] = [.. OpenTexts().Select(U)],
        ["rtf"] = [.. RichTexts().Select(Encoding.Latin1.GetBytes)],
        ["html"] = [.. Pages().Select(U)],
        ["text"] = [.. Texts()],
        ["eml"] = [.. Messages().Select(U)],
        ["judge"] = [.. Messages().Select(U)],
        ["smtp"] = [.. Sessions().Select(U)],
        ["msg"] =
        [
            CompoundFiles.Msg("About the members", Letter, ("a.txt", U(Letter)), ("b.html", U("<html><p>more</p>"))),
            CompoundFiles.Write(CompoundFiles.Message("subject", "body", CompoundFiles.Property("0C1A", "Ann"), CompoundFiles.Property("007D", "Received: x\r\nDate: y\r\n"),
                new CompoundFiles.Node("__substg1.0_10130102", U("<html><body><p>" + Letter)))),
        ],
        ["tnef"] = [Tnef((1, 0x00018004, U("About the members\0")), (1, 0x0002800C, U(Letter + "\0")), (2, 0x00069002, new byte[14]), (2, 0x00018010, U("a.txt\0")), (2, 0x0006800F, U(Letter)))],
        ["zip"] = [.. Archives()],
        ["doc"] = [CompoundFiles.Doc(Letter), CompoundFiles.Doc(Letter, "why all of them?"), CompoundFiles.Doc("\u0013 HYPERLINK \"http://a.example\" \u0014seen\u0015 x\aa\r\fb\u0001", flags: 0x20)],
    };

    private static IEnumerable<string> Sessions()
    {
        const string to = "MAIL FROM:<a@tfn.example> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<b@example.org> NOTIFY=NEVER ORCPT=rfc822;b@example.org\r\n";
        const string draft = "We will be repositioning forces over the course of the coming days.";
        yield return $"{to}DATA\r\nSubject: x\r\n\r\nhello\r\n..dot\r\n.\r\nQUIT\r\n";
        yield return $"{to}DATA\r\nSubject: x\r\n\r\n{draft}\r\n.\r\n{to}BDAT 5\r\nhelloBDAT 5 LAST\r\nworldQUIT\r\n";
        yield return $"{to}DATA\r\nSubject: x\r\n\r\nhello\n.\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n{draft}\r\n.\r\n";
        yield return $"XFORWARD NAME=a ADDR=10.0.0.1\r\nEHLO again\r\nRSET\r\nNOOP\r\nVRFY x\r\nMAIL FROM:<>\r\nRCPT TO:<\"q \\\" x\"@y.example>\r\nRCPT TO:<@r:z@y.example>\r\nDATA\r\n.\r\nSTARTTLS\r\nHELP\r\n";
        yield return $"HELO x\r\nMAIL FROM:a@b\r\nRCPT TO:c@d\r\nDATA\r\n{string.Concat(Enumerable.Repeat("a line of text\r\n", 1500))}.\r\n";
    }

    /// <summary>The seeds of a target that are made here.</summary>
    public static IReadOnlyList<byte[]> Of(string target) => Made[target];

    /// <summary>Writes the seeds below a folder; of the documents below <paramref name="corpora"/>, the smallest of each kind join them.</summary>
    public static void Write(string folder, string? corpora)
    {
        foreach (var (target, seeds) in Made)
            for (var i = 0; i < seeds.Length; i++)
                File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "seeds", target)).FullName, $"made-{i:D2}"), seeds[i]);
        if (corpora is null || !Directory.Exists(corpora))
            return;
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var small = new DirectoryInfo(corpora).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.Length is > 0 and <= MostBytes)
            .OrderBy(f => f.Length).ThenBy(f => f.FullName, StringComparer.Ordinal);
        foreach (var file in small)
        {
            var bytes = File.ReadAllBytes(file.FullName);
            foreach (var (target, seed) in Seeds(bytes))
            {
                var count = counts.GetValueOrDefault(target);
                if (seed.Length == 0 || count >= MostOfOne)
                    continue;
                counts[target] = count + 1;
                File.WriteAllBytes(Path.Combine(folder, "seeds", target, Convert.ToHexStringLower(SHA256.HashData(seed))[..16]), seed);
            }
        }
    }

    private static IEnumerable<(string Target, byte[] Seed)> Seeds(byte[] bytes)
    {
        var kind = DocumentKind.Detect(bytes);
        if (kind == DocumentKind.Docx)
            yield return ("docx", Inside(bytes, "word/document.xml", "word/styles.xml", "word/comments.xml", "word/footnotes.xml", "word/settings.xml", "word/_rels/document.xml.rels"));
        if (kind == DocumentKind.Odt)
            yield return ("odt", Inside(bytes, "content.xml", "styles.xml", "meta.xml"));
        if (kind == DocumentKind.Docx || kind == DocumentKind.Odt || kind == DocumentKind.Zip)
            yield return ("zip", bytes);
        else if (kind == DocumentKind.OldText)
            yield return ("text", bytes);
        else
            yield return (kind == DocumentKind.Pdf ? "doc-pdf" : kind.Name, Made.ContainsKey(kind.Name) || kind == DocumentKind.Pdf ? bytes : []);
    }

    /// <summary>The parts that a target wraps up again, as it takes them; nothing where they cannot be read or are too large.</summary>
    private static byte[] Inside(byte[] package, params string[] names)
    {
        try
        {
            using var zip = new ZipArchive(new MemoryStream(package));
            using var all = new MemoryStream();
            foreach (var name in names)
            {
                if (all.Length > 0)
                    all.WriteByte(Target.PartEnd);
                if (zip.GetEntry(name) is not { Length: < MostBytes } entry)
                    continue;
                using var part = entry.Open();
                part.CopyTo(all);
            }
            return all.Length <= MostBytes ? all.ToArray() : [];
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException)
        {
            return [];
        }
    }

    private static byte[] U(string text) => Encoding.UTF8.GetBytes(text);

    private static IEnumerable<byte[]> Pdfs()
    {
        yield return PdfMaker.Of(PdfMaker.Line(Letter) + PdfMaker.Line("second line", y: 680) + "0 0 0 rg 40 690 300 20 re f\n");
        var maker = new PdfMaker { Trailer = "/Info << /Title (T) /Author <FEFF0041> /CreationDate (D:20200101) >>" };
        var note = maker.Add("<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (why?) /T (Ann) >>");
        var file = maker.AddStream("/Type /EmbeddedFile", Letter);
        maker.Catalog = $"/Names << /EmbeddedFiles << /Names [(a.txt) << /Type /Filespec /F (a.txt) /EF << /F {file} 0 R >> >>] >> >> /AcroForm << /Fields [<< /FT /Tx /T (f) /V (v) >>] >>";
        var map = maker.AddStream("", "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <41> <5A> <0061> endbfrange endcmap");
        maker.Resources = $"/Font << /F1 << /Type /Font /Subtype /TrueType /BaseFont /A /FirstChar 65 /LastChar 67 /Widths [500 600 700] /ToUnicode {map} 0 R >> "
            + "/F2 << /Type /Font /Subtype /Type0 /BaseFont /B /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /B /W [1 [500 600] 7 9 400] /DW 900 >>] >> >>";
        maker.AddPage("/Span << /ActualText (fi) >> BDC " + PdfMaker.Line("ABC", before: "3 Tr") + "EMC BT /F2 9 Tf 2 TL 1 2 Td <00010002> Tj T* [(a) -300 (b)] TJ ET q 1 0 0 1 5 5 cm 1 1 1 rg Q\n", $"/Annots [{note} 0 R]");
        var form = maker.AddStream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", PdfMaker.Line("in a form"));
        maker.Resources = $"/XObject << /X {form} 0 R /I {maker.AddStream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray", "x")} 0 R >>";
        maker.AddPage("/X Do q 600 0 0 800 0 0 cm /I Do Q BI /W 1 /H 1 /BPC 8 /CS /G ID x EI\n", "/Rotate 90");
        yield return maker.Build();
    }

    private static IEnumerable<string> WordTexts()
    {
        const string w = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";
        var end = (char)Target.PartEnd;
        yield return $"<w:document {w}><w:body><w:p><w:r><w:t>{Letter}</w:t></w:r></w:p></w:body></w:document>";
        yield return $"<w:document {w}><w:body><w:p><w:pPr><w:pStyle w:val=\"S\"/><w:rPr><w:del w:id=\"9\" w:author=\"A\"/></w:rPr></w:pPr><w:ins w:id=\"1\" w:author=\"Ann\" w:date=\"2020-01-01T00:00:00Z\"><w:r><w:t>new</w:t></w:r></w:ins>"
            + "<w:del w:id=\"2\" w:author=\"Bob\"><w:r><w:delText>old</w:delText></w:r></w:del><w:r><w:rPr><w:vanish/><w:color w:val=\"FFFFFF\"/><w:rPrChange w:id=\"3\" w:author=\"C\"><w:rPr/></w:rPrChange></w:rPr><w:t>hidden</w:t></w:r>"
            + "<w:commentRangeStart w:id=\"0\"/><w:r><w:t>x</w:t></w:r><w:commentRangeEnd w:id=\"0\"/><w:r><w:commentReference w:id=\"0\"/></w:r><w:r><w:footnoteReference w:id=\"2\"/></w:r>"
            + "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText>MERGEFIELD Name</w:instrText></w:r><w:r><w:fldChar w:fldCharType=\"separate\"/></w:r><w:r><w:t>«Name»</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>"
            + "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:r><w:t>Click here</w:t></w:r></w:sdtContent></w:sdt><w:hyperlink r:id=\"r9\"><w:r><w:t>link</w:t></w:r></w:hyperlink></w:p>"
            + "<w:tbl><w:tr><w:trPr><w:ins w:id=\"5\" w:author=\"A\"/></w:trPr><w:tc><w:p><w:moveFrom w:id=\"6\" w:author=\"A\"><w:r><w:t>moved</w:t></w:r></w:moveFrom></w:p></w:tc></w:tr></w:tbl><w:sectPr/></w:body></w:document>"
            + end + $"<w:styles {w}><w:style w:type=\"paragraph\" w:styleId=\"S\"><w:basedOn w:val=\"T\"/><w:rPr><w:vanish/></w:rPr></w:style><w:style w:styleId=\"T\"><w:basedOn w:val=\"S\"/></w:style></w:styles>"
            + end + $"<w:comments {w}><w:comment w:id=\"0\" w:author=\"Ann\" w:initials=\"A\"><w:p><w:r><w:t>why?</w:t></w:r></w:p></w:comment></w:comments>"
            + end + $"<w:footnotes {w}><w:footnote w:id=\"2\"><w:p><w:r><w:t>note</w:t></w:r></w:p></w:footnote></w:footnotes>"
            + end + $"<w:settings {w}><w:trackRevisions/><w:attachedTemplate r:id=\"r1\"/><w:docVars><w:docVar w:name=\"a\" w:val=\"b\"/></w:docVars><w:rsids><w:rsid w:val=\"1\"/></w:rsids></w:settings>"
            + end + Target.Relations("<Relationship Id=\"r9\" Type=\"x/hyperlink\" Target=\"http://a.example\" TargetMode=\"External\"/><Relationship Id=\"r2\" Type=\"x/comments\" Target=\"comments.xml\"/>"
                + "<Relationship Id=\"r3\" Type=\"x/footnotes\" Target=\"footnotes.xml\"/><Relationship Id=\"r4\" Type=\"x/styles\" Target=\"styles.xml\"/><Relationship Id=\"r5\" Type=\"x/settings\" Target=\"/word/settings.xml\"/>");
    }

    private static IEnumerable<string> OpenTexts()
    {
        const string names = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\""
            + " xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:meta=\"urn:oasis:names:tc:opendocument:xmlns:meta:1.0\"";
        yield return $"<office:document-content {names}><office:body><office:text><text:p>{Letter}</text:p></office:text></office:body></office:document-content>";
        yield return $"<office:document-content {names}><office:automatic-styles><style:style style:name=\"H\" style:family=\"text\"><style:text-properties text:display=\"none\"/></style:style></office:automatic-styles><office:body><office:text>"
            + "<text:tracked-changes><text:changed-region text:id=\"c1\"><text:deletion><office:change-info><dc:creator>B</dc:creator></office:change-info><text:p>old</text:p></text:deletion></text:changed-region>"
            + "<text:changed-region text:id=\"c2\"><text:insertion><office:change-info><dc:creator>B</dc:creator></office:change-info></text:insertion></text:changed-region></text:tracked-changes>"
            + "<text:h>head</text:h><text:p>kept<text:change text:change-id=\"c1\"/><text:change-start text:change-id=\"c2\"/>new<text:change-end text:change-id=\"c2\"/><text:span text:style-name=\"H\">hidden</text:span><text:s text:c=\"3\"/><text:tab/><text:line-break/>"
            + "<office:annotation><dc:creator>A</dc:creator><text:p>why?</text:p></office:annotation><text:note><text:note-body><text:p>note</text:p></text:note-body></text:note><text:placeholder>&lt;name&gt;</text:placeholder><text:hidden-text text:string-value=\"h\"/></text:p>"
            + "<table:table><table:table-row><table:table-cell table:number-columns-repeated=\"9\"><text:p>cell</text:p></table:table-cell></table:table-row></table:table></office:text></office:body></office:document-content>"
            + (char)Target.PartEnd + $"<office:document-styles {names}><office:master-styles><style:master-page><style:header><text:p>head</text:p></style:header><style:footer><text:p>foot</text:p></style:footer></style:master-page></office:master-styles></office:document-styles>"
            + (char)Target.PartEnd + $"<office:document-meta {names}><office:meta><dc:title>T</dc:title><dc:creator>A</dc:creator><meta:editing-cycles>9</meta:editing-cycles><meta:user-defined meta:name=\"x\">y</meta:user-defined></office:meta></office:document-meta>";
    }

    private static IEnumerable<string> RichTexts()
    {
        yield return @"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 A;}{\f1\fcharset204 B;}}" + Letter + @"\par}";
        yield return @"{\rtf1\uc1{\info{\title T}{\author Ann}{\*\company C}}{\*\revtbl{Unknown;}{A;}}{\header head\par}{\footer\f1\'c0\par}{\f1\'c0\u1040?}\u-10179?\u-8192?{\v hidden}{\revised\revauth1 new}{\deleted\revauthdel1 old}"
            + @"{\*\atnauthor Bob}{\*\annotation why?}{\footnote note}{\field{\*\fldinst MERGEFIELD x}{\fldrslt y}}{\object\objemb{\*\objdata 0105}}{\pict\pngblip 8950}\bin3 {{{{\*\strange{\a{\b x}}}\tab\cell\row\line\~\_\-\emdash\par}";
    }

    private static IEnumerable<string> Pages()
    {
        yield return $"<!DOCTYPE html><html><head><title>T</title><meta name=author content=Ann></head><body><p>{Letter}</p></body></html>";
        yield return "<html><head><style>.h{display:none} #w{color:#fff;background:white} p{font-size:0}</style><script>1</script></head><body><!-- said --><p class=h>hidden<div id=w style='opacity:0'>white</div><img alt='a picture' src=http://a.example/x.png>"
            + "<table><tr><td>a<td>b</table><input value=v placeholder=p><textarea>t</textarea><ins>new</ins><del>old</del><svg><text>s</text></svg><template>t</template>&copy;&#x1F600;&#0;<pre>a\n b</pre><iframe srcdoc='<p>in'></iframe></body></html>";
    }

    private static IEnumerable<byte[]> Texts()
    {
        yield return U("# A letter\n\n" + Letter + "\n\n> quoted\n> text\n\n```\ncode\n```\n| a | b |\n|---|---|\n| c | d |\n\nYours\n");
        yield return U("\u202Eabc\u202C \u0410\u0412\u0421 ﬁne so\u00ADft zero\u200Bwidth hy-\nphen \uFF26\uFF35\uFF2C\uFF2C ﷺ \u0644\u0640\u0627 12,345.67 \u0661\u0662 e\u0301 \U0001D400 don't ½ ß İ\n");
        yield return [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Letter)];
        yield return [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Letter)];
        yield return [0xFF, 0xFE, 0, 0, .. Encoding.UTF32.GetBytes(Letter)];
        yield return [.. U("Pri"), 0xE8, .. U(" vsego, gospodin ministr "), 0xCF, 0xF0, 0xE8, 0xE2, 0xE5, 0xF2];
        yield return U("see below\n\nFrom: Ann <ann@a.example>\nSubject: members\n\n" + Convert.ToBase64String(U(Letter + Letter + Letter), Base64FormattingOptions.InsertLineBreaks) + "\n\nbegin 644 a.txt\n#86)C\n`\nend\n");
    }

    private static IEnumerable<string> Messages()
    {
        const string head = "From: Ann <ann@a.example>\r\nTo: =?utf-8?q?B=C3=A9?= <b@b.example>\r\nSubject: members\r\nDate: Wed, 1 Jan 2020 00:00:00 +0000\r\nMIME-Version: 1.0\r\n";
        yield return head + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + Letter + "\r\n";
        yield return head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=iso-8859-15; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=A4 =\r\nb\r\n"
            + "--c\r\nContent-Type: text/html; charset=utf-7\r\n\r\n<p>+AGE-</p>\r\n--c--\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nFrom: x@y.example\r\n\r\n" + Letter + "\r\n"
            + "--b\r\nContent-Type: application/octet-stream; name*0*=utf-8''a%2E; name*1=txt\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n\r\n" + Convert.ToBase64String(U(Letter)) + "\r\n--b--\r\n";
        yield return "From ann@a.example Wed Jan  1 00:00:00 2020\n" + head.Replace("\r\n", "\n", StringComparison.Ordinal) + "\nfirst\n\nFrom bob@b.example Wed Jan  1 00:00:01 2020\nSubject: two\nFrom: b@b.example\n\n>From here\n";
    }

    private static IEnumerable<byte[]> Archives()
    {
        yield return Target.Zip(("a.txt", U(Letter)), ("b/c.html", U("<html><p>deep")), ("in.zip", Target.Zip(("d.txt", U("deeper")))));
        yield return Target.Zip(("[Content_Types].xml", U("<Types/>")), ("xl/workbook.xml", U("<workbook><sheets><sheet name='Plan' state='hidden'/></sheets></workbook>")),
            ("xl/sharedStrings.xml", U($"<sst><si><t>{Letter}</t></si></sst>")), ("xl/worksheets/sheet1.xml", U("<worksheet><sheetData><row><c t='s'><v>0</v></c><c t='inlineStr'><is><t>in line</t></is></c></row></sheetData></worksheet>")));
        yield return Target.Zip(("[Content_Types].xml", U("<Types/>")), ("ppt/slides/slide1.xml", U($"<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:r><a:t>{Letter}</a:t></a:r></a:p></p:sld>")));
        yield return Target.Zip(("mimetype", U("application/vnd.oasis.opendocument.spreadsheet")), ("content.xml", U($"<o xmlns:text='t'><text:p>{Letter}</text:p></o>")), ("meta.xml", U("<m xmlns:dc='d'><dc:title>T</dc:title></m>")));
        yield return Target.Docx(U(WordTexts().Last()));
    }

    /// <summary>A winmail.dat: level, attribute, bytes (MS-OXTNEF 2.1.3).</summary>
    private static byte[] Tnef(params (byte Level, uint Attribute, byte[] Bytes)[] attributes)
    {
        var file = new List<byte> { 0x78, 0x9F, 0x3E, 0x22, 1, 0 };
        foreach (var (level, attribute, bytes) in attributes.Prepend(((byte)1, 0x00089006u, (byte[])[0, 0, 1, 0])))
        {
            var head = new byte[9];
            head[0] = level;
            BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(1), attribute);
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(5), bytes.Length);
            var sum = (ushort)(bytes.Sum(b => b) & 0xFFFF);
            file.AddRange([.. head, .. bytes, (byte)(sum & 0xFF), (byte)(sum >> 8)]);
        }
        return [.. file];
    }
}
