using System.Text;
using Countersign.Ledger;
using Countersign.Proof;
using Countersign.Server.Letters;

namespace Countersign.Server.Keeping;

/// <summary>What the files from outside know that this office does not.</summary>
/// <param name="Newest">The newest checkpoint of this office's ledger that any of them holds, and its note; null when none holds one.</param>
/// <param name="Lost">Acts at or beyond this ledger's end, by the index that they had, with the statements that they were entered with.</param>
/// <param name="Missing">The indexes before the newest checkpoint's end of which no file brings the act.</param>
/// <param name="Holds">Signed holds.</param>
public sealed record Outside(
    (Checkpoint Checkpoint, string Note)? Newest, IReadOnlyList<RecordedAct> Lost, IReadOnlyList<ulong> Missing, IReadOnlyList<HoldAct> Holds);

/// <summary>One act taken back in a new epoch, or why it could not be.</summary>
public sealed record TakenBack(RecordedAct Former, Refusal? Refusal);

/// <summary>
/// Ends the read-only time of a restored office. What others hold (a witness's checkpoint, a trust or status file, sealed letters, signed holds) tells
/// how far the ledger had come and brings lost acts with their signatures and statements.
/// <list type="number">
/// <item>Nothing is missing: the newest checkpoint outside is a state that this ledger was in.</item>
/// <item>Every missing act is brought: they are entered with their own statements, and lead to the root that the ledger signed before the loss.</item>
/// <item>Some acts stay lost: a <c>rekey</c> act of those who may change the office states the gap and opens a new epoch under a new origin, so that no two
/// checkpoints of one origin ever contradict each other. Then what was brought is entered anew; its signatures still hold.</item>
/// </list>
/// </summary>
public sealed class Recovery(Office office)
{
    private const string OpeningMark = "opening ";

    private readonly RecordedAct? _opening = Opening(office);

    // What is brought from outside was signed before a new epoch began: by the keys that the office had then.
    private readonly IReadOnlyList<KeyRange> _ranges = Opening(office) is { } begun ? [.. office.Roster.Keys.Where(k => k.From < begun.Index)] : office.Roster.Keys;
    private readonly List<(Checkpoint Checkpoint, string Note)> _checkpoints = [];
    private readonly SortedDictionary<ulong, RecordedAct> _acts = [];
    private readonly List<HoldAct> _holds = [];
    private readonly List<(DraftAct Draft, ReadOnlyMemory<byte> FairCopy)> _copies = [];
    private readonly List<Evidence> _evidence = [];

    /// <summary>Keeps files from outside with the office, so that nothing must be named twice. Refuses a file that says nothing about this office's ledger.</summary>
    public Result<Outside> Take(IReadOnlyList<string> files)
    {
        if (!File.Exists(office.Home.RestoredMark))
            return new Refusal("restore.not-restored", "This office was not restored, or is complete already.", "Nothing is left to do.");
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            if (!Read(bytes))
                return new Refusal(
                    "restore.nothing", $"{Path.GetFileName(file)} says nothing about this office's ledger.",
                    "Bring a checkpoint, a trust file, a status file, sealed letters or signed holds of this office, from the public address, a witness or a recipient.");
            Home.Write(Path.Combine(office.Home.Recovered, Digest.Of(bytes).ToString()), bytes);
        }
        return Look();
    }

    /// <summary>What the files kept so far know.</summary>
    public Outside Look()
    {
        foreach (var file in Directory.Exists(office.Home.Recovered) ? Directory.GetFiles(office.Home.Recovered) : [])
            if (!file.EndsWith(DurableFile.Unfinished, StringComparison.Ordinal))
                Read(File.ReadAllBytes(file));
        var newest = _checkpoints.OrderByDescending(c => c.Checkpoint.Size).Cast<(Checkpoint, string)?>().FirstOrDefault();
        var size = office.LedgerSize;
        var end = newest is { Item1: var checkpoint } ? checkpoint.Size : size;
        List<ulong> missing = [];
        for (var index = size; index < end; index++)
            if (!_acts.ContainsKey(index))
                missing.Add(index);
        return new Outside(newest, [.. _acts.Values.Where(a => a.Index >= size)], missing, _holds);
    }

    /// <summary>Ends the read-only time if nothing is missing any more (1, 2). Answers the ledger's size.</summary>
    public Result<ulong> Complete()
    {
        var outside = Look();
        if (outside.Newest is not { } newest)
            return new Refusal("restore.checkpoint", "No checkpoint of this office's ledger was brought.", "Fetch the checkpoint or trust file from the public address, a witness or a recipient, then `countersign restore --complete FILE`.");
        var (checkpoint, note) = newest;
        if (checkpoint.Size < office.LedgerSize)
            return new Refusal(
                "restore.older", $"The newest checkpoint that was brought ends at entry {checkpoint.Size}, this backup at {office.LedgerSize}: it cannot show that nothing is missing.",
                "Fetch a newer one. If nobody outside holds one, `countersign restore --new-epoch --as PERSON` goes on under a new ledger key, so that no two ledgers contradict each other.");
        if (checkpoint.Size == office.LedgerSize)
        {
            if (office.RootAt(checkpoint.Size) != checkpoint.Root)
                return new Refusal("restore.fork", "The outside checkpoint and this ledger contradict each other.", "Keep both as evidence and do not use this copy.");
            Finish();
            return office.LedgerSize;
        }
        if (outside.Missing.Count > 0)
            return new Refusal(
                "restore.behind",
                $"This backup ends at entry {office.LedgerSize}, but the ledger had {checkpoint.Size} entries: {outside.Missing.Count} acts are missing ({Ranges(outside.Missing)}).",
                "Restore a newer backup, or bring the sealed letters and status files that hold these acts with `countersign restore --take FILE…`. What stays lost is stated by `countersign restore --new-epoch --as PERSON`.");
        var lost = outside.Lost.Where(a => a.Index < checkpoint.Size).ToArray();
        // Before the acts themselves: once those are back, the same command given again after a crash finds nothing lost.
        KeepWhatTheyName();
        KeepNames(lost.Select(a => a.Act));
        if (!office.TakeBack(lost, checkpoint, note))
            return new Refusal("restore.fork", "The acts that were brought do not lead to the newest checkpoint.", "Bring the same acts from other holders, or state the gap with `countersign restore --new-epoch --as PERSON`.");
        Finish();
        return office.LedgerSize;
    }

    /// <summary>
    /// States the gap (3). Needs the policy's <c>change</c> rule; a signature at a time is kept, as with every decision. When it is entered, the acts
    /// that were brought are entered anew, in their order; each answer says which, or why not.
    /// </summary>
    public Result<(Outcome Outcome, IReadOnlyList<TakenBack> TakenBack)> OpenEpoch(IReadOnlyList<Signer> signers)
    {
        if (!File.Exists(office.Home.RestoredMark))
            return new Refusal("restore.not-restored", "This office was not restored, or is complete already.", "Nothing is left to do.");
        var outside = Look();
        if (_opening is { } begun)
            return (new Outcome(begun.Act, begun, office.Chain.Judge(begun.Act, begun.Approvals, null, begun.At, begun.Index)), TakeBackIn(begun));
        // Where nothing outside is newer, the gap is empty, and says so: what may have been entered behind it counts for nothing.
        var gap = outside.Newest is { Checkpoint: var checkpoint } && checkpoint.Size > office.LedgerSize
            ? new LedgerGap(office.LedgerSize, checkpoint.Size, checkpoint.Root)
            : new LedgerGap(office.LedgerSize, office.LedgerSize, office.RootAt(office.LedgerSize));
        var epoch = office.Roster.Keys.Select(k => k.Keys.Origin).Distinct().Count() + 1;
        var origin = $"{office.Found.Office}/ledger-{epoch}";
        // Kept before the act is entered: should the machine stop between the entry and the last act taken back, the same command goes on from there.
        Home.Write(office.Home.RestoredMark, Encoding.UTF8.GetBytes(OpeningMark + origin + "\n"));
        var decided = office.Decide(
            RosterAct.About, signers, act => act is RekeyAct { Gap: { } stated } && stated == gap,
            header => new RekeyAct(header) { Keys = office.NewKeys(origin), Gap = gap }, opensEpoch: true);
        if (!decided.Is(out var outcome, out var refusal))
            return refusal;
        return (outcome, outcome.Recorded is { } recorded ? TakeBackIn(recorded) : []);
    }

    /// <summary>Enters anew, in their order, the acts that were brought, and ends the read-only time. What is entered already is found there.</summary>
    private List<TakenBack> TakeBackIn(RecordedAct epoch)
    {
        KeepWhatTheyName();
        var taken = new List<TakenBack>();
        foreach (var lost in _acts.Values.Where(a => a.Index >= ((RekeyAct)epoch.Act).Gap!.From).ToArray())
        {
            var refused = office.TakeBack(lost.Act, lost.Approvals).Refusal;
            if (refused is null)
                KeepNames([lost.Act]);
            taken.Add(new TakenBack(lost, refused));
        }
        Finish();
        return taken;
    }

    /// <summary>The act that opened the epoch which this recovery was opening when the machine stopped; null when there is none.</summary>
    private static RecordedAct? Opening(Office office) =>
        File.Exists(office.Home.RestoredMark) && File.ReadAllText(office.Home.RestoredMark) is var mark && mark.StartsWith(OpeningMark, StringComparison.Ordinal)
        && office.Chain.Acts.LastOrDefault(a => a.Act is RekeyAct { Gap: not null }) is { Act: RekeyAct rekey } entered && rekey.Keys.Origin == mark[OpeningMark.Length..].TrimEnd()
            ? entered
            : null;

    private void Finish()
    {
        File.Delete(office.Home.RestoredMark);
        DurableFile.SyncFolder(office.Home.Path);
        office.EnterWaitingHolds();
        office.Publish();
    }

    /// <summary>Reads one file from outside, whatever it is. Only what this office's own keys signed is taken up; false when it says nothing.</summary>
    private bool Read(byte[] bytes)
    {
        if (SignedHold.Is(bytes) && SignedHold.TryRead(bytes, out var hold, out _, out _) && hold.Office == office.Found.Office)
        {
            _holds.Add(hold);
            Home.Write(Path.Combine(office.Home.Holds, $"{hold.Letter}.{hold.Digest}"), bytes);
            return true;
        }
        if (SealedPdf.Open(bytes) is OpenResult.Opened opened)
        {
            if (!Receipt.TryRead(opened.Receipt, out var receipt, out _) || !Take(receipt.Evidence))
                return false;
            TakeCheckpoint(receipt.Checkpoint);
            if (receipt.Draft is { } draft && Digest.Of(bytes.AsSpan(0, opened.FairCopyLength)) == draft.FairCopy)
                _copies.Add((draft, bytes.AsMemory(0, opened.FairCopyLength)));
            return true;
        }
        if (StatusList.TryRead(bytes, office.StatusAddress, out var list, out _))
            return Take(list.Evidence);
        if (TrustRoot.TryRead(bytes, out var trust, out _))
        {
            if (trust.Found != office.Found.Digest)
                return false;
            if (trust.Status is { } inside && StatusList.TryRead(inside, office.StatusAddress, out var newest, out _))
                Take(newest.Evidence);
            return TakeCheckpoint(trust.Checkpoint);
        }
        return TakeCheckpoint(Encoding.UTF8.GetString(bytes));
    }

    private bool TakeCheckpoint(string note)
    {
        foreach (var keys in _ranges.Select(k => k.Keys).Where(k => k.Origin == _ranges[^1].Keys.Origin))
            if (Receipt.OpenCheckpoint(note, keys.Origin, keys.Ledger) is { } checkpoint)
            {
                _checkpoints.Add((checkpoint, note));
                return true;
            }
        return false;
    }

    /// <summary>Takes acts whose statement this office signed, and which bring the very approvals that the statement names.</summary>
    private bool Take(Evidence evidence)
    {
        if (evidence.Roster is not [{ Act: FoundAct found }, ..] || found.Digest != office.Found.Digest)
            return false;
        _evidence.Add(evidence);
        foreach (var recorded in evidence.Roster.Concat(evidence.Letters).Concat(evidence.Twins))
        {
            var joined = recorded.Act is ReleaseAct
                ? evidence.Letters.TakeWhile(a => a != recorded).Aggregate(LetterHistory.Of(recorded.Act.Subject), (h, a) => h.Append(a)).Concurrences.SelectMany(r => r.Approvals)
                : [];
            if (recorded.Statement.Act == recorded.Act.Digest && recorded.Statement.SignedBy(KeyRange.OfEntry(_ranges, recorded.Index).Statement)
                && recorded.Statement.Approvals == Statement.DigestOf(recorded.Approvals.Concat(joined)))
                _acts.TryAdd(recorded.Index, recorded);
        }
        return true;
    }

    /// <summary>Keeps fair copies, policies and what is disclosed, which acts name and do not hold.</summary>
    private void KeepWhatTheyName()
    {
        foreach (var (_, fairCopy) in _copies)
            office.Home.KeepBlob(fairCopy.Span);
        foreach (var evidence in _evidence)
        {
            foreach (var policy in evidence.Policies)
                if (Policy.TryRead(policy, out var read, out _))
                    office.Keep(read);
            office.Keep(evidence.Disclosures);
        }
    }

    /// <summary>Names of people who were enrolled by an act that was lost, where a receipt disclosed them.</summary>
    private void KeepNames(IEnumerable<Act> acts)
    {
        foreach (var enrolled in acts.OfType<EnrolAct>().Select(e => e.Person))
            if (office.Records.People.All(p => p.Id != enrolled.Person))
                office.Records.People.Add(new PersonRow { Id = enrolled.Person, Name = office.Disclose(enrolled.Name)?.Value ?? enrolled.Person });
        office.Save();
    }

    private static string Ranges(IReadOnlyList<ulong> indexes)
    {
        var ranges = new List<string>();
        for (var i = 0; i < indexes.Count; i++)
        {
            var from = indexes[i];
            while (i + 1 < indexes.Count && indexes[i + 1] == indexes[i] + 1)
                i++;
            ranges.Add(from == indexes[i] ? $"{from}" : $"{from}–{indexes[i]}");
        }
        return string.Join(", ", ranges);
    }
}
