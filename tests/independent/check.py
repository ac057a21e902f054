#!/usr/bin/python3
"""A second verifier of sealed letters, written from the documents alone: docs/STANDARDS.md (S), docs/standards-ledger.md (L), docs/standards-seal.md (P).

    check.py FILE --trust TRUST [--status STATUS] --at YYYY-MM-DDThh:mm:ssZ      one JSON object; exit 0 in force, 4 genuine otherwise, 1 else
    check.py --batch LIST      LIST has lines {"file":…, "trust":…, "status":… or null, "at":…}; prints one verdict word a line
"""
import argparse, base64, datetime, hmac, itertools, json, math, re, sys, unicodedata, zlib
from collections import namedtuple
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


class Fault(Exception):
    """A rule of the documents is broken; its text says which."""


def need(condition, why):
    if not condition:
        raise Fault(why)


def H(*parts):
    return sha256(b"".join(parts)).digest()


# ---------------------------------------------------------------- RFC 8785, the part that acts and policies use (S1)

# Control characters, what turns the direction, half surrogate pairs (S1).
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe]")
# Combining characters that Unicode 15.0 added to 14.0: each is looked at as one of its class that composes with nothing.
NEWER = str.maketrans({0x0ECE: "\u0ec8", 0x10EFD: "\u0316", 0x10EFE: "\u0316", 0x10EFF: "\u0316", 0x11F41: "\u094d", 0x11F42: "\u094d",
                       0x1E08F: "\u0305", 0x1E4EC: "\u0315", 0x1E4ED: "\u0315", 0x1E4EE: "\u0316", 0x1E4EF: "\u0305"})


def text_is_plain(text):
    return text.isascii() and text.isprintable() or not UNFIT.search(text) and unicodedata.is_normalized("NFC", text.translate(NEWER))


def plain_json(data, why, depth=12):
    """JSON of strings, integers, booleans, arrays and objects; no member twice."""
    def members(pairs):
        need(len(dict(pairs)) == len(pairs), f"{why}: a member stands twice")
        return dict(pairs)

    def no_fraction(_):
        raise Fault(f"{why}: a number that is no integer")

    def whole(digits):
        need(digits.isdigit() and len(digits) <= 16, f"{why}: a number out of range")
        return int(digits)

    def walk(value, left):
        if isinstance(value, (dict, list)):
            need(left > 0, f"{why}: nested too deeply")
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(name, left)
                walk(inner, left - 1)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, left - 1)
        elif isinstance(value, str):
            need(text_is_plain(value), f"{why}: text that could look like other text")
        else:
            need(value is not None and 0 <= value < 2**53, f"{why}: null, or an integer out of range")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_int=whole, parse_float=no_fraction, parse_constant=no_fraction)
    except (ValueError, RecursionError):
        raise Fault(f"{why}: no JSON") from None
    walk(value, depth)
    return value


def canonical_json(value):
    # Member names are ASCII (closed sets and ids), so code points sort as RFC 8785's code units do.
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def read_canonical_json(data, why):
    need(len(data) <= 65536, f"{why}: too long")
    value = plain_json(data, why)
    need(canonical_json(value) == data, f"{why}: not in canonical form")
    return value


def b64u(text, why="base64url"):
    """base64url without padding, in its only form (S1)."""
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text), f"{why}: no base64url")
    need(len(text) % 4 != 1, f"{why}: no base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text, f"{why}: spare bits")
    return data


# ---------------------------------------------------------------- canonical CBOR (S4-S7)

Tagged = namedtuple("Tagged", "tag value")


def cbor(value):
    """Writes integers, byte and text strings, arrays, maps (in the order given), tags and null in their shortest form."""
    def head(major, number):
        for size, code in ((1, 24), (2, 25), (4, 26), (8, 27)):
            if number < 24:
                return bytes([major << 5 | number])
            if number < 1 << 8 * size:
                return bytes([major << 5 | code]) + number.to_bytes(size, "big")
        raise Fault("CBOR: number too large")
    if value is None:
        return b"\xf6"
    if isinstance(value, Tagged):
        return head(6, value.tag) + cbor(value.value)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode("utf-8")
        return head(3, len(data)) + data
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    return head(4, len(value)) + b"".join(map(cbor, value))


def read_cbor(data, why, depth=16):
    """Reads one item in its only form: shortest heads, definite lengths, no key twice, nothing behind it."""
    def item(at, left):
        need(left > 0 and at < len(data), f"{why}: CBOR cut short or too deep")
        major, low = data[at] >> 5, data[at] & 31
        at += 1
        if major == 7:
            need(low == 22, f"{why}: CBOR of another kind")
            return None, at
        need(low < 28, f"{why}: CBOR of indefinite length")
        if low < 24:
            number = low
        else:
            size = 1 << low - 24
            need(at + size <= len(data), f"{why}: CBOR cut short")
            number = int.from_bytes(data[at:at + size], "big")
            at += size
            need(number >= (24, 1 << 8, 1 << 16, 1 << 32)[low - 24], f"{why}: CBOR not in its shortest form")
        if major == 0:
            return number, at
        if major == 1:
            return -1 - number, at
        if major in (2, 3):
            need(number <= len(data) - at, f"{why}: CBOR cut short")
            string = data[at:at + number]
            if major == 2:
                return string, at + number
            try:
                return string.decode("utf-8"), at + number
            except UnicodeDecodeError:
                raise Fault(f"{why}: text is not UTF-8") from None
        if major == 6:
            value, at = item(at, left - 1)
            return Tagged(number, value), at
        need(number <= len(data) - at, f"{why}: CBOR cut short")
        if major == 4:
            array = []
            for _ in range(number):
                value, at = item(at, left - 1)
                array.append(value)
            return array, at
        pairs = {}
        for _ in range(number):
            key, at = item(at, left - 1)
            need(isinstance(key, (int, str)) and key not in pairs, f"{why}: CBOR map key")
            pairs[key], at = item(at, left - 1)
        return pairs, at
    value, end = item(0, depth)
    need(end == len(data), f"{why}: something stands behind it")
    return value


def is_map(value, *keys):
    return isinstance(value, dict) and list(value) == list(keys)


def sign1(data, why):
    """Takes a tagged COSE_Sign1 apart: protected header (bytes, map), unprotected header, payload, signature (S4, RFC 9052 section 4.2)."""
    whole = read_cbor(data, why)
    need(isinstance(whole, Tagged) and whole.tag == 18 and isinstance(whole.value, list) and len(whole.value) == 4, f"{why}: no COSE_Sign1")
    protected, unprotected, payload, signature = whole.value
    need(isinstance(protected, bytes) and isinstance(unprotected, dict) and isinstance(signature, bytes) and len(signature) == 64, f"{why}: its form")
    return protected, read_cbor(protected, why), unprotected, payload, signature


def sig_structure(protected, payload):
    return cbor(["Signature1", protected, b"", payload])


# ---------------------------------------------------------------- signatures

P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


@lru_cache(100000)
def ed25519_holds(key, signature, message):
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


@lru_cache(100000)
def p256_holds(x, y, der, message):
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
        point.verify(der, message, ec.ECDSA(SHA256()))
        return True
    except (InvalidSignature, ValueError):
        return False


def rs_holds(x, y, signature, message):
    """ECDSA whose signature is r and s, 32 bytes each."""
    return p256_holds(x, y, encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")), message)


# ---------------------------------------------------------------- the ledger (L)

def leaf_hash(entry):
    return H(b"\0", entry)


def path_root(index, size, leaf, path):
    """The root to which a path leads (L; RFC 9162 section 2.1.3.2)."""
    need(0 <= index < size < 2**63, "the path: the place is not in the ledger")
    bits = (index ^ size - 1).bit_length()          # levels at which the two ways to the root differ
    need(len(path) == bits + (index >> bits).bit_count(), "the path: its length")
    at, last, root = index, size - 1, leaf
    for node in path:
        if at & 1 or at == last:
            root = H(b"\1", node, root)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            root = H(b"\1", root, node)
        at, last = at >> 1, last >> 1
    need(last == 0, "the path: its length")
    return root


@lru_cache(4096)
def read_note(note, name, key):
    """The text of a note that the key of that name signed with type 01 (L, Notes)."""
    data = note.encode("utf-8")
    need(len(data) <= 65536 and note.endswith("\n"), "the note: its form")
    need(not re.search("[\x00-\x09\x0b-\x1f]", note), "the note: a control character")
    cut = note.rfind("\n\n")
    need(cut >= 0, "the note: no signatures")
    text, lines = note[:cut + 1], note[cut + 2:].split("\n")[:-1]
    need(0 < len(lines) <= 100, "the note: how many lines")
    known, signed = H(name.encode("utf-8"), b"\n\x01", key)[:4], False
    for line in lines:
        need(line.startswith("\u2014 ") and line.count(" ") == 2, "the note: a signature line")
        _, who, blob = line.split(" ")
        need(is_key_name(who), "the note: a name")
        try:
            value = base64.b64decode(blob, validate=True)
        except ValueError:
            raise Fault("the note: base64") from None
        need(base64.b64encode(value).decode() == blob and len(value) > 4, "the note: base64")
        if (who, value[:4]) == (name, known):
            need(len(value) == 68 and ed25519_holds(key, value[4:], text.encode("utf-8")), "the note: a signature that does not verify")
            signed = True
    need(signed, "the note is not signed by the ledger")
    return text


def read_checkpoint(note, origin, key):
    """Size and root that a checkpoint names (L, Checkpoints)."""
    lines = read_note(note, origin, key).split("\n")
    need(len(lines) >= 4 and lines[0] == origin, "the checkpoint: its origin")
    need(re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]) and int(lines[1]) < 2**63, "the checkpoint: its size")
    need(re.fullmatch(r"[A-Za-z0-9+/]{43}=", lines[2]), "the checkpoint: its root")
    root = base64.b64decode(lines[2])
    need(base64.b64encode(root).decode() == lines[2], "the checkpoint: its root")
    need(int(lines[1]) > 0 or root == H(), "the checkpoint: an empty tree's root")
    return int(lines[1]), root
# ---------------------------------------------------------------- acts (S1)

def matches(pattern):
    compiled = re.compile(pattern)
    return lambda v: isinstance(v, str) and compiled.fullmatch(v) is not None


def integer(low, high=2**53 - 1):
    return lambda v: type(v) is int and low <= v <= high


def text(most):
    return lambda v: isinstance(v, str) and len(v.encode("utf-16-le")) // 2 <= most


def one_of(*values):
    return lambda v: isinstance(v, str) and v in values


def array(item, low, high, rising=False):
    return lambda v: isinstance(v, list) and low <= len(v) <= high and all(map(item, v)) and (not rising or all(a < b for a, b in zip(v, v[1:])))


def record(members):
    """A closed set of members; those whose name ends in ? may be absent."""
    checks = {name.rstrip("?"): check for name, check in members.items()}
    needed = {name for name in members if not name.endswith("?")}
    return lambda v: isinstance(v, dict) and needed <= v.keys() <= checks.keys() and all(checks[name](inner) for name, inner in v.items())


def b64_of(low, high):
    def check(v):
        try:
            return low <= len(b64u(v)) <= high
        except Fault:
            return False
    return check


def boolean(v):
    return v is True or v is False


def is_moment(v):
    try:
        return isinstance(v, str) and MOMENT.match(v) is not None and datetime.datetime.strptime(v, "%Y-%m-%dT%H:%M:%SZ") is not None
    except ValueError:
        return False


def seconds(moment):
    return int(datetime.datetime.strptime(moment + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp())


MOMENT = re.compile(r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z\Z")
LAST_SECOND, DAY = 253402300799, 86400
is_id, is_digest = matches("[a-z0-9.-]{1,64}"), matches("[0-9a-f]{64}")
is_key_name = matches(r"[^\x00-\x20+\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
is_reference, id_set = matches("[A-Z0-9]{2,8}-[0-9]{4}-[0-9]{4,9}"), lambda low, high: array(is_id, low, high, rising=True)
LETTER = lambda v: is_id(v) and v not in ("roster", "free")
OFFICE_KEYS = {"origin": lambda v: is_key_name(v) and text(200)(v), "ledger": b64_of(32, 32), "statement": b64_of(32, 32), "certificate": is_digest}
CREDENTIAL_SOFTWARE = record({"key": b64_of(0, 1024), "kind": one_of("software"), "made": one_of("office", "person"), "proof": b64_of(0, 8192)})
CREDENTIAL_PASSKEY = record({"backup": boolean, "id": b64_of(1, 1023), "key": lambda v: b64_of(0, 1024)(v) and key_form(b64u(v)) is not None,
                             "kind": one_of("passkey"), "proof": b64_of(0, 8192)})
ENROLMENT = record({"credential": lambda v: CREDENTIAL_SOFTWARE(v) or CREDENTIAL_PASSKEY(v), "name": is_digest, "person": is_id, "roles": id_set(1, 16)})
DECISION = {"letter": LETTER, "after": is_digest, "until": is_moment}
KINDS = {
    "found": {"title": text(200), "people": array(ENROLMENT, 2, 16), "policy": is_digest, **OFFICE_KEYS, "rp": is_id,
              "origins": array(text(255), 1, 16, rising=True), "sign-in": is_id, "exercise": boolean},
    "enrol": {"person": ENROLMENT},
    "retire": {"person": is_id, "since?": is_moment},
    "adopt": {"policy": is_digest},
    "delegate": {"to": is_id, "role": is_id, "until": is_moment, "kinds": id_set(0, 64)},
    "rekey": {**OFFICE_KEYS, "gap?": record({"from": integer(1), "root": is_digest, "size": integer(1)})},
    "free": {"text": is_digest, "title": text(200)},
    "draft": {"letter": LETTER, "version": integer(1, 100_000), "reference": is_reference, "kind": is_id, "copy": is_digest, "source?": is_digest,
              "enclosures": array(record({"digest": is_digest, "name": text(255), "type": text(127)}), 0, 100), "subject": is_digest, "language": is_id,
              "addressees": array(is_digest, 0, 200), "audience": one_of("addressees", "public"), "not-before?": is_moment, "findings": id_set(0, 200),
              "packs": array(is_digest, 0, 32), "mark?": record({"page": integer(1, 1_000_000), "place": lambda v: isinstance(v, str) and v in PLACES})},
    "review": {"letter": LETTER, "draft": is_digest, "after": is_digest, "says": one_of("concur", "concur-with-change", "return", "object"),
               "comment?": is_digest},
    "release": {**DECISION, "draft": is_digest, "status": integer(0, 1_048_575)},
    "hold": {"letter": LETTER, "reason?": is_digest},
    "lift": {**DECISION, "hold": is_digest},
    "withdraw": {**DECISION, "release": is_digest, "reason?": text(2000), "public": boolean},
    "correct": {**DECISION, "release": is_digest, "replacement": is_digest, "reference": is_reference},
}
ROSTER_KINDS, LETTER_KINDS = ("found", "enrol", "retire", "adopt", "delegate", "rekey"), tuple(KINDS)[7:]
HEADER = {"act": one_of(*KINDS), "office": is_id, "at": is_moment, "nonce": matches("[0-9a-f]{32}"), "by": is_id}
SCHEMAS = {kind: record({**HEADER, **members, **({} if kind == "found" else {"roster": is_digest})}) for kind, members in KINDS.items()}


def origin_fits(origin, rp):
    match = re.fullmatch(r"(https?)://([a-z0-9.-]{1,64})(?::([1-9][0-9]{0,4}))?", origin)
    if not match:
        return False
    scheme, host, port = match.groups()
    if port and (int(port) > 65535 or port == {"https": "443", "http": "80"}[scheme]):
        return False
    return host == rp == "localhost" if scheme == "http" else host != "localhost" and (host == rp or host.endswith("." + rp))


class Act:
    """One act: its bytes, its name (H of them, hexadecimal) and its members."""

    def __init__(self, data):
        m = read_canonical_json(data, "an act")
        need(isinstance(m, dict) and isinstance(m.get("act"), str) and m["act"] in KINDS and SCHEMAS[m["act"]](m), "an act: its members")
        self.data, self.name, self.members = data, H(data).hex(), m
        self.kind, self.by, self.office, self.at = m["act"], m["by"], m["office"], seconds(m["at"])
        self.letter = m.get("letter")
        self.subject = self.letter or ("free" if self.kind == "free" else "roster")
        self.until = seconds(m["until"]) if "until" in m else None
        self.since = seconds(m["since"]) if "since" in m else None
        need(self.since is None or self.since <= self.at, "an act: since")
        if self.kind in ("release", "lift", "withdraw", "correct"):
            need(self.at <= self.until <= self.at + 7 * DAY, "an act: until")
        if "gap" in m:
            need(m["gap"]["from"] < m["gap"]["size"], "an act: gap")
        if self.kind == "found":
            need(m["rp"] != m["sign-in"] and all(origin_fits(o, m["rp"]) for o in m["origins"]), "an act: its origins")

    def __getitem__(self, name):
        return self.members[name]

    def get(self, name):
        return self.members.get(name)


read_act = lru_cache(50000)(Act)


# ---------------------------------------------------------------- approvals (S2)

Key = namedtuple("Key", "algorithm numbers")


@lru_cache(20000)
def key_form(cose_key):
    """The key in a COSE_Key that has one of the three forms; None otherwise."""
    if len(cose_key) == 77 and cose_key.startswith(bytes.fromhex("a50102032620012158 20")) and cose_key[42:45] == bytes.fromhex("225820"):
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + cose_key[10:42] + cose_key[45:])
        except ValueError:
            return None
        return Key("ES256", (cose_key[10:42], cose_key[45:]))
    if len(cose_key) == 42 and cose_key.startswith(bytes.fromhex("a401010327200621 5820")):
        return Key("EdDSA", cose_key[10:])
    length = int.from_bytes(cose_key[9:11], "big")
    if (cose_key.startswith(bytes.fromhex("a401030339010020 59")) and length in (256, 384, 512) and len(cose_key) == 16 + length
            and cose_key[11] & 128 and cose_key.endswith(bytes.fromhex("2143010001"))):
        return Key("RS256", int.from_bytes(cose_key[11:11 + length], "big"))
    return None


@lru_cache(100000)
def key_signed(key, signature, message):
    """A passkey's signature, in the only form that its algorithm has (S2, 4)."""
    if key.algorithm == "EdDSA":
        return len(signature) == 64 and ed25519_holds(key.numbers, signature, message)
    if key.algorithm == "RS256":
        try:
            rsa.RSAPublicNumbers(65537, key.numbers).public_key().verify(signature, message, padding.PKCS1v15(), SHA256())
            return True
        except (InvalidSignature, ValueError):
            return False
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        return False
    return 0 < r < 2**256 and 0 < s < 2**256 and encode_dss_signature(r, s) == signature and p256_holds(*key.numbers, signature, message)


def approval_holds(credential, site, signed, evidence):
    """Whether evidence is the credential's approval of 32 bytes; site is the found act, with rp and origins."""
    cose_key = b64u(credential["key"])
    key = key_form(cose_key)
    if credential["kind"] == "software":
        head = bytes.fromhex("d2845826a20126045820") + H(cose_key) + bytes.fromhex("a0f65840")
        return (key is not None and key.algorithm == "ES256" and len(evidence) == 110 and evidence.startswith(head)
                and rs_holds(*key.numbers, evidence[46:], sig_structure(head[4:42], signed)))
    try:
        parts = read_cbor(evidence, "an approval")
    except Fault:
        return False
    if not (isinstance(parts, list) and len(parts) == 3 and all(isinstance(p, bytes) and len(p) <= most for p, most in zip(parts, (37, 4096, 512)))):
        return False
    authenticator, client, signature = parts
    challenge = base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    for origin in site["origins"]:
        begin = f'{{"type":"webauthn.get","challenge":"{challenge}","origin":"{origin}","crossOrigin":false'.encode()
        rest = client[len(begin):]
        if client.startswith(begin) and (rest == b"}" or rest.startswith(b",") and not rest.startswith(b',"topOrigin"') and rest.endswith(b"}")):
            break
    else:
        return False
    if len(authenticator) != 37 or authenticator[:32] != H(site["rp"].encode()):
        return False
    flags = authenticator[32]
    if flags & 0xC5 != 0x05 or bool(flags & 0x08) != credential["backup"] or flags & 0x18 == 0x10:
        return False
    return key_signed(key, signature, authenticator + H(client))


def proof_holds(enrolment, office, site):
    credential = enrolment["credential"]
    challenge = H(canonical_json({"enrol": credential["key"], "office": office, "person": enrolment["person"]}))
    return approval_holds(credential, site, challenge, b64u(credential["proof"]))


# ---------------------------------------------------------------- policies (S3)

NEEDS = array(record({"count": integer(1, 16), "role": id_set(1, 16)}), 1, 16)
Need = namedtuple("Need", "count roles")
FEW, MANY = record({"approve": NEEDS}), record({"approve": NEEDS, "stages?": array(id_set(1, 16), 2, 16)})
POLICY = record({
    "people": FEW, "change": FEW, "stop": FEW, "withdraw": FEW, "free": FEW, "assurance": lambda v: isinstance(v, dict) and len(v) <= 64
    and all(is_id(role) and one_of("passkey")(kind) for role, kind in v.items()), "disclose": one_of("names", "roles"),
    "kinds": lambda v: isinstance(v, dict) and 1 <= len(v) <= 64 and all(is_id(kind) and MANY(rule) for kind, rule in v.items()),
    "escalate": array(record({"approve": NEEDS, "refuse": boolean, "when": id_set(1, 32)}), 0, 64),
    "delegation-days": integer(0, 366), "wait-seconds": integer(0, 7_776_000)})


class Policy:
    def __init__(self, data):
        m = read_canonical_json(data, "a policy")
        need(POLICY(m), "a policy: its members")
        for rule in (*m["escalate"], *(m[n] for n in ("people", "change", "withdraw", "free")), *m["kinds"].values()):
            total = sum(n["count"] for n in rule["approve"])
            need(total <= 16 and (total >= 2 or "when" in rule), "a policy under which one could act alone, or with too many")
        need([n["count"] for n in m["stop"]["approve"]] == [1], "a policy: stop")
        for rule in m["kinds"].values():
            stages = rule.get("stages", [])
            need(len({r for s in stages for r in s}) == sum(map(len, stages)), "a policy: a role in two stages")
            need(not stages or all(any(set(n["role"]) <= set(s) for s in stages) for n in rule["approve"]), "a policy: a need across stages")

        def needs(rule):
            return [Need(n["count"], frozenset(n["role"])) for n in rule["approve"]]
        self.rules = {name: needs(m[name]) for name in ("people", "change", "stop", "withdraw", "free")}
        self.kinds = {kind: needs(rule) for kind, rule in m["kinds"].items()}
        self.stages = {kind: [frozenset(s) for s in rule.get("stages", [])] for kind, rule in m["kinds"].items()}
        self.escalations = [(rule["when"], needs(rule)) for rule in m["escalate"]]
        self.passkey_roles, self.wait, self.days = frozenset(m["assurance"]), m["wait-seconds"], m["delegation-days"]
        self.weighty = {r for rule in (self.rules["change"], self.rules["withdraw"], *(n for _, n in self.escalations)) for n in rule for r in n.roles}

    def release_needs(self, draft):
        out = list(self.kinds[draft["kind"]])
        for words, needs in self.escalations:
            if any(f == "unread" or f.startswith("unread.") or any(f == w or f.startswith(w + ".") for w in words) for f in draft["findings"]):
                out += needs
        return out


@lru_cache(5000)
def read_policy(data):
    try:
        return Policy(data)
    except Fault:
        return None
# ---------------------------------------------------------------- the CMS (P, The CMS)

def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def der_item(data, at):
    """Where an element's content begins and ends; lengths only in their shortest form."""
    need(at + 2 <= len(data), "DER cut short")
    length, start = data[at + 1], at + 2
    if length >= 128:
        size = length & 127
        need(1 <= size <= 4 and start + size <= len(data), "DER length")
        length, start = int.from_bytes(data[start:start + size], "big"), start + size
        need(length >= (128 if size == 1 else 1 << 8 * (size - 1)), "DER length")
    need(start + length <= len(data), "DER cut short")
    return start, start + length


OID_DATA, OID_SIGNED = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("06092a864886f70d010702")
OID_CONTENT, OID_DIGEST = bytes.fromhex("06092a864886f70d010903"), bytes.fromhex("06092a864886f70d010904")
OID_CERTIFICATE_V2 = bytes.fromhex("060b2a864886f70d010910022f")
SHA256_ALGORITHM, ECDSA_ALGORITHM = der(0x30, bytes.fromhex("0609608648016503040201")), der(0x30, bytes.fromhex("06082a8648ce3d040302"))


def signed_attributes(certificate, digest):
    return sorted([
        der(0x30, OID_CONTENT, der(0x31, OID_DATA)),
        der(0x30, OID_DIGEST, der(0x31, der(4, digest))),
        der(0x30, OID_CERTIFICATE_V2, der(0x31, der(0x30, der(0x30, der(0x30, der(4, H(certificate)))))))])


def signed_data(certificate, digest, signature):
    start, _ = der_item(certificate, 0)                         # Certificate, then TBSCertificate
    at, _ = der_item(certificate, start)
    if certificate[at] == 0xA0:                                 # the version, where it stands
        at = der_item(certificate, at)[1]
    serial_end = der_item(certificate, at)[1]
    issuer_at = der_item(certificate, serial_end)[1]
    serial, issuer = certificate[at:serial_end], certificate[issuer_at:der_item(certificate, issuer_at)[1]]
    signer = der(0x30, b"\2\1\1", der(0x30, issuer, serial), SHA256_ALGORITHM, der(0xA0, *signed_attributes(certificate, digest)),
                 ECDSA_ALGORITHM, der(4, signature))
    content = der(0x30, b"\2\1\1", der(0x31, SHA256_ALGORITHM), der(0x30, OID_DATA), der(0xA0, certificate), der(0x31, signer))
    return der(0x30, OID_SIGNED, der(0xA0, content))


def certificate_point(certificate):
    """The P-256 key in a certificate; nothing else of it is looked at."""
    at = der_item(certificate, der_item(certificate, 0)[0])[0]
    if certificate[at:at + 1] == b"\xa0":
        at = der_item(certificate, at)[1]
    for _ in range(5):                                          # serial, algorithm, issuer, validity, subject
        at = der_item(certificate, at)[1]
    key, head = certificate[at:der_item(certificate, at)[1]], bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
    need(key.startswith(head) and len(key) == 91, "the certificate has no P-256 key")
    return key[27:59], key[59:]


def check_cms(contents, certificate, digest):
    """Contents' 8,192 digits are exactly the CMS that a seal holds: made again around its signature, and compared."""
    need(re.fullmatch(rb"[0-9a-f]{8192}", contents), "the CMS is not written as a seal writes it")
    blob = bytes.fromhex(contents.decode())
    end = der_item(blob, 0)[1]
    cms, padding_bytes = blob[:end], blob[end:]
    need(not padding_bytes.strip(b"\0"), "the CMS does not belong to this file")
    for length in range(8, 73):                                 # the signature stands last
        signature = cms[-length:]
        if signature[:2] == bytes([0x30, length - 2]) and signed_data(certificate, digest, signature) == cms:
            break
    else:
        raise Fault("the CMS does not belong to this file")
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        raise Fault("the CMS does not belong to this file") from None
    need(encode_dss_signature(r, s) == signature and 0 < s <= P256_ORDER // 2, "the signature is not in its only form")
    need(p256_holds(*certificate_point(certificate), signature, der(0x31, *signed_attributes(certificate, digest))),
         "the CMS is not signed by the office's certificate")


# ---------------------------------------------------------------- the mark's code (P, The mark; ISO/IEC 18004)

GF_EXP = [1]
for _ in range(254):
    GF_EXP.append(GF_EXP[-1] << 1 ^ (0x11D if GF_EXP[-1] & 128 else 0))
GF_LOG = {value: power for power, value in enumerate(GF_EXP)}


def gf_multiply(a, b):
    return GF_EXP[(GF_LOG[a] + GF_LOG[b]) % 255] if a and b else 0


def check_codewords(block, count=18):
    """The remainder of the block divided by the polynomial with the roots 2^0 ... 2^17."""
    generator = [1]
    for root in GF_EXP[:count]:
        generator = [a ^ gf_multiply(b, root) for a, b in zip(generator + [0], [0] + generator)]
    rest = list(block) + [0] * count
    for i in range(len(block)):
        factor = rest[i]
        for j, coefficient in enumerate(generator):
            rest[i + j] ^= gf_multiply(coefficient, factor)
    return rest[-count:]


@lru_cache(64)
def qr_rows(data):
    """Version 7, level M, byte mode, mask 0: 45 rows of 45 modules, True is dark."""
    need(len(data) <= 122, "the mark's code is too long")
    bits = f"0100{len(data):08b}" + "".join(f"{b:08b}" for b in data) + "0000"
    words = [int(bits[i:i + 8].ljust(8, "0"), 2) for i in range(0, len(bits), 8)]
    words += [0xEC, 0x11] * 62
    blocks = [words[i:i + 31] for i in range(0, 124, 31)]
    stream = [w for column in zip(*blocks) for w in column] + [w for column in zip(*map(check_codewords, blocks)) for w in column]
    modules = iter("".join(f"{w:08b}" for w in stream))
    grid, fixed = [[False] * 45 for _ in range(45)], [[False] * 45 for _ in range(45)]

    def put(row, column, dark):
        if 0 <= row < 45 and 0 <= column < 45:
            grid[row][column], fixed[row][column] = bool(dark), True
    for i in range(45):                                         # timing
        put(6, i, i % 2 == 0)
        put(i, 6, i % 2 == 0)
    for row, column in ((3, 3), (3, 41), (41, 3)):              # finders and the light border around them
        for dy, dx in itertools.product(range(-4, 5), repeat=2):
            put(row + dy, column + dx, max(abs(dy), abs(dx)) not in (2, 4))
    for row, column in itertools.product((6, 22, 38), repeat=2):     # alignment, but where finders stand
        if (row, column) not in ((6, 6), (6, 38), (38, 6)):
            for dy, dx in itertools.product(range(-2, 3), repeat=2):
                put(row + dy, column + dx, max(abs(dy), abs(dx)) != 1)
    form, version = 0x5412, 0x07C94
    for i in range(15):                                         # format, bit i from the lowest, in both places
        bit = form >> i & 1
        put(*((i, 8) if i < 6 else (i + 1, 8) if i < 8 else (8, 7) if i == 8 else (8, 14 - i)), bit)
        put(*((8, 44 - i) if i < 8 else (30 + i, 8)), bit)
    put(37, 8, True)
    for i in range(18):
        put(i // 3, 34 + i % 3, version >> i & 1)
        put(34 + i % 3, i // 3, version >> i & 1)
    upward = True
    for right in (*range(44, 6, -2), 5, 3, 1):                  # pairs of columns from the right, without the timing column
        for row in (range(44, -1, -1) if upward else range(45)):
            for column in (right, right - 1):
                if not fixed[row][column]:
                    grid[row][column] = (next(modules, "0") == "1") ^ ((row + column) % 2 == 0)
        upward = not upward
    return grid


def hkdf16(secret, info):
    return hmac.digest(hmac.digest(bytes(32), secret, "sha256"), info + b"\1", "sha256")[:16]       # RFC 5869, no salt


def mark_drawing(plan):
    lines = ["q", "1 g", "0 0 170 60 re f", "0 g", "0 G", "0.5 w", "0.25 0.25 169.5 59.5 re S", "q", "1.08 0 0 1.08 5.7 5.7 cm"]
    for y, row in enumerate(qr_rows(plan.address.encode())):
        column = 0
        for dark, run in itertools.groupby(row):
            length = len(list(run))
            if dark:
                lines.append(f"{column} {44 - y} {length} 1 re")
            column += length
    lines += ["f", "Q", "BT"]
    place = f"https://{plan.domain}/verify"
    texts = [("F2", "10", 11, "EXERCISE")] * plan.exercise + [
        ("F2", "9", 11, plan.reference), ("F1", "7", 9, f"{plan.kind}, released {plan.time[:10]}"), ("F1", "5.5", 7, "Check this letter at")]
    texts += [("F1", "5.5", 7, place[i:i + 38]) for i in range(0, len(place), 38)]
    y = 48
    for font, size, lead, text in texts:
        escaped = re.sub(r"([\\()])", r"\\\1", text)
        lines += [f"/{font} {size} Tf", f"1 0 0 1 60 {y} Tm", f"({escaped}) Tj"]
        y -= lead
    return "\n".join(lines + ["ET", "Q", ""]).encode()
# ---------------------------------------------------------------- reading the fair copy (P, Reading P0)

class Name(bytes):
    """A name, unescaped."""


class Token(bytes):
    """A number, true or false, as it stands."""


class Str(bytes):
    """A string's bytes."""


Ref = namedtuple("Ref", "number generation")
Stream = namedtuple("Stream", "dictionary data")
SPACE = rb"[\0\t\n\f\r ]*(?:%[^\r\n]*(?![^\r\n])[\0\t\n\f\r ]*)*"
END = rb"(?![^\0\t\n\f\r ()<>\[\]{}/%])"                            # a keyword's end
PDF_SPACE, PDF_INTEGER = re.compile(SPACE), re.compile(rb"[0-9]{1,10}(?![0-9])")
PDF_NAME = re.compile(rb"/((?:[^\0\t\n\f\r ()<>\[\]{}/%#]|#[0-9A-Fa-f]{2})*)" + END)
PDF_HEX, PDF_TOKEN = re.compile(rb"<([0-9A-Fa-f\0\t\n\f\r ]*)>"), re.compile(rb"(?:[-+.0-9]{1,64}|true|false|null)" + END)
PDF_REF = re.compile(rb"([0-9]{1,10})" + END + SPACE + rb"([0-9]{1,5})(?![0-9])" + SPACE + rb"R" + END)
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

    def sees(self, bytes_):
        return self.data.startswith(bytes_, PDF_SPACE.match(self.data, self.at).end())

    def keyword(self, word):
        self.take(re.compile(word + END), word.decode())

    def integer(self):
        return int(self.take(PDF_INTEGER, "integer")[0])

    def object(self, deeper=64):
        need(deeper >= 0, "the PDF: nested too deeply")
        self.at = at = PDF_SPACE.match(self.data, self.at).end()
        first = self.data[at:at + 1]
        if self.sees(b"<<"):
            self.at, pairs = at + 2, {}
            while not self.sees(b">>"):
                key = self.object(0) if self.sees(b"/") else None
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
            name = re.sub(rb"#(..)", lambda m: bytes([int(m[1], 16)]), self.take(PDF_NAME, "name")[1], flags=re.S)
            need(len(name) <= 512, "the PDF: a name too long")
            return Name(name)
        if first == b"(":
            return self.literal()
        if first == b"<":
            digits = re.sub(rb"[\0\t\n\f\r ]", b"", self.take(PDF_HEX, "string")[1])
            return Str(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))
        reference = PDF_REF.match(self.data, at)
        if reference:
            need(int(reference[1]) <= 2_000_000, "the PDF: a reference's number")
            self.at = reference.end()
            return Ref(int(reference[1]), int(reference[2]))
        token = self.take(PDF_TOKEN, "object")[0]
        return None if token == b"null" else Token(token)

    def literal(self):
        self.at, open_, out = self.at + 1, 1, []
        while open_:
            match = PDF_LITERAL.match(self.data, self.at)
            need(match, "the PDF: a string that does not end")
            octal, broken, escaped, line, parenthesis = match.groups()
            self.at = match.end()
            if octal:
                out.append(bytes([int(octal, 8) & 255]))
            elif parenthesis:
                open_ += 1 if parenthesis == b"(" else -1
                out.append(parenthesis)
            elif escaped:
                out.append(PDF_ESCAPES.get(escaped, escaped))
            elif not broken:
                out.append(b"\n" if line else match[0])
        return Str(b"".join(out[:-1]))


def is_number(value):
    return isinstance(value, Token) and value.isdigit()


def direct_number(value, most, what):
    need(is_number(value) and int(value) <= most, f"the PDF: {what}")
    return int(value)


class Pdf:
    """Everything in a fair copy, read strictly. Entries: number → (type, offset, generation) or (2, object stream, index), or None where free."""

    def __init__(self, data):
        self.data, self.entries, self.objects, self.hidden, self.members, self.unpacked, self.first = data, {}, {}, set(), {}, 0, None
        need(9 <= len(data) <= 100_000_000 and re.match(rb"%PDF-[0-9]\.", data), "the PDF: it does not begin with %PDF-")
        end = len(data[-64:].rstrip(b"\0\t\n\f\r ")) + max(0, len(data) - 64)
        need(end >= 30 and data[end - 5:end] == b"%%EOF", "the PDF: its end")
        at = data.rfind(b"startxref", max(0, end - 64), end)
        tail = re.compile(SPACE + rb"([0-9]{1,10})(?![0-9])[\0\t\n\f\r ]*%%EOF").match(data, at + 9) if at >= 0 else None
        need(tail and tail.end() == end, "the PDF: startxref")
        self.startxref = int(tail[1])
        self.read_sections()
        used = [number for number, entry in self.entries.items() if entry]
        size = direct_number(self.trailer.get(b"Size"), 2_000_001, "/Size")
        need(all(number < size for number in used), "the PDF: an object beyond /Size")
        self.highest = max([size - 1, *used])
        for value in [*map(self.load, used), self.trailer]:
            for inner in everything_in(value):
                if isinstance(inner, Ref):
                    self.highest = max(self.highest, inner.number)

    def read_sections(self):
        at, seen, older = self.startxref, set(), False
        while at is not None:
            need(0 < at < len(self.data) and at not in seen and len(seen) < 1000, "the PDF: its sections")
            seen.add(at)
            table = Parser(self.data, at).sees(b"xref")
            section, trailer = self.table(at) if table else self.xref_stream(at)
            need(b"Encrypt" not in trailer, "the PDF is encrypted")
            hidden = set()
            if b"XRefStm" in trailer:
                more, extra = self.xref_stream(direct_number(trailer[b"XRefStm"], len(self.data) - 1, "/XRefStm"))
                need(b"Encrypt" not in extra, "the PDF is encrypted")
                for number, entry in more.items():
                    if entry is None or number == 0:
                        continue
                    if section.get(number):
                        need(section[number] == entry, "the PDF: two lists of objects that differ")
                    elif number not in self.entries or number in self.hidden:
                        section[number] = entry
                        hidden.add(number)
            for number, entry in section.items():
                need(not entry or number in hidden or number not in self.hidden or self.entries[number] == entry, "the PDF: two lists of objects that differ")
                self.entries.setdefault(number, entry if number else None)
            self.hidden |= hidden
            if not older:
                self.trailer, self.kind, older = trailer, "table" if table else "stream", True
            at = direct_number(trailer[b"Prev"], len(self.data), "/Prev") if b"Prev" in trailer else None

    def table(self, at):
        parser, section = Parser(self.data, at), {}
        parser.keyword(b"xref")
        row = re.compile(SPACE + rb"([0-9]{1,10})(?![0-9])" + SPACE + rb"([0-9]{1,10})(?![0-9])" + SPACE + rb"([nf])" + END)
        while not parser.sees(b"trailer"):
            first, count = parser.integer(), parser.integer()
            need(first + count <= 2_000_000, "the PDF: an object's number")
            for number in range(first, first + count):
                entry = parser.take(row, "entry")
                used = entry[3] == b"n" and int(entry[1])
                section.setdefault(number, (1, int(entry[1]), min(int(entry[2]), 65535)) if used else None)
        parser.keyword(b"trailer")
        trailer = parser.object()
        need(isinstance(trailer, dict), "the PDF: its trailer")
        return section, trailer

    def xref_stream(self, at):
        stream, section = self.indirect(at)[2], {}
        need(isinstance(stream, Stream) and is_name(stream.dictionary.get(b"Type"), b"XRef"), "the PDF: its cross-reference")
        d = stream.dictionary
        widths, size = d.get(b"W"), direct_number(d.get(b"Size"), 2_000_001, "/Size")
        need(isinstance(widths, list) and len(widths) == 3, "the PDF: /W")
        a, b, c = (direct_number(w, 8, "/W") for w in widths)
        index = [direct_number(i, 2_000_001, "/Index") for i in d[b"Index"]] if isinstance(d.get(b"Index"), list) else [0, size]
        data, at = self.unpack(stream), 0
        for first, count in zip(index[::2], index[1::2]):
            need(first + count <= 2_000_000 and at + count * (a + b + c) <= len(data), "the PDF: /Index")
            for number in range(first, first + count):
                kind = int.from_bytes(data[at:at + a], "big") if a else 1
                second, third = int.from_bytes(data[at + a:at + a + b], "big"), int.from_bytes(data[at + a + b:at + a + b + c], "big")
                need(kind in (0, 1, 2) and max(second, third) < 2**63, "the PDF: an entry of its cross-reference")
                need(kind < 2 or 1 <= second < 2_000_000 and third < 2_000_000, "the PDF: an entry of its cross-reference")
                section.setdefault(number, (kind, second, min(third, 65535) if kind == 1 else third) if kind else None)
                at += a + b + c
        return section, d

    def indirect(self, at):
        """Number, generation and object at an offset."""
        need(0 < at < len(self.data), "the PDF: an object outside the file")
        parser = Parser(self.data, at)
        number, generation = parser.integer(), min(parser.integer(), 65535)
        parser.keyword(b"obj")
        value = parser.object()
        start = re.compile(SPACE + rb"stream" + END + rb"\r?\n").match(self.data, parser.at) if isinstance(value, dict) else None
        if start:
            length = value.get(b"Length")
            length = direct_number(self.load(length.number) if isinstance(length, Ref) else length, len(self.data) - start.end(), "/Length")
            value = Stream(value, self.data[start.end():start.end() + length])
            parser.at = start.end() + length
            parser.keyword(b"endstream")
        parser.keyword(b"endobj")
        return number, generation, value

    def once(self, value):
        """A value, direct or behind one reference."""
        return self.load(value.number) if isinstance(value, Ref) else value

    def unpack(self, stream):
        only = [self.once(v) for v in (stream.dictionary.get(b"Filter"), stream.dictionary.get(b"DecodeParms"))]
        filter_, parameters = (self.once(v[0]) if isinstance(v, list) and len(v) == 1 else v for v in only)
        need(filter_ is None or is_name(filter_, b"FlateDecode"), "the PDF: a filter on its structure")
        data = stream.data
        if filter_ is not None:
            machine = zlib.decompressobj()
            try:
                data = machine.decompress(data, 64_000_001 - self.unpacked)
            except zlib.error:
                raise Fault("the PDF: a stream that does not unpack") from None
            self.unpacked += len(data)
            need(self.unpacked <= 64_000_000, "the PDF: too much to unpack")
        need(parameters is None or isinstance(parameters, dict), "the PDF: /DecodeParms")
        predictor = direct_number((parameters or {}).get(b"Predictor", Token(b"1")), 15, "/Predictor")
        need(predictor == 1 or predictor >= 10, "the PDF: /Predictor")
        if predictor == 1:
            return data
        width = direct_number(parameters.get(b"Columns", Token(b"1")), 65535, "/Columns")
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
            self.objects[number] = self                                 # until it is read
            if entry[0] == 1:
                found, generation, value = self.indirect(entry[1])
                need((found, generation) == (number, entry[2]), "the PDF: an entry that leads to another object")
            else:
                if entry[1] not in self.members:
                    self.members[entry[1]] = self.object_stream(entry[1])
                need(number in self.members[entry[1]], "the PDF: an object that its object stream does not hold")
                value = self.members[entry[1]][number]
            self.objects[number] = value
        need(self.objects[number] is not self, "the PDF: an object that needs itself")
        return self.objects[number]

    def object_stream(self, number):
        need((self.entries.get(number) or (0,))[0] == 1, "the PDF: an object stream")
        stream, members = self.load(number), {}
        need(isinstance(stream, Stream) and is_name(stream.dictionary.get(b"Type"), b"ObjStm"), "the PDF: an object stream")
        data = self.unpack(stream)
        count = direct_number(self.once(stream.dictionary.get(b"N")), 2_000_000, "/N")
        first = direct_number(self.once(stream.dictionary.get(b"First")), len(data), "/First")
        parser = Parser(data)
        for _ in range(count):
            member, offset = parser.integer(), parser.integer()
            need(member <= 2_000_000 and member not in members and first + offset <= len(data), "the PDF: an object stream's list")
            members[member] = Parser(data, first + offset).object()
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


def is_name(value, name):
    return isinstance(value, Name) and value == name


def everything_in(value):
    """A value and all that lies directly inside it."""
    stack = [value]
    while stack:
        value = stack.pop()
        yield value
        if isinstance(value, Stream):
            value = value.dictionary
            yield value
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value


# ---------------------------------------------------------------- which fair copies may be sealed (P, What may be sealed)

MORE = "ITXT JT u2pMat ProcSet CreationDate pdftk_PageNum"
CATALOG_KEYS = frozenset(("Type Version Extensions Pages PageLabels Names Dests ViewerPreferences PageLayout PageMode Outlines OpenAction URI Metadata "
                          "StructTreeRoot MarkInfo Lang SpiderInfo OutputIntents PieceInfo LastModified AcroForm Threads " + MORE).encode().split())
TREE_KEYS = frozenset(b"Type Parent Kids Count Resources MediaBox CropBox Rotate".split())
PAGE_KEYS = frozenset(("Type Parent LastModified Resources MediaBox CropBox BleedBox TrimBox ArtBox BoxColorInfo Contents Rotate Group Thumb B Annots "
                       "Metadata PieceInfo StructParents ID PZ SeparationInfo Tabs UserUnit Dur Trans " + MORE).encode().split())
LINK_KEYS = frozenset(b"Type Subtype Rect Contents P NM M F Border C StructParent A Dest H PA QuadPoints BS CA ca Lang T AAPL:AKExtras".split())
Page = namedtuple("Page", "number dictionary crop rotation")


def only_known(dictionary, keys):
    for key, value in dictionary.items():
        need(value is None or key in keys, f"the PDF holds /{key.decode('latin-1')}, which is not known to be harmless")


def decimal_number(value, most):
    """A token that is a decimal number, as a double; None otherwise."""
    if not isinstance(value, Token) or not re.fullmatch(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)", value):
        return None
    return float(value) if abs(float(value)) < most else None


class Rules:
    """Refuses a fair copy that may not be sealed; leaves its pages."""

    def __init__(self, pdf):
        self.pdf, self.pages = pdf, []
        for number, entry in pdf.entries.items():
            if entry:
                for value in everything_in(pdf.load(number)):
                    if isinstance(value, Stream):
                        need(b"F" not in value.dictionary, "the PDF reads from another file")
                    elif isinstance(value, dict):
                        self.no_object(value)
        root = pdf.trailer.get(b"Root")
        self.catalog = pdf.dictionary(root)
        need(isinstance(root, Ref) and self.catalog is not None, "the PDF: no catalog")
        self.root = root
        self.check_catalog()
        self.walk_pages()
        if pdf.hidden:
            self.check_hidden()

    def no_object(self, d):
        pdf = self.pdf
        kind, field, subtype, action = (pdf.get(d.get(k)) for k in (b"Type", b"FT", b"Subtype", b"S"))

        def is_one(value, *names):
            return isinstance(value, Name) and value in names
        need(not (is_one(kind, b"Sig", b"DocTimeStamp") or b"ByteRange" in d and b"Contents" in d or is_one(field, b"Sig")), "the PDF is signed already")
        need(not (is_one(kind, b"EmbeddedFile", b"Filespec", b"F") or b"EF" in d), "the PDF holds an attachment")
        need(not (is_one(kind, b"OCG", b"OCMD") or b"OC" in d and (is_one(kind, b"XObject") or b"Subtype" in d)), "the PDF has layers")
        need(not (is_one(action, b"JavaScript", b"Launch") or is_one(kind, b"Action") and b"JS" in d), "the PDF runs a program")
        need(not (b"Alternates" in d and is_one(subtype, b"Image")), "the PDF has another picture for printing")

    def takes_action(self, action):
        kind, uri = self.pdf.get(action.get(b"S")), self.pdf.get(action.get(b"URI"))
        if not (b"Next" not in action and (is_name(kind, b"GoTo") or is_name(kind, b"URI") and isinstance(uri, Str)
                and uri.lower().startswith((b"http://", b"https://", b"mailto:")))):
            raise Fault("the PDF does something when it is opened or clicked")

    def check_catalog(self):
        pdf, catalog = self.pdf, self.catalog
        only_known(catalog, CATALOG_KEYS)
        opened, names, form = (pdf.get(catalog.get(k)) for k in (b"OpenAction", b"Names", b"AcroForm"))
        if isinstance(opened, dict):
            self.takes_action(opened)
        for key, value in names.items() if isinstance(names, dict) else ():
            tree = pdf.get(value)
            need(key in (b"Dests", b"IDS", b"URLS") or value is None or isinstance(tree, dict)
                 and all(pdf.get(tree.get(k)) in (None, []) for k in (b"Names", b"Kids")), "the PDF names something that is not known to be harmless")
        if isinstance(form, dict):
            need(not form.keys() & {b"XFA", b"NeedAppearances", b"CO", b"SigFlags"} and b"Fields" in form and pdf.get(form[b"Fields"]) == [],
                 "the PDF has a form")
        outlines = pdf.dictionary(catalog.get(b"Outlines"))
        stack, seen, items = [outlines.get(b"First")] if outlines else [], set(), 0
        while stack:
            ref = stack.pop()
            item = pdf.dictionary(ref)
            if item is None or isinstance(ref, Ref) and ref.number in seen:
                continue
            if isinstance(ref, Ref):
                seen.add(ref.number)
            items += 1
            need(items <= 100_000 and b"AA" not in item, "the PDF: its outline")
            action = pdf.dictionary(item.get(b"A"))
            if action is not None:
                self.takes_action(action)
            stack += [item.get(b"Next"), item.get(b"First")]

    def walk_pages(self):
        pdf, seen = self.pdf, set()
        stack = [(self.catalog.get(b"Pages"), None, 0, {})]
        while stack:
            ref, parent, level, inherited = stack.pop()
            node = pdf.dictionary(ref)
            need(isinstance(ref, Ref) and node is not None and ref.number not in seen and level <= 64, "the PDF: its page tree")
            seen.add(ref.number)
            up = node.get(b"Parent")
            need(parent is None or isinstance(up, Ref) and up.number == parent, "the PDF: a page with another parent")
            inherited = inherited | {k: node[k] for k in (b"MediaBox", b"CropBox", b"Rotate") if node.get(k) is not None}
            kids = pdf.get(node.get(b"Kids"))
            if isinstance(kids, list):
                only_known(node, TREE_KEYS)
                stack += [(kid, ref.number, level + 1, inherited) for kid in reversed(kids)]
            else:
                self.check_page(node)
                self.pages.append(Page(ref.number, node, *self.shape(inherited)))
        need(1 <= len(self.pages) <= 20_000, "the PDF: how many pages")

    def check_page(self, page):
        pdf = self.pdf
        need(is_name(pdf.get(page.get(b"Type")), b"Page"), "the PDF: a page that is none")
        only_known(page, PAGE_KEYS)
        unit, annotations = pdf.get(page.get(b"UserUnit")), pdf.get(page.get(b"Annots"))
        need(not isinstance(unit, Token) or unit in (b"1", b"1.0"), "the PDF: a page's unit")
        need(annotations is None or isinstance(annotations, list), "the PDF: /Annots")
        for item in annotations or ():
            if pdf.get(item) is None:
                continue
            link = pdf.dictionary(item)
            need(link is not None and is_name(pdf.get(link.get(b"Subtype")), b"Link"), "the PDF holds an annotation")
            only_known(link, LINK_KEYS)
            for key in (b"A", b"PA"):
                action = pdf.dictionary(link.get(key))
                if action is not None:
                    self.takes_action(action)

    def shape(self, inherited):
        """The crop box and the rotation of a page."""
        def box(value):
            value = self.pdf.get(value)
            numbers = [decimal_number(self.pdf.get(v), 1e9) for v in value] if isinstance(value, list) and len(value) == 4 else [None]
            if None in numbers:
                return None
            a, b, c, d = numbers
            return min(a, c), min(b, d), max(a, c), max(b, d)
        media = box(inherited.get(b"MediaBox"))
        need(media, "the PDF: a page without a MediaBox")
        other = box(inherited.get(b"CropBox")) or media
        crop = max(media[0], other[0]), max(media[1], other[1]), min(media[2], other[2]), min(media[3], other[3])
        if crop[2] - crop[0] < 1 or crop[3] - crop[1] < 1:
            crop = media
        need(1 <= crop[2] - crop[0] <= 100_000 and 1 <= crop[3] - crop[1] <= 100_000, "the PDF: a page's size")
        turn = decimal_number(self.pdf.get(inherited.get(b"Rotate")), float("inf")) or 0
        need(turn % 90 == 0 and abs(turn) <= 36_000, "the PDF: a page's rotation")
        return crop, int(turn) % 360

    def check_hidden(self):
        """Nothing that only one of two lists names is reached, but from the structure tree (P, Hybrid files)."""
        stack = [value for key, value in self.catalog.items() if key != b"StructTreeRoot"] + [self.pdf.trailer.get(b"Info")]
        seen = {self.root.number}
        need(self.root.number not in self.pdf.hidden, "the PDF: two lists of objects that differ")
        while stack:
            for value in everything_in(stack.pop()):
                if isinstance(value, Ref) and value.number not in seen:
                    need(value.number not in self.pdf.hidden, "the PDF: two lists of objects that differ")
                    seen.add(value.number)
                    stack.append(self.pdf.load(value.number))
# ---------------------------------------------------------------- the update (P)

Plan = namedtuple("Plan", "reference kind time domain exercise address place")
PLACES = {"top-right": (2, 2), "top-left": (0, 2), "bottom-right": (2, 0), "bottom-left": (0, 0),
          "top-centre": (1, 2), "bottom-centre": (1, 0), "right-middle": (2, 1), "left-middle": (0, 1)}
SEAL_LINE = re.compile(rb"%Countersign-Seal 1 (0|[1-9][0-9]{0,8}) (0|[1-9][0-9]{0,6})\n")


def find_seal(data):
    """Length of the fair copy, and the receipt; None when there is no seal (P, Finding it)."""
    at, line = len(data), None
    for _ in range(64):
        at = data.rfind(b"%Countersign-Seal 1 ", 0, at)
        if at < 0:
            break
        line = SEAL_LINE.match(data, at)
        if line and int(line[1]) <= 100_000_000 and int(line[2]) <= 4_194_304 and at - int(line[1]) in (0, 1):
            break
        line = None
    if line is None:
        need(b"%Countersign-Seal 1 " not in data and b"countersign-receipt.cose" not in data, "the seal is damaged")
        return None
    start = data.find(b"stream\n", line.end(), line.end() + 512) + 7
    need(start >= 7 and start + int(line[2]) <= len(data), "the seal's lengths do not fit")
    return int(line[1]), data[start:start + int(line[2])]


def write_value(value, before=b""):
    """A value of the fair copy as the update writes it; before is what stands in front of it."""
    if isinstance(value, dict):
        out = b"<<"
        for key, inner in value.items():
            out += write_value(key)
            out += write_value(inner, out)
        return out + b">>"
    if isinstance(value, list):
        out = b"["
        for inner in value:
            out += write_value(inner, out)
        return out + b"]"
    if isinstance(value, Name):
        return b"/" + re.sub(rb"[^A-Za-z0-9\-_.+*,:;@]", lambda m: b"#%02x" % m[0][0], value)
    if isinstance(value, Str):
        return b"<" + value.hex().encode() + b">"
    word = b"%d %d R" % value if isinstance(value, Ref) else b"null" if value is None else bytes(value)
    return word if before[-1:] in (b"[", b"]", b"<", b">", b"(", b")") else b" " + word


def two_decimals(value):
    """A double with at most two decimals, half away from zero."""
    hundredths = abs(value) * 100
    whole = math.floor(hundredths) + (hundredths - math.floor(hundredths) >= 0.5)
    text = f"{whole // 100}.{whole % 100:02d}".rstrip("0").rstrip(".")
    return "-" + text if value < 0 else text


def mark_place(page, place):
    """Matrix and rectangle of the mark, in user space (P, The mark)."""
    (left, bottom, right, top), turns, inset = page.crop, page.rotation // 90, 22.68
    w, h = right - left, top - bottom
    width, height = (h, w) if turns % 2 else (w, h)
    x = (inset, (width - 170) / 2, width - inset - 170)[PLACES[place][0]]
    y = (inset, (height - 60) / 2, height - inset - 60)[PLACES[place][1]]
    rectangle = ((left + x, bottom + y, left + x + 170, bottom + y + 60), (left + w - y - 60, bottom + x, left + w - y, bottom + x + 170),
                 (left + w - x - 170, bottom + h - y - 60, left + w - x, bottom + h - y), (left + y, bottom + h - x - 170, left + y + 60, bottom + h - x))
    return ("1 0 0 1 0 0", "0 1 -1 0 0 0", "-1 0 0 -1 0 0", "0 -1 1 0 0 0")[turns], " ".join(map(two_decimals, rectangle[turns]))


def remake(rules, receipt, plan):
    """The sealed copy but for the digits of /Contents; and where they begin."""
    pdf = rules.pdf
    p0, n = pdf.data, pdf.highest + 1
    stamp = "D:" + re.sub("[-:T]", "", plan.time)
    out, offsets = bytearray(p0 if p0.endswith((b"\r", b"\n")) else p0 + b"\n"), {}

    def put(number, body, generation=0):
        offsets[number] = len(out), generation
        out.extend(b"%d %d obj\n" % (number, generation) + (body if isinstance(body, bytes) else body.encode()) + b"\nendobj\n")
    page, bounds, matrix, rect, drawing = rules.pages[0], "0 0 0 0", "1 0 0 1 0 0", "0 0 0 0", b""
    if plan.place:
        need(plan.place["page"] in (1, len(rules.pages)), "the mark stands on a page that may not have it")
        page = rules.pages[plan.place["page"] - 1]
        (matrix, rect), bounds, drawing = mark_place(page, plan.place["place"]), "0 0 170 60", mark_drawing(plan)
    out += b"%%Countersign-Seal 1 %d %d\n" % (len(p0), len(receipt))
    put(n, f"<</Type/EmbeddedFile/Subtype/application#2Fcose/Params<</Size {len(receipt)}/ModDate({stamp})>>/Length {len(receipt)}>>stream\n".encode()
        + receipt + b"\nendstream")
    put(n + 1, "<</Type/Filespec/F(countersign-receipt.cose)/UF(countersign-receipt.cose)"
        f"/EF<</F {n} 0 R/UF {n} 0 R>>/AFRelationship/Supplement>>")
    for i, font in ((2, "Helvetica"), (3, "Helvetica-Bold")):
        put(n + i, f"<</Type/Font/Subtype/Type1/BaseFont/{font}/Encoding/WinAnsiEncoding>>")
    put(n + 4, f"<</Type/XObject/Subtype/Form/BBox[{bounds}]/Matrix[{matrix}]/Resources<</Font<</F1 {n + 2} 0 R/F2 {n + 3} 0 R>>>>"
        f"/Length {len(drawing)}>>stream\n".encode() + drawing + b"\nendstream")
    put(n + 5, f"<</Type/Annot/Subtype/Widget/FT/Sig/T(countersign-seal)/TU({plan.reference})/V {n + 6} 0 R/F 132"
        f"/P {page.number} {pdf.generation(page.number)} R/Rect[{rect}]/AP<</N {n + 4} 0 R>>>>")
    head = (f"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M({stamp})/Reference[<</Type/SigRef/TransformMethod/DocMDP"
            "/TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]/ByteRange").encode()
    put(n + 6, head + b"?" * 48 + b"/Contents<" + b"0" * 8192 + b">>>")
    range_at = offsets[n + 6][0] + len(b"%d 0 obj\n" % (n + 6)) + len(head)
    contents_at = range_at + 58                                             # behind its bracket
    changed, catalog = dict(page.dictionary), dict(rules.catalog)
    changed[Name(b"Annots")] = [*(pdf.get(changed.get(b"Annots")) or ()), Ref(n + 5, 0)]
    form, names = (dict(pdf.dictionary(catalog.get(key)) or {}) for key in (b"AcroForm", b"Names"))
    form |= {Name(b"Fields"): [Ref(n + 5, 0)], Name(b"SigFlags"): Token(b"3")}
    names[Name(b"EmbeddedFiles")] = {Name(b"Names"): [Str(b"countersign-receipt.cose"), Ref(n + 1, 0)]}
    catalog |= {Name(b"AcroForm"): form, Name(b"Names"): names, Name(b"Perms"): {Name(b"DocMDP"): Ref(n + 6, 0)}, Name(b"AF"): [Ref(n + 1, 0)]}
    for number, value in sorted([(page.number, changed), (rules.root.number, catalog)], key=lambda pair: pair[0]):
        put(number, write_value(value), pdf.generation(number))
    xref, own = len(out), H(p0, receipt)[:16]
    if pdf.kind == "stream":
        offsets[n + 7] = xref, 0
    runs = []
    for number in sorted(offsets):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    identifiers, info = pdf.get(pdf.trailer.get(b"ID")), pdf.trailer.get(b"Info")
    first = identifiers[0] if isinstance(identifiers, list) and identifiers and isinstance(identifiers[0], Str) else own
    last = b"/Size %d/Root  %d %d R" % (max(offsets) + 1, *rules.root) + (b"/Info  %d %d R" % info if isinstance(info, Ref) else b"")
    last += b"/ID[<%s><%s>]/Prev %d" % (first.hex().encode(), own.hex().encode(), pdf.startxref)
    if pdf.kind == "table":
        out += b"xref\n"
        for run in runs:
            out += b"%d %d\n" % (run[0], len(run)) + b"".join(b"%010d %05d n \n" % offsets[number] for number in run)
        out += b"trailer\n<<" + last + b">>\n"
    else:
        index = " ".join(f"{run[0]} {len(run)}" for run in runs)
        body = b"".join(b"\1" + offsets[k][0].to_bytes(4, "big") + offsets[k][1].to_bytes(2, "big") for run in runs for k in run)
        out += f"{n + 7} 0 obj\n<</Type/XRef/W[1 4 2]/Index[{index}]/Length {len(body)}".encode() + last + b">>stream\n" + body + b"\nendstream\nendobj\n"
    out += b"startxref\n%d\n%%%%EOF\n" % xref
    span = b"[0 %d %d %d]" % (contents_at - 1, contents_at + 8193, len(out) - contents_at - 8193)
    out[range_at:range_at + 48] = span.ljust(48)
    return bytes(out), contents_at


def check_seal(data, rules, receipt, plan, certificate):
    """The file is, byte for byte, what the seal of this fair copy and this receipt is, but for the CMS, which is checked."""
    whole, at = remake(rules, receipt, plan)
    need(data[:at] == whole[:at] and data[at + 8192:] == whole[at + 8192:], "the seal is not the one that belongs to these pages")
    check_cms(data[at:at + 8192], certificate, H(data[:at - 1], data[at + 8193:]))
# ---------------------------------------------------------------- statements and ranges of keys (S4)

Statement = namedtuple("Statement", "data office subject time approvals payload kid protected signature")
Recorded = namedtuple("Recorded", "act approvals statement index")
Range = namedtuple("Range", "start origin ledger statement certificate lost")


@lru_cache(50000)
def read_statement(data):
    need(len(data) <= 2048, "a statement: too long")
    protected, header, unprotected, payload, signature = sign1(data, "a statement")
    need(is_map(header, 1, 4, 15, 258, 259, "approvals") and is_map(header[15], 1, 2, 6) and unprotected == {}, "a statement: its header")
    office, subject, time = header[15].values()
    need((header[1], header[258], header[259]) == (-8, -16, "application/json") and is_id(office) and is_id(subject), "a statement: its header")
    need(type(time) is int and 0 <= time <= LAST_SECOND, "a statement: its time")
    need(all(isinstance(b, bytes) and len(b) == 32 for b in (header[4], header["approvals"], payload)), "a statement: its header")
    return Statement(data, office, subject, time, header["approvals"], payload.hex(), header[4], protected, signature)


def fits(entry, ranges):
    """Whether the entry's statement is its act's, signed with the statement key for its place."""
    statement, act, key = entry.statement, entry.act, for_entry(ranges, entry.index).statement
    return ((statement.payload, statement.office, statement.subject, statement.kid) == (act.name, act.office, act.subject, H(key))
            and ed25519_holds(key, statement.signature, sig_structure(statement.protected, bytes.fromhex(statement.payload))))


def approvals_digest(approvals):
    return H(cbor([[person, bytes.fromhex(act), evidence] for person, act, evidence in sorted(approvals, key=lambda a: (a[0].encode("utf-16-be"), a[1]))]))


def commits(entry, joined=()):
    return entry.statement.approvals == approvals_digest([*entry.approvals, *joined])


def ranges_of(roster):
    return [Range(e.index, e.act["origin"], b64u(e.act["ledger"]), b64u(e.act["statement"]), e.act["certificate"], (e.act.get("gap") or {}).get("from"))
            for e in roster if e.act.kind in ("found", "rekey")]


def for_entry(ranges, index):
    return next((r for r in reversed(ranges) if r.start <= index), ranges[0])


def for_tree(ranges, size):
    return next((r for r in reversed(ranges) if r.start < size), ranges[0])


def agree(one, other):
    return all(a == b for a, b in zip(one, other))


def longer(one, other):
    return max(one, other, key=len)


# ---------------------------------------------------------------- receipts (S5)

Evidence = namedtuple("Evidence", "roster letters twins policies")
Receipt = namedtuple("Receipt", "statement subject size index path signature protected checkpoint length certificate evidence key")


def read_approvals(value, act, why):
    need(isinstance(value, list) and len(value) <= 64, why)
    need(all(isinstance(a, list) and len(a) == 2 and isinstance(a[0], str) and isinstance(a[1], bytes) for a in value), why)
    return tuple((person, act.name, evidence) for person, evidence in value)


def read_evidence(value):
    why = "the evidence: its form"
    need(isinstance(value, list) and len(value) == 5 and all(isinstance(v, list) for v in value), why)

    def entries(list_):
        need(len(list_) <= 20_000 and all(isinstance(e, list) and len(e) == 4 and isinstance(e[0], bytes) and isinstance(e[1], bytes) for e in list_), why)
        need(all(type(e[3]) is int and e[3] >= 0 for e in list_), why)
        acts = [read_act(e[1]) for e in list_]
        return [Recorded(act, read_approvals(e[2], act, why), read_statement(e[0]), e[3]) for act, e in zip(acts, list_)]
    roster, letters, twins = map(entries, value[:3])
    need(len(value[3]) <= 1000 and all(isinstance(p, bytes) and len(p) <= 65536 for p in value[3]), why)
    need(len(value[4]) <= 1000, why)
    for d in value[4]:
        need(isinstance(d, list) and len(d) == 3 and is_id(d[0]) and isinstance(d[1], bytes) and len(d[1]) == 16 and text(2000)(d[2]) and text_is_plain(d[2]), why)
    need(roster and roster[0].act.kind == "found", why)
    return Evidence(roster, letters, twins, {H(p).hex(): p for p in value[3]})


@lru_cache(16)
def read_receipt(data):
    why = "the receipt: its form"
    need(len(data) <= 4_194_304, why)
    protected, _, unprotected, payload, signature = sign1(data, why)
    need(is_map(unprotected, 394, "countersign") and isinstance(unprotected[394], list) and len(unprotected[394]) == 1, why)
    inner, more = unprotected[394][0], unprotected["countersign"]
    need(isinstance(inner, bytes) and len(inner) <= 8192 and isinstance(more, bytes), why)
    statement = read_statement(cbor(Tagged(18, [protected, {}, payload, signature])))
    more = read_cbor(more, why)
    need(isinstance(more, list) and len(more) == 5 and more[0] == 1 and type(more[1]) is int and more[1] >= 0 and isinstance(more[2], str)
         and isinstance(more[3], bytes) and len(more[3]) <= 16384, why)
    evidence = read_evidence(more[4])
    protected, header, unprotected, payload, signature = sign1(inner, why)
    need(is_map(unprotected, 396) and is_map(unprotected[396], -1) and isinstance(unprotected[396][-1], list) and len(unprotected[396][-1]) == 1, why)
    proof = unprotected[396][-1][0]
    need(isinstance(proof, bytes) and len(proof) <= 4096 and payload is None, why)
    proof = read_cbor(proof, why)
    need(isinstance(proof, list) and len(proof) == 3 and all(type(n) is int and n >= 0 for n in proof[:2]), why)
    size, index, path = proof
    need(isinstance(path, list) and len(path) <= 63 and all(isinstance(p, bytes) and len(p) == 32 for p in path), why)
    key = for_tree(ranges_of(evidence.roster), size)
    expected = cbor({1: -8, 4: H(key.ledger), 15: {1: key.origin, 2: statement.subject}, 395: 1})
    need(protected == expected, why)
    return Receipt(statement, statement.subject, size, index, path, signature, protected, more[2], more[1], more[3], evidence, key)


# ---------------------------------------------------------------- the roster (S3)

Person = namedtuple("Person", "id roles credential counts")
Loan = namedtuple("Loan", "lender to role kinds until counts entered")


class Roster:
    """Who is in office after some roster acts, under which policies; never changed, only followed by another."""

    def __init__(self, found):
        self.found, self.office, self.newest = found, found.office, found.name
        self.people, self.loans, self.policies, self.ever = {}, [], [], {"person": set(), "key": set(), "role": set(), "origin": set(), "ledger": set()}
        self.present = None

    def policy_at(self, time):
        return next(policy for counts, policy in reversed(self.policies) if counts <= time or len(self.policies) == 1 or policy is self.policies[0][1])

    def with_keys(self, act):
        self.present = [act[k] for k in ("origin", "ledger", "statement", "certificate")]
        self.ever["origin"].add(act["origin"])
        self.ever["ledger"].add(act["ledger"])

    def with_person(self, enrolment, counts):
        """Puts a person in office whose id, key and proof are good."""
        person, credential = enrolment["person"], enrolment["credential"]
        keys = {H(b64u(credential[k])) for k in ("key", "id") if k in credential}
        need(person not in self.ever["person"] and not keys & self.ever["key"], "the roster: a person or key that was enrolled before")
        need(proof_holds(enrolment, self.office, self.found), "the roster: a key without its proof")
        self.ever["person"].add(person)
        self.ever["key"] |= keys
        self.ever["role"] |= set(enrolment["roles"])
        self.people[person] = Person(person, frozenset(enrolment["roles"]), credential, counts)


def copy_of(roster):
    new = Roster(roster.found)
    new.people, new.loans, new.policies, new.present = dict(roster.people), list(roster.loans), list(roster.policies), roster.present
    new.ever = {name: set(values) for name, values in roster.ever.items()}
    return new


def begin_roster(entry, policies):
    act, roster = entry.act, Roster(entry.act)
    policy = read_policy(policies.get(act["policy"], b""))
    need(policy, "the founding of the office: its policy is not there")
    roster.policies.append((entry.statement.time, policy))
    roster.with_keys(act)
    for enrolment in act["people"]:
        roster.with_person(enrolment, entry.statement.time)
    need(act.by in roster.people and sorted(a[0] for a in entry.approvals) == sorted(roster.people), "the founding of the office: who signed it")
    need(all(approval_holds(roster.people[p].credential, act, bytes.fromhex(name), e) for p, name, e in entry.approvals), "the founding of the office: a signature")
    return roster


def follow_roster(before, entry, policies):
    """The roster after one more act (S3, The roster)."""
    act, time, new = entry.act, entry.statement.time, copy_of(before)
    policy = before.policy_at(time)
    counts = time + policy.wait if time + policy.wait <= LAST_SECOND else float("inf")
    need(act.office == before.office and act.kind in ROSTER_KINDS[1:] and act["roster"] == before.newest, "the roster: an act that does not follow")
    new.newest = act.name
    if act.kind == "enrol":
        new.with_person(act["person"], counts)
    elif act.kind == "retire":
        need(act["person"] in before.people, "the roster: nobody to retire")
        del new.people[act["person"]]
        new.loans = [loan for loan in new.loans if act["person"] not in (loan.lender, loan.to)]
    elif act.kind == "delegate":
        need(act["to"] in before.people and act["to"] != act.by and act.by in before.people, "the roster: a loan from or to nobody")
        need(act["role"] in before.people[act.by].roles, "the roster: a role is lent by somebody without it")
        need(act.until <= act.at + before.policy_at(act.at).days * DAY, "the roster: a loan for too long")
        loan, old = Loan(act.by, act["to"], act["role"], act["kinds"], act.until, counts, time), None
        same = [i for i, old in enumerate(new.loans) if old[:3] == loan[:3]]
        new.loans[same[0] if same else len(new.loans):][:1] = [loan]
        new.loans = [o for o in new.loans if o[:3] != loan[:3]] + [loan]
    elif act.kind == "rekey":
        keys = [act[k] for k in ("origin", "ledger", "statement", "certificate")]
        need(keys != before.present, "the roster: the office's keys are the present ones")
        if act.get("gap"):
            need(act["origin"] not in before.ever["origin"] and act["ledger"] not in before.ever["ledger"], "the roster: a gap under an old name or key")
        else:
            need(act["origin"] == before.present[0], "the roster: another origin without a gap")
        new.with_keys(act)
    permit(act, entry.approvals, before, None, time, {})
    if act.kind == "adopt":
        adopted = read_policy(policies.get(act["policy"], b""))
        need(adopted, "the roster: the policy is not there")
        new.policies.append((counts, adopted))
    need(not act.get("gap") or act["gap"]["from"] <= entry.index, "the roster: a gap behind its act")
    return new


class Chain:
    """Roster acts and the roster after each."""

    def __init__(self, entries, rosters):
        self.entries, self.rosters = entries, rosters
        self.stolen = {}
        for entry in entries:
            if entry.act.since is not None:
                self.stolen[entry.act["person"]] = entry.act.since


def build_chain(entries, policies, listed, size, known=None):
    """S8, 4.1 to 4.3: known is a chain whose first acts need not be followed again."""
    need(all(commits(e) for e in entries), "a roster act brings other approvals than the ledger took in")
    rosters = []
    for i, entry in enumerate(entries):
        if i:
            need(entry.index > entries[i - 1].index and entry.statement.time >= entries[i - 1].statement.time, "the roster is not in the order of the ledger")
        same = known and i == len(rosters) and i < len(known.entries) and all(
            (a.index, a.statement.data) == (b.index, b.statement.data) for a, b in zip(entries[:i + 1], known.entries))
        rosters.append(known.rosters[i] if same else follow_roster(rosters[-1], entry, policies) if i else begin_roster(entry, policies))
    expected, shown = [r for r in listed if r[1] < size], [(e.act.name, e.index) for e in entries if e.index < size]
    need(shown[:len(expected)] == expected, "the roster leaves out or moves an act that the trust file lists")
    return Chain(entries, rosters)


# ---------------------------------------------------------------- a letter (S1, S3)

class Letter:
    """What was done to a letter so far; twins are drafts of equal bytes elsewhere."""

    def __init__(self, twins=(), entries=(), heads=()):
        self.twins, self.entries, self.heads = twins, list(entries), list(heads)

    def follow(self, entry):
        act = entry.act
        heads = self.heads
        if not (act.kind == "review" and act["says"].startswith("concur")):
            heads = heads + [H(bytes.fromhex(heads[-1]), bytes.fromhex(act.name)).hex() if heads else act.name]
        return Letter(self.twins, self.entries + [entry], heads)

    def of(self, kind):
        return [e for e in self.entries if e.act.kind == kind]

    def draft(self):
        return self.of("draft")[-1].act

    def lifted(self):
        return {e.act["hold"] for e in self.of("lift")}

    def holds(self):
        return [e for e in self.of("hold") if e.act.name not in self.lifted()]

    def standing(self):
        return 1 if self.of("withdraw") else 3 if self.of("correct") else 2 if self.holds() else 0

    def excluded(self):
        drafts = [e.act for e in self.of("draft")]
        copies = {d["copy"] for d in drafts}
        return {d.by for d in drafts} | {t.act.by for t in self.twins if t.act.kind == "draft" and t.act["copy"] in copies}

    def last_words(self, stolen):
        """Concurrences and standing objections on the newest draft."""
        words, adverse, draft = {}, {}, self.draft().name
        heads = 0                                       # heads known when a review stands
        for entry in self.entries:
            act = entry.act
            if not (act.kind == "review" and act["says"].startswith("concur")):
                heads += 1
            if act.kind != "review" or act["draft"] != draft:
                continue
            if act["says"].startswith("concur"):
                if stolen.get(act.by, LAST_SECOND + 1) <= entry.statement.time:
                    continue
                if act.by in adverse and act["after"] not in self.heads[adverse[act.by]:]:
                    continue
            else:
                adverse[act.by] = heads - 1
            words[act.by] = entry
        concur = [e for e in self.entries if e in words.values() and e.act["says"].startswith("concur")]
        return concur, [e for e in words.values() if not e.act["says"].startswith("concur")]


def can_follow(letter, entry):
    act, time = entry.act, entry.statement.time
    if not letter.entries:
        need(act.kind == "draft" and act["version"] == 1, "the letter does not begin with its first version")
        return
    released = letter.of("release")
    need(act.letter == letter.entries[0].act.letter, "an act of another letter")
    if act.kind in ("release", "lift", "withdraw", "correct"):
        need(time <= act.until and act["after"] == letter.heads[-1], "a decision after its end, or the letter changed after its signers saw it")
    if act.kind == "draft":
        last = letter.draft()
        need(not released and act["version"] == last["version"] + 1 and act["reference"] == last["reference"], "a version that could not follow")
    elif act.kind == "review":
        need(not released and act["draft"] == letter.draft().name and act["after"] in letter.heads, "a review that could not follow")
    elif act.kind == "release":
        need(not released and not letter.holds(), "a release that could not follow")
    elif act.kind == "lift":
        need(act["hold"] in {h.act.name for h in letter.holds()}, "no hold to lift")
    elif act.kind in ("withdraw", "correct"):
        need(released and act["release"] == released[0].act.name and not letter.of("withdraw") and not letter.of("correct"), "another release")


# ---------------------------------------------------------------- permission (S3)

Signer = namedtuple("Signer", "person time signed")


def needs_of(act, roster, letter, policy):
    rules = policy.rules
    if act.kind in ("enrol", "retire"):
        if act.kind == "enrol":
            weighs = any(r in policy.weighty and r in roster.ever["role"] for r in act["person"]["roles"])
        else:
            weighs = any(r in policy.weighty for r in roster.people[act["person"]].roles)
        return rules["change" if weighs else "people"]
    if act.kind == "release":
        return policy.release_needs(letter.draft())
    rule = {"adopt": "change", "rekey": "change", "free": "free", "hold": "stop", "lift": "withdraw", "withdraw": "withdraw", "correct": "withdraw"}
    return rules[rule[act.kind]] if act.kind in rule else []


class Counting:
    """Who may come as whom for one act."""

    def __init__(self, act, roster, letter, policy, excluded, stolen):
        self.roster, self.policy, self.excluded, self.stolen = roster, policy, excluded, stolen
        self.kind = letter.draft()["kind"] if letter and act.kind in ("release", "lift", "withdraw", "correct") else None

    def comings(self, person, time):
        """As whom a person can come, and with which roles: themselves first, then lenders in the order of their first loan."""
        me, out, roster = self.roster.people[person], {}, self.roster
        taken = (lambda roles: roles if me.credential["kind"] == "passkey" else roles - self.policy.passkey_roles)
        if me.counts <= time and taken(me.roles):
            out[person] = taken(me.roles)
        for loan in roster.loans:
            lender = roster.people.get(loan.lender)
            if (loan.to == person and lender and loan.lender not in self.excluded and max(loan.counts, lender.counts) <= time < loan.until
                    and (not loan.kinds or self.kind in loan.kinds) and self.stolen.get(loan.lender, LAST_SECOND + 1) > loan.entered):
                roles = taken(frozenset([loan.role]) & lender.roles)
                if roles:
                    out[loan.lender] = out.get(loan.lender, frozenset()) | roles
        return list(out.items())

    def stands(self, needs, signers):
        """Everybody counted in the first choice that fills every place; None when none does."""
        places = [need_.roles for need_ in needs for _ in range(need_.count)]
        if not places:
            return set()
        options = []
        for s in signers:
            if s.person not in self.excluded and self.stolen.get(s.person, LAST_SECOND + 1) > s.time:
                comings = self.comings(s.person, s.time)
                if comings:
                    options.append([(s, as_, roles) for as_, roles in comings])
        if math.prod(map(len, options)) > 4096:
            raise TooMany("too many choices")
        for choice in itertools.product(*options):
            come = {}
            for s, as_, roles in choice:
                old = come.get(as_, (frozenset(), False, frozenset()))
                come[as_] = old[0] | roles, old[1] or s.signed, old[2] | {s.person, as_}
            filled = {}
            for as_ in sorted(come, key=lambda a: (not come[a][1], a)):
                self.place(as_, come, places, filled, set())
            if len(filled) == len(places) and any(come[as_][1] for as_ in filled.values()):
                return set().union(*(come[as_][2] for as_ in filled.values()))
        return None

    def place(self, as_, come, places, filled, tried):
        """One augmenting path; at most 16 places deep."""
        for i, roles in enumerate(places):
            if i not in tried and roles & come[as_][0]:
                tried.add(i)
                if i not in filled or self.place(filled[i], come, places, filled, tried):
                    filled[i] = as_
                    return True
        return False


class TooMany(Fault):
    pass


def lacks(counting, needs, stages, before, reviewers, time):
    """Whether the stages before one lack something, by those who joined so far as if they signed."""
    roles = frozenset().union(*stages[:before])
    try:
        return counting.stands([n for n in needs if n.roles <= roles], [Signer(p, time, True) for p in reviewers]) is None
    except TooMany:
        return False


def stage_of(counting, person, stages, time):
    plain = Counting.__new__(Counting)
    plain.__dict__.update(counting.__dict__, excluded=set(), stolen={})
    have = frozenset().union(*(roles for _, roles in plain.comings(person, time)))
    return next((i for i, stage in enumerate(stages) if stage & have), 0)


def permit(act, approvals, roster, letter, time, stolen):
    """S3, Permission of one act: everybody who signed it or was counted; a Fault when it is refused."""
    need(act.office == roster.office, "the act is another office's")
    need(act.at <= time + 120, "the act is dated ahead of its entry")
    need(1 <= len(approvals) <= 64, "how many signatures")
    signed = [person for person, _, _ in approvals]
    need(len(set(signed)) == len(signed), "somebody signed twice")
    need(all(person in roster.people for person in signed), "somebody signed who is not in office")
    need(all(approval_holds(roster.people[p].credential, roster.found, bytes.fromhex(name), e) for p, name, e in approvals), "that is not a signature of this act")
    need(act.by in signed, "its author has not signed it")
    policy = roster.policy_at(time)
    excluded = letter.excluded() if letter and letter.entries and act.kind in ("release", "lift") else set()
    counting = Counting(act, roster, letter, policy, excluded, stolen)
    signers, joined = [Signer(p, time, True) for p in signed], []
    if act.kind in ("draft", "review"):
        need(len(approvals) == 1, "more than one signature")
        if act.kind == "review" and act["says"].startswith("concur"):
            in_turn(act, roster, letter, time, policy)
        return set(signed)
    if act.kind == "hold":
        need(not any(e.act.by == act.by and e.act.name in letter.lifted() for e in letter.of("hold")), "a second hold after a lift")
    if act.kind == "release":
        draft = letter.draft()
        concur, adverse = letter.last_words(stolen)
        need(act["draft"] == draft.name, "the release does not name the newest version")
        need(not adverse, "somebody returns or objects")
        need(draft["kind"] in policy.kinds, "the policy has no rule for this kind")
        needs, stages = policy.release_needs(draft), policy.stages[draft["kind"]]
        for e in sorted(concur, key=lambda e: e.index):
            if e.act.by in roster.people and e.act.by not in signed:
                stage = stage_of(counting, e.act.by, stages, time) if stages else 0
                if not stages or not lacks(counting, needs, stages, stage, [j.person for j in joined], time):
                    joined.append(Signer(e.act.by, e.statement.time, False))
        need(not stages or not lacks(counting, needs, stages, len(stages) - 1, [j.person for j in joined], time), "an earlier stage has not signed")
    counted = counting.stands(needs_of(act, roster, letter, policy), signers + joined)
    need(counted is not None, "the people whom the policy demands have not signed")
    return set(signed) | counted


def in_turn(act, roster, letter, time, policy):
    draft = letter.draft()
    stages = policy.stages.get(draft["kind"])
    if act["draft"] != draft.name or not stages:
        return
    counting = Counting(act, roster, letter, policy, letter.excluded(), {})
    counting.kind = draft["kind"]
    before = [e.act.by for e in letter.last_words({})[0] if e.act.by != act.by and e.act.by in roster.people]
    need(not lacks(counting, policy.release_needs(draft), stages, stage_of(counting, act.by, stages, time), before, time), "a review out of its turn")


def judge(entry, chain, letter):
    """S3, Judging a letter's act in a chain of roster acts."""
    act, time = entry.act, entry.statement.time
    below = [i for i, e in enumerate(chain.entries) if e.index < entry.index]
    named = next((i for i in below if chain.entries[i].act.name == act["roster"]), None)
    need(named is not None, "the roster that it names was not in office")
    after = [e for e in chain.entries if e.index >= entry.index][:1]
    need(chain.entries[below[-1]].statement.time <= time and all(e.statement.time >= time for e in after), "it is dated otherwise than its place")
    if act.kind == "hold":
        permit(act, entry.approvals, chain.rosters[below[-1]], letter, time, {})
        return
    counted = permit(act, entry.approvals, chain.rosters[named], letter, time, chain.stolen if act.kind in ("release", "lift") else {})
    for i in below:
        later = chain.entries[i].act
        if i > named:
            need(later.kind != "adopt", "the policy has changed since")
            need(later.kind != "retire" or later["person"] not in counted, "somebody has left office since")
            need(later.kind != "delegate" or not {later.by, later["to"]} <= counted, "a loan has changed since")


def follow_letter(letter, entry, chain):
    """The letter after one more act that can follow, is permitted, and whose statement commits to its approvals."""
    can_follow(letter, entry)
    judge(entry, chain, letter)
    need(commits(entry, [a for e in letter.last_words({})[0] for a in e.approvals] if entry.act.kind == "release" else ()), "its statement commits to other approvals")
    return letter.follow(entry)


# ---------------------------------------------------------------- the trust file (S6)

INDEX = integer(0)
TRUST = record({
    "countersign": one_of("trust/1"),
    "office": record({"domain": is_id, "title": text(200), "found": is_digest, "words": lambda v: isinstance(v, str), "exercise": boolean}),
    "keys": array(record({"from": INDEX, "lost?": integer(1), **OFFICE_KEYS}), 1, 10_000),
    "roster": array(record({"act": is_digest, "index": INDEX}), 1, 100_000),
    "checkpoint": b64_of(0, 65_536), "status": record({"address": text(2000), "file?": b64_of(0, 16_777_216)})})
Trust = namedtuple("Trust", "found ranges roster checkpoint address status")


@lru_cache(256)
def read_trust(data):
    need(len(data) <= 25_165_824, "the trust file: too long")
    m = plain_json(data, "the trust file")
    need(TRUST(m), "the trust file: its members")
    roster, keys = [(r["act"], r["index"]) for r in m["roster"]], m["keys"]
    need(roster[0][0] == m["office"]["found"] and all(a[1] < b[1] for a, b in zip(roster, roster[1:])), "the trust file: its roster")
    need(keys[0]["from"] == roster[0][1] and "lost" not in keys[0] and all(a["from"] < b["from"] for a, b in zip(keys, keys[1:])), "the trust file: its keys")
    need(all(k.get("lost", 0) <= k["from"] for k in keys), "the trust file: a lost part")
    try:
        checkpoint = b64u(m["checkpoint"]).decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("the trust file: its checkpoint") from None
    ranges = [Range(k["from"], k["origin"], b64u(k["ledger"]), b64u(k["statement"]), k["certificate"], k.get("lost")) for k in keys]
    status = m["status"].get("file")
    return Trust(m["office"]["found"], ranges, roster, checkpoint, m["status"]["address"], b64u(status) if status else None)


# ---------------------------------------------------------------- the status file and the signed hold (S7)

Status = namedtuple("Status", "size iat exp bits evidence ranges")


@lru_cache(256)
def read_status(data, address):
    """A status file that reads; a Fault otherwise."""
    why = "the status file: its form"
    need(len(data) <= 16_777_216, why)
    protected, header, unprotected, payload, signature = sign1(data, why)
    need(is_map(header, 1, 4, 16) and header[1] == -8 and header[16] == "application/statuslist+cwt" and unprotected == {} and isinstance(payload, bytes), why)
    m = read_cbor(payload, why)
    need(is_map(m, 2, 4, 6, 65533, 65534, "size", "countersign") and is_map(m[65533], "lst", "bits") and m[65533]["bits"] == 2, why)
    need(all(type(v) is int and v >= 0 for v in (m[4], m[6], m[65534], m["size"])) and max(m[4], m[6]) <= LAST_SECOND and m[2] == address, why)
    need(isinstance(m[65533]["lst"], bytes), why)
    machine = zlib.decompressobj()
    try:
        bits = machine.decompress(m[65533]["lst"], 262_145)
    except zlib.error:
        raise Fault(why) from None
    need(len(bits) == 262_144 and machine.eof and not machine.unused_data, why)
    evidence = read_evidence(m["countersign"])
    need(not evidence.twins, why)
    ranges = ranges_of(evidence.roster)
    key = for_tree(ranges, m["size"]).statement
    need(header[4] == H(key) and ed25519_holds(key, signature, sig_structure(protected, payload)), "the status file is not signed by the office")
    return Status(m["size"], m[6], m[4], bits, evidence, ranges)


HOLD_BEGINS = b"\x83\x70countersign-hold"


@lru_cache(256)
def read_hold(data):
    why = "the signed hold: its form"
    need(len(data) <= 262_144, why)
    value = read_cbor(data, why)
    need(isinstance(value, list) and len(value) == 3 and isinstance(value[1], bytes), why)
    act = read_act(value[1])
    need(act.kind == "hold", why)
    return act, read_approvals(value[2], act, why)


def take_status(data, trust, receipt, chain):
    """The status file and its chain, if it is taken; a Fault otherwise (S8, The newest status file)."""
    status = read_status(data, trust.address)
    roster, ranges = status.evidence.roster, status.ranges
    need(roster[0].act.name == trust.found and agree(ranges, trust.ranges), "the status file is another office's")
    both = longer(ranges, trust.ranges)
    need(for_tree(both, status.size)[1:] == for_tree(ranges, status.size)[1:], "the status file: other keys")
    need(all(fits(e, both) for e in roster), "the status file: a statement that does not fit")
    own = build_chain(roster, status.evidence.policies, trust.roster, status.size, chain)
    need(all((a.act.name, a.index) == (b.act.name, b.index) for a, b in zip(roster, chain.entries)), "the status file shows another roster than the receipt")
    need(len(roster) >= sum(e.index < status.size for e in chain.entries), "the status file leaves out acts")
    return status, own, both


# ---------------------------------------------------------------- the verdict (S8)

class Verdict(Exception):
    def __init__(self, word, *reasons):
        super().__init__(word)
        self.word, self.reasons = word, list(reasons)


def judged(word, check, *arguments):
    """What check gives; its Fault becomes this verdict."""
    try:
        return check(*arguments)
    except Fault as fault:
        raise Verdict(word, str(fault)) from None


def open_file(data):
    """S8.1: the receipt, its release and its draft, of a file that is exactly what was sealed."""
    if not 0 < len(data) <= 105_194_304:
        raise Verdict("unreadable", "the file is empty or too long")
    found = find_seal(data)
    if found is None:
        raise Verdict("not-released", "the file carries no seal")
    length, bytes_ = found
    receipt = read_receipt(bytes_)
    letters = receipt.evidence.letters
    release = letters[-1].act if letters else None
    need(release and release.kind == "release" and release.name == receipt.statement.payload, "the receipt does not bring its release")
    draft = next((e.act for e in letters if e.act.kind == "draft" and e.act.name == release["draft"]), None)
    need(draft, "the receipt does not bring its draft")
    need(receipt.length == length and H(data[:length]).hex() == draft["copy"], "the pages are not the ones that were approved")
    need(H(receipt.certificate).hex() == receipt.key.certificate, "the receipt brings another certificate")
    time = datetime.datetime.fromtimestamp(letters[-1].statement.time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)
    identifier, secret = (base64.urlsafe_b64encode(hkdf16(bytes.fromhex(release["nonce"]), b"countersign/paper/" + k)).rstrip(b"=").decode() for k in (b"id", b"key"))
    plan = Plan(draft["reference"], draft["kind"], time, release.office, receipt.evidence.roster[0].act["exercise"],
                f"https://{release.office}/l/{identifier}#{secret}", draft.get("mark"))
    check_seal(data, sealable(data[:length]), bytes_, plan, receipt.certificate)
    return receipt, release, draft


@lru_cache(16)
def sealable(fair_copy):
    return Rules(Pdf(fair_copy))


def check_ledger(receipt, trust):
    """S8.3: the ranges of both together."""
    own, key = ranges_of(receipt.evidence.roster), receipt.key
    at = max((i for i, r in enumerate(trust.ranges) if r.origin == key.origin), default=None)
    theirs = trust.ranges if at is None else trust.ranges[:at + 1]
    after = trust.ranges[at + 1:at + 2] if at is not None else []
    need(not after or after[0].lost is None or after[0].lost > receipt.index, "the entry stood in a part of the ledger that was lost")
    both = longer(own, theirs)
    need(agree(own, theirs) and for_tree(both, receipt.size)[1:] == key[1:], "the receipt has other keys than the trust file")
    root = path_root(receipt.index, receipt.size, leaf_hash(H(receipt.statement.data)), receipt.path)
    need(ed25519_holds(key.ledger, receipt.signature, sig_structure(receipt.protected, root)), "the ledger did not sign the root")
    need(read_checkpoint(receipt.checkpoint, key.origin, key.ledger) == (receipt.size, root), "the checkpoint names another size or root")
    evidence = receipt.evidence
    need(all(fits(e, both) for e in (*evidence.roster, *evidence.letters, *evidence.twins)), "a statement is not the office's, or of another act")
    last = evidence.letters[-1]
    need((last.statement.data, last.index) == (receipt.statement.data, receipt.index), "the evidence brings another statement of the release, or at another place")
    newest = trust.ranges[-1]
    try:
        size, other = read_checkpoint(trust.checkpoint, newest.origin, newest.ledger)
    except Fault:
        return both
    need(newest.origin != key.origin or size != receipt.size or other == root, "the ledger shows a fork")
    return both


def check_approvals(receipt, trust):
    """S8.4, but its last step: the chain and the letter."""
    evidence = receipt.evidence
    chain = build_chain(evidence.roster, evidence.policies, trust.roster, receipt.index)
    letter, last = Letter(evidence.twins), None
    for entry in evidence.letters:
        need(entry.act.kind in LETTER_KINDS, "an act that is no letter's")
        need(last is None or entry.index > last.index and entry.statement.time >= last.statement.time, "the letter is not in the order of the ledger")
        letter, last = follow_letter(letter, entry, chain), entry
    everything = sorted([*evidence.roster, *evidence.letters], key=lambda e: e.index)
    need(all(a.index < b.index and a.statement.time <= b.statement.time for a, b in zip(everything, everything[1:])), "acts are dated otherwise than their place")
    return chain, letter


def verify(data, trust, given, moment):
    """The verdict, in order; always raises it."""
    receipt, release, draft = judged("altered", open_file, data)
    if receipt.evidence.roster[0].act.name != trust.found:
        raise Verdict("unknown-office", "the receipt is of another office")
    both = judged("not-in-ledger", check_ledger, receipt, trust)
    chain, letter = judged("not-approved", check_approvals, receipt, trust)
    hold = newest = None
    candidates = [trust.status] if trust.status else []
    if given is not None and given.startswith(HOLD_BEGINS):
        try:
            hold = read_hold(given)
        except Fault:
            pass
    elif given is not None:
        candidates.append(given)
    for candidate in candidates:
        try:
            taken = take_status(candidate, trust, receipt, chain)
        except Fault:
            continue
        if newest is None or (taken[0].size, taken[0].iat) > (newest[0].size, newest[0].iat):
            newest = taken
    if newest and newest[1].stolen:
        judged("not-approved", judge_again, receipt, newest[1])
    if receipt.evidence.roster[0].act["exercise"]:
        raise Verdict("exercise", "this is an exercise")
    if moment < receipt.statement.time:
        raise Verdict("genuine-not-yet", "it was released after the moment asked for")
    status, known, ranges = newest or (None, None, None)
    silent = status is not None and status.size <= receipt.index
    now = then = letter
    unproved = False
    if status and not silent:
        last = receipt.evidence.letters[-1]
        for entry in status.evidence.letters:
            if entry.act.letter != release.letter:
                continue
            try:
                need(fits(entry, ranges) and last.index < entry.index < status.size and entry.statement.time >= last.statement.time, "an act out of place")
                now, last = follow_letter(now, entry, known), entry
            except Fault:
                unproved = True
                break
            if entry.statement.time <= moment:
                then = now
        place = release["status"]
        unproved = unproved or now.standing() != status.bits[place // 4] >> 2 * (place % 4) & 3
    if then.standing() in (1, 3):
        raise Verdict("genuine-withdrawn" if then.standing() == 1 else "genuine-replaced", "it no longer stands")
    if then.holds():
        raise Verdict("genuine-on-hold", "it is on hold")
    if hold and hold[0].letter == release.letter and hold[0].at <= moment and hold[0].name not in {e.act.name for e in now.entries}:
        roster = (known if status and len(known.entries) > len(chain.entries) else chain).rosters[-1]
        try:
            permit(hold[0], hold[1], roster, now, hold[0].at, {})
            raise Verdict("genuine-on-hold", "a signed hold of it was shown")
        except Fault:
            pass
    if silent or unproved:
        raise Verdict("genuine-standing-unknown", "the status file says nothing that is proved")
    if draft.get("not-before") and moment < seconds(draft["not-before"]):
        raise Verdict("genuine-not-yet", "its day has not come")
    if status is None or moment > status.exp:
        raise Verdict("genuine-standing-unknown", "no status file speaks of this moment")
    raise Verdict("genuine-in-force", "everything holds")


def judge_again(receipt, chain):
    letter = Letter(receipt.evidence.twins)
    for entry in receipt.evidence.letters:
        judge(entry, chain, letter)
        letter = letter.follow(entry)


def answer(data, trust, given, moment):
    try:
        verify(data, trust, given, moment)
    except Verdict as verdict:
        return verdict


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


@lru_cache(512)
def read_cached(path):
    return read_file(path)


def main():
    parser = argparse.ArgumentParser(description="A second verifier of sealed letters.")
    parser.add_argument("file", nargs="?")
    parser.add_argument("--trust")
    parser.add_argument("--status")
    parser.add_argument("--at")
    parser.add_argument("--batch")
    options = parser.parse_args()
    if options.batch:
        for line in read_file(options.batch).decode("utf-8").splitlines():
            try:
                job = json.loads(line)
                status = read_cached(job["status"]) if job["status"] else None
                print(answer(read_file(job["file"]), read_trust(read_cached(job["trust"])), status, seconds(job["at"])).word)
            except Exception as crash:
                print(f"crash: {type(crash).__name__}")
        return 0
    verdict = answer(read_file(options.file), read_trust(read_file(options.trust)), read_file(options.status) if options.status else None, seconds(options.at))
    print(json.dumps({"verdict": verdict.word, "reasons": verdict.reasons}))
    return 0 if verdict.word == "genuine-in-force" else 4 if verdict.word.startswith("genuine") else 1


if __name__ == "__main__":
    sys.exit(main())
