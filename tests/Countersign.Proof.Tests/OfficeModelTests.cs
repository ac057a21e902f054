using Countersign.Proof.Tests.Bench;
using CsCheck;
using Xunit;
using static Countersign.Proof.Tests.Bench.OfficeInMemory;

namespace Countersign.Proof.Tests;

/// <summary>
/// Random histories of whole offices. In the honest ones everybody does what they like, and what comes out is held against rules that are written here
/// once more, in the plainest way. In the hostile ones the server forges, drops, repeats and exchanges whatever it likes, with the help of nobody, of one
/// person who holds every role, or of two of the same role: nothing that it makes is genuine.
/// </summary>
public sealed class OfficeModelTests(ITestOutputHelper output)
{
    private static readonly string[] Kinds =
        ["enrol", "retire", "delegate", "adopt", "rekey", "draft", "revise", "review", "release", "hold", "lift", "withdraw", "correct", "free", "wait"];

    // What leads to a released letter is done more often than what ends one, or few histories would come so far.
    private static readonly int[] Often = [.. Enumerable.Range(0, Kinds.Length), .. Enumerable.Repeat(5, 2), .. Enumerable.Repeat(7, 2), .. Enumerable.Repeat(8, 5), 9, 9];

    /// <summary>One thing that is done, as numbers from which everything about it follows.</summary>
    private sealed record Step(int Kind, int A, int B, int C, int D);

    private static readonly Gen<Step> Steps =
        Gen.Select(Gen.Int[0, Often.Length - 1].Select(i => Often[i]), Gen.Int[0, 9999], Gen.Int[0, 9999], Gen.Int[0, 9999], Gen.Int[0, 9999], (k, a, b, c, d) => new Step(k, a, b, c, d));

    [Fact]
    public void Whatever_people_do_a_letter_leaves_with_two_of_them_who_did_not_draft_it_and_any_one_of_them_stops_it()
    {
        var done = new Dictionary<string, int>();
        var refused = new Dictionary<string, int>();
        var verdicts = new Dictionary<VerdictKind, int>();
        Steps.Array[40, 80].Sample(steps =>
        {
            var office = Staffed(passkeys: new Dictionary<string, SoftAuthenticator> { [Staff] = new() });
            var world = new World(office, [RegistrarOne, RegistrarTwo, Drafter, Lawyer, General, Staff, Operator]);
            foreach (var step in steps)
            {
                var (kind, entered) = world.Do(step, world.InOffice);
                Count(entered ? done : refused, kind);
            }
            foreach (var letter in world.Letters.Where(l => office.History(l).Release is not null))
            {
                var verdict = Check(world, letter);
                Count(verdicts, verdict);
            }
        }, iter: 60, threads: 1);

        output.WriteLine($"done: {Words(done)}\nrefused: {Words(refused)}\nverdicts: {Words(verdicts)}");
        Assert.All(Kinds, kind => Assert.True(done.GetValueOrDefault(kind) > 0, $"Nobody ever managed to {kind}: the histories prove nothing of it."));
        Assert.All(Kinds.Except(["wait", "draft"]), kind => Assert.True(refused.GetValueOrDefault(kind) > 0, $"Nobody was ever refused to {kind}: the histories prove nothing of it."));
        Assert.All((VerdictKind[])[VerdictKind.GenuineInForce, VerdictKind.GenuineOnHold, VerdictKind.GenuineWithdrawn, VerdictKind.GenuineReplaced],
            kind => Assert.True(verdicts.GetValueOrDefault(kind) > 0, $"No history ended with a letter that is {kind}."));
    }

    /// <summary>Holds a released letter of a history against the plain rules.</summary>
    private static VerdictKind Check(World world, string letter)
    {
        var office = world.Office;
        var history = office.History(letter);
        var file = world.Copies[letter];
        var after = office.Letter(letter).SkipWhile(a => a.Act is not ReleaseAct).Skip(1).ToArray();
        var standing = history.Ending?.Act is WithdrawAct ? Standing.Withdrawn : history.Ending is not null ? Standing.Replaced
            : history.StandingHolds.Count > 0 ? Standing.OnHold : Standing.InForce;
        var status = office.Status([new(((ReleaseAct)history.Release!.Act).Status, standing)], after);
        var trust = office.Trust();
        var verdict = new Attempt(file, trust, status, office.Now).Judged();
        var since = office.Chain.Stolen;
        var wanted = standing switch
        {
            Standing.Withdrawn => VerdictKind.GenuineWithdrawn,
            Standing.Replaced => VerdictKind.GenuineReplaced,
            Standing.OnHold => VerdictKind.GenuineOnHold,
            _ => VerdictKind.GenuineInForce,
        };
        // A key that turned out to be stolen may take the ground from under a letter; nothing else does.
        Assert.True(verdict.Kind == wanted || (verdict.Kind == VerdictKind.NotApproved && since.Count > 0) || (since.Count > 0 && verdict.Kind == VerdictKind.GenuineOnHold),
            $"{letter}: {verdict.Kind} and not {wanted}: {verdict.Reasons[0]}");

        // Two different people, with keys of their own, none of whom drafted any version; and they fill the places of the rule, each one.
        var people = verdict.Approvals.Select(a => a.Person).ToArray();
        if (verdict.Kind > VerdictKind.Exercise)
        {
            Assert.True(people.Distinct().Count() >= 2 && people.Distinct().Count() == people.Length, "Fewer than two people approved.");
            Assert.DoesNotContain(history.Drafters, drafter => people.Contains("Name of " + drafter));
            var roles = verdict.Approvals.SelectMany(a => a.Roles).Select(r => r.Replace(" (lent)", "", StringComparison.Ordinal)).ToArray();
            Assert.Superset(new HashSet<string>(history.CurrentDraft!.LetterKind == "notice" ? ["operations", "commander"] : ["legal", "commander"]), roles.ToHashSet());
        }

        // Any one stopper, at any time, with a file in hand and nobody's help.
        var stoppers = office.Chain.Newest.Members.Values.Where(m => m.CountsFrom <= office.Now && m.Roles.Any(r => r is "registrar" or "legal" or "commander" or "chief-of-staff")).ToArray();
        foreach (var stopper in stoppers.Where(m => !history.LiftedHoldOf(m.Person)))
        {
            var hold = office.Hold(letter, stopper.Person);
            var held = new Attempt(file, office.Trust(status), SignedHold.Write(hold, office.Sign(hold, stopper.Person)), office.Now).Judged();
            Assert.True(held.Kind is VerdictKind.GenuineOnHold or VerdictKind.GenuineWithdrawn or VerdictKind.GenuineReplaced or VerdictKind.NotApproved,
                $"{stopper.Person} could not stop {letter}: {held.Kind}, {held.Reasons[^1]}");
            Assert.Equal(held.Kind == VerdictKind.NotApproved, verdict.Kind == VerdictKind.NotApproved);
        }
        return verdict.Kind;
    }

    [Theory]
    [InlineData("a server with every office key and nobody's help")]
    [InlineData("a server and one person with every role")]
    [InlineData("a server and two lawyers")]
    [InlineData("a server and two generals")]
    [InlineData("a server and two registrars")]
    public void Nothing_that_a_server_makes_without_two_who_may_is_genuine(string who)
    {
        var done = new Dictionary<string, int>();
        var verdicts = new Dictionary<VerdictKind, int>();
        var reasons = new Dictionary<string, int>();
        Gen.Select(Steps.Array[5, 20], Steps.Array[4, 8]).Sample((before, attacks) =>
        {
            var office = Staffed();
            string[] hands = [];
            switch (who)
            {
                case "a server and one person with every role":
                    office.EnrolBy([General, Lawyer], "everybody", "chief-of-staff", "clerk", "commander", "legal", "operations", "registrar");
                    hands = ["everybody"];
                    break;
                case "a server and two lawyers":
                    office.EnrolBy([General, Lawyer], "second", "legal");
                    hands = [Lawyer, "second"];
                    break;
                case "a server and two generals":
                    office.EnrolBy([General, Lawyer], "second", "commander");
                    hands = [General, "second"];
                    break;
                case "a server and two registrars":
                    hands = [RegistrarOne, RegistrarTwo];
                    break;
                default:
                    break;
            }
            // A letter that was truly released: its signatures are there to be used again.
            office.Send("honest", Pdf(7));
            var pinned = office.Trust();
            var world = new World(office, hands);
            foreach (var step in before)
            {
                var (kind, entered) = world.Do(step, world.Hands);
                if (entered)
                    Count(done, kind);
                Assert.False(entered && kind == "release", "They released a letter.");
            }
            foreach (var attack in attacks)
            {
                var (file, letter) = world.Forge(attack);
                if (file is null)
                    continue;
                foreach (var trust in new[] { pinned, office.Trust() })
                {
                    var verdict = new Attempt(file, trust, office.Status(), office.Now).Judged();
                    Assert.True(verdict.Kind < VerdictKind.Exercise, $"{who}, {letter}: {verdict.Kind}, {string.Join("; ", verdict.Approvals.Select(a => $"{a.Person} {string.Join('+', a.Roles)}"))}");
                    Count(verdicts, verdict.Kind);
                    Count(reasons, verdict.Reasons[0][..Math.Min(48, verdict.Reasons[0].Length)]);
                }
            }
        }, iter: 40, threads: 1);

        output.WriteLine($"{who}: entered honestly: {Words(done)}\nverdicts: {Words(verdicts)}\nreasons: {string.Join("\n  ", reasons.OrderByDescending(r => r.Value).Select(r => $"{r.Value} × {r.Key}"))}");
        Assert.True(verdicts.GetValueOrDefault(VerdictKind.NotApproved) > 50, "The forgeries never came as far as the approvals.");
        Assert.True(reasons.Count >= 10, "The forgeries were all refused for the same few reasons.");
        if (who != "a server with every office key and nobody's help")
            Assert.All((string[])["draft", "revise", "review"], kind => Assert.True(done.GetValueOrDefault(kind) > 0, $"They never managed to {kind}."));
    }

    private static byte[] Pdf(int number) => SmallPdf.Of($"We stay {number % 40}");

    private static void Count<T>(Dictionary<T, int> counts, T what) where T : notnull => counts[what] = counts.GetValueOrDefault(what) + 1;

    private static string Words<T>(Dictionary<T, int> counts) where T : notnull => string.Join(", ", counts.OrderBy(c => c.Key.ToString(), StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"));

    /// <summary>An office, and the people whose hands act in it.</summary>
    private sealed class World(OfficeInMemory office, string[] hands)
    {
        private static readonly string[] AllRoles = ["chief-of-staff", "clerk", "commander", "legal", "operations", "registrar"];
        private readonly List<string> _hands = [.. hands];
        private readonly List<Act> _refused = [];
        private readonly Dictionary<string, byte[]> _pdfs = new(StringComparer.Ordinal) { ["honest"] = Pdf(7) };
        private int _people;

        public OfficeInMemory Office => office;
        public List<string> Letters { get; } = [];

        /// <summary>The sealed copies, made when the letters were released.</summary>
        public Dictionary<string, byte[]> Copies { get; } = new(StringComparer.Ordinal);

        /// <summary>Those who act and are in office.</summary>
        public string[] InOffice => [.. office.Chain.Newest.Members.Keys.Order(StringComparer.Ordinal)];

        /// <summary>Those who act, phantoms of theirs included, in office or not.</summary>
        public string[] Hands => [.. _hands];

        /// <summary>Does one thing honestly: it is entered if an honest office would enter it.</summary>
        public (string Kind, bool Entered) Do(Step step, string[] actors)
        {
            var kind = Kinds[step.Kind];
            if (kind == "wait")
            {
                office.Now += TimeSpan.FromHours(step.A % 60);
                return (kind, true);
            }
            if (actors.Length == 0 || Make(step, kind, actors) is not { } made)
                return (kind, false);
            var (act, signers) = made;
            if (office.Refusal(act, office.Sign(act, signers)) is not null)
            {
                _refused.Add(act);
                return (kind, false);
            }
            Enter(act, signers);
            return (kind, true);
        }

        private void Enter(Act act, string[] signers)
        {
            if (act is RekeyAct rekey)
            {
                (office.LedgerKey, office.StatementKey) = (_ledger[rekey.Keys.Ledger], _statement[rekey.Keys.Statement]);
            }
            office.Force(act, office.Sign(act, signers));
            if (act is EnrolAct enrol)
                _hands.Add(enrol.Person.Person);
            if (act is ReleaseAct release)
                Copies[release.Letter] = office.Sealed(release.Letter, _pdfs[release.Letter]);
        }

        private readonly Dictionary<Ed25519Key, Ed25519PrivateKey> _ledger = [], _statement = [];

        private T Pick<T>(IReadOnlyList<T> from, int number) => from[number % from.Count];

        /// <summary>Some of the actors: those who could do it where the number says so, else anybody.</summary>
        private string[] Signers(string[] actors, int number, params string[] roles)
        {
            var members = office.Chain.Newest.Members;
            if (number % 3 != 0)
            {
                var right = new List<string>();
                foreach (var role in roles)
                    if (actors.Where(p => members.TryGetValue(p, out var m) && m.Roles.Contains(role) && !right.Contains(p)).ToArray() is { Length: > 0 } able)
                        right.Add(Pick(able, number / 3));
                if (right.Count > 0)
                    return [.. right];
            }
            var many = 1 + (number / 3 % Math.Min(4, actors.Length));
            return [.. Enumerable.Range(0, many).Select(i => Pick(actors, (number / 7) + (i * 3))).Distinct()];
        }

        private string? Letter(int number, Func<LetterHistory, bool> which) =>
            Letters.Where(l => which(office.History(l))).ToArray() is { Length: > 0 } fitting ? Pick(fitting, number) : Letters.Count > 0 ? Pick(Letters, number) : null;

        private (Act, string[])? Make(Step s, string kind, string[] actors)
        {
            var by = Pick(actors, s.A);
            switch (kind)
            {
                case "enrol":
                    {
                        var role = Pick(AllRoles, s.B);
                        var signers = role is "commander" or "legal" or "chief-of-staff" ? Signers(actors, s.C, "commander", "legal") : Signers(actors, s.C, "registrar", "registrar");
                        var person = s.D % 8 == 0 ? by : $"person-{_people++}";
                        return (new EnrolAct(office.Header(signers[0])) { Person = office.Enrolment(person, role) }, signers);
                    }
                case "retire":
                    {
                        var who = Pick(InOffice, s.B);
                        // Enough people stay for the office to go on.
                        if (s.D % 4 != 0 && office.Chain.Newest.Members[who].Roles.Any(r => office.Chain.Newest.Members.Values.Count(m => m.Roles.Contains(r)) <= (r == "registrar" ? 2 : 1)))
                            return null;
                        var signers = s.C % 2 == 0 ? Signers(actors, s.C, "commander", "legal") : Signers(actors, s.C, "registrar", "registrar");
                        return (new RetireAct(office.Header(signers[0])) { Person = who, Since = s.D % 3 == 0 ? office.Now.AddHours(-(s.D % 50)) : null }, signers);
                    }
                case "delegate":
                    {
                        var roles = office.Chain.Newest.Members.TryGetValue(by, out var member) ? member.Roles : AllRoles;
                        var role = s.C % 4 == 0 ? Pick(AllRoles, s.C) : Pick(roles, s.C);
                        return (new DelegateAct(office.Header(by)) { To = Pick(InOffice, s.B), Role = role, Until = office.Now.AddDays(s.D % 40) }, s.D % 5 == 0 ? Signers(actors, s.D) : [by]);
                    }
                case "adopt":
                    {
                        var signers = Signers(actors, s.B, "commander", "legal");
                        var policy = office.Keep(DefaultPolicy with { DelegationDays = 1 + (s.C % 60), Wait = TimeSpan.FromHours(s.D % 3) });
                        return (new AdoptAct(office.Header(signers[0])) { Policy = policy }, signers);
                    }
                case "rekey":
                    {
                        var signers = Signers(actors, s.B, "commander", "legal");
                        var (ledger, statement) = (Ed25519PrivateKey.Create(), Ed25519PrivateKey.Create());
                        _ledger[ledger.Public] = ledger;
                        _statement[statement.Public] = statement;
                        var now = office.Chain.Newest.Keys[^1].Keys;
                        return (new RekeyAct(office.Header(signers[0])) { Keys = now with { Ledger = ledger.Public, Statement = statement.Public } }, signers);
                    }
                case "draft":
                    {
                        var letter = $"letter-{Letters.Count}";
                        _pdfs[letter] = Pdf(s.B);
                        var act = office.Version(letter, _pdfs[letter], by, s.C % 4 == 0 ? "notice" : "letter", s.D % 5 == 0 ? ["wording.commitment"] : null);
                        Letters.Add(letter);
                        return (act, [by]);
                    }
                case "revise":
                    {
                        if (Letter(s.B, h => h.CurrentDraft is not null && h.Release is null) is not { } letter || office.History(letter).CurrentDraft is not { } draft)
                            return null;
                        if (office.History(letter).Release is null)
                            _pdfs[letter] = Pdf(s.C);
                        return (office.Version(letter, Pdf(s.C), by, draft.LetterKind, [.. draft.Findings]), [by]);
                    }
                case "review":
                    {
                        if (Letter(s.B, h => h.CurrentDraft is not null && h.Release is null) is not { } letter || office.History(letter).CurrentDraft is null)
                            return null;
                        var opinion = s.C % 8 == 0 ? Opinion.Object : s.C % 8 == 1 ? Opinion.Return : s.C % 2 == 0 ? Opinion.Concur : Opinion.ConcurWithChange;
                        var reviewer = Signers(actors, s.D, Pick((string[])["legal", "commander", "chief-of-staff", "operations"], s.A))[0];
                        return (office.Opinion(letter, reviewer, opinion), s.D % 11 == 0 ? Signers(actors, s.A) : [reviewer]);
                    }
                case "release":
                    {
                        if (Letter(s.B, h => h.CurrentDraft is not null && h.Release is null && h.StandingHolds.Count == 0 && h.StandingObjections.Count == 0) is not { } letter || office.History(letter).CurrentDraft is not { } draft)
                            return null;
                        var signers = Signers(actors, s.C, draft.LetterKind == "notice" ? ["commander", "operations", "chief-of-staff"] : ["commander", "legal", "chief-of-staff"]);
                        return (office.Release(letter, signers[0]), signers);
                    }
                case "hold":
                    {
                        if (Letter(s.B, h => s.C % 3 == 0 || (h.Release is not null && h.Ending is null)) is not { } letter || office.History(letter).CurrentDraft is null)
                            return null;
                        return (office.Hold(letter, by), [by]);
                    }
                case "lift":
                    {
                        if (Letter(s.B, h => h.StandingHolds.Count > 0) is not { } letter || office.History(letter).CurrentDraft is null)
                            return null;
                        var signers = Signers(actors, s.C, "chief-of-staff", "legal");
                        return (office.Lift(letter, signers[0], office.History(letter).StandingHolds is [var hold, ..] ? hold.Act.Digest : Digest.Of([1])), signers);
                    }
                case "withdraw":
                case "correct":
                    {
                        if (Letter(s.B, h => h.Release is not null && h.Ending is null) is not { } letter || office.History(letter) is not { Release: { } released } history)
                            return null;
                        var signers = Signers(actors, s.C, "chief-of-staff", "legal");
                        if (kind == "withdraw")
                            return (office.Withdraw(letter, signers[0]), signers);
                        var next = Letter(s.D, h => h.Release is not null && h.Letter != letter) is { } other && office.History(other).Release is { } replacement ? replacement : released;
                        return (office.Correct(letter, signers[0], next, "EX-2026-0009"), signers);
                    }
                default:
                    {
                        var signers = Signers(actors, s.B, "registrar", "legal");
                        return (new FreeAct(office.Header(signers[0])) { Text = Digest.Of(Pdf(s.C)), Title = "A text" }, signers);
                    }
            }
        }

        /// <summary>
        /// What the server makes: a release that it enters whoever signed, with forged acts before it and evidence that it changed, dropped, repeated and
        /// exchanged; sealed with the true key. Null where there is nothing to forge.
        /// </summary>
        public (byte[]? File, string Letter) Forge(Step s)
        {
            var letter = s.A % 3 == 0 && Letters.Count > 0 && office.Letter(Pick(Letters, s.A)).Count > 0 ? Pick(Letters, s.A) : $"forged-{Letters.Count}-{s.A}-{s.B}";
            var stolen = office.Roster.Concat(office.Letter("honest")).SelectMany(a => a.Approvals).ToArray();
            var scene = (Roster: office.Roster.ToArray(), office.Now);
            // Mostly one thing is wrong, so that what is refused is that; at times everything is.
            var wrong = s.A % 9;
            bool Wrong(int what) => wrong == what || wrong == 8;

            // Somebody's name stands over the draft; the hands sign, or signatures of other acts are put there.
            if (office.Letter(letter).Count == 0)
            {
                var author = _hands.Count > 0 && s.B % 2 == 0 ? Pick(_hands, s.B) : Drafter;
                _pdfs[letter] = Pdf(s.C);
                var draft = office.Version(letter, _pdfs[letter], author, s.D % 3 == 0 ? "notice" : "letter");
                office.Force(draft, _hands.Contains(author) && !Wrong(1) ? office.Sign(draft, author) : Approvals(draft, s.D));
            }
            if (Wrong(2) && _refused.OfType<RosterAct>().ToArray() is { Length: > 0 } forged && Pick(forged, s.D) is var roster)
                office.Force(roster, Approvals(roster, s.C));
            if (Wrong(3))
            {
                var enrol = new EnrolAct(office.Header(_hands.Count > 0 ? _hands[0] : General)) { Person = office.Enrolment($"phantom-{s.D}", "legal", "commander", "registrar") };
                office.Force(enrol, [.. Approvals(enrol, s.D), office.SignOne($"phantom-{s.D}", enrol.Digest)]);
                if (office.Chain.Newest.Members.ContainsKey($"phantom-{s.D}"))
                    _hands.Add($"phantom-{s.D}");
            }
            if (s.C % 3 == 0)
            {
                var reviewer = _hands.Count > 0 && !Wrong(1) ? Pick(_hands, s.D) : s.D % 2 == 0 ? Lawyer : Staff;
                var review = office.Opinion(letter, reviewer, Opinion.Concur);
                office.Force(review, Wrong(1) ? Approvals(review, s.B) : office.Sign(review, reviewer));
            }
            var hand = _hands.Count > 0 ? Pick(_hands, s.D) : General;
            var release = office.Release(letter, Wrong(1) ? General : hand);
            if (Wrong(4))
                release = Again(release, Pick(scene.Roster, s.B).Act.Digest);
            var entered = office.Force(release, Wrong(1) || Wrong(5) || _hands.Count == 0 ? Approvals(release, s.B) : office.Sign(release, [.. _hands.Skip(s.B % 2).Append(hand).Distinct()]), Wrong(4) && s.D % 3 == 0 ? scene.Now.AddDays(-(s.C % 3)) : null);

            Evidence Change(Evidence e)
            {
                var letters = e.Letters.ToList();
                if (Wrong(6) && s.B % 6 == 1 && letters.Count > 2)
                    letters.RemoveAt(1 + (s.C % (letters.Count - 2)));
                if (Wrong(6) && s.B % 6 == 2 && letters.Count > 2)
                    letters.Reverse(0, letters.Count - 1);
                if (Wrong(6) && s.B % 6 == 3)
                    letters.Insert(1, letters[0]);
                if (Wrong(6) && s.B % 6 == 4)
                    letters[0] = letters[0] with { Approvals = [.. stolen.Skip(s.C % stolen.Length).Take(2).Select(a => a with { Act = letters[0].Act.Digest })] };
                if (Wrong(6) && s.B % 6 == 5 && office.Letter("honest") is { Count: > 1 } honest)
                    letters.Insert(letters.Count - 1, honest[1]);
                var people = e.Roster.ToList();
                if (Wrong(7) && s.C % 7 == 1)
                    people.RemoveAt(people.Count - 1);
                if (Wrong(7) && s.C % 7 == 2)
                    people = [.. scene.Roster];
                if (Wrong(7) && s.C % 7 == 3 && people.Count > 3)
                    (people[^1], people[^2]) = (people[^2], people[^1]);
                if (Wrong(7) && s.C % 7 == 4)
                    people.Insert(1, people[1]);
                if (Wrong(7) && s.C % 7 == 5 && people.Count > 2)
                    people[^1] = people[^1] with { Index = entered.Index + 5 };
                var policies = Wrong(7) && s.C % 7 == 6
                    ? [Policy.Write(DefaultPolicy with { Kinds = new Dictionary<string, IReadOnlyList<Need>> { ["letter"] = [new Need(AllRoles, 2)], ["notice"] = [new Need(AllRoles, 2)] } })]
                    : e.Policies;
                return e with { Letters = [.. letters], Roster = [.. people], Policies = policies };
            }

            try
            {
                var pdf = Wrong(5) && s.D % 4 == 0 ? Pdf(s.A) : _pdfs[letter];
                var receipt = office.Receipt(letter, pdf, Change, release: entered, checkpoint: Wrong(5) && s.D % 4 == 1 ? office.Checkpoint(size: office.Size - 1) : null);
                return receipt.Plan() is { } plan ? (office.Seal(pdf, receipt.Bytes.ToArray(), plan), letter) : (null, letter);
            }
            finally
            {
                // The next forgery begins from the roster that stands; the ledger keeps what it took.
                office.Roster.Clear();
                office.Roster.AddRange(office.Chain.Acts);
                if (letter.StartsWith("forged", StringComparison.Ordinal))
                    office.Letter(letter).Clear();
                else
                    office.Letter(letter).RemoveAll(a => a.Index >= entered.Index);
            }

            Approval[] Approvals(Act act, int number)
            {
                List<Approval> approvals = [.. _hands.Where((_, i) => number % 2 == 0 || (number >> i) % 2 == 0).Select(p => office.SignOne(p, act.Digest))];
                switch (number % 5)
                {
                    case 1: // a signature of another act
                        approvals.Add(Pick(stolen, number) with { Act = act.Digest });
                        break;
                    case 2: // a key of the server's own in somebody's name
                        approvals.Add(new Approval(Pick((string[])[General, Lawyer, Staff, act.By], number), act.Digest, office.KeyOf("server").Approve("server", act.Digest).Evidence));
                        break;
                    case 3 when approvals.Count > 0: // one signature twice
                        approvals.Add(approvals[0]);
                        break;
                    case 4 when approvals.Count > 0: // one signature under another name
                        approvals.Add(approvals[0] with { Person = Pick((string[])[General, Lawyer, Staff], number) });
                        break;
                    default:
                        break;
                }
                return [.. approvals];
            }
        }

        private static ReleaseAct Again(ReleaseAct release, Digest roster) => new(release.Header with { Roster = roster })
        {
            Letter = release.Letter,
            Draft = release.Draft,
            After = release.After,
            Status = release.Status,
            Until = release.Until,
        };
    }
}
