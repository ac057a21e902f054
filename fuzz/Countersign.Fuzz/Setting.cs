using System.Security.Cryptography;
using Countersign.Proof;
using Countersign.Proof.Tests.Bench;

namespace Countersign.Fuzz;

/// <summary>
/// The office that stays the same for every input of a run: what a stranger holds of it, one letter that is genuine, and the keys of its server.
/// Its people's keys are not in it: nobody here can approve anything.
/// </summary>
internal sealed record Setting(
    TrustRoot Trust, byte[] Status, byte[] FairCopy, byte[] Sealed, Digest Release, Ed25519PrivateKey StatementKey, Ed25519PrivateKey LedgerKey,
    ECDsa SealKey, byte[] Certificate)
{
    /// <summary>The day asked for: after everything in the office happened, while its status file speaks.</summary>
    public static DateTimeOffset Day { get; } = new(2026, 3, 3, 8, 0, 0, TimeSpan.Zero);

    /// <summary>The sealing key's signature, as a seal asks for it.</summary>
    public byte[] Sign(ReadOnlyMemory<byte> attributes) => SealKey.SignData(attributes.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public static Setting Of(OfficeInMemory office, string letter, byte[] fairCopy) => new(
        office.Trust(), office.Status(), fairCopy, office.Sealed(letter, fairCopy), office.History(letter).Release!.Act.Digest,
        office.StatementKey, office.LedgerKey, OfficeInMemory.SealKey, office.Certificate);

    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        void Put(string name, byte[] bytes) => File.WriteAllBytes(Path.Combine(folder, name), bytes);
        Put("trust.json", Trust.ToBytes());
        Put("status", Status);
        Put("fair-copy.pdf", FairCopy);
        Put("sealed.pdf", Sealed);
        Put("release", Release.ToArray());
        Put("statement.key", StatementKey.ToSeed());
        Put("ledger.key", LedgerKey.ToSeed());
        Put("seal.key", SealKey.ExportPkcs8PrivateKey());
        Put("certificate", Certificate);
    }

    public static Setting Read(string folder)
    {
        byte[] Get(string name) => File.ReadAllBytes(Path.Combine(folder, name));
        if (!TrustRoot.TryRead(Get("trust.json"), out var trust, out var fault))
            throw new InvalidDataException(fault);
        var seal = ECDsa.Create();
        seal.ImportPkcs8PrivateKey(Get("seal.key"), out _);
        return new Setting(
            trust, Get("status"), Get("fair-copy.pdf"), Get("sealed.pdf"), new Digest(Get("release")), new Ed25519PrivateKey(Get("statement.key")),
            new Ed25519PrivateKey(Get("ledger.key")), seal, Get("certificate"));
    }
}
