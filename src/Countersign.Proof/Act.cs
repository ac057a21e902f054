using System.Diagnostics.CodeAnalysis;

namespace Countersign.Proof;

/// <summary>
/// What people sign, what the ledger holds, what a stranger checks: one thing that was done to an office or a letter. Its bytes are canonical
/// JSON (RFC 8785) of at most 64 KB with a closed set of members per kind; its name is their SHA-256.
/// </summary>
public abstract class Act
{
    /// <summary>The most bytes an act may have.</summary>
    public const int MaxBytes = 64 * 1024;

    private byte[]? _bytes;
    private Digest? _digest;

    private protected Act(ActHeader header) => Header = header;

    /// <summary>The kind: <c>found</c>, <c>draft</c>, <c>release</c> …</summary>
    public abstract string Kind { get; }

    /// <summary>What every act says.</summary>
    public ActHeader Header { get; }

    /// <summary>The office's domain.</summary>
    public string Office => Header.Office;

    /// <summary>When its author wrote it, by the author's clock, in whole seconds of UTC.</summary>
    public DateTimeOffset At => Header.At;

    /// <summary>The person who wrote it, and who must be among those who sign it.</summary>
    public string By => Header.By;

    /// <summary>The newest roster act when it was written; null only for <c>found</c>, which begins the roster.</summary>
    public Digest? Roster => Header.Roster;

    /// <summary>The canonical bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes ??= Encode();

    /// <summary>The act's name: SHA-256 of its bytes.</summary>
    public Digest Digest => _digest ??= Digest.Of(Bytes.Span);

    /// <summary>What the ledger's statement is about (its <c>sub</c>): the letter's id, <c>roster</c>, or <c>free</c>.</summary>
    public abstract string Subject { get; }

    private protected abstract void WriteMembers(JsonObject json);

    /// <summary>Writes the bytes from what was read or said: for an act that was read, the same bytes again.</summary>
    internal byte[] Encode()
    {
        var json = new JsonObject()
            .Add("act", Kind).Add("office", Office).Add("at", Text.Moment(At)).Add("nonce", Header.Nonce).Add("by", By).Add("roster", Roster);
        WriteMembers(json);
        return json.ToBytes();
    }

    /// <summary>Reads an act. On false, <paramref name="fault"/> says what is wrong with the bytes.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out Act? act, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            act = Read(bytes);
            fault = null;
            return true;
        }
        catch (MalformedException e)
        {
            act = null;
            fault = $"This is no act: {e.Message}.";
            return false;
        }
    }

    internal static Act Read(ReadOnlyMemory<byte> bytes)
    {
        var fields = new Fields(Json.Read(bytes.Span, MaxBytes));
        var kind = fields.Text("act");
        var header = new ActHeader(
            fields.Id("office"), fields.Moment("at"), NonceOf(fields), fields.Id("by"), kind == FoundAct.Name ? null : fields.Digest("roster"));
        Act act = kind switch
        {
            FoundAct.Name => FoundAct.Read(header, fields),
            EnrolAct.Name => EnrolAct.Read(header, fields),
            RetireAct.Name => RetireAct.Read(header, fields),
            AdoptAct.Name => AdoptAct.Read(header, fields),
            DelegateAct.Name => DelegateAct.Read(header, fields),
            RekeyAct.Name => RekeyAct.Read(header, fields),
            FreeAct.Name => FreeAct.Read(header, fields),
            PassAct.Name => PassAct.Read(header, fields),
            DraftAct.Name => DraftAct.Read(header, fields),
            ReviewAct.Name => ReviewAct.Read(header, fields),
            ReleaseAct.Name => ReleaseAct.Read(header, fields),
            HoldAct.Name => HoldAct.Read(header, fields),
            LiftAct.Name => LiftAct.Read(header, fields),
            WithdrawAct.Name => WithdrawAct.Read(header, fields),
            CorrectAct.Name => CorrectAct.Read(header, fields),
            _ => throw new MalformedException($"\"{kind}\" is no kind of act"),
        };
        fields.End();
        // The ledger's statements are about a letter, the roster or a freed text: no letter may be called like one of the others.
        if (act is LetterAct { Letter: RosterAct.About or FreeAct.About })
            throw new MalformedException("\"letter\" is a word that names no letter");
        act._bytes = bytes.ToArray();
        return act;
    }

    private static string NonceOf(Fields fields)
    {
        var nonce = fields.Text("nonce");
        return nonce.Length == 32 && nonce.All(char.IsAsciiHexDigitLower) ? nonce : throw new MalformedException("\"nonce\" is not 32 lower-case hexadecimal characters");
    }
}

/// <summary>
/// What every act says: the office's domain, when it was written, a nonce of 128 random bits in 32 hexadecimal characters (no two acts are
/// equal, and secrets of the letter's paper copy derive from it), who wrote it, and the newest roster act at that time (none for <c>found</c>).
/// </summary>
public sealed record ActHeader(string Office, DateTimeOffset At, string Nonce, string By, Digest? Roster);

/// <summary>An act about who is in office and under which policy. These form one chain, each naming the one before it as its roster.</summary>
public abstract class RosterAct : Act
{
    /// <summary>What the statements of roster acts are about.</summary>
    public const string About = "roster";

    private protected RosterAct(ActHeader header) : base(header)
    {
    }

    public override string Subject => About;
}

/// <summary>An act about one letter.</summary>
public abstract class LetterAct : Act
{
    private protected LetterAct(ActHeader header) : base(header)
    {
    }

    /// <summary>The letter's id.</summary>
    public required string Letter { get; init; }

    public override string Subject => Letter;
}

/// <summary>
/// A text may always leave: boilerplate, a law, a press release. Needs the policy's <c>free</c> rule; never one that was first seen in a draft.
/// </summary>
public sealed class FreeAct(ActHeader header) : Act(header)
{
    internal const string Name = "free";

    /// <summary>What the statements of these acts are about.</summary>
    public const string About = "free";
    public override string Kind => Name;
    public override string Subject => About;

    /// <summary>SHA-256 of the file that holds the text.</summary>
    public required Digest Text { get; init; }

    /// <summary>What it is, in clear.</summary>
    public required string Title { get; init; }

    private protected override void WriteMembers(JsonObject json) => json.Add("text", Text).Add("title", Title);

    internal static FreeAct Read(ActHeader header, Fields fields) => new(header) { Text = fields.Digest("text"), Title = fields.Text("title", 200) };
}

/// <summary>
/// One message may leave, though the gate refuses it: what it says, to whom it goes, until a moment. Needs the policy's <c>free</c> rule. It frees no text: the same words in
/// another message, or to others, are refused as before.
/// </summary>
public sealed class PassAct(ActHeader header) : Act(header)
{
    internal const string Name = "pass";
    public override string Kind => Name;
    public override string Subject => FreeAct.About;

    /// <summary>The digest of message and recipients, as the gate forms it.</summary>
    public required Digest Message { get; init; }

    /// <summary>Why, in clear.</summary>
    public required string Reason { get; init; }

    /// <summary>Until when, at most <see cref="DecisionAct.LongestWait"/> after <see cref="Act.At"/>.</summary>
    public required DateTimeOffset Until { get; init; }

    private protected override void WriteMembers(JsonObject json) => json.Add("message", Message).Add("reason", Reason).Add("until", Proof.Text.Moment(Until));

    internal static PassAct Read(ActHeader header, Fields fields) => new(header)
    {
        Message = fields.Digest("message"),
        Reason = fields.Text("reason", 2000),
        Until = DecisionAct.ReadUntil(header, fields),
    };
}
