/** Conversions: whatever the format, it tells the same times. Read back by pprof-format, by JSON.parse, by hand. */

import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";
import { convertProfiles, functionTimes, OptionError, type ProfileFormat, parseProfile } from "seismo/analysis";
import { describe, expect, test } from "vitest";
import { v8Profile } from "../lib/v8-profile.js";

const stacks = ["a b", "a b", "a", "a b a", "(idle)", "a b"];
const profile = parseProfile(v8Profile(...stacks), "one.cpuprofile");
const other = parseProfile(v8Profile("c", "a b", ""), "other.cpuprofile");

const textOf = (format: ProfileFormat, ...profiles: (typeof profile)[]) =>
  [...convertProfiles(profiles, format, "/app")].map((piece) => piece.toString()).join("");
const selfUs = (...profiles: (typeof profile)[]) =>
  Object.fromEntries(functionTimes(profiles).functions.flatMap((it) => (it.selfUs > 0 ? [[it.name, it.selfUs]] : [])));

/** Adds up weights by the name of a stack's last function. */
function selfOf(stacksOfNames: Iterable<readonly [stack: readonly string[], weight: number]>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [stack, weight] of stacksOfNames) sums[stack.at(-1)!] = (sums[stack.at(-1)!] ?? 0) + weight;
  return sums;
}

describe("collapsed stacks", () => {
  test("are one line each, with microseconds", () => {
    const [a, b] = ["a (a.js:1:1)", "b (b.js:1:1)"];
    expect(textOf("collapsed", profile).split("\n").sort()).toEqual(
      ["", `${a} 1000`, `${a};${b} 3000`, `${a};${b};${a} 1000`, "(idle) 1000"].sort(),
    );
  });

  test("of several profiles are added up", () => {
    expect(textOf("collapsed", profile, other)).toContain("a (a.js:1:1);b (b.js:1:1) 4000\n");
    expect(textOf("collapsed", other)).toContain("(root) 1000\n");
  });

  test("keep separators out of names", () => {
    const odd = v8Profile("a b");
    odd.nodes[1]!.callFrame = { ...odd.nodes[1]!.callFrame, functionName: "get;\r\nset", url: "" };
    expect(textOf("collapsed", parseProfile(odd))).toBe("get, set;b (b.js:1:1) 1000\n");
  });

  test("add up to the duration, though each is rounded", () => {
    const { samples: _, timeDeltas: __, ...hits } = v8Profile("a", "b", "c");
    hits.endTime = hits.startTime + 1000; // 333.3 µs each
    const counts = [...textOf("collapsed", parseProfile(hits)).matchAll(/ (\d+)\n/g)].map(([, us]) => Number(us));
    expect(counts).toEqual([333, 334, 333]);
  });
});

test("speedscope's file holds every profile, its stacks and weights", () => {
  const file = JSON.parse(textOf("speedscope", profile, other));
  expect(file.$schema).toBe("https://www.speedscope.app/file-format-schema.json");
  expect(file.shared.frames).toContainEqual({ name: "a", file: "/app/a.js", line: 1, col: 1 });
  expect(file.profiles).toHaveLength(2);
  for (const [i, source] of [profile, other].entries()) {
    const { type, name, unit, startValue, endValue, samples, weights } = file.profiles[i];
    expect({ type, name, unit, startValue, endValue }).toEqual({
      type: "sampled",
      name: source.name,
      unit: "microseconds",
      startValue: 0,
      endValue: source.durationUs,
    });
    expect(weights).toHaveLength(samples.length);
    const names = samples.map((stack: number[]) => stack.map((frame) => file.shared.frames[frame].name));
    expect(selfOf(names.map((stack: string[], k: number) => [stack, weights[k]]))).toEqual(selfUs(source));
  }
  expect(file.profiles[0].weights).toEqual([2000, 1000, 1000, 1000, 1000]); // the first two samples are of one stack
  expect(file.profiles[0].samples[2].map((frame: number) => file.shared.frames[frame].name)).toEqual(["a", "b", "a"]);
});

test("speedscope's file is whole when it is written in many pieces", () => {
  const long = parseProfile(v8Profile(...Array.from({ length: 10_001 }, (_, i) => (i % 2 === 0 ? "a" : "b"))));
  const [{ samples, weights }] = JSON.parse(textOf("speedscope", long)).profiles;
  expect([samples.length, weights.length]).toEqual([10_001, 10_001]);
});

describe("pprof", () => {
  const decoded = (...profiles: (typeof profile)[]) => {
    const [bytes, ...rest] = [...convertProfiles(profiles, "pprof")];
    expect(rest).toEqual([]);
    return Profile.decode(gunzipSync(bytes as Uint8Array));
  };

  test("reads back with the samples and nanoseconds of each stack", () => {
    const read = decoded(profile, other);
    const text = (id: number | bigint) => read.stringTable.strings[Number(id)];
    expect(read.sampleType.map(({ type, unit }) => [text(type), text(unit)])).toEqual([
      ["samples", "count"],
      ["wall", "nanoseconds"],
    ]);
    expect(text(read.defaultSampleType)).toBe("wall");
    const nameOf = (locationId: number | bigint) => {
      const { line } = read.location.find(({ id }) => id === locationId)!;
      return text(read.function.find(({ id }) => id === line[0]!.functionId)!.name)!;
    };
    // locations run from the innermost out
    const named = read.sample.map(
      ({ locationId, value }) => [locationId.map(nameOf).reverse(), value.map(Number)] as const,
    );
    expect(named).toContainEqual([
      ["a", "b", "a"],
      [1, 1_000_000],
    ]);
    expect(named).toContainEqual([
      ["a", "b"],
      [4, 4_000_000],
    ]);
    const self = selfOf(named.map(([stack, [, ns]]) => [stack, ns! / 1000]));
    expect(self).toEqual(selfUs(profile, other));
    expect(Number(read.durationNanos)).toBe(9_000_000);
    expect(Number(read.period)).toBe(1_000_000);
  });

  test("names files and lines as a debugger would", () => {
    const read = decoded(profile);
    const a = read.function.find(({ name }) => read.stringTable.strings[Number(name)] === "a")!;
    expect([read.stringTable.strings[Number(a.filename)], Number(a.startLine)]).toEqual(["/app/a.js", 1]);
    for (const id of read.location.map((location) => Number(location.id))) expect(id).toBeGreaterThan(0);
  });

  test("holds an hour, in nanoseconds", () => {
    const hour = v8Profile("a");
    hour.endTime = hour.startTime + 3_600_000_000;
    const read = decoded(parseProfile(hour));
    expect([Number(read.durationNanos), Number(read.sample[0]!.value[1])]).toEqual([3.6e12, 3.6e12]);
  });
});

describe("cpuprofile", () => {
  test("is V8's format, whatever was read", () => {
    const odd = v8Profile(...stacks);
    odd.timeDeltas = [250, 1000, 2000, -500, 1000, 1000];
    odd.endTime += 5000;
    const { nodes, samples, timeDeltas, ...rest } = odd;
    const withParents = nodes.map(({ children: _, hitCount: __, ...node }) => ({
      ...node,
      parent: nodes.find(({ children }) => children!.includes(node.id))?.id,
    }));
    const read = parseProfile({ nodes: withParents, samples, timeDeltas, ...rest });
    const written = JSON.parse(textOf("cpuprofile", read));
    expect(functionTimes([parseProfile(written)])).toEqual(functionTimes([read]));
    expect([written.startTime, written.endTime]).toEqual([odd.startTime, odd.endTime]);
    expect(written.timeDeltas).toEqual([250, 1000, 1500, 500, 500, 1000]); // in order of time
    expect(written.nodes.map(({ hitCount }: { hitCount: number }) => hitCount)).toEqual([0, 1, 3, 1, 1]);
  });

  test("keeps what Node wrote as it was", () => {
    const { nodes, ...rest } = v8Profile(...stacks);
    const { nodes: writtenNodes, ...written } = JSON.parse(textOf("cpuprofile", parseProfile({ nodes, ...rest })));
    expect([writtenNodes, written]).toEqual([nodes, rest]);
  });

  test("of a profile without samples has none", () => {
    const { samples: _, timeDeltas: __, ...hits } = v8Profile("a", "a", "b");
    const written = JSON.parse(textOf("cpuprofile", parseProfile(hits)));
    expect(Object.keys(written)).toEqual(["nodes", "startTime", "endTime"]);
    expect(functionTimes([parseProfile(written)])).toEqual(functionTimes([parseProfile(hits)]));
  });

  test("holds one profile", () => {
    expect(() => convertProfiles([profile, other], "cpuprofile")).toThrow(OptionError);
    expect(() => convertProfiles([], "cpuprofile")).toThrow(/profiles must be one/);
  });
});

test("a format nobody knows is refused by name", () => {
  expect(() => convertProfiles([profile], "svg" as never)).toThrow(/format must be .*, got 'svg'/);
});
