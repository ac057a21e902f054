using System.IO.Compression;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Countersign.Documents;

/// <summary>A ZIP of XML parts in memory: what DOCX and ODT are. Parts that nobody changes keep their bytes.</summary>
internal sealed class Package
{
    private const int MostEntries = 20_000;

    private readonly List<string> _names = [];
    private readonly Dictionary<string, byte[]> _bytes = new(StringComparer.OrdinalIgnoreCase);

    private Package(CleanWatch watch) => Watch = watch;

    public CleanWatch Watch { get; }

    public static Package Open(ReadOnlyMemory<byte> bytes, CleanWatch watch)
    {
        var package = new Package(watch);
        using var zip = new ZipArchive(new MemoryStream(bytes.ToArray(), writable: false), ZipArchiveMode.Read);
        long all = 0;
        var buffer = new byte[81_920];
        if (zip.Entries.Count > MostEntries)
            throw TooLarge();
        foreach (var entry in zip.Entries)
        {
            using var stream = entry.Open();
            using var copy = new MemoryStream();
            for (int read; (read = stream.Read(buffer)) > 0;)
            {
                watch.Tick();
                if ((all += read) > Cleaner.MostExpanded)
                    throw TooLarge();
                copy.Write(buffer, 0, read);
            }
            if (!package._bytes.TryAdd(entry.FullName, copy.ToArray()))
                throw new CleanRefusedException(new CleanRefusal("clean.damaged", "Two parts of the document have the same name, so that programs read different documents.",
                    "Open it in an office program, save it anew, and clean that."));
            package._names.Add(entry.FullName);
        }
        return package;
    }

    private static CleanRefusedException TooLarge() => new(new CleanRefusal("clean.too-large",
        $"Unpacked the document is larger than {Cleaner.MostExpanded / 1024 / 1024} MB, or has too many parts.", "Make its pictures smaller, or split it."));

    /// <summary>The names of all parts that are still there.</summary>
    public IEnumerable<string> Names => _names.Where(_bytes.ContainsKey);

    public bool Has(string name) => _bytes.ContainsKey(name);

    public byte[]? Bytes(string name) => _bytes.GetValueOrDefault(name);

    /// <summary>A part as XML; null where it is not there. No entity is expanded and nothing is fetched.</summary>
    public XDocument? Xml(string name)
    {
        Watch.Tick();
        if (Bytes(name) is not { } bytes)
            return null;
        if (bytes.Length > Cleaner.MostXml)
            throw TooLarge();
        using var reader = XmlReader.Create(new MemoryStream(bytes, writable: false), new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = Cleaner.MostXml,
        });
        return XDocument.Load(reader, LoadOptions.PreserveWhitespace);
    }

    public void Put(string name, XDocument xml)
    {
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new UTF8Encoding(false), NewLineHandling = NewLineHandling.Entitize }))
            xml.Save(writer);
        _bytes[name] = stream.ToArray();
    }

    public bool Remove(string name) => _bytes.Remove(name);

    /// <summary>The new file: parts in their old order, the first one stored where <paramref name="storeFirst"/> names it (OpenDocument 1.3 part 2, 3.3).</summary>
    public byte[] Save(string? storeFirst = null)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var name in Names.OrderBy(n => n == storeFirst ? 0 : 1).ToList())
            {
                Watch.Tick();
                var entry = zip.CreateEntry(name, name == storeFirst ? CompressionLevel.NoCompression : CompressionLevel.Optimal);
                entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
                using var to = entry.Open();
                to.Write(Bytes(name)!);
            }
        return stream.ToArray();
    }
}
