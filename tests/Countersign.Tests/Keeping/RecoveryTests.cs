using Countersign.Proof;
using Countersign.Server.Keeping;
using Countersign.Server.Letters;
using Countersign.Server.Releasing;
using Countersign.Tests.Letters;
using Xunit;

namespace Countersign.Tests.Keeping;

/// <summary>Last night's backup beside a world that has seen more: nothing is signed twice, and what others hold brings the lost acts back.</summary>
public sealed class RecoveryTests : IDisposable
{
    private readonly TestOffice _test = new();
    private readonly List<Office> _opened = [];

    public void Dispose()
    {
        _opened.ForEach(o => o.Dispose());
        _test.Dispose();
    }

    [Fact]
    public void A_backup_that_nothing_followed_is_shown_complete_by_the_newest_checkpoint()
    {
        var (_, sealedCopy) = _test.ReleasedLetter();
        var backup = BackUp();
        var newest = Keep("checkpoint", _test.Office.NewestCheckpoint());
        var office = Restore(backup);
        Assert.Null(new Recovery(office).Take([newest]).Refusal);
        Assert.Equal(_test.Office.LedgerSize, new Recovery(office).Complete().Value);
        Assert.Null(office.ReadOnlyFault());
        Assert.Equal(VerdictKind.GenuineInForce, Receipt.Verify(File.ReadAllBytes(sealedCopy), office.Trust(), null, office.Now).Kind);
    }

    [Fact]
    public void An_older_checkpoint_than_the_backup_shows_nothing()
    {
        var old = Keep("old", _test.Office.NewestCheckpoint());
        _test.ReleasedLetter();
        var office = Restore(BackUp());
        Assert.Null(new Recovery(office).Take([old]).Refusal);
        var refusal = new Recovery(office).Complete().Refusal;
        Assert.Equal("restore.older", refusal?.Code);
        Assert.Contains("cannot show that nothing is missing", refusal!.Why, StringComparison.Ordinal);
        Assert.NotNull(office.ReadOnlyFault());
    }

    [Fact]
    public void A_restored_office_speaks_for_no_letter_and_releases_nothing_but_stops_any()
    {
        var (letter, sealedCopy) = _test.ReleasedLetter();
        var draft = _test.Draft("Sir,\n\nAnother letter.\n");
        _test.Review(draft, "legal");
        var office = Restore(BackUp());

        Assert.Null(office.Trust().Status);
        Assert.Equal(VerdictKind.GenuineStandingUnknown, Receipt.Verify(File.ReadAllBytes(sealedCopy), office.Trust(), null, office.Now).Kind);
        Assert.Equal("home.restored", new Releases(office).Release(_test.SignerIn(office, "commander"), office.History(draft.Letter)).Refusal?.Code);

        var held = office.Hold(_test.SignerIn(office, "legal"), office.History(letter.Letter)).Value!;
        Assert.Null(held.Recorded);
        Assert.Equal(LetterState.OnHold, office.View(office.History(letter.Letter)).State);
        Assert.Equal(VerdictKind.GenuineOnHold, Receipt.Verify(File.ReadAllBytes(sealedCopy), _test.Office.Trust(), held.File, office.Now).Kind);
    }

    [Fact]
    public void Acts_lost_since_the_backup_come_back_from_sealed_letters_and_status_files_with_their_own_statements()
    {
        var backup = BackUp();
        var (first, firstSealed) = _test.ReleasedLetter("Sir,\n\nThe first letter after the backup.\n");
        var (_, secondSealed) = _test.ReleasedLetter("Sir,\n\nThe second letter after the backup.\n");
        Assert.Null(_test.Withdraw(first, "chief-of-staff", "legal").Refusal);
        var status = Keep("status", _test.Office.Status());
        var trust = Keep("trust", _test.Office.Trust().ToBytes());
        var office = Restore(backup);

        Assert.Null(new Recovery(office).Take([trust, firstSealed]).Refusal);
        var behind = new Recovery(office).Complete().Refusal;
        Assert.Equal("restore.behind", behind?.Code);
        Assert.Contains("acts are missing", behind!.Why, StringComparison.Ordinal);

        Assert.Null(new Recovery(office).Take([secondSealed, status]).Refusal);
        Assert.Null(new Recovery(office).Complete().Refusal);
        Assert.Equal(_test.Office.LedgerSize, office.LedgerSize);
        Assert.Equal(_test.Office.RootAt(office.LedgerSize), office.RootAt(office.LedgerSize));
        Assert.Equal(VerdictKind.GenuineWithdrawn, Receipt.Verify(File.ReadAllBytes(firstSealed), office.Trust(), null, office.Now).Kind);
        Assert.Equal(VerdictKind.GenuineInForce, Receipt.Verify(File.ReadAllBytes(secondSealed), office.Trust(), null, office.Now).Kind);
        Assert.DoesNotContain(new Doctor(office).Examine(), a => a.Gravity == Gravity.Damage);
        Assert.Null(office.Trust().WhyNotAfter(_test.Office.Trust()));

        // The office goes on where it was, on the disk too.
        Assert.Null(office.Hold(_test.SignerIn(office, "legal"), office.FindLetter(Reference(secondSealed)).Value!).Value!.Waits);
        Assert.Null(Reopen(office).Trust().WhyNotAfter(_test.Office.Trust()));
    }

    [Fact]
    public void Acts_from_outside_that_do_not_lead_to_the_signed_root_are_not_taken()
    {
        var backup = BackUp();
        var (_, sealedCopy) = _test.ReleasedLetter();
        var trust = Keep("trust", _test.Office.Trust().ToBytes());
        var office = Restore(backup);
        // Somebody's receipt with the approvals of another: the office's signature covers their digest.
        var opened = (OpenResult.Opened)SealedPdf.Open(File.ReadAllBytes(sealedCopy));
        Assert.True(Receipt.TryRead(opened.Receipt, out var receipt, out _));
        Assert.Equal("restore.nothing", new Recovery(office).Take([Keep("noise", "not a checkpoint")]).Refusal?.Code);
        Assert.Null(new Recovery(office).Take([trust]).Refusal);
        Assert.Equal("restore.behind", new Recovery(office).Complete().Refusal?.Code);
        Assert.Equal(receipt.Evidence.Letters.Count, new Recovery(office).Take([sealedCopy]).Value!.Lost.Count);
    }

    [Fact]
    public void What_stays_lost_is_stated_by_a_new_epoch_and_signatures_brought_from_outside_hold_in_it()
    {
        var backup = BackUp();
        var (kept, keptSealed) = _test.ReleasedLetter("Sir,\n\nA letter whose recipient still has it.\n");
        var (lost, _) = _test.ReleasedLetter("Sir,\n\nA letter that nobody brings back.\n");
        Assert.Null(_test.Review(_test.Draft("Sir,\n\nA draft.\n"), "legal").Refusal);
        var older = _test.Office.Trust();
        var trust = Keep("trust", older.ToBytes());
        var office = Restore(backup);
        Assert.Null(new Recovery(office).Take([trust, keptSealed]).Refusal);
        Assert.Equal("restore.behind", new Recovery(office).Complete().Refusal?.Code);

        var one = new Recovery(office).OpenEpoch([_test.SignerIn(office, "commander")]).Value;
        Assert.Null(one.Outcome.Recorded);
        Assert.Equal("legal", one.Outcome.Permit.MissingWords);
        Assert.NotNull(office.ReadOnlyFault());
        var opened = new Recovery(office).OpenEpoch([_test.SignerIn(office, "legal")]).Value;
        Assert.NotNull(opened.Outcome.Recorded);
        Assert.Null(office.ReadOnlyFault());
        Assert.Equal(kept.Acts.Count, opened.TakenBack.Count(t => t.Refusal is null));

        var newer = office.Trust();
        Assert.Null(newer.WhyNotAfter(older));
        Assert.NotEqual(older.Keys[^1].Keys.Origin, newer.Keys[^1].Keys.Origin);
        var gap = ((RekeyAct)opened.Outcome.Act).Gap!;
        Assert.Equal(older.Roster.Count + 1, newer.Roster.Count);
        Assert.True(gap.Size > gap.From);

        // The old copy stood in the part that was lost; the same letter is sealed anew from the same approvals.
        Assert.Equal(VerdictKind.NotInLedger, Receipt.Verify(File.ReadAllBytes(keptSealed), newer, null, office.Now).Kind);
        var again = new Releases(office).Seal(office.History(kept.Letter)).Value!;
        Assert.Equal(VerdictKind.GenuineInForce, Receipt.Verify(File.ReadAllBytes(again), newer, null, office.Now).Kind);
        Assert.Empty(office.History(lost.Letter).Acts);
        Assert.DoesNotContain(new Doctor(Reopen(office)).Examine(), a => a.Gravity == Gravity.Damage);
    }

    [Fact]
    public void A_machine_that_stops_while_a_new_epoch_is_opened_goes_on_with_that_epoch()
    {
        var backup = BackUp();
        var (kept, keptSealed) = _test.ReleasedLetter("Sir,\n\nA letter whose recipient still has it.\n");
        _test.ReleasedLetter("Sir,\n\nA letter that nobody brings back.\n");
        var trust = Keep("trust", _test.Office.Trust().ToBytes());
        var office = Restore(backup);
        Assert.Null(new Recovery(office).Take([trust, keptSealed]).Refusal);
        Signer[] both = [_test.SignerIn(office, "commander"), _test.SignerIn(office, "legal")];
        var opened = new Recovery(office).OpenEpoch(both).Value;
        var size = office.LedgerSize;

        // As the folder lay when the act was entered and not everything was taken back: the mark was still there.
        File.WriteAllText(office.Home.RestoredMark, $"opening {office.Roster.Keys[^1].Keys.Origin}\n");
        office = Reopen(office);
        Assert.NotNull(office.ReadOnlyFault());
        var again = new Recovery(office).OpenEpoch([_test.SignerIn(office, "commander")]).Value;

        Assert.Equal(opened.Outcome.Act.Digest, again.Outcome.Recorded!.Act.Digest);
        Assert.Equal(kept.Acts.Count, again.TakenBack.Count(t => t.Refusal is null));
        Assert.Equal(2, office.Roster.Keys.Count);
        Assert.Equal(size, office.LedgerSize);
        Assert.Null(office.ReadOnlyFault());
        Assert.DoesNotContain(new Doctor(office).Examine(), a => a.Gravity == Gravity.Damage);
    }

    [Fact]
    public void Where_nobody_outside_holds_anything_newer_a_new_epoch_needs_those_who_may_change_the_office()
    {
        var old = Keep("old", _test.Office.NewestCheckpoint());
        var (letter, sealedCopy) = _test.ReleasedLetter();
        var office = Restore(BackUp());
        Assert.Null(new Recovery(office).Take([old]).Refusal);
        Assert.NotNull(new Recovery(office).OpenEpoch([_test.SignerIn(office, "commander"), _test.SignerIn(office, "legal")]).Value.Outcome.Recorded);
        // What this backup holds stands on: the gap begins behind it.
        Assert.Equal(VerdictKind.GenuineInForce, Receipt.Verify(File.ReadAllBytes(sealedCopy), office.Trust(), null, office.Now).Kind);
        Assert.NotNull(office.History(letter.Letter).Release);
        // The first office, should it live on, contradicts no checkpoint of the second: the origins differ.
        _test.Draft("Sir,\n\nWritten beside.\n");
        Assert.NotEqual(_test.Office.Roster.Keys[^1].Keys.Origin, office.Roster.Keys[^1].Keys.Origin);
    }

    private string BackUp()
    {
        var backup = Path.Combine(_test.Home.Path, $"backup-{_opened.Count}-{Guid.NewGuid():N}");
        Assert.Null(Backups.Backup(_test.Office, backup).Refusal);
        return backup;
    }

    private Office Restore(string backup)
    {
        var home = new Home(Path.Combine(_test.Home.Path, $"restored-{Guid.NewGuid():N}"));
        Assert.Null(Backups.Restore(backup, home).Refusal);
        return Open(home);
    }

    private Office Reopen(Office office)
    {
        _opened.Remove(office);
        office.Dispose();
        return Open(office.Home);
    }

    private Office Open(Home home)
    {
        var opened = Office.Open(home, _test.Clock);
        Assert.Null(opened.Refusal);
        _opened.Add(opened.Value!);
        return opened.Value!;
    }

    private string Keep(string name, string text) => Keep(name, System.Text.Encoding.UTF8.GetBytes(text));

    private string Keep(string name, byte[] bytes)
    {
        var path = Path.Combine(_test.Home.Path, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static string Reference(string sealedCopy) => Path.GetFileNameWithoutExtension(sealedCopy);
}
