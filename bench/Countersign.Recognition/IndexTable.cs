using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Countersign.Gate.Index;

namespace Countersign.Recognition;

/// <summary>
/// Finds in an index of 10 and of 100 million fingerprints, merged and as it grew, beside a plain binary search in the same postings: sorted records of 12 bytes, mapped.
/// In turns in one run; each figure is over many texts of 5,000 probes, which is about every k-gram of 5 KB.
/// </summary>
internal static class IndexTable
{
    private const int Probes = 5_000, Texts = 400, Warming = 40, TextLength = 500, Adding = 500_000;

    public static int Run(string[] args)
    {
        int[] sizes = args.Length > 0 ? [.. args.Select(a => int.Parse(a) * 1_000_000)] : [10_000_000, 100_000_000];
        foreach (var size in sizes)
            Measure(size);
        return 0;
    }

    private static void Measure(int size)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-index-").FullName;
        try
        {
            var (grown, plain) = (Path.Combine(folder, "index"), Path.Combine(folder, "plain"));
            Console.WriteLine($"{size / 1_000_000} million fingerprints, {TextLength} a text, {Adding / TextLength} texts an fsync");
            var watch = Stopwatch.StartNew();
            var index = FingerprintIndex.Open(grown);
            Fill(index, size);
            Console.WriteLine($"  added, merging beside: {watch.Elapsed.TotalSeconds:0.0} s; {Memory()}");
            Wait(index);
            Console.WriteLine($"  and merged as far as it merges by itself: {watch.Elapsed.TotalSeconds:0.0} s: {index.State.Segments} segments, {index.State.InMemory} in memory, {index.State.Bytes / (double)(index.State.Postings - index.State.InMemory):0.00} bytes each");
            Plain(plain, size);
            Compare("as it grew", index, plain, size);
            watch.Restart();
            index.Compact();
            Console.WriteLine($"  Compact: {watch.Elapsed.TotalSeconds:0.0} s; {Memory()}");
            index.Dispose();
            var bytes = Directory.GetFiles(grown).Sum(f => new FileInfo(f).Length);
            var opening = new List<double>();
            for (var i = 0; i < 9; i++)
            {
                watch.Restart();
                FingerprintIndex.Open(grown).Dispose();
                opening.Add(watch.Elapsed.TotalMilliseconds);
            }
            index = FingerprintIndex.Open(grown);
            Console.WriteLine($"  {bytes / (double)size:0.00} bytes each, every file of the folder counted; opened in {Median(opening):0.0} ms");
            watch.Restart();
            var sound = index.Verify();
            Console.WriteLine($"  Verify: {watch.Elapsed.TotalSeconds:0.00} s ({sound ?? "sound"})");
            var strangers = Enumerable.Range(0, 4_000_000).Select(i => Print((ulong)size + 7_000_000_000 + (ulong)i)).ToArray();
            Console.WriteLine($"  the filter lets pass {index.FalsePasses(strangers):P3} of what is not there (1/256 = 0.391 %)");
            Compare("merged", index, plain, size);
            index.Dispose();
            Directory.Delete(grown, recursive: true);
            watch.Restart();
            using (var bulk = FingerprintIndex.Open(grown, new IndexOptions { MostInMemory = 5_000_000, Fan = 1_000 }))
            {
                Fill(bulk, size);
                bulk.Compact();
            }
            Console.WriteLine($"  made again with 5 million in memory and one merge at the end: {watch.Elapsed.TotalSeconds:0.0} s; {Memory()}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Fill(FingerprintIndex index, int size)
    {
        var prints = new ulong[Adding];
        for (var at = 0; at < size; at += Adding)
        {
            for (var i = 0; i < Adding; i++)
                prints[i] = Print((ulong)(at + i));
            index.Add(at / Adding, prints);
        }
    }

    /// <summary>Until the merging in the background rests.</summary>
    private static void Wait(FingerprintIndex index)
    {
        for (var (still, segments) = (0, -1); still < 50; Thread.Sleep(100))
            (still, segments) = index.State.Segments == segments ? (still + 1, segments) : (0, index.State.Segments);
    }

    private static void Plain(string path, int size)
    {
        var watch = Stopwatch.StartNew();
        var prints = new ulong[size];
        for (var i = 0; i < size; i++)
            prints[i] = Print((ulong)i);
        Array.Sort(prints);
        Console.WriteLine($"  (plain: sorted in memory in {watch.Elapsed.TotalSeconds:0.0} s)");
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Span<byte> record = stackalloc byte[12];
        foreach (var print in prints)
        {
            MemoryMarshal.Write(record, print);
            file.Write(record);
        }
    }

    private static unsafe void Compare(string what, FingerprintIndex index, string plain, int size)
    {
        using var mapped = MemoryMappedFile.CreateFromFile(plain, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using var view = mapped.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* records = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref records);
        for (long at = 0; at < size * 12L; at += 4096)
            Touched += records[at];
        Console.WriteLine($"  | {what}: probes that hit | index, µs (p99) | binary search, µs (p99) | ratio |");
        var random = new Random(1);
        foreach (var share in (double[])[0, 0.1, 1])
        {
            var (ours, theirs) = (new List<double>(), new List<double>());
            var hits = new List<Hit>();
            for (var t = -Warming; t < Texts; t++)
            {
                var probes = new ulong[Probes];
                for (var i = 0; i < Probes; i++)
                    probes[i] = Print(random.NextDouble() < share ? (ulong)random.Next(size) : (ulong)random.NextInt64(1L << 40, 1L << 41));
                hits.Clear();
                var found = 0;
                for (var turn = 0; turn < 2; turn++)
                {
                    var began = Stopwatch.GetTimestamp();
                    if (((t + turn) & 1) == 0)
                    {
                        index.Find(probes, hits);
                        Keep(ours);
                    }
                    else
                    {
                        foreach (var probe in probes)
                            found += Holds(records, size, probe) ? 1 : 0;
                        Keep(theirs);
                    }

                    void Keep(List<double> times)
                    {
                        if (t >= 0)
                            times.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
                    }
                }
                if (found != hits.Count)
                    throw new InvalidOperationException($"The index found {hits.Count} and the binary search {found}.");
            }
            Console.WriteLine($"  | {share:P0} | {Median(ours):0} ({ours[Texts * 99 / 100]:0}) | {Median(theirs):0} ({theirs[Texts * 99 / 100]:0}) | {Median(theirs) / Median(ours):0.0} × |");
        }
        view.SafeMemoryMappedViewHandle.ReleasePointer();
    }

    private static long Touched { get; set; }

    private static unsafe bool Holds(byte* records, long count, ulong print)
    {
        unchecked
        {
            var (from, to) = (0L, count);
            while (from < to)
            {
                var middle = (from + to) >> 1;
                var here = *(ulong*)(records + (middle * 12));
                if (here == print)
                    return true;
                if (here < print)
                    from = middle + 1;
                else
                    to = middle;
            }
            return false;
        }
    }

    private static double Median(List<double> times)
    {
        times.Sort();
        return times[times.Count / 2];
    }

    private static string Memory()
    {
        using var self = Process.GetCurrentProcess();
        return $"managed memory {GC.GetTotalMemory(forceFullCollection: false) >> 20} MB, private {self.PrivateMemorySize64 >> 20} MB";
    }

    /// <summary>Uniformly distributed, and another for every number (the finaliser of SplitMix64, which is a permutation).</summary>
    private static ulong Print(ulong number)
    {
        unchecked
        {
            var z = (number + 1) * 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }
}
