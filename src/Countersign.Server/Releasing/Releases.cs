using System.Security.Cryptography;
using Countersign.Proof;
using Countersign.Server.Letters;

namespace Countersign.Server.Releasing;

/// <summary>Where a release stands: the letter, who is missing, and the sealed copy once there is one.</summary>
public sealed record Released(LetterView View, IReadOnlyList<Need> Missing, string? SealedCopy);

/// <summary>
/// Releases letters. What leaves is the fair copy that people approved, byte for byte, with its proof behind it.
/// <list type="number">
/// <item>The release act, new or waiting, gets one more signature; the signature is on the disk before it is answered.</item>
/// <item>When nobody is missing, the act enters the ledger. From here the letter is released, whatever happens to this machine.</item>
/// <item>The receipt joins act, approvals, roster and ledger proof; the seal appends it to the fair copy.</item>
/// <item>The sealed copy goes through the stranger's check. Only what passes gets a name that people find.</item>
/// </list>
/// Steps 3 and 4 follow from the ledger and are done again after a crash: by the next <c>release</c>, or by <c>doctor</c>.
/// </summary>
public sealed class Releases(Office office)
{
    /// <summary>Adds a signature, and releases when it was the last.</summary>
    public Result<Released> Release(Signer signer, LetterHistory history)
    {
        if (history.CurrentDraft is not { } draft || history.Head is not { } head)
            return Refusal.From(new Fault("letter.no-draft", "The letter has no version."));
        if (history.Release is null)
        {
            // :: Steps 1 and 2
            if (!office.Decide(history.Letter, [signer], act => act is ReleaseAct, header => new ReleaseAct(header)
            {
                Letter = history.Letter,
                Draft = draft.Digest,
                After = head,
                Status = office.StatusPlace(history.Letter),
                Until = header.At + DecisionAct.LongestWait,
            }).Is(out var outcome, out var refusal))
                return refusal;
            history = office.History(history.Letter);
            if (outcome.Recorded is null)
                return new Released(office.View(history), outcome.Permit.Missing, null);
        }

        // :: Steps 3 and 4
        return Seal(history).Is(out var path, out var unsealed) ? new Released(office.View(history), [], path) : unsealed;
    }

    /// <summary>Makes the sealed copy of a released letter, unless it lies there whole.</summary>
    public Result<string> Seal(LetterHistory history)
    {
        var release = history.Release!;
        var draft = (DraftAct)history.Drafts.First(d => d.Act.Digest == ((ReleaseAct)release.Act).Draft).Act;
        var path = office.SealedCopy(draft.Reference);
        if (File.Exists(path) && Passes(File.ReadAllBytes(path), draft))
            return path;
        if (office.Home.ReadBlob(draft.FairCopy) is not { } fairCopy)
            return new Refusal(
                "home.blob", $"The fair copy of {draft.Reference} is missing or damaged on this machine.",
                $"Put the approved file back with `countersign doctor --put FILE`, or restore a backup; its SHA-256 is {draft.FairCopy}.");

        var receipt = office.MakeReceipt(history, release, draft, (ulong)fairCopy.Length);
        var sealing = SealedPdf.Seal(fairCopy, receipt.Bytes, receipt.Plan()!, receipt.Certificate, office.SignSeal);
        if (sealing.Pdf is not { } sealedPdf)
            return new Refusal(sealing.Refusal!.Code, sealing.Refusal.Why, sealing.Refusal.Next);
        if (!Passes(sealedPdf, draft))
            throw new CryptographicException($"The seal of {draft.Reference} does not pass the stranger's check; it was not handed out.");
        Home.Write(path, sealedPdf);
        return path;
    }

    /// <summary>The stranger's check, as of now, for exactly this letter.</summary>
    private bool Passes(byte[] file, DraftAct draft)
    {
        var verdict = Receipt.Verify(file, office.Trust(), null, office.Now);
        return verdict.Kind >= VerdictKind.Exercise && verdict.Reference == draft.Reference;
    }
}
