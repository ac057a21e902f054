using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Serving;

/// <summary>The house on the network: <c>serve</c>, and the <c>token</c>s with which programs sign in.</summary>
public static class ServeCommands
{
    /// <summary>
    /// Adds the room's commands. <paramref name="doors"/> adds what the other rooms answer; <paramref name="roles"/> are what may run beside the web, by the names that <c>--roles</c> takes.
    /// </summary>
    public static void MapServing(this RootCommand root, Commands.CommandLine line, Action<House> doors, IReadOnlyDictionary<string, Func<House, Result<IDisposable>>> roles)
    {
        root.Add(Serve(line, doors, roles));
        root.Add(Token(line));
    }

    private static Command Serve(Commands.CommandLine line, Action<House> doors, IReadOnlyDictionary<string, Func<House, Result<IDisposable>>> roles)
    {
        var urls = new Option<string>("--urls") { Description = "Where to listen.", HelpName = "URLS", DefaultValueFactory = _ => "http://127.0.0.1:8080" };
        var asked = new Option<string>("--roles") { Description = $"What runs: web, and with commas also {string.Join(", ", roles.Keys)}.", HelpName = "ROLES", DefaultValueFactory = _ => "web" };
        var command = new Command("serve", "Serves the office: the page that checks letters and its public files to everybody, and /api/v1 to programs that hold a token. Ends with Ctrl+C.") { urls, asked }
            .Example("countersign serve", "countersign serve --roles web,gate", "countersign serve --urls http://127.0.0.1:9000", "curl -H \"Authorization: Bearer $TOKEN\" --data-binary @letter.docx \"http://127.0.0.1:8080/api/v1/check?name=letter.docx\"");
        line.Action(command, parse =>
        {
            string[] words = [.. parse.GetRequiredValue(asked).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];
            if (words.FirstOrDefault(w => w != "web" && !roles.ContainsKey(w)) is { } unknown)
                return Commands.CommandLine.Usage($"\"{unknown}\" is no role; there are web, {string.Join(", ", roles.Keys)}.");
            if (!words.Contains("web"))
                return Commands.CommandLine.Usage("serve serves the web; `countersign gate` runs the gate alone.");
            return House.Run(line.HomeOf(parse), line.Clock, parse.GetRequiredValue(urls), doors, [.. words.Where(roles.ContainsKey).Select(w => roles[w])], line.Error);
        });
        return command;
    }

    private static Command Token(Commands.CommandLine line)
    {
        var token = new Command("token", "Tokens with which programs use /api/v1: publishing systems, print servers, chat.");
        var name = new Argument<string>("NAME") { Description = "What the token is for." };
        var add = new Command("add", "Makes a token and prints it, once. The office keeps only its digest.") { name }.Example("countersign token add \"print server\"");
        line.InOffice(add, (parse, office) =>
        {
            var who = parse.GetRequiredValue(name).Trim();
            if (who.Length is 0 or > 100 || Proof.Text.Fault(who) is not null)
                return new Refusal("token.name", "A token needs a name of up to 100 characters of plain text.", "Give it one that says which program uses it.");
            if (Tokens.Named(office, who) is not null)
                return new Refusal("token.exists", $"There is a token \"{who}\" already.", "Remove it first with `countersign token remove`, or choose another name.");
            var made = Tokens.Add(office, who);
            return new Answer { Next = "curl -H \"Authorization: Bearer TOKEN\" --data-binary @FILE http://127.0.0.1:8080/api/v1/check, while `countersign serve` runs" }
                .Line($"The token of \"{who}\". It is shown this once: {made}").With("name", who).With("token", made);
        });
        var list = new Command("list", "Lists the tokens by name.");
        line.InOffice(list, (_, office) =>
        {
            var names = Tokens.Names(office);
            var answer = new Answer().With("tokens", new JsonArray([.. names.Select(n => JsonValue.Create(n))]));
            foreach (var known in names)
                answer.Line(known);
            return names.Count == 0 ? answer.Line("There are no tokens. `countersign token add NAME` makes one.") : answer;
        });
        var removed = new Argument<string>("NAME") { Description = "Which token." };
        var remove = new Command("remove", "Ends a token at once.") { removed }.Example("countersign token remove \"print server\"");
        line.InOffice(remove, (parse, office) =>
        {
            var who = parse.GetRequiredValue(removed).Trim();
            return Tokens.Remove(office, who)
                ? new Answer().Line($"The token \"{who}\" is no longer taken.").With("name", who)
                : new Refusal("token.unknown", $"There is no token \"{who}\".", "`countersign token list` shows them.");
        });
        token.Add(add);
        token.Add(list);
        token.Add(remove);
        return token;
    }
}

/// <summary>Tokens of programs. A token is 256 random bits; the office keeps its SHA-256, so that whoever reads the database holds none.</summary>
public static class Tokens
{
    private const string Prefix = "token.";

    /// <summary>Makes a token; whoever holds the returned text may use the interface for programs.</summary>
    public static string Add(Office office, string name)
    {
        var token = "cs_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        office.Records.Settings.Add(new SettingRow { Name = Prefix + name, Value = DigestOf(token) });
        office.Save();
        return token;
    }

    /// <summary>The digest kept under a name; null where there is none.</summary>
    public static string? Named(Office office, string name) => office.Setting(Prefix + name);

    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Names(Office office) => [.. All(office).Select(t => t.Name)];

    /// <summary>Names and digests of all tokens.</summary>
    internal static IReadOnlyList<(string Name, string Digest)> All(Office office) =>
        [.. office.Records.Settings.Where(s => s.Name.StartsWith(Prefix)).OrderBy(s => s.Name).AsEnumerable().Select(s => (s.Name[Prefix.Length..], s.Value))];

    /// <summary>Ends a token; false where there is none.</summary>
    public static bool Remove(Office office, string name)
    {
        if (office.Records.Settings.FirstOrDefault(s => s.Name == Prefix + name) is not { } row)
            return false;
        office.Records.Settings.Remove(row);
        office.Save();
        return true;
    }

    /// <summary>SHA-256 of a token as it is sent.</summary>
    internal static string DigestOf(string token) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(token)));
}
