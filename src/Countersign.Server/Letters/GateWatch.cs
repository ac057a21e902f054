using System.Globalization;
using Countersign.Gate;
using Countersign.Proof;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Letters;

/// <summary>
/// Keeps what the gate knows at the newest act. Whoever judges asks it for every message: a draft is known here before anybody can have it. Whether anything was entered
/// costs a look at the database's own counter; what was entered is read once, by whoever comes first, while the others wait.
/// </summary>
public sealed class GateWatch : IDisposable
{
    /// <summary>What is known is made anew after this time even if nothing was entered: the standing of letters is said for seven days only.</summary>
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(1);

    private readonly SharedOffice _office;
    private readonly TimeProvider _clock;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _version;
    private readonly Lock _looking = new(), _learning = new();
    private volatile Known? _known;

    private sealed record Known(GateKnowledge Knowledge, long Version, DateTimeOffset At);

    /// <param name="office">The office. It is read whenever something was entered.</param>
    /// <param name="clock">What time it is.</param>
    public GateWatch(SharedOffice office, TimeProvider clock)
    {
        (_office, _clock) = (office, clock);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = office.Home.Database, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        _connection.Open();
        _version = _connection.CreateCommand();
        // Changes with every commit of another connection (sqlite.org/pragma.html#pragma_data_version).
        _version.CommandText = "PRAGMA data_version";
    }

    /// <summary>What the gate knows, with every act that was entered before this was called. With <paramref name="atOnce"/>, null where something has to be read first.</summary>
    public GateKnowledge? Now(bool atOnce)
    {
        var (known, version, at) = (_known, Version(), _clock.GetUtcNow());
        if (known is not null && known.Version == version && at - known.At < Lasts)
            return known.Knowledge;
        if (atOnce)
            return null;
        lock (_learning)
        {
            // The counter is read before the acts: what is entered in between is read again, and nothing is missed.
            version = Version();
            if (_known is { } others && others.Version == version && at - others.At < Lasts)
                return others.Knowledge;
            var fresh = _office.Alone(Learn);
            _known = new Known(fresh, version, at);
            return fresh;
        }
    }

    private long Version()
    {
        lock (_looking)
            return Convert.ToInt64(_version.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private GateKnowledge Learn(Office office)
    {
        var texts = _office.Texts;
        texts.CatchUp(office);
        // Made when a sealed letter first comes, and again if that failed.
        var trust = new Lazy<TrustRoot>(() => _office.Alone(o => o.Trust()), LazyThreadSafetyMode.PublicationOnly);
        return new GateKnowledge(
            new Gatekeeper(texts.Known, new LookAlikes(LookOf(office)), pdf => Verify(pdf, trust.Value, Holds(_office.Home), Office.Whole(_clock.GetUtcNow())), new UnreadPolicy()),
            office.MessagesLetPass());
    }

    /// <summary>What the office's letters look like.</summary>
    public static OfficeLook LookOf(Office office) => new(
        office.Found.Title, office.Setting("prefix") ?? "", [.. office.Records.People.Select(p => p.Name)], []);

    /// <summary>The signed holds that the ledger has not taken yet: they count from the moment that they are on the disk.</summary>
    public static IReadOnlyList<byte[]> Holds(Home home) => [.. home.WaitingHolds(null).Select(h => SignedHold.Write(h.Act, h.Approvals))];

    /// <summary>The stranger's check of a PDF, with holds that are not entered yet.</summary>
    public static Verdict Verify(byte[] pdf, TrustRoot trust, IReadOnlyList<byte[]> holds, DateTimeOffset at)
    {
        var verdict = Receipt.Verify(pdf, trust, null, at);
        if (verdict.Kind is VerdictKind.GenuineInForce or VerdictKind.Exercise)
            foreach (var hold in holds)
                if (Receipt.Verify(pdf, trust, hold, at) is { Kind: VerdictKind.GenuineOnHold } held)
                    return held;
        return verdict;
    }

    public void Dispose()
    {
        lock (_looking)
        {
            _version.Dispose();
            _connection.Dispose();
        }
    }
}
