using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Countersign.Gate.Index;

/// <summary>Brings files, and the names in a folder, to the disk, as the ledger does it; the gate does not know the ledger.</summary>
internal static class Durable
{
    /// <summary>Brings a file to the disk. .NET's own flush passes over what <c>fsync</c> answers, so on Linux it is called here.</summary>
    /// <exception cref="IOException">The disk did not take it.</exception>
    public static void Flush(SafeFileHandle handle, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }
        while (Sync(handle) != 0)
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

    /// <summary>Brings the names in a folder to the disk; Windows does so with their files.</summary>
    /// <exception cref="IOException">The disk did not take it.</exception>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        // .NET refuses to open folders, so the handle comes from the C library; flags 0 is O_RDONLY everywhere.
        using var handle = Open(Encoding.UTF8.GetBytes(folder + "\0"), 0);
        if (handle.IsInvalid)
            throw new IOException($"The folder {folder} cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        Flush(handle, folder);
    }

    /// <summary>CRC-32C (Castagnoli, RFC 3720 §12.1, without its final inversion): finds every change within 32 neighbouring bits.</summary>
    /// <param name="bytes">What is summed.</param>
    /// <param name="before">The sum of what stands before; any number to begin with.</param>
    public static uint Sum(ReadOnlySpan<byte> bytes, uint before = uint.MaxValue)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            before = BitOperations.Crc32C(before, BitConverter.IsLittleEndian ? word : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word));
        foreach (var one in bytes[(words.Length * 8)..])
            before = BitOperations.Crc32C(before, one);
        return before;
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(SafeFileHandle handle);
}
