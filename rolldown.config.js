/**
 * The package as it is shipped: a file for each door, and a few for what doors share. As sixty small modules it took Node
 * 30 ms to load.
 */

import { defineConfig } from "rolldown";

/** What recording needs, in one file, and what the preload needs besides, in another: each file takes half a millisecond. */
const CORE =
  /\/src\/(?:(?:errors|clock|notices|\w*-?options|monitor|ambient|index|runtime|watch)\.ts|(?:format|record|flush|samplers)\/|config\/(?:environment|settings|http-settings|nearest)|profile\/(?:cpu-profiler|\S*engine|blocked-stack))/;
const EDGE = /\/src\/(?:(?:http|config)\.ts|config\/|integrations\/(?!adapters\/))/;

const doors = [
  "index",
  "analysis",
  "config",
  "http",
  "preload",
  "thread",
  "cli",
  "express",
  "fastify",
  "koa",
  "hono",
  "nestjs",
];

/**
 * Imports from Node, by the function that is there for it. To import a name from "node:fs", Node looks at all its names,
 * and so loads streams, among others: some 3 ms for what we import.
 */
const builtins = {
  name: "builtins",
  resolveId(id, importer) {
    if (!id.startsWith("node:")) return undefined;
    // each file fetches its own, or what the command line needs would be fetched by all
    return { id: `\0${id} for ${importer}`, moduleSideEffects: false };
  },
  load(id) {
    const name = /^\0(node:\S+) for /.exec(id)?.[1];
    if (!name) return undefined;
    const names = Object.keys(process.getBuiltinModule(name)).filter((key) => /^[a-z_$][\w$]*$/i.test(key));
    return [
      `const builtin = /* @__PURE__ */ process.getBuiltinModule("${name}");`,
      "export default builtin;",
      ...names.map((key) => `export const ${key} = builtin.${key};`),
    ].join("\n");
  },
};

export default defineConfig({
  input: Object.fromEntries(doors.map((door) => [door, `src/${door}.ts`])),
  platform: "node",
  external: (id) => /^[^./\0]/.test(id) && !id.startsWith("node:"),
  plugins: [builtins],
  treeshake: { propertyReadSideEffects: false },
  output: {
    dir: "dist",
    format: "esm",
    chunkFileNames: "shared-[name].js",
    codeSplitting: {
      groups: [
        { name: "core", test: CORE, priority: 1 },
        { name: "edge", test: EDGE },
      ],
    },
    comments: false, // half of the text; but lines stay: Node prints the one that throws, and a stack names it
  },
});
