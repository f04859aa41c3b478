/** Precedence: code, the environment, the file, the preset, the default. By setting: an object replaces another whole. */

import { resolve } from "node:path";
import { refuseUnknown, requireObject } from "../errors.js";
import { type MonitorOptions, resolveMonitorOptions } from "../options.js";
import { readConfigFile } from "./config-file.js";
import {
  type Environment,
  INHERITED_DIRECTORY_VARIABLE,
  overlay,
  settingsFromEnvironment,
  variableOf,
} from "./environment.js";
import {
  DEFAULT_PRESET,
  monitorOptionsOf,
  PRESETS,
  requireSettings,
  SETTING_NAMES,
  type SeismoConfig,
  type SettingName,
  type Settings,
} from "./settings.js";

/** `"default"`, `"preset web"`, `"file /app/seismo.config.json"`, `"environment SEISMO_RUNTIME"` or `"code"`. */
export type Origin = "default" | `preset ${string}` | `file ${string}` | `environment ${string}` | "code";

export interface LoadOptions {
  /** Where to look for the file, and what a relative `directory` begins at. @default process.cwd() */
  readonly cwd?: string | undefined;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Settings that go before all others. @default {} */
  readonly code?: SeismoConfig | undefined;
}

export interface LoadedConfig {
  /** The file that was read. */
  readonly file: string | undefined;
  /** Every setting, with the value it comes to. `directory` is an absolute path. */
  readonly settings: Settings;
  /** Where each of these values comes from. */
  readonly origins: Readonly<Record<SettingName, Origin>>;
}

/**
 * The settings that the preload works with: what the environment and the configuration file say, and the defaults.
 *
 * @throws {ConfigError} for a setting that is unknown or cannot be used, and a file that cannot be read
 * @throws {OptionError} for the argument
 * @example
 * import { loadConfig } from "seismo/config";
 * const { settings, origins } = loadConfig({ env: { SEISMO_FLUSH_INTERVAL_MS: "50" } });
 * console.log(settings.flushIntervalMs, origins.flushIntervalMs); // => 50 environment SEISMO_FLUSH_INTERVAL_MS
 * console.log(settings.runtime, origins.runtime); // => true preset web
 */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  requireObject("the argument of loadConfig()", options);
  const { cwd = process.cwd(), env = process.env, code = {}, ...unknown } = options;
  refuseUnknown("loadConfig()", ["cwd", "env", "code"], unknown);
  const environment: Environment = env;
  requireSettings("code", code);
  const fromEnvironment = settingsFromEnvironment(environment);
  const file = readConfigFile(cwd, environment);

  const settings: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, Origin>> = {};
  const layer = (from: SeismoConfig, originOf: (name: SettingName) => Origin) => {
    for (const name of SETTING_NAMES) {
      if (origins[name] !== undefined || from[name] === undefined) continue;
      settings[name] = from[name];
      origins[name] = originOf(name);
    }
  };
  layer(code, () => "code");
  layer(fromEnvironment, (name) => `environment ${variableOf(name)}`);
  if (file) layer(file.settings, () => `file ${file.path}`);
  layer({ preset: DEFAULT_PRESET }, () => "default");
  const { preset } = settings as Settings;
  layer(PRESETS[preset], () => `preset ${preset}`);
  const inherited = environment[INHERITED_DIRECTORY_VARIABLE];
  if (inherited) layer({ directory: inherited }, () => `environment ${INHERITED_DIRECTORY_VARIABLE}`);
  layer({ runtime: false }, () => "default");
  layer(defaultsBeside(settings as SeismoConfig), () => "default");
  settings.directory = resolve(cwd, (settings as Settings).directory);
  return { file: file?.path, settings: inOrder(settings) as Settings, origins: inOrder(origins) };
}

function inOrder<Value>(record: Partial<Record<SettingName, Value>>): Record<SettingName, Value> {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, record[name]])) as Record<SettingName, Value>;
}

/** The defaults, as `start()` has them; that of `stalls` is to do as `runtime` does. */
function defaultsBeside({ runtime }: SeismoConfig): SeismoConfig {
  const { clock, ...options } = resolveMonitorOptions();
  return { ...options, enabled: true, http: false, client: false, stalls: runtime !== false, profiler: false };
}

/**
 * The options of `start()` that a configuration comes to, with those given in code before them. What is a default in both
 * is left to `start()`, as defaults depend on what is set.
 *
 * @example
 * import { start, stop } from "seismo";
 * import { loadConfig, startOptions } from "seismo/config";
 * const config = loadConfig({ env: { SEISMO_RUNTIME: "off", SEISMO_DIRECTORY: "/tmp/elsewhere" } });
 * console.log(startOptions(config, { directory: "_monitoring" })); // => { directory: '_monitoring', runtime: false }
 */
export function startOptions({ settings, origins }: LoadedConfig, code: MonitorOptions = {}): MonitorOptions {
  const set = Object.entries(settings).filter(([name]) => origins[name as SettingName] !== "default");
  return overlay(code, monitorOptionsOf(Object.fromEntries(set)));
}
