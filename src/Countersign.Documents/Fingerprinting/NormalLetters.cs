using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Countersign.Documents;

/// <summary>Which instructions may be used; all give the same results.</summary>
internal enum Lanes
{
    Scalar,
    Avx2,
    Avx512,
}

/// <summary>
/// Folds texts into the letters that are compared. Every character is folded by itself (compatibility decomposition, full case folding, marks and
/// default-ignorables dropped, look-alikes; <see cref="Data"/>), so the order of marks, composition and what stands beside play no part, save that
/// something between two digits leaves a separator. It uses nothing of the platform's own normalisation.
/// </summary>
internal static partial class NormalLetters
{
    private const ushort Gap = 0, PassedOver = 1, Itself = 2, FirstSequence = 0xE000, LastSequence = 0xF8FF;
    private const char Separator = NormalText.Separator;
    private const byte OddByte = 0xFF;

    /// <summary>How many units longer than a text what is written into has to be at first: vectors are stored whole.</summary>
    internal const int Slack = 32;

    private static readonly ushort[] s_plane0 = new ushort[0x10000];
    private static readonly ushort[] s_pageOf = new ushort[0x1100];
    private static readonly ushort[] s_pages;
    private static readonly string[] s_sequences;

    /// <summary>For U+00A0–00BF and U+00E0–00FF (whither U+00C0–00DF go by setting bit 5) what they become: a unit, a separator, or odd.</summary>
    private static readonly byte[] s_upperLatin = new byte[64];

    /// <summary>For every set of kept bytes among eight, the shuffle that moves them to the front.</summary>
    private static readonly ulong[] s_compress = new ulong[256];

    internal static Lanes Best { get; } = Avx512BW.IsSupported ? Lanes.Avx512 : Avx2.IsSupported ? Lanes.Avx2 : Lanes.Scalar;

    static NormalLetters()
    {
        using var inflate = new DeflateStream(new MemoryStream(Convert.FromBase64String(Data)), CompressionMode.Decompress);
        using var memory = new MemoryStream();
        inflate.CopyTo(memory);
        var bytes = memory.GetBuffer().AsSpan(0, (int)memory.Length);
        var at = 0;
        var pages = Next(bytes, ref at);
        s_sequences = new string[Next(bytes, ref at)];
        foreach (ref var page in s_pageOf.AsSpan())
            page = Next(bytes, ref at);
        s_pages = new ushort[pages * 256];
        foreach (ref var entry in s_pages.AsSpan())
            entry = Next(bytes, ref at);
        foreach (ref var sequence in s_sequences.AsSpan())
        {
            var units = new char[Next(bytes, ref at)];
            foreach (ref var unit in units.AsSpan())
                unit = (char)Next(bytes, ref at);
            sequence = new string(units);
        }
        for (var c = 0; c < 0x10000; c++)
        {
            var entry = s_pages[s_pageOf[c >> 8] * 256 + (c & 0xFF)];
            s_plane0[c] = entry == Itself ? (ushort)c : entry;
        }
        for (var i = 0; i < 64; i++)
        {
            var c = i < 32 ? 0xA0 + i : 0xC0 + i;
            var entry = s_plane0[c];
            var capital = i < 32 ? entry : s_plane0[c - 0x20];
            s_upperLatin[i] = entry != capital || entry is PassedOver or >= OddByte ? OddByte : entry == Gap ? (byte)Separator : (byte)entry;
        }
        for (var mask = 0; mask < 256; mask++)
        {
            var shuffle = ulong.MaxValue;
            for (int bit = 7; bit >= 0; bit--)
                if ((mask >> bit & 1) != 0)
                    shuffle = shuffle << 8 | (uint)bit;
            s_compress[mask] = shuffle;
        }

        static ushort Next(ReadOnlySpan<byte> bytes, ref int at)
        {
            at += 2;
            return BinaryPrimitives.ReadUInt16LittleEndian(bytes[(at - 2)..]);
        }
    }

    /// <summary>What was written so far, and where in the source each letter came from, where that is asked for.</summary>
    internal ref struct Writer(char[] letters, int[]? sources)
    {
        /// <summary>At least as long as what is written and the units still to be read.</summary>
        public char[] Letters = letters;
        public int[]? Sources = sources;
        public int Count;
        public bool AfterDigit;
        public bool AfterGap;
    }

    /// <summary>Folds a text whole. Lines of Arabic presentation forms that stand in visual order, as some PDF files give them, are turned first.</summary>
    internal static void FoldAll(string text, ref Writer writer, Lanes lanes)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uFB50', '\uFEFE') < 0 || Turn(text) is not var (turned, sources))
        {
            Fold(text, 0, text.Length, ref writer, lanes);
            return;
        }
        Fold(turned, 0, turned.Length, ref writer, lanes);
        foreach (ref var source in writer.Sources.AsSpan(0, writer.Sources is null ? 0 : writer.Count))
            source = sources[source];
    }

    /// <summary>
    /// The text with its visual lines turned into logical order, and where each unit stood; null where there are none. A line is visual when more of
    /// its neighbouring forms join backwards than forwards; numbers and Latin words in it keep their order.
    /// </summary>
    private static (char[] Text, int[] Sources)? Turn(string text)
    {
        char[]? turned = null;
        int[]? sources = null;
        for (int start = 0, end; start < text.Length; start = end + 1)
        {
            end = text.IndexOf('\n', start);
            if (end < 0)
                end = text.Length;
            if (!IsVisual(text.AsSpan(start, end - start)))
                continue;
            turned ??= text.ToCharArray();
            sources ??= [.. Enumerable.Range(0, text.Length)];
            Array.Reverse(turned, start, end - start);
            Array.Reverse(sources, start, end - start);
            for (var i = start; i < end; i++)
            {
                if (!RunsRight(turned[i]))
                    continue;
                int run = i, last = i;
                for (; run < end && (RunsRight(turned[run]) || turned[run] is ' ' or '.' or ',' or ':' or '/' or '-' or '\u066B' or '\u066C' or '@' or '_'); run++)
                    if (RunsRight(turned[run]))
                        last = run;
                Array.Reverse(turned, i, last + 1 - i);
                Array.Reverse(sources, i, last + 1 - i);
                i = last;
            }
        }
        return turned is null ? null : (turned, sources!);

        static bool RunsRight(char c) => char.IsAsciiLetterOrDigit(c) || c is >= '\u0660' and <= '\u0669' or >= '\u06F0' and <= '\u06F9' or >= '\u00C0' and <= '\u024F' || char.IsSurrogate(c);
    }

    private static bool IsVisual(ReadOnlySpan<char> line)
    {
        var balance = 0;
        var before = '-';
        foreach (var c in line)
        {
            var form = c is >= '\uFB50' and <= '\uFBFF' ? Forms[c - 0xFB50] : c is >= '\uFE70' and <= '\uFEFF' ? Forms[c - 0xFE70 + 176] : '-';
            balance += (before, form) switch
            {
                ('i', 'm' or 'f') or ('m', 'f') => 1,
                ('f', 'm' or 'i') or ('m', 'i') => -1,
                _ => 0,
            };
            before = form;
        }
        return balance < 0;
    }

    /// <summary>Folds the units of the text from <paramref name="from"/> to <paramref name="to"/>, both at character boundaries.</summary>
    internal static void Fold(ReadOnlySpan<char> text, int from, int to, ref Writer writer, Lanes lanes)
    {
        if (lanes == Lanes.Scalar || writer.Sources is not null)
        {
            for (; from < to;)
                from = FoldOne(text, from, ref writer);
            return;
        }
        var run = 1;
        while (to - from >= 64)
        {
            var plain = lanes == Lanes.Avx512 ? Fold64(text, from, ref writer) : Fold32(text, from, ref writer);
            from += plain;
            if (plain >= 32)
            {
                run = 1;
                continue;
            }
            // An odd character, and in a text of odd characters more and more of them before blocks are tried again.
            run = plain >= 8 ? 1 : Math.Min(run * 2, 128);
            for (var end = Math.Min(from + run, to); from < end;)
                from = FoldOne(text, from, ref writer);
        }
        while (from < to)
            from = FoldOne(text, from, ref writer);
    }

    /// <summary>Whether nothing stands there but marks and invisible characters.</summary>
    internal static bool ArePassedOver(ReadOnlySpan<char> units)
    {
        for (var i = 0; i < units.Length; i++)
        {
            int point = units[i];
            if (char.IsHighSurrogate(units[i]) && i + 1 < units.Length && char.IsLowSurrogate(units[i + 1]))
                point = char.ConvertToUtf32(units[i], units[++i]);
            if (!(char.IsLowSurrogate((char)(point & 0xFFFF)) && point <= 0xFFFF && i == 0) && s_pages[s_pageOf[point >> 8] * 256 + (point & 0xFF)] != PassedOver)
                return false;
        }
        return true;
    }

    /// <summary>Folds one character and returns where the next begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FoldOne(ReadOnlySpan<char> text, int at, ref Writer writer)
    {
        unchecked
        {
            var unit = text[at];
            var entry = s_plane0[unit];
            if (entry == Gap)
            {
                if (unit - 0xAC00u < 0x2BA4)
                    return FoldHangul(text, at, ref writer);
                if (char.IsHighSurrogate(unit) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
                    return FoldPair(text, at, ref writer);
                writer.AfterGap = true;
            }
            else if (entry is >= FirstSequence and <= LastSequence)
                Write(s_sequences[entry - FirstSequence], at, text.Length - at, ref writer);
            else if (entry != PassedOver)
                Write((char)entry, at, ref writer);
            return at + 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(char letter, int at, ref Writer writer)
    {
        unchecked
        {
            var digit = letter - (uint)'0' <= 9;
            if (digit & writer.AfterDigit & writer.AfterGap)
            {
                if (writer.Sources is not null)
                    writer.Sources[writer.Count] = at;
                writer.Letters[writer.Count++] = Separator;
            }
            if (writer.Sources is not null)
                writer.Sources[writer.Count] = at;
            writer.Letters[writer.Count++] = letter;
            writer.AfterDigit = digit;
            writer.AfterGap = false;
        }
    }

    private static void Write(scoped ReadOnlySpan<char> sequence, int at, int left, ref Writer writer)
    {
        var needed = writer.Count + 2 * sequence.Length + left + Slack;
        if (needed > writer.Letters.Length)
        {
            Array.Resize(ref writer.Letters, needed + needed / 4);
            if (writer.Sources is not null)
                Array.Resize(ref writer.Sources, writer.Letters.Length);
        }
        foreach (var unit in sequence)
            if (unit == Separator)
                writer.AfterGap = true;
            else
                Write(unit, at, ref writer);
    }

    /// <summary>A Hangul syllable as its jamo (Unicode 15.0, section 3.12).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int FoldHangul(ReadOnlySpan<char> text, int at, ref Writer writer)
    {
        var syllable = text[at] - 0xAC00;
        Span<char> jamo = [(char)(0x1100 + syllable / 588), (char)(0x1161 + syllable % 588 / 28), (char)(0x11A7 + syllable % 28)];
        Write(syllable % 28 == 0 ? jamo[..2] : jamo, at, text.Length - at, ref writer);
        return at + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int FoldPair(ReadOnlySpan<char> text, int at, ref Writer writer)
    {
        var point = char.ConvertToUtf32(text[at], text[at + 1]);
        var entry = s_pages[s_pageOf[point >> 8] * 256 + (point & 0xFF)];
        if (entry == Gap)
            writer.AfterGap = true;
        else if (entry == Itself)
            Write(text.Slice(at, 2), at, text.Length - at, ref writer);
        else if (entry is >= FirstSequence and <= LastSequence)
            Write(s_sequences[entry - FirstSequence], at, text.Length - at, ref writer);
        else if (entry != PassedOver)
            Write((char)entry, at, ref writer);
        return at + 2;
    }

    /// <summary>
    /// Of a block of bytes what is kept: letters, and of what lies between two digits the last place. Returns the kept ones and moves the state on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Keep(ulong letters, ulong digits, int count, ref Writer writer)
    {
        unchecked
        {
            var valid = count == 64 ? ulong.MaxValue : (1ul << count) - 1;
            letters &= valid;
            digits &= valid;
            var kept = letters;
            if ((digits | (writer.AfterDigit ? 1ul : 0)) != 0)
            {
                var gaps = ~letters & valid;
                if (writer.AfterDigit && writer.AfterGap && (digits & 1) != 0)
                    writer.Letters[writer.Count++] = Separator;
                var starts = (digits << 1 | (writer.AfterDigit ? 1ul : 0)) & gaps;
                kept |= (gaps + starts & ~gaps & digits) >> 1;
            }
            if (letters != 0)
            {
                var last = 63 - System.Numerics.BitOperations.LeadingZeroCount(letters);
                writer.AfterDigit = (digits >> last & 1) != 0;
                writer.AfterGap = last != count - 1;
            }
            else if (count > 0)
                writer.AfterGap = true;
            return kept;
        }
    }

    /// <summary>Folds up to 32 units, as far as they are plain, and returns how many. The text has at least 32 from there on.</summary>
    private static int Fold32(ReadOnlySpan<char> text, int from, ref Writer writer)
    {
        ref var source = ref Unsafe.As<char, ushort>(ref Unsafe.Add(ref MemoryMarshal.GetReference(text), from));
        var low = Vector256.LoadUnsafe(ref source);
        var high = Vector256.LoadUnsafe(ref source, 16);
        // The saturated bytes come in the order of lanes: 0, 2, 1, 3. Units beyond U+7FFF saturate to 0, and are found by their upper bytes.
        var bytes = Avx2.Permute4x64(Avx2.PackUnsignedSaturate(low.AsInt16(), high.AsInt16()).AsInt64(), 0b11_01_10_00).AsByte();
        var small = bytes | Vector256.Create((byte)0x20);
        var isLetter = Vector256.LessThan((small - Vector256.Create((byte)'a')).AsSByte() ^ Vector256.Create(sbyte.MinValue),
            Vector256.Create((sbyte)(sbyte.MinValue + 26)));
        var isDigit = Vector256.LessThan((bytes - Vector256.Create((byte)'0')).AsSByte() ^ Vector256.Create(sbyte.MinValue),
            Vector256.Create((sbyte)(sbyte.MinValue + 10)));
        var isKept = (isLetter | isDigit).AsByte();
        var folded = small;
        ulong odd = 0;
        if (bytes.ExtractMostSignificantBits() != 0 || ((low | high) & Vector256.Create((ushort)0xFF00)) != Vector256<ushort>.Zero)
        {
            var upper = Vector256.LessThan(bytes.AsSByte(), Vector256<sbyte>.Zero).AsByte();
            // A0–AF, B0–BF, E0–EF, F0–FF of the byte with bit 5 set (80–9F hide behind A0–BF: they are separators).
            var a = Table(0);
            var image = Vector256.ConditionalSelect(IsAtLeast(small, 0xE0),
                Vector256.ConditionalSelect(IsAtLeast(small, 0xF0), Avx2.Shuffle(Table(48), small & Vector256.Create((byte)0x0F)), Avx2.Shuffle(Table(32), small & Vector256.Create((byte)0x0F))),
                Vector256.ConditionalSelect(IsAtLeast(small, 0xB0), Avx2.Shuffle(Table(16), small & Vector256.Create((byte)0x0F)), Avx2.Shuffle(a, small & Vector256.Create((byte)0x0F))));
            var control = upper & ~IsAtLeast(bytes, 0xA0);
            image = Vector256.ConditionalSelect(control, Vector256.Create((byte)Separator), image);
            folded = Vector256.ConditionalSelect(upper, image, small);
            isKept |= upper & ~Vector256.Equals(image, Vector256.Create((byte)Separator));
            var wide = Avx2.Permute4x64(Avx2.PackSignedSaturate(
                Vector256.GreaterThan(low, Vector256.Create((ushort)0xFF)).AsInt16(),
                Vector256.GreaterThan(high, Vector256.Create((ushort)0xFF)).AsInt16()).AsInt64(), 0b11_01_10_00).AsByte();
            odd = (upper & Vector256.Equals(image, Vector256.Create(OddByte)) | wide).ExtractMostSignificantBits();
        }
        var count = odd == 0 ? 32 : System.Numerics.BitOperations.TrailingZeroCount(odd);
        var digits = isDigit.ExtractMostSignificantBits();
        // Letters and separators are what a digit's byte becomes by setting bit 5: digits stay, for they have it.
        var kept = (uint)Keep(isKept.ExtractMostSignificantBits(), digits, count, ref writer);
        folded = Vector256.ConditionalSelect(isKept, folded, Vector256.Create((byte)Separator));
        ref var target = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetArrayDataReference(writer.Letters));
        var at = writer.Count;
        unchecked
        {
            at = Compress(folded.GetLower(), (byte)kept, ref target, at, false);
            at = Compress(folded.GetLower(), (byte)(kept >> 8), ref target, at, true);
            at = Compress(folded.GetUpper(), (byte)(kept >> 16), ref target, at, false);
            at = Compress(folded.GetUpper(), (byte)(kept >> 24), ref target, at, true);
        }
        writer.Count = at;
        return count;

        static Vector256<byte> Table(int at) => Vector256.Create(Vector128.Create(s_upperLatin, at), Vector128.Create(s_upperLatin, at));

        static Vector256<byte> IsAtLeast(Vector256<byte> bytes, byte least) => Vector256.Equals(Vector256.Max(bytes, Vector256.Create(least)), bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Compress(Vector128<byte> bytes, byte kept, ref ushort target, int at, bool upper)
    {
        var shuffle = s_compress[kept];
        if (upper)
            bytes = Sse2.ShiftRightLogical128BitLane(bytes, 8);
        var moved = Ssse3.Shuffle(bytes, Vector128.CreateScalarUnsafe(shuffle).AsByte());
        Sse41.ConvertToVector128Int16(moved).AsUInt16().StoreUnsafe(ref target, (nuint)at);
        return at + System.Numerics.BitOperations.PopCount(kept);
    }

    /// <summary>As <see cref="Fold32"/>, 64 units, with AVX-512 BW.</summary>
    private static int Fold64(ReadOnlySpan<char> text, int from, ref Writer writer)
    {
        ref var source = ref Unsafe.As<char, ushort>(ref Unsafe.Add(ref MemoryMarshal.GetReference(text), from));
        var low = Vector512.LoadUnsafe(ref source);
        var high = Vector512.LoadUnsafe(ref source, 32);
        var bytes = Vector512.Create(Avx512BW.ConvertToVector256ByteWithSaturation(low), Avx512BW.ConvertToVector256ByteWithSaturation(high));
        var small = bytes | Vector512.Create((byte)0x20);
        var isDigit = Vector512.LessThan(bytes - Vector512.Create((byte)'0'), Vector512.Create((byte)10));
        var isKept = Vector512.LessThan(small - Vector512.Create((byte)'a'), Vector512.Create((byte)26)) | isDigit;
        var folded = small;
        ulong odd = 0;
        if (bytes.ExtractMostSignificantBits() != 0)
        {
            var upper = Vector512.GreaterThanOrEqual(bytes, Vector512.Create((byte)0x80));
            var nibble = small & Vector512.Create((byte)0x0F);
            var image = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(small, Vector512.Create((byte)0xE0)),
                Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(small, Vector512.Create((byte)0xF0)), Avx512BW.Shuffle(Table(48), nibble), Avx512BW.Shuffle(Table(32), nibble)),
                Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(small, Vector512.Create((byte)0xB0)), Avx512BW.Shuffle(Table(16), nibble), Avx512BW.Shuffle(Table(0), nibble)));
            var control = upper & Vector512.LessThan(bytes, Vector512.Create((byte)0xA0));
            image = Vector512.ConditionalSelect(control, Vector512.Create((byte)Separator), image);
            folded = Vector512.ConditionalSelect(upper, image, small);
            isKept |= upper & ~Vector512.Equals(image, Vector512.Create((byte)Separator));
            odd = (upper & Vector512.Equals(image, Vector512.Create(OddByte))).ExtractMostSignificantBits()
                | Vector512.GreaterThan(low, Vector512.Create((ushort)0xFF)).ExtractMostSignificantBits()
                | Vector512.GreaterThan(high, Vector512.Create((ushort)0xFF)).ExtractMostSignificantBits() << 32;
        }
        var count = odd == 0 ? 64 : System.Numerics.BitOperations.TrailingZeroCount(odd);
        var kept = Keep(isKept.ExtractMostSignificantBits(), isDigit.ExtractMostSignificantBits(), count, ref writer);
        folded = Vector512.ConditionalSelect(isKept, folded, Vector512.Create((byte)Separator));
        ref var target = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetArrayDataReference(writer.Letters));
        var at = writer.Count;
        unchecked
        {
            for (var part = 0; part < 64; part += 16)
            {
                var sixteen = part switch { 0 => folded.GetLower().GetLower(), 16 => folded.GetLower().GetUpper(), 32 => folded.GetUpper().GetLower(), _ => folded.GetUpper().GetUpper() };
                at = Compress(sixteen, (byte)(kept >> part), ref target, at, false);
                at = Compress(sixteen, (byte)(kept >> part + 8), ref target, at, true);
            }
        }
        writer.Count = at;
        return count;

        static Vector512<byte> Table(int at)
        {
            var table = Vector128.Create(s_upperLatin, at);
            return Vector512.Create(Vector256.Create(table, table), Vector256.Create(table, table));
        }
    }
}
