using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using CsCheck;
using Countersign.Gate.Index;
using Xunit;

namespace Countersign.Gate.Tests.Indexing;

/// <summary>The index forgets nothing that it acknowledged, finds nothing that was forgotten, and says so when its files are not its own.</summary>
public sealed class FingerprintIndexTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("countersign-index-").FullName;

    private static readonly IndexOptions Small = new() { MostInMemory = 40, Fan = 3, InBackground = false };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static List<Hit> Find(FingerprintIndex index, params ulong[] probes)
    {
        var hits = new List<Hit>();
        index.Find(probes, hits);
        return [.. hits.OrderBy(h => h.Probe).ThenBy(h => h.Text)];
    }

    /// <summary>A few fingerprints that recur much, over the whole range and at its ends.</summary>
    private static readonly Gen<ulong> Print = Gen.OneOf(Gen.ULong[0, 30].Select(n => unchecked(n * 0x9E3779B97F4A7C15UL)), Gen.Const(0UL), Gen.Const(ulong.MaxValue), Gen.ULong[1, 3]);

    [Fact]
    public void Whatever_is_added_forgotten_merged_and_opened_again_it_answers_as_a_dictionary_would() =>
        Gen.Select(Gen.Int[0, 9], Print.Array[0, 25], Gen.Int[0, 40]).Array[1, 60].Sample(steps =>
        {
            var folder = Path.Combine(_folder, Guid.NewGuid().ToString("n"));
            var model = new Dictionary<int, HashSet<ulong>>();
            var index = FingerprintIndex.Open(folder, Small);
            var next = 0;
            foreach (var (what, prints, which) in steps)
                switch (what)
                {
                    case <= 5:
                        index.Add(next, prints);
                        model[next++] = [.. prints];
                        break;
                    case 6:
                        index.Forget(which);
                        model.Remove(which);
                        // A number that was forgotten is never used again.
                        next = Math.Max(next, which + 1);
                        break;
                    case 7:
                        index.Compact();
                        break;
                    case 8:
                        index.Dispose();
                        index = FingerprintIndex.Open(folder, Small);
                        break;
                    default:
                        var expected = prints.SelectMany((p, i) => model.Where(m => m.Value.Contains(p)).Select(m => new Hit(i, m.Key))).OrderBy(h => h.Probe).ThenBy(h => h.Text);
                        Assert.Equal(expected, Find(index, prints));
                        break;
                }
            ulong[] all = [.. model.Values.SelectMany(v => v).Distinct()];
            Assert.Equal(all.SelectMany((p, i) => model.Where(m => m.Value.Contains(p)).Select(m => new Hit(i, m.Key))).OrderBy(h => h.Probe).ThenBy(h => h.Text), Find(index, all));
            Assert.Null(index.Verify());
            index.Dispose();
        }, iter: 150);

    [Fact]
    public void Many_fingerprints_are_found_and_hardly_any_other()
    {
        var prints = Enumerable.Range(0, 200_000).Select(i => unchecked(((ulong)i + 1) * 0x9E3779B97F4A7C15UL)).ToArray();
        using var index = FingerprintIndex.Open(_folder, new IndexOptions { MostInMemory = 50_000, Fan = 2 });
        for (var text = 0; text < 40; text++)
            index.Add(text, prints.AsSpan(text * 5000, 5000));
        index.Compact();
        Assert.Equal(prints.Length, Find(index, prints).Count);
        Assert.Empty(Find(index, [.. prints.Select(p => p ^ 1)]));
        Assert.Equal(1, index.State.Segments);
        // Directory, filter and records of a middling index; docs/BENCHMARKS.md has the large one.
        Assert.InRange((double)index.State.Bytes / index.State.Postings, 8, 13.5);
    }

    [Fact]
    public void A_filter_lets_through_every_key_and_one_in_about_256_others()
    {
        // Keys in steps of a constant are the hardest: seeds a step apart would all fail alike.
        for (var size = 1; size < 1500; size++)
            FuseFilter.Build([.. Enumerable.Range(1, size).Select(i => unchecked((ulong)i * 0x9E3779B97F4A7C15UL))]);
        foreach (var size in (int[])[1, 2, 3, 10, 100, 5_000, 100_000])
        {
            var keys = Enumerable.Range(1, size).Select(i => unchecked((ulong)i * 0xC2B2AE3D27D4EB4FUL)).ToArray();
            var filter = FuseFilter.Build(keys);
            Assert.True(FuseFilter.IsWhole(filter));
            Assert.All(keys, key => Assert.True(FuseFilter.MayHold(filter, key)));
            var wrong = Enumerable.Range(0, 50_000).Count(i => FuseFilter.MayHold(filter, unchecked(((ulong)i * 0x9E3779B97F4A7C15UL) + 12345)));
            Assert.InRange(wrong, 50, 450);
        }
        Assert.False(FuseFilter.MayHold(FuseFilter.Build([]), 7));
    }

    [Fact]
    public async Task Readers_find_what_was_acknowledged_while_others_add_and_merge()
    {
        using var index = FingerprintIndex.Open(_folder, new IndexOptions { MostInMemory = 300, Fan = 2 });
        var known = 0;
        var stop = false;
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                var upTo = Volatile.Read(ref known);
                if (upTo == 0)
                    continue;
                var text = upTo / 2;
                Assert.Contains(new Hit(0, text), Find(index, Of(text)[0]));
            }
        }, TestContext.Current.CancellationToken)).ToArray();
        for (var text = 0; text < 150; text++)
        {
            index.Add(text, Of(text));
            Volatile.Write(ref known, text + 1);
        }
        Volatile.Write(ref stop, true);
        await Task.WhenAll(readers);
        for (var text = 0; text < 150; text++)
            Assert.Equal(20, Find(index, Of(text)).Count(h => h.Text == text));
    }

    private static ulong[] Of(int text) => [.. Enumerable.Range(0, 20).Select(i => unchecked((((ulong)text * 20) + (ulong)i + 1) * 0x9E3779B97F4A7C15UL))];

    [Fact]
    public void A_changed_byte_of_any_file_is_damage_that_is_named_and_never_a_wrong_answer()
    {
        using (var index = FingerprintIndex.Open(_folder, Small))
        {
            for (var text = 0; text < 12; text++)
                index.Add(text, Of(text));
            index.Compact();
            index.Add(12, Of(12).AsSpan(0, 19));
            index.Add(13, Of(13).AsSpan(0, 19));
        }
        var (named, found) = (0, 0);
        foreach (var file in Directory.GetFiles(_folder))
        {
            var whole = File.ReadAllBytes(file);
            Assert.NotEmpty(whole);
            foreach (var at in Enumerable.Range(0, 60).Select(i => (int)((long)i * (whole.Length - 1) / 59)).Distinct())
            {
                var spoilt = whole.ToArray();
                spoilt[at] ^= 0x40;
                File.WriteAllBytes(file, spoilt);
                try
                {
                    using var index = FingerprintIndex.Open(_folder, Small);
                    // The last record of the log may be a torn append: then it was never acknowledged, as far as anybody can tell.
                    var lost = Enumerable.Range(0, 14).Where(t => Find(index, Of(t)).Count(h => h.Text == t) < 19).ToArray();
                    if (index.Verify() is null)
                        Assert.True(lost.Length == 0 || lost is [13], $"{Path.GetFileName(file)} at {at}: texts {string.Join(' ', lost)} were lost without a word");
                    found++;
                }
                catch (InvalidDataException)
                {
                    named++;
                }
                foreach (var left in Directory.GetFiles(_folder))
                    if (left == file)
                        File.WriteAllBytes(file, whole);
            }
            File.WriteAllBytes(file, whole);
        }
        output.WriteLine($"{named} named at opening, {found} opened");
        Assert.True(named > 60);
    }

    /// <summary>
    /// The test program itself is the writer that is killed: with this variable set it adds and forgets texts until it dies, and notes each on standard output when it is acknowledged.
    /// </summary>
    private const string Writer = "COUNTERSIGN_INDEX_WRITER";

    [ModuleInitializer]
    internal static void Write()
    {
        if (Environment.GetEnvironmentVariable(Writer) is not { Length: > 0 } folder)
            return;
        using var index = FingerprintIndex.Open(folder, new IndexOptions { MostInMemory = 120, Fan = 2 });
        var first = index.Highest + 1;
        Console.WriteLine("ready");
        for (var text = first; ; text++)
        {
            index.Add(text, Of(text));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"+{text}"));
            if (text % 5 == 4)
            {
                index.Forget(text - 3);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"-{text - 3}"));
            }
        }
    }

    [Fact]
    public void Killed_at_any_moment_of_writing_and_merging_it_opens_and_has_forgotten_no_text()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_INDEX_KILLS"), CultureInfo.InvariantCulture, out var asked) ? asked : 25;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"{kills} kills, seed {seed}");
        var random = new Random(seed);
        var (added, forgotten, merges) = (new HashSet<int>(), new HashSet<int>(), 0);
        for (var kill = 0; kill < kills; kill++)
        {
            var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Countersign.Gate.Tests")) { RedirectStandardOutput = true };
            start.Environment[Writer] = _folder;
            using var writer = Process.Start(start)!;
            Assert.Equal("ready", writer.StandardOutput.ReadLine());
            for (var lines = random.Next(1, 60); lines > 0; lines--)
                Note(writer.StandardOutput.ReadLine());
            Thread.Sleep(random.Next(0, 12));
            writer.Kill();
            while (writer.StandardOutput.ReadLine() is { } line)
                Note(line);
            writer.WaitForExit();
            using var index = FingerprintIndex.Open(_folder, Small);
            Assert.Null(index.Verify());
            merges += index.State.Segments;
            // A forgetting that was under way may be done or not: nobody was told.
            var underWay = added.Count > 0 && added.Max() % 5 == 4 ? added.Max() - 3 : -1;
            if (index.HasForgotten(underWay))
                forgotten.Add(underWay);
            foreach (var text in added.Where(t => !forgotten.Contains(t)))
                Assert.True(Find(index, Of(text)).Count(h => h.Text == text) == 20, $"kill {kill}: text {text} was acknowledged and is not known");
            foreach (var text in forgotten)
                Assert.True(Find(index, Of(text)).All(h => h.Text != text), $"kill {kill}: text {text} was forgotten and is found");
        }
        output.WriteLine($"{added.Count} texts added and {forgotten.Count} forgotten, acknowledged each; none lost, none found again");
        Assert.True(added.Count > kills && merges > 0);

        // A line cut short by the kill says nothing that anybody could rely on.
        void Note(string? line)
        {
            if (line is ['+', ..] && int.TryParse(line.AsSpan(1), CultureInfo.InvariantCulture, out var text))
                added.Add(text);
            else if (line is ['-', ..] && int.TryParse(line.AsSpan(1), CultureInfo.InvariantCulture, out var gone))
                forgotten.Add(gone);
        }
    }
}
