/**
 * The demo: a web server under load, recorded by Seismo, and its files read back and summed up.
 *
 *     demo ──fork──▶ server ──Seismo──▶ _monitoring/*.csv ──csv-parse──▶ report
 *       └─────autocannon─────▲                   (autocannon's own count must agree with it)
 *
 *     npm run demo -- --seconds 8 --directory _monitoring
 */

import { crossCheck } from "./cross-check.js";
import { type LoadCount, runLoad } from "./load.js";
import { HELP, parseOptions, UsageError } from "./options.js";
import { report, shownPath } from "./report.js";
import { filesOf, namesIn, type RunFile } from "./run-files.js";
import { ServerProcess, type Stopped } from "./server-process.js";
import { type Summary, summarize } from "./summary.js";
import { bytes, decimal } from "./table.js";
import { bold, dim, onReaderGone, say } from "./terminal.js";

/** Server up, load on it, server down; one line a second meanwhile. */
async function record(directory: string, seconds: number, signal: AbortSignal) {
  const before = namesIn(directory);
  const server = new ServerProcess(directory);
  const url = await server.url(signal);
  const files = () => filesOf(server.pid, directory, before);
  say(`The server is process ${server.pid}. Its files grow in ${shownPath(directory)}:`);
  say();
  const startMs = performance.now();
  let answers = 0;
  const progress = setInterval(() => {
    const elapsed = `${Math.round((performance.now() - startMs) / 1_000)} s`;
    const onDisk = files().reduce((sum, file) => sum + file.bytes, 0);
    say(
      dim(elapsed.padStart(6) + `${decimal(answers)} requests`.padStart(20) + `${bytes(onDisk)} on disk`.padStart(20)),
    );
  }, 1_000);
  let load: LoadCount;
  let stopped: Stopped;
  try {
    load = await runLoad(url, seconds, signal, () => answers++);
  } finally {
    clearInterval(progress);
    stopped = await server.stop();
  }
  return { load, stopped, files: files() };
}

function summarizeFiles(files: readonly RunFile[], prefix: string): Promise<Summary> {
  return summarize(files.filter((file) => file.prefix === prefix && file.isPublished).map(({ path }) => path));
}

/** @returns whether it went well and every sample is accounted for */
async function main(): Promise<boolean> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(HELP);
    return true;
  }
  const { directory, seconds } = options;
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  // Once each: should the load hang, a second Ctrl-C ends us, and the server with us.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  onReaderGone(interrupt);

  say(
    `${bold("Seismo demo:")} a web server under load for ${seconds} s, every request recorded. Ctrl-C ends it early.`,
  );
  let recorded: Awaited<ReturnType<typeof record>>;
  try {
    recorded = await record(directory, seconds, interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    say("Stopped before anything was recorded.");
    return true;
  }
  const { load, stopped, files } = recorded;
  if (files.length === 0) {
    say("Nothing was recorded.");
    return interruption.signal.aborted;
  }
  const durations = await summarizeFiles(files, "duration");
  const gauges = await summarizeFiles(files, "gauge");
  const runtime = await summarizeFiles(files, "runtime");
  const run = { load, stopped, durations, gauges, runtime };
  const verdicts = crossCheck(run);
  report(directory, files, run, verdicts);
  return verdicts.every(({ isGood }) => isGood);
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`demo: ${(error as Error).message}\n`);
  if (error instanceof UsageError) process.stderr.write("Try: npm run demo -- --help\n");
}
