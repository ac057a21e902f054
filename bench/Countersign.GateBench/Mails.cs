using System.Globalization;
using System.IO.Compression;
using System.Text;
using Countersign.Documents;

namespace Countersign.GateBench;

/// <summary>Messages as they go over the wire: lines end in CRLF, dots are stuffed, the final dot is there. They come round in turn.</summary>
/// <param name="Name">What tables call them.</param>
/// <param name="All">The messages.</param>
internal sealed record MailSet(string Name, IReadOnlyList<byte[]> All)
{
    private int _next = -1;

    public byte[] Next() => All[(int)((uint)Interlocked.Increment(ref _next) % (uint)All.Count)];

    public double AverageBytes => All.Average(m => m.Length - 5);

    /// <summary>The first as a file for <c>smtp-source -F</c>, which stuffs dots and ends lines itself.</summary>
    public string FirstFile(string folder)
    {
        var path = Path.Combine(folder, "message.eml");
        var text = Encoding.UTF8.GetString(All[0]);
        Programs.Write(path, text[..^3].Replace("\r\n.", "\n", StringComparison.Ordinal));
        return path;
    }

    /// <summary>The first alone, again and again.</summary>
    public MailSet Repeated() => new(Name + ", one text repeated", [All[0]]);
}

/// <summary>Makes messages of an office's everyday mail.</summary>
/// <param name="words">Where words come from.</param>
/// <param name="hits">How many drafts a message shares a fingerprint with, and whether it leaks one; nothing where nobody knows.</param>
internal sealed class Mails(Words words, Func<byte[], (int Drafts, bool Leaks)>? hits = null)
{
    public const string Sender = "d.drafter@tfn.example", Recipient = "joc@example.org";

    private static readonly byte[] s_png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Text alone, 4 KB with its headers. Nothing of it stands in a draft.</summary>
    public MailSet Small(int count) => Made("4 KB text", count, n => Text(n, words.Mail(n, 470)), h => h.Drafts == 0);

    /// <summary>The same, but each shares at least one fingerprint with some draft, as words do that come together by chance.</summary>
    public MailSet SmallWithHits(int count) => Made("4 KB text with a chance hit", count, n => Text(n, $"{words.Mail(n, 450)}\n\n{words.Passage((int)(n * 7919L % 50_000) + 1)}"), h => h is { Drafts: > 0, Leaks: false });

    /// <summary>The same, with a sentence that stands in a tenth of all drafts.</summary>
    public MailSet SmallWithStock(int count) => Made("4 KB text with a stock sentence", count, n => Text(n, $"{words.Mail(n, 450)}\n\n{Words.Stock(n)}"), h => !h.Leaks);

    /// <summary>75 KB, in turn with a PDF of several pages and with a DOCX, each with a text of its own. Nothing of it stands in a draft.</summary>
    public MailSet Mix(int count) => Made("75 KB with PDF or DOCX", count, n => n % 2 == 0
        ? WithFile(n, "report.pdf", "application/pdf", Pdf(n, 1500))
        : WithFile(n, "report.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Docx(n, 2000, 43_000)), h => h.Drafts == 0);

    /// <summary>1 MB: a DOCX of ten pages with pictures.</summary>
    public MailSet Large(int count) => Made("1 MB with DOCX", count, n =>
        WithFile(n, "report.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Docx(n, 5000, 720_000)), h => h.Drafts == 0);

    private MailSet Made(string name, int count, Func<int, string> make, Func<(int Drafts, bool Leaks), bool> wanted)
    {
        // Kinds alternate by number: whoever is left out is replaced by one of its kind.
        var made = new List<byte[]>();
        for (var n = 0; made.Count < count; n++)
            for (var other = n; ; other += 100_000)
            {
                var wire = Wire(make(other));
                if (hits is not null && !wanted(hits(wire)))
                    continue;
                made.Add(wire);
                break;
            }
        return new MailSet(name, made);
    }

    /// <summary>A mail that quotes a draft.</summary>
    public byte[] Leak(int draft) => Wire(Text(0, words.Draft(draft)));

    private static string Headers(int number, string contentType) => string.Create(CultureInfo.InvariantCulture, $"""
        Received: from workstation-{number % 200}.tfn.example (workstation-{number % 200}.tfn.example [192.0.2.{number % 250}])
        	by submission.tfn.example with ESMTPSA id 4TR{number:X8};
        	Mon, 6 Jan 2020 10:{number / 60 % 60:D2}:{number % 60:D2} +0000
        From: "D. Drafter" <{Sender}>
        To: "Joint Operations" <{Recipient}>
        Subject: Report {number} of the week
        Date: Mon, 6 Jan 2020 10:{number / 60 % 60:D2}:{number % 60:D2} +0000
        Message-ID: <{number}.20200106@tfn.example>
        MIME-Version: 1.0
        User-Agent: Bench
        X-Priority: 3
        Content-Language: en
        {contentType}

        """);

    private static string Text(int number, string text) => $"{Headers(number, "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit")}\n{Lines(text)}\n";

    private string WithFile(int number, string name, string type, byte[] file) => $"""
        {Headers(number, "Content-Type: multipart/mixed; boundary=\"=_part\"")}
        --=_part
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        {Lines(words.Mail(number + 1_000_000, 120))}
        --=_part
        Content-Type: {type}; name="{name}"
        Content-Disposition: attachment; filename="{name}"
        Content-Transfer-Encoding: base64

        {Convert.ToBase64String(file, Base64FormattingOptions.InsertLineBreaks)}
        --=_part--

        """;

    /// <summary>A PDF as an office's programs make it: embedded fonts, compressed pages.</summary>
    private byte[] Pdf(int number, int count) => Typesetter.Set(LetterSource.Of($"# Report\n\n{words.Mail(number + 2_000_000, count)}\n"), new Letterhead("Weekly report", ["Section four"])) switch
    {
        PdfMade made => made.Pdf,
        TypesetRefusal refusal => throw new InvalidOperationException($"The typesetter made no PDF: {refusal.Why}"),
        _ => throw new InvalidOperationException("The typesetter made no PDF."),
    };

    /// <summary>A DOCX of running text and pictures that nothing makes smaller.</summary>
    private byte[] Docx(int number, int count, int pictureBytes)
    {
        using var output = new MemoryStream();
        using (var zip = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true))
        {
            const string package = "http://schemas.openxmlformats.org/package/2006", office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
            Put("[Content_Types].xml", $"""
                <?xml version="1.0" encoding="UTF-8"?>
                <Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>
                """);
            Put("_rels/.rels", $"""
                <?xml version="1.0" encoding="UTF-8"?>
                <Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>
                """);
            Put("word/_rels/document.xml.rels", $"""
                <?xml version="1.0" encoding="UTF-8"?>
                <Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}/image" Target="media/image1.png"/></Relationships>
                """);
            var paragraphs = words.Mail(number + 3_000_000, count).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
                .Select(p => $"<w:p><w:pPr><w:spacing w:after=\"120\"/><w:jc w:val=\"both\"/></w:pPr>{string.Concat(p.Split(". ").Select(s => $"<w:r><w:rPr><w:rFonts w:ascii=\"Calibri\" w:hAnsi=\"Calibri\"/><w:sz w:val=\"22\"/></w:rPr><w:t xml:space=\"preserve\">{s}. </w:t></w:r>"))}</w:p>");
            Put("word/document.xml", $"""
                <?xml version="1.0" encoding="UTF-8"?>
                <w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{string.Concat(paragraphs)}</w:body></w:document>
                """);
            var picture = new byte[pictureBytes];
            new Random(number).NextBytes(picture);
            s_png.CopyTo(picture, 0);
            using var entry = zip.CreateEntry("word/media/image1.png", CompressionLevel.NoCompression).Open();
            entry.Write(picture);

            void Put(string name, string text)
            {
                using var part = zip.CreateEntry(name, CompressionLevel.Optimal).Open();
                part.Write(Encoding.UTF8.GetBytes(text));
            }
        }
        return output.ToArray();
    }

    /// <summary>Lines of at most 76 characters.</summary>
    private static string Lines(string text)
    {
        var (lines, column) = (new StringBuilder(), 0);
        foreach (var word in text.Split(' '))
        {
            if (column > 0)
                lines.Append(column + word.Length >= 76 ? '\n' : ' ');
            column = column + word.Length >= 76 ? word.Length : column + 1 + word.Length;
            if (word.LastIndexOf('\n') is var end and >= 0)
                column = word.Length - end - 1;
            lines.Append(word);
        }
        return lines.ToString();
    }

    private static byte[] Wire(string message)
    {
        var lines = message.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Select(l => l.StartsWith('.') ? "." + l : l);
        return Encoding.UTF8.GetBytes(string.Join("\r\n", lines) + "\r\n.\r\n");
    }
}
