using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Countersign.Proof;

/// <summary>
/// What a stranger holds to know an office again: the trust file at <c>/.well-known/countersign</c>. The office <em>is</em> the digest of its
/// founding act; the rest is what has happened since, as far as the file knows. It is a pin, so it is not signed; a newer one is believed only
/// if nothing speaks against it (<see cref="WhyNotAfter"/>).
/// </summary>
public sealed record TrustRoot
{
    /// <summary>The most bytes a trust file may have.</summary>
    public const int MaxBytes = 24 * 1024 * 1024;

    /// <summary>The office's domain.</summary>
    public required string Domain { get; init; }

    /// <summary>The office's name.</summary>
    public required string Title { get; init; }

    /// <summary>Digest of the founding act.</summary>
    public required Digest Found { get; init; }

    /// <summary>Whether the office is an exercise.</summary>
    public required bool Exercise { get; init; }

    /// <summary>The office's own keys, oldest first, each with the ledger index it counts from.</summary>
    public required IReadOnlyList<KeyRange> Keys { get; init; }

    /// <summary>Every roster act and its place in the ledger, oldest first.</summary>
    public required IReadOnlyList<(Digest Act, ulong Index)> Roster { get; init; }

    /// <summary>The newest checkpoint, as a signed note.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>Where the status list is published; the list names this address inside its signature.</summary>
    public required string StatusAddress { get; init; }

    /// <summary>The newest status file; null where none is included.</summary>
    public ReadOnlyMemory<byte>? Status { get; init; }

    /// <summary>The office in eight words, for reading over a telephone. They stand for the first 64 bits of <see cref="Found"/>.</summary>
    public string Words => OfficeWords.Of(Found);

    /// <summary>
    /// Why this file is no later state of the office than <paramref name="older"/>, which is then the one to keep; null when it is. The founding act,
    /// every roster act, every key, the ledger's growth and the word on letters that stand no more must be kept.
    /// </summary>
    public string? WhyNotAfter(TrustRoot older)
    {
        if (Found != older.Found)
            return "it is of another office";
        if ((Domain, Title, Exercise) != (older.Domain, older.Title, older.Exercise))
            return "it calls the office otherwise, which nothing can change";
        if (!Roster.Take(older.Roster.Count).SequenceEqual(older.Roster))
            return Roster.Count < older.Roster.Count ? "it leaves out roster acts that the one held lists" : "its roster is not the one held and what came after";
        if (!Keys.Take(older.Keys.Count).SequenceEqual(older.Keys))
            return "it names other keys for the same time";
        if (StatusAddress != older.StatusAddress)
            return "its status file stands at another address";
        if (Newest() is not { } newest)
            return "its checkpoint is not signed by the office's ledger";
        if (older.Newest() is not { } held || held.Origin != newest.Origin)
            return null; // a new epoch begins with another origin; what was lost is stated by its act
        return newest.Size < held.Size ? "its ledger is shorter than the one held"
            : newest.Size == held.Size && newest.Root != held.Root ? "it knows another ledger of the same size, which is a fork: keep both files, they are evidence"
            : older.StatusSize() is { } known && !(StatusSize() >= known) ? "it brings an older status file than the one held, or none"
            : null;
    }

    /// <summary>The ledger size of the status file, if it is one of the office's by the keys that this file names.</summary>
    private ulong? StatusSize() => Status is { } bytes && StatusList.TryRead(bytes, StatusAddress, out var list, out _)
        && KeyRange.OfTree(KeyRange.Of(list.Evidence.Roster), list.LedgerSize) == KeyRange.OfTree(Keys, list.LedgerSize) ? list.LedgerSize : null;

    /// <summary>The checkpoint, opened; null when the office's newest ledger key did not sign it.</summary>
    internal Checkpoint? Newest() => Receipt.OpenCheckpoint(Checkpoint, Keys[^1].Keys.Origin, Keys[^1].Keys.Ledger);

    /// <summary>
    /// The office's keys as this file and some evidence know them together: one of the two lists goes on where the other ends. Null when they
    /// contradict each other.
    /// </summary>
    internal IReadOnlyList<KeyRange>? KeysWith(IReadOnlyList<KeyRange> shown, IReadOnlyList<KeyRange>? known = null)
    {
        known ??= Keys;
        var common = Math.Min(known.Count, shown.Count);
        return known.Take(common).SequenceEqual(shown.Take(common)) ? (shown.Count > known.Count ? shown : known) : null;
    }

    /// <summary>The file's bytes: JSON laid out for people.</summary>
    public byte[] ToBytes()
    {
        var json = new JsonObject()
            .Add("countersign", "trust/1")
            .Add("office", new JsonObject()
                .Add("domain", Domain).Add("title", Title).Add("found", Found).Add("words", Words).Add("exercise", Exercise))
            .Add("keys", new JsonArray(Keys.Select(k => k.Keys.WriteTo(new JsonObject().Add("from", (long)k.From).Add("lost", k.Lost is { } lost ? new JsonInteger((long)lost) : null)))))
            .Add("roster", new JsonArray(Roster.Select(r => new JsonObject().Add("act", r.Act).Add("index", (long)r.Index))))
            .Add("checkpoint", System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Checkpoint)))
            .Add("status", new JsonObject()
                .Add("address", StatusAddress)
                .Add("file", Status is { } file ? System.Buffers.Text.Base64Url.EncodeToString(file.Span) : null));
        using var document = JsonDocument.Parse(json.ToBytes());
        using var output = new MemoryStream();
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var writer = new Utf8JsonWriter(output, options))
            document.WriteTo(writer);
        output.WriteByte((byte)'\n');
        return output.ToArray();
    }

    /// <summary>Reads a trust file. On false, <paramref name="fault"/> says in a sentence what is wrong with it.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out TrustRoot? trust, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            trust = Read(bytes);
            fault = null;
            return true;
        }
        catch (MalformedException e)
        {
            trust = null;
            fault = $"This is no trust file: {e.Message}.";
            return false;
        }
    }

    /// <summary>The text of a note; empty, which opens with no key, where it is no UTF-8. Nothing is put in the place of bytes that are none.</summary>
    private static string NoteOf(byte[] bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return "";
        }
    }

    private static TrustRoot Read(ReadOnlyMemory<byte> bytes)
    {
        var fields = new Fields(Json.ReadAnyForm(bytes.Span, MaxBytes));
        fields.Word("countersign", "trust/1");
        var office = new Fields(fields.Any("office"));
        var status = new Fields(fields.Any("status"));
        var trust = new TrustRoot
        {
            Domain = office.Id("domain"),
            Title = office.Text("title", 200),
            Found = office.Digest("found"),
            Exercise = office.Boolean("exercise"),
            Keys = [.. fields.List("keys", 1, 10_000).Select(item =>
            {
                var range = new Fields(item);
                var from = (ulong)range.Integer("from");
                var read = new KeyRange(from, PublicKeys.Read(range), range.Has("lost") ? (ulong)range.Integer("lost", 1, (long)from) : null);
                range.End();
                return read;
            })],
            Roster = [.. fields.List("roster", 1, 100_000).Select(item =>
            {
                var entry = new Fields(item);
                var read = (entry.Digest("act"), (ulong)entry.Integer("index"));
                entry.End();
                return read;
            })],
            Checkpoint = NoteOf(fields.Base64Url("checkpoint", 65_536)),
            StatusAddress = status.Text("address"),
            // Said with its type: a null array would become an empty status file, which is one that says nothing.
            Status = status.Has("file") ? status.Base64Url("file", StatusList.MaxBytes) : (ReadOnlyMemory<byte>?)null,
        };
        if (office.Text("words") != trust.Words)
            throw new MalformedException("the words do not belong to the founding act");
        foreach (var part in (Fields[])[fields, office, status])
            part.End();
        if (trust.Roster[0].Act != trust.Found)
            throw new MalformedException("the roster does not begin with the founding act");
        for (var i = 1; i < trust.Roster.Count; i++)
            if (trust.Roster[i].Index <= trust.Roster[i - 1].Index)
                throw new MalformedException("the roster is not in the order of the ledger");
        if (trust.Keys[0] is not { From: var from, Lost: null } || from != trust.Roster[0].Index || trust.Keys.Zip(trust.Keys.Skip(1)).Any(pair => pair.First.From >= pair.Second.From))
            throw new MalformedException("the keys are not in the order of the ledger");
        return trust;
    }
}
