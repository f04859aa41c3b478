/**
 * What does timeIt add to a call?          npm run bench -- time-it
 *
 * The function timed is next to nothing, so that what is measured is timeIt: a sync function that returns a number, one
 * that returns an object (timeIt must look whether it is a promise), and an async one, awaited.
 */

import { bareClockReads } from "./lib/clock-reads.js";
import { type Loop, type MeasureOptions, measureTime } from "./lib/measure.js";
import type { MeasuringVariant, Question, Target } from "./lib/question.js";
import { WAITING_BATCHES, whileRecording } from "./lib/recording.js";

const BARE = "two bare clock reads";

// Made anew for each variant: a function that two of them shared would be compiled for both.
const makeSync = () => (x: number) => (x * 31 + 7) | 0;
const makeObject = () => (x: number) => ({ value: (x * 31 + 7) | 0 });
const makeAsync = () => async (x: number) => (x * 31 + 7) | 0;

function syncLoop(work: (x: number) => number): Loop {
  return (turns) => {
    let sum = 0;
    for (let i = 0; i < turns; i++) sum = (sum + work(i)) | 0;
    return sum;
  };
}

/** Keeps the object where anybody could see it, so that it is made: nothing else would be left of the bare call. */
function objectLoop(work: (x: number) => { value: number }): Loop {
  let last = work(0);
  return (turns) => {
    for (let i = 0; i < turns; i++) last = work(i);
    return last.value;
  };
}

function asyncLoop(work: (x: number) => Promise<number>): Loop {
  return async (turns) => {
    let sum = 0;
    for (let i = 0; i < turns; i++) sum = (sum + (await work(i))) | 0;
    return sum;
  };
}

const PER_CALL: MeasureOptions = { per: "call" };

function bare(name: string, loopOf: () => Loop): MeasuringVariant {
  return { name, run: () => measureTime(loopOf(), PER_CALL) };
}

function timed<F extends (x: number) => unknown>(
  name: string,
  make: () => F,
  loopOf: (work: F) => Loop,
  target?: Target,
): MeasuringVariant {
  return {
    name,
    targets: target ? [target] : [],
    run: (setting) =>
      whileRecording(
        setting,
        ({ seismo, caughtUp }) =>
          measureTime(loopOf(seismo.timeIt("work")(make())), { ...PER_CALL, ...WAITING_BATCHES, rest: caughtUp }),
        "waits",
      ),
  };
}

export const question: Question = {
  asks: "What does timeIt add to a call?",
  baseline: BARE,
  variants: [
    bare(BARE, bareClockReads),
    bare("bare sync", () => syncLoop(makeSync())),
    timed("timeIt, sync", makeSync, syncLoop, { less: "bare sync", over: BARE, atMost: 1.3 }),
    bare("bare sync, returns an object", () => objectLoop(makeObject())),
    timed("timeIt, sync, returns an object", makeObject, objectLoop),
    bare("bare async", () => asyncLoop(makeAsync())),
    timed("timeIt, async", makeAsync, asyncLoop),
  ],
};
