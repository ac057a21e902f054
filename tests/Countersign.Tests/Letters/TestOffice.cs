using Countersign.Proof;
using Countersign.Server.Approving;
using Countersign.Server.Drafting;
using Countersign.Server.Letters;
using Countersign.Server.Releasing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Countersign.Tests.Letters;

/// <summary>An office of the built-in policy in a temporary folder, with a person for each role and a clock that the test sets.</summary>
public sealed class TestOffice : IDisposable
{
    private readonly Dictionary<string, (string Id, SoftwareKey Key)> _people = [];

    public TestOffice()
    {
        Home = new Home(Directory.CreateTempSubdirectory("countersign-test-").FullName);
        var created = Office.Create(Home, new Charter("Task Force North", "tfn.example", "TFN", PolicyFile.BuiltIn, false), null, Clock);
        Assert.Null(created.Refusal);
        Office = Reopen();
        foreach (var role in (string[])["commander", "legal", "chief-of-staff", "operations"])
            Add(role, role);
        Add("drafter", "operations");
    }

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 6, 12, 0, 0, TimeSpan.Zero));

    public Home Home { get; }

    public Office Office { get; private set; }

    public string IdOf(string name) => _people[name].Id;

    public Signer Signer(string name) => new(Office.Roster.Members[_people[name].Id], _people[name].Key);

    /// <summary>The same person's signature in another opening of the office.</summary>
    public Signer SignerIn(Office office, string name) => new(office.Roster.Members[_people[name].Id], _people[name].Key);

    /// <summary>Closes the office and opens it anew, as the next command would.</summary>
    public Office Reopen()
    {
        Office?.Dispose();
        var opened = Office.Open(Home, Clock);
        Assert.Null(opened.Refusal);
        return Office = opened.Value!;
    }

    public Result<Outcome> Add(string name, string role)
    {
        var key = SoftwareKey.Create();
        var id = Office.NewId('p');
        var enrolment = new Enrolment(id, Office.Commit("name", name), [role], Credential.For(key, "tfn.example", id, false));
        Office.Records.People.Add(new PersonRow { Id = id, Name = name });
        Office.Save();
        _people[name] = (id, key);
        return Office.Decide(RosterAct.About, Registrars(), _ => false, header => new EnrolAct(header) { Person = enrolment });
    }

    /// <summary>The two founders.</summary>
    public Signer[] Registrars() => [.. Office.Found.People.Select(p =>
        new Signer(Office.Roster.Members[p.Person], SoftwareKey.FromPem(File.ReadAllText(Home.KeyOf(p.Person)), null)!))];

    public LetterHistory Draft(string text = "Sir,\n\nMore helicopters will fly.\n", string by = "drafter", string kind = "letter")
    {
        var file = Path.Combine(Home.Path, "letter.md");
        File.WriteAllText(file, text);
        var drafted = new Drafts(Office).Begin(Signer(by), new Bringing { File = file, To = ["Joint Operations <joc@example.org>"], Subject = "Flights", Kind = kind });
        Assert.Null(drafted.Refusal);
        return drafted.Value!.History;
    }

    public Result<RecordedAct> Review(LetterHistory letter, string by, Opinion says = Opinion.Concur) => Office.Do(Signer(by), header => new ReviewAct(header)
    {
        Letter = letter.Letter,
        Draft = Office.History(letter.Letter).CurrentDraft!.Digest,
        After = Office.History(letter.Letter).Head!.Value,
        Says = says,
    });

    public Result<Released> Release(LetterHistory letter, string by) => new Releases(Office).Release(Signer(by), Office.History(letter.Letter));

    public Result<RecordedAct> Hold(LetterHistory letter, string by) => Office.Do(Signer(by), header => new HoldAct(header) { Letter = letter.Letter });

    public Result<Outcome> Withdraw(LetterHistory letter, params string[] by)
    {
        var history = Office.History(letter.Letter);
        return Office.Decide(letter.Letter, [.. by.Select(Signer)], act => act is WithdrawAct, header => new WithdrawAct(header)
        {
            Letter = letter.Letter,
            Release = history.Release!.Act.Digest,
            After = history.Head!.Value,
            Until = header.At + DecisionAct.LongestWait,
        });
    }

    /// <summary>Drafted, reviewed by legal, released by the commander; the path of the sealed copy.</summary>
    public (LetterHistory Letter, string Sealed) ReleasedLetter(string text = "Sir,\n\nMore helicopters will fly.\n")
    {
        var letter = Draft(text);
        Assert.Null(Review(letter, "legal").Refusal);
        var released = Release(letter, "commander");
        Assert.Null(released.Refusal);
        return (Office.History(letter.Letter), released.Value!.SealedCopy!);
    }

    public Verdict Verify(string file) => Receipt.Verify(File.ReadAllBytes(file), Office.Trust(), null, Office.Now);

    public void Execute(string sql)
    {
        using var command = Office.Records.Connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        Office.Dispose();
        foreach (var (_, key) in _people.Values)
            key.Dispose();
        Directory.Delete(Home.Path, recursive: true);
    }
}
