using System.Net;
using System.Net.Sockets;

namespace Countersign.GateBench;

/// <summary>A name server to which every name is unknown, and which says so at once (RFC 1035, response code 3).</summary>
internal sealed class NoNames : IDisposable
{
    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));

    public NoNames() => new Thread(Answer) { IsBackground = true }.Start();

    public int Port => ((IPEndPoint)_socket.Client.LocalEndPoint!).Port;

    public void Dispose() => _socket.Dispose();

    private void Answer()
    {
        try
        {
            while (true)
            {
                var from = new IPEndPoint(IPAddress.Any, 0);
                var question = _socket.Receive(ref from);
                if (question.Length < 12)
                    continue;
                // The question comes back as a response, recursion available, no such name; nothing else is in it.
                question[2] |= 0x80;
                question[3] = 0x83;
                question.AsSpan(6, 6).Clear();
                _socket.Send(EndOfQuestion(question), from);
            }
        }
        catch (SocketException)
        {
            // Disposed.
        }
        catch (ObjectDisposedException)
        {
        }
    }

    /// <summary>The header and the first question, without additional records (EDNS).</summary>
    private static ReadOnlySpan<byte> EndOfQuestion(byte[] message)
    {
        var at = 12;
        while (at < message.Length && message[at] != 0)
            at += message[at] + 1;
        return message.AsSpan(0, Math.Min(message.Length, at + 5));
    }
}
