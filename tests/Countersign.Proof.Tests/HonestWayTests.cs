using Countersign.Proof.Tests.Bench;
using Xunit;

namespace Countersign.Proof.Tests;

/// <summary>The honest way gives what it promises. Every refusal elsewhere would be worth nothing if this were refused too.</summary>
public sealed class HonestWayTests
{
    private readonly OfficeInMemory _office = OfficeInMemory.Staffed();
    private readonly byte[] _pdf = SmallPdf.Of("We do NOT withdraw");

    [Fact]
    public void A_released_letter_is_genuine_and_names_who_approved()
    {
        _office.Send("l1", _pdf);
        var copy = _office.Sealed("l1", _pdf);

        var verdict = _office.Verify(copy);

        Assert.Equal(VerdictKind.GenuineInForce, verdict.Kind);
        Assert.Equal(["Name of general", "Name of lawyer"], verdict.Approvals.Select(a => a.Person).Order(StringComparer.Ordinal));
        Assert.True(copy.AsSpan().StartsWith(_pdf));
    }

    [Fact]
    public void Without_a_status_file_the_standing_is_unknown()
    {
        _office.Send("l1", _pdf);
        var verdict = Receipt.Verify(_office.Sealed("l1", _pdf), _office.Trust(), null, _office.Now);
        Assert.Equal(VerdictKind.GenuineStandingUnknown, verdict.Kind);
    }

    [Fact]
    public void A_withdrawal_by_those_who_may_is_shown_with_its_reason()
    {
        _office.Send("l1", _pdf);
        var copy = _office.Sealed("l1", _pdf);
        var withdrawal = _office.Enter(_office.Withdraw("l1", OfficeInMemory.Staff), OfficeInMemory.Staff, OfficeInMemory.Lawyer);

        var verdict = _office.Verify(copy, status: _office.Status([new(100, Standing.Withdrawn)], [withdrawal]));

        Assert.Equal(VerdictKind.GenuineWithdrawn, verdict.Kind);
        Assert.Contains("It was sent by mistake.", verdict.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_correction_names_the_letter_that_replaces()
    {
        _office.Send("l1", _pdf);
        var copy = _office.Sealed("l1", _pdf);
        var next = _office.Send("l2", SmallPdf.Of("We withdraw"));
        var reference = _office.History("l2").CurrentDraft!.Reference;
        var correction = _office.Enter(_office.Correct("l1", OfficeInMemory.Staff, next, reference), OfficeInMemory.Staff, OfficeInMemory.General);

        var verdict = _office.Verify(copy, status: _office.Status([new(100, Standing.Replaced)], [correction]));

        Assert.Equal(VerdictKind.GenuineReplaced, verdict.Kind);
        Assert.Contains(reference, verdict.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_hold_by_one_person_is_enough_and_a_lift_needs_those_of_a_withdrawal()
    {
        _office.Send("l1", _pdf);
        var copy = _office.Sealed("l1", _pdf);
        var hold = _office.Enter(_office.Hold("l1", OfficeInMemory.RegistrarTwo), OfficeInMemory.RegistrarTwo);
        Assert.Equal(VerdictKind.GenuineOnHold, _office.Verify(copy, status: _office.Status([new(100, Standing.OnHold)], [hold])).Kind);

        var lift = _office.Lift("l1", OfficeInMemory.Staff, hold.Act.Digest);
        Assert.NotNull(_office.Refusal(lift, _office.Sign(lift, OfficeInMemory.Staff)));
        _office.Enter(lift, OfficeInMemory.Staff, OfficeInMemory.Lawyer);
        Assert.Equal(VerdictKind.GenuineInForce, _office.Verify(copy).Kind);
    }

    [Fact]
    public void A_letter_is_not_in_force_before_its_day()
    {
        _office.Enter(_office.Version("l1", _pdf, notBefore: _office.Now.AddDays(3)), OfficeInMemory.Drafter);
        _office.Enter(_office.Release("l1", OfficeInMemory.General), OfficeInMemory.General, OfficeInMemory.Lawyer);
        Assert.Equal(VerdictKind.GenuineNotYet, _office.Verify(_office.Sealed("l1", _pdf)).Kind);
    }

    [Fact]
    public void A_letter_of_an_exercise_says_so_and_is_not_genuine()
    {
        var office = OfficeInMemory.Staffed(exercise: true);
        office.Send("l1", _pdf);
        Assert.Equal(VerdictKind.Exercise, office.Verify(office.Sealed("l1", _pdf)).Kind);
    }

    [Fact]
    public void A_trust_file_reads_back_as_it_was_written_and_takes_only_what_extends_it()
    {
        var older = _office.Trust(_office.Status());
        _office.Enrol("second-lawyer", "clerk");
        var newer = _office.Trust(_office.Status());

        Assert.True(TrustRoot.TryRead(older.ToBytes(), out var read, out _));
        Assert.Equal(older.ToBytes(), read.ToBytes());
        Assert.Null(newer.WhyNotAfter(older));
        Assert.Contains("leaves out roster acts", older.WhyNotAfter(newer), StringComparison.Ordinal);
        Assert.Contains("another office", OfficeInMemory.Staffed().Trust().WhyNotAfter(older), StringComparison.Ordinal);
    }
}
