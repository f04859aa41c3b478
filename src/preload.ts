/**
 * The preload: `node --import seismo/preload app.js`, or `--require`, or by way of NODE_OPTIONS. Records the program from
 * before its first line, as its environment and configuration file have it, with no change to its code.
 *
 * It never throws and keeps nothing alive: what is wrong with a setting is said in one line, and recording stays off. It runs
 * in every process and thread that inherits the flag, and does nothing where there is nothing to record: in a package
 * manager, in this package's own command line, and when it has run already. (The flusher's thread inherits no flags.)
 */

import { basename } from "node:path";
import { startPreset } from "./ambient.js";
import { switchedOff } from "./config/environment.js";
import { type LoadedConfig, loadConfig, startOptions, variableOf } from "./config.js";
import { messageOf } from "./errors.js";
import { recordHttpClient, recordHttpServer } from "./http.js";
import { complain } from "./notices.js";

const HAS_RUN = Symbol.for("seismo.preload");

/** They start the program, by a script of `package.json` say, in a process of its own. `seismo` is our command line. */
const NO_PROGRAMS =
  /^(?:seismo|npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack|npm-cli|npx-cli)(?:\.[cm]?js)?$|^yarn-\d[\w.-]*\.c?js$/;

function isProgram(): boolean {
  const script = process.argv[1];
  return script === undefined || !NO_PROGRAMS.test(basename(script));
}

function preload(): void {
  const { [HAS_RUN]: hasRun } = globalThis as { [HAS_RUN]?: true };
  if (hasRun || !isProgram() || switchedOff(process.env)) return;
  Object.defineProperty(globalThis, HAS_RUN, { value: true });
  try {
    record(loadConfig());
  } catch (error) {
    complain(`recording stays off: ${messageOf(error)}`);
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
