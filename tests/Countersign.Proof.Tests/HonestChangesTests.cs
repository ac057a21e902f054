using Countersign.Proof.Tests.Bench;
using Xunit;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <summary>What changes in an office over the years and takes nothing from its letters: keys, epochs, people whose keys were stolen, turns, holds and lifts.</summary>
public sealed class HonestChangesTests
{
    private readonly OfficeInMemory _office = Staffed();
    private readonly byte[] _pdf = SmallPdf.Of("We do NOT withdraw");

    private static Verdict Judge(byte[] file, TrustRoot trust, byte[]? status, DateTimeOffset at) =>
        Receipt.Verify(file, trust, status is null ? (ReadOnlyMemory<byte>?)null : status, at);

    [Fact]
    public void Letters_before_and_after_new_keys_are_genuine_for_holders_of_either_trust_file()
    {
        _office.Send("l1", _pdf);
        var before = _office.Sealed("l1", _pdf);
        var older = _office.Trust();
        _office.Rekey([General, Lawyer], seal: System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256));
        var pdf = SmallPdf.Of("We stay");
        _office.Send("l2", pdf);
        var after = _office.Sealed("l2", pdf);

        foreach (var trust in new[] { older, _office.Trust() })
            foreach (var file in new[] { before, after })
                Assert.Equal(VerdictKind.GenuineInForce, Judge(file, trust, _office.Status(), _office.Now).Kind);
    }

    [Fact]
    public void A_letter_that_was_being_signed_when_the_keys_changed_is_genuine()
    {
        _office.Draft("l1", _pdf);
        _office.Review("l1", Lawyer);
        var release = _office.Release("l1", General);
        _office.Rekey([General, Lawyer]);
        _office.Enter(release, General);
        Assert.Equal(VerdictKind.GenuineInForce, _office.Verify(_office.Sealed("l1", _pdf)).Kind);
    }

    [Fact]
    public void A_new_epoch_keeps_the_letters_before_the_gap_and_its_shorter_ledger_has_the_newer_word()
    {
        _office.Send("l1", _pdf);
        var kept = _office.Sealed("l1", _pdf);
        var from = _office.Size;
        _office.Send("l2", SmallPdf.Of("We stay"));
        for (var i = 0; i < 4; i++)
            _office.Draft($"draft-{i}", SmallPdf.Of($"Draft {i}"));
        var older = _office.Trust(_office.Status());
        var (size, root) = (_office.Size, _office.Root());
        _office.Lose((int)from);
        _office.Rekey([General, Lawyer], new LedgerGap(from, size, root), "staff.example/ledger-2");
        var pdf = SmallPdf.Of("We stay after all");
        _office.Send("l3", pdf);
        var after = _office.Sealed("l3", pdf);
        var withdrawal = _office.Enter(_office.Withdraw("l1", Staff), Staff, Lawyer);
        var status = _office.Status([new(100, Standing.Withdrawn)], [withdrawal]);

        Assert.True(_office.Size < size);
        Assert.Null(_office.Trust().WhyNotAfter(older));
        Assert.Equal(VerdictKind.GenuineWithdrawn, Judge(kept, _office.Trust(), status, _office.Now).Kind);
        Assert.Equal(VerdictKind.GenuineWithdrawn, Judge(kept, older, status, _office.Now).Kind);
        Assert.Equal(VerdictKind.GenuineInForce, Judge(after, _office.Trust(), status, _office.Now).Kind);
        Assert.Equal(VerdictKind.GenuineInForce, Judge(after, older, status, _office.Now).Kind);
    }

    [Fact]
    public void A_letter_signed_before_the_key_was_stolen_stands()
    {
        _office.Send("l1", _pdf);
        var file = _office.Sealed("l1", _pdf);
        _office.RetireSince(Lawyer, _office.Now, General, Lawyer);
        Assert.Equal(VerdictKind.GenuineInForce, _office.Verify(file).Kind);
    }

    [Fact]
    public void A_letter_that_has_enough_approvals_without_the_stolen_key_stands()
    {
        _office.EnrolBy([General, Lawyer], "second-lawyer", "legal");
        _office.Draft("l1", _pdf);
        var since = _office.Now;
        _office.Review("l1", Lawyer);
        _office.Enter(_office.Release("l1", General), General, "second-lawyer");
        var file = _office.Sealed("l1", _pdf);
        _office.RetireSince(Lawyer, since, General, "second-lawyer");
        Assert.Equal(VerdictKind.GenuineInForce, _office.Verify(file).Kind);
    }

    [Fact]
    public void A_status_file_older_than_the_letter_and_its_roster_speaks_of_no_stolen_key()
    {
        _office.RetireSince(Operator, _office.Now, RegistrarOne, RegistrarTwo);
        var stale = _office.Status();
        _office.Enrol("successor", "operations");
        _office.Send("l1", _pdf);
        var verdict = _office.Verify(_office.Sealed("l1", _pdf), status: stale);
        Assert.Equal(VerdictKind.GenuineStandingUnknown, verdict.Kind);
        Assert.Contains("before this letter was released", verdict.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Reviewers_who_come_in_turn_release_a_letter()
    {
        var office = Staffed(DefaultPolicy with { Stages = new Dictionary<string, IReadOnlyList<IReadOnlyList<string>>> { ["letter"] = [["legal"], ["commander"]] } });
        office.Draft("l1", _pdf);
        office.Review("l1", Lawyer);
        office.Review("l1", General);
        office.Enter(office.Release("l1", General), General);
        Assert.Equal(VerdictKind.GenuineInForce, office.Verify(office.Sealed("l1", _pdf)).Kind);
    }

    [Fact]
    public void Somebody_whom_no_turn_waits_for_may_leave_before_the_release_is_entered()
    {
        var office = Staffed(DefaultPolicy with { Stages = new Dictionary<string, IReadOnlyList<IReadOnlyList<string>>> { ["letter"] = [["legal"], ["commander"]] } });
        office.Draft("l1", _pdf);
        office.Review("l1", Operator);
        office.Review("l1", Lawyer);
        var release = office.Release("l1", General);
        office.Retire(Operator, RegistrarOne, RegistrarTwo);
        office.Enter(release, General);
        Assert.Equal(VerdictKind.GenuineInForce, office.Verify(office.Sealed("l1", _pdf)).Kind);
    }

    [Fact]
    public void A_message_is_let_pass_by_those_whom_the_policy_names_for_seven_days_at_most_and_by_nobody_alone()
    {
        PassAct For(int days) => new(_office.Header(RegistrarOne)) { Message = Digest.Of(_pdf), Reason = "It is urgent.", Until = _office.Now.AddDays(days) };
        var pass = For(7);
        Assert.True(Act.TryRead(pass.Bytes, out var read, out _) && read is PassAct { Reason: "It is urgent." });
        Assert.False(Act.TryRead(For(8).Bytes, out _, out _));
        Assert.Contains("legal", _office.Refusal(pass, _office.Sign(pass, RegistrarOne)), StringComparison.Ordinal);
        Assert.Contains("legal", _office.Refusal(pass, _office.Sign(pass, RegistrarOne, RegistrarTwo)), StringComparison.Ordinal);
        _office.Enter(pass, RegistrarOne, Lawyer);
    }

    [Fact]
    public void A_text_is_freed_by_those_whom_the_policy_names_and_by_nobody_alone()
    {
        var free = new FreeAct(_office.Header(RegistrarOne)) { Text = Digest.Of(_pdf), Title = "Annual report" };
        Assert.Contains("legal", _office.Refusal(free, _office.Sign(free, RegistrarOne)), StringComparison.Ordinal);
        Assert.Contains("legal", _office.Refusal(free, _office.Sign(free, RegistrarOne, RegistrarTwo)), StringComparison.Ordinal);
        _office.Enter(free, RegistrarOne, Lawyer);
    }

    [Fact]
    public void A_hold_in_hand_ends_when_its_lift_is_known()
    {
        _office.Send("l1", _pdf);
        var file = _office.Sealed("l1", _pdf);
        var act = _office.Hold("l1", RegistrarTwo);
        var signed = SignedHold.Write(act, _office.Sign(act, RegistrarTwo));
        Assert.Equal(VerdictKind.GenuineOnHold, Judge(file, _office.Trust(_office.Status()), signed, _office.Now).Kind);

        var hold = _office.Enter(act, RegistrarTwo);
        var lift = _office.Enter(_office.Lift("l1", Staff, hold.Act.Digest), Staff, Lawyer);
        Assert.Equal(VerdictKind.GenuineInForce, Judge(file, _office.Trust(_office.Status([], [hold, lift])), signed, _office.Now).Kind);
    }

    [Fact]
    public void A_stoppers_clock_that_is_a_minute_fast_or_a_year_slow_takes_no_stop_away()
    {
        _office.Send("l1", _pdf);
        var file = _office.Sealed("l1", _pdf);
        foreach (var (off, kind) in new[] { (TimeSpan.FromMinutes(1), VerdictKind.GenuineOnHold), (TimeSpan.FromDays(-365), VerdictKind.GenuineOnHold), (TimeSpan.FromMinutes(10), VerdictKind.GenuineInForce) })
        {
            var hold = new HoldAct(_office.Header(RegistrarTwo) with { At = _office.Now + off }) { Letter = "l1" };
            var signed = SignedHold.Write(hold, _office.Sign(hold, RegistrarTwo));
            Assert.Equal(kind, Judge(file, _office.Trust(_office.Status()), signed, _office.Now).Kind);
        }
    }

    [Fact]
    public void The_same_persons_second_hold_in_hand_needs_a_second_person()
    {
        _office.Send("l1", _pdf);
        var file = _office.Sealed("l1", _pdf);
        var hold = _office.Enter(_office.Hold("l1", RegistrarTwo), RegistrarTwo);
        var lift = _office.Enter(_office.Lift("l1", Staff, hold.Act.Digest), Staff, Lawyer);
        var trust = _office.Trust(_office.Status([], [hold, lift]));
        byte[] Signed(string person) => _office.Hold("l1", person) is var act ? SignedHold.Write(act, _office.Sign(act, person)) : [];

        var again = Judge(file, trust, Signed(RegistrarTwo), _office.Now);
        Assert.Equal(VerdictKind.GenuineInForce, again.Kind);
        Assert.Contains("does not stop this letter", again.Reasons[^1], StringComparison.Ordinal);
        Assert.Equal(VerdictKind.GenuineOnHold, Judge(file, trust, Signed(RegistrarOne), _office.Now).Kind);
    }

    [Fact]
    public void A_hold_file_that_stops_nothing_is_not_passed_over_in_silence()
    {
        _office.Send("l1", _pdf);
        var file = _office.Sealed("l1", _pdf);
        var hold = _office.Hold("l1", Operator);
        var signed = SignedHold.Write(hold, _office.Sign(hold, Operator));
        var verdict = Judge(file, _office.Trust(_office.Status()), signed, _office.Now);
        Assert.Equal(VerdictKind.GenuineInForce, verdict.Kind);
        Assert.Contains("does not stop this letter", verdict.Reasons[^1], StringComparison.Ordinal);
        Assert.Contains("The signed hold says nothing", Judge(file, _office.Trust(_office.Status()), [.. signed, 0], _office.Now).Reasons[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_trust_file_without_a_status_file_reads_back_without_one()
    {
        var trust = _office.Trust();
        Assert.Null(trust.Status);
        Assert.True(TrustRoot.TryRead(trust.ToBytes(), out var read, out _));
        Assert.Null(read.Status);
        Assert.Equal(trust.ToBytes(), read.ToBytes());
    }

    [Fact]
    public void A_trust_file_never_goes_back()
    {
        _office.Send("l1", _pdf);
        var early = _office.Status();
        var withdrawal = _office.Enter(_office.Withdraw("l1", Staff), Staff, Lawyer);
        var held = _office.Trust(_office.Status([new(100, Standing.Withdrawn)], [withdrawal]));

        Assert.Null(_office.Trust(_office.Status([new(100, Standing.Withdrawn)], [withdrawal])).WhyNotAfter(held));
        Assert.Contains("older status file", _office.Trust(early).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("older status file", _office.Trust().WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("older status file", _office.Trust([1, 2, 3]).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("older status file", _office.Trust(_office.Status(key: Ed25519PrivateKey.Create())).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("otherwise", (_office.Trust(_office.Status()) with { Title = "Staff of Another Command" }).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("otherwise", (_office.Trust(_office.Status()) with { Domain = "evil.example" }).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("otherwise", (_office.Trust(_office.Status()) with { Exercise = true }).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("another address", (_office.Trust(_office.Status()) with { StatusAddress = "https://evil.example/status" }).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("other keys", (_office.Trust(_office.Status()) with { Keys = [new KeyRange(0, held.Keys[0].Keys with { Ledger = _office.StatementKey.Public })] }).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("not signed", (_office.Trust(_office.Status()) with { Checkpoint = "none\n" }).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("shorter", (_office.Trust(_office.Status()) with { Checkpoint = _office.Checkpoint(size: _office.Size - 1) }).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("fork", (_office.Trust(_office.Status()) with { Checkpoint = _office.Checkpoint(root: Digest.Of([1])) }).WhyNotAfter(held), StringComparison.Ordinal);
        Assert.Contains("roster", (_office.Trust(_office.Status()) with { Roster = [.. held.Roster.SkipLast(1), (Digest.Of([1]), held.Roster[^1].Index)] }).WhyNotAfter(held), StringComparison.Ordinal);
    }
}
