/** Programs that the preload is run before: `preloaded.js WHAT`, with its files in `_monitoring` unless told otherwise. */

import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { Worker } from "node:worker_threads";
import { type Monitor, observe, start, stop, timeIt } from "seismo";

const work = timeIt("work")((n: number) => n + 1);

async function serveOnce(): Promise<void> {
  const server = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [response] = await once(get({ port, path: "/once", agent: false }), "response");
  response.resume();
  await once(response, "close");
  server.close();
  await once(server, "close");
}

const programs: Record<string, () => void | Promise<void>> = {
  nothing: () => console.log(work(1)),
  "serves once": serveOnce,
  "starts by itself": async () => {
    work(1);
    const monitor: Monitor = start({ directory: "own", runtime: false });
    work(2);
    await serveOnce();
    console.log(JSON.stringify({ directory: monitor.directory, capacity: monitor.options.capacity }));
  },
  "starts without options": async () => {
    const monitor = start();
    work(1);
    console.log(JSON.stringify({ directory: monitor.directory, isSame: monitor === start() }));
    await stop();
    work(2);
    start({ directory: "again" });
    work(3);
  },
  "starts wrongly": () => {
    try {
      start({ capacity: 0 });
    } catch (error) {
      console.log((error as Error).message);
    }
    work(1);
  },
  "is killed": async () => {
    for (let i = 0; i < 1_000; i++) work(i);
    console.log("recorded");
    setInterval(() => {}, 1_000);
  },
  "is busy": () => {
    for (let i = 0; i < 200_000; i++) work(i); // more than a chunk, before the event loop has turned
    console.log("recorded");
    for (;;);
  },
  "has a worker with an environment of its own": async () => {
    await once(new Worker(new URL(import.meta.url), { argv: ["observes"], env: {} }), "exit");
  },
  observes: () => observe("answer", 42),
};

await programs[process.argv[2]!]!();
