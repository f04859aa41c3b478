/**
 * Process tree sampler: CPU and memory of other processes: this one's children, theirs, and so on, or those of a list.
 *
 * Each row bears the PID of the process it is about. A process may end at any time, and is then no more: no error.
 */

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Status } from "pidusage";
import { TREE_CPU_SHARE, TREE_RSS } from "../format/series.js";
import type { SampleSource } from "../record/sample-buffer.js";
import { ValueRecorder } from "../record/value-recorder.js";
import { OptionalReadings, type Sampler } from "./sampler.js";

export interface ProcessTreeSamplerOptions {
  /** The processes to look at. @default all descendants of this process, which only Linux tells */
  readonly pids?: readonly number[] | undefined;
}

/** Has the samples of a recorder written, until the function returned is called. */
export type Attach = (source: SampleSource) => () => void;

type Pidusage = typeof import("pidusage");

/** Processes whose samples one recorder takes; with the next one it is let go, or its labels would pile up for ever. */
const PIDS_PER_RECORDER = 1_000;
const CAPACITY = 1_024;

export class ProcessTreeSampler implements Sampler {
  readonly #attach: Attach;
  readonly #pids: readonly number[] | undefined;
  readonly #optional = new OptionalReadings();
  #pidusage: Pidusage | undefined;
  #recorder: ValueRecorder | undefined;
  #detach: () => void = () => {};
  #recorded = new Set<number>();
  #last = new Map<number, Status>();

  constructor(attach: Attach, { pids }: ProcessTreeSamplerOptions = {}) {
    this.#attach = attach;
    this.#pids = pids;
  }

  async sample(): Promise<void> {
    const pids = this.#pids ?? this.#descendants();
    const statuses = pids.length === 0 ? [] : await this.#statusesOf(pids);
    const now = new Map(statuses.map((status) => [status.pid, status]));
    for (const status of statuses) {
      const recorder = this.#recorderFor(status.pid);
      recorder.observe(`${status.pid} ${TREE_RSS}`, status.memory);
      const share = shareBetween(this.#last.get(status.pid), status);
      if (share !== undefined) recorder.observe(`${status.pid} ${TREE_CPU_SHARE}`, share);
    }
    this.#last = now;
  }

  stop(): void {
    this.#letGo();
    this.#pidusage?.clear();
  }

  async #statusesOf(pids: readonly number[]): Promise<Status[]> {
    this.#pidusage ??= createRequire(import.meta.url)("pidusage") as Pidusage; // not loaded unless it is asked for
    try {
      return Object.values(await this.#pidusage([...pids])).filter((status) => status); // those that have ended are null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" || /No matching pid/.test(String(error))) return [];
      throw error;
    }
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

  #recorderFor(pid: number): ValueRecorder {
    if (!this.#recorded.has(pid) && this.#recorded.size >= PIDS_PER_RECORDER) this.#letGo();
    this.#recorded.add(pid);
    if (this.#recorder) return this.#recorder;
    this.#recorder = new ValueRecorder({ capacity: CAPACITY });
    this.#detach = this.#attach(new SourceByPid(this.#recorder.source));
    return this.#recorder;
  }

  #letGo(): void {
    this.#recorder?.close();
    this.#detach();
    this.#recorder = undefined;
    this.#recorded = new Set();
  }
}

/** CPU time per time between two looks. The first time there is none. */
function shareBetween(before: Status | undefined, now: Status): number | undefined {
  if (!before || now.timestamp <= before.timestamp || now.ctime < before.ctime) return undefined;
  return (now.ctime - before.ctime) / (now.timestamp - before.timestamp);
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
