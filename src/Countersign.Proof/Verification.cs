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
        if (Digest.Of(receipt.Certificate.Span) != receipt.Keys.Certificate)
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
        if (LedgerFault(receipt) is { } ledgerFault)
            return verdict with { Reasons = [$"The ledger does not prove this release: {ledgerFault}."] };

        // 4. The approvals.
        verdict = verdict with { Kind = VerdictKind.NotApproved };
        if (CheckApprovals(receipt, release, out var chain, out var history, out var permit) is { } missing)
            return verdict with { Reasons = [missing] };
        var (said, why) = NewestStatus(chain);
        var longest = said is not null && said.Chain.Acts.Count() > chain.Acts.Count() ? said.Chain : chain;
        if (Stolen(receipt, longest) is { } stolen)
            return verdict with { Reasons = [stolen] };
        verdict = verdict with
        {
            Unused = status is not { } given ? null
                : !SignedHold.Is(given.Span) ? why
                : SignedHold.TryRead(given, out _, out _, out var unread) ? null : unread,
            SelfMade = chain.Newest.IsSelfMade,
            Approvals = [.. permit.Filled.GroupBy(f => f.Person).Select(g => new Approver(
                Name(chain, receipt.Evidence, g.Key), [.. g.Select(f => f.As == f.Person ? f.Role : $"{f.Role} (lent)")], g.First().Assurance, g.First().At))],
        };

        // 5. The standing.
        return found.Exercise
            ? verdict with { Kind = VerdictKind.Exercise, Reasons = ["This letter belongs to an exercise and means nothing outside it."] }
            : Stand(verdict, receipt, release, draft, longest, history, said, why);
    }

    private string? LedgerFault(Receipt receipt)
    {
        // Which keys count is for the trust file to say, as far as it knows: a key that was replaced signs no tree that holds its replacement.
        var origin = receipt.Keys.Origin;
        var last = trust.Keys.ToList().FindLastIndex(r => r.Keys.Origin == origin);
        if (last >= 0 && last + 1 < trust.Keys.Count && trust.Keys[last + 1].Lost is { } lost && receipt.Index >= lost)
            return "it stood in the part of the ledger that was lost; send this file to the office, which can take it back and give a fresh copy";
        if (trust.KeysWith(KeyRange.Of(receipt.Evidence.Roster), last < 0 ? null : [.. trust.Keys.Take(last + 1)]) is not { } keys
            || KeyRange.OfTree(keys, receipt.Size) is not { } ledger || ledger != receipt.Keys)
            return "the trust file names other keys than the receipt";
        if (receipt.LedgerFault(ledger.Origin, ledger.Ledger) is { } fault)
            return fault;
        foreach (var recorded in receipt.Evidence.Roster.Concat(receipt.Evidence.Letters).Concat(receipt.Evidence.Twins))
            if (StatementFault(recorded, keys) is { } statementFault)
                return statementFault;
        // The ledger proves one statement. The evidence must speak of that one, not of another that the office signed about the same act.
        if (!receipt.Release!.Statement.Bytes.Span.SequenceEqual(receipt.Statement.Bytes.Span))
            return "the evidence brings another statement of the release than the one in the ledger";
        if (receipt.Release.Index != receipt.Index)
            return "the release stands at another place in the ledger than the receipt proves";
        return Forks(receipt, ledger)
            ? "the trust file knows a ledger of the same size with another root, which is a fork: keep both files, they are evidence"
            : null;
    }

    /// <summary>Whether the office's ledger signed two different trees of one size: the receipt's and the trust file's.</summary>
    private bool Forks(Receipt receipt, PublicKeys ledger) =>
        trust.Newest() is { } held
        && Receipt.OpenCheckpoint(receipt.Checkpoint, ledger.Origin, ledger.Ledger) is { } shown
        && held.Origin == shown.Origin && held.Size == shown.Size && held.Root != shown.Root;

    private static string? StatementFault(RecordedAct recorded, IReadOnlyList<KeyRange> keys)
    {
        var statement = recorded.Statement;
        return statement.Act == recorded.Act.Digest && statement.Office == recorded.Act.Office && statement.Subject == recorded.Act.Subject
            && statement.SignedBy(KeyRange.OfEntry(keys, recorded.Index).Statement)
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

    /// <summary>
    /// Folds the roster, and holds it against the trust file: no roster act that was in the ledger before this place may be left out. What was folded
    /// already, entry for entry, is not folded again.
    /// </summary>
    private string? FoldRoster(Evidence evidence, ulong before, string source, out RosterChain chain, RosterChain? known = null)
    {
        chain = null!;
        var policies = evidence.PolicyFinder();
        foreach (var recorded in evidence.Roster)
            if (recorded.Statement.Approvals != Statement.DigestOf(recorded.Approvals))
                return $"The {recorded.Act.Kind} act brings other approvals than the ledger took in.";
        var same = known is null ? 0 : known.Acts.Zip(evidence.Roster)
            .TakeWhile(pair => pair.First.Index == pair.Second.Index && pair.First.Statement.Bytes.Span.SequenceEqual(pair.Second.Statement.Bytes.Span)).Count();
        if (evidence.Roster.Count == 0 || (same > 0 ? known!.Take(same) : RosterChain.Begin(evidence.Roster[0], policies, out _)) is not { } begun)
            return "The founding of the office does not hold.";
        chain = begun;
        foreach (var recorded in evidence.Roster.Skip(Math.Max(1, same)))
        {
            if (recorded.Index <= chain.Newest.Index || recorded.At < chain.Acts.Last().At)
                return "The roster's acts are not in the order of the ledger.";
            if (chain.Append(recorded, policies, out var fault) is not { } next)
                return $"The {recorded.Act.Kind} act of the roster does not stand: {fault!.Why}";
            chain = next;
        }
        var shown = evidence.Roster.Where(r => r.Index < before).Select(r => (r.Act.Digest, r.Index));
        var listed = trust.Roster.Where(r => r.Index < before).ToArray();
        return listed.SequenceEqual(shown.Take(listed.Length))
            ? null
            : $"The {source} does not show everyone who was in office: it leaves out or moves a roster act that the trust file lists.";
    }

    /// <summary>Why the release does not hold once it is known whose keys were stolen, and since when; null when it does.</summary>
    private static string? Stolen(Receipt receipt, RosterChain chain)
    {
        if (chain.Stolen.Count == 0)
            return null;
        var history = LetterHistory.Of(receipt.Statement.Subject);
        foreach (var recorded in receipt.Evidence.Letters)
        {
            foreach (var twin in receipt.Evidence.Twins)
                if (twin.Act is DraftAct t)
                    history = history.WithTwin(t);
            if (!chain.Judge(recorded.Act, recorded.Approvals, history, recorded.At, recorded.Index).IsGranted)
                return $"The {recorded.Act.Kind} act was signed with a key that counts as stolen: since "
                    + $"{Text.Moment(chain.Stolen.Values.Where(since => since <= recorded.At).DefaultIfEmpty(recorded.At).Min())} the office's people no longer count it, "
                    + "and without it too few have approved. Ask the office.";
            history = history.Append(recorded);
        }
        return null;
    }

    /// <summary>The standing, and beside it why a hold in hand stops nothing: whoever carries one must not believe that it does.</summary>
    private Verdict Stand(
        Verdict verdict, Receipt receipt, RecordedAct released, DraftAct draft, RosterChain chain, LetterHistory letter, Said? said, string? why)
    {
        var stands = Stand(verdict, receipt, released, draft, chain, letter, said, why, out var idle);
        return idle is null ? stands : stands with { Reasons = [.. stands.Reasons, idle] };
    }

    private Verdict Stand(
        Verdict verdict, Receipt receipt, RecordedAct released, DraftAct draft, RosterChain chain, LetterHistory letter, Said? said, string? why,
        out string? idle)
    {
        idle = null;
        var release = (ReleaseAct)released.Act;
        verdict = verdict with { Kind = VerdictKind.GenuineStandingUnknown };
        if (at < released.At)
            return verdict with { Kind = VerdictKind.GenuineNotYet, Reasons = [$"It was released on {Text.Moment(released.At)}, after the moment asked for."] };

        // Acts prove; bits only say.
        var list = said?.List;
        var silent = list is not null && list.LedgerSize <= receipt.Index;
        var (then, now) = (letter, letter);
        string? unproved = null;
        if (list is not null && !silent)
        {
            verdict = verdict with { AsOf = list.At };
            unproved = Follow(list, said!.Keys, said.Chain, ref now, ref then);
            if (unproved is null && now.Standing is var proved && proved != list[release.Status])
                unproved = $"The status file says \"{InWords(list[release.Status])}\", but the signed acts in it prove \"{InWords(proved)}\".";
        }
        switch (then.Ending)
        {
            case { Act: WithdrawAct withdraw } ending:
                return verdict with
                {
                    Kind = VerdictKind.GenuineWithdrawn,
                    Reasons = [$"It was withdrawn on {Text.Moment(ending.At)}" + (withdraw.Reason is { } reason ? $": {reason}" : "; no reason is given.")],
                };
            case { Act: CorrectAct correct } ending:
                return verdict with { Kind = VerdictKind.GenuineReplaced, Reasons = [$"It was replaced by {correct.Reference} on {Text.Moment(ending.At)}."] };
            default:
                break;
        }
        var (since, whyNot) = then.StandingHolds is [var first, ..] ? (first.At, null) : HeldSince(release, chain, now);
        idle = whyNot;
        if (since is { } held)
            return verdict with
            {
                Kind = VerdictKind.GenuineOnHold,
                Reasons = [$"It has been on hold since {Text.Moment(held)}: it does not stand for now. Ask the office before you act on it."],
            };
        if (silent)
            return verdict with { Reasons = [$"The newest status file known, of {Text.Moment(list!.At)}, was made before this letter was released and says nothing about it. Get a fresh one from the office."] };
        if (unproved is not null)
            return verdict with { Reasons = [unproved] };
        if (draft.NotBefore is { } from && at < from)
            return verdict with { Kind = VerdictKind.GenuineNotYet, Reasons = [$"It comes into force on {Text.Moment(from)}."] };
        if (list is null)
            return verdict with { Reasons = [why ?? "There is no status file: whether the letter still stands is not known. Get a fresh one from the office."] };
        // Acts prove whenever they were signed; a list only says, and whoever stole a key that was replaced says what they like, today.
        var newest = chain.Newest.Keys.Count > said!.Keys.Count ? chain.Newest.Keys : said.Keys;
        if (KeyRange.OfTree(said.Keys, list.LedgerSize) != newest[^1].Keys)
            return verdict with { Reasons = ["The newest status file known is signed with keys that the office has replaced since. Get a fresh one from the office."] };
        return at > list.Expires
            ? verdict with { Reasons = [$"The newest status file known spoke until {Text.Moment(list.Expires)}. Get a fresh one from the office."] }
            : verdict with { Kind = VerdictKind.GenuineInForce, Reasons = [$"As the office said on {Text.Moment(list.At)}, it stands."] };
    }

    /// <summary>A status file that is the office's, with the roster it brings, checked.</summary>
    private sealed record Said(StatusList List, RosterChain Chain, IReadOnlyList<KeyRange> Keys);

    /// <summary>
    /// The newer of the two status files that the office signed: the one given, and the trust file's own; and why the one given, or the trust file's where
    /// none is given, says nothing.
    /// </summary>
    private (Said? Newest, string? Why) NewestStatus(RosterChain known)
    {
        Said? newest = null;
        string? why = null;
        foreach (var bytes in (ReadOnlyMemory<byte>?[])[trust.Status, status])
        {
            if (bytes is null || SignedHold.Is(bytes.Value.Span))
                continue;
            if (Check(bytes.Value, known, out why) is { } said && (newest is null || Age(said).CompareTo(Age(newest)) > 0))
                newest = said;
        }
        return (newest, why);

        // A new epoch's ledger may be shorter than the one that was lost in part; its word is the newer all the same.
        static (int Epoch, ulong Size, DateTimeOffset At) Age(Said said) =>
            (KeyRange.Of(said.List.Evidence.Roster).Count(r => r.Lost is not null), said.List.LedgerSize, said.List.At);
    }

    private Said? Check(ReadOnlyMemory<byte> bytes, RosterChain known, out string? fault)
    {
        if (!StatusList.TryRead(bytes, trust.StatusAddress, out var list, out fault))
            return null;
        var shown = KeyRange.Of(list.Evidence.Roster);
        if (list.Evidence.Roster[0].Act.Digest != trust.Found || trust.KeysWith(shown) is not { } keys
            || KeyRange.OfTree(keys, list.LedgerSize) != KeyRange.OfTree(shown, list.LedgerSize))
            fault = "The status file is not signed by this office with the keys it has now.";
        else if (list.Evidence.Roster.Select(r => StatementFault(r, keys)).FirstOrDefault(f => f is not null) is { } statementFault)
            fault = $"The status file is wrong: {statementFault}.";
        else if (FoldRoster(list.Evidence, list.LedgerSize, "status file", out var chain, known) is { } rosterFault)
            fault = rosterFault;
        else if (known.Acts.Zip(chain.Acts).Any(pair => pair.First.Act.Digest != pair.Second.Act.Digest)
            || known.Acts.Skip(chain.Acts.Count()).Any(missing => missing.Index < list.LedgerSize))
            fault = "The status file shows another roster than the receipt.";
        else
            return new Said(list, chain, keys);
        return null;
    }

    /// <summary>
    /// Goes on with the letter by the acts that a status file brings, each checked as the office checked it: <paramref name="now"/> as far as they
    /// reach, <paramref name="then"/> up to the moment asked for. Null when all of them stand.
    /// </summary>
    private string? Follow(StatusList list, IReadOnlyList<KeyRange> keys, RosterChain chain, ref LetterHistory now, ref LetterHistory then)
    {
        foreach (var recorded in list.Evidence.Letters)
        {
            if (recorded.Act is not LetterAct act || act.Letter != now.Letter)
                continue;
            if (StatementFault(recorded, keys) is { } statementFault)
                return $"The status file is wrong: {statementFault}.";
            if (recorded.Statement.Approvals != Statement.DigestOf(recorded.Approvals))
                return "The status file brings other approvals than the ledger took in.";
            if (recorded.Index >= list.LedgerSize || recorded.Index <= now.Acts[^1].Index || recorded.At < now.Acts[^1].At)
                return "The status file's acts are not in the order of the ledger.";
            if (now.Refuses(act, recorded.At) is { } refused)
                return $"The status file brings a {act.Kind} act that could not follow: {refused.Why}";
            if (!chain.Judge(act, recorded.Approvals, now, recorded.At, recorded.Index).IsGranted)
                return $"The status file brings a {act.Kind} act that the people whom the policy demands have not signed.";
            now = now.Append(recorded);
            if (recorded.At <= at)
                then = now;
        }
        return null;
    }

    /// <summary>
    /// Since when a signed hold in hand stops this letter, or else why it does not; both null when there is none in hand. It needs no ledger: its signer
    /// must be in office and one of those who may stop, on the day asked for and by the newest roster known, and no lift of it may be known. The hold's
    /// own date decides nothing else: a clock that is slow takes no stop away, and dating back gives none.
    /// </summary>
    private (DateTimeOffset? Since, string? WhyNot) HeldSince(ReleaseAct release, RosterChain chain, LetterHistory letter)
    {
        const string idle = "The signed hold that was given does not stop this letter: ";
        if (status is not { } bytes || !SignedHold.Is(bytes.Span))
            return (null, null);
        if (!SignedHold.TryRead(bytes, out var hold, out var approvals, out var fault))
            return (null, fault);
        if (hold.Letter != release.Letter)
            return (null, $"{idle}it is of another letter.");
        if (hold.At - at > Permit.Ahead)
            return (null, $"{idle}it is dated {Text.Moment(hold.At)}, after the moment asked for.");
        if (letter.Acts.Any(a => a.Act is LiftAct lift && lift.Hold == hold.Digest))
            return (null, $"{idle}it was lifted.");
        if (letter.Acts.Any(a => a.Act.Digest == hold.Digest))
            return (null, null); // the ledger has it, and what stands of it was found there
        var permit = Permit.Of(hold, approvals, chain.Newest, letter, at);
        return permit.IsGranted ? (hold.At, null) : (null, idle + (permit.Fault?.Why ?? $"its signer is none of those who may stop it ({permit.MissingWords})."));
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

    private static string InWords(Standing standing) => standing switch
    {
        Standing.InForce => "in force",
        Standing.Withdrawn => "withdrawn",
        Standing.OnHold => "on hold",
        _ => "replaced",
    };

    private Verdict Say(VerdictKind kind, params string[] reasons) => new() { Kind = kind, For = at, Reasons = reasons };
}
