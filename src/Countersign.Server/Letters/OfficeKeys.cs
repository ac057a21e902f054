using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Ledger;
using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>
/// The keys the office holds itself: for checkpoints, for statements and the status list, for seals. None of them can approve anything. They lie
/// in <c>HOME/keys/office</c>, readable by their owner alone; sets that replaced others, each in a folder of its own below it. Which set counts is
/// for the roster to say (<c>found</c>, <c>rekey</c>): the files only answer to it.
/// </summary>
public sealed class OfficeKeys : IDisposable
{
    private readonly ECDsa _seal;

    private OfficeKeys(Ed25519PrivateKey ledger, Ed25519PrivateKey statement, ECDsa seal, byte[] certificate)
    {
        Ledger = ledger;
        Statement = statement;
        _seal = seal;
        Certificate = certificate;
    }

    /// <summary>Signs checkpoints and receipts.</summary>
    public Ed25519PrivateKey Ledger { get; }

    /// <summary>Signs statements and status lists.</summary>
    public Ed25519PrivateKey Statement { get; }

    /// <summary>The DER certificate of the sealing key.</summary>
    public byte[] Certificate { get; }

    /// <summary>Signs the attributes of a seal: ECDSA P-256 with SHA-256, in DER.</summary>
    public byte[] Seal(ReadOnlyMemory<byte> attributes) =>
        _seal.SignData(attributes.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>The public halves, of a ledger with this origin.</summary>
    public PublicKeys Public(string origin) => new(origin, Ledger.Public, Statement.Public, Digest.Of(Certificate));

    /// <summary>Makes and keeps new keys, in <c>keys/office</c> or, where they are to replace others, in <paramref name="folder"/> below it.</summary>
    public static OfficeKeys Create(Home home, string title, DateTimeOffset now, string folder = "")
    {
        var keys = new OfficeKeys(Ed25519PrivateKey.Create(), Ed25519PrivateKey.Create(), ECDsa.Create(ECCurve.NamedCurves.nistP256), []);
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName(title);
        name.AddCommonName($"{title} – seal");
        var request = new CertificateRequest(name.Build(), keys._seal, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation, true));
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(20));
        keys = new OfficeKeys(keys.Ledger, keys.Statement, keys._seal, certificate.RawData);
        var into = Path.Combine(home.OfficeKeys, folder);
        Home.Write(Path.Combine(into, "ledger.key"), Convert.ToHexStringLower(keys.Ledger.ToSeed()).Utf8(), secret: true);
        Home.Write(Path.Combine(into, "statement.key"), Convert.ToHexStringLower(keys.Statement.ToSeed()).Utf8(), secret: true);
        Home.Write(Path.Combine(into, "seal.key"), keys._seal.ExportPkcs8PrivateKeyPem().Utf8(), secret: true);
        Home.Write(Path.Combine(into, "seal.crt"), keys.Certificate);
        DurableFile.SyncFolder(home.OfficeKeys); // the name of the folder itself
        return keys;
    }

    /// <summary>Reads the set of keys whose public halves the roster names. A missing or damaged key file is refused.</summary>
    public static Result<OfficeKeys> Read(Home home, PublicKeys wanted)
    {
        var trouble = new Refusal(
            "home.office-key", $"The office's keys are missing from {home.OfficeKeys}.",
            "Put them back from a backup (`countersign restore`); without them the office cannot make new entries or seals.");
        var others = Directory.Exists(home.OfficeKeys) ? Directory.GetDirectories(home.OfficeKeys) : [];
        foreach (var folder in others.Prepend(home.OfficeKeys))
        {
            if (!Read(folder).Is(out var keys, out var refusal))
            {
                if (folder == home.OfficeKeys)
                    trouble = refusal;
                continue;
            }
            if (keys.Public(wanted.Origin) == wanted)
                return keys;
            keys.Dispose();
            if (others.Length == 0)
                trouble = trouble with { Why = $"The keys in {home.OfficeKeys} are not the ones that the roster names." };
        }
        return trouble;
    }

    private static Result<OfficeKeys> Read(string folder)
    {
        var reading = "";
        try
        {
            string In(string name) => Path.Combine(folder, reading = name);
            byte[] Seed(string name) => Convert.FromHexString(File.ReadAllText(In(name)).Trim());
            var ledger = new Ed25519PrivateKey(Seed("ledger.key"));
            var statement = new Ed25519PrivateKey(Seed("statement.key"));
            var seal = ECDsa.Create();
            seal.ImportFromPem(File.ReadAllText(In("seal.key")));
            return new OfficeKeys(ledger, statement, seal, File.ReadAllBytes(In("seal.crt")));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or CryptographicException or FileNotFoundException or DirectoryNotFoundException)
        {
            return new Refusal(
                "home.office-key", $"The office's key file {Path.Combine(folder, reading)} is missing or damaged.",
                "Put it back from a backup (`countersign restore`); without it the office cannot make new entries or seals.");
        }
    }

    public void Dispose() => _seal.Dispose();
}

internal static class Utf8Extension
{
    public static byte[] Utf8(this string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
