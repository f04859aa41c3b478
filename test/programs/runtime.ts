/**
 * Programs whose runtime is recorded: `runtime.js WHAT OPTIONS`, to `m` in the working directory. What they know of
 * themselves they print as lines of JSON.
 */

import { execSync, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { Agent, createServer, get } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Monitor, type MonitorOptions, start } from "seismo";

const [, , what, json = "{}"] = process.argv;
const options = JSON.parse(json) as MonitorOptions;
const begin = (): Monitor => start({ directory: "m", ...options });
const tell = (facts: object) => console.log(JSON.stringify(facts));
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
/** Resolves when the test writes a line to our stdin. */
const toldTo = async () => void (await once(process.stdin, "data"));
/** Epoch milliseconds with their fraction: exact to a millisecond, and never far off. */
const now = () => performance.timeOrigin + performance.now();

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** What is to stay in memory. */
const kept: unknown[] = [];

function exposeGc(): (options?: object) => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Garbage of the young generation: some bytes that nobody holds. */
function litter(bytes: number): number {
  let sum = 0;
  for (let made = 0; made < bytes; made += 1_024) sum += new Array(126).fill(made).length; // 8 B each and a header
  return sum;
}

function newChild(script: string) {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "ignore"] });
  process.on("exit", () => child.kill("SIGKILL"));
  return child;
}

const workerOf = (name: string) =>
  new Worker(new URL(import.meta.url), { argv: [name, JSON.stringify(options)], workerData: name });

const programs: Record<string, () => Promise<void> | void> = {
  /** Provokes every sampler there is. */
  everything: async () => {
    const gc = exposeGc();
    const monitor = begin();
    monitor.sample("broken", { intervalMs: 50 }, () => {
      throw new Error("broken on purpose");
    });
    const child = newChild("setInterval(() => { for (const end = Date.now() + 20; Date.now() < end; ); }, 50)");
    const server = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const agent = new Agent({ keepAlive: true });
    get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", agent }, (response) => response.resume());
    const worker = workerOf("a worker that blocks");
    await once(worker, "message");
    litter(100e6);
    gc();
    const hoard: unknown[] = [];
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 20_000; j++) hoard.push({ i, j, text: [i, j] }); // grows until marking is done in steps
      for (let j = 0; j < 20; j++) new Intl.NumberFormat("en"); // V8 frees what these hold by weak callbacks
      await turn();
    }
    gc();
    hoard.length = 0;
    await wait(500); // the thread that watches is up, the samplers have read
    spin(1_000);
    await wait(300);
    worker.postMessage("block");
    await once(worker, "exit");
    await wait(300);
    child.kill("SIGKILL");
    tell(await monitor.stop());
    process.exit();
  },
  "a worker that blocks": async () => {
    const monitor = begin();
    litter(100e6);
    await wait(600);
    parentPort!.postMessage("recording");
    await once(parentPort!, "message");
    spin(1_000);
    await wait(200);
    await monitor.stop();
    process.exit();
  },
  /** Does a little of everything for a second, and stops. */
  "a second, with a child": async () => {
    const { monitor, beganMs } = await second();
    const endedMs = now();
    await monitor.stop();
    tell({ beganMs, endedMs });
    process.exit();
  },
  "a second, then process.exit()": async () => {
    const { beganMs } = await second();
    tell({ beganMs, endedMs: now() });
    process.exit();
  },
  /** Ends by itself, as soon as it can. */
  nothing: () => {
    begin();
    process.exitCode = 7;
  },
  /**
   * Collects garbage in bursts: `gc WAY END`. With V8's own trace switched on, on stdout, for as long as recording goes on;
   * its first line is of a collection right before.
   */
  gc: async () => {
    const [way, end] = process.argv.slice(4);
    const gc = exposeGc();
    setFlagsFromString("--trace-gc");
    gc();
    const beganMs = now();
    const monitor = begin();
    if (way === "one turn") litter(4_500e6);
    else if (way === "many turns") {
      for (let i = 0; i < 60; i++) {
        litter(i % 3 === 0 ? 50e6 : 1e6);
        if (i % 20 === 0) gc();
        await wait(i % 7 === 0 ? 20 : 0);
      }
    } else if (way === "both") {
      litter(400e6);
      await wait(100);
      litter(400e6);
    }
    gc(); // or what the end itself leaves behind might be collected in the middle of it
    if (end === "exit") process.exit();
    const stopped = monitor.stop();
    setFlagsFromString("--no-trace-gc");
    await stopped;
    tell({ beganMs, endedMs: now() });
    process.exit();
  },
  /** Idle, then busy with opening files and burning a core, then idle again; ends when told. */
  process: async () => {
    const monitor = begin();
    console.log("idle");
    await toldTo();
    for (let i = 0; i < 50; i++) openSync("/dev/null", "r");
    let sum = 0;
    for (const end = now() + 1_500; now() < end; sum++) if (sum % 20_000 === 0) await turn();
    kept.push(Buffer.alloc(50 * 2 ** 20, 1));
    console.log("idle again");
    await toldTo();
    const { rss, ...memory } = process.memoryUsage();
    await monitor.stop();
    tell(memory);
    process.exit();
  },
  /** Blocks the main thread, for so long, when told; then ends. `block MS HOW` */
  block: async () => {
    const [ms, how] = process.argv.slice(4);
    const monitor = begin();
    console.log("ready");
    await toldTo();
    const beganMs = now();
    if (how === "execSync") execSync(`sleep ${Number(ms) / 1e3}`);
    else if (how === "Atomics.wait") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms));
    else blockOnPurpose(Number(ms));
    const endedMs = now();
    await wait(50);
    await monitor.stop();
    tell({ beganMs, endedMs });
    process.exit();
  },
};

function blockOnPurpose(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** A child that is there before recording begins, and a second of which the loop is busy for a part. */
async function second() {
  const child = newChild("setInterval(() => {}, 1000); console.log('up')");
  await once(child.stdout, "data");
  const monitor = begin();
  const beganMs = now();
  while (now() < beganMs + 1_000) {
    litter(2e6);
    await wait(10);
  }
  return { monitor, beganMs };
}

if (isMainThread) await programs[what!]!();
else await programs[workerData as string]!();
