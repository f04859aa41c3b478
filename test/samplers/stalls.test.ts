/** Stalls while they last: what is on disk of them before they are over, if they ever are. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MonitorOptions } from "seismo";
import { describe, expect, test } from "vitest";
import type { Program } from "../lib/program.js";
import { filesIn, type Row, rowsIn } from "../lib/rows.js";
import { median, msOf, rowsSoFar, seriesIn, startRuntime, told, valuesIn } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

const OFF = { gc: false, memory: false, activity: false, eventLoop: false };
const options: MonitorOptions = {
  runtime: { ...OFF, process: true },
  sampleIntervalMs: 200,
  flushIntervalMs: 10,
  stalls: { thresholdMs: 100 },
};

const blockedIn = (cwd: string, fromMs: number) =>
  seriesIn(rowsSoFar(join(cwd, "m")), "event loop blocked").filter((row) => msOf(row) > fromMs);

/** Has the program block its loop, until it is told that this is over; returns since when. */
async function block(program: Program): Promise<number> {
  program.process.stdin!.write("block\n");
  return Number((await program.line(/^blocks /)).slice(7));
}

const endBlock = (cwd: string) => writeFileSync(join(cwd, "over"), "");

/** The thread that watches is up when it has taken samples: the second share is its own. */
async function watched(program: Program, cwd: string): Promise<void> {
  await program.line("ready");
  await until(() => valuesIn(rowsSoFar(join(cwd, "m")), "cpu share").length > 1);
}

const gapsMs = (rows: readonly Row[]) => rows.slice(1).map((row, i) => msOf(row) - msOf(rows[i]!));

function expectToGrow(blocked: readonly Row[], intervalMs: number): void {
  const values = blocked.map(({ measurement }) => measurement * 1e3);
  for (const [i, ms] of values.slice(1).entries()) expect(ms - values[i]!).toBeGreaterThanOrEqual(intervalMs);
  // All tell of one beginning, by two readings of one clock, one after the other: some may have been interrupted between.
  const beganMs = blocked.map((row, i) => msOf(row) - values[i]!);
  expect(median(beganMs) - Math.min(...beganMs)).toBeLessThan(20);
}

describe.each(["work", "execSync", "Atomics.wait"])("a loop blocked by %s", (how) => {
  test("is seen while it is blocked, once an interval, and for how long", async () => {
    const cwd = scratch();
    const program = startRuntime("block", options, { cwd, args: [how] });
    await watched(program, cwd);
    const fromMs = await block(program);
    await until(() => blockedIn(cwd, fromMs).length >= 5);
    const whileBlocked = blockedIn(cwd, fromMs);
    expect(filesIn(join(cwd, "m"), "runtime", ".csv")).toEqual([]);
    endBlock(cwd);

    const { stdout, stderr, code } = await program.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [{ beganMs, endedMs }] = told(stdout) as [{ beganMs: number; endedMs: number }];
    const rows = rowsIn(join(cwd, "m"), "runtime");
    const blocked = seriesIn(rows, "event loop blocked").filter((row) => msOf(row) > beganMs && msOf(row) < endedMs);
    expect(blocked.slice(0, whileBlocked.length).map(({ timepoint }) => timepoint)).toEqual(
      whileBlocked.map(({ timepoint }) => timepoint),
    );
    expect(blocked.length).toBeLessThanOrEqual((endedMs - beganMs) / 200 + 1);
    expectToGrow(blocked, 200);
    // It looks ten times a second, and knows of the time in between if the thread ran: half a second is known badly, and
    // by how much it was late itself, which shows in its other samples.
    const lateMs = Math.max(...gapsMs(seriesIn(rows, "cpu share"))) - 200;
    for (const row of blocked) {
      const trueMs = msOf(row) - beganMs;
      expect(Math.abs(row.measurement * 1e3 - trueMs)).toBeLessThan(500 + lateMs);
    }
    // the end of it is told by the loop itself
    const stall = Math.max(...valuesIn(rows, "event loop stall"));
    expect(stall * 1e3).toBeGreaterThanOrEqual(endedMs - beganMs - 0.1);
  });
});

test("an endless loop, killed, has left on disk how long it had been blocked", async () => {
  const cwd = scratch();
  const program = startRuntime("endless loop", options, { cwd });
  await watched(program, cwd);
  const fromMs = await block(program);
  await until(() => blockedIn(cwd, fromMs).length >= 4);
  program.process.kill("SIGKILL");
  await program.ended;
  const blocked = blockedIn(cwd, fromMs);
  expect(blocked.at(-1)!.measurement).toBeGreaterThan(0.6);
  expectToGrow(blocked, 200);
});

test.each(["idle", "turning"])("a loop that is %s is not taken for one that is blocked", async (way) => {
  // A machine that is not ours alone may stop a program for longer than 100 ms. Then it was blocked, which is no mistake.
  const thresholdMs = 500;
  const cwd = scratch();
  const settings = { ...options, stalls: { thresholdMs, stack: true } };
  const { stdout } = await startRuntime("quiet", settings, { cwd, args: ["5000", way] }).ended;
  const rows = rowsIn(join(cwd, "m"), "runtime");
  expect(valuesIn(rows, "cpu share").length).toBeGreaterThan(10); // so the thread that watches was there
  const [{ longestMs }] = told(stdout) as [{ longestMs: number }];
  if (longestMs < thresholdMs) {
    expect(valuesIn(rows, "event loop blocked")).toEqual([]);
    expect(valuesIn(rows, "event loop stall")).toEqual([]);
    expect(filesIn(join(cwd, "m"), "stall", ".txt")).toEqual([]);
  }
});

// V8 of Node 20 does not show its profiler a function that was optimized while it ran, and so before it was asked: of a
// loop that never leaves one function it names the caller.
const NAMES_LOOPS = Number(process.versions.node.split(".")[0]) >= 22;

const ways: [how: string, name: string][] = [["calls", "callOnPurpose"]];
if (NAMES_LOOPS) ways.push(["a loop", "blockUntilOver"]);

test.each(ways)("stack: true writes down what blocks by %s, once for each stall", async (how, name) => {
  const cwd = scratch();
  const settings = { ...options, stalls: { thresholdMs: 100, stack: true } };
  const program = startRuntime("block", settings, { cwd, args: [how] });
  await watched(program, cwd);
  const fromMs = await block(program);
  const ours = () =>
    filesIn(join(cwd, "m"), "stall", ".txt")
      .map((file) => readFileSync(join(cwd, "m", file), "utf8"))
      .filter((text) => new RegExp(` {4}at ${name} \\(file:.*runtime\\.js:\\d+:\\d+\\)\n`).test(text));
  await until(() => ours().length > 0);
  const before = blockedIn(cwd, fromMs).length;
  await until(() => blockedIn(cwd, fromMs).length > before + 3); // it might have been looked at again
  endBlock(cwd);
  const { stdout } = await program.ended;
  const [{ beganMs, endedMs }] = told(stdout) as [{ beganMs: number; endedMs: number }];
  expect(ours()).toHaveLength(1);
  const [, at] = /^At (\S+) the event loop of process/.exec(ours()[0]!)!;
  expect(Date.parse(at!)).toBeGreaterThan(beganMs - 1);
  expect(Date.parse(at!)).toBeLessThan(endedMs + 1);
  expect(filesIn(join(cwd, "m"), "", ".tmp")).toEqual([]);
});

test("stalls: false records neither what is blocked nor what was", async () => {
  const cwd = scratch();
  const settings = { ...options, runtime: true, stalls: false };
  const program = startRuntime("block", settings, { cwd });
  await watched(program, cwd);
  await block(program);
  const shares = () => valuesIn(rowsSoFar(join(cwd, "m")), "cpu share").length;
  const before = shares();
  await until(() => shares() > before + 5); // a second, in which a stall would have been seen
  endBlock(cwd);
  await program.ended;
  const labels = new Set(rowsIn(join(cwd, "m"), "runtime").map(({ label }) => label));
  expect([labels.has("event loop stall"), labels.has("event loop blocked")]).toEqual([false, false]);
  expect(labels.has("event loop delay max")).toBe(true);
});

test("thread: false records a stall when it is over", async () => {
  const cwd = scratch();
  const program = startRuntime("block", { ...options, thread: false }, { cwd, args: ["work", "500"] });
  endBlock(cwd);
  await program.line("ready");
  await block(program);
  const { stdout, stderr } = await program.ended;
  expect(stderr).toBe("");
  const [{ beganMs, endedMs }] = told(stdout) as [{ beganMs: number; endedMs: number }];
  const rows = rowsIn(join(cwd, "m"), "runtime");
  expect(Math.max(...valuesIn(rows, "event loop stall")) * 1e3).toBeGreaterThanOrEqual(endedMs - beganMs - 0.1);
  expect(valuesIn(rows, "event loop blocked")).toEqual([]);
});

test("stalls without samplers, and samplers that are off", async () => {
  const cwd = scratch();
  const program = startRuntime("block", { stalls: true, sampleIntervalMs: 100 }, { cwd });
  await program.line("ready");
  const fromMs = await block(program);
  await until(() => blockedIn(cwd, fromMs).length > 0);
  endBlock(cwd);
  await program.ended;
  const labels = new Set(rowsIn(join(cwd, "m"), "runtime").map(({ label }) => label));
  expect([...labels].sort()).toEqual(["event loop blocked", "event loop stall"]);
});
