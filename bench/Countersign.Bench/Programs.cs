using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Countersign.Bench;

/// <summary>Other programs, run as a user would run them.</summary>
internal static class Programs
{
    /// <summary>The repository's root.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>Runs a program to its end and returns its output; throws when it does not say or exit as it should.</summary>
    public static string Run(string program, string? says, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 && (says is null || output.Contains(says, StringComparison.Ordinal))
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} gave {process.ExitCode}:\n{output}{error.GetAwaiter().GetResult()}");
    }

    /// <summary>The native countersign-verify: the one named with <c>--program</c>, else one that is published now.</summary>
    public static string NativeVerifier(string[] args, string work)
    {
        if (Rounds.Option(args, "--program") is { } named)
            return Path.GetFullPath(named);
        Console.Error.WriteLine("publishing countersign-verify as a native program (about a minute)");
        var folder = Path.Combine(work, "native");
        Run("dotnet", null, "publish", Path.Combine(Repository, "src", "Countersign.Cli"), "-r", RuntimeInformation.RuntimeIdentifier, "--artifacts-path", Path.Combine(work, "artifacts"), "-o", folder);
        return Path.Combine(folder, "countersign-verify");
    }

    private static string FindRepository()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
            if (File.Exists(Path.Combine(dir.FullName, "Countersign.slnx")))
                return dir.FullName;
        throw new InvalidOperationException("The benches run from inside a checkout of the repository.");
    }
}
