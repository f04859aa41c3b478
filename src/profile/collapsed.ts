/**
 * Collapsed stacks, one per line with its microseconds: `handle (server.js:3:1);parse (server.js:9:1) 1250`. Read by
 * flamegraph.pl, inferno, speedscope and anything else that draws flame graphs.
 */

import { type CallTree, isRoot } from "./call-tree.js";
import { shortLocation } from "./location.js";

export function* collapsedStacks(tree: CallTree, directory: string): Generator<string> {
  // `;` parts frames and a line end parts stacks, and the format has no way to quote them
  const texts = tree.frames.map((frame) => {
    const location = shortLocation(frame, directory);
    const text = location === "" ? frame.name : `${frame.name} (${location})`;
    return text.replaceAll(";", ",").replace(/[\r\n]+/g, " ");
  });
  let exactUs = 0;
  let writtenUs = 0;
  for (const [node, selfUs] of tree.selfUs.entries()) {
    if (selfUs === 0) continue;
    // counts are whole: what rounding leaves over goes to the next stack, so that the sum stays true
    exactUs += selfUs;
    const us = Math.round(exactUs) - writtenUs;
    if (us === 0) continue;
    writtenUs += us;
    const stack: string[] = [];
    for (let at = node; at !== -1; at = tree.parent[at]!) {
      const frame = tree.frame[at]!;
      if (at === node || !isRoot(tree.frames[frame]!)) stack.push(texts[frame]!);
    }
    yield `${stack.reverse().join(";")} ${us}\n`;
  }
}
