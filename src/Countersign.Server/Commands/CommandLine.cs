using System.CommandLine;
using System.CommandLine.Help;
using System.Text.Json.Nodes;
using Countersign.Proof;
using Countersign.Server.Letters;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Commands;

/// <summary>
/// The edge between a terminal and the house: global options, signers, and the one place where what can go wrong on a machine (a full disk, a
/// read-only folder, a damaged database) becomes a sentence and an exit code.
/// </summary>
public sealed class CommandLine(TimeProvider clock, TextWriter output, TextWriter error, Func<string, string?> environment)
{
    private readonly Option<string?> _home = new("--home")
    {
        Description = "The office's folder. Default: $COUNTERSIGN_HOME, else ./.countersign",
        HelpName = "DIR",
        Recursive = true,
    };

    private readonly Option<bool> _json = new("--json") { Description = "Answer with one JSON object on standard output.", Recursive = true };

    /// <summary>The machine's clock, or a test's.</summary>
    public TimeProvider Clock => clock;

    /// <summary>Opens standard input.</summary>
    public Func<Stream> Input { get; init; } = Console.OpenStandardInput;

    /// <summary>Where answers go.</summary>
    public TextWriter Output => output;

    /// <summary>Where refusals and progress go.</summary>
    public TextWriter Error => error;

    /// <summary>Builds the whole command line and runs it.</summary>
    public int Run(IReadOnlyList<string> arguments, Action<RootCommand, CommandLine> rooms)
    {
        var root = new RootCommand("Release control for official letters: nothing leaves that was not approved, and anyone can check.") { _home, _json };
        rooms(root, this);
        var asked = new Argument<string[]>("COMMAND") { Description = "The command, such as: person add", Arity = ArgumentArity.ZeroOrMore };
        var help = new Command("help", "Shows the help of a command.") { asked };
        help.SetAction(parse => Help(root, parse.GetValue(asked) ?? []));
        root.Add(help);
        Examples.AddTo(root);
        if (arguments.Count == 0)
        {
            Help(root, []);
            return 2;
        }
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
            return Mistyped(parsed, parsed.Tokens.Any(t => t.Value == "--json"));
        return parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
    }

    /// <summary>Prints the help of a command; of the whole program where none is named.</summary>
    private int Help(RootCommand root, string[] command)
    {
        var parsed = root.Parse([.. command, "--help"]);
        return parsed.UnmatchedTokens.Count > 0
            ? Mistyped(parsed, json: false)
            : parsed.Invoke(new InvocationConfiguration { Output = output, Error = error });
    }

    /// <summary>
    /// Answers a command that was given wrongly: by the first word that is not understood, because those behind it are often right, and with what may
    /// have been meant. A group alone, such as <c>person</c>, is answered with its commands.
    /// </summary>
    private int Mistyped(ParseResult parsed, bool json)
    {
        var command = parsed.CommandResult.Command;
        var name = string.Join(' ', Typed(command));
        string[] commands = [.. command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)];
        Answer answer;
        if (parsed.UnmatchedTokens is [var word, ..])
        {
            var isOption = word.StartsWith('-');
            IEnumerable<string> known = isOption
                ? command.Options.Concat(command.Parents.OfType<Command>().SelectMany(p => p.Options.Where(o => o.Recursive))).Select(o => o.Name)
                : commands;
            var nearest = known.Select(k => (Name: k, Distance: Distance(word.ToLowerInvariant(), k))).Where(k => k.Distance <= Math.Max(1, k.Name.Length / 3)).ToArray();
            string[] meant = [.. nearest.Where(k => k.Distance == nearest.Min(n => n.Distance)).Select(k => k.Name)];
            answer = new Answer
            {
                ExitCode = 2,
                Next = meant.Length > 0 ? $"Did you mean {string.Join(" or ", meant)}? See {name} --help." : $"See {name} --help.",
            }
                .Line(commands.Length > 0 && !isOption ? $"\"{word}\" is no command of {name}." : $"\"{word}\" is not understood here.");
        }
        else if (commands.Length > 0)
        {
            answer = new Answer { ExitCode = 2, Next = $"See {name} --help." }.Line($"{name} needs one of these commands: {string.Join(", ", commands)}.");
        }
        else
        {
            answer = new Answer { ExitCode = 2, Next = $"See {name} --help." }.Line(parsed.Errors[0].Message);
        }
        return answer.With("refused", true).With("code", "usage").With("why", string.Join(' ', answer.Lines)).With("next", answer.Next).Print(json, output, error);
    }

    private static IEnumerable<string> Typed(Command command) =>
        command is RootCommand ? ["countersign"] : Typed(command.Parents.OfType<Command>().First()).Append(command.Name);

    /// <summary>How many letters to add, drop or change (Levenshtein); a long word is compared by its beginning.</summary>
    private static int Distance(string a, string b)
    {
        a = a.Length > 40 ? a[..40] : a;
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }

    /// <summary>The office's folder as the command line names it.</summary>
    public Home HomeOf(ParseResult parse) =>
        new(parse.GetValue(_home) ?? (environment("COUNTERSIGN_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.CurrentDirectory, ".countersign")));

    /// <summary>An action that needs no office.</summary>
    public void Action(Command command, Func<ParseResult, Result<Answer>> action) => command.SetAction(parse => Guard(parse, () => action(parse)));

    /// <summary>An action in the office.</summary>
    public void InOffice(Command command, Func<ParseResult, Office, Result<Answer>> action) => command.SetAction(parse => Guard(parse, () =>
    {
        if (!Office.Open(HomeOf(parse), clock).Is(out var office, out var refusal))
            return refusal;
        using (office)
        {
            var answer = action(parse, office);
            foreach (var warning in office.Warnings)
                error.WriteLine($"Warning: {warning}");
            return answer;
        }
    }));

    /// <summary>An answer to a command that was given wrongly.</summary>
    public static Answer Usage(string why) => new Answer { ExitCode = 2, Next = "See --help." }
        .Line(why).With("refused", true).With("code", "usage").With("why", why).With("next", "See --help.");

    /// <summary>Opens the signers that <c>--as</c> and <c>--key</c> name, in pairs; without <c>--as</c>, those that <paramref name="otherwise"/> gives.</summary>
    public Result<IReadOnlyList<Signer>> Signers(ParseResult parse, Office office, IReadOnlyList<string>? otherwise = null, string[]? keys = null)
    {
        var names = parse.GetValue<string[]>("--as") is { Length: > 0 } given ? given : otherwise ?? [];
        keys ??= parse.GetValue<string[]>("--key") ?? [];
        if (names.Count == 0)
            return new Refusal("signer.none", "Nobody signs.", "Name who signs with --as PERSON, and the key with --key FILE.");
        var signers = new List<Signer>();
        for (var i = 0; i < names.Count; i++)
        {
            if (!office.FindPerson(names[i]).Is(out var member, out var refusal) || !KeyOf(office, member, i < keys.Length ? keys[i] : null).Is(out var key, out refusal))
                return refusal;
            if (signers.All(s => s.Person != member.Person))
                signers.Add(new Signer(member, key));
        }
        return signers;
    }

    /// <summary>Opens one signer.</summary>
    public Result<Signer> Signer(ParseResult parse, Office office) =>
        Signers(parse, office).Is(out var signers, out var refusal)
            ? signers.Count == 1 ? signers[0] : new Refusal("signer.many", "One person does this.", "Give --as and --key once.")
            : refusal;

    /// <summary>Reads a key file. A passphrase comes from <c>$COUNTERSIGN_PASSPHRASE</c>.</summary>
    public Result<SoftwareKey> ReadKey(string path)
    {
        if (!File.Exists(path))
            return new Refusal("key.missing", $"There is no key file {path}.", "Name the person's key with --key FILE.");
        var pem = new FileInfo(path).Length <= 65_536 ? File.ReadAllText(path) : "";
        return SoftwareKey.FromPem(pem, environment("COUNTERSIGN_PASSPHRASE")) is { } key
            ? key
            : pem.Contains("ENCRYPTED", StringComparison.Ordinal)
                ? new Refusal("key.passphrase", $"The key in {path} could not be opened with the passphrase given.", "Set COUNTERSIGN_PASSPHRASE to the key's passphrase.")
                : new Refusal("key.invalid", $"{path} holds no P-256 private key in PEM.", "Name the file that `countersign person add` made for this person.");
    }

    /// <summary>The passphrase that new keys are kept under, if any.</summary>
    public string? Passphrase => environment("COUNTERSIGN_PASSPHRASE");

    private Result<SoftwareKey> KeyOf(Office office, Member member, string? path)
    {
        var name = office.NameOf(member.Person);
        if (path is null && !File.Exists(office.Home.KeyOf(member.Person)))
            return new Refusal("key.missing", $"The key of {name} does not lie in this office's folder.", "Name it with --key FILE.");
        if (!ReadKey(path ?? office.Home.KeyOf(member.Person)).Is(out var key, out var refusal))
            return refusal;
        if (key.KeyId == member.Credential.KeyId)
            return key;
        key.Dispose();
        return new Refusal("key.wrong", $"That is not the key of {name}.", $"Name the key that was enrolled for {name} with --key FILE.");
    }

    private int Guard(ParseResult parse, Func<Result<Answer>> action)
    {
        var json = parse.GetValue(_json);
        Answer answer;
        try
        {
            answer = action().Is(out var done, out var refusal) ? done : Answer.From(refusal);
        }
        catch (Exception e) when (Explain(e) is { } explained)
        {
            answer = Answer.From(explained);
        }
        return answer.Print(json, output, error);
    }

    /// <summary>What a machine can do to us, in a sentence. Anything else is a bug, and is thrown.</summary>
    private static Refusal? Explain(Exception exception) => exception switch
    {
        DbUpdateException { InnerException: { } inner } => Explain(inner),
        SqliteException { SqliteErrorCode: 13 } => new("home.full", "The disk is full; nothing was acknowledged that is not kept.", "Make room, then give the command again."),
        SqliteException { SqliteErrorCode: 8 or 14 } => new("home.read-only", "The office's folder cannot be written to.", "Check its permissions and the disk, then give the command again."),
        SqliteException { SqliteErrorCode: 5 or 6 } => new("home.busy", "Another process is writing to this office for a long time.", "Wait for it to finish, then give the command again."),
        SqliteException { SqliteErrorCode: 19 } => new("home.same-moment", "Somebody else did the same in the same moment.", "Give the command again."),
        SqliteException { SqliteErrorCode: 11 or 26 } => new("home.damaged", "The office's database is damaged.", "Nothing was changed. `countersign doctor` tells more; `countersign restore` brings back a backup."),
        SqliteException s => new("home.database", $"The office's database could not be used: {s.Message.TrimEnd('.')}.", "`countersign doctor` tells more."),
        InvalidDataException d => new("home.damaged", d.Message, "Nothing was changed. `countersign doctor` names all damage; `countersign restore` brings back a backup."),
        UnauthorizedAccessException u => new("home.permission", u.Message, "Check the permissions, then give the command again."),
        FileNotFoundException or DirectoryNotFoundException => new("home.file-missing", exception.Message, "Check the path, then give the command again."),
        IOException io when io.HResult == 28 || io.Message.Contains("No space left", StringComparison.Ordinal) =>
            new("home.full", "The disk is full; nothing was acknowledged that is not kept.", "Make room, then give the command again."),
        IOException io => new("home.io", io.Message, "Check the path and the disk, then give the command again."),
        _ => null,
    };
}

/// <summary>Options that many commands share.</summary>
public static class Options
{
    /// <summary>The signer of a command that one person gives. It takes a list as the other does, so that a second one is answered with a sentence.</summary>
    public static Option<string[]> AsOne() => new("--as") { Description = "Who signs: id, name or e-mail.", HelpName = "PERSON", AllowMultipleArgumentsPerToken = false };

    /// <summary>The signers of a command that several people may give together.</summary>
    public static Option<string[]> As() => new("--as") { Description = "Who signs: id, name or e-mail. May be given more than once.", HelpName = "PERSON", AllowMultipleArgumentsPerToken = false };

    public static Option<string[]> Key() => new("--key") { Description = "That person's key file (PKCS#8 PEM). Default: HOME/keys/people/ID.key", HelpName = "FILE" };

    /// <summary>A path as a person can paste it into a shell.</summary>
    public static string ForShell(string path) => path.Length > 0 && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_')
        ? path
        : OperatingSystem.IsWindows() ? $"\"{path}\"" : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    public static Argument<string> Reference() => new("REF") { Description = "The letter's reference, such as TFN-2026-0001." };
}

/// <summary>Examples at the end of a command's help.</summary>
public static class Examples
{
    private static readonly Dictionary<Command, string[]> Known = [];

    /// <summary>Gives a command examples.</summary>
    public static T Example<T>(this T command, params string[] examples) where T : Command
    {
        Known[command] = examples;
        return command;
    }

    internal static void AddTo(Command command)
    {
        if (Known.TryGetValue(command, out var examples))
            command.Description += $"{Environment.NewLine}{Environment.NewLine}Examples:{string.Concat(examples.Select(e => $"{Environment.NewLine}  {e}"))}";
        foreach (var child in command.Subcommands)
            AddTo(child);
    }
}

/// <summary>Moments as people give them: a date, or a moment of UTC.</summary>
public static class Moments
{
    /// <summary>Reads <c>2026-12-31</c> (its last second) or <c>2026-12-31T12:00:00Z</c>.</summary>
    public static bool TryParse(string text, out DateTimeOffset at)
    {
        if (Text.TryMoment(text, out at))
            return true;
        if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", out var date))
            return false;
        at = new DateTimeOffset(date, new TimeOnly(23, 59, 59), TimeSpan.Zero);
        return true;
    }
}

/// <summary>What is missing, for a program.</summary>
public static class Missing
{
    /// <summary>An array of role and count; where any of several roles serves, they are joined by <c>|</c>.</summary>
    public static JsonArray Of(IEnumerable<Need> needs) =>
        new([.. needs.Select(n => new JsonObject { ["role"] = string.Join('|', n.Roles), ["count"] = n.Count })]);
}
