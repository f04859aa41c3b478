/**
 * What does the flag add to the start of a process, and to its memory?          npm run bench -- preload
 *
 * The smallest program there is, with the flag and without, in turns: without, with, with, without. Node itself takes its
 * time for any `--import`, so an empty module stands beside ours, and an empty file for `--require`.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { figureOf, median, single } from "./lib/measure.js";
import { type Figures, type Question, type Setting, Skipped } from "./lib/question.js";

const BLOCKS = 20;
const WARM_UP_BLOCKS = 2;
const SERVERS = 4;
const IDLE_MS = 2_000;

const BARE = "node app.cjs";
const EMPTY = "--import of an empty module";
const PRELOAD = "--import seismo/preload";
const FIRST_LINE = "to the first line, more";
const END = "to the end, more";
const RSS = "rss, more";

const FILES = {
  "app.cjs": 'process.stdout.write("hello\\n");\n',
  "app.mjs": 'process.stdout.write("hello\\n");\n',
  "server.cjs": 'require("node:http").createServer((_, response) => response.end("hello\\n")).listen(0);\n',
  "empty.mjs": "",
  "empty.cjs": "",
};

interface Start {
  readonly firstLineMs: number;
  readonly endMs: number;
}

/** What `node` is given before the program, and in its environment. */
interface Given {
  readonly flags: readonly string[];
  readonly preset?: "minimal" | "web";
}

function launch(directory: string, program: keyof typeof FILES, { flags, preset = "web" }: Given): ChildProcess {
  const { NODE_OPTIONS: _, ...rest } = process.env; // meant for us, not for what is measured
  const env = { ...rest, SEISMO_DIRECTORY: join(directory, "recorded"), SEISMO_PRESET: preset };
  const args = [...flags.map((flag) => flag.replace("DIRECTORY", directory)), join(directory, program)];
  return spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
}

async function startOf(...given: Parameters<typeof launch>): Promise<Start> {
  const beginMs = performance.now();
  const child = launch(...given);
  let firstLineMs = 0;
  child.stdout!.once("data", () => {
    firstLineMs = performance.now() - beginMs;
  });
  const closed = once(child, "close");
  const [code] = (await once(child, "exit")) as [number | null];
  const endMs = performance.now() - beginMs;
  await closed;
  if (code !== 0) throw new Error(`the program ended with code ${code}`);
  return { firstLineMs, endMs };
}

const starting =
  (program: "app.cjs" | "app.mjs", given: Given) =>
  async ({ directory }: Setting): Promise<Figures> => {
    writeFiles(directory);
    const bare: Start[] = [];
    const within: Start[] = [];
    for (let block = -WARM_UP_BLOCKS; block < BLOCKS; block++) {
      const first = await startOf(directory, program, { flags: [] });
      const between = [await startOf(directory, program, given), await startOf(directory, program, given)];
      const last = await startOf(directory, program, { flags: [] });
      if (block < 0) continue;
      bare.push(first, last);
      within.push(...between);
    }
    const more = (of: (start: Start) => number) => {
      const ofBlocks = Array.from({ length: BLOCKS }, (_, i) => {
        const [one, other] = [2 * i, 2 * i + 1];
        return (of(within[one]) + of(within[other]) - of(bare[one]) - of(bare[other])) / 2;
      });
      const leastMs = Math.min(...within.map(of)) - Math.min(...bare.map(of));
      return { unit: "ms", min: leastMs, median: median(ofBlocks) };
    };
    const firstLine = ({ firstLineMs }: Start) => firstLineMs;
    const end = ({ endMs }: Start) => endMs;
    return {
      [FIRST_LINE]: more(firstLine),
      [END]: more(end),
      "to the first line": figureOf("ms", within.map(firstLine)),
      "to the end": figureOf("ms", within.map(end)),
    };
  };

/** Servers that nobody asks anything: what each holds in memory after two seconds. */
const idling =
  (given: Given) =>
  async ({ directory }: Setting): Promise<Figures> => {
    writeFiles(directory);
    const rss: number[] = [];
    const own: number[] = [];
    for (let i = 0; i < SERVERS; i++) {
      const both = [{ flags: [] }, given].map((each) => launch(directory, "server.cjs", each));
      try {
        await sleep(IDLE_MS);
        const [bare, within] = both.map(({ pid }) => memoryOf(pid!));
        rss.push(within.rssMiB - bare.rssMiB);
        own.push(within.ownMiB - bare.ownMiB);
      } finally {
        for (const server of both) {
          server.kill("SIGKILL");
          await once(server, "close");
        }
      }
    }
    return { [RSS]: single("MiB", median(rss)), "rss without pages of files, more": single("MiB", median(own)) };
  };

/** What it has resident, and how much of that is its own: pages of Node's file are there once for all processes. */
function memoryOf(pid: number): { readonly rssMiB: number; readonly ownMiB: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const inMiB = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)![1]) / 1024;
    return { rssMiB: inMiB("VmRSS"), ownMiB: inMiB("VmRSS") - inMiB("RssFile") };
  } catch (error) {
    throw new Skipped(`the kernel does not tell what a process holds: ${(error as Error).message}`);
  }
}

function writeFiles(directory: string): void {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text);
}

const empty: Given = { flags: ["--import", "DIRECTORY/empty.mjs"] };
const preload: Given = { flags: ["--import", "seismo/preload"] };
const targets = [
  { figure: FIRST_LINE, atMost: 15 },
  { figure: END, atMost: 20 },
];

export const question: Question = {
  asks: "What does the flag add to the start of a process, and to its memory?",
  baseline: BARE,
  rounds: 3,
  remarks: [
    `Wall time from before the spawn. "More": than the same program without, the median of ${BLOCKS} blocks of four; its min is the difference of minima.`,
    `rss of a server that nobody asks anything, ${IDLE_MS / 1e3} s after its start, over that of one without the flag: the median of ${SERVERS} pairs.`,
  ],
  variants: [
    { name: BARE, run: starting("app.cjs", { flags: [] }) },
    { name: EMPTY, run: starting("app.cjs", empty) },
    { name: "--require of an empty file", run: starting("app.cjs", { flags: ["--require", "DIRECTORY/empty.cjs"] }) },
    { name: PRELOAD, targets, run: starting("app.cjs", preload) },
    { name: `${PRELOAD}, minimal`, run: starting("app.cjs", { ...preload, preset: "minimal" }) },
    { name: "--require seismo/preload", run: starting("app.cjs", { flags: ["--require", "seismo/preload"] }) },
    { name: "app.mjs, --import of an empty module", run: starting("app.mjs", empty) },
    { name: "app.mjs, --import seismo/preload", run: starting("app.mjs", preload) },
    { name: "server, nothing: how exact this is", run: idling({ flags: [] }) },
    { name: `server, ${PRELOAD}`, targets: [{ figure: RSS, atMost: 14 }], run: idling(preload) },
  ],
};
