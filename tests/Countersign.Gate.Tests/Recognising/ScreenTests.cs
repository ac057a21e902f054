using System.Security.Cryptography;
using Countersign.Documents;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Recognising;

/// <summary>The quick look at a message: it passes over nothing that shares enough with a draft.</summary>
public sealed class ScreenTests : IDisposable
{
    private static readonly Gen<string> s_letters = Gen.String[Gen.Char['a', 'f'], 0, 400];

    private readonly string _folder = Directory.CreateTempSubdirectory("countersign-screen-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_shares_twenty_eight_letters_with_a_draft_is_looked_at_in_full() =>
        Gen.Select(s_letters, s_letters, Gen.String[Gen.Char['a', 'z'], 28, 60], s_letters, s_letters).Sample((a, b, shared, c, d) =>
        {
            var fingerprinter = new Fingerprinter(new byte[32]);
            var draft = NormalText.Of(a + shared + b);
            var inner = fingerprinter.All(draft).AsSpan(Fingerprinter.K - 1, draft.Letters.Length - Fingerprinter.K + 1).ToArray();
            var all = fingerprinter.All(draft);
            var selected = Fingerprinter.Select(all).Where(s => s >= Fingerprinter.K - 1 && s < Fingerprinter.K - 1 + inner.Length).Select(s => all[s]).ToArray();
            fingerprinter.Conceal(selected);
            var screened = fingerprinter.Screen(c + shared + d, _ => false, out _).ToHashSet();
            Assert.Contains(selected, screened.Contains);
        }, iter: 3000);

    [Fact]
    public void Every_kind_of_processor_selects_the_same_and_what_the_definition_says() =>
        Gen.Select(s_letters, Gen.Int[0, 1]).Sample((text, _) =>
        {
            var fingerprinter = new Fingerprinter(new byte[32]);
            var best = fingerprinter.Screen(text, _ => true, out var seen);
            Assert.True(seen);
            Assert.Equal(fingerprinter.Screen(text, _ => true, out var again, Lanes.Scalar), best);
            // By the definition: the grams that are the least in order of some window of six, or all of fewer.
            var normal = NormalText.Of(text);
            var grams = normal.Letters.Length - Fingerprinter.K + 1;
            if (grams <= 0)
            {
                Assert.Empty(best);
                return;
            }
            var all = fingerprinter.All(normal).AsSpan(Fingerprinter.K - 1, grams).ToArray();
            var expected = new List<ulong>();
            for (var i = 0; i < grams; i++)
            {
                var least = grams <= Fingerprinter.ScreenW;
                for (var start = Math.Max(0, i - Fingerprinter.ScreenW + 1); start <= i && start + Fingerprinter.ScreenW <= grams; start++)
                    least |= Enumerable.Range(start, Fingerprinter.ScreenW).Min(j => all[j] >> 40) == all[i] >> 40;
                if (least)
                    expected.Add(all[i]);
            }
            var concealed = expected.ToArray();
            fingerprinter.Conceal(concealed);
            Assert.Equal(concealed, best);
        }, iter: 2000);

    [Fact]
    public void A_text_that_carries_nothing_is_passed_over_and_one_that_carries_a_sentence_is_not()
    {
        using var texts = KnownTexts.Open(_folder, RandomNumberGenerator.GetBytes(32));
        texts.Learn(new KnownText("l-1", "TFN-2026-0001", 1, KnownTextKind.Draft), NormalText.Of("We will be repositioning forces over the course of the coming days and weeks to prepare for onward movement."));
        Assert.False(texts.MayCarry("Shall we have lunch on Thursday? The weather is to be fine.", _ => false, out _));
        Assert.True(texts.MayCarry("He said: 'repositioning FORCES over the course of the coming days', and left.", _ => false, out _));
    }
}
