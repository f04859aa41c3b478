/** Garbage collections: what V8 itself prints of each, with --trace-gc, is what was recorded. */

import { join } from "node:path";
import type { MonitorOptions } from "seismo";
import { describe, expect, test } from "vitest";
import { runProgram } from "../lib/program.js";
import { rowsIn } from "../lib/rows.js";
import { median, msOf, seriesIn, valuesIn } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";

const gcAlone: MonitorOptions = {
  runtime: { gc: true, process: false, memory: false, eventLoop: false, activity: false },
  stalls: false,
  sampleIntervalMs: 100,
};

interface Collection {
  readonly isMajor: boolean;
  readonly freedMb: number;
  readonly ms: number;
}

/** Lines such as `[1:0x2a] 87 ms: Scavenge 11.3 (13.5) -> 11.2 (13.8) MB, 1.98 / 0.00 ms  (average mu = …`. */
const LINE =
  /^\[\d+:(0x[0-9a-f]+)(?::\d+)?\]\s+\d+ ms: (Scavenge|Minor Mark-\S+|Mark-\S+)[^\d]* ([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB,(?: pooled: [\d.]+ MB,)? ([\d.]+) \//;

/** Collections that V8 has told of, of the thread whose was the first: the flusher's thread has a heap of its own. */
function collectionsIn(trace: string): Collection[] {
  const told = trace.split("\n").filter((line) => / MB, /.test(line));
  const found = told.map((line) => {
    const [, heap, kind, before, after, ms] = LINE.exec(line) ?? [];
    if (heap === undefined) throw new Error(`not understood: ${line}`);
    const isMajor = kind!.startsWith("Mark");
    return { heap, isMajor, freedMb: Number(before) - Number(after), ms: Number(ms) };
  });
  const [first, ...rest] = found;
  return rest.filter(({ heap }) => heap === first!.heap);
}

async function collect(way: string, end: string, options: MonitorOptions = gcAlone) {
  const cwd = scratch();
  const beforeMs = Date.now();
  const flags = ["--max-semi-space-size=1"]; // a megabyte: collections are many
  const { stdout, stderr, code } = await runProgram("runtime.js", ["gc", JSON.stringify(options), way, end], {
    cwd,
    flags,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const traced = collectionsIn(stdout);
  const rows = rowsIn(join(cwd, "m"), "runtime");
  return { traced, rows, beforeMs, afterMs: Date.now() };
}

describe.each(["stop", "exit"])("until %s", (end) => {
  test.each(["one turn", "many turns", "both"])("%s: every collection is counted, timed, and a row", async (way) => {
    const { traced, rows, beforeMs, afterMs } = await collect(way, end);
    const majors = traced.filter(({ isMajor }) => isMajor);
    expect(traced.length - majors.length).toBeGreaterThan(way === "one turn" ? 1_000 : 100);

    const [minorRows, majorRows] = [seriesIn(rows, "gc pause minor"), seriesIn(rows, "gc pause major")];
    expect({ minor: minorRows.length, major: majorRows.length }).toEqual({
      minor: traced.length - majors.length,
      major: majors.length,
    });
    expect(valuesIn(rows, "gc collections").at(-1)).toBe(traced.length);

    // Before and after are printed in tenths of a megabyte: each of the two is rounded by up to half of that.
    const freedMb = traced.reduce((sum, collection) => sum + collection.freedMb, 0);
    const collectedMb = valuesIn(rows, "gc collected").at(-1)! / 2 ** 20;
    expect(Math.abs(collectedMb - freedMb)).toBeLessThan(0.1 * traced.length + 0.02 * freedMb);

    expectSameSum(
      traced.map(({ ms }) => ms),
      [...minorRows, ...majorRows].map(({ measurement }) => measurement * 1e3),
    );

    const pauses = rows.filter(({ label }) => label.startsWith("gc pause"));
    const times = pauses.map(msOf);
    expect(times.every((ms, i) => i === 0 || ms >= times[i - 1]!)).toBe(true);
    expect(times[0]!).toBeGreaterThanOrEqual(beforeMs - 1); // two clocks, of which one counts milliseconds
    expect(times.at(-1)!).toBeLessThanOrEqual(afterMs + 1);
  });
});

/**
 * V8's own time ends before it prints the line, which the recorder's witnesses see as part of the pause, and before they
 * look at the heap: 25 µs apart on a quiet machine, 150 µs on one with three times the work it can do.
 */
function expectSameSum(tracedMs: readonly number[], recordedMs: readonly number[]): void {
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const n = tracedMs.length;
  expect(Math.abs(median(recordedMs) - median(tracedMs))).toBeLessThan(0.3);
  expect(sum(recordedMs)).toBeLessThanOrEqual(sum(tracedMs) + 0.5 * n);
  expect(sum(recordedMs)).toBeGreaterThanOrEqual(0.5 * sum(tracedMs) - 0.005 * n); // hundredths are rounded
}
