using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Countersign.Documents;

// A quick look at a message before it is compared in full: most messages carry nothing of any draft, and end here.
public sealed partial class Fingerprinter
{
    /// <summary>Grams in a window of a message that is looked at quickly; fewer than <see cref="W"/>, so that it selects whatever a draft's wider windows do.</summary>
    public const int ScreenW = 6;

    /// <summary>
    /// The grams of a text that quick windows select, as they may be written down, each once for its place. A text that shares <see cref="W"/> + <see cref="K"/> − 1 = 28 letters in a row with
    /// a draft has at least one of that draft's selected grams among them; one that shares <see cref="ScreenW"/> + K − 1 = 21 letters around a gram that the draft selected has that gram
    /// (docs/decisions/0004-fingerprints.md, "The quick look").
    /// </summary>
    /// <param name="text">The text as it was read.</param>
    /// <param name="holds">Is shown the folded letters, and may say that it has seen something in them; what it says is returned as <paramref name="seen"/>.</param>
    /// <param name="seen">What <paramref name="holds"/> said.</param>
    public ulong[] Screen(string text, Func<ReadOnlySpan<char>, bool> holds, out bool seen) => Screen(text, holds, out seen, NormalLetters.Best);

    internal ulong[] Screen(string text, Func<ReadOnlySpan<char>, bool> holds, out bool seen, Lanes lanes)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(holds);
        var writer = new NormalLetters.Writer(ArrayPool<char>.Shared.Rent(text.Length + 128), null);
        var rented = writer.Letters;
        var orders = ArrayPool<uint>.Shared.Rent(3 * (text.Length + 128));
        try
        {
            NormalLetters.FoldAll(text, ref writer, lanes);
            seen = holds(writer.Letters.AsSpan(0, writer.Count));
            var grams = writer.Count - K + 1;
            if (grams <= 0)
                return [];
            if (writer.Letters.Length < writer.Count + 64)
                Array.Resize(ref writer.Letters, writer.Count + 64);
            writer.Letters.AsSpan(writer.Count, 64).Clear();
            if (orders.Length < 3 * (writer.Count + 64))
            {
                ArrayPool<uint>.Shared.Return(orders);
                orders = ArrayPool<uint>.Shared.Rent(3 * (writer.Count + 64));
            }
            var room = writer.Count + 64;
            var order = orders.AsSpan(0, room);
            var least = orders.AsSpan(room, room);
            var most = orders.AsSpan(2 * room, room);
            Order(writer.Letters, 0, grams, order, least, lanes);
            var selected = Quick(order, least, most, grams);
            var hashes = new ulong[selected];
            var at = 0;
            for (var i = 0; i < grams && at < hashes.Length; i++)
                if (most[i] == order[i])
                    hashes[at++] = Hash(writer.Letters, i, order[i], lanes);
            Conceal(hashes);
            return hashes;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(rented);
            ArrayPool<uint>.Shared.Return(orders);
        }
    }

    /// <summary>
    /// Leaves in <paramref name="most"/>, at every gram, the greatest of the minima of all windows that hold it: equal to the gram's order where one of them has it as its least. Of equals
    /// all are selected. Returns how many are.
    /// </summary>
    private static int Quick(Span<uint> order, Span<uint> least, Span<uint> most, int grams)
    {
        if (grams <= ScreenW)
        {
            order[..grams].CopyTo(most);
            return grams;
        }
        var windows = grams - ScreenW + 1;
        // Minima of 2, of 4, and of two fours that overlap; then, of the windows that hold a gram, the greatest minimum in the same way.
        Pairs(order, least, 1, windows + 4, max: false);
        Pairs(least, least, 2, windows + 2, max: false);
        Pairs(least, least, 2, windows, max: false);
        // A gram at i is held by the windows i − 5 to i, as far as there are such.
        most[..(ScreenW - 1)].Clear();
        least[..windows].CopyTo(most[(ScreenW - 1)..]);
        most.Slice(grams, ScreenW).Clear();
        Pairs(most, most, 1, grams, max: true);
        Pairs(most, most, 2, grams, max: true);
        Pairs(most, most, 2, grams, max: true);
        var count = 0;
        for (var i = 0; i < grams; i++)
            count += most[i] == order[i] ? 1 : 0;
        return count;
    }

    /// <summary>The lesser or greater of each and the one <paramref name="shift"/> behind it, rising, so that the result may lie where the source does.</summary>
    private static void Pairs(Span<uint> from, Span<uint> to, int shift, int count, bool max)
    {
        ref var a = ref MemoryMarshal.GetReference(from);
        ref var b = ref MemoryMarshal.GetReference(to);
        var i = 0;
        if (Vector256.IsHardwareAccelerated)
            for (; i + 8 <= count; i += 8)
            {
                var (one, other) = (Vector256.LoadUnsafe(ref a, (nuint)i), Vector256.LoadUnsafe(ref a, (nuint)(i + shift)));
                (max ? Vector256.Max(one, other) : Vector256.Min(one, other)).StoreUnsafe(ref b, (nuint)i);
            }
        for (; i < count; i++)
        {
            var (one, other) = (Unsafe.Add(ref a, i), Unsafe.Add(ref a, i + shift));
            Unsafe.Add(ref b, i) = max ? Math.Max(one, other) : Math.Min(one, other);
        }
    }
}
