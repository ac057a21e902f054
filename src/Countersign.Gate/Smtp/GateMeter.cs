using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Countersign.Gate.Smtp;

/// <summary>
/// What the gate counts: the meter <c>Countersign.Gate</c>, and its traces under the same name. Instruments: <c>gate.messages</c> by <c>outcome</c> (passed, refused, unsure, and what
/// the next hop said to passed ones), <c>gate.judging</c> in seconds, <c>gate.failures</c>.
/// </summary>
public sealed class GateMeter : IDisposable
{
    /// <summary>The name of meter and traces.</summary>
    public const string Name = "Countersign.Gate";

    private readonly Meter _meter = new(Name);
    private readonly Histogram<double> _judging;
    private readonly long[] _rulings = new long[3];
    private long _accepted, _turnedDown, _failures;

    public GateMeter()
    {
        _judging = _meter.CreateHistogram<double>("gate.judging", "s", "How long judging a message took.");
        _meter.CreateObservableCounter("gate.messages", () => new Measurement<long>[]
        {
            new(Interlocked.Read(ref _rulings[(int)RulingKind.Pass]), Tag("passed")),
            new(Interlocked.Read(ref _rulings[(int)RulingKind.Refuse]), Tag("refused")),
            new(Interlocked.Read(ref _rulings[(int)RulingKind.Unsure]), Tag("unsure")),
            new(Interlocked.Read(ref _accepted), Tag("taken by the next hop")),
            new(Interlocked.Read(ref _turnedDown), Tag("not taken by the next hop")),
        }, "{message}", "Messages by what became of them.");
        _meter.CreateObservableCounter("gate.failures", () => Interlocked.Read(ref _failures), "{failure}", "What should not have happened.");
    }

    /// <summary>Traces: one for each message that is judged.</summary>
    public static ActivitySource Traces { get; } = new(Name);

    public long Passed => Interlocked.Read(ref _rulings[(int)RulingKind.Pass]);

    public long RefusedMessages => Interlocked.Read(ref _rulings[(int)RulingKind.Refuse]);

    public long UnsureMessages => Interlocked.Read(ref _rulings[(int)RulingKind.Unsure]);

    public long Accepted => Interlocked.Read(ref _accepted);

    public long TurnedDown => Interlocked.Read(ref _turnedDown);

    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Told of every exception that nobody expected, for diagnostics.</summary>
    public Action<Exception>? OnFailure { get; set; }

    internal void Judged(RulingKind kind, long began)
    {
        Interlocked.Increment(ref _rulings[(int)kind]);
        if (_judging.Enabled)
            _judging.Record(Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    internal void Answered(int code) => Interlocked.Increment(ref code is >= 200 and < 300 ? ref _accepted : ref _turnedDown);

    internal void Failed(Exception e)
    {
        Interlocked.Increment(ref _failures);
        OnFailure?.Invoke(e);
    }

    private static KeyValuePair<string, object?> Tag(string outcome) => new("outcome", outcome);

    public void Dispose() => _meter.Dispose();
}
