using System.Text;
using System.Xml;

namespace Countersign.Documents.Readers;

/// <summary>Reads Word documents and templates (ISO/IEC 29500-1, WordprocessingML; transitional and strict).</summary>
internal sealed class WordReader
{
    /// <summary>What a style says of how its text looks; null where it says nothing. <see cref="Shaded"/>: whether it lays a background other than white.</summary>
    private sealed record Look(string? BasedOn = null, bool? Vanish = null, string? Color = null, int? HalfPoints = null, bool? Shaded = null);

    private struct Frame
    {
        public TextRole Base;
        public TextRole? Change;
        public string? Author, Color;
        public bool? Vanish;
        public int? HalfPoints;
        public bool Skip, Field, Shaded, Choice, Gone;
    }

    private sealed class ComplexField
    {
        public readonly StringBuilder Instruction = new(), Result = new(), Swallowed = new();
        public bool InResult, Form, Simple;
    }

    private readonly Reading _reading;
    private readonly OfficePackage _package;
    private readonly Dictionary<string, Look> _styles = new(StringComparer.Ordinal);
    private readonly HashSet<string> _done = new(StringComparer.OrdinalIgnoreCase);
    private Look _defaults = new();
    private string? _defaultStyle;
    private bool _background;

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
        var body = _package.Bytes(main);
        if (body is not null)
            _background = HasBackground(body);
        foreach (var header in relations.Where(r => r.Type == "header" && !r.External))
            Story(header.Target, TextRole.Header, "header");
        if (body is not null)
            Story(main, body, TextRole.Body, "");
        else
            _reading.Unreadable(UnreadReason.Damaged, default, "It has no text part.");
        foreach (var (type, target, external) in relations)
            if (external)
                continue;
            else if (type is "footer" or "footnotes" or "endnotes" or "comments")
                Story(target, type switch { "footer" => TextRole.Footer, "comments" => TextRole.Comment, _ => TextRole.Footnote }, type.TrimEnd('s'));
            else if (type is "diagramData" or "chart")
                Story(target, TextRole.TextBox, type == "chart" ? "chart" : "diagram");
            else if (type == "aFChunk" && _done.Add(target) && _package.Bytes(target) is { } chunk)
                _reading.Part(chunk, Path.GetFileName(target), new Place(target));
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

    /// <summary>The styles and the document's defaults (ISO/IEC 29500-1 17.7.4.17, 17.7.5).</summary>
    private void ReadStyles(string name)
    {
        string? id = null;
        var (look, inDefaults, isDefault) = (new Look(), false, false);
        var former = int.MaxValue; // the depth of the tracked change whose former properties are read
        _package.Xml(name, x =>
        {
            if (x.Depth > former)
                return;
            former = int.MaxValue;
            if (x.NodeType == XmlNodeType.Element && x.LocalName is "rPrChange" or "pPrChange" or "tblPrChange" or "tcPrChange" or "trPrChange")
            {
                _reading.Found(OddityKind.TrackedFormatting, new Place("styles"), x.LocalName);
                former = x.Depth;
                return;
            }
            if (x.NodeType == XmlNodeType.EndElement)
            {
                if (x.LocalName == "style" && id is not null)
                {
                    _styles[id] = look;
                    if (isDefault)
                        _defaultStyle = id;
                    id = null;
                }
                else if (x.LocalName == "docDefaults")
                    (_defaults, inDefaults) = (look, false);
            }
            if (x.NodeType != XmlNodeType.Element || (x.IsEmptyElement && x.LocalName is "style" or "docDefaults"))
                return;
            if (x.LocalName == "docDefaults")
                (look, inDefaults) = (new Look(), true);
            else if (x.LocalName == "style")
            {
                (id, look) = (Attribute(x, "styleId"), new Look());
                isDefault = Attribute(x, "type") == "paragraph" && Attribute(x, "default") is not (null or "0" or "false" or "off");
            }
            else if (id is not null || inDefaults)
                look = x.LocalName switch
                {
                    "basedOn" => look with { BasedOn = Attribute(x, "val") },
                    "vanish" => look with { Vanish = On(x) },
                    "color" => look with { Color = Attribute(x, "val") },
                    "sz" when int.TryParse(Attribute(x, "val"), out var size) => look with { HalfPoints = size },
                    // A table style shades some of its rows and columns: which ones is not worked out, so any shade counts.
                    "shd" or "highlight" => look with { Shaded = look.Shaded == true ? true : Shades(x) ?? look.Shaded },
                    _ => look,
                };
        });
    }

    /// <summary>What a style says with all that it is based on.</summary>
    private Look Whole(string? style)
    {
        var whole = new Look();
        for (var step = 0; step < 20 && style is not null && _styles.TryGetValue(style, out var look); step++, style = look.BasedOn)
            whole = new Look(null, whole.Vanish ?? look.Vanish, whole.Color ?? look.Color, whole.HalfPoints ?? look.HalfPoints, whole.Shaded ?? look.Shaded);
        return whole;
    }

    /// <summary>Begins a paragraph's look: its style over the document's defaults, not over what surrounds it. Hidden by the defaults stays hidden
    /// (ISO/IEC 29500-1 17.7.3).</summary>
    private void ApplyToParagraph(string? style, ref Frame frame)
    {
        var look = Whole(style);
        frame.Vanish = _defaults.Vanish == true || look.Vanish == true;
        frame.Color = look.Color ?? _defaults.Color;
        frame.HalfPoints = look.HalfPoints ?? _defaults.HalfPoints;
        frame.Shaded = look.Shaded ?? frame.Shaded;
    }

    /// <summary>Lays a character style over a paragraph's look. Hidden in both styles is shown (17.7.3: toggle properties).</summary>
    private void ApplyToRun(string? style, ref Frame frame)
    {
        var look = Whole(style);
        if (look.Vanish == true)
            frame.Vanish = _defaults.Vanish == true || frame.Vanish != true;
        frame.Color = look.Color ?? frame.Color;
        frame.HalfPoints = look.HalfPoints ?? frame.HalfPoints;
        frame.Shaded = look.Shaded ?? frame.Shaded;
    }

    private static bool IsWhite(string? color) => string.Equals(color, "FFFFFF", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a shade or highlight lays a background other than white (17.3.5, 17.3.2.15); null where it lays none.</summary>
    private static bool? Shades(XmlReader x)
    {
        if (x.LocalName == "highlight")
            return Attribute(x, "val") switch { null or "none" => null, "white" => false, _ => true };
        if (Attribute(x, "val") is not (null or "clear" or "nil") && !IsWhite(Attribute(x, "color")))
            return true;
        return Attribute(x, "fill") switch
        {
            null or "auto" => Attribute(x, "themeFill") is null ? null : true,
            var fill => !IsWhite(fill),
        };
    }

    /// <summary>Whether all pages have a background other than white (17.2.1), which stands before the body.</summary>
    private bool HasBackground(byte[] main)
    {
        var has = false;
        OfficePackage.XmlWhile(_reading, main, "", x =>
        {
            if (x.NodeType == XmlNodeType.Element && x.LocalName == "background")
                has = Attribute(x, "color") is not (null or "auto") and var color && !IsWhite(color);
            return !has && (x.NodeType != XmlNodeType.Element || x.LocalName != "body");
        }, quiet: true);
        return has;
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

    private static bool IsParagraph(XmlReader x) =>
        x.NamespaceURI.Contains("wordprocessingml", StringComparison.Ordinal) || x.NamespaceURI.Contains("drawingml", StringComparison.Ordinal);

    private static bool On(XmlReader x) => Attribute(x, "val") is not ("0" or "false" or "off");

    /// <summary>Reads one part with text: the body, a header, the notes.</summary>
    private void Story(string part, TextRole role, string label)
    {
        if (!_done.Contains(part) && _package.Bytes(part) is { } bytes)
            Story(part, bytes, role, label);
    }

    private void Story(string part, byte[] bytes, TextRole role, string label)
    {
        if (!_done.Add(part))
            return;
        var frames = new Stack<Frame>();
        var names = new Stack<string>();
        var paragraphs = new Stack<RunText>();
        var fields = new Stack<ComplexField>();
        var top = new Frame { Base = role, Shaded = _background };
        var number = 0;
        var place = new Place(label);
        var inText = false;

        void Put(string text)
        {
            if (top.Skip)
                return;
            var inInstruction = fields.Count > 0 && !fields.Peek().InResult;
            if (!inInstruction && fields.FirstOrDefault(f => !f.InResult) is { } outer)
            {
                outer.Swallowed.Append(text); // what a field within another's instruction says is not shown of itself
                return;
            }
            foreach (var field in fields)
                if (field.InResult)
                    field.Result.Append(text);
            var hidden = inInstruction || top.Gone || top.Vanish == true || top.HalfPoints is <= 2 || (IsWhite(top.Color) && !top.Shaded);
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
            FieldCode.Say(_reading, instruction, place);
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
                    ApplyToParagraph(_defaultStyle, ref top);
                    break;
                case "p" when IsParagraph(x):
                    paragraphs.Push(new RunText());
                    break;
                case "ins" or "moveTo" when parent is not ("rPr" or "trPr" or "numPr"):
                    (top.Change, top.Author) = (top.Change == TextRole.Deleted ? top.Change : TextRole.Inserted, Attribute(x, "author"));
                    break;
                case "del" or "moveFrom" when parent is not ("rPr" or "trPr" or "numPr"):
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
                    // What lies behind it, a fill or a picture, is not worked out; and it goes with the run that holds it.
                    (top.Base, top.Shaded, top.Gone) = (role == TextRole.Body ? TextRole.TextBox : role, true, top.Gone || top.Vanish == true);
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
                    Parent(f => { ApplyToRun(Attribute(x, "val"), ref f); return f; }, 2);
                    break;
                case "pStyle" when grand == "p":
                    Parent(f => { ApplyToParagraph(Attribute(x, "val"), ref f); return f; }, 2);
                    break;
                case "tblStyle" when grand == "tbl" && Attribute(x, "val") is { } style:
                    Parent(f => f with { Shaded = _styles.ContainsKey(style) ? Whole(style).Shaded ?? f.Shaded : true }, 2);
                    break;
                case "vanish" when grand == "r" && !top.Skip:
                    Parent(f => f with { Vanish = On(x) }, 2);
                    break;
                case "color" when grand == "r" && !top.Skip:
                    Parent(f => f with { Color = Attribute(x, "val") }, 2);
                    break;
                case "sz" when grand == "r" && !top.Skip && int.TryParse(Attribute(x, "val"), out var size):
                    Parent(f => f with { HalfPoints = size }, 2);
                    break;
                case "shd" or "highlight" when grand is "r" or "p" or "tc" or "tr" or "tbl" && Shades(x) is { } shaded:
                    Parent(f => f with { Shaded = shaded }, 2);
                    break;
                case "fldChar":
                    switch (top.Skip ? null : Attribute(x, "fldCharType"))
                    {
                        case "begin": fields.Push(new ComplexField()); break;
                        case "separate" when fields.Count > 0 && !fields.Peek().Simple:
                            fields.Peek().InResult = true;
                            fields.Peek().Form = fields.Peek().Instruction.ToString().TrimStart().StartsWith("FORM", StringComparison.OrdinalIgnoreCase);
                            break;
                        case "end" when fields.Count > 0 && !fields.Peek().Simple:
                            var field = fields.Pop();
                            Instruct(field.Instruction.ToString(), field.Result.ToString());
                            break;
                    }
                    break;
                case "fldSimple" when !top.Skip:
                    var simple = new ComplexField { InResult = true, Simple = true };
                    simple.Instruction.Append(Attribute(x, "instr"));
                    simple.Form = simple.Instruction.ToString().TrimStart().StartsWith("FORM", StringComparison.OrdinalIgnoreCase);
                    fields.Push(simple);
                    break;
                case "t" or "delText" or "instrText" when parent == "r" || (parent is "ins" or "del" && grand == "r"): // in formulas the change stands in the run
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

        void End(XmlReader x)
        {
            var name = x.LocalName;
            if (name is "t" or "delText" or "instrText")
                inText = false;
            else if (name == "p" && IsParagraph(x) && paragraphs.Count > 0)
                paragraphs.Pop().Flush(_reading, place);
            else if (name == "fldSimple" && !top.Skip)
                while (fields.TryPop(out var field))
                {
                    if (field.Simple)
                    {
                        Instruct(field.Instruction.ToString(), field.Result.ToString());
                        break;
                    }
                    EndOpen(field);
                }
        }

        // A field that nobody ended.
        void EndOpen(ComplexField field)
        {
            Instruct(field.Instruction.ToString(), field.Result.ToString());
            _reading.Text(field.Swallowed.ToString(), TextRole.Hidden, place);
        }

        OfficePackage.Xml(_reading, bytes, part, x =>
        {
            switch (x.NodeType)
            {
                case XmlNodeType.Element:
                    frames.Push(top);
                    Begin(x);
                    if (x.IsEmptyElement)
                    {
                        End(x);
                        top = frames.Pop();
                    }
                    else
                        names.Push(x.LocalName);
                    break;
                case XmlNodeType.EndElement:
                    End(x);
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
        foreach (var field in fields)
            EndOpen(field);
    }
}
