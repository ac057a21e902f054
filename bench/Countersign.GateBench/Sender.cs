using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.GateBench;

/// <summary>What was sent.</summary>
/// <param name="Messages">How many were accepted.</param>
/// <param name="Seconds">In what time.</param>
/// <param name="Milliseconds">The time of each whole transaction, rising; empty where the sender does not tell.</param>
internal sealed record Sent(long Messages, double Seconds, double[] Milliseconds)
{
    public double PerSecond => Messages / Seconds;

    /// <summary>The time within which this part of all transactions ended; not a number where nothing is known.</summary>
    public double Within(double part) => Milliseconds.Length == 0 ? double.NaN : Milliseconds[Math.Min(Milliseconds.Length - 1, (int)(part * Milliseconds.Length))];
}

/// <summary>How mail is sent.</summary>
/// <param name="Count">How many sessions at once.</param>
/// <param name="Kept">Whether a session sends one message after another, or makes a new connection for each.</param>
internal sealed record Sessions(int Count, bool Kept);

/// <summary>Sends with Postfix's <c>smtp-source</c>: one text again and again, in lock step.</summary>
internal static class SmtpSource
{
    public static Sent Send(int port, Sessions sessions, string messageFile, long count)
    {
        var start = Stopwatch.GetTimestamp();
        string[] kept = sessions.Kept ? ["-d"] : [];
        Programs.Run("smtp-source", [.. kept, "-s", Text(sessions.Count), "-m", Text(count), "-F", messageFile, "-f", Mails.Sender, "-t", Mails.Recipient, $"127.0.0.1:{Text(port)}"]);
        return new Sent(count, Stopwatch.GetElapsedTime(start).TotalSeconds, []);

        static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
    }
}

/// <summary>
/// Sends texts of its own choice and times each transaction, in lock step like <c>smtp-source</c>: a thread for each session, blocking sockets. A transaction runs from MAIL to the answer to
/// the final dot, with a new connection from connecting to there.
/// </summary>
internal static class TimedSender
{
    /// <summary>Closed loop: each session sends the next message when the last is answered.</summary>
    public static Sent Closed(int port, Sessions sessions, Func<byte[]> next, TimeSpan time)
    {
        var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        return Run(port, sessions, next, () => Stopwatch.GetTimestamp() < end ? Stopwatch.GetTimestamp() : null);
    }

    /// <summary>
    /// Open loop: messages come by chance (Poisson), so many a second, whatever the server does. What waits for a free session is late already: its time runs from when it came.
    /// </summary>
    public static Sent Open(int port, Sessions sessions, Func<byte[]> next, double perSecond, TimeSpan time)
    {
        var random = new Random(20260106);
        var arrivals = new List<double>();
        for (var at = 0.0; at < time.TotalSeconds; at -= Math.Log(1 - random.NextDouble()) / perSecond)
            arrivals.Add(at);
        var (start, taken) = (Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 10), -1);
        return Run(port, sessions, next, () =>
        {
            var mine = Interlocked.Increment(ref taken);
            if (mine >= arrivals.Count)
                return null;
            var due = start + (long)(arrivals[mine] * Stopwatch.Frequency);
            if (Stopwatch.GetTimestamp() >= due)
                return due;
            while (Stopwatch.GetTimestamp() < due)
                Thread.Sleep((int)Math.Clamp((due - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency, 1, 1000));
            // A session was free: how long this thread overslept is not the server's affair.
            return Stopwatch.GetTimestamp();
        });
    }

    /// <summary>Sends one message and returns the answer to its final dot, whatever it is.</summary>
    public static string SendOne(int port, byte[] message)
    {
        using var session = new Session(port);
        return session.Transact(message);
    }

    /// <summary>Sends until <paramref name="begin"/>, which waits and says when a transaction begins, says that it is over.</summary>
    private static Sent Run(int port, Sessions sessions, Func<byte[]> next, Func<long?> begin)
    {
        var times = new List<double>[sessions.Count];
        Exception? trouble = null;
        var threads = Enumerable.Range(0, sessions.Count).Select(n => new Thread(() =>
        {
            var mine = times[n] = [];
            Session? session = null;
            try
            {
                if (sessions.Kept)
                    session = new Session(port);
                while (Volatile.Read(ref trouble) is null && begin() is { } from)
                {
                    var message = next();
                    session ??= new Session(port);
                    if (session.Transact(message) is var answer && answer[0] != '2')
                        throw new InvalidOperationException($"A message was answered: {answer}");
                    mine.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
                    if (!sessions.Kept)
                    {
                        session.Dispose();
                        session = null;
                    }
                }
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException or IOException)
            {
                Volatile.Write(ref trouble, e);
            }
            finally
            {
                session?.Dispose();
            }
        }, 256 * 1024)).ToList();
        var start = Stopwatch.GetTimestamp();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (trouble is not null)
            throw new InvalidOperationException(trouble.Message, trouble);
        var all = times.SelectMany(t => t).ToArray();
        Array.Sort(all);
        return new Sent(all.Length, seconds, all);
    }

    private sealed class Session : IDisposable
    {
        private static readonly byte[] s_mail = Encoding.ASCII.GetBytes($"MAIL FROM:<{Mails.Sender}>\r\n"), s_rcpt = Encoding.ASCII.GetBytes($"RCPT TO:<{Mails.Recipient}>\r\n"),
            s_data = "DATA\r\n"u8.ToArray(), s_ehlo = "EHLO sender.tfn.example\r\n"u8.ToArray(), s_quit = "QUIT\r\n"u8.ToArray();

        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = 120_000, ReceiveTimeout = 120_000 };
        private readonly byte[] _answer = new byte[4096];

        public Session(int port)
        {
            _socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
            Must('2', Read());
            Must('2', Ask(s_ehlo));
        }

        public string Transact(byte[] message)
        {
            Must('2', Ask(s_mail));
            Must('2', Ask(s_rcpt));
            Must('3', Ask(s_data));
            return Encoding.UTF8.GetString(Ask(message));
        }

        public void Dispose()
        {
            try
            {
                _socket.Send(s_quit);
            }
            catch (SocketException)
            {
                // The server closed it.
            }
            _socket.Dispose();
        }

        private ReadOnlySpan<byte> Ask(byte[] said)
        {
            for (var sent = 0; sent < said.Length;)
                sent += _socket.Send(said, sent, said.Length - sent, SocketFlags.None);
            return Read();
        }

        /// <summary>Reads one answer, which ends with a line whose fourth character is no hyphen.</summary>
        private ReadOnlySpan<byte> Read()
        {
            var (length, line) = (0, 0);
            while (true)
            {
                var read = _socket.Receive(_answer, length, _answer.Length - length, SocketFlags.None);
                if (read == 0)
                    throw new IOException($"The server closed the connection after: {Encoding.UTF8.GetString(_answer, 0, length)}");
                length += read;
                while (_answer.AsSpan(line, length - line).IndexOf((byte)'\n') is var end and >= 0)
                {
                    if (end < 4 || _answer[line + 3] != '-')
                        return _answer.AsSpan(0, length).TrimEnd("\r\n"u8);
                    line += end + 1;
                }
            }
        }

        private static void Must(char kind, ReadOnlySpan<byte> answer)
        {
            if (answer.Length == 0 || answer[0] != kind)
                throw new InvalidOperationException($"A command was answered: {Encoding.UTF8.GetString(answer)}");
        }
    }
}
