using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Ledger;

/// <summary>Files that are either there as a whole or not at all, whatever moment the power fails.</summary>
public static class DurableFile
{
    /// <summary>What the names of unfinished files end with; one that a crash left behind may be deleted.</summary>
    public const string Unfinished = ".unfinished";

    /// <summary>
    /// Writes beside the target under a name of its own, flushes to the disk, renames into place. The name itself is durable only after
    /// <see cref="SyncFolder"/>. Several processes may write the same target: one of them wins, whole.
    /// </summary>
    /// <param name="path">The target; its folder exists.</param>
    /// <param name="bytes">What it shall hold.</param>
    /// <param name="secret">Whether only its owner may read it (mode 0600), from its first byte on.</param>
    public static void Write(string path, ReadOnlySpan<byte> bytes, bool secret = false)
    {
        var beside = $"{path}.{Environment.ProcessId}-{Environment.CurrentManagedThreadId}{Unfinished}";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
            if (secret && !OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(beside, options))
            {
                file.Write(bytes);
                Flush(file.SafeFileHandle, beside);
            }
            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>
    /// Makes the names in a folder durable. Windows keeps them in its own journal and offers no such call.
    /// </summary>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        // .NET refuses to open folders, so the handle comes from the C library; flags 0 is O_RDONLY everywhere.
        var descriptor = Open([.. Encoding.UTF8.GetBytes(folder), 0], 0);
        if (descriptor < 0)
            throw new IOException($"Cannot open the folder {folder} (error {Marshal.GetLastPInvokeError()}).");
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Flush(handle, folder);
    }

    /// <summary>
    /// Brings a file to the disk, or throws. .NET's own flush passes over what <c>fsync</c> answers, a failing disk included; so on Linux it is called here.
    /// </summary>
    /// <param name="handle">The file, open.</param>
    /// <param name="path">Its name, for the message.</param>
    public static void Flush(SafeFileHandle handle, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }
        while (FSync(handle) != 0)
            switch (Marshal.GetLastPInvokeError())
            {
                case 4: // EINTR
                    continue;
                case 22 or 95: // EINVAL, ENOTSUP: the file system has no such call
                    return;
                case var error:
                    throw new IOException($"{path} could not be brought to the disk: {Marshal.GetPInvokeErrorMessage(error)}.", error);
            }
    }

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FSync(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);
}
