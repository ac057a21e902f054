using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Countersign.Documents;

public static partial class Residue
{
    /// <summary>How far the letter's date may lie before or after today, in days.</summary>
    public const int MostDaysPast = 31, MostDaysAhead = 31;

    /// <summary>The lines in which a letter has its date, addressees, reference and subject.</summary>
    private const int HeadLines = 60;

    private static readonly Regex SubjectLabel = new(
        @"^(?:subject|subj|re|regarding|onderwerp|betreft|betr\.?|betreff|objet|concerne|asunto|الموضوع)[ \t]*[:.\u061B][ \t]*|^(?:subject|onderwerp|betreft|betreff|objet|asunto|الموضوع)[ \t]*$", AnyCase);

    private static readonly Regex ReferenceLabel = new(
        @"^(?:our |your )?(?:ref|reference|our ref|ons kenmerk|kenmerk|referentie|zaaknummer|référence|nos? réf|geschäftszeichen|aktenzeichen|referencia|nuestra referencia|المرجع)[ \t.]*[:.]?", AnyCase);

    private static readonly Regex TheirReference = new(@"^(?:your|uw|votre|v/réf|ihr|su) ", AnyCase);

    private static readonly Regex Salutation = new(@"^(?:dear|geachte|beste|cher|chère|sehr geehrte[rs]?|estimad[oa]|excelencia|hochverehrter)[ \t]+(?<who>[^,:!\n]+)[,:.!]?[ \t]*$", AnyCase);

    private static readonly Regex Reference = new(@"\b[A-Z0-9]{1,16}-[0-9]{4}-[0-9]{4,9}\b", Linear);

    private static readonly Regex Closing = new(
        @"\bsincerely\b|\b(?:yours|very) (?:faithfully|truly|respectfully)\b|\brespectfully\b|\b(?:kind|best|warm) regards\b|\bwith regards\b|\bhighest consideration\b|\bfor the (?:minister|commander|secretary|government|director)\b|\(signed\)|\(sgd\.?\)|^/s/|\bon behalf of\b"
        + @"|\bhoogachtend\b|\bmet (?:vriendelijke |hartelijke |beleefde )?groet(?:en)?\b|\bvriendelijke groet(?:en)?\b|\bzeer bijzondere hoogachting\b|\bhoogachting\b|\bnamens (?:de|het|deze)\b|\bw\.g\.|\(w\.g\.\)|^de (?:minister|staatssecretaris|commandant|directeur|secretaris|burgemeester)\b"
        + @"|\bveuillez (?:agréer|recevoir|croire)\b|\bje vous prie d['’](?:agréer|accepter)\b|\bsalutations (?:distinguées|cordiales|respectueuses)\b|\bcordialement\b|\bhaute considération\b|\(signé\)|\(s\.\)|^pour le ministre\b"
        + @"|\bmit (?:freundlichen|besten|vorzüglichen) grüßen\b|\bmit freundlichen gruessen\b|\bhochachtungsvoll\b|\bhochachtung\b|\bgez\.|^im auftrag\b|^i\. ?a\.|^i\. ?v\.|^in vertretung\b"
        + @"|\batentamente\b|\bcordial(?:es)? saludos?\b|\bun saludo\b|\bsaludos\b|\bdistinguida consideración\b|\balta consideración\b|\(fdo\.?\)|\bfdo\.|\(firmado\)"
        + @"|وتفضلوا بقبول|تفضلوا بقبول|مع خالص التحية|فائق الاحترام|وتقبلوا", AnyCase);

    private static readonly Regex Office = new(
        @"\b(?:general|admiral|colonel|lieutenant|major|captain|commander|commanding|commandant|generaal|kolonel|kapitein|majoor|minister|secretary|staatssecretaris|secretaris|director|directeur|directrice|"
        + @"ambassador|ambassadeur|botschafter|embajador|chargé d['’]affaires|chief of staff|chief|chef|president|présidente?|präsident|presidente|voorzitter|chair|head of|hoofd|burgemeester|mayor|maire|bürgermeister|alcalde|"
        + @"deputy|adviser|advisor|officer|manager|coordinator|judge|prosecutor|attorney|counsel|consul|historian|specialist|professor|hoofdingenieur|oberst|brigadier|sergeant)\b|وزير|سفير|مدير|لواء|عميد|قائد|رئيس", AnyCase);

    private static readonly Regex Initial = new(@"\b\p{Lu}\.", Linear);

    private static readonly HashSet<string> Titles = Set("""
        dear sir sirs madam mr mrs ms mx dr prof professor general lieutenant brigadier major colonel captain commander admiral minister ministers secretary ambassador excellency
        excellencies your his her honourable honorable hon rt right director president chair chairman chairperson members member colleague colleagues all team friends customer friend
        the of and or to whom it may concern prime deputy state
        geachte beste heer mevrouw mw dhr drs ir mr prof excellentie minister staatssecretaris voorzitter leden collega collega's generaal kolonel de van der den het en of heren dames meneer lid burgemeester wethouder
        cher chère monsieur madame messieurs mesdames m mme mlle excellence ministre ambassadeur directeur directrice président présidente collègue collègues le la les et général
        sehr geehrte geehrter geehrten herr herrn frau damen und herren exzellenz minister ministerin botschafter botschafterin präsident präsidentin general
        estimado estimada señor señora señores señoras sr sra excelencia ministro ministra embajador embajadora director directora presidente presidenta general y el la don doña
        """);

    private sealed record Line(string Text, Place Place);

    private static void AgainstRecord(Document document, LetterFacts? facts, DateOnly? today, Action<string, Place, string, string?> add)
    {
        var lines = new List<Line>();
        foreach (var passage in document.Passages)
            if (passage.Role is TextRole.Body or TextRole.Header or TextRole.Footer or TextRole.TextBox or TextRole.Field or TextRole.Inserted)
                foreach (var line in passage.Text.Split('\n'))
                    if (lines.Count < 20_000 && !string.IsNullOrWhiteSpace(line))
                        lines.Add(new Line(line.Trim(), passage.Place));
        if (lines.Count == 0)
            return;
        HeadDate(lines, facts, today, add);
        if (facts is null)
            return;
        References(lines, facts, add);
        Addressees(lines, facts, add);
        Subject(lines, facts, add);
        if (!IsSigned(lines) && facts.Kind?.ToLowerInvariant() is not ("notice" or "note" or "note-verbale" or "verbal-note" or "press" or "annex"))
            add("residue.no-signature", lines[^1].Place, lines[^1].Text, null);
    }

    private static void HeadDate(List<Line> lines, LetterFacts? facts, DateOnly? today, Action<string, Place, string, string?> add)
    {
        if (facts?.Date is null && today is null)
            return;
        foreach (var line in lines.Take(HeadLines))
        {
            // The letter's own date stands alone, behind a label or a place; one within a sentence is another's.
            if (line.Text.Length > 70)
                continue;
            var text = FoldDigits(line.Text);
            foreach (var found in Dates.Of(text))
            {
                var before = text[..found.From].Trim();
                var after = text[(found.From + found.Length)..].Trim(' ', '.', ',', '\n');
                if (found.Date is not { } date || after.Length > 0 || before.Count(c => c == ' ') > 4 || TheirReference.IsMatch(before + " "))
                    continue;
                var said = date.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);
                if (facts?.Date is { } own && own != date)
                    add("residue.date", line.Place, line.Text, $"The letter is dated {said}; the record says {own.ToString("d MMMM yyyy", CultureInfo.InvariantCulture)}.");
                else if (facts?.Date is null && today is { } now && (date < now.AddDays(-MostDaysPast) || date > now.AddDays(MostDaysAhead)))
                    add("residue.date", line.Place, line.Text, $"The letter is dated {said}, {Math.Abs(date.DayNumber - now.DayNumber):N0} days {(date < now ? "before" : "after")} today.");
                return;
            }
        }
    }

    private static void References(List<Line> lines, LetterFacts facts, Action<string, Place, string, string?> add)
    {
        var prefix = facts.ReferencePrefix ?? (facts.Reference?.IndexOf('-', StringComparison.Ordinal) is > 0 and var dash ? facts.Reference[..dash] : null);
        if (string.IsNullOrEmpty(prefix))
            return;
        var others = new List<(Line Line, int Index, string Reference)>();
        var own = false;
        for (var i = 0; i < lines.Count; i++)
        {
            var text = FoldDigits(lines[i].Text);
            foreach (var match in Reference.EnumerateMatches(text))
            {
                var reference = text.Substring(match.Index, match.Length);
                if (!reference.StartsWith(prefix + "-", StringComparison.Ordinal))
                    continue;
                if (reference == facts.Reference) own = true;
                else if (others.Count < 100) others.Add((lines[i], i, reference));
            }
        }
        foreach (var (line, index, reference) in others)
        {
            // In the letter's head, behind a label or alone, it is the letter's own; so it is where the letter names no other.
            var labelled = index < HeadLines && (ReferenceLabel.IsMatch(line.Text) || line.Text.Trim() == reference || (index > 0 && ReferenceLabel.IsMatch(lines[index - 1].Text) && line.Text.Length < 40))
                && !TheirReference.IsMatch(line.Text);
            var wrong = facts.Reference is not null && (labelled || (!own && index < HeadLines && line.Text.Length < 60));
            add(wrong ? "residue.reference" : "residue.other-reference", line.Place, line.Text,
                wrong ? $"The letter bears the reference {reference}; its own is {facts.Reference}." : $"The text names {reference}, another letter of this office.");
        }
    }

    private static void Addressees(List<Line> lines, LetterFacts facts, Action<string, Place, string, string?> add)
    {
        if (facts.Addressees.Count == 0)
            return;
        var text = Folded(string.Join(' ', lines.Take(4000).Select(l => l.Text)));
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var addressee in facts.Addressees.Take(1000))
        {
            var open = addressee.IndexOf('<', StringComparison.Ordinal);
            var name = Folded(open > 0 ? addressee[..open] : addressee);
            var tokens = name.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(t => t.Length > 1 && !Titles.Contains(t)).ToList();
            known.UnionWith(tokens);
            if (tokens.Count > 0 && !text.Contains(name, StringComparison.Ordinal) && !tokens.TrueForAll(words.Contains))
                add("residue.addressee", lines[0].Place, addressee, null);
        }
        foreach (var line in lines.Take(HeadLines))
        {
            var salutation = line.Text.Length <= 120 ? Salutation.Match(line.Text) : Match.Empty;
            if (!salutation.Success)
                continue;
            var named = Folded(salutation.Groups["who"].Value).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(t => t.Length > 1 && !Titles.Contains(t)).ToList();
            if (named.Count > 0 && !named.Exists(known.Contains))
                add("residue.salutation", line.Place, line.Text, null);
            return;
        }
    }

    private static void Subject(List<Line> lines, LetterFacts facts, Action<string, Place, string, string?> add)
    {
        var own = Folded(facts.Subject ?? "");
        if (own.Length == 0)
            return;
        for (var i = 0; i < Math.Min(lines.Count, HeadLines); i++)
        {
            if (lines[i].Text.Length > 400 || SubjectLabel.Match(lines[i].Text) is not { Success: true } label)
                continue;
            var said = lines[i].Text[label.Length..];
            var line = lines[i];
            if (string.IsNullOrWhiteSpace(said))
            {
                if (i + 1 >= lines.Count)
                    return;
                line = lines[i + 1];
                said = line.Text;
            }
            var folded = Folded(said);
            // A subject may go on in the next line, and may have its reference or date beside it.
            var longer = i + 1 < lines.Count ? folded + " " + Folded(lines[i + 1].Text) : folded;
            if (folded.Length > 0 && !folded.Contains(own, StringComparison.Ordinal) && !longer.Contains(own, StringComparison.Ordinal) && !own.Contains(folded, StringComparison.Ordinal))
                add("residue.subject", line.Place, line.Text, null);
            return;
        }
    }

    /// <summary>Whether the text closes as a letter does, or ends in a name with an office or rank below it.</summary>
    private static bool IsSigned(List<Line> lines)
    {
        foreach (var line in lines.Skip(Math.Max(0, lines.Count - 200)))
            if (Closing.IsMatch(line.Text.Length > 600 ? line.Text[^600..] : line.Text))
                return true;
        var end = lines.Skip(Math.Max(0, lines.Count - 16)).ToList();
        for (var i = 1; i < end.Count; i++)
            if (IsName(end[i - 1].Text) && end[i].Text.Length < 90 && Office.IsMatch(end[i].Text))
                return true;
        // A name with an initial alone at the very end.
        return end.Skip(Math.Max(0, end.Count - 4)).Any(l => IsName(l.Text) && Initial.IsMatch(l.Text));
    }

    /// <summary>Two to six words of a person's name: each begins with a capital, but for particles; no sentence.</summary>
    private static bool IsName(string line)
    {
        if (line.Length is < 5 or > 60 || line.Contains(':', StringComparison.Ordinal))
            return false;
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is < 2 or > 6)
            return false;
        foreach (var word in words)
        {
            var rune = word.EnumerateRunes().First();
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.LowercaseLetter && word is not ("van" or "de" or "der" or "den" or "von" or "zu" or "del" or "la" or "el" or "al" or "bin" or "ter" or "ten" or "du" or "y"))
                return false;
            if (category is UnicodeCategory.DecimalDigitNumber)
                return false;
        }
        return true;
    }

    /// <summary>Lower case, without accents, marks and signs, words one space apart.</summary>
    private static string Folded(string text)
    {
        var folded = new StringBuilder(text.Length);
        // Half a surrogate pair cannot be normalised.
        var whole = string.Concat((text.Length > 400_000 ? text[..400_000] : text).EnumerateRunes());
        foreach (var c in whole.Normalize(NormalizationForm.FormKD))
        {
            var category = char.GetUnicodeCategory(c);
            if (category is UnicodeCategory.NonSpacingMark or UnicodeCategory.Format || c == '\u0640')
                continue;
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c)) folded.Append(char.ToLowerInvariant(c));
            else if (folded.Length > 0 && folded[^1] != ' ') folded.Append(' ');
        }
        return folded.ToString().Trim();
    }

    private static string FoldDigits(string text) => text.AsSpan().IndexOfAnyInRange('\u0660', '\u06F9') < 0 && !text.Contains('\u00A0', StringComparison.Ordinal) && !text.Contains('\u2011', StringComparison.Ordinal)
        ? text
        : string.Concat(text.Select(c => c is >= '\u0660' and <= '\u0669' ? (char)('0' + (c - '\u0660')) : c is >= '\u06F0' and <= '\u06F9' ? (char)('0' + (c - '\u06F0'))
            : c == '\u00A0' ? ' ' : c == '\u2011' ? '-' : c));
}
