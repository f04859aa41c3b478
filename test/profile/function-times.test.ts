/** Function times: self, total, callers and callees, against sums done by hand, and against a program of known costs. */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type FunctionTime, functionTimes, parseProfile, readProfile } from "seismo/analysis";
import { describe, expect, test } from "vitest";
import { scratch } from "../lib/scratch.js";
import { callFrame, type V8Profile, v8Profile } from "../lib/v8-profile.js";

const timesOf = (...stacks: string[]) => functionTimes([parseProfile(v8Profile(...stacks))]);
const selfAndTotalMs = (functions: readonly FunctionTime[]) =>
  Object.fromEntries(functions.map(({ name, selfUs, totalUs }) => [name, [selfUs / 1000, totalUs / 1000]]));
const totalMs = (calls: readonly { name: string; totalUs: number }[]) =>
  Object.fromEntries(calls.map(({ name, totalUs }) => [name, totalUs / 1000]));

describe("by hand", () => {
  test("self is time on top of the stack, total is time on it", () => {
    // of 6 ms: parse is on top in 3, handle in 1, write in 1; handle is on the stack in 5
    const times = timesOf("handle", "handle parse", "handle parse", "handle write", "handle write parse", "(idle)");
    expect(selfAndTotalMs(times.functions)).toEqual({ parse: [3, 3], "(idle)": [1, 1], handle: [1, 5], write: [1, 2] });
    expect([times.durationUs, times.samples]).toEqual([6000, 6]);
  });

  test("recursion counts once, direct or not", () => {
    // a is on the stack all 4 ms, however often; b in the last 2
    const times = timesOf("a", "a a", "a a b a", "a b a b");
    expect(selfAndTotalMs(times.functions)).toEqual({ a: [3, 4], b: [1, 2] });
  });

  test("callers are owed the time of the function they called, callees took theirs", () => {
    const { functions } = timesOf("a c", "a c", "b c", "b c d", "b d", "c");
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => functions.find((it) => it.name === name)!);
    expect(totalMs(c!.callers)).toEqual({ a: 2, b: 2, "(root)": 1 }); // 5 ms with c on the stack
    expect(c!.callers.find(({ name }) => name === "b")).toMatchObject({ selfUs: 1000, totalUs: 2000 });
    expect(totalMs(b!.callees)).toEqual({ c: 2, d: 1 });
    expect(totalMs(a!.callees)).toEqual({ c: 2 });
    expect(totalMs(d!.callers)).toEqual({ b: 1, c: 1 });
  });

  test("a call on the stack twice counts once", () => {
    const [a] = timesOf("a b a b").functions.filter(({ name }) => name === "a");
    expect(totalMs(a!.callees)).toEqual({ b: 1 });
    expect(totalMs(a!.callers)).toEqual({ b: 1, "(root)": 1 });
  });

  test("functions are told apart by name, file, line and column", () => {
    const profile = v8Profile("a", "b");
    const [, a, b] = profile.nodes;
    b!.callFrame = { ...a!.callFrame };
    expect(functionTimes([parseProfile(profile)]).functions).toHaveLength(1);
    for (const change of [{ functionName: "z" }, { url: "/z.js" }, { lineNumber: 7 }, { columnNumber: 7 }]) {
      b!.callFrame = { ...a!.callFrame, ...change };
      expect(functionTimes([parseProfile(profile)]).functions).toHaveLength(2);
    }
  });

  test("lines and columns count from 1, and are 0 for what has none", () => {
    const { functions } = timesOf("a", "(idle)");
    expect(functions.map(({ name, line, column }) => [name, line, column])).toEqual([
      ["(idle)", 0, 0],
      ["a", 1, 1],
    ]);
  });

  test("several profiles add up, though their nodes are numbered anew", () => {
    const one = parseProfile(v8Profile("a b", "a"));
    const other = parseProfile(v8Profile("c", "a c", "a b"));
    const { functions, durationUs, samples } = functionTimes([one, other]);
    expect(selfAndTotalMs(functions)).toEqual({ c: [2, 2], b: [2, 2], a: [1, 4] });
    expect([durationUs, samples]).toEqual([5000, 5]);
  });

  test("(root) has a line only if it has time of its own", () => {
    expect(timesOf("a").functions.map(({ name }) => name)).toEqual(["a"]);
    expect(timesOf("a", "").functions.map(({ name }) => name)).toEqual(["(root)", "a"]);
  });
});

describe("which time is whose", () => {
  test("a sample lasts until the next, the last one to the end, and the start is (program)'s", () => {
    const profile = v8Profile("a", "b", "a", "(program)");
    // taken 300, 1300, 1800 and 4000 µs from the start; 5000 µs in all
    profile.timeDeltas = [300, 1000, 500, 2200];
    profile.endTime = profile.startTime + 5000;
    expect(selfAndTotalMs(functionTimes([parseProfile(profile)]).functions)).toEqual({
      a: [1 + 2.2, 3.2],
      b: [0.5, 0.5],
      "(program)": [0.3 + 1, 1.3],
    });
  });

  test("the longest sample is told, that a gap may be seen", () => {
    const profile = v8Profile("a", "b", "c");
    profile.timeDeltas = [9000, 1000, 4000]; // a 1 ms, b 4 ms, c to the end; the 9 ms before are no sample's
    profile.endTime = profile.startTime + 16_000;
    expect(functionTimes([parseProfile(profile)]).longestSampleUs).toBe(4000);
    const { samples: _, timeDeltas: __, ...hits } = profile;
    expect(functionTimes([parseProfile(hits)]).longestSampleUs).toBe(0);
  });

  test("samples out of order are put in order", () => {
    const profile = v8Profile("a", "b", "c");
    profile.timeDeltas = [0, 2000, -500]; // at 0, 2000 and 1500 µs: a to 1500, c to 2000, b to the end at 3000
    expect(selfAndTotalMs(functionTimes([parseProfile(profile)]).functions)).toEqual({
      a: [1.5, 1.5],
      b: [1, 1],
      c: [0.5, 0.5],
    });
  });

  test("hit counts share the time out where there are no samples", () => {
    const { samples: _, timeDeltas: __, ...profile } = v8Profile("a", "a", "a", "a b");
    profile.endTime = profile.startTime + 8000; // 2 ms a hit
    expect(selfAndTotalMs(functionTimes([parseProfile(profile)]).functions)).toEqual({ a: [6, 8], b: [2, 2] });
  });

  test("samples without times share it evenly", () => {
    const { timeDeltas: _, ...profile } = v8Profile("a", "b", "b");
    expect(selfAndTotalMs(functionTimes([parseProfile(profile)]).functions)).toEqual({ b: [2, 2], a: [1, 1] });
  });

  test("a profile without any sample is its root's", () => {
    const { functions, samples } = functionTimes([
      parseProfile({ nodes: v8Profile().nodes, startTime: 0, endTime: 7000 }),
    ]);
    expect([selfAndTotalMs(functions), samples]).toEqual([{ "(root)": [7, 7] }, 0]);
  });

  test("self times add up to the duration, totals never exceed it, whatever the stacks and times", () => {
    const stack = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 6 }).map((names) => names.join(" "));
    const sampled = fc.array(fc.tuple(stack, fc.integer({ min: -3000, max: 9000 })), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sampled, fc.integer({ min: 0, max: 50_000 }), (samples, lengthUs) => {
        const profile = v8Profile(...samples.map(([each]) => each));
        profile.timeDeltas = samples.map(([, deltaUs]) => deltaUs);
        profile.endTime = profile.startTime + lengthUs;
        const { functions, durationUs } = functionTimes([parseProfile(profile)]);
        expect(functions.reduce((sum, { selfUs }) => sum + selfUs, 0)).toBe(durationUs);
        expect(durationUs).toBeGreaterThanOrEqual(lengthUs);
        for (const { selfUs, totalUs } of functions) {
          expect(totalUs).toBeGreaterThanOrEqual(selfUs);
          expect(totalUs).toBeLessThanOrEqual(durationUs);
        }
      }),
    );
  });
});

describe("large", () => {
  test("stacks of any depth are read", () => {
    const depth = 200_000;
    const nodes = Array.from({ length: depth }, (_, i) => ({
      id: i + 1,
      callFrame: callFrame("down"),
      children: i + 1 < depth ? [i + 2] : [],
    }));
    const profile = parseProfile({ nodes, startTime: 0, endTime: 1000, samples: [depth], timeDeltas: [0] });
    expect(selfAndTotalMs(functionTimes([profile]).functions)).toEqual({ down: [1, 1] });
  });

  test("an hour at a sample a millisecond is read in seconds", () => {
    const stacks = Array.from({ length: 1000 }, (_, i) => `a${i % 7} b${i % 11} c${i % 13}`);
    const profile = v8Profile(...stacks);
    const { length } = profile.samples;
    profile.samples = Array.from({ length: 3_600_000 }, (_, i) => profile.samples[i % length]!);
    profile.timeDeltas = profile.samples.map(() => 1000);
    profile.endTime = profile.startTime + 3_600_000_000;
    const text = JSON.stringify(profile);
    const startMs = performance.now();
    const { durationUs, functions } = functionTimes([parseProfile(text)]);
    expect(performance.now() - startMs).toBeLessThan(20_000); // 1 s alone on this machine
    expect(functions.reduce((sum, { selfUs }) => sum + selfUs, 0)).toBe(durationUs);
  });
});

/** Time between these two that is nobody's: of samples in which V8 shows no function. By the clock of profiles. */
function pseudoUs({ nodes, samples, timeDeltas, startTime }: V8Profile, fromUs: number, toUs: number): number {
  const pseudo = new Set(nodes.filter(({ callFrame }) => callFrame.functionName.startsWith("(")).map(({ id }) => id));
  let [us, sum] = [startTime, 0];
  samples.forEach((id, i) => {
    us += timeDeltas[i]!;
    if (us > fromUs && us < toUs && pseudo.has(id)) sum += timeDeltas[i + 1] ?? 0;
  });
  return sum;
}

test("times come out as the clock has them, in a profile that Node made", () => {
  const folder = scratch();
  writeFileSync(
    join(folder, "busy.cjs"),
    `function burn(ms) { const end = performance.now() + ms; let x = 0; while (performance.now() < end) x += Math.sqrt(x + 1); return x; }
     const spans = {};
     const nowUs = () => Number(process.hrtime.bigint()) / 1e3;
     function timed(name, work) { const from = nowUs(); const result = work(); spans[name] = [from, nowUs()]; return result; }
     function one() { return burn(100); }
     function two() { return burn(200); }
     function three() { return burn(300); }
     function all() { return timed("one", one) + timed("two", two) + timed("three", three); }
     timed("all", all);
     console.log(JSON.stringify(spans));`,
  );
  const flags = ["--cpu-prof", "--cpu-prof-name=busy.cpuprofile"];
  const stdout = execFileSync(process.execPath, [...flags, "busy.cjs"], { cwd: folder, encoding: "utf8" });
  const spans = JSON.parse(stdout) as Record<string, [fromUs: number, toUs: number]>;
  const path = join(folder, "busy.cpuprofile");
  const { functions, durationUs, longestSampleUs } = functionTimes([readProfile(path)]);
  const burn = functions.find((it) => it.name === "burn");
  const profile = JSON.parse(readFileSync(path, "utf8")) as V8Profile;
  for (const [name, [fromUs, toUs]] of Object.entries(spans)) {
    const { totalUs } = functions.find((it) => it.name === name)!;
    // Where it begins and where it ends is known to a sample: others on this machine can keep V8 from taking one for 100 ms
    // and more. Some of it V8 calls garbage collection or (program).
    const offUs = totalUs + pseudoUs(profile, fromUs, toUs) - (toUs - fromUs);
    expect(Math.abs(offUs), name).toBeLessThan(2 * longestSampleUs + 0.02 * (toUs - fromUs));
  }
  expect(burn!.callers.map(({ name }) => name)).toEqual(["three", "two", "one"]);
  expect(functions.reduce((sum, { selfUs }) => sum + selfUs, 0)).toBeCloseTo(durationUs, 3);
});
