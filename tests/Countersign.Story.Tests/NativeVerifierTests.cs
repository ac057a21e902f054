using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Countersign.Server.Letters;
using Countersign.Testing;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>The stranger's program as one native file (docs/VERIFY.md): published as the document says, run where nothing of ours lies beside it.</summary>
public sealed class NativeVerifierTests(ITestOutputHelper output)
{
    [Fact]
    public void The_verifier_is_one_native_file_that_says_what_the_managed_one_says()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "publishes for Linux");
        Assert.SkipUnless(Tool.Exists("clang") || Tool.Exists("gcc"), "needs a C toolchain (Debian package clang or gcc), which is not installed");
        var place = Directory.CreateTempSubdirectory("countersign-native-").FullName;
        try
        {
            var folder = Path.Combine(place, "published");
            var published = Tool.Run(
                Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", "publish", Path.Combine(Corpora.Repository, "src", "Countersign.Cli"),
                "-r", RuntimeInformation.RuntimeIdentifier, "--artifacts-path", Path.Combine(place, "artifacts"), "-o", folder, "--nologo");
            Assert.SkipWhen(
                published.Output.Contains("NU1301", StringComparison.Ordinal) || published.Output.Contains("NU1101", StringComparison.Ordinal),
                "needs the native compiler's package, which no package source gives");
            Assert.True(published.ExitCode == 0 && !published.Output.Contains("warning", StringComparison.OrdinalIgnoreCase), published.ToString());
            var program = Path.Combine(folder, "countersign-verify");
            Assert.Equal([program], Directory.GetFiles(folder));
            Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F'], File.ReadAllBytes(program)[..4]);
            output.WriteLine($"{new FileInfo(program).Length:N0} bytes");

            var (letter, trust) = ReleaseALetter(place);
            var altered = Path.Combine(place, "altered.pdf");
            var bytes = File.ReadAllBytes(letter);
            bytes[bytes.Length / 2] ^= 1;
            File.WriteAllBytes(altered, bytes);
            // An act's text in another normal form looks the same to a person: it must be refused here, too, where no ICU is.
            var decomposed = Path.Combine(place, "decomposed.json");
            File.WriteAllText(decomposed, File.ReadAllText(trust).Replace("Task Force North", "Task Force No\u0308rth", StringComparison.Ordinal));

            Alike(program, 0, "Genuine and in force", letter, "--trust", trust);
            Alike(program, 0, "\"verdict\"", letter, "--trust", trust, "--json");
            Alike(program, 1, "Altered", altered, "--trust", trust);
            Alike(program, 1, "Not a released letter", Path.Combine(Corpora.Repository, "README.md"), "--trust", trust);
            Alike(program, 2, "normal form C", letter, "--trust", decomposed);
            Alike(program, 3, "", Path.Combine(place, "missing.pdf"), "--trust", trust);

            using var web = new OneFileServer(File.ReadAllBytes(new Home(Path.Combine(place, "office")).StatusFile));
            Alike(program, 0, "Genuine and in force", letter, "--trust", trust, "--status", web.Address);
            Assert.Equal(2, web.Served);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    private static void Alike(string native, int exit, string says, params string[] arguments)
    {
        string[] all = [.. arguments, "--at", "2100-01-01"];
        if (exit == 0)
            all = arguments; // in force only now
        var theirs = Run(Path.Combine(AppContext.BaseDirectory, "countersign-verify"), all);
        var ours = Run(native, all);
        Assert.True(ours.ExitCode == exit && (ours.Output + ours.Error).Contains(says, StringComparison.Ordinal), ours.ToString());
        Assert.Equal(theirs.ExitCode, ours.ExitCode);
        Assert.Equal(Timeless(theirs.Output + theirs.Error), Timeless(ours.Output + ours.Error));

        // The runs are a second or two apart.
        static string Timeless(string text) => System.Text.RegularExpressions.Regex.Replace(text, @"(Answered for |""asOf"": "")[-0-9T:]+Z", "$1");
    }

    /// <summary>With a variable that switches globalisation off in every .NET program, as container images set it: no check may depend on it.</summary>
    private static Tool.Result Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Tool.Result(process.ExitCode, said, error.GetAwaiter().GetResult());
    }

    private static (string Letter, string Trust) ReleaseALetter(string place)
    {
        var (letter, trust) = (Path.Combine(place, "letter.pdf"), Path.Combine(place, "trust.json"));
        string Office(params string[] arguments)
        {
            var result = Tool.Run(Path.Combine(AppContext.BaseDirectory, "countersign"), [.. arguments, "--home", Path.Combine(place, "office")]);
            Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result}");
            return result.Output;
        }
        Office("init", "Task Force North", "--domain", "tfn.example");
        Office("person", "add", "A. Jansen", "--role", "legal");
        Office("person", "add", "B. de Vries", "--role", "commander");
        Office("person", "add", "D. Drafter", "--role", "operations");
        var drafted = Office("draft", Path.Combine(Corpora.Repository, "testdata", "letters", "helicopters.en.md"), "--as", "D. Drafter", "--kind", "letter", "--to", "Joint Operations <joc@example.org>");
        var reference = drafted[..drafted.IndexOf(',', StringComparison.Ordinal)];
        Office("review", reference, "--as", "A. Jansen", "--concur");
        Office("release", reference, "--as", "B. de Vries", "--out", letter);
        Office("trust", "--out", trust);
        return (letter, trust);
    }

    /// <summary>Serves one file to whoever asks, on the loopback.</summary>
    private sealed class OneFileServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly byte[] _file;
        private int _served;

        public OneFileServer(byte[] file)
        {
            _file = file;
            _listener.Start();
            Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/status/1";
            _ = Task.Run(Serve);
        }

        public string Address { get; }

        public int Served => _served;

        public void Dispose() => _listener.Dispose();

        private async Task Serve()
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII);
                while (await reader.ReadLineAsync() is { Length: > 0 })
                {
                }
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {_file.Length}\r\nConnection: close\r\n\r\n"));
                await stream.WriteAsync(_file);
                Interlocked.Increment(ref _served);
            }
        }
    }
}
