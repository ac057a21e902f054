using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Countersign.Documents;

namespace Countersign.Recognition;

/// <summary>Two known ways of telling that texts are alike, on the same data: the scores of each message against each known text.</summary>
internal static class Peers
{
    public const int Permutations = 128, Shingle = 5;

    /// <summary>
    /// ssdeep's context-triggered piecewise hashes (Kornblum 2006), by its own command: for each message the highest score, 0 to 100, with a text of each
    /// document. Null where the command is not installed.
    /// </summary>
    public static Dictionary<string, double>[]? Ssdeep(IReadOnlyList<(string Document, string Text)> known, IReadOnlyList<string> messages)
    {
        var folder = Directory.CreateTempSubdirectory("ssdeep").FullName;
        try
        {
            foreach (var (name, texts) in new[] { ("known", known.Select(k => k.Text)), ("messages", messages) })
            {
                Directory.CreateDirectory(Path.Combine(folder, name));
                var i = 0;
                foreach (var text in texts)
                    File.WriteAllText(Path.Combine(folder, name, name[..1] + i++.ToString("000000", CultureInfo.InvariantCulture)), text, System.Text.Encoding.UTF8);
                if (Output(folder, $"-s -b -r {name}") is not { } hashes)
                    return null;
                File.WriteAllText(Path.Combine(folder, name + ".ssd"), hashes);
            }
            var scores = messages.Select(_ => new Dictionary<string, double>(StringComparer.Ordinal)).ToArray();
            foreach (var line in (Output(folder, "-s -c -k known.ssd messages.ssd") ?? "").Split('\n'))
            {
                // "message","known text",score
                var fields = line.Split(',');
                if (fields.Length < 3 || !int.TryParse(fields[^1], out var score))
                    continue;
                var (message, text) = (Number(fields[0]), Number(fields[1]));
                var document = known[text].Document;
                scores[message][document] = Math.Max(scores[message].GetValueOrDefault(document), score);
            }
            return scores;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static int Number(string field) => int.Parse(field.Trim('"')[^6..], CultureInfo.InvariantCulture);
    }

    private static string? Output(string folder, string arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("ssdeep", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return output;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Word-shingle MinHash (Broder 1997): 5 words a shingle, 128 permutations; Jaccard, and the containment of either text in the other that follows from it and the sizes.</summary>
    public static (Dictionary<string, double>[] Jaccard, Dictionary<string, double>[] Containment) MinHash(
        IReadOnlyList<(string Document, string Text)> known, IReadOnlyList<string> messages, Fingerprinter fingerprinter)
    {
        var sketches = known.Select(k => Sketch(k.Text, fingerprinter)).ToArray();
        var jaccard = new Dictionary<string, double>[messages.Count];
        var containment = new Dictionary<string, double>[messages.Count];
        Parallel.For(0, messages.Count, new ParallelOptions { MaxDegreeOfParallelism = 2 }, m =>
        {
            var (j, c) = (new Dictionary<string, double>(StringComparer.Ordinal), new Dictionary<string, double>(StringComparer.Ordinal));
            var sketch = Sketch(messages[m], fingerprinter);
            for (var k = 0; k < sketches.Length; k++)
            {
                if (sketch.Size == 0 || sketches[k].Size == 0)
                    continue;
                var same = Same(sketch.Least, sketches[k].Least);
                if (same == 0)
                    continue;
                var alike = same / (double)Permutations;
                var shared = alike * (sketch.Size + sketches[k].Size) / (1 + alike);
                var contained = Math.Min(1, shared / Math.Min(sketch.Size, sketches[k].Size));
                j[known[k].Document] = Math.Max(j.GetValueOrDefault(known[k].Document), alike);
                c[known[k].Document] = Math.Max(c.GetValueOrDefault(known[k].Document), contained);
            }
            (jaccard[m], containment[m]) = (j, c);
        });
        return (jaccard, containment);
    }

    private static int Same(uint[] a, uint[] b)
    {
        var same = Vector<uint>.Zero;
        for (var i = 0; i < Permutations; i += Vector<uint>.Count)
            same -= Vector.Equals(new Vector<uint>(a, i), new Vector<uint>(b, i));
        return (int)Vector.Sum(same);
    }

    private static (uint[] Least, int Size) Sketch(string text, Fingerprinter fingerprinter)
    {
        var words = fingerprinter.Words(NormalText.Of(text));
        var shingles = new HashSet<ulong>();
        for (var i = 0; i + Shingle <= words.Length; i++)
        {
            ulong h = 0;
            for (var j = 0; j < Shingle; j++)
                h = unchecked((h ^ words[i + j]) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019);
            shingles.Add(h ^ (h >> 29));
        }
        var least = new uint[Permutations];
        Array.Fill(least, uint.MaxValue);
        foreach (var shingle in shingles)
            for (var p = 0; p < Permutations; p++)
            {
                var h = unchecked((shingle + (ulong)(p + 1) * 0xD1B54A32D192ED03) * 0xBF58476D1CE4E5B9);
                h = unchecked((h ^ (h >> 31)) * 0x94D049BB133111EB);
                least[p] = Math.Min(least[p], (uint)(h >> 32));
            }
        return (least, shingles.Count);
    }
}
