using System.Buffers.Binary;
using System.Numerics;

namespace Countersign.Gate.Index;

/// <summary>
/// A binary fuse filter of 8 bits a key with three places a key (T. M. Graf, D. Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor Filters", ACM JEA 27,
/// 2022): it says of a key that it is not there, or that it may be, wrongly once in 256 times. About 9 bits a key for large sets. Immutable.
/// </summary>
/// <remarks>As bytes, little-endian: seed (8), places of a segment (4, a power of two), segments in which a key can begin (4), one byte for each place. A filter of nothing has the head alone.</remarks>
internal readonly unsafe struct FuseFilter
{
    /// <summary>Bytes before the places.</summary>
    private const int Head = 16;

    private const int MostTries = 100;

    private readonly ulong _seed;
    private readonly ulong _beginnings;
    private readonly uint _length;
    private readonly byte* _marks;

    /// <summary>Looks into the bytes of a filter that <see cref="IsWhole"/>; they stay where they are.</summary>
    public FuseFilter(byte* filter)
    {
        var head = new ReadOnlySpan<byte>(filter, Head);
        _seed = BinaryPrimitives.ReadUInt64LittleEndian(head);
        _length = BinaryPrimitives.ReadUInt32LittleEndian(head[8..]);
        _beginnings = _length * (ulong)BinaryPrimitives.ReadUInt32LittleEndian(head[12..]);
        _marks = filter + Head;
    }

    /// <summary>Where a key's three marks are, and what they must come to; null where nothing is in the filter.</summary>
    public byte* Locate(ulong key, out byte* second, out byte* third, out byte mark)
    {
        unchecked
        {
            if (_length == 0)
            {
                mark = 0;
                second = third = null;
                return null;
            }
            var hash = Mix(key, _seed);
            mark = Mark(hash);
            var a = (uint)Math.BigMul(hash, _beginnings, out _);
            var within = _length - 1;
            second = _marks + ((a + _length) ^ ((uint)(hash >> 18) & within));
            third = _marks + ((a + _length + _length) ^ ((uint)hash & within));
            return _marks + a;
        }
    }

    /// <summary>Whether a key may be in the filter.</summary>
    public bool MayHold(ulong key) => Locate(key, out var second, out var third, out var mark) is var first && first is not null && (*first ^ *second ^ *third) == mark;

    /// <summary>Whether a key may be in a filter that <see cref="IsWhole"/>.</summary>
    public static bool MayHold(ReadOnlySpan<byte> filter, ulong key)
    {
        fixed (byte* bytes = filter)
            return new FuseFilter(bytes).MayHold(key);
    }

    /// <summary>Builds the filter of distinct keys. The working memory is about 30 bytes a key.</summary>
    /// <exception cref="InvalidOperationException">The keys are not distinct.</exception>
    public static byte[] Build(ReadOnlySpan<ulong> keys)
    {
        if (keys.IsEmpty)
            return new byte[Head];
        var length = SegmentLength(keys.Length);
        var factor = keys.Length < 2 ? 2 : Math.Max(1.125, 0.875 + 0.25 * Math.Log(1_000_000) / Math.Log(keys.Length));
        var segments = Math.Max(1, (int)((Math.Max(keys.Length * factor, 3 * length) + length - 1) / length) - 2);
        var places = (segments + 2) * length;
        var counts = new byte[places];
        var hashes = new ulong[places];
        var queue = new int[places];
        var order = new (ulong Hash, byte Which)[keys.Length];
        for (ulong attempt = 0; attempt < MostTries; attempt++)
        {
            // Keys are hashes under a secret: no one chooses them, so the seeds need not be random, only far from one another in every step that keys may have.
            var seed = Mix(attempt + 1, 0xD6E8FEB86659FD93UL);
            if (attempt > 0)
            {
                Array.Clear(counts);
                Array.Clear(hashes);
            }
            if (!Lay(keys, seed, length, segments, counts, hashes) || !Peel(keys.Length, length, segments, counts, hashes, queue, order))
                continue;
            var filter = new byte[Head + places];
            BinaryPrimitives.WriteUInt64LittleEndian(filter, seed);
            BinaryPrimitives.WriteInt32LittleEndian(filter.AsSpan(8), length);
            BinaryPrimitives.WriteInt32LittleEndian(filter.AsSpan(12), segments);
            var marks = filter.AsSpan(Head);
            for (var i = order.Length - 1; i >= 0; i--)
            {
                var (hash, which) = order[i];
                var (a, b, c) = Places(hash, length, segments);
                var others = marks[a] ^ marks[b] ^ marks[c]; // the one to be set is still 0
                marks[which == 0 ? a : which == 1 ? b : c] = (byte)(Mark(hash) ^ others);
            }
            return filter;
        }
        throw new InvalidOperationException("A filter could not be built: the keys are not distinct.");
    }

    /// <summary>Whether bytes have the form of a filter.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> filter) => filter.Length >= Head && BinaryPrimitives.ReadInt32LittleEndian(filter[8..]) is var length and >= 0
        && BinaryPrimitives.ReadInt32LittleEndian(filter[12..]) is var segments and >= 0
        && (length == 0 ? filter.Length == Head : BitOperations.IsPow2(length) && segments > 0 && filter.Length - Head == ((long)segments + 2) * length);

    /// <summary>Enters every key at its three places; the low two bits of a count tell, by exclusive or, which of its three places a lone key has there.</summary>
    private static bool Lay(ReadOnlySpan<ulong> keys, ulong seed, int length, int segments, byte[] counts, ulong[] hashes)
    {
        unchecked
        {
            foreach (var key in keys)
            {
                var hash = Mix(key, seed);
                var (a, b, c) = Places(hash, length, segments);
                if (counts[a] >= 252 || counts[b] >= 252 || counts[c] >= 252)
                    return false;
                counts[a] += 4;
                hashes[a] ^= hash;
                counts[b] = (byte)((counts[b] + 4) ^ 1);
                hashes[b] ^= hash;
                counts[c] = (byte)((counts[c] + 4) ^ 2);
                hashes[c] ^= hash;
            }
            return true;
        }
    }

    /// <summary>Takes away, again and again, a key that is alone at one of its places; true when none is left.</summary>
    private static bool Peel(int keys, int length, int segments, byte[] counts, ulong[] hashes, int[] queue, (ulong Hash, byte Which)[] order)
    {
        unchecked
        {
            var (waiting, peeled) = (0, 0);
            for (var i = 0; i < counts.Length; i++)
            {
                queue[waiting] = i;
                waiting += counts[i] >> 2 == 1 ? 1 : 0;
                while (waiting > 0)
                {
                    var at = queue[--waiting];
                    if (counts[at] >> 2 != 1)
                        continue;
                    var hash = hashes[at];
                    var which = (byte)(counts[at] & 3);
                    order[peeled++] = (hash, which);
                    var (a, b, c) = Places(hash, length, segments);
                    counts[at] = 0;
                    if (which != 0)
                        Leave(a, 0);
                    if (which != 1)
                        Leave(b, 1);
                    if (which != 2)
                        Leave(c, 2);

                    void Leave(int place, int which)
                    {
                        counts[place] = (byte)((counts[place] - 4) ^ which);
                        hashes[place] ^= hash;
                        if (counts[place] >> 2 == 1)
                            queue[waiting++] = place;
                    }
                }
            }
            return peeled == keys;
        }
    }

    private static int SegmentLength(int keys) =>
        keys < 2 ? 4 : 1 << Math.Clamp((int)Math.Floor(Math.Log(keys) / Math.Log(3.33) + 2.25), 2, 18);

    private static (int A, int B, int C) Places(ulong hash, int length, int segments)
    {
        unchecked
        {
            var a = (int)Math.BigMul(hash, (ulong)segments * (ulong)length, out _);
            return (a, (a + length) ^ (int)((hash >> 18) & (ulong)(length - 1)), (a + length + length) ^ (int)(hash & (ulong)(length - 1)));
        }
    }

    private static byte Mark(ulong hash) => unchecked((byte)(hash ^ (hash >> 32)));

    /// <summary>The finaliser of MurmurHash3 (64 bits).</summary>
    private static ulong Mix(ulong key, ulong seed)
    {
        unchecked
        {
            var h = key + seed;
            h ^= h >> 33;
            h *= 0xFF51AFD7ED558CCDUL;
            h ^= h >> 33;
            h *= 0xC4CEB9FE1A85EC53UL;
            return h ^ (h >> 33);
        }
    }
}
