using System.Text;
using System.Text.RegularExpressions;
using Countersign.Documents;

namespace Countersign.Gate;

/// <summary>What the office's letters look like: what a page must not bear that is no sealed letter.</summary>
/// <param name="Title">The office's name, as it stands at the head of its letters.</param>
/// <param name="Prefix">The prefix of its references: <c>TFN</c> in TFN-2026-0001.</param>
/// <param name="Signatories">The names of those whose approval can release a letter.</param>
/// <param name="Letterhead">Further lines of its letterhead, if any.</param>
public sealed record OfficeLook(string Title, string Prefix, IReadOnlyList<string> Signatories, IReadOnlyList<string> Letterhead);

/// <summary>A page that looks like the office's letter: which of its features it bears.</summary>
/// <param name="Part">The document's name; empty for the message itself.</param>
/// <param name="Features">The features, in words, such as "the office's letterhead".</param>
public sealed record LookAlike(string Part, IReadOnlyList<string> Features);

/// <summary>
/// Recognises what looks like the office's letter though no draft of it was ever filed, as in January 2020. One feature alone is everyday life: a
/// signature under a mail, a reference quoted in a reply. A letter bears several: the office's name at its head, a reference, a date and addressee
/// above a salutation, a signatory below.
/// </summary>
public sealed partial class LookAlikes(OfficeLook look)
{
    private const int HeadLines = 14, Weight = 4;

    private readonly string _title = Folded(look.Title);
    private readonly string[] _letterhead = [.. look.Letterhead.Select(Folded).Where(l => l.Length >= 8)];
    private readonly string[] _signatories = [.. look.Signatories.Select(Folded).Where(s => s.Length >= 5)];
    private readonly Regex _reference = new(
        $@"(?<![\p{{L}}\p{{N}}]){Regex.Escape(look.Prefix)}\s?[-–—/.]\s?\d{{4}}\s?[-–—/.]\s?\d{{3,9}}(?!\p{{N}})", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    private readonly string[] _names = [.. look.Letterhead.Prepend(look.Title).Select(m => new string(NormalText.Of(m).Letters)).Where(m => m.Length >= 2)];
    private readonly string _prefix = new(NormalText.Of(look.Prefix).Letters);

    /// <summary>Whether folded letters hold the office's name, its letterhead or one of its references anywhere: what holds none of them cannot look like its letter.</summary>
    public bool MayBear(ReadOnlySpan<char> letters)
    {
        foreach (var name in _names)
            if (letters.IndexOf(name, StringComparison.Ordinal) >= 0)
                return true;
        for (var rest = letters; _prefix.Length > 0 && rest.IndexOf(_prefix, StringComparison.Ordinal) is >= 0 and var at; rest = rest[(at + 1)..])
            if (rest[(at + _prefix.Length)..] is [>= '0' and <= '9', ..] or [' ', >= '0' and <= '9', ..]) // a prefix that ends with a digit stands apart from the year
                return true;
        return false;
    }

    /// <summary>Whether a document, or one inside it, looks like the office's letter. Sealed copies are the caller's to leave out.</summary>
    public IReadOnlyList<LookAlike> In(Document document) => [.. document.Whole().Select(In1).OfType<LookAlike>()];

    private LookAlike? In1(Document document)
    {
        // Quoted lines are an answer to a letter, not a letter.
        string[] lines = [.. document.Passages
            .Where(p => p.Role is TextRole.Body or TextRole.Header or TextRole.TextBox or TextRole.Footer or TextRole.Field or TextRole.Inserted or TextRole.Hidden)
            .SelectMany(p => p.Text.Split('\n'))
            .Select(l => l.Trim()).Where(l => l.Length > 0 && !l.StartsWith('>')).Take(4000)];
        if (lines.Length < 3)
            return null;
        var features = new List<string>();
        var weight = 0;
        void Bears(int counts, string feature)
        {
            weight += counts;
            features.Add(feature);
        }

        var salutation = Array.FindIndex(lines, 0, Math.Min(lines.Length, 40), l => l.Length <= 120 && Salutation().IsMatch(l));
        var head = lines.Take(salutation < 0 ? HeadLines : salutation).Concat(document.Passages.Where(p => p.Role == TextRole.Header).Select(p => p.Text)).Select(Folded).ToArray();
        if (_title.Length >= 3 && head.Any(l => l.Length <= _title.Length + 40 && Holds(l, _title)) || _letterhead.Any(l => head.Any(h => Holds(h, l))))
            Bears(2, "the office's letterhead");
        if (lines.Take(HeadLines * 2).Any(l => l.Length <= 80 && _reference.IsMatch(l)))
            Bears(2, "a reference of the office");
        if (lines.Take(salutation > 0 ? salutation : HeadLines).Any(l => l.Length <= 60 && DateLine().IsMatch(l)))
            Bears(1, "a date above the text");
        if (salutation >= 0)
            Bears(1, "a salutation");
        var tail = lines.Skip(Math.Max(salutation + 1, 2)).Select(Folded).Where(l => l.Length <= 100).ToArray();
        if (tail.Any(l => _signatories.Any(s => Holds(l, s))) || tail.Any(l => _title.Length >= 3 && Holds(l, _title) && l.Length > _title.Length + 6))
            Bears(1, "a signatory of the office below it");
        // Without the office's own head or reference it is anybody's letter.
        var ours = features.Contains("the office's letterhead") || features.Contains("a reference of the office");
        return ours && weight >= Weight ? new LookAlike(document.Name, features) : null;
    }

    /// <summary>Whether a folded line holds folded words as words.</summary>
    private static bool Holds(string line, string words)
    {
        var at = line.IndexOf(words, StringComparison.Ordinal);
        return at >= 0 && (at == 0 || line[at - 1] == ' ') && (at + words.Length == line.Length || line[at + words.Length] == ' ');
    }

    /// <summary>Letters and digits in their matching form (see <see cref="NormalText"/>), words apart by one blank.</summary>
    private static string Folded(string text)
    {
        var normal = NormalText.Of(text);
        var folded = new StringBuilder(normal.Letters.Length + 16);
        var starts = normal.WordStarts;
        for (var i = 0; i < starts.Length; i++)
        {
            var end = i + 1 < starts.Length ? starts[i + 1] : normal.Letters.Length;
            folded.Append(folded.Length == 0 ? "" : " ").Append(normal.Letters[starts[i]..end]);
        }
        return folded.ToString();
    }

    [GeneratedRegex(@"^(dear|sir|madam|sirs|excellency|your excellency|gentlemen|to whom|geachte|beste|hooggeachte|excellentie|mijne heren|monsieur|madame|messieurs|excellence|cher|chère|sehr geehrte|exzellenz|estimado|estimada|excelentísimo|السيد|السيدة|معالي|سعادة|حضرة|تحية|صاحب)(?![\p{L}])",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Salutation();

    [GeneratedRegex(@"(?<!\p{N})((0?[1-9]|[12]\d|3[01])\.?\s+(de\s+)?\p{L}{3,12}\.?,?\s+(de\s+)?(19|20)\d\d|\p{L}{3,12}\s+(0?[1-9]|[12]\d|3[01]),?\s+(19|20)\d\d|(19|20)\d\d-\d\d-\d\d|(0?[1-9]|[12]\d|3[01])[-./](0?[1-9]|1[0-2])[-./](19|20)\d\d|[\u0660-\u0669]{1,2}\s+\p{L}+\s+[\u0660-\u0669]{4})(?!\p{N})",
        RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DateLine();
}
