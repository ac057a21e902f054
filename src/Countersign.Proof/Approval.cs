using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Countersign.Proof;

/// <summary>How firmly a credential is bound to its person. A policy may ask for more than a software key.</summary>
public enum Assurance
{
    /// <summary>A P-256 key in a file.</summary>
    Software,

    /// <summary>A key that an authenticator holds and uses only when its person is verified (WebAuthn).</summary>
    Passkey,
}

/// <summary>
/// A person's public key as an act enrols it: a COSE_Key (RFC 9052 §7), what kind it is, and the new key's own approval of <see cref="Challenge"/>,
/// without which a key could be enrolled by somebody who does not hold it. A person has one credential, and it is theirs for ever.
/// </summary>
#pragma warning disable CA1001 // a public key guards nothing; its handle is freed with it
public sealed class Credential
#pragma warning restore CA1001
{
    /// <summary>The most signatures checked ahead that are remembered.</summary>
    private const int MaxAhead = 4096;

    private readonly ReadOnlyMemory<byte> _proof;

    // Importing a key costs as much as checking a signature with it, so one import serves many; ECDsa promises nothing to two threads at once, so each
    // takes one that no other uses.
    private readonly ConcurrentBag<ECDsa> _imported = [];

    // What held when it was checked ahead, by everything that was checked. Guarded by itself.
    private readonly HashSet<(PasskeySite Site, Digest Act, Digest Evidence)> _ahead = [];

    private Credential(Assurance assurance, ReadOnlyMemory<byte> key, bool madeByOffice, ReadOnlyMemory<byte> id, bool backupEligible, ReadOnlyMemory<byte> proof)
    {
        Assurance = assurance;
        Key = key;
        MadeByOffice = madeByOffice;
        Id = id;
        BackupEligible = backupEligible;
        _proof = proof;
        KeyId = Digest.Of(key.Span);
    }

    /// <summary>The COSE_Key bytes.</summary>
    public ReadOnlyMemory<byte> Key { get; }

    /// <summary>SHA-256 of the COSE_Key: the key's name wherever one is needed.</summary>
    public Digest KeyId { get; }

    /// <summary>Whether the office's machine made the key, so that its person was not the only one who ever held it.</summary>
    public bool MadeByOffice { get; }

    /// <summary>The assurance that this kind of key gives.</summary>
    public Assurance Assurance { get; }

    /// <summary>A passkey's credential id, which a browser asks its authenticator for; empty for a software key.</summary>
    public ReadOnlyMemory<byte> Id { get; }

    /// <summary>Whether a passkey may be copied to its person's other devices (flag BE, W3C Web Authentication §6.1.3). It never changes.</summary>
    public bool BackupEligible { get; }

    /// <summary>What a new key signs to be enrolled: the digest of office, person and key in canonical JSON.</summary>
    public static Digest Challenge(string office, string person, ReadOnlySpan<byte> key) => Digest.Of(new JsonObject()
        .Add("enrol", System.Buffers.Text.Base64Url.EncodeToString(key)).Add("office", office).Add("person", person).ToBytes());

    /// <summary>Enrols a software key for a person, with the key's own proof.</summary>
    public static Credential For(SoftwareKey key, string office, string person, bool madeByOffice) =>
        new(Assurance.Software, key.CoseKey, madeByOffice, ReadOnlyMemory<byte>.Empty, false, key.Sign(Challenge(office, person, key.CoseKey)));

    /// <summary>
    /// Enrols a passkey. <paramref name="key"/> is its COSE_Key in canonical form, <paramref name="proof"/> the evidence of its assertion over
    /// <see cref="Challenge"/> (<see cref="Approval.OfPasskey"/>). Null when the key is of no kind that we take or the id is too long.
    /// </summary>
    public static Credential? ForPasskey(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> id, bool backupEligible, ReadOnlyMemory<byte> proof) =>
        Passkey.IsKey(key.Span) && id.Length is > 0 and <= Passkey.MaxId ? new Credential(Assurance.Passkey, key, false, id, backupEligible, proof) : null;

    internal static Credential Read(Json json)
    {
        var fields = new Fields(json);
        var (key, proof) = (fields.Base64Url("key", 1024), fields.Base64Url("proof", Approval.MaxEvidence));
        var credential = fields.Word("kind", "software", "passkey") == "software"
            ? new Credential(Assurance.Software, key, fields.Word("made", "office", "person") == "office", ReadOnlyMemory<byte>.Empty, false, proof)
            : ForPasskey(key, fields.Base64Url("id", Passkey.MaxId), fields.Boolean("backup"), proof) ?? throw new MalformedException("a passkey in it is none");
        fields.End();
        return credential;
    }

    internal JsonObject ToJson()
    {
        var json = new JsonObject()
            .Add("key", System.Buffers.Text.Base64Url.EncodeToString(Key.Span))
            .Add("proof", System.Buffers.Text.Base64Url.EncodeToString(_proof.Span));
        return Assurance == Assurance.Software
            ? json.Add("kind", "software").Add("made", MadeByOffice ? "office" : "person")
            : json.Add("kind", "passkey").Add("id", System.Buffers.Text.Base64Url.EncodeToString(Id.Span)).Add("backup", BackupEligible);
    }

    /// <summary>Whether the key itself agreed to be enrolled for this person of this office.</summary>
    internal bool ProvenFor(FoundAct found, string person) => Verify(found.Site, Challenge(found.Office, person, Key.Span), _proof);

    /// <summary>Whether <paramref name="evidence"/> is this key's approval of <paramref name="digest"/>.</summary>
    internal bool Verify(PasskeySite site, Digest digest, ReadOnlyMemory<byte> evidence)
    {
        lock (_ahead)
            if (_ahead.Count > 0 && _ahead.Remove((site, digest, Digest.Of(evidence.Span))))
                return true;
        return Check(site, digest, evidence);
    }

    /// <summary>
    /// Checks a signature before it is asked for, and remembers one that holds until <see cref="Verify"/> is asked about the very same bytes, once.
    /// </summary>
    internal bool VerifyAhead(PasskeySite site, Digest digest, ReadOnlyMemory<byte> evidence)
    {
        // What is remembered is what was checked, whatever its owner does to the bytes meanwhile.
        byte[] own = [.. evidence.Span];
        if (!Check(site, digest, own))
            return false;
        lock (_ahead)
            if (_ahead.Count < MaxAhead)
                _ahead.Add((site, digest, Digest.Of(own)));
        return true;
    }

    private bool Check(PasskeySite site, Digest digest, ReadOnlyMemory<byte> evidence)
    {
        if (Assurance == Assurance.Passkey)
            return Passkey.Verify(Key.Span, BackupEligible, site, digest, evidence);
        if (!_imported.TryTake(out var key))
            key = SoftwareKey.Import(Key.Span);
        var holds = SoftwareKey.Verify(key, KeyId, digest, evidence.Span);
        if (key is not null)
            _imported.Add(key);
        return holds;
    }
}

/// <summary>
/// One person's signature on one act. <paramref name="Evidence"/> is, for a software key, a COSE_Sign1 (RFC 9052 §4.2) with ES256, kid =
/// SHA-256 of the COSE_Key and the act's digest as detached payload; for a passkey, its assertion with the act's digest as challenge, whole.
/// </summary>
public sealed record Approval(string Person, Digest Act, ReadOnlyMemory<byte> Evidence)
{
    /// <summary>The most bytes that evidence may have.</summary>
    public const int MaxEvidence = 8192;

    /// <summary>The approval that an authenticator made: its data, the browser's client data and the signature, as they came.</summary>
    public static Approval OfPasskey(
        string person, Digest act, ReadOnlySpan<byte> authenticatorData, ReadOnlySpan<byte> clientData, ReadOnlySpan<byte> signature) =>
        new(person, act, Passkey.Encode(authenticatorData, clientData, signature));
}

/// <summary>A person's P-256 key pair in software (FIPS 186-5). It approves by COSE_Sign1 ES256.</summary>
public sealed class SoftwareKey : IDisposable
{
    // COSE_Key of ES256 (RFC 9053 §7.1.1): {1: 2, 3: -7, -1: 1, -2: x, -3: y}, both coordinates 32 bytes.
    private static ReadOnlySpan<byte> KeyHead => [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    private static ReadOnlySpan<byte> KeyMiddle => [0x22, 0x58, 0x20];
    private const int KeySize = 10 + 32 + 3 + 32;

    // COSE_Sign1: 18([<<{1: -7, 4: kid}>>, {}, nil, signature]), kid 32 bytes and signature 64 bytes.
    private static ReadOnlySpan<byte> MessageHead => [0xD2, 0x84, 0x58, 0x26, 0xA2, 0x01, 0x26, 0x04, 0x58, 0x20];
    private static ReadOnlySpan<byte> MessageMiddle => [0xA0, 0xF6, 0x58, 0x40];
    private const int MessageSize = 10 + 32 + 4 + 64;
    private const int ProtectedStart = 4, ProtectedSize = 0x26;

    private readonly ECDsa _key;

    private SoftwareKey(ECDsa key)
    {
        _key = key;
        var point = key.ExportParameters(false).Q;
        CoseKey = (byte[])[.. KeyHead, .. point.X!, .. KeyMiddle, .. point.Y!];
    }

    /// <summary>The public half as a COSE_Key.</summary>
    public byte[] CoseKey { get; }

    /// <summary>SHA-256 of the COSE_Key.</summary>
    public Digest KeyId => Digest.Of(CoseKey);

    /// <summary>A new key from the system's random numbers.</summary>
    public static SoftwareKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads a PKCS#8 PEM (RFC 7468 §10, §11), encrypted or not. Answers null when it is none, when the passphrase is wrong or the key is not P-256.</summary>
    public static SoftwareKey? FromPem(string pem, string? passphrase)
    {
        var key = ECDsa.Create();
        try
        {
            if (pem.Contains("ENCRYPTED PRIVATE KEY", StringComparison.Ordinal))
                key.ImportFromEncryptedPem(pem, passphrase ?? "");
            else
                key.ImportFromPem(pem);
            if (key.ExportParameters(false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                // Exported anew so that a public key passed for a private one fails here, not at the first signature.
                key.ExportPkcs8PrivateKey().AsSpan().Clear();
                return new SoftwareKey(key);
            }
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            // not a key that we can use: the one answer below says so
        }
        key.Dispose();
        return null;
    }

    /// <summary>The key as PKCS#8 PEM; with a passphrase, encrypted by PBES2 (AES-256-CBC, PBKDF2-SHA256, 600,000 rounds).</summary>
    public string ToPem(string? passphrase) => passphrase is { Length: > 0 }
        ? _key.ExportEncryptedPkcs8PrivateKeyPem(passphrase, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 600_000))
        : _key.ExportPkcs8PrivateKeyPem();

    /// <summary>Approves an act as a person: the evidence of an <see cref="Approval"/>.</summary>
    public Approval Approve(string person, Digest act) => new(person, act, Sign(act));

    internal byte[] Sign(Digest digest)
    {
        var kid = KeyId.ToArray();
        byte[] head = [.. MessageHead, .. kid];
        var signature = _key.SignData(
            Cose.ToBeSigned(head.AsSpan(ProtectedStart, ProtectedSize), digest.ToArray()), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return [.. head, .. MessageMiddle, .. signature];
    }

    /// <summary>Takes a COSE_Key for checking; null when it is not written in its only form, or its point is not on the curve.</summary>
    internal static ECDsa? Import(ReadOnlySpan<byte> coseKey)
    {
        if (coseKey.Length != KeySize || !coseKey.StartsWith(KeyHead) || !coseKey[42..].StartsWith(KeyMiddle))
            return null;
        try
        {
            return ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = coseKey.Slice(10, 32).ToArray(), Y = coseKey.Slice(45, 32).ToArray() },
            });
        }
        catch (CryptographicException)
        {
            return null; // the point is not on the curve
        }
    }

    /// <summary>Checks a message with a key that is used once.</summary>
    internal static bool Verify(ReadOnlySpan<byte> coseKey, Digest digest, ReadOnlySpan<byte> message)
    {
        using var key = Import(coseKey);
        return Verify(key, Digest.Of(coseKey), digest, message);
    }

    /// <summary>Checks a message byte for byte against its only form, so that nothing unsigned can ride along, and then its signature.</summary>
    internal static bool Verify(ECDsa? key, Digest keyId, Digest digest, ReadOnlySpan<byte> message)
    {
        if (key is null || message.Length != MessageSize || !message.StartsWith(MessageHead) || !message[42..].StartsWith(MessageMiddle))
            return false;
        if (new Digest(message.Slice(10, 32)) != keyId)
            return false;
        try
        {
            return key.VerifyData(
                Cose.ToBeSigned(message.Slice(ProtectedStart, ProtectedSize), digest.ToArray()),
                message[^64..], HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        catch (CryptographicException)
        {
            return false; // numbers that no signature holds
        }
    }

    public void Dispose() => _key.Dispose();
}
