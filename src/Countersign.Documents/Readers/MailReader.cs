using System.Text;
using MimeKit;

namespace Countersign.Documents.Readers;

/// <summary>
/// Messages as they travel (RFC 5322, RFC 2045 to 2049), mbox files and Outlook's bags (MS-OXTNEF). The text parts, all alternatives of them, are body text
/// of the message itself; everything else in it, nested messages too, is a part with a kind by its content.
/// </summary>
internal static class MailReader
{
    private const int MostNested = 60;

    /// <summary>Fields that machines write for machines. Others with words in them are kept as metadata.</summary>
    private static readonly string[] Technical =
    [
        "received", "dkim-", "arc-", "authentication-results", "x-", "list-", "references", "in-reply-to", "message-id", "return-path", "content-", "mime-version", "delivered-to",
        "domainkey", "thread-index", "autocrypt", "openpgp", "face", "resent-", "errors-to", "precedence", "envelope-", "feedback-id", "ironport",
    ];

    public static void Read(Reading reading)
    {
        using var stream = new MemoryStream(reading.Bytes.ToArray(), writable: false);
        reading.Pay(reading.Bytes.Length);
        if (!reading.Bytes.Span.StartsWith("From "u8))
        {
            try
            {
                using var message = new MimeParser(Options(), stream, MimeFormat.Entity).ParseMessage();
                Read(reading, message, "");
            }
            catch (FormatException)
            {
                reading.Unreadable(UnreadReason.Damaged, default, "Its fields are broken; it was read as plain text.");
                PlainTextReader.Read(reading);
            }
            return;
        }
        var parser = new MimeParser(Options(), stream, MimeFormat.Mbox);
        for (var number = 1; !parser.IsEndOfStream; number++)
        {
            reading.Tick();
            using var message = parser.ParseMessage();
            Read(reading, message, $"message {number}");
        }
    }

    /// <summary>A winmail.dat: the message in it, with its attachments.</summary>
    public static void ReadTnef(Reading reading)
    {
        var whole = WholeAttributes(reading.Bytes.Span);
        if (whole < reading.Bytes.Length)
            reading.Unreadable(UnreadReason.Damaged, default, "It ends before what it announces; what comes before was read.");
        using var stream = new MemoryStream(reading.Bytes[..whole].ToArray(), writable: false);
        reading.Pay(2L * reading.Bytes.Length);
        using var part = new MimeKit.Tnef.TnefPart { Content = new MimeContent(stream) };
        using var message = part.ConvertToMessage();
        Read(reading, message, "");
    }

    /// <summary>
    /// How many bytes of a bag are whole attributes: level (1), id (4), length (4), data, sum (2), behind signature and key (6) (MS-OXTNEF 2.1.3). What a length announces and the
    /// file does not hold is cut off: counts inside it may say that millions of properties follow.
    /// </summary>
    private static int WholeAttributes(ReadOnlySpan<byte> bag)
    {
        var at = Math.Min(6, bag.Length);
        while (bag.Length - at >= 11 && System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bag[(at + 5)..]) is var length && length <= bag.Length - at - 11)
            at += 11 + (int)length;
        return at;
    }

    private static ParserOptions Options() => new()
    {
        MaxMimeDepth = MostNested,
        CharsetEncoding = Encoding.UTF8,
        AddressParserComplianceMode = RfcComplianceMode.Loose,
        ParameterComplianceMode = RfcComplianceMode.Loose,
        Rfc2047ComplianceMode = RfcComplianceMode.Loose,
        AllowUnquotedCommasInAddresses = true,
    };

    private static void Read(Reading reading, MimeMessage message, string part)
    {
        foreach (var header in message.Headers)
            ReadHeader(reading, header, part);
        if (message.Body is { } body)
            Visit(reading, body, part);
    }

    private static void ReadHeader(Reading reading, Header header, string part)
    {
        var name = header.Field.ToLowerInvariant();
        var place = new Place(part.Length == 0 ? name : part + ", " + name);
        var raw = header.RawValue;
        var value = (raw.AsSpan().IndexOf("=?"u8) < 0 && raw.AsSpan().IndexOfAnyInRange((byte)0x80, (byte)0xFF) >= 0 ? Charsets.Decode(raw) : header.Value).Trim();
        switch (name)
        {
            case "subject" or "from" or "to" or "cc" or "bcc" or "reply-to" or "date" or "sender" or "comments" or "keywords" or "organization" or "thread-topic":
                reading.Text(Unfold(value), TextRole.MailHeader, place, name);
                break;
            case "user-agent" or "x-mailer":
                reading.Text(value, TextRole.Metadata, place, MetadataLabels.Program);
                break;
            default:
                if (value.Length > 30 && value.AsSpan().Count(' ') >= 5 && (!Array.Exists(Technical, t => name.StartsWith(t, StringComparison.Ordinal)) || IsProse(value)))
                    reading.Text(Unfold(value), TextRole.Metadata, place, name);
                break;
        }
    }

    /// <summary>Whether a field that a machine should have written holds a sentence: as long as one that could be known again, mostly letters and spaces.</summary>
    private static bool IsProse(string value)
    {
        var letters = 0;
        foreach (var c in value)
            if (char.IsLetter(c) || c == ' ') letters++;
        return value.Length > 40 && letters * 10 >= value.Length * 9;
    }

    private static string Unfold(string value) => value.ReplaceLineEndings("").Replace('\t', ' ');

    private static void Visit(Reading reading, MimeEntity entity, string part)
    {
        reading.Tick();
        switch (entity)
        {
            case Multipart multipart:
                if (multipart.ContentType.IsMimeType("multipart", "encrypted"))
                    reading.Unreadable(UnreadReason.Encrypted, new Place(part), "It is encrypted.");
                Outside(reading, multipart.Preamble, part);
                foreach (var child in multipart)
                    Visit(reading, child, part);
                Outside(reading, multipart.Epilogue, part);
                break;
            case MessagePart nested:
                if (nested.Message is not { } message)
                    break;
                using (var bytes = new MemoryStream())
                {
                    message.WriteTo(FormatOptions.Default, bytes);
                    reading.Pay(bytes.Length);
                    var (whole, named) = (bytes.ToArray(), NameOf(nested));
                    reading.Deep(() => reading.Part(whole, named, new Place(part), DocumentKind.Eml));
                }
                break;
            case MimePart leaf:
                Read(reading, leaf, part);
                break;
        }
    }

    private static string NameOf(MimeEntity entity) => entity.ContentDisposition?.FileName ?? entity.ContentType.Name ?? "";

    /// <summary>What stands before the first boundary and after the last: shown by no mail program, and in the file.</summary>
    private static void Outside(Reading reading, string? text, string part)
    {
        if (string.IsNullOrWhiteSpace(text))
            return;
        var usual = text.Trim();
        if (usual.Length < 160 && usual.StartsWith("This is a", StringComparison.OrdinalIgnoreCase) && (usual.Contains("multi", StringComparison.OrdinalIgnoreCase) || usual.Contains("MIME", StringComparison.Ordinal) || usual.Contains("OpenPGP", StringComparison.Ordinal) || usual.Contains("signed", StringComparison.Ordinal)))
            return;
        PlainTextReader.Read(reading, text, TextRole.Hidden, part);
    }

    private static void Read(Reading reading, MimePart leaf, string part)
    {
        var place = new Place(part);
        var type = leaf.ContentType;
        if (type.IsMimeType("message", "external-body"))
            reading.Found(OddityKind.ExternalLink, place, type.Parameters["url"] ?? type.Parameters["name"] ?? type.Parameters["site"] ?? "");
        if (leaf is MessagePartial partial)
            reading.Unreadable(UnreadReason.Unknown, place, partial.Number is { } piece ? $"It is piece {piece} of a message that was cut in pieces." : "It is a piece of a message that was cut in pieces.");
        if (leaf.Content is null)
            return;
        var bytes = Decoded(reading, leaf);
        if (bytes.Length == 0)
            return;
        if (type.IsMimeType("application", "pgp-encrypted") || IsSignature(type, bytes))
            return;
        var name = NameOf(leaf);
        var kind = DocumentKind.Detect(bytes);
        var isText = leaf is TextPart || type.IsMimeType("text", "*") || type.IsMimeType("message", "*");
        if (isText && type.IsMimeType("text", "rtf") && kind == DocumentKind.Rtf)
            isText = false;
        if (isText && kind == DocumentKind.Unknown)
            isText = !OtherReader.IsNamed(bytes);
        else if (kind != DocumentKind.Text && kind != DocumentKind.OldText && kind != DocumentKind.Html && kind != DocumentKind.Eml)
            isText = false;
        if (kind == DocumentKind.Eml && !(leaf is TextPart && name.Length == 0))
            isText = false;

        if (!isText)
        {
            if (leaf.ContentDisposition?.FileName is { Length: > 0 } && type.Name is { Length: > 0 } other && other != name)
                reading.Text(other, TextRole.Name, place);
            var said = type.IsMimeType("text", "html") ? DocumentKind.Html : null;
            reading.Deep(() => reading.Part(bytes, name, place, said));
        }
        else if (name.Length > 0 || leaf.IsAttachment)
        {
            var html = kind == DocumentKind.Html || type.IsMimeType("text", "html");
            var text = html ? HtmlReader.Decode(bytes, type.Charset) : Charsets.Decode(bytes, type.Charset);
            reading.Deep(() => reading.Part(Encoding.UTF8.GetBytes(text), name, place, html ? DocumentKind.Html : DocumentKind.Text));
        }
        else if (type.IsMimeType("text", "html") || kind == DocumentKind.Html)
        {
            var charset = type.Charset;
            reading.Deep(() => HtmlReader.Read(reading, HtmlReader.Decode(bytes, charset), part));
        }
        else
            PlainTextReader.Read(reading, Charsets.Decode(bytes, type.Charset), TextRole.Body, part);
    }

    /// <summary>The bytes of a part. What says that it is base64 and is not, is taken as it stands.</summary>
    private static byte[] Decoded(Reading reading, MimePart leaf)
    {
        if (leaf.Content is not { } content)
            return [];
        using var opened = content.Open();
        var bytes = reading.PayFor(opened);
        if (leaf.ContentTransferEncoding is not (ContentEncoding.Base64 or ContentEncoding.UUEncode))
            return bytes;
        if (content.Stream is not { CanSeek: true } packed)
            return bytes;
        packed.Position = 0;
        var raw = reading.PayFor(packed);
        return raw.Length > 8 && raw.AsSpan().Count((byte)' ') * 20 > raw.Length && leaf.ContentTransferEncoding == ContentEncoding.Base64 ? raw : bytes;
    }

    /// <summary>Whether a part is a signature and no more. One that holds more than a signature is not excused by its type.</summary>
    private static bool IsSignature(ContentType type, byte[] bytes) =>
        (type.IsMimeType("application", "pgp-signature") && bytes.Length < 8192 && bytes.AsSpan().IndexOf("BEGIN PGP SIGNATURE"u8) is >= 0 and < 100)
        || ((type.IsMimeType("application", "pkcs7-signature") || type.IsMimeType("application", "x-pkcs7-signature")) && bytes[0] == 0x30 && OtherReader.IsDetached(bytes))
        || (type.IsMimeType("application", "pgp-keys") && bytes.AsSpan().IndexOf("BEGIN PGP PUBLIC KEY"u8) is >= 0 and < 100);
}
