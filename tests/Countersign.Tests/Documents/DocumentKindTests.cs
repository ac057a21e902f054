using System.IO.Compression;
using System.Text;
using Countersign.Documents;
using Countersign.Testing;
using CsCheck;
using Xunit;

namespace Countersign.Tests.Documents;

public class DocumentKindTests
{
    private static byte[] Zip(params (string Name, string Content)[] entries)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
            foreach (var (name, content) in entries)
            {
                using var writer = new StreamWriter(zip.CreateEntry(name).Open());
                writer.Write(content);
            }
        return stream.ToArray();
    }

    [Fact]
    public void Content_decides()
    {
        Assert.Equal(DocumentKind.Pdf, DocumentKind.Detect("%PDF-1.7\n"u8.ToArray()));
        Assert.Equal(DocumentKind.Rtf, DocumentKind.Detect("{\\rtf1 x}"u8.ToArray()));
        Assert.Equal(DocumentKind.Docx, DocumentKind.Detect(
            Zip(("[Content_Types].xml", "<x/>"), ("word/document.xml", "<x/>"))));
        Assert.Equal(DocumentKind.Odt, DocumentKind.Detect(
            Zip(("mimetype", "application/vnd.oasis.opendocument.text"))));
        Assert.Equal(DocumentKind.Zip, DocumentKind.Detect(Zip(("letters/one.txt", "Sir"))));
        Assert.Equal(DocumentKind.Text, DocumentKind.Detect(Encoding.UTF8.GetBytes("# Brief\n\nGeachte heer, سلام")));
        Assert.Equal(DocumentKind.Unknown, DocumentKind.Detect(new byte[] { 0x41, 0x00, 0x42 }));
        Assert.Equal(DocumentKind.OldText, DocumentKind.Detect(new byte[] { 0xE9, 0x41 }));
        Assert.Equal(DocumentKind.Unknown, DocumentKind.Detect("<?xml version=\"1.0\"?><w/>"u8.ToArray()));
        Assert.Equal(DocumentKind.Zip, DocumentKind.Detect("PK\u0003\u0004 broken"u8.ToArray()));
        Assert.Equal(DocumentKind.Html, DocumentKind.Detect("<!DOCTYPE html><p>Sir"u8.ToArray()));
        Assert.Equal(DocumentKind.Eml, DocumentKind.Detect("From: a@b.example\nSubject: Flights\n\nSir"u8.ToArray()));
        Assert.Equal(DocumentKind.Text, DocumentKind.Detect("Subject: Flights\n\nSir, no message begins with one field"u8.ToArray()));
        Assert.Equal(DocumentKind.Tnef, DocumentKind.Detect(new byte[] { 0x78, 0x9F, 0x3E, 0x22, 1, 0 }));
        Assert.Equal(DocumentKind.Picture, DocumentKind.Detect(new byte[] { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A }));
    }

    [Fact]
    public void Nothing_and_too_much_are_answers()
    {
        Assert.Equal(DocumentKind.Empty, DocumentKind.Detect(ReadOnlyMemory<byte>.Empty));
        Assert.Equal(DocumentKind.TooLarge, DocumentKind.Detect(new byte[DocumentKind.MostBytes + 1]));
    }

    [Fact]
    public void A_name_that_promises_another_kind_is_told_and_not_believed()
    {
        var (kind, disagrees) = DocumentKind.Detect("{\\rtf1 x}"u8.ToArray(), "letter.docx");
        Assert.Equal(DocumentKind.Rtf, kind);
        Assert.Contains("promises a Word document", disagrees);
        Assert.Null(DocumentKind.Detect("{\\rtf1 x}"u8.ToArray(), "letter.RTF").Disagrees);
    }

    [Fact]
    public void No_bytes_make_it_throw() =>
        Gen.OneOf(Gen.Byte.Array[0, 600], Gen.Byte.Array[0, 600].Select(b => (byte[])[.. "PK\u0003\u0004"u8, .. b]),
                Gen.Byte.Array[0, 1600].Select(b => (byte[])[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1, .. b]))
            .Sample(bytes => Assert.NotNull(DocumentKind.Detect(bytes)), iter: 3000);

    [Theory]
    [InlineData("pdf", "*.pdf", "pdf"), InlineData("office", "*.docx", "docx"), InlineData("office", "*.odt", "odt")]
    [InlineData("office", "*.rtf", "rtf"), InlineData("office", "*.doc", "doc")]
    public void Real_documents_are_what_they_are(string folder, string pattern, string kind)
    {
        var files = Directory.EnumerateFiles(Corpora.Require(folder), pattern, SearchOption.AllDirectories)
            .Where(f => f.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase))
            .Where(f => kind != "doc" || File.ReadAllBytes(f) is [0xD0, 0xCF, ..]) // some bear the name alone
            .ToArray();
        var right = files.Count(f => DocumentKind.Detect(File.ReadAllBytes(f)).Name == kind);
        Assert.True(files.Length > 0 && right >= files.Length * 0.9, $"{right} of {files.Length}");
    }
}
