/**
 * Rounds: runs the variants of a question, each in a process of its own, in turn: A B C, A B C, …
 *
 * So a machine that grows slower while they run does so for all of them. Every process gets an empty directory, which is
 * removed when it has ended, also when the whole run is interrupted.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { median, single } from "./measure.js";
import type { Figure, MeasuringVariant, Outcome, ProgramVariant, Question, Variant } from "./question.js";
import { makeScratch, removeScratch } from "./scratch.js";

/** The repository, where "seismo" is a name for itself. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CHILD = fileURLToPath(new URL("./child.js", import.meta.url));

/** One figure of one variant, of all rounds. */
export interface Row {
  readonly variant: string;
  readonly figure: string;
  readonly unit: string;
  /** Least of the rounds' least, and median of their medians. */
  readonly min: number;
  readonly median: number;
  /** The rounds' medians, in order: how far they spread is how far to trust a ratio. */
  readonly rounds: readonly number[];
}

export interface Measured {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  /** Variants that cannot be measured here, and why. */
  readonly skipped: Readonly<Record<string, string>>;
  /** Variants that went wrong, in any round, and how. They have no rows. */
  readonly failed: Readonly<Record<string, string>>;
}

interface Ended {
  readonly stdout: string;
  readonly wallMs: number;
}

export async function runRounds(name: string, question: Question, rounds: number): Promise<Measured> {
  const figures = new Map<string, Figure[]>(); // by variant and figure
  const notes = new Set<string>();
  const skipped: Record<string, string> = {};
  const failed: Record<string, string> = {};
  for (let round = 1; round <= rounds; round++) {
    for (const variant of question.variants) {
      if (variant.name in skipped || variant.name in failed) continue;
      const outcome = await runOnce(name, variant);
      if (outcome instanceof Error) {
        failed[variant.name] = outcome.message;
        console.error(`  round ${round}/${rounds}  ${variant.name}: failed, ${outcome.message}`);
        continue;
      }
      if ("skipped" in outcome) {
        skipped[variant.name] = outcome.skipped;
        console.log(`  round ${round}/${rounds}  ${variant.name}: skipped, ${outcome.skipped}`);
        continue;
      }
      for (const note of outcome.notes) notes.add(note);
      for (const [figure, value] of Object.entries(outcome.figures)) {
        const key = JSON.stringify([variant.name, figure]);
        figures.set(key, [...(figures.get(key) ?? []), value]);
      }
      console.log(`  round ${round}/${rounds}  ${variant.name}: ${brief(outcome.figures)}`);
    }
  }
  const rows = [...figures].flatMap(([key, values]): Row[] => {
    const [variant, figure] = JSON.parse(key) as [string, string];
    if (variant in failed) return [];
    const medians = values.map((value) => value.median);
    const min = Math.min(...values.map((value) => value.min));
    return [{ variant, figure, unit: values[0].unit, min, median: median(medians), rounds: medians }];
  });
  return { rows, notes: [...notes], skipped, failed };
}

function brief(figures: Readonly<Record<string, Figure>>): string {
  return Object.entries(figures)
    .map(([name, { median: value, unit }]) => `${name} ${value.toPrecision(4)} ${unit}`)
    .join(", ");
}

/** Returns what went wrong, if something did: the other variants are to be measured all the same. */
async function runOnce(question: string, variant: Variant): Promise<Outcome | Error> {
  const directory = makeScratch(variant.filesOn);
  const remove = () => removeScratch(directory);
  process.once("exit", remove);
  try {
    return "run" in variant ? await runChild(question, variant, directory) : await runProgram(variant, directory);
  } catch (error) {
    return error as Error;
  } finally {
    process.off("exit", remove);
    remove();
  }
}

async function runChild(question: string, { name, flags = [] }: MeasuringVariant, directory: string): Promise<Outcome> {
  const { stdout } = await run([...flags, CHILD, question, name, directory]);
  const line = stdout.trim().split("\n").at(-1);
  if (!line) throw new Error("the process ended without a result");
  return JSON.parse(line) as Outcome;
}

async function runProgram({ program }: ProgramVariant, directory: string): Promise<Outcome> {
  const { wallMs } = await run(["--input-type=module", "--eval", program(directory)]);
  return { figures: { "wall time": single("ms", wallMs) }, notes: [] };
}

/** Runs Node to its end. Its time is from before the spawn to its exit, and so has some of ours in it. */
async function run(args: readonly string[]): Promise<Ended> {
  const { NODE_OPTIONS: _, ...env } = process.env; // meant for us, not for what is measured
  const beginMs = performance.now();
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
  running = child;
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const closed = once(child, "close");
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  const wallMs = performance.now() - beginMs;
  await closed;
  running = undefined;
  if (code !== 0) throw new Error(`the process ended with ${signal ?? `code ${code}`}`);
  return { stdout, wallMs };
}

let running: ChildProcess | undefined;

/** Interrupted: the child goes first, as it still writes to the directory that `exit` removes. */
export function endRunning(): void {
  running?.kill("SIGKILL");
}
