using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Countersign.Documents;

namespace Countersign.Recognition;

/// <summary>
/// The table <c>residue</c>: which office documents have tracked changes, comments or hidden text by an independent look at their bytes, and which of them
/// are flagged; how many findings of each id real letters and PDFs give; how cleaning fares beside LibreOffice's own acceptance; and how far two programs
/// that draw PDFs disagree.
/// </summary>
internal static partial class ResidueTable
{
    private static readonly string[] OfficeFolders = ["office", "docx-pairs"], ReadFolders = ["letters", "pdf", "january-2020"], SecondPrograms = ["mutool", "gs"];

    public static int Run(string[] arguments)
    {
        var corpora = FindCorpora(arguments.FirstOrDefault(a => !a.StartsWith('-')));
        if (corpora is null)
        {
            Console.Error.WriteLine("usage: residue [CORPORA] [--sample] [--drawn]: the corpora are not beside this checkout");
            return 2;
        }
        if (arguments.Contains("--drawn"))
            return Drawn(corpora);
        Office(corpora);
        foreach (var folder in ReadFolders)
            Findings(corpora, folder, arguments.Contains("--sample"));
        return 0;
    }

    private static string? FindCorpora(string? given)
    {
        if (given is not null)
            return Directory.Exists(given) ? given : null;
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
            if (File.Exists(Path.Combine(dir.FullName, "Countersign.slnx")) && Path.Combine(dir.FullName, "..", "shared", "corpora") is var path && Directory.Exists(path))
                return Path.GetFullPath(path);
        return null;
    }

    // ---- what a document has, by another look

    /// <summary>Kinds of residue by patterns over the raw XML of a package's text parts; nothing of the readers is used.</summary>
    private static readonly (string Kind, string Id, Regex Docx, Regex? Odt)[] Looks =
    [
        ("tracked text", "residue.tracked-change", TrackedText(), OdtTracked()),
        ("tracked formatting or move", "residue.tracked-", TrackedFormat(), OdtFormat()),
        ("comments", "residue.comment", Comment(), OdtComment()),
        ("hidden text", "residue.hidden-text", Vanish(), OdtHidden()),
        ("tracking on", "residue.tracking-on", TrackingOn(), null),
        ("macros", "residue.macro", VbaProject(), OdtBasic()),
        ("embedded objects", "residue.embedded-", Embedded(), OdtObject()),
    ];

    [GeneratedRegex("""<(?:\w+:)?(?:ins|del)\s[^>]*(?:author|id)="[^>]*[^/]>(?:(?!</(?:\w+:)?(?:ins|del)>).){0,4000}?<(?:\w+:)?(?:t|delText)(?:\s[^>]*)?>[^<\s]""", RegexOptions.Singleline, 5000)]
    private static partial Regex TrackedText();

    [GeneratedRegex("""<\w+:(?:rPrChange|pPrChange|sectPrChange|tblPrChange|trPrChange|tcPrChange|moveFrom|moveTo|cellIns|cellDel|cellMerge)\s""")]
    private static partial Regex TrackedFormat();

    [GeneratedRegex("""<\w+:comment\s[^>]*>.{0,4000}?<\w+:t(?:\s[^>]*)?>[^<\s]""", RegexOptions.Singleline, 5000)]
    private static partial Regex Comment();

    [GeneratedRegex("""<w:r(?:\s[^>]*)?><w:rPr>(?:(?!</w:rPr>).)*<w:vanish(?:\s+w:val="(?:1|true|on)")?\s*/>(?:(?!</w:rPr>).)*</w:rPr>(?:(?!</w:r>).)*<w:t(?:\s[^>]*)?>[^<\s]""", RegexOptions.Singleline, 5000)]
    private static partial Regex Vanish();

    [GeneratedRegex("""<w:trackRevisions(?:\s+w:val="(?:1|true|on)")?\s*/>""")]
    private static partial Regex TrackingOn();

    [GeneratedRegex("""^PART [^\n]*vbaProject\.bin$""", RegexOptions.Multiline)]
    private static partial Regex VbaProject();

    [GeneratedRegex("""^PART [^\n]*embeddings/""", RegexOptions.Multiline)]
    private static partial Regex Embedded();

    [GeneratedRegex("<text:(?:insertion|deletion)>")]
    private static partial Regex OdtTracked();

    [GeneratedRegex("<text:format-change>")]
    private static partial Regex OdtFormat();

    [GeneratedRegex("<office:annotation[ >]")]
    private static partial Regex OdtComment();

    [GeneratedRegex("<text:hidden-(?:text|paragraph)[ />]|text:display=.none.")]
    private static partial Regex OdtHidden();

    [GeneratedRegex("""^PART Basic/(?!script-lc|[^\n]*script-lb)[^\n]*$""", RegexOptions.Multiline)]
    private static partial Regex OdtBasic();

    [GeneratedRegex("<draw:object(?:-ole)?[ >]")]
    private static partial Regex OdtObject();

    private static string? Raw(byte[] bytes)
    {
        try
        {
            using var zip = new ZipArchive(new MemoryStream(bytes));
            var all = new StringBuilder();
            foreach (var entry in zip.Entries)
            {
                all.Append("\nPART ").Append(entry.FullName).Append('\n');
                if (!entry.FullName.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) || entry.Length > 30_000_000 || entry.FullName.StartsWith("customXml", StringComparison.Ordinal)
                    || entry.FullName.Contains("glossary/", StringComparison.Ordinal))
                    continue;
                using var reader = new StreamReader(entry.Open());
                all.Append(reader.ReadToEnd());
            }
            return all.ToString();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static void Office(string corpora)
    {
        var files = OfficeFolders.SelectMany(f => Directory.EnumerateFiles(Path.Combine(corpora, f), "*", SearchOption.AllDirectories)).Order(StringComparer.Ordinal).ToList();
        var rows = Looks.ToDictionary(l => l.Kind, _ => (Has: 0, Flagged: 0, Missed: new List<string>(), Without: new List<string>()));
        int documents = 0, left = 0, refused = 0, cleanedCount = 0;
        var leftFiles = new List<string>();
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            var kind = DocumentKind.Detect(bytes);
            if ((kind != DocumentKind.Docx && kind != DocumentKind.Odt) || Raw(bytes) is not { } raw)
                continue;
            documents++;
            var found = Residue.In(Document.Read(bytes, Path.GetFileName(file)));
            foreach (var (name, id, docx, odt) in Looks)
            {
                var look = kind == DocumentKind.Docx ? docx : odt;
                if (look is null)
                    continue;
                var has = look.IsMatch(raw);
                var flagged = found.Any(f => f.Id.StartsWith(id, StringComparison.Ordinal));
                var row = rows[name];
                if (has) row.Has++;
                if (has && flagged) row.Flagged++;
                if (has && !flagged) row.Missed.Add(file);
                if (!has && flagged) row.Without.Add(file);
                rows[name] = row;
            }
            switch (Cleaner.Clean(bytes, new CleanChoices { Tracked = TrackedChoice.Accept }))
            {
                case Cleaned cleaned:
                    cleanedCount++;
                    var still = cleaned.Left.Where(f => f.Id is "residue.tracked-change" or "residue.tracked-formatting" or "residue.tracking-on" or "residue.comment" or "residue.hidden-text" or "residue.macro"
                        or "residue.metadata-author" or "residue.metadata-earlier-author" or "residue.metadata-company" or "residue.metadata-template").Select(f => f.Id).Distinct().ToList();
                    if (still.Count > 0)
                    {
                        left++;
                        leftFiles.Add($"{Path.GetRelativePath(corpora, file)}: {string.Join(", ", still)}");
                    }
                    break;
                case CleanRefusal refusal:
                    refused++;
                    leftFiles.Add($"{Path.GetRelativePath(corpora, file)}: refused, {refusal.Why}");
                    break;
            }
        }
        Console.WriteLine($"\n{documents} DOCX and ODT documents of office/ and docx-pairs/\n");
        Console.WriteLine($"| {"kind",-28} | {"have it",8} | {"flagged",8} | {"missed",8} | {"flagged, not by the other look",31} |");
        Console.WriteLine($"|{new string('-', 30)}|{new string('-', 9)}:|{new string('-', 9)}:|{new string('-', 9)}:|{new string('-', 32)}:|");
        foreach (var (kind, row) in rows)
            Console.WriteLine($"| {kind,-28} | {row.Has,8} | {row.Flagged,8} | {row.Missed.Count,8} | {row.Without.Count,31} |");
        foreach (var (kind, row) in rows)
        {
            foreach (var file in row.Missed)
                Console.WriteLine($"missed, {kind}: {Path.GetRelativePath(corpora, file)}");
            foreach (var file in row.Without)
                Console.WriteLine($"flagged without, {kind}: {Path.GetRelativePath(corpora, file)}");
        }
        Console.WriteLine($"\ncleaned {cleanedCount}, of which {left} still have what cleaning removes; refused {refused}");
        foreach (var file in leftFiles)
            Console.WriteLine("  " + file);
    }

    private static void Findings(string corpora, string folder, bool sample)
    {
        var root = Path.Combine(corpora, folder);
        if (!Directory.Exists(root))
            return;
        var documents = 0;
        var counts = new SortedDictionary<string, (int Documents, int Findings, List<string> Samples)>(StringComparer.Ordinal);
        var clock = Stopwatch.StartNew();
        var searching = TimeSpan.Zero;
        foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            documents++;
            var document = Document.Read(File.ReadAllBytes(file), Path.GetFileName(file));
            var from = clock.Elapsed;
            var found = Residue.In(document);
            searching += clock.Elapsed - from;
            foreach (var group in found.GroupBy(f => f.Id))
            {
                var (d, n, samples) = counts.GetValueOrDefault(group.Key, (0, 0, []));
                samples.AddRange(group.Take(6).Select(f => $"{Path.GetRelativePath(root, file)} ({f.Place}): {f.Excerpt} / {f.Says}"));
                counts[group.Key] = (d + 1, n + group.Count(), samples);
            }
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{documents} files of {folder}/ (searched in {searching.TotalSeconds:0.0} s, read in {(clock.Elapsed - searching).TotalSeconds:0.0} s)\n"));
        Console.WriteLine($"| {"id",-34} | {"documents",9} | {"findings",8} |\n|{new string('-', 36)}|{new string('-', 10)}:|{new string('-', 9)}:|");
        foreach (var (id, row) in counts)
            Console.WriteLine($"| {id,-34} | {row.Documents,9} | {row.Findings,8} |");
        if (sample)
            foreach (var (id, row) in counts)
                foreach (var line in row.Samples.Take(60))
                    Console.WriteLine($"  {id}: {line}");
    }

    /// <summary>How many squares of each page differ between poppler and each other program that is here, sorted: what the bound is taken from.</summary>
    private static int Drawn(string corpora)
    {
        foreach (var second in SecondPrograms)
        {
            var pages = new List<(int Squares, string Page)>();
            int files = 0, undrawn = 0, once = 0;
            foreach (var file in ReadFolders.SelectMany(f => Directory.EnumerateFiles(Path.Combine(corpora, f), "*.pdf", SearchOption.AllDirectories)).Order(StringComparer.Ordinal))
            {
                files++;
                if (PagesDrawn.Measure(File.ReadAllBytes(file), second) is not { } measured)
                {
                    undrawn++;
                    continue;
                }
                once += measured.Count(m => m.Squares is null);
                pages.AddRange(measured.Where(m => m.Squares is not null).Select(m => (m.Squares!.Value, $"{Path.GetRelativePath(corpora, file)} page {m.Page}")));
            }
            pages.Sort();
            Console.WriteLine($"\npoppler and {second}: {files} files, {undrawn} not drawn by both, {pages.Count} pages compared, {once} drawn by one only");
            foreach (var share in new[] { 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 1.0 })
                if (pages.Count > 0)
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {share:P0} of pages differ in at most {pages[Math.Min(pages.Count - 1, (int)(share * pages.Count))].Squares} squares"));
            foreach (var (squares, page) in Enumerable.Reverse(pages).Take(40))
                Console.WriteLine($"  {squares,6} {page}");
        }
        return 0;
    }
}
