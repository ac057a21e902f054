using Countersign.Documents;
using Countersign.Testing;
using UglyToad.PdfPig;
using Xunit;

namespace Countersign.Tests.Documents;

/// <summary>Letters to set, and ways to look at what came out.</summary>
internal static class Letters
{
    public static readonly Letterhead Head = new("Mission Support Office", ["1 Harbour Square", "Northhaven"]);

    public static string Sample(string name) => Path.Combine(Corpora.Repository, "testdata", "letters", name);

    public static PdfMade Set(string markdown, LetterParts? defaults = null, WorkingCopy? draft = null,
        bool exercise = false,
        LetterParts? overrides = null) =>
        Assert.IsType<PdfMade>(Typesetter.Set(LetterSource.Of(markdown, defaults, overrides, exercise), Head, draft));

    public static TypesetRefusal Refused(string markdown, string code)
    {
        var refusal = Assert.IsType<TypesetRefusal>(Typesetter.Set(LetterSource.Of(markdown), Head));
        Assert.Equal(code, refusal.Code);
        Assert.EndsWith(".", refusal.Why);
        Assert.EndsWith(".", refusal.Next);
        return refusal;
    }

    /// <summary>The text of a PDF as PdfPig reads it, page by page.</summary>
    public static string[] Pages(byte[] pdf)
    {
        using var document = PdfDocument.Open(pdf, new ParsingOptions { UseActualText = true });
        return [.. document.GetPages().Select(p => string.Join(' ', p.GetWords().Select(w => w.Text)))];
    }

    /// <summary>What a program from PATH says about a PDF; skips the test where it is missing.</summary>
    public static string Ask(byte[] pdf, string program, string package, params string[] arguments)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, pdf);
            var result = Tool.RunOrSkip(program, package, [.. arguments.Select(a => a == "FILE" ? file : a)]);
            Assert.True(result.ExitCode == 0, result.ToString());
            return result.Output;
        }
        finally
        {
            File.Delete(file);
        }
    }

    public static string PdfToText(byte[] pdf) => Ask(pdf, "pdftotext", "poppler-utils", "-raw", "FILE", "-");

    /// <summary>Letters and digits alone, without ligatures' forms.</summary>
    public static string Bare(string text) =>
        new([.. text.Normalize(System.Text.NormalizationForm.FormKC).Where(char.IsLetterOrDigit)]);
}
