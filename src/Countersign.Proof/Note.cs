using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Countersign.Proof;

/// <summary>
/// A signed note (C2SP signed-note, Format): a text that ends in a line feed, an empty line, and one or more lines
/// <c>— name base64</c>, each a key's signature over the text. At most 64 KB and 100 signature lines.
/// </summary>
public sealed class Note
{
    /// <summary>The longest note we read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The most signature lines we read.</summary>
    public const int MaxSignatures = 100;

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    private Note(string text, IReadOnlyList<NoteSignature> signatures) => (Text, Signatures) = (text, signatures);

    /// <summary>What is signed: all lines, the last line feed included, without the empty line that follows.</summary>
    public string Text { get; }

    /// <summary>The signature lines, known or unknown, in their order.</summary>
    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <summary>
    /// Puts a text and its signatures together. Throws <see cref="ArgumentException"/> for a text or a number of
    /// lines that no note may have.
    /// </summary>
    public static Note Create(string text, params IReadOnlyList<NoteSignature> signatures)
    {
        var note = new Note(text, [.. signatures]);
        return TryParse(note.ToBytes(), out _, out var why) ? note : throw new ArgumentException(why, nameof(text));
    }

    /// <summary>The same note with one more signature line.</summary>
    public Note With(NoteSignature signature) => Create(Text, [.. Signatures, signature]);

    /// <summary>Reads a note, strictly: what it takes, <see cref="ToBytes"/> gives back byte for byte.</summary>
    /// <param name="bytes">The note, from anywhere.</param>
    /// <param name="note">The note; nothing in it is verified.</param>
    /// <param name="why">A sentence that says what is wrong with the bytes; empty when they are a note.</param>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Note? note, out string why)
    {
        note = null;
        why = "";
        if (bytes.Length > MaxBytes)
            return No($"A note has at most {MaxBytes} bytes, this one has {bytes.Length}.", out why);
        // UTF-8 never hides a line feed or another control character inside a longer sequence.
        foreach (var b in bytes)
            if (b < 0x20 && b != (byte)'\n')
                return No("A note holds no control character but the line feed.", out why);
        string whole;
        try
        {
            whole = Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return No("The note is not UTF-8.", out why);
        }

        // The text may hold empty lines: signatures follow the last one.
        var gap = whole.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (gap < 0 || gap + 2 == whole.Length)
            return No("The note has no signature lines after an empty line.", out why);
        if (whole[^1] != '\n')
            return No("The note's last line does not end.", out why);
        var lines = whole[(gap + 2)..^1].Split('\n', MaxSignatures + 1);
        if (lines.Length > MaxSignatures)
            return No($"A note has at most {MaxSignatures} signature lines.", out why);
        var signatures = new List<NoteSignature>(lines.Length);
        foreach (var line in lines)
        {
            if (!NoteSignature.TryParse(line, out var signature))
                return No("A signature line of the note is malformed.", out why);
            signatures.Add(signature);
        }
        note = new Note(whole[..(gap + 1)], signatures);
        return true;
    }

    /// <summary>
    /// Verifies the note with the keys we know (C2SP signed-note, Signatures): lines of other keys are ignored; a line
    /// that names a known key and does not verify refuses the whole note; so does a note without any known key's line.
    /// </summary>
    /// <param name="known">The keys we trust; kinds that this version cannot verify count as unknown.</param>
    /// <param name="verified">At most one for each key; of several cosignatures by one key, the newest.</param>
    /// <param name="why">A sentence that says why the note is refused; empty when it is not.</param>
    public bool TryVerify(
        IReadOnlyCollection<NoteKey> known, out IReadOnlyList<VerifiedSignature> verified, out string why)
    {
        verified = [];
        why = "";
        var good = new List<VerifiedSignature>();
        foreach (var line in Signatures)
        {
            NoteKey? named = null;
            foreach (var key in known)
            {
                if (!key.CanVerify || key.Name != line.Name || key.Id != line.KeyId || key.Equals(named))
                    continue;
                if (named is not null)
                    return No($"Two known keys share the name {line.Name} and the id {line.KeyId:x8}.", out why);
                named = key;
            }
            if (named is null)
                continue;
            if (!named.Verify(Text, line.Signature.Span, out var time))
                return No($"The signature of {line.Name} does not verify.", out why);
            var earlier = good.FindIndex(v => v.Key.Equals(named));
            if (earlier < 0)
                good.Add(new VerifiedSignature(named, time));
            else if (time > good[earlier].Time)
                good[earlier] = new VerifiedSignature(named, time);
        }
        if (good.Count == 0)
            return No("No key we know signed this note.", out why);
        verified = good;
        return true;
    }

    /// <summary>The note's bytes, as they are served and stored.</summary>
    public byte[] ToBytes() => Utf8.GetBytes(ToString());

    /// <summary>The note as text.</summary>
    public override string ToString()
    {
        var all = new StringBuilder(Text).Append('\n');
        foreach (var signature in Signatures)
            all.Append(signature.ToString()).Append('\n');
        return all.ToString();
    }

    /// <summary>Names are not empty and hold neither Unicode spaces nor plus signs (C2SP signed-note).</summary>
    internal static bool IsName(string name)
    {
        if (name.Length == 0)
            return false;
        foreach (var c in name)
            if (c < 0x20 || c == '+' || char.IsWhiteSpace(c))
                return false;
        return true;
    }

    /// <summary>
    /// Standard padded base64 (RFC 4648 §4) in its one canonical spelling: spare bits zero, no white space.
    /// </summary>
    internal static byte[]? FromBase64(string text)
    {
        var bytes = new byte[text.Length / 4 * 3];
        if (text.Length == 0 || text.Length % 4 != 0 || !Convert.TryFromBase64String(text, bytes, out var length))
            return null;
        var exact = bytes[..length];
        return Convert.ToBase64String(exact) == text ? exact : null;
    }

    private static bool No(string sentence, out string why)
    {
        why = sentence;
        return false;
    }
}

/// <summary>One line below a note: whose signature it claims to be, and the bytes after the key id.</summary>
/// <param name="Name">The key's name.</param>
/// <param name="KeyId">The first four bytes of the key's hash, big-endian: <see cref="NoteKey.Id"/>.</param>
/// <param name="Signature">For an Ed25519 key its 64 bytes; for a cosignature the 8-byte time and then those.</param>
public sealed record NoteSignature(string Name, uint KeyId, ReadOnlyMemory<byte> Signature)
{
    private const string Dash = "\u2014 ";

    /// <summary>Signs a text as a log or any plain signer does (type 01). Deterministic.</summary>
    public static NoteSignature Sign(string text, string name, Ed25519PrivateKey key) =>
        new(name, NoteKey.Create(name, NoteKeyKind.Ed25519, key.Public).Id, key.Sign(Encoding.UTF8.GetBytes(text)));

    /// <summary>Cosigns a text as a witness does (type 04), stating when. Deterministic.</summary>
    /// <param name="text">The note's text: a checkpoint that the witness found consistent with all it saw.</param>
    /// <param name="name">The witness's name.</param>
    /// <param name="key">The witness's key, used for nothing else.</param>
    /// <param name="time">Seconds since 1970-01-01T00:00:00Z, at most 2⁶³−1.</param>
    public static NoteSignature Cosign(string text, string name, Ed25519PrivateKey key, ulong time)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, (ulong)long.MaxValue);
        var blob = new byte[8 + Ed25519Key.SignatureSize];
        BinaryPrimitives.WriteUInt64BigEndian(blob, time);
        key.Sign(NoteKey.CosignedMessage(text, time)).CopyTo(blob, 8);
        return new(name, NoteKey.Create(name, NoteKeyKind.Ed25519Cosignature, key.Public).Id, blob);
    }

    /// <summary>The line as it stands below a note, without its line feed.</summary>
    public override string ToString()
    {
        var blob = new byte[4 + Signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(blob, KeyId);
        Signature.Span.CopyTo(blob.AsSpan(4));
        return $"{Dash}{Name} {Convert.ToBase64String(blob)}";
    }

    /// <summary>
    /// Reads one line without its line feed. Lines come from notes and from the answers of witnesses.
    /// </summary>
    public static bool TryParse(string line, [NotNullWhen(true)] out NoteSignature? signature)
    {
        signature = null;
        if (line.Length > Note.MaxBytes || !line.StartsWith(Dash, StringComparison.Ordinal))
            return false;
        var rest = line[Dash.Length..];
        var space = rest.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || !Note.IsName(rest[..space]))
            return false;
        if (Note.FromBase64(rest[(space + 1)..]) is not { Length: > 4 } blob)
            return false;
        signature = new NoteSignature(rest[..space], BinaryPrimitives.ReadUInt32BigEndian(blob), blob.AsMemory(4));
        return true;
    }
}

/// <summary>A signature that verified.</summary>
/// <param name="Key">By this key.</param>
/// <param name="Time">When a cosigner says it signed (seconds since 1970); null for a plain signature.</param>
public sealed record VerifiedSignature(NoteKey Key, ulong? Time);

/// <summary>The signature types of C2SP signed-note that we tell apart; others exist and are ignored.</summary>
public enum NoteKeyKind : byte
{
    /// <summary>Type 01: Ed25519 over the text.</summary>
    Ed25519 = 0x01,

    /// <summary>Type 04: Ed25519 cosignature with a time (C2SP tlog-cosignature).</summary>
    Ed25519Cosignature = 0x04,
}

/// <summary>
/// A key that signs notes, and its text form, the vkey: <c>name+id+base64(type ‖ key)</c> (C2SP signed-note, Verifier
/// keys).
/// A witness signs with one key under one name: a cosignature does not name its signer.
/// </summary>
public sealed class NoteKey : IEquatable<NoteKey>
{
    private readonly byte[] _key;
    private readonly Ed25519Key? _ed25519;

    private NoteKey(string name, NoteKeyKind kind, ReadOnlySpan<byte> key)
    {
        (Name, Kind, _key) = (name, kind, key.ToArray());
        if (CanVerify)
            _ed25519 = new Ed25519Key(key);
        var hashed = Digest.OfParts(
            Encoding.UTF8.GetBytes(name), new byte[] { (byte)'\n', (byte)kind }, _key).ToArray();
        Id = BinaryPrimitives.ReadUInt32BigEndian(hashed);
    }

    /// <summary>The name that its signature lines bear; for a log, its origin.</summary>
    public string Name { get; }

    /// <summary>The first four bytes of <c>H(name ‖ 0x0A ‖ type ‖ key)</c>, big-endian.</summary>
    public uint Id { get; }

    /// <summary>The type; may be one that <see cref="NoteKeyKind"/> does not list.</summary>
    public NoteKeyKind Kind { get; }

    /// <summary>The public key's bytes. Two names over the same bytes are one signer.</summary>
    public ReadOnlyMemory<byte> PublicKey => _key;

    /// <summary>Whether this version can verify this kind; lines of other kinds are ignored.</summary>
    public bool CanVerify => Kind is NoteKeyKind.Ed25519 or NoteKeyKind.Ed25519Cosignature;

    /// <summary>The key of that name. Throws <see cref="ArgumentException"/> for a name that no key may have.</summary>
    public static NoteKey Create(string name, NoteKeyKind kind, Ed25519Key key)
    {
        if (!Note.IsName(name))
            throw new ArgumentException("A key's name is not empty and holds neither spaces nor '+'.", nameof(name));
        if (kind is not (NoteKeyKind.Ed25519 or NoteKeyKind.Ed25519Cosignature))
            throw new ArgumentOutOfRangeException(nameof(kind));
        return new NoteKey(name, kind, key.Bytes.Span);
    }

    /// <summary>Reads a vkey; its id is computed again and must agree.</summary>
    public static bool TryParse(string vkey, [NotNullWhen(true)] out NoteKey? key, out string why)
    {
        key = null;
        why = "A verifier key reads name+id+base64.";
        if (vkey.Length > Note.MaxBytes || vkey.Split('+', 3) is not [var name, var id, var base64])
            return false;
        if (!Note.IsName(name))
            return false;
        if (Note.FromBase64(base64) is not { Length: > 1 } typed)
            return false;
        var kind = (NoteKeyKind)typed[0];
        if (kind is NoteKeyKind.Ed25519 or NoteKeyKind.Ed25519Cosignature && typed.Length != 1 + Ed25519Key.Size)
        {
            why = $"The verifier key of {name} has the wrong length.";
            return false;
        }
        var read = new NoteKey(name, kind, typed.AsSpan(1));
        if (id != read.Id.ToString("x8", CultureInfo.InvariantCulture))
        {
            why = $"The id in the verifier key of {name} is not its key's.";
            return false;
        }
        (key, why) = (read, "");
        return true;
    }

    /// <summary>
    /// Whether the bytes are this key's signature over the text; a cosignature also says when it was made.
    /// </summary>
    internal bool Verify(string text, ReadOnlySpan<byte> signature, out ulong? time)
    {
        time = null;
        if (_ed25519 is null)
            return false;
        if (Kind == NoteKeyKind.Ed25519)
            return _ed25519.Verify(Encoding.UTF8.GetBytes(text), signature);
        if (signature.Length != 8 + Ed25519Key.SignatureSize)
            return false;
        var stated = BinaryPrimitives.ReadUInt64BigEndian(signature);
        if (stated > long.MaxValue || !_ed25519.Verify(CosignedMessage(text, stated), signature[8..]))
            return false;
        time = stated;
        return true;
    }

    /// <summary>What an Ed25519 cosigner signs (C2SP tlog-cosignature, Format).</summary>
    internal static byte[] CosignedMessage(string text, ulong time) => Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {time}\n{text}"));

    /// <summary>The vkey.</summary>
    public override string ToString() => $"{Name}+{Id:x8}+{Convert.ToBase64String([(byte)Kind, .. _key])}";

    public bool Equals(NoteKey? other) =>
        other is not null && Name == other.Name && Kind == other.Kind && _key.AsSpan().SequenceEqual(other._key);

    public override bool Equals(object? obj) => Equals(obj as NoteKey);

    public override int GetHashCode() => HashCode.Combine(Name, Id);
}
