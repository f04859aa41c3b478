/**
 * Chunk: a fixed number of samples, by column, in memory that the flusher reads while the program writes.
 *
 *     ┌ header, 64 bytes ─────────────────────────┬ first ──────┬ second ─────┬ label ids ───┐
 *     │ length · state · sequence · drained       │ 8 B a row   │ 8 B a row   │ 4 B a row    │
 *     └───────────────────────────────────────────┴─────────────┴─────────────┴──────────────┘
 *       first:  start of a duration, or the time of a value     (raw monotonic ns, 64 bits)
 *       second: end of a duration (raw monotonic ns), or a value (float64)
 *
 * One thread writes (the recorder's), one reads (the flusher's). The writer stores a row's columns, then the new
 * length, all with plain stores: an `Atomics.store` per sample would add a fifth to its cost. The reader takes
 * a length, lets a millisecond pass, and only then reads the rows below it (`flush-loop.ts`); on hand-over, when a chunk
 * is full or recording stops, state and messages order everything for good. `docs/architecture.md` says more.
 */

/** Header words, 32 bits each. */
export const LENGTH = 0;
export const STATE = 1;
export const SEQUENCE = 2;
/** Rows that are safely in a file: written by the flusher, so that another can go on where it ended. */
export const DRAINED = 3;

/** States. A chunk is free until the recorder takes it, active while it is written to, full until it is drained. */
export const FREE = 0;
export const ACTIVE = 1;
export const FULL = 2;

const HEADER_BYTES = 64;
const ROW_BYTES = 20;

/** The memory of one chunk, in columns. Both ends of a chunk look at it through this. */
export class ChunkLayout {
  readonly capacity: number;
  readonly header: Int32Array;
  readonly firstOffset: number;
  readonly secondOffset: number;
  readonly labelIds: Uint32Array;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = (memory.byteLength - HEADER_BYTES) / ROW_BYTES;
    this.header = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.firstOffset = HEADER_BYTES;
    this.secondOffset = HEADER_BYTES + 8 * this.capacity;
    this.labelIds = new Uint32Array(memory, HEADER_BYTES + 16 * this.capacity, this.capacity);
  }
}

/** What duration and value chunks have in common: the life of a chunk on the recorder's side. */
export abstract class Chunk {
  readonly memory: SharedArrayBuffer;
  readonly capacity: number;
  protected readonly layout: ChunkLayout;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.layout = new ChunkLayout(memory);
    this.capacity = this.layout.capacity;
  }

  /** Bytes of memory for a chunk of so many samples. */
  static bytes(capacity: number): number {
    return HEADER_BYTES + ROW_BYTES * capacity;
  }

  static allocate(capacity: number): SharedArrayBuffer {
    return new SharedArrayBuffer(Chunk.bytes(capacity));
  }

  get length(): number {
    return this.layout.header[LENGTH];
  }

  get isFree(): boolean {
    return Atomics.load(this.layout.header, STATE) === FREE;
  }

  /** Takes a free chunk for writing. `sequence` orders the chunks of one recorder. */
  activate(sequence: number): void {
    const { header } = this.layout;
    header[LENGTH] = 0;
    header[DRAINED] = 0;
    header[SEQUENCE] = sequence;
    Atomics.store(header, STATE, ACTIVE);
  }

  /** Hands a chunk over to the flusher, who frees it when its last row is in a file. */
  seal(): void {
    Atomics.store(this.layout.header, STATE, FULL);
  }
}
