using System.Text;
using System.Text.RegularExpressions;

namespace Countersign.Recognition;

/// <summary>A document of the corpora with its successive versions, as an office would have filed them.</summary>
/// <param name="Id">Its name, the letter's id.</param>
/// <param name="Language">Two letters, or <c>other</c>.</param>
/// <param name="Repository">Where it came from; documents of one source may share text rightly.</param>
/// <param name="Versions">Oldest first; the last is the one that would be released.</param>
/// <param name="Made">Whether the earlier versions were made here from the last, by a seeded generator.</param>
internal sealed record Filed(string Id, string Language, string Repository, IReadOnlyList<string> Versions, bool Made)
{
    /// <summary>Whether its last version was released to its addressee: half of all.</summary>
    public bool Released => (Seed(Id, "released") & 1) == 0;

    /// <summary>Whether it serves to choose the numbers (or else to report on them): half of all.</summary>
    public bool ForChoosing => (Seed(Id, "choose") & 1) == 0;

    public string Last => Versions[^1];

    public string Addressee => Id + "@addressee.example";

    public static int Seed(string id, string purpose)
    {
        unchecked
        {
            ulong h = 14695981039346656037;
            foreach (var c in id + "/" + purpose)
                h = (h ^ c) * 1099511628211;
            h ^= h >> 32;
            h *= 0x9E3779B97F4A7C15;
            return (int)(h >> 33);
        }
    }
}

/// <summary>An everyday message.</summary>
internal sealed record Mail(string Name, string Sender, string Text)
{
    public bool ForChoosing => (Filed.Seed(Name, "choose") & 1) == 0;
}

/// <summary>Loads the shared corpora.</summary>
internal static class RecogniseCorpus
{
    private static readonly string[] Languages = ["en", "nl", "de", "fr", "es", "ar"];

    public static string? Folder()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
            if (File.Exists(Path.Combine(dir.FullName, "Countersign.slnx")))
                return Directory.Exists(Path.Combine(dir.FullName, "..", "shared", "corpora")) ? Path.GetFullPath(Path.Combine(dir.FullName, "..", "shared", "corpora")) : null;
        return null;
    }

    public static List<Filed> Documents(string corpora)
    {
        var filed = new List<Filed>();
        foreach (var line in File.ReadLines(Path.Combine(corpora, "versions", "INDEX.tsv")).Skip(1))
        {
            var field = line.Split('\t');
            var folder = Path.Combine(corpora, "versions", field[0]);
            if (!Directory.Exists(folder))
                continue;
            var versions = Directory.GetFiles(folder, "v*.txt").OrderBy(f => f, StringComparer.Ordinal).Select(f => File.ReadAllText(f)).Where(t => t.Length > 200).ToList();
            if (versions.Count >= 2)
                filed.Add(new Filed(field[0], Array.IndexOf(Languages, field[1]) >= 0 ? field[1] : "other", field[2].Split('/')[0], versions, false));
        }
        var letters = new List<(string Id, string Language, string Repository, string Text)>();
        foreach (var file in Directory.GetFiles(Path.Combine(corpora, "letters"), "*", SearchOption.AllDirectories).OrderBy(f => f, StringComparer.Ordinal))
        {
            if (Path.GetExtension(file) is not (".txt" or ".md"))
                continue;
            var source = Path.GetFileName(Path.GetDirectoryName(file)!);
            var language = source == "nl-circulars" ? "nl" : source.StartsWith("diplomatic-notes-", StringComparison.Ordinal) ? source[^2..] : source.StartsWith("us-", StringComparison.Ordinal) ? "en" : "other";
            var text = File.ReadAllText(file);
            if (text.Length > 400)
                letters.Add((Path.GetFileName(file)!, language, source.StartsWith("diplomatic-notes-", StringComparison.Ordinal) ? "diplomatic-notes" : source, text));
        }
        var alike = letters.GroupBy(l => (l.Language, l.Repository)).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var (id, language, source, text) in letters)
            filed.Add(new Filed(id, language, source, Earlier(id, text, alike[(language, source)].Where(l => l.Id != id).Select(l => l.Text).ToList()), true));
        return filed;
    }

    /// <summary>Two plausible earlier versions of a letter that has only one: figures changed, sentences dropped and sentences added.</summary>
    private static string[] Earlier(string id, string last, List<string> others)
    {
        var random = new Random(Filed.Seed(id, "earlier"));
        var sentences = Sentences(last);
        string Draft(double dropped, int added, double figures)
        {
            var kept = sentences.Where(_ => random.NextDouble() >= dropped).Select(s => random.NextDouble() < figures ? OtherFigures(s, random) : s).ToList();
            for (var i = 0; i < added && others.Count > 0; i++)
            {
                var from = Sentences(others[random.Next(others.Count)]).Where(s => s.Length is > 60 and < 400).ToList();
                if (from.Count > 0)
                    kept.Insert(random.Next(kept.Count + 1), Mutate.Words(from[random.Next(from.Count)], 0.3, kept, random));
            }
            return string.Concat(kept);
        }
        return [Draft(0.15, 3, 0.6), Draft(0.05, 1, 0.2), last];
    }

    /// <summary>The text with the digits of its numbers changed.</summary>
    public static string OtherFigures(string text, Random random) =>
        Regex.Replace(text, @"\d", m => ((m.Value[0] % 10 + 1 + random.Next(9)) % 10).ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>The text with one figure changed, or null where it has none.</summary>
    public static string? OneFigure(string text, Random random)
    {
        var figures = Regex.Matches(text, @"[0-9]");
        if (figures.Count == 0)
            return null;
        var at = figures[random.Next(figures.Count)].Index;
        return text[..at] + (char)('0' + (text[at] - '0' + 1 + random.Next(9)) % 10) + text[(at + 1)..];
    }

    /// <summary>Cuts a text behind the ends of its sentences and paragraphs; together they are the text.</summary>
    public static List<string> Sentences(string text)
    {
        var cut = new List<string>();
        var from = 0;
        foreach (Match m in Regex.Matches(text, @"(?<=[.!?؟])\s+|\n\s*\n"))
        {
            cut.Add(text[from..(m.Index + m.Length)]);
            from = m.Index + m.Length;
        }
        cut.Add(text[from..]);
        return cut.Where(s => s.Length > 0).ToList();
    }

    public static List<Mail> Mails(string corpora)
    {
        var mails = new List<Mail>();
        foreach (var file in Directory.GetFiles(Path.Combine(corpora, "mailbodies"), "*.eml", SearchOption.AllDirectories).OrderBy(f => f, StringComparer.Ordinal))
        {
            using var stream = File.OpenRead(file);
            try
            {
                var message = MimeKit.MimeMessage.Load(stream);
                var text = new StringBuilder(message.Subject).Append('\n');
                foreach (var part in message.BodyParts.OfType<MimeKit.TextPart>())
                    text.Append(part.IsHtml ? HtmlText(part.Text) : part.Text).Append('\n');
                mails.Add(new Mail(Path.GetFileName(file), message.From.Mailboxes.FirstOrDefault()?.Address ?? "", text.ToString()));
            }
            catch (Exception e) when (e is FormatException or IOException or ArgumentException or NotSupportedException)
            {
                mails.Add(new Mail(Path.GetFileName(file), "", File.ReadAllText(file, Encoding.Latin1)));
            }
        }
        return mails;
    }

    public static string HtmlText(string html)
    {
        var plain = Regex.Replace(html, @"(?is)<(script|style)\b.*?</\1\s*>|<!--.*?-->", " ");
        plain = Regex.Replace(plain, @"(?i)<(?:br|/?p|/?div|/?li|/?tr|/?td|/?h\d)\b[^>]*>", "\n");
        return System.Net.WebUtility.HtmlDecode(Regex.Replace(plain, "<[^>]*>", ""));
    }
}
