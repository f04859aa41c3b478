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
import { startPreset } from "./ambient.js";
import { switchedOff } from "./config/environment.js";
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
  if (hasRun || !isProgram() || switchedOff(process.env)) return;
  Object.defineProperty(globalThis, HAS_RUN, { value: true });
  try {
    record(loadConfig(setByPm2()));
  } catch (error) {
    complain(`recording stays off: ${messageOf(error)}`);
  }
}

/**
 * In its cluster mode PM2 starts a process with the environment and the working directory of its daemon; those of the
 * program are in a variable, in JSON, and are set by what runs next.
 */
function setByPm2(): LoadOptions {
  const { pm2_env: text } = process.env;
  if (text === undefined) return {};
  try {
    const { pm_cwd, ...all } = JSON.parse(text) as Record<string, unknown>;
    const ours = Object.entries(all).filter(([name, value]) => name.startsWith("SEISMO_") && value !== null);
    const env = { ...process.env, ...Object.fromEntries(ours.map(([name, value]) => [name, String(value)])) };
    return { cwd: typeof pm_cwd === "string" ? pm_cwd : process.cwd(), env };
  } catch {
    return {}; // not PM2's
  }
}

function record(config: LoadedConfig): void {
  const { enabled, http, client, directory } = config.settings;
  if (!enabled) return;
  startPreset(startOptions(config));
  process.env[variableOf("directory")] = directory; // of child processes too, whatever their working directory
  if (http) recordHttpServer(http === true ? {} : http);
  if (client) recordHttpClient(client === true ? {} : client);
}

preload();
