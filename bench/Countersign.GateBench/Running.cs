using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Countersign.GateBench;

/// <summary>A server that was started here, with all its children. Disposed, it is told to stop, and ended where it does not.</summary>
internal sealed class Running : IDisposable
{
    /// <summary>What the kernel counts processor time in (USER_HZ, 100 on every Linux platform of .NET), in microseconds.</summary>
    private const double MicrosecondsATick = 10_000;

    private static readonly List<Running> s_all = [];

    private readonly Process _process;
    private readonly StreamWriter _log;
    private bool _disposed;

    private Running(Process process, StreamWriter log) => (_process, _log) = (process, log);

    /// <summary>Starts a program that stays in the foreground; what it says goes into a file.</summary>
    public static Running Start(string logFile, string program, params string[] arguments)
    {
        var process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true } };
        var log = new StreamWriter(logFile) { AutoFlush = true };
        void Keep(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is not null)
                lock (log)
                    log.WriteLine(line.Data);
        }
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var running = new Running(process, log) { LogFile = logFile };
        s_all.Add(running);
        return running;
    }

    /// <summary>Ends everything that was started and still runs, the last first: also what nobody holds because something went wrong beside it.</summary>
    public static void EndAll()
    {
        for (var i = s_all.Count - 1; i >= 0; i--)
            s_all[i].Dispose();
        s_all.Clear();
    }

    public required string LogFile { get; init; }

    /// <summary>Processor time of the process and of every child, also of those that ended, in microseconds.</summary>
    public double ProcessorMicroseconds()
    {
        var (parents, ticks) = (new Dictionary<int, int>(), new Dictionary<int, long>());
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                continue;
            try
            {
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                // proc(5): behind the name in brackets come state, ppid, …; utime, stime, cutime, cstime are fields 14 to 17.
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                parents[id] = int.Parse(fields[1], CultureInfo.InvariantCulture);
                ticks[id] = fields[11..15].Sum(f => long.Parse(f, CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // It ended meanwhile; its parent has its time.
            }
        }
        return ticks.Where(t => IsOurs(t.Key)).Sum(t => t.Value) * MicrosecondsATick;

        bool IsOurs(int id)
        {
            for (; id > 1; id = parents.GetValueOrDefault(id))
                if (id == _process.Id)
                    return true;
            return false;
        }
    }

    /// <summary>Waits until it answers on a port; throws with what it said where it ends, or does not answer in a minute.</summary>
    public Running Answering(int port)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                client.Connect(IPAddress.Loopback, port);
                return this;
            }
            catch (SocketException)
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(since) > TimeSpan.FromMinutes(1))
                    throw new InvalidOperationException($"{_process.StartInfo.FileName} does not answer on port {port}:\n{Said()}");
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>Waits until it has done what it does after its start: it takes less than a hundredth of a processor for two seconds.</summary>
    public Running Idle()
    {
        for (var before = ProcessorMicroseconds(); ; before = ProcessorMicroseconds())
        {
            Thread.Sleep(2000);
            if (ProcessorMicroseconds() - before <= 20_000)
                return this;
        }
    }

    public string Said()
    {
        lock (_log)
            _log.Flush();
        return File.ReadAllText(LogFile);
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!_process.HasExited)
        {
            Programs.Run("kill", "-TERM", _process.Id.ToString(CultureInfo.InvariantCulture));
            if (!_process.WaitForExit(TimeSpan.FromSeconds(20)))
                _process.Kill(entireProcessTree: true);
        }
        _process.WaitForExit();
        _process.Dispose();
        lock (_log)
            _log.Dispose();
    }
}

/// <summary>Programs that run to their end, and where things are.</summary>
internal static class Programs
{
    private static readonly string[] s_folders = ["/usr/sbin", "/usr/bin", "/usr/lib/postfix/sbin", "/usr/libexec/postfix"];

    /// <summary>The repository's root.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>Runs a program to its end and returns its output; throws with what it said where it fails.</summary>
    public static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} gave {process.ExitCode}:\n{output}{error.GetAwaiter().GetResult()}");
    }

    /// <summary>Where a program lies; null where it is not installed.</summary>
    public static string? Find(string name) => s_folders.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);

    /// <summary>A port that nobody has at the moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A new folder that servers which gave up root's rights can enter.</summary>
    public static string Folder(params string[] path)
    {
        var folder = Directory.CreateDirectory(Path.Combine(path)).FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return folder;
    }

    public static void Write(string path, string text) => File.WriteAllText(path, text.ReplaceLineEndings("\n"), new UTF8Encoding(false));

    private static string FindRepository()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
            if (File.Exists(Path.Combine(dir.FullName, "Countersign.slnx")))
                return dir.FullName;
        throw new InvalidOperationException("The bench runs from inside a checkout of the repository.");
    }
}
