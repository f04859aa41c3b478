/** Koa 2 and 3, with `@koa/router`. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { KOA_CONTEXT, type KoaRequest } from "../frameworks/koa.js";
import type { HttpServerOptions } from "../http-server.js";
import { AppRequests } from "./app-requests.js";

/** What `app.use()` takes: no types of Koa's are needed, which come in a package of their own. */
export type KoaMiddleware = (
  context: { readonly req: IncomingMessage; readonly res: ServerResponse },
  next: () => Promise<unknown>,
) => Promise<unknown>;

/**
 * Middleware that records the duration of each request it passes on, until its response has been sent or its connection
 * has closed, under the template of its route and its verb. Use it first. While no monitor records, it costs a branch.
 *
 * @throws {OptionError}
 * @example
 * import Router from "@koa/router";
 * import Koa from "koa";
 * import { start, stop } from "seismo";
 * import { recordRequests } from "seismo/koa";
 * start();
 * const router = new Router();
 * router.get("/users/:id", (context) => void (context.body = context.params));
 * const app = new Koa();
 * app.use(recordRequests());
 * app.use(router.routes());
 * const server = app.listen(0, async () => {
 *   const { port } = server.address() as { port: number };
 *   const response = await fetch(`http://localhost:${port}/users/42`);
 *   console.log(await response.json()); // => { id: '42' }
 *   server.close();
 *   console.log((await stop())?.written); // => 1
 * });
 */
export function recordRequests(options: HttpServerOptions = {}): KoaMiddleware {
  const requests = new AppRequests("recordRequests()", options);
  return function seismo(context, next) {
    if (requests.recording) {
      note(context);
      requests.pass(context.req, context.res);
    }
    return next();
  };
}

/** It is asked for its route when the response has ended. */
function note(context: { readonly req: KoaRequest }): void {
  try {
    context.req[KOA_CONTEXT] = context as never;
  } catch {
    // a frozen request: its path will do
  }
}
