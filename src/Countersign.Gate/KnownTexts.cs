using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Countersign.Documents;

namespace Countersign.Gate;

/// <summary>What a known text is to the gate.</summary>
public enum KnownTextKind
{
    /// <summary>A version of a letter: nothing of it leaves but what is free.</summary>
    Draft,

    /// <summary>A text that may leave: to everyone, or to its audience.</summary>
    Free,
}

/// <summary>A text that the gate is to know.</summary>
/// <param name="Letter">The letter's id, or the id of the act that freed it.</param>
/// <param name="Reference">What people call it.</param>
/// <param name="Version">The letter's version; 0 where there are none.</param>
/// <param name="Kind">Draft or free. A released letter is known as both.</param>
/// <param name="FreeFor">For whom it is free; of no meaning for a draft.</param>
public sealed record KnownText(string Letter, string Reference, int Version, KnownTextKind Kind, Audience? FreeFor = null);

/// <summary>A passage of a message that stands in a draft, word for word or reworded.</summary>
/// <param name="From">Where it begins in the message's source.</param>
/// <param name="To">Where it ends there (exclusive).</param>
/// <param name="DraftFrom">The letter of the draft (of <see cref="NormalText"/>) at which it begins there.</param>
/// <param name="DraftTo">The letter behind its last.</param>
/// <param name="Words">How many words of the draft it carries.</param>
public sealed record LeakPassage(int From, int To, int DraftFrom, int DraftTo, int Words);

/// <summary>A draft that a message carries, or part of it.</summary>
/// <param name="Letter">The letter's id.</param>
/// <param name="Reference">What people call it.</param>
/// <param name="Version">The version that the message is nearest to.</param>
/// <param name="Share">The part of the draft's letters that the message carries, from 0 to 1.</param>
/// <param name="Words">How many words of the draft it carries.</param>
/// <param name="Amount">The evidence in letters of the draft, less what texts share by chance: <see cref="KnownTexts.Enough"/> and more.</param>
/// <param name="Passages">Where, in the order of the message.</param>
public sealed record Leak(string Letter, string Reference, int Version, double Share, int Words, double Amount, IReadOnlyList<LeakPassage> Passages);

/// <summary>What a message carries of a letter's drafts: too little by itself, or enough. Suspicions of one sender add up.</summary>
/// <param name="Letter">The letter's id.</param>
/// <param name="Reference">What people call it.</param>
/// <param name="Version">The version that the message is nearest to.</param>
/// <param name="Fingerprints">The distinct protected fingerprints of the letter in this message. They say nothing without the office's secret.</param>
/// <param name="Amount">The evidence, as in a <see cref="Leak"/>.</param>
public sealed record Suspicion(string Letter, string Reference, int Version, IReadOnlyList<ulong> Fingerprints, double Amount)
{
    /// <summary>Whether it counts beside others: a k-gram or two that texts share by chance is no evidence, and adds up to none.</summary>
    public bool AddsUp => Amount > 0;

    /// <summary>Whether the suspicions that one sender's messages gave about one letter (in seven days) leak it together.</summary>
    public static bool LeakTogether(IEnumerable<Suspicion> ofOneLetter) => ofOneLetter.Where(s => s.AddsUp).SelectMany(s => s.Fingerprints).Distinct().Count() >= KnownTexts.EnoughTogether;
}

/// <summary>What a message carries of unreleased texts.</summary>
/// <param name="Leaks">The drafts that it leaks, worst first; empty where nothing leaks.</param>
/// <param name="Suspicions">What it carries of every letter, leaks included.</param>
public sealed record Recognition(IReadOnlyList<Leak> Leaks, IReadOnlyList<Suspicion> Suspicions)
{
    public static Recognition Nothing { get; } = new([], []);
}

/// <summary>
/// All drafts and free texts of an office, by fingerprints under its secret; no text is kept. It says what a message carries of a draft that is in no
/// text free for all its recipients. <see cref="Match(NormalText, Audience)"/> may run on any number of threads, also beside <see cref="Learn"/> and <see cref="Forget"/>.
/// </summary>
/// <remarks>
/// In its folder, <c>current</c> names the generation in use, a folder with <c>catalogue</c> (what the texts are), <c>shapes</c> (hashes of each in
/// order), and the indexes <c>drafts</c> (selected fingerprints) and <c>free</c> (all k-grams). The catalogue's record comes last: it makes a text known.
/// </remarks>
public sealed class KnownTexts : IDisposable
{
    /// <summary>The evidence from which a message leaks a draft, in letters beyond what texts share by chance.</summary>
    public static double Enough => Weights.Chosen.Leaks;

    /// <summary>The distinct fingerprints from which messages of one sender leak a letter together.</summary>
    public const int EnoughTogether = 24;

    /// <summary>The most letters that one message is compared with in full, those of which it carries most: many while nothing leaks, so that no leak hides behind others' phrases.</summary>
    private const int MostLetters = 64;

    /// <summary>How many are compared where one leaks: enough to name them.</summary>
    private const int MostNamed = 8;

    /// <summary>The most versions of one letter that a message is compared with in full.</summary>
    private const int MostVersions = 2;

    private readonly string _folder;
    private readonly byte[] _sealing;
    private readonly byte[] _naming;
    private readonly Fingerprinter _fingerprinter;
    private readonly Lock _writing = new();
    private volatile Generation _current;
    private Generation? _fresh;
    private bool _disposed;

    private KnownTexts(string folder, ReadOnlySpan<byte> secret)
    {
        _folder = folder;
        _sealing = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.ToArray(), 32, info: "countersign/known-texts/sealing"u8.ToArray());
        _naming = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret.ToArray(), 32, info: "countersign/known-texts/naming"u8.ToArray());
        _fingerprinter = new Fingerprinter(secret);
        Directory.CreateDirectory(folder);
        var named = Path.Combine(folder, "current");
        if (!File.Exists(named))
            Name(1);
        var number = int.Parse(File.ReadAllText(named), System.Globalization.CultureInfo.InvariantCulture);
        foreach (var other in Directory.GetDirectories(folder, "generation-*").Where(d => Path.GetFileName(d) != Generation.NameOf(number)))
            Directory.Delete(other, recursive: true);
        _current = new Generation(Path.Combine(folder, Generation.NameOf(number)), number, _sealing);
    }

    /// <summary>Opens what is known in a folder, or makes it.</summary>
    /// <param name="folder">The folder; this process alone writes it.</param>
    /// <param name="secret">The office's secret, 32 bytes.</param>
    /// <exception cref="InvalidDataException">Damaged, or written under another secret: <see cref="BeginRebuild"/> in a new folder.</exception>
    public static KnownTexts Open(string folder, ReadOnlySpan<byte> secret) => new(folder, secret);

    /// <summary>How many drafts are known, versions apart.</summary>
    public int Drafts => _current.Count(KnownTextKind.Draft);

    /// <summary>How many free texts are known.</summary>
    public int FreeTexts => _current.Count(KnownTextKind.Free);

    /// <summary>How many letters have a draft here.</summary>
    public int Letters => _current.Letters;

    internal Weights Weights { get; set; } = Weights.Chosen;

    /// <summary>Makes a text known. When this returns, it is known to every later <see cref="Match(NormalText, Audience)"/>, also after a crash. The same text again changes nothing.</summary>
    public void Learn(KnownText text, NormalText normal)
    {
        var (audience, shape, prints) = Prepare(text, normal);
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _current.Learn(text, audience, shape, prints);
            _fresh?.Learn(text, audience, shape, prints);
        }
    }

    /// <summary>Forgets every text of a letter, and erases what was kept of it. When this returns, it matches no more, also after a crash.</summary>
    public void Forget(string letter)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _current.Forget(letter);
            _fresh?.Forget(letter);
        }
    }

    /// <summary>
    /// Begins anew beside what is known: learn everything again with <see cref="Rebuild.Learn"/>, then <see cref="Rebuild.Commit"/> puts it in the place
    /// of the old in one step. What is learnt meanwhile goes into both. Disposed without a commit, nothing changed.
    /// </summary>
    public Rebuild BeginRebuild()
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_fresh is not null)
                throw new InvalidOperationException("The known texts are being rebuilt already.");
            var folder = Path.Combine(_folder, Generation.NameOf(_current.Number + 1));
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
            _fresh = new Generation(folder, _current.Number + 1, _sealing);
            return new Rebuild(this);
        }
    }

    /// <summary>A rebuild under way.</summary>
    public sealed class Rebuild : IDisposable
    {
        private readonly KnownTexts _known;
        private bool _over;

        internal Rebuild(KnownTexts known) => _known = known;

        /// <summary>Learns a text for the new.</summary>
        public void Learn(KnownText text, NormalText normal)
        {
            var (audience, shape, prints) = _known.Prepare(text, normal);
            lock (_known._writing)
                (_known._fresh ?? throw new InvalidOperationException("The rebuild is over.")).Learn(text, audience, shape, prints);
        }

        /// <summary>Puts the new in the place of the old.</summary>
        public void Commit()
        {
            lock (_known._writing)
            {
                var fresh = _known._fresh ?? throw new InvalidOperationException("The rebuild is over.");
                _known.Name(fresh.Number);
                var old = _known._current;
                _known._current = fresh;
                _known._fresh = null;
                _over = true;
                old.Retire();
            }
        }

        public void Dispose()
        {
            lock (_known._writing)
            {
                if (_over || _known._fresh is null)
                    return;
                _over = true;
                _known._fresh.Retire();
                _known._fresh = null;
            }
        }
    }

    /// <summary>
    /// Whether every letter of a text stands in free texts for all these recipients, in pieces of at least a k-gram. A text without letters does; one that is shorter than a k-gram does not.
    /// </summary>
    public bool IsFree(NormalText text, Audience recipients)
    {
        if (text.Letters.Length == 0)
            return true;
        var shares = Shares(recipients);
        return Read(generation => FreeLetters(generation, generation.Entries, Grams(text), shares, text.Letters.Length) is { } free && Array.IndexOf(free, false) < 0);
    }

    /// <summary>
    /// A quick look at a text: false where it carries no passage of any draft that would be worth comparing (<see cref="Fingerprinter.Screen(string, Func{ReadOnlySpan{char}, bool}, out bool)"/>). True says
    /// nothing yet.
    /// </summary>
    /// <param name="text">The text as it was read.</param>
    /// <param name="holds">Is shown its folded letters, for other questions about them.</param>
    /// <param name="seen">What it said.</param>
    public bool MayCarry(string text, Func<ReadOnlySpan<char>, bool> holds, out bool seen)
    {
        var probes = _fingerprinter.Screen(text, holds, out seen);
        return probes.Length > 0 && Read(generation => generation.FindDrafts(probes).Count > 0);
    }

    /// <summary>As the gate does it: a quick look first, and in full where it shows anything.</summary>
    public Recognition Match(string message, Audience recipients) => MayCarry(message, _ => false, out _) ? Match(NormalText.Of(message), recipients) : Recognition.Nothing;

    /// <summary>What a message carries of drafts that is in no text free for all its recipients.</summary>
    public Recognition Match(NormalText message, Audience recipients)
    {
        ArgumentNullException.ThrowIfNull(recipients);
        return Read(generation => Match(generation, message, recipients));
    }

    /// <summary>Reads in the generation in use, which is not closed meanwhile.</summary>
    private T Read<T>(Func<Generation, T> read)
    {
        while (true)
        {
            var generation = _current;
            if (!generation.Enter())
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                continue;
            }
            try
            {
                return read(generation);
            }
            finally
            {
                generation.Leave();
            }
        }
    }

    /// <summary>The digests of recipients; null for everyone.</summary>
    private UInt128[]? Shares(Audience recipients) => recipients.IsEveryone ? null : recipients.Addresses.Select(Digest).ToArray();

    public void Dispose()
    {
        lock (_writing)
        {
            if (_disposed)
                return;
            _disposed = true;
            _fresh?.Retire();
            _current.Dispose();
        }
    }

    private Recognition Match(Generation generation, NormalText message, Audience recipients)
    {
        var probes = Grams(message);
        if (probes.Length == 0)
            return Recognition.Nothing;
        var hits = generation.FindDrafts(probes);
        if (hits.Count == 0)
            return Recognition.Nothing;
        var entries = generation.Entries;
        var shares = Shares(recipients);

        // Which of the k-grams that hit are in a text free for all recipients.
        var struck = hits.Select(h => h.Probe).Distinct().Order().ToArray();
        var free = generation.FindFree(Array.ConvertAll(struck, s => probes[s]), entries, shares);
        var freeProbes = new HashSet<int>();
        for (var i = 0; i < struck.Length; i++)
            if (free[i])
                freeProbes.Add(struck[i]);

        var byLetter = new Dictionary<string, Dictionary<int, List<int>>>(StringComparer.Ordinal);
        var lettersOf = new Dictionary<ulong, HashSet<string>>();
        foreach (var (probe, number) in hits)
        {
            if (freeProbes.Contains(probe) || entries.At(number) is not { } entry)
                continue;
            if (!byLetter.TryGetValue(entry.Letter, out var texts))
                byLetter[entry.Letter] = texts = [];
            if (!texts.TryGetValue(number, out var at))
                texts[number] = at = [];
            at.Add(probe);
            if (!lettersOf.TryGetValue(probes[probe], out var letters))
                lettersOf[probes[probe]] = letters = new(StringComparer.Ordinal);
            letters.Add(entry.Letter);
        }
        if (byLetter.Count == 0)
            return Recognition.Nothing;

        // The letters and versions of which the message carries most, each k-gram counting less the more letters share it.
        var candidates = byLetter.Select(l => (
                Letter: l.Key,
                Texts: l.Value,
                Versions: l.Value.Select(t => (Number: t.Key, Seeds: t.Value, Weight: Weigh(t.Value, probes, lettersOf))).OrderByDescending(v => v.Weight).ThenByDescending(v => v.Number).Take(MostVersions).ToArray()))
            .OrderByDescending(l => l.Versions[0].Weight).Take(MostLetters).ToArray();
        var shape = Shape(message, probes, []);
        var freeLetters = FreeLetters(generation, entries, probes, shares, message.Letters.Length);
        var leaks = new List<Leak>();
        var suspicions = new List<Suspicion>();
        foreach (var (_, texts, versions) in candidates)
        {
            if (leaks.Count > 0 && (suspicions.Count >= MostNamed || versions[0].Weight < candidates[0].Versions[0].Weight / 4))
                break;
            Leak? worst = null;
            foreach (var (number, at, weight) in versions)
            {
                if (weight < versions[0].Weight / 2 || entries.At(number) is not { } entry || generation.ReadShape(entry) is not { } draft)
                    continue;
                var seeds = at.Distinct().Order().Select(p => new Likeness.Seed(p, lettersOf[probes[p]].Count, Own(message, freeLetters, p))).ToArray();
                var leak = Told(entry, draft, Likeness.Compare(shape, freeLetters, draft, seeds, Fingerprinter.K, Weights), message, Weights);
                if (worst is null || leak.Amount > worst.Amount)
                    worst = leak;
            }
            if (worst is null)
                continue;
            suspicions.Add(new Suspicion(worst.Letter, worst.Reference, worst.Version, texts.Values.SelectMany(t => t).Select(p => probes[p]).Distinct().ToArray(), worst.Amount));
            if (worst.Amount >= Weights.Leaks)
                leaks.Add(worst);
        }
        leaks.Sort((a, b) => b.Amount.CompareTo(a.Amount));
        return new Recognition(leaks, suspicions);
    }

    private static double Weigh(List<int> at, ulong[] probes, Dictionary<ulong, HashSet<string>> lettersOf)
    {
        var weight = 0.0;
        var counted = new HashSet<ulong>();
        foreach (var p in at)
            if (counted.Add(probes[p]))
                weight += 1.0 / lettersOf[probes[p]].Count;
        return weight;
    }

    /// <summary>
    /// Whether a k-gram that stands in no free text says something that none says. Where all its letters stand in free passages, it only joins two of
    /// them, as a quote does that leaves out what lies between. A figure is never only a joint: 200 may be what remains of 1,200.
    /// </summary>
    private static bool Own(NormalText message, bool[]? free, int at)
    {
        if (free is null)
            return true;
        for (var i = at; i < at + Fingerprinter.K; i++)
            if (!free[i] || char.IsAsciiDigit(message.Letters[i]))
                return true;
        return false;
    }

    private static Leak Told(Entry entry, TextShape draft, List<Piece> pieces, NormalText message, Weights weights)
    {
        var passages = new List<LeakPassage>();
        var (letters, words, amount) = (0, 0, 0.0);
        var whole = pieces.Sum(p => p.DraftLength) >= weights.WholeDraft * draft.Letters;
        foreach (var piece in pieces)
        {
            if (piece.Amount <= 0 || !piece.Own && !whole)
                continue;
            letters += piece.DraftLength;
            words += piece.Words;
            amount += piece.Amount;
            passages.Add(new LeakPassage(message.SourceOf(piece.From), message.SourceOf(piece.From + piece.Length - 1) + 1, piece.DraftFrom, piece.DraftFrom + piece.DraftLength, piece.Words));
        }
        return new Leak(entry.Letter, entry.Reference, entry.Version, Math.Min(1.0, (double)letters / Math.Max(1, draft.Letters)), words, amount, passages);
    }

    private static bool[]? FreeLetters(Generation generation, Entries entries, ulong[] probes, UInt128[]? shares, int letters)
    {
        var free = generation.FindFree(probes, entries, shares);
        if (Array.IndexOf(free, true) < 0)
            return null;
        var covered = new bool[letters];
        for (var i = 0; i < free.Length; i++)
            if (free[i])
                covered.AsSpan(i, Fingerprinter.K).Fill(true);
        return covered;
    }

    private (UInt128[]? Audience, TextShape Shape, ulong[] Prints) Prepare(KnownText text, NormalText normal)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(normal);
        if (text.Kind == KnownTextKind.Free && text.FreeFor is null)
            throw new ArgumentException("A free text is free for somebody.", nameof(text));
        var grams = Grams(normal, out var selected, select: text.Kind == KnownTextKind.Draft);
        var prints = text.Kind == KnownTextKind.Draft ? Array.ConvertAll(selected, s => grams[s]) : grams;
        var audience = text.FreeFor is { IsEveryone: false } some ? some.Addresses.Select(Digest).Order().ToArray() : null;
        return (audience, Shape(normal, grams, selected), prints);
    }

    /// <summary>The hash of the k-gram that begins at each letter, as it may be written down.</summary>
    private ulong[] Grams(NormalText text) => Grams(text, out _, select: false);

    private ulong[] Grams(NormalText text, out int[] selected, bool select)
    {
        selected = [];
        // The padded k-grams (k−1 at each end) are left aside: they would protect the place where a draft ends, not what it says. The first and the last
        // whole one stand for them, so that a difference in the first or last k letters shows, too.
        var inner = text.Letters.Length - Fingerprinter.K + 1;
        if (inner <= 0)
            return [];
        var all = _fingerprinter.All(text);
        if (select)
        {
            var chosen = new SortedSet<int>(Fingerprinter.Select(all).Select(s => s - (Fingerprinter.K - 1)).Where(s => s >= 0 && s < inner)) { 0, inner - 1 };
            AddFigures(chosen, text.Letters, inner);
            selected = [.. chosen];
        }
        var grams = all.AsSpan(Fingerprinter.K - 1, inner).ToArray();
        _fingerprinter.Conceal(grams);
        return grams;
    }

    /// <summary>
    /// Selects for every number the k-gram that holds it with the letter before and one behind, so that another number there always shows, also 100
    /// for 1000, where winnowing alone does not promise it. A number longer than a k-gram takes several.
    /// </summary>
    private static void AddFigures(SortedSet<int> chosen, ReadOnlySpan<char> letters, int grams)
    {
        const int most = Fingerprinter.K - 2;
        for (var i = 0; i < letters.Length; i++)
        {
            if (!char.IsAsciiDigit(letters[i]))
                continue;
            var end = i + 1;
            while (end < letters.Length && (char.IsAsciiDigit(letters[end]) || letters[end] == ' '))
                end++;
            for (; i < end; i += most)
                chosen.Add(Math.Clamp(i - 1, 0, grams - 1));
            i = end;
        }
    }

    private TextShape Shape(NormalText text, ulong[] grams, int[] selected) => new()
    {
        Grams = Array.ConvertAll(grams, g => unchecked((uint)g)),
        Selected = selected,
        Words = _fingerprinter.Words(text),
        WordStarts = [.. text.WordStarts, text.Letters.Length],
    };

    private UInt128 Digest(string address) => BinaryPrimitives.ReadUInt128LittleEndian(HMACSHA256.HashData(_naming, Encoding.UTF8.GetBytes(address)));

    private void Name(int number)
    {
        var path = Path.Combine(_folder, "current");
        using (var file = File.Create(path + ".new"))
        {
            file.Write(Encoding.ASCII.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            file.Flush();
            Index.Durable.Flush(file.SafeFileHandle, path);
        }
        File.Move(path + ".new", path, overwrite: true);
    }
}
