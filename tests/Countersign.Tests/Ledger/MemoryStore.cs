using Countersign.Ledger;
using Countersign.Proof;

namespace Countersign.Tests.Ledger;

/// <summary>Where a store call breaks.</summary>
public enum Breaks
{
    /// <summary>It does not.</summary>
    Never,

    /// <summary>Before anything took effect: lost.</summary>
    Before,

    /// <summary>A commit after it took effect: lost to the caller, but persisted.</summary>
    After,

    /// <summary>A commit after the checkpoint was signed, before anything was stored.</summary>
    Signed,
}

/// <summary>
/// A store in memory that keeps the contract of <see cref="ILedgerStore{TRecord}"/>, and breaks where a test tells it
/// to. Logs that share it are like processes that share a database.
/// </summary>
internal sealed class MemoryStore : ILedgerStore<string>
{
    private readonly Lock _writer = new();
    private readonly List<LedgerEntry<string>> _entries = [];
    private readonly Dictionary<Digest, int> _byKey = [];
    private LedgerHead _head = LedgerHead.None;

    public Breaks NextCommit { get; set; }

    public bool NextReadBreaks { get; set; }

    public bool NextFindBreaks { get; set; }

    public bool NextHashesBreak { get; set; }

    /// <summary>Run at the start of the next commit, before the lock: another process is quicker.</summary>
    public Action? BeforeNextCommit { get; set; }

    /// <summary>How long a commit takes to become durable.</summary>
    public TimeSpan Flush { get; set; }

    public int Commits { get; private set; }

    public IReadOnlyList<LedgerEntry<string>> Entries
    {
        get
        {
            lock (_writer)
                return [.. _entries];
        }
    }

    public LedgerHead Read()
    {
        lock (_writer)
        {
            if (NextReadBreaks)
            {
                NextReadBreaks = false;
                throw new IOException("The disk is gone.");
            }
            return _head;
        }
    }

    public CommitAnswer Commit(
        LedgerHead expected, IReadOnlyList<LedgerEntry<string>> entries, Func<LedgerHead> sign)
    {
        var quicker = BeforeNextCommit;
        BeforeNextCommit = null;
        quicker?.Invoke();
        lock (_writer)
        {
            var breaks = NextCommit;
            NextCommit = Breaks.Never;
            if (breaks == Breaks.Before)
                throw new IOException("The disk is gone.");
            if (_head != expected)
                return CommitAnswer.Moved;
            var next = sign();
            if (breaks == Breaks.Signed)
                throw new IOException("The disk is full.");
            Add(entries);
            _head = next;
            Commits++;
            Thread.Sleep(Flush);
            return breaks == Breaks.After ? throw new IOException("The flush failed.") : CommitAnswer.Committed;
        }
    }

    public int ReadEntryHashes(ulong first, Span<Digest> into)
    {
        lock (_writer)
        {
            if (NextHashesBreak)
            {
                NextHashesBreak = false;
                throw new IOException("The disk is gone.");
            }
            var left = first < (ulong)_entries.Count ? (ulong)_entries.Count - first : 0;
            var count = (int)Math.Min((ulong)into.Length, left);
            for (var i = 0; i < count; i++)
                into[i] = _entries[(int)first + i].EntryHash;
            return count;
        }
    }

    public IReadOnlyList<LedgerEntry<string>> Find(IReadOnlyCollection<Digest> keys)
    {
        lock (_writer)
        {
            if (NextFindBreaks)
            {
                NextFindBreaks = false;
                throw new IOException("The disk is gone.");
            }
            return [.. keys.Where(_byKey.ContainsKey).Select(key => _entries[_byKey[key]])];
        }
    }

    /// <summary>No further call breaks.</summary>
    public void Heal() =>
        (NextCommit, NextReadBreaks, NextFindBreaks, NextHashesBreak) = (Breaks.Never, false, false, false);

    /// <summary>What a backup taken now would bring back.</summary>
    public MemoryStore Backup()
    {
        lock (_writer)
        {
            var copy = new MemoryStore { _head = _head };
            copy.Add(_entries);
            return copy;
        }
    }

    /// <summary>Somebody edits the database.</summary>
    public void Tamper(int index)
    {
        lock (_writer)
            _entries[index] = _entries[index] with { EntryHash = Digest.Of("tampered"u8) };
    }

    /// <summary>The database falls back to an older state.</summary>
    public void RollBackTo(LedgerHead head)
    {
        lock (_writer)
        {
            _head = head;
            foreach (var entry in _entries[(int)head.Size..])
                _byKey.Remove(entry.Key);
            _entries.RemoveRange((int)head.Size, _entries.Count - (int)head.Size);
        }
    }

    private void Add(IReadOnlyList<LedgerEntry<string>> entries)
    {
        foreach (var entry in entries)
        {
            _byKey.Add(entry.Key, _entries.Count);
            _entries.Add(entry);
        }
    }

    /// <summary>Somebody deletes the last row of the database.</summary>
    public void DropLast()
    {
        lock (_writer)
            _entries.RemoveAt(_entries.Count - 1);
    }
}
