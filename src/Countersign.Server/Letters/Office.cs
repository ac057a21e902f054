using System.Globalization;
using System.Security.Cryptography;
using Countersign.Proof;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Letters;

/// <summary>
/// An office, opened. What it says of people and letters it folds from the acts in its database, checking every roster act as a stranger would:
/// no row but a signed act can put anybody in office, and no column says that a letter is released.
/// </summary>
public sealed partial class Office : IDisposable
{
    /// <summary>How far the clock may stand behind the last entry before nothing is written any more.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(2);

    private readonly TimeProvider _clock;
    private OfficeKeys _keys;
    private readonly Book _book;
    private OfficeLedger _ledger;

    private Office(Home home, Records records, Book book, OfficeKeys keys, OfficeLedger ledger, TimeProvider clock)
    {
        Home = home;
        Records = records;
        _book = book;
        _keys = keys;
        _ledger = ledger;
        _clock = clock;
    }

    /// <summary>The folder.</summary>
    public Home Home { get; }

    /// <summary>The database.</summary>
    public Records Records { get; }

    /// <summary>The roster acts, checked.</summary>
    public RosterChain Chain => _book.Chain;

    /// <summary>Who is in office now.</summary>
    public Roster Roster => Chain.Newest;

    /// <summary>The founding act.</summary>
    public FoundAct Found => Roster.Found;

    /// <summary>The policy in force now.</summary>
    public Policy Policy => Roster.PolicyAt(Now);

    /// <summary>Now, in whole seconds.</summary>
    public DateTimeOffset Now => Whole(_clock.GetUtcNow());

    /// <summary>Opens the office in a home.</summary>
    public static Result<Office> Open(Home home, TimeProvider clock)
    {
        if (!home.Exists)
            return new Refusal("home.none", $"There is no office in {home.Path}.", "Found one with `countersign init \"NAME\" --domain DOMAIN`, or name its folder with --home.");
        var records = Records.Open(home.Database, create: false);
        try
        {
            var version = Scalar(records, "PRAGMA user_version");
            if (version != Records.Version)
                return Close(new Refusal("home.version", $"The office's database has format {version}; this program reads format {Records.Version}.", "Use the program that belongs to it."));
            var book = new Book(records);
            if (book.Refresh() is { } damage)
                return Close(damage);
            if (book.IsEmpty)
                return Close(new Refusal("home.damaged", "The office's database holds no acts at all.", "`countersign restore` brings back a backup."));
            var ranges = book.Chain.Newest.Keys;
            if (!OfficeKeys.Read(home, ranges[^1].Keys).Is(out var keys, out var refusal))
                return Close(refusal);
            var office = new Office(home, records, book, keys, OfficeLedger.Open(home.Database, home, keys, ranges, clock), clock);
            if (office.WriteFault() is null)
                office.EnterWaitingHolds();
            return office;
        }
        catch
        {
            records.Dispose();
            throw;
        }

        Result<Office> Close(Refusal refusal)
        {
            records.Dispose();
            return refusal;
        }
    }

    private static long Scalar(Records records, string sql)
    {
        using var command = records.Connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    /// <summary>What a letter is: the fold of its acts.</summary>
    public LetterHistory History(string letter) => _book.History(letter);

    /// <summary>A history with the drafters of letters of the same bytes counted among its own.</summary>
    internal LetterHistory WithTwinsOf(LetterHistory history) => _book.WithTwins(history);

    /// <summary>Finds a letter by its reference.</summary>
    public Result<LetterHistory> FindLetter(string reference)
    {
        var wanted = reference.Trim().ToUpperInvariant();
        var row = Records.Letters.FirstOrDefault(l => l.Reference == wanted);
        return row is not null && History(row.Id) is { CurrentDraft: not null } history
            ? history
            : new Refusal("letter.unknown", $"There is no letter {reference}.", "`countersign list` shows the letters and their references.");
    }

    /// <summary>Whether bytes of this digest are a fair copy, a source or an enclosure of any draft.</summary>
    public bool IsDraft(Digest digest) => Records.HasDraftNaming(digest);

    /// <summary>Every letter with a version, by reference.</summary>
    public IReadOnlyList<LetterRow> AllLetters() =>
        [.. Records.Letters.Where(l => Records.Subjects.Any(s => s.Subject == l.Id)).OrderBy(l => l.Reference)];

    /// <summary>Finds somebody in office by id, name or e-mail.</summary>
    public Result<Member> FindPerson(string text)
    {
        var rows = Records.People.ToList();
        var ids = rows.Where(p => p.Id == text || string.Equals(p.Name, text, StringComparison.OrdinalIgnoreCase) || string.Equals(p.Email, text, StringComparison.OrdinalIgnoreCase))
            .Select(p => p.Id).ToHashSet();
        var members = Roster.Members.Values.Where(m => ids.Contains(m.Person) || m.Person == text).ToArray();
        return members.Length switch
        {
            1 => members[0],
            > 1 => new Refusal("person.ambiguous", $"More than one person in office is called {text}.", "Use the id that `countersign person list` shows."),
            _ when ids.Count > 0 => new Refusal("person.retired", $"{text} is no longer in office.", "`countersign person list` tells who is."),
            _ => new Refusal("person.unknown", $"There is nobody called {text} in this office.", "`countersign person list` tells who is; `countersign person add` enrols somebody."),
        };
    }

    /// <summary>A person's name, or the id where it was erased.</summary>
    public string NameOf(string person) => Records.People.FirstOrDefault(p => p.Id == person)?.Name ?? person;

    /// <summary>
    /// Erases who stands behind an id: name, address, and the salt of the digest in the acts. Only for somebody who has left. Acts and receipts keep
    /// verifying, because they never held more than the digest.
    /// </summary>
    public Result<string> Erase(string person)
    {
        var rows = Records.People.Where(p => p.Id == person || p.Name == person || p.Email == person).ToList();
        if (rows.Where(p => !Roster.Members.ContainsKey(p.Id)).ToList() is not [var row])
            return rows.Count == 0
                ? new Refusal("person.unknown", $"There is nobody called {person}, or the name is erased already.", "`countersign person list` tells who is in office.")
                : rows.Exists(p => Roster.Members.ContainsKey(p.Id))
                    ? new Refusal("person.in-office", $"{person} is still in office.", "Retire them first with `countersign person retire`.")
                    : new Refusal("person.ambiguous", $"More than one person who left is called {person}.", "Use one of the ids: " + string.Join(", ", rows.Select(p => p.Id)) + ".");
        var name = NameDigest(row.Id)?.ToString();
        // Overwritten, not only unlinked: what is deleted would else stand in the file for years.
        using (var secure = Records.Connection.CreateCommand())
        {
            secure.CommandText = "PRAGMA secure_delete=ON";
            secure.ExecuteNonQuery();
        }
        Records.Salts.Where(s => s.Digest == name).ExecuteDelete();
        Records.People.Where(p => p.Id == row.Id).ExecuteDelete();
        using (var checkpoint = Records.Connection.CreateCommand())
        {
            checkpoint.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            checkpoint.ExecuteNonQuery();
        }
        return row.Id;
    }

    /// <summary>Whether a <c>free</c> act names bytes of this digest.</summary>
    public bool IsFree(Digest text) => Records.ActsAbout(Records, FreeAct.About)
        .Any(a => Act.TryRead(a.Bytes, out var act, out _) && act is FreeAct free && free.Text == text);

    /// <summary>The messages that people let pass the gate, by digest, each until its moment; those whose time is over are left out.</summary>
    public IReadOnlyDictionary<Digest, DateTimeOffset> MessagesLetPass()
    {
        var now = Now;
        var all = new Dictionary<Digest, DateTimeOffset>();
        foreach (var row in Records.ActsAbout(Records, FreeAct.About))
            if (row.Kind == "pass" && Book.Recorded(row).Is(out var recorded, out _) && recorded.Act is PassAct pass && pass.Until >= now
                && Chain.Judge(pass, recorded.Approvals, null, recorded.At, recorded.Index).IsGranted)
                all[pass.Message] = all.TryGetValue(pass.Message, out var until) && until > pass.Until ? until : pass.Until;
        return all;
    }

    /// <summary>What a new act says of itself: the office, now, a fresh nonce, the author, the newest roster.</summary>
    public ActHeader Header(string by) => new(Found.Office, Later(Now, _book.LastEntry), Nonce(), by, Roster.Digest);

    /// <summary>Refuses to go on when the clock stands too far behind the last entry: an act must not be dated before what came before it.</summary>
    public Refusal? ClockFault() => Now + ClockTolerance < _book.LastEntry ? ClockBehind(Now, _book.LastEntry) : null;

    internal static Refusal ClockBehind(DateTimeOffset now, DateTimeOffset lastEntry) => new(
        "clock.behind", $"This machine's clock says {Text.Moment(now)}, but the last entry was made at {Text.Moment(lastEntry)}.",
        "Set the clock right, then give the command again.");

    /// <summary>Why nothing may be written now, or as this machine's clock stands; null when it may.</summary>
    public Refusal? WriteFault() => ReadOnlyFault() ?? ClockFault();

    /// <summary>Why nothing may be written now; null when it may.</summary>
    public Refusal? ReadOnlyFault() => File.Exists(Home.RestoredMark)
        ? new Refusal(
            "home.restored", "This office was restored from a backup and is read-only until it is shown that nothing is missing.",
            "Fetch the newest checkpoint or trust file that anybody outside holds, then `countersign restore --complete FILE`.")
        : null;

    /// <summary>Keeps what a salted digest stands for, and returns the digest.</summary>
    public Digest Commit(string label, string value)
    {
        var salt = RandomNumberGenerator.GetBytes(Commitment.SaltSize);
        var digest = Commitment.Of(label, salt, value);
        Records.Salts.Add(new SaltRow { Digest = digest.ToString(), Label = label, Salt = salt, Value = value });
        Save();
        return digest;
    }

    /// <summary>The value behind a salted digest; null when it was erased.</summary>
    public Disclosure? Disclose(Digest? digest) => digest is { } d && Records.Salts.FirstOrDefault(s => s.Digest == d.ToString()) is { } row
        ? new Disclosure(row.Label, row.Salt, row.Value)
        : null;

    /// <summary>Writes the rows added; they are on the disk when this returns.</summary>
    public void Save()
    {
        Records.SaveChanges();
        Records.ChangeTracker.Clear();
    }

    /// <summary>A setting of the house.</summary>
    public string? Setting(string name) => Records.Settings.FirstOrDefault(s => s.Name == name)?.Value;

    public void Dispose()
    {
        _ledger.Dispose();
        Records.Dispose();
        _keys.Dispose();
    }

    internal static string Nonce() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    internal static string NewId(char prefix) => $"{prefix}-{RandomNumberGenerator.GetHexString(12, lowercase: true)}";

    internal static DateTimeOffset Whole(DateTimeOffset at) => DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds());

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
