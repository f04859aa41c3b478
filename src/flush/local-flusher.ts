/** Local flusher: a flush loop in the recording thread itself. Slower for the program; the same promises otherwise. */

import { clearInterval, setImmediate, setInterval } from "node:timers";
import type { Clock } from "../clock.js";
import { newRunId } from "../format/file-name.js";
import { warn } from "../notices.js";
import type { SampleSource } from "../record/sample-buffer.js";
import type { Attend, Attendant } from "./attendant.js";
import { type FileSettings, FlushLoop, type Saved } from "./flush-loop.js";
import type { WholeFile } from "./whole-file.js";

export interface LocalFlusherOptions {
  readonly files: Omit<FileSettings, "run">;
  readonly flushIntervalMs: number;
  readonly clock?: Clock | undefined;
  /** What is to run beside it. */
  readonly attendant?: { readonly settings: unknown; readonly attend: Attend } | undefined;
}

export class LocalFlusher {
  readonly #loop: FlushLoop;
  readonly #attendant: Attendant | undefined;
  readonly #timer: NodeJS.Timeout;
  #isDue = false;

  constructor({ files, flushIntervalMs, clock, attendant }: LocalFlusherOptions) {
    this.#loop = new FlushLoop({ ...files, run: newRunId() }, warn, clock);
    this.#attendant = attendant?.attend(attendant.settings, { loop: this.#loop, warn, poke: undefined });
    this.#timer = setInterval(() => this.tick(), flushIntervalMs);
    this.#timer.unref();
  }

  add(source: SampleSource, prefix: string): void {
    this.#loop.add(source, prefix);
  }

  tick(): void {
    this.#loop.tick();
  }

  /** A chunk is full: flushes when the caller's turn is over. */
  tickSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.tick();
    });
  }

  publish(): void {
    this.#attendant?.beforePublish();
    this.#loop.publish();
  }

  save(file: WholeFile, done: (saved: Saved) => void): void {
    this.#loop.save(file, done);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#attendant?.stop();
    this.#loop.close();
  }
}
