/** A process that is killed loses what the last flush interval held, and nothing else. */

import { describe, expect, test } from "vitest";
import { startProgram } from "../lib/program.js";
import { countByLabel, filesIn, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

const rowsOnDisk = (cwd: string) => {
  try {
    return countByLabel(rowsIn(`${cwd}/m`, "duration", ".tmp")).call ?? 0;
  } catch {
    return 0; // read in the middle of a row
  }
};

describe.each(["idle, then killed", "blocked, then killed"])("%s by SIGKILL", (what) => {
  test("has left every sample in a file that only needs its name", async () => {
    const cwd = scratch();
    const program = startProgram("faults.js", [what], { cwd });
    await until(() => rowsOnDisk(cwd) === 12_345);
    program.process.kill("SIGKILL");
    expect(await program.ended).toMatchObject({ signal: "SIGKILL" });
    expect(rowsOnDisk(cwd)).toBe(12_345);
    expect(filesIn(`${cwd}/m`, "duration", ".csv")).toEqual([]);
  });
});

test("out of memory has left every sample", async () => {
  const cwd = scratch();
  const program = startProgram("faults.js", ["out of memory"], { cwd, flags: ["--max-old-space-size=30"] });
  await until(() => rowsOnDisk(cwd) === 12_345); // an interval after the flusher's thread is up, whenever that is
  program.process.stdin!.write("go on\n");
  const { signal, stderr } = await program.ended;
  expect(stderr).toContain("heap out of memory");
  expect(signal).toBe("SIGABRT");
  expect(rowsOnDisk(cwd)).toBe(12_345);
});
