/** Stall recorder: turns of the event loop that took too long, each as it ends. While they last: `stall-watch.ts`. */

import { LOOP_STALL } from "../format/series.js";
import type { LoopTurns } from "./loop-turns.js";
import { type Observe, seconds } from "./sampler.js";

/** Observes every turn of this length or more. Returns what ends it. */
export function recordStalls(turns: LoopTurns, thresholdMs: number, observe: Observe): () => void {
  return turns.listen((ms) => {
    if (ms >= thresholdMs) observe(LOOP_STALL, seconds(ms));
  });
}
