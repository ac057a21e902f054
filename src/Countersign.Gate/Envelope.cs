namespace Countersign.Gate;

/// <summary>Who sends a message to whom, as the mail servers say it; what the message says of itself may differ.</summary>
/// <param name="Client">The address of the client's machine, as far as it is known.</param>
/// <param name="Helo">The name that the client gave.</param>
/// <param name="Sender">The sender's address; empty for reports of servers.</param>
/// <param name="Recipients">The addresses that the next hop took, in order; at least one.</param>
public sealed record Envelope(string Client, string Helo, string Sender, IReadOnlyList<string> Recipients);

/// <summary>The gate's answer about a message.</summary>
/// <param name="Kind">Whether it may leave.</param>
/// <param name="Says">Why not, and what to do, for the sender: it names no letter and no passage. Empty where it may leave.</param>
/// <param name="Case">The number under which the office finds the reasons; null where it may leave.</param>
public sealed record MailRuling(RulingKind Kind, string Says = "", string? Case = null)
{
    public static MailRuling Pass { get; } = new(RulingKind.Pass);
}
