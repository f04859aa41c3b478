/**
 * What do the samplers cost a process that has nothing else to do?          npm run bench -- samplers
 *
 * An idle process shows them at their dearest: every look wakes it, with cold caches. The kernel counts, to the nanosecond,
 * how long the program's own thread has run, and how long all threads of the process have.
 */

import { readdirSync, readFileSync } from "node:fs";
import { single } from "./lib/measure.js";
import { type Figures, type Question, Skipped } from "./lib/question.js";
import { whileRecording } from "./lib/recording.js";

const SECONDS = 20;
/** Some 8 s after a program has gone idle V8 tidies its heap up, which costs more than anything that is measured here. */
const WARM_UP_SECONDS = 15;
const NOTHING = "nothing recorded, runtime: false";

function ranMs(thread: string | number): number {
  try {
    return Number(readFileSync(`/proc/self/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  } catch (error) {
    throw new Skipped(`the kernel does not count how long a thread runs: ${(error as Error).message}`);
  }
}

const allRanMs = () => readdirSync("/proc/self/task").reduce((sum, thread) => sum + ranMs(thread), 0);
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1_000));

async function whileIdle(): Promise<Figures> {
  await seconds(WARM_UP_SECONDS);
  const allBefore = allRanMs(); // first, and last: to look at many threads costs something itself
  const mainBefore = ranMs(process.pid);
  await seconds(SECONDS);
  const mainMs = ranMs(process.pid) - mainBefore;
  const share = (ms: number) => single("% of a core", ms / (SECONDS * 10));
  return { "program's thread": share(mainMs), "all threads": share(allRanMs() - allBefore) };
}

export const question: Question = {
  asks: "What do the samplers cost a process that has nothing else to do?",
  baseline: NOTHING,
  rounds: 3,
  remarks: [`Samplers at 1 s, the default; ${SECONDS} s a round, after ${WARM_UP_SECONDS} s to get going.`],
  variants: [
    { name: "no Seismo", run: whileIdle },
    { name: NOTHING, run: (setting) => whileRecording(setting, whileIdle) },
    {
      name: "runtime: true",
      targets: [{ figure: "program's thread", less: NOTHING, atMost: 0.1 }],
      run: (setting) => whileRecording(setting, whileIdle, "works meanwhile", { runtime: true }),
    },
  ],
};
