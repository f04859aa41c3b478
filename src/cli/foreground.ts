/**
 * Runs a program in our place: with our terminal, our standard streams and our signals, and ends as it ends.
 *
 * Best of all, it takes our place: `execve`, which newer versions of Node have, leaves no process of ours to stand
 * between. Where that cannot be, the program is a child, to which we pass on what is sent to us.
 */

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

type Execve = (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => never;

/**
 * A stream of Node, once there, has made its pipe non-blocking, for everybody who holds it. Node mends that when it ends,
 * which it does not by `execve`; and it would be what the program takes for the state to restore.
 */
interface OutputStream {
  readonly _handle?: { setBlocking?(isBlocking: boolean): unknown } | null;
}

/**
 * For programs of Node. Others would find SIGPIPE and SIGXFSZ ignored, as Node ignores them and `execve` leaves that be,
 * while Node sets all signals right when it begins.
 */
export async function becomeNode(program: Program): Promise<void> {
  const { execve } = process as { readonly execve?: Execve };
  // the channel to a parent that forked us does not outlive execve
  if (execve === undefined || process.platform === "win32" || process.send) return runInForeground(program);
  for (const stream of [process.stdout, process.stderr] as readonly OutputStream[]) stream._handle?.setBlocking?.(true);
  execve(program.file, [program.file, ...program.args], program.env);
}

/** Signals that somebody sends to a program by its PID, which is ours. */
const PASSED_ON = ["SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGBREAK"] as const;

/** Signals that a terminal sends to all processes in its foreground: the child has them already, and twice is not once. */
const OF_THE_TERMINAL: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT", "SIGHUP"]);

/** Resolves when the program has ended and this process has only to end as well; rejects if there is no program. */
export function runInForeground({ file, args, env }: Program): Promise<void> {
  return new Promise((resolve, reject) => {
    const stdio: StdioOptions = process.send ? ["inherit", "inherit", "inherit", "ipc"] : "inherit";
    const child = spawn(file, args, { env, stdio });
    const stopPassingOn = passOn(child);
    child.once("error", (error) => {
      stopPassingOn();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      stopPassingOn();
      if (signal === null) process.exitCode = code!;
      else endBy(signal);
      resolve();
    });
  });
}

function passOn(child: ChildProcess): () => void {
  const listeners = PASSED_ON.filter((signal) => signal in constants.signals).map((signal) => {
    const listener = () => {
      if (!OF_THE_TERMINAL.has(signal) || !inForeground()) child.kill(signal);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  if (process.send) relay(child);
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
    if (process.connected) process.disconnect();
  };
}

/** Messages between the parent that forked us and the program. */
function relay(child: ChildProcess): void {
  const ignoreGone = () => {}; // whoever is gone hears nothing, and the other side learns of it by a disconnect
  process.on("message", (message, handle) => {
    if (child.connected) child.send(message as object, handle as never, ignoreGone);
  });
  child.on("message", (message, handle) => {
    if (process.connected) process.send!(message, handle, undefined, ignoreGone);
  });
  process.on("disconnect", () => {
    if (child.connected) child.disconnect();
  });
  child.on("disconnect", () => {
    if (process.connected) process.disconnect();
  });
}

/** Whether our group of processes is the one that its terminal sends signals to. */
function inForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return terminal !== "0" && group === foreground;
  } catch {
    return [0, 1, 2].some((fd) => isatty(fd));
  }
}

/** Ends as a process does that this signal kills; where Node survives it, with the code that a shell would tell. */
function endBy(signal: NodeJS.Signals): void {
  process.exitCode = 128 + constants.signals[signal];
  process.kill(process.pid, signal);
  setTimeout(() => process.exit(), 500); // the signal need not have arrived when kill() returns
}
