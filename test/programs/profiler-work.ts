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

/** When each of them began, one after the other, and when the last of each round ended: in µs of V8's own clock. */
export const turnsUs: number[][] = [];

const nowUs = () => Number(process.hrtime.bigint()) / 1e3;

/** Each round takes 12 ms, and is a turn of its own. */
export async function work(rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    const t0 = nowUs();
    oneSixth();
    const t1 = nowUs();
    twoSixths();
    const t2 = nowUs();
    threeSixths();
    turnsUs.push([t0, t1, t2, nowUs()]);
    await setImmediate();
  }
}
