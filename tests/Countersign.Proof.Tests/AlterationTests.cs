using Countersign.Proof.Tests.Bench;
using Xunit;

namespace Countersign.Proof.Tests;

/// <summary>
/// Every way in which we could think of making a letter seem what it is not. The attacker has the office's ledger, statement and sealing keys
/// where the row needs them, and never the keys of the people whose approval is missing.
/// </summary>
public sealed partial class AlterationTests
{
    internal static readonly AttackRow[] Rows =
    [
        .. OfTheFile(), .. OfTheSeal(), .. OfTheFairCopy(), .. OfTheSignature(), .. OfTheReceipt(), .. OfTheActs(), .. OfTheLedger(), .. OfTheProof(), .. OfTheCheckpoint(),
        .. OfTheApprovals(), .. OfThePasskeys(), .. OfTheFounding(), .. OfTheRoster(), .. OfTheKeys(), .. OfStolenKeys(), .. OfTheStages(), .. OfTheStanding(),
        .. OfTheStatusFile(), .. OfTheSignedHold(),
    ];

    public static TheoryData<string> Names => [.. Rows.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void No_alteration_is_genuine(string name)
    {
        var row = Rows.Single(r => r.Name == name);
        var attempt = row.Attempted();

        var verdict = attempt.Judged();

        Assert.True(row.Expected == verdict.Kind, $"{name}: {verdict.Kind}, {verdict.Reasons[0]}");
        Assert.Contains(row.Because, verdict.Reasons[0], StringComparison.Ordinal);
        Assert.NotEqual(0, verdict.ExitCode);
    }

    [Fact]
    public void Every_row_serves_a_promise_and_has_a_name_of_its_own()
    {
        Assert.True(Rows.Length >= 200);
        Assert.All(Rows, r => Assert.InRange(r.Promise, 1, 7));
        Assert.All(Rows, r => Assert.EndsWith(".", r.Name, StringComparison.Ordinal));
        Assert.Equal(Rows.Length, Rows.Select(r => r.Name).Distinct().Count());
        Assert.DoesNotContain(Rows, r => r.Expected == VerdictKind.GenuineInForce);
    }

    [Fact]
    public void No_flipped_bit_anywhere_in_a_sealed_letter_goes_unseen()
    {
        var office = OfficeInMemory.Staffed();
        var file = Honest(office);
        var (trust, status) = (office.Trust(), office.Status());
        for (var i = 0; i < file.Length; i += 13)
        {
            var bit = (byte)(1 << (i % 8));
            file[i] ^= bit;
            var verdict = Receipt.Verify(file, trust, status, office.Now);
            Assert.True(verdict.Kind == VerdictKind.Altered, $"bit {i % 8} of byte {i}: {verdict.Kind}");
            file[i] ^= bit;
        }
        Assert.Equal(VerdictKind.GenuineInForce, Receipt.Verify(file, trust, status, office.Now).Kind);
    }

    [Fact]
    public void No_cut_of_a_sealed_letter_goes_unseen()
    {
        var office = OfficeInMemory.Staffed();
        var file = Honest(office);
        var (trust, status) = (office.Trust(), office.Status());
        for (var length = 0; length < file.Length; length += 97)
            Assert.True(Receipt.Verify(file.AsMemory(0, length), trust, status, office.Now).Kind < VerdictKind.UnknownOffice, $"cut at byte {length}");
    }

    private static readonly byte[] Pdf = SmallPdf.Of("We do NOT withdraw");

    private static byte[] Honest(OfficeInMemory office, string letter = "l1", byte[]? pdf = null)
    {
        office.Enter(office.Version(letter, pdf ?? Pdf, mark: new MarkPlace(1, MarkCorner.TopRight)), OfficeInMemory.Drafter);
        office.Review(letter, OfficeInMemory.Lawyer);
        office.Enter(office.Release(letter, OfficeInMemory.General), OfficeInMemory.General);
        return office.Sealed(letter, pdf ?? Pdf);
    }

    /// <summary>Somebody without any key changes a sealed file.</summary>
    private static IEnumerable<AttackRow> OfTheFile()
    {
        static AttackRow Row(string name, string because, Func<byte[], byte[]> change) =>
            new(name, 1, VerdictKind.Altered, because, office => new Attempt(change(Honest(office))));

        yield return Row("The header of the fair copy is changed.", "The pages are not the ones", f => Bytes.Flip(f, "%PDF-1.7", 7));
        yield return Row("A word on the page is changed.", "The pages are not the ones", f => Bytes.Replace(f, "do NOT withdraw", "do now withdraw"));
        yield return Row("The line that begins the seal is changed.", "The line that begins the seal", f => Bytes.Flip(f, "%Countersign-Seal", 3));
        yield return Row("The line that begins the seal names another length of the fair copy.", "does not", f => Bytes.Flip(f, "%Countersign-Seal 1 ", 22));
        yield return Row("A byte of the receipt's statement is changed.", "The receipt is damaged", f => Bytes.Flip(f, "stream\n\u00d2\u0084", 9));
        yield return Row("A byte of an act in the receipt is changed.", "The ", f => Bytes.Flip(f, "\"act\":\"release\"", 7));
        yield return Row("The name of the receipt's file is changed.", "The seal is not the one", f => Bytes.Flip(f, "countersign-receipt.cose"));
        yield return Row("A square of the mark's code is moved.", "The seal is not the one", f => Bytes.Flip(f, " 1 re\n", -1));
        yield return Row("The reference in the mark is changed.", "The seal is not the one", f => Bytes.Flip(f, "(EX-2026-", 12));
        yield return Row("The signature dictionary permits changes.", "The seal is not the one", f => Bytes.Replace(f, "/P 1/V", "/P 3/V"));
        yield return Row("The byte range leaves something out.", "The seal is not the one", f => Bytes.Replace(f, "/ByteRange[0", "/ByteRange[1"));
        yield return Row("The time in the signature dictionary is changed.", "The seal is not the one", f => Bytes.Replace(f, "/M(D:2026", "/M(D:2016"));
        yield return Row("The catalog of the seal is changed.", "The seal is not the one", f => Bytes.Replace(f, "/SigFlags 3", "/SigFlags 0"));
        yield return Row("An entry of the seal's cross-reference is changed.", "The seal is not the one", f => Bytes.Flip(f, " 00000 n \n", -1, last: true));
        yield return Row("The seal's trailer names another size.", "The seal is not the one", f => Bytes.Flip(f, "/Size ", 6, last: true));
        yield return Row("The seal's trailer leads to another earlier section.", "The seal is not the one", f => Bytes.Flip(f, "/Prev ", 6, last: true));
        yield return Row("The place of the cross-reference is changed.", "The seal is not the one", f => Bytes.Flip(f, "startxref\n", 10, last: true));
        yield return Row("The end of the file is misspelt.", "The seal is not the one", f => Bytes.Flip(f, "%%EOF", 3, last: true));
        yield return Row("The last line end is another.", "The seal is not the one", f => [.. f[..^1], 13]);
        yield return Row("A line end is appended.", "added behind the seal", f => [.. f, 10]);
        yield return Row("A page is appended behind the seal.", "added behind the seal", f => [.. f, .. SmallPdf.Of("We withdraw")]);
        yield return Row("A second incremental update replaces the page.", "added behind the seal", SecondUpdate);
        yield return Row("A whole second seal stands behind the first.", "", f => [.. f, .. f[Bytes.IndexOf(f, "%Countersign-Seal")..]]);
        yield return Row("Bytes stand before the fair copy.", "", f => [10, .. f]);
        yield return Row("Bytes stand between fair copy and seal.", "", f => Bytes.Insert(f, "%Countersign-Seal", "\n% more\n"));
        yield return Row("The last line is cut off.", "The end of the file is missing", f => f[..^6]);
        yield return Row("Half of the seal is cut off.", "", f => f[..(f.Length - 6000)]);
        yield return Row("The CMS is written in upper-case hexadecimal.", "not written as a seal writes it", f => ChangeCms(f, h => h.ToUpperInvariant()));
        yield return Row("The padding after the CMS hides a byte.", "does not belong", f => ChangeCms(f, h => h[..^2] + "41"));
        yield return Row("The CMS is all zeros.", "does not belong", f => ChangeCms(f, h => new string('0', h.Length)));
        yield return Row("The signature is turned into its twin with the high s.", "does not belong", HighS);
        yield return Row("The seal of another letter stands behind the pages.", "The pages are not the ones",
            f => [.. SmallPdf.Of("We do now withdraw"), .. f[Pdf.Length..]]);
        yield return new AttackRow("The seal is cut off, so that the bare fair copy is shown.", 1, VerdictKind.NotReleased, "carries no seal",
            office => new Attempt(Honest(office)[..Pdf.Length]));
        yield return new AttackRow("The file is empty.", 1, VerdictKind.Unreadable, "empty", _ => new Attempt([]));
        yield return new AttackRow("A photograph of a letter claims to be one.", 4, VerdictKind.NotReleased, "carries no seal",
            _ => new Attempt([0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10]));
    }

    private static byte[] SecondUpdate(byte[] file)
    {
        var content = "BT /F1 12 Tf 72 700 Td (We withdraw) Tj ET";
        var start = file.Length;
        var body = $"4 0 obj\n<</Length {content.Length}>>stream\n{content}\nendstream\nendobj\n";
        var tail = $"{body}xref\n4 1\n{start:D10} 00000 n \ntrailer\n<</Size 20/Root 1 0 R/Prev 1>>\nstartxref\n{start + body.Length}\n%%EOF\n";
        return [.. file, .. System.Text.Encoding.Latin1.GetBytes(tail)];
    }

    private static byte[] ChangeCms(byte[] file, Func<string, string> change)
    {
        var start = Bytes.IndexOf(file, "/Contents<", last: true) + 10;
        var hex = System.Text.Encoding.ASCII.GetString(file, start, 8192);
        return [.. file[..start], .. System.Text.Encoding.ASCII.GetBytes(change(hex)), .. file[(start + 8192)..]];
    }

    /// <summary>Writes s as n − s in the DER of the last SEQUENCE of the CMS, with every length around it mended.</summary>
    private static byte[] HighS(byte[] file) => ChangeCms(file, hex =>
    {
        var order = System.Numerics.BigInteger.Parse("0ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", System.Globalization.NumberStyles.HexNumber);
        var cms = Convert.FromHexString(hex);
        var outer = new System.Formats.Asn1.AsnReader(cms, System.Formats.Asn1.AsnEncodingRules.BER);
        var length = outer.PeekEncodedValue().Length;
        var at = cms.AsSpan(0, length).LastIndexOf(Convert.FromHexString("06082a8648ce3d040302")) + 10;
        var signature = new System.Formats.Asn1.AsnReader(cms.AsMemory(at, length - at), System.Formats.Asn1.AsnEncodingRules.DER).ReadOctetString();
        var pair = new System.Formats.Asn1.AsnReader(signature, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
        var (r, s) = (pair.ReadInteger(), order - pair.ReadInteger());
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(r);
            writer.WriteInteger(s);
        }
        // The longer signature shifts nothing that the lengths around it do not tell: the whole is made again by our own writer.
        var unpadded = Cms.Build(OfficeInMemory.SharedCertificate, SignedDigest(file), writer.Encode());
        return Convert.ToHexStringLower(unpadded).PadRight(hex.Length, '0');
    });

    private static Digest SignedDigest(byte[] file)
    {
        var start = Bytes.IndexOf(file, "/Contents<", last: true) + 9;
        return Digest.Of([.. file[..start], .. file[(start + 8194)..]]);
    }
}
