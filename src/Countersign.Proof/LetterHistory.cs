using System.Collections.Immutable;

namespace Countersign.Proof;

/// <summary>
/// What a letter is: the fold of its acts in the order of the ledger. Immutable. It knows what the acts say, not who was allowed to say it: that
/// is <see cref="Permit"/>, which reads it. The office admits an act, and a verifier accepts it, by the same <see cref="Refuses"/>.
/// </summary>
public sealed class LetterHistory
{
    private static readonly Dictionary<string, DateTimeOffset> NothingStolen = [];

    private readonly ImmutableList<RecordedAct> _acts;
    private readonly ImmutableDictionary<Digest, int> _heads;
    private readonly ImmutableHashSet<string> _twinDrafters;

    private LetterHistory(string letter, ImmutableList<RecordedAct> acts, ImmutableDictionary<Digest, int> heads, Digest? head, ImmutableHashSet<string> twinDrafters)
    {
        Letter = letter;
        _acts = acts;
        _heads = heads;
        Head = head;
        _twinDrafters = twinDrafters;
    }

    /// <summary>A letter before its first act.</summary>
    public static LetterHistory Of(string letter) =>
        new(letter, [], ImmutableDictionary<Digest, int>.Empty, null, ImmutableHashSet.Create<string>(StringComparer.Ordinal));

    /// <summary>The letter's id.</summary>
    public string Letter { get; }

    /// <summary>
    /// What decisions name to say what their signers saw. It commits to every act of the letter but concurrences, in order: the first draft's
    /// digest, then SHA-256(head ‖ digest of the next act). Leaving any act out gives another head.
    /// </summary>
    public Digest? Head { get; }

    /// <summary>Every act, in order.</summary>
    public IReadOnlyList<RecordedAct> Acts => _acts;

    /// <summary>The versions, oldest first.</summary>
    public IEnumerable<RecordedAct> Drafts => _acts.Where(a => a.Act is DraftAct);

    /// <summary>The newest version.</summary>
    public DraftAct? CurrentDraft => _acts.FindLast(a => a.Act is DraftAct)?.Act as DraftAct;

    /// <summary>Everybody who drafted any version of this letter, or a letter of the same bytes. Their signatures never count for it.</summary>
    public IReadOnlySet<string> Drafters => _twinDrafters.Union(Drafts.Select(d => d.Act.By));

    /// <summary>The act that released the letter.</summary>
    public RecordedAct? Release => _acts.Find(a => a.Act is ReleaseAct);

    /// <summary>The act that ended the letter: a withdrawal or correction.</summary>
    public RecordedAct? Ending => _acts.Find(a => a.Act is WithdrawAct or CorrectAct);

    /// <summary>What a released letter's acts make of it: the two bits of the status list.</summary>
    public Standing Standing => this switch
    {
        { Ending.Act: WithdrawAct } => Standing.Withdrawn,
        { Ending.Act: CorrectAct } => Standing.Replaced,
        { StandingHolds.Count: > 0 } => Standing.OnHold,
        _ => Standing.InForce,
    };

    /// <summary>The holds that no lift has ended.</summary>
    public IReadOnlyList<RecordedAct> StandingHolds =>
        [.. _acts.Where(a => a.Act is HoldAct && !_acts.Any(l => l.Act is LiftAct lift && lift.Hold == a.Act.Digest))];

    /// <summary>The reviews of the newest version that a release must join: each reviewer's last word, where it concurs.</summary>
    public IReadOnlyList<RecordedAct> Concurrences => ConcurrencesWithout(NothingStolen);

    /// <summary>The reviews of the newest version that refuse a release: each reviewer's last word, where it returns or objects.</summary>
    public IReadOnlyList<RecordedAct> StandingObjections => ObjectionsWithout(NothingStolen);

    /// <summary><see cref="Concurrences"/>, where stolen keys say since when whose concurrences are nobody's.</summary>
    internal IReadOnlyList<RecordedAct> ConcurrencesWithout(IReadOnlyDictionary<string, DateTimeOffset> stolen) =>
        [.. LastWords(stolen).Where(r => !((ReviewAct)r.Act).IsAdverse)];

    /// <summary><see cref="StandingObjections"/>, where a concurrence by a stolen key clears none.</summary>
    internal IReadOnlyList<RecordedAct> ObjectionsWithout(IReadOnlyDictionary<string, DateTimeOffset> stolen) =>
        [.. LastWords(stolen).Where(r => ((ReviewAct)r.Act).IsAdverse)];

    /// <summary>Counts the drafter of another letter with the same fair copy among this letter's drafters.</summary>
    public LetterHistory WithTwin(DraftAct twin) =>
        Drafts.Any(d => ((DraftAct)d.Act).FairCopy == twin.FairCopy) && twin.Letter != Letter
            ? new LetterHistory(Letter, _acts, _heads, Head, _twinDrafters.Add(twin.By))
            : this;

    /// <summary>The person whose standing hold this is; null when it is none.</summary>
    public string? HolderOf(Digest hold) => StandingHolds.FirstOrDefault(h => h.Act.Digest == hold)?.Act.By;

    /// <summary>Whether an earlier hold of this person was lifted.</summary>
    public bool LiftedHoldOf(string person) =>
        _acts.Any(a => a.Act is HoldAct && a.Act.By == person && _acts.Any(l => l.Act is LiftAct lift && lift.Hold == a.Act.Digest));

    /// <summary>Why the act cannot follow, whoever signs it; null when it can. <paramref name="at"/> is the entry's time, or now.</summary>
    public Fault? Refuses(LetterAct act, DateTimeOffset at)
    {
        if (act.Letter != Letter)
            return new Fault("letter.other", "The act is about another letter.");
        if (CurrentDraft is not { } draft)
            return act is DraftAct { Version: 1 } ? null : new Fault("letter.no-draft", "The letter does not begin with its first version.");
        if (act is DecisionAct decision)
        {
            if (at > decision.Until)
                return new Fault("decision.ended", $"It was to be finished by {Text.Moment(decision.Until)}, and was not.");
            if (decision.After != Head)
                return new Fault("decision.stale", "Something was done to the letter after its signers saw it; it must be signed again.");
        }
        return act switch
        {
            DraftAct when Release is not null => new Fault("draft.released", "The letter was released; a released letter is never revised."),
            DraftAct d when d.Version != draft.Version + 1 => new Fault("draft.version", $"The next version is {draft.Version + 1}, not {d.Version}."),
            DraftAct d when d.Reference != draft.Reference => new Fault("draft.reference", "Every version keeps the letter's reference."),
            ReviewAct when Release is not null => new Fault("review.released", "The letter is released; it can be held or withdrawn, not reviewed."),
            ReviewAct r when r.Draft != draft.Digest => new Fault("review.older", $"The review is of another version than the newest, version {draft.Version}."),
            ReviewAct r when !_heads.ContainsKey(r.After) => new Fault("review.head", "The review names a state that the letter was never in."),
            ReleaseAct when Release is not null => new Fault("release.again", "The letter is released already."),
            ReleaseAct when StandingHolds.Count > 0 => new Fault("release.held", "The letter is on hold."),
            LiftAct l when HolderOf(l.Hold) is null => new Fault("lift.no-hold", "That hold does not stand."),
            WithdrawAct w => RefusesEnding(w.Release),
            CorrectAct c => RefusesEnding(c.Release),
            _ => null,
        };
    }

    /// <summary>The history with one more act. The caller has asked <see cref="Refuses"/>, or folds what the ledger holds.</summary>
    public LetterHistory Append(RecordedAct recorded)
    {
        var acts = _acts.Add(recorded);
        if (recorded.Act is ReviewAct { IsAdverse: false })
            return new LetterHistory(Letter, acts, _heads, Head, _twinDrafters);
        var head = Head is { } before ? Digest.OfParts(before.ToArray(), recorded.Act.Digest.ToArray()) : recorded.Act.Digest;
        return new LetterHistory(Letter, acts, _heads.SetItem(head, acts.Count - 1), head, _twinDrafters);
    }

    /// <summary>The state after another letter's acts up to and including the one of this digest, for looking back.</summary>
    public LetterHistory Before(Digest act) => _acts.TakeWhile(a => a.Act.Digest != act)
        .Aggregate(new LetterHistory(Letter, [], ImmutableDictionary<Digest, int>.Empty, null, _twinDrafters), (history, a) => history.Append(a));

    private Fault? RefusesEnding(Digest release) => Release is not { } released
        ? new Fault("withdraw.not-released", "The letter was never released; there is nothing to withdraw.")
        : released.Act.Digest != release ? new Fault("withdraw.release", "The act names another release than the letter's.")
        : Ending is not null ? new Fault("withdraw.again", "The letter no longer stands already.") : null;

    /// <summary>
    /// Each reviewer's last word on the newest version. An adverse word gives way only to a word whose author had seen it (whose head is at or
    /// after it): whoever keeps the acts cannot turn an objection into a concurrence by telling them in another order.
    /// </summary>
    private List<RecordedAct> LastWords(IReadOnlyDictionary<string, DateTimeOffset> stolen)
    {
        if (CurrentDraft is not { } draft)
            return [];
        var last = new Dictionary<string, RecordedAct>(StringComparer.Ordinal);
        for (var i = 0; i < _acts.Count; i++)
        {
            if (_acts[i].Act is not ReviewAct review || review.Draft != draft.Digest)
                continue;
            if (!review.IsAdverse && stolen.TryGetValue(review.By, out var since) && since <= _acts[i].At)
                continue;
            if (last.TryGetValue(review.By, out var earlier) && ((ReviewAct)earlier.Act).IsAdverse && !review.IsAdverse
                && _heads[review.After] < _acts.IndexOf(earlier))
                continue;
            last[review.By] = _acts[i];
        }
        return [.. last.Values.OrderBy(r => r.Act.By, StringComparer.Ordinal)];
    }
}
