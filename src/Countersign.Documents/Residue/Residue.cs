namespace Countersign.Documents;

/// <summary>Whether a document is fit to be a fair copy: what drafting left in it, and what in it differs from the record.</summary>
public static partial class Residue
{
    /// <summary>The longest excerpt, in UTF-16 units.</summary>
    public const int MostExcerpt = 120;

    /// <summary>How many findings of one id a document gives; the last of them says how many there are.</summary>
    public const int MostOfOne = 25;

    /// <summary>How much text is searched, in UTF-16 units; the rest is said to be unsearched.</summary>
    internal const int MostSearched = 2 * 1024 * 1024;

    /// <summary>All sorts of findings, by id.</summary>
    public static IReadOnlyList<FindingKind> Kinds { get; } =
    [
        new("residue.tracked-change", Severity.Refuse, "A tracked insertion or deletion is still in the file.",
            "Accept or reject all changes, or have “countersign clean” do so, and look at the result."),
        new("residue.tracked-formatting", Severity.Refuse, "A tracked move or change of formatting is still in the file.",
            "Accept or reject all changes, or have “countersign clean” do so, and look at the result."),
        new("residue.tracking-on", Severity.Warn, "The document records every change from now on.", "Turn the tracking of changes off."),
        new("residue.comment", Severity.Refuse, "A reviewer's comment is still in the file.", "Answer it and delete it; “countersign clean” removes all comments."),
        new("residue.annotation", Severity.Warn, "A note or stamp is laid over the page.", "Remove it, or make its text part of the letter."),
        new("residue.hidden-text", Severity.Refuse, "Text that no reader sees is in the file.", "Delete it or show it; “countersign clean” removes text that is marked as hidden."),
        new("residue.hidden-part", Severity.Refuse, "A hidden sheet, slide or layer is in the file.", "Delete it or show it."),
        new("residue.covered-text", Severity.Refuse, "Text lies under a shape or picture and can be copied out from below it.",
            "Delete the text itself, and make the PDF anew; a black bar hides nothing."),
        new("residue.remapped-glyphs", Severity.Refuse, "A font shows other letters than its text says, so people and programs read different things.",
            "Make the PDF anew with ordinary fonts."),
        new("residue.earlier-revision", Severity.Refuse, "An earlier state of the document is kept inside the file and can be brought back.",
            "Print or export the document to a new file."),
        new("residue.placeholder", Severity.Refuse, "Something was left to be filled in.", "Fill it in, or take it out."),
        new("residue.unfilled-field", Severity.Refuse, "A merge field or form field is not filled.", "Run the merge, fill the field, or take it out."),
        new("residue.template-text", Severity.Refuse, "A sentence of the template still stands in the text.", "Replace it by the letter's own words, or delete it."),
        new("residue.broken-reference", Severity.Refuse, "A cross-reference of the text leads nowhere.", "Mend the reference and update the fields, or write it out."),
        new("residue.draft-mark", Severity.Refuse, "The document calls itself a draft.", "Remove the mark from the page, header or watermark."),
        new("residue.metadata-earlier-author", Severity.Warn, "The file names people who worked on it.",
            "Remove the document's personal information; “countersign clean” does."),
        new("residue.metadata-author", Severity.Note, "The file names its author.", "Remove the document's personal information; “countersign clean” does."),
        new("residue.metadata-company", Severity.Note, "The file names a company or organisation that is not the office.",
            "Remove it from the document's properties; “countersign clean” does."),
        new("residue.metadata-template", Severity.Note, "The file names the template it was made from.", "Detach the template; “countersign clean” does."),
        new("residue.metadata-title", Severity.Warn, "The document's title is that of a draft, a file or a template.", "Give it the letter's own title, or none."),
        new("residue.internal-path", Severity.Warn, "The file names a place on an inner disk, share or site.",
            "Remove it from text, links and properties; “countersign clean” removes it from the properties."),
        new("residue.macro", Severity.Refuse, "A program is inside the document.", "Save it as a document without macros or scripts; “countersign clean” does."),
        new("residue.embedded-object", Severity.Refuse, "A sheet or object is embedded, with all that its own file holds.", "Paste it as a picture or as text."),
        new("residue.embedded-file", Severity.Refuse, "A file is attached inside the document.", "Take it out; send it as an attachment of its own, approved with the letter."),
        new("residue.external-link", Severity.Warn, "The document draws in something from elsewhere when it is opened.",
            "Put the picture or text itself into the document and break the link."),
        new("residue.picture-page", Severity.Warn, "A page or picture was not read: it may show text.", "Read it with your own eyes, or bring the document as text."),
        new("residue.unread", Severity.Refuse, "Something in the file could not be read.", "Save the document anew without it, or bring it in another format."),
        new("residue.reference", Severity.Refuse, "The letter bears a reference of this office that is not its own.", "Put the letter's own reference there."),
        new("residue.other-reference", Severity.Note, "The text names another letter of this office.", "See to it that this letter may be named to the addressee."),
        new("residue.addressee", Severity.Warn, "An addressee of record is not named in the letter.", "Correct the letter, or the record of its addressees."),
        new("residue.salutation", Severity.Note, "The salutation names somebody who is no addressee of record.", "Correct the salutation, or the record of its addressees."),
        new("residue.subject", Severity.Warn, "The letter's subject is not that of the record.", "Correct the letter's subject, or the record's."),
        new("residue.date", Severity.Warn, "The letter's date is not that of the record, or lies far from today.", "Put the date there on which the letter leaves."),
        new("residue.impossible-date", Severity.Refuse, "There is no such date.", "Correct the date."),
        new("residue.weekday", Severity.Warn, "The date falls on another day of the week.", "Correct the date or the day."),
        new("residue.no-signature", Severity.Warn, "No closing and no name of a signer was found.", "End the letter with the signer's name and office."),
        new("residue.code", Severity.Warn, "A code on the page leads somewhere else than to this office.", "Remove the code, or approve where it leads."),
        new("residue.drawn-differently", Severity.Refuse, "Two programs draw the page differently, so not everybody sees the same letter.",
            "Print the document to a new PDF with its fonts embedded, and compare."),
    ];

    /// <summary>All ids, in the order of the documentation.</summary>
    public static IReadOnlyList<string> Ids { get; } = [.. Kinds.Select(k => k.Id)];

    private static readonly Dictionary<string, FindingKind> ById = Kinds.ToDictionary(k => k.Id, StringComparer.Ordinal);

    /// <summary>The sort of an id; null where there is none.</summary>
    public static FindingKind? Kind(string id) => ById.GetValueOrDefault(id);

    /// <summary>A finding in the words of its sort, or with another sentence.</summary>
    internal static Finding Make(string id, Place place, string excerpt, string? says = null, Severity? severity = null)
    {
        var kind = ById[id];
        return new Finding(id, severity ?? kind.Severity, place, Short(excerpt), says ?? kind.Says, kind.Mend);
    }

    /// <summary>
    /// What makes a document unfit to leave as it is, in the order in which it stands there. Documents inside it are looked at, too; what the record
    /// says is held against the outermost one alone.
    /// </summary>
    /// <param name="document">The document as read.</param>
    /// <param name="facts">What the record says; without it nothing is held against a record, and a signature is not asked for.</param>
    /// <param name="today">The day against which the letter's date is held; without it the date is held against the record alone.</param>
    public static IReadOnlyList<Finding> In(Document document, LetterFacts? facts = null, DateOnly? today = null)
    {
        var found = new Findings();
        Look(document, "", found, facts, today);
        return found.All();
    }

    private static void Look(Document document, string inside, Findings found, LetterFacts? facts, DateOnly? today)
    {
        Place At(Place place) => inside.Length == 0 ? place : place with { Part = place.Part is { Length: > 0 } ? inside + ": " + place.Part : inside };
        void Add(string id, Place place, string excerpt, string? says = null) => found.Add(id, At(place), excerpt, says);

        OfPassages(document, Add);
        OfOddities(document, Add);
        Metadata(document, facts, Add);
        var stretches = Stretch.Of(document, out var unsearched);
        if (unsearched > 0)
            Add("residue.unread", default, "", $"The last {unsearched:N0} characters were not searched for residue.");
        foreach (var stretch in stretches)
            Placeholders.In(stretch, Add);
        DraftMarks(document, Add);
        if (IsLetter(document.Kind))
        {
            Dates.In(stretches, Add);
            if (inside.Length == 0)
                AgainstRecord(document, facts, today, Add);
        }
        foreach (var part in document.Parts)
            Look(part, inside.Length == 0 ? Named(part) : inside + ": " + Named(part), found, null, null);
    }

    /// <summary>Whether a document of this kind can be a letter itself; others hold letters.</summary>
    private static bool IsLetter(DocumentKind kind) => kind == DocumentKind.Pdf || kind == DocumentKind.Docx || kind == DocumentKind.Odt
        || kind == DocumentKind.Fodt || kind == DocumentKind.Rtf || kind == DocumentKind.Doc || kind == DocumentKind.Text
        || kind == DocumentKind.OldText || kind == DocumentKind.Html;

    private static bool IsWrapper(DocumentKind kind) => kind == DocumentKind.Eml || kind == DocumentKind.Msg || kind == DocumentKind.Tnef || kind == DocumentKind.Zip;

    private static string Named(Document part) => Short(part.Name) is { Length: > 0 } name ? name : part.Kind.Said;

    private static void OfPassages(Document document, Action<string, Place, string, string?> add)
    {
        foreach (var passage in document.Passages)
            switch (passage.Role)
            {
                case TextRole.Inserted:
                    add("residue.tracked-change", passage.Place, passage.Text, By("A tracked insertion", passage.Label));
                    break;
                case TextRole.Deleted:
                    add("residue.tracked-change", passage.Place, passage.Text, By("A tracked deletion", passage.Label));
                    break;
                case TextRole.Comment:
                    add("residue.comment", passage.Place, passage.Text, By("A comment", passage.Label));
                    break;
                case TextRole.Hidden:
                    add("residue.hidden-text", passage.Place, passage.Text, null);
                    break;
                case TextRole.Annotation when !IsPartOfThePage(passage.Label):
                    add(IsRemark(passage.Label) ? "residue.comment" : "residue.annotation", passage.Place, passage.Text, null);
                    break;
            }

        static string By(string what, string? author) => string.IsNullOrWhiteSpace(author) ? $"{what} is still in the file." : $"{what} by {Short(author, 60)} is still in the file.";
    }

    /// <summary>Kinds of PDF annotations that are a reviewer's remark (ISO 32000-2 12.5.6).</summary>
    private static bool IsRemark(string? label) => (label ?? "").ToLowerInvariant() is "note" or "text" or "popup" or "highlight" or "underline" or "squiggly"
        or "strikeout" or "caret" or "ink" or "line" or "square" or "circle" or "polygon" or "polyline";

    /// <summary>Links and fields are the page itself; an attachment is found as such.</summary>
    private static bool IsPartOfThePage(string? label) => (label ?? "").ToLowerInvariant() is "link" or "widget" or "attachment" or "fileattachment";

    private static void OfOddities(Document document, Action<string, Place, string, string?> add)
    {
        foreach (var odd in document.Oddities)
        {
            var id = odd.Kind switch
            {
                OddityKind.Macro => "residue.macro",
                OddityKind.EmbeddedObject => "residue.embedded-object",
                OddityKind.EmbeddedFile => "residue.embedded-file",
                OddityKind.EarlierRevision => "residue.earlier-revision",
                OddityKind.CoveredText => "residue.covered-text",
                OddityKind.RemappedGlyphs => "residue.remapped-glyphs",
                OddityKind.UnfilledField => "residue.unfilled-field",
                OddityKind.TrackedFormatting => "residue.tracked-formatting",
                OddityKind.ExternalLink => "residue.external-link",
                OddityKind.HiddenPart => "residue.hidden-part",
                OddityKind.TrackingOn => "residue.tracking-on",
                _ => null,
            };
            if (id is not null)
                add(id, odd.Place, odd.Excerpt, null);
        }
        if (!IsWrapper(document.Kind) && document.Parts.Count > 0
            && !document.Oddities.Any(o => o.Kind is OddityKind.EmbeddedFile or OddityKind.EmbeddedObject))
            foreach (var part in document.Parts)
                add("residue.embedded-file", new Place(Named(part)), Named(part), null);
        foreach (var unread in document.Unread)
            switch (unread.Reason)
            {
                case UnreadReason.Picture:
                    add("residue.picture-page", unread.Place, "", unread.Says);
                    break;
                case UnreadReason.RemappedGlyphs:
                    add("residue.remapped-glyphs", unread.Place, "", unread.Says);
                    break;
                default:
                    add("residue.unread", unread.Place, "", unread.Says);
                    break;
            }
    }

    /// <summary>One line of at most so many UTF-16 units, without control or invisible characters.</summary>
    internal static string Short(string text, int most = MostExcerpt)
    {
        var line = new System.Text.StringBuilder(Math.Min(text.Length, most) + 2);
        var space = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var category = System.Text.Rune.GetUnicodeCategory(rune);
            if (System.Text.Rune.IsWhiteSpace(rune) || System.Text.Rune.IsControl(rune))
            {
                space = line.Length > 0;
                continue;
            }
            if (category == System.Globalization.UnicodeCategory.Format)
                continue;
            if (line.Length + (space ? 1 : 0) + rune.Utf16SequenceLength > most - 1)
                return line.Append('…').ToString();
            if (space) line.Append(' ');
            space = false;
            line.Append(rune.ToString());
        }
        return line.ToString();
    }

    /// <summary>Findings as they come, of which a few of each id are kept.</summary>
    private sealed class Findings
    {
        private readonly List<Finding> _kept = [];
        private readonly Dictionary<string, (int Count, int Last)> _counts = new(StringComparer.Ordinal);

        public void Add(string id, Place place, string excerpt, string? says)
        {
            var (count, last) = _counts.GetValueOrDefault(id);
            if (count < MostOfOne)
            {
                last = _kept.Count;
                _kept.Add(Make(id, place, excerpt, says));
            }
            _counts[id] = (count + 1, last);
        }

        public List<Finding> All()
        {
            foreach (var (_, (count, last)) in _counts)
                if (count > MostOfOne)
                    _kept[last] = _kept[last] with { Says = $"{_kept[last].Says} There are {count:N0} like it in all." };
            return _kept;
        }
    }
}
