using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Countersign.Proof;

/// <summary>
/// What a stranger holds to know an office again: the trust file at <c>/.well-known/countersign</c>. The office <em>is</em> the digest of its
/// founding act; the rest is what has happened since, as far as the file knows. It is a pin, so it is not signed; a newer one is believed only
/// if it <see cref="Extends"/> the one held.
/// </summary>
public sealed record TrustRoot
{
    /// <summary>The most bytes a trust file may have.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>The office's domain.</summary>
    public required string Domain { get; init; }

    /// <summary>The office's name.</summary>
    public required string Title { get; init; }

    /// <summary>Digest of the founding act.</summary>
    public required Digest Found { get; init; }

    /// <summary>Whether the office is an exercise.</summary>
    public required bool Exercise { get; init; }

    /// <summary>The ledger's origin.</summary>
    public required string Origin { get; init; }

    /// <summary>The key that signs checkpoints and receipts.</summary>
    public required Ed25519Key LedgerKey { get; init; }

    /// <summary>The key that signs statements and the status list.</summary>
    public required Ed25519Key StatementKey { get; init; }

    /// <summary>SHA-256 of the sealing certificate.</summary>
    public required Digest Certificate { get; init; }

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

    /// <summary>Whether this file is a later state of the same office than <paramref name="older"/>: same founding act, and every roster act kept in place.</summary>
    public bool Extends(TrustRoot older) =>
        Found == older.Found && Roster.Count >= older.Roster.Count && Roster.Take(older.Roster.Count).SequenceEqual(older.Roster);

    /// <summary>The file's bytes: JSON laid out for people.</summary>
    public byte[] ToBytes()
    {
        var json = new JsonObject()
            .Add("countersign", "trust/1")
            .Add("office", new JsonObject()
                .Add("domain", Domain).Add("title", Title).Add("found", Found).Add("words", Words).Add("exercise", Exercise))
            .Add("ledger", new JsonObject().Add("origin", Origin).Add("key", System.Buffers.Text.Base64Url.EncodeToString(LedgerKey.Bytes.Span)))
            .Add("statement", System.Buffers.Text.Base64Url.EncodeToString(StatementKey.Bytes.Span))
            .Add("certificate", Certificate)
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

    private static TrustRoot Read(ReadOnlyMemory<byte> bytes)
    {
        var fields = new Fields(Json.ReadAnyForm(bytes.Span, MaxBytes));
        fields.Word("countersign", "trust/1");
        var office = new Fields(fields.Any("office"));
        var ledger = new Fields(fields.Any("ledger"));
        var status = new Fields(fields.Any("status"));
        var trust = new TrustRoot
        {
            Domain = office.Id("domain"),
            Title = office.Text("title", 200),
            Found = office.Digest("found"),
            Exercise = office.Boolean("exercise"),
            Origin = FoundAct.OriginOf(ledger),
            LedgerKey = FoundAct.Key(ledger, "key"),
            StatementKey = FoundAct.Key(fields, "statement"),
            Certificate = fields.Digest("certificate"),
            Roster = [.. fields.List("roster", 1, 100_000).Select(item =>
            {
                var entry = new Fields(item);
                var read = (entry.Digest("act"), (ulong)entry.Integer("index"));
                entry.End();
                return read;
            })],
            Checkpoint = Encoding.UTF8.GetString(fields.Base64Url("checkpoint", 65_536)),
            StatusAddress = status.Text("address"),
            Status = status.Has("file") ? status.Base64Url("file", StatusList.MaxBytes) : null,
        };
        if (office.Text("words") != trust.Words)
            throw new MalformedException("the words do not belong to the founding act");
        foreach (var part in (Fields[])[fields, office, ledger, status])
            part.End();
        if (trust.Roster[0].Act != trust.Found)
            throw new MalformedException("the roster does not begin with the founding act");
        for (var i = 1; i < trust.Roster.Count; i++)
            if (trust.Roster[i].Index <= trust.Roster[i - 1].Index)
                throw new MalformedException("the roster is not in the order of the ledger");
        return trust;
    }
}
