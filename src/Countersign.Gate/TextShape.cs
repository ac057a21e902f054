using System.Runtime.InteropServices;

namespace Countersign.Gate;

/// <summary>
/// What is kept of a text to compare others with it: hashes of all its k-grams and of its words in order, under the office's secret, and no letter.
/// Letters are those of <see cref="Countersign.Documents.NormalText"/>.
/// </summary>
internal sealed class TextShape
{
    /// <summary>Truncated hash of the k-gram that starts at each letter.</summary>
    public required uint[] Grams { get; init; }

    /// <summary>The letters at which the selected k-grams start, rising.</summary>
    public required int[] Selected { get; init; }

    /// <summary>Hash of each word.</summary>
    public required uint[] Words { get; init; }

    /// <summary>The letter at which each word starts, and behind the last the number of letters.</summary>
    public required int[] WordStarts { get; init; }

    public int Letters => WordStarts[^1];

    public byte[] ToBytes()
    {
        var bytes = new byte[4 * (4 + Grams.Length + Selected.Length + Words.Length + WordStarts.Length)];
        var ints = MemoryMarshal.Cast<byte, int>(bytes.AsSpan());
        ints[0] = Grams.Length;
        ints[1] = Selected.Length;
        ints[2] = Words.Length;
        ints[3] = WordStarts.Length;
        ints = ints[4..];
        MemoryMarshal.Cast<uint, int>(Grams.AsSpan()).CopyTo(ints);
        ints = ints[Grams.Length..];
        Selected.AsSpan().CopyTo(ints);
        ints = ints[Selected.Length..];
        MemoryMarshal.Cast<uint, int>(Words.AsSpan()).CopyTo(ints);
        ints = ints[Words.Length..];
        WordStarts.AsSpan().CopyTo(ints);
        return bytes;
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is not that.</exception>
    public static TextShape FromBytes(ReadOnlySpan<byte> bytes)
    {
        var ints = MemoryMarshal.Cast<byte, int>(bytes);
        if (ints.Length < 5 || (long)ints[0] + ints[1] + ints[2] + ints[3] + 4 != ints.Length || ints[0] < 0 || ints[1] < 0 || ints[2] < 0 || ints[3] < 1)
            throw new InvalidDataException("A known text is not as it was written: rebuild the known texts.");
        var (grams, selected, words, starts) = (ints[0], ints[1], ints[2], ints[3]);
        ints = ints[4..];
        return new TextShape
        {
            Grams = MemoryMarshal.Cast<int, uint>(ints[..grams]).ToArray(),
            Selected = ints.Slice(grams, selected).ToArray(),
            Words = MemoryMarshal.Cast<int, uint>(ints.Slice(grams + selected, words)).ToArray(),
            WordStarts = ints.Slice(grams + selected + words, starts).ToArray(),
        };
    }
}
