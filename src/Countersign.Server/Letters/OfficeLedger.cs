using Countersign.Ledger;
using Countersign.Proof;
using Microsoft.Data.Sqlite;

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

    private OfficeLedger(string database, Home home, OfficeKeys keys, IReadOnlyList<KeyRange> ranges, TimeProvider clock, bool publish)
    {
        _records = Records.Open(database, create: false);
        _book = new Book(_records);
        _store = new LedgerStore(database);
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
        var answer = _log.Append(act.Digest, admitting => Admit(new Kept(act, approvals, fileName), admitting)).GetAwaiter().GetResult();
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

    /// <summary>The decision. Runs on the ledger's own thread, perhaps more than once for one act.</summary>
    private Admission<Kept, Refusal> Admit(Kept candidate, Admitting<Kept> admitting)
    {
        Admission<Kept, Refusal> Refuse(Refusal refusal) => new Admission<Kept, Refusal>.Refuse(refusal);

        // The head that the commit is compared with counts the entries: a book of that size has nothing left to read.
        if ((ulong)_book.Size != admitting.Head.Size && _book.Refresh() is { } damage)
            return Refuse(damage);
        var before = Before(admitting);
        var lastEntry = before.Count > 0 ? before[^1].At : _book.LastEntry;
        var now = Office.Whole(_clock.GetUtcNow());
        if (now + Office.ClockTolerance < lastEntry)
            return Refuse(Office.ClockBehind(now, lastEntry));
        var at = now > lastEntry ? now : lastEntry;

        var act = candidate.Act;
        IEnumerable<Approval> signed = candidate.Approvals;
        if (act is FoundAct)
        {
            if (!_book.IsEmpty || admitting.Index != 0)
                return Refuse(new Refusal("home.exists", "This office is founded already.", "Choose another folder with --home."));
            var statement = Statement.Make(_keys.Statement, act, at, Statement.DigestOf(signed));
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
            var statement = Statement.Make(_keys.Statement, act, at, Statement.DigestOf(signed));
            return chain.Append(new RecordedAct(act, candidate.Approvals, statement, admitting.Index), _book.FindPolicy, out var wrong) is null
                ? Refuse(Refusal.From(wrong!))
                : new Admission<Kept, Refusal>.Admit(statement.Bytes, candidate);
        }

        if (act is FreeAct free)
        {
            if (_records.HasDraftNaming(free.Text)
                || before.Any(r => r.Act is DraftAct d && (d.FairCopy == free.Text || d.Source == free.Text)))
                return Refuse(Refusal.From(new Fault("free.draft", "This is the text of a draft of this office; what was first seen in a draft is never freed.")));
            var freeing = chain.Judge(act, candidate.Approvals, null, at, admitting.Index);
            return freeing.IsGranted
                ? new Admission<Kept, Refusal>.Admit(Statement.Make(_keys.Statement, act, at, Statement.DigestOf(signed)).Bytes, candidate)
                : Refuse(NotPermitted(freeing));
        }

        var letterAct = (LetterAct)act;
        var history = before.Where(r => r.Act.Subject == act.Subject).Aggregate(_book.History(act.Subject), (h, r) => h.Append(r));
        if (history.Refuses(letterAct, at) is { } fault)
            return Refuse(Refusal.From(fault));
        if (act is DraftAct draft && history.CurrentDraft is null && (Records.IsAnothers(_records, draft.Reference, draft.Letter)
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
        var joined = act is ReleaseAct ? history.Concurrences.SelectMany(r => r.Approvals) : [];
        return new Admission<Kept, Refusal>.Admit(Statement.Make(_keys.Statement, act, at, Statement.DigestOf(signed.Concat(joined))).Bytes, candidate);
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
            _before.Add(Recorded(admitting.Before[i]));
        }
        return _before;
    }

    private bool Stands(CorrectAct correct, List<RecordedAct> before)
    {
        var name = correct.Replacement.ToString();
        var letter = _records.Acts.Where(a => a.Digest == name && a.Kind == "release").Select(a => a.Subject).FirstOrDefault();
        if (letter is null || letter == correct.Letter)
            return false;
        var history = before.Where(r => r.Act.Subject == letter).Aggregate(_book.History(letter), (h, r) => h.Append(r));
        return history.Ending is null && history.StandingHolds.Count == 0 && history.CurrentDraft!.Reference == correct.Reference;
    }

    internal static RecordedAct Recorded(LedgerEntry<Kept> entry) => new(
        entry.Record.Act, entry.Record.Approvals,
        Statement.TryRead(entry.Statement, out var statement, out var fault) ? statement : throw new InvalidDataException(fault), entry.Index);

    /// <summary>
    /// The ledger's rows in SQLite: acts and checkpoints, in one transaction, compared and swapped. Raw commands on a connection of its own, because
    /// the ledger reads and commits on its own threads.
    /// </summary>
    internal sealed class LedgerStore : ILedgerStore<Kept>, IDisposable
    {
        private readonly Records _owner;
        private readonly Lock _gate = new();
        private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

        public LedgerStore(string database) => _owner = Records.Open(database, create: false);

        private SqliteConnection Connection => _owner.Connection;

        public LedgerHead Read()
        {
            lock (_gate)
                return ReadHead(null);
        }

        private LedgerHead ReadHead(SqliteTransaction? transaction)
        {
            var command = Command(transaction, "SELECT Note, Size, Root FROM checkpoints ORDER BY Size DESC LIMIT 1");
            using var reader = command.ExecuteReader();
            return reader.Read()
                ? new LedgerHead(reader.GetString(0), (ulong)reader.GetInt64(1), Digest.TryParse(reader.GetString(2), out var root) ? root : default)
                : LedgerHead.None;
        }

        public CommitAnswer Commit(LedgerHead expected, IReadOnlyList<LedgerEntry<Kept>> entries, Func<LedgerHead> sign)
        {
            lock (_gate)
            {
                // BEGIN IMMEDIATE: every other writer waits, in this process or another.
                using var transaction = Connection.BeginTransaction(deferred: false);
                if (ReadHead(transaction) != expected)
                    return CommitAnswer.Moved;
                var next = sign();
                bool gathering;
                using (var reader = Command(transaction, "SELECT EXISTS (SELECT 1 FROM pending) OR EXISTS (SELECT 1 FROM pending_approvals)").ExecuteReader())
                    gathering = reader.Read() && reader.GetInt64(0) != 0;
                foreach (var entry in entries)
                    Insert(transaction, entry, gathering);
                Run(transaction, "INSERT INTO checkpoints (Size, Root, Note) VALUES ($0, $1, $2)", (long)next.Size, next.Root.ToString(), next.Note);
                transaction.Commit();
                return CommitAnswer.Committed;
            }
        }

        private void Insert(SqliteTransaction transaction, LedgerEntry<Kept> entry, bool gathering)
        {
            var act = entry.Record.Act;
            var digest = act.Digest.ToArray();
            Run(transaction,
                "INSERT INTO acts (\"Index\", Digest, Subject, Sequence, Kind, Bytes, Approvals, Statement) " +
                "VALUES ($0, $1, $2, COALESCE((SELECT MAX(Sequence) + 1 FROM acts WHERE Subject = $2), 0), $3, $4, $5, $6)",
                (long)entry.Index, digest, act.Subject, act.Kind, act.Bytes.ToArray(), Evidence.EncodeApprovals(entry.Record.Approvals), entry.Statement.ToArray());
            if (gathering)
            {
                Run(transaction, "DELETE FROM pending_approvals WHERE Digest = $0", digest);
                Run(transaction, "DELETE FROM pending WHERE Digest = $0", digest);
            }
            if (act is not DraftAct draft)
                return;
            if (draft.Version == 1)
                Run(transaction, "INSERT OR IGNORE INTO letters (Id, Reference) VALUES ($0, $1)", draft.Letter, draft.Reference);
            Run(transaction, "INSERT INTO versions (Draft, Letter, FairCopy, FileName) VALUES ($0, $1, $2, $3)",
                digest, draft.Letter, draft.FairCopy.ToArray(), entry.Record.FileName ?? "");
        }

        public int ReadEntryHashes(ulong first, Span<Digest> into)
        {
            lock (_gate)
            {
                var command = Command(null, "SELECT \"Index\", Statement FROM acts WHERE \"Index\" >= $0 ORDER BY \"Index\" LIMIT $1", (long)first, into.Length);
                using var reader = command.ExecuteReader();
                var count = 0;
                while (count < into.Length && reader.Read() && (ulong)reader.GetInt64(0) == first + (ulong)count)
                    into[count++] = Digest.Of(reader.GetFieldValue<byte[]>(1));
                return count;
            }
        }

        public IReadOnlyList<LedgerEntry<Kept>> Find(IReadOnlyCollection<Digest> keys)
        {
            lock (_gate)
            {
                var found = new List<LedgerEntry<Kept>>();
                foreach (var key in keys)
                {
                    var command = Command(null, "SELECT \"Index\", Subject, Sequence, Kind, Bytes, Approvals, Statement FROM acts WHERE Digest = $0", key.ToArray());
                    using var reader = command.ExecuteReader();
                    if (!reader.Read())
                        continue;
                    var row = new ActRow
                    {
                        Index = reader.GetInt64(0),
                        Digest = key.ToString(),
                        Subject = reader.GetString(1),
                        Sequence = reader.GetInt64(2),
                        Kind = reader.GetString(3),
                        Bytes = reader.GetFieldValue<byte[]>(4),
                        Approvals = reader.GetFieldValue<byte[]>(5),
                        Statement = reader.GetFieldValue<byte[]>(6),
                    };
                    var recorded = Book.Recorded(row).Is(out var read, out var damage) ? read : throw new InvalidDataException(damage.Why);
                    found.Add(new LedgerEntry<Kept>(recorded.Index, key, row.Statement, recorded.Statement.Entry, new Kept(recorded.Act, recorded.Approvals, null)));
                }
                return found;
            }
        }

        /// <summary>The command of that text, prepared once, with its values. Under the gate only.</summary>
        private SqliteCommand Command(SqliteTransaction? transaction, string text, params ReadOnlySpan<object> values)
        {
            if (!_commands.TryGetValue(text, out var command))
            {
                _commands[text] = command = Connection.CreateCommand();
#pragma warning disable CA2100 // every text is a constant of this class; values go in as parameters
                command.CommandText = text;
#pragma warning restore CA2100
                for (var i = 0; i < values.Length; i++)
                    command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
            }
            command.Transaction = transaction;
            for (var i = 0; i < values.Length; i++)
                command.Parameters[i].Value = values[i];
            return command;
        }

        private void Run(SqliteTransaction transaction, string text, params ReadOnlySpan<object> values) =>
            Command(transaction, text, values).ExecuteNonQuery();

        public void Dispose()
        {
            foreach (var command in _commands.Values)
                command.Dispose();
            _owner.Dispose();
        }
    }
}
