using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xunit;

namespace Countersign.Gate.Tests.Smtp;

/// <summary>The gate in lock-step between a client and the next hop.</summary>
public sealed class SessionTests
{
    private const string Everyday = "From: a@tfn.example\r\nTo: b@example.org\r\nSubject: Lunch\r\n\r\nShall we have lunch on Thursday?\r\n..and a line that began with a dot";

    [Fact]
    public void What_passes_arrives_byte_for_byte_and_the_sender_gets_the_next_hops_answer()
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        Assert.Equal("250 2.0.0 taken as 1234\r\n", talk.Mail(Everyday));
        Assert.Equal(Everyday + "\r\n", Encoding.Latin1.GetString(Assert.Single(gate.Hop.Messages)));
        // Judged is what was written, without the dots of the wire.
        Assert.EndsWith("\r\n.and a line that began with a dot\r\n", Encoding.Latin1.GetString(Assert.Single(gate.Judged).Message), StringComparison.Ordinal);
        talk.Say("QUIT", "221");
    }

    [Fact]
    public void What_is_refused_never_reaches_the_next_hop_and_the_session_goes_on()
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        Assert.Equal("550 5.7.1 It holds a secret.\r\n", talk.Mail("Subject: x\r\n\r\nSECRET"));
        Assert.Equal("451 4.7.1 It cannot be told.\r\n", talk.Mail("Subject: x\r\n\r\nUNSURE"));
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", Encoding.Latin1.GetString(Assert.Single(gate.Hop.Messages)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_gate_offers_what_the_next_hop_offers_and_nothing_else_of_it()
    {
        using var gate = new GateOnLoopback();
        gate.Hop.Extensions = ["8BITMIME", "AUTH PLAIN", "BINARYMIME", "XFORWARD NAME ADDR"];
        using var talk = new Conversation(gate.At);
        Assert.Equal("250-gate.example\r\n250 8BITMIME\r\n", talk.Say("EHLO client.example", "250"));
        talk.Say("MAIL FROM:<a@tfn.example> SIZE=10", "555");
        talk.Say("MAIL FROM:<a@tfn.example> BODY=BINARYMIME", "555");
        talk.Say("MAIL FROM:<a@tfn.example> SMTPUTF8", "555");
        talk.Say("XFORWARD ADDR=10.0.0.1", "550"); // not from a peer that is trusted
        talk.Say("MAIL FROM:<a@tfn.example> BODY=8BITMIME AUTH=<>", "250"); // AUTH is taken and not passed on (RFC 4954 §5)
        talk.Say("RCPT TO:<b@example.org> NOTIFY=NEVER", "555");
        talk.Say("RCPT TO:<b@example.org>", "250");
        Assert.Contains("MAIL FROM:<a@tfn.example> BODY=8BITMIME", gate.Hop.Commands);
    }

    [Fact]
    public void Parameters_travel_as_they_were_written()
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        talk.Say("mail from:<a@tfn.example> SIZE=1000 RET=HDRS ENVID=QQ314159", "250");
        talk.Say("rcpt to:<b@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@example.org", "250");
        talk.Say("DATA", "354");
        talk.Send("Subject: x\r\n\r\nx\r\n.\r\n");
        talk.Expect("250");
        Assert.Contains("MAIL FROM:<a@tfn.example> SIZE=1000 RET=HDRS ENVID=QQ314159", gate.Hop.Commands);
        Assert.Contains("RCPT TO:<b@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@example.org", gate.Hop.Commands);
    }

    [Fact]
    public void Each_recipient_gets_the_next_hops_own_answer_and_only_those_taken_are_judged_for()
    {
        using var gate = new GateOnLoopback();
        gate.Hop.Answer = c => c.Contains("nobody", StringComparison.Ordinal) ? "550 5.1.1 no such user" : null;
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example>", "250");
        Assert.Equal("550 5.1.1 no such user\r\n", talk.Say("RCPT TO:<nobody@example.org>", "550"));
        talk.Say("RCPT TO:<b@example.org>", "250");
        talk.Say("DATA", "354");
        talk.Send("Subject: x\r\n\r\nx\r\n.\r\n");
        talk.Expect("250");
        Assert.Equal(["b@example.org"], Assert.Single(gate.Judged).Envelope.Recipients);
    }

    [Fact]
    public void A_sender_whom_the_next_hop_refuses_is_refused_at_the_recipient()
    {
        using var gate = new GateOnLoopback();
        gate.Hop.Answer = c => c.StartsWith("MAIL", StringComparison.Ordinal) ? "553 5.1.8 sender unknown" : c.StartsWith("RCPT", StringComparison.Ordinal) ? "503 5.5.1 no sender" : null;
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example>", "250");
        Assert.Equal("553 5.1.8 sender unknown\r\n", talk.Say("RCPT TO:<b@example.org>", "553"));
        talk.Say("DATA", "554");
    }

    [Fact]
    public void Commands_in_one_write_are_answered_in_order()
    {
        using var gate = new GateOnLoopback();
        gate.Hop.Answer = c => c.Contains("nobody", StringComparison.Ordinal) ? "550 5.1.1 no such user" : null;
        using var talk = gate.Talk();
        talk.Send("MAIL FROM:<a@tfn.example>\r\nRCPT TO:<nobody@example.org>\r\nRCPT TO:bad>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n");
        talk.Expect("250");
        talk.Expect("550 5.1.1");
        talk.Expect("501");
        talk.Expect("250");
        talk.Expect("250");
        talk.Expect("354");
        talk.Send("Subject: x\r\n\r\nx\r\n.\r\nRSET\r\nQUIT\r\n");
        talk.Expect("250 2.0.0 taken");
        talk.Expect("250");
        talk.Expect("221");
        Assert.Single(gate.Hop.Messages);
    }

    [Fact]
    public void A_recipient_too_long_to_be_one_is_told_so_and_what_is_left_of_it_is_no_command()
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example>", "250");
        talk.Send("RCPT TO:<b@example.org>\r\nRCPT TO:<" + new string('x', 6000));
        talk.Expect("250");
        talk.Send("\r\nRCPT TO:<c@example.org>\r\nDATA\r\n");
        talk.Expect("500 5.5.2");
        talk.Expect("250");
        talk.Expect("354");
        talk.Send("Subject: x\r\n\r\nx\r\n.\r\n");
        talk.Expect("250");
        Assert.Equal(["b@example.org", "c@example.org"], Assert.Single(gate.Judged).Envelope.Recipients);
    }

    [Fact]
    public void A_hop_that_does_not_take_commands_together_gets_them_one_by_one()
    {
        using var gate = new GateOnLoopback();
        gate.Hop.Extensions = ["8BITMIME"];
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example>", "250");
        talk.Say("RCPT TO:<b@example.org>", "250");
        talk.Say("RCPT TO:<c@example.org>", "250");
        talk.Say("DATA", "354");
        talk.Send("Subject: x\r\n\r\nx\r\n.\r\n");
        talk.Expect("250");
    }

    [Fact]
    public void Chunks_arrive_as_one_message_byte_for_byte()
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example> BODY=8BITMIME", "250");
        talk.Say("RCPT TO:<b@example.org>", "250");
        talk.Send("BDAT 19\r\nSubject: x\r\n\r\n.dots");
        talk.Expect("250");
        talk.Say("DATA", "503"); // RFC 3030 §2
        talk.Send("BDAT 10 LAST\r\n and so\r\n.");
        talk.Expect("250");
        Assert.Equal("Subject: x\r\n\r\n.dots and so\r\n.", Encoding.Latin1.GetString(Assert.Single(gate.Hop.Messages)));
        talk.Send("BDAT 5 LAST\r\nxxxxx");
        talk.Expect("503");
        talk.Say("NOOP", "250"); // and the five bytes were no commands
    }

    [Fact]
    public void A_chunk_that_is_refused_is_read_to_its_end()
    {
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { MessageBytes = 65_536 } });
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example>", "250");
        talk.Say("RCPT TO:<b@example.org>", "250");
        talk.Send("BDAT 100000\r\n" + new string('x', 100_000));
        talk.Expect("552");
        talk.Send("BDAT 3 LAST\r\nabc");
        talk.Expect("503");
        talk.Say("RSET", "250");
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EndOfDataTests.FalseEnds), MemberType = typeof(EndOfDataTests))]
    public void Nothing_is_smuggled(string falseEnd)
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example>", "250");
        talk.Say("RCPT TO:<b@example.org>", "250");
        talk.Say("DATA", "354");
        talk.Send($"Subject: x\r\n\r\nHello{falseEnd}MAIL FROM:<evil@tfn.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n");
        var answer = talk.Read()!;
        if (falseEnd.Contains("\r\n.\r\n", StringComparison.Ordinal))
            return; // a true end: what follows are commands, and everybody agrees about that
        if (falseEnd != "\r\n\0.\r\n")
        {
            Assert.StartsWith("550 5.6.0", answer, StringComparison.Ordinal);
            Assert.Empty(gate.Hop.Messages);
        }
        Assert.DoesNotContain(gate.Hop.Commands, c => c.Contains("evil", StringComparison.Ordinal));
        Assert.InRange(gate.Hop.Messages.Count, 0, 1);
    }

    [Fact]
    public void A_line_feed_alone_ends_no_command()
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        talk.Send("NOOP\n");
        talk.Expect("500");
        talk.Send("NOOP\rNOOP\r\n");
        talk.Expect("500");
        talk.Say("NOOP", "250");
    }

    public static TheoryData<HopDies, int> Deaths
    {
        get
        {
            var all = new TheoryData<HopDies, int>();
            foreach (var where in Enum.GetValues<HopDies>())
                if (where != HopDies.Never)
                {
                    all.Add(where, 1);
                    all.Add(where, int.MaxValue);
                }
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Deaths))]
    public void A_next_hop_that_dies_costs_no_message_and_the_sender_learns_it(HopDies where, int times)
    {
        using var gate = new GateOnLoopback();
        using (var before = gate.Talk())
            Assert.StartsWith("250", before.Mail(Everyday), StringComparison.Ordinal);
        gate.Hop.CutAll();
        (gate.Hop.Dies, gate.Hop.Deaths) = (where, times);
        using var talk = gate.Talk();
        var answers = new List<string>();
        string Next(string line)
        {
            talk.Send(line);
            answers.Add(talk.Read() ?? "the end");
            return answers[^1];
        }
        var sent = Next("MAIL FROM:<a@tfn.example>\r\n").StartsWith("250", StringComparison.Ordinal) && Next("RCPT TO:<b@example.org>\r\n").StartsWith("250", StringComparison.Ordinal)
            && Next("DATA\r\n").StartsWith("354", StringComparison.Ordinal) && Next(Everyday + "\r\n.\r\n").StartsWith("250", StringComparison.Ordinal);
        // What was acknowledged is there; what was not was answered with a word to try again.
        Assert.Equal(sent ? 2 : 1, gate.Hop.Messages.Count);
        Assert.True(sent || answers[^1].StartsWith('4'), string.Concat(answers));
        // One death before a byte of the message went is made good by a second connection.
        if (times == 1 && where is HopDies.AtMail or HopDies.AtData or HopDies.AtRcpt)
            Assert.True(sent || answers[^1].StartsWith("451", StringComparison.Ordinal));
        (gate.Hop.Dies, gate.Hop.Deaths) = (HopDies.Never, 0);
        talk.Say("RSET", "250");
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
    }

    [Fact]
    public void Connections_that_waited_and_were_closed_are_not_used()
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        for (var i = 0; i < 5; i++)
        {
            Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
            gate.Hop.CutAll();
        }
        Assert.Equal(5, gate.Hop.Messages.Count);
    }

    [Fact]
    public void Without_a_next_hop_the_sender_is_told_to_try_again()
    {
        using var gate = new GateOnLoopback();
        gate.Hop.Dispose();
        using var talk = new Conversation(gate.At);
        talk.Say("EHLO client.example", "421");
        Assert.Null(talk.Read());
    }

    [Fact]
    public void The_second_next_hop_takes_over()
    {
        using var dead = new ScriptedHop();
        dead.Dispose();
        using var gate = new GateOnLoopback();
        gate.Gate.Reload(gate.Gate.Settings with { NextHops = [dead.Endpoint, gate.Hop.Endpoint] });
        using var talk = gate.Talk();
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
        Assert.Single(gate.Hop.Messages);
    }

    [Fact]
    public void A_full_spool_costs_one_message_an_answer_and_nobody_else_anything()
    {
        var blocked = Path.GetTempFileName();
        try
        {
            using var gate = new GateOnLoopback(s => s with { Spool = blocked, Limits = s.Limits with { MemoryPerMessage = 16_384 } }); // the spool's folder is a file: nothing can be written there
            using var talk = gate.Talk();
            Assert.StartsWith("452 4.3.1", talk.Mail("Subject: x\r\n\r\n" + new string('x', 100_000)), StringComparison.Ordinal);
            Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
            Assert.Single(gate.Hop.Messages);
        }
        finally
        {
            File.Delete(blocked);
        }
    }

    [Fact]
    public void A_message_larger_than_its_memory_goes_over_the_spool_and_leaves_nothing_there()
    {
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { MemoryPerMessage = 16_384 } });
        var random = new Random(1);
        var message = "Subject: x\r\n\r\n" + string.Concat(Enumerable.Range(0, 20_000).Select(_ => new string((char)('a' + random.Next(26)), random.Next(70)) + "\r\n")) + "end";
        using var talk = gate.Talk();
        Assert.StartsWith("250", talk.Mail(message), StringComparison.Ordinal);
        Assert.Equal(message + "\r\n", Encoding.Latin1.GetString(Assert.Single(gate.Hop.Messages)));
        Assert.Equal(message + "\r\n", Encoding.Latin1.GetString(Assert.Single(gate.Judged).Message));
        Assert.Empty(Directory.GetFiles(gate.Gate.Settings.Spool));
        Assert.Equal(0, gate.Gate.MemoryInUse);
    }

    [Fact]
    public void A_message_that_is_too_large_is_refused_and_the_session_goes_on()
    {
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { MessageBytes = 65_536 } });
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example> SIZE=65537", "552");
        Assert.StartsWith("552", talk.Mail("Subject: x\r\n\r\n" + string.Concat(Enumerable.Repeat("line after line\r\n", 5000))), StringComparison.Ordinal);
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_without_end_and_mistakes_without_end_end_the_session()
    {
        using var gate = new GateOnLoopback();
        using (var talk = gate.Talk())
        {
            talk.Say("NOOP " + new string('x', 3000), "500");
            talk.Say("NOOP", "250");
        }
        using (var talk = gate.Talk())
        {
            string? last = null;
            for (var i = 0; i < 30 && last?.StartsWith("421", StringComparison.Ordinal) != true; i++)
            {
                talk.Send("NONSENSE\r\n");
                last = talk.Read();
            }
            Assert.StartsWith("421 4.7.0", last, StringComparison.Ordinal);
        }
        using (var talk = gate.Talk())
        {
            try
            {
                for (var i = 0; i < 2000; i++)
                    talk.Send(new string('y', 8192)); // a line of 16 MB
            }
            catch (IOException)
            {
            }
            string? last = null;
            while (talk.Read() is { } more)
                last = more;
            Assert.True(last is null || last.StartsWith("500", StringComparison.Ordinal), last);
        }
        using (var talk = gate.Talk())
            Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
    }

    [Fact]
    public void Too_many_recipients_are_told_so_one_by_one()
    {
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { Recipients = 100 } });
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example>", "250");
        for (var i = 0; i < 100; i++)
            talk.Say($"RCPT TO:<r{i}@example.org>", "250");
        talk.Say("RCPT TO:<r100@example.org>", "452 4.5.3");
        talk.Say("DATA", "354");
        talk.Send("Subject: x\r\n\r\nx\r\n.\r\n");
        talk.Expect("250");
    }

    [Fact]
    public void A_client_that_vanishes_in_a_message_leaves_nothing_behind()
    {
        using var gate = new GateOnLoopback();
        using (var talk = gate.Talk())
        {
            talk.Say("MAIL FROM:<a@tfn.example>", "250");
            talk.Say("RCPT TO:<b@example.org>", "250");
            talk.Say("DATA", "354");
            talk.Send("Subject: x\r\n\r\nhalf a mess");
            talk.Vanish();
        }
        SpinWait.SpinUntil(() => gate.Gate.Connections == 0, 5000);
        Assert.Equal(0, gate.Gate.Connections);
        Assert.Equal(0, gate.Gate.MemoryInUse);
        Assert.Empty(gate.Hop.Messages);
    }

    [Fact]
    public void A_judge_that_takes_too_long_or_fails_costs_a_word_to_try_again()
    {
        using var slow = new ManualResetEventSlim();
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { JudgeSeconds = 1 } }, (_, message, atOnce) =>
        {
            if (message.Span.IndexOf("FAIL"u8) >= 0)
                throw new InvalidOperationException("a defect");
            if (message.Span.IndexOf("SLOW"u8) < 0)
                return MailRuling.Pass;
            if (atOnce)
                return null;
            slow.Wait(TimeSpan.FromSeconds(20));
            return MailRuling.Pass;
        });
        using var talk = gate.Talk();
        Assert.StartsWith("451 4.7.1", talk.Mail("Subject: x\r\n\r\nSLOW"), StringComparison.Ordinal);
        Assert.StartsWith("451 4.7.1", talk.Mail("Subject: x\r\n\r\nFAIL"), StringComparison.Ordinal);
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal); // others keep flowing
        Assert.Equal(1, gate.Gate.Meter.Failures);
        Assert.Single(gate.Hop.Messages);
        slow.Set();
    }

    [Fact]
    public void Tls_begins_anew_and_nothing_said_before_it_counts_inside()
    {
        using var certificate = SelfSigned();
        using var gate = new GateOnLoopback(s => s with { Certificate = certificate, RequireTls = true });
        using (var talk = gate.Talk())
        {
            talk.Say("MAIL FROM:<a@tfn.example>", "530");
            talk.StartTls();
            talk.Say("MAIL FROM:<a@tfn.example>", "503"); // who are you, again?
            Assert.DoesNotContain("STARTTLS", talk.Say("EHLO client.example", "250"), StringComparison.Ordinal);
            Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
        }
        using (var talk = gate.Talk())
        {
            talk.Send("STARTTLS\r\nMAIL FROM:<injected@tfn.example>\r\n");
            talk.Expect("554 5.5.0");
            Assert.Null(talk.Read());
        }
        Assert.DoesNotContain(gate.Hop.Commands, c => c.Contains("injected", StringComparison.Ordinal));
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gate.example", key, HashAlgorithmName.SHA256);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    [Fact]
    public void What_a_trusted_server_says_of_its_client_goes_on_to_the_next_hop()
    {
        using var gate = new GateOnLoopback(s => s with { Trusted = [new IPNetwork(IPAddress.Loopback, 32)] });
        gate.Hop.Extensions = ["PIPELINING", "XFORWARD NAME ADDR PROTO HELO", "XCLIENT NAME ADDR"];
        using var talk = gate.Talk();
        talk.Say("XFORWARD NAME=desk.tfn.example ADDR=10.1.2.3 PROTO=ESMTP", "250");
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
        Assert.Contains("XFORWARD NAME=desk.tfn.example ADDR=10.1.2.3 PROTO=ESMTP", gate.Hop.Commands);
        Assert.Equal("10.1.2.3", gate.Judged[0].Envelope.Client);
        // It holds for one message.
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", gate.Judged[1].Envelope.Client);
        gate.Hop.Answer = c => c.StartsWith("XCLIENT", StringComparison.Ordinal) ? "220 hop.example" : null;
        talk.Say("XCLIENT NAME=other.tfn.example ADDR=10.9.9.9", "220");
        talk.Say("MAIL FROM:<a@tfn.example>", "503");
        talk.Say("EHLO other.tfn.example", "250");
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
        Assert.Equal("10.9.9.9", gate.Judged[2].Envelope.Client);
    }

    [Fact]
    public void New_settings_cost_no_connection()
    {
        using var gate = new GateOnLoopback();
        using var talk = gate.Talk();
        var before = gate.At;
        using var free = new ScriptedHop();
        free.Dispose(); // its port is free now
        gate.Gate.Reload(gate.Gate.Settings with { Name = "renamed.example", Listen = [new IPEndPoint(IPAddress.Loopback, free.Endpoint.Port)] });
        Assert.NotEqual(before.Port, gate.At.Port);
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
        using var other = new Conversation(gate.At, greeted: false);
        Assert.StartsWith("220 renamed.example", other.Read(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gate_that_closes_lets_messages_under_way_finish_and_tells_the_others()
    {
        var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { DrainSeconds = 20 } });
        using var idle = gate.Talk();
        using var busy = gate.Talk();
        busy.Say("MAIL FROM:<a@tfn.example>", "250");
        busy.Say("RCPT TO:<b@example.org>", "250");
        busy.Say("DATA", "354");
        busy.Send("Subject: x\r\n\r\nhalf ");
        var closing = Task.Run(gate.Dispose, TestContext.Current.CancellationToken);
        idle.Expect("421 4.3.2");
        busy.Send("and half\r\n.\r\n");
        busy.Expect("250");
        busy.Expect("421 4.3.2");
        await closing;
        Assert.Single(gate.Hop.Messages);
    }

    [Fact]
    public void A_sender_who_never_ends_is_ended_and_others_keep_flowing()
    {
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { MessageSeconds = 2 } });
        using var slow = gate.Talk();
        slow.Say("MAIL FROM:<a@tfn.example>", "250");
        slow.Say("RCPT TO:<b@example.org>", "250");
        slow.Say("DATA", "354");
        var until = Environment.TickCount64 + 20_000;
        using (var other = gate.Talk())
            try
            {
                while (Environment.TickCount64 < until && gate.Gate.Connections > 1)
                {
                    slow.Send("x");
                    Assert.StartsWith("250", other.Mail(Everyday), StringComparison.Ordinal);
                }
            }
            catch (IOException)
            {
                // ended while it sent
            }
        Assert.True(Environment.TickCount64 < until, "a byte now and then kept the session");
        Assert.StartsWith("421 4.4.2", slow.Read() ?? "421 4.4.2", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_reads_no_answers_is_ended_and_others_keep_flowing()
    {
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { IdleSeconds = 2, IdleCommands = int.MaxValue } });
        using var deaf = gate.Talk();
        var sending = Task.Run(() =>
        {
            try
            {
                while (true)
                    deaf.Send(string.Concat(Enumerable.Repeat("NOOP\r\n", 1000)));
            }
            catch (IOException)
            {
                // ended
            }
        }, TestContext.Current.CancellationToken);
        using var talk = gate.Talk();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
                return gate.Gate.Connections == 1;
            }, 40_000), "a client that reads nothing kept its session");
        await sending.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Headers_without_end_end_at_the_limit_and_take_no_memory_but_their_own()
    {
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { MessageBytes = 5_000_000, MemoryPerMessage = 65_536 } });
        using var talk = gate.Talk();
        talk.Say("MAIL FROM:<a@tfn.example>", "250");
        talk.Say("RCPT TO:<b@example.org>", "250");
        talk.Say("DATA", "354");
        for (var i = 0; i < 2_000; i++)
        {
            talk.Send(string.Concat(Enumerable.Repeat($"X-Header-{i}: a field that never ends the head of this message\r\n", 60)));
            Assert.InRange(gate.Gate.MemoryInUse, 0, 65_536);
        }
        talk.Send("\r\n.\r\n");
        talk.Expect("552 5.3.4");
        Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_thousand_idle_connections_take_little_and_others_keep_flowing()
    {
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { ConnectionsPerClient = 20_000 } });
        using (var first = gate.Talk())
            first.Mail(Everyday);
        GC.Collect();
        var before = GC.GetTotalMemory(true);
        var idle = new List<System.Net.Sockets.Socket>();
        try
        {
            for (var i = 0; i < Connections; i++)
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                idle.Add(socket);
                socket.Connect(gate.At);
            }
            SpinWait.SpinUntil(() => gate.Gate.Connections >= Connections, 30_000);
            Assert.True(gate.Gate.Connections >= Connections);
            var each = (GC.GetTotalMemory(true) - before) / Connections;
            TestContext.Current.SendDiagnosticMessage($"{Connections} idle connections: {each} bytes of managed memory each, with the test's own sockets");
            Assert.InRange(each, 0, 40_000);
            using var talk = gate.Talk();
            Assert.StartsWith("250", talk.Mail(Everyday), StringComparison.Ordinal);
        }
        finally
        {
            idle.ForEach(s => s.Dispose());
        }
    }

    // As many as this machine lets a process have files, up to 10,000: both ends are this process's.
    private static int Connections => Math.Min(10_000, (int)((File.Exists("/proc/self/limits") ? long.Parse(File.ReadLines("/proc/self/limits").First(l => l.StartsWith("Max open files", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], System.Globalization.CultureInfo.InvariantCulture) : 1024) - 500) / 2);
}
