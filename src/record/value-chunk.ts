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
  readonly #header: Int32Array;
  readonly #timeNs: BigInt64Array;
  readonly #values: Float64Array;
  readonly #labelIds: Uint32Array;
  readonly #capacity: number;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    const { header, capacity, firstOffset, secondOffset, labelIds } = this.layout;
    this.#header = header;
    this.#timeNs = new BigInt64Array(memory, firstOffset, capacity);
    this.#values = new Float64Array(memory, secondOffset, capacity);
    this.#labelIds = labelIds;
    this.#capacity = capacity;
  }

  /** Hot. Returns false and stores nothing when full. */
  push(timeNs: bigint, value: number, labelId: number): boolean {
    const i = this.#header[LENGTH];
    if (i === this.#capacity) return false;
    this.#timeNs[i] = timeNs;
    this.#values[i] = value;
    this.#labelIds[i] = labelId;
    this.#header[LENGTH] = i + 1; // after the columns, as in a duration chunk
    return true;
  }
}
