namespace Countersign.Proof;

/// <summary>Something that leaves with the fair copy: a covering mail, a calendar entry, an annex.</summary>
public sealed record Enclosure(string Name, string MediaType, Digest Digest)
{
    internal static Enclosure Read(Json json)
    {
        var fields = new Fields(json);
        var enclosure = new Enclosure(fields.Text("name", 255), fields.Text("type", 127), fields.Digest("digest"));
        fields.End();
        return enclosure;
    }

    internal JsonObject ToJson() => new JsonObject().Add("name", Name).Add("type", MediaType).Add("digest", Digest);
}

/// <summary>A version of a letter, with its frozen fair copy and everything that signers must have seen. Needs its drafter.</summary>
public sealed class DraftAct(ActHeader header) : LetterAct(header)
{
    internal const string Name = "draft";
    public override string Kind => Name;

    /// <summary>1 for the first version of a letter, one more for each next.</summary>
    public required long Version { get; init; }

    /// <summary>PREFIX-YYYY-NNNN; the same in every version, of no other letter.</summary>
    public required string Reference { get; init; }

    /// <summary>The kind of letter: the policy's rule for it decides who must sign.</summary>
    public required string LetterKind { get; init; }

    /// <summary>SHA-256 of the fair copy, and its length in bytes.</summary>
    public required Digest FairCopy { get; init; }

    /// <summary>SHA-256 of the file it was made from, if it was made from one.</summary>
    public Digest? Source { get; init; }

    /// <summary>All else that will leave.</summary>
    public IReadOnlyList<Enclosure> Enclosures { get; init; } = [];

    /// <summary>Salted digest of the subject line (label <c>subject</c>): older versions' subjects concern no recipient.</summary>
    public required Digest LetterSubject { get; init; }

    /// <summary>The language as a BCP 47 tag in lower case, such as <c>en</c> or <c>nl</c>.</summary>
    public required string Language { get; init; }

    /// <summary>Salted digests of the addressees with their channels (label <c>addressee</c>).</summary>
    public required IReadOnlyList<Digest> Addressees { get; init; }

    /// <summary>Whether the letter is meant for everyone rather than for its addressees alone.</summary>
    public bool Public { get; init; }

    /// <summary>Before this moment a released letter is not yet in force.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>The findings about this version, as ids in rising order: a policy may ask for more signatures because of them.</summary>
    public IReadOnlyList<string> Findings { get; init; } = [];

    /// <summary>Digests of the rule packs that made the findings.</summary>
    public IReadOnlyList<Digest> RulePacks { get; init; } = [];

    /// <summary>Where the seal puts its mark; none where no place is free.</summary>
    public MarkPlace? Mark { get; init; }

    private protected override void WriteMembers(JsonObject json) => json
        .Add("letter", Letter)
        .Add("version", Version)
        .Add("reference", Reference)
        .Add("kind", LetterKind)
        .Add("copy", FairCopy)
        .Add("source", Source)
        .Add("enclosures", new JsonArray(Enclosures.Select(e => e.ToJson())))
        .Add("subject", LetterSubject)
        .Add("language", Language)
        .Add("addressees", Addressees)
        .Add("audience", Public ? "public" : "addressees")
        .Add("not-before", NotBefore is { } moment ? Text.Moment(moment) : null)
        .Add("findings", Findings)
        .Add("packs", RulePacks)
        .Add("mark", Mark is { } mark ? new JsonObject().Add("page", mark.Page).Add("place", MarkCorners.NameOf(mark.Corner)) : null);

    internal static DraftAct Read(ActHeader header, Fields fields) => new(header)
    {
        Letter = fields.Id("letter"),
        Version = fields.Integer("version", 1, 100_000),
        Reference = fields.Text("reference") is var reference && Text.IsReference(reference)
            ? reference
            : throw new MalformedException("\"reference\" is not of the form PREFIX-YYYY-NNNN"),
        LetterKind = fields.Id("kind"),
        FairCopy = fields.Digest("copy"),
        Source = fields.OptionalDigest("source"),
        Enclosures = [.. fields.List("enclosures", 0, 100).Select(Enclosure.Read)],
        LetterSubject = fields.Digest("subject"),
        Language = fields.Id("language"),
        Addressees = fields.Digests("addressees", 0, 200),
        Public = fields.Word("audience", "addressees", "public") == "public",
        NotBefore = fields.OptionalMoment("not-before"),
        Findings = fields.IdSet("findings", 0, 200),
        RulePacks = fields.Digests("packs", 0, 32),
        Mark = fields.Has("mark") ? ReadMark(fields.Any("mark")) : null,
    };

    private static MarkPlace ReadMark(Json json)
    {
        var fields = new Fields(json);
        var page = (int)fields.Integer("page", 1, 1_000_000);
        var corner = MarkCorners.Parse(fields.Text("place")) ?? throw new MalformedException("\"place\" is no place for a mark");
        fields.End();
        return new MarkPlace(page, corner);
    }
}

/// <summary>What a reviewer says of a version.</summary>
public enum Opinion
{
    /// <summary>Counts as the reviewer's approval of a release of this version.</summary>
    Concur,

    /// <summary>Concurs, with a change that the drafter may make in a next version.</summary>
    ConcurWithChange,

    /// <summary>Back to the drafter: the version may not be released.</summary>
    Return,

    /// <summary>Against: the version may not be released while the objection stands.</summary>
    Object,
}

/// <summary>A person's opinion of one version. Needs its reviewer.</summary>
public sealed class ReviewAct(ActHeader header) : LetterAct(header)
{
    internal const string Name = "review";
    private static readonly string[] Words = ["concur", "concur-with-change", "return", "object"];

    public override string Kind => Name;

    /// <summary>Digest of the <c>draft</c> act reviewed.</summary>
    public required Digest Draft { get; init; }

    /// <summary>The letter's head that the reviewer saw: a later concurrence clears the same person's objection only if it saw it.</summary>
    public required Digest After { get; init; }

    /// <summary>The opinion.</summary>
    public required Opinion Says { get; init; }

    /// <summary>Salted digest of the comment (label <c>comment</c>).</summary>
    public Digest? Comment { get; init; }

    /// <summary>Whether the opinion stops a release: a return or an objection.</summary>
    public bool IsAdverse => Says is Opinion.Return or Opinion.Object;

    private protected override void WriteMembers(JsonObject json) => json
        .Add("letter", Letter).Add("draft", Draft).Add("after", After).Add("says", Words[(int)Says]).Add("comment", Comment);

    internal static ReviewAct Read(ActHeader header, Fields fields) => new(header)
    {
        Letter = fields.Id("letter"),
        Draft = fields.Digest("draft"),
        After = fields.Digest("after"),
        Says = (Opinion)Array.IndexOf(Words, fields.Word("says", Words)),
        Comment = fields.OptionalDigest("comment"),
    };
}

/// <summary>
/// An act about a letter that several people sign, one after another: release, lift, withdraw, correct. It is appended only while the letter's
/// head is still the one they saw, and only until it ends.
/// </summary>
public abstract class DecisionAct : LetterAct
{
    /// <summary>The longest that a decision may wait for its last signature.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromDays(7);

    private protected DecisionAct(ActHeader header) : base(header)
    {
    }

    /// <summary>The letter's head (<see cref="LetterHistory.Head"/>) that the signers saw.</summary>
    public required Digest After { get; init; }

    /// <summary>When the unfinished decision ends, at most <see cref="LongestWait"/> after <see cref="Act.At"/>.</summary>
    public required DateTimeOffset Until { get; init; }

    internal static DateTimeOffset ReadUntil(ActHeader header, Fields fields) =>
        fields.Moment("until") is var until && until >= header.At && until - header.At <= LongestWait
            ? until
            : throw new MalformedException("\"until\" is not within the 7 days after \"at\"");
}

/// <summary>Releases a version. Needs the policy's rule for the letter's kind, and what its findings add.</summary>
public sealed class ReleaseAct(ActHeader header) : DecisionAct(header)
{
    internal const string Name = "release";

    public override string Kind => Name;

    /// <summary>Digest of the <c>draft</c> act released.</summary>
    public required Digest Draft { get; init; }

    /// <summary>The letter's place in the office's status list.</summary>
    public required long Status { get; init; }

    private protected override void WriteMembers(JsonObject json) => json
        .Add("letter", Letter).Add("draft", Draft).Add("after", After).Add("status", Status).Add("until", Text.Moment(Until));

    internal static ReleaseAct Read(ActHeader header, Fields fields) => new(header)
    {
        Letter = fields.Id("letter"),
        Draft = fields.Digest("draft"),
        After = fields.Digest("after"),
        Status = fields.Integer("status", 0, StatusList.Capacity - 1),
        Until = ReadUntil(header, fields),
    };
}

/// <summary>A letter does not stand for now, released or not. Needs one person of the policy's <c>stop</c> rule, who is in office now.</summary>
public sealed class HoldAct(ActHeader header) : LetterAct(header)
{
    internal const string Name = "hold";
    public override string Kind => Name;

    /// <summary>Salted digest of the reason (label <c>reason</c>): one person alone publishes no words.</summary>
    public Digest? Reason { get; init; }

    private protected override void WriteMembers(JsonObject json) => json.Add("letter", Letter).Add("reason", Reason);

    internal static HoldAct Read(ActHeader header, Fields fields) => new(header)
    {
        Letter = fields.Id("letter"),
        Reason = fields.OptionalDigest("reason"),
    };
}

/// <summary>Ends one hold. Needs what a withdrawal needs; the letter's drafters never count.</summary>
public sealed class LiftAct(ActHeader header) : DecisionAct(header)
{
    internal const string Name = "lift";
    public override string Kind => Name;

    /// <summary>Digest of the <c>hold</c> act that it ends.</summary>
    public required Digest Hold { get; init; }

    private protected override void WriteMembers(JsonObject json) => json
        .Add("letter", Letter).Add("hold", Hold).Add("after", After).Add("until", Text.Moment(Until));

    internal static LiftAct Read(ActHeader header, Fields fields) => new(header)
    {
        Letter = fields.Id("letter"),
        Hold = fields.Digest("hold"),
        After = fields.Digest("after"),
        Until = ReadUntil(header, fields),
    };
}

/// <summary>A released letter no longer stands. Needs the policy's <c>withdraw</c> rule.</summary>
public sealed class WithdrawAct(ActHeader header) : DecisionAct(header)
{
    internal const string Name = "withdraw";
    public override string Kind => Name;

    /// <summary>Digest of the act that released it.</summary>
    public required Digest Release { get; init; }

    /// <summary>Why, in words for whoever holds the letter; they stand in the status file.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the public register and feed tell of it, too.</summary>
    public bool Public { get; init; }

    private protected override void WriteMembers(JsonObject json) => json
        .Add("letter", Letter).Add("release", Release).Add("after", After).Add("reason", Reason).Add("public", Public).Add("until", Text.Moment(Until));

    internal static WithdrawAct Read(ActHeader header, Fields fields) => new(header)
    {
        Letter = fields.Id("letter"),
        Release = fields.Digest("release"),
        After = fields.Digest("after"),
        Reason = fields.OptionalText("reason"),
        Public = fields.Boolean("public"),
        Until = ReadUntil(header, fields),
    };
}

/// <summary>
/// A released letter is replaced by another that was released by its own kind's rule. Needs the policy's <c>withdraw</c> rule for the old one
/// besides, so that no cheaper kind corrects a letter away.
/// </summary>
public sealed class CorrectAct(ActHeader header) : DecisionAct(header)
{
    internal const string Name = "correct";
    public override string Kind => Name;

    /// <summary>Digest of the act that released the old letter.</summary>
    public required Digest Release { get; init; }

    /// <summary>Digest of the act that released the new letter, and its reference.</summary>
    public required Digest Replacement { get; init; }

    /// <summary>The new letter's reference.</summary>
    public required string Reference { get; init; }

    private protected override void WriteMembers(JsonObject json) => json
        .Add("letter", Letter).Add("release", Release).Add("after", After)
        .Add("replacement", Replacement).Add("reference", Reference).Add("until", Text.Moment(Until));

    internal static CorrectAct Read(ActHeader header, Fields fields) => new(header)
    {
        Letter = fields.Id("letter"),
        Release = fields.Digest("release"),
        After = fields.Digest("after"),
        Replacement = fields.Digest("replacement"),
        Reference = fields.Text("reference") is var reference && Text.IsReference(reference)
            ? reference
            : throw new MalformedException("\"reference\" is not of the form PREFIX-YYYY-NNNN"),
        Until = ReadUntil(header, fields),
    };
}
