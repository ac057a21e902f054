using Countersign.Proof.Tests.Bench;
using Xunit;

namespace Countersign.Proof.Tests;

/// <content>
/// tests/independent/check.py was written from the documents alone, in another language. It and the library give the same verdict on every row of
/// the attack table and on the honest ways. Where they differ, one of them or the document is wrong.
/// </content>
public sealed partial class AlterationTests
{
    private sealed record Case(string Name, byte[] File, TrustRoot Trust, byte[]? Status, DateTimeOffset At)
    {
        public string Verdict => Receipt.Verify(File, Trust, Status, At).Code;
    }

    [Fact]
    public void An_independent_checker_gives_the_same_verdicts()
    {
        Assert.SkipWhen(OtherChecker.Missing is not null, OtherChecker.Missing ?? "");
        Case[] cases = [.. Rows.Select(Attacked), .. HonestCases()];
        var words = OtherChecker.Judge([.. cases.Select(c => (c.Name, new Attempt(c.File, c.Trust, c.Status, c.At), c.Verdict))]);
        Assert.Empty(cases.Zip(words).Where(p => p.First.Verdict != p.Second).Select(p => $"{p.First.Name}: {p.First.Verdict}, checker: {p.Second}"));
    }

    /// <summary>The honest ways, each with its sentence.</summary>
    internal static IEnumerable<(string Name, Attempt Attempt)> HonestAttempts() =>
        HonestCases().Select(c => (c.Name, new Attempt(c.File, c.Trust, c.Status, c.At)));

    private static Case Attacked(AttackRow row)
    {
        var attempt = row.Attempted();
        return new Case(row.Name, attempt.File, attempt.Trust!, attempt.Status, attempt.At!.Value);
    }

    /// <summary>The honest ways, with a letter that has a mark, in every place, and each verdict that a genuine letter can get.</summary>
    private static IEnumerable<Case> HonestCases()
    {
        static Case Now(string name, OfficeInMemory office, byte[] file, byte[]? status = null, TrustRoot? trust = null, TimeSpan? later = null) =>
            new(name, file, trust ?? office.Trust(), status ?? office.Status(), office.Now + (later ?? TimeSpan.Zero));

        var plain = OfficeInMemory.Staffed();
        plain.Send("l1", Pdf);
        yield return Now("a genuine letter without a mark", plain, plain.Sealed("l1", Pdf));
        yield return new Case("a genuine letter and no status file", plain.Sealed("l1", Pdf), plain.Trust(), null, plain.Now);
        yield return Now("a genuine letter, its status file in the trust file", plain, plain.Sealed("l1", Pdf), trust: plain.Trust(plain.Status()));
        foreach (var place in Enum.GetValues<MarkCorner>())
        {
            var marked = OfficeInMemory.Staffed();
            marked.Enter(marked.Version("l1", Pdf, mark: new MarkPlace(1, place)), OfficeInMemory.Drafter);
            marked.Enter(marked.Release("l1", OfficeInMemory.General), OfficeInMemory.General, OfficeInMemory.Lawyer);
            yield return Now($"a genuine letter with a mark, {place}", marked, marked.Sealed("l1", Pdf));
        }
        var withdrawn = OfficeInMemory.Staffed();
        var copy = Honest(withdrawn);
        var act = withdrawn.Enter(withdrawn.Withdraw("l1", OfficeInMemory.Staff), OfficeInMemory.Staff, OfficeInMemory.Lawyer);
        yield return Now("a withdrawn letter", withdrawn, copy, withdrawn.Status([new(100, Standing.Withdrawn)], [act]));
        var replaced = OfficeInMemory.Staffed();
        copy = Honest(replaced);
        var next = replaced.Send("l2", SmallPdf.Of("We withdraw"));
        act = replaced.Enter(
            replaced.Correct("l1", OfficeInMemory.Staff, next, replaced.History("l2").CurrentDraft!.Reference), OfficeInMemory.Staff, OfficeInMemory.General);
        yield return Now("a replaced letter", replaced, copy, replaced.Status([new(100, Standing.Replaced)], [act]));
        var held = OfficeInMemory.Staffed();
        copy = Honest(held);
        act = held.Enter(held.Hold("l1", OfficeInMemory.RegistrarTwo), OfficeInMemory.RegistrarTwo);
        yield return Now("a letter on hold", held, copy, held.Status([new(100, Standing.OnHold)], [act]));
        held.Enter(held.Lift("l1", OfficeInMemory.Staff, act.Act.Digest), OfficeInMemory.Staff, OfficeInMemory.Lawyer);
        yield return Now("a letter whose hold was lifted", held, copy);
        var early = OfficeInMemory.Staffed();
        early.Enter(early.Version("l1", Pdf, notBefore: early.Now.AddDays(3)), OfficeInMemory.Drafter);
        early.Enter(early.Release("l1", OfficeInMemory.General), OfficeInMemory.General, OfficeInMemory.Lawyer);
        yield return Now("a letter before its day", early, early.Sealed("l1", Pdf));
        yield return Now("a letter on its day", early, early.Sealed("l1", Pdf), later: TimeSpan.FromDays(4));
        yield return Now("a letter after the status file's time", early, early.Sealed("l1", Pdf), later: TimeSpan.FromDays(8));
        var exercise = OfficeInMemory.Staffed(exercise: true);
        yield return Now("a letter of an exercise", exercise, Honest(exercise));
        var rich = OfficeInMemory.Staffed();
        rich.Lend(OfficeInMemory.General, OfficeInMemory.Operator, "commander");
        rich.Enter(rich.Version("l1", SmallPdf.Of("A first version"), findings: ["wording.commitment"]), OfficeInMemory.Drafter);
        rich.Review("l1", OfficeInMemory.Staff, Proof.Opinion.Object);
        rich.Enter(rich.Version("l1", Pdf, findings: ["wording.commitment"]), OfficeInMemory.Drafter);
        rich.Review("l1", OfficeInMemory.Staff);
        rich.Enter(rich.Release("l1", OfficeInMemory.Operator), OfficeInMemory.Operator, OfficeInMemory.Lawyer);
        yield return Now("a letter of two versions, approved under a lent role and an escalation", rich, rich.Sealed("l1", Pdf));
    }
}
