using System.Diagnostics;
using System.Globalization;

namespace Countersign.GateBench;

/// <summary>A Postfix of its own in a folder: without chroot, without DNS, logging by its own postlogd. The system's Postfix is not touched. It must be started as root.</summary>
internal sealed class Postfix
{
    private readonly string _folder;
    private readonly string _etc;

    public Postfix(string folder, int port, string settings, string serviceOptions, int sink)
    {
        _folder = folder;
        _etc = Programs.Folder(folder, "etc");
        Programs.Run("chown", "postfix", Programs.Folder(folder, "data"));
        Programs.Folder(folder, "queue");
        var daemons = Path.GetDirectoryName(Master)!;
        Programs.Write(Path.Combine(_etc, "main.cf"), string.Create(CultureInfo.InvariantCulture, $"""
            compatibility_level = 3.6
            queue_directory = {folder}/queue
            data_directory = {folder}/data
            command_directory = /usr/sbin
            daemon_directory = {daemons}
            mail_owner = postfix
            setgid_group = postdrop
            maillog_file = {folder}/mail.log
            maillog_file_prefixes = {folder}
            myhostname = postfix.tfn.example
            mydestination =
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            mynetworks = 127.0.0.0/8
            relayhost = [127.0.0.1]:{sink}
            disable_dns_lookups = yes
            smtp_host_lookup = native
            smtpd_peername_lookup = no
            alias_maps =
            alias_database =
            local_recipient_maps =
            default_process_limit = 100
            {settings}

            """));
        Programs.Write(Path.Combine(_etc, "master.cf"), string.Create(CultureInfo.InvariantCulture, $"""
            127.0.0.1:{port} inet n - n - 100 smtpd
            {serviceOptions}
            pickup     unix      n - n 60    1 pickup
            cleanup    unix      n - n -     0 cleanup
            qmgr       unix      n - n 300   1 qmgr
            tlsmgr     unix      - - n 1000? 1 tlsmgr
            rewrite    unix      - - n -     - trivial-rewrite
            bounce     unix      - - n -     0 bounce
            defer      unix      - - n -     0 bounce
            trace      unix      - - n -     0 bounce
            verify     unix      - - n -     1 verify
            flush      unix      n - n 1000? 0 flush
            proxymap   unix      - - n -     - proxymap
            smtp       unix      - - n -     - smtp
            relay      unix      - - n -     - smtp
            error      unix      - - n -     - error
            retry      unix      - - n -     - error
            anvil      unix      - - n -     1 anvil
            scache     unix      - - n -     1 scache
            postlog    unix-dgram n - n -    1 postlogd

            """).Replace("\n\n", "\n", StringComparison.Ordinal));
        Programs.Run("postfix", "-c", _etc, "check");
    }

    private static string Master => Programs.Find("master") ?? throw new InvalidOperationException("Postfix is not installed: apt-get install postfix");

    /// <summary>Starts it in a process group of its own, which it ends with itself.</summary>
    public Running Start() => Running.Start(Path.Combine(_folder, "master.log"), "setsid", Master, "-c", _etc, "-d");

    public void WaitForEmptyQueue()
    {
        var since = Stopwatch.GetTimestamp();
        while (((string[])["incoming", "active", "deferred"]).Any(q => Directory.EnumerateFiles(Path.Combine(_folder, "queue", q), "*", SearchOption.AllDirectories).Any()))
        {
            if (Stopwatch.GetElapsedTime(since) > TimeSpan.FromMinutes(5))
                throw new InvalidOperationException($"Postfix keeps mail in its queue: see {_folder}/mail.log");
            Thread.Sleep(20);
        }
    }
}
