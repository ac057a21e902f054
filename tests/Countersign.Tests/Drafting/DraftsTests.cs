using Countersign.Documents;
using Countersign.Server.Drafting;
using Countersign.Server.Letters;
using Countersign.Tests.Letters;
using Xunit;

namespace Countersign.Tests.Drafting;

public sealed class DraftsTests
{
    private static byte[] Pdf(string text) => Assert.IsType<PdfMade>(Typesetter.Set(LetterSource.Of(text), new Letterhead("Office", []))).Pdf;

    private static Result<Drafted> Draft(TestOffice test, string name, byte[] bytes)
    {
        var file = Path.Combine(test.Home.Path, name);
        File.WriteAllBytes(file, bytes);
        return new Drafts(test.Office).Begin(test.Signer("drafter"), new Bringing { File = file, To = ["X <x@example.org>"] });
    }

    /// <summary>A working copy of before they said in their data whose they are is known byte for byte; another file is a letter.</summary>
    [Fact]
    public void A_working_copy_without_its_name_is_known_by_its_bytes()
    {
        using var test = new TestOffice();
        var copy = Pdf("Sir,\n\nMore helicopters will fly.\n");
        File.WriteAllBytes(Path.Combine(test.Home.Working, "TFN-2025-0009-v3-DRAFT.pdf"), copy);
        var refusal = Draft(test, "innocent.pdf", copy).Refusal;
        Assert.Equal("draft.working-copy", refusal?.Code);
        Assert.Contains("TFN-2025-0009, version 3", refusal!.Why, StringComparison.Ordinal);
        Assert.Null(Draft(test, "other.pdf", Pdf("Sir,\n\nFewer helicopters will fly.\n")).Refusal);
    }

    [Fact]
    public void The_working_copy_of_a_pdf_that_was_brought_is_refused_and_the_pdf_is_not()
    {
        using var test = new TestOffice();
        var pdf = Pdf("Sir,\n\nMore helicopters will fly.\n");
        var drafted = Draft(test, "letter.pdf", pdf);
        Assert.Null(drafted.Refusal);
        Assert.Equal("draft.working-copy", Draft(test, "copy.pdf", File.ReadAllBytes(drafted.Value!.WorkingCopy)).Refusal?.Code);
        Assert.Null(Draft(test, "again.pdf", pdf).Refusal);
    }
}
