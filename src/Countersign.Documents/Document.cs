using System.Globalization;

namespace Countersign.Documents;

/// <summary>What a piece of text is to somebody who reads the document.</summary>
public enum TextRole
{
    /// <summary>What everybody reads: paragraphs, tables, lists, in reading order.</summary>
    Body,
    Header,
    Footer,
    Footnote,

    /// <summary>A text box or frame, shown apart from the body.</summary>
    TextBox,

    /// <summary>What a form field holds or a control shows.</summary>
    Field,

    /// <summary>A comment or reply of a reviewer. <see cref="Passage.Label"/> names its author, where there is one.</summary>
    Comment,

    /// <summary>A tracked insertion that nobody accepted or refused yet. <see cref="Passage.Label"/> names its author.</summary>
    Inserted,

    /// <summary>A tracked deletion: gone for its author, still in the file. <see cref="Passage.Label"/> names its author.</summary>
    Deleted,

    /// <summary>In the file and not on the page: hidden, white on white, of no size, outside the page, under a shape.</summary>
    Hidden,

    /// <summary>A note or mark laid over a PDF page. <see cref="Passage.Label"/> is its kind.</summary>
    Annotation,

    /// <summary>The text that stands for a picture.</summary>
    AltText,

    /// <summary>Large text across or behind the page.</summary>
    Watermark,

    /// <summary>What the file says of itself. <see cref="Passage.Label"/> is one of <see cref="MetadataLabels"/>, or the property's own name.</summary>
    Metadata,

    /// <summary>The name of a file, attachment or archive member.</summary>
    Name,

    /// <summary>A header field of a message that people read. <see cref="Passage.Label"/> is its name in lower case: subject, from, to, cc, reply-to, date.</summary>
    MailHeader,
}

/// <summary>The labels of metadata that every reader uses alike.</summary>
public static class MetadataLabels
{
    public const string Title = "title", Subject = "subject", Author = "author", LastAuthor = "last-author", Manager = "manager", Company = "company",
        Template = "template", Keywords = "keywords", Description = "description", Created = "created", Modified = "modified", Program = "program";
}

/// <summary>Where in a document something stands, well enough to point a person at it. Pages, paragraphs and lines count from 1; 0 is not known.</summary>
/// <param name="Part">The part: <c>header</c>, <c>footnote 2</c>, <c>comment 3</c>; empty for the body.</param>
/// <param name="Page">The page.</param>
/// <param name="Paragraph">The paragraph of the part, or the line of the page or of a text.</param>
public readonly record struct Place(string Part, int Page = 0, int Paragraph = 0)
{
    /// <summary>Words such as <c>page 2, line 14</c>, <c>paragraph 3</c> or <c>comment 1</c>.</summary>
    public override string ToString()
    {
        var page = Page > 0 ? string.Create(CultureInfo.InvariantCulture, $"page {Page}") : "";
        var paragraph = Paragraph > 0 ? string.Create(CultureInfo.InvariantCulture, $"{(Page > 0 ? "line" : "paragraph")} {Paragraph}") : "";
        return string.Join(", ", new[] { Part ?? "", page, paragraph }.Where(s => s.Length > 0));
    }
}

/// <summary>A piece of text that reads in one go: a paragraph, a cell, a line of a page.</summary>
/// <param name="Text">The text as read; never empty.</param>
/// <param name="Role">What it is to a reader.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="Label">More of it, as its role says.</param>
public sealed record Passage(string Text, TextRole Role, Place Place, string? Label = null);

/// <summary>Something in a document that is no text, and that its signers or the gate should know.</summary>
public enum OddityKind
{
    /// <summary>A program inside the document: a macro, a script.</summary>
    Macro,

    /// <summary>An embedded sheet, object or OLE package.</summary>
    EmbeddedObject,

    /// <summary>A file attached inside the document.</summary>
    EmbeddedFile,

    /// <summary>An earlier state kept inside the file, such as a PDF's revision before the last or a saved Word version.</summary>
    EarlierRevision,

    /// <summary>Text that lies under an opaque shape or picture: a redaction that hides and does not remove. The excerpt is the text.</summary>
    CoveredText,

    /// <summary>Glyphs that a font's map says are other letters than they look like. The excerpt is what the map says.</summary>
    RemappedGlyphs,

    /// <summary>A merge field or a placeholder control that nobody filled. The excerpt is its name.</summary>
    UnfilledField,

    /// <summary>A tracked change of formatting or a tracked move, with no text of its own.</summary>
    TrackedFormatting,

    /// <summary>Text or pictures that the document draws in from elsewhere when it is opened. The excerpt is the address.</summary>
    ExternalLink,

    /// <summary>A picture, which may show text that nobody reads here.</summary>
    Picture,

    /// <summary>A hidden sheet, slide or layer.</summary>
    HiddenPart,

    /// <summary>The document asks that its changes be tracked from now on.</summary>
    TrackingOn,
}

/// <summary>Something found while reading.</summary>
public sealed record Oddity(OddityKind Kind, Place Place, string Excerpt = "");

/// <summary>Why something could not be read.</summary>
public enum UnreadReason
{
    /// <summary>Of a sort that nobody here reads.</summary>
    Unknown,

    /// <summary>Encrypted, or behind a password.</summary>
    Encrypted,

    /// <summary>Damaged, or not what it claims to be.</summary>
    Damaged,

    /// <summary>A picture, or a page that is only one.</summary>
    Picture,

    /// <summary>Text whose font says other letters than it shows, so what was read is not what people see.</summary>
    RemappedGlyphs,

    /// <summary>Beyond the bound on bytes, before or after expansion.</summary>
    TooLarge,

    /// <summary>Nested too deep.</summary>
    TooDeep,

    /// <summary>Too many parts or pieces.</summary>
    TooMany,

    /// <summary>Not read within the time allowed.</summary>
    TooSlow,
}

/// <summary>Something that was not read, and why.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Place">Where.</param>
/// <param name="Says">A sentence for a person.</param>
public sealed record Unread(UnreadReason Reason, Place Place, string Says);

/// <summary>How much reading one document, with all that is in it, may cost. What goes beyond is <see cref="Unread"/>, never an exception.</summary>
public sealed record ReadingBounds
{
    /// <summary>The bounds where nobody says otherwise.</summary>
    public static readonly ReadingBounds Default = new();

    /// <summary>The largest file, in bytes.</summary>
    public int MostBytes { get; init; } = DocumentKind.MostBytes;

    /// <summary>All that unpacking and decoding may make of it together, in bytes.</summary>
    public long MostExpanded { get; init; } = 256L * 1024 * 1024;

    /// <summary>All text together, in UTF-16 units.</summary>
    public int MostText { get; init; } = 32 * 1024 * 1024;

    /// <summary>How deep documents may lie in each other; a plain file has depth 0.</summary>
    public int MostDepth { get; init; } = 12;

    /// <summary>How many documents may lie in it, at all depths together.</summary>
    public int MostParts { get; init; } = 2000;

    /// <summary>How many passages and oddities are kept together.</summary>
    public int MostPieces { get; init; } = 500_000;

    /// <summary>Whether the letters of pictures are read, where tesseract is on the search path.</summary>
    public bool Ocr { get; init; }

    /// <summary>How long it may take.</summary>
    public TimeSpan MostTime { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>
/// A document as it was read: every piece of text in it with its role and place, the documents inside it, what could not be read, and what else
/// stands out. Reading foreign bytes never throws and costs at most its bounds.
/// </summary>
/// <param name="Name">The file's name, or the attachment's; may be empty.</param>
/// <param name="Kind">What it is, by its content.</param>
/// <param name="Passages">The text in reading order.</param>
/// <param name="Parts">The documents inside: attachments, archive members, embedded files, nested messages.</param>
/// <param name="Unread">What was not read.</param>
/// <param name="Oddities">What else stands out.</param>
public sealed record Document(
    string Name, DocumentKind Kind, IReadOnlyList<Passage> Passages, IReadOnlyList<Document> Parts, IReadOnlyList<Unread> Unread, IReadOnlyList<Oddity> Oddities)
{
    /// <summary>The file itself.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Reads a file.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">Its name: text of its own, and used for nothing else.</param>
    /// <param name="bounds">What it may cost.</param>
    public static Document Read(ReadOnlyMemory<byte> bytes, string name = "", ReadingBounds? bounds = null) => Reading.Of(bytes, name, bounds ?? ReadingBounds.Default);

    /// <summary>
    /// Reads a text, or a message of nothing but text, at once: on the caller's stack, in a time that its size bounds. Null where it is more than that, or
    /// larger than 64 KiB: <see cref="Read"/> reads it.
    /// </summary>
    public static Document? ReadAtOnce(ReadOnlyMemory<byte> bytes, string name = "", ReadingBounds? bounds = null) => Reading.AtOnce(bytes, name, bounds ?? ReadingBounds.Default);

    /// <summary>This document and all inside it, outermost first.</summary>
    public IEnumerable<Document> Whole() => Parts.SelectMany(p => p.Whole()).Prepend(this);

    /// <summary>The text that people read on the pages, in order: all but comments, deletions, hidden text and metadata.</summary>
    public string VisibleText => string.Join('\n', Passages
        .Where(p => p.Role is TextRole.Body or TextRole.Header or TextRole.Footer or TextRole.Footnote or TextRole.TextBox or TextRole.Field or TextRole.Inserted)
        .Select(p => p.Text));
}
