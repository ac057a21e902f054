using System.Diagnostics.CodeAnalysis;

namespace Countersign.Proof;

/// <summary>So many different people of any of these roles.</summary>
public sealed record Need(IReadOnlyList<string> Roles, int Count)
{
    /// <summary>The roles as a person reads them: <c>legal</c>, <c>commander or legal</c>.</summary>
    public string Words => string.Join(" or ", Roles);
}

/// <summary>Findings that ask for more: people besides those of the kind's rule.</summary>
/// <param name="When">Finding ids; <c>wording</c> stands for <c>wording.commitment</c> and its like, too.</param>
/// <param name="Approve">Who must sign because of them.</param>
/// <param name="Refuses">Whether the signatures are an overruling of a refusal rather than an addition; the counting is the same.</param>
public sealed record Escalation(IReadOnlyList<string> When, IReadOnlyList<Need> Approve, bool Refuses)
{
    /// <summary>The finding of a page that nobody could read: it may hide any other, so it raises every escalation.</summary>
    public const string Unread = "unread";

    /// <summary>Whether any of these findings asks for it.</summary>
    public bool AppliesTo(IReadOnlyList<string> findings) => findings.Any(f =>
        f == Unread || f.StartsWith(Unread + ".", StringComparison.Ordinal)
        || When.Any(w => f == w || f.StartsWith(w + ".", StringComparison.Ordinal)));
}

/// <summary>
/// Who must sign what. People write it in YAML; it is adopted, signed and checked as canonical JSON. Every rule but <see cref="Stop"/> asks for
/// two different people at least: a policy under which one person could send alone cannot be read at all.
/// </summary>
public sealed class Policy
{
    /// <summary>The most bytes a policy may have.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The most signatures a single act may need.</summary>
    public const int MaxNeeded = 16;

    /// <summary>The longest time after which texts may be forgotten: a hundred years.</summary>
    public const int MaxRetentionDays = 36_525;

    private Policy()
    {
    }

    /// <summary>Who enrols and retires.</summary>
    public required IReadOnlyList<Need> People { get; init; }

    /// <summary>Who adopts policies, and enrols and retires roles that change, withdraw or are asked by findings.</summary>
    public required IReadOnlyList<Need> Change { get; init; }

    /// <summary>Who may hold a letter: one person of these roles, alone.</summary>
    public required IReadOnlyList<Need> Stop { get; init; }

    /// <summary>Who withdraws a released letter, replaces it, or lifts a hold.</summary>
    public required IReadOnlyList<Need> Withdraw { get; init; }

    /// <summary>Who frees a text for ever.</summary>
    public required IReadOnlyList<Need> Free { get; init; }

    /// <summary>Who releases each kind of letter. A kind without a rule cannot be released.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<Need>> Kinds { get; init; }

    /// <summary>
    /// For the kinds whose reviewers come in turn: the roles of each stage, the first stage first. Whoever belongs to a stage concurs only when the
    /// needs of the stages before it are met. Every role of the kind's rule stands in exactly one stage.
    /// </summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<string>>> Stages { get; init; }

    /// <summary>What findings add.</summary>
    public required IReadOnlyList<Escalation> Escalations { get; init; }

    /// <summary>The least assurance of a key that signs for a role; a role that is not named takes any key.</summary>
    public required IReadOnlyDictionary<string, Assurance> Assurances { get; init; }

    /// <summary>Whether verdicts name the people who approved, rather than their roles.</summary>
    public required bool DiscloseNames { get; init; }

    /// <summary>The longest delegation, in days.</summary>
    public required int DelegationDays { get; init; }

    /// <summary>How long enrolments, delegations and policies wait after their entry before they count.</summary>
    public required TimeSpan Wait { get; init; }

    /// <summary>
    /// After how many days the gate may forget a letter's texts: from its last version where it was never released, from its release otherwise. Null where
    /// nothing is ever forgotten. It decides nothing about approvals; it stands here because forgetting a draft is a change of what is protected.
    /// </summary>
    public required int? RetentionDays { get; init; }

    /// <summary>The canonical bytes.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>SHA-256 of the canonical bytes: what <c>found</c> and <c>adopt</c> name.</summary>
    public Digest Digest => Digest.Of(Bytes.Span);

    /// <summary>Every role that the policy names, in rising order.</summary>
    public IReadOnlyList<string> Roles => [.. new[] { People, Change, Stop, Withdraw, Free }
        .Concat(Kinds.Values).Concat(Escalations.Select(e => e.Approve))
        .SelectMany(needs => needs).SelectMany(need => need.Roles).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Whether a role can change the policy, withdraw, or is asked by findings: who gets such a role is a change of the office itself.</summary>
    public bool Weighs(string role) => Change.Concat(Withdraw).Concat(Escalations.SelectMany(e => e.Approve)).Any(need => need.Roles.Contains(role));

    /// <summary>Whether a key of this assurance may sign for a role.</summary>
    public bool Takes(Assurance assurance, string role) => !Assurances.TryGetValue(role, out var least) || assurance >= least;

    /// <summary>Who must sign a letter of this kind with these findings; null when the policy has no rule for the kind.</summary>
    public IReadOnlyList<Need>? ForRelease(string kind, IReadOnlyList<string> findings) => Kinds.TryGetValue(kind, out var needs)
        ? [.. needs, .. Escalations.Where(e => e.AppliesTo(findings)).SelectMany(e => e.Approve)]
        : null;

    /// <summary>The stages of a kind of letter; none where its reviewers come in any order.</summary>
    public IReadOnlyList<IReadOnlyList<string>> StagesOf(string kind) => Stages.TryGetValue(kind, out var stages) ? stages : [];

    /// <summary>Reads the canonical bytes. On false, <paramref name="fault"/> says in a sentence why the policy is none, or why it is refused.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out Policy? policy, [NotNullWhen(false)] out string? fault)
    {
        try
        {
            policy = Read(bytes);
            fault = null;
            return true;
        }
        catch (MalformedException e)
        {
            policy = null;
            fault = $"This policy cannot be used: {e.Message}.";
            return false;
        }
    }

    internal static Policy Read(ReadOnlyMemory<byte> bytes)
    {
        var fields = new Fields(Json.Read(bytes.Span, MaxBytes));
        var kinds = new Dictionary<string, IReadOnlyList<Need>>(StringComparer.Ordinal);
        var stages = new Dictionary<string, IReadOnlyList<IReadOnlyList<string>>>(StringComparer.Ordinal);
        if (fields.Any("kinds") is not JsonObject kindsJson || kindsJson.Members.Count is < 1 or > 64)
            throw new MalformedException("\"kinds\" must name 1 to 64 kinds of letter");
        foreach (var (kind, json) in kindsJson.Members)
        {
            if (!Text.IsId(kind))
                throw new MalformedException($"the kind \"{kind}\" is no id (1 to 64 of a-z, 0-9, '.', '-')");
            kinds.Add(kind, Rule(json, $"letters of kind {kind}", 2, out var order));
            if (order.Count > 0)
                stages.Add(kind, order);
        }
        var assurances = new Dictionary<string, Assurance>(StringComparer.Ordinal);
        if (fields.Any("assurance") is not JsonObject assurancesJson || assurancesJson.Members.Count > 64)
            throw new MalformedException("\"assurance\" must be an object that names roles");
        foreach (var (role, json) in assurancesJson.Members)
            assurances.Add(role, json is JsonString { Value: "passkey" }
                ? Assurance.Passkey
                : throw new MalformedException($"the assurance of \"{role}\" can only be \"passkey\""));
        var policy = new Policy
        {
            Assurances = assurances,
            People = Rule(fields.Any("people"), "people", 2),
            Change = Rule(fields.Any("change"), "change", 2),
            Stop = Rule(fields.Any("stop"), "stop", 1),
            Withdraw = Rule(fields.Any("withdraw"), "withdraw", 2),
            Free = Rule(fields.Any("free"), "free", 2),
            Kinds = kinds,
            Stages = stages,
            Escalations = [.. fields.List("escalate", 0, 64).Select(ReadEscalation)],
            DiscloseNames = fields.Word("disclose", "names", "roles") == "names",
            DelegationDays = (int)fields.Integer("delegation-days", 0, 366),
            Wait = TimeSpan.FromSeconds(fields.Integer("wait-seconds", 0, 90 * 86_400)),
            RetentionDays = fields.Has("retention-days") ? (int)fields.Integer("retention-days", 1, MaxRetentionDays) : null,
            Bytes = bytes.ToArray(),
        };
        fields.End();
        // A page that nobody could read raises every escalation at once.
        var added = policy.Escalations.Sum(e => e.Approve.Sum(n => n.Count));
        if (policy.Kinds.FirstOrDefault(k => k.Value.Sum(n => n.Count) + added > Permit.MaxApprovals) is { Key: { } crowded })
            throw new MalformedException($"letters of kind {crowded} with all escalations together would need more than {Permit.MaxApprovals} people, whom no act can carry");
        if (policy.Stop is not [{ Count: 1 }])
            throw new MalformedException("\"stop\" must ask for one person of some roles: whoever may stop a letter does so alone");
        return policy;
    }

    private static Need[] Rule(Json json, string what, int atLeast)
    {
        var needs = Rule(json, what, atLeast, out var stages);
        return stages.Count == 0 ? needs : throw new MalformedException($"its rule for {what} has stages, which only kinds of letters have");
    }

    private static Need[] Rule(Json json, string what, int atLeast, out IReadOnlyList<IReadOnlyList<string>> stages)
    {
        var fields = new Fields(json);
        var needs = Needs(fields, "approve", what);
        stages = fields.Has("stages") ? [.. fields.List("stages", 2, MaxNeeded).Select(item => Fields.IdSetOf(item, "stages", 1, 16))] : [];
        fields.End();
        var order = stages;
        var staged = stages.SelectMany(roles => roles).ToArray();
        if (staged.Distinct().Count() < staged.Length)
            throw new MalformedException($"in its rule for {what} a role stands in two stages");
        if (stages.Count > 0 && !needs.All(n => order.Any(roles => n.Roles.All(roles.Contains))))
            throw new MalformedException($"in its rule for {what} the stages do not say when each signature comes; name every role in one stage, and roles that stand in for each other in the same");
        // Different people fill different places, so the places count the people. One is one who sends alone.
        return needs.Sum(n => n.Count) >= atLeast
            ? needs
            : throw new MalformedException($"its rule for {what} can be met by one person alone; ask for at least two people");
    }

    private static Need[] Needs(Fields fields, string name, string what)
    {
        Need[] needs = [.. fields.List(name, 1, MaxNeeded).Select(item =>
        {
            var need = new Fields(item);
            var read = new Need(need.IdSet("role", 1, 16), (int)need.Integer("count", 1, MaxNeeded));
            need.End();
            return read;
        })];
        return needs.Sum(n => n.Count) <= MaxNeeded
            ? needs
            : throw new MalformedException($"its rule for {what} asks for more than {MaxNeeded} people");
    }

    private static Escalation ReadEscalation(Json json)
    {
        var fields = new Fields(json);
        var escalation = new Escalation(fields.IdSet("when", 1, 32), Needs(fields, "approve", "escalation"), fields.Boolean("refuse"));
        fields.End();
        return escalation;
    }

    /// <summary>Writes a policy in canonical form from its parts; <see cref="TryRead"/> then decides whether it can be used.</summary>
    public static byte[] Write(PolicyParts parts)
    {
        static JsonArray List(IEnumerable<Need> needs) => new(needs.Select(n => new JsonObject()
            .Add("role", n.Roles.Distinct().Order(StringComparer.Ordinal)).Add("count", n.Count)));
        static JsonObject Approve(IEnumerable<Need> needs) => new JsonObject().Add("approve", List(needs));

        var kinds = new JsonObject();
        foreach (var (kind, needs) in parts.Kinds)
        {
            var rule = Approve(needs);
            if (parts.Stages.TryGetValue(kind, out var stages))
                rule.Add("stages", new JsonArray(stages.Select(roles => new JsonArray(roles.Distinct().Order(StringComparer.Ordinal).Select(r => new JsonString(r))))));
            kinds.Add(kind, rule);
        }
        var policy = new JsonObject()
            .Add("people", Approve(parts.People))
            .Add("change", Approve(parts.Change))
            .Add("stop", Approve(parts.Stop))
            .Add("withdraw", Approve(parts.Withdraw))
            .Add("free", Approve(parts.Free))
            .Add("kinds", kinds)
            .Add("escalate", new JsonArray(parts.Escalations.Select(e => new JsonObject()
                .Add("when", e.When.Distinct().Order(StringComparer.Ordinal)).Add("approve", List(e.Approve)).Add("refuse", e.Refuses))))
            .Add("assurance", parts.Assurances.Aggregate(new JsonObject(), (json, a) => json.Add(a.Key, a.Value == Assurance.Passkey ? "passkey" : "software")))
            .Add("disclose", parts.DiscloseNames ? "names" : "roles")
            .Add("delegation-days", parts.DelegationDays)
            .Add("wait-seconds", (long)parts.Wait.TotalSeconds);
        return (parts.RetentionDays is { } days ? policy.Add("retention-days", days) : policy).ToBytes();
    }
}

/// <summary>What a policy is written from.</summary>
public sealed record PolicyParts
{
    public required IReadOnlyList<Need> People { get; init; }
    public required IReadOnlyList<Need> Change { get; init; }
    public required IReadOnlyList<Need> Stop { get; init; }
    public required IReadOnlyList<Need> Withdraw { get; init; }
    public required IReadOnlyList<Need> Free { get; init; }
    public required IReadOnlyDictionary<string, IReadOnlyList<Need>> Kinds { get; init; }
    public IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyList<string>>> Stages { get; init; } = new Dictionary<string, IReadOnlyList<IReadOnlyList<string>>>();
    public IReadOnlyList<Escalation> Escalations { get; init; } = [];
    public IReadOnlyDictionary<string, Assurance> Assurances { get; init; } = new Dictionary<string, Assurance>();
    public bool DiscloseNames { get; init; } = true;
    public int DelegationDays { get; init; } = 30;
    public TimeSpan Wait { get; init; }
    public int? RetentionDays { get; init; }
}
