/**
 * Runtime: what a recording thread observes of its own heap and event loop, and by samplers of the program's. What is told
 * of the process as a whole is observed from the flusher's thread: `watch.ts`.
 */

import { isMainThread, threadId } from "node:worker_threads";
import { systemClock } from "./clock.js";
import { ofThread } from "./format/series.js";
import { warn } from "./notices.js";
import type { ResolvedMonitorOptions } from "./options.js";
import type { ValueRecorder } from "./record/value-recorder.js";
import { ActivitySampler } from "./samplers/activity-sampler.js";
import { EventLoopSampler } from "./samplers/event-loop-sampler.js";
import { GcSampler } from "./samplers/gc-sampler.js";
import { disturbing, LoopTurns } from "./samplers/loop-turns.js";
import { MemorySampler } from "./samplers/memory-sampler.js";
import { ProcessSampler } from "./samplers/process-sampler.js";
import type { Sampler } from "./samplers/sampler.js";
import { SamplerRounds, type Sampling } from "./samplers/sampler-rounds.js";
import { recordStalls } from "./samplers/stall-recorder.js";
import type { WatchSettings } from "./watch.js";

export interface RuntimeHost {
  /** Takes what is read on an interval. */
  readonly recorder: () => ValueRecorder;
  /** Makes a recorder for what is known later than it happened, and so is out of order with the rest. */
  readonly eventRecorder: () => ValueRecorder;
}

export class Runtime {
  readonly #options: ResolvedMonitorOptions;
  readonly #turns = new LoopTurns();
  #rounds: SamplerRounds | undefined;
  #gc: GcSampler | undefined;
  #stopRecordingStalls: () => void = () => {};

  constructor(options: ResolvedMonitorOptions) {
    this.#options = options;
  }

  /** What the flusher's thread is to observe for this one. */
  get watchSettings(): WatchSettings | undefined {
    const { runtime, stalls, sampleIntervalMs } = this.#options;
    const { process, processTree } = runtime;
    if (!process && !processTree && !stalls) return undefined;
    return {
      threadId: isMainThread ? undefined : threadId,
      process,
      processTree,
      stalls: stalls && { ...stalls, pulse: this.#turns.pulse, intervalMs: sampleIntervalMs },
    };
  }

  /** Begins to observe what the options ask for. Harmless when begun. */
  start({ recorder, eventRecorder }: RuntimeHost): void {
    if (this.#rounds) return;
    this.#rounds = new SamplerRounds({ errors: recorder, warn });
    const { runtime, stalls, clock = systemClock } = this.#options;
    const { gc, memory, eventLoop, activity } = runtime;
    if (runtime.process && isMainThread) observeProcessAtStart(recorder());
    const add = (name: string, sampler: Sampler, intervalMs: number) => {
      const { sample, stop } = sampler;
      const labelled: Sampler = {
        sample: (observe) => sample.call(sampler, (label, value) => observe(labelHere(label), value)),
        stop: () => stop?.call(sampler),
      };
      this.add(name, labelled, recorder(), intervalMs);
    };
    if (gc) {
      const events = eventRecorder();
      const observePause = (timeNs: bigint, label: string, value: number) =>
        events.observeAt(timeNs, labelHere(label), value);
      this.#gc = new GcSampler(observePause, clock.now);
      add("gc", this.#gc, gc.intervalMs);
    }
    if (memory) add("memory", new MemorySampler(memory), memory.intervalMs);
    if (eventLoop) add("event loop", new EventLoopSampler(this.#turns), eventLoop.intervalMs);
    if (activity) add("activity", new ActivitySampler(), activity.intervalMs);
    if (!stalls) return;
    const stallRecorder = recorder();
    this.#stopRecordingStalls = recordStalls(this.#turns, stalls.thresholdMs, (label, value) =>
      stallRecorder.observe(labelHere(label), value),
    );
  }

  /** Calls one more sampler on an interval, until `stop()`. Only after `start()`. */
  add(name: string, sampler: Sampler, recorder: ValueRecorder, intervalMs: number): Sampling {
    return this.#rounds!.add(name, sampler, recorder, intervalMs);
  }

  /** A CPU profile of this thread is being taken, until the function returned is called. */
  profiling(): () => void {
    return disturbing(this.#turns.pulse);
  }

  /** The process may be about to end, in the middle of a turn: takes a last reading of everything, as far as it has come. */
  sampleNow(): void {
    this.#turns.cutShort();
    this.#rounds?.sampleNow();
    this.#gc?.cutShort(); // what was counted, and would have been told of after the turn
  }

  /** Takes a last reading of everything, and ends. */
  stop(): void {
    this.#turns.cutShort();
    this.#rounds?.stop();
    this.#stopRecordingStalls();
  }
}

/** The flusher's thread takes some 100 ms to come up; by then a short program has done half of what it does. */
function observeProcessAtStart(recorder: ValueRecorder): void {
  const readings: (readonly [string, number])[] = [];
  new ProcessSampler({ isSilent: true }).sample((label, value) => readings.push([label, value]));
  recorder.observeMany(readings);
}

const labelHere = (label: string): string => (isMainThread ? label : ofThread(label, threadId));
