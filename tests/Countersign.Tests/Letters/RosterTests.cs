using System.Security.Cryptography;
using System.Text;
using Countersign.Proof;
using Countersign.Server.Approving;
using Countersign.Server.Keeping;
using Countersign.Server.Letters;
using Countersign.Server.Releasing;
using Xunit;

namespace Countersign.Tests.Letters;

/// <summary>Who is in office, with which keys and under which policy, in a house on a real database.</summary>
public sealed class RosterTests : IDisposable
{
    private readonly TestOffice _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void New_keys_of_the_office_leave_every_old_letter_genuine_and_seal_the_next()
    {
        var (_, before) = _test.ReleasedLetter("Sir,\n\nBefore the keys changed.\n");
        var older = _test.Office.Trust();
        Assert.NotNull(Rekey("commander", "legal").Value!.Recorded);
        var newer = _test.Office.Trust();
        Assert.Null(newer.WhyNotAfter(older));
        Assert.Equal(2, newer.Keys.Count);
        var (_, after) = _test.ReleasedLetter("Sir,\n\nAfter the keys changed.\n");
        Assert.Equal(VerdictKind.GenuineInForce, _test.Verify(before).Kind);
        Assert.Equal(VerdictKind.GenuineInForce, _test.Verify(after).Kind);
        // Whoever missed the change still knows the old letter, and is not told that the new one is genuine by keys they never heard of.
        Assert.True(Receipt.Verify(File.ReadAllBytes(before), older, null, _test.Office.Now).Kind >= VerdictKind.GenuineInForce);
        _test.Reopen();
        Assert.DoesNotContain(new Doctor(_test.Office).Examine(), a => a.Gravity == Gravity.Damage);
        Assert.Null(_test.Office.LedgerTrouble(mend: false));
    }

    [Fact]
    public void One_person_alone_replaces_no_keys()
    {
        var outcome = Rekey("commander").Value!;
        Assert.Null(outcome.Recorded);
        Assert.Equal("legal", outcome.Permit.MissingWords);
        Assert.Single(_test.Office.Roster.Keys);
        Assert.NotNull(Rekey("legal").Value!.Recorded);
        Assert.Equal(2, _test.Office.Roster.Keys.Count);
    }

    [Fact]
    public void Keys_that_were_replaced_make_no_more_entries()
    {
        var old = OfficeKeys.Read(_test.Home, _test.Office.Found.Keys).Value!;
        var ranges = _test.Office.Roster.Keys;
        using var behind = OfficeLedger.Open(_test.Home.Database, _test.Home, old, ranges, _test.Clock);
        Assert.NotNull(Rekey("commander", "legal").Value!.Recorded);
        var letter = _test.Draft();
        var hold = new HoldAct(_test.Office.Header(_test.IdOf("legal"))) { Letter = letter.Letter };
        Assert.NotNull(behind.Enter(hold, [_test.Signer("legal").Approve(hold.Digest)], null).Refusal);
        Assert.Empty(_test.Office.History(letter.Letter).StandingHolds);
    }

    [Fact]
    public void A_key_stolen_before_a_release_takes_that_release_back_and_leaves_earlier_ones()
    {
        var (_, early) = _test.ReleasedLetter("Sir,\n\nBefore the theft.\n");
        _test.Clock.Advance(TimeSpan.FromHours(1));
        var theft = _test.Office.Now;
        _test.Clock.Advance(TimeSpan.FromHours(1));
        var (_, late) = _test.ReleasedLetter("Sir,\n\nAfter the theft.\n");
        var retired = _test.Office.Decide(RosterAct.About, [_test.Signer("commander"), _test.Signer("legal")], _ => false,
            header => new RetireAct(header) { Person = _test.IdOf("legal"), Since = theft });
        Assert.NotNull(retired.Value!.Recorded);
        Assert.Equal(VerdictKind.GenuineInForce, _test.Verify(early).Kind);
        var verdict = _test.Verify(late);
        Assert.Equal(VerdictKind.NotApproved, verdict.Kind);
        Assert.Contains("stolen", verdict.Reasons[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_is_freed_by_two_and_never_one_of_a_draft()
    {
        var text = Digest.Of("The office is open from nine to five."u8);
        var one = Free(text, "registrar-key");
        Assert.Null(one.Value!.Recorded);
        Assert.False(_test.Office.IsFree(text));
        Assert.NotNull(Free(text, "legal").Value!.Recorded);
        Assert.True(_test.Office.IsFree(text));

        var draft = _test.Draft().CurrentDraft!;
        Assert.Equal("free.draft", Free(draft.FairCopy, "legal").Refusal?.Code);
        Assert.Equal("free.draft", Free(draft.Source!.Value, "legal").Refusal?.Code);
        Assert.DoesNotContain(new Doctor(_test.Office).Examine(), a => a.Gravity == Gravity.Damage);
    }

    [Fact]
    public void A_name_that_is_erased_is_gone_from_the_disk_and_every_receipt_still_verifies()
    {
        const string name = "Somebody Whose Name Must Go";
        Assert.Null(_test.Add(name, "operations").Refusal);
        var letter = _test.Draft(kind: "notice");
        Assert.Null(_test.Review(letter, name).Refusal);
        var released = _test.Release(letter, "commander").Value!;
        var receipt = File.ReadAllBytes(released.SealedCopy!);
        Assert.Contains(_test.Verify(released.SealedCopy!).Approvals, a => a.Person == name);
        Assert.Equal("person.in-office", _test.Office.Erase(name).Refusal?.Code);
        var registrars = _test.Registrars();
        Assert.NotNull(_test.Office.Decide(RosterAct.About, registrars, _ => false, header => new RetireAct(header) { Person = _test.IdOf(name) }).Value!.Recorded);

        Assert.Null(_test.Office.Erase(name).Refusal);
        Assert.Equal(VerdictKind.GenuineInForce, Receipt.Verify(receipt, _test.Office.Trust(), null, _test.Office.Now).Kind);
        File.Delete(released.SealedCopy!);
        var again = _test.Verify(new Releases(_test.Office).Seal(_test.Office.History(letter.Letter)).Value!);
        Assert.Equal(VerdictKind.GenuineInForce, again.Kind);
        Assert.DoesNotContain(again.Approvals, a => a.Person == name);
        Assert.Equal(_test.IdOf(name), _test.Office.NameOf(_test.IdOf(name)));
        _test.Office.Dispose();
        foreach (var file in Directory.GetFiles(_test.Home.Path, "countersign.db*"))
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(name)) < 0, $"{Path.GetFileName(file)} still holds the name");
        _test.Reopen();
    }

    [Fact]
    public void Reviewers_come_in_turn_where_the_policy_says_so()
    {
        Adopt("""
            letter: { approve: [ { role: legal }, { role: commander } ], stages: [ [legal], [commander] ] }
            """);
        var letter = _test.Draft();
        Assert.Equal("stage.early", _test.Review(letter, "commander").Refusal?.Code);
        Assert.Equal("stage.early", _test.Release(letter, "commander").Refusal?.Code);
        Assert.Null(_test.Review(letter, "legal").Refusal);
        Assert.NotNull(_test.Release(letter, "commander").Value!.SealedCopy);
    }

    [Fact]
    public void Who_enters_office_counts_only_after_the_wait()
    {
        Adopt("""
            letter: { approve: [ { role: legal }, { role: commander } ] }
            """, "wait: { people: 24h }");
        _test.Clock.Advance(TimeSpan.FromDays(2));
        // Nobody holds the role besides the one who is there: a second lawyer comes in by the change rule, and waits.
        var key = SoftwareKey.Create();
        var id = Office.NewId('p');
        Assert.NotNull(_test.Office.Decide(RosterAct.About, [_test.Signer("commander"), _test.Signer("legal")], _ => false, header => new EnrolAct(header)
        {
            Person = new Enrolment(id, _test.Office.Commit("name", "Second Lawyer"), ["legal"], Credential.For(key, "tfn.example", id, false)),
        }).Value!.Recorded);
        var second = new Signer(_test.Office.Roster.Members[id], key);
        var letter = _test.Draft();
        Concur(letter, second);
        var soon = _test.Release(letter, "commander");
        Assert.Null(soon.Value?.SealedCopy);
        _test.Clock.Advance(TimeSpan.FromHours(25));
        Assert.NotNull(_test.Release(letter, "commander").Value!.SealedCopy);
    }

    [Fact]
    public void A_passkey_approves_beside_software_keys_where_the_policy_asks_for_it()
    {
        using var authenticator = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var id = Office.NewId('p');
        var point = authenticator.ExportParameters(false).Q;
        byte[] key = [0xA5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20, .. point.X!, 0x22, 0x58, 0x20, .. point.Y!];
        Approval Assert_(Digest digest) => Passkey(authenticator, id, digest);
        var credential = Credential.ForPasskey(key, new byte[] { 1, 2, 3 }, false, Assert_(Credential.Challenge("tfn.example", id, key)).Evidence)!;
        Assert.NotNull(_test.Office.Decide(RosterAct.About, [_test.Signer("commander"), _test.Signer("legal")], _ => false, header => new EnrolAct(header)
        {
            Person = new Enrolment(id, _test.Office.Commit("name", "Commander with a passkey"), ["commander"], credential),
        }).Value!.Recorded);
        Adopt("""
            letter: { approve: [ { role: legal }, { role: commander } ] }
            """, "assurance: { commander: passkey }");

        var letter = _test.Draft();
        Assert.Null(_test.Review(letter, "legal").Refusal);
        Assert.Equal("approval.no-place", _test.Release(letter, "commander").Refusal?.Code);
        var released = new Releases(_test.Office).Release(new Signer(_test.Office.Roster.Members[id], Assert_), _test.Office.History(letter.Letter));
        var verdict = _test.Verify(released.Value!.SealedCopy!);
        Assert.Equal(VerdictKind.GenuineInForce, verdict.Kind);
        Assert.Contains(verdict.Approvals, a => a.Assurance == Assurance.Passkey && a.Roles.Contains("commander"));
    }

    /// <summary>What a browser on the page of approvals brings back (W3C Web Authentication §6.3.3).</summary>
    private static Approval Passkey(ECDsa key, string person, Digest digest)
    {
        var client = Encoding.UTF8.GetBytes(
            $"{{\"type\":\"webauthn.get\",\"challenge\":\"{System.Buffers.Text.Base64Url.EncodeToString(digest.ToArray())}\",\"origin\":\"https://approve.tfn.example\",\"crossOrigin\":false}}");
        byte[] data = [.. SHA256.HashData("approve.tfn.example"u8), 0x05, 0, 0, 0, 0];
        return Approval.OfPasskey(person, digest, data, client, key.SignData([.. data, .. SHA256.HashData(client)], HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    private void Concur(LetterHistory letter, Signer by) => Assert.Null(_test.Office.Do(by, header => new ReviewAct(header)
    {
        Letter = letter.Letter,
        Draft = letter.CurrentDraft!.Digest,
        After = _test.Office.History(letter.Letter).Head!.Value,
        Says = Opinion.Concur,
    }).Refusal);

    private Result<Outcome> Rekey(params string[] by) => _test.Office.Decide(RosterAct.About, [.. by.Select(_test.Signer)], act => act is RekeyAct,
        header => new RekeyAct(header) { Keys = _test.Office.NewKeys(_test.Office.Roster.Keys[^1].Keys.Origin) });

    private Result<Outcome> Free(Digest text, string by) => _test.Office.Decide(FreeAct.About, [by == "registrar-key" ? _test.Registrars()[0] : _test.Signer(by)],
        act => act is FreeAct f && f.Text == text, header => new FreeAct(header) { Text = text, Title = "Opening hours" });

    private void Adopt(string letter, string more = "")
    {
        var policy = PolicyFile.Parse($$"""
            people:   { approve: [ { role: registrar, count: 2 } ] }
            change:   { approve: [ { role: commander }, { role: legal } ] }
            stop:     { approve: [ { role: [commander, chief-of-staff, registrar, legal] } ] }
            withdraw: { approve: [ { role: chief-of-staff }, { role: [legal, commander] } ] }
            free:     { approve: [ { role: registrar }, { role: legal } ] }
            kinds:
              notice: { approve: [ { role: operations }, { role: commander } ] }
              {{letter.Trim()}}
            {{more}}
            """);
        Assert.Null(policy.Refusal);
        _test.Office.Keep(policy.Value!);
        Assert.NotNull(_test.Office.Decide(RosterAct.About, [_test.Signer("commander"), _test.Signer("legal")], _ => false,
            header => new AdoptAct(header) { Policy = policy.Value!.Digest }).Value!.Recorded);
    }
}
