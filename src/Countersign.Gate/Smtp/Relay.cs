using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Gate.Smtp;

/// <summary>What a server offers in its answer to EHLO (RFC 5321 §4.1.1.1), as far as the gate passes it on.</summary>
internal sealed record HopExtensions
{
    public bool Pipelining { get; init; }
    public bool EightBitMime { get; init; }
    public bool SmtpUtf8 { get; init; }
    public bool Chunking { get; init; }
    public bool Dsn { get; init; }
    public bool EnhancedStatusCodes { get; init; }
    public bool StartTls { get; init; }
    public bool HasSize { get; init; }

    /// <summary>The largest message, where it says so; 0 where it does not.</summary>
    public long Size { get; init; }

    /// <summary>What XFORWARD takes, such as <c>NAME ADDR</c>; empty where it is not offered.</summary>
    public string XForward { get; init; } = "";

    /// <summary>What XCLIENT takes; empty where it is not offered.</summary>
    public string XClient { get; init; } = "";

    public static HopExtensions Read(SmtpReply ehlo)
    {
        var all = new HopExtensions();
        foreach (var line in Encoding.ASCII.GetString(ehlo.Wire.Span).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            var words = line.Length > 4 ? line[4..].Split(' ', 2, StringSplitOptions.TrimEntries) : [""];
            var rest = words.Length > 1 ? words[1] : "";
            all = words[0].ToUpperInvariant() switch
            {
                "PIPELINING" => all with { Pipelining = true },
                "8BITMIME" => all with { EightBitMime = true },
                "SMTPUTF8" => all with { SmtpUtf8 = true },
                "CHUNKING" => all with { Chunking = true },
                "DSN" => all with { Dsn = true },
                "ENHANCEDSTATUSCODES" => all with { EnhancedStatusCodes = true },
                "STARTTLS" => all with { StartTls = true },
                "SIZE" => all with { HasSize = true, Size = long.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0 },
                "XFORWARD" => all with { XForward = rest },
                "XCLIENT" => all with { XClient = rest },
                _ => all,
            };
        }
        return all;
    }

    /// <summary>What both offer.</summary>
    public HopExtensions And(HopExtensions other) => new()
    {
        Pipelining = Pipelining && other.Pipelining,
        EightBitMime = EightBitMime && other.EightBitMime,
        SmtpUtf8 = SmtpUtf8 && other.SmtpUtf8,
        Chunking = Chunking && other.Chunking,
        Dsn = Dsn && other.Dsn,
        EnhancedStatusCodes = EnhancedStatusCodes && other.EnhancedStatusCodes,
        HasSize = HasSize && other.HasSize,
        Size = Size == 0 ? other.Size : other.Size == 0 ? Size : Math.Min(Size, other.Size),
        XForward = XForward.Length > 0 && other.XForward.Length > 0 ? XForward : "",
        XClient = XClient.Length > 0 && other.XClient.Length > 0 ? XClient : "",
    };

    /// <summary>Whether everything that this offers is offered there, too.</summary>
    public bool Within(HopExtensions other) =>
        (!EightBitMime || other.EightBitMime) && (!SmtpUtf8 || other.SmtpUtf8) && (!Chunking || other.Chunking) && (!Dsn || other.Dsn)
        && (XForward.Length == 0 || other.XForward.Length > 0) && (XClient.Length == 0 || other.XClient.Length > 0);
}

/// <summary>A connection to a next hop, greeted and ready for a transaction. Whoever has it gives it back or disposes of it.</summary>
internal sealed class HopConnection(Wire wire, DnsEndPoint hop, HopExtensions extensions, Deadlines deadlines) : IDisposable
{
    public Wire Wire => wire;

    public DnsEndPoint Hop => hop;

    public HopExtensions Extensions => extensions;

    /// <summary>Whether it served before: what waited may have been closed by the other side since.</summary>
    public bool IsUsed { get; set; }

    /// <summary>When it was given back, as <see cref="Environment.TickCount64"/>.</summary>
    public long Since { get; set; }

    public void Dispose()
    {
        deadlines.Remove(wire);
        wire.Dispose();
    }
}

/// <summary>
/// The next hops: connections that wait for the next message, and which hop answers. It owns no message. A hop that does not answer is left alone for a while,
/// longer each time up to a minute, as long as another one answers. Thread-safe.
/// </summary>
internal sealed class Relay(Func<GateSettings> settings, Deadlines deadlines) : IDisposable
{
    /// <summary>A connection that waited longer is not used again: servers close idle ones, often after 100 seconds or 5 minutes.</summary>
    private const int MostIdleMilliseconds = 30_000;

    private const int MostWaiting = 500;

    private sealed class Health
    {
        public int Failures;
        public long NotBefore;
        public HopExtensions? Extensions;
    }

    private readonly ConcurrentStack<HopConnection> _waiting = new();
    private readonly ConcurrentDictionary<DnsEndPoint, Health> _health = new();
    private volatile HopExtensions? _offered;
    private volatile bool _closed;

    /// <summary>What every hop offers that has answered so far; null while none has.</summary>
    public HopExtensions? Offered => _offered;

    /// <summary>How many connections wait.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>The hops that answered last time they were asked.</summary>
    public IEnumerable<DnsEndPoint> Answering => _health.Where(h => h.Value.Failures == 0).Select(h => h.Key);

    /// <summary>A connection; null when no hop answers. <paramref name="fresh"/> asks for a new one: those that wait turned out to be dead.</summary>
    public async ValueTask<HopConnection?> Take(bool fresh = false)
    {
        var now = settings();
        while (!fresh && _waiting.TryPop(out var waiting))
        {
            if (Environment.TickCount64 - waiting.Since <= MostIdleMilliseconds && now.NextHops.Contains(waiting.Hop) && waiting.Wire.IsQuiet())
            {
                waiting.IsUsed = true;
                return waiting;
            }
            waiting.Dispose();
        }
        var ticks = Environment.TickCount64;
        foreach (var hop in now.NextHops.OrderBy(h => HealthOf(h).NotBefore > ticks ? HealthOf(h).NotBefore : 0))
        {
            var health = HealthOf(hop);
            if (await Connect(hop, now) is { } connection)
            {
                Interlocked.Exchange(ref health.Failures, 0);
                Volatile.Write(ref health.NotBefore, 0);
                health.Extensions = connection.Extensions;
                _offered = now.NextHops.Select(h => HealthOf(h).Extensions).OfType<HopExtensions>().Aggregate((a, b) => a.And(b));
                return connection;
            }
            var failures = Interlocked.Increment(ref health.Failures);
            Volatile.Write(ref health.NotBefore, Environment.TickCount64 + Math.Min(60_000, 1000 << Math.Min(6, failures - 1)));
        }
        return null;
    }

    /// <summary>Gives a connection back that stands between two transactions.</summary>
    public void Return(HopConnection connection)
    {
        connection.Since = Environment.TickCount64;
        connection.Wire.Within(MostIdleMilliseconds * 2);
        if (_closed || _waiting.Count >= MostWaiting || connection.Wire.Arrived.Length > 0)
            connection.Dispose();
        else
            _waiting.Push(connection);
    }

    private Health HealthOf(DnsEndPoint hop) => _health.GetOrAdd(hop, _ => new Health());

    private async Task<HopConnection?> Connect(DnsEndPoint hop, GateSettings now)
    {
        Wire? wire = null;
        try
        {
            var socket = await Open(hop, now.Limits.HopSeconds);
            if (socket is null)
                return null;
            wire = new Wire(socket);
            deadlines.Add(wire);
            wire.Within(now.Limits.HopSeconds * 1000);
            if (await wire.ReadReply() is not { Code: 220 } || await Greet(wire, now.Name) is not { } extensions)
                return Failed();
            if (now.NextHopTls != HopTls.Never && (extensions.StartTls || now.NextHopTls == HopTls.Must))
            {
                // What arrived behind the 220 came from outside TLS, and would be read inside it.
                if (!extensions.StartTls || await Ask(wire, "STARTTLS\r\n"u8.ToArray()) is not { Code: 220 } || wire.Arrived.Length > 0)
                    return Failed();
                var options = new SslClientAuthenticationOptions { TargetHost = hop.Host };
                if (now.NextHopTls == HopTls.May)
#pragma warning disable CA5359 // opportunistic: against those who listen, with no claim about who answers (RFC 7435)
                    options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
                if (!await wire.BeginTls(options) || await Greet(wire, now.Name) is not { } inside)
                    return Failed();
                extensions = inside;
            }
            return new HopConnection(wire, hop, extensions, deadlines);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return Failed();
        }

        HopConnection? Failed()
        {
            if (wire is not null)
            {
                deadlines.Remove(wire);
                wire.Dispose();
            }
            return null;
        }
    }

    private static async Task<HopExtensions?> Greet(Wire wire, string name)
    {
        if (await Ask(wire, Encoding.ASCII.GetBytes($"EHLO {name}\r\n")) is { Code: 250 } ehlo)
            return HopExtensions.Read(ehlo);
        return await Ask(wire, Encoding.ASCII.GetBytes($"HELO {name}\r\n")) is { Code: 250 } ? new HopExtensions() : null;
    }

    private static async Task<SmtpReply?> Ask(Wire wire, ReadOnlyMemory<byte> command) => await wire.Send(command) ? await wire.ReadReply() : null;

    private static async Task<Socket?> Open(DnsEndPoint hop, int seconds)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(hop.Host, hop.Port, late.Token);
            return socket;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            return null;
        }
    }

    public void Dispose()
    {
        _closed = true;
        while (_waiting.TryPop(out var waiting))
            waiting.Dispose();
    }
}
