namespace Countersign.Gate.Index;

/// <summary>A text in which a probe stands. <paramref name="Probe"/> is its place among the probes given.</summary>
public readonly record struct Hit(int Probe, int Text);

/// <summary>How an index grows.</summary>
public sealed record IndexOptions
{
    /// <summary>How many postings are kept in memory, behind the log, before they become a segment. Each takes about 24 bytes of memory.</summary>
    public int MostInMemory { get; init; } = 500_000;

    /// <summary>How many segments of about one size are merged into one.</summary>
    public int Fan { get; init; } = 4;

    /// <summary>Whether merging goes on beside everything else; else it happens before <see cref="FingerprintIndex.Add"/> returns.</summary>
    public bool InBackground { get; init; } = true;
}

/// <summary>What an index is made of at the moment.</summary>
/// <param name="Segments">Segment files.</param>
/// <param name="Postings">Postings in all, those of forgotten texts that no merge has dropped yet included.</param>
/// <param name="Bytes">Bytes of the segment files.</param>
/// <param name="InMemory">Postings that are in memory and in the log.</param>
/// <param name="LogBytes">Bytes of the log.</param>
/// <param name="Trouble">Why the last settling or merging failed; it is tried again with the next. Nothing is missing meanwhile.</param>
public sealed record IndexState(int Segments, long Postings, long Bytes, int InMemory, long LogBytes, string? Trouble);

/// <summary>
/// An index from fingerprints, which are uniformly distributed, to texts. What <see cref="Add"/> and <see cref="Forget"/> acknowledge is on the disk. One process at a time has an index; in it
/// any number of threads may do anything at once: looking up takes no lock and waits for nobody.
/// </summary>
/// <remarks>
/// In its folder: immutable segments (<see cref="Segment"/>), a log of what is in no segment yet (<see cref="IndexLog"/>), and a manifest that names both
/// (<see cref="Manifest"/>). The manifest is written whole under another name, brought to the disk and renamed: a crash at any instant leaves the old one or the new one, each with files that are
/// whole. Files of ours that it does not name are remains of a crash and are removed.
/// </remarks>
public sealed class FingerprintIndex : IDisposable
{
    private const string SegmentFile = "segment", LogFile = "log", Again = "make the index again from what it was made of.";

    /// <summary>Directories count in 32 bits.</summary>
    private const long MostInSegment = uint.MaxValue;

    private readonly string _folder;
    private readonly IndexOptions _options;
    private readonly FileStream _held;

    /// <summary>Whoever merges has this; taken before <see cref="_writing"/>.</summary>
    private readonly Lock _merging = new();
    private readonly Lock _writing = new();

    // Changed under the writing lock.
    private volatile Snapshot _now = null!;
    private IndexLog _log = null!;
    private long _next;
    private Dictionary<int, long> _notes = [];
    private byte[] _manifest = [];
    private int _settleAt;
    private Task _background = Task.CompletedTask;
    private bool _scheduled;
    private string? _broken;
    private volatile string? _trouble;
    private volatile bool _closed;

    private FingerprintIndex(string folder, IndexOptions options)
    {
        (_folder, _options, _settleAt) = (Path.GetFullPath(folder), options, options.MostInMemory);
        Directory.CreateDirectory(_folder);
        _held = new FileStream(Path.Combine(_folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            Load();
        }
        catch
        {
            _now?.Leave();
            _log?.Dispose();
            _held.Dispose();
            throw;
        }
    }

    /// <summary>Opens the index in a folder, or makes it.</summary>
    /// <exception cref="InvalidDataException">Damaged: it must be made again from what it was made of.</exception>
    /// <exception cref="IOException">The disk refuses, or someone else has the index open.</exception>
    public static FingerprintIndex Open(string folder, IndexOptions? options = null) => new(folder, options ?? new IndexOptions());

    /// <summary>How many postings there are, those of forgotten texts that no merge has dropped yet included.</summary>
    public long Count => State.Postings;

    /// <summary>What it is made of.</summary>
    public IndexState State
    {
        get
        {
            var now = Enter();
            try
            {
                var recent = now.Recent.Count;
                return new IndexState(now.Segments.Length, now.Segments.Sum(s => s.Count) + recent, now.Segments.Sum(s => s.Bytes), recent, _log.Bytes, _trouble);
            }
            finally
            {
                now.Leave();
            }
        }
    }

    /// <summary>The highest number that any text ever had here; −1 where there was none.</summary>
    public int Highest { get; private set; } = -1;

    /// <summary>Makes a text known by its fingerprints; one given twice counts once. On the disk when this returns.</summary>
    /// <param name="text">Its number, not negative. May be added to; never one that was forgotten, as numbers are not used again.</param>
    /// <param name="fingerprints">In any order.</param>
    /// <exception cref="IOException">The disk refused: the text is not known, or partly.</exception>
    public void Add(int text, ReadOnlySpan<ulong> fingerprints)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(text);
        var sorted = fingerprints.ToArray();
        Array.Sort(sorted);
        var kept = sorted.Length == 0 ? 0 : 1;
        for (var i = 1; i < sorted.Length; i++)
            if (sorted[i] != sorted[i - 1])
                sorted[kept++] = sorted[i];
        lock (_writing)
        {
            MustBeOpen();
            if (_notes.ContainsKey(text))
                throw new InvalidOperationException($"Text {text} was forgotten; its number is not used again.");
            var before = _log.Bytes;
            try
            {
                _log.Add(text, sorted.AsSpan(0, kept));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                TakeBack(before);
                throw;
            }
            Highest = Math.Max(Highest, text);
            var recent = _now.Recent;
            foreach (var fingerprint in sorted.AsSpan(0, kept))
                recent.Add(fingerprint, text);
            if (recent.Count >= _settleAt)
                TrySettle();
        }
        if (!_options.InBackground)
            MergeDue();
    }

    /// <summary>Forgets a text: it is found no more from now on, also after a crash. Its postings go with the next merge of their segments.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Forget(int text)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(text);
        lock (_writing)
        {
            MustBeOpen();
            if (_notes.ContainsKey(text))
                return;
            var before = _log.Bytes;
            try
            {
                _log.Forget(text);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                TakeBack(before);
                throw;
            }
            _notes[text] = _next;
            _now.Forgotten.Add(text);
        }
    }

    /// <summary>Whether a text is noted as forgotten. After its last posting was dropped it is noted no more.</summary>
    public bool HasForgotten(int text)
    {
        lock (_writing)
            return _notes.ContainsKey(text);
    }

    /// <summary>Adds a hit for every probe and every text that it stands in; twice, perhaps, where it was added to the text twice.</summary>
    public void Find(ReadOnlySpan<ulong> probes, List<Hit> hits)
    {
        var now = Enter();
        try
        {
            var from = hits.Count;
            foreach (var segment in now.Segments)
                segment.Find(probes, hits);
            now.Recent.Find(probes, hits);
            if (now.Forgotten.IsEmpty || hits.Count == from)
                return;
            var to = from;
            for (var i = from; i < hits.Count; i++)
                if (!now.Forgotten.Contains(hits[i].Text))
                    hits[to++] = hits[i];
            hits.RemoveRange(to, hits.Count - to);
        }
        finally
        {
            now.Leave();
        }
    }

    /// <summary>Whether a fingerprint stands in any text.</summary>
    public bool Contains(ulong fingerprint)
    {
        var hits = new List<Hit>();
        Find([fingerprint], hits);
        return hits.Count > 0;
    }

    /// <summary>The share of these that the filters let pass to the segments, on average; for measurements, with fingerprints that are in no text.</summary>
    public double FalsePasses(ReadOnlySpan<ulong> probes)
    {
        var now = Enter();
        try
        {
            var passing = 0L;
            foreach (var segment in now.Segments)
                passing += segment.Passing(probes);
            return passing / (double)probes.Length / Math.Max(1, now.Segments.Length);
        }
        finally
        {
            now.Leave();
        }
    }

    /// <summary>Brings everything into one segment, without what was forgotten.</summary>
    /// <exception cref="IOException">The disk refused. Nothing is missing.</exception>
    /// <exception cref="InvalidDataException">A segment is damaged, and stays as it is.</exception>
    public void Compact()
    {
        lock (_merging)
        {
            lock (_writing)
            {
                MustBeOpen();
                if (!_log.IsEmpty)
                    Settle();
            }
            Merge(All);
        }
    }

    /// <summary>Reads every byte of every file. What is wrong; null when all is well.</summary>
    public string? Verify()
    {
        var now = Enter();
        try
        {
            if (now.Segments.FirstOrDefault(s => !s.IsSound()) is { } unsound)
                return $"{Path.GetFileName(unsound.Path)} is not as it was written";
        }
        finally
        {
            now.Leave();
        }
        lock (_writing)
        {
            MustBeOpen();
            if (!_log.IsSound())
                return "the log is not as it was written";
            var path = Path.Combine(_folder, Manifest.FileName);
            return File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(_manifest) ? null : "the manifest is not as it was written";
        }
    }

    /// <summary>Closes it. A merge that goes on is given up; whoever looks something up ends in peace.</summary>
    public void Dispose()
    {
        Task background;
        lock (_writing)
        {
            if (_closed)
                return;
            _closed = true;
            background = _background;
        }
        background.GetAwaiter().GetResult();
        lock (_merging)
            lock (_writing)
            {
                _now.Leave();
                _log.Dispose();
                _held.Dispose();
            }
    }

    private Snapshot Enter()
    {
        while (true)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            var now = _now;
            if (now.TryEnter())
                return now;
        }
    }

    private void MustBeOpen()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_broken is { } broken)
            throw new IOException($"The index takes nothing more until it is opened again: {broken}");
    }

    /// <summary>Makes the log what it was before an append that failed.</summary>
    private void TakeBack(long before)
    {
        try
        {
            _log.CutTo(before);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _broken = e.Message;
        }
    }

    // ---- from the log to a segment

    /// <summary>Settles; where that fails everything stays in memory and in the log, and it is tried again after some more.</summary>
    private void TrySettle()
    {
        try
        {
            Settle();
            _trouble = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _trouble = e.Message;
            _settleAt = checked(_now.Recent.Count + (_options.MostInMemory / 4) + 1);
        }
        if (_options.InBackground && !_scheduled && Due().Count > 1)
        {
            _scheduled = true;
            _background = Task.Run(MergeDue);
        }
    }

    /// <summary>Makes a segment of what is in memory, and begins another log.</summary>
    private void Settle()
    {
        var number = _next++;
        Segment? segment = null;
        IndexLog? log = null;
        try
        {
            var (fingerprints, texts) = _now.Recent.Sorted();
            using (var writer = new SegmentWriter(PathOf(SegmentFile, number), fingerprints.Length))
            {
                for (var i = 0; i < fingerprints.Length; i++)
                    if (!_notes.ContainsKey(texts[i]))
                        writer.Add(fingerprints[i], texts[i]);
                if (writer.Count > 0)
                    writer.Complete();
            }
            if (File.Exists(PathOf(SegmentFile, number)))
                segment = Segment.Open(PathOf(SegmentFile, number));
            log = IndexLog.Create(PathOf(LogFile, _next), _next);
            _next++;
            Segment[] segments = segment is null ? _now.Segments : [.. _now.Segments, segment];
            Commit(segments, log, new Recent());
        }
        catch
        {
            log?.Dispose();
            if (_broken is null)
            {
                segment?.Obsolete();
                Remove(log is null ? null : PathOf(LogFile, log.Number));
            }
            segment?.Release();
            throw;
        }
        segment?.Release();
        var old = _log;
        (_log, _settleAt) = (log, _options.MostInMemory);
        old.Dispose();
        Remove(PathOf(LogFile, old.Number));
    }

    /// <summary>Makes these files the index: first on the disk, then for who looks things up.</summary>
    private void Commit(Segment[] segments, IndexLog log, Recent recent)
    {
        // A file whose number is not lower than a note's was begun after the text was forgotten, and is without it.
        var oldest = segments.Select(NumberOf).Append(log.Number).Min();
        var notes = _notes.Where(n => n.Value > oldest).ToDictionary();
        var manifest = new Manifest(_next, Highest, log.Number, [.. segments.Select(NumberOf)], notes).ToBytes();
        var unfinished = Path.Combine(_folder, Manifest.Unfinished);
        using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, 1))
        {
            file.Write(manifest);
            Durable.Flush(file.SafeFileHandle, unfinished);
        }
        // The names of the files that it names come to the disk before its own.
        Durable.FlushFolder(_folder);
        try
        {
            File.Move(unfinished, Path.Combine(_folder, Manifest.FileName), overwrite: true);
            Durable.FlushFolder(_folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Which of the two a crash would leave is unknown: both must stay true.
            _broken = e.Message;
            throw;
        }
        _manifest = manifest;
        var forgotten = notes.Count == _notes.Count ? _now?.Forgotten ?? new TextSet(notes.Keys) : new TextSet(notes.Keys);
        _notes = notes;
        Publish(new Snapshot(segments, recent, forgotten));
    }

    private void Publish(Snapshot next)
    {
        var before = _now;
        _now = next;
        before?.Leave();
    }

    // ---- from segments to a larger one

    /// <summary>Merges while something is due.</summary>
    private void MergeDue()
    {
        try
        {
            lock (_merging)
                while (Merge(DueOrDone))
                    _trouble = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // Everything is found as before in the segments that there are, and the next settling tries again.
            _trouble = e.Message;
            lock (_writing)
                _scheduled = false;
        }
        catch (ObjectDisposedException)
        {
            // It is closed: the next time is soon enough.
        }
    }

    private List<Segment> DueOrDone()
    {
        var due = Due();
        _scheduled = due.Count > 1 && _scheduled;
        return due;
    }

    /// <summary>The segments of about one size, the smallest size first, where there are enough of them to be merged.</summary>
    private List<Segment> Due()
    {
        var fan = Math.Max(2, _options.Fan);
        foreach (var size in _now.Segments.GroupBy(s => Math.Max(0, (int)Math.Round(Math.Log(s.Count / (double)Math.Max(1, _options.MostInMemory), fan)))).OrderBy(s => s.Key))
            if (size.Count() >= fan)
                return Fitting(size);
        return [];
    }

    private List<Segment> All()
    {
        var all = Fitting(_now.Segments);
        return all.Count == 1 && !_notes.Values.Any(since => since > NumberOf(all[0])) ? [] : all;
    }

    private static List<Segment> Fitting(IEnumerable<Segment> segments)
    {
        var left = MostInSegment;
        var fitting = new List<Segment>();
        foreach (var segment in segments.OrderBy(s => s.Count))
            if ((left -= segment.Count) >= 0)
                fitting.Add(segment);
            else
                break;
        return fitting;
    }

    /// <summary>Merges what is chosen into one segment, while everything else goes on; false where nothing is. Under the merging lock.</summary>
    private bool Merge(Func<List<Segment>> choose)
    {
        List<Segment> due;
        long number;
        HashSet<int> dropped;
        lock (_writing)
        {
            MustBeOpen();
            due = choose();
            if (due.Count == 0)
                return false;
            due.ForEach(s => s.Hold());
            number = _next++;
            dropped = [.. _notes.Keys];
        }
        Segment? merged = null;
        try
        {
            merged = Write(due, number, dropped);
            lock (_writing)
            {
                MustBeOpen();
                var left = _now.Segments.Where(s => !due.Contains(s));
                Commit([.. merged is null ? left : left.Append(merged)], _log, _now.Recent);
            }
            due.ForEach(s => s.Obsolete());
            return true;
        }
        catch
        {
            if (_broken is null)
                merged?.Obsolete();
            throw;
        }
        finally
        {
            merged?.Release();
            due.ForEach(s => s.Release());
        }
    }

    private Segment? Write(List<Segment> due, long number, HashSet<int> dropped)
    {
        var cursors = due.Select(s => s.All()).Where(c => c.Next()).ToList();
        using (var writer = new SegmentWriter(PathOf(SegmentFile, number), due.Sum(s => s.Count)))
        {
            for (var written = 1; cursors.Count > 0; written = (written + 1) & 0xFFFF)
            {
                var least = cursors[0];
                for (var i = 1; i < cursors.Count; i++)
                    if (cursors[i] is var other && (other.Fingerprint < least.Fingerprint || (other.Fingerprint == least.Fingerprint && other.Text < least.Text)))
                        least = other;
                if (dropped.Count == 0 || !dropped.Contains(least.Text))
                    writer.Add(least.Fingerprint, least.Text);
                if (!least.Next())
                    cursors.Remove(least);
                if (written == 0)
                    ObjectDisposedException.ThrowIf(_closed, this);
            }
            if (writer.Count == 0)
                return null;
            writer.Complete();
        }
        return Segment.Open(PathOf(SegmentFile, number));
    }

    // ---- files

    private void Load()
    {
        var path = Path.Combine(_folder, Manifest.FileName);
        if (File.Exists(path))
        {
            _manifest = File.ReadAllBytes(path);
            var manifest = Manifest.Parse(_manifest) ?? throw new InvalidDataException($"The index's manifest is damaged: {Again}");
            (_next, Highest, _notes) = (manifest.Next, manifest.Highest, manifest.Notes.ToDictionary());
            foreach (var name in manifest.Segments.Select(s => Manifest.NameOf(SegmentFile, s)).Append(Manifest.NameOf(LogFile, manifest.Log)))
                if (!File.Exists(Path.Combine(_folder, name)))
                    throw new InvalidDataException($"The index's {name} is missing: {Again}");
            var segments = new List<Segment>();
            try
            {
                foreach (var number in manifest.Segments)
                    segments.Add(Segment.Open(PathOf(SegmentFile, number)));
                var recent = new Recent();
                _log = IndexLog.Open(PathOf(LogFile, manifest.Log), manifest.Log,
                    (text, fingerprints) =>
                    {
                        Highest = Math.Max(Highest, text);
                        foreach (var fingerprint in fingerprints)
                            recent.Add(fingerprint, text);
                    },
                    text => _notes.TryAdd(text, _next));
                Publish(new Snapshot([.. segments], recent, new TextSet(_notes.Keys)));
            }
            finally
            {
                segments.ForEach(s => s.Release());
            }
        }
        else
        {
            // Before the first manifest there is an empty log at most.
            if (Directory.EnumerateFiles(_folder).Any(f => Manifest.IsOurs(Path.GetFileName(f)) && Path.GetFileName(f) != Manifest.Unfinished && new FileInfo(f).Length > IndexLog.Head))
                throw new InvalidDataException($"The index's manifest is missing: {Again}");
            _log = IndexLog.Create(PathOf(LogFile, _next), _next);
            _next++;
            Commit([], _log, new Recent());
            if (Path.GetDirectoryName(_folder) is { } parent)
                Durable.FlushFolder(parent);
        }
        string[] named = [Manifest.FileName, Path.GetFileName(PathOf(LogFile, _log.Number)), .. _now.Segments.Select(s => Path.GetFileName(s.Path))];
        foreach (var remains in Directory.EnumerateFiles(_folder).Where(f => Manifest.IsOurs(Path.GetFileName(f)) && !named.Contains(Path.GetFileName(f))))
            Remove(remains);
    }

    private string PathOf(string what, long number) => Path.Combine(_folder, Manifest.NameOf(what, number));

    private static long NumberOf(Segment segment) => long.Parse(Path.GetFileName(segment.Path).AsSpan(SegmentFile.Length + 1), System.Globalization.CultureInfo.InvariantCulture);

    private static void Remove(string? path)
    {
        try
        {
            if (path is not null)
                File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever opens the index next removes it.
        }
    }

    /// <summary>What there is at one moment. Whoever looks something up is inside; the last one out of a past moment lets its files go.</summary>
    private sealed class Snapshot
    {
        private int _holders = 1;

        public Snapshot(Segment[] segments, Recent recent, TextSet forgotten)
        {
            (Segments, Recent, Forgotten) = (segments, recent, forgotten);
            foreach (var segment in segments)
                segment.Hold();
        }

        public Segment[] Segments { get; }

        public Recent Recent { get; }

        public TextSet Forgotten { get; }

        public bool TryEnter()
        {
            while (Volatile.Read(ref _holders) is var holders && holders > 0)
                if (Interlocked.CompareExchange(ref _holders, holders + 1, holders) == holders)
                    return true;
            return false;
        }

        public void Leave()
        {
            if (Interlocked.Decrement(ref _holders) == 0)
                foreach (var segment in Segments)
                    segment.Release();
        }
    }
}
