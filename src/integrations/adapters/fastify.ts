/** Fastify 4 and 5. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyPluginCallback } from "fastify";
import type { HttpServerOptions } from "../http-server.js";
import { setRoute } from "../route.js";
import { AppRequests } from "./app-requests.js";

interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly routeOptions?: { readonly url?: string | undefined };
}
interface FastifyReply {
  readonly raw: ServerResponse;
}
type OnRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void) => void;

/**
 * Plugin that records the duration of each request from its first hook on, until its response has been sent or its
 * connection has closed, under the template of its route and its verb. Register it first. It is for all of the scope that
 * it is registered in, and what is registered there later, as plugins made with `fastify-plugin` are. While no monitor
 * records, it costs a branch.
 *
 * @throws {OptionError} when the application becomes ready
 * @example
 * import fastify from "fastify";
 * import { start, stop } from "seismo";
 * import { recordRequests } from "seismo/fastify";
 * start();
 * const app = fastify();
 * app.register(recordRequests);
 * app.get("/users/:id", async (request) => request.params);
 * const url = await app.listen({ port: 0 });
 * const response = await fetch(`${url}/users/42`);
 * console.log(await response.json()); // => { id: '42' }
 * await app.close();
 * console.log((await stop())?.written); // => 1
 */
export const recordRequests: FastifyPluginCallback<HttpServerOptions> = Object.assign(
  function recordRequests(fastify, options, done) {
    try {
      fastify.addHook("onRequest", onRequest(new AppRequests("recordRequests", options)));
      done();
    } catch (error) {
      done(error as Error);
    }
  } satisfies FastifyPluginCallback<HttpServerOptions>,
  { [Symbol.for("skip-override")]: true, [Symbol.for("fastify.display-name")]: "seismo" },
);

export function onRequest(requests: AppRequests): OnRequest {
  return function seismo(request, reply, done) {
    if (requests.recording) {
      noteRoute(request);
      requests.pass(request.raw, reply.raw);
    }
    done();
  };
}

function noteRoute(request: FastifyRequest): void {
  try {
    const url = request.routeOptions?.url;
    if (url !== undefined) setRoute(request.raw, url === "" ? "/" : url);
  } catch {
    // its path will do
  }
}
