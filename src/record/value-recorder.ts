/** Value recorder: numbers and the time they were seen. NaN and infinities are counted, and never stored. */

import { Chunk } from "./chunk.js";
import { Recorder } from "./recorder.js";
import { type RecorderOptions, resolveRecorderOptions } from "./recorder-options.js";
import { SampleBuffer } from "./sample-buffer.js";
import { ValueChunk } from "./value-chunk.js";

const closedChunk = new ValueChunk(Chunk.allocate(0));

/**
 * Takes values from the program.
 *
 * @example
 * import { ValueRecorder } from "seismo";
 * const recorder = new ValueRecorder();
 * recorder.observe("queue length", 17);
 * recorder.observeMany([["temp", 75.3], ["pressure", 19.2]]); // one shared timepoint
 * recorder.observe("no number", Number.NaN);
 * const { recorded, invalid } = recorder.stats();
 * console.log(recorded, invalid); // => 4 1
 */
export class ValueRecorder extends Recorder<ValueChunk> {
  /** @throws {OptionError} for options that are unknown or out of range */
  constructor(options?: RecorderOptions) {
    const resolved = resolveRecorderOptions(options);
    super(closedChunk, resolved);
    if (resolved.open) this.open();
  }

  /** Hot. Records a value, now. What is no finite number, or has no string for a label, is counted as invalid. */
  observe(label: string, value: number): void {
    if (this.isOpen) this.#record(this.now(), label, value);
  }

  /** Records several values under one shared timepoint: an iterable of `[label, value]`. */
  observeMany(samples: Iterable<readonly [label: string, value: number]>): void {
    if (!this.isOpen) return;
    try {
      const pairs: (readonly [string, number])[] = [];
      for (const [label, value] of samples) pairs.push([label, value]); // which may take time, and record
      const timeNs = this.now();
      for (const [label, value] of pairs) this.#record(timeNs, label, value);
    } catch {
      this.refuse(); // not iterable, or not of pairs: never the host's problem
    }
  }

  /**
   * Records a value of the past: for what is known later than it happened. Samples of one recorder must come in order
   * of time, so give what comes late a recorder of its own.
   * @param timeNs  a reading of the recorder's clock
   */
  observeAt(timeNs: bigint, label: string, value: number): void {
    if (this.isOpen) this.#record(timeNs, label, value);
  }

  #record(timeNs: bigint, label: string, value: number): void {
    const labelId = Number.isFinite(value) ? this.labels.idOf(label) : -1;
    if (labelId < 0) this.refuse();
    else if (!this.chunk.push(timeNs, value, labelId)) this.#pushToNext(timeNs, value, labelId);
  }

  #pushToNext(timeNs: bigint, value: number, labelId: number): void {
    if (this.makeRoom()) this.chunk.push(timeNs, value, labelId);
  }

  protected override makeBuffer(limits: { capacity: number; maxBytes: number }): SampleBuffer<ValueChunk> {
    return new SampleBuffer("value", (memory) => new ValueChunk(memory), this.labels, this.now(), limits);
  }
}
