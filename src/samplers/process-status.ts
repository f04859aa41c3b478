/**
 * Process status: CPU time and memory of any process.
 *
 * By pidusage, but on Linux, where pidusage 4.1 holds `/proc/PID/stat` open for a minute after a process has ended, and
 * for ever once it is told to forget: with 40 children a second a program soon had no descriptor left.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

export interface ProcessStatus {
  readonly pid: number;
  /** CPU time since it was started, in ms. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** When it was read, in ms of any clock. */
  readonly atMs: number;
}

type Pidusage = typeof import("pidusage");

/** What the kernel counts CPU time in for those who read it, whatever it counts in itself. */
const MS_PER_TICK = 10;

let pidusage: Pidusage | undefined;

/** Of the processes that there are: one that has ended is left out. */
export function statusesOf(pids: readonly number[]): ProcessStatus[] | Promise<ProcessStatus[]> {
  if (pids.length === 0) return [];
  return process.platform === "linux" ? pids.flatMap(statusOnLinux) : statusesElsewhere(pids);
}

function statusOnLinux(pid: number): ProcessStatus | [] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [, rssKb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    if (rssKb === undefined) return []; // a zombie, or a thread of the kernel's
    // the second field is the name of the program, in brackets, and may hold anything
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
    const cpuMs = (userTicks + systemTicks) * MS_PER_TICK;
    return { pid, cpuMs, rssBytes: Number(rssKb) * 1024, atMs: performance.now() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return [];
    throw error;
  }
}

async function statusesElsewhere(pids: readonly number[]): Promise<ProcessStatus[]> {
  pidusage ??= createRequire(import.meta.url)("pidusage") as Pidusage;
  try {
    return Object.values(await pidusage([...pids]))
      .filter((status) => status) // those that have ended are null
      .map(({ pid, ctime, memory, timestamp }) => ({ pid, cpuMs: ctime, rssBytes: memory, atMs: timestamp }));
  } catch (error) {
    if (/No matching pid/.test(String(error))) return [];
    throw error;
  }
}
