using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Countersign.Documents;

// The fast path: letters are folded, ordered and selected block by block in the first cache, and only what is selected is hashed to the end. Tests
// hold it against NormalText, All and Select.
public sealed partial class Fingerprinter
{
    private const int Block = 1024;

    /// <summary>The fingerprints of a text: what <see cref="Select(ReadOnlySpan{ulong})"/> picks out of <see cref="All"/> of its <see cref="NormalText"/>.</summary>
    public Fingerprints Of(string text) => Of(text, NormalLetters.Best);

    internal Fingerprints Of(string text, Lanes lanes)
    {
        ArgumentNullException.ThrowIfNull(text);
        var capacity = text.Length + 2 * (K - 1) + 80;
        var writer = new NormalLetters.Writer(ArrayPool<char>.Shared.Rent(capacity), null) { Count = K - 1 };
        var rented = writer.Letters;
        var selected = ArrayPool<int>.Shared.Rent(text.Length / 6 + 64);
        try
        {
            writer.Letters.AsSpan(0, K - 1).Clear();
            NormalLetters.FoldAll(text, ref writer, lanes);
            if (writer.Count == K - 1)
                return new Fingerprints([], [], 0);
            if (writer.Letters.Length < writer.Count + 64)
                Array.Resize(ref writer.Letters, writer.Count + 64);
            writer.Letters.AsSpan(writer.Count, 64).Clear();
            var grams = writer.Count;
            var count = Select(writer.Letters, grams, ref selected, lanes);
            var hashes = new ulong[count];
            for (var i = 0; i < hashes.Length; i++)
                hashes[i] = Hash(writer.Letters, selected[2 * i], unchecked((uint)selected[2 * i + 1]), lanes);
            var places = new int[count];
            for (var i = 0; i < places.Length; i++)
                places[i] = selected[2 * i];
            return new Fingerprints(hashes, places, grams);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
            ArrayPool<int>.Shared.Return(selected);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Hash(char[] padded, int gram, uint order, Lanes lanes)
    {
        ref var letters = ref Unsafe.As<char, ushort>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(padded), gram));
        if (lanes == Lanes.Scalar)
            return (ulong)order << RestBits | Rest(padded.AsSpan(gram, K));
        // A product modulo 2^64 out of two of 32 by 32 bits: the upper half of a key adds only to the upper half of the product.
        ref var keys = ref MemoryMarshal.GetArrayDataReference(_rest);
        Vector256<ulong> low = default, high = default;
        for (var part = 0; part < 4; part++)
        {
            var four = Avx2.ConvertToVector256Int64(Vector128.LoadUnsafe(ref letters, (nuint)(4 * part))).AsUInt32();
            var key = Vector256.LoadUnsafe(ref keys, (nuint)(4 * part));
            low += Avx2.Multiply(key.AsUInt32(), four);
            high += Avx2.Multiply((key >>> 32).AsUInt32(), four);
        }
        var sum = unchecked(Vector256.Sum(low + (high << 32)) + Unsafe.Add(ref keys, K));
        return (ulong)order << RestBits | sum >> 64 - RestBits;
    }

    /// <summary>Selects among the grams of padded letters, which have 64 zeros after them; writes the place and the order of each, and returns how many.</summary>
    private int Select(char[] padded, int grams, ref int[] selected, Lanes lanes)
    {
        // Orders of the grams [start, start + filled); minima of the windows beginning there.
        Span<uint> buffer = stackalloc uint[2 * (Block + 64)];
        var order = buffer[..(Block + 64)];
        var least = buffer[(Block + 64)..];
        var count = 0;
        var current = -1;
        uint before = uint.MaxValue;
        var windows = grams - W + 1;
        for (var start = 0; start < windows; start += Block)
        {
            var some = Math.Min(Block, windows - start);
            Order(padded, start, Math.Min(some + W - 1, grams - start), order, least, lanes);
            Minima(order, least, some, lanes);
            if (selected.Length < 2 * (count + some + W))
            {
                var larger = ArrayPool<int>.Shared.Rent(2 * selected.Length + 2 * (some + W));
                selected.AsSpan(0, 2 * count).CopyTo(larger);
                ArrayPool<int>.Shared.Return(selected);
                selected = larger;
            }
            unchecked
            {
                for (var at = 0; at < some; at += 32)
                {
                    var changed = Changes(least, at, Math.Min(32, some - at), before, lanes);
                    before = least[Math.Min(at + 32, some) - 1];
                    while (changed != 0)
                    {
                        var window = start + at + BitOperations.TrailingZeroCount(changed);
                        changed &= changed - 1;
                        Again(window, start, order, least, ref current, selected, ref count, lanes);
                        current = start + Rightmost(order, window - start, least[window - start], lanes);
                        selected[2 * count] = current;
                        selected[2 * count++ + 1] = (int)least[window - start];
                    }
                }
                Again(start + some, start, order, least, ref current, selected, ref count, lanes);
            }
        }
        return count;
    }

    /// <summary>Where a minimum left the window and another of the same order was in it, that one was selected.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Again(int window, int start, Span<uint> order, Span<uint> least, ref int current, int[] selected, ref int count, Lanes lanes)
    {
        while (current >= 0 && current + 1 < window)
        {
            var first = current + 1;
            current = start + Rightmost(order, first - start, least[first - start], lanes);
            selected[2 * count] = current;
            selected[2 * count++ + 1] = unchecked((int)least[first - start]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Rightmost(Span<uint> order, int window, uint value, Lanes lanes)
    {
        ref var first = ref Unsafe.Add(ref MemoryMarshal.GetReference(order), window);
        uint equal;
        if (lanes == Lanes.Avx512)
            equal = (uint)Vector512.Equals(Vector512.LoadUnsafe(ref first), Vector512.Create(value)).ExtractMostSignificantBits();
        else if (lanes == Lanes.Avx2)
            equal = Vector256.Equals(Vector256.LoadUnsafe(ref first), Vector256.Create(value)).ExtractMostSignificantBits()
                | Vector256.Equals(Vector256.LoadUnsafe(ref first, 8), Vector256.Create(value)).ExtractMostSignificantBits() << 8;
        else
        {
            for (var i = W - 1; ; i--)
                if (order[window + i] == value)
                    return window + i;
        }
        return window + 31 - BitOperations.LeadingZeroCount(equal & (1u << W) - 1);
    }

    /// <summary>A bit for every window whose minimum is not that of the window before.</summary>
    private static uint Changes(Span<uint> least, int at, int count, uint before, Lanes lanes)
    {
        uint changed = 0;
        var valid = count == 32 ? uint.MaxValue : (1u << count) - 1;
        ref var first = ref Unsafe.Add(ref MemoryMarshal.GetReference(least), at);
        if (lanes == Lanes.Scalar || at == 0)
        {
            for (var i = 0; i < count; i++)
                if (least[at + i] != (at + i == 0 ? before : least[at + i - 1]))
                    changed |= 1u << i;
            return changed;
        }
        if (lanes == Lanes.Avx512)
            for (var i = 0; i < 32; i += 16)
                changed |= (uint)Vector512.Equals(Vector512.LoadUnsafe(ref first, (nuint)i), Vector512.LoadUnsafe(ref Unsafe.Add(ref first, i - 1))).ExtractMostSignificantBits() << i;
        else
            for (var i = 0; i < 32; i += 8)
                changed |= Vector256.Equals(Vector256.LoadUnsafe(ref first, (nuint)i), Vector256.LoadUnsafe(ref Unsafe.Add(ref first, i - 1))).ExtractMostSignificantBits() << i;
        return ~changed & valid;
    }

    /// <summary>Minima of W orders by doubling: of 2, 4, 8, and of two eights that overlap.</summary>
    private static void Minima(Span<uint> order, Span<uint> least, int windows, Lanes lanes)
    {
        Least(order, order, 1, least, windows + 14, lanes);
        Least(least, least, 2, least, windows + 12, lanes);
        Least(least, least, 4, least, windows + 8, lanes);
        Least(least, least, W - 8, least, windows, lanes);
    }

    private static void Least(Span<uint> one, Span<uint> other, int shift, Span<uint> to, int count, Lanes lanes)
    {
        ref var a = ref MemoryMarshal.GetReference(one);
        ref var b = ref Unsafe.Add(ref MemoryMarshal.GetReference(other), shift);
        ref var c = ref MemoryMarshal.GetReference(to);
        var i = 0;
        if (lanes == Lanes.Avx512)
            for (; i < count; i += 16)
                Vector512.Min(Vector512.LoadUnsafe(ref a, (nuint)i), Vector512.LoadUnsafe(ref b, (nuint)i)).StoreUnsafe(ref c, (nuint)i);
        else if (lanes == Lanes.Avx2)
            for (; i < count; i += 8)
                Vector256.Min(Vector256.LoadUnsafe(ref a, (nuint)i), Vector256.LoadUnsafe(ref b, (nuint)i)).StoreUnsafe(ref c, (nuint)i);
        else
            for (; i < count; i++)
                Unsafe.Add(ref c, i) = Math.Min(Unsafe.Add(ref a, i), Unsafe.Add(ref b, i));
    }

    /// <summary>The orders of <paramref name="count"/> grams of padded letters from <paramref name="start"/>; there are 64 units after the last gram.</summary>
    private void Order(char[] padded, int start, int count, Span<uint> order, Span<uint> level, Lanes lanes)
    {
        ref var letters = ref Unsafe.As<char, ushort>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(padded), start));
        ref var to = ref MemoryMarshal.GetReference(order);
        ref var from = ref MemoryMarshal.GetReference(level);
        var keys = _order;
        unchecked
        {
            if (lanes == Lanes.Scalar)
            {
                for (var i = 0; i < count + 15; i++)
                    Unsafe.Add(ref from, i) = Fold((Unsafe.Add(ref letters, i) + keys[0]) * keys[1]);
                for (int span = 1, key = 2; span < K; span *= 2, key++)
                {
                    var factor = keys[key];
                    for (var i = 0; i < count + K - 2 * span; i++)
                        Unsafe.Add(ref from, i) = Fold(Unsafe.Add(ref from, i) * factor + Unsafe.Add(ref from, i + span));
                }
                for (var i = 0; i < count; i++)
                    Unsafe.Add(ref to, i) = Fold(Unsafe.Add(ref from, i) * keys[6]) * keys[7] >> 32 - OrderBits;
                return;
            }
            if (lanes == Lanes.Avx512)
            {
                var (first, second, mix, last) = (Vector512.Create(keys[0]), Vector512.Create(keys[1]), Vector512.Create(keys[6]), Vector512.Create(keys[7]));
                for (var i = 0; i < count + 15; i += 16)
                    Fold((Avx512F.ConvertToVector512UInt32(Vector256.LoadUnsafe(ref letters, (nuint)i)) + first) * second)
                        .StoreUnsafe(ref from, (nuint)i);
                for (int span = 1, key = 2; span < K; span *= 2, key++)
                {
                    var factor = Vector512.Create(keys[key]);
                    for (var i = 0; i < count + K - 2 * span; i += 16)
                        Fold(Vector512.LoadUnsafe(ref from, (nuint)i) * factor + Vector512.LoadUnsafe(ref from, (nuint)(i + span)))
                            .StoreUnsafe(ref from, (nuint)i);
                }
                for (var i = 0; i < count; i += 16)
                    (Fold(Vector512.LoadUnsafe(ref from, (nuint)i) * mix) * last >>> 32 - OrderBits)
                        .StoreUnsafe(ref to, (nuint)i);
                return;
            }
            var (first8, second8, mix8, last8) = (Vector256.Create(keys[0]), Vector256.Create(keys[1]), Vector256.Create(keys[6]), Vector256.Create(keys[7]));
            for (var i = 0; i < count + 15; i += 8)
                Fold((Avx2.ConvertToVector256Int32(Vector128.LoadUnsafe(ref letters, (nuint)i)).AsUInt32() + first8) * second8)
                    .StoreUnsafe(ref from, (nuint)i);
            for (int span = 1, key = 2; span < K; span *= 2, key++)
            {
                var factor = Vector256.Create(keys[key]);
                for (var i = 0; i < count + K - 2 * span; i += 8)
                    Fold(Vector256.LoadUnsafe(ref from, (nuint)i) * factor + Vector256.LoadUnsafe(ref from, (nuint)(i + span)))
                        .StoreUnsafe(ref from, (nuint)i);
            }
            for (var i = 0; i < count; i += 8)
                (Fold(Vector256.LoadUnsafe(ref from, (nuint)i) * mix8) * last8 >>> 32 - OrderBits)
                    .StoreUnsafe(ref to, (nuint)i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Fold(Vector512<uint> x) => x ^ x >>> 15;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Fold(Vector256<uint> x) => x ^ x >>> 15;
}
