using System.Diagnostics;
using System.Globalization;
using Countersign.Proof;
using Countersign.Server.Keeping;
using Countersign.Server.Letters;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>A worker that releases letters is killed at random, again and again. COUNTERSIGN_KILLS says how often; 100 where it is not set.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    // Every kill is followed by an examination of every letter, so many small offices are torn more often than one large one.
    private const int KillsPerOffice = 10;

    [Fact]
    public void Killed_at_any_moment_the_office_loses_nothing_that_it_acknowledged()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_KILLS"), CultureInfo.InvariantCulture, out var asked) ? asked : 100;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"{kills} kills, seed {seed}");
        var random = new Random(seed);
        var (letters, acknowledged) = (0, 0);
        var offices = Enumerable.Range(0, (kills + KillsPerOffice - 1) / KillsPerOffice)
            .Select(i => (Kills: Math.Min(KillsPerOffice, kills - i * KillsPerOffice), Random: new Random(random.Next()))).ToList();
        Parallel.ForEach(offices, new ParallelOptions { MaxDegreeOfParallelism = 2 }, office =>
        {
            var folder = Directory.CreateTempSubdirectory("countersign-kill-").FullName;
            var (l, a) = Torment(folder, office.Kills, office.Random);
            Interlocked.Add(ref letters, l);
            Interlocked.Add(ref acknowledged, a);
            Directory.Delete(folder, recursive: true);
        });
        output.WriteLine($"{letters} letters released and acknowledged, {acknowledged} acts acknowledged, none missing");
        Assert.True(letters > kills / 5, "too few letters were released between the kills for the test to mean anything");
    }

    private static (int Letters, int Acknowledged) Torment(string folder, int kills, Random random)
    {
        var home = new Home(Path.Combine(folder, "office"));
        var log = Path.Combine(folder, "acknowledged");
        var seen = new List<Checkpoint>();
        var whole = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            // One in four is killed while it founds, enrols or opens; the others while letters stream, some acts on and a moment later, however
            // slow the machine is.
            var early = random.Next(4) == 0;
            var wait = early ? random.Next(100, 1200) : random.Next(1, 120);
            var more = random.Next(0, 9);
            using (var worker = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Countersign.Worker"), [home.Path, log])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!)
            {
                var error = worker.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
                if (!early)
                {
                    worker.StandardOutput.ReadLine();
                    var before = Acknowledged(log);
                    for (var patience = 0; patience < 6000 && Acknowledged(log) < before + more && !worker.HasExited; patience++)
                        Thread.Sleep(10);
                }
                Assert.False(worker.WaitForExit(wait), $"the worker stopped by itself after {kill} kills: {(worker.HasExited ? error.GetAwaiter().GetResult() : "")}");
                worker.Kill();
                worker.WaitForExit();
            }
            if (home.Exists)
                whole = Examine(home, log, seen, kill, kill == kills - 1 ? 0 : whole);
            else
                Assert.False(File.Exists(log), "something was acknowledged, and there is no office");
        }
        var lines = File.Exists(log) ? File.ReadAllLines(log) : [];
        return (lines.Count(l => l.StartsWith("release ", StringComparison.Ordinal)), lines.Length);
    }

    private static int Acknowledged(string log)
    {
        if (!File.Exists(log))
            return 0;
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    /// <summary>Sealed copies are checked from the acknowledgement <paramref name="from"/> on; the last examination checks all. Answers how many there were.</summary>
    private static int Examine(Home home, string log, List<Checkpoint> seen, int kill, int from)
    {
        // What the outside world may have seen before anybody mends anything.
        var published = Path.Combine(home.PublicLedger, "checkpoint");
        var note = File.Exists(published) ? File.ReadAllText(published) : null;
        var opened = Office.Open(home, TimeProvider.System);
        Assert.True(opened.Refusal is null, $"after kill {kill}: {opened.Refusal?.Code} {opened.Refusal?.Why}");
        using var office = opened.Value!;
        var trouble = office.LedgerTrouble(mend: false);
        Assert.True(trouble is null, $"after kill {kill}: {trouble?.What}");
        var damage = new Doctor(office).Examine().Where(a => a.Gravity == Gravity.Damage).ToList();
        Assert.True(damage.Count == 0, $"after kill {kill}: {string.Join("; ", damage.Select(d => d.What))}");

        foreach (var text in (string?[])[note, office.NewestCheckpoint()])
            if (text is not null)
                seen.Add(Receipt.OpenCheckpoint(text, office.Found.Keys.Origin, office.Found.Keys.Ledger) ?? throw new InvalidOperationException("a checkpoint does not open"));
        foreach (var checkpoint in seen)
            Assert.True(
                checkpoint.Size <= office.LedgerSize && office.RootAt(checkpoint.Size) == checkpoint.Root,
                $"after kill {kill}: the ledger contradicts its own checkpoint of size {checkpoint.Size}");

        var digests = office.Records.Acts.Select(a => a.Digest).ToHashSet();
        var trust = office.Trust();
        var lines = File.Exists(log) ? File.ReadAllText(log).Split('\n') : [];
        var count = Math.Max(0, lines.Length - 1); // a line that was cut off was never acknowledged
        for (var i = 0; i < count; i++)
        {
            var line = lines[i];
            var (what, name) = (line.Split(' ')[0], line.Split(' ')[1]);
            if (what != "release")
            {
                Assert.True(digests.Contains(name), $"after kill {kill}: the {what} {name} was acknowledged and is missing");
                continue;
            }
            if (i < from)
                continue;
            var verdict = Receipt.Verify(File.ReadAllBytes(office.SealedCopy(name)), trust, null, office.Now);
            Assert.True(verdict.Kind == VerdictKind.GenuineInForce, $"after kill {kill}: {name} was acknowledged as released: {verdict.Words}");
        }
        return count;
    }
}
