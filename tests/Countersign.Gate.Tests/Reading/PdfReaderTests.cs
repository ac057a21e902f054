using System.Text;
using Countersign.Documents;
using Countersign.Testing;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Reading;

/// <summary>What is read out of PDFs: made by hand, set by our own typesetter, and foreign.</summary>
public sealed class PdfReaderTests
{
    private static string TextOf(Document read, TextRole role) => string.Join('\n', read.Passages.Where(p => p.Role == role).Select(p => p.Text));

    private static IEnumerable<Oddity> Found(Document read, OddityKind kind) => read.Oddities.Where(o => o.Kind == kind);

    /// <summary>A font of one width that maps its codes to Unicode by a stream of the file.</summary>
    private static string Saying(PdfMaker made, int said)
    {
        var descriptor = made.Add("<< /Type /FontDescriptor /FontName /Plain /Flags 32 /FontBBox [0 -200 1000 800] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>");
        return $"/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Plain /Encoding /WinAnsiEncoding /FirstChar 0 /LastChar 255 "
            + $"/Widths [{string.Join(' ', Enumerable.Repeat("550", 256))}] /FontDescriptor {descriptor} 0 R /ToUnicode {said} 0 R >> >>";
    }

    [Fact]
    public void Each_line_of_a_page_is_a_passage_with_its_page_and_line()
    {
        var made = new PdfMaker().With(PdfMaker.Line("First line") + PdfMaker.Line("Second line", y: 680)).With(PdfMaker.Line("Other page"));
        var read = Document.Read(made.Build());
        Assert.Equal(
            [new Passage("First line", TextRole.Body, new Place("", 1, 1)), new Passage("Second line", TextRole.Body, new Place("", 1, 2)),
                new Passage("Other page", TextRole.Body, new Place("", 2, 1))], read.Passages);
        Assert.Empty(read.Unread);
        Assert.Empty(read.Oddities);
    }

    [Fact]
    public void Gaps_part_words_and_kerning_does_not()
    {
        var read = Document.Read(PdfMaker.Of("BT /F1 12 Tf 50 700 Td [(W) 80 (ithdrawal) -300 (on) -250 (Mo) 20 (nday)] TJ ET"));
        Assert.Equal("Withdrawal on Monday", TextOf(read, TextRole.Body));
    }

    [Fact]
    public void Letters_painted_twice_to_look_bold_are_read_once()
    {
        var read = Document.Read(PdfMaker.Of(PdfMaker.Line("Bold words") + PdfMaker.Line("Bold words", x: 50.4)));
        Assert.Equal("Bold words", TextOf(read, TextRole.Body));
    }

    [Theory]
    [InlineData("BT /F1 12 Tf 3 Tr 50 700 Td (secret) Tj ET")]
    [InlineData("1 g BT /F1 12 Tf 50 700 Td (secret) Tj ET")]
    [InlineData("BT /F1 0.5 Tf 50 700 Td (secret) Tj ET")]
    [InlineData("BT /F1 12 Tf 50 900 Td (secret) Tj ET")]
    [InlineData("BT /F1 12 Tf -400 700 Td (secret) Tj ET")]
    [InlineData("0 0 1 rg 40 690 200 30 re f BT /F1 12 Tf 50 700 Td (secret) Tj ET")]
    [InlineData("q 300 300 10 10 re W n BT /F1 12 Tf 50 700 Td (secret) Tj ET Q")]
    public void Text_that_nobody_sees_is_hidden(string content)
    {
        var read = Document.Read(PdfMaker.Of("q " + content + " Q " + PdfMaker.Line("seen", y: 100)));
        Assert.Equal("secret", TextOf(read, TextRole.Hidden));
        Assert.Equal("seen", TextOf(read, TextRole.Body));
    }

    [Fact]
    public void White_letters_on_a_dark_ground_are_seen()
    {
        var read = Document.Read(PdfMaker.Of("0 g 40 690 200 30 re f 1 g " + PdfMaker.Line("on black")));
        Assert.Equal("on black", TextOf(read, TextRole.Body));
    }

    [Fact]
    public void Text_in_a_layer_that_is_off_is_hidden_and_the_layer_is_named()
    {
        var made = new PdfMaker();
        var off = made.Add("<< /Type /OCG /Name (Internal) >>");
        var on = made.Add("<< /Type /OCG /Name (Public) >>");
        made.Resources += $" /Properties << /A {off} 0 R /B {on} 0 R >>";
        made.Catalog = $"/OCProperties << /OCGs [{off} 0 R {on} 0 R] /D << /OFF [{off} 0 R] >> >>";
        var read = Document.Read(made.With("/OC /A BDC " + PdfMaker.Line("secret") + "EMC /OC /B BDC " + PdfMaker.Line("seen", y: 600) + "EMC").Build());
        Assert.Equal("secret", TextOf(read, TextRole.Hidden));
        Assert.Equal("seen", TextOf(read, TextRole.Body));
        Assert.Equal("Internal", Assert.Single(Found(read, OddityKind.HiddenPart)).Excerpt);
    }

    [Theory]
    [InlineData("0 g 45 695 110 16 re f")]
    [InlineData("1 g 45 695 110 16 re f")]
    [InlineData("0 g 45 695 m 155 695 l 155 711 l 45 711 l h f")]
    [InlineData("16 w 45 703 m 155 703 l S")]
    public void A_box_painted_over_text_is_a_false_redaction(string box)
    {
        var read = Document.Read(PdfMaker.Of(PdfMaker.Line("the name is Jansen") + PdfMaker.Line("open", y: 600) + box));
        Assert.Equal("the name is Jansen", Assert.Single(Found(read, OddityKind.CoveredText)).Excerpt);
        Assert.Equal("the name is Jansen", TextOf(read, TextRole.Hidden));
        Assert.Equal("open", TextOf(read, TextRole.Body));
    }

    [Theory]
    [InlineData("0.9 g 40 690 300 30 re f 0 g", "")]
    [InlineData("", "/G1 gs 1 1 0 rg 40 690 300 30 re f")]
    [InlineData("", "/G2 gs 1 1 0 rg 40 690 300 30 re f")]
    [InlineData("", "0 g 45 698 110 0.7 re f")]
    [InlineData("", "0 g 40 690 300 30 re 42 692 296 26 re f*")]
    [InlineData("", "1 g 45 695 110 16 re f 0 g BT /F1 12 Tf 50 700 Td (plain) Tj ET")]
    public void Grounds_highlights_rules_and_frames_are_no_redaction(string before, string after)
    {
        var made = new PdfMaker();
        made.Resources += " /ExtGState << /G1 << /BM /Multiply >> /G2 << /ca 0.4 >> >>";
        var read = Document.Read(made.With(before + " " + PdfMaker.Line("plain") + after).Build());
        Assert.Contains("plain", TextOf(read, TextRole.Body));
        Assert.Empty(Found(read, OddityKind.CoveredText));
    }

    [Fact]
    public void Recognised_text_under_the_picture_of_its_page_is_hidden_and_the_picture_is_told()
    {
        var made = new PdfMaker();
        var picture = made.AddStream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", "x");
        made.Resources += $" /XObject << /P {picture} 0 R >>";
        var scan = "q 600 0 0 800 0 0 cm /P Do Q ";
        foreach (var content in new[] { scan + PdfMaker.Line("recognised", before: "3 Tr"), PdfMaker.Line("recognised") + scan })
        {
            var read = Document.Read(new PdfMaker { Resources = made.Resources }.WithPicture().With(content).Build());
            Assert.Equal("recognised", TextOf(read, TextRole.Hidden));
            Assert.Single(Found(read, OddityKind.Picture));
            Assert.Empty(Found(read, OddityKind.CoveredText));
        }
    }

    [Fact]
    public void A_page_that_is_only_a_picture_is_unread()
    {
        var read = Document.Read(new PdfMaker { Resources = "/XObject << /P 3 0 R >>" }.WithPicture().With("q 600 0 0 700 0 50 cm /P Do Q").Build());
        var unread = Assert.Single(read.Unread);
        Assert.Equal((UnreadReason.Picture, 1), (unread.Reason, unread.Place.Page));
    }

    [Fact]
    public void Notes_are_read_with_their_kind_and_a_link_to_an_address_is_nothing_odd()
    {
        var made = new PdfMaker();
        made.With(PdfMaker.Line("text"), """
            /Annots [ << /Type /Annot /Subtype /Text /Rect [10 10 20 20] /Contents (Is this final?) >>
            << /Type /Annot /Subtype /Stamp /Rect [10 10 20 20] /Contents (Approved) >>
            << /Type /Annot /Subtype /Link /Rect [10 10 20 20] /A << /S /URI /URI (https://mso.example/) >> >> ]
            """);
        var read = Document.Read(made.Build());
        Assert.Equal([("Is this final?", "note"), ("Approved", "stamp")], read.Passages.Where(p => p.Role == TextRole.Annotation).Select(p => (p.Text, p.Label!)));
        Assert.Empty(read.Oddities);
    }

    [Fact]
    public void What_a_stamp_shows_is_read_from_its_appearance()
    {
        var made = new PdfMaker();
        var form = made.AddStream($"/Type /XObject /Subtype /Form /BBox [0 0 200 30] /Resources << {made.Resources} >>", "BT /F1 12 Tf 5 5 Td (NOT FOR RELEASE) Tj ET");
        var read = Document.Read(made.With(PdfMaker.Line("text"), $"/Annots [ << /Type /Annot /Subtype /Stamp /Rect [100 100 300 130] /AP << /N {form} 0 R >> >> ]").Build());
        Assert.Equal("NOT FOR RELEASE", TextOf(read, TextRole.Annotation));
        Assert.Equal("text", TextOf(read, TextRole.Body));
    }

    [Fact]
    public void Fields_are_read_with_their_names_and_an_XFA_form_is_told()
    {
        var made = new PdfMaker();
        var field = made.Add("<< /Type /Annot /Subtype /Widget /FT /Tx /T (addressee) /V (The Minister) /Rect [10 10 90 20] >>");
        made.Catalog = $"/AcroForm << /Fields [{field} 0 R << /FT /Tx /T (unshown) /V (kept back) >>] /XFA (x) >>";
        var read = Document.Read(made.With(PdfMaker.Line("text"), $"/Annots [{field} 0 R]").Build());
        Assert.Equal([("The Minister", "addressee"), ("kept back", "unshown")], read.Passages.Where(p => p.Role == TextRole.Field).Select(p => (p.Text, p.Label!)));
        Assert.Single(Found(read, OddityKind.EmbeddedObject));
    }

    [Fact]
    public void Properties_and_XMP_are_metadata_under_the_common_labels()
    {
        var made = new PdfMaker { Trailer = "/Info << /Title (Draft 3) /Author (A. Jansen) /CaseNumber (17) >>" };
        var xmp = made.AddStream("/Type /Metadata /Subtype /XML", """
            <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">
            <dc:creator><rdf:Seq><rdf:li>B. de Vries</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>
            """);
        made.Catalog = $"/Metadata {xmp} 0 R";
        var read = Document.Read(made.With(PdfMaker.Line("text")).Build());
        Assert.Equal([(MetadataLabels.Title, "Draft 3"), (MetadataLabels.Author, "A. Jansen"), ("CaseNumber", "17"), (MetadataLabels.Author, "B. de Vries")],
            read.Passages.Where(p => p.Role == TextRole.Metadata).Select(p => (p.Label!, p.Text)));
    }

    [Fact]
    public void The_text_that_stands_for_a_picture_is_read()
    {
        var made = new PdfMaker();
        made.Catalog = "/StructTreeRoot << /Type /StructTreeRoot /K [ << /S /Figure /Alt (Map of the bases) >> ] >>";
        Assert.Equal("Map of the bases", TextOf(Document.Read(made.With(PdfMaker.Line("text")).Build()), TextRole.AltText));
    }

    [Fact]
    public void Embedded_files_are_read_as_documents_of_their_own()
    {
        var made = new PdfMaker();
        var named = made.AddStream("/Type /EmbeddedFile", "withdraw from the north");
        var attached = made.AddStream("/Type /EmbeddedFile", "by the fifteenth");
        made.Catalog = $"/Names << /EmbeddedFiles << /Names [(a) << /Type /Filespec /F (plan.txt) /EF << /F {named} 0 R >> >>] >> >>";
        var read = Document.Read(made.With(PdfMaker.Line("text"),
            $"/Annots [<< /Type /Annot /Subtype /FileAttachment /Rect [1 1 9 9] /FS << /F (dates.txt) /EF << /F {attached} 0 R >> >> >>]").Build());
        Assert.Equal(["dates.txt", "plan.txt"], read.Parts.Select(p => p.Name));
        Assert.Equal(["dates.txt", "plan.txt"], Found(read, OddityKind.EmbeddedFile).Select(o => o.Excerpt));
        Assert.Equal(["dates.txt", "plan.txt"], read.Parts.Select(p => p.Passages[0].Text));
    }

    [Theory]
    [InlineData("/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>", OddityKind.Macro)]
    [InlineData("/Names << /JavaScript << /Names [(go) << /S /JavaScript /JS (x) >>] >> >>", OddityKind.Macro)]
    [InlineData("/OpenAction << /S /Launch /F (run.exe) >>", OddityKind.Macro)]
    [InlineData("/AA << /WC << /S /SubmitForm /F (http://mso.example/) >> >>", OddityKind.ExternalLink)]
    public void What_acts_when_the_document_is_opened_is_told(string catalog, OddityKind kind)
    {
        var read = Document.Read(new PdfMaker { Catalog = catalog }.With(PdfMaker.Line("text")).Build());
        Assert.Equal(kind, Assert.Single(read.Oddities).Kind);
    }

    [Fact]
    public void A_file_with_an_update_keeps_its_earlier_revision()
    {
        var first = PdfMaker.Of(PdfMaker.Line("text"));
        Assert.Empty(Document.Read(first).Oddities);
        var text = Encoding.Latin1.GetString(first);
        var before = text[(text.LastIndexOf("startxref", StringComparison.Ordinal) + 10)..].Split('\n')[0];
        var at = first.Length;
        var update = $"xref\n0 0\ntrailer\n<< /Size 5 /Root 1 0 R /Prev {before} >>\nstartxref\n{at}\n%%EOF\n";
        var read = Document.Read(Encoding.Latin1.GetBytes(text + update));
        Assert.Single(Found(read, OddityKind.EarlierRevision));
        Assert.Equal("text", TextOf(read, TextRole.Body));
    }

    [Fact]
    public void Letters_that_a_font_shows_as_others_than_it_says_are_told_and_the_page_is_unread()
    {
        // Shown: SECRET PLAN; said: each letter's successor.
        var map = new StringBuilder("/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange 26 beginbfchar ");
        for (var c = 'A'; c <= 'Z'; c++)
            map.Append($"<{(int)c:X2}> <{(c == 'Z' ? 'A' : c + 1):X4}> ");
        var made = new PdfMaker();
        var said = made.AddStream("", map + "endbfchar endcmap end");
        made.Resources = Saying(made, said);
        var read = Document.Read(made.With(PdfMaker.Line("SECRET PLAN")).Build());
        Assert.StartsWith("TFDSFU", Assert.Single(Found(read, OddityKind.RemappedGlyphs)).Excerpt);
        Assert.Equal(UnreadReason.RemappedGlyphs, Assert.Single(read.Unread).Reason);
    }

    [Fact]
    public void Text_in_a_font_that_cannot_be_read_is_told()
    {
        var read = Document.Read(new PdfMaker { Resources = "/Font << /F1 << /Type /Font /Subtype /TrueType >> >>" }.With(PdfMaker.Line("text")).Build());
        Assert.True(TextOf(read, TextRole.Body) == "text" || read.Unread.Any(u => u.Reason == UnreadReason.Damaged));
    }

    [Fact]
    public void One_damaged_page_does_not_hide_the_others()
    {
        var made = new PdfMaker().With(PdfMaker.Line("before"));
        var broken = made.AddPage("");
        made.With(PdfMaker.Line("after"));
        var text = Encoding.Latin1.GetString(made.Build()).Replace($"/Contents {broken - 1} 0 R", "/Contents 9 (  ", StringComparison.Ordinal);
        var read = Document.Read(Encoding.Latin1.GetBytes(text));
        Assert.Contains("before", TextOf(read, TextRole.Body));
        Assert.Contains("after", TextOf(read, TextRole.Body));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Arabic_comes_out_in_the_order_in_which_it_is_read(bool visual)
    {
        // سلام 12: the code 'a' + n is the n-th letter, in presentation forms.
        const string Shown = "\uFEB3\uFEFC\uFEE1";
        var map = new StringBuilder("/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <00> <FF> endcodespacerange 3 beginbfchar ");
        for (var i = 0; i < Shown.Length; i++)
            map.Append($"<{'a' + i:X2}> <{(int)Shown[i]:X4}> ");
        var made = new PdfMaker();
        var said = made.AddStream("", map + "endbfchar endcmap end");
        made.Resources = Saying(made, said);
        var content = visual ? "BT /F1 12 Tf 50 700 Td (12 cba) Tj ET"
            : "BT /F1 12 Tf 1 0 0 1 90 700 Tm (a) Tj 1 0 0 1 83.3 700 Tm (b) Tj 1 0 0 1 77.3 700 Tm (c) Tj 1 0 0 1 60 700 Tm (12) Tj ET";
        Assert.Equal("\u0633\u0644\u0627\u0645 12", TextOf(Document.Read(made.With(content).Build()), TextRole.Body));
    }

    [Theory]
    [InlineData("rotation.ar.md", "نود إبلاغكم بزيادة نشاط المروحيات")]
    [InlineData("helicopters.en.md", "helicopter")]
    public void A_letter_set_by_the_typesetter_is_read_as_it_was_written(string letter, string words)
    {
        var markdown = File.ReadAllBytes(Path.Combine(Corpora.Repository, "testdata", "letters", letter));
        var made = Assert.IsType<PdfMade>(Typesetter.Set(new LetterSource(markdown), new Letterhead("Office", ["Street 1"])));
        var read = Document.Read(made.Pdf);
        Assert.Contains(words, TextOf(read, TextRole.Body));
        Assert.Empty(read.Unread);
        Assert.DoesNotContain(read.Oddities, o => o.Kind is OddityKind.CoveredText or OddityKind.RemappedGlyphs);
    }

    [Fact]
    public void Damaged_files_are_answered_whatever_is_cut_or_flipped()
    {
        var made = new PdfMaker();
        made.Catalog = "/AcroForm << /Fields [<< /FT /Tx /T (f) /V (v) >>] >> /Outlines << /First << /Title (x) >> >>";
        var whole = made.With(PdfMaker.Line("some text") + "0 g 1 1 100 100 re f").With(PdfMaker.Line("more")).Build();
        Gen.Select(Gen.Int[0, whole.Length], Gen.Int[0, whole.Length - 1].Array[0, 20], Gen.Byte).Sample((cut, flips, with) =>
        {
            var bytes = whole.ToArray();
            foreach (var flip in flips)
                bytes[flip] ^= with;
            Document.Read(bytes.AsMemory(0, cut));
        }, iter: 300);
    }

    [Fact]
    public void A_form_that_draws_itself_ends()
    {
        var made = new PdfMaker();
        made.AddStream("/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /XObject << /A 4 0 R >> >>", "/A Do");
        made.AddStream("/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /XObject << /B 3 0 R >> >>", "/B Do");
        made.Resources += " /XObject << /B 3 0 R >>";
        var read = Document.Read(made.With(PdfMaker.Line("text") + "/B Do").Build());
        Assert.Equal("text", TextOf(read, TextRole.Body));
        Assert.Equal(UnreadReason.TooDeep, Assert.Single(read.Unread).Reason);
    }

    [Fact]
    public void Every_foreign_PDF_is_answered_and_most_are_read()
    {
        var (all, read) = (0, 0);
        foreach (var path in Directory.EnumerateFiles(Corpora.Require("pdf"), "*.pdf", SearchOption.AllDirectories))
        {
            var document = Document.Read(File.ReadAllBytes(path));
            all++;
            read += document.Passages.Count > 0 ? 1 : 0;
        }
        Assert.True(read > all * 0.7, $"{read} of {all}");
    }

    [Fact]
    public void A_PDF_behind_a_password_is_unread_as_encrypted()
    {
        var path = Corpora.Require("pdf/pyHanko/embedded-encrypted-nocf.pdf");
        Assert.Equal(UnreadReason.Encrypted, Assert.Single(Document.Read(File.ReadAllBytes(path)).Unread).Reason);
    }
}

internal static class PdfMakerPictures
{
    /// <summary>Adds a picture of one grey dot as the next object.</summary>
    public static PdfMaker WithPicture(this PdfMaker made)
    {
        made.AddStream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", "x");
        return made;
    }
}
