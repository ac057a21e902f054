using Countersign.Documents;
using Countersign.Fuzz;
using CsCheck;
using Xunit;

namespace Countersign.Gate.Tests.Reading;

/// <summary>What the fuzzer asks of every reader of documents, asked of its seeds and of random changes of them.</summary>
public sealed class ChangedSeedsTests
{
    public static TheoryData<string> Targets => [.. Target.Documents.Select(t => t.Name)];

    private static Target Named(string name) => Target.Documents.Single(t => t.Name == name);

    /// <summary>Found by fuzzing: an attribute of 64 KB in a file of 111 bytes, in which sixteen million properties were said to follow.</summary>
    [Fact]
    public void A_bag_that_announces_more_than_it_holds_is_cut_and_said_to_be_damaged()
    {
        var bag = Convert.FromHexString("789F3E220100010390060000000100430000000010E40003000D34000820060000000000C0000043434343434343434343434343434300789F3E22010001039006000000010024000000001001000103900600000001002300FFFFF70100E40003");
        var read = Countersign.Documents.Document.Read(bag, "winmail.dat", new Countersign.Documents.ReadingBounds { MostTime = TimeSpan.FromSeconds(60) });
        Assert.Equal(Countersign.Documents.UnreadReason.Damaged, Assert.Single(read.Unread).Reason);
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_seed_is_read_and_has_text(string name) => Assert.All(DocumentSeeds.Of(name), seed => Assert.True(Named(name).Check(seed)));

    [Theory]
    [MemberData(nameof(Targets))]
    public void Whatever_is_changed_in_a_seed_the_promises_are_kept(string name)
    {
        var (target, seeds) = (Named(name), DocumentSeeds.Of(name));
        Gen.Select(Gen.Int[0, seeds.Count - 1], Gen.Int[0, seeds.Count - 1], Gen.Int[0, 4], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Byte)
            .Sample((of, with, how, from, to, value) => { target.Check(Changed(seeds[of], seeds[with], how, from, to, value)); }, iter: 300, threads: 1);
    }

    [Fact]
    public void A_place_cannot_steer_a_terminal_by_the_name_of_a_member()
    {
        const string name = "word/\u001B[31m\u202Eheader1.xml";
        var document = Document.Read(Target.Zip(("[Content_Types].xml", "<Types/>"u8.ToArray()), ("word/document.xml", "<w:document xmlns:w=\"w\"/>"u8.ToArray()), (name, [1]), (name, [2])));
        Assert.Equal("word/[31mheader1.xml", Assert.Single(document.Unread, u => u.Says.StartsWith("Two members", StringComparison.Ordinal)).Place.ToString());
    }

    /// <summary>A byte is another, bits are flipped all over, a stretch is gone, stands there again and again, or comes from another seed.</summary>
    private static byte[] Changed(byte[] seed, byte[] other, int how, double from, double to, byte value)
    {
        var bytes = seed.ToArray();
        var start = (int)(from * (bytes.Length - 1));
        var end = start + (int)(to * Math.Min(60, bytes.Length - start));
        switch (how)
        {
            case 0:
                bytes[start] = value;
                return bytes;
            case 1:
                for (var i = 0; i < 8; i++)
                    bytes[(start + i * 37 * (value + 1)) % bytes.Length] ^= (byte)(1 << (value + i) % 8);
                return bytes;
            case 2:
                return [.. bytes[..start], .. bytes[end..]];
            case 3:
                return [.. bytes[..start], .. Enumerable.Repeat(bytes[start..end], value).SelectMany(b => b), .. bytes[start..]];
            default:
                return [.. bytes[..start], .. other[(int)(to * (other.Length - 1))..]];
        }
    }
}
