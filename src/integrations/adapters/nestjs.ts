/**
 * NestJS 10 and later, on Express or Fastify: what serves it is in Nest's hands, so a module does what the adapters
 * of those two do.
 *
 * An interceptor would see no request that a guard has rejected or that has no route, and middleware of a module would
 * come after the body has been read. So requests are taken up where the server tells of them, before anything of the
 * application. And once more within it: for servers that the program has made itself (which Nest's guide does, for HTTP and HTTPS
 * at a time), and those that Fastify makes for the other addresses of `localhost`.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { DynamicModule, MiddlewareConsumer, NestModule } from "@nestjs/common";
import { messageOf } from "../../errors.js";
import { warn } from "../../notices.js";
import { awaitFastify } from "../frameworks/fastify.js";
import type { HttpServerOptions } from "../http-server.js";
import { setRoute } from "../route.js";
import { AppRequests } from "./app-requests.js";
import { onRequest } from "./fastify.js";

/** What Nest gives to a module is a builder that has this, too. */
interface Consumer {
  getHttpAdapter(): HttpAdapter;
}

interface HttpAdapter {
  getType?(): string;
  getInstance(): { addHook(name: "onRequest", hook: ReturnType<typeof onRequest>): void };
  getHttpServer(): NodeJS.EventEmitter | undefined;
  use(middleware: (request: IncomingMessage, response: ServerResponse, next: () => void) => void): void;
}

/**
 * Module that records the duration of each request of the application, from its head having been read until its response
 * has been sent or its connection has closed, under the template of its route and its verb: guards, pipes, filters and what
 * is not found included. Import it in the application's root module. While no monitor records, it costs a branch.
 *
 * @example
 * import "reflect-metadata";
 * import { Module } from "@nestjs/common";
 * import { NestFactory } from "@nestjs/core";
 * import { start, stop } from "seismo";
 * import { SeismoModule } from "seismo/nestjs";
 * start();
 * class AppModule {}
 * Module({ imports: [SeismoModule.forRoot()] })(AppModule); // in a program of yours: @Module({ … }) class AppModule {}
 * const app = await NestFactory.create(AppModule, { logger: false });
 * await app.listen(0);
 * const response = await fetch(`${await app.getUrl()}/nothing`);
 * console.log(response.status); // => 404
 * await app.close();
 * console.log((await stop())?.written); // => 1
 */
export class SeismoModule implements NestModule {
  readonly #requests: AppRequests;

  constructor() {
    this.#requests = new AppRequests("SeismoModule.forRoot()", {});
  }

  /** @throws {OptionError} */
  static forRoot(options: HttpServerOptions = {}): DynamicModule {
    const requests = new AppRequests("SeismoModule.forRoot()", options);
    awaitRoutes();
    // a class of its own: what Nest would inject options by are decorators of its own, of which there may be two copies
    class SeismoRootModule {
      configure(consumer: MiddlewareConsumer): void {
        install(requests, consumer);
      }
    }
    return { module: SeismoRootModule };
  }

  /** Called by Nest. */
  configure(consumer: MiddlewareConsumer): void {
    install(this.#requests, consumer);
  }
}

let isAwaiting = false;

/** Modules are declared before an application is made; so its routes are known even where middleware of Nest's rejects a request. */
function awaitRoutes(): void {
  if (isAwaiting) return;
  isAwaiting = true;
  awaitFastify(setRoute);
}

function install(requests: AppRequests, consumer: MiddlewareConsumer): void {
  try {
    const adapter = (consumer as unknown as Consumer).getHttpAdapter();
    const pass = (request: IncomingMessage, response: ServerResponse) => requests.pass(request, response);
    adapter.getHttpServer()?.prependListener("request", pass);
    if (adapter.getType?.() === "fastify") {
      adapter.getInstance().addHook("onRequest", onRequest(requests));
    } else {
      adapter.use(function seismo(request, response, next) {
        pass(request, response);
        next();
      });
    }
  } catch (error) {
    warn("ERR_SEISMO_NESTJS", `requests are not recorded, as this version of NestJS is not known: ${messageOf(error)}`);
  }
}
