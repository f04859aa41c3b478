/** Buffers: chunks fill, are drained and come round again; what does not fit is counted; nothing is lost between. */

import { DurationRecorder, Flusher, ManualClock, type SampleSource, SeismoError, Series } from "seismo";
import { describe, expect, test } from "vitest";
import { Collected, durationsInMemory, valuesInMemory } from "../lib/collect.js";

describe("a buffer", () => {
  test("gives every sample of many rounds through its chunks, once, in order", () => {
    const { clock, recorder, sink, flusher } = valuesInMemory({ capacity: 8, maxBytes: 1 });
    for (let n = 0; n < 1000; n++) {
      clock.advance(1n);
      recorder.observe("n", n);
      if (n % 5 === 4) flusher.flush();
    }
    flusher.flush();
    expect(sink.rows.map((row) => row.measurement)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    expect(recorder.stats()).toMatchObject({ recorded: 1000, written: 1000, dropped: 0, invalid: 0 });
  });

  test("that nobody drains keeps two chunks at least, and counts what it drops", () => {
    const { recorder, sink, flusher } = valuesInMemory({ capacity: 8, maxBytes: 1 });
    for (let n = 0; n < 20; n++) recorder.observe("n", n);
    expect(recorder.stats()).toMatchObject({ recorded: 20, written: 0, dropped: 4 });
    flusher.flush();
    for (let n = 20; n < 25; n++) recorder.observe("n", n);
    flusher.flush();
    expect(sink.rows.map((row) => row.measurement)).toEqual([...Array(16).keys(), 20, 21, 22, 23, 24]);
    expect(recorder.stats()).toMatchObject({ recorded: 25, written: 21, dropped: 4 });
  });

  test("grows to its bound and no further", () => {
    const { recorder } = durationsInMemory({ capacity: 1000, maxBytes: 100_000 });
    const label = recorder.labels.idOf("x");
    for (let n = 0; n < 10_000; n++) recorder.stop(label, recorder.start());
    const bytes = recorder.source.chunks.reduce((sum, memory) => sum + memory.byteLength, 0);
    expect(bytes).toBeGreaterThan(75_000);
    expect(bytes).toBeLessThanOrEqual(100_000);
    expect(recorder.stats()).toMatchObject({
      recorded: 10_000,
      dropped: 10_000 - 1000 * recorder.source.chunks.length,
    });
  });

  test("takes no memory before its first sample", () => {
    expect(new DurationRecorder().source.chunks).toEqual([]);
  });

  test("of a thousand labels in one flush gives each its own", () => {
    const { recorder, sink, flusher } = valuesInMemory();
    for (let n = 0; n < 100_000; n++) recorder.observe(`label ${n % 1000}`, n);
    flusher.flush();
    expect(sink.rows.every(({ label, measurement }) => label === `label ${measurement % 1000}`)).toBe(true);
    expect(sink.rows).toHaveLength(100_000);
  });
});

describe("a sink that fails", () => {
  test("is offered the same samples again, and none is lost or doubled", () => {
    const { recorder, sink, flusher } = valuesInMemory({ capacity: 8 });
    let failures = 0;
    const { write } = sink;
    sink.write = (batch) => {
      if (++failures % 3 !== 0) throw new Error("disk full");
      write.call(sink, batch);
    };
    for (let n = 0; n < 100; n++) {
      recorder.observe("n", n);
      if (n === 50) recorder.observe("n", Number.NaN);
      try {
        flusher.flush();
      } catch {
        // tried again with the next sample
      }
    }
    sink.write = write;
    flusher.flush();
    expect(sink.rows.map((row) => row.measurement)).toEqual([...Array(100).keys()]);
    expect(recorder.stats()).toMatchObject({ recorded: 101, written: 100, invalid: 1, dropped: 0 });
  });

  test("to the end leaves a count of what was lost", () => {
    const { recorder, sink, flusher } = valuesInMemory();
    for (let n = 0; n < 10; n++) recorder.observe("n", n);
    sink.write = () => {
      throw new Error("disk full");
    };
    expect(() => flusher.close()).toThrow("disk full");
    expect(flusher.abandon()).toBe(10);
    expect(recorder.stats()).toMatchObject({ recorded: 10, written: 0, dropped: 10 });
  });
});

describe("a recorder", () => {
  test("records nothing and costs no memory while closed", () => {
    const recorder = new DurationRecorder({ open: false });
    const label = recorder.labels.idOf("x");
    expect(recorder.start()).toBe(0);
    recorder.stop(label, recorder.start());
    expect(recorder.recording).toBe(false);
    expect(() => recorder.source).toThrow(SeismoError);
  });

  test("opened again fills a buffer of its own, and tokens from before are counted as invalid", () => {
    const clock = new ManualClock();
    const recorder = new DurationRecorder({ clock });
    const handle = new Series(recorder, "x");
    const early = handle.start();
    handle.stop(early);
    const first = recorder.source;
    recorder.close();
    handle.stop(early);
    clock.advance(5n);
    const second = recorder.open();
    handle.stop(early);
    handle.stop(handle.start());
    const rows = (source: SampleSource) => {
      const sink = new Collected();
      new Flusher(source, sink, { clock }).flush();
      return sink.rows.length;
    };
    expect([rows(first), rows(second)]).toEqual([1, 1]);
    expect(recorder.stats()).toMatchObject({ recorded: 2, written: 1, invalid: 1 });
  });
});
