using System.Diagnostics;
using Countersign.Gate.Index;

namespace Countersign.Recognition;

/// <summary>
/// Finds in an index of 10 and of 100 million fingerprints, beside a plain binary search in the same postings, sorted, 12 bytes each, mapped or in memory alike: here an array.
/// In turns in one run; each figure is over many texts of 5,000 probes, which is about every k-gram of 5 KB.
/// </summary>
internal static class IndexTable
{
    private const int Probes = 5_000, Texts = 300;

    public static int Run(string[] args)
    {
        int[] sizes = args.Length > 0 ? [.. args.Select(a => int.Parse(a) * 1_000_000)] : [10_000_000, 100_000_000];
        Console.WriteLine("| fingerprints | build s | open ms | bytes each | probes that hit | index µs (p99) | binary search µs (p99) | ratio |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var size in sizes)
            Measure(size);
        return 0;
    }

    private static void Measure(int size)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-index-").FullName;
        try
        {
            // Texts of 500 fingerprints, drawn by a generator of 64 bits that is the same in every run.
            var state = 0x9E3779B97F4A7C15UL;
            var all = new ulong[size];
            foreach (ref var print in all.AsSpan())
                print = Next(ref state);
            var watch = Stopwatch.StartNew();
            using (var building = FingerprintIndex.Open(folder, new IndexOptions { MostInMemory = 5_000_000, Fan = 6 }))
            {
                for (var (at, text) = (0, 0); at < size; at += 500_000, text++)
                    building.Add(text, all.AsSpan(at, Math.Min(500_000, size - at)));
                building.Compact();
            }
            var built = watch.Elapsed;
            watch.Restart();
            using var index = FingerprintIndex.Open(folder);
            var opened = watch.Elapsed;
            var bytes = (double)index.State.Bytes / index.State.Postings;
            var sorted = all.ToArray();
            Array.Sort(sorted);
            foreach (var share in (double[])[0, 0.1, 1])
            {
                var (ours, plain) = (new List<double>(), new List<double>());
                var hits = new List<Hit>();
                var (found, foundPlain) = (0L, 0L);
                for (var t = 0; t < Texts + 20; t++)
                {
                    var probes = new ulong[Probes];
                    for (var i = 0; i < Probes; i++)
                        probes[i] = i < Probes * share ? all[(int)(Next(ref state) % (ulong)size)] : Next(ref state);
                    hits.Clear();
                    var began = Stopwatch.GetTimestamp();
                    index.Find(probes, hits);
                    var a = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
                    began = Stopwatch.GetTimestamp();
                    foreach (var probe in probes)
                        if (Array.BinarySearch(sorted, probe) >= 0)
                            foundPlain++;
                    var b = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
                    found += hits.Count;
                    if (t < 20)
                        continue;
                    ours.Add(a);
                    plain.Add(b);
                }
                if (found != foundPlain)
                    throw new InvalidOperationException($"The index found {found} and the binary search {foundPlain}.");
                ours.Sort();
                plain.Sort();
                Console.WriteLine($"| {size / 1_000_000} M | {built.TotalSeconds:0} | {opened.TotalMilliseconds:0} | {bytes:0.00} | {share:P0} | {ours[Texts / 2]:0} ({ours[Texts * 99 / 100]:0}) | {plain[Texts / 2]:0} ({plain[Texts * 99 / 100]:0}) | {plain[Texts / 2] / ours[Texts / 2]:0.0} × |");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ulong Next(ref ulong state)
    {
        unchecked
        {
            var z = state += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
