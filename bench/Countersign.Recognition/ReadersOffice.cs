using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Countersign.Documents;

namespace Countersign.Recognition;

/// <summary>
/// The table <c>readers-office</c>: how much of LibreOffice's text of Word, OpenDocument and Rich Text files is in the visible text read of them. A document
/// counts where at least 98 % of all words of both, each as often as it stands, are common; beside it stands how many hold 98 % of LibreOffice's. LibreOffice converts many files at a time; its texts are kept
/// in a cache beside the machine's temporary files.
/// </summary>
internal static class ReadersOffice
{
    private const int Batch = 60;
    private static readonly string[] Folders = ["office", "docx-pairs"];
    private static readonly string Cache = Path.Combine(Path.GetTempPath(), "countersign-readers-cache", "office");

    public static int Run(string corpora)
    {
        var files = Folders.Select(f => Path.Combine(corpora, f)).Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories)).Where(f => Sort(f) is not null).Order(StringComparer.Ordinal).ToList();
        Convert(files);
        var (misses, slowest) = (new List<string>(), (Time: TimeSpan.Zero, File: ""));
        var rows = new SortedDictionary<string, (int Files, int Unread, int Without, int Compared, int Close, int Holding, int Within, int Exceptions)>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var row = rows.GetValueOrDefault(Sort(file)!);
            row.Files++;
            var bytes = File.ReadAllBytes(file);
            var started = Stopwatch.GetTimestamp();
            Document read;
            try
            {
                read = Document.Read(bytes);
            }
            catch (Exception e)
            {
                row.Exceptions++;
                rows[Sort(file)!] = row;
                Console.WriteLine($"exception: {file}: {e.GetType().Name}");
                continue;
            }
            if (Stopwatch.GetElapsedTime(started) is var time && time > slowest.Time)
                slowest = (time, $"{Path.GetFileName(file)} ({bytes.Length / 1024} KB)");
            var reasons = string.Join(", ", read.Unread.Select(u => u.Reason).Distinct());
            if (reasons.Length > 0)
                row.Unread++;
            if (TextOf(bytes) is not { } text)
                row.Without++;
            else
            {
                var (ours, theirs) = (Words(read.VisibleText), Words(text));
                int mine = ours.Values.Sum(), total = theirs.Values.Sum(), common = theirs.Sum(w => Math.Min(w.Value, ours.GetValueOrDefault(w.Key)));
                row.Compared++;
                row.Close += common >= 0.98 * Math.Max(mine, total) ? 1 : 0;
                row.Holding += common >= 0.98 * total ? 1 : 0;
                // Whatever its role, and in whatever part of the file: what LibreOffice shows of deletions, comments and hidden text is then held, too.
                var whole = Words(string.Join('\n', read.Whole().SelectMany(d => d.Passages).Select(p => p.Text)));
                row.Within += theirs.Sum(w => Math.Min(w.Value, whole.GetValueOrDefault(w.Key))) >= 0.98 * total ? 1 : 0;
                if (common < 0.98 * Math.Max(mine, total))
                    misses.Add($"  {common,6} common of {mine,6} read and {total,6} of LibreOffice  {Path.GetFileName(file)}  {reasons}"
                        + $"  lacks: {Few(theirs, ours)}  in the whole file: {Few(theirs, whole)}  has more: {Few(ours, theirs)}  roles: {string.Join(' ', read.Passages.GroupBy(p => p.Role).Where(g => g.Key is not (TextRole.Body or TextRole.Metadata)).Select(g => g.Key))}");
            }
            rows[Sort(file)!] = row;
        }
        Console.WriteLine("kind   files  with unread  exceptions  without a text  compared  98 % common  98 % of LibreOffice's held  and in the whole file");
        foreach (var (kind, r) in rows)
            Console.WriteLine($"{kind,-6}{r.Files,6}{r.Unread,13}{r.Exceptions,12}{r.Without,16}{r.Compared,10}{r.Close,13}{r.Holding,28}{r.Within,23}");
        Console.WriteLine($"slowest: {slowest.Time.TotalMilliseconds:0} ms, {slowest.File}");
        foreach (var miss in misses)
            Console.WriteLine(miss);
        return 0;
    }

    private static string? Sort(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".docx" or ".docm" or ".dotx" or ".dotm" => "DOCX",
        ".odt" or ".ott" or ".fodt" => "ODT",
        ".rtf" => "RTF",
        _ => null,
    };

    private static string Few(Dictionary<string, int> these, Dictionary<string, int> those) =>
        string.Join(' ', these.Where(w => w.Value > those.GetValueOrDefault(w.Key)).OrderByDescending(w => w.Value - those.GetValueOrDefault(w.Key)).Take(6).Select(w => w.Key));

    private static string Digest(byte[] bytes) => System.Convert.ToHexStringLower(SHA256.HashData(bytes))[..24];

    /// <summary>LibreOffice's text of a file that was converted before; null where it made none.</summary>
    internal static string? TextOf(byte[] bytes) => Path.Combine(Cache, "out", Digest(bytes) + ".txt") is var made && File.Exists(made) ? File.ReadAllText(made) : null;

    /// <summary>Converts all files that were not converted before, many at a time.</summary>
    internal static void Convert(List<string> files)
    {
        var (input, output) = (Path.Combine(Cache, "in"), Path.Combine(Cache, "out"));
        Directory.CreateDirectory(input);
        Directory.CreateDirectory(output);
        var open = new List<string>();
        foreach (var file in files)
        {
            var copy = Path.Combine(input, Digest(File.ReadAllBytes(file)) + Path.GetExtension(file).ToLowerInvariant());
            if (File.Exists(copy))
                continue; // converted before, or refused
            File.Copy(file, copy);
            open.Add(copy);
        }
        foreach (var batch in open.Distinct().Chunk(Batch))
            try
            {
                using var process = Process.Start(new ProcessStartInfo("soffice", ["--headless", "-env:UserInstallation=" + new Uri(Path.Combine(Cache, "profile")).AbsoluteUri, "--convert-to", "txt:Text (encoded):UTF8", "--outdir", output, .. batch])
                { RedirectStandardOutput = true, RedirectStandardError = true })!;
                var (said, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
                if (!process.WaitForExit(300_000))
                    process.Kill(entireProcessTree: true);
                Task.WaitAll(said, complained);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Console.WriteLine("LibreOffice is not installed: nothing is compared.");
                return;
            }
    }

    private static Dictionary<string, int> Words(string text)
    {
        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        var word = new StringBuilder();
        foreach (var c in text.Append(' '))
            if (char.IsLetterOrDigit(c))
                word.Append(char.ToLowerInvariant(c));
            else if (word.Length > 0)
            {
                words[word.ToString()] = words.GetValueOrDefault(word.ToString()) + 1;
                word.Clear();
            }
        return words;
    }
}
