using System.Text;
using Countersign.Story.Tests.Mail;
using Countersign.Testing;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>The ways in which mail servers and mail programs are set before the gate, each run for real: an everyday message arrives, and what looks like the office's letter does not.</summary>
[Collection(nameof(MailHouse))]
public sealed class GateRecipeTests(MailHouse house)
{
    private const string Sender = "d.drafter@tfn.example", Recipient = "joc@example.org";

    /// <summary>Never filed, and yet the office's by its looks: refused without any draft.</summary>
    private const string LookAlike = "Task Force North\ntfn.example\n\n6 January 2020\n\nGeneral of the Army\nMinistry of Defence\n\nSir,\n\nWe are leaving next week, all of us.\n\nB. Commander\nTask Force North\n";

    private static int _number;

    [Fact]
    public void Postfix_asks_the_gate_about_every_message_with_smtpd_proxy_filter()
    {
        house.Open();
        var (id, everyday) = Message("Lunch on Thursday?\n..\n.\n.dots at the start of lines\n");
        Assert.Equal(250, SmtpTalk.Mail(house.FrontPort, Sender, [Recipient, "second@example.org"], everyday).Code);
        var arrived = house.Sink.Await(id);
        Assert.Equal(everyday, arrived.Sent);
        Assert.Equal([Recipient, "second@example.org"], house.Sink.Mail.Where(m => m.Text.Contains(id, StringComparison.Ordinal)).SelectMany(m => m.Recipients).Order());

        // The gate adds no line of its own, and passes on who the client was (XFORWARD), which the server behind it writes into its log.
        Assert.Equal(["from gate.tfn.example", "from client.example"], arrived.Text.Split("\r\n").Where(l => l.StartsWith("Received: ", StringComparison.Ordinal)).Select(l => l[10..].Split(" (")[0]));
        Assert.True(house.Tap.Saw("HELO=client.example"u8));
        Assert.Contains("orig_client=", house.PostfixLog, StringComparison.Ordinal);

        var (refused, letter) = Message(LookAlike);
        var answer = SmtpTalk.Mail(house.FrontPort, Sender, [Recipient], letter);
        Assert.StartsWith("550 5.7.1 It looks like a letter of this office and is not sealed.", answer.Text, StringComparison.Ordinal);
        Assert.False(house.Tap.Saw(Encoding.ASCII.GetBytes(refused)));
    }

    /// <summary>A server that was authenticated to says so of its sender (RFC 4954 §5), and Postfix passes MAIL on to the gate as the client wrote it.</summary>
    [Fact]
    public void A_sender_who_was_authenticated_is_no_offence_to_the_gate()
    {
        house.Open();
        using var talk = new SmtpTalk(house.FrontPort);
        Assert.Equal(250, talk.Say("EHLO exchange.example").Code);
        var answer = talk.Say($"MAIL FROM:<{Sender}> SIZE=200 AUTH=<>");
        Assert.True(answer.Code == 250, answer.ToString());
        answer = talk.Say($"RCPT TO:<{Recipient}>");
        Assert.True(answer.Code == 250, answer.ToString());
        Assert.Equal(354, talk.Say("DATA").Code);
        var (id, everyday) = Message("Lunch on Thursday?\n");
        talk.Send(SmtpTalk.Stuffed(everyday));
        answer = talk.Read();
        Assert.True(answer.Code == 250, answer.ToString());
        Assert.Equal(everyday, house.Sink.Await(id).Sent);
    }

    [Fact]
    public void A_large_message_goes_through_both_mail_servers_unchanged()
    {
        house.Open();
        var text = new StringBuilder();
        for (var i = 0; i < 40_000; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{(i % 7 == 0 ? "." : "")}line {i} of a long list of stores\n");
        var (id, large) = Message(text.ToString());
        Assert.InRange(large.Length, 1_000_001, 5_000_000); // more than the gate holds of one message in memory
        Assert.Equal(250, SmtpTalk.Mail(house.FrontPort, Sender, [Recipient], large).Code);
        Assert.Equal(large, house.Sink.Await(id).Sent);
    }

    [Fact]
    public void Postfix_sends_through_the_gate_with_relayhost_and_its_users_get_the_reason_back()
    {
        house.Open();
        var port = Postfix.FreePorts(1)[0];
        using var office = new Postfix($"myhostname = office.tfn.example\nrelayhost = [127.0.0.1]:{house.GatePort}\nsmtp_tls_security_level = encrypt\n", $"127.0.0.1:{port} inet n - n - - smtpd", port);
        var (id, everyday) = Message("Lunch on Thursday?\n");
        Assert.Equal(250, SmtpTalk.Mail(port, Sender, [Recipient], everyday).Code);
        // Two servers put their line on top, and nothing else is changed.
        Assert.Equal(everyday, house.Sink.Await(id).Sent);

        // This server had accepted the message before it asked the gate: its user is told by a report.
        var (refused, letter) = Message(LookAlike);
        Assert.Equal(250, SmtpTalk.Mail(port, Sender, [Recipient], letter).Code);
        var report = house.Sink.Await(refused);
        Assert.Equal(("", Sender), (report.Sender, Assert.Single(report.Recipients)));
        var said = string.Join(' ', report.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("550 5.7.1 It looks like a letter of this office and is not sealed.", said, StringComparison.Ordinal);
        Assert.Contains("https://gate.tfn.example/cases/", said, StringComparison.Ordinal);
        Assert.DoesNotContain(house.Sink.Mail, m => m.Recipients.Contains(Recipient) && m.Text.Contains(refused, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData]
    [InlineData("--pipeline")]
    [InlineData("--tls")]
    public void Swaks_sends_straight_to_the_gate(params string[] options)
    {
        Assert.SkipUnless(Tool.Exists("swaks"), "needs swaks (Debian package swaks), which is not installed");
        Assert.SkipUnless(!options.Contains("--tls") || Tool.Run("perl", "-MNet::SSLeay", "-e", "1").ExitCode == 0, "needs swaks with TLS (Debian package libnet-ssleay-perl), which is not installed");
        house.Open();
        Tool.Result Send(byte[] message)
        {
            var file = Path.Combine(house.Place, "swaks.eml");
            File.WriteAllBytes(file, message);
            return Tool.Run("swaks", ["--server", "127.0.0.1", "--port", $"{house.GatePort}", "--from", Sender, "--to", $"{Recipient},second@example.org", "--helo", "client.example", "--timeout", "300", "--data", $"@{file}", .. options]);
        }
        var (id, everyday) = Message("Lunch on Thursday?\n.a dot\n");
        var sent = Send(everyday);
        Assert.True(sent.ExitCode == 0, sent.ToString());
        Assert.Equal(options.Contains("--tls"), sent.Output.Contains("TLS started", StringComparison.Ordinal));
        house.Sink.Await(id);

        var (refused, letter) = Message(LookAlike);
        sent = Send(letter);
        Assert.True(sent.ExitCode == 26, sent.ToString()); // swaks: the server did not take the data
        Assert.Contains("550 5.7.1 It looks like a letter of this office", sent.Output, StringComparison.Ordinal);
        Assert.False(house.Tap.Saw(Encoding.ASCII.GetBytes(refused)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MailKit_sends_mail_of_eight_bits_and_with_addresses_in_any_script(bool tls)
    {
        house.Open();
        using var client = new SmtpClient { CheckCertificateRevocation = false };
        client.ServerCertificateValidationCallback = (_, certificate, _, _) => certificate!.Subject == "CN=gate.tfn.example"; // self-made for this test
        client.Connect("127.0.0.1", house.GatePort, tls ? SecureSocketOptions.StartTls : SecureSocketOptions.None);
        Assert.Equal(tls, client.IsSecure);
        Assert.True(client.Capabilities.HasFlag(SmtpCapabilities.EightBitMime | SmtpCapabilities.UTF8 | SmtpCapabilities.Pipelining | SmtpCapabilities.EnhancedStatusCodes | SmtpCapabilities.Dsn));
        Assert.False(client.Capabilities.HasFlag(SmtpCapabilities.BinaryMime));
        const string Words = "Grüße aus der Kantine: naïve Suppe, 汤, شوربة.\n";

        var id = NextId();
        var mail = Wrapping.Saying(Words, Sender, [Recipient], id);
        mail.Body!.Headers[HeaderId.ContentTransferEncoding] = "8bit";
        client.Send(mail);
        var arrived = house.Sink.Await(id);
        Assert.Equal(Wrapping.Bytes(mail), arrived.Sent);
        Assert.Contains("Kantine: naïve Suppe, 汤, شوربة.", Encoding.UTF8.GetString(arrived.Bytes), StringComparison.Ordinal);

        id = NextId();
        var everywhere = Wrapping.Saying(Words, "jürgen@tfn.example", ["köche@example.org"], id);
        everywhere.Subject = "Suppe, 汤";
        var utf8 = FormatOptions.Default.Clone();
        utf8.International = true;
        client.Send(utf8, everywhere);
        arrived = house.Sink.Await(id);
        Assert.Equal(("jürgen@tfn.example", "köche@example.org"), (arrived.Sender, Assert.Single(arrived.Recipients)));
        Assert.Contains("Subject: Suppe, 汤\r\n", Encoding.UTF8.GetString(arrived.Bytes), StringComparison.Ordinal);

        var refusal = Assert.Throws<SmtpCommandException>(() => client.Send(Wrapping.Saying(LookAlike, Sender, [Recipient], NextId())));
        Assert.Equal((SmtpErrorCode.MessageNotAccepted, 550), (refusal.ErrorCode, (int)refusal.StatusCode));
        Assert.StartsWith("5.7.1 It looks like a letter of this office and is not sealed.", refusal.Message, StringComparison.Ordinal);

        // The session goes on after a refusal.
        id = NextId();
        client.Send(Wrapping.Saying(Words, Sender, [Recipient], id));
        house.Sink.Await(id);
        client.Disconnect(quit: true);
    }

    private static string NextId() => $"recipe-{++_number}@tfn.example";

    private static (string Id, byte[] Message) Message(string words)
    {
        var id = NextId();
        return (id, Wrapping.Bytes(Wrapping.Saying(words, Sender, [Recipient], id)));
    }
}
