using System.Buffers;

namespace Countersign.Gate.Smtp;

/// <summary>How much memory all messages that are being read may take together. What goes beyond is spooled at once.</summary>
internal sealed class MemoryForMessages(long most)
{
    private long _taken;

    /// <summary>How much is taken, in bytes.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= Volatile.Read(ref most))
            return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _taken, -bytes);

    /// <summary>Changes the bound; what is taken stays taken.</summary>
    public void Limit(long bytes) => Volatile.Write(ref most, bytes);
}

/// <summary>
/// The bytes of one message as they arrived, in memory up to a bound, then in a file that has no name any more and is gone with its owner, also when that is killed.
/// </summary>
internal sealed class Body(MemoryForMessages memory, int inMemory, long most, string spool) : IDisposable
{
    private const int First = 16_384, Piece = 65_536;

    private byte[] _buffer = [];
    private int _used;
    private long _taken;
    private FileStream? _file;

    /// <summary>How many bytes it has.</summary>
    public long Length => (_file?.Length ?? 0) + _used;

    /// <summary>Whether more arrived than a message may have. The rest is thrown away.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>Whether the spool could not take it: a full disk. The rest is thrown away.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Where the next bytes are to be read into; at least one byte.</summary>
    public Memory<byte> Room(int hint = 0)
    {
        if (_used == _buffer.Length)
            Grow(hint);
        return _buffer.AsMemory(_used);
    }

    /// <summary>Bytes that were read into <see cref="Room"/>, of which this many belong to the message.</summary>
    public void Advance(int bytes)
    {
        _used += bytes;
        if (Length > most)
            IsTooLarge = true;
        if (IsTooLarge || IsLost)
            _used = 0;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var room = Room(bytes.Length).Span;
            var some = Math.Min(room.Length, bytes.Length);
            bytes[..some].CopyTo(room);
            Advance(some);
            bytes = bytes[some..];
        }
    }

    private void Grow(int hint)
    {
        var wanted = _buffer.Length == 0 ? Math.Clamp(hint, First, Math.Max(First, inMemory)) : _buffer.Length * 2;
        var held = _file is null && !IsTooLarge && !IsLost && wanted <= Math.Max(First, inMemory) && memory.TryTake(wanted - _taken);
        if (held)
            _taken = wanted;
        else if (_buffer.Length > 0)
        {
            Spill();
            return;
        }
        else
            wanted = First; // no memory is left for messages: what is read goes to the spool in small pieces
        var larger = ArrayPool<byte>.Shared.Rent(wanted);
        _buffer.AsSpan(0, _used).CopyTo(larger);
        Return();
        _buffer = larger;
    }

    private void Spill()
    {
        try
        {
            if (_file is null)
            {
                Directory.CreateDirectory(spool);
                var options = new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.ReadWrite | FileShare.Delete,
                    Options = FileOptions.DeleteOnClose,
                    BufferSize = 0,
                };
                if (!OperatingSystem.IsWindows())
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                _file = new FileStream(Path.Combine(spool, Path.GetRandomFileName()), options);
                if (!OperatingSystem.IsWindows())
                    File.Delete(_file.Name);
            }
            _file.Write(_buffer.AsSpan(0, _used));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            IsLost = true;
        }
        _used = 0;
    }

    /// <summary>
    /// The whole message in memory, without what ends it on the wire and without stuffed dots where <paramref name="stuffed"/>. What is in memory already is not
    /// copied. Large ones are read back from the spool: the caller bounds how many at once.
    /// </summary>
    public ReadOnlyMemory<byte> Whole(int end, bool stuffed)
    {
        if (_file is null && !stuffed)
            return _buffer.AsMemory(0, _used - end);
        var all = new byte[Length];
        ReadAll(all);
        var length = all.Length - end;
        return all.AsMemory(0, stuffed ? Unstuff(all.AsSpan(0, length)) : length);
    }

    private void ReadAll(Span<byte> all)
    {
        if (_file is { } file)
        {
            var length = (int)file.Length;
            for (var at = 0; at < length;)
            {
                var read = RandomAccess.Read(file.SafeFileHandle, all[at..length], at);
                if (read == 0)
                    throw new IOException("The spool file ended too early.");
                at += read;
            }
            all = all[length..];
        }
        _buffer.AsSpan(0, _used).CopyTo(all);
    }

    /// <summary>Takes away the first dot of each line (RFC 5321 §4.5.2), in place, of a message in which every LF ends a line. Returns the new length.</summary>
    internal static int Unstuff(Span<byte> message)
    {
        int from = 0, to = 0;
        while (from < message.Length)
        {
            if (message[from] == '.')
                from++;
            var end = message[from..].IndexOf((byte)'\n');
            var length = end < 0 ? message.Length - from : end + 1;
            message.Slice(from, length).CopyTo(message[to..]);
            from += length;
            to += length;
        }
        return to;
    }

    /// <summary>Sends all of it as it arrived. False when the connection ended.</summary>
    public async ValueTask<bool> SendTo(Wire wire, Action progress)
    {
        if (_file is { } file)
        {
            var piece = ArrayPool<byte>.Shared.Rent(Piece);
            try
            {
                for (long at = 0; at < file.Length;)
                {
                    var read = await RandomAccess.ReadAsync(file.SafeFileHandle, piece, at);
                    if (read == 0)
                        throw new IOException("The spool file ended too early.");
                    progress();
                    if (!await wire.Send(piece.AsMemory(0, read)))
                        return false;
                    at += read;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(piece);
            }
        }
        progress();
        return await wire.Send(_buffer.AsMemory(0, _used));
    }

    private void Return()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    public void Dispose()
    {
        Return();
        _used = 0;
        _file?.Dispose();
        memory.GiveBack(_taken);
        _taken = 0;
    }
}
