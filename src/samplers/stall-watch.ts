/**
 * Stall watch: sees, from another thread, that an event loop is blocked, while it is.
 *
 * The loop's pulse (`loop-turns.ts`) tells when its last turn ended; what it cannot tell is whether the loop has been
 * idle since or is in the middle of a turn. So a loop that has not turned for a while is poked: an idle one turns, a
 * blocked one does not. To be poked costs an idle process 0.1 to 0.3 ms, so it is spared as long as its thread has not run,
 * as the kernel counts; but for one poke every half second, as a thread that waits in the system does not run either. Where
 * the kernel does not tell, there are only those.
 */

import { readFileSync } from "node:fs";
import { clearInterval, setInterval } from "node:timers";
import { systemClock } from "../clock.js";
import { LOOP_BLOCKED } from "../format/series.js";
import { type Observe, seconds } from "./sampler.js";

export interface StallWatchOptions {
  readonly pulse: BigInt64Array;
  readonly thresholdMs: number;
  /** How often a stall that goes on is recorded. */
  readonly intervalMs: number;
}

export interface StallWatchHost {
  readonly observe: Observe;
  /** Wakes the loop, from this thread. False if it cannot be known whether its thread is still there. */
  readonly poke: () => boolean;
  /** How long the watched thread has run since it was started, in ns, where that can be known. */
  readonly runNs?: () => number | undefined;
  /** Called once for each stall, as soon as it is seen, with what tells whether it goes on. */
  readonly onBlocked?: ((ms: number, isBlocked: () => boolean) => void) | undefined;
}

const LONGEST_TICK_MS = 100;
const SHORTEST_TICK_MS = 10;
/** A loop that has not turned for so long is poked in any case. With the ticks and a flush after it: within a second. */
const LONGEST_QUIET_MS = 500;

export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #host: StallWatchHost;
  readonly #timer: NodeJS.Timeout;
  #pulseNs: bigint;
  #runNs: number | undefined;
  /** When the loop was poked that has not turned since. */
  #pokedNs: bigint | undefined;
  /** When the turn that has not ended began, at the latest; to within a tick if its thread computes. */
  #sinceNs = 0n;
  /** When the stall that goes on was last recorded. */
  #recordedNs: bigint | undefined;

  constructor(options: StallWatchOptions, host: StallWatchHost) {
    this.#options = options;
    this.#host = host;
    this.#pulseNs = this.#pulse();
    this.#runNs = host.runNs?.();
    const tickMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, options.thresholdMs));
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const pulseNs = this.#pulse();
    const now = systemClock.now();
    const runNs = this.#host.runNs?.();
    const ranNs = runNs === undefined || this.#runNs === undefined ? undefined : runNs - this.#runNs;
    this.#runNs = runNs;
    if (pulseNs !== this.#pulseNs) {
      this.#pulseNs = pulseNs;
      this.#pokedNs = undefined;
      this.#recordedNs = undefined;
      return;
    }
    if (this.#pokedNs === undefined) {
      if (!ranNs && msBetween(pulseNs, now) < LONGEST_QUIET_MS) return;
      const sinceNs = now - BigInt(ranNs ?? 0); // if it has run since it turned, it still does
      this.#sinceNs = sinceNs > pulseNs ? sinceNs : pulseNs;
      if (this.#host.poke()) this.#pokedNs = now;
      return;
    }
    if (msBetween(this.#pokedNs, now) < this.#options.thresholdMs) return;
    if (this.#recordedNs !== undefined && msBetween(this.#recordedNs, now) < this.#options.intervalMs) return;
    const blockedMs = msBetween(this.#sinceNs, now);
    if (this.#recordedNs === undefined) this.#host.onBlocked?.(blockedMs, () => this.#pulse() === pulseNs);
    this.#recordedNs = now;
    this.#host.observe(LOOP_BLOCKED, seconds(blockedMs));
  }

  #pulse(): bigint {
    return Atomics.load(this.#options.pulse, 0);
  }
}

function msBetween(fromNs: bigint, toNs: bigint): number {
  return Number(toNs - fromNs) / 1e6;
}

/** How long the main thread of this process has run. Linux counts it, for those who may read it. */
export function mainThreadRunNs(): number | undefined {
  try {
    const [runNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(runNs) || undefined;
  } catch {
    return undefined;
  }
}
