using System.CommandLine;
using System.Text.Json.Nodes;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Keeping;

/// <summary>Looking after an office: <c>ledger</c>, <c>doctor</c>, <c>backup</c>, <c>restore</c>.</summary>
public static class KeepingCommands
{
    /// <summary>Adds the room's commands.</summary>
    public static void MapKeeping(this RootCommand root, Commands.CommandLine line)
    {
        root.Add(Ledger(line));
        root.Add(DoctorCommand(line));
        root.Add(Backup(line));
        root.Add(Restore(line));
    }

    private static Command Ledger(Commands.CommandLine line)
    {
        var ledger = new Command("ledger", "The append-only ledger and its proofs.");
        var verify = new Command("verify", "Recomputes the whole ledger and holds it against checkpoint and tiles.").Example("countersign ledger verify");
        line.InOffice(verify, (_, office) => office.LedgerTrouble(mend: false) is { } trouble
            ? new Refusal($"home.{trouble.Code}", trouble.What, trouble.Remedy)
            : new Answer().Line($"The ledger is whole: {office.LedgerSize} entries, root {office.RootAt(office.LedgerSize)}.")
                .With("size", office.LedgerSize).With("root", office.RootAt(office.LedgerSize).ToString()));

        var checkpoint = new Command("checkpoint", "Prints the newest signed checkpoint.").Example("countersign ledger checkpoint");
        line.InOffice(checkpoint, (_, office) => new Answer().Line(office.NewestCheckpoint().TrimEnd('\n')).With("checkpoint", office.NewestCheckpoint()).With("size", office.LedgerSize));

        var reference = Options.Reference();
        var prove = new Command("prove", "Proves that a letter's release stands in the ledger.") { reference }.Example("countersign ledger prove TFN-2026-0001");
        line.InOffice(prove, (parse, office) =>
        {
            if (!office.FindLetter(parse.GetRequiredValue(reference)).Is(out var history, out var refusal))
                return refusal;
            if (history.Release is not { } release)
                return new Refusal("ledger.not-released", "The letter is not released; there is nothing to prove.", "`countersign show` tells what is missing.");
            var (size, root, _, path) = office.ProveInLedger(release.Index);
            var answer = new Answer().Line($"entry {release.Statement.Entry}").Line($"index {release.Index} of {size}");
            foreach (var hash in path)
                answer.Line($"  {hash}");
            return answer.Line($"root  {root}").With("entry", release.Statement.Entry.ToString()).With("index", release.Index).With("size", size)
                .With("path", new JsonArray([.. path.Select(h => JsonValue.Create(h.ToString()))])).With("root", root.ToString());
        });

        var folder = new Argument<string>("DIR") { Description = "A new or empty folder." };
        var export = new Command("export", "Copies what the public may have: tiles, checkpoint, trust and status file.") { folder }.Example("countersign ledger export public-copy");
        line.InOffice(export, (parse, office) =>
        {
            var target = Path.GetFullPath(parse.GetRequiredValue(folder));
            if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
                return new Refusal("export.not-empty", $"{target} is not empty.", "Name a new or empty folder.");
            office.Publish();
            var count = 0;
            foreach (var file in Directory.EnumerateFiles(office.Home.Public, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
            {
                Home.Write(Path.Combine(target, Path.GetRelativePath(office.Home.Public, file)), File.ReadAllBytes(file));
                count++;
            }
            return new Answer().Line($"{count} files are in {target}.").With("files", count).With("folder", target);
        });
        ledger.Add(verify);
        ledger.Add(checkpoint);
        ledger.Add(prove);
        ledger.Add(export);
        return ledger;
    }

    private static Command DoctorCommand(Commands.CommandLine line)
    {
        var command = new Command("doctor", "Examines the office: every act, signature, proof, file and key, and whether enough people are left. It finishes what a crash left unfinished.")
            .Example("countersign doctor", "countersign doctor --rebuild");
        var rebuild = new Option<bool>("--rebuild") { Description = "First makes anew what the gate knows, out of the acts and their files." };
        command.Add(rebuild);
        line.InOffice(command, (parse, office) =>
        {
            var quiet = parse.GetValue<bool>("--json");
            var found = new Doctor(office).Examine(quiet ? null : what => line.Error.WriteLine($"Examining {what} …"), parse.GetValue(rebuild));
            var damaged = found.Any(f => f.Gravity == Gravity.Damage);
            var answer = new Answer { ExitCode = damaged ? 1 : 0 };
            foreach (var ailment in found.OrderByDescending(f => f.Gravity))
                answer.Line($"{ailment.Gravity}: {ailment.What}").Line($"  {ailment.Remedy}");
            answer.Line(damaged ? "The office is damaged." : $"The office is sound: {office.LedgerSize} acts, each checked.");
            return answer.With("sound", !damaged).With("acts", office.LedgerSize).With("findings", new JsonArray([.. found.Select(f => new JsonObject
            {
                ["gravity"] = f.Gravity.ToString().ToLowerInvariant(),
                ["code"] = f.Code,
                ["what"] = f.What,
                ["remedy"] = f.Remedy,
            })]));
        });
        return command;
    }

    private static Command Backup(Commands.CommandLine line)
    {
        var folder = new Argument<string>("DIR") { Description = "A new or empty folder." };
        var command = new Command("backup", "Copies the office while it works. The copy holds its keys: keep it as safe as the office.") { folder }
            .Example("countersign backup /mnt/safe/tfn-2026-11-24");
        line.InOffice(command, (parse, office) =>
        {
            var target = Path.GetFullPath(parse.GetRequiredValue(folder));
            return Backups.Backup(office, target).Is(out var count, out var refusal)
                ? new Answer().Line($"{count} files are in {target}, as of ledger size {office.LedgerSize}.").With("files", count).With("folder", target).With("size", office.LedgerSize)
                : refusal;
        });
        return command;
    }

    private static Command Restore(Commands.CommandLine line)
    {
        var folder = new Argument<string?>("DIR") { Description = "A folder that backup made.", Arity = ArgumentArity.ZeroOrOne };
        var complete = new Option<string[]>("--complete") { Description = "Ends the read-only time if nothing is missing up to this checkpoint or trust file, the newest that anybody outside holds.", HelpName = "FILE" };
        var take = new Option<string[]>("--take") { Description = "Takes missing acts back from sealed letters, status files, trust files or signed holds.", HelpName = "FILE…", AllowMultipleArgumentsPerToken = true };
        var epoch = new Option<bool>("--new-epoch") { Description = "States what stays lost and goes on under new keys. Needs those whom the policy's change rule names." };
        var command = new Command("restore", "Brings a backup back into an empty folder. The office is then read-only until it is shown that nothing is missing, or stated what is.")
            { folder, complete, take, epoch, Options.As(), Options.Key() }
            .Example(
                "countersign restore /mnt/safe/tfn-2026-11-24 --home .countersign", "countersign restore --complete checkpoint-from-witness",
                "countersign restore --take letter.pdf status.file", "countersign restore --new-epoch --as \"A. Jansen\" --as \"B. de Vries\"");
        line.Action(command, parse =>
        {
            string[] brought = [.. parse.GetValue(complete) ?? [], .. parse.GetValue(take) ?? []];
            if (brought.Length > 0 || parse.GetValue(epoch))
            {
                if (!Office.Open(line.HomeOf(parse), line.Clock).Is(out var restored, out var closed))
                    return closed;
                using (restored)
                    return Recover(line, parse, restored, brought, parse.GetValue(epoch));
            }
            if (parse.GetValue(folder) is not { } source)
                return Commands.CommandLine.Usage("Name the backup's folder, or --complete FILE, --take FILE or --new-epoch.");
            var home = line.HomeOf(parse);
            if (!Backups.Restore(Path.GetFullPath(source), home).Is(out var count, out var refusal))
                return refusal;
            if (!Office.Open(home, line.Clock).Is(out var office, out refusal))
                return refusal;
            using (office)
                return new Answer { Next = "countersign restore --complete FILE, with the newest checkpoint or trust file that anybody outside holds" }
                    .Line($"{count} files are back in {home.Path}, as of ledger size {office.LedgerSize}. The office is read-only until it is shown that nothing is missing.")
                    .With("files", count).With("size", office.LedgerSize);
        });
        return command;
    }

    private static Result<Answer> Recover(Commands.CommandLine line, ParseResult parse, Office office, string[] brought, bool newEpoch)
    {
        var recovery = new Recovery(office);
        if (!recovery.Take(brought).Is(out var outside, out var refusal))
            return refusal;
        if (!newEpoch)
            return recovery.Complete().Is(out var size, out refusal)
                ? new Answer().Line($"Nothing is missing up to entry {size}: the office may write again."
                    + (outside.Lost.Count > 0 ? $" {outside.Lost.Count} acts were taken back." : "")).With("size", size).With("takenBack", outside.Lost.Count)
                : refusal;
        if (!line.Signers(parse, office).Is(out var signers, out refusal) || !recovery.OpenEpoch(signers).Is(out var opened, out refusal))
            return refusal;
        if (opened.Outcome.Recorded is null)
            return new Answer { ExitCode = 1, Next = "The same command with --as and --key of whoever is missing." }
                .Line($"Signed and kept. Still missing: {opened.Outcome.Permit.MissingWords}.").With("missing", Missing.Of(opened.Outcome.Permit.Missing));
        var answer = new Answer { Next = "countersign trust --out FILE, for everyone who holds an older one" }
            .Line($"A new epoch of the ledger begins at entry {opened.Outcome.Recorded.Index}; its act states what was lost. The office may write again.");
        var taken = new JsonArray();
        foreach (var back in opened.TakenBack)
        {
            answer.Line(back.Refusal is null
                ? $"  taken back: the {back.Former.Act.Kind} act that was entry {back.Former.Index}"
                : $"  not taken back: the {back.Former.Act.Kind} act that was entry {back.Former.Index}. {back.Refusal.Why} {back.Refusal.Next}");
            taken.Add(new JsonObject { ["index"] = back.Former.Index, ["act"] = back.Former.Act.Kind, ["takenBack"] = back.Refusal is null, ["why"] = back.Refusal?.Why });
        }
        return answer.With("size", office.LedgerSize).With("acts", taken);
    }
}
