using System.Globalization;

namespace Countersign.GateBench;

/// <summary>What was asked for on the command line.</summary>
internal sealed class Options(string[] args)
{
    public bool Quick => args.Contains("--quick");

    public bool Judging => args.Contains("--judging");

    /// <summary>Whether logs and configurations stay.</summary>
    public bool Keep => args.Contains("--keep");

    /// <summary>How many rounds are counted, after one to warm up.</summary>
    public int Rounds => Number("--rounds") ?? (Quick ? 3 : 5);

    /// <summary>How long each contestant is measured in a round.</summary>
    public TimeSpan Time => TimeSpan.FromSeconds(Number("--seconds") ?? (Quick ? 2 : 4));

    public int Drafts => Number("--drafts") ?? 100_000;

    /// <summary>The gate's memory is made once and kept here.</summary>
    public string Cache => Path.GetFullPath(Value("--cache") ?? Path.Combine(Path.GetTempPath(), "countersign-gatebench"));

    /// <summary>The command line that is measured: the one built with the bench where none is named.</summary>
    public string Program => Path.GetFullPath(Value("--program") ?? Path.Combine(AppContext.BaseDirectory, "countersign"));

    /// <summary>Lines of YAML for the gate's configuration.</summary>
    public string? Settings => Value("--settings")?.Replace("\\n", "\n", StringComparison.Ordinal);

    /// <summary>Texts for the vocabulary; null where there are none.</summary>
    public string? Corpora
    {
        get
        {
            var folder = Value("--corpora") ?? Path.Combine(Programs.Repository, "..", "shared", "corpora");
            return Directory.Exists(folder) ? Path.GetFullPath(folder) : null;
        }
    }

    /// <summary>Contestants that stay away.</summary>
    public Against Without => Value("--without") is { } names ? Enum.Parse<Against>(names, ignoreCase: true) : 0;

    /// <summary>Whether a row is to be run.</summary>
    public bool Wants(Row row) => Value("--only") is { } only ? only.Split(',').Contains(row.Id) : !Quick || row.Target;

    /// <summary>The first argument that is no option of ours.</summary>
    public string? Stray
    {
        get
        {
            for (var i = 0; i < args.Length; i++)
            {
                if (args[i] is "--quick" or "--keep" or "--judging")
                    continue;
                if (args[i] is not ("--rounds" or "--seconds" or "--drafts" or "--cache" or "--program" or "--settings" or "--corpora" or "--only" or "--without") || i + 1 == args.Length)
                    return args[i];
                i++;
            }
            return Value("--only")?.Split(',').FirstOrDefault(id => Row.All.All(r => r.Id != id));
        }
    }

    private int? Number(string name) => Value(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private string? Value(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}
