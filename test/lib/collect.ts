/** A sink that keeps rows in memory, and a recorder that fills it, on a clock that a test moves. */

import {
  DurationRecorder,
  Flusher,
  ManualClock,
  type RecorderOptions,
  type RowBatch,
  type Sink,
  ValueRecorder,
} from "seismo";
import { type Row, rowsOf } from "./rows.js";

export class Collected implements Sink {
  /** Texts of the files there would be. */
  readonly files: string[] = [""];
  readonly batches: { rows: number; firstEpochNs: bigint; lastEpochNs: bigint }[] = [];

  write({ bytes, rows, firstEpochNs, lastEpochNs }: RowBatch): void {
    this.files[this.files.length - 1] += new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    this.batches.push({ rows, firstEpochNs, lastEpochNs });
  }

  publish(): void {
    if (this.files.at(-1) !== "") this.files.push("");
  }

  get text(): string {
    return this.files.join("");
  }

  get rows(): Row[] {
    return rowsOf(`Timepoint,Measurement,Label,PID\n${this.text}`);
  }
}

export const PID = 4242;

type Options = Omit<RecorderOptions, "clock"> & { clock?: ManualClock };

export function durationsInMemory({ clock = new ManualClock(), ...options }: Options = {}) {
  return flushedByHand(new DurationRecorder({ clock, ...options }), clock);
}

export function valuesInMemory({ clock = new ManualClock(), ...options }: Options = {}) {
  return flushedByHand(new ValueRecorder({ clock, ...options }), clock);
}

function flushedByHand<R extends DurationRecorder | ValueRecorder>(recorder: R, clock: ManualClock) {
  const sink = new Collected();
  const flusher = new Flusher(recorder.source, sink, { clock, pid: PID });
  return { clock, recorder, sink, flusher };
}
