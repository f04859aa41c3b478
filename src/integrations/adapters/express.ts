/** Express 4 and 5, and whatever else takes middleware of that shape (Connect, Polka, Restify). */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpServerOptions } from "../http-server.js";
import { AppRequests } from "./app-requests.js";

/** What `app.use()` of either version takes: no types of theirs are needed, which come in a package of their own. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Middleware that records the duration of each request it passes on, until its response has been sent or its connection
 * has closed, under the template of its route and its verb. Use it first. While no monitor records, it costs a branch.
 *
 * @throws {OptionError}
 * @example
 * import express from "express";
 * import { start, stop } from "seismo";
 * import { recordRequests } from "seismo/express";
 * start();
 * const app = express();
 * app.use(recordRequests());
 * app.get("/users/:id", (request, response) => void response.json(request.params));
 * const server = app.listen(0, async () => {
 *   const { port } = server.address() as { port: number };
 *   const response = await fetch(`http://localhost:${port}/users/42`);
 *   console.log(await response.json()); // => { id: '42' }
 *   server.close();
 *   console.log((await stop())?.written); // => 1
 * });
 */
export function recordRequests(options: HttpServerOptions = {}): ExpressMiddleware {
  const requests = new AppRequests("recordRequests()", options);
  return function seismo(request, response, next) {
    requests.pass(request, response);
    next();
  };
}
