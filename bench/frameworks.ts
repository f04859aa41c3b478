/**
 * What does it cost an application of Express or Fastify to have each request recorded?          npm run bench -- frameworks
 *
 * A route with a parameter and an answer of one word. Switched on and off in one process, and with the flag, between two.
 */

import { fileURLToPath } from "node:url";
import type { Question, Setting } from "./lib/question.js";
import { type Framework, PATH, type Within } from "./lib/served.js";
import type { Serving } from "./lib/serving.js";
import { onAndOff, type Program, pairsSideBySide } from "./lib/side-by-side.js";

const TURNS = { requests: 30_000, warmUp: 40_000, path: PATH };
const BLOCKS = 20;
const PAIRS = 6;
const BLOCKS_A_PAIR = 3;
const SERVER = fileURLToPath(new URL("./lib/serving.js", import.meta.url));
const CPU = "CPU a request";
const NOTHING = "Express, switched: nothing, which tells how exact this is";

function serving(framework: Framework, within: Within, directory: string): Program {
  return { path: SERVER, args: [directory, JSON.stringify({ framework, within } satisfies Serving)] };
}

const switched =
  (framework: Framework, within: Within) =>
  ({ directory, note }: Setting) =>
    onAndOff(serving(framework, within, directory), { ...TURNS, blocks: BLOCKS, note });

const preloaded =
  (framework: Framework) =>
  ({ directory, note }: Setting) => {
    const base = serving(framework, "nothing", directory);
    const candidate = { ...base, flags: ["--import", "seismo/preload"], env: { SEISMO_DIRECTORY: directory } };
    return pairsSideBySide(base, candidate, { ...TURNS, pairs: PAIRS, blocks: BLOCKS_A_PAIR, note });
  };

const web: Within = { options: { runtime: true }, http: true };
const targets = [{ figure: CPU, atMost: 1.02 }];

export const question: Question = {
  asks: "What does it cost an application of Express or Fastify to have each request recorded?",
  baseline: NOTHING,
  rounds: 3,
  needsPeers: true,
  remarks: [
    `20 connections. A block: four turns of ${TURNS.requests} requests, off, on, on and off; the figures are medians of the blocks.`,
    `With the flag: two processes, ${PAIRS} pairs a round, of ${BLOCKS_A_PAIR} blocks each; medians of the pairs. "Give or take" is one standard error, from the spread.`,
    "CPU is that of all threads of the server, the flusher's too, which share one core.",
  ],
  variants: [
    { name: NOTHING, run: switched("Express", "nothing") },
    { name: "Express, switched", targets, run: switched("Express", web) },
    { name: "Express, with the flag", run: preloaded("Express") },
    { name: "Fastify, switched: nothing", run: switched("Fastify", "nothing") },
    { name: "Fastify, switched", targets, run: switched("Fastify", web) },
    { name: "Fastify, with the flag", run: preloaded("Fastify") },
  ],
};
