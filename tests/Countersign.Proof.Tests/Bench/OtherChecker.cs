using Countersign.Testing;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// <c>tests/independent/check.py</c>: the checker that was written from the documents alone, in another language. A process of Python for each file would be
/// the whole time, so a list of them is judged in one.
/// </summary>
internal static class OtherChecker
{
    private const string Needs = "the other checker needs Python 3 and its package cryptography (Debian: python3, python3-cryptography)";

    private static readonly string Program = Path.Combine(Corpora.Repository, "tests", "independent", "check.py");

    private static readonly string? Python = new[] { "/usr/bin/python3", "python3" }
        .FirstOrDefault(p => Tool.Exists(p) && Tool.Run(p, "-c", "import cryptography").ExitCode == 0);

    /// <summary>Why it cannot be asked here; null when it can.</summary>
    public static string? Missing => Python is null ? Needs : null;

    /// <summary>Its words, one for each attempt, in their order.</summary>
    public static string[] Judge(IReadOnlyList<(string Name, Attempt Attempt, string Expected)> attempts)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-attempts-");
        try
        {
            var run = Tool.Run(Python ?? throw new InvalidOperationException(Needs), "-B", Program, "--batch", AttackExport.Write(folder.FullName, attempts));
            var words = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return run.ExitCode == 0 && words.Length == attempts.Count ? words : throw new InvalidOperationException(run.ToString());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
