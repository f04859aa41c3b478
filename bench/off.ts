/**
 * What does timeIt cost while nothing records?          npm run bench -- off
 *
 * Off is to mean free: a function wrapped by timeIt, its monitor never started, against the bare function plus one
 * branch. That one stands in the table twice: how far the two differ is how far anything may without meaning it.
 */

import { timeIt } from "seismo";
import { type Loop, measureTime } from "./lib/measure.js";
import type { MeasuringVariant, Question } from "./lib/question.js";

const makeWork = () => (x: number) => (x * 31 + 7) | 0;

let on = false;
let calls = 0;

function withBranch(work: (x: number) => number): (x: number) => number {
  return (x) => {
    if (on) calls++;
    return work(x);
  };
}

function variant(name: string, makeTested: () => (x: number) => number): MeasuringVariant {
  return {
    name,
    run() {
      on = process.argv.includes("--on"); // never so, but the compiler cannot know
      const work = makeTested();
      const loop: Loop = (turns) => {
        let sum = 0;
        for (let i = 0; i < turns; i++) sum = (sum + work(i)) | 0;
        return sum + calls;
      };
      return measureTime(loop, { turns: 2_000_000, per: "call" });
    },
  };
}

const WITH_BRANCH = "bare function plus one branch";

export const question: Question = {
  asks: "What does timeIt cost while nothing records?",
  baseline: WITH_BRANCH,
  remarks: ["The function is a multiplication and an addition, so a nanosecond is a large ratio: read the difference."],
  variants: [
    { ...variant(WITH_BRANCH, () => withBranch(makeWork())) },
    variant(`${WITH_BRANCH}, again`, () => withBranch(makeWork())),
    variant("bare function", makeWork),
    variant("timeIt, never started", () => timeIt("work")(makeWork())),
  ],
};
