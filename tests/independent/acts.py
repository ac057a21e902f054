"""Acts, approvals and policies, written from docs/STANDARDS.md alone; S1 to S3 are its sections."""
import base64, datetime, functools, itertools, json, math, re, unicodedata
from collections import namedtuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from fair_copy import Fault, need
from seal import PLACES, H, minimal_signature, p256_holds

remembered, DAY, NEVER = functools.lru_cache(50_000), 86400, math.inf

# ---------------------------------------------------------------- CBOR in its only form (S, before 1)

Tagged = namedtuple("Tagged", "tag value")

def cbor(value):
    """Integers, byte and text strings, arrays, maps (in the order given), tags and null in their shortest form."""
    def head(major, number):
        if number < 24:
            return bytes([major << 5 | number])
        code = next(code for code in range(4) if number < 1 << 8 * (1 << code))
        return bytes([major << 5 | 24 + code]) + number.to_bytes(1 << code, "big")
    if value is None:
        return b"\xf6"
    if isinstance(value, Tagged):
        return head(6, value.tag) + cbor(value.value)
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, (bytes, str)):
        data = value if isinstance(value, bytes) else value.encode()
        return head(2 if data is value else 3, len(data)) + data
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    return head(4, len(value)) + b"".join(map(cbor, value))

def read_cbor(data, why, depth=16):
    """One item: shortest heads, definite lengths, no key twice, nothing behind it. Maps keep their order, which callers compare."""
    def item(at, deeper):
        need(deeper > 0 and at < len(data), f"{why}: CBOR cut short or too deep")
        major, number, at = data[at] >> 5, data[at] & 31, at + 1
        need(number == 22 if major == 7 else number < 28, f"{why}: CBOR of another kind")
        if major == 7:
            return None, at
        if number >= 24:
            size, least = 1 << number - 24, 24 if number == 24 else 1 << 4 * (1 << number - 24)
            need(at + size <= len(data), f"{why}: CBOR cut short")
            number, at = int.from_bytes(data[at:at + size], "big"), at + size
            need(number >= least, f"{why}: CBOR not in its shortest form")
        if major < 2:
            return (number, -1 - number)[major], at
        if major == 6:
            value, at = item(at, deeper - 1)
            return Tagged(number, value), at
        need(number <= len(data) - at, f"{why}: CBOR cut short")
        if major in (2, 3):
            string = data[at:at + number]
            try:
                return string if major == 2 else string.decode(), at + number
            except UnicodeDecodeError:
                raise Fault(f"{why}: text is not UTF-8") from None
        out = [] if major == 4 else {}
        for _ in range(number):
            value, at = item(at, deeper - 1)
            if major == 4:
                out.append(value)
            else:
                need(isinstance(value, (int, str)) and value not in out, f"{why}: a map's key")
                out[value], at = item(at, deeper - 1)
        return out, at
    value, end = item(0, depth)
    need(end == len(data), f"{why}: something stands behind it")
    return value

def is_map(value, *keys):
    return isinstance(value, dict) and list(value) == list(keys)

def is_list(value, *types):
    """An array of items of exactly these types; a boolean is no int, an int not negative."""
    return isinstance(value, list) and len(value) == len(types) and all(type(v) is t and (t is not int or v >= 0) for v, t in zip(value, types))

def sign1(data, why):
    """A tagged COSE_Sign1: protected header as bytes and as map, unprotected header, payload, signature (RFC 9052 §4.2)."""
    whole = read_cbor(data, why)
    need(isinstance(whole, Tagged) and whole.tag == 18 and isinstance(whole.value, list) and len(whole.value) == 4, f"{why}: no COSE_Sign1")
    protected, unprotected, payload, signature = whole.value
    need(isinstance(protected, bytes) and isinstance(signature, bytes) and len(signature) == 64, f"{why}: its form")
    return protected, read_cbor(protected, why), unprotected, payload, signature

def sig_structure(protected, payload):
    return cbor(["Signature1", protected, b"", payload])

# ---------------------------------------------------------------- canonical JSON (S1)

# Control characters, what turns the direction, half surrogate pairs.
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe]")
# Combining characters that Unicode 15.0 added to 14.0: each is looked at as one of its class that composes with nothing.
NEWER = str.maketrans({0x0ECE: "\u0ec8", 0x10EFD: "\u0316", 0x10EFE: "\u0316", 0x10EFF: "\u0316", 0x11F41: "\u094d", 0x11F42: "\u094d",
                       0x1E08F: "\u0305", 0x1E4EC: "\u0315", 0x1E4ED: "\u0315", 0x1E4EE: "\u0316", 0x1E4EF: "\u0305"})

def is_plain(text):
    return not UNFIT.search(text) and unicodedata.is_normalized("NFC", text.translate(NEWER))

def plain_json(data, why):
    """JSON of strings, integers, booleans, arrays and objects, at most 12 deep; no member twice."""
    def members(pairs):
        need(len(dict(pairs)) == len(pairs), f"{why}: a member stands twice")
        return dict(pairs)

    def whole(digits):
        need((digits.isdigit() or digits == "-0") and len(digits) <= 16, f"{why}: a number that is none of ours")
        return int(digits)

    def walk(value, deeper):
        if isinstance(value, (dict, list)):
            need(deeper > 0, f"{why}: nested too deeply")
            for inner in itertools.chain(value, value.values()) if isinstance(value, dict) else value:
                walk(inner, deeper - 1)
        else:
            need(is_plain(value) if isinstance(value, str) else value is not None and value < 2**53, f"{why}: a value that is none of ours")
    try:
        value = json.loads(data.decode(), object_pairs_hook=members, parse_int=whole, parse_float=whole, parse_constant=whole)
    except (ValueError, RecursionError):
        raise Fault(f"{why}: no JSON") from None
    walk(value, 12)
    return value

def canonical_json(value):
    # Member names are ASCII (closed sets and ids), so that code points sort as code units do.
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

def read_canonical_json(data, why):
    need(len(data) <= 65536, f"{why}: too long")
    value = plain_json(data, why)
    need(canonical_json(value) == data, f"{why}: not in canonical form")
    return value

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def from_b64(text):
    """base64url without padding, in its only form."""
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, "no base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(b64(data) == text, "base64url with spare bits")
    return data

# ---------------------------------------------------------------- the shapes of acts (S1); each takes a value and says whether it fits

def matches(pattern):
    return lambda v: isinstance(v, str) and re.fullmatch(pattern, v) is not None

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
    checks, needed = {name.rstrip("?"): check for name, check in members.items()}, {name for name in members if not name.endswith("?")}
    return lambda v: isinstance(v, dict) and needed <= v.keys() <= checks.keys() and all(checks[name](inner) for name, inner in v.items())

def mapping(key, value, low, high):
    return lambda v: isinstance(v, dict) and low <= len(v) <= high and all(key(k) and value(inner) for k, inner in v.items())

def b64_of(low, high):
    def check(v):
        try:
            return low <= len(from_b64(v)) <= high
        except Fault:
            return False
    return check

def seconds(moment):
    return int(datetime.datetime.strptime(moment + "+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp())

def moment_of(time):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=time)).isoformat() + "Z"

def is_moment(v):
    try:
        return matches(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-5][0-9]:[0-5][0-9]Z")(v) and moment_of(seconds(v)) == v
    except ValueError:
        return False

def boolean(v):
    return v is True or v is False

def id_set(low, high):
    return array(is_id, low, high, rising=True)

def is_letter(v):
    return is_id(v) and v not in ("roster", "free")

is_id, is_digest, is_reference = matches("[a-z0-9.-]{1,64}"), matches("[0-9a-f]{64}"), matches("[A-Z0-9]{2,8}-[0-9]{4}-[0-9]{4,9}")
is_key_name = matches(r"[^\x00-\x20+\s\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
OFFICE_KEYS = {"origin": lambda v: is_key_name(v) and text(200)(v), "ledger": b64_of(32, 32), "statement": b64_of(32, 32), "certificate": is_digest}
SOFTWARE = record({"key": b64_of(0, 1024), "kind": one_of("software"), "made": one_of("office", "person"), "proof": b64_of(0, 8192)})
PASSKEY = record({"backup": boolean, "id": b64_of(1, 1023), "key": lambda v: b64_of(0, 1024)(v) and key_in(from_b64(v)) is not None,
                  "kind": one_of("passkey"), "proof": b64_of(0, 8192)})
ENROLMENT = record({"credential": lambda v: SOFTWARE(v) or PASSKEY(v), "name": is_digest, "person": is_id, "roles": id_set(1, 16)})
DECISION = {"letter": is_letter, "after": is_digest, "until": is_moment}
KINDS = {
    "found": {"title": text(200), "people": array(ENROLMENT, 2, 16), "policy": is_digest, **OFFICE_KEYS, "rp": is_id,
              "origins": array(text(255), 1, 16, rising=True), "sign-in": is_id, "exercise": boolean},
    "enrol": {"person": ENROLMENT},
    "retire": {"person": is_id, "since?": is_moment},
    "adopt": {"policy": is_digest},
    "delegate": {"to": is_id, "role": is_id, "until": is_moment, "kinds": id_set(0, 64)},
    "rekey": {**OFFICE_KEYS, "gap?": record({"from": integer(1), "root": is_digest, "size": integer(1)})},
    "free": {"text": is_digest, "title": text(200)},
    "pass": {"message": is_digest, "reason": text(2000), "until": is_moment},
    "draft": {"letter": is_letter, "version": integer(1, 100_000), "reference": is_reference, "kind": is_id, "copy": is_digest, "source?": is_digest,
              "enclosures": array(record({"digest": is_digest, "name": text(255), "type": text(127)}), 0, 100), "subject": is_digest,
              "language": is_id, "addressees": array(is_digest, 0, 200), "audience": one_of("addressees", "public"), "not-before?": is_moment,
              "findings": id_set(0, 200), "packs": array(is_digest, 0, 32),
              "mark?": record({"page": integer(1, 1_000_000), "place": one_of(*PLACES)})},
    "review": {"letter": is_letter, "draft": is_digest, "after": is_digest, "says": one_of("concur", "concur-with-change", "return", "object"),
               "comment?": is_digest},
    "release": {**DECISION, "draft": is_digest, "status": integer(0, 1_048_575)},
    "hold": {"letter": is_letter, "reason?": is_digest},
    "lift": {**DECISION, "hold": is_digest},
    "withdraw": {**DECISION, "release": is_digest, "reason?": text(2000), "public": boolean},
    "correct": {**DECISION, "release": is_digest, "replacement": is_digest, "reference": is_reference},
}
ROSTER_KINDS, LETTER_KINDS, DECISIONS = tuple(KINDS)[:6], tuple(KINDS)[8:], ("release", "lift", "withdraw", "correct")
HEADER = {"act": one_of(*KINDS), "office": is_id, "at": is_moment, "nonce": matches("[0-9a-f]{32}"), "by": is_id}
SHAPES = {kind: record({**HEADER, **members, **({} if kind == "found" else {"roster": is_digest})}) for kind, members in KINDS.items()}

def origin_fits(origin, rp):
    match = re.fullmatch(r"(https?)://([a-z0-9.-]{1,64})(?::([1-9][0-9]{0,4}))?", origin)
    scheme, host, port = match.groups() if match else ("", "", None)
    own = host == rp == "localhost" if scheme == "http" else host != "localhost" and (host == rp or host.endswith("." + rp))
    return bool(match) and own and (port is None or int(port) <= 65535 and port != {"https": "443", "http": "80"}[scheme])

class Act:
    """One act: its bytes, its name (H of them, in hexadecimal) and its members."""
    def __init__(self, data):
        m = self.members = read_canonical_json(data, "an act")
        need(isinstance(m, dict) and HEADER["act"](m.get("act")) and SHAPES[m["act"]](m), "an act: its members")
        self.name, self.kind, self.by, self.office, self.at = H(data).hex(), m["act"], m["by"], m["office"], seconds(m["at"])
        self.letter = m.get("letter")
        self.subject = self.letter or ("free" if self.kind in ("free", "pass") else "roster")
        self.until, self.since = (seconds(m[name]) if name in m else None for name in ("until", "since"))
        need(self.kind not in (*DECISIONS, "pass") or self.at <= self.until <= self.at + 7 * DAY, "an act: until")
        need(self.since is None or self.since <= self.at, "an act: since")
        need("gap" not in m or m["gap"]["from"] <= m["gap"]["size"], "an act: gap")
        need(self.kind != "found" or m["rp"] != m["sign-in"] and all(origin_fits(o, m["rp"]) for o in m["origins"]), "an act: its origins")
        self.concurs = m.get("says", "").startswith("concur")

    def __getitem__(self, name):
        return self.members[name]

    def get(self, name):
        return self.members.get(name)

read_act = remembered(Act)

# ---------------------------------------------------------------- signatures and approvals (S2)

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

def point_add(a, b):
    """Edwards points as (X, Y, Z, T), RFC 8032 §5.1.4."""
    m, n, c, d = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0]), 2 * a[3] * b[3] * D, 2 * a[2] * b[2]
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P

def point_times(k, a):
    out = (0, 1, 1, 0)
    for bit in f"{k:b}":
        out = point_add(out, out)
        out = point_add(out, a) if bit == "1" else out
    return out

@remembered
def point_from(data):
    """The point that 32 bytes encode, canonically; None otherwise (RFC 8032 §5.1.3)."""
    y, sign = int.from_bytes(data, "little") & 2**255 - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or x == 0 and sign:
        return None
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P

@remembered
def has_order_l(data):
    """Whether 32 bytes encode a point whose order is L: L times it is the neutral element, once is not."""
    point = point_from(data)
    if point is None or point[:2] == (0, 1):
        return False
    end = point_times(L, point)
    return end[0] == 0 and end[1] == end[2]

@remembered
def ed25519_holds(key, signature, message):
    """With A and R of order L, so that every verifier's equation says the same."""
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L or not (has_order_l(key) and has_order_l(signature[:32])):
        return False
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except InvalidSignature:
        return False

Key = namedtuple("Key", "algorithm value")

@remembered
def key_in(cose):
    """The key in a COSE_Key that has one of the three forms; None otherwise."""
    if len(cose) == 77 and cose.startswith(bytes.fromhex("a5010203262001215820")) and cose[42:45] == b"\x22\x58\x20":
        return Key("ES256", (cose[10:42], cose[45:]))
    if len(cose) == 42 and cose.startswith(bytes.fromhex("a4010103272006215820")):
        return Key("EdDSA", cose[10:])
    length = int.from_bytes(cose[9:11], "big")
    fits = len(cose) == length + 16 and cose.startswith(bytes.fromhex("a40103033901002059")) and cose.endswith(bytes.fromhex("2143010001"))
    return Key("RS256", int.from_bytes(cose[11:-5], "big")) if fits and length in (256, 384, 512) and cose[11] & 128 else None

@remembered
def passkey_signed(key, signature, message):
    if key.algorithm == "ES256":
        return minimal_signature(signature) is not None and p256_holds(*key.value, signature, message)
    if key.algorithm == "EdDSA":
        return ed25519_holds(key.value, signature, message)
    try:
        rsa.RSAPublicNumbers(65537, key.value).public_key().verify(signature, message, padding.PKCS1v15(), SHA256())
        return True
    except (InvalidSignature, ValueError):
        return False

def approval_holds(credential, found, signed, evidence):
    """Whether evidence is the credential's approval of 32 bytes; found has rp and origins."""
    cose = from_b64(credential["key"])
    key = key_in(cose)
    if credential["kind"] == "software":
        protected = bytes.fromhex("a20126045820") + H(cose)
        head = bytes.fromhex("d2845826") + protected + bytes.fromhex("a0f65840")
        numbers = (int.from_bytes(evidence[i:i + 32], "big") for i in (46, 78))
        return (key is not None and key.algorithm == "ES256" and len(evidence) == 110 and evidence.startswith(head)
                and p256_holds(*key.value, encode_dss_signature(*numbers), sig_structure(protected, signed)))
    try:
        parts = read_cbor(evidence, "an approval")
    except Fault:
        return False
    if not is_list(parts, bytes, bytes, bytes) or len(parts[0]) != 37 or len(parts[1]) > 4096 or len(parts[2]) > 512:
        return False
    authenticator, client, signature = parts
    begins = [f'{{"type":"webauthn.get","challenge":"{b64(signed)}","origin":"{origin}","crossOrigin":false'.encode()
              for origin in found["origins"]]
    rest = next((client[len(begin):] for begin in begins if client.startswith(begin)), b"")
    more = rest.startswith(b",") and rest.endswith(b"}") and not re.search(rb'"(type|challenge|origin|crossOrigin|topOrigin)"', rest)
    flags = authenticator[32]
    return ((rest == b"}" or more) and authenticator[:32] == H(found["rp"].encode()) and flags & 0xC5 == 0x05
            and bool(flags & 0x08) == credential["backup"] and flags & 0x18 != 0x10 and passkey_signed(key, signature, authenticator + H(client)))

# ---------------------------------------------------------------- policies (S3)

NEEDS, Need = array(record({"count": integer(1, 16), "role": id_set(1, 16)}), 1, 16), namedtuple("Need", "count roles")
RULE, KIND = record({"approve": NEEDS}), record({"approve": NEEDS, "stages?": array(id_set(1, 16), 2, 16)})
POLICY = record({"people": RULE, "change": RULE, "stop": RULE, "withdraw": RULE, "free": RULE, "kinds": mapping(is_id, KIND, 1, 64),
                 "escalate": array(record({"approve": NEEDS, "refuse": boolean, "when": id_set(1, 32)}), 0, 64),
                 "assurance": mapping(lambda role: True, one_of("passkey"), 0, 64), "disclose": one_of("names", "roles"),
                 "delegation-days": integer(0, 366), "wait-seconds": integer(0, 7_776_000), "retention-days?": integer(1, 36_525)})

class Policy:
    def __init__(self, data):
        m = read_canonical_json(data, "a policy")
        need(POLICY(m), "a policy: its members")
        for rule in (*m["escalate"], *(m[name] for name in ("people", "change", "withdraw", "free")), *m["kinds"].values()):
            total, stages = sum(n["count"] for n in rule["approve"]), rule.get("stages", [])
            need(total <= 16 and (total >= 2 or "when" in rule), "a policy under which one could act alone")
            need(len({role for stage in stages for role in stage}) == sum(map(len, stages)), "a policy: a role in two stages")
            need(not stages or all(any(set(n["role"]) <= set(stage) for stage in stages) for n in rule["approve"]), "a policy: a need across stages")
        need([n["count"] for n in m["stop"]["approve"]] == [1], "a policy: stop")
        added = sum(n["count"] for rule in m["escalate"] for n in rule["approve"])
        most = max(sum(n["count"] for n in rule["approve"]) for rule in m["kinds"].values())
        need(most + added <= 64, "a policy: more signatures than an act can have")

        def needs(rule):
            return [Need(n["count"], frozenset(n["role"])) for n in rule["approve"]]
        self.rules = {name: needs(m[name]) for name in ("people", "change", "stop", "withdraw", "free")}
        self.kinds = {kind: (needs(rule), [frozenset(stage) for stage in rule.get("stages", [])]) for kind, rule in m["kinds"].items()}
        self.escalations = [(rule["when"], needs(rule)) for rule in m["escalate"]]
        self.passkey_roles, self.wait, self.days = frozenset(m["assurance"]), m["wait-seconds"], m["delegation-days"]
        weighing = itertools.chain(self.rules["change"], self.rules["withdraw"], *(needs_ for _, needs_ in self.escalations))
        self.weighty = frozenset(role for n in weighing for role in n.roles)

    def release_needs(self, draft):
        raised = [needs for words, needs in self.escalations
                  if any(finding == word or finding.startswith(word + ".") for finding in draft["findings"] for word in (*words, "unread"))]
        return [*self.kinds[draft["kind"]][0], *itertools.chain(*raised)]

@remembered
def read_policy(data):
    try:
        return Policy(data)
    except Fault:
        return None
