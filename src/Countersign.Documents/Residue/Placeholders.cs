using System.Buffers;
using System.Text.RegularExpressions;

namespace Countersign.Documents;

/// <summary>Finds what was left to be filled in, in English, Dutch, French, German, Spanish and Arabic. Linear in the text.</summary>
internal static class Placeholders
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
    private const RegexOptions Any = Linear | RegexOptions.IgnoreCase;

    /// <summary>How many characters a bracketed placeholder may have.</summary>
    private const int MostBracketed = 80;

    /// <summary>Things that a template asks for. Lower case; Arabic without vowel marks.</summary>
    private static readonly HashSet<string> Asked = Words("""
        date today day month year name names surname firstname lastname initials address addresses addressee addressees recipient recipients sender street city
        town postcode zip zipcode country phone telephone email e-mail fax number no nr amount sum figure figures quantity place location title rank position function unit
        reference ref subject topic department ministry organisation organization company office signatory signer author salutation greeting time deadline
        text link url body placeholder client customer case description details reason project venue
        datum dag maand jaar naam namen achternaam voornaam voorletters adres adressen geadresseerde geadresseerden ontvanger afzender straat plaats woonplaats postcode land telefoon
        telefoonnummer nummer bedrag aantal rang functie eenheid kenmerk referentie onderwerp afdeling ministerie organisatie bedrijf ondertekenaar aanhef
        tijd tijdstip termijn tekst dossiernummer zaaknummer bijlage
        nom noms prénom prenom adresse destinataire expéditeur rue ville pays téléphone téléphone numéro numero montant nombre lieu titre grade fonction unité
        référence reference objet sujet service ministère organisme société signataire heure délai texte jour mois année
        name vorname nachname anschrift empfänger absender straße strasse ort stadt telefon telefonnummer nummer betrag anzahl titel dienstgrad funktion einheit
        aktenzeichen zeichen geschäftszeichen betreff abteilung ministerium organisation firma unterzeichner anrede uhrzeit frist text tag monat jahr
        fecha nombre nombres apellido apellidos dirección direccion destinatario remitente calle ciudad país pais teléfono telefono número importe cantidad lugar título
        cargo rango unidad referencia asunto departamento ministerio organización empresa firmante saludo hora plazo texto día mes año
        التاريخ تاريخ الاسم اسم العنوان عنوان الرقم رقم المبلغ المكان الرتبة المنصب الوظيفة الوحدة المرجع الموضوع القسم الوزارة الجهة المرسل المستلم الهاتف المدينة الدولة اليوم الشهر السنة النص
        """);

    /// <summary>Words that ask for something, or say that it is still to come; a bracket that begins or ends with one is to be filled.</summary>
    private static readonly HashSet<string> Asking = Words("""
        insert enter fill add type write choose select specify complete confirm tbd tbc tba todo pending xxx xx tk
        invullen invoegen invul vul kies aanvullen toevoegen kiezen ntb typ voeg
        compléter completer insérer inserer indiquer saisir préciser remplir choisir complétez insérez indiquez saisissez
        einfügen eintragen ausfüllen ergänzen einsetzen eingeben wählen auswählen
        insertar indicar rellenar completar escribir introducir inserte indique rellene complete escriba
        أدخل ادخل اكتب أضف اضف اختر يستكمل يحدد
        """);

    /// <summary>Small words that may stand beside a thing asked for.</summary>
    private static readonly HashSet<string> Joining = Words("""
        of the a an to for and or in on at your our their his her here by full last first new start end other second third letter exact from with if applicable
        van de het een en of voor te uw ons onze zijn haar hier volledige volledig brief door op bij nog
        de du des le la les l d un une et ou pour à au votre notre ici complet complète lettre
        der die das des dem den ein eine eines und oder für zu ihr ihre unser unsere hier voller vollständiger brief von vom
        del los las el un una y o para a su nuestro aquí completo completa carta al
        في من إلى على هنا الكامل الخطاب
        1 2 3 4 5 6 7 8 9
        """);

    /// <summary>Names of elements that are markup between angle brackets, not something asked for.</summary>
    private static readonly HashSet<string> Markup = Words("title body style text link time address section name author date case subject reference description number");

    private static readonly SearchValues<char> Signs = SearchValues.Create("[<{«$_%.…●•");

    private static readonly Regex Tokens = new(@"[\p{L}\p{M}]+(?:[-’'][\p{L}\p{M}]+)*|\p{Nd}+", Linear);

    private static readonly Regex Crosses = new(@"\b(?:XX+|xx+)\b", Linear);
    private static readonly Regex CrossedNumbers = new(@"[xX]{4,}", Linear);
    private static readonly SearchValues<string> CrossSigns = SearchValues.Create(["xx", "XX", "xX", "Xx"], StringComparison.Ordinal);
    private static readonly Regex Roman = new(@"\b(?:XXIX|XXVIII|XXVII|XXVI|XXXI|XXXII|XXXIII|XXXIV|XXIV|XIX|XVIII|XXI|XXII|XXIII|XL)\b", Linear);
    private static readonly HashSet<string> BeforeNumbers = Words("""
        chapter article part title annex appendix section book volume vol psalm schedule act table figure protocol legion no number nr century
        hoofdstuk artikel deel titel bijlage afdeling boek band eeuw nummer tabel protocol
        chapitre article partie titre annexe livre tome siècle tableau protocole numéro
        kapitel artikel teil anlage anhang abschnitt buch jahrhundert ziffer
        capítulo artículo parte título anexo libro tomo siglo sección
        """);

    private static readonly Regex DatePattern = new(
        @"\b(?:dd|jj|tt|xx)[-/. ]{1,2}(?:mm|xx)[-/. ]{1,2}(?:yyyy|yy|jjjj|jj|aaaa|aa|xxxx|xx|20\d\d)\b"
        + @"|\bmm[-/.]dd[-/.](?:yyyy|yy)\b|\b(?:yyyy|jjjj|aaaa|20\d\d)[-/.](?:mm|xx)[-/.](?:dd|jj|tt|xx)\b|\b00[-/.]00[-/.](?:0000|20\d\d)\b"
        + @"|\bxx[-/]xx\b|\b[A-Z]{2,10}-20\d\d-(?:XXXX|NNNN|xxxx|nnnn|____|0000)\b", Any);

    private static readonly Regex Strong = new(
        @"\b(?:T(?:BD|BC|BA|ODO)|FIX(?:ME))\b|\b(?:N\.T\.B\.|T\.B\.D\.|T\.B\.C\.)|\bTO DO:|\bTO BE (?:DETERMINED|CONFIRMED|INSERTED|COMPLETED|ADDED|SUPPLIED|DECIDED)\b", Linear);

    private static readonly Regex StrongAnyCase = new(
        @"\blorem ipsum\b|\bdolor sit amet\b"
        + @"|\b(?:nader|nog|later) (?:in|aan) te vullen\b|\bnog (?:nader )?te bepalen\b|\bnog (?:nader )?te bevestigen\b|\bnog aanvullen\b|\bhier invullen\b"
        + @"|\bnoch (?:zu ergänzen|einzufügen|auszufüllen|einzutragen)\b|\bbitte (?:ergänzen|ausfüllen|einfügen)\b|\bwird noch (?:ergänzt|nachgetragen)\b"
        + @"|\breste à compléter\b|\bpendiente de completar\b|\bpor rellenar\b"
        + @"|يستكمل لاحقا|سيحدد لاحقا|يحدد لاحقا|يضاف لاحقا|يملأ لاحقا", Any);

    /// <summary>What is a placeholder alone, in brackets or behind a colon, and plain words elsewhere.</summary>
    private static readonly Regex Alone = new(
        @"\b(?:pending|to be (?:determined|confirmed|inserted|completed|added|supplied|decided|announced)|insert here|add (?:text|name|date) here|your (?:name|text|address|title) here"
        + @"|à (?:compléter|préciser|confirmer|insérer|remplir|déterminer|définir)|en attente"
        + @"|in te vullen|nog te volgen|volgt nog|pm|p\.m\.|nader te bepalen|wordt aangevuld"
        + @"|zu ergänzen|noch offen|folgt|wird nachgereicht|wird ergänzt"
        + @"|por (?:completar|definir|confirmar|determinar)|a completar|pendiente)\b", Any);

    private static readonly Regex Pending = new(
        @"\bPENDING\b(?: (?:SIGNATURE|APPROVAL|REVIEW|DATE|CONFIRMATION|DECISION|CLEARANCE|LEGAL|INPUT|NUMBER|NAME|VERIFICATION|TRANSLATION|AUTHORI[SZ]ATION))?", Linear);

    private static readonly Regex Nobody = new(@"\bN\.\s?N\.", Linear);
    private static readonly Regex EmptySalutation = new(
        @"(?:^|\n)[ \t]*(?:dear(?: (?:mr|mrs|ms|dr|general|minister|ambassador)\.?)?|geachte(?: (?:heer|mevrouw))? [.…_]+|geachte|beste|chère?|sehr geehrte(?:r herr|r| frau)?|estimad[oa])[ \t]*[,:][ \t]*\n", Any);

    private static readonly Regex Questions = new(@"(?:^|[(\[:=€$£\n]) ?\?{3,}(?:$|[\s)\].,;])", Linear);

    private static readonly Regex TemplateText = new(
        @"\bclick (?:or tap )?(?:here )?to enter (?:text|a date)\b|\bclick (?:or tap )?here to (?:enter|add|type|insert)\b|\bchoose an item\b|\bchoose a building block\b"
        + @"|\btype (?:your )?(?:text )?here\b|\benter (?:your )?text here\b|\[(?:type|pick|select|choose) (?:the |a |your )?[a-z ]{2,40}\]|\bclick placeholder and overwrite\b"
        + @"|\bklik (?:of tik )?(?:hier )?(?:als u tekst wilt invoeren|om (?:tekst|een datum) in te voeren)|\bklik hier (?:als u|om) [a-z ]{0,30}(?:in te voeren|voeren)|\bkies een (?:item|optie)\b|\btyp hier\b"
        + @"|\bcliquez (?:ou appuyez )?ici pour (?:entrer|taper|saisir|ajouter)|\bchoisissez un élément\b|\btapez (?:votre )?(?:texte )?ici\b"
        + @"|\bklicken (?:oder tippen )?sie (?:hier)?,? um (?:text|ein datum) einzugeben|\bwählen sie ein element aus\b|\bhier (?:text )?eingeben\b"
        + @"|\bhaga clic (?:o pulse )?aquí para escribir|\belija un elemento\b|\bescriba aquí\b"
        + @"|انقر (?:أو اضغط )?هنا لإدخال|اختر عنصرا", Any);

    private static readonly Regex BrokenReference = new(
        @"\berror! (?:reference source not found|bookmark not defined|no text of specified style|not a valid|no table of|unknown)|\bfout! (?:verwijzingsbron|bladwijzer|geen tekst)"
        + @"|\bfehler! (?:verweisquelle|textmarke|kein text)|\berreur ?! (?:source du renvoi|signet non|il n'y a pas|aucun texte)|¡error! (?:no se encuentra el origen|marcador no|no hay texto)"
        + @"|خطأ! (?:لم يتم العثور|الإشارة المرجعية)", Any);

    public static void In(Stretch stretch, Action<string, Place, string, string?> add)
    {
        var text = stretch.Text;
        if (string.IsNullOrWhiteSpace(text))
            return;
        var taken = new List<(int From, int To)>();
        void Take(string id, int from, int length)
        {
            if (taken.Count > 1000)
                return;
            foreach (var (f, t) in taken)
                if (from < t && from + length > f)
                    return;
            taken.Add((from, from + length));
            add(id, stretch.At(from), stretch.Around(from, length), null);
        }

        // What cannot match without its sign is not looked for where there is none: most lines of a letter have none.
        var crossed = text.AsSpan().ContainsAny(CrossSigns);
        if (text.Contains('!'))
            foreach (var match in BrokenReference.EnumerateMatches(text))
                Take("residue.broken-reference", match.Index, match.Length);
        foreach (var match in TemplateText.EnumerateMatches(text))
            Take("residue.template-text", match.Index, match.Length);
        BySigns(stretch, (from, length, id) => Take(id, from, length));
        foreach (var match in DatePattern.EnumerateMatches(text))
            Take("residue.placeholder", match.Index, match.Length);
        foreach (var match in Strong.EnumerateMatches(text))
            if (!InAddress(text, match.Index, match.Length))
                Take("residue.placeholder", match.Index, match.Length);
        foreach (var match in StrongAnyCase.EnumerateMatches(text))
            Take("residue.placeholder", match.Index, match.Length);
        foreach (var match in Alone.EnumerateMatches(text))
            if (StandsAlone(stretch, match.Index, match.Length))
                Take("residue.placeholder", match.Index, match.Length);
        if (text.Contains("PENDING", StringComparison.Ordinal))
            foreach (var match in Pending.EnumerateMatches(text))
                if (match.Length > "PENDING".Length || StandsAlone(stretch, match.Index, match.Length) || Begins(stretch, match.Index))
                    Take("residue.placeholder", match.Index, match.Length);
        if (crossed)
            foreach (var match in Crosses.EnumerateMatches(text))
                if (IsCross(stretch, match.Index, match.Length))
                    Take("residue.placeholder", match.Index, match.Length);
        if (crossed)
            foreach (var match in CrossedNumbers.EnumerateMatches(text))
                if (!IsLetterAt(text, match.Index - 1) && !IsLetterAt(text, match.Index + match.Length) && !InAddress(text, match.Index, match.Length))
                    Take("residue.placeholder", match.Index, match.Length);
        if (text.Contains("N.", StringComparison.Ordinal))
            foreach (var match in Nobody.EnumerateMatches(text))
                if (!IsInitials(text, match.Index, match.Index + match.Length))
                    Take("residue.placeholder", match.Index, match.Length);
        foreach (var match in EmptySalutation.EnumerateMatches(text))
        {
            var skip = text[match.Index] == '\n' ? 1 : 0;
            Take("residue.placeholder", match.Index + skip, match.Length - skip - 1);
        }
        if (text.Contains("???", StringComparison.Ordinal))
            foreach (var match in Questions.EnumerateMatches(text))
                Take("residue.placeholder", match.Index, match.Length);
    }

    /// <summary>Brackets, braces, guillemets, blanks: everything that begins with a sign.</summary>
    private static void BySigns(Stretch stretch, Action<int, int, string> take)
    {
        var text = stretch.Text;
        for (var at = text.AsSpan().IndexOfAny(Signs); at >= 0;)
        {
            var (length, id) = At(stretch, at);
            if (id is not null)
                take(at, length, id);
            var from = at + Math.Max(1, length);
            if (from >= text.Length)
                break;
            var next = text.AsSpan(from).IndexOfAny(Signs);
            at = next < 0 ? -1 : from + next;
        }
    }

    /// <summary>What begins at a sign: its length, and its id where it is a placeholder.</summary>
    private static (int Length, string? Id) At(Stretch stretch, int at)
    {
        const string placeholder = "residue.placeholder", field = "residue.unfilled-field";
        var text = stretch.Text;
        var rest = text.AsSpan(at);
        switch (text[at])
        {
            case '[':
                if (Inside(rest, ']') is { } square)
                    return (square.Length + 2, IsAskedInSquare(stretch, at, square) ? placeholder : null);
                return (1, null);
            case '<':
                if (rest.StartsWith("<<") && Inside(rest[1..], '>') is { } doubled && rest[(doubled.Length + 2)..].StartsWith(">>") && IsName(doubled))
                    return (doubled.Length + 4, field);
                if (Inside(rest, '>') is { } angled)
                    return (angled.Length + 2, IsAskedInAngles(text, at, angled) ? placeholder : null);
                return (1, null);
            case '{':
                if (rest.StartsWith("{{") && Inside(rest[1..], '}') is { Length: > 0 } braces && rest[(braces.Length + 2)..].StartsWith("}}"))
                    return (braces.Length + 4, field);
                if (Inside(rest, '}') is { Length: > 0 } one && char.IsLetter(one[0]) && IsAsked(one, strict: true))
                    return (one.Length + 2, placeholder);
                return (1, null);
            case '«':
                if (Inside(rest, '»') is { Length: > 0 } quoted)
                    return (quoted.Length + 2, IsMergeField(quoted) ? field : null);
                return (1, null);
            case '$':
                if (rest.StartsWith("${") && Inside(rest[1..], '}') is { Length: > 0 } dollar && IsName(dollar))
                    return (dollar.Length + 3, field);
                if (rest.StartsWith("$$") && !IsWordAt(text, at - 1) && (at == 0 || text[at - 1] != '$'))
                {
                    var run = Run(rest, '$');
                    if (run == 2 && (rest.Length == 2 || !(char.IsLetterOrDigit(rest[2]) || rest[2] == '\\')))
                        return (2, placeholder);
                    return (run, null);
                }
                return (1, null);
            case '%':
                if (Inside(rest, '%') is { Length: > 2 and < 40 } percent && !percent.Contains(' ') && IsName(percent) && percent.IndexOfAnyInRange('a', 'z') < 0 && percent.IndexOfAnyInRange('A', 'Z') >= 0)
                    return (percent.Length + 2, field);
                return (1, null);
            case '_':
                var blanks = Run(rest, '_');
                if (blanks < 3)
                    return (blanks, null);
                return (blanks, IsBlank(stretch, at, blanks) ? placeholder : null);
            case '.':
            case '…':
                var dots = 0;
                var weight = 0;
                while (dots < rest.Length && rest[dots] is '.' or '…')
                    weight += rest[dots++] == '…' ? 3 : 1;
                return (dots, weight >= 6 && IsDotted(stretch, at, dots) ? placeholder : null);
            default: // ● and • in brackets are caught there; alone they are list signs
                return (1, null);
        }
    }

    /// <summary>What stands between a bracket at the start and the next that closes it; null where it is too long.</summary>
    private static string? Inside(ReadOnlySpan<char> rest, char close)
    {
        var window = rest[1..Math.Min(rest.Length, MostBracketed + 2)];
        var end = window.IndexOf(close);
        return end < 0 ? null : window[..end].ToString();
    }

    private static bool IsAskedInSquare(Stretch stretch, int at, string inside)
    {
        var text = stretch.Text;
        var end = at + inside.Length + 2;
        if (inside.AsSpan().ContainsAny('[', ']'))
            return false;
        // In plain text [word](address) and [word]: address are links.
        if (end < text.Length && (text[end] == '(' || (stretch.IsPlain && text[end] is '[' or ':')))
            return false;
        if (at > 0 && stretch.IsPlain && text[at - 1] is ']' or '!')
            return false;
        var trimmed = inside.Trim();
        if (trimmed.Length == 0)
            return inside.Length > 2;
        if (trimmed.AsSpan().TrimStart("●•_xX*#").IsEmpty)
            return trimmed is not ("x" or "X" or "*" or "#" or "**" or "•");
        return IsAsked(inside, strict: false);
    }

    private static bool IsAskedInAngles(string text, int at, string inside)
    {
        if (inside.Length == 0 || inside.AsSpan().ContainsAny('<', '=', '/') || inside.Contains('@') || !char.IsLetter(inside[0]))
            return false;
        if (text.AsSpan(at, Math.Min(text.Length - at, 2000)).IndexOf("</" + inside, StringComparison.Ordinal) >= 0)
            return false;
        return Markup.Contains(inside) ? inside.All(c => !char.IsLower(c)) : IsAsked(inside, strict: false);
    }

    /// <summary>
    /// Whether bracketed words ask for something: they begin or end with a word that asks, or they are things asked for and small words alone. Prose that
    /// an editor put between brackets has other words in it, and stands.
    /// </summary>
    private static bool IsAsked(string inside, bool strict)
    {
        var words = new List<string>();
        foreach (var match in Tokens.EnumerateMatches(inside.AsSpan()))
            words.Add(inside.Substring(match.Index, match.Length).ToLowerInvariant());
        if (words.Count is 0 or > 12)
            return false;
        var asked = words.Count(Asked.Contains);
        if (!strict && (Asking.Contains(words[0]) || (Asking.Contains(words[^1]) && words.Count <= 6)) && (words.Count > 1 || !IsPlainWord(words[0])))
            return true;
        if (strict)
            return asked > 0 && words.Count <= 3 && words.All(w => Asked.Contains(w) || Joining.Contains(w)) && inside.Length > 2;
        if (asked == 0)
            return false;
        // [no] and [a] are a reply and a list; [day] alone is a unit in an editor's hand.
        if (words.Count == 1 && words[0] is "no" or "nr" or "of" or "text" or "link" or "url" or "tag" or "land" or "service" or "body" or "bijlage" or "case" or "reason" && inside.Any(char.IsLower))
            return false;
        return words.All(w => Asked.Contains(w) || Joining.Contains(w));
    }

    /// <summary>Words that ask only beside another: [complete], [add] and [select] alone are somebody's remark or a button.</summary>
    private static bool IsPlainWord(string word) => word is "add" or "complete" or "select" or "type" or "write" or "enter" or "fill" or "confirm" or "specify" or "indique" or "tk";

    private static bool IsName(string inside) => inside.Length > 0 && inside.All(c => char.IsLetterOrDigit(c) || c is '_' or '.' or '-' or ' ') && char.IsLetter(inside.TrimStart()[..1].FirstOrDefault());

    /// <summary>A merge field as Word shows it: one name, with an underscore, or with something asked for among its words.</summary>
    private static bool IsMergeField(string inside)
    {
        if (inside.Contains(' ') || inside.Contains('\n') || !inside.All(c => char.IsLetterOrDigit(c) || c == '_'))
            return false;
        if (inside.Contains('_'))
            return true;
        // FirstName and AddressBlock are names of fields; «GitHub» is a word between quotes.
        var start = 0;
        for (var i = 1; i <= inside.Length; i++)
            if (i == inside.Length || (char.IsUpper(inside[i]) && char.IsLower(inside[i - 1])) || char.IsDigit(inside[i]))
            {
                if (Asked.Contains(inside[start..i].ToLowerInvariant()))
                    return true;
                start = i;
            }
        return false;
    }

    /// <summary>A run of underscores within words is a blank; on a line of its own it is a rule, and after "signature" a place to sign.</summary>
    private const string RuleSigns = "_ \t-=>|#*/+";

    private static bool IsBlank(Stretch stretch, int at, int length)
    {
        var (before, after) = stretch.LineOf(at, length);
        if ((before.AsSpan().Trim(RuleSigns).IsEmpty && after.AsSpan().Trim(RuleSigns).IsEmpty) || IsWordAt(stretch.Text, at - 1) || IsWordAt(stretch.Text, at + length))
            return false;
        return !SignsHere(before) && !SignsHere(after);
    }

    private static readonly Regex SigningWords = new(
        @"\b(?:sign|signed|signature|signatures|handtekening|ondertekening|voor akkoord|unterschrift|firma|signé|paraaf|initials|witness)\b|التوقيع", Any);

    private static bool SignsHere(string words) => SigningWords.IsMatch(words);

    /// <summary>Dots within words are a blank; before a page number they lead to it, and a line of dots is a rule.</summary>
    private static bool IsDotted(Stretch stretch, int at, int length)
    {
        var (before, after) = stretch.LineOf(at, length);
        if (string.IsNullOrWhiteSpace(before) && string.IsNullOrWhiteSpace(after))
            return false;
        var next = after.Trim();
        if (next.Length is > 0 and < 8 && next.All(c => char.IsDigit(c) || c is 'i' or 'v' or 'x' or '.' or '-' or ' '))
            return false;
        // Dots that only trail off end a sentence; a blank has something on both sides, or a label before it.
        var label = before.TrimEnd();
        return (next.Length > 0 && char.IsLetterOrDigit(next[0]) && label.Length > 0 && before.EndsWith(' ') && after.StartsWith(' ') && !SignsHere(before))
            || (next.Length == 0 && label.EndsWith(':') && !SignsHere(before));
    }

    private static bool IsCross(Stretch stretch, int at, int length)
    {
        var text = stretch.Text;
        if (InAddress(text, at, length))
            return false;
        if (length >= 4)
            return true;
        var (before, after) = stretch.LineOf(at, length);
        var last = before.AsSpan().TrimEnd();
        if (text[at] == 'X')
        {
            // XX and XXX are also numbers: of a chapter, a century, a list.
            var word = last[(last.LastIndexOfAny(' ', '(', '\t') + 1)..].ToString().TrimEnd('.', ':').ToLowerInvariant();
            if (BeforeNumbers.Contains(word) || Roman.IsMatch(before) || Roman.IsMatch(after))
                return false;
            if (last.IsEmpty && after.AsSpan().TrimStart() is var heading && (heading.IsEmpty || heading[0] is '.' or ')' or '-' or '–' or ':'))
                return false; // a numbered heading, or a number alone on its line
        }
        if (length >= 3)
            return true;
        // Two crosses: only with a currency, an article's number or a date beside them.
        return (last.Length > 0 && last[^1] is '€' or '$' or '£') || last.EndsWith("EUR", StringComparison.Ordinal) || last.EndsWith("USD", StringComparison.Ordinal)
            || (text[at] == 'x' && Months.IsMatch(after.Length > 12 ? after[..12] : after));
    }

    private static readonly Regex Months = new(
        @"^ (?:jan|feb|mar|apr|may|mei|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|déc|ene|abr|ago|avr|août|maart|märz)", Any);

    /// <summary>Whether a word is part of an address or a file's name: letters follow its dot, or a slash or an at sign is beside it.</summary>
    private static bool InAddress(string text, int at, int length)
    {
        var end = at + length;
        return (end + 1 < text.Length && text[end] == '.' && char.IsAsciiLetterLower(text[end + 1])) || (end < text.Length && text[end] is '@' or '_')
            || (at > 0 && text[at - 1] is '/' or '@' or '_' or '#' or '=' or '\\') || (at > 1 && text[at - 1] == '.' && char.IsLetter(text[at - 2]) && text[at] == 'x');
    }

    /// <summary>Whether N.N. begins or continues somebody's initials.</summary>
    private static bool IsInitials(string text, int from, int to)
    {
        if (from > 1 && text[from - 1] == '.' && char.IsLetter(text[from - 2]))
            return true;
        while (to < text.Length && text[to] == ' ') to++;
        return to < text.Length && char.IsUpper(text[to]);
    }

    /// <summary>Whether words are all of their line, or all that stands between brackets or behind a colon at its end.</summary>
    private static bool StandsAlone(Stretch stretch, int at, int length)
    {
        var (before, after) = stretch.LineOf(at, length);
        var left = before.AsSpan().TrimEnd();
        var right = after.AsSpan().Trim();
        var opens = left.IsEmpty || left[^1] is '(' or '[' or '<' or '{' or ':' or '*' or '“' or '"';
        var closes = right.IsEmpty || right[0] is ')' or ']' or '>' or '}' or '*' or '”' or '"' || (right.Length == 1 && right[0] == '.');
        return opens && closes && !(left.IsEmpty && right.IsEmpty && length < 4);
    }

    /// <summary>Whether a word in capitals begins a line that goes on in small letters.</summary>
    private static bool Begins(Stretch stretch, int at)
    {
        var (before, after) = stretch.LineOf(at, 0);
        return string.IsNullOrWhiteSpace(before) && after.Any(char.IsLower);
    }

    private static bool IsLetterAt(string text, int at) => at >= 0 && at < text.Length && char.IsLetter(text[at]);

    private static bool IsWordAt(string text, int at) => at >= 0 && at < text.Length && char.IsLetterOrDigit(text[at]);

    private static int Run(ReadOnlySpan<char> rest, char of)
    {
        var run = rest.IndexOfAnyExcept(of);
        return run < 0 ? rest.Length : run;
    }

    private static HashSet<string> Words(string all) =>
        [.. all.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(w => w.ToLowerInvariant())];
}
