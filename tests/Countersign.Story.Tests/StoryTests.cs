using System.Diagnostics;
using System.Text.Json.Nodes;
using Countersign.Testing;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>
/// Tells the stories in <c>stories/*.txt</c> with the built programs. A line that begins with <c>$</c> is a command; the lines below it say what
/// must come of it: <c>exit N</c>, <c>says TEXT</c>, <c>says nothing of TEXT</c>, <c>NAME = VALUE</c> for a JSON member (which makes the command answer in JSON), <c>file PATH</c>,
/// <c>no file PATH</c>, <c>A begins B</c>. <c>remember NAME = MEMBER</c> keeps a member for <c>{NAME}</c>. Everything else is prose. <c>put</c>, <c>move</c>,
/// <c>spoil</c> and <c>empty</c> are done by the test itself. No command may ever print a stack trace.
/// </summary>
public sealed class StoryTests
{
    private static readonly string Folder = Path.Combine(Corpora.Repository, "tests", "Countersign.Story.Tests", "stories");

    public static TheoryData<string> Stories => [.. Directory.GetFiles(Folder, "*.txt").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Stories))]
    public void The_story_holds(string story)
    {
        var place = Directory.CreateTempSubdirectory("countersign-story-").FullName;
        try
        {
            new Teller(place).Tell(File.ReadAllLines(Path.Combine(Folder, story)));
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    /// <summary>Tells one story in a folder. What else a story can say, others add.</summary>
    internal class Teller(string place)
    {
        private readonly Dictionary<string, string> _kept = new(StringComparer.Ordinal) { ["TESTDATA"] = Path.Combine(Corpora.Repository, "testdata") };
        private Tool.Result? _last;
        private JsonNode? _json;
        private string[] _command = [];

        /// <summary>Does what a line asks for that is no command of ours; null where it is one.</summary>
        protected virtual (Tool.Result Said, JsonNode? Json)? Do(string line) => null;

        /// <summary>Whether a line is an expectation of these stories, and what is wrong where it does not hold.</summary>
        protected virtual (bool Known, string? Wrong) Expects(string line) => (false, null);

        public void Tell(string[] lines)
        {
            for (var i = 0; i < lines.Length; i++)
            {
                var line = lines[i].Trim();
                if (line.StartsWith("$ ", StringComparison.Ordinal))
                    Start(line[2..], i + 1, lines.Skip(i + 1).TakeWhile(l => !l.TrimStart().StartsWith("$ ", StringComparison.Ordinal)).Any(l => l.Contains(" = ", StringComparison.Ordinal) && l.StartsWith("  ", StringComparison.Ordinal)));
                else if (lines[i].StartsWith("  ", StringComparison.Ordinal) && line.Length > 0)
                    Expect(Fill(line), i + 1);
            }
        }

        private string Fill(string text) => _kept.Aggregate(text, (t, k) => t.Replace($"{{{k.Key}}}", k.Value, StringComparison.Ordinal));

        private void Start(string text, int number, bool json)
        {
            _command = [.. Words(Fill(text))];
            if (Do(Fill(text)) is { } done)
            {
                (_last, _json) = done;
                return;
            }
            var program = Path.Combine(AppContext.BaseDirectory, _command[0]);
            Assert.True(File.Exists(program), $"line {number}: there is no program {_command[0]}");
            var start = new ProcessStartInfo(program, json ? [.. _command[1..], "--json"] : _command[1..])
            {
                WorkingDirectory = place,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            };
            start.Environment["COUNTERSIGN_HOME"] = Path.Combine(place, "office");
            start.Environment.Remove("COUNTERSIGN_PASSPHRASE");
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            _last = new Tool.Result(process.ExitCode, output, error.GetAwaiter().GetResult());
            _json = json && output.TrimStart().StartsWith('{') ? JsonNode.Parse(output) : null;
            Assert.False(
                (_last.Output + _last.Error).Contains("   at ", StringComparison.Ordinal) || _last.ExitCode is < 0 or > 4,
                $"line {number}: `{string.Join(' ', _command)}` fell over: {_last}");
        }

        private void Expect(string line, int number)
        {
            void Hold(bool holds, string what) => Assert.True(holds, $"line {number}: after `{string.Join(' ', _command)}`: {what}\n{_last}");
            var (known, wrong) = Expects(line);
            if (known)
            {
                Hold(wrong is null, wrong ?? "");
                return;
            }
            var words = line.Split(' ', 2);
            switch (words[0])
            {
                case "exit":
                    Hold(_last!.ExitCode.ToString() == words[1], $"exit {_last.ExitCode}, not {words[1]}");
                    break;
                case "says" when words[1].StartsWith("nothing of ", StringComparison.Ordinal):
                    Hold(!(_last!.Output + _last.Error).Contains(words[1][11..], StringComparison.OrdinalIgnoreCase), $"it says \"{words[1][11..]}\"");
                    break;
                case "says":
                    Hold((_last!.Output + _last.Error).Contains(words[1], StringComparison.OrdinalIgnoreCase), $"it does not say \"{words[1]}\"");
                    break;
                case "file":
                    Hold(File.Exists(Path.Combine(place, words[1])), $"there is no file {words[1]}");
                    break;
                case "no" when words[1].StartsWith("file ", StringComparison.Ordinal):
                    Hold(!File.Exists(Path.Combine(place, words[1][5..])), $"there is a file {words[1][5..]}");
                    break;
                case "remember":
                    var parts = words[1].Split(" = ");
                    _kept[parts[0]] = Member(parts[1])?.ToString() ?? throw new InvalidOperationException($"line {number}: nothing to remember in {_last}");
                    break;
                case "put":
                    var (name, content) = (words[1].Split(": ", 2)[0], words[1].Split(": ", 2)[1]);
                    File.WriteAllText(Path.Combine(place, name), content.Replace("\\n", "\n", StringComparison.Ordinal));
                    break;
                case "empty":
                    File.WriteAllBytes(Path.Combine(place, words[1]), []);
                    break;
                case "huge":
                    using (var file = File.Create(Path.Combine(place, words[1])))
                        file.SetLength(100_000_001);
                    break;
                case "move":
                    Directory.Move(Path.Combine(place, words[1].Split(" to ")[0]), Path.Combine(place, words[1].Split(" to ")[1]));
                    break;
                case "copy":
                    File.Copy(Path.Combine(place, words[1].Split(" to ")[0]), Path.Combine(place, words[1].Split(" to ")[1]), overwrite: true);
                    break;
                case "spoil":
                    var path = Path.Combine(place, words[1]);
                    var bytes = File.ReadAllBytes(path);
                    for (var i = bytes.Length / 8; i < bytes.Length * 7 / 8; i++)
                        bytes[i] ^= 0x55;
                    File.WriteAllBytes(path, bytes);
                    break;
                case var _ when line.Contains(" begins ", StringComparison.Ordinal):
                    var (a, b) = (line.Split(" begins ")[0], line.Split(" begins ")[1]);
                    Hold(File.ReadAllBytes(Path.Combine(place, b)).AsSpan().StartsWith(File.ReadAllBytes(Path.Combine(place, a))), "the one file does not begin the other");
                    break;
                case var _ when line.Contains(" = ", StringComparison.Ordinal):
                    var (member, value) = (line.Split(" = ", 2)[0], line.Split(" = ", 2)[1]);
                    var found = Member(member)?.ToString() ?? "(none)";
                    Hold(string.Equals(found, value, StringComparison.OrdinalIgnoreCase), $"{member} is \"{found}\", not \"{value}\"");
                    break;
                default:
                    Assert.Fail($"line {number}: \"{line}\" is no expectation that the teller knows");
                    break;
            }
        }

        private JsonNode? Member(string path) => path.Split('.').Aggregate(_json, (node, part) =>
            part == "length" ? JsonValue.Create(node!.AsArray().Count) : node is JsonArray array ? array[int.Parse(part)] : node?[part]);
    }

    /// <summary>The words of a command line; a quoted word may hold blanks.</summary>
    internal static IEnumerable<string> Words(string text)
    {
        var word = "";
        var (quoted, any) = (false, false);
        foreach (var c in text)
        {
            if (c == '"')
                (quoted, any) = (!quoted, true);
            else if (c == ' ' && !quoted)
            {
                if (word.Length > 0 || any)
                    yield return word;
                (word, any) = ("", false);
            }
            else
                word += c;
        }
        if (word.Length > 0 || any)
            yield return word;
    }
}
