using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>
/// Reads the acts and folds them: who is in office, what each letter is. Every roster act is checked as a stranger would check it, so no row but a
/// signed act puts anybody in office. One thread at a time.
/// </summary>
public sealed class Book(Records records)
{
    private readonly Dictionary<Digest, Policy> _policies = [];
    private RosterChain? _chain;

    /// <summary>The roster acts, checked.</summary>
    public RosterChain Chain => _chain ?? throw new InvalidOperationException("The book was not read.");

    /// <summary>Whether there is any act at all.</summary>
    public bool IsEmpty => _chain is null;

    /// <summary>How many acts there are, as far as this book was read.</summary>
    public long Size { get; private set; }

    /// <summary>When the newest act was entered.</summary>
    public DateTimeOffset LastEntry { get; private set; }

    /// <summary>Reads what is new. A row that is not the act it claims to be is damage, and is named.</summary>
    public Refusal? Refresh()
    {
        var last = records.Acts.OrderByDescending(a => a.Index).FirstOrDefault();
        if (last is null || last.Index + 1 == Size)
            return null;
        foreach (var row in records.Acts.Where(a => a.First == 0 && a.Index >= Size).OrderBy(a => a.Index).ToList())
        {
            if (!Recorded(row).Is(out var recorded, out var damage))
                return damage;
            Fault? fault;
            var next = _chain is null ? RosterChain.Begin(recorded, FindPolicy, out fault) : _chain.Append(recorded, FindPolicy, out fault);
            if (next is null)
                return Damaged($"the {row.Kind} act at ledger index {row.Index} does not stand: {fault!.Why}");
            _chain = next;
        }
        if (_chain is null)
            return Damaged("the act that founded the office is missing");
        if (!Recorded(last).Is(out var newest, out var bad))
            return bad;
        (Size, LastEntry) = (last.Index + 1, newest.At);
        return null;
    }

    /// <summary>Takes note of acts entered behind those that were read, none of them about the roster: nothing has to be read.</summary>
    public void Follow(long size, DateTimeOffset lastEntry) => (Size, LastEntry) = (size, lastEntry);

    /// <summary>A policy by its digest; null when it is not kept, or is not what it was.</summary>
    public Policy? FindPolicy(Digest digest)
    {
        if (_policies.TryGetValue(digest, out var known))
            return known;
        var name = digest.ToString();
        return records.Policies.FirstOrDefault(p => p.Digest == name) is { } row && Policy.TryRead(row.Bytes, out var policy, out _) && policy.Digest == digest
            ? _policies[digest] = policy
            : null;
    }

    /// <summary>What a letter is: the fold of its acts, with the drafters of letters of the same bytes. Throws <see cref="InvalidDataException"/> where a row is damaged.</summary>
    public LetterHistory History(string letter)
    {
        var history = LetterHistory.Of(letter);
        foreach (var row in Records.ActsAbout(records, letter))
            history = history.Append(Must(row));
        return WithTwins(history);
    }

    /// <summary>A history with the drafters of letters of the same bytes counted among its own.</summary>
    public LetterHistory WithTwins(LetterHistory history)
    {
        var copies = history.Drafts.Select(d => ((DraftAct)d.Act).FairCopy.ToString()).ToList();
        return Twins(history.Letter, copies).Aggregate(history, (h, twin) => h.WithTwin((DraftAct)twin.Act));
    }

    /// <summary>The drafts of other letters with one of these fair copies.</summary>
    public IReadOnlyList<RecordedAct> Twins(string letter, IReadOnlyCollection<string> fairCopies) =>
        [.. fairCopies.Distinct().SelectMany(copy => Records.DraftsOfOthers(records, copy, letter)).OrderBy(row => row.Index).Select(Must)];

    private static RecordedAct Must(ActRow row) => Recorded(row).Is(out var recorded, out var damage) ? recorded : throw new InvalidDataException(damage.Why);

    /// <summary>The recorded act of a row, held against its own digest and statement.</summary>
    public static Result<RecordedAct> Recorded(ActRow row)
    {
        if (!Act.TryRead(row.Bytes, out var act, out _) || act.Digest.ToString() != row.Digest || act.Subject != row.Subject
            || !Statement.TryRead(row.Statement, out var statement, out _) || statement.Act != act.Digest)
            return Damaged($"the act at ledger index {row.Index} is not what was entered");
        try
        {
            return new RecordedAct(act, Evidence.DecodeApprovals(row.Approvals, act.Digest), statement, (ulong)row.Index);
        }
        catch (FormatException)
        {
            return Damaged($"the approvals at ledger index {row.Index} are not what was entered");
        }
    }

    private static Refusal Damaged(string what) => new(
        "home.damaged", $"The office's database is damaged: {what}.",
        "Nothing was changed. `countersign doctor` names all damage; `countersign restore` brings back a backup.");
}
