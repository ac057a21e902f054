using Countersign.Documents;
using Countersign.Testing;
using Xunit;

namespace Countersign.Gate.Tests.Recognising;

/// <summary>A small sample of real documents in successive versions, and of everyday mails. The whole table is the benchmark's (docs/RECOGNITION.md).</summary>
public sealed class RecognitionCorpusTests
{
    [Fact]
    public void Of_real_documents_every_draft_is_refused_its_released_version_passes_and_everyday_mails_do()
    {
        var folders = Directory.GetDirectories(Corpora.Require("versions")).Order(StringComparer.Ordinal).Where((_, i) => i % 25 == 0).ToArray();
        var mails = Directory.GetFiles(Corpora.Require("mailbodies/easy-ham-1")).Order(StringComparer.Ordinal).Where((_, i) => i % 10 == 0).ToArray();
        var store = Directory.CreateTempSubdirectory("recognition").FullName;
        try
        {
            using var known = KnownTexts.Open(store, new byte[32]);
            var documents = folders.Select(f => (Id: Path.GetFileName(f), Versions: Directory.GetFiles(f, "v*.txt").Order(StringComparer.Ordinal).Select(File.ReadAllText).ToArray())).ToList();
            foreach (var (id, versions) in documents)
            {
                for (var v = 0; v < versions.Length; v++)
                    known.Learn(new KnownText(id, id, v + 1, KnownTextKind.Draft), NormalText.Of(versions[v]));
                known.Learn(new KnownText(id, id, versions.Length, KnownTextKind.Free, Audience.Of(id + "@example.org")), NormalText.Of(versions[^1]));
            }
            foreach (var (id, versions) in documents)
            {
                var (addressee, stranger) = (Audience.Of(id + "@example.org"), Audience.Of("stranger@example.org"));
                IReadOnlyList<Leak> Leaks(string text, Audience to) => known.Match(NormalText.Of(text), to).Leaks;
                Assert.Empty(Leaks(versions[^1], addressee));
                Assert.Empty(Leaks("Thank you.\n> " + versions[^1].Replace("\n", "\n> "), addressee));
                foreach (var version in versions)
                {
                    Assert.Contains(Leaks(version, stranger), l => l.Letter == id);
                    Assert.Contains(Leaks(version[..(version.Length / 2)].ToUpperInvariant(), stranger), l => l.Letter == id);
                    var words = version.Split(' ');
                    Assert.Contains(Leaks(string.Join(' ', words.Select((w, i) => i % 5 == 3 ? "otherwise" : w)), stranger), l => l.Letter == id);
                }
            }
            foreach (var mail in mails)
                Assert.Empty(known.Match(NormalText.Of(File.ReadAllText(mail, System.Text.Encoding.Latin1)), Audience.Everyone).Leaks);
        }
        finally
        {
            Directory.Delete(store, recursive: true);
        }
    }
}
