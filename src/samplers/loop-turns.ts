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
 * The end of the last turn is kept in shared memory, where the flusher's thread can see that there are no more.
 */

import { clearImmediate, clearTimeout, setImmediate, setTimeout } from "node:timers";
import { systemClock } from "../clock.js";

/** Called at the end of each turn with its length in milliseconds. */
export type TurnListener = (ms: number) => void;

/** Turns in a row that follow each other faster than this are too many to be timed one by one, */
const SHORT_TURN_MS = 0.05;
const ROW = 200;
/** and so long they are not: a long one among them is known to within this. */
const REST_MS = 10;

export class LoopTurns {
  /** One cell: when the last turn ended, in monotonic nanoseconds. */
  readonly pulse: BigInt64Array<SharedArrayBuffer> = new BigInt64Array(new SharedArrayBuffer(8));
  readonly #listeners = new Set<TurnListener>();
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastMs = 0;
  #lastIdleMs = 0;
  #turnsInRow = 0;
  #rowBeganMs = 0;

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

  #begin(): void {
    this.#elapsed();
    this.#rowBeganMs = this.#lastMs;
    this.#turnsInRow = 0;
    this.#arm();
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
    if (++this.#turnsInRow < ROW) {
      this.#arm();
      return;
    }
    const row = this.#lastMs - this.#rowBeganMs;
    this.#turnsInRow = 0;
    this.#rowBeganMs = this.#lastMs;
    if (row < ROW * SHORT_TURN_MS) this.#timer = setTimeout(this.#onRested, REST_MS).unref();
    else this.#arm();
  };

  readonly #onRested = (): void => {
    const beganMs = this.#lastMs;
    const activeMs = this.#elapsed();
    this.#tell(Math.max(0, Math.min(activeMs, this.#lastMs - beganMs - REST_MS)));
    this.#rowBeganMs = this.#lastMs;
    if (this.#listeners.size > 0) this.#arm();
  };

  /** Milliseconds that the loop has not been idle since the last call. */
  #elapsed(): number {
    const ms = performance.now();
    const idleMs = performance.eventLoopUtilization().idle;
    const active = ms - this.#lastMs - (idleMs - this.#lastIdleMs);
    this.#lastMs = ms;
    this.#lastIdleMs = idleMs;
    Atomics.store(this.pulse, 0, systemClock.now());
    return Math.max(0, active);
  }

  #tell(ms: number): void {
    for (const listener of this.#listeners) listener(ms);
  }
}
