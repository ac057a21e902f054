namespace Countersign.Proof;

/// <summary>The verifier's answer: one of a closed set, decided in this order.</summary>
public enum VerdictKind
{
    /// <summary>The file could not be read at all.</summary>
    Unreadable,

    /// <summary>No seal: a draft, a copy, or somebody else's file.</summary>
    NotReleased,

    /// <summary>It claims a seal, and is not what was sealed.</summary>
    Altered,

    /// <summary>Another office's, or an office that nobody pinned.</summary>
    UnknownOffice,

    /// <summary>The office's ledger does not prove the release.</summary>
    NotInLedger,

    /// <summary>The people whom the policy asks for did not all approve.</summary>
    NotApproved,

    /// <summary>Whole and approved, in an exercise: it means nothing outside it.</summary>
    Exercise,

    /// <summary>Genuine and in force.</summary>
    GenuineInForce,

    /// <summary>Genuine, and not yet in force.</summary>
    GenuineNotYet,

    /// <summary>Genuine, and on hold.</summary>
    GenuineOnHold,

    /// <summary>Genuine, and withdrawn.</summary>
    GenuineWithdrawn,

    /// <summary>Genuine, and replaced by another letter.</summary>
    GenuineReplaced,

    /// <summary>Genuine; whether it still stands is not known.</summary>
    GenuineStandingUnknown,
}

/// <summary>One person's part in a release: a name where the office discloses it, else nothing; the roles they filled; how and when they approved.</summary>
public sealed record Approver(string? Person, IReadOnlyList<string> Roles, Assurance Assurance, DateTimeOffset At);

/// <summary>What a verifier says of a file, on a day.</summary>
public sealed record Verdict
{
    /// <summary>The answer.</summary>
    public required VerdictKind Kind { get; init; }

    /// <summary>For which moment the answer was asked.</summary>
    public required DateTimeOffset For { get; init; }

    /// <summary>The moment of what was known: the status file's, where one was used.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>The office's name and domain.</summary>
    public string? Office { get; init; }

    /// <summary>The letter's reference.</summary>
    public string? Reference { get; init; }

    /// <summary>The kind of letter.</summary>
    public string? LetterKind { get; init; }

    /// <summary>When it was released, as the office says.</summary>
    public DateTimeOffset? ReleasedAt { get; init; }

    /// <summary>Whether one machine made the keys of several people of the office.</summary>
    public bool SelfMade { get; init; }

    /// <summary>Who approved.</summary>
    public IReadOnlyList<Approver> Approvals { get; init; } = [];

    /// <summary>Why the answer is what it is: sentences, the most important first.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>Why the status file or signed hold that was given says nothing; null when it was used, or none was given, or none was asked for.</summary>
    public string? Unused { get; init; }

    /// <summary>The stable word for programs.</summary>
    public string Code => Kind switch
    {
        VerdictKind.Unreadable => "unreadable",
        VerdictKind.NotReleased => "not-released",
        VerdictKind.Altered => "altered",
        VerdictKind.UnknownOffice => "unknown-office",
        VerdictKind.NotInLedger => "not-in-ledger",
        VerdictKind.NotApproved => "not-approved",
        VerdictKind.Exercise => "exercise",
        VerdictKind.GenuineInForce => "genuine-in-force",
        VerdictKind.GenuineNotYet => "genuine-not-yet",
        VerdictKind.GenuineOnHold => "genuine-on-hold",
        VerdictKind.GenuineWithdrawn => "genuine-withdrawn",
        VerdictKind.GenuineReplaced => "genuine-replaced",
        _ => "genuine-standing-unknown",
    };

    /// <summary>The answer in words.</summary>
    public string Words => Kind switch
    {
        VerdictKind.Unreadable => "Unreadable",
        VerdictKind.NotReleased => "Not a released letter",
        VerdictKind.Altered => "Altered",
        VerdictKind.UnknownOffice => "Unknown office",
        VerdictKind.NotInLedger => "Not in the ledger",
        VerdictKind.NotApproved => "Not approved as the policy demands",
        VerdictKind.Exercise => "Exercise",
        VerdictKind.GenuineInForce => "Genuine and in force",
        VerdictKind.GenuineNotYet => "Genuine but not yet in force",
        VerdictKind.GenuineOnHold => "Genuine and on hold",
        VerdictKind.GenuineWithdrawn => "Genuine but withdrawn",
        VerdictKind.GenuineReplaced => "Genuine but replaced",
        _ => "Genuine, standing unknown",
    };

    /// <summary>0 in force; 4 genuine but not known to be in force; 1 for all else (DESIGN §8).</summary>
    public int ExitCode => Kind switch
    {
        VerdictKind.GenuineInForce => 0,
        >= VerdictKind.GenuineNotYet => 4,
        _ => 1,
    };
}
