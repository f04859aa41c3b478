/** One of `apps` as its own process: with the packages of the examples, or with this project's own. */

import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Program, startProgram } from "../../lib/program.js";
import { filesIn } from "../../lib/rows.js";
import { scratch } from "../../lib/scratch.js";
import { until } from "../../lib/until.js";
import { examples, Served } from "../frameworks/served.js";

const apps: string = join(import.meta.dirname, "apps");
const preload: string = pathToFileURL(join(import.meta.dirname, "../../../dist/preload.js")).href;

/** See `apps/settings.js`. */
export interface AppSettings {
  readonly kind?: "http2" | "inner" | "both" | "own server" | "plain" | "versions";
  readonly label?: string;
  readonly prefix?: string;
  readonly outside?: string;
  readonly off?: boolean;
  readonly inject?: boolean;
}

export interface AppOptions extends AppSettings {
  /** Whose frameworks: there are several versions of some among those of the examples. @default "examples" */
  readonly packages?: "examples" | "own";
  /** @default false */
  readonly preload?: boolean;
  readonly flags?: readonly string[];
}

export class ServedApp extends Served {
  readonly program: Program;
  readonly directory: string;

  constructor(url: URL, cwd: string, program: Program) {
    const directory = join(cwd, "_monitoring");
    super(url, directory, () => {
      program.process.kill("SIGTERM");
      return program.ended;
    });
    this.program = program;
    this.directory = directory;
  }

  /** Asks for what is never answered, and hangs up when its handler has been called. */
  async abandonHanging(path: string): Promise<void> {
    const request = get(new URL(path, this.url), { agent: false }).on("error", () => {});
    await this.program.line("hanging 1");
    request.destroy();
    await this.#aborted(1);
  }

  /** Sends requests on one connection without awaiting responses, of which the first never comes, and hangs up. */
  async abandonPipelined(paths: readonly string[], lastLine: string): Promise<void> {
    const socket = connect(Number(this.url.port), "localhost");
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(""));
    await this.program.line(lastLine);
    socket.destroy();
    await this.#aborted(paths.length);
  }

  /** That a client has hung up, the server sees in its own time. */
  #aborted(count: number): Promise<void> {
    const written = () =>
      filesIn(this.directory, "", "").map((name) => readFileSync(join(this.directory, name), "utf8"));
    return until(() => written().join("").split(" (aborted)").length > count);
  }
}

export async function serveApp(name: string, args: readonly string[], options: AppOptions = {}): Promise<ServedApp> {
  const { packages = "examples", preload: isPreloaded = false, flags = [], ...settings } = options;
  const cwd = scratch();
  if (packages === "examples") {
    cpSync(apps, cwd, { recursive: true });
    writeFileSync(join(cwd, "package.json"), '{ "type": "module" }');
    symlinkSync(join(examples, "node_modules"), join(cwd, "node_modules"));
  }
  const program = startProgram(join(packages === "examples" ? cwd : apps, name), args, {
    cwd,
    flags: [...flags, ...(isPreloaded ? ["--import", preload] : [])],
    env: { PORT: "0", NODE_ENV: "production", APP: JSON.stringify(settings) },
  });
  const url = /http2?:\S+/.exec(await program.line(/^listening on/))![0];
  return new ServedApp(new URL(url.replace("http2:", "http:")), cwd, program);
}
