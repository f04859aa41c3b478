/**
 * Question: what a file of `bench/` asks, as data that the runner reads and functions that a child process runs.
 *
 *     bench/sample.ts ── question ──▶ run.ts ── one process a variant, round by round ──▶ child.ts ── variant.run() ──▶ figures
 *
 * One question a file, one variant a process: variants that share a process share its type feedback, and the later one
 * loses for being later. A question file has no effect when imported; whatever a variant needs, its `run` loads.
 */

/** One number a variant has measured, over repetitions inside its process. A number taken once is its own median. */
export interface Figure {
  readonly unit: string;
  readonly min: number;
  readonly median: number;
}

/** By name. Variants that are compared give a figure the same name. */
export type Figures = Readonly<Record<string, Figure>>;

/** What a variant finds when it runs. */
export interface Setting {
  /** An empty directory, removed after the run. Where it lies is the variant's `filesOn`. */
  readonly directory: string;
  /** Puts a remark under the table of results. Told once however often it is said. */
  note(text: string): void;
}

/**
 * What a figure should come to: `(figure - the same figure of "less") / the same figure of "over"`, from medians.
 * Without `less` nothing is taken off; without `over` the figure is judged in its own unit.
 */
export interface Target {
  /** The figure that is judged. @default the variant's first */
  readonly figure?: string;
  readonly less?: string;
  readonly over?: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

interface VariantBase {
  readonly name: string;
  readonly targets?: readonly Target[];
  /** Where `directory` lies: in memory (as far as the system has such a place), or on a disk. @default "memory" */
  readonly filesOn?: "memory" | "disk";
}

/** Measures itself, in a process of its own. */
export interface MeasuringVariant extends VariantBase {
  /** Flags of Node. */
  readonly flags?: readonly string[];
  run(setting: Setting): Promise<Figures> | Figures;
}

/** Is measured from outside: the source of an ES module, run as a whole process from its start to its end. */
export interface ProgramVariant extends VariantBase {
  program(directory: string): string;
}

export type Variant = MeasuringVariant | ProgramVariant;

export interface Question {
  /** The question, as a sentence. */
  readonly asks: string;
  /** How to read the answer: printed under the table. */
  readonly remarks?: readonly string[];
  /** Whether variants load other people's packages, from `bench/peers`. */
  readonly needsPeers?: boolean;
  /** Name of the variant whose figures are 1 in the column of ratios. */
  readonly baseline: string;
  /** @default 5 */
  readonly rounds?: number;
  readonly variants: readonly Variant[];
}

/** Thrown by a variant that cannot be measured on this machine. The message says why. */
export class Skipped extends Error {
  override name = "Skipped";
}

/** What a child process prints, as its last line. */
export type Outcome = { readonly figures: Figures; readonly notes: readonly string[] } | { readonly skipped: string };
