using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Countersign.Documents;

namespace Countersign.Recognition;

/// <summary>
/// Drafts that leave as files: each is written as a file, read back by the reader of its kind, and judged. Two kinds are written here: a Word document as a word
/// processor keeps it (a run for every few letters, curly quotes, hard spaces and hyphens, a running head and foot), and a page of HTML with entities and marks inside words.
/// LibreOffice makes the other kinds from that Word document, hyphenating where it has a dictionary; our typesetter makes its PDF from the text.
/// </summary>
internal static class RecogniseFiles
{
    public const double Target = 0.995;
    private const int Batch = 60;

    private static readonly XNamespace W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

    /// <summary>The kinds, with what LibreOffice is asked for, or null where it is not asked.</summary>
    public static readonly (string Name, string? Filter, string Extension)[] Kinds =
    [
        ("DOCX, written here", null, "docx"),
        ("HTML, written here", null, "html"),
        ("PDF, our typesetter", null, "pdf"),
        ("PDF, LibreOffice", "pdf:writer_pdf_Export", "pdf"),
        ("DOCX, LibreOffice", "docx:Office Open XML Text", "docx"),
        ("HTML, LibreOffice", "html:HTML (StarWriter)", "html"),
        ("ODT, LibreOffice", "odt:writer8", "odt"),
        ("RTF, LibreOffice", "rtf:Rich Text Format", "rtf"),
        ("DOC, LibreOffice", "doc:MS Word 97", "doc"),
    ];

    /// <summary>Makes every text a file of every kind; answers the text as read back by kind and text, null where no file could be made.</summary>
    public static Dictionary<string, string?[]> ThroughFiles(IReadOnlyList<(string Text, string Language, int Seed)> texts)
    {
        var folder = Directory.CreateTempSubdirectory("recognise-files-").FullName;
        try
        {
            var read = new Dictionary<string, string?[]>(StringComparer.Ordinal);
            var words = Path.Combine(folder, "words");
            Directory.CreateDirectory(words);
            for (var i = 0; i < texts.Count; i++)
                File.WriteAllBytes(Path.Combine(words, $"{i:0000}.docx"), Docx(texts[i].Text, texts[i].Language, new Random(texts[i].Seed)));
            foreach (var (name, filter, extension) in Kinds)
            {
                var clock = Stopwatch.StartNew();
                var output = Path.Combine(folder, name.Replace(' ', '-'));
                Directory.CreateDirectory(output);
                if (filter is not null)
                    LibreOffice(Directory.GetFiles(words).Order(StringComparer.Ordinal), filter, output, Path.Combine(folder, "profile"));
                var refusals = new List<string>();
                read[name] = new string?[texts.Count];
                for (var i = 0; i < texts.Count; i++)
                {
                    var (text, language, seed) = texts[i];
                    var made = Path.Combine(output, $"{i:0000}.{extension}");
                    var bytes = name switch
                    {
                        "DOCX, written here" => File.ReadAllBytes(Path.Combine(words, $"{i:0000}.docx")),
                        "HTML, written here" => Encoding.UTF8.GetBytes(Html(text, new Random(seed))),
                        "PDF, our typesetter" => Typeset(text, language, refusals),
                        _ => File.Exists(made) ? File.ReadAllBytes(made) : null,
                    };
                    if (bytes is null)
                        continue;
                    var document = Document.Read(bytes);
                    if (!document.Kind.Name.Equals(extension, StringComparison.OrdinalIgnoreCase))
                        Console.WriteLine($"    {name}: a file was taken for {document.Kind.Name}");
                    foreach (var unread in document.Whole().SelectMany(d => d.Unread).Take(1))
                        Console.WriteLine($"    {name}: unread {unread.Reason}: {unread.Says}");
                    // All passages of all parts, as the gate judges them.
                    read[name][i] = string.Join('\n', document.Whole().SelectMany(d => d.Passages).Select(p => p.Text));
                }
                Console.WriteLine($"    {name}: {read[name].Count(t => t is not null)} of {texts.Count} files made and read, {clock.Elapsed.TotalSeconds:0} s{(refusals.Count == 0 ? "" : "; refused: " + string.Join(", ", refusals.GroupBy(r => r).Select(g => $"{g.Key} {g.Count()}")))}");
            }
            return read;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void LibreOffice(IEnumerable<string> files, string filter, string output, string profile)
    {
        foreach (var batch in files.Chunk(Batch))
            try
            {
                using var process = Process.Start(new ProcessStartInfo("soffice", ["--headless", "-env:UserInstallation=" + new Uri(profile).AbsoluteUri, "--convert-to", filter, "--outdir", output, .. batch])
                { RedirectStandardOutput = true, RedirectStandardError = true })!;
                var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
                if (!process.WaitForExit(300_000))
                    process.Kill(entireProcessTree: true);
                Task.WaitAll(said, complained);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return;
            }
    }

    /// <summary>Without the characters that XML cannot hold.</summary>
    private static string Printable(string text) => string.Concat(text.EnumerateRunes().Select(r => r.Value is '\n' or '\t' || !Rune.IsControl(r) && r.Value is not (0xFFFE or 0xFFFF) ? r.ToString() : " "));

    private static byte[] Docx(string text, string language, Random random)
    {
        var body = new XElement(W + "body");
        foreach (var paragraph in Regex.Split(Printable(text.Replace("\r", "", StringComparison.Ordinal)), @"\n\s*\n"))
        {
            var line = Regex.Replace(paragraph, @"\s+", " ").Trim();
            if (line.Length == 0)
                continue;
            var backwards = line.FirstOrDefault(char.IsLetter) is >= '\u0590' and <= '\u08FF';
            var p = new XElement(W + "p", new XElement(W + "pPr", backwards ? new XElement(W + "bidi") : null, new XElement(W + "jc", new XAttribute(W + "val", "both"))));
            for (var at = 0; at < line.Length;)
            {
                var length = Math.Min(line.Length - at, 1 + random.Next(80));
                if (at + length < line.Length && char.IsHighSurrogate(line[at + length - 1]))
                    length++;
                p.Add(Run(line.Substring(at, length), language, backwards, random));
                at += length;
            }
            body.Add(p);
        }
        XNamespace r = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        body.Add(new XElement(W + "sectPr",
            new XElement(W + "headerReference", new XAttribute(W + "type", "default"), new XAttribute(r + "id", "h")),
            new XElement(W + "footerReference", new XAttribute(W + "type", "default"), new XAttribute(r + "id", "f")),
            new XElement(W + "pgSz", new XAttribute(W + "w", 11906), new XAttribute(W + "h", 16838)),
            new XElement(W + "pgMar", new XAttribute(W + "top", 1418), new XAttribute(W + "bottom", 1418), new XAttribute(W + "left", 1418), new XAttribute(W + "right", 1418),
                new XAttribute(W + "header", 708), new XAttribute(W + "footer", 708), new XAttribute(W + "gutter", 0))));
        const string types = "application/vnd.openxmlformats-officedocument.wordprocessingml.", relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/";
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            void Put(string name, XElement content)
            {
                using var entry = zip.CreateEntry(name).Open();
                new XDocument(content).Save(entry, SaveOptions.DisableFormatting);
            }
            void Relate(string name, params (string Id, string Type, string Target)[] to)
            {
                XNamespace n = "http://schemas.openxmlformats.org/package/2006/relationships";
                Put(name, new XElement(n + "Relationships", to.Select(t => new XElement(n + "Relationship", new XAttribute("Id", t.Id), new XAttribute("Type", relations + t.Type), new XAttribute("Target", t.Target)))));
            }
            XNamespace c = "http://schemas.openxmlformats.org/package/2006/content-types";
            Put("[Content_Types].xml", new XElement(c + "Types",
                new XElement(c + "Default", new XAttribute("Extension", "rels"), new XAttribute("ContentType", "application/vnd.openxmlformats-package.relationships+xml")),
                new[] { ("document", "document.main+xml"), ("header", "header+xml"), ("footer", "footer+xml"), ("settings", "settings+xml") }.Select(p =>
                    new XElement(c + "Override", new XAttribute("PartName", $"/word/{p.Item1}.xml"), new XAttribute("ContentType", types + p.Item2)))));
            Relate("_rels/.rels", ("d", "officeDocument", "word/document.xml"));
            Relate("word/_rels/document.xml.rels", ("h", "header", "header.xml"), ("f", "footer", "footer.xml"), ("s", "settings", "settings.xml"));
            Put("word/document.xml", new XElement(W + "document", new XAttribute(XNamespace.Xmlns + "w", W), new XAttribute(XNamespace.Xmlns + "r", r), body));
            Put("word/header.xml", new XElement(W + "hdr", new XElement(W + "p", Run("Ministry of General Affairs – Our reference 2026-0417", "en", false, random))));
            Put("word/footer.xml", new XElement(W + "ftr", new XElement(W + "p", new XElement(W + "fldSimple", new XAttribute(W + "instr", " PAGE "), new XElement(W + "r", new XElement(W + "t", "1"))))));
            Put("word/settings.xml", new XElement(W + "settings", new XElement(W + "autoHyphenation")));
        }
        return file.ToArray();
    }

    /// <summary>A run as word processors write it: typed quotes have become curly ones, some spaces and hyphens hard ones.</summary>
    private static XElement Run(string text, string language, bool backwards, Random random)
    {
        var run = new XElement(W + "r", new XElement(W + "rPr", random.Next(9) == 0 ? new XElement(W + "b") : null, backwards ? new XElement(W + "rtl") : null,
            language == "other" ? null : new XElement(W + "lang", new XAttribute(W + (backwards ? "bidi" : "val"), language))));
        var written = new StringBuilder();
        void Flush()
        {
            if (written.Length > 0)
                run.Add(new XElement(W + "t", new XAttribute(XNamespace.Xml + "space", "preserve"), written.ToString()));
            written.Clear();
        }
        foreach (var c in text)
            switch (c)
            {
                case '-' when random.Next(4) == 0:
                    Flush();
                    run.Add(new XElement(W + "noBreakHyphen"));
                    break;
                case ' ' when random.Next(40) == 0: written.Append('\u00A0'); break;
                case '\'': written.Append('\u2019'); break;
                case '"': written.Append(random.Next(2) == 0 ? '\u201C' : '\u201D'); break;
                default: written.Append(c); break;
            }
        Flush();
        return run;
    }

    /// <summary>As <see cref="Mutate.Html"/> writes it, and left as it is written.</summary>
    private static string Html(string text, Random random)
    {
        var s = new StringBuilder("<!DOCTYPE html><html><head><meta charset=utf-8><title>Letter</title><style>p{margin:1em}</style></head><body>");
        foreach (var paragraph in Regex.Split(Printable(text.Replace("\r", "", StringComparison.Ordinal)), @"\n\s*\n"))
        {
            s.Append("<p class=x>");
            foreach (var rune in paragraph.EnumerateRunes())
            {
                if (rune.Value > 127 || rune.Value is '<' or '>' or '&' or '"')
                    s.Append(random.Next(3) switch
                    {
                        0 => WebUtility.HtmlEncode(rune.ToString()),
                        1 => string.Create(CultureInfo.InvariantCulture, $"&#{rune.Value};"),
                        _ => string.Create(CultureInfo.InvariantCulture, $"&#x{rune.Value:X};"),
                    });
                else
                    s.Append(rune.Value == '\n' && random.Next(2) == 0 ? "<br>\n" : rune.ToString());
                if (random.Next(60) == 0)
                    s.Append("<b></b>");
            }
            s.Append("</p>\r\n");
        }
        return s.Append("</body></html>").ToString();
    }

    private static byte[]? Typeset(string text, string language, List<string> refusals)
    {
        // Every mark of Markdown is taken as the character that it is.
        var lines = Printable(text.Replace("\r", "", StringComparison.Ordinal)).Split('\n').Select(l => Regex.Replace(Regex.Replace(l.Trim(), @"[\\`*_\[\]<>#|~&$]", @"\$0"), @"^(\d{1,9})([.)])|^([-+=:])", @"$1\$2$3"));
        var answer = Typesetter.Set(LetterSource.Of(string.Join('\n', lines), new LetterParts { Language = language is "other" or "es" ? "en" : language }), new Letterhead("Ministry of General Affairs", ["The Capital"]));
        if (answer is PdfMade made)
            return made.Pdf;
        refusals.Add(((TypesetRefusal)answer).Code);
        return null;
    }
}
