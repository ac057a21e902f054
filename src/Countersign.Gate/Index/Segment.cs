using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Gate.Index;

/// <summary>A fingerprint and the text that it stands in.</summary>
internal readonly record struct Posting(ulong Fingerprint, int Text) : IComparable<Posting>
{
    public int CompareTo(Posting other) => Fingerprint != other.Fingerprint ? Fingerprint.CompareTo(other.Fingerprint) : Text.CompareTo(other.Text);
}

/// <summary>
/// An immutable file of postings, sorted, mapped into memory, with a filter in front. All numbers little-endian:
/// <list type="bullet">
/// <item>head, 64 bytes: "CSFPIX1\0"; postings (8); bits of a bucket (4); bits of a shard (4); offset of the filters (8); of the records (8); length of the file (8);
/// the first 8 bytes of SHA-256 of directory and filter table (8); the first 8 bytes of SHA-256 of the 56 bytes before it (8).</item>
/// <item>directory: for each bucket of the leading bits, and once behind the last, how many postings stand before it (4 bytes each);</item>
/// <item>filter table: for each shard of the leading bits, offset of its filter (8) and length (4); then the filters (<see cref="FuseFilter"/>);</item>
/// <item>records: what the bucket does not say of a fingerprint, in as few bytes as hold it, then the text (4);</item>
/// <item>the first 8 bytes of SHA-256 of all before it (8), which only <see cref="IsSound"/> reads.</item>
/// </list>
/// </summary>
internal sealed unsafe class Segment : IDisposable
{
    private const int Head = 64;
    private static ReadOnlySpan<byte> Magic => "CSFPIX1\0"u8;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly SafeMemoryMappedViewHandle _handle;
    private readonly byte* _start;
    private readonly int _bits, _shardBits, _rest;
    private readonly uint* _directory;
    private readonly byte* _shards;
    private readonly byte* _records;

    private Segment(string path)
    {
        Path = path;
        Bytes = new FileInfo(path).Length;
        if (Bytes < Head + 8)
            throw Damaged(path);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _handle = _view.SafeMemoryMappedViewHandle;
        _handle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
        try
        {
            var head = new ReadOnlySpan<byte>(_start, Head);
            if (!head.StartsWith(Magic) || Sum(head[..56]) != U64(head, 56))
                throw Damaged(path);
            Count = (long)U64(head, 8);
            (_bits, _shardBits) = (BinaryPrimitives.ReadInt32LittleEndian(head[16..]), BinaryPrimitives.ReadInt32LittleEndian(head[20..]));
            var (filters, records, length) = ((long)U64(head, 24), (long)U64(head, 32), (long)U64(head, 40));
            _rest = RestBytes(_bits);
            var tables = (((1L << _bits) + 1) * 4) + ((1L << _shardBits) * 12);
            if (length != Bytes || Head + tables != filters || records + (Count * (_rest + 4)) + 8 != Bytes || records < filters
                || Sum(new ReadOnlySpan<byte>(_start + Head, checked((int)tables))) != U64(head, 48))
                throw Damaged(path);
            _directory = (uint*)(_start + Head);
            _shards = _start + Head + (((1L << _bits) + 1) * 4);
            _records = _start + records;
            for (var s = 0; s < 1 << _shardBits; s++)
                if (Filter(s) is var filter && !FuseFilter.IsWhole(filter))
                    throw Damaged(path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>How many postings it has.</summary>
    public long Count { get; }

    /// <summary>The file's length.</summary>
    public long Bytes { get; }

    /// <summary>Opens a file; what is needed to find anything in it is checked at once.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static Segment Open(string path) => new(path);

    /// <summary>Whether every byte is as it was written.</summary>
    public bool IsSound()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long at = 0; at < Bytes - 8; at += 1 << 24)
            hash.AppendData(new ReadOnlySpan<byte>(_start + at, (int)Math.Min(1 << 24, Bytes - 8 - at)));
        return U64(hash.GetHashAndReset(), 0) == BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(_start + Bytes - 8, 8));
    }

    /// <summary>Writes sorted postings, flushed to the disk. What it needs in memory does not grow with them but for the directory.</summary>
    /// <param name="path">A file that does not count yet.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="sorted">They, in order, without repetition. Read twice.</param>
    public static void Write(string path, long count, Func<IEnumerable<Posting>> sorted)
    {
        var bits = Math.Clamp(BitOperations.Log2((ulong)Math.Max(1, count / 24)), 4, 26);
        var shardBits = Math.Clamp(BitOperations.Log2((ulong)Math.Max(1, count / 750_000)), 0, bits);
        var rest = RestBytes(bits);
        var directory = new uint[(1 << bits) + 1];
        var table = new byte[(1 << shardBits) * 12];
        var filters = Head + (directory.Length * 4L) + table.Length;

        using var file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 20);
        file.Position = filters;
        var (keys, shard) = (new List<ulong>(), 0);
        void EndShard()
        {
            var filter = FuseFilter.Build(CollectionsMarshal.AsSpan(keys));
            BinaryPrimitives.WriteInt64LittleEndian(table.AsSpan(shard * 12), file.Position);
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan((shard * 12) + 8), filter.Length);
            file.Write(filter);
            keys.Clear();
            shard++;
        }
        foreach (var posting in sorted())
        {
            while (shard < (int)Leading(posting.Fingerprint, shardBits))
                EndShard();
            if (keys.Count == 0 || keys[^1] != posting.Fingerprint)
                keys.Add(posting.Fingerprint);
            directory[Leading(posting.Fingerprint, bits) + 1]++;
        }
        while (shard < 1 << shardBits)
            EndShard();
        for (var b = 1; b < directory.Length; b++)
            directory[b] = checked(directory[b] + directory[b - 1]);
        if (directory[^1] != count)
            throw new InvalidOperationException("The postings are not as many as were said.");

        var records = file.Position;
        var record = new byte[rest + 4];
        Span<byte> eight = stackalloc byte[8];
        foreach (var posting in sorted())
        {
            BinaryPrimitives.WriteUInt64LittleEndian(eight, posting.Fingerprint);
            eight[..rest].CopyTo(record);
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(rest), posting.Text);
            file.Write(record);
        }
        var end = file.Position;

        var tables = MemoryMarshal.AsBytes(directory.AsSpan()).ToArray().Concat(table).ToArray();
        var head = new byte[Head];
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), count);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(16), bits);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(20), shardBits);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(24), filters);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(32), records);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(40), end + 8);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(48), Sum(tables));
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(56), Sum(head.AsSpan(0, 56)));
        file.Position = 0;
        file.Write(head);
        file.Write(tables);

        file.Position = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[1 << 20];
        for (long left = end; left > 0;)
        {
            var read = file.Read(block, 0, (int)Math.Min(block.Length, left));
            hash.AppendData(block, 0, read);
            left -= read;
        }
        hash.GetHashAndReset().AsSpan(0, 8).CopyTo(eight);
        file.Write(eight);
        Durable.Flush(file);
    }

    /// <summary>Adds a hit for every posting of every probe. The filter is asked for all first, so that the rare candidates are all that touches records.</summary>
    public void Find(ReadOnlySpan<ulong> probes, List<Hit> hits)
    {
        for (var i = 0; i < probes.Length; i++)
        {
            var probe = probes[i];
            if (!FuseFilter.MayHold(Filter((int)Leading(probe, _shardBits)), probe))
                continue;
            var bucket = Leading(probe, _bits);
            var rest = probe & RestMask(_rest);
            for (long at = _directory[bucket], end = _directory[bucket + 1]; at < end; at++)
            {
                var record = _records + (at * (_rest + 4));
                if (Rest(record) == rest)
                    hits.Add(new Hit(i, BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(record + _rest, 4))));
            }
        }
    }

    /// <summary>Every posting, in order.</summary>
    public IEnumerable<Posting> All()
    {
        for (ulong bucket = 0; bucket < 1UL << _bits; bucket++)
            foreach (var posting in In(bucket))
                yield return posting;
    }

    private Posting[] In(ulong bucket)
    {
        var (from, to) = (_directory[bucket], _directory[bucket + 1]);
        var found = new Posting[to - from];
        // What the record does not hold is in the bucket's number; where both hold a bit they agree.
        var leading = bucket << (64 - _bits);
        for (var at = from; at < to; at++)
        {
            var record = _records + ((long)at * (_rest + 4));
            found[at - from] = new Posting(leading | Rest(record), BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(record + _rest, 4)));
        }
        return found;
    }

    private ulong Rest(byte* record)
    {
        ulong rest = 0;
        for (var i = _rest - 1; i >= 0; i--)
            rest = (rest << 8) | record[i];
        return rest;
    }

    private ReadOnlySpan<byte> Filter(int shard)
    {
        var entry = new ReadOnlySpan<byte>(_shards + (shard * 12), 12);
        var (offset, length) = (BinaryPrimitives.ReadInt64LittleEndian(entry), BinaryPrimitives.ReadInt32LittleEndian(entry[8..]));
        return offset < Head || length < 0 || offset + length > Bytes ? throw Damaged(Path) : new ReadOnlySpan<byte>(_start + offset, length);
    }

    private static ulong Leading(ulong fingerprint, int bits) => bits == 0 ? 0 : fingerprint >> (64 - bits);

    private static int RestBytes(int bits) => bits is < 0 or > 26 ? throw new InvalidDataException("A segment of the index has no such buckets.") : (64 - bits + 7) / 8;

    private static ulong RestMask(int bytes) => bytes == 8 ? ulong.MaxValue : (1UL << (bytes * 8)) - 1;

    private static ulong Sum(ReadOnlySpan<byte> bytes) => U64(SHA256.HashData(bytes), 0);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private static InvalidDataException Damaged(string path) => new($"{System.IO.Path.GetFileName(path)} is damaged: make the index again from what it was made of.");

    public void Dispose()
    {
        if (_start is not null)
            _handle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
