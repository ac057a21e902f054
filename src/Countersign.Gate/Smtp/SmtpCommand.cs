using System.Text;

namespace Countersign.Gate.Smtp;

/// <summary>The commands that the gate knows.</summary>
internal enum SmtpVerb
{
    Unknown,

    /// <summary>Known to SMTP, and not offered: EXPN, HELP, TURN, ETRN, AUTH and others.</summary>
    NotOffered,
    Helo,
    Ehlo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Vrfy,
    Quit,
    StartTls,
    XForward,
    XClient,
}

/// <summary>Reads command lines (RFC 5321 §4.1.1). A line is given without its CRLF and never holds CR or LF.</summary>
internal static class SmtpCommand
{
    /// <summary>The longest line that is read, with CRLF. RFC 5321 asks for 512, and extensions add to it (RFC 3461 §5.4: at least 1036 in all).</summary>
    public const int MostLine = 2048;

    /// <summary>The longest path with its brackets is 256 (RFC 5321 §4.5.3.1.3); with UTF-8 and routes more is seen, and the next hop decides.</summary>
    private const int MostPath = 1000;

    /// <summary>The verb, and where its arguments begin.</summary>
    public static SmtpVerb Verb(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> arguments)
    {
        var end = line.IndexOfAny((byte)' ', (byte)'\t');
        var word = end < 0 ? line : line[..end];
        arguments = end < 0 ? [] : Trim(line[end..]);
        return word.Length switch
        {
            4 => (Upper(word[0]) << 24 | Upper(word[1]) << 16 | Upper(word[2]) << 8 | Upper(word[3])) switch
            {
                'H' << 24 | 'E' << 16 | 'L' << 8 | 'O' => SmtpVerb.Helo,
                'E' << 24 | 'H' << 16 | 'L' << 8 | 'O' => SmtpVerb.Ehlo,
                'M' << 24 | 'A' << 16 | 'I' << 8 | 'L' => SmtpVerb.Mail,
                'R' << 24 | 'C' << 16 | 'P' << 8 | 'T' => SmtpVerb.Rcpt,
                'D' << 24 | 'A' << 16 | 'T' << 8 | 'A' => SmtpVerb.Data,
                'B' << 24 | 'D' << 16 | 'A' << 8 | 'T' => SmtpVerb.Bdat,
                'R' << 24 | 'S' << 16 | 'E' << 8 | 'T' => SmtpVerb.Rset,
                'N' << 24 | 'O' << 16 | 'O' << 8 | 'P' => SmtpVerb.Noop,
                'V' << 24 | 'R' << 16 | 'F' << 8 | 'Y' => SmtpVerb.Vrfy,
                'Q' << 24 | 'U' << 16 | 'I' << 8 | 'T' => SmtpVerb.Quit,
                'E' << 24 | 'X' << 16 | 'P' << 8 | 'N' or 'H' << 24 | 'E' << 16 | 'L' << 8 | 'P' or 'A' << 24 | 'U' << 16 | 'T' << 8 | 'H' or 'E' << 24 | 'T' << 16 | 'R' << 8 | 'N'
                    or 'T' << 24 | 'U' << 16 | 'R' << 8 | 'N' => SmtpVerb.NotOffered,
                _ => SmtpVerb.Unknown,
            },
            7 when Is(word, "XCLIENT"u8) => SmtpVerb.XClient,
            8 when Is(word, "STARTTLS"u8) => SmtpVerb.StartTls,
            8 when Is(word, "XFORWARD"u8) => SmtpVerb.XForward,
            _ => SmtpVerb.Unknown,
        };
    }

    /// <summary>
    /// Reads <c>FROM:&lt;path&gt; parameters</c> or <c>TO:&lt;path&gt; parameters</c>. The path is given with its brackets, as it was written; a path without
    /// brackets gets them. False where it is not so written.
    /// </summary>
    public static bool TryPath(ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> keyword, out byte[] path, out string address, out string parameters)
    {
        (path, address, parameters) = ([], "", "");
        if (arguments.Length <= keyword.Length || !Is(arguments[..keyword.Length], keyword) || arguments[keyword.Length] != ':')
            return false;
        var rest = Trim(arguments[(keyword.Length + 1)..]);
        if (rest.Length == 0)
            return false;
        int end;
        if (rest[0] == '<')
        {
            end = EndOfPath(rest);
            if (end < 0)
                return false;
            path = rest[..end].ToArray();
        }
        else
        {
            end = rest.IndexOf((byte)' ');
            end = end < 0 ? rest.Length : end;
            if (rest[..end].IndexOfAny((byte)'<', (byte)'>') >= 0)
                return false;
            path = [(byte)'<', .. rest[..end], (byte)'>'];
        }
        if (path.Length > MostPath || end < rest.Length && rest[end] != ' ')
            return false;
        foreach (var b in rest)
            if (b is < (byte)' ' or 0x7F)
                return false;
        address = Address(Utf8(path.AsSpan(1, path.Length - 2)));
        parameters = Utf8(Trim(rest[end..]));
        return true;
    }

    /// <summary>Where a path ends (exclusive): at the first &gt; outside quotation marks; −1 where there is none.</summary>
    private static int EndOfPath(ReadOnlySpan<byte> text)
    {
        var quoted = false;
        for (var i = 1; i < text.Length; i++)
            switch (text[i])
            {
                case (byte)'\\':
                    i++;
                    break;
                case (byte)'"':
                    quoted = !quoted;
                    break;
                case (byte)'<' when !quoted:
                    return -1;
                case (byte)'>' when !quoted:
                    return i + 1;
            }
        return -1;
    }

    /// <summary>
    /// A mailbox as it is compared: without a source route (RFC 5321 §4.1.2, <c>@a,@b:user@c</c>), without needless quotation marks, and without the dot that
    /// may end a domain. Whoever writes a recipient in another way must not make another recipient of it.
    /// </summary>
    private static string Address(string path)
    {
        path = path.Trim();
        if (path.StartsWith('@') && path.IndexOf(':') is > 0 and var colon)
            path = path[(colon + 1)..];
        var at = path.LastIndexOf('@');
        if (at < 0)
            return path;
        var (local, domain) = (path[..at], path[(at + 1)..].TrimEnd('.'));
        if (local is ['"', .., '"'])
        {
            var plain = new StringBuilder();
            for (var i = 1; i < local.Length - 1; i++)
            {
                if (local[i] == '\\' && i + 1 < local.Length - 1)
                    i++;
                plain.Append(local[i]);
            }
            local = plain.ToString();
        }
        return $"{local}@{domain}";
    }

    internal static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> upper)
    {
        if (word.Length != upper.Length)
            return false;
        for (var i = 0; i < word.Length; i++)
            if (Upper(word[i]) != upper[i])
                return false;
        return true;
    }

    internal static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t"u8);

    internal static string Utf8(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    private static int Upper(byte b) => b is >= (byte)'a' and <= (byte)'z' ? b - 32 : b;
}
