/** Turns of `programs/profiler-work.ts`, held against the profiles that were taken meanwhile. */

/** When each of its three functions began, and when the last ended: in µs of the clock that profiles have, too. */
export type Turns = readonly (readonly [number, number, number, number])[];

interface Span {
  readonly startTime: number;
  readonly endTime: number;
}

/** How many turns went by, in part at least, between the end of a profile and the start of the next; or in both of them. */
export function turnsBetween(profiles: readonly Span[], turns: Turns): number {
  return profiles.slice(1).reduce((sum, { startTime }, i) => {
    const { endTime } = profiles[i]!;
    const [fromUs, toUs] = [Math.min(startTime, endTime), Math.max(startTime, endTime)];
    return sum + turns.filter((turn) => turn[3] > fromUs && turn[0] < toUs).length;
  }, 0);
}
