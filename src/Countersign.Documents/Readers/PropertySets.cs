using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Countersign.Documents.Readers;

/// <summary>What a compound file says of itself: its property sets (MS-OLEPS 2.21, MS-OSHARED 2.3.3).</summary>
internal static class PropertySets
{
    public static void Read(Reading reading, CompoundFile file, CompoundFile.Storage root)
    {
        Read(reading, file.Read(root.Stream("\u0005SummaryInformation")), id => id switch
        {
            2 => MetadataLabels.Title,
            3 => MetadataLabels.Subject,
            4 => MetadataLabels.Author,
            5 => MetadataLabels.Keywords,
            6 => MetadataLabels.Description,
            7 => MetadataLabels.Template,
            8 => MetadataLabels.LastAuthor,
            12 => MetadataLabels.Created,
            13 => MetadataLabels.Modified,
            18 => MetadataLabels.Program,
            _ => null,
        });
        Read(reading, file.Read(root.Stream("\u0005DocumentSummaryInformation")), id => id switch
        {
            2 => "category",
            14 => MetadataLabels.Manager,
            15 => MetadataLabels.Company,
            _ => null,
        });
    }

    private static void Read(Reading reading, byte[] set, Func<uint, string?> label)
    {
        if (set.Length < 48)
            return;
        var at = (long)CompoundFile.U32(set, 44);
        if (at + 8 > set.Length)
            return;
        var count = Math.Min(CompoundFile.U32(set, (int)at + 4), 1000);
        var page = Encoding.Latin1;
        for (var pass = 0; pass < 2; pass++)
            for (var i = 0; i < count && at + 16 + 8 * i <= set.Length; i++)
            {
                reading.Tick();
                var id = CompoundFile.U32(set, (int)at + 8 + 8 * i);
                var from = at + CompoundFile.U32(set, (int)at + 12 + 8 * i);
                if (from + 8 > set.Length)
                    continue;
                if (pass == 0)
                {
                    if (id == 1) page = Charsets.OfCodePage(CompoundFile.U16(set, (int)from + 4)) ?? page;
                }
                else if (label(id) is { } name)
                    reading.Text(Value(set.AsSpan((int)from), page), TextRole.Metadata, new Place("properties"), name);
            }
    }

    private static string Value(ReadOnlySpan<byte> value, Encoding page)
    {
        var length = (long)CompoundFile.U32(value, 4);
        switch (CompoundFile.U32(value, 0))
        {
            case 0x1E:
                return page.GetString(value.Slice(8, (int)Math.Min(length, value.Length - 8))).Split('\0')[0];
            case 0x1F:
                return Encoding.Unicode.GetString(value.Slice(8, (int)Math.Min(length * 2, (value.Length - 8) & ~1))).Split('\0')[0];
            case 0x40 when value.Length >= 12:
                var ticks = BinaryPrimitives.ReadInt64LittleEndian(value[4..]);
                return ticks is > 0 and < 2_650_467_743_999_999_999 ? DateTime.FromFileTimeUtc(ticks).ToString("s", CultureInfo.InvariantCulture) + "Z" : "";
            default:
                return "";
        }
    }
}

/// <summary>What lies in the folders of a compound file: programs, embedded files and documents.</summary>
internal static class CompoundParts
{
    public static void Read(Reading reading, CompoundFile file, CompoundFile.Storage root)
    {
        foreach (var folder in root.Whole())
        {
            reading.Tick();
            if (folder.Name.Equals("VBA", StringComparison.OrdinalIgnoreCase) || folder.Name.Equals("_VBA_PROJECT_CUR", StringComparison.OrdinalIgnoreCase))
                reading.Found(OddityKind.Macro, default, folder.Name);
            if (folder.Stream("\u0001Ole10Native") is { } native)
                ReadNative(reading, file.Read(native));
            if (folder.Stream("Package") is { } package)
            {
                reading.Found(OddityKind.EmbeddedObject, default, folder.Name);
                reading.Part(file.Read(package), "");
            }
            if (!ReferenceEquals(folder, root) && folder.Stream("WordDocument") is not null)
            {
                reading.Found(OddityKind.EmbeddedObject, default, folder.Name);
                DocReader.Read(reading, file, folder, "embedded document");
            }
            else if (!ReferenceEquals(folder, root) && (folder.Stream("Workbook") ?? folder.Stream("Book") ?? folder.Stream("PowerPoint Document")) is not null)
            {
                reading.Found(OddityKind.EmbeddedObject, default, folder.Name);
                reading.Unreadable(UnreadReason.Unknown, default, "An old Excel sheet or PowerPoint file is embedded, which is not read here.");
            }
        }
    }

    /// <summary>An embedded file with its name and bytes (MS-OLEDS 2.3.6; the inner layout as packagers write it).</summary>
    private static void ReadNative(Reading reading, byte[] native)
    {
        reading.Found(OddityKind.EmbeddedObject, default, "package");
        if (native.Length < 12)
            return;
        var at = 6;
        var label = Zero(ref at);
        var path = Zero(ref at);
        at += 4;
        if (at + 4 <= native.Length && CompoundFile.U32(native, at) is var skip && skip < native.Length - at)
        {
            at += 4 + (int)skip;
            if (at + 4 <= native.Length && CompoundFile.U32(native, at) is var length && length <= native.Length - at - 4 && length > 0)
            {
                reading.Part(native.AsMemory(at + 4, (int)length), label.Length > 0 ? label : path);
                return;
            }
        }
        reading.Part(native.AsMemory(4), "");

        string Zero(ref int from)
        {
            if (from >= native.Length)
                return "";
            var end = Array.IndexOf(native, (byte)0, from);
            if (end < 0) end = native.Length;
            var text = Charsets.Decode(native.AsSpan(from, end - from));
            from = end + 1;
            return text;
        }
    }
}
