using System.Globalization;
using System.Text;
using System.Xml;
using UglyToad.PdfPig;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Exceptions;
using UglyToad.PdfPig.Parser.Parts;
using UglyToad.PdfPig.Tokenization.Scanner;
using UglyToad.PdfPig.Tokens;

namespace Countersign.Documents.Readers;

/// <summary>
/// Reads a PDF (ISO 32000): each page's text line by line in the order of painting, with what is hidden or covered told apart; notes, fields, embedded files,
/// metadata, bookmarks; and what in it acts. No picture is decoded. A page that cannot be read is unread, and the others are read.
/// </summary>
internal static class PdfReader
{
    private const int MostPages = 20_000, MostPictures = 50, MostStructure = 20_000, MostRevisions = 100;

    /// <summary>From which share of a page's letters on it is not read.</summary>
    private const double ShareUnread = 0.1;

    /// <summary>From which share of a page on a picture is the page.</summary>
    private const double ShareOfPage = 0.5;

    public static void Read(Reading reading)
    {
        FindRevisions(reading);
        var options = new PdfReadingOptions(reading);
        PdfDocument document;
        try
        {
            document = PdfDocument.Open(reading.Bytes, options);
        }
        catch (PdfDocumentEncryptedException)
        {
            reading.Unreadable(UnreadReason.Encrypted, default, "It is encrypted, and opens only with a password.");
            return;
        }
        using (document)
        {
            var scanner = document.Structure.TokenScanner;
            var catalog = document.Structure.Catalog.CatalogDictionary;
            Try(() => FindLayersOff(catalog, scanner, options));
            ReadPages(document, reading);
            Try(() => ReadInformation(document, reading));
            Try(() => ReadXmp(document, catalog, reading));
            Try(() => ReadForm(catalog, scanner, reading));
            Try(() => ReadOutline(catalog, scanner, reading));
            Try(() => ReadStructure(catalog, scanner, reading));
            Try(() => FindActions(catalog, scanner, new Place("document"), reading));
            Try(() => ReadFiles(document, catalog, reading));
        }
    }

    /// <summary>Runs one part of the reading; where it is damaged the others go on.</summary>
    private static void Try(Action part)
    {
        try
        {
            part();
        }
        catch (Exception e) when (e is not (OutOfMemoryException or BoundReachedException))
        {
            return; // the library's exceptions on damaged objects are many; the pages were read
        }
    }

    private static void ReadPages(PdfDocument document, Reading reading)
    {
        document.AddPageFactory<PdfPage, PdfPageFactory>();
        var count = document.NumberOfPages;
        for (var number = 1; number <= Math.Min(count, MostPages); number++)
        {
            reading.Tick();
            var place = new Place("", number);
            try
            {
                var page = document.GetPage<PdfPage>(number);
                page.FindUnseen(reading);
                PdfLines.Write(page, number, reading);
                Judge(page, place, reading);
                Try(() => ReadNotes(document, page.Dictionary, number, reading));
            }
            catch (Exception e) when (e is not (OutOfMemoryException or BoundReachedException))
            {
                reading.Unreadable(UnreadReason.Damaged, place, $"Page {number} is damaged ({e.GetType().Name}).");
            }
        }
        if (count > MostPages)
            reading.Unreadable(UnreadReason.TooMany, default, $"It has {count:N0} pages, of which {MostPages:N0} are read.");
    }

    /// <summary>What of a page was not read, though it was there.</summary>
    private static void Judge(PdfPage page, Place place, Reading reading)
    {
        foreach (var text in page.ActualTexts)
            reading.Text(text, TextRole.AltText, place, "actual text");
        var area = Math.Max(1, page.Width * page.Height);
        double pictured = 0;
        var pictures = 0;
        foreach (var (x0, y0, x1, y1) in page.Pictures)
        {
            var (width, height) = (Math.Min(x1, page.Width) - Math.Max(x0, 0), Math.Min(y1, page.Height) - Math.Max(y0, 0));
            if (width < 16 || height < 16)
                continue;
            pictured += width * height / area;
            if (pictures++ < MostPictures)
                reading.Found(OddityKind.Picture, place, string.Create(CultureInfo.InvariantCulture, $"{width:0} x {height:0} pt"));
        }
        var letters = 0;
        for (var i = 0; i < page.Count && letters == 0; i++)
            letters += page.Glyphs[i].Text.AsSpan().IndexOfAnyExcept(' ', '\t') >= 0 ? 1 : 0;
        if (letters == 0 && pictured >= ShareOfPage)
            reading.Unreadable(UnreadReason.Picture, place, $"Page {place.Page} is a picture, whose text is not read.");
        if (page.Contradicted >= ShareUnread * page.Letters && page.ContradictedCodes.Count >= 2)
            reading.Unreadable(UnreadReason.RemappedGlyphs, place, $"On page {place.Page}, {page.Contradicted} of {page.Letters} letters are shown as others than they say.");
        else if (page.Unmapped > 0 && page.Unmapped >= ShareUnread * page.Letters)
            reading.Unreadable(UnreadReason.RemappedGlyphs, place, $"On page {place.Page}, nothing says what {page.Unmapped} of {page.Letters} letters are.");
        if (page.Failed > 0)
            reading.Unreadable(UnreadReason.Damaged, place, $"On page {place.Page}, {page.Failed} pieces of text could not be read.");
        if (page.FormsTooDeep)
            reading.Unreadable(UnreadReason.TooDeep, place, $"On page {place.Page}, drawings are nested too deep.");
    }

    /// <summary>Updates are appended to a PDF, each with an end of its own (ISO 32000-1 7.5.6); a linearised file has two from the start (Annex F).</summary>
    private static void FindRevisions(Reading reading)
    {
        var bytes = reading.Bytes.Span;
        var ends = 0;
        for (int at = 0, next; ends < MostRevisions && (next = bytes[at..].IndexOf("%%EOF"u8)) >= 0; at += next + 5)
            if (bytes[Math.Max(0, at + next - 60)..(at + next)].IndexOf("startxref"u8) >= 0)
                ends++;
        var linearised = bytes[..Math.Min(bytes.Length, 1024)].IndexOf("/Linearized"u8) >= 0 ? 1 : 0;
        if (ends - linearised >= 2 && bytes.LastIndexOf("/Prev"u8) >= 0)
            reading.Found(OddityKind.EarlierRevision, default, $"{ends - linearised - 1} before the last");
    }

    /// <summary>The default configuration of optional content (ISO 32000-1 8.11.4.3).</summary>
    private static void FindLayersOff(DictionaryToken catalog, IPdfTokenScanner scanner, PdfReadingOptions options)
    {
        if (catalog.Dictionary("OCProperties", scanner) is not { } properties || properties.Dictionary("D", scanner) is not { } standard)
            return;
        var off = standard.Name(NameToken.Create("BaseState"), scanner) == "OFF" ? properties.Array("OCGs", scanner) : [];
        foreach (var token in off.Take(10_000).OfType<IndirectReferenceToken>())
            options.LayersOff.Add(token.Data);
        foreach (var token in standard.Array("ON", scanner).Take(10_000).OfType<IndirectReferenceToken>())
            options.LayersOff.Remove(token.Data);
        foreach (var token in standard.Array("OFF", scanner).Take(10_000).OfType<IndirectReferenceToken>())
            options.LayersOff.Add(token.Data);
        foreach (var reference in options.LayersOff)
            if (DirectObjectFinder.TryGet<DictionaryToken>(new IndirectReferenceToken(reference), scanner, out var layer))
                options.Reading.Found(OddityKind.HiddenPart, default, layer.Text("Name", scanner) ?? "");
    }

    private static void ReadInformation(PdfDocument document, Reading reading)
    {
        if (document.Information.DocumentInformationDictionary is not { } information)
            return;
        var scanner = document.Structure.TokenScanner;
        foreach (var (name, token) in information.Data.Take(1000))
            if (PdfTokens.TextOf(token, scanner) is { } text)
                reading.Text(text, TextRole.Metadata, new Place("properties"), name switch
                {
                    "Title" => MetadataLabels.Title,
                    "Author" => MetadataLabels.Author,
                    "Subject" => MetadataLabels.Subject,
                    "Keywords" => MetadataLabels.Keywords,
                    "Company" => MetadataLabels.Company,
                    "Manager" => MetadataLabels.Manager,
                    "Creator" or "Producer" => MetadataLabels.Program,
                    "CreationDate" => MetadataLabels.Created,
                    "ModDate" => MetadataLabels.Modified,
                    _ => name,
                });
    }

    private static readonly XmlReaderSettings XmlSettings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = 4 * 1024 * 1024 };

    /// <summary>The text of every simple property (ISO 16684-1), where the Info dictionary is not merely repeated.</summary>
    private static void ReadXmp(PdfDocument document, DictionaryToken catalog, Reading reading)
    {
        var scanner = document.Structure.TokenScanner;
        if (!catalog.TryGet(NameToken.Metadata, out var token) || !DirectObjectFinder.TryGet<StreamToken>(token, scanner, out var stream))
            return;
        var xml = stream.Decode(document.Structure.FilterProvider, scanner);
        using var reader = XmlReader.Create(new MemoryStream(xml.ToArray(), writable: false), XmlSettings);
        var names = new Stack<string>();
        var place = new Place("XMP");
        while (reader.Read())
        {
            reading.Tick();
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (names.Count > 64)
                        return;
                    var (own, empty) = (reader.LocalName, reader.IsEmptyElement);
                    if (!empty)
                        names.Push(own is "Alt" or "Seq" or "Bag" or "li" or "Description" && names.Count > 0 ? names.Peek() : own);
                    for (var more = reader.MoveToFirstAttribute(); more; more = reader.MoveToNextAttribute())
                        if (reader.Prefix is not ("xmlns" or "rdf" or "xml" or "x") && reader.LocalName is not "xmlns")
                            Say(reader.LocalName, reader.Value);
                    break;
                case XmlNodeType.EndElement:
                    names.TryPop(out _);
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    Say(names.TryPeek(out var name) ? name : "", reader.Value);
                    break;
            }
        }

        void Say(string name, string value) => reading.Text(value.Trim(), TextRole.Metadata, place, name switch
        {
            "title" => MetadataLabels.Title,
            "creator" => MetadataLabels.Author,
            "description" => MetadataLabels.Description,
            "subject" or "Keywords" => MetadataLabels.Keywords,
            "CreatorTool" or "Producer" => MetadataLabels.Program,
            "CreateDate" => MetadataLabels.Created,
            "ModifyDate" => MetadataLabels.Modified,
            _ => name,
        });
    }

    private static void ReadNotes(PdfDocument document, DictionaryToken page, int number, Reading reading)
    {
        var scanner = document.Structure.TokenScanner;
        var place = new Place("", number);
        FindActions(page, scanner, place, reading);
        foreach (var token in page.Array("Annots", scanner).Take(5000))
            Try(() =>
            {
                reading.Tick();
                if (!DirectObjectFinder.TryGet<DictionaryToken>(token, scanner, out var note) || note.Name(NameToken.Subtype, scanner) is not { } kind)
                    return;
                FindActions(note, scanner, place, reading);
                if (kind == "Widget")
                {
                    var (value, name) = PdfTokens.FieldValue(note, scanner);
                    reading.Text(value, TextRole.Field, place with { Part = "field" }, name);
                    return;
                }
                if (kind is not ("Link" or "Popup"))
                {
                    var contents = note.Text("Contents", scanner);
                    reading.Text(contents, TextRole.Annotation, place, PdfLines.Spoken(kind));
                    if (contents is null && note.Text("RC", scanner) is { } rich)
                        reading.Text(WithoutTags(rich), TextRole.Annotation, place, PdfLines.Spoken(kind));
                    reading.Text(note.Text("OverlayText", scanner), TextRole.Annotation, place, PdfLines.Spoken(kind));
                }
                if (kind is "RichMedia" or "Movie" or "Sound" or "Screen" or "3D")
                    reading.Found(OddityKind.EmbeddedObject, place, PdfLines.Spoken(kind));
                if (kind == "FileAttachment" && note.Dictionary("FS", scanner) is { } file)
                    ReadFile(document, file, "", place, reading);
            });
    }

    private static string WithoutTags(string markup)
    {
        var text = new StringBuilder(markup.Length);
        var inside = false;
        foreach (var c in markup)
        {
            if (c == '<')
                inside = true;
            if (!inside)
                text.Append(c);
            if (c == '>')
            {
                inside = false;
                text.Append(' ');
            }
        }
        return System.Net.WebUtility.HtmlDecode(text.ToString());
    }

    /// <summary>What runs when a page, a note or the document is opened or touched (ISO 32000-1 12.6). Links to addresses are what links are for.</summary>
    private static void FindActions(DictionaryToken owner, IPdfTokenScanner scanner, Place place, Reading reading)
    {
        var link = owner.Name(NameToken.Subtype, scanner) == "Link";
        foreach (var key in new[] { "A", "OpenAction" })
            if (owner.Dictionary(key, scanner) is { } action)
                FindAction(action, link);
        if (owner.Dictionary("AA", scanner) is { } more)
            foreach (var token in more.Data.Values.Take(100))
                if (DirectObjectFinder.TryGet<DictionaryToken>(token, scanner, out var action))
                    FindAction(action, false);
        if (owner.Dictionary("Names", scanner)?.Dictionary("JavaScript", scanner) is { } scripts)
            foreach (var (name, _) in PdfTokens.Tree(scripts, scanner, reading).Take(100))
                reading.Found(OddityKind.Macro, place, "JavaScript " + name);

        void FindAction(DictionaryToken first, bool ofLink)
        {
            var action = first;
            for (var chain = 0; action is not null && chain < 32; chain++)
            {
                switch (action.Name(NameToken.S, scanner))
                {
                    case ("JavaScript" or "Launch" or "Rendition" or "RichMediaExecute") and var kind:
                        reading.Found(OddityKind.Macro, place, kind);
                        break;
                    case "URI" when !ofLink:
                        reading.Found(OddityKind.ExternalLink, place, action.Text("URI", scanner) ?? "");
                        break;
                    case ("GoToR" or "ImportData" or "SubmitForm") and var kind:
                        reading.Found(OddityKind.ExternalLink, place, action.Text("F", scanner) ?? action.Dictionary("F", scanner)?.Text("F", scanner) ?? kind);
                        break;
                }
                action = action.Dictionary("Next", scanner);
            }
        }
    }

    /// <summary>Fields that no page shows; those with a place on a page were read there.</summary>
    private static void ReadForm(DictionaryToken catalog, IPdfTokenScanner scanner, Reading reading)
    {
        if (catalog.Dictionary("AcroForm", scanner) is not { } form)
            return;
        if (form.ContainsKey(NameToken.Create("XFA")))
            reading.Found(OddityKind.EmbeddedObject, new Place("form"), "XFA form");
        var waiting = new Stack<IToken>(form.Array("Fields", scanner).Take(10_000).Reverse());
        for (var nodes = 0; nodes < 20_000 && waiting.TryPop(out var token); nodes++)
        {
            reading.Tick();
            if (!DirectObjectFinder.TryGet<DictionaryToken>(token, scanner, out var field))
                continue;
            FindActions(field, scanner, new Place("form"), reading);
            var kids = field.Array("Kids", scanner);
            foreach (var kid in kids.Take(10_000).Reverse())
                waiting.Push(kid);
            if (field.Name(NameToken.Create("FT"), scanner) == "Sig" && field.Dictionary("V", scanner) is { } signature)
            {
                foreach (var key in new[] { "Name", "Reason", "Location", "ContactInfo" })
                    reading.Text(signature.Text(key, scanner), TextRole.Metadata, new Place("signature"), key);
                continue;
            }
            if (kids.Count == 0 && field.Name(NameToken.Subtype, scanner) != "Widget")
            {
                var (value, name) = PdfTokens.FieldValue(field, scanner);
                reading.Text(value, TextRole.Field, new Place("field"), name);
            }
        }
    }

    private static void ReadOutline(DictionaryToken catalog, IPdfTokenScanner scanner, Reading reading)
    {
        if (catalog.Dictionary("Outlines", scanner) is not { } outlines)
            return;
        var waiting = new Stack<DictionaryToken>();
        if (outlines.Dictionary("First", scanner) is { } first)
            waiting.Push(first);
        for (var nodes = 0; nodes < 20_000 && waiting.TryPop(out var node); nodes++)
        {
            reading.Text(node.Text("Title", scanner), TextRole.Metadata, new Place("bookmarks"), "bookmark");
            if (node.Dictionary("Next", scanner) is { } next)
                waiting.Push(next);
            if (node.Dictionary("First", scanner) is { } below)
                waiting.Push(below);
            if (node.Dictionary("A", scanner)?.Name(NameToken.S, scanner) is ("JavaScript" or "Launch") and var kind)
                reading.Found(OddityKind.Macro, new Place("bookmarks"), kind);
        }
    }

    /// <summary>The texts that stand for pictures in the structure tree (ISO 32000-1 14.9.3).</summary>
    private static void ReadStructure(DictionaryToken catalog, IPdfTokenScanner scanner, Reading reading)
    {
        if (!catalog.TryGet(NameToken.Create("StructTreeRoot"), out var root) || reading.Bytes.Span.IndexOf("/Alt"u8) < 0 && reading.Bytes.Span.IndexOf("/ObjStm"u8) < 0)
            return;
        var waiting = new Stack<IToken>([root]);
        var known = new HashSet<IndirectReference>();
        for (var nodes = 0; nodes < MostStructure && waiting.TryPop(out var token); nodes++)
        {
            if ((nodes & 63) == 0)
                reading.Tick();
            if (token is IndirectReferenceToken reference && !known.Add(reference.Data))
                continue;
            if (DirectObjectFinder.TryGet<ArrayToken>(token, scanner, out var several))
            {
                foreach (var one in several.Data.Take(MostStructure).Reverse())
                    if (one is not NumericToken)
                        waiting.Push(one);
                continue;
            }
            if (!DirectObjectFinder.TryGet<DictionaryToken>(token, scanner, out var element))
                continue;
            reading.Text(element.Text("Alt", scanner), TextRole.AltText, new Place("picture text"));
            if (element.TryGet(NameToken.K, out var kids) && kids is not NumericToken)
                waiting.Push(kids);
        }
    }

    private static void ReadFiles(PdfDocument document, DictionaryToken catalog, Reading reading)
    {
        var scanner = document.Structure.TokenScanner;
        var read = new HashSet<IndirectReference>();
        if (catalog.Dictionary("Names", scanner)?.Dictionary("EmbeddedFiles", scanner) is { } files)
            foreach (var (name, token) in PdfTokens.Tree(files, scanner, reading))
                One(name, token);
        foreach (var token in catalog.Array("AF", scanner).Take(10_000))
            One("", token);

        void One(string name, IToken token)
        {
            if ((token is not IndirectReferenceToken reference || read.Add(reference.Data)) && DirectObjectFinder.TryGet<DictionaryToken>(token, scanner, out var file))
                ReadFile(document, file, name, default, reading);
        }
    }

    /// <summary>A file specification with its file (ISO 32000-1 7.11.4).</summary>
    private static void ReadFile(PdfDocument document, DictionaryToken file, string called, Place place, Reading reading)
    {
        var scanner = document.Structure.TokenScanner;
        var name = file.Text("UF", scanner) ?? file.Text("F", scanner) ?? called;
        reading.Text(file.Text("Desc", scanner), TextRole.Annotation, place, "attachment");
        if (file.Dictionary("EF", scanner) is not { } embedded)
        {
            reading.Found(OddityKind.ExternalLink, place, name);
            return;
        }
        reading.Found(OddityKind.EmbeddedFile, place, name);
        foreach (var key in new[] { "UF", "F", "DOS", "Mac", "Unix" })
            if (embedded.TryGet(NameToken.Create(key), out var token) && DirectObjectFinder.TryGet<StreamToken>(token, scanner, out var stream))
            {
                reading.Part(stream.Decode(document.Structure.FilterProvider, scanner), name, place);
                return;
            }
        reading.Unreadable(UnreadReason.Damaged, place, $"The file {name} that it names is not in it.");
    }
}
