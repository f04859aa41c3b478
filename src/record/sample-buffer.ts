/**
 * Sample buffer: the chunks of one recorder during one run, as a ring that grows to a bound.
 *
 *     recorder ──push──▶ active chunk ─full─▶ sealed ──drained by the flusher──▶ free ──▶ active again
 *
 * Usually two chunks take turns. While the flusher falls behind, or cannot write, more are allocated, up to `maxBytes`;
 * past that the newest samples are dropped, and counted.
 */

import type { Labels } from "../format/row-tails.js";
import { Chunk } from "./chunk.js";
import { allocateCounters, DROPPED, REFUSED, type SampleStats, statsOf } from "./counters.js";
import type { LabelTable } from "./label-table.js";

/** More would not be found fast enough when memory is full. */
const MAX_CHUNKS = 64;
/** Samples that are dropped before memory is asked for again that could not be had. */
const RETRY_AFTER = 10_000;

export type SampleKind = "duration" | "value";

/** What a flusher needs to know of a recorder: where its samples lie, what its label ids mean, where to count. */
export interface SampleSource extends Labels {
  readonly kind: SampleKind;
  /** When recording began, monotonic: no sample can have started before. */
  readonly originNs: bigint;
  /** Every chunk allocated so far. More may come; none goes. */
  readonly chunks: readonly SharedArrayBuffer[];
  readonly counters: Float64Array<SharedArrayBuffer>;
}

/** Who is told what happens to a buffer: the way to a flusher, on this thread or another. */
export interface SampleOutlet {
  /** There is one more chunk. Called before its first sample is stored. */
  chunkAdded(memory: SharedArrayBuffer, index: number): void;
  /** A chunk waits to be drained. */
  chunkFull(): void;
  /** No chunk is free and none may be added. Returns true if one has been freed meanwhile. */
  exhausted(): boolean;
}

export class SampleBuffer<C extends Chunk> implements SampleSource {
  readonly kind: SampleKind;
  readonly originNs: bigint;
  readonly labels: LabelTable;
  readonly counters: Float64Array<SharedArrayBuffer> = allocateCounters();
  readonly #make: (memory: SharedArrayBuffer) => C;
  readonly #capacity: number;
  readonly #maxChunks: number;
  readonly #chunks: C[] = [];
  #outlet: SampleOutlet | undefined;
  #active: C | undefined;
  #sequence = 0;
  #sealedRows = 0;
  #withoutMemory = 0;

  constructor(
    kind: SampleKind,
    make: (memory: SharedArrayBuffer) => C,
    labels: LabelTable,
    originNs: bigint,
    limits: { readonly capacity: number; readonly maxBytes: number },
  ) {
    this.kind = kind;
    this.#make = make;
    this.labels = labels;
    this.originNs = originNs;
    this.#capacity = limits.capacity;
    this.#maxChunks = Math.min(MAX_CHUNKS, Math.max(2, Math.floor(limits.maxBytes / Chunk.bytes(limits.capacity))));
  }

  get chunks(): readonly SharedArrayBuffer[] {
    return this.#chunks.map((chunk) => chunk.memory);
  }

  /** Tells `outlet` of all that happens from now on. */
  connect(outlet: SampleOutlet): void {
    this.#outlet = outlet;
  }

  /** Seals the active chunk and returns the next one to write to; nothing when there is no room. */
  next(): C | undefined {
    this.seal();
    const chunk = this.#free() ?? this.#grow() ?? (this.#outlet?.exhausted() ? this.#free() : undefined);
    chunk?.activate(++this.#sequence);
    this.#active = chunk;
    return chunk;
  }

  /** Ends the active chunk, if there is one: its rows are handed over for good. */
  seal(): void {
    if (!this.#active) return;
    this.#sealedRows += this.#active.length;
    this.#active.seal();
    this.#active = undefined;
    this.#outlet?.chunkFull();
  }

  drop(): void {
    this.counters[DROPPED]++;
  }

  refuse(): void {
    this.counters[REFUSED]++;
  }

  textOf(labelId: number): string | undefined {
    return this.labels.textOf(labelId);
  }

  stats(): SampleStats {
    return statsOf(this.counters, this.#sealedRows + (this.#active?.length ?? 0));
  }

  #free(): C | undefined {
    return this.#chunks.find((chunk) => chunk.isFree);
  }

  #grow(): C | undefined {
    if (this.#chunks.length >= this.#maxChunks || this.#withoutMemory-- > 0) return undefined;
    let chunk: C;
    try {
      chunk = this.#make(Chunk.allocate(this.#capacity));
    } catch {
      this.#withoutMemory = RETRY_AFTER; // the system has none to give, and the host shall not hear of it from us
      return undefined;
    }
    this.#withoutMemory = 0;
    this.#chunks.push(chunk);
    this.#outlet?.chunkAdded(chunk.memory, this.#chunks.length - 1);
    return chunk;
  }
}
