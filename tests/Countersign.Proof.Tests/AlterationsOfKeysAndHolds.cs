using Countersign.Proof.Tests.Bench;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <content>The office's own keys and their epochs, stolen keys, reviewers who come in turn, status files and holds that anybody carries.</content>
public sealed partial class AlterationTests
{
    private static readonly Ed25519PrivateKey Stranger = Ed25519PrivateKey.Create();

    /// <summary>A letter that nobody but the general signed, in the ledger all the same.</summary>
    private static void GeneralAlone(OfficeInMemory office)
    {
        office.Draft("l1", Pdf);
        var release = office.Release("l1", General);
        office.Force(release, office.Sign(release, General));
    }

    private static IEnumerable<AttackRow> OfTheKeys()
    {
        static AttackRow Row(string name, VerdictKind expected, string because, Func<OfficeInMemory, Attempt> attack, int promise = 6) => new(name, promise, expected, because, attack);
        const VerdictKind notIn = VerdictKind.NotInLedger;

        yield return Row("A ledger key that was replaced signs a tree that holds its replacement.", VerdictKind.Altered, "its form", office =>
        {
            var old = office.LedgerKey;
            office.Rekey([General, Lawyer]);
            office.Send("l1", Pdf);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, ledgerKey: old, checkpoint: office.Checkpoint(old))));
        });
        yield return Row("A ledger key that was replaced signs a tree whose replacement is left out.", notIn, "other keys", office =>
        {
            var old = office.LedgerKey;
            var rekey = office.Rekey([General, Lawyer]);
            var trust = office.Trust();
            office.Send("l1", Pdf);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, e => e with { Roster = [.. e.Roster.Where(r => r.Act != rekey.Act)] }, ledgerKey: old, checkpoint: office.Checkpoint(old))), trust);
        });
        yield return Row("A statement key that was replaced signs a release.", notIn, "the statement of the release act is not the office's", office =>
        {
            var old = office.StatementKey;
            office.Rekey([General, Lawyer]);
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            (var now, office.StatementKey) = (office.StatementKey, old);
            office.Enter(office.Release("l1", General), General);
            office.StatementKey = now;
            return new Attempt(office.Sealed("l1", Pdf));
        });
        yield return Row("The act that replaces keys is entered with the old statement key.", notIn, "the statement of the rekey act", office =>
        {
            var old = office.StatementKey;
            office.Rekey([General, Lawyer]);
            var rekey = office.Roster[^1];
            office.Roster[^1] = rekey with { Statement = Statement.Make(old, rekey.Act, rekey.At, rekey.Statement.Approvals) };
            office.Send("l1", Pdf);
            return new Attempt(office.Sealed("l1", Pdf));
        });
        yield return Row("A statement key that comes later signs an earlier act.", notIn, "the statement of the draft act", office =>
        {
            var draft = office.Draft("l1", Pdf);
            office.Rekey([General, Lawyer]);
            office.Letter("l1")[0] = draft with { Statement = Statement.Make(office.StatementKey, draft.Act, draft.At, draft.Statement.Approvals) };
            office.Enter(office.Release("l1", General), General, Lawyer);
            return new Attempt(office.Sealed("l1", Pdf));
        });
        yield return Row("Somebody without any key replaces the office's keys by their own.", VerdictKind.NotApproved, "does not stand", office =>
        {
            var trust = office.Trust();
            office.Rekey([], ledger: Stranger, statement: Stranger, forced: true, by: "phantom");
            GeneralAlone(office);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, ledgerKey: Stranger)), trust);
        });
        yield return Row("One of two replaces the office's keys.", VerdictKind.NotApproved, "does not stand: The act lacks signatures: legal", office =>
        {
            var trust = office.Trust();
            office.Rekey([General], forced: true);
            office.Draft("l1", Pdf);
            var release = office.Release("l1", General);
            office.Force(release, office.Sign(release, General, Lawyer));
            return new Attempt(office.Sealed("l1", Pdf), trust);
        });
        yield return Row("Both registrars replace the office's keys.", VerdictKind.NotApproved, "does not stand: The act lacks signatures", office =>
        {
            var trust = office.Trust();
            office.Rekey([RegistrarOne, RegistrarTwo], forced: true);
            office.Send("l1", Pdf);
            return new Attempt(office.Sealed("l1", Pdf), trust);
        });
        yield return Row("The keys are replaced by the keys that they are.", VerdictKind.NotApproved, "does not stand: These are the office's keys already", office =>
        {
            office.Rekey([General, Lawyer], ledger: office.LedgerKey, statement: office.StatementKey, forced: true);
            office.Send("l1", Pdf);
            return new Attempt(office.Sealed("l1", Pdf));
        });
        yield return Row("The office's keys are replaced by a person's.", VerdictKind.NotApproved, "does not stand: A key among them is a person's", _ =>
        {
            var key = Ed25519PrivateKey.Create();
            var office = Staffed(passkeys: new Dictionary<string, SoftAuthenticator> { [Lawyer] = new(key) });
            office.Rekey([General, Lawyer], statement: key, forced: true);
            office.Send("l1", Pdf);
            return Held(office, office.Sealed("l1", Pdf));
        }, promise: 2);
        yield return Row("The ledger takes another origin though nothing was lost.", VerdictKind.NotApproved, "does not stand: A ledger keeps its origin", office =>
        {
            var trust = office.Trust();
            office.Rekey([General, Lawyer], origin: "staff.example/ledger-2", forced: true);
            office.Send("l1", Pdf);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, origin: "staff.example/ledger-2", checkpoint: office.Checkpoint(origin: "staff.example/ledger-2"))), trust);
        });
        foreach (var (name, origin, sameKey) in new[] { ("its origin", "staff.example/ledger", false), ("its ledger key", "staff.example/ledger-2", true) })
            yield return Row($"A new epoch begins with {name} of before.", VerdictKind.NotApproved, "does not stand: A new epoch needs", office =>
            {
                var trust = office.Trust();
                office.Rekey([General, Lawyer], new LedgerGap(6, 9, Digest.Of([1])), origin, ledger: sameKey ? office.LedgerKey : null, forced: true);
                office.Send("l1", Pdf);
                return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, origin: origin, checkpoint: office.Checkpoint(origin: origin))), trust);
            });
        yield return Row("A new epoch says that entries are lost which stand in the ledger.", VerdictKind.NotApproved, "does not stand: The act says that entries are lost", office =>
        {
            const string origin = "staff.example/ledger-2";
            var trust = office.Trust();
            office.Rekey([General, Lawyer], new LedgerGap(50, 90, Digest.Of([1])), origin, forced: true);
            office.Send("l1", Pdf);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, origin: origin, checkpoint: office.Checkpoint(origin: origin))), trust);
        });
        yield return Row("A letter stood in the part of the ledger that was lost.", notIn, "that was lost", office => // ATTACKS 6
        {
            var size = office.Size;
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            NewEpoch(office, size);
            return new Attempt(file);
        });
        yield return Row("A letter of the new epoch is proved under the origin of the old.", VerdictKind.Altered, "its form", office =>
        {
            var old = office.LedgerKey;
            NewEpoch(office, office.Size);
            office.Send("l1", Pdf);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, ledgerKey: old, origin: "staff.example/ledger", checkpoint: office.Checkpoint(old, "staff.example/ledger"))));
        });
        yield return Row("A checkpoint of the old origin stands beside a letter of the new epoch.", notIn, "the checkpoint is not signed", office =>
        {
            var old = office.LedgerKey;
            NewEpoch(office, office.Size);
            office.Send("l1", Pdf);
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, checkpoint: office.Checkpoint(old, "staff.example/ledger"))));
        });
        yield return Row("The old ledger goes on beside the new epoch.", notIn, "that was lost", office =>
        {
            var (ledger, statement, size) = (office.LedgerKey, office.StatementKey, office.Size);
            office.Send("l0", SmallPdf.Of("Harmless"));
            NewEpoch(office, size, "l0");
            var trust = office.Trust();
            var rekey = office.Roster[^1];
            office.Roster.RemoveAt(office.Roster.Count - 1);
            (office.LedgerKey, office.StatementKey) = (ledger, statement);
            office.Draft("l1", Pdf);
            var release = Under(office.Release("l1", General), rekey.Act.Roster!.Value);
            office.Force(release, office.Sign(release, General, Lawyer));
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, origin: "staff.example/ledger", checkpoint: office.Checkpoint(origin: "staff.example/ledger"))), trust);
        });
        yield return Row("A letter is sealed with the certificate that was replaced.", VerdictKind.Altered, "another certificate", office => // ATTACKS 26
        {
            var (seal, certificate) = (office.SealingKey, office.Certificate);
            office.Rekey([General, Lawyer], seal: System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256));
            office.Send("l1", Pdf);
            (office.SealingKey, office.Certificate) = (seal, certificate);
            return new Attempt(office.Sealed("l1", Pdf));
        }, promise: 1);
        yield return Row("The trust file names keys that the roster never had.", notIn, "other keys", office =>
        {
            office.Send("l1", Pdf);
            var trust = office.Trust();
            return new Attempt(office.Sealed("l1", Pdf), trust with { Keys = [.. trust.Keys, new KeyRange(3, trust.Keys[0].Keys with { Statement = Stranger.Public })] });
        });
        yield return Row("The sealed copy of an office whose statement key is a stranger's by the trust file.", notIn, "other keys", office =>
        {
            office.Send("l1", Pdf);
            var trust = office.Trust();
            return new Attempt(office.Sealed("l1", Pdf), trust with { Keys = [new KeyRange(0, trust.Keys[0].Keys with { Statement = Stranger.Public })] });
        });
    }

    /// <summary>Loses the ledger from a size on, takes the roster's acts back as they stand, and goes on under another origin.</summary>
    private static void NewEpoch(OfficeInMemory office, ulong size, params string[] lost)
    {
        var before = (office.Size, Root: office.Root());
        office.Lose((int)size);
        foreach (var letter in lost)
            office.Letter(letter).RemoveAll(a => a.Index >= size);
        office.Rekey([General, Lawyer], new LedgerGap(size, Math.Max(before.Size, size + 1), before.Root), "staff.example/ledger-2");
    }

    private static IEnumerable<AttackRow> OfStolenKeys()
    {
        static AttackRow Row(string name, string because, Func<OfficeInMemory, Attempt> attack, VerdictKind expected = VerdictKind.NotApproved) => new(name, 2, expected, because, attack);
        const string stolen = "counts as stolen";

        yield return Row("A letter was approved with a key that was stolen, and the office says so since.", stolen, office =>
        {
            var since = office.Now;
            office.Draft("l1", Pdf);
            office.Enter(office.Release("l1", General), General, Lawyer);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(Lawyer, since, General, Lawyer);
            return new Attempt(file);
        });
        yield return Row("A concurrence was given with a key that was stolen.", stolen, office =>
        {
            var since = office.Now;
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(Lawyer, since, General, Lawyer);
            return new Attempt(file);
        });
        yield return Row("The trust file's own status file brings word of the stolen key.", stolen, office =>
        {
            var since = office.Now;
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(Lawyer, since, General, Lawyer);
            return new Attempt(file, office.Trust(office.Status()), Bare: true);
        });
        yield return Row("A status file that expired brings word of the stolen key.", stolen, office =>
        {
            var since = office.Now;
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(Lawyer, since, General, Lawyer);
            return new Attempt(file, Status: office.Status(), At: office.Now.AddDays(30));
        });
        yield return Row("A role was lent with a stolen key.", stolen, office =>
        {
            var since = office.Now;
            office.Lend(General, Operator, "commander");
            office.Draft("l1", Pdf);
            office.Enter(office.Release("l1", Operator), Operator, Lawyer);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(General, since, General, Lawyer);
            return new Attempt(file);
        });
        yield return Row("A lent role was used with the borrower's stolen key.", stolen, office =>
        {
            office.Lend(General, Operator, "commander");
            var since = office.Now;
            office.Draft("l1", Pdf);
            office.Enter(office.Release("l1", Operator), Operator, Lawyer);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(Operator, since, RegistrarOne, RegistrarTwo);
            return new Attempt(file);
        });
        yield return Row("An objection was taken back with the objector's stolen key.", stolen, office =>
        {
            office.Draft("l1", Pdf);
            office.Review("l1", Staff, Proof.Opinion.Object);
            var since = office.Now;
            office.Review("l1", Staff);
            office.Enter(office.Release("l1", General), General, Lawyer);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(Staff, since, General, Lawyer);
            return new Attempt(file);
        });
        yield return Row("A letter is released under the roster of before with a key that is known to be stolen.", "has left office", office =>
        {
            office.Draft("l1", Pdf);
            var before = office.Chain.Newest.Digest;
            office.RetireSince(Lawyer, office.Now, General, Lawyer);
            var release = Under(office.Release("l1", General), before);
            office.Force(release, office.Sign(release, General, Lawyer));
            return new Attempt(office.Sealed("l1", Pdf));
        });
        yield return Row("The retirement for a stolen key is signed by the thief alone.", "does not stand", office =>
        {
            var trust = office.Trust();
            office.Send("l1", Pdf);
            var retire = new RetireAct(office.Header(Lawyer)) { Person = General, Since = office.Now.AddDays(-1) };
            office.Force(retire, office.Sign(retire, Lawyer));
            return new Attempt(office.Sealed("l1", Pdf), trust);
        });
        yield return Row("A hold was lifted with a stolen key.", "on hold since", office =>
        {
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            var hold = office.Enter(office.Hold("l1", RegistrarOne), RegistrarOne);
            var since = office.Now;
            var lift = office.Enter(office.Lift("l1", Staff, hold.Act.Digest), Staff, Lawyer);
            office.RetireSince(Lawyer, since, General, Lawyer);
            return new Attempt(file, Status: office.Status([], [hold, lift]));
        }, VerdictKind.GenuineOnHold);
        yield return Row("The status file leaves out the word of a stolen key that the trust file lists.", "does not show everyone", office =>
        {
            var since = office.Now;
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(Lawyer, since, General, Lawyer);
            var trust = office.Trust();
            office.Roster.RemoveAt(office.Roster.Count - 1);
            return new Attempt(file, trust, office.Status());
        }, VerdictKind.GenuineStandingUnknown);
        yield return Row("A withdrawal with a key that was stolen withdraws all the same.", "It was withdrawn", office =>
        {
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            var since = office.Now;
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            office.RetireSince(Lawyer, since, General, Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [act]));
        }, VerdictKind.GenuineWithdrawn);
    }

    private static PolicyParts InTurn => DefaultPolicy with
    {
        Stages = new Dictionary<string, IReadOnlyList<IReadOnlyList<string>>> { ["letter"] = [["legal"], ["commander"]] },
    };

    private static IEnumerable<AttackRow> OfTheStages()
    {
        static AttackRow Row(string name, string because, Action<OfficeInMemory> attack, PolicyParts? policy = null) => new(name, 2, VerdictKind.NotApproved, because, _ =>
        {
            var office = Staffed(policy ?? InTurn);
            attack(office);
            return Held(office, office.Sealed("l1", Pdf));
        });
        static void Force(OfficeInMemory office, Act act, params string[] signers) => office.Force(act, office.Sign(act, signers));

        yield return Row("The general concurs before the lawyer did.", "not this reviewer's turn", office =>
        {
            office.Draft("l1", Pdf);
            Force(office, office.Opinion("l1", General, Proof.Opinion.Concur), General);
            office.Review("l1", Lawyer);
            Force(office, office.Release("l1", General), General);
        });
        yield return Row("The lawyer signs only beside the general, and not before.", "lacks approval by legal", office =>
        {
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, Lawyer);
        });
        yield return Row("The lawyer's turn is taken by the lawyer who drafted.", "lacks approval by legal", office =>
        {
            office.Draft("l1", Pdf, by: Lawyer);
            office.Review("l1", Lawyer);
            Force(office, office.Release("l1", General), General);
        });
        yield return Row("The lawyer concurred in an older version, and the turn counts for the newer.", "lacks approval by legal", office =>
        {
            office.Draft("l1", SmallPdf.Of("We stay"));
            office.Review("l1", Lawyer);
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General);
        });
        yield return Row("The lawyer took the concurrence back before the general's turn.", "objects to this version", office =>
        {
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            office.Review("l1", Lawyer, Proof.Opinion.Object);
            Force(office, office.Release("l1", General), General);
        });
        yield return Row("The lawyer's turn is taken by somebody who borrowed the drafter's role.", "lacks approval by legal", office =>
        {
            office.Lend(Lawyer, Operator, "legal");
            office.Draft("l1", Pdf, by: Lawyer);
            Force(office, office.Opinion("l1", Operator, Proof.Opinion.Concur), Operator);
            Force(office, office.Release("l1", General), General);
        });
        yield return Row("One person takes both turns.", "commander", office =>
        {
            office.EnrolBy([General, Lawyer], "both", "commander", "legal");
            office.Draft("l1", Pdf);
            office.Review("l1", "both");
            Force(office, office.Release("l1", "both"), "both");
        });
        yield return Row("The reviewers' order is told the other way round.", "not in the order of the ledger", office =>
        {
            office.Draft("l1", Pdf);
            var general = office.Opinion("l1", General, Proof.Opinion.Concur);
            Force(office, general, General);
            office.Review("l1", Lawyer);
            Force(office, office.Release("l1", General), General);
            var acts = office.Letter("l1");
            (acts[1], acts[2]) = (acts[2], acts[1]);
        });
        yield return Row("The lawyer who took the first turn has left office before the release was entered.", "has left office", office =>
        {
            office.Enrol("second-lawyer-to-be", "clerk");
            office.EnrolBy([General, Lawyer], "second-lawyer", "legal");
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            var release = office.Release("l1", General);
            office.Retire(Lawyer, General, "second-lawyer");
            Force(office, release, General, "second-lawyer");
        });
        yield return Row("A lawyer with a stolen key took the first turn.", "lacks approval by legal", office =>
        {
            office.EnrolBy([General, Lawyer], "second-lawyer", "legal");
            office.Draft("l1", Pdf);
            var since = office.Now;
            office.Review("l1", Lawyer);
            office.RetireSince(Lawyer, since, General, "second-lawyer");
            Force(office, office.Release("l1", General), General, "second-lawyer");
        });
        yield return Row("A policy whose stages leave a role out is adopted by those who may.", "does not stand: The policy that was adopted is not there", office =>
        {
            var bad = System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(Policy.Write(InTurn)).Replace("[[\"legal\"]", "[[\"clerk\"]", StringComparison.Ordinal));
            Force(office, new AdoptAct(office.Header(General)) { Policy = office.Keep(bad) }, General, Lawyer);
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            Force(office, office.Release("l1", General), General);
        });
        yield return Row("A weak policy is adopted, used before it counts, and adopted back.", "lacks approval by legal", office => // ATTACKS 12
        {
            office.Now = office.Now.AddDays(2);
            office.Adopt(Weak with { Wait = TimeSpan.FromHours(24) }, General, Lawyer);
            office.EnrolBy([RegistrarOne, RegistrarTwo], "second-clerk", "clerk");
            office.Draft("l1", Pdf);
            Force(office, office.Release("l1", General), General, "second-clerk");
            office.Adopt(DefaultPolicy with { Wait = TimeSpan.FromHours(24) }, General, Lawyer);
        }, DefaultPolicy with { Wait = TimeSpan.FromHours(24) });
        yield return Row("A freed text stands among the letter's acts.", "not in the order of the ledger", office =>
        {
            office.Send("l1", Pdf);
            var free = new FreeAct(office.Header(RegistrarOne)) { Text = Digest.Of(Pdf), Title = "We do NOT withdraw" };
            office.Letter("l1").Insert(2, office.Enter(free, RegistrarOne, Lawyer));
        });
        yield return Row("A message that was let pass stands among the letter's acts.", "not in the order of the ledger", office =>
        {
            office.Send("l1", Pdf);
            var pass = new PassAct(office.Header(RegistrarOne)) { Message = Digest.Of(Pdf), Reason = "It is urgent.", Until = office.Now.AddHours(24) };
            office.Letter("l1").Insert(2, office.Enter(pass, RegistrarOne, Lawyer));
        });
        yield return Row("A message that was let pass stands among the roster's acts.", "does not stand", office =>
        {
            var pass = new PassAct(office.Header(RegistrarOne)) { Message = Digest.Of(Pdf), Reason = "It is urgent.", Until = office.Now.AddHours(24) };
            office.Roster.Add(office.Enter(pass, RegistrarOne, Lawyer));
            office.Send("l1", Pdf);
        });
        yield return Row("A freed text stands among the roster's acts.", "does not stand", office =>
        {
            var free = new FreeAct(office.Header(RegistrarOne)) { Text = Digest.Of(Pdf), Title = "We do NOT withdraw" };
            office.Roster.Add(office.Enter(free, RegistrarOne, Lawyer));
            office.Send("l1", Pdf);
        });
        yield return Row("A freed text stands in the release's place as its roster.", "was not in office before it", office => // ATTACKS 7
        {
            office.Draft("l1", Pdf);
            var free = office.Enter(new FreeAct(office.Header(RegistrarOne)) { Text = Digest.Of(Pdf), Title = "We do NOT withdraw" }, RegistrarOne, Lawyer);
            Force(office, Under(office.Release("l1", General), free.Act.Digest), General, Lawyer);
        });
        yield return Row("A role is lent by an act dated back to a policy that lent for longer.", "does not stand: The policy lends roles for at most 1 days", office => // ATTACKS 22
        {
            var before = office.Now;
            office.Now = office.Now.AddDays(2);
            office.Adopt(DefaultPolicy with { DelegationDays = 1 }, General, Lawyer);
            office.Now = office.Now.AddDays(2);
            Force(office, new DelegateAct(office.Header(General) with { At = before }) { To = Operator, Role = "commander", Until = before.AddDays(29) }, General);
            office.Draft("l1", Pdf);
            var release = Under(office.Release("l1", Operator), office.Roster[^1].Act.Digest);
            Force(office, release, Operator, Lawyer);
        }, DefaultPolicy);
    }

    private static IEnumerable<AttackRow> OfTheStatusFile()
    {
        static AttackRow Row(string name, string because, Func<OfficeInMemory, byte[], Attempt> attack, VerdictKind expected = VerdictKind.GenuineStandingUnknown, int promise = 5) =>
            new(name, promise, expected, because, office =>
            {
                office.Send("l1", Pdf);
                return attack(office, office.Sealed("l1", Pdf));
            });
        // A status file written by hand and signed with the true statement key: [protected, unprotected, payload, signature], and its claims.
        static AttackRow Raw(string name, string because, Action<OfficeInMemory, CborNode>? message = null, Action<OfficeInMemory, CborNode>? claims = null, Func<byte[], byte[]>? bytes = null) =>
            Row(name, because, (office, file) =>
            {
                var root = CborNode.Read(office.Status());
                if (claims is not null)
                    root[0][2].Inside(c => claims(office, c));
                root[0][3].Data = office.StatementKey.Sign(Cose.ToBeSigned(root[0][0].Data, root[0][2].Data));
                message?.Invoke(office, root);
                return new Attempt(file, Status: bytes is null ? root.Write() : bytes(root.Write()));
            });
        static void Resign(OfficeInMemory office, CborNode root, Action<CborNode> header)
        {
            root[0][0].Inside(header);
            root[0][3].Data = office.StatementKey.Sign(Cose.ToBeSigned(root[0][0].Data, root[0][2].Data));
        }
        const string nothing = "The status file says nothing";

        yield return Raw("The status file is no CBOR.", nothing, bytes: _ => "in force"u8.ToArray());
        yield return Raw("The status file is empty.", nothing, bytes: _ => []);
        yield return Raw("A byte follows the status file.", nothing, bytes: b => [.. b, 0]);
        yield return Raw("The status file bears no tag.", nothing, bytes: b => b[1..]);
        yield return Raw("The status file bears a CWT's tag.", nothing, bytes: b => [0xD8, 0x3D, .. b]);
        yield return Raw("The status file is a COSE_Mac0.", nothing, bytes: b => [0xD1, .. b[1..]]);
        yield return Raw("The status file names its algorithm in the unprotected header.", "unprotected header", (o, r) =>
        {
            r[0][1].Items.AddRange([CborNode.Number(1), CborNode.Number(-8)]);
            Resign(o, r, h => h.Items.RemoveRange(h.IndexOf(1), 2));
        });
        yield return Raw("The status file has an unprotected header.", "unprotected header", (_, r) => r[0][1].Items.AddRange([CborNode.Number(99), CborNode.Null]));
        yield return Raw("The status file is of another type.", "not signed by the office", (o, r) => Resign(o, r, h => h[h.IndexOf(16) + 1] = CborNode.Text("application/cwt")));
        yield return Raw("The status file is of no type.", "not signed by the office", (o, r) => Resign(o, r, h => h.Items.RemoveRange(h.IndexOf(16), 2)));
        yield return Raw("The status file's algorithm is ES256.", "not signed by the office", (o, r) => Resign(o, r, h => h[1] = CborNode.Number(-7)));
        yield return Raw("The status file is signed by the ledger's key.", "not signed by the office", (o, r) => r[0][3].Data = o.LedgerKey.Sign(Cose.ToBeSigned(r[0][0].Data, r[0][2].Data)));
        yield return Raw("The status file's signature is zeros.", "not signed by the office", (_, r) => r[0][3].Data = new byte[64]);
        yield return Raw("The status file's signature is a byte short.", "has not 64 bytes", (_, r) => r[0][3].Data = r[0][3].Data[..63]);
        yield return Raw("The status file names no address.", nothing, claims: (_, c) => c.Items.RemoveRange(0, 2));
        yield return Raw("The status file's address has a slash more.", "another address", claims: (o, c) => c[1] = CborNode.Text(o.StatusAddress + "/"));
        yield return Raw("The status file has one bit a letter.", "two bits", claims: (_, c) => c[c.IndexOf(65533) + 1]["bits"].Value = 1);
        yield return Raw("The status file holds no list.", nothing, claims: (_, c) => c[c.IndexOf(65533) + 1].Items.RemoveRange(0, 2));
        yield return Raw("The list does not unpack.", "does not unpack", claims: (_, c) => c[c.IndexOf(65533) + 1]["lst"].Data = [1, 2, 3]);
        yield return Raw("The list is packed without its frame.", "does not unpack", claims: (_, c) => c[c.IndexOf(65533) + 1]["lst"].Data = c[c.IndexOf(65533) + 1]["lst"].Data[2..^4]);
        yield return Raw("The list unpacks to less than it must.", "does not unpack", claims: (_, c) => c[c.IndexOf(65533) + 1]["lst"].Data = Zlib(1000));
        yield return Raw("The list unpacks without end.", "does not unpack", claims: (_, c) => c[c.IndexOf(65533) + 1]["lst"].Data = Zlib(50_000_000));
        yield return Raw("A byte stands behind the packed list.", "does not unpack", claims: (_, c) => c[c.IndexOf(65533) + 1]["lst"].Data = [.. c[c.IndexOf(65533) + 1]["lst"].Data, 0]);
        yield return Raw("The packed list is cut in its checksum.", "does not unpack", claims: (_, c) => c[c.IndexOf(65533) + 1]["lst"].Data = c[c.IndexOf(65533) + 1]["lst"].Data[..^1]);
        yield return Raw("The status file names no ledger.", nothing, claims: (_, c) => c.Items.RemoveAll(i => i == c["size"]));
        yield return Raw("The status file has a claim more.", nothing, claims: (_, c) => c.Items.AddRange([CborNode.Text("more than all"), CborNode.Null]));
        yield return Raw("The status file names its time twice.", nothing, claims: (_, c) => c.Items.InsertRange(c.IndexOf(6), c.Items.GetRange(c.IndexOf(6), 2)));
        yield return Raw("The status file was made before all time.", nothing, claims: (_, c) => c[c.IndexOf(6) + 1] = CborNode.Number(-5));
        yield return Raw("The status file speaks for ten years.", "for longer than seven days, or for no time", claims: (_, c) => c[c.IndexOf(4) + 1].Value += 315_360_000);
        yield return Raw("The status file ends before it was made.", "for longer than seven days, or for no time", claims: (_, c) => c[c.IndexOf(4) + 1].Value -= 2 * 604_800);
        yield return Raw("The status file ends when it was made.", "for longer than seven days, or for no time", claims: (_, c) => c[c.IndexOf(4) + 1].Value -= 604_800);
        yield return Raw("The status file discloses a name.", "belongs in a receipt", claims: (_, c) => c["countersign"][4].Items.Add(CborNode.List(CborNode.Text("name"), CborNode.Bytes(new byte[16]), CborNode.Text("A. Jansen"))));
        yield return Raw("The status file brings no roster.", "does not bring the act that founded", claims: (_, c) => c["countersign"][0].Items.Clear());
        yield return Raw("The status file's roster lacks an act in its middle.", "does not stand", claims: (_, c) => c["countersign"][0].Items.RemoveAt(2));
        yield return Raw("The status file is of an empty ledger.", "before this letter was released", claims: (_, c) => c["size"].Value = 0);
        yield return Row("The status file is signed today with a key that was replaced.", "replaced since", (office, file) =>
        {
            var (old, size) = (office.StatementKey, office.Size);
            office.Rekey([General, Lawyer]);
            var trust = office.Trust();
            office.Roster.RemoveAt(office.Roster.Count - 1);
            return new Attempt(file, trust, office.Status(key: old, size: size));
        }, promise: 6);
        yield return Row("The status file is signed with a key of whose replacement the receipt alone tells.", "replaced since", (office, _) =>
        {
            var (old, size, trust) = (office.StatementKey, office.Size, office.Trust());
            office.Rekey([General, Lawyer]);
            var sealedAnew = office.Sealed("l1", Pdf);
            office.Roster.RemoveAt(office.Roster.Count - 1);
            return new Attempt(sealedAnew, trust, office.Status(key: old, size: size));
        }, promise: 6);
        yield return Row("The status file is signed with a key that was replaced, for a ledger that holds the replacement.", "not signed by the office", (office, file) =>
        {
            var old = office.StatementKey;
            office.Rekey([General, Lawyer]);
            return new Attempt(file, Status: office.Status(key: old));
        }, promise: 6);
        yield return Row("The status file brings keys of its own.", "does not stand", (office, file) =>
        {
            var trust = office.Trust();
            office.Rekey([], ledger: Stranger, statement: Stranger, forced: true, by: "phantom");
            return new Attempt(file, trust, office.Status());
        }, promise: 6);
        yield return Row("The status file says on hold, and no act does.", "but the signed acts in it prove",
            (office, file) => new Attempt(file, Status: office.Status([new(100, Standing.OnHold)])));
        yield return Row("The status file says replaced, and its act withdraws.", "It was withdrawn", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.Replaced)], [act]));
        }, VerdictKind.GenuineWithdrawn);
        yield return Row("The status file says withdrawn, and its act is a hold.", "on hold since", (office, file) =>
        {
            var act = office.Enter(office.Hold("l1", Lawyer), Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [act]));
        }, VerdictKind.GenuineOnHold);
        yield return Row("A hold is left out before the withdrawal that saw it.", "after its signers saw it", (office, file) =>
        {
            office.Enter(office.Hold("l1", Lawyer), Lawyer);
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [act]));
        });
        yield return Row("A lift is shown without the hold that it ends.", "could not follow", (office, file) =>
        {
            var hold = office.Enter(office.Hold("l1", Lawyer), Lawyer);
            var lift = office.Enter(office.Lift("l1", Staff, hold.Act.Digest), Staff, Lawyer);
            return new Attempt(file, Status: office.Status([], [lift]));
        });
        yield return Row("The lift of an earlier hold is shown for a later one.", "on hold since", (office, file) => // ATTACKS 5
        {
            var first = office.Enter(office.Hold("l1", Lawyer), Lawyer);
            var lift = office.Enter(office.Lift("l1", Staff, first.Act.Digest), Staff, Lawyer);
            var second = office.Enter(office.Hold("l1", RegistrarOne), RegistrarOne);
            var again = lift with { Index = second.Index + 1, Statement = Statement.Make(office.StatementKey, lift.Act, second.At, lift.Statement.Approvals) };
            return new Attempt(file, Status: office.Status([], [first, lift, second, again], size: office.Size + 1));
        }, VerdictKind.GenuineOnHold);
        yield return Row("A hold is lifted by one person.", "on hold since", (office, file) => // ATTACKS 5
        {
            var hold = office.Enter(office.Hold("l1", Lawyer), Lawyer);
            var lift = office.Lift("l1", General, hold.Act.Digest);
            return new Attempt(file, Status: office.Status([], [hold, office.Force(lift, office.Sign(lift, General))]));
        }, VerdictKind.GenuineOnHold);
        yield return new AttackRow("A hold is lifted by the person whose letter it holds.", 2, VerdictKind.GenuineOnHold, "on hold since", office => // ATTACKS 5
        {
            office.Draft("l1", Pdf, by: Staff);
            office.Enter(office.Release("l1", General), General, Lawyer);
            var file = office.Sealed("l1", Pdf);
            var hold = office.Enter(office.Hold("l1", RegistrarOne), RegistrarOne);
            var lift = office.Lift("l1", Staff, hold.Act.Digest);
            return new Attempt(file, Status: office.Status([], [hold, office.Force(lift, office.Sign(lift, Staff, Lawyer))]));
        });
        yield return Row("The same person holds the letter again after a lift.", "the people whom the policy demands have not signed", (office, file) => // ATTACKS 23
        {
            var hold = office.Enter(office.Hold("l1", Lawyer), Lawyer);
            var lift = office.Enter(office.Lift("l1", Staff, hold.Act.Digest), Staff, Lawyer);
            var again = office.Hold("l1", Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.OnHold)], [hold, lift, office.Force(again, office.Sign(again, Lawyer))]));
        });
        yield return Row("A withdrawal is finished after its end.", "was to be finished", (office, file) =>
        {
            var act = office.Withdraw("l1", Staff);
            office.Now = office.Now.AddDays(3);
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [office.Force(act, office.Sign(act, Staff, Lawyer))]));
        });
        yield return Row("A letter is withdrawn a second time, with other words.", "It was sent by mistake", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            var next = office.Withdraw("l1", Staff, "Because.");
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [act, office.Force(next, office.Sign(next, Staff, Lawyer))]));
        }, VerdictKind.GenuineWithdrawn);
        yield return Row("An act stands beyond the ledger that the status file speaks of.", "not in the order of the ledger", (office, file) =>
        {
            var size = office.Size;
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [act], size: size));
        });
        yield return Row("A withdrawal is dated before the release.", "not in the order of the ledger", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            var early = act with { Statement = Statement.Make(office.StatementKey, act.Act, office.History("l1").Release!.At.AddSeconds(-1), act.Statement.Approvals) };
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [early]));
        });
        yield return Row("A withdrawal stands at the release's own place.", "not in the order of the ledger", (office, file) =>
        {
            var act = office.Enter(office.Withdraw("l1", Staff), Staff, Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [act with { Index = office.History("l1").Release!.Index }]));
        });
        yield return Row("A hold that was entered is left out, and the bit says so.", "but the signed acts in it prove", (office, file) =>
        {
            office.Enter(office.Hold("l1", Lawyer), Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.OnHold)]));
        });
        yield return Row("Somebody who left office withdraws under the roster of before.", "the people whom the policy demands have not signed", (office, file) => // ATTACKS 3
        {
            var act = office.Withdraw("l1", Staff);
            office.Retire(Lawyer, General, Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.Withdrawn)], [office.Force(act, office.Sign(act, Staff, Lawyer))]));
        });
        yield return Row("Somebody who left office holds a letter under the roster of before.", "the people whom the policy demands have not signed", (office, file) => // ATTACKS 4
        {
            var act = office.Hold("l1", Lawyer);
            office.Retire(Lawyer, General, Lawyer);
            return new Attempt(file, Status: office.Status([new(100, Standing.OnHold)], [office.Force(act, office.Sign(act, Lawyer))]));
        });
        yield return new AttackRow("A letter reads as in force before its day.", 2, VerdictKind.GenuineNotYet, "It comes into force on", office => // ATTACKS 22
        {
            office.Enter(office.Version("l1", Pdf, notBefore: office.Now.AddDays(3)), Drafter);
            office.Enter(office.Release("l1", General), General, Lawyer);
            return new Attempt(office.Sealed("l1", Pdf));
        });
        yield return Row("There is no status file at all.", "There is no status file", (_, file) => new Attempt(file, Bare: true)); // ATTACKS 14
        yield return new AttackRow("A letter is released again, with another place in the status list.", 2, VerdictKind.NotApproved, "is released already", office =>
        {
            office.Send("l1", Pdf);
            var first = office.Letter("l1")[^1];
            var again = office.Release("l1", General);
            var second = office.Force(again, office.Sign(again, General, Lawyer));
            return new Attempt(office.Seal(Pdf, office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1), first, second] }, release: second)));
        });
    }

    private static byte[] Zlib(int length)
    {
        using var output = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(output, System.IO.Compression.CompressionLevel.Fastest))
            zlib.Write(new byte[length]);
        return output.ToArray();
    }

    /// <summary>A hold that travels as a file of its own: it stops, and what only looks like one does not (DESIGN §3, ATTACKS 4).</summary>
    private static IEnumerable<AttackRow> OfTheSignedHold()
    {
        static AttackRow Row(string name, Func<OfficeInMemory, byte[]> hold, VerdictKind expected = VerdictKind.GenuineStandingUnknown, string because = "There is no status file", Func<OfficeInMemory, TrustRoot>? trust = null) =>
            new(name, 5, expected, because, office =>
            {
                office.Send("l1", Pdf);
                var file = office.Sealed("l1", Pdf);
                var held = hold(office);
                return new Attempt(file, trust?.Invoke(office), held);
            });
        static byte[] Signed(OfficeInMemory office, HoldAct hold, params string[] signers) => SignedHold.Write(hold, office.Sign(hold, signers));
        const VerdictKind on = VerdictKind.GenuineOnHold;
        const string since = "on hold since";

        yield return Row("The server swallows a hold, and its stopper shows the file.", office => Signed(office, office.Hold("l1", RegistrarTwo), RegistrarTwo), on, since);
        yield return Row("The server swallows a hold and says in force, and its stopper shows the file.",
            office => Signed(office, office.Hold("l1", RegistrarTwo), RegistrarTwo), on, since, office => office.Trust(office.Status()));
        yield return Row("The server moves the roster on so that a hold comes too late.", office =>
        {
            var hold = office.Hold("l1", RegistrarTwo);
            office.Enrol("somebody", "clerk");
            office.Lend(General, Operator, "commander");
            office.Adopt(DefaultPolicy with { DelegationDays = 9 }, General, Lawyer);
            return Signed(office, hold, RegistrarTwo);
        }, on, since, office => office.Trust(office.Status()));
        yield return Row("The hold is of a roster that nobody knows.", office =>
        {
            var hold = office.Hold("l1", RegistrarTwo);
            return Signed(office, new HoldAct(hold.Header with { Roster = Digest.Of([1]) }) { Letter = "l1" }, RegistrarTwo);
        }, on, since);
        yield return Row("A hold made before the release was swallowed.", office =>
        {
            var hold = office.Hold("l1", Lawyer);
            return Signed(office, new HoldAct(hold.Header with { At = hold.At.AddHours(-1) }) { Letter = "l1" }, Lawyer);
        }, on, since);
        yield return Row("A hold is signed by somebody who may not stop.", office => Signed(office, office.Hold("l1", Operator), Operator));
        yield return Row("A hold is signed in another's name.", office =>
        {
            var hold = office.Hold("l1", RegistrarTwo);
            return SignedHold.Write(hold, [office.KeyOf("phantom").Approve(RegistrarTwo, hold.Digest)]);
        });
        yield return Row("A hold is signed by another than its author.", office => Signed(office, office.Hold("l1", RegistrarTwo), RegistrarOne));
        yield return Row("A hold bears no signature.", office => Signed(office, office.Hold("l1", RegistrarTwo)));
        yield return Row("A hold is of another letter.", office => Signed(office, office.Hold("l2", RegistrarTwo), RegistrarTwo));
        yield return Row("A hold is of another office.", office =>
        {
            var hold = office.Hold("l1", RegistrarTwo);
            return Signed(office, new HoldAct(hold.Header with { Office = "other.example" }) { Letter = "l1" }, RegistrarTwo);
        });
        yield return new AttackRow("A hold is signed by somebody who left office.", 5, VerdictKind.GenuineStandingUnknown, "There is no status file", office =>
        {
            office.Enrol("deputy", "registrar");
            office.Retire("deputy", RegistrarOne, RegistrarTwo);
            office.Send("l1", Pdf);
            return new Attempt(office.Sealed("l1", Pdf), Status: Signed(office, office.Hold("l1", "deputy"), "deputy"));
        });
        yield return Row("A hold is dated after the day asked for.", office =>
        {
            var hold = office.Hold("l1", RegistrarTwo);
            return Signed(office, new HoldAct(hold.Header with { At = office.Now.AddDays(1) }) { Letter = "l1" }, RegistrarTwo);
        });
        yield return new AttackRow("A hold is dated back to a policy by which its author could stop.", 2, VerdictKind.GenuineStandingUnknown, "There is no status file", _ =>
        {
            var office = Staffed(DefaultPolicy with { Stop = [new Need(["operations", "registrar"], 1)] });
            var before = office.Now;
            office.Now = office.Now.AddDays(3);
            office.Adopt(DefaultPolicy, General, Lawyer);
            office.Send("l1", Pdf);
            var hold = office.Hold("l1", Operator);
            return new Attempt(office.Sealed("l1", Pdf), office.Trust(), Signed(office, new HoldAct(hold.Header with { At = before }) { Letter = "l1" }, Operator), office.Now);
        });
        yield return Row("A hold file brings an act that is no hold.", office =>
        {
            var withdraw = office.Withdraw("l1", Staff);
            var file = CborNode.Read(Signed(office, office.Hold("l1", RegistrarTwo), RegistrarTwo));
            file[1].Data = withdraw.Bytes.ToArray();
            return file.Write();
        });
        yield return Row("A byte follows a hold file.", office => [.. Signed(office, office.Hold("l1", RegistrarTwo), RegistrarTwo), 0]);
        yield return Row("A hold file is a list of no stated length.", office =>
        {
            var file = CborNode.Read(Signed(office, office.Hold("l1", RegistrarTwo), RegistrarTwo));
            file.Endless = true;
            return file.Write();
        }, because: "The status file says nothing");
        yield return Row("A hold file has a part more.", office =>
        {
            var file = CborNode.Read(Signed(office, office.Hold("l1", RegistrarTwo), RegistrarTwo));
            file.Items.Add(CborNode.Null);
            return file.Write();
        }, because: "The status file says nothing");
        yield return Row("A hold file's act has a blank.", office =>
        {
            var file = CborNode.Read(Signed(office, office.Hold("l1", RegistrarTwo), RegistrarTwo));
            file[1].Data = [.. file[1].Data, 32];
            return file.Write();
        });
    }
}
