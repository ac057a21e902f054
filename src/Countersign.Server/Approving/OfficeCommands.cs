using System.CommandLine;
using System.Text.Json.Nodes;
using Countersign.Proof;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Approving;

/// <summary>Who is in office, under which policy: <c>init</c>, <c>person</c>, <c>delegate</c>, <c>policy</c>.</summary>
public static class OfficeCommands
{
    /// <summary>Adds the room's commands.</summary>
    public static void MapApproving(this RootCommand root, Commands.CommandLine line)
    {
        root.Add(Init(line));
        root.Add(Person(line));
        root.Add(Delegate(line));
        root.Add(PolicyCommand(line));
        root.Add(Rekey(line));
        root.Add(Free(line));
    }

    private static Command Init(Commands.CommandLine line)
    {
        var title = new Argument<string>("NAME") { Description = "The office's name." };
        var domain = new Option<string>("--domain") { Description = "The domain that the office speaks from.", HelpName = "DOMAIN", Required = true };
        var policy = new Option<string?>("--policy") { Description = "A policy file (YAML). Default: the built-in policy.", HelpName = "FILE" };
        var prefix = new Option<string?>("--prefix") { Description = "What references begin with. Default: the domain's first part.", HelpName = "PREFIX" };
        var exercise = new Option<bool>("--exercise") { Description = "An exercise: its letters mean nothing outside it." };
        var command = new Command("init", "Founds an office in the folder.") { title, domain, policy, prefix, exercise }.Example(
            "countersign init \"Task Force North\" --domain tfn.example",
            "countersign init \"Task Force North\" --domain exercise.tfn.example --exercise");
        line.Action(command, parse =>
        {
            var name = parse.GetRequiredValue(title).Trim();
            var host = parse.GetRequiredValue(domain).Trim().ToLowerInvariant();
            if (!Text.IsId(host) || !host.Contains('.'))
                return new Refusal("init.domain", $"\"{host}\" is no domain of at most {Text.MaxId} lower-case letters, digits, dots and hyphens.", "Give one such as tfn.example.");
            if (name.Length == 0 || Text.Fault(name) is not null)
                return new Refusal("init.name", "The office needs a name of plain text.", "Give it as in: countersign init \"Task Force North\" --domain tfn.example");
            var first = new string([.. host.Split('.')[0].ToUpperInvariant().Where(char.IsAsciiLetterOrDigit).Take(8)]);
            var letters = (parse.GetValue(prefix) ?? (first.Length >= 2 ? first : "REF")).ToUpperInvariant();
            if (!Text.IsReference($"{letters}-2000-0001"))
                return new Refusal("init.prefix", $"\"{letters}\" cannot begin a reference.", "Give two to eight letters or digits with --prefix.");
            var chosen = PolicyFile.BuiltIn;
            if (parse.GetValue(policy) is { } file && !PolicyFile.Read(file).Is(out chosen, out var invalid))
                return invalid;
            var home = line.HomeOf(parse);
            if (!Office.Create(home, new Charter(name, host, letters, chosen, parse.GetValue(exercise)), line.Passphrase, line.Clock).Is(out var found, out var refusal))
                return refusal;
            return new Answer { Next = "countersign person add \"A. Jansen\" --role legal" }
                .Line($"{name} ({host}) is founded{(found.Exercise ? " as an EXERCISE" : "")} in {home.Path}.")
                .Line($"Its words: {OfficeWords.Of(found.Digest)}")
                .Line($"{string.Join(" and ", Office.FounderNames)} enrol people; their keys lie in {home.PeopleKeys}. While several people's keys lie in one place, verdicts say: self-made office.")
                .With("office", host).With("title", name).With("found", found.Digest.ToString()).With("words", OfficeWords.Of(found.Digest))
                .With("home", home.Path).With("exercise", found.Exercise)
                .With("people", new JsonArray([.. found.People.Select((p, i) => new JsonObject { ["person"] = p.Person, ["name"] = Office.FounderNames[i] })]));
        });
        return command;
    }

    private static Command Person(Commands.CommandLine line)
    {
        var person = new Command("person", "People and their keys.");

        var name = new Argument<string>("NAME") { Description = "The person's name." };
        var role = new Option<string[]>("--role") { Description = "A role; may be given more than once.", HelpName = "ROLE", Required = true };
        var email = new Option<string?>("--email") { Description = "The person's address.", HelpName = "ADDR" };
        var key = new Option<string[]>("--key") { Description = "The new person's key file, made if absent. With --as, the signers' keys follow in the same order.", HelpName = "FILE" };
        var add = new Command("add", "Enrols a person with a key.") { name, role, email, Options.As(), key }.Example(
            "countersign person add \"A. Jansen\" --role legal",
            "countersign person add \"B. de Vries\" --role commander --key devries.key",
            "countersign person add \"C. Smit\" --role legal --key smit.key --as \"B. de Vries\" --key devries.key --as \"A. Jansen\" --key jansen.key");
        line.InOffice(add, (parse, office) => Add(line, parse, office, parse.GetRequiredValue(name).Trim(), parse.GetRequiredValue(role), parse.GetValue(email)));

        var who = new Argument<string>("PERSON") { Description = "Id, name or e-mail." };
        var since = new Option<string?>("--since") { Description = "The person's key was stolen: since this moment it counts for no release, however long ago it was sealed.", HelpName = "DATE" };
        var retire = new Command("retire", "Ends a person's time in office.") { who, since, Options.As(), Options.Key() }.Example(
            "countersign person retire \"A. Jansen\"", "countersign person retire \"A. Jansen\" --since 2026-11-20T00:00:00Z");
        line.InOffice(retire, (parse, office) =>
        {
            DateTimeOffset? stolen = null;
            if (parse.GetValue(since) is { } text)
            {
                if (!Moments.TryParse(text, out var moment) || moment > office.Now)
                    return new Refusal("usage.date", $"\"{text}\" is no date, or has not come yet.", "Give one such as 2026-11-20 or 2026-11-20T00:00:00Z.");
                // A day alone means all of it: a theft counts from its morning on.
                stolen = text.Length == 10 ? moment.AddSeconds(1).AddDays(-1) : moment;
            }
            if (!office.FindPerson(parse.GetRequiredValue(who)).Is(out var member, out var refusal) || !Registrars(line, parse, office).Is(out var signers, out refusal))
                return refusal;
            return office.Decide("roster", signers, act => act is RetireAct r && r.Person == member.Person && r.Since == stolen, header => new RetireAct(header) { Person = member.Person, Since = stolen })
                .Is(out var outcome, out refusal) ? Decided(office, outcome, $"{office.NameOf(member.Person)} is no longer in office.") : refusal;
        });

        var list = new Command("list", "Who is in office.").Example("countersign person list");
        line.InOffice(list, (_, office) =>
        {
            var answer = new Answer();
            var people = new JsonArray();
            foreach (var member in office.Roster.Members.Values.OrderBy(m => office.NameOf(m.Person), StringComparer.OrdinalIgnoreCase))
            {
                answer.Line($"{member.Person}  {office.NameOf(member.Person)}  ({string.Join(", ", member.Roles)})");
                people.Add(new JsonObject
                {
                    ["person"] = member.Person,
                    ["name"] = office.NameOf(member.Person),
                    ["roles"] = new JsonArray([.. member.Roles.Select(r => JsonValue.Create(r))]),
                    ["countsFrom"] = Text.Moment(member.CountsFrom),
                    ["keyHere"] = File.Exists(office.Home.KeyOf(member.Person)),
                });
            }
            return answer.With("people", people);
        });

        var erase = new Command("erase", "Erases the name and address of somebody who left. Their acts and every receipt keep verifying; nobody can tell any more whose they were.") { who }
            .Example("countersign person erase \"A. Jansen\"");
        line.InOffice(erase, (parse, office) => office.Erase(parse.GetRequiredValue(who)).Is(out var id, out var refusal)
            ? new Answer().Line($"The name behind {id} is erased here. Letters already sent keep the names that they disclosed, and so do older backups: erase it there, too.").With("person", id)
            : refusal);

        person.Add(add);
        person.Add(retire);
        person.Add(erase);
        person.Add(list);
        return person;
    }

    private static Result<Answer> Add(Commands.CommandLine line, ParseResult parse, Office office, string name, string[] roles, string? email)
    {
        if (name.Length is 0 or > 200 || Text.Fault(name) is not null)
            return new Refusal("person.name", "The person needs a name of plain text.", "Give it as in: countersign person add \"A. Jansen\" --role legal");
        var wanted = roles.SelectMany(r => r.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Distinct().Order(StringComparer.Ordinal).ToArray();
        if (wanted.FirstOrDefault(r => !office.Policy.Roles.Contains(r)) is { } unknown)
            return new Refusal("person.role", $"The policy knows no role \"{unknown}\".", $"It knows: {string.Join(", ", office.Policy.Roles)}.");
        if (office.FindPerson(name).Refusal is null)
            return new Refusal("person.exists", $"{name} is in office already.", "Give a name that tells them apart, or retire the other first with `countersign person retire`.");

        // The first --key is the new person's, unless every --as has one of its own.
        var keys = parse.GetValue<string[]>("--key") ?? [];
        var pending = office.OpenPending("roster", null).OfType<EnrolAct>()
            .FirstOrDefault(e => office.NameOf(e.Person.Person) == name && e.Person.Roles.SequenceEqual(wanted));
        var names = parse.GetValue<string[]>("--as") ?? [];
        var own = pending is null && keys.Length > names.Length || (pending is null && names.Length == 0) ? keys.FirstOrDefault() : null;
        if (!Registrars(line, parse, office, own is null ? keys : keys[1..]).Is(out var signers, out var refusal))
            return refusal;

        var id = pending?.Person.Person ?? Office.NewId('p');
        var path = own ?? office.Home.KeyOf(id);
        var made = false;
        if (pending is null && !File.Exists(path))
        {
            using var created = SoftwareKey.Create();
            Home.Write(Path.GetFullPath(path), created.ToPem(line.Passphrase).Utf8(), secret: true);
            made = true;
        }
        Result<Outcome> decided;
        if (pending is not null)
        {
            decided = office.Decide("roster", signers, act => act.Digest == pending.Digest, _ => pending);
        }
        else
        {
            if (!line.ReadKey(path).Is(out var key, out refusal))
                return refusal;
            using (key)
            {
                var enrolment = new Enrolment(id, office.Commit("name", name), wanted, Credential.For(key, office.Found.Office, id, made));
                office.Records.People.Add(new PersonRow { Id = id, Name = name, Email = email });
                office.Save();
                decided = office.Decide("roster", signers, _ => false, header => new EnrolAct(header) { Person = enrolment });
            }
        }
        if (!decided.Is(out var outcome, out refusal))
        {
            if (made)
                File.Delete(path);
            return wanted.Where(office.Policy.Weighs).ToArray() is { Length: > 0 } weighing && refusal.Code == "approval.no-place"
                ? new Refusal(refusal.Code,
                    $"{string.Join(" and ", weighing)} {(weighing.Length == 1 ? "is a role that weighs" : "are roles that weigh")}: after its first holder, who else gets it is signed by {Who(office.Policy.Change)}.",
                    $"For instance: countersign person add \"{name}\" --role {string.Join(" --role ", wanted)}{ByExample(office, office.Policy.Change)}")
                : refusal;
        }
        return Decided(office, outcome, $"{name} is in office as {string.Join(", ", wanted)}; the key is {Path.GetFullPath(path)}.")
            .With("person", id).With("name", name).With("roles", new JsonArray([.. wanted.Select(r => JsonValue.Create(r))])).With("key", Path.GetFullPath(path));
    }

    private static Command Delegate(Commands.CommandLine line)
    {
        var to = new Option<string>("--to") { Description = "Who may use the role.", HelpName = "PERSON", Required = true };
        var role = new Option<string>("--role") { Description = "The role that is lent.", HelpName = "ROLE", Required = true };
        var until = new Option<string>("--until") { Description = "When it ends: a date or a moment in UTC.", HelpName = "DATE", Required = true };
        var kinds = new Option<string[]>("--kind") { Description = "Only for this kind of letter; may be given more than once.", HelpName = "KIND" };
        var command = new Command("delegate", "Lends a role of one's own to another person until a date. The other counts as the lender, never beside them.")
            { Options.AsOne(), Options.Key(), to, role, until, kinds }.Example("countersign delegate --as \"A. Jansen\" --to \"B. Bakker\" --role legal --until 2026-12-31");
        line.InOffice(command, (parse, office) =>
        {
            if (!Moments.TryParse(parse.GetRequiredValue(until), out var end))
                return new Refusal("usage.date", $"\"{parse.GetValue(until)}\" is no date.", "Give one such as 2026-12-31.");
            if (end <= office.Now)
                return new Refusal("delegate.past", "That date has passed.", "Give a later --until.");
            if (!line.Signer(parse, office).Is(out var signer, out var refusal) || !office.FindPerson(parse.GetRequiredValue(to)).Is(out var member, out refusal))
                return refusal;
            string[] chosen = [.. (parse.GetValue(kinds) ?? []).Distinct().Order(StringComparer.Ordinal)];
            if (chosen.FirstOrDefault(k => !office.Policy.Kinds.ContainsKey(k)) is { } unknown)
                return new Refusal("delegate.kind", $"The policy knows no letters of kind \"{unknown}\".", $"It knows: {string.Join(", ", office.Policy.Kinds.Keys)}.");
            var wanted = parse.GetRequiredValue(role);
            if (!office.Do(signer, header => new DelegateAct(header) { To = member.Person, Role = wanted, Until = end, Kinds = chosen }).Is(out var recorded, out refusal))
                return refusal;
            return new Answer()
                .Line($"{office.NameOf(member.Person)} may sign as {wanted} for {office.NameOf(signer.Person)} until {Text.Moment(end)}.")
                .With("from", signer.Person).With("to", member.Person).With("role", wanted).With("until", Text.Moment(end)).With("act", recorded.Act.Digest.ToString());
        });
        return command;
    }

    private static Command PolicyCommand(Commands.CommandLine line)
    {
        var policy = new Command("policy", "The rules of who must sign.");
        var yaml = new Option<bool>("--yaml") { Description = "As a policy file, to change and adopt; docs/POLICY.md explains its members." };
        var show = new Command("show", "Shows the policy in force, and who could send what.") { yaml }.Example("countersign policy show", "countersign policy show --yaml > policy.yaml");
        line.InOffice(show, (parse, office) =>
        {
            if (parse.GetValue(yaml))
                return new Answer().Line(PolicyFile.Write(office.Policy).TrimEnd())
                    .With("digest", office.Policy.Digest.ToString()).With("yaml", PolicyFile.Write(office.Policy));
            var answer = Explain(new Answer(), office.Policy, office);
            return answer.With("digest", office.Policy.Digest.ToString()).With("policy", JsonNode.Parse(office.Policy.Bytes.Span));
        });

        var file = new Argument<string>("FILE") { Description = "A policy file (YAML)." };
        var check = new Command("check", "Reads a policy file and says whether it can be used.") { file }.Example("countersign policy check policy.yaml");
        line.Action(check, parse =>
        {
            if (!PolicyFile.Read(parse.GetRequiredValue(file)).Is(out var read, out var refusal))
                return refusal;
            var answer = Explain(new Answer(), read, null).Line("The policy can be used: under it nobody sends alone.").With("digest", read.Digest.ToString());
            // A policy is checked before there is an office, too; where there is one, it is held against its people and letters.
            var home = line.HomeOf(parse);
            if (!home.Exists)
                return answer;
            if (!Office.Open(home, line.Clock).Is(out var office, out refusal))
                return refusal;
            using (office)
                return Warned(answer, read, office);
        });

        var adopt = new Command("adopt", "Adopts a policy. Needs those whom the present policy's change rule names.") { file, Options.As(), Options.Key() }
            .Example("countersign policy adopt policy.yaml --as \"A. Jansen\" --key jansen.key --as \"B. de Vries\" --key devries.key");
        line.InOffice(adopt, (parse, office) =>
        {
            if (!PolicyFile.Read(parse.GetRequiredValue(file)).Is(out var read, out var refusal) || !line.Signers(parse, office).Is(out var signers, out refusal))
                return refusal;
            if (!Staffing.CanMeet(read.Change, read, office.Roster, office.Now))
                return new Refusal("policy.locks-out", "Nobody in office could change this policy again: its change rule cannot be met.", "Enrol people for its roles first, or name roles that are held.");
            office.Keep(read);
            return office.Decide("roster", signers, act => act is AdoptAct a && a.Policy == read.Digest, header => new AdoptAct(header) { Policy = read.Digest })
                .Is(out var outcome, out refusal) ? Warned(Decided(office, outcome, "The policy is adopted."), read, office).With("digest", read.Digest.ToString()) : refusal;
        });
        policy.Add(show);
        policy.Add(check);
        policy.Add(adopt);
        return policy;
    }

    private static Command Rekey(Commands.CommandLine line)
    {
        var command = new Command("rekey", "Replaces the office's own keys and certificate. Needs those whom the policy's change rule names; old letters keep verifying.")
            { Options.As(), Options.Key() }.Example("countersign rekey --as \"A. Jansen\" --key jansen.key --as \"B. de Vries\" --key devries.key");
        line.InOffice(command, (parse, office) =>
        {
            if (!line.Signers(parse, office).Is(out var signers, out var refusal))
                return refusal;
            return office.Decide(RosterAct.About, signers, act => act is RekeyAct { Gap: null }, header => new RekeyAct(header) { Keys = office.NewKeys(office.Roster.Keys[^1].Keys.Origin) })
                .Is(out var outcome, out refusal)
                ? Decided(office, outcome, "The office has new keys. Give everybody the new trust file: with the old one, letters released from now on are not known.")
                : refusal;
        });
        return command;
    }

    private static Command Free(Commands.CommandLine line)
    {
        var file = new Argument<string>("FILE") { Description = "The text that may always leave." };
        var title = new Option<string?>("--title") { Description = "What it is. Default: the file's name.", HelpName = "TEXT" };
        var command = new Command("free", "Registers a text that may always leave: boilerplate, a law, a press release. Never one that was first seen in a draft. Needs two people.")
            { file, title, Options.As(), Options.Key() }.Example("countersign free press-release.pdf --as \"Registrar One\" --as \"A. Jansen\" --key jansen.key");
        line.InOffice(command, (parse, office) =>
        {
            var path = parse.GetRequiredValue(file);
            if (!File.Exists(path))
                return new Refusal("free.file", $"There is no file {path}.", "Check the path.");
            if (new FileInfo(path).Length is 0 or > Drafting.Drafts.MaxBytes)
                return new Refusal("free.size", $"{path} is empty or larger than 100 MB.", "Check the path.");
            var name = (parse.GetValue(title) ?? Path.GetFileName(path)).Trim();
            if (name.Length is 0 or > 200 || Text.Fault(name) is not null)
                return new Refusal("free.title", "The text needs a title of up to 200 characters of plain text.", "Give it with --title.");
            if (!line.Signers(parse, office).Is(out var signers, out var refusal))
                return refusal;
            var bytes = File.ReadAllBytes(path);
            var text = Digest.Of(bytes);
            if (office.IsFree(text))
                return new Answer().Line($"{name} may always leave already.").With("text", text.ToString()).With("missing", Missing.Of([]));
            // The text, not only the file: what was first seen in a draft is never freed, in whatever form it is brought.
            using (var texts = OfficeTexts.Open(office))
            {
                texts.CatchUp(office);
                if (texts.DraftIn(bytes) is { } draft)
                    return new Refusal("free.draft", $"{name} holds text of version {draft.Version} of {draft.Reference}; what was first seen in a draft is never freed.", "Release it as a letter with a public audience instead.");
            }
            office.Home.KeepBlob(bytes);
            return office.Decide(FreeAct.About, signers, act => act is FreeAct f && f.Text == text, header => new FreeAct(header) { Text = text, Title = name })
                .Is(out var outcome, out refusal) ? Decided(office, outcome, $"{name} may always leave.").With("text", text.ToString()) : refusal;
        });
        return command;
    }

    private static Answer Explain(Answer answer, Policy policy, Office? office)
    {
        foreach (var (kind, needs) in policy.Kinds.OrderBy(k => k.Key, StringComparer.Ordinal))
        {
            var note = office is null || Staffing.CanMeet(needs, policy, office.Roster, office.Now) ? "" : "   ! nobody can: too few people hold these roles";
            answer.Line($"A {kind} is released by {Who(needs)}.{note}");
            if (policy.StagesOf(kind) is { Count: > 0 } stages)
                answer.Line($"  They come in turn: first {string.Join(", then ", stages.Select(roles => string.Join(" and ", roles)))}.");
        }
        answer.Line($"One person stops any letter: {Who(policy.Stop)}.")
            .Line($"A released letter is withdrawn, or a hold lifted, by {Who(policy.Withdraw)}.")
            .Line($"People are enrolled by {Who(policy.People)}; roles that weigh more ({string.Join(", ", policy.Roles.Where(policy.Weighs))}), after their first holder, by {Who(policy.Change)}.")
            .Line($"The policy is changed by {Who(policy.Change)}.")
            .Line("Whoever drafted a letter never counts for it; a person counts once.");
        foreach (var escalation in policy.Escalations)
            answer.Line($"Findings {string.Join(", ", escalation.When)} {(escalation.Refuses ? "refuse a release until overruled by" : "add")} {Who(escalation.Approve)}.");
        return answer;
    }

    private static string Who(IReadOnlyList<Need> needs) => string.Join(" and ", needs.Select(n => n.Count == 1 ? n.Words : $"{n.Count} × {n.Words}"));

    /// <summary>A rule's signers as options of a command, by the names of people in office who could fill it; a role where nobody is left for it.</summary>
    private static string ByExample(Office office, IReadOnlyList<Need> needs)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        var text = "";
        foreach (var roles in needs.SelectMany(n => Enumerable.Repeat(n.Roles, n.Count)))
        {
            var member = office.Roster.Members.Values.Where(m => m.Roles.Any(roles.Contains) && !taken.Contains(m.Person)).OrderBy(m => m.Person, StringComparer.Ordinal).FirstOrDefault();
            if (member is not null)
                taken.Add(member.Person);
            text += $" --as \"{(member is null ? string.Join(" or ", roles).ToUpperInvariant() : office.NameOf(member.Person))}\"";
        }
        return text;
    }

    /// <summary>What whoever adopts a policy should know: roles that nobody holds, often a slip of the pen, and open letters that nobody could release.</summary>
    private static Answer Warned(Answer answer, Policy policy, Office office)
    {
        var held = office.Roster.Members.Values.SelectMany(m => m.Roles).ToHashSet(StringComparer.Ordinal);
        var open = office.AllLetters().Select(row => office.History(row.Id)).Where(h => h.Release is null).Select(h => h.CurrentDraft!)
            .Where(d => !policy.Kinds.ContainsKey(d.LetterKind)).GroupBy(d => d.LetterKind, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal);
        string[] warnings =
        [
            .. policy.Roles.Where(r => !held.Contains(r)).Select(r => $"nobody in office holds the role \"{r}\"."),
            .. open.Select(g => $"it drops the kind \"{g.Key}\", of which letters are open that could not be released: {string.Join(", ", g.Select(d => d.Reference))}."),
        ];
        foreach (var warning in warnings)
            answer.Line($"Warning: {warning}");
        return answer.With("warnings", new JsonArray([.. warnings.Select(w => JsonValue.Create(w))]));
    }

    /// <summary>Who signs for the roster: those named, else the two founders while their keys lie in the home.</summary>
    private static Result<IReadOnlyList<Signer>> Registrars(Commands.CommandLine line, ParseResult parse, Office office, string[]? keys = null) =>
        line.Signers(parse, office, [.. office.Found.People.Select(p => p.Person)
            .Where(p => office.Roster.Members.ContainsKey(p) && File.Exists(office.Home.KeyOf(p)))], keys);

    private static Answer Decided(Office office, Outcome outcome, string done)
    {
        var missing = Missing.Of(outcome.Permit.Missing);
        return outcome.Recorded is not null
            ? new Answer().Line(done).With("act", outcome.Act.Digest.ToString()).With("missing", missing)
            : new Answer { ExitCode = 1, Next = "The same command with --as and --key of whoever is missing." }
                .Line($"Signed and kept. Still missing: {outcome.Permit.MissingWords}.")
                .With("act", outcome.Act.Digest.ToString()).With("missing", missing);
    }
}

/// <summary>Whether enough people are left.</summary>
public static class Staffing
{
    /// <summary>Whether different people in office could fill every place of a rule, if all of them signed.</summary>
    public static bool CanMeet(IReadOnlyList<Need> needs, Policy policy, Roster roster, DateTimeOffset at) => Permit.CouldMeet(needs, policy, roster, at);
}
