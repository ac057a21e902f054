using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Gate.Tests.Smtp;

/// <summary>Where a next hop dies: when it has read this, and before it answers; or in the middle of a message.</summary>
public enum HopDies
{
    Never,
    AtConnect,
    AtEhlo,
    AtMail,
    AtRcpt,
    AtData,
    InMessage,
    AtDot,
}

/// <summary>
/// A next hop for tests: a mail server on loopback that takes what it is told to take, keeps every message byte for byte as it came on the wire, and dies where it is told to.
/// </summary>
public sealed class ScriptedHop : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Lock _gate = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<byte[]> _messages = [];
    private readonly List<string> _commands = [];
    private volatile bool _over;

    public ScriptedHop()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Endpoint = new DnsEndPoint("127.0.0.1", ((IPEndPoint)_listener.LocalEndPoint!).Port);
        new Thread(Accept) { IsBackground = true }.Start();
    }

    public DnsEndPoint Endpoint { get; }

    /// <summary>What it offers.</summary>
    public string[] Extensions { get; set; } = ["PIPELINING", "SIZE 20000000", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES"];

    /// <summary>Its answer to a command line, or to <c>.</c> for a whole message; null for the usual one.</summary>
    public Func<string, string?> Answer { get; set; } = _ => null;

    public HopDies Dies { get; set; }

    /// <summary>How often it dies there; afterwards it lives.</summary>
    public int Deaths { get; set; } = int.MaxValue;

    /// <summary>The messages that it said 250 to, with their dots as they came.</summary>
    public IReadOnlyList<byte[]> Messages
    {
        get
        {
            lock (_gate)
                return [.. _messages];
        }
    }

    /// <summary>Every command line.</summary>
    public IReadOnlyList<string> Commands
    {
        get
        {
            lock (_gate)
                return [.. _commands];
        }
    }

    private void Accept()
    {
        while (!_over)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (SocketException)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            lock (_gate)
                _sockets.Add(socket);
            new Thread(() => Serve(socket)) { IsBackground = true }.Start();
        }
    }

    private bool Die(HopDies here)
    {
        lock (_gate)
            return Dies == here && Deaths-- > 0;
    }

    private void Serve(Socket socket)
    {
        try
        {
            using var stream = new NetworkStream(socket, ownsSocket: true);
            using var buffered = new BufferedStream(stream, 65_536);
            void Say(string text) => stream.Write(Encoding.UTF8.GetBytes(text + "\r\n"));
            if (Die(HopDies.AtConnect))
                return;
            Say("220 hop.example ESMTP");
            using var chunks = new MemoryStream();
            while (Line(buffered) is { } line)
            {
                lock (_gate)
                    _commands.Add(line);
                var verb = line.Split(' ')[0].ToUpperInvariant();
                if (verb switch { "EHLO" => Die(HopDies.AtEhlo), "MAIL" => Die(HopDies.AtMail), "RCPT" => Die(HopDies.AtRcpt), "DATA" => Die(HopDies.AtData), _ => false })
                    return;
                var said = Answer(line);
                switch (verb)
                {
                    case "EHLO":
                        Say(said ?? string.Join("\r\n", (string[])["250-hop.example", .. Extensions.Select(e => "250-" + e)]) + "\r\n250 OK");
                        break;
                    case "DATA":
                        Say(said ?? "354 go ahead");
                        if (said is not null && !said.StartsWith("354", StringComparison.Ordinal))
                            break;
                        if (Message(buffered) is not { } message || Die(HopDies.AtDot))
                            return;
                        Take(message);
                        break;
                    case "BDAT":
                        var words = line.Split(' ');
                        var bytes = new byte[int.Parse(words[1], System.Globalization.CultureInfo.InvariantCulture)];
                        buffered.ReadExactly(bytes);
                        chunks.Write(bytes);
                        if (words.Length < 3)
                        {
                            Say("250 2.0.0 chunk");
                            break;
                        }
                        if (Die(HopDies.AtDot))
                            return;
                        Take(chunks.ToArray());
                        chunks.SetLength(0);
                        break;
                    case "QUIT":
                        Say("221 bye");
                        return;
                    default:
                        Say(said ?? "250 2.0.0 ok");
                        break;
                }
            }

            void Take(byte[] message)
            {
                var final = Answer(".") ?? "250 2.0.0 taken as 1234";
                if (final.StartsWith('2'))
                    lock (_gate)
                        _messages.Add(message);
                Say(final);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or EndOfStreamException)
        {
        }
    }

    private static string? Line(Stream stream)
    {
        var line = new List<byte>();
        for (int b; (b = stream.ReadByte()) >= 0;)
        {
            line.Add((byte)b);
            if (b == '\n')
                return Encoding.UTF8.GetString([.. line]).TrimEnd('\r', '\n');
        }
        return null;
    }

    /// <summary>A naive server's idea of a message: it also ends at a bare LF, as some do, so that smuggling through the gate would show.</summary>
    private byte[]? Message(Stream stream)
    {
        var all = new List<byte>();
        for (int b; (b = stream.ReadByte()) >= 0;)
        {
            all.Add((byte)b);
            if (all.Count > 20 && Die(HopDies.InMessage))
                return null;
            if (b != '\n' || all.Count < 3)
                continue;
            var end = Encoding.Latin1.GetString([.. all.TakeLast(5)]);
            if (end is "\r\n.\r\n" || all.Count == 3 && end == ".\r\n")
                return [.. all.SkipLast(3)];
            if (end.EndsWith("\n.\n", StringComparison.Ordinal) || end.EndsWith("\n.\r\n", StringComparison.Ordinal))
                return [.. all];
        }
        return null;
    }

    /// <summary>Ends every connection now, and takes new ones.</summary>
    public void CutAll()
    {
        lock (_gate)
        {
            _sockets.ForEach(s => s.Dispose());
            _sockets.Clear();
        }
    }

    public void Dispose()
    {
        _over = true;
        _listener.Dispose();
        CutAll();
    }
}
