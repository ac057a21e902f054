using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Proof;
using Countersign.Server.Commands;
using Countersign.Server.Letters;

namespace Countersign.Server.Guarding;

/// <summary>The gate before an office's mail: <c>gate</c>, and what it refused: <c>gate cases</c>, <c>gate case</c>, <c>gate let</c>; <c>gate test</c> tries it.</summary>
public static class GateCommands
{
    /// <summary>Adds the room's commands.</summary>
    public static void MapGuarding(this RootCommand root, Commands.CommandLine line)
    {
        var options = new Options();
        var gate = new Command("gate", "Stands before the mail server and lets nothing out that is not released: an SMTP proxy. It answers each message only once the next mail server did, and changes no byte of what passes. SIGTERM or Ctrl+C closes it, SIGHUP reads its file again.")
            { options.Config, options.Listen, options.NextHop }
            .Example("countersign gate --listen 127.0.0.1:10025 --next-hop 127.0.0.1:10026", "countersign gate --config /etc/countersign/gate.yaml");
        line.Action(gate, parse => GateHouse.Run(line.HomeOf(parse), office => options.Read(parse, office), line.Clock, line.Error));
        gate.Add(Test(line, options));
        gate.Add(Cases(line));
        gate.Add(Case(line));
        gate.Add(Let(line));
        root.Add(gate);
    }

    /// <summary>Runs the gate beside the web, as <c>gate.yaml</c> in the office's folder says.</summary>
    public static Result<IDisposable> Beside(SharedOffice office, TimeProvider clock, TextWriter said) =>
        GateHouse.Open(office, () => office.Alone(o => o.Home.In("gate.yaml") is var file && File.Exists(file) ? GateFile.Read(file, o) : GateFile.Parse("", o.Home.Path, o.Home, o.Found.Office)), clock, said)
            .Is(out var house, out var refusal) ? house.WithHealthAndReload() : refusal;

    /// <summary>The options that say where the gate stands.</summary>
    public sealed class Options
    {
        public Option<string?> Config { get; } = new("--config") { Description = "The gate's file. Default: HOME/gate.yaml where there is one; everything has a default.", HelpName = "FILE", Recursive = true };
        public Option<string[]> Listen { get; } = new("--listen") { Description = "Where mail comes in; overrides the file.", HelpName = "ADDRESS:PORT" };
        public Option<string[]> NextHop { get; } = new("--next-hop") { Description = "Where mail goes on; overrides the file. Several are tried in turn.", HelpName = "HOST:PORT" };

        /// <summary>Reads the file with what the command line overrides.</summary>
        public Result<GateOptions> Read(ParseResult parse, Office office)
        {
            var named = parse.GetValue(Config);
            var path = named ?? office.Home.In("gate.yaml");
            Result<GateOptions> file = named is null && !File.Exists(path)
                ? GateFile.Parse("", office.Home.Path, office.Home, office.Found.Office)
                : GateFile.Read(path, office);
            if (!file.Is(out var read, out var refusal))
                return refusal;
            var listen = parse.GetValue(Listen) is { Length: > 0 } l ? l : null;
            var hops = parse.GetValue(NextHop) is { Length: > 0 } h ? h : null;
            if (listen is null && hops is null)
                return read;
            var typed = string.Join('\n', new[] { Member("listen", listen), Member("next-hop", hops) }.OfType<string>());
            return GateFile.Parse(typed, office.Home.Path, office.Home, office.Found.Office).Is(out var over, out refusal)
                ? read with { Smtp = read.Smtp with { Listen = listen is null ? read.Smtp.Listen : over.Smtp.Listen, NextHops = hops is null ? read.Smtp.NextHops : over.Smtp.NextHops } }
                : refusal with { Code = "usage" };
        }

        private static string? Member(string name, string[]? values) => values is null ? null : $"{name}: [{string.Join(", ", values.Select(v => $"\"{v.Replace("\"", "", StringComparison.Ordinal)}\""))}]";
    }

    private static Command Test(Commands.CommandLine line, Options options)
    {
        var file = new Argument<string>("MESSAGE") { Description = "A message as mail programs save it (EML)." };
        var from = new Option<string>("--from") { Description = "Who sends it.", HelpName = "ADDRESS", DefaultValueFactory = _ => "" };
        var to = new Option<string[]>("--to") { Description = "To whom it goes.", HelpName = "ADDRESS", Required = true };
        var test = new Command("test", "Says what the gate would answer to a message, and why. Nothing is sent or kept. Exit 1 when it would not pass.") { file, from, to }
            .Example("countersign gate test message.eml --to joc@example.org");
        line.Action(test, parse =>
        {
            var path = parse.GetRequiredValue(file);
            if (!File.Exists(path))
                return new Refusal("gate.file", $"There is no file {path}.", "Check the path.");
            if (new FileInfo(path).Length > DocumentKind.MostBytes)
                return new Refusal("gate.too-large", $"{path} is larger than the 100 MB that are read.", "The gate refuses it for its size, too.");
            if (!SharedOffice.Open(line.HomeOf(parse), line.Clock).Is(out var office, out var refusal))
                return refusal;
            using (office)
            using (var watch = new GateWatch(office, line.Clock))
            using (var cases = CaseBook.Open(GateHouse.CasesOf(office.Home)))
            {
                if (!office.Alone(o => options.Read(parse, o)).Is(out var settings, out refusal))
                    return refusal;
                var mail = new MailGate(watch.Now, () => settings.Mail, cases, line.Clock);
                var said = mail.Explain(new Envelope("", "", parse.GetRequiredValue(from), [.. parse.GetRequiredValue(to)]), File.ReadAllBytes(path));
                var passes = said.Kind == RulingKind.Pass || said.LetPass;
                var answer = new Answer { ExitCode = passes ? 0 : 1, Next = passes || said.Next.Length == 0 ? null : said.Next }
                    .Line(said.Kind == RulingKind.Pass ? "It would pass." : said.LetPass ? "It would pass: two people let it." : $"It would be answered {(said.Kind == RulingKind.Refuse ? "550" : "451")}: {said.Why}");
                Findings(answer, CaseFindings.Of(said.Ruling));
                return answer.With("ruling", said.Kind.ToString().ToLowerInvariant()).With("why", said.Why).With("message", said.Digest.ToString()).With("letPass", said.LetPass);
            }
        });
        return test;
    }

    private static Command Cases(Commands.CommandLine line)
    {
        var last = new Option<int>("--last") { Description = "How many.", HelpName = "N", DefaultValueFactory = _ => 20 };
        var cases = new Command("cases", "Lists what the gate did not let out, newest first.") { last }.Example("countersign gate cases --last 50");
        line.InOffice(cases, (parse, office) =>
        {
            using var book = CaseBook.Open(GateHouse.CasesOf(office.Home));
            var all = book.Newest(Math.Clamp(parse.GetValue(last), 1, 10_000));
            var answer = new Answer { Next = all.Count > 0 ? $"countersign gate case {all[0].Id}" : null };
            foreach (var one in all)
                answer.Line($"{one.Id}  {Text.Moment(one.At)}  {(one.Kind == RulingKind.Refuse ? "refused" : "unsure ")}  {Sender(one)} to {string.Join(", ", one.Envelope.Recipients.Take(3))}{(one.Envelope.Recipients.Count > 3 ? $" and {one.Envelope.Recipients.Count - 3} more" : "")}  {one.Why}");
            return (all.Count == 0 ? answer.Line("The gate has refused nothing.") : answer).With("cases", new JsonArray([.. all.Select(Json)]));
        });
        return cases;
    }

    private static Command Case(Commands.CommandLine line)
    {
        var id = new Argument<string>("CASE") { Description = "The number in the refusal, such as K7QM-3XPD." };
        var command = new Command("case", "Shows why the gate did not let a message out: letter, version and passage. For those who may read the letter.") { id }.Example("countersign gate case K7QM-3XPD");
        line.InOffice(command, (parse, office) =>
        {
            using var book = CaseBook.Open(GateHouse.CasesOf(office.Home));
            if (book.Find(parse.GetRequiredValue(id)) is not { } one)
                return Unknown(parse.GetRequiredValue(id));
            var answer = new Answer { Next = $"If it must leave all the same, two people say so: countersign gate let {one.Id} --as PERSON --as PERSON --reason REASON" }
                .Line($"{one.Id}: {(one.Kind == RulingKind.Refuse ? "refused" : "not judged")} on {Text.Moment(one.At)}{(one.Times > 1 ? string.Create(CultureInfo.InvariantCulture, $", {one.Times} times") : "")}")
                .Line($"  from {Sender(one)} ({one.Envelope.Client}, {one.Envelope.Helo})")
                .Line($"  to {string.Join(", ", one.Envelope.Recipients)}")
                .Line($"  {one.Why}");
            Findings(answer, one.Findings);
            foreach (var (name, value) in Json(one).ToList())
                answer.With(name, value?.DeepClone());
            return answer;
        });
        return command;
    }

    private static Command Let(Commands.CommandLine line)
    {
        var id = new Argument<string>("CASE") { Description = "The number in the refusal." };
        var reason = new Option<string?>("--reason") { Description = "Why it must leave, for the record.", HelpName = "REASON", Required = true };
        var hours = new Option<int>("--hours") { Description = "For how long, from 1 to 168.", HelpName = "N", DefaultValueFactory = _ => 24 };
        var (by, key) = (Commands.Options.As(), Commands.Options.Key());
        var command = new Command("let", "Lets one refused message pass, to the same recipients, when it is sent again: two people of the policy's rule \"free\" sign. The same words in another message are refused as before.") { id, reason, hours, by, key }
            .Example("countersign gate let K7QM-3XPD --as \"Registrar One\" --as \"A. Jansen\" --reason \"Agreed by telephone with the ministry.\"");
        line.InOffice(command, (parse, office) =>
        {
            using var book = CaseBook.Open(GateHouse.CasesOf(office.Home));
            if (book.Find(parse.GetRequiredValue(id)) is not { } one)
                return Unknown(parse.GetRequiredValue(id));
            if (one.Findings.Seals.Count > 0)
                return new Refusal("gate.seal", $"{one.Id} brings a sealed letter that does not stand: {one.Findings.Seals[0]}. Nobody lets that pass.", "Have the hold lifted, or send the sealed copy as it was released.");
            if (parse.GetValue(hours) is < 1 or > 168)
                return Commands.CommandLine.Usage("A message is let pass for 1 to 168 hours.");
            var why = (parse.GetValue(reason) ?? "").Trim();
            if (why.Length is 0 or > 1900 || Text.Fault(why) is not null)
                return Commands.CommandLine.Usage("A message needs a reason of up to 1,900 characters of plain text.");
            if (!line.Signers(parse, office).Is(out var signers, out var refusal))
                return refusal;
            var words = $"{one.Id}: {why}";
            if (!office.Decide(FreeAct.About, signers, act => act is PassAct p && p.Message == one.Message && p.Until >= office.Now && p.Reason == words,
                header => new PassAct(header) { Message = one.Message, Reason = words, Until = header.At.AddHours(parse.GetValue(hours)) }).Is(out var outcome, out refusal))
                return refusal;
            var act = (PassAct)outcome.Act;
            var missing = Missing.Of(outcome.Permit.Missing);
            return outcome.Recorded is not null
                ? new Answer { Next = "Have the sender send it again." }.Line($"The message of {one.Id} passes to the same recipients until {Text.Moment(act.Until)}.").With("message", one.Message.ToString()).With("until", Text.Moment(act.Until)).With("missing", missing)
                : new Answer { ExitCode = 1, Next = "The same command with --as and --key of whoever is missing." }.Line($"Signed and kept. Still missing: {outcome.Permit.MissingWords}.").With("missing", missing);
        });
        return command;
    }

    private static Refusal Unknown(string id) => new("gate.case", $"There is no case {id}.", "`countersign gate cases` lists them.");

    private static string Sender(Case one) => one.Envelope.Sender.Length > 0 ? one.Envelope.Sender : "a mail server";

    private static void Findings(Answer answer, CaseFindings findings)
    {
        foreach (var leak in findings.Leaks)
            foreach (var passage in leak.Passages.DefaultIfEmpty(new CasePassage("", "", "", leak.Words)))
                answer.Line($"    {leak.Reference}, version {leak.Version}, {passage.Words} words{(passage.Part.Length + passage.Where.Length > 0 ? $" ({string.Join(", ", new[] { passage.Part, passage.Where }.Where(w => w.Length > 0))})" : "")}: “{passage.Text}”");
        foreach (var alike in findings.LookAlikes)
            answer.Line($"    looks like a letter of this office: {alike}");
        foreach (var seal in findings.Seals)
            answer.Line($"    a sealed letter that does not stand: {seal}");
        foreach (var unread in findings.Unread)
            answer.Line($"    not read: {unread}");
        if (findings.Leaks.Count == 0)
            foreach (var suspected in findings.Suspected)
                answer.Line($"    a little of {suspected}; it adds up with what the sender sent in seven days");
    }

    private static JsonObject Json(Case one) => new()
    {
        ["case"] = one.Id,
        ["at"] = Text.Moment(one.At),
        ["times"] = one.Times,
        ["ruling"] = one.Kind.ToString().ToLowerInvariant(),
        ["why"] = one.Why,
        ["message"] = one.Message.ToString(),
        ["bytes"] = one.Bytes.ToString(),
        ["client"] = one.Envelope.Client,
        ["from"] = one.Envelope.Sender,
        ["to"] = new JsonArray([.. one.Envelope.Recipients.Select(r => JsonValue.Create(r))]),
        ["leaks"] = new JsonArray([.. one.Findings.Leaks.Select(l => new JsonObject
        {
            ["letter"] = l.Reference,
            ["version"] = l.Version,
            ["share"] = l.Share,
            ["words"] = l.Words,
            ["passage"] = l.Passages.MaxBy(p => p.Words)?.Text,
        })]),
        ["lookAlikes"] = new JsonArray([.. one.Findings.LookAlikes.Select(a => JsonValue.Create(a))]),
        ["seals"] = new JsonArray([.. one.Findings.Seals.Select(s => JsonValue.Create(s))]),
        ["unread"] = new JsonArray([.. one.Findings.Unread.Select(u => JsonValue.Create(u))]),
    };
}
