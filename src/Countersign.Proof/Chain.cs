using System.Collections.Immutable;

namespace Countersign.Proof;

/// <summary>
/// The roster acts of an office from <c>found</c> on, each checked under the roster before it, so that any act can be checked under the roster it
/// names. Immutable. The office folds its database through this, a verifier folds a receipt's evidence: the same code, the same answers.
/// </summary>
public sealed class RosterChain
{
    private readonly ImmutableList<(RecordedAct Recorded, Roster After)> _steps;
    private readonly ImmutableDictionary<Digest, int> _positions;
    private readonly ImmutableDictionary<string, DateTimeOffset> _stolen;

    private RosterChain(
        ImmutableList<(RecordedAct, Roster)> steps, ImmutableDictionary<Digest, int> positions, ImmutableDictionary<string, DateTimeOffset> stolen)
    {
        _steps = steps;
        _positions = positions;
        _stolen = stolen;
    }

    /// <summary>The newest roster.</summary>
    public Roster Newest => _steps[^1].After;

    /// <summary>Every roster act with its signatures, in order.</summary>
    public IEnumerable<RecordedAct> Acts => _steps.Select(s => s.Recorded);

    /// <summary>Since when which people's keys count as stolen. What was released from then on does not count them, though it stands in the ledger.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Stolen => _stolen;

    /// <summary>Begins a chain with the act that founds the office; null, with the reason, when it does not stand.</summary>
    public static RosterChain? Begin(RecordedAct found, Func<Digest, Policy?> policies, out Fault? fault)
    {
        if (found.Act is not FoundAct)
        {
            fault = new Fault("roster.no-found", "The roster does not begin with the act that founded the office.");
            return null;
        }
        return Roster.Begin(found, policies, out fault) is { } roster
            ? new RosterChain([(found, roster)], ImmutableDictionary<Digest, int>.Empty.Add(found.Act.Digest, 0), ImmutableDictionary<string, DateTimeOffset>.Empty)
            : null;
    }

    /// <summary>The chain with the next roster act; null, with the reason, when that does not stand.</summary>
    public RosterChain? Append(RecordedAct recorded, Func<Digest, Policy?> policies, out Fault? fault) =>
        Newest.Apply(recorded, policies, out fault) is { } next
            ? new RosterChain(
                _steps.Add((recorded, next)), _positions.Add(recorded.Act.Digest, _steps.Count),
                recorded.Act is RetireAct { Since: { } since } retire ? _stolen.Add(retire.Person, since) : _stolen)
            : null;

    /// <summary>The chain of its first acts alone.</summary>
    internal RosterChain Take(int count) => count >= _steps.Count ? this : new RosterChain(
        _steps.GetRange(0, count), _positions.Where(p => p.Value < count).ToImmutableDictionary(),
        _steps.Take(count).Select(s => s.Recorded.Act).OfType<RetireAct>().Where(r => r.Since is not null)
            .ToImmutableDictionary(r => r.Person, r => r.Since!.Value));

    /// <summary>
    /// Checks the signatures of an act before <see cref="Judge"/> is asked about it, on any thread; of what holds, <see cref="Judge"/> then need not
    /// compute it again. Decides nothing.
    /// </summary>
    /// <returns>Whether all signatures are, as far as this chain knows, signatures of this act by people in office.</returns>
    public bool CheckAhead(Act act, IReadOnlyList<Approval> approvals)
    {
        if (approvals.Count is < 1 or > Permit.MaxApprovals || act.Roster is not { } named || !_positions.TryGetValue(named, out var position))
            return false;
        var roster = act is HoldAct ? Newest : _steps[position].After;
        foreach (var approval in approvals)
            if (approval.Act != act.Digest || !roster.Members.TryGetValue(approval.Person, out var member)
                || !member.Credential.VerifyAhead(roster.Found.Site, act.Digest, approval.Evidence))
                return false;
        return true;
    }

    /// <summary>
    /// Decides on an act entered at <paramref name="index"/>: under the roster it names, and then whether a roster act between that one and its own
    /// entry pulled the ground from under it. A hold is judged by the newest roster at its entry instead: no race for the chain stops a stopper.
    /// </summary>
    public Permit Judge(Act act, IReadOnlyList<Approval> approvals, LetterHistory? letter, DateTimeOffset at, ulong index)
    {
        if (act.Roster is not { } named || !_positions.TryGetValue(named, out var position) || _steps[position].Recorded.Index >= index)
            return Permit.Refused("roster.unknown", "The act names a roster that was not in office before it.");
        var last = position;
        while (last + 1 < _steps.Count && _steps[last + 1].Recorded.Index < index)
            last++;
        // One ledger has one time: an entry is not dated before a roster act that stands before it, nor after one that stands behind it. Else it
        // could be judged by a policy or a roster that was not in force at its place.
        if (_steps[last].Recorded.At > at || (last + 1 < _steps.Count && _steps[last + 1].Recorded.At < at))
            return Permit.Refused("roster.order", "The act's entry is dated otherwise than its place in the ledger allows.");
        if (act is HoldAct)
            return Permit.Of(act, approvals, _steps[last].After, letter, at);
        var permit = Permit.Of(act, approvals, _steps[position].After, letter, at, _stolen);
        var people = permit.Filled.Concat(permit.InTurnBefore).SelectMany(f => new[] { f.Person, f.As }).Concat(approvals.Select(a => a.Person)).ToHashSet(StringComparer.Ordinal);
        for (var i = position + 1; i <= last; i++)
            if (Roster.Touches((RosterAct)_steps[i].Recorded.Act, people))
                return Permit.Refused("roster.touched", "Somebody who signed has left office, or the policy has changed, since the act was written: it must be signed again.");
        return permit;
    }
}
