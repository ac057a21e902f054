using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;

namespace Countersign.Proof;

/// <summary>
/// What the office says to its ledger about an act: a SCITT signed statement (RFC 9943) with a hash envelope (RFC 9995). COSE_Sign1, EdDSA; the
/// protected header holds alg, kid = SHA-256 of the key, CWT claims iss = office, sub = letter id or <c>roster</c>, iat = the entry's time; 258 =
/// SHA-256, 259 = application/json, and <c>approvals</c>, the digest of everything signed that the act stands on; the payload is the act's digest.
/// Signing is deterministic, so the same statement made twice is the same bytes.
/// </summary>
public sealed class Statement
{
    /// <summary>The most bytes a statement may have.</summary>
    public const int MaxBytes = 2048;

    private const int IssuerClaim = 1, SubjectClaim = 2, IssuedAtClaim = 6;
    private const int PayloadHashAlgorithm = 258, PreimageContentType = 259;
    private const string ApprovalsLabel = "approvals";

    private Statement(byte[] bytes, string office, string subject, DateTimeOffset at, Digest act, Digest approvals)
    {
        Bytes = bytes;
        Office = office;
        Subject = subject;
        At = at;
        Act = act;
        Approvals = approvals;
    }

    /// <summary>The tagged COSE_Sign1 with an empty unprotected header: what the ledger's entry is made of.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The office's domain (iss).</summary>
    public string Office { get; }

    /// <summary>The letter's id, or <c>roster</c> (sub).</summary>
    public string Subject { get; }

    /// <summary>The entry's time (iat), in whole seconds.</summary>
    public DateTimeOffset At { get; }

    /// <summary>The act's digest: the payload.</summary>
    public Digest Act { get; }

    /// <summary>See <see cref="DigestOf"/>.</summary>
    public Digest Approvals { get; }

    /// <summary>The ledger's entry: SHA-256 of the statement. Its leaf hash is SHA-256(0x00 ‖ entry).</summary>
    public Digest Entry => Digest.Of(Bytes.Span);

    /// <summary>SHA-256 of the CBOR array of [person, act, evidence], of the act's own approvals and of the reviews that a release joins, sorted by person, then act.</summary>
    public static Digest DigestOf(IEnumerable<Approval> approvals)
    {
        var sorted = approvals.OrderBy(a => a.Person, StringComparer.Ordinal).ThenBy(a => a.Act).ToArray();
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(sorted.Length);
        foreach (var approval in sorted)
        {
            writer.WriteStartArray(3);
            writer.WriteTextString(approval.Person);
            writer.WriteByteString(approval.Act.ToArray());
            writer.WriteByteString(approval.Evidence.Span);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        return Digest.Of(writer.Encode());
    }

    /// <summary>Makes the statement of an act.</summary>
    public static Statement Make(Ed25519PrivateKey key, Act act, DateTimeOffset at, Digest approvals)
    {
        var header = Header(key.Public, act.Office, act.Subject, at, approvals);
        var payload = act.Digest.ToArray();
        var signature = key.Sign(Cose.ToBeSigned(header, payload));
        return new Statement(Cose.Message(header, Cose.EmptyMap, payload, false, signature), act.Office, act.Subject, at, act.Digest, approvals);
    }

    /// <summary>Whether this key signed the statement.</summary>
    public bool SignedBy(Ed25519Key key)
    {
        var (_, payload, signature, header) = Parts(Bytes);
        return header.AsSpan().SequenceEqual(Header(key, Office, Subject, At, Approvals)) && key.Verify(Cose.ToBeSigned(header, payload), signature);
    }

    /// <summary>Reads a statement whose unprotected header is empty. On false, <paramref name="fault"/> says what is wrong.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out Statement? statement, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            statement = Read(bytes);
            fault = null;
            return true;
        }
        catch (MalformedException e)
        {
            statement = null;
            fault = $"This is no statement: {e.Message}.";
            return false;
        }
    }

    /// <summary>Reads a statement whose unprotected header is empty. Throws <see cref="MalformedException"/>.</summary>
    internal static Statement Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
            throw new MalformedException($"a statement is longer than {MaxBytes} bytes");
        var (unprotected, payload, _, header) = Parts(bytes);
        if (!unprotected.Span.SequenceEqual(Cose.EmptyMap))
            throw new MalformedException("a statement has an unprotected header");
        return Cose.Read(header, reader =>
        {
            Expect(reader.ReadStartMap() == 6, "members");
            Expect(reader.ReadInt32() == Cose.Algorithm && reader.ReadInt32() == Cose.EdDsa, "algorithm");
            Expect(reader.ReadInt32() == Cose.KeyId && Cose.Bytes(reader, Digest.Size).Length == Digest.Size, "key id");
            Expect(reader.ReadInt32() == Cose.CwtClaims && reader.ReadStartMap() == 3, "claims");
            Expect(reader.ReadInt32() == IssuerClaim, "issuer");
            var office = reader.ReadTextString();
            Expect(reader.ReadInt32() == SubjectClaim, "subject");
            var subject = reader.ReadTextString();
            Expect(reader.ReadInt32() == IssuedAtClaim, "time");
            var at = reader.ReadInt64();
            reader.ReadEndMap();
            Expect(reader.ReadInt32() == PayloadHashAlgorithm && reader.ReadInt32() == Cose.Sha256, "hash algorithm");
            Expect(reader.ReadInt32() == PreimageContentType && reader.ReadTextString() == "application/json", "content type");
            Expect(reader.ReadTextString() == ApprovalsLabel, "approvals");
            var approvals = Cose.Bytes(reader, Digest.Size);
            reader.ReadEndMap();
            Expect(approvals.Length == Digest.Size && payload.Length == Digest.Size, "digests");
            Expect(Text.IsId(office) && Text.IsId(subject) && at is >= 0 and < 253_402_300_800, "claims");
            return new Statement(bytes.ToArray(), office, subject, DateTimeOffset.FromUnixTimeSeconds(at), new Digest(payload), new Digest(approvals));
        });
    }

    /// <summary>Takes a COSE_Sign1 apart: unprotected header (encoded), payload, signature, protected header.</summary>
    internal static (ReadOnlyMemory<byte> Unprotected, byte[] Payload, byte[] Signature, byte[] Protected) Parts(ReadOnlyMemory<byte> message) =>
        Cose.Read(message, reader =>
        {
            Expect(reader.ReadTag() == Cose.Sign1 && reader.ReadStartArray() == 4, "COSE_Sign1");
            var header = Cose.Bytes(reader, 1024);
            var unprotected = reader.ReadEncodedValue();
            var payload = Cose.Bytes(reader, 1024);
            var signature = Cose.Signature(reader);
            reader.ReadEndArray();
            return (unprotected, payload, signature, header);
        });

    private static void Expect(bool holds, string what)
    {
        if (!holds)
            throw new MalformedException($"the {what} of a statement is not what it must be");
    }

    private static byte[] Header(Ed25519Key key, string office, string subject, DateTimeOffset at, Digest approvals)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap(6);
        writer.WriteInt32(Cose.Algorithm);
        writer.WriteInt32(Cose.EdDsa);
        writer.WriteInt32(Cose.KeyId);
        writer.WriteByteString(Digest.Of(key.Bytes.Span).ToArray());
        writer.WriteInt32(Cose.CwtClaims);
        writer.WriteStartMap(3);
        writer.WriteInt32(IssuerClaim);
        writer.WriteTextString(office);
        writer.WriteInt32(SubjectClaim);
        writer.WriteTextString(subject);
        writer.WriteInt32(IssuedAtClaim);
        writer.WriteInt64(at.ToUnixTimeSeconds());
        writer.WriteEndMap();
        writer.WriteInt32(PayloadHashAlgorithm);
        writer.WriteInt32(Cose.Sha256);
        writer.WriteInt32(PreimageContentType);
        writer.WriteTextString("application/json");
        writer.WriteTextString(ApprovalsLabel);
        writer.WriteByteString(approvals.ToArray());
        writer.WriteEndMap();
        return writer.Encode();
    }
}
