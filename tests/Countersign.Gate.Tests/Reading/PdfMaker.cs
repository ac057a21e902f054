using System.Globalization;
using System.Text;

namespace Countersign.Gate.Tests.Reading;

/// <summary>Writes small PDFs object by object: 1 is the catalog, 2 the page tree, 3 and on what a test adds.</summary>
internal sealed class PdfMaker
{
    private readonly List<(int Number, byte[] Body)> _objects = [];
    private readonly List<int> _pages = [];
    private int _last = 2;

    public string Catalog { get; set; } = "";

    public string Trailer { get; set; } = "";

    /// <summary>The resources of every page; F1 is Helvetica.</summary>
    public string Resources { get; set; } = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >>";

    public int Add(string body) => Add(Latin(body));

    public int AddStream(string dictionary, byte[] data) =>
        Add([.. Latin(string.Create(CultureInfo.InvariantCulture, $"<< {dictionary} /Length {data.Length} >>\nstream\n")), .. data, .. Latin("\nendstream")]);

    public int AddStream(string dictionary, string data) => AddStream(dictionary, Latin(data));

    public int AddPage(string content, string more = "")
    {
        var stream = AddStream("", content);
        var page = Add($"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << {Resources} >> /Contents {stream} 0 R {more} >>");
        _pages.Add(page);
        return page;
    }

    public static string Line(string text, double x = 50, double y = 700, string before = "") =>
        string.Create(CultureInfo.InvariantCulture, $"BT /F1 12 Tf {before} 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n");

    public static byte[] Of(string content) => new PdfMaker { }.With(content).Build();

    public PdfMaker With(string content, string more = "")
    {
        AddPage(content, more);
        return this;
    }

    public byte[] Build()
    {
        var all = new List<(int Number, byte[] Body)>(_objects)
        {
            (1, Latin($"<< /Type /Catalog /Pages 2 0 R {Catalog} >>")),
            (2, Latin($"<< /Type /Pages /Count {_pages.Count} /Kids [{string.Join(' ', _pages.Select(p => $"{p} 0 R"))}] >>")),
        };
        using var file = new MemoryStream();
        Write(file, "%PDF-1.7\n");
        var places = new SortedDictionary<int, long>();
        foreach (var (number, body) in all.OrderBy(o => o.Number))
        {
            places.Add(number, file.Position);
            Write(file, $"{number} 0 obj\n");
            file.Write(body);
            Write(file, "\nendobj\n");
        }
        var start = file.Position;
        Write(file, $"xref\n0 {_last + 1}\n0000000000 65535 f \n");
        foreach (var place in places.Values)
            Write(file, $"{place:D10} 00000 n \n");
        Write(file, $"trailer\n<< /Size {_last + 1} /Root 1 0 R {Trailer} >>\nstartxref\n{start}\n%%EOF\n");
        return file.ToArray();
    }

    private int Add(byte[] body)
    {
        _objects.Add((++_last, body));
        return _last;
    }

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static void Write(Stream to, string text) => to.Write(Latin(text));
}
