using Countersign.Documents;
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

    /// <summary>Addressees, as <c>Name &lt;address&gt;</c>. Null takes what the file says, or else keeps the version's before.</summary>
    public IReadOnlyList<string>? To { get; init; }

    /// <summary>The kind. Null takes what the file says, or else keeps the version's before; a first version is then a letter.</summary>
    public string? Kind { get; init; }
    public string? Subject { get; init; }
    public string? Language { get; init; }
    public bool Public { get; init; }
    public DateTimeOffset? NotBefore { get; init; }
}

/// <summary>A version that was entered.</summary>
/// <param name="History">The letter with it.</param>
/// <param name="Recorded">Its act.</param>
/// <param name="Findings">What was found in it.</param>
/// <param name="WorkingCopy">Where its working copy lies; empty where there is none.</param>
/// <param name="Addressees">Whom it is for.</param>
/// <param name="Notes">Where the file says one thing and the command or the record another, and which counts.</param>
public sealed record Drafted(
    LetterHistory History, RecordedAct Recorded, IReadOnlyList<Finding> Findings, string WorkingCopy, IReadOnlyList<string> Addressees, IReadOnlyList<string> Notes);

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
        if (!ReadLetter(bringing.File).Is(out var bytes, out var refusal) || !FairCopies.PartsOf(bytes).Is(out var parts, out refusal))
            return refusal;
        var said = new SaidOfItself(office, before, bringing, parts, reference);
        var (kind, to) = (said.Kind, said.To);
        if (!office.Policy.Kinds.ContainsKey(kind))
            return new Refusal("draft.kind", $"The policy knows no letters of kind \"{kind}\"{(said.KindIsTheFiles ? ", which the letter's own front matter names" : "")}.", $"Give one of these with --kind: {string.Join(", ", office.Policy.Kinds.Keys.Order())}.");
        var language = (bringing.Language ?? before?.Language)?.ToLowerInvariant();
        if (language is not null && !Text.IsId(language))
            return new Refusal("draft.language", $"\"{language}\" is no language.", "Give one such as en, nl, fr or ar with --language.");

        if (to.FirstOrDefault(a => a.Length is 0 or > 500 || Text.Fault(a) is not null) is { } wrong)
            return new Refusal("draft.addressee", $"\"{wrong}\" is no addressee.", "Give one such as \"Joint Operations <joc@example.org>\" with --to.");
        if (bringing.Subject is { } line && (line.Length is 0 or > 500 || Text.Fault(line) is not null))
            return new Refusal("draft.subject", "The subject must be one line of plain text.", "Give it again with --subject.");

        // 1. The fair copy: the PDF brought, or one made from what was brought.
        var version = (before?.Version ?? 0) + 1;
        if (!new FairCopies(office).Make(bytes, Path.GetFileName(bringing.File), new LetterDetails(
            reference, kind, bringing.Subject ?? (before is null ? null : office.Disclose(before.LetterSubject)?.Value), language, said.ToPrint, version)).Is(out var copy, out refusal))
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
            if (!ReadLetter(path).Is(out var enclosed, out refusal))
                return refusal;
            enclosures.Add(new Enclosure(Path.GetFileName(path), "application/octet-stream", office.Home.KeepBlob(enclosed)));
        }

        // 2. May it be sealed, and where would its mark stand?
        var examined = SealedPdf.Examine(copy.Pdf);
        if (examined.Refusal is { } unsealable)
            return new Refusal(unsealable.Code, unsealable.Why, unsealable.Next);
        var place = FairCopies.PlaceForMark(copy.Pdf);
        List<Finding> findings = [.. examined.Findings.Select(f => new Finding(f.Id, Severity.Warn, default, "", f.Says, "Make the PDF anew, or let its signers accept it."))];
        if (place is null)
            findings.Add(new Finding("mark.none", Severity.Note, default, "", "No corner or edge of the first or last page is free for the mark with its code; the sealed copy will carry none.", "Leave a corner of the first or last page empty."));
        if (to.Count == 0)
            findings.Add(new Finding("addressee.none", Severity.Warn, default, "", "The letter names no addressee.", "Say whom it is for with --to, or with \"to:\" in a Markdown letter's front matter."));
        findings.AddRange(Residues(copy, bringing, bytes, new LetterFacts
        {
            Reference = reference,
            ReferencePrefix = office.Setting("prefix"),
            Kind = kind,
            Language = copy.Language,
            Subject = copy.Subject,
            Addressees = to,
            OfficeName = office.Found.Title,
            OfficeDomain = office.Found.Office,
        }));

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
            Findings = [.. findings.Select(f => f.Id).Concat(findings.Exists(f => Dark.Contains(f.Id)) ? [Escalation.Unread] : []).Distinct().Order(StringComparer.Ordinal)],
            Mark = place,
        }, Path.GetFileName(bringing.File));
        if (!entered.Is(out var recorded, out refusal))
            return refusal;

        office.KeepFindings(recorded.Act.Digest, findings);
        // Every gate of this office knows the version before anybody can carry a copy of it away.
        office.LearnTexts();

        // 4. A copy to read and pass around, which nobody can take for the letter.
        var working = FairCopies.WorkingPath(office.Home, reference, version);
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

        Drafted Answer(string workingCopy) => new(office.History(history.Letter), recorded, findings, workingCopy, to, said.Notes);
    }

    /// <summary>Findings that something was not read: it may hide any other, so the policy's <c>unread</c> goes with them.</summary>
    private static readonly string[] Dark = ["residue.unread", "residue.picture-page", "residue.remapped-glyphs"];

    /// <summary>What the fair copy and the office document that it was made from still carry. A text that was typeset carries nothing that its pages do not show.</summary>
    private List<Finding> Residues(FairCopyMade copy, Bringing bringing, byte[] bytes, LetterFacts facts)
    {
        var today = DateOnly.FromDateTime(office.Now.UtcDateTime);
        var found = Residue.In(Document.Read(copy.Pdf), facts, today).ToList();
        var sources = new List<(byte[] Bytes, string Name)>();
        if (!copy.IsSource && DocumentKind.Detect(bytes) != DocumentKind.Text)
            sources.Add((bytes, Path.GetFileName(bringing.File)));
        if (bringing.Source is { } source && ReadFile(source).Is(out var more, out _))
            sources.Add((more, Path.GetFileName(source)));
        foreach (var (file, name) in sources)
            foreach (var finding in Residue.In(Document.Read(file), facts, today))
                if (!found.Exists(f => f.Id == finding.Id && f.Excerpt == finding.Excerpt))
                    found.Add(finding with { Place = finding.Place with { Part = string.Join(", ", new[] { name, finding.Place.Part }.Where(p => !string.IsNullOrEmpty(p))) } });
        return found;
    }

    /// <summary>
    /// Kind and addressees of a version, out of the command, the file's own front matter, and the version before. The command wins; then what the file says
    /// anew; then what stood before, so that a revision keeps what was once said on the command line.
    /// </summary>
    private sealed class SaidOfItself
    {
        public SaidOfItself(Office office, DraftAct? before, Bringing bringing, LetterParts parts, string reference)
        {
            var earlier = before?.Source is { } source && office.Home.ReadBlob(source) is { } was && FairCopies.PartsOf(was).Is(out var read, out _) ? read : new LetterParts();
            var notes = new List<string>();

            var kind = IdOf(parts.Kind);
            var kindAnew = before is null || kind != IdOf(earlier.Kind) ? kind : null;
            Kind = bringing.Kind ?? kindAnew ?? before?.LetterKind ?? "letter";
            KindIsTheFiles = bringing.Kind is null && kindAnew is not null;
            if (kind is not null && kind != Kind)
                notes.Add($"The letter's front matter says \"kind: {parts.Kind}\"; it is a {Kind}, as {(bringing.Kind is null ? "the version before" : "--kind says")}.");

            string[] to = [.. (parts.Addressees ?? []).Select(OneLine)];
            var toAnew = before is null || !to.SequenceEqual((earlier.Addressees ?? []).Select(OneLine));
            var kept = before?.Addressees.Select(a => office.Disclose(a)?.Value ?? "").Where(a => a.Length > 0).ToArray() ?? [];
            To = bringing.To ?? (to.Length > 0 && toAnew ? to : kept.Length > 0 ? kept : to);
            // The file's own lines are printed as they stand there.
            ToPrint = To.SequenceEqual(to) ? [] : To;
            if (to.Length > 0 && ToPrint.Count > 0)
                notes.Add($"The letter's front matter names as addressee \"{string.Join("; ", to)}\"; it is for {string.Join("; ", To)}, as {(bringing.To is null ? "the version before" : "--to says")}.");

            if (parts.Reference is { } named && named != reference)
                notes.Add($"The letter's front matter names the reference {named}; its reference in this office is {reference}, and that is what stands on it.");
            Notes = notes;
        }

        public string Kind { get; }
        public bool KindIsTheFiles { get; }
        public IReadOnlyList<string> To { get; }
        public IReadOnlyList<string> ToPrint { get; }
        public IReadOnlyList<string> Notes { get; }

        private static string? IdOf(string? kind) => kind?.Trim().ToLowerInvariant().Replace(' ', '-');

        private static string OneLine(string addressee) => string.Join(", ", addressee.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Reads what shall leave. A working copy is read by people and leaves never: its pages say DRAFT, and its letter has a file of its own.</summary>
    private Result<byte[]> ReadLetter(string path) => ReadFile(path).Is(out var bytes, out var refusal)
        ? new FairCopies(office).WorkingCopyOf(bytes) is { } name
            ? new Refusal("draft.working-copy", $"{Path.GetFileName(path)} is the working copy of {name}, marked DRAFT.", "Bring the letter itself.")
            : bytes
        : refusal;

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
