using Countersign.Gate;
using Countersign.Gate.Smtp;
using Countersign.Server.Guarding;
using Countersign.Server.Letters;
using Xunit;

namespace Countersign.Tests.Guarding;

/// <summary>The gate's file: everything has a default, and no mistake opens the gate.</summary>
public sealed class GateFileTests
{
    private static Result<GateOptions> Parse(string yaml) => GateFile.Parse(yaml, "/tmp", new Home("/tmp/office"), "tfn.example");

    [Fact]
    public void An_empty_file_is_a_gate_that_listens_and_sends_on_loopback_and_lets_nothing_circulate()
    {
        Assert.True(Parse("").Is(out var options, out _));
        Assert.Equal("127.0.0.1:10025", options!.Smtp.Listen[0].ToString());
        Assert.Equal(("127.0.0.1", 10026), (options.Smtp.NextHops[0].Host, options.Smtp.NextHops[0].Port));
        Assert.Empty(options.Mail.Inside);
        Assert.Empty(options.Smtp.Trusted);
        Assert.Equal(RulingKind.Refuse, options.Mail.Unread.Rest);
    }

    [Fact]
    public void Every_word_is_taken_as_it_is_written()
    {
        Assert.True(Parse("""
            listen: ["127.0.0.1:25", "[::1]:25"]
            next-hop: mail.example.org:2525
            name: gate.tfn.example
            inside: [tfn.example]
            sealed-only: [joc@example.org]
            trusted: [10.0.0.0/8, "::1"]
            unread: { pictures: refuse, rest: unsure }
            cases: https://gate.tfn.example/cases/
            health: 127.0.0.1:8025
            next-hop-tls: must
            limits: { recipients: 500, message-bytes: 10_000_000, judge-seconds: 30 }
            """).Is(out var options, out _));
        Assert.Equal(2, options!.Smtp.Listen.Count);
        Assert.True(options.Smtp.Trusts(System.Net.IPAddress.Parse("10.3.4.5")));
        Assert.True(options.Smtp.Trusts(System.Net.IPAddress.Parse("::ffff:10.3.4.5")));
        Assert.False(options.Smtp.Trusts(System.Net.IPAddress.Parse("11.3.4.5")));
        Assert.Equal((RulingKind.Refuse, RulingKind.Unsure), (options.Mail.Unread.Pictures, options.Mail.Unread.Rest));
        Assert.Equal(HopTls.Must, options.Smtp.NextHopTls);
        Assert.Equal((500, 10_000_000, 30), (options.Smtp.Limits.Recipients, options.Smtp.Limits.MessageBytes, options.Smtp.Limits.JudgeSeconds));
    }

    [Fact]
    public void The_file_that_is_deployed_is_one_and_says_what_holds_without_it()
    {
        var text = File.ReadAllText(Path.Combine(Countersign.Testing.Corpora.Repository, "deploy", "gate.yaml"));
        Assert.True(Parse(text).Is(out var deployed, out var refusal), refusal?.Why);
        Assert.True(Parse("").Is(out var usual, out _));
        Assert.Equal(usual!.Smtp.Limits, deployed!.Smtp.Limits);
        Assert.Equal(usual.Mail.Unread, deployed.Mail.Unread);
        Assert.Equal(usual.Smtp.Listen, deployed.Smtp.Listen);
        Assert.Equal(usual.KeepCases, deployed.KeepCases);
    }

    [Theory]
    [InlineData("insid: [tfn.example]", "insid")]
    [InlineData("listen: here", "here")]
    [InlineData("next-hop: mail.example.org", "mail.example.org")]
    [InlineData("unread: { rest: maybe }", "maybe")]
    [InlineData("trusted: [everybody]", "everybody")]
    [InlineData("limits: { recipients: 5 }", "5")]
    [InlineData("limits: 7", "members")]
    [InlineData("tls: { certificate: none.pem }", "none.pem")]
    [InlineData("inside: {a: b}", "list")]
    [InlineData("a: [", "not YAML")]
    public void A_mistake_is_named_with_its_line(string yaml, string named)
    {
        Assert.False(Parse(yaml).Is(out _, out var refusal));
        Assert.Contains(named, refusal!.Why, StringComparison.Ordinal);
        Assert.Contains("line", refusal.Why, StringComparison.Ordinal);
    }
}
