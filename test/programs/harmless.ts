/** Programs that make it hard for what watches them to do no harm: `harmless.js WHAT`. */

import { AsyncLocalStorage } from "node:async_hooks";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { start } from "seismo";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const tell = (outcome: unknown) => console.log(JSON.stringify(outcome));

/** How long this thread was ready to run and had no processor, as the kernel counts. */
const waitedMs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

const programs: Record<string, () => Promise<void>> = {
  /** Fails when there is nobody to count it any more. */
  "a sampler that rejects after stop()": async () => {
    const monitor = start({ directory: "m" });
    let fail!: (reason: Error) => void;
    const answer = new Promise<void>((_, reject) => {
      fail = reject;
    });
    monitor.sample("late", { prefix: "gauge" }, () => answer);
    await monitor.stop();
    fail(new Error("too late"));
    await wait(20);
    tell("alive");
  },
  "samplers that throw what cannot be shown": async () => {
    const unshowable = Object.create(null);
    const hostile = Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("no message");
      },
    });
    const monitor = start({ directory: "m" });
    for (const [name, reason] of Object.entries({ unshowable, hostile })) {
      monitor.sample(`throws ${name}`, {}, () => {
        throw reason;
      });
      monitor.sample(`rejects ${name}`, {}, () => Promise.reject(reason));
    }
    await wait(20);
    await monitor.stop();
    tell("alive");
  },
  "a directory that cannot be written, a profile, and seldom a flush": async () => {
    const monitor = start({ directory: "m", profiler: true, flushIntervalMs: 3_600_000 });
    renameSync("m", "gone");
    writeFileSync("m", "");
    const before = performance.now();
    await monitor.stop();
    tell({ ms: performance.now() - before });
  },
  "the same without a thread": async () => {
    const monitor = start({ directory: "m", profiler: true, thread: false });
    renameSync("m", "gone");
    writeFileSync("m", "");
    await monitor.profiler.stop().catch(({ code }) => tell({ code }));
    await monitor.stop();
    tell("alive");
  },
  "an end in the middle of a stall that is looked at": async () => {
    await start({ directory: "m", stalls: { thresholdMs: 20, stack: true } }).flush(); // the flusher's thread is up
    await wait(100); // and watches
    tell("blocks");
    spin(Number(process.argv[3]));
    process.exit(3);
  },
  "samplers of two requests": async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const requests = new AsyncLocalStorage<{ name: string }>();
    const monitor = start({ directory: "m" });
    const seen = new Set<string>();
    const collected: string[] = [];
    const registry = new FinalizationRegistry<string>((name) => collected.push(name));
    const addIn = (name: string) => {
      const store = { name };
      registry.register(store, name);
      return requests.run(store, () =>
        monitor.sample(name, { intervalMs: 10 }, () => {
          seen.add(`${name} in ${requests.getStore()?.name}`);
        }),
      );
    };
    const first = addIn("request 1");
    addIn("request 2");
    await wait(100);
    first.stop();
    for (let i = 0; i < 50 && collected.length === 0; i++) {
      await wait(10);
      gc();
    }
    tell({ seen: [...seen].sort(), collected });
    await monitor.stop();
  },
  "an idle time with a profile": async () => {
    const monitor = start({ directory: "m", runtime: true, sampleIntervalMs: 300, stalls: { thresholdMs: 200 } });
    const before = waitedMs();
    await monitor.profile({ seconds: 2 });
    await wait(1_000);
    tell({ waitedMs: waitedMs() - before });
    await monitor.stop();
  },
  "children that come and go": async () => {
    const monitor = start({ directory: "m", sampleIntervalMs: 20, runtime: { processTree: true } });
    await monitor.flush(); // whoever looks at them is up
    for (let round = 0; round < 10; round++) {
      const children = Array.from({ length: 6 }, () => spawn("sleep", ["0.05"]));
      await Promise.all(children.map((child) => once(child, "exit")));
    }
    const open = readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // the folder's own
      }
    });
    tell(open.filter((path) => path.endsWith("/stat")));
    await monitor.stop();
  },
  "a sampler that never answers": async () => {
    const heard: string[] = [];
    process.on("warning", ({ message }) => heard.push(message));
    const monitor = start({ directory: "m" });
    monitor.sample("silent", { intervalMs: 10 }, () => new Promise(() => {}));
    while (heard.length === 0) await wait(10);
    tell(heard);
    await monitor.stop();
  },
};

await programs[process.argv[2]!]!();
