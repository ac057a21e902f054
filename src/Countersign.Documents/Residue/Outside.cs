using System.ComponentModel;
using System.Diagnostics;

namespace Countersign.Documents;

/// <summary>Runs programs of the machine that read foreign files: in a folder of their own, with a limit on time and on what they say.</summary>
internal static class Outside
{
    /// <summary>Where a program lies on the search path; null where it is not installed.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? program + ".exe" : program)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end. What it says beyond <paramref name="most"/> characters is dropped.</summary>
    /// <returns>Its exit code and what it said; null where it could not be started or did not end in time, and was ended.</returns>
    public static (int Exit, string Said)? Run(string program, IEnumerable<string> arguments, string folder, TimeSpan limit, int most = 1 << 20)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["HOME"] = folder;
        start.Environment["TMPDIR"] = folder;
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            return null;
        }
        using (process)
        {
            process.StandardInput.Close();
            var said = new System.Text.StringBuilder();
            process.OutputDataReceived += (_, line) =>
            {
                lock (said)
                    if (line.Data is { } data && said.Length + data.Length < most) said.Append(data).Append('\n');
            };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (!process.WaitForExit(limit))
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit(TimeSpan.FromSeconds(5));
                return null;
            }
            process.WaitForExit(); // for what it said last
            lock (said) return (process.ExitCode, said.ToString());
        }
    }

    /// <summary>Does something in a new folder, which goes with all that is in it.</summary>
    public static T In<T>(Func<string, T> work)
    {
        var folder = Directory.CreateTempSubdirectory("countersign-pages-");
        try
        {
            return work(folder.FullName);
        }
        finally
        {
            try
            {
                folder.Delete(recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Trace.TraceWarning($"The temporary folder {folder.FullName} could not be removed: {e.Message}");
            }
        }
    }
}
