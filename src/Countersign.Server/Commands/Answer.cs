using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Countersign.Server.Letters;

namespace Countersign.Server.Commands;

/// <summary>
/// What a command says: lines for a person, or one JSON object with stable members for a program, and the exit code (DESIGN §8): 0 what was asked
/// is so, 1 it is not, 2 wrong usage, 3 it could not be done, 4 genuine but not known to be in force.
/// </summary>
public sealed class Answer
{
    private static readonly JsonSerializerOptions JsonForm = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    private static readonly JsonSerializerOptions LineForm = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<string> _lines = [];

    /// <summary>The exit code.</summary>
    public int ExitCode { get; init; }

    /// <summary>The members for a program.</summary>
    public JsonObject Json { get; } = [];

    /// <summary>Where a command answers about several things: an object for each, printed one a line instead of <see cref="Json"/>.</summary>
    private readonly List<JsonObject> _objects = [];

    /// <summary>Adds an object of its own for a program.</summary>
    public Answer AddObject(JsonObject one)
    {
        _objects.Add(one);
        return this;
    }

    /// <summary>The command that a person would give next.</summary>
    public string? Next { get; init; }

    /// <summary>The lines for a person.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Adds a line for a person.</summary>
    public Answer Line(string line = "")
    {
        _lines.Add(line);
        return this;
    }

    /// <summary>Adds a member for a program.</summary>
    public Answer With(string name, JsonNode? value)
    {
        Json[name] = value;
        return this;
    }

    /// <summary>A refusal as an answer. What concerns the office's own files, or a file that is not there, is exit 3: it could not be done.</summary>
    public static Answer From(Refusal refusal) => new Answer
    {
        ExitCode = refusal.Code.EndsWith(".file", StringComparison.Ordinal)
            || (refusal.Code.StartsWith("home.", StringComparison.Ordinal) && refusal.Code != "home.restored") ? 3 : 1,
        Next = refusal.Next,
    }
        .Line(refusal.Why)
        .With("refused", true).With("code", refusal.Code).With("why", refusal.Why).With("next", refusal.Next);

    /// <summary>Prints the answer: JSON alone on standard output, or the lines and the hint; a refusal's lines go to standard error.</summary>
    public int Print(bool json, TextWriter output, TextWriter error)
    {
        if (json)
        {
            if (_objects.Count == 0)
                output.WriteLine(Json.ToJsonString(JsonForm));
            foreach (var one in _objects)
                output.WriteLine(one.ToJsonString(LineForm));
            return ExitCode;
        }
        var refused = Json.ContainsKey("refused");
        var writer = refused ? error : output;
        foreach (var line in _lines)
            writer.WriteLine(line);
        if (Next is not null)
            writer.WriteLine(refused ? Next : $"Next: {Next}");
        return ExitCode;
    }
}
