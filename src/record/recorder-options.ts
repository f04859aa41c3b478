/** Options of a recorder, their defaults and their bounds. */

import { type Clock, systemClock } from "../clock.js";
import { OptionError, refuseUnknown, requireBoolean, requireObject } from "../errors.js";
import { DEFAULT_CAPACITY, DEFAULT_MAX_BYTES, requireCapacity, requireClock, requireMaxBytes } from "../options.js";
import { LabelTable } from "./label-table.js";

export interface RecorderOptions {
  /** Samples one chunk holds, 20 bytes each. @default 65_536 */
  readonly capacity?: number;
  /** Memory the samples of this recorder may take before new ones are dropped; 2 to 64 chunks. @default 32 MiB */
  readonly maxBytes?: number;
  /** Where label ids come from; give two recorders the same table to give them the same ids. @default a table of its own */
  readonly labels?: LabelTable;
  /** @default systemClock */
  readonly clock?: Clock;
  /** Record from the start; otherwise from the first call of `open()`. @default true */
  readonly open?: boolean;
}

export function resolveRecorderOptions(options: RecorderOptions = {}): Required<RecorderOptions> {
  requireObject("RecorderOptions", options);
  const {
    capacity = DEFAULT_CAPACITY,
    maxBytes = DEFAULT_MAX_BYTES,
    labels = new LabelTable(),
    clock = systemClock,
    open = true,
    ...unknown
  } = options;
  refuseUnknown("RecorderOptions", ["capacity", "maxBytes", "labels", "clock", "open"], unknown);
  requireCapacity(capacity);
  requireMaxBytes(maxBytes);
  if (clock !== systemClock) requireClock(clock); // to read its anchor takes a millisecond, and this is at every import
  requireBoolean("open", open);
  if (!(labels instanceof LabelTable)) throw new OptionError("labels", "a LabelTable", labels);
  return { capacity, maxBytes, labels, clock, open };
}
