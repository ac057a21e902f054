using System.Globalization;
using System.Xml.Linq;

namespace Countersign.Documents;

/// <summary>Cleans WordprocessingML (ISO/IEC 29500-1 clause 17), in its transitional and strict namespaces.</summary>
internal sealed class DocxCleaner
{
    private static readonly XNamespace Transitional = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    private static readonly XNamespace Strict = "http://purl.oclc.org/ooxml/wordprocessingml/main";
    private static readonly XNamespace Relationships = "http://schemas.openxmlformats.org/package/2006/relationships";
    private static readonly XNamespace Types = "http://schemas.openxmlformats.org/package/2006/content-types";

    private static readonly string[] TextParts = ["document", "header", "footer", "footnotes", "endnotes", "styles", "numbering", "comments"];

    private readonly Package _package;
    private readonly CleanChoices _choices;
    private readonly XNamespace _w;
    private readonly string _main;
    private readonly HashSet<string> _hiddenStyles = new(StringComparer.Ordinal);
    private int _insertions, _deletions, _formats, _comments, _hidden, _rsids;

    private DocxCleaner(Package package, CleanChoices choices, string main, XNamespace w) => (_package, _choices, _main, _w) = (package, choices, main, w);

    private XName W(string local) => _w + local;

    public static CleanResult Clean(Package package, CleanChoices choices)
    {
        var main = MainPart(package);
        var root = package.Xml(main)?.Root;
        if (root is null || (root.Name.Namespace != Transitional && root.Name.Namespace != Strict))
            throw new CleanRefusedException(new CleanRefusal("clean.damaged", "The document has no main text.", "Open it in an office program, save it anew, and clean that."));
        if (package.Names.Any(n => n.StartsWith("_xmlsignatures/", StringComparison.OrdinalIgnoreCase)))
            throw new CleanRefusedException(new CleanRefusal("clean.signed", "The document bears signatures, which any change makes void.", "Clean the document as it was before it was signed."));
        return new DocxCleaner(package, choices, main, root.Name.Namespace).Run();
    }

    private static string MainPart(Package package)
    {
        var target = package.Xml("_rels/.rels")?.Root?.Elements(Relationships + "Relationship")
            .FirstOrDefault(r => ((string?)r.Attribute("Type"))?.EndsWith("/officeDocument", StringComparison.Ordinal) == true)?.Attribute("Target")?.Value;
        return target is null ? "word/document.xml" : Resolve("", target);
    }

    private Cleaned Run()
    {
        var did = new List<string>();
        if (_choices.Hidden)
            FindHiddenStyles();
        var texts = _package.Names.Where(IsText).ToList();
        foreach (var name in texts)
        {
            _package.Watch.Tick();
            if (_package.Xml(name) is not { Root: { } root } xml)
                continue;
            if (_choices.Tracked != TrackedChoice.Keep) Track(root);
            if (_choices.Comments) Comments(root);
            if (_choices.Hidden) Hidden(root);
            if (_choices.Metadata) Marks(root);
            _package.Put(name, xml);
        }
        if (_choices.Tracked != TrackedChoice.Keep && _insertions + _deletions + _formats > 0)
            did.Add(string.Create(CultureInfo.InvariantCulture,
                $"{(_choices.Tracked == TrackedChoice.Accept ? "Accepted" : "Rejected")} tracked changes: {_insertions} insertions, {_deletions} deletions, {_formats} of formatting."));
        var dropped = new List<string>();
        if (_choices.Comments)
        {
            var parts = RemoveRelated(t => t is "comments" or "commentsExtended" or "commentsIds" or "commentsExtensible");
            if (_choices.Tracked != TrackedChoice.Keep)
                RemoveRelated(t => t == "people");
            if (_comments + parts > 0)
                did.Add(string.Create(CultureInfo.InvariantCulture, $"Removed the comments ({_comments} places in the text)."));
        }
        if (_choices.Hidden && _hidden > 0)
            did.Add(string.Create(CultureInfo.InvariantCulture, $"Removed hidden text ({_hidden} runs)."));
        if (_choices.Metadata)
            did.AddRange(Metadata());
        if (_choices.Macros && RemoveRelated(t => t is "vbaProject" or "wordVbaData" or "keyMapCustomizations" or "attachedToolbars") > 0)
        {
            ToPlainDocument();
            did.Add("Removed the macros; the new file is a document without macros.");
        }
        Settings(did);
        // What nothing refers to any more went with what referred to it: a picture of a comment, an object of a deleted paragraph.
        if (did.Count > 0 && RemoveOrphans() is > 0 and var orphans)
            did.Add(string.Create(CultureInfo.InvariantCulture, $"Removed {orphans} parts that belong to nothing in the document."));
        return new Cleaned(_package.Save(), IsTemplate() ? ".dotx" : HasMacros() ? ".docm" : ".docx", did, []);
    }

    /// <summary>Parts that hold text: the body, headers, footers, notes, building blocks; and styles and numbering, which hold tracked formatting.</summary>
    private bool IsText(string name)
    {
        if (string.Equals(name, _main, StringComparison.OrdinalIgnoreCase))
            return true;
        var slash = name.LastIndexOf('/');
        if (slash < 0 || !name.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) || name.Contains("/theme/", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("customXml/", StringComparison.OrdinalIgnoreCase) || name.StartsWith("docProps/", StringComparison.OrdinalIgnoreCase))
            return false;
        var file = name[(slash + 1)..];
        return TextParts.Any(p => file.StartsWith(p, StringComparison.OrdinalIgnoreCase));
    }

    // ---- tracked changes (17.13.5)

    private bool Accepting => _choices.Tracked == TrackedChoice.Accept;

    private void Track(XElement root)
    {
        // Properties first: a former table or paragraph property must not be taken for a change of the text.
        foreach (var change in root.Descendants().Where(e => e.Name.Namespace == _w && IsPropertyChange(e.Name.LocalName)).ToList())
        {
            _package.Watch.Tick();
            if (change.Parent is not { } properties)
                continue;
            _formats++;
            if (!Accepting)
                Restore(properties, change);
            change.Remove();
        }
        foreach (var marker in root.Descendants().Where(e => e.Name.Namespace == _w && IsRangeMarker(e.Name.LocalName)).ToList())
            marker.Remove();
        Cells(root);
        Rows(root);
        // Numbering and other properties that were inserted or deleted as such.
        foreach (var mark in root.Descendants().Where(e => (IsInsertion(e) || IsDeletion(e)) && e.Parent is { } p && p.Name.LocalName is "numPr" or "ctrlPr" or "fldChar").ToList())
        {
            _formats++;
            mark.Remove();
        }
        // Paragraph marks are told before the text moves, and joined after.
        var joined = new List<XElement>();
        foreach (var paragraph in root.Descendants(W("p")))
            if (paragraph.Element(W("pPr"))?.Element(W("rPr")) is { } mark)
            {
                var inserted = mark.Elements().Where(IsInsertion).ToList();
                var deleted = mark.Elements().Where(IsDeletion).ToList();
                if (Accepting ? deleted.Count > 0 : inserted.Count > 0)
                    joined.Add(paragraph);
                _insertions += inserted.Count;
                _deletions += deleted.Count;
                inserted.ForEach(e => e.Remove());
                deleted.ForEach(e => e.Remove());
                if (!mark.HasElements)
                    mark.Remove();
            }
        // Run properties of math and of marks that have no text of their own.
        foreach (var mark in root.Descendants().Where(e => (IsInsertion(e) || IsDeletion(e)) && e.Parent?.Name.LocalName == "rPr").ToList())
            mark.Remove();
        foreach (var change in root.Descendants().Where(e => IsInsertion(e) || IsDeletion(e)).ToList())
        {
            _package.Watch.Tick();
            if (change.Parent is null || !IsUnder(change, root))
                continue; // it went with a change around it
            if (IsInsertion(change)) _insertions++;
            else _deletions++;
            if (IsInsertion(change) == Accepting)
                Unwrap(change);
            else
                change.Remove();
        }
        if (!Accepting)
        {
            foreach (var text in root.Descendants(W("delText")).ToList())
                text.Name = W("t");
            foreach (var code in root.Descendants(W("delInstrText")).ToList())
                code.Name = W("instrText");
        }
        foreach (var paragraph in joined)
            if (IsUnder(paragraph, root))
                Join(paragraph);
        Fields(root);
        KeepCellsWhole(root);
    }

    /// <summary>Removes what is left of a field whose beginning or end went with a change: its code would stand in the text (17.16.18).</summary>
    private void Fields(XElement root)
    {
        var open = new Stack<XElement>();
        foreach (var element in root.Descendants().Where(e => e.Name == W("fldChar") || e.Name == W("instrText")).ToList())
            if (element.Name == W("instrText"))
            {
                if (open.Count == 0) element.Remove();
            }
            else if (element.Attribute(W("fldCharType"))?.Value is "begin")
                open.Push(element);
            else if (open.Count == 0)
                element.Remove();
            else if (element.Attribute(W("fldCharType"))?.Value is "end")
                open.Pop();
        foreach (var begin in open)
            begin.Remove();
    }

    private bool IsInsertion(XElement e) => e.Name.Namespace == _w && e.Name.LocalName is "ins" or "moveTo";

    private bool IsDeletion(XElement e) => e.Name.Namespace == _w && e.Name.LocalName is "del" or "moveFrom";

    private static bool IsPropertyChange(string local) => local is "rPrChange" or "pPrChange" or "sectPrChange" or "tblPrChange" or "tblPrExChange" or "tblGridChange"
        or "trPrChange" or "tcPrChange" or "numberingChange";

    private static bool IsRangeMarker(string local) => local is "moveFromRangeStart" or "moveFromRangeEnd" or "moveToRangeStart" or "moveToRangeEnd"
        or "customXmlInsRangeStart" or "customXmlInsRangeEnd" or "customXmlDelRangeStart" or "customXmlDelRangeEnd"
        or "customXmlMoveFromRangeStart" or "customXmlMoveFromRangeEnd" or "customXmlMoveToRangeStart" or "customXmlMoveToRangeEnd";

    /// <summary>Puts former properties in the place of the present ones; what the former do not tell of stays (17.13.5.29: a paragraph's mark and section; 17.13.5.32: a
    /// section's headers and footers).</summary>
    private void Restore(XElement properties, XElement change)
    {
        var former = change.Elements().FirstOrDefault(e => e.Name == properties.Name);
        if (former is null)
            return;
        var stays = change.Name.LocalName switch
        {
            "pPrChange" => new[] { "rPr", "sectPr" },
            "sectPrChange" => ["headerReference", "footerReference"],
            "rPrChange" => ["ins", "del", "moveFrom", "moveTo"],
            "trPrChange" => ["ins", "del"],
            "tcPrChange" => ["cellIns", "cellDel", "cellMerge"],
            _ => [],
        };
        foreach (var present in properties.Elements().Where(e => e != change && !(e.Name.Namespace == _w && stays.Contains(e.Name.LocalName))).ToList())
            present.Remove();
        var restored = former.Elements().Where(e => !stays.Contains(e.Name.LocalName)).Select(e => new XElement(e)).ToList();
        if (change.Name.LocalName is "sectPrChange") change.AddBeforeSelf(restored);
        else properties.AddFirst(restored);
    }

    private void Rows(XElement root)
    {
        foreach (var row in root.Descendants(W("tr")).ToList())
        {
            var marks = row.Elements(W("trPr")).Elements().Where(e => IsInsertion(e) || IsDeletion(e)).ToList();
            if (marks.Count == 0)
                continue;
            var gone = marks.Any(e => IsDeletion(e) == Accepting);
            foreach (var mark in marks)
            {
                if (IsInsertion(mark)) _insertions++;
                else _deletions++;
                mark.Remove();
            }
            if (gone)
                RemoveFromTable(row);
        }
    }

    private void Cells(XElement root)
    {
        foreach (var cell in root.Descendants(W("tc")).ToList())
        {
            var marks = cell.Elements(W("tcPr")).Elements().Where(e => e.Name == W("cellIns") || e.Name == W("cellDel") || e.Name == W("cellMerge")).ToList();
            if (marks.Count == 0)
                continue;
            var gone = marks.Any(e => e.Name == W(Accepting ? "cellDel" : "cellIns"));
            foreach (var mark in marks)
            {
                if (mark.Name == W("cellIns")) _insertions++;
                else if (mark.Name == W("cellDel")) _deletions++;
                else _formats++;
                mark.Remove();
            }
            if (gone)
            {
                var row = cell.Parent;
                cell.Remove();
                if (row is not null && row.Name == W("tr") && !row.Elements(W("tc")).Any() && !row.Elements(W("sdt")).Any())
                    RemoveFromTable(row);
            }
        }
    }

    private void RemoveFromTable(XElement row)
    {
        var table = row.Parent;
        row.Remove();
        if (table is not null && table.Name == W("tbl") && !table.Descendants(W("tr")).Any())
            table.Remove();
    }

    /// <summary>Every cell ends with a paragraph (17.4.65), and so do notes, headers, text boxes and the body's end before a table that went.</summary>
    private void KeepCellsWhole(XElement root)
    {
        foreach (var holder in root.DescendantsAndSelf().Where(e => e.Name == W("tc") || e.Name == W("txbxContent") || e.Name == W("footnote") || e.Name == W("endnote")
            || e.Name == W("hdr") || e.Name == W("ftr") || e.Name == W("comment")).ToList())
            if (holder.Elements().LastOrDefault(e => e.Name == W("p") || e.Name == W("tbl") || e.Name == W("sdt")) is var last && (last is null || last.Name == W("tbl")))
                holder.Add(new XElement(W("p")));
    }

    /// <summary>Joins a paragraph whose mark went with the one behind it. The mark that stays is the second's, with its properties; a paragraph that is empty by then just goes.</summary>
    private void Join(XElement paragraph)
    {
        var content = paragraph.Elements().Where(e => e.Name != W("pPr")).ToList();
        var next = paragraph.ElementsAfterSelf().FirstOrDefault(e => !IsPlaceMark(e));
        if (next is null && paragraph.Parent is { } holder && holder.Name == W("sdtContent") && holder.Parent is { } control)
            next = control.ElementsAfterSelf().FirstOrDefault(e => !IsPlaceMark(e));
        if (next is not null && next.Name == W("sdt"))
            next = next.Element(W("sdtContent"))?.Elements().FirstOrDefault();
        // A section ends with its paragraph (17.6.18): that one stays.
        if (paragraph.Element(W("pPr"))?.Element(W("sectPr")) is not null)
            return;
        if (next is not null && next.Name == W("p"))
        {
            content.ForEach(e => e.Remove());
            var properties = next.Element(W("pPr"));
            if (properties is not null) properties.AddAfterSelf(content);
            else next.AddFirst(content);
            paragraph.Remove();
        }
        else if (!content.Exists(e => !IsPlaceMark(e)) && (paragraph.ElementsBeforeSelf(W("p")).Any() || next is not null))
        {
            foreach (var mark in content)
                mark.Remove();
            paragraph.AddBeforeSelf(content);
            paragraph.Remove();
        }
    }

    private static bool IsPlaceMark(XElement e) => e.Name.LocalName is "bookmarkStart" or "bookmarkEnd" or "proofErr" or "permStart" or "permEnd" or "commentRangeStart" or "commentRangeEnd";

    private static void Unwrap(XElement element)
    {
        var inside = element.Nodes().ToList();
        foreach (var node in inside) node.Remove();
        element.AddBeforeSelf(inside);
        element.Remove();
    }

    private static bool IsUnder(XElement element, XElement root)
    {
        for (var e = element; e is not null; e = e.Parent)
            if (e == root)
                return true;
        return false;
    }

    // ---- comments (17.13.4)

    private void Comments(XElement root)
    {
        foreach (var mark in root.Descendants().Where(e => e.Name == W("commentRangeStart") || e.Name == W("commentRangeEnd") || e.Name == W("commentReference") || e.Name == W("annotationRef")).ToList())
        {
            if (mark.Name == W("commentReference"))
                _comments++;
            var run = mark.Parent;
            mark.Remove();
            if (run is not null && run.Name == W("r") && run.Parent is not null && !run.Elements().Any(e => e.Name != W("rPr")))
                run.Remove();
        }
    }

    // ---- hidden text (17.3.2.41)

    private void FindHiddenStyles()
    {
        var styles = _package.Names.Where(n => n.EndsWith("/styles.xml", StringComparison.OrdinalIgnoreCase)).Select(_package.Xml)
            .SelectMany(x => x?.Root?.Elements(W("style")) ?? []).Where(s => s.Attribute(W("styleId")) is not null).ToList();
        var byId = styles.GroupBy(s => s.Attribute(W("styleId"))!.Value).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        foreach (var (id, style) in byId)
        {
            var steps = 0;
            for (var s = style; s is not null && steps++ < 50; s = s.Element(W("basedOn"))?.Attribute(W("val"))?.Value is { } parent ? byId.GetValueOrDefault(parent) : null)
                if (IsOn(s.Element(W("rPr"))?.Element(W("vanish"))) is { } hidden)
                {
                    if (hidden) _hiddenStyles.Add(id);
                    break;
                }
        }
    }

    /// <summary>Whether a switch is on; null where it is not there (17.17.4).</summary>
    private bool? IsOn(XElement? toggle) => toggle is null ? null : (toggle.Attribute(W("val"))?.Value ?? "1") is not ("0" or "false" or "off");

    private bool IsHidden(XElement run, bool paragraphHides)
    {
        var properties = run.Element(W("rPr"));
        if (IsOn(properties?.Element(W("vanish"))) is { } own)
            return own;
        if (properties?.Element(W("rStyle"))?.Attribute(W("val"))?.Value is { } style && _hiddenStyles.Contains(style))
            return true;
        return paragraphHides;
    }

    private void Hidden(XElement root)
    {
        foreach (var paragraph in root.Descendants(W("p")).ToList())
        {
            _package.Watch.Tick();
            if (!IsUnder(paragraph, root))
                continue;
            var properties = paragraph.Element(W("pPr"));
            var byStyle = properties?.Element(W("pStyle"))?.Attribute(W("val"))?.Value is { } style && _hiddenStyles.Contains(style);
            var runs = paragraph.Descendants(W("r")).Where(r => r.Ancestors(W("p")).First() == paragraph).ToList();
            var hidden = runs.Where(r => IsHidden(r, byStyle)).ToList();
            if (hidden.Count > 0)
            {
                // Half a field would swallow the text up to the next one: its marks stay where not all of them go.
                var marks = hidden.SelectMany(r => r.Elements(W("fldChar"))).Select(f => f.Attribute(W("fldCharType"))?.Value).ToList();
                var whole = marks.Count(m => m == "begin") == marks.Count(m => m == "end");
                foreach (var run in hidden)
                {
                    _hidden++;
                    if (whole || !run.Elements(W("fldChar")).Any()) run.Remove();
                    else run.Elements().Where(e => e.Name != W("rPr") && e.Name != W("fldChar")).ToList().ForEach(e => e.Remove());
                }
            }
            var markHidden = IsOn(properties?.Element(W("rPr"))?.Element(W("vanish"))) ?? byStyle;
            if (!markHidden)
                continue;
            if (hidden.Count == runs.Count && properties?.Element(W("sectPr")) is null && !paragraph.Descendants(W("r")).Any()
                && (paragraph.ElementsAfterSelf(W("p")).Any() || paragraph.ElementsBeforeSelf(W("p")).Any()))
                paragraph.Remove();
            else
                properties?.Element(W("rPr"))?.Element(W("vanish"))?.Remove();
        }
        KeepCellsWhole(root);
    }

    // ---- who, when, from where

    /// <summary>Session marks of editing (17.15.1.70) and bindings to properties and data that go.</summary>
    private void Marks(XElement root)
    {
        foreach (var element in root.DescendantsAndSelf())
            foreach (var attribute in element.Attributes().Where(a => a.Name.Namespace == _w && a.Name.LocalName.StartsWith("rsid", StringComparison.Ordinal)).ToList())
            {
                attribute.Remove();
                _rsids++;
            }
        foreach (var binding in root.Descendants().Where(e => e.Name.LocalName == "dataBinding" || e.Name == W("printerSettings")).ToList())
            binding.Remove();
    }

    private IEnumerable<string> Metadata()
    {
        var names = new List<string>();
        foreach (var part in _package.Names.Where(n => n.StartsWith("docProps/", StringComparison.OrdinalIgnoreCase) || n.EndsWith("/core.xml", StringComparison.OrdinalIgnoreCase)).ToList())
            if (part.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) && !part.EndsWith("custom.xml", StringComparison.OrdinalIgnoreCase) && _package.Xml(part) is { Root: { } root } xml)
            {
                var gone = root.Elements().Where(e => e.Name.LocalName is "creator" or "lastModifiedBy" or "revision" or "lastPrinted" or "keywords" or "category" or "contentStatus" or "version" or "description"
                    or "Manager" or "Company" or "Template" or "HyperlinkBase" or "TotalTime" or "HLinks").ToList();
                foreach (var property in gone)
                {
                    if (property.Value.Length > 0 && property.Name.LocalName is "creator" or "lastModifiedBy" or "Manager" or "Company" or "Template" or "HyperlinkBase")
                        names.Add(Residue.Short(property.Name.LocalName switch { "lastModifiedBy" => "last editor", "HyperlinkBase" => "link base", var n => n.ToLowerInvariant() }, 40));
                    property.Remove();
                }
                if (gone.Count > 0)
                    _package.Put(part, xml);
            }
        if (names.Count > 0)
            yield return $"Removed from the properties: {string.Join(", ", names.Distinct(StringComparer.Ordinal))}.";
        if (RemoveRelated(t => t == "custom-properties") > 0)
            yield return "Removed the document's own properties.";
        if (RemoveRelated(t => t == "thumbnail") > 0)
            yield return "Removed the thumbnail of an earlier first page.";
        if (RemoveRelated(t => t == "customXml") > 0)
            yield return "Removed data of other programs (custom XML).";
        RemoveRelated(t => t is "printerSettings" or "people");
        if (_rsids > 0)
            yield return "Removed the marks of editing sessions.";
    }

    /// <summary>The settings of the document, and of its building blocks, which have their own.</summary>
    private void Settings(List<string> did)
    {
        var said = new List<string>();
        foreach (var name in _package.Names.Where(n => n.EndsWith("/settings.xml", StringComparison.OrdinalIgnoreCase) && !n.StartsWith("customXml", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            if (_package.Xml(name) is not { Root: { } root } xml)
                continue;
            var changed = false;
            if (_choices.Tracked != TrackedChoice.Keep && root.Elements(W("trackRevisions")).ToList() is { Count: > 0 } tracking)
            {
                tracking.ForEach(e => e.Remove());
                said.Add("Turned the tracking of changes off.");
                changed = true;
            }
            if (_choices.Metadata)
                foreach (var element in root.Elements().Where(e => e.Name.Namespace == _w && e.Name.LocalName is "rsids" or "attachedTemplate" or "mailMerge" or "docVars" or "saveThroughXslt" or "documentType"
                    || e.Name.LocalName is "docId").ToList())
                {
                    if (element.Name.LocalName is "attachedTemplate") said.Add("Detached the template.");
                    if (element.Name.LocalName is "mailMerge") said.Add("Detached the mail merge's source.");
                    if (element.Name.LocalName is "docVars") said.Add("Removed the document's variables.");
                    element.Remove();
                    changed = true;
                }
            if (changed)
                _package.Put(name, xml);
        }
        if (_choices.Metadata)
            RemoveRelated(t => t is "attachedTemplate" or "mailMergeSource" or "mailMergeHeaderSource" or "recipientData" or "transform");
        did.AddRange(said.Distinct());
    }

    // ---- the package around it (ISO/IEC 29500-2)

    /// <summary>Removes relationships of a type (its last segment) wherever they are, with the inner parts that they lead to. The number of relationships.</summary>
    private int RemoveRelated(Func<string, bool> type)
    {
        var count = 0;
        foreach (var rels in _package.Names.Where(n => n.EndsWith(".rels", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            if (_package.Xml(rels) is not { Root: { } root } xml)
                continue;
            var gone = root.Elements(Relationships + "Relationship").Where(r => type(r.Attribute("Type")?.Value.Split('/')[^1] ?? "")).ToList();
            foreach (var relationship in gone)
            {
                if (relationship.Attribute("TargetMode")?.Value != "External" && relationship.Attribute("Target")?.Value is { } target)
                    RemovePart(Resolve(FolderOf(rels), target));
                relationship.Remove();
                count++;
            }
            if (gone.Count > 0)
                _package.Put(rels, xml);
        }
        return count;
    }

    private void RemovePart(string name)
    {
        if (!_package.Remove(name))
            return;
        _package.Remove(RelsOf(name));
        if (_package.Xml("[Content_Types].xml") is not { Root: { } root } types)
            return;
        var overrides = root.Elements(Types + "Override").Where(o => string.Equals(o.Attribute("PartName")?.Value.TrimStart('/'), name, StringComparison.OrdinalIgnoreCase)).ToList();
        overrides.ForEach(o => o.Remove());
        if (overrides.Count > 0)
            _package.Put("[Content_Types].xml", types);
    }

    /// <summary>Removes parts to which no relationship leads, and relationships of text parts whose id stands nowhere in their part any more.</summary>
    private int RemoveOrphans()
    {
        foreach (var rels in _package.Names.Where(n => n.EndsWith(".rels", StringComparison.OrdinalIgnoreCase) && n.Length > "_rels/.rels".Length).ToList())
        {
            if (SourceOf(rels) is not { } source || !IsText(source) || _package.Xml(rels) is not { Root: { } root } xml || _package.Xml(source) is not { Root: { } text })
                continue;
            var used = text.DescendantsAndSelf().Attributes().Select(a => a.Value).Where(v => v.Length < 100).ToHashSet(StringComparer.Ordinal);
            var gone = root.Elements(Relationships + "Relationship").Where(r => (r.Attribute("Type")?.Value.Split('/')[^1]) is "image" or "oleObject" or "package" or "hyperlink" or "chart" or "header" or "footer" or "control" or "subDocument"
                && r.Attribute("Id")?.Value is { } id && !used.Contains(id)).ToList();
            gone.ForEach(r => r.Remove());
            if (gone.Count > 0)
                _package.Put(rels, xml);
        }
        var reached = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var open = new Queue<string>(["_rels/.rels"]);
        while (open.TryDequeue(out var rels))
            foreach (var relationship in _package.Xml(rels)?.Root?.Elements(Relationships + "Relationship") ?? [])
                if (relationship.Attribute("TargetMode")?.Value != "External" && relationship.Attribute("Target")?.Value is { } target && Resolve(FolderOf(rels), target) is var part && reached.Add(part)
                    && _package.Has(RelsOf(part)))
                    open.Enqueue(RelsOf(part));
        var orphans = _package.Names.Where(n => !n.EndsWith('/') && !n.EndsWith(".rels", StringComparison.OrdinalIgnoreCase) && n != "[Content_Types].xml" && !reached.Contains(n)).ToList();
        orphans.ForEach(RemovePart);
        foreach (var rels in _package.Names.Where(n => n.EndsWith(".rels", StringComparison.OrdinalIgnoreCase) && SourceOf(n) is { } s && !_package.Has(s)).ToList())
            _package.Remove(rels);
        return orphans.Count;
    }

    private bool IsTemplate() => MainType().Contains("template", StringComparison.OrdinalIgnoreCase);

    private bool HasMacros() => MainType().Contains("macroEnabled", StringComparison.OrdinalIgnoreCase);

    private XElement? MainOverride(XDocument? types) => types?.Root?.Elements(Types + "Override").FirstOrDefault(o => string.Equals(o.Attribute("PartName")?.Value.TrimStart('/'), _main, StringComparison.OrdinalIgnoreCase));

    private string MainType() => MainOverride(_package.Xml("[Content_Types].xml"))?.Attribute("ContentType")?.Value ?? "";

    private void ToPlainDocument()
    {
        var types = _package.Xml("[Content_Types].xml");
        if (MainOverride(types) is not { } main || main.Attribute("ContentType") is not { } type || !type.Value.Contains("macroEnabled", StringComparison.OrdinalIgnoreCase))
            return;
        type.Value = type.Value.Contains("emplate", StringComparison.Ordinal)
            ? "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"
            : "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
        _package.Put("[Content_Types].xml", types!);
    }

    /// <summary>The part that a relationships part speaks of: word/_rels/document.xml.rels is of word/document.xml.</summary>
    private static string? SourceOf(string rels)
    {
        var at = rels.LastIndexOf("_rels/", StringComparison.OrdinalIgnoreCase);
        return at < 0 || rels.Length <= at + 6 + 5 ? null : rels[..at] + rels[(at + 6)..^5];
    }

    private static string RelsOf(string part)
    {
        var slash = part.LastIndexOf('/') + 1;
        return part[..slash] + "_rels/" + part[slash..] + ".rels";
    }

    private static string FolderOf(string rels)
    {
        var at = rels.LastIndexOf("_rels/", StringComparison.OrdinalIgnoreCase);
        return at <= 0 ? "" : rels[..at];
    }

    private static string Resolve(string folder, string target)
    {
        if (target.StartsWith('/'))
            return target[1..];
        var segments = new List<string>();
        foreach (var segment in (folder + target).Split('/'))
            if (segment == "..")
            {
                if (segments.Count > 0) segments.RemoveAt(segments.Count - 1);
            }
            else if (segment is not ("" or "."))
                segments.Add(segment);
        return string.Join('/', segments);
    }
}
