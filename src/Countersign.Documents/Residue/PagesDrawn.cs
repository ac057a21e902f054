using System.Globalization;

namespace Countersign.Documents;

/// <summary>
/// Draws the pages of a PDF with two programs of the machine that share no code, and finds where they disagree: what one reader shows and another does not.
/// Poppler is one; MuPDF or Ghostscript is the other. Where two are not installed, nothing is drawn.
/// </summary>
public static class PagesDrawn
{
    /// <summary>How many pages are drawn.</summary>
    public const int MostPages = 20;

    /// <summary>Pages are drawn at this many dots per inch and made smaller by <see cref="Finer"/>, so that how a program draws thin lines does not matter.</summary>
    private const int Resolution = 216, Finer = 3;

    /// <summary>The side of the squares that are compared, in points (1/72 inch): about 4 mm.</summary>
    internal const int Square = 12;

    /// <summary>How far apart the dots of a square may be on average, in parts of 255, in the best of its places one point around, and how many squares of a page may
    /// be further apart. Both are measured: docs/RESIDUE.md.</summary>
    internal const int MostApart = 25, MostSquares = 3;

    /// <summary>The largest picture of a page that is compared, in dots.</summary>
    private const long MostDots = 60_000_000;

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
                        $"Two programs (poppler and {Said(second)}) draw this page differently, in {squares} places of about 4 mm."));
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
        var pages = new List<(int, int?)>();
        foreach (var number in first.Keys.Union(other.Keys).Order())
            if (!first.TryGetValue(number, out var one) || !other.TryGetValue(number, out var two))
                pages.Add((number, null));
            else if (Picture.Read(one) is { } left && Picture.Read(two) is { } right)
                pages.Add((number, left.DifferentSquares(right)));
            else
                return null; // too large to compare
        return pages;
    }

    private static SortedDictionary<int, string> Pages(string folder)
    {
        var pages = new SortedDictionary<int, string>();
        foreach (var file in Directory.EnumerateFiles(folder, "*.pgm"))
            if (Path.GetFileNameWithoutExtension(file) is var name && int.TryParse(name[(name.LastIndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                pages[number] = file;
        return pages;
    }

    /// <summary>A grey picture (PGM, binary).</summary>
    internal sealed record Picture(int Width, int Height, byte[] Dots)
    {
        public static Picture? Read(string file)
        {
            if (new FileInfo(file).Length > MostDots + 1000)
                return null;
            var bytes = File.ReadAllBytes(file);
            var at = 0;
            if (Word() != "P5" || !int.TryParse(Word(), NumberStyles.None, CultureInfo.InvariantCulture, out var width) || !int.TryParse(Word(), NumberStyles.None, CultureInfo.InvariantCulture, out var height)
                || Word() != "255" || width < Finer || height < Finer || (long)width * height > MostDots || bytes.Length - at < (long)width * height)
                return null;
            return new Picture(width, height, bytes[at..(at + width * height)]).Smaller();

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

        /// <summary>Each dot the mean of <see cref="Finer"/> by <see cref="Finer"/>.</summary>
        private Picture Smaller()
        {
            int width = Width / Finer, height = Height / Finer;
            var dots = new byte[width * height];
            for (var y = 0; y < height; y++)
                for (var x = 0; x < width; x++)
                {
                    var sum = 0;
                    for (var dy = 0; dy < Finer; dy++)
                        for (var dx = 0; dx < Finer; dx++)
                            sum += Dots[(y * Finer + dy) * Width + x * Finer + dx];
                    dots[y * width + x] = (byte)(sum / (Finer * Finer));
                }
            return new Picture(width, height, dots);
        }

        /// <summary>
        /// How many squares differ: whatever is there in either picture and not in the other, at the same place or one dot beside it. Pages of different sizes differ
        /// everywhere.
        /// </summary>
        public int DifferentSquares(Picture other)
        {
            if (Math.Abs(Width - other.Width) > 4 || Math.Abs(Height - other.Height) > 4)
                return Math.Max(Width * Height, other.Width * other.Height) / (Square * Square);
            int width = Math.Min(Width, other.Width), height = Math.Min(Height, other.Height), different = 0;
            for (var y = 0; y + Square <= height; y += Square)
                for (var x = 0; x + Square <= width; x += Square)
                    if (!IsAlike(other, x, y, width, height))
                        different++;
            return different;
        }

        private bool IsAlike(Picture other, int x, int y, int width, int height)
        {
            for (var dy = -1; dy <= 1; dy++)
                for (var dx = -1; dx <= 1; dx++)
                {
                    if (x + dx < 0 || y + dy < 0 || x + dx + Square > width || y + dy + Square > height)
                        continue;
                    var apart = 0;
                    for (var row = 0; row < Square && apart <= MostApart * Square * Square; row++)
                    {
                        var one = Dots.AsSpan((y + row) * Width + x, Square);
                        var two = other.Dots.AsSpan((y + dy + row) * other.Width + x + dx, Square);
                        for (var i = 0; i < Square; i++)
                            apart += Math.Abs(one[i] - two[i]);
                    }
                    if (apart <= MostApart * Square * Square)
                        return true;
                }
            return false;
        }
    }
}
