using System.Globalization;
using Countersign.Cli;
using Countersign.Proof;

// countersign-verify: the stranger's program. It needs Countersign.Proof alone, and no office.
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

const string Help = """
    Checks a sealed letter with nothing but the office's trust file.

    Usage:
      countersign-verify verify FILE --trust FILE [--status FILE|URL] [--at DATE] [--json]

      --trust FILE       the office's trust file, as published at /.well-known/countersign
      --status FILE|URL  a newer status file; the network is used for nothing else
      --at DATE          answer for that day or moment (2026-12-31 or 2026-12-31T12:00:00Z); default: now
      --json             answer with one JSON object

    Exit codes:
      0 genuine and in force    4 genuine, but not known to be in force    1 not genuine
      2 wrong usage             3 a file or address could not be read

    Examples:
      countersign-verify verify letter.pdf --trust tfn.trust.json
      countersign-verify verify letter.pdf --trust tfn.trust.json --status https://tfn.example/status/1
    """;

if (args is [] or ["--help"] or ["-h"] or ["verify", "--help"])
{
    Console.WriteLine(Help);
    return args is [] ? 2 : 0;
}
string? file = null, trust = null, status = null;
DateTimeOffset? at = null;
var json = false;
for (var i = args[0] == "verify" ? 1 : 0; i < args.Length; i++)
{
    var value = i + 1 < args.Length ? args[i + 1] : null;
    switch (args[i])
    {
        case "--json":
            json = true;
            break;
        case "--offline":
            break;
        case "--trust" when value is not null:
            trust = args[++i];
            break;
        case "--status" when value is not null:
            status = args[++i];
            break;
        case "--at" when value is not null && Moment(value) is { } moment:
            (at, i) = (moment, i + 1);
            break;
        case var name when file is null && !name.StartsWith("--", StringComparison.Ordinal):
            file = name;
            break;
        default:
            Console.Error.WriteLine($"\"{args[i]}\" is not understood here. See countersign-verify --help.");
            return 2;
    }
}
if (file is null || trust is null)
{
    Console.Error.WriteLine("Name the letter and the office's trust file: countersign-verify verify FILE --trust FILE");
    return 2;
}
byte[] trustFile;
try
{
    trustFile = File.ReadAllBytes(trust);
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e.Message);
    return 3;
}
return VerifyCommand.Run(file, trustFile, status, at, TimeProvider.System.GetUtcNow(), json, Console.Out, Console.Error);

static DateTimeOffset? Moment(string text) => Text.TryMoment(text, out var at) ? at
    : DateOnly.TryParseExact(text, "yyyy-MM-dd", out var date) ? new DateTimeOffset(date, new TimeOnly(23, 59, 59), TimeSpan.Zero) : null;
