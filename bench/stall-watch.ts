/**
 * How soon is a stall seen, and how exactly is it measured?          npm run bench -- stall-watch
 *
 * A program blocks its event loop for a time of its own choosing; another process asks it for an answer all the while, and
 * measures for how long it got none. That is what a user of the program would have seen, and what `event loop stall` ought
 * to be. Meanwhile, the file is looked at for the first `event loop blocked`.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { figureOf } from "./lib/measure.js";
import type { Figures, Question, Setting } from "./lib/question.js";

const STALLS = 12;
const LOOK_MS = 2;
const PROGRAM = fileURLToPath(new URL("./lib/stalling.js", import.meta.url));

type Block = "computing" | "waiting";

/** Milliseconds that the program does not answer, from the first question it leaves unanswered to the answer. */
async function longestSilence(child: ChildProcess): Promise<number> {
  let longest = 0;
  for (;;) {
    const asked = performance.now();
    child.send("ask");
    const [answer] = (await once(child, "message")) as [string];
    longest = Math.max(longest, performance.now() - asked);
    if (answer === "answer after the stall") return longest;
    await sleep(LOOK_MS);
  }
}

function rowsOf(directory: string, label: string): { epochMs: number; seconds: number }[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith("runtime."))
    .flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n"))
    .filter((line) => line.split(",")[2] === label)
    .map((line) => {
      const [timepoint, measurement] = line.split(",");
      return { epochMs: Number(BigInt(timepoint!) / 1_000n) / 1_000, seconds: Number(measurement) };
    });
}

async function stalls(block: Block, ms: number, { directory }: Setting): Promise<Figures> {
  const child = fork(PROGRAM, [directory, block], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await once(child, "message");
  const seenMs: number[] = [];
  const errorsMs: number[] = [];
  for (let i = 0; i < STALLS; i++) {
    await sleep(1_200 + 90 * i); // at all phases of the samplers' second
    const known = rowsOf(directory, "event loop blocked").length;
    const finished = rowsOf(directory, "event loop stall").length;
    const beganMs = performance.now();
    const length = ms + 37 * i;
    child.send(length);
    const silence = longestSilence(child);
    let isOver = false;
    void silence.then(() => {
      isOver = true;
    });
    while (!isOver && rowsOf(directory, "event loop blocked").length === known) await sleep(LOOK_MS);
    if (!isOver) seenMs.push(performance.now() - beganMs);
    const silenceMs = await silence;
    while (rowsOf(directory, "event loop stall").length === finished) await sleep(10);
    errorsMs.push(Math.abs(1_000 * rowsOf(directory, "event loop stall").at(-1)!.seconds - silenceMs));
  }
  child.send("end");
  await once(child, "exit");
  if (seenMs.length < STALLS)
    throw new Error(`${STALLS - seenMs.length} of ${STALLS} stalls of ${ms} ms were not seen while they lasted`);
  return {
    "seen after": figureOf("ms", seenMs),
    "seen after, at most": figureOf("ms", [Math.max(...seenMs)]),
    "off by": figureOf("ms", errorsMs),
    "off by, at most": figureOf("ms", [Math.max(...errorsMs)]),
  };
}

const targets = [
  { figure: "seen after, at most", atMost: 1_000 },
  { figure: "off by, at most", atMost: 10 },
];

export const question: Question = {
  asks: "How soon is a stall seen, and how exactly is it measured?",
  baseline: "computing, 700 ms and more",
  rounds: 3,
  remarks: [
    "Seen: in the file, from the moment another process asked for the stall. One interval of the samplers is 1000 ms.",
    "Off by: `event loop stall` against the longest time for which that process got no answer.",
  ],
  variants: [
    { name: "computing, 700 ms and more", targets, run: (setting) => stalls("computing", 700, setting) },
    { name: "waiting in the system, 2000 ms and more", targets, run: (setting) => stalls("waiting", 2_000, setting) },
  ],
};
