using System.Globalization;

namespace Countersign.Proof;

/// <summary>
/// A PDF's objects as its cross-reference names them (ISO 32000-2 §7.5): tables and streams, object streams, earlier sections by /Prev. Strict and
/// bounded; every object in the table is read, so a file in hand is wholly readable. Throws <see cref="MalformedException"/> or
/// <see cref="PdfRefusedException"/>.
/// </summary>
internal sealed class PdfFile
{
    public const int MaxBytes = 100_000_000, MaxObjects = 2_000_000, MaxSections = 1_000, MaxListed = 4_000_000;
    private const int MaxInflated = 64_000_000, MaxTrailingSpace = 64;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly Dictionary<int, Entry> _entries = [];
    private readonly Dictionary<int, PdfObject?> _objects = [];
    private readonly Dictionary<int, Dictionary<int, PdfObject?>> _objectStreams = [];
    private readonly HashSet<int> _opening = [];
    private int _inflated;
    private long _read;

    private PdfFile(ReadOnlyMemory<byte> bytes) => _bytes = bytes;

    private readonly record struct Entry(long Offset, int Generation, int Stream, int Index);

    /// <summary>The newest trailer.</summary>
    public PdfDictionary Trailer { get; private set; } = new();

    /// <summary>Where the newest cross-reference stands: what the next update names as /Prev.</summary>
    public long LastXref { get; private set; }

    /// <summary>Whether the newest cross-reference is a stream.</summary>
    public bool UsesXrefStream { get; private set; }

    /// <summary>How many cross-reference sections there are.</summary>
    public int Sections { get; private set; }

    /// <summary>Whether the file is linearised, and so has two sections without ever having been updated.</summary>
    public bool IsLinearised { get; private set; }

    /// <summary>The highest object number that the file defines or names anywhere. A seal numbers its own objects above it.</summary>
    public int Highest { get; private set; }

    /// <summary>Every object in the table, by number.</summary>
    public IReadOnlyDictionary<int, PdfObject?> Objects => _objects;

    public static PdfFile Load(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
            throw new PdfRefusedException("pdf.too-large");
        var span = bytes.Span;
        if (span.Length < 9 || !span.StartsWith("%PDF-"u8) || !char.IsAsciiDigit((char)span[5]) || span[6] != '.')
            throw new MalformedException("it does not begin with %PDF at its first byte");
        var file = new PdfFile(bytes);
        file.ReadSections(file.FindStart());
        file.ReadObjects();
        return file;
    }

    /// <summary>How many objects may be read in each other, as where a stream's length stands in an object that is a stream whose length stands elsewhere.</summary>
    private const int MaxOpening = 200;

    public PdfObject? Resolve(PdfObject? value)
    {
        for (var hops = 0; value is PdfReference reference; hops++)
        {
            if (hops > 16)
                throw new MalformedException("references lead in a circle");
            value = _objects.GetValueOrDefault(reference.Number);
        }
        return value;
    }

    public PdfDictionary? Dictionary(PdfObject? value) => Resolve(value) switch
    {
        PdfDictionary dictionary => dictionary,
        PdfStream stream => stream.Dictionary,
        _ => null,
    };

    public int GenerationOf(int number) => _entries[number].Generation;

    private long FindStart()
    {
        var span = _bytes.Span;
        var end = span.Length;
        while (end > 0 && PdfLexer.IsSpace(span[end - 1]))
            end--;
        if (span.Length - end > MaxTrailingSpace || end < 30 || !span[..end].EndsWith("%%EOF"u8))
            throw new MalformedException("it does not end with %%EOF");
        var at = span[Math.Max(0, end - 64)..end].LastIndexOf("startxref"u8);
        if (at < 0)
            throw new MalformedException("startxref is missing at its end");
        var lexer = new PdfLexer(_bytes, Math.Max(0, end - 64) + at + 9);
        var start = lexer.Integer();
        lexer.Position = SkipBlanks(lexer.Position);
        if (lexer.Position != end - 5)
            throw new MalformedException("something stands between startxref and %%EOF");
        LastXref = start;
        return start;
    }

    private int SkipBlanks(int position)
    {
        while (position < _bytes.Length && PdfLexer.IsSpace(_bytes.Span[position]))
            position++;
        return position;
    }

    private void ReadSections(long start)
    {
        var seen = new HashSet<long>();
        for (long? at = start; at is { } offset;)
        {
            if (offset <= 0 || offset >= _bytes.Length || !seen.Add(offset) || seen.Count > MaxSections)
                throw new MalformedException("its cross-reference does not stand where it should");
            var lexer = new PdfLexer(_bytes, (int)offset);
            var isTable = lexer.Take("xref");
            var entries = new Dictionary<int, Entry?>();
            var trailer = isTable ? ReadTable(lexer, entries) : ReadXrefStream((int)offset, entries);
            if (Sections++ == 0)
                (Trailer, UsesXrefStream) = (trailer, !isTable);
            if (trailer.Has("XRefStm"))
                ReadHybrid(trailer, entries);
            foreach (var (number, entry) in entries)
                Add(number, entry);
            RefuseEncrypted(trailer);
            at = trailer["Prev"] is PdfToken prev && long.TryParse(prev.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value
                : trailer.Has("Prev") ? throw new MalformedException("/Prev is no number") : null;
        }
        var size = Number(Trailer["Size"], MaxObjects + 1, "/Size");
        if (_entries.Keys.Any(n => n >= size))
            throw new PdfRefusedException("pdf.size");
        Highest = (int)size - 1;
        IsLinearised = FirstObject() is { } first && first.Has("Linearized");
    }

    private static void RefuseEncrypted(PdfDictionary trailer)
    {
        if (trailer.Has("Encrypt"))
            throw new PdfRefusedException("pdf.encrypted");
    }

    /// <summary>An object's entry. No object has a higher generation than 65,535 (§7.5.4); what else stands there, readers cut off as they like.</summary>
    private static Entry InUse(long offset, long generation) => generation <= 65_535
        ? new Entry(offset, (int)generation, -1, 0)
        : throw new MalformedException($"the object at byte {offset} has a generation that cannot be");

    private PdfDictionary? FirstObject()
    {
        try
        {
            var lexer = new PdfLexer(_bytes[..Math.Min(_bytes.Length, 4096)], 0);
            lexer.Integer();
            lexer.Integer();
            return lexer.Take("obj") ? lexer.Object() as PdfDictionary : null;
        }
        catch (MalformedException)
        {
            return null;
        }
    }

    /// <summary>
    /// A hybrid file (§7.5.8.4) lists some objects in a stream that old readers do not see. What both lists name must be the same object; what only
    /// the stream names is <see cref="Hidden"/>, and the rules refuse a file whose pages lead to it.
    /// </summary>
    private void ReadHybrid(PdfDictionary trailer, Dictionary<int, Entry?> entries)
    {
        var offset = Number(trailer["XRefStm"], _bytes.Length - 1, "/XRefStm");
        var more = new Dictionary<int, Entry?>();
        RefuseEncrypted(ReadXrefStream((int)offset, more));
        foreach (var (number, entry) in more)
        {
            if (entry is null || number == 0)
                continue;
            if (entries.GetValueOrDefault(number) is { } listed)
            {
                if (listed != entry)
                    throw new PdfRefusedException("pdf.hybrid");
                continue;
            }
            if (_known.Contains(number) && !_hidden.Contains(number))
                continue; // a newer section that both kinds of reader see has the say, and may have freed it
            entries[number] = entry;
            _hidden.Add(number);
        }
    }

    private PdfDictionary ReadTable(PdfLexer lexer, Dictionary<int, Entry?> entries)
    {
        while (!lexer.Take("trailer"))
        {
            var first = lexer.Integer();
            var count = lexer.Integer();
            List(first, count);
            for (var i = 0L; i < count; i++)
            {
                var offset = lexer.Integer();
                var generation = lexer.Integer();
                if (lexer.Take("n"))
                    entries.TryAdd((int)(first + i), offset == 0 ? null : InUse(offset, generation));
                else if (lexer.Take("f"))
                    entries.TryAdd((int)(first + i), null);
                else
                    throw new MalformedException($"its cross-reference table is damaged at byte {lexer.Position}");
            }
        }
        return lexer.Object() as PdfDictionary ?? throw new MalformedException("its trailer is no dictionary");
    }

    /// <summary>Counts what the lists of all sections name: many may lie in the same bytes, and each would be read again.</summary>
    private void List(long first, long count)
    {
        if (first + count > MaxObjects || (_listed += count) > MaxListed)
            throw new PdfRefusedException("pdf.too-many-objects");
    }

    private long _listed;
    private readonly HashSet<int> _known = [];
    private readonly HashSet<int> _hidden = [];

    /// <summary>The objects of a hybrid file that old readers do not see.</summary>
    public IReadOnlySet<int> Hidden => _hidden;

    private void Add(int number, Entry? entry)
    {
        // Newer sections are read first, and what they say of a number holds. An older object under a hidden number would be seen by old readers.
        if (entry is not null && _known.Contains(number) && _hidden.Contains(number) && _entries[number] != entry)
            throw new PdfRefusedException("pdf.hybrid");
        if (_known.Add(number) && entry is { } used && number > 0)
            _entries[number] = used;
    }

    private PdfDictionary ReadXrefStream(int offset, Dictionary<int, Entry?> entries)
    {
        if (ReadIndirect(offset, null, out _) is not PdfStream stream || stream.Dictionary["Type"] is not PdfName { Value: "XRef" })
            throw new MalformedException("its cross-reference is none");
        var dictionary = stream.Dictionary;
        if (dictionary["W"] is not PdfArray { Items.Count: 3 } widths)
            throw new MalformedException("its cross-reference stream has no widths");
        var w = widths.Items.Select(i => (int)Number(i, 8, "a width")).ToArray();
        if (w.Sum() == 0)
            throw new MalformedException("its cross-reference stream has entries of no bytes");
        var size = Number(dictionary["Size"], MaxObjects + 1, "/Size");
        var index = dictionary["Index"] is PdfArray array ? array.Items.Select(i => Number(i, MaxObjects + 1, "/Index")).ToArray() : [0, size];
        var data = Inflate(stream);
        var position = 0;
        for (var i = 0; i + 1 < index.Length; i += 2)
        {
            List(index[i], index[i + 1]);
            for (var n = index[i]; n < index[i] + index[i + 1]; n++)
            {
                if (position + w.Sum() > data.Length)
                    throw new MalformedException("its cross-reference stream is too short");
                var type = w[0] == 0 ? 1 : Field(data, ref position, w[0]);
                var second = Field(data, ref position, w[1]);
                var third = Field(data, ref position, w[2]);
                switch (type)
                {
                    case 0:
                        entries.TryAdd((int)n, null);
                        break;
                    case 1:
                        entries.TryAdd((int)n, InUse(second, third));
                        break;
                    case 2 when second is > 0 and < MaxObjects && third < MaxObjects:
                        entries.TryAdd((int)n, new Entry(0, 0, (int)second, (int)third));
                        break;
                    default:
                        throw new MalformedException("its cross-reference stream holds an entry of no known kind");
                }
            }
        }
        return dictionary;
    }

    private static long Field(byte[] data, ref int position, int width)
    {
        ulong value = 0;
        for (var i = 0; i < width; i++)
            value = unchecked((value << 8) | data[position++]);
        return value <= long.MaxValue ? (long)value : throw new MalformedException("a field of its cross-reference is too large");
    }

    private static long Number(PdfObject? value, long max, string what) =>
        value is PdfToken token && long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max
            ? number
            : throw new MalformedException($"{what} is not a number that can be");

    private void ReadObjects()
    {
        foreach (var (number, entry) in _entries.OrderBy(e => e.Key))
        {
            if (!_objects.ContainsKey(number))
                _objects[number] = Open(number, entry);
            Note(_objects[number], 0);
        }
        Note(Trailer, 0);
        foreach (var number in _entries.Keys)
            Highest = Math.Max(Highest, number);
    }

    private PdfObject? Open(int number, Entry entry)
    {
        if (_objects.TryGetValue(number, out var known))
            return known;
        if (!_opening.Add(number))
            throw new MalformedException($"object {number} needs itself to be read");
        // Each takes a piece of the stack, which foreign bytes must not use up.
        if (_opening.Count > MaxOpening)
            throw new MalformedException($"an object needs more than {MaxOpening} others to be read");
        PdfObject? value;
        if (entry.Stream < 0)
        {
            value = ReadIndirect(entry.Offset, (number, entry.Generation), out var end);
            // Objects that lie in each other (in a string, say) would be read again and again.
            if ((_read += end - entry.Offset) > _bytes.Length)
                throw new MalformedException("its objects overlap");
        }
        else
        {
            if (!_objectStreams.TryGetValue(entry.Stream, out var members))
                _objectStreams[entry.Stream] = members = ReadObjectStream(entry.Stream);
            if (!members.TryGetValue(number, out value))
                throw new MalformedException($"object {number} is not in the object stream that should hold it");
        }
        _opening.Remove(number);
        return _objects[number] = value;
    }

    private Dictionary<int, PdfObject?> ReadObjectStream(int number)
    {
        if (!_entries.TryGetValue(number, out var entry) || entry.Stream >= 0 || Open(number, entry) is not PdfStream stream
            || stream.Dictionary["Type"] is not PdfName { Value: "ObjStm" })
            throw new MalformedException($"object {number} is no object stream");
        var data = Inflate(stream);
        var count = Number(Get(stream.Dictionary["N"]), MaxObjects, "/N");
        var first = Number(Get(stream.Dictionary["First"]), data.Length, "/First");
        var lexer = new PdfLexer(data, 0);
        var places = new List<(int Number, int At)>();
        for (var i = 0L; i < count; i++)
        {
            var member = lexer.Integer();
            var at = lexer.Integer() + first;
            if (member > MaxObjects || at > data.Length)
                throw new MalformedException($"object stream {number} is damaged");
            places.Add(((int)member, (int)at));
        }
        var members = new Dictionary<int, PdfObject?>();
        var read = 0L;
        foreach (var (member, at) in places)
        {
            var place = new PdfLexer(data, at);
            if (!members.TryAdd(member, place.Object()))
                throw new MalformedException($"object stream {number} holds object {member} twice");
            if ((read += place.Position - at) > data.Length)
                throw new MalformedException($"the objects of object stream {number} overlap");
        }
        return members;
    }

    /// <summary>An indirect object at an offset, and where it ends; its number and generation must be those expected.</summary>
    private PdfObject? ReadIndirect(long offset, (int Number, int Generation)? expected, out int end)
    {
        if (offset <= 0 || offset >= _bytes.Length)
            throw new MalformedException("an object does not stand where the cross-reference says");
        var lexer = new PdfLexer(_bytes, (int)offset);
        if (PdfLexer.IsSpace(_bytes.Span[(int)offset]))
            lexer.SkipSpace();
        var number = lexer.Integer();
        var generation = lexer.Integer();
        if (!lexer.Take("obj") || (expected is { } e && (e.Number != number || e.Generation != generation)))
            throw new MalformedException($"at byte {offset} stands another object than the cross-reference says");
        var value = lexer.Object();
        if (value is PdfDictionary dictionary && lexer.Take("stream"))
        {
            var span = _bytes.Span;
            var start = lexer.Position;
            if (start < span.Length && span[start] == 13)
                start++;
            if (start >= span.Length || span[start] != 10)
                throw new MalformedException($"a stream begins wrongly at byte {start}");
            start++;
            var length = Number(Get(dictionary["Length"]), _bytes.Length - start, "/Length");
            lexer.Position = start + (int)length;
            if (!lexer.Take("endstream"))
                throw new MalformedException($"a stream does not end where its /Length says, at byte {lexer.Position}");
            value = new PdfStream(dictionary, _bytes.Slice(start, (int)length));
        }
        var ends = lexer.Take("endobj");
        end = lexer.Position;
        return ends ? value : throw new MalformedException($"an object does not end at byte {lexer.Position}");
    }

    /// <summary>A value that may be a reference, while the objects are still being read.</summary>
    private PdfObject? Get(PdfObject? value) => value is PdfReference reference
        ? _entries.TryGetValue(reference.Number, out var entry) ? Open(reference.Number, entry) : null
        : value;

    private byte[] Inflate(PdfStream stream)
    {
        var filter = Get(stream.Dictionary["Filter"]);
        if (filter is PdfArray { Items.Count: 1 } one)
            filter = Get(one.Items[0]);
        if (filter is null)
            return stream.Data.ToArray();
        if (filter is not PdfName { Value: "FlateDecode" })
            throw new MalformedException("its structure is packed in a way that is not read here");
        var parameters = Get(stream.Dictionary["DecodeParms"]);
        if (parameters is PdfArray { Items.Count: 1 } first)
            parameters = Get(first.Items[0]);
        if (parameters is not (null or PdfDictionary))
            throw new MalformedException("its structure is packed in a way that is not read here");
        var data = Unpack(stream.Data);
        var dictionary = parameters as PdfDictionary;
        var predictor = dictionary?["Predictor"] is { } p ? Number(p, 15, "/Predictor") : 1;
        return predictor switch
        {
            1 => data,
            >= 10 => Unpredict(data, (int)(dictionary!["Columns"] is { } c ? Number(c, 65_535, "/Columns") : 1)),
            _ => throw new MalformedException("its structure is packed in a way that is not read here"),
        };
    }

    private byte[] Unpack(ReadOnlyMemory<byte> packed)
    {
        // What stands behind the packed data says nothing.
        var data = Zlib.Unpack(packed, MaxInflated - _inflated, out _)
            ?? throw new MalformedException("a packed part of its structure is damaged, or unpacks to more than can be right");
        _inflated += data.Length;
        return data;
    }

    /// <summary>PNG predictors (RFC 2083 §6), one byte a sample.</summary>
    private static byte[] Unpredict(byte[] data, int columns)
    {
        var rows = data.Length / (columns + 1);
        if (columns == 0 || rows * (columns + 1) != data.Length)
            throw new MalformedException("a packed part of its structure has broken rows");
        var output = new byte[rows * columns];
        for (var row = 0; row < rows; row++)
        {
            var kind = data[row * (columns + 1)];
            for (var i = 0; i < columns; i++)
            {
                var at = (row * columns) + i;
                int left = i > 0 ? output[at - 1] : 0, up = row > 0 ? output[at - columns] : 0, corner = i > 0 && row > 0 ? output[at - columns - 1] : 0;
                var add = kind switch
                {
                    0 => 0,
                    1 => left,
                    2 => up,
                    3 => (left + up) / 2,
                    4 => Paeth(left, up, corner),
                    _ => throw new MalformedException("a packed part of its structure uses no known predictor"),
                };
                output[at] = unchecked((byte)(data[(row * (columns + 1)) + 1 + i] + add));
            }
        }
        return output;
    }

    private static int Paeth(int a, int b, int c)
    {
        int p = a + b - c, pa = Math.Abs(p - a), pb = Math.Abs(p - b), pc = Math.Abs(p - c);
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    }

    /// <summary>
    /// Raises <see cref="Highest"/> to every number that is named. A reference to an object of another generation is nothing to some readers and the
    /// object to others (§7.3.10), so none may stand anywhere. Depth is bounded by the lexer.
    /// </summary>
    private void Note(PdfObject? value, int depth)
    {
        switch (value)
        {
            case PdfReference reference:
                if (_entries.TryGetValue(reference.Number, out var named) && named.Generation != reference.Generation)
                    throw new MalformedException($"object {reference.Number} is named with another generation than it has");
                Highest = Math.Max(Highest, reference.Number);
                break;
            case PdfArray array:
                foreach (var item in array.Items)
                    Note(item, depth + 1);
                break;
            case PdfDictionary dictionary:
                foreach (var (_, item) in dictionary.Entries)
                    Note(item, depth + 1);
                break;
            case PdfStream stream:
                Note(stream.Dictionary, depth + 1);
                break;
            default:
                break;
        }
    }
}

/// <summary>The file is readable, and one of the rules of what may be sealed refuses it. Caught at the door.</summary>
internal sealed class PdfRefusedException : Exception
{
    public PdfRefusedException(string code, string? detail = null) : base(code) => (Code, Detail) = (code, detail);

    public string Code { get; }
    public string? Detail { get; }
}
