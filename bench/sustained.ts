/**
 * Does Seismo keep up with two million samples a second, and in what memory?          npm run bench -- sustained
 *
 * Paced in slices of a millisecond, over 50 series, for ten seconds, to files on a disk. What was recorded is counted
 * three times: by the loop, by the monitor, and in the files, line by line. Nothing is deleted before the end, as that
 * would spare the disk its work; so there must be room for it all.
 */

import { closeSync, openSync, readdirSync, readSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { single } from "./lib/measure.js";
import { type Figures, type Question, type Setting, Skipped } from "./lib/question.js";
import { CIRCLE, CIRCLE_MASK, LABELS, randomRouteIndexes } from "./lib/random.js";

const PER_SECOND = 2_000_000;
const SECONDS = 10;
const SLICE_MS = 1;
const NEEDED_BYTES = 3 * 2 ** 30;
const MIB = 2 ** 20;

const BARE = "two bare clock reads";

interface Paced {
  readonly samples: number;
  readonly perSecond: number;
  readonly peakRssBytes: number;
}

/** The highest the kernel has seen, between our looks too. It knows no time before the loop: loading counts as well. */
function highWaterBytes(): number {
  return 1024 * process.resourceUsage().maxRSS;
}

/**
 * Calls `slice(first, last)` every millisecond or so for what is due by then. A slice that comes late makes up for it,
 * so the rate is reached unless the machine cannot.
 */
async function paced(slice: (from: number, to: number) => void): Promise<Paced> {
  let peakRssBytes = 0;
  let nextLookMs = 0;
  let done = 0;
  const beginMs = performance.now();
  for (let elapsedMs = 0; elapsedMs < SECONDS * 1_000; elapsedMs = performance.now() - beginMs) {
    const due = Math.floor((elapsedMs / 1_000) * PER_SECOND);
    slice(done, due);
    done = due;
    if (elapsedMs >= nextLookMs) {
      nextLookMs += 1_000;
      peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
    }
    await sleep(SLICE_MS);
  }
  const perSecond = (1_000 * done) / (performance.now() - beginMs);
  return { samples: done, perSecond, peakRssBytes: Math.max(peakRssBytes, process.memoryUsage.rss()) };
}

function figuresOf({ samples, perSecond, peakRssBytes }: Paced): Figures {
  return {
    rate: single("samples/s", perSecond),
    "peak RSS": single("MiB", peakRssBytes / MIB),
    "peak RSS, by the kernel": single("MiB", highWaterBytes() / MIB),
    samples: single("samples", samples),
  };
}

function requireRoom(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < NEEDED_BYTES)
    throw new Skipped(
      `needs ${NEEDED_BYTES / 2 ** 30} GiB of free disk, there are ${((bavail * bsize) / 2 ** 30).toFixed(1)}`,
    );
}

/** Rows in the files of durations, as anybody would count them: newlines less one header each. */
function countRows(directory: string): { rows: number; bytes: number } {
  const block = Buffer.alloc(MIB);
  let rows = 0;
  let bytes = 0;
  for (const name of readdirSync(directory).filter((each) => /^duration\..*\.csv$/.test(each))) {
    const fd = openSync(join(directory, name), "r");
    for (let length = readSync(fd, block); length > 0; length = readSync(fd, block)) {
      bytes += length;
      for (let at = block.indexOf(10); at >= 0 && at < length; at = block.indexOf(10, at + 1)) rows++;
    }
    closeSync(fd);
    rows--;
  }
  return { rows, bytes };
}

async function runRecording({ directory }: Setting): Promise<Figures> {
  requireRoom(directory);
  const { series, start } = await import("seismo");
  const monitor = start({ directory });
  const handles = LABELS.map((label) => series(label));
  const indexes = randomRouteIndexes();
  const run = await paced((from, to) => {
    for (let i = from; i < to; i++) {
      const route = handles[indexes[i & CIRCLE_MASK]];
      const token = route.start();
      route.stop(token);
    }
  });
  const { recorded, written, dropped } = await monitor.stop();
  const { rows, bytes } = countRows(directory);
  return {
    ...figuresOf(run),
    recorded: single("samples", recorded),
    written: single("samples", written),
    "rows in files": single("rows", rows),
    "files hold": single("MiB", bytes / MIB),
    dropped: single("samples", dropped),
    "samples not accounted for": single("samples", Math.abs(run.samples - rows - dropped)),
  };
}

export const question: Question = {
  asks: "Does Seismo keep up with two million samples a second, and in what memory?",
  baseline: BARE,
  rounds: 3,
  remarks: [
    `${PER_SECOND} samples a second for ${SECONDS} s in slices of ${SLICE_MS} ms, 50 series, files on a disk, none deleted before the end.`,
    "Not accounted for: samples the loop took, less rows counted in the files, less samples dropped.",
  ],
  variants: [
    {
      name: BARE,
      async run() {
        const now = process.hrtime.bigint;
        const startNs = new BigInt64Array(CIRCLE);
        const endNs = new BigInt64Array(CIRCLE);
        const mask = CIRCLE_MASK; // as in clock-reads.ts
        const run = await paced((from, to) => {
          for (let i = from; i < to; i++) {
            const j = i & mask;
            startNs[j] = now();
            endNs[j] = now();
          }
        });
        return figuresOf(run);
      },
    },
    {
      name: "series handles",
      filesOn: "disk",
      targets: [
        { figure: "peak RSS", less: BARE, atMost: 64 },
        { figure: "dropped", atMost: 0 },
        { figure: "samples not accounted for", atMost: 0 },
      ],
      run: runRecording,
    },
  ],
};
