namespace Countersign.Proof;

/// <summary>A person as they enter office: an opaque id, a salted digest of the name, roles in rising order and a credential.</summary>
public sealed record Enrolment(string Person, Digest Name, IReadOnlyList<string> Roles, Credential Credential)
{
    internal static Enrolment Read(Json json)
    {
        var fields = new Fields(json);
        var enrolment = new Enrolment(fields.Id("person"), fields.Digest("name"), fields.IdSet("roles", 1, 16), Credential.Read(fields.Any("credential")));
        fields.End();
        return enrolment;
    }

    internal JsonObject ToJson() => new JsonObject()
        .Add("person", Person).Add("name", Name).Add("roles", Roles).Add("credential", Credential.ToJson());
}

/// <summary>Founds an office. Its digest <em>is</em> the office: whoever knows it cannot be shown another. Needs all founders.</summary>
public sealed class FoundAct(ActHeader header) : RosterAct(header)
{
    internal const string Name = "found";
    public override string Kind => Name;

    /// <summary>The office's name, in clear.</summary>
    public required string Title { get; init; }

    /// <summary>The founders: two to sixteen.</summary>
    public required IReadOnlyList<Enrolment> People { get; init; }

    /// <summary>Digest of the first policy's canonical bytes.</summary>
    public required Digest Policy { get; init; }

    /// <summary>The office's first keys.</summary>
    public required PublicKeys Keys { get; init; }

    /// <summary>Where people approve with passkeys.</summary>
    public required PasskeySite Site { get; init; }

    /// <summary>The relying party's id of sign-in. It is another than that of approvals, so that no sign-in serves as an approval.</summary>
    public required string SignIn { get; init; }

    /// <summary>Whether this is an exercise, which nothing turns into the real thing.</summary>
    public required bool Exercise { get; init; }

    private JsonObject WriteOwn(JsonObject json) => json
        .Add("title", Title)
        .Add("people", new JsonArray(People.Select(p => p.ToJson())))
        .Add("policy", Policy)
        .Add("rp", Site.RelyingParty)
        .Add("origins", Site.Origins)
        .Add("sign-in", SignIn)
        .Add("exercise", Exercise);

    private protected override void WriteMembers(JsonObject json) => Keys.WriteTo(WriteOwn(json));

    internal static FoundAct Read(ActHeader header, Fields fields)
    {
        var found = new FoundAct(header)
        {
            Title = fields.Text("title", 200),
            People = [.. fields.List("people", 2, 16).Select(Enrolment.Read)],
            Policy = fields.Digest("policy"),
            Keys = PublicKeys.Read(fields),
            Site = new PasskeySite(fields.Id("rp"), fields.Texts("origins", 1, 16, 255)),
            SignIn = fields.Id("sign-in"),
            Exercise = fields.Boolean("exercise"),
        };
        if (found.SignIn == found.Site.RelyingParty)
            throw new MalformedException("people would approve where they sign in, so that a sign-in could serve as an approval");
        return found.Site.Origins.All(o => PasskeySite.IsOrigin(o, found.Site.RelyingParty))
            ? found
            : throw new MalformedException("\"origins\" names an address that is not the relying party's");
    }
}

/// <summary>A person enters office. Needs the policy's <c>people</c> rule, or <c>change</c> where a role weighs more (see <see cref="Policy"/>).</summary>
public sealed class EnrolAct(ActHeader header) : RosterAct(header)
{
    internal const string Name = "enrol";
    public override string Kind => Name;

    /// <summary>Who enters, with which roles and key. An id is used once, for ever.</summary>
    public required Enrolment Person { get; init; }

    private protected override void WriteMembers(JsonObject json) => json.Add("person", Person.ToJson());

    internal static EnrolAct Read(ActHeader header, Fields fields) => new(header) { Person = Enrolment.Read(fields.Any("person")) };
}

/// <summary>
/// A person leaves office, and with them their roles, key and delegations. Where their key was stolen, <see cref="Since"/> says since when: no release
/// entered from then on counts that key any more, however long ago it was sealed. What stops letters stands all the same.
/// </summary>
public sealed class RetireAct(ActHeader header) : RosterAct(header)
{
    internal const string Name = "retire";
    public override string Kind => Name;

    /// <summary>Who leaves.</summary>
    public required string Person { get; init; }

    /// <summary>Since when the person's key counts as stolen; null when it does not.</summary>
    public DateTimeOffset? Since { get; init; }

    private protected override void WriteMembers(JsonObject json) => json.Add("person", Person).Add("since", Since is { } since ? Text.Moment(since) : null);

    internal static RetireAct Read(ActHeader header, Fields fields)
    {
        var retire = new RetireAct(header) { Person = fields.Id("person"), Since = fields.OptionalMoment("since") };
        return retire.Since > header.At ? throw new MalformedException("\"since\" lies after the act itself") : retire;
    }
}

/// <summary>A policy becomes the office's policy. Needs the <c>change</c> rule of the policy before it.</summary>
public sealed class AdoptAct(ActHeader header) : RosterAct(header)
{
    internal const string Name = "adopt";
    public override string Kind => Name;

    /// <summary>Digest of the policy's canonical bytes.</summary>
    public required Digest Policy { get; init; }

    private protected override void WriteMembers(JsonObject json) => json.Add("policy", Policy);

    internal static AdoptAct Read(ActHeader header, Fields fields) => new(header) { Policy = fields.Digest("policy") };
}

/// <summary>
/// The author lends a role of theirs to another person until a date. The borrower counts <em>as</em> the lender, never beside them, and cannot
/// lend it on. Needs the lender alone. A newer delegation between the same two of the same role replaces the older, so one that has already
/// ended takes it back.
/// </summary>
public sealed class DelegateAct(ActHeader header) : RosterAct(header)
{
    internal const string Name = "delegate";
    public override string Kind => Name;

    /// <summary>Who may use the role.</summary>
    public required string To { get; init; }

    /// <summary>The role.</summary>
    public required string Role { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>The kinds of letter it is for; empty for all.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    private protected override void WriteMembers(JsonObject json) => json
        .Add("to", To).Add("role", Role).Add("until", Text.Moment(Until)).Add("kinds", Kinds);

    internal static DelegateAct Read(ActHeader header, Fields fields) => new(header)
    {
        To = fields.Id("to"),
        Role = fields.Id("role"),
        Until = fields.Moment("until"),
        Kinds = fields.IdSet("kinds", 0, 64),
    };
}

/// <summary>What a ledger had when it was lost: stated by the act that opens a new epoch, so that nobody mistakes the gap for something hidden.</summary>
/// <param name="From">The first index whose former entry, if there was one, is lost or stands elsewhere now.</param>
/// <param name="Size">
/// The size of the newest checkpoint of the former ledger that anybody is known to hold; equal to <paramref name="From"/> where nothing is known to be
/// missing, but nobody could show it.
/// </param>
/// <param name="Root">Its root.</param>
public sealed record LedgerGap(ulong From, ulong Size, Digest Root);

/// <summary>
/// The office's own keys are replaced, from this act's entry on. Needs the <c>change</c> rule. With a <see cref="Gap"/> it opens a new epoch of the
/// ledger, under an origin and a ledger key that were never used before, so that no two checkpoints of one origin ever contradict each other.
/// </summary>
public sealed class RekeyAct(ActHeader header) : RosterAct(header)
{
    internal const string Name = "rekey";
    public override string Kind => Name;

    /// <summary>The keys from now on; those that stay are said again.</summary>
    public required PublicKeys Keys { get; init; }

    /// <summary>What was lost; null when nothing was.</summary>
    public LedgerGap? Gap { get; init; }

    private protected override void WriteMembers(JsonObject json) => Keys.WriteTo(json)
        .Add("gap", Gap is { } gap ? new JsonObject().Add("from", (long)gap.From).Add("size", (long)gap.Size).Add("root", gap.Root) : null);

    internal static RekeyAct Read(ActHeader header, Fields fields) => new(header)
    {
        Keys = PublicKeys.Read(fields),
        Gap = fields.Has("gap") ? ReadGap(new Fields(fields.Any("gap"))) : null,
    };

    private static LedgerGap ReadGap(Fields fields)
    {
        var gap = new LedgerGap((ulong)fields.Integer("from", 1), (ulong)fields.Integer("size", 1), fields.Digest("root"));
        fields.End();
        return gap.From <= gap.Size ? gap : throw new MalformedException("\"gap\" begins behind the end of the ledger that it speaks of");
    }
}
