/** Bounded labels: those made of texts that somebody else chooses get a part of a recorder's labels, and not the rest. */

import type { LabelTable } from "../index.js";

/** A program has some dozen routes and calls, an attacker any number of paths. */
const MOST = 1_000;

export class BoundedLabels {
  readonly #labels: LabelTable;
  #made = 0;

  constructor(labels: LabelTable) {
    this.#labels = labels;
  }

  /** Whether further labels are `(other)`. No warning is given: it could tell no more than that series does. */
  get isFull(): boolean {
    return this.#made >= MOST;
  }

  idOf(label: string): number {
    if (this.isFull) return this.#labels.knownIdOf(label);
    const before = this.#labels.size;
    const id = this.#labels.idOf(label);
    this.#made += this.#labels.size - before;
    return id;
  }
}
