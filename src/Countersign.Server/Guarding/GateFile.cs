using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Gate.Smtp;
using Countersign.Server.Letters;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Countersign.Server.Guarding;

/// <summary>How a gate stands: in the flow of mail, by recipient, and where it says how it is.</summary>
/// <param name="Smtp">In the flow of mail.</param>
/// <param name="Mail">By recipient.</param>
/// <param name="Health">Where <c>/healthz</c> and <c>/metrics</c> are answered; null for nowhere.</param>
/// <param name="KeepCases">How long cases are kept.</param>
public sealed record GateOptions(GateSettings Smtp, MailPolicy Mail, IPEndPoint? Health, TimeSpan KeepCases);

/// <summary>
/// The gate's file, <c>gate.yaml</c>. Every member has a default, so that an empty file is one. What it does not know it refuses, with the line: a word that was mistyped must
/// not open the gate.
/// </summary>
public static class GateFile
{
    private const int MostBytes = 256 * 1024;

    /// <summary>Reads the file. Relative paths in it are those of its own folder.</summary>
    public static Result<GateOptions> Read(string path, Office office)
    {
        if (!File.Exists(path))
            return new Refusal("gate.file", $"There is no file {path}.", "Check the path, or leave out --config: everything has a default.");
        return new FileInfo(path).Length <= MostBytes
            ? Parse(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!, office.Home, office.Found.Office)
            : new Refusal("gate.config", $"{path} is larger than {MostBytes / 1024} KB.", "Name the gate's own file with --config.");
    }

    /// <summary>Reads the text of a file.</summary>
    public static Result<GateOptions> Parse(string yaml, string folder, Home home, string domain)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents.Count > 1)
                return Refuse("the gate's file holds one YAML document");
            return Options(new Part(stream.Documents.Count == 0 ? new YamlMappingNode() : stream.Documents[0].RootNode, "the gate's file"), folder, home, domain);
        }
        catch (YamlException e)
        {
            return Refuse($"it is not YAML: line {e.Start.Line}, column {e.Start.Column}: {e.Message.TrimEnd('.')}");
        }
        catch (GateFileException e)
        {
            return Refuse(e.Message);
        }
    }

    private static Refusal Refuse(string why) => new("gate.config", $"The gate's file cannot be used: {why}.", "Mend that line; `deploy/gate.yaml` explains every word.");

    private static GateOptions Options(Part file, string folder, Home home, string domain)
    {
        file.Closed("listen", "next-hop", "name", "inside", "sealed-only", "unread-may-go-to", "trusted", "unread", "cases", "health", "tls", "next-hop-tls", "limits", "spool", "keep-cases-days", "ocr");
        var limits = file.Member("limits");
        limits.Closed("connections", "connections-per-client", "recipients", "message-bytes", "memory-per-message", "memory-for-messages", "errors", "idle-commands", "idle-seconds", "message-seconds",
            "judge-seconds", "read-seconds", "hop-seconds", "drain-seconds");
        var usual = new GateLimits();
        var tls = file.Member("tls");
        tls.Closed("certificate", "key", "require");
        var unread = file.Member("unread");
        unread.Closed("pictures", "rest");
        var certificate = tls.Text("certificate") is { } pem ? Certificate(Path.Combine(folder, pem), tls.Text("key") is { } key ? Path.Combine(folder, key) : null, tls) : null;
        var smtp = new GateSettings
        {
            Listen = [.. (file.List("listen") is { Count: > 0 } listen ? listen : ["127.0.0.1:10025"]).Select(l => Endpoint(l, file))],
            NextHops = [.. (file.List("next-hop") is { Count: > 0 } hops ? hops : ["127.0.0.1:10026"]).Select(h => Hop(h, file))],
            Name = file.Text("name") ?? domain,
            Spool = file.Text("spool") is { } spool ? Path.Combine(folder, spool) : home.In("gate", "spool"),
            Trusted = [.. (file.List("trusted") ?? []).Select(t => Network(t, file))],
            Certificate = certificate,
            RequireTls = tls.Flag("require") ?? false,
            NextHopTls = file.Word("next-hop-tls", "never", "may", "must") switch { "must" => HopTls.Must, "may" => HopTls.May, _ => HopTls.Never },
            Limits = new GateLimits
            {
                Connections = limits.Number("connections", 1, 1_000_000) ?? usual.Connections,
                ConnectionsPerClient = limits.Number("connections-per-client", 1, 1_000_000) ?? usual.ConnectionsPerClient,
                Recipients = limits.Number("recipients", 100, 100_000) ?? usual.Recipients,
                MessageBytes = limits.Number("message-bytes", 65_536, DocumentKind.MostBytes) ?? usual.MessageBytes,
                MemoryPerMessage = limits.Number("memory-per-message", 16_384, 64_000_000) ?? usual.MemoryPerMessage,
                MemoryForMessages = limits.Number("memory-for-messages", 1_000_000, int.MaxValue) ?? usual.MemoryForMessages,
                Errors = limits.Number("errors", 1, 1000) ?? usual.Errors,
                IdleCommands = limits.Number("idle-commands", 10, 1_000_000) ?? usual.IdleCommands,
                IdleSeconds = limits.Number("idle-seconds", 5, 3600) ?? usual.IdleSeconds,
                MessageSeconds = limits.Number("message-seconds", 10, 7200) ?? usual.MessageSeconds,
                JudgeSeconds = limits.Number("judge-seconds", 1, 600) ?? usual.JudgeSeconds,
                HopSeconds = limits.Number("hop-seconds", 1, 600) ?? usual.HopSeconds,
                DrainSeconds = limits.Number("drain-seconds", 0, 600) ?? usual.DrainSeconds,
            },
        };
        var mail = new MailPolicy
        {
            Inside = file.List("inside") ?? [],
            SealedOnly = file.List("sealed-only") ?? [],
            UnreadMayGoTo = file.List("unread-may-go-to") ?? [],
            Unread = new UnreadPolicy { Pictures = Does(unread.Word("pictures", "pass", "refuse", "unsure") ?? "pass"), Rest = Does(unread.Word("rest", "pass", "refuse", "unsure") ?? "refuse") },
            Cases = file.Text("cases") ?? "",
            Bounds = ReadingBounds.Default with { Ocr = file.Flag("ocr") ?? false, MostTime = TimeSpan.FromSeconds(limits.Number("read-seconds", 1, 600) ?? 20) },
        };
        return new GateOptions(smtp, mail, file.Text("health") is { } health ? Endpoint(health, file) : null, TimeSpan.FromDays(file.Number("keep-cases-days", 1, 36_525) ?? 400));
    }

    private static RulingKind Does(string word) => word switch { "refuse" => RulingKind.Refuse, "unsure" => RulingKind.Unsure, _ => RulingKind.Pass };

    private static X509Certificate2 Certificate(string pem, string? key, Part at)
    {
        try
        {
            using var read = X509Certificate2.CreateFromPemFile(pem, key);
            // What TLS uses has to hold its key in a form of its own.
            return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), null);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw at.Wrong($"the certificate and its key could not be read from {pem}: {e.Message.TrimEnd('.')}");
        }
    }

    private static IPEndPoint Endpoint(string text, Part at) =>
        IPEndPoint.TryParse(text, out var endpoint) && text.Contains(':') && (endpoint.Port > 0 || text.EndsWith(":0", StringComparison.Ordinal))
            ? endpoint
            : throw at.Wrong($"\"{text}\" is no address and port such as 127.0.0.1:10025");

    private static DnsEndPoint Hop(string text, Part at)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65_536
            ? new DnsEndPoint(text[..colon].Trim('[', ']'), port)
            : throw at.Wrong($"\"{text}\" is no host and port such as mail.example.org:25");
    }

    private static IPNetwork Network(string text, Part at) =>
        IPNetwork.TryParse(text, out var network) ? network
            : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : throw at.Wrong($"\"{text}\" is no address, nor a network such as 10.0.0.0/8");

    private sealed class GateFileException(string why) : Exception(why);

    /// <summary>A part of the file. Scalars are text, and nothing is guessed from how they look.</summary>
    private sealed class Part(YamlNode? node, string name)
    {
        public GateFileException Wrong(string why) => new(node is null ? why : $"{why} ({name}, line {node.Start.Line})");

        private YamlMappingNode? Map => node switch
        {
            null => null,
            YamlMappingNode map => map,
            YamlScalarNode { Value: null or "" } => null,
            _ => throw Wrong("here members are expected, each \"name: value\""),
        };

        public void Closed(params ReadOnlySpan<string> known)
        {
            foreach (var (key, _) in Map?.Children.AsEnumerable() ?? [])
                if (key is not YamlScalarNode { Value: { } said } || !known.Contains(said))
                    throw new GateFileException($"\"{key}\" is no word of {name} (line {key.Start.Line}); it knows {string.Join(", ", known.ToArray())}");
        }

        private YamlNode? Of(string member) => Map?.Children.FirstOrDefault(c => c.Key is YamlScalarNode { Value: { } said } && said == member).Value;

        public Part Member(string member) => new(Of(member), member);

        public string? Text(string member) => Of(member) switch
        {
            null => null,
            YamlScalarNode { Value: { } text } => text.Trim() is { Length: > 0 } said ? said : null,
            var other => throw new Part(other, member).Wrong("here one value is expected"),
        };

        public List<string>? List(string member) => Of(member) switch
        {
            null or YamlScalarNode { Value: null or "" } => null,
            YamlScalarNode { Value: { } one } => [one.Trim()],
            YamlSequenceNode all => [.. all.Select(a => a is YamlScalarNode { Value: { Length: > 0 } text } ? text.Trim() : throw new Part(a, member).Wrong("here a list of values is expected"))],
            var other => throw new Part(other, member).Wrong("here a list of values is expected"),
        };

        public int? Number(string member, int least, int most) => Text(member) is not { } text ? null
            : int.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
            : throw new Part(Of(member), member).Wrong($"\"{text}\" is no number from {least} to {most}");

        public bool? Flag(string member) => Word(member, "yes", "no", "true", "false") switch { null => null, "yes" or "true" => true, _ => false };

        public string? Word(string member, params ReadOnlySpan<string> known) => Text(member) is not { } text ? null
            : known.Contains(text) ? text
            : throw new Part(Of(member), member).Wrong($"\"{text}\" is none of {string.Join(", ", known.ToArray())}");
    }
}
