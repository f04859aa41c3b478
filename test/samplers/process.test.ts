/** The process and its memory: what the kernel tells of it to somebody else is what was recorded. */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MonitorOptions } from "seismo";
import { beforeEach, describe, expect, test } from "vitest";
import { type Row, rowsIn } from "../lib/rows.js";
import { meanRate, median, msOf, rowsSoFar, seriesIn, startRuntime, told, valuesIn } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

const INTERVAL_MS = 50;
const TICK_S = 1 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** One look at a process from outside. */
interface Look {
  readonly ms: number;
  readonly endMs: number;
  readonly userS: number;
  readonly systemS: number;
  readonly rssBytes: number;
  readonly maxRssKb: number;
  readonly descriptors: number;
  readonly voluntary: number;
  readonly involuntary: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
}

function lookAt(pid: number): Look {
  const ms = Date.now();
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from the third on, by proc(5)
  const field = (n: number) => Number(fields[n - 3]);
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/status`, "utf8"),
  );
  const sumOf = (name: string) => threads.reduce((sum, text) => sum + numberOf(text, name), 0);
  return {
    ms,
    userS: field(14) * TICK_S,
    systemS: field(15) * TICK_S,
    minorFaults: field(10),
    majorFaults: field(12),
    rssBytes: numberOf(status, "VmRSS") * 1024,
    maxRssKb: numberOf(status, "VmHWM"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    voluntary: sumOf("voluntary_ctxt_switches"),
    involuntary: sumOf("nonvoluntary_ctxt_switches"),
    endMs: Date.now(),
  };
}

function numberOf(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)![1]);
}

const looks: Look[] = [];
let rows: readonly Row[] | undefined;
let memory: Record<string, number>;
/** While the program did nothing, with all it would ever open and hold. */
let idle: { readonly fromMs: number; readonly toMs: number };
let busy: { readonly fromMs: number; readonly toMs: number };

/** One run is for all tests. */
beforeEach(async () => {
  if (rows) return;
  const cwd = scratch();
  const options: MonitorOptions = {
    runtime: { memory: { spaces: true } },
    sampleIntervalMs: INTERVAL_MS,
    flushIntervalMs: 10,
    stalls: false,
  };
  const program = startRuntime("process", options, { cwd });
  await program.line("idle");
  await until(() => valuesIn(rowsSoFar(join(cwd, "m")), "cpu share").length > 5);
  const looking = setInterval(() => looks.push(lookAt(program.pid)), 25);
  const tell = () => void program.process.stdin!.write("go on\n");
  const busyFromMs = Date.now();
  tell();
  await program.line("idle again");
  busy = { fromMs: busyFromMs, toMs: Date.now() };
  const before = looks.length;
  await until(() => looks.length > before + 40);
  clearInterval(looking);
  idle = { fromMs: busy.toMs + 100, toMs: Date.now() };
  tell();
  const { code, stderr, stdout } = await program.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  rows = rowsIn(join(cwd, "m"), "runtime");
  [memory] = told(stdout) as [Record<string, number>];
});

/**
 * Samples of a series that were taken between two looks, with those looks; none that came close to either. A reading is
 * some microseconds older than its timepoint: hence the margin; or much more if it was interrupted. But it is not as old as
 * the sample before: there is also the last look before that.
 */
function between(label: string): { value: number; before: Look; wellBefore: Look; after: Look }[] {
  const series = seriesIn(rows!, label);
  return series.flatMap((row, i) => {
    const ms = msOf(row);
    const lastBefore = (limitMs: number) => looks.findLast((look) => look.endMs < limitMs);
    const before = lastBefore(ms - 20);
    const wellBefore = i > 0 ? lastBefore(Math.min(ms - 20, msOf(series[i - 1]!) - 2)) : undefined;
    const after = looks.find((look) => look.ms > ms + 2);
    return before && wellBefore && after ? [{ value: row.measurement, before, wellBefore, after }] : [];
  });
}

describe("counters lie between what /proc told before and after", () => {
  test.each([
    ["user time", "userS", TICK_S], // the kernel tells of whole ticks
    ["system time", "systemS", TICK_S],
    ["max rss", "maxRssKb", 2_048], // each thread's last pages are counted late: 64 of them, 4 kB each
    ["minor page faults", "minorFaults", 0],
    ["major page faults", "majorFaults", 0],
    ["voluntary context switches", "voluntary", 0],
    ["involuntary context switches", "involuntary", 0],
  ] as const)("%s", (label, name, slack) => {
    const samples = between(label);
    expect(samples.length).toBeGreaterThan(10);
    // Of switches /proc tells by thread, and no longer of those that have ended: of some that Node has for its start.
    const ofEnded = /voluntary$/.test(name) ? Math.max(0, samples[0]!.value - samples[0]!.wellBefore[name]) : 0;
    expect(ofEnded).toBeLessThan(500);
    for (const { value, wellBefore, after } of samples) {
      expect(value).toBeGreaterThanOrEqual(wellBefore[name] - slack - 1e-9);
      expect(value).toBeLessThanOrEqual(after[name] + slack + ofEnded + 1e-9);
    }
    const interrupted = samples.filter(({ value, before }) => value < before[name] - slack - 1e-9);
    expect(interrupted.length).toBeLessThan(0.25 * samples.length);
  });
});

test("user time and switches are not 0, and grow", () => {
  for (const label of ["user time", "voluntary context switches", "minor page faults", "system time"]) {
    const values = valuesIn(rows!, label);
    expect(values.at(-1)!).toBeGreaterThan(values[0]!);
  }
});

test("rss is what /proc says while the process rests", () => {
  const atRest = between("rss").filter(({ before, after }) => before.ms > idle.fromMs && after.ms < idle.toMs);
  expect(atRest.length).toBeGreaterThan(5);
  for (const { value, before, after } of atRest) {
    expect(value).toBeGreaterThan(0.97 * Math.min(before.rssBytes, after.rssBytes)); // counted in batches, by thread
    expect(value).toBeLessThan(1.03 * Math.max(before.rssBytes, after.rssBytes));
  }
});

test("open descriptors are those in /proc/PID/fd, without the one it takes to count them", () => {
  const atRest = between("open descriptors").filter(
    ({ before, after }) => before.ms > idle.fromMs && after.ms < idle.toMs,
  );
  expect(atRest.length).toBeGreaterThan(5);
  const seen = median(looks.filter(({ ms }) => ms > idle.fromMs).map(({ descriptors }) => descriptors));
  expect(median(atRest.map(({ value }) => value))).toBe(seen);
  const first = valuesIn(rows!, "open descriptors")[0]!;
  expect(seen - first).toBeGreaterThanOrEqual(50);
});

test("cpu share is the kernel's CPU time per time: of the busy process what it got, and next to nothing at rest", () => {
  const cpuS = (look: Look) => look.userS + look.systemS;
  const shares = (fromMs: number, toMs: number) =>
    seriesIn(rows!, "cpu share").filter((row) => msOf(row) > fromMs + INTERVAL_MS && msOf(row) < toMs);
  const whileBusy = looks.filter(({ ms }) => ms > busy.fromMs && ms < busy.toMs);
  const [first, last] = [whileBusy[0]!, whileBusy.at(-1)!];
  const seen = (cpuS(last) - cpuS(first)) / ((last.ms - first.ms) / 1e3);
  const recorded = shares(first.ms, last.ms);
  expect(recorded.length).toBeGreaterThan(5);
  const mean = meanRate(recorded);
  // those at the two ends lie partly outside
  expect(Math.abs(mean - seen)).toBeLessThan(0.25 * seen);
  const rest = median(shares(idle.fromMs, idle.toMs).map(({ measurement }) => measurement));
  expect(rest).toBeLessThan(0.3 * mean);
  // each is the difference of two readings of the counters beside it
  const total = new Map(seriesIn(rows!, "user time").map(({ timepoint, measurement }) => [timepoint, measurement]));
  for (const { timepoint, measurement } of seriesIn(rows!, "system time")) {
    total.set(timepoint, total.get(timepoint)! + measurement);
  }
  const ofWatch = seriesIn(rows!, "cpu share").slice(1, -1);
  const off = ofWatch.slice(1).flatMap((row, i) => {
    const { timepoint, measurement } = row;
    const before = ofWatch[i]!.timepoint;
    const spanS = Number(timepoint - before) / 1e9;
    const isBusy = msOf(row) > busy.fromMs && msOf(row) < busy.toMs;
    return isBusy ? [Math.abs(measurement - (total.get(timepoint)! - total.get(before)!) / spanS)] : [];
  });
  expect(median(off)).toBeLessThan(0.02);
});

test("memory is what process.memoryUsage() told the program, at its end", () => {
  const last = (label: string) => valuesIn(rows!, label).at(-1)!;
  expect(Math.abs(last("heap used") - memory.heapUsed!)).toBeLessThan(2e6); // what the end itself allocates
  expect(Math.abs(last("heap total") - memory.heapTotal!)).toBeLessThan(4e6);
  expect(Math.abs(last("external memory") - memory.external!)).toBeLessThan(2e6);
  expect(Math.abs(last("array buffers") - memory.arrayBuffers!)).toBeLessThan(2e6);
});

test("array buffers and external memory grow by a buffer of 50 MiB", () => {
  for (const label of ["array buffers", "external memory"]) {
    const values = valuesIn(rows!, label);
    expect(Math.abs(values.at(-1)! - values[0]! - 50 * 2 ** 20)).toBeLessThan(2e6);
  }
});

test("the heap's spaces add up to what is used of it", () => {
  const spaces = new Map<bigint, number>();
  for (const { label, timepoint, measurement } of rows!) {
    if (label.startsWith("heap space ")) spaces.set(timepoint, (spaces.get(timepoint) ?? 0) + measurement);
  }
  const used = seriesIn(rows!, "heap used");
  expect(used.length).toBeGreaterThan(20);
  // read one after the other, and each reading allocates
  for (const { timepoint, measurement } of used) {
    expect(Math.abs(spaces.get(timepoint)! - measurement)).toBeLessThan(0.05 * measurement);
  }
});

test("a main thread that is blocked does not stop samples of the process", async () => {
  const cwd = scratch();
  const options = { runtime: true, sampleIntervalMs: 100, flushIntervalMs: 10, stalls: false };
  const program = startRuntime("block", options, { cwd });
  await program.line("ready");
  const shares = () => valuesIn(rowsSoFar(join(cwd, "m")), "cpu share").length;
  await until(() => shares() > 3); // by then the thread is up
  program.process.stdin!.write("block\n");
  await program.line(/^blocks /);
  const before = shares();
  const cpuS = () => lookAt(program.pid).userS;
  const cpuBeforeS = cpuS();
  await until(() => shares() > before + 15 && cpuS() > cpuBeforeS + 0.4); // blocked by work
  writeFileSync(join(cwd, "over"), "");
  const { stdout } = await program.ended;
  const [{ beganMs, endedMs }] = told(stdout) as [{ beganMs: number; endedMs: number }];
  const inside = (label: string) =>
    seriesIn(rowsIn(join(cwd, "m"), "runtime"), label).filter(
      (row) => msOf(row) > beganMs + 100 && msOf(row) < endedMs - 100,
    );
  expect(inside("heap used")).toEqual([]); // so it was blocked
  for (const label of ["rss", "cpu share", "user time", "open descriptors"]) {
    expect(inside(label).length).toBeGreaterThan(10);
    expect(inside(label).length).toBeLessThan((endedMs - beganMs) / 100 + 1);
  }
  const userS = valuesIn(inside("user time"), "user time");
  expect(userS.at(-1)! - userS[0]!).toBeGreaterThan(0.2);
});
