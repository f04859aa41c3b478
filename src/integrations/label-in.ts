/** Label in: what a program's label function has returned, as far as it is a label. */

import { types } from "node:util";

/**
 * The label, or undefined for what is none.
 * @throws {TypeError} for a promise, whose label would come too late. That it rejects is nobody's business then: unhandled, it
 *   would end the program
 */
export function labelIn(returned: unknown): string | undefined {
  if (types.isPromise(returned)) {
    returned.catch(() => {});
    throw new TypeError("it returned a promise, but must return a string or undefined");
  }
  return typeof returned === "string" ? returned : undefined;
}
