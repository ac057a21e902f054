namespace Countersign.Ledger;

/// <summary>What a candidate is admitted against: the head that the commit will be compared with.</summary>
/// <param name="Head">The ledger's head; everything up to its size is durable.</param>
/// <param name="Index">The index that the candidate would get.</param>
/// <param name="Before">Candidates already admitted, to be committed together with this one, in their order.</param>
public sealed record Admitting<TRecord>(
    LedgerHead Head, ulong Index, IReadOnlyList<LedgerEntry<TRecord>> Before);

/// <summary>Whether a candidate enters the ledger: exactly one of the two.</summary>
public abstract record Admission<TRecord, TRefusal>
{
    private Admission()
    {
    }

    /// <summary>It enters, as this statement (tagged COSE_Sign1, empty unprotected header).</summary>
    public sealed record Admit(ReadOnlyMemory<byte> Statement, TRecord Record) : Admission<TRecord, TRefusal>;

    /// <summary>It does not, and this is the caller's own answer.</summary>
    public sealed record Refuse(TRefusal Refusal) : Admission<TRecord, TRefusal>;
}

/// <summary>What became of a candidate: exactly one of the three.</summary>
public abstract record AppendAnswer<TRecord, TRefusal>
{
    private AppendAnswer()
    {
    }

    /// <summary>It is in the ledger, durably.</summary>
    /// <param name="Entry">The entry; the one that was there before, when the key was known.</param>
    /// <param name="Head">A signed head that covers it.</param>
    /// <param name="Already">Whether the key was in the ledger before; nothing was appended then.</param>
    public sealed record Appended(LedgerEntry<TRecord> Entry, LedgerHead Head, bool Already)
        : AppendAnswer<TRecord, TRefusal>;

    /// <summary>It was not admitted.</summary>
    public sealed record Refused(TRefusal Refusal) : AppendAnswer<TRecord, TRefusal>;

    /// <summary>The ledger stopped; it must be opened anew before anything is appended.</summary>
    /// <param name="Why">What happened and what to do.</param>
    /// <param name="MayBeStored">Whether this very candidate may be in the ledger: ask again with the same key.</param>
    public sealed record Stopped(string Why, bool MayBeStored) : AppendAnswer<TRecord, TRefusal>;
}

/// <summary>Why a ledger may only be read.</summary>
public enum LedgerTrouble
{
    /// <summary>What was published or shown by others is ahead of the database: an older state was restored.</summary>
    RolledBack,

    /// <summary>What was published or shown by others is no prefix of what the database holds.</summary>
    Forked,

    /// <summary>The published checkpoint cannot be read, or our key did not sign it.</summary>
    CheckpointUnreadable,

    /// <summary>The database contradicts its own newest checkpoint.</summary>
    StoreDamaged,
}

/// <summary>The answer to opening a ledger: exactly one of the two.</summary>
public abstract record LedgerOpening<TRecord, TRefusal>
{
    private LedgerOpening()
    {
    }

    /// <summary>Open for writing.</summary>
    public sealed record Opened(TransparencyLog<TRecord, TRefusal> Log) : LedgerOpening<TRecord, TRefusal>;

    /// <summary>Not open for writing.</summary>
    /// <param name="Trouble">The kind of trouble.</param>
    /// <param name="Why">What was found and what to do.</param>
    public sealed record ReadOnly(LedgerTrouble Trouble, string Why) : LedgerOpening<TRecord, TRefusal>;
}

/// <summary>How far the public files have come.</summary>
/// <param name="Size">The size of the newest checkpoint that this log published; 0 when none.</param>
/// <param name="Trouble">Why the last attempt failed; null when it did not. The ledger itself is not in doubt.</param>
public sealed record Publication(ulong Size, string? Trouble);
