using System.Globalization;
using System.Text;
using Countersign.Testing;
using Xunit;

namespace Countersign.Proof.Tests;

/// <summary>What text an act may hold, and how it writes moments.</summary>
public sealed class TextTests
{
    /// <summary>The platform as a second opinion on every row of our tables: each character alone, behind a base, and taken apart.</summary>
    [Fact]
    public void Normal_form_C_is_what_the_platform_says_it_is_for_every_character()
    {
        Assert.SkipWhen("e\u0301".IsNormalized(), "needs ICU, which is not installed or switched off: the platform calls everything normal");
        var wrong = new List<string>();
        for (var c = 0; c <= 0x10FFFF; c++)
        {
            if (!Rune.IsValid(c) || c == 0xFFFE || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.OtherNotAssigned || IsYoung(c))
                continue;
            var alone = new Rune(c).ToString();
            string[] texts = [alone, "a" + alone, alone + "\u0301", "a\u0301" + alone, "o\u0302" + alone + "\u0323", alone.Normalize(NormalizationForm.FormD), alone + alone];
            wrong.AddRange(texts.Where(t => Nfc.Holds(t) != t.IsNormalized()).Select(t => $"U+{c:X4}: {string.Join(' ', t.EnumerateRunes().Select(r => $"{r.Value:X4}"))}"));
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_document_lists_the_words_that_offices_are_called_by()
    {
        var document = File.ReadAllText(Path.Combine(Corpora.Repository, "docs", "STANDARDS.md"));
        var listed = document.Split("<!-- office words -->\n```\n")[1].Split("```")[0].Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(256, listed.Length);
        for (var b = 0; b < 256; b++)
            Assert.StartsWith(listed[b] + " ", OfficeWords.Of(new Digest([(byte)b, .. new byte[31]])), StringComparison.Ordinal);
    }

    [Fact]
    public void Normal_form_C_is_what_the_platform_says_it_is_for_chance_texts()
    {
        Assert.SkipWhen("e\u0301".IsNormalized(), "needs ICU, which is not installed or switched off: the platform calls everything normal");
        // Characters that combine with many others, bases of several scripts, Hangul in all its parts.
        int[] letters = [.. "aeoAEOw\u00E2\u01A1\u1E63\u1EA1\u03B1\u03B9\u0438\u0627\u0648\u0928\u09C7\u0DD9\u1025\u3046\u30CF\u1100\u1112\u1161\u1175\u11A7\u11A8\u11C2\uAC00\uAC01\uD788".EnumerateRunes().Select(r => r.Value),
            .. Enumerable.Range(0x0300, 0x30), 0x0338, 0x0345, 0x0653, 0x0654, 0x0655, 0x093C, 0x09BE, 0x0DCA, 0x0DCF, 0x102E, 0x3099, 0x309A, 0x05B0, 0x05BC, 0x11099, 0x110BA, 0x1D165, 0x1D16E];
        var random = new Random(20260106);
        for (var i = 0; i < 200_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 7)).Select(_ => new Rune(letters[random.Next(letters.Length)]).ToString()));
            if (i % 2 == 0)
                text = text.Normalize();
            Assert.True(Nfc.Holds(text) == text.IsNormalized(), string.Join(' ', text.EnumerateRunes().Select(r => $"{r.Value:X4}")));
        }
    }

    [Theory]
    [InlineData("caf\u00E9", null)]
    [InlineData("cafe\u0301", "it is not in Unicode normal form C")]
    [InlineData("\u212B", "it is not in Unicode normal form C")]
    [InlineData("\u0627\u0644\u0642\u0627\u0647\u0631\u0629", null)]
    [InlineData("\uAC00", null)]
    [InlineData("\u1100\u1161", "it is not in Unicode normal form C")]
    [InlineData("\u6771\U0001F600", null)]
    [InlineData("a\u202Eb", "a character that turns the direction of writing stands in it")]
    public void Text_is_judged_alike_on_every_machine(string text, string? fault) => Assert.Equal(fault, Text.Fault(text));

    [Theory]
    [InlineData(0xD800)]
    [InlineData(0xDC00)]
    [InlineData(0xFFFE)]
    public void Text_that_is_not_Unicode_may_not_stand_in_an_act(int unit) => Assert.Equal("it is not Unicode", Text.Fault("a" + (char)unit));

    [Theory]
    [InlineData("2026-01-06T12:00:00Z", true)]
    [InlineData("2024-02-29T23:59:59Z", true)]
    [InlineData("0001-01-01T00:00:00Z", true)]
    [InlineData("2026-02-29T12:00:00Z", false)]
    [InlineData("0000-01-01T00:00:00Z", false)]
    [InlineData("2026-13-01T00:00:00Z", false)]
    [InlineData("2026-01-00T00:00:00Z", false)]
    [InlineData("2026-01-06T24:00:00Z", false)]
    [InlineData("2026-01-06T12:60:00Z", false)]
    [InlineData("2026-01-06T12:00:60Z", false)]
    [InlineData("2026-01-06t12:00:00Z", false)]
    [InlineData("2026-01-06T12:00:00z", false)]
    [InlineData("2026-01-06T12:00:00", false)]
    [InlineData("2026-01-06T12:00:00+0", false)]
    [InlineData(" 2026-01-06T12:00:0Z", false)]
    [InlineData("2026-01-06T12:00:00Z ", false)]
    [InlineData("٢٠٢٦-01-06T12:00:00Z", false)]
    [InlineData("", false)]
    public void A_moment_is_read_in_the_one_form_in_which_it_is_written(string text, bool holds)
    {
        Assert.Equal(holds, Text.TryMoment(text, out var at));
        if (holds)
            Assert.Equal(text, Text.Moment(at));
    }

    /// <summary>Characters of Unicode 15.1 and later, which an older ICU does not know and our tables neither. None of the ones that compose is among them but these.</summary>
    private static bool IsYoung(int c) => c is (>= 0x105C0 and <= 0x105FF) or (>= 0x11380 and <= 0x113FF) or (>= 0x16D40 and <= 0x16D7F) or (>= 0x16100 and <= 0x1613F)
        or 0x0897 or (>= 0x10D40 and <= 0x10D8F) or (>= 0x10EFC and <= 0x10EFC) or (>= 0x1E5D0 and <= 0x1E5FF) or (>= 0x1ACF and <= 0x1AEB) or (>= 0x10EFA and <= 0x10EFB);
}
