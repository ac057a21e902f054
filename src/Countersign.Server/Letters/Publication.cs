using System.Globalization;
using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>What the office tells everyone: receipts, the trust file, the status file. All of it follows from the acts and can be made again.</summary>
public sealed partial class Office
{
    private const string StatusPath = "/status/1";

    /// <summary>Where the sealed copy of a released letter lies.</summary>
    public string SealedCopy(string reference) => Path.Combine(Home.Released, reference + ".pdf");

    /// <summary>Where the sealed copy of this letter lies, or would lie.</summary>
    public string? SealedCopyOf(LetterView view) => SealedCopy(view.Draft.Reference);

    /// <summary>The next free reference of this year.</summary>
    public string NextReference()
    {
        var start = string.Create(CultureInfo.InvariantCulture, $"{Setting("prefix")}-{Now.Year}-");
        var last = Records.Letters.Where(l => l.Reference.StartsWith(start)).Select(l => l.Reference).AsEnumerable()
            .Select(r => int.TryParse(r.AsSpan(start.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0).DefaultIfEmpty().Max();
        return string.Create(CultureInfo.InvariantCulture, $"{start}{last + 1:D4}");
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

    /// <summary>Keeps a policy, so that an act can name it.</summary>
    public void Keep(Policy policy)
    {
        var digest = policy.Digest.ToString();
        if (Records.Policies.All(p => p.Digest != digest))
        {
            Records.Policies.Add(new PolicyRow { Digest = digest, Bytes = policy.Bytes.ToArray() });
            Save();
        }
        _policies[policy.Digest] = policy;
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
        var evidence = RosterEvidence() with { Letters = acts, Twins = [.. Twins(history.Letter, copies)], Disclosures = [.. disclosures.OfType<Disclosure>()] };
        var (size, root, note, path) = ProveInLedger(release.Index);
        return Receipt.Make(_keys.Ledger, Found.Origin, release, size, path, root, note, fairCopyLength, _keys.Certificate, evidence);
    }

    /// <summary>The trust file as of now, with a fresh status file inside.</summary>
    public TrustRoot Trust() => new()
    {
        Domain = Found.Office,
        Title = Found.Title,
        Found = Found.Digest,
        Exercise = Found.Exercise,
        Origin = Found.Origin,
        LedgerKey = Found.LedgerKey,
        StatementKey = Found.StatementKey,
        Certificate = Found.Certificate,
        Roster = [.. Chain.Acts.Select(a => (a.Act.Digest, a.Index))],
        Checkpoint = NewestCheckpoint(),
        StatusAddress = $"https://{Found.Office}{StatusPath}",
        Status = Status(),
    };

    /// <summary>A fresh status file: two bits for each released letter, and the acts that prove those which do not say "in force".</summary>
    public byte[] Status()
    {
        var standings = new List<KeyValuePair<long, Standing>>();
        var proofs = new List<RecordedAct>();
        var subjects = Records.Acts.Where(a => a.Kind == "withdraw" || a.Kind == "correct" || a.Kind == "hold").Select(a => a.Subject).Distinct().ToList();
        foreach (var history in subjects.Select(History))
        {
            if (history.Release is not { Act: ReleaseAct release })
                continue;
            var (standing, proof) = history switch
            {
                { Ending: { Act: WithdrawAct } withdraw } => (Standing.Withdrawn, withdraw),
                { Ending: { } correct } => (Standing.Replaced, correct),
                { StandingHolds: [var hold, ..] } => (Standing.OnHold, hold),
                _ => (Standing.InForce, null),
            };
            if (proof is null)
                continue;
            standings.Add(new(release.Status, standing));
            proofs.Add(proof);
        }
        var evidence = RosterEvidence() with { Letters = proofs };
        return StatusList.Make(_keys.Statement, $"https://{Found.Office}{StatusPath}", Now, LedgerSize, standings, evidence);
    }

    /// <summary>Writes the public files: status, then trust. Each appears whole or not at all.</summary>
    public void Publish()
    {
        var trust = Trust();
        Home.Write(Home.StatusFile, trust.Status!.Value.Span);
        Home.Write(Home.TrustFile, trust.ToBytes());
    }

    private Evidence RosterEvidence()
    {
        var policies = Chain.Acts.Select(a => a.Act switch { FoundAct f => f.Policy, AdoptAct a2 => a2.Policy, _ => (Digest?)null }).OfType<Digest>().Distinct();
        return new Evidence([.. Chain.Acts], [], [], [.. policies.Select(d => _policies[d].Bytes)], []);
    }

    private Digest? NameDigest(string person) => Chain.Acts
        .SelectMany(a => a.Act switch { FoundAct f => f.People, EnrolAct e => [e.Person], _ => (IReadOnlyList<Enrolment>)[] })
        .FirstOrDefault(e => e.Person == person)?.Name;
}
