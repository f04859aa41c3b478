/** start(), stop() and what lies between: options refused by name, and every order of calls harmless. */

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DirectoryError, ManualClock, OptionError, observe, observeMany, series, start, stop, timeIt } from "seismo";
import { afterEach, describe, expect, test } from "vitest";
import { runProgram } from "./lib/program.js";
import { countByLabel, filesIn, rowsIn } from "./lib/rows.js";
import { scratch } from "./lib/scratch.js";
import { until } from "./lib/until.js";

afterEach(() => stop());

/** Listeners on what we listen to. Those of a monitor that has just stopped go when its thread does. */
const ourListeners = () =>
  ["exit", "newListener", "SIGTERM"].reduce((sum, event) => sum + process.listenerCount(event), 0);

describe("options", () => {
  test.each([
    [{ directory: "" }, "directory must be a path, got ''"],
    [{ directory: 5 }, "directory must be a path, got 5"],
    [{ flushIntervalMs: 9 }, "flushIntervalMs must be an integer from 10 to 3600000, got 9"],
    [{ flushIntervalMs: "100" }, "flushIntervalMs must be an integer from 10 to 3600000, got '100'"],
    [{ capacity: 0 }, "capacity must be an integer from 1 to 16777216, got 0"],
    [{ capacity: 1.5 }, "capacity must be an integer from 1 to 16777216, got 1.5"],
    [{ maxBytes: Number.NaN }, "maxBytes must be an integer from 1 to 68719476736, got NaN"],
    [{ maxLabels: 0 }, "maxLabels must be an integer from 1 to 1000000, got 0"],
    [{ rotateBytes: -1 }, "rotateBytes must be an integer from 1 to 1099511627776, got -1"],
    [{ rotateAgeMs: 2 ** 31 }, "rotateAgeMs must be an integer from 1 to 2147483647, got 2147483648"],
    [{ signals: "yes" }, "signals must be true or false, got 'yes'"],
    [{ thread: 1 }, "thread must be true or false, got 1"],
    [{ clock: {} }, "clock must be a Clock, got {}"],
    [{ rotatebytes: 5 }, `an option of start() must be spelt "rotateBytes", got 'rotatebytes'`],
    [{ monitoring_dir: "x" }, /^an option of start\(\) must be one of directory, .*, got 'monitoring_dir'$/],
  ])("%o are refused by name, and nothing is left running", (options, message) => {
    const directory = join(scratch(), "m");
    const before = ourListeners();
    expect(() => start({ directory, ...options } as never)).toThrow(message);
    expect(() => start({ directory, ...options } as never)).toThrow(OptionError);
    expect(existsSync(directory)).toBe(false);
    expect(ourListeners()).toBe(before);
  });

  test.each([null, "_monitoring", 5])("that are no object but %o are refused", (options) => {
    expect(() => start(options as never)).toThrow(/^the argument of start\(\) must be an object, got/);
  });

  test("undefined is as good as not given", async () => {
    const monitor = start({ directory: join(scratch(), "m"), capacity: undefined } as never);
    expect(monitor.options.capacity).toBe(65_536);
    await monitor.stop();
  });

  test("a directory that cannot be had is refused, and nothing is left running", () => {
    const folder = scratch();
    const before = ourListeners();
    writeFileSync(join(folder, "file"), "");
    symlinkSync("nowhere/at/all", join(folder, "dangling"));
    for (const directory of [
      join(folder, "file"),
      join(folder, "file/m"),
      "/proc/seismo",
      "/sys/seismo",
      join(folder, "dangling"),
    ]) {
      const attempt = () => start({ directory });
      expect(attempt).toThrow(DirectoryError);
      expect(attempt).toThrow(`directory must be a folder Seismo can write to, got '${directory}'`);
    }
    expect(ourListeners()).toBe(before);
  });

  test("a directory is made, parents too", async () => {
    const directory = join(scratch(), "a/b/c");
    await start({ directory }).stop();
    expect(existsSync(directory)).toBe(true);
    expect(filesIn(directory)).toEqual([]);
  });
});

describe("a monitor", () => {
  test("started twice, stopped twice, used before and after: says what it does and does no harm", async () => {
    const cwd = scratch();
    const { stdout, stderr, code } = await runProgram("faults.js", ["wrong order"], { cwd });
    expect(code).toBe(0);
    const lines = stdout.trim().split("\n");
    expect(lines.slice(0, -1)).toEqual([
      "stopped before start: undefined",
      "same monitor: true true",
      "same end: true true",
      "ERR_SEISMO_STOPPED",
    ]);
    const { first, second, heard } = JSON.parse(lines.at(-1)!);
    expect(first).toMatchObject({ recorded: 1, written: 1, invalid: 0 }); // the token of before start() is no sample
    expect(second).toMatchObject({ recorded: 3, written: 2, invalid: 1 }); // that of another run is a mistake
    expect(heard).toEqual(["ERR_SEISMO_STARTED"]);
    expect(stderr).toContain("start() was called again while recording to ");
    expect(countByLabel(rowsIn(join(cwd, "m")))).toEqual({ work: 3 });
    expect(existsSync(join(cwd, "elsewhere"))).toBe(false);
  });

  test("writes durations and gauges to files of their own, and flushes on request", async () => {
    const directory = scratch();
    const monitor = start({ directory });
    timeIt("f")(() => 1)();
    observe("queue length", 17);
    observeMany([
      ["temp", 75.3],
      ["pressure", 19.2],
    ]);
    await monitor.flush();
    expect(countByLabel(rowsIn(directory))).toEqual({ f: 1 });
    expect(countByLabel(rowsIn(directory, "gauge"))).toEqual({ "queue length": 1, temp: 1, pressure: 1 });
    expect(monitor.stats().prefixes.gauge).toMatchObject({ recorded: 3, written: 3, files: 1 });
    observe("queue length", 18);
    await monitor.stop();
    expect(rowsIn(directory, "gauge").map((row) => row.measurement)).toEqual([17, 75.3, 19.2, 18]);
  });

  test("gives recorders with a prefix of their own", async () => {
    const directory = scratch();
    const monitor = start({ directory });
    const jobs = monitor.durationRecorder("jobs");
    const depth = monitor.valueRecorder("depth");
    jobs.stop(jobs.labels.idOf("resize"), jobs.start());
    depth.observe("queue", 3);
    expect(() => monitor.valueRecorder("../escape")).toThrow(OptionError);
    await monitor.stop();
    expect([countByLabel(rowsIn(directory, "jobs")), countByLabel(rowsIn(directory, "depth"))]).toEqual([
      { resize: 1 },
      { queue: 1 },
    ]);
    depth.observe("queue", 4);
    expect(depth.stats()).toMatchObject({ recorded: 1, written: 1 });
  });

  test("writes an injected clock's time, rotates by it, and follows its steps", async () => {
    const directory = scratch();
    const clock = new ManualClock({ epochNs: 1_607_092_101_580_206_000n });
    const monitor = start({ directory, clock });
    const notify = series("/v2/notify [POST]");
    const token = notify.start();
    clock.advance(237_000_000n);
    notify.stop(token);
    await monitor.stop();
    const [name] = filesIn(directory);
    expect(name).toMatch(/^duration\.20201204T142821817Z-/);
    expect(readFileSync(join(directory, name!), "utf8")).toBe(
      `Timepoint,Measurement,Label,PID\n1607092101817206000,0.237,/v2/notify [POST],${process.pid}\n`,
    );
  });

  test("takes its listeners off the process when it has stopped", async () => {
    await until(() => process.listeners("newListener" as never).every((listener) => listener.name !== "stayLast"));
    const before = ourListeners();
    const monitor = start({ directory: scratch() });
    expect(ourListeners()).toBeGreaterThan(before);
    await monitor.stop();
    await until(() => ourListeners() === before);
  });

  test("leaves files that are not its own alone", async () => {
    const directory = scratch();
    mkdirSync(join(directory, "duration.sub.csv"));
    writeFileSync(join(directory, "duration.mine.tmp"), "mine");
    const monitor = start({ directory });
    observe("x", 1);
    await monitor.stop();
    expect(readFileSync(join(directory, "duration.mine.tmp"), "utf8")).toBe("mine");
  });

  test("warns once that labels have run out, and goes on", async () => {
    const directory = scratch();
    const warned: string[] = [];
    const listen = (warning: Error) => warned.push((warning as Error & { code: string }).code);
    process.on("warning", listen);
    const monitor = start({ directory, maxLabels: 100 });
    for (let i = 0; i < 5000; i++) observe(`label overflow ${i}`, i);
    await monitor.stop();
    process.off("warning", listen);
    const labels = countByLabel(rowsIn(directory, "gauge"));
    expect(Object.values(labels).reduce((sum, count) => sum + count)).toBe(5000);
    expect(labels["(other)"]).toBeGreaterThan(4800);
    expect(warned.filter((code) => code === "ERR_SEISMO_LABELS")).toHaveLength(1);
  });
});
