// Says of each PDF in a list whether it may be sealed: node examine.mjs LIST, which has a path a line; prints yes or no for each.
import { readFileSync } from "node:fs";
import { forTests } from "../../web/verify/verify.js";

for (const path of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
  let answer = "yes";
  try {
    new forTests.FairCopy(new Uint8Array(readFileSync(path)));
  } catch (fault) {
    answer = fault.constructor.name === "Fault" ? "no" : `crash: ${fault}`;
  }
  console.log(answer);
}
