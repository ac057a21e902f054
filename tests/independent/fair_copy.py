"""Reading a fair copy and what may be sealed, written from docs/standards-seal.md alone; titles are those of its sections."""
import math, re, sys, zlib
from collections import namedtuple
from functools import lru_cache

sys.setrecursionlimit(10_000)                                                   # 200 objects read in each other take more than the usual 1,000

class Fault(Exception):
    """A rule of the documents is broken; its text says which."""

def need(condition, why):
    if not condition:
        raise Fault(why)

# ---------------------------------------------------------------- Reading P0: tokens and objects

class Name(bytes):
    """A name, unescaped."""

class Token(bytes):
    """A number, true or false, as it stands."""

class Str(bytes):
    """A string's bytes."""

Ref, Stream = namedtuple("Ref", "number generation"), namedtuple("Stream", "dictionary data")
SPACE = rb"[\0\t\n\f\r ]*(?:%[^\r\n]*(?![^\r\n])[\0\t\n\f\r ]*)*"
END = rb"(?![^\0\t\n\f\r ()<>\[\]{}/%])"                                     # what follows a keyword
PDF_SPACE, PDF_INTEGER = re.compile(SPACE), re.compile(rb"[0-9]{1,10}(?![0-9])")
PDF_NAME = re.compile(rb"/((?:[^\0\t\n\f\r ()<>\[\]{}/%#]|#[0-9A-Fa-f]{2})*)" + END)
PDF_HEX, PDF_TOKEN = re.compile(rb"<([0-9A-Fa-f\0\t\n\f\r ]*)>"), re.compile(rb"(?:[-+.0-9]{1,64}|true|false|null)" + END)
PDF_REF = re.compile(rb"([0-9]{1,10})" + END + SPACE + rb"([0-9]{1,5})(?![0-9])" + SPACE + rb"R" + END)
PDF_ROW = re.compile(SPACE + rb"([0-9]{1,10})(?![0-9])" + SPACE + rb"([0-9]{1,10})(?![0-9])" + SPACE + rb"([nf])" + END)
PDF_STREAM = re.compile(SPACE + rb"stream" + END + rb"\r?\n")
PDF_LITERAL = re.compile(rb"[^()\\\r]+|\\(?:([0-7]{1,3})|(\r\n|\r|\n)|(.))|(\r\n?)|([()])", re.S)
PDF_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

class Parser:
    """Reads tokens and objects from a piece of a file."""
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, pattern, what):
        match = pattern.match(self.data, PDF_SPACE.match(self.data, self.at).end())
        need(match, f"the PDF: no {what} where one should be")
        self.at = match.end()
        return match

    def sees(self, start):
        return self.data.startswith(start, PDF_SPACE.match(self.data, self.at).end())

    def keyword(self, word):
        self.take(re.compile(word + END), word.decode())

    def integer(self):
        return int(self.take(PDF_INTEGER, "integer")[0])

    def object(self, deeper=64):
        need(deeper >= 0, "the PDF: nested too deeply")
        self.at = at = PDF_SPACE.match(self.data, self.at).end()
        first = self.data[at:at + 1]
        if self.data.startswith(b"<<", at):
            self.at, pairs = at + 2, {}
            while not self.sees(b">>"):
                key = self.object() if self.sees(b"/") else None
                need(key is not None and key not in pairs, "the PDF: a dictionary's key")
                pairs[key] = self.object(deeper - 1)
            self.at = PDF_SPACE.match(self.data, self.at).end() + 2
            return pairs
        if first == b"[":
            self.at, items = at + 1, []
            while not self.sees(b"]"):
                items.append(self.object(deeper - 1))
            need(len(items) <= 4_000_000, "the PDF: an array too long")
            self.at = PDF_SPACE.match(self.data, self.at).end() + 1
            return items
        if first == b"/":
            name = re.sub(rb"#(..)", lambda m: bytes([int(m[1], 16)]), self.take(PDF_NAME, "name")[1])
            need(len(name) <= 512, "the PDF: a name too long")
            return Name(name)
        if first == b"(":
            return self.literal()
        if first == b"<":
            digits = self.take(PDF_HEX, "string")[1].translate(None, b"\0\t\n\f\r ").decode()
            return Str(bytes.fromhex(digits + "0" * (len(digits) % 2)))
        reference = PDF_REF.match(self.data, at)
        if reference:
            need(int(reference[1]) <= 2_000_000, "the PDF: a reference's number")
            self.at = reference.end()
            return Ref(int(reference[1]), int(reference[2]))
        token = self.take(PDF_TOKEN, "object")[0]
        return None if token == b"null" else Token(token)

    def literal(self):
        self.at, depth, out = self.at + 1, 1, []
        while depth:
            match = PDF_LITERAL.match(self.data, self.at)
            need(match, "the PDF: a string that does not end")
            octal, broken, escaped, line, parenthesis = match.groups()
            self.at = match.end()
            depth += {b"(": 1, b")": -1}.get(parenthesis, 0)
            plain = b"" if broken else b"\n" if line else match[0]
            out.append(bytes([int(octal, 8) & 255]) if octal else PDF_ESCAPES.get(escaped, escaped) if escaped else plain)
        return Str(b"".join(out[:-1]))

def is_name(value, *names):
    return isinstance(value, Name) and value in names

def a_number(value, most, what):
    """A number: a token of digits alone."""
    need(isinstance(value, Token) and value.isdigit() and int(value) <= most, f"the PDF: {what}")
    return int(value)

def everything_in(value):
    """A value and all that lies directly inside it; of a stream, its dictionary, too."""
    stack = [value]
    while stack:
        value = stack.pop()
        yield value
        if isinstance(value, Stream):
            stack.append(value.dictionary)
        elif isinstance(value, (dict, list)):
            stack += value.values() if isinstance(value, dict) else value

# ---------------------------------------------------------------- Reading P0: the file

class Pdf:
    """Everything in a fair copy. Entries: number → (1, offset, generation) or (2, object stream, index), None where free."""
    def __init__(self, data):
        self.data, self.entries, self.objects, self.hidden, self.members, self.unpacked, self.taken, self.opening, self.listed = data, {}, {}, set(), {}, 0, 0, 0, 0
        need(9 <= len(data) <= 100_000_000 and re.match(rb"%PDF-[0-9]\.", data), "the PDF: it does not begin with %PDF-")
        end = max(0, len(data) - 64) + len(data[-64:].rstrip(b"\0\t\n\f\r "))
        need(end >= 30 and data[end - 5:end] == b"%%EOF", "the PDF: its end")
        at = data.rfind(b"startxref", max(0, end - 64), end)
        tail = re.compile(SPACE + rb"([0-9]{1,10})(?![0-9])[\0\t\n\f\r ]*%%EOF").match(data, at + 9) if at >= 0 else None
        need(tail and tail.end() == end, "the PDF: startxref")
        self.startxref = int(tail[1])
        self.read_sections()
        used = [number for number, entry in self.entries.items() if entry]
        self.highest = max([a_number(self.trailer.get(b"Size"), 2_000_001, "/Size") - 1, 0])
        need(all(number <= self.highest for number in used), "the PDF: an object beyond /Size")
        for value in [*map(self.load, used), self.trailer]:
            for ref in (inner for inner in everything_in(value) if isinstance(inner, Ref)):
                need(not self.entries.get(ref.number) or ref.generation == self.generation(ref.number), "the PDF: a reference of another generation")
                self.highest = max(self.highest, ref.number)

    def read_sections(self):
        at, seen = self.startxref, []
        while at is not None:
            need(0 < at < len(self.data) and at not in seen and len(seen) < 1000, "the PDF: its sections")
            table, hidden = Parser(self.data, at).sees(b"xref"), set()
            section, trailer = self.table(at) if table else self.xref_stream(at)
            if not seen:
                self.trailer, self.kind = trailer, "table" if table else "stream"
            seen.append(at)
            if b"XRefStm" in trailer:
                more, _ = self.xref_stream(a_number(trailer[b"XRefStm"], len(self.data) - 1, "/XRefStm"))
                for number, entry in more.items():
                    if entry and number and section.get(number):
                        need(section[number] == entry, "the PDF: two lists of objects that differ")
                    elif entry and number and (number not in self.entries or number in self.hidden):
                        section[number] = entry
                        hidden.add(number)
            for number, entry in section.items():
                agrees = not entry or number in hidden or number not in self.hidden or self.entries[number] == entry
                need(agrees, "the PDF: two lists of objects that differ")
                self.entries.setdefault(number, entry if number else None)
            self.hidden |= hidden
            at = a_number(trailer[b"Prev"], len(self.data), "/Prev") if b"Prev" in trailer else None

    def list(self, first, count):
        self.listed += count
        need(first + count <= 2_000_000 and self.listed <= 4_000_000, "the PDF: an object's number, or too many are listed")

    def table(self, at):
        parser, section = Parser(self.data, at), {}
        parser.keyword(b"xref")
        while not parser.sees(b"trailer"):
            first, count = parser.integer(), parser.integer()
            self.list(first, count)
            for number in range(first, first + count):
                offset, generation, kind = parser.take(PDF_ROW, "entry").groups()
                used = kind == b"n" and int(offset) > 0
                need(not used or int(generation) <= 65535, "the PDF: a generation")
                section.setdefault(number, (1, int(offset), int(generation)) if used else None)
        parser.keyword(b"trailer")
        trailer = parser.object()
        need(isinstance(trailer, dict) and b"Encrypt" not in trailer, "the PDF: its trailer, or it is encrypted")
        return section, trailer

    def xref_stream(self, at):
        stream, section = self.indirect(at)[2], {}
        need(isinstance(stream, Stream) and is_name(stream.dictionary.get(b"Type"), b"XRef"), "the PDF: its cross-reference")
        d, data, at = stream.dictionary, self.unpack(stream), 0
        size, widths = a_number(d.get(b"Size"), 2_000_001, "/Size"), d.get(b"W")
        need(isinstance(widths, list) and len(widths) == 3 and b"Encrypt" not in d, "the PDF: /W, or it is encrypted")
        a, b, c = (a_number(w, 8, "/W") for w in widths)
        need(a + b + c, "the PDF: /W")
        index = [a_number(i, 2_000_001, "/Index") for i in d[b"Index"]] if isinstance(d.get(b"Index"), list) else [0, size]
        for first, count in zip(index[::2], index[1::2]):
            self.list(first, count)
            need(at + count * (a + b + c) <= len(data), "the PDF: /Index")
            for number in range(first, first + count):
                kind, second, third = (int.from_bytes(data[at + i:at + j], "big") for i, j in ((0, a), (a, a + b), (a + b, a + b + c)))
                kind, at = kind if a else 1, at + a + b + c
                need(kind in (0, 1, 2) and max(second, third) < 2**63, "the PDF: an entry of its cross-reference")
                need(kind < 2 or 1 <= second < 2_000_000 and third < 2_000_000, "the PDF: an entry of its cross-reference")
                need(kind != 1 or third <= 65535, "the PDF: a generation")
                section.setdefault(number, (kind, second, third) if kind else None)
        return section, d

    def indirect(self, at):
        """Number, generation and object at an offset, and where it ends."""
        need(0 < at < len(self.data), "the PDF: an object outside the file")
        parser = Parser(self.data, at)
        number, generation = parser.integer(), parser.integer()
        parser.keyword(b"obj")
        value = parser.object()
        start = PDF_STREAM.match(self.data, parser.at) if isinstance(value, dict) else None
        if start:
            parser.at = start.end() + a_number(self.once(value.get(b"Length")), len(self.data) - start.end(), "/Length")
            value = Stream(value, self.data[start.end():parser.at])
            parser.keyword(b"endstream")
        parser.keyword(b"endobj")
        return number, generation, value, parser.at

    def once(self, value):
        """A value, direct or behind one reference."""
        return self.load(value.number) if isinstance(value, Ref) else value

    def unpack(self, stream):
        def only(key):
            value = self.once(stream.dictionary.get(key))
            return self.once(value[0]) if isinstance(value, list) and len(value) == 1 else value
        packing, machine = only(b"Filter"), zlib.decompressobj()
        if packing is None:
            return stream.data
        need(is_name(packing, b"FlateDecode"), "the PDF: a filter on its structure")
        parameters = only(b"DecodeParms")
        need(parameters is None or isinstance(parameters, dict), "the PDF: /DecodeParms")
        try:
            data = machine.decompress(stream.data, 64_000_001 - self.unpacked)
        except zlib.error:
            raise Fault("the PDF: a stream that does not unpack") from None
        self.unpacked += len(data)
        need(self.unpacked <= 64_000_000 and machine.eof, "the PDF: too much to unpack, or cut short")
        predictor = a_number((parameters or {}).get(b"Predictor") or Token(b"1"), 15, "/Predictor")
        need(predictor == 1 or predictor >= 10, "the PDF: /Predictor")
        if predictor == 1:
            return data
        width = a_number(parameters.get(b"Columns") or Token(b"1"), 65535, "/Columns")
        need(width > 0 and len(data) % (width + 1) == 0, "the PDF: /Columns")
        above, out = bytes(width), []
        for i in range(0, len(data), width + 1):
            kind, row = data[i], bytearray(data[i + 1:i + 1 + width])
            need(kind <= 4, "the PDF: a row's kind")
            for j in range(width) if kind else ():
                left, up, corner = row[j - 1] if j else 0, above[j], above[j - 1] if j else 0
                guess = left + up - corner
                paeth = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
                row[j] = row[j] + (0, left, up, (left + up) // 2, paeth)[kind] & 255
            out.append(bytes(row))
            above = row
        return b"".join(out)

    def load(self, number):
        """The object in use of that number; null where none is."""
        entry = self.entries.get(number)
        if entry is None:
            return None
        if number not in self.objects:
            self.objects[number] = self                                     # until it is read
            self.opening += 1
            need(self.opening <= 200, "the PDF: an object that needs too many others to be read")
            if entry[0] == 1:
                found, generation, value, end = self.indirect(entry[1])
                need((found, generation) == (number, entry[2]), "the PDF: an entry that leads to another object")
                self.taken += end - entry[1]
                need(self.taken <= len(self.data), "the PDF: objects that overlap")
            else:
                if entry[1] not in self.members:
                    self.members[entry[1]] = self.object_stream(entry[1])
                need(number in self.members[entry[1]], "the PDF: an object that its object stream does not hold")
                value = self.members[entry[1]][number]
            self.objects[number] = value
            self.opening -= 1
        need(self.objects[number] is not self, "the PDF: an object that needs itself")
        return self.objects[number]

    def object_stream(self, number):
        need((self.entries.get(number) or (0,))[0] == 1, "the PDF: an object stream")
        stream, members = self.load(number), {}
        need(isinstance(stream, Stream) and is_name(stream.dictionary.get(b"Type"), b"ObjStm"), "the PDF: an object stream")
        data = self.unpack(stream)
        count = a_number(self.once(stream.dictionary.get(b"N")), 2_000_000, "/N")
        first = a_number(self.once(stream.dictionary.get(b"First")), len(data), "/First")
        parser, taken = Parser(data), 0
        for _ in range(count):
            member, offset = parser.integer(), parser.integer()
            need(member <= 2_000_000 and member not in members and first + offset <= len(data), "the PDF: an object stream's list")
            inner = Parser(data, first + offset)
            members[member] = inner.object()
            taken += inner.at - first - offset
            need(taken <= len(data), "the PDF: objects that overlap")
        return members

    def get(self, value):
        """What a value or a reference stands for."""
        for _ in range(18):
            if not isinstance(value, Ref):
                return value
            value = self.load(value.number)
        raise Fault("the PDF: too many references in a chain")

    def dictionary(self, value):
        value = self.get(value)
        return value.dictionary if isinstance(value, Stream) else value if isinstance(value, dict) else None

    def generation(self, number):
        entry = self.entries.get(number)
        return entry[2] if entry and entry[0] == 1 else 0

# ---------------------------------------------------------------- What may be sealed

MORE = b" ITXT JT u2pMat ProcSet CreationDate pdftk_PageNum"
CATALOG_KEYS = frozenset((b"Type Version Extensions Pages PageLabels Names Dests ViewerPreferences PageLayout PageMode Outlines OpenAction URI "
                          b"Metadata StructTreeRoot MarkInfo Lang SpiderInfo OutputIntents PieceInfo LastModified AcroForm Threads" + MORE).split())
TREE_KEYS = frozenset(b"Type Parent Kids Count Resources MediaBox CropBox Rotate".split())
PAGE_KEYS = frozenset((b"Type Parent LastModified Resources MediaBox CropBox BleedBox TrimBox ArtBox BoxColorInfo Contents Rotate Group Thumb B "
                       b"Annots Metadata PieceInfo StructParents ID PZ SeparationInfo Tabs UserUnit Dur Trans" + MORE).split())
LINK_KEYS = frozenset(b"Type Subtype Rect Contents P NM M F Border C StructParent A Dest H PA QuadPoints BS CA ca Lang T AAPL:AKExtras".split())
Page = namedtuple("Page", "number dictionary crop rotation")

def only_known(dictionary, keys):
    for key, value in dictionary.items():
        need(value is None or key in keys, f"the PDF holds /{key.decode('latin-1')}, which is not known to be harmless")

def decimal_number(value, most):
    """A token that is a decimal number, as a double; None otherwise."""
    fits = isinstance(value, Token) and re.fullmatch(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", value) and abs(float(value)) < most
    return float(value) if fits else None

class Rules:
    """Refuses a fair copy that may not be sealed; keeps its pages."""
    def __init__(self, pdf):
        self.pdf, self.pages, self.root = pdf, [], pdf.trailer.get(b"Root")
        for number, entry in pdf.entries.items():
            for value in everything_in(pdf.load(number)) if entry else ():
                need(not isinstance(value, Stream) or b"F" not in value.dictionary, "the PDF reads from another file")
                if isinstance(value, dict):
                    self.check_object(value)
        self.catalog = pdf.dictionary(self.root)
        need(isinstance(self.root, Ref) and self.catalog is not None, "the PDF: no catalog")
        self.check_catalog()
        self.walk_pages()
        if pdf.hidden:
            self.check_hidden()

    def check_object(self, d):
        kind, field, subtype, action = (self.pdf.get(d.get(key)) for key in (b"Type", b"FT", b"Subtype", b"S"))
        signed = is_name(kind, b"Sig", b"DocTimeStamp") or b"ByteRange" in d and b"Contents" in d or is_name(field, b"Sig")
        need(not signed, "the PDF is signed already")
        need(not (is_name(kind, b"EmbeddedFile", b"Filespec", b"F") or b"EF" in d), "the PDF holds an attachment")
        need(not (is_name(kind, b"OCG", b"OCMD") or b"OC" in d and (is_name(kind, b"XObject") or b"Subtype" in d)), "the PDF has layers")
        need(not (is_name(action, b"JavaScript", b"Launch") or is_name(kind, b"Action") and b"JS" in d), "the PDF runs a program")
        need(not (b"Alternates" in d and is_name(subtype, b"Image")), "the PDF has another picture for printing")

    def check_action(self, action):
        kind, uri = self.pdf.get(action.get(b"S")), self.pdf.get(action.get(b"URI"))
        link = is_name(kind, b"URI") and isinstance(uri, Str) and uri.lower().startswith((b"http://", b"https://", b"mailto:"))
        need(b"Next" not in action and (is_name(kind, b"GoTo") or link), "the PDF does something when it is opened or clicked")

    def check_catalog(self):
        pdf, catalog = self.pdf, self.catalog
        only_known(catalog, CATALOG_KEYS)
        opened, names, form = (pdf.get(catalog.get(key)) for key in (b"OpenAction", b"Names", b"AcroForm"))
        if isinstance(opened, dict):
            self.check_action(opened)
        for key, value in names.items() if isinstance(names, dict) else ():
            tree = pdf.get(value)
            empty = isinstance(tree, dict) and all(pdf.get(tree.get(k)) in (None, []) for k in (b"Names", b"Kids"))
            need(key in (b"Dests", b"IDS", b"URLS") or value is None or empty, "the PDF names something that is not known to be harmless")
        if isinstance(form, dict):
            need(not form.keys() & {b"XFA", b"NeedAppearances", b"CO", b"SigFlags"} and pdf.get(form.get(b"Fields")) == [], "the PDF has a form")
        outlines, seen, items = pdf.dictionary(catalog.get(b"Outlines")), set(), 0
        stack = [outlines.get(b"First")] if outlines else []
        while stack:
            ref = stack.pop()
            item, number = pdf.dictionary(ref), ref.number if isinstance(ref, Ref) else None
            if item is None or number in seen:
                continue
            seen, items, action = seen | {number} - {None}, items + 1, pdf.dictionary(item.get(b"A"))
            need(items <= 100_000 and b"AA" not in item, "the PDF: its outline")
            if action is not None:
                self.check_action(action)
            stack += [item.get(b"Next"), item.get(b"First")]

    def walk_pages(self):
        pdf, seen, stack = self.pdf, set(), [(self.catalog.get(b"Pages"), None, 0, {})]
        while stack:
            ref, parent, level, inherited = stack.pop()
            node = pdf.dictionary(ref)
            need(isinstance(ref, Ref) and node is not None and ref.number not in seen and level <= 64, "the PDF: its page tree")
            seen.add(ref.number)
            up, kids = node.get(b"Parent"), pdf.get(node.get(b"Kids"))
            need(parent is None or isinstance(up, Ref) and up.number == parent, "the PDF: a page with another parent")
            inherited = inherited | {key: node[key] for key in (b"MediaBox", b"CropBox", b"Rotate") if node.get(key) is not None}
            if isinstance(kids, list):
                only_known(node, TREE_KEYS)
                stack += [(kid, ref.number, level + 1, inherited) for kid in reversed(kids)]
            else:
                self.check_page(node)
                self.pages.append(Page(ref.number, node, *self.shape(inherited)))
        need(1 <= len(self.pages) <= 20_000, "the PDF: how many pages")

    def check_page(self, page):
        kind, unit, annotations = (self.pdf.get(page.get(key)) for key in (b"Type", b"UserUnit", b"Annots"))
        only_known(page, PAGE_KEYS)
        need(is_name(kind, b"Page") and (not isinstance(unit, Token) or unit in (b"1", b"1.0")), "the PDF: a page that is none, or its unit")
        need(annotations is None or isinstance(annotations, list), "the PDF: /Annots")
        for link in (self.pdf.dictionary(item) for item in annotations or () if self.pdf.get(item) is not None):
            need(link is not None and is_name(self.pdf.get(link.get(b"Subtype")), b"Link"), "the PDF holds an annotation")
            only_known(link, LINK_KEYS)
            for action in (self.pdf.dictionary(link.get(key)) for key in (b"A", b"PA")):
                if action is not None:
                    self.check_action(action)

    def box(self, value):
        value = self.pdf.get(value)
        numbers = [decimal_number(self.pdf.get(v), 1e9) for v in value] if isinstance(value, list) and len(value) == 4 else [None]
        return None if None in numbers else (*map(min, numbers[:2], numbers[2:]), *map(max, numbers[:2], numbers[2:]))

    def shape(self, inherited):
        """The crop box and the rotation of a page."""
        media = self.box(inherited.get(b"MediaBox"))
        need(media, "the PDF: a page without a MediaBox")
        other = self.box(inherited.get(b"CropBox")) or media
        crop = (*map(max, media[:2], other[:2]), *map(min, media[2:], other[2:]))
        crop = crop if crop[2] - crop[0] >= 1 and crop[3] - crop[1] >= 1 else media
        need(1 <= crop[2] - crop[0] <= 100_000 and 1 <= crop[3] - crop[1] <= 100_000, "the PDF: a page's size")
        turn = decimal_number(self.pdf.get(inherited.get(b"Rotate")), math.inf) or 0
        need(turn % 90 == 0 and abs(turn) <= 36_000, "the PDF: a page's rotation")
        return crop, int(turn) % 360

    def check_hidden(self):
        """Nothing that one list alone names is reached, but from the structure tree (Hybrid files)."""
        stack = [value for key, value in self.catalog.items() if key != b"StructTreeRoot"] + [self.pdf.trailer.get(b"Info")]
        seen = {self.root.number}
        while stack:
            for value in everything_in(stack.pop()):
                if isinstance(value, Ref) and value.number not in seen:
                    seen.add(value.number)
                    stack.append(self.pdf.load(value.number))
        need(not seen & self.pdf.hidden, "the PDF: two lists of objects that differ")

@lru_cache(16)
def sealable(fair_copy):
    return Rules(Pdf(fair_copy))

