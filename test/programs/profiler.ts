/**
 * Profiles itself: `profiler.js WAY [ENGINE]`. Profiles are written to the working directory, as 1.cpuprofile and so
 * on. What became of it is printed as one line of JSON.
 */

import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { CpuProfiler, type CpuProfilerOptions, ProfilerError } from "seismo";
import { turnsUs, work } from "./profiler-work.js";

const [way, engine] = process.argv.slice(2) as [string, CpuProfilerOptions["engine"]];

let written = 0;
const failures: unknown[] = [];
const make = (options?: CpuProfilerOptions) => {
  const save = async (json: string) => {
    const path = `${++written}.cpuprofile`;
    writeFileSync(path, json);
    return path;
  };
  return new CpuProfiler(save, { engine, onError: (error) => failures.push(told(error)), ...options });
};
const told = (error: unknown) => {
  const { message, code, cause } = error as ProfilerError;
  return { typed: error instanceof ProfilerError, code, message, cause: (cause as Error | undefined)?.message };
};
const attempt = async (what: () => unknown) => {
  try {
    return await what();
  } catch (error) {
    return told(error);
  }
};
const tell = (outcome: object) => console.log(JSON.stringify(outcome));

const ways: Record<string, () => Promise<void>> = {
  "one profile": async () => {
    const profiler = make();
    profiler.start();
    await work(250);
    const paths = await profiler.stop();
    tell({ paths, engine: profiler.engine, turnsUs });
  },
  rotating: async () => {
    const profiler = make({ rotateAgeMs: 800 });
    profiler.start();
    await work(250);
    tell({ paths: await profiler.stop(), failures, turnsUs });
  },
  "one after the other": async () => {
    const profiler = make();
    for (let i = 0; i < 3; i++) {
      profiler.start();
      await work(1);
      await profiler.stop();
    }
    const { profiles } = createRequire(import.meta.url)("v8-profiler-next");
    tell({ written, kept: Object.keys(profiles) });
  },
  "nothing else keeps the process alive": async () => {
    tell({ paths: await make().profile({ seconds: 0.3 }) });
  },
  "left running": async () => {
    make().start();
  },
  "exit while running": async () => {
    const profiler = make();
    process.on("exit", () => {
      profiler.stopNow();
      tell({ written, running: profiler.running, turnsUs });
      profiler.stopNow(); // there is none by now
    });
    profiler.start();
    await work(200);
    process.exit(3);
  },
  "a start that fails": async () => {
    const profiler = make();
    const outcome = await attempt(() => profiler.start());
    tell({ outcome, running: profiler.running, again: await attempt(() => profiler.profile({ seconds: 1 })) });
  },
  "a stop that fails": async () => {
    const profiler = make();
    profiler.start();
    tell({ outcome: await attempt(() => profiler.stop()), running: profiler.running });
  },
  "rotations that fail": async () => {
    const profiler = make({ rotateAgeMs: 100 });
    profiler.start();
    while (written < 3) await pause(10); // the stand-in's 2nd and 3rd do not begin; its 4th does
    tell({ failures, running: profiler.running, files: (await profiler.stop()).length });
  },
  "objects are logged": async () => {
    setFlagsFromString("--expose-gc");
    const profiler = make();
    profiler.start();
    const logged = logObjects();
    await profiler.stop();
    await pause(10);
    runInNewContext("gc")();
    tell({ alive: logged.filter((each) => each.deref()).length });
  },
  "others profile as well": async () => {
    const theirs = new Session();
    theirs.connect();
    await theirs.post("Profiler.enable");
    await theirs.post("Profiler.start");
    const [first, second] = [make(), make({ samplingIntervalUs: 500 })];
    first.start();
    second.start();
    await work(250);
    const paths = [...(await first.stop()), ...(await second.stop())];
    const { profile } = await theirs.post("Profiler.stop");
    writeFileSync("theirs.cpuprofile", JSON.stringify(profile));
    tell({ paths, turnsUs });
  },
  "the program uses v8-profiler-next": async () => {
    const theirs = createRequire(import.meta.url)("v8-profiler-next");
    const profiler = make();
    theirs.startProfiling("theirs", true);
    const meanwhile = await attempt(() => profiler.start());
    theirs.stopProfiling("theirs");
    profiler.start();
    theirs.startProfiling("theirs", true);
    await work(10);
    const paths = await profiler.stop();
    tell({ meanwhile, paths, theirs: Object.keys(theirs.stopProfiling("theirs")) });
  },
  "in a worker": async () => {
    const worker = new Worker(new URL(import.meta.url), { argv: ["as a worker", engine!] });
    worker.on("message", (outcome) => {
      tell(outcome);
      void worker.terminate(); // while it is being profiled
    });
    worker.on("exit", () => process.exit(3));
  },
  "as a worker": async () => {
    const { parentPort } = await import("node:worker_threads");
    const profiler = make();
    const outcome = (await attempt(() => profiler.start())) ?? "started";
    await work(5);
    parentPort!.postMessage({ outcome, engine: profiler.engine });
    await pause(10_000);
  },
};

function logObjects(): WeakRef<object>[] {
  return Array.from({ length: 100 }, (_, i) => {
    const object = { i };
    console.debug("%o", object);
    return new WeakRef(object);
  });
}

await ways[way]!();
