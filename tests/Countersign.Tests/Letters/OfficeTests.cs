using Countersign.Proof;
using Countersign.Server.Keeping;
using Countersign.Server.Letters;
using Xunit;

namespace Countersign.Tests.Letters;

public sealed class OfficeTests
{
    [Fact]
    public void The_fair_copy_is_a_prefix_of_the_sealed_copy_and_the_sealed_copy_is_genuine()
    {
        using var test = new TestOffice();
        var (letter, sealedCopy) = test.ReleasedLetter();
        var fairCopy = test.Home.ReadBlob(letter.CurrentDraft!.FairCopy)!;
        Assert.True(File.ReadAllBytes(sealedCopy).AsSpan().StartsWith(fairCopy));
        Assert.Equal(VerdictKind.GenuineInForce, test.Verify(sealedCopy).Kind);
    }

    [Fact]
    public void The_commander_alone_releases_nothing_and_the_signature_waits()
    {
        using var test = new TestOffice();
        var letter = test.Draft();
        var released = test.Release(letter, "commander").Value!;
        Assert.Null(released.SealedCopy);
        Assert.Equal(["legal"], released.Missing.Select(m => m.Words));
        test.Reopen();
        Assert.Equal(LetterState.InReview, test.Office.View(test.Office.History(letter.Letter)).State);
        test.Review(letter, "legal");
        Assert.Equal(LetterState.Approved, test.Office.View(test.Office.History(letter.Letter)).State);
        Assert.NotNull(test.Release(letter, "commander").Value!.SealedCopy);
    }

    [Fact]
    public void Whoever_drafted_any_version_never_counts()
    {
        using var test = new TestOffice();
        var letter = test.Draft(by: "commander");
        var file = Path.Combine(test.Home.Path, "second.md");
        File.WriteAllText(file, "Sir,\n\nOther words.\n");
        Assert.Null(new Server.Drafting.Drafts(test.Office).Revise(test.Signer("drafter"), letter, new Server.Drafting.Bringing { File = file }).Refusal);
        test.Review(letter, "legal");
        Assert.Equal("approval.drafter", test.Release(letter, "commander").Refusal?.Code);
    }

    [Fact]
    public void A_letter_of_equal_bytes_makes_its_drafter_a_drafter_of_this_one()
    {
        using var test = new TestOffice();
        var pdf = Path.Combine(test.Home.Path, "same.pdf");
        File.WriteAllBytes(pdf, test.Home.ReadBlob(test.Draft().CurrentDraft!.FairCopy)!);
        LetterHistory DraftPdf(string by) => new Server.Drafting.Drafts(test.Office)
            .Begin(test.Signer(by), new Server.Drafting.Bringing { File = pdf, To = ["X <x@example.org>"] }).Value!.History;
        DraftPdf("commander");
        var letter = DraftPdf("drafter");
        test.Review(letter, "legal");
        Assert.Equal("approval.drafter", test.Release(letter, "commander").Refusal?.Code);
    }

    [Fact]
    public void An_objection_stops_the_release_until_its_author_concurs()
    {
        using var test = new TestOffice();
        var letter = test.Draft();
        test.Review(letter, "legal");
        test.Review(letter, "operations", Opinion.Object);
        Assert.Equal("release.objection", test.Release(letter, "commander").Refusal?.Code);
        test.Review(letter, "operations");
        Assert.NotNull(test.Release(letter, "commander").Value!.SealedCopy);
    }

    [Fact]
    public void A_signature_given_before_an_objection_must_be_given_again()
    {
        using var test = new TestOffice();
        var letter = test.Draft();
        test.Release(letter, "commander");
        test.Review(letter, "operations", Opinion.Object);
        test.Review(letter, "operations");
        // The commander signed before the objection; the release that legal signs now is another, and lacks the commander.
        var released = test.Release(letter, "legal").Value!;
        Assert.Null(released.SealedCopy);
        Assert.Equal(["commander"], released.Missing.Select(m => m.Words));
    }

    [Theory]
    [InlineData("drafted")]
    [InlineData("in review")]
    [InlineData("released")]
    [InlineData("held by another")]
    [InlineData("withdrawn")]
    public void One_stopper_can_hold_any_letter_at_any_time(string state)
    {
        using var test = new TestOffice();
        var letter = test.Draft();
        if (state is "in review")
            test.Review(letter, "operations");
        if (state is "released" or "held by another" or "withdrawn")
        {
            test.Review(letter, "legal");
            test.Release(letter, "commander");
        }
        if (state is "held by another")
            test.Hold(letter, "commander");
        if (state is "withdrawn")
            Assert.NotNull(test.Withdraw(letter, "chief-of-staff", "legal").Value!.Recorded);
        Assert.Null(test.Hold(letter, "legal").Refusal);
        Assert.Contains(test.Office.History(letter.Letter).StandingHolds, h => h.Act.By == test.IdOf("legal"));
    }

    [Fact]
    public void A_hold_named_under_an_older_roster_still_holds()
    {
        using var test = new TestOffice();
        var (letter, sealedCopy) = test.ReleasedLetter();
        var signer = test.Signer("legal");
        var hold = new HoldAct(test.Office.Header(signer.Person)) { Letter = letter.Letter };
        test.Add("somebody", "clerk-of-nothing");
        var entered = test.Office.Do(signer, _ => hold);
        Assert.Null(entered.Refusal);
        Assert.Equal(VerdictKind.GenuineOnHold, test.Verify(sealedCopy).Kind);
    }

    [Fact]
    public void The_same_file_says_that_it_was_withdrawn()
    {
        using var test = new TestOffice();
        var (letter, sealedCopy) = test.ReleasedLetter();
        Assert.Null(test.Withdraw(letter, "chief-of-staff").Value!.Recorded);
        Assert.Equal(VerdictKind.GenuineInForce, test.Verify(sealedCopy).Kind);
        Assert.NotNull(test.Withdraw(letter, "legal").Value!.Recorded);
        Assert.Equal(VerdictKind.GenuineWithdrawn, test.Verify(sealedCopy).Kind);
    }

    [Fact]
    public void A_trust_file_from_before_the_release_cannot_say_that_the_letter_stands()
    {
        using var test = new TestOffice();
        var before = test.Office.Trust();
        var (_, sealedCopy) = test.ReleasedLetter();
        Assert.Equal(VerdictKind.GenuineStandingUnknown, Receipt.Verify(File.ReadAllBytes(sealedCopy), before, null, test.Office.Now).Kind);
    }

    [Fact]
    public void A_status_file_speaks_for_seven_days()
    {
        using var test = new TestOffice();
        var (_, sealedCopy) = test.ReleasedLetter();
        var trust = test.Office.Trust();
        Verdict On(int days) => Receipt.Verify(File.ReadAllBytes(sealedCopy), trust, null, test.Office.Now.AddDays(days));
        Assert.Equal(VerdictKind.GenuineInForce, On(6).Kind);
        Assert.Equal(VerdictKind.GenuineStandingUnknown, On(8).Kind);
    }

    [Fact]
    public void A_row_put_into_the_database_by_hand_puts_nobody_in_office()
    {
        using var test = new TestOffice();
        test.Execute("INSERT INTO people (Id, Name) VALUES ('p-000000000000', 'Phantom')");
        test.Reopen();
        Assert.Equal("person.retired", test.Office.FindPerson("Phantom").Refusal?.Code);
    }

    [Theory]
    [InlineData("UPDATE acts SET Bytes = substr(Bytes, 1, 40) || x'00' || substr(Bytes, 42) WHERE Kind = 'enrol'")]
    [InlineData("UPDATE acts SET Approvals = x'80' WHERE Kind = 'enrol'")]
    [InlineData("UPDATE acts SET Statement = x'00' WHERE \"Index\" = 0")]
    [InlineData("DELETE FROM acts WHERE \"Index\" = 2")]
    public void A_row_changed_by_hand_is_named_as_damage(string sql)
    {
        using var test = new TestOffice();
        test.Execute(sql);
        test.Office.Dispose();
        var opened = Office.Open(test.Home, test.Clock);
        Assert.Equal("home.damaged", opened.Refusal?.Code);
        Assert.Contains("doctor", opened.Refusal!.Next, StringComparison.Ordinal);
        Assert.True(File.Exists(test.Home.Database));
    }

    [Fact]
    public void A_review_deleted_from_the_database_is_found_by_the_doctor()
    {
        using var test = new TestOffice();
        test.ReleasedLetter();
        test.Execute("DELETE FROM acts WHERE Kind = 'review'");
        test.Office.Dispose();
        var office = Office.Open(test.Home, test.Clock).Value!;
        Assert.Contains(new Doctor(office).Examine(), a => a.Gravity == Gravity.Damage);
        office.Dispose();
    }

    [Fact]
    public void A_crash_between_ledger_and_seal_is_finished_by_the_doctor()
    {
        using var test = new TestOffice();
        var (_, sealedCopy) = test.ReleasedLetter();
        File.Delete(sealedCopy); // as if the machine had stopped right after the entry
        test.Reopen();
        Assert.DoesNotContain(new Doctor(test.Office).Examine(), a => a.Gravity == Gravity.Damage);
        Assert.Equal(VerdictKind.GenuineInForce, test.Verify(sealedCopy).Kind);
    }

    [Fact]
    public void A_sealed_copy_that_was_damaged_on_our_own_disk_is_made_again()
    {
        using var test = new TestOffice();
        var (letter, sealedCopy) = test.ReleasedLetter();
        var bytes = File.ReadAllBytes(sealedCopy);
        bytes[100] ^= 1;
        File.WriteAllBytes(sealedCopy, bytes);
        Assert.Equal(VerdictKind.Altered, test.Verify(sealedCopy).Kind);
        Assert.NotNull(test.Release(letter, "commander").Value!.SealedCopy);
        Assert.Equal(VerdictKind.GenuineInForce, test.Verify(sealedCopy).Kind);
    }

    [Fact]
    public void A_clock_set_back_writes_nothing()
    {
        using var test = new TestOffice();
        var letter = test.Draft();
        var size = test.Office.LedgerSize;
        var late = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(test.Clock.GetUtcNow().AddMinutes(-3));
        test.Office.Dispose();
        using var office = Office.Open(test.Home, late).Value!;
        var hold = office.Do(test.SignerIn(office, "legal"), header => new HoldAct(header) { Letter = letter.Letter });
        Assert.Equal("clock.behind", hold.Refusal?.Code);
        Assert.Equal(size, office.LedgerSize);
    }

    [Fact]
    public void A_clock_a_minute_behind_writes_with_the_last_entrys_time()
    {
        using var test = new TestOffice();
        var letter = test.Draft();
        var last = test.Office.Now;
        var late = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(test.Clock.GetUtcNow().AddMinutes(-1));
        test.Office.Dispose();
        using var office = Office.Open(test.Home, late).Value!;
        var hold = office.Do(test.SignerIn(office, "legal"), header => new HoldAct(header) { Letter = letter.Letter });
        Assert.Equal(last, hold.Value!.At);
    }

    [Fact]
    public async Task Two_processes_on_one_home_give_every_letter_its_own_number()
    {
        using var test = new TestOffice();
        var letters = new System.Collections.Concurrent.ConcurrentBag<string>();
        var file = Path.Combine(test.Home.Path, "letter.md");
        File.WriteAllText(file, "Sir,\n\nMore helicopters will fly.\n");
        var tasks = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            using var office = Office.Open(test.Home, test.Clock).Value!;
            for (var i = 0; i < 3; i++)
            {
                var drafted = new Server.Drafting.Drafts(office).Begin(test.SignerIn(office, "drafter"), new Server.Drafting.Bringing { File = file, To = ["X <x@example.org>"] });
                Assert.Null(drafted.Refusal);
                letters.Add(drafted.Value!.History.CurrentDraft!.Reference);
            }
        })).ToArray();
        await Task.WhenAll(tasks);
        Assert.Equal(12, letters.Distinct().Count());
        test.Reopen();
        Assert.DoesNotContain(new Doctor(test.Office).Examine(), a => a.Gravity == Gravity.Damage);
    }

    [Fact]
    public void A_restored_office_writes_nothing_until_it_is_shown_complete()
    {
        using var test = new TestOffice();
        var backup = Path.Combine(test.Home.Path, "backup");
        Assert.Null(Backups.Backup(test.Office, backup).Refusal);
        var (letter, _) = test.ReleasedLetter();
        var newest = Path.Combine(test.Home.Path, "newest-checkpoint");
        File.WriteAllText(newest, test.Office.NewestCheckpoint());
        var old = Path.Combine(test.Home.Path, "old-checkpoint");

        var restored = new Home(Path.Combine(test.Home.Path, "restored"));
        Assert.Null(Backups.Restore(backup, restored).Refusal);
        using var office = Office.Open(restored, test.Clock).Value!;
        File.WriteAllText(old, office.NewestCheckpoint());
        Assert.Equal("home.restored", office.Do(test.SignerIn(office, "legal"), header => new HoldAct(header) { Letter = letter.Letter }).Refusal?.Code);
        Assert.Null(new Recovery(office).Take([newest]).Refusal);
        Assert.Equal("restore.behind", new Recovery(office).Complete().Refusal?.Code);
        Assert.NotNull(office.ReadOnlyFault());
    }
}
