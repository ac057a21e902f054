using System.Buffers.Binary;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;

namespace Countersign.Documents.Typesetting;

/// <summary>
/// Inter (SIL Open Font License 1.1), read out of the package that brings it. The package's assembly is embedded as
/// data and never loaded: its fonts lie in one manifest resource, an index followed by the files. See
/// docs/decisions/fonts.md.
/// </summary>
internal static class CarriedFonts
{
    private static readonly string[] Wanted = ["Inter-Regular.ttf", "Inter-Bold.ttf"];
    private static readonly Lazy<FontFace[]> Loaded = new(() => [.. ReadFonts().Select(FontFace.FromBytes)]);

    public static IReadOnlyList<FontFace> Faces => Loaded.Value;

    /// <summary>The bold face, for words stamped on other people's pages.</summary>
    public static FontFace BoldFace => Loaded.Value[1];

    private static byte[][] ReadFonts()
    {
        using var stream = typeof(CarriedFonts).Assembly.GetManifestResourceStream("carried-fonts.dll")
            ?? throw new InvalidOperationException("This build of Countersign.Documents carries no fonts.");
        using var assembly = new PEReader(stream);
        var metadata = assembly.GetMetadataReader();
        var handle = metadata.ManifestResources
            .First(h => metadata.StringComparer.Equals(metadata.GetManifestResource(h).Name, "!AvaloniaResources"));
        var resources = assembly.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress;
        var offset = checked(resources + (int)metadata.GetManifestResource(handle).Offset);
        // A manifest resource is its length (ECMA-335 II.24.2.4) and its bytes; ours begins with its index's length.
        var section = assembly.GetSectionData(offset).GetContent();
        var all = section.AsSpan(4, BinaryPrimitives.ReadInt32LittleEndian(section.AsSpan()));
        var indexLength = BinaryPrimitives.ReadInt32LittleEndian(all);
        using var index = new BinaryReader(new MemoryStream(all.Slice(4, indexLength).ToArray()), Encoding.UTF8);
        index.ReadInt32(); // the index's version
        var fonts = new byte[Wanted.Length][];
        for (var left = index.ReadInt32(); left > 0; left--)
        {
            var path = index.ReadString();
            var start = index.ReadInt32();
            var length = index.ReadInt32();
            var place = Array.IndexOf(Wanted, Path.GetFileName(path));
            if (place >= 0)
                fonts[place] = all.Slice(4 + indexLength + start, length).ToArray();
        }
        return fonts.All(f => f is not null) ? fonts
            : throw new InvalidOperationException(
                "The package that brings Inter no longer holds its regular and bold faces.");
    }
}
