/**
 * Timed response: a response that is timed from outside of the program, by `recordHttpServer()` or the preload; and how an
 * adapter, which the program's own code has put into an application, takes it over: code goes before flags.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { DurationToken } from "../index.js";

/** Of this copy of Seismo: another one has recordings of its own. */
export const TOKEN: unique symbol = Symbol("seismo token");

export interface TimedResponse extends ServerResponse {
  req: IncomingMessage;
  /** 0: not to be recorded from outside. */
  [TOKEN]: DurationToken;
}

/** Hot. From here on, the caller alone records this response. */
export function takeOver(response: ServerResponse): void {
  (response as TimedResponse)[TOKEN] = 0 as DurationToken;
}
