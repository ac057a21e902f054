using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Story.Tests.Mail;

/// <summary>An answer of a mail server: its code and all its lines. Code 0: the connection ended.</summary>
internal sealed record SmtpAnswer(int Code, string Text)
{
    public static readonly SmtpAnswer Gone = new(0, "(the connection ended)");

    /// <summary>Clients go by the first digit (RFC 5321 §4.3.2).</summary>
    public int Class => Code / 100;

    public override string ToString() => Text;
}

/// <summary>Speaks SMTP by hand, with a server on the loopback.</summary>
internal sealed class SmtpTalk : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly NetworkStream _stream;
    private readonly byte[] _buffer = new byte[8192];
    private int _at, _end;

    /// <summary>Connects, and reads the greeting.</summary>
    public SmtpTalk(int port)
    {
        _client.Connect(IPAddress.Loopback, port);
        _client.NoDelay = true;
        _client.ReceiveTimeout = 300_000;
        _stream = _client.GetStream();
        Greeting = Read();
    }

    public SmtpAnswer Greeting { get; }

    /// <summary>Says a command and reads its answer.</summary>
    public SmtpAnswer Say(string command)
    {
        Send(Encoding.UTF8.GetBytes(command + "\r\n"));
        return Read();
    }

    /// <summary>Sends bytes. What the other side no longer reads shows when its answer is read.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Reads one answer.</summary>
    public SmtpAnswer Read()
    {
        var text = new StringBuilder();
        while (true)
        {
            if (Line() is not { } line)
                return SmtpAnswer.Gone;
            text.Append(line).Append('\n');
            if (line.Length < 4 || line[3] != '-')
                return new SmtpAnswer(int.TryParse(line.AsSpan(0, Math.Min(3, line.Length)), out var code) ? code : -1, text.ToString().TrimEnd());
        }
    }

    /// <summary>Reads all that comes until the other side ends.</summary>
    public List<SmtpAnswer> ReadToEnd()
    {
        var all = new List<SmtpAnswer>();
        while (Read() is { Code: not 0 } answer)
            all.Add(answer);
        return all;
    }

    /// <summary>Sends a message the ordinary way, and ends. The answer that decided.</summary>
    public static SmtpAnswer Mail(int port, string sender, IEnumerable<string> recipients, byte[] message)
    {
        using var talk = new SmtpTalk(port);
        var said = talk.Say("EHLO client.example");
        if (said.Code == 250)
            said = talk.Say($"MAIL FROM:<{sender}>{(message.Any(b => b > 127) ? " BODY=8BITMIME" : "")}");
        foreach (var recipient in recipients)
            if (said.Code == 250)
                said = talk.Say($"RCPT TO:<{recipient}>");
        if (said.Code == 250)
            said = talk.Say("DATA");
        if (said.Code != 354)
            return said;
        talk.Send(Stuffed(message));
        said = talk.Read();
        talk.Say("QUIT");
        return said;
    }

    /// <summary>A message as it goes behind DATA: with its dots stuffed, and its end (RFC 5321 §4.5.2).</summary>
    public static byte[] Stuffed(byte[] message) =>
        Encoding.Latin1.GetBytes(("\r\n" + Encoding.Latin1.GetString(message)).Replace("\r\n.", "\r\n..", StringComparison.Ordinal)[2..] + ".\r\n");

    private string? Line()
    {
        var line = new MemoryStream();
        while (true)
        {
            if (_at == _end)
            {
                try
                {
                    (_at, _end) = (0, _stream.Read(_buffer));
                }
                catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: not SocketError.TimedOut })
                {
                    return null;
                }
                if (_end == 0)
                    return null;
            }
            var b = _buffer[_at++];
            if (b == '\n')
                return Encoding.UTF8.GetString(line.ToArray()).TrimEnd('\r');
            line.WriteByte(b);
        }
    }

    public void Dispose() => _client.Dispose();
}
