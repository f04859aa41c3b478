/** Reading profiles: every shape they come in says the same, and what is no profile is refused by name. */

import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { join } from "node:path";
import { functionTimes, ProfileError, parseProfile, readProfile } from "seismo/analysis";
import { describe, expect, test } from "vitest";
import { scratch } from "../lib/scratch.js";
import { callFrame, type V8Node, v8Profile } from "../lib/v8-profile.js";

const sample = () => v8Profile("a b", "a", "c", "(idle)");
const expected = functionTimes([parseProfile(sample())]);

describe("the same profile", () => {
  test("as text", () => {
    expect(functionTimes([parseProfile(JSON.stringify(sample()))])).toEqual(expected);
  });

  test("with parents in place of children, as in Chrome's traces", () => {
    const { nodes, ...rest } = sample();
    const withParents = nodes.map(({ children: _, hitCount: __, ...node }) => {
      const parent = nodes.find(({ children }) => children!.includes(node.id));
      return parent === undefined ? node : { ...node, parent: parent.id };
    });
    expect(functionTimes([parseProfile({ nodes: withParents, ...rest })])).toEqual(expected);
  });

  test("with children listed before their parents", () => {
    const { nodes, ...rest } = sample();
    expect(functionTimes([parseProfile({ nodes: nodes.reverse(), ...rest })])).toEqual(expected);
  });

  test("as v8-profiler-next writes it, whose lines count from 1", () => {
    const { nodes, ...rest } = sample();
    for (const { callFrame: frame } of nodes) {
      frame.lineNumber++;
      frame.columnNumber++;
    }
    const profile = { typeId: "CPU", uid: "1", title: "some", nodes, ...rest };
    expect(functionTimes([parseProfile(profile)])).toEqual(expected);
  });

  test("as v8-profiler-next and old V8 write it: a tree, whole seconds, timestamps", () => {
    const { nodes, samples, startTime } = sample();
    const nested = ({ id, callFrame: frame, children }: V8Node): object => ({
      ...frame,
      id,
      lineNumber: frame.lineNumber + 1,
      columnNumber: frame.columnNumber + 1,
      children: children!.map((child) => nested(nodes[child - 1]!)),
    });
    const timestamps = samples.map((_, i) => startTime + 1000 * i);
    const profile = { typeId: "CPU", head: nested(nodes[0]!), startTime: 0, endTime: 0, samples, timestamps };
    expect(functionTimes([parseProfile(profile)])).toEqual(expected);
  });

  test("without an end is as long as its samples tell", () => {
    const { endTime: _, ...profile } = sample();
    expect(parseProfile(profile).durationUs).toBe(3000); // the last sample has no length
  });
});

test("a profile of the inspector is read as it is", async () => {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  const { durationUs, functions } = functionTimes([parseProfile(profile)]);
  expect(durationUs).toBe(profile.endTime - profile.startTime);
  expect(functions.reduce((sum, { selfUs }) => sum + selfUs, 0)).toBeCloseTo(durationUs, 3);
});

describe("what is no profile is refused:", () => {
  const root = { id: 1, callFrame: callFrame("(root)"), children: [2] };
  const a = { id: 2, callFrame: callFrame("a"), children: [] as unknown };
  const good = { nodes: [root, a], startTime: 0, endTime: 1000, samples: [2], timeDeltas: [0] };
  test.each<[string, unknown, RegExp]>([
    ["text cut short", JSON.stringify(good).slice(0, -20), /^x\.cpuprofile: must be JSON: /],
    ["no text", "", /must be JSON: /],
    ["no object", "[]", /must be a CPU profile, an object with nodes, got \[\]/],
    ["null", "null", /got null/],
    ["another file", '{"version": 3}', /nodes must be an array, got undefined/],
    ["no nodes", { ...good, nodes: [] }, /nodes must hold at least one node/],
    ["a node that is none", { ...good, nodes: [root, null] }, /nodes\[1\] must be an object, got null/],
    ["a node without id", { ...good, nodes: [root, { ...a, id: "2" }] }, /nodes\[1\]\.id must be a number, got '2'/],
    ["two nodes of one id", { ...good, nodes: [root, a, a] }, /two have id 2/],
    ["a node without function", { ...good, nodes: [root, { id: 2 }] }, /nodes\[1\]\.callFrame must be an object/],
    ["a function without name", { ...good, nodes: [root, { id: 2, callFrame: {} }] }, /functionName must be a string/],
    [
      "a child nobody knows",
      { ...good, nodes: [root, { ...a, children: [9] }] },
      /nodes\[1\]\.children must be the id of a node, got 9/,
    ],
    [
      "a parent nobody knows",
      { ...good, nodes: [root, { ...a, parent: 9 }] },
      /nodes\[1\]\.parent must be the id of a node, got 9/,
    ],
    [
      "children that are none",
      { ...good, nodes: [root, { ...a, children: 1 }] },
      /nodes\[1\]\.children must be an array, got 1/,
    ],
    [
      "a circle",
      { ...good, nodes: [root, { ...a, children: [1] }] },
      /must form a tree, but node 1 is among its own callers/,
    ],
    [
      "a node of its own",
      { ...good, nodes: [root, { ...a, children: [2] }] },
      /the child of one node, but 2 is one of 1 and of 2/,
    ],
    ["a sample nobody knows", { ...good, samples: [7] }, /samples\[0\] must be the id of a node, got 7/],
    ["samples that are none", { ...good, samples: "2" }, /samples must be an array, got '2'/],
    ["fewer times than samples", { ...good, samples: [2, 2] }, /timeDeltas must be as many as samples, 2, got 1/],
    ["more times than samples", { ...good, timeDeltas: [0, 0] }, /timeDeltas must be as many as samples, 1, got 2/],
    ["a time that is none", { ...good, timeDeltas: [null] }, /timeDeltas\[0\] must be a number, got null/],
    ["a start that is none", { ...good, startTime: "0" }, /startTime must be a number, got '0'/],
    [
      "a hit count that is none",
      { ...good, nodes: [root, { ...a, hitCount: "1" }] },
      /nodes\[1\]\.hitCount must be a number/,
    ],
  ])("%s", (_, source, message) => {
    const parse = () => parseProfile(source as string | object, "x.cpuprofile");
    expect(parse).toThrow(ProfileError);
    expect(parse).toThrow(message);
  });

  test("a file that is not there, and a directory", () => {
    const folder = scratch();
    expect(() => readProfile(join(folder, "none"))).toThrow(/none: cannot be read: there is no such file$/);
    expect(() => readProfile(folder)).toThrow(/cannot be read: it is a directory$/);
    writeFileSync(join(folder, "cut"), '{"nodes": [');
    expect(() => readProfile(join(folder, "cut"))).toThrow(/cut: must be JSON/);
  });
});
