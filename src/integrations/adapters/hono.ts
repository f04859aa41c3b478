/** Hono 4 on Node, served by `@hono/node-server`. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context, MiddlewareHandler } from "hono";
import type { HttpServerOptions } from "../http-server.js";
import { AppRequests } from "./app-requests.js";

/** What the server of Node gives along with a request. */
interface Bindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
}

const NOT_FOUND = 404;

/**
 * Middleware that records the duration of each request it passes on, until its response has been sent or its connection
 * has closed, under the template of its route and its verb. Use it first. While no monitor records, it costs a branch; as
 * it does for requests that come from no server of Node, as those of `app.request()`.
 *
 * @throws {OptionError}
 * @example
 * import { serve } from "@hono/node-server";
 * import { Hono } from "hono";
 * import { start, stop } from "seismo";
 * import { recordRequests } from "seismo/hono";
 * start();
 * const app = new Hono();
 * app.use(recordRequests());
 * app.get("/users/:id", (context) => context.json(context.req.param()));
 * const server = serve({ fetch: app.fetch, port: 0 }, async ({ port }) => {
 *   const response = await fetch(`http://localhost:${port}/users/42`);
 *   console.log(await response.json()); // => { id: '42' }
 *   server.close();
 *   console.log((await stop())?.written); // => 1
 * });
 */
export function recordRequests(options: HttpServerOptions = {}): MiddlewareHandler {
  const requests = new AppRequests("recordRequests()", options);
  return function seismo(context, next) {
    if (requests.recording) pass(requests, context);
    return next();
  };
}

function pass(requests: AppRequests, context: Context): void {
  try {
    const { incoming, outgoing } = (context.env ?? {}) as Bindings;
    if (incoming && outgoing) requests.pass(incoming, outgoing, () => routeOf(context, outgoing));
  } catch {
    // bindings of another making
  }
}

/**
 * The route that was run last, which is the one that answered. If that is a middleware, the route that it kept the
 * request from; or if there is none, what part of the site it guards, if not all of it.
 */
function routeOf({ req }: Context, { statusCode }: ServerResponse): string | undefined {
  const routes = req.matchedRoutes; // its successor is a function of Hono's, of which a program can have two copies
  const route = routes.slice(req.routeIndex).find(({ path, method }) => !(method === "ALL" && path.endsWith("*")));
  if (route !== undefined) return route.path;
  return statusCode === NOT_FOUND ? undefined : routes.findLast(({ path }) => path !== "/*" && path !== "*")?.path;
}
