using Countersign.Ledger;
using Countersign.Proof;
using CsCheck;
using Xunit;

namespace Countersign.Tests.Ledger;

public sealed class TilesTests : IDisposable
{
    private readonly LedgerHouse _house = new();

    public void Dispose() => _house.Dispose();

    [Theory]
    [InlineData(0, 5ul, 256, "tile/0/005")]
    [InlineData(0, 1000ul, 256, "tile/0/x001/000")]
    [InlineData(1, 1234067ul, 256, "tile/1/x001/x234/067")]
    [InlineData(0, 273ul, 112, "tile/0/273.p/112")]
    [InlineData(0, 999ul, 255, "tile/0/999.p/255")]
    [InlineData(7, 0ul, 1, "tile/7/000.p/1")]
    public void Tiles_have_the_paths_of_the_specification(int level, ulong index, int width, string path) =>
        Assert.Equal(path, Tiles.PathOf(level, index, width));

    [Fact]
    public void Bundles_stand_beside_the_tiles() =>
        Assert.Equal("tile/entries/x001/000.p/7", Tiles.EntriesPathOf(1000, 7));

    [Theory]
    [InlineData(0)]
    [InlineData(257)]
    public void A_tile_of_no_width_or_of_too_much_has_no_path(int width) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Tiles.PathOf(0, 0, width));

    [Fact]
    public void A_ledger_of_70000_entries_has_the_widths_of_the_specification()
    {
        const ulong Size = 70_000;
        Assert.Equal(3, Tiles.Levels(Size));
        Assert.Equal((273ul, 112), (Tiles.Count(0, Size) / 256, Tiles.Width(0, 273, Size)));
        Assert.Equal((1ul, 17), (Tiles.Count(1, Size) / 256, Tiles.Width(1, 1, Size)));
        Assert.Equal((0ul, 1), (Tiles.Count(2, Size) / 256, Tiles.Width(2, 0, Size)));
        Assert.Equal(256, Tiles.Width(0, 272, Size));
        Assert.Equal(0ul, Tiles.Count(3, Size));
        Assert.Equal(8, Tiles.Levels(Merkle.MaxSize));
    }

    [Fact]
    public void A_ledger_of_70000_entries_publishes_exactly_the_files_of_the_specification()
    {
        var head = Publish(70_000, _house.Tiles);
        var files = Directory.EnumerateFiles(_house.Folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(_house.Folder, file).Replace('\\', '/')).ToHashSet();
        var expected = new HashSet<string> { "checkpoint", ".lock", "tile/2/000.p/1", "tile/1/000", "tile/1/001.p/17" };
        for (var i = 0; i < 273; i++)
            expected.UnionWith([$"tile/0/{i:000}", $"tile/entries/{i:000}"]);
        expected.UnionWith(["tile/0/273.p/112", "tile/entries/273.p/112"]);
        Assert.Equal(expected, files);
        Assert.Equal(8192, new FileInfo(Path.Combine(_house.Folder, "tile/0/000")).Length);
        Assert.Equal(34 * 112, new FileInfo(Path.Combine(_house.Folder, "tile/entries/273.p/112")).Length);

        var checkpoint = _house.Verified(head.Note);
        var steps = new List<LedgerProgress>();
        var verdict = _house.Tiles.Verify(checkpoint, new Recorder(steps));
        Assert.True(verdict.Sound, verdict.Sentence);
        Assert.Equal(70_000ul, steps[^1].Done);

        ulong[] indexes = [0, 255, 256, 65_535, 65_536, 69_999];
        foreach (var index in indexes)
        {
            var path = _house.Tiles.ProveInclusion(index, checkpoint);
            Assert.NotNull(path);
            Assert.True(Merkle.VerifyInclusion(
                index, head.Size, Merkle.LeafHash(Entry(index)), path.ToArray(), head.Root));
        }
        Assert.Null(_house.Tiles.ProveInclusion(70_000, checkpoint));

        // Each kind of file, each kind of damage: the damaged one is named, not its neighbour.
        string[] victims =
        [
            "tile/0/000", "tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1",
            "tile/entries/100", "tile/entries/273.p/112",
        ];
        foreach (var victim in victims)
        {
            var file = Path.Combine(_house.Folder, victim);
            var bytes = File.ReadAllBytes(file);
            foreach (var damage in Damages(bytes))
            {
                File.WriteAllBytes(file, damage);
                Names(victim, checkpoint);
            }
            File.Delete(file);
            Names(victim, checkpoint);
            File.WriteAllBytes(file, bytes);
        }
        Assert.True(_house.Tiles.Verify(checkpoint).Sound);
    }

    [Fact]
    public async Task Partial_tiles_of_published_sizes_stay_until_the_full_one_is_public()
    {
        await using var log = _house.Open();
        int[] sizes = [3, 100, 255];
        var filled = 0;
        foreach (var size in sizes)
        {
            await LedgerHouse.Fill(log, size - filled, $"to {size}");
            await log.Publish();
            filled = size;
        }
        var folder = Path.Combine(_house.Folder, "tile/0/000.p");
        Assert.All(sizes, size => Assert.True(File.Exists(Path.Combine(folder, $"{size}")), $"width {size}"));
        await LedgerHouse.Fill(log, 5, "more");
        await log.Publish();
        Assert.False(Directory.Exists(folder));
        Assert.True(File.Exists(Path.Combine(_house.Folder, "tile/0/000")));
        Assert.True(_house.Tiles.Verify(_house.Published()).Sound);
    }

    [Fact]
    public async Task A_checkpoint_of_before_still_verifies_when_its_partial_tiles_have_become_full()
    {
        await using var log = _house.Open();
        await LedgerHouse.Fill(log, 200);
        var old = _house.Verified(log.Head.Note);
        await LedgerHouse.Fill(log, 200, "more");
        await log.Publish();
        Assert.True(_house.Tiles.Verify(old).Sound);
        Assert.NotNull(_house.Tiles.ProveInclusion(199, old));
    }

    [Fact]
    public async Task An_empty_folder_is_made_again_from_the_database()
    {
        await using var log = _house.Open();
        await LedgerHouse.Fill(log, 600);
        await log.Publish();
        var before = Snapshot();
        foreach (var folder in Directory.GetDirectories(_house.Folder))
            Directory.Delete(folder, recursive: true);
        var damaged = _house.Tiles.Verify(_house.Published());
        Assert.False(damaged.Sound);
        Assert.Contains("rebuild", damaged.Sentence, StringComparison.Ordinal);
        var steps = new List<LedgerProgress>();
        await log.Rebuild(new Recorder(steps));
        Assert.NotEmpty(steps);
        Assert.True(_house.Tiles.Verify(_house.Published()).Sound);
        Assert.Equal(before.Where(file => !file.Contains(".p/", StringComparison.Ordinal)),
            Snapshot().Where(file => !file.Contains(".p/", StringComparison.Ordinal)));
    }

    [Fact]
    public void Another_ledgers_tiles_do_not_pass()
    {
        Publish(300, _house.Tiles);
        var other = new Checkpoint(LedgerHouse.Origin, 300, Merkle.LeafHash(Entry(0)));
        Assert.False(_house.Tiles.Verify(other).Sound);
        Assert.Null(_house.Tiles.ProveInclusion(0, other));
        Assert.False(_house.Tiles.Verify(new Checkpoint(LedgerHouse.Origin, 0, Entry(0))).Sound);
        Assert.False(_house.Tiles.Verify(new Checkpoint(LedgerHouse.Origin, Merkle.MaxSize, Entry(0))).Sound);
    }

    [Fact]
    public void A_smaller_checkpoint_never_replaces_a_larger_one()
    {
        Publish(10, _house.Tiles);
        Publish(5, _house.Tiles);
        Assert.Equal(10ul, _house.Published().Size);
    }

    [Fact]
    public void Growing_in_any_steps_gives_the_same_root_and_the_same_edge()
    {
        Gen.Int[1, 600].Array[1, 6].Sample(steps =>
        {
            var (edge, count) = (new TreeEdge(), 0);
            foreach (var step in steps)
            {
                var grown = edge.Copy();
                for (var i = 0; i < step; i++)
                    grown.Append(Entry((ulong)count++));
                Assert.Equal(edge.Size + (ulong)step, grown.Size);
                edge = grown;
            }
            var leaves = Enumerable.Range(0, count).Select(i => Merkle.LeafHash(Entry((ulong)i))).ToArray();
            Assert.Equal(Merkle.Root(leaves), edge.Root());
            Assert.Equal(leaves[(count / 256 * 256)..], edge.Tile(0, (ulong)count / 256).ToArray());
        }, iter: 50);
    }

    [Fact]
    public async Task Memory_and_reads_stay_small_however_large_the_ledger()
    {
        // 65,536 entries published, then one proof: it must not touch more than a few files.
        await Task.Run(() => Publish(66_000, _house.Tiles));
        var reads = new List<(int, ulong)>();
        var prover = new Prover(66_000, (level, index, width) =>
        {
            reads.Add((level, index));
            return _house.Tiles.Read(level, index, width)!;
        });
        prover.Inclusion(12_345, 66_000);
        prover.Consistency(12_345, 66_000);
        Assert.InRange(reads.Count, 1, 8);
    }

    private static Digest Entry(ulong index) => Digest.Of(BitConverter.GetBytes(index));

    private LedgerHead Publish(ulong size, Tiles tiles)
    {
        var edge = new TreeEdge();
        for (var i = 0ul; i < size; i++)
            edge.Append(Entry(i));
        var checkpoint = new Checkpoint(LedgerHouse.Origin, size, edge.Root());
        var note = Note.Create(checkpoint.Text, _house.Identity.Sign(checkpoint.Text));
        var head = new LedgerHead(note.ToString(), size, checkpoint.Root);
        tiles.Publish(head, new TreeEdge(), (first, into) =>
        {
            for (var i = 0; i < into.Length; i++)
                into[i] = Entry(first + (ulong)i);
            return into.Length;
        }, null);
        return head;
    }

    private void Names(string victim, Checkpoint checkpoint)
    {
        var verdict = _house.Tiles.Verify(checkpoint);
        Assert.False(verdict.Sound);
        Assert.Equal(victim, verdict.File);
        Assert.StartsWith(victim, verdict.Sentence, StringComparison.Ordinal);
    }

    private static IEnumerable<byte[]> Damages(byte[] bytes)
    {
        yield return bytes[..^1];
        yield return [];
        yield return [.. bytes, 0];
        var flipped = (byte[])bytes.Clone();
        flipped[^1] ^= 1;
        yield return flipped;
    }

    private List<string> Snapshot() =>
    [
        .. Directory.EnumerateFiles(_house.Folder, "*", SearchOption.AllDirectories)
            .Select(file => $"{file} {Digest.Of(File.ReadAllBytes(file))}").Order(StringComparer.Ordinal),
    ];

    private sealed class Recorder(List<LedgerProgress> steps) : IProgress<LedgerProgress>
    {
        public void Report(LedgerProgress value) => steps.Add(value);
    }
}
