using System.Buffers.Binary;
using System.Text;

namespace Countersign.Gate.Tests.Reading;

/// <summary>Writes small compound files (MS-CFB) for tests: every stream in whole sectors, no mini stream.</summary>
internal static class CompoundFiles
{
    public sealed record Node(string Name, byte[]? Stream, params Node[] Children);

    public static byte[] Write(params Node[] roots)
    {
        var sectors = new List<byte[]>();
        var next = new List<uint>();
        uint Put(byte[] bytes)
        {
            var first = (uint)sectors.Count;
            var count = Math.Max(1, (bytes.Length + 511) / 512);
            for (var i = 0; i < count; i++)
            {
                var sector = new byte[512];
                bytes.AsSpan(i * 512, Math.Min(512, bytes.Length - i * 512)).CopyTo(sector);
                sectors.Add(sector);
                next.Add(i + 1 < count ? first + (uint)i + 1 : 0xFFFFFFFE);
            }
            return first;
        }
        var entries = new List<byte[]>();
        uint Add(Node node, byte type)
        {
            var id = (uint)entries.Count;
            var entry = new byte[128];
            entries.Add(entry);
            var name = Encoding.Unicode.GetBytes(node.Name);
            name.CopyTo(entry, 0);
            BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(64), (ushort)(name.Length + 2));
            entry[66] = type;
            for (var at = 68; at <= 76; at += 4) BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(at), 0xFFFFFFFF);
            if (node.Stream is { } stream)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(116), Put(stream));
                BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(120), (uint)stream.Length);
            }
            var before = 0xFFFFFFFF;
            foreach (var child in node.Children)
            {
                var added = Add(child, (byte)(child.Stream is null ? 1 : 2));
                BinaryPrimitives.WriteUInt32LittleEndian(before == 0xFFFFFFFF ? entry.AsSpan(76) : entries[(int)before].AsSpan(72), added);
                before = added;
            }
            return id;
        }
        Add(new Node("Root Entry", null, roots), 5);
        BinaryPrimitives.WriteUInt32LittleEndian(entries[0].AsSpan(116), 0xFFFFFFFE);
        var directory = Put([.. entries.SelectMany(e => e)]);
        var fat = new byte[512];
        fat.AsSpan().Fill(0xFF);
        next.Add(0xFFFFFFFD);
        for (var i = 0; i < next.Count; i++) BinaryPrimitives.WriteUInt32LittleEndian(fat.AsSpan(4 * i), next[i]);
        sectors.Add(fat);
        var head = new byte[512];
        new byte[] { 0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1 }.CopyTo(head, 0);
        head[24] = 0x3E;
        head[26] = 3;
        head[28] = 0xFE;
        head[29] = 0xFF;
        head[30] = 9;
        head[32] = 6;
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(44), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(48), directory);
        head.AsSpan(60, 4).Fill(0xFF);
        head.AsSpan(68, 4).Fill(0xFF);
        head.AsSpan(76, 436).Fill(0xFF);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(76), (uint)sectors.Count - 1);
        return [.. head, .. sectors.SelectMany(s => s)];
    }

    /// <summary>A Word 97 document whose second half lies before its first, with a comment.</summary>
    public static byte[] Doc(string text, string comment = "", ushort flags = 0)
    {
        var half = text.Length / 2;
        var wide = Encoding.Unicode.GetBytes(comment + "\r");
        byte[] body = [.. Encoding.Latin1.GetBytes(text[half..] + "\r"), .. Encoding.Latin1.GetBytes(text[..half])];
        var main = new byte[0x400 + body.Length + wide.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(main, 0xA5EC);
        BinaryPrimitives.WriteUInt16LittleEndian(main.AsSpan(2), 0xC1);
        BinaryPrimitives.WriteUInt16LittleEndian(main.AsSpan(10), flags);
        BinaryPrimitives.WriteInt32LittleEndian(main.AsSpan(0x4C), text.Length + 1);
        BinaryPrimitives.WriteInt32LittleEndian(main.AsSpan(0x5C), comment.Length + 1);
        body.CopyTo(main, 0x400);
        wide.CopyTo(main, 0x400 + body.Length);
        var table = new List<byte> { 2 };
        void Int(int value) => table.AddRange(BitConverter.GetBytes(value));
        Int(16 + 24);
        Int(0);
        Int(half);
        Int(text.Length + 1);
        Int(text.Length + 1 + comment.Length + 1);
        void Piece(int at, bool narrow)
        {
            table.AddRange([0, 0]);
            Int(narrow ? at * 2 | 0x40000000 : at);
            table.AddRange([0, 0]);
        }
        Piece(0x400 + text.Length - half + 1, narrow: true);
        Piece(0x400, narrow: true);
        Piece(0x400 + body.Length, narrow: false);
        BinaryPrimitives.WriteInt32LittleEndian(main.AsSpan(0x1A2), 0);
        BinaryPrimitives.WriteInt32LittleEndian(main.AsSpan(0x1A6), table.Count);
        return Write(new Node("WordDocument", main), new Node("0Table", [.. table]));
    }

    public static Node Property(string number, string text) => new($"__substg1.0_{number}001F", Encoding.Unicode.GetBytes(text));

    public static Node[] Message(string subject, string body, params Node[] more) =>
        [new Node("__properties_version1.0", new byte[32]), Property("0037", subject), Property("1000", body), .. more];

    public static byte[] Msg(string subject, string body, params (string Name, byte[] Bytes)[] attachments) =>
        Write(Message(subject, body, [.. attachments.Select((a, i) => new Node($"__attach_version1.0_#0000000{i}", null, Property("3707", a.Name), new Node("__substg1.0_37010102", a.Bytes)))]));
}
