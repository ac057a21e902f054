using System.Globalization;
using System.Xml;

namespace Countersign.Documents.Readers;

/// <summary>Reads OpenDocument texts and templates, packed or flat (ODF 1.3, parts 2 and 3).</summary>
internal sealed class OpenDocumentReader
{
    private struct Frame
    {
        public TextRole Role;
        public string? Label;
        public bool Skip, Text, White;
    }

    private readonly Reading _reading;
    private readonly HashSet<string> _hidden = new(StringComparer.Ordinal);

    private OpenDocumentReader(Reading reading) => _reading = reading;

    /// <summary>Reads the one XML file of a flat document.</summary>
    public static void ReadFlat(Reading reading) => new OpenDocumentReader(reading).Story(reading.Bytes.ToArray(), "");

    public static void Read(Reading reading)
    {
        using var package = new OfficePackage(reading);
        var encrypted = false;
        package.Xml("META-INF/manifest.xml", x => encrypted |= x.NodeType == XmlNodeType.Element && x.LocalName == "encryption-data");
        if (encrypted)
        {
            reading.Unreadable(UnreadReason.Encrypted, default, "It is encrypted.");
            return;
        }
        var reader = new OpenDocumentReader(reading);
        var styles = package.Bytes("styles.xml");
        if (styles is not null)
            reader.Story(styles, "styles");
        if (package.Bytes("content.xml") is { } content)
            reader.Story(content, "");
        else
            reading.Unreadable(UnreadReason.Damaged, default, "It has no text part.");
        if (package.Bytes("meta.xml") is { } meta)
            reader.Story(meta, "properties");
        foreach (var name in package.Names.ToList())
        {
            reading.Tick();
            if (name.EndsWith('/'))
                continue;
            if (name.StartsWith("Basic/", StringComparison.Ordinal) || name.StartsWith("Scripts/", StringComparison.Ordinal))
                reading.Found(OddityKind.Macro, new Place(name), name);
            else if (name.StartsWith("Versions/", StringComparison.Ordinal))
            {
                reading.Found(OddityKind.EarlierRevision, new Place(name), name);
                if (package.Bytes(name) is { } version)
                    reading.Part(version, Path.GetFileName(name), new Place(name));
            }
            else if (name.EndsWith("/content.xml", StringComparison.Ordinal))
            {
                reading.Found(OddityKind.EmbeddedObject, new Place(name), name);
                if (package.Bytes(name) is { } inner)
                    reader.Story(inner, name);
            }
            else if (name.StartsWith("Object", StringComparison.Ordinal) && !name.Contains('/', StringComparison.Ordinal))
            {
                reading.Found(OddityKind.EmbeddedObject, new Place(name), name);
                if (package.Bytes(name) is { } inner)
                    reading.Part(inner, name, new Place(name));
            }
        }
    }

    private static string? Attribute(XmlReader x, string local)
    {
        string? value = null;
        if (x.MoveToFirstAttribute())
        {
            do
                if (x.LocalName == local)
                    value = x.Value;
            while (value is null && x.MoveToNextAttribute());
            x.MoveToElement();
        }
        return value;
    }

    private void Story(byte[] bytes, string part)
    {
        var frames = new Stack<Frame>();
        var paragraphs = new Stack<RunText>();
        var top = new Frame { Role = TextRole.Body };
        var inserted = new HashSet<string>(StringComparer.Ordinal);
        var authors = new Dictionary<string, string>(StringComparer.Ordinal);
        var open = new List<string>();
        var number = 0;
        string? style = null, region = null, author = null;
        var names = new Stack<string>();
        RunText? Current() => paragraphs.Count > 0 ? paragraphs.Peek() : null;
        Place Here() => new(part, 0, number);

        void Put(string text)
        {
            if (top.Skip || !top.Text)
                return;
            var role = top.White && top.Role is not (TextRole.Deleted or TextRole.Comment) ? TextRole.Hidden
                : open.Count > 0 && top.Role is not (TextRole.Comment or TextRole.Hidden) ? TextRole.Inserted : top.Role;
            Current()?.Add(text, role, role == TextRole.Inserted ? authors.GetValueOrDefault(open[^1]) : top.Label);
        }

        void Begin(XmlReader x)
        {
            var name = x.LocalName;
            if (Attribute(x, "style-name") is { } used && _hidden.Contains(used))
                top.White = true;
            switch (name)
            {
                case "style" when x.Prefix == "style":
                    style = Attribute(x, "name");
                    if (Attribute(x, "parent-style-name") is { } parent && style is not null && _hidden.Contains(parent))
                        _hidden.Add(style);
                    break;
                case "text-properties" when style is not null:
                    var size = Attribute(x, "font-size");
                    if (Attribute(x, "display") == "none" || (string.Equals(Attribute(x, "color"), "#ffffff", StringComparison.OrdinalIgnoreCase) && Attribute(x, "background-color") is null or "transparent")
                        || (size is not null && size.EndsWith("pt", StringComparison.Ordinal) && double.TryParse(size[..^2], NumberStyles.Float, CultureInfo.InvariantCulture, out var points) && points <= 1))
                        _hidden.Add(style);
                    break;
                case "header" or "header-left" or "header-first" when x.Prefix == "style": top.Role = TextRole.Header; break;
                case "footer" or "footer-left" or "footer-first" when x.Prefix == "style": top.Role = TextRole.Footer; break;
                case "note-body": top.Role = TextRole.Footnote; break;
                case "text-box": top.Role = top.Role == TextRole.Body ? TextRole.TextBox : top.Role; break;
                case "annotation":
                    (top.Role, top.Text, author) = (TextRole.Comment, false, null);
                    break;
                case "tracked-changes":
                    if (Attribute(x, "track-changes") is not "false")
                        _reading.Found(OddityKind.TrackingOn);
                    break;
                case "changed-region": (region, author) = (Attribute(x, "id"), null); break;
                case "insertion" when region is not null: inserted.Add(region); break;
                case "deletion": top.Role = TextRole.Deleted; break;
                case "format-change": _reading.Found(OddityKind.TrackedFormatting, Here()); break;
                case "change-start" when Attribute(x, "change-id") is { } id && inserted.Contains(id): open.Add(id); break;
                case "change-end" when Attribute(x, "change-id") is { } id: open.Remove(id); break;
                case "p" or "h" when x.Prefix == "text":
                    number++;
                    top.Text = true;
                    if (top.Role is TextRole.Comment or TextRole.Deleted)
                        top.Label = author;
                    paragraphs.Push(new RunText());
                    break;
                case "s" when x.Prefix == "text":
                    Put(new string(' ', int.TryParse(Attribute(x, "c"), out var count) ? Math.Clamp(count, 1, 1000) : 1));
                    break;
                case "tab": Put("\t"); break;
                case "line-break": Put("\n"); break;
                case "hidden-text" or "hidden-paragraph": top.Role = TextRole.Hidden; break;
                case "section" when Attribute(x, "display") is "none" or "condition":
                    top.Role = TextRole.Hidden;
                    _reading.Found(OddityKind.HiddenPart, Here(), Attribute(x, "name") ?? "");
                    break;
                case "section-source" or "dde-connection-decl": _reading.Found(OddityKind.ExternalLink, Here(), Attribute(x, "href") ?? Attribute(x, "dde-topic") ?? ""); break;
                case "placeholder": _reading.Found(OddityKind.UnfilledField, Here(), Attribute(x, "description") ?? ""); break;
                case "database-display" or "text-input" or "user-field-get" or "variable-get": top.Role = top.Role == TextRole.Body ? TextRole.Field : top.Role; break;
                case "image" when x.Prefix == "draw":
                    _reading.Found(OddityKind.Picture, Here());
                    if (Attribute(x, "href") is { } address && address.Contains("://", StringComparison.Ordinal))
                        _reading.Found(OddityKind.ExternalLink, Here(), address);
                    break;
                case "title" or "desc" when x.Prefix == "svg": (top.Role, top.Text) = (TextRole.AltText, true); break;
                case "script" or "event-listener" when x.Prefix == "script" && part != "styles": _reading.Found(OddityKind.Macro, Here()); break;
                case "binary-data": top.Skip = true; break;
            }
        }

        static string? Meta(string element) => element switch
        {
            "title" => MetadataLabels.Title,
            "subject" => MetadataLabels.Subject,
            "initial-creator" => MetadataLabels.Author,
            "creator" => MetadataLabels.LastAuthor,
            "keyword" => MetadataLabels.Keywords,
            "description" => MetadataLabels.Description,
            "creation-date" => MetadataLabels.Created,
            "date" => MetadataLabels.Modified,
            "generator" => MetadataLabels.Program,
            "user-defined" => element,
            _ => null,
        };

        var inMeta = 0;
        string? property = null;
        OfficePackage.Xml(_reading, bytes, part, x =>
        {
            switch (x.NodeType)
            {
                case XmlNodeType.Element:
                    frames.Push(top);
                    Begin(x);
                    if (x.LocalName == "user-defined")
                        property = Attribute(x, "name");
                    if (x.IsEmptyElement)
                    {
                        if (x.LocalName is "p" or "h" && x.Prefix == "text")
                            paragraphs.Pop();
                        top = frames.Pop();
                    }
                    else
                    {
                        names.Push(x.LocalName);
                        inMeta += x.LocalName == "meta" ? 1 : 0;
                    }
                    break;
                case XmlNodeType.EndElement:
                    if (x.LocalName is "p" or "h" && x.Prefix == "text" && paragraphs.Count > 0)
                        paragraphs.Pop().Flush(_reading, Here());
                    names.Pop();
                    inMeta -= x.LocalName == "meta" ? 1 : 0;
                    top = frames.Pop();
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace:
                    var inside = names.Count > 0 ? names.Peek() : "";
                    if (inMeta > 0)
                    {
                        if (Meta(inside) is { } label)
                            _reading.Text(x.Value, TextRole.Metadata, new Place("properties"), inside == "user-defined" ? property : label);
                    }
                    else if (inside == "creator")
                    {
                        author = x.Value;
                        if (region is not null)
                            authors[region] = author;
                    }
                    else if (inside is "title" or "desc")
                        _reading.Text(x.Value, top.Role, Here());
                    else if (inside != "date")
                        Put(x.Value.Replace('\n', ' ').Replace('\r', ' ').Replace('\t', ' '));
                    break;
            }
        });
        while (paragraphs.Count > 0)
            paragraphs.Pop().Flush(_reading, Here());
    }
}
