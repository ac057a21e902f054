using Countersign.Documents;
using Countersign.Testing;
using Xunit;

namespace Countersign.Tests.Documents;

public class ConverterTests
{
    private static readonly byte[] Rtf = "{\\rtf1\\ansi Words of the letter.\\par}"u8.ToArray();

    private static Converter Installed()
    {
        var converter = Converter.OfThisMachine();
        Assert.SkipUnless(converter.IsInstalled,
            "needs LibreOffice (Debian package libreoffice-writer-nogui), which is not installed");
        return converter;
    }

    [Theory]
    [InlineData("letter.rtf"), InlineData("a letter 'with' \"quotes\" && $(x).rtf"), InlineData("رسالة رسمية.rtf"),
        InlineData("--help")]
    public async Task A_document_becomes_a_pdf_whatever_it_is_called(string name)
    {
        var made = Assert.IsType<PdfMade>(await Installed().ToPdf(Rtf, name));
        Assert.Equal(1, made.Pages);
        Assert.Contains("Words of the letter.", Letters.Pages(made.Pdf)[0]);
    }

    [Fact]
    public async Task Documents_are_converted_side_by_side()
    {
        var converter = Installed();
        var results = await Task.WhenAll(converter.ToPdf(Rtf, "a.rtf"), converter.ToPdf(Rtf, "b.rtf"));
        Assert.All(results, r => Assert.IsType<PdfMade>(r));
    }

    [Fact]
    public async Task Real_documents_are_converted()
    {
        var converter = Installed();
        var files = new[] { "*.docx", "*.odt", "*.doc" }.SelectMany(pattern => Directory.EnumerateFiles(
            Corpora.Require("office"), pattern, SearchOption.AllDirectories).Order()
            .Where(f => new FileInfo(f).Length is > 5000 and < 60_000).Take(1)).ToArray();
        foreach (var file in files)
        {
            var result = await converter.ToPdf(File.ReadAllBytes(file), Path.GetFileName(file));
            Assert.True(result is PdfMade { Pages: > 0 }, $"{file}: {result}");
        }
    }

    [Fact]
    public async Task Without_libreoffice_the_answer_names_the_package()
    {
        var refusal = Assert.IsType<TypesetRefusal>(await Converter.With(null, TimeSpan.FromSeconds(1)).ToPdf(Rtf,
            "a.rtf"));
        Assert.Equal("convert.no-libreoffice", refusal.Code);
        Assert.Contains("apt install libreoffice-writer-nogui", refusal.Next);
    }

    [Fact]
    public async Task What_is_no_office_document_is_refused()
    {
        var converter = Converter.With(null, TimeSpan.FromSeconds(1));
        Assert.Equal("convert.kind", Assert.IsType<TypesetRefusal>(
            await converter.ToPdf("%PDF-1.4"u8.ToArray(), "a.docx")).Code);
        Assert.Equal("convert.kind", Assert.IsType<TypesetRefusal>(
            await converter.ToPdf(Array.Empty<byte>(), "a.docx")).Code);
    }

    [Fact]
    public async Task A_program_that_hangs_is_ended_with_its_children()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a shell and /proc");
        if (!OperatingSystem.IsLinux()) return;
        var folder = Directory.CreateTempSubdirectory("countersign-test-");
        try
        {
            var (script, pid) = (Path.Combine(folder.FullName, "hang"), Path.Combine(folder.FullName, "pid"));
            File.WriteAllText(script, $"#!/bin/sh\nsleep 300 & echo $! > '{pid}'\nwait\n");
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var refusal = Assert.IsType<TypesetRefusal>(await Converter.With(script, TimeSpan.FromSeconds(2))
                .ToPdf(Rtf, "a.rtf"));
            Assert.Equal("convert.too-slow", refusal.Code);
            var child = int.Parse(File.ReadAllText(pid));
            await Task.Delay(200);
            Assert.True(!Directory.Exists($"/proc/{child}") || File.ReadAllText($"/proc/{child}/stat").Contains(
                ") Z ", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_program_that_makes_nothing_is_a_refusal_with_its_words()
    {
        Assert.SkipUnless(File.Exists("/bin/echo"), "needs /bin/echo");
        var refusal = Assert.IsType<TypesetRefusal>(await Converter.With("/bin/echo", TimeSpan.FromSeconds(20))
            .ToPdf(Rtf, "a.rtf"));
        Assert.Equal("convert.failed", refusal.Code);
    }
}
