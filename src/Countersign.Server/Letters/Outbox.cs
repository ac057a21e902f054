using Countersign.Ledger;
using Countersign.Proof;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Letters;

/// <summary>Somebody who signs now: who, and how their key or passkey signs a digest.</summary>
public sealed record Signer(Member Member, Func<Digest, Approval> Approve)
{
    /// <summary>Somebody with a key in a file.</summary>
    public Signer(Member member, SoftwareKey key) : this(member, digest => key.Approve(member.Person, digest))
    {
    }

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
    /// Signing again what one has signed already is no error. A restored office signs nothing but the act that opens a new epoch.
    /// </summary>
    public Result<Outcome> Decide(string subject, IReadOnlyList<Signer> signers, Func<Act, bool> same, Func<ActHeader, Act> write, bool opensEpoch = false)
    {
        if ((opensEpoch ? ClockFault() : WriteFault()) is { } fault)
            return fault;
        EnterWaitingHolds();
        var letter = subject is RosterAct.About or FreeAct.About ? null : History(subject);
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
            var approval = signer.Approve(act.Digest);
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
        EnterWaitingHolds();
        var act = write(Header(signer.Person));
        return Enter(act, [signer.Approve(act.Digest)], file);
    }

    /// <summary>The pending acts about a subject that may still be finished. Those that cannot any more are dropped: they must be signed anew.</summary>
    public IReadOnlyList<Act> OpenPending(string subject, LetterHistory? letter)
    {
        var open = new List<Act>();
        foreach (var row in Records.Pending.Where(p => p.Subject == subject).ToList())
        {
            var act = Act.TryRead(row.Bytes, out var read, out _) ? read : null;
            if (act is null || Refuses(act, letter) is not null || Chain.Judge(act, PendingApprovals(act), letter, Now, ulong.MaxValue).Fault is not null)
            {
                if (act is ReleaseAct)
                    RememberLapsed(subject, PendingApprovals(act).Select(a => a.Person));
                DropPending(row.Digest);
            }
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
        if (!(act is RekeyAct rekey ? EnterWithNewKeys(rekey, approvals) : _ledger.Enter(act, approvals, file)).Is(out var entry, out var refusal))
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

    /// <summary>Makes new keys for the office, in a folder of their own beside those that count. They count once a <c>rekey</c> act names them.</summary>
    public PublicKeys NewKeys(string origin)
    {
        using var keys = OfficeKeys.Create(Home, Found.Title, Now, NewId('k'));
        return keys.Public(origin);
    }

    /// <summary>
    /// Enters an act again that was lost with a part of the ledger: its signatures hold as they did, its entry is a new one. An act that is in the
    /// ledger already is found there.
    /// </summary>
    public Result<RecordedAct> TakeBack(Act act, IReadOnlyList<Approval> approvals) => Enter(act, approvals);

    /// <summary>Takes lost acts back with their own statements, up to a checkpoint that the ledger signed before it lost them; false when they do not lead to it.</summary>
    public bool TakeBack(IReadOnlyList<RecordedAct> lost, Checkpoint signed, string note)
    {
        if (!_ledger.TakeBack(lost, signed, note))
            return false;
        // The ledger in memory ends where the disk ended before: it begins anew on what the disk holds now.
        _ledger.Dispose();
        if (_book.Refresh() is { } damage)
            throw new InvalidDataException(damage.Why);
        _ledger = OfficeLedger.Open(Home.Database, Home, _keys, Roster.Keys, _clock);
        return true;
    }

    /// <summary>
    /// Enters the act that states new keys, with these keys: the ledger is opened anew under them, and theirs is the next checkpoint. Until that commit
    /// the old ones count; the roster says which files to use, so a crash between leaves nothing to mend.
    /// </summary>
    private Result<LedgerEntry<Kept>> EnterWithNewKeys(RekeyAct rekey, IReadOnlyList<Approval> approvals)
    {
        if (_ledger.Closed is { } closed)
            return closed;
        if (!OfficeKeys.Read(Home, rekey.Keys).Is(out var next, out var refusal))
            return refusal;
        var (ledger, keys) = (_ledger, _keys);
        ledger.Dispose();
        (_keys, _ledger) = (next, OfficeLedger.Open(Home.Database, Home, next, [.. Roster.Keys, new KeyRange(LedgerSize, rekey.Keys, rekey.Gap?.From)], _clock));
        var entered = _ledger.Enter(rekey, approvals, null);
        if (entered.Refusal is null)
        {
            keys.Dispose();
            return entered;
        }
        _ledger.Dispose();
        next.Dispose();
        (_keys, _ledger) = (keys, OfficeLedger.Open(Home.Database, Home, keys, Roster.Keys, _clock));
        return entered;
    }

    /// <summary>What did not go well and did not stop anything.</summary>
    public IList<string> Warnings { get; } = [];

    /// <summary>
    /// Who must sign a release again: their approval of this letter was kept and then lapsed, because of a new version, an objection, a hold or too much time.
    /// Null when nobody must. It tells; who counts is decided by the signatures alone.
    /// </summary>
    public string? SignAgain(LetterView view)
    {
        if (view.History.Release is not null || Setting(Lapsed(view.History.Letter)) is not { } value)
            return null;
        var signed = view.Pending.OfType<ReleaseAct>().SelectMany(PendingApprovals).Select(a => a.Person).ToHashSet(StringComparer.Ordinal);
        string[] names = [.. value.Split(' ').Where(p => !signed.Contains(p) && Roster.Members.ContainsKey(p)).Select(NameOf)];
        return names.Length == 0 ? null
            : $"{string.Join(" and ", names)} signed a release of this letter before; {(names.Length == 1 ? "that approval no longer counts, and is" : "those approvals no longer count, and are")} to be given again.";
    }

    private void RememberLapsed(string letter, IEnumerable<string> people)
    {
        var name = Lapsed(letter);
        var all = (Setting(name) is { } before ? before.Split(' ') : []).Concat(people).Distinct().Order(StringComparer.Ordinal);
        Records.Settings.Where(s => s.Name == name).ExecuteDelete();
        Records.Settings.Add(new SettingRow { Name = name, Value = string.Join(' ', all) });
        Save();
    }

    private static string Lapsed(string letter) => $"lapsed.{letter}";

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
            RosterAct roster => Roster.Refuses(roster, Now),
            ReleaseAct release when WaitingHolds(release.Letter).Count > 0 => new Fault("release.held", "The letter is on hold."),
            LetterAct about => letter!.Refuses(about, Now),
            FreeAct free when IsDraft(free.Text) => new Fault("free.draft", "This is the text of a draft of this office; what was first seen in a draft is never freed."),
            _ => null,
        };
        return fault is null ? null : Refusal.From(fault);
    }

    private Refusal NoPlace(Act act, Signer signer, LetterHistory? letter, Permit permit)
    {
        var name = NameOf(signer.Person);
        if (act is ReleaseAct && permit.Filled.Count == 0 && Policy.StagesOf(letter!.CurrentDraft!.LetterKind).Count > 0)
            return Refusal.From(new Fault("stage.early", $"It is not {name}'s turn: first {permit.MissingWords} must concur."));
        return letter is not null && letter.Drafters.Contains(signer.Person) && act is ReleaseAct or LiftAct
            ? new Refusal("approval.drafter", $"{name} drafted this letter, and whoever drafted it never counts.", $"Ask for: {permit.MissingWords}.")
            : new Refusal("approval.no-place", $"The policy has no place for {name} ({string.Join(", ", signer.Member.Roles)}) in this {act.Kind}.", $"Ask for: {permit.MissingWords}.");
    }
}
