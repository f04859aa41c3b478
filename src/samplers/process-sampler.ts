/** Process sampler: CPU time, memory and traffic of the whole process, as the operating system counts them. */

import { readdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import {
  CPU_SHARE,
  FILE_SYSTEM_READS,
  FILE_SYSTEM_WRITES,
  INVOLUNTARY_CONTEXT_SWITCHES,
  MAJOR_PAGE_FAULTS,
  MAX_RSS,
  MINOR_PAGE_FAULTS,
  OPEN_DESCRIPTORS,
  RSS,
  SYSTEM_TIME,
  USER_TIME,
  VOLUNTARY_CONTEXT_SWITCHES,
} from "../format/series.js";
import { LEAST_INTERVAL_MS, type Observe, OptionalReadings, type Sampler } from "./sampler.js";

export interface ProcessSamplerOptions {
  /** Does not say what is missing: another sampler will. @default false */
  readonly isSilent?: boolean | undefined;
}

/** Folders with an entry for each file that is open. */
const DESCRIPTOR_FOLDERS: Partial<Record<NodeJS.Platform, string>> = {
  linux: "/proc/self/fd",
  android: "/proc/self/fd",
  darwin: "/dev/fd",
};

/** On Windows libuv fills these in as 0. */
const NOT_ON_WINDOWS = new Set<string>([VOLUNTARY_CONTEXT_SWITCHES, INVOLUNTARY_CONTEXT_SWITCHES, MINOR_PAGE_FAULTS]);

/** Takes some 20 µs. Reads the same on any thread of the process. */
export class ProcessSampler implements Sampler {
  readonly #optional: OptionalReadings;
  #last: { readonly ms: number; readonly cpuUs: number } | undefined;

  constructor({ isSilent }: ProcessSamplerOptions = {}) {
    this.#optional = new OptionalReadings({ isSilent });
  }

  sample(observe: Observe): void {
    const usage = process.resourceUsage(); // µs, kB
    observe(USER_TIME, usage.userCPUTime / 1e6);
    observe(SYSTEM_TIME, usage.systemCPUTime / 1e6);
    observe(MAX_RSS, usage.maxRSS);
    this.#observeCpuShare(observe, usage.userCPUTime + usage.systemCPUTime);
    const counters = [
      [VOLUNTARY_CONTEXT_SWITCHES, usage.voluntaryContextSwitches],
      [INVOLUNTARY_CONTEXT_SWITCHES, usage.involuntaryContextSwitches],
      [MINOR_PAGE_FAULTS, usage.minorPageFault],
      [MAJOR_PAGE_FAULTS, usage.majorPageFault],
      [FILE_SYSTEM_READS, usage.fsRead],
      [FILE_SYSTEM_WRITES, usage.fsWrite],
    ] as const;
    for (const [label, value] of counters) {
      const isTold = process.platform !== "win32" || !NOT_ON_WINDOWS.has(label);
      this.#optional.observe(observe, label, () => (isTold ? value : undefined));
    }
    this.#optional.observe(observe, RSS, () => process.memoryUsage.rss());
    this.#optional.observe(observe, OPEN_DESCRIPTORS, () => {
      const folder = DESCRIPTOR_FOLDERS[process.platform];
      return folder === undefined ? undefined : readdirSync(folder).length - 1; // one is open to read the folder
    });
  }

  #observeCpuShare(observe: Observe, cpuUs: number): void {
    const ms = performance.now();
    const last = this.#last;
    if (last && ms - last.ms < LEAST_INTERVAL_MS) return; // the clock ticks, and what we do ourselves, would be most of it
    this.#last = { ms, cpuUs };
    if (last) observe(CPU_SHARE, (cpuUs - last.cpuUs) / 1000 / (ms - last.ms));
  }
}
