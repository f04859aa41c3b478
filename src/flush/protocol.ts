/**
 * Protocol: what a recording thread and the flusher's thread say to each other.
 *
 *     recording thread ──port: sources, chunks, labels, requests──▶ flusher's thread
 *                      ◀─port: warnings, replies──────────────────
 *                      ══ control words in shared memory ══════════  (for a thread that cannot wait for a message)
 *
 * One port and one set of control words per recording thread. A port delivers in order, so whatever was said before a
 * request is known when the request is served.
 */

import type { SampleKind } from "../record/sample-buffer.js";
import type { FileSettings } from "./flush-loop.js";

/** Control word: who writes this thread's samples to files. Taken once, by compare-and-exchange, by one of the two. */
export const OWNER = 0;
export const NOBODY = 0;
export const FLUSHER = 1;
export const SELF = 2;

/** Control word: number of the last request that has been served. */
export const SERVED = 1;

export function allocateControl(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** What the flusher's thread needs to serve a recording thread. */
export interface Hello {
  readonly control: Int32Array;
  readonly files: FileSettings;
  readonly flushIntervalMs: number;
}

export type ToFlusher =
  | {
      readonly type: "source";
      readonly id: number;
      readonly prefix: string;
      readonly kind: SampleKind;
      readonly originNs: bigint;
      readonly counters: Float64Array<SharedArrayBuffer>;
    }
  | { readonly type: "chunk"; readonly id: number; readonly memory: SharedArrayBuffer }
  | { readonly type: "label"; readonly id: number; readonly labelId: number; readonly text: string }
  /** A chunk is full. */
  | { readonly type: "wake" }
  /** Write and publish everything this thread has recorded. */
  | { readonly type: "publish"; readonly request: number }
  /** The same, of every thread: the process ends. */
  | { readonly type: "publish all"; readonly request: number }
  /** Publish everything and forget this thread. */
  | { readonly type: "close"; readonly request: number };

export type FromFlusher =
  | { readonly type: "served"; readonly request: number; readonly lost: number }
  | { readonly type: "warning"; readonly code: string; readonly message: string };

/** Name of the broadcast channel on which threads of this process find its flusher. */
export const RENDEZVOUS: string = `seismo:${process.pid}`;

/** Asked by a thread that looks for the process's flusher, and said by a flusher that comes up or has been asked. */
export type Rendezvous = { readonly type: "seek" } | { readonly type: "here"; readonly threadId: number };

/** What a seeking thread sends to the flusher's thread it has found, along with its port. */
export interface Adoption {
  readonly seismo: "adopt";
  readonly hello: Hello;
  readonly port: import("node:worker_threads").MessagePort;
}
