using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Countersign.Gate.Smtp;

/// <summary>Decides about one message; null where it takes longer than an instant and <paramref name="atOnce"/> was asked.</summary>
/// <param name="envelope">Who sends it to whom.</param>
/// <param name="message">The message as it was written (RFC 5322), valid only during the call.</param>
/// <param name="atOnce">Whether others wait for this thread.</param>
public delegate MailRuling? MailJudge(Envelope envelope, ReadOnlyMemory<byte> message, bool atOnce);

/// <summary>
/// The SMTP gate: takes connections, gives each a session in lock-step with the next hop, and has every message judged. It keeps nothing: what it was not told
/// by the next hop it does not say.
/// </summary>
/// <remarks>
/// Sockets complete inline on the threads that wait for them (where <c>DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS</c> is set before the first socket is made), so whatever may take long runs
/// on the pool, as many at once as there are processors.
/// </remarks>
public sealed class SmtpGate : IAsyncDisposable
{
    /// <summary>Larger messages are never judged on a thread that others wait for.</summary>
    private const int MostAtOnce = 16_384;

    private readonly MailJudge _judge;
    private readonly Deadlines _deadlines = new();
    private readonly SemaphoreSlim _judges = new(Environment.ProcessorCount);
    private readonly List<Socket> _listeners = [];
    private readonly ConcurrentDictionary<SmtpSession, Wire> _sessions = new();
    private readonly ConcurrentDictionary<IPAddress, int> _clients = new();
    private readonly Lock _listening = new();
    private volatile GateSettings _settings;
    private volatile bool _closing;
    private int _connections;

    /// <param name="settings">Where it stands.</param>
    /// <param name="judge">Who judges. Called on many threads at once.</param>
    public SmtpGate(GateSettings settings, MailJudge judge)
    {
        (_settings, _judge) = (settings, judge);
        Memory = new MemoryForMessages(settings.Limits.MemoryForMessages);
        Relay = new Relay(() => _settings, _deadlines);
    }

    /// <summary>The settings as they are now.</summary>
    public GateSettings Settings => _settings;

    /// <summary>What it counts.</summary>
    public GateMeter Meter { get; } = new();

    /// <summary>Whether it takes no new messages any more.</summary>
    public bool IsClosing => _closing;

    /// <summary>How many clients are connected.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>How many bytes of messages are in memory now.</summary>
    public long MemoryInUse => Memory.Taken;

    /// <summary>Whether a next hop answered when one was last asked; true while none was asked.</summary>
    public bool HasNextHop => Relay.Offered is null || Relay.Answering.Any();

    /// <summary>Where it listens: with the ports that the system chose, where 0 was asked.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints
    {
        get
        {
            lock (_listening)
                return [.. _listeners.Select(l => (IPEndPoint)l.LocalEndPoint!)];
        }
    }

    internal Relay Relay { get; }

    internal MemoryForMessages Memory { get; }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SocketException">An address cannot be listened at; nothing listens then.</exception>
    public void Start() => Listen(_settings.Listen);

    /// <summary>Goes on under new settings. Connections stay; where addresses to listen at have changed, the new ones are bound before the old ones close.</summary>
    /// <exception cref="SocketException">A new address cannot be listened at; everything stays as it was.</exception>
    public void Reload(GateSettings settings)
    {
        if (!settings.Listen.SequenceEqual(_settings.Listen))
        {
            Socket[] old;
            lock (_listening)
                old = [.. _listeners];
            var kept = old.Where(l => settings.Listen.Contains((IPEndPoint)l.LocalEndPoint!)).ToArray();
            Listen([.. settings.Listen.Where(e => !kept.Any(k => e.Equals(k.LocalEndPoint)))]);
            lock (_listening)
                _listeners.RemoveAll(l => old.Contains(l) && !kept.Contains(l));
            foreach (var gone in old.Except(kept))
                gone.Dispose();
        }
        Memory.Limit(settings.Limits.MemoryForMessages);
        _settings = settings;
    }

    private void Listen(IReadOnlyList<IPEndPoint> endpoints)
    {
        var bound = new List<Socket>();
        try
        {
            foreach (var endpoint in endpoints)
            {
                var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                bound.Add(socket);
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.Bind(endpoint);
                socket.Listen(4096);
            }
        }
        catch
        {
            bound.ForEach(b => b.Dispose());
            throw;
        }
        lock (_listening)
            _listeners.AddRange(bound);
        foreach (var socket in bound)
            _ = Task.Run(() => Accept(socket));
    }

    private async Task Accept(Socket listener)
    {
        while (!_closing)
        {
            try
            {
                var socket = await listener.AcceptAsync();
                _ = Serve(socket);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted or SocketError.InvalidArgument or SocketError.NotSocket)
            {
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50); // no file is left for a connection, or the client was gone before it was served
            }
        }
    }

    private async Task Serve(Socket socket)
    {
        IPAddress address;
        try
        {
            address = ((IPEndPoint)socket.RemoteEndPoint!).Address;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
            return;
        }
        var limits = _settings.Limits;
        var all = Interlocked.Increment(ref _connections);
        var ofClient = _clients.AddOrUpdate(address, 1, (_, n) => n + 1);
        var wire = new Wire(socket);
        _deadlines.Add(wire);
        try
        {
            if (_closing || all > limits.Connections || ofClient > limits.ConnectionsPerClient)
            {
                wire.Within(2_000);
                wire.Put((_closing ? Says.Closing : Says.TooManyHere).Wire.Span);
                await wire.Flush();
                return;
            }
            using var session = new SmtpSession(this, wire, address);
            _sessions[session] = wire;
            try
            {
                await session.Run();
            }
            finally
            {
                _sessions.TryRemove(session, out _);
            }
        }
        catch (Exception e)
        {
            Meter.Failed(e); // nothing was acknowledged that the next hop had not taken: the client tries again
        }
        finally
        {
            _deadlines.Remove(wire);
            wire.Dispose();
            Interlocked.Decrement(ref _connections);
            if (_clients.AddOrUpdate(address, 0, (_, n) => n - 1) == 0)
                _clients.TryRemove(KeyValuePair.Create(address, 0));
        }
    }

    /// <summary>
    /// Has a message judged. No ruling where it took too long, or nobody could judge. Where judging goes on all the same, it keeps the body and disposes of it: the second value then is true.
    /// </summary>
    internal async ValueTask<(MailRuling? Ruling, bool KeepsBody)> Judge(Envelope envelope, Body body, int end, bool stuffed)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        var limit = TimeSpan.FromSeconds(_settings.Limits.JudgeSeconds);
        try
        {
            if (body.Length <= MostAtOnce && _judge(envelope, body.Whole(end, stuffed), true) is { } atOnce)
            {
                Meter.Judged(atOnce.Kind, began);
                return (atOnce, false);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Meter.Failed(e);
            return (null, false);
        }
        if (!await _judges.WaitAsync(limit))
            return (null, false);
        var judging = Task.Run(() =>
        {
            try
            {
                return _judge(envelope, body.Whole(end, stuffed), false);
            }
            finally
            {
                _judges.Release();
            }
        });
        try
        {
            var left = limit - System.Diagnostics.Stopwatch.GetElapsedTime(began);
            var ruling = await judging.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            if (ruling is not null)
                Meter.Judged(ruling.Kind, began);
            return (ruling, false);
        }
        catch (TimeoutException)
        {
            _ = judging.ContinueWith(_ => body.Dispose(), TaskScheduler.Default);
            return (null, true);
        }
        catch (Exception e)
        {
            Meter.Failed(e);
            return (null, false);
        }
    }

    /// <summary>Takes no more connections and messages, waits for those under way as long as the settings say, and ends the rest.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_closing)
            return;
        _closing = true;
        lock (_listening)
        {
            _listeners.ForEach(l => l.Dispose());
            _listeners.Clear();
        }
        foreach (var (session, wire) in _sessions)
            if (!session.IsBusy)
                wire.Wake();
        var until = Environment.TickCount64 + _settings.Limits.DrainSeconds * 1000L;
        while (!_sessions.IsEmpty && Environment.TickCount64 < until)
            await Task.Delay(50);
        foreach (var wire in _sessions.Values)
            wire.Abort();
        for (var i = 0; i < 40 && !_sessions.IsEmpty; i++)
            await Task.Delay(50);
        Relay.Dispose();
        _deadlines.Dispose();
    }
}
