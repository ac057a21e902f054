#!/usr/bin/env python3
"""Makes src/Countersign.Documents/Fingerprinting/NormalLetters.Data.cs: into which letters every character is folded before texts are compared.

usage: normal-letters.py UNICODE-FOLDER CONFUSABLES-JSON > NormalLetters.Data.cs

UNICODE-FOLDER holds the Unicode Character Database, version 15.0.0 (Debian: package unicode-data, /usr/share/unicode). CONFUSABLES-JSON holds the
pairs of UTS #39's confusables.txt as one JSON object (npm: unhomoglyph 1.0.6, data.json, which has them of version 13). Facts under Unicode-3.0.
"""
import base64, json, re, struct, sys, zlib
from functools import lru_cache

folder, confusables_file = sys.argv[1:]
SEPARATOR, IGNORED, ITSELF, FIRST_SEQUENCE = 0, 1, 2, 0xE000


def rows(name):
    with open(f"{folder}/{name}", encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].strip()
            if line:
                yield [field.strip() for field in line.split(";")]


def points(field):
    first, _, last = field.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


category, combining, decomposition, kind, numeric, name = {}, {}, {}, {}, {}, {}
first = None
for row in rows("UnicodeData.txt"):
    point = int(row[0], 16)
    run = range(first, point + 1) if row[1].endswith(", Last>") else [point]
    first = point if row[1].endswith(", First>") else None
    for p in run:
        category[p], combining[p], name[p] = row[2], int(row[3]), row[1]
        if row[5]:
            tag = re.match(r"<(\w+)> ", row[5])
            kind[p] = tag[1] if tag else "canonical"
            decomposition[p] = [int(x, 16) for x in row[5].split()[1 if tag else 0:]]
        if row[8].isdigit() and int(row[8]) < 10:
            numeric[p] = int(row[8])

folding = {}
for row in rows("CaseFolding.txt"):
    if row[1] in "CF":
        folding[int(row[0], 16)] = [int(x, 16) for x in row[2].split()]
upper = {}
for p, folded in folding.items():
    if len(folded) == 1:
        upper.setdefault(folded[0], p)
ignorable, alphabetic = set(), set()
for row in rows("DerivedCoreProperties.txt"):
    if row[1] == "Default_Ignorable_Code_Point":
        ignorable.update(points(row[0]))
    elif row[1] == "Alphabetic":
        alphabetic.update(points(row[0]))
script = {}
for row in rows("Scripts.txt"):
    for p in points(row[0]):
        script[p] = row[1]

with open(confusables_file, encoding="utf-8") as file:
    confusable = {ord(a): [ord(c) for c in b] for a, b in json.load(file).items() if len(a) == 1}


def decompose(p):
    return [q for d in decomposition[p] for q in decompose(d)] if p in decomposition else [p]


def is_mark(p):
    return category.get(p, "Cn")[0] == "M"


def kept_mark(p):
    """Vowel signs that are letters of their own (Indic, Thai); not accents, harakat, points, viramas."""
    return p in alphabetic and (combining[p] == 0 or script.get(p) in ("Thai", "Lao"))


# Arabic letters that differ by keyboard or by spelling alone (docs/decisions/0004-fingerprints.md).
BY_HAND = {0x0671: 0x0627, 0x0672: 0x0627, 0x0673: 0x0627, 0x0675: 0x0627,
           0x0649: 0x064A, 0x06CC: 0x064A, 0x06D0: 0x064A, 0x06CD: 0x064A, 0x06D2: 0x064A,
           0x06A9: 0x0643, 0x06AA: 0x0643, 0x063B: 0x0643, 0x063C: 0x0643,
           0x0629: 0x0647, 0x06C0: 0x0647, 0x06C1: 0x0647, 0x06C2: 0x0647, 0x06C3: 0x0647, 0x06BE: 0x0647, 0x06D5: 0x0647}
# Not look-alikes enough to give up a difference within their own script (sigma, theta and omicron; the soft sign and ve; oe and o; tshe, he and
# en) or between units (mu and m).
APART = {0x03C3, 0x03C2, 0x03B8, 0x03BC, 0x0431, 0x044C, 0x0463, 0x048D, 0x0473, 0x04E9, 0x045B}
# Their letters look like Latin ones only out of context, and no Latin word is written with them unnoticed.
OTHER_SCRIPTS = {"Arabic", "Hebrew", "Syriac", "Thaana", "Nko", "Han", "Hangul", "Hiragana", "Katakana", "Bopomofo", "Devanagari", "Bengali",
                 "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Tibetan", "Myanmar",
                 "Ethiopic", "Khmer", "Mongolian", "Georgian", "Yi", "Canadian_Aboriginal"}


def latin(p, exact):
    """The small Latin letters that p looks like, or None."""
    image = confusable.get(p)
    if image is None:
        return None
    image = [q for d in image for q in decompose(d)]
    if not exact:
        image = [q for q in image if not is_mark(q)]
    image = [q | 0x20 if 0x41 <= q <= 0x5A else q for q in image]
    if not image or any(not 0x61 <= q <= 0x7A for q in image) or len(image) > 1 and script.get(p) != "Latin":
        return None
    return image


@lru_cache(maxsize=None)
def folded_letter(p):
    """A small letter p as it is compared: itself, or the small Latin letter that it or its capital looks like."""
    if p in BY_HAND:
        return (BY_HAND[p],)
    if p < 0x80 or p in APART or script.get(p) in OTHER_SCRIPTS or category[p][0] not in "LN":
        return (p,)
    capital = upper.get(p)
    image = latin(p, True) or capital and latin(capital, True)
    if not image and script.get(p) == "Latin":
        image = latin(p, False) or capital and latin(capital, False)
    return tuple(image or (p,))


def fold(p):
    """What p becomes: letters, and None for whatever separates digits; [] for what is passed over."""
    if p in ignorable:
        return []
    sequence = [p]
    while True:
        step = [q for s in sequence for d in decompose(s) for q in folding.get(d, [d])]
        if step == sequence:
            break
        sequence = step
    result = []
    for q in sequence:
        c = category.get(q, "Cn")
        if q in ignorable or q == 0x0640 or c[0] == "M" and not kept_mark(q):
            continue
        if q in numeric:
            result.extend([0x30 + numeric[q]] if c == "Nd" else [None, 0x30 + numeric[q], None])
        elif c[0] in "LNM" and not (c == "Lm" and 0x02B0 <= q <= 0x02FF):
            result.extend(folded_letter(q))
        else:
            result.append(None)
    if p in decomposition and kind[p] not in ("canonical", "font", "wide", "narrow"):
        digit = range(0x30, 0x3A)
        result = [None] * (bool(result) and result[0] in digit) + result + [None] * (bool(result) and result[-1] in digit)
    return result


sequences, by_sequence = [], {}


def entry(p):
    if p not in category or category[p] in ("Cs", "Co") or 0xAC00 <= p <= 0xD7A3:
        return IGNORED if p in ignorable else SEPARATOR
    result = fold(p)
    if not result:
        return IGNORED
    if all(q is None for q in result):
        return SEPARATOR
    if result == [p]:
        return ITSELF
    if len(result) == 1 and result[0] < 0xD800:
        return result[0]
    units = "".join(" " if q is None else chr(q) for q in result).encode("utf-16-le")
    if units not in by_sequence:
        by_sequence[units] = FIRST_SEQUENCE + len(sequences)
        sequences.append(units)
    return by_sequence[units]


pages, by_page, index = [], {}, []
for start in range(0, 0x110000, 256):
    page = struct.pack("<256H", *(entry(p) for p in range(start, start + 256)))
    if page not in by_page:
        by_page[page] = len(pages)
        pages.append(page)
    index.append(by_page[page])
assert FIRST_SEQUENCE + len(sequences) <= 0xF900
data = struct.pack("<HH", len(pages), len(sequences)) + struct.pack(f"<{len(index)}H", *index) + b"".join(pages)
for units in sequences:
    data += struct.pack("<H", len(units) // 2) + units
compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
text = base64.b64encode(compressor.compress(data) + compressor.flush()).decode()
print("""namespace Countersign.Documents;

internal static partial class NormalLetters
{
    /// <summary>
    /// Made by tools/normal-letters.py from the Unicode Character Database 15.0.0 and the confusables of UTS #39 (Unicode-3.0): deflated, little endian;
    /// counts of pages and sequences, the page of every 256 characters, the pages, the sequences, each after its length.
    /// </summary>
    private const string Data = \"\"\"""")
for at in range(0, len(text), 150):
    print("        " + text[at:at + 150])
print('        """;\n')
form = {"isolated": "s", "initial": "i", "medial": "m", "final": "f"}
forms = "".join(form.get(kind.get(p), "-") for p in (*range(0xFB50, 0xFC00), *range(0xFE70, 0xFF00)))
print("    /// <summary>Of U+FB50–FBFF and U+FE70–FEFF whether the form is isolated, initial, medial or final.</summary>")
print(f'    private const string Forms =\n        "{forms[:176]}"\n        + "{forms[176:]}";\n}}')
print(f"{len(pages)} pages, {len(sequences)} sequences, {len(data)} bytes, {len(text)} characters", file=sys.stderr)

# Letters of one script that become the same letter: what the folding of look-alikes costs.
together = {}
for p in sorted(category):
    if category[p] == "Ll" and p not in decomposition and script.get(p) in ("Greek", "Cyrillic", "Armenian"):
        together.setdefault((script[p], tuple(fold(p))), []).append(chr(p))
for (s, _), letters in together.items():
    if len(letters) > 1:
        print(f"the same in {s}: {' '.join(letters)}", file=sys.stderr)
