using System.Text;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// Any CBOR (RFC 8949) as a tree that can be changed and written again in forms that no strict writer writes: of no stated length, with heads wider
/// than they need be, with members twice.
/// </summary>
internal sealed class CborNode
{
    private CborNode(int major, ulong value, byte[]? data = null, List<CborNode>? items = null) =>
        (Major, Value, Data, Items) = (major, value, data ?? [], items ?? []);

    /// <summary>0 unsigned, 1 negative, 2 bytes, 3 text, 4 array, 5 map, 6 tag, 7 simple.</summary>
    public int Major { get; set; }

    public ulong Value { get; set; }
    public byte[] Data { get; set; }

    /// <summary>The members of an array; keys and values in turn of a map; what a tag stands before.</summary>
    public List<CborNode> Items { get; }

    /// <summary>Writes an array, map or string without its length, up to a break.</summary>
    public bool Endless { get; set; }

    /// <summary>Writes the head in more bytes than it needs.</summary>
    public bool Wide { get; set; }

    public static CborNode Number(long value) => value >= 0 ? new(0, (ulong)value) : new(1, (ulong)(-1 - value));
    public static CborNode Bytes(byte[] data) => new(2, 0, data);
    public static CborNode Text(string text) => new(3, 0, Encoding.UTF8.GetBytes(text));
    public static CborNode List(params CborNode[] items) => new(4, 0, null, [.. items]);
    public static CborNode Map(params CborNode[] items) => new(5, 0, null, [.. items]);
    public static CborNode Tag(ulong tag, CborNode item) => new(6, tag, null, [item]);
    public static CborNode Null => new(7, 22);

    public CborNode this[int index]
    {
        get => Items[index];
        set => Items[index] = value;
    }

    /// <summary>A map's value by its key.</summary>
    public CborNode this[string key] => Items[Items.FindIndex(i => i.Major == 3 && Encoding.UTF8.GetString(i.Data) == key) + 1];

    /// <summary>Where a map's member with this number stands.</summary>
    public int IndexOf(long key)
    {
        for (var i = 0; i < Items.Count; i += 2)
            if (Items[i].Major is 0 or 1 && Items[i].Value == (key >= 0 ? (ulong)key : (ulong)(-1 - key)))
                return i;
        throw new ArgumentException($"There is no member {key}.");
    }

    public static CborNode Read(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        var node = Read(bytes, ref at);
        return at == bytes.Length ? node : throw new ArgumentException("Bytes follow.");
    }

    public byte[] Write()
    {
        var output = new List<byte>();
        Write(output);
        return [.. output];
    }

    /// <summary>Changes the CBOR inside a byte string.</summary>
    public void Inside(Action<CborNode> change)
    {
        var inner = Read(Data);
        change(inner);
        Data = inner.Write();
    }

    private static CborNode Read(ReadOnlySpan<byte> bytes, ref int at)
    {
        var head = bytes[at++];
        ulong value = (ulong)(head & 31);
        if (value >= 24)
        {
            var width = 1 << (int)(value - 24);
            value = 0;
            for (var i = 0; i < width; i++)
                value = (value << 8) | bytes[at++];
        }
        var node = new CborNode(head >> 5, value);
        switch (node.Major)
        {
            case 2 or 3:
                node.Data = bytes.Slice(at, (int)value).ToArray();
                at += (int)value;
                break;
            case 4 or 5 or 6:
                for (var i = node.Major == 6 ? 1 : node.Major == 4 ? (int)value : 2 * (int)value; i > 0; i--)
                    node.Items.Add(Read(bytes, ref at));
                break;
            default:
                break;
        }
        return node;
    }

    private void Write(List<byte> output)
    {
        var count = Major switch { 2 or 3 => (ulong)Data.Length, 4 => (ulong)Items.Count, 5 => (ulong)Items.Count / 2, _ => Value };
        if (Endless)
            output.Add((byte)((Major << 5) | 31));
        else
            Head(output, Major, count, Wide);
        if (Endless && Major is 2 or 3)
            Head(output, Major, count, false);
        output.AddRange(Data);
        Items.ForEach(i => i.Write(output));
        if (Endless)
            output.Add(0xFF);
    }

    private static void Head(List<byte> output, int major, ulong value, bool wide)
    {
        var width = (value < 24 ? 0 : value <= 0xFF ? 1 : value <= 0xFFFF ? 2 : value <= 0xFFFF_FFFF ? 4 : 8, wide) switch
        {
            (0, true) => 1,
            (var w, true) => Math.Min(8, 2 * w),
            (var w, false) => w,
        };
        output.Add((byte)((major << 5) | width switch { 0 => (int)value, 1 => 24, 2 => 25, 4 => 26, _ => 27 }));
        for (var i = width - 1; i >= 0; i--)
            output.Add((byte)((value >> (8 * i)) & 0xFF));
    }
}

/// <summary>A receipt taken apart down to its CBOR, for whoever writes one by hand.</summary>
internal sealed class RawReceipt
{
    private RawReceipt(CborNode root) => Root = root;

    /// <summary>The tagged message.</summary>
    public CborNode Root { get; set; }

    /// <summary>[protected, unprotected, payload, signature].</summary>
    public CborNode Message => Root[0];

    /// <summary>{394: [ledger's receipt], "countersign": evidence}.</summary>
    public CborNode Unprotected => Message[1];

    /// <summary>The ledger's receipt, as bytes.</summary>
    public CborNode Ledger => Unprotected[1][0];

    /// <summary>[1, length, checkpoint, certificate, [roster, letters, twins, policies, disclosures]], as bytes.</summary>
    public CborNode Evidence => Unprotected["countersign"];

    /// <summary>The bytes of a receipt after a change.</summary>
    public static byte[] Edit(Receipt receipt, Action<RawReceipt> change)
    {
        var raw = new RawReceipt(CborNode.Read(receipt.Bytes.Span));
        change(raw);
        return raw.Root.Write();
    }

    /// <summary>Changes the protected header and signs it again with the true statement key.</summary>
    public void EditHeader(Ed25519PrivateKey key, Action<CborNode> change)
    {
        Message[0].Inside(change);
        Message[3].Data = key.Sign(Cose.ToBeSigned(Message[0].Data, Message[2].Data));
    }

    /// <summary>Changes the ledger's receipt: [protected, unprotected, payload, signature].</summary>
    public void EditLedger(Action<CborNode> change) => Ledger.Inside(tagged => change(tagged[0]));

    /// <summary>Changes the proof of inclusion: [size, index, path].</summary>
    public void EditProof(Action<CborNode> change) => EditLedger(message => message[1][1][1][0].Inside(change));

    /// <summary>Changes the bytes of the last act of the letter, the release, as text of JSON.</summary>
    public void EditRelease(Func<string, string> change) => EditAct(1, -1, change);

    /// <summary>Changes the text of an act: of the roster (0) or the letter (1), counted from the end where negative.</summary>
    public void EditAct(int list, int index, Func<string, string> change) => Evidence.Inside(parts =>
    {
        var acts = parts[4][list];
        var act = acts[index < 0 ? acts.Items.Count + index : index][1];
        var before = Encoding.UTF8.GetString(act.Data);
        var after = change(before);
        if (after == before)
            throw new ArgumentException("Nothing was changed.");
        act.Data = Encoding.UTF8.GetBytes(after);
    });
}
