using System.Text;
using UglyToad.PdfPig;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Filters;
using UglyToad.PdfPig.Geometry;
using UglyToad.PdfPig.Graphics;
using UglyToad.PdfPig.Graphics.Colors;
using UglyToad.PdfPig.Graphics.Core;
using UglyToad.PdfPig.Graphics.Operations;
using UglyToad.PdfPig.Outline.Destinations;
using UglyToad.PdfPig.Parser;
using UglyToad.PdfPig.Parser.Parts;
using UglyToad.PdfPig.PdfFonts;
using UglyToad.PdfPig.Tokenization.Scanner;
using UglyToad.PdfPig.Tokens;

namespace Countersign.Documents.Readers;

/// <summary>What the pages of one document are read with; PdfPig hands its options to the page factory and nothing else.</summary>
internal sealed class PdfReadingOptions : ParsingOptions
{
    public PdfReadingOptions(Reading reading)
    {
        Reading = reading;
        UseLenientParsing = true;
        SkipMissingFonts = true;
        MaxStackDepth = 128;
        FilterProvider = new PdfFilters(reading);
    }

    public Reading Reading { get; }

    /// <summary>The optional content groups that are off (ISO 32000-1 8.11.4.3).</summary>
    public HashSet<IndirectReference> LayersOff { get; } = [];

    public Dictionary<IFont, PdfFontTexts> Fonts { get; } = new(ReferenceEqualityComparer.Instance);
}

/// <summary>Makes PdfPig read a page into a <see cref="PdfPage"/>.</summary>
internal sealed class PdfPageFactory(
    IPdfTokenScanner pdfScanner, IResourceStore resourceStore, ILookupFilterProvider filterProvider, IPageContentParser pageContentParser, ParsingOptions parsingOptions)
    : BasePageFactory<PdfPage>(pdfScanner, resourceStore, filterProvider, pageContentParser, parsingOptions)
{
    private const int MostNotes = 5000;

    protected override PdfPage ProcessPage(
        int pageNumber, DictionaryToken dictionary, NamedDestinations namedDestinations, MediaBox mediaBox, CropBox cropBox, UserSpaceUnit userSpaceUnit,
        PageRotationDegrees rotation, TransformationMatrix initialMatrix, IReadOnlyList<IGraphicsStateOperation> operations)
    {
        var turned = rotation.Value is 90 or 270;
        var bounds = cropBox.Bounds;
        var page = new PdfPage
        {
            Dictionary = dictionary,
            Width = (float)Math.Abs(turned ? bounds.Height : bounds.Width),
            Height = (float)Math.Abs(turned ? bounds.Width : bounds.Height),
        };
        var resources = ResourcesOf(dictionary);
        var reader = new PdfPageReader(page, resources, pageNumber, ResourceStore, PdfScanner, PageContentParser, FilterProvider, cropBox, userSpaceUnit, rotation,
            initialMatrix, (PdfReadingOptions)ParsingOptions);
        reader.Process(pageNumber, operations);
        ReadNotes(dictionary, page, reader);
        return page;
    }

    private DictionaryToken? ResourcesOf(DictionaryToken? dictionary)
    {
        for (var up = 0; dictionary is not null && up < 64; up++)
        {
            if (dictionary.TryGet<DictionaryToken>(NameToken.Resources, PdfScanner, out var resources))
                return resources;
            dictionary = dictionary.TryGet<DictionaryToken>(NameToken.Parent, PdfScanner, out var parent) ? parent : null;
        }
        return null;
    }

    /// <summary>The appearances of annotations are painted over the page (ISO 32000-1 12.5.5).</summary>
    private void ReadNotes(DictionaryToken dictionary, PdfPage page, PdfPageReader reader)
    {
        if (!dictionary.TryGet<ArrayToken>(NameToken.Annots, PdfScanner, out var notes))
            return;
        foreach (var token in notes.Data.Take(MostNotes))
        {
            ((PdfReadingOptions)ParsingOptions).Reading.Tick();
            if (!DirectObjectFinder.TryGet<DictionaryToken>(token, PdfScanner, out var note) || note.Name(NameToken.Subtype, PdfScanner) is not { } kind
                || kind is "Link" or "Popup")
                continue;
            var flags = note.Number(NameToken.F, PdfScanner) ?? 0;
            var field = kind == "Widget";
            var contents = field ? PdfTokens.FieldValue(note, PdfScanner).Value : note.Text(NameToken.Contents, PdfScanner);
            var told = new PdfNote(page.Notes.Count + 1, kind, contents, ((int)flags & 0x22) != 0 || reader.IsOff(note), field);
            page.Notes.Add(told);
            if (Appearance(note) is { } form)
                reader.ReadAppearance(form, told.Owner, note);
        }
    }

    private StreamToken? Appearance(DictionaryToken note)
    {
        if (!note.TryGet<DictionaryToken>(NameToken.Ap, PdfScanner, out var appearances) || !appearances.TryGet(NameToken.N, out var normal))
            return null;
        if (DirectObjectFinder.TryGet<StreamToken>(normal, PdfScanner, out var stream))
            return stream;
        return DirectObjectFinder.TryGet<DictionaryToken>(normal, PdfScanner, out var states) && note.TryGet(NameToken.As, out var state)
            && DirectObjectFinder.TryGet<NameToken>(state, PdfScanner, out var name) && states.TryGet<StreamToken>(name, PdfScanner, out stream) ? stream : null;
    }
}

/// <summary>
/// Runs a page's operations and keeps what text and cover need: glyphs in the order of painting with their place, size and colour, filled areas, pictures by
/// their box alone. No picture is decoded, no path is kept.
/// </summary>
internal sealed class PdfPageReader(
    PdfPage page, DictionaryToken? resources, int pageNumber, IResourceStore resourceStore, IPdfTokenScanner pdfScanner, IPageContentParser pageContentParser,
    ILookupFilterProvider filterProvider, CropBox cropBox, UserSpaceUnit userSpaceUnit, PageRotationDegrees rotation, in TransformationMatrix initialMatrix,
    PdfReadingOptions options)
    : BaseStreamProcessor<PdfPage>(pageNumber, resourceStore, pdfScanner, pageContentParser, filterProvider, cropBox, userSpaceUnit, rotation, initialMatrix, options)
{
    private const int MostGlyphs = 4_000_000, MostPaints = 50_000, MostForms = 24, MostSubpaths = 64, MostDirections = 64, MostFailures = 1000;

    private readonly record struct Clip(float X0, float Y0, float X1, float Y1, bool Exact);

    private readonly record struct Marked(bool Off, bool Watermark, string? ActualText, int Start);

    private readonly PdfReadingOptions _options = options;
    private readonly List<DictionaryToken> _resources = resources is null ? [] : [resources];
    private readonly Stack<Clip> _clips = new([new Clip(-1e9f, -1e9f, 1e9f, 1e9f, true)]);
    private readonly Stack<Marked> _marked = [];
    private readonly List<(float Cos, float Sin)> _directions = [(1, 0)];
    private int _off, _watermark, _owner, _forms, _translucent, _failures;

    private CurrentGraphicsState? _fresh;
    private IFont? _font;
    private PdfFontTexts _texts = null!;
    private IColor? _colour;
    private int _rgb;

    public override PdfPage Process(int pageNumberCurrent, IReadOnlyList<IGraphicsStateOperation> operations)
    {
        _fresh = GetCurrentState().DeepClone();
        ProcessOperations(operations);
        return page;
    }

    protected override void ProcessOperations(IReadOnlyList<IGraphicsStateOperation> operations)
    {
        for (var i = 0; i < operations.Count; i++)
        {
            if ((i & 255) == 0)
                _options.Reading.Tick();
            var before = page.Count;
            try
            {
                operations[i].Run(this);
                if (page.Count == before && ShowsText(operations[i]) && IsFontMissing())
                    page.Failed++;
            }
            catch (Exception e) when (e is not (OutOfMemoryException or BoundReachedException) && ++_failures < MostFailures)
            {
                if (ShowsText(operations[i]) || operations[i].Operator == "Do")
                    page.Failed++;
            }
        }
    }

    private static bool ShowsText(IGraphicsStateOperation operation) => operation.Operator is "Tj" or "TJ" or "'" or "\"";

    /// <summary>PdfPig passes over text in fonts that it cannot load.</summary>
    private bool IsFontMissing() => GetCurrentState().FontState is { FromExtendedGraphicsState: false } state && (state.FontName is null || ResourceStore.GetFont(state.FontName) is null);

    /// <summary>Whether an object's own layer is off.</summary>
    public bool IsOff(DictionaryToken dictionary) => _options.LayersOff.Count > 0 && dictionary.TryGet(NameToken.Oc, out var layer) && IsOff(layer);

    public void ReadAppearance(StreamToken form, int owner, DictionaryToken note)
    {
        GraphicsStack.Clear();
        _clips.Clear();
        _clips.Push(new Clip(-1e9f, -1e9f, 1e9f, 1e9f, true));
        (_owner, _off, _watermark, _translucent) = (owner, 0, 0, 0);
        _marked.Clear();
        GraphicsStack.Push(_fresh!.DeepClone());
        var matrix = TransformationMatrix.Identity;
        if (note.TryGet<ArrayToken>(NameToken.Rect, PdfScanner, out var rectangle) && PdfTokens.Box(rectangle, PdfScanner) is { } rect
            && form.StreamDictionary.TryGet<ArrayToken>(NameToken.Bbox, PdfScanner, out var bbox) && PdfTokens.Box(bbox, PdfScanner) is { } box
            && box.X1 > box.X0 && box.Y1 > box.Y0)
        {
            // ISO 32000-1 12.5.5, algorithm 8.1, for forms that are not turned.
            var (sx, sy) = ((rect.X1 - rect.X0) / (box.X1 - box.X0), (rect.Y1 - rect.Y0) / (box.Y1 - box.Y0));
            if (!form.StreamDictionary.ContainsKey(NameToken.Matrix))
                matrix = TransformationMatrix.FromValues(sx, 0, 0, sy, rect.X0 - (box.X0 * sx), rect.Y0 - (box.Y0 * sy));
            else
                matrix = TransformationMatrix.FromValues(1, 0, 0, 1, rect.X0, rect.Y0);
        }
        ModifyCurrentTransformationMatrix(matrix);
        try
        {
            ProcessFormXObject(form, NameToken.Create("appearance"));
        }
        catch (Exception e) when (e is not (OutOfMemoryException or BoundReachedException))
        {
            return; // an appearance that cannot be drawn is not seen; its contents are read elsewhere
        }
    }

    public override void PushState()
    {
        base.PushState();
        _clips.Push(_clips.Peek());
    }

    public override void PopState()
    {
        base.PopState();
        if (_clips.Count > 1)
            _clips.Pop();
    }

    protected override void ProcessFormXObject(StreamToken formStream, NameToken xObjectName)
    {
        if (_forms >= MostForms)
        {
            page.FormsTooDeep = true;
            return;
        }
        _options.Reading.Tick();
        var off = IsOff(formStream.StreamDictionary) ? 1 : 0;
        var translucent = !IsOpaque(GetCurrentState()) && formStream.StreamDictionary.ContainsKey(NameToken.Group) ? 1 : 0;
        var own = formStream.StreamDictionary.TryGet<DictionaryToken>(NameToken.Resources, PdfScanner, out var formResources);
        if (own)
            _resources.Add(formResources!);
        (_forms, _off, _translucent) = (_forms + 1, _off + off, _translucent + translucent);
        var marked = _marked.Count;
        try
        {
            base.ProcessFormXObject(formStream, xObjectName);
        }
        finally
        {
            while (_marked.Count > marked)
                EndMarkedContent();
            (_forms, _off, _translucent) = (_forms - 1, _off - off, _translucent - translucent);
            if (own)
                _resources.RemoveAt(_resources.Count - 1);
        }
    }

    public override void RenderGlyph(
        IFont font, CurrentGraphicsState currentState, double fontSize, double pointSize, int code, string unicode, long currentOffset,
        in TransformationMatrix renderingMatrix, in TransformationMatrix textMatrix, in TransformationMatrix transformationMatrix, CharacterBoundingBox characterBoundingBox)
    {
        if (!ReferenceEquals(font, _font))
            ChangeFont(font, currentState);
        ref readonly var c = ref transformationMatrix;
        ref readonly var t = ref textMatrix;
        var rise = renderingMatrix.F;
        double ox = t.E + (rise * t.C), oy = t.F + (rise * t.D);
        var (x, y) = ((c.A * ox) + (c.C * oy) + c.E, (c.B * ox) + (c.D * oy) + c.F);
        var (ax, ay) = ((c.A * t.A) + (c.C * t.B), (c.B * t.A) + (c.D * t.B));
        var (bx, by) = ((c.A * t.C) + (c.C * t.D), (c.B * t.C) + (c.D * t.D));
        var along = renderingMatrix.A;
        var length = Math.Sqrt((ax * ax) + (ay * ay)) * Math.Abs(along);
        var size = Math.Sqrt((bx * bx) + (by * by)) * Math.Abs(fontSize);
        var sign = along < 0 ? -1 : 1;
        var advance = characterBoundingBox.Width * length;
        if (_texts.EmScale is not 1)
            size *= _texts.EmScale; // a Type 3 font's own units
        if (!(Math.Abs(x) < 1e6 && Math.Abs(y) < 1e6 && Math.Abs(advance) < 1e6 && size < 1e6))
            return; // NaN and what no page reaches

        var text = _texts.Of(code, unicode);
        if (page.Count == page.Glyphs.Length)
        {
            if (page.Count >= MostGlyphs)
                throw new BoundReachedException(UnreadReason.TooMany, $"A page has more than the {MostGlyphs:N0} letters that are read.");
            _options.Reading.Tick();
            Array.Resize(ref page.Glyphs, page.Count * 2);
        }
        ref var g = ref page.Glyphs[page.Count++];
        g = default;
        g.Text = text.Text;
        g.Size = (float)size;
        if (font.IsVertical)
        {
            g.Direction = Direction(0, -1);
            (g.U0, g.U1, g.V) = ((float)-y, (float)(-y + size), (float)x);
            (g.X, g.Y) = ((float)(x + (size / 2)), (float)(y - (size / 2)));
        }
        else
        {
            if (sign > 0 && ay == 0 && ax > 0)
                (g.U0, g.U1, g.V) = ((float)x, (float)(x + advance), (float)y);
            else
            {
                var norm = Math.Sqrt((ax * ax) + (ay * ay));
                var (cos, sin) = norm > 0 ? (sign * ax / norm, sign * ay / norm) : (1d, 0d);
                g.Direction = Direction((float)cos, (float)sin);
                var (dcos, dsin) = _directions[g.Direction];
                var u = (x * dcos) + (y * dsin);
                (g.U0, g.U1, g.V) = ((float)u, (float)(u + advance), (float)((-x * dsin) + (y * dcos)));
            }
            var em = fontSize * _texts.EmScale;
            g.X = (float)(x + (ax * along * characterBoundingBox.Width * 0.5) + (bx * em * 0.25));
            g.Y = (float)(y + (ay * along * characterBoundingBox.Width * 0.5) + (by * em * 0.25));
        }
        g.Owner = _owner;
        g.Watermark = _watermark > 0;
        g.Colour = Colour(currentState);
        var mode = currentState.FontState.TextRenderingMode;
        var unseen = Unseen.None;
        if (mode == TextRenderingMode.Neither)
            unseen |= Unseen.Invisible;
        if (size <= 1)
            unseen |= Unseen.Tiny;
        if (_off > 0)
            unseen |= Unseen.LayerOff;
        var half = (float)(Math.Max(Math.Abs(advance), size) / 2) + 0.5f;
        var clip = _clips.Peek();
        if (g.X + half < 0 || g.Y + half < 0 || g.X - half > page.Width || g.Y - half > page.Height
            || g.X + half < clip.X0 || g.Y + half < clip.Y0 || g.X - half > clip.X1 || g.Y - half > clip.Y1)
            unseen |= Unseen.OffPage;
        g.Unseen = unseen;
        if (currentState.AlphaConstantNonStroking < 0.02 || (mode == TextRenderingMode.Stroke && g.Colour >= 0))
        {
            if (mode == TextRenderingMode.Stroke)
                g.Colour = -1;
            else
                g.Unseen |= Unseen.Invisible;
        }
        if (!text.Space)
        {
            page.Letters++;
            if (text.Unmapped)
                page.Unmapped++;
            if (text.Contradicted)
            {
                g.Contradicted = true;
                page.Contradicted++;
                page.ContradictedCodes.Add(unchecked((_texts.Number << 16) + code));
            }
        }
    }

    private void ChangeFont(IFont font, CurrentGraphicsState state)
    {
        _font = font;
        if (_options.Fonts.TryGetValue(font, out _texts!))
            return;
        DictionaryToken? dictionary = null;
        if (!state.FontState.FromExtendedGraphicsState)
            for (var i = _resources.Count - 1; i >= 0 && dictionary is null; i--)
                if (_resources[i].TryGet<DictionaryToken>(NameToken.Font, PdfScanner, out var fonts) && state.FontState.FontName is { } name)
                    fonts.TryGet(name, PdfScanner, out dictionary);
        _texts = new PdfFontTexts(font, dictionary, PdfScanner, FilterProvider, _options.Fonts.Count, _options.Reading);
        _options.Fonts.Add(font, _texts);
    }

    private short Direction(float cos, float sin)
    {
        for (var i = 0; i < _directions.Count; i++)
            if (Math.Abs(_directions[i].Cos - cos) < 0.02f && Math.Abs(_directions[i].Sin - sin) < 0.02f)
                return (short)i;
        if (_directions.Count >= MostDirections)
            return 0;
        _directions.Add((cos, sin));
        return (short)(_directions.Count - 1);
    }

    private int Colour(CurrentGraphicsState state)
    {
        var colour = state.CurrentNonStrokingColor;
        if (ReferenceEquals(colour, _colour) && colour is not null)
            return _rgb;
        _colour = colour;
        _rgb = 0;
        if (colour is PatternColor)
            _rgb = -1;
        else if (colour is not null)
            try
            {
                var (r, g, b) = colour.ToRGBValues();
                _rgb = (Byte(r) << 16) | (Byte(g) << 8) | Byte(b);
            }
            catch (Exception e) when (e is not (OutOfMemoryException or BoundReachedException))
            {
                _rgb = -1; // a colour space that cannot be reckoned with is no plain colour
            }
        return _rgb;

        static int Byte(double value) => (int)(Math.Clamp(double.IsNaN(value) ? 0 : value, 0, 1) * 255 + 0.5);
    }

    private bool IsOpaque(CurrentGraphicsState state) =>
        _translucent == 0 && state.AlphaConstantNonStroking >= 0.99 && state.BlendMode == BlendMode.Normal && state.SoftMask is null;

    // Paths: only the boxes of their subpaths, and how much of its box each fills.

    private struct Subpath
    {
        public float X0, Y0, X1, Y1;
        public double Area;

        public readonly bool FillsBox => Math.Abs(Area) / 2 >= 0.85 * (X1 - X0) * (Y1 - Y0);

        public readonly bool Holds(in Subpath other) => other.X0 >= X0 && other.X1 <= X1 && other.Y0 >= Y0 && other.Y1 <= Y1;
    }

    private readonly Subpath[] _subpaths = new Subpath[MostSubpaths];
    private int _subpathCount, _points;
    private bool _open, _clipping, _tooMany;
    private Subpath _current, _all;
    private float _startX, _startY, _lastX, _lastY;

    private void Begin(float x, float y)
    {
        End();
        _open = true;
        _points = 1;
        _current = new Subpath { X0 = x, Y0 = y, X1 = x, Y1 = y };
        (_startX, _startY, _lastX, _lastY) = (x, y, x, y);
    }

    private void Add(float x, float y)
    {
        _points++;
        _current.X0 = Math.Min(_current.X0, x);
        _current.X1 = Math.Max(_current.X1, x);
        _current.Y0 = Math.Min(_current.Y0, y);
        _current.Y1 = Math.Max(_current.Y1, y);
        _current.Area += ((double)_lastX * y) - ((double)x * _lastY);
        (_lastX, _lastY) = (x, y);
    }

    private void End()
    {
        if (!_open)
            return;
        _open = false;
        _current.Area += ((double)_lastX * _startY) - ((double)_startX * _lastY);
        _all = _subpathCount == 0 ? _current : new Subpath
        {
            X0 = Math.Min(_all.X0, _current.X0),
            Y0 = Math.Min(_all.Y0, _current.Y0),
            X1 = Math.Max(_all.X1, _current.X1),
            Y1 = Math.Max(_all.Y1, _current.Y1),
        };
        if (_subpathCount < MostSubpaths)
            _subpaths[_subpathCount++] = _current;
        else
            _tooMany = true;
    }

    private (float X, float Y) Map(double x, double y)
    {
        var c = GetCurrentState().CurrentTransformationMatrix;
        return (Bounded((c.A * x) + (c.C * y) + c.E), Bounded((c.B * x) + (c.D * y) + c.F));
    }

    private static float Bounded(double value) => double.IsNaN(value) ? 0 : (float)Math.Clamp(value, -1e6, 1e6);

    public override void BeginSubpath() => End();

    public override PdfPoint? CloseSubpath()
    {
        End();
        return null;
    }

    public override void MoveTo(double x, double y)
    {
        var (px, py) = Map(x, y);
        Begin(px, py);
    }

    public override void LineTo(double x, double y)
    {
        var (px, py) = Map(x, y);
        if (!_open)
            Begin(_startX, _startY);
        Add(px, py);
    }

    public override void BezierCurveTo(double x2, double y2, double x3, double y3) => LineTo(x3, y3);

    public override void BezierCurveTo(double x1, double y1, double x2, double y2, double x3, double y3) => LineTo(x3, y3);

    public override void Rectangle(double x, double y, double width, double height)
    {
        var (px, py) = Map(x, y);
        Begin(px, py);
        (px, py) = Map(x + width, y);
        Add(px, py);
        (px, py) = Map(x + width, y + height);
        Add(px, py);
        (px, py) = Map(x, y + height);
        Add(px, py);
        End();
    }

    public override void StrokePath(bool close)
    {
        PaintStroke();
        EndPath();
    }

    public override void FillPath(FillingRule fillingRule, bool close)
    {
        PaintFill();
        EndPath();
    }

    public override void FillStrokePath(FillingRule fillingRule, bool close)
    {
        PaintFill();
        EndPath();
    }

    public override void ClosePath() => End();

    public override void ModifyClippingIntersect(FillingRule clippingRule) => _clipping = true;

    public override void EndPath()
    {
        End();
        if (_clipping && _subpathCount > 0)
            Intersect(_all, _subpathCount == 1 && !_tooMany && _subpaths[0].FillsBox);
        _clipping = _tooMany = false;
        _subpathCount = 0;
    }

    protected override void ClipToRectangle(PdfRectangle rectangle, FillingRule clippingRule)
    {
        var box = MapBox(rectangle.Left, rectangle.Bottom, rectangle.Right, rectangle.Top, out var upright);
        Intersect(box, upright);
    }

    private Subpath MapBox(double x0, double y0, double x1, double y1, out bool upright)
    {
        var (ax, ay) = Map(x0, y0);
        var (bx, by) = Map(x1, y0);
        var (cx, cy) = Map(x1, y1);
        var (dx, dy) = Map(x0, y1);
        var c = GetCurrentState().CurrentTransformationMatrix;
        upright = (Math.Abs(c.B) < 1e-3 * Math.Abs(c.A) && Math.Abs(c.C) < 1e-3 * Math.Abs(c.D)) || (Math.Abs(c.A) < 1e-3 * Math.Abs(c.B) && Math.Abs(c.D) < 1e-3 * Math.Abs(c.C));
        return new Subpath
        {
            X0 = Math.Min(Math.Min(ax, bx), Math.Min(cx, dx)),
            Y0 = Math.Min(Math.Min(ay, by), Math.Min(cy, dy)),
            X1 = Math.Max(Math.Max(ax, bx), Math.Max(cx, dx)),
            Y1 = Math.Max(Math.Max(ay, by), Math.Max(cy, dy)),
        };
    }

    private void Intersect(in Subpath box, bool exact)
    {
        var clip = _clips.Pop();
        _clips.Push(new Clip(Math.Max(clip.X0, box.X0), Math.Max(clip.Y0, box.Y0), Math.Min(clip.X1, box.X1), Math.Min(clip.Y1, box.Y1), clip.Exact && exact));
    }

    private void PaintFill()
    {
        End();
        if (_subpathCount == 0 || _off > 0)
            return;
        var state = GetCurrentState();
        var opaque = IsOpaque(state);
        if (state.AlphaConstantNonStroking < 0.02)
            return;
        var colour = opaque ? Colour(state) : -1;
        if (_tooMany)
        {
            Paint(_all, colour, covers: false, picture: false);
            return;
        }
        for (var i = 0; i < _subpathCount; i++)
        {
            var covers = opaque && colour >= 0 && _subpaths[i].FillsBox;
            for (var j = 0; covers && j < _subpathCount; j++)
                covers = j == i || _subpaths[i].Holds(_subpaths[j]) == _subpaths[j].Holds(_subpaths[i]); // a frame is no box
            Paint(_subpaths[i], colour, covers, picture: false);
        }
    }

    /// <summary>A line as thick as a letter is a box.</summary>
    private void PaintStroke()
    {
        End();
        var state = GetCurrentState();
        if (_subpathCount is 0 or > 4 || _off > 0 || _points > 8)
            return;
        var c = state.CurrentTransformationMatrix;
        var width = Math.Abs(state.LineWidth) * Math.Sqrt(Math.Abs((c.A * c.D) - (c.B * c.C)));
        if (!(width >= 4 && width < 200) || state.AlphaConstantStroking < 0.99 || state.BlendMode != BlendMode.Normal || _translucent > 0)
            return;
        for (var i = 0; i < _subpathCount; i++)
        {
            var s = _subpaths[i];
            if (s.Y1 - s.Y0 < 0.5 && s.X1 - s.X0 > 4)
                Paint(new Subpath { X0 = s.X0, X1 = s.X1, Y0 = (float)(s.Y0 - (width / 2)), Y1 = (float)(s.Y1 + (width / 2)) }, StrokeColour(state), covers: true, picture: false);
        }
    }

    private static int StrokeColour(CurrentGraphicsState state)
    {
        if (state.CurrentStrokingColor is null or PatternColor)
            return 0;
        var (r, g, b) = state.CurrentStrokingColor.ToRGBValues();
        return ((int)(Math.Clamp(r, 0, 1) * 255) << 16) | ((int)(Math.Clamp(g, 0, 1) * 255) << 8) | (int)(Math.Clamp(b, 0, 1) * 255);
    }

    private void Paint(in Subpath box, int colour, bool covers, bool picture)
    {
        var clip = _clips.Peek();
        var (x0, y0, x1, y1) = (Math.Max(box.X0, clip.X0), Math.Max(box.Y0, clip.Y0), Math.Min(box.X1, clip.X1), Math.Min(box.Y1, clip.Y1));
        if (!(x1 - x0 > 2) || !(y1 - y0 > 2))
            return; // rules and hairlines
        if (page.Paints.Count < MostPaints)
            page.Paints.Add(new PdfPaint(x0, y0, x1, y1, page.Count, covers && clip.Exact ? colour : picture ? -1 : colour, covers && clip.Exact && _owner == 0, picture));
        if (picture && page.Pictures.Count < 1000)
            page.Pictures.Add((x0, y0, x1, y1));
    }

    protected override void RenderXObjectImage(XObjectContentRecord xObjectContentRecord)
    {
        var dictionary = xObjectContentRecord.Stream.StreamDictionary;
        if (_off > 0 || IsOff(dictionary))
            return;
        var seeThrough = dictionary.ContainsKey(NameToken.Smask) || dictionary.ContainsKey(NameToken.Mask)
            || (dictionary.TryGet<BooleanToken>(NameToken.ImageMask, PdfScanner, out var mask) && mask.Data);
        PaintPicture(seeThrough);
    }

    private void PaintPicture(bool seeThrough)
    {
        var box = MapBox(0, 0, 1, 1, out var upright);
        Paint(box, -1, !seeThrough && upright && IsOpaque(GetCurrentState()), picture: true);
    }

    public override void EndInlineImage(Memory<byte> bytes)
    {
        var properties = InlineImageBuilder?.Properties;
        InlineImageBuilder = null;
        if (_off == 0)
            PaintPicture(properties is null || properties.Any(p => p.Key.Data is "IM" or "ImageMask" && p.Value is BooleanToken { Data: true }));
    }

    protected override void RenderInlineImage(InlineImage inlineImage)
    {
        // Never reached: inline images end in EndInlineImage.
    }

    public override void PaintShading(NameToken shadingName)
    {
        if (_off > 0)
            return;
        var clip = _clips.Peek();
        Paint(new Subpath { X0 = clip.X0, Y0 = clip.Y0, X1 = clip.X1, Y1 = clip.Y1 }, -1, covers: false, picture: false);
    }

    public override void BeginMarkedContent(NameToken name, NameToken? propertyDictionaryName, DictionaryToken? properties)
    {
        var (off, watermark, actual) = (false, false, (string?)null);
        IToken? raw = properties;
        if (propertyDictionaryName is not null)
            for (var i = _resources.Count - 1; i >= 0; i--)
                if (_resources[i].TryGet<DictionaryToken>(NameToken.Properties, PdfScanner, out var named) && named.TryGet(propertyDictionaryName, out raw))
                    break;
        if (raw is not null)
        {
            if (name.Data == "OC")
                off = _options.LayersOff.Count > 0 && IsOff(raw);
            else if (DirectObjectFinder.TryGet<DictionaryToken>(raw, PdfScanner, out var found))
            {
                watermark = name.Data == "Artifact" && found.Name(NameToken.Subtype, PdfScanner) == "Watermark";
                actual = found.Text(NameToken.ActualText, PdfScanner);
            }
        }
        _off += off ? 1 : 0;
        _watermark += watermark ? 1 : 0;
        if (_marked.Count < 10_000)
            _marked.Push(new Marked(off, watermark, actual, page.Count));
    }

    public override void EndMarkedContent()
    {
        if (!_marked.TryPop(out var marked))
            return;
        _off -= marked.Off ? 1 : 0;
        _watermark -= marked.Watermark ? 1 : 0;
        if (marked.ActualText is not { } actual || actual.Length > 10_000 || !actual.Any(char.IsLetterOrDigit) || page.Count <= marked.Start)
            return;
        var shown = new StringBuilder();
        for (var i = marked.Start; i < Math.Min(page.Count, marked.Start + 10_000); i++)
            shown.Append(page.Glyphs[i].Text);
        if (shown.ToString().Trim().Length == 0)
            page.Glyphs[marked.Start].Text = actual; // ISO 32000-1 14.9.4: what the font cannot say, the file does
        else if (page.ActualTexts.Count < 1000 && PdfTokens.LettersOf(actual) != PdfTokens.LettersOf(shown.ToString()))
            page.ActualTexts.Add(actual);
    }

    /// <summary>Whether a group is off, or a membership shows nothing (ISO 32000-1 8.11.2.2; its default policy is any).</summary>
    private bool IsOff(IToken layer)
    {
        if (layer is IndirectReferenceToken reference && _options.LayersOff.Contains(reference.Data))
            return true;
        if (!DirectObjectFinder.TryGet<DictionaryToken>(layer, PdfScanner, out var dictionary) || !dictionary.TryGet(NameToken.Create("OCGs"), out var groups))
            return false;
        if (groups is IndirectReferenceToken one && _options.LayersOff.Contains(one.Data))
            return dictionary.Name(NameToken.P, PdfScanner) is null or "AnyOn" or "AllOn";
        if (!DirectObjectFinder.TryGet<ArrayToken>(groups, PdfScanner, out var many) || many.Data.Count == 0)
            return false;
        var off = many.Data.Count(t => t is IndirectReferenceToken r && _options.LayersOff.Contains(r.Data));
        return dictionary.Name(NameToken.P, PdfScanner) switch
        {
            "AllOn" => off > 0,
            "AnyOff" => off == 0,
            "AllOff" => off < many.Data.Count,
            _ => off == many.Data.Count,
        };
    }
}
