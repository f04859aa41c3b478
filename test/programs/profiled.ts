/** Has its monitor profile it: `profiled.js WAY`. Files go to `m` in the working directory. */

import { once } from "node:events";
import { type MonitorOptions, ProfilerError, start } from "seismo";
import { turnsUs, work } from "./profiler-work.js";

const heard: string[] = [];
process.on("warning", (warning) => heard.push((warning as Error & { code: string }).code));

const told = async () => void (await once(process.stdin, "data"));
const begin = (profiler: MonitorOptions["profiler"] = true) => start({ directory: "m", profiler });
const attempt = async (what: () => unknown) => {
  try {
    return await what();
  } catch (error) {
    return error instanceof ProfilerError ? { code: error.code, message: error.message } : String(error);
  }
};
const tell = (outcome: unknown) => console.log(JSON.stringify(outcome));

const ways: Record<string, () => Promise<void>> = {
  "stopped monitor": async () => {
    const monitor = begin();
    await work(10);
    await monitor.stop();
  },
  "normal end": async () => {
    begin();
    await work(10);
  },
  "process.exit": async () => {
    begin();
    await work(10);
    process.exit(0);
  },
  "uncaught error": async () => {
    begin();
    await work(10);
    throw new Error("not ours");
  },
  SIGTERM: async () => {
    begin();
    await work(10);
    tell("ready");
    setInterval(() => {}, 1_000);
  },
  "without a thread": async () => {
    start({ directory: "m", profiler: true, thread: false });
    await work(10);
    process.exit(0);
  },
  "while running": async () => {
    const monitor = begin(false);
    tell({
      "stop before start": await attempt(() => monitor.profiler.stop()),
      start: await attempt(() => monitor.profiler.start()),
      "start again": await attempt(() => monitor.profiler.start()),
      "profile meanwhile": await attempt(() => monitor.profile({ seconds: 1 })),
      stop: await attempt(() => monitor.profiler.stop()),
      profile: await attempt(() => monitor.profile({ seconds: 0.05 })),
    });
    await monitor.stop();
  },
  "on a signal": async () => {
    begin({ signal: "SIGUSR2" });
    process.on("SIGUSR2", () => tell("heard")); // after the monitor
    tell("ready");
    await told();
    process.exit(0);
  },
  rotating: async () => {
    const monitor = begin({ rotateAgeMs: 200 });
    await work(60);
    await monitor.stop();
    tell(turnsUs);
  },
  /** Begins and ends a profile while the disk is full; says what came of it; and again when told. */
  "full disk": async () => {
    const monitor = begin(false);
    tell("ready");
    await told();
    const [profile] = [await attempt(() => monitor.profile({ seconds: 0.05 }))];
    tell({ profile, heard });
    await told();
    tell({ profile: await attempt(() => monitor.profile({ seconds: 0.05 })) });
    const { writeErrors } = await monitor.stop();
    tell({ writeErrors });
    process.exit(0);
  },
  /** A profile at the start with an engine that cannot be had: recording must go on. */
  "engine missing": async () => {
    const monitor = begin({ engine: "v8-profiler-next" });
    monitor.durationRecorder("calls").stop(1, 0 as never);
    const jobs = monitor.valueRecorder("jobs");
    jobs.observe("depth", 4);
    const call = await attempt(() => monitor.profile({ seconds: 0.05 }));
    const { prefixes } = await monitor.stop();
    tell({ written: prefixes.jobs!.written, call, heard });
  },
  /** Ten processes profile at once, into one directory. */
  worker: async () => {
    const { Worker, isMainThread } = await import("node:worker_threads");
    begin();
    if (isMainThread) await once(new Worker(new URL(import.meta.url), { argv: ["worker in it"] }), "exit");
  },
  "worker in it": async () => {
    await begin().stop();
  },
};

await ways[process.argv[2]!]!();
