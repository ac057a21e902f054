using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Countersign.Gate.Index;

/// <summary>Writes a <see cref="Segment"/> in one pass over sorted postings. Its memory is the directory and what one shard's filter needs, however many there are.</summary>
internal sealed class SegmentWriter : IDisposable
{
    internal const int MostBits = 26;

    /// <summary>The postings of a shard, about: where the filter's size factor reaches its least.</summary>
    private const int ShardPostings = 1 << 20;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly int _bits, _shardBits, _rest;
    private readonly uint[] _directory;
    private readonly byte[] _shards;
    private readonly List<ulong> _keys = [];
    private readonly byte[] _buffer = new byte[1 << 20];
    private int _filled;
    private long _written = Segment.Head;
    private uint _sum = uint.MaxValue;
    private long _recordsFrom = Segment.Head;
    private int _shard;
    private ulong _lastFingerprint;
    private int _lastText = -1;
    private bool _complete;

    /// <summary>Begins a file that does not count yet.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="most">How many postings there will be, or a few more.</param>
    public SegmentWriter(string path, long most)
    {
        _path = path;
        (_bits, _shardBits) = Shape(most);
        _rest = Segment.RestBytes(_bits);
        _directory = new uint[(1 << _bits) + 1];
        _shards = new byte[(1 << _shardBits) * Segment.ShardEntry];
        _file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 });
        _file.Position = Segment.Head;
    }

    /// <summary>How many were written.</summary>
    public long Count { get; private set; }

    /// <summary>Writes the next; the same again is written once.</summary>
    public void Add(ulong fingerprint, int text)
    {
        if (Count > 0 && (fingerprint < _lastFingerprint || (fingerprint == _lastFingerprint && text <= _lastText)))
            if (fingerprint == _lastFingerprint && text == _lastText)
                return;
            else
                throw new InvalidOperationException("The postings are not in order.");
        while (_shard < (int)Segment.Leading(fingerprint, _shardBits))
            EndShard();
        if (_keys.Count == 0 || fingerprint != _lastFingerprint)
            _keys.Add(fingerprint);
        (_lastFingerprint, _lastText) = (fingerprint, text);
        _directory[Segment.Leading(fingerprint, _bits) + 1]++;
        if (_buffer.Length - _filled < 16)
            Empty();
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(_filled), fingerprint);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_filled + _rest), text);
        _filled += _rest + 4;
        Count++;
    }

    /// <summary>Ends the file and brings it to the disk.</summary>
    public void Complete()
    {
        while (_shard < 1 << _shardBits)
            EndShard();
        for (var b = 1; b < _directory.Length; b++)
            _directory[b] = checked(_directory[b] + _directory[b - 1]);
        var tables = (_written + 63) / 64 * 64;
        _sum = uint.MaxValue;
        Append(new byte[tables - _written]);
        if (BitConverter.IsLittleEndian)
            Append(MemoryMarshal.AsBytes(_directory.AsSpan()));
        else
            foreach (var entry in _directory)
                Append(MemoryMarshal.AsBytes([BinaryPrimitives.ReverseEndianness(entry)]));
        Append(_shards);
        Empty();

        var head = new byte[Segment.Head];
        "CSFPIX2\0"u8.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), Count);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(24), _bits);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(28), _shardBits);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(32), tables);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(40), _written);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(56), _sum);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(60), Durable.Sum(head.AsSpan(0, 60)));
        _file.Position = 0;
        _file.Write(head);
        Durable.Flush(_file.SafeFileHandle, _path);
        _complete = true;
    }

    /// <summary>Closes the file, and deletes it unless it is complete.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (!_complete)
            File.Delete(_path);
    }

    /// <summary>
    /// Buckets of 4 to 32 postings, in the number that makes the file shortest: more bits cost a longer directory and save, at every eighth, a byte in each record.
    /// </summary>
    private static (int Bits, int ShardBits) Shape(long most)
    {
        var best = (Bits: 0, Cost: double.MaxValue);
        for (var bits = 0; bits <= MostBits; bits++)
        {
            var share = Math.Max(1, most) / (double)(1L << bits);
            if (share < 4 && bits > 4 || share > 32 && bits < MostBits)
                continue;
            var cost = Segment.RestBytes(bits) + (4 / share);
            if (cost < best.Cost)
                best = (bits, cost);
        }
        return (best.Bits, Math.Min(best.Bits, BitOperations.Log2((ulong)Math.Max(1, most / ShardPostings))));
    }

    private void EndShard()
    {
        Empty();
        var filterFrom = _written;
        var filter = FuseFilter.Build(CollectionsMarshal.AsSpan(_keys));
        Append(filter);
        Empty();
        var entry = _shards.AsSpan(_shard * Segment.ShardEntry);
        BinaryPrimitives.WriteInt64LittleEndian(entry, _recordsFrom);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], filterFrom);
        BinaryPrimitives.WriteInt32LittleEndian(entry[16..], filter.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[20..], _sum);
        _keys.Clear();
        (_recordsFrom, _sum) = (_written, uint.MaxValue);
        _shard++;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        Empty();
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(bytes.Length, 1 << 24)..])
        {
            var part = bytes[..Math.Min(bytes.Length, 1 << 24)];
            _sum = Durable.Sum(part, _sum);
            _file.Write(part);
            _written += part.Length;
        }
    }

    private void Empty()
    {
        var part = _buffer.AsSpan(0, _filled);
        _filled = 0;
        if (part.IsEmpty)
            return;
        _sum = Durable.Sum(part, _sum);
        _file.Write(part);
        _written += part.Length;
    }
}
