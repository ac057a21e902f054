using System.Globalization;
using System.Text;
using HarfBuzzSharp;
using SkiaSharp;
using Buffer = HarfBuzzSharp.Buffer;

namespace Countersign.Documents.Typesetting;

/// <summary>
/// Glyphs of one face and style, side by side. Positions are relative to the run's left end on the baseline; Text holds
/// the characters in reading order, and Clusters point into its UTF-8 form.
/// </summary>
internal sealed record GlyphRun(
    FontFace Face, TextStyle Style, bool Slant, ushort[] Glyphs, SKPoint[] Positions, string Text, uint[] Clusters,
        float Width);

/// <summary>A line of set text: its runs from left to right, each with its distance from the line's left end.</summary>
internal sealed record SetLine(IReadOnlyList<(float X, GlyphRun Run)> Runs, float Width, bool RightToLeft, bool Tall);

/// <summary>A character that no font at hand can set.</summary>
internal sealed class UnsettableException(int codePoint, string script) : Exception
{
    public int CodePoint { get; } = codePoint;

    /// <summary>The ISO 15924 tag.</summary>
    public string Script { get; } = script;
}

/// <summary>
/// Sets paragraphs: chooses faces, orders mixed directions, shapes with HarfBuzz, and breaks lines at a width.
/// </summary>
internal sealed class TextSetter(FontShelf shelf, string language)
{
    private static readonly Script Latin = ScriptOf("Latn");

    /// <summary>The lines of a paragraph no wider than <paramref name="width"/> (in points), longest word
    /// permitting.</summary>
    /// <exception cref="UnsettableException">No font has one of the characters.</exception>
    public List<SetLine> Set(StyledText source, float width, bool rightToLeftFallback)
    {
        var lines = new List<SetLine>();
        var text = source.Text;
        var rightToLeft = BidiText.StartsRightToLeft(text, rightToLeftFallback);
        var start = 0;
        while (start <= text.Length)
        {
            var feed = text.IndexOf('\n', start);
            var end = feed < 0 ? text.Length : feed;
            SetStretch(source, text, start, end, width, rightToLeft, lines);
            start = end + 1;
        }
        return lines;
    }

    /// <summary>
    /// Parts side by side from left to right, with a dot between them. Each is ordered by itself, as an isolate of UAX #9
    /// is: an Arabic date beside an English word keeps its day before its month, and its month before its year.
    /// </summary>
    public SetLine SetBeside(IReadOnlyList<string> parts, TextStyle style, bool rightToLeftFallback)
    {
        var runs = new List<(float, GlyphRun)>();
        var x = 0f;
        var tall = false;
        for (var i = 0; i < parts.Count; i++)
        {
            if (i > 0) Put(Set(new StyledText(Between, style), float.MaxValue, false)[0]);
            Put(Set(new StyledText(parts[i], style), float.MaxValue, rightToLeftFallback)[0]);
        }
        return new SetLine(runs, x, false, tall);

        void Put(SetLine line)
        {
            foreach (var (at, run) in line.Runs) runs.Add((x + at, run));
            x += line.Width;
            tall |= line.Tall;
        }
    }

    /// <summary>What stands between parts side by side. No space ends it: a line's last spaces are trimmed.</summary>
    internal const string Between = "\u00A0\u00A0·\u00A0\u00A0";

    /// <summary>The width of the text on one line, and that of its widest unbreakable word.</summary>
    public (float Natural, float Least) Measure(StyledText source)
    {
        var natural = Set(source, float.MaxValue, false).Max(l => l.Width);
        var least = 0f;
        var plain = source.Styles.Count == 0 ? default : source.Styles[0].Style;
        foreach (var word in source.Text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Distinct().Take(400))
            least = Math.Max(least, Set(new StyledText(word, plain), float.MaxValue, false)[0].Width);
        return (natural, least);
    }

    private void SetStretch(
        StyledText source, string whole, int from, int to, float width, bool rightToLeft, List<SetLine> lines)
    {
        var text = whole[from..to];
        if (text.Length == 0)
        {
            lines.Add(new SetLine([], 0, rightToLeft, false));
            return;
        }
        var runs = Shape(text, Itemise(source, text, from, BidiText.Levels(text, rightToLeft)));
        var advance = new float[text.Length];
        var clusterStart = new bool[text.Length];
        foreach (var run in runs)
            for (var g = 0; g < run.Glyphs.Length; g++)
            {
                advance[run.Clusters[g]] += run.Advances[g];
                clusterStart[run.Clusters[g]] = true;
            }
        for (var start = 0; start < text.Length;)
        {
            var end = BreakAt(text, start, width, advance, clusterStart);
            var trimmed = end;
            while (trimmed > start && text[trimmed - 1] is ' ' or '\t' or '\u200B') trimmed--;
            lines.Add(Arrange(text, runs, start, trimmed, rightToLeft));
            start = end;
            while (start < text.Length && text[start] is ' ' or '\t') start++;
        }
    }

    // --- faces and scripts

    private sealed record Item(int Start, int End, FontFace Face, TextStyle Style, byte Level, Script Script)
    {
        /// <summary>Arabic faces are drawn small in their em: beside Latin of the same size they need a fifth
        /// more.</summary>
        public float Size { get; } =
            Face.IsArabic && Script.ToString() == "Arab" ? Style.Size * 1.22f : Style.Size;
    }

    private sealed record Shaped(Item Item, ushort[] Glyphs, int[] Clusters, float[] Advances, SKPoint[] Offsets);

    private List<Item> Itemise(StyledText source, string text, int offset, byte[] levels)
    {
        var items = new List<Item>();
        var scripts = Scripts(text);
        var styleIndex = 0;
        FontFace? neighbour = null;
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used);
            while (styleIndex + 1 < source.Styles.Count && source.Styles[styleIndex + 1].Start <= offset
                + i) styleIndex++;
            var style = source.Styles[styleIndex].Style;
            var face = FaceFor(rune.Value, scripts[i], style, neighbour);
            neighbour = face;
            if (items.Count > 0 && items[^1] is var last && last.Face == face && last.Style == style
                && last.Level == levels[i] && last.Script.Equals(scripts[i]))
                items[^1] = last with { End = i + used };
            else
                items.Add(new Item(i, i + used, face, style, levels[i], scripts[i]));
            i += used;
        }
        return items;
    }

    private FontFace FaceFor(int codePoint, Script script, TextStyle style, FontFace? neighbour)
    {
        // Marks and invisible joiners stay with the letter before them; HarfBuzz hides joiners that a font lacks.
        var category = Rune.GetUnicodeCategory(new Rune(codePoint));
        var follows = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;
        if (category == UnicodeCategory.Format)
            return neighbour ?? Find(' ', script, style) ?? throw Unsettable(codePoint);
        if (follows && neighbour is not null && neighbour.Covers(codePoint))
            return neighbour;
        return Find(codePoint, script, style) ?? throw Unsettable(codePoint);
    }

    private FontFace? Find(int codePoint, Script script, TextStyle style) =>
        shelf.Find(codePoint, script, style.Bold, style.Italic);

    private static UnsettableException Unsettable(int codePoint) =>
        new(codePoint, UnicodeFunctions.Default.GetScript(codePoint).ToString());

    /// <summary>The script of every unit; what belongs to no script (digits, spaces, commas) joins what stands before
    /// it.</summary>
    private static Script[] Scripts(string text)
    {
        var scripts = new Script[text.Length];
        Script? current = null;
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used);
            var script = rune.IsAscii && (Rune.IsLetter(rune) || IsFigure(text, i)) ? Latin
                : rune.IsAscii ? Script.Common : UnicodeFunctions.Default.GetScript(rune.Value);
            var common = script.Equals(Script.Common) || script.Equals(Script.Inherited);
            if (!common && !IsFigure(text, i))
            {
                for (var k = 0; current is null && k < i; k++)
                    if (!IsFigure(text, k)) scripts[k] = script;
                current = script;
            }
            for (var k = 0; k < used; k++)
                scripts[i + k] = common ? current ?? Latin : script;
            i += used;
        }
        return scripts;
    }

    /// <summary>Whether a unit is a digit 0–9 or stands between two: figures look alike in every language's
    /// lines.</summary>
    private static bool IsFigure(string text, int i) => char.IsAsciiDigit(text[i])
        || (i > 0 && i + 1 < text.Length && char.IsAsciiDigit(text[i - 1]) && char.IsAsciiDigit(text[i + 1])
            && text[i] > ' ');

    private static Script ScriptOf(string tag) => Script.TryParse(tag, out var script) ? script : Script.Common;

    // --- shaping

    private List<Shaped> Shape(string text, List<Item> items)
    {
        var shaped = new List<Shaped>(items.Count);
        using var buffer = new Buffer();
        using var tongue = new Language(language);
        foreach (var item in items)
        {
            buffer.Reset();
            buffer.ClusterLevel = ClusterLevel.MonotoneCharacters;
            buffer.AddUtf16(text.AsSpan(), item.Start, item.End - item.Start);
            buffer.Direction = item.Level % 2 == 1 ? Direction.RightToLeft : Direction.LeftToRight;
            buffer.Script = item.Script;
            buffer.Language = tongue;
            item.Face.Shaper.Shape(buffer);
            var infos = buffer.GetGlyphInfoSpan();
            var places = buffer.GetGlyphPositionSpan();
            var scale = item.Size / item.Face.UnitsPerEm;
            var run = new Shaped(item, new ushort[infos.Length], new int[infos.Length], new float[infos.Length],
                new SKPoint[infos.Length]);
            for (var g = 0; g < infos.Length; g++)
            {
                run.Glyphs[g] = (ushort)infos[g].Codepoint;
                run.Clusters[g] = (int)infos[g].Cluster;
                run.Advances[g] = places[g].XAdvance * scale;
                run.Offsets[g] = new SKPoint(places[g].XOffset * scale, -places[g].YOffset * scale);
            }
            shaped.Add(run);
        }
        return shaped;
    }

    // --- lines

    /// <summary>Where the line that begins at <paramref name="start"/> ends: at the last good break, else at any
    /// cluster.</summary>
    private static int BreakAt(string text, int start, float width, float[] advance, bool[] clusterStart)
    {
        var x = 0f;
        int good = -1, any = -1;
        for (var i = start; i < text.Length; i++)
        {
            if (i > start && clusterStart[i] && !char.IsLowSurrogate(text[i]) && !IsMark(text[i]))
            {
                any = i;
                if (MayBreakBefore(text, i)) good = i;
            }
            x += advance[i];
            // Spaces may hang over the edge; they are trimmed.
            if (x > width && text[i] is not (' ' or '\t'))
            {
                if (good > start) return good;
                if (any > start) return any;
            }
        }
        return text.Length;
    }

    private static bool IsMark(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format;

    /// <summary>A short form of UAX #14: after spaces, hyphens, dashes and slashes inside words, and between
    /// ideographs.</summary>
    private static bool MayBreakBefore(string text, int i)
    {
        char before = text[i - 1], here = text[i];
        if (here is ' ' or '\t') return false;
        if (before is ' ' or '\t' or '\u200B') return true;
        if (before is '-' or '\u2010' or '\u2013' or '\u2014')
            return i >= 2 && char.IsLetter(text[i - 2]) && char.IsLetter(here);
        if (before is '/')
            return i >= 2 && char.IsLetterOrDigit(text[i - 2]) && char.IsLetter(here);
        return (IsIdeographic(before) || IsIdeographic(here)) && !Closes(here) && !Opens(before)
            && before is not '\u00A0' && here is not '\u00A0';
    }

    private static bool IsIdeographic(char c) => c is (>= '\u3040' and <= '\u30FF') or (>= '\u3400' and <= '\u9FFF') or
        (>= '\uF900' and <= '\uFAFF') or '\u3001' or '\u3002' || char.IsSurrogate(c);

    private static bool Closes(char c) => c is '\u3001' or '\u3002' or '\uFF0C' or '\uFF0E' || char.GetUnicodeCategory(
        c) is
        UnicodeCategory.ClosePunctuation or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation;

    private static bool Opens(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.OpenPunctuation or UnicodeCategory.InitialQuotePunctuation;

    /// <summary>The glyphs of text[start..end) in the order in which they stand.</summary>
    private static SetLine Arrange(string text, List<Shaped> runs, int start, int end, bool rightToLeft)
    {
        var first = FirstRunAt(runs, start);
        var slices = new List<Shaped>();
        for (var i = first; i < runs.Count && runs[i].Item.Start < end; i++)
            slices.Add(runs[i]);
        var levels = slices.Select(s => s.Item.Level).ToArray();
        var placed = new List<(float, GlyphRun)>(slices.Count);
        var x = 0f;
        var tall = false;
        foreach (var index in BidiText.VisualOrder(levels))
        {
            var run = Slice(text, slices[index], Math.Max(start, slices[index].Item.Start),
                Math.Min(end, slices[index].Item.End));
            if (run.Glyphs.Length == 0) continue;
            placed.Add((x, run));
            x += run.Width;
            tall |= slices[index].Item.Script is var script && !script.Equals(Latin) && TallScripts.Contains(
                script.ToString());
        }
        return new SetLine(placed, x, rightToLeft, tall);
    }

    private static readonly HashSet<string> TallScripts = new(StringComparer.Ordinal)
    { "Arab", "Deva", "Beng", "Thai", "Khmr", "Tibt", "Mymr", "Laoo", "Syrc", "Taml", "Telu", "Mlym", "Knda", "Gujr",
        "Guru", "Sinh" };

    private static int FirstRunAt(List<Shaped> runs, int start)
    {
        int low = 0, high = runs.Count - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (runs[middle].Item.End <= start) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private static GlyphRun Slice(string text, Shaped run, int start, int end)
    {
        // Clusters rise in left-to-right runs and fall in right-to-left ones, so a slice is one stretch of glyphs.
        var rising = run.Item.Level % 2 == 0;
        int from, to;
        if (rising)
        {
            from = Bound(run.Clusters, c => c >= start);
            to = Bound(run.Clusters, c => c >= end);
        }
        else
        {
            from = Bound(run.Clusters, c => c < end);
            to = Bound(run.Clusters, c => c < start);
        }
        var count = Math.Max(0, to - from);
        var glyphs = run.Glyphs.AsSpan(from, count).ToArray();
        var positions = new SKPoint[count];
        var clusters = new uint[count];
        var piece = text[start..end];
        var bytes = Utf8Offsets(piece);
        var x = 0f;
        for (var g = 0; g < count; g++)
        {
            var offset = run.Offsets[from + g];
            positions[g] = new SKPoint(x + offset.X, offset.Y);
            clusters[g] = bytes[run.Clusters[from + g] - start];
            x += run.Advances[from + g];
        }
        return new GlyphRun(run.Item.Face, run.Item.Style with { Size = run.Item.Size }, run.Item.Style.Italic
            && !run.Item.Face.Italic && CanSlant(run.Item.Script),
            glyphs, positions, piece, clusters, x);
    }

    private static bool CanSlant(Script script) => script.ToString() is "Latn" or "Grek" or "Cyrl";

    private static int Bound(int[] clusters, Func<int, bool> reached)
    {
        int low = 0, high = clusters.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (reached(clusters[middle])) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    private static uint[] Utf8Offsets(string text)
    {
        var offsets = new uint[text.Length + 1];
        var at = 0u;
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used);
            for (var k = 0; k < used; k++) offsets[i + k] = at;
            at += (uint)rune.Utf8SequenceLength;
            i += used;
        }
        offsets[text.Length] = at;
        return offsets;
    }
}
