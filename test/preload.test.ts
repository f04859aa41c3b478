/** The preload: a program is recorded without knowing of it, and is otherwise as it would be. */

import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { built, type Ended, type ProgramOptions, runProgram, startProgram } from "./lib/program.js";
import { countByLabel, filesIn, rowsIn } from "./lib/rows.js";
import { rowsSoFar } from "./lib/runtime.js";
import { scratch } from "./lib/scratch.js";
import { until } from "./lib/until.js";

const preload = join(import.meta.dirname, "../dist/preload.js");
const FLAGS = ["--import", pathToFileURL(preload).href];

interface Recorded extends Ended {
  readonly cwd: string;
}

async function run(what: string, options: Partial<ProgramOptions> = {}): Promise<Recorded> {
  const cwd = options.cwd ?? scratch();
  return { cwd, ...(await runProgram("preloaded.js", [what], { flags: FLAGS, ...options, cwd })) };
}

const durationsIn = (cwd: string, directory = "_monitoring") => countByLabel(rowsIn(join(cwd, directory)));

test("a program that ends at once is recorded, and ends as it would", async () => {
  const { cwd, code, stdout, stderr } = await run("nothing");
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "2\n", stderr: "" });
  expect(durationsIn(cwd)).toEqual({ work: 1 });
  const runtime = countByLabel(rowsIn(join(cwd, "_monitoring"), "runtime"));
  for (const label of ["user time", "max rss", "heap used"]) expect(runtime[label]).toBeGreaterThan(0);
});

test("a server is recorded, and does not stay when it has closed", async () => {
  const { cwd, code, stderr } = await run("serves once");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(durationsIn(cwd)).toEqual({ "/once [GET]": 1 });
  expect(rowsIn(join(cwd, "_monitoring"), "client")).toEqual([]);
});

test("outgoing calls are recorded when asked for, to files of their own", async () => {
  const { cwd } = await run("serves once", { env: { SEISMO_CLIENT: "on" } });
  const labels = Object.keys(countByLabel(rowsIn(join(cwd, "_monitoring"), "client")));
  expect(labels).toEqual([expect.stringMatching(/^→ localhost:\d+\/once \[GET\]$/)]);
  expect(durationsIn(cwd)).toEqual({ "/once [GET]": 1 });
});

test("presets: minimal records no runtime, profile takes a profile", async () => {
  const minimal = await run("serves once", { env: { SEISMO_PRESET: "minimal" } });
  expect(filesIn(join(minimal.cwd, "_monitoring")).map((name) => name.split(".")[0])).toEqual(["duration"]);
  const profile = await run("serves once", { env: { SEISMO_PRESET: "profile" } });
  expect(filesIn(join(profile.cwd, "_monitoring"), "profiler", ".data")).toHaveLength(1);
});

test("a worker thread with an environment of its own is recorded as the process is, or is not", async () => {
  const program = "has a worker with an environment of its own";
  const off = await run(program, { env: { SEISMO_ENABLED: "no" } });
  expect({ code: off.code, stderr: off.stderr, left: readdirSync(off.cwd) }).toEqual({ code: 0, stderr: "", left: [] });
  const { cwd } = await run(program, { env: { SEISMO_DIRECTORY: "elsewhere", SEISMO_RUNTIME: '{"gc":false}' } });
  expect(readdirSync(cwd)).toEqual(["elsewhere"]);
  const labels = Object.keys(countByLabel(rowsIn(join(cwd, "elsewhere"), "runtime")));
  expect(labels).toEqual(
    expect.arrayContaining(["heap used", expect.stringMatching(/^heap used \(worker \d\)$/)]), // the flusher's thread counts, too
  );
  expect(labels.filter((label) => label.startsWith("gc"))).toEqual([]);
});

test("a configuration file in the working directory is heeded, and the environment before it", async () => {
  const cwd = scratch();
  writeFileSync(join(cwd, "seismo.config.json"), '{ "directory": "from-file", "http": false }');
  await run("serves once", { cwd });
  expect(durationsIn(cwd, "from-file")).toEqual({});
  expect(filesIn(join(cwd, "from-file"), "runtime").length).toBeGreaterThan(0);
  await run("serves once", { cwd, env: { SEISMO_HTTP: "on", SEISMO_DIRECTORY: "from-env" } });
  expect(durationsIn(cwd, "from-env")).toEqual({ "/once [GET]": 1 });
});

describe("recording stays off, and the program does as it would,", () => {
  test.each([
    [
      "a setting is misspelt",
      { SEISMO_RUNTIM: "on" },
      /^seismo: recording stays off: SEISMO_RUNTIM: is no setting; did you mean SEISMO_RUNTIME\?\n$/,
    ],
    [
      "a value is wrong",
      { SEISMO_FLUSH_INTERVAL_MS: "fast" },
      /^seismo: recording stays off: SEISMO_FLUSH_INTERVAL_MS: .*'fast'\n$/,
    ],
    [
      "requests are to go where values go",
      { SEISMO_HTTP: '{"prefix":"gauge"}' },
      /^seismo: recording stays off: SEISMO_HTTP: http\.prefix must be one of durations, got 'gauge'\n$/,
    ],
    ["there is no such file", { SEISMO_CONFIG: "nowhere.json" }, /^seismo: recording stays off: .*nowhere\.json.*\n$/],
    [
      "the directory cannot be made",
      { SEISMO_DIRECTORY: "/proc/nowhere" },
      /^seismo: recording stays off: .*\/proc\/nowhere.*\n$/,
    ],
  ])("when %s", async (_, env, line) => {
    const { cwd, code, stdout, stderr } = await run("nothing", { env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "2\n" });
    expect(stderr).toMatch(line);
    expect(filesIn(join(cwd, "_monitoring"))).toEqual([]);
  });

  test("when it is switched off, whatever else is wrong", async () => {
    const { cwd, stderr } = await run("nothing", { env: { SEISMO_ENABLED: "0", SEISMO_RUNTIM: "on" } });
    expect(stderr).toBe("");
    expect(filesIn(join(cwd, "_monitoring"))).toEqual([]);
  });

  test.each([
    ...["npm-cli.js", "npx-cli.js", "pnpm.cjs", "yarn.js", "yarn-4.5.0.cjs", "corepack.js"],
    ...["bin/tsx", "bin/nodemon.js", "bin/pm2", "bin/pm2-runtime", "pm2/lib/Daemon.js", "tsx/dist/cli.mjs"],
  ])("in what starts programs: %s", async (name) => {
    const cwd = scratch();
    const path = join(cwd, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "console.log(1)");
    const { code, stdout, stderr } = await runProgram(path, [], { cwd, flags: FLAGS });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "1\n", stderr: "" });
    expect(filesIn(join(cwd, "_monitoring"))).toEqual([]);
  });
});

describe("what code says comes first:", () => {
  test("start() with options begins anew, and requests go along", async () => {
    const { cwd, code, stdout, stderr } = await run("starts by itself", { env: { SEISMO_CAPACITY: "1000" } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ directory: join(cwd, "own"), capacity: 1_000 });
    expect(durationsIn(cwd)).toEqual({ work: 1 });
    expect(durationsIn(cwd, "own")).toEqual({ work: 1, "/once [GET]": 1 });
    expect(filesIn(join(cwd, "own"), "runtime")).toEqual([]);
  });

  test("start() without options is the recording under way; after stop() it is a new one", async () => {
    const { cwd, stdout, stderr } = await run("starts without options");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ directory: join(cwd, "_monitoring"), isSame: true });
    expect(durationsIn(cwd)).toEqual({ work: 1 });
    expect(durationsIn(cwd, "again")).toEqual({ work: 1 });
  });

  test("start() that throws leaves the recording under way as it is", async () => {
    const { cwd, code, stdout } = await run("starts wrongly");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "capacity must be an integer from 1 to 16777216, got 0\n" });
    expect(durationsIn(cwd)).toEqual({ work: 1 });
  });
});

test("given twice, by --import and by --require, it records once", async () => {
  const cwd = scratch();
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(join(import.meta.dirname, ".."), join(cwd, "node_modules/seismo"));
  const flags = ["--import", "seismo/preload", "--require", "seismo/preload", ...FLAGS];
  const { code } = await run("serves once", {
    cwd,
    flags,
    env: { NODE_OPTIONS: "--import=seismo/preload", NODE_NO_WARNINGS: "1" },
  });
  expect(code).toBe(0);
  expect(durationsIn(cwd)).toEqual({ "/once [GET]": 1 });
});

test("a process that is killed has left what it recorded, up to the last flush", async () => {
  const cwd = scratch();
  const program = startProgram("preloaded.js", ["is killed"], { cwd, flags: FLAGS });
  await program.line("recorded");
  await until(() => rowsSoFar(join(cwd, "_monitoring"), "duration").length > 0);
  program.process.kill("SIGKILL");
  await program.ended;
  expect(countByLabel(rowsSoFar(join(cwd, "_monitoring"), "duration"))).toEqual({ work: 1_000 });
});

test("the thread that writes comes up though the program blocks, once a chunk is full", async () => {
  const cwd = scratch();
  const program = startProgram("preloaded.js", ["is busy"], { cwd, flags: FLAGS, env: { SEISMO_CAPACITY: "10000" } });
  await program.line("recorded");
  await until(() => rowsSoFar(join(cwd, "_monitoring"), "duration").length === 200_000);
  program.process.kill("SIGKILL");
  await program.ended;
});

test("what is recorded does not depend on how the program is named", async () => {
  const cwd = scratch();
  const { code } = await runProgram(join(built, "preloaded.js"), ["observes"], { cwd, flags: FLAGS });
  expect(code).toBe(0);
  expect(countByLabel(rowsIn(join(cwd, "_monitoring"), "gauge"))).toEqual({ answer: 1 });
});

test("child processes write to the same directory, unless a file of their own says otherwise", async () => {
  const cwd = scratch();
  const below = join(cwd, "below");
  const own = join(cwd, "own");
  for (const folder of [below, own]) mkdirSync(folder);
  writeFileSync(join(own, "seismo.config.json"), '{ "directory": "logs" }');
  const env = { SEISMO_INHERITED_DIRECTORY: join(cwd, "_monitoring") };
  await run("nothing", { cwd: below, env });
  await run("nothing", { cwd: own, env });
  expect(durationsIn(cwd)).toEqual({ work: 1 });
  expect(durationsIn(own, "logs")).toEqual({ work: 1 });
});
