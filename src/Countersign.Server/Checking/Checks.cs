using System.Text.Json.Nodes;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Proof;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Checking;

/// <summary>What a check found in one file: may it leave, and what should its signers know.</summary>
/// <param name="File">The file's name, as it was given.</param>
/// <param name="Ruling">The gate's answer.</param>
/// <param name="Findings">What the document still carries that a letter should not.</param>
public sealed record Checked(string File, Ruling Ruling, IReadOnlyList<Finding> Findings)
{
    /// <summary>The gate's answer, and a refusal also where a finding refuses.</summary>
    public RulingKind Kind => Findings.Any(f => f.Severity == Severity.Refuse) ? RulingKind.Refuse : Ruling.Kind;

    /// <summary>The reason in a sentence, with what may only be told to those who may read the letters.</summary>
    public string Why => Ruling.Kind == RulingKind.Pass && Kind == RulingKind.Refuse
        ? Findings.First(f => f.Severity == Severity.Refuse).Says
        : Ruling.Leaks is [var leak, ..] ? leak.Says
        : Ruling.Seals is [var seal, ..] ? $"{(seal.Part.Length > 0 ? seal.Part : "It")}: {seal.Says}."
        : Ruling.LookAlikes is [var alike, ..] ? $"It looks like a letter of this office and is not sealed: it bears {string.Join(", ", alike.Features)}."
        : Ruling.Unread is [var dark, ..] ? dark.Says
        : Ruling.Why;

    /// <summary>What to do about it.</summary>
    public string Next => Ruling.Kind == RulingKind.Pass && Kind == RulingKind.Refuse ? Findings.First(f => f.Severity == Severity.Refuse).Mend : Ruling.Next;

    /// <summary>One object a file, with stable members.</summary>
    /// <param name="inFull">Whether whoever asks may read the letters: letter, version and passages stand in it. Else only that there is a leak.</param>
    public JsonObject ToJson(bool inFull) => new()
    {
        ["file"] = File,
        ["ruling"] = Kind.ToString().ToLowerInvariant(),
        ["why"] = inFull ? Why : Ruling.Kind == RulingKind.Pass ? Why : Ruling.Why,
        ["next"] = Next,
        ["findings"] = LetterAnswers.ToJson(Findings),
        ["leaks"] = new JsonArray([.. Ruling.Leaks.Select(l => inFull
            ? new JsonObject
            {
                ["letter"] = l.Reference,
                ["version"] = l.Version,
                ["share"] = Math.Round(l.Share, 4),
                ["words"] = l.Words,
                ["passage"] = l.Passages.MaxBy(p => p.Words)?.Text,
                ["passages"] = new JsonArray([.. l.Passages.Select(p => new JsonObject { ["part"] = p.Part, ["where"] = p.Place.ToString(), ["text"] = p.Text, ["words"] = p.Words })]),
            }
            : new JsonObject { ["words"] = null })]),
        ["lookAlikes"] = new JsonArray([.. Ruling.LookAlikes.Select(a => new JsonObject { ["part"] = a.Part, ["features"] = new JsonArray([.. a.Features.Select(f => JsonValue.Create(f))]) })]),
        ["seals"] = new JsonArray([.. Ruling.Seals.Select(s => new JsonObject { ["part"] = s.Part, ["letter"] = s.Reference, ["verdict"] = s.Says })]),
        ["unread"] = new JsonArray([.. Ruling.Unread.Select(u => new JsonObject { ["reason"] = Word(u.Reason), ["where"] = u.Place.ToString(), ["says"] = u.Says })]),
    };

    private static string Word(UnreadReason reason) => string.Concat(reason.ToString().Select((c, i) => char.IsUpper(c) && i > 0 ? "-" + char.ToLowerInvariant(c) : char.ToLowerInvariant(c).ToString()));
}

/// <summary>
/// Checks files: the same gatekeeper that stands before the mail, and what a document still carries. Made for a moment: what the gate knows is brought up to
/// the newest act when it is made, and the office's own standing files are as of then. Any number of threads may then <see cref="Check"/>.
/// </summary>
public sealed class Checks
{
    private readonly Gatekeeper _gate;
    private readonly LetterFacts _facts;
    private readonly DateOnly _today;

    /// <summary>Brings the gate up to date with the office.</summary>
    public Checks(Office office, OfficeTexts texts, Action<long, long>? progress = null)
    {
        texts.CatchUp(office, progress);
        var (trust, now) = (office.Trust(), office.Now);
        var home = office.Home;
        _gate = new Gatekeeper(texts.Known, new LookAlikes(GateWatch.LookOf(office)), pdf => GateWatch.Verify(pdf, trust, GateWatch.Holds(home), now), new UnreadPolicy());
        _facts = FactsOf(office);
        _today = DateOnly.FromDateTime(now.UtcDateTime);
    }

    /// <summary>Reads and checks one file.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="recipients">To whom it goes; null where nobody said.</param>
    public Checked Check(ReadOnlyMemory<byte> bytes, string name, Audience? recipients)
    {
        var document = Document.Read(bytes, name);
        // A message is judged, and not whether it would do as a fair copy; its attachments are other people's affair, too.
        var isLetter = document.Kind != DocumentKind.Eml && document.Kind != DocumentKind.Msg && document.Kind != DocumentKind.Zip && document.Kind != DocumentKind.Tnef;
        var findings = isLetter && !IsSealed(document) ? Residue.In(document, _facts, _today) : [];
        // A bare text is a mail's, more often than a letter's: that nobody signs it is no finding.
        var isText = document.Kind == DocumentKind.Text || document.Kind == DocumentKind.OldText;
        return new Checked(name, _gate.Judge(document, recipients), isText ? [.. findings.Where(f => f.Id != "residue.no-signature")] : findings);
    }

    /// <summary>What a version's fair copy still carries.</summary>
    public IReadOnlyList<Finding> OfDraft(Office office, DraftAct draft, byte[] fairCopy) => Residue.In(Document.Read(fairCopy), FactsOf(office) with
    {
        Reference = draft.Reference,
        Kind = draft.LetterKind,
        Language = draft.Language,
        Subject = office.Disclose(draft.LetterSubject)?.Value,
        Addressees = [.. draft.Addressees.Select(a => office.Disclose(a)?.Value).OfType<string>()],
    }, _today);

    private static bool IsSealed(Document document) => document.Parts.Any(p => p.Name == SealedPdf.ReceiptName);

    /// <summary>What the record says of any letter of the office.</summary>
    private static LetterFacts FactsOf(Office office) => new() { ReferencePrefix = office.Setting("prefix"), OfficeName = office.Found.Title, OfficeDomain = office.Found.Office };
}
