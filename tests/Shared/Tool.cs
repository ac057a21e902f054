using System.Diagnostics;
using Xunit;

namespace Countersign.Testing;

/// <summary>Runs another program the way a user would: poppler, qpdf, zbarimg, or our own binaries.</summary>
public static class Tool
{
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        public override string ToString() => $"exit {ExitCode}\n{Output}\n{Error}";
    }

    /// <summary>Runs a program that may be missing: the running test is skipped, naming the Debian package that brings it.</summary>
    public static Result RunOrSkip(string program, string package, params string[] arguments)
    {
        Assert.SkipUnless(Exists(program), $"needs {program} (Debian package {package}), which is not installed");
        return Run(program, arguments);
    }

    public static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(p => File.Exists(Path.Combine(p, program)));

    public static Result Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
