/**
 * Monitor: wires recorders, samplers, profiler, flusher and exit hooks together: one recording, from its start to its
 * stop. Which one is under way is the business of `ambient.ts`.
 */

import { accessSync, constants } from "node:fs";
import { resolve } from "node:path";
import { clearImmediate, setImmediate } from "node:timers";
import { isMainThread } from "node:worker_threads";
import { DirectoryError, OptionError, ProfilerError, refuseUnknown, requireObject, SeismoError } from "./errors.js";
import { makeDirectory } from "./flush/directory.js";
import { installExitHooks } from "./flush/exit.js";
import { FlusherLink } from "./flush/flusher-link.js";
import { PROFILE_EXTENSION, profileStem, RUNTIME_PREFIX, requirePrefix } from "./format/file-name.js";
import { complain, warn } from "./notices.js";
import { type MonitorOptions, type ResolvedMonitorOptions, resolveMonitorOptions } from "./options.js";
import { CpuProfiler, type ProfileOptions } from "./profile/cpu-profiler.js";
import type { Chunk } from "./record/chunk.js";
import { type SampleStats, sumStats } from "./record/counters.js";
import { DurationRecorder } from "./record/duration-recorder.js";
import { OTHER_LABEL } from "./record/label-table.js";
import type { Recorder } from "./record/recorder.js";
import type { SampleBuffer } from "./record/sample-buffer.js";
import { ValueRecorder } from "./record/value-recorder.js";
import { Runtime } from "./runtime.js";
import { requireInterval } from "./runtime-options.js";
import type { Sampler } from "./samplers/sampler.js";
import type { Sampling } from "./samplers/sampler-rounds.js";
import { Watch, type WatchSettings } from "./watch.js";

/** Samples that one chunk holds of a recorder that is filled on an interval. */
const SPARSE_CAPACITY = 4_096;

/** What became of the samples of a run, by prefix and in total. */
export interface MonitorStats extends SampleStats {
  readonly prefixes: Readonly<Record<string, SampleStats>>;
}

export interface SampleOptions {
  /** @default sampleIntervalMs */
  readonly intervalMs?: number | undefined;
  /** Prefix of the files that take the samples. @default "runtime" */
  readonly prefix?: string | undefined;
}

interface Recording {
  readonly prefix: string;
  readonly recorder: Recorder<Chunk>;
  readonly buffer: SampleBuffer<Chunk>;
}

/** A recording under way in this thread: what `start()` returns. */
export class Monitor implements AsyncDisposable {
  /** The monitoring directory, as an absolute path. */
  readonly directory: string;
  readonly options: ResolvedMonitorOptions;
  /** Takes CPU profiles of this thread: to `profiler.PID.data`, and `profiler.PID.2.data`, … if that is there. */
  readonly profiler: CpuProfiler;
  readonly #recordings: Recording[] = [];
  readonly #link: FlusherLink;
  readonly #runtime: Runtime;
  readonly #sampled = new Map<string, ValueRecorder>();
  #observing: NodeJS.Immediate | undefined;
  #stopListening: () => void = () => {};
  #stopped: Promise<MonitorStats> | undefined;

  /**
   * @param isLazy  what a program that ends at once needs not is left for later: the flusher's thread until there is
   *                something to write, samplers until the event loop turns
   * @throws {OptionError | DirectoryError}, and then nothing is left running
   */
  constructor(options?: MonitorOptions, { isLazy = false }: { readonly isLazy?: boolean } = {}) {
    this.options = resolveMonitorOptions(options);
    const { flushIntervalMs, rotateBytes, rotateAgeMs, thread, clock, signals } = this.options;
    this.directory = prepareDirectory(this.options.directory);
    const files = { directory: this.directory, rotateBytes, rotateAgeMs };
    this.#runtime = new Runtime(this.options);
    const settings = this.#runtime.watchSettings;
    this.#link = new FlusherLink({
      threadUrl: new URL("./thread.js", import.meta.url),
      files,
      flushIntervalMs,
      thread: thread && isLazy ? "lazy" : thread,
      clock,
      attendant: settings && { settings, attend: (data, host) => new Watch(data as WatchSettings, host) },
    });
    this.profiler = new CpuProfiler((json) => this.#saveProfile(json), {
      ...this.options.profiler.sampling,
      onError: ({ code, message }) => warn(code, message),
      whileRunning: () => this.#runtime.profiling(),
    });
    const uninstall = installExitHooks({
      flush: () => {
        this.profiler.stopNow();
        this.#observe();
        this.#runtime.sampleNow();
        this.#link.publishSync();
      },
      onExit: () => {
        this.#link.leave();
        this.#reportLosses();
      },
      signals: signals && isMainThread,
    });
    void this.#link.ended.then(uninstall);
    if (isLazy) this.#observing = setImmediate(() => this.#observe()).unref();
    else this.#observe();
    const { atStart, signal } = this.options.profiler;
    if (atStart) this.#toggleProfiler();
    if (signal && isMainThread) {
      process.on(signal, this.#toggleProfiler);
      this.#stopListening = () => process.off(signal, this.#toggleProfiler);
    }
  }

  /** True until `stop()` is called. */
  get recording(): boolean {
    return this.#stopped === undefined;
  }

  /**
   * A recorder of durations with files of its own prefix, flushed like the rest and closed by `stop()`.
   * @throws {OptionError} if the prefix could not be part of a file's name
   * @throws {SeismoError} if the monitor has been stopped
   */
  durationRecorder(prefix: string): DurationRecorder {
    return this.record(new DurationRecorder({ open: false }), prefix);
  }

  /** The same for values. */
  valueRecorder(prefix: string): ValueRecorder {
    return this.record(new ValueRecorder({ open: false }), prefix);
  }

  /**
   * Calls a sampler of yours now, on an interval, and once more at the end. What it observes is recorded, to
   * `runtime.*.csv` or to files of another prefix. It may be asynchronous: it is not called again before it has answered.
   * One that throws or rejects is counted, warned about once, and goes on.
   * @param name  names the sampler in warnings
   * @returns what ends it before the monitor is stopped
   * @throws {OptionError} for options that are unknown or out of range, and for a sampler that is none
   * @throws {SeismoError} if the monitor has been stopped
   * @example
   * import { start } from "seismo";
   * const monitor = start();
   * const queue = ["a job"];
   * monitor.sample("queue", { intervalMs: 500 }, (observe) => observe("q:jobs:size", queue.length));
   * console.log((await monitor.stop()).written); // => 2
   */
  sample(name: string, options: SampleOptions, sampler: Sampler | Sampler["sample"]): Sampling {
    this.#requireRecording();
    requireName(name);
    requireObject("the options of sample()", options);
    const { intervalMs = this.options.sampleIntervalMs, prefix = RUNTIME_PREFIX, ...unknown } = options;
    refuseUnknown("sample()", ["intervalMs", "prefix"], unknown);
    requireInterval("intervalMs", intervalMs);
    requirePrefix(prefix);
    this.#observe();
    return this.#runtime.add(name, samplerOf(sampler), this.#valuesOf(prefix), intervalMs);
  }

  /** Opens a recorder that is closed, and has its samples written to files of this prefix until `stop()` closes it. */
  record<R extends Recorder<Chunk>>(recorder: R, prefix: string): R {
    this.#record(recorder, prefix, this.options.capacity);
    if (recorder instanceof ValueRecorder && !this.#sampled.has(prefix)) this.#sampled.set(prefix, recorder);
    return recorder;
  }

  #record<R extends Recorder<Chunk>>(recorder: R, prefix: string, most: number): R {
    requirePrefix(prefix);
    this.#requireRecording();
    recorder.labels.limit(this.options.maxLabels);
    recorder.labels.onOverflow = () => this.#warnOfOverflow(prefix);
    const { maxBytes, clock } = this.options;
    const capacity = Math.min(most, this.options.capacity);
    const buffer = recorder.open({ capacity, maxBytes, ...(clock && { clock }) });
    this.#recordings.push({ prefix, recorder, buffer });
    this.#link.attach(buffer, prefix);
    return recorder;
  }

  /**
   * Takes a CPU profile of this thread for some seconds. Resolves to the paths of its files: one for each minute, or
   * whatever `profiler.rotateAgeMs` says. Keeps the process alive until then.
   * @throws {OptionError}
   * @throws {ProfilerError} if a profile is being taken already, or cannot be; recording goes on
   * @example
   * import { start } from "seismo";
   * const monitor = start();
   * const [path] = await monitor.profile({ seconds: 0.1 });
   * console.log(path!.endsWith(`profiler.${process.pid}.data`)); // => true
   * await monitor.stop();
   */
  async profile(options: ProfileOptions): Promise<string[]> {
    this.#requireRecording();
    return this.profiler.profile(options);
  }

  /** Resolves when everything recorded so far is in published files. */
  flush(): Promise<void> {
    return this.#link.publish();
  }

  /** What became of the samples so far. */
  stats(): MonitorStats {
    const prefixes = new Map<string, SampleStats>();
    for (const { prefix, buffer } of this.#recordings) {
      const known = prefixes.get(prefix);
      prefixes.set(prefix, known ? sumStats([known, buffer.stats()]) : buffer.stats());
    }
    return { ...sumStats([...prefixes.values()]), prefixes: Object.fromEntries(prefixes) };
  }

  /** Stops recording. Resolves when every file is published. Later calls return the same promise. */
  stop(): Promise<MonitorStats> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Begins to observe the runtime, unless that has been begun, or there is nothing to record it any more. */
  #observe(): void {
    clearImmediate(this.#observing);
    if (!this.recording) return; // the process may end while files are being finished
    this.#runtime.start({
      recorder: () => this.#valuesOf(RUNTIME_PREFIX),
      eventRecorder: () => this.#sparse(RUNTIME_PREFIX),
    });
  }

  async #stop(): Promise<MonitorStats> {
    clearImmediate(this.#observing);
    this.#stopListening();
    const profiled = this.profiler.close().catch(warnOfProfiler);
    this.#runtime.stop();
    for (const { recorder } of this.#recordings) recorder.close();
    await this.#link.close(); // which the profile, handed over by now, is written before
    await profiled;
    return this.stats();
  }

  /** Begins a profile, or ends the one there is. Nobody waits for it, so what goes wrong is said, not thrown. */
  readonly #toggleProfiler = (): void => {
    if (this.profiler.running) {
      void this.#endProfile();
      return;
    }
    try {
      this.profiler.start();
    } catch (error) {
      warnOfProfiler(error);
    }
  };

  async #endProfile(): Promise<void> {
    if (this.profiler.running) await this.profiler.stop().catch(warnOfProfiler);
  }

  async #saveProfile(text: string): Promise<string> {
    const saved = await this.#link.save({ stem: profileStem(process.pid), extension: PROFILE_EXTENSION, text });
    if ("error" in saved) throw new Error(saved.error);
    return saved.path;
  }

  /** The recorder that samplers of one prefix share. */
  #valuesOf(prefix: string): ValueRecorder {
    let recorder = this.#sampled.get(prefix);
    if (!recorder) {
      recorder = this.#sparse(prefix);
      this.#sampled.set(prefix, recorder);
    }
    return recorder;
  }

  /** A recorder of values that come seldom. */
  #sparse(prefix: string): ValueRecorder {
    return this.#record(new ValueRecorder({ open: false }), prefix, SPARSE_CAPACITY);
  }

  #requireRecording(): void {
    if (!this.#stopped) return;
    throw new SeismoError("ERR_SEISMO_STOPPED", "the monitor has been stopped; start() makes another");
  }

  #warnOfOverflow(prefix: string): void {
    warn(
      "ERR_SEISMO_LABELS",
      `more than ${this.options.maxLabels} labels in ${prefix} files: further ones share the series ${OTHER_LABEL}. ` +
        "Is there an id in a label? See maxLabels.",
    );
  }

  /** At the end of the process or thread: says so if samples could not be written. */
  #reportLosses(): void {
    if (this.#stopped || !this.#link.isSettled) return; // stop() has told, or another thread will know
    const { recorded, written, invalid } = this.stats();
    const lost = recorded - written - invalid;
    if (lost > 0) {
      complain(
        `${lost} of ${recorded} samples were lost: they could not be written to ${this.directory}, or not in time`,
      );
    }
  }
}

function warnOfProfiler(error: unknown): void {
  warn("ERR_SEISMO_PROFILER", error instanceof ProfilerError ? error.message : `no CPU profile: ${error}`);
}

function requireName(name: unknown): void {
  if (typeof name !== "string" || name === "") throw new OptionError("the name of a sampler", "a string", name);
}

function samplerOf(sampler: Sampler | Sampler["sample"]): Sampler {
  if (typeof sampler === "function") return { sample: sampler };
  if (typeof (sampler as Partial<Sampler> | null)?.sample === "function") return sampler;
  throw new OptionError("a sampler", "a function, or an object with a method sample()", sampler);
}

/** Returns it as an absolute path. */
function prepareDirectory(directory: string): string {
  try {
    const path = resolve(directory); // fails if the working directory has been removed
    makeDirectory(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    return path;
  } catch (error) {
    throw new DirectoryError(directory, (error as Error).message, { cause: error });
  }
}
