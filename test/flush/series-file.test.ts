/** Series files: how they are named, when they are published, and that what is published is whole. */

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Flusher, ManualClock, OptionError, SeriesFileSink, ValueRecorder } from "seismo";
import { describe, expect, test } from "vitest";
import { filesIn, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";

function written(options: { rotateBytes?: number; rotateAgeMs?: number; directory?: string } = {}) {
  const clock = new ManualClock({ epochNs: 1_795_320_915_035_120_000n });
  const directory = options.directory ?? join(scratch(), "made", "on demand");
  const published: string[] = [];
  const onPublish = (path: string) => void published.push(path);
  const sink = new SeriesFileSink({
    ...options,
    directory,
    prefix: "gauge",
    clock,
    pid: 4242,
    run: "k3f9qz",
    onPublish,
  });
  const recorder = new ValueRecorder({ clock });
  const flusher = new Flusher(recorder.source, sink, { clock, pid: 4242 });
  return { clock, directory, sink, recorder, flusher, published };
}

describe("a series file", () => {
  test("grows as .tmp, is renamed when published, and is named by its first row", () => {
    const { clock, directory, recorder, flusher, sink, published } = written();
    recorder.observe("x", 1);
    clock.advance(5_000_000_000n);
    flusher.flush();
    expect(filesIn(directory, "", "")).toEqual(["gauge.20261122T041515035Z-4242-k3f9qz-0001.tmp"]);
    sink.publish();
    const name = "gauge.20261122T041515035Z-4242-k3f9qz-0001.csv";
    expect(filesIn(directory, "", "")).toEqual([name]);
    expect(published).toEqual([join(directory, name)]);
    expect(readFileSync(join(directory, name), "utf8")).toBe(
      "Timepoint,Measurement,Label,PID\n1795320915035120000,1,x,4242\n",
    );
  });

  test("is not made without data, nor is its directory", () => {
    const { directory, flusher } = written();
    flusher.close();
    expect(filesIn(directory, "", "")).toEqual([]);
  });

  test("is published when its size is reached, each file whole and none larger", () => {
    const { directory, recorder, flusher, published } = written({ rotateBytes: 1000 });
    for (let n = 0; n < 200; n++) {
      recorder.observe("x", n);
      flusher.flush();
    }
    flusher.close();
    expect(published.length).toBeGreaterThan(4);
    for (const path of published) expect(readFileSync(path).length).toBeLessThanOrEqual(1000);
    expect(rowsIn(directory, "gauge").map((row) => row.measurement)).toEqual([...Array(200).keys()]);
    expect(filesIn(directory, "", "")).toEqual(published.map((path) => path.slice(directory.length + 1)));
  });

  test("is published when its age is reached, even if nothing more comes", () => {
    const { clock, recorder, flusher, sink, published } = written({ rotateAgeMs: 60_000 });
    recorder.observe("x", 1);
    flusher.flush();
    clock.advance(59_999_000_000n);
    sink.publishIfDue();
    expect(published).toHaveLength(0);
    clock.advance(1_000_000n);
    sink.publishIfDue();
    expect(published).toHaveLength(1);
  });

  test("keeps counting past four digits", () => {
    const { recorder, flusher, sink, published } = written();
    for (let n = 0; n < 10_001; n++) {
      recorder.observe("x", n);
      flusher.flush();
      sink.publish();
    }
    expect(published.at(-1)).toMatch(/-10001\.csv$/);
  });
});

describe("what others do to the directory", () => {
  test("reading, moving and deleting published files disturbs nothing", () => {
    const { directory, recorder, flusher, sink, published } = written();
    for (let n = 0; n < 3; n++) {
      recorder.observe("x", n);
      flusher.flush();
      sink.publish();
      rmSync(published[n]!);
    }
    expect(filesIn(directory, "", "")).toEqual([]);
  });

  test("removing it, with the file that grows, loses nothing", () => {
    const { directory, recorder, flusher } = written();
    for (let n = 0; n < 4; n++) {
      recorder.observe("x", n);
      flusher.flush();
      if (n === 1) rmSync(directory, { recursive: true });
    }
    flusher.close();
    expect(rowsIn(directory, "gauge").map((row) => row.measurement)).toEqual([0, 1, 2, 3]);
  });

  test("removing it right before the file is published loses nothing", () => {
    const { directory, recorder, flusher, sink } = written();
    recorder.observe("x", 7);
    flusher.flush();
    rmSync(directory, { recursive: true });
    sink.publish();
    expect(rowsIn(directory, "gauge").map((row) => row.measurement)).toEqual([7]);
  });

  test("moving it elsewhere loses nothing", () => {
    const { directory, recorder, flusher } = written();
    recorder.observe("x", 7);
    flusher.flush();
    renameSync(directory, `${directory} moved`);
    recorder.observe("x", 8);
    flusher.close();
    expect(rowsIn(directory, "gauge").map((row) => row.measurement)).toEqual([7, 8]);
  });

  test("a file in its place fails the flush, and when it is gone everything is written", () => {
    const { directory, recorder, flusher } = written();
    mkdirSync(join(directory, ".."), { recursive: true });
    writeFileSync(directory, "in the way");
    recorder.observe("x", 7);
    expect(() => flusher.flush()).toThrow(/EEXIST|ENOTDIR/);
    expect(() => flusher.close()).toThrow(/EEXIST|ENOTDIR/);
    rmSync(directory);
    flusher.close();
    expect(rowsIn(directory, "gauge").map((row) => row.measurement)).toEqual([7]);
  });
});

describe("options", () => {
  test.each([
    ["../x", /prefix must be 1 to 64 letters, digits, - or _, got '..\/x'/],
    ["", /got ''/],
    ["a.b", /got 'a.b'/],
    [5, /got 5/],
  ])("refuse the prefix %s", (prefix, message) => {
    expect(() => new SeriesFileSink({ directory: "x", prefix: prefix as string })).toThrow(message);
  });

  test("refuse what is misspelt or out of range, by name", () => {
    const make = (options: object) => () => new SeriesFileSink({ directory: "x", prefix: "y", ...options });
    expect(make({ rotatebytes: 5 })).toThrow(
      /option of SeriesFileOptions must be spelt "rotateBytes", got 'rotatebytes'/,
    );
    expect(make({ rotateAgeMs: 0 })).toThrow(/rotateAgeMs must be an integer from 1 to 2147483647, got 0/);
    expect(make({ rotateBytes: 1.5 })).toThrow(OptionError);
  });
});
