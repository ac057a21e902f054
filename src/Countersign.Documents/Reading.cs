using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Countersign.Documents.Readers;

namespace Countersign.Documents;

/// <summary>A bound was reached. Thrown and caught inside the readers alone.</summary>
internal sealed class BoundReachedException(UnreadReason reason, string says) : Exception(says)
{
    public UnreadReason Reason { get; } = reason;
}

/// <summary>
/// One document while it is read: where a reader puts what it finds, and where it pays for it. All documents inside one another share one budget.
/// A reader never checks sizes of its own accord: it calls <see cref="Pay"/> before it unpacks, <see cref="Tick"/> in loops, and <see cref="Part"/>
/// for what lies inside; when a bound is reached these throw, the reader lets the exception pass, and what was found so far is kept.
/// </summary>
internal sealed class Reading
{
    /// <summary>Whoever reads nested foreign data on a small stack can be brought down by it.</summary>
    private const int StackBytes = 64 * 1024 * 1024;

    /// <summary>Messages of more bytes than this are read on a thread of their own, whatever is in them.</summary>
    private const int MostShallow = 64 * 1024;

    /// <summary>UTF-16 units of a place's part.</summary>
    private const int MostOfPlace = 500;

    /// <summary>What all documents inside one another share.</summary>
    private sealed class Budget(ReadingBounds bounds)
    {
        public readonly ReadingBounds Bounds = bounds;
        public readonly long Started = Stopwatch.GetTimestamp();
        public readonly Lock Gate = new();
        public long Expanded;
        public long Text;
        public int Parts;
        public int Pieces;
        public volatile bool Abandoned;

        /// <summary>Whether this is read on its caller's stack, on which no other document may be.</summary>
        public volatile bool Shallow;
    }

    private readonly Budget _budget;
    private readonly int _depth;
    private readonly List<Passage> _passages = [];
    private readonly List<Reading> _parts = [];
    private readonly List<Unread> _unread = [];
    private readonly List<Oddity> _oddities = [];
    private readonly List<Action> _later = [];

    private Reading(Budget budget, int depth, ReadOnlyMemory<byte> bytes, string name) => (_budget, _depth, Bytes, Name) = (budget, depth, bytes, name);

    /// <summary>The whole file.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Its name, without control characters.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public DocumentKind Kind { get; private set; } = DocumentKind.Unknown;

    /// <summary>What it may cost, and how it is read.</summary>
    public ReadingBounds Bounds => _budget.Bounds;

    /// <summary>How much time is left.</summary>
    public TimeSpan TimeLeft => _budget.Bounds.MostTime - Stopwatch.GetElapsedTime(_budget.Started);

    internal static Document Of(ReadOnlyMemory<byte> bytes, string name, ReadingBounds bounds)
    {
        var budget = new Budget(bounds);
        var reading = new Reading(budget, 0, bytes, Clean(name));
        var kind = bytes.Length > bounds.MostBytes ? DocumentKind.TooLarge : DocumentKind.Detect(bytes);
        if (IsShallow(kind, bytes.Length))
        {
            reading.RunShallow(kind);
            if (reading._later.Count == 0)
                return reading.Snapshot();
        }
        var done = new ManualResetEventSlim();
        new Thread(() =>
        {
            try
            {
                if (reading._later.Count == 0)
                    reading.Run(kind);
                else
                    reading.Guarded(() => reading._later.ForEach(later => later()));
            }
            finally
            {
                done.Set();
            }
        }, StackBytes)
        { IsBackground = true, Name = "reading" }.Start();
        if (!done.Wait(bounds.MostTime + TimeSpan.FromMilliseconds(200)))
        {
            budget.Abandoned = true; // it ends itself at its next step; its findings so far are kept
            reading.Unreadable(UnreadReason.TooSlow, default, $"It could not be read within {bounds.MostTime.TotalSeconds:0.#} seconds.");
        }
        return reading.Snapshot();
    }

    /// <summary>Reads what is plain text throughout, on the caller's stack and within a time that its size bounds; null where anything in it is more than that.</summary>
    internal static Document? AtOnce(ReadOnlyMemory<byte> bytes, string name, ReadingBounds bounds)
    {
        var kind = DocumentKind.Detect(bytes);
        if (!IsShallow(kind, bytes.Length) || bytes.Length > MostShallow)
            return null;
        var reading = new Reading(new Budget(bounds), 0, bytes, Clean(name));
        reading.RunShallow(kind);
        return reading._later.Count == 0 ? reading.Snapshot() : null;
    }

    /// <summary>Whether reading it is linear in its bytes, apart from what it says that it does <see cref="Deep"/>: it needs no thread of its own.</summary>
    private static bool IsShallow(DocumentKind kind, int length) => kind == DocumentKind.Text || (kind == DocumentKind.Eml && length <= MostShallow);

    private void RunShallow(DocumentKind kind)
    {
        _budget.Shallow = true;
        Run(kind);
        _budget.Shallow = false;
    }

    /// <summary>Adds a piece of text. White space alone is no text.</summary>
    public void Text(string? text, TextRole role, Place place = default, string? label = null)
    {
        if (string.IsNullOrWhiteSpace(text))
            return;
        Tick();
        lock (_budget.Gate)
        {
            if ((_budget.Text += text.Length) > _budget.Bounds.MostText)
                throw new BoundReachedException(UnreadReason.TooLarge, $"It holds more text than the {_budget.Bounds.MostText:N0} characters that are read.");
            Piece();
            _passages.Add(new Passage(text, role, Printable(place), label));
        }
    }

    /// <summary>Adds something that stands out.</summary>
    public void Found(OddityKind kind, Place place = default, string excerpt = "")
    {
        Tick();
        lock (_budget.Gate)
        {
            Piece();
            _oddities.Add(new Oddity(kind, Printable(place), excerpt));
        }
    }

    /// <summary>Says that something was not read.</summary>
    public void Unreadable(UnreadReason reason, Place place, string says)
    {
        lock (_budget.Gate)
            if (_unread.Count < 1000)
                _unread.Add(new Unread(reason, Printable(place), says));
    }

    /// <summary>Reads a document that lies inside this one, now. Too deep or too many is said of this document, and is no reason to stop.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="name">Its name; may be empty.</param>
    /// <param name="place">Where it lies.</param>
    /// <param name="said">What whoever wrapped it says that it is; believed only where it is some text by its content.</param>
    public void Part(ReadOnlyMemory<byte> bytes, string name, Place place = default, DocumentKind? said = null)
    {
        Tick();
        Reading part;
        lock (_budget.Gate)
        {
            if (_depth + 1 > _budget.Bounds.MostDepth)
            {
                _unread.Add(new Unread(UnreadReason.TooDeep, Printable(place), $"Documents lie in one another more than {_budget.Bounds.MostDepth} deep."));
                return;
            }
            if (++_budget.Parts > _budget.Bounds.MostParts)
                throw new BoundReachedException(UnreadReason.TooMany, $"More than {_budget.Bounds.MostParts} documents lie in it.");
            part = new Reading(_budget, _depth + 1, bytes, Clean(name));
            _parts.Add(part);
        }
        var kind = bytes.Length > _budget.Bounds.MostBytes ? DocumentKind.TooLarge : DocumentKind.Detect(bytes);
        part.Run(said is not null && (kind == DocumentKind.Text || kind == DocumentKind.OldText) ? said : kind);
        part.ThrowIfOver();
    }

    /// <summary>Does now what needs a deep stack or may take long, such as <see cref="Part"/>, or, where this is read on its caller's stack, soon.</summary>
    public void Deep(Action read)
    {
        if (_budget.Shallow) _later.Add(read);
        else read();
    }

    /// <summary>Pays for bytes about to be unpacked or decoded.</summary>
    public void Pay(long bytes)
    {
        Tick();
        lock (_budget.Gate)
            if ((_budget.Expanded += bytes) > _budget.Bounds.MostExpanded)
                throw new BoundReachedException(UnreadReason.TooLarge, $"Unpacked it is larger than the {_budget.Bounds.MostExpanded / 1024 / 1024} MB that are read.");
    }

    /// <summary>Reads a stream of unknown length to its end, paying as it goes.</summary>
    public byte[] PayFor(Stream packed)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16_384);
        try
        {
            var length = 0;
            for (int read; (read = packed.Read(buffer, length, buffer.Length - length)) > 0;)
            {
                Pay(read);
                length += read;
                if (length < buffer.Length)
                    continue;
                var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                buffer.AsSpan(0, length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }
            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>To be called in every loop over foreign data.</summary>
    public void Tick()
    {
        // The clock is looked at every sixteenth time: a step is far shorter than the time allowed.
        if (_budget.Abandoned || (unchecked(++_ticks) & 15) == 0 && TimeLeft < TimeSpan.Zero)
            throw new BoundReachedException(UnreadReason.TooSlow, $"It could not be read within {_budget.Bounds.MostTime.TotalSeconds:0.#} seconds.");
    }

    private void Piece()
    {
        if (++_budget.Pieces > _budget.Bounds.MostPieces)
            throw new BoundReachedException(UnreadReason.TooMany, $"It has more than the {_budget.Bounds.MostPieces:N0} pieces that are read.");
    }

    private BoundReachedException? _over;
    private byte _ticks;

    private void ThrowIfOver()
    {
        if (_over is { } over)
            throw new BoundReachedException(over.Reason, over.Message); // what all share is used up: the documents around this one end, too
    }

    private void Run(DocumentKind kind)
    {
        Kind = kind;
        Guarded(() =>
        {
            if (Name.Length > 0)
                Text(Name, TextRole.Name, new Place("name"));
            DocumentReaders.Read(this, kind);
        });
    }

    private void Guarded(Action read)
    {
        try
        {
            read();
        }
        catch (BoundReachedException reached)
        {
            _over = reached;
            Unreadable(reached.Reason, default, reached.Message);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Parsers of others answer damaged files with exceptions of every kind: each means that the rest was not read.
            Unreadable(UnreadReason.Damaged, default, $"It is damaged, or not what it claims to be ({e.GetType().Name}).");
        }
    }

    private Document Snapshot()
    {
        lock (_budget.Gate)
            return new Document(Name, Kind, [.. _passages], [.. _parts.Select(p => p.Snapshot())], [.. _unread], [.. _oddities]) { Bytes = Bytes };
    }

    /// <summary>A place is printed as it stands, on terminals, too; members of archives give their names to it, and those are foreign.</summary>
    private static Place Printable(Place place) =>
        place.Part is not { } part || (part.Length <= MostOfPlace && part.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0) ? place : place with { Part = Printable(part) };

    private static string Printable(string part)
    {
        var kept = new StringBuilder();
        foreach (var rune in part.EnumerateRunes()) // half a pair becomes U+FFFD
            if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                && kept.Length + rune.Utf16SequenceLength <= MostOfPlace)
                kept.Append(rune.ToString());
        return kept.ToString();
    }

    private static string Clean(string name) => name.Length == 0 ? "" : string.Concat(name.Take(500).Where(c => !char.IsControl(c)));
}
