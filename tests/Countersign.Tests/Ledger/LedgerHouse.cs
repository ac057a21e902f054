using System.Text;
using Countersign.Ledger;
using Countersign.Proof;
using Xunit;

namespace Countersign.Tests.Ledger;

/// <summary>
/// A ledger for a test: its key, its store, a folder for its public files, and all that it ever signed.
/// </summary>
internal sealed class LedgerHouse : IDisposable
{
    public const string Origin = "tfn.example/ledger";

    private readonly Ed25519PrivateKey _key = new(Enumerable.Repeat((byte)1, 32).ToArray());

    public LedgerHouse()
    {
        var key = LedgerIdentity.Of(Origin, _key);
        Identity = new LedgerIdentity(key.Key, text =>
        {
            lock (Signed)
                Signed.Add(text);
            return key.Sign(text);
        });
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("countersign-ledger-").FullName;

    public Tiles Tiles => new(Folder);

    public MemoryStore Store { get; set; } = new();

    public LedgerIdentity Identity { get; }

    /// <summary>The texts of all checkpoints that were ever signed.</summary>
    public List<string> Signed { get; } = [];

    public static Digest Key(string act) => Digest.Of(Encoding.UTF8.GetBytes(act));

    public TransparencyLog<string, string> Open(Tiles? tiles = null, MemoryStore? store = null) =>
        Assert.IsType<LedgerOpening<string, string>.Opened>(TryOpen(tiles, store)).Log;

    public LedgerOpening<string, string> TryOpen(
        Tiles? tiles = null, MemoryStore? store = null, params Checkpoint[] seen) =>
        TransparencyLog.Open<string, string>(store ?? Store, Identity, tiles ?? Tiles, seen);

    public static Task<AppendAnswer<string, string>> Append(TransparencyLog<string, string> log, string act) =>
        log.Append(Key(act), _ => Admit(act));

    public static async Task<AppendAnswer<string, string>.Appended> Appended(
        TransparencyLog<string, string> log, string act) =>
        Assert.IsType<AppendAnswer<string, string>.Appended>(await Append(log, act));

    /// <summary>Appends this many acts, a few hundred to a commit.</summary>
    public static Task Fill(TransparencyLog<string, string> log, int count, string prefix = "act") =>
        Task.WhenAll(Enumerable.Range(0, count).Select(i => Appended(log, $"{prefix} {i}")));

    public static Admission<string, string> Admit(string act) =>
        new Admission<string, string>.Admit(Encoding.UTF8.GetBytes("statement of " + act), act);

    public static Admission<string, string> Refuse(string why) => new Admission<string, string>.Refuse(why);

    public Checkpoint Verified(string note)
    {
        Assert.True(
            SignedCheckpoint.TryOpen(Encoding.UTF8.GetBytes(note), Identity.Key, [], out var opened, out var why), why);
        return opened.Checkpoint;
    }

    public Checkpoint Published() => Verified(Encoding.UTF8.GetString(Tiles.ReadCheckpoint() ?? []));

    public static void Includes(TransparencyLog<string, string> log, LedgerEntry<string> entry, LedgerHead head)
    {
        var path = log.ProveInclusion(entry.Index, head.Size);
        Assert.NotNull(path);
        Assert.True(Merkle.VerifyInclusion(
            entry.Index, head.Size, Merkle.LeafHash(entry.EntryHash), path.ToArray(), head.Root));
    }

    public static void Extends(TransparencyLog<string, string> log, LedgerHead old, LedgerHead head)
    {
        var path = log.ProveConsistency(old.Size, head.Size);
        Assert.NotNull(path);
        Assert.True(Merkle.VerifyConsistency(old.Size, head.Size, old.Root, head.Root, path.ToArray()));
    }

    /// <summary>
    /// No two checkpoints of one size differ, whoever signed them and whether or not anybody saw them.
    /// </summary>
    public void SignedNothingTwice()
    {
        var bySize = new Dictionary<string, string>();
        lock (Signed)
            foreach (var text in Signed)
                Assert.Equal(text, bySize.TryAdd(text.Split('\n')[1], text) ? text : bySize[text.Split('\n')[1]]);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
