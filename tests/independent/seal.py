"""The seal of a letter, written from docs/standards-seal.md alone: finding it, making it again, its CMS; titles are those of its sections."""
import itertools, math, re
from collections import namedtuple
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from fair_copy import Name, Ref, Str, Token, need

def H(*parts):
    return sha256(b"".join(parts)).digest()

# ---------------------------------------------------------------- Finding it

SEAL_BEGINS = b"%Countersign-Seal 1 "
SEAL_LINE = re.compile(SEAL_BEGINS + rb"(0|[1-9][0-9]{0,8}) (0|[1-9][0-9]{0,6})\n")

def find_seal(data):
    """The length of the fair copy, and the receipt; None when there is no seal."""
    at, line = len(data), None
    for _ in range(64):
        at = data.rfind(SEAL_BEGINS, 0, at)
        line = SEAL_LINE.match(data, at) if at >= 0 else None
        if at < 0 or line and int(line[1]) <= 100_000_000 and int(line[2]) <= 4_194_304 and at - int(line[1]) in (0, 1):
            break
        line = None
    if line is None:
        need(SEAL_BEGINS not in data and b"countersign-receipt.cose" not in data, "the seal is damaged")
        return None
    start = data.find(b"stream\n", line.end(), line.end() + 512) + 7
    need(start >= 7 and start + int(line[2]) <= len(data), "the seal's lengths do not fit")
    return int(line[1]), data[start:start + int(line[2])]

# ---------------------------------------------------------------- The mark

Plan = namedtuple("Plan", "reference kind time domain exercise address place")    # time: YYYY-MM-DDThh:mm:ssZ; place: page and place, or None
PLACES = {"top-right": (2, 2), "top-left": (0, 2), "bottom-right": (2, 0), "bottom-left": (0, 0),
          "top-centre": (1, 2), "bottom-centre": (1, 0), "right-middle": (2, 1), "left-middle": (0, 1)}
GF_EXP = [1]
for _ in range(254):
    GF_EXP.append(GF_EXP[-1] << 1 ^ (0x11D if GF_EXP[-1] & 128 else 0))
GF_LOG = {value: power for power, value in enumerate(GF_EXP)}

def gf_multiply(a, b):
    return GF_EXP[(GF_LOG[a] + GF_LOG[b]) % 255] if a and b else 0

def check_codewords(block, count=18):
    """The remainder of the block divided by the polynomial with the roots 2^0 ... 2^17."""
    generator, rest = [1], list(block) + [0] * count
    for root in GF_EXP[:count]:
        generator = [a ^ gf_multiply(b, root) for a, b in zip(generator + [0], [0] + generator)]
    for i in range(len(block)):
        factor = rest[i]
        for j, coefficient in enumerate(generator):
            rest[i + j] ^= gf_multiply(coefficient, factor)
    return rest[-count:]

@lru_cache(64)
def qr_rows(data):
    """QR version 7, level M, byte mode, mask 0: 45 rows of 45 modules, True is dark."""
    need(len(data) <= 122, "the mark's code is too long")
    bits = f"0100{len(data):08b}" + "".join(f"{b:08b}" for b in data) + "0000"
    words = [int(bits[i:i + 8].ljust(8, "0"), 2) for i in range(0, len(bits), 8)] + [0xEC, 0x11] * 62
    blocks = [words[i:i + 31] for i in range(0, 124, 31)]
    interleaved = [w for part in (blocks, map(check_codewords, blocks)) for column in zip(*part) for w in column]
    modules = iter("".join(f"{w:08b}" for w in interleaved))
    grid, fixed = [[False] * 45 for _ in range(45)], [[False] * 45 for _ in range(45)]

    def put(row, column, dark):
        if 0 <= row < 45 and 0 <= column < 45:
            grid[row][column], fixed[row][column] = bool(dark), True
    for i in range(45):                                                     # timing
        put(6, i, i % 2 == 0)
        put(i, 6, i % 2 == 0)
    for row, column in ((3, 3), (3, 41), (41, 3)):                          # finders and the light border around them
        for dy, dx in itertools.product(range(-4, 5), repeat=2):
            put(row + dy, column + dx, max(abs(dy), abs(dx)) not in (2, 4))
    for row, column in itertools.product((6, 22, 38), repeat=2):            # alignment, but where finders stand
        for dy, dx in itertools.product(range(-2, 3), repeat=2) if (row, column) not in ((6, 6), (6, 38), (38, 6)) else ():
            put(row + dy, column + dx, max(abs(dy), abs(dx)) != 1)
    for i in range(15):                                                     # format 0x5412, bit i from the lowest, in both places
        put(*((i, 8) if i < 6 else (i + 1, 8) if i < 8 else (8, 7) if i == 8 else (8, 14 - i)), 0x5412 >> i & 1)
        put(*((8, 44 - i) if i < 8 else (30 + i, 8)), 0x5412 >> i & 1)
    put(37, 8, True)
    for i in range(18):                                                     # version 0x07C94
        put(i // 3, 34 + i % 3, 0x07C94 >> i & 1)
        put(34 + i % 3, i // 3, 0x07C94 >> i & 1)
    for n, right in enumerate((*range(44, 6, -2), 5, 3, 1)):                # pairs of columns from the right, first upward
        for row, column in itertools.product(range(45) if n % 2 else range(44, -1, -1), (right, right - 1)):
            if not fixed[row][column]:
                grid[row][column] = (next(modules, "0") == "1") ^ ((row + column) % 2 == 0)
    return grid

def mark_drawing(plan):
    lines = ["q", "1 g", "0 0 170 60 re f", "0 g", "0 G", "0.5 w", "0.25 0.25 169.5 59.5 re S", "q", "1.08 0 0 1.08 5.7 5.7 cm"]
    for y, row in enumerate(qr_rows(plan.address.encode())):
        for dark, run in itertools.groupby(range(45), row.__getitem__):
            columns = list(run)
            lines += [f"{columns[0]} {44 - y} {len(columns)} 1 re"] if dark else []
    lines += ["f", "Q", "BT"]
    place, y = f"https://{plan.domain}/verify", 48
    texts = [("F2 10", 11, "EXERCISE")] if plan.exercise else []
    texts += [("F2 9", 11, plan.reference), ("F1 7", 9, f"{plan.kind}, released {plan.time[:10]}"), ("F1 5.5", 7, "Check this letter at")]
    for font, lead, text in texts + [("F1 5.5", 7, place[i:i + 38]) for i in range(0, len(place), 38)]:
        escaped = re.sub(r"([\\()])", r"\\\1", text)
        lines += [f"/{font} Tf", f"1 0 0 1 60 {y} Tm", f"({escaped}) Tj"]
        y -= lead
    return "\n".join(lines + ["ET", "Q", ""]).encode()

def two_decimals(value):
    """A double with at most two decimals, half away from zero."""
    hundredths = abs(value) * 100
    whole = math.floor(hundredths) + (hundredths - math.floor(hundredths) >= 0.5)
    return ("-" if value < 0 else "") + f"{whole // 100}.{whole % 100:02d}".rstrip("0").rstrip(".")

def mark_place(page, place):
    """Matrix and rectangle of the mark, in user space; in doubles, in the order written there."""
    (left, bottom, right, top), turns, i = page.crop, page.rotation // 90, 22.68
    w, h = right - left, top - bottom
    width, height = (h, w) if turns % 2 else (w, h)
    x = (i, (width - 170) / 2, width - i - 170)[PLACES[place][0]]
    y = (i, (height - 60) / 2, height - i - 60)[PLACES[place][1]]
    rectangle = ((left + x, bottom + y, left + x + 170, bottom + y + 60),
                 (left + w - y - 60, bottom + x, left + w - y, bottom + x + 170),
                 (left + w - x - 170, bottom + h - y - 60, left + w - x, bottom + h - y),
                 (left + y, bottom + h - x - 170, left + y + 60, bottom + h - x))
    return ("1 0 0 1 0 0", "0 1 -1 0 0 0", "-1 0 0 -1 0 0", "0 -1 1 0 0 0")[turns], " ".join(map(two_decimals, rectangle[turns]))

# ---------------------------------------------------------------- The update

def write_value(value, before=b""):
    """An object of the fair copy as the update writes it; before is what stands in front of it."""
    if isinstance(value, (dict, list)):
        out, ends = (b"<<", b">>") if isinstance(value, dict) else (b"[", b"]")
        for inner in itertools.chain.from_iterable(value.items()) if isinstance(value, dict) else value:
            out += write_value(inner, out)
        return out + ends
    if isinstance(value, Name):
        return b"/" + re.sub(rb"[^A-Za-z0-9\-_.+*,:;@]", lambda m: b"#%02x" % m[0][0], value)
    if isinstance(value, Str):
        return b"<" + value.hex().encode() + b">"
    word = b"%d %d R" % value if isinstance(value, Ref) else b"null" if value is None else bytes(value)
    return word if before[-1:] in (b"[", b"]", b"<", b">", b"(", b")") else b" " + word

def remake(rules, receipt, plan):
    """The sealed copy but for the digits of /Contents; and where they begin. Numbers in comments are those of the document."""
    pdf, p0, n, stamp = rules.pdf, rules.pdf.data, rules.pdf.highest + 1, "D:" + re.sub("[-:T]", "", plan.time)
    out, offsets = bytearray(p0 if p0.endswith((b"\r", b"\n")) else p0 + b"\n"), {}                                     # 1

    def put(number, body, generation=0):
        offsets[number] = len(out), generation
        out.extend(b"%d %d obj\n" % (number, generation) + (body.encode() if isinstance(body, str) else body) + b"\nendobj\n")
    page, bounds, matrix, rect, drawing = rules.pages[0], "0 0 0 0", "1 0 0 1 0 0", "0 0 0 0", b""
    if plan.place:
        need(plan.place["page"] in (1, len(rules.pages)), "the mark stands on a page that may not have it")
        page = rules.pages[plan.place["page"] - 1]
        (matrix, rect), bounds, drawing = mark_place(page, plan.place["place"]), "0 0 170 60", mark_drawing(plan)
    out += SEAL_BEGINS + b"%d %d\n" % (len(p0), len(receipt))                                                           # 2
    head = f"<</Type/EmbeddedFile/Subtype/application#2Fcose/Params<</Size {len(receipt)}/ModDate({stamp})>>/Length {len(receipt)}>>stream\n"
    put(n, head.encode() + receipt + b"\nendstream")                                                                    # 3
    put(n + 1, "<</Type/Filespec/F(countersign-receipt.cose)/UF(countersign-receipt.cose)"                              # 4
        f"/EF<</F {n} 0 R/UF {n} 0 R>>/AFRelationship/Supplement>>")
    for i, font in ((2, "Helvetica"), (3, "Helvetica-Bold")):                                                           # 5
        put(n + i, f"<</Type/Font/Subtype/Type1/BaseFont/{font}/Encoding/WinAnsiEncoding>>")
    fonts = f"<</Font<</F1 {n + 2} 0 R/F2 {n + 3} 0 R>>>>"
    head = f"<</Type/XObject/Subtype/Form/BBox[{bounds}]/Matrix[{matrix}]/Resources{fonts}/Length {len(drawing)}>>stream\n"
    put(n + 4, head.encode() + drawing + b"\nendstream")                                                                # 6
    put(n + 5, f"<</Type/Annot/Subtype/Widget/FT/Sig/T(countersign-seal)/TU({plan.reference})/V {n + 6} 0 R/F 132"       # 7
        f"/P {page.number} {pdf.generation(page.number)} R/Rect[{rect}]/AP<</N {n + 4} 0 R>>>>")
    head = (f"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M({stamp})/Reference[<</Type/SigRef/TransformMethod/DocMDP"
            "/TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]/ByteRange").encode()
    range_at = len(out) + len(b"%d 0 obj\n" % (n + 6)) + len(head)
    put(n + 6, head + b"?" * 48 + b"/Contents<" + b"0" * 8192 + b">>>")                                                 # 8
    changed, catalog = dict(page.dictionary), dict(rules.catalog)                                                       # 9
    changed[Name(b"Annots")] = [*(pdf.get(changed.get(b"Annots")) or ()), Ref(n + 5, 0)]
    form, names = (dict(value) if isinstance(value := pdf.get(catalog.get(key)), dict) else {} for key in (b"AcroForm", b"Names"))
    form |= {Name(b"Fields"): [Ref(n + 5, 0)], Name(b"SigFlags"): Token(b"3")}
    names[Name(b"EmbeddedFiles")] = {Name(b"Names"): [Str(b"countersign-receipt.cose"), Ref(n + 1, 0)]}
    catalog |= {Name(b"AcroForm"): form, Name(b"Names"): names, Name(b"Perms"): {Name(b"DocMDP"): Ref(n + 6, 0)}, Name(b"AF"): [Ref(n + 1, 0)]}
    for number, value in sorted([(page.number, changed), (rules.root.number, catalog)], key=lambda pair: pair[0]):
        put(number, write_value(value), pdf.generation(number))
    xref, own = len(out), H(p0, receipt)[:16]                                                                           # 10
    if pdf.kind == "stream":
        offsets[n + 7] = xref, 0
    runs = [[number for _, number in run] for _, run in itertools.groupby(enumerate(sorted(offsets)), lambda pair: pair[1] - pair[0])]
    identifiers, info = pdf.get(pdf.trailer.get(b"ID")), pdf.trailer.get(b"Info")
    first = identifiers[0] if isinstance(identifiers, list) and identifiers and isinstance(identifiers[0], Str) else own
    last = b"/Size %d/Root  %d %d R" % (max(offsets) + 1, *rules.root) + (b"/Info  %d %d R" % info if isinstance(info, Ref) else b"")
    last += b"/ID[<%s><%s>]/Prev %d" % (first.hex().encode(), own.hex().encode(), pdf.startxref)
    if pdf.kind == "table":
        rows = b"".join(b"%d %d\n" % (run[0], len(run)) + b"".join(b"%010d %05d n \n" % offsets[number] for number in run) for run in runs)
        out += b"xref\n" + rows + b"trailer\n<<" + last + b">>\n"
    else:
        index = " ".join(f"{run[0]} {len(run)}" for run in runs)
        body = b"".join(b"\1" + offset.to_bytes(4, "big") + generation.to_bytes(2, "big") for _, (offset, generation) in sorted(offsets.items()))
        head = f"{n + 7} 0 obj\n<</Type/XRef/W[1 4 2]/Index[{index}]/Length {len(body)}".encode() + last
        out += head + b">>stream\n" + body + b"\nendstream\nendobj\n"
    out += b"startxref\n%d\n%%%%EOF\n" % xref                                                                           # 11
    contents_at = range_at + 58                                             # behind its bracket
    out[range_at:range_at + 48] = (b"[0 %d %d %d]" % (contents_at - 1, contents_at + 8193, len(out) - contents_at - 8193)).ljust(48)
    return bytes(out), contents_at

def check_seal(data, rules, receipt, plan, certificate):
    """The file is, byte for byte, what the seal of this fair copy and this receipt is; but for the CMS, which is checked."""
    whole, at = remake(rules, receipt, plan)
    need(data[:at] == whole[:at] and data[at + 8192:] == whole[at + 8192:], "the seal is not the one that belongs to these pages")
    check_cms(data[at:at + 8192], certificate, H(data[:at - 1], data[at + 8193:]))

# ---------------------------------------------------------------- The CMS

P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
SHA256_ALGORITHM, OID_DATA = bytes.fromhex("300b0609608648016503040201"), bytes.fromhex("06092a864886f70d010701")

@lru_cache(100_000)
def p256_holds(x, y, signature, message):
    """Whether a DER signature is that of the key with this point."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + x + y).verify(signature, message, ec.ECDSA(SHA256()))
        return True
    except (InvalidSignature, ValueError):
        return False

def minimal_signature(der_bytes):
    """r and s of a DER signature in its only form; None otherwise."""
    try:
        r, s = decode_dss_signature(der_bytes)
    except ValueError:
        return None
    return (r, s) if 0 < r < 2**256 and 0 < s < 2**256 and encode_dss_signature(r, s) == der_bytes else None

def der(tag, *parts):
    body = b"".join(parts)
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag]) + (bytes([len(body)]) if len(body) < 128 else bytes([0x80 | size]) + len(body).to_bytes(size, "big")) + body

def der_item(data, at):
    """Where an element's content begins and ends; lengths in their shortest form alone."""
    need(at + 2 <= len(data), "DER cut short")
    length, start = data[at + 1], at + 2
    if length >= 128:
        size = length & 127
        length, start = int.from_bytes(data[start:start + size], "big"), start + size
        need(1 <= size <= 4 and length >= max(128, 1 << 8 * (size - 1)), "DER length")
    need(start + length <= len(data), "DER cut short")
    return start, start + length

def signed_attributes(certificate, digest):
    certificate_v2 = der(0x30, der(0x30, der(0x30, der(4, H(certificate)))))
    return (der(0x30, bytes.fromhex("06092a864886f70d010903"), der(0x31, OID_DATA))
            + der(0x30, bytes.fromhex("06092a864886f70d010904"), der(0x31, der(4, digest)))
            + der(0x30, bytes.fromhex("060b2a864886f70d010910022f"), der(0x31, certificate_v2)))

def certificate_parts(certificate):
    """The elements of a certificate's first sequence, from its serial number on: serial, algorithm, issuer, validity, subject, key."""
    at, parts = der_item(certificate, der_item(certificate, 0)[0])[0], []
    if certificate[at:at + 1] == b"\xa0":                                   # the version, where it stands
        at = der_item(certificate, at)[1]
    for _ in range(6):
        end = der_item(certificate, at)[1]
        parts, at = parts + [certificate[at:end]], end
    return parts

def signed_data(certificate, digest, signature):
    parts, version = certificate_parts(certificate), b"\2\1\1"
    signer = der(0x30, version, der(0x30, parts[2], parts[0]), SHA256_ALGORITHM, der(0xA0, signed_attributes(certificate, digest)),
                 bytes.fromhex("300a06082a8648ce3d040302"), der(4, signature))
    content = der(0x30, version, der(0x31, SHA256_ALGORITHM), der(0x30, OID_DATA), der(0xA0, certificate), der(0x31, signer))
    return der(0x30, bytes.fromhex("06092a864886f70d010702"), der(0xA0, content))

def check_cms(contents, certificate, digest):
    """Contents' 8,192 digits are exactly the CMS that a seal holds: made again around its signature, and compared."""
    need(re.fullmatch(rb"[0-9a-f]{8192}", contents), "the CMS is not written as a seal writes it")
    blob = bytes.fromhex(contents.decode())
    cms = blob[:der_item(blob, 0)[1]]
    need(not blob[len(cms):].strip(b"\0"), "the CMS does not belong to this file")
    ends = [cms[-length:] for length in range(8, 73) if cms[-length:][:2] == bytes([0x30, length - 2])]     # the signature stands last
    signature = next((end for end in ends if signed_data(certificate, digest, end) == cms), None)
    need(signature, "the CMS does not belong to this file")
    pair, key, attributes = minimal_signature(signature), certificate_parts(certificate)[5], der(0x31, signed_attributes(certificate, digest))
    need(pair and pair[1] <= P256_ORDER // 2, "the CMS: its signature is not in its only form")
    head = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
    need(len(key) == 91 and key.startswith(head), "the certificate has no P-256 key")
    need(p256_holds(key[27:59], key[59:], signature, attributes), "the CMS is not signed by the office's certificate")
