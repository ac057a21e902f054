using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Countersign.Proof;

/// <summary>
/// The part of JSON that acts and policies use: objects, arrays, strings, integers from 0 to 2^53−1, and booleans. Its only byte form is the
/// canonical one of RFC 8785; <see cref="Read"/> takes no other, so equal values have equal bytes and a digest names a value.
/// </summary>
internal abstract class Json
{
    /// <summary>2^53−1: every JSON reader holds integers up to here exactly (RFC 8785 §3.2.2.3).</summary>
    public const long MaxInteger = (1L << 53) - 1;

    private const int MaxDepth = 12;

    /// <summary>Reads canonical bytes. Throws <see cref="MalformedException"/> for anything else, duplicate members included.</summary>
    public static Json Read(ReadOnlySpan<byte> bytes, int maxLength)
    {
        var value = ReadAnyForm(bytes, maxLength);
        var canonical = new ArrayBufferWriter<byte>(bytes.Length);
        value.WriteTo(canonical);
        if (!canonical.WrittenSpan.SequenceEqual(bytes))
            throw new MalformedException("it is not in the canonical form of RFC 8785");
        return value;
    }

    /// <summary>Reads JSON in any layout, with the same values and bounds: for files that people lay out, such as trust files.</summary>
    public static Json ReadAnyForm(ReadOnlySpan<byte> bytes, int maxLength)
    {
        if (bytes.Length > maxLength)
            throw new MalformedException($"it is longer than {maxLength} bytes");
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            var value = ReadValue(ref reader);
            if (reader.Read())
                throw new MalformedException("something follows the JSON value");
            return value;
        }
        catch (JsonException)
        {
            throw new MalformedException("it is not JSON");
        }
        catch (InvalidOperationException)
        {
            throw new MalformedException("a string in it is not Unicode");
        }
    }

    public byte[] ToBytes()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        WriteTo(buffer);
        return buffer.WrittenSpan.ToArray();
    }

    internal abstract void WriteTo(ArrayBufferWriter<byte> output);

    private static Json ReadValue(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new JsonObject();
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    if (!members.TryAdd(name, ReadValue(ref reader)))
                        throw new MalformedException($"the member \"{name}\" stands in it twice");
                }
                return members;
            case JsonTokenType.StartArray:
                var items = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    items.Items.Add(ReadValue(ref reader));
                return items;
            case JsonTokenType.String:
                return new JsonString(reader.GetString()!);
            case JsonTokenType.Number:
                if (reader.TryGetInt64(out var number) && number is >= 0 and <= MaxInteger)
                    return new JsonInteger(number);
                throw new MalformedException("a number in it is no integer from 0 to 2^53-1");
            case JsonTokenType.True or JsonTokenType.False:
                return new JsonBoolean(reader.TokenType == JsonTokenType.True);
            default:
                throw new MalformedException("it holds a null");
        }
    }

    protected static void Put(ArrayBufferWriter<byte> output, string ascii) => Encoding.UTF8.GetBytes(ascii, output);

    /// <summary>RFC 8785 §3.2.2.2. Control characters never occur: <see cref="Text.Check"/> refuses them on both ways.</summary>
    protected static void PutString(ArrayBufferWriter<byte> output, string text)
    {
        Text.Check(text);
        Put(output, "\"");
        Put(output, text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal));
        Put(output, "\"");
    }
}

internal sealed class JsonObject : Json
{
    // RFC 8785 §3.2.3 sorts member names by their UTF-16 code units, which is what ordinal comparison does.
    private readonly SortedDictionary<string, Json> _members = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, Json> Members => _members;

    public bool TryAdd(string name, Json value) => _members.TryAdd(name, value);

    /// <summary>Adds a member; a null value adds none, for members that may be absent.</summary>
    public JsonObject Add(string name, Json? value)
    {
        if (value is not null)
            _members.Add(name, value);
        return this;
    }

    public JsonObject Add(string name, string? value) => Add(name, value is null ? null : new JsonString(value));
    public JsonObject Add(string name, Digest? value) => Add(name, value?.ToString());
    public JsonObject Add(string name, long value) => Add(name, new JsonInteger(value));
    public JsonObject Add(string name, bool value) => Add(name, new JsonBoolean(value));
    public JsonObject Add(string name, IEnumerable<string> values) => Add(name, new JsonArray(values.Select(v => new JsonString(v))));
    public JsonObject Add(string name, IEnumerable<Digest> values) => Add(name, values.Select(v => v.ToString()));

    internal override void WriteTo(ArrayBufferWriter<byte> output)
    {
        Put(output, "{");
        var first = true;
        foreach (var (name, value) in _members)
        {
            if (!first)
                Put(output, ",");
            first = false;
            PutString(output, name);
            Put(output, ":");
            value.WriteTo(output);
        }
        Put(output, "}");
    }
}

internal sealed class JsonArray : Json
{
    public JsonArray() => Items = [];
    public JsonArray(IEnumerable<Json> items) => Items = [.. items];

    public List<Json> Items { get; }

    internal override void WriteTo(ArrayBufferWriter<byte> output)
    {
        Put(output, "[");
        for (var i = 0; i < Items.Count; i++)
        {
            if (i > 0)
                Put(output, ",");
            Items[i].WriteTo(output);
        }
        Put(output, "]");
    }
}

internal sealed class JsonString(string value) : Json
{
    public string Value => value;
    internal override void WriteTo(ArrayBufferWriter<byte> output) => PutString(output, value);
}

internal sealed class JsonInteger(long value) : Json
{
    public long Value => value;
    internal override void WriteTo(ArrayBufferWriter<byte> output) => Put(output, value.ToString(CultureInfo.InvariantCulture));
}

internal sealed class JsonBoolean(bool value) : Json
{
    public bool Value => value;
    internal override void WriteTo(ArrayBufferWriter<byte> output) => Put(output, value ? "true" : "false");
}
