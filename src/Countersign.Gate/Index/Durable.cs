using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Gate.Index;

/// <summary>Brings files, and the names in a folder, to the disk, as the ledger does it; the gate does not know the ledger.</summary>
internal static class Durable
{
    /// <summary>Brings a file to the disk. .NET's own flush passes over what <c>fsync</c> answers, so on Linux it is called here.</summary>
    /// <exception cref="IOException">The disk did not take it.</exception>
    public static void Flush(FileStream file)
    {
        file.Flush();
        Flush(file.SafeFileHandle);
    }

    /// <summary>Brings a file to the disk that is written without a stream.</summary>
    /// <exception cref="IOException">The disk did not take it.</exception>
    public static void Flush(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            RandomAccess.FlushToDisk(file);
        else if (Sync(file) != 0)
            throw new IOException($"A file could not be brought to the disk (error {Marshal.GetLastPInvokeError()}).");
    }

    /// <summary>Brings the names in a folder to the disk; Windows does so with their files.</summary>
    /// <exception cref="IOException">The disk did not take it.</exception>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        // .NET refuses to open folders, so the handle comes from the C library; flags 0 is O_RDONLY everywhere.
        using var handle = Open(System.Text.Encoding.UTF8.GetBytes(folder + "\0"), 0);
        if (handle.IsInvalid || Sync(handle) != 0)
            throw new IOException($"The folder {folder} could not be brought to the disk (error {Marshal.GetLastPInvokeError()}).");
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(SafeFileHandle handle);
}
