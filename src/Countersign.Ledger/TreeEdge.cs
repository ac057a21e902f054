using System.Numerics;
using Countersign.Proof;

namespace Countersign.Ledger;

/// <summary>Takes the tiles of a growing tree, each as soon as it is full.</summary>
internal interface ITileSink
{
    void Tile(int level, ulong index, ReadOnlySpan<Digest> hashes);

    void Entries(ulong index, ReadOnlySpan<Digest> entries);
}

/// <summary>
/// The right edge of the tree in tiles: of each level the hashes of its last, unfinished tile, and the entry hashes of
/// the last bundle: at most 255 each, so memory grows with the logarithm of the ledger. A published edge is never
/// changed: appending starts from a <see cref="Copy"/>.
/// </summary>
internal sealed class TreeEdge
{
    private readonly List<List<Digest>> _levels;
    private readonly List<Digest> _entries;
    private readonly MerkleFrontier _frontier;

    public TreeEdge()
        : this([], [], new MerkleFrontier())
    {
    }

    private TreeEdge(List<List<Digest>> levels, List<Digest> entries, MerkleFrontier frontier) =>
        (_levels, _entries, _frontier) = (levels, entries, frontier);

    public ulong Size => _frontier.Size;

    public Digest Root() => _frontier.Root();

    public TreeEdge Copy() =>
        new([.. _levels.Select(level => new List<Digest>(level))], [.. _entries], _frontier.Copy());

    public void Append(Digest entryHash, ITileSink? sink = null)
    {
        var hash = Merkle.LeafHash(entryHash);
        var bundle = Size / Tiles.FullWidth;
        _frontier.Append(hash);
        _entries.Add(entryHash);
        if (_entries.Count == Tiles.FullWidth)
        {
            sink?.Entries(bundle, Span(_entries));
            _entries.Clear();
        }

        // A full tile becomes one hash of the level above (C2SP tlog-tiles, Merkle Tree).
        var index = bundle;
        for (var level = 0; ; level++, index /= Tiles.FullWidth)
        {
            if (level == _levels.Count)
                _levels.Add([]);
            var tile = _levels[level];
            tile.Add(hash);
            if (tile.Count < Tiles.FullWidth)
                return;
            sink?.Tile(level, index, Span(tile));
            hash = Merkle.Root(Span(tile));
            tile.Clear();
        }
    }

    /// <summary>Hands over the unfinished tiles, the level-0 one and its bundle first.</summary>
    public void Partials(ITileSink sink)
    {
        if (_entries.Count > 0)
            sink.Entries(Size / Tiles.FullWidth, Span(_entries));
        for (var level = 0; level < _levels.Count; level++)
            if (_levels[level].Count > 0)
                sink.Tile(level, Tiles.Count(level, Size) / Tiles.FullWidth, Span(_levels[level]));
    }

    /// <summary>
    /// The hashes of the unfinished tile of that level, or nothing when <paramref name="index"/> is another tile.
    /// </summary>
    public ReadOnlySpan<Digest> Tile(int level, ulong index) =>
        level < _levels.Count && Tiles.Count(level, Size) / Tiles.FullWidth == index ? Span(_levels[level]) : [];

    private static ReadOnlySpan<Digest> Span(List<Digest> hashes) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(hashes);
}

/// <summary>
/// Makes the proofs of RFC 6962 §2.1 from tiles: for a tree of n entries it asks for O(log n) tiles.
/// </summary>
/// <param name="size">
/// The size of the tree that the tiles cover; proofs may be asked for it and every smaller one.
/// </param>
/// <param name="read">Gives the first <c>width</c> hashes of a tile.</param>
internal sealed class Prover(ulong size, Func<int, ulong, int, ReadOnlyMemory<Digest>> read)
{
    private readonly Dictionary<(int Level, ulong Index), ReadOnlyMemory<Digest>> _tiles = [];

    public Digest Root(ulong treeSize) => treeSize == 0 ? Merkle.EmptyRoot : Range(0, treeSize);

    public Digest Leaf(ulong index) => Node(0, index);

    public Digest[] Inclusion(ulong index, ulong treeSize)
    {
        var path = new List<Digest>();
        var (start, end) = (0ul, treeSize);
        while (end - start > 1)
        {
            var middle = start + Split(end - start);
            if (index < middle)
            {
                path.Add(Range(middle, end));
                end = middle;
            }
            else
            {
                path.Add(Range(start, middle));
                start = middle;
            }
        }
        path.Reverse();
        return [.. path];
    }

    public Digest[] Consistency(ulong oldSize, ulong newSize)
    {
        if (oldSize == 0 || oldSize == newSize)
            return [];
        var path = new List<Digest>();
        var (start, end) = (0ul, newSize);
        // Down to the last whole subtree of the old tree; where that is the old tree, its root is known to all.
        while (oldSize != end)
        {
            var middle = start + Split(end - start);
            if (oldSize <= middle)
            {
                path.Add(Range(middle, end));
                end = middle;
            }
            else
            {
                path.Add(Range(start, middle));
                start = middle;
            }
        }
        if (start > 0)
            path.Add(Range(start, end));
        path.Reverse();
        return [.. path];
    }

    /// <summary>
    /// The hash over the leaves from <paramref name="start"/> to before <paramref name="end"/>, as RFC 6962 splits
    /// them.
    /// </summary>
    private Digest Range(ulong start, ulong end)
    {
        var width = end - start;
        if (BitOperations.IsPow2(width))
        {
            var height = BitOperations.Log2(width);
            return Node(height, start >> height);
        }
        var middle = start + Split(width);
        return Merkle.NodeHash(Range(start, middle), Range(middle, end));
    }

    /// <summary>The root of the whole subtree of 2^height leaves: part of one tile.</summary>
    private Digest Node(int height, ulong index)
    {
        var (level, within) = (height / 8, height % 8);
        var first = index << within;
        var tile = first / Tiles.FullWidth;
        if (!_tiles.TryGetValue((level, tile), out var hashes))
            _tiles[(level, tile)] = hashes = read(level, tile, Tiles.Width(level, tile, size));
        return Merkle.Root(hashes.Span.Slice((int)(first % Tiles.FullWidth), 1 << within));
    }

    /// <summary>The largest power of two below <paramref name="width"/> (RFC 6962 §2.1); width > 1.</summary>
    private static ulong Split(ulong width) => 1ul << BitOperations.Log2(width - 1);
}
