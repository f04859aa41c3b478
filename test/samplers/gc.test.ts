/** Garbage collections: what V8 itself prints of each, with --trace-gc, is what was recorded. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MonitorOptions } from "seismo";
import { describe, expect, test } from "vitest";
import { runProgram } from "../lib/program.js";
import { rowsIn } from "../lib/rows.js";
import { median, msOf, valuesIn } from "../lib/runtime.js";
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
  /^\[\d+:(0x[0-9a-f]+)(?::\d+)?\]\s+\d+ ms: (\D*Scavenge|\D*Mark-\w+)\D* ([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB,(?: pooled: [\d.]+ MB,)? ([\d.]+) \//;

/** Collections that V8 has told of, of the thread whose was the first: the flusher's thread has a heap of its own. */
function collectionsIn(trace: string): Collection[] {
  const told = trace.split("\n").filter((line) => / MB, /.test(line));
  const found = told.map((line) => {
    const [, heap, kind, before, after, ms] = LINE.exec(line) ?? [];
    if (heap === undefined) throw new Error(`not understood: ${line}`);
    const isMajor = /^(?!Minor).*Mark-/.test(kind!);
    return { heap, isMajor, freedMb: Number(before) - Number(after), ms: Number(ms) };
  });
  const [first, ...rest] = found;
  return rest.filter(({ heap }) => heap === first!.heap);
}

async function collect(way: string, end: string, options: MonitorOptions = gcAlone) {
  const cwd = scratch();
  const beforeMs = Date.now();
  // megabytes: collections are many, and yet start() comes without one
  const flags = ["--min-semi-space-size=2", "--max-semi-space-size=2"];
  // to a file: V8 writes line by line, in the pause, and who reads a pipe would be woken up each time
  const within = ["sh", "-c", 'exec "$0" "$@" > trace'];
  const args = ["gc", JSON.stringify(options), way, end];
  const { stderr, code } = await runProgram("runtime.js", args, { cwd, flags, within });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const traced = collectionsIn(readFileSync(join(cwd, "trace"), "utf8"));
  const rows = rowsIn(join(cwd, "m"), "runtime");
  return { traced, rows, beforeMs, afterMs: Date.now() };
}

describe.each(["stop", "exit"])("until %s", (end) => {
  test.each(["one turn", "many turns", "both", "signal"])(
    "%s: every collection is counted, timed, and a row",
    async (way) => {
      const { traced, rows, beforeMs, afterMs } = await collect(way, end);
      const pauses = rows.filter(({ label }) => label === "gc pause minor" || label === "gc pause major");
      expect(traced.length).toBeGreaterThan(way === "one turn" ? 1_000 : 100);

      // After its last reading the end itself may cause a collection that nobody reads.
      const unread = traced.length - pauses.length;
      expect([0, 1]).toContain(unread);
      const read = traced.slice(0, pauses.length);
      expect(pauses.map(({ label }) => label)).toEqual(
        read.map(({ isMajor }) => `gc pause ${isMajor ? "major" : "minor"}`),
      );
      expect(valuesIn(rows, "gc collections").at(-1)).toBe(read.length);

      // Before and after are printed in tenths of a megabyte: each of the two is rounded by up to half of that.
      const freedMb = read.reduce((sum, collection) => sum + collection.freedMb, 0);
      const collectedMb = valuesIn(rows, "gc collected").at(-1)! / 2 ** 20;
      expect(Math.abs(collectedMb - freedMb)).toBeLessThan(0.1 * read.length + 0.02 * freedMb);

      expectSameTimes(
        read.map(({ ms }) => ms),
        pauses.map(({ measurement }) => measurement * 1e3),
      );

      if (way === "many turns") expect(valuesIn(rows, "gc pause incremental").length).toBeGreaterThan(0);

      const times = pauses.map(msOf);
      expect(times.every((ms, i) => i === 0 || ms >= times[i - 1]!)).toBe(true);
      expect(times[0]!).toBeGreaterThanOrEqual(beforeMs - 1); // two clocks, of which one counts milliseconds
      expect(times.at(-1)!).toBeLessThanOrEqual(afterMs + 1);
    },
  );
});

/**
 * V8's own time ends before it prints the line, which the recorder's witnesses see as part of the pause, and before they
 * look at the heap: some 25 µs. Whatever else interrupts them there does so in few of them.
 */
function expectSameTimes(tracedMs: readonly number[], recordedMs: readonly number[]): void {
  const excess = recordedMs.map((ms, i) => ms - tracedMs[i]!);
  expect(Math.abs(median(excess))).toBeLessThan(0.3);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  expect(sum(recordedMs)).toBeGreaterThanOrEqual(0.5 * sum(tracedMs) - 0.005 * tracedMs.length); // they are rounded
  const most = Math.max(...tracedMs);
  expect(Math.max(...recordedMs)).toBeGreaterThanOrEqual(0.5 * most);
}
