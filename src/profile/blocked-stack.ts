/**
 * Blocked stack: where the main thread is while its event loop is blocked, asked from another thread.
 *
 * V8's inspector interrupts JavaScript that runs, and tells the very statement it is at. (A CPU profile would not: V8
 * does not know the functions that were running already when it begins, so it blames their callers, and leaves out the
 * endless loop itself.) What is in the middle of one long native call, a regular expression say, comes to no statement;
 * then a short CPU profile has to do. What waits in the system, as in `execSync`, shows nothing until that is over.
 */

import type { Debugger, Profiler } from "node:inspector";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

type Session = import("node:inspector/promises").Session;

/** A place in a program. Line and column count from 1. */
interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** Where the main thread was most often, most recent call first. */
export interface BlockedStack {
  readonly frames: readonly Frame[];
  /** It was there so often, of so many looks. */
  readonly seen: number;
  readonly looks: number;
  /** Whether it was interrupted, and lines are where it was; or sampled, and they are where functions begin. */
  readonly how: "interrupted" | "sampled";
}

const LOOKS = 10;
const BETWEEN_LOOKS_MS = 20;
/** A thread that has not come to a statement within this is in a native call. */
const LOOK_WITHIN_MS = 300;
const SAMPLE_FOR_MS = 200;
const SAMPLING_INTERVAL_US = 1_000;
/** How often it is made sure, while sampling, that the thread is still blocked. */
const CHECK_MS = 10;
/** Functions that are none: what V8 calls the rest of the time. */
const PSEUDO = new Set(["(root)", "(program)", "(idle)", "(garbage collector)"]);

/** What a look needs to know of the stall it is for. */
export interface BlockedThread {
  /** Whether it still goes on. */
  readonly isBlocked: () => boolean;
  /** Called before samples are taken; what it returns, after. */
  readonly whileSampling: () => () => void;
}

/** Looks at the main thread of this process, from another one, while it is blocked. Each look holds it up for about 1 ms. */
export class BlockedThreadWatcher {
  /** Resolves to what was seen; to nothing if it went on before. Rejects with whatever the inspector throws. */
  readonly seen: Promise<BlockedStack | undefined>;
  readonly #session: Session;
  readonly #thread: BlockedThread;
  readonly #stacks: Frame[][] = [];
  #onPaused: () => void = () => {};
  #isOver = false;

  /** @throws whatever the inspector throws */
  constructor(thread: BlockedThread) {
    const { Session } = createRequire(import.meta.url)("node:inspector/promises") as { Session: new () => Session };
    this.#thread = thread;
    this.#session = new Session();
    this.#session.connectToMainThread();
    const urls = new Map<string, string>(); // of scripts by id: call frames have but the ids
    this.#session.on("Debugger.scriptParsed", ({ params: { scriptId, url } }) => void urls.set(scriptId, url));
    this.#session.on("Debugger.paused", ({ params: { callFrames } }) => {
      const frames = callFrames.map((frame) => frameOfPause(frame, urls.get(frame.location.scriptId) ?? ""));
      if (thread.isBlocked()) this.#stacks.push(frames); // else it is elsewhere by now
      this.#session.post("Debugger.resume").catch(() => {});
      this.#onPaused();
    });
    this.seen = this.#look();
  }

  /** Ends it, as the process does, which would wait for it; returns what was seen so far. */
  end(): BlockedStack | undefined {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    this.#session.disconnect();
    return this.#stacks.length > 0 ? mostFrequent(this.#stacks) : undefined;
  }

  async #look(): Promise<BlockedStack | undefined> {
    try {
      await this.#interrupt();
      if (this.#stacks.length > 0 || !this.#thread.isBlocked()) return this.end();
      const stack = hottest(await this.#sample());
      this.end();
      return stack;
    } catch (error) {
      if (this.#isOver) return undefined; // what was under way was told that the session has been closed
      this.end();
      throw error;
    }
  }

  async #interrupt(): Promise<void> {
    const session = this.#session;
    await session.post("Debugger.enable");
    for (let look = 0; look < LOOKS && this.#thread.isBlocked(); look++) {
      if (look > 0) await sleep(BETWEEN_LOOKS_MS);
      const before = this.#stacks.length;
      const paused = new Promise<void>((resolve) => {
        this.#onPaused = resolve;
      });
      await session.post("Debugger.pause");
      await Promise.race([paused, sleep(LOOK_WITHIN_MS)]);
      if (this.#stacks.length === before) break;
    }
    await session.post("Debugger.disable"); // and a look that is still to come does not
  }

  async #sample(): Promise<Profiler.Profile> {
    const session = this.#session;
    const done = this.#thread.whileSampling();
    try {
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
      await session.post("Profiler.start");
      for (let ms = 0; ms < SAMPLE_FOR_MS && this.#thread.isBlocked(); ms += CHECK_MS) await sleep(CHECK_MS);
      const { profile } = await session.post("Profiler.stop");
      return profile;
    } finally {
      done();
    }
  }
}

/** As an error would show it, so that editors and terminals find the place. */
export function spellStack({ frames }: BlockedStack): string {
  return frames
    .map(({ functionName, url, line, column }) => {
      if (url === "") return `    at ${functionName} (native)`;
      const place = line < 1 ? url : `${url}:${line}:${column}`; // a module as a whole has no line
      return `    at ${functionName || "(anonymous)"} (${place})`;
    })
    .join("\n");
}

function frameOfPause({ functionName, location }: Debugger.CallFrame, url: string): Frame {
  return { functionName, url, line: location.lineNumber + 1, column: (location.columnNumber ?? 0) + 1 };
}

/** Of stacks that go through the same functions, the one seen last. */
function mostFrequent(stacks: readonly (readonly Frame[])[]): BlockedStack {
  const groups = new Map<string, (readonly Frame[])[]>();
  for (const stack of stacks) {
    const key = stack.map(({ functionName, url }) => `${functionName} ${url}`).join("\n");
    groups.set(key, [...(groups.get(key) ?? []), stack]);
  }
  const most = [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a));
  return { frames: most.at(-1)!, seen: most.length, looks: stacks.length, how: "interrupted" };
}

/** The stack with the most samples, or nothing if no sample shows any. */
function hottest({ nodes, samples = [] }: Profiler.Profile): BlockedStack | undefined {
  const counts = new Map<number, number>();
  for (const id of samples) counts.set(id, (counts.get(id) ?? 0) + 1);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const isPseudo = (id: number) => PSEUDO.has(byId.get(id)?.callFrame.functionName ?? "(root)");
  const real = [...counts].filter(([id]) => !isPseudo(id));
  if (real.length === 0) return undefined;
  const [hottestId, seen] = real.reduce((a, b) => (b[1] > a[1] ? b : a));
  const frames: Frame[] = [];
  for (let id: number | undefined = hottestId; id !== undefined; id = parents.get(id)) {
    const { functionName, url, lineNumber, columnNumber } = byId.get(id)!.callFrame;
    if (!isPseudo(id)) frames.push({ functionName, url, line: lineNumber + 1, column: columnNumber + 1 });
  }
  return { frames, seen, looks: samples.length, how: "sampled" };
}
