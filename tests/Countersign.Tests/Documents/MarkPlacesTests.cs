using Countersign.Documents;
using SkiaSharp;
using Xunit;

namespace Countersign.Tests.Documents;

public class MarkPlacesTests
{
    private static byte[] Draw(int pages, Action<int, SKCanvas> draw, float width = 595, float height = 842)
    {
        using var stream = new MemoryStream();
        using (var document = SKDocument.CreatePdf(stream))
        {
            for (var i = 1; i <= pages; i++)
            {
                draw(i, document.BeginPage(width, height));
                document.EndPage();
            }
            document.Close();
        }
        return stream.ToArray();
    }

    private static string[] Free(byte[] pdf)
    {
        var free = MarkPlaces.Free(pdf);
        Assert.True(free.Known);
        return [.. free.Places.Select(p => $"{p.Page} {p.Name}")];
    }

    private static void Fill(SKCanvas canvas, SKRect area, SKColor color)
    {
        using var paint = new SKPaint { Color = color };
        canvas.DrawRect(area, paint);
    }

    [Fact]
    public void An_empty_page_has_all_places_in_the_templates_order() =>
        Assert.Equal(MarkPlaces.Names.Select(n => "1 " + n), Free(Draw(1, (_, _) => { })));

    [Fact]
    public void The_first_pages_places_come_before_the_lasts_and_none_between()
    {
        var free = Free(Draw(3, (_, _) => { }));
        Assert.Equal(MarkPlaces.Names.Select(n => "1 " + n).Concat(MarkPlaces.Names.Select(n => "3 " + n)), free);
    }

    [Fact]
    public void A_place_stands_eight_millimetres_from_the_edges()
    {
        var place = MarkPlaces.Free(Draw(1, (_, _) => { })).Places[0];
        Assert.Equal(595 - 22.677 - 170, place.Left, 0.01);
        Assert.Equal(842 - 22.677 - 60, place.Bottom, 0.01);
    }

    [Fact]
    public void A_visible_shape_takes_its_place_and_a_white_one_does_not()
    {
        Assert.DoesNotContain("1 top-right", Free(
            Draw(1, (_, c) => Fill(c, new SKRect(560, 40, 570, 50), SKColors.Gray))));
        Assert.Contains("1 top-right", Free(Draw(1, (_, c) => Fill(c, new SKRect(560, 40, 570, 50), SKColors.White))));
        Assert.Contains("1 top-left", Free(Draw(1, (_, c) => Fill(c, new SKRect(560, 40, 570, 50), SKColors.Gray))));
    }

    [Fact]
    public void An_image_takes_its_place()
    {
        using var bitmap = new SKBitmap(20, 20);
        bitmap.Erase(SKColors.Red);
        using var picture = SKImage.FromBitmap(bitmap);
        Assert.DoesNotContain("1 bottom-left", Free(
            Draw(1, (_, c) => c.DrawImage(picture, 30, 780, SKSamplingOptions.Default))));
    }

    [Fact]
    public void A_link_takes_its_place_though_nothing_is_drawn() =>
        Assert.DoesNotContain("1 left-middle",
            Free(Draw(1, (_, c) => c.DrawUrlAnnotation(new SKRect(30, 400, 60, 430), "https://mso.example")
                .Dispose())));

    [Theory]
    [InlineData(90, "top-left", "top-right")]
    [InlineData(180, "top-left", "bottom-right")]
    [InlineData(270, "top-left", "bottom-left")]
    public void Places_are_those_of_the_page_as_it_is_shown(int turn, string drawn, string shown)
    {
        var pdf = Draw(1, (_, c) => Fill(c, new SKRect(10, 10, 60, 60), SKColors.Black));
        Assert.DoesNotContain("1 " + drawn, Free(pdf));
        var turned = Free(WorkingCopiesTests.Transform(pdf, $"--rotate={turn}"));
        Assert.DoesNotContain("1 " + shown, turned);
        Assert.Equal(7, turned.Length);
    }

    [Fact]
    public void A_page_smaller_than_the_mark_has_no_place() => Assert.Empty(Free(Draw(1, (_, _) => { }, 150, 90)));

    [Fact]
    public void What_cannot_be_read_offers_no_place()
    {
        foreach (var bytes in new[] { Array.Empty<byte>(), "%PDF-1.7 damaged"u8.ToArray(), "text"u8.ToArray() })
        {
            var free = MarkPlaces.Free(bytes);
            Assert.False(free.Known);
            Assert.Empty(free.Places);
        }
    }
}
