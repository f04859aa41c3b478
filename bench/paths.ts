/**
 * What does a million distinct paths do to a server whose requests are recorded?          npm run bench -- paths
 *
 * Whoever sends requests chooses their paths. So a million of them are sent that become one label, a million that become as
 * many labels as there may be, and a million that are not found: against as many requests for one path.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { single } from "./lib/measure.js";
import type { Figures, Question, Setting } from "./lib/question.js";
import { loadRaw } from "./lib/raw-load.js";
import type { Held } from "./lib/remembering.js";
import { pinServerAndLoad } from "./lib/side-by-side.js";

const REQUESTS = 1_000_000;
const WARM_UP = 50_000;
const CONNECTIONS = 20;
const PIPELINED = 4;
const MOST_MORE_MIB = 4;
const SERVER = fileURLToPath(new URL("./lib/remembering.js", import.meta.url));

const ONE = "one path";
const BARE_ONE = "no Seismo: one path";

type PathOf = (n: number) => string;

const onePath: PathOf = () => "/users/1/orders";
const ids: PathOf = (n) => `/users/${1_000_000 + n}/orders`;

/** Ten letters, another ten for each number up to 26^6: a generator that visits every state of six letters once. */
const words: PathOf = (n) => {
  let state = (n * 214_013 + 2_531_011) % 26 ** 6;
  let word = "";
  for (let i = 0; i < 6; i++, state = Math.floor(state / 26)) word += String.fromCharCode(97 + (state % 26));
  return `/${word}ness`;
};

interface Kind {
  readonly pathOf: PathOf;
  readonly status?: number;
  readonly isRecorded?: boolean;
}

const loading =
  ({ pathOf, status = 200, isRecorded = true }: Kind) =>
  async ({ directory, note }: Setting): Promise<Figures> => {
    const server = fork(SERVER, [String(status), ...(isRecorded ? ["seismo"] : [])], {
      execArgv: ["--expose-gc", ...(isRecorded ? ["--import", "seismo/preload"] : [])],
      env: { ...process.env, SEISMO_DIRECTORY: directory },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const [port] = (await once(server, "message")) as [number];
    pinServerAndLoad([server.pid!], note);
    try {
      const load = { port, connections: CONNECTIONS, pipelined: PIPELINED };
      await loadRaw({ ...load, requests: WARM_UP, pathOf: onePath });
      server.send("begin");
      await once(server, "message");
      const beginMs = performance.now();
      await loadRaw({ ...load, requests: REQUESTS, pathOf });
      const seconds = (performance.now() - beginMs) / 1e3;
      server.send("end");
      const [held] = (await once(server, "message")) as [Held];
      if (isRecorded && (held.recorded ?? 0) < REQUESTS + WARM_UP)
        throw new Error(`of ${REQUESTS + WARM_UP} requests ${held.recorded} were recorded`);
      return {
        rss: single("MiB", held.rssBytes / 2 ** 20),
        heap: single("MiB", held.heapBytes / 2 ** 20),
        "event loop delay, at most": single("ms", held.maxDelayMs),
        "event loop delay, p99": single("ms", held.p99DelayMs),
        rate: single("requests/s", REQUESTS / seconds),
      };
    } finally {
      server.disconnect();
      await once(server, "exit");
    }
  };

const targets = [
  { figure: "rss", less: ONE, atMost: MOST_MORE_MIB },
  { figure: "heap", less: ONE, atMost: MOST_MORE_MIB },
];

export const question: Question = {
  asks: "What does a million distinct paths do to a server whose requests are recorded?",
  baseline: ONE,
  rounds: 3,
  remarks: [
    `${REQUESTS} requests on ${CONNECTIONS} connections, ${PIPELINED} at a time on each, with --import seismo/preload. Memory: some seconds after the load, and after a collection.`,
    "ids: the template folds them into one label. words: it does not, and at most 1 000 labels are made. 404: not found, one label.",
    "The delay of the event loop is that of a timer of 5 ms, those 5 included.",
  ],
  variants: [
    { name: ONE, run: loading({ pathOf: onePath }) },
    { name: "a million ids", targets, run: loading({ pathOf: ids }) },
    { name: "a million words", targets, run: loading({ pathOf: words }) },
    { name: "a million words, 404", targets, run: loading({ pathOf: words, status: 404 }) },
    { name: BARE_ONE, run: loading({ pathOf: onePath, isRecorded: false }) },
    { name: "no Seismo: a million words", run: loading({ pathOf: words, isRecorded: false }) },
  ],
};
