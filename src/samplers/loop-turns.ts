/**
 * Loop turns: how long each turn of this thread's event loop takes, told when it is over.
 *
 * An immediate that is unreferenced runs at the end of every turn without causing one: it neither wakes an idle loop
 * nor keeps the process alive. From one to the next, all time that the loop was not idle is the length of a turn, and
 * the longest that an event which came meanwhile had to wait. So nothing is guessed between two beats of a timer, and an
 * idle process costs nothing: a timer of 20 ms, Node's `monitorEventLoopDelay` included, costs it 0.3–0.9 % of a core.
 *
 * A turn is timed for about a microsecond. In a loop that turns more often than that is worth, turns are timed through a
 * short timer instead, whose being late tells of the long ones.
 *
 * While a CPU profile is taken, V8 interrupts an idle loop so often that libuv, which only counts waits that end by
 * themselves, says it was busy all the time (Node 20 to 26). So then, too, it is the timer that is late.
 *
 * The end of the last turn is kept in shared memory, where the flusher's thread can see that there are no more.
 */

import { performance } from "node:perf_hooks";
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from "node:timers";
import { systemClock } from "../clock.js";
import { inRootContext } from "./root-context.js";

const TURN_END = 0;
const PROFILES = 1;
const IS_PROFILED_BY_FLAG = process.execArgv.some((flag) => flag.startsWith("--cpu-prof") || flag.startsWith("--prof"));

/** A profile is being taken of the thread whose pulse this is, until the function returned is called. */
export function disturbing(pulse: BigInt64Array): () => void {
  Atomics.add(pulse, PROFILES, 1n);
  return () => void Atomics.sub(pulse, PROFILES, 1n);
}

/** Called at the end of each turn with its length in milliseconds. */
export type TurnListener = (ms: number) => void;

/** Turns in a row that follow each other faster than this are too many to be timed one by one: 0.2 % of the time at most, */
const SHORT_TURN_MS = 0.5;
const ROW = 20;
/** and so long they are not: a long one among them is known to within this. */
const REST_MS = 10;

export class LoopTurns {
  /** Two cells: when the last turn ended, in monotonic nanoseconds; and how many profiles are being taken. */
  readonly pulse: BigInt64Array<SharedArrayBuffer> = new BigInt64Array(new SharedArrayBuffer(16));
  readonly #listeners = new Set<TurnListener>();
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastMs = 0;
  #lastIdleMs = 0;
  #turnsInRow = 0;
  #rowBeganMs = 0;
  #wasDisturbed = false;

  /** Calls `listener` for each turn from now on, until the function returned is called. */
  listen(listener: TurnListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#end();
    };
  }

  /** The end of the process: the turn it came in will not be over. Tells of it as far as it has come. */
  cutShort(): void {
    if (this.#listeners.size > 0) this.#tell(this.#elapsed());
  }

  /** Whether idle time has been counted as busy, at any time since this was asked last. */
  takeDisturbed(): boolean {
    const wasDisturbed = this.#wasDisturbed || this.#isDisturbed;
    this.#wasDisturbed = false;
    return wasDisturbed;
  }

  get #isDisturbed(): boolean {
    if (Atomics.load(this.pulse, PROFILES) === 0n && !IS_PROFILED_BY_FLAG) return false;
    this.#wasDisturbed = true;
    return true;
  }

  #begin(): void {
    this.#elapsed();
    this.#rowBeganMs = this.#lastMs;
    this.#turnsInRow = 0;
    inRootContext(() => this.#arm());
  }

  #end(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }

  #arm(): void {
    this.#immediate = setImmediate(this.#onTurn).unref();
  }

  readonly #onTurn = (): void => {
    this.#tell(this.#elapsed());
    if (this.#listeners.size === 0) return;
    if (this.#isDisturbed || this.#isBusyRow()) this.#rest();
    else this.#arm();
  };

  #rest(): void {
    this.#timer = setTimeout(this.#onRested, REST_MS).unref();
  }

  /** True at the end of a row of turns that were too many. */
  #isBusyRow(): boolean {
    if (++this.#turnsInRow < ROW) return false;
    const rowMs = this.#lastMs - this.#rowBeganMs;
    this.#turnsInRow = 0;
    this.#rowBeganMs = this.#lastMs;
    return rowMs < ROW * SHORT_TURN_MS;
  }

  readonly #onRested = (): void => {
    const beganMs = this.#lastMs;
    const activeMs = this.#elapsed();
    this.#tell(Math.max(0, Math.min(activeMs, this.#lastMs - beganMs - REST_MS)));
    this.#rowBeganMs = this.#lastMs;
    if (this.#listeners.size === 0) return;
    if (this.#isDisturbed) this.#rest();
    else this.#arm();
  };

  /** Milliseconds that the loop has not been idle since the last call. */
  #elapsed(): number {
    const ms = performance.now();
    const idleMs = performance.eventLoopUtilization().idle;
    const active = ms - this.#lastMs - (idleMs - this.#lastIdleMs);
    this.#lastMs = ms;
    this.#lastIdleMs = idleMs;
    Atomics.store(this.pulse, TURN_END, systemClock.now());
    return Math.max(0, active);
  }

  #tell(ms: number): void {
    for (const listener of this.#listeners) listener(ms);
  }
}
