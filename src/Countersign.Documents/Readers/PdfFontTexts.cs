using System.Buffers.Binary;
using System.Text;
using UglyToad.PdfPig;
using UglyToad.PdfPig.Filters;
using UglyToad.PdfPig.Parser.Parts;
using UglyToad.PdfPig.PdfFonts;
using UglyToad.PdfPig.Tokenization.Scanner;
using UglyToad.PdfPig.Tokens;

namespace Countersign.Documents.Readers;

/// <summary>
/// What a font's codes say, by its map to Unicode, and whether the font itself says otherwise: the names of its glyphs and its own Unicode map, where it has
/// them, are what it draws by. Only Latin letters and digits are compared, and case is no difference.
/// </summary>
internal sealed class PdfFontTexts
{
    internal readonly record struct CodeText(string Text, bool Space, bool Unmapped, bool Contradicted);

    private const int MostFontBytes = 8 * 1024 * 1024;

    private readonly IFont _font;
    private readonly bool _composite;
    private readonly CodeText?[]?[] _pages = new CodeText?[256][];
    private readonly Dictionary<int, CodeText> _beyond = [];

    /// <summary>What the font itself draws for a code, where that is a Latin letter or a digit; 0 where nothing says so.</summary>
    private readonly Func<int, char> _drawn = static _ => '\0';

    public PdfFontTexts(IFont font, DictionaryToken? dictionary, IPdfTokenScanner scanner, ILookupFilterProvider filters, int number, Reading reading)
    {
        (_font, Number) = (font, number);
        try
        {
            var type = dictionary?.Name(NameToken.Subtype, scanner);
            _composite = type == "Type0";
            if (type == "Type3")
                EmScale = EmOf(dictionary!, font, scanner);
            if (dictionary is not null && type is not "Type3")
                _drawn = (_composite ? OfComposite(dictionary, scanner, filters, reading) : OfSimple(dictionary, type, scanner)) ?? _drawn;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or BoundReachedException))
        {
            _drawn = static _ => '\0'; // a font program that cannot be read contradicts nothing
        }
    }

    public int Number { get; }

    /// <summary>The height of the em in units of the font size: 1 but for Type 3 fonts, which have units of their own.</summary>
    public double EmScale { get; } = 1;

    public CodeText Of(int code, string unicode)
    {
        if ((uint)code < 0x10000)
        {
            var page = _pages[code >> 8] ??= new CodeText?[256];
            return page[code & 255] ??= Make(code, unicode);
        }
        if (!_beyond.TryGetValue(code, out var text) && _beyond.Count < 100_000)
            _beyond.Add(code, text = Make(code, unicode));
        return text.Text is null ? new CodeText("", false, true, false) : text;
    }

    private CodeText Make(int code, string unicode)
    {
        var mapped = _font.TryGetUnicode(code, out var said) && said is not null;
        var drawn = _drawn(code);
        var text = mapped ? said! : _composite ? "" : unicode;
        if (text.Length > 0 && (text.AsSpan().IndexOfAnyInRange('\0', '\x1F') >= 0 || text.AsSpan().IndexOfAnyInRange('\x7F', '\x9F') >= 0))
            text = string.Concat(text.Where(c => !char.IsControl(c) || c is '\t' or '\n' or '\r')).Replace('\t', ' ').Replace('\r', ' ').Replace('\n', ' ');
        if (text.AsSpan().IndexOfAnyInRange('\uE000', '\uF8FF') >= 0 || text.Contains('\uFFFD'))
            (text, mapped) = (drawn == 0 && _composite ? "" : text, false);
        if (text.AsSpan().IndexOfAnyInRange('\uFB00', '\uFDFF') >= 0 || text.AsSpan().IndexOfAnyInRange('\uFE70', '\uFEFC') >= 0)
            text = Safely(text);
        if (!mapped && drawn != 0)
            (text, mapped) = (drawn.ToString(), true);
        text = text.Replace('\u00A0', ' ');
        if (text.Length == 1)
            text = Interned(text[0]);
        var contradicted = mapped && drawn != 0 && text.Length == 1 && char.IsAsciiLetterOrDigit(text[0]) && char.ToLowerInvariant(text[0]) != char.ToLowerInvariant(drawn);
        return new CodeText(text, text.Length > 0 && string.IsNullOrWhiteSpace(text), !mapped, contradicted);
    }

    private static string Safely(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormKC);
        }
        catch (ArgumentException)
        {
            return text; // half a surrogate pair
        }
    }

    private static readonly string[] Singles = [.. Enumerable.Range(0, 256).Select(c => ((char)c).ToString())];

    private static string Interned(char c) => c < 256 ? Singles[c] : c.ToString();

    private static double EmOf(DictionaryToken dictionary, IFont font, IPdfTokenScanner scanner)
    {
        var unit = Math.Abs(font.GetFontMatrix().D);
        if (dictionary.TryGet<ArrayToken>(NameToken.Create("FontBBox"), scanner, out var array) && PdfTokens.Box(array, scanner) is { } box
            && (box.Y1 - box.Y0) * unit is > 0.1 and < 10_000 and var height)
            return height;
        return unit <= 0.02 ? unit * 1000 : unit * 50;
    }

    private static Func<int, char>? OfSimple(DictionaryToken dictionary, string? type, IPdfTokenScanner scanner)
    {
        if (!dictionary.ContainsKey(NameToken.ToUnicode))
            return null; // then the names are all there is, and were read by
        var flags = (int)(dictionary.Dictionary("FontDescriptor", scanner)?.Number(NameToken.Create("Flags"), scanner) ?? 0);
        var symbolic = (flags & 4) != 0;
        var names = new char[256];
        var encoding = dictionary.Name(NameToken.Encoding, scanner);
        var described = dictionary.Dictionary("Encoding", scanner);
        encoding ??= described?.Name(NameToken.Create("BaseEncoding"), scanner);
        if (encoding is "WinAnsiEncoding" or "MacRomanEncoding" or "StandardEncoding" && !symbolic)
            for (var c = '0'; c <= 'z'; c++)
                if (char.IsAsciiLetterOrDigit(c))
                    names[c] = c;
        if (described is not null && (type != "TrueType" || !symbolic))
        {
            var code = 0;
            foreach (var token in described.Array("Differences", scanner).Take(1000))
            {
                if (token is NumericToken start)
                    code = (int)Math.Clamp(start.Data, -1, 256);
                else if (token is NameToken name)
                {
                    if (code is >= 0 and < 256)
                        names[code] = LetterNamed(name.Data);
                    code++;
                }
            }
        }
        return Array.TrueForAll(names, c => c == 0) ? null : code => (uint)code < 256 ? names[code] : '\0';
    }

    private static readonly string[] DigitNames = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

    private static char LetterNamed(string name) =>
        name.Length == 1 && char.IsAsciiLetter(name[0]) ? name[0] : Array.IndexOf(DigitNames, name) is >= 0 and var digit ? (char)('0' + digit) : '\0';

    private static Func<int, char>? OfComposite(DictionaryToken dictionary, IPdfTokenScanner scanner, ILookupFilterProvider filters, Reading reading)
    {
        if (dictionary.Name(NameToken.Encoding, scanner) is not ("Identity-H" or "Identity-V"))
            return null;
        if (dictionary.Array("DescendantFonts", scanner) is not [var first, ..] || !DirectObjectFinder.TryGet<DictionaryToken>(first, scanner, out var descendant)
            || descendant.Dictionary("FontDescriptor", scanner) is not { } descriptor)
            return null;
        foreach (var key in new[] { "FontFile2", "FontFile3" })
        {
            if (!descriptor.TryGet(NameToken.Create(key), out var token) || !DirectObjectFinder.TryGet<StreamToken>(token, scanner, out var stream)
                || stream.Data.Length > MostFontBytes)
                continue;
            var program = stream.Decode(filters, scanner);
            var glyphs = FontGlyphs.Letters(program.Span, reading);
            if (glyphs is null)
                continue;
            if (descendant.TryGet(NameToken.Create("CIDToGIDMap"), out var map) && DirectObjectFinder.TryGet<StreamToken>(map, scanner, out var mapping))
            {
                var toGlyph = mapping.Decode(filters, scanner);
                return code => (uint)code < (uint)(toGlyph.Length / 2) && glyphs.TryGetValue(BinaryPrimitives.ReadUInt16BigEndian(toGlyph.Span[(code * 2)..]), out var c) ? c : '\0';
            }
            return code => glyphs.TryGetValue(code, out var c) ? c : '\0';
        }
        return null;
    }
}

/// <summary>Which glyphs of a font program are Latin letters and digits, by its own account: OpenType "cmap" and "post", CFF charsets (Adobe 5176).</summary>
internal static class FontGlyphs
{
    public static Dictionary<int, char>? Letters(ReadOnlySpan<byte> font, Reading reading)
    {
        try
        {
            if (font.Length > 4 && font[0] == 1 && font[1] == 0 && font[2] < 32 && font[3] is >= 1 and <= 4)
                return OfCff(font);
            if (font.Length < 12)
                return null;
            int tables = U16(font, 4);
            var (cmap, post, cff) = (default(Range), default(Range), default(Range));
            for (var i = 0; i < tables && 12 + (i * 16) + 16 <= font.Length; i++)
            {
                var entry = font.Slice(12 + (i * 16), 16);
                var (from, length) = (U32(entry, 8), U32(entry, 12));
                if (from + length > font.Length)
                    continue;
                var range = (int)from..(int)(from + length);
                if (entry.StartsWith("cmap"u8))
                    cmap = range;
                else if (entry.StartsWith("post"u8))
                    post = range;
                else if (entry.StartsWith("CFF "u8))
                    cff = range;
            }
            reading.Tick();
            return OfCmap(font[cmap]) ?? OfPost(font[post]) ?? (font[cff].Length > 4 ? OfCff(font[cff]) : null);
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException or OverflowException)
        {
            return null; // ends before its tables do
        }
    }

    private static int U16(ReadOnlySpan<byte> s, int at) => BinaryPrimitives.ReadUInt16BigEndian(s[at..]);

    private static long U32(ReadOnlySpan<byte> s, int at) => BinaryPrimitives.ReadUInt32BigEndian(s[at..]);

    private static Dictionary<int, char>? OfCmap(ReadOnlySpan<byte> cmap)
    {
        if (cmap.Length < 4)
            return null;
        for (int i = 0, count = Math.Min(U16(cmap, 2), 64); i < count; i++)
        {
            var record = cmap.Slice(4 + (i * 8), 8);
            var (platform, encoding, offset) = (U16(record, 0), U16(record, 2), U32(record, 4));
            if ((platform == 3 && encoding is 1 or 10) && offset < cmap.Length)
            {
                var found = new Dictionary<int, char>();
                var table = cmap[(int)offset..];
                for (var c = '0'; c <= 'z'; c++)
                    if (char.IsAsciiLetterOrDigit(c) && GlyphOf(table, c) is > 0 and var glyph)
                        found.TryAdd(glyph, c);
                if (found.Count > 0)
                    return found;
            }
        }
        return null;
    }

    private static int GlyphOf(ReadOnlySpan<byte> table, char c)
    {
        switch (U16(table, 0))
        {
            case 4:
                var segments = U16(table, 6) / 2;
                for (var i = 0; i < segments; i++)
                {
                    if (U16(table, 14 + (i * 2)) < c)
                        continue;
                    var starts = 16 + (segments * 2);
                    var start = U16(table, starts + (i * 2));
                    if (start > c)
                        return 0;
                    var delta = U16(table, starts + (segments * 2) + (i * 2));
                    var at = starts + (segments * 4) + (i * 2);
                    var offset = U16(table, at);
                    if (offset == 0)
                        return (c + delta) & 0xFFFF;
                    var glyph = U16(table, at + offset + ((c - start) * 2));
                    return glyph == 0 ? 0 : (glyph + delta) & 0xFFFF;
                }
                return 0;
            case 12:
                var groups = Math.Min(U32(table, 12), 100_000);
                for (var i = 0; i < groups; i++)
                {
                    var at = 16 + (i * 12);
                    var (first, last) = (U32(table, at), U32(table, at + 4));
                    if (c >= first && c <= last)
                        return (int)Math.Min(U32(table, at + 8) + (c - first), 0xFFFF);
                }
                return 0;
            default:
                return 0;
        }
    }

    /// <summary>Format 2.0: names by the standard order of 258, in which "zero" is 19, "A" 36 and "a" 68, or of its own.</summary>
    private static Dictionary<int, char>? OfPost(ReadOnlySpan<byte> post)
    {
        if (post.Length < 34 || U32(post, 0) != 0x00020000)
            return null;
        var glyphs = U16(post, 32);
        var found = new Dictionary<int, char>();
        for (var glyph = 0; glyph < glyphs; glyph++)
            if (U16(post, 34 + (glyph * 2)) switch
            {
                >= 19 and <= 28 and var n => (char)('0' + n - 19),
                >= 36 and <= 61 and var n => (char)('A' + n - 36),
                >= 68 and <= 93 and var n => (char)('a' + n - 68),
                _ => '\0',
            } is not '\0' and var letter)
                found.TryAdd(glyph, letter);
        return found.Count > 0 ? found : null;
    }

    /// <summary>A name-keyed CFF's charset: of the standard strings, "zero" is 17, "A" 34 and "a" 66. Its glyphs' numbers are their CIDs.</summary>
    private static Dictionary<int, char>? OfCff(ReadOnlySpan<byte> cff)
    {
        int at = cff[2];
        at = AfterIndex(cff, at, out _);
        at = AfterIndex(cff, at, out var top);
        long charset = 0, charStrings = 0, operand = 0;
        var dict = cff[top];
        for (var i = 0; i < dict.Length;)
        {
            int b = dict[i++];
            switch (b)
            {
                case 28: operand = (short)U16(dict, i); i += 2; break;
                case 29: operand = (int)U32(dict, i); i += 4; break;
                case 30:
                    while (i < dict.Length && (dict[i] & 15) != 15 && dict[i] >> 4 != 15)
                        i++;
                    i++;
                    break;
                case >= 32 and <= 246: operand = b - 139; break;
                case >= 247 and <= 250: operand = ((b - 247) * 256) + dict[i++] + 108; break;
                case >= 251 and <= 254: operand = -((b - 251) * 256) - dict[i++] - 108; break;
                case 12:
                    if (dict[i++] == 30)
                        return null; // keyed by CID: no names
                    break;
                case 15: charset = operand; break;
                case 17: charStrings = operand; break;
            }
        }
        if (charset <= 2 || charset >= cff.Length || charStrings <= 0 || charStrings >= cff.Length)
            return null;
        var glyphs = U16(cff, (int)charStrings);
        var found = new Dictionary<int, char>();
        var (where, glyph) = ((int)charset + 1, 1);
        switch (cff[(int)charset])
        {
            case 0:
                for (; glyph < glyphs; glyph++, where += 2)
                    AddLetter(found, glyph, U16(cff, where));
                break;
            case (1 or 2) and var format:
                while (glyph < glyphs)
                {
                    var first = U16(cff, where);
                    var more = format == 1 ? cff[where + 2] : U16(cff, where + 2);
                    where += format == 1 ? 3 : 4;
                    for (var i = 0; i <= more && glyph < glyphs; i++)
                        AddLetter(found, glyph++, first + i);
                }
                break;
        }
        return found.Count > 0 ? found : null;
    }

    private static void AddLetter(Dictionary<int, char> found, int glyph, int name)
    {
        var letter = name switch
        {
            >= 17 and <= 26 => (char)('0' + name - 17),
            >= 34 and <= 59 => (char)('A' + name - 34),
            >= 66 and <= 91 => (char)('a' + name - 66),
            _ => '\0',
        };
        if (letter != 0)
            found.TryAdd(glyph, letter);
    }

    private static int AfterIndex(ReadOnlySpan<byte> cff, int at, out Range first)
    {
        first = default;
        var count = U16(cff, at);
        if (count == 0)
            return at + 2;
        int size = cff[at + 2];
        var data = at + 3 + ((count + 1) * size) - 1;
        first = (data + Offset(cff, at + 3, size))..(data + Offset(cff, at + 3 + size, size));
        return data + Offset(cff, at + 3 + (count * size), size);
    }

    private static int Offset(ReadOnlySpan<byte> cff, int at, int size)
    {
        var value = 0;
        for (var i = 0; i < size; i++)
            value = (value << 8) | cff[at + i];
        return value;
    }
}
