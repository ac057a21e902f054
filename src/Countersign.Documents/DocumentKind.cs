using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Countersign.Documents;

/// <summary>What a file is, told by its content. The set is closed: the members below are all there are.</summary>
public sealed record DocumentKind
{
    /// <summary>The largest file that is looked at, in bytes.</summary>
    public const int MostBytes = 100 * 1024 * 1024;

    public static readonly DocumentKind Pdf = new("pdf", "application/pdf", "a PDF");
    public static readonly DocumentKind Docx = new("docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a Word document (DOCX)");
    public static readonly DocumentKind Odt = new("odt", "application/vnd.oasis.opendocument.text",
        "an OpenDocument text (ODT)");
    public static readonly DocumentKind Rtf = new("rtf", "application/rtf", "a Rich Text file (RTF)");
    public static readonly DocumentKind Doc = new("doc", "application/msword", "an old Word document (DOC)");

    /// <summary>UTF-8 text without control characters: Markdown or plain, which only its author can tell
    /// apart.</summary>
    public static readonly DocumentKind Text = new("text", "text/markdown", "Markdown or plain text");

    /// <summary>Text in another character set than UTF-8: UTF-16 or UTF-32 with a mark, or an eight-bit set.</summary>
    public static readonly DocumentKind OldText = new("txt", "text/plain", "plain text");

    public static readonly DocumentKind Fodt = new("fodt", "application/vnd.oasis.opendocument.text-flat-xml",
        "an OpenDocument text in one XML file (FODT)");
    public static readonly DocumentKind Html = new("html", "text/html", "an HTML page");

    /// <summary>A message as it travels (RFC 5322).</summary>
    public static readonly DocumentKind Eml = new("eml", "message/rfc822", "a mail message");

    /// <summary>A message as Outlook keeps it (MS-OXMSG).</summary>
    public static readonly DocumentKind Msg = new("msg", "application/vnd.ms-outlook", "an Outlook message (MSG)");

    /// <summary>A winmail.dat (MS-OXTNEF).</summary>
    public static readonly DocumentKind Tnef = new("tnef", "application/vnd.ms-tnef", "an Outlook attachment bag (TNEF)");

    /// <summary>An archive that is no office document.</summary>
    public static readonly DocumentKind Zip = new("zip", "application/zip", "a ZIP archive");

    /// <summary>PNG, JPEG, GIF, TIFF, BMP, WebP or a metafile.</summary>
    public static readonly DocumentKind Picture = new("picture", null, "a picture");

    public static readonly DocumentKind Empty = new("empty", null, "an empty file");
    public static readonly DocumentKind TooLarge = new("too-large", null, "larger than 100 MB");
    public static readonly DocumentKind Unknown = new("unknown", null, "of an unknown sort");

    private DocumentKind(string name, string? mediaType, string said) => (Name, MediaType, Said) = (name, mediaType,
        said);

    /// <summary>A short name, which is also the usual file extension of documents.</summary>
    public string Name { get; }

    public string? MediaType { get; }

    /// <summary>Words that complete "this file is …".</summary>
    public string Said { get; }

    public override string ToString() => Name;

    /// <summary>
    /// Tells a file's kind by its content. The name decides nothing; the overload that takes it says where the two
    /// disagree.
    /// </summary>
    /// <param name="bytes">The whole file.</param>
    public static DocumentKind Detect(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty) return Empty;
        if (bytes.Length > MostBytes) return TooLarge;
        var head = bytes.Span[..Math.Min(bytes.Length, 1024)];
        if (head.IndexOf("%PDF-"u8) >= 0) return Pdf;
        if (head.StartsWith("{\\rt"u8)) return Rtf;
        if (head.StartsWith("PK\u0003\u0004"u8) || head.StartsWith("PK\u0005\u0006"u8)) return DetectZip(bytes);
        if (head.StartsWith(CompoundFile))
            return HasStream(bytes.Span, "WordDocument") ? Doc : HasStream(bytes.Span, "__properties_version1.0") ? Msg : Unknown;
        if (head.StartsWith(TnefMark)) return Tnef;
        if (IsPicture(head)) return Picture;
        if (IsText(bytes.Span)) return IsMessage(head) ? Eml : MarkupIn(head) ?? Text;
        if (IsOldText(bytes.Span)) return IsMessage(head) ? Eml : MarkupIn(head) ?? OldText;
        return IsMessage(head) ? Eml : Unknown;
    }

    /// <summary>As <see cref="Detect(ReadOnlyMemory{byte})"/>, with a sentence where the file's name promises another
    /// kind.</summary>
    public static (DocumentKind Kind, string? Disagrees) Detect(ReadOnlyMemory<byte> bytes, string fileName)
    {
        var kind = Detect(bytes);
        var promised = Path.GetExtension(fileName).ToLowerInvariant() switch
        {
            ".pdf" => Pdf,
            ".docx" or ".docm" or ".dotx" or ".dotm" => Docx,
            ".odt" or ".ott" => Odt,
            ".rtf" => Rtf,
            ".doc" or ".dot" => Doc,
            ".md" or ".markdown" => Text,
            ".txt" => kind == OldText ? OldText : Text,
            ".eml" => Eml,
            ".msg" => Msg,
            _ => null,
        };
        return promised is null || promised == kind ? (kind, null)
            : (kind, $"The file's name promises {promised.Said}, but the file is {kind.Said}.");
    }

    private static ReadOnlySpan<byte> CompoundFile => [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

    private static DocumentKind DetectZip(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var zip = new ZipArchive(new MemoryStream(bytes.ToArray(), writable: false), ZipArchiveMode.Read);
            var names = zip.Entries.Take(5000).Select(e => e.FullName).ToHashSet(StringComparer.OrdinalIgnoreCase);
            if (names.Contains("[Content_Types].xml") && names.Any(n =>
                n.StartsWith("word/", StringComparison.OrdinalIgnoreCase)))
                return Docx;
            if (zip.GetEntry("mimetype") is { Length: < 200 } entry)
            {
                using var reader = new StreamReader(entry.Open(), Encoding.ASCII);
                var type = new char[200];
                var read = reader.ReadBlock(type, 0, type.Length);
                if (new string(type, 0, read).Trim() is "application/vnd.oasis.opendocument.text"
                    or "application/vnd.oasis.opendocument.text-template")
                    return Odt;
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException
            or ArgumentException)
        {
            return Zip; // a ZIP that cannot be read is still one; its reader says what is wrong
        }
        return Zip;
    }

    private static ReadOnlySpan<byte> TnefMark => [0x78, 0x9F, 0x3E, 0x22];

    private static bool IsPicture(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) || head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
        || head.StartsWith("GIF8"u8) || head.StartsWith("II*\0"u8) || head.StartsWith("MM\0*"u8) || (head.StartsWith("BM"u8) && head.Length > 26 && head[6..10].IndexOfAnyExcept((byte)0) < 0)
        || (head.StartsWith("RIFF"u8) && head.Length > 12 && head[8..12].SequenceEqual("WEBP"u8))
        || head.StartsWith((ReadOnlySpan<byte>)[0xD7, 0xCD, 0xC6, 0x9A]) || (head.StartsWith((ReadOnlySpan<byte>)[1, 0, 0, 0]) && head.Length > 44 && head[40..44].SequenceEqual(" EMF"u8));

    /// <summary>Whether the file begins as a message does: a known header field in its first line (RFC 5322 2.2), or an mbox's.</summary>
    private static bool IsMessage(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("From "u8) && head.IndexOf((byte)'\n') is >= 0 and var end)
            head = head[(end + 1)..];
        var colon = head.IndexOf((byte)':');
        if (colon is < 2 or > 60 || head[..colon].IndexOfAnyExcept(FieldCharacters) >= 0)
            return false;
        var name = Encoding.ASCII.GetString(head[..colon]);
        if (!MessageFields.Contains(name) && !name.StartsWith("X-", StringComparison.OrdinalIgnoreCase))
            return false;
        // One field alone may be a note's first line; a message has another, or its body, behind it.
        var rest = Encoding.Latin1.GetString(head[colon..]);
        return MessageFields.Any(f => rest.Contains("\n" + f + ":", StringComparison.OrdinalIgnoreCase));
    }

    private static readonly System.Buffers.SearchValues<byte> FieldCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"u8);

    private static readonly HashSet<string> MessageFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "Return-Path", "Received", "Delivered-To", "Message-ID", "MIME-Version", "Content-Type", "From", "To", "Subject", "Date", "Sender", "Reply-To",
        "DKIM-Signature", "Envelope-to", "X-Original-To", "Content-Transfer-Encoding", "Cc", "In-Reply-To", "References", "Organization", "Precedence",
        "Content-Disposition", "X-Sieve", "Status", "Received-SPF", "Authentication-Results", "ARC-Seal",
    };

    /// <summary>Whether a compound file's directory names a stream (MS-CFB 2.6): "WordDocument" (MS-DOC 2.1.1), or a
    /// message's properties (MS-OXMSG 2.4).</summary>
    private static bool HasStream(ReadOnlySpan<byte> file, string stream)
    {
        if (file.Length < 512) return false;
        var sectorSize = BinaryPrimitives.ReadUInt16LittleEndian(file[30..]) switch { 9 => 512, 12 => 4096, _ => 0 };
        if (sectorSize == 0) return false;
        // The name is looked for at the start of any directory entry, so that damaged sector chains do not matter.
        var name = Encoding.Unicode.GetBytes(stream + "\0");
        for (var sector = sectorSize; sector < file.Length; sector += sectorSize)
            for (var entry = sector; entry < Math.Min(sector + sectorSize, file.Length - name.Length); entry += 128)
                if (file[entry..].StartsWith(name))
                    return true;
        return false;
    }

    /// <summary>What a text is whose beginning is markup: a page, a flat OpenDocument text, or a data file for programs, which nobody reads here; null
    /// where it is none.</summary>
    private static DocumentKind? MarkupIn(ReadOnlySpan<byte> head)
    {
        if (head.IndexOf((byte)'<') < 0)
            return null;
        var start = Encoding.Latin1.GetString(head).Replace("\0", "", StringComparison.Ordinal).TrimStart('\u00EF', '\u00BB', '\u00BF', '\u00FE', '\u00FF', ' ', '\r', '\n', '\t');
        if (start.Contains("urn:oasis:names:tc:opendocument:xmlns:office", StringComparison.Ordinal)) return Fodt;
        if (start.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || start.StartsWith("<html", StringComparison.OrdinalIgnoreCase)
            || (start.StartsWith('<') && start.Contains("<html", StringComparison.OrdinalIgnoreCase)))
            return Html;
        return start.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase) || start.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase) ? Unknown : null;
    }

    /// <summary>Whether bytes that are no UTF-8 are text all the same: UTF-16 or UTF-32 with its mark, or an eight-bit set without control characters.</summary>
    private static bool IsOldText(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) || bytes.StartsWith((ReadOnlySpan<byte>)[0, 0, 0xFE, 0xFF]))
            return true;
        return bytes.IndexOfAny(NotInOldText) < 0;
    }

    private static bool IsText(ReadOnlySpan<byte> bytes) => bytes.IndexOfAny(NotInText) < 0 && System.Text.Unicode.Utf8.IsValid(bytes);

    private static readonly System.Buffers.SearchValues<byte> NotInText =
        System.Buffers.SearchValues.Create([.. Enumerable.Range(0, 0x20).Append(0x7F).Except(['\n', '\r', '\t', '\f']).Select(b => (byte)b)]);

    private static readonly System.Buffers.SearchValues<byte> NotInOldText =
        System.Buffers.SearchValues.Create([.. Enumerable.Range(0, 0x20).Append(0x7F).Except(['\n', '\r', '\t', '\f', 0x1B]).Select(b => (byte)b)]);
}
