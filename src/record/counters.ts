/**
 * Counters: what became of the samples of one recorder, in memory that recorder and flusher share.
 *
 * Each cell has one writer; the other side reads. Together they hold the promise that every sample is on disk or
 * counted: `recorded = written + dropped + invalid`, once everything is flushed.
 */

/** Cells of the recorder's side. */
export const DROPPED = 0;
export const REFUSED = 1;
/** Cells of the flusher's side. */
export const WRITTEN = 2;
export const INVALID = 3;
export const BYTES = 4;
export const FILES = 5;
export const WRITE_ERRORS = 6;
/** Samples that were still in memory, and could not be written, when the flusher had to end. */
export const LOST = 7;

/** Samples that began before recording did, and so are none, nor anybody's mistake. */
export const UNSTARTED = 8;

const CELLS = 9;

export function allocateCounters(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * CELLS));
}

/** What became of the samples of one recorder, or of several summed. */
export interface SampleStats {
  /** Samples the program handed over while recording: written + dropped + invalid, plus what is still in memory. */
  readonly recorded: number;
  /** Rows in files. */
  readonly written: number;
  /** Samples lost: memory was full, as the flusher could not keep up or could not write; or the end came first. */
  readonly dropped: number;
  /** Samples that are none: NaN, infinities, labels that are no strings, tokens that no `start()` returned. */
  readonly invalid: number;
  /** Bytes in files. */
  readonly bytes: number;
  /** Files published. */
  readonly files: number;
  /** Attempts to write that failed. A failed attempt loses nothing; it is made again. */
  readonly writeErrors: number;
}

/** @param accepted samples that went into a chunk */
export function statsOf(counters: Float64Array, accepted: number): SampleStats {
  const dropped = counters[DROPPED] + counters[LOST];
  const refused = counters[REFUSED];
  return {
    recorded: accepted - counters[UNSTARTED] + counters[DROPPED] + refused,
    written: counters[WRITTEN],
    dropped,
    invalid: refused + counters[INVALID],
    bytes: counters[BYTES],
    files: counters[FILES],
    writeErrors: counters[WRITE_ERRORS],
  };
}

export function sumStats(all: readonly SampleStats[]): SampleStats {
  const sum = (pick: (stats: SampleStats) => number) => all.reduce((total, stats) => total + pick(stats), 0);
  return {
    recorded: sum((stats) => stats.recorded),
    written: sum((stats) => stats.written),
    dropped: sum((stats) => stats.dropped),
    invalid: sum((stats) => stats.invalid),
    bytes: sum((stats) => stats.bytes),
    files: sum((stats) => stats.files),
    writeErrors: sum((stats) => stats.writeErrors),
  };
}
