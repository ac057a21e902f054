using System.Globalization;
using System.Text;

namespace Countersign.Documents.Typesetting;

/// <summary>Which characters a letter may hold: what can be printed and means the same to every reader.</summary>
internal static class Characters
{
    /// <summary>
    /// The text ready for setting: tabs are spaces, soft hyphens are gone (they print nothing). Refuses control
    /// characters,
    /// bidirectional embeddings and overrides, and code points without an agreed meaning.
    /// </summary>
    public static string Checked(string text, string where)
    {
        if (IsPlain(text)) return text;
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) != System.Buffers.OperationStatus.Done)
                throw new LetterRefusedException("letter.broken-character",
                    $"{where} holds half of a character (U+{(int)text[i]:X4}).",
                        "Write the character again, whole, as UTF-8.");
            i += used;
            var value = rune.Value;
            if (value is '\t') clean.Append(' ');
            else if (value is '\n') clean.Append('\n');
            else if (value is 0x00AD) continue;
            else if (IsControl(value))
                throw new LetterRefusedException("letter.control-character",
                    $"{where} holds the control character U+{value:X4}, which prints nothing.",
                        "Remove it and set the letter again.");
            else if (value is 0x061C or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x206F))
                throw new LetterRefusedException("letter.hidden-direction",
                    $"{where} holds the invisible character U+{value:X4}, which changes the order of the text.",
                    "Remove it; the typesetter orders mixed directions by itself.");
            else if (IsUnprintable(rune))
                throw new LetterRefusedException("letter.unprintable-character",
                    $"{where} holds U+{value:X4}, which has no agreed printed form.",
                        "Remove it or write it in another way.");
            else clean.Append(rune.ToString());
        }
        return clean.ToString();
    }

    public static bool IsControl(int c) => c is (< 0x20 and not ('\n' or '\t' or '\r')) or (>= 0x7F and <= 0x9F);

    private static bool IsPlain(string text)
    {
        foreach (var c in text)
            if (c is not ((>= ' ' and <= '~') or (>= '\u00A0' and <= '\u02FF' and not '\u00AD')))
                return false;
        return true;
    }

    private static bool IsUnprintable(Rune rune) => rune.Value is not (
        0x200B or 0x200C or 0x200D or 0x200E or 0x200F or 0x2060)
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.Surrogate or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator;

    /// <summary>The sentence for a character that no font here sets.</summary>
    public static TypesetRefusal NoFont(int codePoint, string script)
    {
        var shown = Rune.IsValid(codePoint) && !Rune.IsControl(new Rune(codePoint)) ? $"“{new Rune(codePoint)}” " : "";
        var category = Rune.IsValid(codePoint) ? Rune.GetUnicodeCategory(new Rune(codePoint))
            : UnicodeCategory.OtherNotAssigned;
        if (script is "Zyyy" or "Common" && category is UnicodeCategory.OtherSymbol)
            return new TypesetRefusal("letter.no-font",
                $"No font on this machine has the symbol {shown}(U+{codePoint:X4}).",
                "Remove the symbol, or install a font that has it (Debian: apt install fonts-noto-core).");
        var (name, package) = Scripts.TryGetValue(script, out var known) ? known : (script, "fonts-noto-core");
        return new TypesetRefusal("letter.no-font",
            $"No font on this machine sets the character {shown}(U+{codePoint:X4}), script {name}.",
            $"Install a font for it (Debian: apt install {package}) and set the letter again.");
    }

    private static readonly Dictionary<string, (string Name, string Package)> Scripts = new(StringComparer.Ordinal)
    {
        ["Latn"] = ("Latin", "fonts-noto-core"),
        ["Grek"] = ("Greek", "fonts-noto-core"),
        ["Cyrl"] = ("Cyrillic", "fonts-noto-core"),
        ["Arab"] = ("Arabic", "fonts-noto-core, or fonts-hosny-amiri"),
        ["Hebr"] = ("Hebrew", "fonts-noto-core"),
        ["Syrc"] = ("Syriac", "fonts-noto-core"),
        ["Armn"] = ("Armenian", "fonts-noto-core"),
        ["Geor"] = ("Georgian", "fonts-noto-core"),
        ["Deva"] = ("Devanagari", "fonts-noto-core"),
        ["Beng"] = ("Bengali", "fonts-noto-core"),
        ["Taml"] = ("Tamil", "fonts-noto-core"),
        ["Thai"] = ("Thai", "fonts-noto-core"),
        ["Khmr"] = ("Khmer", "fonts-noto-core"),
        ["Laoo"] = ("Lao", "fonts-noto-core"),
        ["Mymr"] = ("Myanmar", "fonts-noto-core"),
        ["Tibt"] = ("Tibetan", "fonts-noto-core"),
        ["Ethi"] = ("Ethiopic", "fonts-noto-core"),
        ["Hani"] = ("Han", "fonts-noto-cjk"),
        ["Hira"] = ("Hiragana", "fonts-noto-cjk"),
        ["Kana"] = ("Katakana", "fonts-noto-cjk"),
        ["Hang"] = ("Hangul", "fonts-noto-cjk"),
        ["Bopo"] = ("Bopomofo", "fonts-noto-cjk"),
        ["Zyyy"] = ("common to several scripts", "fonts-noto-core"),
        ["Zinh"] = ("a mark that joins other letters", "fonts-noto-core"),
    };
}
