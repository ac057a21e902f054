using System.Buffers.Binary;
using System.Numerics;

namespace Countersign.Gate.Index;

/// <summary>
/// A binary fuse filter of 8 bits a key with three places a key (T. M. Graf, D. Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor Filters", ACM JEA 27,
/// 2022): it says of a key that it is not there, or that it may be, wrongly once in 256 times. About 9 bits a key for large sets. Immutable.
/// </summary>
internal static class FuseFilter
{
    /// <summary>Bytes before the places: seed (8), places of a segment (4), number of segments (4).</summary>
    private const int Head = 16;

    private const int MostTries = 100;

    /// <summary>Builds the filter of distinct keys. The working memory is about 20 bytes a key.</summary>
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
            Array.Clear(counts);
            Array.Clear(hashes);
            var crowded = false;
            foreach (var key in keys)
            {
                var hash = Mix(key, seed);
                var (a, b, c) = Places(hash, length, segments);
                crowded |= counts[a] >= 63 || counts[b] >= 63 || counts[c] >= 63;
                if (crowded)
                    break;
                // The low two bits tell, by exclusive or, which of its three places a lone key has here.
                counts[a] += 4;
                hashes[a] ^= hash;
                counts[b] += 4;
                counts[b] ^= 1;
                hashes[b] ^= hash;
                counts[c] += 4;
                counts[c] ^= 2;
                hashes[c] ^= hash;
            }
            if (crowded)
                continue;
            var (waiting, peeled) = (0, 0);
            for (var i = 0; i < places; i++)
                if (counts[i] >> 2 == 1)
                    queue[waiting++] = i;
            Span<int> three = stackalloc int[3];
            while (waiting > 0)
            {
                var at = queue[--waiting];
                if (counts[at] >> 2 != 1)
                    continue;
                var hash = hashes[at];
                var which = (byte)(counts[at] & 3);
                order[peeled++] = (hash, which);
                (three[0], three[1], three[2]) = Places(hash, length, segments);
                for (var i = 0; i < 3; i++)
                {
                    if (i == which)
                        continue;
                    var other = three[i];
                    if (counts[other] >> 2 == 2)
                        queue[waiting++] = other;
                    counts[other] -= 4;
                    counts[other] ^= (byte)i;
                    hashes[other] ^= hash;
                }
                counts[at] = 0;
            }
            if (peeled < keys.Length)
                continue;
            var filter = new byte[Head + places];
            BinaryPrimitives.WriteUInt64LittleEndian(filter, seed);
            BinaryPrimitives.WriteInt32LittleEndian(filter.AsSpan(8), length);
            BinaryPrimitives.WriteInt32LittleEndian(filter.AsSpan(12), segments);
            var marks = filter.AsSpan(Head);
            for (var i = peeled - 1; i >= 0; i--)
            {
                var (hash, which) = order[i];
                (three[0], three[1], three[2]) = Places(hash, length, segments);
                marks[three[which]] = (byte)(Mark(hash) ^ marks[three[(which + 1) % 3]] ^ marks[three[(which + 2) % 3]]);
            }
            return filter;
        }
        throw new InvalidOperationException("A filter could not be built: the keys are not distinct.");
    }

    /// <summary>Whether a key may be in the filter.</summary>
    public static bool MayHold(ReadOnlySpan<byte> filter, ulong key)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(filter[8..]);
        if (length == 0)
            return false;
        var hash = Mix(key, BinaryPrimitives.ReadUInt64LittleEndian(filter));
        var (a, b, c) = Places(hash, length, BinaryPrimitives.ReadInt32LittleEndian(filter[12..]));
        return (filter[Head + a] ^ filter[Head + b] ^ filter[Head + c]) == Mark(hash);
    }

    /// <summary>Whether bytes have the form of a filter.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> filter) => filter.Length >= Head && BinaryPrimitives.ReadInt32LittleEndian(filter[8..]) is var length and >= 0
        && BinaryPrimitives.ReadInt32LittleEndian(filter[12..]) is var segments and >= 0
        && (length == 0 ? filter.Length == Head : BitOperations.IsPow2(length) && filter.Length - Head == ((long)segments + 2) * length);

    private static int SegmentLength(int keys) =>
        keys < 2 ? 4 : 1 << Math.Clamp((int)Math.Floor(Math.Log(keys) / Math.Log(3.33) + 2.25), 2, 18);

    private static (int A, int B, int C) Places(ulong hash, int length, int segments)
    {
        unchecked
        {
            var a = (int)Math.BigMul(hash, (ulong)segments * (ulong)length, out _);
            return (a, (a + length) ^ (int)((hash >> 18) & (ulong)(length - 1)), (a + 2 * length) ^ (int)(hash & (ulong)(length - 1)));
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
