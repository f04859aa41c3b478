/**
 * Routes: which template a framework knows for a request. "/users/:id", where the request says "/users/42".
 *
 * Asked once, when the response has ended: by then the framework has routed the request, whether a handler, a guard or
 * an error answered it, and Express has left what it knows on the request. Others forget it, or never say: those are
 * hooked, where the program has loaded them, without its code being changed and without hooks in its module loader.
 *
 * A template never holds a value that came with a request. Where one cannot be told for sure, it is undefined, as it is
 * where nothing matched; whoever asks then makes a label of the path. Nothing here throws: these are other people's
 * objects, of versions that do not exist yet.
 */

import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "node:net";
import { type ExpressRequest, expressRoute } from "./frameworks/express.js";
import { awaitFastify } from "./frameworks/fastify.js";
import { findHono, HONO_MATCH, type HonoRequest, honoRoute } from "./frameworks/hono.js";
import { findKoa, KOA_CONTEXT, type KoaRequest, koaRoute } from "./frameworks/koa.js";
import { NEXT_META, type NextRequest, nextRoute } from "./frameworks/next.js";
import { ROUTE, type RoutedRequest } from "./frameworks/routed-request.js";

type AnyRequest = RoutedRequest & ExpressRequest & HonoRequest & KoaRequest & NextRequest;

/** Remembers the template of a request's route, for who reads it when the response ends. */
export function setRoute(request: IncomingMessage, template: string): void {
  try {
    (request as RoutedRequest)[ROUTE] = template;
  } catch {
    // a frozen request: its path will do
  }
}

/** Hot. The template that some framework knows for a request; asked when the response has ended or its connection closed. */
export function routeOf(request: IncomingMessage, response: ServerResponse): string | undefined {
  try {
    const asked = request as AnyRequest;
    // Next.js is often put behind a catch-all route of another framework, and knows better
    if (asked[NEXT_META] !== undefined) {
      const route = nextRoute(asked[NEXT_META], request, response);
      if (route !== undefined) return route;
    }
    if (asked[ROUTE] !== undefined) return asked[ROUTE];
    if (asked.route !== undefined) return expressRoute(asked, response);
    if (asked[KOA_CONTEXT] !== undefined) return koaRoute(asked[KOA_CONTEXT], request, response);
    if (asked[HONO_MATCH] !== undefined) return honoRoute(asked[HONO_MATCH], response);
    return undefined;
  } catch {
    return undefined;
  }
}

let isWaiting = false;

/**
 * Finds the frameworks the program has loaded and hooks into those that need it: Koa, Hono, Fastify. To be called before
 * the program loads, for Fastify tells when an application is made; and when a server is seen for the first time: by then
 * the program has loaded what it serves with. Of servers that begin to listen it hears itself. Cheap when called again.
 *
 * @param server  the one that was seen
 */
export function findFrameworks(server?: Server): void {
  try {
    if (!isWaiting) {
      isWaiting = true;
      awaitFastify(setRoute);
      subscribe("tracing:net.server.listen:asyncEnd", (message) => {
        findFrameworks((message as { server?: Server }).server);
      });
    }
    findKoa();
    findHono(server);
  } catch {
    // without them, a request's path will do
  }
}
