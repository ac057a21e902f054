using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.Story.Tests.Mail;

/// <summary>A message as it arrived where it was to go: the envelope, and the bytes without stuffed dots.</summary>
internal sealed record ArrivedMail(string Sender, IReadOnlyList<string> Recipients, byte[] Bytes)
{
    /// <summary>As text, byte by byte.</summary>
    public string Text => Encoding.Latin1.GetString(Bytes);

    /// <summary>
    /// The message as it was sent: without what servers put on top of it on its way (Received, RFC 5321 §4.4). Anything else that was put there stays, and makes a difference.
    /// </summary>
    public byte[] Sent
    {
        get
        {
            var lines = Text.Split("\r\n");
            var at = 0;
            var trace = 0;
            while (trace < lines.Length && (lines[trace].StartsWith("Received: ", StringComparison.Ordinal) || trace > 0 && lines[trace].StartsWith('\t')))
                at += lines[trace++].Length + 2;
            return Bytes[at..];
        }
    }
}

/// <summary>The recipients' mail server: takes every message, and keeps it byte for byte.</summary>
internal sealed class Sink : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<ArrivedMail> _mail = [];
    private readonly Lock _gate = new();

    public Sink()
    {
        _listener.Start();
        Waiting.ForClients(_listener, Serve);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>All that has arrived.</summary>
    public IReadOnlyList<ArrivedMail> Mail
    {
        get
        {
            lock (_gate)
                return [.. _mail];
        }
    }

    /// <summary>Waits for a message with these words in it.</summary>
    public ArrivedMail Await(string words)
    {
        ArrivedMail? found = null;
        Waiting.For(() => (found = Mail.FirstOrDefault(m => m.Text.Contains(words, StringComparison.Ordinal))) is not null, $"a message with \"{words}\" arrives");
        return found!;
    }

    private async Task Serve(TcpClient client)
    {
        using var owned = client;
        try
        {
            var stream = client.GetStream();
            var reader = new ByteLines(stream);
            Task Say(string answer) => stream.WriteAsync(Encoding.ASCII.GetBytes(answer + "\r\n")).AsTask();
            var (sender, recipients) = ("", new List<string>());
            await Say("220 sink.example ESMTP");
            while (await reader.Read() is { } bytes)
            {
                var line = Encoding.UTF8.GetString(bytes).TrimEnd('\r', '\n');
                switch (line.Split(' ', ':')[0].ToUpperInvariant())
                {
                    case "EHLO":
                        await Say("250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES");
                        break;
                    case "MAIL":
                        (sender, recipients) = (Path(line), []);
                        await Say("250 2.1.0 Ok");
                        break;
                    case "RCPT":
                        recipients.Add(Path(line));
                        await Say("250 2.1.5 Ok");
                        break;
                    case "DATA":
                        await Say("354 Go ahead");
                        var message = new MemoryStream();
                        while (await reader.Read() is { } text && !text.AsSpan().SequenceEqual(".\r\n"u8))
                            message.Write(text.AsSpan(text[0] == '.' ? 1 : 0));
                        lock (_gate)
                            _mail.Add(new ArrivedMail(sender, recipients, message.ToArray()));
                        await Say("250 2.0.0 Ok");
                        break;
                    case "QUIT":
                        await Say("221 2.0.0 Bye");
                        return;
                    default:
                        await Say("250 2.0.0 Ok");
                        break;
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The other side is gone.
        }
    }

    private static string Path(string line) => line[(line.IndexOf('<', StringComparison.Ordinal) + 1)..line.IndexOf('>', StringComparison.Ordinal)];

    public void Dispose() => _listener.Dispose();

    /// <summary>Lines as they come, each with its line end. CR LF ends a line, and nothing else.</summary>
    private sealed class ByteLines(Stream stream)
    {
        private readonly byte[] _buffer = new byte[65_536];
        private int _at, _end;

        public async Task<byte[]?> Read()
        {
            var line = new MemoryStream();
            for (byte last = 0; ;)
            {
                if (_at == _end)
                {
                    (_at, _end) = (0, await stream.ReadAsync(_buffer));
                    if (_end == 0)
                        return null;
                }
                var b = _buffer[_at++];
                line.WriteByte(b);
                if (b == '\n' && last == '\r')
                    return line.ToArray();
                last = b;
            }
        }
    }
}
