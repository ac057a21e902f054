namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// What an attacker hands over: a file, and the trust and status files that the victim holds. Where none is said, they are the office's of now;
/// <paramref name="Bare"/> says that the victim has no status file.
/// </summary>
internal sealed record Attempt(byte[] File, TrustRoot? Trust = null, byte[]? Status = null, DateTimeOffset? At = null, bool Bare = false)
{
    private static readonly AsyncLocal<List<Attempt>?> Listener = new();

    /// <summary>Where what is judged is written down, for whoever wants to judge it again; null, as usual, where nobody does.</summary>
    public static List<Attempt>? Heard
    {
        get => Listener.Value;
        set => Listener.Value = value;
    }

    /// <summary>The verdict on an attempt that says what the victim holds.</summary>
    public Verdict Judged()
    {
        Heard?.Add(this);
        return Receipt.Verify(File, Trust!, Status is null ? (ReadOnlyMemory<byte>?)null : Status, At!.Value);
    }
}

/// <summary>
/// One attack: a sentence that names it, the promise it tries to break (DESIGN §1), the verdict it must get, and words that the verdict's first
/// reason must hold, so that it is refused for the right reason.
/// </summary>
internal sealed record AttackRow(string Name, int Promise, VerdictKind Expected, string Because, Func<OfficeInMemory, Attempt> Attack)
{
    /// <summary>Makes the attempt, with everything that the victim holds; only the status file may be missing.</summary>
    public Attempt Attempted()
    {
        var office = OfficeInMemory.Staffed();
        var attempt = Attack(office);
        return attempt with
        {
            Trust = attempt.Trust ?? office.Trust(),
            Status = attempt.Bare ? null : attempt.Status ?? office.Status(),
            At = attempt.At ?? office.Now,
        };
    }
}

/// <summary>Changes to bytes.</summary>
internal static class Bytes
{
    public static byte[] Flip(byte[] file, string mark, int offset = 0, bool last = false)
    {
        var changed = file.ToArray();
        changed[IndexOf(file, mark, last) + offset] ^= 1;
        return changed;
    }

    public static byte[] Replace(byte[] file, string old, string with)
    {
        if (old.Length != with.Length)
            throw new ArgumentException("The replacement must be as long as what it replaces.");
        var changed = file.ToArray();
        System.Text.Encoding.Latin1.GetBytes(with, changed.AsSpan(IndexOf(file, old, last: true)));
        return changed;
    }

    public static byte[] Insert(byte[] file, string before, string text)
    {
        var at = IndexOf(file, before, last: true);
        return [.. file[..at], .. System.Text.Encoding.Latin1.GetBytes(text), .. file[at..]];
    }

    public static int IndexOf(byte[] file, string mark, bool last = false)
    {
        var bytes = System.Text.Encoding.Latin1.GetBytes(mark);
        var at = last ? file.AsSpan().LastIndexOf(bytes) : file.AsSpan().IndexOf(bytes);
        return at >= 0 ? at : throw new ArgumentException($"\"{mark}\" does not stand in the file.");
    }
}
