using Countersign.Documents;
using Xunit;

namespace Countersign.Gate.Tests.Reading;

/// <summary>The door to all readers: whatever the bytes, an answer within bounds.</summary>
public sealed class DocumentTests
{
    [Fact]
    public void What_nobody_can_read_is_unread_with_a_reason()
    {
        var read = Document.Read(new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 0, 1, 2, 3 }, "tool.bin");
        Assert.Equal(UnreadReason.Unknown, Assert.Single(read.Unread).Reason);
        Assert.Equal("tool.bin", Assert.Single(read.Passages).Text);
    }
}
