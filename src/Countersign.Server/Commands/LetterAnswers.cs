using System.Text.Json.Nodes;
using Countersign.Documents;
using Countersign.Proof;
using Countersign.Server.Letters;

namespace Countersign.Server.Commands;

/// <summary>What every command about a letter answers: <c>letter, state, missing[], sealed</c>.</summary>
public static class LetterAnswers
{
    /// <summary>Answers with the letter's state after the command.</summary>
    public static Answer Of(Office office, LetterView view, int exitCode, string done, string? next, IReadOnlyList<Proof.Need>? missing = null, string? sealedCopy = null)
    {
        missing ??= view.Permit?.Missing ?? [];
        var answer = new Answer { ExitCode = exitCode, Next = next }.Line(done);
        if (missing.Count > 0)
            answer.Line($"Missing: {string.Join(", ", missing.Select(m => m.Count == 1 ? m.Words : $"{m.Count} × {m.Words}"))}.");
        if (office.SignAgain(view) is { } again)
            answer.Line(again);
        var released = sealedCopy ?? (view.History.Release is not null && office.SealedCopyOf(view) is { } path && File.Exists(path) ? path : null);
        if (view.History.Release is null)
            Say(answer, office, view.Draft, [.. office.FindingsOf(view.Draft.Digest).Where(f => f.Severity != Severity.Note)]);
        return answer.With("letter", view.Draft.Reference).With("state", view.Word).With("missing", Missing.Of(missing)).With("sealed", released);
    }

    /// <summary>Tells a person what was found in a version, worst first, and what the policy makes of it.</summary>
    public static void Say(Answer answer, Office office, DraftAct draft, IReadOnlyList<Finding> findings)
    {
        foreach (var finding in findings.OrderByDescending(f => f.Severity))
            answer.Line($"{(finding.Severity == Severity.Note ? "Note" : finding.Severity == Severity.Warn ? "Finding" : "Grave finding")} {finding.Id}{(finding.Place.ToString() is { Length: > 0 } where ? $" ({where})" : "")}: {finding.Says}{(finding.Excerpt.Length > 0 ? $" “{finding.Excerpt}”" : "")} {finding.Mend}");
        foreach (var escalation in office.Policy.Escalations.Where(e => e.AppliesTo(draft.Findings)))
            answer.Line($"The policy {(escalation.Refuses ? "refuses its release because of this until it is overruled by" : "asks because of this also for")} {string.Join(" and ", escalation.Approve.Select(n => n.Count == 1 ? n.Words : $"{n.Count} × {n.Words}"))}.");
    }

    /// <summary>The findings for a program.</summary>
    public static JsonArray ToJson(IReadOnlyList<Finding> findings) => new([.. findings.Select(f => new JsonObject
    {
        ["id"] = f.Id,
        ["severity"] = f.Severity.ToString().ToLowerInvariant(),
        ["where"] = f.Place.ToString(),
        ["excerpt"] = f.Excerpt,
        ["says"] = f.Says,
        ["mend"] = f.Mend,
    })]);
}
