using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Gate;

/// <summary>
/// An append-only file of records, each sealed with AES-256-GCM (NIST SP 800-38D) under a key of its owner and bound to its place: whoever copies the
/// file without the key learns how long the records are, and nothing else. Appending is for one thread at a time; reading is for any number.
/// </summary>
/// <remarks>A record is: its length (4 bytes, little-endian), a nonce (12), a tag (16), the sealed bytes. The offset of the record is the associated data.</remarks>
internal sealed class SealedLog : IDisposable
{
    private const int Head = 4 + Nonce + Tag, Nonce = 12, Tag = 16;
    private const int MostBytes = 1 << 30;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly AesGcm _appending;
    private readonly byte[] _key;
    private long _end;

    /// <summary>Opens the file, or makes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">32 bytes.</param>
    public SealedLog(string path, ReadOnlySpan<byte> key)
    {
        _path = path;
        _key = key.ToArray();
        _appending = new AesGcm(key, Tag);
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, FileOptions.RandomAccess);
        _end = RandomAccess.GetLength(_file);
    }

    /// <summary>Reads all records from the start, and cuts off what a crash left half written at the end.</summary>
    /// <exception cref="InvalidDataException">Damaged before its end, or sealed under another key.</exception>
    public IEnumerable<(long Offset, byte[] Record)> Replay()
    {
        var at = 0L;
        while (at < _end)
        {
            var record = TryRead(at, out var next);
            if (record is null)
            {
                // A torn append is the last thing in the file. A whole record that does not open, with more behind it or as the very first, is damage.
                if (next < _end && !OnlyZeros(at) || at == 0 && next == _end)
                    throw new InvalidDataException("The known texts are damaged, or were written under another secret: rebuild them.");
                RandomAccess.SetLength(_file, at);
                Index.Durable.Flush(_file, _path);
                _end = at;
                yield break;
            }
            yield return (at, record);
            at = next;
        }
    }

    /// <summary>Appends a record, which is durable once <see cref="Flush"/> returned.</summary>
    /// <returns>Its offset.</returns>
    public long Append(ReadOnlySpan<byte> record)
    {
        var frame = new byte[Head + record.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, record.Length);
        var nonce = frame.AsSpan(4, Nonce);
        RandomNumberGenerator.Fill(nonce);
        var at = _end;
        Span<byte> place = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(place, at);
        _appending.Encrypt(nonce, record, frame.AsSpan(Head), frame.AsSpan(4 + Nonce, Tag), place);
        RandomAccess.Write(_file, frame, at);
        _end = at + frame.Length;
        return at;
    }

    public void Flush() => Index.Durable.Flush(_file, _path);

    /// <summary>The record at an offset, or null where none opens there.</summary>
    public byte[]? Read(long offset) => TryRead(offset, out _);

    /// <summary>Overwrites a record with zeros, so that it can be read by nobody any more.</summary>
    public void Erase(long offset)
    {
        Span<byte> head = stackalloc byte[4];
        if (RandomAccess.Read(_file, head, offset) < 4)
            return;
        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length < 0 || offset + Head + length > _end)
            return;
        RandomAccess.Write(_file, new byte[Head - 4 + length], offset + 4);
        Index.Durable.Flush(_file, _path);
    }

    public void Dispose()
    {
        _file.Dispose();
        _appending.Dispose();
        CryptographicOperations.ZeroMemory(_key);
    }

    private byte[]? TryRead(long at, out long next)
    {
        next = _end;
        Span<byte> head = stackalloc byte[Head];
        if (RandomAccess.Read(_file, head, at) < Head)
            return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length < 0 || length > MostBytes || at + Head + length > RandomAccess.GetLength(_file))
            return null;
        next = at + Head + length;
        var sealedBytes = new byte[length];
        for (var read = 0; read < length;)
        {
            var n = RandomAccess.Read(_file, sealedBytes.AsSpan(read), at + Head + read);
            if (n == 0)
                return null;
            read += n;
        }
        Span<byte> place = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(place, at);
        var record = new byte[length];
        try
        {
            using var aes = new AesGcm(_key, Tag);
            aes.Decrypt(head.Slice(4, Nonce), sealedBytes, head.Slice(4 + Nonce, Tag), record, place);
            return record;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private bool OnlyZeros(long from)
    {
        var buffer = new byte[4096];
        for (var at = from; at < _end;)
        {
            var n = RandomAccess.Read(_file, buffer, at);
            if (n == 0)
                return true;
            if (buffer.AsSpan(0, n).IndexOfAnyExcept((byte)0) >= 0)
                return false;
            at += n;
        }
        return true;
    }
}
