using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Proof.Tests.Bench;

/// <summary>The kinds of keys that authenticators make and that we take.</summary>
internal enum PasskeyKind
{
    Es256,
    EdDsa,
    Rs256,
}

/// <summary>
/// What happens between page, browser and authenticator when somebody is asked for an assertion. As it stands here it is an honest one with the user
/// present and verified; a test says what is otherwise. What is null is taken from the site and the credential.
/// </summary>
internal sealed record Ceremony
{
    public static Ceremony Honest { get; } = new();

    public string Type { get; init; } = "webauthn.get";

    /// <summary>Makes the text that stands as challenge of the digest that is to be signed.</summary>
    public Func<Digest, string> Challenge { get; init; } = digest => Base64Url.EncodeToString(digest.ToArray());

    public string? Origin { get; init; }
    public string? RelyingParty { get; init; }

    /// <summary>What stands in the client data behind the origin.</summary>
    public string Rest { get; init; } = "\"crossOrigin\":false}";

    /// <summary>Changes the whole client data before it is signed.</summary>
    public Func<string, string> ClientData { get; init; } = text => text;

    /// <summary>The flags; null for UP and UV, and BE where the credential was enrolled so.</summary>
    public byte? Flags { get; init; }

    public uint Counter { get; init; }

    /// <summary>Changes the authenticator data before it is signed.</summary>
    public Func<byte[], byte[]> Data { get; init; } = data => data;

    /// <summary>Changes what is signed.</summary>
    public Func<byte[], byte[]> Signed { get; init; } = message => message;

    /// <summary>Changes the signature.</summary>
    public Func<byte[], byte[]> Signature { get; init; } = signature => signature;

    /// <summary>Changes the evidence as it is handed over.</summary>
    public Func<byte[], byte[]> Evidence { get; init; } = evidence => evidence;
}

/// <summary>
/// An authenticator and its browser in software (W3C Web Authentication Level 3 §6.3.3, §5.8.1). It makes one credential, answers honestly, and on
/// request in every wrong way.
/// </summary>
internal sealed class SoftAuthenticator
{
    public const byte Present = 0x01, Verified = 0x04, Eligible = 0x08, BackedUp = 0x10, Attested = 0x40, Extended = 0x80;

    // Two large primes take a machine longer to find than everything else that a test does.
    private static readonly Lazy<RSA> SharedRsa = new(() => RSA.Create(2048));

    private readonly ECDsa? _ecdsa;
    private readonly Ed25519PrivateKey? _edDsa;
    private readonly RSA? _rsa;

    public SoftAuthenticator(PasskeyKind kind = PasskeyKind.Es256, bool backupEligible = false, byte[]? id = null, int rsaBits = 2048)
    {
        (Kind, BackupEligible, Id) = (kind, backupEligible, id ?? RandomNumberGenerator.GetBytes(32));
        switch (kind)
        {
            case PasskeyKind.EdDsa:
                _edDsa = Ed25519PrivateKey.Create();
                CoseKey = [0xA4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20, .. _edDsa.Public.Bytes.Span];
                break;
            case PasskeyKind.Rs256:
                _rsa = rsaBits == 2048 ? SharedRsa.Value : RSA.Create(rsaBits);
                var n = _rsa.ExportParameters(false).Modulus!;
                CoseKey = [0xA4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59, (byte)(n.Length >> 8), (byte)(n.Length & 0xFF), .. n, 0x21, 0x43, 0x01, 0x00, 0x01];
                break;
            default:
                _ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                CoseKey = Es256Key(_ecdsa);
                break;
        }
    }

    /// <summary>An authenticator that holds a key which somebody has elsewhere, too.</summary>
    public SoftAuthenticator(Ed25519PrivateKey key)
        : this(PasskeyKind.EdDsa)
    {
        _edDsa = key;
        CoseKey = [.. CoseKey.AsSpan(0, 10), .. key.Public.Bytes.Span];
    }

    public PasskeyKind Kind { get; }
    public bool BackupEligible { get; }
    public byte[] Id { get; }
    public byte[] CoseKey { get; init; }

    public static byte[] Es256Key(ECDsa key)
    {
        var point = key.ExportParameters(false).Q;
        return [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, .. point.X!, 0x22, 0x58, 0x20, .. point.Y!];
    }

    /// <summary>The authenticator's signature, in the form that WebAuthn gives it (§6.5.5).</summary>
    public byte[] Sign(byte[] message) => Kind switch
    {
        PasskeyKind.EdDsa => _edDsa!.Sign(message),
        PasskeyKind.Rs256 => _rsa!.SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        _ => _ecdsa!.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence),
    };

    /// <summary>The evidence of an assertion over a digest at a site.</summary>
    public byte[] Assert(PasskeySite site, Digest challenge, Ceremony? ceremony = null)
    {
        var how = ceremony ?? Ceremony.Honest;
        var client = Encoding.UTF8.GetBytes(how.ClientData(
            $"{{\"type\":\"{how.Type}\",\"challenge\":\"{how.Challenge(challenge)}\",\"origin\":\"{how.Origin ?? site.Origins[0]}\",{how.Rest}"));
        var flags = how.Flags ?? (byte)(Present | Verified | (BackupEligible ? Eligible : 0));
        var data = how.Data([
            .. Digest.Of(Encoding.ASCII.GetBytes(how.RelyingParty ?? site.RelyingParty)).ToArray(), flags,
            (byte)(how.Counter >> 24), (byte)((how.Counter >> 16) & 0xFF), (byte)((how.Counter >> 8) & 0xFF), (byte)(how.Counter & 0xFF)]);
        var signature = how.Signature(Sign(how.Signed([.. data, .. Digest.Of(client).ToArray()])));
        return how.Evidence(Passkey.Encode(data, client, signature));
    }

    /// <summary>A person's approval of an act.</summary>
    public Approval Approve(string person, PasskeySite site, Digest act, Ceremony? ceremony = null) => new(person, act, Assert(site, act, ceremony));
}
