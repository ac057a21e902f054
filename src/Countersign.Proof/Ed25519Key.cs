using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Countersign.Proof;

/// <summary>
/// An Ed25519 public key (RFC 8032 §5.1): 32 bytes. .NET 10 has no Ed25519 of its own; BouncyCastle needs no native library.
/// </summary>
public sealed class Ed25519Key : IEquatable<Ed25519Key>
{
    /// <summary>Length of a public key in bytes.</summary>
    public const int Size = 32;

    /// <summary>Length of a signature in bytes.</summary>
    public const int SignatureSize = 64;

    private readonly byte[] _bytes;
    private readonly Ed25519PublicKeyParameters? _key;

    /// <summary>Takes the 32 bytes of a public key. Throws <see cref="ArgumentException"/> for any other length. Bytes that are no point of the group's own order verify nothing.</summary>
    public Ed25519Key(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"An Ed25519 public key has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        _bytes = bytes.ToArray();
        try
        {
            _key = Ed25519.ValidatePublicKeyFull(_bytes, 0) ? new Ed25519PublicKeyParameters(_bytes, 0) : null;
        }
        catch (ArgumentException)
        {
            _key = null;
        }
    }

    /// <summary>The 32 bytes of the key.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Whether <paramref name="signature"/> (64 bytes) is this key's signature over <paramref name="message"/>. Never throws for bad input.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        // Where both points are of the group's own order, all equations that verifiers use (RFC 8032 §5.1.7, with and without the factor of eight) say the
        // same; signatures on which they would differ are made by nobody who follows the standard.
        if (_key is null || signature.Length != SignatureSize || !Ed25519.ValidatePublicKeyFull(signature[..Size].ToArray(), 0))
            return false;
        var verifier = new Ed25519Signer();
        verifier.Init(false, _key);
        verifier.BlockUpdate(message);
        return verifier.VerifySignature(signature.ToArray());
    }

    public bool Equals(Ed25519Key? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => Equals(obj as Ed25519Key);

    public override int GetHashCode() => BitConverter.ToInt32(_bytes);
}

/// <summary>An Ed25519 private key (RFC 8032 §5.1.5): a seed of 32 bytes. Signing is deterministic: the same message gives the same bytes.</summary>
public sealed class Ed25519PrivateKey
{
    private readonly byte[] _seed, _public;

    /// <summary>Takes the 32-byte seed.</summary>
    public Ed25519PrivateKey(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != 32)
            throw new ArgumentException($"An Ed25519 seed has 32 bytes, not {seed.Length}.", nameof(seed));
        _seed = seed.ToArray();
        _public = new byte[Ed25519Key.Size];
        Ed25519.GeneratePublicKey(_seed, 0, _public, 0);
        Public = new Ed25519Key(_public);
    }

    /// <summary>A new key from the system's random numbers.</summary>
    public static Ed25519PrivateKey Create() => new(RandomNumberGenerator.GetBytes(32));

    /// <summary>The public half.</summary>
    public Ed25519Key Public { get; }

    /// <summary>The 32-byte seed, for storing under the operator's protection.</summary>
    public byte[] ToSeed() => [.. _seed];

    /// <summary>The 64-byte signature over <paramref name="message"/>.</summary>
    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        // With the public half made once: BouncyCastle's signer makes it anew for each signature, which is half the work. It is this key's own,
        // made above; a foreign one here would give the key away.
        var signature = new byte[Ed25519Key.SignatureSize];
        Ed25519.Sign(_seed, 0, _public, 0, message.ToArray(), 0, message.Length, signature, 0);
        return signature;
    }
}
