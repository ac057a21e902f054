using System.Text;
using Countersign.Gate;
using Countersign.Proof;
using Countersign.Server.Approving;
using Countersign.Server.Checking;
using Countersign.Server.Letters;
using Countersign.Tests.Letters;
using Xunit;

namespace Countersign.Tests.Checking;

/// <summary>What the house tells its gate: every draft at once, what is free for whom, which sealed copies stand.</summary>
public sealed class CheckTests : IDisposable
{
    private const string Words =
        "We will be repositioning forces over the course of the coming days and weeks to prepare for onward movement out of the country.";

    private readonly TestOffice _house = new();

    public void Dispose() => _house.Dispose();

    private Ruling Judge(string text, params string[] to) => Judge(Encoding.UTF8.GetBytes(text), "mail.txt", to);

    private Ruling Judge(byte[] bytes, string name, params string[] to)
    {
        using var texts = OfficeTexts.Open(_house.Office);
        return new Checks(_house.Office, texts).Check(bytes, name, to.Length > 0 ? Audience.Of(to) : null).Ruling;
    }

    [Fact]
    public void A_draft_is_known_to_the_gate_when_drafting_returns()
    {
        var letter = _house.Draft($"Sir,\n\n{Words}\n");
        using var texts = OfficeTexts.TryOpen(_house.Office)!;
        Assert.Equal(1, texts.Known.Letters);
        var leak = Assert.Single(Judge2(texts).Leaks);
        Assert.Equal(letter.Letter, leak.Letter);
        Assert.Equal(1, leak.Version);
        Assert.Contains("onward movement", leak.Passages[0].Text, StringComparison.Ordinal);

        Ruling Judge2(OfficeTexts known) => new Checks(_house.Office, known).Check(Encoding.UTF8.GetBytes($"Hello,\n\n{Words}\n"), "mail.txt", null).Ruling;
    }

    [Fact]
    public void A_refusal_for_strangers_names_no_letter_and_no_passage()
    {
        var letter = _house.Draft($"Sir,\n\n{Words}\n");
        using var texts = OfficeTexts.Open(_house.Office);
        var found = new Checks(_house.Office, texts).Check(Encoding.UTF8.GetBytes(Words), "mail.txt", null);
        Assert.Equal(RulingKind.Refuse, found.Kind);
        var told = found.ToJson(inFull: false).ToJsonString();
        var reference = _house.Office.History(letter.Letter).CurrentDraft!.Reference;
        Assert.DoesNotContain(reference, told, StringComparison.Ordinal);
        Assert.Equal("""[{"words":null}]""", found.ToJson(inFull: false)["leaks"]!.ToJsonString());
        Assert.Contains(reference, found.ToJson(inFull: true).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_released_letter_is_free_for_its_addressee_and_for_nobody_else()
    {
        _house.ReleasedLetter($"Sir,\n\n{Words}\n");
        Assert.Equal(RulingKind.Pass, Judge($"You wrote:\n> {Words}\n", "joc@example.org").Kind);
        Assert.Equal(RulingKind.Refuse, Judge($"They wrote:\n> {Words}\n", "press@example.net").Kind);
        Assert.Equal(RulingKind.Refuse, Judge($"They wrote:\n> {Words}\n", "joc@example.org", "press@example.net").Kind);
    }

    [Fact]
    public void A_sealed_copy_leaves_while_it_stands_and_no_longer()
    {
        var (letter, path) = _house.ReleasedLetter($"Sir,\n\n{Words}\n");
        var sealedCopy = File.ReadAllBytes(path);
        Assert.Equal(RulingKind.Pass, Judge(sealedCopy, "letter.pdf").Kind);
        Assert.Equal(RulingKind.Pass, Judge(sealedCopy, "letter.pdf", "joc@example.org").Kind);
        Assert.Equal(RulingKind.Refuse, Judge(sealedCopy, "letter.pdf", "press@example.net").Kind);

        var altered = sealedCopy.ToArray();
        altered[sealedCopy.Length / 3] ^= 1;
        Assert.NotEqual(RulingKind.Pass, Judge(altered, "letter.pdf", "joc@example.org").Kind);

        Assert.Null(_house.Hold(letter, "legal").Refusal);
        var held = Judge(sealedCopy, "letter.pdf", "joc@example.org");
        Assert.Equal(RulingKind.Refuse, held.Kind);
        Assert.Contains("on hold", Assert.Single(held.Seals).Says, StringComparison.Ordinal);
    }

    [Fact]
    public void The_fair_copy_of_an_unreleased_letter_leaves_in_no_name()
    {
        var letter = _house.Draft($"Sir,\n\n{Words}\n");
        var copy = _house.Home.ReadBlob(_house.Office.History(letter.Letter).CurrentDraft!.FairCopy)!;
        Assert.Equal(RulingKind.Refuse, Judge(copy, "holiday.pdf", "joc@example.org").Kind);
    }

    [Fact]
    public void What_the_gate_knows_is_made_again_from_the_acts()
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        var folder = _house.Home.In("known", "texts");
        Directory.Delete(folder, recursive: true);
        using (var rebuilt = OfficeTexts.Rebuild(_house.Office)!)
            rebuilt.CatchUp(_house.Office);
        Assert.Equal(RulingKind.Refuse, Judge(Words).Kind);
    }

    [Fact]
    public void Spoilt_files_of_the_gate_are_made_again_and_forget_no_draft()
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        foreach (var file in Directory.GetFiles(_house.Home.In("known", "texts"), "*", SearchOption.AllDirectories))
            File.WriteAllBytes(file, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
        Assert.Equal(RulingKind.Refuse, Judge(Words).Kind);
    }

    [Fact]
    public void While_another_process_has_the_gates_memory_the_answer_is_the_same()
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        using var held = OfficeTexts.TryOpen(_house.Office)!;
        Assert.Null(OfficeTexts.TryOpen(_house.Office));
        Assert.Equal(RulingKind.Refuse, Judge(Words).Kind);
        Assert.Equal(RulingKind.Pass, Judge("Shall we have lunch on Thursday? The weather is to be fine.").Kind);
    }

    [Fact]
    public void A_text_first_seen_in_a_draft_is_found_in_any_file()
    {
        _house.Draft($"Sir,\n\n{Words}\n");
        using var texts = OfficeTexts.Open(_house.Office);
        texts.CatchUp(_house.Office);
        Assert.NotNull(texts.DraftIn(Encoding.UTF8.GetBytes(Words.ToUpperInvariant())));
        Assert.Null(texts.DraftIn("This message is meant for its addressee alone; others delete it."u8.ToArray()));
    }

    [Fact]
    public void A_letter_is_forgotten_when_the_policy_says_so()
    {
        var file = Path.Combine(_house.Home.Path, "policy.yaml");
        File.WriteAllText(file, PolicyFile.Write(_house.Office.Policy) + "retention: { days: 30 }\n");
        var parts = PolicyFile.Read(file);
        Assert.Null(parts.Refusal);
        _house.Office.Keep(parts.Value!);
        Assert.Null(_house.Office.Decide(RosterAct.About, [_house.Signer("commander"), _house.Signer("legal")], _ => false,
            header => new AdoptAct(header) { Policy = parts.Value!.Digest }).Refusal);
        _house.Draft($"Sir,\n\n{Words}\n");
        _house.Clock.Advance(TimeSpan.FromDays(29));
        Assert.Equal(RulingKind.Refuse, Judge(Words).Kind);
        _house.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(RulingKind.Pass, Judge(Words).Kind);
        using (var rebuilt = OfficeTexts.Rebuild(_house.Office)!)
        {
            rebuilt.CatchUp(_house.Office);
            Assert.Equal(0, rebuilt.Known.Letters);
        }
    }
}
