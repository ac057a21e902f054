using System.Text;

namespace Countersign.Documents;

/// <summary>Text that is searched in one go, with the place of each of its lines: a paragraph, or the lines of a page, across which a placeholder may break.</summary>
internal sealed class Stretch
{
    /// <summary>Roles whose text a person reads on the page; a watermark, a title and a subject are read, too.</summary>
    private static bool IsRead(Passage passage) => passage.Role is TextRole.Body or TextRole.Header or TextRole.Footer or TextRole.Footnote or TextRole.TextBox
        or TextRole.Field or TextRole.Inserted or TextRole.Watermark or TextRole.AltText
        || (passage.Role == TextRole.Metadata && passage.Label is MetadataLabels.Title or MetadataLabels.Subject)
        || (passage.Role == TextRole.MailHeader && passage.Label == "subject");

    private readonly List<(int From, Place Place)> _lines = [];

    private Stretch(TextRole role) => Role = role;

    /// <summary>The text; lines end with a line feed.</summary>
    public string Text { get; private set; } = "";

    public TextRole Role { get; }

    /// <summary>Whether the document says of itself that it is plain text, where brackets may be markup.</summary>
    public bool IsPlain { get; private init; }

    /// <summary>Everything that is read in a document, in order, as far as it is searched.</summary>
    /// <param name="document">The document.</param>
    /// <param name="unsearched">How many UTF-16 units were left out.</param>
    public static List<Stretch> Of(Document document, out long unsearched)
    {
        var all = new List<Stretch>();
        var lines = document.Kind == DocumentKind.Pdf;
        var plain = document.Kind == DocumentKind.Text || document.Kind == DocumentKind.OldText;
        Stretch? open = null;
        var text = new StringBuilder();
        long left = Residue.MostSearched;
        unsearched = 0;
        foreach (var passage in document.Passages.Where(IsRead))
        {
            if (passage.Text.Length > left)
            {
                unsearched += passage.Text.Length;
                continue;
            }
            left -= passage.Text.Length;
            if (open is null || !lines || open.Role != passage.Role || open._lines[^1].Place.Page != passage.Place.Page || text.Length > 20_000)
            {
                Close();
                open = new Stretch(passage.Role) { IsPlain = plain };
                all.Add(open);
            }
            open._lines.Add((text.Length, passage.Place));
            text.Append(Folded(passage.Text)).Append('\n');
        }
        Close();
        return all;

        void Close()
        {
            if (open is not null)
                open.Text = text.ToString();
            text.Clear();
        }
    }

    /// <summary>The place of the line in which a character stands.</summary>
    public Place At(int offset)
    {
        int low = 0, high = _lines.Count - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_lines[middle].From <= offset) low = middle;
            else high = middle - 1;
        }
        return _lines[low].Place;
    }

    /// <summary>The line in which a piece of the text stands, cut so that the piece is in it.</summary>
    public string Around(int from, int length)
    {
        var (start, end) = Bounds(from, length, 40, Residue.MostExcerpt * 2);
        if (start > 0 && start < Text.Length && char.IsLowSurrogate(Text[start])) start++;
        var cut = start > 0 && Text[start - 1] != '\n';
        return Residue.Short((cut ? "…" : "") + Text[start..Math.Max(start, end)]);
    }

    /// <summary>What stands before and after a piece of the text in its line, as far as it is near: a plain text may be one line of megabytes.</summary>
    public (string Before, string After) LineOf(int from, int length)
    {
        var (start, end) = Bounds(from, length, 400, 400);
        return (Text[start..from], Text[(from + length)..end]);
    }

    private (int Start, int End) Bounds(int from, int length, int before, int after)
    {
        var start = Math.Max(0, from - before);
        start += Text.AsSpan(start, from - start).LastIndexOf('\n') + 1;
        var end = Math.Min(Text.Length, from + length + after);
        var line = Text.AsSpan(from + length, end - from - length).IndexOf('\n');
        return (start, line < 0 ? end : from + length + line);
    }

    /// <summary>The text without what nobody sees: soft hyphens, zero-width and direction marks, tatweel and Arabic vowel marks; white space of any width as a space.</summary>
    private static string Folded(string text)
    {
        var at = 0;
        while (at < text.Length && text[at] is < '\u00A0' and not '\r') at++;
        if (at == text.Length) return text;
        var folded = new StringBuilder(text.Length).Append(text, 0, at);
        foreach (var c in text.AsSpan(at))
            if (c is '\u00A0' or '\u202F' or (>= '\u2000' and <= '\u200A') or '\u3000')
                folded.Append(' ');
            else if (c == '\r')
                folded.Append('\n');
            else if (!(c is '\u00AD' or '\u0640' or (>= '\u064B' and <= '\u065F') or '\uFEFF' or (>= '\u200B' and <= '\u200F') or (>= '\u202A' and <= '\u202E') or (>= '\u2060' and <= '\u2069')))
                folded.Append(c is >= '\u0660' and <= '\u0669' ? (char)('0' + (c - '\u0660')) : c is >= '\u06F0' and <= '\u06F9' ? (char)('0' + (c - '\u06F0')) : c);
        return folded.ToString();
    }
}
