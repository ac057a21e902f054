using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Countersign.Documents;

/// <summary>
/// Fingerprints of texts under an office's secret: a keyed hash of every run of <see cref="K"/> letters, and the robustly winnowed choice among
/// them (Schleimer, Wilkerson, Aiken, SIGMOD 2003). What it promises, and on what conditions: docs/decisions/0004-fingerprints.md.
/// </summary>
public sealed partial class Fingerprinter
{
    /// <summary>Letters in a gram.</summary>
    public const int K = 16;

    /// <summary>Grams in a window, of which one is selected; at most K − 1, see the theorem in the decision.</summary>
    public const int W = 13;

    /// <summary>What stands before and after a text: no letter.</summary>
    internal const char Sentinel = '\0';

    /// <summary>Bits of a hash, the upper ones, by which grams are ordered when they are selected; the lower ones only tell grams apart.</summary>
    private const int OrderBits = 24, RestBits = 64 - OrderBits;

    private readonly uint[] _order = new uint[9];
    private readonly ulong[] _rest = new ulong[K + 1];
    private readonly ulong _wordBase;
    private readonly ulong _wordFactor;
    private readonly byte[] _concealing;

    /// <param name="secret">32 bytes, random, the same for all who compare with each other.</param>
    public Fingerprinter(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != 32)
            throw new ArgumentException("A fingerprinting secret has 32 bytes.", nameof(secret));
        var keys = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.ToArray(), 4 * _order.Length + 8 * _rest.Length + 16 + 16,
            info: "countersign/fingerprints/v1"u8.ToArray());
        var at = 0;
        for (var i = 0; i < _order.Length; i++, at += 4)
            _order[i] = BinaryPrimitives.ReadUInt32LittleEndian(keys.AsSpan(at)) | 1;
        for (var i = 0; i < _rest.Length; i++, at += 8)
            _rest[i] = BinaryPrimitives.ReadUInt64LittleEndian(keys.AsSpan(at));
        _wordBase = BinaryPrimitives.ReadUInt64LittleEndian(keys.AsSpan(at)) % (Mersenne61 - 0x20000) + 0x10000;
        _wordFactor = BinaryPrimitives.ReadUInt64LittleEndian(keys.AsSpan(at + 8)) | 1;
        _concealing = keys[^16..];
    }

    /// <summary>The hash of every gram of the text, which is padded with K − 1 sentinels on both ends, in order: Letters + K − 1 of them, or none.</summary>
    public ulong[] All(NormalText text)
    {
        var letters = text.Letters;
        if (letters.IsEmpty)
            return [];
        var padded = new char[letters.Length + 2 * (K - 1)];
        letters.CopyTo(padded.AsSpan(K - 1));
        var grams = letters.Length + K - 1;
        var order = new uint[grams];
        Order(padded, order);
        var all = new ulong[grams];
        for (var i = 0; i < all.Length; i++)
            all[i] = (ulong)order[i] << RestBits | Rest(padded.AsSpan(i, K));
        return all;
    }

    /// <summary>
    /// The indexes, rising, of the hashes that winnowing selects: of each W consecutive ones the least in order; among equals the one that the window
    /// before chose, else the rightmost. Fewer than W hashes are one window.
    /// </summary>
    public static int[] Select(ReadOnlySpan<ulong> all)
    {
        if (all.IsEmpty)
            return [];
        var selected = new List<int>(all.Length / 7 + 2);
        var current = -1;
        for (var start = 0; start == 0 || start + W <= all.Length; start++)
        {
            var end = Math.Min(start + W, all.Length);
            var newest = end - 1;
            if (current >= start)
            {
                if (all[newest] >> RestBits >= all[current] >> RestBits)
                    continue;
                current = newest;
            }
            else
            {
                current = newest;
                for (var i = newest - 1; i >= start; i--)
                    if (all[i] >> RestBits < all[current] >> RestBits)
                        current = i;
            }
            selected.Add(current);
        }
        return [.. selected];
    }

    /// <summary>A keyed hash of each word.</summary>
    public uint[] Words(NormalText text)
    {
        var letters = text.Letters;
        var starts = text.WordStarts;
        var words = new uint[starts.Length];
        for (var i = 0; i < words.Length; i++)
        {
            var end = i + 1 < starts.Length ? starts[i + 1] : letters.Length;
            var sum = 1ul;
            unchecked
            {
                foreach (var letter in letters[starts[i]..end])
                {
                    var high = Math.BigMul(sum, _wordBase, out var low);
                    sum = (low & Mersenne61) + (low >> 61 | high << 3) + letter;
                    sum = (sum & Mersenne61) + (sum >> 61);
                }
                sum = sum >= Mersenne61 ? sum - Mersenne61 : sum;
                sum *= _wordFactor;
                words[i] = (uint)((sum ^ sum >> 29) * _wordFactor >> 32);
            }
        }
        return words;
    }

    /// <summary>
    /// Replaces each hash by the form in which it may be written down: AES under the secret, shortened to 64 bits. Without the secret these are
    /// random numbers that tell only which of them are equal. The same hash always becomes the same number.
    /// </summary>
    public void Conceal(Span<ulong> hashes)
    {
        const int some = 256;
        Span<byte> blocks = stackalloc byte[16 * some];
        Span<byte> concealed = stackalloc byte[16 * some];
        blocks.Clear();
        using var aes = Aes.Create();
        aes.Key = _concealing;
        while (!hashes.IsEmpty)
        {
            var now = hashes[..Math.Min(hashes.Length, some)];
            for (var i = 0; i < now.Length; i++)
                BinaryPrimitives.WriteUInt64LittleEndian(blocks[(16 * i)..], now[i]);
            aes.EncryptEcb(blocks[..(16 * now.Length)], concealed, PaddingMode.None);
            for (var i = 0; i < now.Length; i++)
                now[i] = BinaryPrimitives.ReadUInt64LittleEndian(concealed[(16 * i)..]);
            hashes = hashes[now.Length..];
        }
    }

    private const ulong Mersenne61 = (1ul << 61) - 1;

    /// <summary>The order of every gram: a keyed tree of multiplications over 1, 2, 4, 8 and 16 letters, each level shared by neighbours.</summary>
    private void Order(ReadOnlySpan<char> padded, Span<uint> order)
    {
        var keys = _order;
        var level = new uint[padded.Length];
        unchecked
        {
            for (var i = 0; i < level.Length; i++)
                level[i] = Fold((padded[i] + keys[0]) * keys[1]);
            for (int span = 1, key = 2; span < K; span *= 2, key++)
                for (var i = 0; i + 2 * span <= padded.Length; i++)
                    level[i] = Fold(level[i] * keys[key] + level[i + span]);
            for (var i = 0; i < order.Length; i++)
                order[i] = Fold(level[i] * keys[6]) * keys[7] >> 32 - OrderBits;
        }
    }

    private static uint Fold(uint x) => x ^ x >> 15;

    /// <summary>
    /// A multilinear hash, whose upper 64 − 15 bits are strongly universal for units of 16 bits (Lemire, Kaser, "Strongly universal string hashing is
    /// fast", Computer Journal 2014, theorem 1): two different grams agree with probability 2⁻⁴⁰.
    /// </summary>
    private ulong Rest(ReadOnlySpan<char> gram)
    {
        var keys = _rest;
        unchecked
        {
            var sum = keys[K];
            for (var i = 0; i < gram.Length; i++)
                sum += keys[i] * gram[i];
            return sum >> 64 - RestBits;
        }
    }
}

/// <summary>The selected hashes of a text, in its order.</summary>
public sealed class Fingerprints
{
    private readonly ulong[] _hashes;
    private readonly int[] _places;

    internal Fingerprints(ulong[] hashes, int[] places, int grams)
    {
        _hashes = hashes;
        _places = places;
        Grams = grams;
    }

    /// <summary>As <see cref="Fingerprinter.All"/> gives them.</summary>
    public ReadOnlySpan<ulong> Hashes => _hashes;

    /// <summary>For each hash the index of its gram; the gram's letters begin K − 1 before the letter of that index.</summary>
    public ReadOnlySpan<int> Places => _places;

    /// <summary>How many grams the text has.</summary>
    public int Grams { get; }
}
