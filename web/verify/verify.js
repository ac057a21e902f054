/**
 * Checks a sealed letter, alone and offline: the same verdict as Countersign.Proof gives, from the same bytes. It follows docs/STANDARDS.md (its
 * sections are named S1 to S8 here), docs/standards-ledger.md (L) and docs/standards-seal.md (by title). For browsers and for Node 20 and later:
 * WebCrypto and nothing else, no network, no storage. Whatever the bytes are, nothing here throws but for a trust file that is none.
 *
 *     const verdict = await verify({ file, trust, status, at });     // Uint8Array, Uint8Array, Uint8Array or null, Date
 *
 * @typedef {Uint8Array} Bytes
 * @typedef {{code: string, says: string, [detail: string]: unknown}} Reason      A reason: a stable word, an English sentence, and what it names.
 * @typedef {{person: string|null, roles: string[], assurance: "software"|"passkey", at: string}} Approver
 * @typedef {object} Verdict
 * @property {string} verdict        The stable word, as in the last table of STANDARDS.md.
 * @property {string} for            The moment asked for.
 * @property {string|null} asOf      When the status file that was used was made; null where none was.
 * @property {string|null} office    The office's name and domain.
 * @property {string|null} reference
 * @property {string|null} kind
 * @property {string|null} releasedAt
 * @property {boolean} selfMade
 * @property {Approver[]} approvals
 * @property {string[]} reasons      English sentences, the most important first.
 * @property {Reason[]} because      The same, for whoever says them in another language.
 * @property {string|null} unused    Why the status file or signed hold that was given says nothing.
 */

// ---------------------------------------------------------------- bytes, hashes and faults

/** A rule is broken. It never leaves this file, but as a reason or as a {@link TrustFault}. */
class Fault extends Error {
  /** @param {string} why @param {Reason|null} reason */
  constructor(why, reason = null) {
    super(why);
    this.reason = reason;
  }
}

/** The trust file cannot be used; the message says why. */
export class TrustFault extends Error {}

/** @param {unknown} condition @param {string} why */
function need(condition, why) {
  if (!condition) throw new Fault(why);
}

const { subtle } = globalThis.crypto;
const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DAY = 86_400;
const NEVER = Infinity;
const LAST_SECOND = 253_402_300_799;
const MOST_INTEGER = Number.MAX_SAFE_INTEGER;

/** @param {Bytes} bytes @param {string} why */
function textOf(bytes, why) {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new Fault(why);
  }
}

/** @param {...Bytes} parts */
function join(...parts) {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** SHA-256 of the parts, one behind the other. @param {...Bytes} parts */
async function H(...parts) {
  return new Uint8Array(await subtle.digest("SHA-256", join(...parts)));
}

/** @param {...Bytes} parts */
async function hexH(...parts) {
  return hex(await H(...parts));
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** @param {Bytes} bytes */
function hex(bytes) {
  let out = "";
  for (const b of bytes) out += HEX[b];
  return out;
}

/** @param {string} digits */
function unhex(digits) {
  const out = new Uint8Array(digits.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Bytes of a string all of whose characters are below U+0100. @param {string} text */
function latin1(text) {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < out.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

/** @param {Bytes} bytes */
function fromLatin1(bytes) {
  let out = "";
  for (let at = 0; at < bytes.length; at += 8192) out += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return out;
}

/** @param {Bytes} a @param {Bytes} b */
function same(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** @param {Bytes} bytes @param {Bytes} start @param {number} at */
function startsWith(bytes, start, at = 0) {
  return bytes.length - at >= start.length && same(bytes.subarray(at, at + start.length), start);
}

/** Where a pattern first stands at or behind `from` and ends before `end`; -1 if nowhere. The engine's own search finds its first byte. */
function indexOf(/** @type {Bytes} */ bytes, /** @type {Bytes} */ pattern, from = 0, end = bytes.length) {
  for (let at = bytes.indexOf(pattern[0], from); at >= 0 && at + pattern.length <= end; at = bytes.indexOf(pattern[0], at + 1)) {
    if (startsWith(bytes, pattern, at)) return at;
  }
  return -1;
}

/** Where a pattern last stands that ends at or before `end`; -1 if nowhere. */
function lastIndexOf(/** @type {Bytes} */ bytes, /** @type {Bytes} */ pattern, end = bytes.length) {
  for (let at = end - pattern.length; at >= 0; at--) {
    at = bytes.lastIndexOf(pattern[0], at);
    if (at < 0 || startsWith(bytes, pattern, at)) return at;
  }
  return -1;
}

/** A function of one string whose answers are kept, at most 4,096 of them. @template T @param {(key: string) => T} make */
function remembered(make) {
  /** @type {Map<string, T>} */
  const known = new Map();
  return (/** @type {string} */ key) => {
    if (!known.has(key)) {
      if (known.size >= 4096) known.clear();
      known.set(key, make(key));
    }
    return /** @type {T} */ (known.get(key));
  };
}

/** @param {Bytes} bytes */
function bigEndian(bytes) {
  return bytes.length === 0 ? 0n : BigInt(`0x${hex(bytes)}`);
}

/** @param {Bytes} bytes */
function littleEndian(bytes) {
  return bigEndian(bytes.slice().reverse());
}

// ---------------------------------------------------------------- CBOR in its only form

/** A tagged value. */
class Tagged {
  /** @param {number} tag @param {unknown} value */
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

/**
 * Integers (BigInt beyond 2^53-1), byte and text strings, arrays, maps in the order given, tags and null in their shortest form.
 * @param {any} value
 * @returns {Bytes}
 */
function cbor(value) {
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === "number" || typeof value === "bigint") return value >= 0 ? cborHead(0, value) : cborHead(1, -1n - BigInt(value));
  if (typeof value === "string") {
    const bytes = utf8.encode(value);
    return join(cborHead(3, bytes.length), bytes);
  }
  if (value instanceof Uint8Array) return join(cborHead(2, value.length), value);
  if (value instanceof Tagged) return join(cborHead(6, value.tag), cbor(value.value));
  if (value instanceof Map) return join(cborHead(5, value.size), ...[...value].flatMap(([key, inner]) => [cbor(key), cbor(inner)]));
  return join(cborHead(4, value.length), ...value.map(cbor));
}

/** @param {number} major @param {number|bigint} number */
function cborHead(major, number) {
  let n = BigInt(number);
  if (n < 24n) return Uint8Array.of((major << 5) | Number(n));
  const size = n < 0x100n ? 1 : n < 0x10000n ? 2 : n < 0x100000000n ? 4 : 8;
  const out = new Uint8Array(1 + size);
  out[0] = (major << 5) | (24 + Math.log2(size));
  for (let i = size; i > 0; i--, n >>= 8n) out[i] = Number(n & 255n);
  return out;
}

/**
 * One item: shortest heads, definite lengths, no key twice, nothing behind it. Maps keep their order, which callers compare.
 * @param {Bytes} data @param {string} why
 * @returns {any}
 */
function readCbor(data, why) {
  let at = 0;
  const value = item(16);
  need(at === data.length, why);
  return value;

  /** @param {number} deeper @returns {any} */
  function item(deeper) {
    need(deeper > 0 && at < data.length, why);
    const major = data[at] >> 5;
    const short = data[at++] & 31;
    if (major === 7) {
      need(short === 22, why);
      return null;
    }
    need(short < 28, why);
    /** @type {number|bigint} */
    let number = short;
    if (short >= 24) {
      const size = 1 << (short - 24);
      need(at + size <= data.length, why);
      const long = bigEndian(data.subarray(at, at + size));
      at += size;
      need(long >= (size === 1 ? 24n : 1n << BigInt(4 * size)), why);
      number = plainInteger(long);
    }
    if (major === 0) return number;
    if (major === 1) return plainInteger(-1n - BigInt(number));
    if (major === 6) return new Tagged(Number(number), item(deeper - 1));
    need(number <= data.length - at, why);
    const length = Number(number);
    if (major === 2 || major === 3) {
      const bytes = data.subarray(at, at + length);
      at += length;
      return major === 2 ? bytes : textOf(bytes, why);
    }
    if (major === 4) {
      const items = [];
      for (let i = 0; i < length; i++) items.push(item(deeper - 1));
      return items;
    }
    const map = new Map();
    for (let i = 0; i < length; i++) {
      const key = item(deeper - 1);
      need((isInteger(key) || typeof key === "string") && !map.has(key), why);
      map.set(key, item(deeper - 1));
    }
    return map;
  }
}

/** A number where it is exact, so that equal integers are equal values. @param {bigint} value */
function plainInteger(value) {
  return value >= -BigInt(MOST_INTEGER) && value <= BigInt(MOST_INTEGER) ? Number(value) : value;
}

function isInteger(/** @type {unknown} */ value) {
  return typeof value === "number" || typeof value === "bigint";
}

function isMap(/** @type {unknown} */ value, /** @type {(number|string)[]} */ ...keys) {
  return value instanceof Map && value.size === keys.length && [...value.keys()].every((key, i) => key === keys[i]);
}

const isBytes = (/** @type {unknown} */ value) => value instanceof Uint8Array;
const isText = (/** @type {unknown} */ value) => typeof value === "string";
const isUnsigned = (/** @type {any} */ value) => isInteger(value) && value >= 0;

/** Whether a value is an array of exactly so many items that fit. @param {any} value @param {...((v: any) => boolean)} kinds */
function isList(value, ...kinds) {
  return Array.isArray(value) && value.length === kinds.length && kinds.every((fits, i) => fits(value[i]));
}

/** A tagged COSE_Sign1 (RFC 9052 §4.2), its protected header as bytes and as map. @param {Bytes} data @param {string} why */
function sign1(data, why) {
  const whole = readCbor(data, why);
  need(whole instanceof Tagged && whole.tag === 18 && Array.isArray(whole.value) && whole.value.length === 4, why);
  const [head, unprotected, payload, signature] = whole.value;
  need(isBytes(head) && isBytes(signature) && signature.length === 64, why);
  return { head, header: readCbor(head, why), unprotected, payload, signature };
}

/** What a COSE_Sign1 signs (RFC 9052 §4.4). @param {Bytes} head @param {Bytes} payload */
function sigStructure(head, payload) {
  return cbor(["Signature1", head, new Uint8Array(0), payload]);
}

// ---------------------------------------------------------------- text and JSON (S1)

// Control characters, what turns the direction of writing, half surrogate pairs, U+FFFE.
const UNFIT = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\p{Cs}]/u;

// The characters that normal form C of Unicode 15.0 bears on: how far each run begins behind the end of the last one, and how much longer than one it
// is, in base 36. What an engine knows of later characters is not asked: they are looked at as one that nothing combines with.
const BEARS = "0+ok a 7+5 2 2+j 4+9g 48+1i 21+65 10+1l 4h+8 a+1c 18+2 1p+5j 2l+2 9 4+2 a 5+1 2 v 1h 3 6 h c+2 3 2m h 33+2 9+1 3+2 9+1 5+1 1h+2 16 8+1 3+3 a 2t a+2 5 " +
  "8+1 2u+6 4+2 2+3 8+1 2t+3 8+1 3+3 a 37 5 a+6 2h+2 e+3 31+2 e+3 25+17 a+s 8+y a+s d 2n+2w 37+5e bf+2 qd+1 v 4e+b 5o 40+2 64+1 20+s 3 1d+u 1j+1r 13+8 " +
  "1j+21 1w 49+15 5j+9h 3+5 3+11 3+5 3+7 2 2 2 2+u 3+1g 2+e 2+d 3+5 2+i 3+2 2+8 2+1 5r+w 1i+5 2t+be 1iq er+2 3y 2p+v ff+5 n+26 5+2t n75+3m 7p+12 48 s+37 " +
  "2o+d 6o+h 1h 6v j+8mb 6l9+a5 3+2x 1w+p 2+4 2 2+1 2+1 2+8 k2+f r2 6b 46+4 1ar+2 15+2 5 4m+1 fy+3 as+1 29+2 1z+a 1e+3 5d 16 f+1n 1y+1g 1r 25+a 2z+1 4z+1 " +
  "29+3 9 4+2 a f+6 4+4 5q+4 o 2a+j 6k 9+8 3j 3b+1 38 7i+1 6u+5 3 5+6 4d 2c+j 2a bq 77+3 2a bu+1 ey6+4 1o+6 xm+1 f59 43k+2q 3m+2 2po+6 2+g 3+6 2+1 2+4 2t " +
  "4h+6 ag 1q+3 e5+3 rl+6 32+6 1hh2+f1";
const BEARS_ON = (() => {
  const runs = [];
  let at = 0;
  for (const run of BEARS.split(" ")) {
    const [from, more] = run.split("+").map((digits) => parseInt(digits, 36));
    runs.push([at + from, at + from + (more || 0)]);
    at += from + (more || 0);
  }
  const escaped = (/** @type {number} */ c) => `\\u{${c.toString(16)}}`;
  return new RegExp(`[^${runs.map(([first, last]) => `${escaped(first)}-${escaped(last)}`).join("")}]`, "gu");
})();
// Combining characters that Unicode 15.0 added to 14.0, each as one of its class that composes with nothing: older engines know these.
const NEWER = /[\u{ece}\u{10efd}-\u{10eff}\u{11f41}\u{11f42}\u{1e08f}\u{1e4ec}-\u{1e4ef}]/gu;
const NEWER_AS = { "\u{ece}": "\u0ec8", "\u{11f41}": "\u094d", "\u{11f42}": "\u094d", "\u{1e08f}": "\u0305", "\u{1e4ec}": "\u0315", "\u{1e4ed}": "\u0315", "\u{1e4ef}": "\u0305" };

/** Whether a text may stand in an act: Unicode, no character that hides, normal form C (UAX #15, Unicode 15.0). @param {string} text */
function isPlain(text) {
  if (UNFIT.test(text)) return false;
  if (!/[^\0-\u02ff]/.test(text)) return true;
  const known = text.replace(BEARS_ON, "\u4e00").replace(NEWER, (c) => /** @type {any} */ (NEWER_AS)[c] ?? "\u0316");
  return known.normalize("NFC") === known;
}

const ESCAPES = new Map([["b", "\b"], ["f", "\f"], ["n", "\n"], ["r", "\r"], ["t", "\t"]]);

/**
 * JSON of strings, integers from 0 to 2^53-1, booleans, arrays and objects, at most 12 deep; no member twice. Objects have no prototype.
 * @param {string} text @param {string} why
 */
function readJson(text, why) {
  let at = 0;
  skip();
  const value = read(12);
  need(at === text.length, why);
  return value;

  function skip() {
    while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  }

  function take(/** @type {string} */ word) {
    need(text.startsWith(word, at), why);
    at += word.length;
    skip();
  }

  /** @returns {any} */
  function read(/** @type {number} */ deeper) {
    const first = text[at];
    if (first === '"') return string();
    if (first === "{" || first === "[") {
      need(deeper > 0, why);
      return first === "{" ? object(deeper - 1) : array(deeper - 1);
    }
    if (first === "t" || first === "f") {
      take(first === "t" ? "true" : "false");
      return first === "t";
    }
    const start = at;
    while (/[-+.0-9eE]/.test(text[at] ?? "")) need(at++ - start < 17, why);
    const digits = text.slice(start, at);
    need(/^(?:0|[1-9][0-9]*|-0)$/.test(digits) && Number(digits) <= MOST_INTEGER, why);
    skip();
    return Math.abs(Number(digits));
  }

  function string() {
    let end = at + 1;
    for (;;) {
      end = text.indexOf('"', end);
      need(end > 0, why);
      let slashes = 0;
      while (text[end - 1 - slashes] === "\\") slashes++;
      if (slashes % 2 === 0) break;
      end++;
    }
    let inner = text.slice(at + 1, end);
    need(!/[\0-\x1f]/.test(inner), why);
    if (inner.includes("\\")) {
      inner = inner.replace(/\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))?/g, (_, code, one) => {
        need(code ?? one, why);
        return code ? String.fromCharCode(parseInt(code, 16)) : (ESCAPES.get(one) ?? one);
      });
    }
    need(isPlain(inner), why);
    at = end + 1;
    skip();
    return inner;
  }

  function array(/** @type {number} */ deeper) {
    const items = [];
    take("[");
    while (text[at] !== "]") {
      if (items.length > 0) take(",");
      items.push(read(deeper));
    }
    take("]");
    return items;
  }

  function object(/** @type {number} */ deeper) {
    const members = Object.create(null);
    take("{");
    for (let first = true; text[at] !== "}"; first = false) {
      if (!first) take(",");
      need(text[at] === '"', why);
      const name = string();
      take(":");
      need(!(name in members), why);
      members[name] = read(deeper);
    }
    take("}");
    return members;
  }
}

/** RFC 8785; member names sort by their UTF-16 code units, as JavaScript's own order of strings does. @param {any} value @returns {string} */
function canonicalJson(value) {
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object") return String(value);
  return `{${Object.keys(value).sort().map((name) => `${canonicalJson(name)}:${canonicalJson(value[name])}`).join(",")}}`;
}

/** @param {Bytes} data @param {string} why */
function readCanonicalJson(data, why) {
  need(data.length <= 65_536, why);
  const text = textOf(data, why);
  const value = readJson(text, why);
  need(canonicalJson(value) === text, why);
  return value;
}

const SIXTY_FOUR = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** base64url without padding. @param {Bytes} bytes */
function base64url(bytes) {
  return btoa(fromLatin1(bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The bytes of base64url without padding in its only form (no spare bits); null otherwise. @param {any} text */
function fromBase64url(text) {
  if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null;
  const spare = [0, 0, 15, 3][text.length % 4];
  if (spare && SIXTY_FOUR.indexOf(text[text.length - 1]) & spare) return null;
  return latin1(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
}

/** The bytes of standard padded base64 in its only form; null otherwise. @param {string} text */
function fromBase64(text) {
  if (text.length === 0 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return fromBase64url(text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_"));
}

/** Seconds since 1970 of a moment in its only form; null otherwise. @param {any} text */
export function secondsOf(text) {
  if (typeof text !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-5][0-9]:[0-5][0-9]Z$/.test(text) || text < "0001") return null;
  const time = Date.parse(text) / 1000;
  return Number.isNaN(time) || momentOf(time) !== text ? null : time;
}

/** A moment as acts write it. @param {number} seconds */
export function momentOf(seconds) {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}

/** @param {any} text @returns {number} */
function seconds(text) {
  return /** @type {number} */ (secondsOf(text));
}

// ---------------------------------------------------------------- the shapes of acts (S1); each takes a value and says whether it fits

/** @typedef {(value: any) => boolean} Shape */

const matches = (/** @type {RegExp} */ pattern) => /** @type {Shape} */ ((v) => typeof v === "string" && pattern.test(v));
const integer = (/** @type {number} */ low, high = MOST_INTEGER) => /** @type {Shape} */ ((v) => typeof v === "number" && low <= v && v <= high);
const text = (/** @type {number} */ most) => /** @type {Shape} */ ((v) => typeof v === "string" && v.length <= most);
const oneOf = (/** @type {string[]} */ ...words) => /** @type {Shape} */ ((v) => words.includes(v));
const boolean = /** @type {Shape} */ ((v) => typeof v === "boolean");
const isObject = (/** @type {any} */ v) => typeof v === "object" && v !== null && !Array.isArray(v);

/** @param {Shape} item @param {number} low @param {number} high @param {boolean} rising @returns {Shape} */
function array(item, low, high, rising = false) {
  return (v) => Array.isArray(v) && low <= v.length && v.length <= high && v.every(item) && (!rising || v.every((one, i) => i === 0 || v[i - 1] < one));
}

/** A closed set of members; those whose name ends in ? may be absent. @param {Record<string, Shape>} members @returns {Shape} */
function record(members) {
  const checks = new Map(Object.entries(members).map(([name, check]) => [name.replace("?", ""), check]));
  const needed = Object.keys(members).filter((name) => !name.endsWith("?"));
  return (v) => isObject(v) && needed.every((name) => name in v) && Object.keys(v).every((name) => checks.get(name)?.(v[name]));
}

/** @param {Shape} key @param {Shape} value @param {number} low @param {number} high @returns {Shape} */
function mapping(key, value, low, high) {
  return (v) => isObject(v) && low <= Object.keys(v).length && Object.keys(v).length <= high && Object.keys(v).every((name) => key(name) && value(v[name]));
}

/** @param {number} low @param {number} high @returns {Shape} */
function base64urlOf(low, high) {
  return (v) => {
    if (typeof v !== "string" || v.length > Math.ceil(high / 3) * 4) return false;
    const bytes = fromBase64url(v);
    return bytes !== null && low <= bytes.length && bytes.length <= high;
  };
}

const isId = matches(/^[a-z0-9.-]{1,64}$/);
const isDigest = matches(/^[0-9a-f]{64}$/);
const isReference = matches(/^[A-Z0-9]{2,8}-[0-9]{4}-[0-9]{4,9}$/);
const isKeyName = matches(/^[^\x00-\x20+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/);
const isMoment = /** @type {Shape} */ ((v) => secondsOf(v) !== null);
const isLetterId = /** @type {Shape} */ ((v) => isId(v) && v !== "roster" && v !== "free");
const idSet = (/** @type {number} */ low, /** @type {number} */ high) => array(isId, low, high, true);

const OFFICE_KEYS = {
  origin: /** @type {Shape} */ ((v) => isKeyName(v) && v.length <= 200), ledger: base64urlOf(32, 32), statement: base64urlOf(32, 32), certificate: isDigest,
};
const SOFTWARE = record({ key: base64urlOf(0, 1024), kind: oneOf("software"), made: oneOf("office", "person"), proof: base64urlOf(0, 8192) });
const PASSKEY = record({
  backup: boolean, id: base64urlOf(1, 1023), key: (v) => base64urlOf(0, 1024)(v) && keyIn(fromBase64url(v)) !== null, kind: oneOf("passkey"),
  proof: base64urlOf(0, 8192),
});
const ENROLMENT = record({ credential: (v) => SOFTWARE(v) || PASSKEY(v), name: isDigest, person: isId, roles: idSet(1, 16) });
const PLACES = /** @type {Record<string, [number, number]>} */ ({
  "top-right": [2, 2], "top-left": [0, 2], "bottom-right": [2, 0], "bottom-left": [0, 0],
  "top-centre": [1, 2], "bottom-centre": [1, 0], "right-middle": [2, 1], "left-middle": [0, 1],
});
const DECISION = { letter: isLetterId, after: isDigest, until: isMoment };
const ROSTER_MEMBERS = {
  found: {
    title: text(200), people: array(ENROLMENT, 2, 16), policy: isDigest, ...OFFICE_KEYS, rp: isId, origins: array(text(255), 1, 16, true),
    "sign-in": isId, exercise: boolean,
  },
  enrol: { person: ENROLMENT },
  retire: { person: isId, "since?": isMoment },
  adopt: { policy: isDigest },
  delegate: { to: isId, role: isId, until: isMoment, kinds: idSet(0, 64) },
  rekey: { ...OFFICE_KEYS, "gap?": record({ from: integer(1), root: isDigest, size: integer(1) }) },
};
const LETTER_MEMBERS = {
  draft: {
    letter: isLetterId, version: integer(1, 100_000), reference: isReference, kind: isId, copy: isDigest, "source?": isDigest,
    enclosures: array(record({ digest: isDigest, name: text(255), type: text(127) }), 0, 100), subject: isDigest, language: isId,
    addressees: array(isDigest, 0, 200), audience: oneOf("addressees", "public"), "not-before?": isMoment, findings: idSet(0, 200),
    packs: array(isDigest, 0, 32), "mark?": record({ page: integer(1, 1_000_000), place: oneOf(...Object.keys(PLACES)) }),
  },
  review: {
    letter: isLetterId, draft: isDigest, after: isDigest, says: oneOf("concur", "concur-with-change", "return", "object"), "comment?": isDigest,
  },
  release: { ...DECISION, draft: isDigest, status: integer(0, 1_048_575) },
  hold: { letter: isLetterId, "reason?": isDigest },
  lift: { ...DECISION, hold: isDigest },
  withdraw: { ...DECISION, release: isDigest, "reason?": text(2000), public: boolean },
  correct: { ...DECISION, release: isDigest, replacement: isDigest, reference: isReference },
};
const KINDS = { ...ROSTER_MEMBERS, free: { text: isDigest, title: text(200) }, pass: { message: isDigest, reason: text(2000), until: isMoment }, ...LETTER_MEMBERS };
const DECISIONS = ["release", "lift", "withdraw", "correct"];
const HEADER = { act: isText, office: isId, at: isMoment, nonce: matches(/^[0-9a-f]{32}$/), by: isId };
const SHAPES = new Map(Object.entries(KINDS).map(([kind, members]) =>
  [kind, record({ ...HEADER, ...members, ...(kind === "found" ? {} : { roster: isDigest }) })]));

/** @param {string} origin @param {string} rp */
function originFits(origin, rp) {
  const match = /^(https?):\/\/([a-z0-9.-]{1,64})(?::([1-9][0-9]{0,4}))?$/.exec(origin);
  if (!match) return false;
  const [, scheme, host, port] = match;
  const own = scheme === "http" ? host === "localhost" && rp === "localhost" : host !== "localhost" && (host === rp || host.endsWith(`.${rp}`));
  return own && (port === undefined || (Number(port) <= 65_535 && port !== (scheme === "http" ? "80" : "443")));
}

/**
 * One act: its members, and its name, which is H of its bytes in hexadecimal.
 * @typedef {object} Act
 * @property {any} says       The members.
 * @property {string} name
 * @property {string} kind
 * @property {string} by
 * @property {string} office
 * @property {number} at
 * @property {string} subject
 * @property {boolean} ofLetter
 * @property {boolean} concurs
 */

/** @param {Bytes} data @returns {Promise<Act>} */
async function readAct(data) {
  const why = "an act in it is none";
  const says = readCanonicalJson(data, why);
  need(isObject(says) && SHAPES.get(says.act)?.(says), why);
  const kind = says.act;
  const at = seconds(says.at);
  if (DECISIONS.includes(kind) || kind === "pass") need(at <= seconds(says.until) && seconds(says.until) <= at + 7 * DAY, "\"until\" of an act is not within the 7 days after \"at\"");
  if ("since" in says) need(seconds(says.since) <= at, "\"since\" of an act lies after it");
  if ("gap" in says) need(says.gap.from <= says.gap.size, "\"gap\" of an act begins behind the end of its ledger");
  if (kind === "found") {
    need(says.rp !== says["sign-in"] && says.origins.every((/** @type {string} */ origin) => originFits(origin, says.rp)), "where people of the office approve cannot be");
  }
  const ofLetter = kind in LETTER_MEMBERS;
  return {
    says, name: await hexH(data), kind, by: says.by, office: says.office, at, ofLetter,
    subject: ofLetter ? says.letter : kind === "free" || kind === "pass" ? "free" : "roster", concurs: kind === "review" && says.says.startsWith("concur"),
  };
}

// ---------------------------------------------------------------- signatures (S2)

const P25519 = 2n ** 255n - 19n;
const L25519 = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (/** @type {bigint} */ a, m = P25519) => ((a % m) + m) % m;

/** @param {bigint} base @param {bigint} exponent */
function power(base, exponent, m = P25519) {
  let out = 1n;
  for (base = mod(base, m); exponent > 0n; exponent >>= 1n, base = (base * base) % m) if (exponent & 1n) out = (out * base) % m;
  return out;
}

const D25519 = mod(-121665n * power(121666n, P25519 - 2n));
const ROOT_OF_MINUS_1 = power(2n, (P25519 - 1n) / 4n);

/** Edwards points as [X, Y, Z, T] (RFC 8032 §5.1.4). @param {bigint[]} a @param {bigint[]} b */
function pointAdd(a, b) {
  const m = mod((a[1] - a[0]) * (b[1] - b[0]));
  const n = mod((a[1] + a[0]) * (b[1] + b[0]));
  const c = mod(2n * a[3] * mod(b[3] * D25519));
  const d = mod(2n * a[2] * b[2]);
  const [e, f, g, h] = [n - m, d - c, d + c, n + m];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

/** @param {bigint} k @param {bigint[]} point */
function pointTimes(k, point) {
  let out = [0n, 1n, 1n, 0n];
  for (const bit of k.toString(2)) {
    out = pointAdd(out, out);
    if (bit === "1") out = pointAdd(out, point);
  }
  return out;
}

/** The point that 32 bytes encode, canonically; null otherwise (RFC 8032 §5.1.3). @param {Bytes} bytes */
function pointFrom(bytes) {
  const sign = BigInt(bytes[31] >> 7);
  const y = littleEndian(bytes) & (2n ** 255n - 1n);
  if (y >= P25519) return null;
  const square = mod((y * y - 1n) * power(D25519 * y * y + 1n, P25519 - 2n));
  let x = power(square, (P25519 + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * ROOT_OF_MINUS_1);
  if (mod(x * x) !== square || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = P25519 - x;
  return [x, y, 1n, mod(x * y)];
}

/** Whether 32 bytes encode a point whose order is L, canonically: L times it is the neutral element, once is not. By the key in hexadecimal. */
const hasOrderL = remembered((digits) => {
  const point = pointFrom(unhex(digits));
  if (!point || (point[0] === 0n && point[1] === 1n)) return false;
  const end = pointTimes(L25519, point);
  return end[0] === 0n && end[1] === end[2];
});

const BASE = /** @type {bigint[]} */ (pointFrom(unhex("5866666666666666666666666666666666666666666666666666666666666666")));

/** RFC 8032 §5.1.7 without the factor of eight, for engines that do not do it. @param {Bytes} key @param {Bytes} signature @param {Bytes} message */
async function ed25519Slowly(key, signature, message) {
  const h = littleEndian(new Uint8Array(await subtle.digest("SHA-512", join(signature.subarray(0, 32), key, message)))) % L25519;
  const [x, y, z, t] = /** @type {bigint[]} */ (pointFrom(key));
  const end = pointAdd(pointTimes(littleEndian(signature.subarray(32)), BASE), pointTimes(h, [P25519 - x, y, z, P25519 - t]));
  const r = pointFrom(signature.subarray(0, 32));
  return r !== null && mod(end[0] - r[0] * end[2]) === 0n && mod(end[1] - r[1] * end[2]) === 0n;
}

const importEd25519 = remembered((digits) => subtle.importKey("raw", unhex(digits), { name: "Ed25519" }, false, ["verify"]));

/**
 * Whether the engine checks Ed25519 as we need it: it takes a signature of RFC 8032, and not one whose R is that of another point plus one of order
 * eight, which holds with the factor of eight alone.
 */
const engineChecksEd25519 = remembered(async () => {
  const key = "6f5b828d48e4f9b4d2d964bac591d8c2fbfdf558cccf282bdf7c0195b7234fc8";
  const good = "6f6474fa7df388c8594dc239e4a5cd44a17f92d35effee03bf3897d6dbdc49f71b330bf965f89691a52debe6c1f38be82344c0556c675dfba8daabb14fb62201";
  const torsion = "2be0e165c06908a8d462c28c53c64088ea86c63d63ac2cead56d7c5f6bf838f310811fdbf98d09e1dd8a58a22aa13f33b73835466da917e47991c50de54b6d0d";
  try {
    const [takes, refuses] = await Promise.all([good, torsion].map(async (signature) =>
      subtle.verify({ name: "Ed25519" }, await importEd25519(key), unhex(signature), utf8.encode("countersign"))));
    return takes && !refuses;
  } catch {
    return false;
  }
});

/**
 * Whether a signature holds, with A and R of order L, so that every verifier's equation says the same. Where A is of order L and the equation holds
 * without the factor of eight, R = [S]B - [h]A is of order L or the neutral element, and only the latter and another spelling have to be refused here.
 * @param {Bytes} key @param {Bytes} signature @param {Bytes} message
 */
async function ed25519Holds(key, signature, message) {
  if (key.length !== 32 || signature.length !== 64 || littleEndian(signature.subarray(32)) >= L25519) return false;
  const y = littleEndian(signature.subarray(0, 32)) & (2n ** 255n - 1n);
  if (y >= P25519 || y === 1n || !hasOrderL(hex(key))) return false;
  if (!(await engineChecksEd25519(""))) return ed25519Slowly(key, signature, message);
  return subtle.verify({ name: "Ed25519" }, await importEd25519(hex(key)), signature, message);
}

const P256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The key of a P-256 point, x ‖ y in hexadecimal; null where it is none. */
const importP256 = remembered(async (digits) => {
  const [x, y] = [BigInt(`0x${digits.slice(0, 64)}`), BigInt(`0x${digits.slice(64)}`)];
  if (x >= P256 || y >= P256 || mod(y * y - x * x * x + 3n * x - P256_B, P256) !== 0n) return null;
  return subtle.importKey("raw", unhex(`04${digits}`), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
});

/** Whether r ‖ s is the signature of the key with this point, x ‖ y. @param {Bytes} point @param {Bytes} pair @param {Bytes} message */
async function p256Holds(point, pair, message) {
  const key = await importP256(hex(point));
  return key !== null && subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, pair, message);
}

/** r ‖ s of a DER signature in its only form, both positive and of at most 32 bytes; null otherwise. @param {Bytes} der */
function pairOf(der) {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const pair = new Uint8Array(64);
  let at = 2;
  for (let half = 0; half < 2; half++) {
    const length = der[at + 1];
    const number = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 2 || length < 1 || length > 33 || number.length !== length || number[0] > 127) return null;
    if (number[0] === 0 && (length === 1 || number[1] < 128)) return null;
    const digits = number[0] === 0 ? number.subarray(1) : number;
    if (digits.length > 32) return null;
    pair.set(digits, 32 * half + 32 - digits.length);
    at += 2 + length;
  }
  return at === der.length ? pair : null;
}

const ES256_HEAD = unhex("a5010203262001215820");
const ES256_MIDDLE = unhex("225820");
const EDDSA_HEAD = unhex("a4010103272006215820");
const RS256_HEAD = unhex("a40103033901002059");
const RS256_TAIL = unhex("2143010001");

/**
 * The key in a COSE_Key that has one of the three forms; null otherwise.
 * @param {Bytes|null} cose
 * @returns {{algorithm: "ES256"|"EdDSA"|"RS256", value: Bytes}|null}
 */
function keyIn(cose) {
  if (!cose) return null;
  if (cose.length === 77 && startsWith(cose, ES256_HEAD) && startsWith(cose, ES256_MIDDLE, 42)) {
    return { algorithm: "ES256", value: join(cose.subarray(10, 42), cose.subarray(45)) };
  }
  if (cose.length === 42 && startsWith(cose, EDDSA_HEAD)) return { algorithm: "EdDSA", value: cose.subarray(10) };
  const length = (cose[9] << 8) | cose[10];
  return cose.length === length + 16 && [256, 384, 512].includes(length) && startsWith(cose, RS256_HEAD) && startsWith(cose, RS256_TAIL, cose.length - 5) && cose[11] & 128
    ? { algorithm: "RS256", value: cose.subarray(11, -5) } : null;
}

/** @param {NonNullable<ReturnType<typeof keyIn>>} key @param {Bytes} signature @param {Bytes} message */
async function passkeySigned(key, signature, message) {
  if (key.algorithm === "EdDSA") return ed25519Holds(key.value, signature, message);
  if (key.algorithm === "ES256") {
    const pair = pairOf(signature);
    return pair !== null && p256Holds(key.value, pair, message);
  }
  try {
    const jwk = { kty: "RSA", n: base64url(key.value), e: "AQAB", alg: "RS256", ext: true };
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    return signature.length === key.value.length && await subtle.verify(algorithm, await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]), signature, message);
  } catch {
    return false; // a modulus that is none
  }
}

const SOFTWARE_HEAD = unhex("d2845826");
const SOFTWARE_PROTECTED = unhex("a20126045820");
const SOFTWARE_MIDDLE = unhex("a0f65840");

/**
 * Whether evidence is the credential's approval of 32 bytes; found has rp and origins.
 * @param {any} credential @param {any} found @param {Bytes} signed @param {Bytes} evidence
 */
async function approvalHolds(credential, found, signed, evidence) {
  const cose = /** @type {Bytes} */ (fromBase64url(credential.key));
  const key = keyIn(cose);
  if (credential.kind === "software") {
    const head = join(SOFTWARE_PROTECTED, await idOf(credential.key));
    return key !== null && key.algorithm === "ES256" && evidence.length === 110 && startsWith(evidence, join(SOFTWARE_HEAD, head, SOFTWARE_MIDDLE))
      && p256Holds(key.value, evidence.subarray(46), sigStructure(head, signed));
  }
  let parts;
  try {
    parts = readCbor(evidence, "an approval");
  } catch {
    return false;
  }
  if (key === null || !isList(parts, isBytes, isBytes, isBytes)) return false;
  const [authenticator, client, signature] = parts;
  if (authenticator.length !== 37 || client.length > 4096 || signature.length > 512) return false;
  const said = fromLatin1(client);
  const begins = found.origins.map((/** @type {string} */ origin) =>
    `{"type":"webauthn.get","challenge":"${base64url(signed)}","origin":"${origin}","crossOrigin":false`);
  const begin = begins.find((/** @type {string} */ start) => said.startsWith(start));
  if (begin === undefined) return false;
  const rest = said.slice(begin.length);
  if (rest !== "}" && !(/^,[^]*\}$/.test(rest) && !/"(?:type|challenge|origin|crossOrigin|topOrigin)"/.test(rest))) return false;
  const flags = authenticator[32];
  return same(authenticator.subarray(0, 32), await H(utf8.encode(found.rp))) && (flags & 0xc5) === 0x05 && Boolean(flags & 0x08) === credential.backup
    && (flags & 0x18) !== 0x10 && passkeySigned(key, signature, join(authenticator, await H(client)));
}

// ---------------------------------------------------------------- policies (S3)

/** @typedef {{count: number, role: string[]}} Need */

const NEEDS = array(record({ count: integer(1, 16), role: idSet(1, 16) }), 1, 16);
const RULE = record({ approve: NEEDS });
const POLICY = record({
  people: RULE, change: RULE, stop: RULE, withdraw: RULE, free: RULE,
  kinds: mapping(isId, record({ approve: NEEDS, "stages?": array(idSet(1, 16), 2, 16) }), 1, 64),
  escalate: array(record({ approve: NEEDS, refuse: boolean, when: idSet(1, 32) }), 0, 64),
  assurance: mapping(() => true, oneOf("passkey"), 0, 64), disclose: oneOf("names", "roles"),
  "delegation-days": integer(0, 366), "wait-seconds": integer(0, 7_776_000), "retention-days?": integer(1, 36_525),
});
const total = (/** @type {Need[]} */ needs) => needs.reduce((sum, one) => sum + one.count, 0);

class Policy {
  /** @param {Bytes} data */
  constructor(data) {
    const why = "a policy is none";
    const m = this.says = readCanonicalJson(data, why);
    need(POLICY(m), why);
    const kinds = /** @type {any[]} */ (Object.values(m.kinds));
    for (const rule of [m.people, m.change, m.withdraw, m.free, ...kinds]) need(total(rule.approve) >= 2, why);
    for (const rule of [m.people, m.change, m.withdraw, m.free, ...kinds, ...m.escalate]) need(total(rule.approve) <= 16, why);
    need(m.stop.approve.length === 1 && m.stop.approve[0].count === 1, why);
    for (const { approve, stages } of kinds.filter((rule) => rule.stages)) {
      need(new Set(stages.flat()).size === stages.flat().length, why);
      need(approve.every((/** @type {Need} */ one) => stages.some((/** @type {string[]} */ stage) => one.role.every((role) => stage.includes(role)))), why);
    }
    const escalated = m.escalate.flatMap((/** @type {any} */ rule) => rule.approve);
    need(Math.max(...kinds.map((rule) => total(rule.approve))) + total(escalated) <= 64, why);
    this.wait = m["wait-seconds"];
    this.days = m["delegation-days"];
    this.weighty = new Set([...m.change.approve, ...m.withdraw.approve, ...escalated].flatMap((one) => one.role));
  }

  /** Whether a key of this kind may sign for a role. @param {string} kind @param {string} role */
  takes(kind, role) {
    return kind === "passkey" || !(role in this.says.assurance);
  }

  /** Who must sign a letter of this kind with these findings; null when the policy has no rule for it. @param {any} draft @returns {Need[]|null} */
  releaseNeeds(draft) {
    if (!(draft.kind in this.says.kinds)) return null;
    const applies = (/** @type {any} */ rule) => draft.findings.some((/** @type {string} */ finding) =>
      ["unread", ...rule.when].some((word) => finding === word || finding.startsWith(`${word}.`)));
    return [...this.says.kinds[draft.kind].approve, ...this.says.escalate.filter(applies).flatMap((/** @type {any} */ rule) => rule.approve)];
  }

  /** @param {string} kind @returns {string[][]} */
  stages(kind) {
    return this.says.kinds[kind]?.stages ?? [];
  }
}

/** @param {Bytes|undefined} data */
function readPolicy(data) {
  try {
    return data === undefined ? null : new Policy(data);
  } catch (fault) {
    if (fault instanceof Fault) return null;
    throw fault;
  }
}

// ---------------------------------------------------------------- the ledger (L)

/** The root to which a path leads (RFC 9162 §2.1.3.2). @param {number|bigint} at @param {number|bigint} of @param {Bytes} leaf @param {Bytes[]} path */
async function pathRoot(at, of, leaf, path) {
  const [index, size] = [BigInt(at), BigInt(of)];
  need(index < size && size < 2n ** 63n, "the path");
  // Up to the level where the ways of this leaf and of the last one meet, every level has a sibling; above it, only left turns have one.
  const inner = index === size - 1n ? 0 : (index ^ (size - 1n)).toString(2).length;
  const border = (index >> BigInt(inner)).toString(2).replaceAll("0", "").length;
  need(path.length === inner + border, "the path");
  let root = leaf;
  for (const [level, node] of path.entries()) {
    const right = level >= inner || (index >> BigInt(level)) & 1n;
    root = right ? await H(Uint8Array.of(1), node, root) : await H(Uint8Array.of(1), root, node);
  }
  return root;
}

/** The text of a note that this key signed under this name, with type 01; null for anything else. @param {string} note @param {string} name @param {Bytes} key */
async function openNote(note, name, key) {
  if (utf8.encode(note).length > 65_536 || !note.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(note)) return null;
  const gap = note.lastIndexOf("\n\n");
  if (gap < 0 || gap + 2 === note.length) return null;
  const signed = note.slice(0, gap + 1);
  const lines = note.slice(gap + 2, -1).split("\n");
  if (lines.length > 100) return null;
  const known = (await H(utf8.encode(name), Uint8Array.of(10, 1), key)).subarray(0, 4);
  const signatures = [];
  for (const line of lines) {
    const parts = line.split(" ");
    if (parts.length !== 3 || parts[0] !== "\u2014" || !isKeyName(parts[1])) return null;
    const value = fromBase64(parts[2]);
    if (value === null || value.length < 5) return null;
    if (parts[1] === name && startsWith(value, known)) signatures.push(value.subarray(4));
  }
  for (const signature of signatures) if (!(await ed25519Holds(key, signature, utf8.encode(signed)))) return null;
  return signatures.length > 0 ? signed : null;
}

/** Size and root of a checkpoint that opens with this origin and key; null for anything else. @param {string} note @param {Range} keys */
async function openCheckpoint(note, keys) {
  const signed = await openNote(note, keys.origin, keyOf(keys.ledger));
  const lines = signed?.slice(0, -1).split("\n") ?? [];
  if (lines.length < 3 || !lines.every(Boolean) || lines[0] !== keys.origin || !/^(?:0|[1-9][0-9]{0,18})$/.test(lines[1])) return null;
  const size = BigInt(lines[1]);
  const root = fromBase64(lines[2]);
  if (size >= 2n ** 63n || root === null || root.length !== 32 || (size === 0n && hex(root) !== await hexH())) return null;
  return { origin: keys.origin, size: plainInteger(size), root: hex(root) };
}

// ---------------------------------------------------------------- statements and ranges of keys (S4)

/**
 * @typedef {{data: Bytes, office: string, subject: string, time: number, approvals: Bytes, act: string, kid: Bytes, signed: Bytes, signature: Bytes}} Statement
 * @typedef {{person: string, act: string, evidence: Bytes}} Approval
 * @typedef {{act: Act, approvals: Approval[], statement: Statement, index: number|bigint}} Entry
 * @typedef {{start: number|bigint, origin: string, ledger: string, statement: string, certificate: string, lost: number|null}} Range
 */

/** @param {Bytes} data @returns {Statement} */
function readStatement(data) {
  const why = "a statement in it is none";
  need(data.length <= 2048, why);
  const { head, header, unprotected, payload, signature } = sign1(data, why);
  need(isMap(header, 1, 4, 15, 258, 259, "approvals") && isMap(header.get(15), 1, 2, 6) && isMap(unprotected), why);
  const [office, subject, time] = header.get(15).values();
  need(header.get(1) === -8 && header.get(258) === -16 && header.get(259) === "application/json" && isId(office) && isId(subject), why);
  need(typeof time === "number" && time >= 0 && time <= LAST_SECOND, why);
  const [kid, approvals] = [header.get(4), header.get("approvals")];
  need([kid, approvals, payload].every((bytes) => isBytes(bytes) && bytes.length === 32), why);
  return { data, office, subject, time, approvals, act: hex(payload), kid, signed: sigStructure(head, payload), signature };
}

/** H of a key, by its base64url. */
const idOf = remembered((text) => H(/** @type {Bytes} */ (fromBase64url(text))));

/** An Ed25519 key of an act or a trust file. @param {string} text */
function keyOf(text) {
  return /** @type {Bytes} */ (fromBase64url(text));
}

/** @param {Entry[]} roster @returns {Range[]} */
function rangesOf(roster) {
  return roster.filter(({ act }) => act.kind === "found" || act.kind === "rekey").map(({ act: { says }, index }) => ({
    start: index, origin: says.origin, ledger: says.ledger, statement: says.statement, certificate: says.certificate, lost: says.gap?.from ?? null,
  }));
}

const rangeOfEntry = (/** @type {Range[]} */ ranges, /** @type {number|bigint} */ index) => ranges.findLast((range) => range.start <= index) ?? ranges[0];
const rangeOfTree = (/** @type {Range[]} */ ranges, /** @type {number|bigint} */ size) => ranges.findLast((range) => range.start < size) ?? ranges[0];
const OFFICE_KEY_NAMES = /** @type {("origin"|"ledger"|"statement"|"certificate")[]} */ (Object.keys(OFFICE_KEYS));
const sameKeys = (/** @type {Range} */ a, /** @type {Range} */ b) => OFFICE_KEY_NAMES.every((name) => a[name] === b[name]);

/** The longer of two lists of ranges that agree; null where they do not. @param {Range[]} known @param {Range[]} shown */
function together(known, shown) {
  const agree = known.every((one, i) => i >= shown.length || (sameKeys(one, shown[i]) && one.start === shown[i].start && one.lost === shown[i].lost));
  return agree ? (shown.length > known.length ? shown : known) : null;
}

/** Whether the statement fits its act, with the key for its index. @param {Entry} entry @param {Range[]} ranges */
async function fits({ statement, act, index }, ranges) {
  const key = rangeOfEntry(ranges, index).statement;
  return statement.act === act.name && statement.office === act.office && statement.subject === act.subject && same(statement.kid, await idOf(key))
    && ed25519Holds(keyOf(key), statement.signature, statement.signed);
}

/** The first entry whose statement does not fit its act. @param {Entry[]} entries @param {Range[]} ranges */
async function firstUnfit(entries, ranges) {
  const fitting = await Promise.all(entries.map((entry) => fits(entry, ranges)));
  return entries[fitting.indexOf(false)];
}

/** Whether the statement commits to exactly these approvals, and those of the reviews that a release joins. @param {Entry} entry @param {Approval[]} joined */
async function commits({ statement, approvals }, joined = []) {
  const order = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);
  const sorted = [...approvals, ...joined].sort((a, b) => order(a.person, b.person) || order(a.act, b.act));
  return same(statement.approvals, await H(cbor(sorted.map(({ person, act, evidence }) => [person, unhex(act), evidence]))));
}

// ---------------------------------------------------------------- receipts (S5)

/**
 * @typedef {{roster: Entry[], letters: Entry[], twins: Entry[], policies: Map<string, Bytes>, disclosures: [string, Bytes, string][]}} Evidence
 */

/** @param {any} value @param {Act} act @param {string} why @returns {Approval[]} */
function readApprovals(value, act, why) {
  need(Array.isArray(value) && value.length <= 64 && value.every((one) => isList(one, isText, isBytes) && one[1].length <= 8192), why);
  return value.map((/** @type {[string, Bytes]} */ [person, evidence]) => ({ person, act: act.name, evidence }));
}

/** @param {any} value @param {string} why @returns {Promise<Evidence>} */
async function readEvidence(value, why) {
  need(isList(value, Array.isArray, Array.isArray, Array.isArray, Array.isArray, Array.isArray), why);
  need(value.every((/** @type {any[]} */ list, /** @type {number} */ i) => list.length <= (i < 3 ? 20_000 : 1000)), why);
  const entries = async (/** @type {any[]} */ items) => {
    need(items.every((item) => isList(item, isBytes, isBytes, Array.isArray, isUnsigned)), why);
    const acts = await Promise.all(items.map((item) => readAct(item[1])));
    return items.map((item, i) => ({ act: acts[i], approvals: readApprovals(item[2], acts[i], why), statement: readStatement(item[0]), index: item[3] }));
  };
  const [roster, letters, twins] = [await entries(value[0]), await entries(value[1]), await entries(value[2])];
  const [policies, disclosures] = value.slice(3);
  need(policies.every((/** @type {any} */ policy) => isBytes(policy) && policy.length <= 65_536), why);
  need(disclosures.every((/** @type {any} */ one) => isList(one, isText, isBytes, isText) && isId(one[0]) && one[1].length === 16 && text(2000)(one[2]) && isPlain(one[2])), why);
  need(roster[0]?.act.kind === "found", "it does not bring the act that founded the office");
  const names = await Promise.all(policies.map((/** @type {Bytes} */ policy) => hexH(policy)));
  return { roster, letters, twins, policies: new Map(names.map((name, i) => [name, policies[i]])), disclosures };
}

/**
 * @typedef {object} Receipt
 * @property {Statement} statement
 * @property {number|bigint} length  Of the fair copy.
 * @property {string} checkpoint
 * @property {Bytes} certificate
 * @property {Evidence} evidence
 * @property {number|bigint} size
 * @property {number|bigint} index
 * @property {Bytes[]} path
 * @property {Bytes} signature       The ledger's.
 * @property {Bytes} head            Of the ledger's receipt.
 * @property {Range} keys            Of its own roster, for its tree.
 */

/** @param {Bytes} data @returns {Promise<Receipt>} */
async function readReceipt(data) {
  const why = "its form is not what it must be";
  need(data.length <= 4_194_304, "it is longer than 4194304 bytes");
  const release = sign1(data, why);
  const outer = release.unprotected;
  need(isMap(outer, 394, "countersign") && isList(outer.get(394), isBytes) && isBytes(outer.get("countersign")), why);
  const statement = readStatement(cbor(new Tagged(18, [release.head, new Map(), release.payload, release.signature])));
  const own = readCbor(outer.get("countersign"), why);
  need(isList(own, (version) => version === 1, isUnsigned, isText, isBytes, Array.isArray) && own[3].length <= 16_384, why);
  need(outer.get(394)[0].length <= 8192, why);
  const ledger = sign1(outer.get(394)[0], why);
  const proofs = isMap(ledger.unprotected, 396) ? ledger.unprotected.get(396) : null;
  need(isMap(proofs, -1) && isList(proofs.get(-1), isBytes) && proofs.get(-1)[0].length <= 4096 && ledger.payload === null, why);
  const proof = readCbor(proofs.get(-1)[0], why);
  need(isList(proof, isUnsigned, isUnsigned, Array.isArray) && proof[2].length <= 63, why);
  need(proof[2].every((/** @type {any} */ hash) => isBytes(hash) && hash.length === 32), why);
  const evidence = await readEvidence(own[4], why);
  const keys = rangeOfTree(rangesOf(evidence.roster), proof[0]);
  const head = cbor(new Map(/** @type {any} */ ([[1, -8], [4, await idOf(keys.ledger)], [15, new Map([[1, keys.origin], [2, statement.subject]])], [395, 1]])));
  need(same(ledger.head, head), why);
  return {
    statement, length: own[1], checkpoint: own[2], certificate: own[3], evidence, size: proof[0], index: proof[1], path: proof[2],
    signature: ledger.signature, head, keys,
  };
}

// ---------------------------------------------------------------- the roster (S3)

/**
 * @typedef {{name: string, roles: string[], credential: any, counts: number}} Member
 * @typedef {{lender: string, to: string, role: string, kinds: string[], entered: number, counts: number, until: number}} Loan
 */

/** The names that a credential is known by, and no other may be. @param {any} credential */
function namesOf(credential) {
  return Promise.all(["key", "id"].filter((name) => name in credential).map(async (name) => hex(await idOf(credential[name]))));
}

/** What the office's own keys would be known by if they were enrolled. @param {any} keys */
function officeNames(keys) {
  return Promise.all([keys.ledger, keys.statement].map((key) => hexH(EDDSA_HEAD, keyOf(key))));
}

/** Whether a credential proves that its person holds it. @param {any} enrolment @param {Act} found */
async function isProven({ credential, person }, found) {
  const challenge = await H(utf8.encode(canonicalJson({ enrol: credential.key, office: found.office, person })));
  return approvalHolds(credential, found.says, challenge, /** @type {Bytes} */ (fromBase64url(credential.proof)));
}

/** Who is in office after some roster acts, and under which policies. One is followed by another, and never changed once it stands. */
class Roster {
  /** @param {Act} found */
  constructor(found) {
    this.found = found;
    this.newest = found.name;
    /** @type {Map<string, Member>} */
    this.people = new Map();
    /** @type {Loan[]} */
    this.loans = [];
    /** @type {any[]} The office's keys so far, each as its act says them. */
    this.keys = [found.says];
    this.everPeople = new Set();
    this.everRoles = new Set();
    this.everKeys = new Set();
    this.everOffice = new Set();
    /** @type {[number, Policy][]} */
    this.policies = [];
  }

  /** The roster that a founding act makes; a fault where it does not stand. @param {Entry} entry @param {Map<string, Bytes>} policies */
  static async begin({ act, approvals, statement }, policies) {
    const why = "The founding of the office does not hold.";
    const roster = new Roster(act);
    const policy = readPolicy(policies.get(act.says.policy));
    need(act.kind === "found" && policy, why);
    roster.policies = [[statement.time, /** @type {Policy} */ (policy)]];
    roster.everOffice = new Set(await officeNames(act.says));
    for (const enrolment of act.says.people) {
      need(await isProven(enrolment, act), why);
      const names = await namesOf(enrolment.credential);
      need(!roster.people.has(enrolment.person) && new Set(names).size === names.length && !names.some((name) => roster.everKeys.has(name) || roster.everOffice.has(name)), why);
      roster.enrol(enrolment, names, statement.time);
    }
    need(roster.people.has(act.by) && approvals.length === roster.people.size && new Set(approvals.map((one) => one.person)).size === approvals.length, why);
    for (const approval of approvals) need(roster.people.has(approval.person) && await roster.signed(approval), why);
    return roster;
  }

  /** @param {any} enrolment @param {string[]} names @param {number} counts */
  enrol({ person, name, roles, credential }, names, counts) {
    this.people = new Map(this.people).set(person, { name, roles, credential, counts });
    this.everPeople = new Set(this.everPeople).add(person);
    this.everRoles = new Set([...this.everRoles, ...roles]);
    this.everKeys = new Set([...this.everKeys, ...names]);
  }

  /** @param {Approval} approval */
  signed({ person, act, evidence }) {
    return approvalHolds(/** @type {Member} */ (this.people.get(person)).credential, this.found.says, unhex(act), evidence);
  }

  /** @param {number} time */
  policyAt(time) {
    return (this.policies.slice(1).findLast(([counts]) => counts <= time) ?? this.policies[0])[1];
  }

  isSelfMade() {
    return [...this.people.values()].filter(({ credential }) => credential.made === "office").length > 1;
  }

  /** Who must sign a roster act. @param {Act} act @param {Policy} policy @returns {Need[]} */
  needsOf(act, policy) {
    if (act.kind === "adopt" || act.kind === "rekey") return policy.says.change.approve;
    if (act.kind === "delegate") return [];
    const roles = act.kind === "enrol" ? act.says.person.roles.filter((/** @type {string} */ role) => this.everRoles.has(role)) : this.people.get(act.says.person)?.roles ?? [];
    return policy.says[roles.some((/** @type {string} */ role) => policy.weighty.has(role)) ? "change" : "people"].approve;
  }

  /** Why a roster act cannot stand whoever signs it; null when it can. @param {Act} act @param {number} time */
  async refuses({ kind, says, by, at }, time) {
    const last = this.keys[this.keys.length - 1];
    switch (kind) {
      case "enrol": {
        const names = await namesOf(says.person.credential);
        return this.everPeople.has(says.person.person) ? "That id belongs to somebody already; an id is one person's for ever."
          : names.some((name) => this.everKeys.has(name)) ? "That key is enrolled already; a key is one person's for ever."
          : this.everOffice.has(names[0]) ? "That key is the office's own; whoever runs the office could sign as that person."
          : !(await isProven(says.person, this.found)) ? "The new key does not prove that its person holds it." : null;
      }
      case "retire":
        return this.people.has(says.person) ? null : "That person is not in office.";
      case "delegate": {
        const { days } = this.policyAt(time);
        return !this.people.has(says.to) ? "The person who would get the role is not in office."
          : says.to === by ? "Nobody lends a role to themselves."
          : !this.people.get(by)?.roles.includes(says.role) ? "Only a role of one's own can be lent; a lent role cannot be lent on."
          : seconds(says.until) - at > days * DAY ? `The policy lends roles for at most ${days} days.` : null;
      }
      case "rekey":
        return (await officeNames(says)).some((name) => this.everKeys.has(name)) ? "A key among them is a person's; whoever runs the office could sign as that person."
          : sameKeys(says, last) ? "These are the office's keys already."
          : !says.gap && says.origin !== last.origin ? "A ledger keeps its origin; only one that was lost in part goes on under another."
          : says.gap && this.keys.some((keys) => keys.origin === says.origin || keys.ledger === says.ledger) ? "A new epoch needs an origin and a ledger key that were never used before."
          : null;
      default:
        return null;
    }
  }

  /** The roster after one more act; a fault where it does not stand. @param {Entry} entry @param {Map<string, Bytes>} policies */
  async after({ act, approvals, statement: { time }, index }, policies) {
    need(act.kind in ROSTER_MEMBERS && act.kind !== "found", "This act does not change the roster.");
    need(act.office === this.found.office, "The act is another office's.");
    need(act.says.roster === this.newest, "The act names another roster than the newest: it must be signed again.");
    const refused = await this.refuses(act, time);
    need(refused === null, refused ?? "");
    const permit = await permitOf(act, approvals, this, null, time);
    need(isGranted(permit), permit.fault ?? `The act lacks signatures: ${inWords(permit.missing)}.`);

    const next = Object.assign(new Roster(this.found), this, { newest: act.name });
    const later = time + this.policyAt(time).wait;
    const counts = later <= LAST_SECOND ? later : NEVER;
    const { says, by } = act;
    if (act.kind === "enrol") next.enrol(says.person, await namesOf(says.person.credential), counts);
    if (act.kind === "retire") {
      next.people = new Map([...this.people].filter(([person]) => person !== says.person));
      next.loans = this.loans.filter((loan) => loan.lender !== says.person && loan.to !== says.person);
    }
    if (act.kind === "delegate") {
      next.loans = [
        ...this.loans.filter((loan) => loan.lender !== by || loan.to !== says.to || loan.role !== says.role),
        { lender: by, to: says.to, role: says.role, kinds: says.kinds, entered: time, counts, until: seconds(says.until) },
      ];
    }
    if (act.kind === "rekey") {
      need(!says.gap || says.gap.from <= index, "The act says that entries are lost which the ledger holds.");
      next.keys = [...this.keys, says];
      next.everOffice = new Set([...this.everOffice, ...await officeNames(says)]);
    }
    if (act.kind === "adopt") {
      const policy = readPolicy(policies.get(says.policy));
      need(policy, "The policy that was adopted is not there.");
      next.policies = [...this.policies, [counts, /** @type {Policy} */ (policy)]];
    }
    return next;
  }
}

/** Roster acts, the roster after each, and since when whose keys count as stolen. */
class Chain {
  /** @param {Entry[]} entries @param {Roster[]} rosters */
  constructor(entries, rosters) {
    this.entries = entries;
    this.rosters = rosters;
    /** @type {Map<string, number>} */
    this.stolen = new Map(entries.filter(({ act }) => "since" in act.says).map(({ act }) => [act.says.person, seconds(act.says.since)]));
    this.places = new Map(entries.map(({ act }, i) => [act.name, i]));
  }

  get newest() {
    return this.rosters[this.rosters.length - 1];
  }

  /**
   * S8, 4.1 to 4.3. First entries that a known chain has, too, are not looked at again.
   * @param {Evidence} evidence @param {[string, number][]} listed @param {number|bigint} below @param {string} source @param {Chain|null} known
   */
  static async of({ roster: entries, policies }, listed, below, source, known = null) {
    const committed = await Promise.all(entries.map((entry) => commits(entry)));
    const other = entries[committed.indexOf(false)];
    need(!other, `The ${other?.act.kind} act brings other approvals than the ledger took in.`);
    /** @type {Roster[]} */
    const rosters = [];
    for (const [i, entry] of entries.entries()) {
      const theirs = known?.entries[i];
      if (!theirs || theirs.index !== entry.index || !same(theirs.statement.data, entry.statement.data)) known = null;
      if (known) {
        rosters.push(known.rosters[i]);
      } else if (i === 0) {
        rosters.push(await Roster.begin(entry, policies));
      } else {
        const last = entries[i - 1];
        need(entry.index > last.index && entry.statement.time >= last.statement.time, "The roster's acts are not in the order of the ledger.");
        try {
          rosters.push(await rosters[i - 1].after(entry, policies));
        } catch (fault) {
          throw fault instanceof Fault ? new Fault(`The ${entry.act.kind} act of the roster does not stand: ${fault.message}`) : fault;
        }
      }
    }
    const shown = entries.filter((entry) => entry.index < below);
    const complete = listed.filter(([, index]) => index < below).every(([name, index], i) => shown[i]?.act.name === name && shown[i].index === index);
    need(complete, `The ${source} does not show everyone who was in office: it leaves out or moves a roster act that the trust file lists.`);
    return new Chain(entries, rosters);
  }

  /** Whether a letter's act may stand (S3, Judging). @param {Entry} entry @param {Letter} letter @returns {Promise<Permit>} */
  async judge({ act, approvals, statement: { time }, index }, letter) {
    const named = this.places.get(act.says.roster);
    if (named === undefined || this.entries[named].index >= index) return refusal("The act names a roster that was not in office before it.");
    let last = named;
    while (last + 1 < this.entries.length && this.entries[last + 1].index < index) last++;
    if (this.entries[last].statement.time > time || (last + 1 < this.entries.length && this.entries[last + 1].statement.time < time)) {
      return refusal("The act's entry is dated otherwise than its place in the ledger allows.");
    }
    if (act.kind === "hold") return permitOf(act, approvals, this.rosters[last], letter, time);
    const permit = await permitOf(act, approvals, this.rosters[named], letter, time, this.stolen);
    const people = new Set([...permit.filled, ...permit.before].flatMap((one) => [one.person, one.as]).concat(approvals.map((one) => one.person)));
    const touches = (/** @type {Act} */ { kind, by, says }) =>
      kind === "adopt" || (kind === "retire" && people.has(says.person)) || (kind === "delegate" && people.has(by) && people.has(says.to));
    return this.entries.slice(named + 1, last + 1).some((later) => touches(later.act))
      ? refusal("Somebody who signed has left office, or the policy has changed, since the act was written: it must be signed again.") : permit;
  }
}

// ---------------------------------------------------------------- a letter (S1, its head; S3, what may follow what, last words)

const NOTHING_STOLEN = /** @type {Map<string, number>} */ (new Map());

/** What was done to a letter so far. One is followed by another; twins are drafts of equal bytes elsewhere. */
class Letter {
  /** @param {string} id @param {Act[]} twins @param {Entry[]} entries @param {Map<string, number>} heads @param {string|null} head */
  constructor(id, twins, entries = [], heads = new Map(), head = null) {
    this.id = id;
    this.twins = twins;
    this.entries = entries;
    this.heads = heads; // each head that it had, and the place of the act that made it
    this.head = head;
  }

  /** @param {Entry} entry */
  async after(entry) {
    const entries = [...this.entries, entry];
    if (entry.act.concurs) return new Letter(this.id, this.twins, entries, this.heads, this.head);
    const head = this.head === null ? entry.act.name : await hexH(unhex(this.head), unhex(entry.act.name));
    return new Letter(this.id, this.twins, entries, new Map(this.heads).set(head, entries.length - 1), head);
  }

  /** @param {...string} kinds */
  of(...kinds) {
    return this.entries.filter(({ act }) => kinds.includes(act.kind));
  }

  get draft() {
    return this.of("draft").at(-1)?.act ?? null;
  }

  get release() {
    return this.of("release")[0] ?? null;
  }

  get ending() {
    return this.of("withdraw", "correct")[0] ?? null;
  }

  lifted() {
    return new Set(this.of("lift").map(({ act }) => act.says.hold));
  }

  holds() {
    const lifted = this.lifted();
    return this.of("hold").filter(({ act }) => !lifted.has(act.name));
  }

  /** 0 in force, 1 withdrawn, 2 on hold, 3 replaced. */
  standing() {
    return this.ending ? (this.ending.act.kind === "withdraw" ? 1 : 3) : this.holds().length > 0 ? 2 : 0;
  }

  /** Everybody who drafted it, or a letter of the same bytes: their signatures never count for it. */
  excluded() {
    const drafts = this.of("draft").map(({ act }) => act);
    const copies = new Set(drafts.map(({ says }) => says.copy));
    return new Set([...drafts, ...this.twins.filter(({ says }) => copies.has(says.copy) && says.letter !== this.id)].map(({ by }) => by));
  }

  /** Each reviewer's last word on the newest draft. @param {Map<string, number>} stolen */
  lastWords(stolen) {
    /** @type {Map<string, number>} */
    const last = new Map();
    const draft = this.draft?.name;
    for (const [i, { act, statement }] of this.entries.entries()) {
      if (act.kind !== "review" || act.says.draft !== draft) continue;
      const earlier = last.get(act.by);
      if (act.concurs && (stolen.get(act.by) ?? NEVER) <= statement.time) continue;
      if (act.concurs && earlier !== undefined && !this.entries[earlier].act.concurs && /** @type {number} */ (this.heads.get(act.says.after)) < earlier) continue;
      last.set(act.by, i);
    }
    return [...last.values()].map((i) => this.entries[i]);
  }

  /** In the order of the ledger. @param {Map<string, number>} stolen */
  concurrences(stolen = NOTHING_STOLEN) {
    return this.lastWords(stolen).filter(({ act }) => act.concurs).sort((a, b) => (a.index < b.index ? -1 : a.index > b.index ? 1 : 0));
  }

  /** Why an act cannot follow, whoever signs it; null when it can. @param {Act} act @param {number} time */
  refuses({ kind, says, subject }, time) {
    const { draft, release } = this;
    if (subject !== this.id) return "The act is about another letter.";
    if (!draft) return kind === "draft" && says.version === 1 ? null : "The letter does not begin with its first version.";
    if (DECISIONS.includes(kind)) {
      if (time > seconds(says.until)) return `It was to be finished by ${says.until}, and was not.`;
      if (says.after !== this.head) return "Something was done to the letter after its signers saw it; it must be signed again.";
    }
    switch (kind) {
      case "draft":
        return release ? "The letter was released; a released letter is never revised."
          : says.version !== draft.says.version + 1 ? `The next version is ${draft.says.version + 1}, not ${says.version}.`
          : says.reference !== draft.says.reference ? "Every version keeps the letter's reference." : null;
      case "review":
        return release ? "The letter is released; it can be held or withdrawn, not reviewed."
          : says.draft !== draft.name ? `The review is of another version than the newest, version ${draft.says.version}.`
          : !this.heads.has(says.after) ? "The review names a state that the letter was never in." : null;
      case "release":
        return release ? "The letter is released already." : this.holds().length > 0 ? "The letter is on hold." : null;
      case "lift":
        return this.holds().some(({ act }) => act.name === says.hold) ? null : "That hold does not stand.";
      case "withdraw":
      case "correct":
        return !release ? "The letter was never released; there is nothing to withdraw."
          : release.act.name !== says.release ? "The act names another release than the letter's."
          : this.ending ? "The letter no longer stands already." : null;
      default:
        return null;
    }
  }
}

// ---------------------------------------------------------------- permission of one act (S3)

/**
 * @typedef {{person: string, member: Member, signed: boolean, time: number}} Candidate   Who signed the act, or reviewed; and when.
 * @typedef {{person: string, as: string, roles: string[], signed: boolean, assurance: "software"|"passkey", time: number}} Guise
 * @typedef {{person: string, as: string, role: string, assurance: "software"|"passkey", time: number}} Filled
 * @typedef {{fault: string|null, filled: Filled[], missing: Need[], before: Filled[]}} Permit
 */

const MOST_WAYS = 4096;
const isGranted = (/** @type {Permit} */ permit) => permit.fault === null && permit.missing.length === 0;
const inWords = (/** @type {Need[]} */ needs) => needs.map(({ count, role }) => (count === 1 ? "" : `${count} × `) + role.join(" or ")).join(", ");

/** @param {string|null} fault @param {Need[]} missing @returns {Permit} */
function refusal(fault, missing = []) {
  return { fault, filled: [], missing, before: [] };
}

/** Who may come as whom when an act is counted: of a kind of letter, at a time, without some people. */
class Counting {
  /** @param {Roster} roster @param {string|null} kind @param {number} time @param {Set<string>} excluded @param {Map<string, number>} stolen */
  constructor(roster, kind, time, excluded = new Set(), stolen = NOTHING_STOLEN) {
    this.roster = roster;
    this.kind = kind;
    this.time = time;
    this.excluded = excluded;
    this.stolen = stolen;
    this.policy = roster.policyAt(time);
  }

  /** As whom a person can come: themselves with their own roles, or a lender with the roles lent. @param {Candidate} candidate @returns {Guise[]} */
  guises({ person, member, signed, time }, stolen = this.stolen) {
    const assurance = member.credential.kind;
    const guise = (/** @type {string} */ as, /** @type {string[]} */ roles) => ({ person, as, roles, signed, assurance, time });
    const takes = (/** @type {string} */ role) => this.policy.takes(assurance, role);
    const out = member.counts <= this.time ? [guise(person, member.roles.filter(takes))] : [];
    const loans = this.roster.loans.filter((loan) =>
      loan.to === person && loan.counts <= this.time && this.time < loan.until && (stolen.get(loan.lender) ?? NEVER) > loan.entered);
    for (const lender of new Set(loans.map((loan) => loan.lender))) {
      if (/** @type {Member} */ (this.roster.people.get(lender)).counts > this.time) continue;
      const usable = loans.filter((loan) => loan.lender === lender && takes(loan.role) && (loan.kinds.length === 0 || (this.kind !== null && loan.kinds.includes(this.kind))));
      out.push(guise(lender, usable.map((loan) => loan.role)));
    }
    return out.filter(({ roles }) => roles.length > 0);
  }

  /** Counts. @param {Need[]} needs @param {Candidate[]} candidates @returns {Permit} */
  count(needs, candidates) {
    const places = needs.flatMap(({ count, role }) => Array(count).fill(role));
    const options = candidates
      .filter(({ person, time }) => !this.excluded.has(person) && (this.stolen.get(person) ?? NEVER) > time)
      .map((candidate) => this.guises(candidate).filter(({ as }) => !this.excluded.has(as))).filter((ways) => ways.length > 0);
    if (options.reduce((ways, some) => Math.min(MOST_WAYS + 1, ways * some.length), 1) > MOST_WAYS) {
      return refusal("The signers hold so many lent roles that they cannot be counted; fewer must sign with lent roles.");
    }
    /** @type {(Guise|undefined)[]} */
    let best = [];
    let most = -1;
    for (const choice of choices(options)) {
      const filled = match(places, choice);
      const score = 2 * filled.filter(Boolean).length + (filled.some((one) => one?.signed) ? 1 : 0);
      if (score > most) [best, most] = [filled, score];
      if (most === 2 * places.length + 1) break;
    }
    /** @type {Map<string, Need>} */
    const missing = new Map();
    places.forEach((role, i) => {
      const key = role.join("|");
      if (!best[i]) missing.set(key, { role, count: (missing.get(key)?.count ?? 0) + 1 });
    });
    // Reviews fill every place: somebody who counts must sign the act itself.
    if (missing.size === 0 && places.length > 0 && !best.some((one) => one?.signed)) missing.set("", { role: needs[0].role, count: 1 });
    const filled = best.flatMap((one, i) => (one ? [{
      person: one.person, as: one.as, role: places[i].find((/** @type {string} */ role) => one.roles.includes(role)), assurance: one.assurance, time: one.time,
    }] : []));
    return { fault: null, filled, missing: [...missing.values()], before: [] };
  }

  /** What the needs of these stages still lack, as if these reviewers signed. @param {Need[]} needs @param {string[][]} stages @param {Candidate[]} reviewers */
  byStages(needs, stages, reviewers) {
    if (stages.length === 0) return refusal(null);
    const roles = new Set(stages.flat());
    return this.count(needs.filter(({ role }) => role.every((one) => roles.has(one))), reviewers.map((one) => ({ ...one, signed: true })));
  }

  /** The stages before the first in which somebody could count. @param {Candidate} candidate @param {string[][]} stages */
  stagesBefore(candidate, stages) {
    const roles = new Set(this.guises(candidate, NOTHING_STOLEN).flatMap((guise) => guise.roles));
    return stages.slice(0, Math.max(0, stages.findIndex((stage) => stage.some((role) => roles.has(role)))));
  }

  /** The reviewers whom a release joins: in office, and in turn. @param {Letter} letter @param {Need[]} needs @param {string[][]} stages */
  inTurn(letter, needs, stages) {
    /** @type {Candidate[]} */
    const joined = [];
    for (const { act, statement } of letter.concurrences(this.stolen)) {
      const member = this.roster.people.get(act.by);
      if (!member) continue;
      const candidate = { person: act.by, member, signed: false, time: statement.time };
      if (this.byStages(needs, this.stagesBefore(candidate, stages), joined).missing.length === 0) joined.push(candidate);
    }
    return joined;
  }
}

/** Every choice of one way for each, the first one's changing slowest. @template T @param {T[][]} options @returns {Generator<T[]>} */
function* choices(options, from = 0) {
  if (from === options.length) {
    yield [];
    return;
  }
  for (const first of options[from]) for (const rest of choices(options, from + 1)) yield [first, ...rest];
}

/** Who fills each place: a maximum matching by augmenting paths; who was placed stays placed. @param {string[][]} places @param {Guise[]} choice */
function match(places, choice) {
  /** @type {Map<string, Guise[]>} */
  const groups = new Map();
  for (const guise of choice) groups.set(guise.as, [...(groups.get(guise.as) ?? []), guise]);
  const signersFirst = (/** @type {Guise} */ a, /** @type {Guise} */ b) => Number(b.signed) - Number(a.signed);
  const people = [...groups.values()].map((group) => group.sort(signersFirst)).sort(([a], [b]) => signersFirst(a, b) || (a.as < b.as ? -1 : 1));
  /** @type {(number|undefined)[]} */
  const taken = Array(places.length).fill(undefined);
  const fit = (/** @type {number} */ person, /** @type {number} */ place) => people[person].find(({ roles }) => roles.some((role) => places[place].includes(role)));
  const put = (/** @type {number} */ person, /** @type {Set<number>} */ tried) => {
    for (let place = 0; place < places.length; place++) {
      if (tried.has(place) || !fit(person, place)) continue;
      tried.add(place);
      const before = taken[place];
      if (before !== undefined && !put(before, tried)) continue;
      taken[place] = person;
      return true;
    }
    return false;
  };
  people.forEach((_, person) => put(person, new Set()));
  return taken.map((person, place) => (person === undefined ? undefined : fit(person, place)));
}

/**
 * Whether an act may stand. `letter` is the letter before it, null for roster acts.
 * @param {Act} act @param {Approval[]} approvals @param {Roster} roster @param {Letter|null} letter @param {number} time @returns {Promise<Permit>}
 */
async function permitOf(act, approvals, roster, letter, time, stolen = NOTHING_STOLEN) {
  if (act.office !== roster.found.office) return refusal("The act is another office's.");
  if (act.at - time > 120) return refusal(`The act is dated ${momentOf(act.at)}, after its entry; set the clock of the machine that wrote it and sign again.`);
  if (approvals.length < 1 || approvals.length > 64) return refusal(`The act carries ${approvals.length} signatures; 1 to 64 can be.`);
  /** @type {Candidate[]} */
  const signers = [];
  for (const approval of approvals) {
    const { person } = approval;
    const member = roster.people.get(person);
    if (!member) return refusal(`A signature is by ${person}, who is not in office.`);
    if (!(await roster.signed(approval))) return refusal(`The signature of ${person} is not a signature of this act by that person's key.`);
    if (signers.some((one) => one.person === person)) return refusal(`${person} signed twice; a person counts once.`);
    signers.push({ person, member, signed: true, time });
  }
  if (!signers.some(({ person }) => person === act.by)) return refusal("The person who wrote the act has not signed it.");

  const policy = roster.policyAt(time);
  const draft = letter?.draft ?? null;
  const kind = draft?.says.kind ?? null;
  const { says } = act;
  switch (act.kind) {
    case "free":
    case "pass":
      return new Counting(roster, null, time).count(policy.says.free.approve, signers);
    case "draft":
    case "review": {
      if (signers.length > 1) return refusal("A draft or review is signed by its author alone.");
      const needs = act.concurs && draft && draft.name === says.draft ? policy.releaseNeeds(draft.says) : null;
      const stages = kind === null ? [] : policy.stages(kind);
      if (needs === null || stages.length === 0) return refusal(null);
      const counting = new Counting(roster, kind, time, /** @type {Letter} */ (letter).excluded());
      const before = counting.inTurn(/** @type {Letter} */ (letter), needs, stages).filter(({ person }) => person !== act.by);
      const { missing } = counting.byStages(needs, counting.stagesBefore(signers[0], stages), before);
      return refusal(missing.length > 0 ? `It is not this reviewer's turn: first ${inWords(missing)} must concur.` : null);
    }
    case "hold": {
      const lifted = letter?.lifted();
      if (letter?.of("hold").some((hold) => hold.act.by === act.by && lifted?.has(hold.act.name))) {
        return refusal("This person's hold of this letter was lifted before; another person must hold it.");
      }
      return new Counting(roster, null, time).count(policy.says.stop.approve, signers);
    }
    case "release": {
      if (!letter || !draft || draft.name !== says.draft) return refusal("The release does not name the letter's newest version.");
      if (letter.lastWords(stolen).some((word) => !word.act.concurs)) return refusal("A review that returns or objects to this version stands.");
      const needs = policy.releaseNeeds(draft.says);
      if (needs === null) return refusal(`The policy has no rule for letters of kind ${kind}.`);
      const stages = policy.stages(/** @type {string} */ (kind));
      const counting = new Counting(roster, kind, time, letter.excluded(), stolen);
      const joined = counting.inTurn(letter, needs, stages);
      const before = counting.byStages(needs, stages.slice(0, -1), joined);
      if (before.missing.length > 0) return refusal(null, before.missing);
      const counted = counting.count(needs, [...signers, ...joined.filter(({ person }) => !signers.some((one) => one.person === person))]);
      return { ...counted, before: before.filled };
    }
    case "lift":
      if (!letter?.holds().some((hold) => hold.act.name === says.hold)) return refusal("The lift names no hold that stands.");
      return new Counting(roster, kind, time, letter.excluded(), stolen).count(policy.says.withdraw.approve, signers);
    case "withdraw":
    case "correct":
      return new Counting(roster, kind, time).count(policy.says.withdraw.approve, signers);
    default:
      return new Counting(roster, null, time).count(roster.needsOf(act, policy), signers);
  }
}

// ---------------------------------------------------------------- unpacking (Unpacking; RFC 1950, RFC 1951)

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const QUICK_BITS = 10;

/**
 * A canonical Huffman code. Codes of up to ten bits are found in a table, longer ones bit by bit. A set of lengths that is no whole code is refused, but
 * for one code of one bit, and none at all.
 */
class Huffman {
  /** @param {ArrayLike<number>} lengths */
  constructor(lengths) {
    const counts = this.counts = new Uint16Array(16);
    for (let i = 0; i < lengths.length; i++) counts[lengths[i]]++;
    const used = lengths.length - counts[0];
    counts[0] = 0;
    let left = 1;
    const offsets = new Uint16Array(16);
    for (let length = 1; length < 16; length++) {
      left = 2 * left - counts[length];
      need(left >= 0, "packed data with too many codes");
      if (length < 15) offsets[length + 1] = offsets[length] + counts[length];
    }
    need(left === 0 || used === 0 || (used === 1 && counts[1] === 1), "packed data with too few codes");
    this.symbols = new Uint16Array(used);
    for (let symbol = 0; symbol < lengths.length; symbol++) if (lengths[symbol] > 0) this.symbols[offsets[lengths[symbol]]++] = symbol;
    this.quick = new Uint16Array(1 << QUICK_BITS); // symbol << 4 | length, by the next bits, the first lowest
    for (let length = 1, code = 0, next = 0; length <= QUICK_BITS; length++, code <<= 1) {
      for (let i = 0; i < counts[length]; i++, code++, next++) {
        let reversed = 0;
        for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
        for (let at = reversed; at < this.quick.length; at += 1 << length) this.quick[at] = (this.symbols[next] << 4) | length;
      }
    }
  }
}

const FIXED = [
  new Huffman(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  new Huffman(Array(32).fill(5)),
];

/**
 * Unpacks the one ZLIB stream that data begin with, and says where it ends; a fault where it is damaged, asks for a preset dictionary, has a wrong
 * checksum, ends before its checksum does or unpacks to more than `most` bytes. The engine's own unpacker does not say where a stream ends.
 * @param {Bytes} data @param {number} most
 */
function unpack(data, most) {
  const why = "packed data are damaged, or unpack to more than can be right";
  need(data.length >= 2 && (data[0] & 15) === 8 && data[0] >> 4 <= 7 && ((data[0] << 8) | data[1]) % 31 === 0 && (data[1] & 32) === 0, why);
  let at = 2;
  let held = 0; // bits that were taken from the data and not used
  let count = 0;
  let out = new Uint8Array(Math.min(most, Math.max(1024, 4 * data.length)));
  let size = 0;

  const bits = (/** @type {number} */ wanted) => {
    while (count < wanted) {
      need(at < data.length, why);
      held |= data[at++] << count;
      count += 8;
    }
    const value = held & ((1 << wanted) - 1);
    held >>>= wanted;
    count -= wanted;
    return value;
  };
  const symbol = (/** @type {Huffman} */ code) => {
    while (count < 15 && at < data.length) {
      held |= data[at++] << count;
      count += 8;
    }
    const quick = code.quick[held & ((1 << QUICK_BITS) - 1)];
    let length = quick & 15;
    let found = quick >> 4;
    if (length === 0) {
      for (let first = 0, index = 0, bit = 0, word = 0; length === 0; bit++) {
        need(bit < 15, why);
        word = (word << 1) | ((held >> bit) & 1);
        const some = code.counts[bit + 1];
        if (word - first < some) [length, found] = [bit + 1, code.symbols[index + word - first]];
        index += some;
        first = (first + some) << 1;
      }
    }
    need(length <= count, why);
    held >>>= length;
    count -= length;
    return found;
  };
  const room = (/** @type {number} */ more) => {
    need(size + more <= most, why);
    if (size + more <= out.length) return;
    const larger = new Uint8Array(Math.min(most, Math.max(size + more, 2 * out.length)));
    larger.set(out.subarray(0, size));
    out = larger;
  };

  for (let last = 0; last === 0;) {
    last = bits(1);
    const kind = bits(2);
    need(kind < 3, why);
    if (kind === 0) {
      at -= count >> 3; // whole bytes that were taken go back
      held = count = 0;
      need(at + 4 <= data.length, why);
      const length = data[at] | (data[at + 1] << 8);
      need((length ^ 0xffff) === (data[at + 2] | (data[at + 3] << 8)) && at + 4 + length <= data.length, why);
      room(length);
      out.set(data.subarray(at + 4, at + 4 + length), size);
      at += 4 + length;
      size += length;
      continue;
    }
    const [literals, distances] = kind === 1 ? FIXED : dynamicCodes();
    for (let one = symbol(literals); one !== 256; one = symbol(literals)) {
      if (one < 256) {
        if (size === out.length) room(1);
        out[size++] = one;
        continue;
      }
      need(one < 286, why);
      const length = LENGTHS[one - 257] + bits(LENGTH_BITS[one - 257]);
      const far = symbol(distances);
      need(far < 30, why);
      const distance = DISTANCES[far] + bits(far < 4 ? 0 : (far >> 1) - 1);
      need(distance <= size, why);
      room(length);
      for (const end = size + length; size < end; size++) out[size] = out[size - distance];
    }
  }
  at -= count >> 3;
  need(at + 4 <= data.length && bigEndian(data.subarray(at, at + 4)) === BigInt(adler32(out, size)), why);
  return { data: out.subarray(0, size), end: at + 4 };

  function dynamicCodes() {
    const [literals, distances, codes] = [257 + bits(5), 1 + bits(5), 4 + bits(4)];
    need(literals <= 286 && distances <= 30, why);
    const lengths = new Uint8Array(19);
    for (let i = 0; i < codes; i++) lengths[CODE_LENGTH_ORDER[i]] = bits(3);
    const code = new Huffman(lengths);
    const all = new Uint8Array(literals + distances);
    for (let i = 0; i < all.length;) {
      const one = symbol(code);
      const times = one < 16 ? 1 : one === 16 ? 3 + bits(2) : one === 17 ? 3 + bits(3) : 11 + bits(7);
      need((one !== 16 || i > 0) && i + times <= all.length, why);
      all.fill(one < 16 ? one : one === 16 ? all[i - 1] : 0, i, i + times);
      i += times;
    }
    need(all[256] > 0, why);
    return [new Huffman(all.subarray(0, literals)), new Huffman(all.subarray(literals))];
  }
}

/** @param {Bytes} data @param {number} size */
function adler32(data, size) {
  let [a, b] = [1, 0];
  for (let at = 0; at < size;) {
    for (const end = Math.min(size, at + 3800); at < end; at++) b += a += data[at];
    a %= 65_521;
    b %= 65_521;
  }
  return b * 65_536 + a;
}

// ---------------------------------------------------------------- Reading P0: tokens and objects

/** A name, unescaped; each character is a byte. */
class Name {
  constructor(/** @type {string} */ text) {
    this.text = text;
  }
}

/** A number, true or false, as it stands. */
class Token {
  constructor(/** @type {string} */ text) {
    this.text = text;
  }
}

/** A string's bytes. */
class Str {
  constructor(/** @type {Bytes} */ bytes) {
    this.bytes = bytes;
  }
}

class Ref {
  constructor(/** @type {number} */ number, /** @type {number} */ generation) {
    this.number = number;
    this.generation = generation;
  }
}

class Stream {
  constructor(/** @type {Dictionary} */ dictionary, /** @type {Bytes} */ data) {
    this.dictionary = dictionary;
    this.data = data;
  }
}

/**
 * @typedef {Map<string, any>} Dictionary   Values are PDF objects; null is the PDF's own, undefined none.
 * @typedef {{kind: 1|2, at: number, more: number}} Place   1: offset and generation; 2: object stream and index.
 */

// What a byte is: 1 white space, 2 delimiter, 4 digit, 8 what else stands in numbers, 16 hexadecimal digit.
const BYTE = new Uint8Array(256);
for (const b of [0, 9, 10, 12, 13, 32]) BYTE[b] |= 1;
for (const c of "()<>[]{}/%") BYTE[c.charCodeAt(0)] |= 2;
for (const c of "0123456789") BYTE[c.charCodeAt(0)] |= 4;
for (const c of "+-.") BYTE[c.charCodeAt(0)] |= 8;
for (const c of "0123456789abcdefABCDEF") BYTE[c.charCodeAt(0)] |= 16;
const [LF, CR, PERCENT, LESS, GREATER, SLASH, BACKSLASH, OPEN, CLOSE, BEGIN, END, HASH] = [10, 13, 37, 60, 62, 47, 92, 40, 41, 91, 93, 35];
const STRING_ESCAPES = new Map([[110, 10], [114, 13], [116, 9], [98, 8], [102, 12]]);
const MOST_OBJECTS = 2_000_000;

/** Reads tokens and objects from a piece of a file, strictly. */
class Parser {
  /** @param {Bytes} data @param {number} at */
  constructor(data, at = 0) {
    this.data = data;
    this.at = at;
  }

  /** White space and comments. */
  skip() {
    const { data } = this;
    for (; this.at < data.length; this.at++) {
      const b = data[this.at];
      if (b === PERCENT) {
        while (this.at + 1 < data.length && data[this.at + 1] !== LF && data[this.at + 1] !== CR) this.at++;
      } else if (!(BYTE[b] & 1)) {
        return;
      }
    }
  }

  /** Takes a keyword, if it stands here as a whole word. @param {string} word */
  takes(word) {
    this.skip();
    const end = this.at + word.length;
    for (let i = 0; i < word.length; i++) if (this.data[this.at + i] !== word.charCodeAt(i)) return false;
    if (end < this.data.length && !(BYTE[this.data[end]] & 3)) return false;
    this.at = end;
    return true;
  }

  /** @param {string} word */
  keyword(word) {
    need(this.takes(word), "a keyword is missing");
  }

  /** 1 to 10 digits. */
  integer() {
    this.skip();
    const start = this.at;
    let value = 0;
    for (; BYTE[this.data[this.at]] & 4; this.at++) value = 10 * value + this.data[this.at] - 48;
    need(this.at > start && this.at - start <= 10, "a number is missing");
    return value;
  }

  /** @returns {any} */
  object(deeper = 64) {
    need(deeper >= 0, "objects lie too deep in each other");
    this.skip();
    switch (this.data[this.at]) {
      case SLASH:
        return new Name(this.name());
      case OPEN:
        return this.literal();
      case BEGIN:
        return this.array(deeper);
      case LESS:
        return this.data[this.at + 1] === LESS ? this.dictionary(deeper) : this.hexadecimal();
      default:
        return this.word();
    }
  }

  name() {
    const { data } = this;
    let text = "";
    for (this.at++; this.at < data.length && !(BYTE[data[this.at]] & 3);) {
      let b = data[this.at++];
      if (b === HASH) {
        need(BYTE[data[this.at]] & 16 && BYTE[data[this.at + 1]] & 16, "a name is written wrongly");
        b = parseInt(String.fromCharCode(data[this.at], data[this.at + 1]), 16);
        this.at += 2;
      }
      text += String.fromCharCode(b);
      need(text.length <= 512, "a name is too long");
    }
    return text;
  }

  literal() {
    const { data } = this;
    /** @type {number[]} */
    const out = [];
    let open = 1;
    for (this.at++; this.at < data.length; this.at++) {
      let b = data[this.at];
      if (b === BACKSLASH && this.at + 1 < data.length) {
        b = data[++this.at];
        if (b >= 48 && b <= 55) {
          let code = 0;
          const end = Math.min(this.at + 3, data.length);
          for (; this.at < end && data[this.at] >= 48 && data[this.at] <= 55; this.at++) code = 8 * code + data[this.at] - 48;
          this.at--;
          out.push(code & 255);
        } else if (b === CR) {
          if (data[this.at + 1] === LF) this.at++;
        } else if (b !== LF) {
          out.push(STRING_ESCAPES.get(b) ?? b);
        }
        continue;
      }
      if (b === OPEN) open++;
      if (b === CLOSE && --open === 0) {
        this.at++;
        return new Str(Uint8Array.from(out));
      }
      if (b === CR && data[this.at + 1] === LF) this.at++;
      out.push(b === CR ? LF : b);
    }
    throw new Fault("a string does not end");
  }

  hexadecimal() {
    const { data } = this;
    let digits = "";
    for (this.at++; data[this.at] !== GREATER; this.at++) {
      need(this.at < data.length && BYTE[data[this.at]] & 17, "a string is written wrongly, or does not end");
      if (BYTE[data[this.at]] & 16) digits += String.fromCharCode(data[this.at]);
    }
    this.at++;
    return new Str(unhex(digits.length % 2 === 0 ? digits : `${digits}0`));
  }

  /** @param {number} deeper */
  array(deeper) {
    const items = [];
    this.at++;
    for (this.skip(); this.data[this.at] !== END; this.skip()) {
      items.push(this.object(deeper - 1));
      need(items.length <= 4_000_000, "an array is too long");
    }
    this.at++;
    return items;
  }

  /** @param {number} deeper */
  dictionary(deeper) {
    /** @type {Dictionary} */
    const entries = new Map();
    this.at += 2;
    for (this.skip(); this.data[this.at] !== GREATER || this.data[this.at + 1] !== GREATER; this.skip()) {
      need(this.data[this.at] === SLASH, "a dictionary is written wrongly");
      const key = this.name();
      const value = this.object(deeper - 1);
      need(!entries.has(key), "a dictionary has a key twice");
      entries.set(key, value);
    }
    this.at += 2;
    return entries;
  }

  word() {
    const { data } = this;
    const start = this.at;
    let kinds = 0;
    for (; this.at < data.length && !(BYTE[data[this.at]] & 3); this.at++) {
      kinds |= BYTE[data[this.at]] & 12 || 32;
      need(this.at - start < 64, "something is no PDF object");
    }
    need(this.at > start, "something is no PDF object");
    const word = String.fromCharCode(...data.subarray(start, this.at));
    if (word === "null") return null;
    need(!(kinds & 32) || word === "true" || word === "false", "something is no PDF object");
    if (kinds === 4 && word.length <= 10) {
      const after = this.at;
      this.skip();
      const second = this.at;
      let generation = 0;
      for (; BYTE[data[this.at]] & 4 && this.at - second < 6; this.at++) generation = 10 * generation + data[this.at] - 48;
      if (this.at > second && this.at - second <= 5 && this.takes("R")) {
        need(Number(word) <= MOST_OBJECTS, "an object of too high a number is named");
        return new Ref(Number(word), generation);
      }
      this.at = after;
    }
    return new Token(word);
  }
}

const isName = (/** @type {any} */ value, /** @type {string[]} */ ...names) => value instanceof Name && names.includes(value.text);
const isDictionary = (/** @type {any} */ value) => value instanceof Map;

/** A number: a token of digits alone. @param {any} value @param {number} most */
function aNumber(value, most) {
  need(value instanceof Token && /^[0-9]+$/.test(value.text) && Number(value.text) <= most, "a number is none that can be");
  return Number(value.text);
}

/** A value and all that lies directly inside it; of a stream, its dictionary, too. @param {any} value */
function* everythingIn(value) {
  const stack = [value];
  while (stack.length > 0) {
    const one = stack.pop();
    yield one;
    if (one instanceof Stream) stack.push(one.dictionary);
    else if (one instanceof Map) for (const inner of one.values()) stack.push(inner);
    else if (Array.isArray(one)) for (const inner of one) stack.push(inner);
  }
}

// ---------------------------------------------------------------- Reading P0: the file

const READING = Symbol("an object that is being read");

/** Everything in a fair copy. */
class Pdf {
  /** @param {Bytes} data */
  constructor(data) {
    this.data = data;
    /** @type {Map<number, Place|null>} By number; null where it is free. */
    this.places = new Map();
    /** @type {Map<number, any>} */
    this.objects = new Map();
    /** @type {Map<number, Map<number, any>>} */
    this.members = new Map();
    /** @type {Set<number>} */
    this.hidden = new Set();
    this.unpacked = 0;
    this.taken = 0;
    this.listed = 0;
    this.depth = 0;
    /** @type {Dictionary} */
    this.trailer = new Map();
    this.kind = "";
    need(data.length >= 9 && data.length <= 100_000_000 && /^%PDF-[0-9]\.$/.test(fromLatin1(data.subarray(0, 7))), "it does not begin with %PDF at its first byte");
    this.startxref = this.findStart();
    this.readSections();
    this.highest = this.readObjects();
  }

  findStart() {
    const { data } = this;
    let end = data.length;
    while (end > 0 && data.length - end <= 64 && BYTE[data[end - 1]] & 1) end--;
    need(data.length - end <= 64 && end >= 30 && startsWith(data.subarray(0, end), latin1("%%EOF"), end - 5), "it does not end with %%EOF");
    const at = lastIndexOf(data.subarray(0, end), latin1("startxref"));
    need(at >= Math.max(0, end - 64), "startxref is missing at its end");
    const parser = new Parser(data, at + 9);
    const start = parser.integer();
    while (BYTE[data[parser.at]] & 1) parser.at++;
    need(parser.at === end - 5, "something stands between startxref and %%EOF");
    return start;
  }

  readSections() {
    const seen = new Set();
    for (let at = /** @type {number|null} */ (this.startxref); at !== null;) {
      need(at > 0 && at < this.data.length && !seen.has(at) && seen.size < 1000, "its cross-reference does not stand where it should");
      seen.add(at);
      /** @type {Map<number, Place|null>} */
      const section = new Map();
      const parser = new Parser(this.data, at);
      const isTable = parser.takes("xref");
      const trailer = isTable ? this.table(parser, section) : this.xrefStream(at, section);
      if (seen.size === 1) [this.trailer, this.kind] = [trailer, isTable ? "table" : "stream"];
      const hidden = trailer.has("XRefStm") ? this.hybrid(trailer, section) : [];
      for (const number of hidden) this.hidden.add(number);
      for (const [number, place] of section) {
        const known = this.places.get(number);
        need(!place || known === undefined || !this.hidden.has(number) || samePlace(known, place), "its two lists of objects differ");
        if (known === undefined) this.places.set(number, number > 0 ? place : null);
      }
      at = trailer.has("Prev") ? aNumber(trailer.get("Prev"), this.data.length) : null;
    }
  }

  /** Counts what the lists of all sections name: many may lie in the same bytes. @param {number} first @param {number} count */
  list(first, count) {
    this.listed += count;
    need(first + count <= MOST_OBJECTS && this.listed <= 4_000_000, "it has more objects than are taken");
  }

  /** @param {Parser} parser @param {Map<number, Place|null>} section @returns {Dictionary} */
  table(parser, section) {
    while (!parser.takes("trailer")) {
      const [first, count] = [parser.integer(), parser.integer()];
      this.list(first, count);
      for (let number = first; number < first + count; number++) {
        const [at, more] = [parser.integer(), parser.integer()];
        const used = parser.takes("n");
        need(used || parser.takes("f"), "its cross-reference table is damaged");
        need(!used || at === 0 || more <= 65_535, "an object has a generation that cannot be");
        if (!section.has(number)) section.set(number, used && at > 0 ? { kind: 1, at, more } : null);
      }
    }
    const trailer = parser.object();
    need(isDictionary(trailer) && !trailer.has("Encrypt"), "its trailer is none, or it is encrypted");
    return trailer;
  }

  /** @param {number} offset @param {Map<number, Place|null>} section @returns {Dictionary} */
  xrefStream(offset, section) {
    const stream = this.indirect(offset).value;
    need(stream instanceof Stream && isName(stream.dictionary.get("Type"), "XRef"), "its cross-reference is none");
    const { dictionary } = stream;
    const widths = dictionary.get("W");
    need(Array.isArray(widths) && widths.length === 3 && !dictionary.has("Encrypt"), "its cross-reference has no widths, or it is encrypted");
    const [a, b, c] = widths.map((/** @type {any} */ width) => aNumber(width, 8));
    need(a + b + c > 0, "its cross-reference has entries of no bytes");
    const size = aNumber(dictionary.get("Size"), MOST_OBJECTS + 1);
    const listed = dictionary.get("Index");
    const index = Array.isArray(listed) ? listed.map((item) => aNumber(item, MOST_OBJECTS + 1)) : [0, size];
    const data = this.unpack(stream);
    let at = 0;
    const field = (/** @type {number} */ width) => {
      at += width;
      if (width > 6) {
        const large = bigEndian(data.subarray(at - width, at));
        need(large < 2n ** 63n, "a field of its cross-reference is too large");
        return /** @type {number} */ (plainInteger(large));
      }
      let value = 0;
      for (let i = at - width; i < at; i++) value = 256 * value + data[i];
      return value;
    };
    for (let i = 0; i + 1 < index.length; i += 2) {
      const [first, count] = [index[i], index[i + 1]];
      this.list(first, count);
      need(at + count * (a + b + c) <= data.length, "its cross-reference stream is too short");
      for (let number = first; number < first + count; number++) {
        const kind = a === 0 ? 1 : field(a);
        const [second, third] = [field(b), field(c)];
        need(kind <= 2 && (kind !== 1 || third <= 65_535), "its cross-reference stream holds an entry that cannot be");
        need(kind !== 2 || (second > 0 && second < MOST_OBJECTS && third < MOST_OBJECTS), "its cross-reference stream holds an entry that cannot be");
        if (!section.has(number)) section.set(number, kind === 0 ? null : { kind: /** @type {1|2} */ (kind), at: second, more: third });
      }
    }
    return dictionary;
  }

  /** What the stream of a hybrid file adds to a section; the answer is which numbers are hidden. @param {Dictionary} trailer @param {Map<number, Place|null>} section */
  hybrid(trailer, section) {
    const more = new Map();
    this.xrefStream(aNumber(trailer.get("XRefStm"), this.data.length - 1), more);
    const hidden = [];
    for (const [number, place] of more) {
      if (!place || number === 0) continue;
      const listed = section.get(number);
      need(!listed || samePlace(listed, place), "its two lists of objects differ");
      if (listed || (this.places.has(number) && !this.hidden.has(number))) continue;
      section.set(number, place);
      hidden.push(number);
    }
    return hidden;
  }

  /** The indirect object at an offset, and where it ends. @param {number} offset */
  indirect(offset) {
    const { data } = this;
    need(offset > 0 && offset < data.length, "an object does not stand where the cross-reference says");
    const parser = new Parser(data, offset);
    const [number, generation] = [parser.integer(), parser.integer()];
    parser.keyword("obj");
    let value = parser.object();
    if (isDictionary(value) && parser.takes("stream")) {
      if (data[parser.at] === CR) parser.at++;
      need(data[parser.at] === LF, "a stream begins wrongly");
      const start = parser.at + 1;
      parser.at = start + aNumber(this.once(value.get("Length")), data.length - start);
      value = new Stream(value, data.subarray(start, parser.at));
      parser.keyword("endstream");
    }
    parser.keyword("endobj");
    return { number, generation, value, end: parser.at };
  }

  /** A value, direct or behind one reference. @param {any} value */
  once(value) {
    return value instanceof Ref ? this.load(value.number) : value;
  }

  /** @param {Stream} stream @returns {Bytes} */
  unpack(stream) {
    const only = (/** @type {string} */ key) => {
      const value = this.once(stream.dictionary.get(key));
      return Array.isArray(value) && value.length === 1 ? this.once(value[0]) : value;
    };
    const filter = only("Filter") ?? null;
    if (filter === null) return stream.data;
    const parameters = only("DecodeParms") ?? null;
    need(isName(filter, "FlateDecode") && (parameters === null || isDictionary(parameters)), "its structure is packed in a way that is not read here");
    const { data } = unpack(stream.data, 64_000_000 - this.unpacked);
    this.unpacked += data.length;
    const predictor = aNumber(parameters?.get("Predictor") ?? new Token("1"), 15);
    if (predictor === 1) return data;
    need(predictor >= 10, "its structure is packed in a way that is not read here");
    return unpredict(data, aNumber(parameters.get("Columns") ?? new Token("1"), 65_535));
  }

  /** The object in use of a number; null where none is. @param {number} number @returns {any} */
  load(number) {
    const place = this.places.get(number);
    if (!place) return null;
    const known = this.objects.get(number);
    need(known !== READING, "an object needs itself to be read");
    if (known !== undefined) return known;
    this.objects.set(number, READING);
    need(++this.depth <= 200, "an object needs too many others to be read");
    let value;
    if (place.kind === 1) {
      const found = this.indirect(place.at);
      need(found.number === number && found.generation === place.more, "at an offset stands another object than the cross-reference says");
      this.taken += found.end - place.at;
      need(this.taken <= this.data.length, "its objects overlap");
      value = found.value;
    } else {
      let members = this.members.get(place.at);
      if (!members) this.members.set(place.at, members = this.objectStream(place.at));
      value = members.get(number);
      need(value !== undefined, "an object is not in the object stream that should hold it");
    }
    this.depth--;
    this.objects.set(number, value);
    return value;
  }

  /** @param {number} number */
  objectStream(number) {
    need(this.places.get(number)?.kind === 1, "an object stream is none");
    const stream = this.load(number);
    need(stream instanceof Stream && isName(stream.dictionary.get("Type"), "ObjStm"), "an object stream is none");
    const data = this.unpack(stream);
    const count = aNumber(this.once(stream.dictionary.get("N")), MOST_OBJECTS);
    const first = aNumber(this.once(stream.dictionary.get("First")), data.length);
    const list = new Parser(data);
    const members = new Map();
    let taken = 0;
    for (let i = 0; i < count; i++) {
      const [member, at] = [list.integer(), list.integer() + first];
      need(member <= MOST_OBJECTS && at <= data.length && !members.has(member), "an object stream is damaged");
      const parser = new Parser(data, at);
      members.set(member, parser.object());
      taken += parser.at - at;
      need(taken <= data.length, "the objects of an object stream overlap");
    }
    return members;
  }

  /** Reads every object in use; the answer is the highest number that is defined or named anywhere. */
  readObjects() {
    const size = aNumber(this.trailer.get("Size"), MOST_OBJECTS + 1);
    let highest = size - 1;
    const note = (/** @type {any} */ whole) => {
      for (const value of everythingIn(whole)) {
        if (!(value instanceof Ref)) continue;
        need(!this.places.get(value.number) || value.generation === this.generationOf(value.number), "an object is named with another generation than it has");
        highest = Math.max(highest, value.number);
      }
    };
    for (const [number, place] of this.places) need(!place || number < size, "it lists objects beyond the number that it says it has");
    for (const [number, place] of this.places) if (place) note(this.load(number));
    note(this.trailer);
    return highest;
  }

  /** What a value or a reference stands for. @param {any} value */
  get(value) {
    for (let hops = 0; value instanceof Ref; hops++) {
      need(hops <= 16, "references lead in a circle");
      value = this.load(value.number);
    }
    return value ?? null;
  }

  /** The dictionary behind a value, a stream's too; null where there is none. @param {any} value @returns {Dictionary|null} */
  dictionary(value) {
    const found = this.get(value);
    return found instanceof Stream ? found.dictionary : isDictionary(found) ? found : null;
  }

  /** @param {number} number */
  generationOf(number) {
    const place = this.places.get(number);
    return place?.kind === 1 ? place.more : 0;
  }
}

/** @param {Place|null} a @param {Place} b */
function samePlace(a, b) {
  return a !== null && a.kind === b.kind && a.at === b.at && a.more === b.more;
}

/** PNG predictors (RFC 2083 §6), one byte a sample. @param {Bytes} data @param {number} columns */
function unpredict(data, columns) {
  const rows = data.length / (columns + 1);
  need(columns > 0 && Number.isInteger(rows), "a packed part of its structure has broken rows");
  const out = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const kind = data[row * (columns + 1)];
    need(kind <= 4, "a packed part of its structure uses no known predictor");
    for (let i = 0; i < columns; i++) {
      const at = row * columns + i;
      const left = i > 0 ? out[at - 1] : 0;
      const up = row > 0 ? out[at - columns] : 0;
      const corner = i > 0 && row > 0 ? out[at - columns - 1] : 0;
      const guess = kind === 0 ? 0 : kind === 1 ? left : kind === 2 ? up : kind === 3 ? (left + up) >> 1 : paeth(left, up, corner);
      out[at] = data[row * (columns + 1) + 1 + i] + guess;
    }
  }
  return out;
}

/** @param {number} left @param {number} up @param {number} corner */
function paeth(left, up, corner) {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

// ---------------------------------------------------------------- What may be sealed

const OF_PRODUCERS = "ITXT JT u2pMat ProcSet CreationDate pdftk_PageNum";
const keySet = (/** @type {string} */ keys) => new Set(keys.split(" "));
const CATALOG_KEYS = keySet(`Type Version Extensions Pages PageLabels Names Dests ViewerPreferences PageLayout PageMode Outlines OpenAction URI Metadata \
StructTreeRoot MarkInfo Lang SpiderInfo OutputIntents PieceInfo LastModified AcroForm Threads ${OF_PRODUCERS}`);
const TREE_KEYS = keySet("Type Parent Kids Count Resources MediaBox CropBox Rotate");
const PAGE_KEYS = keySet(`Type Parent LastModified Resources MediaBox CropBox BleedBox TrimBox ArtBox BoxColorInfo Contents Rotate Group Thumb B Annots Metadata \
PieceInfo StructParents ID PZ SeparationInfo Tabs UserUnit Dur Trans ${OF_PRODUCERS}`);
const LINK_KEYS = keySet("Type Subtype Rect Contents P NM M F Border C StructParent A Dest H PA QuadPoints BS CA ca Lang T AAPL:AKExtras");

/** @param {Dictionary} dictionary @param {Set<string>} keys */
function onlyKnown(dictionary, keys) {
  for (const [key, value] of dictionary) need(value === null || keys.has(key), `it holds /${key}, which is not known to be harmless`);
}

/** A token that is a decimal number, as a double; null otherwise. @param {any} value */
function decimal(value) {
  return value instanceof Token && /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/.test(value.text) ? Number(value.text) : null;
}

/** @typedef {{number: number, dictionary: Dictionary, crop: number[], rotation: number}} Page */

/** A fair copy that may be sealed, and its pages; a fault for any other. */
class FairCopy {
  /** @param {Bytes} data */
  constructor(data) {
    const pdf = this.pdf = new Pdf(data);
    /** @type {Page[]} */
    this.pages = [];
    for (const [number, place] of pdf.places) {
      if (!place) continue;
      for (const value of everythingIn(pdf.load(number))) {
        need(!(value instanceof Stream) || !value.dictionary.has("F"), "it takes part of its content from another file");
        if (isDictionary(value)) this.checkObject(value);
      }
    }
    this.root = pdf.trailer.get("Root");
    const catalog = pdf.dictionary(this.root);
    need(this.root instanceof Ref && catalog, "it has no catalog");
    this.catalog = /** @type {Dictionary} */ (catalog);
    this.checkCatalog();
    this.walkPages();
    if (pdf.hidden.size > 0) this.checkHidden();
  }

  /** @param {Dictionary} d */
  checkObject(d) {
    if (d.size === 0) return;
    const [type, field, action] = ["Type", "FT", "S"].map((key) => (d.has(key) ? this.pdf.get(d.get(key)) : null));
    need(!isName(type, "Sig", "DocTimeStamp") && !(d.has("ByteRange") && d.has("Contents")) && !isName(field, "Sig"), "it is signed already");
    need(!isName(type, "EmbeddedFile", "Filespec", "F") && !d.has("EF"), "it holds an attached file");
    need(!isName(type, "OCG", "OCMD") && !(d.has("OC") && (isName(type, "XObject") || d.has("Subtype"))), "it has layers");
    need(!isName(action, "JavaScript", "Launch") && !(isName(type, "Action") && d.has("JS")), "it runs a program");
    need(!(d.has("Alternates") && isName(this.pdf.get(d.get("Subtype")), "Image")), "it holds alternate pictures");
  }

  /** @param {Dictionary} action */
  checkAction(action) {
    const kind = this.pdf.get(action.get("S"));
    need(!action.has("Next") && isName(kind, "GoTo", "URI"), "it does something when it is opened or clicked");
    if (isName(kind, "GoTo")) return;
    const uri = this.pdf.get(action.get("URI"));
    need(uri instanceof Str && /^(?:https?:\/\/|mailto:)/i.test(fromLatin1(uri.bytes.subarray(0, 8))), "it links to an address of another kind than http, https and mailto");
  }

  checkCatalog() {
    const { pdf, catalog } = this;
    onlyKnown(catalog, CATALOG_KEYS);
    const [opened, names, form] = ["OpenAction", "Names", "AcroForm"].map((key) => pdf.get(catalog.get(key)));
    if (isDictionary(opened)) this.checkAction(opened);
    for (const [key, value] of isDictionary(names) ? names : []) {
      if (["Dests", "IDS", "URLS"].includes(key) || value === null) continue;
      const tree = pdf.get(value);
      const empty = isDictionary(tree) && ["Names", "Kids"].every((inner) => (pdf.get(tree.get(inner)) ?? []).length === 0);
      need(empty, "it names something that is not known to be harmless");
    }
    if (isDictionary(form)) {
      const fields = pdf.get(form.get("Fields"));
      need(!["XFA", "NeedAppearances", "CO", "SigFlags"].some((key) => form.has(key)) && Array.isArray(fields) && fields.length === 0, "it holds a form");
    }
    const outlines = pdf.dictionary(catalog.get("Outlines"));
    const seen = new Set();
    const stack = outlines ? [outlines.get("First")] : [];
    while (stack.length > 0) {
      const item = pdf.dictionary(stack.pop());
      if (!item || seen.has(item)) continue;
      seen.add(item);
      need(seen.size <= 100_000 && !item.has("AA"), "its outline is too long, or acts");
      const action = pdf.dictionary(item.get("A"));
      if (action) this.checkAction(action);
      stack.push(item.get("Next"), item.get("First"));
    }
  }

  walkPages() {
    const { pdf } = this;
    const seen = new Set();
    /** @type {[any, number|null, number, Record<string, any>][]} */
    const stack = [[this.catalog.get("Pages"), null, 0, {}]];
    while (stack.length > 0) {
      const [ref, parent, level, above] = /** @type {any} */ (stack.pop());
      const node = pdf.dictionary(ref);
      need(ref instanceof Ref && node && !seen.has(ref.number) && level <= 64, "its page tree is not in order");
      seen.add(ref.number);
      const up = node?.get("Parent");
      need(parent === null || (up instanceof Ref && up.number === parent), "a page names another parent than the one that names it");
      const inherited = { ...above };
      for (const key of ["MediaBox", "CropBox", "Rotate"]) inherited[key] = node?.get(key) ?? above[key] ?? null;
      const kids = pdf.get(node?.get("Kids"));
      if (Array.isArray(kids)) {
        onlyKnown(/** @type {Dictionary} */ (node), TREE_KEYS);
        for (const kid of kids.toReversed()) stack.push([kid, ref.number, level + 1, inherited]);
      } else {
        this.checkPage(/** @type {Dictionary} */ (node));
        this.pages.push({ number: ref.number, dictionary: /** @type {Dictionary} */ (node), ...this.shape(inherited) });
        need(this.pages.length <= 20_000, "it has too many pages");
      }
    }
    need(this.pages.length > 0, "there is no page");
  }

  /** @param {Dictionary} page */
  checkPage(page) {
    const { pdf } = this;
    const [type, unit, annotations] = ["Type", "UserUnit", "Annots"].map((key) => pdf.get(page.get(key)));
    need(isName(type, "Page"), "something stands in its page tree that is no page");
    onlyKnown(page, PAGE_KEYS);
    need(!(unit instanceof Token) || unit.text === "1" || unit.text === "1.0", "it holds /UserUnit, which is not known to be harmless");
    need(annotations === null || Array.isArray(annotations), "its annotations are no list");
    for (const item of annotations ?? []) {
      if (pdf.get(item) === null) continue; // no reader shows it
      const link = pdf.dictionary(item);
      need(link && isName(pdf.get(link.get("Subtype")), "Link"), "it holds a comment, stamp or other annotation");
      onlyKnown(/** @type {Dictionary} */ (link), LINK_KEYS);
      for (const action of ["A", "PA"].map((key) => pdf.dictionary(link?.get(key)))) if (action) this.checkAction(action);
    }
  }

  /** @param {any} value */
  box(value) {
    const found = this.pdf.get(value);
    const numbers = Array.isArray(found) && found.length === 4 ? found.map((one) => decimal(this.pdf.get(one))) : [null];
    if (numbers.some((n) => n === null || Math.abs(n) >= 1e9)) return null;
    const [a, b, c, d] = /** @type {number[]} */ (numbers);
    return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  }

  /** The crop box and the rotation of a page. @param {Record<string, any>} inherited */
  shape(inherited) {
    const media = this.box(inherited.MediaBox);
    if (!media) throw new Fault("a page has no size");
    const other = this.box(inherited.CropBox) ?? media;
    let crop = [Math.max(media[0], other[0]), Math.max(media[1], other[1]), Math.min(media[2], other[2]), Math.min(media[3], other[3])];
    if (crop[2] - crop[0] < 1 || crop[3] - crop[1] < 1) crop = media;
    for (const side of [crop[2] - crop[0], crop[3] - crop[1]]) need(side >= 1 && side <= 100_000, "a page has no size");
    const turn = decimal(this.pdf.get(inherited.Rotate)) ?? 0;
    need(turn % 90 === 0 && Math.abs(turn) <= 36_000, "a page is turned by no quarter");
    return { crop, rotation: ((turn % 360) + 360) % 360 };
  }

  /** Nothing that one list alone names is reached, but from the structure tree. */
  checkHidden() {
    const { pdf } = this;
    const seen = new Set([this.root.number]);
    const stack = [...this.catalog].filter(([key]) => key !== "StructTreeRoot").map(([, value]) => value);
    stack.push(pdf.trailer.get("Info"));
    while (stack.length > 0) {
      for (const value of everythingIn(stack.pop())) {
        if (!(value instanceof Ref) || seen.has(value.number)) continue;
        seen.add(value.number);
        stack.push(pdf.load(value.number));
      }
    }
    for (const number of seen) need(!pdf.hidden.has(number), "its pages need parts that only one of its two lists names");
  }
}

// ---------------------------------------------------------------- the seal: finding it

const SEAL_BEGINS = latin1("%Countersign-Seal 1 ");
const RECEIPT_NAME = "countersign-receipt.cose";
const CONTENTS = 8192; // hexadecimal digits

/**
 * The length of the fair copy, and where the receipt stands; null when nothing claims to be a seal.
 * @param {Bytes} file
 */
function findSeal(file) {
  const last = lastIndexOf(file, SEAL_BEGINS);
  if (last < 0) {
    if (indexOf(file, latin1(RECEIPT_NAME)) >= 0) throw altered("altered.mark");
    return null;
  }
  for (let at = last, tries = 0; at >= 0 && tries < 64; at = lastIndexOf(file, SEAL_BEGINS, at), tries++) {
    const line = /^(0|[1-9][0-9]{0,8}) (0|[1-9][0-9]{0,6})\n/.exec(fromLatin1(file.subarray(at + SEAL_BEGINS.length, at + 64)));
    if (!line) continue;
    const [length, bytes] = [Number(line[1]), Number(line[2])];
    if (length > 100_000_000 || bytes > 4_194_304 || (at - length !== 0 && at - length !== 1)) continue;
    const end = at + SEAL_BEGINS.length + line[0].length;
    const start = indexOf(file, latin1("stream\n"), end, Math.min(file.length, end + 512)) + 7;
    if (start < 7 || start + bytes > file.length) throw altered("altered.no-receipt");
    return { length, start, end: start + bytes };
  }
  throw altered("altered.line");
}

// ---------------------------------------------------------------- The mark

/** @typedef {{reference: string, kind: string, time: string, domain: string, exercise: boolean, address: string, place: {page: number, place: string}|null}} Plan */

const GF_EXP = [1];
for (let i = 0; i < 254; i++) GF_EXP.push((GF_EXP[i] << 1) ^ (GF_EXP[i] & 128 ? 0x11d : 0));
const GF_LOG = GF_EXP.reduce((logs, value, at) => logs.with(value, at), /** @type {number[]} */ (Array(256).fill(0)));
const gfMultiply = (/** @type {number} */ a, /** @type {number} */ b) => (a && b ? GF_EXP[(GF_LOG[a] + GF_LOG[b]) % 255] : 0);

/** The remainder of a block divided by the polynomial with the roots 2^0 … 2^17. @param {number[]} block */
function checkCodewords(block) {
  let generator = [1];
  for (const root of GF_EXP.slice(0, 18)) generator = [...generator, 0].map((a, i) => a ^ (i > 0 ? gfMultiply(root, generator[i - 1]) : 0));
  const rest = [...block, ...Array(18).fill(0)];
  block.forEach((_, i) => {
    const factor = rest[i];
    generator.forEach((coefficient, j) => {
      rest[i + j] ^= gfMultiply(coefficient, factor);
    });
  });
  return rest.slice(-18);
}

/** QR version 7, level M, byte mode, mask 0: 45 rows of 45 modules, true is dark. @param {string} data ASCII */
function qrRows(data) {
  need(data.length <= 122, "the mark's code is too long");
  const binary = (/** @type {number} */ n) => n.toString(2).padStart(8, "0");
  const bits = `0100${binary(data.length)}${[...latin1(data)].map(binary).join("")}0000`;
  /** @type {number[]} */
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).padEnd(8, "0"), 2));
  for (let i = 0; words.length < 124; i++) words.push(i % 2 ? 0x11 : 0xec);
  const blocks = [0, 31, 62, 93].map((at) => words.slice(at, at + 31));
  const columns = (/** @type {number[][]} */ rows) => rows[0].flatMap((_, i) => rows.map((row) => row[i]));
  const modules = [...columns(blocks), ...columns(blocks.map(checkCodewords))].map(binary).join("");

  /** @type {(boolean|undefined)[][]} */
  const grid = Array.from({ length: 45 }, () => Array(45).fill(undefined));
  const put = (/** @type {number} */ row, /** @type {number} */ column, /** @type {unknown} */ dark) => {
    if (row >= 0 && row < 45 && column >= 0 && column < 45) grid[row][column] = Boolean(dark);
  };
  for (let i = 0; i < 45; i++) {
    put(6, i, i % 2 === 0);
    put(i, 6, i % 2 === 0);
  }
  const square = (/** @type {number} */ row, /** @type {number} */ column, /** @type {number} */ reach, /** @type {number[]} */ ...light) => {
    for (let dy = -reach; dy <= reach; dy++) for (let dx = -reach; dx <= reach; dx++) put(row + dy, column + dx, !light.includes(Math.max(Math.abs(dy), Math.abs(dx))));
  };
  for (const [row, column] of [[3, 3], [3, 41], [41, 3]]) square(row, column, 4, 2, 4);
  for (const row of [6, 22, 38]) for (const column of [6, 22, 38]) if (row + column !== 12 && row + column !== 44 || row === column) square(row, column, 2, 1);
  for (const [row, column] of [[3, 3], [3, 41], [41, 3]]) square(row, column, 4, 2, 4); // finders stand above alignment
  for (let i = 0; i < 15; i++) { // format, bit i from the lowest, in both places
    const bit = (0x5412 >> i) & 1;
    if (i < 8) put(i < 6 ? i : i + 1, 8, bit);
    else put(8, i === 8 ? 7 : 14 - i, bit);
    if (i < 8) put(8, 44 - i, bit);
    else put(30 + i, 8, bit);
  }
  put(37, 8, true);
  for (let i = 0; i < 18; i++) { // version
    const bit = (0x07c94 >> i) & 1;
    put(Math.floor(i / 3), 34 + (i % 3), bit);
    put(34 + (i % 3), Math.floor(i / 3), bit);
  }
  let next = 0;
  for (let right = 44, upward = true; right > 0; right -= 2, upward = !upward) {
    if (right === 6) right = 5;
    for (let step = 0; step < 45; step++) {
      const row = upward ? 44 - step : step;
      for (const column of [right, right - 1]) {
        if (grid[row][column] === undefined) grid[row][column] = (modules[next++] === "1") !== ((row + column) % 2 === 0);
      }
    }
  }
  return grid;
}

/** @param {Plan} plan */
function markDrawing(plan) {
  const lines = ["q", "1 g", "0 0 170 60 re f", "0 g", "0 G", "0.5 w", "0.25 0.25 169.5 59.5 re S", "q", "1.08 0 0 1.08 5.7 5.7 cm"];
  qrRows(plan.address).forEach((row, y) => {
    for (let column = 0; column < 45; column++) {
      let run = 0;
      while (row[column + run]) run++;
      if (run > 0) lines.push(`${column} ${44 - y} ${run} 1 re`);
      column += run;
    }
  });
  lines.push("f", "Q", "BT");
  let y = 48;
  const line = (/** @type {string} */ font, /** @type {number} */ lead, /** @type {string} */ said) => {
    lines.push(`/${font} Tf`, `1 0 0 1 60 ${y} Tm`, `(${said.replace(/[\\()]/g, "\\$&")}) Tj`);
    y -= lead;
  };
  if (plan.exercise) line("F2 10", 11, "EXERCISE");
  line("F2 9", 11, plan.reference);
  line("F1 7", 9, `${plan.kind}, released ${plan.time.slice(0, 10)}`);
  line("F1 5.5", 7, "Check this letter at");
  for (const piece of `https://${plan.domain}/verify`.match(/.{1,38}/g) ?? []) line("F1 5.5", 7, piece);
  return [...lines, "ET", "Q", ""].join("\n");
}

/** A double with at most two decimals, half away from zero. @param {number} value */
function twoDecimals(value) {
  const hundredths = Math.abs(value) * 100;
  const whole = Math.floor(hundredths) + (hundredths - Math.floor(hundredths) >= 0.5 ? 1 : 0);
  const digits = `${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, "0")}`;
  return (value < 0 ? "-" : "") + digits.replace(/\.?0+$/, (end) => (end.startsWith(".") ? "" : digits.includes(".") ? "" : end));
}

/** Matrix and rectangle of the mark, in user space; in doubles, in the order written in the document. @param {Page} page @param {string} place */
function markPlace({ crop: [left, bottom, right, top], rotation }, place) {
  const [w, h, i] = [right - left, top - bottom, 22.68];
  const [width, height] = rotation % 180 === 0 ? [w, h] : [h, w];
  const x = [i, (width - 170) / 2, width - i - 170][PLACES[place][0]];
  const y = [i, (height - 60) / 2, height - i - 60][PLACES[place][1]];
  const rectangle = [
    [left + x, bottom + y, left + x + 170, bottom + y + 60],
    [left + w - y - 60, bottom + x, left + w - y, bottom + x + 170],
    [left + w - x - 170, bottom + h - y - 60, left + w - x, bottom + h - y],
    [left + y, bottom + h - x - 170, left + y + 60, bottom + h - x],
  ][rotation / 90];
  return { matrix: ["1 0 0 1 0 0", "0 1 -1 0 0 0", "-1 0 0 -1 0 0", "0 -1 1 0 0 0"][rotation / 90], rectangle: rectangle.map(twoDecimals).join(" ") };
}

// ---------------------------------------------------------------- The update

/** An object of the fair copy as the update writes it; `before` is what stands in front of it. @param {any} value @param {string} before @returns {string} */
function written(value, before = "") {
  if (value instanceof Name) return `/${value.text.replace(/[^A-Za-z0-9\-_.+*,:;@]/g, (c) => `#${HEX[c.charCodeAt(0)]}`)}`;
  if (value instanceof Str) return `<${hex(value.bytes)}>`;
  if (Array.isArray(value) || isDictionary(value)) {
    const parts = [Array.isArray(value) ? "[" : "<<"];
    for (const inner of Array.isArray(value) ? value : [...value].flatMap(([key, one]) => [new Name(key), one])) parts.push(written(inner, parts[parts.length - 1]));
    return parts.join("") + (Array.isArray(value) ? "]" : ">>");
  }
  const word = value === null ? "null" : value instanceof Ref ? `${value.number} ${value.generation} R` : value.text;
  return (before === "" || "[]<>()".includes(before[before.length - 1]) ? "" : " ") + word;
}

/** The update that belongs to a fair copy, a receipt and a plan, as far as its cross-reference. Numbers in comments are those of the document. */
class Update {
  /** @param {FairCopy} copy @param {Bytes} receipt @param {Plan} plan */
  constructor(copy, receipt, plan) {
    const { pdf, root } = copy;
    const n = pdf.highest + 1;
    const stamp = `D:${plan.time.replace(/[-:T]/g, "")}`;
    this.copy = copy;
    this.xrefNumber = n + 7;
    this.base = pdf.data.length;
    /** @type {Bytes[]} */
    this.parts = [];
    this.length = 0;
    /** @type {Map<number, [number, number]>} Offset and generation of what was written. */
    this.written = new Map();

    let page = copy.pages[0];
    let [bounds, matrix, rectangle, drawing] = ["0 0 0 0", "1 0 0 1 0 0", "0 0 0 0", ""];
    if (plan.place) {
      const { page: number, place } = plan.place;
      if (number !== 1 && number !== copy.pages.length) throw altered("altered.place");
      page = copy.pages[number - 1];
      ({ matrix, rectangle } = markPlace(page, place));
      [bounds, drawing] = ["0 0 170 60", markDrawing(plan)];
    }
    const end = pdf.data[this.base - 1];
    this.put(end === LF || end === CR ? "" : "\n"); // 1
    this.put(`${fromLatin1(SEAL_BEGINS)}${this.base} ${receipt.length}\n`); // 2
    this.begin(n, 0); // 3
    this.put(`<</Type/EmbeddedFile/Subtype/application#2Fcose/Params<</Size ${receipt.length}/ModDate(${stamp})>>/Length ${receipt.length}>>stream\n`, receipt, "\nendstream\nendobj\n");
    this.object(n + 1, `<</Type/Filespec/F(${RECEIPT_NAME})/UF(${RECEIPT_NAME})/EF<</F ${n} 0 R/UF ${n} 0 R>>/AFRelationship/Supplement>>`); // 4
    this.object(n + 2, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"); // 5
    this.object(n + 3, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>");
    this.object(n + 4, `<</Type/XObject/Subtype/Form/BBox[${bounds}]/Matrix[${matrix}]/Resources<</Font<</F1 ${n + 2} 0 R/F2 ${n + 3} 0 R>>>>` // 6
      + `/Length ${drawing.length}>>stream\n${drawing}\nendstream`);
    this.object(n + 5, `<</Type/Annot/Subtype/Widget/FT/Sig/T(countersign-seal)/TU(${plan.reference})/V ${n + 6} 0 R/F 132` // 7
      + `/P ${page.number} ${pdf.generationOf(page.number)} R/Rect[${rectangle}]/AP<</N ${n + 4} 0 R>>>>`);
    this.begin(n + 6, 0); // 8
    this.put(`<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(${stamp})`
      + "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]/ByteRange");
    this.rangeAt = this.length;
    this.put(" ".repeat(48), "/Contents");
    this.contentsAt = this.length; // of the bracket
    this.put(`<${"0".repeat(CONTENTS)}>>>\nendobj\n`);

    const old = (/** @type {string} */ key) => {
      const value = pdf.get(copy.catalog.get(key));
      return new Map(isDictionary(value) ? value : []);
    };
    const annotations = pdf.get(page.dictionary.get("Annots")) ?? [];
    const [widget, specification] = [new Ref(n + 5, 0), new Ref(n + 1, 0)];
    const names = new Map([["Names", [new Str(latin1(RECEIPT_NAME)), specification]]]);
    const changed = new Map([
      [page.number, new Map(page.dictionary).set("Annots", [...annotations, widget])],
      [root.number, new Map(copy.catalog).set("AcroForm", old("AcroForm").set("Fields", [widget]).set("SigFlags", new Token("3")))
        .set("Names", old("Names").set("EmbeddedFiles", names)).set("Perms", new Map([["DocMDP", new Ref(n + 6, 0)]])).set("AF", [specification])],
    ]);
    for (const [number, dictionary] of [...changed].sort(([a], [b]) => a - b)) this.object(number, written(dictionary), pdf.generationOf(number)); // 9
  }

  /** @param {...(string|Bytes)} parts */
  put(...parts) {
    for (const part of parts.map((one) => (typeof one === "string" ? latin1(one) : one))) {
      this.parts.push(part);
      this.length += part.length;
    }
  }

  /** @param {number} number @param {number} generation */
  begin(number, generation) {
    this.written.set(number, [this.base + this.length, generation]);
    this.put(`${number} ${generation} obj\n`);
  }

  /** @param {number} number @param {string} body */
  object(number, body, generation = 0) {
    this.begin(number, generation);
    this.put(`${body}\nendobj\n`);
  }

  /** The whole, with its cross-reference; `own` is H of fair copy and receipt. @param {Bytes} own */
  finish(own) {
    const { pdf } = this.copy;
    const start = this.base + this.length;
    if (pdf.kind === "stream") this.written.set(this.xrefNumber, [start, 0]);
    const all = [...this.written].sort(([a], [b]) => a - b);
    /** @type {[number, number][][]} */
    const runs = [];
    for (const [i, [number]] of all.entries()) {
      if (i === 0 || all[i - 1][0] !== number - 1) runs.push([]);
      runs[runs.length - 1].push(all[i][1]);
    }
    const firsts = all.filter(([number], i) => i === 0 || all[i - 1][0] !== number - 1).map(([number]) => number);
    const reference = (/** @type {Ref} */ ref) => `${ref.number} ${ref.generation} R`;
    const info = pdf.trailer.get("Info");
    const identifiers = pdf.get(pdf.trailer.get("ID"));
    const ours = hex(own.subarray(0, 16));
    const first = Array.isArray(identifiers) && identifiers[0] instanceof Str ? hex(identifiers[0].bytes) : ours;
    const size = Math.max(all[all.length - 1][0], pdf.highest) + 1;
    const last = `/Size ${size}/Root  ${reference(this.copy.root)}${info instanceof Ref ? `/Info  ${reference(info)}` : ""}/ID[<${first}><${ours}>]/Prev ${pdf.startxref}`;
    const pad = (/** @type {number} */ value, /** @type {number} */ digits) => String(value).padStart(digits, "0");
    if (pdf.kind === "table") { // 10
      this.put("xref\n");
      runs.forEach((run, i) => this.put(`${firsts[i]} ${run.length}\n`, ...run.map(([offset, generation]) => `${pad(offset, 10)} ${pad(generation, 5)} n \n`)));
      this.put(`trailer\n<<${last}>>\n`);
    } else {
      const index = runs.map((run, i) => `${firsts[i]} ${run.length}`).join(" ");
      const rows = all.map(([, [offset, generation]]) => Uint8Array.of(1, offset >> 24, offset >> 16, offset >> 8, offset, generation >> 8, generation));
      this.put(`${this.xrefNumber} 0 obj\n<</Type/XRef/W[1 4 2]/Index[${index}]/Length ${7 * all.length}${last}>>stream\n`, ...rows, "\nendstream\nendobj\n");
    }
    this.put(`startxref\n${start}\n%%EOF\n`); // 11
    const bytes = join(...this.parts, new Uint8Array(0));
    const [open, after] = [this.base + this.contentsAt, this.base + this.contentsAt + 2 + CONTENTS];
    bytes.set(latin1(`[0 ${open} ${after} ${this.base + bytes.length - after}]`.padEnd(48)), this.rangeAt);
    return bytes;
  }
}

/**
 * H of a file's beginning and of what stands further behind in it, without a copy of the whole: WebCrypto takes its own copy before it answers, and the
 * bytes that are moved are put back before anybody else could look.
 * @param {Bytes} file @param {number} length @param {number} from @param {number} to
 */
function hashMoved(file, length, from, to) {
  [length, from, to] = [length, from, to].map((at) => Math.min(at, file.length));
  const kept = file.slice(length, to);
  try {
    file.copyWithin(length, from, to);
    return subtle.digest("SHA-256", file.subarray(0, length + to - from)).then((digest) => new Uint8Array(digest));
  } finally {
    file.set(kept, length);
  }
}

// ---------------------------------------------------------------- The CMS

const SHA256_ALGORITHM = unhex("300b0609608648016503040201");
const OID_DATA = unhex("06092a864886f70d010701");
const VERSION_1 = unhex("020101");
const P256_KEY_HEAD = unhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");

/** @param {number} tag @param {...Bytes} parts */
function der(tag, ...parts) {
  const body = join(...parts, new Uint8Array(0));
  const size = body.length < 128 ? 0 : body.length < 256 ? 1 : body.length < 65_536 ? 2 : 3;
  const length = size === 0 ? [body.length] : [0x80 | size, ...[16, 8, 0].slice(3 - size).map((shift) => (body.length >> shift) & 255)];
  return join(Uint8Array.of(tag, ...length), body);
}

/** Where an element's content begins and ends; lengths in their shortest form alone. @param {Bytes} data @param {number} at */
function derItem(data, at) {
  need(at + 2 <= data.length, "DER");
  let [length, start] = [data[at + 1], at + 2];
  if (length >= 128) {
    const size = length & 127;
    need(size >= 1 && size <= 4 && start + size <= data.length, "DER");
    length = Number(bigEndian(data.subarray(start, start + size)));
    start += size;
    need(length >= Math.max(128, 2 ** (8 * (size - 1))), "DER");
  }
  need(start + length <= data.length, "DER");
  return [start, start + length];
}

/** Serial, algorithm, issuer, validity, subject and key of a certificate (RFC 5280 §4.1). @param {Bytes} certificate */
function certificateParts(certificate) {
  let at = derItem(certificate, derItem(certificate, 0)[0])[0];
  if (certificate[at] === 0xa0) [, at] = derItem(certificate, at);
  const parts = [];
  for (let i = 0; i < 6; i++) {
    const [, end] = derItem(certificate, at);
    parts.push(certificate.subarray(at, end));
    at = end;
  }
  return parts;
}

/** Whether 4,096 bytes begin with exactly the CMS that a seal holds, and are zero behind it. @param {Bytes} padded @param {Bytes} certificate @param {Bytes} digest */
async function cmsHolds(padded, certificate, digest) {
  const parts = certificateParts(certificate);
  const hash = await H(certificate);
  const attributes = join(
    der(0x30, unhex("06092a864886f70d010903"), der(0x31, OID_DATA)),
    der(0x30, unhex("06092a864886f70d010904"), der(0x31, der(4, digest))),
    der(0x30, unhex("060b2a864886f70d010910022f"), der(0x31, der(0x30, der(0x30, der(0x30, der(4, hash)))))),
  );
  const build = (/** @type {Bytes} */ signature) => der(0x30, unhex("06092a864886f70d010702"), der(0xa0, der(
    0x30, VERSION_1, der(0x31, SHA256_ALGORITHM), der(0x30, OID_DATA), der(0xa0, certificate), der(0x31, der(
      0x30, VERSION_1, der(0x30, parts[2], parts[0]), SHA256_ALGORITHM, der(0xa0, attributes), unhex("300a06082a8648ce3d040302"), der(4, signature))))));
  for (let length = 8; length <= 72; length++) {
    const size = build(new Uint8Array(length)).length;
    if (size > padded.length || padded.subarray(size).some(Boolean)) continue;
    const signature = padded.subarray(size - length, size);
    const pair = pairOf(signature);
    if (pair === null || !same(build(signature), padded.subarray(0, size))) continue;
    const [r, s] = [bigEndian(pair.subarray(0, 32)), bigEndian(pair.subarray(32))];
    if (r >= P256_ORDER || s > P256_ORDER / 2n) continue;
    return parts[5].length === 91 && startsWith(parts[5], P256_KEY_HEAD) && p256Holds(parts[5].subarray(27), pair, der(0x31, attributes));
  }
  return false;
}

/**
 * Why a file is not, byte for byte, what the seal of this fair copy and this receipt is; null when it is.
 * @param {Bytes} file @param {FairCopy} copy @param {Bytes} receipt @param {Plan} plan @param {Bytes} certificate @param {Promise<Bytes>} own
 */
async function checkSeal(file, copy, receipt, plan, certificate, own) {
  const update = new Update(copy, receipt, plan);
  const { base } = update;
  const digits = base + update.contentsAt + 1;
  const digest = hashMoved(file, digits - 1, digits + CONTENTS + 1, file.length);
  const expected = update.finish(await own);
  const tail = file.subarray(base);
  for (let i = 0; i < Math.min(tail.length, expected.length); i++) {
    if (tail[i] !== expected[i] && (base + i < digits || base + i >= digits + CONTENTS)) throw altered("altered.seal", base + i);
  }
  if (tail.length > expected.length) throw altered("altered.added", base + expected.length);
  if (tail.length < expected.length) throw altered("altered.cut", file.length);
  const cms = fromLatin1(file.subarray(digits, digits + CONTENTS));
  if (!/^[0-9a-f]*$/.test(cms)) throw altered("altered.signature-form", digits);
  let holds = false;
  try {
    holds = await cmsHolds(unhex(cms), certificate, await digest);
  } catch (fault) {
    throw fault instanceof Fault ? altered("altered.certificate-none", base) : fault;
  }
  if (!holds) throw altered("altered.signature", digits);
}

// ---------------------------------------------------------------- the trust file (S6)

const WORDS = `acorn album alder amber anchor apple apron arrow atlas autumn bacon badge bagel bamboo banjo barley basil basket beacon beaver bench berry birch bishop
bottle branch bread bridge bronze brook bucket butter cabin cactus camel candle canoe canvas carbon carpet castle cedar celery chalk cherry chess cider cinema circle
citrus clay cliff clock clover cobalt coffee comet copper coral cotton cradle crane crater cricket crystal cuckoo curtain cymbal daisy dancer delta denim desert diamond
dinner dolphin donkey dragon drum eagle easel echo elbow elder ember engine envoy fabric falcon feather fern fiddle field finch flame flint flute forest fossil fountain
fox galaxy garden garlic gate ginger glacier glass goat granite grape gravel guitar hammer harbor harp hazel helmet heron honey hornet island ivory jacket jasmine jigsaw
juniper kettle kitten ladder lagoon lantern laurel lemon lentil library lilac lily linen lizard lobster locust lotus lumber magnet mango maple marble marsh meadow melon
mirror mitten monsoon mosaic moss muffin mustard napkin nectar needle nickel nutmeg oasis ocean olive onion opal orange orchid otter oyster paddle palace panda paper
parrot pebble pelican pencil pepper piano pigeon pillow pine planet plum pocket poplar portal potato prairie prism pumpkin puzzle quail quartz quilt rabbit radish raft
rain raven ribbon river robin rocket rose saddle saffron sailor salmon sandal satin scarf shadow shell shovel silver sparrow spice spider sponge spoon spring squash
stable star stone summer swan tailor tango teapot temple thistle thunder tiger timber toast tomato torch tower trumpet tulip tunnel turnip turtle valley vanilla velvet
violin walnut willow winter zebra`.split(/\s/);

/** The office in eight words. @param {string} found Its digest. */
const wordsOf = (found) => [...unhex(found.slice(0, 16))].map((b) => WORDS[b]).join(" ");

const TRUST = record({
  countersign: oneOf("trust/1"),
  office: record({ domain: isId, title: text(200), found: isDigest, words: text(2000), exercise: boolean }),
  keys: array(record({ from: integer(0), "lost?": integer(1), ...OFFICE_KEYS }), 1, 10_000),
  roster: array(record({ act: isDigest, index: integer(0) }), 1, 100_000),
  checkpoint: base64urlOf(0, 65_536), status: record({ address: text(2000), "file?": base64urlOf(0, 16_777_216) }),
});

/**
 * @typedef {object} Trust
 * @property {string} domain
 * @property {string} title
 * @property {string} words
 * @property {boolean} exercise
 * @property {string} found
 * @property {Range[]} ranges
 * @property {[string, number][]} roster
 * @property {string} checkpoint
 * @property {string} address   Of the status file.
 * @property {Bytes|null} status
 */

/** Reads a trust file. Throws {@link TrustFault}. @param {Bytes} data @returns {Trust} */
export function readTrust(data) {
  const why = "its form is not what it must be";
  try {
    need(data.length <= 25_165_824, "it is longer than 25165824 bytes");
    const m = readJson(textOf(data, "it is not UTF-8"), why);
    need(TRUST(m), why);
    const { domain, title, found, words, exercise } = m.office;
    need(words === wordsOf(found), "the words do not belong to the founding act");
    const rising = (/** @type {number[]} */ numbers) => numbers.every((one, i) => i === 0 || numbers[i - 1] < one);
    const roster = m.roster.map((/** @type {any} */ one) => [one.act, one.index]);
    const ranges = m.keys.map((/** @type {any} */ one) => ({
      start: one.from, origin: one.origin, ledger: one.ledger, statement: one.statement, certificate: one.certificate, lost: one.lost ?? null,
    }));
    need(roster[0][0] === found, "the roster does not begin with the founding act");
    need(rising(m.roster.map((/** @type {any} */ one) => one.index)), "the roster is not in the order of the ledger");
    need(ranges[0].start === roster[0][1] && ranges[0].lost === null && rising(m.keys.map((/** @type {any} */ one) => one.from)), "the keys are not in the order of the ledger");
    need(ranges.every((/** @type {Range} */ one) => one.lost === null || one.lost <= one.start), why);
    let checkpoint = "";
    try {
      checkpoint = strictUtf8.decode(/** @type {Bytes} */ (fromBase64url(m.checkpoint)));
    } catch {
      // no UTF-8: it opens with no key
    }
    return { domain, title, words, exercise, found, ranges, roster, checkpoint, address: m.status.address, status: "file" in m.status ? fromBase64url(m.status.file) : null };
  } catch (fault) {
    throw fault instanceof Fault ? new TrustFault(`This is no trust file: ${fault.message}.`) : fault;
  }
}

// ---------------------------------------------------------------- the status file and the signed hold (S7)

/** @typedef {{size: number|bigint, made: number, expires: number, bits: Bytes, evidence: Evidence}} Status */

/** @param {Bytes} data @param {string} address @returns {Promise<Status>} */
async function readStatus(data, address) {
  const why = "its form is not what it must be";
  need(data.length <= 16_777_216, "it is longer than 16777216 bytes");
  const { head, header, unprotected, payload, signature } = sign1(data, why);
  need(isMap(header, 1, 4, 16) && header.get(1) === -8 && header.get(16) === "application/statuslist+cwt" && isMap(unprotected) && isBytes(payload), why);
  const m = readCbor(payload, why);
  need(isMap(m, 2, 4, 6, 65533, 65534, "size", "countersign") && isMap(m.get(65533), "lst", "bits"), why);
  const [subject, expires, made, list, life, size, acts] = m.values();
  need(isText(subject) && isUnsigned(size) && isBytes(list.get("lst")) && list.get("bits") === 2, why);
  need(isInteger(life) && life >= -(2n ** 63n) && life < 2n ** 63n, why);
  for (const time of [expires, made]) need(typeof time === "number" && time >= 0 && time <= LAST_SECOND, "its times are none");
  need(made < expires && expires <= made + 7 * DAY, "it claims to speak for longer than seven days, or for no time");
  const unpacked = unpack(list.get("lst"), 262_144);
  need(unpacked.data.length === 262_144 && unpacked.end === list.get("lst").length, "its list does not unpack to the size it must have");
  const evidence = await readEvidence(acts, why);
  need(evidence.twins.length + evidence.disclosures.length === 0, "it brings what belongs in a receipt");
  const key = keyOf(rangeOfTree(rangesOf(evidence.roster), size).statement);
  need(isBytes(header.get(4)) && same(header.get(4), await H(key)) && await ed25519Holds(key, signature, sigStructure(head, payload)), "it is not signed by the office");
  need(subject === address, "it was made for another address");
  return { size, made, expires, bits: unpacked.data, evidence };
}

const HOLD_BEGINS = join(Uint8Array.of(0x83, 0x70), latin1("countersign-hold"));

/** @param {Bytes} data */
async function readHold(data) {
  const why = "its form is not what it must be";
  need(data.length <= 262_144, "it is longer than 262144 bytes");
  const value = readCbor(data, why);
  need(isList(value, isText, isBytes, Array.isArray), why);
  const act = await readAct(value[1]);
  need(act.kind === "hold", "its act is no hold");
  return { act, approvals: readApprovals(value[2], act, why) };
}

// ---------------------------------------------------------------- the verdict (S8)

// Every reason in English, as Countersign.Proof says it.
const SAYS = /** @type {Record<string, (detail: any) => string>} */ ({
  "unreadable.large": () => "The file is larger than any sealed letter can be.",
  "unreadable.empty": () => "The file is empty.",
  "not-sealed": () => "The file carries no seal. It may be a draft or a copy: whoever sent it, no office has released it in this form.",
  "altered.mark": () => "The line that begins the seal is missing or changed.",
  "altered.line": () => "The line that begins the seal does not fit the file.",
  "altered.no-receipt": () => "The seal does not hold the receipt that it speaks of.",
  "altered.receipt": ({ why }) => `The receipt is damaged: ${why}.`,
  "altered.acts": () => "The receipt does not bring the acts that it speaks of.",
  "altered.pages": () => "The pages are not the ones that were approved: the receipt inside is of other bytes.",
  "altered.certificate": () => "The seal was made with another certificate than the office's.",
  "altered.rules": ({ why }) => `The pages before the seal are ones that no office may seal: ${why}. (at byte 0)`,
  "altered.place": ({ at }) => `The seal speaks of a mark that cannot be. (at byte ${at})`,
  "altered.seal": ({ at }) => `The seal is not the one that belongs to this letter and receipt. (at byte ${at})`,
  "altered.added": ({ at }) => `Something was added behind the seal. (at byte ${at})`,
  "altered.cut": ({ at }) => `The end of the file is missing. (at byte ${at})`,
  "altered.signature-form": ({ at }) => `The signature in the seal is not written as a seal writes it. (at byte ${at})`,
  "altered.signature": ({ at }) => `The signature does not belong to these bytes: something in the file was changed. (at byte ${at})`,
  "altered.certificate-none": ({ at }) => `The certificate in the receipt is none. (at byte ${at})`,
  "other-office": ({ title, domain, words, trust }) => `The seal is of an office that calls itself ${title} (${domain}), in words "${words}"; `
    + `the trust file is of ${trust.title} (${trust.domain}), "${trust.words}".`,
  ledger: ({ why }) => `The ledger does not prove this release: ${why}.`,
  approvals: ({ why }) => why,
  stolen: ({ kind, since }) => `The ${kind} act was signed with a key that counts as stolen: since ${since} the office's people no longer count it, `
    + "and without it too few have approved. Ask the office.",
  exercise: () => "This letter belongs to an exercise and means nothing outside it.",
  "later-release": ({ at }) => `It was released on ${at}, after the moment asked for.`,
  withdrawn: ({ at, reason }) => `It was withdrawn on ${at}${reason === null ? "; no reason is given." : `: ${reason}`}`,
  replaced: ({ at, reference }) => `It was replaced by ${reference} on ${at}.`,
  held: ({ since }) => `It has been on hold since ${since}: it does not stand for now. Ask the office before you act on it.`,
  silent: ({ at }) => `The newest status file known, of ${at}, was made before this letter was released and says nothing about it. Get a fresh one from the office.`,
  unproved: ({ why }) => why,
  "not-before": ({ from }) => `It comes into force on ${from}.`,
  "no-status": () => "There is no status file: whether the letter still stands is not known. Get a fresh one from the office.",
  "unread-status": ({ why }) => why,
  "replaced-keys": () => "The newest status file known is signed with keys that the office has replaced since. Get a fresh one from the office.",
  expired: ({ until }) => `The newest status file known spoke until ${until}. Get a fresh one from the office.`,
  "in-force": ({ at }) => `As the office said on ${at}, it stands.`,
  "idle-hold": ({ why }) => why,
});

/** @param {string} code @param {object} detail @returns {Reason} */
function reason(code, detail = {}) {
  return { code, says: SAYS[code](detail), ...detail };
}

/** @param {string} code @param {number|null} at */
function altered(code, at = null) {
  const one = reason(code, at === null ? {} : { at });
  return new Fault(one.says, one);
}

/** What a check finds wrong; null when it finds nothing. @param {() => unknown} check @returns {Promise<Fault|null>} */
async function faultOf(check) {
  try {
    await check();
    return null;
  } catch (fault) {
    if (fault instanceof Fault) return fault;
    throw fault;
  }
}

const MOST_FILE = 105_194_304;
const STANDINGS = ["in force", "withdrawn", "on hold", "replaced"];

/**
 * Checks a sealed letter by an office's trust file. `status` is a newer status file than the trust file's own, or a signed hold; `at` is the moment asked
 * for. The file's bytes are never changed, though they may be moved while this function is not waiting. Throws {@link TrustFault} and nothing else.
 * @param {{file: Bytes, trust: Bytes|Trust, status?: Bytes|null, at: Date|number}} asked `at` as a date, or in seconds since 1970.
 * @returns {Promise<Verdict>}
 */
export async function verify({ file, trust, status = null, at }) {
  const known = trust instanceof Uint8Array ? readTrust(trust) : trust;
  return new Verification(known, status, at instanceof Date ? at.getTime() / 1000 : at).verify(file);
}

class Verification {
  /** @param {Trust} trust @param {Bytes|null} given @param {number} at */
  constructor(trust, given, at) {
    this.trust = trust;
    this.given = given;
    this.givesHold = given !== null && startsWith(given, HOLD_BEGINS);
    this.at = at;
    /** @type {Omit<Verdict, "reasons">} */
    this.said = {
      verdict: "", for: momentOf(at), asOf: null, office: null, reference: null, kind: null, releasedAt: null, selfMade: false, approvals: [], because: [], unused: null,
    };
  }

  /** @param {string} verdict @param {...(Reason|null)} because @returns {Verdict} */
  say(verdict, ...because) {
    const reasons = /** @type {Reason[]} */ (because.filter(Boolean));
    return { ...this.said, verdict, because: reasons, reasons: reasons.map(({ says }) => says) };
  }

  /** @param {Bytes} file @returns {Promise<Verdict>} */
  async verify(file) {
    // 1. The seal.
    if (file.length > MOST_FILE) return this.say("unreadable", reason("unreadable.large"));
    if (file.length === 0) return this.say("unreadable", reason("unreadable.empty"));
    /** @type {ReturnType<typeof findSeal>|undefined} */
    let seal;
    /** @type {Opened|undefined} */
    let opened;
    const broken = (/** @type {Fault} */ fault) => this.say("altered", fault.reason ?? reason("altered.receipt", { why: fault.message }));
    const unfound = await faultOf(() => {
      seal = findSeal(file);
    });
    if (unfound) return broken(unfound);
    if (!seal) return this.say("not-released", reason("not-sealed"));
    const { length, start, end } = seal;
    const [digest, own] = [H(file.subarray(0, length)), hashMoved(file, length, start, end)];
    const unread = await faultOf(async () => {
      opened = await openReceipt(file.subarray(start, end));
    });
    if (unread || !opened) return broken(unread ?? altered("altered.acts"));

    // The long digests and the signatures of people need not wait for each other. The seal has the first word all the same.
    const given = { seal, opened };
    const judging = new Verification(this.trust, this.given, this.at).judge(opened);
    const unsealed = await faultOf(() => checkSealed(file, given.seal, given.opened, digest, own)).finally(() => judging.catch(() => {}));
    return unsealed ? broken(unsealed) : judging;
  }

  /** Steps 2 to 5 of a file that is exactly what was sealed. @param {Opened} opened @returns {Promise<Verdict>} */
  async judge({ receipt, release, draft }) {
    // 2. The office.
    const found = receipt.evidence.roster[0].act;
    const { title } = found.says;
    Object.assign(this.said, { office: `${title} (${found.office})`, reference: draft.says.reference, kind: draft.says.kind });
    if (found.name !== this.trust.found) {
      const { title: ours, domain, words } = this.trust;
      return this.say("unknown-office", reason("other-office", { title, domain: found.office, words: wordsOf(found.name), trust: { title: ours, domain, words } }));
    }

    // 3. The ledger.
    this.said.releasedAt = momentOf(release.statement.time);
    const unproved = await this.ledgerFault(receipt, release);
    if (unproved) return this.say("not-in-ledger", reason("ledger", { why: unproved }));

    // 4. The approvals.
    /** @type {{chain: Chain, letter: Letter, permit: Permit}|undefined} */
    let approved;
    const missing = await faultOf(async () => {
      approved = await this.checkApprovals(receipt);
    });
    if (missing || !approved) return this.say("not-approved", reason("approvals", { why: missing?.message }));
    const { chain, letter, permit } = approved;
    const { newest, why } = await this.newestStatus(chain);
    const longest = newest && newest.chain.entries.length > chain.entries.length ? newest.chain : chain;
    const stolen = await stolenIn(receipt, longest);
    if (stolen) return this.say("not-approved", stolen);
    this.said.unused = this.given === null ? null : !this.givesHold ? why : (await this.hold()).fault;
    this.said.selfMade = chain.newest.isSelfMade();
    this.said.approvals = await approversOf(permit.filled, receipt.evidence);

    // 5. The standing.
    return found.says.exercise ? this.say("exercise", reason("exercise")) : this.stand(receipt, release, draft, longest, letter, newest, why);
  }

  /** Why the ledger does not prove the release; null when it does. @param {Receipt} receipt @param {Entry} release */
  async ledgerFault(receipt, release) {
    const { trust } = this;
    const { evidence, keys, index, size } = receipt;
    const last = trust.ranges.findLastIndex((range) => range.origin === keys.origin);
    const lost = last < 0 ? null : trust.ranges[last + 1]?.lost ?? null;
    if (lost !== null && index >= lost) return "it stood in the part of the ledger that was lost; send this file to the office, which can take it back and give a fresh copy";
    const both = together(last < 0 ? trust.ranges : trust.ranges.slice(0, last + 1), rangesOf(evidence.roster));
    if (both === null || !sameKeys(rangeOfTree(both, size), keys)) return "the trust file names other keys than the receipt";
    /** @type {Bytes|undefined} */
    let root;
    const leaf = await H(Uint8Array.of(0), await H(receipt.statement.data));
    if (await faultOf(async () => {
      root = await pathRoot(index, size, leaf, receipt.path);
    }) || !root) return "the path from the entry to the root is not one of a ledger of the size stated";
    if (!(await ed25519Holds(keyOf(keys.ledger), receipt.signature, sigStructure(receipt.head, root)))) return "the ledger's key did not sign the root that the entry leads to";
    const checkpoint = await openCheckpoint(receipt.checkpoint, keys);
    if (checkpoint === null) return "the checkpoint is not signed by the office's ledger";
    if (checkpoint.size !== size || checkpoint.root !== hex(root)) return "the checkpoint is of another size or root than the proof";
    const unfit = await firstUnfit([...evidence.roster, ...evidence.letters, ...evidence.twins], both);
    if (unfit) return `the statement of the ${unfit.act.kind} act is not the office's`;
    if (!same(release.statement.data, receipt.statement.data)) return "the evidence brings another statement of the release than the one in the ledger";
    if (release.index !== index) return "the release stands at another place in the ledger than the receipt proves";
    const held = await openCheckpoint(trust.checkpoint, trust.ranges[trust.ranges.length - 1]);
    return held && held.origin === checkpoint.origin && held.size === checkpoint.size && held.root !== checkpoint.root
      ? "the trust file knows a ledger of the same size with another root, which is a fork: keep both files, they are evidence" : null;
  }

  /** 4.1 to 4.5: folds roster and letter exactly as the office did. @param {Receipt} receipt */
  async checkApprovals({ evidence, index, statement }) {
    const chain = await Chain.of(evidence, this.trust.roster, index, "receipt");
    let letter = new Letter(statement.subject, twinsOf(evidence));
    let permit = refusal("The receipt brings no acts of the letter.");
    for (const [i, entry] of evidence.letters.entries()) {
      const { act, statement: { time } } = entry;
      const before = evidence.letters[i - 1];
      need(act.ofLetter && (!before || (entry.index > before.index && time >= before.statement.time)), "The letter's acts are not in the order of the ledger.");
      const refused = letter.refuses(act, time);
      need(refused === null, `The ${act.kind} act could not follow: ${refused}`);
      permit = await chain.judge(entry, letter);
      need(isGranted(permit), permit.fault ?? `The ${act.kind} act lacks approval by ${inWords(permit.missing)}.`);
      const joined = act.kind === "release" ? letter.concurrences().flatMap(({ approvals }) => approvals) : [];
      need(await commits(entry, joined), `The ${act.kind} act brings other approvals than the ledger took in.`);
      letter = await letter.after(entry);
    }
    const all = [...evidence.roster, ...evidence.letters].sort((a, b) => (a.index < b.index ? -1 : a.index > b.index ? 1 : 0));
    const inOrder = all.every((entry, i) => i === 0 || (entry.index !== all[i - 1].index && entry.statement.time >= all[i - 1].statement.time));
    need(inOrder, "The entries' times are not in the order of the ledger.");
    return { chain, letter, permit };
  }

  /**
   * The newer of the two status files that the office signed, and why the one given, or the trust file's where none is given, says nothing.
   * @param {Chain} chain
   */
  async newestStatus(chain) {
    /** @type {Taken|null} */
    let newest = null;
    /** @type {string|null} */
    let why = null;
    for (const bytes of [this.trust.status, this.given]) {
      if (bytes === null || startsWith(bytes, HOLD_BEGINS)) continue;
      const fault = await faultOf(async () => {
        const taken = await this.takeStatus(bytes, chain);
        if (newest === null || isNewer(taken, newest)) newest = taken;
      });
      why = fault?.message ?? null;
    }
    return { newest: /** @type {Taken|null} */ (newest), why };
  }

  /** @typedef {{status: Status, chain: Chain, ranges: Range[], epoch: number}} Taken */

  /** A status file that is the office's, with the roster it brings, checked. @param {Bytes} bytes @param {Chain} known @returns {Promise<Taken>} */
  async takeStatus(bytes, known) {
    /** @type {Status|undefined} */
    let status;
    const unread = await faultOf(async () => {
      status = await readStatus(bytes, this.trust.address);
    });
    if (unread || !status) throw new Fault(`The status file says nothing: ${unread?.message}.`);
    const { evidence, size } = status;
    const shown = rangesOf(evidence.roster);
    const ranges = together(this.trust.ranges, shown);
    if (evidence.roster[0].act.name !== this.trust.found || ranges === null || !sameKeys(rangeOfTree(ranges, size), rangeOfTree(shown, size))) {
      throw new Fault("The status file is not signed by this office with the keys it has now.");
    }
    const unfit = await firstUnfit(evidence.roster, ranges);
    need(!unfit, `The status file is wrong: the statement of the ${unfit?.act.kind} act is not the office's.`);
    const chain = await Chain.of(evidence, this.trust.roster, size, "status file", known);
    const agree = known.entries.every((entry, i) => (i < chain.entries.length ? entry.act.name === chain.entries[i].act.name : entry.index >= size));
    need(agree, "The status file shows another roster than the receipt.");
    return { status, chain, ranges, epoch: shown.filter(({ lost }) => lost !== null).length };
  }

  /** The signed hold that was given, or why it says nothing. */
  async hold() {
    /** @type {{act: Act, approvals: Approval[]}|null} */
    let hold = null;
    const unread = await faultOf(async () => {
      hold = await readHold(/** @type {Bytes} */ (this.given));
    });
    return { hold: /** @type {{act: Act, approvals: Approval[]}|null} */ (hold), fault: unread ? `The signed hold says nothing: ${unread.message}.` : null };
  }

  /**
   * 6: the standing, and beside it why a hold in hand stops nothing.
   * @param {Receipt} receipt @param {Entry} release @param {Act} draft @param {Chain} chain @param {Letter} letter @param {Taken|null} newest @param {string|null} why
   */
  async stand(receipt, release, draft, chain, letter, newest, why) {
    const { at } = this;
    if (at < release.statement.time) return this.say("genuine-not-yet", reason("later-release", { at: momentOf(release.statement.time) }));
    const status = newest?.status ?? null;
    const silent = status !== null && status.size <= receipt.index;
    let [then, now] = [letter, letter];
    /** @type {string|null} */
    let unproved = null;
    if (newest && status && !silent) {
      this.said.asOf = momentOf(status.made);
      ({ now, then, unproved } = await this.follow(newest, letter));
      const place = release.act.says.status;
      const bits = (status.bits[Math.floor(place / 4)] >> (2 * (place % 4))) & 3;
      if (unproved === null && now.standing() !== bits) {
        unproved = `The status file says "${STANDINGS[bits]}", but the signed acts in it prove "${STANDINGS[now.standing()]}".`;
      }
    }
    if (then.ending) {
      const { act: { kind, says }, statement: { time } } = then.ending;
      return kind === "withdraw" ? this.say("genuine-withdrawn", reason("withdrawn", { at: momentOf(time), reason: says.reason ?? null }))
        : this.say("genuine-replaced", reason("replaced", { at: momentOf(time), reference: says.reference }));
    }
    const first = then.holds()[0];
    const { since, idle } = first ? { since: first.statement.time, idle: null } : await this.heldSince(release.act, chain, now);
    const beside = idle === null ? null : reason("idle-hold", { why: idle });
    if (since !== null) return this.say("genuine-on-hold", reason("held", { since: momentOf(since) }), beside);
    const unknown = (/** @type {Reason} */ one) => this.say("genuine-standing-unknown", one, beside);
    if (silent) return unknown(reason("silent", { at: momentOf(status.made) }));
    if (unproved !== null) return unknown(reason("unproved", { why: unproved }));
    const from = draft.says["not-before"];
    if (from && at < seconds(from)) return this.say("genuine-not-yet", reason("not-before", { from }), beside);
    if (!newest || !status) return unknown(why === null ? reason("no-status") : reason("unread-status", { why }));
    const ofReceipt = rangesOf(chain.entries);
    const newestRange = (ofReceipt.length > newest.ranges.length ? ofReceipt : newest.ranges).at(-1);
    if (!sameKeys(rangeOfTree(newest.ranges, status.size), /** @type {Range} */ (newestRange))) return unknown(reason("replaced-keys"));
    return at > status.expires ? unknown(reason("expired", { until: momentOf(status.expires) })) : this.say("genuine-in-force", reason("in-force", { at: momentOf(status.made) }), beside);
  }

  /** 6.2: goes on with the letter by the acts that a status file brings, each checked as the office checked it. @param {Taken} taken @param {Letter} letter */
  async follow({ status, chain, ranges }, letter) {
    let [now, then] = [letter, letter];
    const unproved = await faultOf(async () => {
      for (const entry of status.evidence.letters) {
        const { act, statement: { time } } = entry;
        if (!act.ofLetter || act.subject !== letter.id) continue;
        const last = /** @type {Entry} */ (now.entries.at(-1));
        need(await fits(entry, ranges), `The status file is wrong: the statement of the ${act.kind} act is not the office's.`);
        need(await commits(entry), "The status file brings other approvals than the ledger took in.");
        need(entry.index < status.size && entry.index > last.index && time >= last.statement.time, "The status file's acts are not in the order of the ledger.");
        const refused = now.refuses(act, time);
        need(refused === null, `The status file brings a ${act.kind} act that could not follow: ${refused}`);
        need(isGranted(await chain.judge(entry, now)), `The status file brings a ${act.kind} act that the people whom the policy demands have not signed.`);
        now = await now.after(entry);
        if (time <= this.at) then = now;
      }
    });
    return { now, then, unproved: unproved?.message ?? null };
  }

  /** 6.4: since when a signed hold in hand stops this letter, or else why it does not. @param {Act} release @param {Chain} chain @param {Letter} letter */
  async heldSince(release, chain, letter) {
    const none = (/** @type {string|null} */ idle) => ({ since: null, idle });
    if (!this.givesHold) return none(null);
    const { hold, fault } = await this.hold();
    if (!hold) return none(fault);
    const { act, approvals } = hold;
    const idle = "The signed hold that was given does not stop this letter: ";
    if (act.subject !== release.subject) return none(`${idle}it is of another letter.`);
    if (act.at - this.at > 120) return none(`${idle}it is dated ${momentOf(act.at)}, after the moment asked for.`);
    if (letter.lifted().has(act.name)) return none(`${idle}it was lifted.`);
    if (letter.entries.some((entry) => entry.act.name === act.name)) return none(null); // the ledger has it, and what stands of it was found there
    const permit = await permitOf(act, approvals, chain.newest, letter, this.at);
    return isGranted(permit) ? { since: act.at, idle: null } : none(idle + (permit.fault ?? `its signer is none of those who may stop it (${inWords(permit.missing)}).`));
  }
}

/** Whether the word of one status file is the newer: of a later epoch, a larger ledger, a later moment. @param {Taken} a @param {Taken} b */
function isNewer(a, b) {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  return a.status.size !== b.status.size ? a.status.size > b.status.size : a.status.made > b.status.made;
}

/** @param {Evidence} evidence */
function twinsOf({ twins }) {
  return twins.filter(({ act }) => act.kind === "draft").map(({ act }) => act);
}

/** @typedef {{receipt: Receipt, release: Entry, draft: Act}} Opened */

/** 1, first half: the receipt in a seal, its release and its draft. @param {Bytes} bytes Of the receipt. @returns {Promise<Opened>} */
async function openReceipt(bytes) {
  const receipt = await readReceipt(bytes);
  const { letters } = receipt.evidence;
  const release = letters.at(-1);
  const draft = letters.find(({ act }) => act.name === release?.act.says.draft)?.act;
  if (!release || release.act.kind !== "release" || release.act.name !== receipt.statement.act || draft?.kind !== "draft") throw altered("altered.acts");
  return { receipt, release, draft };
}

/**
 * 1, second half: whether a file is exactly what was sealed. The digests of fair copy, and of fair copy and receipt, come from outside: the engine makes
 * them on other threads while the pages are looked at.
 * @param {Bytes} file @param {{length: number, start: number, end: number}} seal @param {Opened} opened @param {Promise<Bytes>} digest @param {Promise<Bytes>} own
 */
async function checkSealed(file, seal, { receipt, release, draft }, digest, own) {
  /** @type {FairCopy|undefined} */
  let copy;
  const refused = await faultOf(() => {
    copy = new FairCopy(file.subarray(0, seal.length));
  });
  if (receipt.length !== seal.length || hex(await digest) !== draft.says.copy) throw altered("altered.pages");
  if (await hexH(receipt.certificate) !== receipt.keys.certificate) throw altered("altered.certificate");
  if (refused || !copy) {
    const one = reason("altered.rules", { why: refused?.message });
    throw new Fault(one.says, one);
  }
  const { reference, kind, mark } = draft.says;
  const plan = {
    reference, kind, time: momentOf(release.statement.time), domain: release.act.office, exercise: receipt.evidence.roster[0].act.says.exercise,
    address: await paperAddress(release.act), place: mark ?? null,
  };
  await checkSeal(file, copy, file.subarray(seal.start, seal.end), plan, receipt.certificate, own);
}

/** The address in the mark's code: 16 bytes each of HKDF-SHA256 (RFC 5869) over the release's nonce. @param {Act} release */
async function paperAddress({ office, says }) {
  const secret = await subtle.importKey("raw", unhex(says.nonce), "HKDF", false, ["deriveBits"]);
  const [id, key] = await Promise.all(["id", "key"].map(async (part) => base64url(new Uint8Array(await subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8.encode(`countersign/paper/${part}`) }, secret, 128)))));
  return `https://${office}/l/${id}#${key}`;
}

/** 4.6: why the release does not hold once it is known whose keys were stolen; null when it does. @param {Receipt} receipt @param {Chain} chain */
async function stolenIn({ evidence, statement }, chain) {
  if (chain.stolen.size === 0) return null;
  let letter = new Letter(statement.subject, twinsOf(evidence));
  for (const entry of evidence.letters) {
    if (!isGranted(await chain.judge(entry, letter))) {
      const { time } = entry.statement;
      const since = Math.min(time, ...chain.stolen.values());
      return reason("stolen", { kind: entry.act.kind, since: momentOf(since) });
    }
    letter = await letter.after(entry);
  }
  return null;
}

/** Who filled the places of the release, each person once. @param {Filled[]} filled @param {Evidence} evidence @returns {Promise<Approver[]>} */
async function approversOf(filled, { roster, disclosures }) {
  /** @type {Map<string, string>} */
  const shown = new Map();
  for (const [label, salt, value] of disclosures) {
    const name = await hexH(utf8.encode(label), Uint8Array.of(0), salt, utf8.encode(value));
    if (!shown.has(name)) shown.set(name, value);
  }
  const enrolments = roster.flatMap(({ act: { kind, says } }) => (kind === "found" ? says.people : kind === "enrol" ? [says.person] : []));
  return [...new Set(filled.map(({ person }) => person))].map((person) => {
    const places = filled.filter((one) => one.person === person);
    const enrolled = enrolments.find((one) => one.person === person);
    return {
      person: shown.get(enrolled?.name) ?? null, roles: places.map((one) => (one.as === person ? one.role : `${one.role} (lent)`)),
      assurance: places[0].assurance, at: momentOf(places[0].time),
    };
  });
}

/** What tests hold against other programs; nobody else needs it. */
export const forTests = { unpack, isPlain, ed25519Holds, ed25519Slowly, hasOrderL, readJson, readCbor, FairCopy };
