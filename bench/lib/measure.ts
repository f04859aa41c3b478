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
  /**
   * Calls before those, of a thousandth of the turns. A loop that is compiled while it runs for the first time is compiled
   * without its end, and thrown out again at every end: on Node 22 and 24 that made a loop of 0.6 ns a turn one of 4.4.
   * After a thousand such calls, though, Node 24 compiled two bare clock reads to 67 ns where after a hundred it took 52.
   * @default 100
   */
  readonly shortCalls?: number;
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
  const nsPerTurn = await measureBatches(loop, { batches: 40, ...options }, async (turns) => {
    const before = process.hrtime.bigint();
    await turned(loop, turns);
    return Number(process.hrtime.bigint() - before) / turns;
  });
  return { time: figureOf(`ns/${options.per ?? "sample"}`, nsPerTurn) };
}

/** For variants that measure heap: the collector at our call, and a young generation that no batch fills. */
export const HEAP_FLAGS: readonly string[] = ["--expose-gc", "--max-semi-space-size=256", "--min-semi-space-size=256"];

/**
 * Bytes of heap a turn allocates once everything is compiled, to the whole byte: the smallest object has 16, so what is
 * left below half a byte is not the loop's but ours.
 */
export async function measureHeap(loop: Loop, options: MeasureOptions = {}): Promise<Figures> {
  const { gc } = globalThis;
  if (!gc) throw new Error(`run with ${HEAP_FLAGS.join(" ")}`);
  const bytesPerTurn = await measureBatches(loop, { batches: 15, ...options }, async (turns) => {
    gc();
    const before = process.memoryUsage().heapUsed;
    await turned(loop, turns);
    return Math.round((process.memoryUsage().heapUsed - before) / turns);
  });
  return { heap: figureOf(`B/${options.per ?? "sample"}`, bytesPerTurn) };
}

async function measureBatches(
  loop: Loop,
  { turns = 200_000, batches = 15, warmUp = 15, shortCalls = 100, rest: restOf = rest }: MeasureOptions,
  measure: (turns: number) => Promise<number>,
): Promise<number[]> {
  for (let call = 0; call < shortCalls; call++) await turned(loop, Math.ceil(turns / 1_000));
  await restOf();
  const values: number[] = [];
  for (let batch = -warmUp; batch < batches; batch++) {
    const value = await measure(turns);
    if (batch >= 0) values.push(value);
    await restOf();
  }
  if (Number.isNaN(result)) throw new Error("a loop did not return a number: was it run at all?");
  return values;
}

function turned(loop: Loop, turns: number): Promise<void> | undefined {
  const returned = loop(turns);
  if (typeof returned !== "number") return returned.then(keep);
  keep(returned);
  return undefined;
}

function keep(returned: number): void {
  result += returned;
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
