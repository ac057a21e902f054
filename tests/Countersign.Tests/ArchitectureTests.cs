using System.Reflection;
using Countersign.Server.Letters;
using Countersign.Testing;
using Xunit;

namespace Countersign.Tests;

/// <summary>The walls of the house (docs/HOUSE.md).</summary>
public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("Countersign.Proof", "")]
    [InlineData("Countersign.Documents", "")]
    [InlineData("Countersign.Ledger", "Countersign.Proof")]
    [InlineData("Countersign.Gate", "Countersign.Documents Countersign.Proof")]
    public void A_library_uses_only_what_its_wall_lets_through(string library, string allowed)
    {
        var used = Assembly.Load(library).GetReferencedAssemblies().Select(a => a.Name!).Where(a => a.StartsWith("Countersign", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries), used.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_strangers_program_needs_the_proof_alone()
    {
        var project = File.ReadAllText(Path.Combine(Corpora.Repository, "src", "Countersign.Cli", "Countersign.Cli.csproj"));
        Assert.Equal(1, project.Split("<ProjectReference").Length - 1);
        Assert.Contains("Countersign.Proof.csproj", project, StringComparison.Ordinal);
        Assert.DoesNotContain("<PackageReference", project, StringComparison.Ordinal);
    }

    /// <summary>Rooms use Letters and the libraries. The doctor examines staffing and finishes seals; a room that answers programs or visitors hangs its door into the house that serves.</summary>
    [Fact]
    public void Rooms_do_not_use_each_other()
    {
        string[] rooms = ["Approving", "Checking", "Coordinating", "Drafting", "Guarding", "Keeping", "Publishing", "Recalling", "Releasing", "Replaying", "Serving"];
        string[] allowed = ["Checking -> Serving", "Keeping -> Approving", "Keeping -> Releasing", "Publishing -> Serving"];
        var source = Path.Combine(Corpora.Repository, "src", "Countersign.Server");
        var found = rooms.SelectMany(room => Directory.GetFiles(Path.Combine(source, room), "*.cs")
            .SelectMany(File.ReadLines)
            .Where(line => line.StartsWith("using Countersign.Server.", StringComparison.Ordinal))
            .Select(line => line["using Countersign.Server.".Length..].TrimEnd(';'))
            .Where(used => rooms.Contains(used) && used != room)
            .Select(used => $"{room} -> {used}")).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(allowed, found);
    }

    [Fact]
    public void The_proof_has_no_clock_and_touches_no_disk_or_network()
    {
        string[] forbidden = ["File.", "Directory.", "DateTimeOffset.UtcNow", "DateTime.UtcNow", "HttpClient", "Environment.", "Console."];
        foreach (var path in Directory.GetFiles(Path.Combine(Corpora.Repository, "src", "Countersign.Proof"), "*.cs"))
        {
            var code = File.ReadLines(path).Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal)).Select(l => l.Replace("PdfFile.", "", StringComparison.Ordinal));
            foreach (var line in code)
                Assert.False(forbidden.Any(f => line.Contains(f, StringComparison.Ordinal) && !line.Contains($"_{f}", StringComparison.OrdinalIgnoreCase)), $"{Path.GetFileName(path)}: {line.Trim()}");
        }
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/HOUSE.md")]
    [InlineData("docs/STANDARDS.md")]
    [InlineData("docs/THREATS.md")]
    public void A_document_names_no_file_that_is_not_there(string document)
    {
        var text = File.ReadAllText(Path.Combine(Corpora.Repository, document));
        var named = System.Text.RegularExpressions.Regex.Matches(text, @"(?:src|docs|tests|bench|testdata)/[\w./-]+\.(?:cs|md|csproj)|(?:Proof|Ledger|Documents|Gate|Cli|Letters|Checking|Serving|Drafting|Coordinating|Releasing|Recalling|Keeping|Commands|Readers|Residue)/\w+\.cs")
            .Select(m => m.Value).Distinct().ToArray();
        Assert.NotEmpty(named.Append(document));
        foreach (var name in named)
        {
            var room = name.Split('/')[0];
            string[] candidates = [name, $"src/Countersign.{name}", $"src/Countersign.Server/{name}", $"src/Countersign.Documents/{name}"];
            Assert.True(candidates.Any(c => File.Exists(Path.Combine(Corpora.Repository, c))), $"{document} names {name} ({room}), which is not there");
        }
    }

    [Fact]
    public void The_house_is_the_server() => Assert.Equal("countersign", typeof(Office).Assembly.GetName().Name);
}
