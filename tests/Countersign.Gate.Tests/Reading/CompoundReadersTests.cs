using System.Text;
using Countersign.Documents;
using Xunit;

namespace Countersign.Gate.Tests.Reading;

/// <summary>Old Word documents and Outlook messages, each from a compound file made here.</summary>
public sealed class CompoundReadersTests
{
    private const string Letter = "The Minister will announce on Thursday that the second reactor is to be closed for good";

    [Fact]
    public void The_pieces_of_an_old_document_are_read_in_their_order()
    {
        var read = Document.Read(CompoundFiles.Doc(Letter, "who says so?"));
        Assert.Equal(DocumentKind.Doc, read.Kind);
        Assert.Equal(Letter, read.VisibleText);
        Assert.Equal("who says so?", read.Passages.Single(p => p.Role == TextRole.Comment).Text);
    }

    [Fact]
    public void An_old_document_behind_a_password_is_unread() =>
        Assert.Equal([UnreadReason.Encrypted], Document.Read(CompoundFiles.Doc(Letter, flags: 0x100)).Unread.Select(u => u.Reason));

    [Fact]
    public void A_message_of_outlook_is_read_with_its_attachments_and_inner_messages()
    {
        var inner = new CompoundFiles.Node("__substg1.0_3701000D", null, CompoundFiles.Message("inner", Letter));
        var read = Document.Read(CompoundFiles.Write(CompoundFiles.Message("outer", "see below",
            new CompoundFiles.Node("__recip_version1.0_#00000000", null, CompoundFiles.Property("3001", "B. Clerk")),
            new CompoundFiles.Node("__attach_version1.0_#00000000", null, CompoundFiles.Property("3707", "a.txt"), new CompoundFiles.Node("__substg1.0_37010102", Encoding.UTF8.GetBytes("attached words"))),
            new CompoundFiles.Node("__attach_version1.0_#00000001", null, inner))));
        Assert.Equal(DocumentKind.Msg, read.Kind);
        Assert.Equal(["outer", "inner"], read.Passages.Where(p => p.Label == "subject").Select(p => p.Text));
        Assert.Contains(read.Passages, p => p is { Label: "to", Text: "B. Clerk" });
        Assert.Contains(Letter, read.VisibleText, StringComparison.Ordinal);
        Assert.Equal(("a.txt", "attached words"), (read.Parts.Single().Name, read.Parts.Single().VisibleText));
    }

    [Fact]
    public void A_rich_text_body_is_unpacked()
    {
        byte[] rtf = [.. "{\\rtf1 words}"u8];
        byte[] packed = [.. BitConverter.GetBytes(rtf.Length + 12), .. BitConverter.GetBytes(rtf.Length), .. "MELA"u8, 0, 0, 0, 0, .. rtf];
        var read = Document.Read(CompoundFiles.Write(CompoundFiles.Message("s", "", new CompoundFiles.Node("__substg1.0_10090102", packed))));
        Assert.Equal(DocumentKind.Rtf, Assert.Single(read.Parts).Kind);
    }

    [Fact]
    public void An_office_document_behind_a_password_is_unread() =>
        Assert.Equal([UnreadReason.Encrypted], Document.Read(CompoundFiles.Write(new CompoundFiles.Node("EncryptedPackage", new byte[100]))).Unread.Select(u => u.Reason));

    [Fact]
    public void An_old_sheet_is_unread_by_name() =>
        Assert.Contains("Excel", Assert.Single(Document.Read(CompoundFiles.Write(new CompoundFiles.Node("Workbook", new byte[100]))).Unread).Says, StringComparison.Ordinal);

    [Fact]
    public void Sectors_that_go_round_in_a_ring_end()
    {
        var file = CompoundFiles.Msg("subject", Letter);
        for (var i = file.Length - 512; i < file.Length; i += 4) file[i] = 0;
        for (var i = file.Length - 512; i < file.Length; i += 4) file[i + 1] = file[i + 2] = file[i + 3] = 0;
        Assert.DoesNotContain(Document.Read(file).Unread, u => u.Reason == UnreadReason.TooSlow);
    }
}
