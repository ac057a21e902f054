using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using System.IO.Compression;

namespace Countersign.Proof;

/// <summary>What the office says of a released letter, in the two bits of its status list.</summary>
public enum Standing
{
    /// <summary>In force (VALID).</summary>
    InForce = 0,

    /// <summary>Withdrawn (INVALID).</summary>
    Withdrawn = 1,

    /// <summary>On hold (SUSPENDED).</summary>
    OnHold = 2,

    /// <summary>Replaced by another letter (application specific).</summary>
    Replaced = 3,
}

/// <summary>
/// A signed status file: a Token Status List (draft-ietf-oauth-status-list-21) as a CWT of two bits a letter, and the signed acts that prove what
/// its bits say. It names the size of the ledger it was made from. Fetching it tells nobody which letter is being checked.
/// </summary>
public sealed class StatusList
{
    /// <summary>How many letters one list has room for.</summary>
    public const int Capacity = 1 << 20;

    /// <summary>The most bytes a status file may have.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>How long a list speaks for the office after it was made. No list is read that says longer.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(7);

    private const int Bits = 2;
    private const int SubjectClaim = 2, ExpiryClaim = 4, IssuedAtClaim = 6, ListClaim = 65533, TimeToLiveClaim = 65534;
    private const int TimeToLive = 3600;
    private const string TypeName = "application/statuslist+cwt";

    private readonly byte[] _bits;

    private StatusList(byte[] bits, string address, DateTimeOffset at, DateTimeOffset expires, ulong ledgerSize, Evidence evidence)
    {
        _bits = bits;
        Address = address;
        At = at;
        Expires = expires;
        LedgerSize = ledgerSize;
        Evidence = evidence;
    }

    /// <summary>The list's own address (claim sub).</summary>
    public string Address { get; }

    /// <summary>When it was made (claim iat).</summary>
    public DateTimeOffset At { get; }

    /// <summary>Until when it speaks (claim exp).</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>The size of the ledger it was made from. It never goes back.</summary>
    public ulong LedgerSize { get; }

    /// <summary>
    /// The roster, and every act after its release of every letter that has any, in the order of the ledger: they prove what the bits say, today and
    /// on any day before.
    /// </summary>
    public Evidence Evidence { get; }

    /// <summary>What the bits say of a letter. Blocks are packed from the least significant bit (draft-21, Status List).</summary>
    public Standing this[long index] => (Standing)((_bits[index * Bits / 8] >> (int)(index * Bits % 8)) & 3);

    /// <summary>Makes a status file.</summary>
    public static byte[] Make(
        Ed25519PrivateKey key, string address, DateTimeOffset at, ulong ledgerSize, IEnumerable<KeyValuePair<long, Standing>> standings, Evidence evidence)
    {
        var bits = new byte[Capacity * Bits / 8];
        foreach (var (index, standing) in standings)
            bits[index * Bits / 8] |= (byte)((int)standing << (int)(index * Bits % 8));
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
            zlib.Write(bits);

        var payload = new CborWriter(CborConformanceMode.Canonical);
        payload.WriteStartMap(7);
        payload.WriteInt32(SubjectClaim);
        payload.WriteTextString(address);
        payload.WriteInt32(ExpiryClaim);
        payload.WriteInt64((at + Life).ToUnixTimeSeconds());
        payload.WriteInt32(IssuedAtClaim);
        payload.WriteInt64(at.ToUnixTimeSeconds());
        payload.WriteInt32(ListClaim);
        payload.WriteStartMap(2);
        payload.WriteTextString("lst");
        payload.WriteByteString(compressed.ToArray());
        payload.WriteTextString("bits");
        payload.WriteInt32(Bits);
        payload.WriteEndMap();
        payload.WriteInt32(TimeToLiveClaim);
        payload.WriteInt32(TimeToLive);
        payload.WriteTextString("size");
        payload.WriteUInt64(ledgerSize);
        payload.WriteTextString("countersign");
        evidence.Write(payload);
        payload.WriteEndMap();

        var header = Header(key.Public);
        var body = payload.Encode();
        return Cose.Message(header, Cose.EmptyMap, body, false, key.Sign(Cose.ToBeSigned(header, body)));
    }

    /// <summary>
    /// Reads a status file made for this address and signed by the statement key that its own roster names for a ledger of its size. Whether that
    /// roster is the office's is for the reader to check, and the list may be too old (<see cref="Expires"/>). On false, <paramref name="fault"/>
    /// says why it says nothing.
    /// </summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, string address, [NotNullWhen(true)] out StatusList? list, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            list = Read(bytes, address);
            fault = null;
            return true;
        }
        catch (MalformedException e)
        {
            list = null;
            fault = $"The status file says nothing: {e.Message}.";
            return false;
        }
    }

    private static StatusList Read(ReadOnlyMemory<byte> bytes, string address)
    {
        if (bytes.Length > MaxBytes)
            throw new MalformedException($"it is longer than {MaxBytes} bytes");
        var (header, body, signature) = Cose.Read(bytes, reader =>
        {
            if (reader.ReadTag() != Cose.Sign1 || reader.ReadStartArray() != 4)
                throw new MalformedException("it is no COSE_Sign1");
            var h = Cose.Bytes(reader, 1024);
            if (!reader.ReadEncodedValue().Span.SequenceEqual(Cose.EmptyMap))
                throw new MalformedException("it has an unprotected header");
            var parts = (h, Cose.Bytes(reader, MaxBytes), Cose.Signature(reader));
            reader.ReadEndArray();
            return parts;
        });
        var list = Cose.Read(body, reader =>
        {
            reader.ReadStartMap();
            var sub = Claim(SubjectClaim).ReadTextString();
            var exp = Claim(ExpiryClaim).ReadInt64();
            var iat = Claim(IssuedAtClaim).ReadInt64();
            Claim(ListClaim).ReadStartMap();
            if (reader.ReadTextString() != "lst")
                throw new MalformedException("it holds no list");
            var lst = Cose.Bytes(reader, MaxBytes);
            if (reader.ReadTextString() != "bits" || reader.ReadInt32() != Bits)
                throw new MalformedException("its list has not two bits a letter");
            reader.ReadEndMap();
            Claim(TimeToLiveClaim).ReadInt64();
            if (reader.ReadTextString() != "size")
                throw new MalformedException("it names no ledger size");
            var size = reader.ReadUInt64();
            if (reader.ReadTextString() != "countersign")
                throw new MalformedException("it brings no acts");
            var evidence = Evidence.Read(reader);
            reader.ReadEndMap();
            const long latest = 253_402_300_799;
            if (iat is < 0 or > latest || exp is < 0 or > latest)
                throw new MalformedException("its times are none");
            if (exp <= iat || exp - iat > (long)Life.TotalSeconds)
                throw new MalformedException("it claims to speak for longer than seven days, or for no time");
            return new StatusList(Inflate(lst), sub, DateTimeOffset.FromUnixTimeSeconds(iat), DateTimeOffset.FromUnixTimeSeconds(exp), size, evidence);

            CborReader Claim(int label) => reader.ReadInt32() == label ? reader : throw new MalformedException($"claim {label} is missing");
        });
        if (list.Evidence.Twins.Count + list.Evidence.Disclosures.Count > 0)
            throw new MalformedException("it brings what belongs in a receipt");
        if (list.Evidence.Roster is not [{ Act: FoundAct }, ..])
            throw new MalformedException("it does not bring the act that founded the office");
        var key = KeyRange.OfTree(KeyRange.Of(list.Evidence.Roster), list.LedgerSize).Statement;
        if (!header.AsSpan().SequenceEqual(Header(key)) || !key.Verify(Cose.ToBeSigned(header, body), signature))
            throw new MalformedException("it is not signed by the office");
        // Draft-21, Validation Rules: the list's own address must be the one referred to, byte for byte.
        return list.Address == address ? list : throw new MalformedException("it was made for another address");
    }

    private static byte[] Inflate(byte[] compressed)
    {
        const int size = Capacity * Bits / 8;
        return Zlib.Unpack(compressed, size, out var whole) is { Length: size } bits && whole
            ? bits
            : throw new MalformedException("its list does not unpack to the size it must have");
    }

    private static byte[] Header(Ed25519Key key)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap(3);
        writer.WriteInt32(Cose.Algorithm);
        writer.WriteInt32(Cose.EdDsa);
        writer.WriteInt32(Cose.KeyId);
        writer.WriteByteString(Digest.Of(key.Bytes.Span).ToArray());
        writer.WriteInt32(Cose.Type);
        writer.WriteTextString(TypeName);
        writer.WriteEndMap();
        return writer.Encode();
    }
}
