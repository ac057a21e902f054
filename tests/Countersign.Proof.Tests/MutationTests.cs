using System.Globalization;
using Countersign.Proof.Tests.Bench;
using Countersign.Testing;
using Xunit;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <summary>
/// Random changes to sealed letters made from PDFs of many producers: none is genuine unless it changed nothing, none makes the verifier fall over, and
/// two checkers that share no code say the same. Set COUNTERSIGN_MUTATIONS for another number, COUNTERSIGN_SEED to repeat a run.
/// </summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int Sources = 50, LargestSource = 60_000, Usual = 2_000;

    // So many at a time are written to the disk for the other checker.
    private const int AtATime = 1_000;

    internal static readonly string[] Ways = ["flip a bit", "change a byte", "cut the end", "cut a part", "repeat a part", "splice in foreign bytes", "swap with another letter", "zero a part", "exchange two parts", "change a digit"];

    [Fact]
    public void No_random_change_of_a_sealed_letter_is_genuine()
    {
        var (count, seed) = (Setting("COUNTERSIGN_MUTATIONS", Usual), Setting("COUNTERSIGN_SEED", Random.Shared.Next()));
        var random = new Random(seed);
        var office = Staffed();
        var letters = Letters(office).ToArray();
        var (trust, status) = (office.Trust(), office.Status());
        foreach (var letter in letters)
            Assert.Equal(VerdictKind.GenuineInForce, new Attempt(letter, trust, status, office.Now).Judged().Kind);

        var verdicts = new Dictionary<VerdictKind, int>();
        var ways = new int[Ways.Length];
        var same = 0;
        var forBoth = new List<(string, Attempt, string)>();
        var held = 0;
        for (var i = 0; i < count; i++)
        {
            var original = random.Next(letters.Length);
            var file = letters[original];
            var trail = new List<string>();
            for (var changes = random.Next(4) == 0 ? 2 : 1; changes > 0; changes--)
            {
                var way = random.Next(Ways.Length);
                ways[way]++;
                trail.Add(Ways[way]);
                file = Change(file, way, letters[random.Next(letters.Length)], random);
            }
            var what = $"seed {seed}, mutation {i}: {string.Join(", ", trail)}";
            Verdict verdict;
            try
            {
                verdict = new Attempt(file, trust, status, office.Now).Judged();
            }
            catch (Exception e)
            {
                Assert.Fail($"{what}: {e}");
                return;
            }
            verdicts[verdict.Kind] = verdicts.GetValueOrDefault(verdict.Kind) + 1;
            if (letters.Any(l => l.AsSpan().SequenceEqual(file)))
                same++;
            else
                Assert.True(verdict.Kind < VerdictKind.Exercise, $"{what}: {verdict.Kind}, {verdict.Reasons[0]}");
            forBoth.Add((what, new Attempt(file, trust, status, office.Now), verdict.Code));
            if (forBoth.Count < AtATime)
                continue;
            held += AskTheOther(forBoth);
            forBoth.Clear();
        }
        output.WriteLine($"{count} mutations of {letters.Length} sealed letters, seed {seed}; {same} changed nothing.");
        output.WriteLine(string.Join(", ", verdicts.OrderBy(v => v.Key).Select(v => $"{v.Key}: {v.Value}")));
        output.WriteLine(string.Join(", ", Ways.Zip(ways, (name, n) => $"{name}: {n}")));
        Assert.All(ways, n => Assert.True(n > 0, "A way of changing was never tried."));
        Assert.True(verdicts.ContainsKey(VerdictKind.Altered) && verdicts.ContainsKey(VerdictKind.NotReleased));
        held += AskTheOther(forBoth);
        output.WriteLine(OtherChecker.Missing ?? $"{held} of them were held against the other checker, which said the same of each.");
    }

    /// <summary>
    /// The same to a receipt alone, which the office's true key then seals: the readers behind the seal meet what the seal keeps from them otherwise.
    /// Evidence is signed by nobody where nothing hangs on it, so a change may leave a letter genuine; it never makes it another letter or another's.
    /// </summary>
    [Fact]
    public void No_random_change_of_a_receipt_that_the_office_seals_makes_it_say_something_else()
    {
        var (count, seed) = (Setting("COUNTERSIGN_MUTATIONS", Usual) / 4, Setting("COUNTERSIGN_SEED", Random.Shared.Next()));
        var random = new Random(seed);
        var office = Staffed(passkeys: new Dictionary<string, SoftAuthenticator> { [Lawyer] = new() });
        var pdf = SmallPdf.Of("We do NOT withdraw");
        office.Lend(General, Operator, "commander");
        office.Send("l1", pdf);
        office.Send("l2", SmallPdf.Of("We stay"));
        var (receipt, other) = (office.Receipt("l1", pdf), office.Receipt("l2", SmallPdf.Of("We stay")).Bytes.ToArray());
        var (trust, status, plan) = (office.Trust(), office.Status(), receipt.Plan()!);
        var genuine = new Attempt(office.Seal(pdf, receipt), trust, status, office.Now).Judged();
        Assert.Equal(VerdictKind.GenuineInForce, genuine.Kind);
        var verdicts = new Dictionary<VerdictKind, int>();
        for (var i = 0; i < count; i++)
        {
            var way = random.Next(Ways.Length);
            var changed = Change(receipt.Bytes.ToArray(), way, other, random);
            var what = $"seed {seed}, mutation {i}: {Ways[way]}";
            var verdict = new Attempt(office.Seal(pdf, changed, plan), trust, status, office.Now).Judged();
            verdicts[verdict.Kind] = verdicts.GetValueOrDefault(verdict.Kind) + 1;
            if (verdict.Kind < VerdictKind.Exercise)
                continue;
            Assert.True((genuine.Office, genuine.Reference, genuine.LetterKind, genuine.ReleasedAt) == (verdict.Office, verdict.Reference, verdict.LetterKind, verdict.ReleasedAt), what);
            Assert.True(genuine.Approvals.Count == verdict.Approvals.Count, what);
            foreach (var (before, after) in genuine.Approvals.Zip(verdict.Approvals))
                Assert.True((after.Person is null || after.Person == before.Person) && after.Roles.SequenceEqual(before.Roles) && after.At == before.At, what);
        }
        output.WriteLine($"{count} mutations of a receipt, seed {seed}: {string.Join(", ", verdicts.OrderBy(v => v.Key).Select(v => $"{v.Key}: {v.Value}"))}");
        Assert.True(verdicts.ContainsKey(VerdictKind.Altered) && verdicts.ContainsKey(VerdictKind.NotInLedger));
    }

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : usual;

    /// <summary>One sealed letter for each of fifty small PDFs that may be sealed.</summary>
    internal static IEnumerable<byte[]> Letters(OfficeInMemory office)
    {
        var sealable = new DirectoryInfo(Corpora.Require("pdf")).EnumerateFiles("*.pdf", SearchOption.AllDirectories)
            .Where(f => f.Length <= LargestSource).OrderBy(f => f.FullName, StringComparer.Ordinal)
            .Select(f => File.ReadAllBytes(f.FullName)).DistinctBy(b => Digest.Of(b))
            .Where(b => SealedPdf.Examine(b).Refusal is null).Take(Sources).ToArray();
        Assert.Equal(Sources, sealable.Length);
        for (var i = 0; i < sealable.Length; i++)
        {
            var letter = $"letter-{i}";
            office.Enter(office.Version(letter, sealable[i], mark: i % 3 == 0 ? null : new MarkPlace(1, (MarkCorner)(i % 8))), Drafter);
            office.Review(letter, Lawyer);
            office.Enter(office.Release(letter, General), General);
        }
        for (var i = 0; i < sealable.Length; i++)
            yield return office.Sealed($"letter-{i}", sealable[i]);
    }

    internal static byte[] Change(byte[] file, int way, byte[] other, Random random)
    {
        if (file.Length < 2)
            return [.. file, 0];
        // Half of the changes fall into the seal, which is the smaller part of many letters.
        var seal = file.AsSpan().LastIndexOf("%Countersign-Seal"u8);
        var from = seal > 0 && random.Next(2) == 0 ? seal : 0;
        int At() => random.Next(from, file.Length);
        int Length() => 1 + (int)Math.Pow(2, random.NextDouble() * 12);
        var at = At();
        var end = Math.Min(file.Length, at + Length());
        switch (way)
        {
            case 0:
                return With(at, (byte)(file[at] ^ (1 << random.Next(8))));
            case 1:
                return With(at, (byte)random.Next(256));
            case 2:
                return file[..at];
            case 3:
                return [.. file[..at], .. file[end..]];
            case 4:
                return [.. file[..end], .. file[at..end], .. file[end..]];
            case 5:
                var bytes = new byte[Length()];
                random.NextBytes(bytes);
                return [.. file[..at], .. bytes, .. file[at..]];
            case 6:
                // The beginning of one letter, the end of another: at the same place, or where each one's seal begins.
                var otherSeal = other.AsSpan().LastIndexOf("%Countersign-Seal"u8);
                return seal > 0 && otherSeal > 0 && random.Next(2) == 0
                    ? [.. file[..seal], .. other[otherSeal..]]
                    : [.. file[..at], .. other[Math.Min(at, other.Length)..]];
            case 7:
                return [.. file[..at], .. new byte[end - at], .. file[end..]];
            case 8:
                var second = random.Next(end, file.Length + 1);
                return [.. file[..at], .. file[end..second], .. file[at..end], .. file[second..]];
            default:
                var digit = file.AsSpan(at).IndexOfAnyInRange((byte)'0', (byte)'9');
                return digit < 0 ? file[..^1] : With(at + digit, (byte)('0' + random.Next(10)));
        }

        byte[] With(int place, byte value)
        {
            var changed = file.ToArray();
            changed[place] = value;
            return changed;
        }
    }

    /// <summary>Holds the verdicts against those of the checker in another language, where what it needs is there; the answer is how many.</summary>
    private static int AskTheOther(List<(string Name, Attempt Attempt, string Expected)> attempts)
    {
        if (OtherChecker.Missing is not null || attempts.Count == 0)
            return 0;
        foreach (var ((name, _, expected), word) in attempts.Zip(OtherChecker.Judge(attempts)))
            Assert.True(expected == word, $"{name}: {expected} here, {word} by the other checker");
        return attempts.Count;
    }
}
