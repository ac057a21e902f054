using System.CommandLine;
using System.Text.Json.Nodes;
using Countersign.Proof;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Drafting;

/// <summary>Writing: <c>draft</c>, <c>revise</c>, <c>show</c>, <c>list</c>.</summary>
public static class DraftCommands
{
    /// <summary>Adds the room's commands.</summary>
    public static void MapDrafting(this RootCommand root, Commands.CommandLine line)
    {
        root.Add(Draft(line));
        root.Add(Revise(line));
        root.Add(Show(line));
        root.Add(List(line));
    }

    private static readonly Option<string[]> To = new("--to") { Description = "An addressee: \"Name <address>\". May be given more than once. Default: what a Markdown letter's front matter says", HelpName = "ADDRESSEE" };
    private static readonly Option<string?> Kind = new("--kind") { Description = "The kind of letter, as the policy names it. Default: what a Markdown letter's front matter says, else letter", HelpName = "KIND" };
    private static readonly Option<string?> Subject = new("--subject") { Description = "The subject line.", HelpName = "TEXT" };
    private static readonly Option<string?> Language = new("--language") { Description = "The language: en, nl, fr, ar … Default: en", HelpName = "TAG" };
    private static readonly Option<string?> Source = new("--source") { Description = "The DOCX or ODT that a PDF was made from.", HelpName = "FILE" };
    private static readonly Option<string[]> With = new("--with") { Description = "A file that leaves with the letter. May be given more than once.", HelpName = "FILE" };
    private static readonly Option<bool> Public = new("--public") { Description = "The letter is meant for everyone, not for its addressees alone." };
    private static readonly Option<string?> NotBefore = new("--not-before") { Description = "When the letter comes into force.", HelpName = "DATE" };

    private static Command Draft(Commands.CommandLine line)
    {
        var file = new Argument<string>("FILE") { Description = "The letter: Markdown, PDF, DOCX, ODT, RTF or DOC." };
        var command = new Command("draft", "Begins a letter: freezes its fair copy as version 1 and gives it a reference.")
            { file, To, Kind, Subject, Language, Source, With, Public, NotBefore, Options.AsOne(), Options.Key() }.Example(
            "countersign draft letter.md --to \"Joint Operations Command <joc@example.org>\" --as \"D. Drafter\"",
            "countersign draft letter.pdf --source letter.docx --to \"Ministry <mod@example.org>\" --kind notice --as clerk@tfn.example --key clerk.key");
        line.InOffice(command, (parse, office) => line.Signer(parse, office).Is(out var drafter, out var refusal)
            && Bring(parse, parse.GetRequiredValue(file)).Is(out var bringing, out refusal)
            && new Drafts(office).Begin(drafter, bringing).Is(out var drafted, out refusal)
                ? Answered(office, drafted)
                : refusal);
        return command;
    }

    private static Command Revise(Commands.CommandLine line)
    {
        var reference = Options.Reference();
        var file = new Argument<string>("FILE") { Description = "The next version: Markdown, PDF, DOCX, ODT, RTF or DOC." };
        var command = new Command("revise", "Adds a version. Reviews of earlier versions lapse.")
            { reference, file, To, Kind, Subject, Language, Source, With, Public, NotBefore, Options.AsOne(), Options.Key() }
            .Example("countersign revise TFN-2026-0001 letter.md --as \"D. Drafter\"");
        line.InOffice(command, (parse, office) => line.Signer(parse, office).Is(out var drafter, out var refusal)
            && office.FindLetter(parse.GetRequiredValue(reference)).Is(out var history, out refusal)
            && Bring(parse, parse.GetRequiredValue(file)).Is(out var bringing, out refusal)
            && new Drafts(office).Revise(drafter, history, bringing).Is(out var drafted, out refusal)
                ? Answered(office, drafted)
                : refusal);
        return command;
    }

    private static Result<Bringing> Bring(ParseResult parse, string file)
    {
        DateTimeOffset? notBefore = null;
        if (parse.GetValue(NotBefore) is { } text)
        {
            if (!Moments.TryParse(text, out var moment))
                return new Refusal("usage.date", $"\"{text}\" is no date.", "Give one such as 2026-12-31 or 2026-12-31T08:00:00Z.");
            notBefore = text.Length == 10 ? new DateTimeOffset(moment.Date, TimeSpan.Zero) : moment;
        }
        return new Bringing
        {
            File = file,
            To = parse.GetValue(To) is { Length: > 0 } to ? [.. to.Select(t => t.Trim())] : null,
            Kind = parse.GetValue(Kind),
            Subject = parse.GetValue(Subject),
            Language = parse.GetValue(Language),
            Source = parse.GetValue(Source),
            Enclosures = parse.GetValue(With) ?? [],
            Public = parse.GetValue(Public),
            NotBefore = notBefore,
        };
    }

    private static Answer Answered(Office office, Drafted drafted)
    {
        var draft = (DraftAct)drafted.Recorded.Act;
        var view = office.View(drafted.History);
        var answer = new Answer { Next = $"countersign review {draft.Reference} --as PERSON --concur" }
            .Line($"{draft.Reference}, version {draft.Version}: a {draft.LetterKind}, frozen.")
            .Line($"For:     {(drafted.Addressees.Count > 0 ? string.Join("; ", drafted.Addressees) : "(nobody named)")}");
        if (drafted.WorkingCopy.Length > 0)
            answer.Line($"To read and pass around, marked DRAFT: {drafted.WorkingCopy}");
        answer.Line($"SHA-256 of the fair copy: {draft.FairCopy}");
        foreach (var note in drafted.Notes)
            answer.Line($"Note: {note}");
        LetterAnswers.Say(answer, office, draft, drafted.Findings);
        if (office.SignAgain(view) is { } again)
            answer.Line(again);
        return answer
            .Line($"To release it, the policy asks for: {view.Permit!.MissingWords}.")
            .With("letter", draft.Reference).With("version", draft.Version).With("digest", draft.FairCopy.ToString())
            .With("findings", LetterAnswers.ToJson(drafted.Findings))
            .With("state", view.Word).With("missing", Missing.Of(view.Permit.Missing)).With("working", drafted.WorkingCopy)
            .With("fairCopy", office.Home.BlobPath(draft.FairCopy)).With("kind", draft.LetterKind)
            .With("addressees", new JsonArray([.. drafted.Addressees.Select(a => JsonValue.Create(a))]))
            .With("notes", new JsonArray([.. drafted.Notes.Select(n => JsonValue.Create(n))]));
    }

    private static Command Show(Commands.CommandLine line)
    {
        var reference = Options.Reference();
        var command = new Command("show", "Shows a letter: its versions, what was said of it, who must still sign.") { reference }.Example("countersign show TFN-2026-0001");
        line.InOffice(command, (parse, office) => office.ViewOf(parse.GetRequiredValue(reference)).Is(out var view, out var refusal) ? Shown(office, view) : refusal);
        return command;
    }

    private static Answer Shown(Office office, LetterView view)
    {
        var draft = view.Draft;
        var answer = new Answer()
            .Line($"{draft.Reference}  {view.Word}  ({draft.LetterKind}, version {draft.Version})")
            .Line($"Subject:   {office.Disclose(draft.LetterSubject)?.Value ?? "(erased)"}")
            .Line($"To:        {string.Join("; ", draft.Addressees.Select(a => office.Disclose(a)?.Value ?? "(erased)"))}")
            .Line($"Fair copy: {draft.FairCopy}");
        var findings = office.FindingsOf(draft.Digest);
        LetterAnswers.Say(answer, office, draft, findings);
        var acts = new JsonArray();
        foreach (var recorded in view.History.Acts)
        {
            string[] signers = [.. recorded.Approvals.Select(a => a.Person).OrderBy(p => p != recorded.Act.By).Select(office.NameOf)];
            var reason = ReasonOf(office, recorded.Act);
            answer.Line($"  {Text.Moment(recorded.At)}  {Says(recorded.Act)}, signed by {string.Join(", ", signers)}{(reason is null ? "" : $": {reason}")}");
            acts.Add(new JsonObject
            {
                ["act"] = recorded.Act.Kind,
                ["digest"] = recorded.Act.Digest.ToString(),
                ["by"] = office.NameOf(recorded.Act.By),
                ["at"] = Text.Moment(recorded.At),
                ["index"] = recorded.Index,
                ["signers"] = new JsonArray([.. signers.Select(n => JsonValue.Create(n))]),
                ["reason"] = reason,
            });
        }
        foreach (var act in office.WaitingHolds(view.History.Letter))
            answer.Line($"  {Text.Moment(act.At)}  hold, signed by {office.NameOf(act.By)}; it counts, and the ledger has not taken it yet{(ReasonOf(office, act) is { } why ? $": {why}" : "")}");
        foreach (var act in view.Pending)
            answer.Line($"  waiting: {act.Kind}, signed by {string.Join(", ", office.PendingApprovals(act).Select(a => office.NameOf(a.Person)))}");
        if (view.Permit is { } permit)
            answer.Line(permit.Fault is { } fault ? fault.Why : permit.Missing.Count > 0 ? $"Missing for a release: {permit.MissingWords}." : "Nobody is missing: it can be released.");
        if (office.SignAgain(view) is { } again)
            answer.Line(again);
        string? Here(string path) => File.Exists(path) ? path : null;
        var sealedCopy = view.History.Release is null ? null : Here(office.SealedCopy(draft.Reference));
        var working = Here(FairCopies.WorkingPath(office.Home, draft.Reference, draft.Version));
        if (sealedCopy is not null)
            answer.Line($"Sealed copy:  {sealedCopy}");
        if (working is not null)
            answer.Line($"Working copy: {working}");
        return answer.With("letter", draft.Reference).With("state", view.Word).With("version", draft.Version).With("kind", draft.LetterKind)
            .With("digest", draft.FairCopy.ToString()).With("missing", Missing.Of(view.Permit?.Missing ?? []))
            .With("findings", new JsonArray([.. draft.Findings.Select(f => JsonValue.Create(f))])).With("found", LetterAnswers.ToJson(findings))
            .With("sealed", sealedCopy).With("working", working).With("acts", acts);
    }

    /// <summary>Why it was done, where its author said so and the words were not erased.</summary>
    private static string? ReasonOf(Office office, Act act) => act switch
    {
        WithdrawAct withdrawal => withdrawal.Reason,
        HoldAct hold => office.Disclose(hold.Reason)?.Value,
        ReviewAct review => office.Disclose(review.Comment)?.Value,
        _ => null,
    };

    private static string Says(Act act) => act switch
    {
        DraftAct d => $"version {d.Version}",
        ReviewAct { Says: Opinion.Concur } => "concurrence",
        ReviewAct { Says: Opinion.ConcurWithChange } => "concurrence with change",
        ReviewAct { Says: Opinion.Return } => "return",
        ReviewAct { Says: Opinion.Object } => "objection",
        WithdrawAct => "withdrawal",
        CorrectAct c => $"replacement by {c.Reference}",
        _ => act.Kind,
    };

    private static Command List(Commands.CommandLine line)
    {
        string[] states = ["draft", "in-review", "approved", "released", "on-hold", "withdrawn", "replaced"];
        var state = new Option<string?>("--state") { Description = $"Only letters in this state: {string.Join(", ", states)}", HelpName = "S" }.AcceptOnlyFromAmong(states);
        var command = new Command("list", "Lists the letters.") { state }.Example("countersign list", "countersign list --state approved");
        line.InOffice(command, (parse, office) =>
        {
            var answer = new Answer();
            var letters = new JsonArray();
            foreach (var row in office.AllLetters())
            {
                var view = office.View(office.History(row.Id));
                if (parse.GetValue(state) is { } wanted && wanted != view.Word)
                    continue;
                var subject = office.Disclose(view.Draft.LetterSubject)?.Value ?? "(erased)";
                answer.Line($"{row.Reference}  {view.Word,-10}  v{view.Draft.Version}  {view.Draft.LetterKind,-8}  {subject}");
                letters.Add(new JsonObject
                {
                    ["letter"] = row.Reference,
                    ["state"] = view.Word,
                    ["version"] = view.Draft.Version,
                    ["kind"] = view.Draft.LetterKind,
                    ["subject"] = subject,
                    ["missing"] = Missing.Of(view.Permit?.Missing ?? []),
                });
            }
            if (letters.Count == 0)
                answer.Line("There are no such letters.");
            return answer.With("letters", letters);
        });
        return command;
    }
}
