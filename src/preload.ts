/**
 * The preload: `node --import seismo/preload app.js`, or `--require`, or by way of NODE_OPTIONS. Records the program from
 * before its first line, as its environment and configuration file have it, with no change to its code.
 *
 * It never throws and keeps nothing alive: what is wrong with a setting is said in one line, and recording stays off. It runs
 * in every process and thread that inherits the flag, and does nothing where there is nothing to record: in a package
 * manager or PM2's own processes, in this package's own command line, and when it has run already. (The flusher's thread
 * inherits no flags.)
 */

import { basename } from "node:path";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { startPreset } from "./ambient.js";
import { type Environment, INHERITED_DIRECTORY_VARIABLE, switchedOff } from "./config/environment.js";
import { type LoadedConfig, type LoadOptions, loadConfig, startOptions, variableOf } from "./config.js";
import { messageOf } from "./errors.js";
import { recordHttpClient, recordHttpServer } from "./http.js";
import { complain } from "./notices.js";

const HAS_RUN = Symbol.for("seismo.preload");

/** They start the program, by a script of `package.json` say, in a process of its own. `seismo` is our command line. */
const NO_PROGRAMS =
  /^(?:seismo|npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack|npm-cli|npx-cli|tsx|nodemon|pm2(?:-\w+)?)(?:\.[cm]?js)?$|^yarn-\d[\w.-]*\.c?js$/;
const NO_PROGRAMS_BY_PATH = /[/\\](?:pm2[/\\]lib[/\\]Daemon|tsx[/\\]dist[/\\]cli)\.m?js$/;

function isProgram(): boolean {
  const script = process.argv[1];
  return script === undefined || !(NO_PROGRAMS.test(basename(script)) || NO_PROGRAMS_BY_PATH.test(script));
}

function preload(): void {
  const { [HAS_RUN]: hasRun } = globalThis as { [HAS_RUN]?: true };
  if (hasRun || !isProgram()) return;
  const env = environment();
  if (switchedOff(env)) return;
  Object.defineProperty(globalThis, HAS_RUN, { value: true });
  try {
    const options = setByPm2(env);
    const config = loadConfig(options);
    record(config);
    passOn({ ...options.env, [variableOf("directory")]: config.settings.directory });
  } catch (error) {
    complain(`recording stays off: ${messageOf(error)}`);
  }
}

/** What every worker thread is given when it is made: our variables, for it may be given an environment that has none. */
const VARIABLES = "seismo:variables of the process";

function environment(): Environment {
  const env = isMainThread ? process.env : { ...(getEnvironmentData(VARIABLES) as unknown as object), ...process.env };
  passOn(env);
  return env;
}

function passOn(env: Environment): void {
  setEnvironmentData(VARIABLES, Object.fromEntries(oursIn(env)) as never);
}

const oursIn = <Value>(env: Readonly<Record<string, Value>>): [name: string, value: Value][] =>
  Object.keys(env)
    .filter((name) => name.startsWith("SEISMO_"))
    .map((name) => [name, env[name] as Value]);

/**
 * In its cluster mode PM2 starts a process with the environment and the working directory of its daemon; those of the
 * program are in a variable, in JSON, and are set by what runs next.
 */
function setByPm2(env: Environment): LoadOptions {
  const { pm2_env: text } = env;
  if (text === undefined) return { env };
  try {
    const { pm_cwd, ...all } = JSON.parse(text) as Record<string, unknown>;
    const ours = oursIn(all).filter(([, value]) => value !== null);
    const set = Object.fromEntries(ours.map(([name, value]) => [name, String(value)]));
    return { cwd: typeof pm_cwd === "string" ? pm_cwd : process.cwd(), env: { ...env, ...set } };
  } catch {
    return { env }; // not PM2's
  }
}

function record(config: LoadedConfig): void {
  const { enabled, http, client, directory } = config.settings;
  if (!enabled) return;
  startPreset(startOptions(config));
  process.env[INHERITED_DIRECTORY_VARIABLE] = directory; // for child processes, whatever their working directory
  if (http) recordHttpServer(http === true ? {} : http);
  if (client) recordHttpClient(client === true ? {} : client);
}

preload();
