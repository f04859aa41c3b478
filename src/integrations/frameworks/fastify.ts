/**
 * Fastify, 4 and 5: the first hook of every application notes the template of the route.
 *
 * Fastify says on a diagnostics channel that an application has been made, before it has a plugin or a route. So our hook
 * is first of all, and is called even for a request that the program's own hooks, its parser or its validation reject.
 * (The channels of its handlers, which version 5 has, tell nothing of those.) A request that matched nothing has no template.
 */

import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

interface RouteContext {
  readonly config?: { readonly url?: string };
}

interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly routeOptions?: { readonly url?: string };
  readonly [context: PropertyKey]: unknown;
}

interface Fastify {
  addHook(name: "onRequest", hook: (request: FastifyRequest, reply: unknown, done: () => void) => void): void;
}

type SetRoute = (request: IncomingMessage, template: string) => void;

/** Calls `setRoute` for each request of every application that is made from now on. */
export function awaitFastify(setRoute: SetRoute): void {
  subscribe("fastify.initialization", (message) => {
    try {
      hook((message as { fastify: Fastify }).fastify, setRoute);
    } catch {
      // a version that has no such hooks
    }
  });
}

function hook(fastify: Fastify, setRoute: SetRoute): void {
  let context: PropertyKey | undefined; // each copy of Fastify has its own

  fastify.addHook("onRequest", function seismo(request, _reply, done) {
    try {
      context ??= contextOf(request);
      // `routeOptions` makes an object of a dozen fields each time it is asked; it is made of this
      const url = context ? (request[context] as RouteContext | undefined)?.config?.url : request.routeOptions?.url;
      if (url !== undefined) setRoute(request.raw, url === "" ? "/" : url);
    } catch {
      // its path will do
    }
    done();
  });
}

function contextOf(request: FastifyRequest): PropertyKey | undefined {
  const symbol = Object.getOwnPropertySymbols(request).find(({ description }) => description === "fastify.context");
  return symbol ?? (Object.hasOwn(request, "context") ? "context" : undefined); // 4.0 to 4.12
}
