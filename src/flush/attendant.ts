/**
 * Attendant: whatever else is to run beside a flush loop, on its thread. The flusher carries it along, and knows
 * nothing of what it does.
 */

import type { FlushLoop } from "./flush-loop.js";

export interface Attendant {
  /** Everything is about to be published: a last chance to add to it. */
  beforePublish(): void;
  /** The flush loop ends. */
  stop(): void;
}

export interface AttendantHost {
  readonly loop: FlushLoop;
  readonly warn: (code: string, message: string) => void;
  /**
   * Makes the recording thread's event loop turn, if it can; nothing if that is the thread we are on. Returns whether that
   * thread is sure to be there: of one that was terminated before it gave a sign of life, nobody hears that it is gone.
   */
  readonly poke: (() => boolean) | undefined;
}

/** Makes the attendant of a recording thread from the settings that came with its samples: plain data. */
export type Attend = (settings: unknown, host: AttendantHost) => Attendant;
