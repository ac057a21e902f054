using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>What a letter is, in one word. It follows from the letter's acts and the signatures that wait; nothing stores it.</summary>
public enum LetterState
{
    /// <summary>Nobody has said anything of the newest version.</summary>
    Draft,

    /// <summary>Somebody has reviewed the newest version, or signed its release.</summary>
    InReview,

    /// <summary>Everybody whom the policy demands agrees: it can be released.</summary>
    Approved,

    /// <summary>Released, and in force.</summary>
    Released,

    /// <summary>Released or not, it does not stand for now.</summary>
    OnHold,

    /// <summary>It was released and no longer stands.</summary>
    Withdrawn,

    /// <summary>It was released and another letter stands in its place.</summary>
    Replaced,
}

/// <summary>A letter as the house sees it now.</summary>
/// <param name="History">Its acts.</param>
/// <param name="State">The state.</param>
/// <param name="Permit">Who counts for its release so far and who is missing; null once it is released.</param>
/// <param name="Pending">Decisions that gather signatures.</param>
public sealed record LetterView(LetterHistory History, LetterState State, Permit? Permit, IReadOnlyList<Act> Pending)
{
    /// <summary>The stable word for programs.</summary>
    public string Word => State switch
    {
        LetterState.Draft => "draft",
        LetterState.InReview => "in-review",
        LetterState.Approved => "approved",
        LetterState.Released => "released",
        LetterState.OnHold => "on-hold",
        LetterState.Withdrawn => "withdrawn",
        _ => "replaced",
    };

    /// <summary>The newest version.</summary>
    public DraftAct Draft => History.CurrentDraft!;
}

public sealed partial class Office
{
    /// <summary>Looks at a letter.</summary>
    public LetterView View(LetterHistory history)
    {
        var pending = OpenPending(history.Letter, history);
        string[] signers = pending.OfType<ReleaseAct>().FirstOrDefault() is { } release ? [.. PendingApprovals(release).Select(a => a.Person)] : [];
        var permit = history.Release is null ? Permit.Outlook(history, signers, Roster, Now) : null;
        var reviewed = signers.Length > 0 || history.Concurrences.Count + history.StandingObjections.Count > 0;
        var state = history switch
        {
            { Ending.Act: WithdrawAct } => LetterState.Withdrawn,
            { Ending.Act: CorrectAct } => LetterState.Replaced,
            _ when history.StandingHolds.Count > 0 || WaitingHolds(history.Letter).Count > 0 => LetterState.OnHold,
            { Release: not null } => LetterState.Released,
            { StandingObjections.Count: 0 } when permit is { IsGranted: true } => LetterState.Approved,
            _ => reviewed ? LetterState.InReview : LetterState.Draft,
        };
        return new LetterView(history, state, permit, pending);
    }

    /// <summary>Looks at the letter of a reference.</summary>
    public Result<LetterView> ViewOf(string reference) => FindLetter(reference).Is(out var history, out var refusal) ? View(history) : refusal;
}
