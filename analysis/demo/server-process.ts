/** The parent's end of the server: starts it as a child process, and gets it stopped. What it does is in `server.ts`. */

import { type ChildProcess, fork } from "node:child_process";
import type { ServerMessage } from "./server.js";

export type Stopped = Extract<ServerMessage, { type: "stopped" }>;

export interface RunningServer {
  readonly pid: number;
  readonly url: string;
  /** Asks the server to stop; resolves when all it has recorded is published and the process has ended. */
  stop(): Promise<Stopped>;
}

/** @throws {Error} if the server cannot record to that directory, or does not come up */
export async function startServer(directory: string): Promise<RunningServer> {
  // Its stdout is ours to write to; its stderr is let through, so that a warning or a crash is seen.
  const child = fork(new URL("./server.js", import.meta.url), [directory], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = endOf(child);
  const stopped = messageOf(child, "stopped", ended);
  stopped.catch(() => {}); // asked for in stop(), perhaps long after
  const { port } = await messageOf(child, "listening", ended);
  return {
    pid: child.pid!,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      if (child.connected) child.send("stop", () => {}); // if it is gone, `stopped` says so
      const last = await stopped;
      if (child.connected) child.disconnect();
      await ended;
      return last;
    },
  };
}

function messageOf<T extends ServerMessage["type"]>(
  child: ChildProcess,
  type: T,
  ended: Promise<string>,
): Promise<Extract<ServerMessage, { type: T }>> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: ServerMessage) => {
      if (message.type === type) resolve(message as Extract<ServerMessage, { type: T }>);
      if (message.type === "failed") {
        if (child.connected) child.disconnect();
        void ended.then(() => reject(new Error(message.reason)));
      }
    });
    void ended.then((how) => reject(new Error(`the server ended unasked (${how})`)));
  });
}

/** Resolves to how the process ended. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
