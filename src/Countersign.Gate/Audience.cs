namespace Countersign.Gate;

/// <summary>Who may have a text, or to whom a message goes: everyone, or these addressees. Addresses compare without regard to case.</summary>
public sealed class Audience
{
    private readonly HashSet<string> _addresses;

    private Audience(bool everyone, IEnumerable<string> addresses)
    {
        IsEveryone = everyone;
        _addresses = new(addresses.Select(a => a.Trim().ToLowerInvariant()), StringComparer.Ordinal);
    }

    /// <summary>Everyone. As the recipients of a message: anybody at all, or nobody knows who.</summary>
    public static Audience Everyone { get; } = new(true, []);

    public bool IsEveryone { get; }

    /// <summary>The addresses or addressee ids, in lower case; empty for everyone.</summary>
    public IReadOnlyCollection<string> Addresses => _addresses;

    /// <summary>These addressees, by address or id.</summary>
    /// <exception cref="ArgumentException">None is named: say <see cref="Everyone"/> where the recipients are not known.</exception>
    public static Audience Of(params IEnumerable<string> addresses)
    {
        var audience = new Audience(false, addresses);
        return audience._addresses.Count > 0 ? audience : throw new ArgumentException("An audience names somebody.", nameof(addresses));
    }
}
