/**
 * Function times: from a call tree to a line per function, with its callers and callees.
 *
 * *Self* time is spent in a function itself, *total* time in it and in what it calls. Where a function is on the stack
 * more than once, by recursion, the time counts once, so that no total exceeds the duration. The same goes for a call of
 * one function by another that is on the stack more than once.
 */

import { type CallTree, callTree, isRoot } from "./call-tree.js";
import type { CpuProfile, FrameKey } from "./cpu-profile.js";

/** The part of a function's time that is owed to one of its callers, or spent in one of its callees. */
export interface CallTime extends FrameKey {
  /** Time on top of the stack of the function called. */
  readonly selfUs: number;
  /** Time of the function called, with what it called in turn. */
  readonly totalUs: number;
}

export interface FunctionTime extends FrameKey {
  readonly selfUs: number;
  readonly totalUs: number;
  /** Samples that found it on top of the stack. */
  readonly selfSamples: number;
  /** Who called it, and how much of its time was spent for them; by total time. `(root)` stands for the event loop. */
  readonly callers: readonly CallTime[];
  /** Whom it called, and how long they took; by total time. */
  readonly callees: readonly CallTime[];
}

export interface FunctionTimes {
  /** Of all profiles together, in microseconds: the sum of all self times. */
  readonly durationUs: number;
  readonly samples: number;
  /**
   * The longest time that one sample stands for; 0 without a timeline. If it is much longer than the sampling interval,
   * V8's sampling thread got no turn meanwhile, on a machine that was busy, and that time may be another function's.
   */
  readonly longestSampleUs: number;
  /** By self time. `(root)` is among them only if it has some. */
  readonly functions: readonly FunctionTime[];
}

/**
 * Self and total time of every function, added up over the profiles given: the windows of one run, say.
 *
 * @returns microseconds
 * @example
 * import { functionTimes, parseProfile } from "seismo/analysis";
 * const frame = (functionName: string) => ({ functionName, scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 });
 * const nodes = [
 *   { id: 1, callFrame: frame("(root)"), children: [2] },
 *   { id: 2, callFrame: frame("handle"), children: [3] },
 *   { id: 3, callFrame: frame("parse") },
 * ];
 * const profile = parseProfile({ nodes, startTime: 0, endTime: 3000, samples: [2, 3], timeDeltas: [0, 1000] });
 * for (const { name, selfUs, totalUs } of functionTimes([profile]).functions) console.log(name, selfUs, totalUs);
 * // parse 2000 2000
 * // handle 1000 3000
 */
export function functionTimes(profiles: readonly CpuProfile[]): FunctionTimes {
  const tree = callTree(profiles);
  const totals = subtreeTotals(tree);
  const functions = tree.frames.map((frame): Building => ({ frame, selfUs: 0, totalUs: 0, selfSamples: 0, open: 0 }));
  const calls = callsOf(tree);
  walk(
    tree,
    (node) => {
      const target = functions[tree.frame[node]!]!;
      target.selfUs += tree.selfUs[node]!;
      target.selfSamples += tree.selfSamples[node]!;
      if (target.open++ === 0) target.totalUs += totals[node]!;
      const call = calls.ofNode[node];
      if (call === undefined) return;
      call.selfUs += tree.selfUs[node]!;
      if (call.open++ === 0) call.totalUs += totals[node]!;
    },
    (node) => {
      functions[tree.frame[node]!]!.open--;
      const call = calls.ofNode[node];
      if (call !== undefined) call.open--;
    },
  );

  const callers: CallTime[][] = tree.frames.map(() => []);
  const callees: CallTime[][] = tree.frames.map(() => []);
  for (const { caller, callee, selfUs, totalUs } of calls.all) {
    if (totalUs === 0) continue;
    callers[callee]!.push({ ...tree.frames[caller]!, selfUs, totalUs });
    callees[caller]!.push({ ...tree.frames[callee]!, selfUs, totalUs });
  }
  for (const list of [...callers, ...callees]) list.sort((a, b) => b.totalUs - a.totalUs || byName(a, b));
  return {
    durationUs: tree.durationUs,
    samples: tree.selfSamples.reduce((sum, samples) => sum + samples, 0),
    longestSampleUs: profiles.reduce((longest, profile) => Math.max(longest, longestSampleOf(profile)), 0),
    functions: functions
      .map(({ frame, selfUs, totalUs, selfSamples }, i) => ({
        ...frame,
        selfUs,
        totalUs,
        selfSamples,
        callers: callers[i]!,
        callees: callees[i]!,
      }))
      .filter((it) => it.selfUs > 0 || it.selfSamples > 0 || (it.totalUs > 0 && !isRoot(it)))
      .sort((a, b) => b.selfUs - a.selfUs || b.totalUs - a.totalUs || byName(a, b)),
  };
}

interface Building {
  readonly frame: FrameKey;
  selfUs: number;
  totalUs: number;
  selfSamples: number;
  /** How often it is on the stack where the walk is now. */
  open: number;
}

interface Call {
  readonly caller: number;
  readonly callee: number;
  selfUs: number;
  totalUs: number;
  open: number;
}

const byName = (a: FrameKey, b: FrameKey) =>
  compare(a.name, b.name) || compare(a.url, b.url) || a.line - b.line || a.column - b.column;
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function subtreeTotals({ parent, selfUs }: CallTree): Float64Array {
  const totals = Float64Array.from(selfUs);
  for (let node = parent.length - 1; node >= 0; node--) {
    const above = parent[node]!;
    if (above !== -1) totals[above]! += totals[node]!;
  }
  return totals;
}

function longestSampleOf({ hasTimeline, stretches: { us, samples } }: CpuProfile): number {
  if (!hasTimeline) return 0;
  return us.reduce((longest, time, k) => (samples[k] === 0 ? longest : Math.max(longest, time)), 0);
}

/** Which function calls which, and the call that each node stands for. */
function callsOf({ frames, parent, frame }: CallTree): { all: Call[]; ofNode: (Call | undefined)[] } {
  const byPair = new Map<number, Call>();
  const ofNode = frame.map((callee, node) => {
    const above = parent[node]!;
    if (above === -1) return undefined;
    const caller = frame[above]!;
    const pair = caller * frames.length + callee;
    let call = byPair.get(pair);
    if (call === undefined) {
      call = { caller, callee, selfUs: 0, totalUs: 0, open: 0 };
      byPair.set(pair, call);
    }
    return call;
  });
  return { all: [...byPair.values()], ofNode };
}

/** Depth first, without recursion: stacks of profiles can be deeper than ours. */
function walk({ parent }: CallTree, enter: (node: number) => void, leave: (node: number) => void): void {
  const lastChild = new Int32Array(parent.length).fill(-1);
  const previousSibling = new Int32Array(parent.length).fill(-1);
  const open: number[] = [];
  for (const [node, above] of parent.entries()) {
    if (above === -1) {
      open.push(node);
    } else {
      previousSibling[node] = lastChild[above]!;
      lastChild[above] = node;
    }
  }
  while (open.length > 0) {
    const next = open.pop()!;
    if (next < 0) {
      leave(~next);
      continue;
    }
    enter(next);
    open.push(~next);
    for (let child = lastChild[next]!; child !== -1; child = previousSibling[child]!) open.push(child);
  }
}
