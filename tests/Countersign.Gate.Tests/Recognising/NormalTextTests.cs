using System.Text;
using Countersign.Documents;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Recognising;

public class NormalTextTests
{
    private static string Letters(string text) => NormalText.Of(text).Letters.ToString();

    [Theory]
    [InlineData("Straße", "STRASSE")]
    [InlineData("İstanbul", "istanbul")]
    [InlineData("ΟΔΟΣ", "οδος")]
    [InlineData("ﬁne ﬂow", "fine flow")]
    [InlineData("“Yes” – he said…", "\"yes\" - he said")]
    [InlineData("Verant-\nwortung", "Verantwortung")]
    [InlineData("> quoted\n> > again", "quoted again")]
    [InlineData("soft\u00ADhyphen zero\u200Bwidth \u2060joiner \uFEFFmark", "softhyphen zerowidth joiner mark")]
    [InlineData("\u202Eabc\u202C \u2066def\u2069 \u200Fghi", "abc def ghi")]
    [InlineData("a\uFE0Fb\U000E0101c\U000E0061d", "abcd")]
    [InlineData("a\u115Fb\u1160c\u3164d\uFFA0e\u034Ff\u180Eg", "abcdefg")]
    [InlineData("ｆｕｌｌ　ｗｉｄｔｈ １２", "full width 12")]
    [InlineData("𝐛𝓸𝔩𝕕 𝟙𝟚", "bold 12")]
    [InlineData("① ſ ª", "1 s a")]
    [InlineData("naïve café Zürich Ångström Łódź søn đ", "naive cafe Zurich Angstrom Lodz son d")]
    [InlineData("e\u0301\u0323", "\u1EB9\u0301")]
    [InlineData("Æsop œuvre", "aesop oeuvre")]
    [InlineData("раураl", "paypal")]
    [InlineData("ЅЕСRЕТ", "secret")]
    [InlineData("ΑΒΕΖΗΙΚΟΡΤΧ", "abezhikoptx")]
    [InlineData("ɡоօɡlе", "google")]
    [InlineData("Вестник", "ВЕСТНИК")]
    [InlineData("Ꭺρріе", "appie")]
    [InlineData("각", "\u1100\u1161\u11A8")]
    public void These_are_equal(string one, string other) => Assert.Equal(Letters(other), Letters(one));

    [Theory]
    [InlineData("الكتاب", "الـــكتاب")]
    [InlineData("مُحَمَّدٌ", "محمد")]
    [InlineData("أإآٱ", "اااا")]
    [InlineData("مستشفى", "مستشفي")]
    [InlineData("علی", "علي")]
    [InlineData("کتاب", "كتاب")]
    [InlineData("مدرسة", "مدرسه")]
    [InlineData("\uFEFB", "لا")]
    [InlineData("\uFE8D\uFEDF\uFEDC\uFE98\uFE8E\uFE8F", "الكتاب")]
    [InlineData("\uFE8F\uFE8E\uFE98\uFEDC\uFEDF\uFE8D", "الكتاب")]
    [InlineData("12.50 \uFE8F\uFE8E\uFE98\uFEDC\uFEDF\uFE8D", "الكتاب 12.50")]
    [InlineData("٥٢٠٠ ۵۲۰۰", "5200 5200")]
    [InlineData("٥٬٢٠٠", "5,200")]
    [InlineData("५२", "52")]
    public void These_are_equal_in_Arabic_and_in_its_digits(string one, string other) => Assert.Equal(Letters(other), Letters(one));

    [Theory]
    [InlineData("5,200", "5.200", "5 200", "5\u00A0200", "5'200", "5\n200", "5\u202F200", "5--200", "٥٬٢٠٠")]
    [InlineData("10\u200B15", "1015", "10\u00AD15", "1\u03010\u206015")]
    [InlineData("2½", "2 1⁄2", "2 1 2")]
    public void Numbers_are_equal_whatever_divides_them(params string[] numbers) => Assert.Single(numbers.Select(Letters).Distinct());

    [Theory]
    [InlineData("EUR 1.000", "EUR 10.00")]
    [InlineData("10-15", "1015")]
    [InlineData("5.200", "5200")]
    [InlineData("10²", "102")]
    [InlineData("10 µg", "10 mg")]
    [InlineData("τος", "τοο")]
    [InlineData("كتب", "كتاب")]
    [InlineData("की", "के")]
    [InlineData("มี", "มา")]
    [InlineData("мир", "мыр")]
    public void These_stay_different(string one, string other) => Assert.NotEqual(Letters(other), Letters(one));

    [Fact]
    public void Composition_and_the_order_of_marks_play_no_part() => Gen.OneOf(Gen.Char['\u00C0', '\u024F'], Gen.Char['\u0300', '\u036F'], Gen.Char['\u0620', '\u06D0'],
        Gen.Char['\u1E00', '\u1FFF'], Gen.Char['\uAC00', '\uD7A3'], Gen.Char['a', 'z'], Gen.Char['0', '9']).Array[0, 60].Select(c => new string(c)).Sample(text =>
    {
        if (text.Normalize(NormalizationForm.FormD) is var apart && apart == text && text.Any(c => c >= '\u0300'))
            apart = text.Normalize(NormalizationForm.FormC);
        Assert.Equal(Letters(text), Letters(apart));
    });

    [Fact]
    public void What_is_folded_is_folded_for_good() => Gen.Char['\0', '\uFFFF'].Array[0, 60].Select(c => new string(c)).Sample(text =>
        Assert.Equal(Letters(text), Letters(Letters(text))));

    [Fact]
    public void Every_letter_comes_from_a_place_in_the_source_and_folds_from_it() => Gen.Char['\0', '\uFFFF'].Array[0, 60].Select(c => new string(c)).Sample(text =>
    {
        var normal = NormalText.Of(text);
        for (var i = 0; i < normal.Letters.Length; i++)
            Assert.InRange(normal.SourceOf(i), 0, text.Length - 1);
    });

    [Fact]
    public void Places_run_over_the_passages_joined_by_line_ends()
    {
        var normal = NormalText.Of(["Über", "5,2"]);
        Assert.Equal("uber5 2", normal.Letters.ToString());
        Assert.Equal([0, 1, 2, 3, 5, 7, 7], Enumerable.Range(0, 7).Select(normal.SourceOf));
        Assert.Equal([0, 4], normal.WordStarts.ToArray());
    }

    [Fact]
    public void Every_character_that_Unicode_calls_default_ignorable_is_passed_over()
    {
        foreach (var (first, last) in new[] { (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E),
            (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF) })
            for (var point = first; point <= last; point++)
                Assert.Equal("1015", Letters($"10{char.ConvertFromUtf32(point)}15"));
    }

    [Fact]
    public void Words_begin_after_space_and_punctuation_but_not_inside_numbers_hyphenation_or_elisions()
    {
        var normal = NormalText.Of("L’avis: Verant-\nwortung, 5 200 well-known don't x\u200By");
        var starts = normal.WordStarts.ToArray();
        var words = starts.Select((start, i) => normal.Letters[start..(i + 1 < starts.Length ? starts[i + 1] : normal.Letters.Length)].ToString());
        Assert.Equal(["lavis", "verantwortung", "5 200", "well", "known", "dont", "xy"], words);
    }

    /// <summary>The fold of case, held against the platform's for every letter whose small form is a single letter and no look-alike of another.</summary>
    [Fact]
    public void Case_plays_no_part_for_any_letter()
    {
        for (var c = '\0'; c < '\uD800'; c++)
            if (char.IsUpper(c))
                Assert.Equal(Letters(c.ToString()), Letters(char.ToLowerInvariant(c).ToString()));
    }
}
