/** Label function: the program's own, which names the series of a request. Whatever it does, nothing comes of it but a label. */

import { types } from "node:util";
import { messageOf } from "../errors.js";
import { warn } from "../notices.js";

export class LabelFunction<Args extends readonly unknown[]> {
  readonly #labelOf: (...args: Args) => string | undefined;
  readonly #of: string;
  #hasWarned = false;

  /** @param of  what it names, for the one warning there is when it fails */
  constructor(labelOf: (...args: Args) => string | undefined, of: string) {
    this.#labelOf = labelOf;
    this.#of = of;
  }

  /** Its label; undefined where it has none, or fails. */
  ask(...args: Args): string | undefined {
    try {
      return labelIn(this.#labelOf(...args));
    } catch (error) {
      this.#warnOnce(error);
      return undefined;
    }
  }

  #warnOnce(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    warn(
      "ERR_SEISMO_LABEL",
      `the label function for ${this.#of} failed, and is not told of again: ${messageOf(error)}`,
    );
  }
}

/** @throws {TypeError} for a promise, whose label would come too late. That it rejects is nobody's business then: unhandled, it
 *   would end the program */
function labelIn(returned: unknown): string | undefined {
  if (types.isPromise(returned)) {
    returned.catch(() => {});
    throw new TypeError("it returned a promise, but must return a string or undefined");
  }
  return typeof returned === "string" ? returned : undefined;
}
