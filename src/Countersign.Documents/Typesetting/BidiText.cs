using System.Globalization;
using System.Text;

namespace Countersign.Documents.Typesetting;

/// <summary>
/// The order of mixed text: UAX #9 rules P2–P3, W1–W7, N0–N2, I1–I2 and L2. Explicit embeddings, overrides and isolates
/// never reach this class: the letter reader refuses them, so rules X1–X10 have nothing to do.
/// </summary>
internal static class BidiText
{
    private enum Kind : byte { L, R, AL, EN, ES, ET, AN, CS, NSM, WS, ON }

    /// <summary>Whether the first strong character runs from right to left (P2, P3); the fallback where there is
    /// none.</summary>
    public static bool StartsRightToLeft(string text, bool fallback)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            var kind = KindOf(rune.Value);
            if (kind == Kind.L) return false;
            if (kind is Kind.R or Kind.AL) return true;
        }
        return fallback;
    }

    /// <summary>The embedding level of every UTF-16 unit of one paragraph.</summary>
    public static byte[] Levels(string text, bool rightToLeft)
    {
        var levels = new byte[text.Length];
        var baseLevel = (byte)(rightToLeft ? 1 : 0);
        if (!rightToLeft && !NeedsReordering(text))
            return levels;
        var kinds = new Kind[text.Length];
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used);
            var kind = KindOf(rune.Value);
            for (var k = 0; k < used; k++)
                kinds[i + k] = k == 0 ? kind : Kind.NSM;
            i += used;
        }
        var outer = rightToLeft ? Kind.R : Kind.L;
        ResolveWeak(kinds, outer);
        ResolveBrackets(text, kinds, outer);
        ResolveNeutral(kinds, outer);
        for (var i = 0; i < text.Length; i++)
            levels[i] = (byte)(baseLevel + (baseLevel, kinds[i]) switch
            {
                (0, Kind.R) => 1,
                (0, Kind.AN or Kind.EN) => 2,
                (1, Kind.L or Kind.AN or Kind.EN) => 1,
                _ => 0,
            });
        return levels;
    }

    /// <summary>L2: the order in which runs of these levels stand from left to right.</summary>
    public static int[] VisualOrder(ReadOnlySpan<byte> levels)
    {
        var order = new int[levels.Length];
        byte highest = 0, lowestOdd = byte.MaxValue;
        for (var i = 0; i < levels.Length; i++)
        {
            order[i] = i;
            highest = Math.Max(highest, levels[i]);
            if (levels[i] % 2 == 1) lowestOdd = Math.Min(lowestOdd, levels[i]);
        }
        for (int level = highest; level >= lowestOdd; level--)
            for (var i = 0; i < order.Length;)
            {
                var end = i;
                while (end < order.Length && levels[order[end]] >= level) end++;
                if (end > i) Array.Reverse(order, i, end - i);
                i = Math.Max(end, i + 1);
            }
        return order;
    }

    private static bool NeedsReordering(string text)
    {
        foreach (var c in text)
            if (c >= 0x590 && (char.IsSurrogate(c) || KindOf(c) is Kind.R or Kind.AL or Kind.AN))
                return true;
        return false;
    }

    private static void ResolveWeak(Kind[] kinds, Kind outer)
    {
        var before = outer;
        for (var i = 0; i < kinds.Length; i++) // W1
        {
            if (kinds[i] == Kind.NSM) kinds[i] = before;
            before = kinds[i];
        }
        var strong = outer;
        for (var i = 0; i < kinds.Length; i++) // W2, W3
        {
            if (kinds[i] is Kind.L or Kind.R or Kind.AL) strong = kinds[i];
            if (kinds[i] == Kind.EN && strong == Kind.AL) kinds[i] = Kind.AN;
        }
        for (var i = 0; i < kinds.Length; i++)
            if (kinds[i] == Kind.AL) kinds[i] = Kind.R;
        for (var i = 1; i + 1 < kinds.Length; i++) // W4
        {
            if (kinds[i] is Kind.ES or Kind.CS && kinds[i - 1] == Kind.EN && kinds[i + 1] == Kind.EN)
                kinds[i] = Kind.EN;
            else if (kinds[i] == Kind.CS && kinds[i - 1] == Kind.AN && kinds[i + 1] == Kind.AN)
                kinds[i] = Kind.AN;
        }
        for (var i = 0; i < kinds.Length;) // W5
        {
            if (kinds[i] != Kind.ET) { i++; continue; }
            var end = i;
            while (end < kinds.Length && kinds[end] == Kind.ET) end++;
            if ((i > 0 && kinds[i - 1] == Kind.EN) || (end < kinds.Length && kinds[end] == Kind.EN))
                Array.Fill(kinds, Kind.EN, i, end - i);
            i = end;
        }
        strong = outer;
        for (var i = 0; i < kinds.Length; i++) // W6, W7
        {
            if (kinds[i] is Kind.ES or Kind.ET or Kind.CS) kinds[i] = Kind.ON;
            if (kinds[i] is Kind.L or Kind.R) strong = kinds[i];
            if (kinds[i] == Kind.EN && strong == Kind.L) kinds[i] = Kind.L;
        }
    }

    /// <summary>N0: a pair of brackets takes the direction of what stands inside it.</summary>
    private static void ResolveBrackets(string text, Kind[] kinds, Kind outer)
    {
        const string Open = "([{", Close = ")]}";
        var stack = new Stack<int>();
        var pairs = new List<(int Open, int Close)>();
        for (var i = 0; i < text.Length; i++)
        {
            if (kinds[i] != Kind.ON) continue;
            if (Open.Contains(text[i], StringComparison.Ordinal))
            {
                if (stack.Count == 63) break; // BD16's bound
                stack.Push(i);
            }
            else if (Close.IndexOf(text[i], StringComparison.Ordinal) is >= 0 and var shape
                && stack.Any(o => text[o] == Open[shape]))
            {
                while (text[stack.Peek()] != Open[shape]) stack.Pop();
                pairs.Add((stack.Pop(), i));
            }
        }
        pairs.Sort();
        foreach (var (open, close) in pairs)
        {
            bool same = false, opposite = false;
            for (var i = open + 1; i < close && !same; i++)
                if (Strong(kinds[i]) is { } strong)
                {
                    same |= strong == outer;
                    opposite |= strong != outer;
                }
            if (!same && !opposite) continue;
            var direction = outer;
            if (!same)
            {
                var context = outer;
                for (var i = open - 1; i >= 0; i--)
                    if (Strong(kinds[i]) is { } strong) { context = strong; break; }
                direction = context;
            }
            kinds[open] = kinds[close] = direction;
        }
    }

    private static void ResolveNeutral(Kind[] kinds, Kind outer)
    {
        for (var i = 0; i < kinds.Length;) // N1, N2
        {
            if (kinds[i] is not (Kind.ON or Kind.WS)) { i++; continue; }
            var end = i;
            while (end < kinds.Length && kinds[end] is Kind.ON or Kind.WS) end++;
            var left = i == 0 ? outer : Strong(kinds[i - 1]) ?? outer;
            var right = end == kinds.Length ? outer : Strong(kinds[end]) ?? outer;
            Array.Fill(kinds, left == right ? left : outer, i, end - i);
            i = end;
        }
    }

    private static Kind? Strong(Kind kind) => kind switch
    {
        Kind.L => Kind.L,
        Kind.R or Kind.AN or Kind.EN => Kind.R,
        _ => null,
    };

    /// <summary>The bidirectional class of a code point, from its block and general category (DerivedBidiClass in
    /// short).</summary>
    private static Kind KindOf(int c)
    {
        if (c < 0x80)
            return c switch
            {
                >= '0' and <= '9' => Kind.EN,
                >= 'a' and <= 'z' or >= 'A' and <= 'Z' => Kind.L,
                '+' or '-' => Kind.ES,
                '#' or '$' or '%' => Kind.ET,
                ',' or '.' or '/' or ':' => Kind.CS,
                <= ' ' => Kind.WS,
                _ => Kind.ON,
            };
        switch (c)
        {
            case 0x200E: return Kind.L;
            case 0x200F: return Kind.R;
            case 0x061C: return Kind.AL;
            case 0x00A0 or 0x202F or 0x060C or 0x2044: return Kind.CS;
            case 0x066B or 0x066C or (>= 0x0660 and <= 0x0669) or (>= 0x0600 and <= 0x0605) or 0x06DD: return Kind.AN;
            case (>= 0x06F0 and <= 0x06F9) or 0x00B2 or 0x00B3 or 0x00B9: return Kind.EN;
            case 0x2212 or 0x207A or 0x207B: return Kind.ES;
            case 0x00B0 or 0x00B1 or 0x066A or (>= 0x2030 and <= 0x2034): return Kind.ET;
            case 0x0606 or 0x0607 or 0x060E or 0x060F or 0x06DE or 0x06E9: return Kind.ON;
            case 0x200B or 0x200C or 0x200D
                or 0x2060:
                return Kind.NSM; // boundary neutrals: they follow their neighbour
        }
        var category = Rune.IsValid(c) ? Rune.GetUnicodeCategory(new Rune(c)) : UnicodeCategory.OtherSymbol;
        if (category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark) return Kind.NSM;
        if (c is (>= 0x0590 and <= 0x05FF) or (>= 0x07C0 and <= 0x085F) or (>= 0xFB1D and <= 0xFB4F)
            or (>= 0x10800 and <= 0x10CFF) or (>= 0x10D40 and <= 0x10EBF) or (>= 0x1E800 and <= 0x1EC6F)) return Kind.R;
        if (c is (>= 0x0600 and <= 0x07BF) or (>= 0x0860 and <= 0x08FF) or (>= 0xFB50 and <= 0xFDCE)
            or (>= 0xFDF0 and <= 0xFDFC) or (>= 0xFE70 and <= 0xFEFE) or (>= 0x10D00 and <= 0x10D3F)
            or (>= 0x10EC0 and <= 0x10EFF) or (>= 0x1EC70 and <= 0x1EEFF)) return Kind.AL;
        return category switch
        {
            UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                => Kind.WS,
            UnicodeCategory.CurrencySymbol => Kind.ET,
            UnicodeCategory.MathSymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol
                or UnicodeCategory.DashPunctuation or UnicodeCategory.ConnectorPunctuation
                or UnicodeCategory.OpenPunctuation or UnicodeCategory.ClosePunctuation
                or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
                or UnicodeCategory.OtherPunctuation => Kind.ON,
            _ => Kind.L,
        };
    }
}
