using SkiaSharp;

namespace Countersign.Documents.Typesetting;

/// <summary>Something drawn on a page; coordinates in points from the page's top left corner.</summary>
internal abstract record Mark
{
    internal sealed record Text(GlyphRun Run, float X, float Y) : Mark;

    internal sealed record Line(float X1, float Y1, float X2, float Y2, float Thickness, SKColor Color) : Mark;

    internal sealed record Link(SKRect Area, string Address) : Mark;

    /// <summary>Large letters along a diagonal through the page's middle, under everything else.</summary>
    internal sealed record Across(SetLine Letters, float Degrees, SKColor Color, bool Outlined) : Mark;
}

/// <summary>
/// A horizontal slice of the letter that no page break cuts: a line of text, a row of a table, a gap.
/// </summary>
/// <param name="Before">The gap above it, which falls away at the top of a page.</param>
/// <param name="Height">Its height in points.</param>
/// <param name="KeepWithNext">Whether the next piece must stand on the same page.</param>
/// <param name="Draw">Adds its marks, given the distance of its top from the page's.</param>
/// <param name="Head">For a row below a table's head: the head's rows, which come again on every page.</param>
internal sealed record Piece(
    float Before, float Height, bool KeepWithNext, Action<List<Mark>, float> Draw, IReadOnlyList<Piece>? Head = null);

/// <summary>Puts pieces on pages.</summary>
internal static class Pages
{
    /// <summary>The most pages of a letter, and more pieces than that many pages can hold.</summary>
    public const int Most = 2000, MostPieces = Most * 80;

    public static LetterRefusedException TooLong() => new("letter.too-long",
        $"The letter fills more than {Most} pages.", "Split it, or send its annexes as enclosures.");

    /// <summary>
    /// The marks of each page. Chains of pieces that are kept together move to the next page together, unless they are
    /// taller than a page.
    /// </summary>
    public static List<List<Mark>> Break(IReadOnlyList<Piece> pieces, float firstTop, float top, float bottom)
    {
        var pages = new List<List<Mark>> { new() };
        var y = firstTop;
        var fresh = true;

        void Turn(Piece? continued)
        {
            if (pages.Count == Most)
                throw TooLong();
            pages.Add([]);
            y = top;
            fresh = true;
            foreach (var row in continued?.Head ?? [])
            {
                row.Draw(pages[^1], y);
                y += row.Height;
                fresh = false;
            }
        }

        for (var start = 0; start < pieces.Count;)
        {
            var end = start + 1;
            var height = (fresh ? 0 : pieces[start].Before) + pieces[start].Height;
            while (end < pieces.Count && pieces[end - 1].KeepWithNext && height <= bottom - top)
            {
                height += pieces[end].Before + pieces[end].Height;
                end++;
            }
            if (!fresh && y + height > bottom && height <= bottom - top)
                Turn(pieces[start]);
            for (; start < end; start++)
            {
                var piece = pieces[start];
                if (!fresh && y + piece.Before + piece.Height > bottom)
                    Turn(piece);
                if (!fresh) y += piece.Before;
                piece.Draw(pages[^1], y);
                y += piece.Height;
                fresh = false;
            }
        }
        return pages;
    }
}
