using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Countersign.Documents;
using Countersign.Gate;

namespace Countersign.Recognition;

/// <summary>A message of which it is known whether it may leave.</summary>
/// <param name="Kind">What was done to the text.</param>
/// <param name="Document">Whose text it is.</param>
/// <param name="Text">The message.</param>
/// <param name="ToAddressee">To the addressee of the released letter, or else to somebody to whom nothing was released.</param>
/// <param name="OwnWords">How many words of what was taken are in no text free for its recipient.</param>
internal sealed record Case(string Kind, Filed Document, string Text, bool ToAddressee, int OwnWords);

/// <summary>Measures how well drafts are known again: the tables of docs/RECOGNITION.md.</summary>
internal static class Recognise
{
    private static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private static readonly string[] Columns = ["en", "nl", "de", "fr", "es", "ar", "other"];

    /// <summary>Rows, with the least recall promised, and the least own words below which a text is left out because it has too little to protect.</summary>
    private static readonly (string Kind, double Target, int OwnWords)[] Rows =
    [
        ("paste whole", 0.995, 1), ("quoted reply", 0.995, 1), ("one page of three", 0.995, 1), ("through HTML", 0.995, 1), ("through DOCX", 0.995, 1), ("through PDF", 0.995, 1),
        ("5 % of words changed", 0.995, 25), ("20 % of words changed", 0.99, 25), ("35 % of words changed", 0.90, 25), ("single sentence", 0.90, 1), ("2 % character noise", 0.98, 25),
        ("homoglyphs", 0.99, 1), ("zero-width", 0.99, 1), ("case and punctuation", 0.995, 1), ("one figure differs", 1.0, 1), ("paragraphs shuffled", 0.995, 25), ("inside another mail", 0.995, 1),
    ];

    public static int Run(string[] args)
    {
        var corpora = RecogniseCorpus.Folder();
        if (corpora is null)
        {
            Console.Error.WriteLine("The shared corpora are not beside this checkout.");
            return 2;
        }
        var documents = RecogniseCorpus.Documents(corpora);
        var mails = RecogniseCorpus.Mails(corpora);
        // Without a half named, the numbers are reported on the half on which they were not chosen.
        var halves = args.Contains("--both") ? new[] { true, false } : [args.Contains("--choose")];
        Console.WriteLine($"{documents.Count} documents ({documents.Count(d => d.Made)} of them with earlier versions made here), {documents.Sum(d => d.Versions.Count)} versions, {mails.Count} everyday mails");
        foreach (var choosing in halves)
            Half(documents, mails, choosing, args);
        return 0;
    }

    private static void Half(List<Filed> all, List<Mail> allMails, bool choosing, string[] args)
    {
        Console.WriteLine();
        Console.WriteLine(choosing ? "## The half on which the numbers were chosen" : "## The half that reports");
        var documents = all.Where(d => d.ForChoosing == choosing).ToList();
        var folder = Directory.CreateTempSubdirectory("recognise").FullName;
        try
        {
            using var known = KnownTexts.Open(folder, Secret);
            var clock = Stopwatch.StartNew();
            foreach (var d in documents)
                Learn(known, d);
            Console.WriteLine($"{documents.Count} letters, {known.Drafts} drafts, {known.FreeTexts} free texts, learnt in {clock.Elapsed.TotalSeconds:0.0} s");

            if (Array.IndexOf(args, "--files") is var files and >= 0)
            {
                Files(known, documents, files + 1 < args.Length && int.TryParse(args[files + 1], CultureInfo.InvariantCulture, out var asked) ? asked : 60);
                return;
            }
            var mails = allMails.Where(m => m.ForChoosing == choosing).ToList();
            var cases = Cases(documents, mails);
            if (args.Contains("--few"))
                cases = cases.Where((_, i) => i % 16 == 0).ToList();
            var others = OtherSources(documents, all);
            Innocents(known, documents, others, allMails, mails);
            Drip(known, documents, mails, allMails);
            Table(known, cases, args.Contains("--peers") ? PeerScores(documents, cases, others, allMails) : null, args);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string? Figure(Filed d) => d.Released ? RecogniseCorpus.OneFigure(d.Last, new Random(Filed.Seed(d.Id, "figure"))) : null;

    private static void Learn(KnownTexts known, Filed d)
    {
        var version = 0;
        foreach (var text in d.Versions)
            known.Learn(new KnownText(d.Id, "R-" + d.Id, ++version, KnownTextKind.Draft), NormalText.Of(text));
        if (Figure(d) is { } figure)
            known.Learn(new KnownText(d.Id, "R-" + d.Id, ++version, KnownTextKind.Draft), NormalText.Of(figure));
        if (d.Released)
            known.Learn(new KnownText(d.Id, "R-" + d.Id, d.Versions.Count, KnownTextKind.Free, Audience.Of(d.Addressee)), NormalText.Of(d.Last));
    }

    /// <summary>Words of a text that are not wholly within k-grams of another.</summary>
    private static int OwnWords(string text, HashSet<ulong> free, Fingerprinter fingerprinter)
    {
        var normal = NormalText.Of(text);
        var grams = Inner(normal, fingerprinter);
        var covered = new bool[normal.Letters.Length];
        for (var i = 0; i < grams.Length; i++)
            if (free.Contains(grams[i]))
                covered.AsSpan(i, Fingerprinter.K).Fill(true);
        var starts = normal.WordStarts;
        var own = 0;
        for (var w = 0; w < starts.Length; w++)
        {
            var to = w + 1 < starts.Length ? starts[w + 1] : normal.Letters.Length;
            if (covered.AsSpan(starts[w], to - starts[w]).Contains(false))
                own++;
        }
        return own;
    }

    private static ulong[] Inner(NormalText normal, Fingerprinter fingerprinter)
    {
        var inner = normal.Letters.Length - Fingerprinter.K + 1;
        return inner <= 0 ? [] : fingerprinter.All(normal).AsSpan(Fingerprinter.K - 1, inner).ToArray();
    }

    private static List<Case> Cases(List<Filed> documents, List<Mail> mails)
    {
        var fingerprinter = new Fingerprinter(Secret);
        var vocabulary = documents.GroupBy(d => d.Language).ToDictionary(g => g.Key, g => g.SelectMany(d => d.Last.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries)).ToArray());
        var ordinary = mails.Where(m => m.Text.Length is > 200 and < 4000).ToList();
        var cases = new List<Case>();
        foreach (var d in documents)
        {
            var random = new Random(Filed.Seed(d.Id, "cases"));
            var released = d.Released ? new HashSet<ulong>(Inner(NormalText.Of(d.Last), fingerprinter)) : null;
            string Mail() => ordinary[random.Next(ordinary.Count)].Text;
            foreach (var toAddressee in d.Released ? new[] { false, true } : [false])
            {
                var draft = d.Versions[random.Next(d.Released ? d.Versions.Count - 1 : d.Versions.Count)];
                void Add(string kind, string taken, string text) => cases.Add(new Case(kind, d, text, toAddressee, toAddressee ? OwnWords(taken, released!, fingerprinter) : int.MaxValue));
                Add("paste whole", draft, draft);
                Add("quoted reply", draft, Mutate.Quoted(draft, Mail()));
                var page = Mutate.Page(draft, random);
                Add("one page of three", page, page);
                Add("through HTML", draft, Mutate.Html(draft, random));
                Add("through DOCX", draft, Mutate.Docx(draft, random));
                Add("through PDF", draft, Mutate.Pdf(draft, random));
                foreach (var share in new[] { 5, 20, 35 })
                    Add(string.Create(CultureInfo.InvariantCulture, $"{share} % of words changed"), draft, Mutate.Words(draft, share / 100.0, vocabulary[d.Language], random));
                var sentences = RecogniseCorpus.Sentences(draft).Where(s => s.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries).Count(w => w.Any(char.IsLetter)) >= 12).ToArray();
                random.Shuffle(sentences);
                foreach (var sentence in sentences.Take(4))
                    Add("single sentence", sentence, Mail() + "\n" + sentence.Trim() + "\n\nRegards\n");
                Add("2 % character noise", draft, Mutate.Noise(draft, 0.02, random));
                Add("homoglyphs", draft, Mutate.Homoglyphs(draft, random));
                Add("zero-width", draft, Mutate.ZeroWidth(draft, random));
                Add("case and punctuation", draft, Mutate.CaseAndPunctuation(draft, random));
                Add("paragraphs shuffled", draft, Mutate.ShuffledParagraphs(draft, random));
                Add("inside another mail", page, Mail() + "\n\n" + page + "\n\n" + Mail());
                if (Figure(d) is { } figure)
                    Add("one figure differs", figure, figure);
            }
        }
        return cases;
    }

    /// <summary>Documents that are not known here, each with the letters whose text it may share: those of its source, and those with 20 words in a row in common.</summary>
    private static List<(Filed Document, HashSet<string> Kin)> OtherSources(List<Filed> documents, List<Filed> all)
    {
        var fingerprinter = new Fingerprinter(Secret);
        var rows = new Dictionary<ulong, HashSet<string>>();
        foreach (var d in documents)
            foreach (var version in d.Versions)
                foreach (var row in WordRows(version, 20, fingerprinter))
                {
                    if (!rows.TryGetValue(row, out var of))
                        rows[row] = of = new(StringComparer.Ordinal);
                    of.Add(d.Id);
                }
        var here = documents.Select(d => d.Id).ToHashSet(StringComparer.Ordinal);
        return all.Where(d => !here.Contains(d.Id)).Select(d => (d, documents.Where(o => o.Repository == d.Repository).Select(o => o.Id)
            .Concat(WordRows(d.Last, 20, fingerprinter).SelectMany(r => rows.TryGetValue(r, out var of) ? of : Enumerable.Empty<string>())).ToHashSet(StringComparer.Ordinal))).ToList();
    }

    private static IEnumerable<ulong> WordRows(string text, int length, Fingerprinter fingerprinter)
    {
        var words = fingerprinter.Words(NormalText.Of(text));
        for (var i = 0; i + length <= words.Length; i++)
        {
            ulong h = 0;
            for (var j = 0; j < length; j++)
                h = unchecked((h ^ words[i + j]) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019);
            yield return h;
        }
    }

    /// <summary>What the peers say: for each case whether they refuse it, each at the lowest threshold at which it refuses no innocent of this very half.</summary>
    private static List<(string Name, string Threshold, bool[] Refused)> PeerScores(List<Filed> documents, List<Case> cases, List<(Filed Document, HashSet<string> Kin)> others, List<Mail> mails)
    {
        var known = documents.SelectMany(d => d.Versions.Select((v, i) => (d.Released && i == d.Versions.Count - 1 ? d.Id + "/released" : d.Id, v))).ToList();
        foreach (var d in documents)
            if (Figure(d) is { } figure)
                known.Add((d.Id, figure));
        var messages = cases.Select(c => c.Text).Concat(mails.Select(m => m.Text)).Concat(others.Select(o => o.Document.Last)).ToList();
        var (jaccard, containment) = Peers.MinHash(known, messages, new Fingerprinter(Secret));
        var peers = new List<(string, Dictionary<string, double>[], double)> { ("MinHash Jaccard", jaccard, 1e-9), ("MinHash containment", containment, 1e-9) };
        if (Peers.Ssdeep(known, messages) is { } ssdeep)
            peers.Insert(0, ("ssdeep", ssdeep, 1));
        var told = new List<(string, string, bool[])>();
        foreach (var (name, scores, least) in peers)
        {
            var highest = 0.0;
            for (var m = cases.Count; m < messages.Count; m++)
            {
                var kin = m < cases.Count + mails.Count ? null : others[m - cases.Count - mails.Count].Kin;
                foreach (var (document, score) in scores[m])
                    if (kin is null || !kin.Contains(document.Split('/')[0]))
                        highest = Math.Max(highest, score);
            }
            var refused = new bool[cases.Count];
            for (var c = 0; c < cases.Count; c++)
            {
                var draft = scores[c].GetValueOrDefault(cases[c].Document.Id);
                var released = scores[c].GetValueOrDefault(cases[c].Document.Id + "/released");
                // To the addressee of the released letter: only what is nearer to a draft than to the released text.
                refused[c] = cases[c].ToAddressee ? draft > released && draft > highest + least / 2 : Math.Max(draft, released) > highest + least / 2;
            }
            told.Add((name, highest.ToString("0.###", CultureInfo.InvariantCulture), refused));
        }
        return told;
    }

    private static void Table(KnownTexts known, List<Case> cases, List<(string Name, string Threshold, bool[] Refused)>? peers, string[] args)
    {
        var results = new double[cases.Count];
        var right = new bool[cases.Count];
        var least = Weights.Chosen.Leaks;
        var clock = Stopwatch.StartNew();
        Parallel.For(0, cases.Count, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            var c = cases[i];
            var recognition = known.Match(c.Text, Audience.Of(c.ToAddressee ? c.Document.Addressee : "somebody@else.example"));
            results[i] = recognition.Suspicions.Select(s => s.Amount).DefaultIfEmpty(0).Max();
            right[i] = recognition.Leaks.Any(l => l.Letter == c.Document.Id);
        });
        Console.WriteLine();
        Console.WriteLine($"{cases.Count} messages that carry a draft, matched in {clock.Elapsed.TotalSeconds:0.0} s");
        if (peers is not null)
            Console.WriteLine("Peers refuse above their highest score of an innocent: " + string.Join(", ", peers.Select(p => $"{p.Name} {p.Threshold}")));
        foreach (var toAddressee in new[] { false, true })
        {
            Console.WriteLine();
            Console.WriteLine(toAddressee ? "### Earlier drafts to the very addressee of the released letter" : "### Drafts to somebody to whom nothing was released");
            Console.WriteLine();
            Console.WriteLine("| what was done | " + string.Join(" | ", Columns) + " | all | target | right letter | left out | holds up to |" + string.Concat((peers ?? []).Select(p => $" {p.Name} |")));
            Console.WriteLine("|---|" + string.Concat(Enumerable.Repeat("---|", Columns.Length + 5 + (peers?.Count ?? 0))));
            foreach (var (kind, target, ownWords) in Rows)
            {
                var row = Enumerable.Range(0, cases.Count).Where(i => cases[i].Kind == kind && cases[i].ToAddressee == toAddressee).ToList();
                var kept = row.Where(i => cases[i].OwnWords >= ownWords).ToList();
                string Cell(List<int> of) => of.Count == 0 ? "–" : $"{of.Count(i => results[i] >= least)}/{of.Count}";
                var share = kept.Count == 0 ? 1 : kept.Count(i => results[i] >= least) / (double)kept.Count;
                // The highest threshold at which the row would still meet its target.
                var ordered = kept.Select(i => results[i]).Order().ToList();
                var lowest = ordered.Count == 0 ? 0 : ordered[Math.Min(ordered.Count - 1, (int)Math.Floor(ordered.Count * (1 - target) + 1e-9))];
                Console.WriteLine($"| {kind} | {string.Join(" | ", Columns.Select(l => Cell(kept.Where(i => cases[i].Document.Language == l).ToList())))} | {Cell(kept)} = {share * 100:0.00} % | {(share >= target ? "" : "✗ ")}{target * 100:0.0} % | {kept.Count(i => right[i])} | {row.Count - kept.Count} | {lowest:0} |"
                    + string.Concat((peers ?? []).Select(p => kept.Count == 0 ? " – |" : $" {kept.Count(i => p.Refused[i]) * 100.0 / kept.Count:0.0} % |")));
                if (args.Contains("--misses"))
                    foreach (var i in kept.Where(i => results[i] < least).Take(8))
                        Console.WriteLine($"    miss {cases[i].Document.Id} own {cases[i].OwnWords} amount {results[i]:0.0} letters {NormalText.Of(cases[i].Text).Letters.Length}");
            }
        }
    }

    /// <summary>
    /// The same through real files: so many letters, of the languages in turns, each with a draft (the one of the case <c>paste whole</c>) to a stranger and, where it was
    /// released, to its addressee, and its released text, which must pass.
    /// </summary>
    private static void Files(KnownTexts known, List<Filed> documents, int count)
    {
        var fingerprinter = new Fingerprinter(Secret);
        var inTurns = documents.GroupBy(d => d.Language).SelectMany(g => g.OrderBy(d => Filed.Seed(d.Id, "file")).Select((d, i) => (Document: d, Turn: i)))
            .OrderBy(t => t.Turn).ThenBy(t => Array.IndexOf(Columns, t.Document.Language)).Select(t => t.Document).Take(count).ToList();
        var texts = new List<(Filed Document, string Text, bool Free)>();
        foreach (var d in inTurns)
        {
            texts.Add((d, d.Versions[new Random(Filed.Seed(d.Id, "cases")).Next(d.Released ? d.Versions.Count - 1 : d.Versions.Count)], false));
            if (d.Released)
                texts.Add((d, d.Last, true));
        }
        Console.WriteLine($"{inTurns.Count} letters, {inTurns.Count(d => d.Released)} of them released");
        var read = RecogniseFiles.ThroughFiles([.. texts.Select(t => (t.Text, t.Document.Language, Filed.Seed(t.Document.Id, "file")))]);
        var own = texts.Select(t => t.Document.Released ? OwnWords(t.Text, [.. Inner(NormalText.Of(t.Document.Last), fingerprinter)], fingerprinter) : 0).ToArray();
        double Amount(int i, string text, bool toAddressee, out bool right)
        {
            var recognition = known.Match(text, Audience.Of(toAddressee ? texts[i].Document.Addressee : "somebody@else.example"));
            right = recognition.Leaks.Any(l => l.Letter == texts[i].Document.Id);
            return recognition.Suspicions.Select(s => s.Amount).DefaultIfEmpty(0).Max();
        }
        foreach (var what in (string[])["Drafts as files to somebody to whom nothing was released", "Drafts as files to the very addressee of the released letter", "The released text as a file to its addressee: refused"])
        {
            var (free, toAddressee) = (what.StartsWith("The", StringComparison.Ordinal), what.Contains("addressee", StringComparison.Ordinal));
            Console.WriteLine($"\n### {what}\n\n| kind | {string.Join(" | ", Columns)} | all | target | right letter | left out | least amount | most |\n|---|{string.Concat(Enumerable.Repeat("---|", Columns.Length + 6))}");
            var wrong = new List<string>();
            foreach (var (kind, _, _) in RecogniseFiles.Kinds)
            {
                var (rows, left) = (new List<(string Language, double Amount, bool Right)>(), 0);
                for (var i = 0; i < texts.Count; i++)
                {
                    if (texts[i].Free != free || (toAddressee && !texts[i].Document.Released) || read[kind][i] is not { } text)
                        continue;
                    if (toAddressee && !free && own[i] < 1)
                    {
                        left++;
                        continue;
                    }
                    var amount = Amount(i, text, toAddressee, out var right);
                    rows.Add((texts[i].Document.Language, amount, right));
                    if (amount < Weights.Chosen.Leaks != free)
                        wrong.Add($"    {(free ? "refused" : "missed")} {texts[i].Document.Id} {kind}: {amount:0.0}, own words {own[i]}");
                }
                string Cell(IEnumerable<(string Language, double Amount, bool Right)> of) => of.Any() ? $"{of.Count(r => r.Amount >= Weights.Chosen.Leaks)}/{of.Count()}" : "–";
                var share = rows.Count == 0 ? 0 : rows.Count(r => r.Amount >= Weights.Chosen.Leaks) / (double)rows.Count;
                Console.WriteLine($"| {kind} | {string.Join(" | ", Columns.Select(l => Cell(rows.Where(r => r.Language == l))))} | {Cell(rows)} = {share * 100:0.00} % | {(free ? "0.0" : $"{(share >= RecogniseFiles.Target ? "" : "✗ ")}{RecogniseFiles.Target * 100:0.0}")} % | {rows.Count(r => r.Right)} | {left} | {rows.Select(r => r.Amount).DefaultIfEmpty().Min():0} | {rows.Select(r => r.Amount).DefaultIfEmpty().Max():0} |");
            }
            wrong.ForEach(Console.WriteLine);
        }
    }

    private static void Innocents(KnownTexts known, List<Filed> documents, List<(Filed Document, HashSet<string> Kin)> others, List<Mail> allMails, List<Mail> mails)
    {
        Console.WriteLine();
        Console.WriteLine("### What must pass");
        void Pass(string what, IEnumerable<(string Name, string Text, Audience To, Func<Suspicion, bool> Rightly)> messages)
        {
            var (count, refused) = (0, 0);
            var top = new List<(double Amount, string Name, string Letter, string Words)>();
            var ticks = 0L;
            foreach (var (name, text, to, rightly) in messages)
            {
                var from = Stopwatch.GetTimestamp();
                var recognition = known.Match(text, to);
                ticks += Stopwatch.GetTimestamp() - from;
                count++;
                var worst = recognition.Suspicions.Where(s => !rightly(s)).MaxBy(s => s.Amount);
                if (worst is null)
                    continue;
                if (worst.Amount >= Weights.Chosen.Leaks)
                    refused++;
                var leak = recognition.Leaks.FirstOrDefault(l => l.Letter == worst.Letter);
                top.Add((worst.Amount, name, worst.Letter, leak is null ? "" : string.Join(" … ", leak.Passages.Select(p => Regex.Replace(text[p.From..p.To], @"\s+", " ")))));
            }
            top = top.OrderByDescending(t => t.Amount).ToList();
            Console.WriteLine($"{what}: {count} messages, {refused} refused; highest {string.Join(", ", top.Take(8).Select(t => t.Amount.ToString("0.0", CultureInfo.InvariantCulture)))} of {Weights.Chosen.Leaks:0}; {ticks / (double)Stopwatch.Frequency / Math.Max(1, count) * 1e6:0} µs each");
            foreach (var t in top.Where(t => t.Amount >= Weights.Chosen.Leaks).Take(30))
                Console.WriteLine($"    refused {t.Name} for {t.Letter} {t.Amount:0.0}: {(t.Words.Length > 300 ? t.Words[..300] + "…" : t.Words)}");
        }
        var outsider = Audience.Of("somebody@else.example");
        Pass("everyday mails of this half", mails.Select(m => (m.Name, m.Text, outsider, (Func<Suspicion, bool>)(_ => false))));
        Pass("all everyday mails", allMails.Select(m => (m.Name, m.Text, outsider, (Func<Suspicion, bool>)(_ => false))));
        Pass("documents of other sources", others.Select(o => (o.Document.Id, o.Document.Last, outsider, (Func<Suspicion, bool>)(s => o.Kin.Contains(s.Letter)))));
        var released = documents.Where(d => d.Released).ToList();
        (string, string, Audience, Func<Suspicion, bool>) Own(Filed d, string text) => (d.Id, text, Audience.Of(d.Addressee), s => s.Letter != d.Id);
        Pass("the released letter to its addressee", released.Select(d => Own(d, d.Last)));
        Pass("a quote of it to its addressee", released.Select(d => Own(d, Mutate.Quoted(d.Last, "Thank you for your letter."))));
        Pass("a page of it to its addressee", released.Select(d => Own(d, Mutate.Page(d.Last, new Random(Filed.Seed(d.Id, "pass"))))));
        Pass("it through PDF to its addressee", released.Select(d => Own(d, Mutate.Pdf(d.Last, new Random(Filed.Seed(d.Id, "pass"))))));
        Pass("it with 2 % noise to its addressee", released.Select(d => Own(d, Mutate.Noise(d.Last, 0.02, new Random(Filed.Seed(d.Id, "pass"))))));
        Pass("a quote that leaves paragraphs out to its addressee", released.Select(d => Own(d, LeftOut(d))));
        Pass("sentences of it to its addressee", released.SelectMany(d => RecogniseCorpus.Sentences(d.Last).Take(20).Select(s => Own(d, s))));
    }

    private static string LeftOut(Filed d)
    {
        var random = new Random(Filed.Seed(d.Id, "left out"));
        return "You wrote:\n" + string.Join("\n\n", Regex.Split(Mutate.Wrap(d.Last, 72, "> "), @"\n> \n").Where(_ => random.Next(2) == 0));
    }

    private static void Drip(KnownTexts known, List<Filed> documents, List<Mail> mails, List<Mail> allMails)
    {
        var ordinary = mails.Where(m => m.Text.Length is > 200 and < 4000).ToList();
        var (caught, of, singly) = (0, 0, 0);
        var outsider = Audience.Of("somebody@else.example");
        foreach (var d in documents.Where(d => !d.Released))
        {
            var random = new Random(Filed.Seed(d.Id, "drip"));
            var words = d.Last.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 200)
                continue;
            of++;
            var at = random.Next(words.Length - 199);
            var recognitions = Enumerable.Range(0, 25).Select(i => known.Match(ordinary[random.Next(ordinary.Count)].Text + "\n" + string.Join(' ', words.Skip(at + i * 8).Take(8)), outsider)).ToList();
            if (Suspicion.LeakTogether(recognitions.SelectMany(r => r.Suspicions).Where(s => s.Letter == d.Id)))
                caught++;
            if (recognitions.Any(r => r.Leaks.Any(l => l.Letter == d.Id)))
                singly++;
        }
        Console.WriteLine($"200 words in 25 mails of 8 words each: {caught}/{of} caught together, {singly} by one of them already");
        var (highest, refused, senders) = (0, 0, 0);
        foreach (var sender in allMails.GroupBy(m => m.Sender))
        {
            senders++;
            foreach (var letter in sender.SelectMany(m => known.Match(m.Text, outsider).Suspicions).GroupBy(s => s.Letter))
            {
                highest = Math.Max(highest, letter.SelectMany(s => s.Fingerprints).Distinct().Count());
                if (Suspicion.LeakTogether(letter))
                    refused++;
            }
        }
        Console.WriteLine($"all mails of each of {senders} senders together: {refused} refused; most fingerprints of one letter {highest} of {KnownTexts.EnoughTogether}");
    }
}
