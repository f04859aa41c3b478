/** The environment: every setting has a variable, which is read strictly or refused by name. */

import { type MonitorOptions, start } from "seismo";
import { loadConfig, type SettingName, variableOf } from "seismo/config";
import { describe, expect, test, vi } from "vitest";
import { scratch } from "../lib/scratch.js";

const load = (env: Record<string, string | undefined>) => loadConfig({ env: { SEISMO_CONFIG: "none", ...env } });

/** Of each setting: a text and what it comes to, one that cannot be read, and one that is out of bounds. */
const TEXTS: Record<SettingName, readonly [good: string, value: unknown, ...bad: string[]]> = {
  enabled: ["off", false, "2", "{}"],
  preset: ["minimal", "minimal", "Web", "none"],
  http: ['{"prefix":"requests"}', { prefix: "requests" }, '{"prefix":"a/b"}', '{"prefix":', "web", "null"],
  client: ["on", true, '{"prefixx":"a"}', '{"label":"x"}'],
  directory: [" a b ", `${process.cwd()}/ a b `],
  runtime: ['{"gc":false}', { gc: false }, '{"gcs":false}', "[]", "1.0"],
  sampleIntervalMs: ["250", 250, "9", "250ms", "1e3", "0x10", "-"],
  stalls: ['{"stack":true}', { stack: true }, '{"thresholdMs":"50"}', "100"],
  profiler: ['{"signal":"SIGUSR2"}', { signal: "SIGUSR2" }, '{"signal":"SIGTERM"}', "inspector"],
  flushIntervalMs: [" 50 ", 50, "5", "50.5", "fast"],
  capacity: ["1024", 1024, "0", "1_024"],
  maxBytes: ["1000000", 1_000_000, "-1", "32 MiB"],
  maxLabels: ["5", 5, "1000001"],
  rotateBytes: ["99999999999", 99_999_999_999, "0", "9999999999999999999999"],
  rotateAgeMs: ["1", 1, "2147483648"],
  signals: ["No", false, "never", "[]"],
  thread: ["1", true, "11"],
};

describe.each(Object.entries(TEXTS))("%s", (name, [good, value, ...bad]) => {
  const variable = variableOf(name as SettingName);

  test(`is set by ${variable}`, () => {
    const { settings, origins } = load({ [variable]: good });
    expect(settings[name as SettingName]).toEqual(value);
    expect(origins[name as SettingName]).toBe(`environment ${variable}`);
  });

  test("refuses what it cannot be, by the variable's name, with what was expected and given", () => {
    for (const text of bad) {
      const given = /^\s*\d+$/.test(text) ? text.trim() : text.slice(0, 5);
      expect(() => load({ [variable]: text }), text).toThrow(
        expect.objectContaining({
          code: "ERR_SEISMO_CONFIG",
          where: variable,
          message: expect.stringMatching(new RegExp(`^${variable}: .*must be .*, got .*`)),
        }),
      );
      if (!text.startsWith("{")) expect(() => load({ [variable]: text })).toThrow(given);
    }
  });

  test("is not set by an empty variable", () => {
    expect(load({ [variable]: "" })).toEqual(load({}));
  });
});

test("every option of start() but the clock is a setting, with the same default", async () => {
  const monitor = start({ directory: scratch(), thread: false });
  await monitor.stop();
  const { clock, runtime, stalls, profiler, directory, ...plain } = monitor.options;
  const { settings } = load({ SEISMO_PRESET: "minimal" });
  expect(settings).toMatchObject({ ...plain, thread: true, runtime: false, stalls: false, profiler: false });
  const own = ["enabled", "preset", "http", "client"];
  const options = Object.keys(monitor.options).filter((name) => name !== "clock");
  expect(Object.keys(settings).sort()).toEqual([...own, ...options].sort());
});

test.each([
  ["true", true],
  ["TRUE", true],
  ["1", true],
  ["on", true],
  ["Yes", true],
  ["false", false],
  ["0", false],
  ["OFF", false],
  ["no", false],
  ["true ", true],
])("%j is %j", (text, value) => {
  expect(load({ SEISMO_SIGNALS: text }).settings.signals).toBe(value);
  expect(load({ SEISMO_RUNTIME: text }).settings.runtime).toBe(value);
});

test.each([
  ["SEISMO_RUNTIM", "SEISMO_RUNTIME"],
  ["SEISMO_DIR", undefined],
  ["SEISMO_FLUSH_INTERVALL_MS", "SEISMO_FLUSH_INTERVAL_MS"],
  ["SEISMO_FLUSHINTERVALMS", "SEISMO_FLUSH_INTERVAL_MS"],
  ["SEISMO_PRESTE", "SEISMO_PRESET"],
  ["SEISMO_CONFG", "SEISMO_CONFIG"],
  ["SEISMO_runtime", "SEISMO_RUNTIME"],
  ["SEISMO_", undefined],
])("%s is refused, and %s is what was meant", (name, meant) => {
  const expected = meant
    ? `${name}: is no setting; did you mean ${meant}?`
    : `${name}: is no setting; there are SEISMO_`;
  expect(() => load({ [name]: "x" })).toThrow(expected);
  expect(() => load({ [name]: "" })).not.toThrow();
});

test("variables of others are not looked at", () => {
  expect(load({ SEISMOGRAPH: "x", XSEISMO_RUNTIM: "x", seismo: "x" })).toEqual(load({}));
});

test("what Kubernetes and Docker set for a service called seismo is no misspelling", () => {
  const links = {
    SEISMO_SERVICE_HOST: "10.0.0.11",
    SEISMO_SERVICE_PORT: "80",
    SEISMO_SERVICE_PORT_HTTP: "80",
    SEISMO_PORT: "tcp://10.0.0.11:80",
    SEISMO_PORT_80_TCP: "tcp://10.0.0.11:80",
    SEISMO_PORT_80_TCP_PROTO: "tcp",
    SEISMO_PORT_80_TCP_PORT: "80",
    SEISMO_PORT_80_TCP_ADDR: "10.0.0.11",
    SEISMO_VIEW_SERVICE_HOST: "10.0.0.12",
  };
  expect(load(links)).toEqual(load({}));
});

test("variableOf refuses what is no setting", () => {
  expect(() => variableOf("flushIntervalMS" as SettingName)).toThrow('a setting must be spelt "flushIntervalMs"');
  expect(() => variableOf("clock" as SettingName)).toThrow("a setting must be one of enabled, preset, http");
});

describe("of start()", () => {
  const optionsOf = async (env: Record<string, string>, options: MonitorOptions = {}) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    try {
      const monitor = start({ directory: scratch(), thread: false, ...options });
      await monitor.stop();
      return monitor.options;
    } finally {
      vi.unstubAllEnvs();
    }
  };

  test("options are those set, and of a preset that is asked for", async () => {
    const plain = await optionsOf({});
    expect(plain).toMatchObject({ runtime: {}, capacity: 65_536 });
    expect({ ...(await optionsOf({ SEISMO_CONFIG: "nowhere.json", SEISMO_HTTP: "off" })), directory: "" }).toEqual({
      ...plain,
      directory: "",
    });
    const env = { SEISMO_PRESET: "profile", SEISMO_RUNTIME: "off", SEISMO_CAPACITY: "100" };
    const { runtime, capacity, profiler } = await optionsOf(env);
    expect({ runtime, capacity, atStart: profiler.atStart }).toEqual({
      runtime: plain.runtime,
      capacity: 100,
      atStart: true,
    });
    await expect(optionsOf({ SEISMO_CAPACTY: "1" })).rejects.toThrow("did you mean SEISMO_CAPACITY?");
  });

  test("options given in code go before them, where they are given", async () => {
    const env = { SEISMO_CAPACITY: "1", SEISMO_MAX_LABELS: "2" };
    const { capacity, maxLabels } = await optionsOf(env, { capacity: undefined, maxLabels: 3 });
    expect({ capacity, maxLabels }).toEqual({ capacity: 1, maxLabels: 3 });
  });
});
