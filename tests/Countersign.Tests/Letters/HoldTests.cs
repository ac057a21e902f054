using Countersign.Proof;
using Countersign.Server.Keeping;
using Countersign.Server.Letters;
using Countersign.Server.Releasing;
using Xunit;

namespace Countersign.Tests.Letters;

/// <summary>One person stops a letter: whatever the ledger, the roster, the clock or the disk does meanwhile.</summary>
public sealed class HoldTests : IDisposable
{
    private readonly TestOffice _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void A_hold_needs_no_clock_that_is_right()
    {
        var (letter, sealedCopy) = _test.ReleasedLetter();
        var trust = _test.Office.Trust();
        _test.Clock.AdjustTime(_test.Clock.GetUtcNow() - TimeSpan.FromHours(5));
        var held = _test.Office.Hold(_test.Signer("legal"), letter).Value!;
        Assert.Null(held.Recorded);
        Assert.Contains("clock", held.Waits, StringComparison.Ordinal);
        Assert.Equal(LetterState.OnHold, _test.Office.View(letter).State);
        Assert.Equal(VerdictKind.GenuineOnHold, Receipt.Verify(File.ReadAllBytes(sealedCopy), trust, held.File, held.Act.At.AddMinutes(1)).Kind);
    }

    [Fact]
    public void A_hold_that_waits_stops_the_release_in_every_process_and_enters_with_the_next_act()
    {
        var letter = _test.Draft();
        _test.Review(letter, "legal");
        _test.Clock.AdjustTime(_test.Clock.GetUtcNow() - TimeSpan.FromHours(5));
        Assert.Null(_test.Office.Hold(_test.Signer("chief-of-staff"), letter).Value!.Recorded);
        _test.Clock.AdjustTime(_test.Clock.GetUtcNow() - TimeSpan.FromHours(-6));

        using var other = Office.Open(_test.Home, _test.Clock).Value!;
        Assert.Equal("release.held", new Releases(other).Release(_test.SignerIn(other, "commander"), other.History(letter.Letter)).Refusal?.Code);
        Assert.Empty(other.WaitingHolds(letter.Letter));
        Assert.Single(other.History(letter.Letter).StandingHolds);
    }

    [Fact]
    public void A_hold_on_the_disk_refuses_a_release_that_is_being_entered()
    {
        var letter = _test.Draft();
        _test.Review(letter, "legal");
        var release = new ReleaseAct(_test.Office.Header(_test.IdOf("commander")))
        {
            Letter = letter.Letter,
            Draft = letter.CurrentDraft!.Digest,
            After = letter.Head!.Value,
            Status = 7,
            Until = _test.Office.Now.AddDays(1),
        };
        var hold = new HoldAct(_test.Office.Header(_test.IdOf("legal"))) { Letter = letter.Letter };
        Home.Write(Path.Combine(_test.Home.Holds, $"{hold.Letter}.{hold.Digest}"), SignedHold.Write(hold, [_test.Signer("legal").Approve(hold.Digest)]));
        using var ledger = OfficeLedger.Open(
            _test.Home.Database, _test.Home, OfficeKeys.Read(_test.Home, _test.Office.Found.Keys).Value!, _test.Office.Roster.Keys, _test.Clock);
        Assert.Equal("release.held", ledger.Enter(release, [_test.Signer("commander").Approve(release.Digest)], null).Refusal?.Code);
    }

    [Fact]
    public void A_hold_stands_though_the_roster_moved_while_it_was_signed()
    {
        var (letter, _) = _test.ReleasedLetter();
        var hold = new HoldAct(_test.Office.Header(_test.IdOf("legal"))) { Letter = letter.Letter };
        Assert.Null(_test.Add("newcomer", "operations").Refusal);
        Home.Write(Path.Combine(_test.Home.Holds, $"{hold.Letter}.{hold.Digest}"), SignedHold.Write(hold, [_test.Signer("legal").Approve(hold.Digest)]));
        _test.Office.EnterWaitingHolds();
        Assert.Single(_test.Office.History(letter.Letter).StandingHolds);
    }

    [Fact]
    public void A_file_in_the_folder_of_holds_that_nobody_with_authority_signed_enters_nothing()
    {
        var (letter, _) = _test.ReleasedLetter();
        var hold = new HoldAct(_test.Office.Header(_test.IdOf("operations"))) { Letter = letter.Letter };
        Home.Write(Path.Combine(_test.Home.Holds, $"{hold.Letter}.{hold.Digest}"), SignedHold.Write(hold, [_test.Signer("operations").Approve(hold.Digest)]));
        Home.Write(Path.Combine(_test.Home.Holds, $"{letter.Letter}.noise"), [1, 2, 3]);
        _test.Office.EnterWaitingHolds();
        Assert.Empty(_test.Office.History(letter.Letter).StandingHolds);
        Assert.Empty(_test.Office.WaitingHolds(letter.Letter));
        Assert.Equal(LetterState.Released, _test.Office.View(_test.Office.History(letter.Letter)).State);
    }

    [Fact]
    public void Who_may_not_stop_letters_is_told_who_may()
    {
        var (letter, _) = _test.ReleasedLetter();
        var refusal = _test.Office.Hold(_test.Signer("operations"), letter).Refusal;
        Assert.Equal("not-approved", refusal?.Code);
        Assert.Contains("legal", refusal!.Next, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_persons_second_hold_after_a_lift_needs_another_person()
    {
        var (letter, _) = _test.ReleasedLetter();
        Assert.NotNull(_test.Office.Hold(_test.Signer("legal"), letter).Value!.Recorded);
        var held = _test.Office.History(letter.Letter);
        Assert.NotNull(_test.Office.Decide(letter.Letter, [_test.Signer("chief-of-staff"), _test.Signer("commander")], a => a is LiftAct, header => new LiftAct(header)
        {
            Letter = letter.Letter,
            Hold = held.StandingHolds[0].Act.Digest,
            After = held.Head!.Value,
            Until = header.At + DecisionAct.LongestWait,
        }).Value!.Recorded);
        var lifted = _test.Office.History(letter.Letter);
        Assert.Equal("hold.again", _test.Office.Hold(_test.Signer("legal"), lifted).Refusal?.Code);
        Assert.NotNull(_test.Office.Hold(_test.Signer("commander"), lifted).Value!.Recorded);
    }

    [Fact]
    public void The_doctor_names_a_hold_that_waits_and_enters_it()
    {
        var (letter, _) = _test.ReleasedLetter();
        _test.Clock.AdjustTime(_test.Clock.GetUtcNow() - TimeSpan.FromHours(5));
        Assert.Null(_test.Office.Hold(_test.Signer("legal"), letter).Value!.Recorded);
        Assert.Contains(new Doctor(_test.Office).Examine(), a => a.Code == "hold.waiting");
        _test.Clock.AdjustTime(_test.Clock.GetUtcNow() - TimeSpan.FromHours(-6));
        Assert.DoesNotContain(new Doctor(_test.Office).Examine(), a => a.Code == "hold.waiting");
        Assert.Single(_test.Office.History(letter.Letter).StandingHolds);
    }
}
