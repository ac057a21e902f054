namespace Countersign.Proof;

/// <summary>A place that a signature filled: who signed, for whom (themselves, or the lender of the role), and in which role.</summary>
public sealed record Filled(string Person, string As, string Role, Assurance Assurance, DateTimeOffset At);

/// <summary>
/// Whether an act may stand: <c>Policy.Permits</c> of the design. A pure function of the act, its signatures, the roster and the letter's history;
/// the office and every verifier run this one.
/// </summary>
public sealed class Permit
{
    /// <summary>The most signatures that are looked at.</summary>
    public const int MaxApprovals = 64;

    // A signer who holds lent roles may count as any of their lenders. All ways are tried, up to this many.
    private const int MaxWays = 4096;

    /// <summary>
    /// How far an author's clock may run ahead of the entry's time. An act dated further ahead is refused: its <c>until</c> counts from its own date,
    /// so that a decision or a loan could otherwise outlive what the rules allow.
    /// </summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromMinutes(2);

    private static readonly HashSet<string> Nobody = [];
    private static readonly Dictionary<string, DateTimeOffset> NothingStolen = [];

    private Permit(Fault? fault, IReadOnlyList<Filled> filled, IReadOnlyList<Need> missing)
    {
        Fault = fault;
        Filled = filled;
        Missing = missing;
    }

    /// <summary>Who met the needs of the stages before the last, where the reviewers come in turn: the act rests on them, too.</summary>
    internal IReadOnlyList<Filled> InTurnBefore { get; private init; } = [];

    /// <summary>Whether the act may stand.</summary>
    public bool IsGranted => Fault is null && Missing.Count == 0;

    /// <summary>What no further signature can mend; null when only signatures are missing, or nothing is.</summary>
    public Fault? Fault { get; }

    /// <summary>Who counts, and as what.</summary>
    public IReadOnlyList<Filled> Filled { get; }

    /// <summary>Who must still sign.</summary>
    public IReadOnlyList<Need> Missing { get; }

    /// <summary>Who must still sign, as a person reads it: <c>legal, 2 × registrar</c>.</summary>
    public string MissingWords => Words(Missing);

    private static string Words(IEnumerable<Need> needs) => string.Join(", ", needs.Select(m => m.Count == 1 ? m.Words : $"{m.Count} × {m.Words}"));

    /// <summary>
    /// Decides. <paramref name="letter"/> is the letter's history before the act, null for roster acts; <paramref name="at"/> is the entry's time
    /// (or now, when asking what is still missing); <paramref name="stolen"/> says since when whose key counts as stolen: neither a release nor a
    /// lift counts what such a key signed from then on.
    /// </summary>
    public static Permit Of(
        Act act, IReadOnlyList<Approval> approvals, Roster roster, LetterHistory? letter, DateTimeOffset at,
        IReadOnlyDictionary<string, DateTimeOffset>? stolen = null)
    {
        stolen ??= NothingStolen;
        if (act.Office != roster.Found.Office)
            return Refused("roster.office", "The act is another office's.");
        if (act.At - at > Ahead)
            return Refused("act.ahead", $"The act is dated {Text.Moment(act.At)}, after its entry; set the clock of the machine that wrote it and sign again.");
        if (Signers(act, approvals, roster, at, out var candidates) is { } fault)
            return new Permit(fault, [], []);
        if (candidates.All(c => c.Person != act.By))
            return Refused("signature.author", "The person who wrote the act has not signed it.");

        var policy = roster.PolicyAt(at);
        switch (act)
        {
            case RosterAct rosterAct:
                return Count(roster.Needs(rosterAct, at), candidates, roster, Nobody, null, at);
            case FreeAct or PassAct:
                return Count(policy.Free, candidates, roster, Nobody, null, at);
            case DraftAct or ReviewAct when candidates.Count > 1:
                return Refused("signature.extra", "A draft or review is signed by its author alone.");
            case ReviewAct { IsAdverse: false } review when letter is not null && Early(review, letter, candidates[0], roster, at) is { } first:
                return Refused("stage.early", $"It is not this reviewer's turn: first {Words(first)} must concur.");
            case DraftAct or ReviewAct:
                return new Permit(null, [], []);
            case HoldAct hold:
                if (letter is not null && letter.LiftedHoldOf(hold.By))
                    return Refused("hold.again", "This person's hold of this letter was lifted before; another person must hold it.");
                return Count(policy.Stop, candidates, roster, Nobody, null, at);
            case ReleaseAct release:
                var draft = letter?.CurrentDraft;
                if (draft is null || draft.Digest != release.Draft)
                    return Refused("release.version", "The release does not name the letter's newest version.");
                if (letter!.ObjectionsWithout(stolen).Count > 0)
                    return Refused("release.objection", "A review that returns or objects to this version stands.");
                if (policy.ForRelease(draft.LetterKind, draft.Findings) is not { } needs)
                    return Refused("release.kind", $"The policy has no rule for letters of kind {draft.LetterKind}.");
                var reviewers = InTurn(letter, needs, policy.StagesOf(draft.LetterKind), roster, at, stolen, out var before);
                if (before.Missing.Count > 0)
                    return new Permit(null, [], before.Missing);
                Join(candidates, reviewers);
                var counted = Count(needs, candidates, roster, letter.Drafters, draft.LetterKind, at, stolen);
                return new Permit(counted.Fault, counted.Filled, counted.Missing) { InTurnBefore = before.Filled };
            case LiftAct lift:
                var holder = letter?.HolderOf(lift.Hold);
                if (holder is null)
                    return Refused("lift.no-hold", "The lift names no hold that stands.");
                return Count(policy.Withdraw, candidates, roster, letter!.Drafters, letter.CurrentDraft?.LetterKind, at, stolen);
            case WithdrawAct or CorrectAct:
                return Count(policy.Withdraw, candidates, roster, Nobody, letter?.CurrentDraft?.LetterKind, at);
            default:
                return Refused("roster.kind", "This kind of act is not known.");
        }
    }

    /// <summary>
    /// What a release of the newest version would still lack if these people had signed it: for showing, never for deciding. Reviews count.
    /// </summary>
    public static Permit Outlook(LetterHistory letter, IReadOnlyCollection<string> signers, Roster roster, DateTimeOffset at)
    {
        if (letter.CurrentDraft is not { } draft)
            return Refused("letter.no-draft", "The letter has no version.");
        if (roster.PolicyAt(at).ForRelease(draft.LetterKind, draft.Findings) is not { } needs)
            return Refused("release.kind", $"The policy has no rule for letters of kind {draft.LetterKind}.");
        List<Candidate> candidates = [.. signers.Where(roster.Members.ContainsKey).Select(p => new Candidate(roster.Members[p], true, at))];
        var reviewers = InTurn(letter, needs, roster.PolicyAt(at).StagesOf(draft.LetterKind), roster, at, NothingStolen, out var before);
        if (before.Missing.Count > 0)
            return new Permit(null, [], before.Missing);
        Join(candidates, reviewers);
        // With nobody's signature on it yet, the release counts as signed by whoever reviewed: what is shown is who else must come.
        if (signers.Count == 0)
            candidates = [.. candidates.Select(c => c with { OnAct = true })];
        return Count(needs, candidates, roster, letter.Drafters, draft.LetterKind, at);
    }

    /// <summary>Whether different people in office could fill every place of a rule, if all of them signed.</summary>
    public static bool CouldMeet(IReadOnlyList<Need> needs, Policy policy, Roster roster, DateTimeOffset at)
    {
        var places = needs.SelectMany(need => Enumerable.Repeat(need.Roles, need.Count)).ToArray();
        Guise[] everyone = [.. roster.Members.Values.Select(m => new Guise(
            m.Person, m.Person, [.. m.Roles.Where(r => policy.Takes(m.Credential.Assurance, r))], true, m.Credential.Assurance, at))];
        return Match(places, everyone).All(p => p is not null);
    }

    internal static Permit Refused(string code, string why) => new(new Fault(code, why), [], []);

    /// <summary>Checks each signature; a person who signs twice, is not in office or did not sign these bytes makes the whole act fail.</summary>
    private static Fault? Signers(Act act, IReadOnlyList<Approval> approvals, Roster roster, DateTimeOffset at, out List<Candidate> signers)
    {
        signers = [];
        if (approvals.Count is < 1 or > MaxApprovals)
            return new Fault("signature.count", $"The act carries {approvals.Count} signatures; 1 to {MaxApprovals} can be.");
        foreach (var approval in approvals)
        {
            if (!roster.Members.TryGetValue(approval.Person, out var member))
                return new Fault("signature.not-in-office", $"A signature is by {approval.Person}, who is not in office.");
            if (approval.Act != act.Digest || !member.Credential.Verify(roster.Found.Site, act.Digest, approval.Evidence))
                return new Fault("signature.wrong", $"The signature of {approval.Person} is not a signature of this act by that person's key.");
            if (signers.Any(s => s.Person == approval.Person))
                return new Fault("signature.twice", $"{approval.Person} signed twice; a person counts once.");
            signers.Add(new Candidate(member, true, at));
        }
        return null;
    }

    private static void Join(List<Candidate> candidates, IEnumerable<Candidate> reviewers) =>
        candidates.AddRange([.. reviewers.Where(r => candidates.All(c => c.Person != r.Person))]);

    /// <summary>
    /// The reviewers whom a release joins, those who concurred before their turn left out, and what the stages before the last still lack. The
    /// reviewers' signatures were checked when the reviews were entered, and are checked again by every verifier with the reviews themselves.
    /// </summary>
    private static List<Candidate> InTurn(
        LetterHistory letter, IReadOnlyList<Need> needs, IReadOnlyList<IReadOnlyList<string>> stages, Roster roster, DateTimeOffset at,
        IReadOnlyDictionary<string, DateTimeOffset> stolen, out Permit before)
    {
        List<Candidate> reviewers = [];
        foreach (var review in letter.ConcurrencesWithout(stolen).OrderBy(r => r.Index))
            if (roster.Members.TryGetValue(review.Act.By, out var member))
            {
                var candidate = new Candidate(member, false, review.At);
                if (Lacking(letter, needs, stages, StageOf(candidate, stages, letter, roster, at), reviewers, roster, at, stolen).Missing.Count == 0)
                    reviewers.Add(candidate);
            }
        before = Lacking(letter, needs, stages, stages.Count - 1, reviewers, roster, at, stolen);
        return reviewers;
    }

    /// <summary>Who must concur before this reviewer's stage begins; null when it has begun.</summary>
    private static IReadOnlyList<Need>? Early(ReviewAct review, LetterHistory letter, Candidate reviewer, Roster roster, DateTimeOffset at)
    {
        var policy = roster.PolicyAt(at);
        if (letter.CurrentDraft is not { } draft || draft.Digest != review.Draft || policy.ForRelease(draft.LetterKind, draft.Findings) is not { } needs)
            return null;
        var stages = policy.StagesOf(draft.LetterKind);
        if (stages.Count == 0)
            return null;
        var before = InTurn(letter, needs, stages, roster, at, NothingStolen, out _).Where(c => c.Person != reviewer.Person).ToList();
        return Lacking(letter, needs, stages, StageOf(reviewer, stages, letter, roster, at), before, roster, at, NothingStolen).Missing is { Count: > 0 } lacking ? lacking : null;
    }

    /// <summary>The earliest stage in which somebody could count; 0 for those who could in none, whom nobody waits for.</summary>
    private static int StageOf(Candidate c, IReadOnlyList<IReadOnlyList<string>> stages, LetterHistory letter, Roster roster, DateTimeOffset at)
    {
        if (stages.Count == 0)
            return 0;
        var roles = Guises(c, roster, letter.CurrentDraft?.LetterKind, at, NothingStolen).SelectMany(g => g.Roles).ToHashSet(StringComparer.Ordinal);
        for (var stage = 0; stage < stages.Count; stage++)
            if (stages[stage].Any(roles.Contains))
                return stage;
        return 0;
    }

    /// <summary>How far the needs of the stages before this one are met: what they lack, and by whom the rest is met.</summary>
    private static Permit Lacking(
        LetterHistory letter, IReadOnlyList<Need> needs, IReadOnlyList<IReadOnlyList<string>> stages, int before, List<Candidate> reviewers,
        Roster roster, DateTimeOffset at, IReadOnlyDictionary<string, DateTimeOffset> stolen)
    {
        if (before <= 0)
            return new Permit(null, [], []);
        var earlier = stages.Take(before).SelectMany(roles => roles).ToHashSet(StringComparer.Ordinal);
        return Count(
            [.. needs.Where(n => n.Roles.All(earlier.Contains))], [.. reviewers.Select(c => c with { OnAct = true })],
            roster, letter.Drafters, letter.CurrentDraft!.LetterKind, at, stolen);
    }

    private static Permit Count(
        IReadOnlyList<Need> needs, List<Candidate> candidates, Roster roster, IReadOnlySet<string> excluded, string? kind, DateTimeOffset at,
        IReadOnlyDictionary<string, DateTimeOffset>? stolen = null)
    {
        stolen ??= NothingStolen;
        var places = needs.SelectMany(need => Enumerable.Repeat(need.Roles, need.Count)).ToArray();
        var guises = candidates
            .Where(c => !excluded.Contains(c.Person) && !IsStolen(c.Person, c.At, stolen))
            .Select(c => Guises(c, roster, kind, at, stolen).Where(g => !excluded.Contains(g.As)).ToArray())
            .Where(g => g.Length > 0).ToArray();
        if (guises.Aggregate(1L, (ways, g) => Math.Min(MaxWays + 1, ways * g.Length)) > MaxWays)
            return Refused("delegate.too-many", "The signers hold so many lent roles that they cannot be counted; fewer must sign with lent roles.");

        var best = new Guise?[places.Length];
        var bestScore = -1;
        foreach (var way in Ways(guises, 0))
        {
            var filled = Match(places, way);
            var score = (filled.Count(f => f is not null) * 2) + (filled.Any(f => f is { OnAct: true }) ? 1 : 0);
            if (score > bestScore)
                (best, bestScore) = (filled, score);
        }

        var missing = places.Where((_, i) => best[i] is null).GroupBy(roles => string.Join('|', roles), StringComparer.Ordinal)
            .Select(g => new Need(g.First(), g.Count())).ToList();
        if (missing.Count == 0 && places.Length > 0 && !best.Any(f => f is { OnAct: true }))
            missing.Add(needs[0] with { Count = 1 }); // reviews fill every place: somebody who counts must sign the act itself
        var used = places.Zip(best).Where(pair => pair.Second is not null)
            .Select(pair => new Filled(pair.Second!.Person, pair.Second.As, pair.First.First(pair.Second.Roles.Contains), pair.Second.Assurance, pair.Second.At));
        return new Permit(null, [.. used], missing);
    }

    /// <summary>Everyone a signer may count as: themselves with their own roles, or the lender of a role with the roles lent.</summary>
    private static IEnumerable<Guise> Guises(
        Candidate c, Roster roster, string? kind, DateTimeOffset at, IReadOnlyDictionary<string, DateTimeOffset> stolen)
    {
        var policy = roster.PolicyAt(at);
        var assurance = c.Member.Credential.Assurance;
        if (c.Member.CountsFrom <= at && c.Member.Roles.Where(role => policy.Takes(assurance, role)).ToArray() is { Length: > 0 } own)
            yield return new Guise(c.Person, c.Person, own, c.OnAct, assurance, c.At);
        foreach (var loans in roster.Loans.Where(l => l.To == c.Person && l.CountsFrom <= at && at < l.Until && !IsStolen(l.From, l.At, stolen)).GroupBy(l => l.From, StringComparer.Ordinal))
        {
            var lender = roster.Members[loans.Key];
            string[] roles = [.. loans
                .Where(l => lender.CountsFrom <= at && lender.Roles.Contains(l.Role) && policy.Takes(assurance, l.Role))
                .Where(l => l.Kinds.Count == 0 || (kind is not null && l.Kinds.Contains(kind)))
                .Select(l => l.Role)];
            if (roles.Length > 0)
                yield return new Guise(c.Person, lender.Person, roles, c.OnAct, assurance, c.At);
        }
    }

    private static bool IsStolen(string person, DateTimeOffset at, IReadOnlyDictionary<string, DateTimeOffset> stolen) =>
        stolen.TryGetValue(person, out var since) && since <= at;

    /// <summary>Every choice of one guise for each signer.</summary>
    private static IEnumerable<Guise[]> Ways(Guise[][] guises, int from)
    {
        if (from == guises.Length)
            return [[]];
        return guises[from].SelectMany(_ => Ways(guises, from + 1), (first, rest) => (Guise[])[first, .. rest]);
    }

    /// <summary>
    /// Gives each person at most one place: a maximum bipartite matching by augmenting paths. Those who signed the act itself come first, and a
    /// person once placed stays placed, so that if any of them can fill a place, one does.
    /// </summary>
    private static Guise?[] Match(IReadOnlyList<string>[] places, Guise[] way)
    {
        // Two signers who come as the same person are one: a borrower counts as the lender, never beside them.
        var people = way.GroupBy(g => g.As, StringComparer.Ordinal)
            .Select(g => g.OrderByDescending(x => x.OnAct).ToArray())
            .OrderByDescending(g => g[0].OnAct).ThenBy(g => g[0].As, StringComparer.Ordinal).ToArray();
        var taken = new int[places.Length];
        Array.Fill(taken, -1);
        for (var person = 0; person < people.Length; person++)
            Place(person, new bool[places.Length]);
        return [.. taken.Select((person, place) => person < 0 ? null : Fit(person, place))];

        Guise? Fit(int person, int place) => people[person].FirstOrDefault(g => g.Roles.Any(places[place].Contains));

        bool Place(int person, bool[] tried)
        {
            for (var place = 0; place < places.Length; place++)
            {
                if (tried[place] || Fit(person, place) is null)
                    continue;
                tried[place] = true;
                if (taken[place] >= 0 && !Place(taken[place], tried))
                    continue;
                taken[place] = person;
                return true;
            }
            return false;
        }
    }

    private sealed record Candidate(Member Member, bool OnAct, DateTimeOffset At)
    {
        public string Person => Member.Person;
    }

    private sealed record Guise(string Person, string As, IReadOnlyList<string> Roles, bool OnAct, Assurance Assurance, DateTimeOffset At);
}
