using Countersign.Documents;
using Countersign.Proof;
using Countersign.Server.Letters;
using MarkPlace = Countersign.Proof.MarkPlace;

namespace Countersign.Server.Drafting;

/// <summary>What the record says of a letter, whatever its file says.</summary>
/// <param name="Reference">The letter's reference.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Subject">Its subject; null leaves the file its own.</param>
/// <param name="Language">Its language; null leaves the file its own.</param>
/// <param name="To">The addressees to print; none leaves the file its own.</param>
/// <param name="Version">The version.</param>
public sealed record LetterDetails(string Reference, string Kind, string? Subject, string? Language, IReadOnlyList<string> To, long Version);

/// <summary>A fair copy as it was made or brought.</summary>
/// <param name="Pdf">The bytes that people will approve.</param>
/// <param name="IsSource">Whether these are the very bytes that were brought.</param>
/// <param name="Subject">The subject line.</param>
/// <param name="Language">The language.</param>
/// <param name="WorkingCopy">The same pages with DRAFT across them; null where they could not be made, and then <paramref name="WorkingTrouble"/> says why.</param>
/// <param name="WorkingTrouble">Why there is no working copy.</param>
public sealed record FairCopyMade(byte[] Pdf, bool IsSource, string Subject, string Language, byte[]? WorkingCopy, string? WorkingTrouble);

/// <summary>Makes the frozen PDF of a version: brought as it is, set from Markdown, or converted by LibreOffice. It is made once and never again.</summary>
public sealed class FairCopies(Office office)
{
    /// <summary>Makes a fair copy and its working copy.</summary>
    public Result<FairCopyMade> Make(byte[] bytes, string name, LetterDetails details)
    {
        var kind = DocumentKind.Detect(bytes);
        if (kind == DocumentKind.Text)
            return Typeset(bytes, details);
        PdfResult made;
        if (kind == DocumentKind.Pdf)
            made = new PdfMade(bytes, 0);
        else if (kind == DocumentKind.Docx || kind == DocumentKind.Odt || kind == DocumentKind.Rtf || kind == DocumentKind.Doc)
            made = Converter.OfThisMachine().ToPdf(bytes, name).GetAwaiter().GetResult();
        else
            return new Refusal("draft.kind-of-file", $"{name} is {kind.Said}, which cannot become a letter.", "Bring Markdown, PDF, DOCX, ODT, RTF or DOC.");
        if (made is TypesetRefusal refusal)
            return new Refusal(refusal.Code, refusal.Why, refusal.Next);
        var pdf = ((PdfMade)made).Pdf;
        // An exercise must be seen on the pages themselves, and a PDF that was brought is not ours to change.
        if (office.Found.Exercise)
            return new Refusal("draft.exercise", "In an exercise, EXERCISE stands across every page, which can only be set from Markdown.", "Bring the letter as Markdown.");
        var stamped = WorkingCopies.Stamp(pdf, CopyOf(details), details.Language);
        return new FairCopyMade(
            pdf, kind == DocumentKind.Pdf, details.Subject ?? Path.GetFileNameWithoutExtension(name), details.Language ?? "en",
            (stamped as PdfMade)?.Pdf, (stamped as TypesetRefusal)?.Why);
    }

    /// <summary>What a file says of its letter in its own front matter: nothing, where it is no Markdown.</summary>
    public static Result<LetterParts> PartsOf(byte[] bytes) =>
        DocumentKind.Detect(bytes) != DocumentKind.Text ? new LetterParts()
        : Typesetter.PartsOf(bytes) is { Refusal: { } refusal } ? new Refusal(refusal.Code, refusal.Why, refusal.Next)
        : Typesetter.PartsOf(bytes).Parts!;

    /// <summary>The first place of the template that nothing stands in; null when there is none, or it cannot be told.</summary>
    public static MarkPlace? PlaceForMark(byte[] pdf) => MarkPlaces.Free(pdf) is { Known: true, Places: [var first, ..] } && MarkCorners.Parse(first.Name) is { } corner
        ? new MarkPlace(first.Page, corner)
        : null;

    private Result<FairCopyMade> Typeset(byte[] markdown, LetterDetails details)
    {
        var head = new Letterhead(office.Found.Title, [office.Found.Office]);
        var letter = new LetterSource(
            markdown,
            Defaults: new LetterParts { Date = DateOnly.FromDateTime(office.Now.UtcDateTime), Language = details.Language ?? "en", Subject = details.Subject },
            Overrides: new LetterParts
            {
                Reference = details.Reference,
                Kind = details.Kind,
                Subject = details.Subject,
                Language = details.Language,
                Addressees = details.To.Count > 0 ? [.. details.To.Select(NameOnly)] : null,
            },
            office.Found.Exercise);
        var made = Typesetter.Set(letter, head);
        if (made is TypesetRefusal refusal)
            return new Refusal(refusal.Code, refusal.Why, refusal.Next);
        var pdf = (PdfMade)made;
        var draft = Typesetter.Set(letter, head, CopyOf(details));
        return new FairCopyMade(
            pdf.Pdf, false, pdf.Parts?.Subject ?? "(no subject)", pdf.Parts?.Language?.ToLowerInvariant() ?? "en",
            (draft as PdfMade)?.Pdf, (draft as TypesetRefusal)?.Why);
    }

    /// <summary>
    /// Whose working copy a file is, as <c>TFN-2026-0001, version 1</c>: by what the copy says of itself, wherever it was carried, or because it is, byte for
    /// byte, one that this office made. Null where it is none.
    /// </summary>
    public string? WorkingCopyOf(byte[] bytes)
    {
        if (DocumentKind.Detect(bytes) != DocumentKind.Pdf)
            return null;
        if (WorkingCopies.NameIn(bytes) is { } name)
            return name;
        if (!Directory.Exists(office.Home.Working))
            return null;
        var same = Directory.EnumerateFiles(office.Home.Working, $"*{WorkingEnd}")
            .FirstOrDefault(f => new FileInfo(f).Length == bytes.Length && File.ReadAllBytes(f).AsSpan().SequenceEqual(bytes));
        return same is null ? null : Path.GetFileName(same)[..^WorkingEnd.Length].Replace("-v", ", version ", StringComparison.Ordinal);
    }

    /// <summary>Where the working copy of a version lies.</summary>
    public static string WorkingPath(Home home, string reference, long version) => Path.Combine(home.Working, $"{reference}-v{version}{WorkingEnd}");

    private const string WorkingEnd = "-DRAFT.pdf";

    private WorkingCopy CopyOf(LetterDetails details) =>
        new($"{details.Reference}, version {details.Version}", DateOnly.FromDateTime(office.Now.UtcDateTime), null);

    /// <summary><c>Name &lt;address&gt;</c> as it stands on a letter: the name, where there is one.</summary>
    private static string NameOnly(string addressee)
    {
        var at = addressee.IndexOf('<', StringComparison.Ordinal);
        return at > 0 ? addressee[..at].Trim() : addressee.Trim('<', '>', ' ');
    }
}
