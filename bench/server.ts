/**
 * How many requests can a server still serve that records its runtime, or profiles?          npm run bench -- server
 *
 * A hello-world server, the hardest to hide behind, under as much load as it takes.
 */

import { fileURLToPath } from "node:url";
import type { MonitorOptions } from "seismo";
import type { Question, Setting } from "./lib/question.js";
import { type Program, sideBySide } from "./lib/side-by-side.js";

const BLOCKS = 40;
const REQUESTS = 5_000;

function serving(directory: string, options?: MonitorOptions): Program {
  const path = fileURLToPath(new URL("./lib/serving.js", import.meta.url));
  return { path, args: options ? [directory, JSON.stringify(options)] : [directory] };
}

const against =
  (options?: MonitorOptions, base?: MonitorOptions) =>
  ({ directory, note }: Setting) =>
    sideBySide(serving(directory, base), serving(directory, options), {
      requests: REQUESTS,
      blocks: BLOCKS,
      warmUp: 30_000,
      note,
    });

export const question: Question = {
  asks: "How many requests can a server still serve that records its runtime, or profiles?",
  baseline: "no Seismo in either: how exact this is",
  rounds: 3,
  remarks: [
    `20 connections. Medians of ${BLOCKS} blocks of four turns of ${REQUESTS} requests: without, with, with and without.`,
    "CPU is that of all threads of the server, the flusher's too, which share one core.",
  ],
  variants: [
    { name: "no Seismo in either: how exact this is", run: against() },
    { name: "start() alone", run: against({}) },
    { name: "runtime: true", targets: [{ atLeast: 0.99 }], run: against({ runtime: true }) },
    { name: "runtime: true, over start() alone", targets: [{ atLeast: 0.99 }], run: against({ runtime: true }, {}) },
    { name: "profiler: true", targets: [{ atLeast: 0.95 }], run: against({ profiler: true }) },
  ],
};
