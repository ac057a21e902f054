using Countersign.Documents;
using Countersign.Proof;

namespace Countersign.Gate;

/// <summary>What the gate does about what it cannot read.</summary>
public sealed record UnreadPolicy
{
    /// <summary>Whether pictures that stand alone may leave unread; pages that are only pictures count as <see cref="Rest"/>.</summary>
    public RulingKind Pictures { get; init; } = RulingKind.Pass;

    /// <summary>All else: encrypted, damaged, unknown, beyond a bound.</summary>
    public RulingKind Rest { get; init; } = RulingKind.Unsure;
}

/// <summary>
/// Decides whether a document or message may leave. It knows the office's drafts (<see cref="KnownTexts"/>) and its looks, and has the stranger's
/// check for sealed copies; it can neither approve nor release. Any number of threads may ask at once.
/// </summary>
/// <param name="texts">What the office wrote and what of it is free for whom.</param>
/// <param name="looks">What its letters look like.</param>
/// <param name="verify">The stranger's check of a PDF, as of now.</param>
/// <param name="unread">What to do about what cannot be read.</param>
public sealed class Gatekeeper(KnownTexts texts, LookAlikes looks, Func<byte[], Verdict> verify, UnreadPolicy unread)
{
    private const int MostPassages = 20;

    private readonly UnreadPolicy _unread = unread;

    /// <summary>Reads and judges bytes. Steps as in <see cref="Judge(Document, Audience?, UnreadPolicy?)"/>.</summary>
    public Ruling Judge(ReadOnlyMemory<byte> bytes, string name, Audience? recipients, ReadingBounds? bounds = null) =>
        Judge(Document.Read(bytes, name, bounds), recipients);

    /// <summary>
    /// Judges a document as it was read. Where <paramref name="recipients"/> is null nobody said to whom it goes: a sealed copy that stands then passes, and
    /// all else is judged as for everyone.
    /// <list type="number">
    /// <item>Sealed copies go through the stranger's check. One that does not stand refuses the whole; one that stands is no look-alike, and its text
    /// is judged like any other: a letter to one addressee is not free for another.</item>
    /// <item>All text, of all parts together, is held against the drafts: first quickly, then, where anything of one shows, in full.</item>
    /// <item>What is not sealed must not look like the office's letter.</item>
    /// <item>What was not read cannot be judged.</item>
    /// </list>
    /// </summary>
    /// <param name="document">The document.</param>
    /// <param name="recipients">To whom it goes.</param>
    /// <param name="unread">What to do about what cannot be read, where it is not what the gatekeeper does otherwise.</param>
    public Ruling Judge(Document document, Audience? recipients, UnreadPolicy? unread = null)
    {
        unread ??= _unread;
        // :: Step 1
        var seals = new List<FallenSeal>();
        var standing = new HashSet<Document>(ReferenceEqualityComparer.Instance);
        var receipts = new HashSet<Document>(ReferenceEqualityComparer.Instance);
        foreach (var part in document.Whole())
            if (part.Kind == DocumentKind.Pdf && Sealed(part.Bytes.Span))
            {
                var verdict = verify(part.Bytes.ToArray());
                if (verdict.Kind == VerdictKind.NotReleased)
                    continue; // it only names a receipt
                receipts.UnionWith(part.Parts.Where(p => p.Name == SealedPdf.ReceiptName));
                if (verdict.Kind == VerdictKind.UnknownOffice)
                    continue; // another office's letter: its text is judged like any other
                if (verdict.Kind is VerdictKind.GenuineInForce or VerdictKind.Exercise)
                    standing.Add(part);
                else
                    seals.Add(new FallenSeal(part.Name, verdict.Reference, verdict.Words));
            }

        // :: Step 2
        var text = new JudgedText(document, recipients is null ? standing : []);
        var mayCarry = texts.MayCarry(text.Whole, looks.MayBear, out var mayBear);
        var matched = mayCarry ? texts.Match(NormalText.Of(text.Whole), recipients ?? Audience.Everyone) : Recognition.Nothing;
        var leaks = matched.Leaks.Select(leak => new LeakedDraft(
            leak.Letter, leak.Reference, leak.Version, leak.Share, leak.Words,
            [.. leak.Passages.OrderByDescending(p => p.To - p.From).Take(MostPassages).OrderBy(p => p.From).Select(p => text.At(p.From, p.To))])).ToList();

        // :: Step 3
        var alike = mayBear ? Unsealed(document, standing).SelectMany(d => looks.In(d)).ToList() : [];

        // :: Step 4
        var (unsure, dark) = (false, new List<Unread>());
        foreach (var part in document.Whole())
            foreach (var piece in part.Unread)
            {
                var does = piece.Reason == UnreadReason.Picture && part.Kind == DocumentKind.Picture ? unread.Pictures : unread.Rest;
                if (does == RulingKind.Pass || standing.Contains(part) || receipts.Contains(part))
                    continue; // a sealed copy is what people approved, and its receipt is read by the verifier
                unsure |= does == RulingKind.Unsure;
                dark.Add(part.Name.Length == 0 ? piece : piece with { Says = $"{part.Name}: {piece.Says}" });
            }

        var kind = leaks.Count > 0 || seals.Count > 0 || alike.Count > 0 || (dark.Count > 0 && !unsure) ? RulingKind.Refuse
            : dark.Count > 0 ? RulingKind.Unsure : RulingKind.Pass;
        return new Ruling(kind, leaks, alike, seals, dark, matched.Suspicions);
    }

    /// <summary>
    /// Whether a message brings nothing but sealed letters that stand: every document in it is one, and what the message itself says stands in a text that is free for everyone, as the
    /// covering words of an office do. Its subject stands in a text that is free for its recipients, as the letter's own does, or is shorter than anything that could be known again.
    /// </summary>
    public bool BringsOnlySealed(Document message, Audience recipients)
    {
        foreach (var subject in message.Passages.Where(p => p is { Role: TextRole.MailHeader, Label: not ("from" or "to" or "cc" or "date" or "sender" or "reply-to") }))
            if (NormalText.Of(subject.Text) is var said && said.Letters.Length >= Fingerprinter.K && !texts.IsFree(said, recipients))
                return false;
        var any = false;
        foreach (var part in message.Parts)
        {
            if (part.Kind != DocumentKind.Pdf || !Sealed(part.Bytes.Span) || verify(part.Bytes.ToArray()).Kind is not (VerdictKind.GenuineInForce or VerdictKind.Exercise))
                return false;
            any = true;
        }
        return any && message.Unread.Count == 0
            && texts.IsFree(NormalText.Of(message.Passages.Where(p => p.Role is not (TextRole.MailHeader or TextRole.Metadata or TextRole.Name)).Select(p => p.Text)), Audience.Everyone);
    }

    private static bool Sealed(ReadOnlySpan<byte> pdf) => pdf.IndexOf(System.Text.Encoding.ASCII.GetBytes(SealedPdf.ReceiptName)) >= 0;

    /// <summary>The outermost documents that are not sealed copies, each without its own parts: these are judged by their own looks.</summary>
    private static IEnumerable<Document> Unsealed(Document document, HashSet<Document> standing) =>
        document.Whole().Where(d => !standing.Contains(d)).Select(d => d with { Parts = [] });

    /// <summary>All text of a document and its parts as one, with the way back from it to its places.</summary>
    private sealed class JudgedText
    {
        private readonly List<(int Start, string Part, Passage Passage)> _pieces = [];

        public JudgedText(Document document, IReadOnlySet<Document> without)
        {
            var at = 0;
            foreach (var part in document.Whole().Where(d => !without.Contains(d)))
                foreach (var passage in part.Passages)
                {
                    _pieces.Add((at, ReferenceEquals(part, document) ? "" : part.Name, passage));
                    at += passage.Text.Length + 1;
                }
            Whole = string.Join('\n', _pieces.Select(p => p.Passage.Text));
        }

        /// <summary>The text, a passage a line.</summary>
        public string Whole { get; }

        /// <summary>A range of the joined text as a passage of its document. It may run over several pieces.</summary>
        public LeakedPassage At(int start, int end)
        {
            var first = _pieces.FindLastIndex(p => p.Start <= start);
            var words = new List<string>();
            for (var i = first; i < _pieces.Count && _pieces[i].Start < end; i++)
            {
                var (begin, _, passage) = _pieces[i];
                var from = Math.Max(0, start - begin);
                var to = Math.Min(passage.Text.Length, end - begin);
                if (to > from)
                    words.AddRange(passage.Text[from..to].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            }
            return new LeakedPassage(_pieces[first].Part, _pieces[first].Passage.Place, string.Join(' ', words), words.Count);
        }
    }
}
