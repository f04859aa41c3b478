/** Route: which template a framework knows for a request. */

import type { IncomingMessage, ServerResponse } from "node:http";

export function routeOf(_request: IncomingMessage, _response: ServerResponse): string | undefined {
  return undefined;
}

export function findFrameworks(): void {}
