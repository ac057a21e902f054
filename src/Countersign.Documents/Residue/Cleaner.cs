namespace Countersign.Documents;

/// <summary>What becomes of tracked changes.</summary>
public enum TrackedChoice
{
    /// <summary>They stay, and stay findings.</summary>
    Keep,

    /// <summary>The text becomes what its last editor wanted.</summary>
    Accept,

    /// <summary>The text becomes what it was before.</summary>
    Reject,
}

/// <summary>What is to be cleaned. Nothing decides about tracked changes but whoever asks.</summary>
public sealed record CleanChoices
{
    public TrackedChoice Tracked { get; init; } = TrackedChoice.Keep;

    /// <summary>Whether comments go.</summary>
    public bool Comments { get; init; } = true;

    /// <summary>Whether authors, companies, templates, custom properties, editing marks, earlier versions and thumbnails go.</summary>
    public bool Metadata { get; init; } = true;

    /// <summary>Whether text that is marked as hidden goes.</summary>
    public bool Hidden { get; init; } = true;

    /// <summary>Whether macros and scripts go.</summary>
    public bool Macros { get; init; } = true;
}

/// <summary>The answer of <see cref="Cleaner"/>: <see cref="Cleaned"/> or <see cref="CleanRefusal"/>.</summary>
public abstract record CleanResult;

/// <summary>A new file.</summary>
/// <param name="Bytes">The new file; the old one is unchanged.</param>
/// <param name="Extension">The file extension that its kind asks for, as <c>.docx</c>.</param>
/// <param name="Did">What was done, a sentence each; empty where there was nothing to do.</param>
/// <param name="Left">What is still found in the new file, read again.</param>
public sealed record Cleaned(ReadOnlyMemory<byte> Bytes, string Extension, IReadOnlyList<string> Did, IReadOnlyList<Finding> Left) : CleanResult;

/// <summary>Why nothing was cleaned.</summary>
/// <param name="Code">A code that begins with "clean.".</param>
/// <param name="Why">A sentence.</param>
/// <param name="Next">What to do instead.</param>
public sealed record CleanRefusal(string Code, string Why, string Next) : CleanResult;

/// <summary>Makes a clean file out of a document with residue. Never in place, never by guessing: what cannot be done without breaking the document is refused.</summary>
public static class Cleaner
{
    /// <summary>All that may be unpacked, in bytes.</summary>
    internal const long MostExpanded = 256L * 1024 * 1024;

    /// <summary>The largest XML part that is changed, in bytes.</summary>
    internal const int MostXml = 64 * 1024 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Cleans a DOCX (also DOTX and DOCM) or ODT.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="choices">What is to be cleaned.</param>
    /// <param name="name">The file's name, for the findings that are left.</param>
    public static CleanResult Clean(ReadOnlyMemory<byte> bytes, CleanChoices? choices = null, string name = "")
    {
        choices ??= new CleanChoices();
        var kind = DocumentKind.Detect(bytes);
        if (kind == DocumentKind.Pdf)
            return new CleanRefusal("clean.pdf", "A PDF is not cleaned: what is taken out of it leaves its signatures void and may leave its text behind.",
                "Clean the document it was made from, or print it to a new PDF.");
        if (kind == DocumentKind.Rtf || kind == DocumentKind.Doc || kind == DocumentKind.Fodt)
            return new CleanRefusal("clean.kind", $"This file is {kind.Said}, which is not cleaned here.", "Save it as DOCX or ODT, and clean that.");
        if (kind != DocumentKind.Docx && kind != DocumentKind.Odt)
            return new CleanRefusal("clean.kind", $"This file is {kind.Said}; only DOCX and ODT are cleaned.", "Bring the document as DOCX or ODT.");

        // Foreign XML nests as deep as it likes: it is worked on where the stack is large, and left alone when it takes too long.
        CleanResult? result = null;
        var watch = new CleanWatch(Limit);
        var done = new ManualResetEventSlim();
        new Thread(() =>
        {
            try
            {
                var package = Package.Open(bytes, watch);
                result = kind == DocumentKind.Docx ? DocxCleaner.Clean(package, choices) : OdtCleaner.Clean(package, choices);
            }
            catch (CleanRefusedException refused)
            {
                result = refused.Refusal;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                result = new CleanRefusal("clean.damaged", $"The document is damaged, or not what it claims to be ({e.GetType().Name}).",
                    "Open it in an office program, save it anew, and clean that.");
            }
            finally
            {
                done.Set();
            }
        }, 64 * 1024 * 1024)
        { IsBackground = true, Name = "cleaning" }.Start();
        if (!done.Wait(Limit + TimeSpan.FromSeconds(1)) || result is null)
            return TooSlow();
        return result is Cleaned cleaned ? cleaned with { Left = Residue.In(Document.Read(cleaned.Bytes, name)) } : result;
    }

    internal static CleanRefusal TooSlow() =>
        new("clean.too-slow", $"The document could not be cleaned within {Limit.TotalSeconds:0} seconds.", "Clean it in an office program, and bring the result.");
}

/// <summary>A refusal from deep inside.</summary>
internal sealed class CleanRefusedException(CleanRefusal refusal) : Exception(refusal.Why)
{
    public CleanRefusal Refusal { get; } = refusal;
}

/// <summary>Says when cleaning takes too long.</summary>
internal sealed class CleanWatch(TimeSpan limit)
{
    private readonly long _started = System.Diagnostics.Stopwatch.GetTimestamp();

    public void Tick()
    {
        if (System.Diagnostics.Stopwatch.GetElapsedTime(_started) > limit)
            throw new CleanRefusedException(Cleaner.TooSlow());
    }
}
