using System.Numerics;
using System.Security.Cryptography;

namespace Countersign.Proof;

/// <summary>
/// The Merkle tree of RFC 6962 §2.1 (= RFC 9162 §2.1) over SHA-256: its hashes, and the checks of its two proofs.
/// A proof binds neither index nor size: several (index, size) pairs share one path. Both must come from a signed
/// checkpoint or be bound by one, never from the proof alone.
/// </summary>
public static class Merkle
{
    /// <summary>The largest tree: 2⁶³−1 entries (C2SP tlog-checkpoint).</summary>
    public const ulong MaxSize = long.MaxValue;

    /// <summary>The longest path that any legal proof has.</summary>
    public const int MaxPath = 63;

    /// <summary>The root of the tree without entries: SHA-256 of nothing.</summary>
    public static Digest EmptyRoot { get; } = Digest.Of([]);

    /// <summary>
    /// The hash of a leaf: <c>H(0x00 ‖ entry)</c>. An entry that is itself a digest is hashed all the same.
    /// </summary>
    public static Digest LeafHash(ReadOnlySpan<byte> entry)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData([0x00]);
        sha.AppendData(entry);
        Span<byte> hash = stackalloc byte[Digest.Size];
        sha.GetHashAndReset(hash);
        return new Digest(hash);
    }

    /// <summary>The hash of a leaf whose entry is the 32 bytes of a digest, as all of ours are.</summary>
    public static Digest LeafHash(Digest entry)
    {
        Span<byte> bytes = stackalloc byte[1 + Digest.Size];
        bytes[0] = 0x00;
        entry.CopyTo(bytes[1..]);
        return Digest.Of(bytes);
    }

    /// <summary>The hash of an inner node: <c>H(0x01 ‖ left ‖ right)</c>.</summary>
    public static Digest NodeHash(Digest left, Digest right)
    {
        Span<byte> bytes = stackalloc byte[1 + 2 * Digest.Size];
        bytes[0] = 0x01;
        left.CopyTo(bytes[1..]);
        right.CopyTo(bytes[(1 + Digest.Size)..]);
        return Digest.Of(bytes);
    }

    /// <summary>The root over these leaf (or equally high subtree) hashes, in order.</summary>
    public static Digest Root(ReadOnlySpan<Digest> hashes)
    {
        if (hashes.Length == 1)
            return hashes[0];
        var frontier = new MerkleFrontier();
        foreach (var hash in hashes)
            frontier.Append(hash);
        return frontier.Root();
    }

    /// <summary>
    /// The root that this path leads to from <paramref name="leaf"/> (a leaf hash), or null when index, size and length
    /// of the path do not belong together (RFC 9162 §2.1.3.2). The path runs from the leaf's side to the root's.
    /// </summary>
    public static Digest? RootFromInclusion(ulong index, ulong size, Digest leaf, ReadOnlySpan<Digest> path)
    {
        if (size > MaxSize || index >= size)
            return null;
        var (inner, border) = Turns(index, size);
        if (path.Length != inner + border)
            return null;
        var hash = leaf;
        for (var level = 0; level < inner; level++)
            hash = IsRightChild(index, level) ? NodeHash(path[level], hash) : NodeHash(hash, path[level]);
        foreach (var left in path[inner..])
            hash = NodeHash(left, hash);
        return hash;
    }

    /// <summary>Whether the leaf hash stands at <paramref name="index"/> in the tree of that size and root.</summary>
    public static bool VerifyInclusion(
        ulong index, ulong size, Digest leaf, ReadOnlySpan<Digest> path, Digest root) =>
        RootFromInclusion(index, size, leaf, path) == root;

    /// <summary>
    /// Whether the old tree is a prefix of the new one (RFC 9162 §2.1.4.2). From the empty tree everything grows: its
    /// root is <see cref="EmptyRoot"/>, its path empty, and the answer says nothing about the new root.
    /// </summary>
    public static bool VerifyConsistency(
        ulong oldSize, ulong newSize, Digest oldRoot, Digest newRoot, ReadOnlySpan<Digest> path)
    {
        if (newSize > MaxSize || oldSize > newSize)
            return false;
        if (oldSize == 0 && oldRoot != EmptyRoot)
            return false;
        if (oldSize == newSize)
            return path.IsEmpty && oldRoot == newRoot;
        if (oldSize == 0)
            return path.IsEmpty;

        // The proof is an inclusion proof of the old tree's last whole subtree, whose hash comes first in the path
        // unless that subtree is the old tree itself.
        var height = BitOperations.TrailingZeroCount(oldSize);
        var (inner, border) = Turns(oldSize - 1, newSize);
        inner -= height;
        var given = BitOperations.IsPow2(oldSize) ? 0 : 1;
        if (path.Length != given + inner + border)
            return false;

        var subtree = (oldSize - 1) >> height;
        var oldHash = given == 0 ? oldRoot : path[0];
        var newHash = oldHash;
        for (var level = 0; level < inner; level++)
        {
            var sibling = path[given + level];
            if (IsRightChild(subtree, level))
                (oldHash, newHash) = (NodeHash(sibling, oldHash), NodeHash(sibling, newHash));
            else
                newHash = NodeHash(newHash, sibling);
        }
        foreach (var left in path[(given + inner)..])
            (oldHash, newHash) = (NodeHash(left, oldHash), NodeHash(left, newHash));
        return oldHash == oldRoot && newHash == newRoot;
    }

    /// <summary>
    /// Up to the level where the ways of this leaf and of the last leaf meet, every level has a sibling; above it, only
    /// left turns have one.
    /// </summary>
    private static (int Inner, int Border) Turns(ulong index, ulong size)
    {
        var inner = 64 - BitOperations.LeadingZeroCount(index ^ (size - 1));
        var border = inner == 64 ? 0 : BitOperations.PopCount(index >> inner);
        return (inner, border);
    }

    private static bool IsRightChild(ulong index, int level) => (index >> level & 1) == 1;
}

/// <summary>
/// The right edge of a growing tree: the roots of its whole subtrees, at most 63 of them, enough to append and to know
/// the root. Not safe for several threads at once.
/// </summary>
public sealed class MerkleFrontier
{
    // _roots[k] is the root of the whole subtree of 2^k leaves where bit k of Size is set, else meaningless.
    private readonly Digest[] _roots = new Digest[Merkle.MaxPath];

    /// <summary>How many leaves the tree has.</summary>
    public ulong Size { get; private set; }

    /// <summary>Appends a leaf hash. Throws <see cref="InvalidOperationException"/> beyond 2⁶³−1 leaves.</summary>
    public void Append(Digest leafHash)
    {
        if (Size == Merkle.MaxSize)
            throw new InvalidOperationException("The tree is full.");
        var level = 0;
        for (; (Size >> level & 1) == 1; level++)
            leafHash = Merkle.NodeHash(_roots[level], leafHash);
        _roots[level] = leafHash;
        Size++;
    }

    /// <summary>The root of the tree as it is now.</summary>
    public Digest Root()
    {
        if (Size == 0)
            return Merkle.EmptyRoot;
        var level = BitOperations.TrailingZeroCount(Size);
        var root = _roots[level];
        for (level++; level < _roots.Length; level++)
            if ((Size >> level & 1) == 1)
                root = Merkle.NodeHash(_roots[level], root);
        return root;
    }

    /// <summary>A frontier of the same tree that grows on its own.</summary>
    public MerkleFrontier Copy()
    {
        var copy = new MerkleFrontier { Size = Size };
        _roots.CopyTo(copy._roots, 0);
        return copy;
    }
}
