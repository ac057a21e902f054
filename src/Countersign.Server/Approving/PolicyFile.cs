using System.Text;
using Countersign.Proof;
using Countersign.Server.Letters;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Countersign.Server.Approving;

/// <summary>
/// A policy as people write it, in YAML. Scalars are read as text and nothing else, so that <c>no</c> is a word and not a truth value, and anchors
/// are refused: what is signed and checked is the canonical form that comes out of here.
/// </summary>
public static class PolicyFile
{
    /// <summary>The policy of an office that brings none.</summary>
    public static Policy BuiltIn { get; } = Parse("""
        people:   { approve: [ { role: registrar, count: 2 } ] }
        change:   { approve: [ { role: commander }, { role: legal } ] }
        stop:     { approve: [ { role: [commander, chief-of-staff, registrar, legal] } ] }
        withdraw: { approve: [ { role: chief-of-staff }, { role: [legal, commander] } ] }
        free:     { approve: [ { role: registrar }, { role: legal } ] }
        kinds:
          notice: { approve: [ { role: operations }, { role: commander } ] }
          letter: { approve: [ { role: legal }, { role: commander } ] }
        delegation: { days: 30 }
        disclose: { approvers: names }
        """).Value!;

    /// <summary>Reads a policy from the disk.</summary>
    public static Result<Policy> Read(string path)
    {
        if (!File.Exists(path))
            return new Refusal("policy.file", $"There is no file {path}.", "Check the path; `countersign policy show --yaml` prints the policy in force as a file to begin with.");
        return new FileInfo(path).Length <= MaxBytes ? Parse(File.ReadAllText(path)) : Refuse($"A policy file has at most {MaxBytes / 1024} KB.");
    }

    /// <summary>Reads a policy from the text of its file.</summary>
    public static Result<Policy> Parse(string yaml)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents.Count != 1)
                return Refuse("A policy file holds one YAML document.");
            var bytes = Policy.Write(Parts(new Node(stream.Documents[0].RootNode, "", "the policy")));
            return Policy.TryRead(bytes, out var policy, out var fault) ? policy : Refuse(fault);
        }
        catch (YamlException e)
        {
            return Refuse($"The policy file is not YAML: line {e.Start.Line}, column {e.Start.Column}: {e.Message.TrimEnd('.')}.");
        }
        catch (PolicyFileException e)
        {
            return Refuse($"{char.ToUpperInvariant(e.Message[0])}{e.Message[1..]}.");
        }
    }

    /// <summary>Writes a policy as a file that <see cref="Parse"/> reads into the same policy, byte for byte of its canonical form.</summary>
    public static string Write(Policy policy)
    {
        static string Ids(IEnumerable<string> ids) => $"[ {string.Join(", ", ids.Select(Word))} ]";
        static string Roles(IReadOnlyList<string> roles) => roles.Count == 1 ? Word(roles[0]) : Ids(roles);
        static string Needs(IReadOnlyList<Need> needs) =>
            $"[ {string.Join(", ", needs.Select(n => $"{{ role: {Roles(n.Roles)}{(n.Count == 1 ? "" : $", count: {n.Count}")} }}"))} ]";

        var text = new StringBuilder();
        foreach (var (name, needs) in new[] { ("people", policy.People), ("change", policy.Change), ("stop", policy.Stop), ("withdraw", policy.Withdraw), ("free", policy.Free) })
            text.Append($"{name + ":",-10}{{ approve: {Needs(needs)} }}\n");
        text.Append("kinds:\n");
        foreach (var (kind, needs) in policy.Kinds.OrderBy(k => k.Key, StringComparer.Ordinal))
        {
            text.Append($"  {Word(kind)}:\n    approve: {Needs(needs)}\n");
            if (policy.StagesOf(kind) is { Count: > 0 } stages)
                text.Append($"    stages: [ {string.Join(", ", stages.Select(Ids))} ]\n");
        }
        if (policy.Escalations.Count > 0)
            text.Append("escalate:\n");
        foreach (var escalation in policy.Escalations)
            text.Append($"  - when: {Ids(escalation.When)}\n").Append(escalation.Refuses ? "    refuse: true\n    overrule: " : "    approve: ").Append($"{Needs(escalation.Approve)}\n");
        if (policy.Assurances.Count > 0)
            text.Append($"assurance: {{ {string.Join(", ", policy.Assurances.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{Word(a.Key)}: passkey"))} }}\n");
        text.Append($"delegation: {{ days: {policy.DelegationDays} }}\n");
        if (policy.Wait > TimeSpan.Zero)
            text.Append($"wait: {{ people: {Span(policy.Wait)} }}\n");
        if (policy.RetentionDays is { } retention)
            text.Append($"retention: {{ days: {retention} }}\n");
        return text.Append($"disclose: {{ approvers: {(policy.DiscloseNames ? "names" : "roles")} }}\n").ToString();
    }

    /// <summary>An id as YAML: bare where it begins with a letter, so that no id is taken for a number or a list.</summary>
    private static string Word(string id) => char.IsAsciiLetter(id[0]) ? id : $"\"{id}\"";

    private static string Span(TimeSpan time)
    {
        var seconds = (long)time.TotalSeconds;
        var (size, unit) = Units.First(u => seconds % u.Size == 0);
        return $"{seconds / size}{unit}";
    }

    private const int MaxBytes = 256 * 1024, MaxDelegationDays = 366, MaxWaitDays = 90;

    private static readonly (int Size, char Unit)[] Units = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];

    private static Refusal Refuse(string why) => new(
        "policy.invalid", why, "Mend the file; docs/POLICY.md explains each member, and `countersign policy show --yaml` prints the policy in force as a pattern.");

    private static PolicyParts Parts(Node root)
    {
        root.Only("people", "change", "stop", "withdraw", "free", "kinds", "escalate", "assurance", "delegation", "wait", "retention", "disclose");
        var kinds = root.Must("kinds").Members().ToArray();
        foreach (var (kind, node) in kinds)
            node.CheckId(kind, "kind");
        return new PolicyParts
        {
            People = Rule(root.Must("people")),
            Change = Rule(root.Must("change")),
            Stop = Rule(root.Must("stop")),
            Withdraw = Rule(root.Must("withdraw")),
            Free = Rule(root.Must("free")),
            Kinds = kinds.ToDictionary(m => m.Name, m => Rule(m.Value, staged: true), StringComparer.Ordinal),
            Stages = kinds.Where(m => m.Value.May("stages") is not null).ToDictionary(
                m => m.Name, m => (IReadOnlyList<IReadOnlyList<string>>)[.. m.Value.Must("stages").Items().Select(stage => stage.Ids("role"))], StringComparer.Ordinal),
            Escalations = [.. root.May("escalate")?.Items().Select(Escalate) ?? []],
            Assurances = root.May("assurance")?.Members().ToDictionary(m => m.Value.CheckId(m.Name, "role"), m => m.Value.Text() switch
            {
                "passkey" => Assurance.Passkey,
                var other => throw new PolicyFileException($"the assurance \"{other}\" of the role {m.Name} in assurance can only be \"passkey\"; leave a role out that takes any key"),
            }, StringComparer.Ordinal) ?? [],
            DelegationDays = Sub(root, "delegation", "days")?.Number(0, MaxDelegationDays) ?? 30,
            Wait = Sub(root, "wait", "people")?.Span() ?? TimeSpan.Zero,
            RetentionDays = Sub(root, "retention", "days")?.Number(1, Policy.MaxRetentionDays),
            DiscloseNames = Sub(root, "disclose", "approvers")?.Text() switch
            {
                null or "names" => true,
                "roles" => false,
                var other => throw new PolicyFileException($"the word \"{other}\" in disclose.approvers can only be \"names\" or \"roles\""),
            },
        };
    }

    private static Node? Sub(Node root, string name, string member)
    {
        if (root.May(name) is not { } node)
            return null;
        node.Only(member);
        return node.Must(member);
    }

    private static IReadOnlyList<Need> Rule(Node node, bool staged = false)
    {
        node.Only(staged ? ["approve", "stages"] : ["approve"]);
        return [.. node.Must("approve").Items().Select(NeedOf)];
    }

    private static Need NeedOf(Node node)
    {
        node.Only("role", "count");
        return new Need(node.Must("role").Ids("role"), node.May("count")?.Number(1, Policy.MaxNeeded) ?? 1);
    }

    private static Escalation Escalate(Node node)
    {
        node.Only("when", "approve", "refuse", "overrule");
        var refuses = node.May("refuse")?.Text() switch
        {
            null or "false" => false,
            "true" => true,
            var other => throw new PolicyFileException($"the word \"{other}\" in {node.Where}.refuse can only be \"true\" or \"false\""),
        };
        if (node.May(refuses ? "approve" : "overrule") is not null)
            throw new PolicyFileException(refuses
                ? $"{node.Where} refuses, so it says with \"overrule\" who may overrule that, and has no \"approve\""
                : $"{node.Where} has \"overrule\" without \"refuse: true\"; say with \"approve\" who must sign besides");
        var who = node.Must(refuses ? "overrule" : "approve");
        return new Escalation(node.Must("when").Ids("finding"), [.. who.Items().Select(NeedOf)], refuses);
    }

    private sealed class PolicyFileException(string message) : Exception(message);

    /// <summary>A YAML node that says where it is when it is not what it must be.</summary>
    private sealed class Node
    {
        private readonly YamlNode _node;
        private readonly string _path;

        public Node(YamlNode node, string path, string where)
        {
            if (!node.Anchor.IsEmpty)
                throw new PolicyFileException($"{where} uses a YAML anchor; write it out instead");
            (_node, _path, Where) = (node, path, where);
        }

        /// <summary>Where it stands, as a person looks for it: <c>kinds.letter.approve[1].role</c>.</summary>
        public string Where { get; }

        public void Only(params string[] names)
        {
            foreach (var (name, _) in Members())
                if (!names.Contains(name))
                    throw new PolicyFileException($"{Where} has a member \"{name}\" that is not known; known are {string.Join(", ", names)}");
        }

        public Node Must(string name) => May(name) ?? throw new PolicyFileException($"{Where} lacks the member \"{name}\"");

        public Node? May(string name) => Members().Where(m => m.Name == name).Select(m => m.Value).FirstOrDefault();

        public IEnumerable<(string Name, Node Value)> Members()
        {
            if (_node is not YamlMappingNode mapping)
                throw new PolicyFileException($"{Where} must be a mapping (name: value)");
            foreach (var (key, value) in mapping.Children)
            {
                var name = (key as YamlScalarNode)?.Value ?? throw new PolicyFileException($"{Where} has a member without a plain name");
                yield return (name, At(value, _path.Length == 0 ? name : $"{_path}.{name}"));
            }
        }

        public IEnumerable<Node> Items() => _node is YamlSequenceNode list
            ? list.Children.Select((item, i) => At(item, $"{_path}[{i + 1}]"))
            : throw new PolicyFileException($"{Where} must be a list");

        public string Text() => (_node as YamlScalarNode)?.Value ?? throw new PolicyFileException($"{Where} must be a word");

        /// <summary>One id, or a list of them.</summary>
        public string[] Ids(string what) => [.. (_node is YamlSequenceNode ? Items() : [this]).Select(i => i.CheckId(i.Text(), what))];

        public string CheckId(string id, string what)
        {
            if (Proof.Text.IsId(id))
                return id;
            var shown = id.Length > 70 ? id[..70] + "…" : id;
            throw new PolicyFileException($"the {what} \"{shown}\" in {Holder} is no id: 1 to {Proof.Text.MaxId} lower-case letters, digits, dots and hyphens");
        }

        public int Number(int least, int most) =>
            int.TryParse(Text(), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
                ? number
                : throw new PolicyFileException($"the number \"{Text()}\" in {Where} must be a whole one from {least} to {most}");

        public TimeSpan Span()
        {
            var text = Text();
            if (text.Length > 1 && Units.FirstOrDefault(u => u.Unit == text[^1]) is { Size: > 0 } unit
                && int.TryParse(text[..^1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var n)
                && (long)n * unit.Size <= MaxWaitDays * 86_400L)
                return TimeSpan.FromSeconds((long)n * unit.Size);
            throw new PolicyFileException($"the time \"{text}\" in {Where} must be one such as 24h, 30m or 7d, of at most {MaxWaitDays} days");
        }

        /// <summary>The member of the policy in which the node stands: <c>kinds.letter</c>, <c>escalate[1]</c>, <c>change</c>.</summary>
        private string Holder
        {
            get
            {
                var parts = _path.Split('.');
                return parts[0] == "kinds" && parts.Length > 2 ? string.Join('.', parts[..2]) : parts[0];
            }
        }

        private static Node At(YamlNode node, string path) => new(node, path, path);
    }
}
