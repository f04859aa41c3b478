/** A server as its own process, recorded with one flag; its clients, which keep the time themselves; and what was recorded. */

import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { Agent, get, request as send } from "node:http";
import { join } from "node:path";
import { expect } from "vitest";
import { type Ended, startProgram } from "../../lib/program.js";
import { filesIn, type Row, rowsIn } from "../../lib/rows.js";
import { scratch } from "../../lib/scratch.js";
import { until } from "../../lib/until.js";

export const examples: string = join(import.meta.dirname, "../../../examples");
const apps: string = join(import.meta.dirname, "apps");

export interface Reply {
  readonly status: number;
  /** As the client has it: from before the request is sent until the response has been read. */
  readonly seconds: number;
}

/** Most that a client may see a request take longer than the server does: the way there and back. */
const MOST_BETWEEN_SECONDS = 0.1;
/** And shorter: that a response has been handed over Node tells in a later turn, when the client may have read it already. */
const MOST_AFTER_SECONDS = 0.05;

/**
 * That what was recorded of some requests agrees with what their client saw. On a starved machine a process may not run for
 * longer than that, at any time: so the half of them that agree best.
 */
export function expectAgreement(rows: readonly Row[], replies: readonly Reply[]): void {
  const between = replies.map(({ seconds }, i) => seconds - rows[i]!.measurement).sort((a, b) => a - b);
  const [quarter, median] = [between[between.length >> 2]!, between[between.length >> 1]!];
  expect(quarter).toBeGreaterThan(-MOST_AFTER_SECONDS);
  expect(median).toBeLessThan(MOST_BETWEEN_SECONDS);
}

export class Served {
  readonly url: URL;
  readonly #directory: string;
  readonly #stop: () => Promise<Ended>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: URL, directory: string, stop: () => Promise<Ended>) {
    this.url = url;
    this.#directory = directory;
    this.#stop = stop;
  }

  /** Resolves when the whole of the response has arrived. All on one connection. */
  ask(path: string, method = "GET", body?: string): Promise<Reply> {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const request = send(new URL(path, this.url), { agent: this.#agent, method, headers }, (response) => {
        const status = response.statusCode!;
        response.resume().on("end", () => resolve({ status, seconds: (performance.now() - began) / 1000 }));
      });
      request.on("error", reject).end(body);
    });
  }

  /** Asks, and hangs up when the server is at it: a request on another connection, sent later, has been answered. */
  async abandon(path: string): Promise<void> {
    const request = get(new URL(path, this.url), { agent: false }).on("error", () => {});
    await new Promise((resolve) => request.once("finish", resolve));
    await this.ask("/");
    request.destroy();
    await until(() => this.#written().includes(" (aborted)"));
  }

  #written(): string {
    const names = filesIn(this.#directory, "duration.", "");
    return names.map((name) => readFileSync(join(this.#directory, name), "utf8")).join("");
  }

  /** Ends the server as an operator does, and reads what was recorded, in the order in which it ended. */
  async stop(): Promise<Row[]> {
    this.#agent.destroy();
    const { stderr, signal, code } = await this.#stop();
    const isAsTold = signal === "SIGTERM" || code === 143; // which is how Next.js says the same
    if (stderr !== "" || !isAsTold) throw new Error(`ended by ${signal ?? code}, and said: ${stderr}`);
    return rowsIn(this.#directory);
  }
}

/** Starts one of `apps`, in a folder of its own, with the packages of the examples. */
export function serveApp(name: string, args: readonly string[]): Promise<Served> {
  const cwd = scratch();
  cpSync(apps, cwd, { recursive: true });
  writeFileSync(join(cwd, "package.json"), '{ "type": "module" }');
  return serve(join(cwd, name), args, examples, cwd);
}

/** Starts a server of the examples. */
export async function serve(
  path: string,
  args: readonly string[] = [],
  packages: string = examples,
  cwd: string = scratch(),
): Promise<Served> {
  symlinkSync(join(packages, "node_modules"), join(cwd, "node_modules"));
  const program = startProgram(path, args, {
    cwd,
    flags: ["--import", "seismo/preload"],
    env: { PORT: "0", NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
  });
  const url = /http:\S+/.exec(await program.line(/^listening on|^- Local:/))![0];
  return new Served(new URL(url), join(cwd, "_monitoring"), () => {
    program.process.kill("SIGTERM");
    return program.ended;
  });
}
