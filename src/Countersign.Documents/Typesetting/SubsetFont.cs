using System.Buffers.Binary;

namespace Countersign.Documents.Typesetting;

/// <summary>
/// Makes a TrueType font small for one letter: glyphs keep their numbers, the outlines of those not used become empty,
/// and tables that only shaping needs are left out (ISO/IEC 14496-22: table directory, head, loca, glyf).
/// </summary>
internal static class SubsetFont
{
    private static readonly string[] Kept =
        ["OS/2", "cmap", "cvt ", "fpgm", "gasp", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "post",
            "prep"];

    /// <summary>The smaller font; null where the file is not a plain TrueType font, which is then embedded
    /// whole.</summary>
    public static byte[]? Make(byte[] font, IReadOnlySet<ushort> used)
    {
        try
        {
            return MakeChecked(font, used);
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException or IndexOutOfRangeException)
        {
            return null; // a font file whose tables point outside it: the machine's problem, not the letter's
        }
    }

    private static byte[]? MakeChecked(byte[] font, IReadOnlySet<ushort> used)
    {
        if (font.Length < 12 || BinaryPrimitives.ReadUInt32BigEndian(font) is not (0x00010000 or 0x74727565))
            return null;
        var tables = new SortedDictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        for (int i = 0, count = U16(font, 4); i < count; i++)
        {
            var entry = 12 + 16 * i;
            var tag = System.Text.Encoding.Latin1.GetString(font, entry, 4);
            if (Kept.Contains(tag))
                tables[tag] = font.AsMemory((int)U32(font, entry + 8), (int)U32(font, entry + 12));
        }
        if (!tables.TryGetValue("glyf", out var outlineTable) || !tables.TryGetValue("loca", out var loca)
            || !tables.TryGetValue("head", out var header) || !tables.TryGetValue("maxp", out var maxp))
            return null;

        var head = header.ToArray();
        var glyphCount = U16(maxp.Span, 4);
        var glyf = outlineTable.Span;
        var offsets = ReadOffsets(loca.Span, glyphCount, U16(head, 50) == 1);
        var kept = Closure(glyf, offsets, used);

        using var outlines = new MemoryStream();
        var newLoca = new byte[4 * (glyphCount + 1)];
        for (var glyph = 0; glyph < glyphCount; glyph++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(newLoca.AsSpan(4 * glyph), (uint)outlines.Length);
            if (!kept.Contains((ushort)glyph)) continue;
            outlines.Write(glyf[offsets[glyph]..offsets[glyph + 1]]);
            while (outlines.Length % 4 != 0) outlines.WriteByte(0);
        }
        BinaryPrimitives.WriteUInt32BigEndian(newLoca.AsSpan(4 * glyphCount), (uint)outlines.Length);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(50), 1); // long offsets
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(8), 0);  // checksum adjustment: readers of PDF ignore it
        if (tables.TryGetValue("post", out var post) && post.Length >= 32)
        {
            var unnamed = post[..32].ToArray();
            BinaryPrimitives.WriteUInt32BigEndian(unnamed, 0x00030000); // version 3: no glyph names
            tables["post"] = unnamed;
        }
        tables["head"] = head;
        tables["loca"] = newLoca;
        tables["glyf"] = outlines.Length == 0 ? new byte[4] : outlines.ToArray();
        return Write(tables);
    }

    private static int[] ReadOffsets(ReadOnlySpan<byte> loca, int glyphCount, bool wide)
    {
        var offsets = new int[glyphCount + 1];
        for (var i = 0; i <= glyphCount; i++)
            offsets[i] = wide ? (int)U32(loca, 4 * i) : 2 * U16(loca, 2 * i);
        return offsets;
    }

    /// <summary>The used glyphs, .notdef, and every glyph they are composed of.</summary>
    private static HashSet<ushort> Closure(ReadOnlySpan<byte> glyf, int[] offsets, IReadOnlySet<ushort> used)
    {
        const int Words = 0x1, Scale = 0x8, More = 0x20, TwoScales = 0x40, Matrix = 0x80;
        var kept = new HashSet<ushort>();
        var waiting = new Stack<ushort>(used.Append((ushort)0).Order());
        while (waiting.TryPop(out var glyph))
        {
            if (glyph + 1 >= offsets.Length || !kept.Add(glyph)) continue;
            var outline = glyf[offsets[glyph]..offsets[glyph + 1]];
            if (outline.Length < 10 || U16(outline, 0) < 0x8000) continue;
            for (int at = 10, flags = More; (flags & More) != 0;)
            {
                flags = U16(outline, at);
                waiting.Push(U16(outline, at + 2));
                at += 4 + ((flags & Words) != 0 ? 4 : 2)
                    + ((flags & Scale) != 0 ? 2 : (flags & TwoScales) != 0 ? 4 : (flags & Matrix) != 0 ? 8 : 0);
            }
        }
        return kept;
    }

    private static byte[] Write(SortedDictionary<string, ReadOnlyMemory<byte>> tables)
    {
        var size = 12 + 16 * tables.Count + tables.Values.Sum(t => (t.Length + 3) & ~3);
        var font = new byte[size];
        var log = (int)Math.Log2(tables.Count);
        BinaryPrimitives.WriteUInt32BigEndian(font, 0x00010000);
        BinaryPrimitives.WriteUInt16BigEndian(font.AsSpan(4), (ushort)tables.Count);
        BinaryPrimitives.WriteUInt16BigEndian(font.AsSpan(6), (ushort)(16 << log));
        BinaryPrimitives.WriteUInt16BigEndian(font.AsSpan(8), (ushort)log);
        BinaryPrimitives.WriteUInt16BigEndian(font.AsSpan(10), (ushort)(16 * tables.Count - (16 << log)));
        int entry = 12, at = 12 + 16 * tables.Count;
        foreach (var (tag, table) in tables)
        {
            table.Span.CopyTo(font.AsSpan(at));
            var padded = (table.Length + 3) & ~3;
            System.Text.Encoding.Latin1.GetBytes(tag).CopyTo(font, entry);
            BinaryPrimitives.WriteUInt32BigEndian(font.AsSpan(entry + 4), Sum(font.AsSpan(at, padded)));
            BinaryPrimitives.WriteUInt32BigEndian(font.AsSpan(entry + 8), (uint)at);
            BinaryPrimitives.WriteUInt32BigEndian(font.AsSpan(entry + 12), (uint)table.Length);
            entry += 16;
            at += padded;
        }
        return font;
    }

    private static uint Sum(ReadOnlySpan<byte> table)
    {
        var sum = 0u;
        for (var i = 0; i < table.Length; i += 4)
            sum = unchecked(sum + U32(table, i));
        return sum;
    }

    private static ushort U16(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt16BigEndian(data[at..]);

    private static uint U32(ReadOnlySpan<byte> data, int at) => BinaryPrimitives.ReadUInt32BigEndian(data[at..]);
}
