using System.Globalization;
using System.Xml.Linq;

namespace Countersign.Documents;

/// <summary>Cleans OpenDocument texts (OASIS OpenDocument 1.3).</summary>
internal static class OdtCleaner
{
    private static readonly XNamespace Text = "urn:oasis:names:tc:opendocument:xmlns:text:1.0";
    private static readonly XNamespace Office = "urn:oasis:names:tc:opendocument:xmlns:office:1.0";
    private static readonly XNamespace Style = "urn:oasis:names:tc:opendocument:xmlns:style:1.0";
    private static readonly XNamespace Table = "urn:oasis:names:tc:opendocument:xmlns:table:1.0";
    private static readonly XNamespace Config = "urn:oasis:names:tc:opendocument:xmlns:config:1.0";
    private static readonly XNamespace Manifest = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0";

    public static CleanResult Clean(Package package, CleanChoices choices)
    {
        if (package.Xml("content.xml") is not { Root: { } content } contentXml)
            return new CleanRefusal("clean.damaged", "The document has no text.", "Open it in an office program, save it anew, and clean that.");
        if (package.Has("META-INF/documentsignatures.xml"))
            return new CleanRefusal("clean.signed", "The document bears signatures, which any change makes void.", "Clean the document as it was before it was signed.");
        if (package.Xml("META-INF/manifest.xml")?.Descendants(Manifest + "encryption-data").Any() == true)
            return new CleanRefusal("clean.encrypted", "The document is encrypted.", "Save it without a password, and clean that.");
        var stylesXml = package.Xml("styles.xml");
        var did = new List<string>();
        var roots = new[] { content, stylesXml?.Root }.OfType<XElement>().ToList();
        if (choices.Tracked != TrackedChoice.Keep)
        {
            var changes = roots.Descendants(Text + "changed-region").ToList();
            if (choices.Tracked == TrackedChoice.Reject && changes.Count > 0)
                return new CleanRefusal("clean.odt-reject", "Tracked changes of an OpenDocument text can be accepted here, not rejected.",
                    "Reject them in an office program (in LibreOffice: Edit, Track Changes, Reject All), and clean the result.");
            var formats = changes.Count(c => c.Elements(Text + "format-change").Any());
            foreach (var element in roots.Descendants().Where(e => e.Name == Text + "tracked-changes" || e.Name == Text + "change" || e.Name == Text + "change-start" || e.Name == Text + "change-end").ToList())
                element.Remove();
            if (changes.Count > 0)
                did.Add(string.Create(CultureInfo.InvariantCulture, $"Accepted {changes.Count} tracked changes, {formats} of them of formatting."));
        }
        if (choices.Comments)
        {
            var comments = roots.Descendants().Where(e => e.Name == Office + "annotation" || e.Name == Office + "annotation-end").ToList();
            if (comments.Count > 0)
                did.Add(string.Create(CultureInfo.InvariantCulture, $"Removed {comments.Count(c => c.Name == Office + "annotation")} comments."));
            foreach (var comment in comments.Where(c => c.Parent is not null))
                comment.Remove();
        }
        if (choices.Hidden && Hide(package, roots) is > 0 and var hidden)
            did.Add(string.Create(CultureInfo.InvariantCulture, $"Removed hidden text ({hidden} pieces)."));
        package.Put("content.xml", contentXml);
        if (stylesXml is not null)
            package.Put("styles.xml", stylesXml);
        if (choices.Metadata)
            Metadata(package, did);
        if (choices.Macros && Remove(package, n => n.StartsWith("Basic/", StringComparison.Ordinal) || n.StartsWith("Scripts/", StringComparison.Ordinal)) > 0)
            did.Add("Removed the macros.");
        var type = package.Bytes("mimetype") is { } mime ? System.Text.Encoding.ASCII.GetString(mime) : "";
        return new Cleaned(package.Save("mimetype"), type.Contains("template", StringComparison.Ordinal) ? ".ott" : ".odt", did, []);
    }

    /// <summary>Removes hidden text and paragraphs, sections that are not shown, and what stands in a style that is not displayed.</summary>
    private static int Hide(Package package, List<XElement> roots)
    {
        var styles = roots.Descendants(Style + "style").Where(s => s.Attribute(Style + "name") is not null)
            .GroupBy(s => s.Attribute(Style + "name")!.Value).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        var hiddenStyles = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, style) in styles)
        {
            var steps = 0;
            for (var s = style; s is not null && steps++ < 50; s = s.Attribute(Style + "parent-style-name")?.Value is { } parent ? styles.GetValueOrDefault(parent) : null)
                if (s.Element(Style + "text-properties")?.Attribute(Text + "display")?.Value is { } display)
                {
                    if (display == "none") hiddenStyles.Add(name);
                    break;
                }
        }
        var count = 0;
        foreach (var element in roots.Descendants().Where(e => e.Name == Text + "hidden-text" || e.Name == Text + "hidden-paragraph"
            || (e.Name == Text + "section" && e.Attribute(Text + "display")?.Value == "none")
            || ((e.Name == Text + "span" || e.Name == Text + "p" || e.Name == Text + "h") && e.Attribute(Text + "style-name")?.Value is { } style && hiddenStyles.Contains(style))).ToList())
        {
            package.Watch.Tick();
            if (element.Parent is not { } parent)
                continue;
            count++;
            if (element.Name == Text + "hidden-paragraph" && element.Ancestors().FirstOrDefault(a => a.Name == Text + "p" || a.Name == Text + "h") is { Parent: not null } paragraph
                && element.Attribute(Text + "is-hidden")?.Value == "true")
                paragraph.Remove();
            else
                element.Remove();
            if (parent.Name == Table + "table-cell" && !parent.HasElements)
                parent.Add(new XElement(Text + "p"));
        }
        return count;
    }

    private static void Metadata(Package package, List<string> did)
    {
        if (package.Xml("meta.xml") is { Root: { } root } xml)
        {
            var gone = root.Elements(Office + "meta").Elements().Where(e => e.Name.LocalName is "creator" or "initial-creator" or "printed-by" or "print-date" or "template" or "user-defined" or "editing-cycles"
                or "editing-duration" or "hyperlink-behaviour" or "auto-reload" or "keyword" or "description" or "contributor" or "publisher").ToList();
            gone.ForEach(e => e.Remove());
            if (gone.Count > 0)
            {
                package.Put("meta.xml", xml);
                did.Add($"Removed from the properties: {string.Join(", ", gone.Select(e => e.Name.LocalName).Distinct(StringComparer.Ordinal))}.");
            }
        }
        if (package.Xml("settings.xml") is { Root: { } settings } settingsXml)
        {
            var gone = settings.Descendants(Config + "config-item").Where(e => e.Attribute(Config + "name")?.Value is "PrinterName" or "PrinterSetup" or "CurrentDatabaseDataSource" or "CurrentDatabaseCommand"
                or "Rsid" or "RsidRoot" or "ModifyPasswordInfo").ToList();
            gone.ForEach(e => e.Remove());
            if (gone.Count > 0)
            {
                package.Put("settings.xml", settingsXml);
                did.Add("Removed the printer, data source and marks of editing sessions from the settings.");
            }
        }
        if (Remove(package, n => n.StartsWith("Versions/", StringComparison.Ordinal) || n == "VersionList.xml") > 0)
            did.Add("Removed earlier versions.");
        if (Remove(package, n => n.StartsWith("Thumbnails/", StringComparison.Ordinal)) > 0)
            did.Add("Removed the thumbnail of an earlier first page.");
    }

    /// <summary>Removes parts with their lines in the manifest.</summary>
    private static int Remove(Package package, Func<string, bool> which)
    {
        var gone = package.Names.Where(which).ToList();
        if (gone.Count == 0)
            return 0;
        gone.ForEach(n => package.Remove(n));
        if (package.Xml("META-INF/manifest.xml") is { Root: { } root } xml)
        {
            root.Elements(Manifest + "file-entry").Where(e => e.Attribute(Manifest + "full-path")?.Value is { } path && which(path)).ToList().ForEach(e => e.Remove());
            package.Put("META-INF/manifest.xml", xml);
        }
        return gone.Count;
    }
}
