using System.CommandLine;
using Countersign.Proof;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Coordinating;

/// <summary>Opinions on a version: <c>review</c>.</summary>
public static class ReviewCommands
{
    /// <summary>Adds the room's command.</summary>
    public static void MapCoordinating(this RootCommand root, Commands.CommandLine line)
    {
        var reference = Options.Reference();
        var concur = new Option<bool>("--concur") { Description = "Agree: counts as your approval of a release of this version." };
        var change = new Option<bool>("--concur-with-change") { Description = "Agree, with a change that the drafter may make." };
        var back = new Option<bool>("--return") { Description = "Send it back to the drafter." };
        var against = new Option<bool>("--object") { Description = "Object: it cannot be released while you do." };
        var comment = new Option<string?>("--comment") { Description = "Why.", HelpName = "TEXT" };
        var version = new Option<int?>("--version-reviewed") { Description = "The version you read; refused when there is a newer one.", HelpName = "N" };
        var command = new Command("review", "Says what you think of a letter's newest version.") { reference, Options.AsOne(), Options.Key(), concur, change, back, against, comment, version }
            .Example("countersign review TFN-2026-0001 --as \"A. Jansen\" --concur", "countersign review TFN-2026-0001 --as \"A. Jansen\" --object --comment \"It reads as a withdrawal.\"");
        line.InOffice(command, (parse, office) =>
        {
            Opinion[] said = [.. new[] { (concur, Opinion.Concur), (change, Opinion.ConcurWithChange), (back, Opinion.Return), (against, Opinion.Object) }
                .Where(o => parse.GetValue(o.Item1)).Select(o => o.Item2)];
            if (said.Length != 1)
                return Commands.CommandLine.Usage("Say one thing: --concur, --concur-with-change, --return or --object.");
            if (!line.Signer(parse, office).Is(out var reviewer, out var refusal) || !office.ViewOf(parse.GetRequiredValue(reference)).Is(out var view, out refusal))
                return refusal;
            if (parse.GetValue(version) is { } read && read != view.Draft.Version)
                return Refusal.From(new Fault("review.older", $"You read version {read}; the newest is version {view.Draft.Version}."));
            var last = view.History.Concurrences.Concat(view.History.StandingObjections).FirstOrDefault(r => r.Act.By == reviewer.Person);
            if (last is { Act: ReviewAct before } && before.Says == said[0])
                return new Refusal("review.again", $"{office.NameOf(reviewer.Person)} has said so of version {view.Draft.Version} already.", "Nothing is left to do; another opinion would replace this one.");
            var words = parse.GetValue(comment) is { Length: > 0 } text ? office.Commit("comment", text) : (Digest?)null;
            if (!office.Do(reviewer, header => new ReviewAct(header)
            {
                Letter = view.History.Letter,
                Draft = view.Draft.Digest,
                After = view.History.Head!.Value,
                Says = said[0],
                Comment = words,
            }).Is(out _, out refusal))
                return refusal;
            var after = office.View(office.History(view.History.Letter));
            var answer = LetterAnswers.Of(office, after, 0, $"{office.NameOf(reviewer.Person)} {Says(said[0])} version {after.Draft.Version} of {after.Draft.Reference}.",
                after.State == LetterState.Approved ? $"countersign release {after.Draft.Reference} --as PERSON" : null);
            return CountsNot(office, after, reviewer, said[0]) is { } why ? answer.Line(why) : answer;
        });
        root.Add(command);
    }

    /// <summary>Why a concurrence does not count towards a release, so that nobody waits for what it will not bring; null when it counts.</summary>
    private static string? CountsNot(Office office, LetterView view, Signer reviewer, Opinion said)
    {
        if (said is Opinion.Return or Opinion.Object)
            return null;
        if (view.History.Drafters.Contains(reviewer.Person))
            return "It does not count for a release: whoever drafted a letter never counts for it.";
        // Where a kind has stages, nobody is counted until a stage is complete.
        return office.Policy.StagesOf(view.Draft.LetterKind).Count == 0 && view.Permit is { Fault: null, Missing.Count: > 0 } permit
            && permit.Filled.All(f => f.Person != reviewer.Person)
            ? $"It does not count for a release: the policy asks for {permit.MissingWords}, and has no place for {string.Join(", ", reviewer.Member.Roles)}."
            : null;
    }

    private static string Says(Opinion opinion) => opinion switch
    {
        Opinion.Concur => "concurs with",
        Opinion.ConcurWithChange => "concurs, with a change, with",
        Opinion.Return => "returns",
        _ => "objects to",
    };
}
