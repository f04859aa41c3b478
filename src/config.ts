/**
 * The configuration door, `seismo/config`: what is set by files and by the environment.
 *
 *     defineConfig    types for a configuration file in JavaScript or TypeScript
 *     loadConfig      the settings there are, and where each comes from   → LoadedConfig
 *     startOptions    the options of start() that these come to           → MonitorOptions
 *     variableOf      the environment variable of a setting
 *
 * `docs/configuration.md` tells of files, variables and precedence.
 */

import type { SeismoConfig } from "./config/settings.js";

export { variableOf } from "./config/environment.js";
export type { ClientSettings, HttpSettings } from "./config/http-settings.js";
export { type LoadedConfig, type LoadOptions, loadConfig, type Origin, startOptions } from "./config/load-config.js";
export { ConfigError, type Preset, type SeismoConfig, type SettingName, type Settings } from "./config/settings.js";

/**
 * Gives back what it is given: it is there for its types, which editors complete and compilers check.
 *
 * @example
 * import { defineConfig } from "seismo/config";
 * export default defineConfig({ preset: "profile", directory: "_monitoring", stalls: { stack: true } });
 */
export function defineConfig(config: SeismoConfig): SeismoConfig {
  return config;
}
