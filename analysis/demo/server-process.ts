/** The parent's end of the server: starts it as a child process, and gets it stopped. What it does is in `server.ts`. */

import { type ChildProcess, fork } from "node:child_process";
import type { ServerMessage } from "./server.js";

export type Stopped = Extract<ServerMessage, { type: "stopped" }>;

/** Long enough for any machine: a server that takes longer to start or stop hangs. */
const PATIENCE_MS = 10_000;

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  /** Why it ended, where we know better than its exit code tells. */
  #reason: string | undefined;
  readonly #listening: Promise<Extract<ServerMessage, { type: "listening" }>>;
  readonly #stopped: Promise<Stopped>;

  constructor(directory: string) {
    this.#child = fork(new URL("./server.js", import.meta.url), [directory], {
      // Its stdout is ours to write to; its stderr is let through, so that a warning or a crash is seen.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const failed = new Promise<never>((_, reject) => {
      this.#child.once("error", reject);
      this.#child.once("exit", (code, signal) => {
        reject(new Error(this.#reason ?? `the server ended too early (${signal ?? `exit code ${code}`})`));
      });
    });
    this.#ended = failed.catch(() => {});
    this.#listening = Promise.race([this.#message("listening"), failed]);
    this.#stopped = Promise.race([this.#message("stopped"), failed]);
    this.#stopped.catch(() => {}); // looked at in stop(), perhaps long after
    // The child waits to be let go after its last words, so that they are never lost.
    this.#child.on("message", (message: ServerMessage) => {
      if (message.type === "failed") this.#reason = message.reason;
      if (message.type !== "listening") this.#child.disconnect();
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /**
   * Where it listens, when it does.
   * @param signal  ends a server that does not listen yet
   * @throws {Error} if it cannot record to the directory, or does not come up
   */
  async url(signal: AbortSignal): Promise<string> {
    const abort = () => this.#kill("the server was stopped");
    signal.addEventListener("abort", abort);
    try {
      const { port } = await this.#inTime(this.#listening);
      return `http://127.0.0.1:${port}`;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Asks it to stop; resolves when all it has recorded is published and the process has ended. */
  async stop(): Promise<Stopped> {
    if (this.#child.connected) this.#child.send("stop", () => {}); // if it is gone by now, `#stopped` says so
    const stopped = await this.#inTime(this.#stopped);
    await this.#inTime(this.#ended);
    return stopped;
  }

  #message<T extends ServerMessage["type"]>(type: T): Promise<Extract<ServerMessage, { type: T }>> {
    return new Promise((resolve) => {
      this.#child.on("message", (message: ServerMessage) => {
        if (message.type === type) resolve(message as Extract<ServerMessage, { type: T }>);
      });
    });
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#kill(`the server did not answer for ${PATIENCE_MS / 1_000} s`), PATIENCE_MS);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  #kill(reason: string): void {
    this.#reason ??= reason;
    this.#child.kill("SIGKILL");
  }
}
