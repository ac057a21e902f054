using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Proof;

/// <summary>
/// The proof that a sealed copy carries: the release's statement made transparent (RFC 9943) by the ledger's receipt of inclusion (RFC 9942) and a
/// checkpoint of the same size and root, with the evidence from which a stranger decides everything again. The evidence stands in the unprotected
/// header under <c>countersign</c>.
/// </summary>
public sealed class Receipt
{
    /// <summary>The most bytes a receipt may have.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private const int ReceiptsLabel = 394, DataStructureLabel = 395, ProofsLabel = 396, Rfc9162Sha256 = 1, InclusionLabel = -1;
    private const string EvidenceLabel = "countersign";
    private const int MaxPath = 63;

    private Receipt(
        byte[] bytes, Statement statement, byte[] ledgerSignature, ulong size, ulong index, Digest[] path, string checkpoint,
        ulong fairCopyLength, byte[] certificate, Evidence evidence)
    {
        Bytes = bytes;
        Statement = statement;
        _ledgerSignature = ledgerSignature;
        Size = size;
        Index = index;
        _path = path;
        Checkpoint = checkpoint;
        FairCopyLength = fairCopyLength;
        Certificate = certificate;
        Evidence = evidence;
    }

    private readonly byte[] _ledgerSignature;
    private readonly Digest[] _path;

    /// <summary>The bytes that stand in the sealed copy as <c>countersign-receipt.cose</c>.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The statement of the release.</summary>
    public Statement Statement { get; }

    /// <summary>Size of the tree that the receipt proves inclusion in.</summary>
    public ulong Size { get; }

    /// <summary>The entry's place in the ledger.</summary>
    public ulong Index { get; }

    /// <summary>A signed checkpoint of the same size and root.</summary>
    public string Checkpoint { get; }

    /// <summary>The length of the approved bytes.</summary>
    public ulong FairCopyLength { get; }

    /// <summary>The DER certificate that the seal is made with; <c>found</c> names its digest.</summary>
    public ReadOnlyMemory<byte> Certificate { get; }

    /// <summary>The acts.</summary>
    public Evidence Evidence { get; }

    /// <summary>Makes the receipt of a release that the ledger holds.</summary>
    public static Receipt Make(
        Ed25519PrivateKey ledgerKey, string origin, RecordedAct release, ulong size, IReadOnlyList<Digest> path, Digest root, string checkpoint,
        ulong fairCopyLength, ReadOnlyMemory<byte> certificate, Evidence evidence)
    {
        var header = LedgerHeader(ledgerKey.Public, origin, release.Act.Subject);
        var signature = ledgerKey.Sign(Cose.ToBeSigned(header, root.ToArray()));
        var bytes = Encode(ledgerKey.Public, origin, release.Statement, signature, size, release.Index, path, checkpoint, fairCopyLength, certificate, evidence);
        return new Receipt(
            bytes, release.Statement, signature, size, release.Index, [.. path], checkpoint, fairCopyLength, certificate.ToArray(), evidence);
    }

    /// <summary>
    /// Reads a receipt. On false, <paramref name="fault"/> says what is wrong. Only the bytes that <see cref="Make"/> writes are read: anything
    /// that does not come out the same when written again is refused, so that nothing unsigned can ride along.
    /// </summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out Receipt? receipt, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            receipt = Read(bytes);
            fault = null;
            return true;
        }
        catch (MalformedException e)
        {
            receipt = null;
            fault = $"The receipt is damaged: {e.Message}.";
            return false;
        }
    }

    /// <summary>The keys that the receipt says the ledger has, by the roster it brings.</summary>
    internal PublicKeys Keys => KeyRange.OfTree(KeyRange.Of(Evidence.Roster), Size);

    /// <summary>The founding act that the receipt brings; null when it brings none.</summary>
    public FoundAct? Found => Evidence.Roster is [{ Act: FoundAct found }, ..] ? found : null;

    /// <summary>The release that the receipt is about, as the evidence brings it.</summary>
    public RecordedAct? Release => Evidence.Letters is [.., { Act: ReleaseAct } release] && release.Act.Digest == Statement.Act ? release : null;

    /// <summary>The version released.</summary>
    public DraftAct? Draft => Release is { Act: ReleaseAct release }
        ? Evidence.Letters.FirstOrDefault(a => a.Act.Digest == release.Draft)?.Act as DraftAct
        : null;

    /// <summary>
    /// Everything about the seal that is not the fair copy or the receipt, derived from the acts alone: an office cannot choose a square of the
    /// code. Null when the receipt does not bring the acts.
    /// </summary>
    public SealPlan? Plan() => Found is { } found && Release is { Act: ReleaseAct act } release && Draft is { } draft
        ? new SealPlan(draft.Reference, draft.LetterKind, release.At, act.Office, PaperAddress(act), found.Exercise, draft.Mark)
        : null;

    /// <summary>
    /// The address in the mark's code: <c>https://DOMAIN/l/ID#KEY</c>, both 16 bytes of HKDF-SHA256 (RFC 5869) over the release's nonce with info
    /// <c>countersign/paper/id</c> and <c>countersign/paper/key</c>.
    /// </summary>
    public static string PaperAddress(ReleaseAct release)
    {
        var nonce = Convert.FromHexString(release.Header.Nonce);
        string Part(string info) => System.Buffers.Text.Base64Url.EncodeToString(
            HKDF.DeriveKey(HashAlgorithmName.SHA256, nonce, 16, info: Encoding.ASCII.GetBytes(info)));
        return $"https://{release.Office}/l/{Part("countersign/paper/id")}#{Part("countersign/paper/key")}";
    }

    /// <summary>
    /// Checks a file, alone and offline. <paramref name="status"/> is a newer status file than the trust file's own, or the signed hold of a letter
    /// (<see cref="SignedHold"/>), or null. <paramref name="at"/> is the day asked for.
    /// </summary>
    public static Verdict Verify(ReadOnlyMemory<byte> file, TrustRoot trust, ReadOnlyMemory<byte>? status, DateTimeOffset at) =>
        new Verification(trust, status, at).Verify(file);

    /// <summary>
    /// Whether the ledger's proof holds under the office's keys: the receipt's signature, its path, and a checkpoint of the same size and root.
    /// The root is signed; size and index are claims that the checkpoint and the path bear out together (RFC 9162 §2.1.3.2). Null when it holds.
    /// </summary>
    internal string? LedgerFault(string origin, Ed25519Key ledgerKey)
    {
        if (Index >= Size || Merkle.RootFromInclusion(Index, Size, Merkle.LeafHash(Statement.Entry.ToArray()), _path) is not { } root)
            return "the path from the entry to the root is not one of a ledger of the size stated";
        if (!ledgerKey.Verify(Cose.ToBeSigned(LedgerHeader(ledgerKey, origin, Statement.Subject), root.ToArray()), _ledgerSignature))
            return "the ledger's key did not sign the root that the entry leads to";
        if (OpenCheckpoint(Checkpoint, origin, ledgerKey) is not { } checkpoint)
            return "the checkpoint is not signed by the office's ledger";
        return checkpoint.Size == Size && checkpoint.Root == root ? null : "the checkpoint is of another size or root than the proof";
    }

    /// <summary>The checkpoint in a note that the office's ledger signed; null when it is none.</summary>
    public static Checkpoint? OpenCheckpoint(string note, string origin, Ed25519Key ledgerKey) => SignedCheckpoint.TryOpen(
        Encoding.UTF8.GetBytes(note), NoteKey.Create(origin, NoteKeyKind.Ed25519, ledgerKey), [], out var opened, out _)
            ? opened.Checkpoint
            : null;

    private static Receipt Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
            throw new MalformedException($"it is longer than {MaxBytes} bytes");
        var (unprotected, payload, signature, header) = Statement.Parts(bytes);
        var statement = Statement.Read(Cose.Message(header, Cose.EmptyMap, payload, false, signature));
        var (ledger, evidence) = Cose.Read(unprotected, reader =>
        {
            Expect(reader.ReadStartMap() == 2 && reader.ReadInt32() == ReceiptsLabel && reader.ReadStartArray() == 1, "the receipts");
            var receipt = Cose.Bytes(reader, 8192);
            reader.ReadEndArray();
            Expect(reader.ReadTextString() == EvidenceLabel, "the evidence");
            var wrapped = Cose.Bytes(reader, MaxBytes);
            reader.ReadEndMap();
            return (receipt, wrapped);
        });
        var proof = Cose.Read(ledger, reader =>
        {
            Expect(reader.ReadTag() == Cose.Sign1 && reader.ReadStartArray() == 4, "the ledger's receipt");
            var head = Cose.Bytes(reader, 1024);
            Expect(reader.ReadStartMap() == 1 && reader.ReadInt32() == ProofsLabel, "the proofs");
            Expect(reader.ReadStartMap() == 1 && reader.ReadInt32() == InclusionLabel && reader.ReadStartArray() == 1, "the proof of inclusion");
            var inclusion = Cose.Bytes(reader, 4096);
            reader.ReadEndArray();
            reader.ReadEndMap();
            reader.ReadEndMap();
            reader.ReadNull();
            var sig = Cose.Signature(reader);
            reader.ReadEndArray();
            return (Header: head, Inclusion: inclusion, Signature: sig);
        });
        var (size, index, path) = Cose.Read(proof.Inclusion, reader =>
        {
            Expect(reader.ReadStartArray() == 3, "the proof of inclusion");
            var s = reader.ReadUInt64();
            var i = reader.ReadUInt64();
            var hashes = new Digest[Cose.ArrayLength(reader, MaxPath)];
            for (var n = 0; n < hashes.Length; n++)
            {
                var hash = Cose.Bytes(reader, Digest.Size);
                Expect(hash.Length == Digest.Size, "a hash of the path");
                hashes[n] = new Digest(hash);
            }
            reader.ReadEndArray();
            reader.ReadEndArray();
            return (s, i, hashes);
        });
        var parts = Cose.Read(evidence, reader =>
        {
            Expect(reader.ReadStartArray() == 5 && reader.ReadInt32() == 1, "the evidence's version");
            var length = reader.ReadUInt64();
            var checkpoint = reader.ReadTextString();
            var certificate = Cose.Bytes(reader, 16_384);
            var acts = Evidence.Read(reader);
            reader.ReadEndArray();
            return (length, checkpoint, certificate, acts);
        });
        var read = new Receipt(
            bytes.ToArray(), statement, proof.Signature, size, index, path, parts.checkpoint, parts.length, parts.certificate, parts.acts);
        if (read.Found is null)
            throw new MalformedException("it does not bring the act that founded the office");
        var again = Encode(
            read.Keys.Ledger, read.Keys.Origin, statement, proof.Signature, size, index, path, parts.checkpoint, parts.length, parts.certificate, parts.acts);
        Expect(again.AsSpan().SequenceEqual(bytes.Span), "its form");
        return read;
    }

    private static void Expect(bool holds, string what)
    {
        if (!holds)
            throw new MalformedException($"{what} is not what it must be");
    }

    private static byte[] Encode(
        Ed25519Key ledgerKey, string origin, Statement statement, byte[] ledgerSignature, ulong size, ulong index, IReadOnlyList<Digest> path,
        string checkpoint, ulong fairCopyLength, ReadOnlyMemory<byte> certificate, Evidence evidence)
    {
        var proof = new CborWriter(CborConformanceMode.Canonical);
        proof.WriteStartArray(3);
        proof.WriteUInt64(size);
        proof.WriteUInt64(index);
        proof.WriteStartArray(path.Count);
        foreach (var hash in path)
            proof.WriteByteString(hash.ToArray());
        proof.WriteEndArray();
        proof.WriteEndArray();

        var proofs = new CborWriter(CborConformanceMode.Canonical);
        proofs.WriteStartMap(1);
        proofs.WriteInt32(ProofsLabel);
        proofs.WriteStartMap(1);
        proofs.WriteInt32(InclusionLabel);
        proofs.WriteStartArray(1);
        proofs.WriteByteString(proof.Encode());
        proofs.WriteEndArray();
        proofs.WriteEndMap();
        proofs.WriteEndMap();

        var wrapped = new CborWriter(CborConformanceMode.Canonical);
        wrapped.WriteStartArray(5);
        wrapped.WriteInt32(1);
        wrapped.WriteUInt64(fairCopyLength);
        wrapped.WriteTextString(checkpoint);
        wrapped.WriteByteString(certificate.Span);
        evidence.Write(wrapped);
        wrapped.WriteEndArray();

        var unprotected = new CborWriter(CborConformanceMode.Canonical);
        unprotected.WriteStartMap(2);
        unprotected.WriteInt32(ReceiptsLabel);
        unprotected.WriteStartArray(1);
        unprotected.WriteByteString(Cose.Message(LedgerHeader(ledgerKey, origin, statement.Subject), proofs.Encode(), [], true, ledgerSignature));
        unprotected.WriteEndArray();
        unprotected.WriteTextString(EvidenceLabel);
        unprotected.WriteByteString(wrapped.Encode());
        unprotected.WriteEndMap();

        var (_, payload, signature, header) = Statement.Parts(statement.Bytes);
        return Cose.Message(header, unprotected.Encode(), payload, false, signature);
    }

    /// <summary>RFC 9942 §5.2: alg and vds are protected; RFC 9943 adds the claims iss and sub.</summary>
    private static byte[] LedgerHeader(Ed25519Key key, string origin, string subject)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap(4);
        writer.WriteInt32(Cose.Algorithm);
        writer.WriteInt32(Cose.EdDsa);
        writer.WriteInt32(Cose.KeyId);
        writer.WriteByteString(Digest.Of(key.Bytes.Span).ToArray());
        writer.WriteInt32(Cose.CwtClaims);
        writer.WriteStartMap(2);
        writer.WriteInt32(1);
        writer.WriteTextString(origin);
        writer.WriteInt32(2);
        writer.WriteTextString(subject);
        writer.WriteEndMap();
        writer.WriteInt32(DataStructureLabel);
        writer.WriteInt32(Rfc9162Sha256);
        writer.WriteEndMap();
        return writer.Encode();
    }
}
