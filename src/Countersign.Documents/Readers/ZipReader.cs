using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Xml;

namespace Countersign.Documents.Readers;

/// <summary>
/// Archives (APPNOTE 6.3.10), and the sheets and slides that are archives. Members are found by the central directory and, where there is none or where it
/// leaves bytes out, by their local headers. What a member says of its size is not believed.
/// </summary>
internal static class ZipReader
{
    private sealed record Member(string Name, int Method, bool Encrypted, long Local, long From, long Packed, long End, bool Listed);

    public static void Read(Reading reading)
    {
        var file = reading.Bytes;
        var members = List(reading, file.Span);
        var names = members.Select(m => m.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (names.Contains("[Content_Types].xml") && names.Any(n => n.StartsWith("xl/", StringComparison.OrdinalIgnoreCase) || n.StartsWith("ppt/", StringComparison.OrdinalIgnoreCase)))
            ReadOffice(reading, file, members);
        else if (members.Find(m => m.Name == "mimetype") is { } type && Encoding.ASCII.GetString(Unpack(reading, file, type) ?? []).StartsWith("application/vnd.oasis.opendocument.", StringComparison.Ordinal))
            ReadOpenDocument(reading, file, members);
        else
            foreach (var member in members)
                ReadMember(reading, file, member);
    }

    private static void ReadMember(Reading reading, ReadOnlyMemory<byte> file, Member member)
    {
        reading.Tick();
        var place = new Place(member.Name);
        if (!member.Listed)
            reading.Found(OddityKind.HiddenPart, place, member.Name);
        if (member.Name.EndsWith('/') && member.Packed == 0)
            reading.Text(member.Name, TextRole.Name, place);
        else if (member.Encrypted)
        {
            reading.Text(member.Name, TextRole.Name, place);
            reading.Unreadable(UnreadReason.Encrypted, place, "It is behind a password.");
        }
        else if (Unpack(reading, file, member) is { } bytes)
            reading.Part(bytes, member.Name, place);
        else
            reading.Text(member.Name, TextRole.Name, place);
    }

    /// <summary>A member's bytes, as far as they can be unpacked; null where nothing can.</summary>
    private static byte[]? Unpack(Reading reading, ReadOnlyMemory<byte> file, Member member)
    {
        var place = new Place(member.Name);
        if (member.Encrypted)
            return null;
        var packed = file.Slice((int)member.From, (int)member.Packed);
        if (member.Method == 0)
        {
            reading.Pay(packed.Length);
            return packed.ToArray();
        }
        if (member.Method != 8)
        {
            reading.Unreadable(UnreadReason.Unknown, place, $"It is packed by a method ({member.Method}) that is not unpacked here.");
            return null;
        }
        using var all = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            using var inflated = new DeflateStream(new MemoryStream(packed.ToArray(), writable: false), CompressionMode.Decompress);
            for (int read; (read = inflated.Read(buffer)) > 0;)
            {
                reading.Pay(read);
                all.Write(buffer, 0, read);
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            reading.Unreadable(UnreadReason.Damaged, place, "It is damaged; what came before the damage was read.");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return all.ToArray();
    }

    private static List<Member> List(Reading reading, ReadOnlySpan<byte> file)
    {
        var members = new List<Member>();
        var directory = Directory(file);
        var end = directory?.From ?? file.Length;
        for (long at = directory?.From ?? file.Length; at + 46 <= file.Length && file[(int)at..].StartsWith("PK\u0001\u0002"u8);)
        {
            reading.Tick();
            var entry = file[(int)at..];
            int nameLength = CompoundFile.U16(entry, 28), extra = CompoundFile.U16(entry, 30), comment = CompoundFile.U16(entry, 32);
            if (46 + nameLength + extra > entry.Length)
                break;
            long packed = CompoundFile.U32(entry, 20), size = CompoundFile.U32(entry, 24), local = CompoundFile.U32(entry, 42);
            Wide(entry.Slice(46 + nameLength, extra), ref size, ref packed, ref local);
            var utf8 = (CompoundFile.U16(entry, 8) & 0x800) != 0;
            Add(members, file, local + (directory?.Shift ?? 0), entry.Slice(46, nameLength), utf8, CompoundFile.U16(entry, 10), CompoundFile.U16(entry, 8), packed, listed: true);
            var said = entry.Slice(46 + nameLength + extra, Math.Min(comment, entry.Length - 46 - nameLength - extra));
            if (!said.IsEmpty) reading.Text(Charsets.Decode(said), TextRole.Metadata, new Place("comment of a member"), MetadataLabels.Description);
            at += 46 + nameLength + extra + comment;
        }
        if (directory is { Comment.Length: > 0 } known)
            reading.Text(Charsets.Decode(file.Slice(known.Comment.From, known.Comment.Length)), TextRole.Metadata, new Place("comment"), MetadataLabels.Description);
        if (directory is null)
            reading.Unreadable(UnreadReason.Damaged, default, "Its directory is missing; its members were looked for one by one.");
        Gaps(reading, file, members, end, directory?.End ?? end);
        return members;
    }

    /// <summary>Members and bytes that the directory does not list: between, before and behind those that it does.</summary>
    private static void Gaps(Reading reading, ReadOnlySpan<byte> file, List<Member> members, long directory, long end)
    {
        long at = 0;
        var found = new List<Member>();
        foreach (var (from, to) in members.Select(m => (m.Local, m.End)).Append((directory, end)).OrderBy(r => r.Item1).ToList())
        {
            if (from > at) Gap(file, at, from);
            at = Math.Max(at, to);
        }
        if (at < file.Length) Gap(file, at, file.Length);
        members.AddRange(found);

        void Gap(ReadOnlySpan<byte> file, long from, long to)
        {
            while (from + 30 <= to && file[(int)from..(int)to].IndexOf("PK\u0003\u0004"u8) is >= 0 and var next)
            {
                reading.Tick();
                if (next > 32) Strange(file, from, from + next);
                from += next;
                var local = file[(int)from..];
                var before = found.Count;
                if (local.Length >= 30)
                {
                    var name = Math.Min(CompoundFile.U16(local, 26), local.Length - 30);
                    var flags = CompoundFile.U16(local, 6);
                    long packed = CompoundFile.U32(local, 18);
                    if (packed == 0 || packed == uint.MaxValue || packed > to - from)
                        packed = NextMark(file, from + 30, to) - from - 30 - name - CompoundFile.U16(local, 28);
                    Add(found, file, from, local.Slice(30, name), (flags & 0x800) != 0, CompoundFile.U16(local, 8), flags, Math.Max(0, packed), listed: false);
                }
                from = found.Count > before && !members.Exists(m => m.From == found[^1].From) ? Math.Max(found[^1].End, from + 4) : from + 4;
                if (found.Count > before && members.Exists(m => m.From == found[^1].From))
                    found.RemoveAt(found.Count - 1);
            }
            if (to - from > 64) Strange(file, from, to);
        }

        void Strange(ReadOnlySpan<byte> file, long from, long to)
        {
            var bytes = file[(int)from..(int)to];
            if (bytes.StartsWith("PK"u8) || bytes.IndexOfAnyExcept((byte)0) < 0)
                return;
            reading.Found(OddityKind.HiddenPart, new Place("between the members"), $"{bytes.Length} bytes");
            reading.Part(bytes.ToArray(), "", new Place("between the members"));
        }
    }

    private static long NextMark(ReadOnlySpan<byte> file, long from, long to)
    {
        if (from >= to)
            return to;
        var rest = file[(int)from..(int)to];
        int a = rest.IndexOf("PK\u0003\u0004"u8), b = rest.IndexOf("PK\u0001\u0002"u8), c = rest.IndexOf("PK\u0007\u0008"u8);
        var least = new[] { a, b, c }.Where(i => i >= 0).DefaultIfEmpty(rest.Length).Min();
        return from + least;
    }

    private static void Add(List<Member> members, ReadOnlySpan<byte> file, long local, ReadOnlySpan<byte> name, bool utf8, int method, int flags, long packed, bool listed)
    {
        if (local < 0 || local + 30 > file.Length)
            return;
        var header = file[(int)local..];
        var from = local + 30 + CompoundFile.U16(header, 26) + CompoundFile.U16(header, 28);
        if (!header.StartsWith("PK\u0003\u0004"u8) || from > file.Length)
            return;
        packed = Math.Clamp(packed, 0, file.Length - from);
        members.Add(new Member(utf8 ? Encoding.UTF8.GetString(name) : Charsets.Decode(name), method, (flags & 1) != 0, local, from, packed, from + packed, listed));
    }

    /// <summary>Sizes of more than 32 bits (APPNOTE 4.5.3).</summary>
    private static void Wide(ReadOnlySpan<byte> extra, ref long size, ref long packed, ref long local)
    {
        while (extra.Length >= 4)
        {
            var length = CompoundFile.U16(extra, 2);
            if (length + 4 > extra.Length)
                return;
            if (CompoundFile.U16(extra, 0) == 1)
            {
                var values = extra.Slice(4, length);
                foreach (var which in (ReadOnlySpan<int>)[0, 1, 2])
                {
                    if ((which switch { 0 => size, 1 => packed, _ => local }) != uint.MaxValue || values.Length < 8)
                        continue;
                    var value = (long)Math.Min(CompoundFile.U64(values, 0), int.MaxValue);
                    values = values[8..];
                    if (which == 0) size = value;
                    else if (which == 1) packed = value;
                    else local = value;
                }
            }
            extra = extra[(4 + length)..];
        }
    }

    /// <summary>Where the directory lies, and how far its offsets are from the truth, where bytes were put before the archive.</summary>
    private static (long From, long End, long Shift, (int From, int Length) Comment)? Directory(ReadOnlySpan<byte> file)
    {
        var least = Math.Max(0, file.Length - 65_557);
        var at = file[least..].LastIndexOf("PK\u0005\u0006"u8);
        if (at < 0 || least + at + 22 > file.Length)
            return null;
        at += least;
        long size = CompoundFile.U32(file, at + 12), from = CompoundFile.U32(file, at + 16);
        long end = at;
        if (from == uint.MaxValue && at >= 20 && file[(at - 20)..].StartsWith("PK\u0006\u0007"u8))
        {
            var wide = CompoundFile.U64(file, at - 20 + 8);
            if (wide + 56 <= (ulong)file.Length && file[(int)wide..].StartsWith("PK\u0006\u0006"u8))
            {
                size = (long)Math.Min(CompoundFile.U64(file, (int)wide + 40), int.MaxValue);
                from = (long)Math.Min(CompoundFile.U64(file, (int)wide + 48), int.MaxValue);
                end = (long)wide;
            }
        }
        var comment = Math.Min(CompoundFile.U16(file, at + 20), file.Length - at - 22);
        var real = end - size;
        if (from < file.Length - 4 && file[(int)from..].StartsWith("PK\u0001\u0002"u8)) real = from;
        if (real < 0 || real > file.Length)
            return null;
        return (real, at + 22 + comment, real - from, (at + 22, comment));
    }

    private static void ReadOffice(Reading reading, ReadOnlyMemory<byte> file, List<Member> members)
    {
        foreach (var member in members.OrderBy(m => m.Name.Length).ThenBy(m => m.Name, StringComparer.Ordinal))
        {
            reading.Tick();
            var name = member.Name.ToLowerInvariant();
            var place = new Place(member.Name);
            if (name.EndsWith("vbaproject.bin", StringComparison.Ordinal))
                reading.Found(OddityKind.Macro, place, member.Name);
            else if (name.Contains("/media/", StringComparison.Ordinal))
                ReadMember(reading, file, member);
            else if (name.Contains("/embeddings/", StringComparison.Ordinal) || !member.Listed)
            {
                reading.Found(OddityKind.EmbeddedObject, place, member.Name);
                ReadMember(reading, file, member);
            }
            else if (name.EndsWith(".rels", StringComparison.Ordinal))
                Elements(reading, file, member, (xml, _) =>
                {
                    if (xml.GetAttribute("TargetMode") == "External" && !(xml.GetAttribute("Type") ?? "").EndsWith("/hyperlink", StringComparison.Ordinal))
                        reading.Found(OddityKind.ExternalLink, place, xml.GetAttribute("Target") ?? "");
                }, null, TextRole.Body);
            else if (name.EndsWith(".xml", StringComparison.Ordinal))
                ReadOfficeXml(reading, file, member, name, place);
            else if (!name.EndsWith(".bin", StringComparison.Ordinal) && !name.EndsWith(".vml", StringComparison.Ordinal))
                ReadMember(reading, file, member);
        }
    }

    private static void ReadOfficeXml(Reading reading, ReadOnlyMemory<byte> file, Member member, string name, Place place)
    {
        if (name.StartsWith("docprops/", StringComparison.Ordinal))
            Elements(reading, file, member, null, n => n switch
            {
                "title" => MetadataLabels.Title,
                "subject" => MetadataLabels.Subject,
                "creator" => MetadataLabels.Author,
                "lastModifiedBy" => MetadataLabels.LastAuthor,
                "keywords" => MetadataLabels.Keywords,
                "description" => MetadataLabels.Description,
                "Company" => MetadataLabels.Company,
                "Manager" => MetadataLabels.Manager,
                "Application" => MetadataLabels.Program,
                "created" => MetadataLabels.Created,
                "modified" => MetadataLabels.Modified,
                "lpwstr" => "property",
                _ => null,
            }, TextRole.Metadata);
        else if (name.Contains("styles", StringComparison.Ordinal) || name.Contains("theme", StringComparison.Ordinal) || name.Contains("slidelayout", StringComparison.Ordinal))
            return;
        else
        {
            var role = name.Contains("comment", StringComparison.Ordinal) || name.Contains("notesslide", StringComparison.Ordinal) ? TextRole.Comment : name.Contains("drawing", StringComparison.Ordinal) ? TextRole.TextBox : TextRole.Body;
            Paragraphs(reading, file, member, role, place);
        }
    }

    /// <summary>The text of sheets and slides: a passage for each paragraph, shared string or cell.</summary>
    private static void Paragraphs(Reading reading, ReadOnlyMemory<byte> file, Member member, TextRole role, Place place) => Nodes(reading, file, member, xml =>
    {
        var text = new StringBuilder();
        var inText = 0;
        var number = 0;
        var cell = "";
        while (xml.Read())
        {
            reading.Tick();
            switch (xml.NodeType)
            {
                case XmlNodeType.Element:
                    if (xml.LocalName is "sheet" or "sld" && (xml.GetAttribute("state") is "hidden" or "veryHidden" || xml.GetAttribute("show") is "0"))
                        reading.Found(OddityKind.HiddenPart, place, xml.GetAttribute("name") ?? member.Name);
                    if (xml.LocalName == "sheet") reading.Text(xml.GetAttribute("name"), TextRole.Body, place);
                    if (xml.LocalName == "cNvPr" && xml.GetAttribute("descr") is { Length: > 0 } alt) reading.Text(alt, TextRole.AltText, place);
                    if (xml.LocalName == "c") cell = xml.GetAttribute("t") ?? "n";
                    if (!xml.IsEmptyElement && (xml.LocalName is "t" or "text" || xml.LocalName is "oddHeader" or "oddFooter" || (xml.LocalName == "v" && cell == "str"))) inText++;
                    else if (xml.LocalName is "br" or "tab") text.Append(' ');
                    break;
                case XmlNodeType.EndElement:
                    if (xml.LocalName is "t" or "text" or "oddHeader" or "oddFooter" || (xml.LocalName == "v" && cell == "str")) inText = Math.Max(0, inText - 1);
                    if (xml.LocalName is "p" or "si" or "is" or "c" or "text" or "comment" or "oddHeader" or "oddFooter") End();
                    break;
                case XmlNodeType.Text or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace or XmlNodeType.CDATA when inText > 0:
                    text.Append(xml.Value);
                    break;
            }
        }
        End();

        void End()
        {
            if (text.Length == 0)
                return;
            reading.Text(text.ToString().Trim(), role, place with { Paragraph = ++number });
            text.Clear();
        }
    });

    private static void ReadOpenDocument(Reading reading, ReadOnlyMemory<byte> file, List<Member> members)
    {
        foreach (var member in members)
        {
            reading.Tick();
            var place = new Place(member.Name);
            if (member.Name == "meta.xml")
                Elements(reading, file, member, null, n => n switch
                {
                    "title" => MetadataLabels.Title,
                    "subject" => MetadataLabels.Subject,
                    "description" => MetadataLabels.Description,
                    "initial-creator" => MetadataLabels.Author,
                    "creator" => MetadataLabels.LastAuthor,
                    "keyword" => MetadataLabels.Keywords,
                    "generator" => MetadataLabels.Program,
                    "creation-date" => MetadataLabels.Created,
                    "date" => MetadataLabels.Modified,
                    "user-defined" => "property",
                    _ => null,
                }, TextRole.Metadata);
            else if (member.Name.EndsWith("content.xml", StringComparison.Ordinal) || member.Name.EndsWith("styles.xml", StringComparison.Ordinal))
                OpenText(reading, file, member, member.Name.EndsWith("styles.xml", StringComparison.Ordinal) ? TextRole.Header : TextRole.Body, place);
            else if (member.Name.StartsWith("Basic/", StringComparison.Ordinal) && member.Name.EndsWith(".xml", StringComparison.Ordinal) && !member.Name.EndsWith("script-lc.xml", StringComparison.Ordinal))
                reading.Found(OddityKind.Macro, place, member.Name);
            else if (member.Name.StartsWith("Pictures/", StringComparison.Ordinal) || member.Name.StartsWith("Object", StringComparison.Ordinal) && !member.Name.EndsWith('/') && !member.Name.EndsWith(".xml", StringComparison.Ordinal) || !member.Listed)
                ReadMember(reading, file, member);
        }
    }

    private static void OpenText(Reading reading, ReadOnlyMemory<byte> file, Member member, TextRole role, Place place) => Nodes(reading, file, member, xml =>
    {
        var text = new StringBuilder();
        int inText = 0, note = 0, number = 0;
        while (xml.Read())
        {
            reading.Tick();
            if (xml.NodeType == XmlNodeType.Element)
            {
                if (xml.LocalName is "p" or "h" && !xml.IsEmptyElement) inText++;
                if (xml.LocalName == "annotation" && !xml.IsEmptyElement)
                {
                    End();
                    note++;
                }
                if (xml.LocalName is "s" or "tab" or "line-break") text.Append(' ');
            }
            else if (xml.NodeType == XmlNodeType.EndElement)
            {
                if (xml.LocalName is "p" or "h")
                {
                    inText = Math.Max(0, inText - 1);
                    End();
                }
                if (xml.LocalName == "annotation") note--;
            }
            else if (inText > 0 && xml.NodeType is XmlNodeType.Text or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace or XmlNodeType.CDATA && inText > 0)
                text.Append(xml.Value);
        }
        End();

        void End()
        {
            if (text.Length > 0)
                reading.Text(text.ToString().Trim(), note > 0 ? TextRole.Comment : role, place with { Paragraph = ++number });
            text.Clear();
        }
    });

    /// <summary>Shows each element to a visitor, and makes a passage of the text of each whose name has a label.</summary>
    private static void Elements(Reading reading, ReadOnlyMemory<byte> file, Member member, Action<XmlReader, Place>? visit, Func<string, string?>? label, TextRole role) => Nodes(reading, file, member, xml =>
    {
        var place = new Place(member.Name);
        string? current = null;
        while (xml.Read())
        {
            reading.Tick();
            if (xml.NodeType == XmlNodeType.Element)
            {
                visit?.Invoke(xml, place);
                current = label?.Invoke(xml.LocalName);
            }
            else if (xml.NodeType == XmlNodeType.EndElement)
                current = null;
            else if (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && current is not null)
                reading.Text(xml.Value.Trim(), role, place, current);
        }
    });

    private static void Nodes(Reading reading, ReadOnlyMemory<byte> file, Member member, Action<XmlReader> read)
    {
        if (Unpack(reading, file, member) is not { } bytes)
        {
            if (member.Encrypted) reading.Unreadable(UnreadReason.Encrypted, new Place(member.Name), "It is behind a password.");
            return;
        }
        try
        {
            using var xml = XmlReader.Create(new MemoryStream(bytes, writable: false), XmlText.Settings(reading));
            read(xml);
        }
        catch (XmlException e)
        {
            reading.Unreadable(UnreadReason.Damaged, new Place(member.Name), $"Its XML is broken at line {e.LineNumber}.");
        }
    }
}
