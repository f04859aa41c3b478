/** The house in order: who may import whom, as data. A room that is missing here is a room that nobody has thought of. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const src = join(import.meta.dirname, "../src");

const inner = ["errors", "clock", "notices", "runtime-options", "profiler-options", "options", "format", "record"];

/** Rooms and single files of `src`, and what each may import besides itself. */
const mayImport: Record<string, readonly string[]> = {
  errors: [],
  clock: [],
  notices: [],
  "runtime-options": ["errors"],
  "profiler-options": ["errors"],
  options: ["errors", "clock", "runtime-options", "profiler-options"],
  format: ["errors"],
  record: ["errors", "clock", "options", "format"],
  flush: ["errors", "clock", "notices", "options", "format", "record"],
  samplers: ["errors", "clock", "options", "format", "record"],
  profile: ["errors", "clock", "notices", "profiler-options", "options", "format", "record"],
  watch: ["errors", "clock", "format", "record", "flush", "samplers", "profile"],
  thread: ["flush", "watch"],
  runtime: ["clock", "notices", "options", "format", "record", "samplers", "watch"],
  monitor: [...inner, "flush", "samplers", "profile", "runtime", "watch"],
  ambient: ["errors", "notices", "options", "format", "record", "monitor", "config"],
  index: [...inner, "flush", "samplers", "profile", "monitor", "ambient"],
  analysis: ["errors", "format", "profile"],
  config: ["errors", "options", "format", "http"], // of which it takes types only
  integrations: ["errors", "notices", "index"],
  http: ["integrations"],
  express: ["integrations"],
  fastify: ["integrations"],
  koa: ["integrations"],
  hono: ["integrations"],
  nestjs: ["integrations"],
  preload: ["ambient", "errors", "notices", "http", "config"],
  cli: ["index", "analysis", "config"],
};
/** Packages from npm that may be imported, and where. */
const packages: Record<string, readonly string[]> = {
  "csv-stringify/sync": ["format"],
  pidusage: ["samplers"],
  "pprof-format": ["profile"],
  commander: ["cli"],
  "v8-profiler-next": ["profile"],
  fastify: ["integrations"],
  hono: ["integrations"],
  "@nestjs/common": ["integrations"],
};

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const roomOf = (file: string) => file.split("/")[0]!.replace(/\.ts$/, "");
const importsOf = (file: string) =>
  [
    ...readFileSync(join(src, file), "utf8").matchAll(
      /^(?:import|export)\b[^"';]*\bfrom "([^"]+)"|\brequire\("([^"]+)"\)|import\("([^"]+)"\)|\(import\.meta\.url\)\("([^"]+)"\)/gm,
    ),
  ]
    .map((match) => match.slice(1).find((name) => name !== undefined)!)
    .filter((name) => !name.startsWith("node:"));
/** Examples in comments import as users do; they are not imports of the file. */
const isExample = (name: string) => /^seismo(\/|$)/.test(name);

test("every file lives in a room the table knows", () => {
  expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(mayImport).sort());
});

test("imports point inwards", () => {
  const offending: string[] = [];
  let seen = 0;
  for (const file of files) {
    for (const name of importsOf(file)) {
      if (isExample(name)) continue;
      seen++;
      const room = roomOf(file);
      if (!name.startsWith(".")) {
        if (!packages[name]?.includes(room)) offending.push(`${file} → ${name}`);
        continue;
      }
      const target = roomOf(relative(src, join(src, dirname(file), name)).replace(/\.js$/, ".ts"));
      if (target !== room && !mayImport[room]?.includes(target)) offending.push(`${file} → ${name}`);
    }
  }
  expect(offending).toEqual([]);
  expect(seen).toBeGreaterThan(60); // the pattern above still finds imports
});

test("nothing is called utils, helpers, common or types", () => {
  expect(files.filter((file) => /(^|[/-])(utils?|helpers?|common|types|misc)\b/.test(file))).toEqual([]);
});

test("the exports map is the whole list of doors, and each is there with its types", () => {
  const { exports, bin } = JSON.parse(readFileSync(join(src, "../package.json"), "utf8"));
  const { "./package.json": _, ...doors } = exports as Record<string, Record<string, string>>;
  expect(Object.keys(doors)).toEqual([
    ".",
    "./analysis",
    "./config",
    "./http",
    ...["./express", "./fastify", "./koa", "./hono", "./nestjs"],
    "./preload",
  ]);
  for (const path of [...Object.values(doors).flatMap(Object.values), ...Object.values(bin)] as string[]) {
    expect(readFileSync(join(src, "..", path), "utf8").length).toBeGreaterThan(0);
  }
});
