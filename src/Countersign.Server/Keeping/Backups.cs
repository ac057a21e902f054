using Countersign.Ledger;
using Countersign.Proof;
using Countersign.Server.Letters;
using Microsoft.Data.Sqlite;

namespace Countersign.Server.Keeping;

/// <summary>Copies an office while it works, and brings a copy back.</summary>
public static class Backups
{
    /// <summary>
    /// Copies the office to an empty folder: the database by SQLite's online backup (as of one moment, whoever writes meanwhile), then blobs, keys
    /// and released letters. Blobs are written before the acts that name them, so every act copied has its blob.
    /// </summary>
    public static Result<int> Backup(Office office, string target, Action<string>? progress = null)
    {
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            return new Refusal("backup.not-empty", $"{target} is not empty.", "Name a new or empty folder.");
        new Home(target).Prepare();
        progress?.Invoke("the database");
        using (var copy = new SqliteConnection($"Data Source={Path.Combine(target, "countersign.db")};Pooling=False"))
        {
            copy.Open();
            Home.MakePrivate(copy.DataSource);
            office.Records.Connection.BackupDatabase(copy);
        }
        return 1 + CopyFolders(office.Home.Path, target, progress);
    }

    /// <summary>
    /// Brings a backup back into an empty home. The office is read-only until <see cref="Complete"/> has shown that nothing is missing: a copy of
    /// last night would otherwise sign a second history beside the one that others have seen.
    /// </summary>
    public static Result<int> Restore(string source, Home home, Action<string>? progress = null)
    {
        if (!File.Exists(Path.Combine(source, "countersign.db")))
            return new Refusal("restore.none", $"There is no backup in {source}.", "Name a folder that `countersign backup` made.");
        if (Directory.Exists(home.Path) && Directory.EnumerateFileSystemEntries(home.Path).Any())
            return new Refusal("restore.not-empty", $"{home.Path} is not empty.", "Move what is there aside first, and keep it: it may hold newer acts. Or name another folder with --home.");
        home.Prepare();
        Home.Write(home.RestoredMark, System.Text.Encoding.UTF8.GetBytes("This office was restored from a backup; see `countersign restore --help`.\n"));
        var count = CopyFolders(source, home.Path, progress);
        File.Copy(Path.Combine(source, "countersign.db"), home.Database + ".restoring", overwrite: true);
        Home.MakePrivate(home.Database + ".restoring");
        File.Move(home.Database + ".restoring", home.Database);
        DurableFile.SyncFolder(home.Path);
        return count + 1;
    }

    /// <summary>
    /// Ends the read-only time when the newest checkpoint that anybody outside holds (a checkpoint, or a trust file) is not beyond this office's
    /// ledger, and is a state that this ledger was in.
    /// </summary>
    public static Result<ulong> Complete(Office office, string file)
    {
        if (!File.Exists(office.Home.RestoredMark))
            return new Refusal("restore.not-restored", "This office was not restored, or is complete already.", "Nothing is left to do.");
        var bytes = File.ReadAllBytes(file);
        var note = TrustRoot.TryRead(bytes, out var trust, out _)
            ? trust.Found == office.Found.Digest ? trust.Checkpoint : ""
            : System.Text.Encoding.UTF8.GetString(bytes);
        if (Receipt.OpenCheckpoint(note, office.Found.Origin, office.Found.LedgerKey) is not { } outside)
            return new Refusal("restore.checkpoint", $"{file} holds no checkpoint of this office's ledger.", "Fetch the checkpoint or trust file from the public address, a witness or a recipient.");
        if (outside.Size > office.LedgerSize)
            return new Refusal(
                "restore.behind", $"This backup ends at entry {office.LedgerSize}, but the ledger had {outside.Size} entries: {outside.Size - office.LedgerSize} acts are missing.",
                "Restore a newer backup. Nothing may be written beside acts that others have seen.");
        if (office.RootAt(outside.Size) != outside.Root)
            return new Refusal("restore.fork", "The outside checkpoint and this ledger contradict each other.", "Keep both as evidence and do not use this copy.");
        File.Delete(office.Home.RestoredMark);
        DurableFile.SyncFolder(office.Home.Path);
        office.Publish();
        return outside.Size;
    }

    private static int CopyFolders(string from, string to, Action<string>? progress)
    {
        var count = 0;
        foreach (var folder in (string[])["blobs", "keys", "released", "working"])
        {
            var source = Path.Combine(from, folder);
            if (!Directory.Exists(source))
                continue;
            progress?.Invoke(folder);
            foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
            {
                if (Path.GetFileName(file).EndsWith(DurableFile.Unfinished, StringComparison.Ordinal))
                    continue;
                Home.Write(Path.Combine(to, folder, Path.GetRelativePath(source, file)), File.ReadAllBytes(file), secret: folder == "keys");
                count++;
            }
        }
        return count;
    }
}
