using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Countersign.Documents;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Reading;

/// <summary>Plain text, pages, messages, archives and pictures, each from a small file made here.</summary>
public sealed class MailReadersTests
{
    private const string Letter = "The Minister will announce on Thursday that the second reactor is to be closed for good";

    static MailReadersTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private static Document Read(string text, string name = "") => Document.Read(Encoding.UTF8.GetBytes(text), name);

    private static string Of(Document document, TextRole role) => string.Join('\n', document.Whole().SelectMany(d => d.Passages).Where(p => p.Role == role).Select(p => p.Text));

    private static string Body(Document document) => Of(document, TextRole.Body);

    private static IEnumerable<UnreadReason> Reasons(Document document) => document.Whole().SelectMany(d => d.Unread).Select(u => u.Reason);

    private static string Lines64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text), Base64FormattingOptions.InsertLineBreaks);

    public static TheoryData<int, string> Charsets => new()
    {
        { 1252, "Sehr geehrte Frau Müller, wir möchten Ihnen für die große Mühe danken, die Sie sich über die Jahre gegeben haben." },
        { 1250, "Przepraszam, że dopiero teraz odpowiadam; wciąż czekaliśmy na decyzję rządu, która została ogłoszona w piątek późnym wieczorem." },
        { 1251, "Настоящим сообщаем, что решение по вашему обращению будет принято на заседании правительства в четверг." },
        { 20866, "Настоящим сообщаем, что решение по вашему обращению будет принято на заседании правительства в четверг." },
        { 1253, "Σας ενημερώνουμε ότι η απόφαση της κυβέρνησης θα ανακοινωθεί την Πέμπτη το πρωί από τον υπουργό." },
        { 1255, "אנו מודיעים לכם בזאת כי החלטת הממשלה תפורסם ביום חמישי בבוקר על ידי השר הממונה" },
        { 1256, "نود إعلامكم بأن قرار الحكومة سيعلن يوم الخميس صباحا من قبل الوزير المختص بهذا الأمر" },
        { 932, "このたびの政府の決定については、木曜日の朝に大臣から発表されますので、それまでお待ちください。" },
        { 51932, "このたびの政府の決定については、木曜日の朝に大臣から発表されますので、それまでお待ちください。" },
        { 50220, "このたびの政府の決定については、木曜日の朝に大臣から発表されますので、それまでお待ちください。" },
        { 949, "정부의 결정은 목요일 아침에 장관이 발표할 예정이오니 그때까지 기다려 주시기 바랍니다." },
        { 54936, "政府的决定将于星期四上午由部长宣布，请各位耐心等待，在此之前不要对外发布任何消息。" },
        { 950, "政府的決定將於星期四上午由部長宣布，請各位耐心等待，在此之前不要對外發布任何消息。" },
        { 1200, "Plain words in sixteen bits, without any mark at their beginning, are read all the same." },
        { 1201, "Plain words in sixteen bits, without any mark at their beginning, are read all the same." },
        { 65001, "Größe, вес и 長さ" },
    };

    [Theory]
    [MemberData(nameof(Charsets))]
    public void Text_is_read_whatever_its_character_set(int codePage, string text) => Assert.Equal(text, Body(Document.Read(Encoding.GetEncoding(codePage).GetBytes(text))));

    [Fact]
    public void Lines_are_passages_with_their_numbers()
    {
        var read = Read("One\r\n\r\nThree\nFour");
        Assert.Equal([("One", 1), ("Three", 3), ("Four", 4)], read.Passages.Select(p => (p.Text, p.Place.Paragraph)));
    }

    [Theory]
    [InlineData("base64")]
    [InlineData("quoted base64")]
    [InlineData("hex")]
    [InlineData("uu")]
    [InlineData("quoted-printable")]
    public void A_letter_pasted_in_a_code_is_read(string how)
    {
        var code = how switch
        {
            "base64" => Lines64(Letter),
            "quoted base64" => "> " + Lines64(Letter).ReplaceLineEndings("\n> "),
            "hex" => Convert.ToHexString(Encoding.UTF8.GetBytes(Letter)),
            "uu" => Uuencoded(Letter),
            _ => string.Join("=\n", Letter.Chunk(30).Select(c => new string(c).Replace("e", "=65", StringComparison.Ordinal))),
        };
        var read = Read("Hello,\n\nlook at this:\n\n" + code + "\n\nRegards\n");
        Assert.Contains(read.Whole().Skip(1), part => part.VisibleText.Contains(Letter, StringComparison.Ordinal));
        Assert.Empty(Reasons(read));
    }

    [Fact]
    public void A_key_in_base64_is_text_and_no_part()
    {
        var read = Read("My key:\n" + Convert.ToBase64String(Enumerable.Range(0, 400).Select(i => (byte)(i * 97 % 251)).ToArray(), Base64FormattingOptions.InsertLineBreaks) + "\n");
        Assert.Empty(read.Parts);
        Assert.Empty(read.Unread);
    }

    [Fact]
    public void Pasted_pgp_is_unread() => Assert.Equal([UnreadReason.Encrypted], Reasons(Read("Hi\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n")));

    private static string Uuencoded(string text)
    {
        var made = new StringBuilder("begin 644 note.txt\n");
        foreach (var chunk in Encoding.UTF8.GetBytes(text).Chunk(45))
        {
            made.Append((char)(32 + chunk.Length));
            for (var i = 0; i < chunk.Length; i += 3)
            {
                int B(int at) => at < chunk.Length ? chunk[at] : 0;
                var bits = B(i) << 16 | B(i + 1) << 8 | B(i + 2);
                for (var shift = 18; shift >= 0; shift -= 6) made.Append((bits >> shift & 63) is var v && v == 0 ? '`' : (char)(32 + v));
            }
            made.Append('\n');
        }
        return made + "`\nend\n";
    }

    private static Document Page(string body, string head = "") => Read($"<!doctype html><html><head>{head}</head><body>{body}</body></html>");

    [Fact]
    public void Blocks_of_a_page_are_passages_and_letters_split_by_tags_are_one_word()
    {
        var read = Page("<p>The Min<b></b>is<i>ter</i> will<br>go</p><div>and<span> stay</span></div><ul><li>one<li>two</ul>");
        Assert.Equal("The Minister will\ngo\nand stay\none\ntwo", Body(read));
    }

    [Theory]
    [InlineData("<p style='display:none'>secret</p>")]
    [InlineData("<div style='visibility: hidden'><p>secret</p></div>")]
    [InlineData("<p style='font-size:0'>secret</p>")]
    [InlineData("<p style='font-size:1px'>secret</p>")]
    [InlineData("<p style='color:#fff'>secret</p>")]
    [InlineData("<div style='background:black'><p><font color='#010101'>secret</font></p></div>")]
    [InlineData("<p style='opacity:0'>secret</p>")]
    [InlineData("<p style='position:absolute;left:-9999px'>secret</p>")]
    [InlineData("<p hidden>secret</p>")]
    [InlineData("<p class='x'>secret</p>")]
    [InlineData("<p id='y'>secret</p>")]
    [InlineData("<template>secret</template>")]
    [InlineData("<!-- secret -->")]
    [InlineData("<div style='max-height:0;overflow:hidden'>secret</div>")]
    public void What_a_page_does_not_show_is_hidden(string markup)
    {
        var read = Page("<p>shown</p>" + markup + "<p>too</p>", "<style>.x{display:none} p#y , em { visibility:hidden }</style>");
        Assert.Equal("secret", Of(read, TextRole.Hidden).Trim());
        Assert.Equal("shown\ntoo", Body(read));
    }

    [Fact]
    public void Turned_letters_are_turned_back()
    {
        Assert.Equal("secret", Body(Page("<bdo dir=rtl>terces</bdo>")));
        Assert.Equal("secret", Body(Page("<p style='direction:rtl;unicode-bidi:bidi-override'>terces</p>")));
    }

    [Fact]
    public void Names_values_links_and_scripts_of_a_page_are_told()
    {
        var read = Page("<img src='https://example.org/a.png' alt='a chart'><input value='typed'><script>go()</script><iframe src='//example.org/'></iframe>", "<title>About us</title><meta name=author content='A. Clerk'>");
        Assert.Equal("a chart", Of(read, TextRole.AltText));
        Assert.Equal("typed", Of(read, TextRole.Field));
        Assert.Contains(read.Passages, p => p is { Text: "A. Clerk", Label: MetadataLabels.Author });
        Assert.Contains(read.Passages, p => p is { Text: "About us", Label: MetadataLabels.Title });
        Assert.Equal(2, read.Oddities.Count(o => o.Kind == OddityKind.ExternalLink));
        Assert.Contains(read.Oddities, o => o.Kind == OddityKind.Macro);
    }

    [Fact]
    public void A_document_inside_an_address_is_a_part() =>
        Assert.Equal(Letter, Assert.Single(Page($"<a href='data:text/plain;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(Letter))}'>x</a>").Parts).VisibleText);

    [Fact]
    public void A_page_that_multiplies_its_elements_ends_with_a_finding()
    {
        var bomb = string.Concat(Enumerable.Range(0, 3000).Select(i => $"<b a={i}>")) + string.Concat(Enumerable.Repeat("<p>x", 3000)) + Letter;
        var read = Page(bomb);
        Assert.Contains(UnreadReason.TooMany, Reasons(read));
        Assert.Contains(Letter, Body(read), StringComparison.Ordinal);
    }

    private static Document Mail(string rest, string subject = "About Thursday") => Read($"From: A <a@example.org>\r\nTo: B <b@example.org>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n" + rest.ReplaceLineEndings("\r\n"));

    [Fact]
    public void A_message_is_read_with_its_fields_and_both_alternatives()
    {
        var read = Mail("Content-Type: multipart/alternative; boundary=x\n\nnotes before\n--x\nContent-Type: text/plain\n\nplain words\n--x\nContent-Type: text/html\n\n<p>rich words</p>\n--x--\nnotes after\n", "=?utf-8?q?Gr=C3=B6=C3=9Fe?=");
        Assert.Equal("Größe", read.Passages.Single(p => p.Label == "subject").Text);
        Assert.Equal("plain words\nrich words", Body(read));
        Assert.Equal("notes before\nnotes after", Of(read, TextRole.Hidden));
        Assert.Equal("\"A\" <a@example.org>".Replace("\"", "", StringComparison.Ordinal), read.Passages.Single(p => p.Label == "from").Text.Replace("\"", "", StringComparison.Ordinal));
    }

    [Fact]
    public void A_subject_in_raw_letters_is_read()
    {
        var raw = Encoding.GetEncoding(1251).GetBytes("From: a@example.org\r\nSubject: Решение правительства по вашему обращению\r\n\r\nтекст письма о решении правительства\r\n");
        var read = Document.Read(raw);
        Assert.Equal("Решение правительства по вашему обращению", read.Passages.Single(p => p.Label == "subject").Text);
        Assert.Contains("текст письма", Body(read), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_character_set_does_not_hide_the_text() =>
        Assert.Contains("Größe über alles", Body(Mail("Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 8bit\n\nGröße über alles\n")), StringComparison.Ordinal);

    [Fact]
    public void What_is_said_to_be_base64_and_is_not_is_read_as_it_stands() =>
        Assert.Contains(Letter, Body(Mail($"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n{Letter}\n")), StringComparison.Ordinal);

    [Fact]
    public void Attachments_are_parts_by_their_content_and_not_their_names()
    {
        var read = Mail($"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nsee below\n--x\nContent-Type: image/png; name=\"holiday.png\"\nContent-Disposition: attachment; filename=\"holiday.png\"\nContent-Transfer-Encoding: base64\n\n{Lines64("<html><body><p>" + Letter + "</p></body></html>")}\n");
        var part = Assert.Single(read.Parts);
        Assert.Equal(("holiday.png", DocumentKind.Html, Letter), (part.Name, part.Kind, part.VisibleText));
    }

    [Fact]
    public void Messages_in_messages_are_read()
    {
        var read = Mail($"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nFrom: c@example.org\nTo: d@example.org\nSubject: inner words\n\n{Letter}\n--x--\n");
        var inner = Assert.Single(read.Parts);
        Assert.Equal(DocumentKind.Eml, inner.Kind);
        Assert.Contains(inner.Passages, p => p is { Label: "subject", Text: "inner words" });
        Assert.Contains(Letter, inner.VisibleText, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_message_of_an_mbox_is_read()
    {
        var read = Read($"From a@example.org Mon Jan 1 00:00:00 2024\nFrom: a@example.org\nSubject: one\n\nfirst\n\nFrom b@example.org Mon Jan 1 00:00:00 2024\nFrom: b@example.org\nSubject: two\n\n{Letter}\n");
        Assert.Equal(["one", "two"], read.Passages.Where(p => p.Label == "subject").Select(p => p.Text));
        Assert.Contains(Letter, Body(read), StringComparison.Ordinal);
    }

    [Fact]
    public void An_encrypted_message_is_unread() =>
        Assert.Contains(UnreadReason.Encrypted, Reasons(Mail("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x\n\n--x\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--x\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----\n--x--\n")));

    [Fact]
    public void A_piece_of_a_message_is_read_and_told() =>
        Assert.Contains(UnreadReason.Unknown, Reasons(Mail($"Content-Type: message/partial; id=\"a\"; number=2; total=3\n\n{Letter}\n")));

    private static byte[] Zip(params (string Name, byte[] Bytes)[] members)
    {
        using var all = new MemoryStream();
        using (var zip = new ZipArchive(all, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, bytes) in members)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        return all.ToArray();
    }

    private static byte[] U(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public void Members_of_an_archive_are_parts_also_twice_the_same_name()
    {
        var read = Document.Read(Zip(("a/one.txt", U("first")), ("a/one.txt", U(Letter)), ("in.zip", Zip(("deep.html", U("<html><p>deep</p>"))))));
        Assert.Equal(["a/one.txt", "a/one.txt", "in.zip"], read.Parts.Select(p => p.Name));
        Assert.Equal("first\n" + Letter + "\ndeep", Body(read));
        Assert.Empty(Reasons(read));
        Assert.Empty(read.Oddities);
    }

    [Fact]
    public void A_member_that_the_directory_does_not_list_is_read_and_told()
    {
        var hidden = Zip(("hidden.txt", U(Letter)));
        var local = hidden[..hidden.AsSpan().IndexOf("PK\u0001\u0002"u8)];
        byte[] both = [.. local, .. Zip(("shown.txt", U("shown")))];
        var read = Document.Read(both);
        Assert.Contains(Letter, Body(read), StringComparison.Ordinal);
        Assert.Contains("shown", Body(read), StringComparison.Ordinal);
        Assert.Contains(read.Oddities, o => o.Kind == OddityKind.HiddenPart);
    }

    [Fact]
    public void A_member_behind_a_password_is_unread()
    {
        var zip = Zip(("a.txt", U("words")));
        zip[6] |= 1;
        zip[zip.AsSpan().IndexOf("PK\u0001\u0002"u8) + 8] |= 1;
        Assert.Equal([UnreadReason.Encrypted], Reasons(Document.Read(zip)));
    }

    [Fact]
    public void An_archive_without_its_directory_is_read()
    {
        var zip = Zip(("a.txt", U(Letter)));
        var read = Document.Read(zip.AsMemory(0, zip.AsSpan().IndexOf("PK\u0001\u0002"u8)));
        Assert.Contains(Letter, Body(read), StringComparison.Ordinal);
        Assert.Contains(UnreadReason.Damaged, Reasons(read));
    }

    [Fact]
    public void An_archive_that_unpacks_without_end_stops_at_its_bound()
    {
        var zip = Zip([.. Enumerable.Range(0, 20).Select(i => ($"{i}", new byte[1 << 20]))]);
        var read = Document.Read(zip, "", ReadingBounds.Default with { MostExpanded = 8 << 20 });
        Assert.Contains(UnreadReason.TooLarge, Reasons(read));
    }

    [Fact]
    public void Sheets_and_slides_are_read()
    {
        var sheet = Zip(("[Content_Types].xml", U("<Types/>")), ("xl/workbook.xml", U("<workbook><sheets><sheet name='Plan' state='hidden'/></sheets></workbook>")),
            ("xl/sharedStrings.xml", U($"<sst><si><t>{Letter[..20]}</t><t>{Letter[20..]}</t></si></sst>")), ("xl/worksheets/sheet1.xml", U("<worksheet><c t='inlineStr'><is><t>in line</t></is></c></worksheet>")));
        Assert.Contains(Letter, Body(Document.Read(sheet)), StringComparison.Ordinal);
        Assert.Contains("in line", Body(Document.Read(sheet)), StringComparison.Ordinal);
        Assert.Contains(Document.Read(sheet).Oddities, o => o is { Kind: OddityKind.HiddenPart, Excerpt: "Plan" });
        var slide = Zip(("[Content_Types].xml", U("<Types/>")), ("ppt/slides/slide1.xml", U($"<p:sld xmlns:p='p' xmlns:a='a'><a:p><a:r><a:t>{Letter[..30]}</a:t></a:r><a:r><a:t>{Letter[30..]}</a:t></a:r></a:p></p:sld>")));
        Assert.Equal(Letter, Body(Document.Read(slide)));
        var ods = Zip(("mimetype", U("application/vnd.oasis.opendocument.spreadsheet")), ("content.xml", U($"<o xmlns:text='t'><text:p>{Letter[..30]}<text:span>{Letter[30..]}</text:span></text:p></o>")));
        Assert.Equal(Letter, Body(Document.Read(ods)));
    }

    [Fact]
    public void Packed_files_and_tar_archives_are_unpacked()
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true))
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "a/letter.txt") { DataStream = new MemoryStream(U(Letter)) });
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(tar.ToArray());
        Assert.Equal(Letter, Body(Document.Read(packed.ToArray(), "all.tar.gz")));
    }

    [Theory]
    [InlineData(new byte[] { 0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0, 4, 0, 0 }, "7z")]
    [InlineData(new byte[] { 0x52, 0x61, 0x72, 0x21, 0x1A, 7, 1, 0, 0, 0 }, "RAR")]
    [InlineData(new byte[] { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4, 0, 0 }, "xz")]
    public void Archives_that_nobody_reads_are_unread_by_name(byte[] bytes, string name) => Assert.Contains(name, Assert.Single(Document.Read(bytes).Unread).Says, StringComparison.Ordinal);

    [Fact]
    public void A_picture_is_unread()
    {
        byte[] png = [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 2, 0, 0, 0, 2, 0, 8, 6, 0, 0, 0];
        var read = Document.Read(png);
        Assert.Equal([UnreadReason.Picture], Reasons(read));
        Assert.Equal(OddityKind.Picture, Assert.Single(read.Oddities).Kind);
    }

    [Fact]
    public void Signed_data_is_read_inside()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=a", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(90));
        var cms = new System.Security.Cryptography.Pkcs.SignedCms(new System.Security.Cryptography.Pkcs.ContentInfo(U("Content-Type: text/plain\r\n\r\n" + Letter)));
        cms.ComputeSignature(new System.Security.Cryptography.Pkcs.CmsSigner(certificate));
        Assert.Contains(Letter, Body(Document.Read(cms.Encode())), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_cut_flipped_or_spliced_never_throws()
    {
        var page = U("<html><style>.a{color:red}</style><p class=a style='font-size:0'>one<table><td>two<img src='data:text/html,<p>x'></html>");
        var mail = U("From: a@example.org\r\nTo: b@example.org\r\nSubject: =?utf-8?b?YWJj?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; charset=koi8-r\r\n\r\n<p>a</p>\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + Lines64(Letter) + "\r\n--x--\r\n");
        byte[][] seeds = [page, mail, Zip(("a.txt", U(Letter)), ("b.html", page), ("c.eml", mail)), CompoundFiles.Doc(Letter), CompoundFiles.Msg("subject", Letter, ("a.txt", U(Letter)))];
        Gen.Select(Gen.Int[0, seeds.Length - 1], Gen.Int[0, seeds.Length - 1], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Byte, Gen.Int[0, 3]).Sample((a, b, from, at, value, how) =>
        {
            var bytes = seeds[a].ToArray();
            var place = (int)(at * (bytes.Length - 1));
            if (how == 0) bytes = bytes[..place];
            else if (how == 1) bytes[place] = value;
            else if (how == 2) bytes = [.. bytes[..place], .. seeds[b][(int)(from * seeds[b].Length)..]];
            else
                for (var i = 0; i < 8; i++) bytes[(place + i * 37 * (value + 1)) % bytes.Length] ^= (byte)(1 << (value + i) % 8);
            _ = Document.Read(bytes).VisibleText;
        }, iter: 1500, threads: 1);
    }
}
