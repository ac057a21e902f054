using System.Globalization;
using System.Text;

namespace Countersign.Proof;

/// <summary>A PDF object (ISO 32000-2 §7.3). Null is the C# null.</summary>
internal abstract class PdfObject;

internal sealed class PdfToken(string text) : PdfObject
{
    /// <summary>A number, <c>true</c> or <c>false</c>, as it stands in the file.</summary>
    public string Text => text;
}

internal sealed class PdfName(string value) : PdfObject
{
    public string Value => value;
}

internal sealed class PdfString(byte[] value) : PdfObject
{
    public byte[] Value => value;
}

internal sealed class PdfArray(List<PdfObject?> items) : PdfObject
{
    public List<PdfObject?> Items => items;
}

internal sealed class PdfReference(int number, int generation) : PdfObject
{
    public int Number => number;
    public int Generation => generation;
}

internal class PdfDictionary : PdfObject
{
    // Nearly all dictionaries are small, and looked through; a large one gets an index, or it would be looked through for each of its entries.
    private const int Small = 32;

    private readonly List<KeyValuePair<string, PdfObject?>> _entries = [];
    private Dictionary<string, int>? _places;

    public IReadOnlyList<KeyValuePair<string, PdfObject?>> Entries => _entries;

    public PdfObject? this[string key] => Find(key) is >= 0 and var place ? _entries[place].Value : null;

    public bool Has(string key) => Find(key) >= 0;

    public bool TryAdd(string key, PdfObject? value)
    {
        if (Has(key))
            return false;
        _entries.Add(new(key, value));
        if (_entries.Count == Small)
            _places = Enumerable.Range(0, Small).ToDictionary(i => _entries[i].Key, StringComparer.Ordinal);
        else
            _places?.Add(key, _entries.Count - 1);
        return true;
    }

    private int Find(string key)
    {
        if (_places is not null)
            return _places.GetValueOrDefault(key, -1);
        for (var i = 0; i < _entries.Count; i++)
            if (_entries[i].Key == key)
                return i;
        return -1;
    }

    /// <summary>A copy with one entry put in place of the old one, or at the end.</summary>
    public PdfDictionary With(string key, PdfObject value)
    {
        var copy = new PdfDictionary();
        foreach (var (name, old) in _entries)
            copy.TryAdd(name, name == key ? value : old);
        copy.TryAdd(key, value);
        return copy;
    }
}

/// <summary>A stream: its dictionary, and where its data stand in the bytes.</summary>
internal sealed class PdfStream(PdfDictionary dictionary, ReadOnlyMemory<byte> data) : PdfObject
{
    public PdfDictionary Dictionary => dictionary;
    public ReadOnlyMemory<byte> Data => data;
}

/// <summary>
/// Reads PDF syntax strictly, with bounds on depth and length. Throws <see cref="MalformedException"/>; it never repairs, because two readers that
/// repair differently see two documents.
/// </summary>
internal sealed class PdfLexer(ReadOnlyMemory<byte> bytes, int position)
{
    private const int MaxDepth = 64, MaxItems = 4_000_000, MaxNameLength = 512;

    private static readonly System.Buffers.SearchValues<char> NumberCharacters = System.Buffers.SearchValues.Create("+-.0123456789");

    public int Position { get; set; } = position;

    private ReadOnlySpan<byte> Bytes => bytes.Span;

    public static bool IsSpace(byte b) => b is 0 or 9 or 10 or 12 or 13 or 32;

    private static bool IsDelimiter(byte b) => b is (byte)'(' or (byte)')' or (byte)'<' or (byte)'>' or (byte)'[' or (byte)']' or (byte)'{' or (byte)'}' or (byte)'/' or (byte)'%';

    public void SkipSpace()
    {
        var span = Bytes;
        while (Position < span.Length)
        {
            if (span[Position] == '%')
                while (Position < span.Length && span[Position] is not (10 or 13))
                    Position++;
            else if (IsSpace(span[Position]))
                Position++;
            else
                return;
        }
    }

    /// <summary>Takes a keyword if it stands here, as a whole word.</summary>
    public bool Take(string keyword)
    {
        SkipSpace();
        var span = Bytes[Position..];
        if (span.Length < keyword.Length)
            return false;
        for (var i = 0; i < keyword.Length; i++)
            if (span[i] != keyword[i])
                return false;
        if (span.Length > keyword.Length && !IsSpace(span[keyword.Length]) && !IsDelimiter(span[keyword.Length]) && char.IsAsciiLetterOrDigit(keyword[^1]))
            return false;
        Position += keyword.Length;
        return true;
    }

    /// <summary>A non-negative integer of at most ten digits.</summary>
    public long Integer()
    {
        SkipSpace();
        var span = Bytes;
        var start = Position;
        while (Position < span.Length && span[Position] is >= (byte)'0' and <= (byte)'9')
            Position++;
        return Position - start is > 0 and <= 10
            ? long.Parse(span[start..Position], NumberStyles.None, CultureInfo.InvariantCulture)
            : throw new MalformedException($"a number is missing at byte {start}");
    }

    public PdfObject? Object(int depth = 0)
    {
        if (depth > MaxDepth)
            throw new MalformedException($"objects lie deeper in each other than {MaxDepth}");
        SkipSpace();
        var span = Bytes;
        if (Position >= span.Length)
            throw new MalformedException("the file ends inside an object");
        switch (span[Position])
        {
            case (byte)'/':
                return new PdfName(Name());
            case (byte)'(':
                return Literal();
            case (byte)'[':
                return Array(depth);
            case (byte)'<' when Position + 1 < span.Length && span[Position + 1] == '<':
                return Dictionary(depth);
            case (byte)'<':
                return Hex();
            default:
                return Word();
        }
    }

    private string Name()
    {
        var span = Bytes;
        var text = new StringBuilder();
        Position++;
        while (Position < span.Length && !IsSpace(span[Position]) && !IsDelimiter(span[Position]))
        {
            var b = span[Position++];
            if (b == '#')
            {
                if (Position + 2 > span.Length || !char.IsAsciiHexDigit((char)span[Position]) || !char.IsAsciiHexDigit((char)span[Position + 1]))
                    throw new MalformedException($"a name is written wrongly at byte {Position}");
                b = Convert.FromHexString(Encoding.ASCII.GetString(span.Slice(Position, 2)))[0];
                Position += 2;
            }
            text.Append((char)b);
            if (text.Length > MaxNameLength)
                throw new MalformedException($"a name is longer than {MaxNameLength}");
        }
        return text.ToString();
    }

    private PdfString Hex()
    {
        var span = Bytes;
        var digits = new StringBuilder();
        for (Position++; Position < span.Length && span[Position] != '>'; Position++)
        {
            if (IsSpace(span[Position]))
                continue;
            if (!char.IsAsciiHexDigit((char)span[Position]))
                throw new MalformedException($"a string is written wrongly at byte {Position}");
            digits.Append((char)span[Position]);
        }
        if (Position >= span.Length)
            throw new MalformedException("a string does not end");
        Position++;
        if (digits.Length % 2 == 1)
            digits.Append('0');
        return new PdfString(Convert.FromHexString(digits.ToString()));
    }

    private PdfString Literal()
    {
        var span = Bytes;
        var value = new List<byte>();
        var open = 1;
        for (Position++; Position < span.Length; Position++)
        {
            var b = span[Position];
            switch (b)
            {
                case (byte)'\\' when Position + 1 < span.Length:
                    b = span[++Position];
                    if (b is >= (byte)'0' and <= (byte)'7')
                    {
                        var code = 0;
                        var end = Math.Min(Position + 3, span.Length);
                        while (Position < end && span[Position] is >= (byte)'0' and <= (byte)'7')
                            code = (code * 8) + (span[Position++] - '0');
                        Position--;
                        value.Add((byte)(code & 0xFF));
                    }
                    else if (b == 13)
                    {
                        if (Position + 1 < span.Length && span[Position + 1] == 10)
                            Position++;
                    }
                    else if (b != 10)
                    {
                        value.Add(b switch { (byte)'n' => 10, (byte)'r' => 13, (byte)'t' => 9, (byte)'b' => 8, (byte)'f' => 12, _ => b });
                    }
                    break;
                case (byte)'(':
                    open++;
                    value.Add(b);
                    break;
                case (byte)')' when --open == 0:
                    Position++;
                    return new PdfString([.. value]);
                case 13:
                    // An end of line inside a string reads as LF, however it is written (§7.3.4.2).
                    if (Position + 1 < span.Length && span[Position + 1] == 10)
                        Position++;
                    value.Add(10);
                    break;
                default:
                    value.Add(b);
                    break;
            }
        }
        throw new MalformedException("a string does not end");
    }

    private PdfArray Array(int depth)
    {
        Position++;
        var items = new List<PdfObject?>();
        while (true)
        {
            SkipSpace();
            if (Position < Bytes.Length && Bytes[Position] == ']')
            {
                Position++;
                return new PdfArray(items);
            }
            items.Add(Object(depth + 1));
            if (items.Count > MaxItems)
                throw new MalformedException("an array is too long");
        }
    }

    private PdfDictionary Dictionary(int depth)
    {
        Position += 2;
        var dictionary = new PdfDictionary();
        while (true)
        {
            SkipSpace();
            var span = Bytes;
            if (Position + 1 < span.Length && span[Position] == '>' && span[Position + 1] == '>')
            {
                Position += 2;
                return dictionary;
            }
            if (Position >= span.Length || span[Position] != '/')
                throw new MalformedException($"a dictionary is written wrongly at byte {Position}");
            var key = Name();
            if (!dictionary.TryAdd(key, Object(depth + 1)))
                throw new MalformedException($"a dictionary has the key /{key} twice");
        }
    }

    private PdfObject? Word()
    {
        var span = Bytes;
        var start = Position;
        while (Position < span.Length && !IsSpace(span[Position]) && !IsDelimiter(span[Position]))
            Position++;
        if (Position == start || Position - start > 64)
            throw new MalformedException($"something is no PDF object at byte {start}");
        var word = Encoding.Latin1.GetString(span[start..Position]);
        if (word == "null")
            return null;
        if (word is "true" or "false")
            return new PdfToken(word);
        if (word.AsSpan().ContainsAnyExcept(NumberCharacters))
            throw new MalformedException($"\"{word}\" is no PDF object at byte {start}");
        // A reference is two integers and an R.
        if (word.Length <= 10 && word.All(char.IsAsciiDigit))
        {
            var after = Position;
            SkipSpace();
            var second = Position;
            while (Position < span.Length && span[Position] is >= (byte)'0' and <= (byte)'9')
                Position++;
            if (Position - second is > 0 and <= 5)
            {
                var generation = int.Parse(span[second..Position], NumberStyles.None, CultureInfo.InvariantCulture);
                if (Take("R"))
                {
                    var number = long.Parse(word, CultureInfo.InvariantCulture);
                    return number <= PdfFile.MaxObjects
                        ? new PdfReference((int)number, generation)
                        : throw new MalformedException($"object {number} is named; at most {PdfFile.MaxObjects} are taken");
                }
            }
            Position = after;
        }
        return new PdfToken(word);
    }
}

/// <summary>
/// Writes PDF objects in one form only: no space where none is needed, one blank between tokens that would run together, names with <c>#xx</c>
/// (lower-case) for all but letters, digits and <c>-_.+*,:;@</c>, strings in lower-case hexadecimal, numbers as they stood, entries in their order.
/// </summary>
internal static class PdfWriter
{
    public static void Write(StringBuilder output, PdfObject? value)
    {
        switch (value)
        {
            case null:
                Word(output, "null");
                break;
            case PdfToken token:
                Word(output, token.Text);
                break;
            case PdfReference reference:
                Word(output, string.Create(CultureInfo.InvariantCulture, $"{reference.Number} {reference.Generation} R"));
                break;
            case PdfName name:
                output.Append('/');
                foreach (var c in name.Value)
                    if (char.IsAsciiLetterOrDigit(c) || "-_.+*,:;@".Contains(c, StringComparison.Ordinal))
                        output.Append(c);
                    else
                        output.Append(CultureInfo.InvariantCulture, $"#{(int)c:x2}");
                break;
            case PdfString text:
                output.Append('<').Append(Convert.ToHexStringLower(text.Value)).Append('>');
                break;
            case PdfArray array:
                output.Append('[');
                foreach (var item in array.Items)
                    Write(output, item);
                output.Append(']');
                break;
            case PdfDictionary dictionary:
                output.Append("<<");
                foreach (var (key, item) in dictionary.Entries)
                {
                    Write(output, new PdfName(key));
                    Write(output, item);
                }
                output.Append(">>");
                break;
            default:
                throw new InvalidOperationException("A stream is not written here.");
        }
    }

    private static void Word(StringBuilder output, string word)
    {
        if (output.Length > 0 && output[^1] is not ('[' or ']' or '<' or '>' or '(' or ')' or '\n'))
            output.Append(' ');
        output.Append(word);
    }
}
