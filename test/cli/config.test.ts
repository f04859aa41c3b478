/** `seismo config`, run as users run it. How files are found and read is in `test/config/file.test.ts`. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runProgram } from "../lib/program.js";
import { scratch } from "../lib/scratch.js";

const cli = join(import.meta.dirname, "../../dist/cli.js");
const env = { SEISMO_CONFIG: "none" };
const config = (cwd: string, args: readonly string[] = [], more: NodeJS.ProcessEnv = {}) =>
  runProgram(cli, ["config", ...args], { cwd, env: { ...env, ...more } });

test("prints every setting, its value and where that comes from, aligned", async () => {
  const cwd = scratch();
  const file = join(cwd, "own.json");
  writeFileSync(file, JSON.stringify({ preset: "profile", runtime: { gc: false }, directory: "out" }));
  const { code, stdout, stderr } = await config(cwd, [], { SEISMO_CONFIG: file, SEISMO_FLUSH_INTERVAL_MS: "50" });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [title, head, ...rows] = stdout.trimEnd().split("\n");
  expect(title).toBe(file);
  const columns = ["setting", "value", "from"].map((name) => head!.indexOf(name));
  const cells = rows.map((row) => columns.map((from, i) => row.slice(from, columns[i + 1]).trimEnd()));
  expect(cells).toEqual([
    ["enabled", "true", "default"],
    ["preset", '"profile"', `file ${file}`],
    ["http", "true", "preset profile"],
    ["client", "false", "default"],
    ["directory", JSON.stringify(join(cwd, "out")), `file ${file}`],
    ["runtime", '{"gc":false}', `file ${file}`],
    ["sampleIntervalMs", "1000", "default"],
    ["stalls", "true", "default"],
    ["profiler", "true", "preset profile"],
    ["flushIntervalMs", "50", "environment SEISMO_FLUSH_INTERVAL_MS"],
    ["capacity", "65536", "default"],
    ["maxBytes", "33554432", "default"],
    ["maxLabels", "10000", "default"],
    ["rotateBytes", "16777216", "default"],
    ["rotateAgeMs", "60000", "default"],
    ["signals", "true", "default"],
    ["thread", "true", "default"],
  ]);
  expect(rows.every((row) => row.slice(columns[1]! - 2, columns[1]).trim() === "")).toBe(true);
});

test("says so if there is no file", async () => {
  expect((await config(scratch())).stdout.split("\n")[0]).toBe("no configuration file");
});

test("prints the same as JSON", async () => {
  const { code, stdout } = await config(scratch(), ["--json"], { SEISMO_STALLS: '{"stack":true}' });
  expect(code).toBe(0);
  const { file, settings } = JSON.parse(stdout);
  expect(file).toBe(null);
  expect(settings.stalls).toEqual({ value: { stack: true }, origin: "environment SEISMO_STALLS" });
  expect(settings.runtime).toEqual({ value: true, origin: "preset web" });
  expect(Object.keys(settings)).toHaveLength(17);
});

test("fails for a setting that cannot be used, and says which", async () => {
  expect(await config(scratch(), [], { SEISMO_CAPACITY: "0" })).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "error: SEISMO_CAPACITY: capacity must be an integer from 1 to 16777216, got 0\n",
  });
});

test.each([[["--yaml"]], [["x"]]])("takes nothing else: %j", async (args) => {
  const { code, stdout, stderr } = await config(scratch(), args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^error: .* \(see seismo config --help\)\n$/);
});

test("is told of by seismo --help", async () => {
  const { code, stdout } = await runProgram(cli, ["--help"], { cwd: scratch() });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ {2}config .*settings in effect/m);
  expect(stdout).toContain("or a setting cannot be used");
});
