using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Countersign.Testing;
using Xunit;

namespace Countersign.Story.Tests.Mail;

/// <summary>
/// A Postfix of the test's own: its configuration, queue and data lie in a temporary folder, it listens on high ports of the loopback, and it is ended by its own process id. The machine's
/// own Postfix, running or not, is left alone.
/// </summary>
internal sealed class Postfix : IDisposable
{
    private const string Common = """
        compatibility_level = 3.6
        mail_owner = postfix
        setgid_group = postdrop
        inet_protocols = ipv4
        inet_interfaces = loopback-only
        mynetworks = 127.0.0.0/8
        myorigin = $myhostname
        mydestination =
        relay_domains =
        alias_maps =
        alias_database =
        local_recipient_maps =
        local_transport = error:there are no mailboxes here
        disable_dns_lookups = yes
        smtp_host_lookup = native
        smtpd_peername_lookup = no
        smtpd_relay_restrictions = permit_mynetworks, reject
        smtpd_recipient_restrictions = permit_mynetworks, reject
        local_header_rewrite_clients =
        smtpd_error_sleep_time = 0
        notify_classes =
        """;

    private const string CommonServices = """
        postlog   unix-dgram n - n - 1 postlogd
        cleanup   unix n - n - 0 cleanup
        qmgr      unix n - n 300 1 qmgr
        rewrite   unix - - n - - trivial-rewrite
        bounce    unix - - n - 0 bounce
        defer     unix - - n - 0 bounce
        trace     unix - - n - 0 bounce
        proxymap  unix - - n - - proxymap
        tlsmgr    unix - - n 1000? 1 tlsmgr
        error     unix - - n - - error
        retry     unix - - n - - error
        smtp      unix - - n - - smtp
        anvil     unix - - n - 1 anvil
        scache    unix - - n - 1 scache
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("countersign-postfix-").FullName;
    private readonly Process _process;
    private readonly Task<string> _said;

    /// <summary>Starts it, and returns when it answers.</summary>
    /// <param name="settings">Lines for main.cf.</param>
    /// <param name="services">Lines for master.cf: the ports.</param>
    /// <param name="port">The port that is waited for.</param>
    public Postfix(string settings, string services, int port)
    {
        // Its processes are of the user postfix, and nothing in the folder is secret.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        var config = Directory.CreateDirectory(Path.Combine(_folder, "config")).FullName;
        Directory.CreateDirectory(Path.Combine(_folder, "queue"));
        var places = $"""
            queue_directory = {_folder}/queue
            data_directory = {_folder}/data
            maillog_file = {_folder}/mail.log
            maillog_file_prefixes = {_folder}

            """;
        // RFC 5321 knows one end of a message. Where this Postfix can be told, it is told so for its own neighbours, too.
        var strict = Knows("smtpd_forbid_bare_newline_exclusions") ? "smtpd_forbid_bare_newline = normalize\nsmtpd_forbid_bare_newline_exclusions =\n" : "";
        File.WriteAllText(Path.Combine(config, "main.cf"), $"{Common}\n{places}{strict}{settings}\n");
        File.WriteAllText(Path.Combine(config, "master.cf"), $"{CommonServices}\n{services}\n");
        _process = Process.Start(new ProcessStartInfo("postfix", ["-c", config, "start-fg"]) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true })!;
        _process.StandardInput.Close();
        _ = _process.StandardOutput.ReadToEndAsync();
        _said = _process.StandardError.ReadToEndAsync();
        try
        {
            Waiting.For(() => Answers(port) || _process.HasExited, $"Postfix listens at {port}");
            Assert.False(_process.HasExited, "Postfix ended at once");
        }
        catch
        {
            var log = Log;
            Dispose();
            throw new InvalidOperationException($"Postfix did not start: {(_said.IsCompleted ? _said.Result : "")}\n{log}");
        }
    }

    /// <summary>What it wrote into its log.</summary>
    public string Log => File.Exists(Path.Combine(_folder, "mail.log")) ? File.ReadAllText(Path.Combine(_folder, "mail.log")) : "";

    /// <summary>Skips the running test where no Postfix can be started.</summary>
    public static void Require()
    {
        Assert.SkipUnless(Tool.Exists("postfix"), "needs postfix (Debian package postfix), which is not installed");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs to run as root: Postfix starts only as root, and then serves as its own user");
    }

    /// <summary>Ports of the loopback that were free a moment ago.</summary>
    public static int[] FreePorts(int count)
    {
        var all = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        all.ForEach(l => l.Start());
        int[] ports = [.. all.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        all.ForEach(l => l.Stop());
        return ports;
    }

    private static bool Knows(string parameter) => !Tool.Run("postconf", "-d", parameter).Error.Contains("unknown parameter", StringComparison.Ordinal);

    private static bool Answers(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            socket.ReceiveTimeout = 20_000;
            return socket.Receive(new byte[3]) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        var pid = Path.Combine(_folder, "queue", "pid", "master.pid");
        if (!_process.HasExited && File.Exists(pid))
            Tool.Run("kill", "-TERM", Tool.Run("cat", pid).Output.Trim()); // its master holds a lock on the file, which .NET heeds
        if (!_process.WaitForExit(20_000))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
        for (var tries = 0; ; tries++)
            try
            {
                Directory.Delete(_folder, recursive: true);
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && tries < 50)
            {
                Thread.Sleep(100); // its last processes still write
            }
    }
}
