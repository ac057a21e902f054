using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Countersign.Documents;
using Countersign.Testing;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Reading;

/// <summary>Word, OpenDocument and Rich Text files: every piece of text with its role, whatever the bytes.</summary>
public sealed class OfficeReadersTests
{
    private const string W = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006' "
        + "xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships' xmlns:wp='http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing' "
        + "xmlns:v='urn:schemas-microsoft-com:vml' xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main'";

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

    /// <summary>A Word document whose other parts are told by their kind of relationship, which is their file's name without its digits.</summary>
    private static byte[] DocxWith(string body, params (string Name, string Text)[] parts) => Zip([("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", $"<w:document {W}>{body}</w:document>"),
        ("word/_rels/document.xml.rels", "<Relationships>" + string.Concat(parts.Where(p => !p.Name.Contains('/', StringComparison.Ordinal)).Select(p =>
            $"<Relationship Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/{Path.GetFileNameWithoutExtension(p.Name).TrimEnd('1', '2')}' Target='{p.Name}'/>")) + "</Relationships>"),
        .. parts.Select(p => (p.Name.Contains('/', StringComparison.Ordinal) ? p.Name : "word/" + p.Name, p.Text))]);

    private static string Styles(string styles) => $"<w:styles {W}>{styles}</w:styles>";

    private static string Paragraph(string properties, string run, string text) => $"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>";

    private const string O = "xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:text='urn:oasis:names:tc:opendocument:xmlns:text:1.0' "
        + "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:style='urn:oasis:names:tc:opendocument:xmlns:style:1.0' xmlns:fo='urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0' "
        + "xmlns:table='urn:oasis:names:tc:opendocument:xmlns:table:1.0' xmlns:draw='urn:oasis:names:tc:opendocument:xmlns:drawing:1.0' xmlns:svg='urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0' "
        + "xmlns:script='urn:oasis:names:tc:opendocument:xmlns:script:1.0' xmlns:xlink='http://www.w3.org/1999/xlink'";

    private static string Content(string body, string automatic = "") =>
        $"<office:document-content {O}><office:automatic-styles>{automatic}</office:automatic-styles><office:body><office:text>{body}</office:text></office:body></office:document-content>";

    private static byte[] Odt(string body, string automatic = "", params (string Name, string Text)[] more) =>
        Zip([("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", Content(body, automatic)), .. more]);

    private static (string Name, string Text) OdtStyles(string inside) => ("styles.xml", $"<office:document-styles {O}>{inside}</office:document-styles>");

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

    [Theory]
    [InlineData("MERGEFIELD Name", "Ann Lee", false)]
    [InlineData("MERGEFIELD Name", "«Name»", true)]
    [InlineData("MERGEFIELD Name", "", true)]
    public void A_simple_merge_field_is_unfilled_only_where_its_result_is(string instruction, string result, bool unfilled)
    {
        var read = Document.Read(Docx($"<w:p><w:fldSimple w:instr='{instruction}'><w:r><w:t>{result}</w:t></w:r></w:fldSimple><w:r><w:t>, after</w:t></w:r></w:p>"));
        Assert.Equal(unfilled, read.Oddities.Any(o => o.Kind == OddityKind.UnfilledField));
        Assert.Equal(result + ", after", read.VisibleText);
    }

    [Fact]
    public void Text_in_a_fields_instruction_is_hidden_and_an_unfinished_field_hides_nothing()
    {
        const string Begin = "<w:r><w:fldChar w:fldCharType='begin'/></w:r>", Separate = "<w:r><w:fldChar w:fldCharType='separate'/></w:r>", End = "<w:r><w:fldChar w:fldCharType='end'/></w:r>";
        Assert.Equal("Hidden:under:|Body:shown:", Said(Docx($"<w:p>{Begin}<w:r><w:t>under</w:t></w:r>{Separate}<w:r><w:t>shown</w:t></w:r>{End}</w:p>")));
        Assert.Equal("Body:yes:", Said(Docx($"<w:p>{Begin}<w:r><w:instrText>IF </w:instrText></w:r>{Begin}{Separate}<w:r><w:t>inner</w:t></w:r>{End}{Separate}<w:r><w:t>yes</w:t></w:r>{End}</w:p>")));
        Assert.Contains("inner", Said(Docx($"<w:p>{Begin}{Begin}{Separate}<w:r><w:t>inner</w:t></w:r>{End}</w:p>")), StringComparison.Ordinal);
    }

    private const string White = "<w:color w:val='FFFFFF'/>", Dark = "<w:shd w:val='clear' w:color='auto' w:fill='1F3864'/>", Bright = "<w:shd w:val='clear' w:color='auto' w:fill='FFFFFF'/>";

    [Theory]
    [InlineData("", White, "", true)]
    [InlineData("", White + Dark, "", false)]
    [InlineData(Dark, White, "", false)]
    [InlineData(Dark, White + Bright, "", true)]
    [InlineData("", White + "<w:highlight w:val='black'/>", "", false)]
    [InlineData("", White + "<w:highlight w:val='white'/>", "", true)]
    [InlineData("", White + "<w:shd w:val='clear' w:fill='auto'/>", "", true)]
    [InlineData("", White + "<w:shd w:val='solid' w:color='000000' w:fill='FFFFFF'/>", "", false)]
    [InlineData("", White, Dark, false)]
    [InlineData("", White, Bright, true)]
    [InlineData("<w:pStyle w:val='Bar'/>", White, "", false)]
    [InlineData("", "<w:rStyle w:val='Pale'/>", "", true)]
    [InlineData("<w:pStyle w:val='Bar'/>", "<w:rStyle w:val='Pale'/>", "", false)]
    public void White_text_is_hidden_only_where_nothing_dark_lies_behind_it(string paragraph, string run, string cell, bool hidden)
    {
        var text = Paragraph(paragraph, run, "pale");
        var body = cell.Length == 0 ? text : $"<w:tbl><w:tr><w:tc><w:tcPr>{cell}</w:tcPr>{text}</w:tc></w:tr></w:tbl>";
        var styles = Styles($"<w:style w:type='paragraph' w:styleId='Bar'><w:pPr>{Dark}</w:pPr></w:style><w:style w:type='character' w:styleId='Pale'><w:rPr>{White}</w:rPr></w:style>");
        Assert.Equal(hidden ? TextRole.Hidden : TextRole.Body, Assert.Single(Document.Read(DocxWith($"<w:body>{body}</w:body>", ("styles.xml", styles))).Passages).Role);
    }

    [Theory]
    [InlineData("Plain", true)]
    [InlineData("Grid", false)]
    [InlineData("Elsewhere", false)]
    public void White_text_under_a_table_style_is_hidden_only_where_the_style_shades_nothing(string style, bool hidden)
    {
        var styles = Styles($"<w:style w:type='table' w:styleId='Plain'/><w:style w:type='table' w:styleId='Grid'><w:tblStylePr w:type='firstRow'><w:tcPr>{Dark}</w:tcPr></w:tblStylePr></w:style>"
            .Replace("w:styleId='Plain'/>", "w:styleId='Plain'><w:name w:val='Plain'/></w:style>", StringComparison.Ordinal));
        var body = $"<w:body><w:tbl><w:tblPr><w:tblStyle w:val='{style}'/></w:tblPr><w:tr><w:tc>{Paragraph("", White, "pale")}</w:tc></w:tr></w:tbl></w:body>";
        Assert.Equal(hidden ? TextRole.Hidden : TextRole.Body, Assert.Single(Document.Read(DocxWith(body, ("styles.xml", styles))).Passages).Role);
    }

    [Fact]
    public void White_text_on_a_dark_page_is_seen() =>
        Assert.Equal("Header:top:|Body:pale:", Said(DocxWith($"<w:background w:color='1F3864'/><w:body>{Paragraph("", White, "pale")}</w:body>", ("header1.xml", $"<w:hdr {W}>{Paragraph("", White, "top")}</w:hdr>"))));

    [Theory]
    [InlineData("<w:docDefaults><w:rPrDefault><w:rPr><w:vanish/></w:rPr></w:rPrDefault></w:docDefaults>", "", "", "Hidden")]
    [InlineData("<w:docDefaults><w:rPrDefault><w:rPr><w:vanish/></w:rPr></w:rPrDefault></w:docDefaults>", "", "<w:vanish w:val='0'/>", "Body")]
    [InlineData("<w:style w:type='paragraph' w:default='1' w:styleId='Normal'><w:rPr><w:vanish/></w:rPr></w:style>", "", "", "Hidden")]
    [InlineData("<w:style w:type='paragraph' w:default='1' w:styleId='Normal'><w:rPr><w:vanish/></w:rPr></w:style><w:style w:type='paragraph' w:styleId='Own'><w:rPr/></w:style>", "<w:pStyle w:val='Own'/>", "", "Body")]
    [InlineData("<w:style w:type='paragraph' w:default='1' w:styleId='Normal'><w:rPr><w:vanish/></w:rPr></w:style><w:style w:type='paragraph' w:styleId='Own'><w:basedOn w:val='Normal'/></w:style>", "<w:pStyle w:val='Own'/>", "", "Hidden")]
    [InlineData("<w:style w:type='paragraph' w:styleId='H'><w:rPr><w:vanish/></w:rPr></w:style><w:style w:type='character' w:styleId='C'><w:rPr><w:vanish/></w:rPr></w:style>", "<w:pStyle w:val='H'/>", "<w:rStyle w:val='C'/>", "Body")]
    public void Hidden_by_the_defaults_or_by_a_style_is_hidden(string styles, string paragraph, string run, string role) =>
        Assert.Equal(role, Assert.Single(Document.Read(DocxWith($"<w:body>{Paragraph(paragraph, run, "x")}</w:body>", ("styles.xml", Styles(styles)))).Passages).Role.ToString());

    [Fact]
    public void Every_part_of_a_Word_document_is_read_in_its_role()
    {
        var bytes = DocxWith($"<w:body>{Paragraph("", "", "body")}</w:body>",
            ("header1.xml", $"<w:hdr {W}>{Paragraph("", "", "top")}</w:hdr>"), ("footer1.xml", $"<w:ftr {W}>{Paragraph("", "", "bottom")}</w:ftr>"),
            ("footnotes.xml", $"<w:footnotes {W}><w:footnote w:id='2'>{Paragraph("", "", "note")}</w:footnote></w:footnotes>"),
            ("endnotes.xml", $"<w:endnotes {W}><w:endnote w:id='3'>{Paragraph("", "", "last")}</w:endnote></w:endnotes>"),
            ("comments.xml", $"<w:comments {W}><w:comment w:id='4' w:author='Ann'>{Paragraph("", "", "why?")}</w:comment></w:comments>"),
            ("docProps/core.xml", "<c xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:creator>Bob</dc:creator></c>"));
        Assert.Equal(["Header:top", "Body:body", "Footer:bottom", "Footnote:note", "Footnote:last", "Comment:why?", "Metadata:Bob"], Document.Read(bytes).Passages.Select(p => $"{p.Role}:{p.Text}"));
        Assert.Equal("comment 4, paragraph 1", Document.Read(bytes).Passages.Single(p => p.Label == "Ann").Place.ToString());
    }

    [Fact]
    public void A_change_inside_a_formula_is_read() => Assert.Equal("Body:A=:|Deleted:2:Ann|Inserted:3:Ann",
        Said(Docx("<w:p><w:r><w:t>A=</w:t></w:r><w:r><w:del w:author='Ann'><w:t>2</w:t></w:del></w:r><w:r><w:ins w:author='Ann'><w:t>3</w:t></w:ins></w:r></w:p>")));

    [Fact]
    public void A_text_box_kept_twice_for_old_programs_is_read_once()
    {
        const string Box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>";
        Assert.Equal("TextBox:boxed:|Body:around:", Said(Docx($"<w:p><w:r><mc:AlternateContent><mc:Choice>{Box}</mc:Choice><mc:Fallback>{Box}</mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>around</w:t></w:r></w:p>")));
        Assert.Equal("Hidden:boxed:", Said(Docx($"<w:p><w:r><w:rPr><w:vanish/></w:rPr>{Box}</w:r></w:p>")));
    }

    [Fact]
    public void Alternative_texts_watermarks_and_pictures_of_a_Word_document_are_found()
    {
        var read = Document.Read(Docx("<w:p><w:r><wp:docPr descr='a signature'/><a:blip/><v:textpath string='DRAFT'/></w:r></w:p>"));
        Assert.Equal("AltText:a signature|Watermark:DRAFT", string.Join('|', read.Passages.Select(p => $"{p.Role}:{p.Text}")));
        Assert.Contains(read.Oddities, o => o.Kind == OddityKind.Picture);
    }

    [Fact]
    public void What_a_Word_document_carries_or_draws_in_is_found()
    {
        var read = Document.Read(DocxWith("<w:body><w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:p><w:r><w:t>Click here</w:t></w:r></w:p></w:sdtContent></w:sdt></w:body>",
            ("word/vbaProject.bin", "macro"), ("word/embeddings/note.txt", "carried along"), ("settings.xml", $"<w:settings {W}><w:trackRevisions/></w:settings>"),
            ("word/_rels/settings.xml.rels", "<Relationships><Relationship Type='x/attachedTemplate' Target='https://example.org/t.dotx' TargetMode='External'/></Relationships>")));
        Assert.Equal([OddityKind.Macro, OddityKind.EmbeddedObject, OddityKind.UnfilledField, OddityKind.ExternalLink, OddityKind.TrackingOn], read.Oddities.Select(o => o.Kind).Order());
        Assert.Equal("carried along", Assert.Single(read.Parts).VisibleText);
        Assert.Equal("Click here", Assert.Single(read.Passages, p => p.Role == TextRole.Field).Text);
    }

    [Fact]
    public void A_tracked_change_of_a_Word_style_is_found_and_its_former_look_says_nothing()
    {
        var read = Document.Read(DocxWith("<w:body><w:p><w:r><w:rPr><w:rStyle w:val='Was'/></w:rPr><w:t>seen</w:t></w:r></w:p></w:body>", ("styles.xml",
            $"<w:styles {W}><w:style w:type='character' w:styleId='Was'><w:rPr><w:b/><w:rPrChange w:id='1' w:author='A'><w:rPr><w:vanish/></w:rPr></w:rPrChange></w:rPr></w:style></w:styles>")));
        Assert.Equal("styles", Assert.Single(read.Oddities, o => o.Kind == OddityKind.TrackedFormatting).Place.Part);
        Assert.Equal(TextRole.Body, Assert.Single(read.Passages, p => p.Text == "seen").Role);
    }

    [Theory]
    [InlineData(" MACROBUTTON NoMacro the words of a button ", "Field:the words of a button:")]
    [InlineData(" QUOTE \"words that no page shows\" ", "Metadata:QUOTE \"words that no page shows\":field")]
    public void The_words_in_the_code_of_a_field_are_read(string code, string said)
    {
        string Run(string what) => $"<w:r>{what}</w:r>";
        string Char(string type) => Run($"<w:fldChar w:fldCharType='{type}'/>");
        var instruction = Run($"<w:instrText>{code.Replace("\"", "&quot;", StringComparison.Ordinal)}</w:instrText>");
        Assert.Equal($"{said}|Body:end:", Said(DocxWith($"<w:body><w:p>{Char("begin")}{instruction}{Char("end")}</w:p><w:p><w:r><w:t>end</w:t></w:r></w:p></w:body>")));
        Assert.Contains(said, Said(DocxWith($"<w:body><w:p>{Char("begin")}{instruction}</w:p></w:body>")), StringComparison.Ordinal);
        Assert.Contains(said, Said(DocxWith($"<w:body><w:p><w:fldSimple w:instr='{code.Replace("\"", "&quot;", StringComparison.Ordinal)}'/></w:p></w:body>")), StringComparison.Ordinal);
        Assert.Contains(said, Said(System.Text.Encoding.ASCII.GetBytes($@"{{\rtf1{{\field{{\*\fldinst {code}}}{{\fldrslt}}}}\par end\par}}")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_office_document_behind_a_password_is_said_to_be_encrypted()
    {
        var read = Document.Read(CompoundFiles.Write(new CompoundFiles.Node("EncryptionInfo", [4, 0, 4, 0]), new CompoundFiles.Node("EncryptedPackage", new byte[5000])));
        Assert.Contains(read.Unread, u => u.Reason == UnreadReason.Encrypted);
        Assert.Contains(Document.Read(Odt("", "", ("META-INF/manifest.xml", "<m xmlns:e='x'><e:encryption-data/></m>"))).Unread, u => u.Reason == UnreadReason.Encrypted);
    }

    private static string OdtStyle(string name, string properties, string family = "paragraph", string more = "") =>
        $"<style:style style:name='{name}' style:family='{family}'{more}>{properties}</style:style>";

    [Fact]
    public void Properties_of_defaults_and_lists_say_nothing_of_the_style_before_them()
    {
        var automatic = OdtStyle("P1", "<style:text-properties fo:color='#000000'/>") + "<text:list-style style:name='L1'><text:list-level-style-bullet><style:text-properties text:display='none'/></text:list-level-style-bullet></text:list-style>"
            + "<style:default-style style:family='graphic'><style:text-properties text:display='none'/></style:default-style>";
        Assert.Equal("Body:shown:", Said(Odt("<text:p text:style-name='P1'>shown</text:p>", automatic)));
    }

    [Fact]
    public void An_automatic_style_belongs_to_its_file_and_a_name_to_its_family()
    {
        var hidden = "<style:text-properties text:display='none'/>";
        var styles = OdtStyles($"<office:styles>{OdtStyle("Secret", hidden)}</office:styles><office:automatic-styles>{OdtStyle("P1", hidden)}</office:automatic-styles>");
        var automatic = OdtStyle("P1", "<style:text-properties fo:color='#000000'/>") + OdtStyle("P2", "", more: " style:parent-style-name='Secret'") + OdtStyle("P1", hidden, "text");
        Assert.Equal("Body:open:|Hidden:under:|Hidden:span:", Said(Odt("<text:p text:style-name='P1'>open</text:p><text:p text:style-name='P2'>under</text:p><text:p><text:span text:style-name='P1'>span</text:span></text:p>", automatic, styles)));
    }

    [Theory]
    [InlineData("", "", "", true)]
    [InlineData("<style:paragraph-properties fo:background-color='#1f3864'/>", "", "", false)]
    [InlineData("", "<style:table-cell-properties fo:background-color='#1f3864'/>", "", false)]
    [InlineData("", "<style:table-cell-properties fo:background-color='#ffffff'/>", "", true)]
    [InlineData("", "", "<style:page-layout-properties fo:background-color='#1f3864'/>", false)]
    public void White_text_in_an_OpenDocument_text_is_hidden_only_where_nothing_dark_lies_behind_it(string paragraph, string cell, string page, bool hidden)
    {
        var bytes = Odt("<table:table><table:table-row><table:table-cell table:style-name='C'><text:p text:style-name='P'>pale</text:p></table:table-cell></table:table-row></table:table>",
            OdtStyle("P", paragraph + "<style:text-properties fo:color='#FFFFFF'/>") + OdtStyle("C", cell, "table-cell"),
            OdtStyles($"<office:automatic-styles><style:page-layout style:name='pm1'>{page}</style:page-layout></office:automatic-styles>"));
        Assert.Equal(hidden ? "Hidden:pale:" : "Body:pale:", Said(bytes));
    }

    [Fact]
    public void Fields_of_an_OpenDocument_text_are_read_where_they_stand() =>
        Assert.Equal("Body:On 1 May, Ann sends Terms.:", Said(Odt("<text:p>On <text:date>1 May</text:date>, <text:creator>Ann</text:creator> sends <text:title>Terms</text:title>.</text:p>")));

    [Fact]
    public void Notes_comments_boxes_and_insertions_of_an_OpenDocument_text_are_read_in_their_roles() =>
        Assert.Equal("Footnote:note:|Comment:why?:Bob|AltText:a seal:|TextBox:boxed:|Body:text:|Inserted:new:Ann", Said(Odt("<text:tracked-changes text:track-changes='false'><text:changed-region text:id='c'><text:insertion><office:change-info>"
            + "<dc:creator>Ann</dc:creator><dc:date>2020-01-01</dc:date></office:change-info></text:insertion></text:changed-region></text:tracked-changes><text:p>text<text:note><text:note-citation/><text:note-body><text:p>note</text:p></text:note-body></text:note>"
            + "<office:annotation><dc:creator>Bob</dc:creator><dc:date>2020-01-01</dc:date><text:p>why?</text:p></office:annotation><draw:frame><svg:desc>a seal</svg:desc><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame>"
            + "<text:change-start text:change-id='c'/>new<text:change-end text:change-id='c'/></text:p>")));

    [Fact]
    public void Only_a_library_with_a_module_is_a_macro()
    {
        static IEnumerable<Oddity> Macros(byte[] bytes) => Document.Read(bytes).Oddities.Where(o => o.Kind == OddityKind.Macro);
        Assert.Empty(Macros(Odt("", "", ("Basic/script-lc.xml", "<l/>"), ("Basic/Standard/script-lb.xml", "<l/>"))));
        Assert.Single(Macros(Odt("", "", ("Basic/script-lc.xml", "<l/>"), ("Basic/Standard/script-lb.xml", "<l/>"), ("Basic/Standard/Module1.xml", "<m/>"))));
        Assert.Single(Macros(Odt("<text:p><text:script script:language='JavaScript'/></text:p>")));
    }

    [Theory]
    [InlineData(@"{\rtf1{\colortbl;\red255\green255\blue255;\red0\green0\blue80;}\pard{\cf1 pale}\par}", true)]
    [InlineData(@"{\rtf1{\colortbl;\red255\green255\blue255;\red0\green0\blue80;}\pard{\cf1\chcbpat2 pale}\par}", false)]
    [InlineData(@"{\rtf1{\colortbl;\red255\green255\blue255;\red0\green0\blue80;}\pard{\cf1\highlight2 pale}\par}", false)]
    [InlineData(@"{\rtf1{\colortbl;\red255\green255\blue255;\red0\green0\blue80;}\pard\cbpat2{\cf1 pale}\par}", false)]
    [InlineData(@"{\rtf1{\colortbl;\red255\green255\blue255;\red0\green0\blue80;}\pard\cbpat2\pard{\cf1 pale}\par}", true)]
    [InlineData(@"{\rtf1{\colortbl;\red255\green255\blue255;\red0\green0\blue80;}\trowd\clcbpat2\cellx900\pard\intbl{\cf1 pale}\cell\row}", false)]
    [InlineData(@"{\rtf1{\colortbl;\red255\green255\blue255;\red0\green0\blue80;}\trowd\clcbpat1\cellx900\pard\intbl{\cf1 pale}\cell\row}", true)]
    public void White_rich_text_is_hidden_only_where_nothing_dark_lies_behind_it(string rtf, bool hidden) =>
        Assert.Equal(hidden ? "Hidden:pale:" : "Body:pale:", Said(Encoding.ASCII.GetBytes(rtf)));

    private static readonly string[] Inner =
    [
        $"<w:document {W}><w:body><w:p><w:pPr><w:pStyle w:val='A'/>{Dark}</w:pPr><w:ins w:author='A'><w:r><w:rPr><w:vanish/>{White}</w:rPr><w:t>new words</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p>"
            + "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>MERGEFIELD N</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>x</w:t></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r>"
            + "<w:fldSimple w:instr='PAGE'><w:r><w:t>3</w:t></w:r></w:fldSimple></w:p><w:tbl><w:tblPr><w:tblStyle w:val='T'/></w:tblPr><w:tr><w:tc><w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>b</w:t></w:r></w:p>"
            + "</w:txbxContent></mc:Choice><mc:Fallback/></mc:AlternateContent><w:sym w:char='F0A7'/></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>",
        Content("<text:tracked-changes><text:changed-region text:id='c'><text:insertion/></text:changed-region></text:tracked-changes><text:p text:style-name='P'>a<text:s text:c='3'/><text:change-start text:change-id='c'/>b<text:change-end text:change-id='c'/>"
            + "<office:annotation><dc:creator>B</dc:creator><text:p>c</text:p></office:annotation><draw:frame><draw:text-box><text:p/></draw:text-box></draw:frame></text:p>", OdtStyle("P", "<style:text-properties fo:font-size='1pt' fo:color='#ffffff'/>")),
        @"{\rtf1\ansi{\fonttbl{\f0\fcharset204 A;}}{\colortbl;\red255\green255\blue255;}{\*\revtbl{Unknown;}{Ann;}}{\info{\title T}}\trowd\clcbpat1\cellx9\pard\intbl\f0\cf1\uc1\u8364?\'e9{\v h}{\revised\revauth1 n}{\field{\*\fldinst PAGE}{\fldrslt 3}}\cell\row\bin3 {{{{\footnote f}\par}",
        Styles($"<w:docDefaults><w:rPrDefault><w:rPr><w:vanish/></w:rPr></w:rPrDefault></w:docDefaults><w:style w:type='paragraph' w:styleId='A'><w:basedOn w:val='A'/><w:rPr><w:sz w:val='1'/></w:rPr></w:style><w:style w:type='table' w:styleId='T'>{Dark}</w:style>"),
    ];

    private static readonly string[] Pieces =
    [
        "<w:p>", "</w:p>", "<w:r>", "</w:r>", "<w:t>", "</w:t>", "<w:fldChar w:fldCharType='begin'/>", "<w:fldChar w:fldCharType='separate'/>", "<w:fldChar w:fldCharType='end'/>", "<text:p>", "</text:p>", "<text:p/>", "<w:sz w:val='-99999999999'/>",
        "<w:sym w:char='DC00'/>", "<text:s text:c='-5'/>", "<text:change-end text:change-id='c'/>", "<mc:Choice/>", "<style:style/>", "&#xD800;", "<![CDATA[", "<!DOCTYPE x>", "\0", @"\'", @"\u-99999 ", @"\bin-5 ", @"\bin2147483647 ", @"\uc-1 ", @"\ansicpg-7 ",
        @"\cf99999 ", @"\f-2147483648 ", "{", "}", @"\revauth-1 ", @"\trowd", @"\clcbpat-4 ", "\\",
    ];

    private static readonly Gen<Func<string, string>> Change = Gen.OneOf<Func<string, string>>(
        Gen.Select(Gen.Double.Unit, Gen.Int[1, 40]).Select((at, length) => (Func<string, string>)(s => s.Remove((int)(at * s.Length), Math.Min(length, s.Length - (int)(at * s.Length))))),
        Gen.Select(Gen.Double.Unit, Gen.Char[' ', '~']).Select((at, c) => (Func<string, string>)(s => s.Length == 0 ? s : s.Remove((int)(at * s.Length), 1).Insert((int)(at * s.Length), c.ToString()))),
        Gen.Select(Gen.Double.Unit, Gen.Int[0, 35]).Select((at, piece) => (Func<string, string>)(s => s.Insert((int)(at * s.Length), Pieces[piece]))),
        Gen.Select(Gen.Double.Unit, Gen.Double.Unit, Gen.Int[1, 300], Gen.Int[0, 3]).Select((at, from, length, other) => (Func<string, string>)(s =>
            s.Insert((int)(at * s.Length), Inner[other].Substring((int)(from * Inner[other].Length), Math.Min(length, Inner[other].Length - (int)(from * Inner[other].Length)))))),
        // Whole elements moved, so that the XML often stays well-formed and the readers are driven into states that no writer makes.
        Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 1000]).Select((which, to) => (Func<string, string>)(s =>
        {
            var whole = Regex.Matches(s, @"<([\w:]+)(?: [^<>]*)?(?:/>|>[^<]*</\1>)");
            return whole.Count == 0 ? s : s.Insert(whole[to % whole.Count].Index, whole[which % whole.Count].Value);
        })));

    [Fact]
    public void Changed_and_spliced_documents_are_answered_without_a_fall_and_within_bounds()
    {
        var bounds = ReadingBounds.Default with { MostExpanded = 1 << 20 };
        Gen.Select(Gen.Int[0, 3], Change.Array[1, 6]).Sample((which, changes) =>
        {
            var text = changes.Aggregate(Inner[which], (s, change) => change(s));
            var bytes = which switch
            {
                0 => Zip(("[Content_Types].xml", "<Types/>"), ("word/document.xml", text)),
                1 => Zip(("mimetype", "application/vnd.oasis.opendocument.text"), ("styles.xml", text), ("content.xml", text), ("meta.xml", text)),
                2 => Encoding.Latin1.GetBytes(@"{\rt" + text),
                _ => DocxWith($"<w:body>{Paragraph("<w:pStyle w:val='A'/>", "", "x")}</w:body>", ("styles.xml", text), ("comments.xml", text)),
            };
            Assert.DoesNotContain(Document.Read(bytes, "", bounds).Unread, u => u.Says.Contains("Exception", StringComparison.Ordinal) || u.Reason == UnreadReason.TooSlow);
        }, iter: 4000);
    }

    private static IEnumerable<string> OfficeFiles() => new[] { "office", "docx-pairs" }.SelectMany(f => Directory.EnumerateFiles(Corpora.Require(f), "*", SearchOption.AllDirectories))
        .Where(f => Path.GetExtension(f).ToLowerInvariant() is ".docx" or ".docm" or ".dotx" or ".dotm" or ".odt" or ".ott" or ".fodt" or ".rtf").Order(StringComparer.Ordinal);

    [Fact]
    public void Office_files_of_the_corpus_are_read_but_for_those_that_are_damaged()
    {
        string[] damaged =
        [
            "clusterfuzz-testcase-minimized-POIXWPFFuzzer-5313273089884160.docx:  Its directory is missing; its members were looked for one by one.",
            "clusterfuzz-testcase-minimized-POIXWPFFuzzer-5569740188549120.docx:  Its directory is missing; its members were looked for one by one.",
            "clusterfuzz-testcase-minimized-POIXWPFFuzzer-6061520554164224.docx:  Its directory is missing; its members were looked for one by one.",
            "crash-517626e815e0afa9decd0ebb6d1dee63fb9907dd.docx:  Its directory is missing; its members were looked for one by one.",
            "testWORD_truncated.docx:  Its directory is missing; its members were looked for one by one.",
            "truncated62886.docx:  Its directory is missing; its members were looked for one by one.",
            "crash-517626e815e0afa9decd0ebb6d1dee63fb9907dd.docx: word/theme/theme1.xml It is damaged; what came before the damage was read.",
        ];
        var found = new List<string>();
        foreach (var file in OfficeFiles())
            foreach (var unread in Document.Read(File.ReadAllBytes(file)).Unread)
            {
                Assert.NotEqual(UnreadReason.TooSlow, unread.Reason);
                if (unread.Reason is UnreadReason.Damaged)
                    found.Add($"{Path.GetFileName(file)}: {unread.Place} {unread.Says}");
            }
        Assert.Equal(damaged.Order(StringComparer.Ordinal), found.Distinct().Order(StringComparer.Ordinal));
    }

    /// <summary>What a plain search of the XML says that the reader must have seen. It knows nothing of how the reader works.</summary>
    private static readonly (string Parts, string Mark, TextRole Role)[] Marks =
    [
        (@"^word/(document|header|footer|footnotes|endnotes)\d*\.xml$", @"<w:(ins|moveTo)[ >]", TextRole.Inserted), (@"^word/(document|header|footer|footnotes|endnotes)\d*\.xml$", @"<w:(del|moveFrom)[ >]", TextRole.Deleted),
        (@"^word/comments\.xml$", "<w:comment ", TextRole.Comment), (@"^word/(document|header|footer|footnotes|endnotes)\d*\.xml$", "<w:vanish/>", TextRole.Hidden),
        (@"^content\.xml$", "<text:insertion[ >]", TextRole.Inserted), (@"^content\.xml$", "<text:deletion[ >]", TextRole.Deleted), (@"^content\.xml$", "<office:annotation[ >]", TextRole.Comment),
        (@"^content\.xml$", "<text:hidden-(text|paragraph)[ >]|text:display=\"none\"", TextRole.Hidden), (@"^content\.xml$", "<text:note-body>", TextRole.Footnote),
    ];

    [Fact]
    public void A_plain_search_of_the_XML_agrees_with_what_the_reader_saw()
    {
        var explained = new Dictionary<string, string>
        {
            ["017097.docx: Hidden not seen"] = "only paragraph marks are hidden",
            ["testInstrLink.docx: Hidden not seen"] = "only paragraph marks are hidden",
            ["Fax.docx: Hidden not seen"] = "only a space is hidden",
            ["Fax_content_control_.docx: Hidden not seen"] = "only a space is hidden",
            ["RP005-Deleted-Paragraph-Mark.docx: Deleted not seen"] = "only a paragraph mark is deleted",
            ["RP006-Inserted-Paragraph-Mark.docx: Inserted not seen"] = "only a paragraph mark is inserted",
            ["RP021-Inserted-Numbering-Properties.docx: Inserted not seen"] = "only a numbering is inserted",
            ["RP026-NumberingChange.docx: Inserted not seen"] = "the inserted field has no result",
            ["RP041-Cell-With-Empty-Paras-at-End.docx: Deleted not seen"] = "only paragraph marks are deleted",
            ["RP041-Cell-With-Empty-Paras-at-End.docx: Inserted not seen"] = "only paragraph marks are inserted",
            ["RP046-Consecutive-Deleted-Ranges.docx: Deleted not seen"] = "only paragraph marks are deleted",
            ["RP046-Consecutive-Deleted-Ranges.docx: Inserted not seen"] = "only spaces are inserted",
            ["memo.docx: Comment not seen"] = "its comment has no text",
        };
        var disagree = new List<string>();
        foreach (var file in OfficeFiles())
        {
            var read = Document.Read(File.ReadAllBytes(file));
            if (read.Kind != DocumentKind.Docx && read.Kind != DocumentKind.Odt)
                continue;
            if (read.Unread.Any(u => u.Reason == UnreadReason.Damaged))
                continue;
            var members = new List<(string Name, string Text)>();
            using (var zip = new ZipArchive(new MemoryStream(File.ReadAllBytes(file))))
                foreach (var entry in zip.Entries.Where(e => e.FullName.EndsWith(".xml", StringComparison.Ordinal)))
                {
                    using var reader = new StreamReader(entry.Open());
                    members.Add((entry.FullName, reader.ReadToEnd()));
                }
            foreach (var role in Marks.Select(m => m.Role).Distinct())
            {
                var marked = Marks.Any(m => m.Role == role && members.Any(t => Regex.IsMatch(t.Name, m.Parts) && Regex.IsMatch(t.Text, m.Mark)));
                var seen = read.Passages.Any(p => p.Role == role);
                if (marked && !seen)
                    disagree.Add($"{Path.GetFileName(file)}: {role} not seen");
                else if (seen && !marked && role is not (TextRole.Hidden or TextRole.Footnote))
                    disagree.Add($"{Path.GetFileName(file)}: {role} seen without a mark");
            }
        }
        Assert.Equal(explained.Keys.Order(StringComparer.Ordinal), disagree.Distinct().Order(StringComparer.Ordinal));
    }
}
