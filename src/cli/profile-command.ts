/** `seismo profile`: where the time of a CPU profile went, as tables, at a prompt, or in another tool's format. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { type CpuProfile, convertProfiles, type FunctionTimes, functionTimes } from "../analysis.js";
import { FAILED, MISUSED } from "./exit-codes.js";
import { inputProfile, STANDARD_INPUT } from "./input.js";
import { output } from "./output.js";
import { profilePrompt } from "./profile-prompt.js";
import {
  callTables,
  functionTable,
  inView,
  MOST_CALL_TABLES,
  named,
  noMatch,
  SORTS,
  type Sort,
  type View,
} from "./profile-view.js";

const FORMATS = ["table", "json", "collapsed", "speedscope", "cpuprofile", "pprof"] as const;
const DEFAULT_LIMIT = 20;

interface ProfileOptions {
  readonly sort: Sort;
  readonly limit?: number;
  readonly filter?: string;
  readonly idle: boolean;
  readonly callers?: string;
  readonly callees?: string;
  readonly interactive?: true;
  readonly json?: true;
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
}

const HELP = `
Self time is spent in a function itself, total time in it and in what it calls, recursion counted once. A sample lasts
until the next one. (idle) is time in which nothing ran, (program) is V8 and native code, (garbage collector) is what it
says, and (root) has the time before the first sample if none found (program). Several FILEs, such as the windows of one
run, are added up; --format speedscope puts them side by side, and --format cpuprofile takes one.

NAME is a function's name, or else a part of names, or else of locations. Of the functions that match, the first ${MOST_CALL_TABLES} in
the order of --sort are told, all with --limit 0 or as JSON.

Exit codes: 0 done; 1 a FILE cannot be read or is no profile, the output cannot be written, or no function matches NAME or
TEXT; 2 wrong usage, a command from a pipe included.

Examples:
  $ node --cpu-prof --cpu-prof-name=app.cpuprofile app.js
  $ seismo profile app.cpuprofile
  $ seismo profile app.cpuprofile --sort total --limit 50 --no-idle
  $ seismo profile app.cpuprofile --filter node_modules
  $ seismo profile app.cpuprofile --callers parse
  $ gunzip --stdout app.cpuprofile.gz | seismo profile -
  $ seismo profile app.cpuprofile --format collapsed | flamegraph.pl > app.svg
  $ seismo profile app.cpuprofile --format pprof --output app.pb.gz && go tool pprof -http=: app.pb.gz
  $ seismo profile _monitoring/profiler.*.data --json | jq '.functions[0]'
  $ echo 'sort total
    stats 5' | seismo profile app.cpuprofile --interactive`;

export function addProfileCommand(program: Command): void {
  program
    .command("profile")
    .summary("show where the time of a CPU profile went")
    .description("Shows where the time of a CPU profile went, by function. Reads any .cpuprofile file of V8.")
    .argument("<FILE...>", "CPU profiles, of node --cpu-prof, Seismo, Chrome or v8-profiler-next; - for standard input")
    .addOption(new Option("-s, --sort <ORDER>", "order of the table").choices(SORTS).default("self"))
    .option("-n, --limit <N>", `most lines of a table, 0 for all (default: ${DEFAULT_LIMIT}; all as JSON)`, parseLimit)
    .option("-f, --filter <TEXT>", "only functions whose name or location holds TEXT")
    .option("--no-idle", "leave out (idle), from the shares too")
    .option("--callers <NAME>", "who called a function, and how much of its time was spent for them")
    .option("--callees <NAME>", "whom a function called, and how long they took")
    .option("-i, --interactive", "ask for tables at a prompt, or with commands on standard input")
    .option("--json", "the same as --format json")
    .addOption(new Option("--format <FORMAT>", "what to write").choices(FORMATS).default("table"))
    .option("-o, --output <PATH>", "where to write it (default: standard output); overwrites")
    .addHelpText("after", HELP)
    .action(profileCommand);
}

function parseLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, 0 for all.");
  return Number(text);
}

async function profileCommand(files: readonly string[], options: ProfileOptions, command: Command): Promise<void> {
  const format = options.json ? "json" : options.format;
  refuseNonsense(command, options, format, files);
  const profiles: CpuProfile[] = [];
  for (const file of files) profiles.push(await inputProfile(file));
  if (format !== "table" && format !== "json") {
    await output(command, convertProfiles(profiles, format), options.output);
    return;
  }
  const times = functionTimes(profiles);
  const { sort, filter = "", idle, limit = format === "json" ? 0 : DEFAULT_LIMIT } = options;
  const view: View = { sort, filter, idle, limit };
  if (filter !== "" && inView(times, view).length === 0) command.error(`error: ${noMatch(filter)}`, FAILED);
  if (options.interactive) process.exitCode = await profilePrompt(times, view);
  else await output(command, [textOf(command, files, times, view, format, options)], options.output);
}

function textOf(
  command: Command,
  files: readonly string[],
  times: FunctionTimes,
  view: View,
  format: "table" | "json",
  { callers, callees }: ProfileOptions,
): string {
  const asked = (
    [
      ["callers", callers],
      ["callees", callees],
    ] as const
  ).flatMap(([side, name]) => {
    if (name === undefined) return [];
    const targets = named(times, name, view);
    if (targets.length === 0) command.error(`error: ${noMatch(name)}`, FAILED);
    return [{ side, name, targets }];
  });
  if (format === "json") {
    const chosen = asked.length > 0 ? [...new Set(asked.flatMap(({ targets }) => targets))] : inView(times, view);
    const functions = view.limit === 0 ? chosen : chosen.slice(0, view.limit);
    return `${JSON.stringify({ files, ...times, functions }, null, 2)}\n`;
  }
  if (asked.length === 0) return functionTable(times, view);
  return asked.map(({ side, name, targets }) => callTables(times, targets, name, side, view)).join("\n");
}

/** Options that would be ignored are refused: whoever gave them counts on their being heeded. */
function refuseNonsense(command: Command, options: ProfileOptions, format: string, files: readonly string[]): void {
  const given = (name: string) => command.getOptionValueSource(name) === "cli";
  const refuse = (message: string) => command.error(`error: ${message}`, MISUSED);
  if (options.json && given("format") && options.format !== "json")
    refuse(`--json and --format ${options.format} differ`);
  const fromInput = files.filter((file) => file === STANDARD_INPUT).length;
  if (fromInput > 1) refuse("standard input, -, can be read once only");
  if (options.interactive) {
    if (fromInput > 0) refuse("standard input, -, cannot be used with --interactive, which reads commands from it");
    for (const name of ["format", "json", "output", "callers", "callees"]) {
      if (given(name)) refuse(`--${name} cannot be used with --interactive`);
    }
  }
  if (format === "table" || format === "json") return;
  for (const name of ["sort", "limit", "filter", "callers", "callees"]) {
    if (given(name)) refuse(`--${name} is for tables and JSON, not for --format ${format}`);
  }
  if (given("idle")) refuse(`--no-idle is for tables and JSON, not for --format ${format}`);
  if (format === "cpuprofile" && files.length > 1) refuse(`--format cpuprofile takes one FILE, got ${files.length}`);
  if (format === "pprof" && options.output === undefined && process.stdout.isTTY) {
    refuse("--format pprof is binary: name a file with --output, or pipe it");
  }
}
