using System.Text;

namespace Countersign.Proof;

/// <summary>
/// Whether text is in Unicode normal form C (UAX #15), by tables of our own. The platform's answer is that of whatever ICU a machine has, and
/// where globalisation is switched off (<c>DOTNET_SYSTEM_GLOBALIZATION_INVARIANT</c>, usual in containers) it is yes to everything: two verifiers
/// would disagree about one act. With this they cannot, and the stranger's program needs no ICU.
/// </summary>
internal static class Nfc
{
    // Hangul is composed by arithmetic (The Unicode Standard §3.12).
    private const int Syllables = 0xAC00, Leads = 0x1100, Vowels = 0x1161, Tails = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28, SyllableCount = LeadCount * VowelCount * TailCount;

    /// <summary>Whether <paramref name="text"/> is in normal form C. Throws <see cref="ArgumentException"/> where it is not Unicode: half a surrogate pair, or U+FFFE.</summary>
    public static bool Holds(string text)
    {
        // Nothing below U+0300 combines with or decomposes into anything: most letters end here.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF'))
            return true;

        var given = new List<int>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) != System.Buffers.OperationStatus.Done || rune.Value == 0xFFFE)
                throw new ArgumentException("The text is not Unicode.", nameof(text));
            given.Add(rune.Value);
            i += used - 1;
        }

        // It is in normal form C when taking it apart and putting it together again (UAX #15 §1.3) changes nothing.
        var apart = new List<int>(given.Count * 2);
        foreach (var c in given)
        {
            if (Row(NfcTable.Never, 2, c) is var row and >= 0 && c <= NfcTable.Never[row + 1])
                return false;
            TakeApart(c, apart);
        }
        Order(apart);
        return PutTogether(apart).SequenceEqual(given);
    }

    private static void TakeApart(int c, List<int> into)
    {
        if (c - Syllables is var syllable and >= 0 and < SyllableCount)
        {
            into.Add(Leads + (syllable / (VowelCount * TailCount)));
            into.Add(Vowels + (syllable / TailCount % VowelCount));
            if (syllable % TailCount is var tail and > 0)
                into.Add(Tails + tail);
        }
        else if (Row(NfcTable.Composites, 3, c) is var row and >= 0 && NfcTable.Composites[row] == c)
        {
            TakeApart(NfcTable.Composites[row + 1], into);
            TakeApart(NfcTable.Composites[row + 2], into);
        }
        else
        {
            into.Add(c);
        }
    }

    /// <summary>The canonical order: marks behind one base stand by class, those of one class as they came.</summary>
    private static void Order(List<int> text)
    {
        for (var start = 0; start < text.Count; start++)
        {
            if (Class(text[start]) == 0)
                continue;
            var end = start + 1;
            while (end < text.Count && Class(text[end]) != 0)
                end++;
            var ordered = text.GetRange(start, end - start).OrderBy(Class).ToArray(); // stable
            for (var i = 0; i < ordered.Length; i++)
                text[start + i] = ordered[i];
            start = end;
        }
    }

    private static List<int> PutTogether(List<int> apart)
    {
        var together = new List<int>(apart.Count);
        var (starter, last) = (-1, 0); // where the last base stands; the class of what was kept last behind it
        foreach (var c in apart)
        {
            var combining = Class(c);
            var blocked = starter < 0 || (starter != together.Count - 1 && last >= combining);
            if (!blocked && Composite(together[starter], c) is { } composite)
            {
                together[starter] = composite;
                continue;
            }
            if (combining == 0)
                starter = together.Count;
            last = combining;
            together.Add(c);
        }
        return together;
    }

    private static int? Composite(int first, int second)
    {
        if (first - Leads is var lead and >= 0 and < LeadCount && second - Vowels is var vowel and >= 0 and < VowelCount)
            return Syllables + (((lead * VowelCount) + vowel) * TailCount);
        if (first - Syllables is var syllable and >= 0 and < SyllableCount && syllable % TailCount == 0 && second - Tails is var tail and > 0 and < TailCount)
            return first + tail;
        return Pairs.Value.TryGetValue((first, second), out var composite) ? composite : null;
    }

    private static int Class(int c) => Row(NfcTable.Classes, 3, c) is var row and >= 0 && c <= NfcTable.Classes[row + 1] ? NfcTable.Classes[row + 2] : 0;

    /// <summary>Where the last row begins whose first number is at most <paramref name="c"/>; -1 where none is.</summary>
    private static int Row(ReadOnlySpan<int> table, int width, int c)
    {
        var (low, high) = (0, (table.Length / width) - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (table[middle * width] <= c)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return high < 0 ? -1 : high * width;
    }

    private static readonly Lazy<Dictionary<(int First, int Second), int>> Pairs = new(() =>
    {
        var pairs = new Dictionary<(int, int), int>();
        for (var i = 0; i < NfcTable.Composites.Length; i += 3)
            pairs.Add((NfcTable.Composites[i + 1], NfcTable.Composites[i + 2]), NfcTable.Composites[i]);
        return pairs;
    });
}
