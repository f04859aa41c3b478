/** Rows: every sample spelt exactly, whoever reads it: csv-stringify, csv-parse and Papa Parse agree. */

import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import Papa from "papaparse";
import { LabelTable, ManualClock } from "seismo";
import { describe, expect, test } from "vitest";
import { type Collected, durationsInMemory, PID, valuesInMemory } from "../lib/collect.js";
import { collectGarbage } from "../lib/gc.js";

/** Nanoseconds as seconds, by string arithmetic: the oracle for our digits. */
function seconds(ns: bigint): string {
  const digits = ns.toString().padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/\.?0+$/, "") || "0";
}

describe("durations", () => {
  test.each([
    [0n, "0"],
    [1n, "0.000000001"],
    [10n, "0.00000001"],
    [237_000_000n, "0.237"],
    [999_999_999n, "0.999999999"],
    [1_000_000_000n, "1"],
    [1_000_000_001n, "1.000000001"],
    [10_000_000_000n, "10"],
    [86_400_000_000_500n, "86400.0000005"],
    [9_007_199_254_740_991n, "9007199.254740991"], // 104 days: 2^53 - 1 ns
  ])("of %s ns are written %s", (ns, expected) => {
    const { clock, recorder, sink, flusher } = durationsInMemory();
    const token = recorder.start();
    clock.advance(ns);
    recorder.stop(recorder.labels.idOf("x"), token);
    flusher.flush();
    expect(sink.text).toBe(`${1_767_225_600_000_000_000n + ns},${expected},x,${PID}\n`);
  });

  test("and the time between them, of any length, are exact", () => {
    const someNs = fc.oneof(
      fc.bigInt(0n, 5n * 10n ** 9n),
      fc.bigInt(0n, 3600n * 10n ** 9n),
      fc.constantFrom(999_999_999n, 10n ** 9n),
    );
    const steps = fc.array(fc.tuple(someNs, someNs), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(
        steps,
        fc.bigInt(10n ** 18n, 4n * 10n ** 18n),
        fc.bigInt(1n, 10n ** 16n),
        (pairs, epochNs, monotonicNs) => {
          const clock = new ManualClock({ epochNs, monotonicNs });
          const { sink, recorder, flusher } = durationsInMemory({ clock });
          const expected = pairs.map(([pause, duration]) => {
            clock.advance(pause);
            const token = recorder.start();
            clock.advance(duration);
            recorder.stop(recorder.labels.idOf("x"), token);
            return `${clock.anchor().epochNs},${seconds(duration)},x,${PID}\n`;
          });
          flusher.flush();
          expect(sink.text).toBe(expected.join(""));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("values", () => {
  test.each([
    [17, "17"],
    [-0, "-0"],
    [0.1 + 0.2, "0.30000000000000004"],
    [1e21, "1e+21"],
    [5e-324, "5e-324"],
    [-1.7976931348623157e308, "-1.7976931348623157e+308"],
    [4_294_967_296, "4294967296"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
  ])("of %s are written %s", (value, expected) => {
    const { recorder, sink, flusher } = valuesInMemory();
    recorder.observe("x", value);
    flusher.flush();
    expect(sink.text).toBe(`1767225600000000000,${expected},x,${PID}\n`);
  });

  test("of any kind read back as the same number", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (values) => {
        const { recorder, sink, flusher } = valuesInMemory();
        for (const value of values) recorder.observe("x", value);
        flusher.flush();
        expect(sink.rows.map((row) => row.measurement)).toEqual(values);
      }),
    );
  });

  test("that are no finite numbers are counted, not written", () => {
    const { recorder, sink, flusher } = valuesInMemory();
    const none = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, "5", null, undefined, 5n, {}];
    for (const value of none) recorder.observe("x", value as number);
    recorder.observe(Symbol("label") as never, 1);
    recorder.observe("x", 1);
    flusher.flush();
    expect(sink.rows.map((row) => row.measurement)).toEqual([1]);
    expect(recorder.stats()).toMatchObject({ recorded: none.length + 2, written: 1, invalid: none.length + 1 });
  });

  test("taken together share one timepoint, in order", () => {
    const { clock, recorder, sink, flusher } = valuesInMemory();
    recorder.observeMany(
      new Map([
        ["temp", 75.3],
        ["pressure", 19.2],
      ]),
    );
    clock.advance(5n);
    recorder.observeMany([["temp", 75.4]]);
    recorder.observeMany(5 as never);
    recorder.observeMany([7] as never);
    flusher.flush();
    expect(sink.text).toBe(
      `1767225600000000000,75.3,temp,${PID}\n1767225600000000000,19.2,pressure,${PID}\n1767225600000000005,75.4,temp,${PID}\n`,
    );
    expect(recorder.stats().invalid).toBe(2);
  });
});

describe("labels", () => {
  const awkward = [
    "",
    " ",
    " lead",
    "trail ",
    "a,b",
    'say "hi"',
    '"',
    "two\nlines",
    "cr\rlf\r\n",
    "tab\t",
    "é😀 ünïcode 漢字",
    "\u0000",
    "\ufeff",
    "=1+1",
    "'",
    ";",
    "(other)",
    "x".repeat(1024),
    '"'.repeat(1024),
    "漢".repeat(1024),
  ];

  function recorded(labels: readonly string[]): Collected {
    const { recorder, sink, flusher } = valuesInMemory();
    for (const label of labels) recorder.observe(label, 1);
    flusher.flush();
    return sink;
  }

  test("are spelt as csv-stringify spells them", () => {
    const expected = stringify(
      awkward.map((label) => ["1767225600000000000", "1", label, PID]),
      { quoted_match: /[\r\n]/ },
    );
    expect(recorded(awkward).text).toBe(expected);
  });

  test("of any kind read back as they were", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 200 }), { minLength: 1 }), (labels) => {
        expect(recorded(labels).rows.map((row) => row.label)).toEqual(labels);
      }),
    );
  });

  test("read back by Papa Parse as they were", () => {
    const { data, errors } = Papa.parse<string[]>(recorded(awkward).text.slice(0, -1));
    expect(errors.filter(({ type }) => type !== "Delimiter")).toEqual([]);
    expect(data.map((row) => row[2])).toEqual(awkward);
  });

  test("with lone surrogates become valid UTF-8", () => {
    expect(recorded(["a\ud800b"]).rows.map((row) => row.label)).toEqual(["a\ufffdb"]);
  });

  test("longer than 1024 are cut, between characters, and end in an ellipsis", () => {
    const [plain, pairs] = recorded(["x".repeat(100_000), `${"x".repeat(1022)}${"😀".repeat(50)}`]).rows;
    expect(plain!.label).toBe(`${"x".repeat(1023)}…`);
    expect(pairs!.label).toBe(`${"x".repeat(1022)}…`);
  });

  test("beyond the bound share the series (other), the earlier ones keep theirs", () => {
    const { sink, flusher, recorder } = valuesInMemory({ labels: new LabelTable(3) });
    let warned = 0;
    recorder.labels.onOverflow = () => warned++;
    for (const label of ["a", "b", "c", "d", "e", "a", "d"]) recorder.observe(label, 1);
    flusher.flush();
    expect(sink.rows.map((row) => row.label)).toEqual(["a", "b", "c", "(other)", "(other)", "a", "(other)"]);
    expect([recorder.labels.overflowed, warned]).toEqual([3, 1]);
  });

  test("do not keep the text they were cut from in memory", () => {
    const before = process.memoryUsage().heapUsed;
    const labels = new LabelTable();
    for (let i = 0; i < 500; i++) labels.idOf(`${i}${"x".repeat(1_000_000)}`.slice(0, 40));
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000); // 500 MB if they did
  });
});

describe("timepoints", () => {
  test("follow a wall clock that is set forward, within one file", () => {
    const { clock, recorder, sink, flusher } = valuesInMemory();
    recorder.observe("x", 1);
    flusher.flush();
    clock.stepWall(3_600_000_000_000n);
    recorder.observe("x", 2);
    flusher.flush();
    expect(sink.files).toHaveLength(1);
    expect(sink.rows.map((row) => row.timepoint)).toEqual([1_767_225_600_000_000_000n, 1_767_229_200_000_000_000n]);
  });

  test("never run backwards within a file: a wall clock set back begins another", () => {
    const { clock, recorder, sink, flusher } = valuesInMemory();
    recorder.observe("x", 1);
    flusher.flush();
    clock.stepWall(-3_600_000_000_000n);
    clock.advance(1n);
    recorder.observe("x", 2);
    flusher.flush();
    expect(sink.files).toEqual([`1767225600000000000,1,x,${PID}\n`, `1767222000000000001,2,x,${PID}\n`]);
  });
});
