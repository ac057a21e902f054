using Countersign.Proof.Tests.Bench;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <content>Approvals by passkey that approve nothing, keys that enter the roster and may not, and foundings that do not stand.</content>
public sealed partial class AlterationTests
{
    private static readonly Lazy<SoftAuthenticator>[] SharedPasskeys =
        [.. Enum.GetValues<PasskeyKind>().Select(kind => new Lazy<SoftAuthenticator>(() => new SoftAuthenticator(kind)))];

    private static IEnumerable<AttackRow> OfThePasskeys()
    {
        const string wrong = "is not a signature of this act by that person's key";
        static AttackRow Row(string name, string because, Func<OfficeInMemory> found, Func<OfficeInMemory, Act, Approval> lawyer, int promise = 2) => new(
            name, promise, VerdictKind.NotApproved, because, _ =>
            {
                var office = found();
                office.Draft("l1", Pdf);
                var release = office.Release("l1", General);
                office.Force(release, [.. office.Sign(release, General), lawyer(office, release)]);
                return Held(office, office.Sealed("l1", Pdf));
            });
        static OfficeInMemory WithLawyers(SoftAuthenticator passkey) => Staffed(passkeys: new Dictionary<string, SoftAuthenticator> { [Lawyer] = passkey });

        foreach (var kind in Enum.GetValues<PasskeyKind>())
            foreach (var (name, ceremony) in WrongCeremonies.Of(kind))
                yield return Row($"The lawyer's approval {name}.", wrong,
                    () => WithLawyers(SharedPasskeys[(int)kind].Value), (office, act) => office.SignOne(Lawyer, act.Digest, ceremony));

        yield return Row("The lawyer's approval by passkey is of another letter's release.", wrong, () => WithLawyers(new SoftAuthenticator()), (office, act) =>
        {
            office.Draft("l0", SmallPdf.Of("Harmless"));
            return office.SignOne(Lawyer, office.Release("l0", General).Digest) with { Act = act.Digest };
        });
        yield return Row("The lawyer's proof at enrolment is shown as an approval.", wrong, () => WithLawyers(new SoftAuthenticator()), (office, act) =>
            new Approval(Lawyer, act.Digest, office.SignOne(Lawyer, Credential.Challenge(office.Domain, Lawyer, SharedPasskeys[0].Value.CoseKey)).Evidence));
        yield return Row("A key in software of the lawyer's signs where a passkey is enrolled.", wrong, () => WithLawyers(new SoftAuthenticator()), (office, act) =>
            office.KeyOf(Lawyer).Approve(Lawyer, act.Digest));
        yield return Row("A passkey of the lawyer's signs where a key in software is enrolled.", wrong, () => Staffed(), (office, act) =>
            new SoftAuthenticator().Approve(Lawyer, office.Site, act.Digest));
        yield return Row("The general's passkey signs for the lawyer's.", wrong,
            () => Staffed(passkeys: new Dictionary<string, SoftAuthenticator> { [Lawyer] = new(), [General] = SharedPasskeys[0].Value }),
            (office, act) => SharedPasskeys[0].Value.Approve(Lawyer, office.Site, act.Digest));
        yield return Row("The lawyer's passkey approves for an exercise of another domain.", wrong, () => WithLawyers(SharedPasskeys[0].Value), (_, act) => // ATTACKS 21
            SharedPasskeys[0].Value.Approve(Lawyer, new PasskeySite("approve.exercise.example", ["https://approve.exercise.example"]), act.Digest));
        yield return Row("The lawyer's passkey that may be copied says that it may not.", wrong, () => WithLawyers(new SoftAuthenticator(backupEligible: true)), (office, act) =>
            office.SignOne(Lawyer, act.Digest, new Ceremony { Flags = SoftAuthenticator.Present | SoftAuthenticator.Verified }));
        yield return Row("The lawyer's passkey that may be copied says that it was copied and may not be.", wrong, () => WithLawyers(new SoftAuthenticator(backupEligible: true)), (office, act) =>
            office.SignOne(Lawyer, act.Digest, new Ceremony { Flags = SoftAuthenticator.Present | SoftAuthenticator.Verified | SoftAuthenticator.BackedUp }));

        static PolicyParts Passkeys(string role) => DefaultPolicy with { Assurances = new Dictionary<string, Assurance> { [role] = Assurance.Passkey } };
        yield return Row("A key in software signs for a role that asks for a passkey.", "legal", () => Staffed(Passkeys("legal")), (office, act) => office.SignOne(Lawyer, act.Digest));
        yield return Row("A key in software signs for a lent role that asks for a passkey.", "legal", () =>
        {
            var office = Staffed(Passkeys("legal"), passkeys: new Dictionary<string, SoftAuthenticator> { [Lawyer] = new() });
            office.Lend(Lawyer, Operator, "legal");
            return office;
        }, (office, act) => office.SignOne(Operator, act.Digest));
        yield return new AttackRow("A concurrence with a key in software is joined for a role that asks for a passkey.", 2, VerdictKind.NotApproved, "legal", _ =>
        {
            var office = Staffed(Passkeys("legal"));
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            var release = office.Release("l1", General);
            office.Force(release, office.Sign(release, General));
            return Held(office, office.Sealed("l1", Pdf));
        });

        // Keys that enter, and may not.
        static AttackRow Enrols(string name, Func<OfficeInMemory, Enrolment> enrolment, string because = "does not stand") => new(
            name, 2, VerdictKind.NotApproved, because, _ =>
            {
                var office = WithLawyers(SharedPasskeys[0].Value);
                office.Draft("l1", Pdf);
                var person = enrolment(office);
                var enrol = new EnrolAct(office.Header(RegistrarOne)) { Person = person };
                office.Force(enrol, office.Sign(enrol, RegistrarOne, RegistrarTwo));
                var release = Under(office.Release("l1", General), enrol.Digest);
                office.Force(release, office.Sign(release, General, Lawyer));
                return Held(office, office.Sealed("l1", Pdf));
            });
        static Enrolment Person(Credential credential) => new("phantom", Digest.Of([1]), ["clerk"], credential);
        const string unproven = "does not prove that its person holds it";
        const string used = "enrolled already", owned = "the office's own";

        yield return Enrols("A passkey that is the lawyer's enters for a second person.", office => Person(office.CredentialOf("phantom", SharedPasskeys[0].Value)), used);
        yield return Enrols("A passkey with the id of the lawyer's enters for a second person.",
            office => Person(office.CredentialOf("phantom", new SoftAuthenticator(id: SharedPasskeys[0].Value.Id))), used);
        yield return Enrols("A passkey enters that is the general's key in software.", office =>
        {
            var passkey = new SoftAuthenticator { CoseKey = office.KeyOf(General).CoseKey };
            return Person(office.CredentialOf("phantom", passkey, new Ceremony { Signature = _ => [] }));
        }, used);
        yield return Enrols("A passkey enters without a proof.", office => Person(office.CredentialOf("phantom", new SoftAuthenticator(), proof: [])), unproven);
        yield return Enrols("A passkey enters with another passkey's proof.", office =>
        {
            var passkey = new SoftAuthenticator();
            return Person(office.CredentialOf("phantom", passkey, proof: new SoftAuthenticator().Assert(office.Site, Credential.Challenge(office.Domain, "phantom", passkey.CoseKey))));
        }, unproven);
        yield return Enrols("A passkey enters with the proof that it gave for somebody else.", office =>
        {
            var passkey = new SoftAuthenticator();
            return Person(office.CredentialOf("phantom", passkey, proof: passkey.Assert(office.Site, Credential.Challenge(office.Domain, "somebody", passkey.CoseKey))));
        }, unproven);
        yield return Enrols("A passkey enters with the proof that it gave to another office.", office =>
        {
            var passkey = new SoftAuthenticator();
            return Person(office.CredentialOf("phantom", passkey, proof: passkey.Assert(office.Site, Credential.Challenge("other.example", "phantom", passkey.CoseKey))));
        }, unproven);
        yield return Enrols("A passkey enters with a proof of its creation.", office => Person(office.CredentialOf("phantom", new SoftAuthenticator(), new Ceremony { Type = "webauthn.create" })), unproven);
        yield return Enrols("A passkey enters with a proof by nobody who was verified.", office => Person(office.CredentialOf("phantom", new SoftAuthenticator(), new Ceremony { Flags = SoftAuthenticator.Present })), unproven);
        yield return Enrols("A passkey enters with a sign-in as its proof.", office => Person(office.CredentialOf("phantom", new SoftAuthenticator(), new Ceremony { RelyingParty = office.Domain, Origin = $"https://{office.Domain}" })), unproven);
        yield return Enrols("A passkey that may be copied enters as one that may not.", office =>
            Person(office.CredentialOf("phantom", new SoftAuthenticator(), new Ceremony { Flags = SoftAuthenticator.Present | SoftAuthenticator.Verified | SoftAuthenticator.Eligible })), unproven);
        yield return Enrols("A passkey enters whose point lies off the curve.", office =>
        {
            var key = new SoftAuthenticator().CoseKey;
            key[^1] ^= 1;
            return Person(office.CredentialOf("phantom", new SoftAuthenticator { CoseKey = key }));
        }, unproven);
        yield return Enrols("A passkey enters that anybody can be, its point of small order.", office =>
        {
            var neutral = new byte[64];
            neutral[0] = 1;
            byte[] point = [1, .. new byte[31]];
            var passkey = new SoftAuthenticator(PasskeyKind.EdDsa) { CoseKey = [0xA4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20, .. point] };
            return Person(office.CredentialOf("phantom", passkey, new Ceremony { Signature = _ => neutral }));
        }, unproven);
        yield return Enrols("The office's own statement key enters as a person's passkey.", office => Person(office.CredentialOf("phantom", new SoftAuthenticator(office.StatementKey))), owned);
        yield return Enrols("The office's own ledger key enters as a person's passkey.", office => Person(office.CredentialOf("phantom", new SoftAuthenticator(office.LedgerKey))), owned);
        yield return Enrols("An id is used again that belonged to somebody who left.", office =>
        {
            office.Retire(Operator, RegistrarOne, RegistrarTwo);
            office.Give(Operator, new SoftAuthenticator());
            return office.Enrolment(Operator, "clerk");
        }, "one person's for ever");
        yield return Enrols("A key is used again that belonged to somebody who left.", office =>
        {
            office.Retire(Operator, RegistrarOne, RegistrarTwo);
            return new Enrolment("phantom", Digest.Of([1]), ["clerk"], Credential.For(office.KeyOf(Operator), office.Domain, "phantom", false));
        }, used);
    }

    /// <summary>What the holder of an office other than the row's own has: its trust and status files and its clock.</summary>
    private static Attempt Held(OfficeInMemory office, byte[] file) => new(file, office.Trust(), office.Status(), office.Now);

    private static IEnumerable<AttackRow> OfTheFounding()
    {
        string[] three = [Drafter, General, Lawyer];
        static Enrolment[] Three(OfficeInMemory office) => [office.Enrolment(Drafter, "clerk"), office.Enrolment(General, "commander"), office.Enrolment(Lawyer, "legal")];
        static AttackRow Row(string name, Func<OfficeInMemory, Enrolment[]> founders, string[] signers, string by = General, Func<OfficeInMemory, Evidence, Evidence>? evidence = null) => new(
            name, 2, VerdictKind.NotApproved, "The founding of the office does not hold", _ =>
            {
                var office = Founded(founders: founders, signers: signers, by: by);
                var draft = office.Version("l1", Pdf);
                office.Force(draft, office.Sign(draft, Drafter));
                var release = office.Release("l1", General);
                office.Force(release, office.Sign(release, General, Lawyer));
                return Held(office, office.Seal(Pdf, office.Receipt("l1", Pdf, e => evidence?.Invoke(office, e) ?? e)));
            });

        yield return Row("An office is founded that one of its founders never signed.", Three, [Drafter, General]);
        yield return Row("An office is founded that nobody signed.", Three, []);
        yield return Row("An office is founded with a stranger's signature besides.", Three, [.. three, "phantom"]);
        yield return Row("An office is founded with one founder's signature twice and another's not at all.", Three, [General, General, Lawyer]);
        yield return Row("An office is founded by an act that no founder wrote.", Three, three, by: "phantom");
        yield return Row("An office is founded with one key under two names.", office => // ATTACKS 19
        [
            office.Enrolment(Drafter, "clerk"), office.Enrolment(General, "commander"),
            new Enrolment(Lawyer, Digest.Of([1]), ["legal"], Credential.For(office.KeyOf(General), office.Domain, Lawyer, false)),
        ], three);
        yield return Row("An office is founded with one person twice.", office =>
        [
            office.Enrolment(Drafter, "clerk"), office.Enrolment(General, "commander"), office.Enrolment(Lawyer, "legal"),
            new Enrolment(General, Digest.Of([1]), ["legal"], Credential.For(office.KeyOf("phantom"), office.Domain, General, false)),
        ], three);
        yield return Row("An office is founded with a key that its person never proved to hold.", office =>
        [
            office.Enrolment(Drafter, "clerk"), office.Enrolment(General, "commander"),
            new Enrolment(Lawyer, Digest.Of([1]), ["legal"], Credential.For(office.KeyOf(Lawyer), office.Domain, "somebody", false)),
        ], three);
        yield return Row("An office is founded with one passkey id under two names.", office =>
        {
            var (one, two) = (new SoftAuthenticator(), new SoftAuthenticator());
            office.Give(General, one);
            office.Give(Lawyer, two);
            return [office.Enrolment(Drafter, "clerk"), office.Enrolment(General, "commander"), new Enrolment(Lawyer, Digest.Of([1]), ["legal"], office.CredentialOf(Lawyer, two, id: one.Id))];
        }, three);
        yield return Row("An office is founded with its own statement key as a founder's.", office =>
        {
            office.Give(Lawyer, new SoftAuthenticator(office.StatementKey));
            return [office.Enrolment(Drafter, "clerk"), office.Enrolment(General, "commander"), office.Enrolment(Lawyer, "legal")];
        }, three);
        yield return Row("An office is founded under a policy that nobody shows.", Three, three, evidence: (_, e) => e with { Policies = [Policy.Write(DefaultPolicy with { DelegationDays = 3 })] });
        yield return new AttackRow("An office shows the founding of another with the same people.", 2, VerdictKind.UnknownOffice, "calls itself", office =>
        {
            office.Send("l1", Pdf);
            return new Attempt(office.Sealed("l1", Pdf), Staffed().Trust());
        });
    }
}
