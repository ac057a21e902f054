using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countersign.Gate.Index;

/// <summary>
/// Which files make up an index. As a file: lines of ASCII, the last of which is "sum" and SHA-256 of all before it; what does not come out the same when written
/// again was not written by this.
/// </summary>
/// <param name="Next">The number that no file had yet.</param>
/// <param name="Highest">The highest text ever added; −1 where there was none.</param>
/// <param name="Log">The log's number.</param>
/// <param name="Segments">The segments' numbers.</param>
/// <param name="Notes">Texts forgotten, each with what <paramref name="Next"/> was then: files of lower numbers may hold it.</param>
internal sealed record Manifest(long Next, int Highest, long Log, IReadOnlyList<long> Segments, IReadOnlyDictionary<int, long> Notes)
{
    public const string FileName = "manifest", Unfinished = "manifest.new";

    /// <summary>The name of a log or segment.</summary>
    public static string NameOf(string what, long number) => string.Create(CultureInfo.InvariantCulture, $"{what}-{number:D8}");

    /// <summary>Whether this is the name of a file that an index makes.</summary>
    public static bool IsOurs(string name) => name is FileName or Unfinished || name.Split('-') is ["log" or "segment", { Length: >= 8 } number] && number.All(char.IsAsciiDigit);

    public byte[] ToBytes()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"countersign-index 2\nnext {Next}\nhighest {Highest}\nlog {Log}\n");
        foreach (var segment in Segments)
            text.Append(CultureInfo.InvariantCulture, $"segment {segment}\n");
        foreach (var (forgotten, since) in Notes.OrderBy(n => n.Key))
            text.Append(CultureInfo.InvariantCulture, $"forgotten {forgotten} {since}\n");
        text.Append(CultureInfo.InvariantCulture, $"sum {Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text.ToString())))}\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>Reads it; null when it is damaged.</summary>
    public static Manifest? Parse(byte[] bytes)
    {
        var (next, highest, log) = (-1L, -1L, -1L);
        var segments = new List<long>();
        var notes = new Dictionary<int, long>();
        foreach (var line in Encoding.ASCII.GetString(bytes).Split('\n'))
        {
            var words = line.Split(' ');
            if (words.Length < 2 || !long.TryParse(words[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
                continue;
            switch (words[0])
            {
                case "next":
                    next = number;
                    break;
                case "highest":
                    highest = number;
                    break;
                case "log":
                    log = number;
                    break;
                case "segment":
                    segments.Add(number);
                    break;
                case "forgotten" when words.Length == 3 && number is >= 0 and <= int.MaxValue && long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var since):
                    notes[(int)number] = since;
                    break;
            }
        }
        if (highest is < -1 or > int.MaxValue)
            return null;
        var read = new Manifest(next, (int)highest, log, segments, notes);
        return read.ToBytes().AsSpan().SequenceEqual(bytes) ? read : null;
    }
}
