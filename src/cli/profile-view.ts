/**
 * View of a profile: which of its functions are shown, in which order, and what they look like as text.
 *
 * Columns are those of `go tool pprof -top`, with the words of Python's `pstats`: self, its share, the running sum of
 * shares, total, its share.
 */

import { type CallTime, type FrameKey, type FunctionTime, type FunctionTimes, shortLocation } from "../analysis.js";

export const SORTS = ["self", "total", "name"] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  readonly sort: Sort;
  /** Lines of a table; 0 for all. */
  readonly limit: number;
  /** Text that name or location must hold, in any case. */
  readonly filter: string;
  /** False leaves out `(idle)`, from the shares too. */
  readonly idle: boolean;
}

const isIdle = ({ name, url }: FrameKey) => name === "(idle)" && url === "";
const described = (frame: FrameKey) => `${frame.name} ${shortLocation(frame)}`;
const holds = (frame: FrameKey, text: string) => described(frame).toLowerCase().includes(text.toLowerCase());

const ORDERS: Record<Sort, (a: FunctionTime, b: FunctionTime) => number> = {
  self: (a, b) => b.selfUs - a.selfUs || b.totalUs - a.totalUs,
  total: (a, b) => b.totalUs - a.totalUs || b.selfUs - a.selfUs,
  name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
};

/** All functions that the view lets through, in its order. Its limit is for the reader's eyes, and is not applied here. */
export function inView({ functions }: FunctionTimes, { sort, filter, idle }: View): FunctionTime[] {
  return functions.filter((it) => (idle || !isIdle(it)) && holds(it, filter)).sort(ORDERS[sort]);
}

/** The functions of that name; or else those whose name holds it; or else those whose location does. In order. */
export function named({ functions }: FunctionTimes, name: string, { sort }: View): FunctionTime[] {
  const lower = name.toLowerCase();
  const tests = [
    (it: FunctionTime) => it.name === name,
    (it: FunctionTime) => it.name.toLowerCase().includes(lower),
    (it: FunctionTime) => holds(it, name),
  ];
  return (tests.map((test) => functions.filter(test)).find((found) => found.length > 0) ?? []).sort(ORDERS[sort]);
}

export const noMatch = (text: string): string => `no function matches "${text}"`;

/** "1 function", "2 functions". */
export const counted = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? "" : "s"}`;

/** The table of functions. */
export function functionTable(times: FunctionTimes, view: View): string {
  const unit = unitOf(times);
  const idleUs = times.functions.filter(isIdle).reduce((sum, { selfUs }) => sum + selfUs, 0);
  const wholeUs = view.idle ? times.durationUs : times.durationUs - idleUs;
  const all = inView(times, view);
  const shown = limited(all, view);
  const width = nameWidth(shown);
  let sumUs = 0;
  const lines = shown.map((it) => {
    sumUs += it.selfUs;
    const self = [unit.digits(it.selfUs), share(it.selfUs, wholeUs), share(sumUs, wholeUs)];
    return row([...self, unit.digits(it.totalUs), share(it.totalUs, wholeUs)], it, width);
  });
  const head = [unit.text(times.durationUs)];
  if (!view.idle) head.push(`${unit.text(idleUs)} of them idle and left out`);
  head.push(counted(times.samples, "sample"));
  if (times.longestSampleUs > 0) head.push(`the longest of ${shortText(times.longestSampleUs)}`);
  head.push(`by ${view.sort}`);
  if (view.filter !== "") head.push(`with "${view.filter}"`);
  return [
    head.join(", "),
    row([`self ${unit.name}`, "self%", "sum%", `total ${unit.name}`, "total%"], "function", width),
    ...lines,
    ...more(all, shown),
    "",
  ].join("\n");
}

/** More would bury the reader: hundreds of functions have an `a` in their names. */
export const MOST_CALL_TABLES = 5;

/** The callers or the callees of functions that `name` has found: of the first few, or of all if the view has no limit. */
export function callTables(
  times: FunctionTimes,
  found: readonly FunctionTime[],
  name: string,
  side: "callers" | "callees",
  view: View,
): string {
  const shown = view.limit === 0 ? found : found.slice(0, MOST_CALL_TABLES);
  const tables = shown.map((target) => callTable(times, target, side, view));
  if (shown.length < found.length) {
    tables.push(`${shown.length} of ${found.length} functions shown that match "${name}", by ${view.sort}\n`);
  }
  return tables.join("\n");
}

/** The callers or the callees of a function: how much of the time of each call's target is owed to that call. */
function callTable(times: FunctionTimes, target: FunctionTime, side: "callers" | "callees", view: View): string {
  const unit = unitOf(times);
  const all = target[side];
  const shown = limited(all, view);
  const width = nameWidth(shown);
  const lines = shown.map((it) =>
    row([unit.digits(it.selfUs), unit.digits(it.totalUs), share(it.totalUs, target.totalUs)], it, width),
  );
  const of = `${side} of ${described(target).trimEnd()}, self ${unit.text(target.selfUs)}, total ${unit.text(target.totalUs)}`;
  if (all.length === 0) return `${of}: none\n`;
  const head = row([`self ${unit.name}`, `total ${unit.name}`, "total%"], side.slice(0, -1), width);
  return [of, head, ...lines, ...more(all, shown), ""].join("\n");
}

function limited<T>(all: readonly T[], { limit }: View): readonly T[] {
  return limit === 0 ? all : all.slice(0, limit);
}

function more(all: readonly unknown[], shown: readonly unknown[]): string[] {
  return shown.length === all.length ? [] : [`${shown.length} of ${all.length} shown`];
}

/** Seconds for what takes minutes, else milliseconds: the same in all of a table, so that columns can be compared. */
function unitOf({ durationUs }: FunctionTimes) {
  const [name, us, decimals] = durationUs >= 100e6 ? (["s", 1e6, 2] as const) : (["ms", 1e3, 1] as const);
  const digits = (time: number) => (time / us).toFixed(decimals);
  return { name, digits, text: (time: number) => `${digits(time)} ${name}` };
}

/** The time of a sample, which is a matter of microseconds or of minutes however long the profile is. */
function shortText(us: number): string {
  if (us < 1e3) return `${us.toFixed(0)} µs`;
  return us < 1e6 ? `${(us / 1e3).toFixed(1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}

const share = (us: number, wholeUs: number) => `${(wholeUs === 0 ? 0 : (100 * us) / wholeUs).toFixed(1)}%`;

/** Minified names can be long, and generated ones longer: those push their own location aside, and no other. */
const nameWidth = (rows: readonly CallTime[]) =>
  rows.reduce((most, { name }) => Math.max(most, Math.min(name.length, 32)), 8);

function row(cells: readonly string[], frame: FrameKey | string, width: number): string {
  const numbers = cells.map((cell) => cell.padStart(10)).join("");
  if (typeof frame === "string") return `${numbers}  ${frame}`;
  return `${numbers}  ${frame.name.padEnd(width)}  ${shortLocation(frame)}`.trimEnd();
}
