using Countersign.Proof;
using Countersign.Server.Letters;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Countersign.Tests.Letters;

/// <summary>What the ledger keeps at hand or does ahead never decides otherwise than what is on the disk.</summary>
public sealed class OfficeLedgerTests : IDisposable
{
    private readonly TestOffice _test = new();
    private readonly OfficeLedger _one, _two;

    public OfficeLedgerTests() => (_one, _two) = (OpenLedger(), OpenLedger());

    [Fact]
    public void An_objection_entered_through_one_ledger_stops_a_release_through_another_that_knew_the_letter_before()
    {
        var letter = _test.Draft();
        Assert.Null(Enter(_one, "legal", Review(letter, "legal", Opinion.Concur)).Refusal);
        Assert.Null(Enter(_two, "operations", Review(letter, "operations", Opinion.Object)).Refusal);
        var refusal = Enter(_one, "commander", Release(letter)).Refusal;
        Assert.Equal("decision.stale", refusal?.Code);
        Assert.Equal("release.objection", Enter(_one, "commander", Release(_test.Office.History(letter.Letter))).Refusal?.Code);
    }

    [Fact]
    public void A_letter_that_one_ledger_took_all_the_way_is_what_the_disk_says()
    {
        var letter = _test.Draft();
        Assert.Null(Enter(_one, "legal", Review(letter, "legal", Opinion.Concur)).Refusal);
        Assert.Null(Enter(_one, "operations", Review(letter, "operations", Opinion.Concur)).Refusal);
        var release = Release(_test.Office.History(letter.Letter));
        Assert.Null(Enter(_one, "commander", release).Refusal);
        Assert.Equal("release.again", Enter(_one, "commander", Release(_test.Office.History(letter.Letter))).Refusal?.Code);
        Assert.Equal("release.again", Enter(_two, "commander", Release(_test.Office.History(letter.Letter))).Refusal?.Code);
        Assert.Equal(release.Digest, _test.Office.History(letter.Letter).Release!.Act.Digest);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_drafted_a_letter_of_the_same_bytes_counts_for_neither_from_that_entry_on(bool throughAnother)
    {
        var letter = _test.Draft();
        Assert.Null(Enter(_one, "legal", Review(letter, "legal", Opinion.Concur)).Refusal);
        var twin = new DraftAct(_test.Office.Header(_test.IdOf("commander")))
        {
            Letter = "l-twin",
            Version = 1,
            Reference = "TFN-2026-0999",
            LetterKind = "letter",
            FairCopy = letter.CurrentDraft!.FairCopy,
            LetterSubject = letter.CurrentDraft.LetterSubject,
            Language = "en",
            Addressees = letter.CurrentDraft.Addressees,
        };
        Assert.Null(Enter(throughAnother ? _two : _one, "commander", twin).Refusal);
        Assert.Equal("not-approved", Enter(_one, "commander", Release(letter)).Refusal?.Code);
    }

    [Fact]
    public void A_reference_is_refused_to_a_second_letter()
    {
        var letter = _test.Draft();
        var other = new DraftAct(_test.Office.Header(_test.IdOf("operations")))
        {
            Letter = "l-other",
            Version = 1,
            Reference = letter.CurrentDraft!.Reference,
            LetterKind = "letter",
            FairCopy = Digest.Of([1]),
            LetterSubject = Digest.Of([2]),
            Language = "en",
            Addressees = [],
        };
        Assert.Equal("draft.reference-taken", Enter(_one, "operations", other).Refusal?.Code);
    }

    [Fact]
    public void A_signature_checked_ahead_holds_for_its_own_bytes_alone()
    {
        var letter = _test.Draft();
        var (act, other) = (Review(letter, "legal", Opinion.Concur), Review(letter, "legal", Opinion.Object));
        var good = _test.Signer("legal").Approve(act.Digest);
        byte[] bytes = [.. good.Evidence.Span];
        Approval[] held = [good with { Evidence = bytes }];
        Assert.True(_test.Office.Chain.CheckAhead(act, held));
        Assert.False(Judge(other, good with { Act = other.Digest }));
        bytes[^1] ^= 1;
        Assert.False(Judge(act, held[0]));
        Assert.False(_test.Office.Chain.CheckAhead(act, held));
        Assert.False(Judge(act, held[0]));
        Assert.True(Judge(act, good));
        Assert.True(Judge(act, good));

        bool Judge(Act judged, Approval by) => _test.Office.Chain.Judge(judged, [by], letter, _test.Office.Now, ulong.MaxValue).IsGranted;
    }

    [Fact]
    public void A_false_signature_is_refused_by_a_ledger_at_work_and_the_true_one_still_taken()
    {
        var letter = _test.Draft();
        Assert.Null(Enter(_one, "operations", Review(letter, "operations", Opinion.Concur)).Refusal);
        var act = Review(letter, "legal", Opinion.Concur);
        var good = _test.Signer("legal").Approve(act.Digest);
        var forged = good with { Evidence = (byte[])[.. good.Evidence.Span[..^1], (byte)(good.Evidence.Span[^1] ^ 1)] };
        Assert.Equal("signature.wrong", _one.Enter(act, [forged], null).Refusal?.Code);
        var entry = _one.Enter(act, [good], null);
        Assert.Null(entry.Refusal);
        Assert.Equal(entry.Value!.Index, _two.Enter(act, [good], null).Value!.Index);
    }

    [Fact]
    public void What_was_worked_ahead_before_the_clock_went_on_is_entered_at_the_later_time()
    {
        var letter = _test.Draft();
        Assert.Null(Enter(_one, "operations", Review(letter, "operations", Opinion.Concur)).Refusal);
        using (var fast = OpenLedger(new FakeTimeProvider(_test.Clock.GetUtcNow().AddSeconds(5))))
            Assert.Null(Enter(fast, "chief-of-staff", Review(letter, "chief-of-staff", Opinion.Concur)).Refusal);
        Assert.Null(Enter(_one, "legal", Review(letter, "legal", Opinion.Concur)).Refusal);
        var acts = _test.Office.History(letter.Letter).Acts;
        Assert.Equal(acts.Select(a => a.At).Order(), acts.Select(a => a.At));
        Assert.All(acts, a => Assert.True(a.Statement.SignedBy(_test.Office.Found.Keys.Statement)));
    }

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
        _test.Dispose();
    }

    private OfficeLedger OpenLedger(TimeProvider? clock = null) => OfficeLedger.Open(
        _test.Home.Database, _test.Home, OfficeKeys.Read(_test.Home, _test.Office.Found.Keys).Value!, _test.Office.Roster.Keys, clock ?? _test.Clock);

    private Result<Countersign.Ledger.LedgerEntry<Kept>> Enter(OfficeLedger ledger, string by, Act act) => ledger.Enter(act, [_test.Signer(by).Approve(act.Digest)], null);

    private ReviewAct Review(LetterHistory letter, string by, Opinion says) => new(_test.Office.Header(_test.IdOf(by)))
    {
        Letter = letter.Letter,
        Draft = letter.CurrentDraft!.Digest,
        After = letter.Head!.Value,
        Says = says,
    };

    private ReleaseAct Release(LetterHistory letter) => new(_test.Office.Header(_test.IdOf("commander")))
    {
        Letter = letter.Letter,
        Draft = letter.CurrentDraft!.Digest,
        After = letter.Head!.Value,
        Status = 7,
        Until = _test.Office.Now.AddDays(1),
    };
}
