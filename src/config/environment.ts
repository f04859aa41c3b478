/**
 * The environment: one variable for every setting, `flushIntervalMs` being `SEISMO_FLUSH_INTERVAL_MS`, and
 * `SEISMO_CONFIG` for the configuration file. Pure, and cheap to load, as every `start()` reads it.
 *
 * Strict, because a value that is misread is a wrong measurement later: so a variable that begins with `SEISMO_` and is
 * none of ours is refused too. One that is empty is not set.
 */

import { inspect } from "node:util";
import { messageOf } from "../errors.js";
import type { MonitorOptions } from "../options.js";
import { nearest } from "./nearest.js";
import {
  ConfigError,
  monitorOptionsOf,
  PRESETS,
  requireSettingName,
  requireSettings,
  SETTING_NAMES,
  SETTINGS,
  type SeismoConfig,
  type SettingKind,
  type SettingName,
} from "./settings.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the configuration file. */
export const CONFIG_VARIABLE = "SEISMO_CONFIG";
/** Where the process that started this one writes: below a file of its own, unlike `SEISMO_DIRECTORY`. Set by the preload. */
export const INHERITED_DIRECTORY_VARIABLE = "SEISMO_INHERITED_DIRECTORY";

/**
 * The environment variable of a setting.
 * @throws {OptionError} for what is no setting
 * @example
 * import { variableOf } from "seismo/config";
 * console.log(variableOf("flushIntervalMs")); // => SEISMO_FLUSH_INTERVAL_MS
 */
export function variableOf(setting: SettingName): string {
  requireSettingName(setting);
  return `SEISMO_${setting.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

const SETTING_OF: ReadonlyMap<string, SettingName> = new Map(SETTING_NAMES.map((name) => [variableOf(name), name]));

/** What a service called `seismo`, or `seismo-…`, puts into the environment of every container in Kubernetes and Docker. */
const SERVICE_LINK = /_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO))?)?)$/;

/**
 * What the environment sets. Of `process.env` in practice.
 * @throws {ConfigError} that names the variable, what was expected and what was given
 */
export function settingsFromEnvironment(env: Environment): SeismoConfig {
  const settings: Partial<Record<SettingName, unknown>> = {};
  for (const name of Object.keys(env)) {
    if (!name.startsWith("SEISMO_") || name === CONFIG_VARIABLE || name === INHERITED_DIRECTORY_VARIABLE) continue;
    const text = env[name];
    if (text === undefined || text === "") continue;
    const setting = SETTING_OF.get(name);
    if (setting !== undefined) settings[setting] = settingFromText(setting, text, name);
    else if (!SERVICE_LINK.test(name)) throw unknownVariable(name);
  }
  return settings as SeismoConfig;
}

/**
 * What the environment says of the options of `start()`: those it sets, and of those it does not what `SEISMO_PRESET`
 * says. Whether `enabled` and the rest that only the preload heeds are well-formed is checked all the same.
 * @throws {ConfigError}
 */
export function monitorOptionsFromEnvironment(env: Environment): MonitorOptions {
  const settings = settingsFromEnvironment(env);
  const { preset } = settings;
  return monitorOptionsOf({ ...(preset && PRESETS[preset]), ...settings });
}

/** Whether `SEISMO_ENABLED` switches recording off. Then nothing else needs to be read, nor to be right. */
export function switchedOff(env: Environment): boolean {
  return BOOLEANS.get(env[variableOf("enabled")]?.trim().toLowerCase() ?? "") === false;
}

/** These options, and below them, where they leave something out, those. */
export function overlay(options: MonitorOptions, below: MonitorOptions): MonitorOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...below, ...Object.fromEntries(given) };
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["on", true],
  ["yes", true],
  ["false", false],
  ["0", false],
  ["off", false],
  ["no", false],
]);

const EXPECTED: Readonly<Record<SettingKind, string>> = {
  path: "a path",
  word: "a word",
  boolean: "true or false (1 or 0, on or off, yes or no)",
  integer: "an integer, in decimal digits",
  switch: "true, false or an object of options in JSON",
};

/** @throws {ConfigError} */
function settingFromText(setting: SettingName, text: string, variable: string): unknown {
  const kind = SETTINGS[setting];
  const value = parse(kind, text);
  if (value === undefined) throw new ConfigError(variable, `must be ${EXPECTED[kind]}, got ${inspect(text)}`);
  try {
    requireSettings("the environment", { [setting]: value });
  } catch (error) {
    throw new ConfigError(variable, messageOf(error), { cause: error });
  }
  return value;
}

/** Undefined for what cannot be read. Blanks around a value do no harm: `set NAME=1 && …` of Windows leaves one. */
function parse(kind: SettingKind, text: string): unknown {
  const trimmed = text.trim();
  if (kind === "path") return text;
  if (kind === "word") return trimmed;
  if (kind === "integer") return /^-?\d{1,15}$/.test(trimmed) ? Number(trimmed) : undefined;
  const boolean = BOOLEANS.get(trimmed.toLowerCase());
  if (boolean !== undefined || kind === "boolean" || !trimmed.startsWith("{")) return boolean;
  try {
    return JSON.parse(trimmed);
  } catch {
    return undefined;
  }
}

function unknownVariable(name: string): ConfigError {
  const known = [...SETTING_OF.keys(), CONFIG_VARIABLE];
  const near = nearest(name, known);
  return new ConfigError(name, `is no setting; ${near ? `did you mean ${near}?` : `there are ${known.join(", ")}`}`);
}
