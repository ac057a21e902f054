using System.Globalization;
using System.Text;

namespace Countersign.Documents.Readers;

/// <summary>
/// Joins a page's glyphs, in the order of painting, to lines and words: a line goes on while the baseline stays and the writing goes forward, and a gap of
/// a share of the letter's size parts two words. Lines of right-to-left script are put into logical order where they were painted in visual order.
/// </summary>
internal static class PdfLines
{
    /// <summary>The gap between two words, and how far a letter may step back, in sizes of the letter.</summary>
    private const float WordGap = 0.13f, StepBack = 0.5f;

    /// <summary>How far a baseline may differ inside a line (index and power), in sizes of the larger letter.</summary>
    private const float Rise = 0.45f;

    private const float LargeLetters = 24;

    private enum Sort : byte { Neutral, Space, Left, Right, Number }

    private readonly record struct Unit(string Text, Sort Sort, int Glyph);

    public static void Write(PdfPage page, int number, Reading reading)
    {
        var line = 0;
        var glyphs = page.Glyphs;
        var kept = Deduplicated(page);
        for (var start = 0; start < kept.Count;)
        {
            var end = LineEnd(glyphs, kept, start, out var rightToLeft);
            WriteLine(page, kept, start, end, rightToLeft, number, ref line, reading);
            start = end;
        }
    }

    /// <summary>The glyphs without those painted twice in the same place, which some programs call bold.</summary>
    private static List<int> Deduplicated(PdfPage page)
    {
        var glyphs = page.Glyphs;
        var kept = new List<int>(page.Count);
        var twin = -1;
        for (var i = 0; i < page.Count; i++)
        {
            ref readonly var g = ref glyphs[i];
            if (g.Text.Length == 0)
                continue;
            if (kept.Count > 0)
            {
                ref readonly var last = ref glyphs[kept[^1]];
                if (twin >= 0 && twin + 1 < kept.Count && IsTwin(glyphs[kept[twin + 1]], g))
                {
                    twin++;
                    continue;
                }
                twin = -1;
                if (g.U0 < last.U1 - (0.3f * g.Size) && g.Direction == last.Direction && Math.Abs(g.V - last.V) < 0.2f * g.Size && !string.IsNullOrWhiteSpace(g.Text))
                    for (var j = kept.Count - 1; j >= Math.Max(0, kept.Count - 300); j--)
                        if (IsTwin(glyphs[kept[j]], g))
                        {
                            twin = j;
                            break;
                        }
                if (twin >= 0)
                    continue;
            }
            kept.Add(i);
        }
        return kept;
    }

    private static bool IsTwin(in PdfGlyph a, in PdfGlyph b) => a.Direction == b.Direction && Math.Abs(a.U0 - b.U0) < 0.12f * b.Size && Math.Abs(a.V - b.V) < 0.12f * b.Size
        && a.Text == b.Text && a.Unseen == b.Unseen && a.Owner == b.Owner;

    private static int LineEnd(PdfGlyph[] glyphs, List<int> kept, int start, out bool rightToLeft)
    {
        ref readonly var first = ref glyphs[kept[start]];
        rightToLeft = IsRight(first.Text);
        var (left, right, baseline, size, last) = (first.U0, first.U1, first.V, first.Size, first.U1);
        var end = start + 1;
        for (; end < kept.Count; end++)
        {
            ref readonly var g = ref glyphs[kept[end]];
            if (g.Direction != first.Direction || g.Owner != first.Owner)
                break;
            var larger = Math.Max(size, g.Size);
            if (!(Math.Abs(g.V - baseline) <= Rise * larger))
                break;
            rightToLeft |= IsRight(g.Text);
            if (rightToLeft ? g.U0 - right > 3 * larger || left - g.U1 > 3 * larger : g.U0 < last - (StepBack * larger))
                break;
            if (g.Size > size * 1.05f || string.IsNullOrWhiteSpace(g.Text) == false && Math.Abs(g.V - baseline) < 0.1f * size)
                (baseline, size) = (g.V, Math.Max(g.Size, 0.1f));
            (left, right, last) = (Math.Min(left, g.U0), Math.Max(right, g.U1), g.U1);
        }
        return end;
    }

    private static void WriteLine(PdfPage page, List<int> kept, int start, int end, bool rightToLeft, int number, ref int line, Reading reading)
    {
        var glyphs = page.Glyphs;
        ref readonly var first = ref glyphs[kept[start]];
        var (seen, unseen, watermark) = (new StringBuilder(end - start + 16), (StringBuilder?)null, (StringBuilder?)null);
        StringBuilder? covered = null;
        var (hiddenPicture, contradicted) = (false, false);
        var tilted = first.Direction != 0 && first.Size >= LargeLetters && IsTilted(page, kept, start, end);

        void Append(string text, int glyph, bool space)
        {
            ref readonly var g = ref page.Glyphs[glyph];
            var to = g.Unseen != 0 ? unseen ??= new StringBuilder() : g.Watermark || tilted ? watermark ??= new StringBuilder() : seen;
            if (space && to.Length > 0 && to[^1] != ' ')
                to.Append(' ');
            to.Append(text);
            if ((g.Unseen & Unseen.Covered) != 0 && (g.Unseen & (Unseen.Invisible | Unseen.Tiny | Unseen.LayerOff | Unseen.OffPage)) == 0)
            {
                covered ??= new StringBuilder();
                if (space && covered.Length > 0)
                    covered.Append(' ');
                covered.Append(text);
            }
            hiddenPicture |= (g.Unseen & Unseen.UnderPicture) != 0;
            contradicted |= g.Contradicted;
        }

        if (!rightToLeft)
        {
            for (var i = start; i < end; i++)
            {
                ref readonly var g = ref glyphs[kept[i]];
                var space = false;
                if (i > start)
                {
                    ref readonly var before = ref glyphs[kept[i - 1]];
                    space = g.U0 - before.U1 > WordGap * Math.Max(g.Size, before.Size * 0.5f) || (before.Unseen != 0) != (g.Unseen != 0) && g.U0 - before.U1 > 0.05f * g.Size;
                }
                Append(g.Text, kept[i], space);
            }
        }
        else
            foreach (var unit in Logical(glyphs, kept, start, end))
                Append(unit.Text, unit.Glyph, space: false);

        line++;
        var place = new Place("", number, line);
        if (first.Owner == 0)
            Say(seen, TextRole.Body, null);
        else
        {
            var note = page.Notes[first.Owner - 1];
            var text = seen.ToString().Trim();
            // What a note's own contents say already is not said twice.
            if (note.Contents is null || !PdfTokens.LettersOf(note.Contents).Contains(PdfTokens.LettersOf(text), StringComparison.Ordinal))
                reading.Text(text, note.Hidden ? TextRole.Hidden : note.Field ? TextRole.Field : TextRole.Annotation, place, Spoken(note.Kind));
        }
        Say(watermark, TextRole.Watermark, null);
        Say(unseen, TextRole.Hidden, null);
        if (covered is not null && covered.ToString() is var under && under.Any(char.IsLetterOrDigit))
            reading.Found(OddityKind.CoveredText, place, under.Trim());
        if (contradicted && page.ContradictedCodes.Count >= 2)
            reading.Found(OddityKind.RemappedGlyphs, place, seen.Length > 0 ? seen.ToString().Trim() : (unseen ?? watermark)!.ToString().Trim());

        void Say(StringBuilder? text, TextRole role, string? label)
        {
            if (text is { Length: > 0 })
                reading.Text(text.ToString().Trim(), role, place, label);
        }
    }

    public static string Spoken(string kind) => kind switch
    {
        "FreeText" => "free text",
        "Text" => "note",
        _ => kind.ToLowerInvariant(),
    };

    /// <summary>Neither along nor across the page.</summary>
    private static bool IsTilted(PdfPage page, List<int> kept, int start, int end)
    {
        ref readonly var a = ref page.Glyphs[kept[start]];
        ref readonly var b = ref page.Glyphs[kept[end - 1]];
        var (dx, dy) = (Math.Abs(b.X - a.X), Math.Abs(b.Y - a.Y));
        return dx > a.Size * 0.5f && dy > a.Size * 0.5f;
    }

    private static bool IsRight(string text)
    {
        foreach (var c in text)
            if (c >= '\u0590' && SortOf(c) == Sort.Right)
                return true;
        return false;
    }

    private static Sort SortOf(char c)
    {
        if (c is >= '\u0590' and <= '\u08FF' or >= '\uFB1D' and <= '\uFDFF' or >= '\uFE70' and <= '\uFEFC')
            return char.IsDigit(c) || c is '\u066B' or '\u066C' ? Sort.Number : CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter
                or UnicodeCategory.NonSpacingMark ? Sort.Right : Sort.Neutral;
        return char.IsDigit(c) ? Sort.Number : char.IsLetter(c) ? Sort.Left : char.IsWhiteSpace(c) ? Sort.Space : Sort.Neutral;
    }

    /// <summary>A line with right-to-left letters in the order in which it is read.</summary>
    private static List<Unit> Logical(PdfGlyph[] glyphs, List<int> kept, int start, int end)
    {
        var (backward, forward) = (0, 0);
        for (var i = start + 1; i < end; i++)
        {
            ref readonly var a = ref glyphs[kept[i - 1]];
            ref readonly var b = ref glyphs[kept[i]];
            if (!IsRight(a.Text) || !IsRight(b.Text) || Math.Abs(a.U0 - b.U0) < 0.02f * b.Size)
                continue;
            if (b.U0 < a.U0)
                backward++;
            else
                forward++;
        }
        // Marks stay with their letters: behind them where letters were painted in reading order; the stable sort keeps the others.
        var pieces = new List<(string Text, int Glyph)>(end - start);
        for (var i = start; i < end; i++)
            if (backward > forward && pieces.Count > 0 && IsMark(glyphs[kept[i]].Text))
                pieces[^1] = (pieces[^1].Text + glyphs[kept[i]].Text, pieces[^1].Glyph);
            else
                pieces.Add((glyphs[kept[i]].Text, kept[i]));
        var units = new List<Unit>(pieces.Count + 8);
        var before = -1;
        foreach (var (text, glyph) in pieces.OrderBy(p => glyphs[p.Glyph].U0))
        {
            if (before >= 0 && glyphs[glyph].U0 - glyphs[before].U1 > WordGap * glyphs[glyph].Size && units[^1].Sort != Sort.Space && !string.IsNullOrWhiteSpace(text))
                units.Add(new Unit(" ", Sort.Space, glyph));
            units.Add(new Unit(text, SortOf(text[0]), glyph));
            before = glyph;
        }
        return Turned(units);
    }

    private static bool IsMark(string text) => text.Length == 1 && CharUnicodeInfo.GetUnicodeCategory(text[0]) == UnicodeCategory.NonSpacingMark;

    /// <summary>The reverse of the bidirectional algorithm's last step (UAX 9, L2), for a line in visual order.</summary>
    private static List<Unit> Turned(List<Unit> units)
    {
        var (rights, lefts) = (units.Count(u => u.Sort == Sort.Right), units.Count(u => u.Sort == Sort.Left));
        if (rights >= lefts)
        {
            units.Reverse();
            TurnRuns(units, Sort.Left);
            return units;
        }
        // A left-to-right line: each stretch of right-to-left letters is turned, with the numbers in it as they stand.
        for (var i = 0; i < units.Count; i++)
        {
            if (units[i].Sort != Sort.Right)
                continue;
            var last = i;
            for (var j = i + 1; j < units.Count && units[j].Sort != Sort.Left; j++)
                if (units[j].Sort == Sort.Right)
                    last = j;
            var run = units.GetRange(i, last - i + 1);
            run.Reverse();
            TurnRuns(run, Sort.Left);
            for (var j = 0; j < run.Count; j++)
                units[i + j] = run[j];
            i = last;
        }
        return units;
    }

    /// <summary>Turns stretches of left-to-right letters, with what stands between them, and numbers with their separators.</summary>
    private static void TurnRuns(List<Unit> units, Sort letters)
    {
        for (var i = 0; i < units.Count; i++)
        {
            if (units[i].Sort != letters && units[i].Sort != Sort.Number)
                continue;
            var (last, word) = (i, units[i].Sort == letters);
            for (var j = i + 1; j < units.Count && units[j].Sort != Sort.Right; j++)
            {
                if (!word && units[j].Sort == Sort.Space)
                    break;
                if (units[j].Sort == letters || units[j].Sort == Sort.Number)
                    last = j;
                word |= units[j].Sort == letters;
            }
            units.Reverse(i, last - i + 1);
            i = last;
        }
    }
}
