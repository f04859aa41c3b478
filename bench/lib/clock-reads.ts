/** The price of time: two bare clock readings, stored. What a duration costs at the very least, and our baseline. */

import { CIRCLE, CIRCLE_MASK } from "./random.js";

export function bareClockReads(): (turns: number) => number {
  const now = process.hrtime.bigint;
  const startNs = new BigInt64Array(CIRCLE);
  const endNs = new BigInt64Array(CIRCLE);
  return (turns) => {
    for (let i = 0; i < turns; i++) {
      const j = i & CIRCLE_MASK;
      startNs[j] = now(); // a BigInt that is stored at once is never allocated
      endNs[j] = now();
    }
    return Number(endNs[0] - startNs[0]);
  };
}
