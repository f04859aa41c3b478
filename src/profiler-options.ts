/** Profiler options: how CPU profiles are taken. */

import { constants } from "node:os";
import { OptionError, refuseUnknown, requireInteger, switched } from "./errors.js";

export type EngineChoice = "auto" | "inspector" | "v8-profiler-next";

export interface SamplingOptions {
  /** Time between two looks at the stack, in microseconds: 50 to 1 000 000. @default 1000 */
  readonly samplingIntervalUs?: number | undefined;
  /**
   * Age at which what there is of a profile is saved and the next part begun, in milliseconds: 100 to 3 600 000. Takes
   * up to 0.8 ms of the program's time per 1000 samples. @default 60_000
   */
  readonly rotateAgeMs?: number | undefined;
  /**
   * What takes the profiles: `"v8-profiler-next"`, which must be installed, or `"inspector"`, which is part of Node and
   * makes console calls dearer while it profiles. `"auto"` is the former in the main thread of a program that has it
   * installed, else the latter. @default "auto"
   */
  readonly engine?: EngineChoice | undefined;
}

/** The CPU profiler of a monitor. */
export interface ProfilerOptions extends SamplingOptions {
  /** Begin a profile when this signal arrives, and end it when it arrives again; then not with `start()`. */
  readonly signal?: NodeJS.Signals | undefined;
}

export type ResolvedSampling = { readonly [K in keyof SamplingOptions]-?: NonNullable<SamplingOptions[K]> };

export interface ResolvedProfiler {
  /** Whether to profile from the start. */
  readonly atStart: boolean;
  readonly signal: NodeJS.Signals | undefined;
  readonly sampling: ResolvedSampling;
}

/**
 * Signals that will not do: those that no process hears, those that Seismo ends the files at, V8's own for profiling,
 * and those of faults.
 */
const UNFIT_SIGNALS = new Set<string>([
  ...["SIGKILL", "SIGSTOP", "SIGTERM", "SIGINT", "SIGHUP", "SIGPROF"],
  ...["SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS"],
]);

/** @throws {OptionError} */
export function resolveSampling(options: SamplingOptions, owner = ""): ResolvedSampling {
  const { samplingIntervalUs = 1_000, rotateAgeMs = 60_000, engine = "auto" } = options;
  requireInteger(`${owner}samplingIntervalUs`, samplingIntervalUs, 50, 1_000_000);
  requireInteger(`${owner}rotateAgeMs`, rotateAgeMs, 100, 3_600_000);
  if (engine !== "auto" && engine !== "inspector" && engine !== "v8-profiler-next")
    throw new OptionError(`${owner}engine`, '"auto", "inspector" or "v8-profiler-next"', engine);
  return { samplingIntervalUs, rotateAgeMs, engine };
}

/** @throws {OptionError} */
export function resolveProfiler(profiler: unknown): ResolvedProfiler {
  const given = switched("profiler", profiler) as ProfilerOptions | undefined;
  const { signal, samplingIntervalUs, rotateAgeMs, engine, ...unknown } = given ?? {};
  refuseUnknown("profiler", ["signal", "samplingIntervalUs", "rotateAgeMs", "engine"], unknown);
  if (signal !== undefined && (!Object.hasOwn(constants.signals, signal) || UNFIT_SIGNALS.has(signal)))
    throw new OptionError("profiler.signal", "a signal that means nothing else, such as SIGUSR2", signal);
  return {
    atStart: given !== undefined && signal === undefined,
    signal,
    sampling: resolveSampling({ samplingIntervalUs, rotateAgeMs, engine }, "profiler."),
  };
}
