/** What tests of samplers share: programs that record their runtime, and the series they wrote. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MonitorOptions } from "seismo";
import { type Program, type ProgramOptions, startProgram } from "./program.js";
import { type Row, rowsOf } from "./rows.js";

interface RuntimeSettings extends ProgramOptions {
  /** Further arguments of the program. */
  readonly args?: readonly string[];
}

/** Starts a program of `programs/runtime.ts`, that records with these options. */
export function startRuntime(what: string, options: MonitorOptions, settings: RuntimeSettings): Program {
  const { args = [], ...rest } = settings;
  return startProgram("runtime.js", [what, JSON.stringify(options), ...args], rest);
}

/** Rows of a prefix as they are on disk by now, of files that grow too. The row that is being written is left out. */
export function rowsSoFar(directory: string, prefix = "runtime"): Row[] {
  const names = entriesOf(directory).filter((name) => name.startsWith(`${prefix}.`) && /\.(csv|tmp)$/.test(name));
  return names.sort().flatMap((name) => {
    const text = textOf(join(directory, name));
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    return whole === "" ? [] : rowsOf(whole);
  });
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // not made yet
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // published meanwhile: under its other name the next time
  }
}

/** Rows of one series, in order of time. */
export function seriesIn(rows: readonly Row[], label: string): Row[] {
  return rows.filter((row) => row.label === label).sort((a, b) => Number(a.timepoint - b.timepoint));
}

export function valuesIn(rows: readonly Row[], label: string): number[] {
  return seriesIn(rows, label).map(({ measurement }) => measurement);
}

/** Milliseconds since the epoch. */
export function msOf({ timepoint }: Row): number {
  return Number(timepoint / 1_000n) / 1e3;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Of a series whose samples are rates since the sample before: the rate from the first to the last. */
export function meanRate(rows: readonly Row[]): number {
  const [first, last] = [rows[0]!, rows.at(-1)!];
  const amount = rows.slice(1).reduce((sum, row, i) => sum + row.measurement * (msOf(row) - msOf(rows[i]!)), 0);
  return amount / (msOf(last) - msOf(first));
}

/** Labels of a family, and of a worker thread, by what the table of built-in series calls them. */
export function labelInTable(label: string): string {
  return label
    .replace(/ \(worker \d+\)$/, "")
    .replace(/^active \w+$/, "active <type>")
    .replace(/^heap space \w+$/, "heap space <name>");
}

/** What a program has said of itself, in lines of JSON. */
export function told<T = Record<string, number>>(stdout: string): T[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as T);
}
