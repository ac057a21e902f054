using System.Globalization;

namespace Countersign.GateBench;

/// <summary>A way from a port to a sink of its own: what takes mail there, passes it on and answers.</summary>
/// <param name="name">What tables call it.</param>
internal abstract class Contestant(string name) : IDisposable
{
    private readonly List<Running> _all = [];
    private readonly List<Running> _servers = [];

    public string Name => name;

    /// <summary>Where it takes mail, on the loopback address.</summary>
    public int Port { get; protected set; }

    /// <summary>Processor time of what stands between sender and sink; of the sink where nothing does.</summary>
    public double ProcessorMicroseconds() => _servers.Sum(s => s.ProcessorMicroseconds());

    /// <summary>Waits until nothing is under way: what was accepted is delivered.</summary>
    public virtual void Settle()
    {
    }

    public void Dispose()
    {
        foreach (var running in Enumerable.Reverse(_all))
            running.Dispose();
    }

    protected Running Server(Running running)
    {
        _servers.Add(running);
        return Part(running);
    }

    protected Running Part(Running running)
    {
        _all.Add(running);
        return running;
    }

    /// <summary>Starts a sink, which takes everything; its port.</summary>
    protected int Sink(string folder, bool isServer = false)
    {
        var port = Programs.FreePort();
        // As root it demands another user.
        string[] user = Environment.UserName == "root" ? ["-u", "nobody"] : [];
        var sink = Running.Start(Path.Combine(folder, "sink.log"), "smtp-sink", [.. user, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "1000"]);
        (isServer ? Server(sink) : Part(sink)).Answering(port);
        return port;
    }
}

/// <summary>The sink itself: what sender and sink cost, and the most that is possible.</summary>
internal sealed class Direct : Contestant
{
    public Direct(string work) : base("direct") => Port = Sink(Programs.Folder(work, "direct"), isServer: true);
}

/// <summary>The gate in front of a sink.</summary>
internal sealed class GateProxy : Contestant
{
    /// <summary>The name under which it tells what it allocated.</summary>
    public const string Allocated = "process_allocated_bytes_total";

    private readonly int _health;

    public GateProxy(string work, string program, string home, string? settings) : base("gate")
    {
        var folder = Programs.Folder(work, "gate");
        var sink = Sink(folder);
        (Port, _health) = (Programs.FreePort(), Programs.FreePort());
        var config = Path.Combine(folder, "gate.yaml");
        Programs.Write(config, string.Create(CultureInfo.InvariantCulture, $"""
            listen: [127.0.0.1:{Port}]
            next-hop: [127.0.0.1:{sink}]
            name: gate.tfn.example
            health: 127.0.0.1:{_health}
            {settings}
            """));
        Server(Running.Start(Path.Combine(folder, "gate.log"), program, "gate", "--home", home, "--config", config)).Answering(Port);
    }

    /// <summary>A counter of its <c>/metrics</c>, summed over labels; null where it has none of that name.</summary>
    public double? Metric(string name)
    {
        using var client = new HttpClient();
        var lines = client.GetStringAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_health}/metrics"))).GetAwaiter().GetResult().Split('\n');
        var values = lines.Where(l => l.StartsWith(name + " ", StringComparison.Ordinal) || l.StartsWith(name + "{", StringComparison.Ordinal))
            .Select(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)).ToList();
        return values.Count == 0 ? null : values.Sum();
    }
}

/// <summary>Postfix as a before-queue proxy: <c>smtpd_proxy_filter</c> names the sink, and nothing is queued.</summary>
internal sealed class PostfixProxy : Contestant
{
    public PostfixProxy(string work) : base("Postfix, smtpd_proxy_filter")
    {
        var folder = Programs.Folder(work, "postfix-proxy");
        var sink = Sink(folder);
        Port = Programs.FreePort();
        Server(new Postfix(folder, Port, "", string.Create(CultureInfo.InvariantCulture, $"  -o smtpd_proxy_filter=127.0.0.1:{sink}"), sink).Start()).Answering(Port);
    }
}

/// <summary>Postfix with rspamd as milter; what is accepted goes through the queue to the sink.</summary>
internal sealed class PostfixRspamd : Contestant
{
    private readonly Postfix _postfix;
    private readonly NoNames _names;

    public PostfixRspamd(string work) : base("Postfix + rspamd")
    {
        var folder = Programs.Folder(work, "postfix-rspamd");
        var sink = Sink(folder);
        _names = new NoNames();
        var milter = Programs.FreePort();
        Server(StartRspamd(folder, milter, _names.Port)).Answering(milter).Idle();
        Port = Programs.FreePort();
        _postfix = new Postfix(folder, Port, string.Create(CultureInfo.InvariantCulture, $"smtpd_milters = inet:127.0.0.1:{milter}"), "", sink);
        Server(_postfix.Start()).Answering(Port);
    }

    public override void Settle() => _postfix.WaitForEmptyQueue();

    /// <summary>
    /// rspamd with the configuration of its Debian package and folders of its own. What differs: ports, and a name server that knows nothing and says so at once, which is kind to
    /// it. There is no Redis, so that nothing is learnt, counted or greylisted.
    /// </summary>
    private static Running StartRspamd(string folder, int milter, int names)
    {
        var local = Programs.Folder(folder, "rspamd", "etc", "local.d");
        void Local(string name, string text) => Programs.Write(Path.Combine(local, name), text);
        var normal = Programs.FreePort();
        Local("worker-normal.inc", string.Create(CultureInfo.InvariantCulture, $"bind_socket = \"127.0.0.1:{normal}\";\n"));
        Local("worker-controller.inc", string.Create(CultureInfo.InvariantCulture, $"bind_socket = \"127.0.0.1:{Programs.FreePort()}\";\n"));
        Local("worker-proxy.inc", string.Create(CultureInfo.InvariantCulture, $$"""
            bind_socket = "127.0.0.1:{{milter}}";
            upstream "local" {
              default = yes;
              hosts = "127.0.0.1:{{normal}}";
            }
            """));
        Local("options.inc", string.Create(CultureInfo.InvariantCulture, $"dns {{ nameserver = [\"127.0.0.1:{names}\"]; }}\n"));
        var asRoot = Environment.UserName == "root";
        string Own(string name)
        {
            var own = Programs.Folder(folder, "rspamd", name);
            if (asRoot)
                Programs.Run("chown", "_rspamd", own);
            return own;
        }
        string[] user = asRoot ? ["-u", "_rspamd", "-g", "_rspamd"] : [];
        return Running.Start(Path.Combine(folder, "rspamd.log"), "rspamd", [
            "-f", .. user, "-c", "/etc/rspamd/rspamd.conf", "--var", $"DBDIR={Own("db")}", "--var", $"RUNDIR={Own("run")}", "--var", $"LOGDIR={Own("log")}",
            "--var", $"LOCAL_CONFDIR={Path.GetDirectoryName(local)}"]);
    }
}
