using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Countersign.Testing;
using Xunit;

namespace Countersign.Story.Tests.Mail;

/// <summary>The tests that share one house of mail servers: started once, used by one test at a time.</summary>
[CollectionDefinition(nameof(MailHouse))]
public sealed class MailHouseTests : ICollectionFixture<MailHouse>;

/// <summary>
/// An office with its mail as it stands in life, of real processes on the loopback:
/// <code>
/// client ─▶ Postfix, front ─▶ gate ─▶ (tap) ─▶ Postfix, back ─▶ sink
///             smtpd_proxy_filter                queue           the recipients' server
/// </code>
/// The office is Task Force North (tfn.example), with A. Legal, B. Commander, E. Chief and D. Drafter in it. Nothing starts before the first test asks for it, and everything ends with the last.
/// </summary>
public sealed partial class MailHouse : IDisposable
{
    private bool _tried;
    private Postfix? _postfix;
    private Process? _gate;
    private readonly StringBuilder _gateSaid = new();

    /// <summary>The folder in which the office lies, as <c>office</c>.</summary>
    internal string Place { get; } = Directory.CreateTempSubdirectory("countersign-mail-").FullName;

    /// <summary>The gate's own port.</summary>
    internal int GatePort { get; private set; }

    /// <summary>The Postfix before the gate: where mail programs send.</summary>
    internal int FrontPort { get; private set; }

    /// <summary>The Postfix behind the gate.</summary>
    internal int BackPort { get; private set; }

    internal Sink Sink { get; } = new();

    internal Tap Tap { get; private set; } = null!;

    /// <summary>What Postfix wrote into its log.</summary>
    internal string PostfixLog => _postfix!.Log;

    /// <summary>What the gate said on standard error.</summary>
    internal string GateSaid
    {
        get
        {
            lock (_gateSaid)
                return _gateSaid.ToString();
        }
    }

    /// <summary>Starts all of it, once; skips the running test where it cannot be.</summary>
    internal MailHouse Open()
    {
        Postfix.Require();
        Assert.False(_tried && _postfix is null, "the house of mail servers did not start; the first test that asked for it says why");
        if (_tried)
            return this;
        _tried = true;
        Office("init", "Task Force North", "--domain", "tfn.example");
        Office("person", "add", "A. Legal", "--role", "legal");
        Office("person", "add", "B. Commander", "--role", "commander");
        Office("person", "add", "E. Chief", "--role", "chief-of-staff");
        Office("person", "add", "D. Drafter", "--role", "operations", "--email", "d.drafter@tfn.example");
        var ports = Postfix.FreePorts(2);
        (FrontPort, BackPort) = (ports[0], ports[1]);
        Tap = new Tap(BackPort);
        StartGate();
        // As in docs and recipes: the front asks the gate about each message, the back takes from the gate what passed, and believes what it says about the client.
        _postfix = new Postfix($"myhostname = mx.tfn.example\nrelayhost = [127.0.0.1]:{Sink.Port}", $"""
            127.0.0.1:{FrontPort} inet n - n - 20 smtpd
              -o smtpd_proxy_filter=127.0.0.1:{GatePort}
              -o smtpd_client_connection_count_limit=10
            127.0.0.1:{BackPort} inet n - n - - smtpd
              -o smtpd_authorized_xforward_hosts=127.0.0.0/8
              -o smtpd_client_restrictions=
              -o smtpd_helo_restrictions=
              -o smtpd_sender_restrictions=
              -o smtpd_relay_restrictions=
              -o smtpd_data_restrictions=
              -o smtpd_recipient_restrictions=permit_mynetworks,reject
              -o receive_override_options=no_unknown_recipient_checks
            """, FrontPort);
        return this;
    }

    /// <summary>Runs a command of the office, which must succeed.</summary>
    internal void Office(params string[] arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"countersign {string.Join(' ', arguments)}: {output}{error.GetAwaiter().GetResult()}");
    }

    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "countersign"), arguments)
        {
            WorkingDirectory = Place,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["COUNTERSIGN_HOME"] = Path.Combine(Place, "office");
        start.Environment.Remove("COUNTERSIGN_PASSPHRASE");
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    private void StartGate()
    {
        MakeCertificate();
        File.WriteAllText(Path.Combine(Place, "gate.yaml"), $"""
            listen: [127.0.0.1:0]
            next-hop: [127.0.0.1:{Tap.Port}]
            name: gate.tfn.example
            inside: [tfn.example]
            trusted: [127.0.0.1]
            cases: https://gate.tfn.example/cases/
            tls:
              certificate: cert.pem
              key: key.pem

            """);
        _gate = Start("gate", "--config", "gate.yaml");
        void Hear(string? line)
        {
            lock (_gateSaid)
                _gateSaid.AppendLine(line);
        }
        _gate.ErrorDataReceived += (_, said) => Hear(said.Data);
        _gate.OutputDataReceived += (_, said) => Hear(said.Data);
        _gate.BeginErrorReadLine();
        _gate.BeginOutputReadLine();
        Waiting.For(() => Listens().IsMatch(GateSaid) || _gate.HasExited, "the gate says where it listens");
        Assert.False(_gate.HasExited, GateSaid);
        GatePort = int.Parse(Listens().Match(GateSaid).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private void MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gate.tfn.example", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("gate.tfn.example");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(Path.Combine(Place, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(Place, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    [GeneratedRegex(@"listens at 127\.0\.0\.1:(\d+)")]
    private static partial Regex Listens();

    public void Dispose()
    {
        try
        {
            _postfix?.Dispose();
        }
        finally
        {
            EndGate();
            Tap?.Dispose();
            Sink.Dispose();
            Directory.Delete(Place, recursive: true);
        }
    }

    private void EndGate()
    {
        if (_gate is null)
            return;
        if (!_gate.HasExited)
            Tool.Run("kill", "-TERM", _gate.Id.ToString(CultureInfo.InvariantCulture));
        if (!_gate.WaitForExit(45_000))
            _gate.Kill();
        _gate.Dispose();
    }
}
