using System.Text;
using UglyToad.PdfPig.Parser.Parts;
using UglyToad.PdfPig.Tokenization.Scanner;
using UglyToad.PdfPig.Tokens;

namespace Countersign.Documents.Readers;

/// <summary>Looks into foreign dictionaries: what is not there, or of another type, is null.</summary>
internal static class PdfTokens
{
    /// <summary>The bytes 0x80 to 0x9F of PDFDocEncoding (ISO 32000-1 D.2).</summary>
    private const string DocEncodingHigh = "•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\uFFFD";

    public static string? Name(this DictionaryToken dictionary, NameToken name, IPdfTokenScanner scanner) =>
        dictionary.TryGet(name, out var token) && DirectObjectFinder.TryGet<NameToken>(token, scanner, out var found) ? found.Data : null;

    public static double? Number(this DictionaryToken dictionary, NameToken name, IPdfTokenScanner scanner) =>
        dictionary.TryGet(name, out var token) && DirectObjectFinder.TryGet<NumericToken>(token, scanner, out var found) ? found.Data : null;

    public static DictionaryToken? Dictionary(this DictionaryToken dictionary, string name, IPdfTokenScanner scanner) =>
        dictionary.TryGet(NameToken.Create(name), out var token) && DirectObjectFinder.TryGet<DictionaryToken>(token, scanner, out var found) ? found : null;

    public static IReadOnlyList<IToken> Array(this DictionaryToken dictionary, string name, IPdfTokenScanner scanner) =>
        dictionary.TryGet(NameToken.Create(name), out var token) && DirectObjectFinder.TryGet<ArrayToken>(token, scanner, out var found) ? found.Data : [];

    public static string? Text(this DictionaryToken dictionary, string name, IPdfTokenScanner scanner) => dictionary.Text(NameToken.Create(name), scanner);

    public static string? Text(this DictionaryToken dictionary, NameToken name, IPdfTokenScanner scanner) =>
        dictionary.TryGet(name, out var token) ? TextOf(token, scanner) : null;

    /// <summary>A text string (ISO 32000-1 7.9.2.2).</summary>
    public static string? TextOf(IToken token, IPdfTokenScanner scanner)
    {
        if (DirectObjectFinder.TryGet<StringToken>(token, scanner, out var text))
            return text.EncodedWith == StringToken.Encoding.Iso88591 ? Decode(text.GetBytes()) : text.Data;
        return DirectObjectFinder.TryGet<HexToken>(token, scanner, out var hex) ? Decode([.. hex.Bytes]) : null;
    }

    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return Encoding.BigEndianUnicode.GetString(bytes[2..]);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            return Encoding.Unicode.GetString(bytes[2..]);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            return Encoding.UTF8.GetString(bytes[3..]);
        return string.Create(bytes.Length, bytes, static (chars, from) =>
        {
            for (var i = 0; i < chars.Length; i++)
                chars[i] = from[i] is >= 0x80 and < 0xA0 ? DocEncodingHigh[from[i] - 0x80] : from[i] == 0xA0 ? '€' : (char)from[i];
        });
    }

    public static (double X0, double Y0, double X1, double Y1)? Box(ArrayToken array, IPdfTokenScanner scanner)
    {
        if (array.Data.Count < 4)
            return null;
        Span<double> n = stackalloc double[4];
        for (var i = 0; i < 4; i++)
        {
            if (!DirectObjectFinder.TryGet<NumericToken>(array.Data[i], scanner, out var number))
                return null;
            n[i] = number.Data;
        }
        return (Math.Min(n[0], n[2]), Math.Min(n[1], n[3]), Math.Max(n[0], n[2]), Math.Max(n[1], n[3]));
    }

    /// <summary>A field's value and full name, inherited from the fields above it (ISO 32000-1 12.7.3).</summary>
    public static (string? Value, string Name) FieldValue(DictionaryToken field, IPdfTokenScanner scanner)
    {
        string? value = null, type = null;
        var names = new List<string>();
        DictionaryToken? at = field;
        for (var up = 0; at is not null && up < 32; up++)
        {
            type ??= at.Name(NameToken.Create("FT"), scanner);
            if (at.Text("T", scanner) is { } name)
                names.Insert(0, name);
            if (value is null && at.TryGet(NameToken.V, out var token))
                value = ValueOf(token, scanner);
            at = at.Dictionary("Parent", scanner);
        }
        return (type is "Sig" or "Btn" ? null : value, string.Join('.', names));
    }

    private static string? ValueOf(IToken token, IPdfTokenScanner scanner)
    {
        if (TextOf(token, scanner) is { } text)
            return text;
        return DirectObjectFinder.TryGet<ArrayToken>(token, scanner, out var several)
            ? string.Join(", ", several.Data.Take(1000).Select(t => TextOf(t, scanner)).Where(t => t is not null)) : null;
    }

    /// <summary>The letters and digits alone, for telling whether two texts say the same.</summary>
    public static string LettersOf(string text) => string.Concat(text.Normalize(NormalizationForm.FormKC).Where(char.IsLetterOrDigit)).ToLowerInvariant();

    /// <summary>The objects that lie under a name or number tree, by name (ISO 32000-1 7.9.6).</summary>
    public static IEnumerable<(string Name, IToken Value)> Tree(DictionaryToken root, IPdfTokenScanner scanner, Reading reading)
    {
        var waiting = new Stack<DictionaryToken>([root]);
        for (var nodes = 0; nodes < 10_000 && waiting.TryPop(out var node); nodes++)
        {
            reading.Tick();
            var names = node.Array("Names", scanner);
            for (var i = 0; i + 1 < names.Count; i += 2)
                yield return (TextOf(names[i], scanner) ?? "", names[i + 1]);
            foreach (var kid in node.Array("Kids", scanner).Take(10_000).Reverse())
                if (DirectObjectFinder.TryGet<DictionaryToken>(kid, scanner, out var below))
                    waiting.Push(below);
        }
    }
}
