// Judges a list of files in one process: node batch.mjs LIST
// LIST has lines {"file": …, "trust": …, "status": … or null, "at": …}; each line's verdict is printed as one line of JSON, {"crash": …} where there is none.
import { readFileSync } from "node:fs";
import { readTrust, secondsOf, verify } from "../../web/verify/verify.js";

const trusts = new Map();
const read = (path) => new Uint8Array(readFileSync(path));

for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
  try {
    const { file, trust, status, at } = JSON.parse(line);
    if (!trusts.has(trust)) trusts.set(trust, readTrust(read(trust)));
    const verdict = await verify({ file: read(file), trust: trusts.get(trust), status: status && read(status), at: secondsOf(at) });
    console.log(JSON.stringify(verdict));
  } catch (crash) {
    console.log(JSON.stringify({ crash: String(crash?.stack ?? crash) }));
  }
}
