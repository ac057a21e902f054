using System.Text;
using Countersign.Documents;
using Countersign.Gate;
using Countersign.Testing;
using Xunit;

namespace Countersign.Tests.Checking;

/// <summary>What looks like the office's letter, and what is everyday mail.</summary>
public sealed class LookAlikeTests
{
    private static readonly LookAlikes Looks = new(new OfficeLook("Task Force-Iraq", "TFI", ["William H. Seely III", "A. Jansen"], []));

    private static IReadOnlyList<LookAlike> In(string text) => Looks.In(Document.Read(Encoding.UTF8.GetBytes(text), "letter.txt"));

    [Fact]
    public void The_letter_of_january_is_recognised_by_its_looks_alone()
    {
        var letter = File.ReadAllText(Path.Combine(Corpora.Require("january-2020"), "letter.md"));
        Assert.Contains("the office's letterhead", Assert.Single(In(letter)).Features);
    }

    [Theory]
    [InlineData("Dear colleague,\n\nShall we meet on Thursday?\n\nBest regards,\nA. Jansen\nLegal adviser, Task Force-Iraq\n")]
    [InlineData("Hello,\n\nThank you for your letter TFI-2020-0007, which we received on 3 January 2020.\n\nKind regards,\nMinistry\n")]
    [InlineData("Agenda\n\n1. Task Force-Iraq: state of affairs\n2. Any other business\n\n6 January 2020\n")]
    [InlineData("> Task Force-Iraq\n> 6 January 2020\n> Sir,\n> We are leaving.\n> William H. Seely III\n\nIs this yours?\n")]
    public void Everyday_mail_is_no_letter_of_the_office(string mail) => Assert.Empty(In(mail));

    [Fact]
    public void A_reference_of_the_office_over_a_dated_letter_is_enough() =>
        Assert.NotEmpty(In("Our reference: TFI-2020-0031\n\n6 January 2020\n\nSir,\n\nWe are leaving.\n\nYours faithfully\n"));

    /// <summary>The gate looks only where the office's name or a reference stands: whatever looks like a letter must be looked at.</summary>
    [Theory]
    [InlineData("Task Force North", "TFN")]
    [InlineData("Eenheid 2", "TF2")]
    [InlineData("Æ Q", "2Q")]
    [InlineData("7 Wing", "W77")]
    public void What_looks_like_the_offices_letter_is_never_passed_over(string title, string prefix)
    {
        var looks = new LookAlikes(new OfficeLook(title, prefix, ["A. Jansen"], []));
        foreach (var letter in (string[])[
            $"Our reference: {prefix}-2026-0031\n\n6 January 2026\n\nSir,\n\nWe are leaving.\n\nYours faithfully\n",
            $"Our reference: {prefix} / 2026 / 0031\n\n6 January 2026\n\nSir,\n\nWe are leaving.\n\nYours faithfully\n",
            $"{title.ToUpperInvariant()}\n\n6 January 2026\n\nSir,\n\nWe are leaving.\n\nA. Jansen\n{title}\n"])
            Assert.True(looks.In(Document.Read(Encoding.UTF8.GetBytes(letter), "letter.txt")).Count == 0 || looks.MayBear(NormalText.Of(letter).Letters), letter);
        Assert.NotEmpty(looks.In(Document.Read(Encoding.UTF8.GetBytes($"Our reference: {prefix}-2026-0031\n\n6 January 2026\n\nSir,\n\nWe are leaving.\n"))));
    }

    [Fact]
    public void No_everyday_mail_looks_like_a_letter_of_this_office()
    {
        var mails = Directory.GetFiles(Corpora.Require("mailbodies"), "*", SearchOption.AllDirectories);
        var alike = mails.Where(m => Looks.In(Document.Read(File.ReadAllBytes(m))).Count > 0).ToList();
        Assert.True(mails.Length > 1000 && alike.Count == 0, string.Join('\n', alike.Take(5)));
    }
}
