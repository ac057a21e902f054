using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Countersign.Server.Approving;
using Countersign.Server.Coordinating;
using Countersign.Server.Drafting;
using Countersign.Server.Keeping;
using Countersign.Server.Letters;
using Countersign.Server.Publishing;
using Countersign.Server.Recalling;
using Countersign.Server.Releasing;
using Countersign.Testing;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>What a command answered: its exit code, its JSON answer (null when there is none, or only a part of one), and what it said beside it.</summary>
internal sealed record Answered(int ExitCode, JsonNode? Json, string Error)
{
    public string? Code => Json?["code"]?.ToString();

    /// <summary>Whether the command said that what was asked is so. A killed command that had printed its whole answer said so, too.</summary>
    public bool Acknowledged => Json is not null && Json["refused"] is null;

    public override string ToString() => $"exit {ExitCode} {Json?.ToJsonString()} {Error}";

    public static Answered Of(int exitCode, string output, string error)
    {
        try
        {
            return new Answered(exitCode, output.Length > 0 ? JsonNode.Parse(output) : null, error);
        }
        catch (System.Text.Json.JsonException)
        {
            return new Answered(exitCode, null, error);
        }
    }
}

/// <summary>One command of the table: what is asked, in which folder, and what must be so after it was given as often as needed.</summary>
/// <param name="Name">The command's name in the table.</param>
/// <param name="Office">The office's folder within the place.</param>
/// <param name="Command">The command; <c>{A}</c>, <c>{B}</c> and <c>{C}</c> are the references of the prepared letters.</param>
/// <param name="Kind">The kind of act that it enters; null when it enters none.</param>
/// <param name="Repeats">Whether giving it again does it a second time, because a second one is a thing of its own: another letter, other keys.</param>
/// <param name="Done">The refusals that say that it was done before.</param>
internal sealed record Deed(string Name, string Office, string[] Command, string? Kind, bool Repeats, params string[] Done)
{
    public static readonly IReadOnlyList<Deed> All =
    [
        new("init", "new", ["init", "Task Force South", "--domain", "tfs.example"], "found", false, "home.exists"),
        new("person add", "office", ["person", "add", "N. New", "--role", "operations"], "enrol", false, "person.exists"),
        new("draft", "office", ["draft", "letter.md", "--to", "Joint Operations <joc@example.org>", "--as", "O. Officer"], "draft", true),
        new("review", "office", ["review", "{C}", "--as", "L. Legal", "--concur"], "review", false, "review.again"),
        new("release", "office", ["release", "{A}", "--as", "C. Commander"], "release", false),
        new("hold", "office", ["hold", "{A}", "--as", "L. Legal", "--reason", "It reads as a withdrawal."], "hold", false),
        new("withdraw", "office", ["withdraw", "{B}", "--as", "S. Chief", "--as", "L. Legal", "--reason", "Sent in error."], "withdraw", false),
        new("rekey", "office", ["rekey", "--as", "C. Commander", "--as", "L. Legal"], "rekey", true),
        new("restore", "restored", ["restore", "backup"], null, false, "restore.not-empty"),
        new("restore --complete", "incomplete", ["restore", "--complete", "outside/trust", "--take", "outside/letter.pdf"], "release", false, "restore.not-restored"),
    ];

    public static Deed Of(string name) => All.Single(d => d.Name == name);
}

/// <summary>
/// A folder with an office in it that is worth a fault: letter A is reviewed, letter B released, letter C drafted; a backup from before B's release, an office
/// restored from it and not complete yet, and what outsiders hold of B.
/// </summary>
internal sealed class Place(string folder) : IDisposable
{
    public string Folder => folder;

    private static readonly Lock OneAtATime = new();

    /// <summary>The references of letters A, B and C.</summary>
    public static readonly IReadOnlyList<string> Letters = [.. Enumerable.Range(1, 3).Select(n => string.Create(CultureInfo.InvariantCulture, $"TFN-{DateTime.UtcNow.Year}-{n:0000}"))];

    public string In(params string[] parts) => Path.Combine([folder, .. parts]);

    public Home Home(Deed deed) => new(In(deed.Office));

    public static Place New(string? under = null) =>
        new(under is null ? Directory.CreateTempSubdirectory("countersign-fault-").FullName : Directory.CreateDirectory(Path.Combine(under, Guid.NewGuid().ToString("N"))).FullName);

    public static Place Prepare()
    {
        var place = New();
        File.WriteAllText(place.In("letter.md"), "Sir,\n\nMore helicopters will fly.\n");
        var (a, b, c) = (Letters[0], Letters[1], Letters[2]);
        place.Must("office", "init", "Task Force North", "--domain", "tfn.example");
        foreach (var (name, role) in (ReadOnlySpan<(string, string)>)[("C. Commander", "commander"), ("L. Legal", "legal"), ("S. Chief", "chief-of-staff"), ("O. Officer", "operations")])
            place.Must("office", "person", "add", name, "--role", role);
        for (var letter = 0; letter < 3; letter++)
            place.Must("office", "draft", place.In("letter.md"), "--to", "Joint Operations <joc@example.org>", "--as", "O. Officer");
        foreach (var letter in (string[])[a, b])
            place.Must("office", "review", letter, "--as", "L. Legal", "--concur");
        place.Must("office", "backup", place.In("backup"));
        place.Must("incomplete", "restore", place.In("backup"));
        Directory.CreateDirectory(place.In("outside"));
        place.Must("office", "release", b, "--as", "C. Commander", "--out", place.In("outside", "letter.pdf"));
        place.Must("office", "trust", "--out", place.In("outside", "trust"));
        return place;
    }

    /// <summary>A copy of its own, of the same bytes, of what a command works on.</summary>
    public Place Copy(Deed deed, string? under = null)
    {
        var copy = New(under);
        try
        {
            foreach (var part in (string[])[deed.Office, .. deed.Command.Select(a => a.Split('/')[0])])
                if (Directory.Exists(In(part)) && !Directory.Exists(copy.In(part)))
                    Tree(In(part), Directory.CreateDirectory(copy.In(part)).FullName);
                else if (File.Exists(In(part)))
                    File.Copy(In(part), copy.In(part));
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    private static void Tree(string from, string to)
    {
        foreach (var sub in Directory.EnumerateDirectories(from))
            Tree(sub, Directory.CreateDirectory(Path.Combine(to, Path.GetFileName(sub))).FullName);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            var copy = Path.Combine(to, Path.GetFileName(file));
            File.WriteAllBytes(copy, Bytes(file));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(copy, File.GetUnixFileMode(file));
        }
    }

    /// <summary>The text of a file, whoever has it open.</summary>
    public static string Text(string file) => Encoding.UTF8.GetString(Bytes(file));

    /// <summary>The bytes of a file, whoever has it open: .NET would ask for a lock that a stopped program holds.</summary>
    private static byte[] Bytes(string file)
    {
        using var handle = new SafeFileHandle(open([.. Encoding.UTF8.GetBytes(file), 0], 0), ownsHandle: true);
        if (handle.IsInvalid)
            throw new IOException($"{file} cannot be read.");
        var bytes = new byte[RandomAccess.GetLength(handle)];
        for (var read = 0; read < bytes.Length;)
            read += RandomAccess.Read(handle, bytes.AsSpan(read), read) is > 0 and var more ? more : throw new IOException($"{file} shrank.");
        return bytes;
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open(byte[] path, int flags);

    /// <summary>What the office holds, in one digest, but for SQLite's shared memory, which nobody reads after a crash.</summary>
    public string Fingerprint(Deed deed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (!Directory.Exists(In(deed.Office)))
            return "";
        foreach (var path in Directory.EnumerateFileSystemEntries(In(deed.Office), "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(path));
            if (File.Exists(path) && !path.EndsWith("-shm", StringComparison.Ordinal))
                hash.AppendData(Bytes(path));
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    public string[] Arguments(Deed deed) =>
        [.. deed.Command.Select(a => a.Replace("{A}", Letters[0], StringComparison.Ordinal).Replace("{B}", Letters[1], StringComparison.Ordinal).Replace("{C}", Letters[2], StringComparison.Ordinal))
            .Select(a => a is "letter.md" or "backup" || a.StartsWith("outside/", StringComparison.Ordinal) ? In(a.Split('/')) : a)];

    /// <summary>Gives a command inside this process, as the program itself does: without its start it takes a twentieth of the time.</summary>
    public Answered Give(string office, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var line = new Countersign.Server.Commands.CommandLine(TimeProvider.System, output, error, name => name == "COUNTERSIGN_HOME" ? In(office) : null);
        int exit;
        // The help's examples are kept in one table for the whole process: one command at a time.
        lock (OneAtATime)
            exit = line.Run([.. arguments, "--json"], static (root, l) =>
        {
            root.MapApproving(l);
            root.MapDrafting(l);
            root.MapCoordinating(l);
            root.MapReleasing(l);
            root.MapPublishing(l);
            root.MapRecalling(l);
            root.MapKeeping(l);
        });
        return Answered.Of(exit, output.ToString(), error.ToString());
    }

    public Answered Give(Deed deed) => Give(deed.Office, Arguments(deed));

    private void Must(string office, params string[] arguments)
    {
        var answer = Give(office, arguments);
        Assert.True(answer.ExitCode == 0, $"{string.Join(' ', arguments)}: {answer}");
    }

    /// <summary>The note that lies public in an office, whoever may have fetched it; null when there is none.</summary>
    public static string? Published(Home home) =>
        Path.Combine(home.PublicLedger, "checkpoint") is var path && File.Exists(path) ? Text(path) : null;

    public void Dispose() => Directory.Delete(folder, recursive: true);
}

/// <summary>Runs the built program with a fault in its system calls.</summary>
internal static class Strace
{
    /// <summary>Calls after which the files of the office may be others than before. A flush is none: to whoever is killed it makes no difference.</summary>
    public const string Durable = "pwrite64,pwritev,fallocate,ftruncate,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,chmod,fchmod";

    /// <summary>Calls that want room on the disk. .NET's own run-time makes none of them on a file.</summary>
    public const string Growing = "pwrite64,pwritev,fallocate,rename,renameat,renameat2,mkdir,mkdirat";

    private const int Kill = 9;
    private const int Continue = 18;

    private static readonly Lazy<string?> Missing = new(() =>
        !OperatingSystem.IsLinux() ? "system calls are made to fail on Linux alone"
        : !Tool.Exists("strace") ? "needs strace (Debian package strace), which is not installed"
        : Tool.Run("strace", "-D", "-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true") is { ExitCode: not 0 } refused ? $"strace may not trace here: {refused.Error.Trim()}"
        : null);

    /// <summary>Skips the running test where system calls cannot be made to fail.</summary>
    public static void RequireStrace() => Assert.SkipWhen(Missing.Value is not null, Missing.Value ?? "");

    /// <summary>Gives a command to the built program with faults injected, and waits for its answer.</summary>
    public static Answered Run(Place place, Deed deed, params string[] inject)
    {
        using var process = Start(place, deed, inject, out var output, out var error);
        if (!process.WaitForExit(120_000))
        {
            process.Kill();
            Assert.Fail($"{deed.Name} did not come to an end with {string.Join(' ', inject)}");
        }
        return Said(process.ExitCode, output, error);
    }

    /// <summary>The same, with the calls that were traced.</summary>
    public static (Answered Answer, string[] Calls) RunTraced(Place place, Deed deed, params string[] strace)
    {
        var trace = Path.GetTempFileName();
        using var process = Start(place, deed, strace, out var output, out var error, trace);
        process.WaitForExit();
        var calls = File.ReadAllLines(trace);
        File.Delete(trace);
        return (Said(process.ExitCode, output, error), calls);
    }

    /// <summary>How often each thread of the program makes one of the calls, the most of them: with faults counted by thread, more than that is none.</summary>
    public static int MostCalls(Place place, Deed deed, string calls)
    {
        return Calls(place, deed, calls).Where(l => !l.Contains("+++", StringComparison.Ordinal) && !l.Contains("resumed>", StringComparison.Ordinal))
            .GroupBy(l => l.Split(' ')[0]).Max(g => g.Count());
    }

    /// <summary>The calls that a command makes on files, one a line, with the paths of their descriptors.</summary>
    public static string[] Calls(Place place, Deed deed, string calls)
    {
        var (answer, lines) = RunTraced(place, deed, "-y", "-s", "0", "-e", $"trace={calls}");
        Assert.True(answer.ExitCode == 0, $"{deed.Name}: {answer}");
        return lines;
    }

    /// <summary>
    /// Stops the whole program after each of its durable calls, and shows <paramref name="stopped"/> the place as it lies then, and what was answered: what a kill at this
    /// moment leaves. A state that is the one before is passed over. Once <paramref name="stopped"/> says so, the program is killed there.
    /// </summary>
    /// <param name="place">Where.</param>
    /// <param name="deed">The command.</param>
    /// <param name="stopped">
    /// Told the state's number and what was answered so far; answers whether to kill. The same number again means that the program moved after all.
    /// </param>
    /// <returns>How many states there were, and what the program answered.</returns>
    public static (int States, Answered Answer) Step(Place place, Deed deed, Func<int, Answered, bool> stopped)
    {
        var states = 0;
        using var process = Start(place, deed, ["-e", $"trace={Durable}", "-e", $"inject={Durable}:signal=STOP"], out var output, out var error);
        var (before, last) = (place.Fingerprint(deed), "");
        var patience = Stopwatch.StartNew();
        while (!process.HasExited)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(5), $"{deed.Name} did not come to an end");
            // Frozen: every thread is stopped, and was when it was last looked at. Nothing moves until it is told to.
            var now = Frozen(process.Id);
            if (now is null || now != last)
            {
                last = now ?? "";
                Thread.Sleep(TimeSpan.FromMicroseconds(200));
                continue;
            }
            var print = "";
            var end = false;
            try
            {
                print = place.Fingerprint(deed);
                end = print != before && stopped(states++, Answered.Of(-1, File.ReadAllText(output), ""));
            }
            catch (IOException) when (Frozen(process.Id) != now)
            {
                // A file went while it was read.
            }
            if (end)
            {
                _ = kill(process.Id, Kill);
                process.WaitForExit();
                break;
            }
            if (Frozen(process.Id) != now)
            {
                // It only waited for strace.
                states -= print.Length > 0 && print != before ? 1 : 0;
                continue;
            }
            before = print;
            for (var since = new Stopwatch(); !process.HasExited && Frozen(process.Id) == now; Thread.Sleep(TimeSpan.FromMicroseconds(200)))
                if (!since.IsRunning || since.ElapsedMilliseconds > 100)
                {
                    _ = kill(process.Id, Continue);
                    since.Restart();
                }
            last = "";
        }
        process.WaitForExit();
        return (states, Said(process.ExitCode, output, error));
    }

    /// <summary>The states of a process's threads and how often each was switched, if all of them are stopped; null when one is not.</summary>
    private static string? Frozen(int process)
    {
        var threads = new StringBuilder();
        try
        {
            foreach (var task in Directory.EnumerateDirectories($"/proc/{process}/task").Order(StringComparer.Ordinal))
            {
                var state = ' ';
                foreach (var line in File.ReadLines(task + "/status"))
                    if (line.StartsWith("State:", StringComparison.Ordinal))
                        state = line[7];
                    else if (line.Contains("ctxt_switches:", StringComparison.Ordinal))
                        threads.Append(line);
                if (state is not ('t' or 'T'))
                    return null;
            }
        }
        catch (IOException)
        {
            return null; // a thread ended while it was looked at
        }
        return threads.Length > 0 ? threads.ToString() : null;
    }

    private static Process Start(Place place, Deed deed, string[] strace, out string output, out string error, string trace = "/dev/null")
    {
        // Beside the place: what is said must not be lost with the disk that fails.
        (output, error) = (Path.GetTempFileName(), Path.GetTempFileName());
        // -D makes strace the grandchild, so that the process here is the program itself; the shell is there for the two files.
        var start = new ProcessStartInfo("/bin/sh",
            ["-c", "out=$1; err=$2; shift 2; exec strace -D -f -qq \"$@\" >\"$out\" 2>\"$err\"", "sh", output, error, "-o", trace, .. strace, "--",
                Path.Combine(AppContext.BaseDirectory, "countersign"), .. place.Arguments(deed), "--json"]);
        start.Environment["COUNTERSIGN_HOME"] = place.In(deed.Office);
        start.Environment.Remove("COUNTERSIGN_PASSPHRASE");
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return Process.Start(start)!;
    }

    private static Answered Said(int exitCode, string output, string error)
    {
        var answer = Answered.Of(exitCode, File.ReadAllText(output), File.ReadAllText(error));
        File.Delete(output);
        File.Delete(error);
        return answer;
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
