using System.Buffers.Binary;
using System.Text;
using Countersign.Proof;

namespace Countersign.Fuzz;

// The readers of what the proof is made of.
internal sealed partial record Target
{
    private const string Passphrase = "fuzz";
    private const string Origin = "staff.example/ledger", StatusAddress = "https://staff.example/status";

    /// <summary>A key that signs what must be signed to be read at all. Everybody has it.</summary>
    public static Ed25519PrivateKey OpenKey { get; } = new(new byte[32]);

    /// <summary>The digest that approvals and seals in the corpus are of.</summary>
    public static Digest Signed { get; } = Digest.Of("countersign fuzz"u8);

    public static IReadOnlyList<Target> All(Setting setting) =>
    [
        new("pdf", 200_000, Pdf),
        new("sealed", 200_000, bytes => Sealed(bytes, setting)),
        new("receipt", 100_000, ReadReceipt),
        new("office", 100_000, bytes => Office(bytes, setting)),
        new("cose", 4_096, ReadStatement),
        new("cms", 20_000, ReadCms),
        new("act", Act.MaxBytes + 1, ReadAct),
        new("policy", Policy.MaxBytes + 1, ReadPolicy),
        new("note", Note.MaxBytes + 1, ReadNote),
        new("status", 100_000, ReadStatus),
        new("trust", 100_000, ReadTrust),
        new("approval", 20_000, ReadApproval),
        new("key", 8_192, ReadKey),
    ];

    /// <summary>What may be sealed is sealed, found again, whole, and then refused as a letter that is signed already.</summary>
    private static bool Pdf(byte[] bytes)
    {
        var examination = SealedPdf.Examine(bytes);
        if (examination.Refusal is { } refusal)
        {
            Expect(refusal.Why.Length > 0 && refusal.Next.Length > 0, "a refusal gives its reason and what to do next");
            return false;
        }
        Expect(examination.Pages.Count > 0, "what is accepted has pages");
        var receipt = "not read here"u8.ToArray();
        var plan = new SealPlan(
            "EX-2026-0001", "letter", Setting.Day, "staff.example", "https://staff.example/l/AAAAAAAAAAAAAAAAAAAAAA#BBBBBBBBBBBBBBBBBBBBBB", false,
            new MarkPlace(examination.Pages.Count, MarkCorner.TopRight));
        var sealedCopy = SealedPdf.Seal(bytes, receipt, plan, Seeds.Certificate, Seeds.Seal).Pdf;
        Expect(sealedCopy is not null && sealedCopy.AsSpan().StartsWith(bytes), "what is accepted can be sealed, and is the beginning of its sealed copy");
        Expect(SealedPdf.Open(sealedCopy) is OpenResult.Opened { } found && found.FairCopyLength == bytes.Length && found.Receipt.Span.SequenceEqual(receipt),
            "the seal is found again");
        Expect(SealedPdf.Check(sealedCopy, (OpenResult.Opened)SealedPdf.Open(sealedCopy), plan, Seeds.Certificate) is null, "the seal is whole");
        Expect(SealedPdf.Examine(sealedCopy).Refusal is { Code: "pdf.signed" }, "a sealed copy is a PDF that is signed");
        return true;
    }

    /// <summary>A file under the office's true trust file. Only the sealed copy itself is genuine.</summary>
    private static bool Sealed(byte[] bytes, Setting setting)
    {
        var verdict = Receipt.Verify(bytes, setting.Trust, setting.Status, Setting.Day);
        Expect(Enum.IsDefined(verdict.Kind), "the verdict is one of the words");
        Expect(!IsGenuine(verdict) || bytes.AsSpan().SequenceEqual(setting.Sealed), "no other bytes than those of the sealed copy are genuine");
        return IsGenuine(verdict);
    }

    private static bool ReadReceipt(byte[] bytes)
    {
        if (!Receipt.TryRead(bytes, out var receipt, out var fault))
            return Refused(fault);
        Expect(receipt.Bytes.Span.SequenceEqual(bytes), "a receipt keeps its bytes");
        if (receipt.Plan() is { } plan)
            Expect(plan.Address.StartsWith("https://", StringComparison.Ordinal), "a receipt gives the address of its letter");
        receipt.LedgerFault(receipt.Keys.Origin, receipt.Keys.Ledger);
        return true;
    }

    /// <summary>
    /// The server as the adversary: it signs anew whatever stands in the receipt, with every key of the office, enters it in a ledger of its own
    /// making and seals it. It has no key of any person, so only the one release that people signed can come out genuine.
    /// </summary>
    private static bool Office(byte[] bytes, Setting setting)
    {
        if (!Receipt.TryRead(bytes, out var receipt, out _) || receipt.Release is null)
            return false;
        var reviews = receipt.Evidence.Letters.Where(a => a.Act is ReviewAct { Says: Opinion.Concur }).SelectMany(a => a.Approvals).ToArray();
        RecordedAct[] Again(IReadOnlyList<RecordedAct> acts) => [.. acts.Select(a => a with
        {
            Statement = Statement.Make(
                setting.StatementKey, a.Act, a.At, Statement.DigestOf(a.Act is ReleaseAct ? a.Approvals.Concat(reviews) : a.Approvals)),
        })];
        var evidence = receipt.Evidence with
        {
            Roster = Again(receipt.Evidence.Roster),
            Letters = Again(receipt.Evidence.Letters),
            Twins = Again(receipt.Evidence.Twins),
        };
        var release = evidence.Letters[^1];
        if (release.Index >= Merkle.MaxSize)
            return false;
        var size = release.Index + 1;
        var path = new Digest[System.Numerics.BitOperations.PopCount(release.Index)];
        var root = Merkle.RootFromInclusion(release.Index, size, Merkle.LeafHash(release.Statement.Entry), path)!.Value;
        var checkpoint = new Checkpoint(setting.Trust.Keys[0].Keys.Origin, size, root).Sign(setting.LedgerKey).ToString();
        var forged = Receipt.Make(
            setting.LedgerKey, setting.Trust.Keys[0].Keys.Origin, release, size, path, root, checkpoint, (ulong)setting.FairCopy.Length, setting.Certificate, evidence);
        if (forged.Bytes.Length > Receipt.MaxBytes || forged.Plan() is not { } plan)
            return false;
        byte[]? file;
        try
        {
            file = SealedPdf.Seal(setting.FairCopy, forged.Bytes, plan, setting.Certificate, setting.Sign).Pdf;
        }
        catch (ArgumentException)
        {
            return false; // a place that no mark can have: no office can make that seal, and a verifier says so
        }
        var status = StatusList.Make(setting.StatementKey, setting.Trust.StatusAddress, Setting.Day.AddHours(-1), size, [], evidence);
        var verdict = Receipt.Verify(file, setting.Trust, status, Setting.Day);
        Expect(!IsGenuine(verdict) || release.Act.Digest == setting.Release, "no server makes a letter genuine that its people did not release");
        return IsGenuine(verdict);
    }

    private static bool ReadStatement(byte[] bytes)
    {
        try
        {
            var (unprotected, payload, signature, header) = Statement.Parts(bytes);
            Expect(Cose.Message(header, unprotected.Span, payload, false, signature).AsSpan().SequenceEqual(bytes), "a COSE message has one form");
        }
        catch (MalformedException)
        {
            // the reader's own way to refuse; its doors turn it into an answer
        }
        if (!Statement.TryRead(bytes, out var statement, out var fault))
            return Refused(fault);
        Expect(statement.Bytes.Span.SequenceEqual(bytes), "a statement keeps its bytes");
        statement.SignedBy(OpenKey.Public);
        return true;
    }

    /// <summary>Two bytes of length, a certificate, and what stands where a CMS should.</summary>
    private static bool ReadCms(byte[] bytes)
    {
        if (bytes.Length < 2)
            return false;
        var length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(bytes), bytes.Length - 2);
        try
        {
            return Cms.Verify(bytes.AsSpan(2 + length), bytes[2..(2 + length)], Signed);
        }
        catch (MalformedException)
        {
            return false; // the certificate is none
        }
    }

    private static bool ReadAct(byte[] bytes)
    {
        if (!Act.TryRead(bytes, out var act, out var fault))
            return Refused(fault);
        Expect(act.Encode().AsSpan().SequenceEqual(bytes), "an act written again is the same bytes");
        if (act is ReleaseAct release)
            Receipt.PaperAddress(release);
        if (act is FoundAct found)
            foreach (var person in found.People)
                person.Credential.ProvenFor(found, person.Person);
        return true;
    }

    private static bool ReadPolicy(byte[] bytes)
    {
        if (!Policy.TryRead(bytes, out var policy, out var fault))
            return Refused(fault);
        var again = Policy.Write(new PolicyParts
        {
            People = policy.People,
            Change = policy.Change,
            Stop = policy.Stop,
            Withdraw = policy.Withdraw,
            Free = policy.Free,
            Kinds = policy.Kinds,
            Stages = policy.Stages,
            Escalations = policy.Escalations,
            Assurances = policy.Assurances,
            DiscloseNames = policy.DiscloseNames,
            DelegationDays = policy.DelegationDays,
            Wait = policy.Wait,
        });
        Expect(again.AsSpan().SequenceEqual(bytes), "a policy written again is the same bytes");
        foreach (var needs in policy.Kinds.Values.Append(policy.People).Append(policy.Change).Append(policy.Withdraw).Append(policy.Free))
            Expect(needs.Sum(n => n.Count) >= 2, "no rule but the stop can be met by one person alone");
        return true;
    }

    private static bool ReadNote(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        if (NoteKey.TryParse(text, out var key, out _))
            Expect(key.ToString() == text, "a verifier key has one form");
        if (NoteSignature.TryParse(text, out var line))
            Expect(line.ToString() == text, "a signature line has one form");
        if (!Note.TryParse(bytes, out var note, out var why))
            return Refused(why);
        Expect(note.ToBytes().AsSpan().SequenceEqual(bytes), "a note written again is the same bytes");
        if (Checkpoint.TryParse(note.Text, out var checkpoint, out _))
            Expect(note.Text.StartsWith(checkpoint.Text, StringComparison.Ordinal), "a checkpoint written again is the text that was read");
        var ledger = NoteKey.Create(Origin, NoteKeyKind.Ed25519, OpenKey.Public);
        var witness = NoteKey.Create("witness.example", NoteKeyKind.Ed25519Cosignature, OpenKey.Public);
        SignedCheckpoint.TryOpen(bytes, ledger, [witness], out _, out _);
        return true;
    }

    /// <summary>A status file as it comes, and the same bytes as what a server signs: a list behind a signature must be read safely, too.</summary>
    private static bool ReadStatus(byte[] bytes)
    {
        var accepted = Read(bytes);
        var header = Seeds.StatusHeader;
        return Read(Cose.Message(header, Cose.EmptyMap, bytes, false, OpenKey.Sign(Cose.ToBeSigned(header, bytes)))) || accepted;

        static bool Read(byte[] file)
        {
            if (!StatusList.TryRead(file, StatusAddress, out var list, out var fault))
                return Refused(fault);
            for (var i = 0; i < StatusList.Capacity; i += 4099)
                Expect(Enum.IsDefined(list[i]), "a letter's standing is one of four");
            return true;
        }
    }

    /// <summary>A trust file may be laid out in any way; what was read from it is written in one.</summary>
    private static bool ReadTrust(byte[] bytes)
    {
        if (!TrustRoot.TryRead(bytes, out var trust, out var fault))
            return Refused(fault);
        var written = trust.ToBytes();
        Expect(TrustRoot.TryRead(written, out var again, out fault), $"a trust file written again can be read: {fault}");
        Expect(again!.ToBytes().AsSpan().SequenceEqual(written), "a trust file written again says the same");
        Expect(again.WhyNotAfter(trust) == trust.WhyNotAfter(again) && again.Checkpoint == trust.Checkpoint, "a trust file written again is of the same office");
        return true;
    }

    /// <summary>Approvals as evidence brings them; and a COSE_Key with what claims to be its signature behind it.</summary>
    private static bool ReadApproval(byte[] bytes)
    {
        var accepted = false;
        try
        {
            var approvals = Evidence.DecodeApprovals(bytes, Signed);
            Expect(Evidence.EncodeApprovals(approvals).AsSpan().SequenceEqual(bytes), "approvals written again are the same bytes");
            accepted = true;
        }
        catch (FormatException)
        {
            // how this door refuses
        }
        const int key = 77;
        return (bytes.Length >= key && SoftwareKey.Verify(bytes.AsSpan(0, key), Signed, bytes.AsSpan(key))) || accepted;
    }

    private static bool ReadKey(byte[] bytes)
    {
        using var key = SoftwareKey.FromPem(Encoding.UTF8.GetString(bytes), Passphrase);
        if (key is null)
            return false;
        using var again = SoftwareKey.FromPem(key.ToPem(null), null);
        Expect(again is not null && again.CoseKey.AsSpan().SequenceEqual(key.CoseKey), "a key written again is the same key");
        Expect(SoftwareKey.Verify(key.CoseKey, Signed, key.Approve("p-1", Signed).Evidence.Span), "a key that was read can approve");
        return true;
    }

    private static bool IsGenuine(Verdict verdict) => verdict.Kind is VerdictKind.GenuineInForce or VerdictKind.GenuineOnHold or VerdictKind.GenuineWithdrawn
        or VerdictKind.GenuineReplaced or VerdictKind.GenuineNotYet or VerdictKind.GenuineStandingUnknown;

    private static bool Refused(string? why)
    {
        Expect(!string.IsNullOrEmpty(why), "a refusal gives its reason");
        return false;
    }
}
