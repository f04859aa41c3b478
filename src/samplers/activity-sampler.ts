/** Activity sampler: what keeps the process busy or alive: handles, requests, timers, threads, connections. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server, Socket } from "node:net";
import type { Worker } from "node:worker_threads";
import { ACTIVE_RESOURCES, HTTP_SOCKETS, memberOf, WORKER_THREADS } from "../format/series.js";
import { type Observe, OptionalReadings, type Sampler } from "./sampler.js";

/** What tells an HTTP or HTTPS server from others without importing either. */
interface HttpServer extends Server {
  closeIdleConnections(): void;
}

const WORKERS = "worker_threads";
const SOCKETS = "net.server.socket";

export class ActivitySampler implements Sampler {
  /** Types seen so far: one of which there are none left is a reading, too. */
  readonly #types = new Set<string>();
  readonly #optional = new OptionalReadings();
  readonly #servers = new Set<WeakRef<HttpServer>>();
  readonly #known = new WeakSet<object>();
  #workers = 0;

  constructor() {
    subscribe(WORKERS, this.#onWorker);
    subscribe(SOCKETS, this.#onSocket);
  }

  sample(observe: Observe): void | Promise<void> {
    observe(WORKER_THREADS, this.#workers);
    this.#observeResources(observe);
    const servers = [...this.#servers].flatMap((reference) => reference.deref() ?? []);
    return servers.length === 0 ? undefined : observeSockets(servers, observe);
  }

  #observeResources(observe: Observe): void {
    const counts = new Map<string, number>(Array.from(this.#types, (type) => [type, 0]));
    try {
      for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
    } catch (error) {
      this.#optional.miss(ACTIVE_RESOURCES, error); // experimental, in Node's own words
      return;
    }
    for (const [type, count] of counts) {
      this.#types.add(type);
      observe(memberOf(ACTIVE_RESOURCES, type), count);
    }
  }

  stop(): void {
    unsubscribe(WORKERS, this.#onWorker);
    unsubscribe(SOCKETS, this.#onSocket);
  }

  readonly #onWorker = (message: unknown): void => {
    const { worker } = message as { worker?: Worker };
    if (!worker) return;
    this.#workers++;
    worker.once("exit", () => this.#workers--);
  };

  readonly #onSocket = (message: unknown): void => {
    const { server } = (message as { socket: Socket & { server?: Server } }).socket;
    if (!server || this.#known.has(server)) return;
    this.#known.add(server);
    if (!isHttp(server)) return;
    for (const reference of this.#servers) if (!reference.deref()) this.#servers.delete(reference);
    this.#servers.add(new WeakRef(server));
  };
}

function isHttp(server: Server): server is HttpServer {
  return typeof (server as Partial<HttpServer>).closeIdleConnections === "function";
}

async function observeSockets(servers: readonly Server[], observe: Observe): Promise<void> {
  const counts = await Promise.all(servers.map(connectionsOf));
  observe(
    HTTP_SOCKETS,
    counts.reduce((sum, count) => sum + count, 0),
  );
}

/** A server knows how many it has; it is asked in public, so it answers a moment later. */
function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
