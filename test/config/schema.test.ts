/** The schema for editors and the checks of the program: what one refuses, the other refuses. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { loadConfig, type SeismoConfig, type SettingName } from "seismo/config";
import { describe, expect, test } from "vitest";
import { configSchemaFile } from "../../scripts/config-schema.js";

const text = readFileSync(join(import.meta.dirname, "../../schema/seismo.config.schema.json"), "utf8");
const accepts = new Ajv().compile(JSON.parse(text));

function isAccepted(config: object): boolean {
  try {
    loadConfig({ env: { SEISMO_CONFIG: "none" }, code: config as SeismoConfig });
    return true;
  } catch {
    return false;
  }
}

/** Every number the schema knows as a bound, and its neighbours, and all else that JSON has. */
const BOUNDS = [...text.matchAll(/"(?:minimum|maximum)": (\d+)/g)].map(([, bound]) => Number(bound));
const NUMBERS = [...new Set(BOUNDS.flatMap((bound) => [bound - 1, bound, bound + 1, bound + 0.5]))];
const TEXTS = [
  "",
  "a",
  "a b",
  "web",
  "profile",
  "minimal",
  "auto",
  "inspector",
  "v8-profiler-next",
  "1",
  "x".repeat(65),
];
const VALUES: unknown[] = [
  true,
  false,
  null,
  ...NUMBERS,
  -1,
  ...TEXTS,
  [],
  [1],
  [0],
  ["1"],
  [1, 2 ** 31],
  {},
  { x: 1 },
];

const SETTINGS = Object.keys(loadConfig({ env: { SEISMO_CONFIG: "none" } }).settings) as SettingName[];
const SAMPLERS = ["gc", "process", "memory", "eventLoop", "activity", "processTree"];
const OPTIONS = ["intervalMs", "spaces", "pids", "thresholdMs", "stack", "samplingIntervalUs", "rotateAgeMs", "engine"];

/** Both verdicts on these configurations, which must be the same; of each kind there are some. */
function expectAgreement(configs: readonly object[]): void {
  const verdicts = configs.map((config) => ({ config, schema: accepts(config), program: isAccepted(config) }));
  expect(verdicts.filter(({ schema, program }) => schema !== program)).toEqual([]);
  expect(new Set(verdicts.map(({ schema }) => schema)).size).toBe(2);
}

test("is made from the options: if not, npm run docs", () => {
  expect(text).toBe(configSchemaFile());
});

describe("agrees with the program", () => {
  test.each(SETTINGS)("on %s", (name) => {
    const options = [...SAMPLERS, ...OPTIONS, "prefix", "label"];
    const tuned = options.flatMap((option) => VALUES.map((value) => ({ [name]: { [option]: value } })));
    expectAgreement([...VALUES.map((value) => ({ [name]: value })), ...tuned]);
  });

  test.each(SAMPLERS)("on runtime.%s", (sampler) => {
    const tuned = OPTIONS.flatMap((option) => VALUES.map((value) => ({ runtime: { [sampler]: { [option]: value } } })));
    expectAgreement(tuned);
  });

  test("on signals, but for those that mean something else already", () => {
    expectAgreement(["SIGUSR2", "SIGUSR1", "sigusr2", "", "USR2"].map((signal) => ({ profiler: { signal } })));
  });

  test("on keys that are none", () => {
    expectAgreement([
      {},
      { clock: {} },
      { Capacity: 1 },
      { toString: 1 },
      { directory: "x", http: true, thread: false },
    ]);
  });
});
