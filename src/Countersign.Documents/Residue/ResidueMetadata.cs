using System.Text.RegularExpressions;

namespace Countersign.Documents;

public static partial class Residue
{
    private static readonly Regex InternalPath = new(
        @"\bfile:/[^\s""<>]+|\\\\[a-z0-9][a-z0-9._-]+\\[a-z0-9$][^\s""<>|]+|\b[a-z]:\\[^""<>|\r\n]+|(?:^|[\s""(])(?:/home/|/users/)[^\s""<>]+"
        + @"|\bsmb://[^\s""<>]+|\bhttps?://[a-z0-9-]+\.sharepoint\.com/[^\s""<>]*", AnyCase);

    private static readonly Regex PlainTitle = new(
        @"^(?:microsoft word - )?(?:document|dokument|documento|docu?ment sans titre|untitled|naamloos|unbenannt|sans titre|sin título|powerpoint presentation|presentation|template|sjabloon|briefsjabloon|vorlage|modèle|plantilla|letter|new document)[ _-]?\d*$"
        + @"|\.(?:docx?|docm|dotx?|dotm|odt|ott|rtf|indd|pages)$|^microsoft word - ", AnyCase);

    /// <summary>Templates that come with the programs and tell nothing.</summary>
    private static readonly HashSet<string> PlainTemplates = new(StringComparer.OrdinalIgnoreCase)
    {
        "Normal", "Normal.dotm", "Normal.dot", "Normal.dotx", "NormalEmail.dotm", "Default", "Standaard", "Standard", "normal1",
    };

    /// <summary>Authors that are no persons.</summary>
    private static readonly HashSet<string> Nobodies = new(StringComparer.OrdinalIgnoreCase)
    {
        "user", "windows user", "gebruiker", "utilisateur", "benutzer", "usuario", "admin", "administrator", "unknown", "author", "apache poi", "python-docx", "microsoft office user", "root", "anonymous", "-", ".",
        "countersign",
    };

    private static void Metadata(Document document, LetterFacts? facts, Action<string, Place, string, string?> add)
    {
        string? author = null;
        foreach (var passage in document.Passages)
            if (passage.Role == TextRole.Metadata && passage.Label == MetadataLabels.Author)
            {
                author = passage.Text.Trim();
                break;
            }
        // The same name stands in several places of a PDF (ISO 32000-2 14.3), and is said once.
        var said = new HashSet<(string?, string)>();
        bool Counts(string name) => name.Length > 0 && !Nobodies.Contains(name) && !string.Equals(name, facts?.OfficeName, StringComparison.OrdinalIgnoreCase);
        foreach (var passage in document.Passages)
        {
            if (passage.Role != TextRole.Metadata)
            {
                if (passage.Role is not (TextRole.Name or TextRole.MailHeader) && Path(passage.Text) is { } inText)
                    add("residue.internal-path", passage.Place, inText, null);
                continue;
            }
            var text = passage.Text.Trim();
            if (Path(text) is { } path)
                add("residue.internal-path", passage.Place, path, $"The document's property “{Short(passage.Label ?? "", 40)}” names a place on an inner disk, share or site.");
            if (!said.Add((passage.Label, text)))
                continue;
            switch (passage.Label)
            {
                case MetadataLabels.Author when Counts(text):
                    add("residue.metadata-author", passage.Place, text, null);
                    break;
                case MetadataLabels.LastAuthor when Counts(text) && !string.Equals(text, author, StringComparison.OrdinalIgnoreCase):
                    add("residue.metadata-earlier-author", passage.Place, text, "The file names who edited it last, beside its author.");
                    break;
                case MetadataLabels.Manager when Counts(text):
                    add("residue.metadata-earlier-author", passage.Place, text, "The file names a manager.");
                    break;
                case MetadataLabels.Company when Counts(text):
                    add("residue.metadata-company", passage.Place, text, null);
                    break;
                case MetadataLabels.Template when text.Length > 0 && !PlainTemplates.Contains(text):
                    add("residue.metadata-template", passage.Place, text, null);
                    break;
                case MetadataLabels.Title when PlainTitle.IsMatch(text.Length > 300 ? text[..300] : text) || (text.Length <= 200 && IsDraftMark(text, TextRole.Header, true)):
                    add("residue.metadata-title", passage.Place, text, null);
                    break;
            }
        }
        foreach (var odd in document.Oddities)
            if (odd.Kind == OddityKind.ExternalLink && Path(odd.Excerpt) is { } linked)
                add("residue.internal-path", odd.Place, linked, "A link leads to a place on an inner disk, share or site.");

        static string? Path(string text)
        {
            if (text.AsSpan().IndexOfAny('\\', '/') < 0 || text.Length > MostSearched)
                return null;
            foreach (var match in InternalPath.EnumerateMatches(text))
                return text.Substring(match.Index, match.Length).Trim();
            return null;
        }
    }
}
