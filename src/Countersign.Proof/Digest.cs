using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Countersign.Proof;

/// <summary>A SHA-256 digest (FIPS 180-4): 32 bytes, written as 64 lower-case hexadecimal characters and in no other way.</summary>
public readonly struct Digest : IEquatable<Digest>, IComparable<Digest>
{
    /// <summary>The length of a digest in bytes.</summary>
    public const int Size = 32;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly ulong _a, _b, _c, _d;

    /// <summary>Takes 32 bytes as a digest. Throws <see cref="ArgumentException"/> for any other length.</summary>
    public Digest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"A digest has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>SHA-256 of <paramref name="data"/>.</summary>
    public static Digest Of(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(data, hash);
        return new Digest(hash);
    }

    /// <summary>SHA-256 of the parts one after another, without separators.</summary>
    public static Digest OfParts(params ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
            sha.AppendData(part.Span);
        Span<byte> hash = stackalloc byte[Size];
        sha.GetHashAndReset(hash);
        return new Digest(hash);
    }

    /// <summary>Reads 64 lower-case hexadecimal characters; anything else is not a digest.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Digest digest)
    {
        digest = default;
        if (text is null || text.Length != 2 * Size || text.AsSpan().ContainsAnyExcept(LowerHex))
            return false;
        digest = new Digest(Convert.FromHexString(text));
        return true;
    }

    /// <summary>Reads 64 lower-case hexadecimal characters. Throws <see cref="FormatException"/> for anything else.</summary>
    public static Digest Parse(string text) =>
        TryParse(text, out var digest) ? digest : throw new FormatException("A digest is 64 lower-case hexadecimal characters.");

    /// <summary>Writes the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>The 32 bytes, in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    public override string ToString() => Convert.ToHexStringLower(ToArray());

    public bool Equals(Digest other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is Digest other && Equals(other);

    public override int GetHashCode() => _a.GetHashCode();

    public int CompareTo(Digest other)
    {
        var order = _a.CompareTo(other._a);
        if (order == 0) order = _b.CompareTo(other._b);
        if (order == 0) order = _c.CompareTo(other._c);
        return order == 0 ? _d.CompareTo(other._d) : order;
    }

    public static bool operator ==(Digest left, Digest right) => left.Equals(right);
    public static bool operator !=(Digest left, Digest right) => !left.Equals(right);
    public static bool operator <(Digest left, Digest right) => left.CompareTo(right) < 0;
    public static bool operator >(Digest left, Digest right) => left.CompareTo(right) > 0;
    public static bool operator <=(Digest left, Digest right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Digest left, Digest right) => left.CompareTo(right) >= 0;
}
