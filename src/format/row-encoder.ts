/**
 * Row encoder: columns of samples to CSV bytes. The flusher spends nearly all its time here.
 *
 *     1607092101 580206000,0.237000000,/v2/notify [POST],5659\n
 *     └ seconds ┘└ 4 4 1 ┘ └ 4 4 1 ──┘└ tail: see row-tails.ts ─┘
 *
 * Four digits at a time are looked up in a table and stored as one word. Times arrive as pairs of 32-bit words and are
 * subtracted as doubles, exactly: a BigInt per row would cost more than the row does.
 */

import { type Labels, RowTails } from "./row-tails.js";

/** Four ASCII digits for each of 0–9999, as one little-endian word. Made with the first encoder: not every thread has one. */
const FOUR_DIGITS: Uint32Array = new Uint32Array(10_000);

/**
 * By few steps, as code that runs once is slow, and a loop of ten thousand turns would have the optimizing compiler brought
 * into memory, which takes 3 MiB. Number by number it took 3 ms, and 10 by text.
 */
function fillFourDigits(): void {
  const pairs = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, "0"));
  const text = pairs.map((high) => high + pairs.join(high)).join("");
  new TextEncoder().encodeInto(text, new Uint8Array(FOUR_DIGITS.buffer));
}

const TWO_TO_32 = 2 ** 32;
const NS_PER_S = 1e9;
const COMMA = 0x2c;
const POINT = 0x2e;
const ZERO = 0x30;
const ZERO_POINT = 0x2e30; // "0.", little-endian
/** Room a row needs before its tail: 19 digits, a comma, the longest number JavaScript prints, and copying slack. */
const NUMBERS_BYTES = 64;
/** Smallest buffer worth having: one row with the longest label must fit. */
export const MIN_ENCODER_BYTES: number = 2 ** 14;

/** The columns of a chunk, its 64-bit columns as pairs of 32-bit words, low word first. */
export interface RowColumns {
  /** Start of a duration, or time of a value. Monotonic ns. */
  readonly firstWords: Uint32Array;
  /** End of a duration. Monotonic ns. */
  readonly secondWords: Uint32Array;
  /** Values, in the place of `secondWords`. */
  readonly values: Float64Array;
  readonly labelIds: Uint32Array;
}

/** What one call of `encode…` has put into `bytes`. */
export interface EncodedRows {
  /** Bytes at the head of the encoder's buffer. */
  readonly bytes: number;
  readonly rows: number;
  /** Samples passed over because they are none: tokens that no `start()` returned, ids without a label. */
  readonly invalid: number;
  /** Durations passed over because they were started while nothing recorded. */
  readonly unstarted: number;
  /** The first sample not looked at: where to go on. */
  readonly next: number;
}

export class RowEncoder {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #tails: RowTails;
  readonly #originLow: number;
  readonly #originHigh: number;
  #anchorLow = 0;
  #anchorHigh = 0;
  #anchorSeconds = 0;
  #anchorNs = 0;
  /** The second that the last row fell into: the low word of a clock that reads 0 at its start, and its ten digits. */
  #secondLow = Number.NaN;
  readonly #secondWords: Uint32Array = new Uint32Array(3);

  /**
   * @param pid       written to every row
   * @param originNs  monotonic: what claims to have started earlier is no sample
   * @param labels    what label ids stand for
   * @param bytes     buffer that rows are put into, `MIN_ENCODER_BYTES` or more
   */
  constructor(pid: number, originNs: bigint, labels: Labels, bytes: Uint8Array) {
    if (FOUR_DIGITS[0] === 0) fillFourDigits();
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#tails = new RowTails(pid, labels);
    this.#originLow = Number(BigInt.asUintN(32, originNs));
    this.#originHigh = Number(originNs >> 32n);
  }

  /** From here on, monotonic times are placed on the calendar by this instant, read on both clocks. */
  anchorAt(anchor: { readonly monotonicNs: bigint; readonly epochNs: bigint }): void {
    this.#anchorLow = Number(BigInt.asUintN(32, anchor.monotonicNs));
    this.#anchorHigh = Number(anchor.monotonicNs >> 32n);
    this.#anchorSeconds = Number(anchor.epochNs / 1_000_000_000n);
    this.#anchorNs = Number(anchor.epochNs % 1_000_000_000n);
    this.#secondLow = Number.NaN; // no time lies in it
  }

  /** Encodes durations `from` up to, not including, `to`, or as many of them as fit. */
  encodeDurations(columns: RowColumns, from: number, to: number): EncodedRows {
    const { firstWords, secondWords, labelIds } = columns;
    const view = this.#view;
    const room = this.bytes.length - NUMBERS_BYTES;
    let at = 0;
    let invalid = 0;
    let unstarted = 0;
    let i = from;
    for (; i < to; i++) {
      const tailLength = this.#tails.lengthOf(labelIds[i]);
      if (at + tailLength > room) break;
      const startLow = firstWords[2 * i];
      const startHigh = firstWords[2 * i + 1];
      const endLow = secondWords[2 * i];
      const endHigh = secondWords[2 * i + 1];
      const durationNs = (endHigh - startHigh) * TWO_TO_32 + (endLow - startLow);
      const sinceOriginNs = (startHigh - this.#originHigh) * TWO_TO_32 + (startLow - this.#originLow);
      if (durationNs < 0 || sinceOriginNs < 0 || tailLength === 0) {
        if ((startLow | startHigh) === 0) unstarted++;
        else invalid++;
        continue;
      }
      at = this.#putTimepoint(at, endLow, endHigh);
      at = this.#putSeconds(at, durationNs);
      this.#tails.copy(labelIds[i], tailLength, view, at);
      at += tailLength;
    }
    return { bytes: at, rows: i - from - invalid - unstarted, invalid, unstarted, next: i };
  }

  /** Encodes values `from` up to, not including, `to`, or as many of them as fit. */
  encodeValues(columns: RowColumns, from: number, to: number): EncodedRows {
    const { firstWords, values, labelIds } = columns;
    const view = this.#view;
    const room = this.bytes.length - NUMBERS_BYTES;
    let at = 0;
    let invalid = 0;
    let i = from;
    for (; i < to; i++) {
      const tailLength = this.#tails.lengthOf(labelIds[i]);
      if (at + tailLength > room) break;
      if (tailLength === 0) {
        invalid++;
        continue;
      }
      at = this.#putTimepoint(at, firstWords[2 * i], firstWords[2 * i + 1]);
      at = this.#putNumber(at, values[i]);
      this.#tails.copy(labelIds[i], tailLength, view, at);
      at += tailLength;
    }
    return { bytes: at, rows: i - from - invalid, invalid, unstarted: 0, next: i };
  }

  /** Nineteen digits and a comma. */
  #putTimepoint(at: number, low: number, high: number): number {
    const view = this.#view;
    let ns = (high - this.#anchorHigh) * TWO_TO_32 + (low - this.#secondLow);
    if (!(ns >= 0 && ns < NS_PER_S)) ns = this.#turnSecond(low, high);
    const words = this.#secondWords;
    view.setUint32(at, words[0], true);
    view.setUint32(at + 4, words[1], true);
    view.setUint32(at + 8, words[2], true); // two digits and two bytes that the next line writes over
    this.#putNineDigits(at + 10, ns);
    view.setUint8(at + 19, COMMA);
    return at + 20;
  }

  /** Makes the second that this time falls into the current one, and returns the nanoseconds since it began. */
  #turnSecond(low: number, high: number): number {
    const ns = (high - this.#anchorHigh) * TWO_TO_32 + (low - this.#anchorLow) + this.#anchorNs;
    const seconds = Math.floor(ns / NS_PER_S);
    this.#secondLow = this.#anchorLow - this.#anchorNs + seconds * NS_PER_S;
    const digits = String(Math.max(0, this.#anchorSeconds + seconds)).padStart(10, "0"); // no time before 1970
    const words = this.#secondWords;
    words[0] = FOUR_DIGITS[Number(digits.slice(0, 4))];
    words[1] = FOUR_DIGITS[Number(digits.slice(4, 8))];
    words[2] = FOUR_DIGITS[100 * Number(digits.slice(8, 10))];
    return ns - seconds * NS_PER_S;
  }

  /** A duration in seconds, exact to the nanosecond, without trailing zeros. */
  #putSeconds(at: number, ns: number): number {
    const view = this.#view;
    let left = ns;
    if (ns < NS_PER_S) {
      view.setUint16(at, ZERO_POINT, true);
      at += 2;
    } else {
      const seconds = Math.floor(ns / NS_PER_S);
      left = ns - seconds * NS_PER_S;
      at = this.#putInteger(at, seconds);
      view.setUint8(at++, POINT);
    }
    this.#putNineDigits(at, left);
    at += 9;
    while (view.getUint8(at - 1) === ZERO) at--;
    return view.getUint8(at - 1) === POINT ? at - 1 : at;
  }

  #putNineDigits(at: number, n: number): void {
    const view = this.#view;
    const first = (n / 100_000) | 0;
    const rest = (n - first * 100_000) | 0;
    const second = (rest / 10) | 0;
    view.setUint32(at, FOUR_DIGITS[first], true);
    view.setUint32(at + 4, FOUR_DIGITS[second], true);
    view.setUint8(at + 8, ZERO + rest - second * 10);
  }

  #putInteger(at: number, n: number): number {
    if (n < 10) {
      this.#view.setUint8(at, ZERO + n);
      return at + 1;
    }
    return this.#putText(at, String(n));
  }

  /** The shortest spelling that reads back as the same number. */
  #putNumber(at: number, n: number): number {
    return Object.is(n, -0) ? this.#putText(at, "-0") : this.#putText(at, String(n));
  }

  #putText(at: number, text: string): number {
    for (let i = 0; i < text.length; i++) this.#view.setUint8(at + i, text.charCodeAt(i));
    return at + text.length;
  }
}
