using System.Diagnostics;
using System.Globalization;
using Countersign.Documents;
using Countersign.Gate;

namespace Countersign.GateBench;

/// <summary>
/// An office whose gate knows very many drafts. It is founded by the command line; the drafts are told to the gate's memory alone, for what they cost the ledger is measured elsewhere. Made
/// once and kept in the folder given.
/// </summary>
internal static class DraftsHome
{
    /// <summary>Opens the gate's memory itself. No gate may have it meanwhile.</summary>
    public static KnownTexts Open(string home) => KnownTexts.Open(Path.Combine(home, "known", "texts"), File.ReadAllBytes(Path.Combine(home, "keys", "office", "texts.secret")));

    /// <summary>What a message shares with drafts.</summary>
    public static (int Drafts, bool Leaks) Hits(KnownTexts known, byte[] wire)
    {
        var matched = known.Match(Text(Document.Read(wire.AsMemory(0, wire.Length - 3), "message.eml")), Audience.Of([Mails.Recipient]));
        return (matched.Suspicions.Count, matched.Leaks.Count > 0);
    }

    /// <summary>All text of a document as it is looked up.</summary>
    public static NormalText Text(Document document) => NormalText.Of(document.Whole().SelectMany(d => d.Passages).Select(p => p.Text));

    /// <summary>Changes with what is in such a home.</summary>
    private const int Edition = 1;

    public static string Made(string cache, string program, Words words, int drafts)
    {
        var home = Path.Combine(cache, string.Create(CultureInfo.InvariantCulture, $"home-{Edition}-{words.Count}-{drafts}"));
        if (File.Exists(Path.Combine(home, "made")))
            return home;
        if (Directory.Exists(home))
            Directory.Delete(home, recursive: true);
        Directory.CreateDirectory(cache);
        Programs.Run(program, "init", "Task Force North", "--domain", "tfn.example", "--home", home);
        Programs.Run(program, "person", "add", "D. Drafter", "--role", "operations", "--home", home);
        Programs.Run(program, "draft", Path.Combine(Programs.Repository, "testdata", "letters", "helicopters.en.md"), "--as", "D. Drafter", "--home", home);

        var (since, done) = (Stopwatch.GetTimestamp(), 0);
        using (var known = Open(home))
        {
            Parallel.For(1, drafts, new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount }, n =>
            {
                known.Learn(new KnownText(string.Create(CultureInfo.InvariantCulture, $"bench.{n}"), string.Create(CultureInfo.InvariantCulture, $"TFN-2019-{n:D6}"), 1, KnownTextKind.Draft), NormalText.Of(words.Draft(n)));
                if (Interlocked.Increment(ref done) is var now && now % 10_000 == 0)
                    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {now:N0} drafts known after {Stopwatch.GetElapsedTime(since).TotalSeconds:F0} s"));
            });
            if (known.Drafts < drafts)
                throw new InvalidOperationException($"Only {known.Drafts} drafts are known.");
        }
        File.WriteAllText(Path.Combine(home, "made"), "");
        return home;
    }
}
