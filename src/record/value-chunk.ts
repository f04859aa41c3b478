/** Value chunk: time, value and label id of each sample. See `chunk.ts` for the layout and who may touch it. */

import { Chunk, LENGTH } from "./chunk.js";

/**
 * A fixed number of values, by column, in shared memory.
 *
 * @example
 * import { systemClock, ValueChunk } from "seismo";
 * const chunk = new ValueChunk(ValueChunk.allocate(1));
 * console.log(chunk.push(systemClock.now(), 75.3, 0), chunk.push(systemClock.now(), 75.4, 0)); // => true false
 */
export class ValueChunk extends Chunk {
  readonly #length: Int32Array; // one cell
  readonly #timeNs: BigInt64Array;
  readonly #values: Float64Array;
  readonly #labelIds: Uint32Array;
  readonly #capacity: number;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    const { capacity, firstOffset, secondOffset, labelIds } = this.layout;
    this.#length = new Int32Array(memory, 4 * LENGTH, 1);
    this.#timeNs = new BigInt64Array(memory, firstOffset, capacity);
    this.#values = new Float64Array(memory, secondOffset, capacity);
    this.#labelIds = labelIds;
    this.#capacity = capacity;
  }

  /** Hot. Returns false and stores nothing when full. */
  push(timeNs: bigint, value: number, labelId: number): boolean {
    const i = this.#length[0];
    if (i === this.#capacity) return false;
    this.#timeNs[i] = timeNs;
    this.#values[i] = value;
    this.#labelIds[i] = labelId;
    this.#length[0] = i + 1; // after the columns, as in a duration chunk
    return true;
  }
}
