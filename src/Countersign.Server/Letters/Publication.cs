using System.Globalization;
using Countersign.Ledger;
using Countersign.Proof;
using Countersign.Server.Keeping;
using Microsoft.EntityFrameworkCore;

namespace Countersign.Server.Letters;

/// <summary>What the office tells everyone: receipts, the trust file, the status file. All of it follows from the acts and can be made again.</summary>
public sealed partial class Office
{
    private const string StatusPath = "/status/1";

    /// <summary>Where the sealed copy of a released letter lies.</summary>
    public string SealedCopy(string reference) => Path.Combine(Home.Released, reference + ".pdf");

    /// <summary>Where the sealed copy of this letter lies, or would lie.</summary>
    public string? SealedCopyOf(LetterView view) => SealedCopy(view.Draft.Reference);

    /// <summary>Gives a new letter the next reference of this year. It is the letter's at once, whoever else begins one in the same moment.</summary>
    public string ReserveReference(string letter)
    {
        var start = string.Create(CultureInfo.InvariantCulture, $"{Setting("prefix")}-{Now.Year}-");
        using var immediate = Records.Connection.BeginTransaction(deferred: false);
        Records.Database.UseTransaction(immediate);
        try
        {
            var last = Records.Letters.Where(l => l.Reference.StartsWith(start)).Select(l => l.Reference).AsEnumerable()
                .Select(r => int.TryParse(r.AsSpan(start.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0).DefaultIfEmpty().Max();
            var reference = string.Create(CultureInfo.InvariantCulture, $"{start}{last + 1:D4}");
            Records.Letters.Add(new LetterRow { Id = letter, Reference = reference });
            Save();
            immediate.Commit();
            return reference;
        }
        finally
        {
            Records.Database.UseTransaction(null);
        }
    }

    /// <summary>Takes back the reference of a letter that did not come to be.</summary>
    public void ReleaseReference(string letter)
    {
        if (!Records.Subjects.Any(s => s.Subject == letter))
            Records.Letters.Where(l => l.Id == letter).ExecuteDelete();
    }

    /// <summary>The letter's place in the status list: given once, at random among the free ones.</summary>
    public long StatusPlace(string letter)
    {
        if (Records.StatusPlaces.FirstOrDefault(s => s.Letter == letter) is { } given)
            return given.Place;
        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            var place = (long)System.Security.Cryptography.RandomNumberGenerator.GetInt32(StatusList.Capacity);
            if (Records.StatusPlaces.Any(s => s.Place == place))
                continue;
            Records.StatusPlaces.Add(new StatusRow { Place = place, Letter = letter });
            Save();
            return place;
        }
        throw new InvalidOperationException("The status list is full.");
    }

    /// <summary>Signs the attributes of a seal.</summary>
    public byte[] SignSeal(ReadOnlyMemory<byte> attributes) => _keys.Seal(attributes);

    /// <summary>Where the status file is published; it names this address inside its signature.</summary>
    public string StatusAddress => $"https://{Found.Office}{StatusPath}";

    /// <summary>Keeps what was disclosed elsewhere, as far as it is not known here.</summary>
    public void Keep(IReadOnlyList<Disclosure> disclosures)
    {
        foreach (var disclosure in disclosures.DistinctBy(d => d.Digest))
        {
            var digest = disclosure.Digest.ToString();
            if (Records.Salts.All(s => s.Digest != digest))
                Records.Salts.Add(new SaltRow { Digest = digest, Label = disclosure.Label, Salt = disclosure.Salt.ToArray(), Value = disclosure.Value });
        }
        Save();
    }

    /// <summary>Keeps a policy, so that an act can name it.</summary>
    public void Keep(Policy policy)
    {
        var digest = policy.Digest.ToString();
        if (Records.Policies.Any(p => p.Digest == digest))
            return;
        Records.Policies.Add(new PolicyRow { Digest = digest, Bytes = policy.Bytes.ToArray() });
        Save();
    }

    /// <summary>Makes the receipt of a released letter, with everything a stranger needs.</summary>
    public Receipt MakeReceipt(LetterHistory history, RecordedAct release, DraftAct draft, ulong fairCopyLength)
    {
        var acts = history.Acts.TakeWhile(a => a.Act.Digest != release.Act.Digest).Append(release).ToList();
        // A concurrence that the release did not join says nothing about it: it stays in the house.
        var joined = history.Before(release.Act.Digest).Concurrences.Select(r => r.Act.Digest).ToHashSet();
        acts.RemoveAll(a => a.Act is ReviewAct { IsAdverse: false } && !joined.Contains(a.Act.Digest));
        var copies = acts.Select(a => a.Act).OfType<DraftAct>().Select(d => d.FairCopy.ToString()).ToList();
        var disclosures = new List<Disclosure?> { Disclose(draft.LetterSubject) };
        if (Policy.DiscloseNames)
        {
            var approvers = acts.Where(a => a.Act is ReleaseAct or ReviewAct { IsAdverse: false }).SelectMany(a => a.Approvals).Select(a => a.Person).Distinct();
            foreach (var person in approvers)
                disclosures.Add(Disclose(NameDigest(person)));
        }
        var evidence = RosterEvidence() with { Letters = acts, Twins = _book.Twins(history.Letter, copies), Disclosures = [.. disclosures.OfType<Disclosure>()] };
        var (size, root, note, path) = ProveInLedger(release.Index);
        return Receipt.Make(_keys.Ledger, Keys.Origin, release, size, path, root, note, fairCopyLength, _keys.Certificate, evidence);
    }

    /// <summary>
    /// The trust file as of now, with a fresh status file inside; without one while the office was restored and may have forgotten withdrawals.
    /// </summary>
    public TrustRoot Trust() => new()
    {
        Domain = Found.Office,
        Title = Found.Title,
        Found = Found.Digest,
        Exercise = Found.Exercise,
        Keys = Roster.Keys,
        Roster = [.. Chain.Acts.Select(a => (a.Act.Digest, a.Index))],
        Checkpoint = NewestCheckpoint(),
        StatusAddress = StatusAddress,
        Status = ReadOnlyFault() is null ? Status() : (ReadOnlyMemory<byte>?)null,
    };

    /// <summary>
    /// A fresh status file: two bits for each released letter, and every act after its release of each letter that has any, which prove what the bits
    /// say. A letter in force looks like a place that no letter has.
    /// </summary>
    public byte[] Status()
    {
        var standings = new List<KeyValuePair<long, Standing>>();
        var proofs = new List<RecordedAct>();
        var subjects = Records.Acts.Where(a => a.Kind == "withdraw" || a.Kind == "correct" || a.Kind == "hold").Select(a => a.Subject).Distinct().ToList();
        foreach (var history in subjects.Select(History))
        {
            if (history.Release is not { Act: ReleaseAct release } released)
                continue;
            var after = history.Acts.SkipWhile(a => a != released).Skip(1).ToArray();
            if (after.Length == 0)
                continue;
            proofs.AddRange(after);
            standings.Add(new(release.Status, history.Standing));
        }
        var evidence = RosterEvidence() with { Letters = [.. proofs.OrderBy(p => p.Index)] };
        return StatusList.Make(_keys.Statement, StatusAddress, Now, LedgerSize, standings, evidence);
    }

    /// <summary>Writes the public files: status, then trust. Each appears whole or not at all. A restored office says nothing until it is shown complete.</summary>
    public void Publish()
    {
        var trust = Trust();
        if (trust.Status is not { } status)
            return;
        Home.Write(Home.StatusFile, status.Span);
        Home.Write(Home.TrustFile, trust.ToBytes());
    }

    /// <summary>How many entries the ledger has.</summary>
    public ulong LedgerSize => _ledger.Head.Size;

    /// <summary>Whether another process has entered acts since this office was opened.</summary>
    public bool IsBehind => Records.Acts.Max(a => (long?)a.Index) is { } newest && (ulong)newest + 1 != LedgerSize;

    /// <summary>The newest signed checkpoint.</summary>
    public string NewestCheckpoint() => _ledger.Head.Note;

    /// <summary>The root that the ledger had at a size, recomputed from its entries.</summary>
    public Digest RootAt(ulong size) => _ledger.RootAt(size);

    /// <summary>Proves that an entry stands in the ledger as the newest checkpoint signs it.</summary>
    public (ulong Size, Digest Root, string Note, IReadOnlyList<Digest> Path) ProveInLedger(ulong index)
    {
        var head = _ledger.Head;
        return _ledger.Prove(index, head.Size) is { } path
            ? (head.Size, head.Root, head.Note, path)
            : throw new InvalidDataException(_ledger.Closed?.Why ?? "The ledger's entries do not lead to its own checkpoint.");
    }

    /// <summary>
    /// Recomputes the whole ledger from its entries and holds checkpoint and public tiles against it. Damaged tiles are made again: they follow from
    /// the entries. Null when all is well.
    /// </summary>
    public Ailment? LedgerTrouble(bool mend)
    {
        if (_ledger.Closed is { } closed)
            return new Ailment(Gravity.Damage, "ledger.unsure", closed.Why, closed.Next);
        var head = _ledger.Head;
        if (Receipt.OpenCheckpoint(head.Note, Keys.Origin, Keys.Ledger) is not { } checkpoint || checkpoint.Size != head.Size || checkpoint.Root != head.Root
            || RootAt(head.Size) != head.Root)
            return new Ailment(Gravity.Damage, "ledger.damaged", "The ledger's entries do not lead to its newest signed checkpoint.", "Bring back a backup with `countersign restore`; keep this copy as evidence.");
        if (_ledger.Publish() is { } unpublished)
            return new Ailment(Gravity.Damage, "ledger.unpublished", unpublished, "Check the folder's permissions and the disk.");
        var tiles = new Tiles(Home.PublicLedger);
        var verdict = tiles.Verify(checkpoint);
        if (verdict.Sound)
            return null;
        if (mend)
        {
            _ledger.Rebuild();
            if (tiles.Verify(checkpoint) is { Sound: true })
                return new Ailment(Gravity.Note, "ledger.tiles-mended", $"A public ledger file was damaged or missing ({verdict.File}); it was made again from the entries.", "Nothing is left to do.");
        }
        return new Ailment(Gravity.Damage, "ledger.tiles", verdict.Sentence, "`countersign doctor` makes the public files again from the entries.");
    }

    /// <summary>What is wrong with acts that free a text: each is checked as a stranger would check it.</summary>
    public IEnumerable<string> UnsoundFreeActs()
    {
        foreach (var row in Records.ActsAbout(Records, FreeAct.About).ToList())
        {
            if (!Book.Recorded(row).Is(out var recorded, out var damage))
                yield return damage.Why;
            else if (!Chain.Judge(recorded.Act, recorded.Approvals, null, recorded.At, recorded.Index).IsGranted
                || !recorded.Statement.SignedBy(KeyRange.OfEntry(Roster.Keys, recorded.Index).Statement)
                || recorded.Statement.Approvals != Statement.DigestOf(recorded.Approvals))
                yield return $"The free act at ledger index {row.Index} was not permitted, or is not what was entered.";
        }
    }

    /// <summary>What SQLite says of its own file.</summary>
    public IReadOnlyList<string> DatabaseTroubles()
    {
        using var command = Records.Connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check(10)";
        using var reader = command.ExecuteReader();
        var troubles = new List<string>();
        while (reader.Read())
            if (reader.GetString(0) is var line && line != "ok")
                troubles.Add(line);
        return troubles;
    }

    /// <summary>The office's own keys now.</summary>
    private PublicKeys Keys => Roster.Keys[^1].Keys;

    private Evidence RosterEvidence()
    {
        var policies = Chain.Acts.Select(a => a.Act switch { FoundAct f => f.Policy, AdoptAct a2 => a2.Policy, _ => (Digest?)null }).OfType<Digest>().Distinct();
        return new Evidence([.. Chain.Acts], [], [], [.. policies.Select(d => _book.FindPolicy(d)!.Bytes)], []);
    }

    private Digest? NameDigest(string person) => Chain.Acts
        .SelectMany(a => a.Act switch { FoundAct f => f.People, EnrolAct e => [e.Person], _ => (IReadOnlyList<Enrolment>)[] })
        .FirstOrDefault(e => e.Person == person)?.Name;
}
