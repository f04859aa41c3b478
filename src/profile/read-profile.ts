/**
 * From the shapes in which CPU profiles are found to the one we work on.
 *
 *     {nodes, samples, timeDeltas}     V8 since 2016: `node --cpu-prof`, the inspector, Chrome
 *     … nodes with `parent`            Chrome's traces, which have `parent` in place of `children`
 *     … without samples                hit counts only: time is shared out by them
 *     {typeId: "CPU", nodes, …}        v8-profiler-next, whose lines count from 1
 *     {head, samples, timestamps}      the same by default, and V8 before 2016: a tree, and whole seconds
 *
 * Whatever does not add up is refused by name: a profile half understood would be a wrong measurement. Nothing here
 * recurses, as stacks may be deeper than ours.
 */

import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { type CallNode, type CpuProfile, type FrameKey, ProfileError, type Stretches } from "./cpu-profile.js";

/** What JSON gives us: anything. */
type Raw = Record<string, unknown>;

const ROOT = "(root)";
const PROGRAM = "(program)";

/**
 * Reads a `.cpuprofile` file: of `node --cpu-prof`, of Seismo, of the inspector, Chrome or v8-profiler-next.
 *
 * @throws {ProfileError} if the file cannot be read or is no CPU profile
 * @example
 * import { writeFileSync } from "node:fs";
 * import { readProfile } from "seismo/analysis";
 * const callFrame = { functionName: "(root)", scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
 * const profile = { nodes: [{ id: 1, callFrame }], startTime: 0, endTime: 5000, samples: [1], timeDeltas: [1000] };
 * writeFileSync("some.cpuprofile", JSON.stringify(profile));
 * console.log(readProfile("some.cpuprofile").durationUs); // => 5000
 */
export function readProfile(path: string): CpuProfile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ProfileError(path, `cannot be read: ${reasonOf(error as NodeJS.ErrnoException)}`, { cause: error });
  }
  return parseProfile(text, path);
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a directory";
  if (code === "EACCES") return "permission denied";
  if (code === "ERR_STRING_TOO_LONG" || code === "ERR_FS_FILE_TOO_LARGE") return "it is larger than 512 MiB";
  return message;
}

/**
 * Reads a CPU profile from its JSON text, or from the object that the inspector's `Profiler.stop` hands over.
 *
 * @param name  what errors and conversions call it: the name of the file, as a rule
 * @throws {ProfileError} if it is no CPU profile
 * @example
 * import { parseProfile } from "seismo/analysis";
 * const frame = (functionName: string) => ({ functionName, scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 });
 * const nodes = [{ id: 1, callFrame: frame("(root)"), children: [2] }, { id: 2, callFrame: frame("work") }];
 * const profile = parseProfile({ nodes, startTime: 0, endTime: 3000, samples: [2, 2], timeDeltas: [0, 1000] });
 * console.log(profile.durationUs, profile.stretches.us); // => 3000 Float64Array(2) [ 1000, 2000 ]
 */
export function parseProfile(source: string | object, name: string = "profile"): CpuProfile {
  const raw = typeof source === "string" ? parseJson(source, name) : source;
  if (!isObject(raw)) {
    throw new ProfileError(name, `must be a CPU profile, an object with nodes, got ${shown(raw)}`);
  }
  const isTree = isObject(raw.head);
  const rawNodes = isTree ? flattened(raw.head as Raw) : requireArray(raw.nodes, "nodes", name);
  if (rawNodes.length === 0) throw new ProfileError(name, "nodes must hold at least one node, got []");
  const firstLine = isTree || raw.typeId === "CPU" ? 1 : 0;
  const { nodes, indexOfId, hitCounts } = linked(rawNodes, firstLine, name);
  return { name, nodes, ...timed(raw, isTree, nodes, indexOfId, hitCounts, name) };
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProfileError(name, `must be JSON: ${(error as Error).message}`, { cause: error });
  }
}

const isObject = (value: unknown): value is Raw => typeof value === "object" && value !== null && !Array.isArray(value);
const shown = (value: unknown): string => inspect(value, { depth: 0, maxStringLength: 80, breakLength: Infinity });

function requireArray(value: unknown, what: string, name: string): unknown[] {
  if (!Array.isArray(value)) throw new ProfileError(name, `${what} must be an array, got ${shown(value)}`);
  return value;
}

function requireNumber(value: unknown, what: string, name: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new ProfileError(name, `${what} must be a number, got ${shown(value)}`);
  }
  return value;
}

function numbers(value: unknown, what: string, name: string): Float64Array {
  const array = requireArray(value, what, name);
  const read = new Float64Array(array.length);
  for (let i = 0; i < array.length; i++) {
    const number = array[i];
    read[i] =
      typeof number === "number" && Number.isFinite(number) ? number : requireNumber(number, `${what}[${i}]`, name);
  }
  return read;
}

/** The nodes of a tree in which nodes hold nodes, as nodes that name each other. */
function flattened(head: Raw): Raw[] {
  const flat: Raw[] = [];
  const open: unknown[] = [head];
  while (open.length > 0) {
    const node = open.pop();
    if (!isObject(node)) continue; // its parent names an id of undefined, which is refused later
    const children = Array.isArray(node.children) ? node.children : [];
    flat.push({ ...node, callFrame: node, children: children.map((child) => (isObject(child) ? child.id : child)) });
    for (let i = children.length - 1; i >= 0; i--) open.push(children[i]);
  }
  return flat;
}

interface LinkedNodes {
  readonly nodes: CallNode[];
  readonly indexOfId: Map<number, number>;
  /** By index. */
  readonly hitCounts: Float64Array;
}

/** Nodes with their parents, parents first. */
function linked(rawNodes: readonly unknown[], firstLine: number, name: string): LinkedNodes {
  const raws: Raw[] = [];
  const foundAt = new Map<number, number>();
  for (let i = 0; i < rawNodes.length; i++) {
    const raw = rawNodes[i];
    if (!isObject(raw)) throw new ProfileError(name, `nodes[${i}] must be an object, got ${shown(raw)}`);
    const id = requireNumber(raw.id, `nodes[${i}].id`, name);
    if (foundAt.has(id)) throw new ProfileError(name, `ids of nodes must differ, but two have id ${id}`);
    foundAt.set(id, i);
    raws.push(raw);
  }
  const order = parentsFirst(raws, foundAt, name);
  const indexOf = new Int32Array(raws.length);
  for (let index = 0; index < order.at.length; index++) indexOf[order.at[index]!] = index;

  const nodes: CallNode[] = [];
  const hitCounts = new Float64Array(raws.length);
  const indexOfId = new Map<number, number>();
  for (const i of order.at) {
    const raw = raws[i]!;
    const parent = order.parent[i]!;
    const { callFrame, hitCount = 0, positionTicks } = raw;
    if (!isObject(callFrame))
      throw new ProfileError(name, `nodes[${i}].callFrame must be an object, got ${shown(callFrame)}`);
    hitCounts[nodes.length] = requireNumber(hitCount, `nodes[${i}].hitCount`, name);
    indexOfId.set(raw.id as number, nodes.length);
    nodes.push({
      frame: frameKey(callFrame, firstLine, `nodes[${i}].callFrame`, name),
      parent: parent === -1 ? -1 : indexOf[parent]!,
      scriptId: String(callFrame.scriptId ?? 0),
      positionTicks: Array.isArray(positionTicks) ? positionTicks : undefined,
    });
  }
  return { nodes, indexOfId, hitCounts };
}

function frameKey(callFrame: Raw, firstLine: number, what: string, name: string): FrameKey {
  const { functionName, url, lineNumber = -1 + firstLine, columnNumber = -1 + firstLine } = callFrame;
  if (typeof functionName !== "string") {
    throw new ProfileError(name, `${what}.functionName must be a string, got ${shown(functionName)}`);
  }
  return {
    name: functionName === "" ? "(anonymous)" : functionName,
    url: typeof url === "string" ? url : "",
    line: Math.max(0, requireNumber(lineNumber, `${what}.lineNumber`, name) + 1 - firstLine),
    column: Math.max(0, requireNumber(columnNumber, `${what}.columnNumber`, name) + 1 - firstLine),
  };
}

/** Positions of nodes in an order in which parents come before their children, and the parent's of each position. */
function parentsFirst(raws: readonly Raw[], foundAt: Map<number, number>, name: string) {
  const parent = new Int32Array(raws.length).fill(-1);
  const adopt = (child: number, by: number) => {
    const other = parent[child]!;
    if (other !== -1 && other !== by) {
      const ids = `${raws[child]!.id} is one of ${raws[other]!.id} and of ${raws[by]!.id}`;
      throw new ProfileError(name, `a node must be the child of one node, but ${ids}`);
    }
    parent[child] = by;
  };
  const find = (id: unknown, what: string): number => {
    const at = foundAt.get(id as number);
    if (at === undefined) throw new ProfileError(name, `${what} must be the id of a node, got ${shown(id)}`);
    return at;
  };
  for (let i = 0; i < raws.length; i++) {
    const { children, parent: parentId } = raws[i]!;
    if (children !== undefined && children !== null) {
      for (const id of requireArray(children, `nodes[${i}].children`, name)) adopt(find(id, `nodes[${i}].children`), i);
    }
    if (parentId !== undefined && parentId !== null) adopt(i, find(parentId, `nodes[${i}].parent`));
  }

  const lastChild = new Int32Array(raws.length).fill(-1);
  const previousSibling = new Int32Array(raws.length).fill(-1);
  const open: number[] = [];
  for (let i = 0; i < raws.length; i++) {
    const by = parent[i]!;
    if (by === -1) continue;
    previousSibling[i] = lastChild[by]!;
    lastChild[by] = i;
  }
  for (let i = raws.length - 1; i >= 0; i--) if (parent[i] === -1) open.push(i);
  const at: number[] = [];
  while (open.length > 0) {
    const i = open.pop()!;
    at.push(i);
    for (let child = lastChild[i]!; child !== -1; child = previousSibling[child]!) open.push(child);
  }
  if (at.length < raws.length) {
    const reached = new Set(at);
    const lost = raws.findIndex((_, i) => !reached.has(i));
    throw new ProfileError(name, `nodes must form a tree, but node ${raws[lost]!.id} is among its own callers`);
  }
  return { at, parent };
}

type Timing = Pick<CpuProfile, "startUs" | "durationUs" | "hasTimeline" | "stretches">;

function timed(
  raw: Raw,
  isTree: boolean,
  nodes: readonly CallNode[],
  indexOfId: Map<number, number>,
  hitCounts: Float64Array,
  name: string,
): Timing {
  const unitUs = isTree ? 1e6 : 1; // the older form counts seconds
  const startUs = requireNumber(raw.startTime ?? 0, "startTime", name) * unitUs;
  const endUs = requireNumber(raw.endTime ?? startUs / unitUs, "endTime", name) * unitUs;
  const samples = raw.samples === undefined || raw.samples === null ? [] : requireArray(raw.samples, "samples", name);
  if (samples.length === 0) return timedByHits(nodes, hitCounts, startUs, Math.max(startUs, endUs));

  const sampled = new Int32Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const index = indexOfId.get(samples[i] as number);
    if (index === undefined)
      throw new ProfileError(name, `samples[${i}] must be the id of a node, got ${shown(samples[i])}`);
    sampled[i] = index;
  }
  if (raw.timestamps !== undefined && raw.timestamps !== null) {
    // they are in microseconds even where start and end are whole seconds, rounded down, so that those are no help
    const atUs = numbers(raw.timestamps, "timestamps", name);
    requireLength(atUs, "timestamps", samples.length, name);
    const span = extent(atUs);
    const averageUs = samples.length > 1 ? (span.last - span.first) / (samples.length - 1) : 0;
    return timeline(nodes, sampled, atUs, span.first, span.last + averageUs);
  }
  const atUs = new Float64Array(samples.length);
  if (raw.timeDeltas === undefined || raw.timeDeltas === null) {
    for (let i = 0; i < atUs.length; i++) atUs[i] = startUs + ((endUs - startUs) * i) / atUs.length;
  } else {
    const deltas = numbers(raw.timeDeltas, "timeDeltas", name);
    requireLength(deltas, "timeDeltas", samples.length, name);
    let nowUs = startUs;
    for (let i = 0; i < atUs.length; i++) atUs[i] = nowUs += deltas[i]!;
  }
  const { first, last } = extent(atUs);
  return timeline(nodes, sampled, atUs, Math.min(startUs, first), Math.max(endUs, last));
}

function requireLength(array: Float64Array, what: string, length: number, name: string): void {
  if (array.length !== length) {
    throw new ProfileError(name, `${what} must be as many as samples, ${length}, got ${array.length}`);
  }
}

function extent(values: Float64Array): { first: number; last: number } {
  let first = Infinity;
  let last = -Infinity;
  for (const value of values) {
    if (value < first) first = value;
    if (value > last) last = value;
  }
  return { first, last };
}

/** Samples at known times. V8 takes them on two threads, so that some come a little before their predecessors. */
function timeline(
  nodes: readonly CallNode[],
  sampled: Int32Array,
  atUs: Float64Array,
  startUs: number,
  endUs: number,
): Timing {
  const order = inOrder(atUs);
  const n = sampled.length;
  const before = atUs[order === undefined ? 0 : order[0]!]! - startUs;
  const lead = before > 0 ? 1 : 0;
  const stretches = emptyStretches(n + lead);
  if (lead === 1) {
    stretches.node[0] = unknownNode(nodes);
    stretches.us[0] = before;
  }
  for (let k = 0; k < n; k++) {
    const i = order === undefined ? k : order[k]!;
    const untilUs = k + 1 === n ? endUs : atUs[order === undefined ? k + 1 : order[k + 1]!]!;
    stretches.node[k + lead] = sampled[i]!;
    stretches.us[k + lead] = untilUs - atUs[i]!;
    stretches.samples[k + lead] = 1;
  }
  return { startUs, durationUs: endUs - startUs, hasTimeline: true, stretches };
}

/** Positions in order of time; undefined if they are so already, as they mostly are. */
function inOrder(atUs: Float64Array): Uint32Array | undefined {
  let i = 1;
  while (i < atUs.length && atUs[i]! >= atUs[i - 1]!) i++;
  if (i >= atUs.length) return undefined;
  return Uint32Array.from(atUs.keys()).sort((a, b) => atUs[a]! - atUs[b]! || a - b);
}

/** Without samples, every hit counts for as much of the time as any other. */
function timedByHits(nodes: readonly CallNode[], hits: Float64Array, startUs: number, endUs: number): Timing {
  const durationUs = endUs - startUs;
  const hit = [...hits.keys()].filter((node) => hits[node]! > 0);
  const total = hit.reduce((sum, node) => sum + hits[node]!, 0);
  if (total === 0) {
    const stretches = emptyStretches(1);
    stretches.node[0] = unknownNode(nodes);
    stretches.us[0] = durationUs;
    return { startUs, durationUs, hasTimeline: false, stretches };
  }
  const stretches = emptyStretches(hit.length);
  for (const [k, node] of hit.entries()) {
    stretches.node[k] = node;
    stretches.us[k] = (durationUs * hits[node]!) / total;
    stretches.samples[k] = hits[node]!;
  }
  return { startUs, durationUs, hasTimeline: false, stretches };
}

const emptyStretches = (length: number): Stretches => ({
  node: new Int32Array(length),
  us: new Float64Array(length),
  samples: new Uint32Array(length),
});

/** Where time goes of which no sample tells. */
function unknownNode(nodes: readonly CallNode[]): number {
  const program = nodes.findIndex(({ frame }) => frame.name === PROGRAM && frame.url === "");
  if (program !== -1) return program;
  return Math.max(
    0,
    nodes.findIndex(({ frame, parent }) => parent === -1 && frame.name === ROOT),
  );
}
