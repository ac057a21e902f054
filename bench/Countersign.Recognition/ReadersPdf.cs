using System.Diagnostics;
using System.Globalization;
using System.Text;
using Countersign.Documents;

namespace Countersign.Recognition;

/// <summary>
/// The table of the PDF reader: how much of what poppler's pdftotext reads it reads too, what it leaves unread and why, and how fast it is against poppler's
/// library in one process.
/// </summary>
internal static class ReadersPdf
{
    private const int Passes = 7;

    private const double Enough = 0.98;

    private sealed record Answer(string File, Document Document, double WordsShared, double LettersInOrder, double LettersAsPainted, int Letters, int Words, TimeSpan Took);

    public static int Run(string corpora)
    {
        var folder = Path.Combine(corpora, "pdf");
        if (!Directory.Exists(folder))
        {
            Console.Error.WriteLine("The shared corpora are not beside this checkout.");
            return 1;
        }
        var files = new List<(string Path, string Text, string Painted)>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.pdf", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            if (TextOf(path) is { } text)
                files.Add((path, text, TextOf(path, "-raw") ?? ""));
        var answers = new List<Answer>();
        var exceptions = 0;
        foreach (var (path, text, painted) in files)
            try
            {
                answers.Add(Compare(Path.GetRelativePath(folder, path), File.ReadAllBytes(path), text, painted));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                exceptions++;
                Console.WriteLine($"EXCEPTION {path}: {e.GetType().Name} {e.Message}");
            }
        var withText = answers.Where(a => a.Words > 0).ToList();
        Console.WriteLine($"| documents that pdftotext opens | {files.Count} |");
        Console.WriteLine($"| of them with words | {withText.Count} |");
        Console.WriteLine($"| documents with >= 98 % of its words | {Share(withText.Count(a => a.WordsShared >= Enough), withText.Count)} |");
        Console.WriteLine($"| its words read, all together | {Percent(withText.Sum(a => a.WordsShared * a.Words) / withText.Sum(a => (double)a.Words))} |");
        Console.WriteLine($"| its letters read in its order, all together | {Percent(withText.Sum(a => a.LettersInOrder * a.Letters) / withText.Sum(a => (double)a.Letters))} |");
        Console.WriteLine($"| its letters read in its order, mean of the documents | {Percent(withText.Average(a => a.LettersInOrder))} |");
        Console.WriteLine($"| the letters of pdftotext -raw read in its order (of painting), all together | {Percent(withText.Sum(a => a.LettersAsPainted * a.Letters) / withText.Sum(a => (double)a.Letters))} |");
        Console.WriteLine($"| the letters of pdftotext -raw read in its order, mean of the documents | {Percent(withText.Average(a => a.LettersAsPainted))} |");
        Console.WriteLine($"| exceptions | {exceptions} |");
        Console.WriteLine($"| too slow | {answers.Count(a => a.Document.Unread.Any(u => u.Reason == UnreadReason.TooSlow))} |");
        foreach (var reason in answers.SelectMany(a => a.Document.Unread.Select(u => u.Reason).Distinct()).GroupBy(r => r).OrderBy(g => g.Key))
            Console.WriteLine($"| with something unread: {reason.Key} | {reason.Count()} |");
        foreach (var kind in answers.SelectMany(a => a.Document.Oddities.Select(o => o.Kind).Distinct()).GroupBy(r => r).OrderBy(g => g.Key))
            Console.WriteLine($"| with the oddity {kind.Key} | {kind.Count()} |");
        Console.WriteLine();
        foreach (var miss in withText.Where(a => a.WordsShared < Enough).OrderBy(a => a.WordsShared))
            Console.WriteLine($"miss {Percent(miss.WordsShared)} of {miss.Words} words, {Percent(miss.LettersInOrder)} of letters: {miss.File} "
                + string.Join("; ", miss.Document.Unread.Select(u => u.Reason).Distinct()));
        foreach (var miss in withText.OrderByDescending(a => (1 - a.LettersInOrder) * a.Letters).Take(25))
            Console.WriteLine($"order {Percent(miss.LettersInOrder)} (as painted {Percent(miss.LettersAsPainted)}) of {miss.Letters} letters: {miss.File}");
        foreach (var found in answers.Where(a => a.Document.Oddities.Any(o => o.Kind is OddityKind.CoveredText or OddityKind.RemappedGlyphs)))
            Console.WriteLine($"odd {found.File}: " + string.Join(" | ", found.Document.Oddities.Where(o => o.Kind is OddityKind.CoveredText or OddityKind.RemappedGlyphs).Take(3)
                .Select(o => $"{o.Kind} {o.Place} {o.Excerpt[..Math.Min(50, o.Excerpt.Length)]}")));
        Speed([.. files.Select(f => f.Path)]);
        return exceptions == 0 ? 0 : 1;
    }

    private static string Share(int part, int whole) => $"{part} ({Percent((double)part / whole)})";

    private static string Percent(double share) => (share * 100).ToString("0.0", CultureInfo.InvariantCulture) + " %";

    private static string? TextOf(string path, params string[] more)
    {
        using var process = Process.Start(new ProcessStartInfo("pdftotext", ["-enc", "UTF-8", .. more, path, "-"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? text : null;
    }

    private static Answer Compare(string file, byte[] bytes, string reference, string painted)
    {
        var clock = Stopwatch.StartNew();
        var document = Document.Read(bytes);
        var took = clock.Elapsed;
        var text = string.Join('\n', document.Passages.Where(p => p.Role is not (TextRole.Metadata or TextRole.Name)).Select(p => p.Text));
        var (theirs, ours) = (Words(reference), Words(text));
        var counts = ours.GroupBy(w => w).ToDictionary(g => g.Key, g => g.Count());
        var shared = theirs.GroupBy(w => w).Sum(g => Math.Min(g.Count(), counts.GetValueOrDefault(g.Key)));
        var (letters, read) = (string.Concat(theirs), string.Concat(ours));
        return new Answer(file, document, theirs.Count == 0 ? 1 : (double)shared / theirs.Count,
            letters.Length == 0 ? 1 : (double)LongestCommon(letters, read) / letters.Length,
            string.Concat(Words(painted)) is { Length: > 0 } raw ? (double)LongestCommon(raw, read) / raw.Length : 1, letters.Length, theirs.Count, took);
    }

    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var c in Normalized(text))
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c))
                word.Append(char.ToLowerInvariant(c));
            else if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }
        if (word.Length > 0)
            words.Add(word.ToString());
        return words;
    }

    private static string Normalized(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormKC);
        }
        catch (ArgumentException)
        {
            return text;
        }
    }

    /// <summary>The length of the longest common subsequence, 64 letters at a time (after Hyyrö 2004).</summary>
    private static int LongestCommon(string a, string b)
    {
        if (a.Length == 0 || b.Length == 0)
            return 0;
        var words = (a.Length + 63) / 64;
        var places = new Dictionary<char, ulong[]>();
        for (var i = 0; i < a.Length; i++)
        {
            if (!places.TryGetValue(a[i], out var bits))
                places.Add(a[i], bits = new ulong[words]);
            bits[i >> 6] |= 1UL << (i & 63);
        }
        var state = new ulong[words];
        Array.Fill(state, ulong.MaxValue);
        foreach (var c in b)
        {
            if (!places.TryGetValue(c, out var bits))
                continue;
            ulong carry = 0;
            for (var w = 0; w < words; w++)
                unchecked
                {
                    var s = state[w];
                    var u = s & bits[w];
                    var sum = s + u;
                    var over = sum < s ? 1UL : 0;
                    var all = sum + carry;
                    over += all < sum ? 1UL : 0;
                    state[w] = all | (s - u);
                    carry = over;
                }
        }
        var zeros = 0;
        for (var i = 0; i < a.Length; i++)
            zeros += (state[i >> 6] >> (i & 63) & 1) == 0 ? 1 : 0;
        return zeros;
    }

    private static void Speed(string[] files)
    {
        Console.WriteLine();
        var contents = files.Select(File.ReadAllBytes).ToArray();
        var ours = new List<double>();
        var best = new double[files.Length];
        Array.Fill(best, double.MaxValue);
        var theirs = Poppler(files);
        for (var pass = 0; pass < Passes; pass++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < contents.Length; i++)
            {
                var before = Stopwatch.GetTimestamp();
                Document.Read(contents[i]);
                best[i] = Math.Min(best[i], Stopwatch.GetElapsedTime(before).TotalMilliseconds);
            }
            ours.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        var seconds = Median(ours.Skip(2));
        if (theirs is not { } poppler)
        {
            Console.WriteLine($"| seconds for all files, warm | {seconds:0.00} |");
            Console.WriteLine("| poppler's library | not measured: g++ or libpoppler-cpp-dev is absent |");
            return;
        }
        Console.WriteLine($"| pages | {poppler.Pages} |");
        Console.WriteLine($"| poppler's library, pages/s | {poppler.Pages / poppler.Seconds:0} |");
        Console.WriteLine($"| this reader, pages/s, warm (cold first pass: {poppler.Pages / ours[0]:0}) | {poppler.Pages / seconds:0} |");
        Console.WriteLine($"| ratio | {poppler.Seconds / seconds:0.00} x |");
        var slow = best.Select((ms, i) => (ms, i)).OrderByDescending(x => x.ms).Take(12);
        foreach (var (ms, i) in slow)
            Console.WriteLine($"slow {ms:0.0} ms (poppler {poppler.Best.GetValueOrDefault(files[i]):0.0}): {Path.GetFileName(files[i])}");
        Console.WriteLine($"| all but poppler's slowest file: ratio of the sums of the fastest passes | {(poppler.Best.Values.Sum() - poppler.Best.Values.Max()) / (best.Sum() - best[Array.IndexOf(files, poppler.Best.MaxBy(b => b.Value).Key)]):0.00} x |");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    /// <summary>The same files read with poppler's library by a small program in one process; null where it cannot be built.</summary>
    private static (int Pages, double Seconds, Dictionary<string, double> Best)? Poppler(string[] files)
    {
        var source = Path.Combine(AppContext.BaseDirectory, "poppler", "pdftext.cpp");
        var program = Path.Combine(Path.GetTempPath(), $"countersign-pdftext-{Environment.ProcessId}");
        try
        {
            using (var compiler = Process.Start("g++", ["-O2", "-o", program, source, "-I/usr/include/poppler/cpp", "-lpoppler-cpp"]))
            {
                compiler.WaitForExit();
                if (compiler.ExitCode != 0)
                    return null;
            }
            using var process = Process.Start(new ProcessStartInfo(program, [Passes.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            foreach (var file in files)
                process.StandardInput.WriteLine(file);
            process.StandardInput.Close();
            var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            process.WaitForExit();
            var passes = lines.Where(l => l.StartsWith("pass ", StringComparison.Ordinal)).Select(l => l.Split(' ')).ToArray();
            var best = lines.Where(l => l.StartsWith("file\t", StringComparison.Ordinal)).Select(l => l.Split('\t'))
                .ToDictionary(l => l[1], l => double.Parse(l[3], CultureInfo.InvariantCulture));
            return passes.Length == 0 ? null : (int.Parse(passes[0][1], CultureInfo.InvariantCulture), Median(passes.Skip(1).Select(p => double.Parse(p[2], CultureInfo.InvariantCulture))), best);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
        finally
        {
            File.Delete(program);
        }
    }
}
