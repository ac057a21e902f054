using Countersign.Documents;
using Countersign.Testing;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Recognising;

public class FingerprintTests
{
    private static readonly Fingerprinter s_prints = new([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);

    public static TheoryData<int> EveryLanes => [.. Enum.GetValues<Lanes>().Where(lanes => lanes <= NormalLetters.Best).Select(lanes => (int)lanes)];

    /// <summary>Letters enough that grams do not recur by chance.</summary>
    private static readonly Gen<string> s_letters = Gen.Char['a', 'z'].Array[1, 200].Select(letters => new string(letters));

    private static readonly string[] s_odd = [" ", "\n", "-", ".", "ß", "Æ", "é", "½", "²", "\u00AD", "\u00A0", "\u200B", "’", "ÿ", "Ÿ", "İ", "ﷺ", "각", "\uD83D", "\uDE00", "𝐀", "\u0301"];

    private static readonly Gen<string> s_anyText = Gen.OneOf(
        Gen.Char[' ', '~'].Select(c => c.ToString()),
        Gen.Char['0', '9'].Select(c => c.ToString()),
        Gen.Int[0, s_odd.Length - 1].Select(i => s_odd[i]),
        Gen.Char['\u0080', '\u024F'].Select(c => c.ToString()),
        Gen.Char['\u0600', '\u06FF'].Select(c => c.ToString()),
        Gen.Char['\0', '\uFFFF'].Select(c => c.ToString()),
        Gen.Char['a', 'z'].Array[1, 90].Select(c => new string(c)),
        Gen.Int[0, 9].Select(d => new string((char)('0' + d), 70))).Array[0, 60].Select(string.Concat);

    [Theory, MemberData(nameof(EveryLanes))]
    public void The_fast_path_gives_what_the_plain_one_gives(int lanes) => s_anyText.Sample(text =>
    {
        var all = s_prints.All(NormalText.Of(text));
        var selected = Fingerprinter.Select(all);
        var fast = s_prints.Of(text, (Lanes)lanes);
        Assert.Equal(all.Length, fast.Grams);
        Assert.Equal(selected, fast.Places.ToArray());
        Assert.Equal(selected.Select(i => all[i]), fast.Hashes.ToArray());
    }, iter: 3000);

    [Theory, MemberData(nameof(EveryLanes))]
    public void The_fast_path_gives_what_the_plain_one_gives_for_real_letters(int lanes)
    {
        foreach (var file in Directory.EnumerateFiles(Corpora.Require("versions"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(400))
        {
            var text = File.ReadAllText(file);
            var all = s_prints.All(NormalText.Of(text));
            var selected = Fingerprinter.Select(all);
            var fast = s_prints.Of(text, (Lanes)lanes);
            Assert.Equal(selected, fast.Places.ToArray());
            Assert.Equal(selected.Select(i => all[i]), fast.Hashes.ToArray());
        }
    }

    [Theory, MemberData(nameof(EveryLanes))]
    public void Long_runs_of_one_letter_are_selected_alike(int lanes)
    {
        for (var length = 0; length < 5000; length = length * 3 / 2 + 1)
            foreach (var text in new[] { new string('a', length), string.Concat(Enumerable.Repeat("abc", length)), new string('7', length), string.Concat(Enumerable.Repeat("1-", length)) })
            {
                var all = s_prints.All(NormalText.Of(text));
                Assert.Equal(Fingerprinter.Select(all), s_prints.Of(text, (Lanes)lanes).Places.ToArray());
            }
    }

    [Fact]
    public void Selection_is_robust_winnowing_by_its_definition() => Gen.Int[0, 5].Array[0, 60].Sample(orders =>
    {
        var all = orders.Select((order, i) => (ulong)order << 40 | (uint)i).ToArray();
        var expected = new List<int>();
        for (var start = 0; start == 0 ? all.Length > 0 : start + Fingerprinter.W <= all.Length; start++)
        {
            var window = Enumerable.Range(start, Math.Min(Fingerprinter.W, all.Length - start)).ToArray();
            var least = window.Min(i => orders[i]);
            if (expected.Count > 0 && expected[^1] >= start && orders[expected[^1]] == least)
                continue;
            expected.Add(window.Last(i => orders[i] == least));
        }
        Assert.Equal(expected, Fingerprinter.Select(all));
    });

    [Fact]
    public void A_text_has_a_hash_for_every_gram_of_its_padded_letters() => s_letters.Sample(text =>
        Assert.Equal(text.Length + Fingerprinter.K - 1, s_prints.All(NormalText.Of(text)).Length));

    [Fact]
    public void A_text_without_letters_has_no_fingerprints()
    {
        Assert.Empty(s_prints.All(NormalText.Of(" .\u200B\u00AD—")));
        Assert.True(s_prints.Of(" .\u200B\u00AD—").Hashes.IsEmpty);
        Assert.Empty(s_prints.Words(NormalText.Of("...")));
    }

    /// <summary>
    /// Whether both texts have a selected gram that covers the change: letters [at, at + removed) of the first became [at, at + added) of the second.
    /// A gram covers a deletion when it spans the place where the letters were.
    /// </summary>
    private static bool ChangesASelected(string first, string second, int at, int removed, int added, int k, int w, bool padded)
    {
        return Covered(first, at, removed) && Covered(second, at, added);

        bool Covered(string text, int from, int length)
        {
            var pad = padded ? k - 1 : 0;
            var whole = new string('\0', pad) + text + new string('\0', pad);
            var grams = Enumerable.Range(0, whole.Length - k + 1).Select(i => Plain(whole.AsSpan(i, k))).ToArray();
            return Winnow(grams, w).Any(i => i < from + pad + Math.Max(length, 0) && i + k > from + pad && (length > 0 || i < from + pad));
        }
    }

    private static uint Plain(ReadOnlySpan<char> gram)
    {
        var hash = 2166136261u;
        unchecked
        {
            foreach (var letter in gram)
                hash = (hash ^ letter) * 16777619;
            hash ^= hash >> 15;
            hash *= 0x2C1B3C6D;
            return hash ^ hash >> 12;
        }
    }

    private static SortedSet<int> Winnow(uint[] grams, int w)
    {
        var selected = new SortedSet<int>();
        for (var start = 0; start + w <= grams.Length; start++)
        {
            var least = start;
            for (var i = start; i < start + w; i++)
                if (grams[i] <= grams[least])
                    least = i;
            selected.Add(least);
        }
        return selected;
    }

    private static readonly Gen<(string First, string Second, int At, int Removed, int Added)> s_changes =
        from text in Gen.Char['a', 'z'].Array[120].Select(letters => new string(letters))
        from at in Gen.Int[0, 119]
        from letter in Gen.Char['A', 'Z']
        from kind in Gen.Int[0, 2]
        select kind switch
        {
            0 => (text, text[..at] + letter + text[(at + 1)..], at, 1, 1),
            1 => (text, text[..at] + letter + text[at..], at, 0, 1),
            _ => (text, text[..at] + text[(at + 1)..], at, 1, 0),
        };

    [Fact]
    public void One_changed_letter_changes_a_selected_fingerprint_that_covers_it() => s_changes.Sample(
        change => ChangesASelected(change.First, change.Second, change.At, change.Removed, change.Added, 12, 11, padded: true), iter: 4000);

    [Theory]
    [InlineData(12, true)]
    [InlineData(13, true)]
    [InlineData(11, false)]
    public void Wider_windows_or_bare_ends_miss_changes(int w, bool padded)
    {
        var random = new Random(1);
        var missed = 0;
        for (var round = 0; round < 4000; round++)
        {
            var text = new string([.. Enumerable.Range(0, 120).Select(_ => (char)('a' + random.Next(26)))]);
            var at = random.Next(120);
            var (second, removed, added) = random.Next(2) == 0 ? (text[..at] + 'A' + text[at..], 0, 1) : (text[..at] + text[(at + 1)..], 1, 0);
            if (!ChangesASelected(text, second, at, removed, added, 12, w, padded))
                missed++;
        }
        Assert.InRange(missed, 1, 1000);
    }

    [Fact]
    public void One_changed_letter_of_a_real_text_gives_it_a_selected_fingerprint_that_stands_nowhere_in_the_other() => s_changes.Sample(change =>
    {
        var first = s_prints.All(NormalText.Of(change.First));
        var second = s_prints.All(NormalText.Of(change.Second));
        if (NormalText.Of(change.First).Letters.SequenceEqual(NormalText.Of(change.Second).Letters) || first.Distinct().Count() < first.Length || second.Distinct().Count() < second.Length)
            return;
        // A letter more or less beside its like changes fewer grams than cover it; see the decision.
        var (longer, at) = change.Added > change.Removed ? (change.Second, change.At) : (change.First, change.At);
        if (change.Added != change.Removed && (Same(longer, at, at - 1) || Same(longer, at, at + 1)))
            return;
        Assert.NotEmpty(Fingerprinter.Select(first).Select(i => first[i]).Except(second));
        Assert.NotEmpty(Fingerprinter.Select(second).Select(i => second[i]).Except(first));

        static bool Same(string text, int one, int other) => other >= 0 && other < text.Length && char.ToLowerInvariant(text[one]) == char.ToLowerInvariant(text[other]);
    }, iter: 3000);

    [Fact]
    public void Recurring_grams_are_the_condition_a_passage_twice_is_no_other_than_a_passage_once()
    {
        var passage = new string([.. Enumerable.Range(0, 200).Select(i => (char)('a' + i * i * 7 % 101 % 26))]);
        var once = s_prints.All(NormalText.Of(passage + "x" + passage));
        var thrice = s_prints.All(NormalText.Of(passage + "x" + passage + "x" + passage));
        Assert.Empty(Fingerprinter.Select(once).Select(i => once[i]).Except(thrice));
    }

    [Fact]
    public void A_shared_run_of_window_and_gram_shares_a_fingerprint() => Gen.Select(s_letters, s_letters, s_letters, s_letters,
        Gen.Char['a', 'z'].Array[Fingerprinter.W + Fingerprinter.K - 1].Select(letters => new string(letters))).Sample((a, b, c, d, shared) =>
        Assert.True(s_prints.Of(a + shared + b).Hashes.ToArray().Intersect(s_prints.Of(c + shared + d).Hashes.ToArray()).Any()));

    [Fact]
    public void Another_secret_gives_other_hashes_and_another_selection()
    {
        var text = string.Concat(Enumerable.Range(0, 200).Select(i => $"{i * 7919:x}"));
        var other = new Fingerprinter([.. Enumerable.Repeat((byte)9, 32)]);
        Assert.Empty(s_prints.All(NormalText.Of(text)).Intersect(other.All(NormalText.Of(text))));
        Assert.NotEqual(s_prints.Of(text).Places.ToArray(), other.Of(text).Places.ToArray());
        Assert.Empty(s_prints.Words(NormalText.Of(text)).Intersect(other.Words(NormalText.Of(text))));
    }

    [Fact]
    public void About_two_of_fourteen_grams_are_selected()
    {
        var random = new Random(2);
        var text = new string([.. Enumerable.Range(0, 100_000).Select(_ => (char)('a' + random.Next(26)))]);
        var prints = s_prints.Of(text);
        Assert.InRange(prints.Hashes.Length / (double)prints.Grams, 0.14, 0.147);
    }

    [Fact]
    public void What_is_concealed_tells_only_what_is_equal()
    {
        ulong[] hashes = [.. s_prints.All(NormalText.Of(new string('a', 2000)))];
        var concealed = hashes.ToArray();
        s_prints.Conceal(concealed);
        Assert.Equal(hashes.Distinct().Count(), concealed.Distinct().Count());
        Assert.Equal(hashes.Select(hash => Array.IndexOf(hashes, hash)), concealed.Select(hash => Array.IndexOf(concealed, hash)));
        Assert.Empty(hashes.Intersect(concealed));
    }

    [Fact]
    public void Words_are_hashed_apart_from_what_stands_around_them()
    {
        var first = s_prints.Words(NormalText.Of("Don’t pay EUR 5,200 to Müller."));
        var second = s_prints.Words(NormalText.Of("muller -- 5.200 eur: don't"));
        Assert.Equal(6, first.Length);
        Assert.Equal([first[5], first[3], first[2], first[0]], second);
    }
}
