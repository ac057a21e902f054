using Countersign.Proof;
using Countersign.Server.Approving;
using Countersign.Server.Letters;
using Countersign.Server.Releasing;

namespace Countersign.Server.Keeping;

/// <summary>How grave a finding of the doctor is.</summary>
public enum Gravity
{
    /// <summary>Good to know.</summary>
    Note,

    /// <summary>The office works, and something should be done.</summary>
    Warning,

    /// <summary>Something is broken or missing.</summary>
    Damage,
}

/// <summary>One thing the doctor found: what, and what helps.</summary>
public sealed record Ailment(Gravity Gravity, string Code, string What, string Remedy);

/// <summary>
/// Examines an office: every act, signature and statement, the ledger and its public files, every fair copy and sealed copy, keys, and whether
/// enough people are left. It mends only what follows from the ledger (an unfinished seal, a public file) and changes nothing else.
/// </summary>
public sealed class Doctor(Office office)
{
    /// <summary>Examines everything.</summary>
    /// <param name="progress">Is told what is being looked at.</param>
    /// <param name="rebuild">Whether what the gate knows is made anew.</param>
    public IReadOnlyList<Ailment> Examine(Action<string>? progress = null, bool rebuild = false)
    {
        var found = new List<Ailment>();
        progress?.Invoke("the database");
        foreach (var trouble in office.DatabaseTroubles())
            found.Add(new Ailment(Gravity.Damage, "database.damaged", $"The database: {trouble}.", "Bring back a backup with `countersign restore`."));
        progress?.Invoke("the ledger");
        if (office.LedgerTrouble(mend: true) is { } ledger)
            found.Add(ledger);
        if (office.WriteFault() is null)
            office.EnterWaitingHolds();
        progress?.Invoke("the letters");
        foreach (var row in office.AllLetters())
            ExamineLetter(row, found);
        foreach (var wrong in office.UnsoundFreeActs())
            found.Add(new Ailment(Gravity.Damage, "free.unsound", wrong, "Bring back a backup with `countersign restore`; keep this copy as evidence."));
        foreach (var waiting in office.Home.WaitingHolds(null))
            found.Add(new Ailment(Gravity.Warning, "hold.waiting", $"A hold by {office.NameOf(waiting.Act.By)} counts but is not in the ledger yet.", "It enters with the next act that the ledger takes; `countersign doctor` again tells whether it has."));
        progress?.Invoke("what the gate knows");
        ExamineTexts(found, rebuild, progress);
        progress?.Invoke("the people");
        ExaminePeople(found);
        if (office.ReadOnlyFault() is { } restored)
            found.Add(new Ailment(Gravity.Warning, restored.Code, restored.Why, restored.Next));
        if (office.ClockFault() is { } clock)
            found.Add(new Ailment(Gravity.Damage, clock.Code, clock.Why, clock.Next));
        try
        {
            office.Publish();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            found.Add(new Ailment(Gravity.Damage, "public.unwritten", $"The public files could not be renewed: {e.Message}", "Check the disk and the folder's permissions, then examine again."));
        }
        return found;
    }

    private void ExamineLetter(LetterRow row, List<Ailment> found)
    {
        LetterHistory history;
        try
        {
            history = office.History(row.Id);
        }
        catch (InvalidDataException e)
        {
            found.Add(new Ailment(Gravity.Damage, "letter.damaged", $"{row.Reference}: {e.Message}", "Bring back a backup with `countersign restore`."));
            return;
        }
        if (Unsound(history) is { } unsound)
            found.Add(new Ailment(Gravity.Damage, "letter.unsound", $"{row.Reference}: {unsound}", "Bring back a backup with `countersign restore`; keep this copy as evidence."));
        foreach (var draft in history.Drafts.Select(d => (DraftAct)d.Act))
            if (office.Home.ReadBlob(draft.FairCopy) is null)
                found.Add(new Ailment(
                    Gravity.Damage, "copy.missing", $"{row.Reference}, version {draft.Version}: the fair copy is missing or damaged.",
                    $"Put the file with SHA-256 {draft.FairCopy} back as {office.Home.BlobPath(draft.FairCopy)}."));
        if (history.Release is null)
            return;
        if (new Releases(office).Seal(history).Refusal is { } unsealed)
            found.Add(new Ailment(Gravity.Damage, unsealed.Code, unsealed.Why, unsealed.Next));
    }

    /// <summary>Folds a letter as a stranger would, every signature and statement included. Null when it is sound.</summary>
    private string? Unsound(LetterHistory whole)
    {
        var history = LetterHistory.Of(whole.Letter);
        foreach (var recorded in whole.Acts)
        {
            history = office.WithTwinsOf(history);
            if (recorded.Act is not LetterAct act)
                return $"the act at ledger index {recorded.Index} is not about a letter";
            if (history.Refuses(act, recorded.At) is { } refused)
                return $"the {act.Kind} act at ledger index {recorded.Index} could not follow: {refused.Why}";
            var permit = office.Chain.Judge(act, recorded.Approvals, history, recorded.At, recorded.Index);
            if (!permit.IsGranted)
                return $"the {act.Kind} act at ledger index {recorded.Index} was not permitted: {permit.Fault?.Why ?? permit.MissingWords}";
            if (!recorded.Statement.SignedBy(KeyRange.OfEntry(office.Roster.Keys, recorded.Index).Statement))
                return $"the statement at ledger index {recorded.Index} is not signed by the office";
            var joined = act is ReleaseAct ? history.Concurrences : [];
            if (recorded.Statement.Approvals != Statement.DigestOf(recorded.Approvals.Concat(joined.SelectMany(r => r.Approvals))))
                return $"the approvals at ledger index {recorded.Index} are not those that were entered";
            history = history.Append(recorded);
        }
        return null;
    }

    /// <summary>Brings the gate's memory up to the newest act, or makes it anew, and holds it against the acts.</summary>
    private void ExamineTexts(List<Ailment> found, bool rebuild, Action<string>? progress)
    {
        try
        {
            using var texts = rebuild ? OfficeTexts.Rebuild(office) : OfficeTexts.TryOpen(office);
            if (texts is null)
            {
                found.Add(new Ailment(
                    rebuild ? Gravity.Warning : Gravity.Note, "known.busy", "Another process (countersign serve) has what the gate knows open; it was not examined here.",
                    "Stop that process and examine again."));
                return;
            }
            texts.CatchUp(office, (done, of) =>
            {
                if (done % 100 == 0 && of >= 100)
                    progress?.Invoke($"what the gate knows: {done} of {of} acts");
            });
            foreach (var unknown in texts.Unknown)
                found.Add(new Ailment(Gravity.Damage, "known.missing", $"The gate does not know {unknown}: it is missing or damaged.", "Put the file back under `blobs/`, or bring back a backup; then `countersign doctor --rebuild`."));
            if (texts.Faults(office) is { } fault)
                found.Add(new Ailment(Gravity.Damage, "known.damaged", $"What the gate knows is damaged: {fault}", "`countersign doctor --rebuild` makes it anew out of the acts."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            found.Add(new Ailment(Gravity.Damage, "known.unwritten", $"What the gate knows could not be brought up to date: {e.Message}", "Check the disk and the folder's permissions, then `countersign doctor --rebuild`."));
        }
    }

    private void ExaminePeople(List<Ailment> found)
    {
        var policy = office.Policy;
        void Check(string what, IReadOnlyList<Need> needs, string consequence)
        {
            if (!Staffing.CanMeet(needs, policy, office.Roster, office.Now))
                found.Add(new Ailment(
                    Gravity.Warning, "people.too-few", $"Too few people are in office for {what}: {consequence}.",
                    $"Enrol people with `countersign person add`: the rule asks for {string.Join(" and ", needs.Select(n => n.Count == 1 ? n.Words : $"{n.Count} × {n.Words}"))}."));
        }
        foreach (var (kind, needs) in policy.Kinds.OrderBy(k => k.Key, StringComparer.Ordinal))
            Check($"letters of kind {kind}", needs, "none can be released");
        Check("withdrawals", policy.Withdraw, "no released letter can be withdrawn");
        Check("changes", policy.Change, "neither the policy nor weighty roles can change");
        Check("enrolments", policy.People, "nobody can be enrolled");
        Check("stopping", policy.Stop, "nobody can hold a letter");
        var keysHere = office.Roster.Members.Keys.Count(p => File.Exists(office.Home.KeyOf(p)));
        if (keysHere > 1)
            found.Add(new Ailment(
                Gravity.Warning, "people.keys-here", $"The keys of {keysHere} people lie in this office's folder: whoever has the folder can sign as all of them.",
                "Give each person their own key file and remove it from here; they then sign with --key FILE."));
        if (office.Roster.IsSelfMade)
            found.Add(new Ailment(
                Gravity.Note, "people.self-made", "This office made the keys of several people itself; verdicts say: self-made office.",
                "Have people make their own keys and enrol those with `countersign person add --key FILE`."));
        foreach (var key in Directory.Exists(office.Home.OfficeKeys) ? Directory.GetFiles(office.Home.OfficeKeys, "*.key") : [])
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(key) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
                found.Add(new Ailment(Gravity.Warning, "keys.readable", $"{key} can be read by others.", $"chmod 600 \"{key}\""));
    }
}
