using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Countersign.Documents.Readers;

/// <summary>
/// Plain text in any character set, a passage for each line. Documents that were pasted into it in base64, hexadecimal digits, uuencoding or
/// quoted-printable are read as its parts; what is pasted as PGP or yEnc is unread.
/// </summary>
internal static class PlainTextReader
{
    private const int ShortestLine = 20, ShortestRun = 80;

    private static readonly SearchValues<char> Base64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=");
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdefABCDEF");

    public static void Read(Reading reading) => Read(reading, Charsets.Decode(reading.Bytes.Span), TextRole.Body, "");

    /// <summary>Reads a text that is a document, or the piece of one.</summary>
    /// <param name="reading">Where it is put.</param>
    /// <param name="text">The text.</param>
    /// <param name="role">What its lines are.</param>
    /// <param name="part">The part of the document that it is, for the places of its lines.</param>
    public static void Read(Reading reading, string text, TextRole role, string part)
    {
        int line = 0, soft = 0, escapes = 0, runLines = 0, runLength = 0, runFrom = 0, runTo = 0, runLine = 0;
        for (var from = 0; from < text.Length;)
        {
            var rest = text.AsSpan(from);
            var length = rest.IndexOfAny('\n', '\r', '\f');
            if (length < 0) length = rest.Length;
            line++;
            var raw = rest[..length];
            var trimmed = raw.TrimEnd();
            if (!trimmed.IsEmpty)
                reading.Text(trimmed.Length == text.Length ? text : trimmed.ToString(), role, new Place(part, 0, line));

            var bare = trimmed.TrimStart("> \t|");
            if (bare.Length >= 1 && (bare.Length >= ShortestLine || runLines > 0) && bare.IndexOfAnyExcept(Base64) < 0)
            {
                if (runLines++ == 0) (runFrom, runLine, runLength) = (from, line, 0);
                runLength += bare.Length;
                runTo = from + length;
            }
            else if (runLines > 0)
            {
                EndRun();
            }
            if (!bare.IsEmpty)
            {
                if (bare[^1] == '=') soft++;
                if (soft + escapes < 1000) escapes += Escapes(bare);
                if (bare[0] == 'b' && bare.StartsWith("begin ") && IsUuBegin(bare))
                    Uudecode(reading, text, from, part, line);
                else if (bare[0] == '-' && bare.StartsWith("-----BEGIN PGP MESSAGE"))
                    reading.Unreadable(UnreadReason.Encrypted, new Place(part, 0, line), "It holds a message that is encrypted with PGP.");
                else if (bare[0] == '=' && bare.StartsWith("=ybegin "))
                    reading.Unreadable(UnreadReason.Unknown, new Place(part, 0, line), "It holds a file in yEnc, which is not read here.");
            }
            from += length + 1;
            if (from < text.Length && text[from - 1] == '\r' && text[from] == '\n') from++;
        }
        EndRun();
        if (escapes >= 8 || (soft >= 3 && escapes > 0))
            QuotedPrintable(reading, text, part);

        void EndRun()
        {
            if (runLines > 0 && runLength >= ShortestRun)
                Decode(reading, text[runFrom..runTo], new Place(part, 0, runLine));
            runLines = 0;
        }
    }

    /// <summary>How many signs of quoted-printable (RFC 2045 6.7) a line has: "=" and two capital hexadecimal digits.</summary>
    private static int Escapes(ReadOnlySpan<char> line)
    {
        var count = 0;
        for (int at; (at = line.IndexOf('=')) >= 0 && at + 2 < line.Length; line = line[(at + 1)..])
            if (IsHex(line[at + 1]) && IsHex(line[at + 2]))
                count++;
        return count;

        static bool IsHex(char c) => c is (>= '0' and <= '9') or (>= 'A' and <= 'F');
    }

    private static void Decode(Reading reading, string run, Place place)
    {
        reading.Pay(run.Length);
        var packed = new StringBuilder(run.Length);
        foreach (var c in run)
            if (Base64.Contains(c) && c != '=')
                packed.Append(c switch { '-' => '+', '_' => '/', _ => c });
        if (packed.Length % 4 == 1) packed.Length--;
        var text = packed.ToString();
        var bytes = text.AsSpan().IndexOfAnyExcept(Hex) < 0 && text.Length % 2 == 0 ? Convert.FromHexString(text)
            : Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
        // Keys, signatures and digests look like this, too: only what is a document is one.
        if (IsDocument(bytes))
            reading.Deep(() => reading.Part(bytes, "", place));
    }

    private static bool IsDocument(byte[] bytes)
    {
        var kind = DocumentKind.Detect(bytes);
        return bytes.Length >= 48 && (kind == DocumentKind.Unknown ? OtherReader.IsNamed(bytes) : kind != DocumentKind.OldText || Charsets.Unmarked16(bytes) is not null || bytes.AsSpan().Count((byte)' ') * 20 >= bytes.Length);
    }

    private static bool IsUuBegin(ReadOnlySpan<char> line) => line.Length > 10 && char.IsAsciiDigit(line[6]) && char.IsAsciiDigit(line[7]) && char.IsAsciiDigit(line[8]);

    private static void Uudecode(Reading reading, string text, int from, string part, int line)
    {
        using var all = new MemoryStream();
        var lines = text.AsSpan(from).EnumerateLines();
        lines.MoveNext();
        var begin = lines.Current.TrimStart("> \t");
        var name = begin[10..].ToString();
        while (lines.MoveNext())
        {
            reading.Tick();
            var l = lines.Current;
            if (l.StartsWith("end") || l.IsEmpty)
                break;
            var count = (l[0] - ' ') & 63;
            if (count == 0 || l.Length < 1 + (count + 2) / 3 * 4 - 3)
                break;
            for (var i = 1; i < l.Length && count > 0; i += 4)
            {
                int V(ReadOnlySpan<char> s, int at) => at < s.Length ? (s[at] - ' ') & 63 : 0;
                var bits = V(l, i) << 18 | V(l, i + 1) << 12 | V(l, i + 2) << 6 | V(l, i + 3);
                for (var shift = 16; shift >= 0 && count > 0; shift -= 8, count--)
                    all.WriteByte((byte)((bits >> shift) & 255));
            }
        }
        if (all.Length == 0)
            return;
        reading.Pay(all.Length);
        var bytes = all.ToArray();
        reading.Deep(() => reading.Part(bytes, name, new Place(part, 0, line)));
    }

    private static void QuotedPrintable(Reading reading, string text, string part)
    {
        reading.Pay(text.Length);
        using var all = new MemoryStream(text.Length);
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != '=')
            {
                all.WriteByte(bytes[i]);
                continue;
            }
            var next = i + 1;
            while (next < bytes.Length && bytes[next] is (byte)' ' or (byte)'\t' or (byte)'\r') next++;
            if (next < bytes.Length && bytes[next] == '\n')
                i = next;
            else if (i + 2 < bytes.Length && Utf8Parser.TryParse(bytes.AsSpan(i + 1, 2), out byte value, out var used, 'X') && used == 2)
            {
                all.WriteByte(value);
                i += 2;
            }
            else
                all.WriteByte(bytes[i]);
        }
        var decoded = all.ToArray();
        reading.Deep(() => reading.Part(decoded, "", new Place(part), DocumentKind.OldText));
    }
}
