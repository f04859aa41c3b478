/**
 * A program of several threads or processes, each of which records: `threads.js WAY`. Prints what it counted itself.
 */

import { fork } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { series, start } from "seismo";

const SAMPLES = 10_000;
const THREADS = 4;
const self = new URL(import.meta.url);

const record = (label: string, n = SAMPLES) => {
  const handle = series(label);
  for (let i = 0; i < n; i++) handle.stop(handle.start());
};
/** Threads of this process that are ours, by the name they carry (from Node 22 on), or all threads. */
const threads = () => readdirSync("/proc/self/task").length;

/** Set by the main thread. */
const mayEnd: Int32Array = workerData?.mayEnd ?? new Int32Array(new SharedArrayBuffer(4));

async function work(way: string): Promise<void> {
  const name = workerData.name as string;
  const monitor = start({ directory: "m" });
  record(name);
  if (way === "exit listeners in workers") {
    process.on("exit", () => record(`${name} ends`, 5));
    await monitor.flush(); // by then the flusher has it for a client
  }
  if (way.endsWith("stop at once")) {
    await monitor.stop();
    console.log("stopped");
  }
  if (way === "workers that stop") {
    await new Promise((resolve) => setTimeout(resolve, 400));
    record(name);
    await monitor.stop();
  }
  if (way === "terminated") {
    parentPort!.postMessage("recorded");
    await new Promise(() => setInterval(() => {}, 1000));
  }
  if (way === "process.exit in a worker") process.exit(0);
  if (way === "main ends first") {
    parentPort!.postMessage("recorded");
    setInterval(() => {}, 1000);
  }
  if (way === "busy workers") {
    parentPort!.postMessage("recorded");
    while (Atomics.load(mayEnd, 0) === 0);
  }
}

async function run(way: string): Promise<void> {
  const before = threads();
  const monitor = way.startsWith("workers only") ? undefined : start({ directory: "m" });
  if (monitor) record("main");
  const workers = Array.from(
    { length: THREADS },
    (_, i) => new Worker(self, { workerData: { name: `worker ${i}`, mayEnd }, argv: [way] }),
  );
  const exits = Promise.all(workers.map((worker) => once(worker, "exit")));
  if (way === "terminated") {
    await Promise.all(workers.map((worker) => once(worker, "message")));
    await Promise.all(workers.map((worker) => worker.terminate()));
  } else if (way === "main ends first") {
    await Promise.all(workers.map((worker) => once(worker, "message")));
    process.exit(0);
  } else if (way === "main stops first") {
    await monitor!.stop();
    await exits;
  } else {
    if (way === "busy workers") {
      await Promise.all(workers.map((worker) => once(worker, "message")));
      await monitor!.flush(); // the flusher's thread is up
      console.log(`threads for us: ${threads() - before - workers.length}`);
      Atomics.store(mayEnd, 0, 1);
    }
    await exits;
  }
  if (way.endsWith(", then stop")) await monitor!.stop();
}

const way = process.argv[2]!;
if (way === "cluster" || way === "fork") {
  if (way === "cluster" && cluster.isPrimary) {
    start({ directory: "m" });
    record("main");
    const workers = Array.from({ length: THREADS }, (_, i) => cluster.fork({ NAME: `worker ${i}` }));
    await Promise.all(workers.map((worker) => once(worker, "exit")));
  } else if (way === "fork" && !process.env.NAME) {
    start({ directory: "m" });
    record("main");
    const children = Array.from({ length: THREADS }, (_, i) =>
      fork(self, [way], { env: { ...process.env, NAME: `worker ${i}` } }),
    );
    await Promise.all(children.map((child) => once(child, "exit")));
  } else {
    start({ directory: "m" });
    record(process.env.NAME!);
    process.disconnect();
  }
} else if (isMainThread) await run(way);
else await work(way);
