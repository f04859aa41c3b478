/** Profiles show where the time went, from either engine; what cannot be done is said by the call, and goes no further. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CpuProfiler, type CpuProfilerOptions, OptionError, ProfilerError } from "seismo";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { built, runProgram } from "../lib/program.js";
import { median } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";
import { type Turns, turnsBetween } from "./turns.js";
import { type Installation, installV8Profiler, standIn } from "./v8-profiler-next.js";

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly hitCount: number;
    readonly children?: readonly number[];
  }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const FUNCTIONS = ["oneSixth", "twoSixths", "threeSixths"] as const;

/** Which of the three functions each sample shows, if any, itself or what it calls; and at what time it was taken, in µs. */
function samplesOf({ nodes, samples, timeDeltas, startTime }: Profile): { shown: number; us: number }[] {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const within = (id: number | undefined): number => {
    for (let each = id; each !== undefined; each = parents.get(each)) {
      const found = FUNCTIONS.indexOf(names.get(each) as (typeof FUNCTIONS)[number]);
      if (found >= 0) return found;
    }
    return -1;
  };
  let us = startTime;
  return samples.map((id, i) => {
    us += timeDeltas[i]!;
    return { shown: within(id), us };
  });
}

/** A sample so close to where one function ends and the next begins may show either. */
const MARGIN_US = 300;

/**
 * Most samples show the function that ran at that very time by the program's own clock. How often and how evenly samples come
 * is up to the machine, so shares of time would be, too; and where other programs want the processor, V8's signal may come
 * a function later than it was sent, for one sample in eight at worst. A profiler that has lost the names of inlined functions
 * is off in all samples of one of them.
 */
function expectToShow(profiles: readonly Profile[], turns: Turns, leastSamples = 20): void {
  const all = profiles.flatMap(samplesOf);
  FUNCTIONS.forEach((name, f) => {
    const spans = turns.map((turn) => [turn[f]! + MARGIN_US, turn[f + 1]! - MARGIN_US] as const);
    const then = all.filter(({ us }) => spans.some(([from, to]) => us > from && us < to));
    const right = then.filter(({ shown }) => shown === f).length;
    expect(then.length, `samples during ${name}`).toBeGreaterThanOrEqual(leastSamples);
    expect(right, `${name}: of ${then.length}`).toBeGreaterThan(0.75 * then.length - 2); // by chance, of a few samples
  });
}

/** Checks what readers of the format rely on. */
function profileIn(cwd: string, path: string): Profile {
  const profile = JSON.parse(readFileSync(join(cwd, path), "utf8")) as Profile;
  expect(Object.keys(profile)).toEqual(["nodes", "startTime", "endTime", "samples", "timeDeltas"]);
  const { nodes, samples, timeDeltas, startTime, endTime } = profile;
  expect(nodes[0]!.callFrame.functionName).toBe("(root)");
  expect(timeDeltas.length).toBe(samples.length);
  const ids = new Set(nodes.map(({ id }) => id));
  expect(ids.size).toBe(nodes.length);
  expect(samples.every((id) => ids.has(id))).toBe(true);
  const sampledUs = timeDeltas.reduce((sum, us) => sum + us, 0);
  expect(sampledUs).toBeGreaterThan(0);
  expect(sampledUs).toBeLessThanOrEqual(endTime - startTime + 1000);
  return profile;
}

/** Runs the program in a folder of its own, and reads what it says. */
async function runWay(way: string, engine = "auto", { NODE_PATH = "", flags = [] as string[] } = {}) {
  const cwd = scratch();
  const { code, signal, stdout, stderr } = await runProgram("profiler.js", [way, engine], {
    cwd,
    flags,
    env: { NODE_PATH },
  });
  const line = stdout.split("\n").find((each) => each.startsWith('{"'));
  const outcome = line === undefined ? undefined : JSON.parse(line);
  const profiles = ((outcome?.paths ?? []) as string[]).map((path) => profileIn(cwd, path));
  return { cwd, ended: { code, signal, stderr }, outcome, profiles };
}

const WELL = { code: 0, signal: null, stderr: "" };

let v8Profiler: Installation;
beforeAll(() => {
  v8Profiler = installV8Profiler();
}, 300_000);

describe("the inspector", () => {
  test("shows where the time went", async () => {
    const { ended, outcome, profiles } = await runWay("one profile", "inspector");
    expect(ended).toEqual(WELL);
    expect(outcome).toMatchObject({ paths: ["1.cpuprofile"], engine: "inspector" });
    expectToShow(profiles, outcome.turnsUs);
  });

  test("is not loaded before the first profile", async () => {
    const { stdout } = await runProgram("profiler-unloaded.js", [], { cwd: scratch() });
    expect(JSON.parse(stdout)).toEqual({ imported: false, made: false, started: true });
  });

  test("leaves nothing behind of what the program logged meanwhile", async () => {
    const { outcome } = await runWay("objects are logged", "inspector");
    expect(outcome).toEqual({ alive: 0 });
  });

  test("is refused by the permission model, and says so", async () => {
    const flag = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
    const flags = [flag, "--allow-fs-read=*", "--allow-fs-write=*"];
    const { ended, outcome } = await runWay("a start that fails", "inspector", { flags });
    expect(ended.code).toBe(0);
    expect(outcome.outcome).toMatchObject({ typed: true, code: "ERR_SEISMO_PROFILER" });
    expect(outcome.outcome.cause).toMatch(/restricted/);
  });

  test("takes the place of v8-profiler-next where that is not installed", async () => {
    const { ended, outcome } = await runWay("one profile", "auto");
    expect(ended).toEqual(WELL);
    expect(outcome.engine).toBe("inspector");
  });

  test("profiles beside the program's own sessions, --cpu-prof and another CpuProfiler", async () => {
    const flags = ["--cpu-prof", "--cpu-prof-name=node.cpuprofile"];
    const { cwd, ended, outcome, profiles } = await runWay("others profile as well", "inspector", { flags });
    expect(ended).toEqual(WELL);
    expect(outcome.paths).toEqual(["1.cpuprofile", "2.cpuprofile"]);
    for (const profile of profiles) expectToShow([profile], outcome.turnsUs);
    for (const path of ["theirs.cpuprofile", "node.cpuprofile"]) expectToShow([profileIn(cwd, path)], outcome.turnsUs);
    // each at the interval it was told: never before it is over, and as soon as there is a processor to be had
    const shortUs = profiles.map(({ timeDeltas }) => [...timeDeltas].sort((a, b) => a - b)[timeDeltas.length >> 3]!);
    expect(shortUs[0]! / shortUs[1]!).toBeGreaterThan(1.4);
  });
});

describe("v8-profiler-next", () => {
  test("shows where the time went, as the inspector does", async () => {
    const { path: NODE_PATH, state } = v8Profiler;
    const { ended, outcome, profiles } = await runWay(
      state === "broken" ? "a start that fails" : "one profile",
      "auto",
      { NODE_PATH },
    );
    expect(ended).toEqual(WELL);
    if (state === "broken") return expectBroken(outcome);
    expect(outcome).toMatchObject({
      paths: ["1.cpuprofile"],
      engine: state === "works" ? "v8-profiler-next" : "inspector",
    });
    expectToShow(profiles, outcome.turnsUs);
    const inspector = await runWay("one profile", "inspector");
    expect(placesOf(profiles[0]!)).toEqual(placesOf(inspector.profiles[0]!));
    expect(keysOf(profiles[0]!)).toEqual(keysOf(inspector.profiles[0]!));
    const lines = readFileSync(join(built, "profiler-work.js"), "utf8").split("\n"); // counted from 0, as the format does
    expect(placesOf(profiles[0]!).map(({ lineNumber }) => lines[lineNumber])).toEqual(
      FUNCTIONS.map((name) => expect.stringContaining(`function ${name}(`)),
    );
  });

  test("rotates, frees what it took, and ends with the process", async () => {
    const { path: NODE_PATH, state } = v8Profiler;
    if (state !== "works") return expectFailure(await runWay("a start that fails", "v8-profiler-next", { NODE_PATH }));
    expectRotation(await runWay("rotating", "v8-profiler-next", { NODE_PATH }));
    const { outcome } = await runWay("one after the other", "v8-profiler-next", { NODE_PATH });
    expect(outcome).toEqual({ written: 3, kept: [] });
    await expectExit("v8-profiler-next", NODE_PATH);
  });

  test("is shared with the program, one at a time", async () => {
    const { path: NODE_PATH, state } = v8Profiler;
    if (state !== "works") return expectFailure(await runWay("a start that fails", "v8-profiler-next", { NODE_PATH }));
    const { ended, outcome } = await runWay("the program uses v8-profiler-next", "v8-profiler-next", { NODE_PATH });
    expect(ended).toEqual(WELL);
    expect(outcome.meanwhile).toMatchObject({
      typed: true,
      message: expect.stringContaining("no profiles being recorded"),
    });
    expect(outcome.theirs).toContain("head"); // in the format that is the package's default
  });

  test("never profiles a worker, whose end would crash the process", async () => {
    const { path: NODE_PATH } = v8Profiler;
    const auto = await runWay("in a worker", "auto", { NODE_PATH });
    expect(auto.ended).toEqual({ ...WELL, code: 3 });
    expect(auto.outcome).toEqual({ outcome: "started", engine: "inspector" });
    const explicit = await runWay("in a worker", "v8-profiler-next", { NODE_PATH });
    expect(explicit.ended).toEqual({ ...WELL, code: 3 });
    expect(explicit.outcome.outcome).toMatchObject({ typed: true, message: expect.stringContaining("worker") });
  });

  test("when not installed and asked for, is an error that says what to install", async () => {
    const { ended, outcome } = await runWay("a start that fails", "v8-profiler-next");
    expect(ended).toEqual(WELL);
    expect(outcome.outcome.message).toMatch(/not installed: npm install v8-profiler-next/);
    expect(outcome).toMatchObject({ running: false, outcome: { typed: true }, again: { typed: true } });
  });

  const manifest = '{ "main": "gone.js" }';
  test.each<[string, Record<string, string>, RegExp]>([
    ["throws on load", { "index.js": 'throw new Error("NODE_MODULE_VERSION 115");' }, /NODE_MODULE_VERSION 115/],
    ["lacks what it needs", { "index.js": 'require("v8-profiler-next-binding");' }, /v8-profiler-next-binding/],
    ["lacks its main file", { "package.json": manifest }, /gone\.js/],
    ["throws a string", { "index.js": 'throw "no";' }, /does not load: no\. /],
    [
      "throws when it is to profile",
      { "index.js": works({ startProfiling: 'throw new Error("no clock")' }) },
      /no clock/,
    ],
  ])("installed, but it %s: an error from start(), not the inspector in silence", async (_, files, message) => {
    for (const engine of ["auto", "v8-profiler-next"]) {
      const { ended, outcome } = await runWay("a start that fails", engine, { NODE_PATH: standIn(files) });
      expect(ended).toEqual(WELL);
      expectBroken(outcome);
      expect(outcome.outcome.message).toMatch(message);
    }
  });

  test.each<[string, string, RegExp]>([
    ["throws when it is to end", 'throw new Error("no memory")', /no memory/],
    ["knows of no profile", "", /another of its users has ended it/],
  ])("installed, but it %s: an error from stop()", async (_, stopProfiling, message) => {
    const NODE_PATH = standIn({ "index.js": works({ stopProfiling }) });
    const { ended, outcome } = await runWay("a stop that fails", "auto", { NODE_PATH });
    expect(ended).toEqual(WELL);
    expect(outcome).toMatchObject({ running: false, outcome: { typed: true } });
    expect(outcome.outcome.message).toMatch(message);
  });

  test("rotations that fail are told once, and profiling goes on when it can", async () => {
    const startProfiling = 'n = (globalThis.n ?? 0) + 1; if (n === 2 || n === 3) throw new Error("not now")';
    const NODE_PATH = standIn({ "index.js": works({ startProfiling }) });
    const { cwd, ended, outcome } = await runWay("rotations that fail", "auto", { NODE_PATH });
    expect(ended).toEqual(WELL);
    expect(outcome.failures).toEqual([expect.objectContaining({ typed: true, cause: "not now" })]);
    expect(outcome).toMatchObject({ running: true, files: 4 });
    // what there was when the 2nd did not begin was saved
    expect(JSON.parse(readFileSync(join(cwd, "1.cpuprofile"), "utf8")).startTime).toBe(2);
  });
});

/** Source of a v8-profiler-next that works, as far as its users can tell, but for what is given. */
function works(bodies: Record<string, string>): string {
  const profile = "{ nodes: [], samples: [], timeDeltas: [], startTime: globalThis.n, endTime: 99, delete() {} }";
  const {
    setSamplingInterval = "",
    setGenerateType = "",
    startProfiling = "",
    stopProfiling = `return ${profile}`,
  } = bodies;
  return `Object.assign(exports, {
    setSamplingInterval() { ${setSamplingInterval} },
    setGenerateType() { ${setGenerateType} },
    startProfiling() { ${startProfiling} },
    stopProfiling() { ${stopProfiling} },
  });`;
}

function expectBroken({ outcome, running, again }: Record<string, object>): void {
  const error = { typed: true, code: "ERR_SEISMO_PROFILER" };
  expect({ outcome, running, again }).toMatchObject({ outcome: error, running: false, again: error });
  const { message, cause } = outcome as { message: string; cause: string };
  expect(message).toMatch(/v8-profiler-next is installed but .* engine: "inspector"$/s);
  expect(cause ?? "no").toBe(/: (.*)\. Reinstall/s.exec(message)![1]);
}

function expectFailure({ ended, outcome }: Awaited<ReturnType<typeof runWay>>): void {
  expect(ended).toEqual(WELL);
  expect(outcome.outcome).toMatchObject({ typed: true, code: "ERR_SEISMO_PROFILER" });
}

/** Keys of nodes and call frames, of all that occur. */
function keysOf({ nodes }: Profile): { node: string[]; callFrame: string[] } {
  const all = (objects: readonly object[]) => [...new Set(objects.flatMap((each) => Object.keys(each)))].sort();
  const node = all(nodes).filter((key) => key !== "deoptReason"); // only if a function was deoptimized meanwhile
  return { node, callFrame: all(nodes.map(({ callFrame }) => callFrame)) };
}

/** Call frames of our functions, whole. */
function placesOf({ nodes }: Profile) {
  return FUNCTIONS.map((name) => {
    const { scriptId: _, ...place } = nodes.find(({ callFrame }) => callFrame.functionName === name)!
      .callFrame as Profile["nodes"][number]["callFrame"] & { scriptId: string };
    expect(typeof _).toBe("string");
    return place;
  });
}

function expectRotation({ ended, outcome, profiles }: Awaited<ReturnType<typeof runWay>>): void {
  expect(ended).toEqual(WELL);
  expect(outcome.failures).toEqual([]);
  expect(outcome.paths).toEqual(profiles.map((_, i) => `${i + 1}.cpuprofile`));
  expect(profiles.length).toBeGreaterThanOrEqual(3);
  expectToShow(profiles, outcome.turnsUs);
  // No turn of the program went by between one and the next.
  expect(turnsBetween(profiles, outcome.turnsUs)).toBe(0);
  // And the next sees its first turns: all but some 30 ms of them, but for a time in which the sampler got no processor.
  const unseen = profiles.slice(1).map((profile, i) => {
    const [lastUs, firstUs] = [samplesOf(profiles[i]!).at(-1)!.us, samplesOf(profile)[0]!.us];
    return (outcome.turnsUs as Turns).filter((turn) => turn[0] > lastUs && turn[3] < firstUs).length;
  });
  expect(median(unseen)).toBeLessThanOrEqual(2);
  // None loses the names of functions inlined in code that was compiled during another.
  for (const profile of profiles.slice(0, -1)) expectToShow([profile], outcome.turnsUs, 0);
}

async function expectExit(engine: string, NODE_PATH?: string): Promise<void> {
  const { cwd, ended, outcome } = await runWay("exit while running", engine, { ...(NODE_PATH && { NODE_PATH }) });
  expect(ended).toEqual({ ...WELL, code: 3 });
  expect(outcome).toMatchObject({ written: 1, running: false });
  expectToShow([profileIn(cwd, "1.cpuprofile")], outcome.turnsUs);
}

describe("a profile", () => {
  test("rotates without a gap", async () => {
    expectRotation(await runWay("rotating", "inspector"));
  });

  test("of process.exit() is handed over before the process ends", () => expectExit("inspector"));

  test("of profile({ seconds }) keeps the process alive until it is written", async () => {
    const { ended, profiles } = await runWay("nothing else keeps the process alive", "inspector");
    expect(ended).toEqual(WELL);
    const [{ startTime, endTime }] = profiles as [Profile];
    expect((endTime - startTime) / 1e6).toBeGreaterThanOrEqual(0.299);
  });

  test("of start() does not", async () => {
    const { ended } = await runWay("left running", "inspector");
    expect(ended).toEqual(WELL);
  });
});

describe("in one process", () => {
  const inMemory = (options?: CpuProfilerOptions) => {
    const saved: string[] = [];
    const profiler = new CpuProfiler(async (json) => `file ${saved.push(json)}`, { engine: "inspector", ...options });
    return { profiler, saved };
  };

  test("there is one profile at a time", async () => {
    const { profiler, saved } = inMemory();
    profiler.start();
    expect(profiler.running).toBe(true);
    expect(() => profiler.start()).toThrow(ProfilerError);
    await expect(profiler.profile({ seconds: 1 })).rejects.toThrow(/running already/);
    expect(await profiler.stop()).toEqual(["file 1"]);
    expect(profiler.running).toBe(false);
    expect(saved.length).toBe(1);
  });

  test("what is not running cannot be stopped, but stopNow() does not mind", async () => {
    const { profiler, saved } = inMemory();
    await expect(profiler.stop()).rejects.toThrow(ProfilerError);
    profiler.stopNow();
    profiler.start();
    await profiler.stop();
    await expect(profiler.stop()).rejects.toThrow(/no CPU profile is running/);
    expect(saved.length).toBe(1);
  });

  test("profile() ends early when aborted, and its file is written", async () => {
    const { profiler, saved } = inMemory();
    const controller = new AbortController();
    const taken = profiler.profile({ seconds: 1000, signal: controller.signal });
    await expect(profiler.profile({ seconds: 1 })).rejects.toThrow(/running already/);
    controller.abort();
    expect(await taken).toEqual(["file 1"]);
    expect(JSON.parse(saved[0]!).nodes.length).toBeGreaterThan(0);
    expect(await profiler.profile({ seconds: 1000, signal: controller.signal })).toEqual(["file 2"]); // aborted before
    expect(profiler.running).toBe(false);
  });

  test("profile() ends early by stop(), and both tell the files", async () => {
    const { profiler } = inMemory();
    const taken = profiler.profile({ seconds: 1000 });
    expect(await profiler.stop()).toEqual(["file 1"]);
    expect(await taken).toEqual(["file 1"]);
    profiler.start(); // and the end of the old one does not end the new one
    expect(profiler.running).toBe(true);
    await profiler.stop();
  });

  test("stopNow() has handed the text over when it returns", async () => {
    const { profiler, saved } = inMemory();
    profiler.start();
    profiler.stopNow();
    expect(saved.length).toBe(1);
  });

  test("a file that cannot be written rejects stop(), and is told where nobody waits", async () => {
    const onError = vi.fn();
    const full = new Error("ENOSPC");
    const profiler = new CpuProfiler(() => Promise.reject(full), { engine: "inspector", onError, rotateAgeMs: 100 });
    profiler.start();
    await vi.waitFor(() => expect(onError).toHaveBeenCalled(), 10_000);
    await new Promise((resolve) => setTimeout(resolve, 250)); // two more rotations
    await expect(profiler.stop()).rejects.toMatchObject({ code: "ERR_SEISMO_PROFILER", cause: full });
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]![0]).toMatchObject({ code: "ERR_SEISMO_PROFILER", cause: full });
  });

  test("stopNow() tells of a save that throws, and does not throw itself", async () => {
    const onError = vi.fn();
    const save = () => {
      throw new Error("no disk");
    };
    const profiler = new CpuProfiler(save, { engine: "inspector", onError });
    profiler.start();
    profiler.stopNow();
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1));
  });

  test("a Node without its inspector is told from the start", () => {
    const builtin = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
    onTestFinished(() => builtin.mockRestore());
    const { profiler } = inMemory();
    expect(() => profiler.start()).toThrow(ProfilerError);
    expect(profiler.running).toBe(false);
  });

  test("profiles that were written nowhere are not told", async () => {
    const profiler = new CpuProfiler(async () => undefined, { engine: "inspector" });
    expect(await profiler.profile({ seconds: 0.01 })).toEqual([]);
  });

  test("options that cannot be used are refused by name", async () => {
    const refused = (options: object, message: RegExp) => {
      expect(() => new CpuProfiler(async () => "", options as CpuProfilerOptions)).toThrow(message);
      expect(() => new CpuProfiler(async () => "", options as CpuProfilerOptions)).toThrow(OptionError);
    };
    refused({ samplingIntervalUs: 49 }, /samplingIntervalUs must be an integer from 50 to 1000000, got 49/);
    refused({ rotateAgeMs: 1.5 }, /rotateAgeMs must be an integer/);
    refused({ engine: "perf" }, /engine must be "auto", "inspector" or "v8-profiler-next", got 'perf'/);
    refused({ onError: true }, /onError must be a function/);
    refused({ samplingInterval: 1 }, /an option of CpuProfilerOptions must be one of samplingIntervalUs/);
    expect(() => new CpuProfiler("file" as never)).toThrow(OptionError);
    const { profiler } = inMemory();
    for (const options of [{}, { seconds: 0 }, { seconds: Number.NaN }, { seconds: 2_147_484 }, { second: 1 }, null])
      await expect(profiler.profile(options as never)).rejects.toThrow(OptionError);
    await expect(profiler.profile({ seconds: 1, signal: true as never })).rejects.toThrow(/AbortSignal/);
    expect(profiler.running).toBe(false);
  });
});
