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
import { isCatchAll } from "./frameworks/path-pattern.js";
import { ROUTE, type RoutedRequest } from "./frameworks/routed-request.js";

const NOT_FOUND = 404;

type AnyRequest = RoutedRequest & ExpressRequest & HonoRequest & KoaRequest & NextRequest;

/** Hot. The URL as it was sent: routers cut off what they have matched, for as long as those below them run. */
export function urlOf(request: IncomingMessage): string | undefined {
  try {
    const { originalUrl } = request as ExpressRequest;
    return typeof originalUrl === "string" ? originalUrl : request.url;
  } catch {
    return undefined;
  }
}

let isAnySet = false;

/** Hot. Remembers the template of a request's route, for who reads it when the response ends. */
export function setRoute(request: IncomingMessage, template: string): void {
  try {
    isAnySet = true;
    (request as RoutedRequest)[ROUTE] = template;
  } catch {
    // a frozen request: its path will do
  }
}

/** Hot. The template that some framework knows for a request; asked when the response has ended or its connection closed. */
export function routeOf(request: IncomingMessage, response: ServerResponse): string | undefined {
  try {
    const asked = request as AnyRequest;
    // first, and without a look at the rest: a request of Express has prototypes that make it slow to find nothing
    if (asked.route === undefined) return notedRoute(asked, response);
    if (isAnySet && asked[ROUTE] !== undefined) return asked[ROUTE];
    const template = expressRoute(asked, response);
    return template === undefined || isCatchAll(template) ? (pageOf(asked, response) ?? template) : template;
  } catch {
    return undefined;
  }
}

function notedRoute(asked: AnyRequest, response: ServerResponse): string | undefined {
  const template = asked[ROUTE];
  if (template !== undefined && !isCatchAll(template)) return template;
  if (asked[KOA_CONTEXT] !== undefined) {
    const route = koaRoute(asked[KOA_CONTEXT], asked, response);
    if (route !== undefined && !isCatchAll(route)) return route;
    return pageOf(asked, response) ?? route;
  }
  if (asked[HONO_MATCH] !== undefined) return honoRoute(asked[HONO_MATCH], response);
  return pageOf(asked, response) ?? (response.statusCode === NOT_FOUND ? undefined : template);
}

/** Next.js is often put behind a catch-all route of another framework, and knows better. */
function pageOf(asked: AnyRequest, response: ServerResponse): string | undefined {
  return asked[NEXT_META] === undefined ? undefined : nextRoute(asked[NEXT_META], asked, response);
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
