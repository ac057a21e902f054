using System.Text;
using System.Text.RegularExpressions;
using Countersign.Proof.Tests.Bench;
using Countersign.Testing;
using Xunit;

namespace Countersign.Proof.Tests;

/// <summary>
/// docs/EXAMPLE.md shows every byte from <c>found</c> to <c>withdraw</c>; the example is made anew here and held against it. After a change that is
/// meant, run these tests with COUNTERSIGN_WRITE_EXAMPLE=1: they then write document and files, and another verifier must follow.
/// </summary>
public sealed partial class ExampleTests
{
    private const string Switch = "COUNTERSIGN_WRITE_EXAMPLE";
    private static readonly string Document = Path.Combine(Corpora.Repository, "docs", "EXAMPLE.md");
    private static readonly string Folder = Path.Combine(Corpora.Repository, "testdata", "example");

    private readonly ExampleOffice _example = new(name => Path.Combine(Folder, name) is var path && File.Exists(path) ? File.ReadAllBytes(path) : null);

    private static bool Writes => Environment.GetEnvironmentVariable(Switch) == "1";

    /// <summary>A value in the document: a comment that names it, and a fenced block right behind.</summary>
    [GeneratedRegex(@"<!-- example: (?<name>[a-z0-9-]+) -->\n```\n(?<value>.*?)\n```\n", RegexOptions.Singleline)]
    private static partial Regex Blocks { get; }

    [Fact]
    public void The_document_shows_the_bytes_that_are_made()
    {
        var text = File.ReadAllText(Document);
        if (Writes)
            File.WriteAllText(Document, text = Blocks.Replace(text, b => $"<!-- example: {b.Groups["name"].Value} -->\n```\n{_example.Values.GetValueOrDefault(b.Groups["name"].Value)}\n```\n"));

        var shown = Blocks.Matches(text).ToDictionary(b => b.Groups["name"].Value, b => b.Groups["value"].Value, StringComparer.Ordinal);
        Assert.Equal(_example.Values.Keys.Order(StringComparer.Ordinal), shown.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, value) in _example.Values)
            Assert.True(shown[name] == value, $"docs/EXAMPLE.md shows another \"{name}\" than is made now. If that is meant, run this test with {Switch}=1. Made:\n{value}");
    }

    [Fact]
    public void The_files_hold_the_bytes_that_are_made()
    {
        if (Writes)
            foreach (var (name, bytes) in _example.Files)
                File.WriteAllBytes(Path.Combine(Folder, name), bytes);

        var lying = Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)).Where(name => !name.StartsWith('.'));
        Assert.Equal(_example.Files.Keys.Order(StringComparer.Ordinal), lying.Order(StringComparer.Ordinal));
        foreach (var (name, bytes) in _example.Files)
            Assert.True(File.ReadAllBytes(Path.Combine(Folder, name)).AsSpan().SequenceEqual(bytes), $"testdata/example/{name} holds other bytes than are made now. If that is meant, run this test with {Switch}=1.");
    }

    [Fact]
    public void The_parts_shown_are_the_whole()
    {
        // The seal in pieces: fair copy, update with the three files in their places.
        var text = new StringBuilder(Encoding.Latin1.GetString(_example.Files["fair-copy.pdf"]));
        var cms = Convert.ToHexStringLower(_example.Files["seal.cms"]).PadRight(8192, '0');
        text.Append(Part().Replace(_example.Values["update"], part => part.Groups["name"].Value switch
        {
            "seal.cms" => cms,
            var name => Encoding.Latin1.GetString(_example.Files[name]),
        })).Append('\n');
        Assert.Equal(Encoding.Latin1.GetString(_example.Files["sealed.pdf"]), text.ToString());
    }

    [GeneratedRegex("«(?<name>[a-z.]+), [^»]*»")]
    private static partial Regex Part();
}
