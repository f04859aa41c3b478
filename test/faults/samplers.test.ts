/** Sources that are missing, or cannot be had for a while: a series has a gap then, never a number that is none. */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MonitorOptions, MonitorStats } from "seismo";
import { describe, expect, test } from "vitest";
import type { Program } from "../lib/program.js";
import { filesIn, rowsIn } from "../lib/rows.js";
import { msOf, rowsSoFar, seriesIn, startRuntime, told, valuesIn } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

const root = join(import.meta.dirname, "../..");
const permission = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";

const options: MonitorOptions = { runtime: true, sampleIntervalMs: 50, flushIntervalMs: 10 };
const local: MonitorOptions = { ...options, thread: false };

const prlimit = (program: Program, limit: string) => execFileSync("prlimit", ["--pid", String(program.pid), limit]);
const tell = (program: Program) => void program.process.stdin!.write("go on\n");

describe("a source that is missing", () => {
  test("has no series, and nothing is said of it", async () => {
    const cwd = scratch();
    const { code, stderr } = await startRuntime("without sources", local, { cwd }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rows = rowsIn(join(cwd, "m"), "runtime");
    expect(rows.filter(({ label }) => label === "rss" || label.startsWith("active "))).toEqual([]);
    for (const label of ["max rss", "open descriptors", "worker threads", "heap used"]) {
      expect(valuesIn(rows, label).length).toBeGreaterThan(3); // the rest of its sampler goes on
    }
    expect(valuesIn(rows, "seismo sampler errors")).toEqual([]);
  });

  test("is named once to who asks", async () => {
    const env = { NODE_DEBUG: "seismo" };
    const { stderr } = await startRuntime("without sources", local, { cwd: scratch(), env }).ended;
    for (const label of ["rss", "active <type>"]) {
      const lines = stderr.split("\n").filter((line) => line.includes(`no series "${label}": not on this system`));
      expect([label, lines.length]).toEqual([label, 1]);
    }
  });

  test("is one to which access is forbidden, too", async () => {
    const cwd = scratch();
    const flags = [permission, "--no-warnings", `--allow-fs-read=${root}`, `--allow-fs-read=${cwd}`];
    flags.push(`--allow-fs-write=${cwd}`);
    const env = { NODE_DEBUG: "seismo" };
    const { code, stderr } = await startRuntime("quiet", local, { cwd, flags, env, args: ["500", "idle"] }).ended;
    expect(code).toBe(0);
    expect(stderr.match(/no series "open descriptors": /g)).toHaveLength(1);
    expect(stderr.split("\n").filter((line) => line !== "" && !/^SEISMO \d+: no series /.test(line))).toEqual([]);
    const rows = rowsIn(join(cwd, "m"), "runtime");
    expect(valuesIn(rows, "open descriptors")).toEqual([]);
    expect(valuesIn(rows, "rss").length).toBeGreaterThan(3);
  });
});

test("while no descriptor is left there are no readings of what takes one, and then there are again", async () => {
  const cwd = scratch();
  // pauses have a file of their own, which could not be opened if the first of them came now
  const program = startRuntime("steady", { ...options, runtime: { gc: false } }, { cwd });
  await program.line("ready");
  const count = (label: string) => valuesIn(rowsSoFar(join(cwd, "m")), label).length;
  await until(() => count("open descriptors") > 5 && count("cpu share") > 5);
  const fromMs = Date.now();
  prlimit(program, "--nofile=5:");
  const before = count("user time");
  await until(() => count("user time") > before + 10);
  const toMs = Date.now();
  prlimit(program, "--nofile=1000:");
  const after = count("open descriptors");
  await until(() => count("open descriptors") > after + 3);
  tell(program);
  const { code, stderr } = await program.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const rows = rowsIn(join(cwd, "m"), "runtime");
  const inside = (label: string) =>
    seriesIn(rows, label).filter((row) => msOf(row) > fromMs + 50 && msOf(row) < toMs - 50);
  expect(inside("open descriptors")).toEqual([]);
  // Node opens a file to read these
  expect([inside("rss"), inside("array buffers")]).toEqual([[], []]);
  for (const label of ["user time", "heap used", "worker threads"]) expect(inside(label).length).toBeGreaterThan(3);
  for (const value of valuesIn(rows, "open descriptors")) expect(value).toBeGreaterThan(5);
});

/** Ways to make writing fail, and to mend it. */
const troubles: Record<
  string,
  { cause: (program: Program, cwd: string) => void; mend: (program: Program, cwd: string) => void }
> = {
  "files may not grow": {
    cause: (program) => prlimit(program, "--fsize=1:"),
    mend: (program) => prlimit(program, "--fsize=unlimited:"),
  },
  "a file took the directory's place": {
    cause: (_, cwd) => {
      rmSync(join(cwd, "m"), { recursive: true });
      writeFileSync(join(cwd, "m"), "");
    },
    mend: (_, cwd) => {
      rmSync(join(cwd, "m"));
      mkdirSync(join(cwd, "m"));
    },
  },
};

test.each(Object.entries(troubles))(
  "while %s samples of the runtime are kept, then written",
  async (_, { cause, mend }) => {
    const cwd = scratch();
    // files are published several times a second, so that the trouble is met by each
    const program = startRuntime("steady for twenty rounds", { ...options, rotateAgeMs: 200 }, { cwd });
    await program.line("ready");
    const soFar = () => rowsSoFar(join(cwd, "m"));
    await until(() => valuesIn(soFar(), "cpu share").length > 5);
    cause(program, cwd);
    const fromMs = Date.now();
    tell(program);
    await program.line("twenty rounds"); // a second
    mend(program, cwd);
    const toMs = Date.now();
    await until(() => valuesIn(soFar(), "seismo write errors").length > 0);
    tell(program);
    const { code, stdout, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).toContain("samples cannot be written to");
    const [stats] = told<MonitorStats>(stdout) as [MonitorStats];
    expect(stats.prefixes.runtime).toMatchObject({ dropped: 0, invalid: 0 });
    expect(stats.prefixes.runtime!.written).toBe(stats.prefixes.runtime!.recorded);
    const rows = rowsIn(join(cwd, "m"), "runtime");
    expect(filesIn(join(cwd, "m"), "", ".tmp")).toEqual([]);
    for (const label of ["heap used", "rss"]) {
      const inside = seriesIn(rows, label).filter((row) => msOf(row) > fromMs && msOf(row) < toMs);
      expect(inside.length).toBeGreaterThan(5); // 20, if both threads have the same share of the machine
    }
    const errors = valuesIn(rows, "seismo write errors");
    expect(errors.at(-1)!).toBeGreaterThanOrEqual(2);
    expect(errors).toEqual([...errors].sort((a, b) => a - b));
  },
);
