using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace Countersign.Documents.Readers;

/// <summary>
/// HTML pages and message bodies, as a browser shows them without running or fetching anything: a passage for each block. Text that is not shown is
/// told by the attributes and by the plain rules of its own style sheets (by tag, class or id); other selectors are not followed.
/// </summary>
internal static partial class HtmlReader
{
    private const int MostElements = 400_000, MostOpenFormatting = 400, MostOpen = 4000;

    public static void Read(Reading reading) => Read(reading, Decode(reading.Bytes.Span, null), "");

    /// <summary>The characters of a page: by its mark, by what came with it, by its own meta element (HTML 13.2.3.2), else by what reads best.</summary>
    public static string Decode(ReadOnlySpan<byte> bytes, string? declared)
    {
        if (declared is null or "")
        {
            var head = Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, 4096)]);
            if (MetaCharset().Match(head) is { Success: true } said)
                declared = said.Groups[1].Value;
        }
        return Charsets.Decode(bytes, declared);
    }

    public static void Read(Reading reading, string html, string part)
    {
        reading.Pay(html.Length);
        if (IsBomb(html))
        {
            reading.Text(string.Join('\n', Tags().Split(html)), TextRole.Body, new Place(part));
            reading.Unreadable(UnreadReason.TooMany, new Place(part), "Its elements lie too deep in one another; the text was read, and not what of it is shown.");
            return;
        }
        var elements = 0;
        var parser = new HtmlParser(new HtmlParserOptions
        {
            IsScripting = false,
            OnCreated = (_, _) =>
            {
                reading.Tick();
                if (++elements > MostElements)
                    throw new BoundReachedException(UnreadReason.TooMany, $"It has more than {MostElements} elements.");
            },
        });
        using var page = parser.ParseDocument(html);
        new Walk(reading, page, part).Run();
    }

    /// <summary>Pages whose open formatting elements multiply at every new block (HTML 13.2.4.3), or that nest without end.</summary>
    private static bool IsBomb(string html)
    {
        int formatting = 0, open = 0, most = 0, mostFormatting = 0;
        for (var at = html.IndexOf('<'); at >= 0 && at + 1 < html.Length; at = html.IndexOf('<', at + 1))
        {
            var closes = html[at + 1] == '/';
            var from = at + (closes ? 2 : 1);
            var to = from;
            while (to < html.Length && to - from < 12 && char.IsAsciiLetterOrDigit(html[to])) to++;
            if (to == from)
                continue;
            var name = html[from..to].ToLowerInvariant();
            if (name is "br" or "img" or "hr" or "input" or "meta" or "link" or "p" or "li" or "td" or "tr" or "th" or "option" or "col" or "dt" or "dd" or "area" or "base" or "wbr" or "source")
                continue;
            if (name is "a" or "b" or "big" or "code" or "em" or "font" or "i" or "nobr" or "s" or "small" or "strike" or "strong" or "tt" or "u")
                mostFormatting = Math.Max(mostFormatting, formatting = Math.Max(0, formatting + (closes ? -1 : 1)));
            most = Math.Max(most, open = Math.Max(0, open + (closes ? -1 : 1)));
        }
        return mostFormatting > MostOpenFormatting || most > MostOpen;
    }

    [GeneratedRegex("""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_\-:.]{2,40})""", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex MetaCharset();

    [GeneratedRegex("<[^<>]*>", RegexOptions.None, 5000)]
    private static partial Regex Tags();

    [GeneratedRegex(@"([^{}]+)\{([^{}]*)\}", RegexOptions.None, 2000)]
    private static partial Regex Rule();

    /// <summary>How an element is shown, as far as it is told: what its children inherit.</summary>
    private readonly record struct Look(bool Gone, bool Invisible, uint Colour, uint Ground, bool Reversed);

    private sealed class Walk(Reading reading, AngleSharp.Html.Dom.IHtmlDocument page, string part)
    {
        private const uint White = 0xFFFFFF, Black = 0;

        private static readonly System.Buffers.SearchValues<char> Combining = System.Buffers.SearchValues.Create(" >+~:[*@");

        private readonly Dictionary<string, List<(string Property, string Value)>> _rules = new(StringComparer.OrdinalIgnoreCase);
        private readonly StringBuilder _shown = new(), _hidden = new();
        private int _block = 1;

        private Place Here => new(part, 0, _block);

        public void Run()
        {
            foreach (var style in page.QuerySelectorAll("style"))
                AddRules(style.TextContent);
            Visit(page, new Look(false, false, Black, White, false), 0);
            EndBlock();
        }

        private void AddRules(string css)
        {
            if (css.Length > 500_000)
                return;
            foreach (Match rule in Rule().Matches(css))
            {
                reading.Tick();
                var said = Declarations(rule.Groups[2].Value).ToList();
                if (said.Count == 0)
                    continue;
                foreach (var selector in rule.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                {
                    if (selector.AsSpan().IndexOfAny(Combining) >= 0)
                        continue;
                    if (!_rules.TryGetValue(selector, out var all))
                        _rules[selector] = all = [];
                    all.AddRange(said);
                }
            }
        }

        private static IEnumerable<(string Property, string Value)> Declarations(string style)
        {
            foreach (var declaration in style.Split(';'))
            {
                var colon = declaration.IndexOf(':');
                if (colon > 0)
                    yield return (declaration[..colon].Trim().ToLowerInvariant(), declaration[(colon + 1)..].Replace("!important", "", StringComparison.OrdinalIgnoreCase).Trim().ToLowerInvariant());
            }
        }

        private void Visit(INode node, Look look, int depth)
        {
            reading.Tick();
            switch (node)
            {
                case IComment comment:
                    VisitComment(comment.Data);
                    return;
                case IText text:
                    Add(text.Data, look);
                    return;
                case IElement element:
                    VisitElement(element, look, depth);
                    return;
                default:
                    foreach (var child in node.ChildNodes)
                        Visit(child, look, depth + 1);
                    return;
            }
        }

        private void VisitComment(string data)
        {
            // Outlook's conditional comments hold settings and layout for one program; what of it is text is hidden from all others.
            var text = Tags().Replace(data, " ").Trim();
            if (text.Length > 0 && !(data.StartsWith("[if", StringComparison.OrdinalIgnoreCase) && data.Contains("<xml", StringComparison.OrdinalIgnoreCase)) && text is not ("[if !mso]>" or "<![endif]" or "[endif]"))
                reading.Text(text, TextRole.Hidden, Here);
        }

        private void VisitElement(IElement element, Look look, int depth)
        {
            var name = element.LocalName;
            switch (name)
            {
                case "script" or "applet":
                    var source = element.GetAttribute("src");
                    reading.Found(OddityKind.Macro, Here, source ?? Short(element.TextContent));
                    if (element.TextContent.Length > 40) reading.Text(element.TextContent, TextRole.Hidden, Here);
                    return;
                case "style":
                    return;
                case "title":
                    reading.Text(element.TextContent.Trim(), TextRole.Metadata, new Place(part), MetadataLabels.Title);
                    return;
                case "meta":
                    VisitMeta(element);
                    return;
                case "br":
                    _shown.Append('\n');
                    return;
                case "wbr":
                    return;
                case "template" when element is AngleSharp.Html.Dom.IHtmlTemplateElement template:
                    foreach (var child in template.Content.ChildNodes)
                        Visit(child, look with { Gone = true }, depth + 1);
                    return;
            }
            foreach (var attribute in element.Attributes)
                VisitAttribute(name, attribute.Name, attribute.Value);
            look = LookOf(element, name, look);
            if (name == "input" && element.GetAttribute("type") is "hidden")
                look = look with { Gone = true };
            if (name is "input" or "button" or "progress" && element.GetAttribute("value") is { Length: > 0 } value)
                reading.Text(value, Hides(look) ? TextRole.Hidden : TextRole.Field, Here);
            if (name == "textarea" && !Hides(look))
            {
                reading.Text(element.TextContent, TextRole.Field, Here);
                return;
            }
            var block = IsBlock(name);
            if (block) EndBlock();
            if (name is "td" or "th" or "option" && _shown.Length > 0) _shown.Append('\t');
            if (depth > 20_000)
                Add(element.TextContent, look);
            else
                foreach (var child in element.ChildNodes)
                    Visit(child, look, depth + 1);
            if (block) EndBlock();
        }

        private void VisitMeta(IElement element)
        {
            var content = element.GetAttribute("content");
            var name = element.GetAttribute("name") ?? element.GetAttribute("property");
            if (content is null)
                return;
            if (element.GetAttribute("http-equiv") is { } told)
            {
                if (told.Equals("refresh", StringComparison.OrdinalIgnoreCase) && content.Contains("url", StringComparison.OrdinalIgnoreCase))
                    reading.Found(OddityKind.ExternalLink, Here, Short(content));
                return;
            }
            var label = name?.ToLowerInvariant() switch
            {
                "author" => MetadataLabels.Author,
                "keywords" => MetadataLabels.Keywords,
                "description" => MetadataLabels.Description,
                "generator" => MetadataLabels.Program,
                "subject" => MetadataLabels.Subject,
                _ => name,
            };
            if (name is not "viewport")
                reading.Text(content, TextRole.Metadata, new Place(part), label);
        }

        private void VisitAttribute(string name, string attribute, string value)
        {
            if (value.Length == 0)
                return;
            switch (attribute)
            {
                case "alt" or "title" or "aria-label" or "placeholder" or "summary":
                    reading.Text(value, TextRole.AltText, Here);
                    break;
                case "src" or "background" or "poster" or "data" or "srcset":
                    Address(value);
                    break;
                case "href" or "xlink:href" when name is "link" or "image" or "use":
                    Address(value);
                    break;
                case "href" or "action" when value.StartsWith("data:", StringComparison.OrdinalIgnoreCase):
                    Address(value);
                    break;
                case "srcdoc":
                    var inner = Encoding.UTF8.GetBytes(value);
                    reading.Pay(inner.Length);
                    reading.Part(inner, "", Here, DocumentKind.Html);
                    break;
                default:
                    if (attribute.StartsWith("on", StringComparison.Ordinal) && attribute.Length > 4)
                        reading.Found(OddityKind.Macro, Here, Short(value));
                    else if (attribute.StartsWith("data-", StringComparison.Ordinal) && value.Length > 40 && value.AsSpan().Count(' ') > 4)
                        reading.Text(value, TextRole.Hidden, Here);
                    break;
            }
        }

        private void Address(string address)
        {
            address = address.Trim();
            if (address.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
                ReadData(address);
            else if (address.StartsWith("http", StringComparison.OrdinalIgnoreCase) || address.StartsWith("//", StringComparison.Ordinal) || address.StartsWith("ftp:", StringComparison.OrdinalIgnoreCase) || address.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
                reading.Found(OddityKind.ExternalLink, Here, Short(address));
        }

        /// <summary>A document inside an address (RFC 2397).</summary>
        private void ReadData(string address)
        {
            var comma = address.IndexOf(',');
            if (comma < 0)
                return;
            reading.Pay(address.Length);
            var head = address[..comma];
            var body = Uri.UnescapeDataString(address[(comma + 1)..]);
            if (!head.Contains(";base64", StringComparison.OrdinalIgnoreCase))
            {
                reading.Part(Encoding.UTF8.GetBytes(body), "", Here, head.Contains("html", StringComparison.OrdinalIgnoreCase) ? DocumentKind.Html : DocumentKind.Text);
                return;
            }
            var letters = string.Concat(body.Where(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '/'));
            if (letters.Length % 4 == 1) letters = letters[..^1];
            reading.Part(Convert.FromBase64String(letters.PadRight((letters.Length + 3) / 4 * 4, '=')), "", Here, head.Contains("html", StringComparison.OrdinalIgnoreCase) ? DocumentKind.Html : null);
        }

        private Look LookOf(IElement element, string name, Look look)
        {
            if (element.HasAttribute("hidden") || name is "noembed" or "noframes" or "datalist")
                look = look with { Gone = true };
            if (name == "bdo" && element.GetAttribute("dir") is { } way)
                look = look with { Reversed = way.Equals("rtl", StringComparison.OrdinalIgnoreCase) };
            if (Colour(element.GetAttribute("bgcolor")) is { } ground)
                look = look with { Ground = ground };
            if (Colour(element.GetAttribute(name == "body" ? "text" : "color")) is { } colour)
                look = look with { Colour = colour };
            var rightToLeft = false;
            var overridden = false;
            foreach (var (property, value) in StylesOf(element, name))
                switch (property)
                {
                    case "display" when value == "none":
                    case "opacity" when Number(value) is <= 0.05:
                    case "mso-hide" when value == "all":
                        look = look with { Gone = true };
                        break;
                    case "display" when look.Gone && value is "block" or "inline":
                        break; // a parent that is not shown shows no child
                    case "visibility":
                        look = look with { Invisible = value is "hidden" or "collapse" };
                        break;
                    case "font-size":
                        if (Number(value) is { } size)
                            look = look with { Invisible = size <= 0 || (size <= 1 && (value.EndsWith("px", StringComparison.Ordinal) || value.EndsWith("pt", StringComparison.Ordinal))) };
                        break;
                    case "font" when value.StartsWith('0') || value.Contains(" 0px", StringComparison.Ordinal) || value.Contains(" 1px", StringComparison.Ordinal) || value.Contains(" 0/", StringComparison.Ordinal):
                        look = look with { Invisible = true };
                        break;
                    case "color":
                        look = value is "transparent" || (value.StartsWith("rgba", StringComparison.Ordinal) && value.EndsWith(",0)", StringComparison.Ordinal)) ? look with { Colour = look.Ground }
                            : Colour(value) is { } c ? look with { Colour = c } : look;
                        break;
                    case "background-color" or "background":
                        if (value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Colour).FirstOrDefault(c => c is not null) is { } b) look = look with { Ground = b };
                        break;
                    case "max-height" or "height" or "max-width" or "width" when Number(value) is <= 1 && !value.Contains('%', StringComparison.Ordinal) && !value.EndsWith("em", StringComparison.Ordinal) && Clips(element, name):
                        look = look with { Gone = true };
                        break;
                    case "left" or "top" or "right" or "bottom" or "text-indent" or "margin-left" or "margin-top" when Number(value) is <= -500:
                        look = look with { Gone = true };
                        break;
                    case "clip" when value.Replace(" ", "", StringComparison.Ordinal) is "rect(0,0,0,0)" or "rect(0px,0px,0px,0px)" or "rect(1px,1px,1px,1px)":
                        look = look with { Gone = true };
                        break;
                    case "direction":
                        rightToLeft = value == "rtl";
                        break;
                    case "unicode-bidi":
                        overridden = value is "bidi-override" or "isolate-override";
                        break;
                }
            return overridden ? look with { Reversed = rightToLeft || element.GetAttribute("dir") is "rtl" } : look;
        }

        private bool Clips(IElement element, string name) => StylesOf(element, name).Any(s => s is ("overflow" or "overflow-y" or "overflow-x", "hidden"));

        private IEnumerable<(string Property, string Value)> StylesOf(IElement element, string name)
        {
            if (_rules.Count > 0)
            {
                if (_rules.TryGetValue(name, out var byName))
                    foreach (var rule in byName) yield return rule;
                foreach (var style in element.ClassList)
                {
                    if (_rules.TryGetValue("." + style, out var byClass))
                        foreach (var rule in byClass) yield return rule;
                    if (_rules.TryGetValue(name + "." + style, out byClass))
                        foreach (var rule in byClass) yield return rule;
                }
                if (element.Id is { } id && (_rules.TryGetValue("#" + id, out var byId) || _rules.TryGetValue(name + "#" + id, out byId)))
                    foreach (var rule in byId) yield return rule;
            }
            if (element.GetAttribute("style") is { } own)
                foreach (var rule in Declarations(own)) yield return rule;
        }

        private static bool Hides(Look look) => look.Gone || look.Invisible || Near(look.Colour, look.Ground);

        private static bool Near(uint a, uint b) =>
            Math.Abs((int)(a >> 16 & 255) - (int)(b >> 16 & 255)) + Math.Abs((int)(a >> 8 & 255) - (int)(b >> 8 & 255)) + Math.Abs((int)(a & 255) - (int)(b & 255)) <= 12;

        private void Add(string text, Look look)
        {
            var hides = Hides(look);
            if (hides && string.IsNullOrWhiteSpace(text))
                return;
            if (look.Reversed)
                text = Reverse(text);
            var to = hides ? _hidden : _shown;
            if (to.Length + text.Length > 1 << 20)
                EndBlock();
            // White space collapses (CSS Text 4.1.1); what is preformatted loses nothing by it.
            foreach (var c in text)
                if (c is ' ' or '\t' or '\r' or '\n' or '\f')
                {
                    if (to.Length > 0 && to[^1] is not (' ' or '\n' or '\t')) to.Append(' ');
                }
                else
                    to.Append(c);
        }

        private static string Reverse(string text)
        {
            var letters = StringInfo.ParseCombiningCharacters(text);
            var reversed = new StringBuilder(text.Length);
            for (var i = letters.Length - 1; i >= 0; i--)
                reversed.Append(text, letters[i], (i + 1 < letters.Length ? letters[i + 1] : text.Length) - letters[i]);
            return reversed.ToString();
        }

        private void EndBlock()
        {
            if (_shown.Length == 0 && _hidden.Length == 0)
                return;
            var shown = _shown.ToString().Trim();
            var hidden = _hidden.ToString().Trim();
            _shown.Clear();
            _hidden.Clear();
            reading.Text(shown, TextRole.Body, Here);
            reading.Text(hidden, TextRole.Hidden, Here);
            if (shown.Length + hidden.Length > 0) _block++;
        }

        private static bool IsBlock(string name) => name is "p" or "div" or "h1" or "h2" or "h3" or "h4" or "h5" or "h6" or "li" or "ul" or "ol" or "dl" or "dt" or "dd" or "tr" or "table"
            or "tbody" or "thead" or "tfoot" or "caption" or "blockquote" or "pre" or "hr" or "section" or "article" or "header" or "footer" or "nav" or "main" or "aside" or "address"
            or "figure" or "figcaption" or "form" or "fieldset" or "legend" or "details" or "summary" or "body" or "html" or "center" or "select" or "iframe" or "object" or "noscript" or "svg" or "dialog";

        private static string Short(string text) => text.Length <= 200 ? text : text[..200];

        private static double? Number(string value)
        {
            var to = 0;
            while (to < value.Length && (char.IsAsciiDigit(value[to]) || value[to] is '.' or '-' or '+')) to++;
            return double.TryParse(value.AsSpan(0, to), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
        }

        private static uint? Colour(string? value)
        {
            if (string.IsNullOrWhiteSpace(value))
                return null;
            value = value.Trim().ToLowerInvariant();
            if (value[0] == '#')
            {
                var digits = value.Length is 4 or 5 ? string.Concat(value.Skip(1).Take(3).SelectMany(c => new[] { c, c })) : value.Length >= 7 ? value[1..7] : "";
                return uint.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var colour) ? colour : null;
            }
            if (value.StartsWith("rgb", StringComparison.Ordinal) && value.IndexOf('(') is > 0 and var open)
            {
                var parts = value[(open + 1)..].TrimEnd(')').Split(',', ' ', '/').Where(s => s.Length > 0).Take(3).Select(Number).ToArray();
                return parts.Length == 3 && parts.All(p => p is >= 0 and <= 255) ? (uint)parts[0]! << 16 | (uint)parts[1]! << 8 | (uint)parts[2]! : null;
            }
            return value switch
            {
                "white" or "window" => 0xFFFFFF,
                "black" or "windowtext" => 0,
                "red" => 0xFF0000,
                "lime" => 0x00FF00,
                "green" => 0x008000,
                "blue" => 0x0000FF,
                "yellow" => 0xFFFF00,
                "gray" or "grey" => 0x808080,
                "silver" => 0xC0C0C0,
                "navy" => 0x000080,
                "snow" => 0xFFFAFA,
                "whitesmoke" => 0xF5F5F5,
                "ivory" => 0xFFFFF0,
                _ => null,
            };
        }
    }
}
