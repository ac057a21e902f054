using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Countersign.Proof;

/// <summary>
/// What a ledger's key signs (C2SP tlog-checkpoint, Note text): the tree of this origin has this size and this root.
/// Ours have no extension lines; foreign ones may, and then <see cref="Text"/> is not the whole note text.
/// </summary>
/// <param name="Origin">The ledger's name, unique for ever; its key bears the same name.</param>
/// <param name="Size">How many entries, at most 2⁶³−1.</param>
/// <param name="Root">The root of their tree; <see cref="Merkle.EmptyRoot"/> for size 0.</param>
public sealed record Checkpoint(string Origin, ulong Size, Digest Root)
{
    /// <summary>The three lines that are signed.</summary>
    public string Text => string.Create(
        CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root.ToArray())}\n");

    /// <summary>
    /// Signs the checkpoint with the ledger's key, whose name is the origin. The same checkpoint gives the same
    /// bytes.
    /// </summary>
    public Note Sign(Ed25519PrivateKey key) => Note.Create(Text, NoteSignature.Sign(Text, Origin, key));

    /// <summary>Reads the text of a note as a checkpoint, strictly. Says nothing about who signed it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Checkpoint? checkpoint, out string why)
    {
        checkpoint = null;
        why = "The note is not a checkpoint: it needs origin, size and root, each on its line.";
        if (text.Length > Note.MaxBytes || !text.EndsWith('\n'))
            return false;
        var lines = text[..^1].Split('\n');
        if (lines.Length < 3 || Array.Exists(lines, line => line.Length == 0))
            return false;
        foreach (var c in text)
            if (c < 0x20 && c != '\n')
                return false;
        if (!TryReadSize(lines[1], out var size))
        {
            why = "The checkpoint's size is not a plain decimal number below 2^63.";
            return false;
        }
        if (Note.FromBase64(lines[2]) is not { Length: Digest.Size } root)
        {
            why = "The checkpoint's root is not 32 bytes in canonical base64.";
            return false;
        }
        var read = new Checkpoint(lines[0], size, new Digest(root));
        if (size == 0 && read.Root != Merkle.EmptyRoot)
        {
            why = "The checkpoint of an empty ledger has another root than the empty tree's.";
            return false;
        }
        (checkpoint, why) = (read, "");
        return true;
    }

    private static bool TryReadSize(string text, out ulong size)
    {
        size = 0;
        if (text.Length is 0 or > 19 || text.AsSpan().ContainsAnyExceptInRange('0', '9'))
            return false;
        if (text[0] == '0' && text.Length > 1)
            return false;
        size = ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        return size <= Merkle.MaxSize;
    }
}

/// <summary>
/// A checkpoint whose ledger's signature verified, with those of the known witnesses that cosigned it.
/// </summary>
/// <param name="Checkpoint">Origin, size and root.</param>
/// <param name="Note">The note it came in, with the lines of unknown keys too.</param>
/// <param name="Cosignatures">The known witnesses that cosigned it, each key once, and when they say they did.</param>
public sealed record SignedCheckpoint(Checkpoint Checkpoint, Note Note, IReadOnlyList<VerifiedSignature> Cosignatures)
{
    /// <summary>
    /// Opens a checkpoint note: well formed, the ledger's key among its signers and named like the origin, and every
    /// line of a known key valid.
    /// </summary>
    /// <param name="bytes">The note, from anywhere.</param>
    /// <param name="ledger">The ledger's key; its name is the origin we expect.</param>
    /// <param name="witnesses">Witnesses we know. How many must have signed is the caller's policy.</param>
    /// <param name="opened">The checkpoint.</param>
    /// <param name="why">A sentence that says why it is refused; empty when it is not.</param>
    public static bool TryOpen(
        ReadOnlySpan<byte> bytes,
        NoteKey ledger,
        IReadOnlyCollection<NoteKey> witnesses,
        [NotNullWhen(true)] out SignedCheckpoint? opened,
        out string why)
    {
        opened = null;
        if (!Note.TryParse(bytes, out var note, out why))
            return false;
        if (!Checkpoint.TryParse(note.Text, out var checkpoint, out why))
            return false;
        if (checkpoint.Origin != ledger.Name)
        {
            why = $"The checkpoint is of {checkpoint.Origin}, not of {ledger.Name}.";
            return false;
        }
        if (!note.TryVerify([ledger, .. witnesses], out var verified, out why))
            return false;
        var cosignatures = new List<VerifiedSignature>();
        var signed = false;
        foreach (var signature in verified)
        {
            if (signature.Key.Equals(ledger))
                signed = true;
            else
                cosignatures.Add(signature);
        }
        if (!signed)
        {
            why = $"The checkpoint is not signed by {ledger.Name}.";
            return false;
        }
        opened = new SignedCheckpoint(checkpoint, note, cosignatures);
        return true;
    }
}
