/**
 * File names: who wrote a file, when it begins, and which one it is.
 *
 *     duration.20261122T041503512Z-4242-k3f9qz-0007.csv
 *     └prefix┘ └ UTC of first row┘ └pid┘└ run┘└ n ┘
 *
 * `run` is random, so that process 1 of ten containers is ten names. Names of one prefix sort by time.
 */

import { OptionError } from "../errors.js";

export const DURATION_PREFIX = "duration";
export const GAUGE_PREFIX = "gauge";
export const RUNTIME_PREFIX = "runtime";
/** Stacks of stalls. */
export const STALL_PREFIX = "stall";

/** A published file, and one that still grows. */
export const CSV_EXTENSION = ".csv";
export const GROWING_EXTENSION = ".tmp";
export const TEXT_EXTENSION = ".txt";
export const PROFILE_EXTENSION = ".data";

const RUN_LENGTH = 6;

/**
 * A name for one run, by which its files are told from those of any other process that ever had this PID. It is no secret,
 * so V8's own generator will do, which the system's entropy seeds: to load Node's took 3 ms of every start.
 */
export function newRunId(): string {
  return Math.floor(Math.random() * 36 ** RUN_LENGTH)
    .toString(36)
    .padStart(RUN_LENGTH, "0");
}

/** A file's name without its extension. */
export function fileStem(prefix: string, firstEpochMs: number, pid: number, run: string, n: number): string {
  const stamp = new Date(firstEpochMs).toISOString().replace(/[-:.]/g, "");
  return `${prefix}.${stamp}-${pid}-${run}-${String(n).padStart(4, "0")}`;
}

/** @throws {OptionError} for what could leave the directory, or be taken for another part of the name */
export function requirePrefix(prefix: unknown, option = "prefix"): asserts prefix is string {
  if (typeof prefix !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(prefix)) {
    throw new OptionError(option, "1 to 64 letters, digits, - or _", prefix);
  }
}

/** The name of a CPU profile, without its extension. */
export function profileStem(pid: number): string {
  return `profiler.${pid}`;
}
