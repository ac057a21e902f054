using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Countersign.Proof;
using Countersign.Proof.Tests.Bench;

namespace Countersign.Fuzz;

/// <summary>Valid bytes of every kind, made by the library itself: what the fuzzer begins from, and what the tests change.</summary>
internal sealed class Seeds
{
    private const string StatusAddress = "https://staff.example/status", Origin = "staff.example/ledger";

    private readonly Dictionary<string, List<byte[]>> _of = new(StringComparer.Ordinal);

    private Seeds(Setting setting) => Setting = setting;

    /// <summary>The office that the seeds are of.</summary>
    public Setting Setting { get; }

    /// <summary>The seeds of a target.</summary>
    public IReadOnlyList<byte[]> Of(string target) => _of[target];

    /// <summary>The certificate of <see cref="Seal"/>.</summary>
    public static byte[] Certificate => OfficeInMemory.SharedCertificate;

    /// <summary>A sealing key that nobody trusts.</summary>
    public static byte[] Seal(ReadOnlyMemory<byte> attributes) =>
        OfficeInMemory.SealKey.SignData(attributes.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>The protected header of a status file that <see cref="Target.OpenKey"/> signs.</summary>
    public static byte[] StatusHeader { get; } = Cose.Read(
        StatusList.Make(Target.OpenKey, StatusAddress, Setting.Day, 1, [], new Evidence([], [], [], [], [])), reader =>
        {
            reader.ReadTag();
            reader.ReadStartArray();
            var header = reader.ReadByteString();
            while (reader.PeekState() != System.Formats.Cbor.CborReaderState.EndArray)
                reader.SkipValue();
            reader.ReadEndArray();
            return header;
        });

    public static Seeds Make()
    {
        var office = OfficeInMemory.Staffed();
        var fairCopy = SmallPdf.Of("We withdraw");
        office.Send("l-1", fairCopy);
        var seeds = new Seeds(Setting.Of(office, "l-1", fairCopy));
        seeds.AddPdfs(fairCopy);
        seeds.AddLetters(office, fairCopy);
        seeds.AddActs(office, fairCopy);
        seeds.AddPolicies();
        seeds.AddNotes(office);
        seeds.AddStatus();
        seeds.AddApprovals(office);
        seeds.AddKeys();
        return seeds;
    }

    private void Add(string target, params IEnumerable<byte[]> values)
    {
        if (!_of.TryGetValue(target, out var list))
            _of[target] = list = [];
        list.AddRange(values);
    }

    private void AddLetters(OfficeInMemory office, byte[] fairCopy)
    {
        var receipt = office.Receipt("l-1", fairCopy);
        Add("sealed", Setting.Sealed, fairCopy, office.Seal(SmallPdf.Of("We stay"), receipt));
        Add("receipt", receipt.Bytes.ToArray(), office.Receipt("l-1", fairCopy, e => e with { Twins = [e.Letters[0]] }).Bytes.ToArray());
        Add("office", receipt.Bytes.ToArray(), office.Receipt("l-1", fairCopy, e => e with { Disclosures = [], Twins = [e.Letters[0]] }).Bytes.ToArray());
        Add("cose", receipt.Statement.Bytes.ToArray(), office.Roster[0].Statement.Bytes.ToArray(), office.KeyOf(OfficeInMemory.General).Approve("p", Target.Signed).Evidence.ToArray());
        var cms = Cms.Sign(office.Certificate, Target.Signed, Seal);
        byte[] padded = [(byte)(office.Certificate.Length >> 8), (byte)(office.Certificate.Length & 0xFF), .. office.Certificate, .. cms];
        Add("cms", padded, [.. padded, .. new byte[64]]);
        Add("trust", office.Trust().ToBytes(), office.Trust(office.Status()).ToBytes());
    }

    private void AddActs(OfficeInMemory office, byte[] fairCopy)
    {
        var release = office.History("l-1").Release!;
        var hold = office.Hold("l-1", OfficeInMemory.Lawyer);
        Act[] acts =
        [
            office.FoundAct,
            office.Roster[^1].Act,
            new RetireAct(office.Header(OfficeInMemory.RegistrarOne)) { Person = OfficeInMemory.Operator },
            new AdoptAct(office.Header(OfficeInMemory.General)) { Policy = Target.Signed },
            new DelegateAct(office.Header(OfficeInMemory.General)) { To = OfficeInMemory.Staff, Role = "commander", Until = office.Now.AddDays(7), Kinds = ["letter"] },
            .. office.Letter("l-1").Select(a => a.Act),
            office.Version("l-2", fairCopy, notBefore: office.Now.AddDays(3), findings: ["wording.commitment"], mark: new MarkPlace(1, MarkCorner.BottomLeft)),
            hold,
            office.Lift("l-1", OfficeInMemory.Staff, hold.Digest),
            office.Withdraw("l-1", OfficeInMemory.Staff),
            office.Withdraw("l-1", OfficeInMemory.Staff, reason: null),
            office.Correct("l-1", OfficeInMemory.Staff, release, "EX-2026-0002"),
        ];
        Add("act", acts.Select(a => a.Bytes.ToArray()));
    }

    private void AddPolicies() => Add("policy", Policy.Write(OfficeInMemory.DefaultPolicy), Policy.Write(OfficeInMemory.DefaultPolicy with
    {
        Assurances = new Dictionary<string, Assurance> { ["commander"] = Assurance.Passkey },
        DiscloseNames = false,
        DelegationDays = 0,
        Wait = TimeSpan.FromDays(1),
    }));

    private void AddNotes(OfficeInMemory office)
    {
        var checkpoint = new Checkpoint(Origin, 3, Target.Signed);
        var signed = checkpoint.Sign(Target.OpenKey);
        var cosignature = NoteSignature.Cosign(signed.Text, "witness.example", Target.OpenKey, 1_767_700_000);
        Add("note", signed.ToBytes(), signed.With(cosignature).ToBytes(), Encoding.UTF8.GetBytes(office.Checkpoint()),
            Encoding.UTF8.GetBytes(cosignature.ToString()),
            Encoding.UTF8.GetBytes(NoteKey.Create("witness.example", NoteKeyKind.Ed25519Cosignature, Target.OpenKey.Public).ToString()),
            Note.Create("any\n\ntext\n", NoteSignature.Sign("any\n\ntext\n", "somebody", Target.OpenKey)).ToBytes());
    }

    /// <summary>Status files of an office whose statement key is <see cref="Target.OpenKey"/>: a reader takes that key from the evidence inside.</summary>
    private void AddStatus()
    {
        var office = OfficeInMemory.Founded(statementKey: Target.OpenKey);
        office.Enrol(OfficeInMemory.Drafter, "clerk");
        office.Draft("l-1", SmallPdf.Of("We stay"));
        var file = office.Status([new(100, Standing.Withdrawn), new(101, Standing.OnHold)], [.. office.Letter("l-1")], address: StatusAddress);
        var empty = office.Status(address: StatusAddress);
        Add("status", file, empty, Body(file), Body(empty));

        static byte[] Body(byte[] message) => Cose.Read(message, reader =>
        {
            reader.ReadTag();
            reader.ReadStartArray();
            reader.SkipValue();
            reader.SkipValue();
            var body = reader.ReadByteString();
            reader.SkipValue();
            reader.ReadEndArray();
            return body;
        });
    }

    private void AddApprovals(OfficeInMemory office)
    {
        var general = office.KeyOf(OfficeInMemory.General);
        Approval[] approvals = [general.Approve(OfficeInMemory.General, Target.Signed), office.KeyOf(OfficeInMemory.Lawyer).Approve(OfficeInMemory.Lawyer, Target.Signed)];
        Add("approval", Evidence.EncodeApprovals(approvals), Evidence.EncodeApprovals([]), [.. general.CoseKey, .. approvals[0].Evidence.Span]);
    }

    /// <summary>PEM files, plain and encrypted; the encrypted one with few rounds, since the fuzzer is to try many.</summary>
    private void AddKeys()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var rounds = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 100);
        Add("key", new[]
        {
            key.ExportPkcs8PrivateKeyPem(), key.ExportECPrivateKeyPem(), key.ExportSubjectPublicKeyInfoPem(), other.ExportPkcs8PrivateKeyPem(),
            key.ExportEncryptedPkcs8PrivateKeyPem("fuzz", rounds),
        }.Select(Encoding.ASCII.GetBytes));
    }

    private void AddPdfs(byte[] simple)
    {
        Add("pdf", simple, SmallPdf.DrawingTheNextObject(), Tree(), Packed(predictor: false), Packed(predictor: true), Updated(simple), simple[..^1]);
        Add("pdf", Setting.Sealed);
    }

    /// <summary>Pages in a tree, with a box that is handed down, links, an outline, an information dictionary and an identifier.</summary>
    private static byte[] Tree()
    {
        var file = SmallPdf.Build([
            "<</Type/Catalog/Pages 2 0 R/Outlines 9 0 R/OpenAction[4 0 R/Fit]/Names<</Dests<</Names[(a)[4 0 R/Fit]]>>>>/ViewerPreferences<</DisplayDocTitle true>>>>",
            "<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2/MediaBox[0 0 595.28 841.89]/Rotate 90/Resources<</Font<</F1 8 0 R>>>>>>",
            "<</Type/Pages/Parent 2 0 R/Kids[4 0 R]/Count 1/CropBox[10 10 500 800]>>",
            "<</Type/Page/Parent 3 0 R/Contents 5 0 R/Annots[7 0 R null]>>",
            "<</Length 11 0 R>>stream\nBT /F1 9 Tf (\\101\\(x) Tj ET\nendstream",
            "<</Type/Page/Parent 2 0 R/UserUnit 1.0/Rotate -90/Annots 12 0 R>>",
            "<</Type/Annot/Subtype/Link/Rect[1 2 3 4]/A<</S/URI/URI(https://example.org/)>>/Border[0 0 0]>>",
            "<</Type/Font/Subtype/TrueType/BaseFont/A#42C/FontDescriptor<</Type/FontDescriptor/FontFile2 5 0 R>>>>",
            "<</First 10 0 R/Last 10 0 R>>",
            "<</Title<FEFF0041>/Parent 9 0 R/A<</S/GoTo/D[4 0 R/XYZ 0 0 null]>>>>",
            "26",
            "[]",
        ]);
        return Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(file).Replace(
            "/Root 1 0 R", "/Root 1 0 R/Info<</Title(x)>>/ID[<0011><2233>]", StringComparison.Ordinal));
    }

    /// <summary>The objects in an object stream and the cross-reference in a stream, as most programs write PDFs today.</summary>
    private static byte[] Packed(bool predictor)
    {
        string[] members =
        [
            "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>",
        ];
        var text = new StringBuilder("%PDF-1.5\n");
        var at = 0;
        var head = new StringBuilder();
        for (var i = 0; i < members.Length; at += members[i].Length + 1, i++)
            head.Append(CultureInfo.InvariantCulture, $"{i + 1} {at} ");
        var objects = Deflate(Encoding.ASCII.GetBytes(head + string.Join(' ', members)));
        var stream = text.Length;
        text.Append(CultureInfo.InvariantCulture, $"4 0 obj\n<</Type/ObjStm/N {members.Length}/First {head.Length}/Filter/FlateDecode/Length {objects.Length}>>stream\n");
        text.Append(Encoding.Latin1.GetString(objects)).Append("\nendstream\nendobj\n");
        var xref = text.Length;
        byte[][] rows = [[0, 0, 0, 0], [2, 0, 4, 0], [2, 0, 4, 1], [2, 0, 4, 2], [1, (byte)(stream >> 8), (byte)(stream & 0xFF), 0], [1, (byte)(xref >> 8), (byte)(xref & 0xFF), 0]];
        var table = Deflate(predictor ? [.. rows.SelectMany((row, i) => Up(row, i == 0 ? new byte[4] : rows[i - 1]))] : [.. rows.SelectMany(r => r)]);
        var packing = predictor ? "[/FlateDecode]/DecodeParms[<</Predictor 12/Columns 4>>]" : "/FlateDecode";
        text.Append(CultureInfo.InvariantCulture, $"5 0 obj\n<</Type/XRef/Size 6/W[1 2 1]/Root 1 0 R/Filter{packing}/Length {table.Length}>>stream\n");
        text.Append(Encoding.Latin1.GetString(table)).Append(CultureInfo.InvariantCulture, $"\nendstream\nendobj\nstartxref\n{xref}\n%%EOF\n");
        return Encoding.Latin1.GetBytes(text.ToString());

        static IEnumerable<byte> Up(byte[] row, byte[] above) => row.Select((b, i) => unchecked((byte)(b - above[i]))).Prepend((byte)2);
    }

    /// <summary>The same file with its page replaced in an update.</summary>
    private static byte[] Updated(byte[] file)
    {
        var before = Encoding.Latin1.GetString(file);
        var previous = before.LastIndexOf("xref\n0", StringComparison.Ordinal);
        var page = file.Length;
        var update = "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<>>/Contents 4 0 R>>\nendobj\n";
        var xref = page + update.Length;
        return Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{before}{update}xref\n3 1\n{page:D10} 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Prev {previous}>>\nstartxref\n{xref}\n%%EOF\n"));
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var zlib = new ZLibStream(output, CompressionLevel.SmallestSize, leaveOpen: true))
            zlib.Write(bytes);
        return output.ToArray();
    }

    /// <summary>Writes the seeds and the office below a folder; of the PDFs below <paramref name="corpus"/>, the small ones join the seeds.</summary>
    public void Write(string folder, string? corpus)
    {
        Setting.Write(Path.Combine(folder, "office"));
        foreach (var (target, list) in _of)
        {
            var into = Directory.CreateDirectory(Path.Combine(folder, "seeds", target)).FullName;
            for (var i = 0; i < list.Count; i++)
                File.WriteAllBytes(Path.Combine(into, $"made-{i:D2}"), list[i]);
        }
        if (corpus is null || !Directory.Exists(corpus))
            return;
        const int small = 40_000, most = 60;
        var found = Directory.EnumerateFiles(corpus, "*.pdf", SearchOption.AllDirectories).Where(p => new FileInfo(p).Length <= small)
            .OrderBy(p => new FileInfo(p).Length).ThenBy(p => p, StringComparer.Ordinal).Take(most);
        foreach (var path in found)
            File.Copy(path, Path.Combine(folder, "seeds", "pdf", Digest.Of(File.ReadAllBytes(path)).ToString()[..16]), overwrite: true);
    }
}
