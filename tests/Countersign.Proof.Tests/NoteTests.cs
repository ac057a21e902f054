using System.Text;
using Countersign.Testing;
using CsCheck;
using Xunit;

namespace Countersign.Proof.Tests;

public sealed class NoteTests
{
    private const string Published =
        """
        This is an example message.

        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

        """;

    private static readonly Ed25519PrivateKey Key = new(new byte[32]);
    private static readonly NoteKey Signer = NoteKey.Create("signer", NoteKeyKind.Ed25519, Key.Public);

    private static readonly Ed25519PrivateKey WitnessKey = new(Enumerable.Repeat((byte)7, 32).ToArray());
    private static readonly NoteKey Witness =
        NoteKey.Create("witness", NoteKeyKind.Ed25519Cosignature, WitnessKey.Public);

    [Fact]
    public void The_example_of_the_signed_note_specification_verifies()
    {
        Assert.True(NoteKey.TryParse(
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", out var key, out _));
        var note = Parse(Published);
        Assert.True(note.TryVerify([key], out var verified, out _));
        Assert.Equal([new VerifiedSignature(key, null)], verified);
        Assert.Equal(Published, note.ToString());
    }

    [Fact]
    public void The_checkpoints_of_another_implementation_are_read_and_given_back_byte_for_byte()
    {
        var folder = Corpora.Require("vectors/FiloSottile-sunlight");
        var read = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*checkpoint"))
        {
            var bytes = File.ReadAllBytes(file);
            if (!Note.TryParse(bytes, out var note, out _))
                continue;
            Assert.Equal(bytes, note.ToBytes());
            Assert.True(Checkpoint.TryParse(note.Text, out var checkpoint, out var why), why);
            Assert.Equal(note.Text, checkpoint.Text);
            read++;
        }
        Assert.Equal(3, read);
    }

    [Fact]
    public void The_text_may_hold_empty_lines_because_the_signatures_follow_the_last_one()
    {
        const string Text = "a\n\n— not a signature\n\nb\n";
        var note = Parse(Signed(Text).ToString());
        Assert.Equal(Text, note.Text);
        Assert.True(note.TryVerify([Signer], out _, out _));
    }

    public static TheoryData<string, string> Malformed() => new()
    {
        { "nothing", "" },
        { "no signature", "text\n" },
        { "no signature after the gap", "text\n\n" },
        { "no gap", "text\n" + Line() + "\n" },
        { "a last line without its end", "text\n\n" + Line() },
        { "an empty line at the end", "text\n\n" + Line() + "\n\n" },
        { "a carriage return", "text\r\n\n" + Line() + "\n" },
        { "a tab", "te\txt\n\n" + Line() + "\n" },
        { "a null", "te\0xt\n\n" + Line() + "\n" },
        { "a hyphen for the dash", "text\n\n" + Line().Replace('—', '-') + "\n" },
        { "an en dash for the dash", "text\n\n" + Line().Replace('—', '–') + "\n" },
        { "no space after the dash", "text\n\n" + Line().Replace("— ", "—") + "\n" },
        { "two spaces before the name", "text\n\n" + Line().Replace("— ", "—  ") + "\n" },
        { "a name with a no-break space", "text\n\n" + Line().Replace("signer", "sig\u00a0ner") + "\n" },
        { "a name with an ideographic space", "text\n\n" + Line().Replace("signer", "sig\u3000ner") + "\n" },
        { "a name with a plus sign", "text\n\n" + Line().Replace("signer", "sig+ner") + "\n" },
        { "text after the signature", "text\n\n" + Line() + " \n" },
        { "base64 without padding", "text\n\n" + Line().TrimEnd('=') + "\n" },
        { "base64 with spare bits", "text\n\n" + Line()[..^2] + "B=\n" },
        { "base64 for addresses", "text\n\n— signer AAAA_-8=\n" },
        { "base64 with white space inside", "text\n\n— signer AAAA AAAA\n" },
        { "a key id alone", "text\n\n— signer AAAAAA==\n" },
        { "no base64", "text\n\n— signer \n" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_note_is_refused_with_a_sentence(string what, string text)
    {
        Assert.False(Note.TryParse(Encoding.UTF8.GetBytes(text), out _, out var why), what);
        Assert.EndsWith(".", why, StringComparison.Ordinal);
    }

    [Fact]
    public void The_line_the_malformed_ones_are_made_from_is_itself_well_formed() =>
        Assert.True(Parse("text\n\n" + Line() + "\n").TryVerify([Signer], out _, out _));

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        var bytes = Signed("text\n").ToBytes();
        bytes[0] = 0xff;
        Assert.False(Note.TryParse(bytes, out _, out _));
    }

    [Fact]
    public void A_hundred_signatures_are_read_and_one_more_is_refused()
    {
        var line = Line() + "\n";
        Assert.Equal(100, Parse("text\n\n" + string.Concat(Enumerable.Repeat(line, 100))).Signatures.Count);
        var more = "text\n\n" + string.Concat(Enumerable.Repeat(line, 101));
        Assert.False(Note.TryParse(Encoding.UTF8.GetBytes(more), out _, out _));
    }

    [Fact]
    public void A_note_of_64_KB_is_read_and_one_byte_more_is_refused()
    {
        var rest = Signed("\n").ToBytes().Length;
        var longest = Signed(new string('a', Note.MaxBytes - rest) + "\n").ToString();
        Assert.Equal(Note.MaxBytes, Parse(longest).ToBytes().Length);
        Assert.Throws<ArgumentException>(() => Signed(new string('a', Note.MaxBytes - rest + 1) + "\n"));
    }

    [Fact]
    public void Lines_of_unknown_keys_are_ignored_but_do_not_suffice()
    {
        var stranger = NoteSignature.Sign("text\n", "stranger", Ed25519PrivateKey.Create());
        var note = Signed("text\n").With(stranger);
        Assert.True(note.TryVerify([Signer], out var verified, out _));
        Assert.Single(verified);
        Assert.False(Note.Create("text\n", stranger).TryVerify([Signer], out _, out _));
    }

    [Fact]
    public void One_false_line_of_a_known_key_refuses_the_whole_note()
    {
        var forged = NoteSignature.Sign("other\n", "signer", Key);
        Assert.False(Signed("text\n").With(forged).TryVerify([Signer], out var verified, out _));
        Assert.Empty(verified);
    }

    [Fact]
    public void A_key_that_signs_twice_counts_once_with_its_newest_time()
    {
        var note = Note.Create(
            "text\n",
            NoteSignature.Cosign("text\n", "witness", WitnessKey, 20),
            NoteSignature.Cosign("text\n", "witness", WitnessKey, 30),
            NoteSignature.Cosign("text\n", "witness", WitnessKey, 10));
        Assert.True(note.TryVerify([Witness, Witness], out var verified, out _));
        Assert.Equal([new VerifiedSignature(Witness, 30)], verified);
    }

    [Fact]
    public void A_cosignature_binds_its_time()
    {
        var cosigned = NoteSignature.Cosign("text\n", "witness", WitnessKey, 20);
        var blob = cosigned.Signature.ToArray();
        blob[7]++;
        Assert.False(Note.Create("text\n", cosigned with { Signature = blob }).TryVerify([Witness], out _, out _));
        blob[7]--;
        blob[0] = 0x80;
        Assert.False(Note.Create("text\n", cosigned with { Signature = blob }).TryVerify([Witness], out _, out _));
    }

    [Fact]
    public void A_plain_signature_never_passes_as_a_cosignature_nor_the_other_way_round()
    {
        var plain = NoteKey.Create("both", NoteKeyKind.Ed25519, Key.Public);
        var timed = NoteKey.Create("both", NoteKeyKind.Ed25519Cosignature, Key.Public);
        Assert.NotEqual(plain.Id, timed.Id);
        var asTimed = NoteSignature.Sign("text\n", "both", Key) with { KeyId = timed.Id };
        Assert.False(Note.Create("text\n", asTimed).TryVerify([plain, timed], out _, out _));
        var asPlain = NoteSignature.Cosign("text\n", "both", Key, 1) with { KeyId = plain.Id };
        Assert.False(Note.Create("text\n", asPlain).TryVerify([plain, timed], out _, out _));
    }

    [Fact]
    public void A_key_survives_its_text_form()
    {
        foreach (var key in new[] { Signer, Witness })
        {
            Assert.True(NoteKey.TryParse(key.ToString(), out var read, out _));
            Assert.Equal(key, read);
        }
    }

    [Fact]
    public void A_key_of_a_type_we_cannot_verify_is_read_and_its_lines_are_ignored()
    {
        // Type 06, ML-DSA-44, with a public key of 1312 bytes.
        var digest = Digest.OfParts("w6\n"u8.ToArray(), new byte[] { 6 }, new byte[1312]).ToArray();
        var typed = Convert.ToBase64String([6, .. new byte[1312]]);
        var vkey = $"w6+{Convert.ToHexStringLower(digest.AsSpan(0, 4))}+{typed}";
        Assert.True(NoteKey.TryParse(vkey, out var key, out var why), why);
        Assert.False(key.CanVerify);
        var note = Signed("text\n").With(new NoteSignature("w6", key.Id, new byte[2428]));
        Assert.True(note.TryVerify([Signer, key], out var verified, out _));
        Assert.Equal(Signer, Assert.Single(verified).Key);
        Assert.False(note.TryVerify([key], out _, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("signer")]
    [InlineData("signer+00000000")]
    [InlineData("+00000000+AQID")]
    [InlineData("sig ner+00000000+AQID")]
    [InlineData("signer+00000000+AQ==")]
    [InlineData("signer+00000000+AQID")]
    [InlineData("signer+00000000+")]
    public void A_malformed_key_is_refused(string vkey) => Assert.False(NoteKey.TryParse(vkey, out _, out _));

    [Fact]
    public void A_key_with_another_id_than_its_own_is_refused()
    {
        var good = Signer.ToString();
        var id = Signer.Id.ToString("x8");
        Assert.False(NoteKey.TryParse(good.Replace(id, (Signer.Id ^ 1).ToString("x8")), out _, out _));
        Assert.False(NoteKey.TryParse(good.Replace(id, "+" + id[1..]), out _, out _));
    }

    [Fact]
    public void Whatever_is_read_is_given_back_byte_for_byte_and_nothing_is_thrown()
    {
        string[] pieces =
            ["\n", "\n\n", "— ", "signer", " ", "+", "AAAAAAA=", Line(), "text", "\u00a0", "=", "\r", "é", "8\n"];
        var made = Gen.Int[0, pieces.Length - 1].Array[0, 12]
            .Select(which => string.Concat(which.Select(i => pieces[i])));
        Gen.OneOf(Gen.String, made).Sample(text =>
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            if (Note.TryParse(bytes, out var note, out var why))
                Assert.Equal(bytes, note.ToBytes());
            else
                Assert.NotEmpty(why);
        }, iter: 5_000);
    }

    [Fact]
    public void No_changed_byte_of_a_signed_note_goes_unnoticed()
    {
        var bytes = Signed("text\nmore\n").ToBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= 1;
            Assert.False(
                Note.TryParse(changed, out var note, out _) && note.TryVerify([Signer], out _, out _), $"byte {i}");
        }
    }

    private static Note Parse(string text)
    {
        Assert.True(Note.TryParse(Encoding.UTF8.GetBytes(text), out var note, out var why), why);
        return note;
    }

    private static Note Signed(string text) => Note.Create(text, NoteSignature.Sign(text, "signer", Key));

    private static string Line() => NoteSignature.Sign("text\n", "signer", Key).ToString();
}
