using System.Text;
using Countersign.Proof;

namespace Countersign.Ledger;

/// <summary>Opens ledgers.</summary>
public static class TransparencyLog
{
    /// <summary>
    /// Opens a ledger: the stored checkpoint must be signed by our key, the stored entries must lead to its root, and
    /// what was published or shown by others must be a prefix of them. Reads every entry hash once. Throws what the
    /// store throws.
    /// </summary>
    /// <param name="store">The records database.</param>
    /// <param name="identity">Who signs.</param>
    /// <param name="tiles">Where to publish; null to publish nowhere.</param>
    /// <param name="seen">
    /// Checkpoints of this ledger, verified by the caller, that witnesses, mirrors or receipts hold: what shows that a
    /// restored database misses nothing.
    /// </param>
    /// <param name="progress">Told about every few thousand entries.</param>
    public static LedgerOpening<TRecord, TRefusal> Open<TRecord, TRefusal>(
        ILedgerStore<TRecord> store,
        LedgerIdentity identity,
        Tiles? tiles = null,
        IReadOnlyCollection<Checkpoint>? seen = null,
        IProgress<LedgerProgress>? progress = null) =>
        TransparencyLog<TRecord, TRefusal>.Open(store, identity, tiles, seen ?? [], progress);
}

/// <summary>
/// The append-only ledger. It knows entries and keys, not letters.
///
/// The way of an append: (1) callers queue; (2) one worker takes the whole queue, after a moment's patience when more came last time; (3) it follows the store to its
/// newest head; (4) answers those whose key is known; (5) lets each other candidate be admitted against that head and
/// those admitted before it; (6) commits all with one signed checkpoint, compared and swapped inside the store's
/// transaction; when somebody else was first it goes back to (3); (7) answers all; (8) publishes tiles, then the
/// checkpoint file, at once after a rest, and ten times a second while acts come without end.
///
/// Doubt stops it: after any exception of the store this instance signs nothing and appends nothing any more. Open a
/// new one, which starts from what the store truly holds. Memory grows with the logarithm of the ledger. Safe for all
/// threads.
/// </summary>
/// <typeparam name="TRecord">What the store keeps beside each entry.</typeparam>
/// <typeparam name="TRefusal">The caller's answer for what it does not admit.</typeparam>
public sealed class TransparencyLog<TRecord, TRefusal> : IAsyncDisposable
{
    /// <summary>The most candidates in one commit: bounds a transaction.</summary>
    private const int MaxBatch = 1024;

    /// <summary>How long an idle worker waits for more before its thread ends.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a batch waits to become as large as the last one: those who were answered just now mostly come back
    /// with the next act, and one flush should serve them all. A lone writer never waits.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// How long the publisher rests when there is more to publish already and nobody waits for it: its flushes would
    /// hold up those of the commits.
    /// </summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);

    /// <summary>The most entry hashes kept at hand for the publisher; what is beyond, it reads from the store.</summary>
    private const int MaxRecent = 65_536;

    private readonly ILedgerStore<TRecord> _store;
    private readonly LedgerIdentity _identity;
    private readonly Tiles? _tiles;
    private readonly object _gate = new();

    // Guarded by _gate.
    private readonly Queue<Candidate> _queue = [];
    private int _wanted;
    private readonly List<(ulong Size, TaskCompletionSource<Publication> Told)> _awaiting = [];
    private bool _sequencing;
    private bool _publishing;
    private bool _closed;
    private string? _stopped;
    private Publication _publication = new(0, null);
    private Task _sequencer = Task.CompletedTask;
    private Task _publisher = Task.CompletedTask;

    // Written by the sequencer alone, read by everybody: never changed in place.
    private volatile State _state;

    // Cuts the publisher's rest short. Guarded by itself.
    private readonly object _rest = new();
    private bool _hurry;

    // The hashes of the entries committed here last, for the publisher. Guarded by itself.
    private readonly List<Digest> _recent = [];
    private ulong _recentEnd;

    // The sequencer's alone: what was last signed here, or read from the store.
    private (ulong Size, Digest Root) _signed;

    // The publisher's alone: the edge of what it published last.
    private TreeEdge _publishedEdge;

    private TransparencyLog(
        ILedgerStore<TRecord> store, LedgerIdentity identity, Tiles? tiles, State state, TreeEdge publishedEdge)
    {
        (_store, _identity, _tiles, _state, _publishedEdge) = (store, identity, tiles, state, publishedEdge);
        _signed = (state.Head.Size, state.Head.Root);
    }

    /// <summary>The newest head that this log knows to be durable.</summary>
    public LedgerHead Head => _state.Head;

    /// <summary>Why the ledger stopped; null while it runs.</summary>
    public string? StoppedBecause
    {
        get
        {
            lock (_gate)
                return _stopped;
        }
    }

    /// <summary>How far the public files have come.</summary>
    public Publication Published
    {
        get
        {
            lock (_gate)
                return _publication;
        }
    }

    /// <summary><see cref="TransparencyLog.Open"/>.</summary>
    internal static LedgerOpening<TRecord, TRefusal> Open(
        ILedgerStore<TRecord> store,
        LedgerIdentity identity,
        Tiles? tiles,
        IReadOnlyCollection<Checkpoint> seen,
        IProgress<LedgerProgress>? progress)
    {
        // The file first: whatever is public was committed before, so an honest store is never behind it.
        var file = tiles?.ReadCheckpoint();
        Checkpoint? published = null;
        if (file is not null)
        {
            if (!identity.TryOpen(file, out var opened, out var why))
            {
                return ReadOnly(
                    LedgerTrouble.CheckpointUnreadable,
                    $"The published checkpoint cannot be trusted. {why} Compare the ledger with a witness or a mirror; "
                    + "when nothing is missing, remove the file 'checkpoint' and open again: it is made anew.");
            }
            published = opened.Checkpoint;
        }

        // What the world has seen: the published file, and what witnesses and mirrors showed the caller.
        Checkpoint[] shown = [.. published is null ? [] : new[] { published }, .. seen];
        if (Array.Exists(shown, checkpoint => checkpoint.Origin != identity.Key.Name && identity.Before.All(key => key.Name != checkpoint.Origin)))
            throw new ArgumentException("A checkpoint of another ledger proves nothing about this one.", nameof(seen));

        var head = store.Read();
        if (Distrust(head, identity) is { } distrust)
            return ReadOnly(LedgerTrouble.StoreDamaged, distrust + Restore);
        if (shown.MaxBy(checkpoint => checkpoint.Size) is { } newest && newest.Size > head.Size)
            return RolledBack($"a signed checkpoint counts {newest.Size} entries, it holds {head.Size}");
        // Another log may have appended and published since we read; else tiles beyond the head are lost entries.
        if (tiles is not null && tiles.HoldsBeyond(head.Size) && store.Read().Size == head.Size)
            return RolledBack($"it holds {head.Size} entries, public tiles hold more");

        var edge = new TreeEdge();
        var publishedEdge = edge.Copy();
        var roots = shown.ToLookup(checkpoint => checkpoint.Size, checkpoint => checkpoint.Root);
        var fork = roots[0].Any(root => root != Merkle.EmptyRoot) ? 0 : (ulong?)null;
        try
        {
            Tiles.Grow(edge, head, store.ReadEntryHashes, null, "reading the ledger", progress, grown =>
            {
                if (!roots.Contains(grown.Size))
                    return;
                var root = grown.Root();
                if (roots[grown.Size].Any(other => other != root))
                    fork ??= grown.Size;
                if (grown.Size == published?.Size)
                    publishedEdge = grown.Copy();
            });
        }
        catch (InvalidDataException damaged)
        {
            return ReadOnly(LedgerTrouble.StoreDamaged, damaged.Message + Restore);
        }
        if (fork is not null)
        {
            return ReadOnly(
                LedgerTrouble.Forked,
                $"A signed checkpoint of {fork} entries is not of the first {fork} in the database. Keep both as "
                + "evidence, and restore the database that the checkpoint is of.");
        }
        var log = new TransparencyLog<TRecord, TRefusal>(
            store, identity, tiles, new State(head, edge), publishedEdge);
        log._publication = new Publication(published?.Size ?? 0, null);
        // A crash may have come between a commit and its publication.
        if (tiles is not null && head.Size > (published?.Size ?? 0))
            log.StartPublishing();
        return new LedgerOpening<TRecord, TRefusal>.Opened(log);
    }

    /// <summary>Appends a candidate, or finds the entry that its key already has.</summary>
    /// <param name="key">The idempotency key: the digest of the act.</param>
    /// <param name="admit">
    /// Run by the worker, alone, unless the key is known; perhaps more than once, so it changes nothing outside. It
    /// must admit or refuse against the head it is given. What it throws is thrown to this caller alone.
    /// </param>
    public Task<AppendAnswer<TRecord, TRefusal>> Append(
        Digest key, Func<Admitting<TRecord>, Admission<TRecord, TRefusal>> admit)
    {
        lock (_gate)
        {
            var closed = _closed ? "This ledger was closed. Open it again." : _stopped;
            if (closed is not null)
            {
                return Task.FromResult<AppendAnswer<TRecord, TRefusal>>(
                    new AppendAnswer<TRecord, TRefusal>.Stopped(closed, MayBeStored: false));
            }
            var candidate = new Candidate(key, admit);
            _queue.Enqueue(candidate);
            if (_sequencing)
            {
                if (_queue.Count >= _wanted)
                    Monitor.Pulse(_gate);
            }
            else
            {
                _sequencing = true;
                _sequencer = OnOwnThread(Sequence);
            }
            return candidate.Told.Task;
        }
    }

    /// <summary>
    /// An inclusion proof, leaf's side first; null when that tree is not ours or does not hold the index.
    /// </summary>
    /// <param name="index">Which entry.</param>
    /// <param name="size">Of which tree: the head's, or any before.</param>
    public IReadOnlyList<Digest>? ProveInclusion(ulong index, ulong size)
    {
        var state = _state;
        if (size > state.Head.Size || index >= size)
            return null;
        return Proved(state, prover =>
        {
            var path = prover.Inclusion(index, size);
            var root = prover.Root(size);
            var right = Merkle.VerifyInclusion(index, size, prover.Leaf(index), path, root);
            return right && Grew(prover, size, root, state) ? path : null;
        });
    }

    /// <summary>A consistency proof; null when one of the trees is not ours or they stand in the wrong order.</summary>
    public IReadOnlyList<Digest>? ProveConsistency(ulong oldSize, ulong newSize)
    {
        var state = _state;
        if (oldSize > newSize || newSize > state.Head.Size)
            return null;
        return Proved(state, prover =>
        {
            var path = prover.Consistency(oldSize, newSize);
            var (oldRoot, newRoot) = (prover.Root(oldSize), prover.Root(newSize));
            return Merkle.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, path)
                && Grew(prover, oldSize, oldRoot, state) && Grew(prover, newSize, newRoot, state)
                ? path
                : null;
        });
    }

    /// <summary>Waits until all that is durable now is public, or an attempt to publish it has failed.</summary>
    public Task<Publication> Publish()
    {
        lock (_gate)
        {
            if (_tiles is null)
                return Task.FromResult(_publication);
            var told = new TaskCompletionSource<Publication>(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaiting.Add((_state.Head.Size, told));
            StartPublishing();
            Hurry();
            return told.Task;
        }
    }

    /// <summary>
    /// Makes every public file again from the store; files that are right stay untouched. Throws what the disk throws.
    /// </summary>
    public async Task Rebuild(IProgress<LedgerProgress>? progress = null)
    {
        if (_tiles is null || _state.Head.Size == 0)
            return;
        await Publish().ConfigureAwait(false);
        await Task.Run(() => _tiles.Publish(_state.Head, new TreeEdge(), _store.ReadEntryHashes, progress))
            .ConfigureAwait(false);
    }

    /// <summary>Takes no more candidates, answers those it has, publishes, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        Task sequencer;
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
            sequencer = _sequencer;
        }
        await sequencer.ConfigureAwait(false);
        Task publisher;
        lock (_gate)
            publisher = _publisher;
        Hurry();
        await publisher.ConfigureAwait(false);
    }

    // (2) One worker takes the whole queue, again and again, until it is empty.
    private void Sequence()
    {
        while (true)
        {
            var batch = new List<Candidate>();
            lock (_gate)
            {
                if (_queue.Count < _wanted && _wanted > 1 && !_closed && _stopped is null)
                    Monitor.Wait(_gate, Patience);
                _wanted = 1;
                if (_queue.Count == 0 && !_closed && _stopped is null)
                    Monitor.Wait(_gate, Linger);
                while (batch.Count < MaxBatch && _queue.TryDequeue(out var next))
                    batch.Add(next);
                if (batch.Count == 0)
                {
                    _sequencing = false;
                    return;
                }
                _wanted = batch.Count;
            }
            var committing = false;
            try
            {
                Serve(batch, ref committing);
            }
#pragma warning disable CA1031 // Whatever the store throws means doubt, and doubt has one answer: stop.
            catch (Exception doubt)
#pragma warning restore CA1031
            {
                Stop(batch, doubt, committing);
            }
        }
    }

    private void Serve(List<Candidate> batch, ref bool committing)
    {
        var waiting = batch;
        while (true)
        {
            committing = false;
            // (3)
            Follow(_store.Read());
            // (4)
            var found = _store.Find([.. waiting.Select(candidate => candidate.Key).Distinct()]);
            if (found.Any(entry => entry.Index >= _state.Head.Size))
            {
                // Appended by another log since we read the head.
                if (_store.Read() == _state.Head)
                    throw new InvalidDataException("The store holds entries beyond its newest checkpoint.");
                continue;
            }
            var state = _state;
            var known = found.ToDictionary(entry => entry.Key);
            foreach (var candidate in waiting)
                if (known.TryGetValue(candidate.Key, out var entry))
                    candidate.Told.TrySetResult(Appended(entry, state.Head, already: true));
            waiting = waiting.FindAll(candidate => !known.ContainsKey(candidate.Key));
            // (5)
            var admitted = AdmitAll(waiting, state.Head, out var answers);
            // (6)
            var next = state;
            if (admitted.Count > 0)
            {
                committing = true;
                if (Commit(state, admitted) is not { } committed)
                {
                    if (_store.Read() == state.Head)
                        throw new InvalidDataException("The store says that the ledger moved, but it did not.");
                    continue;
                }
                Remember(admitted, committed.Head.Size);
                _state = next = committed;
            }
            // (7)
            foreach (var answer in answers)
                answer(next.Head);
            // (8)
            if (admitted.Count > 0 && _tiles is not null)
                StartPublishing();
            return;
        }
    }

    /// <summary>
    /// Lets each candidate be admitted or refused, in order. Nothing is answered yet: what was refused because of one
    /// that was admitted before it must wait for the commit.
    /// </summary>
    private static List<LedgerEntry<TRecord>> AdmitAll(
        List<Candidate> waiting, LedgerHead head, out List<Action<LedgerHead>> answers)
    {
        var admitted = new List<LedgerEntry<TRecord>>();
        var byKey = new Dictionary<Digest, LedgerEntry<TRecord>>();
        answers = new(waiting.Count);
        foreach (var candidate in waiting)
        {
            if (byKey.TryGetValue(candidate.Key, out var twin))
            {
                answers.Add(next => candidate.Told.TrySetResult(Appended(twin, next, already: true)));
                continue;
            }
            var index = head.Size + (ulong)admitted.Count;
            Admission<TRecord, TRefusal> admission;
            try
            {
                admission = candidate.Admit(new Admitting<TRecord>(head, index, admitted.AsReadOnly()));
            }
#pragma warning disable CA1031 // The caller's own mistake goes back to the caller; the others are served.
            catch (Exception mistake)
#pragma warning restore CA1031
            {
                answers.Add(_ => candidate.Told.TrySetException(mistake));
                continue;
            }
            if (admission is Admission<TRecord, TRefusal>.Admit admit)
            {
                var entry = new LedgerEntry<TRecord>(
                    index, candidate.Key, admit.Statement, Digest.Of(admit.Statement.Span), admit.Record);
                admitted.Add(entry);
                byKey.Add(candidate.Key, entry);
                answers.Add(next => candidate.Told.TrySetResult(Appended(entry, next, already: false)));
            }
            else
            {
                var refusal = ((Admission<TRecord, TRefusal>.Refuse)admission).Refusal;
                answers.Add(_ => candidate.Told.TrySetResult(new AppendAnswer<TRecord, TRefusal>.Refused(refusal)));
            }
        }
        return admitted;
    }

    /// <summary>One durable transaction; null when another log was first.</summary>
    private State? Commit(State state, List<LedgerEntry<TRecord>> admitted)
    {
        var edge = state.Edge.Copy();
        foreach (var entry in admitted)
            edge.Append(entry.EntryHash);
        LedgerHead? signed = null;
        var answer = _store.Commit(state.Head, admitted, () => signed = Sign(edge));
        if (answer == CommitAnswer.Moved)
            return null;
        return signed is null
            ? throw new InvalidDataException("The store says that it committed, but asked for no signature.")
            : new State(signed, edge);
    }

    /// <summary>
    /// Signs a checkpoint, but never a second one of a size, and never a smaller one. It is called inside the store's
    /// transaction, after the comparison, so no two logs over one store sign for the same size either.
    /// </summary>
    private LedgerHead Sign(TreeEdge edge)
    {
        if (StoppedBecause is { } stopped)
            throw new InvalidOperationException(stopped);
        var checkpoint = new Checkpoint(_identity.Key.Name, edge.Size, edge.Root());
        if (checkpoint.Size < _signed.Size || (checkpoint.Size == _signed.Size && checkpoint.Root != _signed.Root))
            throw new InvalidOperationException($"A checkpoint of size {_signed.Size} was signed before.");
        _signed = (checkpoint.Size, checkpoint.Root);
        var note = Note.Create(checkpoint.Text, _identity.Sign(checkpoint.Text));
        // A fault in the signer must not become durable: nobody could open such a ledger.
        if (!note.TryVerify([_identity.Key], out _, out var why))
            throw new InvalidDataException($"The new checkpoint's signature is false. {why}");
        return new LedgerHead(note.ToString(), checkpoint.Size, checkpoint.Root);
    }

    /// <summary>
    /// Takes over what another log appended, after checking that it is signed and continues what we know.
    /// </summary>
    private void Follow(LedgerHead stored)
    {
        var state = _state;
        if (stored == state.Head)
            return;
        if (stored.Size < state.Head.Size)
            throw new InvalidDataException($"The store fell back from {state.Head.Size} entries to {stored.Size}.");
        if (Distrust(stored, _identity) is { } distrust)
            throw new InvalidDataException(distrust);
        var edge = state.Edge.Copy();
        Tiles.Grow(edge, stored, _store.ReadEntryHashes, null, "following the ledger", null);
        if (stored.Size == _signed.Size && stored.Root != _signed.Root)
            throw new InvalidDataException($"Another checkpoint of size {stored.Size} was signed here.");
        if (stored.Size > _signed.Size)
            _signed = (stored.Size, stored.Root);
        _state = new State(stored, edge);
    }

    /// <summary>
    /// Doubt: nothing more is signed or appended here. What the store truly holds, the next opening shows.
    /// </summary>
    private void Stop(List<Candidate> batch, Exception doubt, bool committing)
    {
        var why = $"The ledger stopped because its store failed ({doubt.Message}). Open it again; what was "
            + "acknowledged is safe, and whatever else is repeated with the same act finds its entry if it was stored.";
        List<Candidate> rest;
        lock (_gate)
        {
            _stopped = why;
            rest = [.. _queue];
            _queue.Clear();
        }
        foreach (var candidate in batch)
            candidate.Told.TrySetResult(new AppendAnswer<TRecord, TRefusal>.Stopped(why, committing));
        foreach (var candidate in rest)
            candidate.Told.TrySetResult(new AppendAnswer<TRecord, TRefusal>.Stopped(why, MayBeStored: false));
    }

    private void StartPublishing()
    {
        lock (_gate)
        {
            if (_publishing)
                return;
            _publishing = true;
            _publisher = OnOwnThread(PublishAll);
        }
    }

    /// <summary>
    /// Both workers wait for disks; on the pool's threads they would keep those from running who wait for them.
    /// </summary>
    private static Task OnOwnThread(Action work) => Task.Factory.StartNew(
        work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    // (8) Publishes the newest head; heads that were passed over meanwhile need no files of their own.
    private void PublishAll()
    {
        while (true)
        {
            var head = _state.Head;
            var publication = PublishOnce(head);
            lock (_gate)
            {
                _publication = publication;
                var done = publication.Trouble is not null
                    ? _awaiting.ToList()
                    : _awaiting.FindAll(waiter => waiter.Size <= publication.Size);
                _awaiting.RemoveAll(done.Contains);
                foreach (var (_, told) in done)
                    told.TrySetResult(publication);
                if (_state.Head.Size == head.Size)
                {
                    _publishing = false;
                    return;
                }
                if (_awaiting.Count > 0 || _closed)
                    continue;
            }
            lock (_rest)
            {
                if (!_hurry)
                    Monitor.Wait(_rest, Rest);
                _hurry = false;
            }
        }
    }

    private void Hurry()
    {
        lock (_rest)
        {
            _hurry = true;
            Monitor.Pulse(_rest);
        }
    }

    private void Remember(List<LedgerEntry<TRecord>> entries, ulong size)
    {
        if (_tiles is null)
            return;
        lock (_recent)
        {
            if (_recent.Count + entries.Count > MaxRecent || _recentEnd + (ulong)entries.Count != size)
                _recent.Clear();
            foreach (var entry in entries)
                _recent.Add(entry.EntryHash);
            _recentEnd = size;
        }
    }

    /// <summary>Entry hashes from memory where they are at hand, else from the store.</summary>
    private int ReadHashes(ulong first, Span<Digest> into)
    {
        lock (_recent)
        {
            var start = _recentEnd - (ulong)_recent.Count;
            if (first >= start && first < _recentEnd)
            {
                var hashes = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_recent)[(int)(first - start)..];
                hashes = hashes[..Math.Min(hashes.Length, into.Length)];
                hashes.CopyTo(into);
                return hashes.Length;
            }
        }
        return _store.ReadEntryHashes(first, into);
    }

    private Publication PublishOnce(LedgerHead head)
    {
        if (head.Size == 0)
            return new Publication(0, null);
        try
        {
            var edge = _publishedEdge.Copy();
            _tiles!.Publish(head, edge, ReadHashes, null);
            _publishedEdge = edge;
            return new Publication(head.Size, null);
        }
#pragma warning disable CA1031 // Public files are derived: what goes wrong is told and tried again.
        catch (Exception trouble)
#pragma warning restore CA1031
        {
            return new Publication(
                Published.Size,
                $"The public files are behind: {trouble.Message} The ledger itself is safe; they are written with the "
                + "next act.");
        }
    }

    /// <summary>Makes a proof from the public tiles where they serve, else from the store alone.</summary>
    private Digest[]? Proved(State state, Func<Prover, Digest[]?> prove) =>
        (_tiles is null ? null : prove(new Prover(state.Head.Size, Reader(state, _tiles))))
        ?? prove(new Prover(state.Head.Size, Reader(state, null)))
        ?? throw new InvalidDataException("The store's entries no longer lead to the root of its checkpoint.");

    private static bool Grew(Prover prover, ulong size, Digest root, State state) =>
        Merkle.VerifyConsistency(
            size, state.Head.Size, root, state.Head.Root, prover.Consistency(size, state.Head.Size));

    /// <summary>
    /// Reads tiles: an unfinished one from memory, a full one from its file, and one that is not there from those below
    /// it, down to the store.
    /// </summary>
    private Func<int, ulong, int, ReadOnlyMemory<Digest>> Reader(State state, Tiles? tiles)
    {
        return Read;

        ReadOnlyMemory<Digest> Read(int level, ulong index, int width)
        {
            if (width < Tiles.FullWidth)
                return state.Edge.Tile(level, index).ToArray();
            if (FromFile(level, index, width) is { } file)
                return file;
            var hashes = new Digest[width];
            if (level > 0)
            {
                for (var i = 0; i < width; i++)
                    hashes[i] = Merkle.Root(Read(level - 1, index * Tiles.FullWidth + (ulong)i, Tiles.FullWidth).Span);
                return hashes;
            }
            for (var got = 0; got < width;)
            {
                var more = _store.ReadEntryHashes(index * Tiles.FullWidth + (ulong)got, hashes.AsSpan(got));
                if (more <= 0)
                    throw new InvalidDataException($"The store lacks entries of tile {index}.");
                got += more;
            }
            for (var i = 0; i < width; i++)
                hashes[i] = Merkle.LeafHash(hashes[i]);
            return hashes;
        }

        Digest[]? FromFile(int level, ulong index, int width)
        {
            try
            {
                return tiles?.Read(level, index, width);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>Why a head that the store gave is not to be trusted; null when our key signed exactly this.</summary>
    private static string? Distrust(LedgerHead head, LedgerIdentity identity)
    {
        if (head.Size == 0 && head.Note.Length == 0)
            return head.Root == Merkle.EmptyRoot ? null : "The store's new ledger has a root.";
        if (!identity.TryOpen(Encoding.UTF8.GetBytes(head.Note), out var opened, out var why))
            return $"The store's newest checkpoint cannot be trusted. {why}";
        return opened.Checkpoint.Size == head.Size && opened.Checkpoint.Root == head.Root
            ? null
            : "The store's newest checkpoint signs another size or root than the store states.";
    }

    private const string Restore =
        " Restore the database from a backup that verifies; let a witness or a mirror show that nothing is missing.";

    private static LedgerOpening<TRecord, TRefusal>.ReadOnly RolledBack(string what) => ReadOnly(
        LedgerTrouble.RolledBack,
        $"The database was rolled back: {what}. Restore the newer database, or take the lost acts back from receipts "
        + "and open a new epoch.");

    private static LedgerOpening<TRecord, TRefusal>.ReadOnly ReadOnly(LedgerTrouble trouble, string why) =>
        new(trouble, why);

    private static AppendAnswer<TRecord, TRefusal>.Appended Appended(
        LedgerEntry<TRecord> entry, LedgerHead head, bool already) => new(entry, head, already);

    private sealed record State(LedgerHead Head, TreeEdge Edge);

    private sealed class Candidate(Digest key, Func<Admitting<TRecord>, Admission<TRecord, TRefusal>> admit)
    {
        public Digest Key => key;

        public Func<Admitting<TRecord>, Admission<TRecord, TRefusal>> Admit => admit;

        public TaskCompletionSource<AppendAnswer<TRecord, TRefusal>> Told { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
