using System.Text;

namespace Countersign.Documents;

/// <summary>A letter as its author wrote it: Markdown (UTF-8, at most 2 MB) with an optional front matter
/// block.</summary>
/// <param name="Markdown">The bytes of the Markdown file.</param>
/// <param name="Defaults">What holds where the front matter is silent.</param>
/// <param name="Overrides">What holds whatever the front matter says: the record's reference, for one.</param>
/// <param name="Exercise">Prints EXERCISE across every page, for offices founded as exercises.</param>
public sealed record LetterSource(
    ReadOnlyMemory<byte> Markdown, LetterParts? Defaults = null, LetterParts? Overrides = null, bool Exercise = false)
{
    /// <summary>A letter from a string.</summary>
    public static LetterSource Of(
        string markdown, LetterParts? defaults = null, LetterParts? overrides = null, bool exercise = false) =>
        new(Encoding.UTF8.GetBytes(markdown), defaults, overrides, exercise);
}

/// <summary>
/// The parts of a letter that stand outside its body; null means "not said". After typesetting, what was really
/// printed.
/// </summary>
public sealed record LetterParts
{
    public string? Reference { get; init; }

    /// <summary>One string for each addressee; its lines are the lines of the address.</summary>
    public IReadOnlyList<string>? Addressees { get; init; }

    public DateOnly? Date { get; init; }
    public string? Place { get; init; }
    public string? Subject { get; init; }

    /// <summary>A language tag: en, nl, fr, de or ar, with or without a region.</summary>
    public string? Language { get; init; }

    /// <summary>The kind's id: letter, notice, note-verbale, press-statement, reply, or the office's own.</summary>
    public string? Kind { get; init; }

    /// <summary>The signature block's name and office.</summary>
    public string? From { get; init; }
    public string? Role { get; init; }
    public IReadOnlyList<string>? Enclosures { get; init; }

    /// <summary>These parts, and where they are silent, the other's.</summary>
    public LetterParts Over(LetterParts? other) => other is null ? this : new LetterParts
    {
        Reference = Reference ?? other.Reference,
        Addressees = Addressees ?? other.Addressees,
        Date = Date ?? other.Date,
        Place = Place ?? other.Place,
        Subject = Subject ?? other.Subject,
        Language = Language ?? other.Language,
        Kind = Kind ?? other.Kind,
        From = From ?? other.From,
        Role = Role ?? other.Role,
        Enclosures = Enclosures ?? other.Enclosures,
    };
}

/// <summary>The office's letterhead: its name and the lines below it.</summary>
public sealed record Letterhead(string OfficeName, IReadOnlyList<string> AddressLines);

/// <summary>What a working copy says of itself at the top of every page, beside DRAFT – NOT RELEASED.</summary>
/// <param name="Version">Whose copy it is: <c>TFN-2026-0001, version 1</c>. It stands in the file's document information,
/// too, by which <see cref="WorkingCopies.NameIn"/> knows the file again.</param>
/// <param name="Date">When it was made.</param>
/// <param name="For">Whom it was made for.</param>
public sealed record WorkingCopy(string Version, DateOnly? Date, string? For);

/// <summary>The answer of whatever makes a PDF here: <see cref="PdfMade"/> or <see cref="TypesetRefusal"/>, and
/// nothing else.</summary>
public abstract record PdfResult
{
    private protected PdfResult() { }
}

/// <summary>A PDF. <paramref name="Parts"/> holds what a typeset letter printed; it is null for other
/// documents.</summary>
public sealed record PdfMade(byte[] Pdf, int Pages, LetterParts? Parts = null) : PdfResult;

/// <summary>No PDF: a code for programs, a sentence that says why, and one that says what to do.</summary>
public sealed record TypesetRefusal(string Code, string Why, string Next) : PdfResult;
