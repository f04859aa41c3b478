/**
 * Hot stack: what the main thread is doing while its event loop is blocked, asked from another thread.
 *
 * V8's inspector interrupts JavaScript that runs. It cannot interrupt what waits in the system (`execSync`,
 * `Atomics.wait`): then there are no samples, and no stack, until that is over.
 */

import type { Profiler, Runtime } from "node:inspector";
import { createRequire } from "node:module";
import { setTimeout } from "node:timers/promises";

/** The stack that most samples of a profile show. */
export interface HotStack {
  /** Most recent call first. Line and column count from 0, as V8 does. */
  readonly frames: readonly Runtime.CallFrame[];
  /** Samples that show just this stack, of so many that were taken. */
  readonly samples: number;
  readonly of: number;
  /** Samples that show the garbage collector at work, whose stack V8 does not tell. */
  readonly ofCollector: number;
}

const SAMPLING_INTERVAL_US = 1_000;
const COLLECTOR = "(garbage collector)";
/** Functions that are none: what V8 calls the rest of the time. */
const PSEUDO = new Set(["(root)", "(program)", "(idle)", COLLECTOR]);

/** The stack with the most samples, or nothing if no sample shows any. */
export function hottestStack({ nodes, samples = [] }: Profiler.Profile): HotStack | undefined {
  const counts = new Map<number, number>();
  for (const id of samples) counts.set(id, (counts.get(id) ?? 0) + 1);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  let hottest: number | undefined;
  let ofCollector = 0;
  for (const [id, count] of counts) {
    const functionName = byId.get(id)?.callFrame.functionName;
    if (functionName === COLLECTOR) ofCollector += count;
    if (functionName === undefined || PSEUDO.has(functionName)) continue;
    if (hottest === undefined || count > counts.get(hottest)!) hottest = id;
  }
  if (hottest === undefined) return undefined;
  const frames: Runtime.CallFrame[] = [];
  for (let id: number | undefined = hottest; id !== undefined; id = parents.get(id)) {
    const { callFrame } = byId.get(id)!;
    if (!PSEUDO.has(callFrame.functionName)) frames.push(callFrame);
  }
  return { frames, samples: counts.get(hottest)!, of: samples.length, ofCollector };
}

/** Profiles the main thread of this process, from another one, for so long. @throws whatever the inspector throws */
export async function profileMainThread(ms: number): Promise<Profiler.Profile> {
  const { Session } = createRequire(import.meta.url)(
    "node:inspector/promises",
  ) as typeof import("node:inspector/promises");
  const session = new Session();
  session.connectToMainThread();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
    await session.post("Profiler.start");
    await setTimeout(ms);
    const { profile } = await session.post("Profiler.stop");
    await session.post("Profiler.disable");
    return profile;
  } finally {
    session.disconnect();
  }
}

/** As an error would show it, so that editors and terminals find the place. */
export function spellStack({ frames }: HotStack): string {
  return frames
    .map(({ functionName, url, lineNumber, columnNumber }) => {
      if (url === "") return `    at ${functionName} (native)`;
      const place = lineNumber < 0 ? url : `${url}:${lineNumber + 1}:${columnNumber + 1}`; // a module as a whole has none
      return `    at ${functionName || "(anonymous)"} (${place})`;
    })
    .join("\n");
}
