/**
 * Row tails: everything after the measurement, `,label,pid\n`, made once per label and then copied.
 *
 * csv-stringify does what needs knowledge of CSV (2 700 ns a row if it did every row); what is left for each row is to
 * copy some twenty bytes.
 */

import { csvField } from "./csv.js";

const encoder = new TextEncoder();
const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** What a label id stands for. */
export interface Labels {
  /** The label of an id, if it has one. */
  textOf(labelId: number): string | undefined;
  /** The process that its rows are about, if it is another than the one that wrote them. */
  pidOf?(labelId: number): number | undefined;
}

export class RowTails {
  readonly #pid: number;
  readonly #labels: Labels;
  // Words, as copying four bytes at a time took 47 ns of a row where eight (BigUint64) took 102 on Node 20.
  #words: Uint32Array<ArrayBuffer> = new Uint32Array(1024);
  #endWord = 0;
  #offsets: Uint32Array = new Uint32Array(64); // in words
  #lengths: Uint32Array = new Uint32Array(64); // in bytes; 0: not made yet

  constructor(pid: number, labels: Labels) {
    this.#pid = pid;
    this.#labels = labels;
  }

  /** Bytes of the tail of this label; 0 if the id has no label. */
  lengthOf(labelId: number): number {
    const length = labelId < this.#lengths.length ? this.#lengths[labelId] : 0;
    return length === 0 ? this.#make(labelId) : length;
  }

  /** Writes the tail, whose length is known to be above 0, to `to` at `at`, and up to three bytes of rubbish after it. */
  copy(labelId: number, length: number, to: DataView, at: number): void {
    const words = this.#words;
    const offset = this.#offsets[labelId];
    const count = (length + 3) >> 2;
    for (let i = 0; i < count; i++) to.setUint32(at + (i << 2), words[offset + i], IS_LITTLE_ENDIAN);
  }

  #make(labelId: number): number {
    const label = this.#labels.textOf(labelId);
    if (label === undefined) return 0;
    const pid = this.#labels.pidOf?.(labelId) ?? this.#pid;
    const tail = encoder.encode(`,${csvField(label)},${pid}\n`);
    const endWord = this.#endWord + ((tail.length + 3) >> 2);
    if (endWord > this.#words.length) this.#words = grown(this.#words, endWord);
    if (labelId >= this.#lengths.length) {
      this.#lengths = grown(this.#lengths, labelId + 1);
      this.#offsets = grown(this.#offsets, labelId + 1);
    }
    new Uint8Array(this.#words.buffer).set(tail, 4 * this.#endWord);
    this.#offsets[labelId] = this.#endWord;
    this.#lengths[labelId] = tail.length;
    this.#endWord = endWord;
    return tail.length;
  }
}

function grown(array: Uint32Array, needed: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(needed, 2 * array.length));
  larger.set(array);
  return larger;
}
