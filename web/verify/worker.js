// Checks letters beside the page, so that the page never stands still, and can end a check that takes too long.
import { TrustFault, readTrust, verify } from "./verify.js";

addEventListener("message", async ({ data: { file, trust, status, at } }) => {
  try {
    const known = readTrust(trust);
    const { domain, title, words, exercise } = known;
    const verdict = file && (await verify({ file, trust: known, status, at }));
    postMessage({ office: { domain, title, words, exercise }, verdict });
  } catch (fault) {
    postMessage({ problem: fault instanceof TrustFault ? "problem-trust" : "problem-read", detail: String(fault) });
  }
});
