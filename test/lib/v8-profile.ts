/** Little profiles in V8's format, from stacks written by hand. */

export interface V8Node {
  id: number;
  callFrame: { functionName: string; scriptId: string; url: string; lineNumber: number; columnNumber: number };
  hitCount?: number;
  children?: number[];
  parent?: number;
}

export interface V8Profile {
  nodes: V8Node[];
  startTime: number;
  endTime: number;
  samples: number[];
  timeDeltas: number[];
}

/**
 * A sample every millisecond from 1000 µs on, each a stack such as `a b c`, outermost first; `(root)` is understood. The
 * profile ends a millisecond after the last one, so that every sample lasts one. Functions are at line 1 of `/app/<name>.js`.
 */
export function v8Profile(...stacks: readonly string[]): V8Profile {
  const nodes: V8Node[] = [{ id: 1, callFrame: callFrame("(root)"), hitCount: 0, children: [] }];
  const samples = stacks.map((stack) => {
    let at = nodes[0]!;
    for (const name of stack.split(" ").filter((each) => each !== "")) {
      const known = at.children!.map((id) => nodes[id - 1]!).find((child) => child.callFrame.functionName === name);
      const next = known ?? { id: nodes.length + 1, callFrame: callFrame(name), hitCount: 0, children: [] };
      if (known === undefined) {
        nodes.push(next);
        at.children!.push(next.id);
      }
      at = next;
    }
    at.hitCount!++;
    return at.id;
  });
  return {
    nodes,
    startTime: 1000,
    endTime: 1000 + 1000 * stacks.length,
    samples,
    timeDeltas: stacks.map((_, i) => (i === 0 ? 0 : 1000)),
  };
}

export function callFrame(functionName: string, line = functionName.startsWith("(") ? 0 : 1): V8Node["callFrame"] {
  const url = line === 0 ? "" : `file:///app/${functionName}.js`;
  return { functionName, scriptId: "0", url, lineNumber: line - 1, columnNumber: line - 1 };
}
