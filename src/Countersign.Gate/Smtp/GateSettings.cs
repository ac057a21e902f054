using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Gate.Smtp;

/// <summary>Whether TLS is used toward the next hop.</summary>
public enum HopTls
{
    /// <summary>Never: the next hop is on this machine.</summary>
    Never,

    /// <summary>Where it is offered, with whatever certificate.</summary>
    May,

    /// <summary>Always, with a certificate of the host's name; else nothing is sent.</summary>
    Must,
}

/// <summary>How much the gate takes on, of everything that a stranger can bring. Times in seconds, sizes in bytes.</summary>
public sealed record GateLimits
{
    public int Connections { get; init; } = 20_000;
    public int ConnectionsPerClient { get; init; } = 2_000;
    public int Recipients { get; init; } = 1_000;

    /// <summary>The largest message.</summary>
    public int MessageBytes { get; init; } = 50_000_000;

    /// <summary>How much of one message is held in memory before it goes to the spool.</summary>
    public int MemoryPerMessage { get; init; } = 1_000_000;

    /// <summary>How much of all messages together.</summary>
    public long MemoryForMessages { get; init; } = 256_000_000;

    /// <summary>Mistakes in one session before it is ended.</summary>
    public int Errors { get; init; } = 20;

    /// <summary>Commands in one session that bring no message forward (NOOP, RSET, EHLO, VRFY) before it is ended.</summary>
    public int IdleCommands { get; init; } = 1_000;

    /// <summary>How long a client may be silent.</summary>
    public int IdleSeconds { get; init; } = 300;

    /// <summary>How long a client may take over one message.</summary>
    public int MessageSeconds { get; init; } = 900;

    /// <summary>How long judging may take before the client is told to try again.</summary>
    public int JudgeSeconds { get; init; } = 60;

    /// <summary>How long the next hop may be silent before a connection, a greeting or an answer.</summary>
    public int HopSeconds { get; init; } = 90;

    /// <summary>How long messages under way may take while the gate closes.</summary>
    public int DrainSeconds { get; init; } = 30;
}

/// <summary>How the gate stands in the flow of mail. Replaced whole when the file is read again; a session keeps what it began with until its next message.</summary>
public sealed record GateSettings
{
    /// <summary>Where mail comes in.</summary>
    public required IReadOnlyList<IPEndPoint> Listen { get; init; }

    /// <summary>Where mail goes on, in the order of preference.</summary>
    public required IReadOnlyList<DnsEndPoint> NextHops { get; init; }

    /// <summary>The gate's name in greetings, on both sides.</summary>
    public required string Name { get; init; }

    /// <summary>Where messages lie that are larger than the memory for them.</summary>
    public required string Spool { get; init; }

    /// <summary>Peers whose XFORWARD and XCLIENT are believed.</summary>
    public IReadOnlyList<IPNetwork> Trusted { get; init; } = [];

    /// <summary>The certificate with its key; null offers no TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Whether nothing is taken without TLS.</summary>
    public bool RequireTls { get; init; }

    public HopTls NextHopTls { get; init; } = HopTls.Never;

    public GateLimits Limits { get; init; } = new();

    /// <summary>Whether a client is one whose word about others is believed.</summary>
    public bool Trusts(IPAddress client)
    {
        var address = client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
        foreach (var network in Trusted)
            if (network.Contains(address))
                return true;
        return false;
    }
}
