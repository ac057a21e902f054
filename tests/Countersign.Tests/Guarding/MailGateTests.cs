using System.Text;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Proof;
using Countersign.Server.Guarding;
using Countersign.Server.Letters;
using Countersign.Tests.Letters;
using Xunit;

namespace Countersign.Tests.Guarding;

/// <summary>What the office's gate says of messages: by recipient, over a sender's messages, and what people let pass.</summary>
public sealed class MailGateTests : IDisposable
{
    private const string Words =
        "We will be repositioning forces over the course of the coming days and weeks to prepare for onward movement out of the country.";

    private const string More =
        "During this time there will be an increase in helicopter travel in and around the green zone of the capital, and of night flights over the river.";

    private const string Rest =
        "We respect the sovereign decision of your parliament that orders our departure. Conducting this task requires us to take certain measures " +
        "so that the movement out of the country is done in a safe and efficient manner, and part of it will take place during hours of darkness.";

    private readonly TestOffice _house = new();
    private readonly SharedOffice _shared;
    private readonly GateWatch _watch;
    private readonly CaseBook _cases;
    private readonly MailGate _gate;
    private MailPolicy _policy = new() { Inside = ["tfn.example"], Cases = "https://gate.tfn.example/cases/" };

    public MailGateTests()
    {
        Assert.True(SharedOffice.Open(_house.Home, _house.Clock).Is(out var shared, out _));
        _shared = shared!;
        _watch = new GateWatch(_shared, _house.Clock);
        _cases = CaseBook.Open(GateHouse.CasesOf(_house.Home));
        _gate = new MailGate(_watch.Now, () => _policy, _cases, _house.Clock);
    }

    public void Dispose()
    {
        _watch.Dispose();
        _cases.Dispose();
        _shared.Dispose();
        _house.Dispose();
    }

    private static byte[] Mail(string text, string subject = "x", string more = "") =>
        Encoding.UTF8.GetBytes($"From: a@tfn.example\r\nTo: b@example.org\r\nSubject: {subject}\r\nDate: Mon, 6 Jan 2020 10:00:00 +0000\r\n{more}\r\n{text.ReplaceLineEndings("\r\n")}\r\n");

    private static byte[] WithFile(byte[] file, string name, string text = "") => Encoding.UTF8.GetBytes(
        $"From: a@tfn.example\r\nTo: joc@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{Guid.NewGuid():N}q\"\r\n".Replace("boundary=\"", "boundary=\"b", StringComparison.Ordinal)
        is var head && head[(head.IndexOf("boundary=\"", StringComparison.Ordinal) + 10)..^3] is var boundary
            ? $"{head}\r\n--{boundary}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--{boundary}\r\nContent-Type: application/pdf; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{Convert.ToBase64String(file, Base64FormattingOptions.InsertLineBreaks)}\r\n--{boundary}--\r\n"
            : "");

    private MailRuling Decide(byte[] message, params string[] to) => Decide("a@tfn.example", message, to);

    private MailRuling Decide(string from, byte[] message, params string[] to)
    {
        var envelope = new Envelope("10.0.0.1", "client.example", from, to);
        return _gate.Decide(envelope, message, atOnce: true) ?? _gate.Decide(envelope, message, atOnce: false)!;
    }

    [Fact]
    public void A_draft_is_refused_from_the_moment_that_drafting_returns()
    {
        Assert.Equal(RulingKind.Pass, Decide(Mail(Words), "press@example.net").Kind);
        _house.Draft($"Sir,\n\n{Words}\n");
        var said = Decide(Mail(Words), "press@example.net");
        Assert.Equal(RulingKind.Refuse, said.Kind);
        Assert.DoesNotContain("TFN-", said.Says, StringComparison.Ordinal);
        Assert.DoesNotContain("repositioning", said.Says, StringComparison.Ordinal);
        Assert.Contains($"https://gate.tfn.example/cases/{said.Case}", said.Says, StringComparison.Ordinal);
        // Whoever may read the letter finds why.
        var kept = _cases.Find(said.Case!.ToLowerInvariant())!;
        Assert.Equal(_house.Office.AllLetters()[0].Reference, kept.Findings.Leaks[0].Reference);
        Assert.Contains("repositioning", kept.Findings.Leaks[0].Passages[0].Text, StringComparison.Ordinal);
        Assert.Equal(["press@example.net"], kept.Envelope.Recipients);
    }

    [Fact]
    public void The_same_message_again_is_the_same_case()
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        var first = Decide(Mail(Words), "press@example.net");
        var again = Decide(Mail(Words, more: "Received: from elsewhere\r\n"), "press@example.net");
        Assert.Equal(first.Case, again.Case);
        Assert.Equal(2, _cases.Find(first.Case!)!.Times);
        Assert.NotEqual(first.Case, Decide(Mail(Words), "others@example.net").Case);
    }

    [Fact]
    public void Inside_the_house_drafts_circulate_and_one_recipient_outside_is_enough()
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        Assert.Equal(RulingKind.Pass, Decide(Mail(Words), "b@tfn.example", "c@TFN.example").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words), "b@tfn.example", "press@example.net").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words), "b@nottfn.example").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words), "b@tfn.example.evil.example").Kind);
    }

    /// <summary>Servers read these as routes out of the house, or complete them with whatever domain is theirs.</summary>
    [Theory]
    [InlineData("press%example.net@tfn.example")]
    [InlineData("example.net!press@tfn.example")]
    [InlineData("press@example.net@tfn.example")]
    [InlineData("@tfn.example")]
    [InlineData("tfn.example")]
    public void An_address_that_may_lead_out_of_the_house_is_not_inside_it(string address)
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words), address).Kind);
        _policy = _policy with { SealedOnly = ["ministry.example"] };
        Assert.Equal(RulingKind.Refuse, Decide(Mail("We are leaving."), address).Kind);
        byte[] secret = [.. "Salted__"u8, .. Enumerable.Range(0, 500).Select(i => (byte)((i * 7919 >> 3) & 0xFF))];
        _policy = new MailPolicy { UnreadMayGoTo = ["tfn.example"] };
        Assert.Equal(RulingKind.Refuse, Decide(WithFile(secret, "x.bin"), address).Kind);
    }

    [Fact]
    public void A_letter_sent_in_pieces_adds_up()
    {
        _house.Draft($"Sir,\n\n{Words}\n\n{More}\n\n{Rest}\n");
        string[] words = $"{Words} {More} {Rest}".Split(' ');
        var kinds = words.Chunk(7).Select((piece, i) => Decide(Mail($"{string.Join(' ', piece)}"), "press@example.net").Kind).ToList();
        Assert.Equal(RulingKind.Pass, kinds[0]);
        Assert.Contains(RulingKind.Refuse, kinds);
        // Another sender's piece stands alone, and so does this one's after seven days.
        var last = string.Join(' ', words[^7..]);
        Assert.Equal(RulingKind.Pass, Decide("other@tfn.example", Mail(last), "press@example.net").Kind);
        Assert.Equal(RulingKind.Refuse, Decide("a+detail@tfn.example", Mail(last), "press@example.net").Kind);
        _house.Clock.Advance(TimeSpan.FromDays(8));
        Assert.Equal(RulingKind.Pass, Decide(Mail(last), "press@example.net").Kind);
    }

    [Fact]
    public void To_whom_only_sealed_letters_go_nothing_else_goes()
    {
        _policy = _policy with { SealedOnly = ["joc@example.org", "ministry.example"] };
        var sealedCopy = File.ReadAllBytes(_house.ReleasedLetter($"Sir,\n\n{Words}\n").Sealed);
        Assert.Equal(RulingKind.Refuse, Decide(Mail("We are leaving."), "joc@example.org").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Mail("We are leaving."), "anybody@Ministry.example").Kind);
        Assert.Equal(RulingKind.Pass, Decide(Mail("We are leaving."), "b@example.org").Kind);
        Assert.Equal(RulingKind.Pass, Decide(WithFile(sealedCopy, "letter.pdf"), "joc@example.org").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(WithFile(sealedCopy, "letter.pdf", "By the way, we are leaving next week."), "joc@example.org").Kind);
        // Nor do words that travel as a field; the letter's own may.
        byte[] WithSubject(string field) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(WithFile(sealedCopy, "letter.pdf")).Replace("Subject: x\r\n", field + "\r\n", StringComparison.Ordinal));
        Assert.Equal(RulingKind.Refuse, Decide(WithSubject("Subject: All of us are leaving next week"), "joc@example.org").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(WithSubject("Comments: All of us are leaving next week"), "joc@example.org").Kind);
        Assert.Equal(RulingKind.Pass, Decide(WithSubject("Subject: repositioning forces over the course of the coming days"), "joc@example.org").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(WithFile(_house.Home.ReadBlob(_house.Office.History(_house.Draft("Sir,\n\nAnother letter, wholly unlike the first.\n").Letter).CurrentDraft!.FairCopy)!, "letter.pdf"), "joc@example.org").Kind);
    }

    [Fact]
    public void Sealed_copies_are_verified_and_not_trusted()
    {
        var (letter, path) = _house.ReleasedLetter($"Sir,\n\n{Words}\n");
        var sealedCopy = File.ReadAllBytes(path);
        Assert.Equal(RulingKind.Pass, Decide(WithFile(sealedCopy, "letter.pdf", "Please find our letter."), "joc@example.org").Kind);
        var altered = sealedCopy.ToArray();
        altered[altered.Length / 3] ^= 1;
        Assert.Equal(RulingKind.Refuse, Decide(WithFile(altered, "letter.pdf"), "joc@example.org").Kind);
        Assert.Null(_house.Hold(letter, "legal").Refusal);
        var held = Decide(WithFile(sealedCopy, "letter.pdf"), "joc@example.org");
        Assert.Equal(RulingKind.Refuse, held.Kind);
        Assert.Contains("does not stand", held.Says, StringComparison.Ordinal);
        Assert.Contains("on hold", _cases.Find(held.Case!)!.Findings.Seals[0], StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_read_is_refused_unless_the_office_says_to_whom_it_may_go()
    {
        byte[] secret = [.. "Salted__"u8, .. Enumerable.Range(0, 500).Select(i => (byte)((i * 7919 >> 3) & 0xFF))];
        Assert.Equal(RulingKind.Refuse, Decide(WithFile(secret, "x.bin"), "b@example.org").Kind);
        _policy = _policy with { UnreadMayGoTo = ["example.org"] };
        Assert.Equal(RulingKind.Pass, Decide(WithFile(secret, "x.bin"), "b@example.org").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(WithFile(secret, "x.bin"), "b@example.org", "c@example.net").Kind);
        _policy = new MailPolicy { Unread = new UnreadPolicy { Rest = RulingKind.Unsure } };
        Assert.Equal(RulingKind.Unsure, Decide(WithFile(secret, "x.bin"), "b@example.org").Kind);
    }

    [Fact]
    public void Two_people_let_one_message_pass_and_nobody_alone()
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        var refused = Decide(Mail(Words), "press@example.net");
        var message = _cases.Find(refused.Case!)!.Message;
        Outcome Let(params Signer[] signers)
        {
            var decided = _house.Office.Decide(FreeAct.About, signers, act => act is PassAct p && p.Message == message,
                header => new PassAct(header) { Message = message, Reason = "Agreed with the ministry.", Until = header.At.AddHours(24) });
            Assert.Null(decided.Refusal);
            return decided.Value!;
        }
        Assert.Null(Let(_house.Registrars()[0]).Recorded);
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words), "press@example.net").Kind);
        Assert.NotNull(Let(_house.Signer("legal")).Recorded);

        Assert.Equal(RulingKind.Pass, Decide(Mail(Words, more: "X-Trace: again\r\n"), "press@example.net").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words), "others@example.net").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words), "press@example.net", "others@example.net").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words + " And one word."), "press@example.net").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words, subject: "another"), "press@example.net").Kind);
        // Nothing rides along in a field, whatever it is called.
        foreach (var field in (string[])["Comments", "Keywords", "Organization", "X-Note", "Reply-To"])
            Assert.Equal(RulingKind.Refuse, Decide(Mail(Words, more: $"{field}: {More}\r\n"), "press@example.net").Kind);
        Assert.Equal(RulingKind.Refuse, Decide(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Mail(Words)).Replace("10:00:00 +0000", $"10:00:00 +0000 ({More})", StringComparison.Ordinal)), "press@example.net").Kind);
        Assert.Equal(RulingKind.Pass, Decide(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Mail(Words)).Replace("10:00:00", "11:30:00", StringComparison.Ordinal)), "press@example.net").Kind);
        _house.Clock.Advance(TimeSpan.FromHours(25));
        Assert.Equal(RulingKind.Refuse, Decide(Mail(Words), "press@example.net").Kind);
    }

    /// <summary>One person stops a letter; two who free texts do not outvote that.</summary>
    [Fact]
    public void A_sealed_letter_that_is_held_passes_by_nobodys_word()
    {
        var (letter, path) = _house.ReleasedLetter($"Sir,\n\n{Words}\n");
        var message = WithFile(File.ReadAllBytes(path), "letter.pdf");
        Assert.Null(_house.Hold(letter, "legal").Refusal);
        var digest = _cases.Find(Decide(message, "joc@example.org").Case!)!.Message;
        var decided = _house.Office.Decide(FreeAct.About, [_house.Registrars()[0], _house.Signer("legal")], _ => false,
            header => new PassAct(header) { Message = digest, Reason = "It is urgent.", Until = header.At.AddHours(24) });
        Assert.NotNull(decided.Value!.Recorded);
        Assert.Contains(digest, _watch.Now(atOnce: false)!.LetPass.Keys);
        Assert.Equal(RulingKind.Refuse, Decide(message, "joc@example.org").Kind);
    }

    [Fact]
    public void What_people_let_pass_is_this_message_and_nothing_hidden_in_another()
    {
        string[] to = ["press@example.net"];
        Digest Of(byte[] message) => MailGate.DigestOf(Document.Read(message), message, to);
        var one = WithFile("%PDF-1.4 one"u8.ToArray(), "a.pdf", "text");
        Assert.Equal(Of(one), Of(WithFile("%PDF-1.4 one"u8.ToArray(), "a.pdf", "text"))); // another boundary
        Assert.NotEqual(Of(one), Of(WithFile("%PDF-1.4 two"u8.ToArray(), "a.pdf", "text")));
        Assert.NotEqual(Of(one), Of(WithFile("%PDF-1.4 one"u8.ToArray(), "b.pdf", "text")));
        Assert.NotEqual(Of(one), Of(WithFile("%PDF-1.4 one"u8.ToArray(), "a.pdf", "test")));
        Assert.NotEqual(Of(one), MailGate.DigestOf(Document.Read(one), one, ["press@example.net", "x@example.net"]));
    }

    [Fact]
    public void What_is_remembered_outlasts_the_gate()
    {
        _house.Draft($"Sir,\n\n{Words}\n\n{More}\n\n{Rest}\n");
        string[] words = $"{Words} {More} {Rest}".Split(' ');
        foreach (var piece in words.Chunk(7).Take(7))
            Decide(Mail(string.Join(' ', piece)), "press@example.net");
        using var again = CaseBook.Open(GateHouse.CasesOf(_house.Home));
        var gate = new MailGate(_watch.Now, () => _policy, again, _house.Clock);
        var kinds = words.Chunk(7).Skip(7).Select(p => gate.Decide(new Envelope("", "", "a@tfn.example", ["press@example.net"]), Mail(string.Join(' ', p)), false)!.Kind);
        Assert.Contains(RulingKind.Refuse, kinds);
    }

    [Fact]
    public void A_message_of_plain_words_is_judged_at_once_and_one_with_more_in_it_is_not()
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        var envelope = new Envelope("", "", "a@tfn.example", ["press@example.net"]);
        Assert.Null(_gate.Decide(envelope, Mail("Lunch?"), atOnce: true)); // the draft is not read yet
        Assert.Equal(RulingKind.Pass, _gate.Decide(envelope, Mail("Lunch?"), atOnce: false)!.Kind);
        Assert.Equal(RulingKind.Pass, _gate.Decide(envelope, Mail("Lunch?"), atOnce: true)!.Kind);
        Assert.Null(_gate.Decide(envelope, Mail(Words), atOnce: true)); // to refuse takes the disk
        Assert.Null(_gate.Decide(envelope, WithFile("%PDF-1.4 one"u8.ToArray(), "a.pdf"), atOnce: true));
    }
}
