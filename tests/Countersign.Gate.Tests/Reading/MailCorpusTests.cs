using System.Text;
using Countersign.Documents;
using Countersign.Testing;
using Xunit;

namespace Countersign.Gate.Tests.Reading;

/// <summary>Messages and pages of others, gathered from the suites of programs that read them.</summary>
public sealed class MailCorpusTests
{
    [Theory]
    [InlineData("mail")]
    [InlineData("mailbodies")]
    public void Every_file_is_read_and_every_subject(string folder)
    {
        var missing = new List<string>();
        foreach (var path in Directory.EnumerateFiles(Corpora.Require(folder), "*", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(path);
            var read = Document.Read(bytes);
            if (read.Kind == DocumentKind.Eml && HasSubject(bytes) && !read.Passages.Any(p => p is { Role: TextRole.MailHeader, Label: "subject" }))
                missing.Add(path);
        }
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_bomb_ends_within_its_bound_with_a_finding()
    {
        foreach (var path in Directory.EnumerateFiles(Corpora.Require("bombs"), "*", SearchOption.AllDirectories))
        {
            var read = Document.Read(File.ReadAllBytes(path));
            Assert.True(read.Whole().Any(d => d.Unread.Count + d.Oddities.Count > 0), path);
            Assert.DoesNotContain(read.Whole().SelectMany(d => d.Unread), u => u.Reason == UnreadReason.TooSlow);
        }
    }

    /// <summary>Whether the head of a message has a subject with words in it.</summary>
    private static bool HasSubject(byte[] bytes)
    {
        foreach (var line in Encoding.Latin1.GetString(bytes).Split('\n'))
        {
            if (line.Trim().Length == 0)
                return false;
            if (line.StartsWith("Subject:", StringComparison.OrdinalIgnoreCase) && line[8..].Trim().Length > 0 && !line.Contains("=?", StringComparison.Ordinal))
                return true;
        }
        return false;
    }
}
