/** Duration chunk: start, end and label id of each sample. See `chunk.ts` for the layout and who may touch it. */

import { Chunk, LENGTH } from "./chunk.js";

/**
 * A fixed number of duration samples, by column, in shared memory.
 *
 * @example
 * import { DurationChunk } from "seismo";
 * const chunk = new DurationChunk(DurationChunk.allocate(2));
 * const token = new Float64Array(new BigInt64Array([1_000n]).buffer)[0]; // the bits of a clock reading
 * console.log(chunk.push(token, 1_500n, 0), chunk.push(token, 1_600n, 0)); // => true true
 * console.log(chunk.push(token, 1_700n, 0), chunk.length); // => false 2
 */
export class DurationChunk extends Chunk {
  readonly #length: Int32Array; // one cell
  readonly #startBits: Float64Array; // the raw reading, moved as a double: see DurationToken
  readonly #endNs: BigInt64Array;
  readonly #endBits: Float64Array; // the same cells
  readonly #labelIds: Uint32Array;
  readonly #capacity: number;

  constructor(memory: SharedArrayBuffer) {
    super(memory);
    const { capacity, firstOffset, secondOffset, labelIds } = this.layout;
    this.#length = new Int32Array(memory, 4 * LENGTH, 1);
    this.#startBits = new Float64Array(memory, firstOffset, capacity);
    this.#endNs = new BigInt64Array(memory, secondOffset, capacity);
    this.#endBits = new Float64Array(memory, secondOffset, capacity);
    this.#labelIds = labelIds;
    this.#capacity = capacity;
  }

  /** Hot. Returns false and stores nothing when full. */
  push(startBits: number, endNs: bigint, labelId: number): boolean {
    const i = this.#length[0];
    if (i === this.#capacity) return false;
    this.#startBits[i] = startBits;
    this.#endNs[i] = endNs;
    this.#labelIds[i] = labelId;
    this.#length[0] = i + 1; // after the columns: whoever sees the new length finds every row below it whole
    return true;
  }

  /** Hot. The same, with an end that was read before. */
  pushSpan(startBits: number, endBits: number, labelId: number): boolean {
    const i = this.#length[0];
    if (i === this.#capacity) return false;
    this.#startBits[i] = startBits;
    this.#endBits[i] = endBits;
    this.#labelIds[i] = labelId;
    this.#length[0] = i + 1;
    return true;
  }
}
