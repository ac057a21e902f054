using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>
/// What letters are, at hand, at one size of the ledger: each commit takes them along, and whoever cannot say what was entered since must
/// <see cref="Forget"/> them all. Of the letters not asked for lately, none is kept. One thread at a time.
/// </summary>
internal sealed class Histories(Book book, LedgerStore store)
{
    /// <summary>How many bytes of acts are kept, and as many again of those asked for before.</summary>
    private const long MaxBytes = 16 << 20;

    private Dictionary<string, LetterHistory> _lately = [], _before = [];
    private long _bytes;

    /// <summary>What a letter is. Throws <see cref="InvalidDataException"/> where a row is damaged.</summary>
    public LetterHistory Of(string letter)
    {
        if (_lately.TryGetValue(letter, out var history))
            return history;
        if (!_before.Remove(letter, out history))
            history = store.Knows(letter) ? book.History(letter) : LetterHistory.Of(letter);
        Keep(history, history.Acts.Sum(Size));
        return history;
    }

    /// <summary>Takes the letters along over acts that were entered behind those that they are made of, all in order.</summary>
    public void Take(IReadOnlyList<RecordedAct> entered)
    {
        foreach (var recorded in entered)
        {
            if (recorded.Act is not LetterAct act)
                continue;
            if (act is DraftAct draft && store.LettersWith(draft.FairCopy) is { Count: > 1 } twins)
            {
                // Letters of the same bytes count each other's drafters: they are read anew.
                foreach (var twin in twins)
                    Drop(twin);
                continue;
            }
            if (_lately.TryGetValue(act.Letter, out var history))
                Keep(history.Append(recorded), Size(recorded));
            else
                _before.Remove(act.Letter);
        }
    }

    /// <summary>Forgets all.</summary>
    public void Forget()
    {
        _lately.Clear();
        _before.Clear();
        _bytes = 0;
    }

    private void Drop(string letter)
    {
        _lately.Remove(letter);
        _before.Remove(letter);
    }

    private void Keep(LetterHistory history, long more)
    {
        // An act weighs more in memory than its bytes, and a letter something without any.
        _bytes += more + 512;
        if (_bytes > MaxBytes)
        {
            (_lately, _before) = (_before, _lately);
            _lately.Clear();
            _bytes = history.Acts.Sum(Size) + 512;
        }
        _lately[history.Letter] = history;
    }

    private static long Size(RecordedAct recorded) => recorded.Act.Bytes.Length + 512 + recorded.Approvals.Sum(a => a.Evidence.Length);
}
