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
