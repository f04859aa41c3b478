/**
 * Flusher: from the samples of one recorder to rows in a sink. Runs on whatever thread calls it.
 *
 *     source.chunks ──look──▶ rows complete so far ──encode──▶ bytes ──▶ sink.write ──▶ chunk drained, freed when full
 *
 * A row counts as drained only when the sink has taken it: whatever fails before is done again.
 */

import { type Clock, type ClockAnchor, systemClock } from "../clock.js";
import { refuseUnknown, requireInteger } from "../errors.js";
import { type EncodedRows, MIN_ENCODER_BYTES, RowEncoder } from "../format/row-encoder.js";
import { BYTES, INVALID, LOST, UNSTARTED, WRITTEN } from "../record/counters.js";
import type { SampleSource } from "../record/sample-buffer.js";
import { ChunkReader } from "./chunk-reader.js";
import type { Sink } from "./sink.js";

export interface FlusherOptions {
  /** Places monotonic times on the calendar. The same as the recorder's. @default systemClock */
  readonly clock?: Clock;
  /** Written to every row. @default process.pid */
  readonly pid?: number;
  /** Where rows are made; flushers of one thread may share it. @default 256 KiB of its own */
  readonly buffer?: Uint8Array | undefined;
}

/** Rows that are not worth halving any more when a write fails. */
const SMALLEST_BATCH = 64;

export const ENCODER_BYTES: number = 16 * MIN_ENCODER_BYTES;

/**
 * Moves samples from a recorder to a sink, when told to.
 *
 * @example
 * import { Flusher, ManualClock, ValueRecorder, type RowBatch } from "seismo";
 * const clock = new ManualClock({ epochNs: 1_607_092_101_580_206_000n });
 * const recorder = new ValueRecorder({ clock });
 * recorder.observe("queue length", 17);
 * const rows: string[] = [];
 * const sink = { write: (batch: RowBatch) => void rows.push(new TextDecoder().decode(batch.bytes)), publish() {} };
 * const flusher = new Flusher(recorder.source, sink, { clock, pid: 5659 });
 * console.log(flusher.flush(), rows[0]); // => 1 1607092101580206000,17,queue length,5659
 */
export class Flusher {
  readonly source: SampleSource;
  readonly sink: Sink;
  readonly #clock: Clock;
  readonly #pid: number;
  readonly #readers: ChunkReader[] = [];
  #buffer: Uint8Array | undefined;
  #encoder: RowEncoder | undefined;
  #lastEpochNs = 0n;

  /** @throws {OptionError} for options that are unknown or out of range */
  constructor(source: SampleSource, sink: Sink, options: FlusherOptions = {}) {
    const { clock = systemClock, pid = process.pid, buffer, ...unknown } = options;
    refuseUnknown("FlusherOptions", ["clock", "pid", "buffer"], unknown);
    if (buffer) requireInteger("buffer.length", buffer.length, MIN_ENCODER_BYTES, 2 ** 30);
    this.source = source;
    this.sink = sink;
    this.#clock = clock;
    this.#pid = pid;
    this.#buffer = buffer;
  }

  /**
   * Writes every sample recorded so far to the sink.
   * @returns rows written
   * @throws whatever the sink throws; nothing is lost then, and a later flush goes on where this one ended
   */
  flush(): number {
    this.look();
    return this.drain();
  }

  /** First half of a flush, for a flusher on another thread than its recorder's: notes what is there. True if anything. */
  look(): boolean {
    const memories = this.source.chunks;
    while (this.#readers.length < memories.length) this.#readers.push(new ChunkReader(memories[this.#readers.length]));
    let pending = false;
    for (const reader of this.#readers) {
      reader.look();
      reader.freeIfDone();
      if (reader.length > reader.drained) pending = true;
    }
    return pending;
  }

  /** Second half: writes what the last `look()` noted. */
  drain(): number {
    const inOrder = this.#readers.filter((reader) => reader.length > 0).sort((a, b) => a.sequence - b.sequence);
    if (inOrder.every((reader) => reader.length === reader.drained)) return 0;
    const anchor = this.#clock.anchor();
    this.#encoder ??= this.#newEncoder();
    this.#encoder.anchorAt(anchor);
    let rows = 0;
    for (const reader of inOrder) {
      while (reader.drained < reader.length) rows += this.#drainSome(reader, this.#encoder, anchor);
      // It may have got more rows since we looked, before the next chunk got those that we saw: they come first.
      if (reader.isActive) break;
      reader.freeIfDone();
    }
    return rows;
  }

  /** Flushes and publishes. @throws whatever the sink throws; nothing is lost then, and it can be called again */
  close(): void {
    this.flush();
    this.sink.publish();
  }

  /** Gives up what could not be written: counts it as lost. Returns how many samples that were. Nothing may follow. */
  abandon(): number {
    let lost = 0;
    for (const reader of this.#readers) {
      reader.look();
      lost += reader.length - reader.drained;
      reader.drained = reader.length;
      reader.freeIfDone();
    }
    this.source.counters[LOST] += lost;
    this.sink.abandon?.();
    return lost;
  }

  /** Writes as many rows as make one batch; or fewer, if only fewer find room: a disk is seldom full to the last byte. */
  #drainSome(reader: ChunkReader, encoder: RowEncoder, anchor: ClockAnchor): number {
    const isDuration = this.source.kind === "duration";
    const from = reader.drained;
    let encoded: EncodedRows;
    for (let to = reader.length; ; to = from + Math.ceil((encoded.next - from) / 2)) {
      encoded = isDuration ? encoder.encodeDurations(reader, from, to) : encoder.encodeValues(reader, from, to);
      try {
        if (encoded.rows > 0) this.#write(encoded, isDuration ? reader.secondWords : reader.firstWords, from, anchor);
        break;
      } catch (error) {
        if (encoded.next - from <= SMALLEST_BATCH) throw error;
      }
    }
    const { counters } = this.source;
    counters[WRITTEN] += encoded.rows;
    counters[INVALID] += encoded.invalid;
    counters[UNSTARTED] += encoded.unstarted;
    counters[BYTES] += encoded.bytes;
    reader.drained = encoded.next;
    return encoded.rows;
  }

  #write({ bytes, rows, next }: EncodedRows, times: Uint32Array, from: number, anchor: ClockAnchor): void {
    const firstEpochNs = epochOf(times, from, anchor);
    const lastEpochNs = epochOf(times, next - 1, anchor);
    if (firstEpochNs < this.#lastEpochNs) this.sink.publish(); // the wall clock was set back: time runs on in a new file
    this.sink.write({ bytes: this.#buffer!.subarray(0, bytes), rows, firstEpochNs, lastEpochNs });
    this.#lastEpochNs = lastEpochNs;
  }

  #newEncoder(): RowEncoder {
    this.#buffer ??= new Uint8Array(ENCODER_BYTES);
    return new RowEncoder(this.#pid, this.source.originNs, this.source, this.#buffer);
  }
}

function epochOf(words: Uint32Array, row: number, anchor: ClockAnchor): bigint {
  const monotonicNs = (BigInt(words[2 * row + 1]) << 32n) | BigInt(words[2 * row]);
  return anchor.epochNs + (monotonicNs - anchor.monotonicNs);
}
