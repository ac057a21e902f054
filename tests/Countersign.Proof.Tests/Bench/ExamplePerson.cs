using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Asn1.Nist;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// A P-256 key of the worked example (docs/EXAMPLE.md): its private number is the SHA-256 of a label that stands in the document, and it signs by
/// RFC 6979, so that the example comes out the same on every machine. A key that everybody can make protects nothing.
/// </summary>
internal sealed class ExampleKey
{
    private static readonly ECDomainParameters Curve = new(NistNamedCurves.GetByName("P-256"));
    private readonly BigInteger _number;
    private readonly byte[] _x, _y;

    public ExampleKey(string label)
    {
        Label = label;
        _number = new BigInteger(1, Digest.Of(Encoding.ASCII.GetBytes(label)).ToArray());
        var point = Curve.G.Multiply(_number).Normalize();
        (_x, _y) = (point.AffineXCoord.GetEncoded(), point.AffineYCoord.GetEncoded());
    }

    public string Label { get; }

    /// <summary>The COSE_Key of STANDARDS.md §2.</summary>
    public byte[] CoseKey => [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, .. _x, 0x22, 0x58, 0x20, .. _y];

    /// <summary>The key for the platform's certificate maker.</summary>
    public ECDsa ToPlatform() => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        D = _number.ToByteArrayUnsigned(),
        Q = new ECPoint { X = _x, Y = _y },
    });

    /// <summary>r ‖ s of ECDSA with SHA-256, the nonce by RFC 6979.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        var signer = new ECDsaSigner(new HMacDsaKCalculator(new Sha256Digest()));
        signer.Init(true, new ECPrivateKeyParameters(_number, Curve));
        var pair = signer.GenerateSignature(Digest.Of(message).ToArray());
        var bytes = new byte[64];
        for (var half = 0; half < 2; half++)
        {
            var number = pair[half].ToByteArrayUnsigned();
            number.CopyTo(bytes, (half * 32) + 32 - number.Length);
        }
        return bytes;
    }

    /// <summary>The same signature in DER.</summary>
    public byte[] SignDer(ReadOnlySpan<byte> message)
    {
        var pair = Sign(message);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            for (var half = 0; half < 2; half++)
                writer.WriteInteger(new System.Numerics.BigInteger(pair.AsSpan(half * 32, 32), isUnsigned: true, isBigEndian: true));
        return writer.Encode();
    }
}

/// <summary>A person of the worked example: with a software key, or with a passkey whose authenticator is played here.</summary>
internal sealed class ExamplePerson(string id, string name, string role, bool passkey)
{
    private const string RelyingParty = "approve.tfn.example", Office = "tfn.example";

    public string Id => id;
    public string Name => name;
    public string Role => role;
    public ExampleKey Key { get; } = new($"countersign example: {id}");
    public byte[] Salt => Digest.Of(Encoding.ASCII.GetBytes($"countersign example: salt of {id}")).ToArray()[..Commitment.SaltSize];
    public Digest Challenge => Credential.Challenge(Office, id, Key.CoseKey);

    /// <summary>A passkey's credential id; empty for a software key.</summary>
    public byte[] CredentialId => passkey ? Digest.Of(Encoding.ASCII.GetBytes($"countersign example: passkey of {id}")).ToArray()[..16] : [];

    public Enrolment Enrolment => new(id, Commitment.Of("name", Salt, name), [role], passkey
        ? Credential.ForPasskey(Key.CoseKey, CredentialId, backupEligible: false, Evidence(Challenge))!
        : Credential.Read(new JsonObject()
            .Add("key", System.Buffers.Text.Base64Url.EncodeToString(Key.CoseKey))
            .Add("kind", "software")
            .Add("made", "person")
            .Add("proof", System.Buffers.Text.Base64Url.EncodeToString(Evidence(Challenge)))));

    public Approval Approve(Act act) => new(id, act.Digest, Evidence(act.Digest));

    /// <summary>STANDARDS.md §2, written down here a second time.</summary>
    private byte[] Evidence(Digest digest)
    {
        if (!passkey)
        {
            byte[] head = [0xA2, 0x01, 0x26, 0x04, 0x58, 0x20, .. Digest.Of(Key.CoseKey).ToArray()];
            byte[] signed = [0x84, 0x6A, .. "Signature1"u8, 0x58, 0x26, .. head, 0x40, 0x58, 0x20, .. digest.ToArray()];
            return [0xD2, 0x84, 0x58, 0x26, .. head, 0xA0, 0xF6, 0x58, 0x40, .. Key.Sign(signed)];
        }
        byte[] data = [.. Digest.Of(Encoding.ASCII.GetBytes(RelyingParty)).ToArray(), 0x05, 0, 0, 0, 0];
        var client = Encoding.ASCII.GetBytes(
            $"{{\"type\":\"webauthn.get\",\"challenge\":\"{System.Buffers.Text.Base64Url.EncodeToString(digest.ToArray())}\"," +
            $"\"origin\":\"https://{RelyingParty}\",\"crossOrigin\":false}}");
        return Approval.OfPasskey(id, digest, data, client, Key.SignDer([.. data, .. Digest.Of(client).ToArray()])).Evidence.ToArray();
    }
}
