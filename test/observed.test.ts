/** Seen from outside: what clients, clocks, readers and the kernel saw is what the files say. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DuckDBInstance } from "@duckdb/node-api";
import autocannon from "autocannon";
import type { MonitorStats } from "seismo";
import { expect, onTestFinished, test } from "vitest";
import { startProgram } from "./lib/program.js";
import { countByLabel, filesIn, rowsIn, rowsOf } from "./lib/rows.js";
import { median } from "./lib/runtime.js";
import { scratch } from "./lib/scratch.js";

test("every request that a client counted is a row, under its route, of about the length the client saw", async () => {
  const cwd = scratch();
  const program = startProgram("observed.js", ["server"], { cwd });
  const port = await program.line(/^\d+$/);
  const amounts = { "/version": 3_000, "/work": 500, "/fail": 700 };
  const seen: Record<string, number> = {};
  for (const [path, amount] of Object.entries(amounts)) {
    const result = await autocannon({ url: `http://127.0.0.1:${port}${path}?q=1`, amount, connections: 8 });
    seen[`${path} [GET]`] = result["2xx"] + result.non2xx;
    if (path === "/work") expect(result.latency.average).toBeGreaterThanOrEqual(4);
  }
  program.process.stdin!.write("stop\n");
  const { stdout } = await program.ended;
  const rows = rowsIn(join(cwd, "m"));
  expect(countByLabel(rows)).toEqual({ ...seen, "work()": 500 });
  expect(seen).toEqual({ "/version [GET]": 3_000, "/work [GET]": 500, "/fail [GET]": 700 });
  for (const { label, measurement } of rows) if (label.includes("work")) expect(measurement).toBeGreaterThan(0.004);
  const stats = JSON.parse(stdout.split("\n").at(-2)!) as MonitorStats;
  expect(stats).toMatchObject({ recorded: 4_700, written: 4_700, dropped: 0, invalid: 0 });
  expect(stats.bytes).toBe(
    filesIn(join(cwd, "m"), "duration").reduce((sum, name) => sum + readFileSync(join(cwd, "m", name)).length - 32, 0),
  );
});

test("DuckDB reads the same rows", async () => {
  const cwd = scratch();
  await startProgram("observed.js", ["many files"], { cwd }).ended;
  const database = await (await DuckDBInstance.create()).connect();
  const result = await database.runAndReadAll(`
    SELECT count(*), sum(Timepoint::HUGEINT)::VARCHAR, list_sort(list(DISTINCT Label))::VARCHAR, sum(round(Measurement * 1e9))::VARCHAR
    FROM read_csv('${join(cwd, "m")}/duration.*.csv')`);
  const rows = rowsIn(join(cwd, "m"));
  expect(result.getRows()[0]!.map(String)).toEqual([
    String(rows.length),
    String(rows.reduce((sum, row) => sum + row.timepoint, 0n)),
    "['call, with a comma']",
    `${rows.reduce((sum, row) => sum + Math.round(row.measurement * 1e9), 0)}.0`,
  ]);
  database.closeSync();
});

test("each of ten thousand durations is what another clock measured around it", async () => {
  const cwd = scratch();
  const { stdout } = await startProgram("observed.js", ["sum"], { cwd }).ended;
  const outside = (JSON.parse(stdout) as number[]).map((ms) => ms / 1000);
  const inside = rowsIn(join(cwd, "m")).map((row) => row.measurement);
  expect(inside).toHaveLength(10_000);
  expect(Math.min(...inside)).toBeGreaterThan(0.000_05); // 50 µs
  const around = outside.map((s, i) => s - inside[i]!);
  expect(Math.min(...around)).toBeGreaterThanOrEqual(-1e-9); // the outside clock counts in doubles
  // It was read outside. Whatever interrupted the program between two readings did so in few of ten thousand.
  expect(median(around)).toBeLessThan(0.02 * median(outside));
});

test("timepoints lie between two readings of an outside clock", async () => {
  const cwd = scratch();
  const program = startProgram("observed.js", ["one sample a line"], { cwd });
  const clock = startOutsideClock();
  const bounds: [number, number][] = [];
  for (let i = 0; i < 20; i++) {
    await program.line(`go ${i}`);
    const before = await clock.read();
    program.process.stdin!.write("go\n");
    if (i < 19) await program.line(`go ${i + 1}`);
    else await program.ended;
    bounds.push([before, await clock.read()]);
  }
  const rows = rowsIn(join(cwd, "m"));
  expect(rows).toHaveLength(20);
  rows.forEach(({ timepoint }, i) => {
    const [beforeMs, afterMs] = bounds[i]!;
    const ms = Number(timepoint / 1_000_000n);
    expect([ms >= beforeMs, ms <= afterMs]).toEqual([true, true]);
  });
});

test("whoever reads the directory, at any time, meets only whole files; and may delete them", async () => {
  const cwd = scratch();
  const program = startProgram("observed.js", ["many files"], { cwd });
  let ended = false;
  void program.ended.then(() => {
    ended = true;
  });
  let rows = 0;
  let files = 0;
  const readAll = () => {
    for (const name of filesIn(join(cwd, "m"), "duration")) {
      rows += rowsOf(readFileSync(join(cwd, "m", name), "utf8")).length;
      rmSync(join(cwd, "m", name));
      files++;
    }
  };
  while (!ended) {
    readAll();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  readAll();
  const { stdout, stderr } = await program.ended;
  expect(stderr).toBe("");
  expect(rows).toBe(Number(stdout));
  expect(files).toBeGreaterThan(20);
});

test("the main thread writes no byte to any file after start(): the kernel counts them by thread", async () => {
  const cwd = scratch();
  const program = startProgram("observed.js", ["burst"], { cwd });
  await program.line("started");
  const written = () => {
    const bytes: Record<string, number> = {};
    for (const tid of readdirSync(`/proc/${program.pid}/task`)) {
      const io = readFileSync(`/proc/${program.pid}/task/${tid}/io`, "utf8");
      bytes[tid] = Number(/wchar: (\d+)/.exec(io)![1]);
    }
    return bytes;
  };
  const before = written();
  program.process.stdin!.write("go\n");
  await program.line("written");
  const after = written();
  const main = String(program.pid);
  expect(after[main]! - before[main]!).toBeLessThan(100_000); // messages, wake-ups and "written\n" itself
  const others = Object.keys(after).filter((tid) => tid !== main);
  expect(Math.max(...others.map((tid) => after[tid]! - (before[tid] ?? 0)))).toBeGreaterThan(30_000_000);
});

/** The wall clock of another process, in milliseconds as it has them: rounded down. */
function startOutsideClock(): { read(): Promise<number> } {
  const script = "process.stdin.on('data', () => console.log(Date.now()))";
  const clock = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void clock.kill());
  const lines = createInterface({ input: clock.stdout });
  return {
    read: async () => {
      clock.stdin.write("now\n");
      const [line] = await once(lines, "line");
      return Number(line);
    },
  };
}
