/** The price of time: two bare clock readings, stored. What a duration costs at the very least, and our baseline. */

import { CIRCLE, CIRCLE_MASK } from "./random.js";

export function bareClockReads(): (turns: number) => number {
  const now = process.hrtime.bigint;
  const startNs = new BigInt64Array(CIRCLE);
  const endNs = new BigInt64Array(CIRCLE);
  const mask = CIRCLE_MASK; // to V8 an import is a variable, whose every use is a load and a check
  return (turns) => {
    for (let i = 0; i < turns; i++) {
      const j = i & mask;
      startNs[j] = now(); // a BigInt that is stored at once is never allocated
      endNs[j] = now();
    }
    return Number(endNs[0] - startNs[0]);
  };
}
