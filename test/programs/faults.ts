/** Programs that something goes wrong for: `faults.js WHAT`. They record to `m` in the working directory. */

import { once } from "node:events";
import { type DurationToken, observe, series, start, stopDurationSample } from "seismo";

const call = series("call");
const record = (n: number) => {
  for (let i = 0; i < n; i++) call.stop(call.start());
};
const heard: string[] = [];
process.on("warning", (warning) => heard.push((warning as Error & { code: string }).code));

/** Resolves when the test writes a line to our stdin. */
const told = async () => void (await once(process.stdin, "data"));

const programs: Record<string, () => Promise<void> | void> = {
  /** Writing fails until the test mends it. */
  "cannot write": async () => {
    const monitor = start({ directory: "m", flushIntervalMs: 10, capacity: 1000, rotateAgeMs: 3_600_000 });
    record(10);
    await monitor.flush();
    console.log("ready");
    await told();
    record(20_000);
    while (monitor.stats().writeErrors < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log("failing");
    await told();
    record(5);
    console.log(JSON.stringify({ stats: await monitor.stop(), heard }));
    process.exit();
  },
  /** Writing fails until the end; memory is small. */
  "can never write": async () => {
    const monitor = start({ directory: "m", flushIntervalMs: 10, capacity: 100, maxBytes: 4000 });
    console.log("ready");
    await told();
    record(5_000);
    while (monitor.stats().writeErrors < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log(JSON.stringify({ stats: await monitor.stop(), heard }));
    process.exit();
  },
  /** The same, but the process ends without stopping the monitor. */
  "can never write, and exits": async () => {
    start({ directory: "m", flushIntervalMs: 10 });
    console.log("ready");
    await told();
    record(5_000);
    process.exit(3);
  },
  "idle, then killed": () => {
    start({ directory: "m" });
    record(12_345);
    setInterval(() => {}, 1000);
  },
  "blocked, then killed": () => {
    start({ directory: "m" });
    record(12_345);
    for (;;);
  },
  "out of memory": () => {
    start({ directory: "m" });
    record(12_345);
    const hoard: unknown[] = [];
    process.stdin.once("data", () => {
      for (;;) hoard.push(new Array(1000).fill(0.5));
    });
  },
  /** Records in bursts, and stops; for settings in which there can be no thread. Memory holds all, until that is noticed. */
  steady: async () => {
    const monitor = start({ directory: "m", flushIntervalMs: 10, capacity: 2000 });
    for (let i = 0; i < 20; i++) {
      record(5_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log(JSON.stringify({ stats: await monitor.stop(), heard }));
  },
  /** Records until it hears that the flusher's thread has died, and some more. */
  "until the thread dies": async () => {
    const monitor = start({ directory: "m", flushIntervalMs: 10, capacity: 1000 });
    let recorded = 0;
    while (!heard.includes("ERR_SEISMO_THREAD")) {
      record(500);
      recorded += 500;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    record(5000);
    console.log(JSON.stringify({ stats: await monitor.stop(), recorded: recorded + 5000 }));
  },
  "no thread, little memory, and exits": () => {
    start({ directory: "m", thread: false, capacity: 1000, maxBytes: 1 });
    record(100_000);
    process.exit(3);
  },
  /** Asks for everything that must be harmless, at all the wrong times. */
  "wrong order": async () => {
    const { start, stop, timeIt, startDurationSample, observeMany } = await import("seismo");
    const work = timeIt("work")(() => 1);
    const early = startDurationSample();
    const block = timeIt.block("early block");
    work();
    observe("v", 1);
    console.log("stopped before start:", await stop());
    const monitor = start({ directory: "m" });
    stopDurationSample("early", early);
    block.stop();
    work();
    console.log("same monitor:", start() === monitor, start({ directory: "elsewhere" }) === monitor);
    const late = startDurationSample();
    const [first, second] = [monitor.stop(), monitor.stop()];
    console.log("same end:", first === second, (await first) === (await stop()));
    stopDurationSample("late", late);
    work();
    observeMany([["v", 1]]);
    try {
      monitor.durationRecorder("other");
    } catch (error) {
      console.log((error as Error & { code: string }).code);
    }
    await monitor.flush();
    const again = start({ directory: "m" });
    work();
    work();
    stopDurationSample("from another run", late as DurationToken);
    console.log(
      JSON.stringify({ first: (await first).prefixes.duration, second: (await again.stop()).prefixes.duration, heard }),
    );
  },
};

await programs[process.argv[2]!]!();
