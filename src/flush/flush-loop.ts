/**
 * Flush loop: when to flush, and what to do when it fails. The same on the flusher's thread and, where there is none, in
 * the program's own.
 *
 * A failure loses nothing: samples stay in their chunks and the flush is made again, less and less often, while memory
 * lasts. It is counted, told once for each kind of error, and recorded as a series of its own, so that a gap in the
 * data is itself in the data.
 */

import { type Clock, systemClock } from "../clock.js";
import { newRunId, RUNTIME_PREFIX } from "../format/file-name.js";
import { SAMPLES_DROPPED, SAMPLES_INVALID, WRITE_ERRORS as WRITE_ERRORS_SERIES } from "../format/series.js";
import { BYTES, DROPPED, FILES, INVALID, LOST, REFUSED, WRITE_ERRORS, WRITTEN } from "../record/counters.js";
import type { SampleSource } from "../record/sample-buffer.js";
import { ValueRecorder } from "../record/value-recorder.js";
import { ENCODER_BYTES, Flusher } from "./flusher.js";
import { SeriesFileSink } from "./series-file.js";

/** What a flush loop needs to know to write the files of one run. Plain data: it crosses to the flusher's thread. */
export interface FileSettings {
  readonly directory: string;
  readonly rotateBytes: number;
  readonly rotateAgeMs: number;
  readonly run: string;
}

export type Warn = (code: string, message: string) => void;

const FIRST_RETRY_NS = 100_000_000n;
const LAST_RETRY_NS = 5_000_000_000n;
/** Samples about ourselves are few. */
const SELF_CAPACITY = 256;

interface Entry {
  readonly flusher: Flusher;
  retryNs: bigint;
  notBeforeNs: bigint;
}

export class FlushLoop {
  readonly #files: FileSettings;
  readonly #warn: Warn;
  readonly #clock: Clock;
  readonly #entries: Entry[] = [];
  readonly #buffer: Uint8Array = new Uint8Array(ENCODER_BYTES);
  readonly #warned = new Set<string>();
  readonly #self: ValueRecorder;
  readonly #prefixes = new Set<string>();
  #reported: readonly number[] = [0, 0, 0];

  constructor(files: FileSettings, warn: Warn, clock: Clock = systemClock) {
    this.#files = files;
    this.#warn = warn;
    this.#clock = clock;
    this.#self = new ValueRecorder({ capacity: SELF_CAPACITY, clock });
    this.add(this.#self.source, RUNTIME_PREFIX);
  }

  /** Takes on the samples of one more recorder, to be written to files of that prefix. */
  add(source: SampleSource, prefix: string): void {
    const { counters } = source;
    const { directory, rotateBytes, rotateAgeMs } = this.#files;
    // two recorders of one prefix each count their files from 1, so they must not share the rest of the name
    const run = this.#prefixes.has(prefix) ? newRunId() : this.#files.run;
    this.#prefixes.add(prefix);
    const clock = this.#clock;
    const onPublish = () => void counters[FILES]++;
    const onLoss = (rows: number, bytes: number) => {
      counters[WRITTEN] -= rows;
      counters[LOST] += rows;
      counters[BYTES] -= bytes;
    };
    const sink = new SeriesFileSink({ directory, prefix, rotateBytes, rotateAgeMs, run, onPublish, onLoss, clock });
    this.#entries.push({
      flusher: new Flusher(source, sink, { buffer: this.#buffer, clock }),
      retryNs: FIRST_RETRY_NS,
      notBeforeNs: 0n,
    });
  }

  /**
   * Writes what has been recorded, and publishes files whose time has come.
   * @param settle  called between looking and reading: what is seen before it may be read after it
   */
  tick(settle?: () => void): void {
    this.#reportSelf();
    const now = this.#clock.now();
    const due = this.#entries.filter((entry) => entry.notBeforeNs <= now);
    if (this.#look(due)) settle?.();
    for (const entry of due) {
      this.#attempt(entry, ({ flusher }) => {
        flusher.drain();
        flusher.sink.publishIfDue?.();
      });
    }
  }

  /**
   * Writes and publishes everything recorded so far. Tries at once what had failed before.
   * @param settle  as for `tick`; called before looking too, as a chunk may have been announced that we do not know of
   */
  publish(settle?: () => void): void {
    settle?.();
    const [self, ...others] = this.#entries;
    this.#publish(others, settle);
    this.#reportSelf(); // of what that has brought to light, too
    if (self) this.#publish([self]);
  }

  /** The end: publishes everything, and counts as lost what cannot be written. */
  close(settle?: () => void): void {
    settle?.();
    const [self, ...others] = this.#entries.splice(0);
    this.#publish(others, settle);
    for (const { flusher } of others) flusher.abandon();
    this.#reportSelf(others);
    if (!self) return;
    this.#publish([self]);
    self.flusher.abandon();
  }

  #publish(entries: readonly Entry[], settle?: () => void): void {
    if (this.#look(entries)) settle?.();
    for (const entry of entries) {
      this.#attempt(entry, ({ flusher }) => {
        flusher.drain();
        flusher.sink.publish();
      });
    }
  }

  #look(entries: readonly Entry[]): boolean {
    return entries.map(({ flusher }) => flusher.look()).includes(true);
  }

  #attempt(entry: Entry, action: (entry: Entry) => void): void {
    try {
      action(entry);
      entry.retryNs = FIRST_RETRY_NS;
      entry.notBeforeNs = 0n;
    } catch (error) {
      entry.flusher.source.counters[WRITE_ERRORS]++;
      entry.notBeforeNs = this.#clock.now() + entry.retryNs;
      entry.retryNs = entry.retryNs < LAST_RETRY_NS ? 2n * entry.retryNs : LAST_RETRY_NS;
      this.#warnOnce(error);
    }
  }

  #warnOnce(error: unknown): void {
    const { code = "ERR_UNKNOWN", message = String(error) } = error as NodeJS.ErrnoException;
    if (this.#warned.has(code)) return;
    this.#warned.add(code);
    this.#warn(
      code,
      `samples cannot be written to ${this.#files.directory}: ${message}. ` +
        "They are kept in memory while it lasts, and writing is tried again; later failures of this kind are only counted.",
    );
  }

  #reportSelf(entries: readonly Entry[] = this.#entries): void {
    const sums = [0, 0, 0];
    for (const { flusher } of entries) {
      const { counters } = flusher.source;
      sums[0] += counters[DROPPED] + counters[LOST];
      sums[1] += counters[REFUSED] + counters[INVALID];
      sums[2] += counters[WRITE_ERRORS];
    }
    const series = [SAMPLES_DROPPED, SAMPLES_INVALID, WRITE_ERRORS_SERIES];
    const changed = series.flatMap(({ label }, i) =>
      sums[i] === this.#reported[i] ? [] : [[label, sums[i]] as const],
    );
    if (changed.length > 0) this.#self.observeMany(changed);
    this.#reported = sums;
  }
}
