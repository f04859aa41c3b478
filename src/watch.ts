/**
 * Watch: what observes the process from the flusher's thread, where a program that is blocked does not stop it: the
 * samplers of what is told of the process as a whole, and the stall watch.
 *
 * Where there is no such thread it runs in the program's own, without the stall watch.
 */

import { systemClock } from "./clock.js";
import { messageOf } from "./errors.js";
import type { Attendant, AttendantHost } from "./flush/attendant.js";
import { fileStem, newRunId, RUNTIME_PREFIX, STALL_PREFIX, TEXT_EXTENSION } from "./format/file-name.js";
import { ofThread } from "./format/series.js";
import { type BlockedStack, BlockedThreadWatcher, spellStack } from "./profile/blocked-stack.js";
import { disturbing } from "./samplers/loop-turns.js";
import { ProcessSampler } from "./samplers/process-sampler.js";
import { ProcessTreeSampler } from "./samplers/process-tree-sampler.js";
import type { Observe, Sampler } from "./samplers/sampler.js";
import { SamplerRounds } from "./samplers/sampler-rounds.js";
import { mainThreadRunNs, StallWatch } from "./samplers/stall-watch.js";

/** What to observe for one recording thread. Plain data: it crosses to the flusher's thread. */
export interface WatchSettings {
  /** None for the main thread. */
  readonly threadId: number | undefined;
  readonly process?: { readonly intervalMs: number } | undefined;
  readonly processTree?: { readonly intervalMs: number; readonly pids?: readonly number[] | undefined } | undefined;
  readonly stalls?: WatchedStalls | undefined;
}

export interface WatchedStalls {
  readonly pulse: BigInt64Array;
  readonly thresholdMs: number;
  readonly intervalMs: number;
  readonly stack: boolean;
}

/** Stacks of one run: whoever stalls more often will find the reason among these. */
const MAX_STACKS = 100;

/** Of the watches on one thread, one for each recording thread: which one reads a sampler of this name for all. */
const readers = new Map<string, Watch>();

export class Watch implements Attendant {
  readonly #settings: WatchSettings;
  readonly #host: AttendantHost;
  readonly #rounds: SamplerRounds;
  readonly #stallWatch: StallWatch | undefined;
  readonly #run = newRunId();
  #stacks = 0;
  #watcher: BlockedThreadWatcher | undefined;
  #saveSeen: (stack: BlockedStack | undefined) => void = () => {};

  constructor(settings: WatchSettings, host: AttendantHost) {
    this.#settings = settings;
    this.#host = host;
    const { runtime } = host.loop;
    this.#rounds = new SamplerRounds({ errors: () => runtime, warn: host.warn });
    const { process, processTree, stalls } = settings;
    if (process) this.#add("process", new ProcessSampler(), process.intervalMs);
    if (processTree) {
      const tree = new ProcessTreeSampler((source) => host.loop.add(source, RUNTIME_PREFIX), processTree);
      this.#add("process tree", tree, processTree.intervalMs);
    }
    if (stalls && host.poke) this.#stallWatch = this.#watchStalls(stalls, host.poke);
  }

  beforePublish(): void {
    this.#rounds.sampleNow();
    this.#endLook();
  }

  stop(): void {
    this.#stallWatch?.stop();
    this.#endLook();
    this.#rounds.stop();
    for (const [name, reader] of readers) if (reader === this) readers.delete(name);
  }

  #add(name: string, sampler: Sampler, intervalMs: number): void {
    const forAll: Sampler = {
      sample: (observe) => {
        if (!readers.has(name)) readers.set(name, this);
        return readers.get(name) === this ? sampler.sample(observe) : undefined;
      },
      stop: () => sampler.stop?.(),
    };
    this.#rounds.add(name, forAll, this.#host.loop.runtime, intervalMs);
  }

  #watchStalls(stalls: WatchedStalls, poke: () => boolean): StallWatch {
    const { runtime } = this.#host.loop;
    const { threadId } = this.#settings;
    if (threadId !== undefined) {
      const observe: Observe = (label, value) => runtime.observe(ofThread(label, threadId), value);
      return new StallWatch(stalls, { observe, poke });
    }
    return new StallWatch(stalls, {
      observe: (label, value) => runtime.observe(label, value),
      poke,
      runNs: mainThreadRunNs,
      onBlocked: stalls.stack ? (ms, isBlocked) => void this.#lookAtStall(stalls.pulse, ms, isBlocked) : undefined,
    });
  }

  /** Finds out, and writes down, where the main thread is. */
  async #lookAtStall(pulse: BigInt64Array, blockedMs: number, isBlocked: () => boolean): Promise<void> {
    if (this.#watcher || this.#stacks >= MAX_STACKS) return;
    const epochMs = Number(systemClock.anchor().epochNs / 1_000_000n);
    this.#saveSeen = (stack) => {
      if (!stack) return;
      const stem = fileStem(STALL_PREFIX, epochMs, process.pid, this.#run, ++this.#stacks);
      const text = spellStall(epochMs, blockedMs, stack);
      this.#host.loop.save({ stem, extension: TEXT_EXTENSION, text }, () => {});
    };
    try {
      this.#watcher = new BlockedThreadWatcher({ isBlocked, whileSampling: () => disturbing(pulse) });
      this.#saveSeen(await this.#watcher.seen);
    } catch (error) {
      this.#stacks = MAX_STACKS; // Node without an inspector, say: it will not work the next time either
      this.#host.warn("ERR_SEISMO_STACK", `no stacks of stalls: ${messageOf(error)}`);
    } finally {
      this.#watcher = undefined;
    }
  }

  /** The process may be about to end, which would wait until we had let go of it. */
  #endLook(): void {
    this.#saveSeen(this.#watcher?.end());
  }
}

function spellStall(epochMs: number, blockedMs: number, stack: BlockedStack): string {
  const { seen, looks, how } = stack;
  const found =
    how === "interrupted"
      ? `Looked at ${looks} times since then, ${seen} times it was here, most recent call first:`
      : `It was in a native call: ${seen} of ${looks} samples show this stack, with the places where functions begin:`;
  return [
    `At ${new Date(epochMs).toISOString()} the event loop of process ${process.pid} had been blocked for ${(blockedMs / 1e3).toFixed(3)} s.`,
    found,
    spellStack(stack),
    "",
  ].join("\n");
}
