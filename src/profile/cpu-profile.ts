/**
 * CPU profile: what is left of a `.cpuprofile` file once it has been read, checked and put straight.
 *
 *     file ──read-profile.ts──▶ CpuProfile ──call-tree.ts──▶ function times, collapsed stacks, pprof
 *                                         └──timeline──────▶ speedscope, .cpuprofile
 *
 * A profile is a tree of calls and a row of *stretches*: times in which one node of the tree was on top of the stack. A
 * stretch belongs to one sample and lasts from that sample to the next, the last one to the end of the profile. Chrome
 * DevTools and speedscope count likewise: `timeDeltas[i]` says when sample `i` was taken, and so how long sample `i - 1`
 * lasted. The time before the first sample, in which V8 gets its profiler going, is `(program)`'s, as V8's own first
 * sample has it, or `(root)`'s in a profile without `(program)`. So the stretches of a profile add up to its duration, and so do the self times of all functions.
 */

import { SeismoError } from "../errors.js";

/**
 * A file that cannot be read, or that is no CPU profile. The message names it, what is wrong, what was expected.
 *
 * @example
 * import { ProfileError, parseProfile } from "seismo/analysis";
 * try {
 *   parseProfile('{"nodes": []}', "empty.cpuprofile");
 * } catch (error) {
 *   console.log(error instanceof ProfileError && `${error.code} ${error.file}`); // => ERR_SEISMO_PROFILE empty.cpuprofile
 * }
 */
export class ProfileError extends SeismoError {
  override name = "ProfileError";
  readonly file: string;
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super("ERR_SEISMO_PROFILE", `${file}: ${reason}`, options);
    this.file = file;
  }
}

/** A function, as V8 tells it from others: by its name and where it begins. */
export interface FrameKey {
  /** `(anonymous)` if it has none; `(idle)`, `(program)`, `(garbage collector)` and `(root)` are V8's own. */
  readonly name: string;
  /** As V8 has it: `file:///app/server.js`, `/app/server.cjs`, `node:fs`, or "" for what has no source. */
  readonly url: string;
  /** Line and column the function begins at, both from 1; 0 if unknown. */
  readonly line: number;
  readonly column: number;
}

export interface CallNode {
  readonly frame: FrameKey;
  /** Index of the caller's node, which comes earlier; -1 for a root. */
  readonly parent: number;
  /** What DevTools and VS Code want to be handed on, as it was found. */
  readonly scriptId: string;
  readonly positionTicks: readonly unknown[] | undefined;
}

export interface CpuProfile {
  /** Where it came from: the name of a file, as a rule. */
  readonly name: string;
  /** On V8's monotonic clock, in microseconds. */
  readonly startUs: number;
  readonly durationUs: number;
  /** The call tree: parents before children. */
  readonly nodes: readonly CallNode[];
  /** False if the profile held hit counts only: then stretches say how long, but not when. */
  readonly hasTimeline: boolean;
  readonly stretches: Stretches;
}

/** Columns of equal length, in order of time. */
export interface Stretches {
  /** Index of the node that was on top. */
  readonly node: Int32Array;
  /** How long, in microseconds; their sum is the duration. */
  readonly us: Float64Array;
  /** Samples that say so: 1, but 0 before the first sample, and many where there are only hit counts. */
  readonly samples: Uint32Array;
}
