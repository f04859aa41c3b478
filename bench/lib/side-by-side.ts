/**
 * Side by side: a server with something in it against the same server without, under load in turns.
 *
 * On a machine whose speed changes by a third from one half-minute to the next, a run of one and then a run of the other
 * say nothing about one percent. So the two stand side by side and take turns of a fraction of a second: what is
 * compared are neighbours. In a block of four (without, with, with, without) neither is always the later, and what
 * changes steadily cancels out; a block that something else came between is an outlier, which the median leaves out.
 *
 * Where the system can do it, all threads of both servers are held on one core, the flusher's too, and the load generator
 * on the others: so whatever is added, on any thread, is taken from its server. The kernel counts what each has run.
 */

import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import autocannon from "autocannon";
import { figureOf, median, single } from "./measure.js";
import { type Figure, type Figures, Skipped } from "./question.js";

const CONNECTIONS = 20;
const LOOK_MS = 20;
/**
 * Requests after a switch that are not counted. A thread that has just come up has none of its code compiled; and when a
 * diagnostics channel gets its first subscriber, or loses its last, Node's own functions that publish there are compiled
 * anew. With 6 000 requests a turn, two subscribers that do nothing seemed to cost 2 µs.
 */
const AFTER_SWITCH = 20_000;

/** The figure that says what recording costs, and the one that says how exactly this is known. */
export const MORE = "CPU a request, more";
const GIVE_OR_TAKE = "CPU a request, more: give or take";

/** A program that listens, tells its port by message, and ends when its parent lets go of it. */
export interface Program {
  readonly path: string;
  readonly args?: readonly string[];
  /** Flags of Node. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface Turns {
  /** Requests a turn. */
  readonly requests: number;
  readonly blocks: number;
  readonly warmUp: number;
  /** What is asked for. @default "/" */
  readonly path?: string;
  note(text: string): void;
}

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

interface Turn {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** One of the two that are compared. */
interface Side {
  readonly server: Server;
  /** Called before each of its turns. True if it had to be switched for that. */
  readonly ready: () => Promise<boolean>;
}

/**
 * How `candidate` compares with `base`: over several pairs of processes, the median and the least of what each pair came to.
 * For what cannot be switched in a process: see `onAndOff`.
 */
export async function pairsSideBySide(
  base: Program,
  candidate: Program,
  { pairs, ...turns }: Turns & { readonly pairs: number },
): Promise<Figures> {
  const ofPairs: Figures[] = [];
  for (let i = 0; i < pairs; i++) ofPairs.push(await sideBySide(base, candidate, turns));
  const names = Object.keys(ofPairs[0]).filter((name) => name !== GIVE_OR_TAKE);
  const figures: Record<string, Figure> = {};
  for (const name of names) {
    figures[name] = figureOf(
      ofPairs[0][name].unit,
      ofPairs.map((each) => each[name].median),
    );
  }
  return { ...figures, [GIVE_OR_TAKE]: single("µs", giveOrTake(ofPairs.map((each) => each[MORE].median))) };
}

/** How `candidate` compares with `base`: medians of the blocks' ratios, and of the base's own turns. */
export async function sideBySide(base: Program, candidate: Program, turns: Turns): Promise<Figures> {
  const servers = [await serve(base), await serve(candidate)] as const;
  const sides = servers.map((server): Side => ({ server, ready: async () => false }));
  return compare(sides as [Side, Side], turns);
}

/**
 * The same for one server, which is told "off" and "on" by message, and answers when it has done so. Two processes of one
 * program differ by some percent, as memory and compiler happen to have it; what can be switched is measured without that.
 */
export async function onAndOff(program: Program, turns: Turns): Promise<Figures> {
  const server = await serve(program);
  let last = "off";
  const side = (state: string): Side => ({
    server,
    ready: async () => {
      if (state === last) return false;
      last = state;
      server.child.send(state);
      await once(server.child, "message");
      return true;
    },
  });
  return compare([side("off"), side("on")], turns);
}

async function compare([without, within]: readonly [Side, Side], turns: Turns): Promise<Figures> {
  const servers = new Set([without.server, within.server]);
  pinServerAndLoad(
    [...servers].map(({ child }) => child.pid!),
    turns.note,
  );
  const turn = async ({ server, ready }: Side, requests: number) => {
    if (await ready()) await load(server, AFTER_SWITCH, turns.path);
    return load(server, requests, turns.path);
  };
  try {
    for (const side of [without, within]) await turn(side, turns.warmUp);
    const blocks: { base: Turn; candidate: Turn }[] = [];
    for (let i = 0; i < turns.blocks; i++) {
      const first = await turn(without, turns.requests);
      const candidate = sum(await turn(within, turns.requests), await turn(within, turns.requests));
      blocks.push({ base: sum(first, await turn(without, turns.requests)), candidate });
    }
    const perRequestUs = 1e6 / (2 * turns.requests);
    const ofBlocks = (unit: string, of: (base: Turn, candidate: Turn) => number) =>
      single(unit, median(blocks.map(({ base, candidate }) => of(base, candidate))));
    const moreUs = blocks.map(({ base, candidate }) => (candidate.cpuSeconds - base.cpuSeconds) * perRequestUs);
    return {
      requests: ofBlocks("× without", (base, candidate) => base.seconds / candidate.seconds),
      "CPU a request": ofBlocks("× without", (base, candidate) => candidate.cpuSeconds / base.cpuSeconds),
      [MORE]: single("µs", median(moreUs)),
      [GIVE_OR_TAKE]: single("µs", giveOrTake(moreUs)),
      "CPU a request, without": ofBlocks("µs", (base) => base.cpuSeconds * perRequestUs),
      "how busy the server was": ofBlocks("cores", (base) => base.cpuSeconds / base.seconds),
    };
  } finally {
    for (const { child } of servers) {
      child.disconnect();
      await once(child, "exit");
    }
  }
}

/**
 * How far a median may be off, by the spread of what it is the median of: one standard error, were that spread a normal one.
 * (1.4826 × the median deviation is then its standard deviation; and a median is off 1.2533 times as far as a mean.)
 */
function giveOrTake(values: readonly number[]): number {
  const middle = median(values);
  const deviation = median(values.map((value) => Math.abs(value - middle)));
  return (1.2533 * 1.4826 * deviation) / Math.sqrt(values.length);
}

function sum(one: Turn, other: Turn): Turn {
  return { seconds: one.seconds + other.seconds, cpuSeconds: one.cpuSeconds + other.cpuSeconds };
}

async function serve({ path, args = [], flags = [], env = {} }: Program): Promise<Server> {
  const child = fork(path, args, {
    execArgv: [...flags],
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [port] = (await once(child, "message")) as [number];
  return { child, url: `http://127.0.0.1:${port}` };
}

/** Servers to one core, with all their threads; this process, which makes the load, to the others. */
export function pinServerAndLoad(servers: readonly number[], note: (text: string) => void): void {
  for (const pid of servers) pin(pid, "0", note);
  pin(process.pid, `1-${availableParallelism() - 1}`, note);
}

function pin(pid: number, cores: string, note: (text: string) => void): void {
  try {
    execFileSync("taskset", ["--all-tasks", "--cpu-list", "--pid", cores, String(pid)], { stdio: "ignore" });
  } catch {
    note("taskset could not pin servers and load to cores of their own: they were where the system put them.");
  }
}

/** Timed to the last answer, as autocannon itself ends no sooner than its next look at the clock. */
async function load({ url, child }: Server, requests: number, path = "/"): Promise<Turn> {
  const cpuBefore = cpuSeconds(child.pid!);
  const run = autocannon({ url: url + path, connections: CONNECTIONS, amount: requests, sampleInt: LOOK_MS }, () => {});
  let began = 0;
  let ended = 0;
  run.on("start", () => {
    began = performance.now();
  });
  run.on("response", () => {
    ended = performance.now();
  });
  const [{ non2xx, errors }] = (await once(run, "done")) as [autocannon.Result];
  if (non2xx > 0 || errors > 0) throw new Error(`${non2xx} answers were no success, ${errors} requests failed`);
  return { seconds: (ended - began) / 1e3, cpuSeconds: cpuSeconds(child.pid!) - cpuBefore };
}

/** What all threads of a process have run, to the nanosecond. */
function cpuSeconds(pid: number): number {
  const folder = `/proc/${pid}/task`;
  try {
    return readdirSync(folder).reduce(
      (total, thread) => total + Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e9,
      0,
    );
  } catch (error) {
    throw new Skipped(`the kernel does not count how long a thread runs: ${(error as Error).message}`);
  }
}
