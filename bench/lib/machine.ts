/** Machine: what a reader must know of where figures were taken. No names of hosts, users or folders. */

import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

export interface Machine {
  readonly date: string;
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  /** Processes that wanted a core in the minute before: ours come on top. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    node: process.version,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()} ${arch()}`,
    loadBefore: Math.round(100 * loadavg()[0]) / 100,
  };
}
