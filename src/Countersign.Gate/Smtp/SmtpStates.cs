namespace Countersign.Gate.Smtp;

/// <summary>How far a session is.</summary>
internal enum SmtpState
{
    /// <summary>Connected, or TLS or XCLIENT has begun anew: nobody has said who he is.</summary>
    Connected,

    /// <summary>EHLO or HELO was said.</summary>
    Greeted,

    /// <summary>There is a sender.</summary>
    Sender,

    /// <summary>There is a recipient whom the next hop took.</summary>
    Recipients,

    /// <summary>The message comes in chunks.</summary>
    Chunks,
}

/// <summary>What the session does about a command.</summary>
internal enum SmtpStep
{
    /// <summary>503: not in this order.</summary>
    Order,

    /// <summary>502: not offered.</summary>
    NotHere,

    /// <summary>500: no command.</summary>
    Unknown,

    /// <summary>554: nobody would get it.</summary>
    Nobody,
    Greet,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Reset,
    Noop,
    Vrfy,
    Quit,
    StartTls,
    XForward,
    XClient,
}

/// <summary>
/// The protocol (RFC 5321 §4.1.4): what each command does in each state. Where a step leads stands with it in <see cref="SmtpSession"/>. BDAT is taken up in
/// every state, because its bytes follow whatever the answer is (RFC 3030 §2).
/// </summary>
internal static class SmtpStates
{
    private const string Table = """
                    Connected  Greeted    Sender     Recipients Chunks
        Ehlo        Greet      Greet      Greet      Greet      Greet
        Helo        Greet      Greet      Greet      Greet      Greet
        Mail        Order      Mail       Order      Order      Order
        Rcpt        Order      Order      Rcpt       Rcpt       Order
        Data        Order      Order      Nobody     Data       Order
        Bdat        Bdat       Bdat       Bdat       Bdat       Bdat
        Rset        Reset      Reset      Reset      Reset      Reset
        Noop        Noop       Noop       Noop       Noop       Noop
        Vrfy        Vrfy       Vrfy       Vrfy       Vrfy       Vrfy
        Quit        Quit       Quit       Quit       Quit       Quit
        StartTls    Order      StartTls   Order      Order      Order
        XForward    Order      XForward   Order      Order      Order
        XClient     Order      XClient    Order      Order      Order
        NotOffered  NotHere    NotHere    NotHere    NotHere    NotHere
        Unknown     Unknown    Unknown    Unknown    Unknown    Unknown
        """;

    private static readonly int States = Enum.GetValues<SmtpState>().Length;
    private static readonly SmtpStep[] Steps = Read();

    /// <summary>What to do.</summary>
    public static SmtpStep Step(SmtpVerb verb, SmtpState state) => Steps[(int)verb * States + (int)state];

    private static SmtpStep[] Read()
    {
        var steps = new SmtpStep[Enum.GetValues<SmtpVerb>().Length * States];
        string[][] rows = [.. Table.Split('\n').Select(r => r.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        foreach (var row in rows[1..])
            for (var column = 0; column < States; column++)
                steps[(int)Enum.Parse<SmtpVerb>(row[0]) * States + (int)Enum.Parse<SmtpState>(rows[0][column])] = Enum.Parse<SmtpStep>(row[column + 1]);
        return steps;
    }
}
