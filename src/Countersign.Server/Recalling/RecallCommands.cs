using System.CommandLine;
using Countersign.Proof;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Recalling;

/// <summary>When a letter should not stand: <c>hold</c>, <c>lift</c>, <c>withdraw</c>, <c>correct</c>.</summary>
public static class RecallCommands
{
    /// <summary>Adds the room's commands.</summary>
    public static void MapRecalling(this RootCommand root, Commands.CommandLine line)
    {
        root.Add(Hold(line));
        root.Add(Lift(line));
        root.Add(Withdraw(line));
        root.Add(Correct(line));
    }

    private static Option<string?> Reason() => new("--reason") { Description = "Why.", HelpName = "TEXT" };

    private static Command Hold(Commands.CommandLine line)
    {
        var reference = Options.Reference();
        var reason = Reason();
        var carry = new Option<string?>("--out") { Description = "Also write the signed hold as a file, to carry to whoever holds the letter: `verify LETTER --status FILE` then says on hold.", HelpName = "FILE" };
        var command = new Command("hold", "Stops a letter at once, released or not. One person who may stop does so alone.") { reference, Options.AsOne(), Options.Key(), reason, carry }
            .Example(
                "countersign hold TFN-2026-0001 --as \"A. Jansen\" --reason \"It reads as a withdrawal.\"",
                "countersign hold TFN-2026-0001 --as \"A. Jansen\" --out tfn-2026-0001.hold");
        line.InOffice(command, (parse, office) =>
        {
            if (!line.Signer(parse, office).Is(out var signer, out var refusal) || !office.ViewOf(parse.GetRequiredValue(reference)).Is(out var view, out refusal))
                return refusal;
            var name = view.Draft.Reference;
            if (parse.GetValue(carry) is null && (view.History.StandingHolds.Any(h => h.Act.By == signer.Person) || office.WaitingHolds(view.History.Letter).Any(h => h.By == signer.Person)))
                return LetterAnswers.Of(office, view, 0, $"{name} is on hold by {office.NameOf(signer.Person)} already.", null, []);
            if (!office.Hold(signer, view.History, parse.GetValue(reason), parse.GetValue(carry)).Is(out var held, out refusal))
                return refusal;
            if (held.Waits is { } waits)
                office.Warnings.Add($"The hold counts from now on and nothing is released past it, but the ledger has not taken it yet, so those who check outside do not see it: {waits}");
            return LetterAnswers.Of(office, office.View(office.History(view.History.Letter)), 0,
                held.Waits is null ? $"{name} is on hold: it does not stand for now, and everyone who checks it is told." : $"{name} is on hold.",
                held.Waits is null
                    ? $"countersign withdraw {name} --as PERSON --reason TEXT, or countersign lift {name} --as PERSON"
                    : $"countersign doctor; and countersign hold {name} --as PERSON --out FILE, to carry the hold to whoever has the letter", []);
        });
        return command;
    }

    private static Command Lift(Commands.CommandLine line)
    {
        var reference = Options.Reference();
        var command = new Command("lift", "Ends a hold. Needs those who may withdraw; the letter's drafters never count.") { reference, Options.As(), Options.Key() }
            .Example("countersign lift TFN-2026-0001 --as \"E. Chief\" --as \"B. de Vries\"");
        line.InOffice(command, (parse, office) =>
        {
            if (!line.Signers(parse, office).Is(out var signers, out var refusal) || !office.FindLetter(parse.GetRequiredValue(reference)).Is(out var history, out refusal))
                return refusal;
            if (history.StandingHolds is not [var hold, ..])
                return Refusal.From(new Fault("lift.no-hold", $"{history.CurrentDraft!.Reference} is not on hold."));
            return Decided(office, history, office.Decide(history.Letter, signers, act => act is LiftAct, header => new LiftAct(header)
            {
                Letter = history.Letter,
                Hold = hold.Act.Digest,
                After = history.Head!.Value,
                Until = header.At + DecisionAct.LongestWait,
            }), "The hold is lifted", "lift");
        });
        return command;
    }

    private static Command Withdraw(Commands.CommandLine line)
    {
        var reference = Options.Reference();
        var reason = Reason();
        var open = new Option<bool>("--public") { Description = "Tell of it in the public register and feed, too." };
        var command = new Command("withdraw", "Ends a released letter for good. The reason is told to everyone who checks the letter.") { reference, Options.As(), Options.Key(), reason, open }
            .Example("countersign withdraw TFN-2026-0001 --as \"E. Chief\" --reason \"Sent in error; it was a draft.\"");
        line.InOffice(command, (parse, office) =>
        {
            if (!line.Signers(parse, office).Is(out var signers, out var refusal) || !office.FindLetter(parse.GetRequiredValue(reference)).Is(out var history, out refusal))
                return refusal;
            if (history.Ending is { Act: WithdrawAct } && history.CurrentDraft is { } ended)
                return LetterAnswers.Of(office, office.View(history), 0, $"{ended.Reference} is withdrawn already.", null, []);
            if (history.Release is not { } release)
                return Refusal.From(new Fault("withdraw.not-released", $"{history.CurrentDraft!.Reference} was never released; there is nothing to withdraw."));
            var why = parse.GetValue(reason)?.Trim();
            if (why is not null && (why.Length is 0 or > 1000 || Text.Fault(why) is not null))
                return new Refusal("withdraw.reason", "The reason must be up to 1,000 characters of plain text on one line.", "Give it again with --reason.");
            var waiting = office.OpenPending(history.Letter, history).OfType<WithdrawAct>().FirstOrDefault();
            if (waiting is not null && why is not null && why != waiting.Reason)
                return new Refusal("withdraw.reason-differs", $"A withdrawal waits for its last signature with the reason \"{waiting.Reason}\".", "Leave out --reason to sign that one.");
            return Decided(office, history, office.Decide(history.Letter, signers, act => act is WithdrawAct, header => new WithdrawAct(header)
            {
                Letter = history.Letter,
                Release = release.Act.Digest,
                After = history.Head!.Value,
                Reason = why,
                Public = parse.GetValue(open),
                Until = header.At + DecisionAct.LongestWait,
            }), "The letter is withdrawn", "withdraw");
        });
        return command;
    }

    private static Command Correct(Commands.CommandLine line)
    {
        var old = new Argument<string>("OLD") { Description = "The released letter that no longer stands." };
        var with = new Option<string>("--with") { Description = "The released letter that replaces it.", HelpName = "NEW", Required = true };
        var command = new Command("correct", "Replaces a released letter by another released letter. Needs those who may withdraw, besides the new letter's own release.")
            { old, with, Options.As(), Options.Key() }.Example("countersign correct TFN-2026-0001 --with TFN-2026-0002 --as \"E. Chief\" --as \"B. de Vries\"");
        line.InOffice(command, (parse, office) =>
        {
            if (!line.Signers(parse, office).Is(out var signers, out var refusal)
                || !office.FindLetter(parse.GetRequiredValue(old)).Is(out var history, out refusal)
                || !office.ViewOf(parse.GetRequiredValue(with)).Is(out var replacement, out refusal))
                return refusal;
            if (history.Release is not { } release)
                return Refusal.From(new Fault("withdraw.not-released", $"{history.CurrentDraft!.Reference} was never released; there is nothing to replace."));
            if (replacement.State != LetterState.Released || replacement.History.Letter == history.Letter)
                return new Refusal("correct.replacement", $"{replacement.Draft.Reference} is {replacement.Word}; only another letter that is released and in force can replace one.",
                    $"Release it first: countersign release {replacement.Draft.Reference} --as PERSON");
            return Decided(office, history, office.Decide(history.Letter, signers, act => act is CorrectAct c && c.Replacement == replacement.History.Release!.Act.Digest,
                header => new CorrectAct(header)
                {
                    Letter = history.Letter,
                    Release = release.Act.Digest,
                    After = history.Head!.Value,
                    Replacement = replacement.History.Release!.Act.Digest,
                    Reference = replacement.Draft.Reference,
                    Until = header.At + DecisionAct.LongestWait,
                }), $"The letter is replaced by {replacement.Draft.Reference}", "correct");
        });
        return command;
    }

    private static Result<Answer> Decided(Office office, LetterHistory history, Result<Outcome> decided, string done, string command)
    {
        if (!decided.Is(out var outcome, out var refusal))
            return refusal;
        var view = office.View(office.History(history.Letter));
        var name = view.Draft.Reference;
        return outcome.Recorded is not null
            ? LetterAnswers.Of(office, view, 0, $"{name}: {char.ToLowerInvariant(done[0])}{done[1..]}, and everyone who checks it is told.", $"countersign trust --out tfn.trust.json, for those who check offline", [])
            : LetterAnswers.Of(office, view, 1, $"{name}: signed and kept, but not enough yet.", $"countersign {command} {name} --as PERSON", outcome.Permit.Missing);
    }
}
