using System.Net;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Gate.Smtp;
using Countersign.Proof;

/// <summary>A gate that knows one draft, and stands between a port and a next hop until it is killed.</summary>
internal static class GateWorker
{
    /// <param name="port">Where it listens.</param>
    /// <param name="hop">The next hop's port.</param>
    /// <param name="folder">Where it keeps what it knows, its cases and its spool.</param>
    /// <param name="secret">The draft.</param>
    public static int Run(int port, int hop, string folder, string secret)
    {
        var texts = KnownTexts.Open(Path.Combine(folder, "texts"), new byte[32]);
        texts.Learn(new KnownText("l-1", "TFN-2026-0001", 1, KnownTextKind.Draft), NormalText.Of(secret));
        var knowledge = new GateKnowledge(
            new Gatekeeper(texts, new LookAlikes(new OfficeLook("Task Force North", "TFN", [], [])), _ => throw new InvalidOperationException("nothing here is sealed"), new UnreadPolicy()),
            new Dictionary<Digest, DateTimeOffset>());
        var mail = new MailGate(_ => knowledge, () => new MailPolicy(), CaseBook.Open(Path.Combine(folder, "cases.db")), TimeProvider.System);
        var gate = new SmtpGate(
            new GateSettings
            {
                Listen = [new IPEndPoint(IPAddress.Loopback, port)],
                NextHops = [new DnsEndPoint("127.0.0.1", hop)],
                Name = "gate.example",
                Spool = Path.Combine(folder, "spool"),
                Limits = new GateLimits { MemoryPerMessage = 16_384 },
            },
            mail.Decide);
        gate.Start();
        Console.WriteLine("ready");
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }
}
