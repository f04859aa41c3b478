/** Memory sampler: the heap of the thread it runs on, and what its objects hold outside of it. */

import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import {
  ARRAY_BUFFERS,
  EXTERNAL_MEMORY,
  HEAP_LIMIT,
  HEAP_SPACE,
  HEAP_TOTAL,
  HEAP_USED,
  memberOf,
} from "../format/series.js";
import type { Observe, Sampler } from "./sampler.js";

export interface MemorySamplerOptions {
  /** Each space of the heap, too. @default false */
  readonly spaces?: boolean | undefined;
}

/** Takes some 10 µs; with spaces, 15. */
export class MemorySampler implements Sampler {
  readonly #spaces: boolean;

  constructor({ spaces = false }: MemorySamplerOptions = {}) {
    this.#spaces = spaces;
  }

  sample(observe: Observe): void {
    const { heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
    observe(HEAP_USED, heapUsed);
    observe(HEAP_TOTAL, heapTotal);
    observe(HEAP_LIMIT, getHeapStatistics().heap_size_limit);
    observe(EXTERNAL_MEMORY, external);
    observe(ARRAY_BUFFERS, arrayBuffers);
    if (!this.#spaces) return;
    for (const { space_name, space_used_size } of getHeapSpaceStatistics()) {
      observe(memberOf(HEAP_SPACE, space_name), space_used_size);
    }
  }
}
