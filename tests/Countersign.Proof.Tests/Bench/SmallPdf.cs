using System.Text;

namespace Countersign.Proof.Tests.Bench;

/// <summary>Fair copies of one page, written by hand.</summary>
internal static class SmallPdf
{
    public static byte[] Of(string words) => Build([
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>",
        Stream($"BT /F1 12 Tf 72 700 Td ({words}) Tj ET"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]);

    /// <summary>A page that draws an object that the file never defines: the next number, which an unwary seal would give to its own.</summary>
    public static byte[] DrawingTheNextObject() => Build([
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>/XObject<</X 8 0 R>>>>/Contents 4 0 R>>",
        Stream("BT /F1 12 Tf 72 700 Td (We do NOT withdraw) Tj ET q 1 0 0 1 90 695 cm /X Do Q"),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]);

    public static byte[] Build(string[] objects)
    {
        var text = new StringBuilder("%PDF-1.7\n");
        var offsets = new List<int>();
        foreach (var (value, i) in objects.Select((value, i) => (value, i)))
        {
            offsets.Add(text.Length);
            text.Append($"{i + 1} 0 obj\n{value}\nendobj\n");
        }
        var xref = text.Length;
        text.Append($"xref\n0 {objects.Length + 1}\n0000000000 65535 f \n");
        foreach (var offset in offsets)
            text.Append($"{offset:D10} 00000 n \n");
        text.Append($"trailer\n<</Size {objects.Length + 1}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n");
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private static string Stream(string content) => $"<</Length {content.Length}>>stream\n{content}\nendstream";
}
