namespace Countersign.Proof;

/// <summary>
/// Reads the members of one JSON object against a closed set: each is taken once, by name and type; <see cref="End"/> refuses what was not
/// taken. Throws <see cref="MalformedException"/> naming the member.
/// </summary>
internal sealed class Fields
{
    private readonly JsonObject _object;
    private readonly HashSet<string> _left;

    public Fields(Json json)
    {
        _object = json as JsonObject ?? throw new MalformedException("an object is missing where one must be");
        _left = new HashSet<string>(_object.Members.Keys, StringComparer.Ordinal);
    }

    public bool Has(string name) => _object.Members.ContainsKey(name);

    public void End()
    {
        if (_left.Count > 0)
            throw new MalformedException($"the member \"{_left.Order(StringComparer.Ordinal).First()}\" does not belong in it");
    }

    public Json Any(string name)
    {
        if (!_left.Remove(name))
            throw new MalformedException($"the member \"{name}\" is missing");
        return _object.Members[name];
    }

    public string Text(string name, int maxLength = 2000)
    {
        var text = As<JsonString>(name).Value;
        Proof.Text.Check(text);
        return text.Length <= maxLength ? text : throw new MalformedException($"\"{name}\" is longer than {maxLength} characters");
    }

    public string? OptionalText(string name, int maxLength = 2000) => Has(name) ? Text(name, maxLength) : null;

    public string Id(string name) => IdOf(As<JsonString>(name), name);

    public string Word(string name, params ReadOnlySpan<string> allowed)
    {
        var word = Text(name);
        return allowed.Contains(word) ? word : throw new MalformedException($"\"{name}\" may not be \"{word}\"");
    }

    public long Integer(string name, long min = 0, long max = Json.MaxInteger)
    {
        var value = As<JsonInteger>(name).Value;
        return value >= min && value <= max ? value : throw new MalformedException($"\"{name}\" must lie between {min} and {max}");
    }

    public bool Boolean(string name) => As<JsonBoolean>(name).Value;

    public Digest Digest(string name) => DigestOf(As<JsonString>(name), name);

    public Digest? OptionalDigest(string name) => Has(name) ? Digest(name) : null;

    public DateTimeOffset Moment(string name) =>
        Proof.Text.TryMoment(Text(name), out var at) ? at : throw new MalformedException($"\"{name}\" is no moment of the form YYYY-MM-DDThh:mm:ssZ");

    public DateTimeOffset? OptionalMoment(string name) => Has(name) ? Moment(name) : null;

    public byte[] Base64Url(string name, int maxBytes)
    {
        var text = Text(name, (maxBytes + 2) / 3 * 4);
        try
        {
            var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(text);
            // Spare bits and padding make several texts of the same bytes; only one of them is ours.
            if (bytes.Length <= maxBytes && System.Buffers.Text.Base64Url.EncodeToString(bytes) == text)
                return bytes;
        }
        catch (FormatException)
        {
            // falls through to the one answer for every malformed text
        }
        throw new MalformedException($"\"{name}\" is not base64url of at most {maxBytes} bytes");
    }

    public IReadOnlyList<Json> List(string name, int min, int max)
    {
        var items = As<JsonArray>(name).Items;
        return items.Count >= min && items.Count <= max ? items : throw new MalformedException($"\"{name}\" must have {min} to {max} items");
    }

    /// <summary>Ids in strictly rising order, so that a set has one form.</summary>
    public string[] IdSet(string name, int min, int max) => IdSetOf(Any(name), name, min, max);

    /// <summary>As <see cref="IdSet"/>, of a value that stands inside the member <paramref name="name"/>.</summary>
    public static string[] IdSetOf(Json json, string name, int min, int max) => json is JsonArray { Items: var items } && items.Count >= min && items.Count <= max
        ? Rising([.. items.Select(item => IdOf(item, name))], name)
        : throw new MalformedException($"\"{name}\" must have {min} to {max} items");

    /// <summary>Texts in strictly rising order of code units.</summary>
    public string[] Texts(string name, int min, int max, int maxLength)
    {
        var texts = List(name, min, max).Select(item => item is JsonString s && s.Value.Length <= maxLength ? s.Value : throw new MalformedException($"\"{name}\" is of the wrong type")).ToArray();
        return Rising(texts, name);
    }

    public Digest[] Digests(string name, int min, int max) => [.. List(name, min, max).Select(item => DigestOf(item, name))];

    private static string[] Rising(string[] set, string name)
    {
        for (var i = 1; i < set.Length; i++)
            if (string.CompareOrdinal(set[i - 1], set[i]) >= 0)
                throw new MalformedException($"\"{name}\" is not sorted, or names something twice");
        return set;
    }

    private T As<T>(string name) where T : Json => Any(name) as T ?? throw new MalformedException($"\"{name}\" is of the wrong type");

    private static string IdOf(Json json, string name) => json is JsonString s && Proof.Text.IsId(s.Value)
        ? s.Value
        : throw new MalformedException($"\"{name}\" is no id (1 to 64 of a-z, 0-9, '.', '-')");

    private static Digest DigestOf(Json json, string name) => json is JsonString s && Proof.Digest.TryParse(s.Value, out var digest)
        ? digest
        : throw new MalformedException($"\"{name}\" is no digest (64 lower-case hexadecimal characters)");
}
