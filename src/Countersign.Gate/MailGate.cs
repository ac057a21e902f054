using System.Security.Cryptography;
using System.Text;
using Countersign.Documents;
using Countersign.Proof;

namespace Countersign.Gate;

/// <summary>What the gate does by recipient. Domains and addresses compare without regard to case.</summary>
public sealed record MailPolicy
{
    /// <summary>Domains of the office itself: drafts may circulate there.</summary>
    public IReadOnlyList<string> Inside { get; init; } = [];

    /// <summary>Addresses and domains to which nothing unsealed passes.</summary>
    public IReadOnlyList<string> SealedOnly { get; init; } = [];

    /// <summary>Addresses and domains to which what cannot be read may go all the same.</summary>
    public IReadOnlyList<string> UnreadMayGoTo { get; init; } = [];

    /// <summary>What to do about what cannot be read, elsewhere.</summary>
    public UnreadPolicy Unread { get; init; } = new() { Rest = RulingKind.Refuse };

    /// <summary>What the link to a case begins with; empty gives no link.</summary>
    public string Cases { get; init; } = "";

    /// <summary>What one message may cost to read.</summary>
    public ReadingBounds Bounds { get; init; } = ReadingBounds.Default;

    /// <summary>Whether drafts may circulate to an address.</summary>
    public bool IsInside(string address) => !HasRoute(address) && Names(Inside, address);

    /// <summary>Whether only sealed letters go to an address. One with a route in it may lead to anybody.</summary>
    public bool IsSealedOnly(string address) => SealedOnly.Count > 0 && (HasRoute(address) || Names(SealedOnly, address));

    /// <summary>What is done about what cannot be read, toward all these.</summary>
    public UnreadPolicy UnreadFor(IEnumerable<string> recipients) =>
        UnreadMayGoTo.Count > 0 && recipients.All(r => !HasRoute(r) && Names(UnreadMayGoTo, r)) ? new UnreadPolicy { Rest = RulingKind.Pass } : Unread;

    /// <summary>
    /// Whether an address may lead elsewhere than its domain says: servers read <c>press%example.net@tfn.example</c>, <c>example.net!press@tfn.example</c> and
    /// <c>press@example.net@tfn.example</c> as routes (RFC 5321 appendix C; Postfix's allow_percent_hack and swap_bangpath), and complete one without a domain.
    /// </summary>
    private static bool HasRoute(string address)
    {
        var at = address.LastIndexOf('@');
        return at <= 0 || address.AsSpan(0, at).ContainsAny('%', '!', '@');
    }

    /// <summary>Whether an address, or its domain, is in a list.</summary>
    private static bool Names(IReadOnlyList<string> list, string address)
    {
        var domain = address.AsSpan(address.LastIndexOf('@') + 1);
        foreach (var named in list)
            if (address.Equals(named, StringComparison.OrdinalIgnoreCase) || domain.Equals(named.AsSpan().TrimStart('@'), StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }
}

/// <summary>What the gate knows at a moment: its gatekeeper, and the messages that two people let pass.</summary>
/// <param name="Gatekeeper">Who judges.</param>
/// <param name="LetPass">The digests of those messages (<see cref="MailGate.DigestOf"/>), each until its moment.</param>
public sealed record GateKnowledge(Gatekeeper Gatekeeper, IReadOnlyDictionary<Digest, DateTimeOffset> LetPass);

/// <summary>
/// Decides about messages: the gatekeeper's ruling, by recipient, with what a sender's earlier messages carried, and what people let pass; and keeps a case for every
/// refusal. Any number of threads may ask at once.
/// </summary>
/// <param name="know">What the gate knows as of the newest act. Null where it cannot be brought up to it, or, asked at once, not in an instant.</param>
/// <param name="policy">What is done by recipient, now.</param>
/// <param name="cases">Where refusals are kept.</param>
/// <param name="clock">What time it is.</param>
public sealed class MailGate(Func<bool, GateKnowledge?> know, Func<MailPolicy> policy, CaseBook cases, TimeProvider clock)
{
    /// <summary>
    /// Decides about one message.
    /// <list type="number">
    /// <item>A message that stays in the house passes: drafts circulate there.</item>
    /// <item>The gatekeeper judges it for all recipients outside together, as of the newest act.</item>
    /// <item>To whom only sealed letters go, nothing else passes.</item>
    /// <item>What is too little alone adds up over a sender's messages of seven days.</item>
    /// <item>What two people let pass, passes, to these recipients, while their word holds; a sealed letter that does not stand never does.</item>
    /// <item>All else is kept as a case before the sender is told.</item>
    /// </list>
    /// </summary>
    /// <param name="envelope">Who sends it to whom.</param>
    /// <param name="message">The message.</param>
    /// <param name="atOnce">Whether to give null rather than take longer than an instant.</param>
    public MailRuling? Decide(Envelope envelope, ReadOnlyMemory<byte> message, bool atOnce)
    {
        var now = policy();
        // :: Step 1
        var outside = Outside(envelope, now);
        if (outside.Count == 0)
            return MailRuling.Pass;
        // :: Step 2
        if (know(atOnce) is not { } knowledge)
            return atOnce ? null : new MailRuling(RulingKind.Unsure, "The gate does not know the office's newest texts yet. Try again later.");
        if ((atOnce ? Document.ReadAtOnce(message, "", now.Bounds) : Document.Read(message, "", now.Bounds)) is not { } document)
            return null;
        using var trace = Smtp.GateMeter.Traces.StartActivity("gate.judge");
        var weighed = Weigh(knowledge, now, document, envelope.Sender, outside, remember: atOnce ? null : true);
        if (weighed.Kind == RulingKind.Pass && !weighed.Adds)
            return MailRuling.Pass;
        // From here on it takes the disk.
        if (atOnce)
            return null;
        trace?.SetTag("gate.ruling", weighed.Kind.ToString());
        if (weighed.Kind == RulingKind.Pass)
            return MailRuling.Pass;
        // :: Step 5
        var digest = DigestOf(document, message.Span, outside);
        if (IsLetPass(knowledge, weighed.Ruling, digest))
            return MailRuling.Pass;
        // :: Step 6
        var id = cases.Keep(new Case(
            "", clock.GetUtcNow(), digest, Digest.Of(message.Span), envelope with { Recipients = outside }, weighed.Kind, weighed.Why, CaseFindings.Of(weighed.Ruling)));
        var link = now.Cases.Length > 0 ? $"Case {id}: {now.Cases}{id}" : $"Case {id}";
        return new MailRuling(weighed.Kind, $"{weighed.Why} {weighed.Next} {link}", id);
    }

    /// <summary>What the gate would say, and why, without keeping anything: for whoever may read the letters.</summary>
    public (RulingKind Kind, string Why, string Next, Ruling Ruling, Digest Digest, bool LetPass) Explain(Envelope envelope, ReadOnlyMemory<byte> message)
    {
        var now = policy();
        var outside = Outside(envelope, now);
        if (outside.Count == 0)
            return (RulingKind.Pass, "It stays in the house.", "", new Ruling(RulingKind.Pass, [], [], [], [], []), default, false);
        var knowledge = know(false) ?? throw new InvalidOperationException("The gate does not know the office's newest texts.");
        var document = Document.Read(message, "", now.Bounds);
        var weighed = Weigh(knowledge, now, document, envelope.Sender, outside, remember: false);
        var digest = DigestOf(document, message.Span, outside);
        return (weighed.Kind, weighed.Why, weighed.Next, weighed.Ruling, digest, IsLetPass(knowledge, weighed.Ruling, digest));
    }

    /// <summary>Two people's word stands against the gate's, and not against a stopper's: a sealed letter that is held, withdrawn or altered does not leave by it.</summary>
    private bool IsLetPass(GateKnowledge knowledge, Ruling ruling, Digest digest) =>
        ruling.Seals.Count == 0 && knowledge.LetPass.TryGetValue(digest, out var until) && clock.GetUtcNow() <= until;

    /// <summary>A date with its zone's name. What is longer may say more than a date, and is part of the message.</summary>
    private const int LongestDate = 44;

    private static List<string> Outside(Envelope envelope, MailPolicy now)
    {
        var outside = new List<string>(envelope.Recipients.Count);
        foreach (var recipient in envelope.Recipients)
            if (!now.IsInside(recipient))
                outside.Add(recipient);
        return outside;
    }

    private readonly record struct Weighed(Ruling Ruling, bool SealedOnly, bool Together, bool Adds)
    {
        public RulingKind Kind => SealedOnly || Together ? RulingKind.Refuse : Ruling.Kind;

        public string Why => Ruling.Kind == RulingKind.Refuse ? Ruling.Why
            : Together ? "With what its sender sent these days it holds text of a letter that is not released to its recipients."
            : SealedOnly ? "To one of its recipients only sealed letters go."
            : Ruling.Why;

        public string Next => Ruling.Kind != RulingKind.Refuse && SealedOnly && !Together
            ? "Have the letter released, and send its sealed copy with no other words than those that may always leave."
            : Together && Ruling.Kind != RulingKind.Refuse ? "Have the letter released and send its sealed copy, or take the text out."
            : Ruling.Next;
    }

    private Weighed Weigh(GateKnowledge knowledge, MailPolicy now, Document document, string sender, List<string> outside, bool? remember)
    {
        var recipients = Audience.Of(outside);
        var ruling = knowledge.Gatekeeper.Judge(document, recipients, now.UnreadFor(outside));
        // :: Step 3
        var sealedOnly = outside.Exists(now.IsSealedOnly) && !knowledge.Gatekeeper.BringsOnlySealed(document, recipients);
        // :: Step 4
        Suspicion[] some = ruling.Leaks.Count == 0 ? [.. ruling.Suspicions.Where(s => s.AddsUp)] : [];
        var together = some.Length > 0 && remember is not null && cases.AddUp(Sender(sender), some, clock.GetUtcNow(), remember.Value);
        return new Weighed(ruling, sealedOnly, together, some.Length > 0);
    }

    /// <summary>A sender as messages are added up: an address with a detail behind a plus sign is the same sender's.</summary>
    private static string Sender(string address)
    {
        var at = address.LastIndexOf('@');
        var plus = address.IndexOf('+', StringComparison.Ordinal);
        return (plus > 0 && plus < at ? address[..plus] + address[at..] : address).ToLowerInvariant();
    }

    /// <summary>
    /// The digest under which people let a message pass: of all that is read in it as text, what it brings, and to whom it goes. Its date, routes and boundaries, which change each time that a
    /// mail program sends the same message again, are left out. What was not read counts byte for byte.
    /// </summary>
    public static Digest DigestOf(Document message, ReadOnlySpan<byte> bytes, IReadOnlyCollection<string> recipients)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string name, ReadOnlySpan<byte> value)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {value.Length}\n"));
            hash.AppendData(value);
        }
        Add("countersign/message", "v1"u8);
        foreach (var recipient in recipients.Select(r => r.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal))
            Add("to", Encoding.UTF8.GetBytes(recipient));
        foreach (var passage in message.Passages)
            if (passage is not { Role: TextRole.MailHeader, Label: "date", Text.Length: <= LongestDate })
                Add($"{passage.Role} {passage.Label}", Encoding.UTF8.GetBytes(passage.Text));
        foreach (var part in message.Parts)
        {
            Add("name", Encoding.UTF8.GetBytes(part.Name));
            Add("part", part.Bytes.Span);
        }
        if (message.Unread.Count > 0 || message.Kind != DocumentKind.Eml)
            Add("whole", bytes);
        return new Digest(hash.GetHashAndReset());
    }
}
