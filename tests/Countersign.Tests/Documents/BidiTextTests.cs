using Countersign.Documents.Typesetting;
using CsCheck;
using Xunit;

namespace Countersign.Tests.Documents;

/// <summary>Upper-case Hebrew stands for itself; expectations follow UAX #9's rules by hand.</summary>
public class BidiTextTests
{
    private static string Shown(string text, bool rightToLeft)
    {
        var levels = BidiText.Levels(text, rightToLeft);
        return new string([.. BidiText.VisualOrder(levels).Select(i => text[i])]);
    }

    [Theory]
    [InlineData("abc def", false, "abc def")]
    [InlineData("car is אבג", false, "car is גבא")]
    [InlineData("אבג is car", true, "is car גבא")]
    [InlineData("אבג 123 דהו", true, "והד 123 גבא")]
    [InlineData("אבג, 1.5% דהו", true, "והד 1.5% ,גבא")]
    [InlineData("אב (car) גד", true, "דג )car( בא")]
    [InlineData("سعر 12/5", true, "12/5 رعس")]
    public void Mixed_text_stands_in_the_order_people_read(string stored, bool rightToLeft, string shown) =>
        Assert.Equal(shown, Shown(stored, rightToLeft));

    [Theory]
    [InlineData("1. abc", true, false)]
    [InlineData("12 – אבג", false, true)]
    [InlineData("123", true, true)]
    public void The_first_strong_character_sets_a_paragraphs_direction(string text, bool fallback, bool rightToLeft) =>
        Assert.Equal(rightToLeft, BidiText.StartsRightToLeft(text, fallback));

    [Fact]
    public void Every_character_stands_exactly_once() =>
        Gen.Select(Gen.String[Gen.Char["ab אבسل12,.()[]%+-\u0301"], 0, 40], Gen.Bool).Sample((text, rightToLeft) =>
        {
            var order = BidiText.VisualOrder(BidiText.Levels(text, rightToLeft));
            Assert.Equal(Enumerable.Range(0, text.Length), order.Order());
        }, iter: 3000);
}
