/** Report: rows of figures to ratios, judged targets, a table for the screen, and Markdown and JSON for `bench/results`. */

import type { Machine } from "./machine.js";
import type { Question, Target } from "./question.js";
import type { Measured, Row } from "./rounds.js";

/** A row as it is shown. */
export interface Line extends Row {
  /** To the baseline's figure of the same name, by medians. */
  readonly ratio: number | undefined;
  /** The same, of minima: for whoever reads the JSON, and wonders how much of a ratio is noise. */
  readonly ratioOfMin: number | undefined;
  readonly target: Judged | undefined;
}

export interface Judged {
  readonly text: string;
  /** What the target is about came to this, by medians. Undefined if a figure it needs is missing. */
  readonly value: number | undefined;
  readonly reached: boolean | undefined;
  /** The same by minima, which other programs on the machine disturb least. */
  readonly valueOfMin: number | undefined;
  readonly reachedByMin: boolean | undefined;
}

export interface Report {
  readonly question: string;
  readonly asks: string;
  readonly command: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly baseline: string;
  readonly lines: readonly Line[];
  readonly remarks: readonly string[];
  readonly skipped: Readonly<Record<string, string>>;
  readonly failed: Readonly<Record<string, string>>;
}

export function makeReport(
  name: string,
  question: Question,
  measured: Measured,
  context: Pick<Report, "command" | "machine" | "rounds">,
): Report {
  const { rows, notes, skipped, failed } = measured;
  const lines = rows.map((row): Line => {
    const baseline = rows.find(({ variant, figure }) => variant === question.baseline && figure === row.figure);
    const target = targetOf(question, row, rows);
    return {
      ...row,
      ratio: baseline?.median ? row.median / baseline.median : undefined,
      ratioOfMin: baseline?.min ? row.min / baseline.min : undefined,
      target: target && judge(target, row, rows),
    };
  });
  return {
    question: name,
    asks: question.asks,
    ...context,
    baseline: question.baseline,
    lines,
    remarks: [...(question.remarks ?? []), ...notes],
    skipped,
    failed,
  };
}

function targetOf(question: Question, row: Row, rows: readonly Row[]): Target | undefined {
  const first = rows.find(({ variant }) => variant === row.variant)?.figure;
  const targets = question.variants.find(({ name }) => name === row.variant)?.targets ?? [];
  return targets.find(({ figure = first }) => figure === row.figure);
}

function judge({ less, over, atMost, atLeast }: Target, row: Row, rows: readonly Row[]): Judged {
  const of = (variant: string) => rows.find((each) => each.variant === variant && each.figure === row.figure);
  const valueBy = (by: "median" | "min"): number | undefined => {
    const off = less === undefined ? 0 : of(less)?.[by];
    const divisor = over === undefined ? 1 : of(over)?.[by];
    return off === undefined || divisor === undefined ? undefined : (row[by] - off) / divisor;
  };
  const reaches = (value: number | undefined) =>
    value === undefined ? undefined : value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);
  const value = valueBy("median");
  const valueOfMin = valueBy("min");
  const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  const unit = over === undefined ? ` ${row.unit}` : ` × ${over}`;
  return {
    text: `${bound}${unit}${less === undefined ? "" : `, less ${less}`}`,
    value,
    reached: reaches(value),
    valueOfMin,
    reachedByMin: reaches(valueOfMin),
  };
}

export function missed(report: Report): string[] {
  return report.lines
    .filter(({ target }) => target?.reached === false)
    .map((line) => `${nameOf(line, report)}: ${line.target?.text}; reached: ${reachedOf(line.target)}`);
}

/** Variants without figures, as text. */
export function absent(why: Readonly<Record<string, string>>): string[] {
  return Object.entries(why).map(([variant, reason]) => `${variant}: ${reason}`);
}

const COLUMNS = ["variant", "unit", "min", "median", "ratio", "target", "reached"] as const;
/** Columns of numbers: to the right. */
const NUMBERS = new Set<string>(["min", "median", "ratio"]);

function cellsOf(line: Line, report: Report): string[] {
  const { unit, min, median, ratio, target } = line;
  const shownRatio = ratio === undefined ? "-" : shown(ratio, 3);
  return [nameOf(line, report), unit, shown(min), shown(median), shownRatio, target?.text ?? "-", reachedOf(target)];
}

/** By medians; and by minima too where those say otherwise, as they do on a machine that has other work. */
function reachedOf(target: Judged | undefined): string {
  if (target?.reached === undefined) return "-";
  const byMedian = `${target.reached ? "yes" : "no"} (${shown(target.value)})`;
  if (target.reached === target.reachedByMin) return byMedian;
  return `${byMedian}, by min ${target.reachedByMin ? "yes" : "no"} (${shown(target.valueOfMin)})`;
}

/** The variant's name, with the figure's where the variant has several. */
function nameOf({ variant, figure }: Row, { lines }: Report): string {
  return lines.filter((line) => line.variant === variant).length > 1 ? `${variant}: ${figure}` : variant;
}

/** Three digits that mean something, whole numbers whole. */
function shown(value: number | undefined, digits = 3): string {
  if (value === undefined) return "-";
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(digits)) === 0 ? "0" : value.toFixed(Math.max(0, digits - 1 - exponentOf(value)));
}

function exponentOf(value: number): number {
  return Math.max(-2, Math.floor(Math.log10(Math.abs(value))));
}

/** For the screen. */
export function toText(report: Report): string {
  const table = [[...COLUMNS], ...report.lines.map((line) => cellsOf(line, report))];
  const widths = COLUMNS.map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  const lines = table.map((cells) =>
    cells
      .map((cell, i) => (NUMBERS.has(COLUMNS[i]) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, "", ...remarksOf(report)].join("\n");
}

export function toMarkdown(report: Report): string {
  const { question, asks, command, machine, rounds, baseline } = report;
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    `# ${question}: ${asks}`,
    "",
    row(COLUMNS),
    row(COLUMNS.map((column) => (NUMBERS.has(column) ? "---:" : "---"))),
    ...report.lines.map((line) => row(cellsOf(line, report))),
    "",
    `Baseline of the ratios: ${baseline}. Rounds: ${rounds}, one process a variant and round. min: the least of all rounds;`,
    "median: of the rounds' medians; ratios and targets: of medians.",
    "",
    ...remarksOf(report).flatMap((remark) => [remark, ""]),
    `\`${command}\`, ${machine.date}, Node ${machine.node} (V8 ${machine.v8}), ${machine.cpu}, ${machine.cores} cores,`,
    `${machine.memoryGiB} GiB, ${machine.os}, load before ${machine.loadBefore}.`,
    "",
  ].join("\n");
}

function remarksOf({ remarks, skipped, failed }: Report): string[] {
  const skips = absent(skipped).map((text) => `Skipped: ${text}.`);
  const failures = absent(failed).map((text) => `Failed: ${text}.`);
  return [...remarks, ...skips, ...failures];
}
