using System.Globalization;
using System.Text;

namespace Countersign.Gate.Smtp;

/// <summary>One answer of an SMTP server (RFC 5321 §4.2), in the bytes in which it travels. What a next hop answered is passed on in its own bytes.</summary>
internal sealed class SmtpReply
{
    private SmtpReply(int code, ReadOnlyMemory<byte> wire) => (Code, Wire) = (code, wire);

    /// <summary>The three digits.</summary>
    public int Code { get; }

    /// <summary>All lines, each with its CRLF.</summary>
    public ReadOnlyMemory<byte> Wire { get; }

    /// <summary>Clients go by the first digit (RFC 5321 §4.2.1).</summary>
    public bool IsPositive => Code is >= 200 and < 300;

    /// <summary>The last line's text, for records and messages to people.</summary>
    public string Text
    {
        get
        {
            var all = Encoding.UTF8.GetString(Wire.Span).TrimEnd('\r', '\n');
            var last = all[(all.LastIndexOf('\n') + 1)..];
            return last.Length > 4 ? last[4..] : "";
        }
    }

    /// <summary>An answer of our own. Anything that is not printable becomes a blank: what a client sent may stand in it.</summary>
    public static SmtpReply Of(int code, params ReadOnlySpan<string> lines)
    {
        var text = new StringBuilder();
        for (var i = 0; i < lines.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{code}{(i + 1 < lines.Length ? '-' : ' ')}");
            foreach (var c in lines[i])
                text.Append(c is >= ' ' and <= '~' ? c : ' ');
            // A reply line has at most 512 bytes with its CRLF (RFC 5321 §4.5.3.1.5).
            if (lines[i].Length > 506)
                text.Length -= lines[i].Length - 506;
            text.Append("\r\n");
        }
        return new SmtpReply(code, Encoding.ASCII.GetBytes(text.ToString()));
    }

    /// <summary>
    /// Reads one whole answer from the beginning of what has arrived. True where it is whole; <paramref name="length"/> is then its bytes. False with
    /// <paramref name="broken"/> where it is no answer of SMTP.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> arrived, out SmtpReply? reply, out int length, out bool broken)
    {
        (reply, length, broken) = (null, 0, false);
        var at = 0;
        var code = 0;
        while (true)
        {
            var end = arrived[at..].IndexOf((byte)'\n');
            if (end < 0)
            {
                broken = arrived.Length - at > MostLine || arrived.Length > MostReply;
                return false;
            }
            var line = arrived.Slice(at, end + 1);
            if (line.Length < 5 || line[^2] != '\r' || !IsCode(line, out var said) || code != 0 && said != code || (line[3] is not ((byte)' ' or (byte)'-') && line.Length > 5))
            {
                broken = true;
                return false;
            }
            code = said;
            at += end + 1;
            if (line[3] == '-' && at <= MostReply)
                continue;
            if (line[3] == '-')
            {
                broken = true;
                return false;
            }
            length = at;
            reply = new SmtpReply(code, arrived[..at].ToArray());
            return true;
        }
    }

    private const int MostLine = 4096, MostReply = 65_536;

    private static bool IsCode(ReadOnlySpan<byte> line, out int code)
    {
        code = 0;
        if (line[0] is < (byte)'2' or > (byte)'5' || line[1] is < (byte)'0' or > (byte)'9' || line[2] is < (byte)'0' or > (byte)'9')
            return false;
        code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        return true;
    }
}

/// <summary>What the gate says of its own accord. Enhanced codes: RFC 3463, RFC 5248.</summary>
internal static class Says
{
    public static readonly SmtpReply Ok = SmtpReply.Of(250, "2.0.0 Ok");
    public static readonly SmtpReply SenderOk = SmtpReply.Of(250, "2.1.0 Ok");
    public static readonly SmtpReply Bye = SmtpReply.Of(221, "2.0.0 Bye");
    public static readonly SmtpReply GoAhead = SmtpReply.Of(354, "End data with <CR><LF>.<CR><LF>");
    public static readonly SmtpReply CannotVerify = SmtpReply.Of(252, "2.5.2 Send the message, and the next hop will say");
    public static readonly SmtpReply ReadyForTls = SmtpReply.Of(220, "2.0.0 Ready to start TLS");

    public static readonly SmtpReply TooManyHere = SmtpReply.Of(421, "4.3.2 Too many connections; try again later");
    public static readonly SmtpReply Closing = SmtpReply.Of(421, "4.3.2 The gate is closing; try again");
    public static readonly SmtpReply TimedOut = SmtpReply.Of(421, "4.4.2 Nothing arrived for too long");
    public static readonly SmtpReply TooManyErrors = SmtpReply.Of(421, "4.7.0 Too many errors");
    public static readonly SmtpReply NoNextHop = SmtpReply.Of(421, "4.4.1 The next mail server does not answer; try again later");
    public static readonly SmtpReply HopDown = SmtpReply.Of(451, "4.4.1 The next mail server does not answer; nothing was accepted, try again later");
    public static readonly SmtpReply HopLost = SmtpReply.Of(451, "4.4.2 The connection to the next mail server was lost; the message was not accepted, try again later");
    public static readonly SmtpReply HopCannot = SmtpReply.Of(451, "4.3.5 The next mail server no longer offers what this message needs; try again later");

    public static readonly SmtpReply LineTooLong = SmtpReply.Of(500, "5.5.2 The line is too long");
    public static readonly SmtpReply BareLine = SmtpReply.Of(500, "5.5.2 A line ends with CR and LF, and holds neither");
    public static readonly SmtpReply Unknown = SmtpReply.Of(500, "5.5.2 This is no command");
    public static readonly SmtpReply NotHere = SmtpReply.Of(502, "5.5.1 This command is not offered");
    public static readonly SmtpReply Order = SmtpReply.Of(503, "5.5.1 Not in this order");
    public static readonly SmtpReply NoRecipients = SmtpReply.Of(554, "5.5.1 No valid recipients");
    public static readonly SmtpReply Syntax = SmtpReply.Of(501, "5.5.4 The command is not written as it should be");
    public static readonly SmtpReply AddressSyntax = SmtpReply.Of(501, "5.1.3 The address is not written as it should be");
    public static readonly SmtpReply SenderSyntax = SmtpReply.Of(501, "5.1.7 The sender's address is not written as it should be");
    public static readonly SmtpReply Parameter = SmtpReply.Of(555, "5.5.4 A parameter is not offered here");
    public static readonly SmtpReply TooManyRecipients = SmtpReply.Of(452, "4.5.3 Too many recipients; send to the rest in another message");
    public static readonly SmtpReply TooLarge = SmtpReply.Of(552, "5.3.4 The message is too large");
    public static readonly SmtpReply NoSpace = SmtpReply.Of(452, "4.3.1 There is no room for the message now; try again later");
    public static readonly SmtpReply NeedsTls = SmtpReply.Of(530, "5.7.0 Start TLS first");
    public static readonly SmtpReply Injected = SmtpReply.Of(554, "5.5.0 Nothing may follow STARTTLS before TLS has begun");
    public static readonly SmtpReply NotTrusted = SmtpReply.Of(550, "5.7.0 This is for trusted servers");

    public static readonly SmtpReply StrayLineEnds =
        SmtpReply.Of(550, "5.6.0 The message holds a line end that is not CR LF, which servers read differently; have your mail program send CR LF alone");

    public static readonly SmtpReply CannotJudge = SmtpReply.Of(451, "4.7.1 The gate cannot judge the message now; try again later");
}
