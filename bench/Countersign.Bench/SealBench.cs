using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Countersign.Proof;

namespace Countersign.Bench;

/// <summary>Sealing and verifying a letter of 1 MB beside openssl cms (whole processes) and .NET's SignedCms (in process); SHA-256 of the same bytes as a floor.</summary>
internal static class SealBench
{
    private const int RunsARound = 15;

    public static int Run(string[] args)
    {
        var work = Directory.CreateTempSubdirectory("countersign-bench-").FullName;
        string In(string name) => Path.Combine(work, name);
        try
        {
            var program = Programs.NativeVerifier(args, work);
            using var office = new BenchOffice(In("office"));
            var pdf = MakePdf(1_000_000);
            File.WriteAllBytes(In("letter.pdf"), pdf);
            var letter = office.Release(In("letter.pdf"));
            var sealedPdf = File.ReadAllBytes(letter);
            var trust = office.Office.Trust();
            File.WriteAllBytes(In("trust.json"), trust.ToBytes());

            // The peers sign the same bytes with the office's own key and certificate.
            var keyFile = Path.Combine(office.Home.OfficeKeys, "seal.key");
            var der = File.ReadAllBytes(Path.Combine(office.Home.OfficeKeys, "seal.crt"));
            using var key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(keyFile));
            using var bare = X509CertificateLoader.LoadCertificate(der);
            using var certificate = bare.CopyWithPrivateKey(key);
            File.WriteAllText(In("seal.pem"), bare.ExportCertificatePem());

            var opened = (OpenResult.Opened)SealedPdf.Open(sealedPdf);
            var receipt = Receipt.TryRead(opened.Receipt, out var read, out var fault) ? read : throw new InvalidDataException(fault);
            var plan = receipt.Plan()!;
            var now = office.Office.Now;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"letter of {pdf.Length:N0} bytes, sealed {sealedPdf.Length:N0}; {RunsARound} runs a round"));

            const string Seal = "SealedPdf.Seal", Check = "Receipt.Verify", CmsSign = "SignedCms.ComputeSignature", CmsVerify = "SignedCms.CheckSignature";
            const string Program = "countersign-verify, process", OpenSslSign = "openssl cms -sign, process", OpenSslVerify = "openssl cms -verify, process";
            var rounds = Rounds.Asked(args);
            rounds.AddTimed(Seal, RunsARound, () =>
            {
                var sealing = SealedPdf.Seal(pdf, receipt.Bytes, plan, der, data => key.SignData(data.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
                if (sealing.Pdf?.Length != sealedPdf.Length)
                    throw new InvalidOperationException("the seal is another");
            });
            byte[] cms = [];
            rounds.AddTimed(CmsSign, RunsARound, () =>
            {
                var signed = new SignedCms(new ContentInfo(pdf), detached: true);
                signed.ComputeSignature(new CmsSigner(certificate) { IncludeOption = X509IncludeOption.EndCertOnly });
                cms = signed.Encode();
            });
            rounds.AddTimed(Check, RunsARound, () =>
            {
                if (Receipt.Verify(sealedPdf, trust, null, now) is not { Kind: VerdictKind.GenuineInForce })
                    throw new InvalidOperationException("the letter is not genuine");
            });
            rounds.AddTimed(CmsVerify, RunsARound, () =>
            {
                var signed = new SignedCms(new ContentInfo(pdf), detached: true);
                signed.Decode(cms);
                signed.CheckSignature(verifySignatureOnly: true);
            });
            rounds.AddTimed("SHA-256 of the sealed file", RunsARound, () => SHA256.HashData(sealedPdf));
            // What a check is mostly made of, one signature of each kind.
            var hash = SHA256.HashData(pdf);
            var signature = key.SignHash(hash);
            rounds.AddTimed("one P-256 check", 200, () => key.VerifyHash(hash, signature));
            var ledger = Ed25519PrivateKey.Create();
            var note = ledger.Sign(hash);
            rounds.AddTimed("one Ed25519 check", 200, () => ledger.Public.Verify(hash, note));
            rounds.AddTimed("one Ed25519 signature", 200, () => ledger.Sign(hash));
            rounds.AddTimed(Program, RunsARound, () => Programs.Run(program, "Genuine and in force", "verify", letter, "--trust", In("trust.json")));
            rounds.AddTimed(OpenSslSign, RunsARound, () => Programs.Run(
                "openssl", null, "cms", "-sign", "-binary", "-in", In("letter.pdf"), "-signer", In("seal.pem"), "-inkey", keyFile, "-outform", "DER", "-out", In("letter.p7s")));
            rounds.AddTimed(OpenSslVerify, RunsARound, () => Programs.Run(
                "openssl", null, "cms", "-verify", "-binary", "-inform", "DER", "-in", In("letter.p7s"), "-content", In("letter.pdf"), "-certfile", In("seal.pem"), "-noverify", "-out", "/dev/null"));
            rounds.AddTimed("openssl dgst -sha256, process", RunsARound, () => Programs.Run("openssl", null, "dgst", "-sha256", In("letter.pdf")));
            rounds.Run();
            rounds.Print("ms", "F3");
            rounds.PrintRatio(Seal, CmsSign);
            rounds.PrintRatio(Seal, OpenSslSign);
            rounds.PrintRatio(Check, CmsVerify);
            rounds.PrintRatio(Program, OpenSslVerify);
            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>Writes <c>letter.pdf</c>, sealed, and <c>trust.json</c> to a folder, for a verifier that is measured elsewhere.</summary>
    public static int WriteLetter(string folder, string[] args)
    {
        var size = args is ["--bytes", var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 20_000_000;
        var work = Directory.CreateTempSubdirectory("countersign-bench-").FullName;
        try
        {
            using var office = new BenchOffice(Path.Combine(work, "office"));
            var pdf = Path.Combine(work, "letter.pdf");
            File.WriteAllBytes(pdf, MakePdf(size));
            Directory.CreateDirectory(folder);
            File.Copy(office.Release(pdf), Path.Combine(folder, "letter.pdf"), overwrite: true);
            File.WriteAllBytes(Path.Combine(folder, "trust.json"), office.Office.Trust().ToBytes());
            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>A plain PDF of one page for each picture of 250,000 chance bytes, which nothing can make smaller.</summary>
    private static byte[] MakePdf(int size)
    {
        using var output = new MemoryStream();
        var offsets = new List<long>();
        var random = new Random(20260106);
        var pages = size / 250_000;
        void Put(string text) => output.Write(Encoding.ASCII.GetBytes(text));
        void Object(string dictionary, byte[]? stream = null)
        {
            offsets.Add(output.Length);
            Put($"{offsets.Count} 0 obj\n{dictionary}");
            if (stream is not null)
            {
                Put("stream\n");
                output.Write(stream);
                Put("\nendstream");
            }
            Put("\nendobj\n");
        }
        Put("%PDF-1.7\n%\u003f\u003f\u003f\u003f\n");
        Object("<</Type/Catalog/Pages 2 0 R>>");
        Object($"<</Type/Pages/Count {pages}/Kids[{string.Join(' ', Enumerable.Range(0, pages).Select(i => $"{3 + (3 * i)} 0 R"))}]>>");
        for (var i = 0; i < pages; i++)
        {
            var picture = new byte[250_000];
            random.NextBytes(picture);
            var content = Encoding.ASCII.GetBytes("q 200 0 0 200 100 200 cm /I Do Q");
            Object($"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {4 + (3 * i)} 0 R/Resources<</XObject<</I {5 + (3 * i)} 0 R>>>>>>");
            Object($"<</Length {content.Length}>>", content);
            Object($"<</Type/XObject/Subtype/Image/Width 500/Height 500/ColorSpace/DeviceGray/BitsPerComponent 8/Length {picture.Length}>>", picture);
        }
        var table = output.Length;
        Put($"xref\n0 {offsets.Count + 1}\n0000000000 65535 f \n");
        foreach (var offset in offsets)
            Put($"{offset.ToString("D10", CultureInfo.InvariantCulture)} 00000 n \n");
        Put($"trailer\n<</Size {offsets.Count + 1}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n");
        return output.ToArray();
    }
}
