using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Countersign.Proof;
using Microsoft.Data.Sqlite;

namespace Countersign.Gate;

/// <summary>What was found in a message that was refused, for whoever may read the letters. Never the message.</summary>
/// <param name="Leaks">Passages of drafts, by letter and version.</param>
/// <param name="LookAlikes">Parts that look like the office's letter, with what they bear.</param>
/// <param name="Seals">Sealed copies that do not stand, with what the verifier says.</param>
/// <param name="Unread">What was not read, and why.</param>
/// <param name="Suspected">Letters of which it carries a little.</param>
public sealed record CaseFindings(
    IReadOnlyList<CaseLeak> Leaks, IReadOnlyList<string> LookAlikes, IReadOnlyList<string> Seals, IReadOnlyList<string> Unread, IReadOnlyList<string> Suspected)
{
    private const int MostEach = 50;

    /// <summary>The findings of a ruling.</summary>
    public static CaseFindings Of(Ruling ruling) => new(
        [.. ruling.Leaks.Take(MostEach).Select(l => new CaseLeak(l.Letter, l.Reference, l.Version, l.Words, Math.Round(l.Share, 4), [.. l.Passages.Select(p => new CasePassage(p.Part, p.Place.ToString(), p.Text, p.Words))]))],
        [.. ruling.LookAlikes.Take(MostEach).Select(a => $"{(a.Part.Length > 0 ? a.Part : "the message")}: {string.Join(", ", a.Features)}")],
        [.. ruling.Seals.Take(MostEach).Select(s => $"{(s.Part.Length > 0 ? s.Part : "the message")}: {s.Says}")],
        [.. ruling.Unread.Take(MostEach).Select(u => u.Says)],
        [.. ruling.Suspicions.Take(MostEach).Select(s => $"{s.Reference}, version {s.Version}")]);
}

/// <summary>A draft that a refused message carries.</summary>
/// <param name="Letter">The letter's id.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Version">The version.</param>
/// <param name="Words">How many of its words.</param>
/// <param name="Share">How much of its text, from 0 to 1.</param>
/// <param name="Passages">Where.</param>
public sealed record CaseLeak(string Letter, string Reference, int Version, int Words, double Share, IReadOnlyList<CasePassage> Passages);

/// <summary>A passage of it, as it read in the message.</summary>
/// <param name="Part">The attachment; empty for the message itself.</param>
/// <param name="Where">The place.</param>
/// <param name="Text">The words.</param>
/// <param name="Words">How many.</param>
public sealed record CasePassage(string Part, string Where, string Text, int Words);

/// <summary>A message that was not let out.</summary>
/// <param name="Id">Its number, such as <c>K7QM-3XPD</c>; given when it is kept.</param>
/// <param name="At">When it was first refused.</param>
/// <param name="Message">The digest under which people may let it pass.</param>
/// <param name="Bytes">SHA-256 of the message as it came.</param>
/// <param name="Envelope">Who sent it to whom.</param>
/// <param name="Kind">Refuse, or unsure.</param>
/// <param name="Why">What the sender was told.</param>
/// <param name="Findings">What was found.</param>
public sealed record Case(string Id, DateTimeOffset At, Digest Message, Digest Bytes, Envelope Envelope, RulingKind Kind, string Why, CaseFindings Findings)
{
    /// <summary>How often it came.</summary>
    public int Times { get; init; } = 1;
}

/// <summary>
/// The gate's own memory: a case for every message that was not let out, and what senders' messages carried of a letter in seven days. When a call returns, it is on the
/// disk. Thread-safe; several processes may have it open.
/// </summary>
public sealed class CaseBook : IDisposable
{
    /// <summary>How long a sender's messages add up.</summary>
    public static readonly TimeSpan Together = TimeSpan.FromDays(7);

    private const string Letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ";

    private readonly SqliteConnection _connection;
    private readonly Lock _gate = new();

    private CaseBook(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens it, or makes it.</summary>
    /// <param name="path">The database's file.</param>
    /// <exception cref="SqliteException">It is no such file, or cannot be written.</exception>
    public static CaseBook Open(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var isNew = !File.Exists(path);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 20 }.ToString());
        try
        {
            connection.Open();
            if (isNew && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            using var command = connection.CreateCommand();
            command.CommandText = """
                PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;
                CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, at INTEGER NOT NULL, last INTEGER NOT NULL, times INTEGER NOT NULL, message TEXT NOT NULL, bytes TEXT NOT NULL,
                    kind INTEGER NOT NULL, why TEXT NOT NULL, envelope TEXT NOT NULL, findings TEXT NOT NULL) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS cases_message ON cases (message);
                CREATE INDEX IF NOT EXISTS cases_at ON cases (at);
                CREATE TABLE IF NOT EXISTS prints (sender TEXT NOT NULL, letter TEXT NOT NULL, print INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (sender, letter, print)) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS prints_at ON prints (at);
                """;
            command.ExecuteNonQuery();
            return new CaseBook(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Keeps a case and returns its number. The same message to the same recipients, sent again, keeps its number; how often it came is counted.</summary>
    public string Keep(Case one)
    {
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction();
            var id = Scalar("SELECT id FROM cases WHERE message = $message AND kind = $kind", ("$message", one.Message.ToString()), ("$kind", (int)one.Kind)) as string;
            if (id is not null)
                Execute("UPDATE cases SET times = times + 1, last = $at WHERE id = $id", ("$id", id), ("$at", one.At.ToUnixTimeSeconds()));
            else
            {
                id = $"{RandomNumberGenerator.GetString(Letters, 4)}-{RandomNumberGenerator.GetString(Letters, 4)}";
                Execute("INSERT INTO cases VALUES ($id, $at, $at, 1, $message, $bytes, $kind, $why, $envelope, $findings)",
                    ("$id", id), ("$at", one.At.ToUnixTimeSeconds()), ("$message", one.Message.ToString()), ("$bytes", one.Bytes.ToString()), ("$kind", (int)one.Kind), ("$why", one.Why),
                    ("$envelope", JsonSerializer.Serialize(one.Envelope)), ("$findings", JsonSerializer.Serialize(one.Findings)));
            }
            transaction.Commit();
            return id;
        }
    }

    /// <summary>A case by its number, in any case of letters; null where there is none.</summary>
    public Case? Find(string id) => Read("WHERE id = $id", ("$id", id.Trim().ToUpperInvariant())).FirstOrDefault();

    /// <summary>The newest cases, newest first.</summary>
    public IReadOnlyList<Case> Newest(int most) => Read($"ORDER BY last DESC LIMIT {most.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Forgets cases last seen before a moment.</summary>
    public int Forget(DateTimeOffset before)
    {
        lock (_gate)
            return Execute("DELETE FROM cases WHERE last < $before", ("$before", before.ToUnixTimeSeconds()));
    }

    /// <summary>
    /// Adds what a message carries to what its sender sent in seven days. Whether one letter leaks by all of it together. Each print of a letter is kept once for each sender, so that a
    /// sender's thousandth message costs what the first did.
    /// </summary>
    /// <param name="sender">The sender's address.</param>
    /// <param name="suspicions">What the message carries, by letter.</param>
    /// <param name="now">When.</param>
    /// <param name="remember">Whether this message counts for later ones.</param>
    public bool AddUp(string sender, IReadOnlyList<Suspicion> suspicions, DateTimeOffset now, bool remember)
    {
        var leaks = false;
        var (at, since) = (now.ToUnixTimeSeconds(), (now - Together).ToUnixTimeSeconds());
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction();
            if (remember)
                Execute("DELETE FROM prints WHERE at < $since", ("$since", since));
            foreach (var suspicion in suspicions)
            {
                using var known = Command("SELECT print FROM prints WHERE sender = $sender AND letter = $letter AND at >= $since", ("$sender", sender), ("$letter", suspicion.Letter), ("$since", since));
                var all = new HashSet<ulong>();
                using (var rows = known.ExecuteReader())
                    while (rows.Read())
                        all.Add(unchecked((ulong)rows.GetInt64(0)));
                if (remember)
                    foreach (var print in suspicion.Fingerprints)
                        Execute("INSERT INTO prints VALUES ($sender, $letter, $print, $at) ON CONFLICT DO UPDATE SET at = $at WHERE $at - at > 3600",
                            ("$sender", sender), ("$letter", suspicion.Letter), ("$print", unchecked((long)print)), ("$at", at));
                all.UnionWith(suspicion.Fingerprints);
                leaks |= Suspicion.LeakTogether([suspicion with { Fingerprints = [.. all] }]);
            }
            transaction.Commit();
        }
        return leaks;
    }

    private List<Case> Read(string where, params ReadOnlySpan<(string, object)> values)
    {
        lock (_gate)
        {
            using var command = Command("SELECT id, at, times, message, bytes, kind, why, envelope, findings FROM cases " + where, values);
            using var rows = command.ExecuteReader();
            var all = new List<Case>();
            while (rows.Read())
                all.Add(new Case(
                    rows.GetString(0), DateTimeOffset.FromUnixTimeSeconds(rows.GetInt64(1)), Digest.Parse(rows.GetString(3)), Digest.Parse(rows.GetString(4)),
                    JsonSerializer.Deserialize<Envelope>(rows.GetString(7))!, (RulingKind)rows.GetInt32(5), rows.GetString(6), JsonSerializer.Deserialize<CaseFindings>(rows.GetString(8))!)
                {
                    Times = rows.GetInt32(2),
                });
            return all;
        }
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value);
        return command;
    }

    private int Execute(string sql, params ReadOnlySpan<(string, object)> values)
    {
        using var command = Command(sql, values);
        return command.ExecuteNonQuery();
    }

    private object? Scalar(string sql, params ReadOnlySpan<(string, object)> values)
    {
        using var command = Command(sql, values);
        return command.ExecuteScalar();
    }

    public void Dispose() => _connection.Dispose();
}
