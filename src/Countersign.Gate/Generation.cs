using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Countersign.Gate.Index;

namespace Countersign.Gate;

/// <summary>A known text, as the catalogue has it.</summary>
/// <param name="Number">Its number in the indexes.</param>
/// <param name="Letter">The letter's id.</param>
/// <param name="Reference">What people call it.</param>
/// <param name="Version">The letter's version.</param>
/// <param name="Kind">Draft or free.</param>
/// <param name="Audience">For a free text: digests of those for whom it is, rising; null is everyone.</param>
/// <param name="Shape">Where its shape is; −1 where none is kept.</param>
/// <param name="Identity">Digest of all this and of the text: the same text is learnt once.</param>
internal sealed record Entry(int Number, string Letter, string Reference, int Version, KnownTextKind Kind, UInt128[]? Audience, long Shape, UInt128 Identity)
{
    /// <summary>Whether all these may have it. Null stands for anybody at all.</summary>
    public bool FreeFor(UInt128[]? recipients) =>
        Kind == KnownTextKind.Free && (Audience is null || recipients is not null && recipients.All(r => Array.BinarySearch(Audience, r) >= 0));
}

/// <summary>The entries by number, as they stood when they were taken.</summary>
internal sealed class Entries(Entry?[] byNumber)
{
    public Entry? At(int number) => number >= 0 && number < byNumber.Length ? Volatile.Read(ref byNumber[number]) : null;
}

/// <summary>The files of one generation of known texts. Writers are one at a time; readers enter and leave, and the last out closes what was retired.</summary>
internal sealed class Generation : IDisposable
{
    private readonly SealedLog _catalogue;
    private readonly SealedLog _shapes;
    private readonly FingerprintIndex _drafts;
    private readonly FingerprintIndex _free;
    private readonly Dictionary<UInt128, int> _identities = [];
    private readonly Dictionary<string, List<int>> _byLetter = new(StringComparer.Ordinal);
    private Entry?[] _entries = new Entry?[64];
    private int _next;
    private int _draftCount, _freeCount;

    /// <summary>Readers inside, and one for not being retired.</summary>
    private int _holders = 1;
    private bool _erase;

    public Generation(string folder, int number, byte[] sealing)
    {
        Folder = folder;
        Number = number;
        Directory.CreateDirectory(folder);
        try
        {
            _catalogue = new SealedLog(Path.Combine(folder, "catalogue"), sealing);
            _shapes = new SealedLog(Path.Combine(folder, "shapes"), sealing);
            _drafts = FingerprintIndex.Open(Path.Combine(folder, "drafts"));
            _free = FingerprintIndex.Open(Path.Combine(folder, "free"));
            foreach (var (_, record) in _catalogue.Replay())
                Replay(record);
        }
        catch
        {
            _free?.Dispose();
            _drafts?.Dispose();
            _shapes?.Dispose();
            _catalogue?.Dispose();
            throw;
        }
    }

    public static string NameOf(int number) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"generation-{number}");

    public string Folder { get; }

    public int Number { get; }

    public Entries Entries => new(Volatile.Read(ref _entries));

    public int Letters
    {
        get
        {
            lock (_byLetter)
                return _byLetter.Count(l => l.Value.Any(n => _entries[n]?.Kind == KnownTextKind.Draft));
        }
    }

    public int Count(KnownTextKind kind) => kind == KnownTextKind.Draft ? Volatile.Read(ref _draftCount) : Volatile.Read(ref _freeCount);

    public bool Enter()
    {
        while (true)
        {
            var holders = Volatile.Read(ref _holders);
            if (holders == 0)
                return false;
            if (Interlocked.CompareExchange(ref _holders, holders + 1, holders) == holders)
                return true;
        }
    }

    public void Leave()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
            return;
        _drafts.Dispose();
        _free.Dispose();
        _catalogue.Dispose();
        _shapes.Dispose();
        if (_erase)
            Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Closes it when the last reader is out.</summary>
    public void Dispose() => Leave();

    /// <summary>Closes it when the last reader is out, and deletes its files.</summary>
    public void Retire()
    {
        _erase = true;
        Leave();
    }

    public void Learn(KnownText text, UInt128[]? audience, TextShape shape, ulong[] prints)
    {
        var identity = Identity(text, audience, prints);
        if (_identities.ContainsKey(identity))
            return;
        // A number that a crash left in an index, and in no catalogue, stays unused.
        _next = Math.Max(_next, Math.Max(_drafts.Highest, _free.Highest) + 1);
        var number = _next;
        var place = -1L;
        if (text.Kind == KnownTextKind.Draft)
        {
            place = _shapes.Append(shape.ToBytes());
            _shapes.Flush();
        }
        (text.Kind == KnownTextKind.Draft ? _drafts : _free).Add(number, prints);
        var entry = new Entry(number, text.Letter, text.Reference, text.Version, text.Kind, audience, place, identity);
        _catalogue.Append(Known(entry));
        _catalogue.Flush();
        Take(entry);
    }

    public void Forget(string letter)
    {
        List<int> numbers;
        lock (_byLetter)
        {
            if (!_byLetter.TryGetValue(letter, out var known))
                return;
            numbers = [.. known];
        }
        _catalogue.Append([2, .. Encoding.UTF8.GetBytes(letter)]);
        _catalogue.Flush();
        var forgotten = numbers.Select(n => _entries[n]).OfType<Entry>().ToList();
        Drop(letter);
        foreach (var entry in forgotten)
            Erase(entry);
    }

    public TextShape? ReadShape(Entry entry) => _shapes.Read(entry.Shape) is { } bytes ? TextShape.FromBytes(bytes) : null;

    /// <summary>Every probe that is a selected fingerprint of a draft, with the draft's number.</summary>
    public List<Hit> FindDrafts(ulong[] probes)
    {
        var hits = new List<Hit>();
        _drafts.Find(probes, hits);
        return hits;
    }

    /// <summary>Which probes are in a text free for all these recipients.</summary>
    public bool[] FindFree(ulong[] probes, Entries entries, UInt128[]? recipients)
    {
        var free = new bool[probes.Length];
        var hits = new List<Hit>();
        _free.Find(probes, hits);
        foreach (var (probe, number) in hits)
            free[probe] = free[probe] || entries.At(number) is { } entry && entry.FreeFor(recipients);
        return free;
    }

    private void Erase(Entry entry)
    {
        (entry.Kind == KnownTextKind.Draft ? _drafts : _free).Forget(entry.Number);
        if (entry.Shape >= 0)
            _shapes.Erase(entry.Shape);
    }

    private void Take(Entry entry)
    {
        if (entry.Number >= _entries.Length)
        {
            var more = new Entry?[Math.Max(entry.Number + 1, _entries.Length * 2)];
            _entries.CopyTo(more, 0);
            Volatile.Write(ref _entries, more);
        }
        Volatile.Write(ref _entries[entry.Number], entry);
        _next = Math.Max(_next, entry.Number + 1);
        _identities[entry.Identity] = entry.Number;
        lock (_byLetter)
        {
            if (!_byLetter.TryGetValue(entry.Letter, out var numbers))
                _byLetter[entry.Letter] = numbers = [];
            numbers.Add(entry.Number);
        }
        Interlocked.Increment(ref entry.Kind == KnownTextKind.Draft ? ref _draftCount : ref _freeCount);
    }

    private void Drop(string letter)
    {
        List<int>? numbers;
        lock (_byLetter)
            if (!_byLetter.Remove(letter, out numbers))
                return;
        foreach (var number in numbers)
        {
            if (_entries[number] is not { } entry)
                continue;
            Volatile.Write(ref _entries[number], null);
            _identities.Remove(entry.Identity);
            Interlocked.Decrement(ref entry.Kind == KnownTextKind.Draft ? ref _draftCount : ref _freeCount);
        }
    }

    private static byte[] Known(Entry entry)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write((byte)1);
        writer.Write(entry.Number);
        writer.Write(entry.Letter);
        writer.Write(entry.Reference);
        writer.Write(entry.Version);
        writer.Write((byte)entry.Kind);
        writer.Write(entry.Shape);
        Write(writer, entry.Identity);
        writer.Write(entry.Audience?.Length ?? -1);
        foreach (var digest in entry.Audience ?? [])
            Write(writer, digest);
        writer.Flush();
        return stream.ToArray();
    }

    private void Replay(byte[] record)
    {
        if (record.Length > 0 && record[0] == 2)
        {
            var letter = Encoding.UTF8.GetString(record, 1, record.Length - 1);
            List<int> numbers;
            lock (_byLetter)
                numbers = _byLetter.TryGetValue(letter, out var known) ? [.. known] : [];
            var forgotten = numbers.Select(n => _entries[n]).OfType<Entry>().ToList();
            Drop(letter);
            // A crash may have come between the record and the erasing.
            foreach (var entry in forgotten)
                if (!(entry.Kind == KnownTextKind.Draft ? _drafts : _free).HasForgotten(entry.Number))
                    Erase(entry);
            return;
        }
        using var reader = new BinaryReader(new MemoryStream(record), Encoding.UTF8);
        if (record.Length == 0 || reader.ReadByte() != 1)
            throw new InvalidDataException("The catalogue of known texts has a record that nobody here wrote: rebuild the known texts.");
        var (number, name, reference, version, kind, shape) = (reader.ReadInt32(), reader.ReadString(), reader.ReadString(), reader.ReadInt32(), (KnownTextKind)reader.ReadByte(), reader.ReadInt64());
        var identity = ReadDigest(reader);
        var count = reader.ReadInt32();
        UInt128[]? audience = null;
        if (count >= 0)
        {
            audience = new UInt128[count];
            for (var i = 0; i < count; i++)
                audience[i] = ReadDigest(reader);
        }
        Take(new Entry(number, name, reference, version, kind, audience, shape, identity));
    }

    private static UInt128 Identity(KnownText text, UInt128[]? audience, ulong[] prints)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(prints.AsSpan()));
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{text.Kind}\0{text.Version}\0{text.Letter}\0{text.Reference}\0{audience is null}\0")));
        hash.AppendData(MemoryMarshal.AsBytes((audience ?? []).AsSpan()));
        return MemoryMarshal.Read<UInt128>(hash.GetHashAndReset());
    }

    private static void Write(BinaryWriter writer, UInt128 value)
    {
        writer.Write((ulong)(value >> 64));
        writer.Write(unchecked((ulong)value));
    }

    private static UInt128 ReadDigest(BinaryReader reader)
    {
        var high = reader.ReadUInt64();
        return new UInt128(high, reader.ReadUInt64());
    }
}
