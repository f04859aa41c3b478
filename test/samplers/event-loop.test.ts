/** The event loop: how long its turns take, as the program and a client of it measured them. */

import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { MonitorOptions } from "seismo";
import { expect, onTestFinished, test } from "vitest";
import { type Row, rowsIn } from "../lib/rows.js";
import { median, msOf, seriesIn, startRuntime, told, valuesIn } from "../lib/runtime.js";
import { scratch } from "../lib/scratch.js";

const OFF = { gc: false, process: false, memory: false, activity: false };

/** One time that a program blocked its loop. Epoch milliseconds; `outer` is two turns, or a rest, before and after. */
interface Block {
  readonly ms: number;
  readonly outerBeganMs: number;
  readonly beganMs: number;
  readonly endedMs: number;
  readonly outerEndedMs: number;
}

async function runStalls(chain: string, lengths: readonly number[], options: MonitorOptions) {
  const cwd = scratch();
  const program = startRuntime("stalls", options, { cwd, args: [chain, ...lengths.map(String)] });
  const port = Number((await program.line(/^port \d+$/)).slice(5));
  const client = chain === "resting" ? await startPinging(port) : undefined;
  program.process.stdin!.write("go\n");
  const { stdout, stderr, code } = await program.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { gaps = [], beats = [] } = client?.spans() ?? {};
  return { blocks: told<Block>(stdout), gaps, beats, rows: rowsIn(join(cwd, "m"), "runtime") };
}

interface Span {
  readonly beganMs: number;
  readonly endMs: number;
  readonly ms: number;
}

/**
 * Asks again and again, as soon as it has been answered: a gap between two answers is a time without any. Where two beats
 * lie far apart the client itself had no turn.
 */
async function startPinging(port: number) {
  const socket = connect(port, "127.0.0.1").setNoDelay();
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  const answers: number[] = [];
  let timer: NodeJS.Timeout | undefined;
  const beats: number[] = [];
  const beat = setInterval(() => beats.push(performance.timeOrigin + performance.now()), 2);
  socket.on("error", () => {}); // it ends
  socket.on("close", () => {
    clearTimeout(timer);
    clearInterval(beat);
  });
  socket.on("data", () => {
    answers.push(performance.timeOrigin + performance.now());
    timer = setTimeout(() => socket.write("?"), 1);
  });
  socket.write("?");
  const between = (times: readonly number[]): Span[] =>
    times.slice(1).map((endMs, i) => ({ beganMs: times[i]!, endMs, ms: endMs - times[i]! }));
  return { spans: () => ({ gaps: between(answers), beats: between(beats) }) };
}

const during = (rows: readonly Row[], block: Block) =>
  rows.filter((row) => msOf(row) >= block.beganMs && msOf(row) <= block.outerEndedMs + 2);

test("stalls of the threshold and longer are recorded, as long as the program and a client of it measured", async () => {
  const { blocks, gaps, beats, rows } = await runStalls("resting", [30, 60, 150, 400], {
    runtime: { ...OFF, eventLoop: { intervalMs: 50 } },
    stalls: { thresholdMs: 50 },
  });
  const stalls = seriesIn(rows, "event loop stall");
  for (const { measurement } of stalls) expect(measurement).toBeGreaterThanOrEqual(0.05);
  expect(blocks).toHaveLength(4);
  for (const block of blocks) {
    const blockedMs = block.endedMs - block.beganMs;
    const outerMs = block.outerEndedMs - block.outerBeganMs;
    const found = during(stalls, block);
    if (outerMs < 50) expect(found).toEqual([]);
    if (blockedMs < 50) continue;
    const ms = found[0]!.measurement * 1e3;
    expect(ms).toBeGreaterThanOrEqual(blockedMs - 0.1);
    // the turns after it are in there, too, and may be stalls, if the machine made them so
    expect(found.reduce((sum, { measurement }) => sum + measurement * 1e3, 0)).toBeLessThanOrEqual(outerMs + 0.1);
    if (outerMs - blockedMs < 50) expect(found).toHaveLength(1);
    // the client was not answered for that long, and for no longer but for what it was late itself, then or otherwise
    const lateMs = Math.max(...gaps.filter((gap) => !blocks.some((each) => overlap(gap, each))).map((gap) => gap.ms));
    const gap = gaps.filter((each) => overlap(each, block)).reduce((a, b) => (b.ms > a.ms ? b : a));
    const lateThenMs = Math.max(...beats.filter((beat) => touches(beat, gap)).map((beat) => beat.ms));
    expect(Math.abs(gap.ms - ms)).toBeLessThan(10 + lateMs + lateThenMs + (outerMs - blockedMs));
  }
  const longest = Math.max(...stalls.map(({ measurement }) => measurement));
  const delays = valuesIn(rows, "event loop delay max");
  expect(Math.max(...delays) / longest).toBeGreaterThan(0.998); // kept to three digits
  expect(Math.max(...delays) / longest).toBeLessThan(1.002);
});

const touches = (a: Span, b: Span) => a.beganMs <= b.endMs && a.endMs >= b.beganMs;

function overlap({ beganMs, endMs }: { beganMs: number; endMs: number }, block: Block): boolean {
  return beganMs < block.outerEndedMs && endMs > block.outerBeganMs;
}

test("delays of one interval are in order, and those of a loop that rests are short", async () => {
  const { rows, blocks } = await runStalls("resting", [200], {
    runtime: { ...OFF, eventLoop: { intervalMs: 20 } },
    stalls: false,
  });
  expect(seriesIn(rows, "event loop stall")).toEqual([]);
  const intervals = new Map<bigint, Record<string, number>>();
  for (const { label, timepoint, measurement } of rows) {
    const name = /^event loop delay (\w+)$/.exec(label)?.[1];
    if (name) intervals.set(timepoint, { ...intervals.get(timepoint), [name]: measurement });
  }
  expect(intervals.size).toBeGreaterThan(5);
  for (const { min, mean, p50, p99, max } of [...intervals.values()] as Record<string, number>[]) {
    expect(min).toBeLessThanOrEqual(p50!);
    expect(p50).toBeLessThanOrEqual(p99!);
    expect(p99).toBeLessThanOrEqual(max! * 1.001); // rounded up to three digits
    expect(mean).toBeGreaterThanOrEqual(min! * 0.999);
    expect(mean).toBeLessThanOrEqual(max! * 1.001);
  }
  // an interval's worst is of that interval alone: after the stall it is not told again
  const [block] = blocks as [Block];
  const later = seriesIn(rows, "event loop delay max").filter((row) => msOf(row) > block.outerEndedMs + 60);
  expect(later.length).toBeGreaterThan(2);
  expect(median(later.map(({ measurement }) => measurement))).toBeLessThan(0.1);
});

test("utilization is of each interval: about 1 while the loop is busy, next to 0 when it rests", async () => {
  const cwd = scratch();
  const intervalMs = 110; // of less than 100 ms there is no utilization, and a timer may be early by a part of one
  const options = { runtime: { ...OFF, eventLoop: { intervalMs } }, stalls: false };
  const { stdout } = await startRuntime("share", options, { cwd, args: [String(intervalMs)] }).ended;
  const lines = told<Record<string, number>>(stdout);
  const parts = lines.filter((each) => "beganMs" in each) as { beganMs: number; endedMs: number }[];
  const rounds = lines.filter((each) => "atMs" in each) as { atMs: number; busyMs: number }[];
  const during = (label: string) => {
    const rows = seriesIn(rowsIn(join(cwd, "m"), "runtime"), label);
    return parts.map(({ beganMs, endedMs }) =>
      rows
        .map((row, i) => ({ fromMs: i > 0 ? msOf(rows[i - 1]!) : 0, toMs: msOf(row), value: row.measurement }))
        .filter(({ fromMs, toMs }) => fromMs > beganMs && toMs < endedMs),
    );
  };
  const values = (samples: readonly { value: number }[]) => samples.map(({ value }) => value);
  const utilization = during("event loop utilization");
  for (const part of utilization) expect(part.length).toBeGreaterThan(4);
  const [busy, idle, shared] = [utilization[0]!, utilization[1]!, utilization[2]!];
  expect(Math.min(...values(busy))).toBeGreaterThan(0.95);
  expect(median(values(idle))).toBeLessThan(0.1);
  expect(median(values(during("event loop delay max")[1]!))).toBeLessThan(0.05); // to wait, 0.1 s here, delays nobody
  // The program counted how long it was busy, in the same rounds. The rest of a turn is busy, too, and what interrupts it
  // seems so.
  const roundAt = (ms: number) => rounds.find(({ atMs }) => atMs > ms - 1)!;
  const excess = shared.map(({ fromMs, toMs, value }) => {
    const [from, to] = [roundAt(fromMs), roundAt(toMs)];
    return value - (to.busyMs - from.busyMs) / (to.atMs - from.atMs);
  });
  expect(median(excess)).toBeGreaterThan(-0.1);
  expect(median(excess)).toBeLessThan(0.25);
});

test("in a loop that turns without end a stall is still seen, to within the time it may rest", async () => {
  const { blocks, rows } = await runStalls("turning", [100, 250], {
    runtime: { ...OFF, eventLoop: { intervalMs: 50 } },
    stalls: { thresholdMs: 50 },
  });
  expect(blocks).toHaveLength(2);
  const stalls = seriesIn(rows, "event loop stall");
  for (const block of blocks) {
    const found = during(stalls, block);
    const longestMs = Math.max(...found.map(({ measurement }) => measurement * 1e3));
    expect(longestMs).toBeGreaterThanOrEqual(block.endedMs - block.beganMs - 15);
    expect(longestMs).toBeLessThanOrEqual(block.outerEndedMs - block.outerBeganMs + 0.1);
  }
});

test("a loop that turns as often as it can turns nearly as often when it is watched", async () => {
  // by CPU time of that thread alone, so that others on this machine do not count; the best of each, three times
  const best = { on: 0, off: 0 };
  for (let i = 0; i < 3; i++) {
    for (const way of ["on", "off"] as const) {
      const { stdout } = await startRuntime("turns", { runtime: true }, { cwd: scratch(), args: [way] }).ended;
      best[way] = Math.max(best[way], told(stdout)[0]!.perSecond!);
    }
  }
  expect(best.on / best.off).toBeGreaterThan(0.72); // 0.88 and more was seen; 0.62 if each turn is timed
}, 240_000);
