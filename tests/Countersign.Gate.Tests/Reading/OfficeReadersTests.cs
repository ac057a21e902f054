using System.IO.Compression;
using System.Text;
using Countersign.Documents;
using Countersign.Testing;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Reading;

/// <summary>Word, OpenDocument and Rich Text files: every piece of text with its role, whatever the bytes.</summary>
public sealed class OfficeReadersTests
{
    private const string W = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'";

    private static byte[] Zip(params (string Name, string Text)[] members)
    {
        var all = new MemoryStream();
        using (var zip = new ZipArchive(all, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, text) in members)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        return all.ToArray();
    }

    private static byte[] Docx(string body) => Zip(("[Content_Types].xml", "<Types/>"), ("word/document.xml", $"<w:document {W}><w:body>{body}</w:body></w:document>"));

    private static byte[] Odt(string body) => Zip(("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml",
        "<office:document-content xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0' "
        + $"xmlns:dc='http://purl.org/dc/elements/1.1/'><office:body><office:text>{body}</office:text></office:body></office:document-content>"));

    private static string Said(byte[] bytes) => string.Join("|", Document.Read(bytes).Passages.Select(p => $"{p.Role}:{p.Text}:{p.Label}"));

    [Theory]
    [InlineData("<w:p><w:r><w:t>Plain</w:t></w:r></w:p>", "Body:Plain:")]
    [InlineData("<w:p><w:ins w:author='A'><w:r><w:t>new</w:t></w:r></w:ins><w:del w:author='B'><w:r><w:delText>old</w:delText></w:r></w:del></w:p>", "Inserted:new:A|Deleted:old:B")]
    [InlineData("<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r><w:r><w:t>open</w:t></w:r></w:p>", "Hidden:secret:|Body:open:")]
    [InlineData("<w:p><w:r><w:rPr><w:color w:val='FFFFFF'/></w:rPr><w:t>white</w:t></w:r></w:p>", "Hidden:white:")]
    [InlineData("<w:p><mc:AlternateContent><mc:Choice><w:r><w:t>one</w:t></w:r></mc:Choice><mc:Fallback><w:r><w:t>two</w:t></w:r></mc:Fallback></mc:AlternateContent></w:p>", "Body:one:")]
    [InlineData("<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>7</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>", "Body:7:")]
    [InlineData("<w:sdt><w:sdtContent><w:p><w:r><w:t>held</w:t></w:r></w:p></w:sdtContent></w:sdt>", "Field:held:")]
    public void A_Word_run_is_read_in_its_role(string body, string said) => Assert.Equal(said, Said(Docx(body)));

    [Fact]
    public void A_merge_field_that_nobody_filled_is_found()
    {
        var read = Document.Read(Docx("<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>MERGEFIELD Name</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r>"
            + "<w:r><w:t>«Name»</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>"));
        Assert.Equal("Name", Assert.Single(read.Oddities, o => o.Kind == OddityKind.UnfilledField).Excerpt);
    }

    [Fact]
    public void A_tracked_deletion_in_an_OpenDocument_text_is_read_apart_from_the_text() =>
        Assert.Equal("Deleted:old:B|Body:kept:", Said(Odt("<text:tracked-changes><text:changed-region text:id='c1'><text:deletion><office:change-info><dc:creator>B</dc:creator></office:change-info>"
            + "<text:p>old</text:p></text:deletion></text:changed-region></text:tracked-changes><text:p>kept</text:p>")));

    [Theory]
    [InlineData(@"{\rtf1\ansi\ansicpg1252 Caf\'e9\par}", "Body:Café:")]
    [InlineData(@"{\rtf1\ansi{\fonttbl{\f1\fcharset204 Arial;}}\f1\'c0\par}", "Body:А:")]
    [InlineData(@"{\rtf1\uc1 \u8364?5\par}", "Body:€5:")]
    [InlineData(@"{\rtf1 open{\v secret}\par}", "Body:open:|Hidden:secret:")]
    [InlineData(@"{\rtf1{\*\revtbl{Unknown;}{A;}}{\revised\revauth1 new}{\deleted\revauthdel1 old}\par}", "Inserted:new:A|Deleted:old:A")]
    [InlineData(@"{\rtf1{\info{\author Ann}}{\*\strange words}\bin3 {{{kept\par}", "Metadata:Ann:author|Body:kept:")]
    [InlineData(@"{\rtf1 text{\footnote note}\par}", "Body:text:|Footnote:note:")]
    public void Rich_text_is_read_in_its_role(string rtf, string said) => Assert.Equal(said, Said(Encoding.ASCII.GetBytes(rtf)));

    [Fact]
    public void Cut_and_flipped_documents_are_answered_within_bounds()
    {
        byte[][] whole = [Docx("<w:p><w:ins><w:r><w:t>x</w:t></w:r></w:ins></w:p>"), Odt("<text:p>x</text:p>"), Encoding.ASCII.GetBytes(@"{\rtf1{\info{\title T}}\u8364?\'e9{\v h}\par}")];
        var bounds = ReadingBounds.Default with { MostExpanded = 1 << 20 };
        Gen.Select(Gen.Int[0, 2], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Byte).Sample((which, cut, flip, value) =>
        {
            var bytes = whole[which][..(int)(whole[which].Length * (0.5 + (cut / 2)))];
            bytes[(int)(flip * (bytes.Length - 1))] = value;
            var read = Document.Read(bytes, "", bounds);
            Assert.DoesNotContain(read.Unread, u => u.Says.Contains("NullReference", StringComparison.Ordinal) || u.Says.Contains("InvalidOperation", StringComparison.Ordinal)
                || u.Says.Contains("ArgumentOutOfRange", StringComparison.Ordinal) || u.Says.Contains("IndexOutOfRange", StringComparison.Ordinal) || u.Says.Contains("Overflow", StringComparison.Ordinal));
        }, iter: 500);
    }

    [Fact]
    public void Office_files_of_the_corpus_never_bring_a_reader_down()
    {
        var fallen = new List<string>();
        foreach (var file in Directory.EnumerateFiles(Corpora.Require("office"), "*", SearchOption.AllDirectories).Where(f => Path.GetExtension(f) is ".docx" or ".odt" or ".rtf" or ".fodt"))
            foreach (var unread in Document.Read(File.ReadAllBytes(file)).Unread)
                if (unread.Says.Contains("Exception", StringComparison.Ordinal) && !unread.Says.Contains("InvalidData", StringComparison.Ordinal))
                    fallen.Add(Path.GetFileName(file) + ": " + unread.Says);
        Assert.Empty(fallen);
    }
}
