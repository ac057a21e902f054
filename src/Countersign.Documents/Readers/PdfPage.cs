using UglyToad.PdfPig.Tokens;

namespace Countersign.Documents.Readers;

/// <summary>Why nobody sees a glyph.</summary>
[Flags]
internal enum Unseen : byte
{
    None = 0,
    Invisible = 1,
    Tiny = 2,
    OffPage = 4,
    LayerOff = 8,
    SameColour = 16,
    Covered = 32,
    UnderPicture = 64,
}

/// <summary>A glyph as a page paints it.</summary>
internal struct PdfGlyph
{
    /// <summary>What its font says it is; empty where nothing says so.</summary>
    public string Text;

    /// <summary>Start and end along its direction of writing, and the baseline across it, in points.</summary>
    public float U0, U1, V;

    /// <summary>The middle of its small letters on the page, in points.</summary>
    public float X, Y;

    public float Size;

    /// <summary>24-bit RGB, or -1 where it is not a plain colour.</summary>
    public int Colour;

    public short Direction;
    public Unseen Unseen;
    public bool Contradicted, Watermark;

    /// <summary>0 for the page, else the number of the annotation whose appearance it belongs to.</summary>
    public int Owner;
}

/// <summary>
/// A filled area: its box in points, how many glyphs were painted before it, its 24-bit RGB colour (-1 for pictures, patterns and what is not opaque),
/// whether it is opaque and has the shape of its box, and whether it is a picture.
/// </summary>
internal readonly record struct PdfPaint(float X0, float Y0, float X1, float Y1, int Order, int Colour, bool Covers, bool Picture)
{
    public bool Holds(in PdfGlyph g) => g.X > X0 && g.X < X1 && g.Y > Y0 && g.Y < Y1;

    public bool HoldsLetter(in PdfGlyph g) => Holds(g) && Y0 <= g.Y - 0.1f * g.Size && Y1 >= g.Y + 0.1f * g.Size;
}

/// <summary>An annotation of a page whose text is told apart.</summary>
internal sealed record PdfNote(int Owner, string Kind, string? Contents, bool Hidden, bool Field);

/// <summary>What a page paints, in its order.</summary>
internal sealed class PdfPage
{
    public required DictionaryToken Dictionary { get; init; }

    public float Width, Height;
    public PdfGlyph[] Glyphs = new PdfGlyph[512];
    public int Count;
    public readonly List<PdfPaint> Paints = [];
    public readonly List<(float X0, float Y0, float X1, float Y1)> Pictures = [];
    public readonly List<string> ActualTexts = [];
    public readonly List<PdfNote> Notes = [];
    public int Letters, Unmapped, Contradicted, Failed;
    public readonly HashSet<int> ContradictedCodes = [];
    public bool FormsTooDeep;

    /// <summary>Marks what lies under a later opaque area, and what has the colour of its ground.</summary>
    public void FindUnseen(Reading reading)
    {
        FindCovered(reading);
        FindSameColour(reading);
    }

    private const int Block = 32;

    private void FindCovered(Reading reading)
    {
        if (!Paints.Any(p => p.Covers && p.Order > 0))
            return;
        var blocks = (Count + Block - 1) / Block;
        var boxes = new (float X0, float Y0, float X1, float Y1)[blocks];
        for (var b = 0; b < blocks; b++)
        {
            var box = (X0: float.MaxValue, Y0: float.MaxValue, X1: float.MinValue, Y1: float.MinValue);
            for (var i = b * Block; i < Math.Min(Count, (b + 1) * Block); i++)
            {
                ref readonly var g = ref Glyphs[i];
                box = (Math.Min(box.X0, g.X), Math.Min(box.Y0, g.Y), Math.Max(box.X1, g.X), Math.Max(box.Y1, g.Y));
            }
            boxes[b] = box;
        }
        var covered = false;
        foreach (var paint in Paints)
        {
            if (!paint.Covers || paint.Order == 0)
                continue;
            reading.Tick();
            var pageWide = paint.Picture && (paint.X1 - paint.X0) * (paint.Y1 - paint.Y0) >= 0.7f * Width * Height;
            for (var b = 0; b * Block < paint.Order; b++)
            {
                var box = boxes[b];
                if (box.X1 < paint.X0 || box.X0 > paint.X1 || box.Y1 < paint.Y0 || box.Y0 > paint.Y1)
                    continue;
                for (var i = b * Block; i < Math.Min(paint.Order, (b + 1) * Block); i++)
                    if (paint.HoldsLetter(Glyphs[i]) && Glyphs[i].Owner == 0)
                    {
                        Glyphs[i].Unseen |= pageWide ? Unseen.UnderPicture : Unseen.Covered;
                        covered = true;
                    }
            }
        }
        if (covered)
            ForgivePaintedAgain();
    }

    /// <summary>What is painted once more above its cover is seen.</summary>
    private void ForgivePaintedAgain()
    {
        var seen = new HashSet<(int, int, string)>();
        for (var i = Count - 1; i >= 0; i--)
        {
            ref var g = ref Glyphs[i];
            var key = ((int)Math.Clamp(MathF.Round(g.X), -1e6f, 1e6f), (int)Math.Clamp(MathF.Round(g.Y), -1e6f, 1e6f), g.Text);
            if ((g.Unseen & (Unseen.Covered | Unseen.UnderPicture)) == 0)
                seen.Add(key);
            else if (seen.Contains(key))
                g.Unseen &= ~(Unseen.Covered | Unseen.UnderPicture);
        }
    }

    private void FindSameColour(Reading reading)
    {
        var left = 20_000_000L;
        Dictionary<int, bool> grounds = [];
        for (var i = 0; i < Count; i++)
        {
            ref var g = ref Glyphs[i];
            if (g.Colour < 0)
                continue;
            var white = IsNear(g.Colour, 0xFFFFFF);
            if (!white)
            {
                if (!grounds.TryGetValue(g.Colour, out var any))
                {
                    var colour = g.Colour;
                    any = Paints.Any(p => p.Covers && IsNear(p.Colour, colour));
                    grounds.Add(colour, any);
                }
                if (!any)
                    continue;
            }
            // The last area painted before it is its ground; nothing at all is the white page.
            var ground = 0xFFFFFF;
            for (var p = Before(i) - 1; p >= 0 && left > 0; p--, left--)
                if (Paints[p].Holds(g))
                {
                    ground = Paints[p].Covers || !IsNear(Paints[p].Colour, g.Colour) ? Paints[p].Colour : -1;
                    break;
                }
            if (left > 0 && ground >= 0 && IsNear(ground, g.Colour))
                g.Unseen |= Unseen.SameColour;
            if ((i & 255) == 0)
                reading.Tick();
        }
    }

    /// <summary>How many areas were painted before a glyph.</summary>
    private int Before(int glyph)
    {
        var (low, high) = (0, Paints.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Paints[middle].Order <= glyph)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private static bool IsNear(int a, int b) => a >= 0 && b >= 0
        && Math.Abs((a >> 16) - (b >> 16)) < 8 && Math.Abs(((a >> 8) & 255) - ((b >> 8) & 255)) < 8 && Math.Abs((a & 255) - (b & 255)) < 8;
}
