namespace Countersign.Proof;

/// <summary>
/// A stranger's check of one file, in the order of the verdicts: the first that fits is the answer.
/// <list type="number">
/// <item>Is there a seal, and is the file exactly what was sealed? (Not a released letter, Altered)</item>
/// <item>Is it this office's? (Unknown office)</item>
/// <item>Did the office's ledger take the release in? (Not in the ledger)</item>
/// <item>Did the people approve whom the policy of that day demands? (Not approved)</item>
/// <item>Does it stand on the day asked for? (Exercise; Genuine and …)</item>
/// </list>
/// </summary>
internal sealed class Verification(TrustRoot trust, ReadOnlyMemory<byte>? status, DateTimeOffset at)
{
    public Verdict Verify(ReadOnlyMemory<byte> file)
    {
        // 1. The seal.
        switch (SealedPdf.Open(file))
        {
            case OpenResult.Unreadable unreadable:
                return Say(VerdictKind.Unreadable, unreadable.Why);
            case OpenResult.NotSealed:
                return Say(VerdictKind.NotReleased,
                    "The file carries no seal. It may be a draft or a copy: whoever sent it, no office has released it in this form.");
            case OpenResult.Altered altered:
                return Say(VerdictKind.Altered, altered.Why);
            case OpenResult.Opened opened:
                return VerifyOpened(file, opened);
            default:
                throw new InvalidOperationException("The seal's reader gave an answer that the verifier does not know.");
        }
    }

    private Verdict VerifyOpened(ReadOnlyMemory<byte> file, OpenResult.Opened opened)
    {
        if (!Receipt.TryRead(opened.Receipt, out var receipt, out var fault))
            return Say(VerdictKind.Altered, fault);
        if (receipt.Plan() is not { } plan || receipt.Found is not { } found || receipt.Draft is not { } draft || receipt.Release is not { } release)
            return Say(VerdictKind.Altered, "The receipt does not bring the acts that it speaks of.");
        if (receipt.FairCopyLength != (ulong)opened.FairCopyLength || Digest.Of(file.Span[..opened.FairCopyLength]) != draft.FairCopy)
            return Say(VerdictKind.Altered, "The pages are not the ones that were approved: the receipt inside is of other bytes.");
        if (Digest.Of(receipt.Certificate.Span) != found.Certificate)
            return Say(VerdictKind.Altered, "The seal was made with another certificate than the office's.");
        if (SealedPdf.Check(file, opened, plan, receipt.Certificate) is { } alteration)
            return Say(VerdictKind.Altered, $"{alteration.Why} (at byte {alteration.Offset})");

        // 2. The office.
        var verdict = Say(VerdictKind.UnknownOffice) with { Office = $"{found.Title} ({found.Office})", Reference = draft.Reference, LetterKind = draft.LetterKind };
        if (found.Digest != trust.Found)
            return verdict with
            {
                Reasons = [$"The seal is of an office that calls itself {found.Title} ({found.Office}), in words \"{OfficeWords.Of(found.Digest)}\"; " +
                    $"the trust file is of {trust.Title} ({trust.Domain}), \"{trust.Words}\"."],
            };

        // 3. The ledger.
        verdict = verdict with { Kind = VerdictKind.NotInLedger, ReleasedAt = release.At };
        if (LedgerFault(receipt, found) is { } ledgerFault)
            return verdict with { Reasons = [$"The ledger does not prove this release: {ledgerFault}."] };

        // 4. The approvals.
        verdict = verdict with { Kind = VerdictKind.NotApproved };
        if (CheckApprovals(receipt, release, out var chain, out var history, out var permit) is { } missing)
            return verdict with { Reasons = [missing] };
        verdict = verdict with
        {
            SelfMade = chain.Newest.IsSelfMade,
            Approvals = [.. permit.Filled.GroupBy(f => f.Person).Select(g => new Approver(
                Name(chain, receipt.Evidence, g.Key), [.. g.Select(f => f.As == f.Person ? f.Role : $"{f.Role} (lent)")], g.First().Assurance, g.First().At))],
        };

        // 5. The standing.
        return found.Exercise
            ? verdict with { Kind = VerdictKind.Exercise, Reasons = ["This letter belongs to an exercise and means nothing outside it."] }
            : Stand(verdict, receipt, release, draft, chain, history);
    }

    private string? LedgerFault(Receipt receipt, FoundAct found)
    {
        if (found.Origin != trust.Origin || !found.LedgerKey.Equals(trust.LedgerKey) || !found.StatementKey.Equals(trust.StatementKey)
            || found.Certificate != trust.Certificate)
            return "the trust file names other keys than the office was founded with";
        if (!receipt.Statement.SignedBy(trust.StatementKey))
            return "the statement is not signed by the office";
        if (receipt.LedgerFault(trust.Origin, trust.LedgerKey) is { } fault)
            return fault;
        foreach (var recorded in receipt.Evidence.Roster.Concat(receipt.Evidence.Letters).Concat(receipt.Evidence.Twins))
            if (StatementFault(recorded) is { } statementFault)
                return statementFault;
        // The ledger proves one statement. The evidence must speak of that one, not of another that the office signed about the same act.
        if (!receipt.Release!.Statement.Bytes.Span.SequenceEqual(receipt.Statement.Bytes.Span))
            return "the evidence brings another statement of the release than the one in the ledger";
        if (receipt.Release.Index != receipt.Index)
            return "the release stands at another place in the ledger than the receipt proves";
        return Forks(receipt)
            ? "the trust file knows a ledger of the same size with another root, which is a fork: keep both files, they are evidence"
            : null;
    }

    /// <summary>Whether the office's ledger signed two different trees of one size: the receipt's and the trust file's.</summary>
    private bool Forks(Receipt receipt) =>
        Receipt.OpenCheckpoint(trust.Checkpoint, trust.Origin, trust.LedgerKey) is { } held
        && Receipt.OpenCheckpoint(receipt.Checkpoint, trust.Origin, trust.LedgerKey) is { } shown
        && held.Size == shown.Size && held.Root != shown.Root;

    private string? StatementFault(RecordedAct recorded)
    {
        var statement = recorded.Statement;
        return statement.Act == recorded.Act.Digest && statement.Office == recorded.Act.Office && statement.Subject == recorded.Act.Subject
            && statement.SignedBy(trust.StatementKey)
                ? null
                : $"the statement of the {recorded.Act.Kind} act is not the office's";
    }

    /// <summary>Folds roster and letter exactly as the office did. Null when the release was permitted.</summary>
    private string? CheckApprovals(Receipt receipt, RecordedAct release, out RosterChain chain, out LetterHistory history, out Permit permit)
    {
        permit = Permit.Refused("letter.no-draft", "The receipt brings no acts of the letter.");
        history = LetterHistory.Of(release.Act.Subject);
        if (FoldRoster(receipt.Evidence, receipt.Index, "receipt", out chain) is { } rosterFault)
            return rosterFault;
        foreach (var recorded in receipt.Evidence.Letters)
        {
            if (recorded.Act is not LetterAct act || (history.Acts is [.., var before] && (recorded.Index <= before.Index || recorded.At < before.At)))
                return "The letter's acts are not in the order of the ledger.";
            if (history.Refuses(act, recorded.At) is { } refused)
                return $"The {act.Kind} act could not follow: {refused.Why}";
            foreach (var twin in receipt.Evidence.Twins)
                if (twin.Act is DraftAct t)
                    history = history.WithTwin(t);
            permit = chain.Judge(act, recorded.Approvals, history, recorded.At, recorded.Index);
            if (!permit.IsGranted)
                return permit.Fault?.Why ?? $"The {act.Kind} act lacks approval by {permit.MissingWords}.";
            var joined = act is ReleaseAct ? history.Concurrences : [];
            if (recorded.Statement.Approvals != Statement.DigestOf(recorded.Approvals.Concat(joined.SelectMany(r => r.Approvals))))
                return $"The {act.Kind} act brings other approvals than the ledger took in.";
            history = history.Append(recorded);
        }
        // One ledger holds both: no entry may be dated before an entry that came before it, or expired signatures could be dated back.
        var inOrder = receipt.Evidence.Roster.Concat(receipt.Evidence.Letters).OrderBy(r => r.Index).ToArray();
        for (var i = 1; i < inOrder.Length; i++)
            if (inOrder[i].Index == inOrder[i - 1].Index || inOrder[i].At < inOrder[i - 1].At)
                return "The entries' times are not in the order of the ledger.";
        return null;
    }

    /// <summary>Folds the roster, and holds it against the trust file: no roster act that was in the ledger before the release may be left out.</summary>
    private string? FoldRoster(Evidence evidence, ulong before, string source, out RosterChain chain)
    {
        chain = null!;
        var policies = evidence.PolicyFinder();
        if (evidence.Roster.Count == 0 || RosterChain.Begin(evidence.Roster[0], policies, out var fault) is not { } begun)
            return "The founding of the office does not hold.";
        chain = begun;
        foreach (var recorded in evidence.Roster)
        {
            if (recorded.Statement.Approvals != Statement.DigestOf(recorded.Approvals))
                return $"The {recorded.Act.Kind} act brings other approvals than the ledger took in.";
            if (recorded == evidence.Roster[0])
                continue;
            if (recorded.Index <= chain.Newest.Index || recorded.At < chain.Acts.Last().At)
                return "The roster's acts are not in the order of the ledger.";
            if (chain.Append(recorded, policies, out fault) is not { } next)
                return $"The {recorded.Act.Kind} act of the roster does not stand: {fault!.Why}";
            chain = next;
        }
        var shown = evidence.Roster.Where(r => r.Index < before).Select(r => (r.Act.Digest, r.Index));
        var listed = trust.Roster.Where(r => r.Index < before).ToArray();
        return listed.SequenceEqual(shown.Take(listed.Length))
            ? null
            : $"The {source} does not show everyone who was in office: it leaves out or moves a roster act that the trust file lists.";
    }

    private Verdict Stand(Verdict verdict, Receipt receipt, RecordedAct released, DraftAct draft, RosterChain chain, LetterHistory letter)
    {
        var release = (ReleaseAct)released.Act;
        verdict = verdict with { Kind = VerdictKind.GenuineStandingUnknown };
        if (at < released.At)
            return verdict with { Kind = VerdictKind.GenuineNotYet, Reasons = [$"It was released on {Text.Moment(released.At)}, after the moment asked for."] };
        var (list, why) = NewestStatus();
        if (list is null)
            return NotYet() ?? verdict with { Reasons = [why ?? "There is no status file: whether the letter still stands is not known. Get a fresh one from the office."] };

        if (list.LedgerSize <= receipt.Index)
            return verdict with { Reasons = [$"The newest status file known, of {Text.Moment(list.At)}, was made before this letter was released and says nothing about it. Get a fresh one from the office."] };

        // Acts prove; bits only say.
        verdict = verdict with { AsOf = list.At };
        string? unproved = null;
        if (StandingActs(list, release, chain, letter, out var acts, out var actsFault))
        {
            foreach (var recorded in acts.Where(a => a.At <= at).OrderByDescending(a => a.Act is not HoldAct))
            {
                switch (recorded.Act)
                {
                    case WithdrawAct withdraw:
                        return verdict with
                        {
                            Kind = VerdictKind.GenuineWithdrawn,
                            Reasons = [$"It was withdrawn on {Text.Moment(recorded.At)}" + (withdraw.Reason is { } reason ? $": {reason}" : "; no reason is given.")],
                        };
                    case CorrectAct correct:
                        return verdict with
                        {
                            Kind = VerdictKind.GenuineReplaced,
                            Reasons = [$"It was replaced by {correct.Reference} on {Text.Moment(recorded.At)}."],
                        };
                    case HoldAct:
                        return verdict with
                        {
                            Kind = VerdictKind.GenuineOnHold,
                            Reasons = [$"It has been on hold since {Text.Moment(recorded.At)}: it does not stand for now. Ask the office before you act on it."],
                        };
                    default:
                        break;
                }
            }
            if (list[release.Status] != Standing.InForce && acts.Count == 0)
                unproved = $"The status file says \"{Said(list[release.Status])}\", but brings no signed act that proves it.";
        }
        else
        {
            unproved = actsFault;
        }
        if (unproved is not null)
            return verdict with { Reasons = [unproved] };
        if (NotYet() is { } notYet)
            return notYet;
        return at > list.Expires
            ? verdict with { Reasons = [$"The newest status file known spoke until {Text.Moment(list.Expires)}. Get a fresh one from the office."] }
            : verdict with { Kind = VerdictKind.GenuineInForce, Reasons = [$"As the office said on {Text.Moment(list.At)}, it stands."] };

        Verdict? NotYet() => draft.NotBefore is { } from && at < from
            ? verdict with { Kind = VerdictKind.GenuineNotYet, Reasons = [$"It comes into force on {Text.Moment(from)}."] }
            : null;
    }

    /// <summary>The newer of the two status files that the office signed: the one given, and the trust file's own.</summary>
    private (StatusList? List, string? Why) NewestStatus()
    {
        StatusList? newest = null;
        string? why = null;
        foreach (var bytes in (ReadOnlyMemory<byte>?[])[trust.Status, status])
        {
            if (bytes is null)
                continue;
            if (!StatusList.TryRead(bytes.Value, trust.StatementKey, trust.StatusAddress, out var list, out var fault))
                why = fault;
            else if (newest is null || list.LedgerSize > newest.LedgerSize || (list.LedgerSize == newest.LedgerSize && list.At > newest.At))
                newest = list;
        }
        return (newest, why);
    }

    /// <summary>The acts in a status file about this letter, each checked under its roster. False when one of them does not stand.</summary>
    private bool StandingActs(
        StatusList list, ReleaseAct release, RosterChain known, LetterHistory letter, out List<RecordedAct> standing, out string? fault)
    {
        standing = [];
        fault = null;
        var about = list.Evidence.Letters.Where(a => a.Act is LetterAct act && act.Letter == release.Letter).ToArray();
        if (about.Length == 0)
            return true;
        if (FoldRoster(list.Evidence, ulong.MaxValue, "status file", out var chain) is { } rosterFault)
            fault = rosterFault;
        else if (!known.Acts.Select(a => a.Act.Digest).SequenceEqual(chain.Acts.Select(a => a.Act.Digest).Take(known.Acts.Count())))
            fault = "The status file shows another roster than the receipt.";
        foreach (var recorded in about)
        {
            var names = recorded.Act switch { WithdrawAct w => w.Release, CorrectAct c => c.Release, HoldAct => release.Digest, _ => (Digest?)null };
            fault ??= StatementFault(recorded) is { } statementFault ? $"The status file is wrong: {statementFault}." : null;
            fault ??= recorded.Statement.Approvals == Statement.DigestOf(recorded.Approvals) ? null : "The status file brings other approvals than the ledger took in.";
            fault ??= names == release.Digest ? null : "The status file brings an act that is about another release.";
            if (fault is null && !chain.Judge(recorded.Act, recorded.Approvals, letter, recorded.At, recorded.Index).IsGranted)
                fault = $"The status file brings a {recorded.Act.Kind} act that the people whom the policy demands have not signed.";
            if (fault is not null)
                return false;
            standing.Add(recorded);
        }
        return true;
    }

    private static string? Name(RosterChain chain, Evidence evidence, string person)
    {
        foreach (var recorded in chain.Acts)
        {
            var enrolments = recorded.Act switch { FoundAct f => f.People, EnrolAct e => [e.Person], _ => (IReadOnlyList<Enrolment>)[] };
            if (enrolments.FirstOrDefault(e => e.Person == person) is { } enrolment)
                return evidence.Shown(enrolment.Name);
        }
        return null;
    }

    private static string Said(Standing standing) => standing switch
    {
        Standing.Withdrawn => "withdrawn",
        Standing.OnHold => "on hold",
        _ => "replaced",
    };

    private Verdict Say(VerdictKind kind, params string[] reasons) => new() { Kind = kind, For = at, Reasons = reasons };
}
