using Countersign.Proof.Tests.Bench;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <content>Releases that the ledger holds and the office sealed, and that the people did not approve as the policy demands.</content>
public sealed partial class AlterationTests
{
    private static IEnumerable<AttackRow> OfTheApprovals()
    {
        static AttackRow Row(string name, string because, Action<OfficeInMemory> attack, Func<Evidence, Evidence>? evidence = null) => new(
            name, 2, VerdictKind.NotApproved, because, office =>
            {
                attack(office);
                return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, evidence)));
            });
        static void Force(OfficeInMemory office, Act act, params string[] signers) => office.Force(act, office.Sign(act, signers));

        yield return Row("The general releases alone.", "legal", office =>
        {
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General);
        });
        yield return Row("Nobody signs the release at all.", "0 signatures", office =>
        {
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General));
        });
        yield return Row("Two concurring reviews fill every place, and nobody signs the release.", "0 signatures", office =>
        {
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            office.Review("l1", General);
            Force(office, office.Release("l1", General));
        });
        yield return Row("Two concurring reviews fill every place, and somebody without a part signs the release.", "legal", office =>
        {
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            office.Review("l1", General);
            Force(office, office.Release("l1", Operator), Operator);
        });
        yield return Row("An approval is taken out of the receipt.", "other approvals than the ledger", office =>
        {
            office.Draft("l1", Pdf);
            office.Enter(office.Release("l1", General), General, Lawyer, Staff);
        }, e => e with { Letters = [.. e.Letters.SkipLast(1), e.Letters[^1] with { Approvals = [.. e.Letters[^1].Approvals.SkipLast(1)] }] });
        yield return Row("The concurring review is taken out of the receipt.", "legal", office => office.Send("l1", Pdf),
            e => e with { Letters = [e.Letters[0], e.Letters[^1]] });
        yield return Row("The server signs for the lawyer with a key of its own.", "is not a signature of this act", office =>
        {
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            office.Force(release, [.. office.Sign(release, General), office.KeyOf("phantom").Approve(Lawyer, release.Digest)]);
        });
        yield return Row("The lawyer's signature on another release is used again.", "is not a signature of this act", office =>
        {
            office.Draft("l0", SmallPdf.Of("Harmless"));
            var harmless = office.Release("l0", General);
            var old = office.Enter(harmless, General, Lawyer).Approvals.Single(a => a.Person == Lawyer);
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            office.Force(release, [.. office.Sign(release, General), old with { Act = release.Digest }]);
        });
        yield return Row("The lawyer's signature on the same act in another office is used.", "is not a signature of this act", office =>
        {
            var other = Staffed(domain: "other.example");
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            office.Force(release, [.. office.Sign(release, General), other.KeyOf(Lawyer).Approve(Lawyer, release.Digest)]);
        });
        yield return Row("A release of another office's is entered.", "another office's", office =>
        {
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            var foreign = new ReleaseAct(release.Header with { Office = "other.example" })
            {
                Letter = "l1",
                Draft = release.Draft,
                After = release.After,
                Status = 1,
                Until = release.Until,
            };
            Force(office, foreign, General, Lawyer);
        });
        yield return Row("The general who drafted the letter approves it.", "commander", office =>
        {
            office.Draft("l1", Pdf, by: General);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("The general who drafted an earlier version approves a later one.", "commander", office =>
        {
            office.Draft("l1", SmallPdf.Of("We withdraw"), by: General);
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("The lawyer who drafted the letter concurs in it.", "legal", office =>
        {
            office.Draft("l1", Pdf, by: Lawyer);
            office.Review("l1", Lawyer);
            Force(office, office.Release("l1", General), General);
        });
        yield return new AttackRow("A letter of equal bytes was drafted by the approver.", 2, VerdictKind.NotApproved, "commander", office =>
        {
            var twin = office.Draft("l0", Pdf, by: General);
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, Lawyer);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, e => e with { Twins = [twin] })));
        });
        yield return Row("One person signs twice.", "signed twice", office =>
        {
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, General);
        });
        yield return Row("One person signs under two spellings of their id.", "not in office", office =>
        {
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            office.Force(release, [.. office.Sign(release, General), office.KeyOf(General).Approve("General", release.Digest)]);
        });
        yield return Row("Somebody signs who was never enrolled.", "not in office", office =>
        {
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, "phantom");
        });
        yield return Row("Somebody signs who has been retired.", "not in office", office =>
        {
            office.Retire(Lawyer, Lawyer, General);
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("Somebody retired signs under the roster of before.", "left office", office =>
        {
            var before = office.Chain.Newest.Digest;
            office.Draft("l1", Pdf);
            office.Retire(Lawyer, Lawyer, General);
            var release = office.Release("l1", General);
            Force(office, Under(release, before), General, Lawyer);
        });
        yield return Row("A concurrence of somebody retired since is joined under the roster of before.", "left office", office =>
        {
            var before = office.Chain.Newest.Digest;
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            office.Retire(Lawyer, Lawyer, General);
            Force(office, Under(office.Release("l1", General), before), General);
        });
        yield return Row("A release names a roster that was not in office before it.", "was not in office", office =>
        {
            office.Draft("l1", Pdf);
            Force(office, Under(office.Release("l1", General), Digest.Of([1])), General, Lawyer);
        });
        yield return Row("The borrower of a role counts beside its lender.", "legal", office =>
        {
            office.Adopt(DefaultPolicy with { Kinds = new Dictionary<string, IReadOnlyList<Need>> { ["letter"] = [One("commander"), One("legal", 2)] } }, General, Lawyer);
            office.Lend(Lawyer, Operator, "legal");
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, Lawyer, Operator);
        });
        yield return Row("The drafter approves through the person to whom he lent his role.", "commander", office =>
        {
            office.Lend(General, Operator, "commander");
            office.Draft("l1", Pdf, by: General);
            Force(office, office.Release("l1", Operator), Operator, Lawyer);
        });
        yield return Row("The drafter approves under a role that was lent to him.", "commander", office =>
        {
            office.Lend(General, Operator, "commander");
            office.Draft("l1", Pdf, by: Operator);
            Force(office, office.Release("l1", Operator), Operator, Lawyer);
        });
        yield return Row("A lent role is used after its end.", "commander", office =>
        {
            office.Lend(General, Operator, "commander", days: 1);
            office.Draft("l1", Pdf);
            office.Now = office.Now.AddDays(1);
            Force(office, office.Release("l1", Operator), Operator, Lawyer);
        });
        yield return Row("The general's first version is left out.", "does not begin with its first version", office =>
        {
            office.Draft("l1", SmallPdf.Of("We withdraw"), by: General);
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, Lawyer);
            office.Letter("l1").RemoveAt(0);
        });
        yield return Row("The general's second version is left out.", "could not follow", office =>
        {
            office.Draft("l1", SmallPdf.Of("We withdraw"));
            office.Draft("l1", SmallPdf.Of("We would withdraw"), by: General);
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, Lawyer);
            office.Letter("l1").RemoveAt(1);
        });
        yield return Row("An objection is left out.", "after its signers saw it", office =>
        {
            office.Draft("l1", Pdf);
            office.Review("l1", Staff, Proof.Opinion.Object);
            var release = office.Release("l1", General);
            office.Letter("l1").RemoveAt(1);
            Force(office, release, General, Lawyer);
        });
        yield return Row("An objection stands.", "objects to this version stands", office =>
        {
            office.Draft("l1", Pdf);
            office.Review("l1", Staff, Proof.Opinion.Object);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("A return stands.", "returns or objects", office =>
        {
            office.Draft("l1", Pdf);
            office.Review("l1", Staff, Proof.Opinion.Return);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("An objection is put before the concurrence that it took back.", "objects to this version stands", office =>
        {
            office.Draft("l1", Pdf);
            var concurrence = office.Opinion("l1", Staff, Proof.Opinion.Concur);
            var objection = office.Opinion("l1", Staff, Proof.Opinion.Object);
            Force(office, objection, Staff);
            Force(office, concurrence, Staff);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("A hold is left out.", "after its signers saw it", office =>
        {
            office.Draft("l1", Pdf);
            office.Enter(office.Hold("l1", Staff), Staff);
            var release = office.Release("l1", General);
            office.Letter("l1").RemoveAt(1);
            Force(office, release, General, Lawyer);
        });
        yield return Row("The letter is on hold.", "on hold", office =>
        {
            office.Draft("l1", Pdf);
            office.Enter(office.Hold("l1", Staff), Staff);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("A hold came after the signatures and before the entry.", "after its signers saw it", office =>
        {
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            office.Enter(office.Hold("l1", Staff), Staff);
            Force(office, release, General, Lawyer);
        });
        yield return Row("A new version came after the signatures and before the entry.", "after its signers saw it", office =>
        {
            office.Draft("l1", SmallPdf.Of("We stay"));
            var release = office.Release("l1", General);
            office.Draft("l1", Pdf);
            Force(office, Again(release, draft: office.History("l1").CurrentDraft!.Digest), General, Lawyer);
        });
        yield return new AttackRow("The release names an older version, which is sealed.", 1, VerdictKind.NotApproved, "newest version", office =>
        {
            var old = office.Draft("l1", Pdf);
            office.Draft("l1", SmallPdf.Of("We stay"));
            Force(office, office.Release("l1", General, draft: old.Act.Digest), General, Lawyer);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf)));
        });
        yield return Row("The release was finished after its end.", "was to be finished", office =>
        {
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General, until: office.Now.AddDays(1));
            office.Now = office.Now.AddDays(2);
            Force(office, release, General, Lawyer);
        });
        yield return Row("The release is dated years ahead, so that it never ends.", "dated", office =>
        {
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            var ahead = new ReleaseAct(release.Header with { At = release.At.AddYears(3) })
            {
                Letter = "l1",
                Draft = release.Draft,
                After = release.After,
                Status = release.Status,
                Until = release.At.AddYears(3).AddDays(2),
            };
            Force(office, ahead, General, Lawyer);
        });
        yield return Row("The letter's acts are told in another order than the ledger's.", "not in the order of the ledger", office =>
        {
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            office.Enter(office.Release("l1", General), General);
            var acts = office.Letter("l1");
            acts[1] = acts[1] with { Index = acts[0].Index };
        });
        yield return Row("A finding's escalation is not met.", "chief-of-staff", office =>
        {
            office.Draft("l1", Pdf, findings: ["wording.commitment"]);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("A page that nobody could read does not escalate.", "chief-of-staff", office =>
        {
            office.Draft("l1", Pdf, findings: ["unread.page-1"]);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("The policy has no rule for the kind of letter.", "no rule", office =>
        {
            office.Draft("l1", Pdf, kind: "memo");
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("The server signs the draft for a drafter.", "is not a signature of this act", office =>
        {
            var draft = office.Version("l1", Pdf);
            office.Force(draft, [office.KeyOf("phantom").Approve(Drafter, draft.Digest)]);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("The draft is signed by another than its author.", "has not signed it", office =>
        {
            Force(office, office.Version("l1", Pdf), Operator);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
    }

    private static ReleaseAct Under(ReleaseAct release, Digest roster) => Again(release, roster: roster);

    private static ReleaseAct Again(ReleaseAct release, Digest? draft = null, Digest? roster = null) =>
        new(release.Header with { Roster = roster ?? release.Roster })
        {
            Letter = release.Letter,
            Draft = draft ?? release.Draft,
            After = release.After,
            Status = release.Status,
            Until = release.Until,
        };
}
