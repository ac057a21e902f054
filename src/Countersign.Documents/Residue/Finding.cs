namespace Countersign.Documents;

/// <summary>What a finding does to a letter, where no policy says otherwise for its id.</summary>
public enum Severity
{
    /// <summary>Worth knowing.</summary>
    Note,

    /// <summary>To be looked at by every approver.</summary>
    Warn,

    /// <summary>The document is no fair copy before it is mended.</summary>
    Refuse,
}

/// <summary>Something that a document should not have when it leaves.</summary>
/// <param name="Id">What it is: one of <see cref="Residue.Ids"/>. Never renamed; policies name it.</param>
/// <param name="Severity">Its severity where no policy says otherwise.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="Excerpt">The text concerned, of at most <see cref="Residue.MostExcerpt"/> characters, on one line; may be empty.</param>
/// <param name="Says">A sentence that says what it is.</param>
/// <param name="Mend">A sentence that says how to mend it.</param>
public sealed record Finding(string Id, Severity Severity, Place Place, string Excerpt, string Says, string Mend);

/// <summary>A sort of finding, as the documentation and a policy know it.</summary>
/// <param name="Id">Its id, in lower case [a-z0-9.-].</param>
/// <param name="Severity">The severity where no policy says otherwise.</param>
/// <param name="Says">A sentence that says what it is.</param>
/// <param name="Mend">A sentence that says how to mend it.</param>
public sealed record FindingKind(string Id, Severity Severity, string Says, string Mend);

/// <summary>What the record says of a letter, against which its document is held. What is null or empty is not held against anything.</summary>
public sealed record LetterFacts
{
    /// <summary>The letter's reference, as PREFIX-YYYY-NNNN.</summary>
    public string? Reference { get; init; }

    /// <summary>The prefix of the office's references; taken from <see cref="Reference"/> where null.</summary>
    public string? ReferencePrefix { get; init; }

    /// <summary>The kind: letter, notice, …. A notice and a note verbale need no signature block.</summary>
    public string? Kind { get; init; }

    /// <summary>The language, as a BCP 47 tag.</summary>
    public string? Language { get; init; }

    /// <summary>Whom it goes to: names, or a name with an address in angle brackets.</summary>
    public IReadOnlyList<string> Addressees { get; init; } = [];

    /// <summary>The date that the letter bears.</summary>
    public DateOnly? Date { get; init; }

    public string? Subject { get; init; }

    /// <summary>The office's name: no author of a document, and no foreign company.</summary>
    public string? OfficeName { get; init; }

    /// <summary>The office's domain: a code or a link that leads there is its own.</summary>
    public string? OfficeDomain { get; init; }
}
