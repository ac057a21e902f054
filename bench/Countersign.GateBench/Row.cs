namespace Countersign.GateBench;

/// <summary>The contestants of a row.</summary>
[Flags]
internal enum Against
{
    Gate = 1,
    Direct = 2,
    Proxy = 4,
    Rspamd = 8,
}

/// <summary>The texts of a row.</summary>
internal enum Text
{
    Small,
    Hits,
    Stock,
    Mix,
    Large,
}

/// <summary>One comparison.</summary>
/// <param name="Id">How it is asked for.</param>
/// <param name="Title">What it is.</param>
/// <param name="Text">What is sent.</param>
/// <param name="Sessions">How.</param>
/// <param name="Against">Who takes part.</param>
/// <param name="Timed">Whether our own sender sends texts in turn and times each; else <c>smtp-source</c> sends one text.</param>
/// <param name="Half">Whether times at half of each contestant's own rate are measured, too.</param>
/// <param name="Repeated">Whether our own sender sends one text.</param>
/// <param name="Target">Whether the design names a target for it: what <c>--quick</c> runs.</param>
internal sealed record Row(string Id, string Title, Text Text, Sessions Sessions, Against Against, bool Timed = false, bool Half = false, bool Repeated = false, bool Target = false)
{
    public static IReadOnlyList<Row> All { get; } =
    [
        new("4k-kept", "4 KB, 10 sessions kept open", Text.Small, new(10, true), Against.Gate | Against.Direct | Against.Proxy, Target: true),
        new("4k-new", "4 KB, 10 at once, a new connection each", Text.Small, new(10, false), Against.Gate | Against.Direct | Against.Proxy, Target: true),
        new("4k-kept-1", "4 KB, 1 session kept open", Text.Small, new(1, true), Against.Gate | Against.Direct | Against.Proxy),
        new("4k-kept-100", "4 KB, 100 sessions kept open", Text.Small, new(100, true), Against.Gate | Against.Direct | Against.Proxy),
        new("4k-new-1", "4 KB, 1 at once, a new connection each", Text.Small, new(1, false), Against.Gate | Against.Direct | Against.Proxy),
        new("4k-new-100", "4 KB, 100 at once, a new connection each", Text.Small, new(100, false), Against.Gate | Against.Direct | Against.Proxy),
        new("4k-varied", "4 KB, each another text, 10 sessions kept open", Text.Small, new(10, true), Against.Gate | Against.Direct | Against.Proxy, Timed: true, Half: true),
        new("4k-hits", "4 KB, each another text with five words of some draft, 10 sessions kept open", Text.Hits, new(10, true), Against.Gate | Against.Direct, Timed: true, Half: true),
        new("4k-stock", "4 KB, each another text with a sentence of a tenth of all drafts, 10 sessions kept open", Text.Stock, new(10, true), Against.Gate | Against.Direct, Timed: true, Half: true),
        new("mix", "75 KB with PDF or DOCX, each another text, 10 sessions kept open", Text.Mix, new(10, true), Against.Gate | Against.Direct | Against.Rspamd, Timed: true, Half: true, Target: true),
        new("mix-repeated", "75 KB with PDF, one text repeated, 10 sessions kept open", Text.Mix, new(10, true), Against.Gate | Against.Rspamd, Timed: true, Repeated: true),
        new("mix-1", "75 KB with PDF or DOCX, 1 session kept open", Text.Mix, new(1, true), Against.Gate | Against.Rspamd, Timed: true),
        new("mix-100", "75 KB with PDF or DOCX, 100 sessions kept open", Text.Mix, new(100, true), Against.Gate | Against.Rspamd, Timed: true),
        new("1m", "1 MB with DOCX, 10 sessions kept open", Text.Large, new(10, true), Against.Gate | Against.Direct | Against.Proxy | Against.Rspamd, Timed: true),
    ];
}
