using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Countersign.Story.Tests.Mail;
using Countersign.Testing;
using Xunit;

namespace Countersign.Story.Tests;

/// <summary>
/// Tells the stories in <c>stories/mail/*.txt</c> with the built programs and a real mail server. Beyond what <see cref="StoryTests"/> tells: <c>$ mail FILE, HOW, to ADDRESS</c> sends a file
/// through it (<c>and ADDRESS</c>, <c>from ADDRESS</c>); below it <c>answer 550</c> is what the mail server said, <c>arrives</c> waits until it is where it was to go, <c>arrives byte for byte</c>
/// and <c>arrives with its signature</c> look at it there; <c>fair copy DIGEST as FILE</c> takes a fair copy out of the office. Whatever is refused is held against three promises each time: a
/// case's number is given, no byte of the message went on, and the words of the answer come from no letter.
/// </summary>
[Collection(nameof(MailHouse))]
public sealed partial class GateStoryTests(MailHouse house)
{
    private static readonly string Folder = Path.Combine(Corpora.Repository, "tests", "Countersign.Story.Tests", "stories", "mail");

    public static TheoryData<string> Stories => [.. Directory.GetFiles(Folder, "*.txt").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Stories))]
    public void The_story_holds_at_the_mail_server(string story) => new Teller(house.Open()).Tell(File.ReadAllLines(Path.Combine(Folder, story)));

    private sealed partial class Teller(MailHouse house) : StoryTests.Teller(house.Place)
    {
        private readonly Dkim _dkim = new();
        private int _number;
        private byte[] _sent = [];
        private string _id = "";
        private SmtpAnswer? _answer;

        protected override (Tool.Result Said, JsonNode? Json)? Do(string line)
        {
            if (!line.StartsWith("mail ", StringComparison.Ordinal))
                return null;
            var words = MailLine().Match(line);
            Assert.True(words.Success, $"\"{line}\" is not written as \"mail FILE, HOW, to ADDRESS\"");
            var file = Path.Combine(house.Place, words.Groups["file"].Value);
            var sender = words.Groups["from"].Success ? words.Groups["from"].Value : "d.drafter@tfn.example";
            string[] recipients = [words.Groups["to"].Value, .. words.Groups["and"].Captures.Select(c => c.Value)];
            switch (words.Groups["how"].Value)
            {
                case "nine words at a time":
                    // Until one is refused. At least three pass, or nothing was added up.
                    var pieces = Wrapping.Pieces(File.ReadAllText(file), 9).ToArray();
                    var passed = 0;
                    while (passed < pieces.Length && Send(Wrapping.Saying(pieces[passed] + "\n", sender, recipients, Id()), sender, recipients).Code == 250)
                        passed++;
                    Assert.InRange(passed, 3, pieces.Length - 1);
                    break;
                case "nine words of it":
                    Send(Wrapping.Saying(Wrapping.Pieces(File.ReadAllText(file), 9).ElementAt(1) + "\n", sender, recipients, Id()), sender, recipients);
                    break;
                case var how:
                    var signed = how.EndsWith(" and signed", StringComparison.Ordinal);
                    var mail = Wrapping.Mail(file, signed ? how[..^11] : how, sender, recipients, Id());
                    if (signed)
                        _dkim.Sign(mail);
                    Send(mail, sender, recipients);
                    break;
            }
            var answer = new JsonObject { ["answer"] = _answer!.Code, ["case"] = CaseNumber().Match(_answer.Text) is { Success: true } found ? found.Value[5..] : null };
            return (new Tool.Result(0, _answer.Text, ""), answer);
        }

        protected override (bool Known, string? Wrong) Expects(string line)
        {
            var words = line.Split(' ');
            switch (words[0])
            {
                case "answer":
                    return (true, _answer!.Code == int.Parse(words[1], CultureInfo.InvariantCulture) ? null : $"the mail server answered {_answer.Code}");
                case "arrives":
                    var arrived = house.Sink.Await(_id);
                    return (true, line switch
                    {
                        "arrives" => null,
                        "arrives byte for byte" => arrived.Sent.AsSpan().SequenceEqual(_sent) ? null : $"it was changed on its way:\n{Encoding.Latin1.GetString(_sent)}\n----\n{arrived.Text}",
                        "arrives with its signature" => _dkim.Holds(arrived.Bytes) ? null : "its signature does not hold",
                        _ => "the teller knows no such arrival",
                    });
                case "fair" when FairCopy().Match(line) is { Success: true } copy:
                    var digest = copy.Groups[1].Value;
                    File.Copy(Path.Combine(house.Place, "office", "blobs", digest[..2], digest), Path.Combine(house.Place, copy.Groups[2].Value));
                    return (true, null);
                default:
                    return (false, null);
            }
        }

        private string Id() => _id = $"story-{++_number}@tfn.example";

        private SmtpAnswer Send(MimeKit.MimeMessage mail, string sender, string[] recipients)
        {
            _sent = Wrapping.Bytes(mail);
            _answer = SmtpTalk.Mail(house.FrontPort, sender, recipients, _sent);
            if (_answer.Code != 250)
                Refused(_answer);
            return _answer;
        }

        private void Refused(SmtpAnswer answer)
        {
            Assert.True(answer.Code == 550 && Refusal().IsMatch(answer.Text), $"this is no refusal that a person can do something about: {answer}\n{house.GateSaid}\n{house.PostfixLog}");
            Assert.False(house.Tap.Saw(Encoding.ASCII.GetBytes(_id)), $"a byte of the refused message went on to the next mail server ({answer})");
        }

        [GeneratedRegex(@"^mail (?<file>[^,]+), (?<how>[^,]+), to (?<to>\S+)( and (?<and>\S+))*( from (?<from>\S+))?$")]
        private static partial Regex MailLine();

        [GeneratedRegex(@"^fair copy ([0-9a-f]{64}) as (\S+)$")]
        private static partial Regex FairCopy();

        [GeneratedRegex(@"Case [0-9A-Z]{4}-[0-9A-Z]{4}")]
        private static partial Regex CaseNumber();

        /// <summary>The code, a sentence that says why, a sentence that says what to do, and the case.</summary>
        [GeneratedRegex(@"^550 5\.7\.1 [A-Z][^.]+\. [A-Z].+\. Case [0-9A-Z]{4}-[0-9A-Z]{4}: https://gate\.tfn\.example/cases/[0-9A-Z]{4}-[0-9A-Z]{4}$")]
        private static partial Regex Refusal();
    }
}
