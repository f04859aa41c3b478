/**
 * How many requests can a server still serve that records its runtime, or profiles?          npm run bench -- server
 *
 * A hello-world server, the hardest to hide behind, under as much load as it takes, with recording switched on and off.
 */

import { fileURLToPath } from "node:url";
import type { MonitorOptions } from "seismo";
import type { Question, Setting } from "./lib/question.js";
import type { Serving } from "./lib/serving.js";
import { onAndOff } from "./lib/side-by-side.js";

const BLOCKS = 25;
const REQUESTS = 20_000;
const SERVER = fileURLToPath(new URL("./lib/serving.js", import.meta.url));
const NOTHING = "nothing: how exact this is";

const recording =
  (options: MonitorOptions | "nothing") =>
  ({ directory, note }: Setting) => {
    const within = options === "nothing" ? options : { options };
    const args = [directory, JSON.stringify({ framework: "node:http", within } satisfies Serving)];
    return onAndOff({ path: SERVER, args }, { requests: REQUESTS, blocks: BLOCKS, warmUp: 30_000, note });
  };

export const question: Question = {
  asks: "How many requests can a server still serve that records its runtime, or profiles?",
  baseline: NOTHING,
  rounds: 3,
  remarks: [
    `20 connections. Medians of ${BLOCKS} blocks of four turns of ${REQUESTS} requests: off, on, on and off.`,
    "CPU is that of all threads of the server, the flusher's too, which share one core.",
  ],
  variants: [
    { name: NOTHING, run: recording("nothing") },
    { name: "start() alone", run: recording({}) },
    { name: "runtime: true", targets: [{ atLeast: 0.99 }], run: recording({ runtime: true }) },
    { name: "profiler: true", targets: [{ atLeast: 0.95 }], run: recording({ profiler: true }) },
  ],
};
