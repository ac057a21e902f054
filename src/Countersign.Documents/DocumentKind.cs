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
        if (head.StartsWith("{\\rtf"u8)) return Rtf;
        if (head.StartsWith("PK\u0003\u0004"u8)) return DetectZip(bytes);
        if (head.StartsWith(CompoundFile)) return HasWordStream(bytes.Span) ? Doc : Unknown;
        return IsText(bytes.Span) && !IsMarkup(head) ? Text : Unknown;
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
            ".md" or ".markdown" or ".txt" => Text,
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
            return Unknown; // a ZIP that cannot be read is nothing that a letter can come from
        }
        return Unknown;
    }

    /// <summary>Whether a compound file's directory names the stream "WordDocument" (MS-CFB 2.6, MS-DOC
    /// 2.1.1).</summary>
    private static bool HasWordStream(ReadOnlySpan<byte> file)
    {
        if (file.Length < 512) return false;
        var sectorSize = BinaryPrimitives.ReadUInt16LittleEndian(file[30..]) switch { 9 => 512, 12 => 4096, _ => 0 };
        if (sectorSize == 0) return false;
        // The name is looked for at the start of any directory entry, so that damaged sector chains do not matter.
        var name = Encoding.Unicode.GetBytes("WordDocument\0");
        for (var sector = sectorSize; sector < file.Length; sector += sectorSize)
            for (var entry = sector; entry < Math.Min(sector + sectorSize, file.Length - name.Length); entry += 128)
                if (file[entry..].StartsWith(name))
                    return true;
        return false;
    }

    /// <summary>Whether a text is a page or a data file for programs, which nobody wants set as a letter.</summary>
    private static bool IsMarkup(ReadOnlySpan<byte> head)
    {
        var start = Encoding.Latin1.GetString(head).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\r', '\n', '\t');
        return start.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase)
            || start.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase)
            || start.StartsWith("<html", StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes)) return false;
        foreach (var b in bytes)
            if (b is (< 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t' or 0x0C)) or 0x7F)
                return false;
        return true;
    }
}
