/** Samplers of one's own: monitor.sample() keeps every promise, whatever they do. */

import { join } from "node:path";
import { type Observe, OptionError, observe, SeismoError, start, stop } from "seismo";
import { afterEach, describe, expect, test } from "vitest";
import { countByLabel, rowsIn } from "../lib/rows.js";
import { valuesIn } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

afterEach(() => stop());

const HOUR = 3_600_000;

/** Resolves when the sampler has been called so often. */
function counted(times: number) {
  let calls = 0;
  let resolve: () => void;
  const done = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  const call = () => {
    if (++calls === times) resolve();
    return calls;
  };
  return { call, done, count: () => calls };
}

test.each([undefined, "runtime", "gauge", "queue"])("to files of the prefix %s", async (prefix) => {
  const directory = scratch();
  const monitor = start({ directory });
  const { call, done } = counted(4);
  monitor.sample("jobs", { intervalMs: 10, ...(prefix && { prefix }) }, (observe) => observe("jobs", call()));
  if (prefix === "gauge") observe("of the program", 1);
  await done;
  const { prefixes } = await monitor.stop();
  const values = valuesIn(rowsIn(directory, prefix ?? "runtime"), "jobs");
  expect(values.length).toBeGreaterThan(4); // and one more at the end
  expect(values).toEqual(values.map((_, i) => i + 1)); // each call once, in order
  for (const other of Object.keys(prefixes)) {
    if (other !== (prefix ?? "runtime")) expect(prefixes[other]!.recorded).toBe(0);
  }
  if (prefix === "gauge") expect(countByLabel(rowsIn(directory, "gauge"))).toMatchObject({ "of the program": 1 });
});

test("readings of one call share a timepoint, those of an answer that came later have their own", async () => {
  const directory = scratch();
  const monitor = start({ directory });
  const asked = resolvers();
  monitor.sample("both", { intervalMs: HOUR }, async (observe) => {
    observe("a", 1);
    for (const end = performance.now() + 5; performance.now() < end; );
    observe("b", 2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    observe("later", 3);
    asked.resolve();
  });
  await asked.promise;
  await monitor.stop();
  const rows = rowsIn(directory, "runtime");
  const [a] = rows.filter(({ label }) => label === "a");
  const [b] = rows.filter(({ label }) => label === "b");
  const [later] = rows.filter(({ label }) => label === "later");
  expect(b!.timepoint).toBe(a!.timepoint);
  expect(later!.timepoint - a!.timepoint).toBeGreaterThan(4_000_000n); // ns; timers count whole milliseconds
});

function resolvers() {
  let resolve!: () => void;
  const promise = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}

describe.each([
  ["throws", () => void fail()],
  ["rejects", async () => fail()],
  ["rejects with what is no error", () => Promise.reject(undefined)],
])("one that %s", (_, sample) => {
  test("is counted, warned about once by its name, and goes on; and others do not suffer", async () => {
    const directory = scratch();
    const warned: (Error & { code?: string })[] = [];
    const listen = (warning: Error) => void warned.push(warning);
    process.on("warning", listen);
    const monitor = start({ directory });
    const broken = counted(5);
    const { call, done } = counted(5);
    monitor.sample("the broken one", { intervalMs: 10 }, (observe) => {
      observe("before it fails", broken.call());
      return sample();
    });
    monitor.sample("the good one", { intervalMs: 10 }, (observe) => observe("good", call()));
    await Promise.all([done, broken.done]);
    await monitor.stop();
    await new Promise((resolve) => setImmediate(resolve)); // warnings come a turn late
    process.off("warning", listen);
    const rows = rowsIn(directory, "runtime");
    const errors = valuesIn(rows, "seismo sampler errors");
    expect(errors).toEqual(errors.map((_, i) => i + 1));
    expect(errors.length).toBeGreaterThanOrEqual(5);
    expect(valuesIn(rows, "before it fails").length).toBe(broken.count());
    expect(valuesIn(rows, "good").length).toBeGreaterThanOrEqual(5);
    const ours = warned.filter(({ code }) => code === "ERR_SEISMO_SAMPLER");
    expect(ours).toHaveLength(1);
    expect(ours[0]!.message).toContain('the sampler "the broken one" failed: ');
  });
});

function fail(): never {
  throw new Error("on purpose");
}

test("one that is slow is not asked again before it has answered", async () => {
  const monitor = start({ directory: scratch() });
  let atOnce = 0;
  let most = 0;
  const { call, done, count } = counted(3);
  let quickCalls = 0;
  monitor.sample("slow", { intervalMs: 10 }, async () => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 100));
    atOnce--;
    call();
  });
  monitor.sample("quick", { intervalMs: 10 }, () => {
    quickCalls++;
  });
  await done;
  expect(most).toBe(1);
  expect(count()).toBe(3); // it was asked again
  expect(quickCalls).toBeGreaterThan(count()); // and did not hold up the other
  await monitor.stop();
});

test("stop() of one takes a last sample, lets go of it, and leaves the others", async () => {
  const directory = scratch();
  const monitor = start({ directory });
  let value = 1;
  let stops = 0;
  const sampler = { sample: (observe: Observe) => observe("v", value), stop: () => void stops++ };
  const sampling = monitor.sample("v", { intervalMs: HOUR }, sampler);
  monitor.sample("of the same interval", { intervalMs: HOUR }, () => {});
  const other = counted(3);
  value = 2;
  sampling.stop();
  value = 3;
  sampling.stop();
  expect(stops).toBe(1);
  monitor.sample("w", { intervalMs: 10 }, (observe) => observe("w", other.call()));
  await other.done;
  await monitor.stop();
  sampling.stop();
  expect(stops).toBe(1);
  expect(valuesIn(rowsIn(directory, "runtime"), "v")).toEqual([1, 2]);
});

test("monitor.stop() takes a last sample of each, and lets go of all, though one throws", async () => {
  const directory = scratch();
  const monitor = start({ directory });
  const stopped: string[] = [];
  const sampler = (name: string) => ({
    sample: (observe: Observe) => observe(name, 1),
    stop: () => {
      stopped.push(name);
      if (name === "a") throw new Error("on purpose");
    },
  });
  monitor.sample("a", { intervalMs: HOUR }, sampler("a"));
  monitor.sample("b", { intervalMs: HOUR }, sampler("b"));
  monitor.sample("c", { intervalMs: 1_000 }, sampler("c"));
  await monitor.stop();
  expect(stopped.sort()).toEqual(["a", "b", "c"]);
  expect(countByLabel(rowsIn(directory, "runtime"))).toEqual({ a: 2, b: 2, c: 2, "seismo sampler errors": 1 });
});

test("what is no number, or has no label, is counted as invalid", async () => {
  const directory = scratch();
  const monitor = start({ directory });
  monitor.sample("odd", { intervalMs: HOUR }, (observe) => {
    observe("nan", Number.NaN);
    observe(undefined as never, 1);
    observe("good", 1);
  });
  const { prefixes } = await monitor.stop();
  expect(prefixes.runtime).toMatchObject({ recorded: 6, written: 2, invalid: 4 });
  expect(valuesIn(rowsIn(directory, "runtime"), "good")).toEqual([1, 1]);
});

const nothing = () => {};
test.each([
  ["", {}, nothing, "the name of a sampler must be a string, got ''"],
  [5, {}, nothing, "the name of a sampler must be a string, got 5"],
  ["x", undefined, nothing, "the options of sample() must be an object, got undefined"],
  ["x", nothing, undefined, /^the options of sample\(\) must be an object, got /],
  ["x", { intervalMs: 9 }, nothing, "intervalMs must be an integer from 10 to 3600000, got 9"],
  ["x", { intervalms: 10 }, nothing, `an option of sample() must be spelt "intervalMs", got 'intervalms'`],
  ["x", { every: 10 }, nothing, "an option of sample() must be one of intervalMs, prefix, got 'every'"],
  ["x", { prefix: "../up" }, nothing, "prefix must be 1 to 64 letters, digits, - or _, got '../up'"],
  ["x", {}, undefined, "a sampler must be a function, or an object with a method sample(), got undefined"],
  ["x", {}, {}, "a sampler must be a function, or an object with a method sample(), got {}"],
  ["x", {}, null, "a sampler must be a function, or an object with a method sample(), got null"],
])("sample(%o, %o, %o) is refused, and nothing is recorded", async (name, options, sampler, message) => {
  const monitor = start({ directory: scratch() });
  const attempt = () => monitor.sample(name as never, options as never, sampler as never);
  expect(attempt).toThrow(OptionError);
  expect(attempt).toThrow(message);
  expect((await monitor.stop()).recorded).toBe(0);
});

test("after stop() there is no more sampling", async () => {
  const directory = join(scratch(), "m");
  const monitor = start({ directory });
  const { call, count } = counted(1);
  monitor.sample("x", { intervalMs: 10 }, () => void call());
  await until(() => count() > 2);
  await monitor.stop();
  const before = count();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(count()).toBe(before);
  const attempt = () => monitor.sample("y", {}, nothing);
  expect(attempt).toThrow(SeismoError);
  expect(attempt).toThrow(expect.objectContaining({ code: "ERR_SEISMO_STOPPED" }));
});
