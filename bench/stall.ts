/**
 * How long can a single call take while the flusher works?          npm run bench -- stall
 *
 * A mean hides a call that waited for a lock, a page or a collection. So each call is timed from outside, at a pace that
 * a very busy program might have, while the flusher's thread writes files to a disk; the same loop without a recorder says
 * what of it is the machine's.
 */

import { single } from "./lib/measure.js";
import type { Figures, Question } from "./lib/question.js";
import { CIRCLE, CIRCLE_MASK, LABELS } from "./lib/random.js";
import { whileRecording } from "./lib/recording.js";

const PER_SECOND = 200_000;
const SECONDS = 10;
const WARM_UP_SECONDS = 1;
const SPACING_MS = 1_000 / PER_SECOND;
/** Calls between two turns of the event loop. */
const PER_TURN = PER_SECOND / 10;

const BARE = "two bare clock reads, no recording";
const RECORDING = "series handle";

/** Calls `pace(first, last)` until all are done, and lets the event loop turn now and then. */
async function inTurns(calls: number, pace: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < calls; from += PER_TURN) {
    pace(from, Math.min(from + PER_TURN, calls));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Percentiles by nearest rank: a time that was taken, not one between two. */
function figures(beforeNs: BigInt64Array, afterNs: BigInt64Array): Figures {
  const warmUp = PER_SECOND * WARM_UP_SECONDS;
  const sortedNs = Float64Array.from({ length: beforeNs.length - warmUp }, (_, i) =>
    Number(afterNs[i + warmUp] - beforeNs[i + warmUp]),
  ).sort();
  const at = (p: number) => single("ns", sortedNs[Math.ceil((p / 100) * sortedNs.length) - 1]);
  return { p50: at(50), p99: at(99), "p99.9": at(99.9), "p99.99": at(99.99), max: at(100) };
}

const CALLS = PER_SECOND * (WARM_UP_SECONDS + SECONDS);

export const question: Question = {
  asks: "How long can a single call take while the flusher works?",
  baseline: BARE,
  remarks: [
    `${PER_SECOND} calls a second for ${SECONDS} s, each timed from outside: the two readings that time it are in every figure.`,
    "Figures are of whole rounds: min is the best round's, median the middle one's.",
  ],
  variants: [
    {
      name: BARE,
      async run() {
        const now = process.hrtime.bigint;
        const startNs = new BigInt64Array(CIRCLE);
        const endNs = new BigInt64Array(CIRCLE);
        const mask = CIRCLE_MASK; // as in clock-reads.ts
        const beforeNs = new BigInt64Array(CALLS).fill(1n); // touched now: a page's first use takes its time
        const afterNs = new BigInt64Array(CALLS).fill(1n);
        const beginMs = performance.now();
        await inTurns(CALLS, (from, to) => {
          for (let i = from; i < to; i++) {
            const dueMs = beginMs + i * SPACING_MS;
            while (performance.now() < dueMs);
            const j = i & mask;
            beforeNs[i] = now();
            startNs[j] = now();
            endNs[j] = now();
            afterNs[i] = now();
          }
        });
        return figures(beforeNs, afterNs);
      },
    },
    {
      name: RECORDING,
      filesOn: "disk",
      targets: [{ figure: "p99.99", over: BARE, atMost: 2 }],
      run: (setting) =>
        whileRecording(setting, async ({ seismo }) => {
          const now = process.hrtime.bigint;
          const route = seismo.series(LABELS[0]);
          const beforeNs = new BigInt64Array(CALLS).fill(1n);
          const afterNs = new BigInt64Array(CALLS).fill(1n);
          const beginMs = performance.now();
          await inTurns(CALLS, (from, to) => {
            for (let i = from; i < to; i++) {
              const dueMs = beginMs + i * SPACING_MS;
              while (performance.now() < dueMs);
              beforeNs[i] = now();
              const token = route.start();
              route.stop(token);
              afterNs[i] = now();
            }
          });
          return figures(beforeNs, afterNs);
        }),
    },
  ],
};
