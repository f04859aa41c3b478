/**
 * Measure: what one turn of a loop costs, in time and in heap.
 *
 * Loops run in batches, small enough that what they record fits the recorder's memory, with a rest between for whoever
 * has to catch up: samples come faster in a loop like these than any disk takes them, and a sample that is dropped for
 * want of room costs something else. The first batches are for the compiler and not counted. What a loop returns is kept, so that
 * none can be dropped for having no result.
 */

import type { Figure, Figures } from "./question.js";

/** Runs `turns` times and returns something that depends on all of them. */
export type Loop = (turns: number) => number | Promise<number>;

export interface MeasureOptions {
  /** Turns a batch: fewer for what is slow. @default 200_000 */
  readonly turns?: number;
  /** Batches that count. @default 40 */
  readonly batches?: number;
  /** Batches before those, until the compiler is done. @default 15 */
  readonly warmUp?: number;
  /** What the figure is of. @default "sample" */
  readonly per?: string;
  /** Awaited after each batch. @default a rest of 10 ms */
  readonly rest?: () => Promise<void>;
}

const REST_MS = 10;

/** Kept where every loop's result goes. */
let result = 0;

export function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}

/** Nanoseconds a turn: least and median over the batches. */
export async function measureTime(loop: Loop, options: MeasureOptions = {}): Promise<Figures> {
  const { turns = 200_000, batches = 40, warmUp = 15, per = "sample", rest: restOf = rest } = options;
  const nsPerTurn: number[] = [];
  for (let batch = -warmUp; batch < batches; batch++) {
    const before = process.hrtime.bigint();
    const returned = loop(turns);
    result += typeof returned === "number" ? returned : await returned;
    const elapsedNs = Number(process.hrtime.bigint() - before);
    if (batch >= 0) nsPerTurn.push(elapsedNs / turns);
    await restOf();
  }
  requireResult();
  return { time: figureOf(`ns/${per}`, nsPerTurn) };
}

/** For variants that measure heap: the collector at our call, and a young generation that no batch fills. */
export const HEAP_FLAGS: readonly string[] = ["--expose-gc", "--max-semi-space-size=256", "--min-semi-space-size=256"];

/**
 * Bytes of heap a turn allocates once everything is compiled, to the whole byte: the smallest object has 16, so what is
 * left below half a byte is not the loop's but ours.
 */
export async function measureHeap(loop: Loop, options: MeasureOptions = {}): Promise<Figures> {
  const { turns = 200_000, batches = 15, warmUp = 15, per = "sample", rest: restOf = rest } = options;
  const { gc } = globalThis;
  if (!gc) throw new Error(`run with ${HEAP_FLAGS.join(" ")}`);
  const bytesPerTurn: number[] = [];
  for (let batch = -warmUp; batch < batches; batch++) {
    gc();
    const before = process.memoryUsage().heapUsed;
    const returned = loop(turns);
    result += typeof returned === "number" ? returned : await returned;
    const after = process.memoryUsage().heapUsed;
    if (batch >= 0) bytesPerTurn.push(Math.round((after - before) / turns));
    await restOf();
  }
  requireResult();
  return { heap: figureOf(`B/${per}`, bytesPerTurn) };
}

/** A figure of measurements that were repeated. */
export function figureOf(unit: string, values: readonly number[]): Figure {
  return { unit, min: Math.min(...values), median: median(values) };
}

/** A figure that was taken once. */
export function single(unit: string, value: number): Figure {
  return { unit, min: value, median: value };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function requireResult(): void {
  if (Number.isNaN(result)) throw new Error("a loop did not return a number: was it run at all?");
}
