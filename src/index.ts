/**
 * Seismo's door: what a program imports to be recorded, and, below, the parts a recorder is made of.
 *
 *     start(), stop()                             switch recording on and off
 *     timeIt, series, start-/stopDurationSample   record how long things take    → duration.*.csv
 *     observe, observeMany                        record values                  → gauge.*.csv
 *
 * Everything may be called at any time, before `start()` and after `stop()` too: then it records nothing, and costs a
 * branch.
 */

import { durations, gauges } from "./ambient.js";
import type { DurationToken } from "./record/duration-recorder.js";
import { Series } from "./record/series-handle.js";
import { createTimeIt, type TimeIt } from "./record/time-it.js";

export { durationRecorder, start, stop } from "./ambient.js";
export type { Monitor, MonitorStats, SampleOptions } from "./monitor.js";
export type { MonitorOptions } from "./options.js";
export type { EngineChoice, ProfilerOptions, SamplingOptions } from "./profiler-options.js";
export type {
  MemoryOptions,
  ProcessTreeOptions,
  RuntimeOptions,
  SamplerOptions,
  StallOptions,
} from "./runtime-options.js";

/**
 * Times every call of a function: as a decorator, a wrapper, or a block. A promise is timed until it settles, a
 * generator until it is done; what they return or throw passes through untouched.
 *
 * @example
 * import { timeIt } from "seismo";
 * const parse = timeIt("parse")((text: string) => JSON.parse(text));
 * const load = timeIt("load")(async (path: string) => path.length);
 * const block = timeIt.block("both");
 * console.log(parse("[1]"), await load("/tmp")); // => [ 1 ] 4
 * block.stop();
 */
export const timeIt: TimeIt = createTimeIt(durations);

/**
 * A handle for the hottest paths: the label is looked up once, here.
 *
 * @example
 * import { series } from "seismo";
 * const notify = series("/v2/notify [POST]");
 * const token = notify.start();
 * notify.stop(token);
 */
export function series(label: string): Series {
  return new Series(durations, label);
}

/**
 * Starts a measurement. The token returned is all there is to it: hold it as long as you like, or forget it.
 *
 * @example
 * import { startDurationSample, stopDurationSample } from "seismo";
 * const id = startDurationSample();
 * stopDurationSample("/v2/notify [POST]", id);
 */
export function startDurationSample(): DurationToken {
  return durations.start();
}

/**
 * Records the time since `startDurationSample()` returned this token, under a label.
 *
 * @example
 * import { startDurationSample, stopDurationSample } from "seismo";
 * const id = startDurationSample();
 * await fetch("data:,").finally(() => stopDurationSample("fetch", id));
 */
export function stopDurationSample(label: string, token: DurationToken): void {
  durations.stop(durations.labels.idOf(label), token);
}

/**
 * Records a value, now. NaN, infinities and what is no number are counted as invalid, and not written.
 *
 * @example
 * import { observe } from "seismo";
 * observe("queue length", 17);
 */
export function observe(label: string, value: number): void {
  gauges.observe(label, value);
}

/**
 * Records several values under one timepoint.
 *
 * @example
 * import { observeMany } from "seismo";
 * observeMany([["temp", 75.3], ["pressure", 19.2]]);
 */
export function observeMany(samples: Iterable<readonly [label: string, value: number]>): void {
  gauges.observeMany(samples);
}

export { type Clock, type ClockAnchor, ManualClock, systemClock } from "./clock.js";
export { DirectoryError, OptionError, ProfilerError, SeismoError } from "./errors.js";
export { Flusher, type FlusherOptions } from "./flush/flusher.js";
export { type SeriesFileOptions, SeriesFileSink } from "./flush/series-file.js";
export type { RowBatch, Sink } from "./flush/sink.js";
export { BUILT_IN_SERIES, type BuiltInSeries, type SeriesKind } from "./format/series.js";
export { CpuProfiler, type CpuProfilerOptions, type ProfileOptions, type SaveProfile } from "./profile/cpu-profiler.js";
export type { SampleStats } from "./record/counters.js";
export { DurationChunk } from "./record/duration-chunk.js";
export { DurationRecorder, type DurationToken } from "./record/duration-recorder.js";
export { LabelTable } from "./record/label-table.js";
export type { RecorderOptions } from "./record/recorder-options.js";
export type { SampleSource } from "./record/sample-buffer.js";
export { Series } from "./record/series-handle.js";
export { createTimeIt, type Timed, type TimedBlock, type TimeIt } from "./record/time-it.js";
export { ValueChunk } from "./record/value-chunk.js";
export { ValueRecorder } from "./record/value-recorder.js";
export type { Observe, Sampler } from "./samplers/sampler.js";
export type { Sampling } from "./samplers/sampler-rounds.js";
