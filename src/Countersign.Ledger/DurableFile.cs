using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Ledger;

/// <summary>Files that are either there as a whole or not at all, whatever moment the power fails.</summary>
internal static class DurableFile
{
    /// <summary>
    /// Writes beside the target, flushes to the disk, renames into place. The name itself is durable only after
    /// <see cref="SyncFolder"/>. One writer at a time.
    /// </summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var beside = path + ".tmp";
        using (var handle = File.OpenHandle(beside, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            RandomAccess.Write(handle, bytes, 0);
            RandomAccess.FlushToDisk(handle);
        }
        File.Move(beside, path, overwrite: true);
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
        RandomAccess.FlushToDisk(handle);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);
}
