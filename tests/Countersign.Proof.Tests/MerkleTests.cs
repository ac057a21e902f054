using System.Text.Json;
using Countersign.Testing;
using CsCheck;
using Xunit;

namespace Countersign.Proof.Tests;

public sealed class MerkleTests
{
    /// <summary>The eight entries that Certificate Transparency's reference implementation is tested with.</summary>
    private static readonly string[] Entries =
    [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ];

    private static readonly Digest[] Leaves = [.. Entries.Select(e => Merkle.LeafHash(Convert.FromHexString(e)))];

    [Theory]
    [InlineData(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void The_reference_trees_have_their_published_roots(int size, string root) =>
        Assert.Equal(root, Merkle.Root(Leaves.AsSpan(0, size)).ToString());

    [Fact]
    public void The_published_paths_verify()
    {
        Digest[] inclusion =
        [
            Digest.Parse("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
            Digest.Parse("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            Merkle.Root(Leaves.AsSpan(0, 4)),
        ];
        Assert.True(Merkle.VerifyInclusion(5, 8, Leaves[5], inclusion, Merkle.Root(Leaves)));
        Digest[] consistency =
        [
            Digest.Parse("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
            Digest.Parse("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            Merkle.Root(Leaves.AsSpan(0, 4)),
        ];
        Assert.True(Merkle.VerifyConsistency(6, 8, Merkle.Root(Leaves.AsSpan(0, 6)), Merkle.Root(Leaves), consistency));
    }

    [Fact]
    public void A_path_binds_neither_index_nor_size_so_both_must_be_signed()
    {
        var ofFirst = Reference.Inclusion(0, Leaves);
        var verifying = Enumerable.Range(1, 12).Where(size =>
            Merkle.VerifyInclusion(0, (ulong)size, Leaves[0], ofFirst, Merkle.Root(Leaves)));
        Assert.Equal([5, 6, 7, 8], verifying);

        var seven = Leaves.AsSpan(0, 7);
        var ofSeventh = Reference.Inclusion(6, seven);
        var pairs = new List<(int, int)>();
        for (var size = 1; size <= 10; size++)
            for (var index = 0; index < size; index++)
                if (Merkle.VerifyInclusion((ulong)index, (ulong)size, Leaves[6], ofSeventh, Merkle.Root(seven)))
                    pairs.Add((index, size));
        Assert.Equal([(3, 4), (5, 6), (6, 7), (9, 10)], pairs);
    }

    [Fact]
    public void A_node_does_not_pass_as_a_leaf()
    {
        var node = Merkle.NodeHash(Leaves[0], Leaves[1]);
        byte[] asEntry = [.. Leaves[0].ToArray(), .. Leaves[1].ToArray()];
        Assert.NotEqual(node, Merkle.LeafHash(asEntry));
        Assert.NotEqual(Leaves[0], Merkle.LeafHash(Leaves[0]));
        Assert.Equal(Merkle.LeafHash(Leaves[0].ToArray()), Merkle.LeafHash(Leaves[0]));
    }

    [Fact]
    public void Every_proof_of_every_small_tree_verifies_and_no_changed_one_does()
    {
        var leaves = Many(40);
        for (var size = 1; size <= leaves.Length; size++)
        {
            var root = Merkle.Root(leaves.AsSpan(0, size));
            Assert.Equal(Reference.Root(leaves.AsSpan(0, size)), root);
            for (var index = 0; index < size; index++)
            {
                var path = Reference.Inclusion(index, leaves.AsSpan(0, size));
                Assert.True(Merkle.VerifyInclusion((ulong)index, (ulong)size, leaves[index], path, root));
                foreach (var other in Spoilt(path))
                    Assert.False(Merkle.VerifyInclusion((ulong)index, (ulong)size, leaves[index], other, root));
            }
            for (var old = 1; old <= size; old++)
            {
                var oldRoot = Merkle.Root(leaves.AsSpan(0, old));
                var path = Reference.Consistency(old, leaves.AsSpan(0, size));
                Assert.True(Merkle.VerifyConsistency((ulong)old, (ulong)size, oldRoot, root, path));
                foreach (var other in Spoilt(path))
                    Assert.False(Merkle.VerifyConsistency((ulong)old, (ulong)size, oldRoot, root, other));
                Assert.False(Merkle.VerifyConsistency((ulong)old, (ulong)size, leaves[0], leaves[1], path));
            }
        }
    }

    [Fact]
    public void The_empty_tree_is_a_prefix_of_every_tree_but_only_with_its_own_root_and_an_empty_path()
    {
        var root = Merkle.Root(Leaves);
        Assert.True(Merkle.VerifyConsistency(0, 8, Merkle.EmptyRoot, root, []));
        Assert.True(Merkle.VerifyConsistency(0, 0, Merkle.EmptyRoot, Merkle.EmptyRoot, []));
        Assert.False(Merkle.VerifyConsistency(0, 8, root, root, []));
        Assert.False(Merkle.VerifyConsistency(0, 8, Merkle.EmptyRoot, root, [root]));
        Assert.False(Merkle.VerifyConsistency(0, 0, root, root, []));
    }

    [Fact]
    public void Sizes_no_tree_may_have_and_paths_longer_than_any_tree_are_answered_not_thrown() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Int[0, 70]).Sample(t =>
        {
            var (index, size, length) = t;
            var path = new Digest[length];
            if (size > Merkle.MaxSize || index >= size)
                Assert.Null(Merkle.RootFromInclusion(index, size, Leaves[0], path));
            else if (Merkle.RootFromInclusion(index, size, Leaves[0], path) is not null)
                Assert.InRange(length, 0, Merkle.MaxPath);
            Assert.False(Merkle.VerifyConsistency(index, size, Leaves[0], Leaves[1], path));
        }, iter: 2_000);

    [Fact]
    public void The_largest_tree_has_paths_of_63_hashes()
    {
        var path = new Digest[63];
        Assert.NotNull(Merkle.RootFromInclusion(0, Merkle.MaxSize, Leaves[0], path));
        Assert.Null(Merkle.RootFromInclusion(0, Merkle.MaxSize, Leaves[0], path.AsSpan(1)));
        Assert.Null(Merkle.RootFromInclusion(0, Merkle.MaxSize + 1, Leaves[0], path));
    }

    [Fact]
    public void A_copied_frontier_grows_on_its_own()
    {
        var frontier = new MerkleFrontier();
        foreach (var leaf in Leaves.AsSpan(0, 5))
            frontier.Append(leaf);
        var copy = frontier.Copy();
        foreach (var leaf in Leaves.AsSpan(5))
            copy.Append(leaf);
        Assert.Equal((5ul, Merkle.Root(Leaves.AsSpan(0, 5))), (frontier.Size, frontier.Root()));
        Assert.Equal((8ul, Merkle.Root(Leaves)), (copy.Size, copy.Root()));
    }

    [Fact]
    public void The_public_vectors_of_transparency_dev_are_judged_as_published()
    {
        var folder = Corpora.Require("vectors/transparency-dev-merkle");
        var (good, bad) = (0, 0);
        foreach (var file in Directory.EnumerateFiles(folder, "*.json"))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(file));
            if (Judge(json.RootElement) is not { } verdict)
                continue;
            var expected = !json.RootElement.GetProperty("wantErr").GetBoolean();
            Assert.True(verdict == expected, $"{Path.GetFileName(file)}: {verdict}, published as {expected}");
            _ = expected ? good++ : bad++;
        }
        Assert.True(good >= 15 && bad >= 200, $"{good} good and {bad} bad vectors");
    }

    /// <summary>
    /// Subtree vectors are judged where the subtree starts at 0, for then it is a tree; null for the rest.
    /// </summary>
    private static bool? Judge(JsonElement vector)
    {
        if (vector.TryGetProperty("start", out var start) && start.GetUInt64() != 0)
            return null;
        var proof = vector.GetProperty("proof");
        var path = new List<Digest>();
        foreach (var item in proof.ValueKind == JsonValueKind.Null ? [] : proof.EnumerateArray().ToArray())
        {
            if (Hash(item) is not { } hash)
                return false;
            path.Add(hash);
        }
        var hashes = path.ToArray();
        if (vector.TryGetProperty("leafIdx", out var index))
        {
            var size = vector.TryGetProperty("treeSize", out var s) ? s : vector.GetProperty("end");
            return Hash(vector.GetProperty("leafHash")) is { } leaf && Hash(vector.GetProperty("root")) is { } root
                && Merkle.VerifyInclusion(index.GetUInt64(), size.GetUInt64(), leaf, hashes, root);
        }
        var old = vector.TryGetProperty("size1", out var s1) ? s1 : vector.GetProperty("end");
        var grown = vector.TryGetProperty("size2", out var s2) ? s2 : vector.GetProperty("size");
        return Hash(vector.GetProperty("root1")) is { } root1 && Hash(vector.GetProperty("root2")) is { } root2
            && Merkle.VerifyConsistency(old.GetUInt64(), grown.GetUInt64(), root1, root2, hashes);
    }

    private static Digest? Hash(JsonElement item) =>
        item.GetBytesFromBase64() is { Length: Digest.Size } bytes ? new Digest(bytes) : null;

    private static Digest[] Many(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Merkle.LeafHash(BitConverter.GetBytes(i)))];

    private static IEnumerable<Digest[]> Spoilt(Digest[] path)
    {
        yield return [.. path, Leaves[0]];
        yield return [Leaves[0], .. path];
        if (path.Length > 0)
            yield return path[1..];
        for (var i = 0; i < path.Length; i++)
        {
            var changed = path[i].ToArray();
            changed[i % changed.Length] ^= 1;
            yield return [.. path[..i], new Digest(changed), .. path[(i + 1)..]];
        }
    }
}

/// <summary>The definitions of RFC 6962 §2.1, word for word and slow, to hold the quick ones against.</summary>
internal static class Reference
{
    public static Digest Root(ReadOnlySpan<Digest> leaves) => leaves.Length switch
    {
        0 => Merkle.EmptyRoot,
        1 => leaves[0],
        _ => Merkle.NodeHash(Root(leaves[..Split(leaves.Length)]), Root(leaves[Split(leaves.Length)..])),
    };

    public static Digest[] Inclusion(int index, ReadOnlySpan<Digest> leaves)
    {
        if (leaves.Length == 1)
            return [];
        var k = Split(leaves.Length);
        return index < k
            ? [.. Inclusion(index, leaves[..k]), Root(leaves[k..])]
            : [.. Inclusion(index - k, leaves[k..]), Root(leaves[..k])];
    }

    public static Digest[] Consistency(int old, ReadOnlySpan<Digest> leaves) => Part(old, leaves, whole: true);

    private static Digest[] Part(int old, ReadOnlySpan<Digest> leaves, bool whole)
    {
        if (old == leaves.Length)
            return whole ? [] : [Root(leaves)];
        var k = Split(leaves.Length);
        return old <= k
            ? [.. Part(old, leaves[..k], whole), Root(leaves[k..])]
            : [.. Part(old - k, leaves[k..], whole: false), Root(leaves[..k])];
    }

    private static int Split(int length)
    {
        var k = 1;
        while (2 * k < length)
            k *= 2;
        return k;
    }
}
