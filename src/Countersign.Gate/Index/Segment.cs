using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.Intrinsics.X86;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Gate.Index;

/// <summary>
/// An immutable file of postings, sorted by fingerprint and then by text, each once, mapped into memory, with a filter in front. All numbers little-endian; sums are
/// <see cref="Durable.Sum"/>.
/// <list type="bullet">
/// <item>Head, 64 bytes: "CSFPIX2\0"; postings (8); zero (8); bits of a bucket (4); bits of a shard (4); where the tables begin (8); length of the file (8); zero (8);
/// sum of everything from the end of the last shard to the end of the file (4); sum of the 60 bytes before it (4).</item>
/// <item>For each shard, which is one value of a fingerprint's leading bits: its records, then its filter (<see cref="FuseFilter"/>). A record is what the bucket does not say of a
/// fingerprint, in as few bytes as hold it, then the text (4).</item>
/// <item>Zeros up to a multiple of 64; then the tables. Directory: for each bucket, which is one value of more leading bits, and once behind the last, how many
/// postings stand before it (4). Shards: where its records begin (8), where its filter begins (8), how long that is (4), sum of both (4).</item>
/// </list>
/// </summary>
internal sealed unsafe class Segment
{
    internal const int Head = 64, ShardEntry = 24;

    /// <summary>How many probes are looked up side by side, so that their memory arrives together.</summary>
    private const int Batch = 128;

    /// <summary>Buckets of more postings than this are halved before they are read through.</summary>
    private const int LongBucket = 64;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly SafeMemoryMappedViewHandle _handle;
    private readonly byte* _start;
    private readonly int _bits, _shardBits, _rest;
    private readonly uint* _directory;
    private readonly byte* _shards;
    private readonly FuseFilter[] _filters;

    /// <summary>Where the first posting of all would be if every shard's records were as long as a shard's own.</summary>
    private readonly nint[] _records;

    private int _holders = 1;
    private volatile bool _obsolete;

    private Segment(string path)
    {
        Path = path;
        Bytes = new FileInfo(path).Length;
        if (Bytes < Head)
            throw Damaged(path);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        try
        {
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
        _handle = _view.SafeMemoryMappedViewHandle;
        try
        {
            _handle.AcquirePointer(ref _start);
            _start += _view.PointerOffset;
            var head = new ReadOnlySpan<byte>(_start, Head);
            if (!head.StartsWith("CSFPIX2\0"u8) || Durable.Sum(head[..60]) != BinaryPrimitives.ReadUInt32LittleEndian(head[60..]))
                throw Damaged(path);
            Count = BinaryPrimitives.ReadInt64LittleEndian(head[8..]);
            (_bits, _shardBits) = (BinaryPrimitives.ReadInt32LittleEndian(head[24..]), BinaryPrimitives.ReadInt32LittleEndian(head[28..]));
            var tables = BinaryPrimitives.ReadInt64LittleEndian(head[32..]);
            if (_bits is < 0 or > SegmentWriter.MostBits || _shardBits < 0 || _shardBits > _bits || BinaryPrimitives.ReadInt64LittleEndian(head[40..]) != Bytes
                || tables != Bytes - (((1L << _bits) + 1) * 4) - ((1L << _shardBits) * ShardEntry) || tables < Head || tables % 64 != 0)
                throw Damaged(path);
            _rest = RestBytes(_bits);
            _directory = (uint*)(_start + tables);
            _shards = _start + tables + (((1L << _bits) + 1) * 4);
            (_filters, _records) = (new FuseFilter[1 << _shardBits], new nint[1 << _shardBits]);
            if (!TablesAreSound())
                throw Damaged(path);
            for (var shard = 0; shard < _filters.Length; shard++)
            {
                var (records, filter, end) = Shard(shard);
                _filters[shard] = new FuseFilter(_start + filter);
                _records[shard] = (nint)(_start + records) - (nint)((long)_directory[(long)shard << (_bits - _shardBits)] * Size);
            }
        }
        catch
        {
            Close();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>How many postings it has.</summary>
    public long Count { get; }

    /// <summary>The file's length.</summary>
    public long Bytes { get; }

    private int Size => _rest + 4;

    /// <summary>Opens a file; what is needed to find anything in it is checked at once.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static Segment Open(string path) => new(path);

    /// <summary>Keeps the file mapped until <see cref="Release"/>.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>Gives up a hold; whoever opened it has the first. With the last the file is closed, and deleted if it is <see cref="Obsolete"/>.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
            return;
        Close();
        if (_obsolete)
            Remove();
    }

    /// <summary>Says that no manifest names the file any more.</summary>
    public void Obsolete()
    {
        _obsolete = true;
        if (!OperatingSystem.IsWindows())
            Remove(); // what is mapped stays readable without a name
    }

    /// <summary>Whether every byte is as it was written.</summary>
    public bool IsSound()
    {
        if (Durable.Sum(new ReadOnlySpan<byte>(_start, 60)) != BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(_start + 60, 4)) || !TablesAreSound())
            return false;
        for (var shard = 0; shard < _filters.Length; shard++)
            if (!ShardIsSound(shard))
                return false;
        return true;
    }

    /// <summary>Adds a hit for every posting of every probe. Each step is taken for many probes, and its memory asked for, before the next.</summary>
    public void Find(ReadOnlySpan<ulong> probes, List<Hit> hits)
    {
        unchecked
        {
            var first = stackalloc byte*[Batch];
            var second = stackalloc byte*[Batch];
            var third = stackalloc byte*[Batch];
            var marks = stackalloc byte[Batch];
            var candidates = stackalloc int[Batch];
            var from = stackalloc uint[Batch];
            var (toShard, toBucket, size) = (_shardBits, 64 - _bits, _rest + 4);
            var mask = RestMask(_rest);
            var nothing = stackalloc byte[1];
            for (var start = 0; start < probes.Length; start += Batch)
            {
                var batch = probes.Slice(start, Math.Min(Batch, probes.Length - start));
                for (var i = 0; i < batch.Length; i++)
                {
                    var at = _filters[Leading(batch[i], toShard)].Locate(batch[i], out var b, out var c, out var mark);
                    if (at is null)
                    {
                        at = b = c = nothing;
                        mark = 1;
                    }
                    Fetch(first[i] = at);
                    Fetch(second[i] = b);
                    Fetch(third[i] = c);
                    marks[i] = mark;
                }
                var count = 0;
                for (var i = 0; i < batch.Length; i++)
                    if ((*first[i] ^ *second[i] ^ *third[i]) == marks[i])
                    {
                        candidates[count++] = i;
                        Fetch(_directory + Leading(batch[i], _bits));
                    }
                for (var i = 0; i < count; i++)
                {
                    var probe = batch[candidates[i]];
                    from[i] = _directory[Leading(probe, _bits)];
                    var record = Base(probe) + (from[i] * (long)size);
                    Fetch(record);
                    Fetch(record + 64);
                }
                for (var i = 0; i < count; i++)
                {
                    var probe = batch[candidates[i]];
                    var rest = probe & mask;
                    var (at, end) = (from[i], _directory[Leading(probe, _bits) + 1]);
                    var records = Base(probe);
                    if (end - at > LongBucket)
                        at = Above(records, at, end, rest, mask);
                    for (var record = records + (at * (long)size); at < end; at++, record += size)
                    {
                        var here = Read64(record) & mask;
                        if (here < rest)
                            continue;
                        if (here > rest)
                            break;
                        hits.Add(new Hit(start + candidates[i], Text(record)));
                    }
                }
            }
        }
    }

    /// <summary>How many of these the filter lets pass; for measurements.</summary>
    public int Passing(ReadOnlySpan<ulong> probes)
    {
        var passing = 0;
        foreach (var probe in probes)
            passing += _filters[Leading(probe, _shardBits)].MayHold(probe) ? 1 : 0;
        return passing;
    }

    /// <summary>Goes through every posting in order.</summary>
    /// <exception cref="InvalidDataException">While moving: what comes is not as it was written.</exception>
    public Cursor All() => new(this);

    internal static int RestBytes(int bits) => (64 - bits + 7) / 8;

    internal static ulong RestMask(int bytes) => bytes == 8 ? ulong.MaxValue : (1UL << (bytes * 8)) - 1;

    internal static ulong Leading(ulong fingerprint, int bits) => bits == 0 ? 0 : fingerprint >> (64 - bits);

    /// <summary>The first posting in a sorted range that is not below.</summary>
    private uint Above(byte* records, uint from, uint to, ulong rest, ulong mask)
    {
        while (from < to)
        {
            var middle = from + ((to - from) / 2);
            if ((Read64(records + (middle * (long)Size)) & mask) < rest)
                from = middle + 1;
            else
                to = middle;
        }
        return from;
    }

    private byte* Base(ulong fingerprint) => (byte*)_records[Leading(fingerprint, _shardBits)];

    private int Text(byte* record) => BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(record + _rest, 4));

    // A record has 9 bytes at least.
    private static ulong Read64(byte* record) => BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(record, 8));

    private static void Fetch(void* memory)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(memory);
    }

    private (long Records, long Filter, long End) Shard(int shard)
    {
        var entry = new ReadOnlySpan<byte>(_shards + ((long)shard * ShardEntry), ShardEntry);
        var filter = BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);
        return (BinaryPrimitives.ReadInt64LittleEndian(entry), filter, filter + BinaryPrimitives.ReadInt32LittleEndian(entry[16..]));
    }

    /// <summary>Whether directory and shards are as they were written, and lead nowhere but to records and filters.</summary>
    private bool TablesAreSound()
    {
        var at = (long)Head;
        for (var shard = 0; shard < _filters.Length; shard++)
        {
            var (records, filter, end) = Shard(shard);
            long before = _directory[(long)shard << (_bits - _shardBits)], through = _directory[(shard + 1L) << (_bits - _shardBits)];
            if (records != at || through < before || filter < records || filter - records != (through - before) * Size || end < filter || end > (byte*)_directory - _start
                || !FuseFilter.IsWhole(new ReadOnlySpan<byte>(_start + filter, (int)(end - filter))))
                return false;
            at = end;
        }
        var sum = uint.MaxValue;
        for (var from = at; from < Bytes; from += 1 << 30)
            sum = Durable.Sum(new ReadOnlySpan<byte>(_start + from, (int)Math.Min(1 << 30, Bytes - from)), sum);
        return at + 63 - ((at + 63) % 64) == (byte*)_directory - _start && _directory[1L << _bits] == Count
            && sum == BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(_start + 56, 4));
    }

    private bool ShardIsSound(int shard)
    {
        var (records, _, end) = Shard(shard);
        var sum = uint.MaxValue;
        for (var at = records; at < end; at += 1 << 30)
            sum = Durable.Sum(new ReadOnlySpan<byte>(_start + at, (int)Math.Min(1 << 30, end - at)), sum);
        return sum == BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(_shards + ((long)shard * ShardEntry) + 20, 4));
    }

    private void Remove()
    {
        try
        {
            File.Delete(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever opens the index next removes it.
        }
    }

    private void Close()
    {
        if (_start is not null)
            _handle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private static InvalidDataException Damaged(string path) => new($"{System.IO.Path.GetFileName(path)} is damaged: make the index again from what it was made of.");

    /// <summary>Goes through a segment; whoever has one holds the segment.</summary>
    internal sealed class Cursor
    {
        private readonly Segment _of;
        private readonly ulong _mask;
        private ulong _bucket;
        private uint _at, _end;
        private int _checked = -1;
        private byte* _records;

        public Cursor(Segment of)
        {
            (_of, _mask, _end) = (of, RestMask(of._rest), of._directory[1]);
            if (!of.TablesAreSound())
                throw Damaged(of.Path);
        }

        public ulong Fingerprint { get; private set; }

        public int Text { get; private set; }

        public bool Next()
        {
            unchecked
            {
                while (_at == _end)
                {
                    if (++_bucket >> _of._bits != 0)
                        return false;
                    _end = _of._directory[_bucket + 1];
                }
                var leading = _of._bits == 0 ? 0 : _bucket << (64 - _of._bits);
                if ((int)(_bucket >> (_of._bits - _of._shardBits)) is var shard && shard != _checked)
                {
                    if (!_of.ShardIsSound(shard))
                        throw Damaged(_of.Path);
                    _checked = shard;
                    _records = (byte*)_of._records[shard];
                }
                var record = _records + (_at++ * (long)_of.Size);
                // Where the record and its bucket's number both hold a bit they agree.
                Fingerprint = leading | (Read64(record) & _mask);
                Text = _of.Text(record);
                return true;
            }
        }
    }
}
