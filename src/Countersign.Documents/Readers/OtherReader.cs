using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Xml;

namespace Countersign.Documents.Readers;

/// <summary>Files of no kind of their own: packed files and archives that the platform unpacks, signed data, XML; the rest is unread by its name.</summary>
internal static class OtherReader
{
    private static readonly (byte[] Mark, int At, string Says)[] Marks =
    [
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], 0, "a 7z archive"),
        ("Rar!\u001a\u0007"u8.ToArray(), 0, "a RAR archive"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], 0, "a file packed with xz"),
        ("BZh"u8.ToArray(), 0, "a file packed with bzip2"),
        ([0x28, 0xB5, 0x2F, 0xFD], 0, "a file packed with Zstandard"),
        ("MSCF\0\0\0\0"u8.ToArray(), 0, "a cabinet archive"),
        ("-lh"u8.ToArray(), 2, "an LHA archive"),
        ([0x7F, 0x45, 0x4C, 0x46], 0, "a program"),
        ("MZ"u8.ToArray(), 0, "a program"),
        ([0xFF, 0x57, 0x50, 0x43], 0, "a WordPerfect document"),
        ("SQLite format 3\0"u8.ToArray(), 0, "a database"),
        ("ftyp"u8.ToArray(), 4, "a film or picture"),
        ("OggS"u8.ToArray(), 0, "a sound or film"),
        ("ID3"u8.ToArray(), 0, "a sound"),
        ("!BDN"u8.ToArray(), 0, "an Outlook store"),
        ("ITSF"u8.ToArray(), 0, "a help file"),
        ("CD001"u8.ToArray(), 0x8001, "a disc image"),
        ("%!PS"u8.ToArray(), 0, "a PostScript file"),
    ];

    /// <summary>Whether bytes of an unknown kind begin as something whose name is known.</summary>
    public static bool IsNamed(ReadOnlySpan<byte> bytes) => IsGzip(bytes) || IsTar(bytes) || Cms(bytes) is not null || NameOf(bytes) is not null || bytes.StartsWith(Compound);

    /// <summary>Whether bytes are a signature over something outside them (RFC 5652 5.2), and so hold no text.</summary>
    public static bool IsDetached(byte[] bytes)
    {
        try
        {
            var cms = new SignedCms();
            cms.Decode(bytes);
            return cms.ContentInfo.Content.Length == 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public static void Read(Reading reading)
    {
        var bytes = reading.Bytes.Span;
        if (bytes.StartsWith(Compound))
            ReadCompound(reading);
        else if (IsGzip(bytes))
            ReadGzip(reading);
        else if (IsTar(bytes))
            ReadTar(reading);
        else if (Cms(bytes) is { } cms)
            ReadCms(reading, cms);
        else if (bytes.TrimStart(" \t\r\n\u00EF\u00BB\u00BF"u8) is var start && (start.StartsWith("<?xml"u8) || start.StartsWith("<!DOCTYPE"u8) || start.StartsWith("<!doctype"u8)))
            ReadXml(reading);
        else if (Charsets.Unmarked16(bytes) is { } wide)
            PlainTextReader.Read(reading, wide.GetString(bytes), TextRole.Body, "");
        else if (NameOf(bytes) is { } name)
            reading.Unreadable(UnreadReason.Unknown, default, $"It is {name}, which is not read here.");
        else if (IsNearlyText(bytes))
            PlainTextReader.Read(reading, Charsets.Decode(bytes), TextRole.Body, "");
        else
            reading.Unreadable(UnreadReason.Unknown, default, "It is of an unknown sort, which is not read here.");
    }

    private static ReadOnlySpan<byte> Compound => [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

    private static bool IsGzip(ReadOnlySpan<byte> bytes) => bytes.Length > 18 && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == 8;

    private static bool IsTar(ReadOnlySpan<byte> bytes) => bytes.Length >= 512 && bytes[257..].StartsWith("ustar"u8);

    /// <summary>Text with a stray control character here and there, which programs show all the same.</summary>
    private static bool IsNearlyText(ReadOnlySpan<byte> bytes)
    {
        var control = 0;
        foreach (var b in bytes)
            if (b is (< 0x20 and not ((byte)'\n' or (byte)'\r' or (byte)'\t' or 0x0C)) or 0x7F)
                control++;
        return control * 50 <= bytes.Length;
    }

    private static string? NameOf(ReadOnlySpan<byte> bytes)
    {
        foreach (var (mark, at, says) in Marks)
            if (bytes.Length > at + mark.Length && bytes[at..].StartsWith(mark))
                return says;
        return null;
    }

    private static void ReadGzip(Reading reading)
    {
        using var stream = new GZipStream(new MemoryStream(reading.Bytes.ToArray(), writable: false), CompressionMode.Decompress);
        var name = reading.Name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? reading.Name[..^3] : "";
        reading.Part(reading.PayFor(stream), name);
    }

    private static void ReadTar(Reading reading)
    {
        using var tar = new TarReader(new MemoryStream(reading.Bytes.ToArray(), writable: false));
        while (tar.GetNextEntry() is { } entry)
        {
            reading.Tick();
            if (entry.DataStream is { } data)
                reading.Part(reading.PayFor(data), entry.Name);
            else
                reading.Text(entry.Name, TextRole.Name);
        }
    }

    /// <summary>Which content a CMS file says that it has: the last arc of its type (RFC 5652 4), or null where it is none.</summary>
    private static byte? Cms(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 20 || bytes[0] != 0x30)
            return null;
        ReadOnlySpan<byte> pkcs7 = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07];
        return bytes[..20].IndexOf(pkcs7) is > 0 and < 9 and var at ? bytes[at + 10] : null;
    }

    private static void ReadCms(Reading reading, byte type)
    {
        switch (type)
        {
            case 2:
                var cms = new SignedCms();
                cms.Decode(reading.Bytes.Span);
                reading.Pay(cms.ContentInfo.Content.Length);
                if (cms.ContentInfo.Content.Length > 0)
                    reading.Part(cms.ContentInfo.Content, "", new Place("signed"), DocumentKind.Eml);
                break;
            case 3 or 6:
                reading.Unreadable(UnreadReason.Encrypted, default, "It is encrypted (S/MIME).");
                break;
            default:
                reading.Unreadable(UnreadReason.Unknown, default, "It is a cryptographic message of a sort that is not read here.");
                break;
        }
    }

    private static void ReadXml(Reading reading)
    {
        using var text = new StringReader(HtmlReader.Decode(reading.Bytes.Span, null).TrimStart('\uFEFF', ' ', '\r', '\n', '\t'));
        reading.Pay(reading.Bytes.Length);
        if (reading.Bytes.Span.IndexOf("<!ENTITY"u8) >= 0)
            reading.Unreadable(UnreadReason.Unknown, default, "Its XML declares texts of its own or of elsewhere, which are not followed.");
        var head = reading.Bytes.Span[..Math.Min(reading.Bytes.Length, 4096)];
        if (head.IndexOf("<!DOCTYPE"u8) is >= 0 and var type && (head[type..].IndexOf(" SYSTEM "u8) >= 0 || head[type..].IndexOf(" PUBLIC "u8) >= 0))
            reading.Found(OddityKind.ExternalLink, default, "a document type from elsewhere, which is not followed");
        try
        {
            using var xml = XmlReader.Create(text, XmlText.Settings(reading));
            var count = 0;
            while (xml.Read())
            {
                reading.Tick();
                if (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA)
                    reading.Text(xml.Value.Trim(), TextRole.Body, new Place("", 0, ++count));
                else if (xml.NodeType == XmlNodeType.Comment)
                    reading.Text(xml.Value.Trim(), TextRole.Hidden, new Place("", 0, count));
                else if (xml.NodeType == XmlNodeType.Element)
                    while (xml.MoveToNextAttribute())
                        if (xml.Value.Length > 40 && xml.Value.AsSpan().Count(' ') > 4)
                            reading.Text(xml.Value, TextRole.Hidden, new Place("", 0, count));
            }
        }
        catch (XmlException e)
        {
            reading.Unreadable(UnreadReason.Damaged, default, $"Its XML is broken at line {e.LineNumber}.");
            PlainTextReader.Read(reading);
        }
    }

    private static void ReadCompound(Reading reading)
    {
        var file = new CompoundFile(reading, reading.Bytes);
        var root = file.Root;
        if (root.Stream("EncryptedPackage") is not null)
            reading.Unreadable(UnreadReason.Encrypted, default, "It is an office document behind a password.");
        else
        {
            var name = root.Stream("Workbook") is not null || root.Stream("Book") is not null ? "an old Excel sheet (XLS)"
                : root.Stream("PowerPoint Document") is not null ? "an old PowerPoint file (PPT)"
                : root.Stream("VisioDocument") is not null ? "a Visio drawing"
                : root.Stream("Quill") is not null || root.Folder("Quill") is not null ? "a Publisher file"
                : root.Streams.Count + root.Storages.Count == 0 ? "a damaged compound file"
                : "a compound file of an unknown sort";
            reading.Unreadable(UnreadReason.Unknown, default, $"It is {name}, which is not read here.");
        }
        PropertySets.Read(reading, file, root);
        CompoundParts.Read(reading, file, root);
    }
}

/// <summary>How foreign XML is read: no entities, nothing fetched, bounded.</summary>
internal static class XmlText
{
    public static XmlReaderSettings Settings(Reading reading)
    {
        reading.Tick();
        return new() { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null, MaxCharactersFromEntities = 1, CheckCharacters = false, CloseInput = true, IgnoreWhitespace = false };
    }
}

/// <summary>Pictures: unread, unless their letters are to be read and can be.</summary>
internal static class PictureReader
{
    private const int SmallestText = 24;
    private static readonly Lazy<string?> Program = new(() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(f => Path.Combine(f, OperatingSystem.IsWindows() ? "tesseract.exe" : "tesseract")).FirstOrDefault(File.Exists));

    public static void Read(Reading reading)
    {
        reading.Found(OddityKind.Picture, default, reading.Name);
        if (IsTiny(reading.Bytes.Span))
            return; // no line of letters fits: a pixel that counts readers, a bullet, a rule
        if (!reading.Bounds.Ocr)
            reading.Unreadable(UnreadReason.Picture, default, "It is a picture, which may show text.");
        else if (Program.Value is null)
            reading.Unreadable(UnreadReason.Picture, default, "It is a picture, and tesseract, which reads the letters of pictures, is not installed.");
        else if (Recognise(reading) is { } text)
            PlainTextReader.Read(reading, text, TextRole.Body, "picture");
        else
            reading.Unreadable(UnreadReason.Picture, default, "It is a picture that tesseract could not read.");
    }

    private static string? Recognise(Reading reading)
    {
        var input = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(input, reading.Bytes.Span);
            using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Program.Value!, [input, "stdout"])
            { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, Environment = { ["OMP_THREAD_LIMIT"] = "1" } })!;
            var said = process.StandardOutput.ReadToEndAsync();
            var complaints = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Math.Max(1, (int)reading.TimeLeft.TotalMilliseconds)))
            {
                process.Kill(entireProcessTree: true);
                reading.Tick();
                return null;
            }
            _ = complaints.Result;
            var text = said.Result;
            reading.Pay(text.Length);
            return process.ExitCode == 0 ? text : null;
        }
        finally
        {
            File.Delete(input);
        }
    }

    /// <summary>Whether a PNG, GIF or BMP says that it is lower or narrower than a word.</summary>
    private static bool IsTiny(ReadOnlySpan<byte> b)
    {
        var (width, height) = b.Length > 24 && b[0] == 0x89 ? (Big(b[16..]), Big(b[20..]))
            : b.StartsWith("GIF8"u8) && b.Length > 10 ? (CompoundFile.U16(b, 6), CompoundFile.U16(b, 8))
            : b.StartsWith("BM"u8) && b.Length > 26 ? (CompoundFile.U32(b, 18), CompoundFile.U32(b, 22)) : (uint.MaxValue, uint.MaxValue);
        return (width < SmallestText && height < SmallestText) || Math.Min(width, height) <= 2;

        static uint Big(ReadOnlySpan<byte> s) => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(s);
    }
}
