/** Worker threads, cluster workers and child processes record side by side, in one directory, and nothing is lost. */

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runProgram } from "../lib/program.js";
import { countByLabel, filesIn, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";

const workers = { "worker 0": 10_000, "worker 1": 10_000, "worker 2": 10_000, "worker 3": 10_000 };

describe("worker threads", () => {
  test.each([
    "that end by themselves",
    "that end by themselves, then stop",
    "process.exit in a worker",
    "terminated",
    "main ends first",
    "main stops first",
    "busy workers",
  ])("%s: every sample of every thread is in a published file", async (way) => {
    const cwd = scratch();
    const { code, stderr } = await runProgram("threads.js", [way], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(countByLabel(rowsIn(join(cwd, "m")))).toEqual({ main: 10_000, ...workers });
    expect(filesIn(join(cwd, "m"), "", ".tmp")).toEqual([]);
    // each thread's rows are in files of its own, so that time runs forward in every file
    expect(filesIn(join(cwd, "m"), "duration")).toHaveLength(5);
  });

  test("record though the main thread does not", async () => {
    const cwd = scratch();
    const { code, stderr } = await runProgram("threads.js", ["workers only"], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(countByLabel(rowsIn(join(cwd, "m")))).toEqual(workers);
  });

  test("share the one flusher of the process", async () => {
    const cwd = scratch();
    const { stdout } = await runProgram("threads.js", ["busy workers"], { cwd });
    expect(stdout).toContain("threads for us: 1\n");
  });
});

describe.each(["cluster", "fork"])("%s", (way) => {
  test("gives every process files of its own, with its own PID", async () => {
    const cwd = scratch();
    const { code, stderr } = await runProgram("threads.js", [way], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rows = rowsIn(join(cwd, "m"));
    expect(countByLabel(rows)).toEqual({ main: 10_000, ...workers });
    expect(new Set(rows.map((row) => row.pid)).size).toBe(5);
    for (const name of filesIn(join(cwd, "m")))
      expect(name).toMatch(/^duration\.\d{8}T\d{9}Z-\d+-[0-9a-z]{6}-0001\.csv$/);
  });
});
