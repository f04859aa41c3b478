/** A request that somebody has named the route of. */

import type { IncomingMessage } from "node:http";

/** Registered, so that two copies of Seismo in one program understand each other. */
export const ROUTE: unique symbol = Symbol.for("seismo.route") as never;

export interface RoutedRequest extends IncomingMessage {
  [ROUTE]?: string;
}
