using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Countersign.Documents.Typesetting;
using SkiaSharp;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Graphics.Operations;
using UglyToad.PdfPig.Graphics.Operations.ClippingPaths;
using UglyToad.PdfPig.Graphics.Operations.General;
using UglyToad.PdfPig.Graphics.Operations.PathConstruction;
using UglyToad.PdfPig.Graphics.Operations.PathPainting;
using UglyToad.PdfPig.Graphics.Operations.SpecialGraphicsState;
using UglyToad.PdfPig.Writer;

namespace Countersign.Documents;

/// <summary>Makes working copies of PDFs that others made, and knows every working copy again.</summary>
public static partial class WorkingCopies
{
    private const int MostBytes = DocumentKind.MostBytes, MostPages = 5000, MostText = 60, MostLine = 300;
    private const string Named = "Countersign working copy: ";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The same pages with DRAFT – NOT RELEASED large and diagonal across each, in outline so that everything stays
    /// readable, and whose copy it is small at the top, as on a typeset one. Signatures, attachments and form fields do
    /// not come along.
    /// </summary>
    /// <param name="pdf">The pages.</param>
    /// <param name="copy">What stands at the top.</param>
    /// <param name="language">The language of the date; one that is not known gives an English date.</param>
    /// <returns><see cref="PdfMade"/>, or a <see cref="TypesetRefusal"/> whose code begins with "stamp.".</returns>
    public static PdfResult Stamp(byte[] pdf, WorkingCopy copy, string? language = null)
    {
        try
        {
            LetterWords words;
            try { words = LetterWords.For(language); }
            catch (LetterRefusedException) { words = LetterWords.English; }
            return Stamp(pdf, Typesetter.DraftText, Typesetter.HeadLine(words, exercise: false, copy), Keywords(copy),
                FontShelf.OfThisMachine);
        }
        catch (LetterRefusedException refused)
        {
            return refused.Refusal;
        }
    }

    /// <summary>
    /// Whose working copy a PDF is, by its document information: <c>TFN-2026-0001, version 1</c>. Null where it is none,
    /// or cannot be read.
    /// </summary>
    public static string? NameIn(byte[] pdf)
    {
        if (pdf.Length is 0 or > MostBytes) return null;
        var keywords = PdfPages.Read(pdf, TimeSpan.FromSeconds(20), document => document.Information.Keywords) ?? "";
        if (!keywords.StartsWith(Named, StringComparison.Ordinal)) return null;
        var name = keywords[Named.Length..];
        return Name().IsMatch(name) ? name : null;
    }

    internal static string Keywords(WorkingCopy copy) => Named + copy.Version;

    [GeneratedRegex(@"^[A-Z0-9]{1,16}-\d{4}-\d{4,9}, version \d{1,9}\z")]
    private static partial Regex Name();

    internal static PdfResult Stamp(byte[] pdf, string text, string line, FontShelf? fonts = null) =>
        Stamp(pdf, text, line.Length == 0 ? [] : [line], "", fonts ?? FontShelf.OfThisMachine);

    private static PdfResult Stamp(byte[] pdf, string text, string[] parts, string keywords, FontShelf fonts)
    {
        var line = string.Join(TextSetter.Between, parts);
        if (pdf.Length is 0 or > MostBytes)
            return new TypesetRefusal("stamp.size", "The PDF is empty or larger than 100 MB.", "Bring a smaller PDF.");
        if (text.Length is 0 or > MostText || line.Length > MostLine)
            return new TypesetRefusal("stamp.text",
                $"The words across the page have 1 to {MostText} characters, the line above them at most {MostLine}.",
                    "Shorten them.");
        try
        {
            var setter = new TextSetter(fonts, "en");
            text = Characters.Checked(text, "The stamp").Replace('\n', ' ');
            parts = [.. parts.Select(p => Characters.Checked(p, "The stamp's line").Replace('\n', ' '))];
            line = string.Join(TextSetter.Between, parts);
            var across = setter.Set(new StyledText(text, new TextStyle(100, Bold: true)), float.MaxValue, false)[0];
            var top = parts.Length == 0 ? null : setter.SetBeside(parts, new TextStyle(8, Bold: true), false);
            return PdfPages.Read<PdfResult>(pdf, Limit, document => Rebuild(document, text, across, line, top,
                keywords))
                ?? new TypesetRefusal("stamp.unreadable",
                "The PDF is damaged, encrypted, or of a sort whose pages cannot be copied.",
                "Open it in a PDF program, print it to a new PDF, and bring that one.");
        }
        catch (LetterRefusedException refused)
        {
            return refused.Refusal;
        }
        catch (UnsettableException missing)
        {
            return Characters.NoFont(missing.CodePoint, missing.Script);
        }
    }

    private static PdfMade? Rebuild(UglyToad.PdfPig.PdfDocument document, string text, SetLine across, string line,
        SetLine? top, string keywords)
    {
        if (document.NumberOfPages is 0 or > MostPages || document.IsEncrypted)
            return null;
        using var builder = new PdfDocumentBuilder { IncludeDocumentInformation = true };
        builder.DocumentInformation.Producer = "Countersign";
        if (keywords.Length > 0) builder.DocumentInformation.Keywords = keywords;
        // What the carried font has becomes text, which can be searched for; the rest is drawn as shapes.
        var bold = AddFont(builder, text + line);
        for (var number = 1; number <= document.NumberOfPages; number++)
        {
            var source = document.GetPage(number);
            var page = builder.AddPage(document, number);
            page.NewContentStreamBefore();
            page.CurrentStream.Operations.Add(Push.Value);
            // The copied page shows its whole media box. What the crop box hid stays hidden.
            if (source.CropBox.Bounds is var crop && !crop.Equals(source.MediaBox.Bounds))
            {
                page.CurrentStream.Operations.Add(new AppendRectangle(crop.BottomLeft.X, crop.BottomLeft.Y,
                    crop.Width, crop.Height));
                page.CurrentStream.Operations.Add(ModifyClippingByNonZeroWindingIntersect.Value);
                page.CurrentStream.Operations.Add(EndPath.Value);
            }
            page.SelectContentStream(page.ContentStreams.Count - 1);
            page.NewContentStreamAfter();
            var operations = page.CurrentStream.Operations;
            operations.Add(Pop.Value);
            operations.Add(Push.Value);
            operations.Add(new ModifyCurrentTransformationMatrix(ToUserSpace(source)));

            // The diagonal: centred, four fifths of the page's diagonal at most.
            double width = source.Width, height = source.Height, diagonal = Math.Sqrt(width * width + height * height);
            var size = Math.Min(110, 100 * diagonal * 0.72 / Math.Max(1, across.Width)) / 100;
            double cos = width / diagonal, sin = height / diagonal;
            operations.Add(Push.Value);
            operations.Add(new ModifyCurrentTransformationMatrix(
                [cos * size, sin * size, -sin * size, cos * size, width / 2, height / 2]));
            operations.Add(new SetLineWidth(1.4 / size));
            page.SetStrokeColor(0xb0, 0x1c, 0x1c);
            page.SetTextAndFillColor(0xb0, 0x1c, 0x1c);
            Draw(page, bold, text, across, 100, -across.Width / 2, -36, outlined: true);
            operations.Add(Pop.Value);

            if (top is not null)
            {
                page.SetTextAndFillColor(0xb0, 0x1c, 0x1c);
                var fit = Math.Min(1, (width - 48) / Math.Max(1, top.Width));
                operations.Add(Push.Value);
                operations.Add(new ModifyCurrentTransformationMatrix([fit, 0, 0, fit, 24, height - 14]));
                Draw(page, bold, line, top, 8, 0, 0, outlined: false);
                operations.Add(Pop.Value);
            }
            operations.Add(Pop.Value);
        }
        return new PdfMade(Identified(builder.Build(), text, line), document.NumberOfPages);
    }

    /// <summary>PdfPig draws the file's two identifiers (ISO 32000-2 14.4) at random; here they follow from what was
    /// stamped.</summary>
    private static byte[] Identified(byte[] pdf, string text, string line)
    {
        var from = Math.Max(0, pdf.Length - 1024);
        if (pdf.AsSpan(from).LastIndexOf("/ID"u8) is >= 0 and var at)
        {
            var places = new List<int>();
            for (var i = from + at; i < pdf.Length - 34 && places.Count < 2; i++)
                if (pdf[i] == '<' && pdf[i + 33] == '>')
                    places.Add(i + 1);
            foreach (var place in places) pdf.AsSpan(place, 32).Fill((byte)'0');
            var digest = SHA256.HashData([.. pdf, .. Encoding.UTF8.GetBytes(text + "\n" + line)]);
            foreach (var place in places)
                Encoding.ASCII.GetBytes(Convert.ToHexString(digest.AsSpan(0, 16))).CopyTo(pdf, place);
        }
        return pdf;
    }

    private static (PdfDocumentBuilder.AddedFont Font, FontFace Face) AddFont(PdfDocumentBuilder builder, string text)
    {
        var face = CarriedFonts.BoldFace;
        var glyphs = face.Typeface.GetGlyphs(text + " ").ToHashSet();
        return (builder.AddTrueTypeFont(SubsetFont.Make(face.Read(), glyphs) ?? face.Read()), face);
    }

    private static void Draw(PdfPageBuilder page, (PdfDocumentBuilder.AddedFont Font, FontFace Face) bold,
        string text, SetLine shaped,
        double size, double x, double y, bool outlined)
    {
        if (text.EnumerateRunes().All(rune => bold.Face.Covers(rune.Value)))
        {
            page.SetTextRenderingMode(outlined ? TextRenderingMode.Stroke : TextRenderingMode.Fill);
            page.AddText(text, size, new PdfPoint(x, y), bold.Font);
            page.SetTextRenderingMode(TextRenderingMode.Fill);
            return;
        }
        foreach (var (at, run) in shaped.Runs)
        {
            using var font = new SKFont(run.Face.Typeface, run.Style.Size);
            for (var g = 0; g < run.Glyphs.Length; g++)
                if (font.GetGlyphPath(run.Glyphs[g]) is { } path)
                    using (path)
                        Trace(page.CurrentStream.Operations, path, x + at + run.Positions[g].X,
                            y - run.Positions[g].Y, outlined);
        }
    }

    /// <summary>A glyph's outline as path operators; Skia's y axis points down, PDF's up.</summary>
    private static void Trace(List<IGraphicsStateOperation> operations, SKPath path, double x, double y, bool outlined)
    {
        if (path.IsEmpty) return;
        using var iterator = path.CreateRawIterator();
        var points = new SKPoint[4];
        double X(SKPoint p) => x + p.X;
        double Y(SKPoint p) => y - p.Y;
        for (var verb = iterator.Next(points); verb != SKPathVerb.Done; verb = iterator.Next(points))
            switch (verb)
            {
                case SKPathVerb.Move:
                    operations.Add(new BeginNewSubpath(X(points[0]), Y(points[0])));
                    break;
                case SKPathVerb.Line:
                    operations.Add(new AppendStraightLineSegment(X(points[1]), Y(points[1])));
                    break;
                case SKPathVerb.Quad or SKPathVerb.Conic:
                    operations.Add(new AppendDualControlPointBezierCurve(
                        X(points[0]) + (X(points[1]) - X(points[0])) * 2 / 3, Y(points[0])
                            + (Y(points[1]) - Y(points[0])) * 2 / 3,
                        X(points[2]) + (X(points[1]) - X(points[2])) * 2 / 3, Y(points[2])
                            + (Y(points[1]) - Y(points[2])) * 2 / 3,
                        X(points[2]), Y(points[2])));
                    break;
                case SKPathVerb.Cubic:
                    operations.Add(new AppendDualControlPointBezierCurve(
                        X(points[1]), Y(points[1]), X(points[2]), Y(points[2]), X(points[3]), Y(points[3])));
                    break;
                case SKPathVerb.Close:
                    operations.Add(CloseSubpath.Value);
                    break;
            }
        operations.Add(outlined ? StrokePath.Value : FillPathNonZeroWinding.Value);
    }

    /// <summary>From displayed coordinates (origin at the lower left of the page as shown) to the page's own (ISO
    /// 32000-2 8.3.2.3).</summary>
    private static double[] ToUserSpace(Page page)
    {
        var crop = page.CropBox.Bounds;
        double left = crop.BottomLeft.X, bottom = crop.BottomLeft.Y, width = crop.Width, height = crop.Height;
        return page.Rotation.Value switch
        {
            90 => [0, 1, -1, 0, left + width, bottom],
            180 => [-1, 0, 0, -1, left + width, bottom + height],
            270 => [0, -1, 1, 0, left, bottom + height],
            _ => [1, 0, 0, 1, left, bottom],
        };
    }
}
