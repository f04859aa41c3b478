/**
 * Call tree: several profiles as one, in which every function stands once below each of its callers.
 *
 * The windows of one run are profiles with trees of their own; here they are added up.
 */

import type { CpuProfile, FrameKey } from "./cpu-profile.js";

export interface CallTree {
  /** Every function once. */
  readonly frames: readonly FrameKey[];
  /** By node, parents before children: index of the parent, or -1; index of the function. */
  readonly parent: readonly number[];
  readonly frame: readonly number[];
  /** By node: time it was on top of the stack, in microseconds, and samples that say so. */
  readonly selfUs: readonly number[];
  readonly selfSamples: readonly number[];
  readonly durationUs: number;
}

/** A pair of indices as one key of a map: exact while nodes are fewer than 2^27. */
const FRAMES = 2 ** 26;

export function callTree(profiles: readonly CpuProfile[]): CallTree {
  const table = new FrameTable();
  const nodeOfKey = new Map<number, number>();
  const parent: number[] = [];
  const frame: number[] = [];
  const selfUs: number[] = [];
  const selfSamples: number[] = [];
  let durationUs = 0;
  for (const profile of profiles) {
    const nodeOf = new Int32Array(profile.nodes.length);
    for (const [i, node] of profile.nodes.entries()) {
      const above = node.parent === -1 ? -1 : nodeOf[node.parent]!;
      const frameId = table.idOf(node.frame);
      const key = (above + 1) * FRAMES + frameId;
      let at = nodeOfKey.get(key);
      if (at === undefined) {
        at = parent.length;
        nodeOfKey.set(key, at);
        parent.push(above);
        frame.push(frameId);
        selfUs.push(0);
        selfSamples.push(0);
      }
      nodeOf[i] = at;
    }
    const { node, us, samples } = profile.stretches;
    for (let k = 0; k < node.length; k++) {
      const at = nodeOf[node[k]!]!;
      selfUs[at]! += us[k]!;
      selfSamples[at]! += samples[k]!;
    }
    durationUs += profile.durationUs;
  }
  return { frames: table.frames, parent, frame, selfUs, selfSamples, durationUs };
}

/** Functions to small integers. Two are the same if name, file, line and column are. */
export class FrameTable {
  readonly frames: FrameKey[] = [];
  readonly #ids = new Map<string, number>();

  idOf(frame: FrameKey): number {
    const key = `${frame.name}\0${frame.url}\0${frame.line}\0${frame.column}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.frames.push(frame) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }
}

/** True for what is at the bottom of every stack and stands for no function. */
export function isRoot(frame: FrameKey): boolean {
  return frame.name === "(root)" && frame.url === "";
}
