/** The configuration file, as `seismo config` finds and reads it: a process of its own, as the preload's is. */

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { runProgram } from "../lib/program.js";
import { scratch } from "../lib/scratch.js";

const root = join(import.meta.dirname, "../..");
const cli = join(root, "dist/cli.js");
const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript);

/** A folder with these files, and the package among its modules. */
function folder(files: Record<string, string>): string {
  const path = scratch();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  mkdirSync(join(path, "node_modules"));
  symlinkSync(root, join(path, "node_modules/seismo"));
  return path;
}

async function config(cwd: string, env: NodeJS.ProcessEnv = {}, flags: readonly string[] = []) {
  const { code, stdout, stderr } = await runProgram(cli, ["config", "--json"], { cwd, env, flags });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { file, settings } = JSON.parse(stdout);
  return { file, capacity: settings.capacity.value, label: settings.http.value.label };
}

async function complaint(cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(cli, ["config"], { cwd, env });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  return stderr.replaceAll(cwd, "");
}

describe("is read", () => {
  const esm = "export default { capacity: 7 };";
  const typed = "const capacity: number = 7; export default { capacity };";
  const module = JSON.stringify({ type: "module" });
  test.each<[name: string, text: string, others?: Record<string, string>]>([
    ["seismo.config.json", '{ "$schema": "./schema.json", "capacity": 7 }'],
    ["seismo.config.json", '\ufeff{ "capacity": 7 }'],
    ["seismo.config.mjs", esm],
    [
      "seismo.config.mjs",
      'import { defineConfig } from "seismo/config"; export default defineConfig({ capacity: 7 });',
    ],
    ["seismo.config.js", esm, { "package.json": module }],
    ["seismo.config.js", "module.exports = { capacity: 7 };"],
    ["seismo.config.cjs", "module.exports = { capacity: 7 };", { "package.json": module }],
    ["seismo.config.cjs", "exports.__esModule = true; exports.default = { capacity: 7 };"],
    ...(stripsTypes
      ? [["seismo.config.ts", typed, { "package.json": module }] as [string, string, Record<string, string>]]
      : []),
  ])("%s: %s", async (name, text, others = {}) => {
    const cwd = folder({ [name]: text, ...others });
    expect(await config(cwd)).toMatchObject({ file: join(cwd, name), capacity: 7 });
  });

  test("in TypeScript, with tsx", async () => {
    const cwd = folder({ "seismo.config.ts": typed, "package.json": module });
    const tsx = import.meta.resolve("tsx");
    expect(await config(cwd, {}, ["--import", tsx])).toMatchObject({ capacity: 7 });
  });

  test("with a function in it", async () => {
    const cwd = folder({ "seismo.config.mjs": 'export default { http: { label: () => "all" } };' });
    expect((await config(cwd)).label).toBe("[function]");
  });

  test("by a program that requires the door", async () => {
    const cwd = folder({
      "seismo.config.mjs": esm,
      "app.cjs": 'console.log(require("seismo/config").loadConfig().settings.capacity);',
    });
    const { stdout, stderr } = await runProgram(join(cwd, "app.cjs"), [], { cwd });
    expect({ stdout, stderr }).toEqual({ stdout: "7\n", stderr: "" });
  });
});

describe("is found", () => {
  const json = '{ "capacity": 7 }';

  test("in the nearest directory above", async () => {
    const cwd = folder({ "seismo.config.json": json, "a/seismo.config.mjs": "export default {};", "a/b/c/x": "" });
    expect(await config(join(cwd, "a/b/c"))).toMatchObject({
      file: join(cwd, "a/seismo.config.mjs"),
      capacity: 65_536,
    });
  });

  test("not beyond a repository, but in it", async () => {
    const cwd = folder({ "seismo.config.json": json, "app/.git": "gitdir: elsewhere", "app/src/x": "" });
    expect(await config(join(cwd, "app/src"))).toMatchObject({ file: null, capacity: 65_536 });
    writeFileSync(join(cwd, "app/seismo.config.json"), "{}");
    expect((await config(join(cwd, "app/src"))).file).toBe(join(cwd, "app/seismo.config.json"));
  });

  test("not beyond the home directory", async () => {
    const cwd = folder({ "seismo.config.json": json, "home/app/x": "" });
    expect((await config(join(cwd, "home/app"), { HOME: join(cwd, "home") })).file).toBe(null);
    expect((await config(join(cwd, "home/app"))).file).toBe(join(cwd, "seismo.config.json"));
  });

  test("by the name that SEISMO_CONFIG says, none by none", async () => {
    const cwd = folder({ "seismo.config.json": json, "conf/other.json": '{ "capacity": 8 }' });
    expect(await config(cwd, { SEISMO_CONFIG: "conf/other.json" })).toMatchObject({ capacity: 8 });
    expect(await config(cwd, { SEISMO_CONFIG: "" })).toMatchObject({ capacity: 7 });
    expect(await config(cwd, { SEISMO_CONFIG: "none" })).toMatchObject({ capacity: 65_536, file: null });
  });

  test("only if it is a file", async () => {
    const cwd = folder({ "seismo.config.json": json, "a/seismo.config.js/x": "" });
    expect((await config(join(cwd, "a"))).file).toBe(join(cwd, "seismo.config.json"));
  });
});

describe("is refused", () => {
  test.each([
    ["json", "{", "cannot be read as JSON: "],
    ["json", "[]", "the configuration must be a plain object, got []"],
    ["json", "null", "the configuration must be a plain object, got null"],
    ["json", '{ "flushInterval": 5 }', "a setting must be spelt \"flushIntervalMs\", got 'flushInterval'"],
    ["json", '{ "clock": {} }', "a setting must be one of enabled, preset, http, client, directory, "],
    ["json", '{ "flushIntervalMs": 5 }', "flushIntervalMs must be an integer from 10 to 3600000, got 5"],
    ["json", '{ "capacity": "7" }', "capacity must be an integer from 1 to 16777216, got '7'"],
    ["json", '{ "enabled": null }', "enabled must be true or false, got null"],
    ["json", '{ "preset": "toString" }', "preset must be one of web, profile, minimal, got 'toString'"],
    ["json", '{ "runtime": { "GC": true } }', "an option of runtime must be spelt \"gc\", got 'GC'"],
    ["json", '{ "http": { "prefix": "a.b" } }', "http.prefix must be 1 to 64 letters, digits, - or _, got 'a.b'"],
    ["json", '{ "http": { "label": "x" } }', "http.label must be a function, which only files of JavaScript"],
    ["mjs", "export const config = {};", "has no default export: write export default { … }"],
    ["mjs", "export default () => ({});", "the configuration must be a plain object, got [Function: default]"],
    [
      "mjs",
      "export default Promise.resolve({ capacity: 1 });",
      "the configuration must be a plain object, got Promise",
    ],
    ["mjs", "await 1; export default {};", "cannot be read, as it has, or imports, a top-level await"],
    ["mjs", 'import "nowhere"; export default {};', "cannot be read: Error: Cannot find package 'nowhere'"],
    ["mjs", "throw new RangeError('mine');", "cannot be read: RangeError: mine"],
    ["cjs", "module.exports = {", "cannot be read: SyntaxError: "],
  ])("seismo.config.%s: %s", async (type, text, reason) => {
    const name = `seismo.config.${type}`;
    expect(await complaint(folder({ [name]: text }))).toContain(`error: /${name}: ${reason}`);
  });

  test("in one line", async () => {
    const cwd = folder({ "seismo.config.json": '{ "flushIntervalMs": 5 }' });
    expect(await complaint(cwd)).toMatch(/^error: .*\n$/);
  });

  test("if there are two side by side, unless one is named", async () => {
    const cwd = folder({ "seismo.config.json": "{}", "seismo.config.ts": "", "seismo.config.cjs": "" });
    expect(await complaint(cwd)).toBe(
      "error: /seismo.config.json: /seismo.config.ts is there too: keep one, or name it in SEISMO_CONFIG\n",
    );
    expect((await config(cwd, { SEISMO_CONFIG: "seismo.config.json" })).file).toBe(join(cwd, "seismo.config.json"));
  });

  test("if SEISMO_CONFIG names none", async () => {
    const cwd = folder({});
    for (const name of ["missing.json", "."]) {
      expect(await complaint(cwd, { SEISMO_CONFIG: name })).toBe(
        `error: SEISMO_CONFIG: must be a file, or "none", got '${name}'\n`,
      );
    }
  });

  test("if it cannot be read", async () => {
    const cwd = folder({});
    symlinkSync("/proc/self/mem", join(cwd, "seismo.config.json")); // a file, and root may not read its beginning either
    expect(await complaint(cwd)).toMatch(/seismo\.config\.json: cannot be read.* EIO/);
  });

  test.skipIf(stripsTypes)("in TypeScript, where nothing reads that, with the ways out", async () => {
    const reason = await complaint(folder({ "seismo.config.ts": "export default {};" }));
    expect(reason).toContain("/seismo.config.ts: cannot be read, as Node ");
    for (const way of ["Node 22.18", "--import tsx", "seismo.config.mjs"]) expect(reason).toContain(way);
  });
});
