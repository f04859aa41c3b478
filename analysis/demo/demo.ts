/**
 * The demo: a web server under load, recorded by Seismo, and its files read back and summed up.
 *
 *     demo ──fork──▶ server ──Seismo──▶ _monitoring/duration.*.csv, gauge.*.csv ──csv-parse──▶ the table
 *       └──autocannon──▲ requests                                    (autocannon's own count must agree with it)
 *
 *     npm run demo -- --seconds 8 --directory _monitoring
 */

import { closeSync, openSync, readSync } from "node:fs";
import { relative, resolve } from "node:path";
import { type LoadCount, runLoad } from "./load.js";
import { HELP, parseOptions, UsageError } from "./options.js";
import { filesOf, namesIn, type RunFile } from "./run-files.js";
import { type Stopped, startServer } from "./server-process.js";
import { type LabelSummary, type Summary, summarize } from "./summary.js";
import { bytes, decimal, durationUnitFor, type Row, table } from "./table.js";
import { bold, dim, onReaderGone, say } from "./terminal.js";

/** What one run left behind. */
interface Outcome {
  readonly load: LoadCount;
  readonly stopped: Stopped;
  readonly files: readonly RunFile[];
  readonly durations: Summary;
  readonly gauges: Summary;
}

/** Server up, load on it, server down; one line a second meanwhile. */
async function record(directory: string, seconds: number, signal: AbortSignal): Promise<Outcome> {
  const before = namesIn(directory);
  const server = await startServer(directory);
  const files = () => filesOf(server.pid, directory, before);
  say(`The server is process ${server.pid}. Its files grow in ${shown(directory)}:`);
  say();
  const startMs = performance.now();
  let answers = 0;
  const progress = setInterval(() => {
    const elapsed = `${Math.round((performance.now() - startMs) / 1_000)} s`.padStart(6);
    const requests = `${decimal(answers)} requests`.padStart(20);
    const onDisk = `${bytes(sizeOf(files()))} on disk`.padStart(20);
    say(dim(elapsed + requests + onDisk));
  }, 1_000);
  let load: LoadCount;
  let stopped: Stopped;
  try {
    load = await runLoad(server.url, seconds, signal, () => answers++);
  } finally {
    clearInterval(progress);
    stopped = await server.stop();
  }
  const left = files();
  const [durations, gauges] = await Promise.all([summarizeFiles(left, "duration"), summarizeFiles(left, "gauge")]);
  return { load, stopped, files: left, durations, gauges };
}

function summarizeFiles(files: readonly RunFile[], prefix: string): Promise<Summary> {
  return summarize(files.filter((file) => file.isPublished && file.prefix === prefix).map(({ path }) => path));
}

function report(directory: string, { load, stopped, files, durations, gauges }: Outcome): void {
  heading(`Files in ${shown(directory)}`);
  show(table(files.map((file) => [file.name, bytes(file.bytes)])));

  const [first] = files;
  heading(`The first lines of ${first.name}`);
  show(firstLines(first.path, 3));

  const largestS = Math.max(0, ...durations.labels.map(({ max }) => max));
  const unit = durationUnitFor(largestS);
  const columns = ["count", "per s", "mean", "p50", "p90", "p99", "max"];
  heading(
    `Durations in ${unit.name}, read back from the files; ${decimal(durations.spanS, 1)} s from first row to last`,
  );
  show(table([["label", ...columns], ...durations.labels.map((label) => summaryRow(label, unit.format))]));

  heading("Values, in their own unit");
  show(table([["label", ...columns], ...gauges.labels.map((label) => summaryRow(label, (n) => decimal(n, 1)))]));

  heading("Requests, counted from both sides");
  const rows = rowsByRoute(load, durations);
  const counts = [...load.answered].map(([label, answered]) => [label, decimal(answered), decimal(rows.get(label)!)]);
  const total = ["all", decimal(load.completed), decimal(sum(rows.values()))];
  show(table([["label", "answers autocannon got", "rows Seismo wrote"], ...counts, total]));
  say();
  show(verdicts({ load, stopped, files, durations, gauges }).map(({ text }) => text));
}

function summaryRow(summary: LabelSummary, format: (measurement: number) => string): Row {
  const { label, count, ratePerS, mean, p50, p90, p99, max } = summary;
  return [label, decimal(count), decimal(ratePerS, 1), ...[mean, p50, p90, p99, max].map(format)];
}

function rowsByRoute(load: LoadCount, durations: Summary): ReadonlyMap<string, number> {
  const counts = new Map(durations.labels.map(({ label, count }) => [label, count]));
  return new Map([...load.answered.keys()].map((label) => [label, counts.get(label) ?? 0]));
}

/** Whether every sample is accounted for, by two counts that Seismo has no hand in. */
function verdicts({
  load,
  stopped,
  durations,
  gauges,
}: Outcome): { readonly isGood: boolean; readonly text: string }[] {
  const { recorded, written, dropped, invalid } = stopped.stats;
  const rows = rowsByRoute(load, durations);
  const isSame =
    load.completed === sum(rows.values()) && [...rows].every(([label, n]) => load.answered.get(label) === n);
  const unanswered = sum(rows.values()) - load.completed;
  const rowsRead = durations.rows + gauges.rows;
  const all = [];
  if (isSame) all.push({ isGood: true, text: "Both sides agree, request by request." });
  else if (unanswered > 0 && unanswered === stopped.cutShort) {
    all.push({ isGood: true, text: `${decimal(unanswered)} requests were still under way when the load stopped.` });
  } else
    all.push({ isGood: false, text: `The counts differ by ${decimal(Math.abs(unanswered))}: this should not be.` });
  if (load.errors > 0) {
    all.push({
      isGood: false,
      text: `${decimal(load.errors)} connections failed or timed out, so the load ended early.`,
    });
  }
  all.push({
    isGood: recorded === written && written === rowsRead,
    text:
      `${decimal(recorded)} samples recorded, ${decimal(dropped)} dropped, ${decimal(invalid)} invalid; ` +
      `${decimal(written)} rows written, ${decimal(rowsRead)} read back.`,
  });
  return all;
}

/** One-liners that work as they stand, on the files of this run alone. */
function next(directory: string, files: readonly RunFile[]): void {
  const pattern = files
    .find(({ prefix }) => prefix === "duration")
    ?.name.replace(/\.[^-]*(-\d+-\w+-)\d+\.\w+$/, ".*$1*.csv");
  // A path that the shell, Python or SQL would read otherwise is left to the user: cd there first.
  const folder = /["'`$\\]/.test(shown(directory)) ? "" : `${shown(directory)}/`;
  heading(
    folder
      ? "Next: the same files in DuckDB, or in pandas"
      : "Next: the same files in DuckDB, or in pandas, from within their directory",
  );
  show([
    `duckdb -c "SELECT Label, count(*), median(Measurement) FROM '${folder}${pattern}' GROUP BY Label ORDER BY Label"`,
    `python3 -c "import glob, pandas as pd; print(pd.concat(map(pd.read_csv, glob.glob('${folder}${pattern}'))).groupby('Label').Measurement.describe())"`,
  ]);
}

function firstLines(path: string, count: number): string[] {
  const start = Buffer.alloc(4_096); // lines are some 60 bytes
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

/** A path as seen from the working directory. */
function shown(directory: string): string {
  return relative(process.cwd(), resolve(directory)) || ".";
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
}

function sizeOf(files: readonly RunFile[]): number {
  return sum(files.map((file) => file.bytes));
}

/** @returns whether everything went well and every sample is accounted for */
async function main(): Promise<boolean> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(HELP);
    return true;
  }
  const { directory, seconds } = options;
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  // Once: if the load has not ended a fraction of a second later, a second Ctrl-C ends us, and the server after us.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  onReaderGone(interrupt);

  say(
    `${bold("Seismo demo:")} a web server under load for ${seconds} s, every request recorded. Ctrl-C ends it early.`,
  );
  let outcome: Outcome;
  try {
    outcome = await record(directory, seconds, interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) return true; // Ctrl-C while the server came up: it went with us
    throw error;
  }
  if (outcome.files.length === 0) {
    say("Nothing was recorded.");
    return interruption.signal.aborted;
  }
  report(directory, outcome);
  next(directory, outcome.files);
  return verdicts(outcome).every(({ isGood }) => isGood);
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`demo: ${(error as Error).message}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: npm run demo -- --help\n");
}
