using Countersign.Documents;

namespace Countersign.Gate;

/// <summary>What the gate says of a document or message. The set is closed.</summary>
public enum RulingKind
{
    /// <summary>It may leave.</summary>
    Pass,

    /// <summary>It must not leave, and the reason is known.</summary>
    Refuse,

    /// <summary>It cannot be told: something was not read, or the gate does not know all texts yet.</summary>
    Unsure,
}

/// <summary>A passage of what was judged that stands in a draft.</summary>
/// <param name="Part">The document that it stands in, by name; empty for the outermost.</param>
/// <param name="Place">Where in it the passage begins.</param>
/// <param name="Text">The passage as it reads there.</param>
/// <param name="Words">How many words it has.</param>
public sealed record LeakedPassage(string Part, Place Place, string Text, int Words);

/// <summary>A draft that would leave.</summary>
/// <param name="Letter">The letter's id.</param>
/// <param name="Reference">Its reference.</param>
/// <param name="Version">The version.</param>
/// <param name="Share">How much of the version's own text it is, from 0 to 1.</param>
/// <param name="Words">How many of its words.</param>
/// <param name="Passages">The passages, in order, longest kept where there are many.</param>
public sealed record LeakedDraft(string Letter, string Reference, int Version, double Share, int Words, IReadOnlyList<LeakedPassage> Passages)
{
    /// <summary>A sentence for whoever may read the letter.</summary>
    public string Says => Passages.Count == 0
        ? $"{Words} words of version {Version} of {Reference}, which is not released to these recipients."
        : $"{Words} words of version {Version} of {Reference}, which is not released to these recipients: “{Short(Passages[0].Text)}”.";

    private static string Short(string text)
    {
        if (text.Length <= 160)
            return text;
        var cut = text.LastIndexOf(' ', 157, 60);
        return $"{text[..(cut > 0 ? cut : 157)]} …";
    }
}

/// <summary>A sealed copy in what was judged that does not stand.</summary>
/// <param name="Part">The file's name.</param>
/// <param name="Reference">Its letter's reference, where it could be told.</param>
/// <param name="Says">What the verifier says of it.</param>
public sealed record FallenSeal(string Part, string? Reference, string Says);

/// <summary>The gate's answer about a document or a message.</summary>
/// <param name="Kind">Whether it may leave.</param>
/// <param name="Leaks">Drafts that it holds.</param>
/// <param name="LookAlikes">Pages that look like the office's letter and are none.</param>
/// <param name="Seals">Sealed copies in it that do not stand.</param>
/// <param name="Unread">What was not read and, by the gate's policy, has to be.</param>
/// <param name="Suspicions">What is too little to refuse alone; it adds up over a sender's messages.</param>
public sealed record Ruling(
    RulingKind Kind, IReadOnlyList<LeakedDraft> Leaks, IReadOnlyList<LookAlike> LookAlikes, IReadOnlyList<FallenSeal> Seals, IReadOnlyList<Unread> Unread,
    IReadOnlyList<Suspicion> Suspicions)
{
    /// <summary>
    /// The reason for whoever may not read the letters: it names no letter and no passage, so that a refusal answers no guesses.
    /// </summary>
    public string Why => Kind switch
    {
        RulingKind.Pass => "It may leave.",
        _ when Leaks.Count > 0 => "It holds text of a letter that is not released to its recipients.",
        _ when Seals.Count > 0 => "It holds a sealed letter that was altered, or does not stand.",
        _ when LookAlikes.Count > 0 => "It looks like a letter of this office and is not sealed.",
        _ => "Not all of it could be read.",
    };

    /// <summary>What to do about it.</summary>
    public string Next => Kind switch
    {
        RulingKind.Pass => "",
        _ when Leaks.Count > 0 => "Have the letter released and send its sealed copy, or take the text out.",
        _ when Seals.Count > 0 => "Send the sealed copy as it was released; `countersign verify FILE` says what is wrong with this one.",
        _ when LookAlikes.Count > 0 => "Bring it into the office as a draft, have it released, and send its sealed copy.",
        _ => "Send it in a form that can be read: without a password, and as text rather than as a picture.",
    };
}
