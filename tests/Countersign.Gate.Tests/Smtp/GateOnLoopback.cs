using System.Net;
using Countersign.Gate.Smtp;

namespace Countersign.Gate.Tests.Smtp;

/// <summary>A gate on loopback before a scripted next hop. It refuses what holds the word SECRET, and cannot judge what holds UNSURE.</summary>
public sealed class GateOnLoopback : IDisposable
{
    public GateOnLoopback(Func<GateSettings, GateSettings>? change = null, MailJudge? judge = null)
    {
        Spool = Directory.CreateTempSubdirectory("countersign-gate-").FullName;
        var settings = new GateSettings
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
            NextHops = [Hop.Endpoint],
            Name = "gate.example",
            Spool = Path.Combine(Spool, "spool"),
            Limits = new GateLimits { HopSeconds = 10, DrainSeconds = 2 },
        };
        Gate = new SmtpGate(change?.Invoke(settings) ?? settings, judge ?? Judge);
        Gate.Start();
    }

    public ScriptedHop Hop { get; } = new();

    public SmtpGate Gate { get; }

    public string Spool { get; }

    public IPEndPoint At => Gate.Endpoints[0];

    /// <summary>What was judged.</summary>
    public List<(Envelope Envelope, byte[] Message)> Judged { get; } = [];

    public Conversation Talk() => Conversation.Greeted(At);

    private MailRuling? Judge(Envelope envelope, ReadOnlyMemory<byte> message, bool atOnce)
    {
        lock (Judged)
            Judged.Add((envelope, message.ToArray()));
        return message.Span.IndexOf("SECRET"u8) >= 0 ? new MailRuling(RulingKind.Refuse, "It holds a secret.", "K7QM-3XPD")
            : message.Span.IndexOf("UNSURE"u8) >= 0 ? new MailRuling(RulingKind.Unsure, "It cannot be told.", "K7QM-3XPE")
            : MailRuling.Pass;
    }

    public void Dispose()
    {
        Gate.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Hop.Dispose();
        Directory.Delete(Spool, recursive: true);
    }
}
