using System.Text;
using Countersign.Story.Tests.Mail;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>
/// Two servers that do not agree where a message ends can be made to see two messages in one, the second with whatever sender it likes (SMTP smuggling). RFC 5321 §4.1.1.4 knows one end,
/// CR LF . CR LF, and §2.3.8 one end of a line. Each other end that servers have been known to take is tried here, from a client's bytes to the recipients' server.
/// </summary>
[Collection(nameof(MailHouse))]
public sealed class GateSmugglingTests(MailHouse house)
{
    private static int _number;

    public static TheoryData<string, string> Ends => new()
    {
        { "LF . LF", "\n.\n" },
        { "LF . CR LF", "\n.\r\n" },
        { "CR LF . LF", "\r\n.\n" },
        { "CR . CR", "\r.\r" },
        { "CR . CR LF", "\r.\r\n" },
        { "CR LF . CR", "\r\n.\r" },
        { "CR LF NUL . CR LF", "\r\n\0.\r\n" },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void No_other_end_of_data_makes_two_messages_of_one_at_the_gate(string name, string end) => Smuggle(name, end, house.Open().GatePort, inPieces: false);

    [Theory]
    [MemberData(nameof(Ends))]
    public void Nor_when_it_comes_byte_by_byte(string name, string end) => Smuggle(name, end, house.Open().GatePort, inPieces: true);

    [Theory]
    [MemberData(nameof(Ends))]
    public void Nor_through_a_mail_server_before_the_gate(string name, string end) => Smuggle(name, end, house.Open().FrontPort, inPieces: false);

    private void Smuggle(string name, string end, int port, bool inPieces)
    {
        var mark = $"smuggling{++_number}";
        using var talk = new SmtpTalk(port);
        Assert.Equal(250, talk.Say("EHLO client.example").Code);
        Assert.Equal(250, talk.Say("MAIL FROM:<outer@tfn.example>").Code);
        Assert.Equal(250, talk.Say("RCPT TO:<joc@example.org>").Code);
        Assert.Equal(354, talk.Say("DATA").Code);
        talk.Send(Encoding.ASCII.GetBytes($"Subject: {mark}\r\n\r\nLunch?"));
        foreach (var piece in inPieces ? [.. end.Select(c => c.ToString())] : (string[])[end])
            talk.Send(Encoding.ASCII.GetBytes(piece));
        talk.Send(Encoding.ASCII.GetBytes($"MAIL FROM:<smuggled@tfn.example>\r\nRCPT TO:<{mark}@example.net>\r\nDATA\r\nSubject: smuggled {mark}\r\n\r\nWe are leaving.\r\n.\r\nQUIT\r\n"));

        // One message, one answer; then the answer to QUIT.
        var answers = talk.ReadToEnd();
        Assert.True(answers.Count == 2 && answers[1].Code == 221, $"{name}: {string.Join(" | ", answers)}");
        if (answers[0].Code == 250)
            Assert.Contains("We are leaving.", house.Sink.Await($"Subject: {mark}").Text, StringComparison.Ordinal);
        else
            Assert.StartsWith("550 5.6.0 ", answers[0].Text, StringComparison.Ordinal);

        // What comes after it on the same road has arrived: whatever was to come of the smuggled one would have, too.
        var after = Wrapping.Bytes(Wrapping.Saying("Lunch.\n", "outer@tfn.example", ["joc@example.org"], $"after.{mark}@tfn.example"));
        Assert.Equal(250, SmtpTalk.Mail(port, "outer@tfn.example", ["joc@example.org"], after).Code);
        house.Sink.Await($"after.{mark}@");
        Assert.DoesNotContain(house.Sink.Mail, m => m.Sender.StartsWith("smuggled", StringComparison.Ordinal) || m.Recipients.Any(r => r.StartsWith(mark, StringComparison.Ordinal)));
        foreach (var sent in house.Tap.Sent)
            Assert.False(HasStray(sent), $"{name}: the gate sent a CR or LF by itself on to the next mail server: {Encoding.Latin1.GetString(sent)}");
        Assert.DoesNotContain(house.Sink.Mail, m => HasStray(m.Bytes));
    }

    private static bool HasStray(byte[] bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
            if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r') || bytes[i] == '\r' && i + 1 < bytes.Length && bytes[i + 1] != '\n')
                return true;
        return false;
    }
}
