/**
 * Process tree sampler: CPU and memory of other processes: this one's children, theirs, and so on, or those of a list.
 *
 * Each row bears the PID of the process it is about. A process may end at any time, and is then no more: no error.
 */

import { readdirSync, readFileSync } from "node:fs";
import { TREE_CPU_SHARE, TREE_RSS } from "../format/series.js";
import type { SampleSource } from "../record/sample-buffer.js";
import { ValueRecorder } from "../record/value-recorder.js";
import { type ProcessStatus, statusesOf } from "./process-status.js";
import { OptionalReadings, type Sampler } from "./sampler.js";

export interface ProcessTreeSamplerOptions {
  /** The processes to look at. @default all descendants of this process, which only Linux tells */
  readonly pids?: readonly number[] | undefined;
}

/** Has the samples of a recorder written, until the function returned is called. */
export type Attach = (source: SampleSource) => () => void;

/** Processes whose samples one recorder takes. After so many it is let go, or its labels would pile up for ever. */
const PIDS_PER_RECORDER = 1_000;
const CAPACITY = 1_024;

export class ProcessTreeSampler implements Sampler {
  readonly #attach: Attach;
  readonly #pids: readonly number[] | undefined;
  readonly #optional = new OptionalReadings();
  #recorder: ValueRecorder | undefined;
  #detach: () => void = () => {};
  #recorded = new Set<number>();
  #last = new Map<number, ProcessStatus>();
  #hasStopped = false;

  constructor(attach: Attach, { pids }: ProcessTreeSamplerOptions = {}) {
    this.#attach = attach;
    this.#pids = pids;
  }

  sample(): void | Promise<void> {
    if (this.#recorded.size >= PIDS_PER_RECORDER) this.#letGo();
    const statuses = statusesOf(this.#pids ?? this.#descendants());
    if (Array.isArray(statuses)) this.#take(statuses);
    else return statuses.then((later) => this.#take(later));
  }

  stop(): void {
    this.#hasStopped = true;
    this.#letGo();
  }

  #take(statuses: readonly ProcessStatus[]): void {
    if (this.#hasStopped) return;
    for (const status of statuses) {
      this.#observe(status.pid, TREE_RSS, status.rssBytes);
      const share = shareBetween(this.#last.get(status.pid), status);
      if (share !== undefined) this.#observe(status.pid, TREE_CPU_SHARE, share);
    }
    this.#last = new Map(statuses.map((status) => [status.pid, status]));
  }

  #observe(pid: number, label: string, value: number): void {
    this.#recorded.add(pid);
    if (!this.#recorder) {
      this.#recorder = new ValueRecorder({ capacity: CAPACITY });
      this.#detach = this.#attach(new SourceByPid(this.#recorder.source));
    }
    this.#recorder.observe(`${pid} ${label}`, value);
  }

  #descendants(): number[] {
    const found: number[] = [];
    try {
      for (let parents = [process.pid]; parents.length > 0; ) {
        const children = parents.flatMap(childrenOf);
        found.push(...children);
        parents = children;
      }
    } catch (error) {
      this.#optional.miss(TREE_RSS, error);
    }
    return found;
  }

  #letGo(): void {
    this.#recorder?.close();
    this.#detach();
    this.#recorder = undefined;
    this.#recorded = new Set();
  }
}

/** CPU time per time between two looks. The first time there is none; a PID may have gone to another process meanwhile. */
function shareBetween(before: ProcessStatus | undefined, now: ProcessStatus): number | undefined {
  if (!before || now.atMs <= before.atMs || now.cpuMs < before.cpuMs) return undefined;
  return (now.cpuMs - before.cpuMs) / (now.atMs - before.atMs);
}

/** Of every thread of that process. A process that has just ended has none. */
function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).flatMap((task) =>
      readFileSync(`${tasks}/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch (error) {
    if (pid === process.pid) throw error;
    return [];
  }
}

/** Labels that begin with a PID, taken apart: what is behind it is the row's label. */
class SourceByPid implements SampleSource {
  readonly kind: SampleSource["kind"];
  readonly originNs: bigint;
  readonly counters: SampleSource["counters"];
  readonly #source: SampleSource;

  constructor(source: SampleSource) {
    this.kind = source.kind;
    this.originNs = source.originNs;
    this.counters = source.counters;
    this.#source = source;
  }

  get chunks(): readonly SharedArrayBuffer[] {
    return this.#source.chunks;
  }

  textOf(labelId: number): string | undefined {
    return this.#source.textOf(labelId)?.replace(/^\d+ /, "");
  }

  pidOf(labelId: number): number | undefined {
    const pid = Number.parseInt(this.#source.textOf(labelId) ?? "", 10);
    return Number.isNaN(pid) ? undefined : pid;
  }
}
