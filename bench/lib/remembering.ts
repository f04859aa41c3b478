/**
 * Remembering: a server of a million paths, which tells what it holds in memory: `remembering.js STATUS [seismo]`, with
 * `--expose-gc`. Told "begin" it forgets how late its event loop was, told "end" it tells everything.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

/** What a server holds after its load, and how late its event loop was meanwhile. */
export interface Held {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly maxDelayMs: number;
  readonly p99DelayMs: number;
  readonly recorded: number | undefined;
}

/** For what is still to be written, and for memory to be given back. */
const SETTLE_MS = 1_500;
const [status, within] = process.argv.slice(2) as [string, "seismo" | undefined];
const delay = monitorEventLoopDelay({ resolution: 5 });

const server = createServer((_, response) => {
  response.writeHead(Number(status), { "content-length": 6 }).end("hello\n");
}).listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));

async function held(): Promise<Held> {
  delay.disable(); // what follows is not to be in it
  await sleep(SETTLE_MS);
  globalThis.gc!();
  await sleep(SETTLE_MS);
  globalThis.gc!();
  const { rss, heapUsed } = process.memoryUsage();
  const recorded = within && (await import("seismo")).start().stats().prefixes.duration?.recorded;
  return {
    rssBytes: rss,
    heapBytes: heapUsed,
    maxDelayMs: delay.max / 1e6,
    p99DelayMs: delay.percentile(99) / 1e6,
    recorded,
  };
}

process.on("message", async (what: "begin" | "end") => {
  if (what === "begin") {
    delay.reset();
    delay.enable();
    process.send!(what);
  } else process.send!(await held());
});
process.on("disconnect", () => process.exit());
