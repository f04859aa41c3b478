/** The prompt of `seismo profile --interactive`: the tables of one profile, asked for one by one, as with `pstats`. */

import { createInterface } from "node:readline";
import type { FunctionTimes } from "../analysis.js";
import { FAILED, MISUSED } from "./exit-codes.js";
import {
  callTables,
  counted,
  functionTable,
  inView,
  named,
  noMatch,
  SORTS,
  type Sort,
  type View,
} from "./profile-view.js";

const HELP = `stats [N]            the table of functions, N lines of it this once; 0 for all
sort self|total|name the order of the table
filter [TEXT]        only functions whose name or location holds TEXT; without it, all
idle on|off          whether (idle) is in the table, and in its shares
callers NAME         who called a function, and how much of its time was spent for them
callees NAME         whom a function called, and how long they took
help                 this
quit                 ends; so do exit, Ctrl-C and Ctrl-D
`;
const COMMANDS = ["stats", "sort", "filter", "idle", "callers", "callees", "help", "quit", "exit"];

/**
 * Answers commands from standard input until it ends or says so. Prompts only where a person types.
 *
 * @returns an exit code: the highest of what was wrong with commands from a pipe, 0 if nothing was or a person typed them
 */
export async function profilePrompt(times: FunctionTimes, first: View): Promise<number> {
  const { stdin, stdout } = process;
  const person = stdin.isTTY === true && stdout.isTTY === true;
  const lines = createInterface({
    input: stdin,
    ...(person ? { output: stdout } : {}),
    terminal: person,
    prompt: person ? "profile> " : "",
    completer: (line: string) => completions(times, line),
  });
  let view = first;
  if (person) stdout.write("help tells what can be asked\n");
  let quit = false;
  let worst = 0;
  // Only a person is prompted: a pipe may have been closed by now, and newer Nodes throw then.
  if (person) lines.prompt();
  for await (const line of lines) {
    const [, command = "", argument = ""] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line)!;
    quit = command === "quit" || command === "exit";
    if (quit) break;
    const { text, next = view, fault } = answer(times, view, command, argument);
    view = next;
    if (fault !== undefined) worst = Math.max(worst, fault.exitCode);
    stdout.write(text);
    if (person) lines.prompt();
  }
  lines.close();
  if (person && !quit) stdout.write("\n"); // the prompt has no answer
  return stdin.isTTY ? 0 : worst;
}

interface Answer {
  readonly text: string;
  readonly next?: View;
  readonly fault?: typeof FAILED | typeof MISUSED;
}
const misused = (text: string): Answer => ({ text: `${text}\n`, fault: MISUSED });

function answer(times: FunctionTimes, view: View, command: string, argument: string): Answer {
  switch (command) {
    case "":
      return { text: "" };
    case "stats": {
      if (argument === "") return { text: functionTable(times, view) };
      if (!/^\d{1,9}$/.test(argument)) return misused(`stats takes a number of lines, not ${argument}`);
      return { text: functionTable(times, { ...view, limit: Number(argument) }) };
    }
    case "sort":
      if (!SORTS.includes(argument as Sort)) return misused(`sort takes ${SORTS.join(", ")}, not "${argument}"`);
      return { text: `sorted by ${argument}\n`, next: { ...view, sort: argument as Sort } };
    case "filter": {
      const next = { ...view, filter: argument };
      const { length } = inView(times, next);
      if (length > 0 || argument === "") return { text: `${counted(length, "function")}\n`, next };
      return { text: `${noMatch(argument)}: the filter stays as it was\n`, fault: FAILED };
    }
    case "idle":
      if (argument !== "on" && argument !== "off") return misused(`idle takes on or off, not "${argument}"`);
      return { text: `idle time ${argument}\n`, next: { ...view, idle: argument === "on" } };
    case "callers":
    case "callees": {
      if (argument === "") return misused(`${command} takes the name of a function`);
      const targets = named(times, argument, view);
      if (targets.length === 0) return { text: `${noMatch(argument)}\n`, fault: FAILED };
      return { text: callTables(times, targets, argument, command, view) };
    }
    case "help":
      return { text: HELP };
    default:
      return misused(`there is no command ${command}; help lists them`);
  }
}

function completions(times: FunctionTimes, line: string): [string[], string] {
  const [, command, argument] = /^\s*(\S+)\s+(.*)$/.exec(line) ?? [];
  const begun = argument ?? line.trimStart();
  const all = command === undefined ? COMMANDS : argumentsOf(times, command);
  return [[...new Set(all)].filter((each) => each.startsWith(begun)), begun];
}

function argumentsOf({ functions }: FunctionTimes, command: string): readonly string[] {
  if (command === "sort") return SORTS;
  if (command === "idle") return ["on", "off"];
  return command === "callers" || command === "callees" ? functions.map(({ name }) => name) : [];
}
