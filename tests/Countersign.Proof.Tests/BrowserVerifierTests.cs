using System.Globalization;
using Countersign.Proof.Tests.Bench;
using Countersign.Testing;
using Xunit;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <summary>
/// The verifier that browsers run says of every file what the library says: the verdict, and everything beside it. Set COUNTERSIGN_BROWSER_MUTATIONS for
/// another number of changes, COUNTERSIGN_SEED to repeat a run.
/// </summary>
public sealed class BrowserVerifierTests(ITestOutputHelper output)
{
    private const int Usual = 1_000, LargestPdf = 60_000;

    [Fact]
    public void The_browsers_verifier_says_the_same_of_every_attack_and_every_honest_letter() =>
        Agree([.. AlterationTests.Rows.Select(row => (row.Name, row.Attempted())), .. AlterationTests.HonestAttempts()]);

    [Fact]
    public void The_browsers_verifier_says_the_same_of_randomly_changed_letters()
    {
        var random = Seeded(out var seed);
        var office = Staffed();
        var letters = MutationTests.Letters(office).ToArray();
        var (trust, status) = (office.Trust(), office.Status());
        Agree([
            .. letters.Select((letter, i) => ($"letter {i}", new Attempt(letter, trust, status, office.Now))),
            .. Enumerable.Range(0, Count).Select(i =>
            {
                var way = random.Next(MutationTests.Ways.Length);
                var changed = MutationTests.Change(letters[random.Next(letters.Length)], way, letters[random.Next(letters.Length)], random);
                return ($"seed {seed}, change {i}: {MutationTests.Ways[way]}", new Attempt(changed, trust, status, office.Now));
            }),
        ]);
    }

    /// <summary>Behind a seal that the office's true key makes of a changed receipt, all that is behind the seal is met.</summary>
    [Fact]
    public void The_browsers_verifier_says_the_same_of_randomly_changed_receipts_that_the_office_seals()
    {
        var random = Seeded(out var seed);
        var office = Staffed(passkeys: new Dictionary<string, SoftAuthenticator> { [Lawyer] = new() });
        var (pdf, otherPdf) = (SmallPdf.Of("We do NOT withdraw"), SmallPdf.Of("We stay"));
        office.Lend(General, Operator, "commander");
        office.Send("l1", pdf);
        office.Send("l2", otherPdf);
        var (receipt, other) = (office.Receipt("l1", pdf), office.Receipt("l2", otherPdf).Bytes.ToArray());
        var (trust, status, plan) = (office.Trust(), office.Status(), receipt.Plan()!);
        Agree([.. Enumerable.Range(0, Count / 2).Select(i =>
        {
            var way = random.Next(MutationTests.Ways.Length);
            var changed = MutationTests.Change(receipt.Bytes.ToArray(), way, other, random);
            return ($"seed {seed}, change {i} of a receipt: {MutationTests.Ways[way]}", new Attempt(office.Seal(pdf, changed, plan), trust, status, office.Now));
        })]);
    }

    /// <summary>What is changed in a status file is read by the status file's reader, and the trust file brings an older one that then speaks instead.</summary>
    [Fact]
    public void The_browsers_verifier_says_the_same_with_randomly_changed_status_files()
    {
        var random = Seeded(out var seed);
        var office = Staffed();
        var pdf = SmallPdf.Of("We do NOT withdraw");
        office.Send("l1", pdf);
        var sealedPdf = office.Sealed("l1", pdf);
        var trust = office.Trust(office.Status());
        var held = office.Enter(office.Hold("l1", RegistrarTwo), RegistrarTwo);
        var status = office.Status([new(100, Standing.OnHold)], [held]);
        Agree([.. Enumerable.Range(0, Count / 2).Select(i =>
        {
            var way = random.Next(MutationTests.Ways.Length);
            return ($"seed {seed}, change {i} of a status file: {MutationTests.Ways[way]}",
                new Attempt(sealedPdf, trust, MutationTests.Change(status, way, sealedPdf, random), office.Now));
        })]);
    }

    /// <summary>Delegations, new policies and keys, stages, stolen keys, holds in hand: whatever whole offices and hostile servers come to.</summary>
    [Fact]
    public void The_browsers_verifier_says_the_same_of_whole_histories_of_offices()
    {
        Assert.SkipWhen(BrowserVerifier.Missing is not null, BrowserVerifier.Missing ?? "");
        var model = new OfficeModelTests(output);
        var heard = Attempt.Heard = [];
        try
        {
            model.Whatever_people_do_a_letter_leaves_with_two_of_them_who_did_not_draft_it_and_any_one_of_them_stops_it();
            model.Nothing_that_a_server_makes_without_two_who_may_is_genuine("a server and one person with every role");
        }
        finally
        {
            Attempt.Heard = null;
        }
        var every = Math.Max(1, heard.Count / Count);
        Agree([.. heard.Index().Where(h => h.Index % every == 0).Select(h => ($"judgement {h.Index}", h.Item))]);
    }

    /// <summary>What may be sealed decides whether a sealed letter is taken; damage inside the pages is met here without a receipt that would tell it first.</summary>
    [Fact]
    public void The_browsers_verifier_takes_the_same_PDFs_of_many_producers_whole_and_changed()
    {
        Assert.SkipWhen(BrowserVerifier.Missing is not null, BrowserVerifier.Missing ?? "");
        var random = Seeded(out var seed);
        var whole = new DirectoryInfo(Corpora.Require("pdf")).EnumerateFiles("*.pdf", SearchOption.AllDirectories)
            .Where(f => f.Length <= LargestPdf).OrderBy(f => f.FullName, StringComparer.Ordinal).Select(f => File.ReadAllBytes(f.FullName)).ToArray();
        var folder = Directory.CreateTempSubdirectory("countersign-pdfs-");
        try
        {
            var (paths, taken) = (new List<string>(), new List<bool>());
            foreach (var pdf in whole.Concat(Enumerable.Range(0, Count).Select(_ => MutationTests.Change(
                whole[random.Next(whole.Length)], random.Next(MutationTests.Ways.Length), whole[random.Next(whole.Length)], random))))
            {
                paths.Add(Path.Combine(folder.FullName, $"{paths.Count:D5}.pdf"));
                File.WriteAllBytes(paths[^1], pdf);
                taken.Add(SealedPdf.Examine(pdf).Refusal is null);
            }
            var list = Path.Combine(folder.FullName, "LIST");
            File.WriteAllLines(list, paths);
            var run = BrowserVerifier.Run("examine.mjs", list);
            var answers = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            output.WriteLine($"{paths.Count} PDFs, {whole.Length} of them whole, seed {seed}; {taken.Count(t => t)} may be sealed.");
            Assert.True(run.ExitCode == 0 && answers.Length == paths.Count, run.ToString());
            Assert.Empty(taken.Zip(answers).Index().Where(p => p.Item.Second != (p.Item.First ? "yes" : "no")).Select(p => $"seed {seed}, PDF {p.Index}: {p.Item}"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>It unpacks, checks Ed25519 on old engines and knows normal form C by itself, whatever Unicode its engine speaks. No character behind U+2FFFF composes.</summary>
    [Fact]
    public void What_the_browsers_verifier_does_by_itself_comes_out_as_elsewhere()
    {
        Assert.SkipWhen(BrowserVerifier.Missing is not null, BrowserVerifier.Missing ?? "");
        var plain = new byte[0x30000];
        for (var c = 0; c < plain.Length; c++)
        {
            if (c is >= 0xD800 and <= 0xDFFF)
                continue;
            var one = char.ConvertFromUtf32(c);
            string[] texts = [one, $"a{one}\u0301", $"\u1100{one}", $"{one}\u0327\u0301"];
            for (var bit = 0; bit < texts.Length; bit++)
                plain[c] |= (byte)(Text.Fault(texts[bit]) is null ? 1 << bit : 0);
        }
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, plain);
            var run = BrowserVerifier.Run("own.mjs", file);
            output.WriteLine(run.Output);
            Assert.True(run.ExitCode == 0, run.ToString());
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static int Count =>
        int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_BROWSER_MUTATIONS"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : Usual;

    private static Random Seeded(out int seed)
    {
        seed = int.TryParse(Environment.GetEnvironmentVariable("COUNTERSIGN_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var set) ? set : Random.Shared.Next();
        return new Random(seed);
    }

    private void Agree(IReadOnlyList<(string Name, Attempt Attempt)> attempts)
    {
        Assert.SkipWhen(BrowserVerifier.Missing is not null, BrowserVerifier.Missing ?? "");
        var verdicts = attempts.Select(a => a.Attempt.Judged()).ToArray();
        var pictures = BrowserVerifier.Judge([.. attempts.Zip(verdicts, (a, verdict) => (a.Name, a.Attempt, verdict.Code))]);
        output.WriteLine($"{attempts.Count} files: {string.Join(", ", verdicts.CountBy(v => v.Kind).OrderBy(v => v.Key).Select(v => $"{v.Key}: {v.Value}"))}");
        var differences = attempts.Zip(verdicts, pictures).Where(t => BrowserVerifier.Picture(t.Second) != t.Third)
            .Select(t => $"{t.First.Name}\n-- the library:\n{BrowserVerifier.Picture(t.Second)}\n-- the browser's verifier:\n{t.Third}\n").ToArray();
        Assert.True(differences.Length == 0, $"{differences.Length} differ:\n{string.Join('\n', differences.Take(5))}");
    }
}
