/**
 * Label table: labels to small integers, so that the hot path stores a number.
 *
 * Bounded: past `maxLabels` every new label shares one series, `(other)`, so that a program that puts ids into its
 * labels costs itself the labels and nobody the memory.
 */

import { DEFAULT_MAX_LABELS, requireMaxLabels } from "../options.js";

/** The series that takes the samples of labels the table has no room for. Its id is 0. */
export const OTHER_LABEL = "(other)";
export const OTHER_ID = 0;
/** What `idOf` says of something that is not a label. */
export const NO_ID = -1;
/** Longest label kept, in UTF-16 code units. What is longer is cut, and ends in "…". */
export const MAX_LABEL_LENGTH = 1024;

export type LabelListener = (id: number, text: string) => void;

/**
 * Labels by id, ids by label.
 *
 * @example
 * import { LabelTable } from "seismo";
 * const labels = new LabelTable(2);
 * console.log(labels.idOf("/version [GET]"), labels.idOf("/version [GET]")); // => 1 1
 * labels.idOf("/notify [POST]");
 * console.log(labels.textOf(labels.idOf("one too many")), labels.overflowed); // => (other) 1
 */
export class LabelTable {
  readonly #ids = new Map<string, number>([[OTHER_LABEL, OTHER_ID]]);
  readonly #texts: string[] = [OTHER_LABEL];
  readonly #listeners = new Set<LabelListener>();
  #maxLabels = 0;
  #overflowed = 0;
  /** Called when the first label has to share the overflow series. */
  onOverflow: (() => void) | undefined;

  constructor(maxLabels: number = DEFAULT_MAX_LABELS) {
    this.limit(maxLabels);
  }

  /** Sets how many labels get an id of their own. Those that have one keep it. */
  limit(maxLabels: number): void {
    requireMaxLabels(maxLabels);
    this.#maxLabels = maxLabels;
  }

  /** Labels known, the overflow series included. Ids run from 0 to this less one. */
  get size(): number {
    return this.#texts.length;
  }

  /** How often a label was asked for that had to share the overflow series. */
  get overflowed(): number {
    return this.#overflowed;
  }

  /** The id of a label, a new one if need be; that of `(other)` when the table is full; -1 if it is not a string. */
  idOf(label: string): number {
    const id = this.#ids.get(label);
    return id === undefined ? this.#add(label) : id;
  }

  /** The id of a label that has one already; that of `(other)` if it has none. */
  knownIdOf(label: string): number {
    return this.#ids.get(label) ?? OTHER_ID;
  }

  textOf(id: number): string | undefined {
    return this.#texts[id];
  }

  /** Every label with its id. */
  entries(): Iterable<[id: number, text: string]> {
    return this.#texts.entries();
  }

  /** Calls `listener` for each label to come, before its id is known to anybody, until the function returned is called. */
  onAdd(listener: LabelListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #add(label: unknown): number {
    if (typeof label !== "string") return NO_ID;
    if (label.length > MAX_LABEL_LENGTH) return this.idOf(cut(label));
    if (this.#texts.length > this.#maxLabels) {
      if (this.#overflowed++ === 0) this.onOverflow?.();
      return OTHER_ID;
    }
    const id = this.#texts.length;
    const text = detached(label);
    this.#texts.push(text);
    this.#ids.set(text, id);
    for (const listener of this.#listeners) listener(id, text);
    return id;
  }
}

function cut(label: string): string {
  const last = label.charCodeAt(MAX_LABEL_LENGTH - 2);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return `${label.slice(0, MAX_LABEL_LENGTH - (splitsPair ? 2 : 1))}…`;
}

/** A copy of its own: a slice of a request's header would keep that whole text in memory. */
function detached(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
