using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using Countersign.Proof;

namespace Countersign.Ledger;

/// <summary>Reads entry hashes: <see cref="ILedgerStore{TRecord}.ReadEntryHashes"/>.</summary>
internal delegate int EntryHashReader(ulong first, Span<Digest> into);

/// <summary>What <see cref="Tiles.Verify"/> found.</summary>
/// <param name="Sound">Whether every file was there and right.</param>
/// <param name="File">The first damaged or missing file, relative to the folder; null when sound.</param>
/// <param name="Sentence">What was found and what to do.</param>
public sealed record TilesVerdict(bool Sound, string? File, string Sentence);

/// <summary>
/// The public files of a ledger (C2SP tlog-tiles): <c>checkpoint</c>, <c>tile/…</c> with hashes and
/// <c>tile/entries/…</c> with 32-byte entries. Any web server may serve the folder. All of it is derived from the
/// records database and reveals nothing but that something happened.
/// </summary>
public sealed class Tiles
{
    /// <summary>Hashes in a full tile, entries in a full bundle.</summary>
    public const int FullWidth = 256;

    private const string CheckpointName = "checkpoint";
    internal const string Mend =
        "The records database holds the truth: stop whatever else writes here and rebuild the public files from it.";

    private readonly Action<string>? _before;

    /// <param name="folder">The folder; made when first written.</param>
    public Tiles(string folder)
        : this(folder, null)
    {
    }

    /// <param name="folder">The folder.</param>
    /// <param name="before">Told of each step before it is taken; tests make the disk fail there.</param>
    internal Tiles(string folder, Action<string>? before) => (Folder, _before) = (Path.GetFullPath(folder), before);

    /// <summary>The folder, as a full path.</summary>
    public string Folder { get; }

    /// <summary>
    /// The path of a tile, with slashes: <c>tile/0/x001/000.p/5</c> is tile 1000 of level 0, 5 hashes wide.
    /// </summary>
    /// <param name="level">0 (leaf hashes) to 7.</param>
    /// <param name="index">Which tile of the level.</param>
    /// <param name="width">1 to 256; below 256 the tile is partial.</param>
    public static string PathOf(int level, ulong index, int width = FullWidth) =>
        Numbered(string.Create(CultureInfo.InvariantCulture, $"tile/{level}/"), index, width);

    /// <summary>The path of an entry bundle, with slashes.</summary>
    public static string EntriesPathOf(ulong index, int width = FullWidth) => Numbered("tile/entries/", index, width);

    /// <summary>The published checkpoint note; null where none was published. It is not verified.</summary>
    public byte[]? ReadCheckpoint()
    {
        var path = Path.Combine(Folder, CheckpointName);
        if (!File.Exists(path))
            return null;
        using var file = File.OpenRead(path);
        var bytes = new byte[Note.MaxBytes + 1];
        return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }

    /// <summary>
    /// Recomputes everything that the folder publishes for a checkpoint: every bundle, every tile of every level, the
    /// root.
    /// </summary>
    /// <param name="checkpoint">A checkpoint whose signature the caller verified.</param>
    /// <param name="progress">Told about every few thousand entries.</param>
    public TilesVerdict Verify(Checkpoint checkpoint, IProgress<LedgerProgress>? progress = null) =>
        new TileCheck(this, checkpoint, progress).Run();

    /// <summary>
    /// An inclusion proof from the files alone, or null when they lack a tile or do not lead to the checkpoint.
    /// </summary>
    /// <param name="index">Which entry.</param>
    /// <param name="checkpoint">The published checkpoint, verified by the caller.</param>
    public IReadOnlyList<Digest>? ProveInclusion(ulong index, Checkpoint checkpoint)
    {
        if (index >= checkpoint.Size || checkpoint.Size > Merkle.MaxSize)
            return null;
        try
        {
            var prover = new Prover(checkpoint.Size, (level, n, width) =>
                Read(level, n, width) ?? throw new MissingTileException());
            var path = prover.Inclusion(index, checkpoint.Size);
            var leaf = prover.Leaf(index);
            return Merkle.VerifyInclusion(index, checkpoint.Size, leaf, path, checkpoint.Root) ? path : null;
        }
        catch (MissingTileException)
        {
            return null;
        }
    }

    /// <summary>How many hashes a level has in a tree of that size.</summary>
    internal static ulong Count(int level, ulong size) => 8 * level < 64 ? size >> (8 * level) : 0;

    /// <summary>How many hashes that tile has in a tree of that size.</summary>
    internal static int Width(int level, ulong index, ulong size) =>
        (int)Math.Min(FullWidth, Count(level, size) - index * FullWidth);

    /// <summary>How many levels have hashes in a tree of that size.</summary>
    internal static int Levels(ulong size) => (BitOperations.Log2(size | 1) / 8) + (size == 0 ? 0 : 1);

    /// <summary>
    /// The first hashes of a tile, from the partial tile of that width or else the full one; null when neither is
    /// whole.
    /// </summary>
    internal Digest[]? Read(int level, ulong index, int width)
    {
        foreach (var stored in width < FullWidth ? [width, FullWidth] : (int[])[FullWidth])
            if (ReadExactly(PathOf(level, index, stored), stored * Digest.Size) is { } bytes)
                return Digests(bytes, Digest.Size, 0, width);
        return null;
    }

    /// <summary>The first entries of a bundle, likewise.</summary>
    internal Digest[]? ReadEntries(ulong index, int width)
    {
        foreach (var stored in width < FullWidth ? [width, FullWidth] : (int[])[FullWidth])
        {
            if (ReadExactly(EntriesPathOf(index, stored), stored * (2 + Digest.Size)) is not { } bytes)
                continue;
            for (var i = 0; i < stored; i++)
                if (BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(i * (2 + Digest.Size))) != Digest.Size)
                    return null;
            return Digests(bytes, 2 + Digest.Size, 2, width);
        }
        return null;
    }

    /// <summary>
    /// Publishes a checkpoint: reads the entries from the edge's size on, writes their tiles, and the checkpoint file
    /// last. Whoever sees a checkpoint finds its tiles. Never replaces a checkpoint of a larger ledger.
    /// </summary>
    /// <param name="head">The newest durable head.</param>
    /// <param name="edge">The edge at the size published before; grown to the head's size.</param>
    /// <param name="read">Reads entry hashes from the store.</param>
    /// <param name="progress">Told about every few thousand entries.</param>
    internal void Publish(LedgerHead head, TreeEdge edge, EntryHashReader read, IProgress<LedgerProgress>? progress)
    {
        Directory.CreateDirectory(Folder);
        using var alone = Lock();
        var writer = new TileWriter(this);
        Grow(edge, head, read, writer, "publishing", progress);
        edge.Partials(writer);
        writer.Sync();

        // One of this size may bear cosignatures; one of a larger size is another process's.
        if (PublishedSize() is not { } size || size < head.Size)
        {
            Put(CheckpointName, Encoding.UTF8.GetBytes(head.Note));
            Step($"sync {Folder}");
            DurableFile.SyncFolder(Folder);
            DurableFile.SyncFolder(Path.GetDirectoryName(Folder) ?? Folder);
        }
        writer.Prune();
    }

    /// <summary>
    /// Appends the entries that the store holds beyond the edge, and checks that they lead to the head's root.
    /// </summary>
    internal static void Grow(
        TreeEdge edge,
        LedgerHead head,
        EntryHashReader read,
        ITileSink? sink,
        string step,
        IProgress<LedgerProgress>? progress,
        Action<TreeEdge>? each = null)
    {
        var hashes = new Digest[4096];
        while (edge.Size < head.Size)
        {
            var wanted = (int)Math.Min((ulong)hashes.Length, head.Size - edge.Size);
            var got = read(edge.Size, hashes.AsSpan(0, wanted));
            if (got <= 0)
                throw new InvalidDataException($"The store lacks entry {edge.Size} of {head.Size}.");
            foreach (var hash in hashes.AsSpan(0, got))
            {
                edge.Append(hash, sink);
                each?.Invoke(edge);
            }
            progress?.Report(new LedgerProgress(step, edge.Size, head.Size));
        }
        if (edge.Root() != head.Root)
            throw new InvalidDataException($"The store's {head.Size} entries do not give its checkpoint's root.");
    }

    /// <summary>
    /// Whether a leaf tile covers entries beyond that size. Tiles follow the database, so it was larger once.
    /// </summary>
    internal bool HoldsBeyond(ulong size)
    {
        var full = Path.Combine(Folder, PathOf(0, size / FullWidth));
        if (File.Exists(full))
            return true;
        return Directory.Exists(full + ".p") && Directory.EnumerateFiles(full + ".p").Any(file =>
            ulong.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            && width > size % FullWidth);
    }

    /// <summary>The size that the checkpoint file states, or null when there is none that can be read.</summary>
    private ulong? PublishedSize() =>
        ReadCheckpoint() is { } bytes && Note.TryParse(bytes, out var note, out _)
        && Checkpoint.TryParse(note.Text, out var checkpoint, out _)
            ? checkpoint.Size
            : null;

    /// <summary>Keeps other processes from publishing into this folder; the lock falls with the process.</summary>
    private FileStream Lock()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(
                    Path.Combine(Folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 200)
            {
                Thread.Sleep(10);
            }
        }
    }

    private void Put(string relative, ReadOnlySpan<byte> bytes)
    {
        Step($"write {relative}");
        DurableFile.Write(Path.Combine(Folder, relative), bytes);
    }

    private void Step(string step) => _before?.Invoke(step);

    private byte[]? ReadExactly(string relative, int length)
    {
        var path = Path.Combine(Folder, relative);
        if (!File.Exists(path))
            return null;
        using var file = File.OpenRead(path);
        var bytes = new byte[length + 1];
        return file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == length ? bytes[..length] : null;
    }

    private static Digest[] Digests(byte[] bytes, int stride, int offset, int count)
    {
        var digests = new Digest[count];
        for (var i = 0; i < count; i++)
            digests[i] = new Digest(bytes.AsSpan(i * stride + offset, Digest.Size));
        return digests;
    }

    private static string Numbered(string prefix, ulong index, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, FullWidth);
        // Groups of three digits, all but the last marked: 1234067 is x001/x234/067.
        var path = (index % 1000).ToString("000", CultureInfo.InvariantCulture);
        for (index /= 1000; index > 0; index /= 1000)
            path = string.Create(CultureInfo.InvariantCulture, $"x{index % 1000:000}/{path}");
        return width == FullWidth
            ? prefix + path
            : string.Create(CultureInfo.InvariantCulture, $"{prefix}{path}.p/{width}");
    }

    private sealed class MissingTileException : Exception;

    /// <summary>
    /// Writes tiles, and remembers which folders must be made durable and which partial tiles are superseded.
    /// </summary>
    private sealed class TileWriter(Tiles tiles) : ITileSink
    {
        private readonly HashSet<string> _touched = [];
        private readonly List<string> _superseded = [];

        public void Tile(int level, ulong index, ReadOnlySpan<Digest> hashes)
        {
            var bytes = new byte[hashes.Length * Digest.Size];
            for (var i = 0; i < hashes.Length; i++)
                hashes[i].CopyTo(bytes.AsSpan(i * Digest.Size));
            Put(PathOf(level, index, hashes.Length), bytes, hashes.Length);
        }

        public void Entries(ulong index, ReadOnlySpan<Digest> entries)
        {
            var bytes = new byte[entries.Length * (2 + Digest.Size)];
            for (var i = 0; i < entries.Length; i++)
            {
                var at = bytes.AsSpan(i * (2 + Digest.Size));
                BinaryPrimitives.WriteUInt16BigEndian(at, Digest.Size);
                entries[i].CopyTo(at[2..]);
            }
            Put(EntriesPathOf(index, entries.Length), bytes, entries.Length);
        }

        public void Sync()
        {
            foreach (var folder in _touched)
            {
                tiles.Step($"sync {folder}");
                DurableFile.SyncFolder(folder);
            }
        }

        /// <summary>Partial tiles go when the full tile and a checkpoint that covers it are public.</summary>
        public void Prune()
        {
            foreach (var folder in _superseded)
            {
                tiles.Step($"prune {folder}");
                if (Directory.Exists(folder))
                    Directory.Delete(folder, recursive: true);
            }
        }

        private void Put(string relative, byte[] bytes, int width)
        {
            var path = Path.Combine(tiles.Folder, relative);
            var folder = Path.GetDirectoryName(path)!;
            Directory.CreateDirectory(folder);
            // Parents too, though they may be old: a crash may have come between their making and their flush.
            for (var above = folder; above.Length >= tiles.Folder.Length; above = Path.GetDirectoryName(above)!)
                _touched.Add(above);
            if (width == FullWidth)
                _superseded.Add(path + ".p");
            // A repeated publication writes only what is not there yet.
            if (tiles.ReadExactly(relative, bytes.Length) is { } there && there.AsSpan().SequenceEqual(bytes))
                return;
            tiles.Put(relative, bytes);
        }
    }
}
