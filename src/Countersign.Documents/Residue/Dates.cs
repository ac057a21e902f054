using System.Globalization;
using System.Text.RegularExpressions;

namespace Countersign.Documents;

/// <summary>Dates as letters write them, in English, Dutch, French, German, Spanish and Arabic.</summary>
internal static class Dates
{
    /// <summary>A date in a text.</summary>
    /// <param name="From">Where it begins, behind its day of the week.</param>
    /// <param name="Length">How long it is.</param>
    /// <param name="Date">The date; null where there is no such day.</param>
    /// <param name="Weekday">The day of the week that stands before it.</param>
    /// <param name="Worded">Whether its month is a word.</param>
    public readonly record struct Found(int From, int Length, DateOnly? Date, DayOfWeek? Weekday, bool Worded);

    private static readonly string[][] Months =
    [
        ["january", "jan", "januari", "janvier", "januar", "jänner", "enero", "يناير"],
        ["february", "feb", "februari", "février", "fevrier", "februar", "febrero", "فبراير"],
        ["march", "mar", "maart", "mars", "märz", "maerz", "marzo", "مارس"],
        ["april", "apr", "avril", "abril", "أبريل", "ابريل"],
        ["may", "mei", "mai", "mayo", "مايو"],
        ["june", "jun", "juni", "juin", "junio", "يونيو"],
        ["july", "jul", "juli", "juillet", "julio", "يوليو"],
        ["august", "aug", "augustus", "août", "aout", "agosto", "أغسطس", "اغسطس"],
        ["september", "sep", "sept", "septembre", "septiembre", "setiembre", "سبتمبر"],
        ["october", "oct", "oktober", "octobre", "octubre", "okt", "أكتوبر", "اكتوبر"],
        ["november", "nov", "novembre", "noviembre", "نوفمبر"],
        ["december", "dec", "dezember", "décembre", "decembre", "diciembre", "dez", "ديسمبر"],
    ];

    private static readonly string[][] Weekdays =
    [
        ["sunday", "zondag", "dimanche", "sonntag", "domingo", "الأحد", "الاحد"],
        ["monday", "maandag", "lundi", "montag", "lunes", "الاثنين", "الإثنين"],
        ["tuesday", "dinsdag", "mardi", "dienstag", "martes", "الثلاثاء"],
        ["wednesday", "woensdag", "mercredi", "mittwoch", "miércoles", "miercoles", "الأربعاء", "الاربعاء"],
        ["thursday", "donderdag", "jeudi", "donnerstag", "jueves", "الخميس"],
        ["friday", "vrijdag", "vendredi", "freitag", "viernes", "الجمعة"],
        ["saturday", "zaterdag", "samedi", "samstag", "sonnabend", "sábado", "sabado", "السبت"],
    ];

    private static readonly Dictionary<string, int> MonthOf = Numbered(Months);
    private static readonly Dictionary<string, int> WeekdayOf = Numbered(Weekdays);

    private static readonly string MonthWords = string.Join('|', MonthOf.Keys.OrderByDescending(k => k.Length));

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase;

    private static readonly Regex Any = new(
        $@"\b[0-9]{{1,2}}(?:st|nd|rd|th|er|e|\.|º)?(?:[ \n]| de | of )(?:{MonthWords})\.?,?(?:[ \n]| de | del )[0-9]{{4}}\b"
        + $@"|\b(?:{MonthWords})\.?[ \n][0-9]{{1,2}}(?:st|nd|rd|th)?,?[ \n][0-9]{{4}}\b"
        + @"|\b(?:[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2})\b", Options);

    private static readonly Regex Parts = new(@"[\p{L}\p{M}]+|[0-9]+", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    /// <summary>The dates of a text, in order.</summary>
    public static IEnumerable<Found> Of(string text)
    {
        // A date needs a year: texts without a digit have none.
        if (text.AsSpan().IndexOfAnyInRange('0', '9') < 0)
            yield break;
        for (var match = Any.Match(text); match.Success; match = match.NextMatch())
        {
            if (match.Index + match.Length < text.Length && text[match.Index + match.Length] is '-' or '/' && char.IsDigit(text[Math.Min(text.Length - 1, match.Index + match.Length + 1)]))
                continue;
            if (match.Index > 0 && text[match.Index - 1] is '-' or '/' or '.' && match.Index > 1 && char.IsDigit(text[match.Index - 2]))
                continue;
            if (Read(match.Value, match.Index) is { } found)
                yield return found with { Weekday = WeekdayBefore(text, match.Index) };
        }
    }

    /// <summary>The day of the week that stands right before a date, with a comma or an article between them.</summary>
    private static DayOfWeek? WeekdayBefore(string text, int at)
    {
        var before = text.AsSpan(Math.Max(0, at - 40), at - Math.Max(0, at - 40)).TrimEnd();
        foreach (var article in Articles)
            if (before.EndsWith(article, StringComparison.OrdinalIgnoreCase))
            {
                before = before[..^article.Length].TrimEnd();
                break;
            }
        before = before.TrimEnd(" ,\n");
        var start = before.Length;
        while (start > 0 && char.IsLetter(before[start - 1])) start--;
        return WeekdayOf.TryGetValue(before[start..].ToString().ToLowerInvariant(), out var day) ? (DayOfWeek)day : null;
    }

    private static readonly string[] Articles = [" the", " den", " de", " le", " el", " الموافق", ", the"];

    private static Found? Read(string value, int from)
    {
        int? month = null;
        var numbers = new List<int>(3);
        var digits = new List<int>(3);
        foreach (var match in Parts.EnumerateMatches(value))
        {
            var part = value.Substring(match.Index, match.Length).ToLowerInvariant();
            if (char.IsDigit(part[0]))
            {
                numbers.Add(int.Parse(part, CultureInfo.InvariantCulture));
                digits.Add(part.Length);
            }
            else if (month is null && MonthOf.TryGetValue(part, out var m))
                month = m + 1;
        }
        if (month is { } named)
        {
            if (numbers.Count != 2)
                return null;
            return numbers[0] == 0 ? null : new Found(from, value.Length, Day(numbers[1], named, numbers[0]), null, true);
        }
        if (numbers.Count != 3)
            return null;
        if (digits[0] == 4)
            return numbers[1] is 0 or > 12 || numbers[2] is 0 or > 31 ? null : new Found(from, value.Length, Day(numbers[0], numbers[1], numbers[2]), null, false);
        int first = numbers[0], second = numbers[1], year = numbers[2];
        if (first == 0 || second == 0 || first > 31 || second > 31 || (first > 12 && second > 12))
            return null; // a number of something else
        var date = second <= 12 ? Day(year, second, first) : Day(year, first, second);
        // 3/4/2026 is two days: which one is not known, so that nothing is held against it but its existence.
        return first <= 12 && second <= 12 && first != second && value.Contains('/') ? null : new Found(from, value.Length, date, null, false);
    }

    private static DateOnly? Day(int year, int month, int day) =>
        year is >= 1 and <= 9999 && day >= 1 && day <= DateTime.DaysInMonth(year, month) ? new DateOnly(year, month, day) : null;

    /// <summary>Dates that do not exist, and days of the week that are wrong, anywhere in the text.</summary>
    public static void In(List<Stretch> stretches, Action<string, Place, string, string?> add)
    {
        foreach (var stretch in stretches)
        {
            if (stretch.Role is TextRole.Metadata or TextRole.AltText)
                continue;
            foreach (var found in Of(stretch.Text))
                if (found.Date is not { } date)
                    add("residue.impossible-date", stretch.At(found.From), stretch.Around(found.From, found.Length), null);
                else if (found.Weekday is { } day && date.DayOfWeek != day && date.Year > 1752)
                    add("residue.weekday", stretch.At(found.From), stretch.Around(found.From, found.Length),
                        $"{date.ToString("d MMMM yyyy", CultureInfo.InvariantCulture)} is a {date.DayOfWeek}.");
        }
    }

    private static Dictionary<string, int> Numbered(string[][] words)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < words.Length; i++)
            foreach (var word in words[i])
                numbers.TryAdd(word, i);
        return numbers;
    }
}
