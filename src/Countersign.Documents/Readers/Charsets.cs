using System.Text;
using System.Text.Unicode;

namespace Countersign.Documents.Readers;

/// <summary>Which characters bytes are: by their mark, by what they say of themselves, and else by what reads best.</summary>
internal static class Charsets
{
    private const int Sample = 64 * 1024;

    static Charsets() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>The text that bytes are, whatever its character set.</summary>
    /// <param name="bytes">All of it.</param>
    /// <param name="declared">The character set that came with it; believed where the bytes do not contradict it.</param>
    public static string Decode(ReadOnlySpan<byte> bytes, string? declared = null)
    {
        if (bytes.IsEmpty)
            return "";
        if (Marked(bytes) is var (marked, skip) && marked is not null)
            return marked.GetString(bytes[skip..]);
        if (declared is { Length: > 0 and < 60 } && Named(declared) is { } named && Fits(bytes, named) && named.GetString(bytes) is var text && !IsGarbled(text))
            return text;
        return Detect(bytes).GetString(bytes);
    }

    /// <summary>The character set of bytes that say nothing of it.</summary>
    public static Encoding Detect(ReadOnlySpan<byte> bytes)
    {
        if (Marked(bytes) is var (marked, _) && marked is not null)
            return marked;
        if (Unmarked16(bytes) is { } wide)
            return wide;
        if (bytes.IndexOf((byte)0x1B) >= 0 && Escaped(bytes) is { } escaped)
            return escaped;
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8;
        return Best(HighPart(bytes));
    }

    /// <summary>The encoding of a Windows code page number, or null.</summary>
    public static Encoding? OfCodePage(int page)
    {
        try
        {
            return page switch { 0 => null, 28591 or 20127 => Encoding.GetEncoding(1252), 936 => Encoding.GetEncoding(54936), _ => Encoding.GetEncoding(page) };
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>UTF-16 without a mark, where every second byte of most letters is zero or one and the same small number; null where it is not.</summary>
    public static Encoding? Unmarked16(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 4 || bytes.Length % 2 != 0)
            return null;
        var head = bytes[..Math.Min(bytes.Length, 4096)];
        if (head.IndexOf((byte)0) < 0)
            return null;
        int even = 0, odd = 0, pairs = head.Length / 2;
        for (var i = 0; i + 1 < head.Length; i += 2)
        {
            if (head[i] == 0) even++;
            if (head[i + 1] == 0) odd++;
        }
        // Latin text has nearly all high bytes zero; in others, the spaces and line ends have.
        if (odd * 10 >= pairs && even * 50 <= pairs && Plausible(head, Encoding.Unicode)) return Encoding.Unicode;
        if (even * 10 >= pairs && odd * 50 <= pairs && Plausible(head, Encoding.BigEndianUnicode)) return Encoding.BigEndianUnicode;
        return null;
    }

    private static bool Plausible(ReadOnlySpan<byte> head, Encoding encoding)
    {
        var text = encoding.GetString(head);
        int bad = 0, good = 0;
        foreach (var c in text)
            if (c == '\uFFFD' || (char.IsControl(c) && c is not ('\r' or '\n' or '\t' or '\f' or '\v')) || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.OtherNotAssigned or System.Globalization.UnicodeCategory.PrivateUse)
                bad++;
            else if (char.IsLetterOrDigit(c) || c == ' ')
                good++;
        return bad * 50 <= text.Length && good * 2 >= text.Length;
    }

    private static (Encoding? Encoding, int Skip) Marked(ReadOnlySpan<byte> b) =>
        b.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) && Utf8.IsValid(b) ? (Encoding.UTF8, 3)
        : b.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE, 0, 0]) && b.Length % 4 == 0 ? (Encoding.UTF32, 4)
        : b.StartsWith((ReadOnlySpan<byte>)[0, 0, 0xFE, 0xFF]) ? (new UTF32Encoding(bigEndian: true, byteOrderMark: true), 4)
        : b.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) ? (Encoding.Unicode, 2)
        : b.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) ? (Encoding.BigEndianUnicode, 2)
        : (null, 0);

    private static Encoding? Escaped(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf("\u001B$)C"u8) >= 0) return Encoding.GetEncoding(50225);
        if (bytes.IndexOf("\u001B$B"u8) >= 0 || bytes.IndexOf("\u001B$@"u8) >= 0 || bytes.IndexOf("\u001B(J"u8) >= 0 || bytes.IndexOf("\u001B(I"u8) >= 0)
            return bytes.IndexOfAnyInRange((byte)0x80, (byte)0xFF) < 0 ? Encoding.GetEncoding(50220) : null;
        return null;
    }

    /// <summary>A character set by its name in a message or page (the names of RFC 2978's registry, and the habits around them); null where nobody knows it.</summary>
    private static Encoding? Named(string name)
    {
        name = name.Trim(' ', '"', '\'').ToLowerInvariant();
        try
        {
            return name switch
            {
                "iso-8859-1" or "latin1" or "us-ascii" or "ascii" or "ansi_x3.4-1968" or "iso8859-1" or "8859-1" => Encoding.GetEncoding(1252),
                "iso-8859-9" => Encoding.GetEncoding(1254),
                "gb2312" or "gbk" or "gb_2312-80" or "x-gbk" or "cp936" => Encoding.GetEncoding(54936),
                "ks_c_5601-1987" or "ks_c_5601" or "euc-kr" or "cp949" => Encoding.GetEncoding(949),
                "iso-8859-8-i" => Encoding.GetEncoding(1255),
                "utf8" or "unicode-1-1-utf-8" or "utf-8" => Encoding.UTF8,
                "cp932" or "x-sjis" or "ms_kanji" or "windows-31j" => Encoding.GetEncoding(932),
                "tis-620" => Encoding.GetEncoding(874),
                _ when name.StartsWith("cp", StringComparison.Ordinal) && int.TryParse(name.AsSpan(2), out var page) => OfCodePage(page),
                _ => Encoding.GetEncoding(name),
            };
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Whether bytes can be what they are said to be. What is good UTF-8 with more than one byte to a letter is hardly ever something else.</summary>
    private static bool Fits(ReadOnlySpan<byte> bytes, Encoding named)
    {
        if (named.CodePage is 1200 or 1201 or 12000 or 12001)
            return bytes.Length % 2 == 0 && bytes.IndexOf((byte)0) >= 0;
        var high = bytes.IndexOfAnyInRange((byte)0x80, (byte)0xFF) >= 0;
        var utf8 = Utf8.IsValid(bytes);
        if (named.CodePage == 65001)
            return utf8;
        if (!high)
            return !named.IsSingleByte || named.GetString("Aa0 "u8) == "Aa0 ";
        return !utf8 && (named.IsSingleByte || named.CodePage is not (50220 or 50221 or 50222 or 50225));
    }

    private static bool IsGarbled(string text)
    {
        var bad = text.AsSpan().Count('\uFFFD');
        return bad > 0 && bad * 50 > text.Length;
    }

    /// <summary>The bytes above ASCII with their neighbours, as far as a sample goes: the rest tells nothing.</summary>
    private static ReadOnlySpan<byte> HighPart(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= Sample)
            return bytes;
        var first = Math.Max(0, bytes.IndexOfAnyInRange((byte)0x80, (byte)0xFF) - 64);
        return bytes.Slice(first, Math.Min(Sample, bytes.Length - first));
    }

    /// <summary>The letters above ASCII that a language of a single-byte set uses most.</summary>
    private static readonly (int CodePage, string Frequent, char From, char To)[] SingleByte =
    [
        (1252, "äöüßéèàçñáíóúêâîôœåøæãõëïÄÖÜÉ", '\0', '\0'),
        (1250, "ąćęłńóśźżáčďéěíňřšťúůýžőűöüäăâîșțşţđŁŚŻŠČŽ", '\0', '\0'),
        (1254, "ışğçöüİŞ", '\0', '\0'),
        (1251, "оеаинтсрвлкмдпуяыьгзбчйі", '\u0400', '\u04FF'),
        (20866, "оеаинтсрвлкмдпуяыьгзбчй", '\u0400', '\u04FF'),
        (1253, "αοιετσνηυρπκμλςάόίέή", '\u0370', '\u03FF'),
        (1255, "אבגדהוזחטיךכלםמןנסעףפץצקרשת", '\u0590', '\u05FF'),
        (1256, "اليمنوترهبدعةفسك", '\u0600', '\u06FF'),
    ];

    private static Encoding Best(ReadOnlySpan<byte> bytes)
    {
        double best = 0;
        var page = 1252;
        foreach (var (candidate, frequent, from, to) in SingleByte)
        {
            var score = ScoreSingle(Encoding.GetEncoding(candidate).GetString(bytes), frequent, from, to);
            if (score > best)
                (best, page) = (score, candidate);
        }
        foreach (var (candidate, score) in (ReadOnlySpan<(int, double)>)
            [(932, ShiftJis(bytes)), (51932, Pairs(bytes, Japanese)), (949, Pairs(bytes, Korean)), (54936, Pairs(bytes, Chinese)), (950, Big5(bytes))])
            if (score > best)
                (best, page) = (score, candidate);
        return Encoding.GetEncoding(page);
    }

    private static double ScoreSingle(string text, string frequent, char from, char to)
    {
        double score = 0;
        var high = 0;
        var usual = new bool[0x700];
        foreach (var c in frequent) usual[c < 0x700 ? c : 0] = true;
        var before = ' ';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c >= 0x80)
            {
                high++;
                var after = i + 1 < text.Length ? text[i + 1] : ' ';
                if (c == '\uFFFD' || char.IsControl(c))
                    score -= 8;
                else if (!char.IsLetter(c))
                    score += c is '“' or '”' or '’' or '‘' or '–' or '—' or '„' or '…' or '«' or '»' or '\u00A0' or '§' or '€' or '°' or '•' ? 0.3 : -1;
                else
                {
                    score += c < 0x700 && usual[c] ? 1.5 : from == 0 && c < 0x700 && usual[char.ToLowerInvariant(c) is < '\u0700' and var lower ? lower : 0] ? 0.8 : -0.3;
                    if (char.IsUpper(c) && char.IsLower(before)) score -= 2;
                    if (from != 0)
                        score += char.IsAsciiLetter(before) || char.IsAsciiLetter(after) ? -2 : (before >= from && before <= to) || (after >= from && after <= to) ? 0.5 : -0.5;
                    else if (!char.IsAsciiLetter(before) && !char.IsAsciiLetter(after))
                        score -= 1;
                }
            }
            before = c;
        }
        return high == 0 ? 0 : score;
    }

    // How usual a pair of bytes is in running text; 0 or less where it is not.
    private static double Japanese(byte lead, byte trail) => lead is 0xA4 or 0xA5 ? 3 : lead is 0xA1 ? 1.5 : lead is >= 0xB0 and <= 0xCF ? 1.4 : lead is >= 0xD0 and <= 0xF4 ? 0.2 : -1;

    private static double Korean(byte lead, byte trail) => lead is >= 0xB0 and <= 0xC8 ? 3 : lead is 0xA1 ? 0.5 : lead is >= 0xCA and <= 0xFD ? 0.2 : -1;

    private static double Chinese(byte lead, byte trail) => lead is >= 0xB0 and <= 0xD7 ? 2.4 : lead is 0xA1 or 0xA3 ? 1.5 : lead is >= 0xD8 and <= 0xF7 ? 0.5 : -1;

    private static double Pairs(ReadOnlySpan<byte> bytes, Func<byte, byte, double> usual)
    {
        double score = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] < 0x80)
                continue;
            if (i + 1 >= bytes.Length)
                break;
            score += bytes[i + 1] >= 0xA1 && bytes[i] >= 0xA1 ? usual(bytes[i], bytes[i + 1]) : -6;
            i++;
        }
        return score;
    }

    private static double ShiftJis(ReadOnlySpan<byte> bytes)
    {
        double score = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var b = bytes[i];
            if (b < 0x80)
                continue;
            if (b is >= 0xA1 and <= 0xDF)
            {
                score += 0.1;
                continue;
            }
            if (i + 1 >= bytes.Length)
                break;
            var t = bytes[++i];
            score += t is < 0x40 or 0x7F or > 0xFC || b is 0x80 or 0xA0 or > 0xFC ? -6
                : (b == 0x82 && t is >= 0x9F and <= 0xF1) || (b == 0x83 && t <= 0x96) ? 3 : b == 0x81 ? 1.5 : b is >= 0x88 and <= 0x97 ? 1.4 : b is >= 0x98 and <= 0xEA ? 0.2 : -1;
        }
        return score;
    }

    private static double Big5(ReadOnlySpan<byte> bytes)
    {
        double score = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var b = bytes[i];
            if (b < 0x80)
                continue;
            if (i + 1 >= bytes.Length)
                break;
            var t = bytes[++i];
            score += t is not ((>= 0x40 and <= 0x7E) or (>= 0xA1 and <= 0xFE)) || b < 0xA1 ? -6
                : b is >= 0xA4 and <= 0xC6 ? 2.2 : b == 0xA1 ? 1.5 : b is >= 0xC9 and <= 0xF9 ? 0.2 : -1;
        }
        return score;
    }
}
