using System.Globalization;
using System.Text;

namespace Countersign.Proof;

/// <summary>The places that the seal's mark may take, in the order in which they are tried.</summary>
public enum MarkCorner
{
    TopRight,
    TopLeft,
    BottomRight,
    BottomLeft,
    TopCentre,
    BottomCentre,
    RightMiddle,
    LeftMiddle,
}

/// <summary>Where the mark stands: a page (1-based; the first or the last) and a place on it, as the page is displayed.</summary>
public sealed record MarkPlace(int Page, MarkCorner Corner);

/// <summary>The names of the mark's places.</summary>
public static class MarkCorners
{
    private static readonly string[] Names =
        ["top-right", "top-left", "bottom-right", "bottom-left", "top-centre", "bottom-centre", "right-middle", "left-middle"];

    /// <summary>The stable name of a place.</summary>
    public static string NameOf(MarkCorner corner) => Names[(int)corner];

    /// <summary>The place of this name; null when there is none.</summary>
    public static MarkCorner? Parse(string name) => Array.IndexOf(Names, name) is >= 0 and var i ? (MarkCorner)i : null;
}

/// <summary>A page's geometry: its crop box in default user space units (1/72 inch), and its rotation in degrees clockwise.</summary>
public sealed record PdfPage(int Number, double Left, double Bottom, double Right, double Top, int Rotation);

/// <summary>
/// Everything about a seal that is not the fair copy or the receipt. <paramref name="Address"/> is what the mark's code holds; without a
/// <paramref name="Place"/> there is no mark.
/// </summary>
public sealed record SealPlan(
    string Reference, string Kind, DateTimeOffset ReleasedAt, string Domain, string Address, bool Exercise, MarkPlace? Place);

/// <summary>
/// The visible mark: 170 × 60 pt, its outer edges 8 mm inside the crop box, upright as the page is displayed. Reference, date and kind in
/// Helvetica; the code in squares of 1.08 pt.
/// </summary>
internal static class Mark
{
    public const int Width = 170, Height = 60;
    private const double Inset = 22.68; // 8 mm

    /// <summary>The mark's rectangle in user space: left, bottom, right, top.</summary>
    public static double[] Rectangle(PdfPage page, MarkCorner corner)
    {
        double w = page.Right - page.Left, h = page.Top - page.Bottom;
        var turned = page.Rotation is 90 or 270;
        var (shownWidth, shownHeight) = turned ? (h, w) : (w, h);
        var x = corner switch
        {
            MarkCorner.TopLeft or MarkCorner.BottomLeft or MarkCorner.LeftMiddle => Inset,
            MarkCorner.TopCentre or MarkCorner.BottomCentre => (shownWidth - Width) / 2,
            _ => shownWidth - Inset - Width,
        };
        var y = corner switch
        {
            MarkCorner.BottomLeft or MarkCorner.BottomRight or MarkCorner.BottomCentre => Inset,
            MarkCorner.LeftMiddle or MarkCorner.RightMiddle => (shownHeight - Height) / 2,
            _ => shownHeight - Inset - Height,
        };
        return page.Rotation switch
        {
            90 => [page.Left + w - y - Height, page.Bottom + x, page.Left + w - y, page.Bottom + x + Width],
            180 => [page.Left + w - x - Width, page.Bottom + h - y - Height, page.Left + w - x, page.Bottom + h - y],
            270 => [page.Left + y, page.Bottom + h - x - Width, page.Left + y + Height, page.Bottom + h - x],
            _ => [page.Left + x, page.Bottom + y, page.Left + x + Width, page.Bottom + y + Height],
        };
    }

    /// <summary>Turns the mark against the page's rotation, so that it stands upright.</summary>
    public static string Matrix(int rotation) => rotation switch
    {
        90 => "0 1 -1 0 0 0",
        180 => "-1 0 0 -1 0 0",
        270 => "0 -1 1 0 0 0",
        _ => "1 0 0 1 0 0",
    };

    /// <summary>A number with at most two decimals and no trailing zeros.</summary>
    public static string Number(double value) => Math.Round(value, 2, MidpointRounding.AwayFromZero).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>The drawing, in the mark's own space: white ground, a frame, the code at the left, the words at the right.</summary>
    public static string Draw(SealPlan plan)
    {
        var content = new StringBuilder("q\n1 g\n0 0 170 60 re f\n0 g\n0 G\n0.5 w\n0.25 0.25 169.5 59.5 re S\nq\n1.08 0 0 1.08 5.7 5.7 cm\n");
        var code = QrCode.Draw(Encoding.ASCII.GetBytes(plan.Address));
        for (var row = 0; row < QrCode.Side; row++)
            for (var column = 0; column < QrCode.Side; column++)
            {
                if (!code[row, column])
                    continue;
                var run = 1;
                while (column + run < QrCode.Side && code[row, column + run])
                    run++;
                content.Append(CultureInfo.InvariantCulture, $"{column} {QrCode.Side - 1 - row} {run} 1 re\n");
                column += run;
            }
        content.Append("f\nQ\nBT\n");
        var y = 48.0;
        if (plan.Exercise)
            Line(content, ref y, "F2", 10, 11, "EXERCISE");
        Line(content, ref y, "F2", 9, 11, plan.Reference);
        Line(content, ref y, "F1", 7, 9, $"{plan.Kind}, released {plan.ReleasedAt.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        Line(content, ref y, "F1", 5.5, 7, "Check this letter at");
        var address = $"https://{plan.Domain}/verify";
        for (var at = 0; at < address.Length; at += 38)
            Line(content, ref y, "F1", 5.5, 7, address.Substring(at, Math.Min(38, address.Length - at)));
        return content.Append("ET\nQ\n").ToString();
    }

    private static void Line(StringBuilder content, ref double y, string font, double size, double lead, string text)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("(", "\\(", StringComparison.Ordinal).Replace(")", "\\)", StringComparison.Ordinal);
        content.Append(CultureInfo.InvariantCulture, $"/{font} {Number(size)} Tf\n1 0 0 1 60 {Number(y)} Tm\n({escaped}) Tj\n");
        y -= lead;
    }
}
