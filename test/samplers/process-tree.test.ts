/** The process tree: other processes under their own PIDs, as the kernel tells of them. */

import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Row, rowsIn } from "../lib/rows.js";
import { meanRate, median, msOf, rowsSoFar, startRuntime, told, valuesIn } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

const OFF = { gc: false, process: false, memory: false, eventLoop: false, activity: false };
const TICK_S = 1 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const PAGE_BYTES = Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" }));

function lookAt(pid: number) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    ms: Date.now(),
    cpuS: (Number(fields[11]) + Number(fields[12])) * TICK_S,
    rssBytes: Number(fields[21]) * PAGE_BYTES,
  };
}

const settings = (processTree: object | boolean) => ({
  runtime: { ...OFF, processTree },
  sampleIntervalMs: 100,
  flushIntervalMs: 10,
  stalls: false,
});

const pidsOf = (rows: readonly Row[]) => [...new Set(rows.map(({ pid }) => pid))].sort((a, b) => a - b);
const rssesOf = (rows: readonly Row[], pid: number) =>
  valuesIn(
    rows.filter((row) => row.pid === pid),
    "process tree rss",
  );

test("children and theirs appear under their own PIDs, with the CPU time and memory the kernel tells of", async () => {
  const cwd = scratch();
  const program = startRuntime("family", settings(true), { cwd });
  const pids = JSON.parse(await program.line(/^\{/)) as Record<"busy" | "idle" | "parent" | "grandchild", number>;
  const { busy, idle, grandchild } = pids;
  const soFar = () => rowsSoFar(join(cwd, "m"));
  await until(() => [busy, idle, grandchild].every((pid) => rssesOf(soFar(), pid).length > 2));
  const before = lookAt(busy);
  const known = rssesOf(soFar(), busy).length;
  await until(() => rssesOf(soFar(), busy).length > known + 15);
  const after = lookAt(busy);
  const idleAtEnd = lookAt(idle);
  program.process.stdin!.write("go\n");
  const { code, stderr, stdout } = await program.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });

  const rows = rowsIn(join(cwd, "m"), "runtime");
  // children that lived for some milliseconds were met by chance
  const [, { brief }] = told<{ brief: number[] }>(stdout) as [unknown, { brief: number[] }];
  const lasting = pidsOf(rows).filter((pid) => !brief.includes(pid));
  expect(lasting).toEqual(Object.values(pids).sort((a, b) => a - b));
  expect([...new Set(rows.map(({ label }) => label))].sort()).toEqual(["process tree cpu share", "process tree rss"]);

  const shares = (pid: number) => rows.filter((row) => row.pid === pid && row.label === "process tree cpu share");
  const inside = shares(busy).filter((row) => msOf(row) > before.ms + 100 && msOf(row) < after.ms);
  expect(inside.length).toBeGreaterThan(8);
  const seen = (after.cpuS - before.cpuS) / ((after.ms - before.ms) / 1e3);
  const mean = meanRate(inside);
  // of so many intervals of some 100 ms each is known to a tick at both ends
  expect(Math.abs(mean - seen)).toBeLessThan(0.25 * seen + 0.05);
  expect(median(shares(idle).map(({ measurement }) => measurement))).toBeLessThan(0.3 * mean);
  expect(Math.abs(median(rssesOf(rows, busy)) - after.rssBytes)).toBeLessThan(0.1 * after.rssBytes);
  expect(Math.abs(rssesOf(rows, idle).at(-1)! - idleAtEnd.rssBytes)).toBeLessThan(0.05 * idleAtEnd.rssBytes);
});

test("of a list of PIDs those that live are looked at, and none else; those that end or never were are no error", async () => {
  const cwd = scratch();
  const stranger = spawn("sleep", ["60"]);
  onTestFinished(() => void stranger.kill());
  const ending = spawn("sleep", ["60"]);
  const nobody = 2 ** 31 - 1; // above what Linux gives
  const pids = [stranger.pid!, ending.pid!, nobody];
  const program = startRuntime("family", settings({ pids }), { cwd });
  await program.line(/^\{/);
  const counts = () => [stranger, ending].map(({ pid }) => rssesOf(rowsSoFar(join(cwd, "m")), pid!).length);
  await until(() => counts().every((count) => count > 3));
  ending.kill("SIGKILL");
  const [before] = counts() as [number];
  await until(() => counts()[0]! > before + 5);
  program.process.stdin!.write("go\n");
  const { code, stderr } = await program.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const rows = rowsIn(join(cwd, "m"), "runtime");
  expect(pidsOf(rows)).toEqual([stranger.pid!, ending.pid!].sort((a, b) => a - b));
  expect(rows.filter(({ label }) => label === "seismo sampler errors")).toEqual([]);
  expect(rssesOf(rows, ending.pid!).length).toBeLessThan(rssesOf(rows, stranger.pid!).length);
});

test.each([[{ pids: [2 ** 31 - 1] }], [{ pids: [] }], [true]])(
  "%o with nobody to look at writes nothing",
  async (tree) => {
    const cwd = scratch();
    const { code, stderr, stdout } = await startRuntime("quiet", settings(tree), { cwd, args: ["600", "idle"] }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(told(stdout)).toHaveLength(1);
    expect(rowsIn(join(cwd, "m"), "runtime")).toEqual([]);
  },
);
