using System.CommandLine;
using Countersign.Cli;
using Countersign.Proof;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Publishing;

/// <summary>What everyone may have: <c>verify</c>, <c>trust</c>, <c>status</c>.</summary>
public static class PublicCommands
{
    /// <summary>Adds the room's commands.</summary>
    public static void MapPublishing(this RootCommand root, Commands.CommandLine line)
    {
        root.Add(Verify(line));
        root.Add(Publish(line, "trust", "Writes the trust file: what a stranger needs to check the office's letters offline.", (office, _) => office.Trust().ToBytes(), home => home.TrustFile));
        root.Add(Publish(line, "status", "Writes a fresh status file: which letters stand, signed, for 7 days.", (office, trust) => trust.Status!.Value.ToArray(), home => home.StatusFile));
    }

    private static Command Verify(Commands.CommandLine line)
    {
        var file = new Argument<string>("FILE") { Description = "The letter as it was received." };
        var trust = new Option<string?>("--trust") { Description = "The office's trust file. Default: this office's own.", HelpName = "FILE" };
        var status = new Option<string?>("--status") { Description = "A newer status file; the network is used for nothing else.", HelpName = "FILE|URL" };
        var at = new Option<string?>("--at") { Description = "Answer for that day or moment.", HelpName = "DATE" };
        var offline = new Option<bool>("--offline") { Description = "Never use the network." };
        var command = new Command("verify", "Checks a file: is it a released letter, whole, approved, in force?") { file, trust, status, at, offline }.Example(
            "countersign verify letter.pdf", "countersign verify letter.pdf --trust tfn.trust.json --status https://tfn.example/status/1");
        command.SetAction(parse =>
        {
            var json = parse.GetValue<bool>("--json");
            DateTimeOffset? asked = null;
            var moment = default(DateTimeOffset);
            if (parse.GetValue(at) is { } text && !Moments.TryParse(text, out moment))
                return Commands.CommandLine.Usage($"\"{text}\" is no date; give one such as 2026-12-31.").Print(json, line.Output, line.Error);
            if (parse.GetValue(at) is not null)
                asked = moment;
            if (parse.GetValue(offline) && parse.GetValue(status) is { } address && address.Contains("://", StringComparison.Ordinal))
                return Commands.CommandLine.Usage("--offline and a status address contradict each other.").Print(json, line.Output, line.Error);
            byte[] trustFile;
            try
            {
                if (parse.GetValue(trust) is { } path)
                {
                    trustFile = File.ReadAllBytes(path);
                }
                else
                {
                    if (!Office.Open(line.HomeOf(parse), line.Clock).Is(out var office, out var refusal))
                        return Answer.From(refusal.Code == "home.none"
                            ? new Refusal("home.none", "There is no office here whose letters could be known.", "Name the office's trust file with --trust FILE.")
                            : refusal).Print(json, line.Output, line.Error);
                    using (office)
                        trustFile = office.Trust().ToBytes();
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return Answer.From(new Refusal("home.file-missing", e.Message, "Check the path.")).Print(json, line.Output, line.Error);
            }
            return VerifyCommand.Run(parse.GetRequiredValue(file), trustFile, parse.GetValue(status), asked, line.Clock.GetUtcNow(), json, line.Output, line.Error);
        });
        return command;
    }

    private static Command Publish(Commands.CommandLine line, string name, string description, Func<Office, TrustRoot, byte[]> make, Func<Home, string> place)
    {
        var to = new Option<string?>("--out") { Description = "Where to write it. It is renewed under HOME/public, too.", HelpName = "FILE" };
        var command = new Command(name, description) { to }.Example($"countersign {name} --out tfn.{name}{(name == "trust" ? ".json" : "")}");
        line.InOffice(command, (parse, office) =>
        {
            if (office.ReadOnlyFault() is { } restored)
                return restored;
            office.Publish();
            var published = place(office.Home);
            var path = parse.GetValue(to) is { } given ? Path.GetFullPath(given) : published;
            if (path != published)
                Home.Write(path, File.ReadAllBytes(published));
            return new Answer()
                .Line($"{path}")
                .Line($"The office in words: {OfficeWords.Of(office.Found.Digest)}. Whoever gets this file for the first time should compare them by another way.")
                .With("file", path).With("found", office.Found.Digest.ToString()).With("words", OfficeWords.Of(office.Found.Digest))
                .With("expires", Text.Moment(office.Now + StatusList.Life));
        });
        return command;
    }
}
