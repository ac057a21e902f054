using System.Text;

namespace Countersign.Proof;

/// <summary>Why a PDF cannot be sealed: a stable code, a sentence, and what to do.</summary>
public sealed record PdfRefusal(string Code, string Why, string Next);

/// <summary>Something about a PDF that its signers should know: a stable id and a sentence.</summary>
public sealed record PdfFinding(string Id, string Says);

/// <summary>What <see cref="SealedPdf.Examine"/> found. Either <see cref="Refusal"/>, or the rest.</summary>
public sealed record Examination(PdfRefusal? Refusal, IReadOnlyList<PdfFinding> Findings, IReadOnlyList<PdfPage> Pages);

/// <summary>
/// What may be sealed: an allow-list of what catalog, pages, annotations and outline hold, and a few markers that no object may bear. The same
/// rules hold at upload and in every verifier. The question behind each: could two readers, or screen and printer, or today and tomorrow, show
/// different pages of these bytes?
/// </summary>
internal sealed class PdfRules
{
    private const int MaxPages = 20_000, MaxOutline = 100_000, MaxTreeDepth = 64;

    private static readonly HashSet<string> CatalogKeys =
    [
        "Type", "Version", "Extensions", "Pages", "PageLabels", "Names", "Dests", "ViewerPreferences", "PageLayout", "PageMode", "Outlines",
        "OpenAction", "URI", "Metadata", "StructTreeRoot", "MarkInfo", "Lang", "SpiderInfo", "OutputIntents", "PieceInfo", "LastModified",
        "AcroForm", "Threads",
        // Entries of producers that no reader draws: iText's version, u2p's licence note, Acrobat's and pdftk's own notes.
        "ITXT", "JT", "u2pMat", "ProcSet", "CreationDate", "pdftk_PageNum",
    ];

    private static readonly HashSet<string> TreeKeys =
        ["Type", "Parent", "Kids", "Count", "Resources", "MediaBox", "CropBox", "Rotate"];

    private static readonly HashSet<string> PageKeys =
    [
        "Type", "Parent", "LastModified", "Resources", "MediaBox", "CropBox", "BleedBox", "TrimBox", "ArtBox", "BoxColorInfo", "Contents", "Rotate",
        "Group", "Thumb", "B", "Annots", "Metadata", "PieceInfo", "StructParents", "ID", "PZ", "SeparationInfo", "Tabs", "UserUnit", "Dur", "Trans",
        "ITXT", "JT", "u2pMat", "ProcSet", "CreationDate", "pdftk_PageNum",
    ];

    private static readonly HashSet<string> LinkKeys =
        ["Type", "Subtype", "Rect", "Contents", "P", "NM", "M", "F", "Border", "C", "StructParent", "A", "Dest", "H", "PA", "QuadPoints", "BS", "CA", "ca", "Lang", "T", "AAPL:AKExtras"];

    // IDS and URLS belong to web capture, Pages and Templates hold pages that a form script could show: only the first two are harmless.
    private static readonly HashSet<string> NamesKeys = ["Dests", "IDS", "URLS"];

    private static readonly Dictionary<string, (string Why, string Next)> Sentences = new(StringComparer.Ordinal)
    {
        ["pdf.damaged"] = ("The PDF is damaged: {0}.", "Make it again from its source, or print it to a new PDF."),
        ["pdf.too-large"] = ("The PDF has more than 100 MB.", "Make a smaller one, for instance with less detailed pictures."),
        ["pdf.too-many-objects"] = ("The PDF has more objects than are taken.", "Print it to a new PDF."),
        ["pdf.size"] = ("The PDF lists objects beyond the number that it says it has; readers disagree on such objects.", "Print it to a new PDF."),
        ["pdf.encrypted"] = ("The PDF is encrypted or protected by a password.", "Save it without protection; its seal protects it better."),
        ["pdf.hybrid"] = ("The PDF holds two lists of its parts, one for old and one for new readers, and its pages need parts that only one of them names.", "Print it to a new PDF."),
        ["pdf.signed"] = ("The PDF carries a signature already; a seal over it would break it, or hide what it covers.", "Take the PDF as it was before it was signed."),
        ["pdf.form"] = ("The PDF holds form fields; what a field shows can change after people approved it.", "Print it to a new PDF, so that the fields become plain text."),
        ["pdf.xfa"] = ("The PDF holds an XFA form, whose pages are drawn by a program.", "Print it to a new PDF."),
        ["pdf.javascript"] = ("The PDF holds JavaScript, which can change what it shows.", "Print it to a new PDF, or export it without scripts."),
        ["pdf.action"] = ("The PDF does something when it is opened or clicked ({0}); only jumps inside it and links to web and mail addresses are taken.", "Export it without actions, or print it to a new PDF."),
        ["pdf.link"] = ("The PDF links to \"{0}\"; only http, https and mailto addresses are taken.", "Remove or mend the link, then export it again."),
        ["pdf.annotation"] = ("The PDF holds a comment, stamp or other annotation ({0}), which readers show, hide or print as they please.", "Accept or remove comments, then export it again; or print it to a new PDF."),
        ["pdf.attachment"] = ("The PDF holds an attached file that signers would not see.", "Export it without attachments; name files that leave with the letter with --with."),
        ["pdf.portfolio"] = ("The PDF is a portfolio of files.", "Export the letter alone."),
        ["pdf.optional-content"] = ("The PDF has layers that can be switched on and off, so that people may see different pages.", "Flatten the layers, or print it to a new PDF."),
        ["pdf.alternates"] = ("The PDF holds alternate pictures: one for the screen, another for the printer.", "Print it to a new PDF."),
        ["pdf.external"] = ("The PDF takes part of its content from another file.", "Export it with everything inside."),
        ["pdf.unknown-key"] = ("The PDF holds /{0}, which is not known to be harmless.", "Print it to a new PDF."),
        ["pdf.pages"] = ("The PDF's page tree is not in order: {0}.", "Print it to a new PDF."),
    };

    private readonly PdfFile _file;
    private readonly List<PdfPage> _pages = [];
    private readonly List<int> _pageNumbers = [];
    private readonly List<PdfFinding> _findings = [];

    private PdfRules(PdfFile file) => _file = file;

    /// <summary>The pages' geometry, in order.</summary>
    public IReadOnlyList<PdfPage> Pages => _pages;

    /// <summary>The pages' object numbers, in order.</summary>
    public IReadOnlyList<int> PageNumbers => _pageNumbers;

    public IReadOnlyList<PdfFinding> Findings => _findings;

    /// <summary>The catalog.</summary>
    public PdfDictionary Catalog { get; private set; } = new();

    public PdfFile File => _file;

    /// <summary>Reads and judges a PDF. Null, with the refusal, when it cannot be sealed.</summary>
    public static PdfRules? Read(ReadOnlyMemory<byte> bytes, out PdfRefusal? refusal)
    {
        try
        {
            var rules = new PdfRules(PdfFile.Load(bytes));
            rules.Check();
            refusal = null;
            return rules;
        }
        catch (MalformedException e)
        {
            refusal = Refusal("pdf.damaged", e.Message);
        }
        catch (PdfRefusedException e)
        {
            refusal = Refusal(e.Code, e.Detail);
        }
        return null;
    }

    private static PdfRefusal Refusal(string code, string? detail)
    {
        var (why, next) = Sentences[code];
        return new PdfRefusal(code, why.Replace("{0}", detail, StringComparison.Ordinal), next);
    }

    private void Check()
    {
        // A sealed or otherwise signed file holds attachments and fields, too; that it is signed is what its bearer must hear.
        if (_file.Objects.Values.Any(o => o is PdfDictionary d && IsName(d["Type"], "Sig")))
            throw new PdfRefusedException("pdf.signed");
        foreach (var value in _file.Objects.Values)
            CheckMarkers(value, 0);
        if (_file.Trailer["Root"] is not PdfReference || _file.Dictionary(_file.Trailer["Root"]) is not { } catalog)
            throw new MalformedException("it has no catalog");
        Catalog = catalog;
        CheckCatalog();
        Walk(Catalog["Pages"], null, new Inherited(null, null, null), 0, []);
        if (_pages.Count == 0)
            throw new PdfRefusedException("pdf.pages", "there is no page");
        CheckHybrid();
        FindFonts();
        if (_file.Sections > (_file.IsLinearised ? 2 : 1))
            _findings.Add(new PdfFinding("pdf.earlier-revisions", "The PDF still holds earlier revisions of itself, which its recipients can read."));
    }

    /// <summary>What no object may be, wherever it stands and whether or not anything leads to it.</summary>
    private void CheckMarkers(PdfObject? value, int depth)
    {
        switch (value)
        {
            case PdfArray array:
                foreach (var item in array.Items)
                    CheckMarkers(item, depth + 1);
                break;
            case PdfStream stream:
                if (stream.Dictionary.Has("F"))
                    throw new PdfRefusedException("pdf.external");
                CheckMarkers(stream.Dictionary, depth + 1);
                break;
            case PdfDictionary dictionary:
                var type = (_file.Resolve(dictionary["Type"]) as PdfName)?.Value;
                if (type is "Sig" or "DocTimeStamp" || (dictionary.Has("ByteRange") && dictionary.Has("Contents")) || IsName(dictionary["FT"], "Sig"))
                    throw new PdfRefusedException("pdf.signed");
                if (type is "EmbeddedFile" or "Filespec" or "F" || dictionary.Has("EF"))
                    throw new PdfRefusedException("pdf.attachment");
                if (type is "OCG" or "OCMD" || (dictionary.Has("OC") && (type == "XObject" || dictionary.Has("Subtype"))))
                    throw new PdfRefusedException("pdf.optional-content");
                if (IsName(dictionary["S"], "JavaScript") || (type == "Action" && dictionary.Has("JS")))
                    throw new PdfRefusedException("pdf.javascript");
                if (IsName(dictionary["S"], "Launch"))
                    throw new PdfRefusedException("pdf.action", "Launch");
                if (dictionary.Has("Alternates") && IsName(dictionary["Subtype"], "Image"))
                    throw new PdfRefusedException("pdf.alternates");
                foreach (var (_, item) in dictionary.Entries)
                    CheckMarkers(item, depth + 1);
                break;
            default:
                break;
        }
    }

    private bool IsName(PdfObject? value, string name) => _file.Resolve(value) is PdfName n && n.Value == name;

    private static void OnlyKnown(PdfDictionary dictionary, HashSet<string> known)
    {
        foreach (var (key, value) in dictionary.Entries)
        {
            if (known.Contains(key) || value is null)
                continue;
            throw new PdfRefusedException(key switch
            {
                "AA" => "pdf.action",
                "OCProperties" => "pdf.optional-content",
                "Collection" => "pdf.portfolio",
                "AF" => "pdf.attachment",
                "Perms" or "DSS" => "pdf.signed",
                _ => "pdf.unknown-key",
            }, key);
        }
    }

    private void CheckCatalog()
    {
        OnlyKnown(Catalog, CatalogKeys);
        if (Catalog["OpenAction"] is { } open)
            CheckDestination(open);
        if (_file.Resolve(Catalog["Names"]) is PdfDictionary names)
            foreach (var (key, value) in names.Entries)
                if (!NamesKeys.Contains(key) && value is not null && !IsEmptyTree(value))
                    throw new PdfRefusedException(key switch { "JavaScript" => "pdf.javascript", "EmbeddedFiles" => "pdf.attachment", _ => "pdf.unknown-key" }, key);
        if (_file.Resolve(Catalog["AcroForm"]) is PdfDictionary form)
        {
            if (form.Has("XFA"))
                throw new PdfRefusedException("pdf.xfa");
            if (_file.Resolve(form["Fields"]) is not PdfArray { Items.Count: 0 } || form.Has("NeedAppearances") || form.Has("CO") || form.Has("SigFlags"))
                throw new PdfRefusedException("pdf.form");
        }
        CheckOutline();
    }

    private bool IsEmptyTree(PdfObject value) => _file.Resolve(value) is PdfDictionary tree
        && (_file.Resolve(tree["Names"]) is null or PdfArray { Items.Count: 0 }) && (_file.Resolve(tree["Kids"]) is null or PdfArray { Items.Count: 0 });

    /// <summary>A destination (array, name or string), or an action that only goes there.</summary>
    private void CheckDestination(PdfObject value)
    {
        if (_file.Resolve(value) is PdfDictionary action)
            CheckAction(action);
    }

    private void CheckAction(PdfDictionary action)
    {
        var kind = (_file.Resolve(action["S"]) as PdfName)?.Value ?? "of no kind";
        if (action.Has("Next"))
            throw new PdfRefusedException("pdf.action", "a chain of actions");
        switch (kind)
        {
            case "GoTo":
                return;
            case "URI":
                var address = _file.Resolve(action["URI"]) is PdfString text ? Encoding.Latin1.GetString(text.Value) : "";
                if (!address.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !address.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
                    && !address.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
                    throw new PdfRefusedException("pdf.link", new string([.. address.Take(60).Where(c => c is >= ' ' and < (char)127)]));
                return;
            default:
                throw new PdfRefusedException(kind == "JavaScript" ? "pdf.javascript" : "pdf.action", kind);
        }
    }

    private void CheckOutline()
    {
        if (_file.Dictionary(Catalog["Outlines"]) is not { } root)
            return;
        var seen = new HashSet<PdfDictionary>(ReferenceEqualityComparer.Instance);
        var open = new Stack<PdfObject?>([root["First"]]);
        while (open.TryPop(out var next))
        {
            if (_file.Dictionary(next) is not { } item || !seen.Add(item))
                continue;
            if (seen.Count > MaxOutline)
                throw new PdfRefusedException("pdf.pages", "its outline is too long");
            if (_file.Dictionary(item["A"]) is { } action)
                CheckAction(action);
            if (item.Has("AA"))
                throw new PdfRefusedException("pdf.action", "AA");
            open.Push(item["Next"]);
            open.Push(item["First"]);
        }
    }

    private sealed record Inherited(PdfObject? MediaBox, PdfObject? CropBox, PdfObject? Rotate);

    private void Walk(PdfObject? node, PdfReference? parent, Inherited inherited, int depth, HashSet<int> seen)
    {
        if (node is not PdfReference reference || _file.Dictionary(node) is not { } dictionary)
            throw new PdfRefusedException("pdf.pages", "a page is missing");
        if (!seen.Add(reference.Number) || depth > MaxTreeDepth)
            throw new PdfRefusedException("pdf.pages", "a page stands in it twice");
        inherited = new Inherited(dictionary["MediaBox"] ?? inherited.MediaBox, dictionary["CropBox"] ?? inherited.CropBox, dictionary["Rotate"] ?? inherited.Rotate);
        if (parent is not null && (dictionary["Parent"] is not PdfReference up || up.Number != parent.Number))
            throw new PdfRefusedException("pdf.pages", "a page names another parent than the one that names it");
        if (_file.Resolve(dictionary["Kids"]) is PdfArray kids)
        {
            OnlyKnown(dictionary, TreeKeys);
            foreach (var kid in kids.Items)
                Walk(kid, reference, inherited, depth + 1, seen);
            return;
        }
        if (!IsName(dictionary["Type"], "Page"))
            throw new PdfRefusedException("pdf.pages", "something stands in it that is no page");
        OnlyKnown(dictionary, PageKeys);
        if (_file.Resolve(dictionary["UserUnit"]) is PdfToken { Text: not ("1" or "1.0") })
            throw new PdfRefusedException("pdf.unknown-key", "UserUnit");
        if (_pages.Count >= MaxPages)
            throw new PdfRefusedException("pdf.pages", "it has too many pages");
        switch (_file.Resolve(dictionary["Annots"]))
        {
            case null:
                break;
            case PdfArray annotations:
                foreach (var annotation in annotations.Items)
                    CheckAnnotation(annotation);
                break;
            default:
                throw new PdfRefusedException("pdf.pages", "its annotations are no list");
        }
        _pageNumbers.Add(reference.Number);
        _pages.Add(Geometry(_pages.Count + 1, inherited));
    }

    private void CheckAnnotation(PdfObject? value)
    {
        if (_file.Dictionary(value) is not { } annotation)
        {
            if (_file.Resolve(value) is null)
                return; // a reference to nothing is the null object (§7.3.10): no reader shows it
            throw new PdfRefusedException("pdf.annotation", "of no kind");
        }
        var kind = (_file.Resolve(annotation["Subtype"]) as PdfName)?.Value ?? "of no kind";
        if (kind == "Widget")
            throw new PdfRefusedException("pdf.form");
        if (kind == "FileAttachment")
            throw new PdfRefusedException("pdf.attachment");
        if (kind != "Link")
            throw new PdfRefusedException("pdf.annotation", kind);
        OnlyKnown(annotation, LinkKeys);
        foreach (var key in (string[])["A", "PA"])
            if (_file.Dictionary(annotation[key]) is { } action)
                CheckAction(action);
    }

    private PdfPage Geometry(int number, Inherited inherited)
    {
        var media = Box(inherited.MediaBox) ?? throw new PdfRefusedException("pdf.pages", $"page {number} has no size");
        var crop = Box(inherited.CropBox) ?? media;
        double left = Math.Max(media[0], crop[0]), bottom = Math.Max(media[1], crop[1]), right = Math.Min(media[2], crop[2]), top = Math.Min(media[3], crop[3]);
        if (right - left < 1 || top - bottom < 1)
            (left, bottom, right, top) = (media[0], media[1], media[2], media[3]);
        if (right - left < 1 || top - bottom < 1 || right - left > 100_000 || top - bottom > 100_000)
            throw new PdfRefusedException("pdf.pages", $"page {number} has no size");
        var rotation = _file.Resolve(inherited.Rotate) is PdfToken token ? Value(token) ?? 0 : 0;
        if (rotation % 90 != 0 || Math.Abs(rotation) > 36_000)
            throw new PdfRefusedException("pdf.pages", $"page {number} is turned by no quarter");
        return new PdfPage(number, left, bottom, right, top, (int)(((rotation % 360) + 360) % 360));
    }

    private double[]? Box(PdfObject? value)
    {
        if (_file.Resolve(value) is not PdfArray { Items.Count: 4 } array)
            return null;
        var n = array.Items.Select(i => _file.Resolve(i) is PdfToken token ? Value(token) : null).ToArray();
        return n.All(x => x is not null && Math.Abs(x.Value) < 1e9)
            ? [Math.Min(n[0]!.Value, n[2]!.Value), Math.Min(n[1]!.Value, n[3]!.Value), Math.Max(n[0]!.Value, n[2]!.Value), Math.Max(n[1]!.Value, n[3]!.Value)]
            : null;
    }

    private static double? Value(PdfToken token) => double.TryParse(
        token.Text, System.Globalization.NumberStyles.AllowLeadingSign | System.Globalization.NumberStyles.AllowDecimalPoint,
        System.Globalization.CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>
    /// In a hybrid file (which is what Word exports), old readers do not see the hidden objects. That is harmless while only the structure tree
    /// leads to them, which draws nothing; a page, font or picture that needs one would look different to them.
    /// </summary>
    private void CheckHybrid()
    {
        if (_file.Hidden.Count == 0)
            return;
        var seen = new HashSet<int>();
        var open = new Stack<PdfObject?>(Catalog.Entries.Where(e => e.Key != "StructTreeRoot").Select(e => e.Value));
        if (_file.Trailer["Root"] is PdfReference root && _file.Hidden.Contains(root.Number))
            throw new PdfRefusedException("pdf.hybrid");
        open.Push(_file.Trailer["Info"]);
        while (open.TryPop(out var next))
        {
            switch (next)
            {
                case PdfReference reference when seen.Add(reference.Number):
                    if (_file.Hidden.Contains(reference.Number))
                        throw new PdfRefusedException("pdf.hybrid");
                    open.Push(_file.Objects.GetValueOrDefault(reference.Number)); // one step: what stands between may be hidden
                    break;
                case PdfArray array:
                    array.Items.ForEach(open.Push);
                    break;
                case PdfStream stream:
                    open.Push(stream.Dictionary);
                    break;
                case PdfDictionary dictionary:
                    foreach (var (_, value) in dictionary.Entries)
                        open.Push(value);
                    break;
                default:
                    break;
            }
        }
    }

    private void FindFonts()
    {
        foreach (var value in _file.Objects.Values)
        {
            if (value is not PdfDictionary font || !IsName(font["Type"], "Font"))
                continue;
            var kind = (_file.Resolve(font["Subtype"]) as PdfName)?.Value;
            if (kind is not ("Type1" or "TrueType" or "MMType1" or "CIDFontType0" or "CIDFontType2"))
                continue;
            var descriptor = _file.Dictionary(font["FontDescriptor"]);
            if (descriptor is null || !(descriptor.Has("FontFile") || descriptor.Has("FontFile2") || descriptor.Has("FontFile3")))
            {
                _findings.Add(new PdfFinding("pdf.fonts-not-embedded", "A font is not inside the PDF: another machine may show other letters than the ones you see."));
                return;
            }
        }
    }
}
