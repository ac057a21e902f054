using System.IO.Compression;
using System.Xml;

namespace Countersign.Documents.Readers;

/// <summary>The members of an office document's ZIP, unpacked only as they are asked for and paid for by what comes out, whatever the directory claims.</summary>
internal sealed class OfficePackage : IDisposable
{
    private const int MostEntries = 20_000;

    /// <summary>How deep elements may lie in one another.</summary>
    public const int MostNesting = 4000;

    private readonly Reading _reading;
    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.OrdinalIgnoreCase);

    public OfficePackage(Reading reading)
    {
        _reading = reading;
        _zip = new ZipArchive(new MemoryStream(reading.Bytes.ToArray(), writable: false), ZipArchiveMode.Read);
        foreach (var entry in _zip.Entries)
        {
            reading.Tick();
            if (_entries.Count >= MostEntries)
            {
                reading.Unreadable(UnreadReason.TooMany, default, $"It has more than the {MostEntries:N0} members that are read.");
                break;
            }
            var name = entry.FullName.Replace('\\', '/').TrimStart('/');
            if (!_entries.TryAdd(name, entry))
                reading.Unreadable(UnreadReason.Damaged, new Place(name), "Two members have the same name; the first is read.");
        }
    }

    /// <summary>The names of all members, as the directory lists them.</summary>
    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>The bytes of a member; null where there is none, or where it is damaged, which is said.</summary>
    public byte[]? Bytes(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
            return null;
        try
        {
            using var packed = entry.Open();
            return _reading.PayFor(packed);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException)
        {
            _reading.Unreadable(UnreadReason.Damaged, new Place(name), "It is damaged and was not read.");
            return null;
        }
    }

    /// <summary>Calls back for every node of an XML member. A damaged member is read as far as it goes, which is said.</summary>
    /// <returns>Whether there is such a member.</returns>
    public bool Xml(string name, Action<XmlReader> node)
    {
        if (Bytes(name) is not { } bytes)
            return false;
        Xml(_reading, bytes, name, node);
        return true;
    }

    /// <summary>Calls back for every node of an XML text: no document type, nothing from elsewhere, bounded nesting.</summary>
    public static void Xml(Reading reading, byte[] bytes, string name, Action<XmlReader> node) => XmlWhile(reading, bytes, name, x =>
    {
        node(x);
        return true;
    });

    /// <summary>As <see cref="Xml(Reading, byte[], string, Action{XmlReader})"/>, until the callback says false.</summary>
    /// <param name="reading">Where damage is said.</param>
    /// <param name="bytes">The XML.</param>
    /// <param name="name">The member's name.</param>
    /// <param name="node">What to do with a node; false ends it.</param>
    /// <param name="quiet">Damage is not said, because the same bytes are read again.</param>
    public static void XmlWhile(Reading reading, byte[] bytes, string name, Func<XmlReader, bool> node, bool quiet = false)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            CheckCharacters = false,
        };
        try
        {
            using var xml = XmlReader.Create(new MemoryStream(bytes, writable: false), settings);
            while (xml.Read())
            {
                reading.Tick();
                if (xml.Depth > MostNesting)
                    throw new BoundReachedException(UnreadReason.TooDeep, $"Its elements lie in one another more than {MostNesting:N0} deep.");
                if (!node(xml))
                    break;
            }
        }
        catch (XmlException) when (quiet)
        {
        }
        catch (XmlException)
        {
            reading.Unreadable(UnreadReason.Damaged, new Place(name), "It is damaged and was read only in part.");
        }
    }

    public void Dispose() => _zip.Dispose();
}
