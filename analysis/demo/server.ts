/**
 * The program being watched: a small web shop on node:http, every request and the work inside it recorded with Seismo.
 *
 *     /version [GET]     answers at once
 *     /search [GET]      waits 5-40 ms for its index, as one does for a database
 *     /report [GET]      parses and sorts some thousand orders: a few ms during which nobody else is served
 *     /checkout [POST]   fails, always, with a 500
 *
 * A process of its own: forked by `server-process.ts`, or started by hand with `node build/analysis/demo/server.js DIR`.
 * Ends on SIGTERM and SIGHUP, on the message "stop", when its parent is gone, and by hand on Ctrl-C.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { type MonitorStats, observe, type Series, series, start, timeIt } from "seismo";

/** What a forked server tells its parent. */
export type ServerMessage =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "stopped"; readonly stats: MonitorStats; readonly cutShort: number };

interface Order {
  readonly customer: string;
  readonly cents: number;
}

const ORDERS_JSON = JSON.stringify(
  Array.from({ length: 4_000 }, (_, i) => ({ customer: `c${(i * 7_919) % 500}`, cents: (i * 104_729) % 50_000 })),
);

/** What the shop can do. Each method is timed under its own label, so that a slow route shows where its time goes. */
class Shop {
  @timeIt("parse orders")
  parseOrders(): Order[] {
    return JSON.parse(ORDERS_JSON);
  }

  @timeIt("sort orders")
  largest(orders: Order[]): Order[] {
    return orders.sort((a, b) => b.cents - a.cents || a.customer.localeCompare(b.customer)).slice(0, 10);
  }

  @timeIt("query index") // async: timed until the promise settles
  async search(): Promise<string[]> {
    await wait(5 + 35 * Math.random());
    return ["seismograph", "seismometer"];
  }

  @timeIt("charge card") // what throws is timed too
  async charge(): Promise<never> {
    throw new Error("the payment provider is down");
  }
}

const shop = new Shop();

interface Route {
  readonly series: Series;
  readonly handle: () => unknown;
}

/** Routes by label. Handles are made once, here, so that a request costs no label look-up. */
const routes = new Map<string, Route>();

function route(label: string, handle: () => unknown): Route {
  const made = { series: series(label), handle };
  routes.set(label, made);
  return made;
}

route("/version [GET]", () => ({ version: "1.0.0" }));
route("/search [GET]", () => shop.search());
route("/report [GET]", () => shop.largest(shop.parseOrders()));
route("/checkout [POST]", () => shop.charge());
/** One label for all paths there are not: whoever scans for them must not be able to make series. */
const notFound = route("(not found)", () => undefined);

let inFlight = 0;
/** Responses that were closed before they had been sent, because the client hung up. */
let cutShort = 0;

function serve(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? "/").split("?", 1)[0];
  const { series, handle } = routes.get(`${path} [${request.method}]`) ?? notFound;
  const token = series.start();
  observe("requests in flight", ++inFlight);
  // "close" and not "finish", which never comes when a client hangs up: those requests took their time too.
  response.on("close", () => {
    series.stop(token);
    inFlight--;
    if (!response.writableFinished) cutShort++;
  });
  void answer(handle, response);
}

async function answer(handle: () => unknown, response: ServerResponse): Promise<void> {
  let status = 200;
  let body: unknown;
  try {
    body = await handle();
    if (body === undefined) status = 404;
  } catch (error) {
    status = 500;
    body = { error: (error as Error).message };
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body ?? null));
}

/** To the parent, if there is one. */
function tell(message: ServerMessage): void {
  if (process.connected) process.send?.(message);
}

async function main(): Promise<void> {
  // The signals are handled below, by a stop that waits for what is under way, so Seismo need not.
  const monitor = start({ directory: process.argv[2] ?? "_monitoring", signals: false, runtime: true });
  const server = createServer(serve);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    server.close(); // idle connections with it; the others when they have their answer, or after 2 s
    setTimeout(() => server.closeAllConnections(), 2_000).unref();
    await once(server, "close");
    const stats = await monitor.stop();
    tell({ type: "stopped", stats, cutShort });
    if (!process.send)
      console.log(`stopped: ${stats.written} of ${stats.recorded} samples written to ${monitor.directory}`);
  };
  process.on("SIGTERM", stop);
  process.on("SIGHUP", stop); // the terminal was closed
  process.on("disconnect", stop); // the parent is done with us, or is gone
  process.on("message", (message) => {
    if (message === "stop") void stop();
  });
  // Ctrl-C in a terminal reaches parent and child alike. The parent still has requests under way and says when.
  process.on("SIGINT", process.send ? () => {} : stop);

  tell({ type: "listening", port });
  if (!process.send) console.log(`listening on http://127.0.0.1:${port}, recording to ${monitor.directory}`);
}

try {
  await main();
} catch (error) {
  const reason = (error as Error).message;
  process.exitCode = 1;
  if (process.send) {
    process.on("disconnect", () => {}); // keeps the channel open until the parent has read this
    tell({ type: "failed", reason });
  } else {
    console.error(reason);
  }
}
