using System.Formats.Cbor;

namespace Countersign.Proof;

/// <summary>The bytes that COSE_Sign1 signs (RFC 9052 §4.4): <c>["Signature1", protected, external_aad = h'', payload]</c>.</summary>
internal static class Cose
{
    public const int Algorithm = 1, KeyId = 4, CwtClaims = 15, Type = 16;
    public const int EdDsa = -8, Es256 = -7, Sha256 = -16;
    public const CborTag Sign1 = (CborTag)18;

    public static byte[] ToBeSigned(ReadOnlySpan<byte> protectedHeader, ReadOnlySpan<byte> payload)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(4);
        writer.WriteTextString("Signature1");
        writer.WriteByteString(protectedHeader);
        writer.WriteByteString([]);
        writer.WriteByteString(payload);
        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>A tagged COSE_Sign1 with the given parts; <paramref name="unprotected"/> is one encoded map; a null payload is detached.</summary>
    public static byte[] Message(ReadOnlySpan<byte> protectedHeader, ReadOnlySpan<byte> unprotected, ReadOnlySpan<byte> payload, bool detached, ReadOnlySpan<byte> signature)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteTag(Sign1);
        writer.WriteStartArray(4);
        writer.WriteByteString(protectedHeader);
        writer.WriteEncodedValue(unprotected);
        if (detached)
            writer.WriteNull();
        else
            writer.WriteByteString(payload);
        writer.WriteByteString(signature);
        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>The empty map, as it stands for an unprotected header without members.</summary>
    public static ReadOnlySpan<byte> EmptyMap => [0xA0];

    /// <summary>
    /// Runs a reader over foreign CBOR: canonical encoding only, nothing after the value. Everything that a bad byte can raise becomes
    /// <see cref="MalformedException"/>.
    /// </summary>
    public static T Read<T>(ReadOnlyMemory<byte> bytes, Func<CborReader, T> read)
    {
        try
        {
            var reader = new CborReader(bytes, CborConformanceMode.Canonical);
            var value = read(reader);
            return reader.BytesRemaining == 0 ? value : throw new MalformedException("bytes follow the CBOR value");
        }
        catch (Exception e) when (e is CborContentException or InvalidOperationException or OverflowException)
        {
            throw new MalformedException("it is not the CBOR that must stand here");
        }
    }

    public static int ArrayLength(CborReader reader, int max) =>
        reader.ReadStartArray() is { } n && n <= max ? n : throw new MalformedException($"a list is longer than {max}, or of no stated length");

    /// <summary>An Ed25519 signature: 64 bytes, R ‖ S (RFC 9053 §2.2). Any other length is no signature that fails, but no message.</summary>
    public static byte[] Signature(CborReader reader) => Bytes(reader, Ed25519Key.SignatureSize) is { Length: Ed25519Key.SignatureSize } signature
        ? signature
        : throw new MalformedException("a signature has not 64 bytes");

    public static byte[] Bytes(CborReader reader, int max)
    {
        var bytes = reader.ReadByteString();
        return bytes.Length <= max ? bytes : throw new MalformedException($"a byte string is longer than {max}");
    }
}
