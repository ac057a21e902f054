using Countersign.Ledger;
using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>
/// The folder of an office: <c>countersign.db</c> (the one durable truth), <c>blobs/</c> (fair copies and sources by their digest),
/// <c>keys/office/</c> and <c>keys/people/</c>, <c>working/</c> (copies marked DRAFT), <c>released/</c> (sealed copies), <c>public/</c> (files for
/// any web server). Whatever is written here is written under another name, brought to the disk, and renamed into place.
/// </summary>
public sealed class Home(string path)
{
    public string Path { get; } = System.IO.Path.GetFullPath(path);
    public string Database => In("countersign.db");
    public string OfficeKeys => In("keys", "office");
    public string PeopleKeys => In("keys", "people");
    public string Working => In("working");
    public string Released => In("released");
    public string Public => In("public");
    public string PublicLedger => In("public", "ledger");
    public string TrustFile => In("public", ".well-known", "countersign");
    public string StatusFile => In("public", "status", "1");

    /// <summary>Signed holds that the ledger has not taken yet.</summary>
    public string Holds => In("holds");

    /// <summary>Files from outside out of which lost acts are taken back.</summary>
    public string Recovered => In("recovered");

    /// <summary>Left by <c>restore</c>: the office is read-only until it is shown that nothing is missing.</summary>
    public string RestoredMark => In("restored-from-backup");

    public bool Exists => File.Exists(Database);

    public string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public string KeyOf(string person) => System.IO.Path.Combine(PeopleKeys, person + ".key");

    public string BlobPath(Digest digest) => In("blobs", digest.ToString()[..2], digest.ToString());

    /// <summary>Makes the folders of a new home. Drafts, keys and names are the office's own: only <c>public</c> can be read by others.</summary>
    public void Prepare()
    {
        Directory.CreateDirectory(Path);
        foreach (var folder in (string[])[In("blobs"), In("keys"), Working, Released, Holds])
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(folder);
            else
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Makes a file its owner's alone.</summary>
    public static void MakePrivate(string file)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Keeps bytes under their digest. When this returns they are on the disk.</summary>
    public Digest KeepBlob(ReadOnlySpan<byte> bytes)
    {
        var digest = Digest.Of(bytes);
        var target = BlobPath(digest);
        // A file of that name may be damaged, and whoever wrote it may have been stopped before its name, or its folder's, was durable.
        if (ReadBlob(digest) is null)
            Write(target, bytes);
        else
            DurableFile.SyncFolder(System.IO.Path.GetDirectoryName(target)!);
        DurableFile.SyncFolder(In("blobs"));
        return digest;
    }

    /// <summary>The bytes of a blob; null when it is missing, or damaged (its digest tells).</summary>
    public byte[]? ReadBlob(Digest digest)
    {
        var path = BlobPath(digest);
        if (!File.Exists(path))
            return null;
        var bytes = File.ReadAllBytes(path);
        return Digest.Of(bytes) == digest ? bytes : null;
    }

    /// <summary>The signed holds that wait for the ledger, of one letter or of all. A file that is none is passed over.</summary>
    public IEnumerable<(HoldAct Act, IReadOnlyList<Approval> Approvals)> WaitingHolds(string? letter)
    {
        if (!Directory.Exists(Holds))
            yield break;
        foreach (var file in Directory.EnumerateFiles(Holds, letter is null ? "*" : letter + ".*").Order(StringComparer.Ordinal))
            if (!file.EndsWith(DurableFile.Unfinished, StringComparison.Ordinal) && ReadIfThere(file) is { } bytes && SignedHold.TryRead(bytes, out var act, out var approvals, out _)
                && (letter is null || act.Letter == letter))
                yield return (act, approvals);
    }

    /// <summary>Null when another process has entered the hold and removed its file since it was listed; the ledger moved, then.</summary>
    private static byte[]? ReadIfThere(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Writes a file whole or not at all; when this returns, it and its name are on the disk.</summary>
    public static void Write(string target, ReadOnlySpan<byte> bytes, bool secret = false)
    {
        var folder = System.IO.Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(folder);
        DurableFile.Write(target, bytes, secret);
        DurableFile.SyncFolder(folder);
    }
}
