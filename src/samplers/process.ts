/** Process sampler: CPU time and memory of the whole process, as the operating system counts them. */

import { MAX_RSS, SYSTEM_TIME, USER_TIME } from "../format/series.js";
import type { ValueRecorder } from "../record/value-recorder.js";

/** Records one reading of each series, under one timepoint. Takes about a microsecond. */
export function sampleProcess(recorder: ValueRecorder): void {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage(); // µs, µs, kB
  recorder.observeMany([
    [USER_TIME.label, userCPUTime / 1e6],
    [SYSTEM_TIME.label, systemCPUTime / 1e6],
    [MAX_RSS.label, maxRSS],
  ]);
}
