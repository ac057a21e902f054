// How long the browser's verifier takes for a large sealed letter, beside WebCrypto's SHA-256 of the same bytes, in the same run and interleaved.
//
//     dotnet run -c Release --project bench/Countersign.Bench -- letter FOLDER
//     node bench/verify-js/run.mjs FOLDER [ROUNDS]
//
// A check needs three digests of nearly the whole file (fair copy; fair copy and receipt; file without its signature), and WebCrypto cannot go on from
// where another digest was. Three at once are therefore the floor, and stand beside it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import { readTrust, verify } from "../../web/verify/verify.js";

const [folder, rounds = "15"] = process.argv.slice(2);
if (!folder) {
  console.error("Usage: node bench/verify-js/run.mjs FOLDER [ROUNDS]; FOLDER has letter.pdf and trust.json, as the line at the top of this file makes them.");
  process.exit(2);
}
const file = new Uint8Array(readFileSync(join(folder, "letter.pdf")));
const trust = readTrust(new Uint8Array(readFileSync(join(folder, "trust.json"))));
const digest = () => crypto.subtle.digest("SHA-256", file);
const ways = {
  "SHA-256 by WebCrypto": digest,
  "three of them at once": () => Promise.all([digest(), digest(), digest()]),
  "verify.js": async () => {
    const { verdict, reasons } = await verify({ file, trust, at: new Date() });
    if (verdict !== "genuine-in-force") throw new Error(`${verdict}: ${reasons}`);
  },
};
const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (let round = -3; round < Number(rounds); round++) {
  for (const [name, way] of Object.entries(ways)) {
    const start = performance.now();
    await way();
    if (round >= 0) times[name].push(performance.now() - start);
  }
}
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
console.log(`letter of ${file.length.toLocaleString("en")} bytes, ${rounds} rounds after three to warm up, Node ${process.versions.node}, ${availableParallelism()} cores`);
for (const [name, all] of Object.entries(times)) {
  console.log(`${name.padEnd(24)} ${median(all).toFixed(1).padStart(8)} ms   (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`);
}
const ratio = (name) => (median(times["verify.js"]) / median(times[name])).toFixed(2);
console.log(`verify.js / SHA-256: ${ratio("SHA-256 by WebCrypto")}; / three at once: ${ratio("three of them at once")}`);
