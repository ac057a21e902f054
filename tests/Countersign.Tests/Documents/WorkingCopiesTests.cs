using Countersign.Documents;
using Countersign.Documents.Typesetting;
using Countersign.Testing;
using CsCheck;
using UglyToad.PdfPig;
using Xunit;

namespace Countersign.Tests.Documents;

public class WorkingCopiesTests
{
    private static readonly byte[] Letter = Letters.Set(string.Concat(
        Enumerable.Repeat("Words of the original.\n\n", 50))).Pdf;

    [Fact]
    public void A_stamped_copy_keeps_its_pages_and_bears_both_texts_on_each()
    {
        var made = Assert.IsType<PdfMade>(WorkingCopies.Stamp(Letter, "DRAFT – NOT RELEASED",
            "version 3, for C. Bakker"));
        Assert.Equal(Letters.Pages(Letter).Length, made.Pages);
        foreach (var page in Letters.Pages(made.Pdf))
        {
            Assert.Contains("Words of the original.", page);
            Assert.Contains("version 3, for C. Bakker", page);
        }
        using (var document = PdfDocument.Open(made.Pdf))
            Assert.All(document.GetPages(), page => Assert.Contains("DRAFT – NOT RELEASED", page.Text));
        Assert.Contains("No syntax", Letters.Ask(made.Pdf, "qpdf", "qpdf", "--check", "FILE"));
    }

    [Fact]
    public void The_same_stamp_gives_the_same_bytes_and_another_stamp_others()
    {
        byte[] Stamp(string line) => Assert.IsType<PdfMade>(WorkingCopies.Stamp(Letter, "DRAFT", line)).Pdf;
        Assert.Equal(Stamp("one"), Stamp("one"));
        Assert.NotEqual(Stamp("one"), Stamp("two"));
    }

    [Theory]
    [InlineData(90), InlineData(180), InlineData(270)]
    public void The_line_stands_at_the_top_of_turned_pages_as_readers_show_them(int turn)
    {
        var turned = Transform(Letter, $"--rotate={turn}");
        var made = Assert.IsType<PdfMade>(WorkingCopies.Stamp(turned, "DRAFT", "Zline"));
        using var document = PdfDocument.Open(made.Pdf);
        var page = document.GetPage(1);
        var letter = page.Letters.Single(l => l.Value == "Z");
        Assert.InRange(letter.BoundingBox.Left, 20, 40);
        Assert.InRange(letter.BoundingBox.Bottom, page.Height - 30, page.Height);
    }

    [Fact]
    public void A_line_in_another_script_is_drawn_or_its_font_is_named()
    {
        var result = WorkingCopies.Stamp(Letter, "DRAFT", "النسخة 3", FontShelf.OfNoMachine);
        Assert.Equal("letter.no-font", Assert.IsType<TypesetRefusal>(result).Code);
        var made = WorkingCopies.Stamp(Letter, "DRAFT", "النسخة 3");
        Assert.True(made is PdfMade or TypesetRefusal { Code: "letter.no-font" });
    }

    [Fact]
    public void Every_working_copy_says_whose_it_is_and_no_letter_does()
    {
        var copy = new WorkingCopy("TFN-2026-0001, version 12", new DateOnly(2020, 1, 6), null);
        var stamped = Assert.IsType<PdfMade>(WorkingCopies.Stamp(Letter, copy)).Pdf;
        Assert.Equal("TFN-2026-0001, version 12", WorkingCopies.NameIn(stamped));
        Assert.Equal("TFN-2026-0001, version 12", WorkingCopies.NameIn(Letters.Set("Sir,", draft: copy).Pdf));
        // Saved again by another program, it is the same working copy still.
        Assert.Equal("TFN-2026-0001, version 12", WorkingCopies.NameIn(Transform(stamped, "--object-streams=generate", "--linearize")));
        Assert.Null(WorkingCopies.NameIn(Letter));
        Assert.Null(WorkingCopies.NameIn("%PDF-1.4 nothing"u8.ToArray()));
    }

    [Fact]
    public void A_stamped_copy_says_at_its_head_what_a_typeset_one_says()
    {
        var copy = new WorkingCopy("TFN-2026-0001, version 2", new DateOnly(2020, 1, 6), null);
        var stamped = Assert.IsType<PdfMade>(WorkingCopies.Stamp(Letter, copy)).Pdf;
        using var document = PdfDocument.Open(stamped);
        var head = string.Concat(document.GetPage(1).Letters.Where(l => l.BoundingBox.Bottom > document.GetPage(1).Height - 30)
            .Select(l => l.Value)).Replace('\u00A0', ' ');
        Assert.Contains("DRAFT – NOT RELEASED  ·  TFN-2026-0001, version 2  ·  6 January 2020", head);
    }

    [Fact]
    public void What_is_no_pdf_is_refused()
    {
        Assert.Equal("stamp.size", Assert.IsType<TypesetRefusal>(WorkingCopies.Stamp([], "DRAFT", "")).Code);
        Assert.Equal("stamp.unreadable", Assert.IsType<TypesetRefusal>(
            WorkingCopies.Stamp("%PDF-1.4 nothing"u8.ToArray(), "DRAFT", "")).Code);
        Assert.Equal("stamp.text", Assert.IsType<TypesetRefusal>(WorkingCopies.Stamp(Letter, "", "")).Code);
    }

    [Fact]
    public void Damaged_bytes_never_make_it_throw() =>
        Gen.Select(Gen.Int[0, Letter.Length - 1], Gen.Byte).Array[1, 40].Sample(changes =>
        {
            var damaged = Letter.ToArray();
            foreach (var (at, value) in changes) damaged[at] = value;
            Assert.True(WorkingCopies.Stamp(damaged, "DRAFT", "line") is PdfMade or TypesetRefusal);
            Assert.NotNull(MarkPlaces.Free(damaged));
        }, iter: 60);

    [Fact]
    public void Other_peoples_pdfs_are_stamped_or_refused()
    {
        var folder = Corpora.Require("pdf");
        var (made, refused) = (0, 0);
        foreach (var file in Directory.EnumerateFiles(folder, "*.pdf", SearchOption.AllDirectories).Order().Where(
            (_, i) => i % 4 == 0))
            if (WorkingCopies.Stamp(File.ReadAllBytes(file), "DRAFT – NOT RELEASED", "line") is PdfMade) made++;
            else refused++;
        Assert.True(made > 5 * refused, $"{made} stamped, {refused} refused");
    }

    internal static byte[] Transform(byte[] pdf, params string[] arguments)
    {
        var (from, to) = (Path.GetTempFileName(), Path.GetTempFileName());
        try
        {
            File.WriteAllBytes(from, pdf);
            Tool.RunOrSkip("qpdf", "qpdf", [from, .. arguments, to]);
            return File.ReadAllBytes(to);
        }
        finally
        {
            File.Delete(from);
            File.Delete(to);
        }
    }
}
