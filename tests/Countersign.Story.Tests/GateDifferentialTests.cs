using System.Text;
using System.Text.RegularExpressions;
using Countersign.Story.Tests.Mail;
using CsCheck;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>
/// The gate beside the mail server that stands behind it: generated dialogues, good and bad, go to both, line by line. Clients act on the first digit of an answer (RFC 5321 §4.3.2); it has
/// to be the same from both, except where the table below says why not. Each row of the table has to be met: what no longer differs has no place in it.
/// </summary>
[Collection(nameof(MailHouse))]
public sealed class GateDifferentialTests(MailHouse house, ITestOutputHelper output)
{
    /// <param name="Command">What is said, as a pattern; case counts for nothing.</param>
    /// <param name="Gate">The first digit of the gate's answer.</param>
    /// <param name="Postfix">The first digit of Postfix's.</param>
    /// <param name="Why">Why that is right, or does no harm.</param>
    /// <param name="After">Only after this greeting: <c>EHLO</c>, <c>HELO</c>, or none at all; null after any.</param>
    private sealed record Deviation(string Command, int Gate, int Postfix, string Why, string? After = null);

    private static readonly Deviation[] Deviations =
    [
        new(@"^MAIL FROM:", 2, 5, "The gate says the sender to the next hop together with the first recipient: what the next hop has against it shows there, which is tried each time."),
        new(@"^(MAIL\s+FROM:|XFORWARD NAME=)", 5, 2, "RFC 5321 §4.1.1.1: a client says EHLO or HELO before all else. Postfix asks for it only where it is told to (smtpd_helo_required).", After: ""),
        new(@"^(MAIL|RCPT) .* (SIZE|BODY|SMTPUTF8|RET|ENVID|NOTIFY|ORCPT)", 5, 2, "After HELO there are no extensions (RFC 5321 §4.1.1.1), and so no parameters. Postfix takes them all the same.", After: "HELO"),
        new(@"^(MAIL|RCPT) .*(<<|>>|:>|:[^<\s]+>|\t)", 5, 2, "A path with a bracket or a control character too many is read in more than one way; the gate must know for certain who the recipient is."),
        new(@"^(EHLO|HELO)\s", 5, 2, "A client's name has no blanks, no bytes beyond ASCII, and at most 255 characters (RFC 5321 §4.1.1.1, §4.5.3.1.2)."),
        new(@"^\s+NOOP", 5, 2, "A command begins its line (RFC 5321 §2.3.8). Postfix passes over blanks before it."),
        new(@"^NOOP.*\0|^NOOP z{4000}", 5, 2, "A line with NUL in it, or of more than 2,048 bytes. Postfix cuts it off there and reads what is left."),
        new(@"^QUIT x", 5, 2, "QUIT takes no parameter (RFC 5321 §4.1.1.10); without one it is there for whoever wants to leave."),
        new(@"^($|[^a-z\s]|MAILFROM:|RCPTTO:|Subject:)", 5, 2, "Postfix ends a session at what looks like the text of a mail, with 221 (smtpd_forbidden_commands); the gate says 500, and ends it after twenty."),
        new(@"^ETRN \S", 5, 4, "The gate does not offer ETRN; Postfix does, and will not do it for this domain now."),
        new(@"^BDAT 0$", 2, 5, "A chunk of no bytes is a chunk (RFC 3030 §2). Postfix will have none of it."),
        new(@"^XFORWARD (FOO|NAME$)", 2, 5, "What a trusted server says of a client is passed on with the next message. Where the next hop does not understand it, it takes the message all the same."),
    ];

    private const int Dialogues = 400;

    [Fact]
    public void A_client_sees_the_same_classes_of_answers_as_from_Postfix_itself()
    {
        house.Open();
        var (met, unknown, answers) = (new HashSet<Deviation>(), new SortedDictionary<string, string>(StringComparer.Ordinal), 0);
        // The same dialogues each time: a difference that is found is found again.
        var random = new PCG(2020, 6);
        for (var i = 0; i < Dialogues; i++)
            answers += Hold(Dialogue.Generate(random, null, out _), met, unknown);
        output.WriteLine($"{Dialogues} dialogues, {answers} answers; met {met.Count} of {Deviations.Length} deviations");
        Assert.True(unknown.Count == 0, $"{unknown.Count} differences that the table does not know:\n{string.Join("\n----\n", unknown.Values)}");
        Assert.Empty(Deviations.Except(met).Select(d => $"{d.Command} ({d.Gate}, not {d.Postfix}) was not met: take it out of the table"));
    }

    /// <summary>One dialogue with both. Differences that the table does not know are put with the others, once for each command.</summary>
    private int Hold(IEnumerable<string> lines, HashSet<Deviation> met, SortedDictionary<string, string> unknown)
    {
        using var gate = new SmtpTalk(house.GatePort);
        using var postfix = new SmtpTalk(house.BackPort);
        var said = new StringBuilder();
        var greeted = "";
        Assert.Equal(postfix.Greeting.Code, gate.Greeting.Code);
        var count = 0;
        foreach (var line in lines)
        {
            var (ours, theirs) = (gate.Say(line), postfix.Say(line));
            count++;
            if (Same(line, ours, theirs) && ours.Code == 354)
            {
                foreach (var talk in (SmtpTalk[])[gate, postfix])
                    talk.Send("Subject: note\r\n\r\nHello.\r\n..\r\n.\r\n"u8);
                (ours, theirs) = (gate.Read(), postfix.Read());
                count++;
                Same("(message)", ours, theirs);
            }
            if (ours.Code is 0 or 221 or 421 || theirs.Code is 0 or 221 or 421)
                return count;
            if (ours.Class == 2 && theirs.Class == 2 && line.Length > 4 && (line[..4].ToUpperInvariant() is "EHLO" or "HELO"))
                greeted = line[..4].ToUpperInvariant();
            // RFC 3030 §2: after a chunk was refused nobody knows where the other is; and Postfix remembers the size of a message that was too large for it until it is reset.
            var lost = ours.Class == 5 && theirs.Class == 5 && (line.StartsWith("BDAT", StringComparison.Ordinal) || line.Contains("SIZE=9", StringComparison.Ordinal));
            if (ours.Class == theirs.Class && !lost)
                continue;
            if (line.StartsWith("MAIL", StringComparison.OrdinalIgnoreCase) && ours.Class == 2)
            {
                var late = gate.Say("RCPT TO:<joc@example.org>");
                if (late.Class != theirs.Class)
                    unknown.TryAdd("late " + line, $"{said}what the next hop has against the sender does not show at its recipient: {late}");
            }
            // They are no longer in the same place: both begin again, as a client would. Whoever waits for a message first gets it.
            foreach (var (talk, answer) in ((SmtpTalk, SmtpAnswer)[])[(gate, ours), (postfix, theirs)])
            {
                if (answer.Code == 354)
                {
                    talk.Send(".\r\n"u8);
                    talk.Read();
                }
                var reset = talk.Say("RSET");
                if (reset.Code != 250)
                {
                    unknown.TryAdd("reset " + line, $"{said}RSET: {reset}");
                    return count;
                }
            }
        }
        return count;

        bool Same(string line, SmtpAnswer ours, SmtpAnswer theirs)
        {
            said.AppendLine($"{Short(line)}\n    gate: {ours}\n    postfix: {theirs}");
            if (ours.Class == theirs.Class)
                return true;
            if (Array.Find(Deviations, d => d.Gate == ours.Class && d.Postfix == theirs.Class && (d.After is null || d.After == greeted) && Regex.IsMatch(line, d.Command, RegexOptions.IgnoreCase)) is { } why)
                met.Add(why);
            else
                unknown.TryAdd($"{line} {ours.Class} {theirs.Class}", said.ToString());
            return false;
        }
    }

    private static string Short(string line) => line.Length > 100 ? $"{line[..60]}… ({line.Length} bytes)" : line.Replace("\0", "\\0", StringComparison.Ordinal);

    private static readonly Gen<string> Path = Gen.Frequency(
        (12, Gen.OneOf("<joc@example.org>", "<d.drafter@tfn.example>", "<postmaster@example.org>", "<a.b+c@sub.example.org>")),
        (8, Gen.OneOf(
            "<>", "joc@example.org", " <joc@example.org>", "<joc@example.org", "joc@example.org>", "<joc>", "joc", "<postmaster>", "<@relay.example:joc@example.org>", "<@a.example,@b.example:joc@example.org>",
            "<\"joc\"@example.org>", "<\"j o c\"@example.org>", "<\"j>c\"@example.org>", "<joc@[127.0.0.1]>", "<joc@example.org.>", "<joc@>", "<@example.org>", "<joc@@example.org>", "<joc@example..org>",
            "<jo c@example.org>", "<joc@exa mple.org>", "<<joc@example.org>>", "<joc@example.org>>", "<joc@example.org>x", "<köche@example.org>", "<joc@bücher.example>", "", " ", "<", ">",
            "Joint Operations <joc@example.org>", "<joc@example.org> (the joint operations)", "<" + new string('a', 65) + "@example.org>", "<joc@" + new string('b', 64) + ".example>", "<" + new string('c', 600) + "@example.org>",
            "<joc%example.net@example.org>", "<example.net!joc@example.org>", "<joc@example.org,press@example.net>", "<JOC@EXAMPLE.ORG>", "<joc\t@example.org>", "<-joc@example.org>")));

    private static readonly Gen<string> MailParameters = Gen.Frequency(
        (6, Gen.Const("")),
        (6, Gen.OneOf(
            " SIZE=100", " SIZE=0", " SIZE=9999999999", " SIZE=99999999999999999999999", " SIZE=", " SIZE=abc", " SIZE", " SIZE=-1", " BODY=7BIT", " BODY=8BITMIME", " BODY=BINARYMIME", " BODY=FOO", " BODY", " SMTPUTF8", " SMTPUTF8=1",
            " RET=FULL", " RET=HDRS", " RET=FOO", " RET=", " ENVID=abc", " ENVID=", " ENVID=a+2Bb", " FOO=BAR", " FOO", " AUTH=<>", " size=100 body=8bitmime", "  SIZE=100", " SIZE=100 SIZE=200", " NOTIFY=NEVER")));

    private static readonly Gen<string> RcptParameters = Gen.Frequency(
        (8, Gen.Const("")),
        (4, Gen.OneOf(" NOTIFY=NEVER", " NOTIFY=SUCCESS,FAILURE,DELAY", " NOTIFY=NEVER,SUCCESS", " NOTIFY=FOO", " NOTIFY=", " ORCPT=rfc822;joc@example.org", " ORCPT=joc", " ORCPT=", " FOO=BAR", " SIZE=1", " notify=failure")));

    private static readonly Gen<string> Line = Gen.Frequency(
        (5, Gen.OneOf("EHLO client.example", "HELO client.example", "ehlo client.example", "EHLO [127.0.0.1]")),
        (2, Gen.OneOf("EHLO", "HELO", "EHLO ", "EHLO a b", "HELO a b", "EHLO <client>", "EHLO -", "HELO " + new string('h', 300), "EHLO kü.example", "EHLO client.example ", "EHLO\tclient.example")),
        (12, Gen.Select(Path, MailParameters, (p, q) => $"MAIL FROM:{p}{q}")),
        (12, Gen.Select(Path, RcptParameters, (p, q) => $"RCPT TO:{p}{q}")),
        (2, Gen.OneOf("MAIL", "MAIL FROM", "MAIL <a@tfn.example>", "MAIL FROM <a@tfn.example>", "MAIL TO:<a@tfn.example>", "MAILFROM:<a@tfn.example>", "mail from:<a@tfn.example>", "MAIL  FROM:<a@tfn.example>", "MAIL FROM :<a@tfn.example>", "MAIL\tFROM:<a@tfn.example>")),
        (2, Gen.OneOf("RCPT", "RCPT TO", "RCPT <a@example.org>", "RCPT TO <a@example.org>", "RCPT FROM:<a@example.org>", "RCPTTO:<a@example.org>", "rcpt to:<a@example.org>", "RCPT  TO:<a@example.org>", "RCPT TO :<a@example.org>")),
        (5, Gen.Const("DATA")),
        (1, Gen.OneOf("DATA x", "data", "DATA ", "DATA\t")),
        (4, Gen.OneOf("RSET", "NOOP", "RSET x", "NOOP x y", "rset", "RSET ", "VRFY", "VRFY joc@example.org", "VRFY joc", "HELP", "HELP MAIL", "EXPN staff", "EXPN", "QUIT x", "TURN", "ETRN", "ETRN example.org", "SEND FROM:<a@b.example>", "SOML", "SAML")),
        (3, Gen.OneOf("", " ", "FOO", "FOO BAR", ".", "..", "Subject: note", "\0", "NO\0OP", "NOOP\0", "ÄÖÜ", " NOOP", "\tNOOP", "NOOP\t", "STARTTLS x", "AUTH PLAIN AAAA", "AUTH", "XFORWARD", "XFORWARD NAME=a.example", "XFORWARD FOO=bar", "XFORWARD NAME", "XCLIENT NAME=a",
            new string('x', 600), new string('x', 3000), "NOOP " + new string('y', 1500), "NOOP " + new string('z', 5000))),
        (1, Gen.OneOf("BDAT 0", "BDAT 0 LAST")),
        (1, Gen.Const("QUIT")));

    /// <summary>Most begin as they should, or nothing deep would be reached.</summary>
    private static readonly Gen<List<string>> Dialogue = Gen.Select(
        Gen.Frequency((6, Gen.Const(new[] { "EHLO client.example" })), (3, Gen.Const(new[] { "EHLO client.example", "MAIL FROM:<d.drafter@tfn.example>" })),
            (3, Gen.Const(new[] { "EHLO client.example", "MAIL FROM:<d.drafter@tfn.example>", "RCPT TO:<joc@example.org>" })), (1, Gen.Const(Array.Empty<string>()))),
        Line.List[1, 9], (start, rest) => (List<string>)[.. start, .. rest]);
}
