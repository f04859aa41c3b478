/** One test for each fault that was found by trying to break Seismo, so that it stays mended. */

import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createTimeIt,
  type DurationToken,
  ManualClock,
  observe,
  observeMany,
  SeriesFileSink,
  start,
  stop,
  ValueRecorder,
} from "seismo";
import { afterEach, expect, test } from "vitest";
import { durationsInMemory, valuesInMemory } from "./lib/collect.js";
import { runProgram } from "./lib/program.js";
import { countByLabel, filesIn, rowsIn } from "./lib/rows.js";
import { scratch } from "./lib/scratch.js";
import { until } from "./lib/until.js";

afterEach(() => stop());

test("two recorders of one prefix never write to one file", async () => {
  const directory = scratch();
  const monitor = start({ directory });
  const [a, b] = [monitor.valueRecorder("q"), monitor.valueRecorder("q")];
  for (let i = 0; i < 100; i++) {
    a.observe("a", i);
    b.observe("b", i);
  }
  await monitor.stop();
  expect(countByLabel(rowsIn(directory, "q"))).toEqual({ a: 100, b: 100 });
});

test("a prefix may be called like a property of every object", async () => {
  const directory = scratch();
  const monitor = start({ directory });
  for (const prefix of ["constructor", "__proto__"]) monitor.valueRecorder(prefix).observe("x", 1);
  expect(await monitor.stop()).toMatchObject({ recorded: 2, written: 2 });
  expect(monitor.stats().prefixes.constructor).toMatchObject({ written: 1 });
});

test.each([
  ["a proxy of a promise", () => new Proxy(Promise.resolve(1), {})],
  ["an object that only inherits from Promise", () => Object.create(Promise.prototype)],
  ["a promise with a constructor of its own", () => Object.assign(Promise.resolve(1), { constructor: 5 })],
  [
    "a revoked proxy",
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
])("timeIt hands on %s, untouched", (_, make) => {
  const { recorder } = durationsInMemory();
  const result = make();
  expect(Object.is(createTimeIt(recorder)("f")(() => result)(), result)).toBe(true);
});

test("a proxy that takes our `then` and does not show it is timed to the return", () => {
  const { recorder, sink, flusher } = durationsInMemory();
  const api: object = new Proxy(() => {}, { get: () => () => api, defineProperty: () => true });
  expect(createTimeIt(recorder)("f")(() => api)()).toBe(api);
  flusher.flush();
  expect(sink.rows).toHaveLength(1);
});

test("a file that somebody cuts short and deletes is given up and counted, and writing goes on", () => {
  const directory = scratch();
  const clock = new ManualClock();
  const lost: number[] = [];
  const sink = new SeriesFileSink({ directory, prefix: "x", clock, onLoss: (rows) => lost.push(rows) });
  const batch = (text: string) => ({
    bytes: new TextEncoder().encode(text),
    rows: 1,
    firstEpochNs: 1n,
    lastEpochNs: 1n,
  });
  sink.write(batch("1,1,a,1\n"));
  const [name] = filesIn(directory, "x", ".tmp");
  truncateSync(join(directory, name!), 0);
  rmSync(join(directory, name!));
  sink.write(batch("2,2,b,1\n"));
  truncateSync(join(directory, filesIn(directory, "x", ".tmp")[0]!), 36);
  sink.write(batch("3,3,c,1\n"));
  sink.publish();
  expect(lost).toEqual([1, 1]);
  expect(filesIn(directory, "", "").map((each) => readFileSync(join(directory, each), "utf8"))).toEqual([
    "Timepoint,Measurement,Label,PID\n3,3,c,1\n",
  ]);
});

test("memory that cannot be had drops samples, and does not throw into the host", () => {
  const recorder = new ValueRecorder();
  const original = globalThis.SharedArrayBuffer;
  try {
    globalThis.SharedArrayBuffer = class {
      constructor() {
        throw new RangeError("Array buffer allocation failed");
      }
    } as never;
    recorder.observe("x", 1);
  } finally {
    globalThis.SharedArrayBuffer = original;
  }
  expect(recorder.stats()).toMatchObject({ recorded: 1, dropped: 1 });
});

test("rows of a chunk come before those of the next, whenever the flusher looked", () => {
  const { clock, recorder, sink, flusher } = valuesInMemory({ capacity: 4 });
  const record = (n: number) => {
    clock.advance(1n);
    recorder.observe("n", n);
  };
  for (const n of [1, 2, 3]) record(n);
  // the recorder goes on between the flusher's look at the first chunk and that at the second
  const { load } = Atomics;
  let looks = 0;
  Atomics.load = ((array: Int32Array, index: number) => {
    const value = load(array, index);
    if (++looks === 2) for (const n of [4, 5, 6]) record(n);
    return value;
  }) as typeof load;
  try {
    flusher.flush();
  } finally {
    Atomics.load = load;
  }
  flusher.flush();
  expect(sink.rows.map((row) => row.measurement)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(sink.files).toHaveLength(1);
});

test("observeMany of something that records while it is iterated keeps time running forward", () => {
  const { clock, recorder, sink, flusher } = valuesInMemory();
  function* samples(): Generator<[string, number]> {
    for (let i = 0; i < 3; i++) {
      clock.advance(1n);
      recorder.observe("inner", i);
      yield ["outer", i];
    }
  }
  recorder.observeMany(samples());
  flusher.flush();
  const times = sink.rows.map((row) => row.timepoint);
  expect(times).toEqual([...times].sort());
  expect(countByLabel(sink.rows)).toEqual({ inner: 3, outer: 3 });
});

test("samples that turn out invalid in the last flush are in the runtime series all the same", async () => {
  const directory = scratch();
  const monitor = start({ directory, thread: false });
  const jobs = monitor.durationRecorder("jobs");
  for (let i = 0; i < 5; i++) jobs.stop(jobs.labels.idOf("x"), 1e-320 as DurationToken);
  await monitor.stop();
  expect(rowsIn(directory, "runtime").map(({ label, measurement }) => [label, measurement])).toEqual([
    ["seismo samples invalid", 5],
  ]);
});

test("a label where an id belongs is refused, not taken for another series", () => {
  const { recorder, sink, flusher } = durationsInMemory();
  for (const wrong of ["resize", 1n, Symbol("x"), undefined]) recorder.stop(wrong as never, recorder.start());
  flusher.flush();
  expect(sink.rows).toEqual([]);
  expect(recorder.stats()).toMatchObject({ recorded: 4, invalid: 4 });
});

test("a clock that cannot tell the time is refused before anything runs", () => {
  const clock = { now: () => 1, anchor: () => ({ monotonicNs: 1n, epochNs: 1n }) };
  expect(() => start({ directory: scratch(), clock: clock as never })).toThrow(/clock must be a Clock/);
  const failing = {
    now: () => {
      throw new Error("boom");
    },
    anchor: clock.anchor,
  };
  expect(() => start({ directory: scratch(), clock: failing })).toThrow(/clock must be a Clock/);
});

test("times before 1970 are written as 1970, not as garbage", () => {
  const { recorder, sink, flusher } = valuesInMemory({ clock: new ManualClock({ epochNs: -5_000_000_000n }) });
  recorder.observe("x", 1);
  flusher.flush();
  expect(sink.rows[0]!.timepoint).toBe(0n);
});

test("a chunk of one sample does not make a recorder with a hundred thousand chunks", () => {
  const { recorder } = valuesInMemory({ capacity: 1 });
  for (let i = 0; i < 100_000; i++) recorder.observe("x", i);
  expect(recorder.source.chunks.length).toBeLessThanOrEqual(64);
});

test("exit listeners of a worker thread may record", async () => {
  const cwd = scratch();
  const { code, stderr } = await runProgram("threads.js", ["exit listeners in workers"], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(countByLabel(rowsIn(join(cwd, "m")))).toMatchObject({ "worker 0 ends": 5, "worker 3 ends": 5 });
});

test("a directory that stays gone does not leave its rows counted as written", async () => {
  const directory = join(scratch(), "m");
  const monitor = start({ directory, thread: false, flushIntervalMs: 10 });
  observe("x", 1);
  await until(() => monitor.stats().written === 1);
  rmSync(directory, { recursive: true });
  writeFileSync(directory, "in the way");
  observeMany([["x", 2]]);
  expect(await monitor.stop()).toMatchObject({ recorded: 2, written: 0, dropped: 2 });
});

test.each(["main records", "main does not"])(
  "stop() of a worker thread resolves, however soon it is called: %s",
  async (main) => {
    const cwd = scratch();
    const way = main === "main records" ? "workers that stop at once" : "workers only, that stop at once";
    const { code, stderr, stdout } = await runProgram("threads.js", [way], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.match(/stopped/g)).toHaveLength(4);
    expect(countByLabel(rowsIn(join(cwd, "m")))).toMatchObject({ "worker 0": 10_000, "worker 3": 10_000 });
  },
);

test("a disk with room for some rows gets them, not none", () => {
  const { recorder, sink, flusher } = valuesInMemory();
  for (let n = 0; n < 1000; n++) recorder.observe("n", n);
  const { write } = sink;
  let room = 20_000;
  sink.write = (batch) => {
    if (batch.bytes.length > room) throw new Error("ENOSPC");
    room -= batch.bytes.length;
    write.call(sink, batch);
  };
  expect(() => flusher.flush()).toThrow("ENOSPC");
  expect(sink.rows.length).toBeGreaterThan(400);
  room = 1e9;
  flusher.flush();
  expect(sink.rows.map((row) => row.measurement)).toEqual([...Array(1000).keys()]);
});
