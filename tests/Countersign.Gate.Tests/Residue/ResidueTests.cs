using System.Text;
using Countersign.Documents;
using Xunit;

namespace Countersign.Gate.Tests.Fitness;

/// <summary>What makes a document unfit to be a fair copy, on documents made by hand.</summary>
public sealed class ResidueTests
{
    private static Document Of(params Passage[] passages) => new("", DocumentKind.Docx, passages, [], [], []);

    private static Document Lines(params string[] lines) => Of([.. lines.Select((l, i) => new Passage(l, TextRole.Body, new Place("", 0, i + 1)))]);

    private static string[] Ids(Document document, LetterFacts? facts = null, DateOnly? today = null) => [.. Residue.In(document, facts, today).Select(f => f.Id)];

    [Fact]
    public void A_clean_letter_has_no_finding() =>
        Assert.Empty(Residue.In(Lines("Headquarters, Task Force North", "The Hague, 28 November 2026", "Dear Mr Jansen,",
            "We thank you for your letter of 3 November 2026 [1] and its annex (see [sic] page 3) […].", "Yours sincerely,", "A. de Vries", "Director"),
            new LetterFacts { Addressees = ["Mr P. Jansen <p.jansen@example.org>"], Date = new DateOnly(2026, 11, 28) }, new DateOnly(2026, 11, 28)));

    [Theory]
    [InlineData(TextRole.Inserted, "residue.tracked-change")]
    [InlineData(TextRole.Deleted, "residue.tracked-change")]
    [InlineData(TextRole.Comment, "residue.comment")]
    [InlineData(TextRole.Hidden, "residue.hidden-text")]
    public void What_reviewers_left_is_found_with_its_place_and_text(TextRole role, string id)
    {
        var finding = Assert.Single(Residue.In(Of(new Passage("the words themselves", role, new Place("footnote 2", 0, 3), "P. Bakker"))));
        Assert.Equal(id, finding.Id);
        Assert.Equal(Severity.Refuse, finding.Severity);
        Assert.Equal("the words themselves", finding.Excerpt);
        Assert.Equal("footnote 2, paragraph 3", finding.Place.ToString());
    }

    [Theory]
    [InlineData(OddityKind.Macro, "residue.macro")]
    [InlineData(OddityKind.EmbeddedObject, "residue.embedded-object")]
    [InlineData(OddityKind.EmbeddedFile, "residue.embedded-file")]
    [InlineData(OddityKind.EarlierRevision, "residue.earlier-revision")]
    [InlineData(OddityKind.CoveredText, "residue.covered-text")]
    [InlineData(OddityKind.RemappedGlyphs, "residue.remapped-glyphs")]
    [InlineData(OddityKind.UnfilledField, "residue.unfilled-field")]
    [InlineData(OddityKind.TrackedFormatting, "residue.tracked-formatting")]
    [InlineData(OddityKind.ExternalLink, "residue.external-link")]
    [InlineData(OddityKind.HiddenPart, "residue.hidden-part")]
    [InlineData(OddityKind.TrackingOn, "residue.tracking-on")]
    public void What_else_stands_out_is_found(OddityKind kind, string id) =>
        Assert.Equal([id], Ids(Lines("Text.") with { Oddities = [new Oddity(kind, default, "what it is")] }));

    [Fact]
    public void A_picture_in_a_letter_is_no_finding_and_a_page_that_is_only_one_is()
    {
        Assert.Empty(Residue.In(Lines("Text.") with { Oddities = [new Oddity(OddityKind.Picture, default)] }));
        Assert.Equal(["residue.picture-page", "residue.unread"], Ids(Lines("Text.") with
        {
            Unread = [new Unread(UnreadReason.Picture, new Place("", 1), "Page 1 is a picture."), new Unread(UnreadReason.Encrypted, default, "It is encrypted.")],
        }));
    }

    [Theory]
    [InlineData("The Hague, [DATE]")]
    [InlineData("Aan [NAAM]")]
    [InlineData("Geachte [naam geadresseerde],")]
    [InlineData("Dear [Name of the addressee],")]
    [InlineData("The amount of [insert amount] is due.")]
    [InlineData("Het bedrag van [bedrag invullen] is verschuldigd.")]
    [InlineData("On [●] the parties met.")]
    [InlineData("a period of [XX] days")]
    [InlineData("Le [date] à [lieu]")]
    [InlineData("[à compléter]")]
    [InlineData("Das Schreiben vom [Datum]")]
    [InlineData("[Name einfügen]")]
    [InlineData("Estimado señor [apellido]:")]
    [InlineData("التاريخ: [التاريخ]")]
    [InlineData("السيد [الاِسْم]")]
    [InlineData("<insert paragraph about cost>")]
    [InlineData("<NAME>")]
    [InlineData("Wij zijn met XXX bezig.")]
    [InlineData("call 070-xxxxxxx")]
    [InlineData("€ xx per month")]
    [InlineData("PENDING SIGNATURE")]
    [InlineData("PENDING legal review of the second paragraph")]
    [InlineData("The cost is TBD.")]
    [InlineData("TO" + "DO check the number")]
    [InlineData("Lorem ipsum dolor")]
    [InlineData("Den Haag, ____ 2026")]
    [InlineData("The sum of ........ euro is due.")]
    [InlineData("$$")]
    [InlineData("datum dd/mm/yyyy")]
    [InlineData("Den Haag, dd-mm-jjjj")]
    [InlineData("le jj/mm/aaaa")]
    [InlineData("am TT.MM.JJJJ")]
    [InlineData("on xx/xx")]
    [InlineData("Ons kenmerk: TFN-2026-XXXX")]
    [InlineData("Herr N.N.")]
    [InlineData("nader in te vullen")]
    [InlineData("De bijlage is nog in te vullen door P&O")]
    [InlineData("Montant : à compléter")]
    [InlineData("Betrag (wird nachgereicht)")]
    [InlineData("Importe: por completar")]
    [InlineData("Dear ,")]
    [InlineData("Amount: ???")]
    public void A_placeholder_is_found(string text) => Assert.Equal(["residue.placeholder"], Ids(Lines(text)).Distinct());

    [Theory]
    [InlineData("Dear {{first_name}},")]
    [InlineData("Dear «Last_Name»,")]
    [InlineData("«AddressBlock»")]
    [InlineData("Dear ${name},")]
    [InlineData("Dear <<Name>>,")]
    [InlineData("Dear %FIRSTNAME%,")]
    public void A_merge_field_that_nobody_filled_is_found(string text) => Assert.Equal(["residue.unfilled-field"], Ids(Lines(text)));

    [Theory]
    [InlineData("as he wrote [sic] in his letter […] of [1] and [12a] and [a]")]
    [InlineData("“the [Dutch] Government has [now] decided”")]
    [InlineData("the forces of [NATO] and [the United States]")]
    [InlineData("[Signed] [L.S.] [signature] [redacted] [SECRET] [ ] [x]")]
    [InlineData("« Le Gouvernement » et «OTAN» et «Circulaire»")]
    [InlineData("Chapter XXX of the Charter; Artikel XX; XXIX, XXX and XXXI; in the XXth century")]
    [InlineData("XXX. Final provisions")]
    [InlineData("The matter is pending before the court; pending approval we wait.")]
    [InlineData("The reference is to be determined by the parties.")]
    [InlineData("des mesures à définir par les Parties")]
    [InlineData("A list . . . and so on... until the end")]
    [InlineData("1. Introduction .................... 12")]
    [InlineData("____________________")]
    [InlineData("Signature: ____________________")]
    [InlineData("I.N.N. Ivanov and N.N. Petrov")]
    [InlineData("It costs $ 5 or $$$ if <5 and >3; 50% of 60% is 30%")]
    [InlineData("See www.xxx.org/TO" + "DO and the TO" + "DOS of mr. Todo")]
    [InlineData("a draft of the concept, in ontwerp, le projet de loi, der Entwurf eines Gesetzes")]
    [InlineData("{1} {a, b} f(x) = {x}")]
    [InlineData("Really??? Yes! And when ????")]
    [InlineData("«GitHub» et «PyCon» et {#reference}")]
    [InlineData("> > ______________________")]
    [InlineData("OVERALL% SPAM% NONSPAM%")]
    [InlineData("<DIV><B>From:</B></DIV><STYLE></STYLE>")]
    public void Ordinary_signs_and_words_are_no_placeholder(string text) => Assert.Empty(Residue.In(Lines(text)));

    [Fact]
    public void Links_and_markup_of_a_plain_text_are_no_placeholder() =>
        Assert.Empty(Residue.In(Lines("See [date](https://example.org) and [name][1]; <address>Plein 1</address>") with { Kind = DocumentKind.Text }));

    [Fact]
    public void A_placeholder_that_breaks_across_two_lines_of_a_page_is_found_where_it_begins()
    {
        var document = Of(new Passage("Dear [name of", TextRole.Body, new Place("", 2, 4)), new Passage("the addressee], we", TextRole.Body, new Place("", 2, 5))) with { Kind = DocumentKind.Pdf };
        Assert.Equal("page 2, line 4", Assert.Single(Residue.In(document)).Place.ToString());
    }

    [Theory]
    [InlineData("Click or tap here to enter text.")]
    [InlineData("Klik hier als u tekst wilt invoeren.")]
    [InlineData("Cliquez ou appuyez ici pour entrer du texte.")]
    [InlineData("Klicken oder tippen Sie hier, um Text einzugeben.")]
    [InlineData("Haga clic o pulse aquí para escribir texto.")]
    [InlineData("انقر أو اضغط هنا لإدخال نص.")]
    [InlineData("[Type the document title]")]
    public void A_sentence_of_a_template_is_found(string text) => Assert.Equal(["residue.template-text"], Ids(Lines(text)));

    [Theory]
    [InlineData("see Error! Reference source not found. below")]
    [InlineData("zie Fout! Verwijzingsbron niet gevonden.")]
    public void A_reference_that_leads_nowhere_is_found(string text) => Assert.Equal(["residue.broken-reference"], Ids(Lines(text)));

    [Theory]
    [InlineData(TextRole.Watermark, "DRAFT – NOT RELEASED")]
    [InlineData(TextRole.Watermark, "مسودة")]
    [InlineData(TextRole.Header, "Concept, versie 0.3, 12 november 2026")]
    [InlineData(TextRole.Footer, "Entwurf")]
    [InlineData(TextRole.Body, "BORRADOR")]
    [InlineData(TextRole.Body, "Projet")]
    public void A_document_that_calls_itself_a_draft_is_found(TextRole role, string text) =>
        Assert.Equal(["residue.draft-mark"], Ids(Of(new Passage(text, role, new Place("", 1)))));

    [Theory]
    [InlineData(TextRole.Header, "Concept of Operations")]
    [InlineData(TextRole.Header, "Projet de loi de finances")]
    [InlineData(TextRole.Body, "The draft was sent to you.")]
    [InlineData(TextRole.Watermark, "Ministry of Defence")]
    public void A_word_for_a_draft_within_other_words_is_no_mark(TextRole role, string text) => Assert.Empty(Residue.In(Of(new Passage(text, role, default))));

    [Fact]
    public void Metadata_that_names_people_templates_and_places_is_found()
    {
        Document With(string label, string text) => Of(new Passage("Text.", TextRole.Body, default), new Passage("The Office", TextRole.Metadata, new Place("properties"), MetadataLabels.Author),
            new Passage(text, TextRole.Metadata, new Place("properties"), label));
        var facts = new LetterFacts { OfficeName = "The Office", Kind = "notice" };
        Assert.Equal(["residue.metadata-earlier-author"], Ids(With(MetadataLabels.LastAuthor, "P. Bakker"), facts));
        Assert.Equal(["residue.metadata-earlier-author"], Ids(With(MetadataLabels.Manager, "P. Bakker"), facts));
        Assert.Equal(["residue.metadata-company"], Ids(With(MetadataLabels.Company, "Consultants Ltd"), facts));
        Assert.Equal(["residue.metadata-template"], Ids(With(MetadataLabels.Template, "Consultants.dotx"), facts));
        Assert.Equal(["residue.metadata-title"], Ids(With(MetadataLabels.Title, "Microsoft Word - brief v3.docx"), facts));
        Assert.Equal(["residue.metadata-title"], Ids(With(MetadataLabels.Title, "Document1"), facts));
        Assert.Equal(["residue.internal-path"], Ids(With("hyperlink-base", @"\\fileserver\letters\2026"), facts));
        Assert.Empty(Residue.In(With(MetadataLabels.Template, "Normal.dotm"), facts));
        Assert.Empty(Residue.In(With(MetadataLabels.Title, "Movement of forces"), facts));
    }

    [Theory]
    [InlineData("It lies at file:///C:/Users/pb/brief.docx")]
    [InlineData(@"See \\server\share\brief.docx")]
    [InlineData(@"Saved as C:\Users\pb\brief.docx")]
    [InlineData("https://contoso.sharepoint.com/sites/hr/brief.docx")]
    public void A_path_of_the_inner_network_in_the_text_is_found(string text) => Assert.Equal(["residue.internal-path"], Ids(Lines(text)));

    [Theory]
    [InlineData("31 February 2026")]
    [InlineData("on 31 april 2026 in The Hague")]
    [InlineData("le 30 février 2026")]
    [InlineData("den 31. November 2026")]
    [InlineData("el 31 de septiembre de 2026")]
    [InlineData("29-02-2026")]
    [InlineData("2026-02-30")]
    [InlineData("٣١ فبراير ٢٠٢٦")]
    public void A_day_that_does_not_exist_is_found(string text) => Assert.Equal(["residue.impossible-date"], Ids(Lines(text)));

    [Theory]
    [InlineData("Monday 28 November 2026", "residue.weekday")]
    [InlineData("maandag 28 november 2026", "residue.weekday")]
    [InlineData("lundi 28 novembre 2026", "residue.weekday")]
    [InlineData("Montag, 28. November 2026", "residue.weekday")]
    [InlineData("lunes, 28 de noviembre de 2026", "residue.weekday")]
    [InlineData("Saturday, November 28, 2026", null)]
    [InlineData("zaterdag 28 november 2026", null)]
    [InlineData("samedi le 28 novembre 2026", null)]
    [InlineData("Samstag, den 28. November 2026", null)]
    [InlineData("sábado, 28 de noviembre de 2026", null)]
    [InlineData("29 February 2024, 31 December 2026 and 3/31/2026", null)]
    public void A_day_of_the_week_is_held_against_its_date(string text, string? id) => Assert.Equal(id is null ? [] : [id], Ids(Lines(text)));

    [Theory]
    [InlineData("The Hague, 6 January 2026", true)]
    [InlineData("Datum: 6 januari 2027", true)]
    [InlineData("The Hague, 20 November 2026", false)]
    [InlineData("Your letter of 6 January 2020", false)]
    public void The_letters_date_is_held_against_today(string line, bool found) =>
        Assert.Equal(found ? ["residue.date"] : [], Ids(Lines("Headquarters", line, "We thank you for your letter of 6 January 2020, which we received."), today: new DateOnly(2026, 11, 28)));

    [Fact]
    public void The_letters_date_is_held_against_the_record()
    {
        var facts = new LetterFacts { Date = new DateOnly(2026, 11, 27), Kind = "notice" };
        Assert.Equal(["residue.date"], Ids(Lines("28 November 2026", "Text."), facts));
        Assert.Empty(Residue.In(Lines("27-11-2026", "Text."), facts));
    }

    [Fact]
    public void Another_reference_of_the_office_in_the_head_is_refused_and_in_the_text_noted()
    {
        var facts = new LetterFacts { Reference = "TFN-2026-0007", Kind = "notice" };
        Assert.Empty(Residue.In(Lines("Our reference: TFN-2026-0007", "Text."), facts));
        Assert.Equal(["residue.reference"], Ids(Lines("Our reference: TFN-2026-0006", "Text."), facts));
        Assert.Equal(["residue.reference"], Ids(Lines("Ons kenmerk", "TFN-2026-0006", "Text."), facts));
        Assert.Equal(["residue.other-reference"], Ids(Lines("Our reference: TFN-2026-0007", "We refer to our letter TFN-2026-0006 of last week."), facts));
        Assert.Equal(["residue.other-reference"], Ids(Lines("Our reference: TFN-2026-0007", "Your reference: TFN-2026-0006"), facts));
        Assert.Empty(Residue.In(Lines("Your reference: ABC-2026-0006"), facts));
    }

    [Fact]
    public void An_addressee_and_a_salutation_are_held_against_the_record()
    {
        var facts = new LetterFacts { Addressees = ["Lieutenant General Abdul Amir <a@mod.example>"], Kind = "notice" };
        Assert.Empty(Residue.In(Lines("Lieutenant General Abdul Amir", "Sir,", "Text."), facts));
        Assert.Empty(Residue.In(Lines("To: ABDUL  AMIR", "Dear General Amir,", "Text."), facts));
        Assert.Equal(["residue.addressee", "residue.salutation"], Ids(Lines("To: Mr P. Jansen", "Dear Mr Jansen,", "Text."), facts));
        Assert.Equal(["residue.addressee"], Ids(Lines("To whom it may concern", "Dear Sir or Madam,", "Text."), facts));
    }

    [Fact]
    public void A_subject_is_held_against_the_record()
    {
        var facts = new LetterFacts { Subject = "Helicopter movements in December", Kind = "notice" };
        Assert.Empty(Residue.In(Lines("Subject: Helicopter movements in December", "Text."), facts));
        Assert.Empty(Residue.In(Lines("SUBJECT", "HELICOPTER MOVEMENTS", "IN DECEMBER", "Text."), facts));
        Assert.Equal(["residue.subject"], Ids(Lines("Betreft: onward movement", "Text."), facts));
        Assert.Empty(Residue.In(Lines("A text without such a line."), facts));
    }

    [Theory]
    [InlineData("Yours sincerely,", "A. Smith")]
    [InlineData("Hoogachtend,", "A. Jansen")]
    [InlineData("Veuillez agréer, Monsieur, l'expression de ma haute considération.", "A. Dupont")]
    [InlineData("Mit freundlichen Grüßen", "A. Schmidt")]
    [InlineData("Atentamente,", "A. García")]
    [InlineData("وتفضلوا بقبول فائق الاحترام", "أ")]
    [InlineData("William H. Seely III", "Brigadier General, USMC")]
    public void A_closing_or_a_signers_name_and_rank_is_a_signature_block(string closing, string name) => Assert.Empty(Residue.In(Lines("Text.", closing, name), new LetterFacts()));

    [Fact]
    public void A_letter_without_closing_and_name_is_found_and_a_notice_needs_none()
    {
        Assert.Equal(["residue.no-signature"], Ids(Lines("Sir,", "We will be repositioning forces."), new LetterFacts()));
        Assert.Empty(Residue.In(Lines("Sir,", "We will be repositioning forces."), new LetterFacts { Kind = "notice" }));
        Assert.Empty(Residue.In(Lines("Sir,", "We will be repositioning forces.")));
    }

    [Fact]
    public void A_document_inside_is_looked_at_and_its_place_says_where()
    {
        var inner = Of(new Passage("why?", TextRole.Comment, new Place("comment 1"))) with { Name = "annex.docx" };
        var findings = Residue.In(Lines("Text.") with { Parts = [inner] });
        Assert.Equal(["residue.embedded-file", "residue.comment"], findings.Select(f => f.Id));
        Assert.Equal("annex.docx: comment 1", findings[1].Place.ToString());
        Assert.Equal(["residue.comment"], Ids(Lines("Text.") with { Kind = DocumentKind.Eml, Parts = [inner] }));
    }

    [Fact]
    public void Many_of_one_sort_are_counted_and_a_few_shown()
    {
        var findings = Residue.In(Of([.. Enumerable.Range(1, 400).Select(i => new Passage($"word {i}", TextRole.Deleted, new Place("", 0, i)))]));
        Assert.Equal(Residue.MostOfOne, findings.Count);
        Assert.Contains("400", findings[^1].Says, StringComparison.Ordinal);
    }

    [Fact]
    public void An_excerpt_is_one_short_line_whatever_the_text()
    {
        var finding = Assert.Single(Residue.In(Of(new Passage("a\r\n\u202Eb\u0000" + new string('x', 3) + "\uD83D" + string.Concat(Enumerable.Repeat("😀 ", 300)), TextRole.Comment, default))));
        Assert.True(finding.Excerpt.Length <= Residue.MostExcerpt);
        Assert.DoesNotContain(finding.Excerpt, char.IsControl);
        Assert.DoesNotContain('\u202E', finding.Excerpt);
    }

    [Fact]
    public void Every_id_is_plain_and_has_a_sentence_and_a_way_to_mend_it() => Assert.All(Residue.Kinds, kind =>
    {
        Assert.Matches("^residue\\.[a-z0-9.-]+$", kind.Id);
        Assert.EndsWith(".", kind.Says, StringComparison.Ordinal);
        Assert.EndsWith(".", kind.Mend, StringComparison.Ordinal);
        Assert.Same(kind, Residue.Kind(kind.Id));
    });

    [Theory]
    [InlineData("[")]
    [InlineData("<")]
    [InlineData("«a")]
    [InlineData("__ ")]
    [InlineData("{{")]
    [InlineData("xxxx ")]
    [InlineData("<a </")]
    [InlineData("31 February 2026 ")]
    [InlineData("pending ")]
    public void A_hostile_text_is_searched_to_its_end(string piece)
    {
        var text = new StringBuilder().Insert(0, piece, 400_000 / piece.Length).Append("\n[DATE]\n").ToString();
        var findings = Residue.In(Lines(text), new LetterFacts { Reference = "TFN-2026-0001", Addressees = ["A B"], Subject = "S" });
        Assert.All(findings, f => Assert.InRange(f.Excerpt.Length, 0, Residue.MostExcerpt));
        Assert.Contains(findings, f => f.Id == "residue.no-signature");
    }
}
