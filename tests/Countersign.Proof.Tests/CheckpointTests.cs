using System.Text;
using Xunit;

namespace Countersign.Proof.Tests;

/// <summary>
/// The worked vector: keys of RFC 8032 §7.1 TEST 1 (ledger) and TEST 2 (witness), the eight reference entries.
/// </summary>
public sealed class CheckpointTests
{
    private const string LedgerKey = "tfn.example/ledger+413de93c+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    private const string WitnessKey = "witness.example/w1+04d2d833+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM";

    private const string File =
        """
        tfn.example/ledger
        8
        XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

        — tfn.example/ledger QT3pPB8Lx2RwQFS71ThCchFgYkm5duOKyCaOEL4Yr0bso9Q5NVYF3MUUVa2lc00xhiZ4Oxis80MPg7u/YvHFgqJ+uA8=
        — witness.example/w1 BNLYMwAAAABeEyFAbzN5iqgJHF32q/qoOdQlaOvZhdgrK6PWk6Nw/Vy4QSI24itm2nkJ/5SxZqunxIckKT23ANN6bd39xo0N2reuDA==

        """;

    private const string Good = "o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n";

    private static readonly Ed25519PrivateKey Ledger = new(Convert.FromHexString(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));

    private static readonly Ed25519PrivateKey Witness = new(Convert.FromHexString(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));

    private static readonly Checkpoint Eight = new(
        "tfn.example/ledger", 8, Digest.Parse("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"));

    [Fact]
    public void The_worked_checkpoint_is_made_again_byte_for_byte()
    {
        var note = Eight.Sign(Ledger).With(NoteSignature.Cosign(Eight.Text, "witness.example/w1", Witness, 1578312000));
        Assert.Equal(File, note.ToString());
        Assert.Equal(311, note.ToBytes().Length);
        Assert.Equal(
            "e036c4127f3b9285a1d5ef152188316297e3e1389d027015e75b153f88dc0414", Digest.Of(note.ToBytes()).ToString());
    }

    [Fact]
    public void The_keys_of_the_worked_vector_have_their_ids()
    {
        Assert.Equal(LedgerKey, NoteKey.Create("tfn.example/ledger", NoteKeyKind.Ed25519, Ledger.Public).ToString());
        Assert.Equal(
            WitnessKey,
            NoteKey.Create("witness.example/w1", NoteKeyKind.Ed25519Cosignature, Witness.Public).ToString());
    }

    [Fact]
    public void The_worked_checkpoint_opens_with_its_witness_and_the_time_the_witness_states()
    {
        var bytes = Bytes(File);
        Assert.True(SignedCheckpoint.TryOpen(bytes, Key(LedgerKey), [Key(WitnessKey)], out var opened, out var why), why);
        Assert.Equal(Eight, opened.Checkpoint);
        Assert.Equal([new VerifiedSignature(Key(WitnessKey), 1578312000)], opened.Cosignatures);
    }

    [Fact]
    public void A_checkpoint_that_only_a_witness_signed_is_refused()
    {
        var note = Note.Create(Eight.Text, NoteSignature.Cosign(Eight.Text, "witness.example/w1", Witness, 1));
        Assert.False(SignedCheckpoint.TryOpen(note.ToBytes(), Key(LedgerKey), [Key(WitnessKey)], out _, out _));
    }

    [Fact]
    public void A_checkpoint_of_another_origin_is_refused_although_our_key_signed_it()
    {
        var other = Eight with { Origin = "tfn.example/other" };
        var note = Note.Create(other.Text, NoteSignature.Sign(other.Text, "tfn.example/ledger", Ledger));
        Assert.False(SignedCheckpoint.TryOpen(note.ToBytes(), Key(LedgerKey), [], out _, out var why));
        Assert.Contains("tfn.example/other", why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_false_cosignature_of_a_known_witness_refuses_a_checkpoint_the_ledger_signed()
    {
        var note = Eight.Sign(Ledger).With(NoteSignature.Cosign("o\n", "witness.example/w1", Witness, 1));
        Assert.False(SignedCheckpoint.TryOpen(note.ToBytes(), Key(LedgerKey), [Key(WitnessKey)], out _, out _));
        Assert.True(SignedCheckpoint.TryOpen(note.ToBytes(), Key(LedgerKey), [], out _, out _));
    }

    [Fact]
    public void Signing_twice_gives_the_same_bytes() =>
        Assert.Equal(Eight.Sign(Ledger).ToBytes(), Eight.Sign(Ledger).ToBytes());

    [Theory]
    [InlineData("+8")]
    [InlineData("08")]
    [InlineData("-8")]
    [InlineData(" 8")]
    [InlineData("8 ")]
    [InlineData("8e0")]
    [InlineData("0x8")]
    [InlineData("\u0668")]
    [InlineData("")]
    [InlineData("9223372036854775808")]
    [InlineData("18446744073709551624")]
    [InlineData("00000000000000000000000000000008")]
    public void A_size_in_any_other_form_is_refused(string size) =>
        Assert.False(Checkpoint.TryParse(Good.Replace("\n8\n", $"\n{size}\n"), out _, out _));

    [Theory]
    [InlineData("")]
    [InlineData("o\n8\n")]
    [InlineData("o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=")]
    [InlineData("o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n")]
    [InlineData("o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n")]
    [InlineData("o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz-Nw7_RgQyg=\n")]
    [InlineData("o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQw==\n")]
    [InlineData("\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n")]
    [InlineData("o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n")]
    [InlineData("o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\nx\n")]
    [InlineData("o\r\n8\r\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\r\n")]
    [InlineData("o\n0\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n")]
    public void A_text_that_is_no_checkpoint_is_refused(string text)
    {
        Assert.False(Checkpoint.TryParse(text, out _, out var why));
        Assert.NotEmpty(why);
    }

    [Fact]
    public void The_largest_and_the_empty_ledger_have_checkpoints()
    {
        Assert.True(Checkpoint.TryParse(Good.Replace("\n8\n", "\n9223372036854775807\n"), out var largest, out _));
        Assert.Equal(Merkle.MaxSize, largest.Size);
        var empty = new Checkpoint("o", 0, Merkle.EmptyRoot);
        Assert.True(Checkpoint.TryParse(empty.Text, out var read, out _));
        Assert.Equal(empty, read);
    }

    [Fact]
    public void Extension_lines_of_foreign_ledgers_are_read_and_stay_signed()
    {
        var text = Good + "extension\n";
        Assert.True(Checkpoint.TryParse(text, out var read, out _));
        Assert.NotEqual(text, read.Text);
        var key = NoteKey.Create("o", NoteKeyKind.Ed25519, Ledger.Public);
        var note = Note.Create(text, NoteSignature.Sign(text, "o", Ledger));
        Assert.True(SignedCheckpoint.TryOpen(note.ToBytes(), key, [], out _, out _));
        var without = Note.Create(Good, note.Signatures);
        Assert.False(SignedCheckpoint.TryOpen(without.ToBytes(), key, [], out _, out _));
    }

    private static NoteKey Key(string vkey)
    {
        Assert.True(NoteKey.TryParse(vkey, out var key, out var why), why);
        return key;
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
