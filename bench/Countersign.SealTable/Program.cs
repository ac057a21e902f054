using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Proof;

// Seals every PDF below a folder with a throw-away certificate, and lets poppler's pdfsig and qpdf judge each result.
if (args is not [var folder, ..])
{
    Console.Error.WriteLine("Usage: dotnet run -c Release --project bench/Countersign.SealTable -- FOLDER [--list]");
    return 2;
}
var list = args.Contains("--list");
using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
var request = new CertificateRequest("CN=Seal table", key, HashAlgorithmName.SHA256);
using var certificate = request.CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero));
var der = certificate.RawData;
var receipt = new byte[6000];
var plan = new SealPlan(
    "TFN-2026-0001", "letter", new DateTimeOffset(2026, 1, 6, 12, 0, 0, TimeSpan.Zero), "tfn.example",
    "https://tfn.example/l/AAAAAAAAAAAAAAAAAAAAAA#BBBBBBBBBBBBBBBBBBBBBB", false, new MarkPlace(1, MarkCorner.TopRight));
var work = Directory.CreateTempSubdirectory("countersign-seal-table-").FullName;
int total = 0, whole = 0, crashed = 0, invalid = 0, worse = 0, notOurs = 0;
var refused = new SortedDictionary<string, int>(StringComparer.Ordinal);
var cleanButDamaged = new List<string>();
var seconds = 0.0;
foreach (var path in Directory.EnumerateFiles(folder, "*.pdf", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
{
    total++;
    var name = Path.GetRelativePath(folder, path);
    try
    {
        var fairCopy = File.ReadAllBytes(path);
        var clock = Stopwatch.GetTimestamp();
        var sealing = SealedPdf.Seal(fairCopy, receipt, plan, der, data => key.SignData(data.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        seconds += Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var before = Run("qpdf", "--check", path);
        if (sealing.Pdf is not { } sealedPdf)
        {
            var code = sealing.Refusal!.Code;
            refused[code] = refused.GetValueOrDefault(code) + 1;
            if (list)
                Console.WriteLine($"{code,-24} qpdf {before.Exit}  {name}: {sealing.Refusal.Why}");
            if (code is "pdf.damaged" or "pdf.pages" && before.Exit == 0)
                cleanButDamaged.Add($"{name}: {sealing.Refusal.Why}");
            continue;
        }
        if (!sealedPdf.AsSpan().StartsWith(fairCopy) || SealedPdf.Open(sealedPdf) is not OpenResult.Opened opened || SealedPdf.Check(sealedPdf, opened, plan, der) is not null)
            notOurs++;
        var target = Path.Combine(work, "sealed.pdf");
        File.WriteAllBytes(target, sealedPdf);
        var signature = Run("pdfsig", "-nocert", target);
        var after = Run("qpdf", "--check", target);
        var valid = signature.Output.Contains("Signature is Valid", StringComparison.Ordinal) && signature.Output.Contains("Total document signed", StringComparison.Ordinal);
        var poorer = after.Exit > before.Exit || Warnings(after.Output) > Warnings(before.Output);
        if (!valid)
            invalid++;
        if (poorer)
            worse++;
        if (valid && !poorer)
            whole++;
        if (list || !valid || poorer)
            Console.WriteLine($"{(valid ? "sealed" : "INVALID"),-10}{(poorer ? "WORSE" : ""),-6} qpdf {before.Exit} -> {after.Exit}  {name}");
    }
    catch (Exception e)
    {
        crashed++;
        Console.WriteLine($"CRASHED {name}: {e}");
    }
}
Console.WriteLine($"""

    | outcome | files |
    |---|---|
    | sealed, valid for pdfsig ("Signature is Valid", "Total document signed"), no worse for qpdf | {whole} |
    | sealed, but our own check does not accept it | {notOurs} |
    | sealed, but invalid for pdfsig | {invalid} |
    | sealed, but worse for qpdf | {worse} |
    | crashed | {crashed} |
    | refused | {refused.Values.Sum()} |
    | all | {total} |

    | refused because | files |
    |---|---|
    """);
foreach (var (code, count) in refused.OrderByDescending(r => r.Value))
    Console.WriteLine($"| `{code}` | {count} |");
Console.WriteLine($"\nCalled clean by qpdf, refused as damaged by us: {cleanButDamaged.Count}");
foreach (var line in cleanButDamaged)
    Console.WriteLine($"- {line}");
Console.Error.WriteLine($"Sealing took {seconds * 1000 / Math.Max(1, total):F2} ms a file.");
Directory.Delete(work, recursive: true);
return crashed + invalid + worse + notOurs == 0 ? 0 : 1;

static int Warnings(string output) => output.Split('\n').Count(l => l.Contains("WARNING", StringComparison.Ordinal));

static (int Exit, string Output) Run(string program, params string[] arguments)
{
    using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    var error = process.StandardError.ReadToEndAsync();
    var output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return (process.ExitCode, output + error.GetAwaiter().GetResult());
}
