/** Runs a program of `test/programs` as a process of its own: the only way to see how a process ends. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export const built: string = join(import.meta.dirname, "../../build/test");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Resolves when the program has printed this line; rejects if it ends first. */
  line(text: string | RegExp): Promise<string>;
  /** What it has printed by now. */
  stdout(): string;
  readonly ended: Promise<Ended>;
}

export interface ProgramOptions {
  readonly cwd: string;
  /** Flags of Node. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** A command and its arguments that run Node in a setting of their own: `["sh", "-c", 'ulimit -n 30; exec "$0" "$@"']`. */
  readonly within?: readonly string[];
}

export function startProgram(name: string, args: readonly string[], options: ProgramOptions): Program {
  const path = name.startsWith("/") ? name : join(built, name);
  const { within = [], flags = [], ...rest } = options;
  return startCommand([...within, process.execPath, ...flags, path, ...args], rest);
}

/** Any other command. `node` in it, and in what it runs, is the Node that tests run on. */
export function startCommand(command: readonly string[], options: Pick<ProgramOptions, "cwd" | "env">): Program {
  const { NODE_OPTIONS: _, VITEST: __, ...env } = process.env;
  const child = spawn(command[0]!, command.slice(1), {
    cwd: options.cwd,
    env: { ...env, PATH: `${dirname(process.execPath)}:${env.PATH}`, ...options.env },
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const watcher of watchers) watcher();
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal, stdout, stderr }));
  const line = (text: string | RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = stdout.split("\n").find((each) => (typeof text === "string" ? each === text : text.test(each)));
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without printing ${text}: ${stdout}${stderr}`)));
    });
  return { process: child, pid: child.pid!, line, stdout: () => stdout, ended };
}

export function runProgram(name: string, args: readonly string[], options: ProgramOptions): Promise<Ended> {
  return startProgram(name, args, options).ended;
}
