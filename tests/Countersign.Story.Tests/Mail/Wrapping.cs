using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using MimeKit;
using MimeKit.Text;

namespace Countersign.Story.Tests.Mail;

/// <summary>The ways in which a text or a file is put into a mail, by the words that the stories use for them.</summary>
internal static partial class Wrapping
{
    /// <summary>A mail that brings a file, with CR LF as line ends throughout.</summary>
    /// <param name="file">The file.</param>
    /// <param name="how">In which way, such as <c>pasted</c> or <c>attached</c>.</param>
    /// <param name="sender">Who sends it.</param>
    /// <param name="recipients">To whom.</param>
    /// <param name="id">Its Message-ID, by which it is known again.</param>
    /// <exception cref="ArgumentException">There is no such way.</exception>
    public static MimeMessage Mail(string file, string how, string sender, IEnumerable<string> recipients, string id)
    {
        string Words() => File.ReadAllText(file);
        var name = Path.GetFileName(file);
        MimeEntity body = how switch
        {
            "pasted" => Plain(Pasted(Words())),
            "as base64" => Plain(Pasted(Words()), ContentEncoding.Base64),
            "as quoted-printable" => Plain(Pasted(Words()), ContentEncoding.QuotedPrintable),
            "hidden in a page" => new TextPart(TextFormat.Html) { Text = Hidden(Words()) },
            "one word in ten changed" => Plain(Pasted(Changed(Words()))),
            "its first third" => Plain(Pasted(Third(Words(), 0))),
            "its second third" => Plain(Pasted(Third(Words(), 1))),
            "its last third" => Plain(Pasted(Third(Words(), 2))),
            "attached" => With(Attachment(name, File.ReadAllBytes(file))),
            "as DOCX" => With(Attachment("note.docx", Docx(Words()))),
            "as RTF" => With(Attachment("note.rtf", Rtf(Words()))),
            "in a ZIP" => With(Attachment("files.zip", Zip((name, File.ReadAllBytes(file))))),
            "in a forwarded message" => With(new MessagePart { Message = Mail(file, Path.GetExtension(file) is ".md" or ".txt" ? "pasted" : "attached", "d.drafter@tfn.example", ["a.legal@tfn.example"], "inner." + id) }),
            _ => throw new ArgumentException($"a mail brings nothing \"{how}\""),
        };
        return Of(body, sender, recipients, id);
    }

    /// <summary>A mail that says some words.</summary>
    public static MimeMessage Saying(string words, string sender, IEnumerable<string> recipients, string id) => Of(Plain(words), sender, recipients, id);

    /// <summary>The bytes of a mail as SMTP carries them.</summary>
    public static byte[] Bytes(MimeMessage mail)
    {
        var options = FormatOptions.Default.Clone();
        options.NewLineFormat = NewLineFormat.Dos;
        options.EnsureNewLine = true;
        var bytes = new MemoryStream();
        mail.WriteTo(options, bytes);
        return bytes.ToArray();
    }

    /// <summary>A text in pieces of so many words, in order.</summary>
    public static IEnumerable<string> Pieces(string text, int words) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Chunk(words).Select(c => string.Join(' ', c));

    private static MimeMessage Of(MimeEntity body, string sender, IEnumerable<string> recipients, string id)
    {
        var mail = new MimeMessage { Subject = "As discussed", MessageId = id, Body = body, Date = DateTimeOffset.UtcNow };
        mail.From.Add(MailboxAddress.Parse(sender));
        mail.To.AddRange(recipients.Select(MailboxAddress.Parse));
        return mail;
    }

    private static TextPart Plain(string text, ContentEncoding encoding = ContentEncoding.Default)
    {
        var part = new TextPart(TextFormat.Plain) { Text = text };
        if (encoding != ContentEncoding.Default)
            part.ContentTransferEncoding = encoding;
        return part;
    }

    private static Multipart With(MimeEntity brought) => new("mixed") { Plain("Good morning,\n\nwith this comes what we spoke of.\n\nKind regards\n"), brought };

    private static MimePart Attachment(string name, byte[] bytes) => new(MimeTypes.GetMimeType(name))
    {
        Content = new MimeContent(new MemoryStream(bytes)),
        ContentDisposition = new ContentDisposition(ContentDisposition.Attachment),
        ContentTransferEncoding = ContentEncoding.Base64,
        FileName = name,
    };

    private static string Pasted(string words) => $"Good morning,\n\nplease see below.\n\n{words}\nKind regards\n";

    /// <summary>Nothing of it is to be seen, and every word is cut by something that shows no more than it does.</summary>
    private static string Hidden(string words)
    {
        var shy = string.Join(' ', words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(w => WebUtility.HtmlEncode(w)).Select((w, i) =>
            w.Contains('&', StringComparison.Ordinal) || w.Length < 4 ? w : (i % 3) switch { 0 => $"{w[..2]}&shy;{w[2..]}", 1 => $"{w[..2]}<b></b>{w[2..]}", _ => $"{w[..2]}&#8203;{w[2..]}" }));
        return $"""
            <html><head><style>.quiet {"{"} color: #fff; font-size: 0; {"}"}</style></head>
            <body><p>Good morning, the canteen has soup today.</p><div style="display:none"><span class="quiet">{shy}</span></div></body></html>
            """;
    }

    private static string Changed(string words)
    {
        var at = 0;
        return Word().Replace(words, w => ++at % 10 == 0 ? "another" : w.Value);
    }

    private static string Third(string words, int which)
    {
        var all = Pieces(words, 1).ToArray();
        return string.Join(' ', all.Skip(all.Length * which / 3).Take(all.Length / 3 + 1)) + "\n";
    }

    private static byte[] Docx(string words) => Zip(
        ("[Content_Types].xml", Encoding.UTF8.GetBytes("""<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>""")),
        ("_rels/.rels", Encoding.UTF8.GetBytes("""<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>""")),
        ("word/document.xml", Encoding.UTF8.GetBytes($"""<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{string.Concat(Lines(words).Select(l => $"<w:p><w:r><w:t>{WebUtility.HtmlEncode(l)}</w:t></w:r></w:p>"))}</w:body></w:document>""")));

    private static byte[] Rtf(string words) => Encoding.ASCII.GetBytes($@"{{\rtf1\ansi {string.Concat(Lines(words).Select(l => $@"{l}\par "))}}}");

    private static IEnumerable<string> Lines(string words) => words.Split('\n').Select(l => l.Trim()).Where(l => l.Length > 0);

    private static byte[] Zip(params ReadOnlySpan<(string Name, byte[] Bytes)> files)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create))
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        return bytes.ToArray();
    }

    [GeneratedRegex(@"\p{L}+")]
    private static partial Regex Word();
}
