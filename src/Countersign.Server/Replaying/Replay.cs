using System.CommandLine;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Countersign.Server.Commands;

namespace Countersign.Server.Replaying;

/// <summary>
/// 6 January 2020, live, in a temporary office: <c>replay</c>. Every step is a command that anybody could give, run as given; the story holds only
/// if each ends as the design says.
/// </summary>
public static class ReplayCommand
{
    /// <summary>Adds the room's command. <paramref name="rooms"/> are the house's rooms, so that the story runs the real commands.</summary>
    public static void MapReplaying(this RootCommand root, Commands.CommandLine line, Action<RootCommand, Commands.CommandLine> rooms)
    {
        var letter = new Option<string?>("--letter") { Description = "Use this file as the general's draft instead of the reconstruction.", HelpName = "FILE" };
        var command = new Command("replay", "Tells the story of 6 January 2020 with real letters, in a temporary office, step by step.") { letter }
            .Example("countersign replay", "countersign replay --letter original.md");
        line.Action(command, parse =>
        {
            var original = parse.GetValue(letter) is { } given ? Path.GetFullPath(given) : null;
            if (original is not null && !File.Exists(original))
                return new Letters.Refusal("replay.file", $"There is no file {parse.GetValue(letter)}.", "Check the path.");
            var quiet = parse.GetValue<bool>("--json");
            var folder = Directory.CreateTempSubdirectory("countersign-replay-").FullName;
            var story = new Story(folder, quiet ? TextWriter.Null : line.Output, line.Clock, rooms);
            var held = story.Tell(original);
            return new Answer { ExitCode = held ? 0 : 1 }
                .Line(held ? "Every step held." : "A step did NOT hold. This should never happen; please report it.")
                .Line($"Everything is still there to look at: {folder}")
                .With("held", held).With("folder", folder)
                .With("steps", new JsonArray([.. story.Steps.Select(s => new JsonObject { ["command"] = s.Command, ["exit"] = s.ExitCode, ["held"] = s.Held })]));
        });
        root.Add(command);
    }

    private sealed record Step(string Command, int ExitCode, bool Held);

    private sealed class Story(string folder, TextWriter output, TimeProvider clock, Action<RootCommand, Commands.CommandLine> rooms)
    {
        private const string To = "The Deputy Commander, Joint Operations <deputy@joint-operations.example>";
        private readonly string _home = Path.Combine(folder, "office");

        public List<Step> Steps { get; } = [];

        public bool Tell(string? original)
        {
            Say("6 January 2020. A general hands another country's army a letter. It says that his troops are leaving. It is a draft that should");
            Say("never have left; hours later his headquarters disowns it. Nobody who held that page could tell what it was.");
            Say("Here is the same day in an office that runs Countersign. People and office are plainly fictional.");
            var draft = original ?? Put("draft-of-6-january.md");
            Say(original is null ? "The letter is a reconstruction, written anew from the public record." : $"The letter is the one in {original}.");

            Chapter("The office");
            Run(0, "An office is founded. Its policy: a letter needs legal and commander; a notice needs operations and commander.",
                "init", "Task Force North", "--domain", "tfn.example");
            foreach (var (name, role) in new[]
            {
                ("The General", "commander"), ("The Legal Adviser", "legal"), ("The Chief of Staff", "chief-of-staff"),
                ("The Operations Officer", "operations"), ("A Staff Officer", "operations"),
            })
                Run(0, $"{name} comes into office, with a key of their own.", "person", "add", name, "--role", role);

            Chapter("The draft, and a general alone");
            var first = Reference(Run(0, "A staff officer writes the draft. It gets a number, and a copy to pass around that says DRAFT on every page.",
                "draft", draft, "--as", "A Staff Officer", "--to", To, "--subject", "Movement of forces"));
            Run(1, "The general wants it out today and signs, alone. His signature is kept; the letter stays: legal is missing, and no file exists that could be sent.",
                "release", first, "--as", "The General");
            Run(1, "So he hands over the copy he has. Whoever holds it can ask what it is: Not a released letter.",
                "verify", Path.Combine(_home, "working", $"{first}-v1-DRAFT.pdf"));
            Run(0, "Meanwhile the legal adviser reads it, and objects: it says that we are leaving.",
                "review", first, "--as", "The Legal Adviser", "--object", "--comment", "It reads as a withdrawal. Only the flights were meant.");
            Run(1, "The general signs again. An objection stands; nobody can sign past it.",
                "release", first, "--as", "The General");

            Chapter("What was meant: a notice of helicopter flights");
            var notice = Reference(Run(0, "The staff officer writes what was meant.",
                "draft", Put("notice.md"), "--as", "A Staff Officer", "--to", To, "--kind", "notice", "--subject", "More helicopter flights over the capital"));
            Run(0, "Operations read it and concur.", "review", notice, "--as", "The Operations Officer", "--concur");
            var sealedNotice = Path.Combine(folder, "received", "notice.pdf");
            Run(0, "The general signs. Two people, neither of whom wrote it: it is released, entered in the ledger, sealed.",
                "release", notice, "--as", "The General", "--out", sealedNotice);
            Run(0, "The office gives out its trust file once; everyone may have it.", "trust", "--out", Path.Combine(folder, "received", "tfn.trust.json"));

            Chapter("The other army checks it, with the office gone");
            var away = _home + "-out-of-reach";
            if (!Holds)
                return false;
            Directory.Move(_home, away);
            Run(0, "The office's folder is out of reach, and there is no network. The file and the trust file suffice.",
                "verify", sealedNotice, "--trust", Path.Combine(folder, "received", "tfn.trust.json"), "--offline");
            var altered = Path.Combine(folder, "received", "notice-altered.pdf");
            var bytes = File.ReadAllBytes(sealedNotice);
            bytes[bytes.Length / 3] ^= 1;
            File.WriteAllBytes(altered, bytes);
            Run(1, "Somebody changes a single bit on the way. That, too, is seen.", "verify", altered, "--trust", Path.Combine(folder, "received", "tfn.trust.json"), "--offline");
            Directory.Move(away, _home);

            Chapter("A letter that should come back");
            var second = Reference(Run(0, "Another letter is written …", "draft", Put("second.md"), "--as", "A Staff Officer", "--to", To, "--subject", "Visit of a liaison team"));
            Run(0, "… legal concurs …", "review", second, "--as", "The Legal Adviser", "--concur");
            var sealedSecond = Path.Combine(folder, "received", "visit.pdf");
            Run(0, "… and the general signs. It has left.", "release", second, "--as", "The General", "--out", sealedSecond);
            Run(0, "The date is wrong. The legal adviser alone stops it, at once.", "hold", second, "--as", "The Legal Adviser", "--reason", "The date is wrong.");
            Run(4, "Whoever checks it now is told that it does not stand.", "verify", sealedSecond);
            Run(1, "The chief of staff withdraws it. One is not enough to end a letter for good …",
                "withdraw", second, "--as", "The Chief of Staff", "--reason", "The date was wrong; a new letter follows.");
            Run(0, "… the legal adviser signs as well.", "withdraw", second, "--as", "The Legal Adviser");
            Run(0, "The office gives out a fresh trust file.", "trust", "--out", Path.Combine(folder, "received", "tfn.trust.json"));
            Run(4, "The very same file, checked again by the other army, now says that it was withdrawn, when, and why.",
                "verify", sealedSecond, "--trust", Path.Combine(folder, "received", "tfn.trust.json"), "--offline");

            Chapter("The record");
            Run(0, "The ledger holds all of it, in order, and can be checked by anyone.", "ledger", "verify");
            Run(0, "And the office is sound.", "doctor");
            if (!Holds)
                return false;
            Say();
            Say($"The general's draft, as he could hand it over:  {Path.Combine(_home, "working", $"{first}-v1-DRAFT.pdf")}");
            Say($"The notice, released and sealed:                {sealedNotice}");
            Say($"The letter that was withdrawn:                  {sealedSecond}");
            Say();
            return true;
        }

        private string Put(string name)
        {
            var resource = name == "draft-of-6-january.md" ? "draft.md" : name;
            using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Countersign.Server.Replaying.letters.{resource}")!;
            var path = Path.Combine(folder, name);
            using var file = File.Create(path);
            stream.CopyTo(file);
            return path;
        }

        private JsonObject Run(int expected, string says, params string[] arguments)
        {
            if (!Holds)
                return []; // the story ends with the first step that does not hold
            var captured = new StringWriter();
            string[] full = [.. arguments, "--home", _home, "--json"];
            int exit;
            try
            {
                exit = new Commands.CommandLine(clock, captured, captured, _ => null).Run(full, rooms);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                captured.WriteLine(e.Message);
                exit = -1;
            }
            JsonObject answer;
            try
            {
                answer = JsonNode.Parse(captured.ToString())?.AsObject() ?? [];
            }
            catch (JsonException)
            {
                answer = new JsonObject { ["why"] = captured.ToString() };
            }
            var held = exit == expected;
            var typed = "countersign " + string.Join(' ', arguments.Select(a => a.Contains(' ') ? $"\"{a}\"" : a));
            Steps.Add(new Step(typed, exit, held));
            Say();
            Say($"  {says}");
            Say($"    $ {typed}");
            Say($"    {(held ? "✓" : "✗")} {Summary(answer)} (exit {exit}{(held ? "" : $", expected {expected}")})");
            return answer;
        }

        private static string Summary(JsonObject answer)
        {
            string? Text(string name) => answer[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
            if (Text("why") is { } why)
                return why;
            if (Text("verdict") is { } verdict)
                return $"{verdict}. {(answer["reasons"] as JsonArray)?.FirstOrDefault()}";
            if (Text("state") is { } state)
                return $"{Text("letter")} is {state}" + (answer["missing"] is JsonArray { Count: > 0 } missing ? $"; missing: {string.Join(", ", missing.Select(m => m!["role"]))}" : "");
            if (Text("words") is { } words)
                return $"the office in words: {words}";
            return Text("name") is { } name ? $"{name} is in office" : "done";
        }

        private static string Reference(JsonObject answer) => answer["letter"]?.GetValue<string>() ?? "(none)";

        private bool Holds => Steps.All(s => s.Held);

        private void Chapter(string title)
        {
            if (!Holds)
                return;
            Say();
            Say($"── {title} ──");
        }

        private void Say(string line = "") => output.WriteLine(line);
    }
}
