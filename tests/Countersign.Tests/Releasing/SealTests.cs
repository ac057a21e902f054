using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Proof;
using Countersign.Testing;
using Countersign.Tests.Letters;
using CsCheck;
using Xunit;

namespace Countersign.Tests.Releasing;

/// <summary>The seal, judged by programs that nobody here wrote, and over PDFs that nobody here made.</summary>
public sealed class SealTests : IClassFixture<SealTests.Sealer>
{
    private readonly Sealer _sealer;

    public SealTests(Sealer sealer) => _sealer = sealer;

    public sealed class Sealer : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public Sealer()
        {
            var request = new CertificateRequest("CN=Seal test", _key, HashAlgorithmName.SHA256);
            using var certificate = request.CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero));
            Certificate = certificate.RawData;
        }

        public byte[] Certificate { get; }

        public static SealPlan Plan(MarkPlace? place) => new(
            "TFN-2026-0001", "letter", new DateTimeOffset(2026, 1, 6, 12, 0, 0, TimeSpan.Zero), "tfn.example",
            "https://tfn.example/l/AAAAAAAAAAAAAAAAAAAAAA#BBBBBBBBBBBBBBBBBBBBBB", false, place);

        public Sealing Seal(byte[] pdf, MarkPlace? place) => SealedPdf.Seal(
            pdf, new byte[5000], Plan(place), Certificate, data => _key.SignData(data.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));

        public bool Whole(byte[] file, MarkPlace? place) =>
            SealedPdf.Open(file) is OpenResult.Opened opened && SealedPdf.Check(file, opened, Plan(place), Certificate) is null;

        public void Dispose() => _key.Dispose();
    }

    [Fact]
    public void Pdfsig_calls_the_signature_valid_and_the_whole_document_signed()
    {
        using var test = new TestOffice();
        var result = Tool.RunOrSkip("pdfsig", "poppler-utils", "-nocert", test.ReleasedLetter().Sealed);
        Assert.Contains("Signature is Valid", result.Output, StringComparison.Ordinal);
        Assert.Contains("Total document signed", result.Output, StringComparison.Ordinal);
        Assert.Contains("ETSI.CAdES.detached", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Qpdf_finds_nothing_in_the_sealed_copy()
    {
        using var test = new TestOffice();
        var result = Tool.RunOrSkip("qpdf", "qpdf", "--check", test.ReleasedLetter().Sealed);
        Assert.Equal(0, result.ExitCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(90)]
    [InlineData(180)]
    [InlineData(270)]
    public void A_scanner_reads_the_marks_address_from_the_page_however_it_is_turned(int rotation)
    {
        using var test = new TestOffice();
        var (letter, sealedCopy) = test.ReleasedLetter();
        var address = Receipt.PaperAddress((ReleaseAct)letter.Release!.Act);
        if (rotation != 0)
        {
            var turned = Path.Combine(test.Home.Path, "turned.pdf");
            var fairCopy = Path.Combine(test.Home.Path, "fair.pdf");
            File.WriteAllBytes(fairCopy, test.Home.ReadBlob(letter.CurrentDraft!.FairCopy)!);
            Assert.Equal(0, Tool.RunOrSkip("qpdf", "qpdf", $"--rotate={rotation}", fairCopy, turned).ExitCode);
            var place = new MarkPlace(1, MarkCorner.BottomLeft);
            sealedCopy = Path.Combine(test.Home.Path, "turned-sealed.pdf");
            File.WriteAllBytes(sealedCopy, _sealer.Seal(File.ReadAllBytes(turned), place).Pdf!);
            address = Sealer.Plan(place).Address;
        }
        var page = Path.Combine(test.Home.Path, "page");
        Assert.Equal(0, Tool.RunOrSkip("pdftoppm", "poppler-utils", "-r", "200", "-png", "-f", "1", "-l", "1", sealedCopy, page).ExitCode);
        var read = Tool.RunOrSkip("zbarimg", "zbar-tools", "-q", "--raw", Directory.GetFiles(test.Home.Path, "page*.png").Single());
        Assert.Equal(address, read.Output.Trim());
    }

    [Theory]
    [InlineData("--object-streams=generate")]
    [InlineData("--linearize")]
    [InlineData("--object-streams=disable")]
    public void Cross_reference_streams_and_linearised_files_are_sealed_in_their_own_kind(string how)
    {
        using var test = new TestOffice();
        var fairCopy = Path.Combine(test.Home.Path, "fair.pdf");
        var other = Path.Combine(test.Home.Path, "other.pdf");
        File.WriteAllBytes(fairCopy, test.Home.ReadBlob(test.Draft().CurrentDraft!.FairCopy)!);
        Assert.Equal(0, Tool.RunOrSkip("qpdf", "qpdf", how, fairCopy, other).ExitCode);
        var place = new MarkPlace(1, MarkCorner.TopRight);
        var sealedPdf = _sealer.Seal(File.ReadAllBytes(other), place).Pdf!;
        Assert.True(sealedPdf.AsSpan().StartsWith(File.ReadAllBytes(other)));
        Assert.True(_sealer.Whole(sealedPdf, place));
        var target = Path.Combine(test.Home.Path, "sealed.pdf");
        File.WriteAllBytes(target, sealedPdf);
        Assert.Equal(0, Tool.RunOrSkip("qpdf", "qpdf", "--check", target).ExitCode);
        Assert.Contains("Total document signed", Tool.RunOrSkip("pdfsig", "poppler-utils", "-nocert", target).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_real_pdf_is_sealed_whole_or_refused_with_a_sentence()
    {
        var place = new MarkPlace(1, MarkCorner.TopRight);
        foreach (var path in Directory.EnumerateFiles(Corpora.Require("pdf"), "*.pdf", SearchOption.AllDirectories))
        {
            var sealing = _sealer.Seal(File.ReadAllBytes(path), place);
            if (sealing.Pdf is { } sealedPdf)
                Assert.True(_sealer.Whole(sealedPdf, place), path);
            else
                Assert.True(sealing.Refusal is { Why.Length: > 10, Next.Length: > 10 }, path);
        }
    }

    [Fact]
    public void No_mutation_of_a_sealed_copy_is_whole_and_none_makes_the_readers_fall_over()
    {
        using var test = new TestOffice();
        var fairCopy = test.Home.ReadBlob(test.Draft().CurrentDraft!.FairCopy)!;
        var place = new MarkPlace(1, MarkCorner.TopRight);
        var whole = _sealer.Seal(fairCopy, place).Pdf!;
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, whole.Length - 1], Gen.Byte[1, 255], Gen.Int[1, 400]).Sample((how, at, with, length) =>
        {
            length = Math.Min(length, whole.Length - at);
            byte[] mutated = how switch
            {
                0 => [.. whole[..at], (byte)(whole[at] ^ with), .. whole[(at + 1)..]],
                1 => [.. whole[..at], .. whole[(at + length)..]],
                2 => [.. whole[..(at + length)], .. whole[at..]],
                _ => [.. whole[..at], .. whole[..length], .. whole[at..]],
            };
            SealedPdf.Examine(mutated);
            Assert.False(_sealer.Whole(mutated, place), $"mutation {how} at {at}, {length} bytes");
        }, iter: 1500, threads: 2);
    }

    [Fact]
    public void Mutated_pages_never_make_the_reader_fall_over()
    {
        var files = Directory.EnumerateFiles(Corpora.Require("pdf"), "*.pdf", SearchOption.AllDirectories)
            .Where(f => new FileInfo(f).Length is > 500 and < 60_000).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).ToArray();
        Gen.Select(Gen.Int[0, files.Length - 1], Gen.Double[0, 1], Gen.Byte, Gen.Int[1, 30]).Sample((file, where, with, length) =>
        {
            var bytes = (byte[])files[file].Clone();
            var at = (int)(where * (bytes.Length - 1));
            bytes.AsSpan(at, Math.Min(length, bytes.Length - at)).Fill(with);
            Assert.True(SealedPdf.Examine(bytes) is { Refusal: not null } or { Pages.Count: > 0 });
        }, iter: 3000, threads: 2);
    }
}
