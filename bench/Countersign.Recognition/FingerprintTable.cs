using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Countersign.Documents;

namespace Countersign.Recognition;

/// <summary>
/// The table <c>fingerprint</c>: SHA-256 of the bytes against normalising, and against normalising and fingerprinting, the same texts, in turns, on
/// one core. Rates are in bytes of the UTF-8 text, so that the ratios compare like with like.
/// </summary>
internal static class FingerprintTable
{
    internal static int Sink;

    public static int Run(string[] args)
    {
        if (args.Length < 1 || !Directory.Exists(args[0]))
        {
            Console.Error.WriteLine("usage: fingerprint FOLDER-OF-VERSIONS [ROUNDS]");
            return 2;
        }
        var rounds = args.Length > 1 ? int.Parse(args[1]) : 7;
        var prints = new Fingerprinter(new byte[32]);
        Console.WriteLine("| text | size | lanes | SHA-256 MB/s | normalise MB/s | ratio | and fingerprint MB/s | ratio |\n|---|---|---|---|---|---|---|---|");
        foreach (var (name, languages) in new[] { ("en/nl/de/fr", (string[])["en", "nl", "de", "fr"]), ("ar", ["ar"]) })
        {
            var whole = Read(args[0], languages);
            foreach (var size in new[] { 5_000, 100_000, 2_000_000 })
            {
                var texts = Cut(whole, size);
                var bytes = texts.Select(Encoding.UTF8.GetBytes).ToArray();
                var total = bytes.Sum(b => (long)b.Length);
                var lanes = Enum.GetValues<Lanes>().Where(l => l <= NormalLetters.Best).ToArray();
                var hash = new List<double>();
                var normal = lanes.ToDictionary(l => l, _ => new List<double>());
                var fused = lanes.ToDictionary(l => l, _ => new List<double>());
                for (var round = 0; round <= rounds; round++)
                    foreach (var lane in lanes)
                    {
                        Time(hash, round, total, () =>
                        {
                            foreach (var b in bytes)
                                Sink ^= SHA256.HashData(b)[0];
                        });
                        Time(normal[lane], round, total, () =>
                        {
                            foreach (var text in texts)
                                Sink ^= Normalise(text, lane);
                        });
                        Time(fused[lane], round, total, () =>
                        {
                            foreach (var text in texts)
                                Sink ^= prints.Of(text, lane).Places.Length;
                        });
                    }
                var sha = Median(hash);
                foreach (var lane in lanes)
                    Console.WriteLine($"| {name} | {size / 1000} KB | {lane} | {sha:0} | {Median(normal[lane]):0} | {Median(normal[lane]) / sha:0.00} | {Median(fused[lane]):0} | {Median(fused[lane]) / sha:0.00} |");
            }
        }
        return 0;
    }

    private static int Normalise(string text, Lanes lanes)
    {
        var letters = ArrayPool<char>.Shared.Rent(text.Length + NormalLetters.Slack);
        var writer = new NormalLetters.Writer(letters, null);
        NormalLetters.FoldAll(text, ref writer, lanes);
        ArrayPool<char>.Shared.Return(letters);
        return writer.Count;
    }

    private static void Time(List<double> figures, int round, long bytes, Action run)
    {
        // Processor time, not the clock's: other work on the machine must not count. The round that warms up is long enough for the JIT's last tier.
        var runs = 0;
        var start = Environment.CpuUsage.TotalTime;
        TimeSpan spent;
        do
        {
            run();
            runs++;
        }
        while ((spent = Environment.CpuUsage.TotalTime - start).TotalMilliseconds < (round > 0 ? 40 : 200));
        if (round > 0)
            figures.Add(bytes / 1e6 * runs / spent.TotalSeconds);
    }

    private static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);

    private static string Read(string folder, string[] languages)
    {
        var text = new StringBuilder();
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            if (languages.Contains(Path.GetRelativePath(folder, file)[..2]) && text.Length < 2_000_000)
                text.Append(File.ReadAllText(file));
        return text.ToString();
    }

    private static string[] Cut(string text, int size) => [.. Enumerable.Range(0, Math.Max(1, text.Length / size)).Select(i => text.Substring(i * size, Math.Min(size, text.Length - i * size)))];
}
