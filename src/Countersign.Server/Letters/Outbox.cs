using Countersign.Proof;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Letters;

/// <summary>Somebody who signs now: who, and with which key.</summary>
public sealed record Signer(Member Member, SoftwareKey Key)
{
    public string Person => Member.Person;
}

/// <summary>Where a decision stands after a signature: in the ledger, or what it still lacks.</summary>
public sealed record Outcome(Act Act, RecordedAct? Recorded, Permit Permit);

/// <summary>
/// The way of an act into the ledger. Rooms hand acts over here and nowhere else: signatures are kept before they are answered, an act is entered
/// when the proof permits it, and whatever follows from an entry can be done again after a crash.
/// </summary>
public sealed partial class Office
{
    /// <summary>
    /// Signs a decision that several people make: the pending act that <paramref name="same"/> recognises, or a new one that
    /// <paramref name="write"/> makes. Each signature is on the disk before this returns. When nobody is missing any more, the act is entered.
    /// Signing again what one has signed already is no error.
    /// </summary>
    public Result<Outcome> Decide(string subject, IReadOnlyList<Signer> signers, Func<Act, bool> same, Func<ActHeader, Act> write)
    {
        if (WriteFault() is { } fault)
            return fault;
        var letter = subject == "roster" ? null : History(subject);
        var act = OpenPending(subject, letter).FirstOrDefault(same);
        var approvals = act is null ? [] : PendingApprovals(act).ToList();
        if (act is null)
        {
            act = write(Header(signers[0].Person));
            if (Refuses(act, letter) is { } refused)
                return refused;
        }

        var added = new List<Approval>();
        foreach (var signer in signers)
        {
            if (approvals.Any(a => a.Person == signer.Person))
                continue;
            var approval = signer.Key.Approve(signer.Person, act.Digest);
            var with = Chain.Judge(act, [.. approvals, approval], letter, Now, ulong.MaxValue);
            if (with.Fault is { } wrong)
                return Refusal.From(wrong);
            if (with.Filled.All(f => f.Person != signer.Person))
            {
                if (with.IsGranted)
                    continue; // others fill every place: nothing is lacking that this person could give
                return NoPlace(act, signer, letter, with);
            }
            approvals.Add(approval);
            added.Add(approval);
        }

        if (added.Count > 0)
        {
            if (Records.Pending.All(p => p.Digest != act.Digest.ToString()))
                Records.Pending.Add(new PendingRow { Digest = act.Digest.ToString(), Subject = subject, Kind = act.Kind, Bytes = act.Bytes.ToArray() });
            foreach (var approval in added)
                Records.PendingApprovals.Add(new PendingApprovalRow
                {
                    Digest = act.Digest.ToString(),
                    Person = approval.Person,
                    Evidence = approval.Evidence.ToArray(),
                });
            Save();
        }

        var permit = Chain.Judge(act, approvals, letter, Now, ulong.MaxValue);
        if (!permit.IsGranted)
            return permit.Fault is { } bad ? Refusal.From(bad) : new Outcome(act, null, permit);
        return Enter(act, approvals).Is(out var recorded, out var refusal) ? new Outcome(act, recorded, permit) : refusal;
    }

    /// <summary>Signs and enters an act that its author alone decides: a draft, a review, a hold, a delegation. <paramref name="file"/> is the name
    /// of the file a draft was made from.</summary>
    public Result<RecordedAct> Do(Signer signer, Func<ActHeader, Act> write, string? file = null)
    {
        if (WriteFault() is { } fault)
            return fault;
        var act = write(Header(signer.Person));
        return Enter(act, [signer.Key.Approve(signer.Person, act.Digest)], file);
    }

    /// <summary>The pending acts about a subject that may still be finished. Those that cannot any more are dropped: they must be signed anew.</summary>
    public IReadOnlyList<Act> OpenPending(string subject, LetterHistory? letter)
    {
        var open = new List<Act>();
        foreach (var row in Records.Pending.Where(p => p.Subject == subject).ToList())
        {
            var act = Act.TryRead(row.Bytes, out var read, out _) ? read : null;
            if (act is null || Refuses(act, letter) is not null || Chain.Judge(act, PendingApprovals(act), letter, Now, ulong.MaxValue).Fault is not null)
                DropPending(row.Digest);
            else
                open.Add(act);
        }
        return open;
    }

    /// <summary>The signatures on a pending act.</summary>
    public IReadOnlyList<Approval> PendingApprovals(Act act)
    {
        var digest = act.Digest.ToString();
        return [.. Records.PendingApprovals.Where(p => p.Digest == digest).OrderBy(p => p.Person).AsEnumerable()
            .Select(p => new Approval(p.Person, act.Digest, p.Evidence))];
    }

    /// <summary>
    /// Enters an act and makes what follows public. The entry is on the disk when this returns; should its publication fail, the office says so in
    /// <see cref="Warnings"/> and publishes it with the next act, or with <c>doctor</c>.
    /// </summary>
    private Result<RecordedAct> Enter(Act act, IReadOnlyList<Approval> approvals, string? file = null)
    {
        if (!_ledger.Enter(act, approvals, file).Is(out var entry, out var refusal))
            return refusal;
        if (_book.Refresh() is { } damage)
            return damage;
        try
        {
            if (_ledger.Publish() is { } trouble)
                Warnings.Add(trouble);
            Publish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Warnings.Add($"It is entered, but the public files could not be renewed: {e.Message}");
        }
        return OfficeLedger.Recorded(entry);
    }

    /// <summary>What did not go well and did not stop anything.</summary>
    public IList<string> Warnings { get; } = [];

    private void DropPending(string digest)
    {
        Records.PendingApprovals.Where(p => p.Digest == digest).ExecuteDelete();
        Records.Pending.Where(p => p.Digest == digest).ExecuteDelete();
    }

    /// <summary>What refuses an act whoever signs it, as the office stands now.</summary>
    private Refusal? Refuses(Act act, LetterHistory? letter)
    {
        var fault = act switch
        {
            RosterAct roster when roster.Roster != Roster.Digest => new Fault("roster.stale", "Somebody else changed the roster in the meantime."),
            RosterAct roster => Roster.Refuses(roster),
            LetterAct about => letter!.Refuses(about, Now),
            _ => null,
        };
        return fault is null ? null : Refusal.From(fault);
    }

    private Refusal NoPlace(Act act, Signer signer, LetterHistory? letter, Permit permit)
    {
        var name = NameOf(signer.Person);
        return letter is not null && letter.Drafters.Contains(signer.Person) && act is ReleaseAct or LiftAct
            ? new Refusal("approval.drafter", $"{name} drafted this letter, and whoever drafted it never counts.", $"Ask for: {permit.MissingWords}.")
            : new Refusal("approval.no-place", $"The policy has no place for {name} ({string.Join(", ", signer.Member.Roles)}) in this {act.Kind}.", $"Ask for: {permit.MissingWords}.");
    }
}
