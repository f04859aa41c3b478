/**
 * Recorder: what duration and value recorders share, off the hot path: opening, closing, and room for more samples.
 *
 * A recorder can be opened and closed many times; each time it fills a buffer of its own, which lives on until its
 * flusher has emptied it. While closed it writes to a chunk of no capacity, so that "is it on?" and "is there room?"
 * are one comparison.
 */

import type { Clock } from "../clock.js";
import { SeismoError } from "../errors.js";
import type { Chunk } from "./chunk.js";
import type { SampleStats } from "./counters.js";
import type { LabelTable } from "./label-table.js";
import type { RecorderOptions } from "./recorder-options.js";
import type { SampleBuffer } from "./sample-buffer.js";

/** What a recorder is opened with. */
export type OpenOptions = Pick<RecorderOptions, "capacity" | "maxBytes" | "clock">;

export abstract class Recorder<C extends Chunk> {
  readonly labels: LabelTable;
  protected chunk: C;
  protected isOpen = false;
  protected now: Clock["now"];
  readonly #closedChunk: C;
  readonly #options: Required<RecorderOptions>;
  #buffer: SampleBuffer<C> | undefined;

  constructor(closedChunk: C, options: Required<RecorderOptions>) {
    this.#closedChunk = closedChunk;
    this.chunk = closedChunk;
    this.labels = options.labels;
    this.now = options.clock.now;
    this.#options = options;
  }

  protected abstract makeBuffer(limits: Required<Pick<RecorderOptions, "capacity" | "maxBytes">>): SampleBuffer<C>;

  /**
   * The samples of this recorder, for a flusher: those recorded since `open()`.
   * @throws {SeismoError} if the recorder was never opened
   */
  get source(): SampleBuffer<C> {
    if (!this.#buffer)
      throw new SeismoError("ERR_SEISMO_CLOSED", "a recorder has samples only once it is open: call open() first");
    return this.#buffer;
  }

  get recording(): boolean {
    return this.isOpen;
  }

  /**
   * Starts recording into a new buffer, which is returned. Does nothing but return it if recording already.
   * @param options  taken as they are; what is not given is as it was for the constructor
   */
  open(options: OpenOptions = {}): SampleBuffer<C> {
    if (this.isOpen) return this.source;
    const {
      capacity = this.#options.capacity,
      maxBytes = this.#options.maxBytes,
      clock = this.#options.clock,
    } = options;
    this.now = clock.now;
    this.#buffer = this.makeBuffer({ capacity, maxBytes });
    this.isOpen = true;
    return this.#buffer;
  }

  /** Stops recording. What was recorded stays in `source` until flushed. Harmless when closed. */
  close(): void {
    this.isOpen = false;
    this.chunk = this.#closedChunk;
    this.#buffer?.seal();
  }

  /** What became of the samples recorded since `open()`. */
  stats(): SampleStats {
    return this.source.stats();
  }

  /** Makes `chunk` one with room. False if there is none: the sample at hand is then counted as dropped. */
  protected makeRoom(): boolean {
    if (!this.#buffer || !this.isOpen) return false;
    const next = this.#buffer.next();
    if (!next) {
      this.#buffer.drop();
      return false;
    }
    this.chunk = next;
    return true;
  }

  /** Counts a sample that is none. */
  protected refuse(): void {
    if (this.isOpen) this.#buffer?.refuse();
  }
}
