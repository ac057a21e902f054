using System.Globalization;

namespace Countersign.Documents;

/// <summary>
/// Draws the pages of a PDF with two programs of the machine that share no code, and finds where they disagree: what one reader shows and another does not.
/// Poppler is one; MuPDF or Ghostscript is the other. Where two are not installed, nothing is drawn.
/// </summary>
public static class PagesDrawn
{
    /// <summary>How many pages are drawn.</summary>
    public const int MostPages = 40;

    /// <summary>Dots per inch: enough to tell that a line of text is missing, too few to see how a letter is hinted.</summary>
    private const int Resolution = 36;

    /// <summary>The side of the squares that are compared, in dots: about 3 mm.</summary>
    internal const int Square = 4;

    /// <summary>How much darker a square must be in one drawing than in the same place of the other, in parts of 255, and how many such squares a page may have.
    /// Both are measured: docs/RESIDUE.md.</summary>
    internal const int Darker = 60, MostSquares = 6;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>The second program that is here: mutool or gs; null where there is none, or no poppler.</summary>
    public static string? SecondProgram => Outside.Find("pdftoppm") is null ? null : Outside.Find("mutool") is not null ? "mutool" : Outside.Find("gs") is not null ? "gs" : null;

    /// <summary>
    /// Where the two programs draw a page differently. Null where the pages were not compared, because two programs are not installed or one of them could
    /// not draw the file in time: whoever asks says so.
    /// </summary>
    public static IReadOnlyList<Finding>? Differences(ReadOnlyMemory<byte> pdf)
    {
        if (SecondProgram is not { } second || pdf.Length is 0 or > DocumentKind.MostBytes)
            return null;
        return Outside.In(folder =>
        {
            var pages = Draw(pdf, folder, second);
            if (pages is null)
                return null;
            var found = new List<Finding>();
            foreach (var (number, squares) in pages)
                if (squares is null)
                    found.Add(Residue.Make("residue.drawn-differently", new Place("", number), "", $"Only one of two programs (poppler and {Said(second)}) draws this page."));
                else if (squares > MostSquares)
                    found.Add(Residue.Make("residue.drawn-differently", new Place("", number), "",
                        $"Two programs (poppler and {Said(second)}) draw this page differently, in {squares} places of about 3 mm."));
            return found;
        });
    }

    private static string Said(string program) => program == "gs" ? "Ghostscript" : "MuPDF";

    /// <summary>For each page the number of squares that differ, or null where only one program drew it. For measurements.</summary>
    internal static List<(int Page, int? Squares)>? Measure(ReadOnlyMemory<byte> pdf, string second) => Outside.In(folder => Draw(pdf, folder, second));

    private static List<(int Page, int? Squares)>? Draw(ReadOnlyMemory<byte> pdf, string folder, string second)
    {
        var file = Path.Combine(folder, "letter.pdf");
        File.WriteAllBytes(file, pdf.Span);
        string dpi = Resolution.ToString(CultureInfo.InvariantCulture), last = MostPages.ToString(CultureInfo.InvariantCulture);
        string a = Path.Combine(folder, "a"), b = Path.Combine(folder, "b");
        Directory.CreateDirectory(a);
        Directory.CreateDirectory(b);
        if (Outside.Run(Outside.Find("pdftoppm")!, ["-q", "-gray", "-cropbox", "-r", dpi, "-l", last, file, Path.Combine(a, "p")], folder, Limit) is null)
            return null;
        var drawn = second == "gs"
            ? Outside.Run(Outside.Find("gs")!, ["-q", "-dSAFER", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pgmraw", "-dUseCropBox", "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4",
                "-r" + dpi, "-dLastPage=" + last, "-sOutputFile=" + Path.Combine(b, "p-%d.pgm"), file], folder, Limit)
            : Outside.Run(Outside.Find("mutool")!, ["draw", "-q", "-r", dpi, "-c", "gray", "-F", "pgm", "-o", Path.Combine(b, "p-%d.pgm"), file, "1-" + last], folder, Limit);
        if (drawn is null)
            return null;
        var first = Pages(a);
        var other = Pages(b);
        if (first.Count == 0 || other.Count == 0)
            return null;
        return [.. first.Keys.Union(other.Keys).Order().Select(n => (n,
            first.TryGetValue(n, out var one) && other.TryGetValue(n, out var two) ? Differing(one, two) : (int?)null))];
    }

    private static SortedDictionary<int, string> Pages(string folder)
    {
        var pages = new SortedDictionary<int, string>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.pgm"))
            if (Path.GetFileNameWithoutExtension(file) is var name && int.TryParse(name[(name.LastIndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                pages[number] = file;
        return pages;
    }

    private static int? Differing(string one, string two) =>
        Picture.Read(one) is { } a && Picture.Read(two) is { } b ? a.DifferentSquares(b) : null;

    /// <summary>A grey picture (PGM, binary).</summary>
    internal sealed record Picture(int Width, int Height, byte[] Dots)
    {
        public static Picture? Read(string file)
        {
            var bytes = File.ReadAllBytes(file);
            var at = 0;
            if (Word() != "P5" || !int.TryParse(Word(), NumberStyles.None, CultureInfo.InvariantCulture, out var width) || !int.TryParse(Word(), NumberStyles.None, CultureInfo.InvariantCulture, out var height)
                || Word() != "255" || width is < 1 or > 20_000 || height is < 1 or > 20_000 || bytes.Length - at < (long)width * height)
                return null;
            return new Picture(width, height, bytes[at..(at + width * height)]);

            string Word()
            {
                while (at < bytes.Length && (bytes[at] <= ' ' || bytes[at] == '#'))
                    if (bytes[at++] == '#')
                        while (at < bytes.Length && bytes[at] != '\n') at++;
                var from = at;
                while (at < bytes.Length && bytes[at] > ' ' && at - from < 12) at++;
                var word = System.Text.Encoding.ASCII.GetString(bytes, from, at - from);
                at = Math.Min(bytes.Length, at + 1);
                return word;
            }
        }

        private int Columns => (Width + Square - 1) / Square;

        private int Rows => (Height + Square - 1) / Square;

        /// <summary>The mean of every square.</summary>
        private int[] Means()
        {
            var sums = new int[Columns * Rows];
            var counts = new int[sums.Length];
            for (var y = 0; y < Height; y++)
                for (var x = 0; x < Width; x++)
                {
                    var at = y / Square * Columns + x / Square;
                    sums[at] += Dots[y * Width + x];
                    counts[at]++;
                }
            for (var i = 0; i < sums.Length; i++)
                sums[i] /= Math.Max(1, counts[i]);
            return sums;
        }

        /// <summary>
        /// How many squares of either picture are lighter or darker than everything near the same place in the other: text that moved by less than a
        /// square is no difference, text that is missing or other is. Pages of different sizes are compared where both have something, and what only one
        /// has counts against white.
        /// </summary>
        public int DifferentSquares(Picture other)
        {
            int[] a = Means(), b = other.Means();
            var different = 0;
            var rows = Math.Max(Rows, other.Rows);
            var columns = Math.Max(Columns, other.Columns);
            for (var y = 0; y < rows; y++)
                for (var x = 0; x < columns; x++)
                    if (Apart(At(a, this, x, y), b, other, x, y) || Apart(At(b, other, x, y), a, this, x, y))
                        different++;
            return different;
        }

        private static int At(int[] means, Picture of, int x, int y) => x >= 0 && y >= 0 && x < of.Columns && y < of.Rows ? means[y * of.Columns + x] : 255;

        private static bool Apart(int mean, int[] means, Picture of, int x, int y)
        {
            int least = 255, most = 0;
            for (var dy = -1; dy <= 1; dy++)
                for (var dx = -1; dx <= 1; dx++)
                {
                    var near = At(means, of, x + dx, y + dy);
                    least = Math.Min(least, near);
                    most = Math.Max(most, near);
                }
            return mean < least - Darker || mean > most + Darker;
        }
    }
}
