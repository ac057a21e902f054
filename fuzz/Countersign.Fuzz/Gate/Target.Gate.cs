using System.Net;
using System.Net.Sockets;
using System.Text;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Gate.Smtp;
using Countersign.Proof;

namespace Countersign.Fuzz;

// The gate: a session of SMTP as a stranger speaks it, and a message as it is judged.
internal sealed partial record Target
{
    private static readonly Lazy<Gatehouse> Gates = new(() => new Gatehouse());

    /// <summary>
    /// <c>smtp</c>: any bytes from a client. The session ends, and what reached the next hop is what the gate said that it took: no message that holds the draft, none with a line end that
    /// servers read differently, as many as it acknowledged. <c>judge</c>: any bytes as a message. It is judged, and alike twice; one that passes at once passes in full.
    /// </summary>
    public static IReadOnlyList<Target> OfTheGate { get; } =
    [
        new("smtp", 20_000, bytes => Gates.Value.Session(bytes)),
        new("judge", 50_000, bytes => Gates.Value.Judge(bytes)),
    ];

    /// <summary>A gate with one draft, before a next hop that keeps what it is given.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "It lasts as long as the engine.")]
    private sealed class Gatehouse
    {
        private const string Draft = "We will be repositioning forces over the course of the coming days.";

        private readonly MailGate _mail;
        private readonly SmtpGate _gate;
        private readonly Lock _lock = new();
        private readonly List<string> _taken = [];

        public Gatehouse()
        {
            var folder = Directory.CreateTempSubdirectory("countersign-fuzz-gate-").FullName;
            var texts = KnownTexts.Open(Path.Combine(folder, "texts"), new byte[32]);
            texts.Learn(new KnownText("l-1", "TFN-2026-0001", 1, KnownTextKind.Draft), NormalText.Of(Draft));
            var knowledge = new GateKnowledge(
                new Gatekeeper(texts, new LookAlikes(new OfficeLook("Task Force North", "TFN", [], [])), Unsealed, new UnreadPolicy()), new Dictionary<Digest, DateTimeOffset>());
            _mail = new MailGate(_ => knowledge, () => new MailPolicy { Bounds = Bounds }, CaseBook.Open(Path.Combine(folder, "cases.db")), TimeProvider.System);
            var hop = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            hop.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            hop.Listen(64);
            new Thread(() => TakeAll(hop)) { IsBackground = true }.Start();
            _gate = new SmtpGate(
                new GateSettings
                {
                    Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
                    NextHops = [new DnsEndPoint("127.0.0.1", ((IPEndPoint)hop.LocalEndPoint!).Port)],
                    Name = "gate.example",
                    Spool = Path.Combine(folder, "spool"),
                    Trusted = [new IPNetwork(IPAddress.Loopback, 32)],
                    Limits = new GateLimits { MemoryPerMessage = 16_384, MessageBytes = 65_536, HopSeconds = 2, IdleSeconds = 5 },
                },
                _mail.Decide);
            _gate.Start();
        }

        private static Verdict Unsealed(byte[] pdf) => new() { Kind = VerdictKind.NotReleased, For = DateTimeOffset.UnixEpoch };

        public bool Judge(byte[] message)
        {
            var envelope = new Envelope("127.0.0.1", "fuzz.example", "a@tfn.example", ["b@example.org"]);
            var atOnce = _mail.Decide(envelope, message, atOnce: true);
            var ruling = _mail.Decide(envelope, message, atOnce: false);
            Expect(ruling is not null, "a message is judged");
            Expect(atOnce is null || atOnce.Kind == ruling!.Kind, "what passes at once passes in full");
            Expect(ruling!.Kind == RulingKind.Pass || ruling.Case is not null, "what does not pass has a case");
            return ruling.Kind == RulingKind.Pass;
        }

        public bool Session(byte[] said)
        {
            int before;
            lock (_lock)
                before = _taken.Count;
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
            client.Connect(_gate.Endpoints[0]);
            var answers = new StringBuilder();
            var reading = new Thread(() =>
            {
                var buffer = new byte[4096];
                try
                {
                    for (int read; (read = client.Receive(buffer)) > 0;)
                        answers.Append(Encoding.Latin1.GetString(buffer, 0, read));
                }
                catch (SocketException)
                {
                }
            });
            reading.Start();
            try
            {
                client.Send(Encoding.ASCII.GetBytes("EHLO fuzz.example\r\n"));
                client.Send(said);
                client.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // it ended the session first
            }
            reading.Join();
            Expect(_gate.Meter.Failures == 0, "no session fails");
            lock (_lock)
            {
                var told = answers.ToString().Split('\n').Count(l => l.StartsWith("250 2.0.0 taken", StringComparison.Ordinal));
                var taken = _taken.Skip(before).ToList();
                Expect(told <= taken.Count, "what is acknowledged was taken");
                Expect(taken.TrueForAll(m => !m.Contains("repositioning forces over the course of the coming days", StringComparison.OrdinalIgnoreCase)), "no draft leaves");
                Expect(taken.TrueForAll(m => !m.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny('\r', '\n')), "every line that leaves ends with CR LF");
                _taken.Clear();
                return taken.Count > 0;
            }
        }

        private void TakeAll(Socket listener)
        {
            while (true)
            {
                var socket = listener.Accept();
                new Thread(() => Take(socket)) { IsBackground = true }.Start();
            }
        }

        private void Take(Socket socket)
        {
            try
            {
                using var both = new NetworkStream(socket, ownsSocket: true);
                using var stream = new BufferedStream(both);
                void Say(string line) => both.Write(Encoding.ASCII.GetBytes(line + "\r\n"));
                Say("220 hop.example");
                while (Line(stream) is { } line)
                {
                    if (line.StartsWith("EHLO", StringComparison.Ordinal))
                        Say("250-hop.example\r\n250-SIZE 65536\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-DSN\r\n250-XFORWARD NAME ADDR\r\n250 ENHANCEDSTATUSCODES");
                    else if (line.StartsWith("DATA", StringComparison.Ordinal))
                    {
                        Say("354 go ahead");
                        var message = new StringBuilder();
                        while (Line(stream) is { } next && next != ".\r\n")
                            message.Append(next);
                        Keep(message.ToString());
                        Say("250 2.0.0 taken");
                    }
                    else if (line.StartsWith("BDAT", StringComparison.Ordinal))
                    {
                        var chunk = new byte[int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)];
                        stream.ReadExactly(chunk);
                        Keep(Encoding.Latin1.GetString(chunk));
                        Say("250 2.0.0 taken");
                    }
                    else
                        Say("250 2.0.0 ok");
                }
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
            }
        }

        private void Keep(string message)
        {
            lock (_lock)
                _taken.Add(message);
        }

        private static string? Line(Stream stream)
        {
            var line = new StringBuilder();
            for (int b; (b = stream.ReadByte()) >= 0;)
            {
                line.Append((char)b);
                if (b == '\n' && line.Length > 1 && line[^2] == '\r')
                    return line.ToString();
            }
            return null;
        }
    }
}
