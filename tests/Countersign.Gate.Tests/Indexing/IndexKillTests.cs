using System.Diagnostics;
using System.Globalization;
using Countersign.Gate.Index;
using Xunit;

namespace Countersign.Gate.Tests.Indexing;

/// <summary>A worker that fills an index is killed at random, again and again. COUNTERSIGN_INDEX_KILLS says how often; 25 where it is not set.</summary>
public sealed class IndexKillTests(ITestOutputHelper output)
{
    private const int KillsPerIndex = 25;

    [Fact]
    public void Killed_at_any_moment_an_index_opens_forgets_nothing_acknowledged_and_brings_nothing_forgotten_back()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_INDEX_KILLS"), CultureInfo.InvariantCulture, out var asked) ? asked : 25;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"{kills} kills, seed {seed}");
        var random = new Random(seed);
        var (killed, added, forgotten, halfWay) = (0, 0, 0, 0);
        while (killed < kills)
        {
            var root = Directory.CreateTempSubdirectory("countersign-index-kill-").FullName;
            var (folder, log) = (Path.Combine(root, "index"), Path.Combine(root, "acknowledged"));
            for (var i = 0; i < KillsPerIndex && killed < kills; i++, killed++)
            {
                Kill(folder, log, random);
                halfWay += HasRemains(folder) ? 1 : 0;
                var (a, f) = Examine(folder, log, random.Next());
                if (i == KillsPerIndex - 1 || killed == kills - 1)
                    (added, forgotten) = (added + a, forgotten + f);
            }
            Directory.Delete(root, recursive: true);
        }
        output.WriteLine($"{added} texts added and {forgotten} forgotten, all acknowledged, all as acknowledged; {halfWay} kills left a file half way");
        Assert.True(added > kills, "too little was added between the kills for the test to mean anything");
        Assert.True(kills < 25 || halfWay > 0, "no kill met a segment or a manifest being written");
    }

    private static void Kill(string folder, string log, Random random)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Countersign.Gate.Tests")) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[IndexWorker.Variable] = $"{folder}|{log}|{random.Next(1_000_000)}";
        using var worker = Process.Start(start)!;
        var error = worker.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        // One in eight is killed while it starts and opens; the others some texts on and a moment later, however slow the machine is.
        var (early, more) = (random.Next(8) == 0, random.Next(0, 8));
        if (!early)
        {
            worker.StandardOutput.ReadLine();
            var before = Acknowledged(log);
            for (var patience = 0; patience < 6000 && Acknowledged(log) < before + more && !worker.HasExited; patience++)
                Thread.Sleep(10);
        }
        Assert.False(worker.WaitForExit(random.Next(1, 300)), "the worker stopped by itself");
        worker.Kill();
        worker.WaitForExit();
        Assert.Equal("", error.GetAwaiter().GetResult());
    }

    private static int Acknowledged(string log)
    {
        if (!File.Exists(log))
            return 0;
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    private static bool HasRemains(string folder)
    {
        var manifest = Path.Combine(folder, "manifest");
        var named = File.Exists(manifest) ? File.ReadAllText(manifest) : "";
        return Directory.Exists(folder) && Directory.GetFiles(folder).Select(Path.GetFileName)
            .Any(f => f == "manifest.new" || (f!.Split('-') is [var what, var number] && !named.Contains($"{what} {int.Parse(number, CultureInfo.InvariantCulture)}\n", StringComparison.Ordinal)));
    }

    private static (int Added, int Forgotten) Examine(string folder, string log, int seed)
    {
        var lines = File.Exists(log) ? File.ReadAllLines(log) : [];
        HashSet<int> Said(char what) => [.. lines.Where(l => l[0] == what).Select(l => int.Parse(l.AsSpan(2), CultureInfo.InvariantCulture))];
        var (added, begun, forgotten) = (Said('A'), Said('f'), Said('F'));
        using var index = FingerprintIndex.Open(folder, IndexWorker.Options(seed));
        Assert.Null(index.Verify());
        Assert.False(HasRemains(folder));
        Assert.True(added.Count == 0 || index.Highest >= added.Max());
        for (var text = 0; text <= index.Highest; text++)
        {
            var probes = Prints.Of(text);
            var hits = new List<Hit>();
            index.Find(probes, hits);
            var own = hits.Count(h => h.Text == text);
            if (forgotten.Contains(text))
                Assert.Equal(0, own);
            else if (added.Contains(text) && !begun.Contains(text))
                Assert.Equal(probes.Length, own);
            foreach (var group in hits.GroupBy(h => h.Text))
                Assert.Subset(Prints.Of(group.Key).ToHashSet(), group.Select(h => probes[h.Probe]).ToHashSet());
        }
        return (added.Count, forgotten.Count);
    }
}
