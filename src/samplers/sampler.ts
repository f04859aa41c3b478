/**
 * Sampler: something that can be read again and again. What reads it, and when, is `sampler-rounds.ts`.
 *
 * No reading, no sample: where a system does not tell a number, the sampler leaves it out, and says so once where those
 * who look for it will find it (`NODE_DEBUG=seismo`).
 */

import { debuglog } from "node:util";
import { messageOf } from "../errors.js";

/** Takes one reading of one series. Readings taken before `sample()` returns share one timepoint. */
export type Observe = (label: string, value: number) => void;

/**
 * A source of samples. Making one is starting it.
 *
 * @example
 * import { loadavg } from "node:os";
 * import { type Sampler, start } from "seismo";
 * class LoadSampler implements Sampler {
 *   sample(observe: (label: string, value: number) => void) {
 *     observe("load average", loadavg()[0]!);
 *   }
 * }
 * const monitor = start();
 * monitor.sample("load", { intervalMs: 500, prefix: "gauge" }, new LoadSampler());
 * const { prefixes } = await monitor.stop();
 * console.log(prefixes.gauge!.written); // => 2
 */
export interface Sampler {
  /** Reads the source, and calls `observe` once for each series there is a reading of. */
  sample(observe: Observe): void | Promise<void>;
  /** Called once, after the last sample: lets go of whatever the sampler holds. */
  stop?(): void;
}

const debug = debuglog("seismo");

/** A reading of an interval shorter than this tells of little but how it was taken: it waits for the next. */
export const LEAST_INTERVAL_MS = 100;

/** Milliseconds as seconds, to the nanosecond: without the digits that binary fractions bring along. */
export function seconds(ms: number): number {
  return Math.round(ms * 1e6) / 1e9;
}

/** Reads what may not be there to be read. What it is missing is named once, if at all. */
export class OptionalReadings {
  readonly #missing = new Set<string>();
  readonly #isSilent: boolean;

  constructor({ isSilent = false }: { readonly isSilent?: boolean | undefined } = {}) {
    this.#isSilent = isSilent;
  }

  /** Observes what `read` returns, unless it throws or returns nothing. */
  observe(observe: Observe, label: string, read: () => number | undefined): void {
    let reason: unknown = "this system does not tell";
    try {
      const value = read();
      if (value !== undefined) {
        observe(label, value);
        return;
      }
    } catch (error) {
      reason = error;
    }
    this.miss(label, reason);
  }

  miss(label: string, reason: unknown): void {
    if (this.#isSilent || this.#missing.has(label)) return;
    this.#missing.add(label);
    debug("no series %j: %s", label, messageOf(reason));
  }
}
