using System.Text;
using Countersign.Documents.Typesetting;

namespace Countersign.Documents;

/// <summary>Sets letters written in Markdown as A4 pages.</summary>
public static class Typesetter
{
    /// <summary>The largest letter that is set, in bytes.</summary>
    public const int MostBytes = 2 * 1024 * 1024;

    internal const string DraftText = "DRAFT – NOT RELEASED", ExerciseText = "EXERCISE";

    private const int MostHeadLines = 12, MostHeadLine = 200, MostPart = 2000, MostListed = 200;

    /// <summary>
    /// Sets a letter. The bytes depend on the arguments and this machine's fonts alone: identical input gives identical
    /// bytes. With <paramref name="draft"/>, every page says DRAFT – NOT RELEASED and whose copy it is.
    /// </summary>
    /// <returns><see cref="PdfMade"/>, or a <see cref="TypesetRefusal"/> whose code begins with "letter.".</returns>
    public static PdfResult Set(LetterSource letter, Letterhead head, WorkingCopy? draft = null) =>
        Set(letter, head, draft, FontShelf.OfThisMachine);

    /// <summary>What a letter's own front matter says of it; nothing where it has none.</summary>
    /// <returns>The parts, or the refusal that <see cref="Set(LetterSource, Letterhead, WorkingCopy?)"/> answers, too.
    /// </returns>
    public static (LetterParts? Parts, TypesetRefusal? Refusal) PartsOf(ReadOnlyMemory<byte> markdown)
    {
        try
        {
            return (Checked(FrontMatter.Split(Decode(markdown)).Matter.Parts), null);
        }
        catch (LetterRefusedException refused)
        {
            return (null, refused.Refusal);
        }
    }

    internal static PdfResult Set(LetterSource letter, Letterhead head, WorkingCopy? draft, FontShelf fonts)
    {
        try
        {
            return SetChecked(letter, head, draft, fonts);
        }
        catch (LetterRefusedException refused)
        {
            return refused.Refusal;
        }
        catch (UnsettableException missing)
        {
            return Characters.NoFont(missing.CodePoint, missing.Script);
        }
    }

    private static PdfMade SetChecked(LetterSource letter, Letterhead head, WorkingCopy? draft, FontShelf fonts)
    {
        // 1. Read: bytes to text, front matter, body.
        var text = Decode(letter.Markdown);
        var (matter, body) = FrontMatter.Split(text);
        var parts = Checked((letter.Overrides ?? new LetterParts()).Over(matter.Parts).Over(letter.Defaults));
        var words = LetterWords.For(parts.Language);
        var blocks = BodyReader.Read(body);
        if (blocks.All(b => b is Block.Rule))
            throw new LetterRefusedException("letter.empty", "The letter has no text.",
                "Write the letter below its front matter.");
        head = Checked(head);

        // 2. Lay out: from the letterhead down to the enclosures.
        var setter = new TextSetter(fonts, words.Tag);
        var composer = new Composer(setter, words);
        var (headMarks, below) = composer.Letterhead(head);
        Compose(composer, words, parts, blocks, matter.Numbered);
        var pages = Pages.Break(composer.Pieces, below + Composer.Leading * 1.5f, Composer.Top, Composer.Bottom);

        // 3. Add what stands on every page, now that their number is known.
        pages[0].InsertRange(0, headMarks);
        for (var i = 0; i < pages.Count; i++)
            pages[i].AddRange(composer.Foot(parts.Reference, i + 1, pages.Count));
        var across = EveryPage(composer, words, letter.Exercise, draft);
        foreach (var page in pages)
            page.InsertRange(0, across);

        // 4. Draw.
        var title = parts.Subject ?? parts.Reference ?? head.OfficeName;
        var pdf = Painter.Paint(pages, Composer.PageWidth, Composer.PageHeight, title, parts.Date,
            draft is null ? null : WorkingCopies.Keywords(draft));
        return new PdfMade(pdf, pages.Count, parts with { Language = words.Tag });
    }

    private static void Compose(Composer composer, LetterWords words, LetterParts parts, IReadOnlyList<Block> blocks,
        bool numbered)
    {
        if (parts.Kind is { } kind && words.Kinds.TryGetValue(kind.ToLowerInvariant().Replace(' ', '-'), out var title))
            composer.Kind(title);
        if (parts.Addressees is { Count: > 0 } addressees)
            composer.Addressees(addressees);
        var first = true;
        void Labelled(string label, string? value, bool strong = false)
        {
            if (value is null) return;
            composer.Labelled(label, value, strong, first);
            first = false;
        }
        var day = parts.Date is { } date ? words.Format(date) : null;
        Labelled(words.Date, parts.Place is null ? day : day is null ? parts.Place
            : words.PlaceAndDay(parts.Place, day));
        Labelled(words.Reference, parts.Reference);
        Labelled(words.Subject, parts.Subject, strong: true);
        if (composer.Pieces.Count > 0) composer.Gap(Composer.Leading * 1.5f);
        composer.Body(blocks, numbered);
        if (parts.From is not null || parts.Role is not null)
            composer.Signature(parts.From, parts.Role);
        if (parts.Enclosures is { Count: > 0 } enclosures)
            composer.Enclosures(enclosures);
    }

    private static List<Mark> EveryPage(Composer composer, LetterWords words, bool exercise, WorkingCopy? draft)
    {
        var marks = new List<Mark>();
        if (exercise)
            marks.Add(composer.Across(ExerciseText, 520, 52, Composer.ExerciseInk.WithAlpha(0x58), outlined: true));
        if (draft is not null)
            marks.Add(composer.Across(DraftText, 620, -52, Composer.Warning.WithAlpha(0x2c), outlined: false));
        if (exercise || draft is not null)
        {
            var said = HeadLine(words, exercise, draft);
            marks.AddRange(composer.TopLine(said, draft is null ? Composer.ExerciseInk : Composer.Warning));
        }
        return marks;
    }

    /// <summary>The parts of the line at the top of every page that is not a released letter's.</summary>
    internal static string[] HeadLine(LetterWords words, bool exercise, WorkingCopy? draft)
    {
        string?[] said = [exercise ? ExerciseText : null, draft is null ? null : DraftText, draft?.Version,
            draft?.Date is { } date ? words.Format(date) : null, draft?.For];
        return [.. said.Where(s => !string.IsNullOrWhiteSpace(s))
            .Select(s => Characters.Checked(OneLine(s!), "The working copy's line"))];
    }

    private static string Decode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MostBytes)
            throw new LetterRefusedException("letter.too-large",
                $"The letter has {bytes.Length:N0} bytes; the typesetter takes at most {MostBytes:N0}.",
                    "Send its annexes as enclosures.");
        string text;
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            throw new LetterRefusedException("letter.not-utf8", "The letter is not UTF-8 text.",
                "Save it as UTF-8, or bring it as a DOCX, an ODT or a PDF.");
        }
        text = text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var line = 1;
        foreach (var c in text)
        {
            if (c == '\n') line++;
            else if (Characters.IsControl(c))
                throw new LetterRefusedException("letter.control-character",
                    $"Line {line} holds the control character U+{(int)c:X4}, which prints nothing.",
                        "Remove it and set the letter again.");
        }
        return string.IsNullOrWhiteSpace(text)
            ? throw new LetterRefusedException("letter.empty", "The letter has no text.",
                "Write the letter as Markdown.")
            : text;
    }

    private static LetterParts Checked(LetterParts parts) => new()
    {
        Reference = Part(parts.Reference, "The reference"),
        Addressees = Listed(parts.Addressees, "The addressee", oneLine: false),
        Date = parts.Date,
        Place = Part(parts.Place, "The place"),
        Subject = Part(parts.Subject, "The subject"),
        Language = parts.Language,
        Kind = Part(parts.Kind, "The kind"),
        From = Part(parts.From, "The signature block"),
        Role = Part(parts.Role, "The signature block"),
        Enclosures = Listed(parts.Enclosures, "The list of enclosures", oneLine: true),
    };

    private static Letterhead Checked(Letterhead head)
    {
        if (head.AddressLines.Count > MostHeadLines || head.AddressLines.Append(head.OfficeName).Any(l =>
            l.Length > MostHeadLine))
            throw new LetterRefusedException("letter.letterhead",
                $"The letterhead has more than {MostHeadLines} lines, or one of more than {MostHeadLine} characters.",
                    "Shorten the letterhead.");
        return new Letterhead(Characters.Checked(OneLine(head.OfficeName), "The office's name"),
            [.. head.AddressLines.Select(l => Characters.Checked(OneLine(l), "The letterhead"))]);
    }

    private static string? Part(string? text, string what)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (text.Length > MostPart)
            throw new LetterRefusedException("letter.part-too-long", $"{what} has more than {MostPart} characters.",
                "Shorten it.");
        return Characters.Checked(OneLine(text), what).Trim();
    }

    private static string[]? Listed(IReadOnlyList<string>? texts, string what, bool oneLine)
    {
        if (texts is null) return null;
        if (texts.Count > MostListed || texts.Any(t => t.Length > MostPart))
            throw new LetterRefusedException("letter.part-too-long",
                $"{what} has more than {MostListed} entries, or one of more than {MostPart} characters.",
                    "Put the list in an enclosure.");
        var said = texts.Where(t => !string.IsNullOrWhiteSpace(t))
            .Select(t => Characters.Checked(oneLine ? OneLine(t) : t.Replace("\r", "", StringComparison.Ordinal), what)
                .Trim()).ToArray();
        return said.Length == 0 ? null : said;
    }

    private static string OneLine(string text) => text.Replace("\r", "", StringComparison.Ordinal).Replace('\n', ' ');
}
