/** Which value counts, where it is said to come from, and what `start()` is given. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, type SeismoConfig, startOptions } from "seismo/config";
import { describe, expect, test } from "vitest";
import { scratch } from "../lib/scratch.js";

/** A folder with this configuration. */
function folder(config: object): { readonly cwd: string; readonly file: string } {
  const cwd = scratch();
  const file = join(cwd, "seismo.config.json");
  writeFileSync(file, JSON.stringify(config));
  return { cwd, file };
}

describe("code, environment, file, preset, default", () => {
  const config = { preset: "profile", http: false, maxLabels: 3, capacity: 3, runtime: { gc: false } };
  const env = { SEISMO_MAX_LABELS: "2", SEISMO_CAPACITY: "2", SEISMO_RUNTIME: '{"memory":{"spaces":true}}' };
  const code: SeismoConfig = { capacity: 1, signals: undefined };

  test.each([
    ["capacity", 1, "code"],
    ["maxLabels", 2, "environment SEISMO_MAX_LABELS"],
    ["http", false, "file FILE"],
    ["preset", "profile", "file FILE"],
    ["profiler", true, "preset profile"],
    ["stalls", true, "default"],
    ["signals", true, "default"],
  ] as const)("%s", (name, value, origin) => {
    const { cwd, file } = folder(config);
    const { settings, origins } = loadConfig({ cwd, env, code });
    expect([settings[name], origins[name]]).toEqual([value, origin.replace("FILE", file)]);
  });

  test("an object replaces another whole", () => {
    const { cwd } = folder(config);
    expect(loadConfig({ cwd, env }).settings.runtime).toEqual({ memory: { spaces: true } });
  });
});

test.each([
  ["web", { http: true, client: false, runtime: true, profiler: false, stalls: true }],
  ["profile", { http: true, client: false, runtime: true, profiler: true, stalls: true }],
  ["minimal", { http: true, client: false, runtime: false, profiler: false, stalls: false }],
])("the preset %s", (preset, expected) => {
  const { settings } = loadConfig({ env: { SEISMO_CONFIG: "none", SEISMO_PRESET: preset } });
  expect(settings).toMatchObject(expected);
});

test("the preset is web unless another is asked for", () => {
  const load = (env: object) => loadConfig({ env: { SEISMO_CONFIG: "none", ...env } }).settings;
  expect(load({})).toEqual(load({ SEISMO_PRESET: "web" }));
});

test("a preset gives way to everything that is set", () => {
  const { cwd } = folder({ runtime: false });
  const { settings } = loadConfig({ cwd, env: { SEISMO_PRESET: "profile", SEISMO_PROFILER: "off" } });
  expect(settings).toMatchObject({ runtime: false, profiler: false, http: true });
});

test("a relative directory begins where the file is, or else at the working directory", () => {
  const { cwd } = folder({ directory: "recordings" });
  const below = join(cwd, "packages/api");
  mkdirSync(below, { recursive: true });
  const directory = (env: Record<string, string>) => loadConfig({ cwd: below, env }).settings.directory;
  expect(directory({})).toBe(join(cwd, "recordings"));
  expect(directory({ SEISMO_DIRECTORY: "recordings" })).toBe(join(below, "recordings"));
  expect(directory({ SEISMO_DIRECTORY: "/var/tmp/x" })).toBe("/var/tmp/x");
  expect(directory({ SEISMO_CONFIG: "none" })).toBe(join(below, "_monitoring"));
});

describe("startOptions()", () => {
  const load = (env: Record<string, string>) => loadConfig({ env: { SEISMO_CONFIG: "none", ...env } });

  test("are what is set, and nothing that start() does not know or would have by itself", () => {
    expect(startOptions(load({}))).toEqual({ runtime: true });
    expect(startOptions(load({ SEISMO_PRESET: "minimal", SEISMO_CLIENT: "on" }))).toEqual({});
    expect(startOptions(load({ SEISMO_ENABLED: "no", SEISMO_THREAD: "no" }))).toEqual({ runtime: true, thread: false });
  });

  test("have what code says before that, where it says something", () => {
    const config = load({ SEISMO_CAPACITY: "9", SEISMO_THREAD: "no" });
    const code = { runtime: false, capacity: undefined, thread: true };
    expect(startOptions(config, code)).toEqual({ runtime: false, capacity: 9, thread: true });
  });
});

test("loadConfig refuses what it does not know", () => {
  expect(() => loadConfig({ environment: {} } as object)).toThrow(
    "an option of loadConfig() must be one of cwd, env, code",
  );
  expect(() => loadConfig({ code: { capacty: 1 } as SeismoConfig })).toThrow('a setting must be spelt "capacity"');
  expect(() => loadConfig("." as never)).toThrow("the argument of loadConfig() must be an object");
});
