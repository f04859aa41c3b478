/** The JSON schema of `seismo.config.json`, for editors. `test/config/schema.test.ts` holds it against the real checks. */

import type { SettingName } from "seismo/config";
import { commentOf } from "./option-comments.js";

export interface Schema {
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

const INTERVAL = [10, 3_600_000] as const;
const MOST_MS = 2 ** 31 - 1;

const boolean: Schema = { type: "boolean" };
const prefix: Schema = { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" };
const integer = (minimum: number, maximum: number): Schema => ({ type: "integer", minimum, maximum });

/** An object whose options are described by the comments of an interface. */
function object(file: string, owner: string, properties: Record<string, Schema>): Schema {
  const described = Object.entries(properties).map(([option, schema]) => [
    option,
    { description: descriptionOf(file, owner, option), ...schema },
  ]);
  return { type: "object", additionalProperties: false, properties: Object.fromEntries(described) };
}

function descriptionOf(file: string, owner: string, option: string): string {
  const { text, byDefault } = commentOf(file, owner, option);
  return [text, byDefault && `Default: ${byDefault}.`].filter(Boolean).join(" ").replaceAll("`", "");
}

/** On, off, or tuned. */
const switched = (options: Schema): Schema => ({ anyOf: [boolean, options] });

const RUNTIME = "runtime-options.ts";
const PROFILER = "profiler-options.ts";
const HTTP = "config/http-settings.ts";

const intervalMs = integer(...INTERVAL);
const sampler = (own: Record<string, Schema> = {}, owner = "SamplerOptions") =>
  switched(object(RUNTIME, owner, { intervalMs, ...own }));

const SHAPES: Record<SettingName, Schema> = {
  enabled: boolean,
  preset: { enum: ["web", "profile", "minimal"] },
  http: switched(object(HTTP, "HttpSettings", { prefix })),
  client: switched(object(HTTP, "ClientSettings", { prefix })),
  directory: { type: "string", minLength: 1 },
  runtime: switched(
    object(RUNTIME, "RuntimeOptions", {
      gc: sampler(),
      process: sampler(),
      memory: sampler({ spaces: boolean }, "MemoryOptions"),
      eventLoop: sampler(),
      activity: sampler(),
      processTree: sampler({ pids: { type: "array", items: integer(1, 2 ** 31 - 1) } }, "ProcessTreeOptions"),
    }),
  ),
  sampleIntervalMs: integer(...INTERVAL),
  stalls: switched(object(RUNTIME, "StallOptions", { thresholdMs: integer(...INTERVAL), stack: boolean })),
  profiler: switched(
    object(PROFILER, "ProfilerOptions", {
      samplingIntervalUs: integer(50, 1_000_000),
      rotateAgeMs: integer(100, 3_600_000),
      engine: { enum: ["auto", "inspector", "v8-profiler-next"] },
      signal: { type: "string", pattern: "^SIG[A-Z0-9]+$", examples: ["SIGUSR2"] },
    }),
  ),
  flushIntervalMs: integer(...INTERVAL),
  capacity: integer(1, 2 ** 24),
  maxBytes: integer(1, 2 ** 36),
  maxLabels: integer(1, 1_000_000),
  rotateBytes: integer(1, 2 ** 40),
  rotateAgeMs: integer(1, MOST_MS),
  signals: boolean,
  thread: boolean,
};

const OWN: readonly string[] = ["enabled", "preset", "http", "client"];

/** What a setting may be, without what its comment says. */
export function shapeOf(name: SettingName): Schema {
  return SHAPES[name];
}

/** Where the comment of a setting is. */
export function ownerOf(name: SettingName): readonly [file: string, owner: string] {
  return OWN.includes(name) ? ["config/settings.ts", "SeismoConfig"] : ["options.ts", "MonitorOptions"];
}

export function configSchema(): Schema {
  const names = Object.keys(SHAPES) as SettingName[];
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Seismo's configuration file",
    type: "object",
    additionalProperties: false,
    properties: {
      $schema: { type: "string" },
      ...Object.fromEntries(
        names.map((name) => [name, { description: descriptionOf(...ownerOf(name), name), ...shapeOf(name) }]),
      ),
    },
  };
}

export function configSchemaFile(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}
