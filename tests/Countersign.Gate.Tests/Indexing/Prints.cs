namespace Countersign.Gate.Tests.Indexing;

/// <summary>Fingerprints that follow from numbers.</summary>
internal static class Prints
{
    /// <summary>Spread over all 64 bits, as a keyed hash is (the finaliser of SplitMix64).</summary>
    public static ulong Spread(ulong number)
    {
        unchecked
        {
            var z = (number + 1) * 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }

    /// <summary>The fingerprints of a text: some hundred, a quarter of them such as other texts have, too.</summary>
    public static ulong[] Of(int text, int most = 400)
    {
        var random = new Random(text);
        return [.. Enumerable.Range(0, 20 + random.Next(most)).Select(i => i % 4 == 0 ? Spread((ulong)random.Next(500)) : Spread(((ulong)text << 24) + 1_000_000 + (ulong)i)).Distinct()];
    }
}
