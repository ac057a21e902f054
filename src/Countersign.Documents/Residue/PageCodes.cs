using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Countersign.Documents;

/// <summary>Reads the codes (QR and others) on the pages of a PDF, or in a picture, with zbarimg where it is installed.</summary>
public static class PageCodes
{
    /// <summary>How many pages are looked at.</summary>
    public const int MostPages = 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Whether codes can be read here.</summary>
    public static bool CanRead => Outside.Find("zbarimg") is not null && Outside.Find("pdftoppm") is not null;

    /// <summary>The codes that lead somewhere else than to the office: its domain, or whatever <paramref name="ours"/> says is ours.</summary>
    /// <param name="file">A PDF, or a PNG or JPEG.</param>
    /// <param name="facts">What names the office's domain.</param>
    /// <param name="ours">Says of a code's text that it is the office's own.</param>
    /// <returns>Null where codes were not looked for, because the decoder is not installed or the pages could not be drawn in time: whoever asks says so.</returns>
    public static IReadOnlyList<Finding>? In(ReadOnlyMemory<byte> file, LetterFacts? facts = null, Func<string, bool>? ours = null)
    {
        if (!CanRead)
            return null;
        var kind = DocumentKind.Detect(file);
        if (kind != DocumentKind.Pdf && kind != DocumentKind.Picture)
            return [];
        return Outside.In<IReadOnlyList<Finding>?>(folder =>
        {
            var input = Path.Combine(folder, kind == DocumentKind.Pdf ? "letter.pdf" : "picture-1.png");
            File.WriteAllBytes(input, file.Span);
            if (kind == DocumentKind.Pdf
                && Outside.Run(Outside.Find("pdftoppm")!, ["-q", "-gray", "-r", "150", "-l", MostPages.ToString(CultureInfo.InvariantCulture), "-png", input, Path.Combine(folder, "page")], folder, Limit) is null)
                return null;
            var pages = Directory.EnumerateFiles(folder, "*.png").Order(StringComparer.Ordinal).ToList();
            if (pages.Count == 0)
                return null;
            if (Outside.Run(Outside.Find("zbarimg")!, ["--quiet", "--xml", .. pages], folder, Limit) is not { } read)
                return null;
            var found = new List<Finding>();
            foreach (var (page, text) in Codes(read.Said))
                if (!IsOurs(text, facts?.OfficeDomain) && ours?.Invoke(text) != true)
                    found.Add(Residue.Make("residue.code", new Place("", page), text));
            return found;
        });
    }

    private static bool IsOurs(string text, string? domain) => !string.IsNullOrEmpty(domain) && Uri.TryCreate(text.Trim(), UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
        && (uri.Host.Equals(domain, StringComparison.OrdinalIgnoreCase) || uri.Host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase)) && uri.UserInfo.Length == 0;

    /// <summary>What zbarimg says, as XML: a source for each file, in it an index, in it symbols with their data.</summary>
    private static List<(int Page, string Text)> Codes(string said)
    {
        var codes = new List<(int, string)>();
        try
        {
            using var reader = XmlReader.Create(new StringReader(said), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            foreach (var source in XDocument.Load(reader).Root?.Elements().Where(e => e.Name.LocalName == "source") ?? [])
            {
                var name = Path.GetFileNameWithoutExtension(source.Attribute("href")?.Value ?? "");
                _ = int.TryParse(name[(name.LastIndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var page);
                foreach (var data in source.Descendants().Where(e => e.Name.LocalName == "data").Take(100))
                    codes.Add((page, data.Attribute("format")?.Value == "base64" ? FromBase64(data.Value) : data.Value));
            }
        }
        catch (XmlException)
        {
            // Nothing found, or words that are no XML: then there are no codes.
        }
        return codes;

        static string FromBase64(string value)
        {
            var bytes = new byte[value.Length];
            return Convert.TryFromBase64String(value.Trim(), bytes, out var length) ? System.Text.Encoding.UTF8.GetString(bytes, 0, length) : value;
        }
    }
}
