/**
 * Programs whose runtime is recorded: `runtime.js WHAT OPTIONS`, to `m` in the working directory. What they know of
 * themselves they print as lines of JSON.
 */

import { execSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync, statSync } from "node:fs";
import { Agent, createServer, get } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
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

/** How long this thread was ready to run and had no processor, as the kernel counts; 0 where that may not be read. */
function waitedMs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/**
 * The rounds of samplers of an interval, counted: `more(n)` resolves when n more have been read. Whoever waits for these
 * has samples, however slow the machine, and is as idle as the loop is between them.
 */
function roundsOf(monitor: Monitor, intervalMs: number, onRound: () => void = () => {}) {
  let rounds = 0;
  const waiting = new Map<number, () => void>();
  // samplers of one interval share a timer, which calls them in the order they were added: ours after the built-in ones
  monitor.sample("rounds", { intervalMs }, () => {
    onRound();
    waiting.get(++rounds)?.();
    waiting.delete(rounds);
  });
  return {
    more: async (n: number) => {
      const alive = setTimeout(() => {}, 3_600_000); // the timer of the rounds does not keep the process alive
      await new Promise<void>((resolve) => waiting.set(rounds + n, resolve));
      clearTimeout(alive);
    },
  };
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
    await monitor.flush(); // the thread that watches is up,
    await wait(500); // the samplers have read
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
    await monitor.flush(); // whoever watches knows of this thread
    parentPort!.postMessage("recording");
    await once(parentPort!, "message");
    spin(1_000);
    await wait(200);
    await monitor.stop();
    process.exit();
  },
  /** Does a little of everything until it is told to stop. */
  "until told": async () => {
    const { monitor, beganMs } = await littering();
    const endedMs = now();
    await monitor.stop();
    tell({ beganMs, endedMs });
    process.exit();
  },
  "until told, then process.exit()": async () => {
    const { beganMs } = await littering();
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
    if (way === "one turn") litter(2_400e6);
    else if (way === "many turns") {
      for (let i = 0; i < 60; i++) {
        litter(i % 3 === 0 ? 50e6 : 1e6);
        for (let j = 0; j < 15_000; j++) kept.push({ i, j, text: [i, j] }); // to be marked in steps, now and then
        if (i % 20 === 0) gc();
        await wait(i % 7 === 0 ? 20 : 0);
      }
    } else if (way === "both") {
      litter(400e6);
      await wait(100);
      litter(400e6);
    }
    if (way === "signal") {
      process.on("SIGTERM", () => {}); // it may be the end, says the signal, and then it is not
      await turn();
      litter(400e6);
      process.kill(process.pid, "SIGTERM"); // from an immediate: heard of in the next turn, before the observer has told
      await wait(200);
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
    for (const end = now() + 1_500; now() < end; sum++) {
      if (sum % 20 === 0) statSync("/dev/null"); // so that the kernel has a share of it
      if (sum % 20_000 === 0) await turn();
    }
    kept.push(Buffer.alloc(50 * 2 ** 20, 1));
    console.log("idle again");
    await toldTo();
    const { rss, ...memory } = process.memoryUsage();
    await monitor.stop();
    tell(memory);
    process.exit();
  },
  /** Blocks the main thread, when told, until there is a file `over`, and so long at least; then ends. `block HOW [MS]` */
  block: async () => {
    const [how, leastMs = "0"] = process.argv.slice(4);
    const monitor = begin();
    console.log("ready");
    await toldTo();
    const beganMs = now();
    console.log(`blocks ${beganMs}`);
    const endMs = performance.now() + Number(leastMs);
    if (how === "execSync") execSync("while kill -0 $PPID && ! [ -e over ]; do sleep 0.02; done");
    else if (how === "Atomics.wait") {
      const cell = new Int32Array(new SharedArrayBuffer(4));
      while (!isOver(endMs)) Atomics.wait(cell, 0, 0, 20);
    } else if (how === "calls") while (!isOver(endMs)) callOnPurpose(27);
    else blockUntilOver(endMs);
    const endedMs = now();
    await wait(50);
    await monitor.stop();
    tell({ beganMs, endedMs });
    process.exit();
  },
  /**
   * Blocks for known times, each in a turn of its own: `stalls CHAIN MS…`. Tells when each began and ended, and of an
   * instant two turns before and one two turns after, or a rest before and after. Answers whoever connects.
   */
  stalls: async () => {
    const [chain, ...lengths] = process.argv.slice(4);
    const server = createTcpServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const monitor = begin();
    const rounds = roundsOf(monitor, (options.runtime as { eventLoop: { intervalMs: number } }).eventLoop.intervalMs);
    console.log(`port ${(server.address() as AddressInfo).port}`);
    await toldTo();
    let turning = chain === "turning";
    const onTurn = () => void (turning && setImmediate(onTurn));
    onTurn();
    for (const ms of lengths) {
      await Promise.all([wait(150), rounds.more(3)]);
      const outerBeganMs = now();
      if (turning) await wait(12); // a rest that had begun by then is over
      for (let i = 0; i < 3; i++) await turn();
      const beganMs = now();
      blockOnPurpose(Number(ms));
      const endedMs = now();
      for (let i = 0; i < 3; i++) await turn();
      if (turning) await wait(12); // the turn is told of when a rest is over
      tell({ ms: Number(ms), outerBeganMs, beganMs, endedMs, outerEndedMs: now() });
    }
    turning = false;
    await Promise.all([wait(150), rounds.more(8)]);
    await monitor.stop();
    process.exit();
  },
  /** Busy without a pause, then idle, then busy for a part of the time: each until so many rounds are read. `share MS` */
  share: async () => {
    const monitor = begin();
    let busyMs = 0;
    const rounds = roundsOf(monitor, Number(process.argv[4]), () => tell({ atMs: now(), busyMs }));
    for (const way of ["busy", "idle", "shared"]) {
      const beganMs = now();
      let isOver = false;
      const over = rounds.more(8).then(() => {
        isOver = true;
      });
      while (way !== "idle" && !isOver) {
        const from = performance.now();
        blockOnPurpose(10);
        busyMs += performance.now() - from;
        await (way === "busy" ? turn() : wait(10));
      }
      await over;
      tell({ beganMs, endedMs: now() });
    }
    await monitor.stop();
    process.exit();
  },
  /** Turns as often as it can, and counts how often for each second of CPU time of this thread. `turns on|off` */
  turns: async () => {
    const [way] = process.argv.slice(4);
    if (way === "on") begin();
    const cpuS = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e9;
    await wait(300);
    for (let warm = 0; warm < 20_000; warm++) await turn();
    const beganS = cpuS();
    let turns = 0;
    await new Promise<void>((resolve) => {
      const onTurn = () => {
        if (++turns % 1_000 === 0 && cpuS() - beganS > 0.7) resolve();
        else setImmediate(onTurn);
      };
      onTurn();
    });
    tell({ perSecond: turns / (cpuS() - beganS) });
    process.exit();
  },
  /** For some seconds `idle`, or `turning`: with work in every turn. Tells of its longest turn; at most, if it was idle. */
  quiet: async () => {
    const [ms, way] = process.argv.slice(4);
    const monitor = begin();
    const endMs = now() + Number(ms);
    let longestMs = 0;
    while (way === "turning" && now() < endMs) {
      const from = performance.now();
      blockOnPurpose(20);
      await turn();
      longestMs = Math.max(longestMs, performance.now() - from);
    }
    if (way === "idle") {
      const before = waitedMs();
      await wait(Number(ms));
      longestMs = waitedMs() - before;
    }
    await monitor.stop();
    tell({ longestMs });
    process.exit();
  },
  /** Never turns again, when told. */
  "endless loop": async () => {
    begin();
    console.log("ready");
    await toldTo();
    console.log(`blocks ${now()}`);
    for (;;);
  },
  /** Has children, one of which has a child of its own, and one of which ends again and again. Ends when told. */
  family: async () => {
    const monitor = begin();
    const busy = newChild("for (;;);");
    const idle = newChild("setInterval(() => {}, 1000)");
    const parent = newChild("console.log(require('child_process').spawn('sleep', ['60']).pid)");
    const [pid] = await once(parent.stdout, "data");
    const grandchild = Number(pid);
    const brief: number[] = [];
    const timer = setInterval(() => brief.push(spawn("true").pid!), 20);
    tell({ busy: busy.pid, idle: idle.pid, parent: parent.pid, grandchild });
    await toldTo();
    clearInterval(timer);
    process.kill(grandchild, "SIGKILL");
    await monitor.stop();
    tell({ brief });
    process.exit();
  },
  /** Where two of the sources are missing. */
  "without sources": async () => {
    const broken = () => {
      throw new Error("not on this system");
    };
    process.getActiveResourcesInfo = broken;
    process.memoryUsage.rss = broken;
    const monitor = begin();
    await wait(500);
    await monitor.stop();
    process.exit();
  },
  /** Records; says, when told, that twenty more rounds have been read; then ends as `steady` does. */
  "steady for twenty rounds": async () => {
    const monitor = begin();
    const rounds = roundsOf(monitor, options.sampleIntervalMs!);
    console.log("ready");
    await toldTo();
    await rounds.more(20);
    console.log("twenty rounds");
    await toldTo();
    tell(await monitor.stop());
    process.exit();
  },
  /** Records until it is told to stop, and what became of it. */
  steady: async () => {
    const monitor = begin();
    console.log("ready");
    await toldTo();
    tell(await monitor.stop());
    process.exit();
  },
};

/** Takes some milliseconds, in calls of itself: V8 cannot do without any of them. */
function callOnPurpose(n: number): number {
  return n < 2 ? n : callOnPurpose(n - 1) + callOnPurpose(n - 2);
}

function blockOnPurpose(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

const isOver = (endMs: number) => performance.now() >= endMs && existsSync("over");

/** It seldom looks, so that it is this function that blocks, not the system. */
function blockUntilOver(endMs: number): void {
  for (let lookMs = performance.now() + 20; ; ) {
    if (performance.now() < lookMs) continue;
    if (isOver(endMs)) return;
    lookMs = performance.now() + 20;
  }
}

/** A child that is there before recording begins, and a loop that is busy for a part of the time until it is told. */
async function littering() {
  const child = newChild("setInterval(() => {}, 1000); console.log('up')");
  await once(child.stdout, "data");
  const monitor = begin();
  const beganMs = now();
  let isTold = false;
  void toldTo().then(() => {
    isTold = true;
  });
  while (!isTold) {
    litter(2e6);
    await wait(10);
  }
  return { monitor, beganMs };
}

if (isMainThread) await programs[what!]!();
else await programs[workerData as string]!();
