using System.Globalization;
using System.Runtime.CompilerServices;
using Countersign.Gate.Index;

namespace Countersign.Gate.Tests.Indexing;

/// <summary>
/// The kill test's victim: these tests' own program, started with <see cref="Variable"/> set, adds texts to an index, forgets some and merges until it is killed. What was
/// acknowledged it writes to a file before it goes on: "A 7", text 7 was added; "f 7", it is about to be forgotten; "F 7", it was.
/// </summary>
internal static class IndexWorker
{
    /// <summary>Holds: the index's folder, the file, and a seed.</summary>
    public const string Variable = "COUNTERSIGN_INDEX_WORKER";

    public static IndexOptions Options(int seed) => new() { MostInMemory = 1_500, Fan = 2 + (seed % 2), InBackground = seed % 3 > 0 };

#pragma warning disable CA2255 // The program's own entry is the test runner's.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Begin()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split('|') is [var folder, var acknowledged, var seed])
            Environment.Exit(Run(folder, acknowledged, int.Parse(seed, CultureInfo.InvariantCulture)));
    }

    private static int Run(string folder, string acknowledged, int seed)
    {
        try
        {
            var random = new Random(seed);
            using var index = FingerprintIndex.Open(folder, Options(seed));
            using var log = new StreamWriter(new FileStream(acknowledged, FileMode.Append, FileAccess.Write, FileShare.Read, 1)) { AutoFlush = true };
            var live = Enumerable.Range(0, index.Highest + 1).Where(t => !index.HasForgotten(t)).ToList();
            Console.WriteLine("ready");
            for (var text = index.Highest + 1; ; text++)
            {
                index.Add(text, Prints.Of(text));
                log.Write($"A {text}\n");
                live.Add(text);
                if (random.Next(6) == 0)
                {
                    var at = random.Next(live.Count);
                    log.Write($"f {live[at]}\n");
                    index.Forget(live[at]);
                    log.Write($"F {live[at]}\n");
                    live.RemoveAt(at);
                }
                if (random.Next(60) == 0)
                    index.Compact();
                if (index.State.Trouble is { } trouble)
                    throw new IOException(trouble);
            }
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            return 1;
        }
    }
}
