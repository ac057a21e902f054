using UglyToad.PdfPig.Annotations;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Graphics.Colors;

namespace Countersign.Documents;

/// <summary>
/// A place for the seal's mark: 170 x 60 pt, its outer edges 8 mm from the crop box. The rectangle is in displayed
/// orientation, in points, from the lower left corner of the page as readers show it.
/// </summary>
public sealed record MarkPlace(string Name, int Page, double Left, double Bottom)
{
    /// <summary>The mark's size in points.</summary>
    public const double Width = 170, Height = 60;

    /// <summary>8 mm in points: the distance of the mark's outer edges from the page's.</summary>
    public const double Edge = 8 / 25.4 * 72;
}

/// <summary>Where a document has room for the mark.</summary>
/// <param name="Known">False where the document could not be read in time: then no place is offered.</param>
/// <param name="Places">The free places in the template's order: the first page's, then the last page's.</param>
public sealed record FreeMarkPlaces(bool Known, IReadOnlyList<MarkPlace> Places);

/// <summary>Finds the places of the seal's template that nothing in a document touches.</summary>
public static class MarkPlaces
{
    /// <summary>The names of the places on a page, in the order in which the template tries them.</summary>
    public static readonly IReadOnlyList<string> Names = ["top-right", "top-left", "bottom-right", "bottom-left",
        "top-centre", "bottom-centre", "right-middle", "left-middle"];

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>The places on the first and the last page that no letter, image, visible path or annotation
    /// touches.</summary>
    public static FreeMarkPlaces Free(byte[] pdf) =>
        (pdf.Length is 0 or > DocumentKind.MostBytes ? null : PdfPages.Read(pdf, Limit, Find)) ?? new FreeMarkPlaces(
            false, []);

    /// <summary>All places of a page of this displayed size that lie wholly on it.</summary>
    internal static IEnumerable<MarkPlace> Of(int page, double width, double height)
    {
        const double W = MarkPlace.Width, H = MarkPlace.Height, E = MarkPlace.Edge;
        double right = width - E - W, top = height - E - H, centre = (width - W) / 2, middle = (height - H) / 2;
        (double Left, double Bottom)[] corners =
            [(right, top), (E, top), (right, E), (E, E), (centre, top), (centre, E), (right, middle), (E, middle)];
        return corners.Select((c, i) => new MarkPlace(Names[i], page, c.Left, c.Bottom))
            .Where(p => p.Left >= 0 && p.Bottom >= 0 && p.Left + W <= width && p.Bottom + H <= height);
    }

    private static FreeMarkPlaces Find(UglyToad.PdfPig.PdfDocument document)
    {
        var places = new List<MarkPlace>();
        foreach (var number in new[] { 1, document.NumberOfPages }.Distinct())
        {
            var page = document.GetPage(number);
            var obstacles = Obstacles(page);
            places.AddRange(Of(number, page.Width, page.Height).Where(place =>
                !obstacles.Any(box => Touches(box, place))));
        }
        return new FreeMarkPlaces(true, places);
    }

    private static bool Touches(Box box, MarkPlace place) =>
        box.Left < place.Left + MarkPlace.Width && box.Right > place.Left
        && box.Bottom < place.Bottom + MarkPlace.Height && box.Top > place.Bottom;

    private readonly record struct Box(double Left, double Bottom, double Right, double Top);

    private static List<Box> Obstacles(Page page)
    {
        var boxes = new List<Box>();
        foreach (var letter in page.Letters)
            if (!string.IsNullOrWhiteSpace(letter.Value))
                boxes.Add(Around(letter.GlyphRectangleLoose, 1));
        foreach (var image in page.GetImages())
            boxes.Add(Around(image.BoundingBox, 0));
        foreach (var path in page.Paths)
            if ((path.IsFilled && !IsWhite(path.FillColor)) || (path.IsStroked && !IsWhite(path.StrokeColor)))
                if (path.GetBoundingRectangle() is { } bounds)
                    boxes.Add(Around(bounds, path.IsStroked ? path.LineWidth / 2 + 0.1 : 0.1));
        foreach (var annotation in page.GetAnnotations())
            if (annotation.Type != AnnotationType.Popup)
                boxes.Add(Around(annotation.Rectangle, 0));
        return boxes;
    }

    private static bool IsWhite(IColor? color)
    {
        if (color is null or PatternColor) return false;
        var (r, g, b) = color.ToRGBValues();
        return r >= 0.995 && g >= 0.995 && b >= 0.995;
    }

    private static Box Around(PdfRectangle r, double margin)
    {
        double[] x = [r.TopLeft.X, r.TopRight.X, r.BottomLeft.X, r.BottomRight.X];
        double[] y = [r.TopLeft.Y, r.TopRight.Y, r.BottomLeft.Y, r.BottomRight.Y];
        return new Box(x.Min() - margin, y.Min() - margin, x.Max() + margin, y.Max() + margin);
    }
}
