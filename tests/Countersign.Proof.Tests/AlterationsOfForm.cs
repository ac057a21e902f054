using System.Formats.Asn1;
using System.Text;
using Countersign.Proof.Tests.Bench;

namespace Countersign.Proof.Tests;

/// <content>
/// Fair copies that none may seal, and forms of signature, receipt, act, proof and checkpoint that other readers would take: each sealed with the
/// office's true key by a server that asks nobody.
/// </content>
public sealed partial class AlterationTests
{
    /// <summary>Fair copies that show different pages to different readers, screens or days: the shadow attacks, and whatever else an allow-list is for.</summary>
    private static IEnumerable<AttackRow> OfTheFairCopy()
    {
        // The seal is made over a copy of the same length without the feature, then stands behind the copy with it; the people approved the latter.
        static AttackRow Row(string name, string because, Func<string, byte[]> pdf, string feature) => new(
            name, 1, VerdictKind.Altered, because, office =>
            {
                var (bad, clean) = (pdf(feature), pdf(new string(' ', feature.Length)));
                office.Send("l1", bad);
                var file = office.Seal(clean, office.Receipt("l1", bad));
                return new Attempt(office.SignAgain([.. bad, .. file[bad.Length..]]));
            });
        static AttackRow Catalog(string name, string because, string feature) => Row(name, because, f => Parts(catalog: f), feature);
        static AttackRow Page(string name, string because, string feature) => Row(name, because, f => Parts(page: f), feature);
        static AttackRow More(string name, string because, string feature) => Row(name, because, f => Parts(more: "<<" + f + ">>"), feature);

        yield return Catalog("The fair copy has layers.", "layers", "/OCProperties<</OCGs[]/D<<>>>>");
        yield return Catalog("The fair copy opens with a script.", "JavaScript", "/OpenAction<</S/JavaScript/JS(1)>>");
        yield return Catalog("The fair copy starts a program when it opens.", "does something when it is opened", "/OpenAction<</S/Launch/F(a)>>");
        yield return Catalog("The fair copy acts when it is printed.", "does something when it is opened", "/AA<</WP<</S/GoTo>>>>");
        yield return Catalog("The fair copy names a script.", "JavaScript", "/Names<</JavaScript<</Names[(a)6 0 R]>>>>");
        yield return Catalog("The fair copy names an attached file.", "attached file", "/Names<</EmbeddedFiles<</Names[(a)6 0 R]>>>>");
        yield return Catalog("The fair copy has associated files.", "attached file", "/AF[6 0 R]");
        yield return Catalog("The fair copy is a portfolio.", "portfolio", "/Collection<<>>");
        yield return Catalog("The fair copy holds an XFA form.", "XFA", "/AcroForm<</Fields[]/XFA 6 0 R>>");
        yield return Catalog("The fair copy holds a form field.", "form fields", "/AcroForm<</Fields[6 0 R]>>");
        yield return Catalog("The fair copy lets readers draw its fields anew.", "form fields", "/AcroForm<</Fields[]/NeedAppearances true>>");
        yield return Catalog("The fair copy carries a certification.", "signature already", "/Perms<</DocMDP 6 0 R>>");
        yield return Catalog("The fair copy carries a signature's proofs.", "signature already", "/DSS<<>>");
        yield return Catalog("The fair copy has requirements that no rule knows.", "not known to be harmless", "/Requirements[]");
        yield return Page("A page has a comment.", "comment", "/Annots[<</Type/Annot/Subtype/Text/Rect[0 0 9 9]>>]");
        yield return Page("A page has text laid over it.", "comment", "/Annots[<</Type/Annot/Subtype/FreeText/Rect[0 0 9 9]>>]");
        yield return Page("A page has a stamp that is not printed.", "comment", "/Annots[<</Type/Annot/Subtype/Stamp/F 0/Rect[0 0 9 9]>>]");
        yield return Page("A page has a field.", "form fields", "/Annots[<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]>>]");
        yield return Page("A page has a file pinned to it.", "attached file", "/Annots[<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]>>]");
        yield return Page("A page has a film in it.", "comment", "/Annots[<</Type/Annot/Subtype/RichMedia/Rect[0 0 9 9]>>]");
        yield return Page("A page has a link that runs a script.", "JavaScript", "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/JavaScript/JS(1)>>>>]");
        yield return Page("A page has a link to a file on the reader's machine.", "links to", "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(file:///etc)>>>>]");
        yield return Page("A page has a link that sends a form.", "does something", "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/SubmitForm/F(a)>>>>]");
        yield return Page("A page has a link that is drawn.", "not known to be harmless", "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/AP<</N 6 0 R>>>>]");
        yield return Page("A page has a link with more than one action.", "chain of actions", "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/GoTo/Next<<>>>>>>]");
        yield return Page("A page acts when it is opened.", "does something", "/AA<</O<</S/GoTo>>>>");
        yield return Page("A page has a member that no rule knows.", "not known to be harmless", "/Hidden true");
        yield return Page("A page is measured in other units.", "not known to be harmless", "/UserUnit 2");
        yield return Page("A page is turned by no quarter.", "turned by no quarter", "/Rotate 45");
        yield return More("An object is a layer that nothing leads to.", "layers", "/Type/OCG/Name(a)");
        yield return More("A picture has alternates for the printer.", "alternate pictures", "/Type/XObject/Subtype/Image/Alternates[]"); // ATTACKS 17
        yield return More("A picture belongs to a layer.", "layers", "/Type/XObject/Subtype/Image/OC 3 0 R");
        yield return More("An object is a signature that nothing leads to.", "signature already", "/Type/Sig/Filter/Adobe.PPKLite");
        yield return More("An object is a time stamp that nothing leads to.", "signature already", "/Type/DocTimeStamp");
        yield return More("An object is a field for a signature.", "signature already", "/FT/Sig/T(a)");
        yield return More("An object has a byte range and contents.", "signature already", "/ByteRange[0 0 0 0]/Contents<00>");
        yield return More("An object names a file beside the letter.", "attached file", "/Type/Filespec/F(a)");
        yield return More("An object is a script that nothing leads to.", "JavaScript", "/S/JavaScript/JS(1)");
        yield return More("An object starts a program, and nothing leads to it.", "does something", "/S/Launch");
        yield return Row("A stream takes its content from another file.", "another file", f => Parts(stream: f), "/F(evil.bin)");
        yield return Row("The fair copy is encrypted.", "encrypted", f => Trailer(f), "/Encrypt<</Filter/Standard>>");
        yield return Row("The fair copy lists an object beyond its number of objects.", "beyond the number", f => Trailer(f == "7" ? "/Size 6" : "/Size 7"), "7"); // ATTACKS 1
        yield return Row("The fair copy's page names another parent than the one that names it.", "another parent", f => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(Pdf).Replace("/Parent 2 0 R", f == "5" ? "/Parent 5 0 R" : "/Parent 2 0 R", StringComparison.Ordinal)), "5");
        yield return Row("The fair copy lists one page twice.", "stands in it twice", f => Parts(kids: f), " 3 0 R");

        static byte[] Parts(string catalog = "", string page = "", string stream = "", string more = "<<>>", string kids = "") => SmallPdf.Build([
            $"<</Type/Catalog/Pages 2 0 R{catalog}>>",
            $"<</Type/Pages/Kids[3 0 R{kids}]/Count 1>>",
            $"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R{page}>>",
            $"<</Length 43{stream}>>stream\nBT /F1 12 Tf 72 700 Td (We stay) Tj ET     \nendstream",
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            more,
        ]);
        static byte[] Trailer(string feature) => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(Parts(more: "(spare)")).Replace(
            "/Size 7", feature.StartsWith("/Size", StringComparison.Ordinal) ? feature : "/Size 7" + feature, StringComparison.Ordinal));
    }

    /// <summary>The ways in which seals of PDFs are forged (Mladenov 2019, Rohlmann 2021): what readers forgive in the signature's own objects.</summary>
    private static IEnumerable<AttackRow> OfTheSignature()
    {
        const string other = "The seal is not the one";
        static AttackRow Signed(string name, string because, Func<byte[], byte[]> change) =>
            new(name, 1, VerdictKind.Altered, because, office => new Attempt(office.SignAgain(change(Honest(office)))));
        static AttackRow Plain(string name, string because, Func<byte[], byte[]> change) =>
            new(name, 1, VerdictKind.Altered, because, office => new Attempt(change(Honest(office))));
        static byte[] Range(byte[] file, string range)
        {
            var at = Bytes.IndexOf(file, "/ByteRange", last: true) + 10;
            var changed = file.ToArray();
            Encoding.Latin1.GetBytes(range.PadRight(48), changed.AsSpan(at));
            return changed;
        }
        static AttackRow Cms(string name, Func<byte[], CmsParts, byte[]> change) => new(name, 1, VerdictKind.Altered, "does not belong to these bytes", office =>
            new Attempt(ChangeCms(Honest(office), hex =>
            {
                var cms = Convert.FromHexString(hex);
                var length = new AsnReader(cms, AsnEncodingRules.BER).PeekEncodedValue().Length;
                return Convert.ToHexStringLower(change(cms[..length], CmsParts.Of(cms[..length]))).PadRight(hex.Length, '0');
            })));

        yield return Signed("The byte range is missing.", other, f => Bytes.Replace(f, "/ByteRange[", "/ByteRangX["));
        yield return Signed("The byte range is null.", other, f => Range(f, "null"));
        yield return Signed("The byte range is empty.", other, f => Range(f, "[]"));
        yield return Signed("The byte range is negative.", other, f => Range(f, "[0 -1 99999 1]"));
        yield return Signed("The byte range begins within the file.", other, f => Range(f, "[9 100 200 300]"));
        yield return Signed("The byte range covers all but the page.", other, f => Range(f, "[0 9 900 10000]"));
        yield return Signed("The byte range has three numbers.", other, f => Range(f, "[0 100 200]"));
        yield return Signed("The byte range has a range more.", other, f => Range(f, "[0 1 2 3 4 5]"));
        yield return Signed("The byte range is spaced otherwise.", other, f => Bytes.Replace(f, "/ByteRange[0 ", "/ByteRange[0\n"));
        yield return Signed("The byte range has a zero before a number.", other, f => Range(f, "[00 100 200 300]"));
        yield return Plain("The contents are missing.", other, f => Bytes.Replace(f, "/Contents<", "/ContentX<"));
        yield return Plain("The contents are a null.", other, f => Bytes.Replace(f, "/Contents<", "/Contents "));
        yield return Plain("The contents are empty.", other, f => Bytes.Replace(f, "/Contents<", "/Contents("));
        yield return Plain("A blank stands in the contents.", "not written as a seal writes it", f => ChangeCms(f, h => h[..10] + " " + h[11..]));
        yield return Plain("A line end stands in the contents.", "not written as a seal writes it", f => ChangeCms(f, h => h[..^1] + "\n"));
        yield return Plain("The contents end early.", "not written as a seal writes it", f => ChangeCms(f, h => h[..^1] + ">"));
        yield return Plain("Bytes are wrapped between the ranges.", other, f => Bytes.Insert(f, ">>>\nendobj", "00"));
        yield return Plain("A cross-reference is appended without a trailer.", "added behind the seal", f => [.. f, .. "xref\n0 0\n"u8]);
        yield return Plain("A trailer is appended without a cross-reference.", "added behind the seal", f => [.. f, .. "trailer\n<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"u8]);
        yield return Plain("An object is appended without a cross-reference.", "added behind the seal", f => [.. f, .. "4 0 obj\n<<>>\nendobj\n"u8]);
        yield return Plain("A comment is appended.", "added behind the seal", f => [.. f, .. "% seen\n"u8]);
        yield return Plain("A time stamp is appended by an archive.", "added behind the seal", f => [.. f, .. "99 0 obj\n<</Type/DocTimeStamp>>\nendobj\n"u8]);
        yield return Plain("A zero is appended.", "added behind the seal", f => [.. f, 0]);
        yield return Plain("A ZIP archive is appended.", "added behind the seal", f => [.. f, .. "PK\u0005\u0006"u8, .. new byte[18]]); // ATTACKS 17
        yield return Signed("The seal's field is not locked.", other, f => Bytes.Replace(f, "/F 132", "/F 004"));
        yield return Signed("The seal's field is hidden.", other, f => Bytes.Replace(f, "/F 132", "/F 134"));
        yield return Signed("The seal's field has another name.", other, f => Bytes.Replace(f, "/T(countersign-seal)", "/T(countersign-deal)"));
        yield return Signed("The seal names another method of transforming.", other, f => Bytes.Replace(f, "/TransformMethod/DocMDP", "/TransformMethod/FieldM"));
        yield return Signed("The seal permits nothing to be said about changes.", other, f => Bytes.Replace(f, "/P 1/V/1.2", "/Q 1/V/1.2"));
        yield return Signed("The seal is of another kind of signature.", other, f => Bytes.Replace(f, "/ETSI.CAdES.detached", "/adbe.pkcs7.detached"));
        yield return Signed("The seal is for another handler.", other, f => Bytes.Replace(f, "/Adobe.PPKLite", "/Adobe.PPKHeav"));
        yield return Signed("The receipt is an alternative of the letter and not a supplement.", other, f => Bytes.Replace(f, "/AFRelationship/Supplement", "/AFRelationship/Alternativ"));
        yield return Signed("The receipt is of another type.", other, f => Bytes.Replace(f, "/Subtype/application#2Fcose", "/Subtype/application#2Fcosx"));
        yield return Signed("The catalog of the seal names no certification.", other, f => Bytes.Replace(f, "/DocMDP ", "/DocMDX "));
        yield return Signed("An entry of the cross-reference has nineteen bytes.", other, f =>
        {
            var at = Bytes.IndexOf(f, " 00000 n \n", last: true);
            return [.. f[..(at + 8)], .. f[(at + 9)..]];
        });
        yield return Signed("The cross-reference frees an object.", other, f => Bytes.Replace(f, " 00000 n \n", " 00000 f \n"));
        yield return Signed("The seal's trailer names no root.", other, f => Bytes.Replace(f, "/Root", "/Roof"));
        yield return Signed("The file's second identifier is another.", other, f => Bytes.Flip(f, "><", 3, last: true));
        yield return Cms("An unsigned attribute is added to the CMS.", (_, c) => c.Build(unsigned: true));
        yield return Cms("A second certificate is added to the CMS.", (_, c) => c.Build(certificates: [OtherCertificate]));
        yield return Cms("A signing time is added to the CMS.", (_, c) => c.Build(signingTime: true));
        yield return Cms("The CMS brings its content.", (_, c) => c.Build(content: true));
        yield return Cms("The CMS says SHA-1.", (_, c) => c.Build(digest: "1.3.14.3.2.26"));
        yield return Cms("The CMS is by another certificate's key, and brings that certificate.", (_, c) => c.Build(certificate: OtherCertificate));
        yield return Cms("The CMS is of no stated length.", (cms, _) => [0x30, 0x80, .. cms[4..], 0, 0]);
        yield return Cms("The CMS has no signer.", (_, c) => c.Build(signers: 0));
        yield return Cms("The CMS has two signers.", (_, c) => c.Build(signers: 2));
    }

    /// <summary>A seal's CMS taken apart, to be written in forms that other verifiers take.</summary>
    private sealed record CmsParts(byte[] Certificate, byte[] SignerInfo)
    {
        public static CmsParts Of(byte[] cms)
        {
            var signed = new AsnReader(cms, AsnEncodingRules.DER).ReadSequence();
            signed.ReadObjectIdentifier();
            var data = signed.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
            data.ReadInteger();
            data.ReadEncodedValue();
            data.ReadEncodedValue();
            var certificates = data.ReadSetOf(new Asn1Tag(TagClass.ContextSpecific, 0));
            return new CmsParts(certificates.ReadEncodedValue().ToArray(), data.ReadSetOf().ReadEncodedValue().ToArray());
        }

        public byte[] Build(
            byte[][]? certificates = null, byte[]? certificate = null, bool unsigned = false, bool signingTime = false, bool content = false,
            string digest = "2.16.840.1.101.3.4.2.1", int signers = 1)
        {
            var writer = new AsnWriter(AsnEncodingRules.BER);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.7.2");
                using var explicitly = writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0));
                using var data = writer.PushSequence();
                writer.WriteInteger(1);
                using (writer.PushSetOf())
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(digest);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier("1.2.840.113549.1.7.1");
                    if (content)
                        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                            writer.WriteOctetString([1, 2, 3]);
                }
                using (writer.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    foreach (var one in (byte[][])[certificate ?? Certificate, .. certificates ?? []])
                        writer.WriteEncodedValue(one);
                using (writer.PushSetOf())
                    for (var i = 0; i < signers; i++)
                        Signer(writer, unsigned, signingTime);
            }
            return writer.Encode();
        }

        private void Signer(AsnWriter writer, bool unsigned, bool signingTime)
        {
            var info = new AsnReader(SignerInfo, AsnEncodingRules.DER).ReadSequence();
            using var signer = writer.PushSequence();
            for (var part = 0; info.HasData; part++)
            {
                var value = info.ReadEncodedValue().ToArray();
                if (part == 3 && signingTime)
                {
                    var set = new AsnReader(value, AsnEncodingRules.DER).ReadSetOf(new Asn1Tag(TagClass.ContextSpecific, 0));
                    using var attributes = writer.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 0));
                    while (set.HasData)
                        writer.WriteEncodedValue(set.ReadEncodedValue().Span);
                    Attribute(writer, "1.2.840.113549.1.9.5");
                }
                else
                {
                    writer.WriteEncodedValue(value);
                }
            }
            if (unsigned)
                using (writer.PushSetOf(new Asn1Tag(TagClass.ContextSpecific, 1)))
                    Attribute(writer, "1.2.840.113549.1.9.16.2.14");
        }

        private static void Attribute(AsnWriter writer, string identifier)
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(identifier);
                using (writer.PushSetOf())
                    writer.WriteUtcTime(new DateTimeOffset(2026, 3, 2, 8, 0, 0, TimeSpan.Zero));
            }
        }
    }

    /// <summary>An attempt whose receipt was written by hand.</summary>
    private static Attempt ByHand(OfficeInMemory office, Action<RawReceipt> change)
    {
        office.Send("l1", Pdf);
        var receipt = office.Receipt("l1", Pdf);
        return new Attempt(office.Seal(Pdf, RawReceipt.Edit(receipt, change), receipt.Plan()!));
    }

    /// <summary>COSE that other readers take (RFC 9052, RFC 9942, RFC 9943): every trap of STANDARDS §3.</summary>
    private static IEnumerable<AttackRow> OfTheReceipt()
    {
        static AttackRow Row(string name, Action<OfficeInMemory, RawReceipt> change, int promise = 6, VerdictKind expected = VerdictKind.Altered, string because = "The receipt is damaged") =>
            new(name, promise, expected, because, office => ByHand(office, raw => change(office, raw)));
        static AttackRow Plain(string name, Action<RawReceipt> change) => Row(name, (_, raw) => change(raw));
        static AttackRow Header(string name, Action<CborNode> change) => Row(name, (office, raw) => raw.EditHeader(office.StatementKey, change));
        static void Move(CborNode from, CborNode to, long key)
        {
            var at = from.IndexOf(key);
            to.Items.InsertRange(0, from.Items.GetRange(at, 2));
            from.Items.RemoveRange(at, 2);
        }

        yield return Row("The statement names its algorithm in the unprotected header.", (o, r) => r.EditHeader(o.StatementKey, h => Move(h, r.Unprotected, 1)));
        yield return Row("The statement names its key in the unprotected header.", (o, r) => r.EditHeader(o.StatementKey, h => Move(h, r.Unprotected, 4)));
        yield return Row("The statement makes its claims in the unprotected header.", (o, r) => r.EditHeader(o.StatementKey, h => Move(h, r.Unprotected, 15)));
        yield return Header("The statement's algorithm is ES256.", h => h[h.IndexOf(1) + 1] = CborNode.Number(-7));
        yield return Header("The statement's algorithm is the one of fixed curve.", h => h[h.IndexOf(1) + 1] = CborNode.Number(-19));
        yield return Header("The statement's algorithm is a text.", h => h[h.IndexOf(1) + 1] = CborNode.Text("EdDSA"));
        yield return Header("The statement has a critical header that nobody knows.", h => h.Items.InsertRange(2, [CborNode.Number(2), CborNode.List(CborNode.Number(99))]));
        yield return Header("The statement names its content's type beside its hash envelope.", h => h.Items.InsertRange(2, [CborNode.Number(3), CborNode.Text("application/pdf")]));
        yield return Header("The statement's hash is SHA-384.", h => h[h.IndexOf(258) + 1] = CborNode.Number(-43));
        yield return Header("The statement names no hash.", h => h.Items.RemoveRange(h.IndexOf(258), 2));
        yield return Header("The statement is of another type of content.", h => h[h.IndexOf(259) + 1] = CborNode.Text("application/pdf"));
        yield return Header("The statement names no issuer.", h => h[h.IndexOf(15) + 1].Items.RemoveRange(0, 2));
        yield return Header("The statement names an issuer that is none.", h => h[h.IndexOf(15) + 1][1] = CborNode.Text("Staff.Example"));
        yield return Header("The statement has a claim more.", h => h[h.IndexOf(15) + 1].Items.AddRange([CborNode.Number(7), CborNode.Bytes([1])]));
        yield return Header("The statement's time is before all time.", h => h[h.IndexOf(15) + 1][5] = CborNode.Number(-1));
        yield return Header("The statement's time is after all time.", h => h[h.IndexOf(15) + 1][5] = CborNode.Number(253_402_300_800));
        yield return Header("The statement's digest of approvals is short.", h => h["approvals"].Data = new byte[31]);
        yield return Header("The statement names its algorithm twice.", h => h.Items.InsertRange(2, [CborNode.Number(1), CborNode.Number(-8)]));
        yield return Header("The statement's header has its members in another order.", h =>
        {
            var first = h.Items.GetRange(0, 2);
            h.Items.RemoveRange(0, 2);
            h.Items.InsertRange(2, first);
        });
        yield return Header("The statement's header is a map of no stated length.", h => h.Endless = true);
        yield return Header("A number in the statement's header is wider than it needs.", h => h[0].Wide = true);
        yield return Plain("Bytes follow the statement's header.", r => r.Message[0].Data = [.. r.Message[0].Data, 0]);
        yield return Plain("The statement is a COSE_Sign.", r => r.Root.Value = 98);
        yield return Plain("The statement is a COSE_Mac0.", r => r.Root.Value = 17);
        yield return Plain("The statement bears no tag.", r => r.Root = r.Message);
        yield return Plain("The statement bears a CWT's tag besides.", r => r.Root = CborNode.Tag(61, r.Root));
        yield return Plain("The statement's tag is wider than it needs.", r => r.Root.Wide = true);
        yield return Plain("The statement is a list of no stated length.", r => r.Message.Endless = true);
        yield return Plain("The statement has five parts.", r => r.Message.Items.Add(CborNode.Null));
        yield return Plain("The statement's payload is detached.", r => r.Message[2] = CborNode.Null);
        yield return Plain("The statement's payload is a text.", r => r.Message[2] = CborNode.Text("x"));
        yield return Plain("The statement's payload is in pieces.", r => r.Message[2].Endless = true);
        yield return Plain("The statement's payload is a byte short.", r => r.Message[2].Data = r.Message[2].Data[..31]);
        yield return Plain("The statement's payload is a byte long.", r => r.Message[2].Data = [.. r.Message[2].Data, 0]);
        yield return Plain("The statement's signature is a byte long.", r => r.Message[3].Data = [.. r.Message[3].Data, 0]);
        yield return Plain("The statement's signature is a byte short.", r => r.Message[3].Data = r.Message[3].Data[..63]);
        yield return Row("The statement's signature is zeros.", (_, r) => r.Message[3].Data = new byte[64], expected: VerdictKind.NotInLedger, because: "did not sign the root");
        yield return Plain("The statement's signature is empty.", r => r.Message[3].Data = []);
        yield return Plain("The receipt stands in a list.", r => r.Root = CborNode.List(r.Root));
        yield return new AttackRow("A byte follows the receipt.", 6, VerdictKind.Altered, "The receipt is damaged", office =>
        {
            office.Send("l1", Pdf);
            var receipt = office.Receipt("l1", Pdf);
            return new Attempt(office.Seal(Pdf, [.. receipt.Bytes.Span, 0], receipt.Plan()!));
        });
        yield return Plain("The unprotected header is a map of no stated length.", r => r.Unprotected.Endless = true);
        yield return Plain("The unprotected header has a member more.", r => r.Unprotected.Items.AddRange([CborNode.Text("more"), CborNode.Null]));
        yield return Plain("The unprotected header has the ledger's receipts twice.", r => r.Unprotected.Items.InsertRange(2, r.Unprotected.Items.GetRange(0, 2)));
        yield return Plain("The unprotected header has the evidence twice.", r => r.Unprotected.Items.AddRange(r.Unprotected.Items.GetRange(2, 2)));
        yield return Plain("The unprotected header has its members in another order.", r => r.Unprotected.Items.Reverse(0, 4));
        yield return Plain("The unprotected header holds two receipts of the ledger.", r => r.Unprotected[1].Items.Add(r.Ledger));
        yield return Plain("The unprotected header holds no receipt of the ledger.", r => r.Unprotected[1].Items.Clear());
        yield return Plain("The ledger's receipt stands there unwrapped.", r => r.Unprotected[1][0] = CborNode.Read(r.Ledger.Data));
        yield return Plain("The ledger's receipt bears no tag.", r => r.Ledger.Data = CborNode.Read(r.Ledger.Data)[0].Write());
        yield return Plain("The ledger's receipt is a COSE_Sign.", r => r.Ledger.Inside(t => t.Value = 98));
        yield return Plain("The ledger's receipt has its payload attached.", r => r.EditLedger(m => m[2] = CborNode.Bytes(new byte[32])));
        yield return Plain("The ledger's receipt has an empty payload attached.", r => r.EditLedger(m => m[2] = CborNode.Bytes([])));
        yield return Plain("The ledger's receipt names its tree's kind in the unprotected header.", r => r.EditLedger(m =>
        {
            var header = CborNode.Read(m[0].Data);
            Move(header, m[1], 395);
            m[0].Data = header.Write();
        }));
        yield return Plain("The ledger's receipt is of another kind of tree.", r => r.EditLedger(m => m[0].Inside(h => h[h.IndexOf(395) + 1] = CborNode.Number(2))));
        yield return Plain("The ledger's receipt is of another algorithm.", r => r.EditLedger(m => m[0].Inside(h => h[1] = CborNode.Number(-7))));
        yield return Plain("The ledger's receipt is another ledger's.", r => r.EditLedger(m => m[0].Inside(h => h[h.IndexOf(15) + 1][1] = CborNode.Text("other.example/ledger"))));
        yield return Plain("The ledger's receipt is of another letter.", r => r.EditLedger(m => m[0].Inside(h => h[h.IndexOf(15) + 1][3] = CborNode.Text("l2"))));
        yield return Plain("The ledger's receipt names another key.", r => r.EditLedger(m => m[0].Inside(h => h[h.IndexOf(4) + 1] = CborNode.Bytes(new byte[32]))));
        yield return Plain("The ledger's receipt has an unprotected member more.", r => r.EditLedger(m => m[1].Items.AddRange([CborNode.Number(999), CborNode.Null])));
        yield return Plain("The ledger's receipt proves consistency in place of inclusion.", r => r.EditLedger(m => m[1][1][0] = CborNode.Number(-2)));
        yield return Plain("The ledger's receipt holds two proofs of inclusion.", r => r.EditLedger(m => m[1][1][1].Items.Add(m[1][1][1][0])));
        yield return Plain("The ledger's receipt holds no proof.", r => r.EditLedger(m => m[1][1][1].Items.Clear()));
        yield return Plain("The ledger's signature is a byte long.", r => r.EditLedger(m => m[3].Data = [.. m[3].Data, 0]));
        yield return Plain("The ledger's signature is a byte short.", r => r.EditLedger(m => m[3].Data = m[3].Data[..63]));
        yield return Row("The ledger's signature is zeros.", (_, r) => r.EditLedger(m => m[3].Data = new byte[64]), expected: VerdictKind.NotInLedger, because: "did not sign the root");
        yield return Plain("The ledger's receipt is a list of no stated length.", r => r.EditLedger(m => m.Endless = true));
        yield return Plain("The evidence is of another version.", r => r.Evidence.Inside(e => e[0] = CborNode.Number(2)));
        yield return Plain("The evidence has a part more.", r => r.Evidence.Inside(e => e.Items.Add(CborNode.Null)));
        yield return Plain("The evidence is a list of no stated length.", r => r.Evidence.Inside(e => e.Endless = true));
        yield return Plain("Bytes follow the evidence.", r => r.Evidence.Data = [.. r.Evidence.Data, 0]);
        yield return Plain("An act in the evidence has five parts.", r => r.Evidence.Inside(e => e[4][1][0].Items.Add(CborNode.Null)));
        yield return Plain("An act's place in the evidence is wider than it needs.", r => r.Evidence.Inside(e => e[4][1][0][3].Wide = true));
        yield return Plain("An act's place in the evidence is negative.", r => r.Evidence.Inside(e => e[4][1][0][3] = CborNode.Number(-1)));
        yield return Plain("A signer's name in the evidence is no Unicode.", r => r.Evidence.Inside(e => e[4][1][0][2][0][0].Data = [0xFF, 0xFE]));
        yield return Plain("A signature in the evidence is longer than any can be.", r => r.Evidence.Inside(e => e[4][1][0][2][0][1].Data = new byte[Approval.MaxEvidence + 1]));
        yield return Plain("An act in the evidence bears more signatures than any can.", r => r.Evidence.Inside(e =>
            e[4][1][0][2].Items.AddRange(Enumerable.Repeat(e[4][1][0][2][0], Permit.MaxApprovals))));
        yield return Plain("A statement in the evidence has an unprotected header.", r => r.Evidence.Inside(e => e[4][1][0][0].Inside(s => s[0][1].Items.AddRange([CborNode.Number(1), CborNode.Number(-8)]))));
        yield return Plain("A disclosed name bears characters that turn the writing round.", r => r.Evidence.Inside(e => e[4][4][0][2] = CborNode.Text("a\u202Eb")));
        yield return Plain("A disclosed name's salt is a byte short.", r => r.Evidence.Inside(e => e[4][4][0][1].Data = e[4][4][0][1].Data[..15]));
        yield return Plain("The evidence's roster begins with another act.", r => r.Evidence.Inside(e => e[4][0].Items.RemoveAt(0)));
        yield return Plain("The evidence's roster is empty.", r => r.Evidence.Inside(e => e[4][0].Items.Clear()));
    }

    /// <summary>Acts that a careless reader takes for others (DESIGN §3, RFC 8785). ATTACKS 15.</summary>
    private static IEnumerable<AttackRow> OfTheActs()
    {
        static AttackRow Row(string name, Func<string, string> change, string because = "The receipt is damaged", int list = 1, int index = -1) =>
            new(name, 2, VerdictKind.Altered, because, office => ByHand(office, raw => raw.EditAct(list, index, change)));
        static Func<string, string> With(string old, string with) => json => json.Replace(old, with, StringComparison.Ordinal);

        yield return Row("A member of the release stands twice.", With("\"by\":\"general\"", "\"by\":\"general\",\"by\":\"lawyer\""), "stands in it twice");
        yield return Row("A member of the release stands twice with the same value.", With("\"by\":\"general\"", "\"by\":\"general\",\"by\":\"general\""), "stands in it twice");
        yield return Row("A member of the release is escaped and stands twice.", With("\"by\":\"general\"", "\"by\":\"general\",\"\\u0062y\":\"lawyer\""), "stands in it twice");
        yield return Row("A member of the release is unknown.", With("\"by\":", "\"because\":\"x\",\"by\":"), "does not belong in it");
        yield return Row("A member of the release is missing.", With("\"by\":\"general\",", ""), "is missing");
        yield return Row("A member of the release is in capitals.", With("\"by\"", "\"BY\""));
        yield return Row("A member of the release has a Cyrillic letter.", With("\"letter\"", "\"lеtter\""));
        yield return Row("A member of the release has an invisible letter.", With("\"letter\"", "\"let\u200Bter\""));
        yield return Row("The release's author has a Cyrillic letter.", With("\"general\"", "\"generаl\""), "is no id");
        yield return Row("The release's author has an invisible letter.", With("\"general\"", "\"general\u00AD\""), "is no id");
        yield return Row("The release's author has a letter of full width.", With("\"general\"", "\"ｇeneral\""), "is no id");
        yield return Row("The release's author is in capitals.", With("\"general\"", "\"General\""), "is no id");
        yield return Row("The release's author is a list.", With("\"general\"", "[\"general\"]"), "wrong type");
        yield return Row("The release's author is null.", With("\"general\"", "null"), "null");
        yield return Row("The release's letter is a number.", With("\"l1\"", "1"), "wrong type");
        yield return Row("The release's letter is called like the roster.", With("\"l1\"", "\"roster\""), "names no letter");
        yield return Row("The release's letter is called like freed texts.", With("\"l1\"", "\"free\""), "names no letter");
        yield return Row("The release has members out of order.", With("{\"act\":\"release\",\"after\"", "{\"after\"").Then(j => j[..^1] + ",\"act\":\"release\"}"), "canonical");
        yield return Row("The release has a blank.", With("\"by\":", "\"by\": "), "canonical");
        yield return Row("The release ends in a line end.", j => j + "\n", "canonical");
        yield return Row("The release has an escape that need not be.", With("\"general\"", "\"gen\\u0065ral\""), "canonical");
        yield return Row("The release has a slash that is escaped.", With("\"l1\"", "\"l\\/1\""));
        yield return Row("The release has a number with an exponent.", With("\"status\":100", "\"status\":1e2"));
        yield return Row("The release has a number with a fraction.", With("\"status\":100", "\"status\":100.0"));
        yield return Row("The release has a number with a sign.", With("\"status\":100", "\"status\":-0"), "canonical");
        yield return Row("The release has a number that is negative.", With("\"status\":100", "\"status\":-1"));
        yield return Row("The release has a number beyond what others hold.", With("\"status\":100", "\"status\":9007199254740993"));
        yield return Row("The release has a number beyond the status list.", With("\"status\":100", "\"status\":1048576"), "must lie between");
        yield return Row("The release has a digest in capitals.", j => j.Replace(Field(j, "draft"), Field(j, "draft").ToUpperInvariant(), StringComparison.Ordinal), "is no digest");
        yield return Row("The release has a digest that is cut short.", j => j.Replace(Field(j, "draft"), Field(j, "draft")[..63], StringComparison.Ordinal), "is no digest");
        yield return Row("The release has a moment with an offset.", j => j.Replace(Field(j, "at"), Field(j, "at").Replace("Z", "+00:00", StringComparison.Ordinal), StringComparison.Ordinal), "no moment");
        yield return Row("The release has a moment with a fraction.", j => j.Replace(Field(j, "at"), Field(j, "at").Replace("Z", ".0Z", StringComparison.Ordinal), StringComparison.Ordinal), "no moment");
        yield return Row("The release has a moment that is none.", j => j.Replace(Field(j, "at"), "2026-02-30T00:00:00Z", StringComparison.Ordinal), "no moment");
        yield return Row("The release has a moment with a leap second.", j => j.Replace(Field(j, "at"), "2026-03-02T08:00:60Z", StringComparison.Ordinal), "no moment");
        yield return Row("The release may wait for more than seven days.", j => j.Replace(Field(j, "until"), "2026-03-20T08:00:00Z", StringComparison.Ordinal), "7 days");
        yield return Row("The release ends before it begins.", j => j.Replace(Field(j, "until"), "2026-03-01T08:00:00Z", StringComparison.Ordinal), "7 days");
        yield return Row("The release has a short nonce.", j => j.Replace(Field(j, "nonce"), "00", StringComparison.Ordinal), "nonce");
        yield return Row("The release is of a kind in capitals.", With("\"act\":\"release\"", "\"act\":\"RELEASE\""), "no kind of act");
        yield return Row("The release is of a kind with a Cyrillic letter.", With("\"act\":\"release\"", "\"act\":\"releаse\""), "no kind of act");
        yield return Row("The release is in a list.", j => $"[{j}]", "an object is missing");
        yield return Row("The release begins with a byte order mark.", j => "\uFEFF" + j);
        yield return Row("The release is two releases.", j => j + j);
        yield return Row("The release has a lone surrogate.", With("\"general\"", "\"\\ud800\""), "not Unicode");
        yield return Row("The release is longer than any act can be.", j => j.Replace("\"l1\"", $"\"{new string('a', 70_000)}\"", StringComparison.Ordinal), "longer than");
        yield return Row("The draft has a reference of another form.", j => j.Replace(Field(j, "reference"), "EX/2026/1", StringComparison.Ordinal), "PREFIX-YYYY-NNNN", index: 0);
        yield return Row("The draft has its findings out of order.", With("\"findings\":[]", "\"findings\":[\"wording.b\",\"wording.a\"]"), "not sorted", index: 0);
        yield return Row("The draft has a finding twice.", With("\"findings\":[]", "\"findings\":[\"wording.a\",\"wording.a\"]"), "twice", index: 0);
        yield return Row("The draft has an enclosure whose name is not in normal form.", With("\"enclosures\":[]", "\"enclosures\":[{\"digest\":\"" + new string('0', 64) + "\",\"name\":\"e\u0301\",\"type\":\"text/plain\"}]"), "normal form", index: 0);
        yield return Row("The draft has an enclosure whose name turns the writing round.", With("\"enclosures\":[]", "\"enclosures\":[{\"digest\":\"" + new string('0', 64) + "\",\"name\":\"a\u202Ecod.pdf\",\"type\":\"text/plain\"}]"), "direction", index: 0);
        yield return Row("The draft has its mark at no place.", With("\"findings\":[]", "\"findings\":[],\"mark\":{\"page\":1,\"place\":\"centre\"}").Then(Sorted), "no place", index: 0);
        yield return Row("The draft is of a version before the first.", With("\"version\":1", "\"version\":0"), "must lie between", index: 0);
        yield return Row("The draft's audience is nobody.", With("\"audience\":\"addressees\"", "\"audience\":\"nobody\""), "may not be", index: 0);
        yield return Row("The review says a thing that is none.", With("\"says\":\"concur\"", "\"says\":\"agree\""), "may not be", index: 1);
        yield return Row("The founding names one place for approvals and for sign-in.", With("\"sign-in\":\"staff.example\"", "\"sign-in\":\"approve.staff.example\""), "sign in", list: 0, index: 0); // ATTACKS 26
        yield return Row("The founding names an origin elsewhere.", With("https://approve.staff.example", "https://approve.evil.example"), "not the relying party's", list: 0, index: 0);
        yield return Row("The founding names an origin without encryption.", With("https://approve.staff.example", "http://approve.staff.example"), "not the relying party's", list: 0, index: 0);
        yield return Row("The founding names a ledger that no note can bear.", With("\"origin\":\"staff.example/ledger\"", "\"origin\":\"staff example\""), "no name of a ledger", list: 0, index: 0);
        yield return Row("The founding has a ledger key that is a byte short.", j => j.Replace(Field(j, "ledger"), Field(j, "ledger")[..^2], StringComparison.Ordinal), "", list: 0, index: 0);
        yield return Row("The founding has one founder.", j => j[..(j.IndexOf("},{", StringComparison.Ordinal) + 1)] + j[j.IndexOf("],\"policy\"", StringComparison.Ordinal)..], "2 to 16", list: 0, index: 0);
        yield return Row("An enrolled person's roles are out of order.", With("\"roles\":[\"clerk\"]", "\"roles\":[\"legal\",\"clerk\"]"), "not sorted", list: 0, index: 1);
        yield return Row("An enrolled person has no role.", With("\"roles\":[\"clerk\"]", "\"roles\":[]"), "1 to 16", list: 0, index: 1);
        yield return Row("An enrolled key has padding.", j => j.Replace(Field(j, "key"), Field(j, "key") + "=", StringComparison.Ordinal), "base64url", list: 0, index: 1);
        yield return Row("An enrolled key has spare bits set.", j => j.Replace(Field(j, "key") + "\"", Field(j, "key")[..^1] + (Field(j, "key")[^1] == 'A' ? 'B' : (char)(Field(j, "key")[^1] + 1)) + "\"", StringComparison.Ordinal), "base64url", list: 0, index: 1);
        yield return Row("An enrolled key is of a kind that is none.", With("\"kind\":\"software\"", "\"kind\":\"hardware\""), "may not be", list: 0, index: 1);
        yield return Row("An enrolled key in software bears a passkey's id.", With("\"key\":", "\"id\":\"AAAA\",\"key\":").Then(Sorted), "does not belong", list: 0, index: 1);
    }

    /// <summary>The first value of a member in an act's text.</summary>
    private static string Field(string json, string name)
    {
        var at = json.IndexOf($"\"{name}\":\"", StringComparison.Ordinal) + name.Length + 4;
        return json[at..json.IndexOf('"', at)];
    }

    private static string Sorted(string json) => Encoding.UTF8.GetString(Json.ReadAnyForm(Encoding.UTF8.GetBytes(json), Act.MaxBytes).ToBytes());

    /// <summary>Proofs that a careless verifier takes (RFC 9162 §2.1.3.2, STANDARDS §1), each with the ledger's true signature over what it leads to.</summary>
    private static IEnumerable<AttackRow> OfTheProof()
    {
        static AttackRow Row(string name, string because, Action<OfficeInMemory, RawReceipt> change, VerdictKind expected = VerdictKind.NotInLedger) =>
            new(name, 6, expected, because, office =>
            {
                for (var i = 0; i < 3; i++)
                    office.Enrol($"somebody-{i}", "clerk");
                return ByHand(office, raw => change(office, raw));
            });
        const string path = "the path from the entry", root = "did not sign the root";
        static AttackRow Proof(string name, string because, Action<CborNode> change, VerdictKind expected = VerdictKind.NotInLedger) =>
            Row(name, because, (_, raw) => raw.EditProof(change), expected);

        yield return Proof("A node of the tree is shown as the entry.", root, p =>
        {
            p[2].Items.RemoveAt(0);
            (p[0].Value, p[1].Value) = ((p[0].Value + 1) / 2, p[1].Value / 2);
        });
        yield return Proof("The entry is shown a level higher.", path, p => p[2].Items.Insert(0, CborNode.Bytes(new byte[32])));
        yield return Proof("The path goes on above the root.", path, p => p[2].Items.Add(CborNode.Bytes(new byte[32])));
        yield return Proof("The path ends below the root.", path, p => p[2].Items.RemoveAt(p[2].Items.Count - 1));
        yield return Proof("The path is empty.", path, p => p[2].Items.Clear());
        yield return Proof("The path runs from the root.", root, p => p[2].Items.Reverse());
        yield return Proof("A hash of the path is another.", root, p => p[2][0].Data = new byte[32]);
        yield return Proof("The path is that of the entry before.", root, p => p[1].Value--);
        yield return Proof("The entry's place is the tree's size.", path, p => p[1].Value = p[0].Value);
        yield return Proof("The entry's place is the last number of all.", path, p => p[1].Value = ulong.MaxValue);
        yield return Proof("The tree is as large as a number can be.", path, p => p[0].Value = ulong.MaxValue);
        yield return Proof("The tree is larger than a ledger can be.", path, p => p[0].Value = 1UL << 63);
        yield return Proof("The tree is empty.", path, p => p[0].Value = 0);
        yield return Proof("Size and place are exchanged.", path, p => (p[0].Value, p[1].Value) = (p[1].Value, p[0].Value));
        yield return Proof("A hash of the path is a byte short.", "a hash of the path", p => p[2][0].Data = new byte[31], VerdictKind.Altered);
        yield return Proof("A hash of the path is a byte long.", "", p => p[2][0].Data = new byte[33], VerdictKind.Altered);
        yield return Proof("The path has more hashes than any tree is high.", "a list is longer", p => p[2].Items.AddRange(Enumerable.Repeat(CborNode.Bytes(new byte[32]), 64)), VerdictKind.Altered);
        yield return Proof("The proof has a part more.", "the proof of inclusion", p => p.Items.Add(CborNode.Null), VerdictKind.Altered);
        yield return Proof("The proof's place is negative.", "", p => p[1] = CborNode.Number(-1), VerdictKind.Altered);
        yield return Proof("The proof's size is a text.", "", p => p[0] = CborNode.Text("9"), VerdictKind.Altered);
        yield return Proof("The path is a list of no stated length.", "", p => p[2].Endless = true, VerdictKind.Altered);
        yield return Row("The same path is told of another size and place that lead to the same root.", "another size or root", (office, raw) => raw.EditProof(p =>
        {
            var (size, index) = (p[0].Value, p[1].Value);
            var hashes = p[2].Items.Select(h => new Digest(h.Data)).ToArray();
            var leaf = Merkle.LeafHash(office.History("l1").Release!.Statement.Entry);
            for (var s = 1UL; s < 2 * size; s++)
                for (var i = 0UL; i < s; i++)
                    if ((s, i) != (size, index) && Merkle.RootFromInclusion(i, s, leaf, hashes) == office.Root())
                    {
                        (p[0].Value, p[1].Value) = (s, i);
                        return;
                    }
            throw new InvalidOperationException("No other size leads to the root.");
        }));
        yield return new AttackRow("The ledger is said to hold nothing but the release.", 6, VerdictKind.NotApproved, "not in the order of the ledger", office =>
        {
            office.Send("l1", Pdf);
            var release = office.History("l1").Release!;
            var root = Merkle.LeafHash(release.Statement.Entry);
            office.Lose(0);
            var alone = office.Record(release.Act, release.Approvals, release.Statement);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1), alone] }, release: alone, root: root)), Bare: true);
        });
        yield return new AttackRow("The release was never entered, and a draft's proof is shown for it.", 6, VerdictKind.NotInLedger, root, office =>
        {
            office.Send("l1", Pdf);
            var receipt = office.Receipt("l1", Pdf);
            var draft = office.Letter("l1")[0];
            return new Attempt(office.Seal(Pdf, RawReceipt.Edit(receipt, raw => raw.EditProof(p =>
            {
                p[1].Value = draft.Index;
                p[2] = CborNode.List([.. office.PathOf(draft.Index).Select(h => CborNode.Bytes(h.ToArray()))]);
            })), receipt.Plan()!));
        });
        yield return new AttackRow("The statement in the ledger is another office's.", 6, VerdictKind.NotInLedger, "is not the office's", office =>
        {
            office.Send("l1", Pdf);
            var release = office.History("l1").Release!;
            var foreign = new ReleaseAct(release.Act.Header with { Office = "other.example" })
            {
                Letter = "l1",
                Draft = ((ReleaseAct)release.Act).Draft,
                After = ((ReleaseAct)release.Act).After,
                Status = 100,
                Until = ((ReleaseAct)release.Act).Until,
            };
            // Its issuer is another office, its payload this release's.
            var raw = CborNode.Read(Statement.Make(office.StatementKey, foreign, release.At, release.Statement.Approvals).Bytes.Span);
            raw[0][2].Data = release.Act.Digest.ToArray();
            raw[0][3].Data = office.StatementKey.Sign(Cose.ToBeSigned(raw[0][0].Data, raw[0][2].Data));
            Assert(Statement.TryRead(raw.Write(), out var statement, out _));
            var entered = office.Record(release.Act, release.Approvals, statement!);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1), entered] }, release: entered)));
        });
        yield return new AttackRow("The statement in the ledger is about another letter.", 6, VerdictKind.NotInLedger, "is not the office's", office =>
        {
            office.Send("l1", Pdf);
            var release = office.History("l1").Release!;
            var raw = CborNode.Read(release.Statement.Bytes.Span);
            raw[0][0].Inside(h => h[h.IndexOf(15) + 1][3] = CborNode.Text("l2"));
            raw[0][3].Data = office.StatementKey.Sign(Cose.ToBeSigned(raw[0][0].Data, raw[0][2].Data));
            Assert(Statement.TryRead(raw.Write(), out var statement, out _));
            var entered = office.Record(release.Act, release.Approvals, statement!);
            var receipt = office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1), entered] }, release: entered);
            return new Attempt(office.Seal(Pdf, RawReceipt.Edit(receipt, r => r.EditLedger(m =>
                m[3].Data = office.LedgerKey.Sign(Cose.ToBeSigned(m[0].Data, office.Root().ToArray())))), receipt.Plan()!));
        });

        static void Assert(bool holds)
        {
            if (!holds)
                throw new InvalidOperationException("The forged statement cannot be read.");
        }
    }

    /// <summary>Notes that a careless reader takes (C2SP signed-note, tlog-checkpoint), signed with the ledger's true key where they can be.</summary>
    private static IEnumerable<AttackRow> OfTheCheckpoint()
    {
        static AttackRow Row(string name, Func<OfficeInMemory, string> checkpoint, string because = "the checkpoint is not signed by the office's ledger") =>
            new(name, 6, VerdictKind.NotInLedger, because, office =>
            {
                office.Send("l1", Pdf);
                return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, checkpoint: checkpoint(office))));
            });
        static string Sign(OfficeInMemory office, string text, string? name = null, Ed25519PrivateKey? key = null) =>
            $"{text}\n{Line(office, text, name, key)}";
        static string Line(OfficeInMemory office, string text, string? name = null, Ed25519PrivateKey? key = null) =>
            NoteSignature.Sign(text, name ?? "staff.example/ledger", key ?? office.LedgerKey) + "\n";
        static string Text(OfficeInMemory office, string? origin = null, string? size = null, string? root = null, string more = "") =>
            $"{origin ?? "staff.example/ledger"}\n{size ?? office.Size.ToString()}\n{root ?? Convert.ToBase64String(office.Root().ToArray())}\n{more}";

        yield return Row("The checkpoint's size bears a sign.", o => Sign(o, Text(o, size: $"+{o.Size}")));
        yield return Row("The checkpoint's size has a zero before it.", o => Sign(o, Text(o, size: $"0{o.Size}")));
        yield return Row("The checkpoint's size has a blank before it.", o => Sign(o, Text(o, size: $" {o.Size}")));
        yield return Row("The checkpoint's size is in hexadecimal.", o => Sign(o, Text(o, size: $"0x{o.Size:x}")));
        yield return Row("The checkpoint's size is in Arabic digits.", o => Sign(o, Text(o, size: "١٠")));
        yield return Row("The checkpoint's size is negative.", o => Sign(o, Text(o, size: $"-{o.Size}")));
        yield return Row("The checkpoint's size is larger than a number can be.", o => Sign(o, Text(o, size: "18446744073709551626")));
        yield return Row("The checkpoint's root has no padding.", o => Sign(o, Text(o, root: Convert.ToBase64String(o.Root().ToArray()).TrimEnd('='))));
        yield return Row("The checkpoint's root has spare bits set.", o => Sign(o, Text(o, root: Spare(Convert.ToBase64String(o.Root().ToArray())))));
        yield return Row("The checkpoint's root is in hexadecimal.", o => Sign(o, Text(o, root: o.Root().ToString())));
        yield return Row("The checkpoint's root is a byte short.", o => Sign(o, Text(o, root: Convert.ToBase64String(o.Root().ToArray()[..31]))));
        yield return Row("The checkpoint's root is a byte long.", o => Sign(o, Text(o, root: Convert.ToBase64String([.. o.Root().ToArray(), 0]))));
        yield return Row("The checkpoint names no root.", o => Sign(o, $"staff.example/ledger\n{o.Size}\n"));
        yield return Row("The checkpoint's lines end as on another system.", o => Sign(o, Text(o).Replace("\n", "\r\n", StringComparison.Ordinal)));
        yield return Row("The checkpoint's origin has a blank behind it.", o => Sign(o, Text(o, origin: "staff.example/ledger ")));
        yield return Row("The checkpoint's origin has a Cyrillic letter.", o => Sign(o, Text(o, origin: "stаff.example/ledger")));
        yield return Row("The checkpoint begins with a byte order mark.", o => Sign(o, "\uFEFF" + Text(o)));
        yield return Row("The checkpoint has an empty line among its lines.", o => Sign(o, Text(o, more: "\nmore\n")));
        yield return Row("The checkpoint has a tabulator.", o => Sign(o, Text(o, more: "a\tb\n")));
        yield return Row("The checkpoint's signature stands under another name.", o => Sign(o, Text(o), name: "other.example/ledger"));
        yield return Row("The checkpoint's signature is by another key under the ledger's name.", o => Sign(o, Text(o), key: Ed25519PrivateKey.Create()));
        yield return Row("The checkpoint has no signature.", Text2);
        yield return Row("The checkpoint has an empty part of signatures.", o => Text(o) + "\n");
        yield return Row("The checkpoint has a failing signature of the ledger's beside a good one.", o => Sign(o, Text(o)) + Line(o, "other text\n"));
        yield return Row("The checkpoint has a failing signature of the ledger's before a good one.", o => $"{Text(o)}\n{Line(o, "other text\n")}{Line(o, Text(o))}");
        yield return Row("The checkpoint's signatures are parted by an empty line.", o => Sign(o, Text(o)) + "\n" + Line(o, Text(o)));
        yield return Row("The checkpoint's signature begins with a hyphen.", o => Sign(o, Text(o)).Replace("\u2014 ", "- ", StringComparison.Ordinal));
        yield return Row("The checkpoint's signature begins with another dash.", o => Sign(o, Text(o)).Replace("\u2014 ", "\u2013 ", StringComparison.Ordinal));
        yield return Row("The checkpoint's signature line does not end.", o => Sign(o, Text(o))[..^1]);
        yield return Row("The checkpoint's signature is not in canonical base64.", o => Sign(o, Text(o)) is var n ? n[..^3] + "\n" : n);
        yield return Row("The checkpoint's signature has a blank behind it.", o => Sign(o, Text(o))[..^1] + " \n");
        yield return Row("The checkpoint's signature is for a text with one line end more.", o => $"{Text(o)}\n{Line(o, Text(o) + "\n")}");
        yield return Row("The checkpoint has more signatures than anybody reads.", o => Sign(o, Text(o)) + string.Concat(Enumerable.Repeat(Line(o, Text(o), "w.example", Ed25519PrivateKey.Create()), Note.MaxSignatures)));
        yield return Row("The checkpoint is a witness's cosignature alone.", o => $"{Text(o)}\n{NoteSignature.Cosign(Text(o), "staff.example/ledger", o.LedgerKey, 1_772_440_000)}\n");
        yield return Row("The checkpoint is of the ledger as it was a day ago.", o => Sign(o, Text(o, size: "5", root: Convert.ToBase64String(o.Root(5).ToArray()))), "another size or root");
        yield return Row("The checkpoint is of an empty ledger.", o => Sign(o, Text(o, size: "0", root: Convert.ToBase64String(Merkle.EmptyRoot.ToArray()))), "another size or root");

        static string Text2(OfficeInMemory office) => Text(office);
        static string Spare(string base64)
        {
            const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            return base64[..^2] + alphabet[alphabet.IndexOf(base64[^2]) | 1] + "=";
        }
    }
}

internal static class Changes
{
    /// <summary>One change of a text after another.</summary>
    public static Func<string, string> Then(this Func<string, string> first, Func<string, string> second) => text => second(first(text));
}
