/**
 * Protocol: what a recording thread and the flusher's thread say to each other.
 *
 *     recording thread ──line: sources, chunks, labels, requests──▶ flusher's thread
 *                      ◀─line: warnings, replies──────────────────
 *                      ══ control words in shared memory ══════════  (for a thread that cannot wait for a message)
 *
 * A line delivers in order, so what was said before a request is known when the request is served, and a label is known
 * before a row that bears it. How a line is laid is in `lines.ts`.
 */

import type { SampleKind } from "../record/sample-buffer.js";
import type { FileSettings, Saved } from "./flush-loop.js";
import type { WholeFile } from "./whole-file.js";

/** Control word: who writes this thread's samples to files. Taken once, by compare-and-exchange, by one of the two. */
export const OWNER = 0;
export const NOBODY = 0;
export const FLUSHER = 1;
export const SELF = 2;
/** The flusher has ended, with nothing left to do. */
export const GONE = 3;
/** The flusher has died. Rows that it has not written are for the recording thread to write. */
export const DESERTED = 4;

/** Control word: number of the last request that has been served. */
export const SERVED = 1;
/** What that is when no request will ever be served again: changed, so that a wait that is about to begin does not. */
export const ALL_SERVED: number = 2 ** 31 - 1;

export function allocateControl(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** What the flusher needs to know of a thread before it can serve it. */
export interface Hello {
  readonly control: Int32Array;
  readonly files: FileSettings;
  readonly flushIntervalMs: number;
  readonly threadId: number;
  /** What the attendant of this thread is made from, if it is to have one. */
  readonly attendant?: unknown;
}

/** News of a thread's samples. Said again, it changes nothing. */
export type News =
  | {
      readonly type: "source";
      readonly source: number;
      readonly prefix: string;
      readonly kind: SampleKind;
      readonly originNs: bigint;
      readonly counters: Float64Array<SharedArrayBuffer>;
    }
  | { readonly type: "chunk"; readonly source: number; readonly index: number; readonly memory: SharedArrayBuffer }
  | { readonly type: "label"; readonly source: number; readonly labelId: number; readonly text: string };

export type Request =
  /** A chunk is full. */
  | { readonly type: "wake" }
  /** Write and publish everything this thread has recorded. */
  | { readonly type: "publish"; readonly request: number }
  /** The same, of every thread: the process ends. */
  | { readonly type: "publish all"; readonly request: number }
  /** Publish a file that is whole. */
  | { readonly type: "save"; readonly request: number; readonly file: WholeFile }
  /** Publish everything and forget this thread. */
  | { readonly type: "close"; readonly request: number };

export type ToFlusher = News | Request;

export type FromFlusher =
  /** The flusher's thread is up. */
  | { readonly type: "up" }
  | { readonly type: "served"; readonly request: number }
  | { readonly type: "saved"; readonly request: number; readonly saved: Saved }
  /** Says nothing: to be heard takes a turn of the event loop. */
  | { readonly type: "poke" }
  | { readonly type: "warning"; readonly code: string; readonly message: string };
