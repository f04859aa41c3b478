/** `seismo run`: a program with the preload, as if this command were not there. It records nothing of itself. */

import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ConfigError, loadConfig, type SettingName, variableOf } from "../config.js";
import { OptionError } from "../index.js";
import { MISUSED } from "./exit-codes.js";
import { becomeNode, runInForeground } from "./foreground.js";

interface RunOptions {
  readonly directory?: string;
  readonly preset?: string;
  readonly config?: string;
  readonly profiler?: true;
  readonly runtime: boolean;
  readonly client?: true;
  readonly set?: readonly string[];
  readonly verbose?: true;
}

const PRESET_NAMES = ["web", "profile", "minimal"];

/** What a shell ends with where there is no such command, and where it cannot be executed. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

const HELP = `
FILE is run by this Node, with ARGUMENTS; one in TypeScript by tsx, if that is installed beside it, or else by Node, if it
strips types. After --, any COMMAND is run, and every Node below it is recorded, by way of NODE_OPTIONS.

The program has this terminal, these standard streams, this environment and these signals, and ends as it ends. Nothing is
printed to standard output.

KEY is a setting, as in seismo.config.json, or with a dot one of its parts; VALUE is as in the environment, or as in JSON.
Options go before environment variables, and those before the configuration file: see seismo config.

Exit codes: those of the program, and the signal that killed it; 2 wrong usage, no such FILE included; 126 and 127 COMMAND
cannot be run, and is not found.

Examples:
  $ seismo run server.js --port 8080
  $ seismo run --profiler --directory /var/tmp/run1 server.js
  $ seismo run --set flushIntervalMs=50 --set stalls.stack=true server.js
  $ seismo run --preset minimal -- npm start
  $ seismo run -- node --max-old-space-size=512 server.js`;

export function addRunCommand(program: Command): void {
  program
    .command("run")
    .summary("run a program, recorded")
    .description("Runs a program and records its requests and its runtime, without a change to it.")
    .usage("[options] <FILE> [ARGUMENTS...]\n       seismo run [options] -- <COMMAND> [ARGUMENTS...]")
    .argument("[PROGRAM...]")
    .passThroughOptions()
    .option("-d, --directory <PATH>", "where files go (default: _monitoring)", notEmpty)
    .addOption(new Option("-p, --preset <NAME>", "what is recorded unless set (default: web)").choices(PRESET_NAMES))
    .option("-c, --config <FILE>", "the configuration file; none for none", notEmpty)
    .option("--profiler", "take a CPU profile, too")
    .option("--no-runtime", "do not record the runtime")
    .option("--client", "record requests that the program makes, too")
    .option("-s, --set <KEY=VALUE>", "any other setting; may be repeated", collect)
    .option("-v, --verbose", "tell on standard error, beforehand, where files will be")
    .addHelpText("after", HELP)
    .action(runCommand);
}

async function runCommand(program: readonly string[], options: RunOptions, command: Command): Promise<void> {
  const [name, ...args] = program;
  if (name === undefined) command.error("error: nothing to run: name a FILE, or a COMMAND after --", MISUSED);
  const settings = variables(command, options);
  const env = { ...process.env, ...settings };
  const preload = pathToFileURL(createRequire(import.meta.url).resolve("seismo/preload")).href;
  const isCommand = followsDashes(command, program.length);
  const loader = isCommand ? [] : loaderFor(command, fileOf(command, name));
  if (options.verbose) tell(env);
  if (!isCommand) {
    await becomeNode({ file: process.execPath, args: [...loader, "--import", preload, name, ...args], env });
    return;
  }
  // an address needs no quotes: whatever would need them is escaped in it
  const nodeOptions = [env.NODE_OPTIONS, `--import=${preload}`].filter(Boolean).join(" ");
  try {
    await runInForeground({ file: name, args, env: { ...env, NODE_OPTIONS: nodeOptions } });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    process.stderr.write(`error: ${name} ${code === "ENOENT" ? "is not found" : `cannot be run: ${message}`}\n`);
    process.exitCode = code === "ENOENT" ? NOT_FOUND : NOT_EXECUTABLE;
  }
}

function notEmpty(path: string): string {
  if (path === "" || path === "--") throw new InvalidArgumentError("It must be a path.");
  return path;
}

function collect(one: string, others: readonly string[] = []): string[] {
  return [...others, one];
}

/** Whether what is to be run came after `--`. Commander takes that away, so it is looked for where it was. */
function followsDashes(command: Command, operands: number): boolean {
  const { rawArgs } = command.parent as unknown as { readonly rawArgs: readonly string[] };
  return rawArgs.at(-operands - 1) === "--";
}

/** The file that Node would run by this name. */
function fileOf(command: Command, name: string): string {
  try {
    return createRequire(join(process.cwd(), "any.js")).resolve(resolve(name));
  } catch {
    return command.error(`error: no file ${name}; a command goes after --: seismo run -- ${name}`, MISUSED);
  }
}

/** The flags that Node needs to run a file in TypeScript. */
function loaderFor(command: Command, file: string): string[] {
  if (!/\.([cm]?ts|tsx)$/.test(file)) return [];
  const require = createRequire(file);
  if (require.extensions[".ts"] !== undefined) return []; // by NODE_OPTIONS, which the program has as well
  for (const from of [file, join(process.cwd(), "any.js")]) {
    try {
      return ["--import", pathToFileURL(createRequire(from).resolve("tsx")).href];
    } catch {
      // then not from there
    }
  }
  const { typescript } = process.features as { readonly typescript?: unknown };
  if (typescript && !file.endsWith(".tsx")) return [];
  const ways = "install tsx, use Node 22.18 or later, or compile it";
  return command.error(`error: Node ${process.version} does not run ${file}: ${ways}`, MISUSED);
}

/** The settings asked for, as environment variables. */
function variables(command: Command, options: RunOptions): NodeJS.ProcessEnv {
  const env: Record<string, string> = {};
  const set = (option: string, key: string, text: string) => {
    try {
      const variable = variableOf(key as SettingName);
      if (variable in env) command.error(`error: ${option}: ${key} is set already`, MISUSED);
      loadConfig({ env: { SEISMO_CONFIG: "none", [variable]: text } });
      env[variable] = text;
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof OptionError)) throw error;
      command.error(`error: ${option}: ${error instanceof ConfigError ? error.reason : error.message}`, MISUSED);
    }
  };
  const { directory, preset, config, profiler, runtime, client } = options;
  if (directory !== undefined) set("--directory", "directory", resolve(directory));
  if (preset !== undefined) set("--preset", "preset", preset);
  if (profiler) set("--profiler", "profiler", "true");
  if (!runtime) set("--no-runtime", "runtime", "false");
  if (client) set("--client", "client", "true");
  for (const { key, text, given } of assignments(command, options.set ?? [])) set(`--set ${given}`, key, text);
  if (config !== undefined) env.SEISMO_CONFIG = config === "none" ? config : resolve(config);
  return env;
}

interface Assignment {
  readonly key: string;
  readonly text: string;
  readonly given: string;
}

/** `KEY=VALUE` as they are; those of one setting's parts, `KEY.PART=VALUE`, together as one object. */
function assignments(command: Command, given: readonly string[]): Assignment[] {
  const whole: Assignment[] = [];
  const parts = new Map<string, { readonly value: Tree; readonly given: string[] }>();
  for (const each of given) {
    const [, path, text] =
      /^([^=]+)=(.*)$/s.exec(each) ?? command.error(`error: --set takes KEY=VALUE, got ${each}`, MISUSED);
    const [key, ...rest] = path!.split(".");
    if (rest.length === 0) {
      whole.push({ key: key!, text: text!, given: each });
      continue;
    }
    const known = parts.get(key!) ?? { value: Object.create(null) as Tree, given: [] };
    parts.set(key!, known);
    known.given.push(each);
    if (!place(known.value, rest, parsed(text!)))
      command.error(`error: --set ${each}: ${path} is set already`, MISUSED);
  }
  const built = [...parts].map(([key, part]) => ({
    key,
    text: JSON.stringify(part.value),
    given: part.given.join(" --set "),
  }));
  return [...whole, ...built];
}

interface Tree {
  [part: string]: unknown;
}

/** False if something is there already. */
function place(tree: Tree, [part, ...rest]: readonly string[], value: unknown): boolean {
  if (rest.length === 0) {
    if (part! in tree) return false;
    tree[part!] = value;
    return true;
  }
  tree[part!] ??= Object.create(null);
  const branch = tree[part!];
  return typeof branch === "object" && branch !== null && place(branch as Tree, rest, value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What cannot be used is left to the preload to tell, which meets it under the program's own conditions. */
function tell(env: NodeJS.ProcessEnv): void {
  let line: string;
  try {
    const { file, settings, origins } = loadConfig({ env });
    line = settings.enabled
      ? `recording to ${settings.directory}, preset ${settings.preset}, ${file ?? "no configuration file"}`
      : `recording is off: ${origins.enabled}`;
  } catch {
    return;
  }
  writeSync(2, `seismo: ${line}\n`);
}
