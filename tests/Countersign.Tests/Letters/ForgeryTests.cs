using System.Text;
using Countersign.Proof;
using Countersign.Server.Letters;
using Xunit;

namespace Countersign.Tests.Letters;

/// <summary>
/// Named alterations of a released letter, by a stranger with the file and by a server that holds every key of the office but no person's. None is
/// genuine, and each gets the verdict that says what is wrong.
/// </summary>
public sealed class ForgeryTests : IClassFixture<ForgeryTests.Scene>
{
    private readonly Scene _scene;

    public ForgeryTests(Scene scene) => _scene = scene;

    /// <summary>One office with two released letters, an old version by the commander-to-be of nothing, an objection that was taken back, and a held letter.</summary>
    public sealed class Scene : IDisposable
    {
        public Scene()
        {
            Test = new TestOffice();
            Test.Add("second commander", "registrar");
            (First, FirstSealed) = Test.ReleasedLetter("Sir,\n\nThe first letter.\n");
            (Second, SecondSealed) = Test.ReleasedLetter("Sir,\n\nThe second letter, which is another.\n");
            Objected = Test.Draft("Sir,\n\nA letter that was objected to.\n");
            Test.Review(Objected, "operations", Opinion.Object);
            Test.Review(Objected, "operations");
            Test.Review(Objected, "legal");
            Test.Release(Objected, "commander");
            Objected = Test.Office.History(Objected.Letter);
            Keys = OfficeKeys.Read(Test.Home, Test.Office.Found.Keys).Value!;
            Trust = Test.Office.Trust();
            Bytes = File.ReadAllBytes(FirstSealed);
            Opened = (OpenResult.Opened)SealedPdf.Open(Bytes);
            Receipt = Receipt.TryRead(Opened.Receipt, out var receipt, out _) ? receipt : throw new InvalidOperationException();
        }

        public TestOffice Test { get; }
        public LetterHistory First { get; }
        public LetterHistory Second { get; }
        public LetterHistory Objected { get; }
        public string FirstSealed { get; }
        public string SecondSealed { get; }
        public OfficeKeys Keys { get; }
        public TrustRoot Trust { get; }
        public byte[] Bytes { get; }
        public OpenResult.Opened Opened { get; }
        public Receipt Receipt { get; }
        public byte[] FairCopy => Bytes[..Opened.FairCopyLength];

        public Verdict Verify(byte[] file, TrustRoot? trust = null) => Receipt.Verify(file, trust ?? Trust, null, Test.Office.Now);

        /// <summary>What a server with all office keys can make: any evidence, in a receipt and a seal by the true keys.</summary>
        public byte[] Forge(
            Func<Evidence, Evidence>? evidence = null, RecordedAct? release = null, ulong? index = null, ulong? size = null, string? checkpoint = null,
            byte[]? fairCopy = null, Ed25519PrivateKey? ledgerKey = null, IReadOnlyList<Digest>? path = null, Digest? root = null, LetterHistory? of = null)
        {
            var history = of ?? First;
            var genuine = release ?? history.Release!;
            var draft = history.CurrentDraft!;
            var pages = fairCopy ?? Test.Home.ReadBlob(draft.FairCopy)!;
            var (proved, trueRoot, note, truePath) = Test.Office.ProveInLedger(history.Release!.Index);
            var whole = Test.Office.MakeReceipt(history, history.Release!, draft, (ulong)pages.Length).Evidence;
            var made = Receipt.Make(
                ledgerKey ?? Keys.Ledger, Test.Office.Found.Keys.Origin, genuine with { Index = index ?? genuine.Index }, size ?? proved, path ?? truePath, root ?? trueRoot,
                checkpoint ?? note, (ulong)pages.Length, Keys.Certificate, evidence is null ? whole : evidence(whole));
            var plan = made.Plan() ?? Receipt.Plan()!;
            return SealedPdf.Seal(pages, made.Bytes, plan, Keys.Certificate, Keys.Seal).Pdf!;
        }

        /// <summary>Makes an act look recorded: a statement by the true statement key over whatever approvals are given.</summary>
        public RecordedAct Record(Act act, ulong index, params Approval[] approvals) =>
            new(act, approvals, Statement.Make(Keys.Statement, act, Test.Office.Now, Statement.DigestOf(approvals)), index);

        /// <summary>A release of the first letter that nobody or the wrong people signed, in a ledger that the server forks for it.</summary>
        public byte[] ForgedRelease(Func<ReleaseAct, Approval[]> sign, Func<Evidence, Evidence>? evidence = null, bool joinReviews = true, Digest? after = null,
            DateTimeOffset? until = null, DateTimeOffset? entered = null)
        {
            var before = First.Before(First.Release!.Act.Digest);
            var genuine = (ReleaseAct)First.Release!.Act;
            var act = new ReleaseAct(new ActHeader("tfn.example", Test.Office.Now, Convert.ToHexStringLower(new byte[16]), Test.IdOf("commander"), genuine.Roster))
            {
                Letter = First.Letter,
                Draft = genuine.Draft,
                After = after ?? genuine.After,
                Status = 1,
                Until = until ?? Test.Office.Now.AddDays(1),
            };
            var approvals = sign(act);
            var joined = joinReviews ? before.Concurrences.SelectMany(r => r.Approvals) : [];
            var statement = Statement.Make(Keys.Statement, act, entered ?? Test.Office.Now, Statement.DigestOf(approvals.Concat(joined)));
            // The server appends it to a ledger of its own making, with its own key.
            var index = Test.Office.LedgerSize;
            var leaves = Enumerable.Range(0, (int)index).Select(i => Merkle.LeafHash(Entry(i))).Append(Merkle.LeafHash(statement.Entry)).ToArray();
            var root = Merkle.Root(leaves);
            var path = Path(leaves, (int)index);
            var note = new Checkpoint(Test.Office.Found.Keys.Origin, index + 1, root).Sign(Keys.Ledger).ToString();
            var recorded = new RecordedAct(act, approvals, statement, index);
            return Forge(
                e => (evidence ?? (x => x))(e with { Letters = [.. e.Letters.Take(e.Letters.Count - 1), recorded] }),
                recorded, index, index + 1, note, path: path, root: root);
        }

        private Digest Entry(int index)
        {
            var row = Test.Office.Records.Acts.First(a => a.Index == index);
            return Digest.Of(row.Statement);
        }

        private static List<Digest> Path(Digest[] leaves, int index)
        {
            if (leaves.Length == 1)
                return [];
            var split = 1;
            while (split * 2 < leaves.Length)
                split *= 2;
            var (inside, other, at) = index < split ? (leaves[..split], leaves[split..], index) : (leaves[split..], leaves[..split], index - split);
            var path = Path(inside, at);
            path.Add(Merkle.Root(other));
            return path;
        }

        public void Dispose()
        {
            Keys.Dispose();
            Test.Dispose();
        }
    }

    private static readonly Dictionary<string, (VerdictKind Expected, Func<Scene, byte[]> Attack)> Attacks = new(StringComparer.Ordinal)
    {
        ["the first byte is changed"] = (VerdictKind.Altered, s => Flip(s.Bytes, 0)),
        ["a bit of the pages is changed"] = (VerdictKind.Altered, s => Flip(s.Bytes, s.Opened.FairCopyLength / 2)),
        ["the line that begins the seal is changed"] = (VerdictKind.Altered, s => Flip(s.Bytes, s.Opened.FairCopyLength + 3)),
        ["a bit of the receipt is changed"] = (VerdictKind.Altered, s => Flip(s.Bytes, s.Opened.FairCopyLength + 900)),
        ["a square of the mark is changed"] = (VerdictKind.Altered, s => Flip(s.Bytes, Find(s.Bytes, "1.08 0 0 1.08") + 40)),
        ["a digit of the signed range is changed"] = (VerdictKind.Altered, s => Flip(s.Bytes, Find(s.Bytes, "/ByteRange[0 ") + 14)),
        ["a digit of the signature is changed"] = (VerdictKind.Altered, s => Replace(s.Bytes, Find(s.Bytes, "/Contents<") + 300, s.Bytes[Find(s.Bytes, "/Contents<") + 300] == '0' ? "1" : "0")),
        ["the signature is written in capitals"] = (VerdictKind.Altered, s => Capitals(s.Bytes)),
        ["something is hidden in the signature's padding"] = (VerdictKind.Altered, s => Replace(s.Bytes, Find(s.Bytes, "/Contents<") + 8000, "ab")),
        ["the certification is loosened to permit changes"] = (VerdictKind.Altered, s => Replace(s.Bytes, Find(s.Bytes, "/P 1/V/1.2") + 3, "2")),
        ["the end of the file is cut off"] = (VerdictKind.Altered, s => s.Bytes[..^10]),
        ["a byte is added at the end"] = (VerdictKind.Altered, s => [.. s.Bytes, 10]),
        ["a byte is put before the file"] = (VerdictKind.Altered, s => [32, .. s.Bytes]),
        ["a byte is put between pages and seal"] = (VerdictKind.Altered, s => [.. s.FairCopy, 10, 10, .. s.Bytes[s.Opened.FairCopyLength..]]),
        ["a second update covers the page"] = (VerdictKind.Altered, s => [.. s.Bytes, .. Encoding.ASCII.GetBytes("1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 0\ntrailer\n<</Size 2/Root 1 0 R>>\nstartxref\n9\n%%EOF\n")]),
        ["the seal is cut off"] = (VerdictKind.NotReleased, s => s.FairCopy),
        ["the seal of one letter is put behind the pages of another"] = (VerdictKind.Altered, s =>
            [.. s.Test.Home.ReadBlob(s.Second.CurrentDraft!.FairCopy)!, .. s.Bytes[s.Opened.FairCopyLength..]]),
        ["the true office seals other pages under this receipt"] = (VerdictKind.Altered, s => s.Forge(fairCopy: s.Test.Home.ReadBlob(s.Second.CurrentDraft!.FairCopy)!)),
        ["a checkpoint of another size"] = (VerdictKind.NotInLedger, s => s.Forge(checkpoint: Checkpoint(s, 3))),
        ["a checkpoint signed by another key"] = (VerdictKind.NotInLedger, s => s.Forge(checkpoint: ForeignCheckpoint(s))),
        ["the receipt is signed by another ledger"] = (VerdictKind.Altered, s => ForeignReceipt(s)),
        ["the entry is claimed to stand elsewhere in the ledger"] = (VerdictKind.NotInLedger, s => s.Forge(index: s.First.Release!.Index - 1)),
        ["the proof leads to another root"] = (VerdictKind.NotInLedger, s => s.Forge(path: [Digest.Of([1]), Digest.Of([2])])),
        ["the statement of an act is not the office's"] = (VerdictKind.NotInLedger, s => s.Forge(e => e with { Letters = [Foreign(e.Letters[0]), .. e.Letters.Skip(1)] })),
        ["the release carries nobody's signature"] = (VerdictKind.NotApproved, s => s.ForgedRelease(_ => [])),
        ["the release carries a signature of noise"] = (VerdictKind.NotApproved, s => s.ForgedRelease(a => [new Approval(s.Test.IdOf("commander"), a.Digest, new byte[110])])),
        ["a signature is replayed from another act"] = (VerdictKind.NotApproved, s => s.ForgedRelease(a =>
            [s.Second.Release!.Approvals[0] with { Act = a.Digest }])),
        ["one person signs twice"] = (VerdictKind.NotApproved, s => s.ForgedRelease(a => [Sign(s, "commander", a), Sign(s, "commander", a)], joinReviews: false)),
        ["the drafter signs in the commander's place"] = (VerdictKind.NotApproved, s => s.ForgedRelease(a => [Sign(s, "drafter", a)])),
        ["somebody signs with another person's key"] = (VerdictKind.NotApproved, s => s.ForgedRelease(a =>
            [s.Test.Signer("operations").Approve(a.Digest) with { Person = s.Test.IdOf("commander") }])),
        ["only one of two has signed"] = (VerdictKind.NotApproved, s => s.ForgedRelease(
            a => [Sign(s, "commander", a)], e => e with { Letters = [.. e.Letters.Where(l => l.Act is not ReviewAct)] }, joinReviews: false)),
        ["the review is left out that the release stands on"] = (VerdictKind.NotApproved, s => s.Forge(e => e with { Letters = [.. e.Letters.Where(l => l.Act is not ReviewAct)] })),
        ["an objection is left out"] = (VerdictKind.NotApproved, s => s.Forge(
            e => e with { Letters = [.. e.Letters.Where(l => l.Act is not ReviewAct { IsAdverse: true })] }, of: s.Objected)),
        ["an objection is told after the concurrence that answered it"] = (VerdictKind.NotApproved, s => s.Forge(
            e => e with { Letters = [e.Letters[0], .. e.Letters.Skip(1).SkipLast(1).OrderBy(l => ((ReviewAct)l.Act).IsAdverse), e.Letters[^1]] }, of: s.Objected)),
        ["the signers saw another state of the letter"] = (VerdictKind.NotApproved, s => s.ForgedRelease(a => [Sign(s, "commander", a)], after: Digest.Of([7]))),
        ["the time for signing has passed"] = (VerdictKind.NotApproved, s => s.ForgedRelease(a => [Sign(s, "commander", a)], until: s.Test.Office.Now, entered: s.Test.Office.Now.AddSeconds(1))),
        ["a person is enrolled by the server alone"] = (VerdictKind.NotApproved, s => s.Forge(e => e with { Roster = [.. e.Roster, Phantom(s, e)] })),
        ["a roster act is left out"] = (VerdictKind.NotApproved, s => s.Forge(e => e with { Roster = [.. e.Roster.SkipLast(1)] })),
        ["the policy is left out"] = (VerdictKind.NotApproved, s => s.Forge(e => e with { Policies = [] })),
        ["another policy lies in the place of the adopted one"] = (VerdictKind.NotApproved, s => s.Forge(e => e with { Policies = [Weaker(e.Policies[0])] })),
    };

    public static TheoryData<string> Names => [.. Attacks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void No_alteration_is_genuine(string name)
    {
        var (expected, attack) = Attacks[name];
        var verdict = _scene.Verify(attack(_scene));
        Assert.True(verdict.Kind == expected, $"{name}: {verdict.Words}, not {expected}. {string.Join(" ", verdict.Reasons)}");
        Assert.NotEmpty(verdict.Reasons);
    }

    [Fact]
    public void The_scene_is_genuine_before_anything_is_altered()
    {
        Assert.Equal(VerdictKind.GenuineInForce, _scene.Verify(_scene.Bytes).Kind);
        Assert.Equal(VerdictKind.GenuineInForce, _scene.Verify(_scene.Forge()).Kind);
        Assert.Equal(VerdictKind.GenuineInForce, _scene.Verify(_scene.Forge(of: _scene.Objected)).Kind);
    }

    [Fact]
    public void A_release_that_everybody_signed_is_permitted_so_the_table_can_fail() =>
        Assert.True(_scene.Verify(_scene.ForgedRelease(a => [Sign(_scene, "commander", a)])).Kind > VerdictKind.Exercise);

    [Fact]
    public void Another_office_of_the_same_name_is_unknown()
    {
        using var impostor = new TestOffice();
        var (_, theirs) = impostor.ReleasedLetter();
        Assert.Equal(VerdictKind.UnknownOffice, _scene.Verify(File.ReadAllBytes(theirs)).Kind);
    }

    [Fact]
    public void A_status_bit_without_its_act_proves_nothing()
    {
        var release = (ReleaseAct)_scene.First.Release!.Act;
        var list = StatusList.Make(
            _scene.Keys.Statement, _scene.Trust.StatusAddress, _scene.Test.Office.Now.AddSeconds(1), _scene.Test.Office.LedgerSize + 1,
            [new(release.Status, Standing.Withdrawn)], _scene.Receipt.Evidence with { Letters = [], Disclosures = [], Twins = [] });
        Assert.Equal(VerdictKind.GenuineStandingUnknown, Receipt.Verify(_scene.Bytes, _scene.Trust, list, _scene.Test.Office.Now).Kind);
    }

    [Fact]
    public void A_withdrawal_that_one_person_signed_does_not_withdraw()
    {
        var release = (ReleaseAct)_scene.First.Release!.Act;
        var signer = _scene.Test.Signer("legal");
        var act = new WithdrawAct(_scene.Test.Office.Header(signer.Person))
        {
            Letter = _scene.First.Letter,
            Release = release.Digest,
            After = _scene.First.Head!.Value,
            Until = _scene.Test.Office.Now.AddDays(1),
        };
        var recorded = _scene.Record(act, _scene.Test.Office.LedgerSize, signer.Approve(act.Digest));
        var evidence = _scene.Receipt.Evidence with { Letters = [recorded], Disclosures = [], Twins = [] };
        var list = StatusList.Make(
            _scene.Keys.Statement, _scene.Trust.StatusAddress, _scene.Test.Office.Now.AddSeconds(1), _scene.Test.Office.LedgerSize + 1,
            [new(release.Status, Standing.Withdrawn)], evidence);
        var verdict = Receipt.Verify(_scene.Bytes, _scene.Trust, list, _scene.Test.Office.Now);
        Assert.Equal(VerdictKind.GenuineStandingUnknown, verdict.Kind);
    }

    [Fact]
    public void A_status_list_of_another_signer_or_address_says_nothing()
    {
        var empty = new Evidence([], [], [], [], []);
        var release = (ReleaseAct)_scene.First.Release!.Act;
        byte[] List(Ed25519PrivateKey key, string address) => StatusList.Make(
            key, address, _scene.Test.Office.Now.AddSeconds(1), 10_000, [new(release.Status, Standing.Withdrawn)], empty);
        foreach (var list in (byte[][])[List(Ed25519PrivateKey.Create(), _scene.Trust.StatusAddress), List(_scene.Keys.Statement, "https://elsewhere.example/status/1")])
            Assert.Equal(VerdictKind.GenuineInForce, Receipt.Verify(_scene.Bytes, _scene.Trust, list, _scene.Test.Office.Now).Kind);
    }

    [Fact]
    public void A_trust_file_that_drops_a_roster_act_does_not_extend_the_one_held()
    {
        var shorter = _scene.Trust with { Roster = [.. _scene.Trust.Roster.SkipLast(1)] };
        Assert.Null(_scene.Trust.WhyNotAfter(shorter));
        Assert.NotNull(shorter.WhyNotAfter(_scene.Trust));
    }

    private static Approval Sign(Scene scene, string name, Act act) => scene.Test.Signer(name).Approve(act.Digest);

    private static byte[] Flip(byte[] bytes, int at)
    {
        var copy = (byte[])bytes.Clone();
        copy[at] ^= 1;
        return copy;
    }

    private static byte[] Replace(byte[] bytes, int at, string with)
    {
        var copy = (byte[])bytes.Clone();
        Encoding.ASCII.GetBytes(with, copy.AsSpan(at));
        return copy;
    }

    private static byte[] Capitals(byte[] bytes)
    {
        var copy = (byte[])bytes.Clone();
        for (var i = Find(bytes, "/Contents<") + 10; copy[i] != '>'; i++)
            copy[i] = (byte)char.ToUpperInvariant((char)copy[i]);
        return copy;
    }

    private static int Find(byte[] bytes, string text) => bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(text)) is >= 0 and var at ? at : throw new InvalidOperationException(text);

    private static string Checkpoint(Scene s, ulong size) => new Checkpoint(s.Test.Office.Found.Keys.Origin, size, s.Test.Office.RootAt(size)).Sign(s.Keys.Ledger).ToString();

    private static string ForeignCheckpoint(Scene s) =>
        new Checkpoint(s.Test.Office.Found.Keys.Origin, s.Test.Office.LedgerSize, s.Test.Office.RootAt(s.Test.Office.LedgerSize)).Sign(Ed25519PrivateKey.Create()).ToString();

    private static byte[] ForeignReceipt(Scene s) => s.Forge(ledgerKey: Ed25519PrivateKey.Create());

    private static RecordedAct Foreign(RecordedAct recorded) => recorded with
    {
        Statement = Statement.Make(Ed25519PrivateKey.Create(), recorded.Act, recorded.At, recorded.Statement.Approvals),
    };

    private static RecordedAct Phantom(Scene s, Evidence evidence)
    {
        using var key = SoftwareKey.Create();
        var act = new EnrolAct(new ActHeader("tfn.example", s.Test.Office.Now, Convert.ToHexStringLower(new byte[16]), s.Test.Office.Found.People[0].Person, evidence.Roster[^1].Act.Digest))
        {
            Person = new Enrolment("p-phantom", Digest.Of([1]), ["legal"], Credential.For(key, "tfn.example", "p-phantom", true)),
        };
        return s.Record(act, evidence.Roster[^1].Index + 1, key.Approve("p-phantom", act.Digest));
    }

    private static ReadOnlyMemory<byte> Weaker(ReadOnlyMemory<byte> policy)
    {
        var text = Encoding.UTF8.GetString(policy.Span);
        var weaker = text.Replace("\"commander\"", "\"legal\"", StringComparison.Ordinal);
        Assert.NotEqual(text, weaker);
        return Encoding.UTF8.GetBytes(weaker);
    }
}
