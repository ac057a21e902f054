using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Xunit;

namespace Countersign.Proof.Tests;

/// <summary>Every reader of foreign bytes answers; none throws; none takes two forms of the same thing.</summary>
public sealed class ReaderTests
{
    private const string Header = "\"at\":\"2026-01-06T12:00:00Z\",\"by\":\"p-1\"";
    private static readonly string Zeros = new('0', 64), Nonce = new('0', 32);

    private static string Hold(string letter = "l-1") =>
        $"{{\"act\":\"hold\",{Header},\"letter\":\"{letter}\",\"nonce\":\"{Nonce}\",\"office\":\"tfn.example\",\"roster\":\"{Zeros}\"}}";

    private static bool Reads(string json) => Act.TryRead(Encoding.UTF8.GetBytes(json), out _, out _);

    [Fact]
    public void An_act_in_canonical_form_is_read_and_keeps_its_bytes()
    {
        Assert.True(Act.TryRead(Encoding.UTF8.GetBytes(Hold()), out var act, out _));
        Assert.Equal(Digest.Of(Encoding.UTF8.GetBytes(Hold())), act.Digest);
        Assert.IsType<HoldAct>(act);
    }

    public static TheoryData<string, string> Disguises => new()
    {
        { "a blank that need not be", Hold().Replace("{\"act\"", "{ \"act\"", StringComparison.Ordinal) },
        { "members out of order", Hold().Replace("\"act\":\"hold\",", "", StringComparison.Ordinal).Replace("{\"at\"", "{\"by\":\"p-2\",\"at\"", StringComparison.Ordinal) },
        { "a member twice", Hold().Replace("\"by\":\"p-1\"", "\"by\":\"p-1\",\"by\":\"p-2\"", StringComparison.Ordinal) },
        { "a member in another case", Hold().Replace("\"by\"", "\"By\"", StringComparison.Ordinal) },
        { "an unknown member", Hold().Replace("\"letter\"", "\"if\":\"x\",\"letter\"", StringComparison.Ordinal) },
        { "a member left out", Hold().Replace(",\"office\":\"tfn.example\"", "", StringComparison.Ordinal) },
        { "an escape that need not be", Hold().Replace("\"l-1\"", "\"\\u006c-1\"", StringComparison.Ordinal) },
        { "a Cyrillic letter that looks Latin", Hold("l-а") },
        { "a capital in an id", Hold("L-1") },
        { "an unpaired surrogate", Hold("\\ud800") },
        { "a null", Hold().Replace("\"letter\":\"l-1\"", "\"letter\":null", StringComparison.Ordinal) },
        { "a kind that is none", Hold().Replace("\"hold\"", "\"holding\"", StringComparison.Ordinal) },
        { "a moment with an offset", Hold().Replace("12:00:00Z", "12:00:00+00:00", StringComparison.Ordinal) },
        { "a moment that is none", Hold().Replace("2026-01-06", "2026-02-30", StringComparison.Ordinal) },
        { "capitals in a digest", Hold().Replace(Zeros, Zeros[1..] + "A", StringComparison.Ordinal) },
        { "a short nonce", Hold().Replace($"\"{Nonce}\"", "\"00\"", StringComparison.Ordinal) },
        { "something behind it", Hold() + " " },
        { "a byte order mark", "\uFEFF" + Hold() },
        { "nothing", "" },
        { "a list", "[]" },
        { "deep nesting", new string('[', 2000) },
    };

    [Theory]
    [MemberData(nameof(Disguises))]
    public void A_disguised_act_is_refused(string how, string json) => Assert.False(Reads(json), how);

    [Theory]
    [InlineData("1e0")]
    [InlineData("1.0")]
    [InlineData("-0")]
    [InlineData("01")]
    [InlineData("9007199254740992")]
    [InlineData("\"1\"")]
    public void A_number_has_one_form(string number)
    {
        const string two = "{\"approve\":[{\"count\":2,\"role\":[\"a\"]}]}";
        string Policy(string count) => $"{{\"assurance\":{{}},\"change\":{two},\"delegation-days\":30,\"disclose\":\"names\",\"escalate\":[],\"free\":{two}," +
            $"\"kinds\":{{\"letter\":{two}}},\"people\":{two},\"stop\":{{\"approve\":[{{\"count\":{count},\"role\":[\"a\"]}}]}},\"wait-seconds\":0,\"withdraw\":{two}}}";
        Assert.True(Proof.Policy.TryRead(Encoding.UTF8.GetBytes(Policy("1")), out _, out var fault), fault);
        Assert.False(Proof.Policy.TryRead(Encoding.UTF8.GetBytes(Policy(number)), out _, out _));
    }

    [Theory]
    [InlineData("change")]
    [InlineData("free")]
    [InlineData("people")]
    [InlineData("withdraw")]
    [InlineData("letter")]
    public void A_policy_under_which_one_could_act_alone_is_none(string rule)
    {
        string Rule(string name) => $"{{\"approve\":[{{\"count\":{(name == rule ? 1 : 2)},\"role\":[\"a\"]}}]}}";
        var json = $"{{\"assurance\":{{}},\"change\":{Rule("change")},\"delegation-days\":30,\"disclose\":\"names\",\"escalate\":[],\"free\":{Rule("free")}," +
            $"\"kinds\":{{\"letter\":{Rule("letter")}}},\"people\":{Rule("people")},\"stop\":{{\"approve\":[{{\"count\":1,\"role\":[\"a\"]}}]}},\"wait-seconds\":0,\"withdraw\":{Rule("withdraw")}}}";
        Assert.False(Policy.TryRead(Encoding.UTF8.GetBytes(json), out _, out var fault));
        Assert.Contains("alone", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("e\u0301", "not in Unicode normal form C")]
    [InlineData("a\u202Eb", "direction")]
    [InlineData("a\u0007b", "control")]
    [InlineData("a\nb", "control")]
    public void Text_that_could_look_like_other_text_is_refused(string text, string why) => Assert.Contains(why, Text.Fault(text), StringComparison.Ordinal);

    [Fact]
    public void No_bytes_make_a_reader_fall_over() =>
        Gen.Byte.Array[0, 400].Sample(bytes =>
        {
            Assert.False(Act.TryRead(bytes, out _, out _));
            Assert.False(Policy.TryRead(bytes, out _, out _));
            Assert.False(Statement.TryRead(bytes, out _, out _));
            Assert.False(Receipt.TryRead(bytes, out _, out _));
            Assert.False(TrustRoot.TryRead(bytes, out _, out _));
            Assert.False(StatusList.TryRead(bytes, "https://tfn.example/status/1", out _, out _));
            Assert.NotNull(SealedPdf.Examine(bytes).Refusal);
        }, iter: 300);

    /// <summary>Twenty thousand streams, the length of each in the next: each would take its piece of the stack.</summary>
    [Theory]
    [InlineData(300)]
    [InlineData(20_000)]
    public void Objects_that_need_each_other_without_end_cost_no_stack(int chain)
    {
        var text = new StringBuilder("%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>\nendobj\n");
        int[] first = [9, 54, 105];
        var places = first.ToList();
        for (var i = 4; i < chain + 4; i++)
        {
            places.Add(text.Length);
            text.Append($"{i} 0 obj\n<</Length {i + 1} 0 R>>stream\n\nendstream\nendobj\n");
        }
        var xref = text.Length;
        text.Append($"xref\n0 {places.Count + 1}\n0000000000 65535 f \n");
        foreach (var place in places)
            text.Append($"{place:D10} 00000 n \n");
        text.Append($"trailer\n<</Size {places.Count + 1}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n");
        var pdf = Encoding.Latin1.GetBytes(text.ToString());
        Assert.Equal(text.ToString().IndexOf("2 0 obj", StringComparison.Ordinal), places[1]);
        Assert.NotNull(SealedPdf.Examine(pdf).Refusal);
    }

    /// <summary>A page's resources stand in an object that is itself a reference, to one that old readers do not see.</summary>
    [Fact]
    public void What_old_readers_do_not_see_is_no_page_through_whatever_references()
    {
        var text = "%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
            + "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources 5 0 R>>\nendobj\n4 0 obj\n<</Length 3>>stream\nq Q\nendstream\nendobj\n"
            + "5 0 obj\n6 0 R\nendobj\n6 0 obj\n<</Font<<>>>>\nendobj\n7 0 obj\n<</Type/XRef/W[1 4 2]/Index[6 1]/Size 8/Length 7>>stream\n\u0001\0\0\u0001\u000F\0\0\nendstream\nendobj\n"
            + "xref\n0 1\n0000000000 65535 f \n1 1\n0000000009 00000 n \n2 1\n0000000054 00000 n \n3 1\n0000000105 00000 n \n4 1\n0000000201 00000 n \n5 1\n0000000250 00000 n \n"
            + "trailer\n<</Size 8/Root 1 0 R/XRefStm 300>>\nstartxref\n390\n%%EOF\n";
        Assert.Equal("pdf.hybrid", SealedPdf.Examine(Encoding.Latin1.GetBytes(text)).Refusal?.Code);
    }

    [Fact]
    public void A_changed_statement_is_another_or_none()
    {
        var key = Ed25519PrivateKey.Create();
        Assert.True(Act.TryRead(Encoding.UTF8.GetBytes(Hold()), out var act, out _));
        var bytes = Statement.Make(key, act, new DateTimeOffset(2026, 1, 6, 12, 0, 0, TimeSpan.Zero), Digest.Of([])).Bytes.ToArray();
        Assert.True(Statement.TryRead(bytes, out var whole, out _) && whole.SignedBy(key.Public));
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte[1, 255]).Sample((at, with) =>
        {
            var changed = (byte[])bytes.Clone();
            changed[at] ^= with;
            Assert.False(Statement.TryRead(changed, out var read, out _) && read.SignedBy(key.Public), $"byte {at}");
        }, iter: 400);
    }

    [Fact]
    public void An_approval_is_of_one_act_by_one_key_and_has_one_form()
    {
        using var key = SoftwareKey.Create();
        using var other = SoftwareKey.Create();
        var act = Digest.Of([1]);
        var evidence = key.Approve("p-1", act).Evidence.ToArray();
        Assert.True(SoftwareKey.Verify(key.CoseKey, act, evidence));
        Assert.False(SoftwareKey.Verify(key.CoseKey, Digest.Of([2]), evidence));
        Assert.False(SoftwareKey.Verify(other.CoseKey, act, evidence));
        Assert.False(SoftwareKey.Verify(key.CoseKey, act, [.. evidence, 0]));
        Gen.Select(Gen.Int[0, evidence.Length - 1], Gen.Byte[1, 255]).Sample((at, with) =>
        {
            var changed = (byte[])evidence.Clone();
            changed[at] ^= with;
            Assert.False(SoftwareKey.Verify(key.CoseKey, act, changed), $"byte {at}");
        }, iter: 500);
    }

    [Fact]
    public void A_status_list_is_packed_as_the_draft_packs_it()
    {
        // draft-ietf-oauth-status-list-21: two bits, entries 1,2,0,3,0,1,0,1,1,2,3,3 are the bytes c9 44 f9.
        var office = Bench.OfficeInMemory.Founded();
        int[] entries = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
        var file = office.Status(entries.Select((value, i) => new KeyValuePair<long, Standing>(i, (Standing)value)));
        Assert.True(StatusList.TryRead(file, office.StatusAddress, out var list, out var fault), fault);
        Assert.Equal(entries, Enumerable.Range(0, entries.Length).Select(i => (int)list[i]));
        Assert.Equal(Standing.InForce, list[entries.Length]);
    }

    [Fact]
    public void An_object_that_a_newer_section_freed_stays_free_though_an_older_hybrid_one_lists_it()
    {
        var text = new StringBuilder("%PDF-1.7\n");
        int Put(string part)
        {
            text.Append(part);
            return text.Length - part.Length;
        }
        var at = new[] { "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>", "<</Type/Sig>>" }
            .Select((value, i) => Put($"{i + 1} 0 obj\n{value}\nendobj\n")).ToArray();
        var hidden = Put($"5 0 obj\n<</Type/XRef/Size 6/W[1 4 1]/Index[4 1]/Length 6>>stream\n\u0001\0\0{(char)(at[3] >> 8)}{(char)(at[3] & 0xFF)}\0\nendstream\nendobj\n");
        var older = Put($"xref\n0 4\n0000000000 65535 f \n{at[0]:D10} 00000 n \n{at[1]:D10} 00000 n \n{at[2]:D10} 00000 n \ntrailer\n<</Size 6/Root 1 0 R/XRefStm {hidden}>>\n");
        var newer = Put($"xref\n4 1\n0000000000 00001 f \ntrailer\n<</Size 6/Root 1 0 R/Prev {older}>>\n");
        Put($"startxref\n{newer}\n%%EOF\n");

        Assert.Null(SealedPdf.Examine(Encoding.Latin1.GetBytes(text.ToString())).Refusal);
    }

    [Fact]
    public void A_packed_stream_is_read_whole_or_not_at_all()
    {
        var data = RandomNumberGenerator.GetBytes(40_000);
        using var packed = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(data);
        var stream = packed.ToArray();
        Assert.Equal(data, Zlib.Unpack(stream, data.Length, out var whole));
        Assert.True(whole);
        Assert.Null(Zlib.Unpack(stream, data.Length - 1, out _));
        for (var more = 1; more <= 9; more++)
        {
            Assert.Equal(data, Zlib.Unpack(new byte[][] { stream, new byte[more] }.SelectMany(b => b).ToArray(), data.Length, out whole));
            Assert.False(whole, $"{more} bytes behind it");
        }
        foreach (var length in (int[])[0, 1, 2, 3, 100, 30_000, stream.Length - 5, stream.Length - 4, stream.Length - 2, stream.Length - 1])
            Assert.Null(Zlib.Unpack(stream.AsMemory(0, length), data.Length, out _));
        stream[^1] ^= 1; // the checksum
        Assert.Null(Zlib.Unpack(stream, data.Length, out _));
        Assert.Null(Zlib.Unpack(new byte[] { 0x78, 0xBB, 0, 0, 0, 1, 3, 0, 0, 0, 0, 1 }, 100, out _)); // a preset dictionary
    }

    // A key with a part of small order, and a signature whose R has one: which equation a verifier computes would decide.
    [Theory]
    [InlineData("13b3cd12f8d64d915d35c69a2b1bd3e90d8ef8e4db349aedbd60843d96efb40c", "cec6470a22ad6e3b7dfabc6e57ce6d54958aded553ad10217cee0f1ed26ab186c59149688f7cdcdf6b8282a505472246e270e88c7dfe4ecd58193124e9d49c05", true)]
    [InlineData("19c088eead59a7ac4835938c46eb8653be6f16c444154469035de615190ee034", "cec6470a22ad6e3b7dfabc6e57ce6d54958aded553ad10217cee0f1ed26ab186aff26622a0886803e84adfcfa701e3c3609046c1160a9e0b85dcd1c35e98b101", false)]
    [InlineData("13b3cd12f8d64d915d35c69a2b1bd3e90d8ef8e4db349aedbd60843d96efb40c", "f4255cf46c506503b0d580f9e3ddea1339af21e5bd68754762a46301bad3942d7329e771c490f3a979365b54d2b84e995a9666b451db3cde80f10b849216f300", false)]
    public void An_Ed25519_signature_holds_only_where_every_equation_says_so(string key, string signature, bool holds) =>
        Assert.Equal(holds, new Ed25519Key(Convert.FromHexString(key)).Verify("one message"u8, Convert.FromHexString(signature)));

    [Theory]
    [InlineData(62, true)]
    [InlineData(63, false)]
    public void Escalations_ask_for_no_more_people_than_can_sign(int added, bool reads)
    {
        Need[] two = [new(["a"], 2)];
        var parts = new PolicyParts
        {
            People = two,
            Change = two,
            Stop = [new(["a"], 1)],
            Withdraw = two,
            Free = two,
            Kinds = new Dictionary<string, IReadOnlyList<Need>> { ["letter"] = two },
            Escalations = [.. Enumerable.Range(0, added).Select(i => new Escalation([$"finding-{i}"], [new(["a"], 1)], false))],
        };
        Assert.Equal(reads, Policy.TryRead(Policy.Write(parts), out _, out _));
    }

    [Fact]
    public void A_checkpoint_that_is_no_UTF8_opens_with_no_key()
    {
        var office = Bench.OfficeInMemory.Founded();
        var trust = office.Trust() with { Checkpoint = office.Checkpoint() + "\u2014 ? aGVsbG8=\n" }; // a line of a witness that nobody knows
        TrustRoot Read(byte name)
        {
            var note = Encoding.UTF8.GetBytes(trust.Checkpoint);
            var text = Encoding.UTF8.GetString(trust.ToBytes());
            var other = note.Select(b => b == (byte)'?' ? name : b).ToArray();
            text = text.Replace(System.Buffers.Text.Base64Url.EncodeToString(note), System.Buffers.Text.Base64Url.EncodeToString(other), StringComparison.Ordinal);
            Assert.True(TrustRoot.TryRead(Encoding.UTF8.GetBytes(text), out var read, out var fault), fault);
            return read;
        }
        Assert.NotNull(Read((byte)'!').Newest());
        Assert.Null(Read(0xFF).Newest());
    }

    [Theory]
    [InlineData("00000", 0, "", null)]
    [InlineData("65536", 65_536, "", "pdf.damaged")]
    [InlineData("65536", 65_535, "", "pdf.damaged")]
    [InlineData("00000", 0, "/Encrypt<<>>", "pdf.encrypted")]
    public void Entries_and_hidden_sections_are_held_to_the_rules(string listed, int own, string hiddenTrailer, string? refused)
    {
        var text = new StringBuilder("%PDF-1.7\n");
        int Put(string part)
        {
            text.Append(part);
            return text.Length - part.Length;
        }
        var at = new[] { "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>", "<<>>" }
            .Select((value, i) => Put($"{i + 1} {(i == 3 ? own : 0)} obj\n{value}\nendobj\n")).ToArray();
        var hidden = Put($"5 0 obj\n<</Type/XRef/Size 6/W[1 4 1]/Index[5 1]/Length 6{hiddenTrailer}>>stream\n\0\0\0\0\0\0\nendstream\nendobj\n");
        var table = Put($"xref\n0 5\n0000000000 65536 f \n{at[0]:D10} 00000 n \n{at[1]:D10} 00000 n \n{at[2]:D10} 00000 n \n{at[3]:D10} {listed} n \n");
        Put($"trailer\n<</Size 6/Root 1 0 R/XRefStm {hidden}>>\nstartxref\n{table}\n%%EOF\n");

        Assert.Equal(refused, SealedPdf.Examine(Encoding.Latin1.GetBytes(text.ToString())).Refusal?.Code);
    }

    [Fact]
    public void A_trust_file_without_a_status_file_brings_none()
    {
        var office = Bench.OfficeInMemory.Founded();
        var bytes = (office.Trust() with { Status = null }).ToBytes();
        Assert.True(TrustRoot.TryRead(bytes, out var trust, out var fault), fault);
        Assert.Null(trust.Status);
        Assert.Equal(bytes, trust.ToBytes());
    }

    [Fact]
    public void A_seal_is_made_with_a_key_on_P256_and_on_no_other_curve_of_its_size()
    {
        foreach (var (curve, holds) in ((ECCurve, bool)[])[(ECCurve.NamedCurves.nistP256, true), (ECCurve.CreateFromFriendlyName("secp256k1"), false)])
        {
            using var key = ECDsa.Create(curve);
            var certificate = Bench.OfficeInMemory.NewCertificate(key);
            var digest = Digest.Of("fair copy"u8);
            // The half that s must lie in is reckoned for P-256: another curve's signature can be whole or not, and must be neither.
            for (var i = 0; i < 16; i++)
            {
                var cms = Cms.Sign(certificate, digest, attributes => key.SignData(attributes.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
                Assert.Equal(holds, Cms.Verify(cms, certificate, digest));
            }
        }
    }

    [Fact]
    public void A_reference_names_the_generation_that_its_object_has()
    {
        byte[] Page(string contents) => Bench.SmallPdf.Build([
            "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", $"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents[{contents}]>>",
            "<</Length 0>>stream\n\nendstream", "<</Length 0>>stream\n\nendstream"]);
        Assert.Null(SealedPdf.Examine(Page("4 0 R 5 0 R")).Refusal);
        Assert.Null(SealedPdf.Examine(Page("4 0 R 9 1 R")).Refusal);
        Assert.Equal("pdf.damaged", SealedPdf.Examine(Page("4 0 R 5 1 R")).Refusal?.Code);
    }

    /// <summary>Each of these would keep a reader busy for minutes to years that reads what it says, as often as it says so.</summary>
    [Theory(Timeout = 60_000)]
    [InlineData("a dictionary of many entries")]
    [InlineData("objects inside each other")]
    [InlineData("objects of an object stream at one place")]
    [InlineData("a cross-reference stream whose entries have no bytes")]
    public async Task A_small_file_is_read_in_short_time(string how)
    {
        const int many = 60_000;
        string[] pages = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"];
        var file = how switch
        {
            "a dictionary of many entries" => Bench.SmallPdf.Build([.. pages, $"<<{string.Concat(Enumerable.Range(0, 4 * many).Select(i => $"/{i} 1"))}>>"]),
            "objects inside each other" => Nested(),
            "objects of an object stream at one place" => Packed(pages),
            _ => Empty(),
        };
        var refusal = await Task.Run(() => SealedPdf.Examine(file).Refusal, TestContext.Current.CancellationToken);
        Assert.Equal(how.StartsWith("a dictionary", StringComparison.Ordinal), refusal is null);

        static byte[] Nested()
        {
            var text = new StringBuilder("%PDF-1.7\n");
            var offsets = new List<int>();
            for (var i = 1; i <= many; i++)
            {
                offsets.Add(text.Length);
                text.Append($"{i} 0 obj(");
            }
            text.Insert(text.Length, ")endobj ", many);
            var xref = text.Length;
            text.Append($"xref\n1 {many}\n");
            offsets.ForEach(offset => text.Append($"{offset:D10} 00000 n \n"));
            return Encoding.Latin1.GetBytes(text.Append($"trailer\n<</Size {many + 1}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n").ToString());
        }

        static byte[] Packed(string[] pages)
        {
            var places = string.Concat(Enumerable.Range(0, many).Select(i => $"{i + 10} 0 "));
            var data = $"{places}[{string.Concat(Enumerable.Repeat("1 ", 4 * many))}]";
            var text = new StringBuilder("%PDF-1.7\n");
            var table = new StringBuilder();
            void Put(int number, string value)
            {
                table.Append($"\u0001{(char)(text.Length >> 16)}{(char)((text.Length >> 8) & 0xFF)}{(char)(text.Length & 0xFF)}");
                text.Append($"{number} 0 obj\n{value}\nendobj\n");
            }
            for (var i = 0; i < pages.Length; i++)
                Put(i + 1, pages[i]);
            Put(4, $"<</Type/ObjStm/N {many}/First {places.Length}/Length {data.Length}>>stream\n{data}\nendstream");
            table.Append("\u0002\0\0\u0004");
            var xref = text.Length;
            text.Append($"5 0 obj\n<</Type/XRef/W[1 3 0]/Size 11/Root 1 0 R/Index[1 4 10 1]/Length {table.Length}>>stream\n{table}\nendstream\nendobj\nstartxref\n{xref}\n%%EOF\n");
            return Encoding.Latin1.GetBytes(text.ToString());
        }

        static byte[] Empty() => Encoding.Latin1.GetBytes(
            $"%PDF-1.7\n1 0 obj\n<</Type/XRef/W[0 0 0]/Size 2000000/Index[{string.Concat(Enumerable.Repeat("0 1999999 ", many))}]/Length 0>>stream\n\nendstream\nendobj\nstartxref\n9\n%%EOF\n");
    }
}
