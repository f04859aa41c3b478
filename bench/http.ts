/**
 * What does it cost a server to have each request recorded, and what do others ask for it?          npm run bench -- http
 *
 * A hello-world server, so that nothing hides the difference. It is measured twice: by switching it on and off in one
 * process, which is the most exact; and as it is used, with the flag, between two processes, which differ by themselves.
 */

import { fileURLToPath } from "node:url";
import type { Question, Setting } from "./lib/question.js";
import type { Within } from "./lib/served.js";
import type { Serving } from "./lib/serving.js";
import { MORE, onAndOff, type Program, pairsSideBySide } from "./lib/side-by-side.js";

const REQUESTS = 30_000;
const WARM_UP = 40_000;
const PAIRS = 6;
const BLOCKS_A_PAIR = 3;
const SERVER = fileURLToPath(new URL("./lib/serving.js", import.meta.url));
const NOTHING = "switched: nothing, which tells how exact this is";
const WEB = "switched: Seismo, requests and runtime";

function serving(serving: Omit<Serving, "framework">, directory: string): Program {
  return { path: SERVER, args: [directory, JSON.stringify({ framework: "node:http", ...serving } satisfies Serving)] };
}

const switched =
  (within: Within, blocks: number) =>
  ({ directory, note }: Setting) =>
    onAndOff(serving({ within }, directory), { requests: REQUESTS, blocks, warmUp: WARM_UP, note });

const paired =
  (candidateOf: (directory: string) => Program) =>
  ({ directory, note }: Setting) =>
    pairsSideBySide(serving({ within: "nothing" }, directory), candidateOf(directory), {
      pairs: PAIRS,
      requests: REQUESTS,
      blocks: BLOCKS_A_PAIR,
      warmUp: WARM_UP,
      note,
    });

/** With the flag alone, as it is told to be used. */
const preloaded = (preset: "web" | "minimal") =>
  paired((directory) => ({
    ...serving({ within: "nothing" }, directory),
    flags: ["--import", "seismo/preload"],
    env: { SEISMO_DIRECTORY: directory, SEISMO_PRESET: preset },
  }));

const peer = (within: "prom-client" | "OpenTelemetry") =>
  paired((directory) => serving({ within, isOn: true }, directory));

export const question: Question = {
  asks: "What does it cost a server to have each request recorded, and what do others ask for it?",
  baseline: NOTHING,
  rounds: 3,
  needsPeers: true,
  remarks: [
    `20 connections. A block: four turns of ${REQUESTS} requests, off, on, on and off; the figures are medians of the blocks.`,
    `Two processes: ${PAIRS} pairs a round, of ${BLOCKS_A_PAIR} blocks each; medians of the pairs. "Give or take" is one standard error, from the spread.`,
    "CPU is that of all threads of the server, the flusher's too, which share one core.",
    "prom-client: a histogram by method, route and status, on the response's finish; its default metrics come with the first on, and stay. Not scraped.",
    "OpenTelemetry: metrics of instrumentation-http, without traces, exported to nowhere.",
  ],
  variants: [
    { name: NOTHING, run: switched("nothing", 20) },
    { name: "switched: Seismo, requests", run: switched({ options: {}, http: true }, 20) },
    {
      name: WEB,
      targets: [{ figure: MORE, atMost: 1 }],
      run: switched({ options: { runtime: true }, http: true }, 20),
    },
    {
      name: "switched: prom-client",
      targets: [{ figure: MORE, over: WEB, atLeast: 5 }],
      run: switched("prom-client", 11),
    },
    {
      name: "switched: OpenTelemetry",
      targets: [{ figure: MORE, over: WEB, atLeast: 14 }],
      run: switched("OpenTelemetry", 11),
    },
    { name: "two processes: nothing in either", run: paired((directory) => serving({ within: "nothing" }, directory)) },
    { name: "two processes: --import seismo/preload, minimal", run: preloaded("minimal") },
    { name: "two processes: --import seismo/preload", targets: [{ figure: MORE, atMost: 1 }], run: preloaded("web") },
    { name: "two processes: prom-client", run: peer("prom-client") },
    { name: "two processes: OpenTelemetry", run: peer("OpenTelemetry") },
  ],
};
