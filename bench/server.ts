/**
 * How many requests can a server still serve that records its runtime, or profiles?          npm run bench -- server
 *
 * A hello-world server, the hardest to hide behind, under as much load as it takes. On a machine whose speed changes by a
 * third from one half-minute to the next, a run of one and then a run of the other say nothing about one percent. So two
 * servers stand side by side, with and without, and take the load in turns of a second: what is compared are neighbours.
 *
 * Where the system can do it, all threads of both servers are held on one core, the flusher's too, and the load generator
 * on the others: so whatever Seismo does, on any thread, is taken from its server.
 */

import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import type { MonitorOptions } from "seismo";
import { median, single } from "./lib/measure.js";
import type { Figures, Question, Setting } from "./lib/question.js";

const BLOCKS = 10;
const TURN_SECONDS = 1;
const WARM_UP_SECONDS = 3;
const CONNECTIONS = 20;
const SERVER = fileURLToPath(new URL("./lib/serving.js", import.meta.url));

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

async function serve(args: readonly string[]): Promise<Server> {
  const child = fork(SERVER, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [port] = (await once(child, "message")) as [number];
  return { child, url: `http://127.0.0.1:${port}` };
}

function pin(pid: number, cores: string, note: (text: string) => void): void {
  try {
    execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", cores, String(pid)], { stdio: "ignore" });
  } catch {
    note("taskset could not pin servers and load to cores of their own: they were where the system put them.");
  }
}

async function load({ url }: Server, seconds: number): Promise<number> {
  const result = await autocannon({ url, connections: CONNECTIONS, duration: seconds });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} answers were no success, ${result.errors} requests failed`);
  return result.requests.total / result.duration;
}

const against = (options: MonitorOptions | undefined) => async (setting: Setting) => {
  const { directory, note } = setting;
  const bare = await serve([directory]);
  const watched = await serve(options ? [directory, JSON.stringify(options)] : [directory]);
  for (const { child } of [bare, watched]) pin(child.pid!, "0", note);
  pin(process.pid, `1-${availableParallelism() - 1}`, note);
  try {
    for (const server of [bare, watched]) await load(server, WARM_UP_SECONDS);
    const ratios: number[] = [];
    for (let block = 0; block < BLOCKS; block++) {
      // without, with, with, without: neither is always the later, and what changes steadily cancels out
      const without = await load(bare, TURN_SECONDS);
      const within = (await load(watched, TURN_SECONDS)) + (await load(watched, TURN_SECONDS));
      ratios.push(within / (without + (await load(bare, TURN_SECONDS))));
    }
    return { "requests, over those of the same server without": single("ratio", median(ratios)) } satisfies Figures;
  } finally {
    for (const { child } of [bare, watched]) {
      child.disconnect();
      await once(child, "exit");
    }
  }
};

export const question: Question = {
  asks: "How many requests can a server still serve that records its runtime, or profiles?",
  baseline: "no Seismo in either: how exact this is",
  rounds: 2,
  remarks: [
    `${CONNECTIONS} connections. Of ${BLOCKS} blocks of four turns of ${TURN_SECONDS} s, without, with, with and without, the median of the blocks' ratios.`,
  ],
  variants: [
    { name: "no Seismo in either: how exact this is", run: against(undefined) },
    { name: "start() alone", run: against({}) },
    { name: "runtime: true", targets: [{ atLeast: 0.99 }], run: against({ runtime: true }) },
    { name: "profiler: true", targets: [{ atLeast: 0.95 }], run: against({ profiler: true }) },
  ],
};
