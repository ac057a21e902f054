namespace Countersign.Proof;

/// <summary>
/// The public halves of the keys that an office holds itself, over a stretch of its ledger: none of them can approve anything. They begin with
/// <c>found</c> and change by <c>rekey</c>.
/// </summary>
/// <param name="Origin">The ledger's origin: the first line of every checkpoint (C2SP tlog-checkpoint), and the name of its key.</param>
/// <param name="Ledger">Signs checkpoints and receipts.</param>
/// <param name="Statement">Signs the statements that become entries, and the status list.</param>
/// <param name="Certificate">SHA-256 of the DER certificate whose key seals letters.</param>
public sealed record PublicKeys(string Origin, Ed25519Key Ledger, Ed25519Key Statement, Digest Certificate)
{
    internal JsonObject WriteTo(JsonObject json) => json
        .Add("origin", Origin)
        .Add("ledger", System.Buffers.Text.Base64Url.EncodeToString(Ledger.Bytes.Span))
        .Add("statement", System.Buffers.Text.Base64Url.EncodeToString(Statement.Bytes.Span))
        .Add("certificate", Certificate);

    internal static PublicKeys Read(Fields fields) => new(
        fields.Text("origin", 200) is var origin && Note.IsName(origin) ? origin : throw new MalformedException("\"origin\" is no name of a ledger"),
        Key(fields, "ledger"), Key(fields, "statement"), fields.Digest("certificate"));

    private static Ed25519Key Key(Fields fields, string name) => fields.Base64Url(name, Ed25519Key.Size) is { Length: Ed25519Key.Size } key
        ? new Ed25519Key(key)
        : throw new MalformedException($"\"{name}\" is no Ed25519 key of {Ed25519Key.Size} bytes");
}

/// <summary>Keys and the ledger index from which they count: of the entry there and those after it, and of every tree that holds it.</summary>
/// <param name="From">The index of the act that states them.</param>
/// <param name="Keys">The keys.</param>
/// <param name="Lost">
/// Where they open a new epoch: the first index whose entry under the former origin is lost. A receipt of that origin holds for what stands before.
/// </param>
public sealed record KeyRange(ulong From, PublicKeys Keys, ulong? Lost = null)
{
    /// <summary>The keys that a statement at an index is signed with.</summary>
    public static PublicKeys OfEntry(IReadOnlyList<KeyRange> ranges, ulong index) => ranges.Last(r => r.From <= index || r == ranges[0]).Keys;

    /// <summary>The keys that the checkpoint of a tree, its receipts and a status list of its size are signed with.</summary>
    public static PublicKeys OfTree(IReadOnlyList<KeyRange> ranges, ulong size) => ranges.Last(r => r.From < size || r == ranges[0]).Keys;

    /// <summary>What roster acts say of keys. Nothing is checked here: whoever folds the acts checks them.</summary>
    public static IReadOnlyList<KeyRange> Of(IEnumerable<RecordedAct> roster) =>
        [.. roster.Select(r => r.Act switch
        {
            FoundAct found => new KeyRange(r.Index, found.Keys),
            RekeyAct rekey => new KeyRange(r.Index, rekey.Keys, rekey.Gap?.From),
            _ => null,
        }).OfType<KeyRange>()];
}
