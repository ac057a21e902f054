using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Countersign.Ledger;
using Countersign.Proof;
using Countersign.Server.Letters;
using Microsoft.Data.Sqlite;

namespace Countersign.Bench;

/// <summary>
/// Durable acts a second from 64 writers, each act signed by one person: concurrences with as many letters, or first versions of letters. Ours goes
/// through the ledger into the office's own SQLite store; the peer writes the same rows by plain ADO.NET with prepared commands, one commit each
/// (WAL, synchronous = FULL both). What is the same for both is made outside the measured time: acts, signatures, and letters to concur with.
/// </summary>
internal static class ActsBench
{
    private const int Writers = 64;
    private const string Append = "ledger and store alone", Sign = "… and statements signed", Enter = "OfficeLedger.Enter, all checks";
    private const string Locked = "ADO.NET, 64 writers, one connection", Contending = "ADO.NET, 64 writers, 64 connections";

    private const string Flush = "4 KiB written and flushed, one after another";
    private const int Flushes = 500;

    public static int Run(string[] args)
    {
        var count = Rounds.Option(args, "--count") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 4096;
        var work = Directory.CreateTempSubdirectory("countersign-bench-").FullName;
        try
        {
            var drafts = Rounds.Option(args, "--act") == "draft";
            var only = Rounds.Option(args, "--only");
            var rounds = Rounds.Asked(args);
            var all = new List<IDisposable>();
            var cpu = new Dictionary<string, TimeSpan>();
            void Contest<T>(string name, Func<BenchOffice, T> open, Action<T, Prepared[]> write)
                where T : IDisposable
            {
                if (only is not null && !only.Split('|').Any(part => name.Contains(part, StringComparison.Ordinal)))
                    return;
                var office = new BenchOffice(Path.Combine(work, $"office-{all.Count}"));
                var contestant = open(office);
                all.AddRange([contestant, office]);
                rounds.Add(name, () =>
                {
                    var acts = Drafts(office, count);
                    if (!drafts)
                    {
                        write(contestant, acts);
                        acts = Concurrences(office, acts);
                    }
                    var (start, worked) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
                    write(contestant, acts);
                    var took = Stopwatch.GetElapsedTime(start);
                    cpu[name] = (Environment.CpuUsage.TotalTime - worked) / count;
                    return count / took.TotalSeconds;
                });
            }

            Contest(Append, o => new Bare(o), (bare, acts) => Together(acts, a => bare.Append(a, a.Statement)));
            Contest(Sign, o => new Bare(o), (bare, acts) => Together(acts, a => bare.Append(a, null)));
            Contest(Enter, o => BenchOffice.Must<OfficeLedger>(OpenLedger(o)), EnterAll);
            Contest(Locked, o => new Plain(o.Home.Database, 1), (plain, acts) => plain.Write(acts));
            Contest(Contending, o => new Plain(o.Home.Database, Writers), (plain, acts) => plain.Write(acts));
            // What the disk alone allows whoever flushes each act by itself.
            using var floor = new FileStream(Path.Combine(work, "floor"), FileMode.Create, FileAccess.Write, FileShare.None, 0);
            rounds.Add(Flush, () =>
            {
                var start = Stopwatch.GetTimestamp();
                for (var i = 0; i < Flushes; i++)
                {
                    floor.Position = 0;
                    floor.Write(new byte[4096]);
                    DurableFile.Flush(floor.SafeFileHandle, floor.Name);
                }
                return Flushes / Stopwatch.GetElapsedTime(start).TotalSeconds;
            });
            Console.WriteLine($"{count} acts a round from {Writers} writers; {(drafts ? "drafts" : "concurrences")} of about {(drafts ? Drafts((BenchOffice)all[1], 1) : Concurrences((BenchOffice)all[1], Drafts((BenchOffice)all[1], 1)))[0].Size} bytes");
            rounds.Run();
            foreach (var one in all)
                one.Dispose();
            rounds.Print("acts/s", "N0");
            Console.WriteLine();
            foreach (var (name, each) in cpu)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {each.TotalMicroseconds:F0} µs of processor time an act in the last round"));
            if (only is not null)
                return 0;
            foreach (var ours in (string[])[Append, Sign, Enter])
                rounds.PrintRatio(ours, Locked);
            rounds.PrintRatio(Append, Contending);
            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static void EnterAll(OfficeLedger ledger, Prepared[] acts) =>
        OnWriters(acts, a => BenchOffice.Must(ledger.Enter(a.Kept.Act, a.Kept.Approvals, a.Kept.FileName)));

    private static Result<OfficeLedger> OpenLedger(BenchOffice office) =>
        OfficeLedger.Open(office.Home.Database, office.Home, BenchOffice.Must(OfficeKeys.Read(office.Home, office.Office.Found.Keys)), office.Office.Roster.Keys, TimeProvider.System);

    /// <summary>Each writer takes the next act, writes it, waits for the answer.</summary>
    private static void OnWriters(Prepared[] acts, Action<Prepared> write)
    {
        var next = -1;
        var faults = new ConcurrentQueue<Exception>();
        var threads = Enumerable.Range(0, Writers).Select(_ => new Thread(() =>
        {
            try
            {
                while (Interlocked.Increment(ref next) is var i && i < acts.Length)
                    write(acts[i]);
            }
            catch (Exception fault)
            {
                faults.Enqueue(fault);
            }
        })).ToArray();
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        if (!faults.IsEmpty)
            throw new AggregateException(faults);
    }

    /// <summary>The same with writers that hold no thread while they wait.</summary>
    private static void Together(Prepared[] acts, Func<Prepared, Task> write)
    {
        var next = -1;
        Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var i && i < acts.Length)
                await write(acts[i]);
        }))).GetAwaiter().GetResult();
    }

    private sealed record Prepared(Kept Kept, ReadOnlyMemory<byte> Statement, byte[] Approvals)
    {
        public int Size => Kept.Act.Bytes.Length + Statement.Length + Approvals.Length;
    }

    private static int _reference = 1000;

    private static Prepared[] Drafts(BenchOffice office, int count) => Prepare(office, "operations", Enumerable.Range(0, count), (header, _) => new DraftAct(header)
    {
        Letter = "l-" + RandomNumberGenerator.GetHexString(12, lowercase: true),
        Version = 1,
        Reference = string.Create(CultureInfo.InvariantCulture, $"TFN-2026-{Interlocked.Increment(ref _reference):D7}"),
        LetterKind = "letter",
        FairCopy = new Digest(RandomNumberGenerator.GetBytes(Digest.Size)),
        LetterSubject = new Digest(RandomNumberGenerator.GetBytes(Digest.Size)),
        Language = "en",
        Addressees = [new Digest(RandomNumberGenerator.GetBytes(Digest.Size))],
    });

    private static Prepared[] Concurrences(BenchOffice office, Prepared[] drafts) => Prepare(office, "legal", drafts, (header, draft) => new ReviewAct(header)
    {
        Letter = draft.Kept.Act.Subject,
        Draft = draft.Kept.Act.Digest,
        After = draft.Kept.Act.Digest,
        Says = Opinion.Concur,
    });

    private static Prepared[] Prepare<T>(BenchOffice office, string by, IEnumerable<T> of, Func<ActHeader, T, Act> make)
    {
        using var keys = BenchOffice.Must(OfficeKeys.Read(office.Home, office.Office.Found.Keys));
        var (person, key) = (office.Office.FindPerson(by).Value!.Person, office.KeyOf(by));
        return [.. of.Select(one =>
        {
            var act = make(office.Office.Header(person), one);
            Approval[] approvals = [key.Approve(person, act.Digest)];
            var statement = Statement.Make(keys.Statement, act, office.Office.Now, Statement.DigestOf(approvals));
            return new Prepared(new Kept(act, approvals, act is DraftAct ? "letter.md" : null), statement.Bytes, Evidence.EncodeApprovals(approvals));
        })];
    }

    /// <summary>The ledger over the office's store, admitting everything.</summary>
    private sealed class Bare : IDisposable
    {
        private readonly LedgerStore _store;
        private readonly OfficeKeys _keys;
        private readonly TransparencyLog<Kept, Refusal> _log;

        public Bare(BenchOffice office)
        {
            _store = new LedgerStore(office.Home.Database);
            _keys = BenchOffice.Must(OfficeKeys.Read(office.Home, office.Office.Found.Keys));
            _log = ((LedgerOpening<Kept, Refusal>.Opened)TransparencyLog.Open<Kept, Refusal>(
                _store, LedgerIdentity.Of(office.Office.Found.Keys.Origin, _keys.Ledger), new Tiles(office.Home.PublicLedger))).Log;
        }

        /// <summary>Appends with a statement made before, or one signed in the ledger's critical section.</summary>
        public async Task Append(Prepared prepared, ReadOnlyMemory<byte>? statement)
        {
            var kept = prepared.Kept;
            var answer = await _log.Append(kept.Act.Digest, _ => new Admission<Kept, Refusal>.Admit(
                statement ?? Statement.Make(_keys.Statement, kept.Act, kept.Act.At, Statement.DigestOf(kept.Approvals)).Bytes, kept));
            if (answer is not AppendAnswer<Kept, Refusal>.Appended)
                throw new InvalidOperationException(answer.ToString());
        }

        public void Dispose()
        {
            _log.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _store.Dispose();
            _keys.Dispose();
        }
    }

    /// <summary>
    /// The same rows by plain ADO.NET: act, letter, version and a checkpoint's row, one commit each. With one connection the writers wait for each
    /// other in this process; with one each, they wait in SQLite.
    /// </summary>
    private sealed class Plain : IDisposable
    {
        private static readonly string Note = new('n', 220), Root = new('0', 64);
        private readonly SqliteConnection[] _connections;
        private readonly Lock _lock = new();
        private readonly ConcurrentDictionary<string, long> _first = [];
        private long _index = 1_000_000;

        public Plain(string database, int connections) => _connections = [.. Enumerable.Range(0, connections).Select(_ =>
        {
            var connection = new SqliteConnection($"Data Source={database};Pooling=False;Default Timeout=60");
            connection.Open();
            using var pragma = connection.CreateCommand();
            pragma.CommandText = Records.Pragmas + " PRAGMA busy_timeout=60000;";
            pragma.ExecuteNonQuery();
            return connection;
        })];

        public void Write(Prepared[] acts)
        {
            var free = new ConcurrentBag<Inserts>(_connections.Select(c => new Inserts(c)));
            OnWriters(acts, act =>
            {
                if (_connections.Length == 1)
                {
                    lock (_lock)
                        Commit(free.First(), act);
                    return;
                }
                if (!free.TryTake(out var inserts))
                    throw new InvalidOperationException("There is a connection for each writer.");
                Commit(inserts, act);
                free.Add(inserts);
            });
            foreach (var inserts in free)
                inserts.Dispose();
        }

        private void Commit(Inserts inserts, Prepared prepared)
        {
            var index = Interlocked.Increment(ref _index);
            var act = prepared.Kept.Act;
            var digest = act.Digest.ToArray();
            inserts.Begin.ExecuteNonQuery();
            // It is spared to look up where the letter's acts begin, and how many there are.
            var first = _first.GetOrAdd(act.Subject, index);
            if (first == index)
                Inserts.Run(inserts.Subject, act.Subject, index);
            Inserts.Run(inserts.Act, index, digest, act.Subject, first, first == index ? 0L : 1L, act.Kind, act.Bytes.ToArray(), prepared.Approvals, prepared.Statement.ToArray());
            if (act is DraftAct draft)
            {
                Inserts.Run(inserts.Letter, draft.Letter, draft.Reference);
                Inserts.Run(inserts.Version, index, draft.Letter, draft.FairCopy.ToArray(), prepared.Kept.FileName!);
            }
            Inserts.Run(inserts.Checkpoint, index, Root, Note);
            inserts.Commit.ExecuteNonQuery();
        }

        public void Dispose()
        {
            foreach (var connection in _connections)
                connection.Dispose();
        }

        private sealed class Inserts(SqliteConnection connection) : IDisposable
        {
            public SqliteCommand Begin { get; } = Prepare(connection, "BEGIN IMMEDIATE", 0);
            public SqliteCommand Subject { get; } = Prepare(connection, "INSERT INTO subjects (Subject, First) VALUES ($0, $1)", 2);
            public SqliteCommand Act { get; } = Prepare(connection, "INSERT INTO acts (\"Index\", Digest, Subject, First, Sequence, Kind, Bytes, Approvals, Statement) VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8)", 9);
            public SqliteCommand Letter { get; } = Prepare(connection, "INSERT INTO letters (Id, Reference) VALUES ($0, $1)", 2);
            public SqliteCommand Version { get; } = Prepare(connection, "INSERT INTO versions (\"Index\", Letter, FairCopy, FileName) VALUES ($0, $1, $2, $3)", 4);
            public SqliteCommand Checkpoint { get; } = Prepare(connection, "INSERT INTO checkpoints (Size, Root, Note) VALUES ($0, $1, $2)", 3);
            public SqliteCommand Commit { get; } = Prepare(connection, "COMMIT", 0);

            public static void Run(SqliteCommand command, params ReadOnlySpan<object> values)
            {
                for (var i = 0; i < values.Length; i++)
                    command.Parameters[i].Value = values[i];
                command.ExecuteNonQuery();
            }

            private static SqliteCommand Prepare(SqliteConnection connection, string text, int parameters)
            {
                var command = connection.CreateCommand();
#pragma warning disable CA2100 // every text is a constant of this class
                command.CommandText = text;
#pragma warning restore CA2100
                for (var i = 0; i < parameters; i++)
                    command.Parameters.Add(new SqliteParameter($"${i}", null));
                return command;
            }

            public void Dispose()
            {
                foreach (var command in (SqliteCommand[])[Begin, Subject, Act, Letter, Version, Checkpoint, Commit])
                    command.Dispose();
            }
        }
    }
}
