using System.Text;
using Countersign.Documents;
using Xunit;

namespace Countersign.Gate.Tests.Fitness;

/// <summary>What only a drawn page shows: codes, and pages that programs draw differently.</summary>
public sealed class PagesTests
{
    private static byte[] Pdf(string content, string resources = "<</Font<</F 4 0 R>>>>")
    {
        var file = new StringBuilder("%PDF-1.4\n");
        var offsets = new List<int>();
        void Object(string text)
        {
            offsets.Add(file.Length);
            file.Append($"{offsets.Count} 0 obj\n{text}\nendobj\n");
        }
        Object("<</Type/Catalog/Pages 2 0 R>>");
        Object("<</Type/Pages/Kids[3 0 R]/Count 1>>");
        Object($"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources {resources}>>");
        Object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
        Object($"<</Length {content.Length}>>stream\n{content}\nendstream");
        var start = file.Length;
        file.Append($"xref\n0 {offsets.Count + 1}\n0000000000 65535 f \n");
        foreach (var offset in offsets)
            file.Append($"{offset:D10} 00000 n \n");
        file.Append($"trailer<</Size {offsets.Count + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
        return Encoding.Latin1.GetBytes(file.ToString());
    }

    [Fact]
    public void A_page_that_two_programs_draw_alike_is_no_finding()
    {
        Assert.SkipUnless(PagesDrawn.SecondProgram is not null, "needs pdftoppm and mutool or gs (Debian packages poppler-utils and mupdf-tools)");
        var page = Pdf("BT /F 12 Tf 72 700 Td (We will be repositioning forces over the course of the coming days.) Tj 0 -20 Td (A second line.) Tj ET");
        Assert.Empty(Assert.IsAssignableFrom<IReadOnlyList<Finding>>(PagesDrawn.Differences(page)));
    }

    [Fact]
    public void What_one_picture_shows_and_another_does_not_counts_and_a_small_shift_does_not()
    {
        // Lines of words: each word is a pattern of its own, and so is its place.
        static PagesDrawn.Picture Of(int shift, Func<int, int, int> word)
        {
            var dots = new byte[600 * 300];
            Array.Fill(dots, (byte)255);
            for (var line = 0; line < 10; line++)
                for (var at = 0; at < 12; at++)
                    for (var y = 0; y < 9; y++)
                        for (var x = 0; x < 36; x++)
                            if (word(line, at) is > 0 and var pattern && ((x * 7 + y * 13 + pattern * 31) ^ (x * y + pattern)) % 3 == 0)
                                dots[(line * 24 + y + 20 + shift) * 600 + at * 42 + x + 30 + shift] = 0;
            return new PagesDrawn.Picture(600, 300, dots);
        }
        var page = Of(0, (line, at) => 1 + line * 12 + at);
        Assert.Equal(0, page.DifferentSquares(page));
        Assert.Equal(0, page.DifferentSquares(Of(1, (line, at) => 1 + line * 12 + at)));
        Assert.True(page.DifferentSquares(Of(0, (line, at) => line == 4 ? 0 : 1 + line * 12 + at)) > PagesDrawn.MostSquares);
        Assert.True(Of(0, (line, at) => line == 4 ? 0 : 1 + line * 12 + at).DifferentSquares(page) > PagesDrawn.MostSquares);
        Assert.True(page.DifferentSquares(Of(0, (line, at) => line == 4 && at is 5 or 6 ? 500 + at : 1 + line * 12 + at)) > PagesDrawn.MostSquares);
        Assert.True(page.DifferentSquares(new PagesDrawn.Picture(600, 200, new byte[600 * 200])) > PagesDrawn.MostSquares);
    }

    [Fact]
    public void A_page_that_cannot_be_drawn_is_not_compared() => Assert.Null(PagesDrawn.Differences("%PDF-1.4\nnothing"u8.ToArray()));

    [Fact]
    public void A_code_that_leads_elsewhere_is_found_with_its_text_and_ours_is_not()
    {
        Assert.SkipUnless(PageCodes.CanRead, "needs zbarimg and pdftoppm (Debian packages zbar-tools and poppler-utils)");
        var pdf = Pdf(Code("https://elsewhere.example/a"));
        var finding = Assert.Single(Assert.IsAssignableFrom<IReadOnlyList<Finding>>(PageCodes.In(pdf, new LetterFacts { OfficeDomain = "tfn.example" })));
        Assert.Equal("residue.code", finding.Id);
        Assert.Equal("https://elsewhere.example/a", finding.Excerpt);
        Assert.Equal(1, finding.Place.Page);
        Assert.Empty(PageCodes.In(pdf, new LetterFacts { OfficeDomain = "elsewhere.example" })!);
        Assert.Empty(PageCodes.In(pdf, ours: text => text.EndsWith("/a", StringComparison.Ordinal))!);
        Assert.Empty(PageCodes.In(Pdf("BT ET"))!);
    }

    /// <summary>The widths of bars and gaps of each value of Code 128 (ISO/IEC 15417), six digits each, and the stop.</summary>
    private const string Widths = "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122123221223211221132221231213212"
        + "223112312131311222321122321221312212322112322211212123212321232121111323131123131321112313132113132311211313231113231311112133112331132131113123"
        + "113321133121313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224111422121124121421141122141221112214"
        + "112412122114122411142112142211241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141214121412121111143111341"
        + "131141114113114311411113411311113141114131311141411131211412211214211232" + "2331112";

    /// <summary>A bar code (Code 128, set B) as bars on a page.</summary>
    private static string Code(string text)
    {
        var values = new List<int> { 104 };
        values.AddRange(text.Select(c => c - 32));
        values.Add(values.Select((v, i) => v * Math.Max(1, i)).Sum() % 103);
        var widths = string.Concat(values.Select(v => Widths.Substring(v * 6, 6))) + Widths[^7..];
        var draw = new StringBuilder("0 g\n");
        var x = 60.0;
        for (var i = 0; i < widths.Length; i++)
        {
            var width = (widths[i] - '0') * 1.2;
            if (i % 2 == 0)
                draw.Append(FormattableString.Invariant($"{x:0.0} 600 {width:0.0} 80 re\n"));
            x += width;
        }
        return draw.Append('f').ToString();
    }
}
