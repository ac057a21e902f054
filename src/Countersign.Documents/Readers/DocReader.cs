using System.Text;

namespace Countersign.Documents.Readers;

/// <summary>
/// Old Word documents (MS-DOC): text by the piece table, so that what a fast save left is in order and what it dropped is not read; headers, footnotes,
/// comments and text boxes by their ranges; tracked and hidden runs by the character properties. Of Word 6 and 95 the text alone is read.
/// </summary>
internal static class DocReader
{
    /// <summary>A stretch of the file's bytes whose characters are tracked or hidden.</summary>
    private readonly record struct Run(uint From, uint To, TextRole Role, int Author);

    public static void Read(Reading reading)
    {
        var file = new CompoundFile(reading, reading.Bytes);
        Read(reading, file, file.Root, "");
        PropertySets.Read(reading, file, file.Root);
        CompoundParts.Read(reading, file, file.Root);
    }

    /// <summary>Reads the document in a folder of a compound file.</summary>
    public static void Read(Reading reading, CompoundFile file, CompoundFile.Storage folder, string part)
    {
        var main = file.Read(folder.Stream("WordDocument"));
        if (main.Length < 0x60)
        {
            reading.Unreadable(UnreadReason.Damaged, new Place(part), "Its main stream is cut off.");
            return;
        }
        var version = CompoundFile.U16(main, 2);
        var flags = CompoundFile.U16(main, 0x0A);
        if ((flags & 0x0100) != 0)
        {
            reading.Unreadable(UnreadReason.Encrypted, new Place(part), "It is behind a password.");
            return;
        }
        if (version < 0x6B + 1)
        {
            ReadOld(reading, main, part);
            return;
        }
        if (main.Length < 0x1AA)
        {
            reading.Unreadable(UnreadReason.Damaged, new Place(part), "Its main stream is cut off.");
            return;
        }
        var table = file.Read(folder.Stream((flags & 0x0200) != 0 ? "1Table" : "0Table") ?? folder.Stream("1Table") ?? folder.Stream("0Table"));
        new Word97(reading, main, table, part).Run();
    }

    /// <summary>Word 6 and 95: eight-bit text in one stretch, from fcMin to fcMac.</summary>
    private static void ReadOld(Reading reading, byte[] main, string part)
    {
        var from = Math.Min(CompoundFile.U32(main, 0x18), (uint)main.Length);
        var to = Math.Clamp(CompoundFile.U32(main, 0x1C), from, (uint)main.Length);
        reading.Pay(to - from);
        var text = Charsets.Decode(main.AsSpan((int)from, (int)(to - from)));
        new Words(reading, part, TextRole.Body).All(text);
    }

    private sealed class Word97(Reading reading, byte[] main, byte[] table, string part)
    {
        private readonly List<(long From, long To, bool Wide, uint At)> _pieces = [];
        private List<Run> _runs = [];
        private List<string> _authors = [];

        public void Run()
        {
            ReadPieces();
            if (_pieces.Count == 0)
            {
                // Without a piece table the text is where the header says (MS-DOC 2.5.1 has fcMin and fcMac as reserved; all writers fill them).
                reading.Unreadable(UnreadReason.Damaged, new Place(part), "Its piece table is missing; the text was read as it lies in the file.");
                ReadOld(reading, main, part);
                return;
            }
            _runs = ReadRuns();
            _authors = Strings(51);
            long at = 0;
            Range("", TextRole.Body, 0x4C);
            Range("footnotes", TextRole.Footnote, 0x50);
            Headers();
            Skip(0x58);
            Comments();
            Range("endnotes", TextRole.Footnote, 0x60);
            Range("text boxes", TextRole.TextBox, 0x64);
            Range("text boxes of headers", TextRole.TextBox, 0x68);
            var last = _pieces[^1].To;
            if (at + 1 < last)
                Emit("after the end", TextRole.Hidden, at, last, null);

            long Length(int field) => Math.Min(CompoundFile.U32(main, field), int.MaxValue);
            void Skip(int field) => at += Length(field);
            void Range(string name, TextRole role, int field)
            {
                var length = Length(field);
                Emit(name, role, at, at + length, null);
                at += length;
            }
            void Headers()
            {
                var length = Length(0x54);
                var ends = Positions(11, 0);
                if (ends.Count < 3)
                    Emit("headers", TextRole.Header, at, at + length, null);
                for (var i = 0; i + 1 < ends.Count; i++)
                {
                    // Six separators of notes, then six stories to a section (MS-DOC 2.3.4): the last of an odd place are footers.
                    var role = i < 6 ? TextRole.Footnote : (i % 6) is 2 or 3 or 5 ? TextRole.Footer : TextRole.Header;
                    Emit(role == TextRole.Footer ? "footer" : "header", role, at + ends[i], at + Math.Min(ends[i + 1], length), null);
                }
                at += length;
            }
            void Comments()
            {
                var length = Length(0x5C);
                var ends = Positions(5, 0);
                var who = Positions(4, 30);
                var owners = Owners();
                if (ends.Count < 2)
                    Emit("comment", TextRole.Comment, at, at + length, null);
                for (var i = 0; i + 2 < ends.Count || (i + 1 < ends.Count && ends.Count == 2); i++)
                {
                    string? author = null;
                    var (from, size) = Pair(4);
                    var record = from + 4L * who.Count + 30L * i;
                    if (who.Count > 1 && i < who.Count - 1 && record + 22 <= from + size && CompoundFile.U16(table, (int)record + 20) is var index && index < owners.Count)
                        author = owners[index];
                    Emit($"comment {i + 1}", TextRole.Comment, at + ends[i], at + Math.Min(ends[i + 1], length), author);
                }
                at += length;
            }
        }

        /// <summary>Where the piece of the table stream with a number of the header's list lies (MS-DOC 2.5.6); nothing where it lies outside.</summary>
        private (long From, long Length) Pair(int number)
        {
            var at = 0x9A + 8 * number;
            if (at + 8 > main.Length)
                return default;
            long from = CompoundFile.U32(main, at), length = CompoundFile.U32(main, at + 4);
            return from + length <= table.Length ? (from, length) : from < table.Length ? (from, table.Length - from) : default;
        }

        /// <summary>The positions of a PLC (MS-DOC 2.2.2) whose records have so many bytes.</summary>
        private List<long> Positions(int number, int record)
        {
            var (from, length) = Pair(number);
            var all = new List<long>();
            if (length < 4)
                return all;
            var count = (length - 4) / (4 + record) + 1;
            for (var i = 0; i < count; i++)
            {
                reading.Tick();
                var next = (long)CompoundFile.U32(table, (int)(from + 4 * i));
                if (all.Count > 0 && next < all[^1])
                    break;
                all.Add(next);
            }
            return all;
        }

        /// <summary>A table of strings (STTB, MS-DOC 2.2.4).</summary>
        private List<string> Strings(int number)
        {
            var (from, length) = Pair(number);
            var all = new List<string>();
            if (length < 6 || CompoundFile.U16(table, (int)from) != 0xFFFF)
                return all;
            var extra = CompoundFile.U16(table, (int)from + 4);
            for (var at = from + 6; at + 2 <= from + length;)
            {
                reading.Tick();
                var size = CompoundFile.U16(table, (int)at) * 2;
                if (at + 2 + size > from + length)
                    break;
                all.Add(Encoding.Unicode.GetString(table, (int)at + 2, size));
                at += 2 + size + extra;
            }
            return all;
        }

        /// <summary>The authors of comments: strings with their lengths, one behind the other (GrpXstAtnOwners, MS-DOC 2.9.114).</summary>
        private List<string> Owners()
        {
            var (from, length) = Pair(36);
            var all = new List<string>();
            for (var at = from; at + 2 <= from + length;)
            {
                reading.Tick();
                var size = CompoundFile.U16(table, (int)at) * 2;
                if (at + 2 + size > from + length)
                    break;
                all.Add(Encoding.Unicode.GetString(table, (int)at + 2, size));
                at += 2 + size;
            }
            return all;
        }

        private void ReadPieces()
        {
            var (from, length) = Pair(33);
            var end = from + length;
            var at = from;
            while (at + 3 <= end && table[at] == 1)
            {
                reading.Tick();
                at += 3 + CompoundFile.U16(table, (int)at + 1);
            }
            if (at + 9 > end || table[at] != 2)
                return;
            var size = Math.Min(CompoundFile.U32(table, (int)at + 1), end - at - 5);
            at += 5;
            var count = (size - 4) / 12;
            long before = 0;
            for (var i = 0; i < count; i++)
            {
                reading.Tick();
                long first = CompoundFile.U32(table, (int)(at + 4 * i)), next = CompoundFile.U32(table, (int)(at + 4 * i + 4));
                var place = CompoundFile.U32(table, (int)(at + 4 * (count + 1) + 8 * i + 2));
                if (first < before || next < first)
                    break;
                before = next;
                var wide = (place & 0x40000000) == 0;
                _pieces.Add((first, next, wide, wide ? place & 0x3FFFFFFF : (place & 0x3FFFFFFF) / 2));
            }
        }

        /// <summary>The stretches with tracked or hidden characters: the pages of character properties (MS-DOC 2.8.5, 2.9.32).</summary>
        private List<Run> ReadRuns()
        {
            var runs = new List<Run>();
            var (from, length) = Pair(12);
            var count = (length - 4) / 8;
            for (var i = 0; i < count; i++)
            {
                reading.Tick();
                var page = (long)(CompoundFile.U32(table, (int)(from + 4 * (count + 1) + 4 * i)) & 0x3FFFFF) * 512;
                if (page + 512 > main.Length)
                    continue;
                var bytes = main.AsSpan((int)page, 512);
                var inPage = bytes[511];
                for (var r = 0; r < inPage && 4 * (inPage + 1) + r < 511; r++)
                {
                    var offset = bytes[4 * (inPage + 1) + r] * 2;
                    if (offset == 0 || offset >= 511)
                        continue;
                    var size = Math.Min(bytes[offset], 511 - offset - 1);
                    if (RoleOf(bytes.Slice(offset + 1, size)) is var (role, author) && role is { } told)
                        runs.Add(new Run(CompoundFile.U32(bytes, 4 * r), CompoundFile.U32(bytes, 4 * r + 4), told, author));
                }
            }
            runs.Sort((a, b) => a.From.CompareTo(b.From));
            return runs;
        }

        private static (TextRole? Role, int Author) RoleOf(ReadOnlySpan<byte> properties)
        {
            bool deleted = false, inserted = false, hidden = false;
            int deleter = -1, inserter = -1;
            for (var at = 0; at + 2 < properties.Length;)
            {
                var sprm = CompoundFile.U16(properties, at);
                var size = (sprm >> 13) switch { 0 or 1 => 1, 2 or 4 or 5 => 2, 3 => 4, 7 => 3, _ => properties[at + 2] + 1 };
                if (at + 2 + size > properties.Length)
                    break;
                var on = (properties[at + 2] & 1) != 0;
                switch (sprm)
                {
                    case 0x0800: deleted = on; break;
                    case 0x0801: inserted = on; break;
                    case 0x083C: hidden = on; break;
                    case 0x4804: inserter = CompoundFile.U16(properties, at + 2); break;
                    case 0x4863: deleter = CompoundFile.U16(properties, at + 2); break;
                }
                at += 2 + size;
            }
            return deleted ? (TextRole.Deleted, deleter) : hidden ? (TextRole.Hidden, -1) : inserted ? (TextRole.Inserted, inserter) : (null, -1);
        }

        private void Emit(string name, TextRole role, long from, long to, string? label)
        {
            if (to <= from)
                return;
            var words = new Words(reading, part.Length == 0 ? name : name.Length == 0 ? part : part + ", " + name, role, label);
            foreach (var (first, next, wide, at) in _pieces)
            {
                reading.Tick();
                long start = Math.Max(first, from), end = Math.Min(next, to);
                if (start >= end)
                    continue;
                var width = wide ? 2 : 1;
                var byteFrom = at + (start - first) * width;
                var byteTo = Math.Min(at + (end - first) * width, main.Length);
                if (byteFrom >= byteTo)
                    continue;
                reading.Pay(byteTo - byteFrom);
                // Runs that overlap this piece, in order; what lies between them is as its range says.
                for (var r = FirstRun(byteFrom); byteFrom < byteTo; r++)
                {
                    var run = r < _runs.Count ? _runs[r] : default;
                    var runFrom = r < _runs.Count ? Math.Clamp(run.From, byteFrom, byteTo) : byteTo;
                    words.Add(Chars(byteFrom, runFrom, wide), null, null);
                    if (r >= _runs.Count || runFrom >= byteTo)
                        break;
                    var runTo = Math.Clamp(run.To, runFrom, byteTo);
                    words.Add(Chars(runFrom, runTo, wide), run.Role, run.Author >= 0 && run.Author < _authors.Count ? _authors[run.Author] : null);
                    byteFrom = runTo;
                }
            }
            words.End();
        }

        private int FirstRun(long at)
        {
            int low = 0, high = _runs.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_runs[middle].To <= at) low = middle + 1;
                else high = middle;
            }
            return low;
        }

        private string Chars(long from, long to, bool wide) => to <= from ? ""
            : wide ? Encoding.Unicode.GetString(main, (int)from, (int)(to - from) & ~1)
            : Charsets.OfCodePage(1252)!.GetString(main, (int)from, (int)(to - from));
    }

    /// <summary>Makes passages of Word's characters: paragraphs, cells, fields (MS-DOC 2.4.1, 2.8.25).</summary>
    private sealed class Words(Reading reading, string part, TextRole role, string? label = null)
    {
        private readonly StringBuilder _paragraph = new(), _apart = new(), _instruction = new();
        private readonly Stack<bool> _fields = new();
        private TextRole? _apartRole;
        private string? _apartLabel;
        private int _number = 1;

        private Place Here => new(part, 0, _number);

        public void All(string text)
        {
            Add(text, null, null);
            End();
        }

        public void Add(string text, TextRole? apart, string? who)
        {
            if (text.Length == 0)
                return;
            if (apart != _apartRole || who != _apartLabel)
            {
                EndApart();
                (_apartRole, _apartLabel) = (apart, who);
            }
            var to = apart is null ? _paragraph : _apart;
            foreach (var c in text)
                switch (c)
                {
                    case '\u0013':
                        _fields.Push(true);
                        _instruction.Clear();
                        break;
                    case '\u0014':
                        EndInstruction();
                        if (_fields.TryPop(out _)) _fields.Push(false);
                        break;
                    case '\u0015':
                        if (_fields.TryPop(out var open) && open) EndInstruction();
                        break;
                    case var _ when _fields.Count > 0 && _fields.Peek():
                        if (_instruction.Length < 4096) _instruction.Append(c);
                        break;
                    case '\r' or '\u000C' or '\u0007' or '\u000E':
                        to.Append('\n');
                        if (apart is null) EndParagraph();
                        break;
                    case '\u000B':
                        to.Append('\n');
                        break;
                    case '\u001E':
                        to.Append('-');
                        break;
                    case '\u001F':
                        to.Append('\u00AD');
                        break;
                    case '\u0001' or '\u0002' or '\u0003' or '\u0004' or '\u0005' or '\u0008' or '\0':
                        break;
                    default:
                        to.Append(c);
                        break;
                }
        }

        public void End()
        {
            EndParagraph();
            EndApart();
        }

        private void EndInstruction()
        {
            var said = _instruction.ToString().Trim();
            _instruction.Clear();
            if (said.StartsWith("MERGEFIELD", StringComparison.OrdinalIgnoreCase))
                reading.Found(OddityKind.UnfilledField, Here, said[10..].Trim());
            else if (said.StartsWith("INCLUDE", StringComparison.OrdinalIgnoreCase) || said.StartsWith("LINK ", StringComparison.OrdinalIgnoreCase) || said.StartsWith("DDE", StringComparison.OrdinalIgnoreCase))
                reading.Found(OddityKind.ExternalLink, Here, said);
            else if (said.Length > 60 && !said.StartsWith("HYPERLINK", StringComparison.OrdinalIgnoreCase) && !said.StartsWith("MACROBUTTON", StringComparison.OrdinalIgnoreCase))
                reading.Text(said, TextRole.Hidden, Here);
            else
                FieldCode.Say(reading, said, Here);
        }

        private void EndParagraph()
        {
            var text = _paragraph.ToString().Trim('\n', ' ', '\u00A0');
            _paragraph.Clear();
            reading.Text(text, role, Here, label);
            if (text.Length > 0) _number++;
        }

        private void EndApart()
        {
            if (_apartRole is { } apart)
                reading.Text(_apart.ToString().Trim('\n'), apart, Here, _apartLabel);
            _apart.Clear();
            _apartRole = null;
            _apartLabel = null;
        }
    }
}
