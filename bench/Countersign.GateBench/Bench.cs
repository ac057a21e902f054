using System.Globalization;

namespace Countersign.GateBench;

/// <summary>Runs rows: contestants take turns, round by round, so that whatever else the machine does meets all of them.</summary>
internal sealed class Bench : IDisposable
{
    /// <summary>Small messages that the gate has judged before anything counts: its code is compiled by then.</summary>
    private const int WarmUp = 30_000;

    private readonly Options _options;
    private readonly string _work;
    private readonly Words _words;
    private readonly Dictionary<Against, Contestant> _contestants = [];
    private readonly Dictionary<Text, MailSet> _sets = [];
    private readonly HashSet<Text> _warm = [];

    private readonly CancellationToken _stop;

    /// <param name="options">What was asked for.</param>
    /// <param name="stop">Ends it after the measurement that is under way, with everything that was started.</param>
    public Bench(Options options, CancellationToken stop)
    {
        (_options, _stop) = (options, stop);
        _work = Directory.CreateTempSubdirectory("countersign-gatebench-").FullName;
        Programs.Folder(_work);
        _words = Words.Of(options.Corpora);
    }

    public void Run(IReadOnlyList<Row> rows)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, {Environment.ProcessorCount} processors, load {Load()}, .NET {Environment.Version}, {Programs.Run("postconf", "-d", "-h", "mail_version").Trim()} Postfix
            words: {_words.Count:N0} from {_words.From}; {_options.Drafts:N0} drafts known; {_options.Rounds} rounds of {_options.Time.TotalSeconds:F0} s each, after one to warm up
            """));
        Make([.. rows.Select(r => r.Text).Prepend(Text.Small).Distinct()]);
        foreach (var row in rows)
        {
            var contestants = Enum.GetValues<Against>().Where(a => row.Against.HasFlag(a) && !_options.Without.HasFlag(a)).Select(Started).ToList();
            Warm(row.Text);
            Print(row, contestants, Rounds(row, contestants));
        }
        Console.WriteLine($"\nload at the end: {Load()}");
    }

    public void Dispose()
    {
        foreach (var contestant in _contestants.Values)
            contestant.Dispose();
        Running.EndAll();
        if (_options.Keep)
            Console.Error.WriteLine($"logs and configurations: {_work}");
        else
            Directory.Delete(_work, recursive: true);
    }

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private Contestant Started(Against which)
    {
        if (_contestants.TryGetValue(which, out var running))
            return running;
        Console.Error.WriteLine($"starting {which}");
        return _contestants[which] = which switch
        {
            Against.Gate => Checked(new GateProxy(_work, _options.Program, DraftsHome.Made(_options.Cache, _options.Program, _words, _options.Drafts), _options.Settings)),
            Against.Direct => new Direct(_work),
            Against.Proxy => new PostfixProxy(_work),
            _ => new PostfixRspamd(_work),
        };
    }

    /// <summary>A gate that let a draft out would be fast for nothing.</summary>
    private GateProxy Checked(GateProxy gate)
    {
        foreach (var draft in (int[])[1, _options.Drafts / 2, _options.Drafts - 1])
            if (TimedSender.SendOne(gate.Port, new Mails(_words).Leak(draft)) is var answer && !answer.StartsWith("550", StringComparison.Ordinal))
                throw new InvalidOperationException($"The gate answered a mail that is draft {draft}: {answer}");
        return gate;
    }

    /// <summary>Makes the messages before any gate runs: its memory says what they share with drafts, and one process at a time has it.</summary>
    private void Make(IReadOnlyList<Text> texts)
    {
        using var known = _options.Without.HasFlag(Against.Gate) ? null : DraftsHome.Open(DraftsHome.Made(_options.Cache, _options.Program, _words, _options.Drafts));
        var mails = new Mails(_words, known is null ? null : wire => DraftsHome.Hits(known, wire));
        foreach (var text in texts)
        {
            Console.Error.WriteLine($"making messages: {text}");
            _sets[text] = text switch
            {
                Text.Small => mails.Small(5_000),
                Text.Hits => mails.SmallWithHits(5_000),
                Text.Stock => mails.SmallWithStock(200),
                Text.Mix => mails.Mix(400),
                _ => mails.Large(40),
            };
        }
    }

    private void Warm(Text text)
    {
        if (!_contestants.TryGetValue(Against.Gate, out var gate) || !_warm.Add(text))
            return;
        Console.Error.WriteLine($"warming up the gate: {text}");
        if (_warm.Count == 1)
            SmtpSource.Send(gate.Port, new Sessions(10, true), _sets[Text.Small].FirstFile(_work), WarmUp);
        TimedSender.Closed(gate.Port, new Sessions(10, true), _sets[text].Next, TimeSpan.FromSeconds(_options.Quick ? 5 : 10));
    }

    private Dictionary<Contestant, Tally> Rounds(Row row, List<Contestant> contestants)
    {
        var tallies = contestants.ToDictionary(c => c, _ => new Tally());
        var set = row.Repeated ? _sets[row.Text].Repeated() : _sets[row.Text];
        var file = set.FirstFile(_work);
        for (var round = 0; round <= _options.Rounds; round++)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Id}: {(round == 0 ? "to warm up" : $"round {round} of {_options.Rounds}")}, load {Load()}"));
            foreach (var contestant in contestants)
            {
                _stop.ThrowIfCancellationRequested();
                var tally = tallies[contestant];
                GC.Collect();
                var time = round == 0 ? TimeSpan.FromSeconds(1) : _options.Time;
                var count = tally.LastPerSecond is var last and > 0 ? (long)(last * time.TotalSeconds) + row.Sessions.Count : 1000;
                var figures = Measured(contestant, () => row.Timed
                    ? TimedSender.Closed(contestant.Port, row.Sessions, set.Next, time)
                    : SmtpSource.Send(contestant.Port, row.Sessions, file, count));
                tally.LastPerSecond = figures.Sent.PerSecond;
                if (round == 0)
                    continue;
                tally.Full.Add(figures);
                if (row.Half)
                    tally.Half.Add(Measured(contestant, () => TimedSender.Open(contestant.Port, row.Sessions, set.Next, tally.Rate / 2, _options.Time)));
            }
        }
        return tallies;
    }

    private static Figures Measured(Contestant contestant, Func<Sent> send)
    {
        contestant.Settle();
        var allocated = (contestant as GateProxy)?.Metric(GateProxy.Allocated);
        var before = contestant.ProcessorMicroseconds();
        var sent = send();
        contestant.Settle();
        return new Figures(sent, (contestant.ProcessorMicroseconds() - before) / sent.Messages, ((contestant as GateProxy)?.Metric(GateProxy.Allocated) - allocated) / sent.Messages);
    }

    private void Print(Row row, List<Contestant> contestants, Dictionary<Contestant, Tally> tallies)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            ### {row.Id}: {row.Title}

            {(row.Timed ? "timed sender" : "smtp-source")}, {_sets[row.Text].AverageBytes:N0} bytes on average

            | | messages/s | least | most | µs of processor time a message | p50 ms | p99 ms | at half its rate p50 ms | p99 ms |{(contestants.Any(c => tallies[c].Allocated is not null) ? " bytes allocated a message |" : "")}
            |---|---|---|---|---|---|---|---|---|{(contestants.Any(c => tallies[c].Allocated is not null) ? "---|" : "")}
            """));
        foreach (var contestant in contestants)
        {
            var tally = tallies[contestant];
            var rates = tally.Full.Select(f => f.Sent.PerSecond).ToList();
            Console.WriteLine($"| {contestant.Name} | {Write(tally.Rate, "N0")} | {Write(rates.Min(), "N0")} | {Write(rates.Max(), "N0")} | {Write(Tally.Median(tally.Full, f => f.Processor), "N0")} "
                + $"| {Write(Tally.Median(tally.Full, f => f.Sent.Within(0.5)), "F2")} | {Write(Tally.Median(tally.Full, f => f.Sent.Within(0.99)), "F2")} "
                + $"| {Write(Tally.Median(tally.Half, f => f.Sent.Within(0.5)), "F2")} | {Write(Tally.Median(tally.Half, f => f.Sent.Within(0.99)), "F2")} |"
                + (tally.Allocated is { } bytes ? $" {Write(bytes, "N0")} |" : ""));
        }
        if (contestants.Find(c => c is GateProxy) is not { } gate)
            return;
        foreach (var peer in contestants.Where(c => c != gate))
            Console.WriteLine($"\ngate ÷ {peer.Name} = {Write(tallies[gate].Rate / tallies[peer].Rate, "F2")}, round by round {string.Join(", ", tallies[gate].Full.Zip(tallies[peer].Full, (g, p) => Write(g.Sent.PerSecond / p.Sent.PerSecond, "F2")))}");

        static string Write(double figure, string format) => double.IsNaN(figure) ? "" : figure.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>What one contestant did in one round.</summary>
    private sealed record Figures(Sent Sent, double Processor, double? Allocated);

    private sealed class Tally
    {
        public List<Figures> Full { get; } = [];

        public List<Figures> Half { get; } = [];

        public double LastPerSecond { get; set; }

        public double Rate => Median(Full, f => f.Sent.PerSecond);

        public double? Allocated => Full.Any(f => f.Allocated is not null) ? Median(Full, f => f.Allocated ?? double.NaN) : null;

        public static double Median(List<Figures> figures, Func<Figures, double> of)
        {
            if (figures.Count == 0)
                return double.NaN;
            var sorted = figures.Select(of).Order().ToArray();
            return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
        }
    }
}
