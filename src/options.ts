/** Options of `start()`: what they are, what they are when not given, and what they may be. */

import type { Clock } from "./clock.js";
import { OptionError, refuseUnknown, requireBoolean, requireInteger, requireObject } from "./errors.js";
import { type ProfilerOptions, type ResolvedProfiler, resolveProfiler } from "./profiler-options.js";
import {
  type ResolvedRuntime,
  type ResolvedStalls,
  type RuntimeOptions,
  requireInterval,
  resolveRuntime,
  resolveStalls,
  type StallOptions,
} from "./runtime-options.js";

export interface MonitorOptions {
  /** The monitoring directory. Created if need be; relative to the working directory. @default "_monitoring" */
  readonly directory?: string | undefined;
  /** Record what the process itself goes through: see `docs/series.md`. @default false */
  readonly runtime?: boolean | RuntimeOptions | undefined;
  /** How often samplers read, unless told otherwise, in milliseconds. @default 1000 */
  readonly sampleIntervalMs?: number | undefined;
  /** Record when the event loop is blocked, and watch it from outside. @default true if `runtime` is on */
  readonly stalls?: boolean | StallOptions | undefined;
  /** Take a CPU profile of the thread, to `profiler.PID.data`: see `docs/profiling.md`. @default false */
  readonly profiler?: boolean | ProfilerOptions | undefined;
  /** Longest a sample waits in memory before it is written, in milliseconds. @default 100 */
  readonly flushIntervalMs?: number | undefined;
  /** Samples one chunk of memory holds, 20 bytes each. @default 65_536 */
  readonly capacity?: number | undefined;
  /** Memory the samples of one prefix may take before new ones are dropped, in bytes. @default 32 MiB */
  readonly maxBytes?: number | undefined;
  /** Labels of one prefix that get a series of their own; further ones share `(other)`. @default 10_000 */
  readonly maxLabels?: number | undefined;
  /** Size at which a file is published, in bytes. @default 16 MiB */
  readonly rotateBytes?: number | undefined;
  /** Age at which a file is published, in milliseconds. @default 60_000 */
  readonly rotateAgeMs?: number | undefined;
  /** Flush when SIGTERM, SIGINT or SIGHUP arrives. The process ends, or does not, as it would without. @default true */
  readonly signals?: boolean | undefined;
  /** Write files from a thread of our own. Without it, the program's own thread writes them, and waits. @default true */
  readonly thread?: boolean | undefined;
  /** Another clock than the system's, for tests. Implies `thread: false`. */
  readonly clock?: Clock | undefined;
}

type Plain = Omit<MonitorOptions, "clock" | "runtime" | "stalls" | "profiler">;

export type ResolvedMonitorOptions = {
  readonly [K in keyof Plain]-?: NonNullable<MonitorOptions[K]>;
} & Pick<Required<MonitorOptions>, "clock"> & {
    readonly runtime: ResolvedRuntime;
    readonly stalls: ResolvedStalls | undefined;
    readonly profiler: ResolvedProfiler;
  };

export const DEFAULT_DIRECTORY = "_monitoring";
export const DEFAULT_CAPACITY = 65_536;
export const DEFAULT_MAX_BYTES: number = 32 * 2 ** 20;
export const DEFAULT_MAX_LABELS = 10_000;
export const DEFAULT_ROTATE_BYTES: number = 16 * 2 ** 20;
export const DEFAULT_ROTATE_AGE_MS = 60_000;

/** @throws {OptionError} that names the option, what it must be, and what was given */
export function resolveMonitorOptions(options: MonitorOptions = {}): ResolvedMonitorOptions {
  requireObject("the argument of start()", options);
  const {
    directory = DEFAULT_DIRECTORY,
    runtime = false,
    sampleIntervalMs = 1_000,
    stalls = runtime !== false,
    profiler = false,
    flushIntervalMs = 100,
    capacity = DEFAULT_CAPACITY,
    maxBytes = DEFAULT_MAX_BYTES,
    maxLabels = DEFAULT_MAX_LABELS,
    rotateBytes = DEFAULT_ROTATE_BYTES,
    rotateAgeMs = DEFAULT_ROTATE_AGE_MS,
    signals = true,
    thread = true,
    clock,
    ...unknown
  } = options;
  requireInterval("sampleIntervalMs", sampleIntervalMs);
  const resolved: ResolvedMonitorOptions = {
    directory,
    runtime: resolveRuntime(runtime, sampleIntervalMs),
    sampleIntervalMs,
    stalls: resolveStalls(stalls),
    profiler: resolveProfiler(profiler),
    flushIntervalMs,
    capacity,
    maxBytes,
    maxLabels,
    rotateBytes,
    rotateAgeMs,
    signals,
    thread,
    clock,
  };
  refuseUnknown("start()", Object.keys(resolved), unknown);
  if (typeof directory !== "string" || directory === "") throw new OptionError("directory", "a path", directory);
  requireInteger("flushIntervalMs", flushIntervalMs, 10, 3_600_000);
  requireCapacity(capacity);
  requireMaxBytes(maxBytes);
  requireMaxLabels(maxLabels);
  requireRotation(rotateBytes, rotateAgeMs);
  requireBoolean("signals", signals);
  requireBoolean("thread", thread);
  if (clock !== undefined) requireClock(clock);
  return resolved;
}

export function requireCapacity(capacity: unknown): asserts capacity is number {
  requireInteger("capacity", capacity, 1, 2 ** 24);
}

export function requireMaxBytes(maxBytes: unknown): asserts maxBytes is number {
  requireInteger("maxBytes", maxBytes, 1, 2 ** 36);
}

export function requireMaxLabels(maxLabels: unknown): asserts maxLabels is number {
  requireInteger("maxLabels", maxLabels, 1, 1_000_000);
}

export function requireRotation(rotateBytes: unknown, rotateAgeMs: unknown): void {
  requireInteger("rotateBytes", rotateBytes, 1, 2 ** 40);
  requireInteger("rotateAgeMs", rotateAgeMs, 1, 2 ** 31 - 1);
}

export function requireClock(clock: unknown): asserts clock is Clock {
  try {
    const { now } = clock as Clock;
    const { monotonicNs, epochNs } = (clock as Clock).anchor();
    if (typeof now() === "bigint" && typeof monotonicNs === "bigint" && typeof epochNs === "bigint") return;
  } catch {
    // then it is none
  }
  throw new OptionError("clock", "a Clock", clock);
}
