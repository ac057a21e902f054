using Countersign.Ledger;
using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>A hold that counts: in the ledger, or kept on the disk until the ledger takes it.</summary>
/// <param name="Act">The act.</param>
/// <param name="File">The signed hold as a file that every verifier takes.</param>
/// <param name="Recorded">Its entry; null while the ledger has not taken it.</param>
/// <param name="Waits">Why the ledger has not taken it; null when it has.</param>
public sealed record Held(HoldAct Act, byte[] File, RecordedAct? Recorded, string? Waits);

/// <summary>
/// Stops. A hold counts from the moment it is on this disk: before its entry, and though the ledger be stopped, the roster moving or the office just
/// restored. Nothing is released past it, and it enters the ledger as soon as that takes anything in.
/// </summary>
public sealed partial class Office
{
    /// <summary>
    /// Holds a letter. Refused only when this person may not hold it, or when nothing at all could be written, neither here nor to
    /// <paramref name="carry"/>, a file for whoever must be told by another way.
    /// </summary>
    public Result<Held> Hold(Signer signer, LetterHistory history, string? reason = null, string? carry = null)
    {
        // Neither a restored office nor a clock set back may keep anybody from stopping a letter.
        var act = new HoldAct(Header(signer.Person)) { Letter = history.Letter, Reason = CommitIfWritable(reason) };
        Approval[] approvals = [signer.Approve(act.Digest)];
        var permit = Chain.Judge(act, approvals, history, Later(Now, _book.LastEntry), ulong.MaxValue);
        if (!permit.IsGranted)
            return permit.Fault is { } fault
                ? Refusal.From(fault)
                : new Refusal("not-approved", $"{NameOf(signer.Person)} ({string.Join(", ", signer.Member.Roles)}) may not stop letters.", $"Ask for: {permit.MissingWords}.");
        var file = SignedHold.Write(act, approvals);
        Exception? unwritten = null;
        var written = 0;
        foreach (var path in (string?[])[Path.Combine(Home.Holds, $"{act.Letter}.{act.Digest}"), carry])
            try
            {
                if (path is not null)
                {
                    Home.Write(Path.GetFullPath(path), file);
                    written++;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                unwritten = e;
            }
        if (written == 0)
            return new Refusal("home.unwritten", $"The hold could not be written: {unwritten!.Message}", "Name a file on another disk with --out: the signed hold in it stops the letter for everyone who checks with it.");

        if (WriteFault() is { } closed)
            return new Held(act, file, null, closed.Why);
        try
        {
            if (!Enter(act, approvals).Is(out var recorded, out var refusal))
                return new Held(act, file, null, refusal.Why);
            ForgetWaiting(act);
            return new Held(act, file, recorded, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Microsoft.Data.Sqlite.SqliteException)
        {
            return new Held(act, file, null, e.Message);
        }
    }

    /// <summary>The holds of a letter that are on this disk and not in the ledger yet.</summary>
    public IReadOnlyList<HoldAct> WaitingHolds(string letter) => [.. Home.WaitingHolds(letter).Select(h => h.Act).Where(h => Records.Acts.All(a => a.Digest != h.Digest.ToString()))];

    /// <summary>Enters every hold that waits. Those that the ledger refuses for good are dropped; the others wait on.</summary>
    public void EnterWaitingHolds()
    {
        try
        {
            foreach (var (act, approvals) in Home.WaitingHolds(null))
            {
                var digest = act.Digest.ToString();
                if (Records.Acts.Any(a => a.Digest == digest) || History(act.Letter) is { CurrentDraft: null }
                    || Enter(act, approvals) is { Refusal: null } or { Refusal.Code: "hold.again" or "signature.not-in-office" or "signature.wrong" or "not-approved" })
                    ForgetWaiting(act);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Microsoft.Data.Sqlite.SqliteException)
        {
            Warnings.Add($"A hold counts, but could not enter the ledger yet: {e.Message}");
        }
    }

    /// <summary>The digest of a reason, if the reason can be kept: a hold never fails for want of its words.</summary>
    private Digest? CommitIfWritable(string? reason)
    {
        try
        {
            return string.IsNullOrEmpty(reason) ? null : Commit("reason", reason);
        }
        catch (Exception e) when (e is IOException or Microsoft.EntityFrameworkCore.DbUpdateException or Microsoft.Data.Sqlite.SqliteException)
        {
            Records.ChangeTracker.Clear();
            return null;
        }
    }

    private void ForgetWaiting(HoldAct act)
    {
        File.Delete(Path.Combine(Home.Holds, $"{act.Letter}.{act.Digest}"));
        DurableFile.SyncFolder(Home.Holds);
    }
}
