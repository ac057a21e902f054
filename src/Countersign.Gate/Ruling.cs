namespace Countersign.Gate;

/// <summary>What the gate says of a document or message. The set is closed.</summary>
public enum RulingKind
{
    /// <summary>It may leave.</summary>
    Pass,

    /// <summary>It must not leave, and the reason is known.</summary>
    Refuse,

    /// <summary>It cannot be told: something was not read, or the index is behind.</summary>
    Unsure,
}
