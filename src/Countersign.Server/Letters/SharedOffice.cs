namespace Countersign.Server.Letters;

/// <summary>An office that several doors of one process use, one at a time, and what the gate knows of its texts.</summary>
public sealed class SharedOffice : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Home _home;
    private readonly TimeProvider _clock;

    // Under the gate: one thread at a time.
    private Office _office;
    private OfficeTexts? _texts;

    private SharedOffice(Home home, TimeProvider clock, Office office) => (_home, _clock, _office) = (home, clock, office);

    /// <summary>Opens the office in a home.</summary>
    public static Result<SharedOffice> Open(Home home, TimeProvider clock) =>
        Office.Open(home, clock).Is(out var office, out var refusal) ? new SharedOffice(home, clock, office) : refusal;

    /// <summary>The folder.</summary>
    public Home Home => _home;

    /// <summary>Now, in whole seconds.</summary>
    public DateTimeOffset Now => Office.Whole(_clock.GetUtcNow());

    /// <summary>What the gate knows of the office's texts, opened when it is first asked for. Whoever uses it to learn does so inside <see cref="Alone"/>.</summary>
    public OfficeTexts Texts
    {
        get
        {
            lock (_gate)
                return _texts ??= OfficeTexts.Open(_office);
        }
    }

    /// <summary>
    /// Does something with the office while nobody else in this process does. Commands in other processes may have entered acts: the office is then opened anew,
    /// so that nothing is answered from yesterday.
    /// </summary>
    public T Alone<T>(Func<Office, T> what)
    {
        lock (_gate)
        {
            if (_office.IsBehind)
            {
                if (!Office.Open(_home, _clock).Is(out var office, out var refusal))
                    throw new InvalidDataException(refusal.Why);
                _office.Dispose();
                _office = office;
            }
            return what(_office);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _texts?.Dispose();
            _office.Dispose();
        }
    }
}
