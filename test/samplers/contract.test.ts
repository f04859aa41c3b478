/** One contract, kept by every sampler: what it writes, when, and that the program it watches is left alone. */

import { join } from "node:path";
import { BUILT_IN_SERIES, OptionError, type RuntimeOptions, start, stop } from "seismo";
import { afterEach, describe, expect, test } from "vitest";
import { type Row, rowsIn } from "../lib/rows.js";
import { labelInTable, msOf, rowsSoFar, startRuntime, told } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

afterEach(() => stop());

const OFF = { gc: false, process: false, memory: false, eventLoop: false, activity: false, processTree: false };
const HOUR = 3_600_000;

type Name = keyof RuntimeOptions;

/** A series that each sampler writes whenever it reads. */
const always: Record<Name, string> = {
  gc: "gc collections",
  process: "rss",
  memory: "heap used",
  eventLoop: "event loop utilization",
  activity: "worker threads",
  processTree: "process tree rss",
};

const names = Object.keys(always) as Name[];
/** What it reads is of the time since the reading before, of which there is none at the start. */
const readsIntervals: Name[] = ["eventLoop"];
/** That sampler, and one that shows that recording has begun. */
const alone = (name: Name): RuntimeOptions => ({
  [name]: true,
  ...(readsIntervals.includes(name) && { memory: true }),
});

/** Long enough after the first reading to be told from it. */
function aSecondOn(): (rows: readonly Row[]) => boolean {
  let sinceMs: number | undefined;
  return (rows) => {
    if (rows.length > 0) sinceMs ??= Date.now();
    return sinceMs !== undefined && Date.now() > sinceMs + 1_000;
  };
}

/** Runs a program until enough of what it has recorded is on disk. */
async function record(
  runtime: RuntimeOptions,
  sampleIntervalMs: number,
  isEnough: (rows: readonly Row[]) => boolean,
  what = "until told",
) {
  const cwd = scratch();
  const options = { runtime: { ...OFF, ...runtime }, sampleIntervalMs, flushIntervalMs: 10, stalls: false };
  const program = startRuntime(what, options, { cwd });
  await until(() => isEnough(rowsSoFar(join(cwd, "m"))));
  program.process.stdin!.write("stop\n");
  const ended = await program.ended;
  const [{ beganMs, endedMs }] = told(ended.stdout) as [{ beganMs: number; endedMs: number }];
  return { ...ended, beganMs, endedMs, rows: rowsIn(join(cwd, "m"), "runtime") };
}

/** When a sampler has read: readings of one call share a timepoint. */
function timesOf(rows: readonly Row[], name: Name): number[] {
  const times = rows.filter(({ label }) => label === always[name]).map(msOf);
  return [...new Set(times)].sort((a, b) => a - b);
}

const samplers = new Map(BUILT_IN_SERIES.map((series) => [series.label, series.sampler]));
const samplersOf = (rows: readonly Row[]) => [
  ...new Set(rows.map(({ label }) => samplers.get(labelInTable(label)) ?? label)),
];

describe.each(names)("%s", (name) => {
  test("alone writes its own series only, on its own interval", async () => {
    const enough = (rows: readonly Row[]) => timesOf(rows, name).length >= 8;
    const { rows, code, stderr, beganMs, endedMs } = await record({ [name]: { intervalMs: 110 } }, HOUR, enough);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(samplersOf(rows)).toEqual([name]);
    // never more often than that, but for the start and the end, in two threads
    expect(timesOf(rows, name).length).toBeLessThanOrEqual((endedMs - beganMs) / 110 + 4);
  });

  test("reads at its start, then on the interval of all, and once more at stop()", async () => {
    const { rows, endedMs } = await record(alone(name), HOUR, aSecondOn());
    const times = timesOf(rows, name);
    expect(times.length).toBeLessThanOrEqual(3); // the process is read by two threads at the start
    expect(times.length).toBeGreaterThanOrEqual(readsIntervals.includes(name) ? 1 : 2);
    expect(times.at(-1)!).toBeGreaterThanOrEqual(endedMs - 2); // two clocks, of which one counts milliseconds
  });

  test("reads once more at process.exit()", async () => {
    const { rows, endedMs } = await record(alone(name), HOUR, aSecondOn(), "until told, then process.exit()");
    expect(timesOf(rows, name).at(-1)!).toBeGreaterThanOrEqual(endedMs - 2);
  });

  test("is off when it is false", async () => {
    const others = names.filter((each) => each !== name);
    const all = Object.fromEntries(names.map((each) => [each, each !== name]));
    const enough = (rows: readonly Row[]) => others.every((each) => timesOf(rows, each).length > 1);
    const { rows } = await record(all, 100, enough);
    expect(samplersOf(rows).sort()).toEqual(others.sort());
  });

  test.each([
    [
      { [name]: { interval: 5 } },
      new RegExp(`^an option of runtime\\.${name} must be one of intervalMs.*got 'interval'`),
    ],
    [{ [name]: { intervalms: 5 } }, `an option of runtime.${name} must be spelt "intervalMs", got 'intervalms'`],
    [{ [name]: { intervalMs: 9 } }, `runtime.${name}.intervalMs must be an integer from 10 to 3600000, got 9`],
    [{ [name]: 5 }, `runtime.${name} must be true, false or an object of options, got 5`],
    [{ [name]: null }, `runtime.${name} must be true, false or an object of options, got null`],
  ])("%o is refused by name", (runtime, message) => {
    const directory = join(scratch(), "m");
    expect(() => start({ directory, runtime } as never)).toThrow(message);
    expect(() => start({ directory, runtime } as never)).toThrow(OptionError);
  });

  test("alone keeps no process alive, and leaves its exit code alone", async () => {
    const runtime = { ...OFF, [name]: true };
    await expectToEndByItself({ runtime, stalls: false });
  });
});

test.each([
  [{ runtime: { disk: true } }, /^an option of runtime must be one of gc, .*, got 'disk'$/],
  [{ runtime: { eventloop: true } }, `an option of runtime must be spelt "eventLoop", got 'eventloop'`],
  [{ runtime: "all" }, "runtime must be true, false or an object of options, got 'all'"],
  [{ runtime: { memory: { spaces: 1 } } }, "runtime.memory.spaces must be true or false, got 1"],
  [{ runtime: { processTree: { pids: 1 } } }, "runtime.processTree.pids must be an array of PIDs, got 1"],
  [{ runtime: { processTree: { pids: [0] } } }, "runtime.processTree.pids[…] must be an integer from 1 to"],
  [{ runtime: { gc: { spaces: true } } }, "an option of runtime.gc must be one of intervalMs, got 'spaces'"],
  [{ stalls: { threshold: 5 } }, "an option of stalls must be one of thresholdMs, stack, got 'threshold'"],
  [{ stalls: { thresholdMs: 9 } }, "stalls.thresholdMs must be an integer from 10 to 3600000, got 9"],
  [{ stalls: { stack: "yes" } }, "stalls.stack must be true or false, got 'yes'"],
  [{ stalls: 100 }, "stalls must be true, false or an object of options, got 100"],
  [{ sampleIntervalMs: 0 }, "sampleIntervalMs must be an integer from 10 to 3600000, got 0"],
])("%o is refused by name", (options, message) => {
  const directory = join(scratch(), "m");
  expect(() => start({ directory, ...options } as never)).toThrow(message);
  expect(() => start({ directory, ...options } as never)).toThrow(OptionError);
});

describe("all samplers at once", () => {
  test("keep no process alive", () => expectToEndByItself({ runtime: { processTree: true }, stalls: { stack: true } }));

  test("without a thread keep no process alive", () =>
    expectToEndByItself({ runtime: { processTree: true }, thread: false }));
});

/** It ends when it has nothing more to do: long before the interval, by the code that it has set. */
async function expectToEndByItself(options: object): Promise<void> {
  const program = startRuntime("nothing", { ...options, sampleIntervalMs: 50 }, { cwd: scratch() });
  const { code, stderr, signal } = await program.ended;
  expect({ code, stderr, signal }).toEqual({ code: 7, stderr: "", signal: null });
}
