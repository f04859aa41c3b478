/** Where no thread can be started, the recording thread writes the files itself: once said, every promise kept but the stall bound. */

import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MonitorStats } from "seismo";
import { describe, expect, test } from "vitest";
import { built, runProgram } from "../lib/program.js";
import { countByLabel, filesIn, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";

const root = join(import.meta.dirname, "../..");
const permission = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";

/** A copy of the package in which the worker's file is not where it was, as bundlers leave it; or is not what it was. */
function packageWith(change: (dist: string) => void): string {
  const folder = scratch();
  const home = join(folder, "node_modules/seismo");
  mkdirSync(home, { recursive: true });
  cpSync(join(root, "dist"), join(home, "dist"), { recursive: true });
  writeFileSync(join(home, "package.json"), readFileSync(join(root, "package.json")));
  symlinkSync(join(root, "node_modules/csv-stringify"), join(folder, "node_modules/csv-stringify"));
  change(join(home, "dist"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "program.js"), readFileSync(join(built, "faults.js")));
  return folder;
}

const settings: Record<string, () => { program: string; cwd: string; flags?: string[] }> = {
  "a permission model forbids threads": () => ({
    program: "faults.js",
    cwd: scratch(),
    flags: [permission, "--allow-fs-read=*", "--allow-fs-write=*"],
  }),
  "a bundler moved the file": () => {
    const cwd = packageWith((dist) => rmSync(join(dist, "thread.js")));
    return { program: join(cwd, "program.js"), cwd };
  },
  "the thread throws at its start": () => {
    const cwd = packageWith((dist) => writeFileSync(join(dist, "thread.js"), "throw new Error('broken');"));
    return { program: join(cwd, "program.js"), cwd };
  },
  "the thread ends at its start": () => {
    const cwd = packageWith((dist) => writeFileSync(join(dist, "thread.js"), "process.exit(0);"));
    return { program: join(cwd, "program.js"), cwd };
  },
};

describe.each(Object.entries(settings))("%s", (_, setting) => {
  test("and everything is written all the same, and said once", async () => {
    const { program, cwd, flags } = setting();
    const { stdout, stderr, code } = await runProgram(program, ["steady"], { cwd, ...(flags && { flags }) });
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("no thread to write files from"),
    });
    const { stats, heard } = JSON.parse(stdout) as { stats: MonitorStats; heard: string[] };
    expect(stats).toMatchObject({ recorded: 100_000, written: 100_000, dropped: 0 });
    expect(heard.filter((code) => code === "ERR_SEISMO_THREAD")).toHaveLength(1);
    expect(countByLabel(rowsIn(join(cwd, "m")))).toEqual({ call: 100_000 });
    expect(filesIn(join(cwd, "m"), "", ".tmp")).toEqual([]);
  });
});

describe("the thread dies under way", () => {
  /** It throws as soon as the main thread's samples have a file. */
  const dying = () =>
    packageWith((dist) =>
      appendFileSync(
        join(dist, "thread.js"),
        `
import { existsSync, readdirSync } from "node:fs";
setInterval(() => {
  if (existsSync("m") && readdirSync("m").some((name) => name.startsWith("duration"))) throw new Error("died");
}, 5);`,
      ),
    );

  test("and what it had written is there, and the rest is written all the same", async () => {
    const cwd = dying();
    const { stdout, stderr, code } = await runProgram(join(cwd, "program.js"), ["until the thread dies"], { cwd });
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("no thread to write files from (died)"),
    });
    const { stats, recorded } = JSON.parse(stdout);
    expect(stats).toMatchObject({ recorded, written: recorded, dropped: 0 });
    const unpublished = rowsIn(join(cwd, "m"), "duration", ".tmp").length; // by the thread that died
    expect(unpublished).toBeGreaterThan(0);
    expect(rowsIn(join(cwd, "m")).length + unpublished).toBe(recorded);
  });

  test("and so are the samples of threads that had joined it", async () => {
    const cwd = dying();
    writeFileSync(join(cwd, "program.js"), readFileSync(join(built, "threads.js")));
    const { code } = await runProgram(join(cwd, "program.js"), ["workers that stop"], { cwd });
    expect(code).toBe(0);
    const rows = [...rowsIn(join(cwd, "m")), ...rowsIn(join(cwd, "m"), "duration", ".tmp")];
    expect(countByLabel(rows)).toEqual({
      main: 10_000,
      "worker 0": 20_000,
      "worker 1": 20_000,
      "worker 2": 20_000,
      "worker 3": 20_000,
    });
  });
});

test("thread: false keeps every sample, in however little memory, at process.exit too, and says nothing", async () => {
  const cwd = scratch();
  expect(await runProgram("faults.js", ["no thread, little memory, and exits"], { cwd })).toMatchObject({
    code: 3,
    stderr: "",
  });
  expect(countByLabel(rowsIn(join(cwd, "m")))).toEqual({ call: 100_000 });
});
