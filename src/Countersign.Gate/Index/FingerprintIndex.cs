using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Gate.Index;

/// <summary>A text in which a probe stands. <paramref name="Probe"/> is its place among the probes given.</summary>
public readonly record struct Hit(int Probe, int Text);

/// <summary>How an index grows.</summary>
public sealed record IndexOptions
{
    /// <summary>How many postings are kept in memory, behind the log, before they become a segment.</summary>
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
public sealed record IndexState(int Segments, long Postings, long Bytes, int InMemory);

/// <summary>
/// An index from fingerprints to texts. What <see cref="Add"/> and <see cref="Forget"/> acknowledge is on the disk. One process at a time; in it one thread writes at a
/// time and any number read, also beside a merge.
/// </summary>
/// <remarks>
/// In its folder: immutable segments (<see cref="Segment"/>), a log of what is in no segment yet, and a manifest that names both and the texts forgotten. The manifest is written whole
/// under another name, brought to the disk and renamed: a crash at any instant leaves the old one or the new one, each with files that are whole. Files that it does
/// not name are remains of a crash and are removed.
/// </remarks>
public sealed class FingerprintIndex : IDisposable
{
    private const string ManifestName = "manifest", Magic = "countersign-index 1";
    private const byte Added = 1, Forgotten = 2;

    private readonly string _folder;
    private readonly IndexOptions _options;
    private readonly ReaderWriterLockSlim _reading = new();
    private readonly Lock _writing = new();

    // Changed under both locks; read under either.
    private readonly List<Segment> _segments = [];
    private readonly HashSet<int> _forgotten = [];
    private Dictionary<ulong, int> _first = [];
    private List<(int Text, int Next)> _memory = [];

    // Under the writing lock.
    private FileStream _log = null!;
    private long _next;
    private Task _merging = Task.CompletedTask;
    private bool _disposed;

    private FingerprintIndex(string folder, IndexOptions options)
    {
        (_folder, _options) = (folder, options);
        Directory.CreateDirectory(folder);
        try
        {
            Load();
        }
        catch
        {
            foreach (var segment in _segments)
                segment.Dispose();
            throw;
        }
    }

    /// <summary>Opens the index in a folder, or makes it.</summary>
    /// <exception cref="InvalidDataException">Damaged: it must be made again from what it was made of.</exception>
    public static FingerprintIndex Open(string folder, IndexOptions? options = null) => new(folder, options ?? new IndexOptions());

    /// <summary>How many postings there are, those of forgotten texts that no merge has dropped yet included.</summary>
    public long Count => State.Postings;

    /// <summary>What it is made of.</summary>
    public IndexState State
    {
        get
        {
            _reading.EnterReadLock();
            try
            {
                return new IndexState(_segments.Count, _segments.Sum(s => s.Count) + _memory.Count, _segments.Sum(s => s.Bytes), _memory.Count);
            }
            finally
            {
                _reading.ExitReadLock();
            }
        }
    }

    /// <summary>Makes a text known by its fingerprints; one given twice counts once. On the disk when this returns.</summary>
    public void Add(int text, ReadOnlySpan<ulong> fingerprints)
    {
        var distinct = fingerprints.ToArray();
        Array.Sort(distinct);
        var kept = distinct.Length == 0 ? 0 : 1;
        for (var i = 1; i < distinct.Length; i++)
            if (distinct[i] != distinct[i - 1])
                distinct[kept++] = distinct[i];
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Append(Added, text, distinct.AsSpan(0, kept));
            _reading.EnterWriteLock();
            try
            {
                Remember(text, distinct.AsSpan(0, kept));
            }
            finally
            {
                _reading.ExitWriteLock();
            }
            if (_memory.Count >= _options.MostInMemory)
                Settle();
        }
    }

    /// <summary>Forgets a text: it is found no more from now on, also after a crash. Its postings go with the next merge of their segments.</summary>
    public void Forget(int text)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Append(Forgotten, text, []);
            _reading.EnterWriteLock();
            try
            {
                _forgotten.Add(text);
            }
            finally
            {
                _reading.ExitWriteLock();
            }
        }
    }

    /// <summary>The highest number that any text ever had here; -1 where there was none. Numbers are not used again.</summary>
    public int Highest { get; private set; } = -1;

    /// <summary>Whether a text is noted as forgotten. After its last posting was dropped it is noted no more.</summary>
    public bool HasForgotten(int text)
    {
        _reading.EnterReadLock();
        try
        {
            return _forgotten.Contains(text);
        }
        finally
        {
            _reading.ExitReadLock();
        }
    }

    /// <summary>Finds, for every probe, the texts that it stands in.</summary>
    public void Find(ReadOnlySpan<ulong> probes, List<Hit> hits)
    {
        _reading.EnterReadLock();
        try
        {
            var from = hits.Count;
            foreach (var segment in _segments)
                segment.Find(probes, hits);
            if (_memory.Count > 0)
                for (var i = 0; i < probes.Length; i++)
                    if (_first.TryGetValue(probes[i], out var at))
                        for (; at >= 0; at = _memory[at].Next)
                            hits.Add(new Hit(i, _memory[at].Text));
            if (_forgotten.Count > 0 && hits.Count > from)
            {
                var to = from;
                for (var i = from; i < hits.Count; i++)
                    if (!_forgotten.Contains(hits[i].Text))
                        hits[to++] = hits[i];
                hits.RemoveRange(to, hits.Count - to);
            }
        }
        finally
        {
            _reading.ExitReadLock();
        }
    }

    /// <summary>Whether a fingerprint stands in any text.</summary>
    public bool Contains(ulong fingerprint)
    {
        var hits = new List<Hit>();
        Find([fingerprint], hits);
        return hits.Count > 0;
    }

    /// <summary>Brings everything into one segment, without what was forgotten.</summary>
    public void Compact()
    {
        Task merging;
        lock (_writing)
            merging = _merging;
        merging.GetAwaiter().GetResult();
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Settle(merge: false);
            Merge([.. _segments]);
        }
    }

    /// <summary>Reads every byte of every segment. What is wrong; null when all is well.</summary>
    public string? Verify()
    {
        _reading.EnterReadLock();
        try
        {
            return _segments.FirstOrDefault(s => !s.IsSound()) is { } unsound ? $"{Path.GetFileName(unsound.Path)} is not as it was written" : null;
        }
        finally
        {
            _reading.ExitReadLock();
        }
    }

    public void Dispose()
    {
        Task merging;
        lock (_writing)
        {
            if (_disposed)
                return;
            _disposed = true;
            merging = _merging;
        }
        merging.GetAwaiter().GetResult();
        _log.Dispose();
        foreach (var segment in _segments)
            segment.Dispose();
        _reading.Dispose();
    }

    // ---- what is in memory, and its log

    private void Remember(int text, ReadOnlySpan<ulong> fingerprints)
    {
        Highest = Math.Max(Highest, text);
        foreach (var fingerprint in fingerprints)
        {
            ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_first, fingerprint, out var known);
            _memory.Add((text, known ? first : -1));
            first = _memory.Count - 1;
        }
    }

    /// <summary>A record: its length without this and the sum (4), what it is (1), the text (4), fingerprints (8 each), and the first 8 bytes of SHA-256 of all of it.</summary>
    private void Append(byte what, int text, ReadOnlySpan<ulong> fingerprints)
    {
        var record = new byte[4 + 5 + (fingerprints.Length * 8) + 8];
        BinaryPrimitives.WriteInt32LittleEndian(record, record.Length - 12);
        record[4] = what;
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(5), text);
        for (var i = 0; i < fingerprints.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(9 + (i * 8)), fingerprints[i]);
        SHA256.HashData(record.AsSpan(0, record.Length - 8)).AsSpan(0, 8).CopyTo(record.AsSpan(record.Length - 8));
        _log.Write(record);
        Durable.Flush(_log);
    }

    /// <summary>Reads the log again, up to what a crash left half written at its end.</summary>
    private void Replay()
    {
        var all = new byte[_log.Length];
        _log.Position = 0;
        _log.ReadExactly(all);
        var at = 0;
        while (all.Length - at >= 17)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(all.AsSpan(at));
            if (length < 5 || (length - 5) % 8 != 0 || length > all.Length - at - 12
                || !SHA256.HashData(all.AsSpan(at, length + 4)).AsSpan(0, 8).SequenceEqual(all.AsSpan(at + 4 + length, 8)))
                break;
            var text = BinaryPrimitives.ReadInt32LittleEndian(all.AsSpan(at + 5));
            if (all[at + 4] == Forgotten)
                _forgotten.Add(text);
            else
            {
                var fingerprints = new ulong[(length - 5) / 8];
                for (var i = 0; i < fingerprints.Length; i++)
                    fingerprints[i] = BinaryPrimitives.ReadUInt64LittleEndian(all.AsSpan(at + 9 + (i * 8)));
                Remember(text, fingerprints);
            }
            at += length + 12;
        }
        // Only an append that nobody was told of can be cut short: it is the last thing in the file.
        if (all.AsSpan(at).IndexOf(WholeRecordBehind(all, at)) > 0)
            throw new InvalidDataException("The index's log is damaged: make the index again from what it was made of.");
        _log.SetLength(at);
        Durable.Flush(_log);
        _log.Position = at;
    }

    /// <summary>Bytes of a whole record behind a damaged one; a single impossible byte run where there is none.</summary>
    private static ReadOnlySpan<byte> WholeRecordBehind(byte[] all, int at)
    {
        for (var start = at + 1; start <= all.Length - 17; start++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(all.AsSpan(start));
            if (length >= 5 && (length - 5) % 8 == 0 && length <= all.Length - start - 12 && all[start + 4] is Added or Forgotten
                && SHA256.HashData(all.AsSpan(start, length + 4)).AsSpan(0, 8).SequenceEqual(all.AsSpan(start + 4 + length, 8)))
                return all.AsSpan(start, length + 12);
        }
        return Encoding.ASCII.GetBytes(Magic);
    }

    // ---- segments and the manifest

    /// <summary>Makes a segment of what is in memory.</summary>
    private void Settle(bool merge = true)
    {
        if (_memory.Count > 0)
        {
            var postings = new List<Posting>(_memory.Count);
            foreach (var (fingerprint, first) in _first)
                for (var at = first; at >= 0; at = _memory[at].Next)
                    if (!_forgotten.Contains(_memory[at].Text))
                        postings.Add(new Posting(fingerprint, _memory[at].Text));
            postings.Sort();
            var distinct = postings.Distinct().ToList();
            var name = NewName("segment");
            Segment.Write(Path.Combine(_folder, name), distinct.Count, () => distinct);
            var segment = Segment.Open(Path.Combine(_folder, name));
            var log = NewLog(out var logName);
            WriteManifest([.. _segments, segment], logName);
            _reading.EnterWriteLock();
            try
            {
                _segments.Add(segment);
                (_first, _memory) = ([], []);
            }
            finally
            {
                _reading.ExitWriteLock();
            }
            var old = _log;
            _log = log;
            old.Dispose();
            File.Delete(old.Name);
        }
        if (merge && Due() is { Count: > 1 } due && _merging.IsCompleted)
        {
            if (_options.InBackground)
                _merging = Task.Run(() =>
                {
                    try
                    {
                        var merged = Write(due, out var dropped);
                        lock (_writing)
                            Swap(due, merged, dropped);
                    }
                    catch (IOException)
                    {
                        // No room to merge: everything is found as before in the segments that there are, and the next one tries again.
                        return;
                    }
                });
            else
                Merge(due);
        }
    }

    /// <summary>The newest segments of about one size, when there are enough of them to be merged.</summary>
    private List<Segment> Due()
    {
        for (var from = 0; from + _options.Fan <= _segments.Count; from++)
        {
            var run = _segments[from..];
            if (run.Max(s => s.Count) <= run.Min(s => Math.Max(1, s.Count)) * _options.Fan)
                return run;
        }
        return [];
    }

    private void Merge(List<Segment> due)
    {
        if (due.Count == 0 || (due.Count == 1 && _forgotten.Count == 0))
            return;
        Swap(due, Write(due, out var dropped), dropped);
    }

    private Segment Write(List<Segment> due, out HashSet<int> dropped)
    {
        _reading.EnterReadLock();
        try
        {
            dropped = [.. _forgotten];
        }
        finally
        {
            _reading.ExitReadLock();
        }
        var without = dropped;
        string name;
        lock (_writing)
            name = NewName("segment");
        IEnumerable<Posting> All() => Merged(due.Select(s => s.All().GetEnumerator()).ToList()).Where(p => !without.Contains(p.Text));
        var path = Path.Combine(_folder, name);
        Segment.Write(path, All().LongCount(), All);
        return Segment.Open(path);
    }

    private static IEnumerable<Posting> Merged(List<IEnumerator<Posting>> sources)
    {
        var heads = new PriorityQueue<IEnumerator<Posting>, Posting>();
        foreach (var source in sources)
            if (source.MoveNext())
                heads.Enqueue(source, source.Current);
        Posting? last = null;
        while (heads.TryDequeue(out var source, out var posting))
        {
            if (posting != last)
                yield return posting;
            last = posting;
            if (source.MoveNext())
                heads.Enqueue(source, source.Current);
            else
                source.Dispose();
        }
    }

    /// <summary>Puts a merged segment in the place of those it was made of. Texts forgotten before it was begun stay noted only while other files may hold them.</summary>
    private void Swap(List<Segment> due, Segment merged, HashSet<int> dropped)
    {
        var left = _segments.Where(s => !due.Contains(s)).ToList();
        var whole = left.Count == 0 && _memory.Count == 0;
        List<Segment> now = [.. left.Where(s => _segments.IndexOf(s) < _segments.IndexOf(due[0])), merged, .. left.Where(s => _segments.IndexOf(s) > _segments.IndexOf(due[0]))];
        var forgotten = whole ? [.. _forgotten.Where(t => !dropped.Contains(t))] : _forgotten.ToHashSet();
        WriteManifest(now, Path.GetFileName(_log.Name), forgotten);
        _reading.EnterWriteLock();
        try
        {
            _segments.Clear();
            _segments.AddRange(now);
            _forgotten.IntersectWith(forgotten);
        }
        finally
        {
            _reading.ExitWriteLock();
        }
        foreach (var old in due)
        {
            old.Dispose(); // nobody reads it: whoever did held the reading lock
            File.Delete(old.Path);
        }
    }

    private string NewName(string what) => string.Create(CultureInfo.InvariantCulture, $"{what}-{_next++:D8}");

    private FileStream NewLog(out string name)
    {
        name = NewName("log");
        var log = new FileStream(Path.Combine(_folder, name), FileMode.Create, FileAccess.ReadWrite, FileShare.Read, 1);
        Durable.Flush(log);
        return log;
    }

    private void WriteManifest(IEnumerable<Segment> segments, string log, IReadOnlyCollection<int>? forgotten = null)
    {
        var text = new StringBuilder().Append(Magic).Append('\n').Append(log).Append('\n').Append(CultureInfo.InvariantCulture, $"{_next} {Highest}").Append('\n');
        foreach (var segment in segments)
            text.Append(Path.GetFileName(segment.Path)).Append('\n');
        text.Append("forgotten");
        foreach (var number in forgotten ?? _forgotten)
            text.Append(' ').Append(number.ToString(CultureInfo.InvariantCulture));
        var body = text.Append('\n').ToString();
        var path = Path.Combine(_folder, ManifestName);
        using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(Encoding.ASCII.GetBytes(body + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(body))) + "\n"));
            Durable.Flush(file);
        }
        // The names of the files that it names first, then its own: Linux brings a folder's names to the disk when the folder is flushed.
        Durable.FlushFolder(_folder);
        File.Move(path + ".new", path, overwrite: true);
        Durable.FlushFolder(_folder);
    }

    private void Load()
    {
        var path = Path.Combine(_folder, ManifestName);
        string[] named = [ManifestName];
        if (File.Exists(path))
        {
            var lines = File.ReadAllText(path, Encoding.ASCII).Split('\n');
            if (lines.Length < 6 || lines[0] != Magic || lines[^1].Length != 0
                || lines[^2] != Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', lines[..^2]) + "\n")))
                || lines[2].Split(' ') is not [var next, var highest] || !long.TryParse(next, CultureInfo.InvariantCulture, out _next) || !int.TryParse(highest, CultureInfo.InvariantCulture, out var most))
                throw new InvalidDataException("The index's manifest is damaged: make the index again from what it was made of.");
            Highest = most;
            foreach (var name in lines[3..^3])
                _segments.Add(File.Exists(Path.Combine(_folder, name)) ? Segment.Open(Path.Combine(_folder, name)) : throw new InvalidDataException($"{name} is missing: make the index again from what it was made of."));
            foreach (var number in lines[^3].Split(' ').Skip(1))
                _forgotten.Add(int.Parse(number, CultureInfo.InvariantCulture));
            var log = Path.Combine(_folder, lines[1]);
            if (!File.Exists(log))
                throw new InvalidDataException("The index's log is missing: make the index again from what it was made of.");
            _log = new FileStream(log, FileMode.Open, FileAccess.ReadWrite, FileShare.Read, 1);
            named = [ManifestName, lines[1], .. lines[3..^3]];
            Replay();
        }
        else if (Directory.EnumerateFiles(_folder, "segment-*").Any())
            throw new InvalidDataException("The index's manifest is missing: make the index again from what it was made of.");
        else
        {
            _log = NewLog(out var name);
            WriteManifest([], name);
            named = [ManifestName, name];
        }
        foreach (var left in Directory.GetFiles(_folder).Where(f => !named.Contains(Path.GetFileName(f))))
            File.Delete(left);
    }
}
