namespace Countersign.Documents.Typesetting;

/// <summary>The words that a letter's frame needs, in the letter's language.</summary>
internal sealed record LetterWords(
    string Tag, bool RightToLeft, string Reference, string Date, string Subject, string Enclosures, string[] Months,
    Func<int, string, int, string> Day, Func<string, string, string> PlaceAndDay, Func<int, int, string> Page,
    IReadOnlyDictionary<string, string> Kinds)
{
    public static readonly LetterWords English = new("en", false, "Our reference", "Date", "Subject", "Enclosures",
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
            "December"],
        (day, month, year) => $"{day} {month} {year}", (place, day) => $"{place}, {day}", (x, y) => $"Page {x} of {y}",
        Kinded("Notice", "Note verbale", "Press statement"));

    private static readonly LetterWords[] All =
    [
        English,
        new("nl", false, "Ons kenmerk", "Datum", "Betreft", "Bijlagen",
            ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
                "november", "december"],
            (day, month, year) => $"{day} {month} {year}", (place, day) => $"{place}, {day}", (x, y) =>
                $"Pagina {x} van {y}",
            Kinded("Kennisgeving", "Note verbale", "Persverklaring")),
        new("fr", false, "Notre référence", "Date", "Objet", "Pièces jointes",
            ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
                "novembre", "décembre"],
            (day, month, year) => $"{(day == 1 ? "1er" : day)} {month} {year}", (place, day) => $"{place}, le {day}",
            (x, y) => $"Page {x} sur {y}", Kinded("Avis", "Note verbale", "Communiqué de presse")),
        new("de", false, "Unser Zeichen", "Datum", "Betreff", "Anlagen",
            ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
                "November", "Dezember"],
            (day, month, year) => $"{day}. {month} {year}", (place, day) => $"{place}, {day}", (x, y) =>
                $"Seite {x} von {y}",
            Kinded("Mitteilung", "Verbalnote", "Presseerklärung")),
        // Both names of each month, as letters between Arab states and the United Nations have them.
        new("ar", true, "رقم الإشارة", "التاريخ", "الموضوع", "المرفقات",
            ["كانون الثاني/يناير", "شباط/فبراير", "آذار/مارس", "نيسان/أبريل", "أيار/مايو", "حزيران/يونيو", "تموز/يوليو",
                "آب/أغسطس", "أيلول/سبتمبر", "تشرين الأول/أكتوبر", "تشرين الثاني/نوفمبر", "كانون الأول/ديسمبر"],
            (day, month, year) => $"{day} {month} {year}", (place, day) => $"{place}، {day}", (x, y) =>
                $"صفحة {x} من {y}",
            Kinded("إشعار", "مذكرة شفوية", "بيان صحفي")),
    ];

    public string Format(DateOnly date) => Day(date.Day, Months[date.Month - 1], date.Year);

    /// <summary>The words for a language tag; English where none is given.</summary>
    public static LetterWords For(string? tag)
    {
        if (tag is null) return English;
        var primary = tag.Trim().ToLowerInvariant().Split('-', '_')[0];
        return All.FirstOrDefault(w => w.Tag == primary) ?? throw new LetterRefusedException("letter.unknown-language",
            $"The letter's language is “{(tag.Length > 40 ? tag[..40]
                : tag)}”; dates and headings are known in {Known}.",
            "Name one of these languages; the text itself may be in any.");
    }

    private static string Known => string.Join(", ", All.Select(w => w.Tag));

    private static Dictionary<string, string> Kinded(string notice, string note, string press) =>
        new(StringComparer.Ordinal)
        {
            ["notice"] = notice,
            ["note-verbale"] = note,
            ["press-statement"] = press,
        };
}
