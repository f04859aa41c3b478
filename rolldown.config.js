/**
 * The package as it is shipped: a file for each door, and a few for what doors share. As sixty small modules it took Node
 * 30 ms to load.
 */

import { builtinModules } from "node:module";
import { defineConfig } from "rolldown";

/** What recording needs, in one file; what only reads files, or only reads settings, is elsewhere. */
const CORE =
  /^\0node:|\/src\/(?:(?:errors|clock|notices|\w*-?options|monitor|ambient|runtime|watch)\.ts|(?:format|record|flush|samplers)\/|config\/(?:environment|settings|http-settings|nearest)|profile\/(?:cpu-profiler|\S*engine|blocked-stack))/;

const doors = ["index", "analysis", "config", "http", "preload", "thread", "cli"];

/**
 * Imports from Node, by the function that is there for it. To import a name from "node:fs", Node looks at all its names,
 * and so loads streams, among others: some 3 ms for what we import.
 */
const builtins = {
  name: "builtins",
  resolveId: (id) => (id.startsWith("node:") ? { id: `\0${id}`, moduleSideEffects: false } : undefined),
  load(id) {
    if (!id.startsWith("\0node:")) return undefined;
    const name = id.slice(1);
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
  external: (id) => /^[^./\0]/.test(id) && !id.startsWith("node:") && !builtinModules.includes(id),
  plugins: [builtins],
  treeshake: { propertyReadSideEffects: false },
  output: {
    dir: "dist",
    format: "esm",
    chunkFileNames: "shared-[name].js",
    codeSplitting: { groups: [{ name: "core", test: CORE }] },
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  },
});
