/** V8's own format, in the shape it has now, whatever shape was read: for Chrome DevTools and VS Code. */

import type { CpuProfile } from "./cpu-profile.js";
import { jsonItems } from "./json-items.js";

export function* cpuProfileJson({ startUs, durationUs, nodes, hasTimeline, stretches }: CpuProfile): Generator<string> {
  const children: number[][] = nodes.map(() => []);
  const hitCounts = new Uint32Array(nodes.length);
  for (const [node, { parent }] of nodes.entries()) if (parent !== -1) children[parent]!.push(idOf(node));
  for (const [k, node] of stretches.node.entries()) hitCounts[node]! += stretches.samples[k]!;
  yield '{"nodes":[';
  yield* jsonItems(nodes.length, (node) => {
    const { frame, scriptId, positionTicks } = nodes[node]!;
    return {
      id: idOf(node),
      callFrame: {
        functionName: frame.name === "(anonymous)" ? "" : frame.name,
        scriptId,
        url: frame.url,
        lineNumber: frame.line - 1,
        columnNumber: frame.column - 1,
      },
      hitCount: hitCounts[node],
      children: children[node],
      positionTicks,
    };
  });
  yield `],"startTime":${startUs},"endTime":${startUs + durationUs}`;
  if (hasTimeline) {
    // a stretch before the first sample is not a sample, but the first delta
    const first = stretches.samples[0] === 0 ? 1 : 0;
    const { length } = stretches.node;
    yield ',"samples":[';
    yield* jsonItems(length - first, (k) => idOf(stretches.node[k + first]!));
    yield '],"timeDeltas":[';
    yield* jsonItems(length - first, (k) => (k + first === 0 ? 0 : stretches.us[k + first - 1]));
    yield "]";
  }
  yield "}\n";
}

const idOf = (node: number) => node + 1;
