using System.Buffers.Text;
using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Proof;

/// <summary>
/// Where an office's people approve with passkeys, as its founding act says: the relying party's id, which is never that of sign-in, and the origins
/// whose pages may ask. A sign-in harvested by a hostile server has another relying party's hash inside its signature and approves nothing.
/// </summary>
public sealed record PasskeySite(string RelyingParty, IReadOnlyList<string> Origins)
{
    /// <summary>
    /// Whether an origin is <c>https://HOST[:PORT]</c> with HOST the relying party or below it (or <c>http://localhost[:PORT]</c> for an office on one's
    /// own machine), in the only form in which a browser writes it (RFC 6454 §6.2).
    /// </summary>
    public static bool IsOrigin(string origin, string relyingParty)
    {
        var local = origin.StartsWith("http://localhost", StringComparison.Ordinal);
        if (!local && !origin.StartsWith("https://", StringComparison.Ordinal))
            return false;
        var parts = origin[(local ? 7 : 8)..].Split(':');
        var host = parts[0];
        return parts.Length <= 2
            && Proof.Text.IsId(host) && (host == relyingParty || host.EndsWith('.' + relyingParty, StringComparison.Ordinal)) && local == (host == "localhost")
            && (parts.Length == 1 || IsPort(parts[1], standard: local ? "80" : "443"));
    }

    private static bool IsPort(string port, string standard) =>
        port.Length is > 0 and <= 5 && port.All(char.IsAsciiDigit) && port[0] != '0' && port != standard && int.Parse(port, System.Globalization.CultureInfo.InvariantCulture) <= 65_535;
}

/// <summary>
/// Checks approvals that an authenticator made (W3C Web Authentication Level 3 §7.2). The evidence is the CBOR array of authenticator data, client data
/// and signature, as the browser gave them. Counters are not looked at: a later verifier cannot put assertions in order, and a synced passkey counts
/// nothing; what ends a replay is the act's nonce and the ledger.
/// </summary>
internal static class Passkey
{
    /// <summary>The longest credential id (§6.5.1).</summary>
    public const int MaxId = 1023;

    private const int AuthenticatorDataSize = 37, MaxClientData = 4096, MaxSignature = 512;
    private const byte UserPresent = 0x01, UserVerified = 0x04, BackupEligible = 0x08, BackedUp = 0x10, AttestedData = 0x40, Extensions = 0x80;

    // COSE_Keys (RFC 9052 §7) in their canonical form, and no other.
    private static ReadOnlySpan<byte> Es256Head => [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]; // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
    private static ReadOnlySpan<byte> Es256Middle => [0x22, 0x58, 0x20];
    private static ReadOnlySpan<byte> EdDsaHead => [0xA4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20]; // {1: 1, 3: -8, -1: 6, -2: x}
    private static ReadOnlySpan<byte> Rs256Head => [0xA4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59]; // {1: 3, 3: -257, -1: n, -2: 65537}
    private static ReadOnlySpan<byte> Rs256Tail => [0x21, 0x43, 0x01, 0x00, 0x01];

    /// <summary>Whether these bytes are a COSE_Key of a kind that we take: ES256 on P-256, EdDSA on Ed25519, RS256 with 2048 to 4096 bits and exponent 65537.</summary>
    public static bool IsKey(ReadOnlySpan<byte> key) => IsEs256(key) || IsEdDsa(key) || IsRs256(key);

    /// <summary>The COSE_Key of an Ed25519 key: what it would be enrolled as.</summary>
    public static byte[] KeyOf(Ed25519Key key) => [.. EdDsaHead, .. key.Bytes.Span];

    /// <summary>The evidence of an assertion.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> authenticatorData, ReadOnlySpan<byte> clientData, ReadOnlySpan<byte> signature)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(3);
        writer.WriteByteString(authenticatorData);
        writer.WriteByteString(clientData);
        writer.WriteByteString(signature);
        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>
    /// Whether the evidence is this key's assertion, its user present and verified, of exactly this challenge at this site. The order is that of §7.2;
    /// <paramref name="backupEligible"/> is what the credential was enrolled with and can never change.
    /// </summary>
    public static bool Verify(ReadOnlySpan<byte> key, bool backupEligible, PasskeySite site, Digest challenge, ReadOnlyMemory<byte> evidence)
    {
        byte[] data, client, signature;
        try
        {
            (data, client, signature) = Cose.Read(evidence, reader =>
            {
                if (reader.ReadStartArray() != 3)
                    throw new MalformedException("an assertion has not three parts");
                var parts = (Cose.Bytes(reader, AuthenticatorDataSize), Cose.Bytes(reader, MaxClientData), Cose.Bytes(reader, MaxSignature));
                reader.ReadEndArray();
                return parts;
            });
        }
        catch (MalformedException)
        {
            return false;
        }
        if (!site.Origins.Any(origin => IsClientData(client, challenge, origin)))
            return false;
        // No extension is asked for, so none is answered; attested data belongs to registrations alone. What is left has one length.
        if (data.Length != AuthenticatorDataSize || !data.AsSpan(0, Digest.Size).SequenceEqual(Digest.Of(Encoding.ASCII.GetBytes(site.RelyingParty)).ToArray()))
            return false;
        var flags = data[Digest.Size];
        if ((flags & UserPresent) == 0 || (flags & UserVerified) == 0 || (flags & (AttestedData | Extensions)) != 0)
            return false;
        if (((flags & BackupEligible) != 0) != backupEligible || ((flags & BackedUp) != 0 && !backupEligible))
            return false;
        return VerifySignature(key, [.. data, .. Digest.Of(client).ToArray()], signature);
    }

    /// <summary>
    /// The limited verification of §5.8.1.2: browsers write type, challenge, origin and crossOrigin first and in this order, so bytes are compared and
    /// nothing is parsed. Further members may follow, a <c>topOrigin</c> not: a page inside another page is not one of ours. Nor may one of the first
    /// be named again, so that no reader of JSON that takes the last of two finds another act in what was signed.
    /// </summary>
    private static bool IsClientData(ReadOnlySpan<byte> client, Digest challenge, string origin)
    {
        var prefix = Encoding.ASCII.GetBytes(
            $"{{\"type\":\"webauthn.get\",\"challenge\":\"{Base64Url.EncodeToString(challenge.ToArray())}\",\"origin\":\"{origin}\",\"crossOrigin\":false");
        if (!client.StartsWith(prefix))
            return false;
        var rest = client[prefix.Length..];
        if (rest.SequenceEqual("}"u8))
            return true;
        foreach (var name in (ReadOnlySpan<string>)["type", "challenge", "origin", "crossOrigin", "topOrigin"])
            if (rest.IndexOf(Encoding.ASCII.GetBytes($"\"{name}\"")) >= 0)
                return false;
        return rest.StartsWith(","u8) && rest.EndsWith("}"u8);
    }

    private static bool VerifySignature(ReadOnlySpan<byte> key, byte[] message, byte[] signature)
    {
        try
        {
            if (IsEdDsa(key))
                return new Ed25519Key(key[10..]).Verify(message, signature);
            if (IsEs256(key))
            {
                using var ecdsa = ECDsa.Create(new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    Q = new ECPoint { X = key.Slice(10, 32).ToArray(), Y = key.Slice(45, 32).ToArray() },
                });
                return FromDer(signature) is { } pair && ecdsa.VerifyData(message, pair, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            }
            if (!IsRs256(key))
                return false;
            using var rsa = RSA.Create(new RSAParameters { Modulus = key[11..^5].ToArray(), Exponent = [0x01, 0x00, 0x01] });
            return rsa.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false; // a point off the curve, a modulus that is none
        }
    }

    /// <summary>r ‖ s of an ECDSA signature in DER (§6.5.5); null for any other form of bytes, so that all verifiers take the same ones.</summary>
    private static byte[]? FromDer(byte[] der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var sequence = outer.ReadSequence();
            outer.ThrowIfNotEmpty();
            var pair = new byte[64];
            for (var half = 0; half < 2; half++)
            {
                var number = sequence.ReadInteger();
                if (number.Sign <= 0 || number.GetByteCount(isUnsigned: true) is var length && length > 32)
                    return null;
                number.TryWriteBytes(pair.AsSpan((half * 32) + 32 - length, length), out _, isUnsigned: true, isBigEndian: true);
            }
            sequence.ThrowIfNotEmpty();
            return pair;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static bool IsEs256(ReadOnlySpan<byte> key) => key.Length == 77 && key.StartsWith(Es256Head) && key[42..].StartsWith(Es256Middle);

    private static bool IsEdDsa(ReadOnlySpan<byte> key) => key.Length == 42 && key.StartsWith(EdDsaHead);

    private static bool IsRs256(ReadOnlySpan<byte> key)
    {
        var bytes = key.Length - Rs256Head.Length - 2 - Rs256Tail.Length;
        return bytes is 256 or 384 or 512 && key.StartsWith(Rs256Head) && key.EndsWith(Rs256Tail)
            && key[9] == bytes >> 8 && key[10] == (bytes & 0xFF) && (key[11] & 0x80) != 0;
    }
}
