using SkiaSharp;

namespace Countersign.Documents.Typesetting;

/// <summary>
/// Lays out a letter's parts as pieces. Distances along a line count from the side where the letter's language begins,
/// so
/// a right-to-left letter is the mirror of a left-to-right one. Vertical distances are multiples of a quarter of the
/// body's
/// leading, which keeps lines of facing columns and following pages on one grid.
/// </summary>
internal sealed class Composer(TextSetter setter, LetterWords words)
{
    public const float PageWidth = 595, PageHeight = 842, Side = 74, Top = 75, Bottom = 758;
    public const float BodySize = 10.5f, Leading = 15, TallLeading = 21, SmallSize = 8.5f, SmallLeading = 11.25f;
    private const float Column = PageWidth - 2 * Side, Indent = 24, LabelWidth = 96;

    public static readonly SKColor Ink = new(0x1a, 0x1a, 0x1a), Quiet = new(0x5a, 0x5f, 0x66), Accent =
        new(0x1b, 0x36, 0x5d),
        Hairline = new(0xa8, 0xad, 0xb4), Warning = new(0xb0, 0x1c, 0x1c), ExerciseInk = new(0x1d, 0x5f, 0xa8);

    private readonly List<Piece> _pieces = [];
    private readonly bool _rtl = words.RightToLeft;

    public IReadOnlyList<Piece> Pieces => _pieces;

    // --- the frame

    /// <summary>The letterhead's marks on page 1, and where the letter may begin below it.</summary>
    public (List<Mark> Marks, float Below) Letterhead(Letterhead head)
    {
        // The corner opposite belongs to the mark: 170 x 60 pt within 20 mm of the page's edges.
        const float Width = 276, MarkBelow = 122;
        var marks = new List<Mark>();
        var y = 52f;
        foreach (var line in setter.Set(new StyledText(head.OfficeName, new TextStyle(13, Bold: true, Color: Accent)),
            Width, _rtl))
        {
            var leading = line.Tall ? 21 : 17;
            Place(marks, line, Side, Width, y + leading * 0.74f, CellAlign.Start);
            y += leading;
        }
        y += 4;
        foreach (var address in head.AddressLines)
            foreach (var line in setter.Set(new StyledText(address, new TextStyle(SmallSize, Color: Quiet)), Width,
                _rtl))
            {
                var leading = line.Tall ? 15 : SmallLeading;
                Place(marks, line, Side, Width, y + leading * 0.74f, CellAlign.Start);
                y += leading;
            }
        y = Math.Max(MarkBelow, y + 8);
        marks.Add(new Mark.Line(Side, y, PageWidth - Side, y, 0.8f, Accent));
        return (marks, y);
    }

    /// <summary>The foot of a page: the reference and the page's number, below a hairline.</summary>
    public List<Mark> Foot(string? reference, int page, int pages)
    {
        const float Y = 783;
        var marks = new List<Mark> { new Mark.Line(Side, Y, PageWidth - Side, Y, 0.4f, Hairline) };
        var style = new TextStyle(8, Color: Quiet);
        var number = setter.Set(new StyledText(words.Page(page, pages), style), Column, _rtl)[0];
        if (reference is not null)
            Place(marks, setter.Set(new StyledText(reference, style), Column - number.Width - 20, _rtl)[0],
                Side, Column - number.Width - 20, Y + 14, CellAlign.Start);
        Place(marks, number, Side, Column, Y + 14, CellAlign.End);
        return marks;
    }

    /// <summary>A small line at the very top of a page, on the side of the letterhead.</summary>
    public List<Mark> TopLine(IReadOnlyList<string> parts, SKColor color)
    {
        var marks = new List<Mark>();
        var line = setter.SetBeside(parts, new TextStyle(8, Bold: true, Color: color), _rtl);
        Place(marks, line, Side, Math.Max(line.Width, Column), 32, CellAlign.Start);
        return marks;
    }

    /// <summary>Large letters from corner to corner.</summary>
    public Mark Across(string text, float length, float degrees, SKColor color, bool outlined)
    {
        var probe = setter.Set(new StyledText(text, new TextStyle(100, Bold: true)), float.MaxValue, false)[0];
        var size = Math.Min(96, 100 * length / Math.Max(1, probe.Width));
        var line = setter.Set(new StyledText(text, new TextStyle(size, Bold: true, Color: color)), float.MaxValue,
            false)[0];
        return new Mark.Across(line, degrees, color, outlined);
    }

    /// <summary>The kind of letter, where its kind is printed.</summary>
    public void Kind(string kind) => Flow(new StyledText(kind, new TextStyle(14, Bold: true, Color: Accent)), Side,
        Column,
        Leading * 1.5f, 0, keepAll: true);

    public void Addressees(IReadOnlyList<string> addressees)
    {
        for (var i = 0; i < addressees.Count; i++)
            Flow(new StyledText(addressees[i], new TextStyle(BodySize, Color: Ink)), Side, Column * 0.62f, Leading,
                i == 0 ? (_pieces.Count == 0 ? 0 : Leading) : Leading / 2,
                    keepAll: addressees[i].Count(c => c == '\n') < 12, align: CellAlign.Start);
    }

    /// <summary>The labelled lines between addressee and text: date, reference, subject.</summary>
    public void Labelled(string label, string value, bool strong, bool first)
    {
        var name = setter.Set(new StyledText(label, new TextStyle(SmallSize, Color: Quiet)), LabelWidth, _rtl);
        var lines = setter.Set(new StyledText(value, new TextStyle(BodySize, Bold: strong, Color: Ink)),
            Column - LabelWidth, _rtl);
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            var label1 = i < name.Count ? name[i] : null;
            var height = LeadingOf(line, Leading);
            Put(new Piece(i > 0 ? 0 : first && _pieces.Count > 0 ? Leading * 1.5f : 0, height, true,
                (marks, top) =>
            {
                if (label1 is not null) Place(marks, label1, Side, LabelWidth, top + height * 0.74f, CellAlign.Start);
                Place(marks, line, Side + LabelWidth, Column - LabelWidth, top + height * 0.74f, CellAlign.Start);
            }));
        }
    }

    /// <summary>An empty line before the body.</summary>
    public void Gap(float height) => Put(new Piece(0, height, true, (_, _) => { }));

    // --- the body

    public void Body(IReadOnlyList<Block> blocks, bool numbered)
    {
        var number = 0;
        for (var i = 0; i < blocks.Count; i++)
        {
            var isText = blocks[i] is Block.Paragraph p && !(numbered && IsGreeting(p.Text));
            if (numbered && isText)
                Item([blocks[i]], $"{++number}.", Side, Column, 28, Leading / 2, 0);
            else
                Add(blocks[i], Side, Column, i == 0 ? 0 : Leading / 2, 0, default);
        }
    }

    /// <summary>Whether a paragraph is a salutation or a closing: one short line that ends with a comma.</summary>
    private static bool IsGreeting(StyledText text) =>
        text.Length <= 60 && text.Text is var t && !t.Contains('\n') && t.TrimEnd() is [.., ',' or '،'];

    private void Add(Block block, float start, float width, float before, int depth, TextStyle over)
    {
        switch (block)
        {
            case Block.Paragraph paragraph:
                Flow(Styled(paragraph.Text, BodySize, over), start, width, Leading, before);
                break;
            case Block.Heading heading:
                var size = heading.Level switch { 1 => 13f, 2 => 11.5f, _ => BodySize };
                Flow(Styled(heading.Text, size, over with { Bold = true, Color = Accent }), start, width,
                    heading.Level == 1 ? Leading * 1.25f : Leading, before * (heading.Level == 3 ? 1.5f : 2.5f),
                        keepAll: true);
                break;
            case Block.List list:
                AddList(list, start, width, before, depth, over);
                break;
            case Block.Quote quote:
                AddQuote(quote, start, width, before, depth, over);
                break;
            case Block.Verbatim verbatim:
                for (var i = 0; i < verbatim.Lines.Count; i++)
                    Flow(Styled(verbatim.Lines[i], 9.5f, over), start + 12, width - 12, Leading * 0.85f, i == 0
                        ? before : 0);
                break;
            case Block.Table table:
                AddTable(table, start, width, before);
                break;
            case Block.Rule:
                Put(new Piece(before, Leading / 2, false, (marks, top) =>
                    marks.Add(new Mark.Line(X(start, width), top + Leading / 4, X(start, width) + width, top
                        + Leading / 4, 0.5f, Hairline))));
                break;
        }
    }

    private void AddList(Block.List list, float start, float width, float before, int depth, TextStyle over)
    {
        var hang = list.Ordered && depth == 0 ? 28 : Indent;
        for (var i = 0; i < list.Items.Count; i++)
        {
            var marker = !list.Ordered ? (depth % 2 == 0 ? "•" : "–") : (depth % 3) switch
            {
                0 => $"{(long)list.First + i}.",
                1 => (_rtl ? Abjad((long)list.First + i) : Alphabetic((long)list.First + i)) + ".",
                _ => (_rtl ? $"{(long)list.First + i})" : Roman((long)list.First + i) + "."),
            };
            var tight = list.Items[i] is [Block.Paragraph { Text.Length: < 90 }] && !(list.Ordered && depth == 0);
            Item(list.Items[i], marker, start, width, hang, i == 0 || !tight ? before : before / 2, depth, over);
        }
    }

    /// <summary>Blocks with a marker before the first line, all indented by the marker's room.</summary>
    private void Item(
        IReadOnlyList<Block> blocks, string marker, float start, float width, float hang, float before, int depth,
            TextStyle over = default)
    {
        var at = _pieces.Count;
        for (var i = 0; i < blocks.Count; i++)
            Add(blocks[i], start + hang, width - hang, i == 0 ? before : Leading / 2, depth + 1, over);
        if (_pieces.Count == at) Gap(Leading);
        var mark = setter.Set(new StyledText(marker, new TextStyle(BodySize, Color: Ink)), float.MaxValue, _rtl)[0];
        var piece = _pieces[at];
        _pieces[at] = piece with
        {
            Draw = (marks, top) =>
            {
                Place(marks, mark, start, hang, top + Math.Min(piece.Height, TallLeading) * 0.74f, CellAlign.Start);
                piece.Draw(marks, top);
            },
        };
    }

    private void AddQuote(Block.Quote quote, float start, float width, float before, int depth, TextStyle over)
    {
        var at = _pieces.Count;
        for (var i = 0; i < quote.Blocks.Count; i++)
            Add(quote.Blocks[i], start + 18, width - 30, i == 0 ? before : Leading / 2, depth + 1, over);
        for (var i = at; i < _pieces.Count; i++)
        {
            var piece = _pieces[i];
            var above = i == at ? 0 : piece.Before;
            var x = _rtl ? PageWidth - start - 5 : start + 5;
            _pieces[i] = piece with
            {
                Draw = (marks, top) =>
                {
                    marks.Add(new Mark.Line(x, Math.Max(top - above, 0), x, top + piece.Height, 1.5f, Hairline));
                    piece.Draw(marks, top);
                },
            };
        }
    }

    // --- tables

    private void AddTable(Block.Table table, float start, float width, float before)
    {
        const float PadX = 5, PadY = 3.5f, Size = 9.5f, CellLeading = 12.5f;
        var columns = table.Columns.Count;
        var cells = table.Rows.Select((row, r) => row
            .Select(cell => Styled(cell, Size, new TextStyle(0, Bold: r < table.HeaderRows))).ToArray()).ToArray();
        var widths = ColumnWidths(cells, columns, width, PadX);
        var total = widths.Sum();
        var heads = new List<Piece>();
        for (var r = 0; r < cells.Length; r++)
        {
            var lines = Enumerable.Range(0, columns)
                .Select(c => c < cells[r].Length ? setter.Set(cells[r][c], widths[c] - 2 * PadX, _rtl) : []).ToArray();
            var leading = lines.SelectMany(l => l).Any(l => l.Tall) ? 18 : CellLeading;
            // A row taller than a third of a page is cut into slices between its lines.
            var most = (int)((Bottom - Top) / 3 / leading);
            var count = Math.Max(1, lines.Max(l => l.Count));
            for (var from = 0; from < count; from += most)
            {
                var taken = Math.Min(most, count - from);
                var (opens, closes, isHead) = (from == 0, from + taken == count, r < table.HeaderRows);
                var height = taken * leading + (opens ? PadY : 0) + (closes ? PadY : 0);
                var (slice, row) = (from, r);
                void Draw(List<Mark> marks, float top)
                {
                    var x = start;
                    for (var c = 0; c < columns; c++)
                    {
                        for (var i = slice; i < Math.Min(slice + taken, lines[c].Count); i++)
                            Place(marks, lines[c][i], x + PadX, widths[c] - 2 * PadX,
                                top + (opens ? PadY : 0) + (i - slice) * leading + leading * 0.76f, table.Columns[c]);
                        if (c > 0) VerticalLine(marks, x, top, height);
                        x += widths[c];
                    }
                    VerticalLine(marks, start, top, height);
                    VerticalLine(marks, start + total, top, height);
                    var left = X(start, total);
                    marks.Add(new Mark.Line(left, top, left + total, top, opens ? 0.5f : 0.25f, Hairline));
                    marks.Add(new Mark.Line(left, top + height, left + total, top + height, isHead ? 0.9f : 0.5f,
                        isHead ? Quiet : Hairline));
                }
                var keeps = isHead || row == cells.Length - 2; // the last row is never alone on a page
                var piece = new Piece(
                    row == 0 && opens ? before + 2 : 0, height, keeps, Draw, isHead ? null : heads);
                if (isHead) heads.Add(piece with { Before = 0 });
                Put(piece);
            }
        }
        if (heads.Sum(h => h.Height) > (Bottom - Top) / 3) heads.Clear();
        Put(new Piece(0, 4, false, (_, _) => { }));
    }

    private void VerticalLine(List<Mark> marks, float at, float top, float height)
    {
        var x = _rtl ? PageWidth - at : at;
        marks.Add(new Mark.Line(x, top, x, top + height, 0.5f, Hairline));
    }

    /// <summary>Natural widths where they fit; otherwise each column gets its longest word and a share of the
    /// rest.</summary>
    private float[] ColumnWidths(StyledText[][] rows, int columns, float width, float padding)
    {
        var natural = new float[columns];
        var least = new float[columns];
        foreach (var row in rows.Take(500))
            for (var c = 0; c < row.Length; c++)
            {
                var (wide, narrow) = setter.Measure(row[c]);
                natural[c] = Math.Max(natural[c], wide + 2 * padding + 0.5f);
                least[c] = Math.Max(least[c], narrow + 2 * padding + 0.5f);
            }
        for (var c = 0; c < columns; c++)
        {
            least[c] = Math.Clamp(least[c], 30, Math.Max(30, width / Math.Max(2, columns) * 1.5f));
            natural[c] = Math.Max(natural[c], least[c]);
        }
        if (natural.Sum() <= width)
        {
            // Spread what is left, so that the table is as wide as the text.
            var spare = (width - natural.Sum()) / columns;
            return [.. natural.Select(n => n + spare)];
        }
        var floor = least.Sum();
        if (floor >= width)
            return [.. least.Select(l => l * width / floor)];
        var wish = natural.Zip(least, (n, l) => Math.Min(n, width) - l).ToArray();
        var wishes = Math.Max(1, wish.Sum());
        return [.. least.Select((l, c) => l + wish[c] * (width - floor) / wishes)];
    }

    // --- the end

    /// <summary>The signature block stays with the last two lines above it.</summary>
    public void Signature(string? from, string? role)
    {
        for (var i = Math.Max(0, _pieces.Count - 2); i < _pieces.Count; i++)
            _pieces[i] = _pieces[i] with { KeepWithNext = true };
        Gap(Leading * 3.5f);
        if (from is not null)
            Flow(new StyledText(from, new TextStyle(BodySize, Bold: true, Color: Ink)), Side, Column * 0.7f, Leading, 0,
                keepAll: role is not null, align: CellAlign.Start);
        if (role is not null)
            Flow(new StyledText(role, new TextStyle(BodySize, Color: Ink)), Side, Column * 0.7f, Leading, 0,
                keepLines: true,
                align: CellAlign.Start);
    }

    public void Enclosures(IReadOnlyList<string> enclosures)
    {
        Flow(new StyledText(words.Enclosures, new TextStyle(SmallSize, Color: Quiet)), Side, Column, Leading,
            Leading * 2, keepAll: true);
        for (var i = 0; i < enclosures.Count; i++)
            Item([new Block.Paragraph(new StyledText(enclosures[i], new TextStyle(1)))], $"{i + 1}.", Side, Column,
                Indent, 0, 1);
    }

    // --- lines

    /// <summary>A paragraph's lines; its first two and its last two stay together.</summary>
    private void Flow(
        StyledText text, float start, float width, float leading, float before, bool keepAll = false, bool keepLines =
            false,
        CellAlign align = CellAlign.Own)
    {
        var room = Math.Max(width, 40);
        var lines = setter.Set(text, room, _rtl);
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i];
            var height = LeadingOf(line, leading);
            var keep = keepAll || (i + 1 < lines.Count && (keepLines || i == 0 || i == lines.Count - 2));
            Put(new Piece(i == 0 ? before : 0, height, keep,
                (marks, top) => Place(marks, line, start, room, top + height * 0.74f, align)));
        }
    }

    /// <summary>Takes a piece; a letter too long for the most pages is refused before it fills memory.</summary>
    private void Put(Piece piece)
    {
        if (_pieces.Count == Pages.MostPieces) throw Pages.TooLong();
        _pieces.Add(piece);
    }

    private static float LeadingOf(SetLine line, float leading) => line.Tall ? Math.Max(leading, TallLeading) : leading;

    private static StyledText Styled(StyledText text, float size, TextStyle over) => text.With(style => style with
    {
        Size = size,
        Bold = style.Bold || over.Bold,
        Italic = style.Italic || over.Italic,
        Color = style.Link is not null ? Accent : over.Color.Alpha != 0 ? over.Color : Ink,
    });

    /// <summary>The left edge of a column that begins <paramref name="start"/> from the language's side.</summary>
    private float X(float start, float width) => _rtl ? PageWidth - start - width : start;

    private void Place(List<Mark> marks, SetLine line, float start, float width, float baseline, CellAlign align)
    {
        var atRight = align switch
        {
            CellAlign.Own => line.RightToLeft,
            CellAlign.Start => _rtl,
            CellAlign.End => !_rtl,
            _ => false,
        };
        var left = X(start, width);
        var x = align == CellAlign.Centre ? left + (width - line.Width) / 2
            : atRight ? left + width - line.Width : left;
        foreach (var (offset, run) in line.Runs)
        {
            marks.Add(new Mark.Text(run, x + offset, baseline));
            if (run.Style.Link is { } address)
            {
                var size = run.Style.Size;
                var area = new SKRect(
                    x + offset, baseline - size * 0.8f, x + offset + run.Width, baseline + size * 0.25f);
                marks.Add(new Mark.Link(area, address));
                marks.Add(new Mark.Line(area.Left, baseline + 1.6f, area.Right, baseline + 1.6f, 0.4f, Accent));
            }
        }
    }

    private static string Alphabetic(long number)
    {
        if (number < 1) return number.ToString();
        var letters = "";
        for (var n = number; n > 0; n = (n - 1) / 26)
            letters = (char)('a' + (n - 1) % 26) + letters;
        return letters;
    }

    /// <summary>The letters of an Arabic list, in their counting order.</summary>
    private static string Abjad(long number)
    {
        const string Letters = "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ";
        return number >= 1 && number <= Letters.Length ? Letters[(int)number - 1].ToString() : number.ToString();
    }

    private static string Roman(long number)
    {
        if (number is < 1 or > 3000) return number.ToString();
        (int Value, string Sign)[] signs = [(1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
            (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")];
        var text = "";
        foreach (var (value, sign) in signs)
            for (; number >= value; number -= value) text += sign;
        return text;
    }
}
