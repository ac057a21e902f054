using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Countersign.Gate;
using Countersign.Gate.Smtp;
using Countersign.Server.Commands;
using Countersign.Server.Letters;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Countersign.Server.Guarding;

/// <summary>A gate that runs: the SMTP gate before an office's mail, with what it knows, its cases, and what it says of its health.</summary>
public sealed class GateHouse : IDisposable
{
    private readonly GateWatch _watch;
    private readonly CaseBook _cases;
    private readonly Func<Result<GateOptions>> _read;
    private readonly TextWriter _said;
    private readonly Timer _timer;
    private readonly List<IDisposable> _beside = [];
    private GateOptions _options;

    private GateHouse(SharedOffice office, GateOptions options, Func<Result<GateOptions>> read, TimeProvider clock, TextWriter said)
    {
        (_options, _read, _said) = (options, read, said);
        _watch = new GateWatch(office, clock);
        _cases = CaseBook.Open(CasesOf(office.Home));
        var mail = new MailGate(_watch.Now, () => Volatile.Read(ref _options).Mail, _cases, clock);
        Gate = new SmtpGate(options.Smtp, mail.Decide);
        Gate.Meter.OnFailure = e => Say($"A message could not be judged, and was answered with 451: {e.GetType().Name}: {e.Message}");
        _timer = new Timer(_ => Forget(clock), null, TimeSpan.FromMinutes(1), TimeSpan.FromHours(6));
    }

    /// <summary>The gate itself.</summary>
    public SmtpGate Gate { get; }

    /// <summary>Where cases lie in an office's home.</summary>
    public static string CasesOf(Home home) => home.In("gate", "cases.db");

    /// <summary>Opens a gate: brings it up to the newest act, then listens.</summary>
    /// <param name="office">The office.</param>
    /// <param name="read">Reads its file, now and whenever it is asked to read it again.</param>
    /// <param name="clock">What time it is.</param>
    /// <param name="said">Where it says what happens to it.</param>
    public static Result<GateHouse> Open(SharedOffice office, Func<Result<GateOptions>> read, TimeProvider clock, TextWriter said)
    {
        if (!read().Is(out var options, out var refusal))
            return refusal;
        var house = new GateHouse(office, options, read, clock, said);
        try
        {
            house._watch.Now(atOnce: false);
            house.Gate.Start();
            house.Say($"The gate listens at {string.Join(", ", house.Gate.Endpoints)} and passes mail on to {string.Join(", ", options.Smtp.NextHops.Select(h => $"{h.Host}:{h.Port}"))}.");
            foreach (var unknown in office.Texts.Unknown)
                house.Say($"The gate does not know {unknown}: it is missing or damaged. `countersign doctor` tells more.");
            return house;
        }
        catch (SocketException e)
        {
            house.Dispose();
            return new Refusal("gate.file", $"The gate cannot listen at {string.Join(", ", options.Smtp.Listen)}: {e.Message.TrimEnd('.')}.", "Give another address with --listen, or end what listens there.");
        }
        catch
        {
            house.Dispose();
            throw;
        }
    }

    /// <summary>Serves until somebody ends it: SIGTERM or Ctrl+C; SIGHUP reads the file again.</summary>
    public static Result<Answer> Run(Home home, Func<Office, Result<GateOptions>> read, TimeProvider clock, TextWriter said)
    {
        if (!SharedOffice.Open(home, clock).Is(out var office, out var refusal))
            return refusal;
        using var shared = office;
        if (!Open(shared, () => shared.Alone(read), clock, said).Is(out var opened, out refusal))
            return refusal;
        using var house = opened.WithHealthAndReload();
        using var over = new ManualResetEventSlim();
        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            over.Set();
        }
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        over.Wait();
        house.Say("The gate takes no more mail, and waits for what is under way.");
        return new Answer().Line("The gate is closed.");
    }

    /// <summary>Answers about its health, sends what it counts where the environment says so, and reads its file again on SIGHUP, from now on until it is disposed of.</summary>
    internal GateHouse WithHealthAndReload()
    {
        if (!OperatingSystem.IsWindows())
            _beside.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
            {
                signal.Cancel = true;
                Reload();
            }));
        if (Telemetry.Begin() is { } telemetry)
            _beside.Add(telemetry);
        if (_options.Health is { } at)
            _beside.Add(StartHealth(at));
        return this;
    }

    /// <summary>Reads the file again. What is wrong with it is said, and everything goes on as before.</summary>
    public void Reload()
    {
        try
        {
            if (!_read().Is(out var options, out var refusal))
            {
                Say($"The gate goes on as before: {refusal.Why} {refusal.Next}");
                return;
            }
            Gate.Reload(options.Smtp);
            Volatile.Write(ref _options, options);
            Say("The gate's file was read again.");
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or InvalidDataException or SqliteException)
        {
            Say($"The gate goes on as before: {e.Message}");
        }
    }

    /// <summary>Whether mail flows, in a word for a load balancer and a line for a person.</summary>
    public (bool Well, string Says) Health() =>
        Gate.IsClosing ? (false, "closing") : !Gate.HasNextHop ? (false, "no next hop answers") : (true, "ok");

    /// <summary>What it counts, as Prometheus reads it.</summary>
    public string Metrics()
    {
        var text = new StringBuilder();
        void Line(string name, string kind, string help, params ReadOnlySpan<(string Labels, long Value)> values)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {kind}\n");
            foreach (var (labels, value) in values)
                text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value}\n");
        }
        Line("countersign_gate_messages_total", "counter", "Messages by the gate's ruling.",
            ("{ruling=\"pass\"}", Gate.Meter.Passed), ("{ruling=\"refuse\"}", Gate.Meter.RefusedMessages), ("{ruling=\"unsure\"}", Gate.Meter.UnsureMessages));
        Line("countersign_gate_delivered_total", "counter", "Messages that passed, by the next hop's answer.",
            ("{taken=\"yes\"}", Gate.Meter.Accepted), ("{taken=\"no\"}", Gate.Meter.TurnedDown));
        Line("countersign_gate_failures_total", "counter", "What should not have happened.", ("", Gate.Meter.Failures));
        Line("countersign_gate_connections", "gauge", "Clients connected.", ("", Gate.Connections));
        Line("countersign_gate_message_memory_bytes", "gauge", "Messages held in memory.", ("", Gate.MemoryInUse));
        Line("process_allocated_bytes_total", "counter", "Bytes allocated by the process.", ("", GC.GetTotalAllocatedBytes()));
        return text.ToString();
    }

    private WebApplication StartHealth(IPEndPoint at)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Listen(at);
        });
        var app = builder.Build();
        app.MapGet("/healthz", () =>
        {
            var (well, says) = Health();
            return Results.Text(says + "\n", statusCode: well ? 200 : 503);
        });
        app.MapGet("/metrics", () => Results.Text(Metrics(), "text/plain; version=0.0.4"));
        app.Start();
        return app;
    }

    private void Say(string what)
    {
        lock (_said)
            _said.WriteLine(what);
    }

    private void Forget(TimeProvider clock)
    {
        try
        {
            _cases.Forget(clock.GetUtcNow() - Volatile.Read(ref _options).KeepCases);
        }
        catch (SqliteException e)
        {
            Say($"Old cases could not be forgotten: {e.Message}");
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        foreach (var one in _beside)
            one.Dispose();
        Gate.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Gate.Meter.Dispose();
        _cases.Dispose();
        _watch.Dispose();
    }
}
