/** Three functions that keep the processor busy, by the clock, for 1, 2 and 3 sixths of the time. */

import { setImmediate } from "node:timers/promises";

export function oneSixth(): void {
  const until = performance.now() + 2;
  while (performance.now() < until);
}

export function twoSixths(): void {
  const until = performance.now() + 4;
  while (performance.now() < until);
}

export function threeSixths(): void {
  const until = performance.now() + 6;
  while (performance.now() < until);
}

/** How long each of them took, in milliseconds: more than it was to, where something interrupted it. */
export const spentMs: number[] = [0, 0, 0];

/** Each round takes 12 ms, and is a turn of its own. */
export async function work(rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    const t0 = performance.now();
    oneSixth();
    const t1 = performance.now();
    twoSixths();
    const t2 = performance.now();
    threeSixths();
    const t3 = performance.now();
    spentMs[0]! += t1 - t0;
    spentMs[1]! += t2 - t1;
    spentMs[2]! += t3 - t2;
    await setImmediate();
  }
}
