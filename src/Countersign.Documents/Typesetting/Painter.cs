using System.Text;
using SkiaSharp;

namespace Countersign.Documents.Typesetting;

/// <summary>Draws marks into a PDF, with each face embedded as a subset. The bytes depend on the arguments
/// alone.</summary>
internal sealed class Painter : IDisposable
{
    private readonly Dictionary<FontFace, SKTypeface> _subsets = [];
    private readonly Dictionary<(FontFace, float, bool), SKFont> _fonts = [];

    public static byte[] Paint(IReadOnlyList<List<Mark>> pages, float width, float height, string title, DateOnly? date,
        string? keywords = null)
    {
        using var painter = new Painter();
        painter.Embed(pages);
        var day = (date ?? new DateOnly(2000, 1, 1)).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
        var metadata = new SKDocumentPdfMetadata(72f)
        {
            Title = title,
            Keywords = keywords ?? "",
            Creator = "Countersign",
            Producer = "Countersign",
            Creation = day,
            Modified = day,
        };
        using var output = new MemoryStream();
        using (var document = SKDocument.CreatePdf(output, metadata))
        {
            foreach (var page in pages)
            {
                var canvas = document.BeginPage(width, height);
                foreach (var mark in page)
                    painter.Draw(canvas, mark, width, height);
                document.EndPage();
            }
            document.Close();
        }
        return output.ToArray();
    }

    public void Dispose()
    {
        foreach (var font in _fonts.Values) font.Dispose();
        foreach (var face in _subsets.Values) face.Dispose();
    }

    private void Embed(IReadOnlyList<List<Mark>> pages)
    {
        var used = new Dictionary<FontFace, HashSet<ushort>>();
        void Use(GlyphRun run)
        {
            if (!used.TryGetValue(run.Face, out var glyphs)) used.Add(run.Face, glyphs = []);
            glyphs.UnionWith(run.Glyphs);
        }
        foreach (var mark in pages.SelectMany(p => p))
            if (mark is Mark.Text text) Use(text.Run);
            else if (mark is Mark.Across { Outlined: false } across)
                foreach (var (_, run) in across.Letters.Runs) Use(run);
        foreach (var (face, glyphs) in used)
            if (SubsetFont.Make(face.Read(), glyphs) is { } small)
            {
                using var data = SKData.CreateCopy(small);
                if (SKTypeface.FromData(data, 0) is { } subset)
                    _subsets.Add(face, subset);
            }
    }

    private void Draw(SKCanvas canvas, Mark mark, float width, float height)
    {
        using var paint = new SKPaint { IsAntialias = true };
        switch (mark)
        {
            case Mark.Text text:
                paint.Color = text.Run.Style.Color;
                DrawRun(canvas, text.Run, text.X, text.Y, paint);
                break;
            case Mark.Line line:
                paint.Color = line.Color;
                paint.StrokeWidth = line.Thickness;
                paint.Style = SKPaintStyle.Stroke;
                canvas.DrawLine(line.X1, line.Y1, line.X2, line.Y2, paint);
                break;
            case Mark.Link link:
                using (var address = SKData.CreateCopy(Encoding.ASCII.GetBytes(link.Address + "\0")))
                    canvas.DrawUrlAnnotation(link.Area, address);
                break;
            case Mark.Across across:
                canvas.Save();
                canvas.RotateDegrees(across.Degrees, width / 2, height / 2);
                paint.Color = across.Color;
                var size = across.Letters.Runs.Count == 0 ? 0 : across.Letters.Runs[0].Run.Style.Size;
                var (left, baseline) = ((width - across.Letters.Width) / 2, height / 2 + size * 0.36f);
                foreach (var (x, run) in across.Letters.Runs)
                    if (across.Outlined)
                        DrawOutline(canvas, run, left + x, baseline, paint);
                    else
                        DrawRun(canvas, run, left + x, baseline, paint);
                canvas.Restore();
                break;
        }
    }

    private void DrawRun(SKCanvas canvas, GlyphRun run, float x, float y, SKPaint paint)
    {
        if (run.Glyphs.Length == 0) return;
        // The text travels with its glyphs: where one glyph is not one character, the PDF gets ActualText
        // (ISO 32000-2 14.9.4), so that what is copied or searched is what was written.
        var text = Encoding.UTF8.GetBytes(run.Text);
        using var builder = new SKTextBlobBuilder();
        var buffer = builder.AllocateRawPositionedTextRun(FontOf(run), run.Glyphs.Length, text.Length, null);
        run.Glyphs.CopyTo(buffer.Glyphs);
        run.Positions.CopyTo(buffer.Positions);
        run.Clusters.CopyTo(buffer.Clusters);
        text.CopyTo(buffer.Text);
        using var blob = builder.Build();
        if (blob is not null) canvas.DrawText(blob, x, y, paint);
    }

    private static void DrawOutline(SKCanvas canvas, GlyphRun run, float x, float y, SKPaint paint)
    {
        using var font = new SKFont(run.Face.Typeface, run.Style.Size);
        paint.Style = SKPaintStyle.Stroke;
        paint.StrokeWidth = 1.1f;
        for (var g = 0; g < run.Glyphs.Length; g++)
        {
            using var path = font.GetGlyphPath(run.Glyphs[g]);
            if (path is null) continue;
            path.Transform(SKMatrix.CreateTranslation(x + run.Positions[g].X, y + run.Positions[g].Y));
            canvas.DrawPath(path, paint);
        }
    }

    private SKFont FontOf(GlyphRun run)
    {
        var key = (run.Face, run.Style.Size, run.Slant);
        if (_fonts.TryGetValue(key, out var font)) return font;
        font = new SKFont(_subsets.GetValueOrDefault(run.Face) ?? run.Face.Typeface, run.Style.Size)
        {
            Subpixel = true,
            LinearMetrics = true,
            Hinting = SKFontHinting.None,
            SkewX = run.Slant ? -0.2f : 0,
        };
        _fonts.Add(key, font);
        return font;
    }
}
