/** Event loop sampler: how long its turns took, and how much of the time it was busy, per interval. */

import { createHistogram, type EventLoopUtilization, type RecordableHistogram } from "node:perf_hooks";
import {
  LOOP_DELAY_MAX,
  LOOP_DELAY_MEAN,
  LOOP_DELAY_MIN,
  LOOP_DELAY_P50,
  LOOP_DELAY_P99,
  LOOP_UTILIZATION,
} from "../format/series.js";
import type { LoopTurns } from "./loop-turns.js";
import type { Observe, Sampler } from "./sampler.js";

export class EventLoopSampler implements Sampler {
  readonly #stopListening: () => void;
  readonly #turnNs: RecordableHistogram = createHistogram();
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(turns: LoopTurns) {
    this.#stopListening = turns.listen((ms) => this.#turnNs.record(Math.max(1, Math.round(ms * 1e6))));
  }

  sample(observe: Observe): void {
    const now = performance.eventLoopUtilization();
    const { utilization, idle, active } = performance.eventLoopUtilization(now, this.#utilization);
    if (idle + active > 0) observe(LOOP_UTILIZATION, utilization);
    this.#utilization = now;
    const turns = this.#turnNs;
    if (turns.count === 0) return;
    observe(LOOP_DELAY_MIN, turns.min / 1e9);
    observe(LOOP_DELAY_MEAN, turns.mean / 1e9);
    observe(LOOP_DELAY_P50, turns.percentile(50) / 1e9);
    observe(LOOP_DELAY_P99, turns.percentile(99) / 1e9);
    observe(LOOP_DELAY_MAX, turns.max / 1e9);
    turns.reset();
  }

  stop(): void {
    this.#stopListening();
  }
}
