using System.Net.Sockets;
using Xunit;

namespace Countersign.Story.Tests.Mail;

/// <summary>Waits for what other processes do. Long enough for a busy machine; what holds at once costs nothing.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(5);

    /// <summary>Serves each client that comes, beside whatever the test does, until the listener is disposed of.</summary>
    public static void ForClients(TcpListener listener, Func<TcpClient, Task> serve) => _ = Task.Run(async () =>
    {
        try
        {
            while (true)
                _ = serve(await listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It was disposed of.
        }
    });

    /// <summary>Waits until something holds; the test fails when it does not come to hold.</summary>
    public static void For(Func<bool> holds, string what)
    {
        var until = DateTime.UtcNow + Most;
        while (!holds())
        {
            Assert.True(DateTime.UtcNow < until, $"waited in vain until {what}");
            Thread.Sleep(20);
        }
    }
}
