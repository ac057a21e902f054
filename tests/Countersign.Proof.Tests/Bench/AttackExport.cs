using System.Text.Json;

namespace Countersign.Proof.Tests.Bench;

/// <summary>
/// Writes attempts to a folder, so that another checker can judge them: for each the file, the trust file, the status file where there is one. <c>LIST</c>
/// has a line of JSON for each, <c>{"file","trust","status","at"}</c>, its status null where the victim has none; <c>EXPECTED</c> the verdict's word on the
/// same line, and <c>NAMES</c> its sentence.
/// </summary>
internal static class AttackExport
{
    /// <summary>Writes the rows; the answer is the path of the list.</summary>
    public static string Write(string folder, IReadOnlyList<AttackRow> rows) =>
        Write(folder, [.. rows.Select(r => (r.Name, r.Attempted(), WordOf(r.Expected)))]);

    /// <summary>Writes attempts with their names and the words expected.</summary>
    public static string Write(string folder, IReadOnlyList<(string Name, Attempt Attempt, string Expected)> attempts)
    {
        Directory.CreateDirectory(folder);
        var (trusts, lines) = (new Dictionary<Digest, string>(), new List<string>());
        foreach (var ((_, attempt, _), i) in attempts.Select((a, i) => (a, i)))
        {
            var trust = attempt.Trust!.ToBytes();
            if (!trusts.TryGetValue(Digest.Of(trust), out var trustPath))
                trusts.Add(Digest.Of(trust), trustPath = Put($"{i:D5}.trust.json", trust));
            lines.Add(JsonSerializer.Serialize(new Dictionary<string, string?>
            {
                ["file"] = Put($"{i:D5}.pdf", attempt.File),
                ["trust"] = trustPath,
                ["status"] = attempt.Status is null ? null : Put($"{i:D5}.status", attempt.Status),
                ["at"] = Text.Moment(attempt.At!.Value),
            }));
        }
        File.WriteAllLines(Path.Combine(folder, "EXPECTED"), attempts.Select(a => a.Expected));
        File.WriteAllLines(Path.Combine(folder, "NAMES"), attempts.Select(a => a.Name));
        var list = Path.Combine(folder, "LIST");
        File.WriteAllLines(list, lines);
        return list;

        string Put(string name, byte[] bytes)
        {
            var path = Path.Combine(folder, name);
            File.WriteAllBytes(path, bytes);
            return path;
        }
    }

    /// <summary>The word for programs of a verdict.</summary>
    public static string WordOf(VerdictKind kind) => new Verdict { Kind = kind, For = default }.Code;
}
