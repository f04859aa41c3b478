/** The monitor's CPU profiler: its files are there however the process ends, whole, and in the place of no other. */

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseProfile } from "seismo/analysis";
import { describe, expect, test } from "vitest";
import { runProgram, startProgram } from "../lib/program.js";
import { rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";
import { type Turns, turnsBetween } from "./turns.js";

const profilesIn = (cwd: string) => readdirSync(join(cwd, "m")).filter((name) => name.startsWith("profiler."));
const durationMs = (cwd: string, name: string) => {
  const { startTime, endTime } = JSON.parse(readFileSync(join(cwd, "m", name), "utf8"));
  return (endTime - startTime) / 1_000;
};
const functionsOf = (cwd: string, name: string) =>
  JSON.parse(readFileSync(join(cwd, "m", name), "utf8")).nodes.map(
    ({ callFrame }: { callFrame: { functionName: string } }) => callFrame.functionName,
  );

describe.each([
  ["stopped monitor", 0],
  ["normal end", 0],
  ["process.exit", 0],
  ["uncaught error", 1],
  ["without a thread", 0],
])("at a %s", (way, code) => {
  test("there is one whole profile, of what the program did", async () => {
    const cwd = scratch();
    const program = startProgram("profiled.js", [way], { cwd });
    expect((await program.ended).code).toBe(code);
    expect(readdirSync(join(cwd, "m"))).toEqual([`profiler.${program.pid}.data`]);
    expect(functionsOf(cwd, `profiler.${program.pid}.data`)).toContain("work");
  });
});

test("SIGTERM ends the process as it would have, and the profile is there", async () => {
  const cwd = scratch();
  const program = startProgram("profiled.js", ["SIGTERM"], { cwd });
  await program.line('"ready"');
  program.process.kill("SIGTERM");
  expect(await program.ended).toMatchObject({ signal: "SIGTERM", stderr: "" });
  expect(functionsOf(cwd, `profiler.${program.pid}.data`)).toContain("work");
});

test("SIGKILL leaves no part of a profile", async () => {
  const cwd = scratch();
  const program = startProgram("profiled.js", ["SIGTERM"], { cwd });
  await program.line('"ready"');
  program.process.kill("SIGKILL");
  await program.ended;
  expect(readdirSync(cwd)).toEqual(["m"]);
  expect(profilesIn(cwd)).toEqual([]);
});

test("while running: begun, ended, one at a time, each to a file of its own", async () => {
  const cwd = scratch();
  const program = startProgram("profiled.js", ["while running"], { cwd });
  const { stdout, stderr } = await program.ended;
  const path = (n: string) => join(cwd, "m", `profiler.${program.pid}${n}.data`);
  const running = { code: "ERR_SEISMO_PROFILER", message: "a CPU profile is running already: one at a time" };
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    "stop before start": { code: "ERR_SEISMO_PROFILER", message: "no CPU profile is running" },
    "start again": running,
    "profile meanwhile": running,
    stop: [path("")],
    profile: [path(".2")],
  });
  expect(profilesIn(cwd)).toHaveLength(2);
});

test("an earlier file is never written over, not even one of another's making", async () => {
  const cwd = scratch();
  mkdirSync(join(cwd, "m"));
  const program = startProgram("profiled.js", ["on a signal"], { cwd });
  await program.line('"ready"');
  const taken = [`profiler.${program.pid}.data`, `profiler.${program.pid}.2.data`];
  for (const name of taken) writeFileSync(join(cwd, "m", name), "somebody's");
  program.process.kill("SIGUSR2"); // begins a profile, which the end of the process ends
  await program.line('"heard"');
  program.process.stdin!.write("end\n");
  await program.ended;
  for (const name of taken) expect(readFileSync(join(cwd, "m", name), "utf8")).toBe("somebody's");
  expect(profilesIn(cwd).sort()).toEqual([...taken, `profiler.${program.pid}.3.data`].sort());
  expect(functionsOf(cwd, `profiler.${program.pid}.3.data`)).toContain("(root)");
});

test("a long profile is several, which adjoin", async () => {
  const cwd = scratch();
  const { stdout } = await runProgram("profiled.js", ["rotating"], { cwd });
  const spans = profilesIn(cwd)
    .map((name) => JSON.parse(readFileSync(join(cwd, "m", name), "utf8")) as { startTime: number; endTime: number })
    .sort((a, b) => a.startTime - b.startTime);
  expect(spans.length).toBeGreaterThan(2);
  expect(turnsBetween(spans, JSON.parse(stdout) as Turns)).toBe(0); // the next is begun in the same turn
});

test("threads of a process profile side by side", async () => {
  const cwd = scratch();
  const program = startProgram("profiled.js", ["worker"], { cwd });
  expect(await program.ended).toMatchObject({ code: 0, stderr: "" });
  expect(profilesIn(cwd).sort()).toEqual([`profiler.${program.pid}.2.data`, `profiler.${program.pid}.data`]);
});

test("ten processes at once each have theirs", async () => {
  const cwd = scratch();
  const programs = Array.from({ length: 10 }, () => startProgram("profiled.js", ["process.exit"], { cwd }));
  await Promise.all(programs.map(({ ended }) => ended));
  expect(readdirSync(join(cwd, "m")).sort()).toEqual(programs.map(({ pid }) => `profiler.${pid}.data`).sort());
  for (const { pid } of programs) expect(durationMs(cwd, `profiler.${pid}.data`)).toBeGreaterThan(10);
});

test("an engine that cannot be had is said at start(), thrown by the call, and recording goes on", async () => {
  const cwd = scratch();
  const { stdout, code } = await runProgram("profiled.js", ["engine missing"], { cwd });
  const message = expect.stringContaining("v8-profiler-next");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    written: 1,
    call: { code: "ERR_SEISMO_PROFILER", message },
    heard: ["ERR_SEISMO_PROFILER"],
  });
  expect(rowsIn(join(cwd, "m"), "jobs")).toHaveLength(1);
});

test("a disk that is full is told by the call, after some attempts, and leaves nothing; later profiles are written", async () => {
  const cwd = scratch();
  const program = startProgram("profiled.js", ["full disk"], { cwd });
  await program.line('"ready"');
  execFileSync("prlimit", ["--pid", String(program.pid), "--fsize=10:"]);
  program.process.stdin!.write("go on\n");
  const { profile, heard } = JSON.parse(await program.line(/"heard"/));
  expect(profile).toMatchObject({ code: "ERR_SEISMO_PROFILER", message: expect.stringContaining("EFBIG") });
  expect(heard).toEqual(["EFBIG", "EFBIG"]); // once for the profile, once for the samples that count such errors
  expect(profilesIn(cwd)).toEqual([]);
  execFileSync("prlimit", ["--pid", String(program.pid), "--fsize=unlimited:"]);
  program.process.stdin!.write("go on\n");
  expect((await program.ended).code).toBe(0);
  expect(profilesIn(cwd)).toEqual([`profiler.${program.pid}.data`]);
  const errors = rowsIn(join(cwd, "m"), "runtime").filter(({ label }) => label === "seismo write errors");
  expect(errors.at(-1)!.measurement).toBeGreaterThanOrEqual(6);
});

test("what is written is what `seismo/analysis` reads", async () => {
  const cwd = scratch();
  const program = startProgram("profiled.js", ["stopped monitor"], { cwd });
  await program.ended;
  const text = readFileSync(join(cwd, "m", `profiler.${program.pid}.data`), "utf8");
  expect(parseProfile(text)).toBeDefined();
});
