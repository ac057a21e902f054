using HarfBuzzSharp;
using SkiaSharp;

namespace Countersign.Documents.Typesetting;

/// <summary>One font file's face: what Skia measures with, what HarfBuzz shapes with, and its bytes for the
/// subset.</summary>
internal sealed class FontFace
{
    private readonly Lazy<Font> _shaper;

    private FontFace(SKTypeface typeface, Func<byte[]> read)
    {
        Typeface = typeface;
        Read = read;
        Family = typeface.FamilyName;
        Weight = typeface.FontWeight;
        Italic = typeface.FontSlant != SKFontStyleSlant.Upright;
        UnitsPerEm = typeface.UnitsPerEm;
        IsArabic = typeface.GetGlyphs("\u0628") is [not 0];
        _shaper = new Lazy<Font>(MakeShaper);
    }

    public SKTypeface Typeface { get; }
    public string Family { get; }
    public int Weight { get; }
    public bool Italic { get; }
    public int UnitsPerEm { get; }
    public bool IsArabic { get; }

    /// <summary>The whole font file.</summary>
    public Func<byte[]> Read { get; }

    public Font Shaper => _shaper.Value;

    public bool Covers(int codePoint) => Typeface.GetGlyphs(char.ConvertFromUtf32(codePoint)) is [var glyph, ..]
        && glyph != 0;

    /// <summary>A face from a font file; null for files that are damaged, or of a sort a letter is not set
    /// in.</summary>
    public static FontFace? FromFile(string path)
    {
        var typeface = SKTypeface.FromFile(path, 0);
        return typeface is null || !Suits(typeface) ? null : new FontFace(typeface, () => File.ReadAllBytes(path));
    }

    public static FontFace FromBytes(byte[] font)
    {
        using var data = SKData.CreateCopy(font);
        var typeface = SKTypeface.FromData(data, 0)
            ?? throw new InvalidOperationException("The font that Countersign carries cannot be read.");
        return new FontFace(typeface, () => font);
    }

    private static bool Suits(SKTypeface face) =>
        !face.IsEmpty && face.FontWidth == (int)SKFontStyleWidth.Normal && face.VariationDesignParameterCount == 0
        && face.UnitsPerEm > 0 && face.FontWeight is >= 300 and <= 700;

    private Font MakeShaper()
    {
        // HarfBuzz reads tables one by one through Skia, so that a collection's first face and a plain file are alike.
        var face = new Face(Table) { UnitsPerEm = UnitsPerEm };
        var font = new Font(face);
        font.SetFunctionsOpenType();
        font.SetScale(UnitsPerEm, UnitsPerEm);
        return font;
    }

    private Blob? Table(Face face, Tag tag)
    {
        if (!Typeface.TryGetTableData(tag, out var bytes) || bytes.Length == 0)
            return null;
        var memory = System.Runtime.InteropServices.Marshal.AllocHGlobal(bytes.Length);
        System.Runtime.InteropServices.Marshal.Copy(bytes, 0, memory, bytes.Length);
        return new Blob(memory, bytes.Length, MemoryMode.ReadOnly,
            () => System.Runtime.InteropServices.Marshal.FreeHGlobal(memory));
    }
}
