#!/usr/bin/env node
/**
 * The command line: `seismo run FILE`, `seismo config`, `seismo profile FILE`. Arguments, help texts and exit codes live here and in `cli/`; whatever is
 * worked out is worked out behind the doors of the library, so that a program can have it too.
 */

import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { ProfileError } from "./analysis.js";
import { addConfigCommand } from "./cli/config-command.js";
import { FAILED, MISUSED } from "./cli/exit-codes.js";
import { addProfileCommand } from "./cli/profile-command.js";
import { addRunCommand } from "./cli/run-command.js";
import { SeismoCommand } from "./cli/seismo-command.js";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

const program = new SeismoCommand("seismo")
  .description("Records programs, and reads what Seismo and V8 have recorded.")
  .version(version, "-V, --version", "print the version")
  .helpCommand("help [command]", "print the help of a command")
  .enablePositionalOptions() // what follows the program that `run` runs is the program's
  .exitOverride()
  .addHelpText(
    "after",
    `
Exit codes: 0 done; 1 a file cannot be read or written, or does not hold what was asked for, or a setting cannot be used;
2 wrong usage, as without any arguments. run ends as the program does that it runs.

Examples:
  $ seismo run server.js
  $ seismo config
  $ seismo profile app.cpuprofile
  $ seismo profile --help`,
  );
addRunCommand(program);
addConfigCommand(program);
addProfileCommand(program);

// A reader that has seen enough, such as head(1), is no failure.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code === "EPIPE") process.exit();
  process.stderr.write(`error: standard output cannot be written: ${message}\n`);
  process.exit(FAILED.exitCode);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0) process.exitCode = error.code === FAILED.code ? FAILED.exitCode : MISUSED.exitCode;
  } else if (error instanceof ProfileError) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = FAILED.exitCode;
  } else {
    throw error;
  }
}
