using System.Text;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Countersign.Documents.Typesetting;

/// <summary>
/// Reads a letter's Markdown body. Raw HTML is not markup here: it is shown as the text it is, comments included, so
/// that
/// nothing an author wrote goes missing in print. What a letter cannot hold is refused with the line it stands on.
/// </summary>
internal static class BodyReader
{
    private const int MostDepth = 6, MostInlineDepth = 40, MostColumns = 12, MostBrackets = 4000;

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePipeTables().DisableHtml()
        .Build();

    public static IReadOnlyList<Block> Read(string markdown)
    {
        CheckBrackets(markdown);
        MarkdownDocument document;
        try
        {
            document = Markdown.Parse(markdown, Pipeline);
        }
        catch (ArgumentException) // Markdig's answer to nesting beyond its bound
        {
            throw TooDeep(null);
        }
        return ReadBlocks(document, 0);
    }

    /// <summary>Markdig's time grows with the square of the opening brackets in one stretch of lines.</summary>
    private static void CheckBrackets(string markdown)
    {
        var line = 1;
        foreach (var stretch in markdown.Split("\n\n"))
        {
            if (stretch.AsSpan().Count('[') > MostBrackets)
                throw new LetterRefusedException("letter.nesting",
                    $"The lines from line {line} on hold more than {MostBrackets} opening brackets without an empty line.",
                    "Part them with empty lines, or send them as an enclosure.");
            line += stretch.AsSpan().Count('\n') + 2;
        }
    }

    private static List<Block> ReadBlocks(ContainerBlock container, int depth)
    {
        if (depth > MostDepth) throw TooDeep(container);
        var blocks = new List<Block>();
        foreach (var block in container)
            switch (block)
            {
                case HeadingBlock heading:
                    blocks.Add(new Block.Heading(Math.Min(heading.Level, 3), ReadInlines(heading.Inline, heading)));
                    break;
                case ParagraphBlock paragraph:
                    if (ReadInlines(paragraph.Inline, paragraph) is { Length: > 0 } text)
                        blocks.Add(new Block.Paragraph(text));
                    break;
                case ListBlock list:
                    blocks.Add(ReadList(list, depth));
                    break;
                case QuoteBlock quote:
                    blocks.Add(new Block.Quote(ReadBlocks(quote, depth + 1)));
                    break;
                case Table table:
                    blocks.Add(ReadTable(table));
                    break;
                case CodeBlock code:
                    blocks.Add(new Block.Verbatim(ReadVerbatim(code)));
                    break;
                case ThematicBreakBlock:
                    blocks.Add(new Block.Rule());
                    break;
                case LinkReferenceDefinitionGroup group when group.Count > 0:
                    throw new LetterRefusedException("letter.link-definition",
                        $"Line {group[0].Line
                            + 1} defines a link apart from its text; such a line would not be printed.",
                        "Write the link in its place: [text](https://…), or put a backslash before the first bracket.");
                case LinkReferenceDefinitionGroup or BlankLineBlock:
                    break;
                default:
                    throw new LetterRefusedException("letter.unknown-element",
                        $"Line {block.Line + 1} holds something that a letter cannot show.",
                            "Write it as plain paragraphs.");
            }
        return blocks;
    }

    private static Block.List ReadList(ListBlock list, int depth)
    {
        var first = list.IsOrdered && int.TryParse(list.OrderedStart, out var start) ? start : 1;
        var items = new List<IReadOnlyList<Block>>();
        foreach (var item in list.OfType<ListItemBlock>())
            items.Add(ReadBlocks(item, depth + 1));
        return new Block.List(list.IsOrdered, first, items);
    }

    private static Block.Table ReadTable(Table table)
    {
        var rows = new List<IReadOnlyList<StyledText>>();
        var headers = 0;
        foreach (var row in table.OfType<TableRow>())
        {
            if (row.IsHeader && headers == rows.Count) headers++;
            var cells = new List<StyledText>();
            foreach (var cell in row.OfType<TableCell>())
            {
                var text = new StyledText();
                foreach (var leaf in cell.OfType<LeafBlock>())
                {
                    if (text.Length > 0) text.Add("\n", Plain);
                    foreach (var (piece, style) in Pieces(ReadInlines(leaf.Inline, leaf)))
                        text.Add(piece, style);
                }
                cells.Add(text);
            }
            rows.Add(cells);
        }
        var columns = rows.Max(r => r.Count);
        if (columns > MostColumns)
            throw new LetterRefusedException("letter.table-too-wide",
                $"The table on line {table.Line
                    + 1} has {columns} columns; a letter's page holds at most {MostColumns}.",
                "Split the table, or send it as an enclosure.");
        var aligns = Enumerable.Range(0, columns).Select(c =>
            c >= table.ColumnDefinitions.Count ? CellAlign.Start : table.ColumnDefinitions[c].Alignment switch
            {
                TableColumnAlign.Center => CellAlign.Centre,
                TableColumnAlign.Right => CellAlign.End,
                _ => CellAlign.Start,
            });
        return new Block.Table(rows, headers, [.. aligns]);
    }

    private static List<StyledText> ReadVerbatim(CodeBlock code)
    {
        var lines = new List<StyledText>();
        if (code is FencedCodeBlock { Info: { Length: > 0 } info })
            lines.Add(new StyledText(Characters.Checked(info, $"Line {code.Line + 1}"), Plain));
        for (var i = 0; i < code.Lines.Count; i++)
            lines.Add(new StyledText(Characters.Checked(code.Lines.Lines[i].Slice.ToString(),
                $"Line {code.Line + i + 1}"), Plain));
        return lines;
    }

    private static readonly TextStyle Plain = new(1);

    private static IEnumerable<(string, TextStyle)> Pieces(StyledText text)
    {
        var whole = text.Text;
        for (var i = 0; i < text.Styles.Count; i++)
        {
            var end = i + 1 < text.Styles.Count ? text.Styles[i + 1].Start : whole.Length;
            yield return (whole[text.Styles[i].Start..end], text.Styles[i].Style);
        }
    }

    private static StyledText ReadInlines(ContainerInline? inlines, Markdig.Syntax.Block block)
    {
        var text = new StyledText();
        if (inlines is not null)
            ReadInlines(inlines, Plain, text, $"Line {block.Line + 1}", 0);
        return text;
    }

    private static void ReadInlines(ContainerInline inlines, TextStyle style, StyledText text, string where, int depth)
    {
        if (depth > MostInlineDepth)
            throw new LetterRefusedException("letter.nesting",
                $"{where} begins a paragraph whose emphasis nests too deeply.",
                "Remove some of the asterisks or underscores.");
        foreach (var inline in inlines)
            switch (inline)
            {
                case LiteralInline literal:
                    text.Add(Dashes(Characters.Checked(literal.Content.ToString(), where)), style);
                    break;
                case HtmlEntityInline entity:
                    text.Add(Characters.Checked(entity.Transcoded.ToString(), where).Replace('\n', ' '), style);
                    break;
                case CodeInline code:
                    text.Add(Characters.Checked(code.Content.ToString(), where).Replace('\n', ' '), style);
                    break;
                case LineBreakInline line:
                    text.Add(line.IsHard ? "\n" : " ", style);
                    break;
                case AutolinkInline link:
                    text.Add(Characters.Checked(link.Url, where),
                        style with { Link = Address(link.IsEmail ? "mailto:" + link.Url : link.Url) });
                    break;
                case LinkInline { IsImage: true } image:
                    throw new LetterRefusedException("letter.image",
                        $"{where} begins a paragraph with the picture “{Shortened(
                            image.Url)}”; letters are set without pictures.",
                        "Remove the picture, or send it as an enclosure.");
                case LinkInline link:
                    ReadLink(link, style, text, where, depth);
                    break;
                case EmphasisInline { DelimiterCount: >= 2 } strong:
                    ReadInlines(strong, style with { Bold = true }, text, where, depth + 1);
                    break;
                case EmphasisInline emphasis:
                    ReadInlines(emphasis, style with { Italic = true }, text, where, depth + 1);
                    break;
                case DelimiterInline delimiter:
                    text.Add(Characters.Checked(delimiter.ToLiteral(), where), style);
                    ReadInlines(delimiter, style, text, where, depth + 1);
                    break;
                case ContainerInline container:
                    ReadInlines(container, style, text, where, depth + 1);
                    break;
                default:
                    throw new LetterRefusedException("letter.unknown-element",
                        $"{where} begins a paragraph with something that a letter cannot show.",
                            "Write it as plain text.");
            }
    }

    /// <summary>A link is its text; what a printed page would hide (an odd address, a title) is printed after
    /// it.</summary>
    private static void ReadLink(LinkInline link, TextStyle style, StyledText text, string where, int depth)
    {
        var address = Address(link.Url);
        var before = text.Length;
        ReadInlines(link, style with { Link = address ?? style.Link }, text, where, depth + 1);
        var rest = new StringBuilder();
        if (text.Length == before && link.Url is { Length: > 0 }) rest.Append(link.Url);
        else if (address is null && link.Url is { Length: > 0 }) rest.Append(" (").Append(link.Url).Append(')');
        if (link.Title is { Length: > 0 } title) rest.Append(" (").Append(title).Append(')');
        text.Add(Characters.Checked(rest.ToString(), where).Replace('\n', ' '), style);
    }

    /// <summary>An address for a Link annotation: http, https or mailto, printable ASCII; null for all
    /// others.</summary>
    private static string? Address(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "mailto"
        && uri.AbsoluteUri is { Length: <= 2000 } absolute && absolute.All(c => c is > ' ' and <= '~') ? absolute
            : null;

    private static string Dashes(string text) => text.Replace(" -- ", " – ", StringComparison.Ordinal);

    private static string Shortened(string? text) => text is null ? "" : text.Length <= 60 ? text : string.Concat(
        text.AsSpan(0, 57), "…");

    private static LetterRefusedException TooDeep(Markdig.Syntax.Block? block) => new("letter.nesting",
        (block is null ? "The letter" : $"Line {block.Line + 1}")
            + $" nests lists or quotations more than {MostDepth} deep.",
        "Write it with fewer levels.");
}
