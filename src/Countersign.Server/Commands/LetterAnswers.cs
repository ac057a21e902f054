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
        return answer.With("letter", view.Draft.Reference).With("state", view.Word).With("missing", Missing.Of(missing)).With("sealed", released);
    }
}
