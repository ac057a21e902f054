using System.Diagnostics;
using System.Text;
using Countersign.Documents;

namespace Countersign.Recognition;

/// <summary>
/// The table <c>readers-mail</c>: what is read of messages, pages, texts, old Word documents and bombs, and how it compares with what LibreOffice, catdoc
/// and antiword make of the same files, where they are installed. LibreOffice's texts are kept where <c>readers-office</c> keeps them.
/// </summary>
internal static class MailReaders
{
    public static int Run(string corpora)
    {
        Console.WriteLine("corpus        files     MB  parts  passages  with unread  exceptions  slowest");
        var reasons = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, folder, ends) in new[]
        {
            ("mail", "mail", ""), ("mailbodies", "mailbodies", ""), ("letters", "letters", ".txt"), ("versions", "versions", ".txt"), ("office doc", "office", ".doc"), ("office dot", "office", ".dot"), ("bombs", "bombs", ""),
        })
            Corpus(name, Files(corpora, folder, ends), reasons);
        Console.WriteLine();
        Console.WriteLine("unread, by reason and kind:");
        foreach (var (reason, count) in reasons) Console.WriteLine($"  {count,6}  {reason}");
        Console.WriteLine();
        var old = Files(corpora, "office", ".doc");
        ReadersOffice.Convert([.. old, .. Files(corpora, "mail", ".html")]);
        Compare("DOC, LibreOffice", old, LibreOffice);
        Compare("DOC, catdoc", old, f => Program("catdoc", ["-d", "utf-8", "-w", f]));
        Compare("DOC, antiword", old, f => Program("antiword", ["-m", "UTF-8.txt", "-w", "0", f]));
        Compare("HTML, LibreOffice", Files(corpora, "mail", ".html"), LibreOffice);
        Speed(Files(corpora, "versions", ".txt").Concat(Files(corpora, "letters", ".txt")).Select(File.ReadAllBytes).ToList(), "plain text");
        Speed(Files(corpora, "mailbodies", ".eml").Select(File.ReadAllBytes).ToList(), "messages");
        return 0;
    }

    private static List<string> Files(string corpora, string folder, string ends)
    {
        var path = Path.Combine(corpora, folder);
        return !Directory.Exists(path) ? [] : [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(f => f.EndsWith(ends, StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal)];
    }

    private static void Corpus(string name, List<string> files, SortedDictionary<string, int> reasons)
    {
        long bytes = 0, parts = 0, passages = 0;
        int unread = 0, exceptions = 0;
        var slowest = (Time: TimeSpan.Zero, File: "");
        foreach (var file in files)
        {
            var content = File.ReadAllBytes(file);
            bytes += content.Length;
            var started = Stopwatch.GetTimestamp();
            try
            {
                var read = Document.Read(content);
                parts += read.Whole().Count() - 1;
                passages += read.Whole().Sum(d => d.Passages.Count);
                var found = read.Whole().SelectMany(d => d.Unread.Select(u => $"{u.Reason,-10} {d.Kind.Name}: {u.Says}")).ToList();
                if (found.Count > 0) unread++;
                foreach (var reason in found) reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            }
            catch (Exception e)
            {
                exceptions++;
                Console.WriteLine($"exception: {file}: {e.GetType().Name}");
            }
            if (Stopwatch.GetElapsedTime(started) is var time && time > slowest.Time) slowest = (time, $"{Path.GetFileName(file)} ({content.Length / 1024} KB)");
        }
        Console.WriteLine($"{name,-12}{files.Count,7}{bytes / 1e6,7:0.0}{parts,7}{passages,10}{unread,13}{exceptions,12}  {slowest.Time.TotalMilliseconds:0} ms {slowest.File}");
    }

    private static void Compare(string what, List<string> files, Func<string, string?> other)
    {
        int compared = 0, close = 0, absent = 0;
        var misses = new List<string>();
        foreach (var file in files)
        {
            if (other(file) is not { } text || Words(text) is not { Count: > 0 } theirs)
            {
                absent++;
                continue;
            }
            compared++;
            var read = Document.Read(File.ReadAllBytes(file));
            var ours = Words(string.Join('\n', read.Whole().SelectMany(d => d.Passages).Where(p => p.Role is not TextRole.Metadata).Select(p => p.Text)));
            int total = theirs.Values.Sum(), common = theirs.Sum(w => Math.Min(w.Value, ours.GetValueOrDefault(w.Key)));
            if (common >= 0.98 * total) close++;
            else misses.Add($"  {100.0 * common / total,5:0.0} % of {total,6} words  {Path.GetFileName(file)}  {string.Join("; ", read.Unread.Select(u => u.Reason).Distinct())}  lacks: {string.Join(' ', theirs.Where(w => w.Value > ours.GetValueOrDefault(w.Key)).Take(6).Select(w => w.Key))}");
        }
        Console.WriteLine($"{what}: {close} of {compared} with at least 98 % of its words ({absent} without a text to compare with)");
        foreach (var miss in misses) Console.WriteLine(miss);
    }

    private static Dictionary<string, int> Words(string text)
    {
        var words = new Dictionary<string, int>(StringComparer.Ordinal);
        var word = new StringBuilder();
        foreach (var c in text.Append(' '))
            if (char.IsLetterOrDigit(c)) word.Append(char.ToLowerInvariant(c));
            else if (word.Length > 0)
            {
                words[word.ToString()] = words.GetValueOrDefault(word.ToString()) + 1;
                word.Clear();
            }
        return words;
    }

    private static string? LibreOffice(string file) => ReadersOffice.TextOf(File.ReadAllBytes(file));

    private static string? Program(string name, string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 })!;
            var text = process.StandardOutput.ReadToEndAsync();
            var complaints = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(60_000))
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
            _ = complaints.Result;
            return process.ExitCode == 0 ? text.Result : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static void Speed(List<byte[]> texts, string what)
    {
        if (texts.Count == 0)
            return;
        var started = Stopwatch.GetTimestamp();
        long bytes = 0, count = 0;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(3))
            foreach (var text in texts)
            {
                _ = Document.Read(text);
                bytes += text.Length;
                count++;
            }
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Console.WriteLine($"{what}: {count / seconds:0} a second, {bytes / seconds / 1e6:0.0} MB/s, {(double)(GC.GetAllocatedBytesForCurrentThread() - allocated) / bytes:0.0} bytes allocated a byte on the caller's thread");
    }
}
