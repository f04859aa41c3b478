/** The report: what a run has left behind, said at its end. The figures are made in `summary.ts` and `cross-check.ts`. */

import { closeSync, openSync, readSync } from "node:fs";
import { relative, resolve } from "node:path";
import { countRoutes, type Run, type Verdict } from "./cross-check.js";
import type { RunFile } from "./run-files.js";
import type { LabelSummary, Summary } from "./summary.js";
import { bytes, decimal, durationUnitFor, type Row, table } from "./table.js";
import { bold, say } from "./terminal.js";

const COLUMNS = ["count", "per s", "mean", "p50", "p90", "p99", "max"];
const RUNTIME_COLUMNS = ["count", "mean", "p50", "p99", "max"];

/** @param files  those of the run, one at least */
export function report(directory: string, files: readonly RunFile[], run: Run, verdicts: readonly Verdict[]): void {
  const { durations, gauges, load } = run;
  heading(`Files, in ${shownPath(directory)}`);
  show(table(files.map((file) => [file.name, bytes(file.bytes)])));
  heading("The first lines of the first");
  show(firstLines(files[0].path, 3));

  const unit = durationUnitFor(Math.max(0, ...durations.labels.map(({ max }) => max)));
  heading(
    `Durations in ${unit.name}, read back from the files (${decimal(durations.spanS, 1)} s from first row to last)`,
  );
  show(table([["label", ...COLUMNS], ...durations.labels.map((summary) => row(summary, unit.format))]));
  heading("Values, read back from the files");
  show(table([["label", ...COLUMNS], ...gauges.labels.map((summary) => row(summary, (n) => decimal(n, 1)))]));

  heading("Some of the server's runtime, read back from the files (docs/series.md has it all)");
  show(table([["series", ...RUNTIME_COLUMNS], ...runtimeRows(run.runtime)]));

  heading("Requests, counted from both sides");
  const routes = countRoutes(run);
  const rows = routes.reduce((sum, route) => sum + route.rows, 0);
  show(
    table([
      ["label", "answered (autocannon)", "recorded (Seismo)"],
      ...routes.map((route) => [route.label, decimal(route.answers), decimal(route.rows)]),
      ["all", decimal(load.completed), decimal(rows)],
    ]),
  );
  say();
  show(verdicts.map(({ text }) => text));
  next(directory, files);
}

/** A few series that tell how the server fared, in units that people think in. */
function runtimeRows({ labels }: Summary): Row[] {
  const inMs = (seconds: number) => decimal(1e3 * seconds, 2);
  const inMb = (bytes: number) => decimal(bytes / 1e6, 1);
  const inPercent = (share: number) => decimal(100 * share, 1);
  const shown: readonly (readonly [label: string, unit: string, format: (n: number) => string])[] = [
    ["cpu share", "% of a core", inPercent],
    ["event loop utilization", "%", inPercent],
    ["event loop delay p99", "ms", inMs],
    ["gc pause minor", "ms", inMs],
    ["gc pause major", "ms", inMs],
    ["heap used", "MB", inMb],
    ["rss", "MB", inMb],
    ["http sockets", "", decimal],
  ];
  return shown.flatMap(([label, unit, format]) => {
    const summary = labels.find((each) => each.label === label);
    if (!summary) return [];
    const { count, mean, p50, p99, max } = summary;
    return [[`${label}${unit && `, ${unit}`}`, decimal(count), ...[mean, p50, p99, max].map((n) => format(n))]];
  });
}

function row(summary: LabelSummary, format: (measurement: number) => string): Row {
  const { label, count, ratePerS, mean, p50, p90, p99, max } = summary;
  return [label, decimal(count), decimal(ratePerS, 1), ...[mean, p50, p90, p99, max].map(format)];
}

/** One-liners that work as they stand, on the files of this run alone. */
function next(directory: string, files: readonly RunFile[]): void {
  const durations = files.find(({ prefix, isPublished }) => prefix === "duration" && isPublished);
  if (!durations) return;
  // duration.20261122T041503512Z-4242-k3f9qz-0001.csv: all but stamp and number are the same in each of this run
  const name = durations.name.replace(/\.\w+(-\d+-\w+-)\d+\.csv$/, ".*$1*.csv");
  // A path that shell, Python or SQL would not take as it is: its reader will have to go there first.
  const isAwkward = /["'`$\\*?[\]!]/.test(shownPath(directory));
  const path = isAwkward ? name : `${shownPath(directory)}/${name}`;
  heading(`Next: open them in DuckDB or pandas${isAwkward ? ", from within their directory" : ""}`);
  show([
    `duckdb -c "SELECT Label, count(*), median(Measurement) FROM '${path}' GROUP BY Label ORDER BY Label"`,
    `python3 -c "import glob, pandas as pd; d = pd.concat(map(pd.read_csv, glob.glob('${path}'))); ` +
      `print(d.groupby('Label').Measurement.describe().to_string())"`,
  ]);
}

function firstLines(path: string, count: number): string[] {
  const start = Buffer.alloc(4_096); // lines of some 60 bytes
  const fd = openSync(path, "r");
  try {
    return start.toString("utf8", 0, readSync(fd, start)).split("\n", count);
  } finally {
    closeSync(fd);
  }
}

function heading(text: string): void {
  say();
  say(bold(text));
}

function show(lines: readonly string[]): void {
  for (const line of lines) say(`  ${line}`);
}

/** As seen from the working directory. */
export function shownPath(path: string): string {
  return relative(process.cwd(), resolve(path)) || ".";
}
