using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;

namespace Countersign.Gate.Smtp;

/// <summary>
/// One connection, on either side of the gate: bytes that have arrived and are not read yet, bytes that are to go and are not sent yet, TLS once it has
/// begun, and a deadline. One task at a time uses it; <see cref="Deadlines"/> alone looks at it from outside.
/// </summary>
internal sealed class Wire : IDisposable
{
    private const int First = 4096;

    private readonly Socket _socket;
    private SslStream? _tls;
    private byte[] _in = ArrayPool<byte>.Shared.Rent(First);
    private int _start, _end;
    private byte[] _out = ArrayPool<byte>.Shared.Rent(First);
    private int _put;
    private long _deadline = long.MaxValue;
    private int _disposed;

    public Wire(Socket socket)
    {
        _socket = socket;
        socket.NoDelay = true;
    }

    /// <summary>Whether the deadline ended it.</summary>
    public bool IsLate { get; private set; }

    /// <summary>Whether TLS has begun.</summary>
    public bool IsTls => _tls is not null;

    /// <summary>What has arrived and is not read.</summary>
    public ReadOnlySpan<byte> Arrived => _in.AsSpan(_start, _end - _start);

    /// <summary>Until when what comes next must have come, as <see cref="Environment.TickCount64"/>.</summary>
    public void Within(int milliseconds) => Volatile.Write(ref _deadline, Environment.TickCount64 + milliseconds);

    /// <summary>Marks arrived bytes as read.</summary>
    public void Take(int bytes) => _start += bytes;

    /// <summary>
    /// Takes one line that has arrived whole, without its line end. False where none has; <paramref name="tooLong"/> where what has arrived can be none within
    /// <paramref name="most"/> bytes: it is then thrown away, and <see cref="SkipLine"/> goes on until the line ends.
    /// </summary>
    public bool TryLine(int most, out ReadOnlyMemory<byte> line, out bool tooLong)
    {
        (line, tooLong) = (default, false);
        var end = Arrived.IndexOf((byte)'\n');
        if (end < 0 && _end - _start <= most)
            return false;
        if (end < 0 || end >= most)
        {
            tooLong = true;
            if (end >= 0)
                _start += end + 1;
            else
                _start = _end;
            return end >= 0;
        }
        line = _in.AsMemory(_start, end + 1);
        _start += end + 1;
        return true;
    }

    /// <summary>Throws away what has arrived, up to and with the next LF. True when it was there.</summary>
    public bool SkipLine()
    {
        var end = Arrived.IndexOf((byte)'\n');
        _start = end < 0 ? _end : _start + end + 1;
        return end >= 0;
    }

    /// <summary>
    /// Waits until more has arrived. False when the other side has ended, or the time is over. Lines taken before are no longer valid. A wire keeps 4 KiB
    /// while it waits; it takes more where a command or answer needs it.
    /// </summary>
    public async ValueTask<bool> Fill()
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_in.Length > 4 * First)
            {
                ArrayPool<byte>.Shared.Return(_in);
                _in = ArrayPool<byte>.Shared.Rent(First);
            }
        }
        else if (_start > 0 && _end == _in.Length)
        {
            _in.AsSpan(_start, _end - _start).CopyTo(_in);
            (_start, _end) = (0, _end - _start);
        }
        else if (_end == _in.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_in.Length * 2);
            _in.AsSpan(_start, _end - _start).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_in);
            (_in, _start, _end) = (larger, 0, _end - _start);
        }
        var read = await ReadInto(_in.AsMemory(_end));
        _end += read;
        return read > 0;
    }

    /// <summary>Reads straight into a buffer of the caller's, past what has arrived. 0 when the other side has ended or the time is over.</summary>
    public async ValueTask<int> ReadInto(Memory<byte> buffer)
    {
        try
        {
            return _tls is { } tls ? await tls.ReadAsync(buffer) : await _socket.ReceiveAsync(buffer, SocketFlags.None);
        }
        catch (Exception e) when (IsEnd(e))
        {
            return 0;
        }
    }

    /// <summary>Puts bytes back before what has arrived: they were read too far.</summary>
    public void PutBack(ReadOnlySpan<byte> bytes)
    {
        var kept = Arrived.ToArray();
        if (bytes.Length + kept.Length > _in.Length)
        {
            ArrayPool<byte>.Shared.Return(_in);
            _in = ArrayPool<byte>.Shared.Rent(bytes.Length + kept.Length);
        }
        bytes.CopyTo(_in);
        kept.CopyTo(_in.AsSpan(bytes.Length));
        (_start, _end) = (0, bytes.Length + kept.Length);
    }

    /// <summary>Puts bytes among those that are to go.</summary>
    public void Put(ReadOnlySpan<byte> bytes)
    {
        if (_put + bytes.Length > _out.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_out.Length * 2, _put + bytes.Length));
            _out.AsSpan(0, _put).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_out);
            _out = larger;
        }
        bytes.CopyTo(_out.AsSpan(_put));
        _put += bytes.Length;
    }

    /// <summary>Sends what is to go. False when the other side has ended or the time is over.</summary>
    public async ValueTask<bool> Flush()
    {
        if (_put == 0)
            return true;
        var sent = await Send(_out.AsMemory(0, _put));
        _put = 0;
        if (_out.Length > 4 * First)
        {
            ArrayPool<byte>.Shared.Return(_out);
            _out = ArrayPool<byte>.Shared.Rent(First);
        }
        return sent;
    }

    /// <summary>Sends bytes at once. False as in <see cref="Flush"/>.</summary>
    public async ValueTask<bool> Send(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            if (_tls is { } tls)
                await tls.WriteAsync(bytes);
            else
                while (bytes.Length > 0)
                    bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None)..];
            return true;
        }
        catch (Exception e) when (IsEnd(e))
        {
            return false;
        }
    }

    /// <summary>Reads one answer of a server. Null when the connection ended, the time is over, or what came is no answer.</summary>
    public async ValueTask<SmtpReply?> ReadReply()
    {
        while (true)
        {
            if (SmtpReply.TryRead(Arrived, out var reply, out var length, out var broken))
            {
                Take(length);
                return reply;
            }
            if (broken || !await Fill())
                return null;
        }
    }

    /// <summary>Whether a connection that should be silent is so and still stands. Costs a system call.</summary>
    public bool IsQuiet()
    {
        try
        {
            return Arrived.Length == 0 && !_socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception e) when (IsEnd(e))
        {
            return false;
        }
    }

    /// <summary>Begins TLS as the server. False where the handshake fails.</summary>
    public Task<bool> BeginTls(SslServerAuthenticationOptions options) => Begin(tls => tls.AuthenticateAsServerAsync(options));

    /// <summary>Begins TLS as the client.</summary>
    public Task<bool> BeginTls(SslClientAuthenticationOptions options) => Begin(tls => tls.AuthenticateAsClientAsync(options));

    private async Task<bool> Begin(Func<SslStream, Task> handshake)
    {
        var tls = new SslStream(new NetworkStream(_socket, ownsSocket: false));
        try
        {
            await handshake(tls);
            _tls = tls;
            return true;
        }
        catch (Exception e) when (IsEnd(e) || e is System.Security.Authentication.AuthenticationException)
        {
            await tls.DisposeAsync();
            return false;
        }
    }

    /// <summary>Ends it at its deadline: first whoever waits to read is told, then, if it still hangs, all.</summary>
    internal void Look(long now)
    {
        if (now <= Volatile.Read(ref _deadline))
            return;
        try
        {
            if (IsLate)
            {
                _socket.Dispose();
                return;
            }
            IsLate = true;
            Volatile.Write(ref _deadline, now + 5_000);
            _socket.Shutdown(SocketShutdown.Receive);
        }
        catch (Exception e) when (IsEnd(e))
        {
        }
    }

    /// <summary>Tells whoever waits to read that nothing more is read, from outside.</summary>
    internal void Wake()
    {
        Volatile.Write(ref _deadline, 0);
        Look(Environment.TickCount64);
    }

    /// <summary>Ends it now, from outside: whoever reads or writes is told.</summary>
    internal void Abort() => _socket.Dispose();

    private static bool IsEnd(Exception e) => e is SocketException or IOException or ObjectDisposedException or InvalidOperationException;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _tls?.Dispose();
        _socket.Dispose();
        ArrayPool<byte>.Shared.Return(_in);
        ArrayPool<byte>.Shared.Return(_out);
        (_in, _out, _start, _end, _put) = ([], [], 0, 0, 0);
    }
}

/// <summary>Looks once a second whether a connection is past its deadline.</summary>
internal sealed class Deadlines : IDisposable
{
    private readonly HashSet<Wire> _wires = new(ReferenceEqualityComparer.Instance as IEqualityComparer<Wire>);
    private readonly Lock _gate = new();
    private readonly Timer _timer;

    public Deadlines() => _timer = new Timer(_ => Look(), null, 1000, 1000);

    public void Add(Wire wire)
    {
        lock (_gate)
            _wires.Add(wire);
    }

    public void Remove(Wire wire)
    {
        lock (_gate)
            _wires.Remove(wire);
    }

    private void Look()
    {
        Wire[] all;
        lock (_gate)
            all = [.. _wires];
        var now = Environment.TickCount64;
        foreach (var wire in all)
            wire.Look(now);
    }

    public void Dispose() => _timer.Dispose();
}
