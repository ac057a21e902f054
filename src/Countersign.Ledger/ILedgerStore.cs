using System.Diagnostics.CodeAnalysis;
using Countersign.Proof;

namespace Countersign.Ledger;

/// <summary>
/// Where the ledger truly lives: the records database. Everything else (tiles, the checkpoint file) is derived from it.
/// Reads may come from any thread at any time; of one log, at most one <see cref="Commit"/> runs at a time, but several
/// logs, also in other processes, may share what lies below. A store that cannot do what it promises throws (a broken
/// disk, a lost connection); the log then stops and must be opened anew on what the store truly holds.
/// </summary>
/// <typeparam name="TRecord">
/// What the store keeps beside each entry: the act, its letter, whatever the house needs.
/// </typeparam>
public interface ILedgerStore<TRecord>
{
    /// <summary>
    /// The newest signed checkpoint; <see cref="LedgerHead.None"/> for a new ledger. Never one that is not durable.
    /// </summary>
    LedgerHead Read();

    /// <summary>
    /// Stores the entries and the new checkpoint in one transaction. In this order: (1) take the lock that keeps every
    /// other writer out; (2) compare the stored head with <paramref name="expected"/>, and when it differs answer <see
    /// cref="CommitAnswer.Moved"/> without having stored or signed anything; (3) call <paramref name="sign"/> once; (4)
    /// store all, durably, before answering <see cref="CommitAnswer.Committed"/>. Throws whenever it is not certain
    /// that either all or nothing is stored, and lets through what <paramref name="sign"/> throws, having stored
    /// nothing.
    /// </summary>
    CommitAnswer Commit(LedgerHead expected, IReadOnlyList<LedgerEntry<TRecord>> entries, Func<LedgerHead> sign);

    /// <summary>
    /// Reads entry hashes from index <paramref name="first"/> on, without a gap, as many as fit or as there are.
    /// </summary>
    /// <returns>How many were read.</returns>
    int ReadEntryHashes(ulong first, Span<Digest> into);

    /// <summary>Those of the keys that are in the ledger, with their entries, in any order.</summary>
    IReadOnlyList<LedgerEntry<TRecord>> Find(IReadOnlyCollection<Digest> keys);
}

/// <summary>What a commit came to.</summary>
public enum CommitAnswer
{
    /// <summary>Stored, durably: entries and checkpoint.</summary>
    Committed,

    /// <summary>Another log appended first; nothing was stored, nothing was signed.</summary>
    Moved,
}

/// <summary>The newest checkpoint of a ledger.</summary>
/// <param name="Note">The signed note, as it is published; empty for a ledger that never signed any.</param>
/// <param name="Size">How many entries it covers.</param>
/// <param name="Root">The root over them.</param>
public sealed record LedgerHead(string Note, ulong Size, Digest Root)
{
    /// <summary>The head of a ledger in which nothing was written yet.</summary>
    public static LedgerHead None { get; } = new("", 0, Merkle.EmptyRoot);
}

/// <summary>One entry.</summary>
/// <param name="Index">Its place, from 0.</param>
/// <param name="Key">The idempotency key: the digest of the act.</param>
/// <param name="Statement">The signed statement: tagged COSE_Sign1 with empty unprotected header.</param>
/// <param name="EntryHash">
/// SHA-256 of the statement: what the public entry bundles hold. The leaf is H(0x00 ‖ this).
/// </param>
/// <param name="Record">What the store keeps beside it.</param>
public sealed record LedgerEntry<TRecord>(
    ulong Index, Digest Key, ReadOnlyMemory<byte> Statement, Digest EntryHash, TRecord Record);

/// <summary>How far a long piece of work has come.</summary>
/// <param name="Step">What is being done, in words for a person.</param>
/// <param name="Done">Entries done.</param>
/// <param name="Total">Entries in all.</param>
public readonly record struct LedgerProgress(string Step, ulong Done, ulong Total);

/// <summary>Who signs a ledger's checkpoints.</summary>
/// <param name="Key">The public key; its name is the ledger's origin.</param>
/// <param name="Sign">
/// Signs a note's text. The log calls it for each size at most once, or again for the same root.
/// </param>
public sealed record LedgerIdentity(NoteKey Key, Func<string, NoteSignature> Sign)
{
    /// <summary>
    /// Keys that signed this ledger's checkpoints before: what is stored or published may still be theirs until the
    /// next commit. Nothing is signed with them.
    /// </summary>
    public IReadOnlyList<NoteKey> Before { get; init; } = [];

    /// <summary>Opens a checkpoint that this ledger signed, now or before.</summary>
    internal bool TryOpen(ReadOnlySpan<byte> note, [NotNullWhen(true)] out SignedCheckpoint? opened, out string why)
    {
        if (SignedCheckpoint.TryOpen(note, Key, [], out opened, out why))
            return true;
        foreach (var key in Before)
            if (SignedCheckpoint.TryOpen(note, key, [], out opened, out _))
                return true;
        return false;
    }

    /// <summary>The ledger of that origin, signed with a key in memory.</summary>
    public static LedgerIdentity Of(string origin, Ed25519PrivateKey key) =>
        new(NoteKey.Create(origin, NoteKeyKind.Ed25519, key.Public), text => NoteSignature.Sign(text, origin, key));
}
