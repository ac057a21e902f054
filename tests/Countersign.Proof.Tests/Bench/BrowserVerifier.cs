using System.Text.Json;
using Countersign.Testing;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// <c>web/verify/verify.js</c>, the verifier that browsers run, in Node. One process judges a whole list; the answer for each attempt is the verdict with
/// everything that it says, in the form of <see cref="Picture(Verdict)"/>.
/// </summary>
internal static class BrowserVerifier
{
    private const string Needs = "the browser's verifier needs Node 20 or later (Debian: nodejs)";

    // What comes behind these words is each reader's own way to say which byte it did not like.
    private static readonly string[] OwnWords =
        ["The receipt is damaged:", "The pages before the seal are ones that no office may seal:", "The status file says nothing:", "The signed hold says nothing:"];

    private static readonly string? Node = new[] { "node", "nodejs" }
        .FirstOrDefault(p => Tool.Exists(p) && Tool.Run(p, "-e", "process.exit(Number(process.versions.node.split('.')[0]) >= 20 ? 0 : 1)").ExitCode == 0);

    /// <summary>Why it cannot be asked here; null when it can.</summary>
    public static string? Missing => Node is null ? Needs : null;

    /// <summary>What it says of each attempt, in their order.</summary>
    public static string[] Judge(IReadOnlyList<(string Name, Attempt Attempt, string Expected)> attempts)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-attempts-");
        try
        {
            var run = Run("batch.mjs", AttackExport.Write(folder.FullName, attempts));
            var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return run.ExitCode == 0 && lines.Length == attempts.Count ? [.. lines.Select(Picture)] : throw new InvalidOperationException(run.ToString());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Runs another of the scripts beside it.</summary>
    public static Tool.Result Run(string script, params string[] arguments) => Tool.Run(
        Node ?? throw new InvalidOperationException(Needs), [Path.Combine(Corpora.Repository, "tests", "verify-js", script), .. arguments]);

    /// <summary>All that a verdict says, a line each.</summary>
    public static string Picture(Verdict verdict) => Lines(
        verdict.Code, Text.Moment(verdict.For), MomentOf(verdict.AsOf), verdict.Office, verdict.Reference, verdict.LetterKind, MomentOf(verdict.ReleasedAt), verdict.SelfMade,
        verdict.Approvals.Select(a => $"{a.Person ?? "-"}: {string.Join(", ", a.Roles)}, {(a.Assurance == Assurance.Passkey ? "passkey" : "software")}, {Text.Moment(a.At)}"),
        verdict.Reasons, verdict.Unused);

    private static string Picture(string line)
    {
        var said = JsonDocument.Parse(line).RootElement;
        if (said.TryGetProperty("crash", out var crash))
            return $"crash: {crash}";
        string? Word(string name) => said.GetProperty(name).GetString();
        static string Words(JsonElement array) => string.Join(", ", array.EnumerateArray().Select(item => item.GetString()));
        return Lines(
            Word("verdict")!, Word("for")!, Word("asOf"), Word("office"), Word("reference"), Word("kind"), Word("releasedAt"), said.GetProperty("selfMade").GetBoolean(),
            said.GetProperty("approvals").EnumerateArray().Select(a =>
                $"{a.GetProperty("person").GetString() ?? "-"}: {Words(a.GetProperty("roles"))}, {a.GetProperty("assurance").GetString()}, {a.GetProperty("at").GetString()}"),
            said.GetProperty("reasons").EnumerateArray().Select(r => r.GetString()!), Word("unused"));
    }

    private static string Lines(
        string code, string at, string? asOf, string? office, string? reference, string? kind, string? releasedAt, bool selfMade,
        IEnumerable<string> approvals, IEnumerable<string> reasons, string? unused) => string.Join('\n', [
            code, at, $"as of {asOf}", $"office {office}", $"reference {reference}", $"kind {kind}", $"released {releasedAt}", $"self-made {selfMade}",
            .. approvals.Select(a => $"approved {a}"), .. reasons.Select(r => $"because {InCommon(r)}"), $"unused {InCommon(unused)}"]);

    private static string? InCommon(string? sentence) =>
        OwnWords.FirstOrDefault(words => sentence?.StartsWith(words, StringComparison.Ordinal) == true) ?? sentence;

    private static string? MomentOf(DateTimeOffset? at) => at is { } moment ? Text.Moment(moment) : null;
}
