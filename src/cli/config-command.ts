/** `seismo config`: the settings that a program run here would be recorded with, and where each comes from. */

import type { Command } from "commander";
import { ConfigError, type LoadedConfig, loadConfig, type SettingName } from "../config.js";
import { FAILED } from "./exit-codes.js";
import { output } from "./output.js";

const HELP = `
A setting comes from the environment (SEISMO_DIRECTORY for directory, and so on), or else from the configuration file
(seismo.config.json, .mjs, .js, .ts or .cjs, in this directory or one above it, or the one SEISMO_CONFIG names), or else
from the preset, or is the default. What a program says in code goes before all of these.

Exit codes: 0 done; 1 a setting is unknown or cannot be used, or the file cannot be read; 2 wrong usage.

Examples:
  $ seismo config
  $ SEISMO_PRESET=profile seismo config
  $ seismo config --json | jq .settings.directory.value`;

export function addConfigCommand(program: Command): void {
  program
    .command("config")
    .summary("show the settings in effect, and where they come from")
    .description("Shows the settings that a program run here is recorded with, and where each comes from.")
    .option("--json", "as JSON")
    .addHelpText("after", HELP)
    .action(configCommand);
}

async function configCommand({ json }: { readonly json?: true }, command: Command): Promise<void> {
  let config: LoadedConfig;
  try {
    config = loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return command.error(`error: ${error.message}`, FAILED);
  }
  await output(command, [json ? asJson(config) : asTable(config)], undefined);
}

function asJson({ file, settings, origins }: LoadedConfig): string {
  const entries = Object.entries(settings).map(([name, value]) => [
    name,
    { value, origin: origins[name as SettingName] },
  ]);
  return `${JSON.stringify({ file: file ?? null, settings: Object.fromEntries(entries) }, withFunctions, 2)}\n`;
}

function asTable({ file, settings, origins }: LoadedConfig): string {
  const rows = Object.entries(settings).map(([name, value]) => [
    name,
    JSON.stringify(value, withFunctions),
    origins[name as SettingName],
  ]);
  const table = [["setting", "value", "from"], ...rows];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map(
    ([name, value, from]) => `${name!.padEnd(widths[0]!)}  ${value!.padEnd(widths[1]!)}  ${from}`,
  );
  return `${file ?? "no configuration file"}\n${lines.join("\n")}\n`;
}

/** JSON has no functions, and leaves them out. */
function withFunctions(_: string, value: unknown): unknown {
  return typeof value === "function" ? "[function]" : value;
}
