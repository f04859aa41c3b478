/**
 * Recording: a monitor at work in the variant's directory, as a program would have it, its flusher's thread included.
 *
 * Seismo is loaded here and not by question files, so that variants without it are without it.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Monitor, MonitorOptions } from "seismo";
import type { Setting } from "./question.js";

export type Seismo = typeof import("seismo");

export interface Recording {
  readonly seismo: Seismo;
  readonly monitor: Monitor;
  /** Resolves when nearly everything recorded has been written: what is left waits for the flusher's interval. */
  caughtUp(): Promise<void>;
}

/**
 * Chunks that hold several batches, and no flush but between batches: so that what is timed is the recording thread's
 * own work. In the tight loop of a benchmark the flusher has as much to do as the loop, and where two cores are two
 * threads of one, each takes half of it away from the other.
 */
const WAITING = { flushIntervalMs: 3_600_000, capacity: 2 ** 17, maxBytes: 2 ** 25 };
/** Batches for that: several fit a chunk, and chunks stay small enough for a processor's cache, as the default ones are. */
export const WAITING_BATCHES = { turns: 25_000, batches: 320, warmUp: 120 };

/** Less than the recorder's memory holds by far, more than one chunk does. */
const NEARLY = 100_000;
const LOOK_AGAIN_MS = 5;

/**
 * Runs `measure` while recording. Recorded samples must be all there in the end: a dropped one was measured on another
 * path than the one in question, so then there is no figure but an error.
 */
export async function whileRecording<T>(
  { directory }: Setting,
  measure: (recording: Recording) => Promise<T>,
  flusher: "works meanwhile" | "waits" = "works meanwhile",
  options: MonitorOptions = {},
): Promise<T> {
  const seismo = await import("seismo");
  const monitor = seismo.start({ directory, ...(flusher === "waits" && WAITING), ...options });
  const nearlyWritten = async (): Promise<void> => {
    do {
      await sleep(LOOK_AGAIN_MS);
    } while (monitor.stats().recorded - monitor.stats().written > NEARLY);
  };
  const caughtUp = flusher === "waits" ? () => monitor.flush() : nearlyWritten;
  const measured = await measure({ seismo, monitor, caughtUp }).finally(() => monitor.stop());
  const { recorded, written, dropped, invalid } = await monitor.stop();
  if (written !== recorded || dropped > 0 || invalid > 0)
    throw new Error(`of ${recorded} samples ${written} were written, ${dropped} dropped, ${invalid} invalid`);
  return measured;
}
