/**
 * GC sampler: every garbage collection of the thread it runs on.
 *
 * Two witnesses. A performance observer tells of each collection when it was and how long it took, but only once the
 * event loop has turned, and then in batches, of which every entry must be taken (a well-known library takes the first
 * and so misses 31–73 % of collections). V8's profiler of collections tells at any time of all that were, and how much
 * they freed, but not when. So the pauses come from the first; the bytes, and at the very end those collections that the
 * first had no time left to tell of, from the second.
 *
 * The profiler keeps some 3 kB for each collection until it is asked, on the sampling interval.
 */

import { constants, type PerformanceEntry, PerformanceObserver, performance } from "node:perf_hooks";
import { GCProfiler, type GCProfilerResult, getHeapStatistics } from "node:v8";
import type { Clock } from "../clock.js";
import {
  GC_COLLECTED,
  GC_COLLECTIONS,
  GC_PAUSE_INCREMENTAL,
  GC_PAUSE_MAJOR,
  GC_PAUSE_MINOR,
  GC_PAUSE_WEAKCB,
  GC_UNCOLLECTABLE,
} from "../format/series.js";
import { type Observe, OptionalReadings, type Sampler, seconds } from "./sampler.js";

/** Takes pauses, each at a time of its own, in order of time. */
export type ObserveAt = (timeNs: bigint, label: string, value: number) => void;

const { NODE_PERFORMANCE_GC_MAJOR, NODE_PERFORMANCE_GC_INCREMENTAL, NODE_PERFORMANCE_GC_WEAKCB } = constants;

/** Pauses by the observer's kinds; any other is one of the collectors of the young generation. */
const PAUSE_OF_KIND = new Map<unknown, string>([
  [NODE_PERFORMANCE_GC_MAJOR, GC_PAUSE_MAJOR],
  [NODE_PERFORMANCE_GC_INCREMENTAL, GC_PAUSE_INCREMENTAL],
  [NODE_PERFORMANCE_GC_WEAKCB, GC_PAUSE_WEAKCB],
]);

/** The same by the profiler's. */
const PAUSE_OF_TYPE = new Map<string, string>([
  ["MarkSweepCompact", GC_PAUSE_MAJOR],
  ["IncrementalMarking", GC_PAUSE_INCREMENTAL],
  ["ProcessWeakCallbacks", GC_PAUSE_WEAKCB],
]);

/**
 * Collections a second for which the profiler is too dear, round after round: it takes 20 to 40 µs of the program's time
 * for each. They must be very small ones.
 */
const TOO_MANY = 1_000;
const DEAR_ROUNDS = 5;
/** Collections whose records are a megabyte or so: the young generation may be no more than that. */
const MANY = 50;

/** As Node's manual has it; its types do not. */
type GcEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };
type Statistic = GCProfilerResult["statistics"][number];

export class GcSampler implements Sampler {
  readonly #observePause: ObserveAt;
  readonly #now: Clock["now"];
  readonly #observer: PerformanceObserver;
  readonly #optional = new OptionalReadings();
  /** None once it has become too dear. */
  #profiler: GCProfiler | undefined;
  #toldSinceProfiled = 0;
  #roundBeganMs = performance.now();
  #roundCollections = 0;
  #dearRounds = 0;
  /** Collections that one witness has told of and the other not yet: the observer, or else the profiler. */
  #toldAhead = 0;
  readonly #untold: Statistic[] = [];
  /** What the observer may yet tell of, and has been told already. */
  #toldInItsPlace = 0;
  #lastNs = 0n;
  #collections = 0;
  #collectedBytes = 0;

  constructor(observePause: ObserveAt, now: Clock["now"]) {
    this.#observePause = observePause;
    this.#now = now;
    this.#observer = new PerformanceObserver((list) => {
      this.#tell(list.getEntries());
      if (this.#toldSinceProfiled > MANY) this.#countNew(); // a little at a time holds the program up less
    });
    this.#observer.observe({ entryTypes: ["gc"] });
    this.#profiler = startedProfiler();
  }

  sample(observe: Observe): void {
    while (this.#countNew() > MANY); // to read of many makes garbage, which is collected, too
    this.#tell(this.#observer.takeRecords());
    this.#mindCost();
    observe(GC_COLLECTIONS, this.#collections);
    if (this.#profiler) observe(GC_COLLECTED, this.#collectedBytes);
    observe(GC_UNCOLLECTABLE, getHeapStatistics().number_of_detached_contexts);
  }

  /** The end may have come: tells of what the observer has had no time to, as the event loop may not turn again. */
  cutShort(): void {
    this.#tell(this.#observer.takeRecords());
    for (const { gcType, cost } of this.#untold.splice(0)) {
      this.#pause(this.#now(), PAUSE_OF_TYPE.get(gcType) ?? GC_PAUSE_MINOR, seconds(cost / 1e3));
      this.#toldInItsPlace++;
    }
  }

  stop(): void {
    this.cutShort();
    this.#observer.disconnect();
    this.#profiler?.stop();
  }

  #countNew(): number {
    if (!this.#profiler) return 0;
    const next = startedProfiler(); // before the other ends, or a collection might find neither
    const { statistics } = this.#profiler.stop();
    this.#profiler = next;
    this.#toldSinceProfiled = 0;
    for (const statistic of statistics) this.#count(statistic);
    return statistics.length;
  }

  #mindCost(): void {
    const now = performance.now();
    const perSecond = (1e3 * (this.#collections - this.#roundCollections)) / (now - this.#roundBeganMs);
    this.#roundBeganMs = now;
    this.#roundCollections = this.#collections;
    this.#dearRounds = perSecond > TOO_MANY ? this.#dearRounds + 1 : 0;
    if (this.#dearRounds === DEAR_ROUNDS) this.#giveUpProfiler();
  }

  /** From here on collections are counted as the observer tells of them, and their bytes no longer. */
  #giveUpProfiler(): void {
    this.#profiler?.stop();
    this.#profiler = undefined;
    this.#optional.miss(GC_COLLECTED, `more than ${TOO_MANY} collections a second`);
  }

  #count(statistic: Statistic): void {
    const { gcType, beforeGC, afterGC } = statistic;
    if (gcType !== "IncrementalMarking" && gcType !== "ProcessWeakCallbacks") this.#collections++;
    this.#collectedBytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize);
    if (this.#toldAhead > 0) this.#toldAhead--;
    else this.#untold.push(statistic);
  }

  #tell(entries: readonly PerformanceEntry[]): void {
    const nowMs = performance.now();
    const now = this.#now();
    for (const { startTime, duration, detail } of entries as readonly GcEntry[]) {
      if (this.#toldInItsPlace > 0) {
        this.#toldInItsPlace--;
        continue;
      }
      this.#toldSinceProfiled++;
      if (!this.#untold.shift()) this.#tellFirst(detail.kind);
      const agoNs = BigInt(Math.round((nowMs - startTime - duration) * 1e6));
      this.#pause(now - agoNs, PAUSE_OF_KIND.get(detail.kind) ?? GC_PAUSE_MINOR, seconds(duration));
    }
  }

  /** The observer has told of a collection before the profiler has, or after that has been given up. */
  #tellFirst(kind: number): void {
    if (this.#profiler) this.#toldAhead++;
    else if (kind !== NODE_PERFORMANCE_GC_INCREMENTAL && kind !== NODE_PERFORMANCE_GC_WEAKCB) this.#collections++;
  }

  #pause(timeNs: bigint, label: string, seconds: number): void {
    if (timeNs > this.#lastNs) this.#lastNs = timeNs; // the two clocks differ by less than a microsecond
    this.#observePause(this.#lastNs, label, seconds);
  }
}

function startedProfiler(): GCProfiler {
  const profiler = new GCProfiler();
  profiler.start();
  return profiler;
}
