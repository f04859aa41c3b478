/**
 * speedscope's own format: a timeline of stacks per profile. https://www.speedscope.app/file-format-schema.json
 *
 * Written in pieces, as the stacks of an hour are longer than the longest string V8 can hold.
 */

import { FrameTable, isRoot } from "./call-tree.js";
import type { CpuProfile } from "./cpu-profile.js";
import { jsonItems } from "./json-items.js";
import { filePath } from "./location.js";

export function* speedscope(profiles: readonly CpuProfile[]): Generator<string> {
  const table = new FrameTable();
  const stacks = profiles.map((profile) => stacksOf(profile, table));
  const frames = table.frames.map(({ name, url, line, column }) => ({
    name,
    ...(url === "" ? {} : { file: filePath(url) }),
    ...(line === 0 ? {} : { line }),
    ...(column === 0 ? {} : { col: column }),
  }));
  yield '{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":"seismo","activeProfileIndex":0,';
  yield `"name":${JSON.stringify(profiles.map(({ name }) => name).join(", "))},"shared":{"frames":${JSON.stringify(frames)}},`;
  yield '"profiles":[';
  for (const [i, profile] of profiles.entries()) {
    const { node, us } = merged(profile);
    const head = {
      type: "sampled",
      name: profile.name,
      unit: "microseconds",
      startValue: 0,
      endValue: profile.durationUs,
    };
    yield `${i === 0 ? "" : ","}${JSON.stringify(head).slice(0, -1)},"samples":[`;
    yield* jsonItems(node.length, (k) => stacks[i]!(node[k]!));
    yield '],"weights":[';
    yield* jsonItems(us.length, (k) => us[k]);
    yield "]}";
  }
  yield "]}\n";
}

/** By node: the functions on the stack, outermost first. Made when asked for, as most nodes are never on top. */
function stacksOf({ nodes }: CpuProfile, table: FrameTable): (node: number) => readonly number[] {
  const ids = nodes.map(({ frame }) => table.idOf(frame));
  return (node) => {
    const stack: number[] = [];
    for (let at = node; at !== -1; at = nodes[at]!.parent) {
      if (at === node || !isRoot(nodes[at]!.frame)) stack.push(ids[at]!);
    }
    return stack.reverse();
  };
}

/** Stretches with those that follow each other in the same node made one. */
function merged({ stretches }: CpuProfile): { node: number[]; us: number[] } {
  const node: number[] = [];
  const us: number[] = [];
  for (let k = 0; k < stretches.node.length; k++) {
    if (node.length > 0 && node.at(-1) === stretches.node[k]) us[us.length - 1]! += stretches.us[k]!;
    else {
      node.push(stretches.node[k]!);
      us.push(stretches.us[k]!);
    }
  }
  return { node, us };
}
