/**
 * Sampler rounds: calls samplers on their intervals, and records what they say.
 *
 * Samplers of one interval share one timer, as to wake an idle process costs more than to read most of them. One that
 * is slow is not called again before it has answered; one that throws or rejects is counted, named once, and goes on.
 */

import { AsyncResource } from "node:async_hooks";
import { performance } from "node:perf_hooks";
import { clearInterval, setInterval } from "node:timers";
import { messageOf } from "../errors.js";
import { SAMPLER_ERRORS } from "../format/series.js";
import type { ValueRecorder } from "../record/value-recorder.js";
import { inRootContext } from "./root-context.js";
import type { Observe, Sampler } from "./sampler.js";

/** A sampler at work. */
export interface Sampling {
  /** Takes a last sample, unless one is being taken, and ends it. Harmless when ended. */
  stop(): void;
}

export interface RoundsHost {
  /** Where errors are counted, as a series. Asked for when the first sampler is added. */
  readonly errors: () => ValueRecorder;
  readonly warn: (code: string, message: string) => void;
}

interface Task {
  readonly name: string;
  readonly sampler: Sampler;
  /** Calls the sampler in the context it was added in: a timer is shared, that of a request is not. */
  sample: Sampler["sample"];
  readonly recorder: ValueRecorder;
  readonly intervalMs: number;
  isBusy: boolean;
  missed: number;
  hasWarned: boolean;
  lastMs: number;
}

interface Round {
  readonly timer: NodeJS.Timeout;
  readonly tasks: Set<Task>;
}

/** The process may end by several ways one after the other, each of which asks for a last reading. */
const LEAST_MS_BETWEEN = 10;
/** A sampler that has missed so many rounds, for want of an answer, is told of. */
const MISSED_ROUNDS = 10;

export class SamplerRounds {
  readonly #host: RoundsHost;
  readonly #rounds = new Map<number, Round>();
  #errorCounts: ValueRecorder | undefined;
  #errors = 0;

  constructor(host: RoundsHost) {
    this.#host = host;
  }

  /** Calls a sampler now, then on its interval, then once more when it is stopped. */
  add(name: string, sampler: Sampler, recorder: ValueRecorder, intervalMs: number): Sampling {
    this.#errorCounts ??= this.#host.errors();
    const sample = AsyncResource.bind((observe: Observe) => sampler.sample(observe));
    const task: Task = {
      name,
      sampler,
      sample,
      recorder,
      intervalMs,
      isBusy: false,
      missed: 0,
      hasWarned: false,
      lastMs: 0,
    };
    this.#roundOf(intervalMs).tasks.add(task);
    this.#run(task);
    return { stop: () => this.#end(task) };
  }

  /** Calls every sampler that has not just been called. */
  sampleNow(): void {
    const now = performance.now();
    for (const { tasks } of this.#rounds.values()) {
      for (const task of tasks) if (now - task.lastMs >= LEAST_MS_BETWEEN) this.#run(task);
    }
  }

  /** Takes a last sample of each, and ends all. */
  stop(): void {
    for (const { tasks } of [...this.#rounds.values()]) for (const task of [...tasks]) this.#end(task);
  }

  #roundOf(intervalMs: number): Round {
    const known = this.#rounds.get(intervalMs);
    if (known) return known;
    const tasks = new Set<Task>();
    const runAll = () => {
      for (const task of [...tasks]) this.#run(task);
    };
    const timer = inRootContext(() => setInterval(runAll, intervalMs));
    timer.unref();
    const round = { timer, tasks };
    this.#rounds.set(intervalMs, round);
    return round;
  }

  #end(task: Task): void {
    const round = this.#rounds.get(task.intervalMs);
    if (!round?.tasks.delete(task)) return;
    if (round.tasks.size === 0) {
      clearInterval(round.timer);
      this.#rounds.delete(task.intervalMs);
    }
    this.#run(task);
    task.sample = () => {}; // and with it, what that context holds
    try {
      task.sampler.stop?.();
    } catch (error) {
      this.#fail(task, error);
    }
  }

  #run(task: Task): void {
    if (task.isBusy) {
      if (++task.missed === MISSED_ROUNDS) this.#fail(task, new Error(`no answer for ${MISSED_ROUNDS} rounds`));
      return;
    }
    task.isBusy = true;
    task.missed = 0;
    task.lastMs = performance.now();
    const readings: (readonly [string, number])[] = [];
    let hasReturned = false;
    const observe: Observe = (label, value) => {
      if (hasReturned) task.recorder.observe(label, value);
      else readings.push([label, value]);
    };
    let answer: unknown;
    try {
      answer = task.sample(observe);
    } catch (error) {
      this.#fail(task, error);
    }
    hasReturned = true;
    if (readings.length > 0) task.recorder.observeMany(readings);
    if (typeof answer !== "object" || answer === null) {
      task.isBusy = false;
      return;
    }
    Promise.resolve(answer)
      .catch((error) => this.#fail(task, error))
      .finally(() => {
        task.isBusy = false;
      });
  }

  /** Never throws: what the host's code throws may be anything. */
  #fail(task: Task, error: unknown): void {
    this.#errorCounts?.observe(SAMPLER_ERRORS, ++this.#errors);
    if (task.hasWarned) return;
    task.hasWarned = true;
    this.#host.warn(
      "ERR_SEISMO_SAMPLER",
      `the sampler ${JSON.stringify(task.name)} failed: ${messageOf(error)}. It goes on; further errors of it are only counted.`,
    );
  }
}
