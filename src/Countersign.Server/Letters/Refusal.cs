using Countersign.Proof;

namespace Countersign.Server.Letters;

/// <summary>
/// The house's answer when it does not do what was asked: a stable code, why, and what to do next. Foreseeable things are refused; exceptions
/// mean a bug or a broken disk.
/// </summary>
public sealed record Refusal(string Code, string Why, string Next)
{
    /// <summary>Adds to a fault of the proof what its reader can do about it.</summary>
    public static Refusal From(Fault fault) => new(fault.Code, fault.Why, NextFor(fault.Code));

    private static string NextFor(string code) => code switch
    {
        "decision.stale" or "roster.stale" or "roster.touched" => "Look at it with `countersign show`, then give the command again: it is signed anew.",
        "decision.ended" => "Give the command again to begin anew.",
        "draft.released" => "Draft a new letter, and replace the old one with `countersign correct OLD --with NEW`.",
        "release.again" => "Nothing is left to do.",
        "release.objection" => "Ask the reviewer to concur, or revise the letter with `countersign revise`.",
        "release.held" => "Lift the hold first with `countersign lift`.",
        "release.kind" => "Draft the letter as a kind that the policy knows, or have a policy adopted that knows this one (`countersign policy adopt`).",
        "review.older" => "Look at the newest version with `countersign show`, then review that.",
        "review.released" or "withdraw.not-released" => "`countersign show` tells what can be done with it.",
        "withdraw.again" => "Nothing is left to do.",
        "stage.early" => "Ask the reviewers of the earlier stage first; `countersign show` tells who must still sign.",
        "free.draft" => "Release it as a letter with a public audience instead.",
        "act.ahead" => "Set the clock of the machine right, then give the command again.",
        "hold.again" => "Ask another person who may stop letters to hold it.",
        "lift.no-hold" => "`countersign show` tells which holds stand.",
        "signature.not-in-office" => "`countersign person list` tells who is in office.",
        "roster.id-used" or "roster.key-used" => "Make a new key for the person: leave out --key, or name a file that does not exist yet.",
        "roster.not-in-office" => "`countersign person list` tells who is in office.",
        "delegate.not-held" => "Ask somebody who holds the role to lend it.",
        "delegate.too-long" => "Give an earlier --until.",
        _ => "`countersign doctor` tells more about the office.",
    };
}

/// <summary>Either what was asked for, or the refusal.</summary>
public readonly struct Result<T>
{
    private Result(T? value, Refusal? refusal)
    {
        Value = value;
        Refusal = refusal;
    }

    /// <summary>What was asked for, where there is no <see cref="Refusal"/>.</summary>
    public T? Value { get; }

    /// <summary>The refusal; null when what was asked is so.</summary>
    public Refusal? Refusal { get; }

    /// <summary>Whether there is a value; it and the refusal come out together.</summary>
    public bool Is(out T value, out Refusal refusal)
    {
        value = Value!;
        refusal = Refusal!;
        return Refusal is null;
    }

    public static implicit operator Result<T>(T value) => new(value, null);
    public static implicit operator Result<T>(Refusal refusal) => new(default, refusal);
}
