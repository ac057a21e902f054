using System.Security.Cryptography;
using System.Text;
using Countersign.Documents;
using Countersign.Testing;
using Xunit;

namespace Countersign.Gate.Tests.Smtp;

/// <summary>Thousands of messages of others, through the whole gate of an office with drafts: as they were sent, or refused for a reason.</summary>
public sealed class GateCorpusTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("countersign-corpus-").FullName;
    private readonly KnownTexts _texts;
    private readonly CaseBook _cases;

    public GateCorpusTests()
    {
        _texts = KnownTexts.Open(Path.Combine(_folder, "texts"), RandomNumberGenerator.GetBytes(32));
        _cases = CaseBook.Open(Path.Combine(_folder, "cases.db"));
        _texts.Learn(
            new KnownText("l-1", "TFN-2026-0001", 1, KnownTextKind.Draft),
            NormalText.Of("We will be repositioning forces over the course of the coming days and weeks to prepare for onward movement out of the country."));
    }

    public void Dispose()
    {
        _texts.Dispose();
        _cases.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("mail")]
    [InlineData("mailbodies")]
    public void Every_message_arrives_as_it_was_sent_or_is_refused_for_a_reason(string corpus)
    {
        var knowledge = new GateKnowledge(
            new Gatekeeper(_texts, new LookAlikes(new OfficeLook("Task Force North", "TFN", ["General Example"], [])), _ => throw new InvalidOperationException("nothing here is sealed"), new UnreadPolicy()),
            new Dictionary<Countersign.Proof.Digest, DateTimeOffset>());
        var mail = new MailGate(_ => knowledge, () => new MailPolicy(), _cases, TimeProvider.System);
        using var gate = new GateOnLoopback(s => s with { Limits = s.Limits with { MemoryPerMessage = 65_536 } }, mail.Decide);
        using var talk = gate.Talk();
        var (passed, refused) = (0, new List<string>());
        foreach (var path in Directory.EnumerateFiles(Corpora.Require(corpus), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var bytes = OnTheWire(File.ReadAllBytes(path));
            if (bytes.Length > 19_000_000 || DocumentKind.Detect(bytes) != DocumentKind.Eml)
                continue; // among the messages lie files that were taken out of some
            talk.Say("MAIL FROM:<a@tfn.example>", "250");
            talk.Say("RCPT TO:<b@example.org>", "250");
            talk.Say("DATA", "354");
            talk.Send(bytes);
            talk.Send(".\r\n");
            var answer = talk.Read() ?? "the end";
            if (answer.StartsWith("250", StringComparison.Ordinal))
            {
                Assert.Equal(++passed, gate.Hop.Messages.Count);
                Assert.True(bytes.AsSpan().SequenceEqual(gate.Hop.Messages[^1]), path);
                continue;
            }
            Assert.StartsWith("550 5.7.1", answer, StringComparison.Ordinal);
            var kept = _cases.Find(answer[(answer.IndexOf("Case ", StringComparison.Ordinal) + 5)..].Trim())!;
            Assert.True(kept.Findings.Unread.Count > 0, path); // what cannot be read; nothing here is a draft, nor looks like a letter of the office
            refused.Add($"{Path.GetFileName(path)}: {kept.Findings.Unread[0]}");
        }
        TestContext.Current.SendDiagnosticMessage($"{corpus}: {passed} passed, {refused.Count} refused\n{string.Join('\n', refused.Take(60))}");
        Assert.True(passed > refused.Count * 10, string.Join('\n', refused));
    }

    /// <summary>Every bomb of the corpora as an attachment, and a message of a thousand messages in each other: each is answered, and mail beside it flows.</summary>
    [Fact]
    public async Task Bombs_are_answered_within_their_bounds_and_others_keep_flowing()
    {
        var knowledge = new GateKnowledge(
            new Gatekeeper(_texts, new LookAlikes(new OfficeLook("Task Force North", "TFN", ["General Example"], [])), _ => throw new InvalidOperationException("nothing here is sealed"), new UnreadPolicy()),
            new Dictionary<Countersign.Proof.Digest, DateTimeOffset>());
        var mail = new MailGate(_ => knowledge, () => new MailPolicy(), _cases, TimeProvider.System);
        using var gate = new GateOnLoopback(judge: mail.Decide);
        var nested = "Subject: innermost\r\n\r\nhello\r\n";
        for (var i = 0; i < 1000; i++)
            nested = $"Subject: {i}\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n{nested}";
        var parts = "Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            + string.Concat(Enumerable.Repeat("--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", 1000)) + "--b--\r\n";
        var bombs = Directory.EnumerateFiles(Corpora.Require("bombs"), "*", SearchOption.AllDirectories).Select(f => WithFile(File.ReadAllBytes(f), Path.GetFileName(f))).Where(b => b.Length < 15_000_000)
            .Append(nested).Append(parts).ToList();
        using var talk = gate.Talk();
        using var other = gate.Talk();
        foreach (var bomb in bombs)
        {
            var sending = Task.Run(() => talk.Mail(bomb), TestContext.Current.CancellationToken);
            var flowed = 0;
            while (!sending.IsCompleted || flowed == 0)
            {
                Assert.StartsWith("250", other.Mail("Subject: Lunch\r\n\r\nShall we?"), StringComparison.Ordinal);
                flowed++;
            }
            var answer = await sending;
            Assert.True(answer[..3] is "250" or "550" or "451", answer);
        }
    }

    private static string WithFile(byte[] file, string name) =>
        $"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(file, Base64FormattingOptions.InsertLineBreaks)}";

    /// <summary>A file as a mail program sends it: every line ends with CR LF, and a line that begins with a dot gets one more.</summary>
    private static byte[] OnTheWire(byte[] file)
    {
        var text = Encoding.Latin1.GetString(file).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (!text.EndsWith('\n'))
            text += "\n";
        text = text.Replace("\n", "\r\n", StringComparison.Ordinal).Replace("\r\n.", "\r\n..", StringComparison.Ordinal);
        return Encoding.Latin1.GetBytes(text.StartsWith('.') ? "." + text : text);
    }
}
