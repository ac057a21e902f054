using Countersign.Proof;
using Countersign.Server.Approving;
using Countersign.Server.Drafting;
using Countersign.Server.Letters;
using Countersign.Server.Releasing;

namespace Countersign.Bench;

/// <summary>An office of the built-in policy in a folder of its own, with one person each for operations, legal and commander.</summary>
internal sealed class BenchOffice : IDisposable
{
    private readonly Dictionary<string, (string Id, SoftwareKey Key)> _people = [];

    public BenchOffice(string folder)
    {
        Home = new Home(folder);
        Must(Office.Create(Home, new Charter("Task Force North", "tfn.example", "TFN", PolicyFile.BuiltIn, false), null, TimeProvider.System));
        Office = Must(Office.Open(Home, TimeProvider.System));
        foreach (var role in (string[])["operations", "legal", "commander"])
            Enrol(role);
    }

    public Home Home { get; }

    public Office Office { get; }

    public Signer Signer(string role) => new(Office.Roster.Members[_people[role].Id], _people[role].Key);

    public SoftwareKey KeyOf(string role) => _people[role].Key;

    /// <summary>Drafts a letter of this file, reviews and releases it; the path of the sealed copy.</summary>
    public string Release(string file)
    {
        var history = Must(new Drafts(Office).Begin(Signer("operations"), new Bringing { File = file, To = ["Joint Operations <joc@example.org>"], Subject = "Flights", Kind = "letter" })).History;
        Must(Office.Do(Signer("legal"), header => new ReviewAct(header)
        {
            Letter = history.Letter,
            Draft = history.CurrentDraft!.Digest,
            After = history.Head!.Value,
            Says = Opinion.Concur,
        }));
        return Must(new Releases(Office).Release(Signer("commander"), Office.History(history.Letter))).SealedCopy!;
    }

    public static T Must<T>(Result<T> result) => result.Refusal is { } refusal ? throw new InvalidOperationException($"{refusal.Code}: {refusal.Why}") : result.Value!;

    public void Dispose()
    {
        Office.Dispose();
        foreach (var (_, key) in _people.Values)
            key.Dispose();
    }

    private void Enrol(string role)
    {
        var (id, key) = ($"p-{role}", SoftwareKey.Create());
        Office.Records.People.Add(new PersonRow { Id = id, Name = role });
        Office.Save();
        var enrolment = new Enrolment(id, Office.Commit("name", role), [role], Credential.For(key, Office.Found.Office, id, false));
        Signer[] registrars = [.. Office.Found.People.Select(p =>
            new Signer(Office.Roster.Members[p.Person], SoftwareKey.FromPem(File.ReadAllText(Home.KeyOf(p.Person)), null)!))];
        Must(Office.Decide("roster", registrars, _ => false, header => new EnrolAct(header) { Person = enrolment }));
        _people[role] = (id, key);
    }
}
