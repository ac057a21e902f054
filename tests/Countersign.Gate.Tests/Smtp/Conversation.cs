using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Countersign.Gate.Tests.Smtp;

/// <summary>A client that says what a test says, byte for byte, and holds the server to its answers.</summary>
public sealed class Conversation : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000, SendTimeout = 30_000 };
    private Stream _stream;
    private readonly byte[] _one = new byte[1];

    public Conversation(IPEndPoint server, bool greeted = true)
    {
        _socket.Connect(server);
        _socket.NoDelay = true;
        _stream = new NetworkStream(_socket, ownsSocket: true);
        if (greeted)
            Expect("220");
    }

    /// <summary>A conversation that has said EHLO.</summary>
    public static Conversation Greeted(IPEndPoint server)
    {
        var talk = new Conversation(server);
        talk.Say("EHLO client.example", "250");
        return talk;
    }

    public void Send(string text) => _stream.Write(Encoding.Latin1.GetBytes(text));

    public void Send(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    /// <summary>Says a line, and reads the answer, which must begin so. All of it is returned.</summary>
    public string Say(string line, string expected)
    {
        Send(line + "\r\n");
        return Expect(expected);
    }

    /// <summary>Reads one answer.</summary>
    public string Expect(string expected)
    {
        var answer = Read();
        Assert.True(answer is not null && answer.StartsWith(expected, StringComparison.Ordinal), $"\"{answer ?? "the end"}\", where {expected} was expected");
        return answer!;
    }

    /// <summary>One answer with all its lines; null when the connection has ended.</summary>
    public string? Read()
    {
        var all = new StringBuilder();
        while (true)
        {
            var line = new StringBuilder();
            while (true)
            {
                int read;
                try
                {
                    read = _stream.Read(_one);
                }
                catch (IOException)
                {
                    read = 0;
                }
                if (read == 0)
                    return null;
                line.Append((char)_one[0]);
                if (_one[0] == '\n')
                    break;
            }
            all.Append(line);
            if (line.Length < 4 || line[3] != '-')
                return all.ToString();
        }
    }

    /// <summary>Sends a message whole, with its final dot, and returns the last answer.</summary>
    public string Mail(string message, string from = "a@tfn.example", params string[] to)
    {
        Say($"MAIL FROM:<{from}>", "250");
        foreach (var recipient in to.Length > 0 ? to : ["b@example.org"])
            Say($"RCPT TO:<{recipient}>", "250");
        Say("DATA", "354");
        Send(message + "\r\n.\r\n");
        return Read() ?? "the end";
    }

    public void StartTls()
    {
        Say("STARTTLS", "220");
#pragma warning disable CA5359 // the test's own certificate
        var tls = new SslStream(_stream, false, (_, _, _, _) => true);
#pragma warning restore CA5359
        tls.AuthenticateAsClient("gate.example");
        _stream = tls;
    }

    /// <summary>Ends without a word.</summary>
    public void Vanish() => _socket.Dispose();

    public void Dispose() => _stream.Dispose();
}
