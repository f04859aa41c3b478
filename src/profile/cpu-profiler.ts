/**
 * CPU profiler: when a profile begins, when it is ended and the next begun, and who gets its text.
 *
 *     start ──▶ engine ──60 s──▶ text ──▶ save      One profile, from start() to stop(), is a series of texts. Between
 *                      └──60 s──▶ text ──▶ save …    one and the next is the time to end it, and no turn of the program.
 *
 * It knows of no files and no threads: `save` does. How stacks are looked at is in `engine.ts`.
 */

import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { OptionError, ProfilerError, refuseUnknown, requireObject } from "../errors.js";
import { warn } from "../notices.js";
import { type ResolvedSampling, resolveSampling, type SamplingOptions } from "../profiler-options.js";
import { openEngine, type ProfilerEngine, type ProfileUnderWay } from "./engine.js";

export interface CpuProfilerOptions extends SamplingOptions {
  /**
   * Hears of what fails while nobody waits for it: at rotation, and in `stopNow()`. Once for each kind of failure.
   * @default a process warning
   */
  readonly onError?: ((error: ProfilerError) => void) | undefined;
  /** Called when a profile begins; what it returns, when it ends. */
  readonly whileRunning?: (() => () => void) | undefined;
}

/** Given a profile as JSON, resolves to the path it was written to, or to nothing if it was not. */
export type SaveProfile = (json: string) => Promise<string | undefined>;

export interface ProfileOptions {
  /** How long to profile, in seconds: above 0, to 2 147 483 (25 days). */
  readonly seconds: number;
  /** Ends the profile early. What was taken until then is written all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** Of a profile that has been running for weeks, `stop()` tells the latest files only. */
const MAX_PATHS = 1000;

/**
 * Takes CPU profiles of the thread it is in, one at a time: V8's `.cpuprofile` JSON, which Chrome DevTools and speedscope
 * open. Until it is started it costs nothing and loads nothing.
 *
 * A function that V8 had inlined in its caller before the profile began is seen as part of that caller: a program that has
 * been running hot for long shows its names best if profiled from the start. (True of every profiler built on V8's.)
 *
 * Others may profile the thread meanwhile: DevTools, `--cpu-prof`, sessions of `node:inspector`, a second CpuProfiler.
 * Each gets its own profile, and each costs. A session that listens for `console.profile()` hears of our rotations. Only
 * v8-profiler-next has one profiler for all: while anybody else uses it in this thread, `start()` with that engine throws.
 *
 * @example
 * import { CpuProfiler } from "seismo";
 * const profiler = new CpuProfiler(async (json) => {
 *   const { nodes, samples, timeDeltas, startTime, endTime } = JSON.parse(json); // times in microseconds
 *   console.log(nodes.length > 0, samples.length === timeDeltas.length, endTime > startTime); // => true true true
 *   return "where it was written";
 * });
 * console.log(await profiler.profile({ seconds: 0.05 })); // => [ 'where it was written' ]
 */
export class CpuProfiler {
  readonly #save: SaveProfile;
  readonly #options: ResolvedOptions;
  readonly #reported = new Set<string>();
  #engine: ProfilerEngine | undefined;
  #run: Run | undefined;
  #isClosed = false;

  /** @throws {OptionError} */
  constructor(save: SaveProfile, options: CpuProfilerOptions = {}) {
    if (typeof save !== "function") throw new OptionError("save", "a function", save);
    this.#save = save;
    this.#options = resolveCpuProfilerOptions(options);
  }

  /** True from `start()` to `stop()`, and while `profile()` takes one. */
  get running(): boolean {
    return this.#run !== undefined;
  }

  /** What takes the profiles: known when the first has been begun. */
  get engine(): ProfilerEngine["name"] | undefined {
    return this.#engine?.name;
  }

  /**
   * Begins a profile, which goes on until `stop()`. Takes 5 to 20 ms, more in a large program: V8 looks at all its code.
   * @throws {ProfilerError} if one is running already, or if the engine is missing or broken
   */
  start(): void {
    this.#start();
  }

  /**
   * Ends the profile that is running. Resolves, when all its files are written, to their paths, oldest first.
   * @throws {ProfilerError} if none is running, or if it could not be ended or written
   */
  async stop(): Promise<string[]> {
    if (this.#run === undefined) throw new ProfilerError("no CPU profile is running");
    return this.#end(this.#run);
  }

  /**
   * Profiles for some seconds, and keeps the process alive until then. Resolves to the paths of the files. Ends early
   * when the signal says so, or with `stop()`.
   *
   * @throws {OptionError}
   * @throws {ProfilerError} as `start()` and `stop()` do
   */
  async profile(options: ProfileOptions): Promise<string[]> {
    const { seconds, signal } = resolveProfileOptions(options);
    const run = this.#start();
    await timeIsUp(run, seconds * 1000, signal);
    return this.#end(run); // whoever ended it: the same promise
  }

  /**
   * For the end of the process: ends the profile, if one is running, and hands its text to `save` before it returns.
   * Never throws.
   */
  stopNow(): void {
    if (this.#run) this.#end(this.#run).catch((error) => this.#report("end", error));
  }

  /** Ends the profile that is running, if one is, as `stop()` does, and takes no more. */
  async close(): Promise<string[]> {
    this.#isClosed = true;
    return this.#run ? this.#end(this.#run) : [];
  }

  #start(): Run {
    if (this.#isClosed) throw new ProfilerError("the CPU profiler has been closed: recording has been stopped");
    if (this.#run) throw new ProfilerError("a CPU profile is running already: one at a time");
    this.#engine ??= openEngine(this.#options.engine);
    this.#run = new Run(this.#engine, this.#save, this.#options, (kind, error) => this.#report(kind, error));
    return this.#run;
  }

  #end(run: Run): Promise<string[]> {
    if (this.#run === run) this.#run = undefined;
    return run.end();
  }

  #report(kind: FailureKind, error: ProfilerError): void {
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    this.#options.onError(error);
  }
}

type FailureKind = "rotate" | "end" | "save";

/** One profile from its start to its end, as a series of texts. */
class Run {
  /** Called when the profile ends. */
  onEnd: () => void = () => {};
  readonly #engine: ProfilerEngine;
  readonly #save: SaveProfile;
  readonly #samplingIntervalUs: number;
  readonly #report: (kind: FailureKind, error: ProfilerError) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #hasEnded: () => void;
  readonly #files: Promise<string | undefined>[] = [];
  /** Nothing after a rotation that failed; the next tries to begin anew. */
  #underWay: ProfileUnderWay | undefined;
  #paths: Promise<string[]> | undefined;

  /** @throws {ProfilerError}, and then nothing is left running */
  constructor(
    engine: ProfilerEngine,
    save: SaveProfile,
    { samplingIntervalUs, rotateAgeMs, whileRunning }: ResolvedOptions,
    report: (kind: FailureKind, error: ProfilerError) => void,
  ) {
    this.#engine = engine;
    this.#save = save;
    this.#samplingIntervalUs = samplingIntervalUs;
    this.#report = report;
    this.#underWay = engine.begin(samplingIntervalUs);
    this.#hasEnded = whileRunning();
    this.#timer = setInterval(() => this.#rotate(), rotateAgeMs);
    this.#timer.unref();
  }

  /** Later calls return the same promise. The first has handed the last text to `save` when it returns. */
  end(): Promise<string[]> {
    this.#paths ??= this.#end();
    return this.#paths;
  }

  #rotate(): void {
    try {
      if (this.#underWay) this.#keep(this.#underWay.rotate());
      else this.#underWay = this.#engine.begin(this.#samplingIntervalUs);
    } catch (error) {
      this.#report("rotate", error as ProfilerError);
      this.#salvage();
    }
  }

  /** Rather than let a profile grow that cannot be rotated. */
  #salvage(): void {
    const failed = this.#underWay;
    this.#underWay = undefined;
    try {
      if (failed) this.#keep(failed.end());
    } catch (error) {
      this.#report("end", error as ProfilerError);
    }
  }

  #keep(json: string): void {
    this.#files.push(
      this.#write(json).catch((error) => {
        this.#report("save", error);
        return undefined;
      }),
    );
    if (this.#files.length >= MAX_PATHS) this.#files.shift();
  }

  async #end(): Promise<string[]> {
    clearInterval(this.#timer);
    this.#hasEnded();
    this.onEnd();
    const last = this.#underWay && this.#write(this.#underWay.end());
    const paths = await Promise.all([...this.#files, last]);
    return paths.filter((path) => path !== undefined);
  }

  async #write(json: string): Promise<string | undefined> {
    try {
      return await this.#save(json);
    } catch (error) {
      throw new ProfilerError(`a CPU profile could not be written: ${(error as Error)?.message ?? error}`, {
        cause: error,
      });
    }
  }
}

/** Resolves when the time is up, the signal says so, or the profile has been ended by somebody else. */
function timeIsUp(run: Run, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal?.addEventListener("abort", over);
    run.onEnd = over;
    if (signal?.aborted) over();
  });
}

type ResolvedOptions = ResolvedSampling & {
  readonly [K in "onError" | "whileRunning"]: NonNullable<CpuProfilerOptions[K]>;
};

function resolveCpuProfilerOptions(options: CpuProfilerOptions): ResolvedOptions {
  requireObject("CpuProfilerOptions", options);
  const {
    samplingIntervalUs,
    rotateAgeMs,
    engine,
    onError = ({ code, message }) => warn(code, message),
    whileRunning = () => () => {},
    ...unknown
  } = options;
  refuseUnknown(
    "CpuProfilerOptions",
    ["samplingIntervalUs", "rotateAgeMs", "engine", "onError", "whileRunning"],
    unknown,
  );
  if (typeof onError !== "function") throw new OptionError("onError", "a function", onError);
  if (typeof whileRunning !== "function") throw new OptionError("whileRunning", "a function", whileRunning);
  return { ...resolveSampling({ samplingIntervalUs, rotateAgeMs, engine }), onError, whileRunning };
}

function resolveProfileOptions(options: ProfileOptions): ProfileOptions {
  requireObject("the argument of profile()", options);
  const { seconds, signal, ...unknown } = options;
  refuseUnknown("profile()", ["seconds", "signal"], unknown);
  const longest = Math.floor((2 ** 31 - 1) / 1000); // what a timer can do
  if (!(typeof seconds === "number" && seconds > 0 && seconds <= longest))
    throw new OptionError("seconds", `a number above 0, to ${longest}`, seconds);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new OptionError("signal", "an AbortSignal", signal);
  return { seconds, signal };
}
