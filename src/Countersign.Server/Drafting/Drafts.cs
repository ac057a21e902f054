using Countersign.Proof;
using Countersign.Server.Letters;

namespace Countersign.Server.Drafting;

/// <summary>What somebody brings to become a version.</summary>
public sealed record Bringing
{
    /// <summary>The file.</summary>
    public required string File { get; init; }

    /// <summary>The file that a PDF was made from, if it is brought, too.</summary>
    public string? Source { get; init; }

    /// <summary>Files that leave with the letter.</summary>
    public IReadOnlyList<string> Enclosures { get; init; } = [];

    /// <summary>Addressees, as <c>Name &lt;address&gt;</c>. Null keeps the version's before.</summary>
    public IReadOnlyList<string>? To { get; init; }

    public string? Kind { get; init; }
    public string? Subject { get; init; }
    public string? Language { get; init; }
    public bool Public { get; init; }
    public DateTimeOffset? NotBefore { get; init; }
}

/// <summary>A version that was entered, with what was found in it.</summary>
public sealed record Drafted(LetterHistory History, RecordedAct Recorded, IReadOnlyList<FindingNote> Findings, string WorkingCopy);

/// <summary>Something found in a document: a stable id and a sentence.</summary>
public sealed record FindingNote(string Id, string Says);

/// <summary>Keeps versions. A version's fair copy is frozen here and never made again.</summary>
public sealed class Drafts(Office office)
{
    /// <summary>The largest file that is taken: 100 MB.</summary>
    public const long MaxBytes = 100_000_000;

    /// <summary>Begins a letter with its first version.</summary>
    public Result<Drafted> Begin(Signer drafter, Bringing bringing)
    {
        if (office.WriteFault() is { } fault)
            return fault;
        var letter = LetterHistory.Of(Office.NewId('l'));
        var reference = office.ReserveReference(letter.Letter);
        try
        {
            return Enter(drafter, letter, reference, bringing);
        }
        finally
        {
            office.ReleaseReference(letter.Letter); // does nothing once the letter has an act
        }
    }

    /// <summary>Adds a version to a letter. Earlier reviews lapse.</summary>
    public Result<Drafted> Revise(Signer drafter, LetterHistory history, Bringing bringing) =>
        history.Release is not null
            ? Refusal.From(new Fault("draft.released", "The letter was released; a released letter is never revised."))
            : Enter(drafter, history, history.CurrentDraft!.Reference, bringing);

    private Result<Drafted> Enter(Signer drafter, LetterHistory history, string reference, Bringing bringing)
    {
        if (office.WriteFault() is { } fault)
            return fault;
        var before = history.CurrentDraft;
        var kind = bringing.Kind ?? before?.LetterKind ?? "letter";
        if (!office.Policy.Kinds.ContainsKey(kind))
            return new Refusal("draft.kind", $"The policy knows no letters of kind \"{kind}\".", $"Give one of these with --kind: {string.Join(", ", office.Policy.Kinds.Keys.Order())}.");
        var to = bringing.To ?? (before is null ? [] : [.. before.Addressees.Select(a => office.Disclose(a)?.Value ?? "").Where(a => a.Length > 0)]);
        var language = (bringing.Language ?? before?.Language)?.ToLowerInvariant();
        if (language is not null && !Text.IsId(language))
            return new Refusal("draft.language", $"\"{language}\" is no language.", "Give one such as en, nl, fr or ar with --language.");

        if (to.FirstOrDefault(a => a.Length is 0 or > 500 || Text.Fault(a) is not null) is { } wrong)
            return new Refusal("draft.addressee", $"\"{wrong}\" is no addressee.", "Give one such as \"Joint Operations <joc@example.org>\" with --to.");
        if (bringing.Subject is { } line && (line.Length is 0 or > 500 || Text.Fault(line) is not null))
            return new Refusal("draft.subject", "The subject must be one line of plain text.", "Give it again with --subject.");

        // 1. The fair copy: the PDF brought, or one made from what was brought.
        if (!ReadFile(bringing.File).Is(out var bytes, out var refusal))
            return refusal;
        var version = (before?.Version ?? 0) + 1;
        if (!new FairCopies(office).Make(bytes, Path.GetFileName(bringing.File), new LetterDetails(
            reference, kind, bringing.Subject ?? (before is null ? null : office.Disclose(before.LetterSubject)?.Value), language, to, version)).Is(out var copy, out refusal))
            return refusal;
        var source = copy.IsSource ? null : (Digest?)office.Home.KeepBlob(bytes);
        if (bringing.Source is not null)
        {
            if (!ReadFile(bringing.Source).Is(out var sourceBytes, out refusal))
                return refusal;
            source = office.Home.KeepBlob(sourceBytes);
        }
        var enclosures = new List<Enclosure>();
        foreach (var path in bringing.Enclosures)
        {
            if (!ReadFile(path).Is(out var enclosed, out refusal))
                return refusal;
            enclosures.Add(new Enclosure(Path.GetFileName(path), "application/octet-stream", office.Home.KeepBlob(enclosed)));
        }

        // 2. May it be sealed, and where would its mark stand?
        var examined = SealedPdf.Examine(copy.Pdf);
        if (examined.Refusal is { } unsealable)
            return new Refusal(unsealable.Code, unsealable.Why, unsealable.Next);
        var place = FairCopies.PlaceForMark(copy.Pdf);
        List<FindingNote> findings = [.. examined.Findings.Select(f => new FindingNote(f.Id, f.Says))];
        if (place is null)
            findings.Add(new FindingNote("mark.none", "No corner or edge of the first or last page is free for the mark with its code; the sealed copy will carry none."));

        // 3. The act. Fair copy and source are on the disk before it names them.
        var fairCopy = office.Home.KeepBlob(copy.Pdf);
        var subject = office.Commit("subject", copy.Subject);
        Digest[] addressees = [.. to.Select(a => office.Commit("addressee", a))];
        var entered = office.Do(drafter, header => new DraftAct(header)
        {
            Letter = history.Letter,
            Version = version,
            Reference = reference,
            LetterKind = kind,
            FairCopy = fairCopy,
            Source = source,
            Enclosures = enclosures,
            LetterSubject = subject,
            Language = copy.Language,
            Addressees = addressees,
            Public = bringing.Public,
            NotBefore = bringing.NotBefore ?? before?.NotBefore,
            Findings = [.. findings.Select(f => f.Id).Distinct().Order(StringComparer.Ordinal)],
            Mark = place,
        }, Path.GetFileName(bringing.File));
        if (!entered.Is(out var recorded, out refusal))
            return refusal;

        // 4. A copy to read and pass around, which nobody can take for the letter.
        var working = Path.Combine(office.Home.Working, $"{reference}-v{version}-DRAFT.pdf");
        try
        {
            if (copy.WorkingCopy is { } pdf)
            {
                Home.Write(working, pdf);
                return Answer(working);
            }
            office.Warnings.Add($"There is no working copy marked DRAFT: {copy.WorkingTrouble}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The version is entered; to answer otherwise would make somebody enter it twice.
            office.Warnings.Add($"The version is kept, but its working copy marked DRAFT could not be written: {e.Message}");
        }
        return Answer("");

        Drafted Answer(string workingCopy) => new(office.History(history.Letter), recorded, findings, workingCopy);
    }

    private static Result<byte[]> ReadFile(string path)
    {
        if (!File.Exists(path))
            return new Refusal("draft.file", $"There is no file {path}.", "Check the path.");
        var length = new FileInfo(path).Length;
        return length switch
        {
            0 => new Refusal("draft.empty", $"{Path.GetFileName(path)} is empty (0 bytes).", "Save the letter again and give that file."),
            > MaxBytes => new Refusal("draft.too-large", $"{Path.GetFileName(path)} has {length / 1_000_000} MB; at most 100 MB are taken.", "Make a smaller PDF, for instance with less detailed pictures."),
            _ => File.ReadAllBytes(path),
        };
    }
}
