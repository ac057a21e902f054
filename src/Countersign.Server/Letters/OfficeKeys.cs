using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>
/// The keys the office holds itself: for checkpoints, for statements and the status list, for seals. None of them can approve anything. They lie
/// in <c>HOME/keys/office</c>, readable by their owner alone.
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

    /// <summary>Makes and keeps the keys of a new office.</summary>
    public static OfficeKeys Create(Home home, string title, DateTimeOffset now)
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
        Home.Write(In(home, "ledger.key"), Convert.ToHexStringLower(keys.Ledger.ToSeed()).Utf8(), secret: true);
        Home.Write(In(home, "statement.key"), Convert.ToHexStringLower(keys.Statement.ToSeed()).Utf8(), secret: true);
        Home.Write(In(home, "seal.key"), keys._seal.ExportPkcs8PrivateKeyPem().Utf8(), secret: true);
        Home.Write(In(home, "seal.crt"), keys.Certificate);
        return keys;
    }

    /// <summary>Reads the keys of an office. A missing or damaged key file is refused.</summary>
    public static Result<OfficeKeys> Read(Home home)
    {
        var reading = "";
        try
        {
            byte[] Seed(string name) => Convert.FromHexString(File.ReadAllText(In(home, reading = name)).Trim());
            var ledger = new Ed25519PrivateKey(Seed("ledger.key"));
            var statement = new Ed25519PrivateKey(Seed("statement.key"));
            var seal = ECDsa.Create();
            seal.ImportFromPem(File.ReadAllText(In(home, reading = "seal.key")));
            return new OfficeKeys(ledger, statement, seal, File.ReadAllBytes(In(home, reading = "seal.crt")));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or CryptographicException or FileNotFoundException or DirectoryNotFoundException)
        {
            return new Refusal(
                "home.office-key", $"The office's key file keys/office/{reading} is missing or damaged.",
                "Put it back from a backup (`countersign restore`); without it the office cannot make new entries or seals.");
        }
    }

    public void Dispose() => _seal.Dispose();

    private static string In(Home home, string name) => Path.Combine(home.OfficeKeys, name);
}

internal static class Utf8Extension
{
    public static byte[] Utf8(this string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
