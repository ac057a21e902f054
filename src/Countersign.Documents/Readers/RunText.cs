using System.Text;

namespace Countersign.Documents.Readers;

/// <summary>A paragraph while it is read: its text, split where the role or its label changes, in order.</summary>
internal sealed class RunText
{
    private readonly List<(TextRole Role, string? Label, StringBuilder Text)> _runs = [];

    public void Add(string text, TextRole role, string? label)
    {
        if (text.Length == 0)
            return;
        if (_runs.Count == 0 || _runs[^1].Role != role || _runs[^1].Label != label)
            _runs.Add((role, label, new StringBuilder()));
        _runs[^1].Text.Append(text);
    }

    /// <summary>Hands the paragraph to the reading, and begins anew.</summary>
    public void Flush(Reading reading, Place place)
    {
        foreach (var (role, label, text) in _runs)
            reading.Text(text.ToString().Trim(), role, place, label);
        _runs.Clear();
    }
}

/// <summary>What the code of a Word field says.</summary>
internal static class FieldCode
{
    /// <summary>The words of a button stand on the page in its place. Any other code is shown to nobody, and is text in the file all the same.</summary>
    public static void Say(Reading reading, string code, Place place)
    {
        var words = code.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 3 && words[0].Equals("MACROBUTTON", StringComparison.OrdinalIgnoreCase))
            reading.Text(words[2].Trim(), TextRole.Field, place);
        else if (words.Length > 1)
            reading.Text(code.Trim(), TextRole.Metadata, place, "field");
    }
}
