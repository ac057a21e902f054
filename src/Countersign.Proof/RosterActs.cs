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

    /// <summary>The ledger's origin, the first line of every checkpoint (C2SP tlog-checkpoint).</summary>
    public required string Origin { get; init; }

    /// <summary>The key that signs checkpoints and receipts.</summary>
    public required Ed25519Key LedgerKey { get; init; }

    /// <summary>The key that signs the statements that become entries, and the status list.</summary>
    public required Ed25519Key StatementKey { get; init; }

    /// <summary>SHA-256 of the DER certificate whose key seals letters.</summary>
    public required Digest Certificate { get; init; }

    /// <summary>Whether this is an exercise, which nothing turns into the real thing.</summary>
    public required bool Exercise { get; init; }

    private protected override void WriteMembers(JsonObject json) => json
        .Add("title", Title)
        .Add("people", new JsonArray(People.Select(p => p.ToJson())))
        .Add("policy", Policy)
        .Add("origin", Origin)
        .Add("ledger", System.Buffers.Text.Base64Url.EncodeToString(LedgerKey.Bytes.Span))
        .Add("statement", System.Buffers.Text.Base64Url.EncodeToString(StatementKey.Bytes.Span))
        .Add("certificate", Certificate)
        .Add("exercise", Exercise);

    internal static FoundAct Read(ActHeader header, Fields fields) => new(header)
    {
        Title = fields.Text("title", 200),
        People = [.. fields.List("people", 2, 16).Select(Enrolment.Read)],
        Policy = fields.Digest("policy"),
        Origin = OriginOf(fields),
        LedgerKey = Key(fields, "ledger"),
        StatementKey = Key(fields, "statement"),
        Certificate = fields.Digest("certificate"),
        Exercise = fields.Boolean("exercise"),
    };

    internal static string OriginOf(Fields fields) => fields.Text("origin", 200) is var origin && Note.IsName(origin)
        ? origin
        : throw new MalformedException("\"origin\" is no name of a ledger");

    internal static Ed25519Key Key(Fields fields, string name) => fields.Base64Url(name, Ed25519Key.Size) is { Length: Ed25519Key.Size } key
        ? new Ed25519Key(key)
        : throw new MalformedException($"\"{name}\" is no Ed25519 key of {Ed25519Key.Size} bytes");
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

/// <summary>A person leaves office, and with them their roles, key and delegations.</summary>
public sealed class RetireAct(ActHeader header) : RosterAct(header)
{
    internal const string Name = "retire";
    public override string Kind => Name;

    /// <summary>Who leaves.</summary>
    public required string Person { get; init; }

    private protected override void WriteMembers(JsonObject json) => json.Add("person", Person);

    internal static RetireAct Read(ActHeader header, Fields fields) => new(header) { Person = fields.Id("person") };
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
