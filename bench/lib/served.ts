/** Served: hello-world servers, as their manuals begin, and what can be switched on in one: Seismo, or what others have. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { MonitorOptions } from "seismo";
import { loadPeer } from "./peers.js";

export type Framework = "node:http" | "Express" | "Fastify";

/** What is switched: nothing, Seismo with these options of `start()`, or another package. */
export type Within = "nothing" | "prom-client" | "OpenTelemetry" | SeismoWithin;

export interface SeismoWithin {
  readonly options: MonitorOptions;
  /** Whether requests are recorded, too. */
  readonly http?: boolean;
}

export interface Switch {
  on(): void | Promise<void>;
  off(): void | Promise<void>;
}

type Middleware = (request: IncomingMessage, response: ServerResponse) => void;

/** Called for each request of the server of node:http, before its answer: how others are put into such a server. */
let middleware: Middleware | undefined;

interface FastifyApp {
  readonly server: Server;
  get(path: string, handler: () => Promise<string>): void;
  ready(): Promise<void>;
}

interface ExpressApp {
  (request: IncomingMessage, response: ServerResponse): void;
  get(path: string, handler: (request: unknown, response: { send(text: string): void }) => void): void;
}

/** What the frameworks are asked for: a route with a parameter. */
export const PATH = "/users/42";

export async function makeServer(framework: Framework): Promise<Server> {
  if (framework === "node:http") {
    return createServer((request, response) => {
      if (middleware !== undefined) middleware(request, response);
      response.end("hello\n");
    });
  }
  if (framework === "Express") {
    const app = loadPeer<() => ExpressApp>("express")();
    app.get("/users/:id", (_, response) => response.send("hello\n"));
    return createServer(app);
  }
  const app = loadPeer<() => FastifyApp>("fastify")();
  app.get("/users/:id", async () => "hello\n");
  await app.ready();
  return app.server;
}

export async function makeSwitch(within: Within, directory: string): Promise<Switch> {
  if (within === "nothing") return { on() {}, off() {} };
  if (within === "prom-client") return promClient();
  if (within === "OpenTelemetry") return openTelemetry();
  return seismo(within, directory);
}

async function seismo({ options, http = false }: SeismoWithin, directory: string): Promise<Switch> {
  const { start, stop } = await import("seismo");
  const { recordHttpServer } = await import("seismo/http");
  if (http) recordHttpServer()(); // frameworks that are loaded later tell from now on what they know
  let stopHttp = () => {};
  return {
    async on() {
      const monitor = start({ directory, ...options });
      if (http) stopHttp = recordHttpServer();
      await monitor.flush(); // its thread is up then
    },
    async off() {
      stopHttp();
      await stop();
    },
  };
}

interface PromClient {
  Histogram: new (options: {
    name: string;
    help: string;
    labelNames: string[];
  }) => {
    startTimer(): (labels: Record<string, string | number | undefined>) => number;
  };
  collectDefaultMetrics(): void;
}

/** As its manual has it. Its default metrics come with the first "on", and cannot be taken away. */
function promClient(): Switch {
  const { Histogram, collectDefaultMetrics } = loadPeer<PromClient>("prom-client");
  const labelNames = ["method", "route", "status_code"];
  const histogram = new Histogram({ name: "http_request_duration_seconds", help: "Requests", labelNames });
  let isCollecting = false;
  return {
    on() {
      if (!isCollecting) collectDefaultMetrics();
      isCollecting = true;
      middleware = (request, response) => {
        const end = histogram.startTimer();
        response.on("finish", () => {
          // a server of paths without parameters: the path is the route
          end({ method: request.method, route: request.url, status_code: response.statusCode });
        });
      };
    },
    off() {
      middleware = undefined;
    },
  };
}

interface OpenTelemetrySdk {
  MeterProvider: new (options: { readers: unknown[] }) => object;
  PeriodicExportingMetricReader: new (options: { exporter: object }) => object;
}

interface OpenTelemetryHttp {
  HttpInstrumentation: new (config: {
    enabled: boolean;
  }) => {
    setMeterProvider(provider: object): void;
    enable(): void;
    disable(): void;
  };
}

/** Metrics of requests alone, without traces, exported every 60 s, as is the default, to nowhere. */
function openTelemetry(): Switch {
  const { MeterProvider, PeriodicExportingMetricReader } = loadPeer<OpenTelemetrySdk>("@opentelemetry/sdk-metrics");
  const { HttpInstrumentation } = loadPeer<OpenTelemetryHttp>("@opentelemetry/instrumentation-http");
  const exporter = {
    export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
  const instrumentation = new HttpInstrumentation({ enabled: false });
  instrumentation.setMeterProvider(provider);
  return {
    on() {
      instrumentation.enable();
      createRequire(import.meta.url)("node:http"); // which is when it is patched
    },
    off: () => instrumentation.disable(),
  };
}
