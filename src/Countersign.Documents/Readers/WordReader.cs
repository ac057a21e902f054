using System.Text;
using System.Xml;

namespace Countersign.Documents.Readers;

/// <summary>Reads Word documents and templates (ISO/IEC 29500-1, WordprocessingML; transitional and strict).</summary>
internal sealed class WordReader
{
    private sealed record Look(string? BasedOn, bool? Vanish, string? Color, int? HalfPoints);

    private struct Frame
    {
        public TextRole Base;
        public TextRole? Change;
        public string? Author, Color;
        public bool? Vanish;
        public int? HalfPoints;
        public bool Skip, Field, Shaded, Choice;
    }

    private sealed class ComplexField
    {
        public readonly StringBuilder Instruction = new(), Result = new();
        public bool InResult, Form;
    }

    private readonly Reading _reading;
    private readonly OfficePackage _package;
    private readonly Dictionary<string, Look> _styles = new(StringComparer.Ordinal);
    private readonly HashSet<string> _done = new(StringComparer.OrdinalIgnoreCase);

    private WordReader(Reading reading, OfficePackage package) => (_reading, _package) = (reading, package);

    public static void Read(Reading reading)
    {
        using var package = new OfficePackage(reading);
        new WordReader(reading, package).ReadAll();
    }

    private void ReadAll()
    {
        var main = Relations("").FirstOrDefault(r => r.Type == "officeDocument" && !r.External).Target ?? "word/document.xml";
        var relations = Relations(main);
        foreach (var styles in relations.Where(r => r.Type == "styles" && !r.External))
            ReadStyles(styles.Target);
        foreach (var header in relations.Where(r => r.Type == "header"))
            Story(header.Target, TextRole.Header, "header");
        if (!Story(main, TextRole.Body, ""))
            _reading.Unreadable(UnreadReason.Damaged, default, "It has no text part.");
        foreach (var (type, target, external) in relations)
            if (!external && type is "footer" or "footnotes" or "endnotes" or "comments")
                Story(target, type switch { "footer" => TextRole.Footer, "comments" => TextRole.Comment, _ => TextRole.Footnote }, type.TrimEnd('s'));
        foreach (var (type, target, external) in relations)
            if (!external && type == "settings")
                _package.Xml(target, x =>
                {
                    if (x.NodeType == XmlNodeType.Element && x.LocalName == "trackRevisions" && On(x))
                        _reading.Found(OddityKind.TrackingOn);
                });
        foreach (var name in _package.Names.ToList())
        {
            _reading.Tick();
            if (name.StartsWith("docProps/", StringComparison.OrdinalIgnoreCase) && name.EndsWith(".xml", StringComparison.OrdinalIgnoreCase))
                ReadProperties(name);
            else if (name.EndsWith("vbaProject.bin", StringComparison.OrdinalIgnoreCase))
                _reading.Found(OddityKind.Macro, new Place(name), name);
            else if (name.Contains("/embeddings/", StringComparison.OrdinalIgnoreCase) && !name.EndsWith('/'))
            {
                _reading.Found(OddityKind.EmbeddedObject, new Place(name), name);
                if (_package.Bytes(name) is { } bytes)
                    _reading.Part(bytes, Path.GetFileName(name), new Place(name));
            }
            else if (name.Contains("/afchunk", StringComparison.OrdinalIgnoreCase) && _package.Bytes(name) is { } chunk)
                _reading.Part(chunk, Path.GetFileName(name), new Place(name));
            else if (name.EndsWith(".rels", StringComparison.OrdinalIgnoreCase))
                ReadLinks(name);
        }
    }

    private static string Type(string? address) => address is null ? "" : address[(address.LastIndexOf('/') + 1)..];

    private List<(string Type, string Target, bool External)> Relations(string part)
    {
        var slash = part.LastIndexOf('/') + 1;
        var folder = part[..slash];
        var all = new List<(string, string, bool)>();
        _package.Xml(folder + "_rels/" + part[slash..] + ".rels", x =>
        {
            if (x.NodeType == XmlNodeType.Element && x.LocalName == "Relationship" && x.GetAttribute("Target") is { } target)
            {
                var external = x.GetAttribute("TargetMode") == "External";
                all.Add((Type(x.GetAttribute("Type")), external ? target : Resolve(folder, target), external));
            }
        });
        return all;
    }

    private static string Resolve(string folder, string target)
    {
        if (target.StartsWith('/'))
            return target.TrimStart('/');
        var steps = new List<string>(folder.Split('/', StringSplitOptions.RemoveEmptyEntries));
        foreach (var step in target.Split('/'))
            if (step == "..")
            {
                if (steps.Count > 0)
                    steps.RemoveAt(steps.Count - 1);
            }
            else if (step is not ("" or "."))
                steps.Add(step);
        return string.Join('/', steps);
    }

    private void ReadLinks(string name) => _package.Xml(name, x =>
    {
        if (x.NodeType == XmlNodeType.Element && x.GetAttribute("TargetMode") == "External" && Type(x.GetAttribute("Type")) is not "hyperlink")
            _reading.Found(OddityKind.ExternalLink, new Place(name), x.GetAttribute("Target") ?? "");
    });

    private void ReadProperties(string name)
    {
        string? element = null, property = null;
        _package.Xml(name, x =>
        {
            if (x.NodeType == XmlNodeType.Element)
            {
                element = x.IsEmptyElement ? null : x.LocalName;
                property = x.LocalName == "property" ? x.GetAttribute("name") : property;
            }
            else if (x.NodeType == XmlNodeType.EndElement)
                element = null;
            else if (x.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && element is not null)
                _reading.Text(x.Value, TextRole.Metadata, new Place("properties"), property ?? element switch
                {
                    "title" => MetadataLabels.Title,
                    "subject" => MetadataLabels.Subject,
                    "creator" => MetadataLabels.Author,
                    "lastModifiedBy" => MetadataLabels.LastAuthor,
                    "Manager" => MetadataLabels.Manager,
                    "Company" => MetadataLabels.Company,
                    "Template" => MetadataLabels.Template,
                    "keywords" => MetadataLabels.Keywords,
                    "description" => MetadataLabels.Description,
                    "created" => MetadataLabels.Created,
                    "modified" => MetadataLabels.Modified,
                    "Application" => MetadataLabels.Program,
                    _ => element,
                });
        });
    }

    private void ReadStyles(string name)
    {
        string? id = null;
        var look = new Look(null, null, null, null);
        _package.Xml(name, x =>
        {
            if (x.NodeType == XmlNodeType.EndElement && x.LocalName == "style" && id is not null)
                (_styles[id], id) = (look, null);
            if (x.NodeType != XmlNodeType.Element)
                return;
            if (x.LocalName == "style")
                (id, look) = (x.IsEmptyElement ? null : Attribute(x, "styleId"), new Look(null, null, null, null));
            else if (id is not null)
                look = x.LocalName switch
                {
                    "basedOn" => look with { BasedOn = Attribute(x, "val") },
                    "vanish" => look with { Vanish = On(x) },
                    "color" => look with { Color = Attribute(x, "val") },
                    "sz" when int.TryParse(Attribute(x, "val"), out var size) => look with { HalfPoints = size },
                    _ => look,
                };
        });
    }

    private void Apply(string? style, ref Frame frame)
    {
        bool? vanish = null;
        string? color = null;
        int? size = null;
        for (var step = 0; step < 20 && style is not null && _styles.TryGetValue(style, out var look); step++, style = look.BasedOn)
        {
            vanish ??= look.Vanish;
            color ??= look.Color;
            size ??= look.HalfPoints;
        }
        frame.Vanish = vanish ?? frame.Vanish;
        frame.Color = color ?? frame.Color;
        frame.HalfPoints = size ?? frame.HalfPoints;
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

    private static bool On(XmlReader x) => Attribute(x, "val") is not ("0" or "false" or "off");

    /// <summary>Reads one part with text: the body, a header, the notes.</summary>
    private bool Story(string part, TextRole role, string label)
    {
        if (!_done.Add(part))
            return true;
        var frames = new Stack<Frame>();
        var names = new Stack<string>();
        var paragraphs = new Stack<RunText>();
        var fields = new Stack<ComplexField>();
        var top = new Frame { Base = role };
        var number = 0;
        var place = new Place(label);
        var inText = false;

        void Put(string text)
        {
            if (top.Skip || fields.Any(f => !f.InResult))
                return;
            foreach (var field in fields)
                field.Result.Append(text);
            var hidden = top.Vanish == true || top.HalfPoints is <= 2 || (top.Color is "FFFFFF" or "ffffff" && !top.Shaded);
            var kind = top.Change == TextRole.Deleted ? TextRole.Deleted : hidden ? TextRole.Hidden : top.Base == TextRole.Comment ? TextRole.Comment
                : top.Change ?? (top.Field || fields.Any(f => f.Form) ? TextRole.Field : top.Base);
            if (paragraphs.Count == 0)
                paragraphs.Push(new RunText());
            paragraphs.Peek().Add(text, kind, kind is TextRole.Inserted or TextRole.Deleted or TextRole.Comment ? top.Author : null);
        }

        void Parent(Func<Frame, Frame> change, int up)
        {
            // The properties of a run, paragraph or cell come first in it, and hold for what follows them there.
            var kept = new Stack<Frame>();
            for (var i = 0; i < up - 1 && frames.Count > 1; i++)
                kept.Push(frames.Pop());
            if (frames.Count > 0)
                frames.Push(change(frames.Pop()));
            while (kept.Count > 0)
                frames.Push(kept.Pop());
        }

        void Instruct(string instruction, string result)
        {
            var words = instruction.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
                return;
            var verb = words[0].ToUpperInvariant();
            if (verb == "MERGEFIELD" && (string.IsNullOrWhiteSpace(result) || result.Contains('«', StringComparison.Ordinal)))
                _reading.Found(OddityKind.UnfilledField, place, words.Length > 1 ? words[1].Trim('"') : "");
            else if (verb is "INCLUDETEXT" or "INCLUDEPICTURE" or "DDE" or "DDEAUTO" or "LINK")
                _reading.Found(OddityKind.ExternalLink, place, instruction.Trim());
        }

        bool Begin(XmlReader x)
        {
            var parent = names.Count > 0 ? names.Peek() : "";
            var grand = names.Count > 1 ? names.ElementAt(1) : "";
            switch (x.LocalName)
            {
                case "p" when x.NamespaceURI.Contains("wordprocessingml", StringComparison.Ordinal):
                    place = new Place(place.Part, 0, ++number);
                    paragraphs.Push(new RunText());
                    break;
                case "ins" or "moveTo" when parent != "rPr" && parent != "trPr":
                    (top.Change, top.Author) = (top.Change == TextRole.Deleted ? top.Change : TextRole.Inserted, Attribute(x, "author"));
                    break;
                case "del" or "moveFrom" when parent != "rPr" && parent != "trPr":
                    (top.Change, top.Author) = (TextRole.Deleted, Attribute(x, "author"));
                    break;
                case "ins" or "del" or "moveTo" or "moveFrom" or "rPrChange" or "pPrChange" or "sectPrChange" or "tblPrChange" or "tcPrChange" or "trPrChange" or "cellIns" or "cellDel":
                    _reading.Found(OddityKind.TrackedFormatting, place, x.LocalName);
                    top.Skip = true;
                    break;
                case "comment":
                    (top.Author, number) = (Attribute(x, "author"), 0);
                    place = new Place("comment " + Attribute(x, "id"));
                    break;
                case "footnote" or "endnote":
                    number = 0;
                    place = new Place(x.LocalName + " " + Attribute(x, "id"));
                    break;
                case "AlternateContent":
                    top.Choice = false;
                    break;
                case "Choice" or "Fallback" when parent == "AlternateContent":
                    if (frames.Peek().Choice)
                        top.Skip = true;
                    Parent(f => f with { Choice = true }, 1);
                    break;
                case "txbxContent":
                    top.Base = role == TextRole.Body ? TextRole.TextBox : role;
                    break;
                case "sdt":
                    top.Field = role == TextRole.Body;
                    break;
                case "docPartGallery" or "docPartObj":
                    Parent(f => f with { Field = false }, 2); // a building block such as a table of contents, not a control
                    break;
                case "showingPlcHdr" when On(x):
                    _reading.Found(OddityKind.UnfilledField, place, "placeholder");
                    break;
                case "rStyle" when grand == "r":
                    Parent(f => { Apply(Attribute(x, "val"), ref f); return f; }, 2);
                    break;
                case "pStyle" when grand == "p":
                    Parent(f => { Apply(Attribute(x, "val"), ref f); return f; }, 2);
                    break;
                case "vanish" or "webHidden" when grand == "r" && !top.Skip && x.LocalName == "vanish":
                    Parent(f => f with { Vanish = On(x) }, 2);
                    break;
                case "color" when grand == "r" && !top.Skip:
                    Parent(f => f with { Color = Attribute(x, "val") }, 2);
                    break;
                case "sz" when grand == "r" && !top.Skip && int.TryParse(Attribute(x, "val"), out var size):
                    Parent(f => f with { HalfPoints = size }, 2);
                    break;
                case "shd" or "highlight" when grand is "r" or "p" or "tc":
                    if (x.LocalName == "highlight" || Attribute(x, "fill") is not (null or "auto" or "FFFFFF"))
                        Parent(f => f with { Shaded = true }, 2);
                    break;
                case "fldChar":
                    switch (top.Skip ? null : Attribute(x, "fldCharType"))
                    {
                        case "begin": fields.Push(new ComplexField()); break;
                        case "separate" when fields.Count > 0:
                            fields.Peek().InResult = true;
                            fields.Peek().Form = fields.Peek().Instruction.ToString().TrimStart().StartsWith("FORM", StringComparison.OrdinalIgnoreCase);
                            break;
                        case "end" when fields.Count > 0:
                            var field = fields.Pop();
                            Instruct(field.Instruction.ToString(), field.Result.ToString());
                            break;
                    }
                    break;
                case "fldSimple":
                    Instruct(Attribute(x, "instr") ?? "", "");
                    break;
                case "t" or "delText" or "instrText" when parent == "r":
                    inText = !x.IsEmptyElement;
                    break;
                case "tab" when parent == "r": Put("\t"); break;
                case "br" or "cr" when parent == "r": Put("\n"); break;
                case "noBreakHyphen": Put("\u2011"); break;
                case "sym" when int.TryParse(Attribute(x, "char"), System.Globalization.NumberStyles.HexNumber, null, out var code) && code is > 31 and < 0xD800 or (> 0xDFFF and < 0xFFFE):
                    Put(((char)code).ToString());
                    break;
                case "docPr" when !top.Skip && Attribute(x, "descr") is { Length: > 0 } alt:
                    _reading.Text(alt, TextRole.AltText, place);
                    break;
                case "textpath" when !top.Skip:
                    _reading.Text(Attribute(x, "string"), TextRole.Watermark, place);
                    break;
                case "blip" or "imagedata" when !top.Skip:
                    _reading.Found(OddityKind.Picture, place);
                    break;
            }
            return true;
        }

        void End(string name)
        {
            if (name is "t" or "delText" or "instrText")
                inText = false;
            else if (name == "p" && paragraphs.Count > 0)
                paragraphs.Pop().Flush(_reading, place);
        }

        var found = _package.Xml(part, x =>
        {
            switch (x.NodeType)
            {
                case XmlNodeType.Element:
                    frames.Push(top);
                    Begin(x);
                    if (x.IsEmptyElement)
                    {
                        End(x.LocalName);
                        top = frames.Pop();
                    }
                    else
                        names.Push(x.LocalName);
                    break;
                case XmlNodeType.EndElement:
                    End(x.LocalName);
                    names.Pop();
                    top = frames.Pop();
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace when inText:
                    if (names.Peek() == "instrText")
                    {
                        if (fields.Count > 0 && !top.Skip)
                            fields.Peek().Instruction.Append(x.Value);
                    }
                    else
                        Put(x.Value);
                    break;
            }
        });
        while (paragraphs.Count > 0)
            paragraphs.Pop().Flush(_reading, place);
        return found;
    }
}
