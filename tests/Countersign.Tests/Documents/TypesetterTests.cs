using System.Diagnostics;
using System.Text;
using Countersign.Documents;
using Countersign.Documents.Typesetting;
using CsCheck;
using UglyToad.PdfPig;
using UglyToad.PdfPig.Annotations;
using Xunit;

namespace Countersign.Tests.Documents;

public class TypesetterTests
{
    public static TheoryData<string> Samples => ["helicopters.en.md", "hangar.nl.md", "rotation.ar.md"];

    [Theory, MemberData(nameof(Samples))]
    public void Identical_input_gives_identical_bytes(string sample)
    {
        var source = new LetterSource(File.ReadAllBytes(Letters.Sample(sample)));
        var once = Assert.IsType<PdfMade>(Typesetter.Set(source, Letters.Head));
        var again = Assert.IsType<PdfMade>(Typesetter.Set(source, Letters.Head));
        Assert.Equal(once.Pdf, again.Pdf);
    }

    [Theory, MemberData(nameof(Samples))]
    public void A_set_letter_is_whole_and_embeds_all_its_fonts(string sample)
    {
        var made = Assert.IsType<PdfMade>(Typesetter.Set(new LetterSource(File.ReadAllBytes(Letters.Sample(sample))),
            Letters.Head));
        Assert.Contains("No syntax or stream encoding errors", Letters.Ask(made.Pdf, "qpdf", "qpdf", "--check",
            "FILE"));
        var fonts = Letters.Ask(made.Pdf, "pdffonts", "poppler-utils", "FILE").Split('\n',
            StringSplitOptions.RemoveEmptyEntries)[2..];
        Assert.NotEmpty(fonts);
        Assert.All(fonts, font => Assert.Matches(@"Identity-H +yes +yes +yes +\d+ +0$", font));
        Assert.True(made.Pdf.Length < 150_000, $"{made.Pdf.Length} bytes: are the fonts still subsets?");
    }

    /// <summary>The parts of the red head stand from left to right; an Arabic date among them is read from right to left, its day first.</summary>
    [Fact]
    public void An_arabic_date_in_the_head_keeps_its_order()
    {
        var setter = new TextSetter(FontShelf.OfThisMachine, "ar");
        SetLine line;
        try
        {
            line = setter.SetBeside(["DRAFT", "6 كانون الثاني/يناير 2020"], new TextStyle(8, Bold: true), true);
        }
        catch (UnsettableException)
        {
            Assert.Skip("needs an Arabic font (Debian package fonts-noto-core)");
            return;
        }
        float At(string text) => line.Runs.First(r => r.Run.Text.Contains(text, StringComparison.Ordinal)).X;
        Assert.True(At("DRAFT") < At("2020"), "the word stands before the date");
        Assert.True(At("2020") < At("كانون") && At("كانون") < At("6"), "from the right: day, month, year");
    }

    [Fact]
    public void Every_part_of_a_letter_is_printed_in_order()
    {
        var made = Letters.Set(File.ReadAllText(Letters.Sample("helicopters.en.md")));
        var text = string.Join(' ', Letters.Pages(made.Pdf));
        string[] inOrder = ["Mission Support Office", "Notice", "Director of Operations",
            "Northhaven, 6 January 2020", "Our reference",
            "MSO-2020-0017", "Dear Director,", "1. Flights", "2. No change", "a. the presence", "3. Your air traffic",
                "Yours sincerely,",
            "A. Jansen", "Chief of Operations", "Enclosures", "1. Table of expected", "2. Map of"];
        var at = -1;
        foreach (var part in inOrder)
        {
            var next = text.IndexOf(part, at + 1, StringComparison.Ordinal);
            Assert.True(next > at, $"“{part}” is missing or comes too early");
            at = next;
        }
    }

    [Fact]
    public void Every_letter_and_digit_of_latin_text_arrives()
    {
        var words = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyzABCDEFGXYZ0123456789éèüñøß"], 1, 14];
        words.Array[1, 60].Sample(list =>
        {
            var text = string.Join(' ', list);
            var made = Letters.Set("Dear all,\n\n" + text);
            var found = Letters.Bare(Letters.PdfToText(made.Pdf));
            Assert.Contains(Letters.Bare("Dear all" + text), found);
        }, iter: 25);
    }

    [Fact]
    public void No_markdown_makes_the_typesetter_throw()
    {
        string[] bits = ["# ", "- ", "1. ", "> ", "    ", "\n", "\n\n", "*", "**", "_", "`", "```\n", "|", "|--|",
            "---\n", "[a](", "](b)", "!", "<b>",
            "<!--", "&#0;", "&amp;", "\\", "word ", "سلام ", "שלום ", "漢字", "é", "\t", "\u200f", "http://x.y ",
                "<a@b.c>", "to: x\n", "key: v\n", "😀",
            "\u0301", "\r", "\0", "\u202e", "[x]: y\n", "1)", "+", "=\n"];
        Gen.Int[0, bits.Length - 1].Select(i => bits[i]).Array[0, 60].Select(string.Concat).Sample(markdown =>
            Assert.True(Typesetter.Set(LetterSource.Of(markdown), Letters.Head) is PdfMade { Pages: > 0 }
                or TypesetRefusal { Why.Length: > 0 }),
            iter: 1500);
    }

    [Fact]
    public void No_bytes_make_the_typesetter_throw() =>
        Gen.Byte.Array[0, 200].Sample(bytes =>
            Assert.NotNull(Typesetter.Set(new LetterSource(bytes), Letters.Head)), iter: 500);

    [Fact]
    public void Deep_nesting_is_refused_not_followed()
    {
        Letters.Refused(new string('>', 40) + " x", "letter.nesting");
        Letters.Refused(string.Concat(Enumerable.Range(0, 12).Select(i => new string(' ', 2 * i) + "- a\n")),
            "letter.nesting");
        Assert.NotNull(Typesetter.Set(LetterSource.Of(new string('>', 100_000) + " x"), Letters.Head));
        Assert.NotNull(Typesetter.Set(LetterSource.Of(string.Concat(Enumerable.Repeat("*a **b ", 5000))),
            Letters.Head));
    }

    [Theory]
    [InlineData("[a](", 500_000), InlineData("[", 2_000_000), InlineData("![a", 600_000), InlineData("x\n\n", 600_000)]
    [InlineData("|x|y|\n", 300_000), InlineData("# x\n", 500_000)]
    public void A_letter_made_to_be_slow_is_answered_in_time(string bit, int times)
    {
        var watch = Stopwatch.StartNew();
        var start = bit[0] == '|' ? "|a|b|\n|-|-|\n" : "";
        var result = Typesetter.Set(LetterSource.Of(start + string.Concat(Enumerable.Repeat(bit, times))), Letters.Head);
        Assert.IsType<TypesetRefusal>(result);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"it took {watch.Elapsed}");
    }

    [Fact]
    public void A_letter_of_three_hundred_pages_is_set_in_seconds()
    {
        var letter = new StringBuilder("Dear all,\n\n");
        for (var i = 1; i <= 2000; i++)
            letter.Append(i).Append(". ").AppendJoin(' ', Enumerable.Repeat("movements of personnel in the region",
                12)).Append(".\n\n");
        var watch = Stopwatch.StartNew();
        var made = Letters.Set(letter.ToString());
        Assert.InRange(made.Pages, 280, 380);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"it took {watch.Elapsed}");
    }

    [Fact]
    public void The_foot_counts_the_pages_and_bears_the_reference()
    {
        var made = Letters.Set("---\nreference: REF-7\n---\n" + string.Concat(Enumerable.Repeat("A line of text.\n\n",
            120)));
        var pages = Letters.Pages(made.Pdf);
        Assert.Equal(made.Pages, pages.Length);
        for (var i = 0; i < pages.Length; i++)
        {
            Assert.Contains($"Page {i + 1} of {pages.Length}", pages[i]);
            Assert.Contains("REF-7", pages[i]);
        }
    }

    [Fact]
    public void A_tables_head_returns_on_every_page()
    {
        var rows = string.Concat(Enumerable.Range(1, 90).Select(i => $"| row {i} | {i} |\n"));
        var made = Letters.Set("Text\n\n| Corridor | Flights |\n|---|--:|\n" + rows);
        Assert.True(made.Pages >= 2);
        Assert.All(Letters.Pages(made.Pdf), page => Assert.Contains("Corridor Flights", page));
        Assert.Contains("row 90", string.Join(' ', Letters.Pages(made.Pdf)));
    }

    [Fact]
    public void A_row_taller_than_a_page_loses_nothing()
    {
        var cell = string.Join(' ', Enumerable.Range(1, 1500).Select(i => $"w{i}"));
        var text = string.Join(' ', Letters.Pages(Letters.Set($"| A | B |\n|---|---|\n| {cell} | x |\n").Pdf));
        Assert.All(Enumerable.Range(1, 1500), i => Assert.Contains($"w{i} ", text + " "));
    }

    [Fact]
    public void The_signature_never_stands_alone_on_a_page()
    {
        for (var lines = 20; lines < 50; lines++)
        {
            var made = Letters.Set("---\nfrom: A. Jansen\nrole: Chief of Operations\n---\n"
                + string.Concat(Enumerable.Range(1, lines).Select(i => $"Paragraph {i}.\n\n")) + "Yours sincerely,");
            var page = Letters.Pages(made.Pdf).Single(p => p.Contains("A. Jansen", StringComparison.Ordinal));
            Assert.Contains("Yours sincerely,", page);
            Assert.Contains($"Paragraph {lines}.", page);
            Assert.Contains("Chief of Operations", page);
        }
    }

    [Fact]
    public void No_paragraph_leaves_a_single_line_behind_or_ahead()
    {
        for (var fill = 1; fill < 40; fill++)
        {
            var made = Letters.Set(string.Concat(Enumerable.Repeat("x\n\n", fill))
                + string.Concat(Enumerable.Range(0, 10).Select(p =>
                    string.Join("  \n", Enumerable.Range(1, 5).Select(l => $"p{p}l{l}")) + "\n\n")));
            foreach (var page in Letters.Pages(made.Pdf))
                for (var p = 0; p < 10; p++)
                    Assert.NotEqual(1, Enumerable.Range(1, 5).Count(l =>
                        page.Contains($"p{p}l{l}", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Numbered_true_numbers_paragraphs_but_no_salutation()
    {
        var text = Letters.Pages(Letters.Set(
            "---\nnumbered: true\n---\nDear all,\n\nFirst thing.\n\nSecond thing.\n\nYours,").Pdf)[0];
        Assert.Contains("Dear all, 1. First thing. 2. Second thing. Yours,", text);
    }

    [Theory]
    [InlineData("en", "6 January 2020", "Our reference", "Page 1 of 1")]
    [InlineData("nl", "6 januari 2020", "Ons kenmerk", "Pagina 1 van 1")]
    [InlineData("fr-BE", "le 6 janvier 2020", "Notre référence", "Page 1 sur 1")]
    [InlineData("de", "6. Januar 2020", "Unser Zeichen", "Seite 1 von 1")]
    public void The_frame_speaks_the_letters_language(string language, string date, string reference, string page)
    {
        var parts = new LetterParts
        {
            Language = language,
            Date = new DateOnly(2020, 1, 6),
            Place = "Northhaven",
            Reference = "R"
        };
        var text = Letters.Pages(Letters.Set("Text", parts).Pdf)[0];
        Assert.Contains(date, text);
        Assert.Contains(reference, text);
        Assert.Contains(page, text);
    }

    [Fact]
    public void Overrides_win_over_the_front_matter_and_it_over_defaults()
    {
        var made = Letters.Set("---\nreference: FROM-LETTER\nsubject: Mine\n---\nText",
            new LetterParts { Subject = "Default", Place = "Northhaven" },
                overrides: new LetterParts { Reference = "RECORD-1" });
        Assert.Equal("RECORD-1", made.Parts!.Reference);
        Assert.Equal("Mine", made.Parts.Subject);
        Assert.Equal("Northhaven", made.Parts.Place);
        Assert.DoesNotContain("FROM-LETTER", Letters.Pages(made.Pdf)[0]);
    }

    [Fact]
    public void Links_are_printed_and_only_web_and_mail_addresses_become_links()
    {
        var made = Letters.Set(
            "[page](https://mso.example/a) <mailto:duty@mso.example> [file](file:///etc/x) [run](javascript:alert)");
        using var document = PdfDocument.Open(made.Pdf);
        var links = document.GetPage(1).GetAnnotations().ToArray();
        Assert.Equal(2, links.Length);
        Assert.All(links, link => Assert.Equal(AnnotationType.Link, link.Type));
        var raw = Encoding.Latin1.GetString(made.Pdf);
        Assert.Contains("https://mso.example/a", raw);
        Assert.Contains("mailto:duty@mso.example", raw);
        Assert.DoesNotContain("javascript", raw);
        var text = Letters.Pages(made.Pdf)[0];
        Assert.Contains("file (file:///etc/x)", text);
        Assert.Contains("run (javascript:alert)", text);
    }

    [Fact]
    public void Raw_html_is_shown_as_text_comments_too()
    {
        var text = Letters.Pages(Letters.Set("We <b>agree</b> &amp; <!-- not really --> sign.\n\n<div>\nshown\n</div>")
            .Pdf)[0];
        Assert.Contains("We <b>agree</b> & <!-- not really --> sign.", text);
        Assert.Contains("<div> shown </div>", text);
    }

    [Theory]
    [InlineData("", "letter.empty")]
    [InlineData(" \n\t\n", "letter.empty")]
    [InlineData("---\nsubject: x\n---\n", "letter.empty")]
    [InlineData("---\nsubject: x\n", "letter.front-matter-open")]
    [InlineData("---\nwhat\n---\nText", "letter.front-matter-line")]
    [InlineData("---\ndate: 6 January\n---\nText", "letter.bad-date")]
    [InlineData("---\nsubject: a\nsubject: b\n---\nText", "letter.key-twice")]
    [InlineData("---\nlanguage: tlh\n---\nText", "letter.unknown-language")]
    [InlineData("![logo](logo.png)", "letter.image")]
    [InlineData("bell \u0007", "letter.control-character")]
    [InlineData("hidden &#1; entity", "letter.control-character")]
    [InlineData("reversed \u202Etxt", "letter.hidden-direction")]
    [InlineData("reversed &#x202E;txt", "letter.hidden-direction")]
    [InlineData("private \uE001", "letter.unprintable-character")]
    [InlineData("text\n\n[ref]: https://mso.example", "letter.link-definition")]
    public void What_a_letter_cannot_hold_is_refused_with_a_sentence(string markdown, string code) => Letters.Refused(
        markdown, code);

    [Theory]
    [InlineData("subjct", "subject")]
    [InlineData("title", "subject")]
    [InlineData("Referenc", "reference")]
    [InlineData("annexes", "enclosures")]
    public void An_unknown_key_is_named_with_the_closest_known(string key, string known)
    {
        var refusal = Letters.Refused($"---\n{key}: x\n---\nText", "letter.unknown-key");
        Assert.Contains($"“{key}”", refusal.Why);
        Assert.Contains($"“{known}”", refusal.Next);
    }

    [Fact]
    public void A_letter_beyond_two_megabytes_is_refused() =>
        Letters.Refused(new string('a', Typesetter.MostBytes + 1), "letter.too-large");

    [Fact]
    public void A_letter_that_is_not_utf8_is_refused()
    {
        var refusal = Assert.IsType<TypesetRefusal>(Typesetter.Set(new LetterSource(new byte[] { 0x41, 0xE9, 0x42 }),
            Letters.Head));
        Assert.Equal("letter.not-utf8", refusal.Code);
    }

    [Theory, MemberData(nameof(Samples))]
    public void The_corner_of_the_mark_stays_free_on_the_first_page(string sample)
    {
        var crowded = new Letterhead(string.Join(' ', Enumerable.Repeat("Directorate", 16)),
            ["An address line that goes on and on, and on, and on, and on"]);
        foreach (var (head, exercise) in new[] { (Letters.Head, false), (Letters.Head, true), (crowded, false) })
        {
            var source = new LetterSource(File.ReadAllBytes(Letters.Sample(sample)), Exercise: exercise);
            var made = Assert.IsType<PdfMade>(Typesetter.Set(source, head));
            var corner = sample.Contains(".ar.", StringComparison.Ordinal) ? "top-left" : "top-right";
            Assert.Contains(MarkPlaces.Free(made.Pdf).Places, place => place.Name == corner && place.Page == 1);
        }
    }

    [Fact]
    public void A_working_copy_says_so_on_every_page_and_whose_it_is()
    {
        var text = string.Concat(Enumerable.Repeat("A paragraph.\n\n", 60));
        var made = Letters.Set(text, draft: new WorkingCopy("Version 3", new DateOnly(2020, 1, 6), "for C. Bakker"));
        Assert.True(made.Pages > 1);
        foreach (var page in Letters.Pages(made.Pdf))
        {
            Assert.Contains("DRAFT – NOT RELEASED · Version 3 · 6 January 2020 · for C. Bakker", page);
            Assert.True(Letters.Bare(page).Split("DRAFTNOTRELEASED").Length >= 2);
        }
        Assert.DoesNotContain("DRAFT", Letters.Pages(Letters.Set(text).Pdf)[0]);
    }

    [Fact]
    public void An_exercise_says_so_on_every_page()
    {
        var text = string.Concat(Enumerable.Repeat("A paragraph.\n\n", 60));
        var made = Letters.Set(text, exercise: true);
        Assert.All(Letters.Pages(made.Pdf), page => Assert.Contains("EXERCISE", page));
        using var document = PdfDocument.Open(made.Pdf);
        Assert.All(document.GetPages(), page => Assert.True(page.Paths.Count >= "EXERCISE".Length));
    }

    [Fact]
    public void Arabic_letters_run_from_the_right()
    {
        var made = Assert.IsType<PdfMade>(Typesetter.Set(
            new LetterSource(File.ReadAllBytes(Letters.Sample("rotation.ar.md"))), Letters.Head));
        using var document = PdfDocument.Open(made.Pdf);
        var page = document.GetPage(1);
        // The Latin letterhead of this office begins on the right, and so does the first list marker.
        Assert.True(page.Letters.Where(l => l.PointSize > 12).Max(l => l.BoundingBox.Right) > 500);
        Assert.True(page.Letters.Where(l => l.Value == "2" && l.BoundingBox.Left > 490).Any());
        var text = Letters.Ask(Letters.Set("---\nlanguage: ar\n---\nالسلام عليكم").Pdf, "pdftotext", "poppler-utils",
            "FILE", "-");
        Assert.Contains(Letters.Bare("السلام عليكم"), Letters.Bare(text));
    }

    [Fact]
    public void A_machine_without_fonts_still_sets_latin_letters()
    {
        var source = new LetterSource(File.ReadAllBytes(Letters.Sample("helicopters.en.md")));
        var made = Assert.IsType<PdfMade>(Typesetter.Set(source, Letters.Head, null, FontShelf.OfNoMachine));
        Assert.Contains("Flights take place between 06:00 and 22:00", string.Join(' ', Letters.Pages(made.Pdf)));
        Assert.Contains("Inter", Letters.Ask(made.Pdf, "pdffonts", "poppler-utils", "FILE"));
    }

    [Theory]
    [InlineData("سلام", "Arabic", "fonts-noto-core")]
    [InlineData("漢", "Han", "fonts-noto-cjk")]
    [InlineData("नम", "Devanagari", "fonts-noto-core")]
    [InlineData("ש", "Hebrew", "fonts-noto-core")]
    public void A_character_without_a_font_is_named_with_its_script_and_the_package(string text, string script,
        string package)
    {
        var result = Typesetter.Set(LetterSource.Of("Text " + text), Letters.Head, null, FontShelf.OfNoMachine);
        var refusal = Assert.IsType<TypesetRefusal>(result);
        Assert.Equal("letter.no-font", refusal.Code);
        Assert.Contains($"U+{(int)text[0]:X4}", refusal.Why);
        Assert.Contains(script, refusal.Why);
        Assert.Contains(package, refusal.Next);
    }
}
