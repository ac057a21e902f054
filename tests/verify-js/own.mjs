// What verify.js does with its own hands, held against others: node own.mjs PLAIN
// Unpacking against Node's zlib; Ed25519 by its own arithmetic against WebCrypto's and against signatures on which verifiers differ; and, for every character of it,
// whether it may stand in a text: PLAIN has a byte for each, whose bits are the answers for the texts below. Exits with 1 where anything differs.
import { readFileSync } from "node:fs";
import { deflateSync, inflateSync } from "node:zlib";
import { generateKeyPairSync, sign } from "node:crypto";
import { forTests } from "../../web/verify/verify.js";

let state = 20260105;
const random = (below) => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return Math.floor((state / 0x80000000) * below);
};
const differ = [];

// Unpacking.
const MOST = 40_000;
const attempt = (act) => {
  try {
    return act();
  } catch {
    return null;
  }
};
let unpacked = 0;
for (let i = 0; i < 4000; i++) {
  const plain = Buffer.alloc(random(random(20_000) + 1));
  const kind = random(4);
  for (let j = 0; j < plain.length; j++) plain[j] = [random(256), 65 + random(4), (j & 15) * 3, random(10) ? 0 : random(256)][kind];
  let packed = Buffer.from(deflateSync(plain, { level: random(10), strategy: random(5), memLevel: 1 + random(9), windowBits: 9 + random(7) }));
  const way = random(4);
  if (way === 0) packed = Buffer.concat([packed, Buffer.from([10, 13, 1].slice(random(3)))]);
  if (way === 1) packed[random(packed.length)] ^= 1 << random(8);
  if (way === 2) packed = packed.subarray(0, random(packed.length));
  const theirs = attempt(() => inflateSync(packed, { info: true, maxOutputLength: MOST }));
  const ours = attempt(() => forTests.unpack(new Uint8Array(packed), MOST));
  const same = theirs === null ? ours === null : ours !== null && Buffer.compare(Buffer.from(ours.data), theirs.buffer) === 0 && ours.end === theirs.engine.bytesWritten;
  if (!same) differ.push(`stream ${i}: ${packed.toString("base64").slice(0, 200)}`);
  if (theirs !== null) unpacked++;
}
console.log(`4000 packed streams, ${unpacked} of them whole`);

// Ed25519.
const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
for (let i = 0; i < 40; i++) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  const message = Uint8Array.from({ length: random(200) }, () => random(256));
  const signature = new Uint8Array(sign(null, message, privateKey));
  if (i % 2) signature[random(64)] ^= 1 << random(8);
  const fast = await forTests.ed25519Holds(key, signature, message);
  const slow = await forTests.ed25519Slowly(key, signature, message);
  if (fast !== (i % 2 === 0) || slow !== fast) differ.push(`Ed25519 ${i}: ${fast} fast, ${slow} slow`);
}
// The eight points of small order, the two spellings of some of them, and a key with a part of order eight: none is a key.
for (const key of [
  "0100000000000000000000000000000000000000000000000000000000000000", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000", "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "0100000000000000000000000000000000000000000000000000000000000080", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "2be0e165c06908a8d462c28c53c64088ea86c63d63ac2cead56d7c5f6bf838f3",
]) if (forTests.hasOrderL(key)) differ.push(`${key} is taken for a key`);
const torsion = bytes("2be0e165c06908a8d462c28c53c64088ea86c63d63ac2cead56d7c5f6bf838f310811fdbf98d09e1dd8a58a22aa13f33b73835466da917e47991c50de54b6d0d");
const itsKey = bytes("6f5b828d48e4f9b4d2d964bac591d8c2fbfdf558cccf282bdf7c0195b7234fc8");
for (const check of [forTests.ed25519Holds, forTests.ed25519Slowly]) {
  if (await check(itsKey, torsion, new TextEncoder().encode("countersign"))) differ.push("a signature that needs the factor of eight is taken");
}

// Text.
const plain = readFileSync(process.argv[2]);
for (let c = 0; c < plain.length; c++) {
  if (c >= 0xd800 && c <= 0xdfff) continue;
  const one = String.fromCodePoint(c);
  const texts = [one, `a${one}\u0301`, `\u1100${one}`, `${one}\u0327\u0301`];
  const answers = texts.reduce((sum, text, bit) => sum | (Number(forTests.isPlain(text)) << bit), 0);
  if (answers !== plain[c]) differ.push(`U+${c.toString(16)}: ${answers} here, ${plain[c]} there`);
}
console.log(`${plain.length} characters`);

console.log(differ.length === 0 ? "all the same" : `${differ.length} differ:\n${differ.slice(0, 20).join("\n")}`);
process.exitCode = differ.length === 0 ? 0 : 1;
