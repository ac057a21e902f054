using System.Text;
using System.Text.RegularExpressions;

namespace Countersign.GateBench;

/// <summary>
/// Makes texts of real words, each its own: the same number gives the same text. Drafts and everyday mail take their words from two halves of the vocabulary, and words are short, so that mail
/// hardly ever shares sixteen letters with a draft by chance; stock sentences are the exception, and stand in many drafts.
/// </summary>
internal sealed partial class Words
{
    /// <summary>What offices write under every second letter. Each draft has one; nobody freed them.</summary>
    private static readonly string[] s_stock =
    [
        "Please do not hesitate to contact the undersigned should you have any further questions about this matter.",
        "I would be grateful if you could confirm receipt of this letter at your earliest convenience.",
        "We look forward to continuing the excellent cooperation between our two organisations in the coming year.",
        "The office avails itself of this opportunity to renew the assurances of its highest consideration.",
        "A copy of this letter has been sent to the other parties concerned for their information.",
        "The attached annex forms an integral part of this letter and should be read together with it.",
        "Any change to the arrangements described above will be communicated to you in writing without delay.",
        "This letter does not affect the rights and obligations of the parties under existing agreements.",
        "Your point of contact for all practical questions remains the duty officer of our operations centre.",
        "We thank you once more for the hospitality that our delegation enjoyed during its recent visit.",
    ];

    private readonly string[][] _halves;

    private Words(string[] words, string from)
    {
        From = from;
        _halves = [.. words.GroupBy(w => Seed(w) & 1).OrderBy(g => g.Key).Select(g => g.ToArray())];
    }

    /// <summary>What the words come from.</summary>
    public string From { get; }

    public int Count => _halves.Sum(h => h.Length);

    /// <summary>The English letters and documents of a folder of corpora; where there is none, the repository's own texts.</summary>
    public static Words Of(string? corpora)
    {
        var files = corpora is null
            ? Directory.GetFiles(Path.Combine(Programs.Repository, "docs"), "*.md", SearchOption.AllDirectories)
            : [.. Directory.GetFiles(corpora, "*.txt", SearchOption.AllDirectories).Where(f => EnglishText().IsMatch(f[corpora.Length..]))];
        var words = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
            foreach (Match word in Word().Matches(File.ReadAllText(file)))
                words.Add(word.Value.ToLowerInvariant());
        return words.Count >= 1000
            ? new Words([.. words], corpora is null ? "this repository's documents" : "English letters and documents of the corpora")
            : throw new InvalidOperationException($"{corpora} has too few English texts for a vocabulary.");
    }

    /// <summary>A draft of about 300 words, one of its sentences from stock.</summary>
    public string Draft(int number)
    {
        var random = new Random(Mix(number, 1));
        var text = new StringBuilder();
        Sentences(text, random, _halves[0], 290);
        text.Append(s_stock[number % s_stock.Length]);
        return text.ToString();
    }

    /// <summary>A text of everyday mail.</summary>
    public string Mail(int number, int words)
    {
        var text = new StringBuilder();
        Sentences(text, new Random(Mix(number, 2)), _halves[1], words);
        return text.ToString();
    }

    /// <summary>Five words of a draft: a fingerprint or two, and far from a leak.</summary>
    public string Passage(int number) => string.Join(' ', Draft(number).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[60..65]);

    /// <summary>A sentence that stands in a tenth of all drafts.</summary>
    public static string Stock(int number) => s_stock[number % s_stock.Length];

    private static void Sentences(StringBuilder text, Random random, string[] words, int count)
    {
        for (var sentence = 0; count > 0; sentence++)
        {
            var length = Math.Min(count, random.Next(8, 21));
            count -= length;
            for (var i = 0; i < length; i++)
            {
                var word = words[random.Next(words.Length)];
                text.Append(i == 0 ? char.ToUpperInvariant(word[0]) + word[1..] : word);
                text.Append(i == length - 1 ? "." : random.Next(12) == 0 ? ", " : " ");
            }
            text.Append(sentence % 5 == 4 ? "\n\n" : " ");
        }
    }

    private static int Mix(int number, int purpose) => unchecked((number * 31 + purpose) * (int)0x9E3779B1);

    private static uint Seed(string word)
    {
        unchecked
        {
            var hash = 2166136261;
            foreach (var c in word)
                hash = (hash ^ c) * 16777619;
            return hash ^ (hash >> 15);
        }
    }

    [GeneratedRegex(@"\b[A-Za-z][a-z]{2,7}\b", RegexOptions.CultureInvariant)]
    private static partial Regex Word();

    [GeneratedRegex(@"^/(letters/(us-|diplomatic-notes-en)|versions/en-)", RegexOptions.CultureInvariant)]
    private static partial Regex EnglishText();
}
