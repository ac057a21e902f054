using System.Text;
using SkiaSharp;

namespace Countersign.Documents.Typesetting;

/// <summary>How a piece of text looks. <paramref name="Link"/> is an http, https or mailto address, or null.</summary>
internal readonly record struct TextStyle(float Size, bool Bold = false, bool Italic = false, SKColor Color = default,
    string? Link = null);

/// <summary>One paragraph's text with its styles; a line feed is a line break the author asked for.</summary>
internal sealed class StyledText
{
    private readonly StringBuilder _text = new();
    private readonly List<(int Start, TextStyle Style)> _styles = [];

    public StyledText() { }

    public StyledText(string text, TextStyle style) => Add(text, style);

    public int Length => _text.Length;

    public string Text => _text.ToString();

    public void Add(string text, TextStyle style)
    {
        if (text.Length == 0) return;
        if (_styles.Count == 0 || _styles[^1].Style != style)
            _styles.Add((_text.Length, style));
        _text.Append(text);
    }

    /// <summary>The same text with every style changed.</summary>
    public StyledText With(Func<TextStyle, TextStyle> change)
    {
        var changed = new StyledText();
        var text = Text;
        for (var i = 0; i < _styles.Count; i++)
        {
            var end = i + 1 < _styles.Count ? _styles[i + 1].Start : text.Length;
            changed.Add(text[_styles[i].Start..end], change(_styles[i].Style));
        }
        return changed;
    }

    /// <summary>The stretches of one style, in order.</summary>
    public IReadOnlyList<(int Start, TextStyle Style)> Styles => _styles;
}
