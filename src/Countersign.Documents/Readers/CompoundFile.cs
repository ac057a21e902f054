using System.Buffers.Binary;
using System.Text;

namespace Countersign.Documents.Readers;

/// <summary>
/// The streams of a compound file (MS-CFB): what DOC, MSG and other old office files are made of. Chains that loop, run out of the file or are longer
/// than the file end where they do: what was gathered until there is given.
/// </summary>
internal sealed class CompoundFile
{
    private const uint EndOfChain = 0xFFFFFFFE, LastRegular = 0xFFFFFFFA, NoEntry = 0xFFFFFFFF;

    private readonly Reading _reading;
    private readonly ReadOnlyMemory<byte> _file;
    private readonly int _sector, _miniSector, _miniBelow;
    private readonly uint[] _next;
    private readonly uint[] _miniNext;
    private readonly byte[] _mini;

    /// <summary>Opens a file; one that is no compound file has an empty root.</summary>
    public CompoundFile(Reading reading, ReadOnlyMemory<byte> file)
    {
        _reading = reading;
        _file = file;
        Root = new Storage("", [], []);
        _next = _miniNext = [];
        _mini = [];
        var head = file.Span;
        if (head.Length < 512 || !head.StartsWith(Mark))
            return;
        _sector = U16(head, 30) == 12 ? 4096 : 512;
        _miniSector = 64;
        _miniBelow = (int)Math.Min(U32(head, 56), 1 << 20);
        _next = ReadTable(FatSectors(head));
        _miniNext = ReadTable(Chain(U32(head, 60)));
        var directory = Gather(U32(head, 48), long.MaxValue);
        var entries = directory.Length / 128;
        if (entries == 0)
            return;
        _mini = Gather(U32(directory, 116), (long)Math.Min(U64(directory, 120), (ulong)file.Length));
        Root = ReadStorage(directory, 0, new bool[entries], 0);
    }

    public Storage Root { get; }

    private static ReadOnlySpan<byte> Mark => [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

    /// <summary>A folder of a compound file. Names differ in case only by mistake, so case does not matter.</summary>
    internal sealed record Storage(string Name, List<Storage> Storages, List<Entry> Streams)
    {
        /// <summary>A folder in this one, or null.</summary>
        public Storage? Folder(string name) => Storages.Find(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

        /// <summary>A stream in this folder, or null.</summary>
        public Entry? Stream(string name) => Streams.Find(s => s.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

        /// <summary>This folder and all below it.</summary>
        public IEnumerable<Storage> Whole() => Storages.SelectMany(s => s.Whole()).Prepend(this);
    }

    /// <summary>A stream: where it begins, and how long it says that it is.</summary>
    internal sealed record Entry(string Name, uint First, long Length);

    /// <summary>A stream's bytes; fewer than it promises where the file is damaged. Null gives none.</summary>
    public byte[] Read(Entry? entry)
    {
        if (entry is null || entry.Length == 0)
            return [];
        return entry.Length < _miniBelow ? GatherMini(entry.First, entry.Length) : Gather(entry.First, entry.Length);
    }

    private List<uint> FatSectors(ReadOnlySpan<byte> head)
    {
        var sectors = new List<uint>();
        for (var i = 0; i < 109; i++)
            if (U32(head, 76 + 4 * i) is < LastRegular and var sector)
                sectors.Add(sector);
        var seen = new HashSet<uint>();
        for (var more = U32(head, 68); more < LastRegular && seen.Add(more);)
        {
            _reading.Tick();
            var page = Sector(more);
            if (page.Length < _sector)
                break;
            for (var i = 0; i + 8 <= _sector; i += 4)
                if (U32(page, i) is < LastRegular and var sector)
                    sectors.Add(sector);
            more = U32(page, _sector - 4);
        }
        var most = _file.Length / _sector + 1;
        return sectors.Count <= most ? sectors : sectors[..most];
    }

    private uint[] ReadTable(IEnumerable<uint> sectors)
    {
        var table = new List<uint>();
        foreach (var sector in sectors)
        {
            _reading.Pay(_sector);
            var page = Sector(sector);
            for (var i = 0; i + 4 <= _sector; i += 4)
                table.Add(i + 4 <= page.Length ? U32(page, i) : EndOfChain);
        }
        return [.. table];
    }

    /// <summary>The sectors of a chain, each at most once.</summary>
    private IEnumerable<uint> Chain(uint first)
    {
        var left = (long)_file.Length / _sector + 1;
        for (var sector = first; sector < LastRegular && left-- > 0; sector = sector < _next.Length ? _next[sector] : EndOfChain)
            yield return sector;
    }

    private byte[] Gather(uint first, long length)
    {
        using var all = new MemoryStream();
        foreach (var sector in Chain(first))
        {
            if (all.Length >= length)
                break;
            var page = Sector(sector);
            if (page.IsEmpty)
                break;
            var take = (int)Math.Min(page.Length, length - all.Length);
            _reading.Pay(take);
            all.Write(page[..take]);
        }
        return all.ToArray();
    }

    private byte[] GatherMini(uint first, long length)
    {
        using var all = new MemoryStream();
        var left = _mini.Length / _miniSector + 1;
        for (var sector = first; sector < LastRegular && all.Length < length && left-- > 0; sector = sector < _miniNext.Length ? _miniNext[sector] : EndOfChain)
        {
            var from = (long)sector * _miniSector;
            if (from >= _mini.Length)
                break;
            var take = (int)Math.Min(Math.Min(_miniSector, _mini.Length - from), length - all.Length);
            _reading.Pay(take);
            all.Write(_mini, (int)from, take);
        }
        return all.ToArray();
    }

    private ReadOnlySpan<byte> Sector(uint number)
    {
        var from = ((long)number + 1) * _sector;
        return from >= _file.Length ? default : _file.Span.Slice((int)from, (int)Math.Min(_sector, _file.Length - from));
    }

    /// <summary>A folder with what is in it (MS-CFB 2.6): siblings are a tree of left and right, which is walked with a stack of its own.</summary>
    private Storage ReadStorage(byte[] directory, uint id, bool[] seen, int depth)
    {
        var storage = new Storage(NameOf(directory, id), [], []);
        seen[id] = true;
        var open = new Stack<uint>();
        open.Push(U32(directory, (int)id * 128 + 76));
        while (open.TryPop(out var child))
        {
            _reading.Tick();
            if (child == NoEntry || child >= seen.Length || seen[child])
                continue;
            seen[child] = true;
            var at = (int)child * 128;
            open.Push(U32(directory, at + 68));
            open.Push(U32(directory, at + 72));
            if (directory[at + 66] == 2)
                storage.Streams.Add(new Entry(NameOf(directory, child), U32(directory, at + 116), U32(directory, at + 120)));
            else if (directory[at + 66] == 1 && depth < 100)
                storage.Storages.Add(ReadStorage(directory, child, seen, depth + 1));
        }
        storage.Streams.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        storage.Storages.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return storage;
    }

    private static string NameOf(byte[] directory, uint id)
    {
        var at = (int)id * 128;
        var length = Math.Clamp(U16(directory, at + 64) - 2, 0, 62);
        return Encoding.Unicode.GetString(directory, at, length);
    }

    internal static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    internal static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    internal static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
