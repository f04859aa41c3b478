/**
 * Engine: what takes CPU profiles of the thread it lives in, and which one that is. There are two, and their output
 * is the same, V8's `.cpuprofile` JSON with times in microseconds:
 *
 *     inspector          built into Node. While it profiles, every console call is reported to it too: 1 to 5 µs each
 *     v8-profiler-next   from npm, compiled when it is installed; leaves the console alone. In a program's main thread only
 *
 * Neither is loaded before the first profile is asked for. When a profile begins and ends, and where it goes, is in
 * `cpu-profiler.ts`.
 */

import { isMainThread } from "node:worker_threads";
import { ProfilerError } from "../errors.js";
import type { EngineChoice } from "../profiler-options.js";
import { openInspector } from "./inspector-engine.js";
import { isInstalled, openV8Profiler } from "./v8-profiler-engine.js";

/** Takes CPU profiles of the thread it lives in. */
export interface ProfilerEngine {
  readonly name: Exclude<EngineChoice, "auto">;
  /** @throws {ProfilerError}, and then nothing is left running */
  begin(samplingIntervalUs: number): ProfileUnderWay;
}

/** What it returns is JSON, and synchronously so: a process that exits waits for nothing. */
export interface ProfileUnderWay {
  /**
   * Returns what there is so far and goes on, with nothing, before the program's next turn. Cheaper and better than
   * another `begin()`: optimized code shows the functions inlined in it only to a profiler that saw it being compiled.
   * @throws {ProfilerError}, and then what there is may still be had from `end()`
   */
  rotate(): string;
  /**
   * Ends the profile. Call it once; even when it throws, nothing is left running.
   * @throws {ProfilerError}
   */
  end(): string;
}

/**
 * Loads the engine. `auto` takes v8-profiler-next if it is installed: one that is, and does not work, is an error then
 * and no reason to take the other, as somebody who installed it would not expect the console to cost more.
 *
 * @throws {ProfilerError} if the engine is missing or broken; its message says what to do
 */
export function openEngine(choice: EngineChoice): ProfilerEngine {
  // A worker that ends while v8-profiler-next 1.10 profiles it takes the process along: SIGSEGV, in 16 of 27 runs
  // (Node 20). And worker.terminate() gives us no chance to end the profile before.
  if (!isMainThread) {
    if (choice !== "v8-profiler-next") return openInspector();
    throw new ProfilerError(
      'v8-profiler-next would crash the process if a worker thread ended while being profiled. There, use engine: "inspector"',
    );
  }
  if (choice === "inspector" || (choice === "auto" && !isInstalled())) return openInspector();
  return openV8Profiler();
}
