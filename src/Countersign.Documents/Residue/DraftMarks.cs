using System.Text.RegularExpressions;

namespace Countersign.Documents;

public static partial class Residue
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
    private const RegexOptions AnyCase = Linear | RegexOptions.IgnoreCase;

    private static readonly HashSet<string> DraftWords = Set("""
        draft concept kladversie klad conceptversie conceptbrief ontwerpversie projet brouillon entwurf rohentwurf borrador مسودة مشروع-أولي specimen voorbeeld muster
        """);

    /// <summary>What may stand beside a draft's word where it marks a draft: versions, dates, who may see it.</summary>
    private static readonly HashSet<string> BesideDraft = Set("""
        version versie versión fassung rev revision revisie v no nr not for to be released release niet voor ter pour zur ne pas nicht intern interne internal
        only use gebruik review bespreking commentaar comment comments final definitief first second third eerste tweede derde de d of van the vom
        confidential vertrouwelijk vertraulich confidentiel confidentiel confidencial restricted do cite quote distribute distribution diffusion verspreiding verspreiden
        working document werkdocument page pagina seite datum date status stand
        january february march april may june july august september october november december januari februari maart mei juni juli augustus oktober
        januar februar märz mai dezember janvier février mars avril juin juillet août septembre octobre novembre décembre
        enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre نسخة أولية نهائية غير
        """);

    private static readonly Regex DraftTokens = new(@"[\p{L}\p{M}]+|\p{Nd}+", Linear);

    private static void DraftMarks(Document document, Action<string, Place, string, string?> add)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var bodies = 0;
        foreach (var passage in document.Passages)
        {
            var page = passage.Role is TextRole.Body or TextRole.TextBox or TextRole.Inserted;
            if (page)
                bodies++;
            if (!page && passage.Role is not (TextRole.Watermark or TextRole.Header or TextRole.Footer or TextRole.Annotation)
                && !(passage.Role == TextRole.MailHeader && passage.Label == "subject"))
                continue;
            if (passage.Text.Length > 200 && passage.Role != TextRole.Watermark)
                continue;
            var line = Short(passage.Text, 200);
            if (IsDraftMark(line, passage.Role, bodies <= 6) && seen.Add(passage.Role + line))
                add("residue.draft-mark", passage.Place, line, passage.Role switch
                {
                    TextRole.Watermark => "A watermark calls the document a draft.",
                    TextRole.Header or TextRole.Footer => "The header or footer calls the document a draft.",
                    _ => null,
                });
        }
    }

    /// <summary>Whether a line says that the document is a draft, and nothing else: a word for a draft in running text, or in the name of something, is none.</summary>
    internal static bool IsDraftMark(string line, TextRole role, bool nearTheTop)
    {
        int drafts = 0, others = 0, capitals = 0;
        foreach (var match in DraftTokens.EnumerateMatches(line))
        {
            var word = line.AsSpan(match.Index, match.Length);
            var lower = word.ToString().ToLowerInvariant();
            if (DraftWords.Contains(lower.Replace("\u0640", "", StringComparison.Ordinal)))
            {
                drafts++;
                if (word.Length > 1 && word.IndexOfAnyInRange('a', 'z') < 0)
                    capitals++;
            }
            else if (!BesideDraft.Contains(lower) && !char.IsDigit(word[0]) && !(lower.Length <= 2 && role != TextRole.Body))
                others++;
        }
        if (drafts == 0)
            return false;
        return role switch
        {
            TextRole.Watermark => true,
            TextRole.Body or TextRole.TextBox or TextRole.Inserted => others == 0 && (capitals > 0 || nearTheTop),
            _ => others == 0 || (capitals == drafts && line.AsSpan().IndexOfAnyInRange('a', 'z') >= 0),
        };
    }

    private static HashSet<string> Set(string all) =>
        [.. all.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(w => w.ToLowerInvariant())];
}
