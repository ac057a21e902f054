using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Countersign.Gate.Tests.Smtp;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>A gate is killed at random under load, again and again, while its clients try again. COUNTERSIGN_GATE_KILLS says how often; 15 where it is not set.</summary>
public sealed class GateKillTests(ITestOutputHelper output)
{
    private const int Senders = 10;

    private const string Secret = "We will be repositioning forces over the course of the coming days and weeks to prepare for onward movement out of the country.";

    [Fact]
    public async Task Killed_at_any_moment_the_gate_loses_no_message_that_its_sender_was_told_of_and_lets_none_out_that_it_refused()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_GATE_KILLS"), CultureInfo.InvariantCulture, out var asked) ? asked : 15;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Environment.TickCount;
        output.WriteLine($"{kills} kills, seed {seed}");
        var random = new Random(seed);
        var folder = Directory.CreateTempSubdirectory("countersign-gate-kill-").FullName;
        using var hop = new ScriptedHop();
        using var free = new ScriptedHop();
        free.Dispose();
        var port = free.Endpoint.Port;
        var acknowledged = new ConcurrentDictionary<string, string>();
        var cut = 0;
        var over = false;
        var senders = Enumerable.Range(0, Senders).Select(s => Task.Run(() =>
        {
            for (var number = 0; !Volatile.Read(ref over); number++)
            {
                var id = $"{s}-{number}";
                var secret = number % 7 == 3;
                // Every ninth is larger than its memory and goes over the spool.
                var body = $"Subject: {id}\r\n\r\n{(secret ? Secret : "plain")}\r\n{string.Concat(Enumerable.Repeat($"line of {id}\r\n", number % 9 == 0 ? 3000 : 20))}end of {id}";
                while (!Volatile.Read(ref over))
                {
                    var answer = Send(new IPEndPoint(IPAddress.Loopback, port), body);
                    if (answer is null || answer.StartsWith('4'))
                    {
                        Interlocked.Increment(ref cut);
                        Thread.Sleep(10);
                        continue; // it tries again, as mail servers do
                    }
                    Assert.StartsWith(secret ? "550" : "250", answer, StringComparison.Ordinal);
                    if (!secret)
                        acknowledged[id] = body;
                    break;
                }
            }
        }, TestContext.Current.CancellationToken)).ToArray();
        for (var i = 0; i < kills; i++)
        {
            var start = new ProcessStartInfo(
                Path.Combine(AppContext.BaseDirectory, "Countersign.Worker"), ["gate", $"{port}", $"{hop.Endpoint.Port}", folder, Secret])
            { RedirectStandardOutput = true, RedirectStandardError = true };
            using var worker = Process.Start(start)!;
            var error = worker.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            if (random.Next(10) > 0)
                await worker.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            Assert.False(worker.WaitForExit(random.Next(1, 1200)), "the gate stopped by itself");
            worker.Kill();
            await worker.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal("", await error);
        }
        Volatile.Write(ref over, true);
        await Task.WhenAll(senders);

        var arrived = hop.Messages.Select(m => Encoding.Latin1.GetString(m)).ToList();
        var whole = arrived.ToHashSet(StringComparer.Ordinal);
        output.WriteLine($"{acknowledged.Count} messages acknowledged, {arrived.Count} arrived, {cut} attempts cut short");
        Assert.Empty(acknowledged.Where(a => !whole.Contains(a.Value + "\r\n")).Select(a => a.Key));
        Assert.DoesNotContain(arrived, m => m.Contains("repositioning", StringComparison.Ordinal));
        Assert.All(arrived, m => Assert.EndsWith($"end of {m[9..m.IndexOf('\r', StringComparison.Ordinal)]}\r\n", m, StringComparison.Ordinal));
        Assert.True(acknowledged.Count > kills && cut > 0, "too little happened between the kills for the test to mean anything");
        Assert.Empty(Directory.GetFiles(Path.Combine(folder, "spool"))); // what is spooled has no name
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Sends one message; the last answer, or null when the connection was cut.</summary>
    private static string? Send(IPEndPoint gate, string body)
    {
        try
        {
            using var talk = new Conversation(gate, greeted: false);
            string? Next(string? line)
            {
                if (line is not null)
                    talk.Send(line);
                return talk.Read();
            }
            foreach (var line in (string?[])[null, "EHLO client.example\r\n", "MAIL FROM:<a@tfn.example>\r\n", "RCPT TO:<b@example.org>\r\n", "DATA\r\n"])
                if (Next(line) is not { } answer || answer[0] is not ('2' or '3'))
                    return null;
            return Next(body + "\r\n.\r\n");
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            return null;
        }
    }
}
