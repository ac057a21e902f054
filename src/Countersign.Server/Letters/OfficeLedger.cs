using Countersign.Ledger;
using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>What the database keeps beside an entry.</summary>
/// <param name="Act">The act.</param>
/// <param name="Approvals">Its signatures.</param>
/// <param name="FileName">For a draft, the name of the file it was made from.</param>
public sealed record Kept(Act Act, IReadOnlyList<Approval> Approvals, string? FileName);

/// <summary>
/// The door between the house and its ledger: it decides, inside the ledger's critical section and against the very head that the commit is
/// compared with, whether an act may be entered, by the same proof that a stranger runs; and it makes the statement that becomes the entry.
/// </summary>
public sealed class OfficeLedger : IDisposable
{
    private readonly Records _records;
    private readonly Book _book;
    private readonly LedgerStore _store;
    private readonly Home _home;
    private readonly OfficeKeys _keys;
    private readonly string _origin;
    private readonly TimeProvider _clock;
    private readonly TransparencyLog<Kept, Refusal>? _log;

    // The ledger's own thread alone.
    private readonly List<LedgerEntry<Kept>> _beforeEntries = [];
    private readonly List<RecordedAct> _before = [];
    private readonly Dictionary<Digest, Statement> _made = [];
    private readonly Histories _histories;
    private LedgerHead? _head;

    // What the ledger's thread knew last, for the threads that bring acts.
    private volatile RosterChain? _chain;
    private long _lastEntry = DateTimeOffset.MinValue.UtcTicks;

    private OfficeLedger(string database, Home home, OfficeKeys keys, IReadOnlyList<KeyRange> ranges, TimeProvider clock, bool publish)
    {
        _records = Records.Open(database, create: false);
        _book = new Book(_records);
        _store = new LedgerStore(database);
        _histories = new Histories(_book, _store);
        _home = home;
        _keys = keys;
        _clock = clock;
        _origin = ranges[^1].Keys.Origin;
        var identity = LedgerIdentity.Of(_origin, keys.Ledger) with
        {
            Before = [.. ranges.Reverse().Select(r => NoteKey.Create(r.Keys.Origin, NoteKeyKind.Ed25519, r.Keys.Ledger))],
        };
        switch (TransparencyLog.Open<Kept, Refusal>(_store, identity, publish ? new Tiles(home.PublicLedger) : null))
        {
            case LedgerOpening<Kept, Refusal>.Opened opened:
                _log = opened.Log;
                break;
            case LedgerOpening<Kept, Refusal>.ReadOnly closed:
                Closed = new Refusal(
                    closed.Trouble == LedgerTrouble.StoreDamaged ? "home.ledger-damaged" : "home.ledger-unsure", closed.Why,
                    "Nothing is written while the ledger is unsure. `countersign doctor` tells more; `countersign restore` brings back a backup.");
                break;
        }
    }

    /// <summary>Why the ledger takes nothing in; null when it does.</summary>
    public Refusal? Closed { get; }

    /// <summary>The newest head that is on the disk.</summary>
    public LedgerHead Head => _log?.Head ?? _store.Read();

    /// <summary>
    /// Opens the ledger of a database. <paramref name="ranges"/> are the office's keys so far, with those last that <paramref name="keys"/> holds: the
    /// next entry and checkpoint are signed with them. To replace keys, the ledger is opened with the new ones, and the act that states them is entered.
    /// </summary>
    /// <param name="database">The database's file.</param>
    /// <param name="home">The office's folder.</param>
    /// <param name="keys">The keys that sign.</param>
    /// <param name="ranges">All keys so far.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="publish">Whether tiles and checkpoint follow each commit; a ledger that is not the office's yet publishes nothing.</param>
    public static OfficeLedger Open(string database, Home home, OfficeKeys keys, IReadOnlyList<KeyRange> ranges, TimeProvider clock, bool publish = true) =>
        new(database, home, keys, ranges, clock, publish);

    /// <summary>
    /// Enters an act. When this returns it is on the disk, in the ledger, under a signed checkpoint; entering the same act again finds the entry
    /// that it has.
    /// </summary>
    public Result<LedgerEntry<Kept>> Enter(Act act, IReadOnlyList<Approval> approvals, string? fileName)
    {
        if (_log is null)
            return Closed!;
        var (kept, ahead) = (new Kept(act, approvals, fileName), WorkAhead(act, approvals));
        var answer = _log.Append(act.Digest, admitting => Admit(kept, ahead, admitting)).GetAwaiter().GetResult();
        return answer switch
        {
            AppendAnswer<Kept, Refusal>.Appended appended => appended.Entry,
            AppendAnswer<Kept, Refusal>.Refused refused => refused.Refusal,
            AppendAnswer<Kept, Refusal>.Stopped stopped => new Refusal(
                "home.ledger-stopped", stopped.Why, "Give the command again; if it fails again, `countersign doctor` tells more."),
            _ => throw new InvalidOperationException("The ledger gave an answer that is not known."),
        };
    }

    /// <summary>Waits until tiles and checkpoint are public. Says why not; null when they are.</summary>
    public string? Publish() => _log?.Publish().GetAwaiter().GetResult().Trouble;

    /// <summary>
    /// Takes lost acts back with the very statements that they were entered with. They must lead to the root of a checkpoint that this ledger signed
    /// before it lost them: nothing is signed here. False when they do not.
    /// </summary>
    public bool TakeBack(IReadOnlyList<RecordedAct> lost, Checkpoint signed, string note)
    {
        var head = _store.Read();
        if (head.Size + (ulong)lost.Count != signed.Size || RootWith(head.Size, lost) != signed.Root)
            return false;
        var entries = lost.Select(r => new LedgerEntry<Kept>(
            r.Index, r.Act.Digest, r.Statement.Bytes, r.Statement.Entry, new Kept(r.Act, r.Approvals, null))).ToList();
        return _store.Commit(head, entries, () => new LedgerHead(note, signed.Size, signed.Root)) == CommitAnswer.Committed;
    }

    private Digest RootWith(ulong size, IReadOnlyList<RecordedAct> more)
    {
        var frontier = Frontier(size);
        foreach (var recorded in more)
            frontier.Append(Merkle.LeafHash(recorded.Statement.Entry));
        return frontier.Root();
    }

    /// <summary>Makes the public files again.</summary>
    public void Rebuild() => _log?.Rebuild().GetAwaiter().GetResult();

    /// <summary>A path from an entry to the root of the newest head; null when the store contradicts itself.</summary>
    public IReadOnlyList<Digest>? Prove(ulong index, ulong size) => _log?.ProveInclusion(index, size);

    /// <summary>Entry hashes, recomputed into the root of a tree of that size.</summary>
    public Digest RootAt(ulong size) => Frontier(size).Root();

    private MerkleFrontier Frontier(ulong size)
    {
        var frontier = new MerkleFrontier();
        var buffer = new Digest[4096];
        while (frontier.Size < size)
        {
            var read = _store.ReadEntryHashes(frontier.Size, buffer.AsSpan(0, (int)Math.Min((ulong)buffer.Length, size - frontier.Size)));
            if (read == 0)
                throw new InvalidDataException($"The ledger ends at entry {frontier.Size}, before {size}.");
            for (var i = 0; i < read; i++)
                frontier.Append(Merkle.LeafHash(buffer[i]));
        }
        return frontier;
    }

    public void Dispose()
    {
        _log?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _store.Dispose();
        _records.Dispose();
    }

    /// <summary>
    /// What need not wait for the ledger's one thread, done on the caller's: the signatures are checked, and where they hold, the statement is made as
    /// it would be entered in this second. Both decide nothing: the statement is used only if the act is admitted, at that very time, and else forgotten.
    /// </summary>
    private Statement? WorkAhead(Act act, IReadOnlyList<Approval> approvals)
    {
        if (_chain is not { } chain || act is RosterAct || !chain.CheckAhead(act, approvals) || act is ReleaseAct
            || _keys.Public(_origin) != chain.Newest.Keys[^1].Keys)
            return null;
        var (now, lastEntry) = (Office.Whole(_clock.GetUtcNow()), new DateTimeOffset(Interlocked.Read(ref _lastEntry), TimeSpan.Zero));
        return Statement.Make(_keys.Statement, act, now > lastEntry ? now : lastEntry, Statement.DigestOf(approvals));
    }

    /// <summary>Brings book and histories to the head that the next commit is compared with.</summary>
    private Refusal? Follow(LedgerHead head)
    {
        if (ReferenceEquals(head, _head))
            return null;
        if (_store.Committed is var (before, after, entries) && ReferenceEquals(after, head) && ReferenceEquals(before, _head))
        {
            // Nothing but what was admitted here has been entered.
            List<RecordedAct> entered = [.. entries.Select(Remembered)];
            _histories.Take(entered);
            if (!entered.Exists(r => r.Act is RosterAct))
                _book.Follow((long)head.Size, entered[^1].At);
        }
        else
            _histories.Forget();
        _made.Clear();
        if ((ulong)_book.Size != head.Size && _book.Refresh() is { } damage)
        {
            (_head, _chain) = (null, null);
            return damage;
        }
        _head = head;
        Interlocked.Exchange(ref _lastEntry, _book.LastEntry.UtcTicks);
        _chain = _book.IsEmpty ? null : _book.Chain;
        return null;
    }

    private RecordedAct Remembered(LedgerEntry<Kept> entry) => _made.TryGetValue(entry.Key, out var statement) && statement.Bytes.Equals(entry.Statement)
        ? new RecordedAct(entry.Record.Act, entry.Record.Approvals, statement, entry.Index)
        : Recorded(entry);

    /// <summary>The decision. Runs on the ledger's own thread, perhaps more than once for one act.</summary>
    private Admission<Kept, Refusal> Admit(Kept candidate, Statement? ahead, Admitting<Kept> admitting)
    {
        Admission<Kept, Refusal> Refuse(Refusal refusal) => new Admission<Kept, Refusal>.Refuse(refusal);

        if (Follow(admitting.Head) is { } damage)
            return Refuse(damage);
        var before = Before(admitting);
        var lastEntry = before.Count > 0 ? before[^1].At : _book.LastEntry;
        var now = Office.Whole(_clock.GetUtcNow());
        if (now + Office.ClockTolerance < lastEntry)
            return Refuse(Office.ClockBehind(now, lastEntry));
        var at = now > lastEntry ? now : lastEntry;

        // The digest of the act's own approvals; one made ahead is of the same.
        Digest Own() => ahead?.Approvals ?? Statement.DigestOf(candidate.Approvals);
        Statement Make(Digest approvals)
        {
            var made = ahead is not null && ahead.At == at && ahead.Approvals == approvals
                ? ahead
                : Statement.Make(_keys.Statement, candidate.Act, at, approvals);
            return _made[candidate.Act.Digest] = made;
        }

        var act = candidate.Act;
        if (act is FoundAct)
        {
            if (!_book.IsEmpty || admitting.Index != 0)
                return Refuse(new Refusal("home.exists", "This office is founded already.", "Choose another folder with --home."));
            var statement = Make(Own());
            return RosterChain.Begin(new RecordedAct(act, candidate.Approvals, statement, 0), _book.FindPolicy, out var wrong) is null
                ? Refuse(Refusal.From(wrong!))
                : new Admission<Kept, Refusal>.Admit(statement.Bytes, candidate);
        }

        var chain = _book.Chain;
        foreach (var recorded in before.Where(r => r.Act is RosterAct))
            chain = chain.Append(recorded, _book.FindPolicy, out _) ?? throw new InvalidOperationException("An admitted act does not stand.");
        if (_keys.Public(_origin) != (act is RekeyAct rekey ? rekey.Keys : chain.Newest.Keys[^1].Keys))
            return Refuse(new Refusal("home.office-key", "The office's keys were replaced while this command ran.", "Give the command again."));
        if (act is RosterAct)
        {
            var statement = Make(Own());
            return chain.Append(new RecordedAct(act, candidate.Approvals, statement, admitting.Index), _book.FindPolicy, out var wrong) is null
                ? Refuse(Refusal.From(wrong!))
                : new Admission<Kept, Refusal>.Admit(statement.Bytes, candidate);
        }

        if (act is FreeAct or PassAct)
        {
            if (act is FreeAct free && (_records.HasDraftNaming(free.Text)
                || before.Any(r => r.Act is DraftAct d && (d.FairCopy == free.Text || d.Source == free.Text))))
                return Refuse(Refusal.From(new Fault("free.draft", "This is the text of a draft of this office; what was first seen in a draft is never freed.")));
            var freeing = chain.Judge(act, candidate.Approvals, null, at, admitting.Index);
            return freeing.IsGranted
                ? new Admission<Kept, Refusal>.Admit(Make(Own()).Bytes, candidate)
                : Refuse(NotPermitted(freeing));
        }

        var letterAct = (LetterAct)act;
        var history = before.Where(r => r.Act.Subject == act.Subject).Aggregate(_histories.Of(act.Subject), (h, r) => h.Append(r));
        if (act is ReleaseAct or LiftAct)
            history = before.Select(r => r.Act).OfType<DraftAct>().Aggregate(history, (h, twin) => h.WithTwin(twin));
        if (history.Refuses(letterAct, at) is { } fault)
            return Refuse(Refusal.From(fault));
        if (act is DraftAct draft && history.CurrentDraft is null && ((_store.LetterOf(draft.Reference) is { } owner && owner != draft.Letter)
            || before.Any(r => r.Act is DraftAct d && d.Reference == draft.Reference)))
            return Refuse(new Refusal("draft.reference-taken", $"{draft.Reference} is another letter's.", "Give the command again: the letter gets the next number."));
        if (act is CorrectAct correct && !Stands(correct, before))
            return Refuse(new Refusal("correct.replacement", $"{correct.Reference} is not released and in force.", "Release the new letter first."));
        // A hold counts once it is on this disk, whether the ledger has taken it or not.
        if (act is ReleaseAct && _home.WaitingHolds(act.Subject).Any(h => h.Act.Digest is var d && history.Acts.All(a => a.Act.Digest != d)))
            return Refuse(Refusal.From(new Fault("release.held", "The letter is on hold.")));
        var permit = chain.Judge(act, candidate.Approvals, history, at, admitting.Index);
        if (!permit.IsGranted)
            return Refuse(NotPermitted(permit));
        var approvals = act is ReleaseAct ? Statement.DigestOf(candidate.Approvals.Concat(history.Concurrences.SelectMany(r => r.Approvals))) : Own();
        return new Admission<Kept, Refusal>.Admit(Make(approvals).Bytes, candidate);
    }

    private static Refusal NotPermitted(Permit permit) => permit.Fault is { } fault
        ? Refusal.From(fault)
        : new Refusal("not-approved", $"The policy asks for {permit.MissingWords} besides.", "Have them sign, too.");

    /// <summary>The acts admitted before this one in the same commit: each is read once, not once for every act behind it.</summary>
    private List<RecordedAct> Before(Admitting<Kept> admitting)
    {
        var known = 0;
        while (known < _before.Count && known < admitting.Before.Count && ReferenceEquals(_beforeEntries[known], admitting.Before[known]))
            known++;
        _before.RemoveRange(known, _before.Count - known);
        _beforeEntries.RemoveRange(known, _beforeEntries.Count - known);
        for (var i = known; i < admitting.Before.Count; i++)
        {
            _beforeEntries.Add(admitting.Before[i]);
            _before.Add(Remembered(admitting.Before[i]));
        }
        return _before;
    }

    private bool Stands(CorrectAct correct, List<RecordedAct> before)
    {
        var name = correct.Replacement.ToString();
        var letter = _records.Acts.Where(a => a.Digest == name && a.Kind == "release").Select(a => a.Subject).FirstOrDefault();
        if (letter is null || letter == correct.Letter)
            return false;
        var history = before.Where(r => r.Act.Subject == letter).Aggregate(_histories.Of(letter), (h, r) => h.Append(r));
        return history.Ending is null && history.StandingHolds.Count == 0 && history.CurrentDraft!.Reference == correct.Reference;
    }

    internal static RecordedAct Recorded(LedgerEntry<Kept> entry) => new(
        entry.Record.Act, entry.Record.Approvals,
        Statement.TryRead(entry.Statement, out var statement, out var fault) ? statement : throw new InvalidDataException(fault), entry.Index);
}
