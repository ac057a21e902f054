using System.Text;
using Countersign.Ledger;
using Countersign.Proof;
using Countersign.Server.Approving;
using Countersign.Server.Drafting;
using Countersign.Server.Letters;
using Countersign.Server.Releasing;

// gate PORT HOP FOLDER SECRET: a gate that knows one draft, until it is killed.
if (args is ["gate", var port, var hop, var at, var secret])
    return GateWorker.Run(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture), int.Parse(hop, System.Globalization.CultureInfo.InvariantCulture), at, secret);

// HOME ACKNOWLEDGED: founds an office where there is none, then drafts, reviews and releases letters until it is killed. Each act that was answered with success is
// written to a file and brought to the disk before the next begins: what stands in that file was acknowledged.
if (args is not [var folder, var acknowledged])
{
    Console.Error.WriteLine("Usage: countersign-worker HOME ACKNOWLEDGED | gate PORT HOP FOLDER SECRET");
    return 2;
}
var home = new Home(folder);
if (!home.Exists && Office.Create(home, new Charter("Task Force North", "tfn.example", "TFN", PolicyFile.BuiltIn, false), null, TimeProvider.System).Refusal is { } unfounded)
    return Fail(unfounded);
var opened = Office.Open(home, TimeProvider.System);
if (opened.Refusal is { } closed)
    return Fail(closed);
using var office = opened.Value!;
using var log = new FileStream(acknowledged, FileMode.Append, FileAccess.Write, FileShare.Read);
foreach (var role in (string[])["operations", "legal", "commander"])
    if (office.FindPerson(role).Refusal is not null && Enrol(role) is { } unenrolled)
        return Fail(unenrolled);
Console.WriteLine("ready");

var (drafter, legal, commander) = (Signer("operations"), Signer("legal"), Signer("commander"));
var letter = Path.Combine(folder, $"letter-{Environment.ProcessId}.md"); // others may work in the same office
for (var i = 0; ; i++)
{
    File.WriteAllText(letter, $"Sir,\n\nLetter {i} of this morning.\n");
    var drafted = new Drafts(office).Begin(drafter, new Bringing { File = letter, To = ["Joint Operations <joc@example.org>"], Subject = "Flights" });
    if (drafted.Refusal is { } undrafted)
        return Fail(undrafted);
    var history = drafted.Value!.History;
    Acknowledge("draft", drafted.Value.Recorded.Act.Digest.ToString());
    var reviewed = office.Do(legal, header => new ReviewAct(header)
    {
        Letter = history.Letter,
        Draft = history.CurrentDraft!.Digest,
        After = history.Head!.Value,
        Says = Opinion.Concur,
    });
    if (reviewed.Refusal is { } unreviewed)
        return Fail(unreviewed);
    Acknowledge("review", reviewed.Value!.Act.Digest.ToString());
    var released = new Releases(office).Release(commander, office.History(history.Letter));
    if (released.Refusal is { } unreleased)
        return Fail(unreleased);
    Acknowledge("release", history.CurrentDraft!.Reference);
}

Refusal? Enrol(string role)
{
    var id = $"p-{role}";
    var path = home.KeyOf(id);
    if (!File.Exists(path))
        using (var made = SoftwareKey.Create())
            Home.Write(path, Encoding.UTF8.GetBytes(made.ToPem(null)), secret: true);
    using var key = SoftwareKey.FromPem(File.ReadAllText(path), null)!;
    if (office.Records.People.All(p => p.Id != id))
    {
        office.Records.People.Add(new PersonRow { Id = id, Name = role });
        office.Save();
    }
    var enrolment = new Enrolment(id, office.Commit("name", role), [role], Credential.For(key, office.Found.Office, id, true));
    Signer[] registrars = [.. office.Found.People.Select(p => Signer(p.Person))];
    return office.Decide("roster", registrars, _ => false, header => new EnrolAct(header) { Person = enrolment }).Refusal;
}

Signer Signer(string name)
{
    var member = office.FindPerson(name).Value!;
    return new Signer(member, SoftwareKey.FromPem(File.ReadAllText(home.KeyOf(member.Person)), null)!);
}

void Acknowledge(string what, string name)
{
    log.Write(Encoding.ASCII.GetBytes($"{what} {name}\n"));
    log.Flush();
    DurableFile.Flush(log.SafeFileHandle, acknowledged);
}

static int Fail(Refusal refusal)
{
    Console.Error.WriteLine($"{refusal.Code}: {refusal.Why}");
    return 1;
}
