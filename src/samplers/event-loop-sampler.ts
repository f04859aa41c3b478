/** Event loop sampler: how long its turns took, and how much of the time it was busy, per interval. */

import { createHistogram, type EventLoopUtilization, performance, type RecordableHistogram } from "node:perf_hooks";
import {
  LOOP_DELAY_MAX,
  LOOP_DELAY_MEAN,
  LOOP_DELAY_MIN,
  LOOP_DELAY_P50,
  LOOP_DELAY_P99,
  LOOP_UTILIZATION,
} from "../format/series.js";
import type { LoopTurns } from "./loop-turns.js";
import { LEAST_INTERVAL_MS, type Observe, type Sampler, seconds } from "./sampler.js";

/** Percentiles are of a histogram, and good to 3 digits; the rest is exact. */
export class EventLoopSampler implements Sampler {
  readonly #turns: LoopTurns;
  readonly #stopListening: () => void;
  readonly #turnNs: RecordableHistogram = createHistogram();
  #leastMs = 0;
  #mostMs = 0;
  #sumMs = 0;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(turns: LoopTurns) {
    this.#turns = turns;
    this.#stopListening = turns.listen((ms) => {
      if (this.#turnNs.count === 0 || ms < this.#leastMs) this.#leastMs = ms;
      if (ms > this.#mostMs) this.#mostMs = ms;
      this.#sumMs += ms;
      this.#turnNs.record(Math.max(1, Math.round(ms * 1e6)));
    });
  }

  sample(observe: Observe): void {
    this.#observeUtilization(observe);
    const { count } = this.#turnNs;
    if (count === 0) return;
    const within = (p: number) => Math.min(this.#mostMs, Math.max(this.#leastMs, this.#turnNs.percentile(p) / 1e6));
    observe(LOOP_DELAY_MIN, seconds(this.#leastMs));
    observe(LOOP_DELAY_MEAN, seconds(this.#sumMs / count));
    observe(LOOP_DELAY_P50, seconds(within(50)));
    observe(LOOP_DELAY_P99, seconds(within(99)));
    observe(LOOP_DELAY_MAX, seconds(this.#mostMs));
    this.#turnNs.reset();
    this.#mostMs = 0;
    this.#sumMs = 0;
  }

  stop(): void {
    this.#stopListening();
  }

  #observeUtilization(observe: Observe): void {
    const now = performance.eventLoopUtilization();
    const { utilization, idle, active } = performance.eventLoopUtilization(now, this.#utilization);
    if (idle + active < LEAST_INTERVAL_MS) return;
    this.#utilization = now;
    if (!this.#turns.takeDisturbed()) observe(LOOP_UTILIZATION, utilization);
  }
}
