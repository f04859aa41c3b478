/**
 * Duration recorder: the hot path. Two clock readings and four stores a sample; no allocation, no lock, no look-up.
 *
 * All that is known of a running measurement is in its token, which the caller holds. So recursion, overlap and awaits
 * need no care, and a measurement that is never stopped costs nothing.
 */

import { Chunk } from "./chunk.js";
import { DurationChunk } from "./duration-chunk.js";
import { Recorder } from "./recorder.js";
import { type RecorderOptions, resolveRecorderOptions } from "./recorder-options.js";
import { SampleBuffer } from "./sample-buffer.js";

declare const token: unique symbol;

/**
 * A measurement under way: give it back to `stop`. A token may be stopped more than once: each time adds a sample, from
 * the same start to that stop.
 *
 * It is the raw clock reading, its 64 bits moved as a double. A double costs nothing where it does not escape and 16
 * bytes of heap where it does; the same reading as a BigInt, up to 40. Its value as a number means nothing.
 */
export type DurationToken = number & { readonly [token]: "duration" };

/** The token of a measurement that was started while nothing recorded. To stop it records nothing. */
export const NOT_RECORDING = 0 as DurationToken;

const closedChunk = new DurationChunk(Chunk.allocate(0));

/**
 * Takes durations from the program.
 *
 * @example
 * import { DurationRecorder } from "seismo";
 * const recorder = new DurationRecorder();
 * const version = recorder.labels.idOf("/version [GET]");
 * const token = recorder.start();
 * recorder.stop(version, token);
 * console.log(recorder.stats().recorded); // => 1
 */
export class DurationRecorder extends Recorder<DurationChunk> {
  // One cell seen twice: a clock reading goes in as an integer and comes out as a double of the same bits.
  readonly #readingNs = new BigInt64Array(1);
  readonly #readingBits: Float64Array = new Float64Array(this.#readingNs.buffer);

  /** @throws {OptionError} for options that are unknown or out of range */
  constructor(options?: RecorderOptions) {
    const resolved = resolveRecorderOptions(options);
    super(closedChunk, resolved);
    if (resolved.open) this.open();
  }

  /** Hot. Starts a measurement. */
  start(): DurationToken {
    // A literal, not the constant: that one is exported, so optimized code reads it from a cell and, not knowing that
    // it holds a number, boxes every token (16 bytes and some 20 ns).
    if (!this.isOpen) return 0 as DurationToken;
    this.#readingNs[0] = this.now();
    return this.#readingBits[0] as DurationToken;
  }

  /** Hot. Records the time since `start()` returned this token. Anything that is no token is counted as invalid. */
  stop(labelId: number, token: DurationToken): void {
    if (!this.isOpen) return;
    const endNs = this.now();
    if (typeof token !== "number" || typeof labelId !== "number") this.refuse();
    else if (!this.chunk.push(token, endNs, labelId)) this.#pushToNext(token, endNs, labelId);
  }

  /**
   * Hot. Records the time from one token to another: for who must find out which label it is, and does not want that
   * counted. Anything that is no token is counted as invalid.
   *
   * @example
   * import { DurationRecorder } from "seismo";
   * const recorder = new DurationRecorder();
   * const token = recorder.start();
   * const end = recorder.start();
   * const label = recorder.labels.idOf(`after much ${"thought"}`);
   * recorder.stopAt(label, token, end);
   * console.log(recorder.stats().recorded); // => 1
   */
  stopAt(labelId: number, token: DurationToken, end: DurationToken): void {
    if (!this.isOpen) return;
    if (typeof token !== "number" || typeof end !== "number" || typeof labelId !== "number") this.refuse();
    else if (!this.chunk.pushSpan(token, end, labelId)) {
      if (this.makeRoom()) this.chunk.pushSpan(token, end, labelId);
    }
  }

  #pushToNext(token: DurationToken, endNs: bigint, labelId: number): void {
    if (this.makeRoom()) this.chunk.push(token, endNs, labelId);
  }

  protected override makeBuffer(limits: { capacity: number; maxBytes: number }): SampleBuffer<DurationChunk> {
    return new SampleBuffer("duration", (memory) => new DurationChunk(memory), this.labels, this.now(), limits);
  }
}
