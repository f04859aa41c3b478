/**
 * Settings: what can be set without touching the program, in a file or by environment variables.
 *
 * That is every option of `start()` that is plain data, and what only the preload heeds: whether to record at all, what of
 * HTTP, and a preset for the rest. This module is loaded with every `start()`, so it is a table and little else. What a
 * value may be is known to the option's own check.
 */

import { OptionError, requireBoolean, SeismoError } from "../errors.js";
import { type MonitorOptions, resolveMonitorOptions } from "../options.js";
import { type ClientSettings, type HttpSettings, requireHttp } from "./http-settings.js";
import { nearest } from "./nearest.js";

export type Preset = "web" | "profile" | "minimal";

/** What a configuration file holds. Everything may be left out. */
export interface SeismoConfig extends Omit<MonitorOptions, "clock"> {
  /** Record at all. @default true */
  readonly enabled?: boolean | undefined;
  /**
   * What `http`, `runtime` and `profiler` are unless set: `"web"` records requests and the runtime, `"profile"` takes a CPU
   * profile as well, and `"minimal"` records requests only. @default "web"
   */
  readonly preset?: Preset | undefined;
  /** Record every request that a server answers. @default true */
  readonly http?: boolean | HttpSettings | undefined;
  /** Record every request that the program makes, to `client.*.csv`. @default false */
  readonly client?: boolean | ClientSettings | undefined;
}

export type SettingName = keyof SeismoConfig;

/** Every setting with the value it comes to. */
export type Settings = { readonly [K in SettingName]-?: NonNullable<SeismoConfig[K]> };

/** How a setting is written where there is only text; a `switch` is a boolean, or an object in JSON. */
export type SettingKind = "path" | "word" | "boolean" | "integer" | "switch";

export const SETTINGS: { readonly [K in SettingName]-?: SettingKind } = {
  enabled: "boolean",
  preset: "word",
  http: "switch",
  client: "switch",
  directory: "path",
  runtime: "switch",
  sampleIntervalMs: "integer",
  stalls: "switch",
  profiler: "switch",
  flushIntervalMs: "integer",
  capacity: "integer",
  maxBytes: "integer",
  maxLabels: "integer",
  rotateBytes: "integer",
  rotateAgeMs: "integer",
  signals: "boolean",
  thread: "boolean",
};

export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[];

export const DEFAULT_PRESET = "web";

export const PRESETS: Readonly<Record<Preset, SeismoConfig>> = {
  web: { http: true, runtime: true },
  profile: { http: true, runtime: true, profiler: true },
  minimal: { http: true },
};

/**
 * A setting that cannot be used, or a configuration file that cannot be read. `where` is the file or the variable, with
 * which the message begins. Where somebody else's error is behind it, that is the `cause`.
 *
 * @example
 * import { ConfigError, loadConfig } from "seismo/config";
 * try {
 *   loadConfig({ env: { SEISMO_RUNTIM: "on" } });
 * } catch (error) {
 *   console.log(error instanceof ConfigError && error.where); // => SEISMO_RUNTIM
 * }
 */
export class ConfigError extends SeismoError {
  override name = "ConfigError";
  readonly where: string;
  /** The rest of the message. */
  readonly reason: string;
  constructor(where: string, reason: string, options?: ErrorOptions) {
    super("ERR_SEISMO_CONFIG", `${where}: ${reason}`, options);
    this.where = where;
    this.reason = reason;
  }
}

/** @throws {OptionError} that names what was probably meant */
export function requireSettingName(name: string): asserts name is SettingName {
  if (Object.hasOwn(SETTINGS, name)) return;
  const near = nearest(name, SETTING_NAMES);
  throw new OptionError("a setting", near ? `spelt "${near}"` : `one of ${SETTING_NAMES.join(", ")}`, name);
}

/** @throws {OptionError} that names the setting, what it must be, and what was given; undefined is nothing given */
function requireSetting(name: SettingName, value: unknown): void {
  if (value === undefined) return;
  if (name === "enabled") requireBoolean(name, value);
  else if (name === "preset") requirePreset(value);
  else if (name === "http" || name === "client") requireHttp(name, value);
  else resolveMonitorOptions({ [name]: value });
}

function requirePreset(value: unknown): void {
  if (typeof value === "string" && Object.hasOwn(PRESETS, value)) return;
  throw new OptionError("preset", `one of ${Object.keys(PRESETS).join(", ")}`, value);
}

/** @throws {OptionError} for what is no object, a key that is no setting, and a value that its setting cannot have */
export function requireSettings(name: string, settings: unknown): asserts settings is SeismoConfig {
  if (!isPlainObject(settings)) throw new OptionError(name, "a plain object", settings);
  for (const [key, value] of Object.entries(settings)) {
    requireSettingName(key);
    requireSetting(key, value);
  }
}

/** Arrays and promises are none; objects of another realm are. */
function isPlainObject(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}

/** What of these settings `start()` takes. */
export function monitorOptionsOf(settings: SeismoConfig): MonitorOptions {
  const { enabled, preset, http, client, ...options } = settings;
  return options;
}
