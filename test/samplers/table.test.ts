/** The table of built-in series, held against what a run that provokes everything has written: both ways. */

import { join } from "node:path";
import { BUILT_IN_SERIES, type BuiltInSeries } from "seismo";
import { expect, test } from "vitest";
import { filesIn, type Row, rowsIn } from "../lib/rows.js";
import { labelInTable, startRuntime } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";

/** Series that this run does not have, and why. */
const absent = new Map([
  ["gc pause weakcb", "V8 calls weak callbacks apart from a collection at times that no program was found to provoke"],
  ["seismo samples dropped", "nothing is dropped; see test/faults"],
  ["seismo samples invalid", "nothing is invalid; see test/faults"],
  ["seismo write errors", "every file can be written; see test/faults"],
]);

/** What a number of each unit may be, at most, in a run of some seconds. */
const most: Record<string, number> = {
  s: 60,
  ratio: 1.001, // two clocks, read one after the other
  cores: 8,
  B: 2 ** 40,
  kB: 2 ** 30,
  collections: 1e5,
  contexts: 1e3,
  switches: 1e7,
  faults: 1e7,
  operations: 1e7,
  descriptors: 1e4,
  resources: 1e4,
  threads: 100,
  sockets: 100,
  errors: 1e4,
  samples: 0,
};

/** What cannot be 0 while it is recorded: nothing is measured as if it were missing. */
const neverZero = ["rss", "max rss", "heap used", "heap total", "heap limit", "open descriptors", "user time"];

test("a run that provokes every sampler writes the series of the table, all of them, and no others", async () => {
  const cwd = scratch();
  const options = {
    runtime: { memory: { spaces: true }, processTree: true },
    sampleIntervalMs: 100,
    stalls: { thresholdMs: 50, stack: true },
  };
  const { code, stderr } = await startRuntime("everything", options, { cwd }).ended;
  expect(code).toBe(0);
  expect(stderr.match(/SeismoWarning/g)).toHaveLength(1);
  expect(stderr).toContain('the sampler "broken" failed: broken on purpose');
  const rows = rowsIn(join(cwd, "m"), "runtime");
  const table = new Map(BUILT_IN_SERIES.map((series) => [series.label, series]));
  const seen = new Set(rows.map(({ label }) => labelInTable(label)));

  expect([...seen].filter((label) => !table.has(label))).toEqual([]);
  expect([...table.keys()].filter((label) => !seen.has(label))).toEqual([...absent.keys()]);

  for (const [series, samples] of groupsOf(rows)) expectSane(table.get(labelInTable(series))!, samples);
  for (const { label, measurement } of rows) if (neverZero.includes(label)) expect(measurement).toBeGreaterThan(0);
  expect(filesIn(join(cwd, "m"), "stall", ".txt").length).toBeGreaterThan(0);
  expect(filesIn(join(cwd, "m"), "", ".tmp")).toEqual([]);
});

test("worker threads' own heap and loop are told apart, and the process is recorded once", async () => {
  const cwd = scratch();
  const { code } = await startRuntime("everything", { runtime: true, sampleIntervalMs: 100 }, { cwd }).ended;
  expect(code).toBe(0);
  const rows = rowsIn(join(cwd, "m"), "runtime");
  const bySampler = (sampler: string) =>
    BUILT_IN_SERIES.filter((series) => series.sampler === sampler).map(({ label }) => label);
  const ofWorker = new Set(rows.flatMap(({ label }) => / \(worker \d+\)$/.exec(label)?.[0] ?? []));
  expect(ofWorker.size).toBe(1);
  const [suffix] = ofWorker;
  const labels = new Set(rows.map(({ label }) => label));
  for (const label of [
    "gc collections",
    "gc pause minor",
    "heap used",
    "event loop delay max",
    "event loop stall",
    "event loop blocked",
  ]) {
    expect([label, labels.has(label), labels.has(`${label}${suffix}`)]).toEqual([label, true, true]);
  }
  for (const label of bySampler("process")) expect(labels.has(`${label}${suffix}`)).toBe(false);
  // Two observers, each on an interval of 100 ms, would be twice as many samples as there are intervals.
  const times = rows.filter(({ label }) => label === "rss").map(({ timepoint }) => Number(timepoint) / 1e9);
  const seconds = Math.max(...times) - Math.min(...times);
  expect(times.length).toBeLessThan(1.4 * (10 * seconds + 2)); // some come at the start and at the end
});

function groupsOf(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of [...rows].sort((a, b) => Number(a.timepoint - b.timepoint))) {
    const known = groups.get(row.label);
    if (known) known.push(row);
    else groups.set(row.label, [row]);
  }
  return groups;
}

function expectSane({ unit, cumulative }: BuiltInSeries, samples: readonly Row[]): void {
  const values = samples.map(({ measurement }) => measurement);
  const { label } = samples[0]!;
  expect({ label, least: Math.min(...values) >= 0 }).toEqual({ label, least: true });
  expect({ label, most: Math.max(...values) <= most[unit]!, max: Math.max(...values) }).toMatchObject({ most: true });
  if (!cumulative) return;
  const falls = values.filter((value, i) => i > 0 && value < values[i - 1]!);
  expect({ label, falls }).toEqual({ label, falls: [] });
}
