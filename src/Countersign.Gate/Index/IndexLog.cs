using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Gate.Index;

/// <summary>
/// What an index acknowledged and has in no segment yet. All numbers little-endian; sums are <see cref="Durable.Sum"/>. Head: "CSFPLOG2" and the log's number (8). A record: how many
/// fingerprints (4), text (4), 1 added or 2 forgotten (4), sum of the log's number and these (4); the fingerprints (8 each); sum of them, begun with the sum before (4).
/// </summary>
/// <remarks>
/// An append that was cut short is the last thing in the file: less than a record, or zeros that the file system put in its place. It was acknowledged to no one and is
/// cut off when the log is opened. Anything else that does not sum up is damage.
/// </remarks>
internal sealed class IndexLog : IDisposable
{
    internal const int Head = 16;
    private const int RecordHead = 16, MostInRecord = 1 << 16;
    private const int Added = 1, Forgotten = 2;
    private static readonly byte[] _magic = "CSFPLOG2"u8.ToArray();

    private readonly SafeFileHandle _file;
    private readonly string _path;

    private IndexLog(SafeFileHandle file, string path, long number) => (_file, _path, Number) = (file, path, number);

    public long Number { get; }

    /// <summary>Its length.</summary>
    public long Bytes { get; private set; }

    public bool IsEmpty => Bytes == Head;

    /// <summary>Makes an empty log, on the disk but for its name.</summary>
    public static IndexLog Create(string path, long number)
    {
        var log = new IndexLog(File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read), path, number) { Bytes = Head };
        try
        {
            var head = new byte[Head];
            _magic.CopyTo(head, 0);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(8), number);
            RandomAccess.Write(log._file, head, 0);
            Durable.Flush(log._file, path);
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Opens a log, says what it holds in order, and cuts off what was never acknowledged.</summary>
    /// <exception cref="InvalidDataException">The log is damaged.</exception>
    public static IndexLog Open(string path, long number, Action<int, ulong[]> added, Action<int> forgotten)
    {
        var log = new IndexLog(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read), path, number);
        try
        {
            var length = RandomAccess.GetLength(log._file);
            log.Bytes = log.Read(length, added, forgotten);
            if (log.Bytes < length)
            {
                RandomAccess.SetLength(log._file, log.Bytes);
                Durable.Flush(log._file, path);
            }
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Appends that a text has these fingerprints; on the disk when this returns.</summary>
    public void Add(int text, ReadOnlySpan<ulong> fingerprints)
    {
        do
        {
            var part = fingerprints[..Math.Min(fingerprints.Length, MostInRecord)];
            fingerprints = fingerprints[part.Length..];
            Append(Added, text, part);
        }
        while (!fingerprints.IsEmpty);
        Durable.Flush(_file, _path);
    }

    /// <summary>Appends that a text is forgotten; on the disk when this returns.</summary>
    public void Forget(int text)
    {
        Append(Forgotten, text, []);
        Durable.Flush(_file, _path);
    }

    /// <summary>Goes back to an earlier length, after an append that failed.</summary>
    public void CutTo(long bytes)
    {
        RandomAccess.SetLength(_file, bytes);
        Durable.Flush(_file, _path);
        Bytes = bytes;
    }

    /// <summary>Whether the file is still as it was written.</summary>
    public bool IsSound()
    {
        try
        {
            return RandomAccess.GetLength(_file) == Bytes && Read(Bytes, (_, _) => { }, _ => { }) == Bytes;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Append(int what, int text, ReadOnlySpan<ulong> fingerprints)
    {
        var record = new byte[RecordHead + (fingerprints.Length * 8) + 4];
        BinaryPrimitives.WriteInt32LittleEndian(record, fingerprints.Length);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4), text);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(8), what);
        var sum = HeadSum(record);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12), sum);
        for (var i = 0; i < fingerprints.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(RecordHead + (i * 8)), fingerprints[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - 4), Durable.Sum(record.AsSpan(RecordHead, fingerprints.Length * 8), sum));
        RandomAccess.Write(_file, record, Bytes);
        Bytes += record.Length;
    }

    private uint HeadSum(ReadOnlySpan<byte> record)
    {
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(number, Number);
        return Durable.Sum(record[..12], Durable.Sum(number));
    }

    /// <summary>Reads the records within a length; where the last whole one ends.</summary>
    private long Read(long length, Action<int, ulong[]> added, Action<int> forgotten)
    {
        var head = new byte[RecordHead];
        if (length < Head || !Filled(head, 0) || !head.AsSpan(0, 8).SequenceEqual(_magic) || BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(8)) != Number)
            throw Damaged();
        var at = (long)Head;
        while (length - at >= RecordHead && Filled(head, at))
        {
            var sum = HeadSum(head);
            var (count, text, what) = (BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(4)), BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(8)));
            if (BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(12)) != sum)
                return OnlyZeros(at, length) ? at : throw Damaged();
            if (count is < 0 or > MostInRecord || text < 0 || !(what == Added || (what == Forgotten && count == 0)))
                throw Damaged();
            var size = RecordHead + (count * 8) + 4;
            if (size > length - at)
                return at;
            var body = new byte[size - RecordHead];
            if (!Filled(body, at + RecordHead) || BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(count * 8)) != Durable.Sum(body.AsSpan(0, count * 8), sum))
                throw Damaged();
            if (what == Added)
            {
                var fingerprints = MemoryMarshal.Cast<byte, ulong>(body.AsSpan(0, count * 8)).ToArray();
                if (!BitConverter.IsLittleEndian)
                    BinaryPrimitives.ReverseEndianness(fingerprints, fingerprints);
                added(text, fingerprints);
            }
            else
                forgotten(text);
            at += size;
        }
        return at;
    }

    private bool OnlyZeros(long from, long to)
    {
        var block = new byte[1 << 16];
        while (from < to)
        {
            var part = block.AsSpan(0, (int)Math.Min(block.Length, to - from));
            if (RandomAccess.Read(_file, part, from) is var read && (read <= 0 || part[..read].ContainsAnyExcept((byte)0)))
                return false;
            from += read;
        }
        return true;
    }

    private bool Filled(Span<byte> into, long at)
    {
        while (!into.IsEmpty)
        {
            var read = RandomAccess.Read(_file, into, at);
            if (read <= 0)
                return false;
            into = into[read..];
            at += read;
        }
        return true;
    }

    private InvalidDataException Damaged() => new($"{Path.GetFileName(_path)} is damaged: make the index again from what it was made of.");
}
