using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Countersign.Recognition;

/// <summary>What happens to a text on its way out. All are seeded: the same text comes out the same.</summary>
internal static class Mutate
{
    /// <summary>A share of the words changed: of these 70 % replaced by other words of the language, 15 % dropped, 15 % joined by another word.</summary>
    public static string Words(string text, double share, IReadOnlyList<string> vocabulary, Random random)
    {
        var words = vocabulary.Count > 0 && vocabulary[0].Contains(' ', StringComparison.Ordinal) ? vocabulary.SelectMany(v => v.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)).ToArray() : vocabulary;
        var s = new StringBuilder(text.Length + 64);
        foreach (var token in Regex.Split(text, @"(\s+)"))
        {
            if (token.Length == 0 || char.IsWhiteSpace(token[0]) || random.NextDouble() >= share || words.Count == 0)
            {
                s.Append(token);
                continue;
            }
            var how = random.NextDouble();
            var other = words[random.Next(words.Count)];
            if (how < 0.70)
                s.Append(other);
            else if (how >= 0.85)
                s.Append(token).Append(' ').Append(other);
        }
        return s.ToString();
    }

    /// <summary>Paragraphs set again in lines of at most so many characters.</summary>
    public static string Wrap(string text, int width, string prefix)
    {
        var s = new StringBuilder();
        foreach (var paragraph in Regex.Split(text.Replace("\r", "", StringComparison.Ordinal), @"\n\s*\n"))
        {
            var line = new StringBuilder(prefix);
            foreach (var word in paragraph.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (line.Length > prefix.Length && line.Length + 1 + word.Length > width)
                {
                    s.Append(line).Append('\n');
                    line.Clear().Append(prefix);
                }
                if (line.Length > prefix.Length)
                    line.Append(' ');
                line.Append(word);
            }
            s.Append(line).Append('\n').Append(prefix).Append('\n');
        }
        return s.ToString();
    }

    public static string Quoted(string text, string reply) =>
        reply + "\n\nOn Tue, 6 Jan 2026 at 10:14, the office wrote:\n" + Wrap(text, 72, "> ");

    /// <summary>A third of the text: the first, the middle or the last.</summary>
    public static string Page(string text, Random random)
    {
        var third = text.Length / 3;
        var at = random.Next(3) * third;
        return text.Substring(Boundary(text, at), Math.Min(third, text.Length - Boundary(text, at)));
    }

    private static int Boundary(string text, int at)
    {
        if (at == 0)
            return 0;
        var space = text.IndexOf(' ', at);
        return space < 0 || space - at > 60 ? at : space + 1;
    }

    /// <summary>As text comes out of a PDF: lines broken and hyphenated, ligatures, a running head and foot on every page.</summary>
    public static string Pdf(string text, Random random)
    {
        var s = new StringBuilder();
        var line = 0;
        var page = 1;
        foreach (var set in Wrap(text, 84, "").Split('\n'))
        {
            var l = set.Replace("ffi", "ﬃ", StringComparison.Ordinal).Replace("fi", "ﬁ", StringComparison.Ordinal).Replace("fl", "ﬂ", StringComparison.Ordinal);
            var last = l.LastIndexOf(' ');
            var tail = l[(last + 1)..];
            if (tail.Length > 6 && tail.All(char.IsLetter) && random.NextDouble() < 0.3)
                l = l[..(last + 1 + tail.Length / 2)] + "-\n" + tail[(tail.Length / 2)..];
            s.Append(l).Append('\n');
            if (++line % 46 == 0)
            {
                s.Append(CultureInfo.InvariantCulture, $"\n{page} / 9\n\f\nMinistry of General Affairs\nOur reference 2026-{page:000}\n\n");
                page++;
            }
        }
        return s.ToString();
    }

    /// <summary>Through HTML: entities, inline marks inside words, tables and breaks, read back as plain text.</summary>
    public static string Html(string text, Random random)
    {
        var s = new StringBuilder("<html><body>");
        foreach (var paragraph in Regex.Split(text, @"\n\s*\n"))
        {
            s.Append("<p class=x>");
            foreach (var c in paragraph)
            {
                if (c > 127 || c is '<' or '>' or '&' or '"')
                    s.Append(random.Next(2) == 0 ? WebUtility.HtmlEncode(c.ToString()) : string.Create(CultureInfo.InvariantCulture, $"&#{(int)c};"));
                else
                    s.Append(c);
                if (random.Next(60) == 0)
                    s.Append("<b>").Append("</b>");
            }
            s.Append("</p>\r\n");
        }
        return RecogniseCorpus.HtmlText(Regex.Replace(s.ToString(), @"&#(\d+);&#(\d+);", m =>
            char.IsHighSurrogate((char)int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))
                ? string.Create(CultureInfo.InvariantCulture, $"&#{char.ConvertToUtf32((char)int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture), (char)int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture))};")
                : m.Value));
    }

    /// <summary>As a word processor keeps it: one line a paragraph, curly quotes, non-breaking spaces and hyphens, long dashes.</summary>
    public static string Docx(string text, Random random)
    {
        var s = string.Join('\n', Regex.Split(text, @"\n\s*\n").Select(p => Regex.Replace(p, @"\s+", " ")));
        return Regex.Replace(s, "[ '\"-]", m => m.Value switch
        {
            " " => random.Next(12) == 0 ? "\u00A0" : " ",
            "'" => "\u2019",
            "\"" => random.Next(2) == 0 ? "\u201C" : "\u201D",
            _ => random.Next(2) == 0 ? "\u2011" : "-",
        });
    }

    /// <summary>Two in a hundred letters replaced, dropped or doubled by another, as bad scans are read.</summary>
    public static string Noise(string text, double share, Random random)
    {
        var letters = text.Where(char.IsLetter).Take(4000).ToArray();
        var s = new StringBuilder(text.Length + 64);
        foreach (var c in text)
        {
            if (char.IsWhiteSpace(c) || random.NextDouble() >= share)
            {
                s.Append(c);
                continue;
            }
            var other = letters[random.Next(letters.Length)];
            switch (random.Next(3))
            {
                case 0: s.Append(other); break;
                case 1: s.Append(c).Append(other); break;
                default: break;
            }
        }
        return s.ToString();
    }

    private static readonly Dictionary<char, string> Alike = new()
    {
        ['a'] = "аɑ",
        ['c'] = "сϲ",
        ['e'] = "е",
        ['i'] = "і",
        ['j'] = "ј",
        ['o'] = "оο",
        ['p'] = "рρ",
        ['s'] = "ѕ",
        ['x'] = "х",
        ['y'] = "у",
        ['A'] = "АΑ",
        ['B'] = "ВΒ",
        ['E'] = "ЕΕ",
        ['H'] = "НΗ",
        ['I'] = "ІΙ",
        ['K'] = "КΚ",
        ['M'] = "МΜ",
        ['N'] = "Ν",
        ['O'] = "ОΟ",
        ['P'] = "РΡ",
        ['S'] = "Ѕ",
        ['T'] = "ТΤ",
        ['X'] = "ХΧ",
        ['n'] = "ｎ",
        ['t'] = "ｔ",
        ['r'] = "ｒ",
        ['ك'] = "ک",
        ['ي'] = "ی",
        ['ه'] = "ﻩ",
        ['م'] = "ﻡ",
        ['ا'] = "ﺍ",
        ['د'] = "ﺩ",
        ['а'] = "a",
        ['е'] = "e",
        ['о'] = "o",
        ['р'] = "p",
        ['с'] = "c",
    };

    /// <summary>A third of the letters that have a look-alike replaced by it; Arabic ones also stretched and vowelled.</summary>
    public static string Homoglyphs(string text, Random random)
    {
        var s = new StringBuilder(text.Length + 64);
        foreach (var c in text)
        {
            if (random.Next(3) == 0 && Alike.TryGetValue(c, out var alike))
                s.Append(alike[random.Next(alike.Length)]);
            else
                s.Append(c);
            if (c is >= 'ب' and <= 'ي' && random.Next(8) == 0)
                s.Append(random.Next(2) == 0 ? 'ـ' : 'َ');
        }
        return s.ToString();
    }

    /// <summary>Invisible characters between a third of the letters.</summary>
    public static string ZeroWidth(string text, Random random)
    {
        const string invisible = "\u200B\u200C\u200D\u2060\uFEFF\u00AD\u200E\u202A";
        var s = new StringBuilder(text.Length * 4 / 3);
        foreach (var c in text)
        {
            s.Append(c);
            if (!char.IsHighSurrogate(c) && random.Next(3) == 0)
                s.Append(invisible[random.Next(invisible.Length)]);
        }
        return s.ToString();
    }

    /// <summary>Capitals throughout, other punctuation, no line breaks.</summary>
    public static string CaseAndPunctuation(string text, Random random)
    {
        var upper = random.Next(2) == 0;
        var s = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var betweenDigits = i > 0 && i + 1 < text.Length && char.IsDigit(text[i - 1]) && char.IsDigit(text[i + 1]);
            if (char.IsPunctuation(c) && !betweenDigits)
                s.Append(random.Next(3) switch { 0 => " ", 1 => c.ToString(), _ => " – " });
            else
                s.Append(upper ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
        }
        return s.ToString();
    }

    public static string ShuffledParagraphs(string text, Random random)
    {
        var paragraphs = Regex.Split(text, @"\n\s*\n");
        if (paragraphs.Length < 3)
            paragraphs = [.. RecogniseCorpus.Sentences(text)];
        random.Shuffle(paragraphs);
        return string.Join("\n\n", paragraphs);
    }
}
