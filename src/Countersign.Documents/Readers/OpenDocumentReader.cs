using System.Globalization;
using System.Xml;

namespace Countersign.Documents.Readers;

/// <summary>Reads OpenDocument texts and templates, packed or flat (ODF 1.3, parts 2 and 3).</summary>
internal sealed class OpenDocumentReader
{
    /// <summary>How text looks, by a style alone or by all that applies; null where nothing is said. <see cref="Shaded"/>: on a background other than white.</summary>
    private readonly record struct Look(bool? Gone, bool? White, bool? Tiny, bool? Shaded)
    {
        public Look Over(Look under) => new(Gone ?? under.Gone, White ?? under.White, Tiny ?? under.Tiny, Shaded ?? under.Shaded);

        public bool IsHidden => Gone == true || Tiny == true || (White == true && Shaded != true);
    }

    private sealed class Style(string? parent)
    {
        public readonly string? Parent = parent;
        public Look Look;
    }

    private struct Frame
    {
        public TextRole Role;
        public string? Label;
        public bool Skip, Text;
        public Look Look;
    }

    private readonly Reading _reading;
    private readonly Dictionary<(string Family, string Name), Style> _styles = [];
    private readonly Dictionary<string, Look> _defaults = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _spaces = new(StringComparer.Ordinal);
    private bool _pageShaded, _marginShaded;

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
            if ((name.StartsWith("Basic/", StringComparison.Ordinal) && Path.GetFileName(name) is not ("script-lc.xml" or "script-lb.xml")) || name.StartsWith("Scripts/", StringComparison.Ordinal))
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

    /// <summary>The short name of an element's namespace: <c>text</c> for <c>urn:oasis:names:tc:opendocument:xmlns:text:1.0</c>, whatever its prefix.</summary>
    private string Space(XmlReader x)
    {
        var address = x.NamespaceURI;
        if (_spaces.TryGetValue(address, out var known))
            return known;
        const string Before = "urn:oasis:names:tc:opendocument:xmlns:";
        var name = address.StartsWith(Before, StringComparison.Ordinal) ? address[Before.Length..].Split(':')[0]
            : address == "http://purl.org/dc/elements/1.1/" ? "dc" : "";
        if (_spaces.Count < 1000)
            _spaces[address] = name;
        return name;
    }

    /// <summary>What the properties of a style say (ODF 1.3 part 3, 20.175 and those around it).</summary>
    private static Look Properties(XmlReader x, bool ofText)
    {
        bool? shaded = Attribute(x, "background-color") switch
        {
            null or "transparent" => null,
            var color => !IsWhite(color),
        };
        if (Attribute(x, "fill") is not (null or "none"))
            shaded = Attribute(x, "fill") != "solid" || !IsWhite(Attribute(x, "fill-color"));
        if (!ofText)
            return new Look(null, null, null, shaded);
        bool? white = Attribute(x, "use-window-font-color") == "true" ? false : Attribute(x, "color") is { } ink ? IsWhite(ink) : null;
        bool? tiny = Attribute(x, "font-size") is { } size && size.EndsWith("pt", StringComparison.Ordinal)
            && double.TryParse(size[..^2], NumberStyles.Float, CultureInfo.InvariantCulture, out var points) ? points <= 1 : null;
        bool? gone = Attribute(x, "display") switch { "none" => true, "true" => false, _ => null };
        return new Look(gone, white, tiny, shaded);
    }

    private static bool IsWhite(string? color) => string.Equals(color, "#ffffff", StringComparison.OrdinalIgnoreCase);

    /// <summary>The family of the style that an element names; null where it names one that says nothing of text.</summary>
    private static string? FamilyOf(string space, string local) => (space, local) switch
    {
        ("text", "p" or "h") => "paragraph",
        ("text", "span" or "a") => "text",
        ("text", "section") => "section",
        ("table", "table" or "table-row" or "table-cell" or "covered-table-cell" or "table-column") => local == "covered-table-cell" ? "table-cell" : local,
        ("drawing", _) => "graphic",
        _ => null,
    };

    private void Story(byte[] bytes, string part)
    {
        // Automatic styles belong to the file they stand in; the named ones, and the defaults, to both.
        var automatic = new Dictionary<(string Family, string Name), Style>();
        Style? current = null;
        string? defaultFamily = null;
        var inNamed = false;

        Look Whole(string family, string? name)
        {
            var whole = new Look();
            for (var step = 0; step < 20 && name is not null; step++)
            {
                if (!automatic.TryGetValue((family, name), out var found) && !_styles.TryGetValue((family, name), out found))
                    break;
                whole = whole.Over(found.Look);
                name = found.Parent;
            }
            return whole;
        }

        var frames = new Stack<Frame>();
        var paragraphs = new Stack<RunText>();
        var top = new Frame { Role = TextRole.Body, Look = new Look(null, null, null, _pageShaded) };
        var inserted = new HashSet<string>(StringComparer.Ordinal);
        var authors = new Dictionary<string, string>(StringComparer.Ordinal);
        var open = new List<string>();
        var number = 0;
        string? region = null, author = null;
        var names = new Stack<(string Space, string Local)>();
        RunText? Current() => paragraphs.Count > 0 ? paragraphs.Peek() : null;
        Place Here() => new(part, 0, number);

        void Put(string text)
        {
            if (top.Skip || !top.Text)
                return;
            var role = top.Look.IsHidden && top.Role is not (TextRole.Deleted or TextRole.Comment) ? TextRole.Hidden
                : open.Count > 0 && top.Role is not (TextRole.Comment or TextRole.Hidden) ? TextRole.Inserted : top.Role;
            Current()?.Add(text, role, role == TextRole.Inserted ? authors.GetValueOrDefault(open[^1]) : top.Label);
        }

        void Begin(XmlReader x)
        {
            var name = x.LocalName;
            var space = Space(x);
            var parent = names.Count > 0 ? names.Peek() : default;
            if (FamilyOf(space, name) is { } family)
            {
                if (family == "paragraph")
                    top.Look = _defaults.GetValueOrDefault(family).Over(new Look(top.Look.Gone, null, null, top.Look.Shaded));
                if (family == "graphic" && name is not ("frame" or "text-box"))
                    top.Look = top.Look with { Shaded = true }; // a shape is filled unless it says otherwise
                if (Attribute(x, "style-name") is { } used)
                    top.Look = Whole(family, used).Over(top.Look);
            }
            switch (name)
            {
                case "styles" or "automatic-styles" when space == "office":
                    inNamed = name == "styles";
                    break;
                case "style" when space == "style" && Attribute(x, "name") is { } named:
                    var style = new Style(Attribute(x, "parent-style-name"));
                    (inNamed ? _styles : automatic)[(Attribute(x, "family") ?? "", named)] = style;
                    current = x.IsEmptyElement ? null : style;
                    break;
                case "default-style" when space == "style":
                    defaultFamily = Attribute(x, "family");
                    break;
                case "page-layout-properties" when space == "style":
                    _pageShaded |= Properties(x, ofText: false).Shaded == true;
                    break;
                case "header-footer-properties" when space == "style":
                    _marginShaded |= Properties(x, ofText: false).Shaded == true;
                    break;
                case "background-image" when space == "style" && Attribute(x, "href") is not null && current is not null:
                    current.Look = current.Look with { Shaded = true };
                    break;
                case "background-image" when space == "style" && Attribute(x, "href") is not null:
                    _pageShaded = true;
                    break;
                case "text-properties" or "paragraph-properties" or "table-properties" or "table-row-properties" or "table-cell-properties" or "section-properties" or "graphic-properties"
                    when space == "style" && parent.Space == "style":
                    if (parent.Local == "style" && current is not null)
                        current.Look = Properties(x, name == "text-properties").Over(current.Look);
                    else if (parent.Local == "default-style" && defaultFamily == "paragraph")
                        _defaults[defaultFamily] = Properties(x, name == "text-properties").Over(_defaults.GetValueOrDefault(defaultFamily));
                    break;
                case "header" or "header-left" or "header-first" or "footer" or "footer-left" or "footer-first" when space == "style":
                    top.Role = name[0] == 'h' ? TextRole.Header : TextRole.Footer;
                    top.Look = top.Look with { Shaded = _pageShaded || _marginShaded };
                    break;
                case "note-body": top.Role = TextRole.Footnote; break;
                case "text-box": top.Role = top.Role == TextRole.Body ? TextRole.TextBox : top.Role; break;
                case "annotation":
                    (top.Role, top.Text, author) = (TextRole.Comment, false, null);
                    break;
                case "tracked-changes":
                    if (Attribute(x, "track-changes") is not "false")
                        _reading.Found(OddityKind.TrackingOn);
                    break;
                case "changed-region" when space == "text": (region, author) = (Attribute(x, "id"), null); break;
                case "insertion" when region is not null: inserted.Add(region); break;
                case "deletion": top.Role = TextRole.Deleted; break;
                case "format-change": _reading.Found(OddityKind.TrackedFormatting, Here()); break;
                case "change-start" when Attribute(x, "change-id") is { } id && inserted.Contains(id): open.Add(id); break;
                case "change-end" when Attribute(x, "change-id") is { } id: open.Remove(id); break;
                case "p" or "h" when space == "text":
                    number++;
                    top.Text = true;
                    if (top.Role is TextRole.Comment or TextRole.Deleted)
                        top.Label = author;
                    paragraphs.Push(new RunText());
                    break;
                case "s" when space == "text":
                    Put(new string(' ', int.TryParse(Attribute(x, "c"), out var count) ? Math.Clamp(count, 1, 1000) : 1));
                    break;
                case "tab" when space == "text": Put("\t"); break;
                case "line-break": Put("\n"); break;
                case "hidden-text" or "hidden-paragraph": top.Role = TextRole.Hidden; break;
                case "section" when Attribute(x, "display") is "none" or "condition":
                    top.Role = TextRole.Hidden;
                    _reading.Found(OddityKind.HiddenPart, Here(), Attribute(x, "name") ?? "");
                    break;
                case "section-source" or "dde-connection-decl": _reading.Found(OddityKind.ExternalLink, Here(), Attribute(x, "href") ?? Attribute(x, "dde-topic") ?? ""); break;
                case "placeholder": _reading.Found(OddityKind.UnfilledField, Here(), Attribute(x, "description") ?? ""); break;
                case "database-display" or "text-input" or "user-field-get" or "variable-get": top.Role = top.Role == TextRole.Body ? TextRole.Field : top.Role; break;
                case "image" when space == "drawing":
                    _reading.Found(OddityKind.Picture, Here());
                    if (Attribute(x, "href") is { } address && address.Contains("://", StringComparison.Ordinal))
                        _reading.Found(OddityKind.ExternalLink, Here(), address);
                    break;
                case "title" or "desc" when space.StartsWith("svg", StringComparison.Ordinal): (top.Role, top.Text) = (TextRole.AltText, true); break;
                case "script" when space == "text": _reading.Found(OddityKind.Macro, Here(), Attribute(x, "language") ?? ""); break;
                case "event-listener" when space == "script" && part != "styles": _reading.Found(OddityKind.Macro, Here(), Attribute(x, "href") ?? ""); break;
                case "source-code" when space is "" or "script": _reading.Found(OddityKind.Macro, Here()); break;
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
                        if (x.LocalName is "p" or "h" && Space(x) == "text")
                            paragraphs.Pop();
                        top = frames.Pop();
                    }
                    else
                    {
                        names.Push((Space(x), x.LocalName));
                        inMeta += names.Peek() == ("office", "meta") ? 1 : 0;
                    }
                    break;
                case XmlNodeType.EndElement:
                    var ended = names.Pop();
                    if (ended is ("text", "p" or "h") && paragraphs.Count > 0)
                        paragraphs.Pop().Flush(_reading, Here());
                    else if (ended == ("style", "style"))
                        current = null;
                    else if (ended == ("text", "changed-region"))
                        region = null;
                    inMeta -= ended == ("office", "meta") ? 1 : 0;
                    top = frames.Pop();
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace:
                    var (space, inside) = names.Count > 0 ? names.Peek() : ("", "");
                    if (inMeta > 0)
                    {
                        if (Meta(inside) is { } label)
                            _reading.Text(x.Value, TextRole.Metadata, new Place("properties"), inside == "user-defined" ? property : label);
                    }
                    else if (space == "dc" && inside == "creator")
                    {
                        author = x.Value;
                        if (region is not null)
                            authors[region] = author;
                    }
                    else if (inside is "title" or "desc" && space.StartsWith("svg", StringComparison.Ordinal))
                        _reading.Text(x.Value, top.Role, Here());
                    else if (space != "dc")
                        Put(x.Value.Replace('\n', ' ').Replace('\r', ' ').Replace('\t', ' '));
                    break;
            }
        });
        while (paragraphs.Count > 0)
            paragraphs.Pop().Flush(_reading, Here());
    }
}
