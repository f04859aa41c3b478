/**
 * The configuration file: where it is, and what it holds.
 *
 * It is read synchronously, so that a preload can do so before the program's first statement, also one that came by
 * `--require`. A module is therefore loaded by `require()`, which reads ES modules too, if they do without top-level
 * `await`. TypeScript is read where Node strips types, or a loader that hooks `require()` is there.
 */

import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { inspect, types } from "node:util";
import { messageOf } from "../errors.js";
import { CONFIG_VARIABLE, type Environment } from "./environment.js";
import { ConfigError, requireSettings, type SeismoConfig } from "./settings.js";

export const CONFIG_FILES: readonly string[] = ["json", "mjs", "js", "ts", "cjs"].map(
  (type) => `seismo.config.${type}`,
);

/** In place of a file's name: read none. */
export const NO_FILE = "none";

/** A file whose settings are sound. Its `directory` is an absolute path. */
export interface ConfigFile {
  readonly path: string;
  readonly settings: SeismoConfig;
}

/**
 * Reads the file that `SEISMO_CONFIG` names, or else the one found from `cwd` upwards, if there is one.
 * @throws {ConfigError}
 */
export function readConfigFile(cwd: string, env: Environment): ConfigFile | undefined {
  const named = env[CONFIG_VARIABLE];
  if (named === NO_FILE) return undefined;
  if (named === undefined || named === "") {
    const found = findConfigFile(cwd);
    return found === undefined ? undefined : readSettings(found);
  }
  const path = resolve(cwd, named);
  if (!isFile(path)) throw new ConfigError(CONFIG_VARIABLE, `must be a file, or "${NO_FILE}", got ${inspect(named)}`);
  return readSettings(path);
}

/**
 * The file nearest to a directory: in it, or in one above it, up to the one that a repository begins with, the home
 * directory, or the root.
 * @throws {ConfigError} for two files side by side, as nothing says which of them counts
 */
function findConfigFile(cwd: string): string | undefined {
  const home = homeDirectory();
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const [first, second] = CONFIG_FILES.map((name) => join(directory, name)).filter(isFile);
    if (second !== undefined) {
      throw new ConfigError(first!, `${second} is there too: keep one, or name it in ${CONFIG_VARIABLE}`);
    }
    if (first !== undefined) return first;
    const isLast = directory === home || directory === dirname(directory) || existsSync(join(directory, ".git"));
    if (isLast) return undefined;
  }
}

/** None for a user of a container whom no list of users knows. */
function homeDirectory(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

function readSettings(path: string): ConfigFile {
  const exported = extname(path) === ".json" ? readJson(path) : readModule(path);
  const settings = withoutSchema(exported);
  try {
    requireSettings("the configuration", settings);
  } catch (error) {
    throw new ConfigError(path, messageOf(error), { cause: error });
  }
  const { directory } = settings;
  return {
    path,
    settings: directory === undefined ? settings : { ...settings, directory: resolve(dirname(path), directory) },
  };
}

/** `$schema` is for editors. */
function withoutSchema(exported: unknown): unknown {
  if (typeof exported !== "object" || exported === null || !("$schema" in exported)) return exported;
  const { $schema, ...settings } = exported;
  return settings;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new ConfigError(path, `cannot be read as JSON: ${messageOf(error)}`, { cause: error });
  }
}

function readModule(path: string): unknown {
  const require = createRequire(path);
  if (/\.[cm]?ts$/.test(path) && !readsTypeScript(require)) throw new ConfigError(path, NO_TYPESCRIPT);
  let exported: unknown;
  try {
    exported = muted(() => require(path));
  } catch (error) {
    throw new ConfigError(path, reasonOf(error), { cause: error });
  }
  const { default: byDefault, __esModule } = Object(exported) as { default?: unknown; __esModule?: unknown };
  if (!types.isModuleNamespaceObject(exported) && !__esModule) return exported; // module.exports = { … }
  if (byDefault !== undefined) return byDefault;
  throw new ConfigError(path, "has no default export: write export default { … }");
}

function readsTypeScript(require: NodeJS.Require): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown };
  return Boolean(typescript) || require.extensions[".ts"] !== undefined;
}

const NO_TYPESCRIPT = `cannot be read, as Node ${process.version} does not strip types: \
use Node 22.18 or later, or have tsx installed and put --import tsx before the preload, or name it seismo.config.mjs`;

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ERR_REQUIRE_ASYNC_MODULE") return "cannot be read, as it has, or imports, a top-level await";
  if (code === "ERR_REQUIRE_ESM") {
    return `cannot be read, as Node ${process.version} does not load ES modules by require(): \
use Node 22.12 or later, or name it seismo.config.json or seismo.config.cjs`;
  }
  return `cannot be read: ${error instanceof Error ? `${error.name}: ` : ""}${messageOf(error)}`;
}

/** Warnings that Node gives only because a file is read in the way that we read it. */
const OF_OURS = /require\(\)|require\(esm\)|type stripping/i;

/** Calls that, without those. */
function muted<T>(call: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    const type = typeof rest[0] === "object" ? (rest[0] as { type?: unknown } | null)?.type : rest[0];
    if (type === "ExperimentalWarning" && OF_OURS.test(String(warning))) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return call();
  } finally {
    process.emitWarning = emitWarning;
  }
}
