/** Chunk reader: a chunk as its flusher sees it: the columns of its rows, and how far they may be read. */

import type { RowColumns } from "../format/row-encoder.js";
import { ACTIVE, ChunkLayout, DRAINED, FREE, FULL, LENGTH, SEQUENCE, STATE } from "../record/chunk.js";

export class ChunkReader implements RowColumns {
  readonly firstWords: Uint32Array;
  readonly secondWords: Uint32Array;
  readonly values: Float64Array;
  readonly labelIds: Uint32Array;
  /** Rows that were complete at the last `look()`. */
  length = 0;
  readonly #header: Int32Array;
  #state = FREE;

  constructor(memory: SharedArrayBuffer) {
    const { header, capacity, firstOffset, secondOffset, labelIds } = new ChunkLayout(memory);
    this.#header = header;
    this.firstWords = new Uint32Array(memory, firstOffset, 2 * capacity);
    this.secondWords = new Uint32Array(memory, secondOffset, 2 * capacity);
    this.values = new Float64Array(memory, secondOffset, capacity);
    this.labelIds = labelIds;
  }

  /** Notes how many rows there are. State before length: a chunk that was full then has its last length now. */
  look(): void {
    this.#state = Atomics.load(this.#header, STATE);
    this.length = this.#state === FREE ? 0 : Atomics.load(this.#header, LENGTH);
  }

  get isActive(): boolean {
    return this.#state === ACTIVE;
  }

  get sequence(): number {
    return this.#header[SEQUENCE];
  }

  /** Rows that are in a file. */
  get drained(): number {
    return this.#state === FREE ? 0 : this.#header[DRAINED];
  }

  set drained(rows: number) {
    this.#header[DRAINED] = rows;
  }

  /** Gives the chunk back to the recorder if every row it will ever have has been drained. */
  freeIfDone(): void {
    if (this.#state !== FULL || this.drained < this.length) return;
    this.#state = FREE;
    this.length = 0;
    Atomics.store(this.#header, STATE, FREE);
  }
}
