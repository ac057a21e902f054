using System.Formats.Cbor;

namespace Countersign.Proof;

/// <summary>A value shown to whoever holds the evidence, that a salted digest in an act commits to.</summary>
public sealed record Disclosure(string Label, ReadOnlyMemory<byte> Salt, string Value)
{
    /// <summary>The digest that stands in the act.</summary>
    public Digest Digest => Commitment.Of(Label, Salt.Span, Value);
}

/// <summary>
/// What a stranger needs to check acts without the office: the roster acts from <c>found</c> on, the letter's acts, letters of equal bytes, the
/// policies named, and what is disclosed. Nothing in it is believed because it stands here: all is reached by digests from what is signed.
/// </summary>
public sealed record Evidence(
    IReadOnlyList<RecordedAct> Roster,
    IReadOnlyList<RecordedAct> Letters,
    IReadOnlyList<RecordedAct> Twins,
    IReadOnlyList<ReadOnlyMemory<byte>> Policies,
    IReadOnlyList<Disclosure> Disclosures)
{
    private const int MaxActs = 20_000, MaxPolicies = 1_000, MaxDisclosures = 1_000;

    /// <summary>The value behind a salted digest; null when it is not disclosed.</summary>
    public string? Shown(Digest digest) => Disclosures.FirstOrDefault(d => d.Digest == digest)?.Value;

    internal void Write(CborWriter writer)
    {
        writer.WriteStartArray(5);
        WriteActs(writer, Roster);
        WriteActs(writer, Letters);
        WriteActs(writer, Twins);
        writer.WriteStartArray(Policies.Count);
        foreach (var policy in Policies)
            writer.WriteByteString(policy.Span);
        writer.WriteEndArray();
        writer.WriteStartArray(Disclosures.Count);
        foreach (var disclosure in Disclosures)
        {
            writer.WriteStartArray(3);
            writer.WriteTextString(disclosure.Label);
            writer.WriteByteString(disclosure.Salt.Span);
            writer.WriteTextString(disclosure.Value);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        writer.WriteEndArray();
    }

    internal static Evidence Read(CborReader reader)
    {
        if (reader.ReadStartArray() != 5)
            throw new MalformedException("the evidence has not five parts");
        var roster = ReadActs(reader);
        var letters = ReadActs(reader);
        var twins = ReadActs(reader);
        var policies = new ReadOnlyMemory<byte>[Cose.ArrayLength(reader, MaxPolicies)];
        for (var i = 0; i < policies.Length; i++)
            policies[i] = Cose.Bytes(reader, Policy.MaxBytes);
        reader.ReadEndArray();
        var disclosures = new Disclosure[Cose.ArrayLength(reader, MaxDisclosures)];
        for (var i = 0; i < disclosures.Length; i++)
        {
            if (reader.ReadStartArray() != 3)
                throw new MalformedException("a disclosure has not three parts");
            var label = reader.ReadTextString();
            var salt = Cose.Bytes(reader, Commitment.SaltSize);
            var value = reader.ReadTextString();
            reader.ReadEndArray();
            if (salt.Length != Commitment.SaltSize || !Text.IsId(label) || value.Length > 2000 || Text.Fault(value) is not null)
                throw new MalformedException("a disclosure is not what it must be");
            disclosures[i] = new Disclosure(label, salt, value);
        }
        reader.ReadEndArray();
        reader.ReadEndArray();
        return new Evidence(roster, letters, twins, policies, disclosures);
    }

    /// <summary>Finds the policies by digest.</summary>
    internal Func<Digest, Policy?> PolicyFinder()
    {
        var found = new Dictionary<Digest, Policy>();
        foreach (var bytes in Policies)
            if (Policy.TryRead(bytes, out var policy, out _))
                found[policy.Digest] = policy;
        return digest => found.GetValueOrDefault(digest);
    }

    private static void WriteActs(CborWriter writer, IReadOnlyList<RecordedAct> acts)
    {
        writer.WriteStartArray(acts.Count);
        foreach (var recorded in acts)
        {
            writer.WriteStartArray(4);
            writer.WriteByteString(recorded.Statement.Bytes.Span);
            writer.WriteByteString(recorded.Act.Bytes.Span);
            writer.WriteEncodedValue(EncodeApprovals(recorded.Approvals));
            writer.WriteUInt64(recorded.Index);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
    }

    private static RecordedAct[] ReadActs(CborReader reader)
    {
        var acts = new RecordedAct[Cose.ArrayLength(reader, MaxActs)];
        for (var i = 0; i < acts.Length; i++)
        {
            if (reader.ReadStartArray() != 4)
                throw new MalformedException("a recorded act has not four parts");
            var statement = Statement.Read(Cose.Bytes(reader, Statement.MaxBytes));
            var act = Act.Read(Cose.Bytes(reader, Act.MaxBytes));
            var approvals = ReadApprovals(reader, act.Digest);
            acts[i] = new RecordedAct(act, approvals, statement, reader.ReadUInt64());
            reader.ReadEndArray();
        }
        reader.ReadEndArray();
        return acts;
    }

    /// <summary>An act's approvals as CBOR: an array of [person, evidence].</summary>
    public static byte[] EncodeApprovals(IReadOnlyList<Approval> approvals)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartArray(approvals.Count);
        foreach (var approval in approvals)
        {
            writer.WriteStartArray(2);
            writer.WriteTextString(approval.Person);
            writer.WriteByteString(approval.Evidence.Span);
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>Reads what <see cref="EncodeApprovals"/> wrote, of an act of this digest. Throws <see cref="FormatException"/> when the bytes are no such thing.</summary>
    public static IReadOnlyList<Approval> DecodeApprovals(ReadOnlyMemory<byte> bytes, Digest act)
    {
        try
        {
            return Cose.Read(bytes, reader => ReadApprovals(reader, act));
        }
        catch (MalformedException e)
        {
            throw new FormatException(e.Message);
        }
    }

    internal static Approval[] ReadApprovals(CborReader reader, Digest act)
    {
        var approvals = new Approval[Cose.ArrayLength(reader, Permit.MaxApprovals)];
        for (var i = 0; i < approvals.Length; i++)
        {
            if (reader.ReadStartArray() != 2)
                throw new MalformedException("an approval has not two parts");
            approvals[i] = new Approval(reader.ReadTextString(), act, Cose.Bytes(reader, Approval.MaxEvidence));
            reader.ReadEndArray();
        }
        reader.ReadEndArray();
        return approvals;
    }
}
