using System.CommandLine;
using System.Text.Json.Nodes;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Proof;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Checking;

/// <summary>May it leave, and is it fit to be a letter? <c>check</c> and <c>clean</c>.</summary>
public static class CheckCommands
{
    private const long MostBytes = DocumentKind.MostBytes;

    /// <summary>Adds the room's commands.</summary>
    public static void MapChecking(this RootCommand root, Commands.CommandLine line)
    {
        root.Add(Check(line));
        root.Add(Clean(line));
    }

    private static Command Check(Commands.CommandLine line)
    {
        var files = new Argument<string[]>("FILE") { Description = "Files of any sort, mail messages too; a letter's reference; or - for standard input.", Arity = ArgumentArity.OneOrMore };
        var to = new Option<string[]>("--to") { Description = "To whom it goes: what was released to them may leave. Default: it is not said, as for everyone.", HelpName = "ADDRESS" };
        var command = new Command("check", "Says of each file whether it may leave: whether it holds an unreleased draft or looks like a letter that was never sealed; and what it still carries that a letter should not, such as tracked changes. Exit 1 when one must not leave.")
            { files, to }.Example("countersign check letter.docx", "countersign check message.eml --to joc@example.org", "countersign check TFN-2026-0001", "cat mail.txt | countersign check -");
        line.InOffice(command, (parse, office) =>
        {
            var recipients = parse.GetValue(to) is { Length: > 0 } named ? Audience.Of(named.SelectMany(OfficeTexts.Addresses)) : null;
            using var texts = OfficeTexts.Open(office);
            var quiet = parse.GetValue<bool>("--json");
            var checks = new Checks(office, texts, quiet ? null : (done, of) =>
            {
                if (of >= 50 && done % 50 == 0)
                    line.Error.WriteLine($"Reading what is new: {done} of {of} …");
            });
            foreach (var unknown in texts.Unknown)
                office.Warnings.Add($"The gate does not know {unknown}: it is missing or damaged. `countersign doctor` tells more.");
            var found = new List<Checked>();
            var missing = new List<string>();
            foreach (var file in parse.GetRequiredValue(files))
            {
                if (BytesOf(office, file, line.Input).Is(out var brought, out var refusal))
                    found.Add(brought.Draft is { } draft
                        ? new Checked(draft.Reference, new Ruling(RulingKind.Pass, [], [], [], [], []), checks.OfDraft(office, draft, brought.Bytes))
                        : checks.Check(brought.Bytes, brought.Name, recipients));
                else if (parse.GetRequiredValue(files).Length == 1)
                    return refusal;
                else
                    missing.Add($"{file}: {refusal.Why}");
            }
            return Answered(found, missing);
        });
        return command;
    }

    private static Answer Answered(List<Checked> found, List<string> missing)
    {
        var answer = new Answer { ExitCode = found.Any(f => f.Kind != RulingKind.Pass) ? 1 : missing.Count > 0 ? 3 : 0, Next = found.Select(f => f.Next).FirstOrDefault(n => n.Length > 0) };
        foreach (var file in found)
        {
            answer.Line($"{file.File}: {(file.Kind == RulingKind.Pass ? "may leave" : file.Kind == RulingKind.Refuse ? "must not leave" : "cannot be told")}{(file.Kind == RulingKind.Pass ? "" : $". {file.Why}")}");
            foreach (var leak in file.Ruling.Leaks)
                foreach (var passage in leak.Passages)
                    answer.Line($"    {leak.Reference}, version {leak.Version}, {passage.Words} words{At(passage.Part, passage.Place)}: “{passage.Text}”");
            foreach (var unread in file.Ruling.Unread)
                answer.Line($"    not read{At("", unread.Place)}: {unread.Says}");
            foreach (var finding in file.Findings)
                answer.Line($"    {finding.Id}{At("", finding.Place)}: {finding.Says}{(finding.Excerpt.Length > 0 ? $" “{finding.Excerpt}”" : "")} {finding.Mend}");
            answer.AddObject(file.ToJson(inFull: true));
        }
        foreach (var file in missing)
            answer.Line(file);
        return answer;
    }

    private static string At(string part, Place place) => string.Join(", ", new[] { part, place.ToString() }.Where(s => s.Length > 0)) is { Length: > 0 } where ? $" ({where})" : "";

    private static Result<(byte[] Bytes, string Name, DraftAct? Draft)> BytesOf(Office office, string file, Func<Stream> input)
    {
        if (file == "-")
        {
            using var all = new MemoryStream();
            using var from = input();
            var buffer = new byte[81_920];
            for (int read; (read = from.Read(buffer)) > 0;)
            {
                all.Write(buffer, 0, read);
                if (all.Length > MostBytes)
                    return TooLarge("standard input");
            }
            return (all.ToArray(), "", null);
        }
        if (File.Exists(file))
            return new FileInfo(file).Length > MostBytes ? TooLarge(file) : (File.ReadAllBytes(file), Path.GetFileName(file), null);
        if (!Text.IsReference(file.Trim().ToUpperInvariant()))
            return new Refusal("check.file", $"There is no file {file}.", "Check the path, or give a letter's reference.");
        if (!office.FindLetter(file).Is(out var history, out var refusal))
            return refusal;
        var draft = history.CurrentDraft!;
        return office.Home.ReadBlob(draft.FairCopy) is { } copy
            ? (copy, draft.Reference, draft)
            : new Refusal("home.blob", $"The fair copy of {draft.Reference} is missing or damaged on this machine.", "`countersign doctor` tells more.");
    }

    private static Refusal TooLarge(string file) => new("check.too-large", $"{file} is larger than the 100 MB that are read.", "Check its parts one by one.");

    private static Command Clean(Commands.CommandLine line)
    {
        var file = new Argument<string>("FILE") { Description = "The document: DOCX, DOTX, DOCM or ODT." };
        var to = new Option<string>("--out") { Description = "The new file. The old one stays as it is.", HelpName = "NEW", Required = true };
        var tracked = new Option<string>("--tracked") { Description = "What becomes of tracked changes: accept, reject or keep.", HelpName = "WHAT", DefaultValueFactory = _ => "keep" };
        tracked.AcceptOnlyFromAmong("accept", "reject", "keep");
        var command = new Command("clean", "Takes out of a document what a letter should not carry: comments, hidden text, the names of its authors; tracked changes as you say. Writes a new file and says what it did.")
            { file, to, tracked }.Example("countersign clean letter.docx --out letter-clean.docx --tracked accept");
        line.Action(command, parse =>
        {
            var path = parse.GetRequiredValue(file);
            var target = Path.GetFullPath(parse.GetRequiredValue(to));
            if (!File.Exists(path))
                return new Refusal("clean.file", $"There is no file {path}.", "Check the path.");
            if (new FileInfo(path).Length > MostBytes)
                return TooLarge(path);
            if (File.Exists(target))
                return new Refusal("clean.exists", $"{target} is there already; nothing is overwritten.", "Give a new name with --out.");
            var choices = new CleanChoices { Tracked = Enum.Parse<TrackedChoice>(parse.GetRequiredValue(tracked), ignoreCase: true) };
            var result = Cleaner.Clean(File.ReadAllBytes(path), choices, Path.GetFileName(path));
            if (result is CleanRefusal refused)
                return new Refusal(refused.Code, refused.Why, refused.Next);
            var cleaned = (Cleaned)result;
            Home.Write(target, cleaned.Bytes.Span);
            var left = cleaned.Left;
            var answer = new Answer { Next = $"countersign check {Options.ForShell(target)}" }.Line($"{target} is written. {Path.GetFileName(path)} stays as it was.");
            foreach (var done in cleaned.Did)
                answer.Line($"    {done}");
            if (cleaned.Did.Count == 0)
                answer.Line("    There was nothing to take out.");
            foreach (var finding in left)
                answer.Line($"    still there: {finding.Id}: {finding.Says}");
            return answer.With("file", target).With("did", new JsonArray([.. cleaned.Did.Select(d => JsonValue.Create(d))])).With("left", new JsonArray([.. left.Select(f => JsonValue.Create(f.Id))]));
        });
        return command;
    }
}
