using Countersign.Proof.Tests.Bench;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <content>Attacks on who is in office and under which policy, and on whether a letter still stands.</content>
public sealed partial class AlterationTests
{
    private static PolicyParts Weak => DefaultPolicy with
    {
        Kinds = new Dictionary<string, IReadOnlyList<Need>> { ["letter"] = [new Need(["clerk", "commander"], 2)] },
    };

    private static IEnumerable<AttackRow> OfTheRoster()
    {
        static AttackRow Row(string name, string because, Func<OfficeInMemory, Attempt> attack, int promise = 2) =>
            new(name, promise, VerdictKind.NotApproved, because, attack);
        static void Force(OfficeInMemory office, Act act, params string[] signers) => office.Force(act, office.Sign(act, signers));
        static Attempt Sealed(OfficeInMemory office, Func<Evidence, Evidence>? evidence = null) => new(office.Seal(Pdf, office.Receipt("l1", Pdf, evidence)));

        // The evidence's roster shows what was forged; the trust file, which the victim holds, does not.
        static Attempt ReleasedUnder(OfficeInMemory office, Act forged, string[] signers, params string[] releasers)
        {
            office.Draft("l1", Pdf);
            var recorded = office.Force(forged, office.Sign(forged, signers));
            var release = Under(office.Release("l1", releasers[0]), recorded.Act.Digest);
            Force(office, release, releasers);
            return Sealed(office);
        }

        yield return Row("The policy is exchanged for a weaker one.", "founding of the office", office =>
        {
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General);
            return Sealed(office, e => e with { Policies = [Policy.Write(Weak)] });
        });
        yield return Row("A byte of the policy is changed.", "founding of the office", office =>
        {
            office.Send("l1", Pdf);
            var policy = System.Text.Encoding.ASCII.GetString(e0(office)).Replace("\"count\":2", "\"count\":3", StringComparison.Ordinal);
            return Sealed(office, e => e with { Policies = [System.Text.Encoding.ASCII.GetBytes(policy)] });
            static byte[] e0(OfficeInMemory o) => o.EvidenceOf("l1").Policies[0].ToArray();
        });
        yield return Row("The policy is left out.", "founding of the office", office =>
        {
            office.Send("l1", Pdf);
            return Sealed(office, e => e with { Policies = [] });
        });
        yield return Row("The server adopts a weaker policy that one of two signed.", "does not stand", office => ReleasedUnder(
            office, new AdoptAct(office.Header(General)) { Policy = office.Keep(Weak) }, [General], General, Drafter));
        yield return Row("The server adopts a weaker policy with signatures of its own.", "does not stand", office =>
        {
            office.Draft("l1", Pdf);
            var adopt = new AdoptAct(office.Header(General)) { Policy = office.Keep(Weak) };
            office.Force(adopt, [.. office.Sign(adopt, General), office.KeyOf("phantom").Approve(Lawyer, adopt.Digest)]);
            Force(office, Under(office.Release("l1", General), adopt.Digest), General, Operator);
            return Sealed(office);
        });
        yield return Row("A policy by which one person could send alone is adopted by those who may.", "does not stand", office => ReleasedUnder(
            office, new AdoptAct(office.Header(General))
            {
                Policy = office.Keep(DefaultPolicy with { Kinds = new Dictionary<string, IReadOnlyList<Need>> { ["letter"] = [One("commander")] } }),
            }, [General, Lawyer], General));
        yield return Row("The server enrols a phantom lawyer with the phantom's signature alone.", "does not stand", office => ReleasedUnder(
            office, new EnrolAct(office.Header("phantom")) { Person = office.Enrolment("phantom", "legal") }, ["phantom"], General, "phantom"));
        yield return Row("One registrar enrols a phantom lawyer.", "does not stand", office => ReleasedUnder(
            office, new EnrolAct(office.Header(RegistrarOne)) { Person = office.Enrolment("phantom", "legal") }, [RegistrarOne], General, "phantom"));
        yield return Row("Both registrars enrol a second lawyer, whose role weighs more than theirs.", "does not stand", office => ReleasedUnder(
            office, new EnrolAct(office.Header(RegistrarOne)) { Person = office.Enrolment("phantom", "legal") }, [RegistrarOne, RegistrarTwo], General, "phantom"));
        yield return Row("A key that is enrolled already enters under a second id.", "does not stand", office =>
        {
            var key = office.KeyOf(General);
            var second = new Enrolment("general-two", Digest.Of([1]), ["clerk"], Credential.For(key, office.Domain, "general-two", false));
            return ReleasedUnder(office, new EnrolAct(office.Header(RegistrarOne)) { Person = second }, [RegistrarOne, RegistrarTwo], General, Lawyer);
        });
        yield return Row("A key enters that its person never proved to hold.", "does not stand", office =>
        {
            var unproven = new Enrolment("phantom", Digest.Of([1]), ["clerk"], Credential.For(office.KeyOf("phantom"), office.Domain, "somebody-else", false));
            return ReleasedUnder(office, new EnrolAct(office.Header(RegistrarOne)) { Person = unproven }, [RegistrarOne, RegistrarTwo], General, Lawyer);
        });
        yield return Row("A person lends a role that was lent to them.", "does not stand", office =>
        {
            office.Lend(General, Operator, "commander");
            return ReleasedUnder(
                office, new DelegateAct(office.Header(Operator)) { To = Drafter, Role = "commander", Until = office.Now.AddDays(1) }, [Operator], Lawyer, Operator);
        });
        yield return Row("A person lends a role that they do not have.", "does not stand", office => ReleasedUnder(
            office, new DelegateAct(office.Header(Operator)) { To = Drafter, Role = "commander", Until = office.Now.AddDays(1) }, [Operator], Lawyer, Drafter));
        yield return Row("A role is lent for longer than the policy allows.", "does not stand", office => ReleasedUnder(
            office, new DelegateAct(office.Header(General)) { To = Operator, Role = "commander", Until = office.Now.AddDays(400) }, [General], Lawyer, Operator));
        yield return Row("A role is lent for years by an act that is dated ahead.", "does not stand", office => ReleasedUnder(
            office,
            new DelegateAct(office.Header(General) with { At = office.Now.AddYears(3) }) { To = Operator, Role = "commander", Until = office.Now.AddYears(3).AddDays(2) },
            [General], Lawyer, Operator));
        yield return Row("A role is lent at the end of all time.", "does not stand", office =>
        {
            var last = new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);
            return ReleasedUnder(office, new DelegateAct(office.Header(General) with { At = last }) { To = Operator, Role = "commander", Until = last }, [General], Lawyer, Operator);
        });
        yield return Row("An enrolment is entered at the end of all time.", "dated otherwise than its place", office =>
        {
            office.Adopt(DefaultPolicy with { Wait = TimeSpan.FromHours(24) }, General, Lawyer);
            office.Draft("l1", Pdf);
            var enrol = new EnrolAct(office.Header(RegistrarOne)) { Person = office.Enrolment("p", "clerk") };
            var recorded = office.Record(enrol, office.Sign(enrol, RegistrarOne, RegistrarTwo), at: new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero));
            office.Roster.Add(recorded);
            Force(office, Under(office.Release("l1", General), enrol.Digest), General, Lawyer);
            return Sealed(office);
        });
        yield return Row("A release is dated back to the days of a weaker policy.", "dated otherwise than its place", office =>
        {
            var before = office.Now;
            office.Now = office.Now.AddDays(1);
            office.Adopt(DefaultPolicy with { Kinds = new Dictionary<string, IReadOnlyList<Need>> { ["letter"] = [One("commander"), One("legal"), One("chief-of-staff")] } },
                General, Lawyer);
            var draft = office.Version("l1", Pdf);
            var dated = new ActHeader(office.Domain, before, office.Nonce(), Drafter, office.Chain.Newest.Digest);
            var old = new DraftAct(dated)
            {
                Letter = "l1",
                Version = 1,
                Reference = draft.Reference,
                LetterKind = "letter",
                FairCopy = draft.FairCopy,
                LetterSubject = draft.LetterSubject,
                Language = "en",
                Addressees = [],
            };
            office.Force(old, office.Sign(old, Drafter), at: before);
            var release = office.Release("l1", General);
            office.Force(release, office.Sign(release, General, Lawyer), at: before);
            return Sealed(office);
        });
        yield return Row("A retirement that the trust file lists is left out.", "leaves out or moves", office =>
        {
            office.Draft("l1", Pdf);
            var before = office.Chain.Newest.Digest;
            office.Retire(Lawyer, Lawyer, General);
            Force(office, Under(office.Release("l1", General), before), General, Lawyer);
            return Sealed(office, e => e with { Roster = [.. e.Roster.SkipLast(1)] });
        }, promise: 4);
        yield return Row("A retirement that the trust file lists is moved behind the release.", "leaves out or moves", office =>
        {
            office.Draft("l1", Pdf);
            var before = office.Chain.Newest.Digest;
            office.Retire(Lawyer, Lawyer, General);
            Force(office, Under(office.Release("l1", General), before), General, Lawyer);
            return Sealed(office, e => e with { Roster = [.. e.Roster.SkipLast(1), e.Roster[^1] with { Index = 1000 }] });
        }, promise: 4);
        yield return Row("Another roster act stands where the trust file lists one.", "leaves out or moves", office =>
        {
            var trust = office.Trust();
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            return new Attempt(file, trust with { Roster = [.. trust.Roster.SkipLast(1), (Digest.Of([1]), trust.Roster[^1].Index)] });
        }, promise: 4);
        yield return Row("The roster's approvals are others than the ledger took in.", "other approvals than the ledger", office =>
        {
            office.Send("l1", Pdf);
            return Sealed(office, e => e with { Roster = [e.Roster[0], e.Roster[1] with { Approvals = [.. e.Roster[1].Approvals.Reverse().SkipLast(1)] }, .. e.Roster.Skip(2)] });
        });
        yield return Row("The founding act lacks a founder's signature.", "brings other approvals", office =>
        {
            office.Send("l1", Pdf);
            return Sealed(office, e => e with { Roster = [e.Roster[0] with { Approvals = [e.Roster[0].Approvals[0]] }, .. e.Roster.Skip(1)] });
        });
        yield return Row("An enrolment counts before the policy's waiting time.", "legal", office =>
        {
            office.Adopt(DefaultPolicy with { Wait = TimeSpan.FromHours(24) }, General, Lawyer);
            office.EnrolBy([General, Lawyer], "second-lawyer", "legal");
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, "second-lawyer");
            return Sealed(office);
        });
        yield return Row("The policy changed between the signatures and the entry.", "policy has changed", office =>
        {
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            office.Adopt(DefaultPolicy with { DelegationDays = 3 }, General, Lawyer);
            Force(office, release, General, Lawyer);
            return Sealed(office);
        });
        yield return Row("A loan was taken back between the signatures and the entry.", "has left office", office =>
        {
            office.Lend(General, Operator, "commander");
            office.Draft("l1", Pdf);
            var release = office.Release("l1", Operator);
            office.Lend(General, Operator, "commander", days: 0);
            Force(office, release, Operator, Lawyer);
            return Sealed(office);
        });
    }

    private static IEnumerable<AttackRow> OfTheStanding()
    {
        static AttackRow Row(string name, string because, Func<OfficeInMemory, byte[], Attempt> attack, VerdictKind expected = VerdictKind.GenuineStandingUnknown) =>
            new(name, 5, expected, because, office =>
            {
                office.Send("l1", Pdf);
                return attack(office, office.Sealed("l1", Pdf));
            });
        static RecordedAct Force(OfficeInMemory office, Act act, params string[] signers) => office.Force(act, office.Sign(act, signers));
        const string signed = "the people whom the policy demands have not signed";

        yield return Row("The server alone says that a letter was withdrawn.", "but the signed acts in it prove",
            (office, file) => new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)])));
        yield return Row("The server alone says that a letter was replaced.", "but the signed acts in it prove",
            (office, file) => new Attempt(file, Status: office.Status([new(100, Standing.Replaced)])));
        yield return Row("One person withdraws a letter.", signed, (office, file) =>
        {
            var act = Force(office, office.Withdraw("l1", General), General);
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [act]));
        });
        yield return Row("One person corrects a letter away.", signed, (office, file) =>
        {
            var act = Force(office, office.Correct("l1", General, office.Send("l2", SmallPdf.Of("We withdraw")), "EX-2026-0002"), General);
            return new Attempt(file, Status: office.Status([new(100, Standing.Replaced)], [act]));
        });
        yield return Row("Those who release a notice correct a letter away.", signed, (office, file) =>
        {
            var act = Force(office, office.Correct("l1", General, office.Send("l2", SmallPdf.Of("We withdraw")), "EX-2026-0002"), General, Operator);
            return new Attempt(file, Status: office.Status([new(100, Standing.Replaced)], [act]));
        });
        yield return Row("The withdrawal of another release is shown for this one.", "another release", (office, file) =>
        {
            var act = new WithdrawAct(office.Header(Staff))
            {
                Letter = "l1",
                Release = Digest.Of([1]),
                After = office.History("l1").Head!.Value,
                Until = office.Now.AddDays(1),
            };
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [Force(office, act, Staff, Lawyer)]));
        });
        yield return Row("Somebody who may not stop letters holds one.", signed, (office, file) => new Attempt(
            file, Status: office.Status([new(100, Standing.OnHold)], [Force(office, office.Hold("l1", Operator), Operator)])));
        yield return Row("Somebody holds a letter in another's name.", signed, (office, file) =>
        {
            var hold = office.Hold("l1", Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.OnHold)], [office.Force(hold, [office.KeyOf("phantom").Approve(Lawyer, hold.Digest)])]));
        });
        yield return Row("The withdrawal's statement is signed by another key.", "is not the office's", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            var forged = act with { Statement = Statement.Make(Ed25519PrivateKey.Create(), act.Act, act.At, act.Statement.Approvals) };
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [forged]));
        });
        yield return Row("The withdrawal's approvals are others than the ledger took in.", "other approvals", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer, General);
            var less = act with { Approvals = [.. act.Approvals.SkipLast(1)] };
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [less]));
        });
        yield return Row("The status file is older than its time.", "spoke until", (office, file) =>
        {
            var list = office.Status();
            office.Now += StatusList.Life + TimeSpan.FromMinutes(1);
            return new Attempt(file, Status: list);
        });
        yield return Row("The status file was made before the letter was released.", "before this letter was released", (office, _) =>
        {
            var list = office.Status();
            var pdf = SmallPdf.Of("A later letter");
            office.Send("l2", pdf);
            return new Attempt(office.Sealed("l2", pdf), office.Trust(), list);
        });
        yield return Row("The status file is for another address.", "another address",
            (office, file) => new Attempt(file, Status: office.Status(address: "https://evil.example/status")));
        yield return Row("The status file is signed by another key.", "not signed by the office",
            (office, file) => new Attempt(file, Status: office.Status(key: Ed25519PrivateKey.Create())));
        yield return Row("The status file is another office's.", "not signed by this office",
            (_, file) => new Attempt(file, Status: Staffed().Status()));
        yield return Row("A bit of the status file is changed.", "not signed by the office", (office, file) =>
        {
            var list = office.Status();
            list[^100] ^= 1;
            return new Attempt(file, Status: list);
        });
        yield return Row("The status file shows another roster than the receipt.", "another roster", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            var trust = office.Trust() with { Roster = [(office.FoundAct.Digest, office.Roster[0].Index)] };
            var kept = office.Roster[^1];
            office.Roster.RemoveAt(office.Roster.Count - 1);
            var forged = new RetireAct(new ActHeader(office.Domain, office.Now, office.Nonce(), RegistrarOne, kept.Act.Roster)) { Person = Drafter };
            var recorded = office.Record(forged, office.Sign(forged, RegistrarOne, RegistrarTwo));
            office.Roster.Add(recorded);
            return new Attempt(file, trust, office.Status([new(100, Standing.Withdrawn)], [act]));
        });
        yield return Row("An old status file is put over the newer one that the trust file holds.", "It was withdrawn", (office, file) =>
        {
            var old = office.Status();
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            return new Attempt(file, office.Trust(office.Status([new(100, Standing.Withdrawn)], [act])), old);
        }, VerdictKind.GenuineWithdrawn);
        yield return Row("A withdrawal is undone by a status file that says in force beside the signed act.", "It was withdrawn", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            return new Attempt(file, Status: office.Status([], [act]));
        }, VerdictKind.GenuineWithdrawn);
        yield return Row("An expired status file is shown that proves the withdrawal.", "It was withdrawn", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            var list = office.Status([new(100, Standing.Withdrawn)], [act]);
            office.Now += StatusList.Life + TimeSpan.FromDays(1);
            return new Attempt(file, Status: list);
        }, VerdictKind.GenuineWithdrawn);
        yield return Row("The status file shows fewer people than the trust file.", "The status file does not show everyone", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            var enrolled = office.Enrol("somebody", "clerk");
            office.Roster.Remove(enrolled);
            return new Attempt(file, office.Trust(), office.Status([new(100, Standing.Withdrawn)], [act]));
        });
        yield return Row("The letter is asked for before it was released.", "after the moment asked for",
            (office, file) => new Attempt(file, At: office.Now.AddDays(-1)), VerdictKind.GenuineNotYet);
    }
}
