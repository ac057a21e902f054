using System.Text;
using Countersign.Gate.Smtp;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Smtp;

/// <summary>Where a message ends, and that nothing else ends it (RFC 5321 §4.1.1.4; SMTP smuggling).</summary>
public sealed class EndOfDataTests
{
    public static TheoryData<string> FalseEnds => ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\n\0.\r\n", "\r\n.\r\r\n", "\r\r\n.\r\n", "\n\n.\r\n", ".\r\n.\n"];

    [Theory]
    [MemberData(nameof(FalseEnds))]
    public void A_message_ends_at_its_true_end_alone_and_a_false_one_is_remembered(string falseEnd)
    {
        var text = $"Subject: x\r\n\r\nHello{falseEnd}MAIL FROM:<evil@example.org>\r\nmore\r\n.\r\n";
        var isTrue = falseEnd.Contains("\r\n.\r\n", StringComparison.Ordinal);
        var bytes = Encoding.Latin1.GetBytes(text + "NOOP\r\n");
        var expected = isTrue ? text.IndexOf("\r\n.\r\n", StringComparison.Ordinal) + 5 : text.Length;
        for (var split = 0; split <= bytes.Length; split++)
        {
            var end = new EndOfData();
            var read = end.Read(bytes.AsSpan(0, split));
            if (!end.IsOver)
                read += end.Read(bytes.AsSpan(split));
            Assert.True(end.IsOver);
            Assert.Equal(expected, read);
            Assert.True(isTrue && falseEnd.StartsWith("\r\n.", StringComparison.Ordinal) || end.HasStray || falseEnd == "\r\n\0.\r\n", $"split at {split}");
        }
    }

    private static Gen<string> Pieces(params string[] of) => Gen.Int[0, of.Length - 1].Select(i => of[i]);

    [Fact]
    public void Any_bytes_in_any_pieces_give_what_a_plain_search_gives() =>
        Gen.Select(Pieces("\r", "\n", ".", "a", "\r\n", "\r\n.\r\n", "..").Array[0, 40], Gen.Int[1, 7]).Sample((pieces, step) =>
        {
            var text = string.Concat(pieces);
            var bytes = Encoding.Latin1.GetBytes(text);
            // A message begins at a line's start.
            var found = ("\r\n" + text).IndexOf("\r\n.\r\n", StringComparison.Ordinal);
            var end = new EndOfData();
            var read = 0;
            for (var at = 0; at < bytes.Length && !end.IsOver; at += step)
                read += end.Read(bytes.AsSpan(at, Math.Min(step, bytes.Length - at)));
            Assert.Equal(found >= 0, end.IsOver);
            Assert.Equal(found >= 0 ? found + 3 : bytes.Length, read);
            var before = text[..(found >= 0 ? found + 3 : text.Length)];
            var stray = before.Replace("\r\n", "", StringComparison.Ordinal);
            Assert.True(end.HasStray == stray.AsSpan().ContainsAny('\r', '\n') || !end.IsOver && before.EndsWith('\r'));
        }, iter: 5000);

    [Fact]
    public void In_chunks_no_dot_means_anything_and_every_stray_line_end_is_seen() =>
        Gen.Select(Pieces("\r", "\n", ".", "a", "\r\n", "\r\n.\r\n").Array[0, 40], Gen.Int[1, 7]).Sample((pieces, step) =>
        {
            var text = string.Concat(pieces);
            var bytes = Encoding.Latin1.GetBytes(text);
            var chunks = new EndOfData();
            for (var at = 0; at < bytes.Length; at += step)
                chunks.ReadChunk(bytes.AsSpan(at, Math.Min(step, bytes.Length - at)), last: false);
            chunks.ReadChunk([], last: true);
            Assert.False(chunks.IsOver);
            Assert.Equal(text.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny('\r', '\n'), chunks.HasStray);
        }, iter: 5000);

    [Fact]
    public void Dots_are_taken_away_as_they_were_put()
    {
        Pieces("a", ".", "\r\n", "b.").Array[0, 30].Sample(pieces =>
        {
            var text = string.Concat(pieces);
            var stuffed = ("\r\n" + text).Replace("\r\n.", "\r\n..", StringComparison.Ordinal)[2..];
            var bytes = Encoding.Latin1.GetBytes(stuffed);
            var length = Body.Unstuff(bytes);
            Assert.Equal(text, Encoding.Latin1.GetString(bytes.AsSpan(0, length)));
        }, iter: 2000);
    }

    [Fact]
    public void A_reply_in_any_pieces_is_read_whole_or_not_at_all() =>
        Gen.Select(Gen.Int[200, 599], Gen.String[Gen.Char[' ', '~'], 0, 30].Array[1, 4], Gen.Int[0, 200]).Sample((code, lines, cut) =>
        {
            var wire = Encoding.ASCII.GetBytes(string.Concat(lines.Select((l, i) => $"{code}{(i + 1 < lines.Length ? '-' : ' ')}{l}\r\n")));
            Assert.True(SmtpReply.TryRead([.. wire, .. "250 next\r\n"u8], out var reply, out var length, out _));
            Assert.Equal(wire.Length, length);
            Assert.Equal(code, reply!.Code);
            Assert.Equal(wire, reply.Wire.ToArray());
            var part = wire.AsSpan(0, Math.Min(cut, wire.Length - 1));
            Assert.False(SmtpReply.TryRead(part, out _, out _, out var broken));
            Assert.False(broken);
        }, iter: 2000);

    [Theory]
    [InlineData("hello\r\n")]
    [InlineData("250 ok\n")]
    [InlineData("250-a\r\n251 b\r\n")]
    [InlineData("990 x\r\n")]
    [InlineData("25\r\n")]
    public void What_is_no_answer_of_a_server_is_not_taken_for_one(string bytes)
    {
        Assert.False(SmtpReply.TryRead(Encoding.ASCII.GetBytes(bytes), out _, out _, out var broken));
        Assert.True(broken);
    }

    [Theory]
    [InlineData("FROM:<a@b.example>", "a@b.example", "")]
    [InlineData("from: <a@b.example> SIZE=10", "a@b.example", "SIZE=10")]
    [InlineData("FROM:<>", "", "")]
    [InlineData("FROM:a@b.example BODY=8BITMIME", "a@b.example", "BODY=8BITMIME")]
    [InlineData("FROM:<@x.example,@y.example:a@b.example>", "a@b.example", "")]
    [InlineData("FROM:<\"a\"@B.example.>", "a@B.example", "")]
    [InlineData("FROM:<\"a\\\"> b\"@b.example>", "a\"> b@b.example", "")]
    public void A_path_is_read_as_it_is_written(string arguments, string address, string parameters)
    {
        Assert.True(SmtpCommand.TryPath(Encoding.UTF8.GetBytes(arguments), "FROM"u8, out _, out var read, out var rest));
        Assert.Equal(address, read);
        Assert.Equal(parameters, rest);
    }

    [Theory]
    [InlineData("FROM <a@b.example>")]
    [InlineData("FROM:")]
    [InlineData("FROM:<a@b.example")]
    [InlineData("FROM:<a@b.example>SIZE=1")]
    [InlineData("FROM:<<a@b.example>>")]
    [InlineData("FROM:<a\u0001@b.example>")]
    [InlineData("TO:<a@b.example>")]
    public void A_path_that_is_not_written_so_is_refused(string arguments) =>
        Assert.False(SmtpCommand.TryPath(Encoding.UTF8.GetBytes(arguments), "FROM"u8, out _, out _, out _));

    [Fact]
    public void Any_line_is_some_command_and_any_arguments_are_a_path_or_none() =>
        Gen.Byte.Array[0, 300].Sample(line =>
        {
            _ = SmtpStates.Step(SmtpCommand.Verb(line, out var arguments), SmtpState.Greeted);
            if (SmtpCommand.TryPath(arguments, "TO"u8, out var path, out _, out _))
                Assert.True(path[0] == '<' && path[^1] == '>' && path.AsSpan().IndexOfAny((byte)'\r', (byte)'\n') < 0);
        }, iter: 5000);
}
