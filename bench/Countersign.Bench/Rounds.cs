using System.Diagnostics;
using System.Globalization;

namespace Countersign.Bench;

/// <summary>
/// Contestants that take turns. Each round runs every contestant once, so that whatever else the machine does meets all of them; the first round
/// warms up and is not counted.
/// </summary>
internal sealed class Rounds(int count)
{
    private readonly List<(string Name, Func<double> Run, List<double> Figures)> _contestants = [];

    /// <summary>How many rounds are counted.</summary>
    public int Count => count;

    /// <summary>Reads <c>--rounds N</c>.</summary>
    public static Rounds Asked(string[] args, int usual = 7) => new(Option(args, "--rounds") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : usual);

    /// <summary>The value behind an option; null where it is not given.</summary>
    public static string? Option(string[] args, string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

    /// <summary>Adds a contestant, which returns its own figure.</summary>
    public void Add(string name, Func<double> run) => _contestants.Add((name, run, []));

    /// <summary>Adds a contestant whose figure is the median time, in milliseconds, of so many runs.</summary>
    public void AddTimed(string name, int runs, Action run) => Add(name, () => Median([.. Enumerable.Range(0, runs).Select(_ =>
    {
        var start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    })]));

    /// <summary>Runs all rounds.</summary>
    public void Run()
    {
        for (var round = 0; round <= count; round++)
        {
            Console.Error.WriteLine(round == 0 ? "warming up" : $"round {round} of {count}");
            foreach (var (_, run, figures) in _contestants)
            {
                GC.Collect();
                var figure = run();
                if (round > 0)
                    figures.Add(figure);
            }
        }
    }

    /// <summary>The median of a contestant's counted rounds.</summary>
    public double this[string name] => Median(_contestants.Single(c => c.Name == name).Figures);

    /// <summary>Prints a table: median, least and most of each contestant.</summary>
    public void Print(string unit, string format)
    {
        Console.WriteLine($"\n| | median {unit} | least | most |\n|---|---|---|---|");
        foreach (var (name, _, figures) in _contestants)
            Console.WriteLine($"| {name} | {Write(Median(figures))} | {Write(figures.Min())} | {Write(figures.Max())} |");

        string Write(double figure) => figure.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Prints how many times the one figure the other is.</summary>
    public void PrintRatio(string ours, string peer) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\n{ours} ÷ {peer} = {this[ours] / this[peer]:F2}"));

    private static double Median(List<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
