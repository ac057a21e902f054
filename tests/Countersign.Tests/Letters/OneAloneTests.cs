using Countersign.Proof;
using Countersign.Server.Approving;
using Countersign.Server.Drafting;
using Countersign.Server.Letters;
using Countersign.Server.Releasing;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Countersign.Tests.Letters;

/// <summary>
/// Model-based: one person with every role of the policy does whatever can be done, in any order, with every key that person could make. The model
/// is a sentence: no letter is ever released, and somebody else who may stop can always hold.
/// </summary>
public sealed class OneAloneTests
{
    private static readonly string[] Steps =
    [
        "draft", "revise", "review the clerk's letter", "review the own letter", "release the clerk's letter", "release the own letter", "hold", "lift",
        "withdraw", "enrol a phantom", "sign as the phantom", "retire a registrar", "adopt a weaker policy", "lend every role to the clerk",
        "lend every role to the phantom", "wait a day",
    ];

    [Fact]
    public void No_sequence_of_operations_by_one_person_releases_a_letter() =>
        Gen.Int[0, Steps.Length - 1].Array[4, 14].Sample(steps =>
        {
            using var world = new World();
            foreach (var step in steps)
            {
                world.Do(Steps[step]);
                Assert.True(world.NothingIsReleased, $"released after: {string.Join(", ", steps.Select(s => Steps[s]))}");
            }
            world.StopperHoldsEverything();
        }, iter: 60, threads: 1);

    [Fact]
    public void A_letter_is_released_when_a_second_person_signs_and_not_when_a_borrower_does()
    {
        using var world = new World();
        world.Do("release the clerk's letter");
        Assert.True(world.NothingIsReleased);
        world.SecondPersonReleases();
        Assert.False(world.NothingIsReleased);
    }

    private sealed class World : IDisposable
    {
        private static readonly string[] AllRoles = ["chief-of-staff", "commander", "legal", "operations", "registrar"];

        private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 6, 12, 0, 0, TimeSpan.Zero));
        private readonly Home _home = new(Directory.CreateTempSubdirectory("countersign-alone-").FullName);
        private readonly Office _office;
        private readonly SoftwareKey _own = SoftwareKey.Create(), _phantomKey = SoftwareKey.Create(), _clerkKey = SoftwareKey.Create(), _secondKey = SoftwareKey.Create();
        private readonly string _clerkLetter;
        private string? _ownLetter;

        public World()
        {
            Assert.Null(Office.Create(_home, new Charter("Task Force North", "tfn.example", "TFN", PolicyFile.BuiltIn, false), null, _clock).Refusal);
            _office = Office.Open(_home, _clock).Value!;
            Enrol("p-alone", _own, AllRoles);
            Enrol("p-clerk", _clerkKey, ["operations-clerk"]);
            _clerkLetter = Draft(Signer("p-clerk", _clerkKey), "Sir,\n\nThe clerk's letter.\n")!;
        }

        private Signer Alone => Signer("p-alone", _own);

        public bool NothingIsReleased => _office.Records.Acts.All(a => a.Kind != "release") && (!Directory.Exists(_home.Released) || Directory.GetFiles(_home.Released).Length == 0);

        public void Do(string step)
        {
            var phantomIsIn = _office.Roster.Members.ContainsKey("p-phantom");
            switch (step)
            {
                case "draft":
                    _ownLetter = Draft(Alone, "Sir,\n\nMy letter.\n") ?? _ownLetter;
                    break;
                case "revise":
                    var file = Path.Combine(_home.Path, "revision.md");
                    File.WriteAllText(file, "Sir,\n\nMy words for the clerk's.\n");
                    new Drafts(_office).Revise(Alone, _office.History(_clerkLetter), new Bringing { File = file });
                    break;
                case "review the clerk's letter":
                    Review(Alone, _clerkLetter);
                    break;
                case "review the own letter" when _ownLetter is not null:
                    Review(Alone, _ownLetter);
                    break;
                case "release the clerk's letter":
                    new Releases(_office).Release(Alone, _office.History(_clerkLetter));
                    break;
                case "release the own letter" when _ownLetter is not null:
                    new Releases(_office).Release(Alone, _office.History(_ownLetter));
                    break;
                case "hold":
                    _office.Do(Alone, header => new HoldAct(header) { Letter = _clerkLetter });
                    break;
                case "lift" when _office.History(_clerkLetter).StandingHolds is [var hold, ..]:
                    Decide(_clerkLetter, header => new LiftAct(header)
                    {
                        Letter = _clerkLetter,
                        Hold = hold.Act.Digest,
                        After = _office.History(_clerkLetter).Head!.Value,
                        Until = header.At.AddDays(7),
                    });
                    break;
                case "withdraw":
                    Decide(_clerkLetter, header => new WithdrawAct(header)
                    {
                        Letter = _clerkLetter,
                        Release = Digest.Of([1]),
                        After = _office.History(_clerkLetter).Head!.Value,
                        Until = header.At.AddDays(7),
                    });
                    break;
                case "enrol a phantom":
                    Decide("roster", header => new EnrolAct(header)
                    {
                        Person = new Enrolment("p-phantom", Digest.Of([2]), ["legal"], Credential.For(_phantomKey, "tfn.example", "p-phantom", false)),
                    });
                    break;
                case "sign as the phantom" when phantomIsIn:
                    new Releases(_office).Release(Signer("p-phantom", _phantomKey), _office.History(_clerkLetter));
                    break;
                case "retire a registrar":
                    Decide("roster", header => new RetireAct(header) { Person = _office.Found.People[0].Person });
                    break;
                case "adopt a weaker policy":
                    var weaker = System.Text.Encoding.UTF8.GetString(PolicyFile.BuiltIn.Bytes.Span).Replace("\"commander\"", "\"operations\"", StringComparison.Ordinal);
                    if (Policy.TryRead(System.Text.Encoding.UTF8.GetBytes(weaker), out var policy, out _))
                    {
                        _office.Keep(policy);
                        Decide("roster", header => new AdoptAct(header) { Policy = policy.Digest });
                    }
                    break;
                case "lend every role to the clerk":
                    Lend("p-clerk");
                    break;
                case "lend every role to the phantom" when phantomIsIn:
                    Lend("p-phantom");
                    break;
                case "wait a day":
                    _clock.Advance(TimeSpan.FromDays(1));
                    break;
                default:
                    break;
            }
        }

        /// <summary>A registrar, who may stop, holds every letter, whatever was done to it.</summary>
        public void StopperHoldsEverything()
        {
            var registrar = Registrars().Last();
            foreach (var row in _office.AllLetters())
                Assert.Null(_office.Do(registrar, header => new HoldAct(header) { Letter = row.Id }).Refusal);
        }

        /// <summary>With somebody else for operations, a notice goes out; with a borrower of the one person's own role, nothing does.</summary>
        public void SecondPersonReleases()
        {
            Enrol("p-second", _secondKey, ["operations"]);
            var legal = _office.Do(Alone, header => new DelegateAct(header) { To = "p-second", Role = "legal", Until = header.At.AddDays(1), Kinds = [] });
            Assert.Null(legal.Refusal);
            // A borrower counts as the lender: still one person, still nothing.
            Review(Signer("p-second", _secondKey), _clerkLetter);
            new Releases(_office).Release(Alone, _office.History(_clerkLetter));
            Assert.True(NothingIsReleased);
            var file = Path.Combine(_home.Path, "notice.md");
            File.WriteAllText(file, "Sir,\n\nA notice.\n");
            var notice = new Drafts(_office).Begin(Signer("p-clerk", _clerkKey), new Bringing { File = file, Kind = "notice" }).Value!.History;
            Review(Signer("p-second", _secondKey), notice.Letter);
            Assert.NotNull(new Releases(_office).Release(Alone, _office.History(notice.Letter)).Value?.SealedCopy);
        }

        private string? Draft(Signer by, string text)
        {
            var file = Path.Combine(_home.Path, "letter.md");
            File.WriteAllText(file, text);
            return new Drafts(_office).Begin(by, new Bringing { File = file, To = ["X <x@example.org>"] }).Value?.History.Letter;
        }

        private void Review(Signer by, string letter) => _office.Do(by, header => new ReviewAct(header)
        {
            Letter = letter,
            Draft = _office.History(letter).CurrentDraft!.Digest,
            After = _office.History(letter).Head!.Value,
            Says = Opinion.Concur,
        });

        private void Decide(string subject, Func<ActHeader, Act> write) => _office.Decide(subject, [Alone], act => act.GetType() == write(_office.Header("p-alone")).GetType(), write);

        private void Lend(string to)
        {
            foreach (var role in AllRoles)
                _office.Do(Alone, header => new DelegateAct(header) { To = to, Role = role, Until = header.At.AddDays(7), Kinds = [] });
        }

        private void Enrol(string id, SoftwareKey key, string[] roles)
        {
            var enrolment = new Enrolment(id, _office.Commit("name", id), roles, Credential.For(key, "tfn.example", id, false));
            var decided = _office.Decide("roster", Registrars(), _ => false, header => new EnrolAct(header) { Person = enrolment });
            Assert.NotNull(decided.Value?.Recorded);
        }

        private Signer[] Registrars() => [.. _office.Found.People.Where(p => _office.Roster.Members.ContainsKey(p.Person))
            .Select(p => new Signer(_office.Roster.Members[p.Person], SoftwareKey.FromPem(File.ReadAllText(_home.KeyOf(p.Person)), null)!))];

        private Signer Signer(string id, SoftwareKey key) => new(_office.Roster.Members[id], key);

        public void Dispose()
        {
            _office.Dispose();
            foreach (var key in (SoftwareKey[])[_own, _phantomKey, _clerkKey, _secondKey])
                key.Dispose();
            Directory.Delete(_home.Path, recursive: true);
        }
    }
}
