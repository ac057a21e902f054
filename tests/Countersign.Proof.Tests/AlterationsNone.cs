using System.Text.Json;
using Countersign.Proof.Tests.Bench;
using Xunit;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <content>Beside the attacks, letters that nobody attacked: whoever refuses everything refuses these, too. And the way to another checker.</content>
public sealed partial class AlterationTests
{
    /// <summary>Genuine letters in force, one for each thing that an office may do on the way.</summary>
    internal static readonly AttackRow[] Untouched = [.. OfNothing()];

    private static IEnumerable<AttackRow> OfNothing()
    {
        static AttackRow Row(string name, Func<OfficeInMemory, Attempt> honest) => new(name, 4, VerdictKind.GenuineInForce, "it stands", honest);
        static Attempt Sent(OfficeInMemory office)
        {
            office.Send("l1", Pdf);
            return Held(office, office.Sealed("l1", Pdf));
        }

        yield return Row("A letter is released.", Sent);
        yield return Row("A letter is released with a mark.", office => new Attempt(Honest(office)));
        foreach (var kind in Enum.GetValues<PasskeyKind>())
            yield return Row($"A letter is released with a passkey of kind {kind}.", _ => Sent(Staffed(passkeys: new Dictionary<string, SoftAuthenticator> { [General] = new(kind, backupEligible: true) })));
        yield return Row("A letter is released with every key a passkey.", _ => Sent(Staffed(
            DefaultPolicy with { Assurances = new Dictionary<string, Assurance> { ["legal"] = Assurance.Passkey, ["commander"] = Assurance.Passkey, ["registrar"] = Assurance.Passkey } },
            passkeys: new Dictionary<string, SoftAuthenticator> { [RegistrarOne] = new(), [RegistrarTwo] = new(PasskeyKind.EdDsa), [General] = new(), [Lawyer] = new(PasskeyKind.Rs256), [Drafter] = new() })));
        yield return Row("A letter is released after the keys were replaced.", office =>
        {
            office.Rekey([General, Lawyer], seal: System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256));
            return Sent(office);
        });
        yield return Row("A letter was released before the keys were replaced.", office =>
        {
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            office.Rekey([General, Lawyer]);
            return Held(office, file);
        });
        yield return Row("A letter is released in a new epoch.", office =>
        {
            NewEpoch(office, office.Size);
            return Sent(office);
        });
        yield return Row("A letter stood before the part of the ledger that was lost.", office =>
        {
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            NewEpoch(office, office.Size);
            return Held(office, file);
        });
        yield return Row("A letter is released by reviewers in turn.", _ => Sent(Staffed(InTurn)));
        yield return Row("A letter is released by a lent role.", office =>
        {
            office.Lend(General, Operator, "commander");
            office.Draft("l1", Pdf);
            office.Review("l1", Lawyer);
            office.Enter(office.Release("l1", Operator), Operator);
            return Held(office, office.Sealed("l1", Pdf));
        });
        yield return Row("A letter was approved before the key was stolen.", office =>
        {
            office.Send("l1", Pdf);
            var file = office.Sealed("l1", Pdf);
            office.RetireSince(Lawyer, office.Now, General, Lawyer);
            return Held(office, file);
        });
        yield return Row("A letter is released after an objection that was answered, a new version, a hold and its lift.", office =>
        {
            office.Draft("l1", SmallPdf.Of("We stay"));
            office.Review("l1", Staff, Proof.Opinion.Object);
            office.Draft("l1", Pdf);
            office.Review("l1", Operator, Proof.Opinion.Return);
            office.Review("l1", Operator);
            var hold = office.Enter(office.Hold("l1", RegistrarOne), RegistrarOne);
            office.Enter(office.Lift("l1", Staff, hold.Act.Digest), Staff, Lawyer);
            office.Review("l1", Lawyer);
            office.Enter(office.Release("l1", General), General);
            return Held(office, office.Sealed("l1", Pdf));
        });
        yield return Row("A letter whose findings ask for more is released with more.", office =>
        {
            office.Draft("l1", Pdf, findings: ["wording.commitment"]);
            office.Enter(office.Release("l1", General), General, Lawyer, Staff);
            return Held(office, office.Sealed("l1", Pdf));
        });
        yield return Row("A policy is adopted, waits, and releases a letter of a new kind.", office =>
        {
            office.Adopt(DefaultPolicy with { Kinds = new Dictionary<string, IReadOnlyList<Need>> { ["press"] = [One("operations"), One("chief-of-staff")] } }, General, Lawyer);
            office.Draft("l1", Pdf, kind: "press");
            office.Enter(office.Release("l1", Staff), Staff, Operator);
            return Held(office, office.Sealed("l1", Pdf));
        });
    }

    public static TheoryData<string> UntouchedNames => [.. Untouched.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(UntouchedNames))]
    public void A_letter_that_nobody_attacked_is_genuine_and_in_force(string name)
    {
        var verdict = Untouched.Single(r => r.Name == name).Attempted().Judged();
        Assert.True(verdict.Kind == VerdictKind.GenuineInForce, $"{name}: {verdict.Kind}, {verdict.Reasons[0]}");
    }

    /// <summary>
    /// What stands in files is all that a verdict needs: read back from them, every tenth attempt gets the verdict that it got in memory. With
    /// COUNTERSIGN_ATTACKS=FOLDER all of them are written there, for another checker.
    /// </summary>
    [Fact]
    public void Every_attempt_can_be_handed_over_in_files()
    {
        var kept = Environment.GetEnvironmentVariable("COUNTERSIGN_ATTACKS");
        var folder = kept ?? Directory.CreateTempSubdirectory("countersign-attacks-").FullName;
        try
        {
            AttackRow[] all = [.. Rows, .. Untouched];
            AttackRow[] rows = kept is null ? [.. all.Where((_, i) => i % 10 == 0)] : all;
            var lines = File.ReadAllLines(AttackExport.Write(folder, rows));
            Assert.Equal(rows.Length, lines.Length);
            foreach (var (line, row) in lines.Zip(rows))
            {
                using var json = JsonDocument.Parse(line);
                byte[]? Read(string name) => json.RootElement.GetProperty(name).GetString() is { } path ? File.ReadAllBytes(path) : null;
                Assert.True(TrustRoot.TryRead(Read("trust"), out var trust, out var fault), fault);
                Assert.True(Text.TryMoment(json.RootElement.GetProperty("at").GetString()!, out var at));
                Assert.Equal(row.Expected, new Attempt(Read("file")!, trust, Read("status"), at).Judged().Kind);
            }
        }
        finally
        {
            if (kept is null)
                Directory.Delete(folder, recursive: true);
        }
    }
}
