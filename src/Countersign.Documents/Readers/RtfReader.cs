using System.Globalization;
using System.Text;

namespace Countersign.Documents.Readers;

/// <summary>Reads Rich Text (RTF Specification 1.9.1): one pass over the bytes, with a bounded stack of groups.</summary>
internal sealed class RtfReader
{
    private const int MostNesting = 4000;

    private struct State
    {
        public TextRole Role;
        public string? Meta;
        public bool? RunShaded, ParagraphShaded;
        public bool Skip, Hidden, Inserted, Deleted, White, Tiny, InTable, Nested, BehindUnknown, FontTable, Colors, Authors, Instruction, Author;
        public int Font, CodePage, After, Reviser;
    }

    private readonly Reading _reading;
    private readonly Stack<State> _groups = new();
    private readonly Dictionary<int, int> _fonts = [];
    private readonly List<string> _authors = [];
    private readonly List<bool> _white = [];
    private readonly RunText _paragraph = new();
    private readonly StringBuilder _aside = new(), _instruction = new();
    private readonly List<byte> _bytes = [];
    private State _now = new() { Role = TextRole.Body, CodePage = 1252, After = 1 };
    private string? _author;
    private int _number = 1, _default = 1252, _red, _green, _blue;
    private bool _colorSet, _rowShaded, _tableStyles, _background;

    static RtfReader() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private RtfReader(Reading reading) => _reading = reading;

    public static void Read(Reading reading) => new RtfReader(reading).ReadAll();

    private void ReadAll()
    {
        var at = 0;
        var star = false;
        var toSkip = 0;
        var bytes = _reading.Bytes.Span;
        while (at < bytes.Length)
        {
            if ((at & 255) == 0)
                _reading.Tick();
            var b = bytes[at++];
            if (b is (byte)'\r' or (byte)'\n')
                continue;
            if (b == '{')
            {
                Decode();
                if (_groups.Count >= MostNesting)
                    throw new BoundReachedException(UnreadReason.TooDeep, $"Its groups lie in one another more than {MostNesting:N0} deep.");
                _groups.Push(_now);
                (star, toSkip) = (false, 0);
                continue;
            }
            if (b == '}')
            {
                Decode();
                toSkip = 0;
                if (_groups.Count > 0)
                    Close(_groups.Pop());
                continue;
            }
            if (b != '\\')
            {
                if (toSkip > 0)
                    toSkip--;
                else
                    _bytes.Add(b);
                continue;
            }
            if (at >= bytes.Length)
                break;
            b = bytes[at++];
            if (!char.IsAsciiLetter((char)b))
            {
                if (b == '\'' && at + 1 < bytes.Length)
                {
                    var good = byte.TryParse(Encoding.ASCII.GetString(bytes.Slice(at, 2)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value);
                    at += 2;
                    if (toSkip > 0)
                        toSkip--;
                    else if (good)
                        _bytes.Add(value);
                    continue;
                }
                Decode();
                if (b == '*')
                    star = true;
                else if (b == '~')
                    Put("\u00A0");
                else if (b == '_')
                    Put("\u2011");
                else if (b is (byte)'\\' or (byte)'{' or (byte)'}')
                    Put(((char)b).ToString());
                else if (b is (byte)'\r' or (byte)'\n')
                    EndParagraph();
                continue;
            }
            var start = at - 1;
            while (at < bytes.Length && at - start < 40 && char.IsAsciiLetter((char)bytes[at]))
                at++;
            var word = Encoding.ASCII.GetString(bytes[start..at]);
            start = at;
            if (at < bytes.Length && bytes[at] == '-')
                at++;
            while (at < bytes.Length && at - start < 11 && char.IsAsciiDigit((char)bytes[at]))
                at++;
            int? number = int.TryParse(Encoding.ASCII.GetString(bytes[start..at]), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) ? parsed : null;
            if (at < bytes.Length && bytes[at] == ' ')
                at++;
            Decode();
            if (word == "bin")
                at = (int)Math.Min(bytes.Length, (long)at + Math.Max(0, number ?? 0));
            else if (word == "u")
            {
                Put(((char)((number ?? 63) & 0xFFFF)).ToString());
                toSkip = _now.After;
            }
            else
            {
                Control(word, number, star);
                star = false;
            }
        }
        Decode();
        EndParagraph();
        if (_groups.Count > 0)
            _reading.Unreadable(UnreadReason.Damaged, default, "It ends in the midst of a group.");
    }

    private void Decode()
    {
        if (_bytes.Count == 0)
            return;
        var page = _fonts.GetValueOrDefault(_now.Font, _now.CodePage);
        string text;
        try
        {
            text = Encoding.GetEncoding(page).GetString([.. _bytes]);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            text = Encoding.Latin1.GetString([.. _bytes]);
        }
        _bytes.Clear();
        Put(text);
    }

    private void Put(string text)
    {
        if (_now.Colors)
        {
            foreach (var c in text.Where(c => c == ';'))
            {
                _white.Add(_colorSet && _red == 255 && _green == 255 && _blue == 255);
                (_red, _green, _blue, _colorSet) = (0, 0, 0, false);
            }
            return;
        }
        if (_now.Instruction)
            _instruction.Append(text);
        else if (_now.Authors || _now.Meta is not null || _now.Author)
            _aside.Append(text);
        else if (!_now.Skip && !_now.FontTable)
        {
            var role = _now.Deleted ? TextRole.Deleted : _now.Hidden || (_now.White && !Shaded) || _now.Tiny ? TextRole.Hidden : _now.Role == TextRole.Comment ? TextRole.Comment
                : _now.Inserted ? TextRole.Inserted : _now.Role;
            var label = role == TextRole.Comment ? _author
                : role is TextRole.Inserted or TextRole.Deleted && _now.Reviser >= 0 && _now.Reviser < _authors.Count ? _authors[_now.Reviser] : null;
            _paragraph.Add(text, role, label);
        }
    }

    /// <summary>Whether the text stands on another background than white, as far as that is known: in a shape, an inner table or under a table style, it is not.</summary>
    private bool Shaded => _now.RunShaded ?? _now.ParagraphShaded ?? (_now.BehindUnknown || _background || (_now.InTable && (_rowShaded || _tableStyles || _now.Nested)));

    /// <summary>Whether a colour of the table is a background other than white; null for the automatic one.</summary>
    private bool? Shade(int? color) => color is null or <= 0 || color >= _white.Count ? null : !_white[color.Value];

    private void EndParagraph()
    {
        _paragraph.Flush(_reading, new Place("", 0, _number));
        _number++;
    }

    private void Close(State outer)
    {
        if (_now.Role != outer.Role)
            EndParagraph();
        if (_now.Meta is { } label && outer.Meta is null)
        {
            _reading.Text(_aside.ToString(), TextRole.Metadata, new Place("properties"), label);
            _aside.Clear();
        }
        else if (_now.Author && !outer.Author)
        {
            _author = _aside.ToString();
            _aside.Clear();
        }
        else if (_now.Authors)
        {
            if (_aside.Length > 0)
                _authors.Add(_aside.ToString().TrimEnd(';'));
            _aside.Clear();
        }
        else if (_now.Instruction && !outer.Instruction)
        {
            var instruction = _instruction.ToString().Trim();
            _instruction.Clear();
            var verb = instruction.Split(' ')[0].ToUpperInvariant();
            if (verb is "INCLUDETEXT" or "INCLUDEPICTURE" or "DDE" or "DDEAUTO" or "LINK")
                _reading.Found(OddityKind.ExternalLink, default, instruction);
            FieldCode.Say(_reading, instruction, default);
        }
        _now = outer;
    }

    private void Story(TextRole role)
    {
        if (_now.Role == TextRole.Body)
            EndParagraph();
        _now.Role = role;
    }

    private void Control(string word, int? number, bool star)
    {
        var on = number != 0;
        switch (word)
        {
            case "par" or "cell" or "row" or "sect" or "page" or "nestcell" or "nestrow":
                if (!_now.Skip)
                    EndParagraph();
                break;
            case "line": Put("\n"); break;
            case "tab": Put("\t"); break;
            case "emdash": Put("—"); break;
            case "endash": Put("–"); break;
            case "lquote": Put("‘"); break;
            case "rquote": Put("’"); break;
            case "ldblquote": Put("“"); break;
            case "rdblquote": Put("”"); break;
            case "bullet": Put("•"); break;
            case "emspace" or "enspace" or "qmspace": Put(" "); break;
            case "ansicpg": _now.CodePage = _default = number is > 0 and < 65536 ? number.Value : 1252; break;
            case "mac": _now.CodePage = _default = 10000; break;
            case "pc": _now.CodePage = _default = 437; break;
            case "uc": _now.After = Math.Clamp(number ?? 1, 0, 32); break;
            case "f": _now.Font = number ?? 0; break;
            case "fcharset" when _now.FontTable: _fonts[_now.Font] = Charset(number ?? 0); break;
            case "plain": (_now.Hidden, _now.White, _now.Tiny, _now.Inserted, _now.Deleted, _now.RunShaded) = (false, false, false, false, false, null); break;
            case "pard": (_now.ParagraphShaded, _now.InTable, _now.Nested) = (null, false, false); break;
            case "intbl": _now.InTable = true; break;
            case "itap": _now.Nested = number > 1; break;
            case "highlight" or "chcbpat" or "cb": _now.RunShaded = Shade(number); break;
            case "cbpat": _now.ParagraphShaded = Shade(number); break;
            case "chshdng" when number > 0: _now.RunShaded ??= true; break;
            case "shading" when number > 0: _now.ParagraphShaded ??= true; break;
            case "trowd": _rowShaded = false; break;
            case "clcbpat" or "trcbpat" or "clcbpatraw": _rowShaded |= Shade(number) == true; break;
            case "clshdng" or "trshdng" or "clshdngraw": _rowShaded |= number > 0; break;
            case "tscellcbpat": _tableStyles |= Shade(number) == true; break;
            case "background" when star: (_background, _now.Skip) = (true, true); break;
            case "v": _now.Hidden = on; break;
            case "cf": _now.White = number is >= 0 && number < _white.Count && _white[number.Value]; break;
            case "fs": _now.Tiny = number is <= 2; break;
            case "revised": _now.Inserted = on; break;
            case "deleted": _now.Deleted = on; break;
            case "revauth" or "revauthdel": _now.Reviser = number ?? 0; break;
            case "revisions": _reading.Found(OddityKind.TrackingOn); break;
            case "crauth": _reading.Found(OddityKind.TrackedFormatting, new Place("", 0, _number)); break;
            case "fonttbl": _now.FontTable = true; break;
            case "colortbl": _now.Colors = true; break;
            case "red": (_red, _colorSet) = (number ?? 0, true); break;
            case "green": (_green, _colorSet) = (number ?? 0, true); break;
            case "blue": (_blue, _colorSet) = (number ?? 0, true); break;
            case "revtbl": _now.Authors = true; break;
            case "header" or "headerl" or "headerr" or "headerf": Story(TextRole.Header); break;
            case "footer" or "footerl" or "footerr" or "footerf": Story(TextRole.Footer); break;
            case "footnote": Story(TextRole.Footnote); break;
            case "shptxt": (_now.BehindUnknown, _now.RunShaded, _now.ParagraphShaded) = (true, null, null); Story(TextRole.TextBox); break;
            case "annotation": Story(TextRole.Comment); break;
            case "atnauthor": _now.Author = true; break;
            case "fldinst": _now.Instruction = true; break;
            case "template": _now.Skip = true; _reading.Found(OddityKind.ExternalLink, default, "template"); break;
            case "title" or "subject" or "author" or "operator" or "manager" or "company" or "keywords" or "doccomm" when _groups.Count > 1 && _groups.Peek().Skip:
                _now.Meta = word switch
                {
                    "operator" => MetadataLabels.LastAuthor,
                    "doccomm" => MetadataLabels.Description,
                    _ => word,
                };
                break;
            case "object": _reading.Found(OddityKind.EmbeddedObject, new Place("", 0, _number)); break;
            case "pict":
                if (!_now.Skip)
                    _reading.Found(OddityKind.Picture, new Place("", 0, _number));
                _now.Skip = true;
                break;
            case "info" or "stylesheet" or "filetbl" or "listtable" or "listtext" or "pntext" or "objdata" or "sp" or "nonshppict" or "xe" or "tc":
                _now.Skip = true;
                break;
            case "shppict" or "shpinst" or "nesttableprops" or "cs" or "ds" or "ts": break;
            default:
                if (star)
                    _now.Skip = true;
                break;
        }
    }

    /// <summary>The code page of a font's character set (RTF 1.9.1, table of \fcharset).</summary>
    private int Charset(int charset) => charset switch
    {
        77 => 10000,
        128 => 932,
        129 => 949,
        130 => 1361,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        254 => 437,
        0 => 1252,
        _ => _default,
    };
}
