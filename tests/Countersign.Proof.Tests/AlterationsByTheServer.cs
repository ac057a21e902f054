using Countersign.Proof.Tests.Bench;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <content>Attacks by a server with every office key: its seals and ledger proofs are true, what they speak of is not.</content>
public sealed partial class AlterationTests
{
    private static IEnumerable<AttackRow> OfTheSeal()
    {
        static AttackRow Row(string name, string because, Func<OfficeInMemory, byte[]> attack) =>
            new(name, 1, VerdictKind.Altered, because, office => new Attempt(attack(office)));
        const string other = "The seal is not the one";

        yield return Row("The office's key seals other pages with the receipt of approved ones.", "The pages are not the ones", office =>
        {
            office.Send("l1", Pdf);
            return office.Seal(SmallPdf.Of("We withdraw"), office.Receipt("l1", Pdf));
        });
        yield return Row("The office's key seals with the receipt of another letter of the same length.", "The pages are not the ones", office =>
        {
            office.Send("l1", Pdf);
            office.Send("l2", SmallPdf.Of("We do now withdraw"));
            return office.Seal(Pdf, office.Receipt("l2", Pdf));
        });
        yield return Row("The office's key signs an update whose mark covers the page.", other, office => office.SignAgain(
            Bytes.Replace(Honest(office), "0 0 170 60 re f", "-900 0 999 9 re")));
        yield return Row("The office's key signs an update that moves the mark over the text.", other, office => office.SignAgain(
            Bytes.Flip(Honest(office), "/Rect[", 6, last: true)));
        yield return Row("The office's key signs an update that replaces the page's content.", other, office => office.SignAgain(
            Bytes.Insert(Honest(office), "xref\n", "4 0 obj\n<</Length 2>>stream\nBT\nendstream\nendobj\n")));
        yield return Row("The office's key signs an update that changes the page dictionary.", other, office => office.SignAgain(
            Bytes.Replace(Honest(office), "/Contents 4 0 R", "/Contents 9 0 R")));
        yield return Row("The office's key signs an update that adds an object which nothing shows.", other, office => office.SignAgain(
            Bytes.Insert(Honest(office), "xref\n", "90 0 obj\n(evil.example)\nendobj\n")));
        yield return Row("The office's key signs a comment into the update.", other, office => office.SignAgain(
            Bytes.Insert(Honest(office), "xref\n", "% We withdraw\n")));
        yield return Row("The office's key signs an update behind the seal.", "added behind the seal", office => office.SignAgain(SecondUpdate(Honest(office))));
        yield return Row("The office's key signs a seal that permits changes.", other, office => office.SignAgain(
            Bytes.Replace(Honest(office), "/P 1/V", "/P 2/V")));
        yield return Row("The mark's code leads to another address.", other, office =>
        {
            office.Send("l1", Pdf);
            var receipt = office.Receipt("l1", Pdf);
            var draft = new MarkPlace(1, MarkCorner.TopLeft);
            return office.Seal(Pdf, receipt, receipt.Plan()! with { Address = "https://evil.example/l/AAAAAAAAAAAAAAAAAAAAAA#AAAAAAAAAAAAAAAAAAAAAA", Place = draft });
        });
        yield return Row("A mark stands where the draft has none.", other, office =>
        {
            office.Send("l1", Pdf);
            var receipt = office.Receipt("l1", Pdf);
            return office.Seal(Pdf, receipt, receipt.Plan()! with { Place = new MarkPlace(1, MarkCorner.BottomLeft) });
        });
        yield return Row("The mark names another reference.", other, office =>
        {
            office.Enter(office.Version("l1", Pdf, mark: new MarkPlace(1, MarkCorner.TopRight)), Drafter);
            office.Enter(office.Release("l1", General), General, Lawyer);
            var receipt = office.Receipt("l1", Pdf);
            return office.Seal(Pdf, receipt, receipt.Plan()! with { Reference = "EX-2020-0001" });
        });
        yield return Row("A page draws an object that it never defines, and the seal defines it.", other, office =>
        {
            var pdf = SmallPdf.DrawingTheNextObject();
            var file = Honest(office, pdf: pdf);
            // The seal numbers its form 13, above the 8 that the page names; this one takes the 8.
            return office.SignAgain(Bytes.Replace(Bytes.Replace(file, "\n11 0 obj\n", "\n08 0 obj\n"), "/N 13 0 R", "/N 08 0 R"));
        });
        yield return Row("The receipt says another length of the fair copy.", "The pages are not the ones", office =>
        {
            office.Send("l1", Pdf);
            return office.Seal(Pdf, office.Receipt("l1", [.. Pdf, 10]));
        });
        yield return Row("The receipt brings another certificate.", "another certificate", office =>
        {
            office.Send("l1", Pdf);
            var receipt = office.Receipt("l1", Pdf, certificate: OtherCertificate);
            return office.Seal(Pdf, receipt);
        });
        yield return Row("The receipt brings no release.", "does not bring the acts", office =>
        {
            office.Send("l1", Pdf);
            var plan = office.Receipt("l1", Pdf).Plan();
            return office.Seal(Pdf, office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1)] }), plan);
        });
        yield return Row("The receipt brings no draft.", "does not bring the acts", office =>
        {
            office.Send("l1", Pdf);
            var plan = office.Receipt("l1", Pdf).Plan();
            return office.Seal(Pdf, office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.Skip(1)] }), plan);
        });
        yield return Row("Acts follow the release in the receipt.", "does not bring the acts", office =>
        {
            office.Send("l1", Pdf);
            var plan = office.Receipt("l1", Pdf).Plan();
            var hold = office.Enter(office.Hold("l1", Lawyer), Lawyer);
            return office.Seal(Pdf, office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters, hold] }), plan);
        });
    }

    private static byte[] OtherCertificate { get; } = NewCertificate(System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256));

    private static IEnumerable<AttackRow> OfTheLedger()
    {
        static AttackRow Row(string name, string because, Func<OfficeInMemory, Receipt> attack, int promise = 6) => new(
            name, promise, VerdictKind.NotInLedger, because, office =>
            {
                office.Send("l1", Pdf);
                return new Attempt(office.Seal(Pdf, attack(office)));
            });
        var stranger = Ed25519PrivateKey.Create();

        yield return Row("The proof is of a larger ledger than the checkpoint.", "", office => office.Receipt("l1", Pdf, size: office.Size + 1));
        yield return Row("The proof is of a smaller ledger than the checkpoint.", "", office => office.Receipt("l1", Pdf, size: office.Size - 1));
        yield return Row("The release claims an earlier place in the ledger.", "", office => office.Receipt("l1", Pdf, index: 3));
        yield return Row("The release claims a place beyond the ledger.", "the path", office => office.Receipt("l1", Pdf, index: office.Size));
        yield return Row("The evidence puts the release at another place than the proof.", "another place", office => office.Receipt(
            "l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1), e.Letters[^1] with { Index = e.Letters[^1].Index + 1 }] }));
        yield return Row("The checkpoint is of another origin.", "the checkpoint is not signed", office => office.Receipt(
            "l1", Pdf, checkpoint: office.Checkpoint(origin: "evil.example/ledger")));
        yield return Row("The checkpoint is signed by another key.", "the checkpoint is not signed", office => office.Receipt(
            "l1", Pdf, checkpoint: office.Checkpoint(stranger)));
        yield return Row("The checkpoint names another root.", "another size or root", office => office.Receipt(
            "l1", Pdf, checkpoint: office.Checkpoint(root: Digest.Of([1]))));
        yield return Row("The checkpoint names another size.", "another size or root", office => office.Receipt(
            "l1", Pdf, checkpoint: office.Checkpoint(size: office.Size + 1)));
        yield return Row("The checkpoint is no note.", "the checkpoint is not signed", office => office.Receipt("l1", Pdf, checkpoint: "none\n"));
        yield return Row("The ledger's key signed another root.", "did not sign the root", office => office.Receipt("l1", Pdf, root: Digest.Of([1])));
        yield return Row("The statement was signed by another key and entered in the ledger.", "the statement of the release act is not the office's", office =>
        {
            var release = (ReleaseAct)office.History("l1").Release!.Act;
            var key = office.StatementKey;
            office.StatementKey = stranger;
            var entered = office.Record(release, office.Sign(release, General), office.Letter("l1")[1].Approvals);
            office.StatementKey = key;
            return office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1), entered] }, release: entered);
        });
        yield return Row("The draft's statement is signed by another key.", "the statement of the draft act", office =>
        {
            var draft = office.Letter("l1")[0];
            var forged = draft with { Statement = Statement.Make(stranger, draft.Act, draft.At, Statement.DigestOf(draft.Approvals)) };
            return office.Receipt("l1", Pdf, e => e with { Letters = [forged, .. e.Letters.Skip(1)] });
        });
        yield return Row("An act travels with the statement of another act.", "the statement of the draft act", office =>
        {
            var (draft, review) = (office.Letter("l1")[0], office.Letter("l1")[1]);
            return office.Receipt("l1", Pdf, e => e with { Letters = [draft with { Statement = review.Statement }, .. e.Letters.Skip(1)] });
        });
        yield return Row("The evidence dates the release otherwise than the ledger did.", "another statement of the release", office =>
        {
            var release = office.History("l1").Release!;
            var early = Statement.Make(office.StatementKey, release.Act, release.At.AddSeconds(-1), release.Statement.Approvals);
            return office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1), release with { Statement = early }] });
        });
        yield return Row("The release was entered without approvals, which the evidence brings later.", "another statement of the release", office =>
        {
            var release = office.History("l1").Release!;
            var bare = office.Record(release.Act, []);
            var late = release with { Index = bare.Index };
            return office.Receipt("l1", Pdf, e => e with { Letters = [.. e.Letters.SkipLast(1), late] }, release: bare);
        }, promise: 2);
        yield return new AttackRow("The ledger shows the trust file's holder another tree of the same size.", 6, VerdictKind.NotInLedger, "a fork", office =>
        {
            office.Send("l1", Pdf);
            var trust = office.Trust() with { Checkpoint = office.Checkpoint(root: Digest.Of([1])) };
            return new Attempt(office.Sealed("l1", Pdf), trust);
        });
        yield return new AttackRow("The trust file names another ledger key than the founding act.", 4, VerdictKind.NotInLedger, "other keys", office =>
        {
            office.Send("l1", Pdf);
            return new Attempt(office.Sealed("l1", Pdf), office.Trust() with { Keys = [new KeyRange(0, office.FoundAct.Keys with { Ledger = stranger.Public })] });
        });
        yield return new AttackRow("Another ledger's key signs for the office.", 4, VerdictKind.Altered, "its form", office =>
        {
            office.Send("l1", Pdf);
            var receipt = office.Receipt("l1", Pdf, ledgerKey: stranger);
            return new Attempt(office.Seal(Pdf, receipt));
        });
        yield return new AttackRow("Somebody founds an office of the same name and domain.", 4, VerdictKind.UnknownOffice, "calls itself", office =>
        {
            var twin = Staffed();
            twin.Send("l1", Pdf);
            return new Attempt(twin.Sealed("l1", Pdf));
        });
        yield return new AttackRow("A letter of an exercise is shown as the real thing.", 4, VerdictKind.Exercise, "exercise", _ =>
        {
            var exercise = Staffed(exercise: true, domain: "exercise.example");
            exercise.Send("l1", Pdf);
            return new Attempt(exercise.Sealed("l1", Pdf), exercise.Trust() with { Exercise = false }, exercise.Status());
        });
        yield return new AttackRow("The mark of a letter of an exercise does not say so.", 4, VerdictKind.Altered, "The seal is not the one", _ =>
        {
            var exercise = Staffed(exercise: true, domain: "exercise.example");
            exercise.Enter(exercise.Version("l1", Pdf, mark: new MarkPlace(1, MarkCorner.TopRight)), Drafter);
            exercise.Enter(exercise.Release("l1", General), General, Lawyer);
            var receipt = exercise.Receipt("l1", Pdf);
            return new Attempt(exercise.Seal(Pdf, receipt, receipt.Plan()! with { Exercise = false }), exercise.Trust());
        });
    }
}
