/** The prompt of `seismo profile --interactive`: the tables of one profile, asked for one by one, as with `pstats`. */

import { createInterface } from "node:readline";
import type { FunctionTimes } from "../analysis.js";
import { callTable, functionTable, inView, named, SORTS, type Sort, type View } from "./profile-view.js";

const HELP = `stats [N]            the table of functions, N lines of it; 0 for all
sort self|total|name the order of the table
filter [TEXT]        only functions whose name or location holds TEXT; without it, all
idle on|off          whether (idle) is in the table, and in its shares
callers NAME         who called a function, and how much of its time was spent for them
callees NAME         whom a function called, and how long they took
help                 this
quit                 ends; so do exit, Ctrl-C and Ctrl-D
`;
const COMMANDS = ["stats", "sort", "filter", "idle", "callers", "callees", "help", "quit", "exit"];

/** Answers commands from standard input until it ends or says so. Prompts only where a person types. */
export async function profilePrompt(times: FunctionTimes, first: View): Promise<void> {
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
  lines.prompt();
  for await (const line of lines) {
    const [, command = "", argument = ""] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line)!;
    quit = command === "quit" || command === "exit";
    if (quit) break;
    const { text, next = view } = answer(times, view, command, argument);
    view = next;
    stdout.write(text);
    lines.prompt();
  }
  lines.close();
  if (person && !quit) stdout.write("\n"); // the prompt has no answer
}

interface Answer {
  readonly text: string;
  readonly next?: View;
}

function answer(times: FunctionTimes, view: View, command: string, argument: string): Answer {
  switch (command) {
    case "":
      return { text: "" };
    case "stats": {
      if (argument === "") return { text: functionTable(times, view) };
      if (!/^\d{1,9}$/.test(argument)) return { text: `stats takes a number of lines, not ${argument}\n` };
      const next = { ...view, limit: Number(argument) };
      return { text: functionTable(times, next), next };
    }
    case "sort":
      if (!SORTS.includes(argument as Sort)) return { text: `sort takes ${SORTS.join(", ")}, not "${argument}"\n` };
      return { text: `sorted by ${argument}\n`, next: { ...view, sort: argument as Sort } };
    case "filter": {
      const next = { ...view, filter: argument };
      return { text: `${inView(times, next).length} functions\n`, next };
    }
    case "idle":
      if (argument !== "on" && argument !== "off") return { text: `idle takes on or off, not "${argument}"\n` };
      return { text: `idle time ${argument}\n`, next: { ...view, idle: argument === "on" } };
    case "callers":
    case "callees": {
      if (argument === "") return { text: `${command} takes the name of a function\n` };
      const targets = named(times, argument);
      if (targets.length === 0) return { text: `no function matches "${argument}"\n` };
      return { text: targets.map((target) => callTable(times, target, command, view)).join("\n") };
    }
    case "help":
      return { text: HELP };
    default:
      return { text: `there is no command ${command}; help lists them\n` };
  }
}

function completions(times: FunctionTimes, line: string): [string[], string] {
  const call = /^\s*(?:callers|callees)\s+(.*)$/.exec(line);
  const [begun, all] = call === null ? [line, COMMANDS] : [call[1]!, times.functions.map(({ name }) => name)];
  return [[...new Set(all)].filter((each) => each.startsWith(begun)), begun];
}
