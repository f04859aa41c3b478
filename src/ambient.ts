/**
 * Ambient: the recording under way in this thread, and the recorders behind `timeIt`, `observe` and the rest of the
 * public door, which live through every start and stop of it.
 *
 * They are there from the first import, closed, so that handles, decorators and labels made before `start()` are good
 * after it, and again after a second one.
 *
 * A program that was started with the preload is being recorded before its first line runs, as its environment and its
 * configuration file have it. What its own code says when it calls `start()` comes first, so then recording begins anew.
 */

import { monitorOptionsFromEnvironment, overlay } from "./config/environment.js";
import { OptionError, requireObject } from "./errors.js";
import { DURATION_PREFIX, GAUGE_PREFIX, requirePrefix } from "./format/file-name.js";
import { Monitor, type MonitorStats } from "./monitor.js";
import { warn } from "./notices.js";
import type { MonitorOptions } from "./options.js";
import { DurationRecorder } from "./record/duration-recorder.js";
import { ValueRecorder } from "./record/value-recorder.js";

export const durations: DurationRecorder = new DurationRecorder({ open: false });
export const gauges: ValueRecorder = new ValueRecorder({ open: false });

const recorders = new Map<string, DurationRecorder | ValueRecorder>([
  [DURATION_PREFIX, durations],
  [GAUGE_PREFIX, gauges],
]);

let current: Monitor | undefined;
/** What the program was told from outside: options that hold where its code says nothing. */
let preset: MonitorOptions | undefined;
let isPreset = false;

/**
 * The recorder of durations with files of this prefix: the same one whenever it is asked for, there before `start()` and
 * after `stop()`, and recording in between. That of the prefix "duration" is the one behind `timeIt`.
 * @throws {OptionError} if the prefix could not be part of a file's name, or is that of values
 * @example
 * import { durationRecorder, start, stop } from "seismo";
 * const queries = durationRecorder("query");
 * const byId = queries.labels.idOf("users by id");
 * start();
 * queries.stop(byId, queries.start());
 * console.log((await stop())?.prefixes["query"]?.written); // => 1
 */
export function durationRecorder(prefix: string): DurationRecorder {
  requirePrefix(prefix);
  const known = recorders.get(prefix);
  if (known instanceof DurationRecorder) return known;
  if (known) throw new OptionError("prefix", "one of durations", prefix);
  const recorder = new DurationRecorder({ open: false });
  recorders.set(prefix, recorder);
  if (current?.recording) current.record(recorder, prefix);
  return recorder;
}

/**
 * Starts recording, in this thread, to CSV files in the monitoring directory. Call it once, early.
 *
 * Called again while recording, it returns the monitor that is running, and warns if it was given options, which have
 * no effect; unless the program was started with the preload: then its own options come before those of the
 * environment and the configuration file, and recording begins anew with them. In a worker thread it records that thread,
 * through the flusher of the process.
 *
 * What the options leave out, environment variables may say: `SEISMO_DIRECTORY`, and so on. See `docs/configuration.md`.
 *
 * @throws {OptionError}     for options that are unknown, misspelt or out of range
 * @throws {ConfigError}     for such variables
 * @throws {DirectoryError}  if the directory cannot be created or written to
 * @example
 * import { observe, start } from "seismo";
 * const monitor = start({ directory: "_monitoring" });
 * observe("queue length", 17);
 * const { recorded, written } = await monitor.stop();
 * console.log(recorded, written); // => 1 1
 */
export function start(options?: MonitorOptions): Monitor {
  if (current?.recording && !(isPreset && options)) {
    if (options !== undefined) {
      warn(
        "ERR_SEISMO_STARTED",
        `start() was called again while recording to ${current.directory}; its options have no effect until stop()`,
      );
    }
    return current;
  }
  if (options !== undefined) requireObject("the argument of start()", options);
  return begin(() => new Monitor(overlay(options ?? {}, preset ?? monitorOptionsFromEnvironment(process.env))), false);
}

/** Starts recording as the program was told from outside, before it runs. Its flusher's thread comes up when needed. */
export function startPreset(options: MonitorOptions): Monitor {
  preset = options;
  return begin(() => new Monitor(options, { isLazy: true }), true);
}

function begin(newMonitor: () => Monitor, fromOutside: boolean): Monitor {
  const last = current;
  const monitor = newMonitor(); // which may throw: then the last goes on
  void last?.stop(); // its recorders are closed when this returns
  for (const [prefix, recorder] of recorders) monitor.record<DurationRecorder | ValueRecorder>(recorder, prefix);
  current = monitor;
  isPreset = fromOutside;
  return monitor;
}

/**
 * Stops recording. Resolves, when every file is published, to what became of the samples; to nothing if not started.
 *
 * @example
 * import { start, stop } from "seismo";
 * start();
 * console.log((await stop())?.dropped); // => 0
 */
export async function stop(): Promise<MonitorStats | undefined> {
  return current?.stop();
}
