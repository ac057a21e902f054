using System.Globalization;
using System.IO.Compression;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Countersign.Documents;

namespace Countersign.Fuzz;

// The readers of documents, and behind them everything that the gate does with a text.
internal sealed partial record Target
{
    /// <summary>Stands between the XML parts of one input; XML has no such character.</summary>
    public const byte PartEnd = 0x1E;

    private static readonly ReadingBounds Bounds = new()
    {
        MostExpanded = 64 * 1024 * 1024,
        MostText = 400_000,
        MostParts = 200,
        MostPieces = 20_000,
        MostTime = TimeSpan.FromSeconds(3),
    };

    private static readonly Fingerprinter Fingerprinter = new(new byte[32]);

    /// <summary>Exceptions that only a slip makes. A reader of others' making may slip; ours may not, since what follows is then not read.</summary>
    private static readonly string[] Slips =
    [
        nameof(NullReferenceException), nameof(IndexOutOfRangeException), nameof(ArgumentOutOfRangeException), nameof(ArgumentException), nameof(ArgumentNullException),
        nameof(OverflowException), nameof(InvalidCastException), nameof(InvalidOperationException), nameof(KeyNotFoundException), nameof(FormatException), nameof(DivideByZeroException),
    ];

    /// <summary>One for each reader of documents. The input of <c>docx</c> and <c>odt</c> is the XML inside, of <c>zip</c> the archive.</summary>
    public static IReadOnlyList<Target> Documents { get; } =
    [
        new("doc-pdf", 100_000, bytes => Read(bytes, ours: false)),
        new("docx", 100_000, bytes => Read(Docx(bytes), ours: true)),
        new("odt", 100_000, bytes => Read(Odt(bytes), ours: true)),
        new("rtf", 100_000, bytes => Read(bytes, ours: true)),
        new("html", 100_000, bytes => Read(bytes, ours: false)),
        new("text", 100_000, bytes => Read(bytes, ours: true)),
        new("eml", 100_000, bytes => Read(bytes, ours: false)),
        new("msg", 100_000, bytes => Read(bytes, ours: true)),
        new("tnef", 100_000, bytes => Read(bytes, ours: false)),
        new("zip", 100_000, bytes => Read(bytes, ours: true)),
        new("doc", 100_000, bytes => Read(bytes, ours: true)),
    ];

    /// <summary>A Word package around document.xml and, after <see cref="PartEnd"/>, its styles, comments, footnotes, settings and relationships.</summary>
    public static byte[] Docx(byte[] parts) => Package(parts,
        [
            ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"),
            ("_rels/.rels", Relations("<Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>")),
        ],
        ["word/document.xml", "word/styles.xml", "word/comments.xml", "word/footnotes.xml", "word/settings.xml", "word/_rels/document.xml.rels"]);

    /// <summary>An OpenDocument text around content.xml and, after <see cref="PartEnd"/>, its styles and what it says of itself.</summary>
    public static byte[] Odt(byte[] parts) => Package(parts, [("mimetype", "application/vnd.oasis.opendocument.text")], ["content.xml", "styles.xml", "meta.xml"]);

    /// <summary>A relationships part around its elements.</summary>
    public static string Relations(string elements) =>
        $"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{elements}</Relationships>";

    /// <summary>A ZIP archive.</summary>
    public static byte[] Zip(params IEnumerable<(string Name, byte[] Bytes)> members)
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, bytes) in members)
            {
                var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
                entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
                using var stream = entry.Open();
                stream.Write(bytes);
            }
        return file.ToArray();
    }

    private static byte[] Package(byte[] parts, (string Name, string Text)[] around, string[] names)
    {
        var members = around.Select(a => (a.Name, Encoding.UTF8.GetBytes(a.Text))).ToList();
        foreach (var name in names)
        {
            var end = Array.IndexOf(parts, PartEnd);
            var part = end < 0 ? parts : parts[..end];
            parts = end < 0 ? [] : parts[(end + 1)..];
            if (part.Length > 0)
                members.Add((name, part));
        }
        return Zip(members);
    }

    /// <summary>A document is answered within its bounds, and so is every question that is asked about the answer.</summary>
    private static bool Read(byte[] bytes, bool ours)
    {
        var before = Environment.CpuUsage.TotalTime;
        var document = Document.Read(bytes, "", Bounds);
        var took = Environment.CpuUsage.TotalTime - before; // of the processor, since a busy machine delays whom it will
        Expect(took < 2 * Bounds.MostTime, $"a document is answered within its bound, not after {took.TotalSeconds:0.0} s");
        var slow = document.Whole().Any(d => d.Unread.Any(u => u.Reason == UnreadReason.TooSlow));
        if (slow)
            Expect(EndsSoon(), "a reading that was given up ends");
        var texts = new List<string>();
        foreach (var part in document.Whole())
        {
            foreach (var passage in part.Passages)
            {
                Expect(!string.IsNullOrWhiteSpace(passage.Text), "a passage has text");
                Expect(IsPrintable(passage.Place), "a place can be printed");
                texts.Add(passage.Text);
            }
            foreach (var unread in part.Unread)
            {
                Expect(unread.Says.Length > 0 && IsPrintable(unread.Place), "what was not read is said, and where");
                Expect(!ours || !Slips.Any(s => unread.Says.Contains($"({s})", StringComparison.Ordinal)), $"a reader does not slip: {unread.Says}");
            }
            foreach (var oddity in part.Oddities)
                Expect(IsPrintable(oddity.Place), "what stands out has a place that can be printed");
        }
        var characters = texts.Sum(t => (long)t.Length);
        Expect(characters <= Bounds.MostText && texts.Count <= Bounds.MostPieces, "no more text is kept than the bounds say");

        var findings = Residue.In(document);
        Expect(findings.Count <= Residue.Ids.Count * 1000, "residue is bounded");
        foreach (var finding in findings)
            Expect(Residue.Kind(finding.Id) is not null && finding.Excerpt.Length <= Residue.MostExcerpt && !finding.Excerpt.Any(char.IsControl) && IsPrintable(finding.Place),
                "a finding is of a known sort, with an excerpt and a place that can be printed");

        Fingerprints(texts);
        if (!slow && (document.Kind == DocumentKind.Docx || document.Kind == DocumentKind.Odt))
            Clean(bytes);
        return document.Whole().Any(d => d.Passages.Count > 0);
    }

    private static void Clean(byte[] bytes)
    {
        switch (Cleaner.Clean(bytes, new CleanChoices { Tracked = (TrackedChoice)(bytes.Length % 3) }))
        {
            case Cleaned cleaned:
                Expect(DocumentKind.Detect(cleaned.Bytes) == DocumentKind.Detect(bytes), "what was cleaned is a document of the same kind");
                break;
            case CleanRefusal refusal:
                Expect(refusal.Code.StartsWith("clean.", StringComparison.Ordinal) && refusal.Why.Length > 0 && refusal.Next.Length > 0, "a refusal gives its reason and what to do next");
                Expect(!Slips.Any(s => refusal.Why.Contains($"({s})", StringComparison.Ordinal)), $"a cleaner does not slip: {refusal.Why}");
                break;
        }
    }

    /// <summary>The fast path, on each kind of processor, finds what the definition says; and every letter comes from somewhere.</summary>
    private static void Fingerprints(List<string> texts)
    {
        var normal = NormalText.Of(texts);
        var source = string.Join('\n', texts);
        for (var i = 0; i < normal.Letters.Length; i++)
            Expect(normal.SourceOf(i) is var at && at >= 0 && at < source.Length, "a letter stands somewhere in its source");
        Expect(Fingerprinter.Words(normal).Length == normal.WordStarts.Length, "every word is hashed");
        var all = Fingerprinter.All(normal);
        var selected = Fingerprinter.Select(all);
        foreach (var lanes in Enum.GetValues<Lanes>())
        {
            if (lanes == Lanes.Avx2 && !Avx2.IsSupported || lanes == Lanes.Avx512 && NormalLetters.Best != Lanes.Avx512)
                continue;
            var fused = Fingerprinter.Of(source, lanes);
            Expect(fused.Grams == all.Length && fused.Places.SequenceEqual(selected), $"the fused pass selects what the definition selects ({lanes})");
            for (var i = 0; i < selected.Length; i++)
                Expect(fused.Hashes[i] == all[selected[i]], $"the fused pass hashes what the definition hashes ({lanes})");
        }
    }

    /// <summary>Whether words for a person can be printed as they stand, on one line of a terminal: no control, nothing that turns the line, no half pair.</summary>
    private static bool IsPrintable(Place place)
    {
        var words = place.ToString();
        for (var at = 0; at < words.Length;)
        {
            if (Rune.DecodeFromUtf16(words.AsSpan(at), out var rune, out var units) != System.Buffers.OperationStatus.Done
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                return false;
            at += units;
        }
        return words.Length <= 4000;
    }

    /// <summary>Whether the thread of a reading that was given up is gone soon. The platform says so only on Linux.</summary>
    private static bool EndsSoon()
    {
        if (!Directory.Exists("/proc/self/task"))
            return true;
        for (var waited = 0; waited < 40; waited++)
        {
            if (!Directory.EnumerateDirectories("/proc/self/task").Any(IsReading))
                return true;
            Thread.Sleep(50);
        }
        return false;

        static bool IsReading(string task)
        {
            try
            {
                return File.ReadAllText(Path.Combine(task, "comm")).TrimEnd() == "reading";
            }
            catch (IOException)
            {
                return false; // it ended while it was asked for
            }
        }
    }
}
