/** Files that cannot be written: nothing is lost while memory lasts, what is lost is counted, and the host never notices. */

import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MonitorStats } from "seismo";
import { describe, expect, test } from "vitest";
import { type Program, startProgram } from "../lib/program.js";
import { countByLabel, filesIn, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";

interface Report {
  readonly stats: MonitorStats;
  readonly heard: string[];
}

const tell = (program: Program) => void program.process.stdin!.write("go on\n");

function prlimit(program: Program, limit: string): void {
  execFileSync("prlimit", ["--pid", String(program.pid), limit]);
}

/** Ways to make writing fail, and to mend it; with the code of the error that the host is warned of, once. */
const troubles: Record<
  string,
  { code: RegExp; cause: (program: Program, cwd: string) => void; mend: (program: Program, cwd: string) => void }
> = {
  "files may not grow (as on a full disk, a write is cut short)": {
    code: /EFBIG/,
    cause: (program) => prlimit(program, "--fsize=5000:"),
    mend: (program) => prlimit(program, "--fsize=unlimited:"),
  },
  "no descriptor is left, and the directory is gone": {
    code: /EMFILE/,
    cause: (program, cwd) => {
      prlimit(program, "--nofile=5:");
      rmSync(join(cwd, "m"), { recursive: true });
    },
    mend: (program) => prlimit(program, "--nofile=1000:"),
  },
  "a file took the directory's place": {
    code: /EEXIST|ENOTDIR/,
    cause: (_, cwd) => {
      rmSync(join(cwd, "m"), { recursive: true });
      writeFileSync(join(cwd, "m"), "");
    },
    mend: (_, cwd) => rmSync(join(cwd, "m")),
  },
};

describe.each(Object.entries(troubles))("when %s", (_name, { code, cause, mend }) => {
  test("everything is kept, and written when it can be", async () => {
    const cwd = scratch();
    const program = startProgram("faults.js", ["cannot write"], { cwd });
    await program.line("ready");
    cause(program, cwd);
    // the ten samples flushed before are in a published file, unless the trouble has taken that away
    const kept = statSync(join(cwd, "m"), { throwIfNoEntry: false })?.isDirectory() ? 10 : 0;
    tell(program);
    await program.line("failing");
    mend(program, cwd);
    tell(program);
    const { stdout, stderr, code: exitCode } = await program.ended;
    const { stats, heard } = JSON.parse(stdout.split("\n").at(-2)!) as Report;
    expect(exitCode).toBe(0);
    expect(stats.prefixes.duration).toMatchObject({ recorded: 20_015, written: 20_015, dropped: 0, invalid: 0 });
    expect(countByLabel(rowsIn(join(cwd, "m"))).call).toBe(20_005 + kept);
    expect(filesIn(join(cwd, "m"), "", ".tmp")).toEqual([]);
    expect(heard.filter((each) => code.test(each))).toHaveLength(1);
    expect(stderr).toContain("samples cannot be written to");
    const errors = rowsIn(join(cwd, "m"), "runtime").filter((row) => row.label === "seismo write errors");
    expect(errors.at(-1)!.measurement).toBeGreaterThanOrEqual(2);
  });
});

describe("when a file stays in the directory's place", () => {
  test("what memory cannot hold, and what is left at the end, is counted", async () => {
    const cwd = scratch();
    const program = startProgram("faults.js", ["can never write"], { cwd });
    await program.line("ready");
    rmSync(join(cwd, "m"), { recursive: true });
    writeFileSync(join(cwd, "m"), "");
    tell(program);
    const { stdout, code } = await program.ended;
    const { stats } = JSON.parse(stdout.split("\n").at(-2)!) as Report;
    expect(code).toBe(0);
    expect(stats.prefixes.duration).toMatchObject({ recorded: 5_000, written: 0, dropped: 5_000 });
  });

  test("the process ends as it would have, and says what it lost", async () => {
    const cwd = scratch();
    const program = startProgram("faults.js", ["can never write, and exits"], { cwd });
    await program.line("ready");
    rmSync(join(cwd, "m"), { recursive: true });
    writeFileSync(join(cwd, "m"), "");
    tell(program);
    const { stderr, code } = await program.ended;
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /seismo: 5000 of 5000 samples were lost: they could not be written to .*m, or not in time\n/,
    );
  });
});

test("a directory moved away takes its published files along, and a new one takes the rest", async () => {
  const cwd = scratch();
  const program = startProgram("faults.js", ["cannot write"], { cwd });
  await program.line("ready");
  renameSync(join(cwd, "m"), join(cwd, "moved"));
  mkdirSync(join(cwd, "m"));
  writeFileSync(join(cwd, "m", "gauge.not-ours.csv"), "");
  program.process.kill("SIGTERM");
  const { signal } = await program.ended;
  expect(signal).toBe("SIGTERM");
  expect(countByLabel(rowsIn(join(cwd, "moved")))).toEqual({ call: 10 });
});
