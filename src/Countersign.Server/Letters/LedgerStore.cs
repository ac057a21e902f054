using Countersign.Ledger;
using Countersign.Proof;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Countersign.Server.Letters;

/// <summary>
/// The ledger's rows in SQLite: acts and checkpoints, in one transaction, compared and swapped. On a connection of its own, because the ledger reads
/// and commits on its own threads; by SQLite's own calls, because a commit makes some hundreds of them.
/// </summary>
internal sealed class LedgerStore : ILedgerStore<Kept>, IDisposable
{
    /// <summary>From so many entries on, the checkpoint is signed beside the inserts.</summary>
    private const int Many = 8;

    private readonly Records _owner;
    private readonly Lock _gate = new();
    private readonly sqlite3 _connection;
    private readonly List<Query> _queries = [];
    private readonly Query _look, _begin, _commit, _rollback, _head, _gathering, _first, _subject, _act, _dropApprovals, _drop, _letter, _version, _checkpoint, _hashes, _find, _copies, _reference;

    public LedgerStore(string database)
    {
        _owner = Records.Open(database, create: false);
        _connection = _owner.Connection.Handle!;
        _look = Prepare("BEGIN");
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _rollback = Prepare("ROLLBACK");
        _head = Prepare("SELECT Note, Size, Root FROM checkpoints ORDER BY Size DESC LIMIT 1");
        _gathering = Prepare("SELECT EXISTS (SELECT 1 FROM pending) OR EXISTS (SELECT 1 FROM pending_approvals)");
        _first = Prepare("SELECT First FROM subjects WHERE Subject = ?1");
        _subject = Prepare("INSERT INTO subjects (Subject, First) VALUES (?1, ?2)");
        _act = Prepare(
            "INSERT INTO acts (\"Index\", Digest, Subject, First, Sequence, Kind, Bytes, Approvals, Statement) " +
            "VALUES (?1, ?2, ?3, ?4, COALESCE((SELECT MAX(Sequence) + 1 FROM acts WHERE First = ?4), 0), ?5, ?6, ?7, ?8)");
        _dropApprovals = Prepare("DELETE FROM pending_approvals WHERE Digest = ?1");
        _drop = Prepare("DELETE FROM pending WHERE Digest = ?1");
        _letter = Prepare("INSERT OR IGNORE INTO letters (Id, Reference) VALUES (?1, ?2)");
        _version = Prepare("INSERT INTO versions (\"Index\", Letter, FairCopy, FileName) VALUES (?1, ?2, ?3, ?4)");
        _checkpoint = Prepare("INSERT INTO checkpoints (Size, Root, Note) VALUES (?1, ?2, ?3)");
        _hashes = Prepare("SELECT \"Index\", Statement FROM acts WHERE \"Index\" >= ?1 ORDER BY \"Index\" LIMIT ?2");
        _find = Prepare("SELECT \"Index\", Subject, First, Sequence, Kind, Bytes, Approvals, Statement FROM acts WHERE Digest = ?1");
        _copies = Prepare("SELECT DISTINCT Letter FROM versions WHERE FairCopy = ?1");
        _reference = Prepare("SELECT Id FROM letters WHERE Reference = ?1");
    }

    /// <summary>What this store committed last: the heads before and after it, the very objects that the log holds, and the entries between.</summary>
    public (LedgerHead Before, LedgerHead After, IReadOnlyList<LedgerEntry<Kept>> Entries)? Committed { get; private set; }

    /// <summary>Whether there is any act about a subject.</summary>
    public bool Knows(string subject)
    {
        lock (_gate)
        {
            using var row = _first.With(subject).Ask();
            return row.Next();
        }
    }

    /// <summary>The letter that a reference is given to; null when to none.</summary>
    public string? LetterOf(string reference)
    {
        lock (_gate)
        {
            using var row = _reference.With(reference).Ask();
            return row.Next() ? row.Text(0) : null;
        }
    }

    /// <summary>The letters that have a version with this fair copy.</summary>
    public List<string> LettersWith(Digest fairCopy)
    {
        Span<byte> digest = stackalloc byte[Digest.Size];
        fairCopy.CopyTo(digest);
        var letters = new List<string>();
        lock (_gate)
        {
            using var row = _copies.With(digest).Ask();
            while (row.Next())
                letters.Add(row.Text(0));
        }
        return letters;
    }

    public LedgerHead Read()
    {
        lock (_gate)
            return ReadHead();
    }

    private LedgerHead ReadHead()
    {
        using var row = _head.Ask();
        return row.Next()
            ? new LedgerHead(row.Text(0), (ulong)row.Number(1), Digest.TryParse(row.Text(2), out var root) ? root : default)
            : LedgerHead.None;
    }

    public CommitAnswer Commit(LedgerHead expected, IReadOnlyList<LedgerEntry<Kept>> entries, Func<LedgerHead> sign)
    {
        lock (_gate)
        {
            // Every other writer waits, in this process or another.
            _begin.Run();
            Task<LedgerHead>? signing = null;
            try
            {
                if (ReadHead() != expected)
                    return CommitAnswer.Moved;
                if (entries.Count >= Many)
                    signing = Task.Run(sign);
                bool gathering;
                using (var row = _gathering.Ask())
                    gathering = row.Next() && row.Number(0) != 0;
                foreach (var entry in entries)
                    Insert(entry, gathering);
                var next = signing?.GetAwaiter().GetResult() ?? sign();
                _checkpoint.With((long)next.Size).And(next.Root.ToString()).And(next.Note).Run();
                _commit.Run();
                Committed = (expected, next, entries);
                return CommitAnswer.Committed;
            }
            finally
            {
                // Whatever went wrong, nothing is signed any more once this has returned.
                signing?.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).Wait();
                End();
            }
        }
    }

    private void Insert(LedgerEntry<Kept> entry, bool gathering)
    {
        var act = entry.Record.Act;
        Span<byte> digest = stackalloc byte[Digest.Size];
        act.Digest.CopyTo(digest);
        var index = (long)entry.Index;
        long first;
        using (var row = _first.With(act.Subject).Ask())
            first = row.Next() ? row.Number(0) : index;
        if (first == index)
            _subject.With(act.Subject).And(index).Run();
        _act.With(index).And(digest).And(act.Subject).And(first).And(act.Kind).And(act.Bytes.Span)
            .And(Evidence.EncodeApprovals(entry.Record.Approvals)).And(entry.Statement.Span).Run();
        if (gathering)
        {
            _dropApprovals.With(digest).Run();
            _drop.With(digest).Run();
        }
        if (act is not DraftAct draft)
            return;
        if (draft.Version == 1)
            _letter.With(draft.Letter).And(draft.Reference).Run();
        Span<byte> fairCopy = stackalloc byte[Digest.Size];
        draft.FairCopy.CopyTo(fairCopy);
        _version.With(index).And(draft.Letter).And(fairCopy).And(entry.Record.FileName ?? "").Run();
    }

    public int ReadEntryHashes(ulong first, Span<Digest> into)
    {
        lock (_gate)
        {
            using var row = _hashes.With((long)first).And(into.Length).Ask();
            var count = 0;
            while (count < into.Length && row.Next() && (ulong)row.Number(0) == first + (ulong)count)
                into[count++] = Digest.Of(row.Blob(1));
            return count;
        }
    }

    public IReadOnlyList<LedgerEntry<Kept>> Find(IReadOnlyCollection<Digest> keys)
    {
        Span<byte> digest = stackalloc byte[Digest.Size];
        var found = new List<LedgerEntry<Kept>>();
        lock (_gate)
        {
            // One look at the database for all: each would take and give back its locks.
            _look.Run();
            try
            {
                foreach (var key in keys)
                {
                    key.CopyTo(digest);
                    using var row = _find.With(digest).Ask();
                    if (row.Next())
                        found.Add(Entry(key, row));
                }
            }
            finally
            {
                End();
            }
        }
        return found;
    }

    private static LedgerEntry<Kept> Entry(Digest key, in Query.Rows row)
    {
        var act = new ActRow
        {
            Index = row.Number(0),
            Digest = key.ToString(),
            Subject = row.Text(1),
            First = row.Number(2),
            Sequence = row.Number(3),
            Kind = row.Text(4),
            Bytes = row.Blob(5).ToArray(),
            Approvals = row.Blob(6).ToArray(),
            Statement = row.Blob(7).ToArray(),
        };
        var recorded = Book.Recorded(act).Is(out var read, out var damage) ? read : throw new InvalidDataException(damage.Why);
        return new LedgerEntry<Kept>(recorded.Index, key, act.Statement, recorded.Statement.Entry, new Kept(recorded.Act, recorded.Approvals, null));
    }

    /// <summary>Ends a transaction that was not committed, where one is open.</summary>
    private void End()
    {
        if (raw.sqlite3_get_autocommit(_connection) == 0)
            _rollback.Run();
    }

    public void Dispose()
    {
        foreach (var query in _queries)
            query.Dispose();
        _owner.Dispose();
    }

    private Query Prepare(string text)
    {
        var query = new Query(_connection, text);
        _queries.Add(query);
        return query;
    }

    /// <summary>A statement prepared once. Under the gate only; values are copied when they are given.</summary>
    private sealed class Query : IDisposable
    {
        private readonly sqlite3 _connection;
        private readonly sqlite3_stmt _statement;
        private int _given;

        public Query(sqlite3 connection, string text)
        {
            _connection = connection;
            Check(raw.sqlite3_prepare_v3(connection, text, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
        }

        public Query With(long value)
        {
            _given = 0;
            return And(value);
        }

        public Query With(string value)
        {
            _given = 0;
            return And(value);
        }

        public Query With(ReadOnlySpan<byte> value)
        {
            _given = 0;
            return And(value);
        }

        public Query And(long value)
        {
            Check(raw.sqlite3_bind_int64(_statement, ++_given, value));
            return this;
        }

        public Query And(string value)
        {
            Check(raw.sqlite3_bind_text(_statement, ++_given, value));
            return this;
        }

        public Query And(ReadOnlySpan<byte> value)
        {
            Check(raw.sqlite3_bind_blob(_statement, ++_given, value));
            return this;
        }

        /// <summary>Runs it to its end.</summary>
        public void Run()
        {
            using var row = Ask();
            row.Next();
        }

        /// <summary>Its rows, one after another; to be disposed before it is asked again.</summary>
        public Rows Ask() => new(this);

        public void Dispose() => _statement.Dispose();

        private void Check(int answer)
        {
            if (answer != raw.SQLITE_OK)
                SqliteException.ThrowExceptionForRC(answer, _connection);
        }

        public readonly ref struct Rows(Query query)
        {
            public bool Next()
            {
                var answer = raw.sqlite3_step(query._statement);
                if (answer is raw.SQLITE_ROW or raw.SQLITE_DONE)
                    return answer == raw.SQLITE_ROW;
                SqliteException.ThrowExceptionForRC(answer, query._connection);
                return false;
            }

            public long Number(int column) => raw.sqlite3_column_int64(query._statement, column);

            public string Text(int column) => raw.sqlite3_column_text(query._statement, column).utf8_to_string();

            public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(query._statement, column);

            // It repeats what the last step answered, which was told already.
            public void Dispose() => _ = raw.sqlite3_reset(query._statement);
        }
    }
}
