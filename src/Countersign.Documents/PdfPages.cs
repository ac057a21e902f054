using UglyToad.PdfPig;

namespace Countersign.Documents;

/// <summary>Opens foreign PDFs with PdfPig, whose exceptions on damaged files are many and end here.</summary>
internal static class PdfPages
{
    private static readonly ParsingOptions Options = new() { UseLenientParsing = true, SkipMissingFonts = true };

    /// <summary>The number of pages; null where the file cannot be read.</summary>
    public static int? Count(byte[] pdf) => Read(pdf, TimeSpan.FromSeconds(20),
        document => (int?)document.NumberOfPages);

    /// <summary>
    /// What <paramref name="read"/> finds in the document; the default where the document is damaged, encrypted with a
    /// password
    /// or too slow. Runs on its own thread with a large stack, because foreign objects nest as deep as they like; a
    /// reading
    /// that is too slow is abandoned, and its result with it.
    /// </summary>
    public static T? Read<T>(byte[] pdf, TimeSpan limit, Func<PdfDocument, T?> read)
    {
        var answer = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                using var document = PdfDocument.Open(pdf, Options);
                answer.TrySetResult(read(document));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                answer.TrySetResult(default); // a document that cannot be read is an answer, whatever PdfPig calls it
            }
        }, maxStackSize: 64 * 1024 * 1024)
        { IsBackground = true, Name = "pdf" };
        thread.Start();
        return answer.Task.Wait(limit) ? answer.Task.Result : default;
    }
}
