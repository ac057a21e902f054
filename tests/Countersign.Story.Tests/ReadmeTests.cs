using System.Diagnostics;
using System.Text.RegularExpressions;
using Countersign.Testing;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>
/// What README.md prints, given as it is printed: the blocks of "Use it", line by line. Each line must end with 0, or
/// as its comment says (<c># exit 1</c>). The folder is one of the test's own, with <c>testdata</c> in it, so that relative paths and the office's
/// default folder are those of whoever types them.
/// </summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void The_commands_of_the_readme_do_what_it_says()
    {
        var place = Directory.CreateTempSubdirectory("countersign-readme-").FullName;
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(place, "testdata"), Path.Combine(Corpora.Repository, "testdata"));
            var commands = Commands();
            Assert.True(commands.Count > 10, "the README's commands were not found");
            foreach (var command in commands)
            {
                var expected = ExitCode().Match(command) is { Success: true } said ? said.Groups[1].Value : "0";
                string[] words = [.. StoryTests.Words(command.Split(" # ")[0]).Skip(1)];
                // The first as the README introduces it; the others by what that builds, which is quicker.
                var result = command == commands[0]
                    ? Dotnet(place, ["run", "--no-build", "-c", Configuration, "--project", Server, "--", .. words])
                    : Run(place, Path.Combine(AppContext.BaseDirectory, "countersign"), words);
                Assert.True(result.ExitCode.ToString() == expected, $"`{command}`: {result}");
            }
            Assert.True(File.Exists(Path.Combine(place, ".countersign", "countersign.db")), "the office does not lie where the command was given");
            Assert.True(File.Exists(Path.Combine(place, "letter.pdf")), "the letter does not lie where the command was given");
            Assert.False(Directory.Exists(Path.Combine(Corpora.Repository, "src", "Countersign.Server", ".countersign")), "there is an office in the source tree");
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    /// <summary>The program as README.md has it published: small, with nothing of the source tree in it, and whole wherever it is carried.</summary>
    [Fact]
    public void What_is_published_is_lean_and_runs_elsewhere()
    {
        var place = Directory.CreateTempSubdirectory("countersign-publish-").FullName;
        try
        {
            var program = Path.Combine(place, "program");
            var published = Dotnet(place, "publish", "--no-build", "-c", Configuration, Server, "-o", program);
            Assert.True(published.ExitCode == 0, published.ToString());
            var files = Directory.GetFiles(program, "*", SearchOption.AllDirectories);
            Assert.InRange(files.Sum(f => new FileInfo(f).Length), 1, 80_000_000);
            Assert.Equal(["countersign.deps.json", "countersign.runtimeconfig.json"], files.Where(f => f.EndsWith(".json", StringComparison.Ordinal)).Select(Path.GetFileName).Order());

            // SQLite, HarfBuzz and Skia all have work to do in a draft.
            var countersign = Path.Combine(program, OperatingSystem.IsWindows() ? "countersign.exe" : "countersign");
            File.WriteAllText(Path.Combine(place, "letter.md"), "Sir,\n\nMore helicopters will fly.\n");
            foreach (var line in (string[])["init Office --domain tfn.example", "person add Drafter --role operations", "draft letter.md --as Drafter"])
            {
                var result = Run(place, countersign, [.. line.Split(' ')]);
                Assert.True(result.ExitCode == 0, $"{line}: {result}");
            }
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    /// <summary>The lines that begin with <c>countersign</c> in the fenced blocks between "Use it" and the next heading, with this year's reference.</summary>
    private static List<string> Commands()
    {
        var text = File.ReadAllText(Path.Combine(Corpora.Repository, "README.md"));
        var section = text[text.IndexOf("\n## Use it", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", 5, StringComparison.Ordinal)];
        return [.. Blocks().Matches(section).SelectMany(m => m.Groups[1].Value.Split('\n'))
            .Where(l => l.StartsWith("countersign ", StringComparison.Ordinal))
            .Select(l => Reference().Replace(l, $"TFN-{DateTime.UtcNow.Year}-0001"))];
    }

    private static string Server => Path.Combine(Corpora.Repository, "src", "Countersign.Server");

    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private static Tool.Result Dotnet(string place, params string[] arguments) => Run(place, "dotnet", arguments);

    private static Tool.Result Run(string place, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = place,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var name in (string[])["COUNTERSIGN_HOME", "COUNTERSIGN_PASSPHRASE"])
            start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Tool.Result(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    [GeneratedRegex("```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"#\s*exit (\d)")]
    private static partial Regex ExitCode();

    [GeneratedRegex(@"TFN-\d{4}-0001")]
    private static partial Regex Reference();
}
