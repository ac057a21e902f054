using Countersign.Proof;
using Countersign.Server.Approving;
using Countersign.Testing;
using Xunit;

namespace Countersign.Tests.Approving;

public sealed class PolicyFileTests
{
    private const string Everything = """
        people:   { approve: [ { role: registrar, count: 2 } ] }
        change:   { approve: [ { role: commander }, { role: legal } ] }
        stop:     { approve: [ { role: [commander, "1.st-aide", legal] } ] }
        withdraw: { approve: [ { role: chief-of-staff }, { role: [legal, commander] } ] }
        free:     { approve: [ { role: registrar }, { role: legal } ] }
        kinds:
          notice: { approve: [ { role: operations }, { role: commander } ] }
          "no":   { approve: [ { role: legal, count: 2 }, { role: commander } ], stages: [ [legal], [commander] ] }
        escalate:
          - when: wording.commitment
            approve: [ { role: chief-of-staff }, { role: political-adviser } ]
          - when: [ basis.unregistered, facts.contradicted ]
            refuse: true
            overrule: [ { role: chief-of-staff, count: 2 } ]
        assurance: { commander: passkey, chief-of-staff: passkey }
        delegation: { days: 12 }
        wait: { people: 90m }
        disclose: { approvers: roles }
        """;

    [Theory]
    [InlineData(null)]
    [InlineData(Everything)]
    public void A_policy_written_as_a_file_reads_as_the_same_policy(string? yaml)
    {
        var policy = yaml is null ? PolicyFile.BuiltIn : Read(yaml);
        Assert.Equal(policy.Digest, Read(PolicyFile.Write(policy)).Digest);
    }

    /// <summary>docs/POLICY.md begins with the built-in policy and ends with one that uses every member; both can be used as they stand there.</summary>
    [Fact]
    public void The_policies_in_the_document_can_be_used()
    {
        var text = File.ReadAllText(Path.Combine(Corpora.Repository, "docs", "POLICY.md"));
        string[] blocks = [.. text.Split("```yaml\n").Skip(1).Select(b => b[..b.IndexOf("```", StringComparison.Ordinal)])];
        Assert.Equal(2, blocks.Length);
        Assert.Equal(PolicyFile.BuiltIn.Digest, Read(blocks[0]).Digest);
        var full = Read(blocks[1]);
        Assert.NotEmpty(full.Escalations);
        Assert.NotEmpty(full.Stages);
        Assert.NotEmpty(full.Assurances);
        Assert.True(full.Wait > TimeSpan.Zero && !full.DiscloseNames);
        foreach (var member in (string[])["people", "change", "stop", "withdraw", "free", "kinds", "stages", "escalate", "overrule", "assurance", "delegation", "wait", "disclose"])
            Assert.Contains($"`{member}`", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("operations }", "Commandr }", "The role \"Commandr\" in kinds.notice is no id")]
    [InlineData("notice:", "Notice:", "The kind \"Notice\" in kinds is no id")]
    [InlineData("[ basis.unregistered,", "[ \"no basis\",", "The finding \"no basis\" in escalate[2] is no id")]
    [InlineData("refuse: true", "refuse: yes", "The word \"yes\" in escalate[2].refuse")]
    [InlineData("overrule:", "approve:", "Escalate[2] refuses, so it says with \"overrule\"")]
    [InlineData("count: 2 }, { role: commander }", "count: 0 }, { role: commander }", "The number \"0\" in kinds.no.approve[1].count must be a whole one from 1 to 16")]
    [InlineData("90m", "2147483647d", "The time \"2147483647d\" in wait.people")]
    [InlineData("90m", "soon", "The time \"soon\" in wait.people")]
    [InlineData("days: 12", "days: 400", "The number \"400\" in delegation.days must be a whole one from 0 to 366")]
    [InlineData("commander: passkey,", "commander: password,", "The assurance \"password\" of the role commander in assurance")]
    [InlineData("approvers: roles", "approvers: nobody", "The word \"nobody\" in disclose.approvers")]
    [InlineData("disclose:", "disclosure:", "The policy has a member \"disclosure\" that is not known")]
    [InlineData("[ [legal], [commander] ]", "[ [legal], [comander] ]", "the stages do not say when each signature comes")]
    public void A_slip_is_named_with_its_value_and_its_place(string right, string wrong, string says)
    {
        Assert.Contains(right, Everything, StringComparison.Ordinal);
        var refusal = PolicyFile.Parse(Everything.Replace(right, wrong, StringComparison.Ordinal)).Refusal;
        Assert.Equal("policy.invalid", refusal?.Code);
        Assert.Contains(says, refusal!.Why, StringComparison.Ordinal);
        Assert.EndsWith(".", refusal.Why, StringComparison.Ordinal);
    }

    private static Policy Read(string yaml)
    {
        var read = PolicyFile.Parse(yaml);
        Assert.Null(read.Refusal);
        return read.Value!;
    }
}
