using System.Collections.Concurrent;
using HarfBuzzSharp;

namespace Countersign.Documents.Typesetting;

/// <summary>
/// The fonts at hand: the machine's own, found by walking its font folders once per process, and Inter, which
/// Countersign carries so that a machine without fonts still sets Latin, Greek and Cyrillic letters.
/// </summary>
internal sealed class FontShelf
{
    private const int MostFiles = 20_000, MostDepth = 8;

    private static readonly string[] TextFamilies =
        ["Noto Sans", "Noto Serif", "DejaVu Sans", "Liberation Sans", "Carlito", "Arial", "Segoe UI",
            "Helvetica Neue", "Inter"];

    private static readonly Dictionary<string, string[]> ScriptFamilies = new(StringComparer.Ordinal)
    {
        ["Arab"] = ["Noto Naskh Arabic", "Amiri", "Scheherazade New", "Noto Sans Arabic", "Geeza Pro"],
        ["Hani"] = ["Noto Sans CJK SC", "Noto Sans SC", "Noto Sans CJK JP", "Microsoft YaHei", "PingFang SC"],
        ["Hira"] = ["Noto Sans CJK JP", "Noto Sans JP", "Yu Gothic", "Hiragino Sans"],
        ["Kana"] = ["Noto Sans CJK JP", "Noto Sans JP", "Yu Gothic", "Hiragino Sans"],
        ["Hang"] = ["Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "Apple SD Gothic Neo"],
    };

    private static readonly Lazy<FontShelf> Found = new(() => new FontShelf(Walk(Folders())));
    private static readonly Lazy<FontShelf> Bare = new(() => new FontShelf([]));

    private readonly Dictionary<string, List<FontFace>> _families = new(StringComparer.OrdinalIgnoreCase);
    private readonly string[] _familyNames;
    private readonly ConcurrentDictionary<(int CodePoint, Script Script, bool Bold, bool Italic),
        FontFace?> _choices = new();

    private FontShelf(IEnumerable<FontFace> faces)
    {
        foreach (var face in faces.Concat(CarriedFonts.Faces))
        {
            if (!_families.TryGetValue(face.Family, out var list))
                _families.Add(face.Family, list = []);
            list.Add(face);
        }
        _familyNames = [.. _families.Keys.Order(StringComparer.Ordinal)];
    }

    /// <summary>The machine's fonts and ours.</summary>
    public static FontShelf OfThisMachine => Found.Value;

    /// <summary>Ours alone: what a machine without fonts has.</summary>
    public static FontShelf OfNoMachine => Bare.Value;

    /// <summary>The face that sets a code point in this style, best first by script; null where no font covers
    /// it.</summary>
    public FontFace? Find(int codePoint, Script script, bool bold, bool italic) =>
        _choices.GetOrAdd((codePoint, script, bold, italic), Choose);

    private FontFace? Choose((int CodePoint, Script Script, bool Bold, bool Italic) wish)
    {
        foreach (var family in Preferred(wish.Script.ToString()))
            if (_families.TryGetValue(family, out var faces) && Best(faces, wish.Bold, wish.Italic,
                wish.CodePoint) is { } face)
                return face;
        // Any other font, in an order that does not depend on the disk; fixed-pitch and picture fonts last or never.
        return _familyNames
            .Where(name => !name.Contains("Emoji", StringComparison.OrdinalIgnoreCase))
            .OrderBy(name => name.StartsWith("Noto Sans", StringComparison.Ordinal) ? 0
                : name.StartsWith("Noto", StringComparison.Ordinal) ? 1
                : name.Contains("Mono", StringComparison.Ordinal) ? 3 : 2)
            .ThenBy(name => name, StringComparer.Ordinal)
            .Select(name => Best(_families[name], wish.Bold, wish.Italic, wish.CodePoint))
            .FirstOrDefault(face => face is not null);
    }

    private static IEnumerable<string> Preferred(string script) =>
        ScriptFamilies.TryGetValue(script, out var own) ? own.Concat(TextFamilies) : TextFamilies;

    private static FontFace? Best(List<FontFace> faces, bool bold, bool italic, int codePoint) => faces
        .Where(face => face.Covers(codePoint))
        .OrderBy(face => Math.Abs(face.Weight - (bold ? 700 : 400)) + (face.Italic == italic ? 0 : 1000))
        .FirstOrDefault();

    private static IEnumerable<string> Folders()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsWindows())
            return [Environment.GetFolderPath(Environment.SpecialFolder.Fonts)];
        if (OperatingSystem.IsMacOS())
            return ["/System/Library/Fonts", "/Library/Fonts", Path.Combine(home, "Library/Fonts")];
        return ["/usr/share/fonts", "/usr/local/share/fonts", Path.Combine(home, ".fonts"),
            Path.Combine(home, ".local/share/fonts")];
    }

    /// <summary>Every usable face below the folders, ordered by path: TrueType before others, since only it is made
    /// smaller.</summary>
    private static List<FontFace> Walk(IEnumerable<string> folders)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = MostDepth,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.System,
        };
        string[] endings = [".ttf", ".otf", ".ttc"];
        return folders
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", options).Take(MostFiles))
            .Where(path => endings.Contains(Path.GetExtension(path).ToLowerInvariant()))
            .OrderBy(path => Array.IndexOf(endings, Path.GetExtension(path).ToLowerInvariant()) == 0 ? 0 : 1)
            .ThenBy(path => path, StringComparer.Ordinal)
            .Select(FontFace.FromFile)
            .OfType<FontFace>()
            .ToList();
    }
}
