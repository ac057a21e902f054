using System.Net;
using System.Net.Sockets;

namespace Countersign.Story.Tests.Mail;

/// <summary>Stands between the gate and its next hop and keeps every byte that the gate sends, connection by connection.</summary>
internal sealed class Tap : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _to;
    private readonly List<MemoryStream> _sent = [];
    private readonly Lock _gate = new();

    /// <param name="to">The port of the next hop.</param>
    public Tap(int to)
    {
        _to = to;
        _listener.Start();
        Waiting.ForClients(_listener, Pass);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What the gate sent on each connection so far.</summary>
    public IReadOnlyList<byte[]> Sent
    {
        get
        {
            lock (_gate)
                return [.. _sent.Select(s => s.ToArray())];
        }
    }

    /// <summary>Whether the gate ever sent these bytes on.</summary>
    public bool Saw(ReadOnlySpan<byte> bytes)
    {
        foreach (var sent in Sent)
            if (sent.AsSpan().IndexOf(bytes) >= 0)
                return true;
        return false;
    }

    private async Task Pass(TcpClient client)
    {
        using var owned = client;
        using var server = new TcpClient();
        var kept = new MemoryStream();
        lock (_gate)
            _sent.Add(kept);
        try
        {
            client.NoDelay = server.NoDelay = true;
            await server.ConnectAsync(IPAddress.Loopback, _to);
            var (near, far) = (client.GetStream(), server.GetStream());
            var back = far.CopyToAsync(near);
            var buffer = new byte[65_536];
            // A connection that ends is ended on both sides, at once: what was dropped in the middle is seen to be.
            for (Task<int> read; ;)
            {
                read = near.ReadAsync(buffer).AsTask();
                if (await Task.WhenAny(read, back) == back || await read is var count && count == 0)
                    return;
                lock (_gate)
                    kept.Write(buffer, 0, count);
                await far.WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }

    public void Dispose() => _listener.Dispose();
}
