/**
 * How many requests can a server still serve that records its runtime, or profiles?          npm run bench -- server
 *
 * A hello-world server, the hardest to hide behind, under as much load as it takes. Where the system can do it, all
 * threads of the server are held on one core, the flusher's too, and the load generator on the others: so whatever Seismo
 * does, on any thread, is taken from the server.
 */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import type { MonitorOptions } from "seismo";
import { single } from "./lib/measure.js";
import type { Figures, Question, Setting } from "./lib/question.js";
import { whileRecording } from "./lib/recording.js";

const WARM_UP_SECONDS = 2;
const SECONDS = 8;
const CONNECTIONS = 20;
const BARE = "no Seismo";
const IDLE = "start() alone";

/** Holds every thread of this process on one core, and returns how to start a program on the others. */
function pinned(note: (text: string) => void): readonly string[] {
  try {
    execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", "0", String(process.pid)], { stdio: "ignore" });
    return ["taskset", "--cpu-list", `1-${availableParallelism()}`];
  } catch {
    note("taskset could not pin server and load to cores of their own: they were where the system put them.");
    return [];
  }
}

async function load(within: readonly string[], url: string, seconds: number): Promise<number> {
  const autocannon = createRequire(import.meta.url).resolve("autocannon");
  const args = [autocannon, "--json", "--connections", String(CONNECTIONS), "--duration", String(seconds), url];
  const [command, ...rest] = [...within, process.execPath, ...args];
  const child = spawn(command!, rest, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(child, "close");
  const { non2xx, errors } = JSON.parse(text) as { non2xx: number; errors: number };
  if (non2xx > 0 || errors > 0) throw new Error(`${non2xx} answers were no success, ${errors} requests failed`);
  return 0;
}

async function serve({ note }: Setting): Promise<Figures> {
  let requests = 0;
  const server = createServer((_, response) => {
    requests++;
    response.end("hello\n");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const within = pinned(note);
  await load(within, url, WARM_UP_SECONDS);
  const [before, cpuBefore, served] = [performance.now(), process.cpuUsage(), requests];
  await load(within, url, SECONDS);
  const [seconds, cpu, count] = [(performance.now() - before) / 1_000, process.cpuUsage(cpuBefore), requests - served];
  server.closeAllConnections();
  server.close();
  return {
    requests: single("requests/s", count / seconds),
    CPU: single("µs/request", (cpu.user + cpu.system) / count),
  };
}

const recording = (options: MonitorOptions) => (setting: Setting) =>
  whileRecording(setting, () => serve(setting), "works meanwhile", options);

export const question: Question = {
  asks: "How many requests can a server still serve that records its runtime, or profiles?",
  baseline: BARE,
  rounds: 7,
  remarks: [
    `${CONNECTIONS} connections, ${SECONDS} s a round after ${WARM_UP_SECONDS} s. Requests a second count the time the load generator takes to start and end, alike for all.`,
  ],
  variants: [
    { name: BARE, run: serve },
    { name: IDLE, run: recording({}) },
    {
      name: "runtime: true",
      targets: [{ figure: "requests", over: BARE, atLeast: 0.99 }],
      run: recording({ runtime: true }),
    },
    {
      name: "profiler: true",
      targets: [{ figure: "requests", over: BARE, atLeast: 0.95 }],
      run: recording({ profiler: true }),
    },
  ],
};
