using Countersign.Gate.Index;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Indexing;

public sealed class IndexTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("countersign-index-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    // ---- what is found

    [Fact]
    public void Whatever_is_done_to_an_index_it_finds_what_a_plain_table_finds()
    {
        const int Different = 40;
        // Close together, at both ends, and spread: whole buckets are empty, and one holds very many.
        ulong Print(int i) => (i % 3) switch { 0 => (ulong)i, 1 => ulong.MaxValue - (ulong)i, _ => Prints.Spread((ulong)i) };
        var folders = 0;
        Gen.Select(
                Gen.Select(Gen.Int[0, 9], Gen.Int[0, 12], Gen.Int[0, Different - 1].Array[0, 12]).Array[0, 70],
                Gen.Int[1, 40], Gen.Int[2, 4], Gen.Bool)
            .Sample((acts, most, fan, background) =>
            {
                var folder = Path.Combine(_root, $"{Interlocked.Increment(ref folders)}");
                var options = new IndexOptions { MostInMemory = most, Fan = fan, InBackground = background };
                var model = new HashSet<(ulong Print, int Text)>();
                var forgotten = new HashSet<int>();
                var index = FingerprintIndex.Open(folder, options);
                foreach (var (act, text, prints) in acts)
                    switch (act)
                    {
                        case 0:
                            index.Forget(text);
                            forgotten.Add(text);
                            model.RemoveWhere(p => p.Text == text);
                            break;
                        case 1:
                            index.Compact();
                            break;
                        case 2:
                            index.Dispose();
                            index = FingerprintIndex.Open(folder, options);
                            break;
                        default:
                            if (forgotten.Contains(text))
                                break;
                            index.Add(text, [.. prints.Select(Print)]);
                            model.UnionWith(prints.Select(p => (Print(p), text)));
                            break;
                    }
                using (index)
                {
                    Same();
                    Assert.Null(index.Verify());
                    index.Compact();
                    Same();
                    Assert.Equal(model.Count, index.Count);
                }
                Directory.Delete(folder, recursive: true);

                void Same()
                {
                    var probes = Enumerable.Range(0, Different + 300).Select(Print).ToArray();
                    var hits = new List<Hit>();
                    index.Find(probes, hits);
                    Assert.Equal(model, hits.Select(h => (probes[h.Probe], h.Text)).ToHashSet());
                    Assert.Equal(model.Select(p => p.Print).ToHashSet(), probes.Where(index.Contains).ToHashSet());
                }
            }, iter: 200, threads: 2);
    }

    [Fact]
    public void A_segment_of_several_shards_finds_every_posting_and_no_other()
    {
        const int Count = 2_600_000, Texts = 5;
        var prints = Enumerable.Range(0, Count).Select(i => Prints.Spread((ulong)i)).ToArray();
        using var index = FingerprintIndex.Open(_root, new IndexOptions { MostInMemory = int.MaxValue });
        for (var text = 0; text < Texts; text++)
            index.Add(text, prints.AsSpan(Count / Texts * text, Count / Texts));
        index.Add(Texts, prints.AsSpan(0, 1_000));
        index.Compact();

        Assert.Null(index.Verify());
        Assert.InRange((double)index.State.Bytes / index.State.Postings, 10, 12);
        var hits = new List<Hit>();
        index.Find(prints, hits);
        Assert.Equal(Count + 1_000, hits.Count);
        Assert.All(hits, h => Assert.True(h.Text == h.Probe / (Count / Texts) || (h.Text == Texts && h.Probe < 1_000)));
        hits.Clear();
        index.Find([.. Enumerable.Range(0, 100_000).Select(i => Prints.Spread((ulong)(i + Count)))], hits);
        Assert.Empty(hits);
    }

    [Fact]
    public void A_fingerprint_of_very_many_texts_brings_all_of_them_and_hides_no_neighbour()
    {
        using var index = FingerprintIndex.Open(_root, new IndexOptions { MostInMemory = 700, InBackground = false });
        var common = Prints.Spread(7);
        for (var text = 0; text < 2_000; text++)
            index.Add(text, [common, common + 1 + (ulong)text, common - 1 - (ulong)text]);
        index.Compact();

        var hits = new List<Hit>();
        index.Find([common, common + 2_000, common - 2_000, common + 2_001], hits);
        Assert.Equal(Enumerable.Range(0, 2_000), hits.Where(h => h.Probe == 0).Select(h => h.Text));
        Assert.Equal([new Hit(1, 1_999), new Hit(2, 1_999)], hits.Where(h => h.Probe > 0));
    }

    [Fact]
    public void Merging_goes_on_by_itself_and_keeps_the_files_few()
    {
        using (var index = FingerprintIndex.Open(_root, new IndexOptions { MostInMemory = 200, Fan = 3, InBackground = false }))
        {
            for (var text = 0; text < 300; text++)
                index.Add(text, [.. Enumerable.Range(0, 100).Select(i => Prints.Spread((ulong)(text * 100 + i)))]);
            Assert.Null(index.State.Trouble);
            Assert.InRange(index.State.Segments, 1, 12); // 150 were settled
            Assert.Equal(30_000, index.Count);
        }
        Assert.InRange(Directory.GetFiles(_root, "segment-*").Length, 1, 12);
    }

    // ---- forgetting

    [Fact]
    public void What_a_forgotten_text_had_alone_is_gone_from_the_files_after_a_merge()
    {
        using var index = FingerprintIndex.Open(_root);
        index.Add(1, [10, 20, 30]);
        index.Compact();
        index.Add(2, [20, 40]);
        index.Forget(1);
        Assert.True(index.HasForgotten(1));
        Assert.Throws<InvalidOperationException>(() => index.Add(1, [50]));

        index.Compact();

        Assert.Equal(2, index.Count);
        Assert.False(index.HasForgotten(1));
        Assert.Equal(2, index.Highest);
        var hits = new List<Hit>();
        index.Find([10, 20, 30, 40], hits);
        Assert.Equal([new Hit(1, 2), new Hit(3, 2)], hits);
        index.Forget(2);
        index.Compact();
        Assert.Equal(0, index.State.Segments);
    }

    [Fact]
    public void A_text_stays_forgotten_while_any_file_may_hold_it()
    {
        var options = new IndexOptions { MostInMemory = 3, Fan = 100 };
        using (var index = FingerprintIndex.Open(_root, options))
        {
            index.Add(1, [10, 20, 30]);
            index.Forget(1);
            index.Add(2, [10, 20, 30]);
            index.Add(3, [10, 20, 30]);
        }
        using (var index = FingerprintIndex.Open(_root, options))
        {
            Assert.True(index.HasForgotten(1));
            var hits = new List<Hit>();
            index.Find([10], hits);
            Assert.Equal([2, 3], hits.Select(h => h.Text).Order());
        }
    }

    // ---- many at once

    [Fact]
    public async Task Readers_beside_writers_and_merges_miss_nothing_and_see_nothing_forgotten()
    {
        const int Texts = 500;
        using var index = FingerprintIndex.Open(_root, new IndexOptions { MostInMemory = 1_000, Fan = 2 });
        var (added, done) = (0, false);
        var (began, ended) = (new bool[Texts], new bool[Texts]);
        var finds = 0;
        Task[] readers = [.. Enumerable.Range(0, 3).Select(r => Task.Run(() =>
        {
            var random = new Random(r);
            var hits = new List<Hit>();
            while (!Volatile.Read(ref done))
            {
                var known = Volatile.Read(ref added);
                if (known == 0)
                    continue;
                var text = random.Next(known);
                var prints = Prints.Of(text, 100);
                var gone = Volatile.Read(ref ended[text]);
                hits.Clear();
                index.Find(prints, hits);
                var found = hits.Where(h => h.Text == text).Select(h => h.Probe).Distinct().Count();
                if (gone)
                    Assert.Equal(0, found);
                else if (!Volatile.Read(ref began[text]))
                    Assert.Equal(prints.Length, found);
                Interlocked.Increment(ref finds);
            }
        }))];
        var compacting = Task.Run(() =>
        {
            while (!Volatile.Read(ref done))
                index.Compact();
        });
        var forgetting = Task.Run(() =>
        {
            for (var text = 0; text < Texts; text += 3)
            {
                while (Volatile.Read(ref added) <= text)
                    Thread.Yield();
                Volatile.Write(ref began[text], true);
                index.Forget(text);
                Volatile.Write(ref ended[text], true);
            }
        });
        try
        {
            for (var text = 0; text < Texts; text++)
            {
                index.Add(text, Prints.Of(text, 100));
                Volatile.Write(ref added, text + 1);
            }
            await forgetting;
        }
        finally
        {
            Volatile.Write(ref done, true);
        }
        await Task.WhenAll([.. readers, compacting]);
        Assert.True(finds > 0);
        Assert.Null(index.State.Trouble);
        Assert.Null(index.Verify());
    }

    [Fact]
    public async Task Closing_waits_for_nobody_and_pulls_nothing_away_from_a_reader()
    {
        for (var round = 0; round < 20; round++)
        {
            var index = FingerprintIndex.Open(Path.Combine(_root, $"{round}"), new IndexOptions { MostInMemory = 100, Fan = 2 });
            for (var text = 0; text < 10; text++)
                index.Add(text, Prints.Of(text));
            var probes = Enumerable.Range(0, 10).SelectMany(t => Prints.Of(t)).ToArray();
            var inside = new TaskCompletionSource();
            var reader = Task.Run(() =>
            {
                while (true)
                    try
                    {
                        var hits = new List<Hit>();
                        index.Find(probes, hits);
                        inside.TrySetResult();
                        Assert.True(hits.Count >= probes.Length);
                    }
                    catch (ObjectDisposedException)
                    {
                        return;
                    }
            });
            await inside.Task;
            index.Dispose();
            await reader;
        }
    }

    [Fact]
    public void Nobody_else_opens_an_index_that_is_open()
    {
        using (FingerprintIndex.Open(_root))
            Assert.Throws<IOException>(() => FingerprintIndex.Open(_root));
        FingerprintIndex.Open(_root).Dispose();
    }

    // ---- damage

    [Fact]
    public void No_changed_byte_of_any_file_goes_unnoticed()
    {
        Small(_root);
        var damaged = Path.Combine(_root, "damaged");
        foreach (var file in Files(_root))
        {
            var whole = File.ReadAllBytes(file);
            for (var at = 0; at < whole.Length; at++)
            {
                Copy(_root, damaged);
                var bytes = (byte[])whole.Clone();
                bytes[at] ^= (byte)(1 << (at % 8));
                File.WriteAllBytes(Path.Combine(damaged, Path.GetFileName(file)), bytes);
                Assert.True(IsNoticed(damaged), $"byte {at} of {Path.GetFileName(file)}");
            }
        }
    }

    [Fact]
    public void A_segment_or_manifest_that_is_shorter_longer_or_missing_is_noticed()
    {
        Small(_root);
        var damaged = Path.Combine(_root, "damaged");
        foreach (var file in Files(_root))
        {
            var whole = File.ReadAllBytes(file);
            var target = Path.Combine(damaged, Path.GetFileName(file));
            Copy(_root, damaged);
            File.Delete(target);
            Assert.Throws<InvalidDataException>(() => FingerprintIndex.Open(damaged));
            if (Path.GetFileName(file).StartsWith("log", StringComparison.Ordinal))
                continue;
            for (var length = 0; length <= whole.Length + 1; length += length < whole.Length - 1 ? Math.Min(7, whole.Length - 1 - length) : length == whole.Length - 1 ? 2 : 1)
            {
                Copy(_root, damaged);
                File.WriteAllBytes(target, [.. whole.AsSpan(0, Math.Min(length, whole.Length)), .. new byte[Math.Max(0, length - whole.Length)]]);
                Assert.Throws<InvalidDataException>(() => FingerprintIndex.Open(damaged));
            }
        }
    }

    [Fact]
    public void A_merge_does_not_make_damage_look_sound()
    {
        using (var index = FingerprintIndex.Open(_root))
        {
            index.Add(1, Prints.Of(1));
            index.Compact();
        }
        var segment = Directory.GetFiles(_root, "segment-*").Single();
        var bytes = File.ReadAllBytes(segment);
        bytes[100] ^= 1; // in a record
        File.WriteAllBytes(segment, bytes);
        using (var index = FingerprintIndex.Open(_root))
        {
            index.Add(2, Prints.Of(2));
            Assert.Throws<InvalidDataException>(index.Compact);
            Assert.NotNull(index.Verify());
            Assert.True(index.Contains(Prints.Of(2)[0]));
        }
    }

    [Fact]
    public void A_log_that_was_cut_short_holds_all_that_was_whole()
    {
        var ends = new List<long>();
        using (var index = FingerprintIndex.Open(_root))
            for (var text = 0; text < 4; text++)
            {
                index.Add(text, [(ulong)text + 1, (ulong)text + 100]);
                ends.Add(index.State.LogBytes);
            }
        var whole = File.ReadAllBytes(Directory.GetFiles(_root, "log-*").Single());
        var cut = Path.Combine(_root, "cut");
        for (var length = 16; length <= whole.Length; length++)
            foreach (var zeros in (int[])[0, 1, 50, 5_000])
            {
                var texts = ends.Count(e => e <= length);
                if (zeros > 0 && ends.Append(16).All(e => e != length))
                    continue;
                Copy(_root, cut);
                File.WriteAllBytes(Directory.GetFiles(cut, "log-*").Single(), [.. whole.AsSpan(0, length), .. new byte[zeros]]);
                using (var index = FingerprintIndex.Open(cut))
                {
                    Assert.Equal(Enumerable.Range(0, texts), Enumerable.Range(0, 4).Where(t => index.Contains((ulong)t + 1) && index.Contains((ulong)t + 100)));
                    Assert.Equal(texts * 2, index.Count);
                    index.Add(9, [900]);
                }
                using (var index = FingerprintIndex.Open(cut))
                    Assert.True(index.Contains(900) && index.Count == texts * 2 + 1 && index.Verify() is null);
            }
    }

    [Fact]
    public void What_cannot_be_settled_stays_known_and_is_settled_later()
    {
        var options = new IndexOptions { MostInMemory = 10, InBackground = false };
        var hindrance = Path.Combine(_root, "segment-00000001");
        using (var index = FingerprintIndex.Open(_root, options))
        {
            Directory.CreateDirectory(hindrance);
            index.Add(1, Prints.Of(1));
            Assert.NotNull(index.State.Trouble);
            Assert.All(Prints.Of(1), p => Assert.True(index.Contains(p)));
            Assert.Equal(0, index.State.Segments);
            index.Add(2, Prints.Of(2));
            Assert.Null(index.State.Trouble);
            Assert.Equal(1, index.State.Segments);
            Assert.All([.. Prints.Of(1), .. Prints.Of(2)], p => Assert.True(index.Contains(p)));
        }
        using (var index = FingerprintIndex.Open(_root, options))
            Assert.All([.. Prints.Of(1), .. Prints.Of(2)], p => Assert.True(index.Contains(p)));
    }

    [Fact]
    public void Remains_of_a_crash_are_removed_and_what_is_not_ours_is_left()
    {
        FingerprintIndex.Open(_root).Dispose();
        foreach (var name in (string[])["segment-00000099", "log-00000098", "manifest.new", "notes.txt", "segment-plan"])
            File.WriteAllText(Path.Combine(_root, name), "?");

        FingerprintIndex.Open(_root).Dispose();

        Assert.Equal(["lock", "log-00000000", "manifest", "notes.txt", "segment-plan"], Directory.GetFiles(_root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>Two segments, a text forgotten, and a log of three records.</summary>
    private static void Small(string folder)
    {
        using var index = FingerprintIndex.Open(folder, new IndexOptions { MostInMemory = 40, Fan = 100 });
        for (var text = 0; text < 2; text++)
            index.Add(text, [.. Enumerable.Range(0, 45).Select(i => Prints.Spread((ulong)(text * 30 + i)))]);
        index.Forget(0);
        index.Add(2, [1, 2, 3]);
        index.Add(3, [3, 4]);
    }

    private static bool IsNoticed(string folder)
    {
        try
        {
            using var index = FingerprintIndex.Open(folder);
            return index.Verify() is not null;
        }
        catch (InvalidDataException)
        {
            return true;
        }
    }

    private static IEnumerable<string> Files(string folder) => Directory.GetFiles(folder).Where(f => Path.GetFileName(f) != "lock");

    private static void Copy(string from, string to)
    {
        if (Directory.Exists(to))
            Directory.Delete(to, recursive: true);
        Directory.CreateDirectory(to);
        foreach (var file in Files(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
