/**
 * Clock: monotonic nanoseconds, and the anchor that places them on the calendar.
 *
 * The hot path stores raw monotonic readings, which never jump. When rows are written, the flusher asks for an
 * *anchor*, one instant read on both clocks, and a timepoint is `anchor.epochNs + (reading - anchor.monotonicNs)`.
 * Anchors are read anew on every flush, off the caller's turn, so a wall clock that is set or stepped is followed.
 *
 * `Date.now()` is the only wall clock of Node that follows steps, and it counts whole milliseconds; so the anchor is
 * taken at the edge where it changes, which is exact to about 100 ns (`performance.timeOrigin` was seen 5–30 µs off).
 * Slewing (NTP's usual way) runs both clocks alike, so an edge is looked for again only after a step.
 */

/** One instant, read on both clocks. Nanoseconds. */
export interface ClockAnchor {
  readonly monotonicNs: bigint;
  readonly epochNs: bigint;
}

/** Where time comes from. Implement it to test with a time of your own; {@link ManualClock} does. */
export interface Clock {
  /** Hot: called without `this`. A monotonic reading in nanoseconds, from any origin above 0. */
  readonly now: () => bigint;
  /** Called by the flusher, before it writes rows. */
  anchor(): ClockAnchor;
}

// Taken once, before anybody's fake timers replace them.
const monotonicNow = process.hrtime.bigint;
const wallMs = Date.now;

const NS_PER_MS = 1_000_000n;
/** How far wall and monotonic clock may part before we take it for a step: above any preemption worth redoing. */
const STEP_NS = 250_000n;
/** An edge that is known no better than this was found while something interrupted us, and another is looked for: */
const MAX_SPAN_NS = 2_000n;
/** so many at first, and then one each time an anchor is asked for. */
const ATTEMPTS = 8;
/** A wall clock that does not tick for this long is frozen (or faked): take it as it stands. */
const FROZEN_NS = 5_000_000n;

/** Epoch minus monotonic time, and how wide the span of time is that it was found in. */
interface Offset {
  readonly ns: bigint;
  readonly spanNs: bigint;
}

class SystemClock implements Clock {
  readonly now: () => bigint = monotonicNow;
  #offset: Offset | undefined;

  anchor(): ClockAnchor {
    if (this.#offset && hasStepped(this.#offset)) this.#offset = undefined;
    for (let attempt = this.#offset ? ATTEMPTS - 1 : 0; attempt < ATTEMPTS; attempt++) {
      if (this.#offset && this.#offset.spanNs <= MAX_SPAN_NS) break;
      const found = offsetAtEdge();
      if (!this.#offset || found.spanNs < this.#offset.spanNs) this.#offset = found;
    }
    const monotonicNs = monotonicNow();
    return { monotonicNs, epochNs: monotonicNs + this.#offset!.ns };
  }
}

function hasStepped(offset: Offset): boolean {
  const before = monotonicNow();
  const wallNs = BigInt(wallMs()) * NS_PER_MS;
  const after = monotonicNow();
  // the true time lies in [wallNs, wallNs + 1 ms), and was read somewhere between the two monotonic readings
  return after + offset.ns + STEP_NS < wallNs || before + offset.ns - STEP_NS > wallNs + NS_PER_MS;
}

/**
 * Looks for the next edge of the millisecond clock. Takes up to 1 ms.
 *
 * The edge lies between the last reading of the old millisecond and the first of the new one. That span, and not only
 * the reading that found the new one, is what must be short: we may have been interrupted just before it.
 */
function offsetAtEdge(): Offset {
  const since = monotonicNow();
  const old = wallMs();
  let last = since;
  let after = since;
  let edge = old;
  for (let before = since; edge === old && after - since < FROZEN_NS; ) {
    last = before;
    before = monotonicNow();
    edge = wallMs();
    after = monotonicNow();
  }
  return { ns: BigInt(edge) * NS_PER_MS - (last + after) / 2n, spanNs: after - last };
}

/**
 * The clock everything uses unless told otherwise: `process.hrtime.bigint()`, anchored to `Date.now()`.
 *
 * @example
 * import { systemClock } from "seismo";
 * const { monotonicNs, epochNs } = systemClock.anchor();
 * const epochOf = (reading: bigint) => epochNs + (reading - monotonicNs);
 * console.log(epochOf(systemClock.now()) > 1_767_225_600_000_000_000n); // => true
 */
export const systemClock: Clock = new SystemClock();

/**
 * A clock that stands still until told to move, for tests: pass it wherever a {@link Clock} is taken.
 *
 * @example
 * import { ManualClock } from "seismo";
 * const clock = new ManualClock({ epochNs: 1_607_092_101_580_206_000n });
 * const before = clock.now();
 * clock.advance(237_000_000n); // 237 ms pass
 * clock.stepWall(-3_600_000_000_000n); // somebody sets the wall clock an hour back
 * console.log(clock.now() - before); // => 237000000n
 */
export class ManualClock implements Clock {
  readonly now: () => bigint;
  #monotonicNs: bigint;
  #epochNs: bigint;

  constructor(options: { readonly monotonicNs?: bigint; readonly epochNs?: bigint } = {}) {
    const { monotonicNs = 1_000_000_000n, epochNs = 1_767_225_600_000_000_000n } = options;
    if (monotonicNs <= 0n) throw new RangeError(`monotonicNs must be above 0, got ${monotonicNs}`);
    this.#monotonicNs = monotonicNs;
    this.#epochNs = epochNs;
    this.now = () => this.#monotonicNs;
  }

  anchor(): ClockAnchor {
    return { monotonicNs: this.#monotonicNs, epochNs: this.#epochNs };
  }

  /** Time passes, on both clocks. Nanoseconds, 0 or more: a monotonic clock never goes back. */
  advance(ns: bigint): void {
    if (ns < 0n) throw new RangeError(`advance() takes 0 ns or more, got ${ns}`);
    this.#monotonicNs += ns;
    this.#epochNs += ns;
  }

  /** The wall clock alone is set forward or, with a negative number, back. Nanoseconds. */
  stepWall(ns: bigint): void {
    this.#epochNs += ns;
  }
}
