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

    /// <summary>Reads a policy file.</summary>
    public static Result<Policy> Parse(string yaml)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            if (stream.Documents.Count != 1)
                return Refuse("A policy file holds one YAML document.");
            var bytes = Policy.Write(Parts(new Node(stream.Documents[0].RootNode, "the policy")));
            return Policy.TryRead(bytes, out var policy, out var fault) ? policy : Refuse(fault);
        }
        catch (YamlException e)
        {
            return Refuse($"The policy file is not YAML: line {e.Start.Line}, column {e.Start.Column}.");
        }
        catch (PolicyFileException e)
        {
            return Refuse(e.Message);
        }
    }

    private static Refusal Refuse(string why) => new(
        "policy.invalid", why, "Mend the file; `countersign policy show` prints the policy in force, which can serve as a pattern.");

    private static PolicyParts Parts(Node root)
    {
        root.Only("people", "change", "stop", "withdraw", "free", "kinds", "escalate", "assurance", "delegation", "wait", "disclose");
        return new PolicyParts
        {
            People = Rule(root.Must("people")),
            Change = Rule(root.Must("change")),
            Stop = Rule(root.Must("stop")),
            Withdraw = Rule(root.Must("withdraw")),
            Free = Rule(root.Must("free")),
            Kinds = root.Must("kinds").Members().ToDictionary(m => m.Name, m => Rule(m.Value, staged: true), StringComparer.Ordinal),
            Stages = root.Must("kinds").Members().Where(m => m.Value.May("stages") is not null).ToDictionary(
                m => m.Name, m => (IReadOnlyList<IReadOnlyList<string>>)[.. m.Value.Must("stages").Items().Select(stage => stage.Texts().ToArray())], StringComparer.Ordinal),
            Escalations = [.. root.May("escalate")?.Items().Select(Escalate) ?? []],
            Assurances = root.May("assurance")?.Members().ToDictionary(m => m.Name, m => m.Value.Text() switch
            {
                "passkey" => Assurance.Passkey,
                var other => throw new PolicyFileException($"The assurance of {m.Name} is \"{other}\"; it can only be \"passkey\"."),
            }, StringComparer.Ordinal) ?? [],
            DelegationDays = Sub(root, "delegation", "days")?.Number() ?? 30,
            Wait = Sub(root, "wait", "people")?.Span() ?? TimeSpan.Zero,
            DiscloseNames = Sub(root, "disclose", "approvers")?.Text() switch
            {
                null or "names" => true,
                "roles" => false,
                var other => throw new PolicyFileException($"Approvers can be disclosed by \"names\" or \"roles\", not by \"{other}\"."),
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
        return new Need([.. node.Must("role").Texts()], node.May("count")?.Number() ?? 1);
    }

    private static Escalation Escalate(Node node)
    {
        node.Only("when", "approve", "refuse", "overrule");
        var refuses = node.May("refuse")?.Text() == "true";
        var who = node.Must(refuses ? "overrule" : "approve");
        return new Escalation([.. node.Must("when").Texts()], [.. who.Items().Select(NeedOf)], refuses);
    }

    private sealed class PolicyFileException(string message) : Exception(message);

    /// <summary>A YAML node that says where it is when it is not what it must be.</summary>
    private sealed class Node
    {
        private readonly YamlNode _node;
        private readonly string _where;

        public Node(YamlNode node, string where)
        {
            if (!node.Anchor.IsEmpty)
                throw new PolicyFileException($"{where} uses a YAML anchor; write it out instead.");
            (_node, _where) = (node, where);
        }

        public void Only(params string[] names)
        {
            foreach (var (name, _) in Members())
                if (!names.Contains(name))
                    throw new PolicyFileException($"{_where} has a member \"{name}\" that is not known; known are {string.Join(", ", names)}.");
        }

        public Node Must(string name) => May(name) ?? throw new PolicyFileException($"{_where} lacks the member \"{name}\".");

        public Node? May(string name) => Members().Where(m => m.Name == name).Select(m => m.Value).FirstOrDefault();

        public IEnumerable<(string Name, Node Value)> Members()
        {
            if (_node is not YamlMappingNode mapping)
                throw new PolicyFileException($"{_where} must be a mapping (name: value).");
            foreach (var (key, value) in mapping.Children)
            {
                var name = (key as YamlScalarNode)?.Value ?? throw new PolicyFileException($"{_where} has a member without a plain name.");
                yield return (name, new Node(value, $"\"{name}\" in {_where}"));
            }
        }

        public IEnumerable<Node> Items() => _node is YamlSequenceNode list
            ? list.Children.Select((item, i) => new Node(item, $"item {i + 1} of {_where}"))
            : throw new PolicyFileException($"{_where} must be a list.");

        public string Text() => (_node as YamlScalarNode)?.Value ?? throw new PolicyFileException($"{_where} must be a word.");

        public IEnumerable<string> Texts() => _node is YamlSequenceNode ? Items().Select(i => i.Text()) : [Text()];

        public int Number() => int.TryParse(Text(), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new PolicyFileException($"{_where} must be a whole number.");

        public TimeSpan Span()
        {
            var text = Text();
            var unit = text.Length > 0 ? text[^1] : ' ';
            if (text.Length > 1 && int.TryParse(text[..^1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var n))
                switch (unit)
                {
                    case 'd': return TimeSpan.FromDays(n);
                    case 'h': return TimeSpan.FromHours(n);
                    case 'm': return TimeSpan.FromMinutes(n);
                    default: break;
                }
            throw new PolicyFileException($"{_where} must be a time such as 24h, 30m or 7d.");
        }
    }
}
