using Countersign.Ledger;
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
    /// Brings a backup back into an empty home. The office is read-only until <see cref="Recovery"/> has shown that nothing is missing: a copy of
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
        // The name must not be durable before what it names.
        using (var copy = new FileStream(home.Database + ".restoring", FileMode.Open, FileAccess.ReadWrite))
            DurableFile.Flush(copy.SafeFileHandle, copy.Name);
        File.Move(home.Database + ".restoring", home.Database);
        DurableFile.SyncFolder(home.Path);
        return count + 1;
    }

    private static int CopyFolders(string from, string to, Action<string>? progress)
    {
        var count = 0;
        foreach (var folder in (string[])["blobs", "keys", "released", "working", "holds"])
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
            foreach (var made in Directory.EnumerateDirectories(Path.Combine(to, folder), "*", SearchOption.AllDirectories).Prepend(Path.Combine(to, folder)))
                DurableFile.SyncFolder(made);
        }
        return count;
    }
}
