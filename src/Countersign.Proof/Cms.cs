using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Countersign.Proof;

/// <summary>
/// The one CMS that a seal holds (RFC 5652; PAdES baseline B-B, EN 319 142-1 §6.3): SignedData, DER, one signer, no content, the signing
/// certificate; signed attributes content-type, message-digest, signing-certificate-v2, and no signing-time. ECDSA P-256 with SHA-256, s in the
/// lower half. It is never parsed: a verifier cuts the signature from its end, makes the whole again and compares, so there is no room for an
/// attribute or a certificate of anybody else's.
/// </summary>
internal static class Cms
{
    private const string Data = "1.2.840.113549.1.7.1", SignedData = "1.2.840.113549.1.7.2", Sha256 = "2.16.840.1.101.3.4.2.1", EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private const string ContentType = "1.2.840.113549.1.9.3", MessageDigest = "1.2.840.113549.1.9.4", SigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";
    private const int LongestSignature = 72;

    // Order of P-256 (SEC 2 §2.4.2).
    private static readonly BigInteger Order = new(Convert.FromHexString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"), isUnsigned: true, isBigEndian: true);

    /// <summary>Signs a digest. <paramref name="sign"/> returns an ECDSA signature in DER over the bytes given to it.</summary>
    public static byte[] Sign(byte[] certificate, Digest digest, Func<ReadOnlyMemory<byte>, byte[]> sign) =>
        Build(certificate, digest, LowerHalf(sign(Attributes(certificate, digest))) ?? throw new CryptographicException("The sealing key gave no ECDSA signature in DER."));

    /// <summary>Whether these bytes begin with the CMS of this certificate over this digest, and are zero after it.</summary>
    public static bool Verify(ReadOnlySpan<byte> padded, byte[] certificate, Digest digest)
    {
        for (var length = 8; length <= LongestSignature; length++)
        {
            var size = Build(certificate, digest, new byte[length]).Length;
            if (size > padded.Length || padded[size..].ContainsAnyExcept((byte)0))
                continue;
            var signature = padded.Slice(size - length, length).ToArray();
            if (!padded[..size].SequenceEqual(Build(certificate, digest, signature)) || LowerHalf(signature) is not { } low || !low.AsSpan().SequenceEqual(signature))
                continue;
            try
            {
                using var parsed = X509CertificateLoader.LoadCertificate(certificate);
                using var key = parsed.GetECDsaPublicKey();
                return key is not null && key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
                    && key.VerifyData(Attributes(certificate, digest), signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            }
            catch (CryptographicException)
            {
                return false;
            }
        }
        return false;
    }

    /// <summary>Of the two signatures that ECDSA accepts for one, the one with the smaller s, in DER; null when it is none.</summary>
    private static byte[]? LowerHalf(byte[] der)
    {
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var sequence = outer.ReadSequence();
            var (r, s) = (sequence.ReadInteger(), sequence.ReadInteger());
            sequence.ThrowIfNotEmpty();
            outer.ThrowIfNotEmpty();
            if (r.Sign <= 0 || s.Sign <= 0 || r >= Order || s >= Order)
                return null;
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                writer.WriteInteger(r);
                writer.WriteInteger(s > Order / 2 ? Order - s : s);
            }
            return writer.Encode();
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>The signed attributes as a SET, which is what is signed (RFC 5652 §5.4).</summary>
    private static byte[] Attributes(byte[] certificate, Digest digest)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        WriteAttributes(writer, certificate, digest, Asn1Tag.SetOf);
        return writer.Encode();
    }

    private static void WriteAttributes(AsnWriter writer, byte[] certificate, Digest digest, Asn1Tag tag)
    {
        using var set = writer.PushSetOf(tag); // sorts its members as DER asks
        Attribute(writer, ContentType, w => w.WriteObjectIdentifier(Data));
        Attribute(writer, MessageDigest, w => w.WriteOctetString(digest.ToArray()));
        Attribute(writer, SigningCertificateV2, w =>
        {
            // SigningCertificateV2 { certs { ESSCertIDv2 { certHash } } }: SHA-256 is the default and left out (RFC 5035 §3).
            using (w.PushSequence())
            using (w.PushSequence())
            using (w.PushSequence())
                w.WriteOctetString(Digest.Of(certificate).ToArray());
        });
    }

    private static void Attribute(AsnWriter writer, string identifier, Action<AsnWriter> value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(identifier);
            using (writer.PushSetOf())
                value(writer);
        }
    }

    /// <summary>The whole with a given signature. Throws <see cref="MalformedException"/> when the certificate is none.</summary>
    internal static byte[] Build(byte[] certificate, Digest digest, byte[] signature)
    {
        var (issuer, serial) = IssuerAndSerial(certificate);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(SignedData);
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
            using (writer.PushSequence())
            {
                writer.WriteInteger(1);
                using (writer.PushSetOf())
                    Algorithm(writer, Sha256);
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(Data);
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    writer.WriteEncodedValue(certificate);
                using (writer.PushSetOf())
                using (writer.PushSequence())
                {
                    writer.WriteInteger(1);
                    using (writer.PushSequence())
                    {
                        writer.WriteEncodedValue(issuer.Span);
                        writer.WriteEncodedValue(serial.Span);
                    }
                    Algorithm(writer, Sha256);
                    WriteAttributes(writer, certificate, digest, new Asn1Tag(TagClass.ContextSpecific, 0));
                    Algorithm(writer, EcdsaWithSha256);
                    writer.WriteOctetString(signature);
                }
            }
        }
        return writer.Encode();
    }

    private static void Algorithm(AsnWriter writer, string identifier)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(identifier);
    }

    /// <summary>Issuer and serial number as they stand in the certificate (RFC 5280 §4.1). Throws <see cref="MalformedException"/> when it is none.</summary>
    private static (ReadOnlyMemory<byte> Issuer, ReadOnlyMemory<byte> Serial) IssuerAndSerial(byte[] certificate)
    {
        try
        {
            var outer = new AsnReader(certificate, AsnEncodingRules.DER);
            var body = outer.ReadSequence().ReadSequence();
            outer.ThrowIfNotEmpty();
            var version = new Asn1Tag(TagClass.ContextSpecific, 0);
            if (body.PeekTag().HasSameClassAndValue(version))
                body.ReadEncodedValue();
            var serial = body.ReadEncodedValue();
            body.ReadEncodedValue();
            return (body.ReadEncodedValue(), serial);
        }
        catch (AsnContentException)
        {
            throw new MalformedException("the certificate is none");
        }
    }
}
