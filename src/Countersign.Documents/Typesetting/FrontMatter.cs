using System.Globalization;

namespace Countersign.Documents.Typesetting;

/// <summary>
/// The block between two lines of three hyphens at the top of a letter. A value goes on in the indented lines below its
/// key; "to" may come several times, and in "to" and "enclosures" a semicolon ends a line as a line's end does.
/// </summary>
internal sealed record FrontMatter(LetterParts Parts, bool Numbered)
{
    public static readonly string[] Keys =
        ["to", "date", "reference", "subject", "language", "from", "role", "place", "kind", "enclosures", "numbered"];

    /// <summary>Splits a letter into its front matter and its body.</summary>
    public static (FrontMatter Matter, string Body) Split(string letter)
    {
        var lines = letter.Split('\n');
        if (lines[0].TrimEnd() != "---")
            return (new FrontMatter(new LetterParts(), false), letter);
        var end = Array.FindIndex(lines, 1, line => line.TrimEnd() is "---" or "...");
        if (end < 0)
            throw new LetterRefusedException("letter.front-matter-open",
                "The letter begins with a line of three hyphens, but no second one ends its front matter.",
                "End the front matter with a line of three hyphens, or begin the letter with its text.");
        var values = Read(lines.AsSpan(1, end - 1));
        // The body keeps its line numbers, so that a complaint names the line that the author sees.
        return (Understand(values), new string('\n', end + 1) + string.Join('\n', lines[(end + 1)..]));
    }

    private static List<(string Key, List<string> Lines)> Read(ReadOnlySpan<string> lines)
    {
        var values = new List<(string Key, List<string> Lines)>();
        for (var i = 0; i < lines.Length; i++)
        {
            var line = Characters.Checked(lines[i].TrimEnd(), $"Line {i + 2}");
            if (line.Length == 0 || line[0] == '#') continue;
            if (line[0] is ' ' or '\t' || (line.StartsWith("- ", StringComparison.Ordinal) && values.Count > 0))
            {
                if (values.Count == 0)
                    throw Malformed(i, line);
                var item = line.Trim();
                values[^1].Lines.Add(item.StartsWith("- ", StringComparison.Ordinal) ? item[2..].Trim() : item);
                continue;
            }
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
                throw Malformed(i, line);
            var key = line[..colon].Trim().ToLowerInvariant();
            if (!Keys.Contains(key))
                throw new LetterRefusedException("letter.unknown-key",
                    $"Line {i + 2} of the letter says “{Short(
                        line[..colon].Trim())}”, which its front matter does not know.",
                    $"Did you mean “{Closest(key)}”? The keys are {string.Join(", ", Keys)}.");
            if (key != "to" && values.Any(v => v.Key == key))
                throw new LetterRefusedException("letter.key-twice",
                    $"Line {i + 2} of the letter says “{key}” a second time.", "Keep one of the two lines.");
            values.Add((key, [Unquoted(line[(colon + 1)..].Trim())]));
        }
        return values;
    }

    private static FrontMatter Understand(List<(string Key, List<string> Lines)> values)
    {
        string? One(string key) => values.Where(v => v.Key == key)
            .Select(v => string.Join(' ', v.Lines.Where(l => l.Length > 0))).FirstOrDefault(v => v.Length > 0);
        string[] Lines(List<string> lines) => [.. lines
            .SelectMany(l => l.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        var to = values.Where(v => v.Key == "to").Select(v => string.Join('\n', Lines(v.Lines))).Where(v =>
            v.Length > 0).ToArray();
        var enclosures = values.Where(v => v.Key == "enclosures").SelectMany(v => Lines(v.Lines)).ToArray();
        var parts = new LetterParts
        {
            Reference = One("reference"),
            Addressees = to.Length == 0 ? null : to,
            Date = One("date") is { } date ? ReadDate(date) : null,
            Place = One("place"),
            Subject = One("subject"),
            Language = One("language"),
            Kind = One("kind"),
            From = One("from"),
            Role = One("role"),
            Enclosures = enclosures.Length == 0 ? null : enclosures,
        };
        var numbered = One("numbered")?.ToLowerInvariant() switch
        {
            null or "false" or "no" => false,
            "true" or "yes" => true,
            var other => throw new LetterRefusedException("letter.bad-numbered",
                $"The front matter says “numbered: {Short(other)}”.", "Write “numbered: true” or leave the line out."),
        };
        return new FrontMatter(parts, numbered);
    }

    private static DateOnly ReadDate(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : throw new LetterRefusedException("letter.bad-date",
                $"The front matter's date “{Short(text)}” is not a day of the calendar.",
                "Write it as year-month-day, for example 2020-01-06.");

    private static string Unquoted(string value) =>
        value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0] && value.Length >= 2
            ? value[1..^1].Trim() : value;

    private static LetterRefusedException Malformed(int index, string line) => new("letter.front-matter-line",
        $"Line {index + 2} of the letter, “{Short(line)}”, stands in its front matter but is no “key: value”.",
        "Write it as “key: value”, or indent it if it continues the value above.");

    private static string Short(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 57), "…");

    private static string Closest(string key)
    {
        string[] synonyms = ["title:subject", "re:subject", "ref:reference", "lang:language", "addressee:to",
            "recipient:to",
            "signed:from", "name:from", "author:from", "function:role", "city:place", "type:kind",
                "annexes:enclosures", "attachments:enclosures"];
        foreach (var pair in synonyms)
            if (pair.Split(':') is [var said, var meant] && (key == said || key == said + "s"))
                return meant;
        return Keys.MinBy(known => Distance(key.Length > 40 ? key[..40] : key, known))!;
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[^1];
    }
}
