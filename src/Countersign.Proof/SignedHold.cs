using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;

namespace Countersign.Proof;

/// <summary>
/// A hold as a file of its own: the act and its signature, without a ledger and without the office. One person makes it, anybody carries it, and every
/// verifier takes it, so that nothing between a stopper and a reader can swallow a stop. Canonical CBOR:
/// <c>["countersign-hold", act, [[person, evidence]]]</c>.
/// </summary>
public static class SignedHold
{
    /// <summary>The most bytes such a file may have.</summary>
    public const int MaxBytes = 256 * 1024;

    private const string Mark = "countersign-hold";

    /// <summary>The file of a hold and its signatures.</summary>
    public static byte[] Write(HoldAct hold, IReadOnlyList<Approval> approvals)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(3);
        writer.WriteTextString(Mark);
        writer.WriteByteString(hold.Bytes.Span);
        writer.WriteEncodedValue(Evidence.EncodeApprovals(approvals));
        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>Whether bytes say of themselves that they are a signed hold, rather than a status file.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => bytes.StartsWith((ReadOnlySpan<byte>)[0x83, 0x70]) && bytes[2..].StartsWith("countersign-hold"u8);

    /// <summary>Reads a signed hold. Whether its signers may hold the letter is for <see cref="Permit"/>. On false, <paramref name="fault"/> says what is wrong.</summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out HoldAct? hold, [NotNullWhen(true)] out IReadOnlyList<Approval>? approvals,
        [NotNullWhen(false)] out string? fault)
    {
        (hold, approvals, fault) = (null, null, null);
        try
        {
            if (bytes.Length > MaxBytes)
                throw new MalformedException($"it is longer than {MaxBytes} bytes");
            (hold, approvals) = Cose.Read(bytes, reader =>
            {
                if (reader.ReadStartArray() != 3 || reader.ReadTextString() != Mark)
                    throw new MalformedException("it is of another kind");
                var act = Act.Read(Cose.Bytes(reader, Act.MaxBytes)) as HoldAct ?? throw new MalformedException("its act is no hold");
                var signatures = Evidence.ReadApprovals(reader, act.Digest);
                reader.ReadEndArray();
                return (act, signatures);
            });
            return true;
        }
        catch (MalformedException e)
        {
            fault = $"The signed hold says nothing: {e.Message}.";
            return false;
        }
    }
}
