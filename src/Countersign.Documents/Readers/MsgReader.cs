using System.Globalization;
using System.Text;

namespace Countersign.Documents.Readers;

/// <summary>Messages as Outlook keeps them (MS-OXMSG): fields, bodies in all forms, attachments; messages inside are read as pieces of this document.</summary>
internal static class MsgReader
{
    private const int MostNested = 12;

    private static readonly string[] RecipientNames = ["3001", "3003", "39FE"], FileNames = ["3707", "3704", "3001"];

    public static void Read(Reading reading)
    {
        var file = new CompoundFile(reading, reading.Bytes);
        Read(reading, file, file.Root, "", 0);
    }

    /// <summary>The properties with text that people read, by their numbers (MS-OXPROPS).</summary>
    private static readonly (string Property, TextRole Role, string Label)[] Fields =
    [
        ("0037", TextRole.MailHeader, "subject"), ("0C1A", TextRole.MailHeader, "from"), ("0C1F", TextRole.MailHeader, "from"), ("5D01", TextRole.MailHeader, "from"),
        ("0042", TextRole.MailHeader, "from"), ("0E04", TextRole.MailHeader, "to"), ("0E03", TextRole.MailHeader, "cc"), ("0E02", TextRole.MailHeader, "bcc"),
        ("0070", TextRole.Metadata, "conversation"), ("0E1D", TextRole.MailHeader, "subject"), ("3FFA", TextRole.Metadata, MetadataLabels.LastAuthor), ("3FF8", TextRole.Metadata, MetadataLabels.Author),
        ("3A16", TextRole.Metadata, MetadataLabels.Company),
    ];

    private static void Read(Reading reading, CompoundFile file, CompoundFile.Storage at, string part, int depth)
    {
        reading.Tick();
        if (depth > MostNested)
        {
            reading.Unreadable(UnreadReason.TooDeep, new Place(part), $"Messages lie in one another more than {MostNested} deep.");
            return;
        }
        var page = CodePage(file, at);
        var said = new HashSet<(string, string)>();
        foreach (var (property, role, label) in Fields)
            if (Text(file, at, property, page).Trim('\0', ' ', '\r', '\n') is { Length: > 0 } value && said.Add((label, value)))
                reading.Text(value, role, new Place(part.Length == 0 ? label : part + ", " + label), label);
        foreach (var recipient in at.Storages.Where(s => s.Name.StartsWith("__recip_version1.0_", StringComparison.OrdinalIgnoreCase)))
        {
            var who = string.Join(' ', RecipientNames.Select(p => Text(file, recipient, p, page).Trim('\0')).Where(s => s.Length > 0).Distinct());
            reading.Text(who, TextRole.MailHeader, new Place(part.Length == 0 ? "to" : part + ", to"), "to");
        }
        PlainTextReader.Read(reading, Text(file, at, "1000", page).TrimEnd('\0'), TextRole.Body, part);
        if (at.Stream("__substg1.0_10130102") is { } html)
            HtmlReader.Read(reading, HtmlReader.Decode(file.Read(html), null), part);
        else if (Text(file, at, "1013", page) is { Length: > 0 } markup)
            HtmlReader.Read(reading, markup.TrimEnd('\0'), part);
        if (at.Stream("__substg1.0_10090102") is { } packed)
            ReadRtf(reading, file.Read(packed), part);
        foreach (var attachment in at.Storages.Where(s => s.Name.StartsWith("__attach_version1.0_", StringComparison.OrdinalIgnoreCase)))
            ReadAttachment(reading, file, attachment, page, part, depth);
        foreach (var name in at.Streams.Where(s => s.Name.StartsWith("__substg1.0_8", StringComparison.OrdinalIgnoreCase)))
            if (name.Name.EndsWith("001F", StringComparison.OrdinalIgnoreCase) && name.Length > 60)
                reading.Text(Encoding.Unicode.GetString(file.Read(name)).Trim('\0'), TextRole.Metadata, new Place(part), "named property");
    }

    private static void ReadAttachment(Reading reading, CompoundFile file, CompoundFile.Storage attachment, Encoding page, string part, int depth)
    {
        var name = FileNames.Select(p => Text(file, attachment, p, page).Trim('\0')).FirstOrDefault(s => s.Length > 0) ?? "";
        if (attachment.Folder("__substg1.0_3701000D") is { } inner)
        {
            reading.Text(name, TextRole.Name, new Place(part));
            if (inner.Stream("__properties_version1.0") is not null)
            {
                Read(reading, file, inner, part.Length == 0 ? "attached message" : part + ", attached message", depth + 1);
                return;
            }
            reading.Found(OddityKind.EmbeddedObject, new Place(part), name);
            if (inner.Stream("WordDocument") is not null)
                DocReader.Read(reading, file, inner, name);
            CompoundParts.Read(reading, file, inner);
            return;
        }
        if (attachment.Stream("__substg1.0_37010102") is { } data)
            reading.Part(file.Read(data), name, new Place(part));
        else
            reading.Text(name, TextRole.Name, new Place(part));
    }

    /// <summary>A body in compressed Rich Text (MS-OXRTFCP).</summary>
    private static void ReadRtf(Reading reading, byte[] packed, string part)
    {
        if (packed.Length < 16)
            return;
        using var source = new MemoryStream(packed, writable: false);
        using var filtered = new MimeKit.IO.FilteredStream(source);
        filtered.Add(new MimeKit.Tnef.RtfCompressedToRtf());
        var rtf = reading.PayFor(filtered);
        if (rtf.Length > 0)
            reading.Part(rtf, "", new Place(part.Length == 0 ? "rich text body" : part + ", rich text body"));
    }

    /// <summary>The character set of the eight-bit strings: PidTagMessageCodepage or PidTagInternetCodepage of the properties stream (MS-OXMSG 2.4.2), else
    /// Windows-1252.</summary>
    private static Encoding CodePage(CompoundFile file, CompoundFile.Storage at)
    {
        var properties = file.Read(at.Stream("__properties_version1.0"));
        for (var skip = 24; skip <= 32; skip += 8)
            for (var i = skip; i + 16 <= properties.Length; i += 16)
                if (CompoundFile.U32(properties, i) is 0x3FFD0003 or 0x3FDE0003 && Charsets.OfCodePage((int)Math.Min(CompoundFile.U32(properties, i + 8), 70_000)) is { CodePage: not (1200 or 1201) } page)
                    return page;
        return Charsets.OfCodePage(1252)!;
    }

    private static string Text(CompoundFile file, CompoundFile.Storage at, string property, Encoding page)
    {
        if (at.Stream(string.Create(CultureInfo.InvariantCulture, $"__substg1.0_{property}001F")) is { } wide)
            return Encoding.Unicode.GetString(file.Read(wide));
        if (at.Stream(string.Create(CultureInfo.InvariantCulture, $"__substg1.0_{property}001E")) is not { } narrow)
            return "";
        var bytes = file.Read(narrow);
        return page.CodePage == 1252 ? Charsets.Decode(bytes) : page.GetString(bytes);
    }
}
