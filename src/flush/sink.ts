/** Sink: where rows go. Seismo's own is `SeriesFileSink`; anything that takes bytes can be another. */

/** Whole rows, ready to be stored. */
export interface RowBatch {
  /** CSV rows as UTF-8, without the header. Good only during the call: copy what is to be kept. */
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Timepoint of the first and the last row, ns since the epoch. */
  readonly firstEpochNs: bigint;
  readonly lastEpochNs: bigint;
}

/**
 * Implement this to send rows somewhere else. Methods are called by the flusher, one at a time, never by the recorder.
 *
 * @example
 * import { DurationRecorder, Flusher, type Sink } from "seismo";
 * class Collected implements Sink {
 *   text = "";
 *   write(batch: { bytes: Uint8Array }) { this.text += new TextDecoder().decode(batch.bytes); }
 *   publish() {}
 * }
 * const recorder = new DurationRecorder();
 * recorder.stop(recorder.labels.idOf("load"), recorder.start());
 * const sink = new Collected();
 * new Flusher(recorder.source, sink).close();
 * console.log(/^\d{19},0\.\d+,load,\d+\n$/.test(sink.text)); // => true
 */
export interface Sink {
  /** Stores all of the batch, or throws; after a throw the same samples are offered again, perhaps with more. */
  write(batch: RowBatch): void;
  /** Makes all that was written available to readers, or throws and is called again. What follows is kept apart. */
  publish(): void;
  /** Called now and then: publishes if it is time to. */
  publishIfDue?(): void;
  /** Called last, if publishing failed to the end: lets go of everything. */
  abandon?(): void;
}
