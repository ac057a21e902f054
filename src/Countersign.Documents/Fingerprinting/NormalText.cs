namespace Countersign.Documents;

/// <summary>
/// A text as it is compared: letters and digits alone, folded, so that what looks the same is the same; between digits that something stands
/// between, one <see cref="Separator"/>. A key for matching, not a text to read. What is equal and what stays different:
/// docs/decisions/0004-fingerprints.md.
/// </summary>
public sealed class NormalText
{
    /// <summary>Stands for whatever stands between two digits.</summary>
    internal const char Separator = ' ';

    private readonly string _source;
    private readonly char[] _letters;
    private readonly int[] _sources;
    private int[]? _wordStarts;

    private NormalText(string source, char[] letters, int[] sources)
    {
        _source = source;
        _letters = letters;
        _sources = sources;
    }

    /// <summary>The folded UTF-16 units.</summary>
    public ReadOnlySpan<char> Letters => _letters;

    /// <summary>Where the letter stands in the source (in UTF-16 units); for a separator, where the digit after it stands.</summary>
    public int SourceOf(int letter) => _sources[letter];

    /// <summary>
    /// The letters with which words begin: after white space or punctuation in the source, but not after a lone apostrophe or a hyphen at a line's
    /// end, nor within a number.
    /// </summary>
    public ReadOnlySpan<int> WordStarts => _wordStarts ??= FindWordStarts();

    public static NormalText Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var writer = new NormalLetters.Writer(new char[text.Length + NormalLetters.Slack], new int[text.Length + NormalLetters.Slack]);
        NormalLetters.FoldAll(text, ref writer, Lanes.Scalar);
        return new NormalText(text, writer.Letters[..writer.Count], writer.Sources![..writer.Count]);
    }

    /// <summary>Normalises passages one after the other; sources are positions in the passages joined by one line end each.</summary>
    public static NormalText Of(IEnumerable<string> passages) => Of(string.Join('\n', passages));

    private int[] FindWordStarts()
    {
        var starts = new List<int>();
        for (var i = 0; i < _letters.Length; i++)
            if (i == 0 || Divides(i))
                starts.Add(i);
        return [.. starts];
    }

    private bool Divides(int letter)
    {
        if (_letters[letter] == Separator || _letters[letter - 1] == Separator)
            return false;
        // In a line that was turned the letter before stands behind.
        var (from, to) = _sources[letter] < _sources[letter - 1] ? (_sources[letter] + 1, _sources[letter - 1]) : (_sources[letter - 1] + 1, _sources[letter]);
        if (from >= to)
            return false;
        var gap = _source.AsSpan(from, to - from);
        if (gap is ['\'' or '\u2019' or '\u02BC' or '\u00B4' or '`'] || NormalLetters.ArePassedOver(gap))
            return false;
        return gap[0] is not ('-' or '\u2010' or '\u00AD') || !gap.Contains('\n');
    }
}
