/** Runtime options: which samplers are on, how often they read, and what counts as a stall. */

import { OptionError, refuseUnknown, requireBoolean, requireInteger, switched } from "./errors.js";

/** How one sampler is tuned. */
export interface SamplerOptions {
  /** @default sampleIntervalMs */
  readonly intervalMs?: number | undefined;
}

export interface MemoryOptions extends SamplerOptions {
  /** Each space of the heap, too. @default false */
  readonly spaces?: boolean | undefined;
}

export interface ProcessTreeOptions extends SamplerOptions {
  /** The processes to look at. @default all descendants of this process, which only Linux tells */
  readonly pids?: readonly number[] | undefined;
}

/** Samplers by name: `false` turns one off, `true` on, an object tunes it. */
export interface RuntimeOptions {
  /** Garbage collections and their pauses. @default true */
  readonly gc?: boolean | SamplerOptions | undefined;
  /** CPU time, memory, context switches, page faults, descriptors. @default true */
  readonly process?: boolean | SamplerOptions | undefined;
  /** The heap, and what its objects hold outside of it. @default true */
  readonly memory?: boolean | MemoryOptions | undefined;
  /** Delay and utilization of the event loop. @default true */
  readonly eventLoop?: boolean | SamplerOptions | undefined;
  /** Active handles and requests, worker threads, connections of HTTP servers. @default true */
  readonly activity?: boolean | SamplerOptions | undefined;
  /** CPU and memory of other processes: children, or a list of PIDs. @default false */
  readonly processTree?: boolean | ProcessTreeOptions | undefined;
}

export interface StallOptions {
  /** Turns of the event loop of this length or more are stalls, in milliseconds. @default 100 */
  readonly thresholdMs?: number | undefined;
  /** Write down what a program is doing while it is blocked: a stack in `stall.*.txt`. @default false */
  readonly stack?: boolean | undefined;
}

/** Each sampler that is on, with its options. */
export interface ResolvedRuntime {
  readonly gc: ResolvedSampler | undefined;
  readonly process: ResolvedSampler | undefined;
  readonly memory: (ResolvedSampler & { readonly spaces?: boolean | undefined }) | undefined;
  readonly eventLoop: ResolvedSampler | undefined;
  readonly activity: ResolvedSampler | undefined;
  readonly processTree: (ResolvedSampler & { readonly pids?: readonly number[] | undefined }) | undefined;
}

export interface ResolvedSampler {
  readonly intervalMs: number;
}

export interface ResolvedStalls {
  readonly thresholdMs: number;
  readonly stack: boolean;
}

const DEFAULT_STALL_MS = 100;

/** @throws {OptionError} */
export function resolveRuntime(runtime: unknown, sampleIntervalMs: number): ResolvedRuntime {
  const given = switched("runtime", runtime);
  const {
    gc = true,
    process = true,
    memory = true,
    eventLoop = true,
    activity = true,
    processTree = false,
    ...unknown
  } = (given ?? {}) as RuntimeOptions;
  const samplers = { gc, process, memory, eventLoop, activity, processTree };
  refuseUnknown("runtime", Object.keys(samplers), unknown);
  const resolve = <Own extends object = object>(name: keyof typeof samplers, ...own: readonly string[]) => {
    const tuning = switched(`runtime.${name}`, given && samplers[name]) as (SamplerOptions & Own) | undefined;
    if (!tuning) return undefined;
    const { intervalMs = sampleIntervalMs, ...rest } = tuning;
    requireInterval(`runtime.${name}.intervalMs`, intervalMs);
    const unknown = Object.fromEntries(Object.entries(rest).filter(([option]) => !own.includes(option)));
    refuseUnknown(`runtime.${name}`, ["intervalMs", ...own], unknown);
    return { ...rest, intervalMs };
  };
  const resolved = {
    gc: resolve("gc"),
    process: resolve("process"),
    memory: resolve<MemoryOptions>("memory", "spaces"),
    eventLoop: resolve("eventLoop"),
    activity: resolve("activity"),
    processTree: resolve<ProcessTreeOptions>("processTree", "pids"),
  };
  const { spaces = false } = resolved.memory ?? {};
  requireBoolean("runtime.memory.spaces", spaces);
  const { pids = [] } = resolved.processTree ?? {};
  if (!Array.isArray(pids)) throw new OptionError("runtime.processTree.pids", "an array of PIDs", pids);
  for (const pid of pids) requireInteger("runtime.processTree.pids[…]", pid, 1, 2 ** 31 - 1);
  return resolved;
}

/** @throws {OptionError} */
export function resolveStalls(stalls: unknown): ResolvedStalls | undefined {
  const given = switched("stalls", stalls) as StallOptions | undefined;
  if (!given) return undefined;
  const { thresholdMs = DEFAULT_STALL_MS, stack = false, ...unknown } = given;
  refuseUnknown("stalls", ["thresholdMs", "stack"], unknown);
  requireInteger("stalls.thresholdMs", thresholdMs, 10, 3_600_000);
  requireBoolean("stalls.stack", stack);
  return { thresholdMs, stack };
}

export function requireInterval(option: string, intervalMs: unknown): asserts intervalMs is number {
  requireInteger(option, intervalMs, 10, 3_600_000);
}
