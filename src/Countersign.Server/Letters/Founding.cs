using System.Security.Cryptography;
using Countersign.Ledger;
using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>What a new office is founded with.</summary>
public sealed record Charter(string Title, string Domain, string Prefix, Policy Policy, bool Exercise);

public sealed partial class Office
{
    /// <summary>The names of the two founders whose keys are made with the office.</summary>
    public static readonly IReadOnlyList<string> FounderNames = ["Registrar One", "Registrar Two"];

    /// <summary>
    /// Founds an office in an empty home: its keys, two registrars with theirs, the founding act, and the ledger's first entry. The database
    /// appears under its name last, so that a home is an office or is none.
    /// </summary>
    public static Result<FoundAct> Create(Home home, Charter charter, string? passphrase, TimeProvider clock)
    {
        if (home.Exists)
            return new Refusal("home.exists", $"There is an office in {home.Path} already.", "Choose another folder with --home.");
        var unfinished = home.Database + ".founding";
        foreach (var left in Directory.Exists(home.Path) ? Directory.GetFiles(home.Path, Path.GetFileName(unfinished) + "*") : [])
            File.Delete(left);
        if (File.Exists(Path.Combine(home.PublicLedger, "checkpoint")))
            return new Refusal(
                "home.ledger-left", $"{home.PublicLedger} holds the ledger of an office whose database is gone.",
                "Bring the office back with `countersign restore`, or choose another folder with --home.");

        var now = Whole(clock.GetUtcNow());
        home.Prepare();
        using var keys = OfficeKeys.Create(home, charter.Title, now);
        var people = new List<(string Name, byte[] Salt, Enrolment Enrolment, SoftwareKey Key)>();
        foreach (var name in FounderNames)
        {
            var key = SoftwareKey.Create();
            var id = NewId('p');
            var salt = RandomNumberGenerator.GetBytes(Commitment.SaltSize);
            Home.Write(home.KeyOf(id), key.ToPem(passphrase).Utf8(), secret: true);
            people.Add((name, salt, new Enrolment(id, Commitment.Of("name", salt, name), ["registrar"], Credential.For(key, charter.Domain, id, madeByOffice: true)), key));
        }
        var found = new FoundAct(new ActHeader(charter.Domain, now, Nonce(), people[0].Enrolment.Person, null))
        {
            Title = charter.Title,
            People = [.. people.Select(p => p.Enrolment)],
            Policy = charter.Policy.Digest,
            Keys = keys.Public($"{charter.Domain}/ledger"),
            // People approve under another name than that under which they sign in: a sign-in that a hostile server harvests then approves nothing.
            Site = new PasskeySite($"approve.{charter.Domain}", [$"https://approve.{charter.Domain}"]),
            SignIn = charter.Domain,
            Exercise = charter.Exercise,
        };
        if (!Act.TryRead(found.Bytes, out _, out var fault))
            return new Refusal("init.name", fault, "Give the office a plain name and a domain of lower-case letters, digits, dots and hyphens.");
        Approval[] approvals = [.. people.Select(p => p.Key.Approve(p.Enrolment.Person, found.Digest))];
        foreach (var (_, _, _, key) in people)
            key.Dispose();

        using (var records = Records.Open(unfinished, create: true))
        {
            Home.MakePrivate(unfinished);
            records.Database.EnsureCreated();
            records.Policies.Add(new PolicyRow { Digest = charter.Policy.Digest.ToString(), Bytes = charter.Policy.Bytes.ToArray() });
            foreach (var (name, salt, enrolment, _) in people)
            {
                records.People.Add(new PersonRow { Id = enrolment.Person, Name = name });
                records.Salts.Add(new SaltRow { Digest = enrolment.Name.ToString(), Label = "name", Salt = salt, Value = name });
            }
            records.Settings.Add(new SettingRow { Name = "prefix", Value = charter.Prefix });
            records.SaveChanges();
            using var command = records.Connection.CreateCommand();
            command.CommandText = $"PRAGMA user_version={Records.Version}";
            command.ExecuteNonQuery();
        }
        // Nothing is public before the office is: a crash in between would leave a checkpoint that no second founding could ever agree with.
        using (var ledger = OfficeLedger.Open(unfinished, home, keys, [new KeyRange(0, found.Keys)], clock, publish: false))
            if (ledger.Enter(found, approvals, null).Refusal is { } refused)
                return refused;
        // Closing brings SQLite's log into the file and removes it. Where that failed, the file alone does not hold the founding act.
        if (File.Exists(unfinished + "-wal"))
            throw new IOException("The new office's database could not be written whole; nothing was founded.");
        DurableFile.SyncFolder(home.In("keys"));
        File.Move(unfinished, home.Database);
        DurableFile.SyncFolder(home.Path);
        if (!Open(home, clock).Is(out var office, out var refusal))
            return refusal;
        using (office)
            office.Publish();
        return found;
    }
}
