using System.Numerics;
using Countersign.Proof;

namespace Countersign.Ledger;

/// <summary>
/// Checks a folder of tiles against a checkpoint, from the root down: the checkpoint vouches for the unfinished tiles
/// of all levels, each hash of a tile for one full tile below it, each leaf hash for its entry. So the file that is
/// named is the one that is damaged, not one that merely disagrees with it.
/// </summary>
internal sealed class TileCheck(Tiles tiles, Checkpoint checkpoint, IProgress<LedgerProgress>? progress)
{
    private ulong _checked;

    public TilesVerdict Run()
    {
        var size = checkpoint.Size;
        if (size == 0)
        {
            return checkpoint.Root == Merkle.EmptyRoot
                ? new TilesVerdict(true, null, "The ledger is empty.")
                : Damaged("checkpoint", "states a root that the empty ledger does not have");
        }

        // The unfinished tile of each level; together they give the root.
        var edges = new Digest[Tiles.Levels(size)][];
        for (var level = 0; level < edges.Length; level++)
        {
            edges[level] = [];
            if (EdgeWidth(level) == 0)
                continue;
            if (tiles.Read(level, EdgeIndex(level), EdgeWidth(level)) is not { } hashes)
                return Damaged(EdgePath(level), "is missing or does not have its length");
            edges[level] = hashes;
        }
        if (RootOf(edges) != checkpoint.Root)
            return BlameEdge(edges);

        for (var level = edges.Length - 1; level >= 0; level--)
            for (var i = 0; i < edges[level].Length; i++)
            {
                var index = EdgeIndex(level) * Tiles.FullWidth + (ulong)i;
                if (level > 0 && CheckFull(level - 1, index, edges[level][i]) is { } damaged)
                    return damaged;
            }
        if (EdgeWidth(0) > 0 && CheckEntries(EdgeIndex(0), edges[0]) is { } bundle)
            return bundle;
        return new TilesVerdict(
            true, null, $"All {size} entries and their tiles lead to the root of the checkpoint.");
    }

    /// <summary>Checks a full tile and all below it; at most eight levels deep.</summary>
    private TilesVerdict? CheckFull(int level, ulong index, Digest expected)
    {
        if (tiles.Read(level, index, Tiles.FullWidth) is not { } hashes)
            return Damaged(Tiles.PathOf(level, index), "is missing or does not have its length");
        if (Merkle.Root(hashes) != expected)
            return Damaged(Tiles.PathOf(level, index), "holds other hashes than the checkpoint vouches for");
        if (level == 0)
            return CheckEntries(index, hashes);
        for (var i = 0; i < hashes.Length; i++)
            if (CheckFull(level - 1, index * Tiles.FullWidth + (ulong)i, hashes[i]) is { } damaged)
                return damaged;
        return null;
    }

    private TilesVerdict? CheckEntries(ulong index, Digest[] leaves)
    {
        var path = Tiles.EntriesPathOf(index, leaves.Length);
        if (tiles.ReadEntries(index, leaves.Length) is not { } entries)
            return Damaged(path, "is missing or is no bundle of 32-byte entries");
        for (var i = 0; i < leaves.Length; i++)
            if (Merkle.LeafHash(entries[i]) != leaves[i])
                return Damaged(path, $"holds another entry {index * Tiles.FullWidth + (ulong)i} than the tree");
        _checked += (ulong)leaves.Length;
        if (index % 16 == 15 || _checked == checkpoint.Size)
            progress?.Report(new LedgerProgress("checking tiles", _checked, checkpoint.Size));
        return null;
    }

    /// <summary>
    /// The unfinished tiles do not give the root: makes each again from the level below (level 0 from its entries) and
    /// names the first that differs, provided that those made again do give the root.
    /// </summary>
    private TilesVerdict BlameEdge(Digest[][] edges)
    {
        var made = new Digest[edges.Length][];
        for (var level = 0; level < edges.Length; level++)
            made[level] = Remake(level, edges[level].Length) ?? edges[level];
        if (RootOf(made) == checkpoint.Root)
            for (var level = 0; level < edges.Length; level++)
                if (!made[level].AsSpan().SequenceEqual(edges[level]))
                    return Damaged(EdgePath(level), "holds other hashes than the checkpoint vouches for");
        return Damaged(
            "tile",
            "does not lead to the root of the checkpoint; more than one file is damaged, or it is another ledger's");
    }

    private Digest[]? Remake(int level, int width)
    {
        if (level == 0)
            return width == 0 ? [] : tiles.ReadEntries(EdgeIndex(0), width)?.Select(Merkle.LeafHash).ToArray();
        var hashes = new Digest[width];
        for (var i = 0; i < width; i++)
        {
            var index = EdgeIndex(level) * Tiles.FullWidth + (ulong)i;
            if (tiles.Read(level - 1, index, Tiles.FullWidth) is not { } below)
                return null;
            hashes[i] = Merkle.Root(below);
        }
        return hashes;
    }

    /// <summary>The root over the unfinished tiles: higher levels stand to the left of lower ones.</summary>
    private static Digest? RootOf(Digest[][] edges)
    {
        Digest? right = null;
        foreach (var hashes in edges)
            for (var end = hashes.Length; end > 0;)
            {
                var width = 1 << BitOperations.TrailingZeroCount(end);
                var subtree = Merkle.Root(hashes.AsSpan(end - width, width));
                right = right is { } known ? Merkle.NodeHash(subtree, known) : subtree;
                end -= width;
            }
        return right;
    }

    private ulong EdgeIndex(int level) => Tiles.Count(level, checkpoint.Size) / Tiles.FullWidth;

    private int EdgeWidth(int level) => (int)(Tiles.Count(level, checkpoint.Size) % Tiles.FullWidth);

    private string EdgePath(int level) => Tiles.PathOf(level, EdgeIndex(level), EdgeWidth(level));

    private static TilesVerdict Damaged(string file, string what) =>
        new(false, file, $"{file} {what}. {Tiles.Mend}");
}
