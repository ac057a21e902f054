namespace Countersign.Gate.Smtp;

/// <summary>
/// Finds the end of a message in what arrives behind DATA: CR LF . CR LF and nothing else (RFC 5321 §4.1.1.4, §2.3.8). A line feed or carriage return that is
/// not part of a CR LF ends nothing; it is remembered, because servers behind might think otherwise (SMTP smuggling). Fed in pieces of any length.
/// </summary>
internal struct EndOfData
{
    private enum At : byte
    {
        LineStart,
        InLine,
        Cr,
        Dot,
        DotCr,
    }

    private At _at;
    private bool _isChunked;

    /// <summary>Whether there was a CR or LF by itself.</summary>
    public bool HasStray { get; private set; }

    /// <summary>Whether a line began with a dot, so that the message is not its own bytes (RFC 5321 §4.5.2).</summary>
    public bool HasStuffing { get; private set; }

    /// <summary>Whether the end was seen.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Reads on. Returns how many bytes belong to the message with its end: all of them, or up to and with the end's last LF.</summary>
    public int Read(ReadOnlySpan<byte> arrived)
    {
        var i = 0;
        while (i < arrived.Length)
        {
            var b = arrived[i];
            switch (_at)
            {
                case At.LineStart when b == '.' && !_isChunked:
                    _at = At.Dot;
                    i++;
                    break;
                case At.LineStart:
                    _at = At.InLine;
                    break;
                case At.InLine:
                    var found = arrived[i..].IndexOfAny((byte)'\r', (byte)'\n');
                    if (found < 0)
                        return arrived.Length;
                    i += found + 1;
                    if (arrived[i - 1] == '\n')
                        HasStray = true;
                    else
                        _at = At.Cr;
                    break;
                case At.Cr when b == '\n':
                    _at = At.LineStart;
                    i++;
                    break;
                case At.Cr when b == '\r':
                    HasStray = true;
                    i++;
                    break;
                case At.Cr:
                    HasStray = true;
                    _at = At.InLine;
                    break;
                case At.Dot when b == '\r':
                    _at = At.DotCr;
                    i++;
                    break;
                case At.Dot:
                    HasStuffing = true;
                    _at = At.InLine;
                    break;
                case At.DotCr when b == '\n':
                    IsOver = true;
                    return i + 1;
                case At.DotCr:
                    HasStray = true;
                    HasStuffing = true;
                    _at = b == '\r' ? At.Cr : At.InLine;
                    if (b == '\r')
                        i++;
                    break;
            }
        }
        return i;
    }

    /// <summary>Reads on where bytes come in chunks (RFC 3030 §2), which no dot ends. <paramref name="last"/> says that no more come.</summary>
    public void ReadChunk(ReadOnlySpan<byte> arrived, bool last)
    {
        _isChunked = true;
        Read(arrived);
        HasStray |= last && _at == At.Cr;
    }
}
