/**
 * Flush loop: when to flush, and what to do when it fails. The same on the flusher's thread and, where there is none, in
 * the program's own.
 *
 * A failure loses nothing: samples stay in their chunks and the flush is made again, less and less often, while memory
 * lasts. It is counted, told once for each kind of error, and recorded as a series of its own, so that a gap in the
 * data is itself in the data.
 */

import { clearTimeout, setTimeout } from "node:timers";
import { type Clock, systemClock } from "../clock.js";
import { messageOf } from "../errors.js";
import { newRunId, RUNTIME_PREFIX } from "../format/file-name.js";
import { SAMPLES_DROPPED, SAMPLES_INVALID, WRITE_ERRORS as WRITE_ERRORS_SERIES } from "../format/series.js";
import {
  allocateCounters,
  BYTES,
  DROPPED,
  FILES,
  INVALID,
  LOST,
  REFUSED,
  WRITE_ERRORS,
  WRITTEN,
} from "../record/counters.js";
import type { SampleSource } from "../record/sample-buffer.js";
import { ValueRecorder } from "../record/value-recorder.js";
import { ENCODER_BYTES, Flusher } from "./flusher.js";
import { SeriesFileSink } from "./series-file.js";
import { publishWhole, type WholeFile } from "./whole-file.js";

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
/** What comes from this thread, a few samples a second. */
const SELF_CAPACITY = 1_024;

/** A whole file is tried so often before it is given up: its text takes memory that samples may need. */
const SAVE_ATTEMPTS = 6;

/** What is tried again, later and later, when it has failed. */
interface Attempted {
  retryNs: bigint;
  notBeforeNs: bigint;
}

interface Entry extends Attempted {
  readonly flusher: Flusher;
}

/** Where a whole file has gone, or why it could not be written. */
export type Saved = { readonly path: string } | { readonly error: string };

interface Saving extends Attempted {
  readonly file: WholeFile;
  readonly done: (saved: Saved) => void;
  attempts: number;
  timer?: NodeJS.Timeout;
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
  /** What was counted for recorders that have been let go, and for files that no recorder fills. */
  readonly #others = allocateCounters();
  #savings: Saving[] = [];
  /** Numbers of whole files, by stem, that may still be free: of the thousandth, nobody shall try 999 others. */
  readonly #numbers = new Map<string, number>();

  constructor(files: FileSettings, warn: Warn, clock: Clock = systemClock) {
    this.#files = files;
    this.#warn = warn;
    this.#clock = clock;
    this.#self = new ValueRecorder({ capacity: SELF_CAPACITY, clock });
    this.add(this.#self.source, RUNTIME_PREFIX);
  }

  /** Takes runtime samples from whoever runs on the thread of this loop. */
  get runtime(): ValueRecorder {
    return this.#self;
  }

  /**
   * Takes on the samples of one more recorder, to be written to files of that prefix.
   * @returns what publishes all of them and lets go of the recorder, which must be closed by then
   */
  add(source: SampleSource, prefix: string): () => void {
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
    const entry: Entry = {
      flusher: new Flusher(source, sink, { buffer: this.#buffer, clock }),
      ...notAttempted(),
    };
    this.#entries.push(entry);
    return () => this.#remove(entry);
  }

  /** Publishes a file that is whole. When that fails it is tried again for a while, and at the end. */
  save(file: WholeFile, done: (saved: Saved) => void): void {
    const saving: Saving = { file, done, attempts: 0, ...notAttempted() };
    this.#savings.push(saving);
    this.#save([saving]);
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
    this.#save(this.#savings);
    this.#publish(others, settle);
    this.#reportSelf(); // of what that has brought to light, too
    if (self) this.#publish([self]);
  }

  /** The end: publishes everything, and counts as lost what cannot be written. */
  close(settle?: () => void): void {
    settle?.();
    const entries = this.#entries.splice(0);
    const [self, ...others] = entries;
    this.#save(this.#savings, { isLast: true });
    this.#publish(others, settle);
    for (const { flusher } of others) flusher.abandon();
    this.#reportSelf(entries);
    if (!self) return;
    this.#publish([self]);
    self.flusher.abandon();
  }

  #remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at < 0) return; // the loop has ended
    this.#publish([entry]);
    this.#entries.splice(at, 1);
    entry.flusher.abandon();
    const { counters } = entry.flusher.source;
    for (const cell of [DROPPED, REFUSED, INVALID, LOST, WRITE_ERRORS]) this.#others[cell] += counters[cell];
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
      Object.assign(entry, notAttempted());
    } catch (error) {
      entry.flusher.source.counters[WRITE_ERRORS]++;
      this.#putOff(entry);
      this.#warnOnce(
        error,
        "samples",
        "They are kept in memory while it lasts, and writing is tried again; later failures of this kind are only counted.",
      );
    }
  }

  #putOff(attempted: Attempted): void {
    attempted.notBeforeNs = this.#clock.now() + attempted.retryNs;
    attempted.retryNs = attempted.retryNs < LAST_RETRY_NS ? 2n * attempted.retryNs : LAST_RETRY_NS;
  }

  #save(savings: readonly Saving[], { isLast = false } = {}): void {
    for (const saving of savings) {
      const saved = this.#trySave(saving);
      if ("error" in saved && saving.attempts < SAVE_ATTEMPTS && !isLast) {
        this.#saveLater(saving);
        continue;
      }
      clearTimeout(saving.timer);
      this.#savings = this.#savings.filter((each) => each !== saving);
      saving.done(saved);
    }
  }

  /** By a timer of its own, which keeps this thread alive: somebody may wait for the file. */
  #saveLater(saving: Saving): void {
    clearTimeout(saving.timer);
    const ms = Number(saving.notBeforeNs - this.#clock.now()) / 1e6;
    saving.timer = setTimeout(() => this.#save(this.#savings.filter((each) => each === saving)), Math.max(0, ms));
  }

  #trySave(saving: Saving): Saved {
    const { stem, extension } = saving.file;
    try {
      const { path, n } = publishWhole(this.#files.directory, saving.file, this.#numbers.get(stem));
      this.#numbers.set(stem, n + 1);
      return { path };
    } catch (error) {
      saving.attempts++;
      this.#others[WRITE_ERRORS]++;
      this.#putOff(saving);
      this.#warnOnce(error, `${stem}${extension}`, `It is tried again, ${SAVE_ATTEMPTS} times at most.`);
      return { error: messageOf(error) };
    }
  }

  #warnOnce(error: unknown, what: string, consequence: string): void {
    const { code = "ERR_UNKNOWN" } = error as NodeJS.ErrnoException;
    const kind = `${code} ${what}`;
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.#warn(code, `${what} cannot be written to ${this.#files.directory}: ${messageOf(error)}. ${consequence}`);
  }

  #reportSelf(entries: readonly Entry[] = this.#entries): void {
    const sums = [0, 0, 0];
    for (const counters of [this.#others, ...entries.map(({ flusher }) => flusher.source.counters)]) {
      sums[0] += counters[DROPPED] + counters[LOST];
      sums[1] += counters[REFUSED] + counters[INVALID];
      sums[2] += counters[WRITE_ERRORS];
    }
    const series = [SAMPLES_DROPPED, SAMPLES_INVALID, WRITE_ERRORS_SERIES];
    const changed = series.flatMap((label, i) => (sums[i] === this.#reported[i] ? [] : [[label, sums[i]] as const]));
    if (changed.length > 0) this.#self.observeMany(changed);
    this.#reported = sums;
  }
}

function notAttempted(): Attempted {
  return { retryNs: FIRST_RETRY_NS, notBeforeNs: 0n };
}
